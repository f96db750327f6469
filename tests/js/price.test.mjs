// The face of prices: the bundled book, the catalogue's functions, the read-only view.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  MODEL_PRICING,
  PriceBook,
  TollgateError,
  ValidationError,
  findModel,
  getModelPricing,
  getProviderModels,
  getRateSourceInfo,
  getSupportedModels,
  getSupportedProviders,
  isModelSupported,
} from "tollgate";

const book = PriceBook.bundled();
const AT = "2026-11-21";
const data = JSON.parse(readFileSync(new URL("../../data/prices/main.json", import.meta.url), "utf8"));

/** The row of main.json in force on a day. */
const rowOf = (provider, model, day) =>
  data.models.find((one) => one.provider === provider && one.id === model).rows.filter((row) => (row.from ?? "") <= day).at(-1);

describe("PriceBook.price", () => {
  it("of a sum of calls has a range", () => {
    const usage = { input: 1_000_000, output: 1_000 };
    const { usd, low, high, warnings } = book.price({ model: "gemini-2.5-pro", usage, aggregated: true, at: AT });
    assert.deepEqual([usd, low, high, warnings.map(({ code }) => code)], ["1.26", "1.26", "2.515", ["usage_aggregated"]]);
    assert.equal(book.price({ model: "gemini-2.5-pro", usage, aggregated: false, at: AT }).usd, "2.515");
    assert.throws(() => book.price({ model: "gpt-5", usage, aggregated: "yes" }), { message: "cannot read price query: expected aggregated to be true or false, found something else" });
  });

  it("is exact and itemised", () => {
    const cost = book.price({ model: "gpt-5", usage: { input: 2000, cacheRead: 8000, output: 500 }, at: AT });
    assert.deepEqual(cost, {
      priced: true,
      usd: "0.0085",
      amount: 0.0085,
      items: [
        { unit: "input", quantity: 2000, ratePerMillion: "1.25", usd: "0.0025" },
        { unit: "cacheRead", quantity: 8000, ratePerMillion: "0.125", usd: "0.001" },
        { unit: "output", quantity: 500, ratePerMillion: "10", usd: "0.005" },
      ],
      model: "gpt-5",
      provider: "openai",
      matchType: "exact",
      source: { name: "litellm 1.109.1", url: "https://developers.openai.com/api/docs/pricing", retrievedAt: data.sources[0].retrievedAt },
      warnings: [],
    });
  });

  it("takes the price of the day of the call", () => {
    const usd = (at) => book.price({ model: "o3", usage: { input: 1000, output: 100 }, at }).usd;
    assert.equal(usd("2025-06-09T12:00:00Z"), "0.014");
    assert.equal(usd(new Date("2025-06-11T12:00:00Z")), "0.0028");
    assert.equal(usd(Date.UTC(2025, 5, 11)), "0.0028");
    assert.equal(usd(undefined), "0.0028");
    assert.equal(usd(null), "0.0028");
  });

  it("has items and a source that are built when they are read, and are plain properties", () => {
    const query = { model: "gpt-5", usage: { input: 2000, cacheRead: 8000, output: 500, reasoning: 100 }, at: AT };
    const cost = book.price(query);
    // What the caller does to its object afterwards changes nothing.
    query.usage.input = 7;
    assert.deepEqual(Object.keys(cost), ["priced", "usd", "amount", "items", "model", "provider", "matchType", "source", "warnings"]);
    assert.equal(cost.items, cost.items);
    assert.equal(cost.items.map(({ usd }) => Number(usd)).reduce((a, b) => a + b), cost.amount);
    assert.deepEqual(structuredClone(cost), { ...cost });
    assert.deepEqual(JSON.parse(JSON.stringify(book.price({ ...query, usage: { input: 2000, cacheRead: 8000, output: 500 } }))), { ...cost });
    cost.items.push("mine");
    assert.equal(book.price(query).items.length, 3);
    const other = book.price(query);
    other.source.name = "mine";
    assert.notEqual(book.price(query).source.name, "mine");
  });

  it("answers the same at any length of the way", () => {
    // A name in extra, a null and an instant as text go by the core's own reading; the digits are the same.
    for (const usage of [{ input: 1, output: 2 }, { input: 272_000, output: 5, cacheRead: 3 }, { input: 2 ** 53, output: 0 }, { input: 0, output: 0 }]) {
      for (const model of ["gpt-5", "claude-sonnet-4-5", "gemini-2.5-pro", "OPENAI/gpt-4o-2024-11-20"]) {
        const short = book.price({ model, usage, at: Date.parse(AT) });
        const long = book.price({ model, usage: { ...usage, extra: {} }, at: AT, region: null });
        assert.deepEqual({ ...short }, long);
      }
    }
  });

  it("reads a usage as the core does, whatever object it is", () => {
    class Counts {
      get input() {
        return 1e6;
      }
      output = 1;
    }
    const model = "gpt-5";
    // An instant as text goes by the core's own reading.
    const told = (query) => {
      try {
        return { ...book.price(query) };
      } catch (error) {
        return TollgateError.isInstance(error) ? [error.code, error.message] : error;
      }
    };
    for (const [what, query, expected] of [
      ["inherited counts", { model, usage: Object.create({ input: 1e6, output: 1 }) }, "0"],
      ["a getter of a class", { model, usage: new Counts() }, "0.00001"],
      ["an object without a prototype", { model, usage: Object.assign(Object.create(null), { input: 1e6, output: 1 }) }, "1.25001"],
      ["a getter of its own", { model, usage: { get input() { return 1e6; }, output: 1 } }, "1.25001"],
      ["null for a count", { model, usage: { input: 1e6, output: null } }, "1.25"],
      ["an array", { model, usage: [] }, "invalid_input"],
      ["an array with names", { model, usage: Object.assign([], { input: 1, output: 1 }) }, "invalid_input"],
      ["a BigInt", { model, usage: { input: 10n, output: 1 } }, "invalid_usage"],
      ["a BigInt beside others", { model, usage: { input: 1, output: 1, cacheRead: 10n, reasoning: 0 } }, "invalid_usage"],
      ["a text", { model, usage: { input: "10", output: 1 } }, "invalid_usage"],
      ["a number object", { model, usage: { input: Object(5), output: 1 } }, "invalid_usage"],
      ["an inherited tier", Object.assign(Object.create({ serviceTier: "flex" }), { model, usage: { input: 1e6, output: 1 } }), "0.625005"],
      ["an inherited wish", Object.assign(Object.create({ aggregated: "yes" }), { model, usage: { input: 1e6, output: 1 } }), "invalid_input"],
      ["an inherited key that is none", Object.assign(Object.create({ tier: "flex" }), { model, usage: { input: 1e6, output: 1 } }), "1.25001"],
    ]) {
      const quick = told(Object.defineProperty(query, "at", { value: Date.parse(AT), enumerable: true, configurable: true }));
      assert.deepEqual(quick, told(Object.defineProperty(query, "at", { value: AT })), what);
      assert.equal(Array.isArray(quick) ? quick[0] : quick.usd, expected, what);
    }
    // What a program puts into every object is said by none.
    for (const enumerable of [true, false]) {
      Object.defineProperty(Object.prototype, "cacheRead", { value: 1e6, enumerable, configurable: true });
      try {
        assert.equal(book.price({ model, usage: { input: 1e6, output: 1 }, at: Date.parse(AT) }).usd, "1.25001", String(enumerable));
      } finally {
        delete Object.prototype.cacheRead;
      }
    }
  });

  it("finds more names than it remembers", () => {
    const usage = { input: 1_000, output: 0 };
    const spelled = (name, number) => [...name].map((char, bit) => ((number >> bit) & 1 ? char.toUpperCase() : char)).join("");
    for (let number = 0; number < 3_000; number += 1) {
      const model = spelled("claudesonnet", number).replace(/(?<=^.{6})/, "-") + "-4-5";
      const cost = book.price({ model, usage, ...(number % 3 && { provider: spelled("anthropic", number) }), at: Date.parse(AT) });
      assert.deepEqual([cost.usd, cost.model], ["0.003", "claude-sonnet-4-5"], model);
    }
  });

  it("answers why there is none", () => {
    const usage = { input: 1, output: 1 };
    assert.deepEqual(book.price({ model: "gpt-nope", usage }), { priced: false, reason: "unknown_model", detail: 'no price is known for the model "gpt-nope"' });
    assert.deepEqual(book.price({ model: "gpt-5", usage, serviceTier: "ultrafast" }), { priced: false, reason: "no_rate", detail: 'no rates of the service tier "ultrafast" are known of the model "gpt-5"' });
    assert.equal(book.price({ model: "gpt-5", usage: { ...usage, extra: { sprockets: 1 } } }).reason, "no_rate");
    assert.equal(book.price({ model: "gpt-5", provider: "anthropic", usage }).reason, "unknown_model");
  });

  it("refuses what can't be read, by name", () => {
    const usage = { input: 1, output: 1 };
    for (const [query, code, message] of [
      [{ model: "gpt-5", usage: { ...usage, input: -1 } }, "invalid_usage", "cannot read usage: expected input to be a whole number from 0 to 2^53, found -1"],
      [{ model: "gpt-5", usage: { ...usage, input: 0.5 } }, "invalid_usage", "cannot read usage: expected input to be a whole number from 0 to 2^53, found 0.5"],
      [{ model: "gpt-5", usage: { ...usage, output: NaN } }, "invalid_usage", "cannot read usage: expected output to be a whole number from 0 to 2^53, found NaN"],
      [{ model: "gpt-5", usage, at: "2026-01-01T00:00:00" }, "invalid_time", /^cannot read instant: expected a Date, milliseconds, RFC 3339/],
      [{ model: "gpt-5", usage, tier: "flex" }, "unknown_option", /expected one of model, provider, usage, at, serviceTier, region, aggregated, found unknown option "tier"$/],
      [{ model: "", usage }, "invalid_input", "cannot read price query: expected model to name a model, found none"],
      [{ usage }, "invalid_input", "cannot read price query: expected model to name a model, found none"],
      [{ model: 5, usage }, "invalid_input", "cannot read price query: expected model to be a string, found a number"],
      [{ model: "gpt-5" }, "invalid_input", "cannot read usage: expected an object, found undefined"],
      [undefined, "invalid_input", "cannot read price query: expected an object, found undefined"],
    ]) {
      assert.throws(() => book.price(query), (error) => {
        assert.ok(TollgateError.isInstance(error));
        assert.equal(error.code, code);
        if (typeof message === "string") assert.equal(error.message, message);
        else assert.match(error.message, message);
        return true;
      });
    }
    for (const key of ["__proto__", "constructor", "tokens"]) {
      const odd = JSON.parse(`{"input":1,"output":1,${JSON.stringify(key)}:1}`);
      assert.throws(() => book.price({ model: "gpt-5", usage: odd }), { code: "invalid_usage" }, key);
    }
  });
});

describe("the hot path", () => {
  it("has the same digits as price", () => {
    for (const [model, input, output, cacheRead, cacheWrite] of [
      ["gpt-5", 1000, 100, 0, 0],
      ["claude-sonnet-4-5", 3, 550, 1000, 12304],
      ["gemini-2.5-pro", 300_000, 1000, 0, 0],
      ["grok-4.6", 200_000, 1000, 0, 0],
      ["o1-pro", 9_000_000_000_000, 9_000_000_000_000, 0, 0],
    ]) {
      const cost = book.price({ model, usage: { input, output, cacheRead, cacheWrite } });
      assert.equal(book.cost(book.handle(model), input, output, cacheRead, cacheWrite), cost.amount, model);
    }
    assert.equal(book.cost(book.handle("gpt-5"), 1000, 100), 0.00225);
    assert.equal(book.cost(book.handle("gpt-5"), 0, 0), 0);
  });

  it("is NaN without a price", () => {
    assert.equal(book.handle("gpt-nope"), -1);
    assert.equal(book.handle("gpt-5", "anthropic"), -1);
    for (const handle of [-1, -2, 1e6, 2 ** 31 - 1]) assert.ok(Number.isNaN(book.cost(handle, 1, 1)), String(handle));
  });

  it("refuses counts that are none", () => {
    const handle = book.handle("gpt-5");
    for (const wrong of [-1, 0.5, NaN, Infinity, 2 ** 54]) {
      assert.throws(() => book.cost(handle, wrong, 1), ValidationError);
      assert.throws(() => book.cost(handle, 1, 1, 0, wrong), { code: "invalid_usage", context: { unit: "cacheWrite" } });
    }
    for (const wrong of [5n, "5", null, {}, Object(5), Symbol("5")]) {
      assert.throws(() => book.cost(handle, wrong, 0), { code: "invalid_usage", context: { unit: "input" } }, typeof wrong);
      assert.throws(() => book.cost(handle, 1, 0, wrong), { code: "invalid_usage", context: { unit: "cacheRead" } }, typeof wrong);
    }
    for (const wrong of [5n, "5", null, undefined, {}, Symbol("5")]) assert.equal(book.cost(wrong, 1, 1), NaN, typeof wrong);
  });

  it("takes the price of the moment where one is to change", (t) => {
    const isToCome = (row) => row.from > data.sources[0].retrievedAt;
    const { provider, id, rows } = data.models.find((model) => model.rows.some(isToCome));
    const change = { provider, model: id, from: rows.find(isToCome).from };
    const handle = book.handle(change.model, change.provider);
    const at = (day) => {
      t.mock.timers.setTime(Date.parse(day));
      return book.cost(handle, 1_000_000, 0);
    };
    t.mock.timers.enable({ apis: ["Date"] });
    const input = (day) => Number(rowOf(change.provider, change.model, day).rates.input);
    assert.notEqual(input("2026-12-31"), input(change.from));
    assert.equal(at("2026-12-31"), input("2026-12-31"));
    assert.equal(at(change.from), input(change.from));
    // A clock that stands before the data was read (Workers, while modules load) is not set.
    assert.equal(at("1970-01-01"), input(data.sources[0].retrievedAt));
  });
});

describe("the catalogue", () => {
  it("finds models by their names, and nothing else", () => {
    for (const [name, provider, expected] of [
      ["gpt-5", undefined, { id: "gpt-5", provider: "openai", matchType: "exact" }],
      ["GPT-5", undefined, { id: "gpt-5", provider: "openai", matchType: "exact" }],
      ["openai/gpt-5", undefined, { id: "gpt-5", provider: "openai", matchType: "prefix" }],
      ["gpt-5-2031-01-31", undefined, { id: "gpt-5", provider: "openai", matchType: "dated" }],
      ["gpt-5-latest", undefined, { id: "gpt-5", provider: "openai", matchType: "alias" }],
      ["gpt-5", "azure-openai", { id: "gpt-5", provider: "azure-openai", matchType: "exact" }],
      ["claude-3-opus-20240229", undefined, { id: "claude-3-opus-latest", provider: "anthropic", matchType: "dated" }],
      ["gpt-4o-mini", undefined, { id: "gpt-4o-mini", provider: "openai", matchType: "exact" }],
      ["gpt-5", "anthropic", undefined],
      ["openai/gpt-5", "azure-openai", undefined],
    ]) {
      assert.deepEqual(findModel(name, provider), expected, `${name} ${provider}`);
      assert.equal(isModelSupported(name, provider), expected !== undefined);
    }
    for (const name of ["", "g", "gpt", "constructor", "__proto__", "toString", "gpt-4o-min", undefined, null, 5, {}]) {
      assert.equal(findModel(name), undefined, String(name));
      assert.equal(getModelPricing(name), undefined);
      assert.equal(getRateSourceInfo(name), undefined);
      assert.equal(isModelSupported(name), false);
    }
  });

  it("shows a model's price and where it comes from", () => {
    assert.deepEqual(getModelPricing("gpt-4o"), {
      model: "gpt-4o",
      provider: "openai",
      inputCostPer1K: 0.0025,
      outputCostPer1K: 0.01,
      lastUpdated: data.sources[0].retrievedAt,
      source: { name: "litellm 1.109.1", url: "https://developers.openai.com/api/docs/pricing", retrievedAt: data.sources[0].retrievedAt },
      rates: { cacheRead: "1.25", fileSearches: "2500", input: "2.5", output: "10", webSearches: rateOf("gpt-4o", "webSearches"), "webSearches:preview": "25000" },
      services: { batch: { rates: { input: "1.25", output: "5" } }, priority: { rates: { input: "4.25", cacheRead: "2.125", output: "17" } } },
    });
    assert.equal(getRateSourceInfo("o3").effectiveFrom, "2025-06-10");
    assert.equal(getModelPricing("whisper-1").audioCostPerSecond, 0.0001);
  });

  it("lists what there is", () => {
    assert.deepEqual(getSupportedProviders(), data.providers.map(({ name }) => name));
    assert.deepEqual(getSupportedProviders().slice(0, 7), ["openai", "anthropic", "google", "mistral", "cohere", "xai", "deepseek"]);
    assert.equal(book.size, data.models.length);
    for (const provider of getSupportedProviders()) {
      const ids = data.models.filter((model) => model.provider === provider && model.rows.length > 0).map((model) => model.id);
      assert.deepEqual([...getProviderModels(provider)].sort(), ids.sort());
    }
    assert.deepEqual(getProviderModels("azure"), getProviderModels("azure-openai"));
    assert.deepEqual(getProviderModels("nobody"), []);
    const all = getSupportedModels();
    assert.equal(new Set(all).size, all.length);
    assert.ok(all.includes("gpt-5") && all.includes("claude-sonnet-4-5"));
  });

  it("has every rate of main.json", () => {
    for (const { provider, id } of data.models) {
      const row = rowOf(provider, id, new Date().toISOString().slice(0, 10));
      const pricing = getModelPricing(id, provider);
      if (row?.rates === undefined) {
        assert.equal(Object.keys(pricing?.rates ?? {}).length, 0, id);
        continue;
      }
      assert.deepEqual(Object.keys(pricing.rates).sort(), Object.keys(row.rates).sort(), id);
      for (const unit of ["input", "output", "cacheRead", "cacheWrite"]) assert.equal(pricing.rates[unit], row.rates[unit], `${id} ${unit}`);
    }
  });
});

/** A fee as `rates` shows it: for a million. */
function rateOf(model, unit) {
  return String(Math.round(Number(rowOf("openai", model, AT).rates[unit]) * 1e9) / 1e3);
}

describe("MODEL_PRICING", () => {
  it("is a read-only view of all prices", () => {
    assert.equal(MODEL_PRICING["gpt-4o"].inputCostPer1K, 0.0025);
    assert.equal(MODEL_PRICING["gpt-5"].provider, "openai");
    assert.equal(MODEL_PRICING["azure-openai/gpt-5"].provider, "azure-openai");
    assert.equal(Object.keys(MODEL_PRICING).length, data.models.filter(({ rows }) => rows.length > 0).length);
    assert.ok("gpt-5" in MODEL_PRICING && Object.hasOwn(MODEL_PRICING, "gpt-5"));
    for (const name of ["", "g", "constructor", "__proto__", "hasOwnProperty"]) assert.equal(MODEL_PRICING[name], undefined, name);
    assert.throws(() => { MODEL_PRICING["gpt-5"] = {}; }, TypeError);
    assert.throws(() => { delete MODEL_PRICING["gpt-5"]; }, TypeError);
    assert.throws(() => { MODEL_PRICING.mine = {}; }, TypeError);
    assert.equal(MODEL_PRICING["gpt-5"].inputCostPer1K, 0.00125);
    assert.ok(Object.isFrozen(MODEL_PRICING));
  });
});
