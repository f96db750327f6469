/** Who waits for a turn, in the order of coming: at most so many, and whoever gives up leaves at once. */
import { TimeoutError, UnavailableError } from "../errors.js";
import { LONGEST_MS } from "./check.js";

/** One that waits. */
interface Waiter<T> {
  item: T;
  /** From then on nobody waits there any more: a host may end a request without a word. */
  until: number;
  take: () => void;
  /** Its time is up. */
  expire: () => void;
}

/** A queue. */
export class Line<T> {
  readonly #name: string;
  readonly #limit: number;
  #waiters: Waiter<T>[] = [];

  /** `name` is what is waited for, in errors. */
  constructor(name: string, limit: number) {
    this.#name = name;
    this.#limit = limit;
  }

  get length(): number {
    return this.#waiters.length;
  }

  /** Who is in front. */
  get first(): T | undefined {
    return this.#waiters[0]?.item;
  }

  /** Waits until {@link Line.serve} takes the item. `left` is told when it gave up instead, or its time is up. After {@link Line.check}. */
  join(item: T, signal: AbortSignal | undefined, leaseMs: number, left: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", giveUp);
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
      };
      const leave = (reason: unknown): void => {
        end();
        reject(reason);
        left();
      };
      const giveUp = (): void => leave(signal!.reason);
      const waiter: Waiter<T> = {
        item,
        until: Date.now() + leaseMs,
        take: () => (end(), resolve()),
        expire: () => {
          const message = `cannot wait longer for ${this.#name}: expected a place within ${leaseMs} ms, found none`;
          leave(new TimeoutError({ code: "timeout", message, context: { timeout: leaseMs } }));
        },
      };
      // Its own: a host that ends a request ends its timers, and nobody else's.
      const timer = leaseMs <= LONGEST_MS ? setTimeout(waiter.expire, leaseMs) : undefined;
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#waiters.push(waiter);
    });
  }

  /** Lets those in front go for whom it is time, until one must stay. */
  serve(isTime: (item: T) => boolean): void {
    const now = Date.now();
    while (this.#waiters.length > 0) {
      const waiter = this.#waiters[0]!;
      const isGone = waiter.until <= now;
      if (!isGone && !isTime(waiter.item)) return;
      (isGone ? waiter.expire : waiter.take)();
    }
  }

  /** Throws where there is no place. */
  check(): void {
    const now = Date.now();
    for (const waiter of this.#waiters.length < this.#limit ? [] : this.#waiters.filter(({ until }) => until <= now)) {
      waiter.expire();
    }
    if (this.#waiters.length < this.#limit) return;
    throw new UnavailableError({
      code: "queue_full",
      message: `cannot wait for ${this.#name}: expected a place among ${this.#limit} that wait, found none free`,
      context: { limit: this.#limit },
    });
  }
}
