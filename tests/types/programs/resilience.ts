// What keeps a program going, as its author would hand it in.
import {
  CircuitBreaker,
  ConcurrencyLimiter,
  Deduplicator,
  FallbackChain,
  GuardedAnthropic,
  GuardedAzureOpenAI,
  GuardedOpenAI,
  KVCacheStore,
  MemoryCacheStore,
  NetworkError,
  RateLimiter,
  ResponseCache,
  UnavailableError,
  WebCacheStore,
  createGuardedFetch,
  retry,
  type CacheStatus,
  type CacheStore,
  type CircuitState,
  type FailedTarget,
  type KVBinding,
  type RateLimitConfig,
  type RetryConfig,
} from "tollgate";

/** Fails to compile unless the two types are the same; `any` is no type but itself. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

declare const binding: KVBinding;
declare const caches: { default: Cache };

const retries: RetryConfig = { maxRetries: 3, initialDelayMs: 250, factor: 2, maxDelayMs: 8_000, maxRetryAfterMs: 60_000 };
const limits: RateLimitConfig = { requestsPerMinute: 500, tokensPerMinute: 200_000 };
const own: CacheStore = { get: () => undefined, put: async () => undefined };
export const stores: CacheStore[] = [own, new MemoryCacheStore(), new KVCacheStore(binding), new WebCacheStore(caches.default), new WebCacheStore("mine")];

const gates = {
  rateLimiter: new RateLimiter(limits),
  concurrency: new ConcurrencyLimiter({ maxConcurrent: 8 }),
  circuitBreaker: new CircuitBreaker({ onStateChange: (_endpoint: string, state) => same<typeof state, CircuitState>(true) }),
  cache: new ResponseCache({ store: own, partition: ({ agentId }) => agentId ?? "" }),
  connectTimeout: 5_000,
};
const azure = new GuardedAzureOpenAI({ endpoint: "https://me.openai.azure.com", apiKey: "key", retry: retries, ...gates });
export const claude = new GuardedAnthropic({ apiKey: "key", fallback: new FallbackChain([{ model: "claude-haiku-4-5" }]), ...gates });
export const guarded = createGuardedFetch(gates);
export const client = new GuardedOpenAI({
  apiKey: "key",
  retry: retries,
  fallback: new FallbackChain([{ client: azure, deployment: "chat" }, { model: "gpt-5-mini" }], { when: ({ code }) => code === "rate_limit" }),
  deduplicator: new Deduplicator(),
  ...gates,
});

export async function asks(): Promise<void> {
  const { security } = await client.chat.completions.create(
    { model: "gpt-5", messages: [{ role: "user", content: "Hi" }] },
    { connectTimeout: 1_000, tollgate: { cache: "refresh" } },
  );
  same<typeof security.cache, CacheStatus | undefined>(true);
  same<typeof security.deduplicated, boolean | undefined>(true);
  const failed: FailedTarget[] = security.fallback?.failed ?? [];
  same<(typeof failed)[number]["code"], string>(true);
  const number = await retry(async (attempt) => attempt, { ...retries, isRetryable: (error) => error instanceof NetworkError });
  same<typeof number, number>(true);
}

export const waits = (error: unknown): number | undefined => (error instanceof UnavailableError ? error.retryAfterMs : undefined);

// @ts-expect-error One of the two rates is a number.
new RateLimiter({ requestsPerMinute: "500" });
// @ts-expect-error How many has to be said.
new ConcurrencyLimiter({});
// @ts-expect-error A guarded fetch does not retry.
createGuardedFetch({ retry: retries });
// @ts-expect-error A limiter is made.
new GuardedOpenAI({ apiKey: "key", rateLimiter: { requestsPerMinute: 5 } });
// @ts-expect-error What gates do inside is nobody's business.
gates.circuitBreaker.enter({});
