/** The cost tracker: AgentGuard's names and meaning, with exact amounts beside the numbers. */
import { Held, run } from "./core.js";
import { generateId } from "./id.js";
import { PriceBook, coreOf } from "./price.js";
import type {
  CostBreakdown,
  CostEstimate,
  CostItem,
  CostRecord,
  CostTrackerConfig,
  CustomPricing,
  ModelPricing,
  PriceOptions,
  Provider,
  TokenUsage,
  Warning,
} from "./types.js";
import type { PriceBook as CoreBook, CostTracker as CoreTracker } from "./wasm/core.js";

// Beside the class and not in a static block of it: a bundler keeps a class that has one, used or not.
const cores = new WeakMap<CostTracker, () => Held<CoreTracker>>();

/**
 * The object of the core behind a tracker, for the clients that price by it.
 *
 * @internal
 */
export function coreOfTracker(tracker: CostTracker): Held<CoreTracker> {
  return cores.get(tracker)!();
}

/** What the core gives back for a usage. */
interface Priced {
  usd: string;
  amount: number;
  priced: boolean;
  provider: Provider;
  tokens: TokenUsage;
  breakdown: CostBreakdown;
  items: CostItem[];
  warnings: Warning[];
  timestamp: string;
}

/** More models than this are not remembered as warned about. */
const MAX_WARNED = 1000;

/**
 * Prices calls, by the bundled prices and one's own over them.
 *
 * ```ts
 * const tracker = new CostTracker();
 * const estimate = tracker.estimateCost("gpt-5", { inputTokens: 1000, outputTokens: 100, totalTokens: 1100 });
 * console.log(estimate.usd, estimate.priced); // "0.00225" true
 * ```
 *
 * A model without a price shows as 0 with `priced: false` and a warning, unless `unknownModel` says otherwise.
 */
export class CostTracker {
  readonly #held: Held<CoreTracker>;
  /** The book that it was made of, as it was then. */
  #book: Held<CoreBook> | undefined;
  readonly #custom = new Map<string, CustomPricing>();
  readonly #warned = new Set<string>();
  #config: Omit<CostTrackerConfig, "customPricing">;

  /** @throws ConfigurationError for an unknown option or one out of range */
  constructor(config: CostTrackerConfig = {}) {
    const { customPricing, ...rest } = checked(config);
    this.#config = rest;
    this.#replaceCustom(customPricing);
    this.#held = new Held("rebuildable", (core) => {
      this.#book = coreOf(this.#priceBook);
      const tracker = this.#book.use((held) => new core.CostTracker(held, this.#config));
      for (const [model, pricing] of this.#custom) tracker.setCustom(model, pricing);
      return tracker;
    });
    cores.set(this, () => this.#core);
  }

  get #priceBook(): PriceBook {
    return this.#config.priceBook ?? PriceBook.bundled();
  }

  /** The core's tracker, over the book as it is now: an update may have come. */
  get #core(): Held<CoreTracker> {
    if (this.#book !== undefined && this.#book !== coreOf(this.#priceBook)) {
      this.#book = undefined;
      this.#held.reset();
    }
    return this.#held;
  }

  /**
   * What a call with these tokens costs.
   *
   * @throws ValidationError for a negative, fractional or unknown count, or an empty model
   * @throws UnknownModelError with `unknownModel: "error"`
   */
  estimateCost(model: string, tokens: TokenUsage, provider?: Provider, options?: PriceOptions): CostEstimate {
    const { usd, amount, priced, provider: found, tokens: read, breakdown, timestamp, warnings } = this.#price(model, tokens, provider, options);
    return {
      estimatedCost: amount,
      usd,
      priced,
      model,
      provider: found,
      estimatedTokens: read,
      breakdown,
      timestamp,
      ...(warnings.length > 0 ? { warnings } : {}),
    };
  }

  /**
   * The record of a call that was made.
   *
   * @throws as {@link CostTracker.estimateCost}
   */
  calculateActualCost(
    requestId: string,
    agentId: string,
    model: string,
    tokens: TokenUsage,
    provider?: Provider,
    metadata?: Record<string, unknown>,
    options?: PriceOptions,
  ): CostRecord {
    const { usd, amount, priced, provider: found, tokens: read, breakdown, items, timestamp, warnings } = this.#price(model, tokens, provider, options);
    return {
      schema: 1,
      id: generateId(),
      requestId,
      agentId,
      model,
      provider: found,
      actualTokens: read,
      actualCost: amount,
      usd,
      priced,
      costSource: "computed",
      breakdown,
      timestamp,
      ...(metadata == null ? {} : { metadata: { ...metadata } }),
      ...(options?.serviceTier == null ? {} : { serviceTier: options.serviceTier }),
      ...(items.length > 0 ? { items } : {}),
      ...(warnings.length > 0 ? { warnings } : {}),
    };
  }

  /** Sets a price of one's own; what it leaves out is taken from the built-in price of exactly that model. */
  addCustomPricing(model: string, pricing: CustomPricing): void {
    this.#put(model, pricing);
    this.#core.use((tracker) => tracker.setCustom(model, pricing));
  }

  /** Takes it away again; says whether there was one. */
  removeCustomPricing(model: string): boolean {
    if (!this.#custom.delete(name(model))) return false;
    this.#core.use((tracker) => tracker.removeCustom(model));
    return true;
  }

  /** The price in force for a model, one's own included. */
  getPricing(model: string, provider?: Provider): ModelPricing | undefined {
    const json = this.#core.use((tracker) => tracker.pricing(typeof model === "string" ? model : "", provider));
    return json === undefined ? undefined : (JSON.parse(json) as ModelPricing);
  }

  /** Changes some options; `customPricing` replaces all prices of one's own. */
  updateConfig(partial: Partial<CostTrackerConfig>): void {
    const { customPricing, ...rest } = checked({ ...this.#config, ...partial });
    if (customPricing !== undefined) this.#replaceCustom(customPricing);
    this.#config = rest;
    this.#core.reset();
  }

  /** The options in force, defaults included: a copy. */
  getConfig(): CostTrackerConfig {
    return {
      enabled: true,
      persistRecords: true,
      enableBudgets: true,
      enableAlerts: true,
      unknownModel: "zero",
      ...this.#config,
      customPricing: Object.fromEntries([...this.#custom].map(([model, pricing]) => [model, structuredClone(pricing)])),
    };
  }

  #price(model: string, tokens: TokenUsage, provider: Provider | undefined, options: PriceOptions | undefined): Priced {
    const name = typeof model === "string" ? model : "";
    const priced = this.#core.use((tracker) => tracker.estimate(name, tokens, provider, options)) as Priced;
    const unknown = priced.warnings.find((warning) => warning.code === "unknown_model");
    if (unknown !== undefined && !this.#warned.has(model)) {
      if (this.#warned.size < MAX_WARNED) this.#warned.add(model);
      console.warn(`tollgate: ${unknown.message}`);
    }
    return priced;
  }

  #replaceCustom(all: Record<string, CustomPricing> | undefined): void {
    const before = new Map(this.#custom);
    this.#custom.clear();
    try {
      for (const [model, pricing] of Object.entries(all ?? {})) this.#put(model, pricing);
    } catch (error) {
      this.#custom.clear();
      for (const [model, pricing] of before) this.#custom.set(model, pricing);
      throw error;
    }
  }

  #put(model: string, pricing: CustomPricing): void {
    const warnings = run((core) => core.checkCustomPricing(typeof model === "string" ? model : "", pricing)) as Warning[];
    for (const warning of warnings) console.warn(`tollgate: ${warning.message}`);
    // A copy: what the caller does to its object afterwards changes no price.
    this.#custom.set(name(model), structuredClone(pricing));
  }
}

/** The options without nulls, when all is well with them. */
function checked(config: CostTrackerConfig): CostTrackerConfig {
  run((core) => core.checkTrackerConfig(config));
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value != null));
}

/** Prices of one's own are filed by model in any case, as the core files them. */
function name(model: string): string {
  return typeof model === "string" ? model.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : "";
}
