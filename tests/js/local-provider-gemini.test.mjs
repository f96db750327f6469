// Google's generateContent as the local provider speaks it: field by field, and through Google's own SDK with nothing between.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { startProvider } from "../../examples/local-provider/provider.mjs";
import { tool } from "../lib/tools.mjs";

const { ApiError, FunctionCallingConfigMode, GoogleGenAI } = await tool("@google/genai");

/** @type {Awaited<ReturnType<typeof startProvider>>} */
let provider;
before(async () => {
  provider = await startProvider();
});
after(() => provider.close());
beforeEach(() => provider.reset());

const MODEL = "gemini-2.5-flash";
const HELLO = { contents: [{ role: "user", parts: [{ text: "Hello, wörld 🌍!" }] }] };
const SAID = "You wrote: Hello, wörld 🌍!";
const WEATHER = { name: "get_weather", parameters: { type: "OBJECT", properties: { city: { type: "STRING" }, days: { type: "INTEGER" } }, required: ["city", "days"] } };

const post = (body, { action = "generateContent", model = MODEL, query = "", ...headers } = {}) =>
  fetch(`${provider.url}/v1beta/models/${model}:${action}${query}`, { method: "POST", headers: { "content-type": "application/json", "x-goog-api-key": "AIzaLocal", ...headers }, body: JSON.stringify(body) });

const answer = async (body, options) => (await post(body, options)).json();

const client = () => new GoogleGenAI({ apiKey: "AIzaLocal", httpOptions: { baseUrl: provider.url } });

describe("content", () => {
  it("has every field", async () => {
    const { responseId, ...rest } = await answer(HELLO);
    assert.match(responseId, /^[A-Za-z0-9]{22}$/);
    assert.deepEqual(rest, {
      candidates: [{ content: { parts: [{ text: SAID }], role: "model" }, finishReason: "STOP", index: 0 }],
      usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18, promptTokensDetails: [{ modality: "TEXT", tokenCount: 11 }] },
      modelVersion: MODEL,
    });
    assert.deepEqual(await answer(HELLO, { action: "countTokens" }), { totalTokens: 11, promptTokensDetails: [{ modality: "TEXT", tokenCount: 11 }] });
    assert.equal((await answer({ generateContentRequest: { model: `models/${MODEL}`, ...HELLO } }, { action: "countTokens" })).totalTokens, 11);
  });

  it("bills thoughts beside the answer, and the cache within the prompt", async () => {
    const request = { ...HELLO, generationConfig: { thinkingConfig: { includeThoughts: true } } };
    const { candidates, usageMetadata } = await answer(request, { "x-simulator-thinking": "Hm, so.", "x-simulator-cached-tokens": "5" });
    assert.deepEqual(candidates[0].content.parts, [{ text: "Hm, so.", thought: true }, { text: SAID }]);
    assert.deepEqual(usageMetadata, {
      promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 22, cachedContentTokenCount: 5, promptTokensDetails: [{ modality: "TEXT", tokenCount: 11 }],
      cacheTokensDetails: [{ modality: "TEXT", tokenCount: 5 }], thoughtsTokenCount: 4,
    });
    const hidden = await answer(HELLO, { "x-simulator-reasoning-tokens": "9" });
    assert.deepEqual([hidden.candidates[0].content.parts.length, hidden.usageMetadata.thoughtsTokenCount, hidden.usageMetadata.totalTokenCount], [1, 9, 27]);
  });

  it("ends for the reason that there is", async () => {
    const ends = async (body, headers) => {
      const { candidates: [{ content, finishReason }] } = await answer({ ...HELLO, ...body }, headers);
      return [content.parts?.map((part) => part.text ?? part.functionCall.name).join("|"), finishReason];
    };
    assert.deepEqual(await ends({ generation_config: { max_output_tokens: 3 } }), ["You wrote:", "MAX_TOKENS"]);
    assert.deepEqual(await ends({ generationConfig: { stopSequences: ["wörld"] } }), ["You wrote: Hello, ", "STOP"]);
    assert.deepEqual(await ends({}, { "x-simulator-finish-reason": "RECITATION" }), [SAID, "RECITATION"]);
    assert.deepEqual(await ends({}, { "x-simulator-finish-reason": "content_filter" }), [undefined, "SAFETY"]);
    assert.deepEqual(await ends({ tools: [{ functionDeclarations: [WEATHER] }], toolConfig: { functionCallingConfig: { mode: "ANY" } } }), ["get_weather", "STOP"]);
    assert.deepEqual(await ends({}, { "x-simulator-tool-calls": '[{"name":"a","arguments":"{"}]' }), [undefined, "MALFORMED_FUNCTION_CALL"]);
    const contents = [...HELLO.contents, { role: "model", parts: [{ functionCall: { name: "get_weather", args: {} } }] }, { role: "user", parts: [{ functionResponse: { name: "get_weather", response: { sky: "clear" } } }] }];
    assert.deepEqual(await ends({ contents }), ['The tool answered: {"sky":"clear"}', "STOP"]);
    const { candidates, promptFeedback, usageMetadata } = await answer(HELLO, { "x-simulator-block-reason": "PROHIBITED_CONTENT" });
    assert.deepEqual([candidates, promptFeedback, usageMetadata.totalTokenCount], [undefined, { blockReason: "PROHIBITED_CONTENT" }, 11]);
  });
});

describe("a stream of content", () => {
  const chunks = (text) => text.trim().split("\r\n\r\n").map((frame) => JSON.parse(frame.replace(/^data: /, "")));
  const sse = { action: "streamGenerateContent", query: "?alt=sse" };

  it("is answers of the same shape, with the usage so far", async () => {
    const response = await post(HELLO, sse);
    assert.match(response.headers.get("content-type"), /^text\/event-stream/);
    const all = chunks(await response.text());
    assert.equal(all.map(({ candidates }) => candidates[0].content.parts[0].text).join(""), SAID);
    assert.deepEqual(all.map(({ usageMetadata }) => usageMetadata.candidatesTokenCount), [1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(all.map(({ candidates }) => candidates[0].finishReason), [...Array(6).fill(undefined), "STOP"]);
    provider.reset();
    const whole = await answer(HELLO);
    assert.deepEqual([all.at(-1).usageMetadata, all.at(-1).responseId], [whole.usageMetadata, whole.responseId]);
  });

  it("is a list, sent member by member, unless events are asked for", async () => {
    const events = chunks(await (await post(HELLO, sse)).text());
    provider.reset();
    const response = await post(HELLO, { action: "streamGenerateContent" });
    assert.equal(response.headers.get("content-type"), "application/json; charset=UTF-8");
    const pieces = [];
    for await (const piece of response.body) pieces.push(Buffer.from(piece).toString());
    assert.ok(pieces.length > events.length / 2, `${pieces.length} pieces`);
    assert.deepEqual(JSON.parse(pieces.join("")), events);
    const [{ error }] = await answer({ contents: [] }, { action: "streamGenerateContent" });
    assert.equal(error.status, "INVALID_ARGUMENT");
  });

  it("calls a function in one piece, and can be blocked, or fail", async () => {
    provider.script({ text: "Look.", toolCalls: [{ name: "get_weather", arguments: { city: "Bonn" }, id: "f1" }], deltaSize: 3, reasoningTokens: 5 }, { blockReason: "SAFETY" }, { errorAt: 2, status: 503 }, { noDone: true });
    const all = chunks(await (await post(HELLO, sse)).text());
    assert.deepEqual(all.map(({ candidates }) => candidates[0].content.parts[0].text ?? candidates[0].content.parts[0].functionCall), ["Loo", "k.", { id: "f1", name: "get_weather", args: { city: "Bonn" } }]);
    assert.match(all[2].candidates[0].content.parts[0].thoughtSignature, /^[A-Za-z0-9+/]{128}$/);
    assert.deepEqual(chunks(await (await post(HELLO, sse)).text()).map(({ promptFeedback }) => promptFeedback), [{ blockReason: "SAFETY" }]);
    assert.deepEqual(chunks(await (await post(HELLO, sse)).text()).at(-1), { error: { code: 503, message: "The model is overloaded. Please try again later.", status: "UNAVAILABLE" } });
    assert.ok(chunks(await (await post(HELLO, sse)).text()).every(({ candidates }) => !candidates[0].finishReason));
  });
});

describe("what is refused", () => {
  const cases = [
    ["no key", HELLO, { "x-goog-api-key": "" }, 403, "PERMISSION_DENIED", /unregistered callers/],
    ["somebody else's key", HELLO, { "x-goog-api-key": "sk-1" }, 400, "INVALID_ARGUMENT", /^API key not valid/],
    ["a model of somebody else", HELLO, { model: "gpt-4o" }, 404, "NOT_FOUND", /^models\/gpt-4o is not found for API version v1beta, or is not supported for generateContent/],
    ["another method", HELLO, { action: "embedText" }, 404, "NOT_FOUND", /./],
    ["an unknown name", { ...HELLO, agentId: "a" }, {}, 400, "INVALID_ARGUMENT", /^Invalid JSON payload received\. Unknown name "agentId": Cannot find field\.$/],
    ["an unknown name of the configuration", { ...HELLO, generationConfig: { max_tokens: 1 } }, {}, 400, "INVALID_ARGUMENT", /Unknown name "maxTokens" at 'generation_config'/],
    ["no contents", {}, {}, 400, "INVALID_ARGUMENT", /contents is not specified/],
    ["a role that is none", { contents: [{ role: "assistant", parts: [{ text: "a" }] }] }, {}, 400, "INVALID_ARGUMENT", /valid role: user, model/],
    ["no parts", { contents: [{ role: "user", parts: [] }] }, {}, 400, "INVALID_ARGUMENT", /parts must not be empty/],
    ["a limit of 0", { ...HELLO, generationConfig: { maxOutputTokens: 0 } }, {}, 400, "INVALID_ARGUMENT", /must be positive/],
    ["a tool that it does not have", { ...HELLO, tools: [{ googleSearch: {} }] }, {}, 400, "INVALID_ARGUMENT", /googleSearch is not simulated/],
    ["too much at once", HELLO, { "x-simulator-status": "429" }, 429, "RESOURCE_EXHAUSTED", /quota/],
  ];
  for (const [name, body, options, code, status, words] of cases) {
    it(name, async () => {
      const response = await post(body, options);
      assert.equal(response.status, code);
      const { error } = await response.json();
      assert.deepEqual([error.code, error.status], [code, status]);
      assert.match(error.message, words);
    });
  }

  it("nothing of a key in the address, which is not recorded", async () => {
    const response = await fetch(`${provider.url}/v1beta/models/${MODEL}:generateContent?key=AIzaSecret&x=1`, { method: "POST", body: JSON.stringify(HELLO) });
    assert.equal(response.status, 200);
    assert.equal(provider.requests[0].path, `/v1beta/models/${MODEL}:generateContent?key=[not recorded]&x=1`);
    assert.doesNotMatch(JSON.stringify(provider.requests), /AIza/);
  });
});

describe("Google's own SDK", () => {
  it("reads content and a count", async () => {
    const content = await client().models.generateContent({ model: MODEL, contents: "Hello, wörld 🌍!", config: { systemInstruction: "Be brief.", temperature: 0.5 } });
    assert.equal(content.text, SAID);
    assert.equal(content.usageMetadata.totalTokenCount, 18 + 3);
    assert.equal((await client().models.countTokens({ model: MODEL, contents: "Hello, wörld 🌍!" })).totalTokens, 11);
  });

  it("reads a stream, however it is cut", async () => {
    for (const how of [{}, { deltaSize: 1 }, { pieceSize: 1 }, { pieceSize: 7, lineEnd: "lf" }]) {
      provider.script(how);
      let text = "";
      let usage;
      for await (const chunk of await client().models.generateContentStream({ model: MODEL, contents: "Hello, wörld 🌍!" })) {
        text += chunk.text ?? "";
        usage = chunk.usageMetadata;
      }
      assert.equal(text, SAID);
      assert.equal(usage.totalTokenCount, 18);
    }
  });

  it("calls functions and parses structured output", async () => {
    const called = await client().models.generateContent({
      model: MODEL, contents: "Bonn",
      config: { tools: [{ functionDeclarations: [WEATHER] }], toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } } },
    });
    assert.deepEqual(called.functionCalls, [{ name: "get_weather", args: { city: "Bonn", days: 1 } }]);
    const typed = await client().models.generateContent({ model: MODEL, contents: "Bonn", config: { responseMimeType: "application/json", responseSchema: WEATHER.parameters } });
    assert.deepEqual(JSON.parse(typed.text), { city: "Bonn", days: 1 });
  });

  it("raises errors, and leaves when told", async () => {
    provider.script({ status: 400 });
    await assert.rejects(client().models.generateContent({ model: MODEL, contents: "a" }), (error) => error instanceof ApiError && error.status === 400 && /told to refuse/.test(error.message));
    provider.script({ pieceDelay: 20 });
    const controller = new AbortController();
    const stream = await client().models.generateContentStream({ model: MODEL, contents: "a b c d e f g", config: { abortSignal: controller.signal } });
    await assert.rejects(async () => {
      for await (const _ of stream) controller.abort();
    }, { name: "AbortError" });
    for (let tries = 0; tries < 100 && provider.requests.at(-1).outcome === "pending"; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(provider.requests.at(-1).outcome, "aborted");
  });
});
