// @ts-check
/**
 * OpenAI's chat completions. The answer is first a whole, then, for a stream, the chunks that carry the same answer.
 *
 * @module
 */

import { draft, piecesOf, sharesOf } from "../answer.mjs";
import { hex, token } from "../ids.mjs";
import { streamOf, wholeOf } from "../reply.mjs";
import { countPrompt, textIn } from "../tokens.mjs";
import { readChat } from "./chat-request.mjs";

/**
 * @typedef {import("../controls.mjs").Step} Step
 * @typedef {import("../reply.mjs").Call} Call
 * @typedef {{ id: string, type: "function", function: { name: string, arguments: string } }} ToolCall
 * @typedef {{ role: "assistant", content: string | null, refusal: string | null, annotations: [], tool_calls?: ToolCall[] }} Message
 * @typedef {{ index: number, message: Message, logprobs: null, finish_reason: string }} Choice
 * @typedef {{ id: string, object: "chat.completion", created: number, model: string, choices: Choice[], usage?: Record<string, any>, service_tier: string, system_fingerprint: string }} Completion
 */

/** @type {Record<string, string>} the tier that serves a request for a tier */
const SERVED = { flex: "flex", priority: "priority", fast: "priority", scale: "scale" };

/** @param {string | null | undefined} asked @param {Step} step */
export function tierFor(asked, step) {
  return step.serviceTier ?? SERVED[asked ?? ""] ?? "default";
}

/** @param {Call} call */
export function chat(call) {
  const request = readChat(call);
  const completion = complete(request, call);
  if (!request.stream) return wholeOf(call.api.completion?.(completion, call.step) ?? completion, call);
  const chunks = chunksOf(completion, request, call.step);
  const { api, step } = call;
  return streamOf(api.chunks?.(chunks, step, completion) ?? chunks, call, {
    done: true,
    comment: api.comment,
    ...(api.chatFailure ? { failure: (refusal, before) => api.chatFailure?.(refusal, before.at(-1) ?? completion) } : {}),
  });
}

/** @param {Record<string, any>} request @param {Call} call @returns {Completion} */
function complete(request, { step, serial, created }) {
  const ask = askOf(request);
  const drafts = Array.from({ length: request.n ?? 1 }, (_, index) => draft(ask, step, index));
  return {
    id: `chatcmpl-${token(`completion ${serial}`, 23)}${serial.toString(36).padStart(6, "0")}`,
    object: "chat.completion",
    created,
    model: step.model ?? request.model,
    choices: drafts.map((answer, index) => ({
      index,
      message: messageOf(answer, `call ${serial} ${index}`),
      logprobs: null,
      finish_reason: step.finishReason ?? answer.end,
    })),
    ...(step.noUsage ? {} : { usage: bill(request, step, drafts) }),
    service_tier: tierFor(request.service_tier, step),
    system_fingerprint: `fp_${hex(request.model, 10)}`,
  };
}

/** @param {Record<string, any>} request @returns {import("../answer.mjs").Ask} */
function askOf(request) {
  const user = request.messages.findLast((/** @type {any} */ message) => message.role === "user");
  const last = request.messages.findLast((/** @type {any} */ message) => message.role === "user" || message.role === "tool");
  const format = request.response_format;
  return {
    last: last && { role: last.role, text: textIn(last.content) },
    said: textIn(user?.content),
    tools: (request.tools ?? []).map((/** @type {any} */ tool) => ({ name: tool.function.name, schema: tool.function.parameters })),
    insists: request.tool_choice?.function?.name ?? request.tool_choice === "required",
    stops: [request.stop ?? []].flat(),
    limit: request.max_completion_tokens ?? request.max_tokens ?? Infinity,
    ...(format?.type === "json_schema" ? { schema: format.json_schema.schema ?? {} } : {}),
    json: format?.type === "json_object",
  };
}

/** @param {import("../answer.mjs").Draft} answer @param {string} seed @returns {Message} */
function messageOf({ text, refusal, calls }, seed) {
  return {
    role: "assistant",
    content: text,
    refusal,
    annotations: [],
    ...(calls.length > 0
      ? { tool_calls: calls.map((call, at) => ({ id: call.id ?? `call_${token(`${seed} ${at}`, 24)}`, type: "function", function: { name: call.name, arguments: call.arguments } })) }
      : {}),
  };
}

/** @param {Record<string, any>} request @param {Step} step @param {import("../answer.mjs").Draft[]} drafts */
function bill(request, step, drafts) {
  const prompt = countPrompt(request);
  const { cached, written } = sharesOf(prompt, step);
  const reasoning = drafts.reduce((sum, { thinkingTokens }) => sum + thinkingTokens, 0);
  const completion = drafts.reduce((sum, { tokens }) => sum + tokens, reasoning);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0, ...(step.cacheWriteTokens === undefined ? {} : { cache_write_tokens: written }) },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
    ...step.usage,
  };
}

/**
 * The chunks of a stream that carries this answer.
 *
 * @param {Completion} completion
 * @param {Record<string, any>} request
 * @param {Step} step
 * @returns {Record<string, any>[]}
 */
function chunksOf(completion, request, step) {
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
    serial += 1;
    return { ...body, obfuscation: padding(`${completion.id} ${serial}`, JSON.stringify(choices).length) };
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

/**
 * The API pads each event of a stream, so that its size does not tell the text's; here to a multiple of 16 characters.
 *
 * @param {string} seed @param {number} length of what is padded
 */
export function padding(seed, length) {
  return token(`padding ${seed}`, 16 - (length % 16));
}

/** @param {Choice} choice @param {Step} step @returns {Record<string, any>[]} */
function deltasOf({ message }, step) {
  /** @type {Record<string, any>[]} */
  const deltas = [];
  const [first, ...others] = message.tool_calls ?? [];
  const opening = (/** @type {ToolCall} */ call, /** @type {number} */ index) => ({ index, id: call.id, type: call.type, function: { name: call.function.name, arguments: "" } });
  const argumentsOf = (/** @type {ToolCall} */ call, /** @type {number} */ index) =>
    piecesOf(call.function.arguments, step).map((text) => ({ tool_calls: [{ index, function: { arguments: text } }] }));
  if (message.content === null && first) {
    deltas.push({ role: "assistant", content: null, tool_calls: [opening(first, 0)], refusal: null });
  } else {
    deltas.push({ role: "assistant", content: message.refusal === null ? "" : null, refusal: message.refusal === null ? null : "" });
    for (const text of piecesOf(message.content ?? "", step)) deltas.push({ content: text });
    for (const text of piecesOf(message.refusal ?? "", step)) deltas.push({ refusal: text });
    if (first) deltas.push({ tool_calls: [opening(first, 0)] });
  }
  if (first) deltas.push(...argumentsOf(first, 0));
  others.forEach((call, index) => deltas.push({ tool_calls: [opening(call, index + 1)] }, ...argumentsOf(call, index + 1)));
  return deltas;
}
