/** Prices: the bundled book, what a usage costs, and the catalogue that it stands on. */
import { Held, addText, numberAt, run } from "./core.js";
import bundled from "./data/prices.js";
import { ValidationError } from "./errors.js";
import { type Known, answer, decimal } from "./price-answer.js";
import { count, isPlain, isPlainObject, isText, jsonOf, text } from "./price-input.js";
import { UNTIL, holds, isDisputed, quickly } from "./price-quick.js";
import type { ExplainOptions, Explanation, StaleRate, UpdateOptions, UpdateReport } from "./price-types.js";
import { SUPERSEDED, type Taken, fetchTable, headersOf, judge } from "./price-update.js";
import { offerVocabularies } from "./registry.js";
import { toJson } from "./store/json.js";
import type {
  Bound,
  Cost,
  InstantInput,
  MatchType,
  ModelMatch,
  ModelPricing,
  PriceQuery,
  Provider,
  RateSource,
  ResponseCost,
  ResponseOptions,
  Unpriced,
  UpperBoundOptions,
  Usage,
} from "./types.js";
import { bodyText } from "./usage.js";
import type { PriceBook as CoreBook } from "./wasm/core.js";

// Beside the class and not in a static block of it: a bundler keeps a class that has one, and with it all prices.
const cores = new WeakMap<PriceBook, Held<CoreBook>>();
let shared: PriceBook | undefined;

/**
 * The object of the core behind a book, for the parts of the face that price by it.
 *
 * @internal
 */
export function coreOf(book: PriceBook): Held<CoreBook> {
  return cores.get(book)!;
}

/**
 * Models and their prices.
 *
 * ```ts
 * const book = PriceBook.bundled();
 * const cost = book.price({ model: "gpt-5", usage: { input: 10_000, output: 500 } });
 * if (cost.priced) console.log(cost.usd); // "0.0175"
 * ```
 */
export class PriceBook {
  #core: Held<CoreBook>;
  /** The flat prices of models, by the core's handle; empty where a model has none. */
  #sheets: Float64Array[] = [];
  /** What names stand for, by provider: programs ask for a handful again and again. */
  readonly #known = new Map<string | undefined, Map<string, Known>>();
  /** How many names are remembered, of all providers. */
  #remembered = 0;
  /** What is found, by the core's number for it: many names may find one model. */
  readonly #found = new Map<number, Known>();
  #kinds: MatchType[] | undefined;
  #tiers: string[] | undefined;
  /** The place of each count among those handed over. */
  #places: Map<string, number> | undefined;
  /** The instant before which a clock is not set. */
  #retrieved: number | undefined;
  /** After an update: the core's handle of each of ours, and ours of each of the core's. Ours never change. */
  #moved: { core: Int32Array; own: Int32Array } | undefined;
  /** The table that was last taken by an update. */
  #taken: Taken | undefined;
  /** How many updates were asked for, and the number of the one whose table was taken last. */
  #updates = 0;
  #applied = 0;

  private constructor(made: Held<CoreBook>) {
    this.#core = made;
    cores.set(this, made);
  }

  /**
   * The book of a packed text, for the entries that ship one.
   *
   * @internal
   */
  static packed(text: () => string): PriceBook {
    return new PriceBook(new Held("rebuildable", (core) => new core.PriceBook(new TextEncoder().encode(text()))));
  }

  /** The book of the main providers that ships with the package. It is read at its first use. */
  static bundled(): PriceBook {
    shared ??= PriceBook.packed(() => bundled);
    return shared;
  }

  /**
   * A book from a table of prices: of ours ({@link PriceBook.toJSON}), LiteLLM's, genai-prices' or models.dev's, told apart
   * by what is in it. Nothing of the bundled book is in it.
   *
   * ```ts
   * const models = [{ provider: "acme", id: "fast-1", rows: [{ rates: { input: "0.4", output: "1.6" } }] }];
   * const book = PriceBook.fromJSON({ tollgate: 1, models });
   * ```
   *
   * @throws ValidationError for a table that is none of them, or was read in the future; it names the path of what is wrong
   */
  static fromJSON(json: string | object): PriceBook {
    // The mark that editors put before a text is no part of JSON.
    const text = typeof json === "string" ? json.replace(/^\uFEFF/, "") : jsonOf(json);
    // What was read once is read again after a trap, whatever the clock says by then.
    const now = Date.now();
    const book = new PriceBook(new Held("rebuildable", (core) => core.PriceBook.fromJSON(text, now)));
    // What is wrong with it is said here, not at the first price.
    void book.size;
    return book;
  }

  /**
   * The book as a table of ours, of which {@link PriceBook.fromJSON} makes the same book. It reads every model: that takes
   * some hundred milliseconds for the bundled one.
   */
  toJSON(): object {
    return JSON.parse(this.#core.use((book) => book.toJSON())) as object;
  }

  /** How many models it has. */
  get size(): number {
    return this.#core.use((book) => book.size);
  }

  /**
   * The exact, itemised cost of a usage, or why there is none.
   *
   * The price is that of `at` (now, if left out), of the service tier that served and of the region. With `auto`, and where
   * sources differ, `low` and `high` say what else it may be. A service tier that the model has no rates for is the default
   * with a warning for `batch` and `flex`, which cost no more, and else `no_rate`.
   *
   * `items` and `source` are built when they are read.
   *
   * @throws ValidationError for an unknown unit, a count that is negative, fractional or not finite, or an unreadable `at`
   */
  price(query: PriceQuery): Cost | Unpriced {
    return this.#quickly(query) ?? (this.#core.use((book) => book.price(query)) as Cost | Unpriced);
  }

  /** The cost where there is nothing to tell beside it; undefined for everything else, what can't be read included. */
  #quickly(query: PriceQuery): Cost | undefined {
    if (!isPlainObject(query)) return undefined;
    for (const key in query) if (!QUERY.has(key)) return undefined;
    const { model, provider, usage, at, serviceTier, region } = query;
    if (typeof model !== "string" || !isText(provider) || !isText(serviceTier) || !isText(region)) return undefined;
    const known = this.#know(model, provider);
    const now = this.#instant(at);
    if (known === undefined || now === undefined) return undefined;
    if (serviceTier === undefined && region === undefined) {
      const cost = this.#ofUsage(known, usage, now);
      if (cost !== undefined) return cost;
    }
    const counts = this.#counts(usage);
    return counts && this.#ofCounts(known, counts, now, serviceTier, region);
  }

  /** An instant as milliseconds; undefined for what the core reads, or refuses. */
  #instant(at: InstantInput | undefined): number | undefined {
    const now = at === undefined ? this.#now() : at instanceof Date ? at.getTime() : at;
    return typeof now === "number" && Math.abs(now) <= 8.64e15 ? now : undefined;
  }

  /** The cost of a usage that has nothing but the four counts that most calls have; undefined for any other. */
  #ofUsage(known: Known, usage: Usage, now: number): Cost | undefined {
    if (!isPlainObject(usage)) return undefined;
    let [input, output, cacheRead, cacheWrite] = [0, 0, 0, 0];
    for (const key in usage) {
      // Each is read where it is found to be the object's own: what all objects have is said by none.
      if (!Object.hasOwn(usage, key)) return undefined;
      if (key === "input") input = usage.input;
      else if (key === "output") output = usage.output;
      else if (key === "cacheRead") cacheRead = usage.cacheRead ?? 0;
      else if (key === "cacheWrite") cacheWrite = usage.cacheWrite ?? 0;
      else return undefined;
    }
    return this.#ofFour(known, input, output, cacheRead, cacheWrite, now);
  }

  /** The cost of four counts by the flat prices; undefined where they don't say. */
  #ofFour(known: Known, input: number, output: number, cacheRead: number, cacheWrite: number, now: number): Cost | undefined {
    const sheet = this.#sheets[known.handle] ?? this.#sheet(known.handle);
    if (!holds(sheet, now)) return undefined;
    const pico = quickly(sheet, input, output, cacheRead, cacheWrite);
    if (pico !== pico || isDisputed(sheet, input + cacheRead + cacheWrite)) return undefined;
    const core = this.#core;
    // What the caller does to its object afterwards changes nothing.
    const items = () => {
      const counts = this.#counts({ input, output, cacheRead, cacheWrite })!;
      return core.use((book) => book.itemsOf(known.handle, counts, now));
    };
    return answer(known, decimal(pico), pico / 1e12, { items, source: () => core.use((book) => book.sourceOf(known.handle, now)) });
  }

  /** The cost of counts by the core; undefined where there is something to tell beside it. */
  #ofCounts(known: Known, counts: Float64Array, now: number, serviceTier: string | undefined, region: string | undefined): Cost | undefined {
    const core = this.#core;
    const usd = core.use((book) => book.usdOf(known.handle, counts, now, serviceTier, region));
    if (usd === undefined) return undefined;
    const items = () => core.use((book) => book.itemsOf(known.handle, counts, now, serviceTier, region));
    return answer(known, usd, Number(usd), { items, source: () => core.use((book) => book.sourceOf(known.handle, now)) });
  }

  /** The counts of a usage in the core's order; undefined where one is none, or has a name of its own. */
  #counts(usage: Usage): Float64Array | undefined {
    if (!isPlainObject(usage)) return undefined;
    if (this.#places === undefined) {
      const keys = this.#core.use((book) => book.usageKeys());
      this.#places = new Map(keys.map((key, place) => [key, place]));
    }
    const counts = new Float64Array(this.#places.size);
    for (const key in usage) {
      const count: unknown = usage[key as keyof Usage];
      if (count == null) continue;
      const place = this.#places.get(key);
      if (place === undefined || typeof count !== "number" || !Object.hasOwn(usage, key)) return undefined;
      counts[place] = count;
    }
    return counts;
  }

  /** What a name stands for; undefined for nothing. */
  #know(model: string, provider: string | undefined): Known | undefined {
    const of = this.#known.get(provider);
    const seen = of?.get(model);
    if (seen !== undefined) return seen;
    const found = this.#core.use((book) => book.find(model, provider));
    if (found < 0) return undefined;
    const known = this.#found.get(found) ?? this.#learn(found);
    // Names may come from anywhere: what is remembered is bounded.
    if (this.#remembered >= MAX_KNOWN) {
      this.#known.clear();
      this.#remembered = 0;
    }
    this.#remembered += 1;
    const under = this.#known.get(provider);
    if (under === undefined) this.#known.set(provider, new Map([[model, known]]));
    else under.set(model, known);
    return known;
  }

  /** What the core's number of something found stands for. */
  #learn(found: number): Known {
    const kinds = (this.#kinds ??= this.#core.use((book) => book.kinds()) as MatchType[]);
    const handle = Math.floor(found / kinds.length);
    const [model, provider] = this.#core.use((book) => book.names(handle)) as [string, string];
    const known: Known = { handle, model, provider, matchType: kinds[found % kinds.length]! };
    this.#found.set(found, known);
    return known;
  }

  /**
   * What the call behind a body cost: a response's text or object, a stream's whole text, or a usage object; see
   * {@link extractUsage} for what is read.
   *
   * A cost that the provider reports (OpenRouter, Perplexity, xAI) wins, and the computed one stands beside it; a reported 0
   * for what is not free does not. Without a usage the answer is `invalid_usage`.
   *
   * ```ts
   * const body = { model: "gpt-5", usage: { prompt_tokens: 10_000, completion_tokens: 500, prompt_tokens_details: { cached_tokens: 8_000 } } };
   * const cost = PriceBook.bundled().priceResponse(body);
   * if (cost.priced) console.log(cost.usd); // "0.0085"
   * ```
   *
   * @throws ValidationError for a body that is neither a text nor an object, or an unreadable `at`
   */
  priceResponse(body: string | object, options: ResponseOptions = {}): ResponseCost | Unpriced {
    if (!isPlain(options)) run((core) => core.checkResponseOptions(options));
    const { provider, model, at, serviceTier, region } = options;
    const text = bodyText(body);
    const cost = this.#told(text, options);
    if (cost !== undefined) return cost;
    return JSON.parse(this.#core.use((book) => book.priceResponse(new TextEncoder().encode(text), provider, model, at, serviceTier, region))) as ResponseCost | Unpriced;
  }

  /** What the call behind a body cost, where there is nothing to tell beside it. */
  #told(text: string, { provider, model, at, serviceTier, region }: ResponseOptions): ResponseCost | undefined {
    const now = this.#instant(at ?? undefined);
    if (now === undefined) return undefined;
    const found = this.#core.use((book) => {
      const length = addText(text, 0);
      return book.told(length, provider == null ? -1 : addText(provider, length));
    });
    if (found < 0 && found !== NO_NAME) return undefined;
    // Before anything else is asked of the core.
    const [told, input, output, cacheRead, cacheWrite] = [numberAt(0), numberAt(1), numberAt(2), numberAt(3), numberAt(4)];
    const others = numberAt(5) === 0 ? undefined : Array.from({ length: numberAt(5) }, (_, at) => numberAt(6 + at));
    const known = found >= 0 ? (this.#found.get(found) ?? this.#learn(found)) : this.#know(model ?? "", provider ?? undefined);
    if (known === undefined) return undefined;
    const tier = told > 0 ? this.#tierOf(told) : (serviceTier ?? undefined);
    let cost: Cost | undefined;
    if (others === undefined && region == null && (tier === undefined || tier === "default")) cost = this.#ofFour(known, input, output, cacheRead, cacheWrite, now);
    if (cost === undefined) {
      const counts = others === undefined ? this.#counts({ input, output, cacheRead, cacheWrite })! : Float64Array.from(others);
      cost = this.#ofCounts(known, counts, now, tier, region ?? undefined);
    }
    if (cost !== undefined) (cost as ResponseCost).costSource = "computed";
    return cost as ResponseCost | undefined;
  }

  /** The service tier that the core tells by number. */
  #tierOf(told: number): string {
    this.#tiers ??= this.#core.use((book) => book.tiers());
    return this.#tiers[told]!;
  }

  /**
   * The most that a request can cost, or why nothing says: what a budget has to hold before the call. The request is the body
   * of a chat completion, a response, a completion, an embedding, an image, speech or a transcription as OpenAI has them, of
   * Anthropic's messages or of Gemini's `generateContent`, as an object or its JSON text; its shape tells which.
   *
   * Whatever the request leaves open counts at its dearest: the context and service tier, the region, cache writes, every
   * choice with the whole output. A token is taken for each byte of text, never an estimate. `assumptions` says what it rests
   * on. A request that nothing bounds (a search tool without a limit on its calls) is `unbounded`.
   *
   * ```ts
   * const bound = book.upperBound({ model: "gpt-5", messages: [{ role: "user", content: "hello" }], max_completion_tokens: 100 });
   * if (bound.priced) console.log(bound.usd, bound.assumptions);
   * ```
   *
   * @throws ValidationError for what is no request, ConfigurationError for an unknown option
   */
  upperBound(request: string | object, options: UpperBoundOptions = {}): Bound | Unpriced {
    const body = typeof request === "string" ? request : toJson(request, "request");
    offerVocabularies();
    return this.#core.use((book) => book.upperBound(body, options ?? {})) as Bound | Unpriced;
  }

  /**
   * A model's handle for {@link PriceBook.cost}; -1 when the model is not known. It names a model of this book, not a
   * rate, and stays valid as long as the program runs.
   */
  handle(model: string, provider?: Provider): number {
    const handle = this.#core.use((book) => book.handle(text(model), provider));
    return this.#moved?.own[handle] ?? handle;
  }

  /**
   * The hot path: US dollars for plain and cached tokens at the default-tier rates of the moment of the call. Computed
   * exactly, given back as the nearest double; NaN for handle -1 and where a rate is missing.
   *
   * @throws ValidationError for a count that is negative, fractional or not finite
   */
  cost(handle: number, input: number, output: number, cacheRead = 0, cacheWrite = 0): number {
    // What is no whole number would be cut to one on its way into the core, and be another model's handle.
    if (typeof handle !== "number" || (handle | 0) !== handle) return NaN;
    if (this.#moved !== undefined) handle = this.#moved.core[handle] ?? -1;
    const sheet = this.#sheets[handle] ?? this.#sheet(handle);
    // Most prices are not announced to change, and asking the host for the time costs as much as a price.
    if (sheet[UNTIL] === Infinity || holds(sheet, this.#now())) {
      const pico = quickly(sheet, input, output, cacheRead, cacheWrite);
      if (pico === pico) return pico / 1e12;
    }
    return this.#costByCore(handle, [count(input), count(output), count(cacheRead), count(cacheWrite)]);
  }

  /** What the hot path leaves to the core. */
  #costByCore(handle: number, counts: [number, number, number, number]): number {
    const now = this.#now();
    const usd = this.#core.use((book) => book.cost(handle, ...counts, now));
    // No cost is below zero: it stands for a count that is none.
    if (usd < 0) this.#core.use((book) => book.checkCounts(...counts));
    return usd;
  }

  /** A model's flat prices, which are remembered; of what is no handle there are none. */
  #sheet(handle: number): Float64Array {
    const sheet = this.#core.use((book) => book.sheet(handle));
    if (sheet.length > 0) this.#sheets[handle] = sheet;
    return sheet;
  }

  /** The host's time, but never earlier than the prices were read: a clock that stands before that is not set. */
  #now(): number {
    this.#retrieved ??= this.#core.use((book) => book.retrieved());
    return Math.max(Date.now(), this.#retrieved);
  }

  /**
   * A new book: this one, with another over it. Where both have a model the other's word wins, and what it does not say stays;
   * a price without a first day holds from the day on which its source was read, so that calls before it keep their cost. Which
   * of two rows holds when is in `docs/prices.md`. Both books are as they were.
   *
   * It reads every model of both: that takes as long as {@link PriceBook.toJSON}.
   *
   * @throws ValidationError for what is no book
   */
  merge(other: PriceBook): PriceBook {
    const [own, over] = [this.#core, cores.get(other)];
    if (over === undefined) throw new ValidationError({ message: "cannot merge prices: expected a PriceBook, found another value" });
    const book = new PriceBook(new Held("rebuildable", () => own.use((under) => over.use((above) => under.merge(above)))));
    // What is wrong with it is said here, not at the first price.
    void book.size;
    return book;
  }

  /**
   * Fetches a table (ours, LiteLLM's, genai-prices' or models.dev's) and puts it over this book, as {@link PriceBook.merge} does.
   * All that price by the book have the new prices from then on; handles stay what they are.
   *
   * A table that can't be right is refused, the book is as it was, and the report says why: too large, another SHA-256 than the
   * one asked for, no table of prices or one with a wrong type in it, a price that moved by more than a factor of ten, too many
   * models missing, a name that would find another provider's model, or one that was asked for before the one that the book has by now. The day on which a price was read changes
   * only when its source was read.
   *
   * ```ts
   * const report = await book.update("https://prices.example/table.json", { maxLost: 0.5 });
   * if (report.status === "refused") console.warn(report.refusal?.detail);
   * ```
   *
   * @throws NetworkError, TimeoutError or an APIError of the status where there is no table to judge; the signal's reason
   * @throws ConfigurationError for an option that is unknown or out of range
   */
  async update(url: string, options: UpdateOptions = {}): Promise<UpdateReport> {
    const headers = headersOf(url, options, this.#taken);
    const number = (this.#updates += 1);
    const fetched = await fetchTable(url, headers, options);
    // From here on nothing waits: what another update did in the meantime is below.
    if (number < this.#applied && fetched.bytes !== undefined && options.dryRun !== true) fetched.refusal ??= SUPERSEDED;
    const { report, next, places } = judge(this.#core, url, fetched, options, Date.now());
    if (next !== undefined && places !== undefined) {
      this.#move(next, places, report.models);
      this.#applied = number;
      this.#taken = fetched.etag === undefined ? undefined : { url, etag: fetched.etag, sha256: fetched.sha256 };
    }
    return report;
  }

  /** Goes over to another book of the core, which has all models of the one before. */
  #move(next: Held<CoreBook>, places: Int32Array, size: number): void {
    const before = this.#moved?.core ?? Int32Array.from(places, (_, at) => at);
    const moved = { core: new Int32Array(size), own: new Int32Array(size).fill(-1) };
    before.forEach((handle, own) => {
      moved.core[own] = places[handle]!;
      moved.own[places[handle]!] = own;
    });
    let free = before.length;
    moved.own.forEach((own, handle) => {
      if (own >= 0) return;
      moved.own[handle] = free;
      moved.core[free] = handle;
      free += 1;
    });
    this.#moved = moved;
    this.#core = next;
    this.#sheets = [];
    this.#retrieved = undefined;
    this.#known.clear();
    this.#remembered = 0;
    this.#found.clear();
    this.#tiers = undefined;
    this.#kinds = undefined;
    cores.set(this, next);
  }

  /**
   * The models whose price in force comes from a source that was read more than so many days ago, or nobody knows when.
   *
   * @param at - as of when; now, if left out
   */
  staleRates(olderThanDays = 30, at?: InstantInput): StaleRate[] {
    return JSON.parse(this.#core.use((book) => book.stale(olderThanDays, at))) as StaleRate[];
  }

  /**
   * Why a price is what it is: how the name was found, the row and its source, which of its variants hold, how each item came
   * about, and what is taken for granted.
   *
   * ```ts
   * const told = PriceBook.bundled().explain("gpt-5", { usage: { input: 2_000, output: 500 }, serviceTier: "flex" });
   * if (told.priced) console.log(told.items[0]?.product); // "2000 x 0.625 / 1000000 = 0.00125"
   * ```
   */
  explain(model: string, query: ExplainOptions = {}): Explanation | Unpriced {
    return JSON.parse(this.#core.use((book) => book.explain(text(model), query))) as Explanation | Unpriced;
  }
}

/** More names than this are not remembered. */
const MAX_KNOWN = 1000;

/** What the core answers where a body names no model. */
const NO_NAME = -2;

/** The keys of a query. */
const QUERY: ReadonlySet<string> = new Set(["model", "provider", "usage", "at", "serviceTier", "region"]);
