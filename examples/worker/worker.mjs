// @ts-check
/**
 * A chat endpoint in a Cloudflare Worker: every customer has a budget for the day, what is private stays out of the provider's
 * hands and out of the answer, and what was spent is in KV.
 *
 *     POST /chat    { "prompt": "...", "stream": true }, with the customer in x-customer
 *     GET  /ledger  what was spent in the last day
 *
 * @module
 */

import {
  BudgetExceededError,
  BudgetManager,
  CostTracker,
  GuardedOpenAI,
  GuardrailBlockedError,
  GuardrailEngine,
  KVCostStorage,
  PIIDetectionGuardrail,
  PromptInjectionGuardrail,
  TollgateError,
} from "tollgate";

const MODEL = "gpt-4o-mini";
const DAY_MS = 86_400_000;

/**
 * @typedef {object} Env
 * @property {any} LEDGER a KV namespace
 * @property {string} OPENAI_API_KEY a secret
 * @property {string} [OPENAI_BASE_URL]
 * @property {string} BUDGET_USD for each customer and day
 */

// Built once for the isolate, at module scope: nothing in this uses a clock, randomness, storage or the network.
const engine = new GuardrailEngine();
engine.registerGuardrail(new PIIDetectionGuardrail({ action: "redact" }));
engine.registerGuardrail(new PromptInjectionGuardrail());
const costTracker = new CostTracker();

/** What needs the environment, which comes with the first request. @type {{ openai: GuardedOpenAI, budgets: BudgetManager, storage: KVCostStorage } | undefined} */
let shared;

/** @param {Env} env */
function sharedOf(env) {
  if (!shared) {
    const storage = new KVCostStorage(env.LEDGER);
    // Held in this isolate's memory: each isolate counts for itself. KV could not hold it harder, being eventually consistent.
    const budgets = new BudgetManager();
    const openai = new GuardedOpenAI({
      apiKey: env.OPENAI_API_KEY,
      ...(env.OPENAI_BASE_URL ? { baseURL: env.OPENAI_BASE_URL } : {}),
      guardrailEngine: engine,
      costTracker,
      costStorage: storage,
      budgetManager: budgets,
    });
    shared = { openai, budgets, storage };
  }
  return shared;
}

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   * @param {{ waitUntil(promise: Promise<unknown>): void }} ctx
   */
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    try {
      if (request.method === "POST" && pathname === "/chat") return await chat(request, env, ctx);
      if (request.method === "GET" && pathname === "/ledger") {
        const now = Date.now();
        return Response.json(await sharedOf(env).storage.getSummary(now - DAY_MS, now));
      }
      return Response.json({ error: { code: "not_found" } }, { status: 404 });
    } catch (error) {
      return refused(error);
    }
  },
};

/**
 * @param {Request} request
 * @param {Env} env
 * @param {{ waitUntil(promise: Promise<unknown>): void }} ctx
 */
async function chat(request, env, ctx) {
  const { openai, budgets } = sharedOf(env);
  const { prompt, stream = false } = await request.json();
  // A real Worker takes this from whom it has authenticated, never from a header of the request.
  const customer = request.headers.get("x-customer") ?? "anonymous";
  /** @type {{ type: "user", id: string }} */
  const scope = { type: "user", id: customer };
  budgets.createBudget({ name: "a day", scope, limit: env.BUDGET_USD, period: "daily", action: "block" });

  // What must still happen after the answer, settling and storing, is handed to the runtime.
  const mine = openai.with({ agentId: customer, scopes: [scope], waitUntil: (promise) => ctx.waitUntil(promise) });
  const body = { model: MODEL, max_completion_tokens: 200, messages: [{ role: /** @type {const} */ ("user"), content: String(prompt) }] };
  if (stream) {
    const answer = await mine.chat.completions.create({ ...body, stream: true });
    return new Response(answer.toReadableStream(), { headers: { "content-type": "application/x-ndjson" } });
  }
  const { choices, security } = await mine.chat.completions.create(body);
  return Response.json({ text: choices[0]?.message.content, usd: security.costRecord?.usd });
}

/** @param {unknown} error */
function refused(error) {
  if (error instanceof GuardrailBlockedError) return Response.json({ error: { code: error.code, message: error.message } }, { status: 422 });
  if (error instanceof BudgetExceededError) {
    return Response.json({ error: { code: error.code, message: error.message, needed: error.estimatedCost, remaining: error.remaining } }, { status: 402 });
  }
  // Our errors never hold a key or a prompt; anything else stays here.
  if (error instanceof TollgateError) return Response.json({ error: { code: error.code, message: error.message } }, { status: 502 });
  return Response.json({ error: { code: "internal" } }, { status: 500 });
}
