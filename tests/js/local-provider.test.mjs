// The local provider, looked at over real HTTP: with plain fetch, byte for byte, and through OpenAI's own SDK, which
// must find in it the API it knows.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { countPrompt, countTokens, createProvider, startProvider, tokenize } from "../../examples/local-provider/provider.mjs";

/** @type {Awaited<ReturnType<typeof startProvider>>} */
let provider;
const NOW = 1_750_000_000_000;
before(async () => {
  provider = await startProvider({ now: () => NOW });
});
after(() => provider.close());
beforeEach(() => provider.reset());

const HELLO = { model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello, wörld 🌍!" }] };
const STREAMED = { ...HELLO, stream: true, stream_options: { include_usage: true } };
const WEATHER = { type: "function", function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } }, required: ["city", "days"] } } };

const post = (body, headers = {}) =>
  fetch(`${provider.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer sk-local", "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

/** The payloads of a stream's events, by the rules of the event stream format. */
const payloads = (text) =>
  text
    .split(/\r\n|\r|\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).trim());

const chunks = (text) => payloads(text).filter((payload) => payload !== "[DONE]").map((payload) => JSON.parse(payload));

describe("a plain answer", () => {
  it("has every field of a chat completion", async () => {
    const response = await post(HELLO);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.match(response.headers.get("x-request-id"), /^req_[0-9a-f]{32}$/);
    assert.equal(response.headers.get("openai-processing-ms"), "0");
    const { id, system_fingerprint, ...rest } = await response.json();
    assert.match(id, /^chatcmpl-[A-Za-z0-9]{29}$/);
    assert.match(system_fingerprint, /^fp_[0-9a-f]{10}$/);
    assert.deepEqual(rest, {
      object: "chat.completion",
      created: NOW / 1000,
      model: "gpt-4o-mini-2024-07-18",
      choices: [{ index: 0, message: { role: "assistant", content: "You wrote: Hello, wörld 🌍!", refusal: null, annotations: [] }, logprobs: null, finish_reason: "stop" }],
      usage: {
        prompt_tokens: 11,
        completion_tokens: 7,
        total_tokens: 18,
        prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
      },
      service_tier: "default",
    });
  });

  it("is the same for the same request after a reset", async () => {
    const first = await (await post(HELLO)).text();
    const second = await (await post(HELLO)).text();
    provider.reset();
    assert.equal(await (await post(HELLO)).text(), first);
    assert.notEqual(second, first, "two answers of one provider have two ids");
  });

  it("counts by its written rule", () => {
    assert.deepEqual(tokenize("Don't pay $1234.50,  (now)\n"), ["Don't", " pay", " $", "123", "4", ".", "50", ",", "  ", "(now", ")\n"]);
    assert.equal(tokenize("any text\n\n zwölf 你好 🌍🌍 a_b").join(""), "any text\n\n zwölf 你好 🌍🌍 a_b");
    assert.equal(countTokens(""), 0);
    assert.equal(countPrompt({ messages: [{ role: "user", content: "one two" }] }), 3 + 3 + 1 + 2);
    assert.equal(countPrompt({ messages: [{ role: "user", name: "ada", content: [{ type: "text", text: "one" }, { type: "image_url", image_url: { url: "data:," } }] }] }), 3 + 3 + 1 + 1 + 1 + 1 + 85);
  });

  it("honours the limit, a stop sequence and n", async () => {
    const limited = await (await post({ ...HELLO, max_tokens: 3 })).json();
    assert.equal(limited.choices[0].message.content, "You wrote:");
    assert.equal(limited.choices[0].finish_reason, "length");
    assert.equal(limited.usage.completion_tokens, 3);
    const stopped = await (await post({ ...HELLO, stop: ["wörld"] })).json();
    assert.equal(stopped.choices[0].message.content, "You wrote: Hello, ");
    assert.equal(stopped.choices[0].finish_reason, "stop");
    provider.script({ text: ["one", "one two three"] });
    const several = await (await post({ ...HELLO, n: 2 })).json();
    assert.deepEqual(several.choices.map((choice) => [choice.index, choice.message.content]), [[0, "one"], [1, "one two three"]]);
    assert.equal(several.usage.completion_tokens, 4);
  });

  it("bills cached and reasoning tokens within the totals, and within the limit", async () => {
    provider.script({ cachedTokens: 5, reasoningTokens: 64 }, { cachedTokens: 1000, reasoningTokens: 64 });
    const model = "gpt-5-mini";
    const { usage } = await (await post({ ...HELLO, model })).json();
    assert.deepEqual([usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens], [11, 5]);
    assert.deepEqual([usage.completion_tokens, usage.completion_tokens_details.reasoning_tokens], [71, 64]);
    const spent = await (await post({ ...HELLO, model, max_completion_tokens: 10 })).json();
    assert.equal(spent.usage.prompt_tokens_details.cached_tokens, 11, "no more is cached than was sent");
    assert.deepEqual([spent.usage.completion_tokens, spent.usage.completion_tokens_details.reasoning_tokens], [10, 10]);
    assert.deepEqual([spent.choices[0].message.content, spent.choices[0].finish_reason], ["", "length"]);
  });

  it("calls the tool that is insisted on, with arguments its schema allows", async () => {
    const answer = await (await post({ ...HELLO, tools: [WEATHER], tool_choice: "required" })).json();
    const [choice] = answer.choices;
    assert.equal(choice.finish_reason, "tool_calls");
    assert.equal(choice.message.content, null);
    assert.match(choice.message.tool_calls[0].id, /^call_[A-Za-z0-9]{24}$/);
    assert.deepEqual(choice.message.tool_calls[0].function, { name: "get_weather", arguments: '{"city":"Hello, wörld 🌍!","days":1}' });
  });

  it("keeps to a JSON schema, and to JSON", async () => {
    const schema = { type: "object", properties: { kind: { enum: ["greeting", "other"] }, words: { type: "array", items: { type: "string" } } }, required: ["kind", "words"] };
    const strict = await (await post({ ...HELLO, response_format: { type: "json_schema", json_schema: { name: "reply", schema } } })).json();
    assert.deepEqual(JSON.parse(strict.choices[0].message.content), { kind: "greeting", words: ["Hello, wörld 🌍!"] });
    const loose = await (await post({ ...HELLO, response_format: { type: "json_object" } })).json();
    assert.deepEqual(JSON.parse(loose.choices[0].message.content), { answer: "Hello, wörld 🌍!" });
  });
});

describe("a streamed answer", () => {
  it("is a role, deltas, an end, and the usage when asked for", async () => {
    const response = await post(STREAMED);
    assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    const text = await response.text();
    assert.ok(text.endsWith("\n\ndata: [DONE]\n\n"));
    const all = chunks(text);
    assert.deepEqual(all[0].choices, [{ index: 0, delta: { role: "assistant", content: "", refusal: null }, logprobs: null, finish_reason: null }]);
    const end = all.at(-2);
    assert.deepEqual(end.choices, [{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }]);
    assert.deepEqual(all.slice(1, -2).map((chunk) => chunk.choices[0].delta.content), ["You", " wrote", ":", " Hello", ",", " wörld", " 🌍!"].flatMap((piece) => tokenize(piece)));
    assert.ok(all.slice(0, -1).every((chunk) => chunk.usage === null), "usage is null until the last");
    assert.deepEqual(all.at(-1).choices, []);
    assert.equal(new Set(all.map((chunk) => chunk.id)).size, 1);
    assert.ok(all.every((chunk) => chunk.object === "chat.completion.chunk" && chunk.obfuscation.length > 0));
    provider.reset();
    const whole = await (await post(HELLO)).json();
    assert.deepEqual(all.at(-1).usage, whole.usage, "the bill does not depend on streaming");
    assert.equal(all[0].id, whole.id);
  });

  it("has no usage and no padding unless the request asks for them", async () => {
    const all = chunks(await (await post({ ...HELLO, stream: true, stream_options: { include_obfuscation: false } })).text());
    assert.ok(all.every((chunk) => !("usage" in chunk) && !("obfuscation" in chunk) && chunk.choices.length === 1));
    const silent = chunks(await (await post(STREAMED, { "x-simulator-no-usage": "true" })).text());
    assert.ok(silent.every((chunk) => !("usage" in chunk)));
  });

  for (const lineEnd of ["lf", "crlf", "cr"]) {
    it(`is the same bytes whole and one byte at a time, with ${lineEnd} line ends`, async () => {
      const controls = { "x-simulator-line-end": lineEnd, "x-simulator-delta-size": "3", "x-simulator-comments": "2" };
      const whole = await (await post(STREAMED, controls)).arrayBuffer();
      provider.reset();
      const response = await post(STREAMED, { ...controls, "x-simulator-piece-size": "1" });
      const pieces = [];
      for await (const piece of response.body) pieces.push(Buffer.from(piece));
      assert.deepEqual(Buffer.concat(pieces), Buffer.from(whole));
      assert.ok(pieces.length > whole.byteLength / 2, `${whole.byteLength} bytes came in ${pieces.length} pieces`);
      const text = new TextDecoder().decode(whole);
      assert.equal((text.match(/: keep-alive/g) ?? []).length, Math.ceil(payloads(text).length / 2));
      assert.equal(chunks(text).map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), "You wrote: Hello, wörld 🌍!");
    });
  }

  it("alternates the choices", async () => {
    provider.script({ text: ["a b", "c d"], deltaSize: 1 });
    const all = chunks(await (await post({ ...HELLO, stream: true, n: 2 })).text());
    assert.deepEqual(all.map((chunk) => chunk.choices[0].index), [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
  });

  it("sends tool calls as an opening and fragments of arguments", async () => {
    provider.script({ text: "Let me look.", toolCalls: [{ name: "get_weather", arguments: { city: "Bonn" } }, { name: "get_weather", arguments: '{"city":"Köln"}', id: "call_2" }], deltaSize: 4 });
    const deltas = chunks(await (await post({ ...STREAMED, tools: [WEATHER] })).text()).flatMap((chunk) => chunk.choices.map((choice) => choice.delta.tool_calls?.[0]).filter(Boolean));
    const openings = deltas.filter((delta) => delta.id);
    assert.deepEqual(openings.map(({ index, type, function: f }) => [index, type, f.name, f.arguments]), [[0, "function", "get_weather", ""], [1, "function", "get_weather", ""]]);
    assert.equal(openings[1].id, "call_2");
    const joined = (index) => deltas.filter((delta) => delta.index === index).map((delta) => delta.function.arguments).join("");
    assert.deepEqual([joined(0), joined(1)], ['{"city":"Bonn"}', '{"city":"Köln"}']);
  });
});

describe("what is refused", () => {
  const cases = [
    ["no key", HELLO, { authorization: "" }, 401, null, null],
    ["a key of another form", HELLO, { authorization: "Bearer wrong-key-0123" }, 401, null, "invalid_api_key"],
    ["no JSON", '{"model":', {}, 400, null, null],
    ["a list", "[]", {}, 400, null, null],
    ["no model", { messages: HELLO.messages }, {}, 400, null, null],
    ["a model of somebody else", { ...HELLO, model: "claude-sonnet-4" }, {}, 404, null, "model_not_found"],
    ["no messages", { model: "gpt-4o" }, {}, 400, "messages", "missing_required_parameter"],
    ["empty messages", { ...HELLO, messages: [] }, {}, 400, "messages", "empty_array"],
    ["an unknown role", { ...HELLO, messages: [{ role: "boss", content: "" }] }, {}, 400, "messages[0].role", "invalid_value"],
    ["no content", { ...HELLO, messages: [{ role: "user" }] }, {}, 400, "messages[0].content", "invalid_type"],
    ["an unknown parameter", { ...HELLO, agentId: "a" }, {}, 400, "agentId", "unknown_parameter"],
    ["a limit of 0", { ...HELLO, max_tokens: 0 }, {}, 400, "max_tokens", "integer_below_min_value"],
    ["half a token", { ...HELLO, max_completion_tokens: 1.5 }, {}, 400, "max_completion_tokens", "invalid_type"],
    ["two limits", { ...HELLO, max_tokens: 1, max_completion_tokens: 1 }, {}, 400, "max_tokens", "invalid_parameter_combination"],
    ["the old limit for a reasoning model", { ...HELLO, model: "gpt-5", max_tokens: 10 }, {}, 400, "max_tokens", "unsupported_parameter"],
    ["stream options without a stream", { ...HELLO, stream_options: { include_usage: true } }, {}, 400, "stream_options", null],
    ["a form of answer that is none", { ...HELLO, response_format: { type: "xml" } }, {}, 400, "response_format.type", "invalid_value"],
    ["a schema without a name", { ...HELLO, response_format: { type: "json_schema", json_schema: {} } }, {}, 400, "response_format.json_schema.name", "missing_required_parameter"],
    ["a strict schema that is open", { ...HELLO, response_format: { type: "json_schema", json_schema: { name: "a", strict: true, schema: { type: "object" } } } }, {}, 400, "response_format", null],
    [
      "a strict schema with a property that may be missing",
      { ...HELLO, response_format: { type: "json_schema", json_schema: { name: "a", strict: true, schema: { type: "object", additionalProperties: false, required: [], properties: { b: {} } } } } },
      {}, 400, "response_format", null,
    ],
    ["an unknown stream option", { ...HELLO, stream: true, stream_options: { usage: true } }, {}, 400, "stream_options.usage", "unknown_parameter"],
    ["a choice without tools", { ...HELLO, tool_choice: "required" }, {}, 400, "tool_choice", null],
    ["a tool without a name", { ...HELLO, tools: [{ type: "function", function: {} }] }, {}, 400, "tools[0].function.name", "missing_required_parameter"],
    ["what it does not simulate", { ...HELLO, logprobs: true }, {}, 400, "logprobs", "unsupported_parameter"],
    ["a misspelt control", HELLO, { "x-simulator-txt": "a" }, 400, null, "invalid_control"],
    ["a control with a wrong value", HELLO, { "x-simulator-piece-size": "0" }, 400, null, "invalid_control"],
  ];
  for (const [name, body, headers, status, param, code] of cases) {
    it(name, async () => {
      const response = await post(body, headers);
      assert.equal(response.status, status);
      const { error } = await response.json();
      assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
      assert.deepEqual([error.param, error.code], [param, code]);
      assert.doesNotMatch(error.message, /wrong-key/);
      assert.equal(provider.requests.length, 1, "a refused request is recorded");
    });
  }

  it("other paths and methods", async () => {
    assert.equal((await fetch(`${provider.url}/v1/nothing`, { method: "POST" })).status, 404);
    assert.equal((await fetch(`${provider.url}/v1/chat/completions`)).status, 405);
  });

  it("a step that it does not know, when it is scripted", () => {
    assert.throws(() => provider.script({ texts: "a" }), { name: "TypeError", message: /^cannot read a step: expected one of text, .*, found texts$/ });
    assert.throws(() => provider.script({ malformed: "xml" }), { message: "cannot read malformed: expected one of json, sse, html, shape, empty" });
    assert.throws(() => provider.script(null), { message: "cannot read a step: expected an object, found null" });
    assert.throws(() => createProvider({ defaults: { pieceSize: 0.5 } }), { message: "cannot read pieceSize: expected a whole number, 1 or more" });
  });
});

describe("what goes wrong on demand", () => {
  it("errors, with when to come back", async () => {
    for (const status of [400, 401, 403, 404, 429, 500, 503]) {
      const response = await post(STREAMED, { "x-simulator-status": `${status}`, "x-simulator-retry-after": "2", "x-simulator-retry-after-ms": "1500" });
      assert.equal(response.status, status);
      assert.equal(response.headers.get("content-type"), "application/json");
      assert.deepEqual([response.headers.get("retry-after"), response.headers.get("retry-after-ms")], ["2", "1500"]);
      assert.deepEqual(Object.keys((await response.json()).error), ["message", "type", "param", "code"]);
    }
    const quota = await (await post(HELLO, { "x-simulator-status": "429", "x-simulator-error": '{"code":"insufficient_quota"}' })).json();
    assert.equal(quota.error.code, "insufficient_quota");
  });

  it("failures that pass: by script, and by header", async () => {
    provider.script({ status: 503, times: 2 }, { text: "at last" });
    assert.deepEqual([(await post(HELLO)).status, (await post(HELLO)).status], [503, 503]);
    assert.equal((await (await post(HELLO)).json()).choices[0].message.content, "at last");
    const headers = { "x-simulator-status": "500", "x-simulator-fail-times": "2" };
    const statuses = [];
    for (const body of [HELLO, HELLO, STREAMED, HELLO, HELLO]) statuses.push((await post(body, headers)).status);
    assert.deepEqual(statuses, [500, 500, 500, 200, 200], "each request has its own count");
  });

  it("a connection that is cut before an answer, after the headers, and after n bytes", async () => {
    await assert.rejects(post(HELLO, { "x-simulator-cut": "before-headers" }), { name: "TypeError" });
    const headed = await post(HELLO, { "x-simulator-cut": "headers" });
    assert.equal(headed.status, 200);
    await assert.rejects(headed.text(), { name: "TypeError" });
    for (const bytes of [1, 40, 300]) {
      const response = await post(STREAMED, { "x-simulator-cut": `${bytes}` });
      let seen = 0;
      await assert.rejects(async () => {
        for await (const piece of response.body) seen += piece.length;
      }, { name: "TypeError" });
      assert.equal(seen, bytes);
    }
    assert.ok(provider.requests.every((request) => request.outcome === "cut"));
    const quiet = await post(STREAMED, { "x-simulator-cut": "40", "x-simulator-cleanly": "true" });
    assert.equal((await quiet.arrayBuffer()).byteLength, 40, "HTTP sees a regular end");
  });

  it("bodies that are not what they should be", async () => {
    const broken = await post(HELLO, { "x-simulator-malformed": "json" });
    await assert.rejects(broken.json(), { name: "SyntaxError" });
    const events = payloads(await (await post(STREAMED, { "x-simulator-malformed": "json", "x-simulator-malformed-at": "1" })).text());
    assert.doesNotThrow(() => JSON.parse(events[0]));
    assert.throws(() => JSON.parse(events[1]), { name: "SyntaxError" });
    const bare = await (await post(STREAMED, { "x-simulator-malformed": "sse" })).text();
    assert.equal(bare.split("\n\n").filter((frame) => frame.startsWith("{")).length, 1);
    const page = await post(STREAMED, { "x-simulator-malformed": "html" });
    assert.deepEqual([page.status, page.headers.get("content-type")], [502, "text/html; charset=utf-8"]);
    assert.match(await page.text(), /^<!DOCTYPE html>/);
    assert.deepEqual(await (await post(HELLO, { "x-simulator-malformed": "shape" })).json(), { unexpected: true });
    assert.equal(await (await post(HELLO, { "x-simulator-malformed": "empty" })).text(), "");
    assert.equal((await post(HELLO, { "x-simulator-content-type": "text/plain" })).headers.get("content-type"), "text/plain");
    assert.doesNotMatch(await (await post(STREAMED, { "x-simulator-no-done": "true" })).text(), /\[DONE\]/);
    assert.match(await (await post(STREAMED, { "x-simulator-tight": "true" })).text(), /^data:\{/);
  });

  it("an error in the middle of a stream", async () => {
    const events = payloads(await (await post(STREAMED, { "x-simulator-error-at": "2", "x-simulator-status": "503" })).text());
    assert.equal(events.length, 3);
    assert.equal(JSON.parse(events[2]).error.type, "server_error");
  });

  it("slowness, of the head and of each piece", async () => {
    const began = performance.now();
    const response = await post(STREAMED, { "x-simulator-head-delay": "60", "x-simulator-piece-delay": "5" });
    assert.ok(performance.now() - began >= 55);
    const head = performance.now();
    const events = payloads(await response.text());
    assert.ok(performance.now() - head >= (events.length - 1) * 4);
  });

  it("a reader who leaves is noticed", async () => {
    const controller = new AbortController();
    const response = await fetch(`${provider.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer sk-local", "x-simulator-piece-delay": "20" },
      body: JSON.stringify(STREAMED),
      signal: controller.signal,
    });
    await response.body.getReader().read();
    controller.abort();
    for (let tries = 0; tries < 100 && provider.requests[0].outcome === "pending"; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(provider.requests[0].outcome, "aborted");
  });
});

describe("what tests see", () => {
  it("requests without credentials, over HTTP too", async () => {
    await post(HELLO, { "api-key": "sk-other", "x-test": "1" });
    const { requests } = await (await fetch(`${provider.url}/__requests`)).json();
    assert.equal(requests.length, 1);
    const [request] = requests;
    assert.deepEqual([request.serial, request.method, request.path, request.status, request.outcome], [1, "POST", "/v1/chat/completions", 200, "complete"]);
    assert.deepEqual(request.body, HELLO);
    assert.equal(request.text, JSON.stringify(HELLO));
    assert.deepEqual([request.headers.authorization, request.headers["api-key"], request.headers["x-test"]], ["[not recorded]", "[not recorded]", "1"]);
    assert.doesNotMatch(JSON.stringify(requests), /sk-/);
  });

  it("a script and a reset over HTTP", async () => {
    const control = (path, body) => fetch(`${provider.url}${path}`, { method: "POST", body: JSON.stringify(body) });
    assert.equal((await control("/__script", [{ text: "one" }, { text: "two" }])).status, 200);
    assert.equal((await (await post(HELLO)).json()).choices[0].message.content, "one");
    const refused = await control("/__script", { nope: 1 });
    assert.equal(refused.status, 400);
    assert.match((await refused.json()).error.message, /found nope$/);
    assert.equal((await control("/__reset")).status, 200);
    assert.equal(provider.requests.length, 0);
    assert.match((await (await post(HELLO)).json()).choices[0].message.content, /^You wrote/, "the script is gone as well");
    assert.equal((await control("/__nothing")).status, 404);
  });

  it("text that headers cannot carry comes percent-encoded", async () => {
    const answer = await (await post(HELLO, { "x-simulator-text": encodeURIComponent("grüße, 世界\n100 %") })).json();
    assert.equal(answer.choices[0].message.content, "grüße, 世界\n100 %");
    assert.equal((await post(HELLO, { "x-simulator-text": "100 %" })).status, 400);
  });

  it("permission for pages from elsewhere", async () => {
    const preflight = await fetch(`${provider.url}/v1/chat/completions`, {
      method: "OPTIONS",
      headers: { origin: "http://page.test", "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type,x-simulator-text" },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
    assert.equal(preflight.headers.get("access-control-allow-headers"), "authorization,content-type,x-simulator-text");
    for (const headers of [{}, { "x-simulator-status": "429" }]) {
      const response = await post(HELLO, headers);
      assert.equal(response.headers.get("access-control-allow-origin"), "*");
      assert.match(response.headers.get("access-control-expose-headers"), /retry-after/);
    }
    assert.equal(provider.requests.length, 2, "a preflight is not a request to the API");
  });

  it("works without a server, as a fetch", async () => {
    const { handle, requests } = createProvider({ now: () => NOW, defaults: { text: "by hand" } });
    const request = (headers) => new Request("http://provider.test/v1/chat/completions", { method: "POST", headers: { authorization: "Bearer sk-x", ...headers }, body: JSON.stringify(HELLO) });
    assert.equal((await (await handle(request({}))).json()).choices[0].message.content, "by hand");
    await assert.rejects(handle(request({ "x-simulator-cut": "before-headers" })), { name: "TypeError", code: "ECONNRESET" });
    assert.deepEqual(requests.map(({ outcome }) => outcome), ["complete", "cut"]);
  });

  it("runs from the command line", async () => {
    const script = fileURLToPath(new URL("../../examples/local-provider/serve.mjs", import.meta.url));
    const child = spawn(process.execPath, [script, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const [line] = await once(child.stdout, "data");
      const url = String(line).trim();
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
      assert.deepEqual(await (await fetch(`${url}/__requests`)).json(), { requests: [] });
    } finally {
      child.kill();
    }
    assert.deepEqual(await once(child, "exit"), [0, null]);
    const wrong = spawn(process.execPath, [script, "--port", "x"], { stdio: "ignore" });
    assert.deepEqual(await once(wrong, "exit"), [2, null]);
  });
});

describe("OpenAI's own SDK", () => {
  /** @param {object} [options] */
  const client = (options = {}) => new OpenAI({ apiKey: "sk-local", baseURL: `${provider.url}/v1`, maxRetries: 0, ...options });

  it("reads a plain answer", async () => {
    const { data, request_id } = await client().chat.completions.create(HELLO).withResponse();
    assert.equal(data.choices[0].message.content, "You wrote: Hello, wörld 🌍!");
    assert.equal(data.usage.total_tokens, 18);
    assert.match(request_id, /^req_/);
  });

  it("reads a stream, one byte at a time", async () => {
    let text = "";
    let usage;
    const headers = { "x-simulator-piece-size": "1", "x-simulator-line-end": "crlf", "x-simulator-comments": "1" };
    for await (const chunk of await client().chat.completions.create(STREAMED, { headers })) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, "You wrote: Hello, wörld 🌍!");
    assert.equal(usage.total_tokens, 18);
  });

  it("assembles a streamed tool call", async () => {
    provider.script({ toolCalls: [{ name: "get_weather", arguments: { city: "Bonn", days: 2 } }], deltaSize: 2 });
    const stream = client().chat.completions.stream({ ...HELLO, tools: [WEATHER] });
    const completion = await stream.finalChatCompletion();
    const [call] = completion.choices[0].message.tool_calls;
    assert.deepEqual([call.function.name, JSON.parse(call.function.arguments)], ["get_weather", { city: "Bonn", days: 2 }]);
    assert.equal(completion.choices[0].finish_reason, "tool_calls");
  });

  it("sorts the errors into its classes", async () => {
    const classes = { 400: OpenAI.BadRequestError, 401: OpenAI.AuthenticationError, 403: OpenAI.PermissionDeniedError, 404: OpenAI.NotFoundError, 429: OpenAI.RateLimitError, 500: OpenAI.InternalServerError, 503: OpenAI.InternalServerError };
    for (const [status, expected] of Object.entries(classes)) {
      provider.script({ status: Number(status) });
      await assert.rejects(client().chat.completions.create(HELLO), (error) => {
        assert.ok(error instanceof expected, `${status}: ${error}`);
        assert.match(error.requestID, /^req_/);
        return true;
      });
    }
    await assert.rejects(client({ apiKey: "nonsense-key" }).chat.completions.create(HELLO), { status: 401, code: "invalid_api_key" });
    provider.script({ cut: "before-headers" });
    await assert.rejects(client().chat.completions.create(HELLO), OpenAI.APIConnectionError);
  });

  it("raises an error that comes within a stream", async () => {
    const stream = await client().chat.completions.create(STREAMED, { headers: { "x-simulator-error-at": "3" } });
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, OpenAI.APIError);
  });

  it("comes back after a failure, as told", async () => {
    provider.script({ status: 429, retryAfterMs: 10, times: 2 });
    const answer = await client({ maxRetries: 2 }).chat.completions.create(HELLO);
    assert.equal(answer.choices.length, 1);
    assert.deepEqual(provider.requests.map(({ status }) => status), [429, 429, 200]);
  });
});
