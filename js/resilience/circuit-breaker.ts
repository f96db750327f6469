/** Holds back calls to endpoints that fail. */
import { UnavailableError } from "../errors.js";
import { LONGEST_MS, invalid, known, quietly, whole } from "./check.js";
import { Circuit, type CircuitState } from "./circuit.js";
import type { Attempt, Pass } from "./gate.js";

/** What a {@link CircuitBreaker} is made from. */
export interface CircuitBreakerConfig {
  /** How many failures in a row open a circuit. 5 if left out. */
  failureThreshold?: number;
  /** Milliseconds until one call probes whether the endpoint is back. 30,000 if left out. */
  openMs?: number;
  /** Told when calls to an endpoint are held back, probed, and let go again. */
  onStateChange?: (endpoint: string, state: CircuitState) => void;
}

/** So many endpoints are remembered before those that are well are forgotten. */
const MOST = 1_000;

/**
 * Holds back calls to endpoints that fail: after some failures in a row they are refused at once, with `circuit_open`, until one
 * call in a while is let through and succeeds. An endpoint is a URL without its query. A failure is a status of 408 or from 500, or no answer:
 * a 429 says that it is well.
 *
 * ```ts
 * const client = new GuardedOpenAI({ apiKey, circuitBreaker: new CircuitBreaker({ failureThreshold: 5, openMs: 30_000 }) });
 * ```
 */
export class CircuitBreaker {
  readonly #threshold: number;
  readonly #openMs: number;
  readonly #tell: (endpoint: string, state: CircuitState) => void;
  readonly #circuits = new Map<string, Circuit>();

  constructor(config: CircuitBreakerConfig = {}) {
    known("the options of CircuitBreaker", config, ["failureThreshold", "openMs", "onStateChange"]);
    this.#threshold = whole("failureThreshold", config.failureThreshold, 5, 1, 1e6);
    this.#openMs = whole("openMs", config.openMs, 30_000, 1, LONGEST_MS);
    if (config.onStateChange !== undefined && typeof config.onStateChange !== "function") {
      throw invalid(`cannot read onStateChange: expected a function, found ${typeof config.onStateChange}`);
    }
    this.#tell = config.onStateChange ?? (() => undefined);
  }

  /** Whether calls to that endpoint go. */
  state(endpoint: string): CircuitState {
    return this.#circuits.get(endpoint)?.state(Date.now()) ?? "closed";
  }

  /** @internal */
  check({ endpoint }: Attempt): void {
    const ms = this.#circuits.get(endpoint)?.wait(Date.now()) ?? 0;
    if (ms === 0) return;
    throw new UnavailableError({
      code: "circuit_open",
      message: `cannot send: expected ${endpoint} to be well, found that it has been failing; the next call goes in ${ms} ms`,
      context: { endpoint, retryAfterMs: ms },
    });
  }

  /** @internal */
  enter(attempt: Attempt): Pass {
    this.check(attempt);
    const { endpoint } = attempt;
    const circuit = this.#circuitOf(endpoint);
    const admission = circuit.admit(Date.now());
    if (admission.isProbe) this.#changed(endpoint, "half_open");
    const report = (hasSucceeded: boolean | undefined): void => {
      const now = Date.now();
      const before = circuit.state(now);
      circuit.report(admission, hasSucceeded, now);
      const after = circuit.state(now);
      if (after !== before) this.#changed(endpoint, after);
    };
    return {
      unsent: () => report(undefined),
      answered: (status) => report(status !== 408 && status < 500),
      failed: (isGivenUp) => report(isGivenUp ? undefined : false),
    };
  }

  #circuitOf(endpoint: string): Circuit {
    const kept = this.#circuits.get(endpoint);
    if (kept !== undefined) return kept;
    if (this.#circuits.size >= MOST) {
      for (const [name, circuit] of this.#circuits) if (circuit.isIdle) this.#circuits.delete(name);
    }
    const made = new Circuit(this.#threshold, this.#openMs);
    this.#circuits.set(endpoint, made);
    return made;
  }

  #changed(endpoint: string, state: CircuitState): void {
    quietly(() => this.#tell(endpoint, state));
  }
}
