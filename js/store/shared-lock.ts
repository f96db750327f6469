/** How long a shared lock is kept, so that stores that follow each other ask the host for it once: asking takes longer than a store. */
const KEPT_MS = 100;

/** A lock that the host has given, or will give. */
interface Held {
  granted: Promise<void>;
  release?: () => void;
}

/**
 * A Web Lock that many share and one may have alone; without such locks whoever asks is alone in its tab only.
 *
 * What is shared is kept for a moment, and then given back whatever comes, so that who wants it alone has it soon. A page that nobody sees
 * gives it back at once: its timers are late.
 */
export class SharedLock {
  readonly #name: string;
  #held: Held | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** Does something beside others that do so. */
  async share<T>(body: () => T): Promise<T> {
    const locks = globalThis.navigator?.locks;
    if (locks === undefined) return body();
    for (;;) {
      const held = (this.#held ??= this.#take(locks));
      await held.granted;
      // Unless it was given back while this waited.
      if (this.#held === held) break;
    }
    try {
      return body();
    } finally {
      if (globalThis.document?.visibilityState === "hidden") this.#giveBack();
    }
  }

  /** Does something while nobody else does anything. */
  async alone<T>(body: () => T): Promise<T> {
    const locks = globalThis.navigator?.locks;
    if (locks === undefined) return body();
    this.#giveBack();
    return (await locks.request(this.#name, { mode: "exclusive" }, async () => body())) as T;
  }

  #take(locks: LockManager): Held {
    const held: Held = {
      granted: new Promise((resolve, reject) => {
        const request = locks.request(this.#name, { mode: "shared" }, () => {
          resolve();
          // Given back before it was granted.
          if (this.#held !== held) return undefined;
          return new Promise<void>((release) => {
            const timer = setTimeout(() => this.#giveBack(held), KEPT_MS);
            held.release = () => {
              clearTimeout(timer);
              release();
            };
          });
        });
        request.catch((error: unknown) => {
          this.#giveBack(held);
          reject(error);
        });
      }),
    };
    return held;
  }

  #giveBack(held: Held | undefined = this.#held): void {
    if (this.#held === held) this.#held = undefined;
    held?.release?.();
  }
}
