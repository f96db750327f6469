/** The retries of the guarded clients, for everything else that asks a provider. */
import { run } from "../core.js";
import { APIError, NetworkError, TimeoutError } from "../errors.js";
import { invalid, known, says } from "./check.js";
import { checkRetry, type RetryConfig } from "./retry-config.js";

/** Options of {@link retry}. */
export interface RetryOptions extends RetryConfig {
  /** Ends the waiting, with its reason. */
  signal?: AbortSignal;
  /**
   * Whether another try makes sense. If left out: for an `APIError` of 408, 409, 429 or 5xx unless its answer's `x-should-retry` says otherwise,
   * and for a `NetworkError` that is no `TimeoutError`. One that throws, or gives a promise, says no.
   */
  isRetryable?: (error: unknown) => boolean;
}

/**
 * Does something that may fail, and again after a while where that makes sense: by the rules of the guarded clients. What is done should
 * bear one idempotency key over all tries.
 *
 * @param act - is told the number of the try, from 1
 */
export async function retry<T>(act: (attempt: number) => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { signal, isRetryable = mayPass, ...config } = options;
  known("the options of retries", options, ["maxRetries", "initialDelayMs", "factor", "maxDelayMs", "maxRetryAfterMs", "signal", "isRetryable"]);
  const { maxRetries } = checkRetry(config);
  if (typeof isRetryable !== "function") throw invalid(`cannot read isRetryable: expected a function, found ${typeof isRetryable}`);
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await act(attempt);
    } catch (error) {
      if (attempt > (maxRetries ?? 2) || signal?.aborted || !says(() => isRetryable(error))) throw error;
      const ms = run((core) => core.retryDelay(attempt, askedBy(error), JSON.stringify(config)));
      if (ms === undefined) throw error;
      await sleep(ms, signal);
    }
  }
}

function mayPass(error: unknown): boolean {
  // Its time was up: nobody says that there is more of it.
  if (error instanceof NetworkError) return !(error instanceof TimeoutError);
  if (!(error instanceof APIError)) return false;
  const { status, headers } = error;
  const said = headers?.get("x-should-retry");
  if (said === "true" || said === "false") return said === "true";
  return [408, 409, 429].includes(status) || (status >= 500 && status < 600);
}

/** What a provider asks to wait, in milliseconds. */
function askedBy(error: unknown): number | undefined {
  const { retryAfter } = error as { retryAfter?: unknown };
  return typeof retryAfter === "number" && retryAfter >= 0 ? Math.ceil(retryAfter * 1_000) : undefined;
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", giveUp);
      resolve();
    }, ms);
    signal?.addEventListener("abort", giveUp, { once: true });
  });
}
