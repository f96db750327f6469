// The module traps in the middle of a stream. What was under way says so, nothing hangs, and everything works again.
import * as tollgate from "tollgate";
import { createProvider } from "../../examples/local-provider/handler.mjs";
import { build, use } from "./classes.mjs";
import { memoryKV } from "./stand-ins.mjs";

/** Every instance that the package makes, newest last: its exports, in an object where they can be replaced. */
const instances = [];
{
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function (module, imports) {
    const instance = new Instance(module, imports);
    const exports = { ...instance.exports };
    if ("__wbindgen_free" in exports) instances.push(exports);
    return { exports };
  };
}

/** Runs something while each method of the core's calls does what a bug would. */
async function whileCallsTrap(body) {
  const exports = instances.at(-1);
  const free = exports.__wbindgen_free;
  const methods = Object.entries(exports).filter(([name]) => name.startsWith("call_") && name !== "call_new");
  if (methods.length === 0) throw new Error("expected methods of calls among the module's exports, found none");
  // A wild pointer: the deallocator reads what lies before it, outside of the memory.
  for (const [name] of methods) exports[name] = () => free(0xffff_fff0, 8, 8);
  try {
    return await body();
  } finally {
    for (const [name, method] of methods) exports[name] = method;
  }
}

const failure = async (body) => {
  try {
    await body();
  } catch (error) {
    return tollgate.InternalError.prototype.isPrototypeOf(error) ? error.code : `${error?.stack ?? error}`;
  }
  return "no error";
};

export default async function main() {
  const before = await use(build());

  const provider = createProvider();
  const client = (fetch) =>
    new tollgate.GuardedOpenAI({ apiKey: "sk-local", baseURL: "http://provider.invalid/v1", maxRetries: 0, dangerouslyAllowBrowser: true, fetch });
  const body = { model: "gpt-4o-mini", messages: [{ role: "user", content: "one two three four five six seven eight" }] };
  const options = { headers: { "x-simulator-piece-size": "20", "x-simulator-piece-delay": "1" } };

  // Beside the stream: a call that waits for its answer, which comes after the trap.
  let answer;
  const waiting = client(() => new Promise((resolve) => (answer = resolve))).chat.completions.create(body);
  const waited = failure(() => waiting);
  while (answer === undefined) await new Promise((resolve) => setTimeout(resolve, 1));

  // And a storage whose host takes its time.
  let listed;
  const reading = failure(() => new tollgate.KVCostStorage({ ...memoryKV(), list: () => new Promise((resolve) => (listed = resolve)) }).get("r"));
  while (listed === undefined) await new Promise((resolve) => setTimeout(resolve, 1));

  // Objects that hold something, from before the trap.
  const stateful = { storage: new tollgate.InMemoryCostStorage(), ledger: new tollgate.MemoryBudgetLedger(), vault: new tollgate.Vault() };
  const sent = stateful.vault.redact("I am ada@example.org");
  const restoring = stateful.vault.restoreStream();
  await stateful.storage.store({ ...new tollgate.CostTracker().calculateActualCost("r", "a", "gpt-4o-mini", { inputTokens: 1, outputTokens: 1, totalTokens: 2 }) });
  await stateful.ledger.list();
  const old = build();
  await use(old);

  // The same through a guarded fetch, whose budgets and records lie outside of the module.
  const kept = { records: [], settled: [], released: [], told: [] };
  const outside = {
    guarantee: "hard",
    put: async (budgets) => budgets,
    list: async () => [],
    remove: async () => false,
    reserve: async ({ reservationId }) => ({ allowed: true, requestId: reservationId, guarantee: "hard", alerts: [] }),
    settle: async (id, usd, mark) => (kept.settled.push([usd.usd ?? usd, mark]), { status: "settled", charged: "0", returned: "0", alerts: [] }),
    release: async (id) => (kept.released.push(id), true),
    charge: async () => true,
    status: async () => [],
  };
  const own = {
    budgetManager: new tollgate.BudgetManager(undefined, { ledger: outside }),
    costStorage: { store: async (record) => void kept.records.push(record) },
    onRecord: (record) => void kept.told.push(record.id),
  };
  const guarded = tollgate.createGuardedFetch({ fetch: (...args) => provider.handle(new Request(...args)), ...own });
  const sentOn = (stream) => guarded("http://provider.invalid/v1/chat/completions", { method: "POST", headers: { authorization: "Bearer sk-local", "content-type": "application/json", ...options.headers }, body: JSON.stringify({ ...body, max_completion_tokens: 20, stream }) });
  const bytes = (await sentOn(true)).body.getReader();
  await bytes.read();

  const stream = await client((...args) => provider.handle(new Request(...args))).chat.completions.create({ ...body, stream: true }, options);
  let chunks = 0;
  const streamed = await failure(async () => {
    for await (const chunk of stream) {
      chunks += chunk.choices.length;
      if (chunks === 3) await whileCallsTrap(() => new Promise((resolve) => setTimeout(resolve, 50)));
    }
  });
  const cut = await (async () => {
    for (;;) if ((await bytes.read()).done) return "no error";
  })().catch((error) => error.code ?? `${error}`);
  for (let turn = 0; kept.told.length === 0 && turn < 500; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  const [record] = kept.records;
  const rescued = {
    cut,
    settled: kept.settled.map(([usd, mark]) => [usd === record?.usd && Number(usd) > 0, mark]),
    released: kept.released.length,
    records: kept.records.map(({ id, model, provider, priced, estimated, outcome, attempt, costSource, reservationId }) => [id === kept.told[0], model, provider, priced, estimated, outcome, attempt, costSource, typeof reservationId]),
  };
  // It comes now, for an instance that is gone.
  answer(Response.json({ id: "late" }));
  listed({ keys: [], list_complete: true });
  await new Promise((resolve) => setTimeout(resolve, 50));

  return {
    before,
    streamed,
    rescued,
    someChunks: chunks >= 3,
    security: (await stream.security).error?.code ?? "no error",
    waited: await waited,
    reading: await reading,
    storage: await failure(() => stateful.storage.get("r")),
    ledger: await failure(() => stateful.ledger.reserve({ reservationId: "x", usd: "1", scopes: [], leaseMs: 1000 })),
    vault: await failure(() => stateful.vault.restore(sent)),
    exported: await failure(() => stateful.vault.export("a passphrase")),
    restoring: await failure(() => restoring.push(sent)),
    old: await use(old),
    after: await use(build()),
  };
}
