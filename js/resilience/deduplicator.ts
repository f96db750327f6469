/** Calls that are the same, and under way at the same time, are one. */
import { TimeoutError } from "../errors.js";
import { known, LONGEST_MS } from "./check.js";

/** One call that several wait for. */
interface Flight<T> {
  answer: Promise<T>;
  readonly controller: AbortController;
  callers: number;
}

/** What a call gave, and whether somebody else had begun it. */
export interface Landed<T> {
  value: T;
  isShared: boolean;
}

/**
 * Sends calls that are the same, and under way at the same time, once: one reservation, one record, and the answer to each. Whoever gives up
 * does so alone; the call is given up with the last of them. Streams, and calls with a vault, are never shared, nor are calls of different
 * agents, scopes, accounts or options.
 *
 * ```ts
 * const client = new GuardedOpenAI({ apiKey, deduplicator: new Deduplicator() });
 * ```
 */
export class Deduplicator {
  /** By the client whose guardrails and budgets they go through. */
  readonly #flights = new WeakMap<object, Map<string, Flight<unknown>>>();

  constructor(options: Record<string, never> = {}) {
    known("the options of Deduplicator", options, []);
  }

  /** @internal */
  async share<T>(owner: object, key: string, signal: AbortSignal | undefined, timeoutMs: number, send: (signal: AbortSignal) => Promise<T>): Promise<Landed<T>> {
    signal?.throwIfAborted();
    const flights = this.#flights.get(owner) ?? new Map<string, Flight<unknown>>();
    this.#flights.set(owner, flights);
    const known = flights.get(key) as Flight<T> | undefined;
    const flight = known ?? begin(send, () => land());
    const land = (): void => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    if (known === undefined) flights.set(key, flight);
    flight.callers += 1;
    const value = await new Promise<T>((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", giveUp);
      };
      const leave = (reason: unknown): void => {
        end();
        reject(reason);
        flight.callers -= 1;
        if (flight.callers > 0) return;
        // Nobody waits any more. Who comes from now on asks anew.
        land();
        flight.controller.abort(reason);
      };
      const giveUp = (): void => leave(signal!.reason);
      // Its own, and not only the call's: a host may end the request that began it without a word.
      const timer = setTimeout(() => {
        const message = `cannot wait longer: expected the answer to a call that is shared within ${timeoutMs} ms, found none`;
        leave(new TimeoutError({ code: "timeout", message, context: { timeout: timeoutMs } }));
      }, Math.min(timeoutMs + GRACE_MS, LONGEST_MS));
      signal?.addEventListener("abort", giveUp, { once: true });
      flight.answer.then(
        (found) => (end(), resolve(found)),
        (error) => (end(), reject(error)),
      );
    });
    return { value, isShared: known !== undefined };
  }
}

/** The call's own time is up a little earlier than that of those who wait for it. */
const GRACE_MS = 1_000;

function begin<T>(send: (signal: AbortSignal) => Promise<T>, land: () => void): Flight<T> {
  const controller = new AbortController();
  const answer = send(controller.signal);
  // Whoever waits hears of it; there may be nobody left.
  answer.catch(() => undefined).finally(land);
  return { answer, controller, callers: 0 };
}
