// @ts-check
/**
 * A Next.js route handler on the edge runtime: `app/api/chat/route.js`. The key stays here, every user has a budget for the day, and what
 * is private is taken out before it is sent. The answer is a stream of events that leaves as it comes.
 *
 *     POST { "prompt": "..." }, with who asks in x-user
 *
 * @module
 */

import { BudgetManager, GuardrailEngine, PIIDetectionGuardrail, createGuardedFetch } from "tollgate";

export const runtime = "edge";

// Built once for the isolate, at module scope: nothing in this uses a clock, randomness, storage or the network.
const guardrailEngine = new GuardrailEngine();
guardrailEngine.registerGuardrail(new PIIDetectionGuardrail({ action: "redact" }));
// Each isolate counts for itself: for a budget that holds over all of them, give the manager a ledger that they share.
const budgetManager = new BudgetManager();
const guarded = createGuardedFetch({ guardrailEngine, budgetManager });

/**
 * @param {Request} request
 * @param {{ waitUntil?: (promise: Promise<unknown>) => void }} [context]
 */
export async function POST(request, context = {}) {
  const { prompt } = await request.json();
  // A real route takes this from its session, never from a header of the request.
  const user = request.headers.get("x-user") ?? "anonymous";
  /** @type {{ type: "user", id: string }} */
  const scope = { type: "user", id: user };
  budgetManager.createBudget({ name: "a day", scope, limit: process.env["BUDGET_USD"] ?? "0.50", period: "daily", action: "block" });

  const mine = guarded.with({ agentId: user, scopes: [scope], ...(context.waitUntil && { waitUntil: (promise) => context.waitUntil?.(promise) }) });
  const response = await mine(`${process.env["OPENAI_BASE_URL"] ?? "https://api.openai.com/v1"}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${process.env["OPENAI_API_KEY"]}` },
    body: JSON.stringify({ model: "gpt-4o-mini", max_completion_tokens: 200, stream: true, messages: [{ role: "user", content: String(prompt) }] }),
    signal: request.signal,
  });
  // The provider's own head is nobody's business; a refusal is an answer of ours with 402 or 403.
  return new Response(response.body, { status: response.status, headers: { "content-type": response.headers.get("content-type") ?? "application/json", "cache-control": "no-store" } });
}
