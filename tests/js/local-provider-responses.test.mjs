// OpenAI's responses as the local provider speaks them: the events one by one, and through OpenAI's own SDK with nothing between.
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

const HELLO = { model: "gpt-4o-mini", input: "Hello, wörld 🌍!" };
const SAID = "You wrote: Hello, wörld 🌍!";
const WEATHER = { type: "function", name: "get_weather", strict: true, parameters: { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } }, required: ["city", "days"], additionalProperties: false } };

const post = (body, headers = {}) =>
  fetch(`${provider.url}/v1/responses`, { method: "POST", headers: { authorization: "Bearer sk-local", "content-type": "application/json", ...headers }, body: JSON.stringify(body) });

const events = (text) =>
  text
    .trim()
    .split("\n\n")
    .map((frame) => /^event: (.*)\ndata: (.*)$/.exec(frame))
    .map(([, name, data]) => ({ name, ...JSON.parse(data) }));

const client = (options = {}) => new OpenAI({ apiKey: "sk-local", baseURL: `${provider.url}/v1`, maxRetries: 0, ...options });

describe("a response", () => {
  it("has every field", async () => {
    const { id, output, ...rest } = await (await post(HELLO)).json();
    assert.match(id, /^resp_[0-9a-f]{48}$/);
    assert.match(output[0].id, /^msg_[0-9a-f]{48}$/);
    assert.deepEqual(output, [{ id: output[0].id, type: "message", status: "completed", role: "assistant", content: [{ type: "output_text", annotations: [], logprobs: [], text: SAID }] }]);
    assert.deepEqual(rest, {
      object: "response",
      access_programs: null,
      created_at: NOW / 1000,
      status: "completed",
      background: false,
      completed_at: NOW / 1000,
      error: null,
      incomplete_details: null,
      instructions: null,
      max_output_tokens: null,
      max_tool_calls: null,
      model: "gpt-4o-mini-2024-07-18",
      parallel_tool_calls: true,
      previous_response_id: null,
      prompt_cache_key: null,
      prompt_cache_retention: null,
      reasoning: { effort: null, summary: null },
      safety_identifier: null,
      service_tier: "default",
      store: true,
      temperature: 1,
      text: { format: { type: "text" }, verbosity: "medium" },
      tool_choice: "auto",
      tools: [],
      top_logprobs: 0,
      top_p: 1,
      truncation: "disabled",
      usage: { input_tokens: 11, input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 }, output_tokens: 7, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 18 },
      user: null,
      metadata: {},
    });
  });

  it("bills what is cached, what is thought, and what it follows on", async () => {
    provider.script({ cachedTokens: 4, reasoningTokens: 64 });
    const first = await (await post({ ...HELLO, model: "gpt-5-mini" })).json();
    assert.deepEqual(first.usage, { input_tokens: 11, input_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 }, output_tokens: 71, output_tokens_details: { reasoning_tokens: 64 }, total_tokens: 82 });
    assert.deepEqual(first.output.map(({ type }) => type), ["reasoning", "message"]);
    const second = await (await post({ ...HELLO, previous_response_id: first.id })).json();
    assert.equal(second.usage.input_tokens, 11 + 11 + 7, "what was said before is sent again, what was thought is not");
    const unstored = await (await post({ ...HELLO, store: false })).json();
    assert.equal((await post({ ...HELLO, previous_response_id: unstored.id })).status, 400);
  });

  it("ends for the reason that there is", async () => {
    const ends = async (body, headers) => {
      const { status, incomplete_details, error, output } = await (await post({ ...HELLO, ...body }, headers)).json();
      return [status, incomplete_details?.reason ?? error?.code ?? null, output.map((item) => item.content?.[0].text ?? item.content?.[0].refusal ?? item.arguments ?? item.type).join("|"), output.at(-1)?.status];
    };
    assert.deepEqual(await ends({ max_output_tokens: 16, input: "a b c d e f g h i j k l m n o p q" }), ["incomplete", "max_output_tokens", "You wrote: a b c d e f g h i j k l m", "incomplete"]);
    assert.deepEqual(await ends({}, { "x-simulator-finish-reason": "content_filter" }), ["incomplete", "content_filter", SAID, "incomplete"]);
    assert.deepEqual(await ends({}, { "x-simulator-refusal": "No." }), ["completed", null, "No.", "completed"]);
    assert.deepEqual(await ends({}, { "x-simulator-finish-reason": "failed" }), ["failed", "server_error", "", undefined]);
    assert.deepEqual(await ends({ tools: [WEATHER], tool_choice: "required" }), ["completed", null, '{"city":"Hello, wörld 🌍!","days":1}', "completed"]);
    const answered = [{ role: "user", content: "a" }, { type: "function_call", call_id: "call_1", name: "get_weather", arguments: "{}" }, { type: "function_call_output", call_id: "call_1", output: "Sunny." }];
    assert.equal((await ends({ input: answered, tools: [WEATHER] }))[2], "The tool answered: Sunny.");
  });
});

describe("a stream of a response", () => {
  it("is the documented events in their order, numbered", async () => {
    const all = events(await (await post({ ...HELLO, stream: true })).text());
    assert.ok(all.every(({ name, type, sequence_number }, at) => name === type && sequence_number === at));
    assert.deepEqual(all.map(({ name }) => name).filter((name, at, names) => name !== names[at - 1]), [
      "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.output_text.delta",
      "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed",
    ]);
    assert.deepEqual([all[0].response.status, all[0].response.output, all[0].response.usage, all[0].response.completed_at], ["in_progress", [], null, null]);
    const { id } = all[2].item;
    assert.deepEqual(all[2].item, { id, type: "message", status: "in_progress", role: "assistant", content: [] });
    assert.deepEqual({ ...all[3], name: undefined }, { name: undefined, type: "response.content_part.added", item_id: id, output_index: 0, content_index: 0, part: { type: "output_text", annotations: [], logprobs: [], text: "" }, sequence_number: 3 });
    const { obfuscation, ...delta } = all[4];
    assert.ok(obfuscation.length > 0);
    assert.deepEqual(delta, { name: "response.output_text.delta", type: "response.output_text.delta", item_id: id, output_index: 0, content_index: 0, delta: "You", logprobs: [], sequence_number: 4 });
    assert.equal(all.filter(({ type }) => type === "response.output_text.delta").map(({ delta }) => delta).join(""), SAID);
    assert.equal(all.find(({ type }) => type === "response.output_text.done").text, SAID);
    provider.reset();
    assert.deepEqual(all.at(-1).response, await (await post(HELLO)).json(), "streaming changes nothing of the answer");
  });

  it("thinks, refuses and calls in items of their own", async () => {
    provider.script({ thinking: "Hm, so.", text: "Look.", toolCalls: [{ name: "get_weather", arguments: { city: "Bonn" }, id: "call_a" }], deltaSize: 5 }, { refusal: "No, no." });
    const request = { ...HELLO, model: "gpt-5", reasoning: { effort: "low", summary: "auto" }, include: ["reasoning.encrypted_content"], stream: true, stream_options: { include_obfuscation: false }, tools: [WEATHER] };
    const all = events(await (await post(request)).text());
    assert.deepEqual(all.map(({ name }) => name.replace("response.", "")), [
      "created", "in_progress",
      "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta", "reasoning_summary_text.delta", "reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done",
      "output_item.added", "content_part.added", "output_text.delta", "output_text.done", "content_part.done", "output_item.done",
      "output_item.added", "function_call_arguments.delta", "function_call_arguments.delta", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done",
      "completed",
    ]);
    const [thought, , call] = all.at(-1).response.output;
    assert.deepEqual(thought.summary, [{ type: "summary_text", text: "Hm, so." }]);
    assert.equal(thought.encrypted_content.length, 256);
    assert.deepEqual([call.type, call.call_id, call.name, call.arguments], ["function_call", "call_a", "get_weather", '{"city":"Bonn"}']);
    assert.ok(all.every((event) => !("obfuscation" in event)));
    const refused = events(await (await post({ ...HELLO, stream: true })).text());
    assert.deepEqual(refused.filter(({ name }) => name.startsWith("response.refusal")).map(({ name, delta, refusal }) => [name, delta ?? refusal]), [
      ["response.refusal.delta", "No"], ["response.refusal.delta", ","], ["response.refusal.delta", " no"], ["response.refusal.delta", "."], ["response.refusal.done", "No, no."],
    ]);
  });

  it("ends otherwise when something is wrong", async () => {
    const last = async (headers, body = {}) => events(await (await post({ ...HELLO, ...body, stream: true }, headers)).text()).at(-1);
    assert.equal((await last({ "x-simulator-finish-reason": "length" })).name, "response.incomplete");
    const failed = await last({ "x-simulator-finish-reason": "failed", "x-simulator-error": '{"code":"rate_limit_exceeded"}' });
    assert.deepEqual([failed.name, failed.response.status, failed.response.error.code], ["response.failed", "failed", "rate_limit_exceeded"]);
    const { name, ...error } = await last({ "x-simulator-error-at": "3", "x-simulator-status": "503" });
    assert.deepEqual(error, { type: "error", sequence_number: 3, code: "service_unavailable", message: "The engine is currently overloaded, please try again later.", param: null });
    assert.equal((await last({ "x-simulator-no-done": "true" })).name, "response.output_item.done");
  });
});

describe("what is refused", () => {
  const cases = [
    ["no input", { model: "gpt-4o" }, "input", "missing_required_parameter"],
    ["an unknown parameter", { ...HELLO, messages: [] }, "messages", "unknown_parameter"],
    ["a limit under 16", { ...HELLO, max_output_tokens: 15 }, "max_output_tokens", "integer_below_min_value"],
    ["a model of somebody else", { ...HELLO, model: "claude-opus-5-5" }, null, "model_not_found"],
    ["a response that is not stored", { ...HELLO, previous_response_id: "resp_1" }, "previous_response_id", "previous_response_not_found"],
    ["an id that is none", { ...HELLO, previous_response_id: "1" }, "previous_response_id", "invalid_value"],
    ["a tool of the old form", { ...HELLO, tools: [{ type: "function", function: { name: "a" } }] }, "tools[0].name", "missing_required_parameter"],
    ["a tool that it does not have", { ...HELLO, tools: [{ type: "web_search" }] }, "tools[0].type", "unsupported_parameter"],
    ["a strict tool that is open", { ...HELLO, tools: [{ ...WEATHER, parameters: { type: "object" } }] }, "tools[0].parameters", null],
    ["a choice of no tool", { ...HELLO, tools: [WEATHER], tool_choice: { type: "function", name: "b" } }, "tool_choice", null],
    ["a format without a schema", { ...HELLO, text: { format: { type: "json_schema", name: "a" } } }, "text.format.schema", "missing_required_parameter"],
    ["what it does not simulate", { ...HELLO, background: true }, "background", "unsupported_parameter"],
  ];
  for (const [name, body, param, code] of cases) {
    it(name, async () => {
      const response = await post(body);
      assert.equal(response.status, code === "model_not_found" ? 404 : 400);
      const { error } = await response.json();
      assert.deepEqual([error.param, error.code], [param, code]);
    });
  }
});

describe("OpenAI's own SDK", () => {
  it("reads a response", async () => {
    const { data, request_id } = await client().responses.create(HELLO).withResponse();
    assert.equal(data.output_text, SAID);
    assert.match(request_id, /^req_/);
  });

  it("assembles from a stream what is sent as a whole, however it is cut", async () => {
    const request = { ...HELLO, model: "gpt-5", reasoning: { summary: "auto" }, tools: [WEATHER] };
    const step = { thinking: "Let me see.", text: "Look.", toolCalls: [{ name: "get_weather", arguments: { city: "Köln", days: 2 } }], cachedTokens: 3 };
    provider.script(step);
    const whole = await (await post(request)).json();
    for (const how of [{}, { deltaSize: 1 }, { pieceSize: 1, comments: 1 }, { pieceSize: 7, lineEnd: "crlf" }]) {
      provider.reset();
      provider.script({ ...step, ...how });
      const streamed = await client().responses.stream(request).finalResponse();
      assert.equal(streamed.output_text, "Look.");
      assert.deepEqual(streamed.output.at(-1).parsed_arguments, { city: "Köln", days: 2 });
      assert.deepEqual(streamed.usage, whole.usage);
      assert.deepEqual(streamed.output.map(({ parsed_arguments, ...item }) => ({ ...item, ...(item.content ? { content: item.content.map(({ parsed, ...part }) => part) } : {}) })), whole.output);
    }
  });

  it("parses structured output", async () => {
    const schema = { type: "object", properties: { kind: { type: "string", enum: ["greeting", "other"] }, words: { type: "array", items: { type: "string" } } }, required: ["kind", "words"], additionalProperties: false };
    const answer = await client().responses.parse({ ...HELLO, text: { format: { type: "json_schema", name: "reply", strict: true, schema } } });
    assert.deepEqual(answer.output_parsed, { kind: "greeting", words: ["Hello, wörld 🌍!"] });
  });

  it("raises an error, before a stream and within", async () => {
    provider.script({ status: 429 }, { errorAt: 3 });
    await assert.rejects(client().responses.create(HELLO), OpenAI.RateLimitError);
    const stream = await client().responses.create({ ...HELLO, stream: true });
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, OpenAI.APIError);
  });

  it("leaves in the middle, which is noticed", async () => {
    provider.script({ pieceDelay: 20 });
    const stream = await client().responses.create({ ...HELLO, stream: true });
    for await (const event of stream) {
      if (event.type === "response.output_text.delta") break;
    }
    for (let tries = 0; tries < 100 && provider.requests[0].outcome === "pending"; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(provider.requests[0].outcome, "aborted");
  });
});
