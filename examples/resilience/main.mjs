// A provider on a bad day, and a program that does not mind: `node examples/resilience/main.mjs`, after `npm run build`.
// It asks the local provider, which fails as it is told to.
import {
  BudgetManager,
  CircuitBreaker,
  ConcurrencyLimiter,
  Deduplicator,
  FallbackChain,
  GuardedAzureOpenAI,
  GuardedOpenAI,
  InMemoryCostStorage,
  RateLimiter,
  ResponseCache,
  TollgateError,
} from "tollgate";
import { startProvider } from "../local-provider/provider.mjs";

const provider = await startProvider();
const account = { apiKey: "sk-local", baseURL: `${provider.url}/v1` };
const costStorage = new InMemoryCostStorage();
const budgetManager = new BudgetManager();
budgetManager.createBudget({ name: "team", limit: "0.05", period: "daily", action: "block" });
const shared = { budgetManager, costStorage };
const ask = (content, more = {}) => ({ model: "gpt-5-mini", max_completion_tokens: 100, messages: [{ role: "user", content }], ...more });

// Retries, under one idempotency key.
const retrying = new GuardedOpenAI({ ...account, ...shared, retry: { maxRetries: 2, initialDelayMs: 10 } });
provider.script({ status: 503 }, { status: 429, retryAfterMs: 5 }, {});
const third = await retrying.chat.completions.create(ask("Hello!"));
const keys = new Set(provider.requests.map(({ headers }) => headers["idempotency-key"]));
console.log(`retries: try ${third.security.costRecord.attempt} answered, ${keys.size} idempotency key`);

// Another provider, and a circuit that opens.
const azure = new GuardedAzureOpenAI({ endpoint: provider.url, apiKey: "local", deployments: { chat: "gpt-4o-mini" } });
const circuitBreaker = new CircuitBreaker({ failureThreshold: 2, openMs: 60_000, onStateChange: (endpoint, state) => console.log(`circuit: ${new URL(endpoint).pathname} is ${state}`) });
const falling = new GuardedOpenAI({ ...account, ...shared, maxRetries: 0, circuitBreaker, fallback: new FallbackChain([{ client: azure, deployment: "chat" }]) });
for (const step of [[{ status: 500 }, {}], [{ status: 500 }, {}], [{}]]) {
  provider.script(...step);
  const { security } = await falling.chat.completions.create(ask("Hello again!"));
  const [failed] = security.fallback.failed;
  console.log(`fallback: ${failed.model} ended with ${failed.code}, ${security.fallback.model} of ${security.fallback.provider} answered for $${security.costRecord.usd}`);
}

// The same question: kept, and asked by many at once.
const sparing = new GuardedOpenAI({ ...account, ...shared, cache: new ResponseCache(), deduplicator: new Deduplicator() });
provider.reset();
const answers = await Promise.all(Array.from({ length: 5 }, () => sparing.chat.completions.create(ask("What is a harbour?"))));
console.log(`at once: 5 callers, ${provider.requests.length} request, ${answers.filter(({ security }) => security.costRecord).length} record`);
const again = await sparing.chat.completions.create(ask("What is a harbour?"));
console.log(`cache: hit ${again.security.cache.hit}, saved $${again.security.cache.savedUsd}, ${provider.requests.length} request`);

// Limits: calls wait for their turn, and a queue has an end.
let [under, most] = [0, 0];
const counting = async (...words) => {
  most = Math.max(most, (under += 1));
  return fetch(...words).finally(() => (under -= 1));
};
const concurrency = new ConcurrencyLimiter({ maxConcurrent: 2, maxQueue: 4 });
const rateLimiter = new RateLimiter({ requestsPerMinute: 600, tokensPerMinute: 100_000 });
const limited = new GuardedOpenAI({ ...account, ...shared, fetch: counting, concurrency, rateLimiter });
const results = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => limited.chat.completions.create(ask(`Number ${index}`))));
const refused = results.filter(({ reason }) => TollgateError.isInstance(reason) && reason.code === "queue_full").length;
console.log(`limits: ${results.length - refused} answered, at most ${most} at once, ${refused} refused`);

const { heldUsd } = await budgetManager.getBudgetStatus(budgetManager.getAllBudgets()[0].id);
const today = await costStorage.getSummary(new Date(Date.now() - 86_400_000), new Date());
console.log(`today: ${today.totalRequests} calls for $${today.totalUsd}, $${heldUsd} held`);
await provider.close();
