/** How failed tries are repeated. */
import { invalid, known, LONGEST_MS, whole } from "./check.js";

/** How often, and after which time, a failed try is repeated. The waits have full jitter: any time up to a ceiling. */
export interface RetryConfig {
  /** How many times a failed try is repeated. 2 if left out. */
  maxRetries?: number;
  /** The ceiling of the first wait, in milliseconds. 500 if left out. */
  initialDelayMs?: number;
  /** By what the ceiling grows with each try. 2 if left out. */
  factor?: number;
  /** What it never passes. 8,000 if left out. */
  maxDelayMs?: number;
  /** The longest wait that a provider may ask for (`retry-after`); for a longer one there is no further try. 60,000 if left out. */
  maxRetryAfterMs?: number;
}

/** Refuses what can't be meant. */
export function checkRetry(config: RetryConfig): RetryConfig {
  known("the options of retries", config, ["maxRetries", "initialDelayMs", "factor", "maxDelayMs", "maxRetryAfterMs"]);
  whole("maxRetries", config.maxRetries, 2, 0, 100);
  for (const name of ["initialDelayMs", "maxDelayMs", "maxRetryAfterMs"] as const) whole(name, config[name], 0, 0, LONGEST_MS);
  const { factor } = config;
  if (factor != null && !(typeof factor === "number" && factor >= 1 && factor <= 100)) {
    throw invalid(`cannot read factor: expected a number from 1 to 100, found ${typeof factor === "number" ? factor : typeof factor}`);
  }
  return config;
}
