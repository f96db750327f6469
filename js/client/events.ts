/** What a program is told of its calls while they go on. None of it holds what was asked or answered. */
import type { TollgateError } from "../errors.js";
import type { CostAlert, CostEstimate, CostRecord, Provider, SecurityMetadata } from "../types.js";
import { unawaited } from "../wait-until.js";
import type { Format } from "./target.js";

/** Whose call an event is of, and of which model. */
export interface CallIdentity {
  requestId: string;
  agentId: string;
  provider: Provider;
  /** As asked for; absent where the request names none. */
  model?: string;
}

/** What a call is expected to cost. It was not sent yet, and nothing is reserved. */
export interface EstimateEvent extends CallIdentity {
  estimate: CostEstimate;
}

/** A request that is about to be sent. */
export interface RequestEvent extends CallIdentity {
  /** Where to, without query and credentials. */
  url: string;
  /** Which try of the call it is, from 1. */
  attempt: number;
  timestamp: string;
}

/** What a guarded client, or a guarded `fetch`, can tell a program. What a listener throws breaks no call: `onError` is told of it. */
export interface CallEvents {
  /** What a call is expected to cost, before money is reserved for it. */
  onEstimate?: (event: EstimateEvent) => void;
  /** Each try, before it is sent. */
  onRequest?: (event: RequestEvent) => void;
  /** Each call that a guardrail or a budget refused, or ended in its stream, with what happened. */
  onBlocked?: (error: TollgateError) => void;
  /** Each record of what was spent: one for each try that may have been billed. */
  onRecord?: (record: CostRecord) => void;
  /** Each threshold of a budget that this client's calls crossed. */
  onAlert?: (alert: CostAlert) => void;
  /** What went wrong beside a call: a storage, a ledger, a listener. */
  onError?: (error: unknown) => void;
}

/** The names of {@link CallEvents}. */
export const EVENTS = ["onEstimate", "onRequest", "onBlocked", "onRecord", "onAlert", "onError"] as const;
/** One of them. */
export type EventName = (typeof EVENTS)[number];
type EventOf<K extends EventName> = Parameters<NonNullable<CallEvents[K]>>[0];

/** Listeners that came after the configuration. */
export class Listeners {
  readonly #sets: { [K in EventName]?: Set<(event: EventOf<K>) => void> } = {};

  /** Adds one; gives what takes it away. */
  add<K extends EventName>(name: K, listener: (event: EventOf<K>) => void): () => void {
    const set = ((this.#sets[name] as Set<typeof listener> | undefined) ??= new Set() as never) as Set<typeof listener>;
    set.add(listener);
    return () => void set.delete(listener);
  }

  of<K extends EventName>(name: K): ((event: EventOf<K>) => void)[] {
    return [...((this.#sets[name] as Set<(event: EventOf<K>) => void> | undefined) ?? [])];
  }
}

/** Who is told of one call. */
export class Audience {
  readonly #config: CallEvents;
  readonly #more: Listeners | undefined;

  constructor(config: CallEvents, more: Listeners | undefined) {
    this.#config = config;
    this.#more = more;
  }

  /** Whether anybody listens. */
  has(name: EventName): boolean {
    return this.#all(name).length > 0;
  }

  /** Tells all that listen; answers whether none of them threw. */
  tell<K extends EventName>(name: K, event: EventOf<K>): boolean {
    let fine = true;
    for (const listener of this.#all(name)) {
      try {
        // One that is asynchronous fails later: nobody waits for it, and its fault breaks nothing.
        unawaited(listener(event), (error) => this.#failed(name, error));
      } catch (error) {
        fine = false;
        this.#failed(name, error);
      }
    }
    return fine;
  }

  #all<K extends EventName>(name: K): ((event: EventOf<K>) => void)[] {
    const own = this.#config[name] as ((event: EventOf<K>) => void) | undefined;
    return [...(own == null ? [] : [own]), ...(this.#more?.of(name) ?? [])];
  }

  /** A listener's fault is told to `onError`; one of `onError` itself to nobody. */
  #failed(name: EventName, error: unknown): void {
    if (name !== "onError") this.tell("onError", error);
  }
}

/** What watches calls from their beginning to their end, as `tollgate/telemetry` makes it. */
export interface CallObserver {
  /** A call begins. What this throws breaks no call. */
  begin(call: CallBeginning): CallObservation | undefined;
}

/** A call that begins. */
export interface CallBeginning extends CallIdentity {
  /** In what it is written. */
  format: Format;
  /** Where to, without query and credentials. */
  url: string;
  /** The request's body as its caller gave it: content. */
  body(): string;
}

/** One call that is watched. */
export interface CallObservation {
  /** Sends a try: what the host observes meanwhile belongs to this call. */
  run<T>(send: () => T): T;
  /** It is over, and settled. */
  end(end: CallEnding): void;
}

/** How a call ended. */
export interface CallEnding {
  security: SecurityMetadata;
  /** Where the last try went, without query and credentials: after a fallback that is another place than the first. */
  url: string;
  /** The record of each try that may have been billed, in their order: after a fallback of several models. */
  records: readonly CostRecord[];
  /** What it ended with, where that is an error. */
  error?: unknown;
  /** The answer's body, where it is no stream: content. */
  answer(): string | undefined;
}

/** Several observers as one, of which none can break a call. */
export function observe(observers: CallObserver | readonly CallObserver[] | undefined, call: CallBeginning): CallObservation | undefined {
  if (observers == null) return undefined;
  const list = Array.isArray(observers) ? (observers as readonly CallObserver[]) : [observers as CallObserver];
  const begun = list.map((observer) => quietly(() => observer.begin(call))).filter((one) => one !== undefined);
  if (begun.length === 0) return undefined;
  return {
    run: (send) => begun.reduceRight<() => ReturnType<typeof send>>((inner, one) => () => once(inner, (only) => one.run(only)), send)(),
    end: (ending) => begun.forEach((one) => quietly(() => one.end(ending))),
  };
}

/** Runs something inside of something else: exactly once, whatever that does. */
function once<T>(inner: () => T, outside: (only: () => T) => T): T {
  let ran = false;
  let result: () => T = inner;
  const only = (): T => {
    if (!ran) {
      ran = true;
      try {
        const value = inner();
        result = () => value;
      } catch (error) {
        result = () => {
          throw error;
        };
      }
    }
    return result();
  };
  quietly(() => outside(only));
  return only();
}

function quietly<T>(act: () => T): T | undefined {
  try {
    const result = act();
    unawaited(result);
    return result;
  } catch {
    // An observer's fault must not break the call that it watches.
    return undefined;
  }
}

/** A URL as others may see it: no query, which may be a key, and no credentials. */
export function placeOf(url: string): string {
  try {
    const { origin, pathname } = new URL(url);
    return origin + pathname;
  } catch {
    // What is no URL fails when it is sent.
    return "";
  }
}
