import { printPico, readPico } from "../pico.js";
import type { BudgetScope } from "../types.js";

/**
 * What one instance has spent and holds for some scopes in a quarter of an hour: a higher revision replaces it. Of tokens what was said; one that
 * an earlier release wrote has no counts.
 */
export type Sum = readonly [scopes: BudgetScope[], at: number, usd: string, revision: number, tokens?: number, requests?: number];

/** What a call comes to. */
export interface Taken {
  usd: string;
  /** Those that were said before, where none are. */
  tokens?: number | undefined;
  /** As many as at first, where none are said: one, and none of what a stream holds in addition. */
  requests?: number | undefined;
}

/** Nothing. */
export const NOTHING: Taken = { usd: "0", tokens: 0, requests: 0 };

/** No window of any time zone begins within one. */
const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
/** How long it is known what became of a call. */
const KNOWN_MS = 2 * DAY_MS;
/** Above so many calls it is seen which may be forgotten. */
const MANY = 10_000;

interface Quarter {
  readonly day: string;
  readonly scopes: BudgetScope[];
  readonly at: number;
  pico: bigint;
  tokens: number;
  requests: number;
  revision: number;
}

interface Call {
  readonly quarter: Quarter;
  readonly at: number;
  /** Of how many requests it is, if it is not released. */
  readonly count: number;
  pico: bigint;
  tokens: number;
  requests: number;
}

/** The sums of one instance, by UTC day. */
export class Sums {
  readonly #days = new Map<string, Map<string, Quarter>>();
  readonly #calls = new Map<string, Call>();
  readonly #changed = new Set<string>();

  /** Says what a call comes to: a reservation or a record, by a name of its own. Without scopes, only of one that is known: whether it is. */
  set(name: string, { usd, tokens, requests }: Taken, at: number, scopes?: BudgetScope[]): boolean {
    let call = this.#calls.get(name);
    if (call === undefined) {
      if (scopes === undefined) return false;
      call = { quarter: this.#quarter(scopes, at), at, count: requests ?? 1, pico: 0n, tokens: 0, requests: 0 };
      this.#calls.set(name, call);
      if (this.#calls.size > MANY) this.#forget(at);
    }
    const now = { pico: readPico(usd), tokens: tokens ?? call.tokens, requests: requests ?? call.count };
    if (now.pico === call.pico && now.tokens === call.tokens && now.requests === call.requests) return true;
    const { quarter } = call;
    quarter.pico += now.pico - call.pico;
    quarter.tokens += now.tokens - call.tokens;
    quarter.requests += now.requests - call.requests;
    quarter.revision += 1;
    Object.assign(call, now);
    this.#changed.add(quarter.day);
    return true;
  }

  /** Whether anything is to be written. */
  get changed(): boolean {
    return this.#changed.size > 0;
  }

  /** The days that have changed since this was last asked. */
  take(): string[] {
    const days = [...this.#changed];
    this.#changed.clear();
    return days;
  }

  /** Says that a day has not been written. */
  again(day: string): void {
    this.#changed.add(day);
  }

  /** The sums of a day. */
  of(day: string): Sum[] {
    return [...(this.#days.get(day)?.values() ?? [])].map(({ scopes, at, pico, revision, tokens, requests }) => [scopes, at, printPico(pico), revision, tokens, requests]);
  }

  #quarter(scopes: BudgetScope[], instant: number): Quarter {
    const at = Math.floor(instant / QUARTER_MS) * QUARTER_MS;
    const day = new Date(at).toISOString().slice(0, 10);
    let quarters = this.#days.get(day);
    if (quarters === undefined) this.#days.set(day, (quarters = new Map()));
    const name = `${at}${JSON.stringify(scopes)}`;
    let quarter = quarters.get(name);
    if (quarter === undefined) quarters.set(name, (quarter = { day, scopes, at, pico: 0n, tokens: 0, requests: 0, revision: 0 }));
    return quarter;
  }

  /** Forgets calls, and days that nothing can change any more. */
  #forget(now: number): void {
    for (const [name, { at }] of this.#calls) if (now - at > KNOWN_MS) this.#calls.delete(name);
    for (const day of this.#days.keys()) {
      const known = [...this.#calls.values()].some(({ quarter }) => quarter.day === day);
      if (!known && !this.#changed.has(day) && now - Date.parse(day) > KNOWN_MS + DAY_MS) this.#days.delete(day);
    }
  }
}
