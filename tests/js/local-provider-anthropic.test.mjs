// Anthropic's messages as the local provider speaks them: the events one by one, and through Anthropic's own SDK with nothing
// between, which must find in it the API it knows.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { startProvider } from "../../examples/local-provider/provider.mjs";
import { tool } from "../lib/tools.mjs";

const Anthropic = await tool("@anthropic-ai/sdk");

/** @type {Awaited<ReturnType<typeof startProvider>>} */
let provider;
before(async () => {
  provider = await startProvider();
});
after(() => provider.close());
beforeEach(() => provider.reset());

const HELLO = { model: "claude-opus-5-5", max_tokens: 2000, messages: [{ role: "user", content: "Hello, wörld 🌍!" }] };
const SAID = "You wrote: Hello, wörld 🌍!";
const WEATHER = { name: "get_weather", input_schema: { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } }, required: ["city", "days"] } };
const KEYS = { "x-api-key": "sk-ant-local", "anthropic-version": "2023-06-01" };

const post = (body, headers = {}, path = "/v1/messages") =>
  fetch(provider.url + path, { method: "POST", headers: { "content-type": "application/json", ...KEYS, ...headers }, body: typeof body === "string" ? body : JSON.stringify(body) });

/** The events of a stream: name and payload. */
const events = (text) =>
  text
    .trim()
    .split("\n\n")
    .map((frame) => /^event: (.*)\ndata: (.*)$/.exec(frame))
    .map(([, name, data]) => ({ name, data: JSON.parse(data) }));

const client = (options = {}) => new Anthropic({ apiKey: "sk-ant-local", baseURL: provider.url, maxRetries: 0, ...options });

describe("a message", () => {
  it("has every field", async () => {
    const response = await post(HELLO);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("request-id"), /^req_011[A-Za-z0-9]{21}$/);
    assert.equal(response.headers.get("x-request-id"), null);
    const { id, ...rest } = await response.json();
    assert.match(id, /^msg_01[A-Za-z0-9]{22}$/);
    assert.deepEqual(rest, {
      type: "message",
      role: "assistant",
      model: "claude-opus-5-5",
      content: [{ type: "text", text: SAID }],
      stop_reason: "end_turn",
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: {
        input_tokens: 11,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
        output_tokens: 7,
        output_tokens_details: { thinking_tokens: 0 },
        server_tool_use: null,
        service_tier: "standard",
        inference_geo: "global",
        speed: "standard",
      },
    });
  });

  it("counts what counting counts", async () => {
    const request = { ...HELLO, system: [{ type: "text", text: "Be brief." }], tools: [WEATHER], tool_choice: { type: "none" } };
    const { usage } = await (await post(request)).json();
    const { max_tokens, ...counted } = request;
    assert.deepEqual(await (await post(counted, {}, "/v1/messages/count_tokens")).json(), { input_tokens: usage.input_tokens });
    assert.ok(usage.input_tokens > 11);
  });

  it("splits the input into read, written and fresh, which add up", async () => {
    const controls = { "x-simulator-cached-tokens": "4", "x-simulator-cache-write-tokens": "5" };
    const { usage } = await (await post(HELLO, controls)).json();
    assert.deepEqual([usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens], [2, 4, 5]);
    assert.deepEqual(usage.cache_creation, { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 0 });
    const hour = { ...HELLO, system: [{ type: "text", text: "x", cache_control: { type: "ephemeral", ttl: "1h" } }] };
    assert.deepEqual((await (await post(hour, controls)).json()).usage.cache_creation, { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 5 });
  });

  it("ends for the reason that there is", async () => {
    const ends = async (body, headers) => {
      const { content, stop_reason, stop_sequence, stop_details } = await (await post({ ...HELLO, ...body }, headers)).json();
      return [content.map((block) => block.text ?? block.type).join("|"), stop_reason, stop_sequence, stop_details];
    };
    assert.deepEqual(await ends({ max_tokens: 3 }), ["You wrote:", "max_tokens", null, null]);
    assert.deepEqual(await ends({ stop_sequences: ["nowhere", "wörld"] }), ["You wrote: Hello, ", "stop_sequence", "wörld", null]);
    assert.deepEqual(await ends({}, { "x-simulator-refusal": "No." }), ["No.", "refusal", null, { type: "refusal", category: null, explanation: null }]);
    assert.deepEqual(await ends({}, { "x-simulator-finish-reason": "pause_turn" }), [SAID, "pause_turn", null, null]);
    assert.deepEqual(await ends({}, { "x-simulator-finish-reason": "length" }), [SAID, "max_tokens", null, null]);
    assert.deepEqual(await ends({ tools: [WEATHER], tool_choice: { type: "any" } }), ["tool_use", "tool_use", null, null]);
    const answered = [...HELLO.messages, { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "get_weather", input: {} }] }, { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: [{ type: "text", text: "Sunny." }] }] }];
    assert.equal((await ends({ messages: answered, tools: [WEATHER] }))[0], "The tool answered: Sunny.");
  });
});

describe("a stream of a message", () => {
  it("is the documented events in their order", async () => {
    const response = await post({ ...HELLO, stream: true });
    assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    const all = events(await response.text());
    assert.ok(all.every(({ name, data }) => name === data.type), "each event has the name of its type");
    assert.deepEqual(all.map(({ name }) => name).filter((name, at, names) => name !== names[at - 1]), [
      "message_start", "content_block_start", "ping", "content_block_delta", "content_block_stop", "message_delta", "message_stop",
    ]);
    const { message } = all[0].data;
    assert.deepEqual([message.content, message.stop_reason, message.usage.input_tokens, message.usage.output_tokens], [[], null, 11, 1]);
    assert.deepEqual(all[1].data, { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
    assert.deepEqual(all[3].data, { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "You" } });
    assert.equal(all.map(({ data }) => data.delta?.text ?? "").join(""), SAID);
    assert.deepEqual(all.at(-2).data, {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null, stop_details: null, container: null },
      usage: { input_tokens: 11, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 7, output_tokens_details: { thinking_tokens: 0 }, server_tool_use: null },
    });
  });

  it("thinks, speaks and calls in blocks of their own", async () => {
    provider.script({ thinking: "Hm, so.", text: "Look.", toolCalls: [{ name: "get_weather", arguments: { city: "Bonn" }, id: "toolu_a" }], deltaSize: 5 });
    const all = events(await (await post({ ...HELLO, stream: true, tools: [WEATHER], thinking: { type: "enabled", budget_tokens: 1024 } })).text()).map(({ data }) => data);
    const deltas = (index) => all.filter((event) => event.type === "content_block_delta" && event.index === index).map(({ delta }) => delta);
    assert.deepEqual(all.filter(({ type }) => type === "content_block_start").map(({ content_block }) => content_block), [
      { type: "thinking", thinking: "", signature: "" },
      { type: "text", text: "" },
      { type: "tool_use", id: "toolu_a", name: "get_weather", input: {}, caller: { type: "direct" } },
    ]);
    assert.deepEqual(deltas(0).slice(0, -1), [{ type: "thinking_delta", thinking: "Hm, s" }, { type: "thinking_delta", thinking: "o." }]);
    assert.match(deltas(0).at(-1).signature, /^[A-Za-z0-9+/]{128}$/);
    assert.equal(deltas(0).at(-1).type, "signature_delta");
    assert.deepEqual(deltas(1), [{ type: "text_delta", text: "Look." }]);
    assert.deepEqual(deltas(2)[0], { type: "input_json_delta", partial_json: "" });
    assert.equal(deltas(2).map(({ partial_json }) => partial_json).join(""), '{"city":"Bonn"}');
    assert.equal(all.at(-2).delta.stop_reason, "tool_use");
    assert.equal(all.at(-2).usage.output_tokens_details.thinking_tokens, 4);
  });

  it("does on a bad day what chat does", async () => {
    const stream = { ...HELLO, stream: true };
    const text = await (await post(stream)).text();
    provider.reset();
    const response = await post(stream, { "x-simulator-piece-size": "1" });
    const pieces = [];
    for await (const piece of response.body) pieces.push(Buffer.from(piece));
    assert.equal(Buffer.concat(pieces).toString(), text);
    assert.ok(pieces.length > text.length / 2);
    assert.equal((await (await post(stream, { "x-simulator-cut": "99", "x-simulator-cleanly": "true" })).arrayBuffer()).byteLength, 99);
    await assert.rejects((await post(stream, { "x-simulator-cut": "99" })).text(), { name: "TypeError" });
    assert.doesNotMatch(await (await post(stream, { "x-simulator-no-done": "true" })).text(), /message_stop/);
    assert.doesNotMatch(await (await post(stream, { "x-simulator-no-usage": "true" })).text(), /usage/);
    assert.match(await (await post(stream, { "x-simulator-tight": "true", "x-simulator-comments": "1", "x-simulator-line-end": "crlf" })).text(), /^: keep-alive\r\n\r\nevent:message_start\r\ndata:\{/);
    assert.throws(() => events(text.replace("{", "")), { name: "SyntaxError" });
    const broken = await (await post(stream, { "x-simulator-malformed": "json", "x-simulator-malformed-at": "3" })).text();
    assert.throws(() => JSON.parse(/data: (.*)/.exec(broken.split("\n\n")[3])[1]), { name: "SyntaxError" });
    const failed = events(await (await post(stream, { "x-simulator-error-at": "2", "x-simulator-status": "529" })).text());
    assert.deepEqual(failed.map(({ name }) => name), ["message_start", "content_block_start", "error"]);
    assert.deepEqual(failed[2].data.error, { type: "overloaded_error", message: "Overloaded" });
  });
});

describe("what is refused", () => {
  const message = (extra) => ({ ...HELLO, messages: [{ role: "user", content: "a" }, extra] });
  const cases = [
    ["no key", HELLO, { "x-api-key": "" }, 401, "authentication_error", "x-api-key header is required"],
    ["a key of another form", HELLO, { "x-api-key": "wrong-0123" }, 401, "authentication_error", "invalid x-api-key"],
    ["no version", HELLO, { "anthropic-version": "" }, 400, "invalid_request_error", "anthropic-version: header is required"],
    ["a version that there is not", HELLO, { "anthropic-version": "2024-01-01" }, 400, "invalid_request_error", /^anthropic-version: "2024-01-01" is not a valid version/],
    ["no JSON", '{"model":', {}, 400, "invalid_request_error", /^The request body is not valid JSON/],
    ["no limit", { model: HELLO.model, messages: HELLO.messages }, {}, 400, "invalid_request_error", "max_tokens: Field required"],
    ["a limit of 0", { ...HELLO, max_tokens: 0 }, {}, 400, "invalid_request_error", "max_tokens: must be greater than or equal to 1"],
    ["an unknown parameter", { ...HELLO, agentId: "a" }, {}, 400, "invalid_request_error", "agentId: Extra inputs are not permitted"],
    ["a model of somebody else", { ...HELLO, model: "gpt-4o" }, {}, 404, "not_found_error", "model: gpt-4o"],
    ["no messages", { ...HELLO, messages: [] }, {}, 400, "invalid_request_error", "messages: at least one message is required"],
    ["empty content", message({ role: "user", content: "" }), {}, 400, "invalid_request_error", /^messages\.1: all messages must have non-empty content/],
    ["sampling, in the version without", { ...HELLO, temperature: 1 }, { "anthropic-version": "2026-10-21" }, 400, "invalid_request_error", "temperature: Extra inputs are not permitted"],
    ["a document of the assistant's, in the new version", message({ role: "assistant", content: [{ type: "document" }] }), { "anthropic-version": "2026-10-21" }, 400, "invalid_request_error", /^messages\.1\.content\.0: /],
    ["a small budget for thinking", { ...HELLO, thinking: { type: "enabled", budget_tokens: 5 } }, {}, 400, "invalid_request_error", "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"],
    ["a budget over the limit", { ...HELLO, thinking: { type: "enabled", budget_tokens: 2000 } }, {}, 400, "invalid_request_error", /must be greater than `thinking\.budget_tokens`/],
    ["a choice without tools", { ...HELLO, tool_choice: { type: "any" } }, {}, 400, "invalid_request_error", "tool_choice: may only be specified while providing tools"],
    ["a tool without a schema", { ...HELLO, tools: [{ name: "a" }] }, {}, 400, "invalid_request_error", "tools.0.custom.input_schema: Field required"],
    ["another method's path", HELLO, { path: "/v1/messages/nothing" }, 404, "not_found_error", /^Invalid URL/],
    ["too much at once", HELLO, { "x-simulator-status": "429", "x-simulator-retry-after": "3" }, 429, "rate_limit_error", /rate limit/],
  ];
  for (const [name, body, { path, ...headers }, status, type, words] of cases) {
    it(name, async () => {
      const response = await post(body, headers, path);
      assert.equal(response.status, status);
      const answer = await response.json();
      assert.deepEqual(Object.keys(answer), ["type", "error", "request_id"]);
      assert.deepEqual([answer.type, answer.error.type, answer.request_id], ["error", type, response.headers.get("request-id")]);
      if (typeof words === "string") assert.equal(answer.error.message, words);
      else assert.match(answer.error.message, words);
      if (status === 429) assert.equal(response.headers.get("retry-after"), "3");
    });
  }

  it("nothing of sampling in the version that has it, and the key of a bearer", async () => {
    assert.equal((await post({ ...HELLO, temperature: 0.5, top_k: 3 })).status, 200);
    const { "x-api-key": key, ...others } = KEYS;
    assert.equal((await fetch(`${provider.url}/v1/messages`, { method: "POST", headers: { ...others, authorization: `Bearer ${key}` }, body: JSON.stringify(HELLO) })).status, 200);
  });
});

describe("Anthropic's own SDK", () => {
  it("reads a message and a count", async () => {
    const { data, request_id } = await client().messages.create(HELLO).withResponse();
    assert.equal(data.content[0].text, SAID);
    assert.match(request_id, /^req_011/);
    assert.deepEqual(await client().messages.countTokens({ model: HELLO.model, messages: HELLO.messages }), { input_tokens: 11 });
  });

  it("assembles from a stream what is sent as a whole, however it is cut", async () => {
    const request = { ...HELLO, tools: [WEATHER], thinking: { type: "adaptive" } };
    const step = { thinking: "Let me see.", text: "Look.", toolCalls: [{ name: "get_weather", arguments: { city: "Köln", days: 2 } }], cachedTokens: 3 };
    provider.script(step);
    const whole = await client().messages.create(request);
    for (const how of [{}, { deltaSize: 1 }, { pieceSize: 1, comments: 1 }, { pieceSize: 7, lineEnd: "crlf" }]) {
      provider.reset();
      provider.script({ ...step, ...how });
      const streamed = await client().messages.stream(request).finalMessage();
      const { parsed_output, ...rest } = streamed;
      assert.deepEqual({ ...rest, content: rest.content.map((block) => ({ ...block })) }, JSON.parse(JSON.stringify(whole)));
    }
  });

  it("hears each kind of event", async () => {
    const heard = [];
    const stream = client().messages.stream({ ...HELLO, thinking: { type: "adaptive" } });
    stream.on("thinking", (delta) => heard.push(["thinking", delta]));
    stream.on("text", (delta) => heard.push(["text", delta]));
    stream.on("signature", () => heard.push(["signature"]));
    assert.equal(await stream.finalText(), SAID);
    assert.deepEqual([...new Set(heard.map(([kind]) => kind))], ["thinking", "signature", "text"]);
  });

  it("parses structured output", async () => {
    const schema = { type: "object", properties: { kind: { enum: ["greeting", "other"] }, words: { type: "array", items: { type: "string" } } }, required: ["kind", "words"], additionalProperties: false };
    const { parsed_output } = await client().messages.parse({ ...HELLO, output_config: { format: { type: "json_schema", schema } } });
    assert.deepEqual(parsed_output, { kind: "greeting", words: ["Hello, wörld 🌍!"] });
  });

  it("sorts the errors into its classes", async () => {
    const classes = {
      400: Anthropic.BadRequestError, 401: Anthropic.AuthenticationError, 403: Anthropic.PermissionDeniedError, 404: Anthropic.NotFoundError,
      429: Anthropic.RateLimitError, 500: Anthropic.InternalServerError, 529: Anthropic.InternalServerError,
    };
    for (const [status, expected] of Object.entries(classes)) {
      provider.script({ status: Number(status) });
      await assert.rejects(client().messages.create(HELLO), (error) => {
        assert.ok(error instanceof expected, `${status}: ${error}`);
        assert.match(error.requestID, /^req_011/);
        assert.match(error.type, /_error$/);
        return true;
      });
    }
    provider.script({ cut: "before-headers" });
    await assert.rejects(client().messages.create(HELLO), Anthropic.APIConnectionError);
  });

  it("raises an error that comes within a stream, and comes back after a failure", async () => {
    provider.script({ errorAt: 4, status: 529 });
    const stream = await client().messages.create({ ...HELLO, stream: true });
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, { type: "overloaded_error" });
    provider.script({ status: 529, retryAfterMs: 5, times: 2 });
    assert.equal((await client({ maxRetries: 2 }).messages.create(HELLO)).content[0].text, SAID);
  });

  it("leaves in the middle, which is noticed", async () => {
    provider.script({ pieceDelay: 20 });
    const stream = await client().messages.create({ ...HELLO, stream: true });
    for await (const event of stream) {
      if (event.type === "content_block_delta") break;
    }
    for (let tries = 0; tries < 100 && provider.requests[0].outcome === "pending"; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(provider.requests[0].outcome, "aborted");
  });
});
