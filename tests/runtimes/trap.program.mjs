// The module traps in the middle of a stream. What was under way says so, nothing hangs, and everything works again.
import * as tollgate from "tollgate";
import { createProvider } from "../../examples/local-provider/handler.mjs";
// The same glue that the package uses: a method of it is made to do what a bug would.
import * as glue from "../../dist/wasm/core.js";
import { build, use } from "./classes.mjs";
import { memoryKV } from "./stand-ins.mjs";

/** What a wild pointer does: the deallocator reads what lies before it, outside of the memory. */
function trap() {
  glue.initSync().__wbindgen_free(0xffff_fff0, 8, 8);
}

/** Runs something while each method of the core's calls traps. */
async function whileCallsTrap(body) {
  const methods = Object.getOwnPropertyNames(glue.Call.prototype).filter((name) => !["constructor", "free", "__destroy_into_raw"].includes(name));
  const originals = methods.map((name) => [name, glue.Call.prototype[name]]);
  for (const [name] of originals) glue.Call.prototype[name] = trap;
  try {
    return await body();
  } finally {
    for (const [name, original] of originals) glue.Call.prototype[name] = original;
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
  const stateful = { storage: new tollgate.InMemoryCostStorage(), ledger: new tollgate.MemoryBudgetLedger() };
  await stateful.storage.store({ ...new tollgate.CostTracker().calculateActualCost("r", "a", "gpt-4o-mini", { inputTokens: 1, outputTokens: 1, totalTokens: 2 }) });
  await stateful.ledger.list();
  const old = build();
  await use(old);

  const stream = await client((...args) => provider.handle(new Request(...args))).chat.completions.create({ ...body, stream: true }, options);
  let chunks = 0;
  const streamed = await failure(async () => {
    for await (const chunk of stream) {
      chunks += chunk.choices.length;
      if (chunks === 3) await whileCallsTrap(() => new Promise((resolve) => setTimeout(resolve, 50)));
    }
  });
  // It comes now, for an instance that is gone.
  answer(Response.json({ id: "late" }));
  listed({ keys: [], list_complete: true });
  await new Promise((resolve) => setTimeout(resolve, 50));

  return {
    before,
    streamed,
    someChunks: chunks >= 3,
    security: (await stream.security).error?.code ?? "no error",
    waited: await waited,
    reading: await reading,
    storage: await failure(() => stateful.storage.get("r")),
    ledger: await failure(() => stateful.ledger.reserve({ reservationId: "x", usd: "1", scopes: [], leaseMs: 1000 })),
    old: await use(old),
    after: await use(build()),
  };
}
