/** A limit on calls at once. */
import { LONGEST_MS, known, whole } from "./check.js";
import type { Attempt, Pass } from "./gate.js";
import { Line } from "./line.js";

/** What a {@link ConcurrencyLimiter} is made from. */
export interface ConcurrencyConfig {
  /** How many may be under way at once: until their answers have come whole. */
  maxConcurrent: number;
  /** How many may wait; one more is refused with `queue_full`. 1,000 if left out; 0 refuses at once. */
  maxQueue?: number;
}

/**
 * A limit on calls at once, for all clients that are given the same one. Others wait, in the order in which they came; whoever is aborted
 * leaves.
 *
 * ```ts
 * const client = new GuardedOpenAI({ apiKey, concurrency: new ConcurrencyLimiter({ maxConcurrent: 8 }) });
 * ```
 */
export class ConcurrencyLimiter {
  readonly #most: number;
  readonly #line: Line<{ leaseMs: number; place: object | undefined }>;
  /** Who has a place, and until when at most: a host may end a request without a word. */
  readonly #taken = new Map<object, number>();

  constructor(config: ConcurrencyConfig) {
    known("the options of ConcurrencyLimiter", config, ["maxConcurrent", "maxQueue"]);
    // There is nothing usual.
    this.#most = whole("maxConcurrent", config.maxConcurrent ?? NaN, 0, 1, 1e6);
    this.#line = new Line("a concurrency limit", whole("maxQueue", config.maxQueue, 1_000, 0, 1e6));
  }

  /** How many are under way. */
  get active(): number {
    return this.#taken.size;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#line.length;
  }

  /**
   * Waits for a place, and gives what frees it.
   *
   * @throws {UnavailableError} `queue_full` when too many wait
   */
  async acquire({ signal, leaseMs = LONGEST_MS }: { signal?: AbortSignal; leaseMs?: number } = {}): Promise<() => void> {
    signal?.throwIfAborted();
    this.#sweep();
    const waiting: { leaseMs: number; place: object | undefined } = { leaseMs, place: undefined };
    if (this.#line.length > 0 || this.#taken.size >= this.#most) {
      this.#line.check();
      await this.#line.join(waiting, signal, leaseMs, () => undefined);
    } else {
      waiting.place = this.#take(leaseMs);
    }
    const place = waiting.place!;
    return () => {
      if (!this.#taken.delete(place)) return;
      this.#serve();
    };
  }

  /** @internal */
  async enter({ signal, leaseMs }: Attempt): Promise<Pass> {
    const free = await this.acquire({ signal, leaseMs });
    return { unsent: free, left: free };
  }

  #take(leaseMs: number): object {
    const place = {};
    this.#taken.set(place, Date.now() + leaseMs);
    return place;
  }

  #serve(): void {
    this.#line.serve((waiting) => {
      if (this.#taken.size >= this.#most) return false;
      waiting.place = this.#take(waiting.leaseMs);
      return true;
    });
  }

  /** Frees the places of those that can't be under way any more. */
  #sweep(): void {
    if (this.#taken.size < this.#most) return;
    const now = Date.now();
    for (const [place, until] of this.#taken) if (until <= now) this.#taken.delete(place);
    this.#serve();
  }
}
