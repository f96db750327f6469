/** The bundled catalogue as functions and as a view: what there is, and what it costs at this moment. */
import { text } from "./price-input.js";
import { PriceBook, coreOf } from "./price.js";
import type { MatchType, ModelMatch, ModelPricing, Provider, RateSource } from "./types.js";
import type { PriceBook as CoreBook } from "./wasm/core.js";

/** Calls into the bundled book. */
function catalogue<T>(call: (book: CoreBook) => T): T {
  return coreOf(PriceBook.bundled()).use(call);
}

/**
 * The built-in price of a model at this moment. Dated ids, a provider's prefix (`openai/gpt-5`), `-latest` and any case
 * find their model; nothing is guessed.
 */
export function getModelPricing(model: string, provider?: Provider): ModelPricing | undefined {
  const json = catalogue((book) => book.pricing(text(model), provider));
  return json === undefined ? undefined : (JSON.parse(json) as ModelPricing);
}

/** The model that a name stands for, and how it was found. */
export function findModel(model: string, provider?: Provider): ModelMatch | undefined {
  return catalogue((book) => {
    const found = book.find(text(model), provider);
    if (found < 0) return undefined;
    const kinds = book.kinds() as MatchType[];
    const [id, of] = book.names(Math.floor(found / kinds.length)) as [string, string];
    return { id, provider: of, matchType: kinds[found % kinds.length]! };
  });
}

/** The ids of a provider's models that have a built-in price; none for a provider that is not known. */
export function getProviderModels(provider: Provider): string[] {
  return catalogue((book) => book.modelsOf(text(provider)));
}

/** Whether a model has a built-in price. */
export function isModelSupported(model: string, provider?: Provider): boolean {
  return getModelPricing(model, provider) !== undefined;
}

/** The ids of all models that have a built-in price, each once. */
export function getSupportedModels(): string[] {
  return [...new Set(getSupportedProviders().flatMap(getProviderModels))];
}

/** The providers whose models have built-in prices, first parties before resellers. */
export function getSupportedProviders(): Provider[] {
  return catalogue((book) => book.providers());
}

/** Where a model's built-in price comes from, since when it holds, and when it was read. */
export function getRateSourceInfo(model: string, provider?: Provider): RateSource | undefined {
  return getModelPricing(model, provider)?.source;
}

/**
 * The built-in prices by model id, read-only. An id that several providers have is the first party's; the others' stand
 * under `<provider>/<id>`. Nothing is read before the first look, and each look gives this moment's price.
 */
export const MODEL_PRICING: Readonly<Record<string, ModelPricing>> = /* @__PURE__ */ lazyView();

function lazyView(): Readonly<Record<string, ModelPricing>> {
  // No prototype, so that `constructor` and `__proto__` are no models.
  const view: Record<string, ModelPricing> = Object.create(null);
  let filled = false;
  const fill = (): void => {
    if (filled) return;
    for (const provider of getSupportedProviders()) {
      for (const id of getProviderModels(provider)) {
        Object.defineProperty(view, Object.hasOwn(view, id) ? `${provider}/${id}` : id, {
          enumerable: true,
          get: () => getModelPricing(id, provider),
        });
      }
    }
    Object.freeze(view);
    filled = true;
  };
  const after =
    <A extends unknown[], R>(trap: (...all: A) => R) =>
    (...all: A): R => {
      fill();
      return trap(...all);
    };
  const traps: ProxyHandler<typeof view> = {
    get: after(Reflect.get),
    has: after(Reflect.has),
    ownKeys: after(Reflect.ownKeys),
    getOwnPropertyDescriptor: after(Reflect.getOwnPropertyDescriptor),
    isExtensible: after(Reflect.isExtensible),
    preventExtensions: after(Reflect.preventExtensions),
    set: after(() => false),
    defineProperty: after(() => false),
    deleteProperty: after(() => false),
    setPrototypeOf: after(() => false),
  };
  return new Proxy(view, traps);
}
