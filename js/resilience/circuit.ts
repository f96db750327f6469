/**
 * The states of a circuit breaker. It knows no clock; times are milliseconds, and one that runs backwards stands still.
 *
 * closed: all go; so many failures in a row open it. open: none goes for a while. half open: one goes, the probe, and what becomes of it
 * closes the circuit or opens it again.
 */

/** Whether calls go. */
export type CircuitState = "closed" | "open" | "half_open";

/** What let a call go. */
export interface Admission {
  round: number;
  isProbe: boolean;
}

/** A circuit. */
export class Circuit {
  readonly #threshold: number;
  readonly #openMs: number;
  #failures = 0;
  #openedAt: number | undefined;
  #probedAt: number | undefined;
  /** It goes up whenever the circuit opens, closes or probes: what was sent before says nothing about now. */
  #round = 0;

  constructor(threshold: number, openMs: number) {
    this.#threshold = threshold;
    this.#openMs = openMs;
  }

  state(now: number): CircuitState {
    if (this.#openedAt === undefined) return "closed";
    return now - this.#openedAt < this.#openMs ? "open" : "half_open";
  }

  /** Whether nothing is known of it that would be lost with it. */
  get isIdle(): boolean {
    return this.#openedAt === undefined && this.#failures === 0;
  }

  /** How long nobody may go; 0 where the next one may. */
  wait(now: number): number {
    if (this.#openedAt === undefined) return 0;
    // A probe of which nobody ever hears is forgotten after as long a time.
    const since = Math.max(this.#openedAt, this.#probedAt ?? -Infinity);
    return Math.min(Math.max(0, since + this.#openMs - now), this.#openMs);
  }

  /** Lets a call go, for which there is no wait. */
  admit(now: number): Admission {
    const isProbe = this.#openedAt !== undefined;
    if (isProbe) {
      this.#probedAt = now;
      this.#round += 1;
    }
    return { round: this.#round, isProbe };
  }

  /** What became of a call that it let go; undefined where nobody can say. */
  report({ round, isProbe }: Admission, hasSucceeded: boolean | undefined, now: number): void {
    if (round !== this.#round) return;
    if (hasSucceeded === undefined) {
      if (isProbe) this.#probedAt = undefined;
    } else if (hasSucceeded) {
      if (isProbe) this.#round += 1;
      this.#failures = 0;
      this.#openedAt = this.#probedAt = undefined;
    } else {
      this.#failures += 1;
      if (!isProbe && this.#failures < this.#threshold) return;
      this.#round += 1;
      this.#openedAt = now;
      this.#probedAt = undefined;
    }
  }
}
