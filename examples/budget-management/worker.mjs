// @ts-check
/**
 * Budgets of an organization in a Cloudflare Worker, held by a Durable Object: of all of it for the month, of a project for the
 * day, of each user for the hour. A call is bound by all that are its own, in one transaction.
 *
 *     POST /budgets  { "organization": "...", "budgets": [{ name, limit, period, action, scope }, ...] }
 *     GET  /budgets?organization=...     where they stand
 *     POST /chat     { "organization": "...", "project": "...", "user": "...", "prompt": "..." }
 *
 * @module
 */

import { BudgetExceededError, BudgetManager, DurableObjectBudgetLedger, GuardedOpenAI, TollgateError } from "tollgate";

export { TollgateBudgets } from "tollgate/durable-object";

const MODEL = "gpt-4o-mini";

/**
 * @typedef {object} Env
 * @property {any} BUDGETS the Durable Object namespace of TollgateBudgets
 * @property {string} OPENAI_API_KEY a secret
 * @property {string} [OPENAI_BASE_URL]
 */

/** One manager and client for each organization and isolate. @type {Map<string, { budgets: BudgetManager, openai: GuardedOpenAI }>} */
const tenants = new Map();

/** @param {Env} env @param {string} organization */
function tenantOf(env, organization) {
  let tenant = tenants.get(organization);
  if (!tenant) {
    // A function that gets a stub, and not a stub: one may break with the object it was for.
    const ledger = new DurableObjectBudgetLedger(() => env.BUDGETS.getByName(organization));
    const budgets = new BudgetManager(undefined, { ledger, requireGuarantee: "hard", onExisting: "update" });
    const openai = new GuardedOpenAI({
      apiKey: env.OPENAI_API_KEY,
      ...(env.OPENAI_BASE_URL ? { baseURL: env.OPENAI_BASE_URL } : {}),
      budgetManager: budgets,
      enableGuardrails: false,
    });
    tenants.set(organization, (tenant = { budgets, openai }));
  }
  return tenant;
}

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   * @param {{ waitUntil(promise: Promise<unknown>): void }} ctx
   */
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    try {
      if (pathname === "/budgets" && request.method === "POST") {
        const { organization, budgets: wanted } = await request.json();
        const { budgets } = tenantOf(env, organization);
        const ids = wanted.map((/** @type {any} */ budget) => budgets.createBudget(budget).id);
        // Until here they were this isolate's; now they bind every Worker's calls.
        await budgets.ready();
        return Response.json(ids);
      }
      if (pathname === "/budgets") {
        const { budgets } = tenantOf(env, searchParams.get("organization") ?? "");
        await budgets.ready();
        return Response.json(await Promise.all(budgets.getAllBudgets().map(({ id }) => budgets.getBudgetStatus(id))));
      }
      if (pathname === "/chat" && request.method === "POST") return await chat(await request.json(), env, ctx);
      return Response.json({ error: { code: "not_found" } }, { status: 404 });
    } catch (error) {
      return refused(error);
    }
  },
};

/**
 * @param {{ organization: string, project: string, user: string, prompt: string }} asked who asks is known from whom has been
 *   authenticated in a real Worker, never from the request's body
 * @param {Env} env
 * @param {{ waitUntil(promise: Promise<unknown>): void }} ctx
 */
async function chat({ organization, project, user, prompt }, env, ctx) {
  const mine = tenantOf(env, organization).openai.with({
    agentId: "assistant",
    scopes: [{ type: "organization", id: organization }, { type: "project", id: project }, { type: "user", id: user }],
    waitUntil: (promise) => ctx.waitUntil(promise),
  });
  const { choices, security } = await mine.chat.completions.create({
    model: MODEL,
    max_completion_tokens: 200,
    messages: [{ role: "user", content: prompt }],
  });
  return Response.json({ text: choices[0]?.message.content, usd: security.costRecord?.usd });
}

/** @param {unknown} error */
function refused(error) {
  if (error instanceof BudgetExceededError) {
    const { code, message, remaining, estimatedCost, unit, resetsAt, retryAfterMs, budget } = error;
    return Response.json({ error: { code, message, budget: budget?.id, needed: estimatedCost, remaining, unit, resetsAt, retryAfterMs } }, { status: 402 });
  }
  // A ledger that can't be reached lets nothing through.
  if (error instanceof TollgateError) return Response.json({ error: { code: error.code, message: error.message } }, { status: 503 });
  return Response.json({ error: { code: "internal" } }, { status: 500 });
}
