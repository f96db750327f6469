/**
 * The public types, written by hand. Money given back stands twice: an exact decimal string, and the nearest double for
 * display. Instants given back are `YYYY-MM-DDTHH:mm:ss.sssZ`.
 */
import type { TollgateErrorCode, WarningCode } from "./codes.generated.js";

export type { TollgateErrorCode, WarningCode };

/** Something worth telling that stops nothing. */
export interface Warning {
  /** The stable code. */
  code: WarningCode;
  /** What was expected and what was found. */
  message: string;
}

/** An instant: a `Date`, UTC milliseconds, RFC 3339 with an offset, or `YYYY-MM-DD` (00:00 UTC). */
export type InstantInput = Date | number | string;

/** An amount of US dollars: a number, read as its shortest decimal, or a decimal string. */
export type MoneyInput = number | string;

// ---------------------------------------------------------------------------------------------------- prices and cost

/** Who answers the call, and whose price applies. */
export type Provider =
  | "openai"
  | "anthropic"
  | "azure-openai"
  | "google"
  | "cohere"
  | "mistral"
  | "bedrock"
  | "xai"
  | "deepseek"
  | "custom"
  | (string & {});

/** The same as {@link Provider}. */
export type ModelProvider = Provider;

/** Where a price comes from. */
export interface RateSource {
  /** The name of the source. */
  name: string;
  /** Where it was read. */
  url: string;
  /** Since when the price holds, where the source says. */
  effectiveFrom?: string;
  /** When the source was read. */
  retrievedAt: string;
}

/** A model's price, as AgentGuard shows it. */
export interface ModelPricing extends Omit<PriceVariant<string>, "rates" | "multiplier"> {
  model: string;
  provider: Provider;
  /** USD for 1,000 input tokens. */
  inputCostPer1K: number;
  /** USD for 1,000 output tokens. */
  outputCostPer1K: number;
  /** USD for one image. */
  imageCost?: number;
  /** USD for one second of audio. */
  audioCostPerSecond?: number;
  lastUpdated: string;
  source: RateSource;
  /** Every unit's rate in USD per million, as exact decimals. */
  rates: Record<string, string>;
}

/** What differs from a price under a condition. */
export interface PriceVariant<Money = MoneyInput> {
  /** USD per million, by unit. What is left out costs what it does without the condition. */
  rates?: Record<string, Money>;
  /** What the rates of all tokens are multiplied with, those named here excepted: at most 1,000, with at most six places. */
  multiplier?: Money;
  /** Within a long context. */
  tiers?: PriceTier<Money>[];
  /** In a service tier, by its name. */
  services?: Record<string, PriceVariant<Money>>;
  /** In a region, by its name; `*` for all but the global one. */
  regions?: Record<string, PriceVariant<Money>>;
  /** At hours of the week. */
  schedule?: PriceSchedule<Money>[];
}

/** What differs for a whole request, output included, when its input is long. */
export interface PriceTier<Money = MoneyInput> extends PriceVariant<Money> {
  /** Input tokens, cache included. */
  above: number;
  /** On which side exactly so many lie: `above` (below the tier, if left out), `from` (in it), `disputed` (nobody knows). */
  edge?: "above" | "from" | "disputed";
}

/** What differs at hours of the week, at a fixed offset from UTC. */
export interface PriceSchedule<Money = MoneyInput> extends PriceVariant<Money> {
  /** The days on which it begins, `1-5` or `6,7`; 1 is Monday. Every day, if left out. */
  days?: string;
  /** `HH:MM`, the first minute. */
  from: string;
  /** `HH:MM`, the minute after the last; at or before `from`, one of the next day. */
  to: string;
  /** `+HH:MM`; UTC, if left out. */
  offset?: string;
}

/** A price of one's own; what it leaves out is taken from the built-in row of exactly that model. */
export interface CustomPricing extends Omit<PriceVariant, "multiplier"> {
  /** USD for 1,000 input tokens. */
  inputCostPer1K?: MoneyInput;
  /** USD for 1,000 output tokens. */
  outputCostPer1K?: MoneyInput;
  /** USD for one image. */
  imageCost?: MoneyInput;
  /** USD for one second of audio. */
  audioCostPerSecond?: MoneyInput;
  provider?: Provider;
  /** USD per million, by unit; other names are units of one's own (`Usage.extra`). Holds under every condition that names no other. */
  rates?: Record<string, MoneyInput>;
  source?: string | Partial<RateSource>;
  lastUpdated?: string;
}

/** How a model was found: by its own id, an alias, a dated snapshot of it, or behind a provider's prefix. */
export type MatchType = "exact" | "alias" | "dated" | "prefix";

/** A model of the catalogue. */
export interface ModelMatch {
  id: string;
  provider: Provider;
  matchType: MatchType;
  /** The region that the name says: `us` of `us.anthropic.claude-opus-4-7`. */
  region?: string;
}

/**
 * What a call consumed. The parts never overlap, whatever the provider's own convention. Seconds may be a fraction, every
 * other count is whole.
 */
export interface Usage {
  /** Input tokens that no other part counts. */
  input: number;
  /** Output tokens that no other part counts. */
  output: number;
  /** Input tokens read from a prompt cache. */
  cacheRead?: number;
  /** Input tokens written to a prompt cache: for five minutes, or the provider's only kind. */
  cacheWrite?: number;
  cacheWrite30m?: number;
  cacheWrite1h?: number;
  cacheWrite12h?: number;
  /** A memo: the share of `output` that was reasoning. The only part that overlaps; never billed. */
  reasoning?: number;
  /** Reasoning tokens billed beside the output. */
  reasoningOutside?: number;
  /** Citation tokens billed beside the output. */
  citation?: number;
  inputAudio?: number;
  cacheReadAudio?: number;
  cacheWriteAudio?: number;
  outputAudio?: number;
  inputImage?: number;
  cacheReadImage?: number;
  outputImage?: number;
  inputVideo?: number;
  outputVideo?: number;
  /** Whole images made. */
  images?: number;
  /** Whole images given. */
  inputImages?: number;
  inputPixels?: number;
  outputPixels?: number;
  /** Seconds of audio given. */
  audioSeconds?: number;
  /** Seconds of audio made. */
  outputAudioSeconds?: number;
  /** Seconds of video made. */
  videoSeconds?: number;
  /** Seconds of video given. */
  inputVideoSeconds?: number;
  /** Characters given, where they are billed instead of tokens. */
  characters?: number;
  /** Characters made, where they are billed instead of tokens. */
  outputCharacters?: number;
  /** Pages of documents read. */
  pages?: number;
  /** Pages of documents read and annotated. */
  annotatedPages?: number;
  /** Queries of a reranker or a search model. */
  queries?: number;
  webSearches?: number;
  fileSearches?: number;
  mapsSearches?: number;
  codeInterpreterSessions?: number;
  /** Requests that carry a fee of their own. */
  requests?: number;
  /**
   * Counts by name: what a price names more closely than by its unit (`images:hd/1024x1792`, `videoSeconds:1080p`), and units
   * of one's own, priced by a custom price's rates of the same names.
   */
  extra?: Record<string, number>;
}

/** What is asked of {@link PriceBook.price}. */
export interface PriceQuery {
  model: string;
  provider?: Provider;
  usage: Usage;
  /** When the call was made; now, if left out. */
  at?: InstantInput;
  /** The service tier that served, else the one asked for; the default, if left out. */
  serviceTier?: "default" | "auto" | "batch" | "flex" | "priority" | (string & {});
  /** The region that served (`eu`); the global one, if left out. */
  region?: string;
  /**
   * Whether the usage sums several calls, as a provider's report of a day does. Their context tiers can't be told then: the cost
   * is that of none, and `low` and `high` say what else it may be.
   */
  aggregated?: boolean;
}

/** What {@link CostTracker.estimateCost} and {@link CostTracker.calculateActualCost} price a call by, besides its counts. */
export interface PriceOptions {
  /** When the call was made; now, if left out. It is the timestamp of what is given back. */
  at?: InstantInput;
  /** The service tier that served, else the one asked for. */
  serviceTier?: PriceQuery["serviceTier"];
  /** The region that served; the global one, if left out. */
  region?: string;
}

/** One line of a cost. */
export interface CostItem {
  unit: string;
  quantity: number;
  /** USD per million units, exact. */
  ratePerMillion: string;
  /** Exact. */
  usd: string;
}

/** What a usage costs. */
export interface Cost {
  priced: true;
  /** Exact: the sum of the items. */
  usd: string;
  /** The double nearest to `usd`. */
  amount: number;
  items: CostItem[];
  model: string;
  provider: Provider;
  matchType: MatchType | (string & {});
  source: RateSource;
  /** Where the answer is not certain: the least and the most it can be. */
  low?: string;
  high?: string;
  warnings: Warning[];
}

/** What is known of an answer beside its body, for {@link PriceBook.priceResponse}. */
export interface ResponseOptions {
  /** The provider that answered; always honoured. */
  provider?: Provider;
  /** The model asked for: it is priced where the body names none, or one that has no price, such as a deployment's name. */
  model?: string;
  /** When the call was made; now, if left out. */
  at?: InstantInput;
  /** The service tier asked for; the one that served, where the body tells it, wins. */
  serviceTier?: PriceQuery["serviceTier"];
  /** The region asked for; the one that served, where the body tells it, wins. */
  region?: string;
}

/** What the call behind a body cost. */
export interface ResponseCost extends Cost {
  /**
   * `provider`: what the provider says it billed, in one item of the unit `reported`, with the warning `reported_cost`.
   * `computed`: the usage at the book's rates.
   */
  costSource: "provider" | "computed";
  /** Beside a reported cost: the usage at the book's rates, where it has a price. */
  computed?: Cost;
}

/** What a body tells of its bill. */
export interface ExtractedUsage {
  /** What was consumed, in parts that never overlap. */
  usage: Usage;
  /** The model that answered. */
  model?: string;
  /** The service tier that served, in the provider's word. */
  serviceTier?: string;
  /** The region that served. */
  region?: string;
  /** What the provider says it billed: US dollars as a decimal, with every digit that it gave. A 0 is told as it is. */
  reportedCost?: string;
  warnings: Warning[];
}

/** The most a request can cost. */
export interface Bound extends Cost {
  /** What it rests on. */
  assumptions: string[];
  inputTokens: number;
  outputTokens: number;
}

/** What is known of a request beside its body. */
export interface UpperBoundOptions {
  /** Who answers; else the provider that the model's name finds. */
  provider?: Provider;
  /** The model, where the body does not name it: an Azure deployment's, and Gemini's. */
  model?: string;
  /** The most output tokens of a choice, where the request names no maximum; else the model's own maximum. */
  maxOutputTokens?: number;
  /** When the call is made; now, if left out. */
  at?: InstantInput;
  /** The region that serves; the dearest, if left out. */
  region?: string;
  /** Other models that may answer instead: the bound is that of the dearest. */
  fallbacks?: string[];
}

/** Why there is no price. */
export interface Unpriced {
  priced: false;
  reason: "unknown_model" | "no_rate" | "invalid_usage" | "unbounded";
  detail: string;
}

/** Counts as AgentGuard names them. Disjoint, like {@link Usage}. */
export interface TokenUsage {
  inputTokens: number;
  outputTokens: number;
  /** The sum of the parts that are tokens; another number is a warning. */
  totalTokens: number;
  cacheReadTokens?: number;
  cacheWriteTokens?: number;
  cacheWrite30mTokens?: number;
  cacheWrite1hTokens?: number;
  cacheWrite12hTokens?: number;
  /** A memo: the share of `outputTokens` that was reasoning. */
  reasoningTokens?: number;
  inputAudioTokens?: number;
  cacheReadAudioTokens?: number;
  cacheWriteAudioTokens?: number;
  outputAudioTokens?: number;
  inputImageTokens?: number;
  cacheReadImageTokens?: number;
  outputImageTokens?: number;
  inputVideoTokens?: number;
  outputVideoTokens?: number;
  reasoningOutsideTokens?: number;
  citationTokens?: number;
  /** Images made. */
  images?: number;
  /** Images given. */
  inputImages?: number;
  inputPixels?: number;
  outputPixels?: number;
  /** Seconds of audio given. */
  audioDuration?: number;
  /** Seconds of audio made. */
  outputAudioDuration?: number;
  /** Seconds of video made. */
  videoDuration?: number;
  /** Seconds of video given. */
  inputVideoDuration?: number;
  characters?: number;
  outputCharacters?: number;
  pages?: number;
  annotatedPages?: number;
  queries?: number;
  webSearches?: number;
  fileSearches?: number;
  mapsSearches?: number;
  codeInterpreterSessions?: number;
  requests?: number;
}

/** A cost in parts, which sum to it. */
export interface CostBreakdown {
  /** Cache read and write included. */
  inputCost: number;
  /** Reasoning included. */
  outputCost: number;
  imageCost?: number;
  audioCost?: number;
  /** Fees, citations, requests. */
  otherCost?: number;
  /** The same, exact. */
  usd: { input: string; output: string; image?: string; audio?: string; other?: string };
}

/** What a call would cost. */
export interface CostEstimate {
  estimatedCost: number;
  usd: string;
  priced: boolean;
  /** As asked for. */
  model: string;
  provider: Provider;
  estimatedTokens: TokenUsage;
  breakdown: CostBreakdown;
  timestamp: string;
  warnings?: Warning[];
}

/** Why a record's cost is an estimate. */
export type EstimateMark = "aborted" | "expired" | "unknown_outcome" | "no_usage";

/** What a call did cost. `usd` is authoritative, the numbers are derived from it when the record is read. */
export interface CostRecord {
  id: string;
  requestId: string;
  agentId: string;
  model: string;
  provider: Provider;
  actualTokens: TokenUsage;
  actualCost: number;
  usd: string;
  priced: boolean;
  costSource: "provider" | "computed" | "estimated";
  breakdown: CostBreakdown;
  timestamp: string;
  latencyMs?: number;
  timeToFirstTokenMs?: number;
  metadata?: Record<string, unknown>;
  /** Absent means 1. */
  schema?: 1;
  /** The reservation it settles; such a record never counts again in the ledger that holds it. */
  reservationId?: string;
  attempt?: number;
  scopes?: BudgetScope[];
  estimated?: EstimateMark;
  outcome?: "ok" | "blocked_output" | "aborted" | "error";
  /** By how much the bill passed its reservation. */
  overReservationUsd?: string;
  correctedFromUsd?: string;
  /** A correction is the same id with a higher revision. */
  revision?: number;
  items?: CostItem[];
  serviceTier?: string;
  streamed?: boolean;
  warnings?: Warning[];
}

/** What {@link CostTracker} is made from. */
export interface CostTrackerConfig {
  /** `false`: every cost is zero. Default `true`. */
  enabled?: boolean;
  /** `false`: clients do not store records. Default `true`. */
  persistRecords?: boolean;
  /** Prices of one's own by model. They win over the built-in ones. */
  customPricing?: Record<string, CustomPricing>;
  /** The provider of a model asked for without one. */
  defaultProvider?: Provider;
  /** `false`: clients reserve nothing. Default `true`. */
  enableBudgets?: boolean;
  /** `false`: clients tell nobody of the thresholds of budgets; `BudgetManager.getAlerts` lists them. Default `true`. */
  enableAlerts?: boolean;
  /** What an unknown model costs: zero with a warning (the default), an error, or this. */
  unknownModel?: "zero" | "error" | CustomPricing;
  /** The price book; the bundled one if left out. */
  priceBook?: import("./price.js").PriceBook;
}

// ------------------------------------------------------------------------------------------------ ledger and budgets

/** A period's records in numbers. */
export interface CostSummary {
  totalCost: number;
  totalUsd: string;
  totalRequests: number;
  averageCostPerRequest: number;
  averageUsdPerRequest: string;
  byModel: Record<string, number>;
  byProvider: Record<string, number>;
  byAgent: Record<string, number>;
  /** The same three, exact. */
  usd: { byModel: Record<string, string>; byProvider: Record<string, string>; byAgent: Record<string, string> };
  period: { start: string; end: string };
  totalTokens: { input: number; output: number; total: number };
  /** Records without a known price; their cost counts as zero. */
  unpricedRequests: number;
  /** The sums by name, for all that records are grouped by. A record counts in each of its scopes. */
  by: Record<CostDimension, Record<string, CostGroup>>;
  /** How the costs of single records are spread. */
  costPerRequest: CostSpread & { usd: { [key in keyof CostSpread]: string } };
  /** How the tokens of single records are spread. */
  tokensPerRequest: CostSpread;
}

/** What records are grouped by: a field of theirs, or the kind of a scope. */
export type CostDimension = "model" | "provider" | "agent" | "project" | "organization" | "user" | "tag";

/** What some records add up to. */
export interface CostGroup {
  cost: number;
  /** The same, exact. */
  usd: string;
  requests: number;
  tokens: { input: number; output: number; total: number };
}

/** How values are spread. Each is a value that was there (the nearest rank), but for the mean, and the median of an even number. */
export interface CostSpread {
  min: number;
  max: number;
  mean: number;
  median: number;
  p75: number;
  p90: number;
  p95: number;
  p99: number;
}

/** Which records are meant: all of it at once; what is left out may be anything. */
export interface CostFilter {
  /** Included. */
  start?: InstantInput;
  /** Included. */
  end?: InstantInput;
  id?: string | readonly string[];
  requestId?: string | readonly string[];
  agentId?: string | readonly string[];
  model?: string | readonly string[];
  provider?: string | readonly string[];
  /** A scope of the type `tag`. */
  tag?: string | readonly string[];
  /** Any scope; an agent and a model are scopes of their records, too. */
  scope?: { type: string; id: string };
  /** Whether a price was known. */
  priced?: boolean;
  /** Values in `metadata`, each by its key; `"a.b"` is `b` inside of `a`, where there is no key of that name. */
  metadata?: Readonly<Record<string, string | number | boolean | null>>;
}

/** A question for a page of records. */
export interface CostQuery extends CostFilter {
  /** Default `timestamp`. What is equal by it is in the order of timestamps, then of ids. */
  orderBy?: "timestamp" | "cost" | "tokens";
  /** Default `asc`. */
  order?: "asc" | "desc";
  /** Records on a page: 1 to 1,000; 100 if left out. */
  limit?: number;
}

/** A question for a time series. */
export interface TimeSeriesQuery extends CostFilter {
  /** Default `day`. */
  interval?: "hour" | "day" | "week" | "month";
  /** A name of the IANA database: whose days, weeks and months are meant. Default `UTC`. */
  timeZone?: string;
  /** Default `monday`. */
  weekStart?: "monday" | "sunday";
  /** Sums by name, too. */
  groupBy?: CostDimension;
}

/** What a stretch of a time series adds up to. */
export interface TimePoint extends CostGroup {
  /** Included. */
  start: string;
  /** Excluded: the start of the next one. A day on which clocks change has 23 or 25 hours. */
  end: string;
  unpricedRequests: number;
  /** With `groupBy`. */
  by?: Record<string, CostGroup>;
}

/** Costs over time. From `start` (or the first record) to `end` (or the last one) no stretch is left out. */
export interface TimeSeries {
  interval: "hour" | "day" | "week" | "month";
  timeZone: string;
  points: TimePoint[];
}

/** A question for the names that stand at the top. */
export interface TopQuery extends CostFilter {
  /** Default `model`. */
  of?: CostDimension;
  /** Default `cost`. */
  by?: "cost" | "tokens" | "requests";
  /** 1 to 1,000; 10 if left out. */
  limit?: number;
}

/** A name, and what its records add up to. */
export interface TopEntry extends CostGroup {
  name: string;
  /** Its share of the cost of all records that were meant. */
  percentOfCost: number;
}

/** A page of an answer. */
export interface Page<T> {
  items: T[];
  /** Hand it back for the next page; absent on the last. */
  cursor?: string;
}

/** What a storage met besides its records. */
export interface StorageReport {
  /** Entries of ours that could not be read. They are left as they are. */
  damaged: number;
  /** Entries under our prefix that are not ours. They are left as they are. */
  foreign: number;
  /** Entries of a later release: while there are any, everything else answers `storage_version_newer`. */
  newer?: number;
  /** Records, each id once. */
  records?: number;
  /** Entries that hold them. */
  segments?: number;
  /** Bytes of those entries. */
  bytes?: number;
}

/** Options of a storage. */
export interface StorageOptions {
  /** Keeps the records of several applications in one place apart. `"default"` if left out. */
  namespace?: string;
}

/** Options of {@link InMemoryCostStorage}. What is above goes, the oldest first. */
export interface MemoryStorageOptions {
  /** At most so many records. */
  maxRecords?: number;
  /** Records of at most that age. */
  maxAgeMs?: number;
}

/** Options of {@link KVCostStorage}. */
export interface KVStorageOptions extends StorageOptions {
  /** KV forgets a record so many seconds after its timestamp: at least 60. It keeps them if left out. */
  ttlSeconds?: number;
}

/** Workers KV, or anything with its four methods. */
export interface KVBinding {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options?: { expiration?: number }): Promise<void>;
  delete(key: string): Promise<void>;
  list(options: { prefix: string; cursor?: string }): Promise<{ keys: { name: string }[]; list_complete: boolean; cursor?: string }>;
}

/** Where records are kept. Anyone may implement it. */
export interface CostStorage {
  /** Keeps a record. The same id overwrites, when the revision is equal or higher. */
  store(record: CostRecord): Promise<void>;
  get(id: string): Promise<CostRecord | undefined>;
  getByRequestId(requestId: string): Promise<CostRecord[]>;
  /** Inclusive at both ends. */
  getByAgentId(agentId: string, start?: InstantInput, end?: InstantInput): Promise<CostRecord[]>;
  /** Inclusive at both ends. */
  getByDateRange(start: InstantInput, end: InstantInput): Promise<CostRecord[]>;
  getSummary(start: InstantInput, end: InstantInput, agentId?: string): Promise<CostSummary>;
  /** Deletes what is strictly older, and says how many. */
  deleteOlderThan(before: InstantInput): Promise<number>;
  clear(): Promise<void>;
  /** A page of the records that are meant; its cursor is handed back for the next one. */
  query?(query: CostQuery, cursor?: string): Promise<Page<CostRecord>>;
  getTimeSeries?(query: TimeSeriesQuery): Promise<TimeSeries>;
  getTop?(query: TopQuery): Promise<TopEntry[]>;
  subscribe?(listener: (record: CostRecord) => void): () => void;
  report?(): Promise<StorageReport>;
}

/** The same as {@link CostStorage}. */
export type ICostStorage = CostStorage;

/** The length of a budget's window. */
export type BudgetPeriod = "hourly" | "daily" | "weekly" | "monthly" | "total";
/** What a budget does at its limit: tell, refuse, or refuse with a time to try again. */
export type BudgetAction = "alert" | "block" | "throttle";
/** What a budget counts: money, tokens of every kind in and out, or calls that were answered, or may have been billed. */
export type BudgetUnit = "usd" | "tokens" | "requests";
/** How far a budget is: below 90 percent, below 100, or there. */
export type AlertSeverity = "info" | "warning" | "critical";
/** What a ledger can promise: across all instances, within this one, or nothing firm. */
export type Guarantee = "hard" | "per-instance" | "advisory";

/** Whose money it is. */
export interface BudgetScope {
  type: "agent" | "project" | "organization" | "model" | "user" | "tag";
  id: string;
}

/** A budget as given to {@link BudgetManager.createBudget}. */
export interface BudgetInput {
  /** Derived from scope, period and name if left out, so that two instances mean one budget. */
  id?: string;
  name: string;
  /** What it counts; money if left out. */
  unit?: BudgetUnit;
  /** In its unit: of tokens and requests a whole number. */
  limit: MoneyInput;
  /** At most the limit. Above it a reservation says so and an alert is raised; nothing is refused for it. */
  softLimit?: MoneyInput;
  period: BudgetPeriod;
  /**
   * `true`: not the calendar's hour, day, week or month, but the last 60 minutes, 24 hours, 7 or 30 days. It is counted in sixtieths,
   * the oldest of them whole: never too little, and at most a sixtieth too long. Not with `total`.
   */
  rolling?: boolean;
  /** What a window has left goes to the next one, up to this. Not with `rolling` and `total`. */
  carryOver?: MoneyInput;
  /** Tells, once in a window, when it is spent so many times as fast as lasts until the end of the window, of `total` for a week: at least 1. */
  burnRate?: number;
  /** `true`: tells, once in a window, that at the present rate it will be spent before the window ends, of `total` within a week, and when. */
  forecast?: boolean;
  /** Percentages; 50, 75, 90 and 100 if left out. */
  alertThresholds?: number[];
  /** `alert` if left out. */
  action?: BudgetAction;
  /** Everything, if left out. */
  scope?: BudgetScope;
  /** `false`: it counts, and does nothing else. */
  enabled?: boolean;
  /** The zone of its calendar, by its IANA name; the manager's if left out. */
  timeZone?: string;
  /** The manager's if left out. */
  weekStart?: "monday" | "sunday";
}

/** Of what counts money: `unit` is absent, and each amount has its exact decimal beside its number. */
interface InMoney {
  unit?: undefined;
}

/** Of what counts tokens or requests: numbers are exact, and there is no decimal of money beside them. */
interface InCounts {
  unit: Exclude<BudgetUnit, "usd">;
}

/**
 * A budget. Whether `unit` is there tells which of the two it is. As it is a union, an interface or a class of your own extends or implements
 * {@link MoneyBudgetConfig}, {@link CountBudgetConfig} or what both say, {@link BudgetConfigFields}.
 */
export type BudgetConfig = MoneyBudgetConfig | CountBudgetConfig;

/** A budget of money. */
export interface MoneyBudgetConfig extends BudgetConfigFields, InMoney {
  /** Exact. */
  limitUsd: string;
}

/** A budget of tokens or requests. */
export interface CountBudgetConfig extends BudgetConfigFields, InCounts {
  limitUsd?: undefined;
}

/** What budgets of all units say. */
export interface BudgetConfigFields {
  id: string;
  name: string;
  limit: number;
  /** An exact decimal in its unit; so is `carryOver`. */
  softLimit?: string;
  period: BudgetPeriod;
  rolling?: boolean;
  carryOver?: string;
  burnRate?: number;
  forecast?: boolean;
  alertThresholds: number[];
  action: BudgetAction;
  scope?: BudgetScope;
  enabled: boolean;
  timeZone: string;
  weekStart: "monday" | "sunday";
  /** It rises with every change. */
  revision: number;
  createdAt: string;
  updatedAt: string;
}

/**
 * A threshold was reached. One for each budget, threshold, window and limit. A projected alert that comes true keeps its
 * id and is told again. Whether `unit` is there tells in what its amounts are. To extend: {@link MoneyAlert}, {@link CountAlert} or
 * {@link CostAlertFields}.
 */
export type CostAlert = MoneyAlert | CountAlert;

/** An alert of a budget of money. */
export interface MoneyAlert extends CostAlertFields, InMoney {
  currentSpendingUsd: string;
  limitUsd: string;
}

/** An alert of a budget of tokens or requests. */
export interface CountAlert extends CostAlertFields, InCounts {
  currentSpendingUsd?: undefined;
  limitUsd?: undefined;
}

/** What alerts of all units say. */
export interface CostAlertFields {
  /** `<budget id>@<window start>#<threshold>/<limit>`: the same for everybody who means the same alert. */
  id: string;
  budgetId: string;
  budgetName: string;
  /**
   * Absent: a percentage of the limit was reached. `soft_limit`: the soft limit was passed, which `limit` then is. `burn_rate`: it is spent
   * too fast. `forecast`: it will be spent before its window ends.
   */
  kind?: "soft_limit" | "burn_rate" | "forecast";
  /** How many times as fast as lasts it is spent, over the last 24th of its window; of the latter two kinds. */
  burnRate?: number;
  /** When nothing will be left at that rate. */
  exhaustsAt?: string;
  /** Percent; 100 for an alert of a kind. */
  threshold: number;
  severity: AlertSeverity;
  message: string;
  /** Spending with what is held, at that moment. */
  currentSpending: number;
  limit: number;
  percentageUsed: number;
  /** `true`: what is reserved or asked for would reach it. `false`: what is spent did. */
  projected: boolean;
  timestamp: string;
  /** Absent for `total`, whose window has no beginning. */
  periodStart?: string;
  acknowledged: boolean;
}

/** An amount that was added to a budget's limit. */
export interface BudgetAdjustment {
  /** By which it counts once. */
  id: string;
  /** Exact, in the budget's unit. */
  amount: string;
  /** The end of a raise; a top-up has none. */
  until?: string;
  reason?: string;
  at: string;
}

/**
 * A budget and where it stands. Whether its own `unit` is there (not that of `budget`, by which TypeScript does not narrow) tells in what its
 * amounts are. To extend: {@link MoneyBudgetStatus}, {@link CountBudgetStatus} or {@link BudgetStatusFields}.
 */
export type BudgetStatus = MoneyBudgetStatus | CountBudgetStatus;

/** Where a budget of money stands. */
export interface MoneyBudgetStatus extends BudgetStatusFields, InMoney {
  budget: MoneyBudgetConfig;
  spentUsd: string;
  heldUsd: string;
  /** What of it lies in chunks that slices were handed, granted or not; absent where none does. */
  slicedUsd?: string;
  remainingUsd: string;
  /** What may still be reserved: the limit less what is spent and held. */
  availableUsd: string;
  available?: undefined;
  overageUsd: string;
}

/** Where a budget of tokens or requests stands. */
export interface CountBudgetStatus extends BudgetStatusFields, InCounts {
  budget: CountBudgetConfig;
  /** What may still be reserved: the limit less what is spent and held. */
  available: number;
  spentUsd?: undefined;
  heldUsd?: undefined;
  slicedUsd?: undefined;
  remainingUsd?: undefined;
  availableUsd?: undefined;
  overageUsd?: undefined;
}

/** What is said of budgets of all units. */
export interface BudgetStatusFields {
  /** What may be spent in this window, where that is not the budget's own limit: with what came over and what was added. Exact. */
  effectiveLimit?: string;
  /** What came over from the window before. */
  carriedOver?: string;
  /** What may be spent in the next window, where that is not what may be spent in this one: without raises, with what is left now. */
  nextLimit?: string;
  /** What was added to its limit; those of long ago are not listed. */
  adjustments?: BudgetAdjustment[];
  currentSpending: number;
  /** Reserved and not yet settled. */
  held: number;
  /** The limit less what is spent, zero at least. */
  remaining: number;
  /** By how much spending passed the limit. */
  overage: number;
  /** May pass 100. */
  percentageUsed: number;
  isExceeded: boolean;
  /** The thresholds that spending has reached. */
  activeAlerts: number[];
  /** Of a budget with a soft limit: whether spending has passed it. */
  isOverSoftLimit?: boolean;
  /** Of a rolling budget: when what is spent counts no more, part by part, in order. */
  releases?: { at: string; amount: string }[];
  /** The alerts of this window, projected ones too. */
  alerts: CostAlert[];
  /** Absent for `total`, whose window has no ends; so is `periodEnd`. Of a rolling budget: what is counted now. */
  periodStart?: string;
  periodEnd?: string;
  lastUpdated: string;
  guarantee: Guarantee;
}

/** The answer to a check: advisory, it holds nothing. */
export interface BudgetEnforcementResult {
  allowed: boolean;
  /** The first budget that blocks, else the first that throttles. */
  blockedBy?: BudgetConfig;
  alerts: CostAlert[];
  /** The blocking budget's, else the tightest one's. */
  status?: BudgetStatus;
  statuses: BudgetStatus[];
  retryAfterMs?: number;
}

/** The answer to a reservation. */
export interface Reservation {
  allowed: boolean;
  requestId: string;
  guarantee: Guarantee;
  /** The first budget that blocks, else the first that throttles. */
  blockedBy?: BudgetConfig;
  /** What it has left, exact, in its unit. */
  remaining?: string;
  /** That unit, where it is not money. */
  unit?: Exclude<BudgetUnit, "usd">;
  /** When its window ends; of a rolling one, when so much of it will have passed that the amount fits. */
  resetsAt?: string;
  /** Of a throttling budget: in how long enough will be free, or a moment where only what is held is in the way. Absent where no time helps. */
  retryAfterMs?: number;
  alerts: CostAlert[];
  /** The ids of the budgets whose soft limit it passes. */
  overSoftLimit?: string[];
  /** When the lease ends; an unsettled reservation is then charged in full. */
  expiresAt?: string;
}

/** The answer to a settlement. Amounts are exact. */
export interface Settlement {
  status: "settled" | "already" | "corrected" | "unknown";
  charged: string;
  returned: string;
  /** By how much the bill passed its reservation. */
  overage?: string;
  /** The tokens it is charged at, where they are known. */
  chargedTokens?: number;
  alerts: CostAlert[];
}

/** What a call takes of budgets: its money, and its tokens for those that count them. It is one request. */
export interface BudgetAmounts {
  usd: MoneyInput;
  tokens?: number | undefined;
}

/** Where budgets are held. */
export interface BudgetLedger {
  readonly guarantee: Guarantee;
  /** Stores budgets; `attach` keeps what is stored, `update` changes it. Answers with what is stored. */
  put(budgets: BudgetConfig[], mode: "attach" | "update"): Promise<BudgetConfig[]>;
  list(): Promise<BudgetConfig[]>;
  remove(id: string): Promise<boolean>;
  /** `tokens`: the most it can use, for budgets that count them. `requests`: 1 if left out; 0 for what a request needs beside its own reservation. */
  reserve(request: { reservationId: string; usd: string; scopes: BudgetScope[]; leaseMs: number; tokens?: number; requests?: number }): Promise<Reservation>;
  /** Tokens that are not said are those that were held. */
  settle(reservationId: string, usd: string, mark?: EstimateMark, tokens?: number): Promise<Settlement>;
  release(reservationId: string): Promise<boolean>;
  /**
   * Counts a record that was not reserved, once for each budget; a higher revision of it replaces the amount. A record of a
   * reservation this ledger knows never counts here. `true` when any budget stands elsewhere now.
   */
  charge(recordId: string, usd: string, scopes: BudgetScope[], at: string, reservationId?: string, revision?: number, tokens?: number): Promise<boolean>;
  status(budgetIds?: string[]): Promise<BudgetStatus[]>;
  /** Adds to a budget's limit, once by its id: until an instant (a raise), or for good (a top-up). `false` for a repeat. */
  adjust?(budgetId: string, adjustment: { id: string; amount: string; until?: string; reason?: string }): Promise<boolean>;
  /**
   * Takes a name for so many milliseconds, or gives it back with none: `true` if it is the owner's, `false` while somebody else has it.
   * By it instances agree on who does what all of them see.
   */
  claim?(name: string, owner: string, ms: number): Promise<boolean>;
}

// ---------------------------------------------------------------------------------------------------------- guardrails

/** What a guardrail decided. */
export type GuardrailResultAction = "allow" | "block" | "redact" | "mask" | "transform";
/** What a built-in guardrail does with what it finds. */
export type GuardAction =
  | "block"
  | "redact"
  | "mask"
  | "transform"
  | "allow"
  | "warn"
  | "hash"
  /** A value of the same kind and form that is nobody's; a `Vault` puts the value back. */
  | "surrogate"
  /** A placeholder that a `Vault` puts right; without one it is as `redact`. */
  | "tokenize"
  /** As `tokenize`. */
  | "tokenise";
/** Where a text comes from. */
export type GuardStage = "input" | "output" | "tool_call" | "tool_result" | "retrieved";

/** Something a guardrail found. Never the value itself. */
export interface Finding {
  /** `email`, `creditCard`, `instructionInjection`, ... */
  type: string;
  /** The OWASP LLM 2025 category. */
  category: string;
  /** UTF-16 offsets in the original text. */
  start: number;
  end: number;
  /** 0 to 100. */
  score: number;
  /** Whether a check digit or a structure confirmed it. */
  validated: boolean;
  /** How sure the rule is, 0 to 100, by validation, context and form; `score` is how grave it would be. */
  confidence: number;
  rule: string;
  /** What the text was decoded from to find it, outermost first: `base64`, `hex`, `percent`, `html`, `escapes`, ... */
  decodedFrom?: string[];
}

/** The answer of a synchronous scan. */
export interface ScanResult {
  passed: boolean;
  action: GuardAction;
  findings: Finding[];
  /** After redaction. */
  text: string;
  /** 0 to 100. */
  riskScore: number;
}

// ------------------------------------------------------------------------------------------------------------- clients

/** What a call is for, and whose money it spends. */
export interface CallContext {
  /** Made up if left out. */
  requestId?: string;
  /** `"default"` if left out. */
  agentId?: string;
  /** The region that serves: what the call's tokens cost. The client's if left out. */
  region?: string;
  /** Added to the client's own, never in their place. */
  scopes?: BudgetScope[];
  metadata?: Record<string, unknown>;
  /** Where a host wants to be told what must still run after the answer: `ctx.waitUntil`. */
  waitUntil?: (promise: Promise<unknown>) => void;
  /**
   * The vault of the conversation. What it finds or knows is taken out of what is sent, history included, and put back in the answer:
   * in what is said, also while it streams, and in arguments of tools.
   */
  vault?: import("./guard/vault.js").Vault;
  /**
   * What the call wants with its client's {@link ResponseCache}: `use` it, as it does if left out; `refresh`, which asks anew and keeps the answer; or
   * `skip` it.
   */
  cache?: "use" | "refresh" | "skip";
}

/** Options of one call. */
export interface RequestOptions {
  signal?: AbortSignal;
  /** Milliseconds for the whole call. */
  timeout?: number;
  /** Milliseconds until the answer begins, for each try. */
  connectTimeout?: number;
  maxRetries?: number;
  headers?: HeadersInit;
  /** By which a provider knows a request again that is repeated. Where tries may follow, one is made up, and kept over all of them; not in a browser. */
  idempotencyKey?: string;
  tollgate?: CallContext;
}

/** How much of a type was found and taken out. */
export interface Redaction {
  guardrail: string;
  stage: GuardStage;
  type: string;
  count: number;
}

/** What a response cache did. An answer from it cost nothing, and is not recorded. */
export interface CacheStatus {
  hit: boolean;
  /** When the answer came from the provider. */
  storedAt?: string;
  /** What it cost then, where that is known: an exact decimal in US dollars. */
  savedUsd?: string;
}

/** A model or provider that was asked and did not answer. */
export interface FailedTarget {
  provider: Provider;
  model?: string;
  /** The code of the error, its text, and the provider's status where it is one. */
  code: string;
  message: string;
  status?: number;
}

/** What happened around a call. */
export interface SecurityMetadata {
  requestId: string;
  guardrailResult?: import("./guard/engine.js").GuardrailEngineResult;
  outputGuardrailResult?: import("./guard/engine.js").GuardrailEngineResult;
  budgetCheck?: Reservation;
  costEstimate?: CostEstimate;
  costRecord?: CostRecord;
  redactions?: Redaction[];
  /** With a vault: how many values were put back in the answer, and placeholders in it that stand for nothing known. */
  vault?: { restored: number; notRestored: string[] };
  /** With a response cache: whether the answer was kept there. */
  cache?: CacheStatus;
  /** Where others were asked before: who answered, or was asked last, and what became of the others. */
  fallback?: { provider: Provider; model?: string; failed: FailedTarget[] };
  /** Whether it is the answer to another call, the same, that was under way: that one bears reservation and cost. */
  deduplicated?: boolean;
  warnings: Warning[];
  /** Where a stream ended with an error: that error. */
  error?: Error;
}

// ------------------------------------------------------------------------------------------------------------- tokens

/** How many tokens a text has, or what is known of it. */
export interface TokenCount {
  /** The count; where it is not exact, the likely one. */
  tokens: number;
  /** Whether it is the count of the model's own vocabulary. */
  exact: boolean;
  /** It seldom is below this: one text in fifty is outside of `low` to `high`. */
  low: number;
  /** It seldom is above this, and never above a token for each byte: what to reckon with where money is at stake. */
  high: number;
  /** How it was found: the name of the encoding, or `estimate:` and the family by whose weights it was estimated. */
  method: string;
}

/** What a request has in input tokens: `countRequestTokens`. */
export interface RequestTokenCount {
  /** The likely count. */
  tokens: number;
  /** Whether every part is known to the token. */
  exact: boolean;
  /** It seldom is below this. */
  low: number;
  /** It seldom is above this: what to reckon with where money is at stake. */
  high: number;
  /**
   * The likely count of each part that there is: `messages`, `system`, `names`, `tools` (definitions and schemas), `toolCalls`,
   * `toolResults`, `images`, `documents`, `audio`, `framing`. Together they are `tokens`.
   */
  parts: Record<string, number>;
}

/** How Anthropic's count endpoint is asked: `countAnthropicTokens`. */
export interface CountEndpointOptions {
  /** The key, or what gives it. */
  apiKey: string | (() => Promise<string>);
  /** `https://api.anthropic.com`, if left out. */
  baseURL?: string;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch;
  /** Further headers, such as `anthropic-beta`. */
  headers?: HeadersInit;
  signal?: AbortSignal;
  /** Milliseconds; 30,000, if left out. */
  timeout?: number;
}

/** What a stream has used so far: `GuardedStreamOf.soFar`. */
export interface SpentSoFar {
  /** The cost; absent where the model has no price. */
  usd?: string;
  amount?: number;
  inputTokens: number;
  outputTokens: number;
  /** Whether the provider said so; otherwise texts were counted, or estimated. */
  exact: boolean;
}

/**
 * What becomes of the texts of special tokens, such as `<|endoftext|>`. `text`: they are texts like any other, which is what
 * providers make of a user's text. `refuse`: they are refused. `allow`: they are the tokens they name. A list: those in it
 * are, others are texts.
 */
export type SpecialTokens = "text" | "refuse" | "allow" | readonly string[];

/** How a tokenizer reads a text. */
export interface TokenizerOptions {
  /** `text`, if left out. */
  special?: SpecialTokens;
}

/** Counts, cuts, encodes and decodes by one vocabulary: `createTokenizer`. A lone surrogate counts as U+FFFD does. */
export interface Tokenizer {
  /** The name of the encoding. */
  readonly name: string;
  /** How many tokens a text has. */
  count(text: string, options?: TokenizerOptions): number;
  /** How many tokens each of some texts has; faster than one by one. Texts that it counted before are not counted again. */
  countAll(texts: readonly string[]): number[];
  /** How many tokens a text has; `limit + 1` if they are more than `limit`. It stops reading there. */
  countUpTo(text: string, limit: number, options?: TokenizerOptions): number;
  /** The tokens as texts, which together are the text. Tokens that cut a character stand together. */
  split(text: string, options?: TokenizerOptions): string[];
  /** A beginning of the text of at most `limit` tokens: of as many as fit that end between two characters. */
  truncate(text: string, limit: number, options?: TokenizerOptions): string;
  /** The tokens. Needs ids. */
  encode(text: string, options?: TokenizerOptions): Uint32Array;
  /** The text of some tokens; bytes that are no UTF-8 become U+FFFD. Needs ids. */
  decode(tokens: Uint32Array | readonly number[]): string;
}
