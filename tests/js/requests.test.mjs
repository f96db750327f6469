// Counts of whole requests: by the published examples, with and without a vocabulary, and by Anthropic's own endpoint, which the
// simulator stands for. The rules themselves are tested natively, in src/call/count.
import assert from "node:assert/strict";
import test, { before, describe, it } from "node:test";
import { AuthenticationError, BadRequestError, BudgetManager, GuardedOpenAI, InMemoryCostStorage, NetworkError, PriceBook, ProviderError, TimeoutError, ValidationError, countAnthropicTokens, countRequestTokens, registerVocabulary } from "tollgate";
import cl100k from "tollgate/vocab/cl100k_base";
import o200k from "tollgate/vocab/o200k_base";
import { createProvider } from "../../examples/local-provider/handler.mjs";

// OpenAI's own example of how tokens are counted, with what its API answered: 129 prompt tokens for gpt-4 and gpt-3.5-turbo, 124 for
// gpt-4o and gpt-4o-mini. https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb
const COOKBOOK = [
  { role: "system", content: "You are a helpful, pattern-following assistant that translates corporate jargon into plain English." },
  { role: "system", name: "example_user", content: "New synergies will help drive top-line growth." },
  { role: "system", name: "example_assistant", content: "Things working well together will increase revenue." },
  { role: "system", name: "example_user", content: "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage." },
  { role: "system", name: "example_assistant", content: "Let's talk later when we're less busy about how to do better." },
  { role: "user", content: "This late pivot means we don't have time to boil the ocean for the client deliverable." },
];

// The same for a tool: 105 for gpt-4 and gpt-3.5-turbo, 101 for gpt-4o and gpt-4o-mini.
const WEATHER = {
  type: "function",
  function: {
    name: "get_current_weather",
    description: "Get the current weather in a given location",
    parameters: {
      type: "object",
      properties: {
        location: { type: "string", description: "The city and state, e.g. San Francisco, CA" },
        unit: { type: "string", description: "The unit of temperature to return", enum: ["celsius", "fahrenheit"] },
      },
      required: ["location"],
    },
  },
};
const WEATHER_MESSAGES = [
  { role: "system", content: "You are a helpful assistant that can answer to questions about the weather." },
  { role: "user", content: "What's the weather like in San Francisco?" },
];

test("without a vocabulary a request is estimated, and bounded by bytes", () => {
  for (const [model, expected] of [["gpt-4o", 124], ["gpt-4", 129]]) {
    const found = countRequestTokens({ model, messages: COOKBOOK });
    assert.equal(found.exact, false);
    assert.ok(found.low <= expected && expected <= found.high, `${model}: ${JSON.stringify(found)}`);
    assert.equal(Object.values(found.parts).reduce((sum, part) => sum + part, 0), found.tokens);
  }
  const bound = PriceBook.bundled().upperBound({ model: "gpt-4o", messages: COOKBOOK, max_tokens: 5 });
  assert.match(bound.assumptions[0], /^a token for each byte/);
});

describe("with vocabularies", () => {
  before(() => {
    registerVocabulary(o200k);
    registerVocabulary(cl100k);
  });

  it("a request is counted as the published examples are", () => {
    for (const [model, tokens] of [["gpt-4o", 124], ["gpt-4o-mini", 124], ["gpt-4", 129], ["gpt-3.5-turbo", 129]]) {
      const found = countRequestTokens({ model, messages: COOKBOOK });
      assert.deepEqual([found.tokens, found.low, found.high, found.exact], [tokens, tokens, tokens, true], model);
    }
    for (const [model, tokens] of [["gpt-4o", 101], ["gpt-4o-mini", 101], ["gpt-4", 105], ["gpt-3.5-turbo", 105]]) {
      const found = countRequestTokens(JSON.stringify({ model, messages: WEATHER_MESSAGES, tools: [WEATHER] }));
      assert.equal(found.tokens, tokens, `${model}: ${JSON.stringify(found)}`);
    }
  });

  it("texts of other models stay estimates", () => {
    assert.equal(countRequestTokens({ model: "claude-sonnet-4-5", messages: COOKBOOK.slice(5) }).exact, false);
    assert.equal(countRequestTokens({ contents: [{ parts: [{ text: "Hello" }] }] }, "google", "gemini-2.5-flash").exact, false);
  });

  it("what can't be read is refused", () => {
    assert.throws(() => countRequestTokens("{"), ValidationError);
    assert.throws(() => countRequestTokens({}), { message: "cannot read request: expected one of messages, input, prompt, contents, found none of them" });
  });

  it("upper bounds take exact counts of texts", () => {
    const request = { model: "gpt-4o", messages: [{ role: "user", content: "How many tokens is this? ".repeat(200) }], max_tokens: 5 };
    const bound = PriceBook.bundled().upperBound(request);
    assert.match(bound.assumptions[0], /^the exact tokens of the request's texts/);
    const bytes = JSON.stringify(request).length;
    assert.ok(bound.inputTokens < 0.5 * bytes, `${bound.inputTokens} of ${bytes}`);
    assert.ok(bound.inputTokens >= countRequestTokens(request).tokens);
    // A model that answers instead, without a vocabulary, counts by bytes.
    const other = PriceBook.bundled().upperBound({ ...request, model: "claude-opus-4-1" });
    assert.ok(other.inputTokens >= 5_000);
  });
});

describe("a guarded stream", () => {
  const client = (provider, budgetManager, costStorage) => new GuardedOpenAI({ apiKey: "sk-test", fetch: (url, init) => provider.handle(new Request(url, init)), budgetManager, costStorage });

  it("says what it has used so far, and what was cut is settled by what came", async () => {
    const provider = createProvider();
    const storage = new InMemoryCostStorage();
    const budgets = new BudgetManager();
    budgets.createBudget({ name: "team", limit: 1, period: "daily", action: "block" });
    const text = "The harbour froze in the winter of 1709, and with it the trade of the whole coast. ".repeat(20);
    provider.script({ text });
    const stream = await client(provider, budgets, storage).chat.completions.create({ model: "gpt-4o", messages: [{ role: "user", content: "Tell me." }], stream: true, max_completion_tokens: 2_000 });
    let chunks = 0;
    let last = 0;
    for await (const _ of stream) {
      chunks += 1;
      if (chunks < 20) continue;
      const found = stream.soFar();
      assert.ok(found !== undefined && found.outputTokens >= last && found.inputTokens > 0 && found.amount > 0);
      last = found.outputTokens;
      if (chunks === 60) break;
    }
    const { costRecord } = await stream.security;
    assert.equal(stream.soFar(), undefined);
    assert.equal(costRecord.estimated, "aborted");
    assert.ok(last > 0 && costRecord.actualTokens.outputTokens >= last, `${last} of ${JSON.stringify(costRecord.actualTokens)}`);
  });
});

describe("Anthropic's count endpoint", () => {
  const provider = createProvider();
  const options = { apiKey: "sk-test", baseURL: "http://localhost", fetch: (url, init) => provider.handle(new Request(url, init)) };
  const request = { model: "claude-sonnet-4-5", system: "You are a scientist", messages: [{ role: "user", content: "Hello, Claude" }], max_tokens: 10, stream: true };

  it("counts, without what does not count", async () => {
    const found = await countAnthropicTokens(request, options);
    assert.equal(found.exact, false);
    assert.ok(found.tokens > 8 && found.low < found.tokens && found.tokens < found.high);
    const [{ path, body, headers }] = provider.requests;
    assert.equal(path, "/v1/messages/count_tokens");
    assert.deepEqual(Object.keys(body), ["model", "messages", "system"]);
    assert.equal(headers["anthropic-version"], "2023-06-01");
    assert.equal(headers["x-api-key"], "[not recorded]");
    assert.equal((await countAnthropicTokens(request, { ...options, apiKey: async () => "sk-test" })).tokens, found.tokens);
  });

  it("fails by its kinds", async () => {
    await assert.rejects(countAnthropicTokens(request, { ...options, apiKey: "wrong" }), AuthenticationError);
    await assert.rejects(countAnthropicTokens({ ...request, model: undefined }, options), BadRequestError);
    await assert.rejects(countAnthropicTokens({}, options), ValidationError);
    await assert.rejects(countAnthropicTokens(request, { ...options, apiKey: "a\nb" }), { code: "missing_api_key" });
    await assert.rejects(countAnthropicTokens(request, { ...options, other: 1 }), { code: "unknown_option" });
    await assert.rejects(countAnthropicTokens(request, { ...options, fetch: () => Promise.reject(new TypeError("no")) }), NetworkError);
    for (const body of ["<html>", "{}", '{"input_tokens":-1}', '{"input_tokens":1.5}']) {
      await assert.rejects(countAnthropicTokens(request, { ...options, fetch: async () => new Response(body) }), (error) => error instanceof ProviderError && error.code === "invalid_response", body);
    }
    const hangs = (_, { signal }) => new Promise((_, fail) => (signal.aborted ? fail(new Error("gone")) : signal.addEventListener("abort", () => fail(new Error("gone")))));
    await assert.rejects(countAnthropicTokens(request, { ...options, fetch: hangs, timeout: 5 }), TimeoutError);
    const own = new Error("mine");
    await assert.rejects(countAnthropicTokens(request, { ...options, fetch: hangs, signal: AbortSignal.abort(own) }), own);
  });
});
