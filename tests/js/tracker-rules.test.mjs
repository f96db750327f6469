// The promises of the cost tracker, one by one, over the whole catalogue and over random cases. Exact: the decimals are compared
// as texts, and the expected ones are made here, of whole numbers, out of the rates that `getModelPricing` shows.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { CostTracker, PriceBook, UnknownModelError, getModelPricing, getProviderModels, getSupportedProviders } from "tollgate";

const AT = "2026-11-21T12:00:00Z";
const CASES = 300;

/** Pseudo-random numbers that are the same in every run. */
let state = 7n;
function random(below) {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number((state >> 33n) % BigInt(below));
}

const pico = (decimal) => {
  const [whole, fraction = ""] = decimal.split(".");
  return BigInt(whole + fraction.padEnd(12, "0"));
};
const decimal = (value) => {
  const digits = String(value).padStart(13, "0");
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, "");
};
/** Dollars for a quantity, in thousandths, at a rate per million; rounded up once. */
const cost = (quantity, perMillion) => (BigInt(Math.round(quantity * 1000)) * pico(perMillion) + 999_999_999n) / 1_000_000_000n;

const tokens = (inputTokens, outputTokens, more = {}) => ({ inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, ...more });

/** Every model whose price for a short call is that of its row alone. */
const models = getSupportedProviders().flatMap((provider) =>
  getProviderModels(provider)
    .map((id) => [id, provider, getModelPricing(id, provider)])
    .filter(([id, of, pricing]) => pricing.rates.input !== undefined && pricing.rates.output !== undefined && hasNoHours(id, of)),
);
function hasNoHours(id, provider) {
  const told = PriceBook.bundled().explain(id, { provider, at: AT });
  return told.priced && told.variants.every(({ holds }) => !holds);
}

let warned;
beforeEach(() => {
  warned = mock.method(console, "warn", () => {}).mock;
});
afterEach(() => mock.restoreAll());

describe("P1, P2, P4: estimate and cost of every priced model", () => {
  it("is in x its rate + out x its rate, the parts sum to it, and a record says the same", () => {
    assert.ok(models.length > 1_000, `${models.length} models`);
    const tracker = new CostTracker();
    for (const [id, provider, pricing] of models) {
      const used = tokens(random(20_000), random(4_000));
      const [input, output] = [cost(used.inputTokens, pricing.rates.input), cost(used.outputTokens, pricing.rates.output)];
      const estimate = tracker.estimateCost(id, used, provider, { at: AT });
      assert.deepEqual([estimate.usd, estimate.priced, estimate.model, estimate.provider], [decimal(input + output), true, id, provider], id);
      assert.deepEqual([estimate.breakdown.usd.input, estimate.breakdown.usd.output], [decimal(input), decimal(output)], id);
      assert.equal(Object.values(estimate.breakdown.usd).reduce((sum, usd) => sum + pico(usd), 0n), pico(estimate.usd), id);
      assert.equal(estimate.estimatedCost, Number(estimate.usd));
      const record = tracker.calculateActualCost("r", "a", id, used, provider, undefined, { at: AT });
      assert.deepEqual([record.usd, record.breakdown, record.actualTokens, record.costSource], [estimate.usd, estimate.breakdown, estimate.estimatedTokens, "computed"], id);
      // The rate for a thousand is the one that AgentGuard multiplied with, as the nearest double.
      assert.equal(pricing.inputCostPer1K, Number(decimal(pico(pricing.rates.input) / 1_000n + (pico(pricing.rates.input) % 1_000n === 0n ? 0n : 1n))), id);
    }
    assert.equal(warned.callCount(), 0);
  });
});

describe("P3: prices of one's own", () => {
  it("are used, with images and seconds of audio, whatever the provider", () => {
    for (let index = 0; index < CASES; index += 1) {
      const rates = { inputCostPer1K: `0.${String(random(1e6)).padStart(6, "0")}`, outputCostPer1K: `${random(10)}.${random(1e4)}`, imageCost: `0.${random(1e5)}`, audioCostPerSecond: `0.${random(1e6)}` };
      const name = random(2) === 0 ? models[random(models.length)][0] : `own-${index}`;
      const tracker = new CostTracker({ customPricing: { [name]: rates } });
      const used = tokens(random(1e6), random(1e5), { images: random(9), audioDuration: random(1e6) / 1000 });
      const parts = [cost(used.inputTokens * 1000, rates.inputCostPer1K), cost(used.outputTokens * 1000, rates.outputCostPer1K), cost(used.images * 1e6, rates.imageCost), cost(used.audioDuration * 1e6, rates.audioCostPerSecond)];
      const provider = [undefined, "openai", "anthropic"][random(3)];
      const estimate = tracker.estimateCost(name, used, provider, { at: AT });
      assert.equal(estimate.usd, decimal(parts.reduce((sum, part) => sum + part, 0n)), name);
      const { input, output, image = "0", audio = "0" } = estimate.breakdown.usd;
      assert.deepEqual([input, output, image, audio], parts.map(decimal), name);
    }
  });

  it("that are partial lie over the built-in row of exactly that model, and of no other", () => {
    for (let index = 0; index < CASES; index += 1) {
      const [id, provider, pricing] = models[random(models.length)];
      const tracker = new CostTracker({ customPricing: { [id]: { inputCostPer1K: "0.007" } } });
      const used = tokens(random(20_000), random(4_000));
      const expected = decimal(cost(used.inputTokens, "7") + cost(used.outputTokens, pricing.rates.output));
      assert.equal(tracker.estimateCost(id, used, provider, { at: AT }).usd, expected, id);
      const dated = `${id}-2031-01-31`;
      if (getModelPricing(dated, provider) !== undefined) {
        assert.equal(tracker.estimateCost(dated, used, provider, { at: AT }).usd, new CostTracker().estimateCost(dated, used, provider, { at: AT }).usd, dated);
      }
    }
  });
});

describe("what is not known", () => {
  it("costs zero and says so: no likeness, no prefix, no property of objects is a price", () => {
    const tracker = new CostTracker();
    for (const name of ["g", "gpt", "gpt-4o-mini-turbo", "claude", "constructor", "__proto__", "toString", "hasOwnProperty", " gpt-4o", "gpt-4o ", "gpt-4o\u0000", "x".repeat(10_000)]) {
      const estimate = tracker.estimateCost(name, tokens(1e6, 1e6));
      assert.deepEqual([estimate.usd, estimate.estimatedCost, estimate.priced, estimate.model], ["0", 0, false, name], name.slice(0, 40));
      assert.equal(estimate.warnings[0].code, "unknown_model");
      assert.equal(tracker.calculateActualCost("r", "a", name, tokens(1, 1)).priced, false);
    }
    assert.equal(warned.callCount(), 12);
    const strict = new CostTracker({ unknownModel: "error" });
    assert.throws(() => strict.calculateActualCost("r", "a", "gpt", tokens(1, 1)), UnknownModelError);
    const fallback = new CostTracker({ unknownModel: { inputCostPer1K: 0.01, outputCostPer1K: 0.03 } });
    assert.deepEqual([fallback.calculateActualCost("r", "a", "gpt", tokens(1000, 1000))].map((record) => [record.usd, record.priced, record.warnings[0].code]), [["0.04", true, "unknown_model"]]);
    // A known model does not fall back.
    assert.equal(fallback.estimateCost("gpt-4o", tokens(1000, 1000)).usd, new CostTracker().estimateCost("gpt-4o", tokens(1000, 1000)).usd);
  });

  it("is refused where it is no count, in an estimate as in a record", () => {
    const tracker = new CostTracker();
    for (const field of ["inputTokens", "outputTokens", "cacheReadTokens", "images"]) {
      for (const wrong of [-1, 0.5, NaN, Infinity, -Infinity, 2 ** 53 + 2, "7", true, 7n]) {
        const used = { ...tokens(1, 1), [field]: wrong };
        for (const call of [() => tracker.estimateCost("gpt-5", used), () => tracker.calculateActualCost("r", "a", "gpt-5", used)]) {
          assert.throws(call, { name: "ValidationError", code: "invalid_usage" }, `${field} ${String(wrong)}`);
        }
      }
    }
    // The largest count is one.
    assert.equal(tracker.estimateCost("gpt-4o", tokens(0, 0, { cacheReadTokens: 2 ** 53, totalTokens: 2 ** 53 })).usd, "11258999068.42624");
  });
});

describe("a tracker that is off, and one that has nothing to count", () => {
  it("costs zero", () => {
    const off = new CostTracker({ enabled: false, customPricing: { mine: { inputCostPer1K: 1, outputCostPer1K: 1 } }, unknownModel: "error" });
    for (const name of ["gpt-5", "mine", "nobody-knows"]) {
      const record = off.calculateActualCost("r", "a", name, tokens(1000, 1000));
      assert.deepEqual([record.usd, record.actualCost, record.priced, record.breakdown.usd], ["0", 0, false, { input: "0", output: "0" }], name);
    }
    for (let index = 0; index < CASES; index += 1) {
      const [id, provider] = models[random(models.length)];
      const nothing = new CostTracker().estimateCost(id, tokens(0, 0), provider);
      assert.deepEqual([nothing.usd, nothing.priced], ["0", true], id);
    }
  });
});

describe("records", () => {
  it("have ids of their own, are copies, and carry what was asked", () => {
    const tracker = new CostTracker();
    const metadata = { deep: { user: "u" } };
    const used = tokens(10, 10);
    const ids = new Set(Array.from({ length: 2_000 }, () => tracker.calculateActualCost("same", "a", "gpt-4o", used).id));
    assert.equal(ids.size, 2_000);
    const record = tracker.calculateActualCost("r", "a", "gpt-4o", used, undefined, metadata, { at: AT, serviceTier: "batch" });
    metadata.other = 1;
    used.inputTokens = 99;
    assert.deepEqual([record.metadata, record.actualTokens.inputTokens, record.timestamp, record.serviceTier, record.schema], [{ deep: { user: "u" } }, 10, "2026-11-21T12:00:00.000Z", "batch", 1]);
    assert.deepEqual(record.items.map(({ unit }) => unit), ["input", "output"]);
  });

  it("price every part apart: cached tokens once, reasoning inside the output", () => {
    const { rates } = getModelPricing("claude-sonnet-4-5", "anthropic");
    const used = { inputTokens: 3, outputTokens: 550, cacheReadTokens: 12_304, cacheWriteTokens: 100, cacheWrite1hTokens: 50, reasoningTokens: 200, totalTokens: 13_007 };
    const record = new CostTracker().calculateActualCost("r", "a", "claude-sonnet-4-5", used, "anthropic", undefined, { at: AT });
    const parts = [cost(3, rates.input), cost(12_304, rates.cacheRead), cost(100, rates.cacheWrite), cost(50, rates.cacheWrite1h)];
    assert.equal(record.breakdown.usd.input, decimal(parts.reduce((sum, part) => sum + part, 0n)));
    assert.equal(record.breakdown.usd.output, decimal(cost(550, rates.output)));
    assert.equal(record.warnings, undefined);
  });
});

describe("the hot path", () => {
  it("has the digits of a price, at every count, for every model", () => {
    const book = PriceBook.bundled();
    for (let index = 0; index < 3_000; index += 1) {
      const [id, provider] = models[random(models.length)];
      const handle = book.handle(id, provider);
      const size = [100, 300_000, 3_000_000_000, 2 ** 50][random(4)];
      const [input, output, cacheRead, cacheWrite] = [random(size), random(size), random(3) * random(size), random(2) * random(size)];
      const price = book.price({ model: id, provider, usage: { input, output, cacheRead, cacheWrite } });
      const hot = book.cost(handle, input, output, cacheRead, cacheWrite);
      assert.equal(hot, price.priced ? price.amount : NaN, `${id} ${[input, output, cacheRead, cacheWrite]}`);
      if (price.priced) assert.equal(price.items.reduce((sum, item) => sum + pico(item.usd), 0n), pico(price.usd), id);
    }
    const handle = book.handle("gpt-4o");
    for (const wrong of [-1, 0.5, NaN, Infinity, 2 ** 53 + 2]) assert.throws(() => book.cost(handle, wrong, 1), { code: "invalid_usage" }, String(wrong));
    assert.equal(book.cost(handle, -0, 0), 0);
    for (const none of [-1, 1e9, 0.5, NaN, undefined]) assert.ok(Number.isNaN(book.cost(none, 1, 1)), String(none));
  });
});
