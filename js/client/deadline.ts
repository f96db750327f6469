/** The time that a call has, and each of its tries. */

/** The time that a call has, and the ways in which it can be given up. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #giveUp = (): void => this.abort(this.#caller?.reason);
  /** What waits for a promise: told by hand, since a listener on the signal costs a host ten times as much. */
  readonly #waiting = new Set<(reason: unknown) => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timedOut = false;
  /** What the host threw, for the error's cause. */
  cause: unknown;

  constructor(timeoutMs: number, caller: AbortSignal | undefined) {
    this.#caller = caller;
    if (caller?.aborted) this.#giveUp();
    else caller?.addEventListener("abort", this.#giveUp, { once: true });
    this.#timer = setTimeout(() => {
      this.#timedOut = true;
      this.abort(new DOMException("the call's time was up", "TimeoutError"));
    }, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Throws where the call was given up before it began. */
  check(): void {
    if (this.signal.aborted) throw this.signal.reason;
  }

  /** Why something failed: by the clock, by the caller, or by itself. */
  why(): "timeout" | "aborted" | "network" {
    if (this.#timedOut) return "timeout";
    return this.signal.aborted ? "aborted" : "network";
  }

  /** The caller's reason. */
  reason(): unknown {
    return this.#caller?.aborted ? this.#caller.reason : this.signal.reason;
  }

  /** Whether the caller's own signal ended it. */
  get byCaller(): boolean {
    return this.#caller?.aborted === true;
  }

  /** The promise, or the end of the time: a `fetch` that never answers need not heed its signal. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.signal.aborted) {
        promise.catch(() => undefined);
        reject(this.signal.reason);
        return;
      }
      this.#waiting.add(reject);
      promise.then(
        (value) => (this.#waiting.delete(reject), resolve(value)),
        (error) => (this.#waiting.delete(reject), reject(error)),
      );
    });
  }

  /** Is told when it is given up, at once where it already is; gives what ends that. */
  onAbort(tell: () => void): () => void {
    if (this.signal.aborted) {
      tell();
      return () => undefined;
    }
    this.#waiting.add(tell);
    return () => void this.#waiting.delete(tell);
  }

  /** Waits, or less where the call is given up: the next step finds that out. */
  async wait(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const slept = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await this.race(slept).catch(() => undefined);
    clearTimeout(timer);
  }

  /** Gives the call up. */
  abort(reason?: unknown): void {
    if (this.signal.aborted) return;
    this.#controller.abort(reason);
    for (const giveUp of this.#waiting) giveUp(this.signal.reason);
    this.#waiting.clear();
  }

  /** Nothing may wait any more: no timer and no listener is left. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#caller?.removeEventListener("abort", this.#giveUp);
  }
}

/** The time that a try has until its answer begins. */
export class Start {
  /** Aborted when the call is, and when that time is up. */
  readonly signal: AbortSignal;
  readonly #deadline: Deadline;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #late: ((reason: unknown) => void) | undefined;
  isLate = false;

  constructor(deadline: Deadline, ms: number | undefined) {
    this.#deadline = deadline;
    this.signal = deadline.signal;
    if (ms === undefined || ms === null) return;
    const own = new AbortController();
    this.signal = own.signal;
    // Its body is read under the same signal.
    deadline.signal.addEventListener("abort", () => own.abort(deadline.signal.reason), { once: true });
    this.#timer = setTimeout(() => {
      this.isLate = true;
      own.abort(new DOMException("the answer did not begin in time", "TimeoutError"));
      this.#late?.(own.signal.reason);
    }, ms);
  }

  /** The promise, or the end of the time. */
  race<T>(promise: Promise<T>): Promise<T> {
    if (this.#timer === undefined) return this.#deadline.race(promise);
    const late = new Promise<never>((_, reject) => (this.#late = reject));
    return this.#deadline.race(Promise.race([promise, late]));
  }

  /** It has begun, or never will. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
