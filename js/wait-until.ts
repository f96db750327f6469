/** What a host is told that is still owed. */

/** Asks a host to wait for it. One that can't be asked, outside of a request or with its method torn off, breaks nothing. */
export function prolong(waitUntil: ((promise: Promise<unknown>) => void) | undefined, promise: Promise<unknown>): void {
  try {
    waitUntil?.(promise);
  } catch {
    // There is nothing to prolong.
  }
}

/** Catches what an application's own function answers with, where that is a promise: nobody waits for it, and it must not end the program. */
export function unawaited(result: unknown, failed: (error: unknown) => void = () => undefined): void {
  if (typeof (result as PromiseLike<unknown> | null | undefined)?.then === "function") Promise.resolve(result).catch(failed);
}
