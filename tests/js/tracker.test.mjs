// The cost tracker as AgentGuard's programs use it.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { CostTracker, PriceBook, UnknownModelError, ValidationError, getModelPricing } from "tollgate";

const tokens = (inputTokens, outputTokens, more = {}) => ({ inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, ...more });

let warned;
beforeEach(() => {
  warned = mock.method(console, "warn", () => {}).mock;
});
afterEach(() => mock.restoreAll());

describe("CostTracker", () => {
  it("estimates in the model as asked for", () => {
    const { timestamp, ...estimate } = new CostTracker().estimateCost("OpenAI/gpt-5", tokens(2000, 500, { cacheReadTokens: 8000, totalTokens: 10_500 }));
    assert.deepEqual(estimate, {
      estimatedCost: 0.0085,
      usd: "0.0085",
      priced: true,
      model: "OpenAI/gpt-5",
      provider: "openai",
      estimatedTokens: { inputTokens: 2000, outputTokens: 500, totalTokens: 10_500, cacheReadTokens: 8000 },
      breakdown: { inputCost: 0.0035, outputCost: 0.005, usd: { input: "0.0035", output: "0.005" } },
    });
    assert.equal(new Date(timestamp).toISOString(), timestamp);
    assert.equal(warned.callCount(), 0);
  });

  it("makes records of calls", () => {
    const metadata = JSON.parse('{"__proto__": 1, "user": "u"}');
    const tracker = new CostTracker();
    const record = tracker.calculateActualCost("req-1", "agent-1", "gpt-4o", tokens(1000, 100, { webSearches: 1 }), undefined, metadata);
    const { id, timestamp, items, ...rest } = record;
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    assert.equal(new Date(timestamp).toISOString(), timestamp);
    assert.equal(items.map((item) => item.unit).join(), "input,output,webSearches");
    const fee = Number(getModelPricing("gpt-4o").rates.webSearches) / 1e6;
    assert.equal(rest.breakdown.otherCost, fee);
    assert.equal(rest.breakdown.usd.other, String(fee));
    assert.equal(rest.actualCost, Number(rest.usd));
    assert.deepEqual(
      { ...rest, breakdown: undefined, usd: undefined, actualCost: undefined },
      {
        schema: 1,
        requestId: "req-1",
        agentId: "agent-1",
        model: "gpt-4o",
        provider: "openai",
        actualTokens: { inputTokens: 1000, outputTokens: 100, totalTokens: 1100, webSearches: 1 },
        actualCost: undefined,
        usd: undefined,
        priced: true,
        costSource: "computed",
        breakdown: undefined,
        metadata: { ...metadata },
      },
    );
    assert.notEqual(tracker.calculateActualCost("req-1", "a", "gpt-4o", tokens(1, 1)).id, id);
    assert.equal(Object.hasOwn(tracker.calculateActualCost("req-1", "a", "gpt-4o", tokens(1, 1)), "metadata"), false);
  });

  it("shows an unknown model as 0 that is not priced, and says so once", () => {
    const tracker = new CostTracker({ defaultProvider: "bedrock" });
    const estimate = tracker.estimateCost("nobody-knows", tokens(1000, 1000));
    assert.deepEqual([estimate.estimatedCost, estimate.usd, estimate.priced, estimate.provider], [0, "0", false, "bedrock"]);
    assert.deepEqual(estimate.warnings, [{ code: "unknown_model", message: 'no price is known for the model "nobody-knows"' }]);
    tracker.calculateActualCost("r", "a", "nobody-knows", tokens(1, 1));
    assert.deepEqual(warned.calls.map((call) => call.arguments), [['tollgate: no price is known for the model "nobody-knows"']]);
    for (const model of ["g", "constructor", "__proto__"]) assert.equal(tracker.estimateCost(model, tokens(1, 1)).priced, false, model);
  });

  it("follows the policy for unknown models", () => {
    const strict = new CostTracker({ unknownModel: "error" });
    assert.throws(() => strict.estimateCost("nobody-knows", tokens(1, 1)), (error) => error instanceof UnknownModelError && error.model === "nobody-knows" && error.code === "unknown_model");
    const fallback = new CostTracker({ unknownModel: { inputCostPer1K: 0.01, outputCostPer1K: "0.03" } });
    const estimate = fallback.estimateCost("nobody-knows", tokens(1000, 1000));
    assert.deepEqual([estimate.usd, estimate.priced, estimate.warnings[0].code], ["0.04", true, "unknown_model"]);
  });

  it("honours the provider", () => {
    const tracker = new CostTracker();
    assert.equal(tracker.estimateCost("gpt-5", tokens(1, 1), "anthropic").priced, false);
    assert.equal(tracker.estimateCost("gpt-5", tokens(1, 1), "azure").provider, "azure-openai");
    assert.equal(tracker.estimateCost("claude-sonnet-4-5", tokens(1, 1), "anthropic").provider, "anthropic");
  });

  it("costs nothing for no tokens, and prices nothing when disabled", () => {
    assert.deepEqual([new CostTracker().estimateCost("gpt-5", tokens(0, 0))].map((e) => [e.usd, e.priced]), [["0", true]]);
    const off = new CostTracker({ enabled: false });
    const estimate = off.estimateCost("gpt-5", tokens(1000, 1000));
    assert.deepEqual([estimate.usd, estimate.estimatedCost, estimate.priced, estimate.provider], ["0", 0, false, "openai"]);
    assert.equal(warned.callCount(), 0);
  });

  it("refuses counts that are none, an empty model, and unknown units", () => {
    const tracker = new CostTracker();
    for (const wrong of [-1, 0.5, NaN, Infinity, "5"]) {
      assert.throws(() => tracker.estimateCost("gpt-5", tokens(wrong, 1, { totalTokens: 1 })), (error) => error instanceof ValidationError && error.code === "invalid_usage" && error.context.unit === "inputTokens", String(wrong));
    }
    assert.throws(() => tracker.estimateCost("gpt-5", { ...tokens(1, 1), inputs: 1 }), { code: "invalid_usage" });
    assert.throws(() => tracker.estimateCost("gpt-5", JSON.parse('{"inputTokens":1,"__proto__":1}')), { code: "invalid_usage" });
    for (const none of ["", undefined, null, 5]) assert.throws(() => tracker.estimateCost(none, tokens(1, 1)), { code: "invalid_input" }, String(none));
    assert.throws(() => tracker.estimateCost("gpt-5", undefined), { message: "cannot read tokens: expected an object, found undefined" });
    // Optional counts may be absent in every way.
    assert.equal(tracker.estimateCost("gpt-5", tokens(1000, 100, { cacheReadTokens: null, images: undefined })).usd, "0.00225");
  });

  it("warns where the total is not the sum, and counts the parts", () => {
    const estimate = new CostTracker().estimateCost("gpt-5", tokens(1000, 100, { totalTokens: 5 }));
    assert.equal(estimate.usd, "0.00225");
    assert.deepEqual(estimate.warnings, [{ code: "total_mismatch", message: "totalTokens is 5 and the parts sum to 1100; the parts count" }]);
    assert.equal(estimate.estimatedTokens.totalTokens, 1100);
  });
});

describe("custom pricing", () => {
  it("wins over the built-in price and is taken away again", () => {
    const tracker = new CostTracker({ customPricing: { "gpt-4o": { inputCostPer1K: 1, outputCostPer1K: 2 } } });
    assert.equal(tracker.estimateCost("gpt-4o", tokens(1000, 1000)).usd, "3");
    assert.equal(tracker.estimateCost("GPT-4o", tokens(1000, 1000)).usd, "3");
    assert.equal(tracker.estimateCost("gpt-4o-mini", tokens(1000, 1000)).usd, "0.00075");
    tracker.addCustomPricing("gpt-4o", { inputCostPer1K: "0.5", source: "contract", provider: "acme" });
    const pricing = tracker.getPricing("gpt-4o");
    assert.deepEqual([pricing.inputCostPer1K, pricing.outputCostPer1K, pricing.source.name, pricing.provider], [0.5, 0.01, "contract", "acme"]);
    assert.equal(tracker.estimateCost("gpt-4o", tokens(1000, 1000)).usd, "0.51");
    assert.equal(tracker.removeCustomPricing("GPT-4O"), true);
    assert.equal(tracker.removeCustomPricing("gpt-4o"), false);
    assert.equal(tracker.estimateCost("gpt-4o", tokens(1000, 1000)).usd, "0.0125");
    assert.deepEqual(tracker.getPricing("gpt-4o"), getModelPricing("gpt-4o"));
    assert.equal(tracker.getPricing("nobody-knows"), undefined);
  });

  it("knows models of one's own, by any name", () => {
    const customPricing = JSON.parse('{"__proto__": {"inputCostPer1K": 1, "outputCostPer1K": 1}, "constructor": {"rates": {"input": 1000000, "output": 0, "__proto__": 2000000}}}');
    const tracker = new CostTracker({ customPricing });
    assert.equal(tracker.estimateCost("__proto__", tokens(1000, 1000)).usd, "2");
    assert.equal(tracker.estimateCost("constructor", tokens(1, 1)).usd, "1");
    assert.equal(tracker.estimateCost("constructor", tokens(1, 1)).provider, "custom");
    assert.equal(JSON.stringify(tracker.getPricing("constructor").rates), '{"__proto__":"2000000","input":"1000000","output":"0"}');
    assert.deepEqual(Object.keys(tracker.getConfig().customPricing), ["__proto__", "constructor"]);
  });

  it("takes AgentGuard's form, and the form that is given back", () => {
    const tracker = new CostTracker();
    tracker.addCustomPricing("mine", { model: "mine", provider: "custom", inputCostPer1K: 0.001, outputCostPer1K: 0.002, imageCost: 0.04, audioCostPerSecond: 0.0001, lastUpdated: "2026-01-01" });
    const estimate = tracker.estimateCost("mine", tokens(1000, 1000, { images: 2, audioDuration: 2.5 }));
    assert.deepEqual(estimate.breakdown, { inputCost: 0.001, outputCost: 0.002, imageCost: 0.08, audioCost: 0.00025, usd: { input: "0.001", output: "0.002", image: "0.08", audio: "0.00025" } });
    tracker.addCustomPricing("again", getModelPricing("gpt-5"));
    assert.equal(tracker.estimateCost("again", tokens(1000, 100)).usd, "0.00225");
  });

  it("refuses what is wrong when it is set, and keeps what was there", () => {
    const tracker = new CostTracker({ customPricing: { mine: { inputCostPer1K: 1, outputCostPer1K: 1 } } });
    for (const [pricing, code, message] of [
      [{ inputCost: 1 }, "unknown_option", /^cannot read custom pricing: expected one of inputCostPer1K, .*, found unknown option "inputCost"$/],
      [{ inputCostPer1K: -1 }, "invalid_amount", /found "-1"$/],
      [{ inputCostPer1K: NaN }, "invalid_amount", /found "NaN"$/],
      [{ rates: { input: Infinity } }, "invalid_amount", /found "Infinity"$/],
      [{ inputCostPer1K: 1, rates: { input: 1 } }, "invalid_config", /^cannot read custom pricing: expected one rate for input, found another in input$/],
      [{ inputCostPer1K: {} }, "invalid_amount", /found an object$/],
      [{ source: { page: "x" } }, "unknown_option", /found unknown option "page"$/],
      [5, "invalid_input", /expected an object, found a number$/],
    ]) {
      assert.throws(() => tracker.addCustomPricing("mine", pricing), (error) => error.code === code && message.test(error.message), JSON.stringify(pricing));
      assert.throws(() => new CostTracker({ customPricing: { mine: pricing } }), { code });
      assert.throws(() => tracker.updateConfig({ customPricing: { other: { inputCostPer1K: 2 }, mine: pricing } }), { code });
    }
    assert.throws(() => tracker.addCustomPricing("", { inputCostPer1K: 1 }), { code: "invalid_input" });
    assert.equal(tracker.estimateCost("mine", tokens(1000, 1000)).usd, "2");
    assert.equal(tracker.getPricing("other"), undefined);
  });

  it("rounds a rate finer than a pico-dollar up, and says so", () => {
    new CostTracker().addCustomPricing("mine", { rates: { input: "0.0000001" } });
    assert.match(warned.calls[0].arguments[0], /the custom rate input is finer than a pico-dollar and was rounded up$/);
  });

  it("is a copy", () => {
    const pricing = { inputCostPer1K: 1, outputCostPer1K: 1 };
    const tracker = new CostTracker({ customPricing: { mine: pricing } });
    pricing.inputCostPer1K = 5;
    tracker.getConfig().customPricing.mine.inputCostPer1K = 7;
    assert.equal(tracker.estimateCost("mine", tokens(1000, 0)).usd, "1");
  });
});

describe("configuration", () => {
  it("refuses unknown options and wrong values", () => {
    assert.throws(() => new CostTracker({ enbled: true }), { code: "unknown_option", message: /found unknown option "enbled"$/ });
    assert.throws(() => new CostTracker({ enabled: "yes" }), { code: "invalid_config", message: "cannot read tracker configuration: expected enabled to be true or false, found a string" });
    assert.throws(() => new CostTracker({ unknownModel: "free" }), { code: "invalid_config" });
    assert.throws(() => new CostTracker({ defaultProvider: 5 }), { code: "invalid_input" });
    assert.doesNotThrow(() => new CostTracker({ enabled: undefined, customPricing: null, defaultProvider: null }));
  });

  it("shows what is in force and changes it", () => {
    const tracker = new CostTracker({ persistRecords: false });
    assert.deepEqual(tracker.getConfig(), { enabled: true, persistRecords: false, enableBudgets: true, enableAlerts: true, unknownModel: "zero", customPricing: {} });
    tracker.addCustomPricing("mine", { inputCostPer1K: 1, outputCostPer1K: 1 });
    tracker.updateConfig({ enabled: false });
    assert.equal(tracker.estimateCost("gpt-5", tokens(1, 1)).priced, false);
    tracker.updateConfig({ enabled: true, unknownModel: "error" });
    assert.throws(() => tracker.estimateCost("nobody-knows", tokens(1, 1)), UnknownModelError);
    assert.equal(tracker.estimateCost("mine", tokens(1000, 1000)).usd, "2");
    assert.throws(() => tracker.updateConfig({ nope: 1 }), { code: "unknown_option" });
    tracker.updateConfig({ customPricing: {} });
    assert.throws(() => tracker.estimateCost("mine", tokens(1, 1)), UnknownModelError);
    const book = PriceBook.bundled();
    tracker.updateConfig({ priceBook: book });
    assert.equal(tracker.getConfig().priceBook, book);
    assert.equal(tracker.estimateCost("gpt-5", tokens(1000, 100)).usd, "0.00225");
  });
});
