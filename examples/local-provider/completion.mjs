// @ts-check
/**
 * The answer to a request: first as a whole, then, for a stream, as the chunks that carry the same answer. There is one
 * answer and one bill; streaming only cuts it.
 *
 * @module
 */

import { countPrompt, countTokens, tokenize } from "./tokens.mjs";

/**
 * @typedef {import("./controls.mjs").Step} Step
 * @typedef {{ id: string, type: "function", function: { name: string, arguments: string } }} ToolCall
 * @typedef {{ role: "assistant", content: string | null, refusal: string | null, annotations: [], tool_calls?: ToolCall[] }} Message
 * @typedef {{ index: number, message: Message, logprobs: null, finish_reason: string }} Choice
 * @typedef {{ id: string, object: "chat.completion", created: number, model: string, choices: Choice[], usage?: Record<string, any>, service_tier: string, system_fingerprint: string }} Completion
 */

/** The dated model behind a name, which is what the API's answers bear. */
const DATED = /** @type {Record<string, string>} */ ({
  "gpt-4o": "gpt-4o-2024-08-06",
  "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
  "gpt-4.1": "gpt-4.1-2025-04-14",
  "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
  "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
  "gpt-5": "gpt-5-2025-08-07",
  "gpt-5-mini": "gpt-5-mini-2025-08-07",
  "gpt-5-nano": "gpt-5-nano-2025-08-07",
  "o3": "o3-2025-04-16",
  "o4-mini": "o4-mini-2025-04-16",
});

/** @type {Record<string, string>} the tier that serves a request for a tier */
const SERVED = { flex: "flex", priority: "priority", fast: "priority", scale: "scale" };

/**
 * @param {Record<string, any>} request a checked request
 * @param {Step} step
 * @param {{ serial: number, created: number }} identity
 * @returns {Completion}
 */
export function complete(request, step, { serial, created }) {
  const limit = request.max_completion_tokens ?? request.max_tokens ?? Infinity;
  const reasoning = Math.min(step.reasoningTokens ?? 0, limit);
  let completionTokens = 0;
  /** @type {Choice[]} */
  const choices = [];
  for (let index = 0; index < (request.n ?? 1); index += 1) {
    const { message, finishReason, tokens } = answer(request, step, index, limit - reasoning, serial);
    completionTokens += reasoning + tokens;
    choices.push({ index, message, logprobs: null, finish_reason: step.finishReason ?? finishReason });
  }
  const model = step.model ?? DATED[request.model] ?? request.model;
  return {
    id: `chatcmpl-${token(`completion ${serial}`, 23)}${serial.toString(36).padStart(6, "0")}`,
    object: "chat.completion",
    created,
    model,
    choices,
    ...(step.noUsage ? {} : { usage: bill(request, step, completionTokens, reasoning * choices.length) }),
    service_tier: step.serviceTier ?? SERVED[request.service_tier] ?? "default",
    system_fingerprint: `fp_${hex(model, 10)}`,
  };
}

/** @param {Record<string, any>} request @param {Step} step @param {number} completionTokens @param {number} reasoning */
function bill(request, step, completionTokens, reasoning) {
  const promptTokens = countPrompt(request);
  const cached = Math.min(step.cachedTokens ?? 0, promptTokens);
  const written = Math.min(step.cacheWriteTokens ?? 0, promptTokens - cached);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0, ...(step.cacheWriteTokens === undefined ? {} : { cache_write_tokens: written }) },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
    ...step.usage,
  };
}

/**
 * One choice's message, cut at a stop sequence and at the limit.
 *
 * @param {Record<string, any>} request @param {Step} step @param {number} index @param {number} limit @param {number} serial
 * @returns {{ message: Message, finishReason: string, tokens: number }}
 */
function answer(request, step, index, limit, serial) {
  if (step.refusal !== undefined) {
    const cut = cutAt(String(step.refusal), limit);
    return { message: { role: "assistant", content: null, refusal: cut.text, annotations: [] }, finishReason: cut.cut ? "length" : "stop", tokens: cut.tokens };
  }
  const calls = toolCalls(request, step, index, serial);
  const text = calls && step.text === undefined ? undefined : beforeStop(textOf(request, step, index), request.stop);
  const cut = text === undefined ? { text: null, tokens: 0, cut: false } : cutAt(text, limit);
  let { tokens } = cut;
  let finishReason = cut.cut ? "length" : calls ? "tool_calls" : "stop";
  /** @type {ToolCall[]} */
  const kept = [];
  for (const call of cut.cut ? [] : (calls ?? [])) {
    // A call that does not fit is cut short like a text, so that its arguments are no JSON: clients must bear that too.
    const named = tokens + countTokens(call.function.name);
    if (named > limit) {
      finishReason = "length";
      break;
    }
    const fitting = cutAt(call.function.arguments, limit - named);
    kept.push({ ...call, function: { ...call.function, arguments: fitting.text } });
    tokens = named + fitting.tokens;
    if (fitting.cut) {
      finishReason = "length";
      break;
    }
  }
  return {
    message: { role: "assistant", content: cut.text, refusal: null, annotations: [], ...(kept.length ? { tool_calls: kept } : {}) },
    finishReason,
    tokens,
  };
}

/** @param {string} text @param {number} limit in tokens */
function cutAt(text, limit) {
  const pieces = tokenize(text);
  if (pieces.length <= limit) return { text, tokens: pieces.length, cut: false };
  return { text: pieces.slice(0, limit).join(""), tokens: limit, cut: true };
}

/** @param {string} text @param {string | string[] | null | undefined} stop */
function beforeStop(text, stop) {
  for (const sequence of typeof stop === "string" ? [stop] : (stop ?? [])) {
    const at = text.indexOf(sequence);
    if (at >= 0) text = text.slice(0, at);
  }
  return text;
}

/**
 * What the model says: what the step says, else something that depends on nothing but the request.
 *
 * @param {Record<string, any>} request @param {Step} step @param {number} index
 */
function textOf(request, step, index) {
  if (Array.isArray(step.text)) return step.text[index % step.text.length] ?? "";
  if (step.text !== undefined) return String(step.text);
  const last = request.messages.findLast((/** @type {any} */ message) => message.role === "user" || message.role === "tool");
  const said = last ? contentText(last.content) : "";
  const format = request.response_format;
  if (format?.type === "json_schema") return JSON.stringify(sampleOf(format.json_schema?.schema ?? {}, said));
  if (format?.type === "json_object") return JSON.stringify({ answer: said });
  if (!last) return "Hello from the local provider.";
  return `${last.role === "tool" ? "The tool answered" : "You wrote"}: ${said}`;
}

/** @param {unknown} content */
function contentText(content) {
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part) => part?.text ?? "").join("") : "";
}

/**
 * The tools that are called: those of the step, else the one that `tool_choice` insists on.
 *
 * @param {Record<string, any>} request @param {Step} step @param {number} index @param {number} serial
 * @returns {ToolCall[] | undefined}
 */
function toolCalls(request, step, index, serial) {
  const id = (/** @type {number} */ at) => `call_${token(`call ${serial} ${index} ${at}`, 24)}`;
  if (step.toolCalls) {
    return step.toolCalls.map((call, at) => ({
      id: call.id ?? id(at),
      type: "function",
      function: { name: call.name, arguments: typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments) },
    }));
  }
  const wanted = request.tool_choice?.function?.name;
  if (!request.tools || (request.tool_choice !== "required" && !wanted)) return undefined;
  const tool = request.tools.find((/** @type {any} */ candidate) => candidate.function.name === wanted) ?? request.tools[0];
  const said = contentText(request.messages.findLast((/** @type {any} */ message) => message.role === "user")?.content);
  return [{ id: id(0), type: "function", function: { name: tool.function.name, arguments: JSON.stringify(sampleOf(tool.function.parameters ?? {}, said)) } }];
}

/**
 * A value that a JSON schema allows, as far as types, enums and required properties go.
 *
 * @param {any} schema @param {string} said the text for strings
 * @returns {unknown}
 */
function sampleOf(schema, said) {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum?.length) return schema.enum[0];
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case "string":
      return said;
    case "integer":
    case "number":
      return schema.minimum ?? 1;
    case "boolean":
      return true;
    case "null":
      return null;
    case "array":
      return [sampleOf(schema.items ?? { type: "string" }, said)];
    default: {
      const properties = schema.properties ?? {};
      return Object.fromEntries((schema.required ?? Object.keys(properties)).map((/** @type {string} */ name) => [name, sampleOf(properties[name] ?? { type: "string" }, said)]));
    }
  }
}

/**
 * The chunks of a stream that carries this answer.
 *
 * @param {Completion} completion
 * @param {Record<string, any>} request
 * @param {Step} step
 * @returns {Record<string, any>[]}
 */
export function chunksOf(completion, request, step) {
  const wantsUsage = request.stream_options?.include_usage === true;
  const padded = step.obfuscation ?? request.stream_options?.include_obfuscation !== false;
  const head = {
    id: completion.id,
    object: "chat.completion.chunk",
    created: completion.created,
    model: completion.model,
    service_tier: completion.service_tier,
    system_fingerprint: completion.system_fingerprint,
  };
  let serial = 0;
  /** @param {unknown[]} choices @param {unknown} usage */
  const chunk = (choices, usage) => {
    const body = { ...head, choices, ...(wantsUsage && !step.noUsage ? { usage } : {}) };
    if (!padded) return body;
    // The API pads each chunk, so that its size does not tell the text's; here to a multiple of 16 characters.
    serial += 1;
    const length = 16 - (JSON.stringify(choices).length % 16);
    return { ...body, obfuscation: token(`padding ${completion.id} ${serial}`, length) };
  };
  const queues = completion.choices.map((choice) => deltasOf(choice, step));
  const chunks = [];
  // The choices of one answer are made at the same time: their deltas alternate.
  for (let at = 0; queues.some((queue) => at < queue.length); at += 1) {
    queues.forEach((queue, index) => {
      const delta = queue[at];
      if (delta) chunks.push(chunk([{ index, delta, logprobs: null, finish_reason: null }], null));
    });
  }
  for (const choice of completion.choices) {
    chunks.push(chunk([{ index: choice.index, delta: {}, logprobs: null, finish_reason: choice.finish_reason }], null));
  }
  if (wantsUsage && completion.usage) chunks.push(chunk([], completion.usage));
  return chunks;
}

/** @param {Choice} choice @param {Step} step @returns {Record<string, any>[]} */
function deltasOf({ message }, step) {
  const pieces = (/** @type {string} */ text) => (step.deltaSize === undefined ? tokenize(text) : characters(text, step.deltaSize));
  /** @type {Record<string, any>[]} */
  const deltas = [];
  const [first, ...others] = message.tool_calls ?? [];
  const opening = (/** @type {ToolCall} */ call, /** @type {number} */ index) => ({ index, id: call.id, type: call.type, function: { name: call.function.name, arguments: "" } });
  const argumentsOf = (/** @type {ToolCall} */ call, /** @type {number} */ index) =>
    pieces(call.function.arguments).map((text) => ({ tool_calls: [{ index, function: { arguments: text } }] }));
  if (message.content === null && first) {
    deltas.push({ role: "assistant", content: null, tool_calls: [opening(first, 0)], refusal: null });
  } else {
    deltas.push({ role: "assistant", content: message.refusal === null ? "" : null, refusal: message.refusal === null ? null : "" });
    for (const text of pieces(message.content ?? "")) deltas.push({ content: text });
    for (const text of pieces(message.refusal ?? "")) deltas.push({ refusal: text });
    if (first) deltas.push({ tool_calls: [opening(first, 0)] });
  }
  if (first) deltas.push(...argumentsOf(first, 0));
  others.forEach((call, index) => deltas.push({ tool_calls: [opening(call, index + 1)] }, ...argumentsOf(call, index + 1)));
  return deltas;
}

/** Cuts a text into runs of whole characters (code points), as JSON in chunks can hold no half of one. @param {string} text @param {number} size */
function characters(text, size) {
  const all = [...text];
  const runs = [];
  for (let at = 0; at < all.length; at += size) runs.push(all.slice(at, at + size).join(""));
  return runs;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Letters and digits that look random and are the same for the same seed. @param {string} seed @param {number} length */
export function token(seed, length) {
  return digits(seed, length, ALPHABET);
}

/** @param {string} seed @param {number} length */
export function hex(seed, length) {
  return digits(seed, length, "0123456789abcdef");
}

/** @param {string} seed @param {number} length @param {string} alphabet */
function digits(seed, length, alphabet) {
  let state = 0x811c9dc5;
  for (const character of seed) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  let text = "";
  for (let at = 0; at < length; at += 1) {
    // xorshift32; a seed that hashes to zero would stay there.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state ||= 1;
    text += alphabet[(state >>> 0) % alphabet.length];
  }
  return text;
}
