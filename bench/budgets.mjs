// Fifty callers at once on a budget for ten calls, beside npm's llm-spend-guard and llm-cost-guard: `npm run eval:budgets`, after
// `npm run build`, `npm run setup -- --tests` and `npm install` in bench/. Everybody calls the same local provider, which counts
// what it bills; each library has the budget in the unit that it knows, in memory, and is used as its README says.
//
// Ours fails this program when it passes its limit.
import { createRequire } from "node:module";
import { join } from "node:path";
import { Problem, ROOT, main } from "../scripts/lib/run.mjs";
import { openWorker } from "../tests/lib/worker.mjs";
import { BudgetManager, GuardedOpenAI } from "../dist/index.js";
import { CALL_USD, USED, crowd, provider } from "./budgets-crowd.mjs";

const CALLERS = 50;
const CALLS = 10;
const limitUsd = (Number(CALL_USD) * CALLS).toFixed(5);
const baseURL = "http://provider.invalid/v1";

async function openai(fetch) {
  const { default: OpenAI } = await import("openai");
  return new OpenAI({ apiKey: "sk-local", baseURL, fetch, maxRetries: 0 });
}

/** Each makes a function that makes a call, over a fetch. */
const LIBRARIES = {
  async "llm-spend-guard 2.0.6"(fetch) {
    const { LLMGuard } = await import("llm-spend-guard");
    const guard = new LLMGuard({ globalBudgetTokens: USED.total_tokens * CALLS });
    guard.wrapOpenAI(await openai(fetch));
    return (body) => guard.openai.chat(body);
  },
  async "llm-cost-guard 1.5.0"(fetch) {
    // Its module form does not load in Node: it names files without their ending.
    const { createGuard, createExpressMiddleware } = createRequire(import.meta.url)("llm-cost-guard");
    const windowMs = 86_400_000;
    // An answer names the dated model, of which it knows no price.
    const price = { inputPerMillionUsd: 0.15, outputPerMillionUsd: 0.6 };
    const pricing = { "gpt-4o-mini": price, "gpt-4o-mini-2024-07-18": price };
    const guard = createGuard({ budgets: [{ id: "pot", limitUsd: Number(limitUsd), windowMs }], pricing });
    const wrapped = guard.wrap(await openai(fetch));
    // Its precheck stands before each request, since its wrapper looks at the budget after the call.
    const precheck = createExpressMiddleware(guard, { precheck: { enabled: true, maxSpendUsd: Number(limitUsd), windowMs } });
    return async (body) => {
      await new Promise((resolve, reject) => {
        const refused = () => reject(new Error("over budget"));
        const response = { status: () => ({ json: refused, send: refused }) };
        Promise.resolve(precheck({ headers: {}, body: {} }, response, (error) => (error === undefined ? resolve() : reject(error)))).catch(reject);
      });
      return wrapped.chat.completions.create(body);
    };
  },
  async "tollgate, in memory"(fetch) {
    const budgetManager = new BudgetManager();
    budgetManager.createBudget({ name: "pot", limit: limitUsd, period: "daily", action: "block" });
    const client = new GuardedOpenAI({ apiKey: "sk-local", baseURL, fetch, budgetManager });
    return (body) => client.chat.completions.create(body);
  },
};

await main(async () => {
  const worker = await openWorker(join(ROOT, "bench/budgets.worker.mjs"), { durableObjects: { BUDGETS: { className: "TollgateBudgets", useSQLite: true } } });
  const runs = Object.entries(LIBRARIES).map(([name, make]) => ({
    name,
    async run(atOnce) {
      const { fetch, billed } = provider();
      let call;
      try {
        call = await make(fetch);
      } catch (cause) {
        if (cause.code !== "ERR_MODULE_NOT_FOUND" && cause.code !== "MODULE_NOT_FOUND") throw cause;
        throw new Problem(`expected ${name.split(" ")[0]} to be installed, found none; run npm install in bench/`);
      }
      await crowd(call, CALLERS, atOnce);
      return billed();
    },
  }));
  for (const slices of [0, 4]) {
    const name = `tollgate, a Durable Object${slices === 0 ? "" : ` and ${slices} slices`}`;
    runs.push({ name, run: async (atOnce) => (await worker.call("", { name: `${name} ${atOnce}`, slices, limitUsd, callers: CALLERS, atOnce })).billed });
  }
  try {
    console.log(`${CALLERS} callers on a budget for ${CALLS} calls of $${CALL_USD}: $${limitUsd}`);
    console.log(`  ${"".padEnd(42)}${["calls billed", "spent", "overspent", "one by one"].map((text) => text.padStart(14)).join("")}`);
    const over = [];
    for (const { name, run } of runs) {
      const [together, alone] = [await run(true), await run(false)];
      const usd = (calls) => `$${(calls * Number(CALL_USD)).toFixed(6)}`;
      const cells = [String(together), usd(together), usd(Math.max(0, together - CALLS)), `${alone} calls`];
      console.log(`  ${name.padEnd(42)}${cells.map((text) => text.padStart(14)).join("")}`);
      if (name.startsWith("tollgate") && Math.max(together, alone) > CALLS) over.push(name);
    }
    if (over.length > 0) throw new Problem(`expected no more than ${CALLS} calls, found more: ${over.join(", ")}`);
  } finally {
    await worker.close();
  }
});
