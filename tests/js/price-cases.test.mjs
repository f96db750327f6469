// The shared cases through the built package: the same fixture, and the same digits, as tests/prices.rs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { CostTracker, PriceBook, extractUsage } from "tollgate";

const cases = JSON.parse(readFileSync(new URL("../fixtures/prices/cases.json", import.meta.url), "utf8"));

const UNIT = { webSearchPer1K: "webSearches", fileSearchPer1K: "fileSearches", reasoning: "reasoningOutside" };
const ratesOf = (rates) =>
  Object.fromEntries(
    Object.entries(rates)
      .filter(([key]) => !["tiers", "above", "inclusive", "regionMultiplier"].includes(key))
      .map(([key, usd]) => [UNIT[key] ?? key, key.endsWith("Per1K") ? usd * 1000 : usd]),
  );

/** The case's rates as a price of one's own. */
const pricingOf = ({ rates, tierRates = {}, region }) => ({
  rates: ratesOf(rates),
  tiers: (rates.tiers ?? []).map((tier) => ({ above: tier.above, edge: tier.inclusive ? "from" : "above", rates: ratesOf(tier) })),
  services: Object.fromEntries(Object.entries(tierRates).map(([name, own]) => [name, { rates: ratesOf(own) }])),
  ...(rates.regionMultiplier === undefined ? {} : { regions: { [region]: { multiplier: rates.regionMultiplier } } }),
});

const TOKENS = { input: "inputTokens", output: "outputTokens", audioSeconds: "audioDuration" };
const same = new Set(["webSearches", "fileSearches", "images"]);
const tokensOf = (usage) => {
  const tokens = Object.fromEntries(Object.entries(usage).map(([key, count]) => [same.has(key) ? key : (TOKENS[key] ?? `${key}Tokens`), count]));
  const total = Object.entries(tokens).reduce((sum, [key, count]) => sum + (key.endsWith("Tokens") ? count : 0), 0);
  return { ...tokens, totalTokens: total };
};

describe("the shared cases", () => {
  for (const one of cases) {
    it(`${one.id}: ${one.why}`, () => {
      const usage = one.usage ?? extractUsage(one.body, one.provider).usage;
      const options = { at: one.at, serviceTier: one.served ?? one.asked, region: one.region };
      if (one.rates === undefined) {
        const cost = PriceBook.bundled().price({ model: one.model, provider: one.provider, usage, ...options });
        assert.equal(cost.usd, one.expect);
        return;
      }
      const model = one.model ?? "m";
      // A model that no book has, so that nothing of the built-in row shines through.
      const tracker = new CostTracker({ customPricing: { [`case-${model}`]: pricingOf(one) } });
      const record = tracker.calculateActualCost("r", "a", `case-${model}`, tokensOf(usage), one.provider, undefined, options);
      assert.equal(record.usd, one.expect);
      assert.equal(tracker.estimateCost(`case-${model}`, tokensOf(usage), one.provider, options).usd, one.expect);
      assert.equal(record.serviceTier, options.serviceTier);
      if (one.at !== undefined) assert.equal(record.timestamp, new Date(one.at).toISOString());
    });
  }
});

describe("a price under conditions", () => {
  const tokens = { inputTokens: 1_000_000, outputTokens: 0, totalTokens: 1_000_000 };
  const tracker = new CostTracker({
    customPricing: {
      mine: {
        rates: { input: 10, output: 10 },
        tiers: [{ above: 1_000_000, edge: "disputed", rates: { input: 15 } }],
        services: { flex: { multiplier: 0.5, tiers: [{ above: 1_000_000, edge: "disputed", multiplier: "0.6" }] }, fast: { multiplier: 6 } },
        regions: { eu: { multiplier: "1.1" } },
        schedule: [{ days: "6,7", from: "16:30", to: "00:30", offset: "+08:00", rates: { input: 1 } }],
      },
    },
  });
  const estimate = (options) => tracker.estimateCost("mine", tokens, undefined, { at: "2026-11-18T12:00:00Z", ...options });

  it("is of the service tier, the region and the hour", () => {
    assert.equal(estimate({}).usd, "10");
    assert.equal(estimate({ serviceTier: "flex" }).usd, "5");
    assert.equal(estimate({ serviceTier: "fast", region: "eu" }).usd, "66");
    assert.equal(estimate({ at: "2026-11-21T09:00:00Z" }).usd, "1");
    assert.equal(estimate({ at: "2026-11-21T08:29:59Z" }).usd, "10");
    assert.deepEqual(estimate({}).warnings.map(({ code }) => code), ["tier_boundary"]);
    assert.deepEqual(estimate({ serviceTier: "auto" }).warnings.map(({ code }) => code), ["tier_boundary", "service_tier_open"]);
  });

  it("refuses options that nobody knows and conditions that are none", () => {
    assert.throws(() => estimate({ tier: "flex" }), { code: "unknown_option" });
    assert.throws(() => estimate({ at: "yesterday" }), { code: "invalid_time" });
    assert.throws(() => tracker.addCustomPricing("bad", { services: { flex: { rates: { input: NaN } } } }), { code: "invalid_amount" });
    assert.throws(() => tracker.addCustomPricing("bad", { tiers: [{ above: "9" }] }), {
      code: "invalid_input",
      message: "cannot read custom pricing: expected tiers[0].above to be a whole number of tokens, found a string",
    });
    const hostile = JSON.parse('{"services":{"__proto__":{"rates":{"__proto__":1,"input":2}}},"rates":{"input":1}}');
    tracker.addCustomPricing("odd", hostile);
    assert.equal(tracker.estimateCost("odd", tokens, undefined, { serviceTier: "__proto__" }).usd, "2");
    let deep = {};
    for (let depth = 0; depth < 100; depth += 1) deep = { services: { a: deep } };
    assert.throws(() => tracker.addCustomPricing("bad", deep), { code: "invalid_input" });
  });
});
