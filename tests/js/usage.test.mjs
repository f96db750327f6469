// Usage out of bodies and streams, and what they cost: the cases that Rust reads too, through the face.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { PriceBook, ValidationError, extractUsage } from "../../dist/index.js";

const FIXTURES = new URL("../fixtures/usage/", import.meta.url);
const CASES = readdirSync(FIXTURES).flatMap((file) =>
  JSON.parse(readFileSync(new URL(file, FIXTURES), "utf8")).map((entry) => ({ file, ...entry })),
);

/** What is extracted, less its warnings; null for nothing. */
function shown(found) {
  if (found === undefined) return null;
  const { warnings, ...rest } = found;
  return rest;
}

test("the shared cases, as text and as object", () => {
  assert.ok(CASES.length > 80);
  for (const { file, name, provider, body, text, as, expect, warnings = [] } of CASES) {
    const where = `${file}: ${name}`;
    const expected = as === undefined ? expect : shown(extractUsage(as, provider));
    const found = extractUsage(text ?? body, provider);
    assert.deepEqual(shown(found), expected, where);
    assert.deepEqual(found?.warnings.map((warning) => warning.code) ?? [], warnings, where);
    if (text === undefined) assert.deepEqual(extractUsage(JSON.stringify(body, null, 1), provider), found, where);
  }
});

test("objects as SDKs hand them out", () => {
  class Completion {
    usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, prompt_tokens_details: undefined };
  }
  assert.deepEqual(extractUsage(new Completion())?.usage, { input: 10, output: 5 });
  // A model that tells nothing: version 4 of the AI SDK has NaN there.
  assert.equal(extractUsage({ promptTokens: NaN, completionTokens: NaN, totalTokens: NaN }), undefined);
  assert.equal(extractUsage({ inputTokens: undefined, outputTokens: undefined, totalTokens: undefined }), undefined);
});

test("what is no body is refused", () => {
  const cycle = {};
  cycle.self = cycle;
  for (const [body, found] of [
    [undefined, "undefined"],
    [null, "null"],
    [5, "number"],
    [() => 1, "function"],
    [{ usage: 1n }, "one that JSON can't hold"],
    [cycle, "one that JSON can't hold"],
  ]) {
    const refused = (error) => error instanceof ValidationError && error.message === `cannot read a body: expected a text or an object, found ${found}`;
    assert.throws(() => extractUsage(body), refused);
    assert.throws(() => PriceBook.bundled().priceResponse(body), refused);
  }
});

const book = PriceBook.bundled();
const BODY = { model: "gpt-5", usage: { prompt_tokens: 10_000, completion_tokens: 500, prompt_tokens_details: { cached_tokens: 8_000 } } };

test("a body costs what its usage does", () => {
  const usage = { input: 2_000, cacheRead: 8_000, output: 500 };
  const cost = book.priceResponse(BODY);
  assert.deepEqual(cost, { ...book.price({ model: "gpt-5", usage }), costSource: "computed" });
  assert.equal(cost.usd, "0.0085");
  assert.equal(cost.items, cost.items, "the items are the same array at each look");
  assert.deepEqual(JSON.parse(JSON.stringify(cost)).items, cost.items);
  assert.deepEqual(book.priceResponse(JSON.stringify(BODY)), cost);
  assert.deepEqual({ ...cost }.source, cost.source);
  const { costSource, ...at } = book.priceResponse(BODY, { provider: "openai", at: "2026-11-21" });
  assert.deepEqual(at, book.price({ model: "gpt-5", provider: "openai", usage, at: "2026-11-21" }));
});

test("the model that answered counts, else the one asked for", () => {
  assert.equal(book.priceResponse({ ...BODY, model: "gpt-5-nano" }, { model: "gpt-5" }).model, "gpt-5-nano");
  assert.equal(book.priceResponse({ ...BODY, model: "my-deployment" }, { model: "gpt-5" }).model, "gpt-5");
  assert.equal(book.priceResponse({ usage: BODY.usage }, { model: "gpt-5" }).model, "gpt-5");
  assert.deepEqual(book.priceResponse({ usage: BODY.usage }), {
    priced: false,
    reason: "unknown_model",
    detail: "the body names no model, and none was given beside it",
  });
  assert.equal(book.priceResponse({ ...BODY, model: "x" }, { model: "y" }).reason, "unknown_model");
});

test("a stream's text costs what its body does", () => {
  const stream = `data: {"model":"gpt-5","choices":[{"delta":{"content":"hi"}}]}\n\ndata: ${JSON.stringify({ ...BODY, choices: [] })}\n\ndata: [DONE]\n\n`;
  assert.deepEqual(book.priceResponse(stream), book.priceResponse(BODY));
});

test("a reported cost wins, with the computed one beside it", () => {
  const reported = (cost, more = {}) => ({ ...BODY, model: "openai/gpt-5", usage: { ...BODY.usage, cost, ...more } });
  const cost = book.priceResponse(reported(0.0091));
  assert.equal(cost.usd, "0.0091");
  assert.equal(cost.amount, 0.0091);
  assert.equal(cost.costSource, "provider");
  assert.deepEqual(cost.items, [{ unit: "reported", quantity: 1, ratePerMillion: "9100", usd: "0.0091" }]);
  assert.deepEqual(cost.warnings.map((warning) => warning.code), ["reported_cost"]);
  assert.equal(cost.computed.usd, "0.0085");
  assert.equal(cost.source.name, "provider");
  const unknown = book.priceResponse({ ...reported(0.5), model: "somebody/something" }, { provider: "openrouter" });
  assert.deepEqual(
    [unknown.usd, unknown.model, unknown.provider, unknown.matchType, unknown.computed],
    ["0.5", "somebody/something", "openrouter", "reported", undefined],
  );
});

test("a reported 0 is not trusted for what is not free", () => {
  const cost = book.priceResponse({ ...BODY, usage: { ...BODY.usage, cost: 0 } });
  assert.equal(cost.usd, "0.0085");
  assert.equal(cost.costSource, "computed");
  assert.deepEqual(cost.warnings.map((warning) => warning.code), ["reported_cost_ignored"]);
  assert.equal(book.priceResponse({ ...BODY, model: "somebody/something", usage: { ...BODY.usage, cost: 0 } }).priced, false);
  assert.equal(book.priceResponse({ ...BODY, usage: { ...BODY.usage, cost: 1e30 } }).usd, "0.0085");
});

test("what was odd in the usage is told with the cost", () => {
  const cost = book.priceResponse({ model: "gpt-5", usage: { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 50 } } });
  assert.deepEqual(cost.warnings.map((warning) => warning.code), ["usage_clamped"]);
  assert.equal(cost.costSource, "computed");
});

test("a body without usage has no price", () => {
  assert.deepEqual(book.priceResponse({ model: "gpt-5" }), {
    priced: false,
    reason: "invalid_usage",
    detail: "the body carries no usage that can be read",
  });
  assert.equal(book.priceResponse("upstream timed out").reason, "invalid_usage");
});

test("options are checked", () => {
  assert.throws(() => book.priceResponse(BODY, { mode: "gpt-5" }), /expected one of provider, model, at, serviceTier, region, found unknown option "mode"/);
  assert.throws(() => book.priceResponse(BODY, { model: 5 }), /expected model to be a string, found a number/);
  assert.throws(() => book.priceResponse(BODY, { at: "noon" }), (error) => error.code === "invalid_time");
  assert.deepEqual(book.priceResponse(BODY, { model: null, provider: undefined, at: null }), book.priceResponse(BODY));
});
