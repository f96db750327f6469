/** The public types of fresh prices and of explanations: apart from what works with them, since they stand on the core's. */
import type { MatchType, PriceQuery, Provider, RateSource, Warning } from "./types.js";

/** What {@link PriceBook.update} knows. */
export interface UpdateOptions {
  /** Another `fetch` than the host's. */
  fetch?: typeof fetch;
  /**
   * The ETag of what the program has already: the answer 304 then is no news. If left out, that of the last update from there.
   * With `sha256` it is only sent where that update took the very table.
   */
  etag?: string;
  /** The SHA-256 of the only table that is taken, in hexadecimal. */
  sha256?: string;
  /** Headers to send along, such as a key of a table of one's own. */
  headers?: HeadersInit;
  /** Gives up; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds for all of it, reading included: 30,000, if left out. */
  timeout?: number;
  /** The largest table, in bytes: 32 MiB, if left out, and at most. */
  maxBytes?: number;
  /** The factor by which a price may move, up or down: 10, if left out; `Infinity` for any. */
  maxPriceRatio?: number;
  /** The share of the book's models that the table may lack, 0 to 1: 0.1, if left out. They keep their prices. */
  maxLost?: number;
  /** How many names may find another provider's model than they do: none, if left out; `Infinity` for any. */
  maxTaken?: number;
  /** Says what would change, and changes nothing. */
  dryRun?: boolean;
}

/** A rate that is another one. */
export interface PriceChange {
  provider: Provider;
  model: string;
  /** The unit or `multiplier`, behind the condition that it stands under: `input`, `regions.eu.services.flex.output`; or `context`, `maxOutput`, `capabilities`. */
  rate: string;
  /** USD for a million tokens or one of anything else, exact; tokens of a limit, names of capabilities; absent where there was none. */
  from?: string;
  to: string;
  /** The first day of the price that differs, where it is known. */
  since?: string;
}

/** A name that finds a model, and would find one of another provider. */
export interface TakenName {
  /** In lower case: `models/gemini-2.5-pro`. */
  name: string;
  /** The model that it finds, and the one that it would find, as `provider/id`. */
  from: string;
  to: string;
}

/** Why a table was not taken. */
export interface UpdateRefusal {
  /**
   * `too_large`; `sha256` of another table; `unreadable`: no table of prices, or one with a wrong type, a hostile key or a
   * number that is none; `name_taken` from another provider's model; `price_moved` by too much; `models_lost`, too many of
   * them; `superseded` by an update that was asked for later and answered earlier.
   */
  reason: "too_large" | "sha256" | "unreadable" | "name_taken" | "price_moved" | "models_lost" | "superseded";
  /** What was expected and what was found. */
  detail: string;
  /** Where in the table; of a name that would be taken the model that would have it, as `provider/id`. */
  path?: string;
}

/** What came of {@link PriceBook.update}. Lists end after a thousand entries; `counts` go on. */
export interface UpdateReport {
  /** `updated`; `unchanged`, where the server or the table says so; `refused`, and the book is as it was. */
  status: "updated" | "unchanged" | "refused";
  /** Whether the book is another one now; false for a dry run. */
  updated: boolean;
  refusal?: UpdateRefusal;
  url: string;
  /** For the next update. */
  etag?: string;
  /** Of the table, in hexadecimal, where the host can tell: a pin for later. */
  sha256?: string;
  bytes?: number;
  /** The day on which the table was read. A source that says when it was read keeps its own day. */
  retrievedAt?: string;
  /** How many models the book has now. */
  models: number;
  /** Models that had no price, as `provider/id`. */
  added: string[];
  /** Models that the table lacks. They keep their prices. */
  lost: string[];
  changes: PriceChange[];
  /** What moved by more than `maxPriceRatio`. */
  moved: string[];
  /** Names that would find another provider's model than they do. */
  taken: TakenName[];
  counts: { added: number; lost: number; changes: number; moved: number; taken: number };
}

/** A model whose price may be out of date. */
export interface StaleRate {
  model: string;
  provider: Provider;
  source: RateSource;
  /** Whole days since the source was read; absent where nobody knows when it was. */
  days?: number;
}

/** A rate of a row under a condition. */
export interface ExplainedVariant {
  /** `regions.eu.services.flex.tiers.200000` */
  when: string;
  /** Whether it holds for the query. */
  holds: boolean;
  multiplier?: string;
  /** USD per million, exact. */
  rates: Record<string, string>;
}

/** How an item came about. */
export interface ExplainedItem {
  unit: string;
  quantity: number;
  /** With all multipliers. */
  ratePerMillion: string;
  usd: string;
  /** The unit whose rate it is: another one where it has none of its own. */
  rateOf: string;
  /** Without multipliers. */
  rate: string;
  /** The variant that names the rate; empty for the row's own. */
  variant: string;
  multipliers: { variant: string; multiplier: string }[];
  /** `8000 x 0.125 / 1000000 x 1.1 = 0.0011` */
  product: string;
}

/** Why a price is what it is. */
export interface Explanation {
  priced: true;
  asked: string;
  model: string;
  provider: Provider;
  matchType: MatchType;
  at: string;
  /** The tier and the region that are billed, where they are not the default. */
  serviceTier?: string;
  region?: string;
  /** What chooses the context tier. */
  inputTokens: number;
  /** Where the price was published. */
  source: RateSource;
  /** The first day of the price in force, and that of the next one, where known. */
  from?: string;
  until?: string;
  /** All prices that the model has had or is to have. */
  rows: { from?: string; source: RateSource; inForce: boolean }[];
  /** The row's own rates in USD per million, exact. */
  rates: Record<string, string>;
  /** What differs under conditions, the most specific first. */
  variants: ExplainedVariant[];
  items: ExplainedItem[];
  usd: string;
  low?: string;
  high?: string;
  /** What is taken for granted. */
  assumptions: string[];
  warnings: Warning[];
}

/** The rest of a {@link PriceQuery}, for {@link PriceBook.explain}. Without a usage there are no items. */
export type ExplainOptions = Partial<Omit<PriceQuery, "model">>;
