// A clock that stands still until a test lets time pass: `Date.now`, `setTimeout` and `clearTimeout`.

/** Puts it in the place of the host's; gives what lets time pass, and what puts the host's back. */
export function stopClock(start = 1_790_000_000_000) {
  const own = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout, now: Date.now };
  /** In the order in which they were set. */
  const timers = new Map();
  let now = start;
  Date.now = () => now;
  globalThis.setTimeout = (act, ms = 0, ...words) => {
    const timer = { ref: () => timer, unref: () => timer, hasRef: () => true, refresh: () => timer };
    timers.set(timer, { at: now + Math.max(1, ms), act: () => act(...words) });
    return timer;
  };
  globalThis.clearTimeout = (timer) => void timers.delete(timer);
  return {
    /** Lets so many milliseconds pass. What is due happens when it is due, and what follows from it at that time. */
    async passes(ms) {
      const end = now + ms;
      await heard();
      for (;;) {
        let next;
        for (const [timer, { at }] of timers) if (at <= end && (next === undefined || at < timers.get(next).at)) next = timer;
        if (next === undefined) break;
        const { at, act } = timers.get(next);
        timers.delete(next);
        now = at;
        act();
        await heard();
      }
      now = end;
    },
    /** How many timers are set. */
    get timers() {
      return timers.size;
    },
    restore() {
      Object.assign(globalThis, { setTimeout: own.setTimeout, clearTimeout: own.clearTimeout });
      Date.now = own.now;
    },
  };
}

/** Lets promises that are settled be heard. */
export async function heard() {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}
