// Keys that go wrong between two languages, absent and null, through every type that crosses the boundary. Answers with
// what went wrong, by boundary; in a sound host and package, nothing.
import * as tollgate from "tollgate";
import { createProvider } from "../../examples/local-provider/handler.mjs";
import { memoryKV, memoryLocalStorage } from "./stand-ins.mjs";

const MODEL = "gpt-4o-mini";

/** An object with that own key, `__proto__` too; a literal would set the prototype. */
const own = (key, value) => JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(value)}}`);
const has = (object, key) => object !== undefined && object !== null && Object.hasOwn(object, key);

async function codeOf(body) {
  try {
    await body();
  } catch (error) {
    return tollgate.TollgateError.isInstance(error) ? error.code : `${error?.stack ?? error}`;
  }
  return "no error";
}

function newClient(provider, more = {}) {
  return new tollgate.GuardedOpenAI({
    apiKey: "sk-local",
    baseURL: "http://provider.invalid/v1",
    fetch: (...args) => provider.handle(new Request(...args)),
    dangerouslyAllowBrowser: true,
    ...more,
  });
}

const tokens = { inputTokens: 10, outputTokens: 5, totalTokens: 15 };
const budget = { name: "pot", limit: 1, period: "total" };

/** What takes options, and which are optional: an unknown one is refused, one that is undefined or null is absent. */
const OPTIONS = {
  CostTracker: { make: (options) => new tollgate.CostTracker(options), optional: ["enabled", "customPricing", "defaultProvider", "unknownModel", "priceBook"] },
  "CostTracker.updateConfig": { make: (options) => new tollgate.CostTracker().updateConfig(options), optional: ["enabled"] },
  "CostTracker.addCustomPricing": {
    make: (options) => new tollgate.CostTracker().addCustomPricing("mine", options),
    base: { inputCostPer1K: 1, outputCostPer1K: 1 },
    optional: ["imageCost", "audioCostPerSecond", "provider", "rates", "source"],
  },
  BudgetManager: { make: (options) => new tollgate.BudgetManager(undefined, options), optional: ["ledger", "now", "timeZone", "weekStart", "requireGuarantee", "onExisting", "namespace"] },
  "BudgetManager.createBudget": { make: (options) => new tollgate.BudgetManager().createBudget(options), base: budget, optional: ["id", "alertThresholds", "action", "scope", "enabled"] },
  "BudgetManager.reserve": {
    make: (options) => new tollgate.BudgetManager().reserve(options),
    base: { requestId: "r", amount: 1 },
    optional: ["agentId", "scopes", "leaseMs"],
  },
  GuardrailEngine: { make: (options) => new tollgate.GuardrailEngine(options), optional: ["parallelExecution", "continueOnError", "timeout"] },
  PIIDetectionGuardrail: { make: (options) => new tollgate.PIIDetectionGuardrail(options), optional: ["name", "enabled", "action"] },
  PromptInjectionGuardrail: { make: (options) => new tollgate.PromptInjectionGuardrail(options), optional: ["name", "enabled", "action"] },
  SecretDetectionGuardrail: { make: (options) => new tollgate.SecretDetectionGuardrail(options), optional: ["name", "enabled", "action"] },
  LocalStorageCostStorage: { make: (options) => new tollgate.LocalStorageCostStorage(options), optional: ["namespace"] },
  KVCostStorage: { make: (options) => new tollgate.KVCostStorage(memoryKV(), options), optional: ["namespace"] },
  GuardedOpenAI: {
    make: (options) => newClient(createProvider(), options),
    optional: ["agentId", "organization", "enableGuardrails", "guardrailEngine", "costTracker", "budgetManager", "costStorage", "timeout", "maxRetries", "context"],
  },
  "GuardedOpenAI.with": { make: (options) => newClient(createProvider()).with(options), optional: ["requestId", "agentId", "scopes", "metadata", "waitUntil"] },
  "options of a call": {
    make: (options) => newClient(createProvider()).chat.completions.create({ model: MODEL, messages: [{ role: "user", content: "hello" }] }, options),
    optional: ["signal", "timeout", "maxRetries", "headers", "idempotencyKey", "tollgate"],
  },
};

/** Parts of an answer that are keyed by what a user wrote. */
const KEYED = {
  async "custom prices by model"(key) {
    if (key === "") return true;
    const tracker = new tollgate.CostTracker({ customPricing: own(key, { inputCostPer1K: "1", outputCostPer1K: "2" }) });
    return tracker.estimateCost(key, { inputTokens: 1000, outputTokens: 0, totalTokens: 1000 }).usd === "1";
  },
  async "a model that there is not"(key) {
    return tollgate.getModelPricing(key) === undefined && tollgate.MODEL_PRICING[key] === undefined && tollgate.PriceBook.bundled().handle(key) === -1;
  },
  async "units of one's own in a usage"(key) {
    const answer = tollgate.PriceBook.bundled().price({ model: MODEL, usage: { input: 1, output: 1, extra: own(key, 0) } });
    return typeof answer.priced === "boolean";
  },
  async "an unknown unit in a usage"(key) {
    return (await codeOf(() => tollgate.PriceBook.bundled().price({ model: MODEL, usage: Object.defineProperty({ input: 1, output: 1 }, key, { value: 1, enumerable: true }) }))) === "invalid_usage";
  },
  async "a record's metadata"(key) {
    const metadata = own(key, own(key, "kept"));
    const kept = [];
    for (const storage of [new tollgate.InMemoryCostStorage(), new tollgate.KVCostStorage(memoryKV())]) {
      const record = new tollgate.CostTracker().calculateActualCost("request", "agent", MODEL, tokens, "openai", metadata);
      await storage.store(record);
      kept.push((await storage.get(record.id)).metadata);
    }
    return kept.every((one) => has(one, key) && has(one[key], key) && one[key][key] === "kept" && Object.getPrototypeOf(one) === Object.prototype);
  },
  async "a record's metadata in localStorage"(key) {
    return memoryLocalStorage(async () => {
      const storage = new tollgate.LocalStorageCostStorage({ namespace: "boundary" });
      const record = new tollgate.CostTracker().calculateActualCost("request", "agent", MODEL, tokens, "openai", own(key, 1));
      await storage.store(record);
      const kept = await storage.get(record.id);
      await storage.clear();
      return has(kept.metadata, key) && kept.metadata[key] === 1;
    });
  },
  async "agents in a summary"(key) {
    const storage = new tollgate.InMemoryCostStorage();
    const record = new tollgate.CostTracker().calculateActualCost(key, key, MODEL, tokens);
    await storage.store(record);
    if (key === "") {
      // An empty name is an absent one.
      const kept = await storage.get(record.id);
      return kept.agentId === "default" && kept.requestId === record.id;
    }
    const summary = await storage.getSummary(0, new Date());
    const [byAgent] = await storage.getByAgentId(key);
    const [byRequest] = await storage.getByRequestId(key);
    const whole = tollgate.summarize === undefined ? summary : tollgate.summarize([record]);
    return [summary, whole].every(({ byAgent, usd }) => has(byAgent, key) && usd.byAgent[key] === record.usd) && byAgent.id === record.id && byRequest.requestId === key;
  },
  async "names, ids and scopes of budgets"(key) {
    const manager = new tollgate.BudgetManager();
    if (key === "") return (await codeOf(() => manager.createBudget({ ...budget, name: key }))) === "invalid_config";
    const scope = { type: "tag", id: key };
    const made = manager.createBudget({ ...budget, name: key, scope, action: "block", limit: "0.5" });
    const held = await manager.reserve({ requestId: key, amount: "0.4", scopes: [scope] });
    const refused = await manager.reserve({ requestId: `${key}2`, amount: "0.4", scopes: [scope] });
    const other = await manager.reserve({ requestId: `${key}3`, amount: "0.4", scopes: [{ type: "tag", id: `${key}x` }] });
    await manager.settle(key, "0.1");
    const status = await manager.getBudgetStatus(made.id);
    return held.allowed && !refused.allowed && other.allowed && status.spentUsd === "0.1" && status.budget.name === key && status.budget.scope.id === key;
  },
  async "a request and its answer"(key) {
    const provider = createProvider();
    provider.script({ text: key });
    const metadata = own(key, "sent");
    const storage = new tollgate.InMemoryCostStorage();
    const client = newClient(provider, { costStorage: storage }).with({ agentId: key, metadata: own(key, "noted") });
    const answer = await client.chat.completions.create({ model: MODEL, metadata, messages: [{ role: "user", name: "n", content: key === "" ? "x" : key }] });
    const [request] = provider.requests;
    const record = await storage.get(answer.security.costRecord.id);
    return request.body.metadata[key] === "sent" && has(request.body.metadata, key) && answer.choices[0].message.content === key && has(record.metadata, key) && record.agentId === (key || "default");
  },
  async "a text under a guard"(key) {
    const engine = new tollgate.GuardrailEngine();
    engine.registerGuardrail(new tollgate.PIIDetectionGuardrail({ action: "redact" }));
    return engine.scan(key).text === key && (await engine.execute(key, own(key, 1))).passed;
  },
};

export default async function main({ keys }) {
  const wrong = [];
  for (const [name, { make, base = {}, optional }] of Object.entries(OPTIONS)) {
    for (const key of keys) {
      const options = Object.defineProperty({ ...base }, key, { value: 1, enumerable: true, configurable: true, writable: true });
      const code = await codeOf(() => make(options));
      if (code !== "unknown_option") wrong.push(`${name}: unknown option ${JSON.stringify(key)}: ${code}`);
    }
    for (const key of optional) {
      for (const absent of [undefined, null]) {
        const code = await codeOf(() => make({ ...base, [key]: absent }));
        if (code !== "no error") wrong.push(`${name}: ${key}: ${absent}: ${code}`);
      }
    }
  }
  for (const [name, holds] of Object.entries(KEYED)) {
    for (const key of keys) {
      let held;
      const code = await codeOf(async () => (held = await holds(key)));
      if (held !== true) wrong.push(`${name}: ${JSON.stringify(key)}: ${held === undefined ? code : "not kept"}`);
    }
  }
  return wrong;
}
