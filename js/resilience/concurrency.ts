/** A limit on calls at once. */
import { LONGEST_MS, known, leaseOf, whole } from "./check.js";
import type { Attempt, Pass } from "./gate.js";
import { Line } from "./line.js";

/** What a {@link ConcurrencyLimiter} is made from. */
export interface ConcurrencyConfig {
  /** How many may be under way at once: until their answers have come whole. */
  maxConcurrent: number;
  /** How many may wait; one more is refused with `queue_full`. 1,000 if left out; 0 refuses at once. */
  maxQueue?: number;
}

interface Waiting {
  leaseMs: number;
  place: object | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
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
  readonly #line: Line<Waiting>;
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
   * Waits for a place, and gives what frees it. `leaseMs`: so long it waits at most, and after so long the place is free again, whatever became
   * of who has it; without it there is no end.
   *
   * @throws {UnavailableError} `queue_full` when too many wait
   * @throws {TimeoutError} when `leaseMs` was over before there was a place
   */
  async acquire({ signal, leaseMs: given }: { signal?: AbortSignal; leaseMs?: number } = {}): Promise<() => void> {
    const leaseMs = leaseOf(given);
    signal?.throwIfAborted();
    this.#sweep();
    const waiting: Waiting = { leaseMs, place: undefined, timer: undefined };
    if (this.#line.length > 0 || this.#taken.size >= this.#most) {
      this.#line.check();
      const turn = this.#line.join(waiting, signal, leaseMs, () => clearTimeout(waiting.timer));
      this.#arm(waiting);
      await turn;
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
      clearTimeout(waiting.timer);
      waiting.place = this.#take(waiting.leaseMs);
      return true;
    });
  }

  /** Looks again when the first of the places must be free. Each has a timer of its own: a host that ends a request ends its timers. */
  #arm(waiting: Waiting): void {
    let first = Infinity;
    for (const until of this.#taken.values()) first = Math.min(first, until);
    if (first === Infinity) return;
    waiting.timer = setTimeout(
      () => {
        this.#sweep();
        if (waiting.place === undefined) this.#arm(waiting);
      },
      Math.min(Math.max(first - Date.now(), 1), LONGEST_MS),
    );
  }

  /** Frees the places of those that can't be under way any more. */
  #sweep(): void {
    if (this.#taken.size < this.#most) return;
    const now = Date.now();
    for (const [place, until] of this.#taken) if (until <= now) this.#taken.delete(place);
    this.#serve();
  }
}
