/**
 * A token bucket: it holds at most `burst`, and fills by `perMinute`. What is taken in any time is never more than `burst` and what flowed
 * in. It knows no clock; times are milliseconds, and one that runs backwards stands still.
 */

/** So many parts has a token, so that what flows in within a millisecond is a whole number of parts. */
const PARTS = 60_000;

/** Something that was taken, until it is known how much of it was used. */
export interface Taken {
  parts: number;
  /** How much could have stayed in the bucket all the time since: the rest would have flowed over. */
  room: number;
  /** Whether it is known. */
  isOver: boolean;
}

/** So many are remembered. Of those before them nothing flows back: it is as if all of it had been used. */
const MOST_OPEN = 10_000;

/** A bucket. */
export class TokenBucket {
  readonly #rate: number;
  readonly #size: number;
  #level: number;
  #at: number | undefined;
  /** Of what may yet be given back, in the order in which it was taken. */
  readonly #open = new Set<Taken>();

  constructor(perMinute: number, burst: number) {
    this.#rate = perMinute;
    this.#size = burst * PARTS;
    this.#level = this.#size;
  }

  /** How long until `count` can be taken; 0 for now. */
  wait(count: number, now: number): number {
    this.#fill(now);
    return Math.max(0, Math.ceil((count * PARTS - this.#level) / this.#rate));
  }

  /** Takes it, whatever is there: who asks first takes no more than there is. */
  take(count: number, now: number): Taken {
    this.#fill(now);
    this.#level -= count * PARTS;
    const taken = { parts: count * PARTS, room: this.#size - this.#level, isOver: false };
    this.#open.add(taken);
    if (this.#open.size > MOST_OPEN) for (const oldest of this.#open) return (this.#limit(oldest, 0), taken);
    return taken;
  }

  /** Puts back what was not used. What would have flowed over meanwhile is gone all the same: nobody may take it twice. */
  settle(taken: Taken, used: number, now: number): void {
    this.#fill(now);
    if (taken.isOver) return;
    taken.isOver = true;
    this.#open.delete(taken);
    const back = Math.min(taken.parts - used * PARTS, taken.room);
    this.#level += back;
    // It could have stayed all the time since it was taken: so much less room was there for the rest.
    if (back > 0) for (const other of this.#open) this.#limit(other, other.room - back);
  }

  /** It holds no more than that: somebody else has taken of it. */
  lower(count: number, now: number): void {
    this.#fill(now);
    this.#level = Math.min(this.#level, count * PARTS);
  }

  /** What it holds. */
  level(now: number): number {
    this.#fill(now);
    return this.#level / PARTS;
  }

  #fill(now: number): void {
    this.#at ??= now;
    const passed = Math.floor(now - this.#at);
    if (passed <= 0) return;
    this.#at += passed;
    this.#level = Math.min(this.#size, this.#level + passed * this.#rate);
    const room = this.#size - this.#level;
    for (const taken of this.#open) this.#limit(taken, room);
  }

  /** What has no room gives nothing back: nobody need remember it. */
  #limit(taken: Taken, room: number): void {
    taken.room = Math.max(0, Math.min(taken.room, room));
    if (taken.room === 0) this.#open.delete(taken);
  }
}
