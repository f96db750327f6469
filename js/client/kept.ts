/** An answer that is kept: looked up before anything is held or sent, and kept for others when it is whole. */
import type { Held } from "../core.js";
import { TimeoutError, TollgateError } from "../errors.js";
import type { SecurityMetadata } from "../types.js";
import type { CallHost, CoreCall } from "./host.js";
import { nameOf } from "./named.js";

/** The answer of the cache, where it has one. Asked for when the request is as it would be sent. */
export async function lookUp(core: Held<CoreCall>, { cache, deadline, aim, audience }: CallHost): Promise<Response | undefined> {
  if (cache === undefined) return undefined;
  cache.begin();
  let found: Response | undefined;
  try {
    const headers = await deadline.race(aim.headers());
    const body = core.use((call) => call.body());
    found = await deadline.race(cache.find({ target: aim.target, headers, body }));
  } catch (error) {
    // Given up, or without a key: sending it will say so.
    if (deadline.signal.aborted || TollgateError.isInstance(error)) return undefined;
    core.use((call) => call.warn("cache_unavailable", `cannot read the cache: found ${nameOf(error)}`));
    if (!audience.tell("onError", error)) core.use((call) => call.warn("callback_failed", "onError threw"));
  }
  if (found !== undefined) core.use((call) => call.replay());
  return found;
}

/** Keeps an answer for others. */
export function keep({ cache, audience }: CallHost, text: string | undefined, type: string, { costRecord }: SecurityMetadata, until: number): Promise<void> {
  // A store that never answers holds up nobody for longer than the call might have lasted.
  return new Promise<void>((resolve) => {
    const end = (): void => (clearTimeout(timer), resolve());
    const fail = (error: unknown): void => (end(), void audience.tell("onError", error));
    const message = "cannot keep an answer: expected the cache's store to take it within the call's timeout, found that it has not";
    const timer = setTimeout(() => fail(new TimeoutError({ code: "timeout", message })), Math.min(Math.max(until - Date.now(), 1), 2_147_483_647));
    cache!.keep(text, type, costRecord?.usd).then(end, fail);
  });
}
