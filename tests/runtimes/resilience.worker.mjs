// A Worker whose limits are at module scope: requests of one isolate wait for each other. Kept answers are in KV.
import { CircuitBreaker, ConcurrencyLimiter, GuardedOpenAI, InMemoryCostStorage, KVCacheStore, RateLimiter, ResponseCache } from "tollgate";

const concurrency = new ConcurrencyLimiter({ maxConcurrent: 4 });
const rateLimiter = new RateLimiter({ requestsPerMinute: 60_000, burstRequests: 5 });
const circuitBreaker = new CircuitBreaker();
const costStorage = new InMemoryCostStorage();
let cache;

export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/status") return Response.json({ active: concurrency.active, waiting: [concurrency.waiting, rateLimiter.waiting], records: costStorage.size() });
    cache ??= new ResponseCache({ store: new KVCacheStore(env.KV) });
    const parts = { concurrency, rateLimiter, circuitBreaker, costStorage, ...(pathname === "/cached" && { cache }) };
    const client = new GuardedOpenAI({ apiKey: "sk-local", baseURL: "http://provider/v1", timeout: 20_000, ...parts });
    const context = { waitUntil: (promise) => ctx.waitUntil(promise) };
    const body = { model: "gpt-4o-mini", max_completion_tokens: 50, messages: [{ role: "user", content: `Call ${searchParams.get("n")}` }] };
    try {
      const { choices, security } = await client.with(context).chat.completions.create(body, { signal: request.signal });
      return Response.json({ text: choices[0].message.content, hit: security.cache?.hit ?? false });
    } catch (error) {
      return new Response(`${error.name}: ${error.message}\n${error.stack}`, { status: 500 });
    }
  },
};
