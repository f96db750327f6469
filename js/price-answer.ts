/** The answer to most queries: a cost with nothing to tell beside it, whose items and source are built when they are read. */
import type { Cost, MatchType, Provider } from "./types.js";

/** What a name stands for. */
export interface Known {
  handle: number;
  model: string;
  provider: Provider;
  matchType: MatchType;
}

/** A cost without anything to tell beside it. */
export function answer(of: Omit<Known, "handle">, usd: string, amount: number, texts: Texts): Cost {
  const cost = { priced: true, usd, amount } as Cost;
  // Functions that all costs share: an object literal with getters of its own takes five times as long.
  Object.defineProperty(cost, "items", ITEMS);
  cost.model = of.model;
  cost.provider = of.provider;
  cost.matchType = of.matchType;
  Object.defineProperty(cost, "source", SOURCE);
  cost.warnings = [];
  new Later(cost, texts);
  return cost;
}

/** What a property is built from when it is read: JSON text. */
type Texts = Record<"items" | "source", () => string | undefined>;

/** Its constructor gives back what it is handed, so that who extends it puts private fields into a plain object. */
const Given = function (of: object) {
  return of;
} as unknown as new (of: object) => object;

/** What the lazy properties of a cost are built from, out of everyone's sight. */
class Later extends Given {
  readonly #texts: Texts;

  constructor(of: object, texts: Texts) {
    super(of);
    this.#texts = texts;
  }

  /** A property that is built when it is read, and then is one like any other. */
  static property(key: keyof Texts): PropertyDescriptor & ThisType<object> {
    return {
      get() {
        const json = #texts in this ? this.#texts[key]() : undefined;
        const value: unknown = json === undefined ? undefined : JSON.parse(json);
        Object.defineProperty(this, key, { value, writable: true, enumerable: true, configurable: true });
        return value;
      },
      set(value: unknown) {
        Object.defineProperty(this, key, { value, writable: true, enumerable: true, configurable: true });
      },
      enumerable: true,
      configurable: true,
    };
  }
}

const ITEMS = /* @__PURE__ */ Later.property("items");
const SOURCE = /* @__PURE__ */ Later.property("source");

/** Whole pico-dollars, at most 2^53 of them, as the exact decimal. */
export function decimal(pico: number): string {
  const whole = Math.floor(pico / 1e12);
  const rest = pico - whole * 1e12;
  if (rest === 0) return String(whole);
  // A thirteenth digit before it keeps the zeros in front.
  const digits = String(1e12 + rest);
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 48) end -= 1;
  return `${whole}.${digits.slice(1, end)}`;
}
