// OpenAI's embeddings, old completions and images as the local provider speaks them, through plain HTTP and OpenAI's own SDK.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import OpenAI from "openai";
import { startProvider } from "../../examples/local-provider/provider.mjs";

/** @type {Awaited<ReturnType<typeof startProvider>>} */
let provider;
/** @type {OpenAI} */
let client;
const NOW = 1_750_000_000_000;
before(async () => {
  provider = await startProvider({ now: () => NOW });
  client = new OpenAI({ apiKey: "sk-local", baseURL: `${provider.url}/v1`, maxRetries: 0 });
});
after(() => provider.close());
beforeEach(() => provider.reset());

const post = async (path, body, headers = {}) => {
  const response = await fetch(`${provider.url}/v1/${path}`, { method: "POST", headers: { authorization: "Bearer sk-local", ...headers }, body: JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, text, body: text.startsWith("{") ? JSON.parse(text) : undefined };
};

const refused = async (path, body) => {
  const answer = await post(path, body);
  return [answer.status, answer.body.error.param, answer.body.error.code];
};

describe("embeddings", () => {
  const dot = (a, b) => a.reduce((sum, value, at) => sum + value * b[at], 0);

  it("are of length one, the same for the same text, and nearer for texts that share words", async () => {
    const input = ["the cat sat on the mat", "the cat sat on the mat", "the cat lay on the mat", "invoices overdue since Tuesday"];
    const { data, model, object, usage } = await client.embeddings.create({ model: "text-embedding-3-small", input });
    assert.deepEqual([object, model, usage], ["list", "text-embedding-3-small", { prompt_tokens: 22, total_tokens: 22 }]);
    assert.deepEqual(data.map(({ object: kind, index, embedding }) => [kind, index, embedding.length]), input.map((_, index) => ["embedding", index, 1536]));
    const [a, same, near, far] = data.map(({ embedding }) => embedding);
    assert.deepEqual(a, same);
    assert.ok(Math.abs(dot(a, a) - 1) < 1e-5);
    assert.ok(dot(a, near) > 0.5 && dot(a, far) < 0.3, `${dot(a, near)} ${dot(a, far)}`);
  });

  it("are the same as floats and as bytes, which the SDK reads by itself", async () => {
    const request = { model: "text-embedding-3-large", input: "Hello", dimensions: 8 };
    const floats = (await post("embeddings", { ...request, encoding_format: "float" })).body.data[0].embedding;
    const bytes = (await post("embeddings", { ...request, encoding_format: "base64" })).body.data[0].embedding;
    const { buffer, byteOffset } = Buffer.from(bytes, "base64");
    assert.deepEqual([...new Float32Array(buffer.slice(byteOffset, byteOffset + 32))], floats);
    assert.deepEqual((await client.embeddings.create(request)).data[0].embedding, floats);
    assert.equal(provider.requests.at(-1).body.encoding_format, "base64");
  });

  it("refuse what the API refuses", async () => {
    const request = { model: "text-embedding-3-small", input: "a" };
    assert.deepEqual(await refused("embeddings", { ...request, model: "gpt-4o" }), [404, null, "model_not_found"]);
    assert.deepEqual(await refused("embeddings", { model: request.model }), [400, "input", "missing_required_parameter"]);
    assert.deepEqual(await refused("embeddings", { ...request, input: [] }), [400, "input", "invalid_value"]);
    assert.deepEqual(await refused("embeddings", { ...request, input: ["a", ""] }), [400, "input", "invalid_value"]);
    assert.deepEqual(await refused("embeddings", { ...request, dimensions: 1537 }), [400, "dimensions", "integer_above_max_value"]);
    assert.deepEqual(await refused("embeddings", { ...request, model: "text-embedding-ada-002", dimensions: 3 }), [400, "dimensions", "unsupported_parameter"]);
    assert.deepEqual((await post("embeddings", { ...request, input: [[1, 2], [3]] })).body.usage, { prompt_tokens: 3, total_tokens: 3 });
  });
});

describe("completions", () => {
  const HELLO = { model: "gpt-3.5-turbo-instruct", prompt: "Hello, wörld", max_tokens: 50 };

  it("have every field", async () => {
    const { id, system_fingerprint, ...rest } = await client.completions.create(HELLO);
    assert.match(id, /^cmpl-[A-Za-z0-9]{29}$/);
    assert.match(system_fingerprint, /^fp_/);
    assert.deepEqual(rest, {
      object: "text_completion",
      created: NOW / 1000,
      model: "gpt-3.5-turbo-instruct",
      choices: [{ text: "You wrote: Hello, wörld", index: 0, logprobs: null, finish_reason: "stop" }],
      usage: { prompt_tokens: 3, completion_tokens: 6, total_tokens: 9 },
    });
  });

  it("stop at sixteen tokens unless told otherwise, and bill all that was made", async () => {
    const long = await client.completions.create({ model: HELLO.model, prompt: "a b c d e f g h i j k l m n o p q" });
    assert.deepEqual([long.choices[0].finish_reason, long.usage.completion_tokens], ["length", 16]);
    const several = await client.completions.create({ ...HELLO, prompt: ["one", "two"], n: 2, best_of: 3, echo: true });
    assert.deepEqual(several.choices.map(({ index, text }) => [index, text]), [[0, "oneYou wrote: one"], [1, "oneYou wrote: one"], [2, "twoYou wrote: two"], [3, "twoYou wrote: two"]]);
    assert.deepEqual(several.usage, { prompt_tokens: 2, completion_tokens: 24, total_tokens: 26 });
    assert.equal((await client.completions.create({ ...HELLO, stop: "wörld" })).choices[0].text, "You wrote: Hello, ");
  });

  it("stream as chunks of the same object, with the usage when asked for", async () => {
    const chunks = [];
    const stream = await client.completions.create({ ...HELLO, stream: true, stream_options: { include_usage: true } }, { headers: { "x-simulator-piece-size": "3" } });
    for await (const chunk of stream) chunks.push(chunk);
    assert.equal(chunks.map(({ choices }) => choices[0]?.text ?? "").join(""), "You wrote: Hello, wörld");
    assert.ok(chunks.every(({ object }) => object === "text_completion"));
    assert.deepEqual(chunks.at(-2).choices, [{ text: "", index: 0, logprobs: null, finish_reason: "stop" }]);
    assert.deepEqual([chunks.at(-1).choices, chunks.at(-1).usage], [[], { prompt_tokens: 3, completion_tokens: 6, total_tokens: 9 }]);
    assert.match((await post("completions", { ...HELLO, stream: true })).text, /data: \[DONE\]\n\n$/);
  });

  it("refuse what the API refuses", async () => {
    assert.deepEqual(await refused("completions", { ...HELLO, model: "gpt-4o" }), [404, null, "model_not_found"]);
    assert.deepEqual(await refused("completions", { ...HELLO, messages: [] }), [400, "messages", "unknown_parameter"]);
    assert.deepEqual(await refused("completions", { ...HELLO, n: 3, best_of: 2 }), [400, "best_of", null]);
    assert.deepEqual(await refused("completions", { ...HELLO, logprobs: 3 }), [400, "logprobs", "unsupported_parameter"]);
  });
});

describe("images", () => {
  const CAT = { model: "gpt-image-1", prompt: "A grey cat" };

  it("have every field, and cost what their size and quality cost", async () => {
    const { created, data, usage, ...rest } = await client.images.generate(CAT);
    assert.equal(created, NOW / 1000);
    assert.deepEqual(rest, { background: "opaque", output_format: "png", quality: "high", size: "1024x1024" });
    assert.deepEqual([...Buffer.from(data[0].b64_json, "base64").subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    assert.deepEqual(usage, { input_tokens: 3, input_tokens_details: { image_tokens: 0, text_tokens: 3 }, output_tokens: 4160, output_tokens_details: { image_tokens: 4160, text_tokens: 0 }, total_tokens: 4163 });
    const two = await client.images.generate({ ...CAT, n: 2, size: "1536x1024", quality: "low" });
    assert.deepEqual([two.data.length, two.usage.output_tokens, two.size, two.quality], [2, 800, "1536x1024", "low"]);
  });

  it("stream as partial images and a whole one", async () => {
    const events = [];
    for await (const event of await client.images.generate({ ...CAT, quality: "low", stream: true, partial_images: 2 })) events.push(event);
    assert.deepEqual(events.map(({ type, partial_image_index }) => [type, partial_image_index]), [["image_generation.partial_image", 0], ["image_generation.partial_image", 1], ["image_generation.completed", undefined]]);
    assert.equal(events[2].usage.output_tokens, 272 + 200);
  });

  it("of the older models have no usage", async () => {
    const { data, usage } = await client.images.generate({ model: "dall-e-3", prompt: "A cat" });
    assert.deepEqual([data, usage], [[{ revised_prompt: "A cat", url: "https://images.invalid/1.png" }], undefined]);
    assert.deepEqual(await refused("images/generations", { ...CAT, response_format: "url" }), [400, "response_format", "unknown_parameter"]);
    assert.deepEqual(await refused("images/generations", { ...CAT, size: "5x5" }), [400, "size", "invalid_value"]);
    assert.deepEqual(await refused("images/generations", { model: "gpt-4o", prompt: "a" }), [404, null, "model_not_found"]);
  });
});

describe("audio", () => {
  const recording = (size) => new File([new Uint8Array(size)], "a.wav", { type: "audio/wav" });

  it("is silence where a text is spoken, as a file or as events", async () => {
    const response = await client.audio.speech.create({ model: "gpt-4o-mini-tts", voice: "alloy", input: "Hello there" });
    assert.equal(response.headers.get("content-type"), "audio/mpeg");
    const bytes = new Uint8Array(await response.arrayBuffer());
    assert.deepEqual([bytes.length, ...bytes.subarray(417, 421)], [2 * 417, 0xff, 0xfb, 0x90, 0x64]);
    const events = await client.audio.speech.create({ model: "gpt-4o-mini-tts", voice: "alloy", input: "Hello there", stream_format: "sse" });
    const all = (await events.text()).trim().split("\n\n").map((frame) => JSON.parse(frame.slice(6)));
    assert.deepEqual(all.map(({ type }) => type), ["speech.audio.delta", "speech.audio.delta", "speech.audio.done"]);
    assert.deepEqual(all[2].usage, { input_tokens: 2, output_tokens: 2, total_tokens: 4 });
    assert.deepEqual(await refused("audio/speech", { model: "gpt-4o", voice: "alloy", input: "a" }), [404, null, "model_not_found"]);
    assert.deepEqual(await refused("audio/speech", { model: "tts-1", voice: "alloy", input: "a".repeat(4097) }), [400, "input", "string_above_max_length"]);
    assert.deepEqual(await refused("audio/speech", { model: "tts-1", voice: "alloy", input: "a", stream_format: "sse" }), [400, "stream_format", "unsupported_parameter"]);
  });

  it("is paid by the second or by the token where it is heard", async () => {
    assert.deepEqual(await client.audio.transcriptions.create({ model: "whisper-1", file: recording(40_000) }), { text: "Somebody spoke for 3 seconds.", usage: { type: "duration", seconds: 3 } });
    const { usage } = await client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file: recording(16_000), prompt: "Two words" });
    assert.deepEqual(usage, { type: "tokens", total_tokens: 19, input_tokens: 12, input_token_details: { text_tokens: 2, audio_tokens: 10 }, output_tokens: 7 });
    assert.equal(await client.audio.transcriptions.create({ model: "whisper-1", file: recording(1), response_format: "text" }), "Somebody spoke for 1 seconds.\n");
    provider.script({ text: "Well, well." });
    const events = [];
    for await (const event of await client.audio.transcriptions.create({ model: "gpt-4o-mini-transcribe", file: recording(1), stream: true })) events.push(event);
    assert.equal(events.map(({ delta }) => delta ?? "").join(""), "Well, well.");
    assert.deepEqual([events.at(-1).type, events.at(-1).text, events.at(-1).usage.output_tokens], ["transcript.text.done", "Well, well.", 4]);
    assert.deepEqual(await refused("audio/transcriptions", { model: "whisper-1" }), [400, null, null]);
    await assert.rejects(client.audio.transcriptions.create({ model: "gpt-4o", file: recording(1) }), OpenAI.NotFoundError);
  });
});
