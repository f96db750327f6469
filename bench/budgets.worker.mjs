// The calls of bench/budgets.mjs in a Worker, with budgets in Durable Objects and the local provider beside them.
import { BudgetManager, DurableObjectBudgetLedger, GuardedOpenAI } from "../dist/index.js";
import { TollgateBudgets } from "../dist/durable-object.js";
import { crowd, provider } from "./budgets-crowd.mjs";

export { TollgateBudgets };

export default {
  async fetch(request, env) {
    const { name, slices, limitUsd, callers, atOnce } = await request.json();
    const { fetch, billed } = provider();
    const ledger = new DurableObjectBudgetLedger((slice) => env.BUDGETS.getByName(name + slice), { slices });
    const budgetManager = new BudgetManager(undefined, { ledger, requireGuarantee: "hard" });
    budgetManager.createBudget({ name: "pot", limit: limitUsd, period: "daily", action: "block" });
    const client = new GuardedOpenAI({ apiKey: "sk-local", baseURL: "http://provider.invalid/v1", fetch, budgetManager });
    await crowd((body) => client.chat.completions.create(body), callers, atOnce);
    return Response.json({ billed: billed() });
  },
};
