// Providers that are scripts: answers and streams in every format, as their documents show them.
import { GuardrailEngine, PIIDetectionGuardrail } from "tollgate";

export const CHAT = "https://api.openai.com/v1/chat/completions";
export const MESSAGES = "https://api.anthropic.com/v1/messages";
export const RESPONSES = "https://api.openai.com/v1/responses";
export const GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash";
export const MAIL = "jane.doe@example.com";

export const pii = (action = "redact") => {
  const engine = new GuardrailEngine();
  engine.registerGuardrail(new PIIDetectionGuardrail({ action }));
  return engine;
};

export const json = (value, init = {}) => new Response(JSON.stringify(value), { headers: { "content-type": "application/json" }, ...init });
export const post = (body, init = {}) => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), ...init });

/** A fetch that keeps what it was asked and answers by a function. */
export const provider = (answer) => {
  const asked = [];
  const fetch = async (url, init) => {
    const body = typeof init?.body === "string" && init.body.startsWith("{") ? JSON.parse(init.body) : init?.body;
    asked.push({ url: String(url), init, body, headers: new Headers(init?.headers) });
    return answer(asked.length);
  };
  return { asked, fetch };
};

/** Server-sent events in pieces of a size. */
export const events = (list, { named = false, done = false, size = 7 } = {}) => {
  const text = list.map((event) => `${named ? `event: ${event.type}\n` : ""}data: ${JSON.stringify(event)}\n\n`).join("") + (done ? "data: [DONE]\n\n" : "");
  return { text, response: () => new Response(pieces(text, size), { headers: { "content-type": "text/event-stream" } }) };
};

export const pieces = (text, size) => {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(out) {
      if (at >= bytes.length) return out.close();
      out.enqueue(bytes.slice(at, (at += size)));
    },
  });
};

export const MESSAGE_EVENTS = (...deltas) => [
  { type: "message_start", message: { id: "msg_1", type: "message", role: "assistant", content: [], model: "claude-sonnet-4-5-20250929", stop_reason: null, stop_sequence: null, usage: { input_tokens: 25, output_tokens: 1, cache_read_input_tokens: 10 } } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "ping" },
  ...deltas.map((text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })),
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 15 } },
  { type: "message_stop" },
];

export const RESPONSE_EVENTS = (...deltas) => {
  const text = deltas.join("");
  const part = { type: "output_text", text, annotations: [], logprobs: [] };
  const item = { id: "msg_1", type: "message", status: "completed", role: "assistant", content: [part] };
  const base = { id: "resp_1", object: "response", created_at: 1, model: "gpt-5-mini-2025-08-07", status: "in_progress", output: [], usage: null };
  const usage = { input_tokens: 20, input_tokens_details: { cached_tokens: 0 }, output_tokens: 12, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 32 };
  const place = { item_id: "msg_1", output_index: 0, content_index: 0 };
  return [
    { type: "response.created", response: base },
    { type: "response.output_item.added", output_index: 0, item: { ...item, status: "in_progress", content: [] } },
    { type: "response.content_part.added", ...place, part: { ...part, text: "" } },
    ...deltas.map((delta) => ({ type: "response.output_text.delta", ...place, delta, logprobs: [] })),
    { type: "response.output_text.done", ...place, text, logprobs: [] },
    { type: "response.content_part.done", ...place, part },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: { ...base, status: "completed", output: [item], usage } },
  ].map((event, sequence_number) => ({ ...event, sequence_number }));
};

export const GEMINI_EVENTS = (...deltas) =>
  deltas.map((text, index) => ({
    candidates: [{ content: { parts: [{ text }], role: "model" }, index: 0, ...(index === deltas.length - 1 && { finishReason: "STOP" }) }],
    usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 3 + index, totalTokenCount: 12 + index },
    modelVersion: "gemini-2.5-flash",
  }));

export const CHAT_EVENTS = (...deltas) => [
  ...deltas.map((content) => ({ id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-5-mini", choices: [{ index: 0, delta: { content }, finish_reason: null }] })),
  { id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-5-mini", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
  { id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-5-mini", choices: [], usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 } },
];

/** The formats: where a stream of each comes from, and how it is asked for. */
export const STREAMS = [
  ["chat", CHAT, CHAT_EVENTS, { done: true }, { model: "gpt-5-mini", stream: true, stream_options: { include_usage: true }, messages: [{ role: "user", content: "Hi" }] }],
  ["responses", RESPONSES, RESPONSE_EVENTS, { named: true }, { model: "gpt-5-mini", stream: true, input: "Hi" }],
  ["messages", MESSAGES, MESSAGE_EVENTS, { named: true }, { model: "claude-sonnet-4-5", max_tokens: 100, stream: true, messages: [{ role: "user", content: "Hi" }] }],
  ["gemini", `${GEMINI}:streamGenerateContent?alt=sse`, GEMINI_EVENTS, {}, { contents: [{ role: "user", parts: [{ text: "Hi" }] }] }],
];
