// What goes for every format of the local provider, whatever is said and however it is cut: a stream carries the answer that a
// plain request gets, to the character and to the token; and cutting its bytes changes none of them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createProvider } from "../../examples/local-provider/handler.mjs";
import { numbers } from "../../examples/local-provider/ids.mjs";
import { countTokens } from "../../examples/local-provider/provider.mjs";

const CASES = 256;

const chat = {
  body: (text, limit) => ({ model: "gpt-4o", messages: [{ role: "user", content: text }], max_tokens: limit }),
  stream: { stream: true, stream_options: { include_usage: true } },
  whole: ({ choices: [{ message, finish_reason }], usage }) => ({ text: message.content ?? "", calls: (message.tool_calls ?? []).map((call) => call.function.arguments), end: finish_reason, usage }),
  joined(events) {
    const deltas = events.flatMap(({ choices }) => choices.map(({ delta }) => delta));
    const calls = [];
    for (const { tool_calls: [call] } of deltas.filter((delta) => delta.tool_calls)) calls[call.index] = (calls[call.index] ?? "") + call.function.arguments;
    return { text: deltas.map(({ content }) => content ?? "").join(""), calls, end: events.at(-2).choices[0].finish_reason, usage: events.at(-1).usage };
  },
};

/** Each format: how it is asked, what a whole answer says, and what a stream's events say together. */
const FORMATS = {
  "OpenAI's chat": { path: "/v1/chat/completions", headers: { authorization: "Bearer sk-local" }, ...chat },
  "Azure's chat": { path: "/openai/v1/chat/completions", headers: { "api-key": "0123" }, ...chat },
  "OpenAI's responses": {
    path: "/v1/responses",
    headers: { authorization: "Bearer sk-local" },
    body: (text, limit) => ({ model: "gpt-4o", input: text, max_output_tokens: Math.max(16, limit) }),
    stream: { stream: true },
    whole: ({ output, status, usage }) => ({
      text: output.flatMap(({ content }) => content ?? []).map(({ text }) => text).join(""),
      calls: output.filter(({ type }) => type === "function_call").map((call) => call.arguments),
      end: status,
      usage,
    }),
    joined(events) {
      const of = (type) => events.filter((event) => event.type === type);
      const calls = {};
      for (const { item_id, delta } of of("response.function_call_arguments.delta")) calls[item_id] = (calls[item_id] ?? "") + delta;
      for (const { item } of of("response.output_item.added")) if (item.type === "function_call") calls[item.id] ??= "";
      const { status, usage } = events.at(-1).response;
      return { text: of("response.output_text.delta").map(({ delta }) => delta).join(""), calls: Object.values(calls), end: status, usage };
    },
  },
  "Anthropic's messages": {
    path: "/v1/messages",
    headers: { "x-api-key": "sk-local", "anthropic-version": "2023-06-01" },
    body: (text, limit) => ({ model: "claude-opus-5-5", messages: [{ role: "user", content: text }], max_tokens: limit }),
    stream: { stream: true },
    whole: ({ content, stop_reason, usage }) => ({
      text: content.map(({ text }) => text ?? "").join(""),
      calls: content.filter(({ type }) => type === "tool_use").map(({ input }) => JSON.stringify(input)),
      end: stop_reason,
      usage: usage.output_tokens,
    }),
    joined(events) {
      const calls = {};
      for (const { index, delta } of events.filter(({ delta }) => delta?.type === "input_json_delta")) calls[index] = (calls[index] ?? "") + delta.partial_json;
      const { delta, usage } = events.at(-2);
      // A whole message can't hold arguments that the limit has cut.
      const readable = Object.values(calls).map((text) => (delta.stop_reason === "max_tokens" ? safely(text) : text));
      return { text: events.map(({ delta: some }) => some?.text ?? "").join(""), calls: readable, end: delta.stop_reason, usage: usage.output_tokens };
    },
  },
  "Google's content": {
    path: "/v1beta/models/gemini-2.5-flash:generateContent",
    streamPath: "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
    headers: { "x-goog-api-key": "AIzaLocal" },
    body: (text, limit) => ({ contents: [{ parts: [{ text }] }], generationConfig: { maxOutputTokens: limit } }),
    stream: {},
    whole: ({ candidates: [{ content, finishReason }], usageMetadata }) => ({ ...partsOf(content.parts ?? []), end: finishReason, usage: usageMetadata }),
    joined: (events) => ({ ...partsOf(events.flatMap(({ candidates: [{ content }] }) => content.parts ?? [])), end: events.at(-1).candidates[0].finishReason, usage: events.at(-1).usageMetadata }),
  },
};

function partsOf(parts) {
  return { text: parts.map(({ text }) => text ?? "").join(""), calls: parts.filter(({ functionCall }) => functionCall).map(({ functionCall }) => JSON.stringify(functionCall.args)) };
}

function safely(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return "{}";
  }
}

const ALPHABET = ["a", "word ", "  ", "\n", "\r\n", "7", "1234", "ß", "你好", "🌍", "👩‍👩‍👧", "e\u0301", '"', "\\", "data: ", "\n\n", "[DONE]", ": ", "{}", "\u2028", "<b>"];

/** A case, the same on every machine. */
function caseOf(seed) {
  const next = numbers(`case ${seed}`);
  const one = (list) => list[next() % list.length];
  const some = (most) => Array.from({ length: next() % most }, () => one(ALPHABET)).join("");
  const calls = Array.from({ length: next() % 3 }, (_, at) => ({ name: "f", arguments: { [`k${at}`]: some(6) } }));
  return {
    asked: `a${some(9)}`,
    limit: one([3, 9, 40, 4000]),
    step: { text: some(20), ...(calls.length > 0 ? { toolCalls: calls } : {}), ...(next() % 2 ? { deltaSize: 1 + (next() % 7) } : {}), ...(next() % 4 ? {} : { reasoningTokens: next() % 5 }) },
    cut: { pieceSize: 1 + (next() % 40), lineEnd: one(["lf", "crlf", "cr"]), ...(next() % 2 ? { comments: 1 + (next() % 3) } : {}), ...(next() % 2 ? { tight: true } : {}) },
  };
}

/** The payloads of a stream, by the rules of event streams. */
function payloads(text) {
  return text
    .split(/\r\n|\r|\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).replace(/^ /, ""))
    .filter((data) => data !== "[DONE]")
    .map((data) => JSON.parse(data));
}

describe("a stream is the answer that a plain request gets", () => {
  for (const [name, { path, streamPath = path, headers, body, stream, whole, joined }] of Object.entries(FORMATS)) {
    it(`in ${name}`, async () => {
      for (let seed = 0; seed < CASES; seed += 1) {
        const { asked, limit, step, cut } = caseOf(`${name} ${seed}`);
        const ask = async (where, extra, controls) => {
          const { handle, script } = createProvider({ now: () => 0 });
          script({ ...step, ...controls });
          const response = await handle(new Request(`http://provider.test${where}`, { method: "POST", headers, body: JSON.stringify({ ...body(asked, limit), ...extra }) }));
          const text = await response.text();
          assert.equal(response.status, 200, text);
          return text;
        };
        const plain = whole(JSON.parse(await ask(path, {}, {})));
        const events = payloads(await ask(streamPath, stream, {}));
        assert.deepEqual(joined(events), plain, `case ${seed}`);
        const { pieceSize, ...lines } = cut;
        const uncut = await ask(streamPath, stream, lines);
        assert.deepEqual(payloads(uncut), events, `case ${seed}`);
        // One byte at a time is slow, and a few times enough.
        assert.equal(await ask(streamPath, stream, { ...lines, pieceSize: seed < 4 ? 1 : pieceSize + 10 }), uncut, `case ${seed}, cut`);
        assert.ok(step.text.startsWith(plain.text) && countTokens(plain.text) <= Math.max(16, limit), `case ${seed}`);
      }
    });
  }
});
