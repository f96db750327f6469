// The module is lost in the middle of a call, at each place where money is owed: it is charged once, and recorded as it was charged.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

/** Every instance that the package makes, newest last: its exports, in an object where they can be replaced. */
const instances = [];
{
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function (module, imports) {
    const exports = { ...new Instance(module, imports).exports };
    if ("__wbindgen_free" in exports) instances.push(exports);
    return { exports };
  };
}
const { BudgetManager, GuardedOpenAI, RateLimiter, createGuardedFetch } = await import("tollgate");

/** From now on methods of the core's calls do what a bug would; gives what ends that. */
function trap(names = /./) {
  const exports = instances.at(-1);
  const free = exports.__wbindgen_free;
  const methods = Object.entries(exports).filter(([name]) => name.startsWith("call_") && name !== "call_new" && names.test(name));
  assert.ok(methods.length > 0);
  // A wild pointer: the deallocator reads what lies before it, outside of the memory.
  for (const [name] of methods) exports[name] = () => free(0xffff_fff0, 8, 8);
  return () => methods.forEach(([name, method]) => (exports[name] = method));
}

const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const BODY = { model: "gpt-4o-mini", max_tokens: 100, messages: [{ role: "user", content: "hi" }] };
const USD = "0.0000045";
const answer = () => Response.json({ id: "x", model: "gpt-4o-mini", choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }], usage: USAGE });
const stream = () => {
  const events = [{ choices: [{ index: 0, delta: { content: "hi" }, finish_reason: "stop" }] }, { choices: [], usage: USAGE }];
  return new Response(events.map((event) => `data: ${JSON.stringify({ id: "x", model: "gpt-4o-mini", ...event })}\n\n`).join(""), { headers: { "content-type": "text/event-stream" } });
};

/** A call whose budgets and records lie outside of the module, which is lost where `names` are used after `when`. */
async function lost({ when, names, reply = answer, streamed = false, config = {} }) {
  const log = [];
  let undo;
  const at = (place) => {
    if (place === when) undo ??= trap(names);
  };
  const ledger = {
    guarantee: "hard",
    put: async (budgets) => budgets,
    list: async () => [],
    remove: async () => false,
    status: async () => [],
    reserve: async ({ reservationId }) => ({ allowed: true, requestId: reservationId, guarantee: "hard", alerts: [] }),
    settle: async (id, usd, mark) => (log.push(["settle", usd.usd ?? usd, mark ?? undefined]), at("settle"), { status: "settled", charged: "0", returned: "0", alerts: [] }),
    release: async () => (log.push(["release"]), at("release"), true),
    charge: async (id, usd) => (log.push(["charge", usd.usd ?? usd]), true),
  };
  const budgetManager = new BudgetManager(undefined, { ledger });
  budgetManager.createBudget({ name: "b", limit: 10, period: "daily", action: "block" });
  const costStorage = { store: async (record) => void log.push(["store", record.usd, record.estimated, typeof record.reservationId]) };
  const timers = new Set();
  const { setTimeout, clearTimeout } = globalThis;
  globalThis.setTimeout = (...args) => (timers.add(setTimeout(...args)), [...timers].at(-1));
  globalThis.clearTimeout = (timer) => (timers.delete(timer), clearTimeout(timer));
  const owed = [];
  const shared = { budgetManager, costStorage, fetch: async () => (at("fetch"), reply()), context: { waitUntil: (promise) => owed.push(promise) }, ...config };
  try {
    if (streamed) {
      const chunks = await new GuardedOpenAI({ apiKey: "k", maxRetries: 0, ...shared }).chat.completions.create({ ...BODY, stream: true });
      await chunks.security;
    } else {
      const guarded = createGuardedFetch(shared);
      await (await guarded("https://api.openai.com/v1/chat/completions", { method: "POST", body: JSON.stringify(BODY) })).text();
    }
    await Promise.all(owed);
    return { log, timers: timers.size };
  } finally {
    undo?.();
    for (const timer of timers) clearTimeout(timer);
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
}

describe("the module is lost", () => {
  const settled = [["settle", USD, undefined], ["store", USD, undefined, "string"]];
  for (const [name, options] of Object.entries({
    "before a settled call is recorded": { when: "settle" },
    "while the record is made": { when: "settle", names: /recordToStore/i },
    "before a settled stream is recorded": { when: "settle", reply: stream, streamed: true },
    "while the record of a stream is made": { when: "settle", names: /recordToStore/i, reply: stream, streamed: true },
  })) {
    it(`${name}: it is recorded as it was settled, and charged once`, async () => {
      const { log, timers } = await lost(options);
      assert.deepEqual(log, settled);
      assert.equal(timers, 0);
    });
  }

  it("while the answer is under way: what was held is charged and recorded, and no timer is left, also where a limiter counts", async () => {
    for (const config of [{}, { rateLimiter: new RateLimiter({ tokensPerMinute: 1_000_000 }) }]) {
      const { log, timers } = await lost({ when: "fetch", config });
      const [, held] = log[0];
      assert.deepEqual(log, [["settle", held, "unknown_outcome"], ["store", held, "unknown_outcome", "string"]]);
      assert.ok(Number(held) > Number(USD));
      assert.equal(timers, 0);
    }
  });

  it("after a try that was not billed is released: nothing is charged or recorded", async () => {
    assert.deepEqual((await lost({ when: "release", reply: () => new Response("{}", { status: 429 }) })).log, [["release"]]);
  });
});
