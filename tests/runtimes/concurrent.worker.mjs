// A Worker in which many guarded calls go on at once: one isolate, one client at module scope, budgets in a Durable Object, records in KV.
import { BudgetManager, DurableObjectBudgetLedger, GuardedOpenAI, GuardrailEngine, KVCostStorage, PIIDetectionGuardrail, createGuardedFetch } from "tollgate";

export { TollgateBudgets } from "tollgate/durable-object";

const guardrailEngine = new GuardrailEngine();
guardrailEngine.registerGuardrail(new PIIDetectionGuardrail({ action: "redact" }));

let shared;
const settled = { count: 0 };

function sharedOf(env) {
  if (shared !== undefined) return shared;
  const ledger = new DurableObjectBudgetLedger(() => env.BUDGETS.getByName("all"));
  const budgetManager = new BudgetManager(undefined, { ledger, requireGuarantee: "hard" });
  const { id } = budgetManager.createBudget({ name: "all", limit: 1000, period: "total", action: "block" });
  const costStorage = new KVCostStorage(env.KV);
  const common = { guardrailEngine, budgetManager, costStorage, onRecord: () => void (settled.count += 1) };
  const openai = new GuardedOpenAI({ apiKey: "sk-local", baseURL: "http://provider/v1", maxRetries: 0, ...common });
  const guarded = createGuardedFetch(common);
  return (shared = { openai, guarded, budgetManager, costStorage, id });
}

export default {
  async fetch(request, env, ctx) {
    const { openai, guarded, budgetManager, costStorage, id } = sharedOf(env);
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/status") {
      const status = await budgetManager.getBudgetStatus(id);
      const summary = await costStorage.getSummary(0, Date.now() + 1000);
      return Response.json({ spentUsd: status.spentUsd, heldUsd: status.heldUsd, settled: settled.count, records: summary.totalRequests, totalUsd: summary.totalUsd ?? summary.usd?.total });
    }
    const n = searchParams.get("n");
    const context = { agentId: `agent-${n}`, requestId: `call-${n}`, waitUntil: (promise) => ctx.waitUntil(promise) };
    const body = { model: "gpt-4o-mini", max_completion_tokens: 50, messages: [{ role: "user", content: `Call ${n}: write to jane.doe@example.com` }] };
    try {
      if (pathname === "/plain") {
        const { choices, security } = await openai.with(context).chat.completions.create(body);
        return Response.json({ text: choices[0].message.content, agentId: security.costRecord.agentId });
      }
      if (pathname === "/stream") {
        const stream = await openai.with(context).chat.completions.create({ ...body, stream: true });
        return new Response(stream.toReadableStream());
      }
      const init = { method: "POST", headers: { "content-type": "application/json", authorization: "Bearer sk-local" }, body: JSON.stringify({ ...body, stream: true }) };
      return await guarded.with(context)("http://provider/v1/chat/completions", init);
    } catch (error) {
      return new Response(`${error.name}: ${error.message}\n${error.stack}`, { status: 500 });
    }
  },
};
