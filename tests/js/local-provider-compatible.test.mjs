// Those who speak OpenAI's format as the local provider plays them, OpenRouter and Google's compatible path, through OpenAI's own
// SDK with another base URL; and what goes for every format: packed bodies.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import OpenAI from "openai";
import { startProvider } from "../../examples/local-provider/provider.mjs";

/** @type {Awaited<ReturnType<typeof startProvider>>} */
let provider;
const NOW = 1_750_000_000_000;
before(async () => {
  provider = await startProvider({ now: () => NOW });
});
after(() => provider.close());
beforeEach(() => provider.reset());

const messages = [{ role: "user", content: "Hello" }];
const all = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};

describe("OpenRouter", () => {
  const client = (apiKey = "sk-or-local") => new OpenAI({ apiKey, baseURL: `${provider.url}/api/v1`, maxRetries: 0 });
  const HELLO = { model: "anthropic/claude-sonnet-4.5", messages };

  it("says who served, why it ended in the maker's words, and what it cost", async () => {
    const { id, system_fingerprint, ...rest } = await client().chat.completions.create({ ...HELLO, provider: { order: ["Anthropic"] } });
    assert.match(id, /^gen-1750000000-[A-Za-z0-9]{20}$/);
    assert.deepEqual(rest, {
      provider: "Anthropic",
      object: "chat.completion",
      created: NOW / 1000,
      model: HELLO.model,
      choices: [{ index: 0, logprobs: null, finish_reason: "stop", native_finish_reason: "end_turn", message: { role: "assistant", content: "You wrote: Hello", refusal: null, reasoning: null } }],
      usage: {
        cost: 0.000012, is_byok: false, cost_details: { upstream_inference_cost: null }, prompt_tokens: 8, completion_tokens: 4, total_tokens: 12,
        prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 }, completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
      },
    });
  });

  it("streams with a comment first and the usage last, unasked", async () => {
    const response = await client().chat.completions.create({ ...HELLO, stream: true }).asResponse();
    assert.match(await response.text(), /^: OPENROUTER PROCESSING\n\ndata: \{/);
    const chunks = await all(await client().chat.completions.create({ ...HELLO, stream: true }));
    assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), "You wrote: Hello");
    assert.deepEqual([chunks.at(-1).choices, chunks.at(-1).usage.total_tokens, chunks.at(-1).usage.cost], [[], 12, 0.000012]);
    assert.ok(chunks.every((chunk) => chunk.provider === "Anthropic" && chunk.id === chunks[0].id && !("obfuscation" in chunk)));
    assert.deepEqual([chunks.at(-2).choices[0].finish_reason, chunks.at(-2).choices[0].native_finish_reason], ["stop", "end_turn"]);
  });

  it("refuses with numbers, and fails within a stream by a chunk", async () => {
    const refusal = (promise) => promise.then(() => assert.fail("expected a refusal"), ({ status, error }) => [status, error.code, error.message]);
    assert.deepEqual(await refusal(client("sk")["chat"].completions.create(HELLO)), [401, 401, "User not found."]);
    assert.deepEqual(await refusal(client().chat.completions.create({ ...HELLO, model: "nothing" })), [400, 400, "nothing is not a valid model ID"]);
    provider.script({ status: 402 }, { errorAt: 2, status: 502 });
    assert.equal((await refusal(client().chat.completions.create(HELLO)))[1], 402);
    const text = await (await client().chat.completions.create({ ...HELLO, stream: true }).asResponse()).text();
    const last = JSON.parse(text.trim().split("\n\n").at(-1).slice(6));
    assert.deepEqual([last.error, last.choices[0].finish_reason, last.provider], [{ code: 502, message: "Provider returned error" }, "error", "Anthropic"]);
  });
});

describe("Google in OpenAI's format", () => {
  const client = (apiKey = "AIzaLocal") => new OpenAI({ apiKey, baseURL: `${provider.url}/v1beta/openai`, maxRetries: 0 });
  const HELLO = { model: "gemini-2.5-flash", messages };

  it("answers with less than OpenAI", async () => {
    const { id, ...rest } = await client().chat.completions.create(HELLO);
    assert.ok(id.length > 0);
    assert.deepEqual(rest, {
      object: "chat.completion", created: NOW / 1000, model: HELLO.model,
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "You wrote: Hello" } }],
      usage: { completion_tokens: 4, prompt_tokens: 8, total_tokens: 12 },
    });
    const chunks = await all(await client().chat.completions.create({ ...HELLO, stream: true, stream_options: { include_usage: true } }));
    assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), "You wrote: Hello");
    assert.deepEqual(chunks.at(-1).usage, rest.usage);
  });

  it("refuses in Google's words, in a list", async () => {
    const response = await fetch(`${provider.url}/v1beta/openai/chat/completions`, { method: "POST", headers: { authorization: "Bearer AIzaLocal" }, body: JSON.stringify({ ...HELLO, reasoning: {} }) });
    assert.deepEqual(await response.json(), [{ error: { code: 400, message: 'Invalid JSON payload received. Unknown name "reasoning": Cannot find field.', status: "INVALID_ARGUMENT" } }]);
    await assert.rejects(client("sk-1").chat.completions.create(HELLO), OpenAI.BadRequestError);
    await assert.rejects(client().chat.completions.create({ ...HELLO, model: "gpt-4o" }), OpenAI.NotFoundError);
  });
});

describe("OpenAI's own SDK", () => {
  const client = () => new OpenAI({ apiKey: "sk-local", baseURL: `${provider.url}/v1`, maxRetries: 0 });
  const HELLO = { model: "gpt-4o-mini", messages };

  it("parses a structured chat, plain and streamed, and its tools", async () => {
    const schema = { type: "object", properties: { words: { type: "array", items: { type: "string" } } }, required: ["words"], additionalProperties: false };
    const request = { ...HELLO, response_format: { type: "json_schema", json_schema: { name: "reply", strict: true, schema } } };
    assert.deepEqual((await client().chat.completions.parse(request)).choices[0].message.parsed, { words: ["Hello"] });
    assert.deepEqual((await client().chat.completions.stream(request).finalChatCompletion()).choices[0].message.parsed, { words: ["Hello"] });
    const tools = [{ type: "function", function: { name: "f", strict: true, parameters: schema } }];
    const called = await client().chat.completions.parse({ ...HELLO, tools, tool_choice: "required" });
    assert.deepEqual(called.choices[0].message.tool_calls[0].function.parsed_arguments, { words: ["Hello"] });
  });

  it("leaves in the middle of a chat, which is noticed", async () => {
    provider.script({ pieceDelay: 20 });
    const controller = new AbortController();
    const stream = await client().chat.completions.create({ ...HELLO, stream: true }, { signal: controller.signal });
    for await (const _ of stream) controller.abort();
    for (let tries = 0; tries < 100 && provider.requests[0].outcome === "pending"; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(provider.requests[0].outcome, "aborted");
  });

  it("reads what is packed", async () => {
    for (const encoding of ["gzip", "deflate"]) {
      for (const how of [{}, { pieceSize: 1 }]) {
        provider.script({ encoding, ...how }, { encoding, ...how });
        const { data, response } = await client().chat.completions.create(HELLO).withResponse();
        assert.equal(response.headers.get("content-encoding"), encoding);
        assert.equal(data.choices[0].message.content, "You wrote: Hello");
        const chunks = await all(await client().chat.completions.create({ ...HELLO, stream: true }));
        assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), "You wrote: Hello");
      }
    }
  });
});
