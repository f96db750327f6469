// Prices, costs and ids.
import {
  CostTracker,
  MODEL_PRICING,
  PriceBook,
  VERSION,
  extractUsage,
  generateId,
  getModelPricing,
  getSupportedModels,
  getSupportedProviders,
  isModelSupported,
  type Cost,
  type ModelPricing,
  type Provider,
  type Unpriced,
} from "tollgate";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

same<typeof VERSION, string>(true);
const id: string = generateId();
const pricing: ModelPricing | undefined = getModelPricing("gpt-4o-mini", "openai");
const listed: readonly string[] = getSupportedModels();
const providers: readonly Provider[] = getSupportedProviders();
const supported: boolean = isModelSupported("gpt-4o-mini");
const row: ModelPricing | undefined = MODEL_PRICING["gpt-4o-mini"];

const book = PriceBook.bundled();
const answer = book.price({ model: "gpt-4o-mini", usage: { input: 10, output: 5, cacheRead: 3 }, at: "2025-11-01" });
same<typeof answer, Cost | Unpriced>(true);
// Unpriced has no price to read by mistake.
// @ts-expect-error
answer.usd;
export const usd: string = answer.priced ? answer.usd : answer.reason;
export const handle: number = book.handle("gpt-4o-mini");
export const hot: number = book.cost(handle, 10, 5, 3);
const billed = book.priceResponse({ usage: {} }, { provider: "openai", model: "gpt-4o-mini", serviceTier: "flex", at: 0 });
export const source: string = billed.priced ? (billed.computed?.usd ?? billed.costSource) : billed.detail;
const extracted = extractUsage("{}", "anthropic");
export const read: number | undefined = extracted?.usage.cacheRead;
// @ts-expect-error a body is a text or an object
extractUsage(5);

const tracker = new CostTracker({ unknownModel: "error" });
const estimate = tracker.estimateCost("gpt-4o-mini", { inputTokens: 10, outputTokens: 5, totalTokens: 15 });
export const parts: (string | undefined)[] = [estimate.usd, estimate.breakdown.usd.input, estimate.breakdown.usd.image];
const record = tracker.calculateActualCost(id, "agent", "gpt-4o-mini", { inputTokens: 10, outputTokens: 5, totalTokens: 15 }, "openai", { team: "x" });
export const meta: unknown = record.metadata?.["team"];
// `metadata` is no `any`: what is read from it must be looked at first.
// @ts-expect-error
record.metadata?.["team"].toUpperCase();
// @ts-expect-error MODEL_PRICING is for reading
MODEL_PRICING["mine"] = row;
// @ts-expect-error a usage has an input and an output
book.price({ model: "gpt-4o-mini", usage: { input: 10 } });
export default [pricing, listed, providers, supported];
