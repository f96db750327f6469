// docs/moving.md, followed: each row of its tables is done here as a program would do it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import OpenAI, { AzureOpenAI } from "openai";
import {
  BudgetManager,
  CircuitBreaker,
  ConcurrencyLimiter,
  CostTracker,
  FallbackChain,
  GuardedOpenAI,
  GuardrailEngine,
  InMemoryCostStorage,
  PIIDetectionGuardrail,
  PriceBook,
  PromptInjectionGuardrail,
  RateLimiter,
  ResponseCache,
  TollgateError,
  countRequestTokens,
  countTokens,
  createGuardedFetch,
  createGuardedOpenAI,
  defaultEngine,
} from "tollgate";
import * as tollgate from "tollgate";

import { tool } from "../lib/tools.mjs";
import { baseURL, provider, useProvider } from "./lib/local.mjs";
import { ROOT } from "./node.mjs";

const Anthropic = await tool("@anthropic-ai/sdk");
const MAIL = "jane.doe@example.com";
const hello = { model: "gpt-4o-mini", max_completion_tokens: 20, messages: [{ role: "user", content: `Write to ${MAIL}` }] };

useProvider();
const v1 = () => ({ apiKey: "sk-local", baseURL, maxRetries: 0 });

describe("from a bare SDK", () => {
  it("one line, for each of them", async () => {
    const budgetManager = new BudgetManager();
    const costStorage = new InMemoryCostStorage();
    const config = { guardrailEngine: defaultEngine(), budgetManager, costStorage };
    const fetch = createGuardedFetch(config);
    await new OpenAI({ ...v1(), fetch }).chat.completions.create(hello);
    const anthropic = new (Anthropic.default ?? Anthropic)({ apiKey: "sk-local", baseURL: provider.url, maxRetries: 0, fetch: createGuardedFetch({ ...config, provider: "anthropic" }) });
    await anthropic.messages.create({ model: "claude-sonnet-4-5", max_tokens: 20, messages: hello.messages });
    const azure = new AzureOpenAI({ endpoint: provider.url, apiKey: "local", apiVersion: "2024-10-21", maxRetries: 0, fetch: createGuardedFetch({ ...config, provider: "azure-openai", deployments: { mine: "gpt-4o-mini" } }) });
    await azure.chat.completions.create({ ...hello, model: "mine" });
    // Azure's v1 paths, where the body names the deployment.
    const byV1 = new OpenAI({ baseURL: `${provider.url}/openai/v1`, apiKey: "local", maxRetries: 0, fetch: createGuardedFetch({ ...config, provider: "azure-openai", deployments: { "gpt-4o": "gpt-4o-mini" } }) });
    await byV1.chat.completions.create({ ...hello, model: "gpt-4o" });
    const records = await costStorage.getByDateRange(new Date(0), new Date("2100-01-01"));
    assert.deepEqual(
      records.map(({ provider, model, priced, metadata }) => [provider, model, metadata?.deployment, priced]).sort(),
      [["anthropic", "claude-sonnet-4-5", undefined, true], ["azure-openai", "gpt-4o-mini", "gpt-4o", true], ["azure-openai", "gpt-4o-mini", "mine", true], ["openai", "gpt-4o-mini", undefined, true]],
    );
    for (const { body } of provider.requests) assert.ok(!JSON.stringify(body).includes(MAIL));
  });

  it("a refusal is the SDK's own error, and begins with what only watches", async () => {
    const strict = new GuardrailEngine();
    strict.registerGuardrail(new PIIDetectionGuardrail({ action: "block" }));
    const error = await new OpenAI({ ...v1(), fetch: createGuardedFetch({ guardrailEngine: strict }) }).chat.completions.create(hello).catch((error) => error);
    assert.deepEqual([error.status, error instanceof OpenAI.APIError, TollgateError.from(error).code], [403, true, "guardrail_blocked"]);
    const watching = new GuardrailEngine({ mode: "monitor" });
    watching.registerGuardrail(new PIIDetectionGuardrail({ action: "block" }));
    const budgetManager = new BudgetManager();
    const { id } = budgetManager.createBudget({ name: "watched", limit: "0.000001", period: "total", action: "alert" });
    await new OpenAI({ ...v1(), fetch: createGuardedFetch({ guardrailEngine: watching, budgetManager }) }).chat.completions.create(hello);
    assert.ok((await budgetManager.getBudgetStatus(id)).isExceeded);
    assert.equal(provider.requests.length, 1);
  });
});

describe("from AgentGuard", () => {
  it("a program of it runs with its import changed", async () => {
    // As its documents have it, but for the base URL.
    const storage = new InMemoryCostStorage();
    const costTracker = new CostTracker({ enableBudgets: true, enableAlerts: true, persistRecords: true });
    const budgetManager = new BudgetManager(storage);
    const budget = budgetManager.createBudget({ name: "Daily", limit: 10, period: "daily", alertThresholds: [50, 75, 90], action: "block", scope: { type: "agent", id: "agent-1" } });
    const guardrailEngine = new GuardrailEngine();
    guardrailEngine.registerGuardrail(new PIIDetectionGuardrail({ action: "redact" }));
    guardrailEngine.registerGuardrail(new PromptInjectionGuardrail());
    const client = createGuardedOpenAI({ ...v1(), agentId: "agent-1", enableGuardrails: true, enableCostTracking: true, guardrailEngine, costTracker, budgetManager, costStorage: storage });
    const answer = await client.chat.completions.create({ ...hello, model: "gpt-4" , max_tokens: 20, max_completion_tokens: undefined });
    assert.ok(answer.security.costRecord.actualCost > 0 && answer.security.guardrailResult.passed);
    assert.equal(provider.requests[0].body.messages[0].content, "Write to [REDACTED_EMAIL]");
    const estimate = costTracker.estimateCost("gpt-4", { inputTokens: 1000, outputTokens: 500, totalTokens: 1500 });
    assert.equal(estimate.estimatedCost, Number(estimate.usd));
    assert.equal((await budgetManager.getBudgetStatus(budget.id)).currentSpending, answer.security.costRecord.actualCost);
    assert.equal((await storage.getByAgentId("agent-1")).length, 1);
    const check = await budgetManager.checkBudget("agent-1", 11);
    assert.deepEqual([check.allowed, check.blockedBy.name], [false, "Daily"]);
    const unknown = costTracker.estimateCost("nobody-1", { inputTokens: 1, outputTokens: 1, totalTokens: 2 });
    assert.deepEqual([unknown.estimatedCost, unknown.priced], [0, false]);
  });
});

describe("from LiteLLM's proxy, and from Portkey", () => {
  it("a key's budget is a budget with a scope, what a request is for is its context", async () => {
    const budgetManager = new BudgetManager();
    const user = { type: "user", id: "u1" };
    budgetManager.createBudget({ name: "u1 a day", scope: user, limit: "0.00002", period: "daily", action: "block" });
    budgetManager.createBudget({ name: "u1 soft", scope: user, limit: "0.00001", period: "daily", action: "alert" });
    const records = [];
    const guarded = createGuardedFetch({ budgetManager, onRecord: (record) => records.push(record) });
    const mine = new OpenAI({ ...v1(), fetch: guarded.with({ metadata: { team: "harbour" }, scopes: [user, { type: "tag", id: "beta" }] }) });
    await mine.chat.completions.create({ ...hello, max_completion_tokens: 8 }).catch(() => undefined);
    const refused = await mine.chat.completions.create({ ...hello, max_completion_tokens: 2000 }).catch((error) => error);
    assert.equal(refused.status, 402);
    const other = new OpenAI({ ...v1(), fetch: guarded.with({ scopes: [{ type: "user", id: "u2" }] }) });
    await other.chat.completions.create(hello);
    assert.deepEqual(records.at(-1).scopes.map(({ id }) => id), ["u2"]);
    assert.ok(records.every(({ metadata, scopes }) => (scopes[0].id === "u1") === (metadata?.team === "harbour")));
  });

  it("what keeps a program going is handed in, and a proxy that stays is guarded by its URL", async () => {
    const client = new GuardedOpenAI({
      ...v1(),
      fallback: new FallbackChain([{ model: "gpt-4.1-mini" }]),
      retry: { maxRetries: 0 },
      maxRetries: 0,
      timeout: 60_000,
      circuitBreaker: new CircuitBreaker({ failureThreshold: 3, openMs: 1000 }),
      rateLimiter: new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 100_000 }),
      concurrency: new ConcurrencyLimiter({ maxConcurrent: 2 }),
      cache: new ResponseCache({ ttlMs: 60_000 }),
    });
    provider.script({ status: 503 });
    const { security } = await client.chat.completions.create(hello);
    assert.equal(security.fallback.model, "gpt-4.1-mini");
    const proxied = new OpenAI({ ...v1(), fetch: createGuardedFetch({ provider: "openai", guardrailEngine: defaultEngine() }) });
    await proxied.chat.completions.create(hello);
    assert.ok(!JSON.stringify(provider.requests.at(-1).body).includes(MAIL));
  });

  it("its prices, its counts and its costs have their counterparts", () => {
    const book = PriceBook.fromJSON({ "my-model": { litellm_provider: "openai", mode: "chat", input_cost_per_token: 1e-6, output_cost_per_token: 2e-6, max_tokens: 100 } });
    assert.equal(book.price({ model: "my-model", usage: { input: 1000, output: 1000 } }).usd, "0.003");
    const body = { object: "chat.completion", model: "gpt-4o-mini", choices: [], usage: { prompt_tokens: 1000, completion_tokens: 1000, total_tokens: 2000 } };
    assert.equal(PriceBook.bundled().priceResponse(body).usd, "0.00075");
    assert.ok(countTokens("hello", "gpt-4o").tokens > 0 && countRequestTokens(hello).tokens > 0);
  });
});

describe("the names in the guide", () => {
  it("are exported, each of them", () => {
    const guide = readFileSync(join(ROOT, "docs/moving.md"), "utf8");
    const names = new Set([...guide.matchAll(/\b(?:new )?([A-Z][A-Za-z]+(?:Engine|Manager|Storage|Chain|Breaker|Limiter|Cache|Book))\b/g)].map(([, name]) => name));
    for (const [, name] of guide.matchAll(/`(create\w+|count\w+|TollgateError)\b/g)) names.add(name);
    names.delete("createBudget");
    assert.ok(names.size > 8, [...names].join());
    // SDKs' own, and an interface.
    for (const name of names) if (!["CostStorage"].includes(name) && !/^create(OpenAI|Anthropic|Azure)$/.test(name)) assert.equal(typeof tollgate[name], "function", name);
  });
});
