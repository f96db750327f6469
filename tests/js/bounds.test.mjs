// The bound of requests: its public form, its options, and over random requests that what they can use never costs more. The
// full form of the latter, priced by another engine, is `npm run eval:bounds`.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PriceBook, ValidationError } from "tollgate";
import { oneCase } from "../../scripts/eval/bounds/requests.mjs";
import { generator } from "../../scripts/eval/prices/random.mjs";

const book = PriceBook.bundled();
const at = "2026-11-21";
const chat = { model: "gpt-5", messages: [{ role: "user", content: "hello" }], max_completion_tokens: 100 };

describe("PriceBook.upperBound", () => {
  it("takes a body as an object or as its text", () => {
    const bound = book.upperBound(chat, { at });
    assert.equal(bound.priced, true);
    assert.equal(bound.model, "gpt-5");
    assert.equal(bound.outputTokens, 100);
    // 512 around the prompt; model 14, messages 45, the maximum 28: keys, quotes and brackets included.
    assert.equal(bound.inputTokens, 512 + 14 + 45 + 28);
    assert.equal(bound.assumptions[0], "a token for each byte of the request's texts, and framing");
    assert.deepEqual(book.upperBound(JSON.stringify(chat), { at }), bound);
    assert.deepEqual(book.upperBound(JSON.stringify(chat, undefined, 2), { at, provider: "openai" }), bound);
  });

  it("takes what is known beside the body", () => {
    const gemini = { contents: [{ parts: [{ text: "hello" }] }] };
    const bound = book.upperBound(gemini, { at, model: "gemini-2.5-flash", maxOutputTokens: 10 });
    assert.deepEqual([bound.provider, bound.outputTokens], ["google", 10]);
    const dearer = book.upperBound({ ...chat, model: "gpt-5-nano" }, { at, fallbacks: ["gpt-5"] });
    assert.equal(dearer.model, "gpt-5");
    assert.equal(book.upperBound(chat, { at, provider: "anthropic" }).reason, "unknown_model");
    assert.deepEqual(book.upperBound(chat, undefined).outputTokens, 100);
    assert.deepEqual(book.upperBound(chat, null).outputTokens, 100);
  });

  it("says why there is none", () => {
    assert.deepEqual(book.upperBound({ model: "gpt-5", input: "x", tools: [{ type: "web_search" }] }, { at }), {
      priced: false,
      reason: "unbounded",
      detail: "the request has a tool that the provider runs, and no limit on its calls",
    });
    assert.equal(book.upperBound({ ...chat, model: "gpt-nope" }).reason, "unknown_model");
  });

  it("refuses what can't be read, by name", () => {
    const cycle = { model: "gpt-5" };
    cycle.messages = [cycle];
    for (const [request, options, message] of [
      ["{", {}, "cannot read request: expected JSON, found an error at line 1 column 2"],
      [[], {}, "cannot read request: expected a JSON object without repeated keys, found an array"],
      [undefined, {}, "cannot read request: expected an object, found undefined"],
      [cycle, {}, "cannot read request: expected a value that JSON can hold, found a BigInt or a cycle"],
      [{ ...chat, max_completion_tokens: "9" }, {}, "cannot read request: expected max_completion_tokens to be a whole number, found a string"],
      [{ ...chat, n: -1 }, {}, "cannot read request: expected n to be a whole number, found a negative number"],
      [chat, { maxOutputTokens: -1 }, "cannot read options of upperBound: expected maxOutputTokens to be a whole number from 0, found a negative number"],
      [chat, { fallbacks: [1] }, "cannot read options of upperBound: expected fallbacks to be an array of models, found an array"],
    ]) {
      assert.throws(() => book.upperBound(request, options), (error) => error instanceof ValidationError && error.message === message, message);
    }
    assert.throws(() => book.upperBound(chat, { maximum: 1 }), { code: "unknown_option" });
    // JSON has no NaN: it is an absent maximum, and so the model's.
    assert.ok(book.upperBound({ ...chat, max_completion_tokens: NaN }, { at }).outputTokens > 100);
  });

  it("is never below what a request can use", () => {
    const random = generator(7);
    const shared = { thresholds: [], mode: "chat" };
    const all = ["supports_vision", "supports_function_calling", "supports_reasoning", "cache_read_input_token_cost"];
    const models = [
      { id: "gpt-5", provider: "openai", maxOutput: 128_000, window: 272_000, more: ["search_context_cost_per_query"] },
      { id: "gpt-4o", provider: "openai", maxOutput: 16_384, more: [] },
      { id: "claude-sonnet-4-5", provider: "anthropic", maxOutput: 64_000, window: 200_000, more: ["cache_creation_input_token_cost", "cache_creation_input_token_cost_above_1hr", "search_context_cost_per_query"] },
      { id: "gemini-2.5-pro", provider: "google", maxOutput: 65_535, thresholds: [200_000], more: ["input_cost_per_audio_token"] },
      { id: "gpt-5.5", provider: "openai", maxOutput: 128_000, thresholds: [272_000], more: [] },
      { id: "deepseek-chat", provider: "deepseek", maxOutput: 8_192, more: [] },
      { id: "text-embedding-3-small", provider: "openai", mode: "embedding", more: [] },
    ].map((model) => ({ ...shared, ...model, key: model.id, has: (name) => all.includes(name) || model.more.includes(name) }));
    // As many tokens as there can be: one for each byte, but for the words of a long prompt.
    const count = (text) => new TextEncoder().encode(text).length;
    for (let index = 0; index < 700; index += 1) {
      const { request, options, usage, features, served } = oneCase(random, models[index % models.length], count);
      const bound = book.upperBound(request, { ...options, at });
      assert.ok(bound.priced, `${options.model}: ${bound.detail}`);
      const { prompt, cached, written, written1h, audio, output, searches } = usage;
      const fresh = prompt - cached - written - written1h - audio;
      const used = { input: fresh, output, cacheRead: cached, cacheWrite: written, cacheWrite1h: written1h, inputAudio: audio, webSearches: searches };
      const cost = book.price({ model: request.model ?? options.model, provider: options.provider, usage: used, at, serviceTier: served });
      assert.ok(cost.priced, `${options.model}: ${cost.detail}`);
      assert.ok(bound.amount >= cost.amount, `${options.model}, ${features.join(", ")}: ${bound.usd} is below ${cost.usd}`);
    }
  });
});
