// @ts-check
/**
 * Anthropic's messages, and its endpoint that counts their input. The answer is first a whole, then, for a stream, the
 * events that carry the same answer.
 *
 * @module
 */

import { draft, piecesOf, sharesOf } from "../answer.mjs";
import { base64, token } from "../ids.mjs";
import { streamOf, wholeOf } from "../reply.mjs";
import { countMessages, textIn } from "../tokens.mjs";
import { readMessages } from "./messages-request.mjs";

/**
 * @typedef {import("../controls.mjs").Step} Step
 * @typedef {import("../reply.mjs").Call} Call
 * @typedef {import("../answer.mjs").Draft} Draft
 * @typedef {{ type: string, [field: string]: any }} Block
 */

/** OpenAI's words for the ends of an answer, in Anthropic's. @type {Record<string, string>} */
const ENDS = { stop: "end_turn", length: "max_tokens", tool_calls: "tool_use", content_filter: "refusal" };

/** @param {Call} call */
export function countTokens(call) {
  return wholeOf({ input_tokens: countMessages(readMessages(call, { counting: true })) }, call);
}

/** @param {Call} call */
export function messages(call) {
  const request = readMessages(call);
  const { step, serial } = call;
  const answer = draft(askOf(request), step);
  const blocks = blocksOf(answer, request, serial);
  const ended = step.finishReason ?? (answer.refusal !== null ? "refusal" : answer.stopped !== null ? "stop_sequence" : answer.end);
  const reason = ENDS[ended] ?? ended;
  const message = {
    id: `msg_01${token(`message ${serial}`, 22)}`,
    type: "message",
    role: "assistant",
    model: step.model ?? request.model,
    content: blocks.map(({ whole }) => whole),
    stop_reason: reason,
    stop_sequence: reason === "stop_sequence" ? answer.stopped : null,
    stop_details: reason === "refusal" ? { type: "refusal", category: null, explanation: null } : null,
    container: null,
    diagnostics: null,
    ...(step.noUsage ? {} : { usage: bill(request, step, answer) }),
  };
  return request.stream ? streamOf(eventsOf(message, blocks, step), call, { named: true }) : wholeOf(message, call);
}

/** @param {Record<string, any>} request @returns {import("../answer.mjs").Ask} */
function askOf(request) {
  const last = request.messages.findLast((/** @type {any} */ message) => message.role === "user");
  const blocks = Array.isArray(last?.content) ? last.content : [];
  const results = blocks.filter((/** @type {any} */ block) => block.type === "tool_result");
  const said = textIn(last?.content);
  const choice = request.tool_choice;
  const schema = request.output_config?.format?.schema ?? request.output_format?.schema;
  return {
    last: last && (results.length > 0 ? { role: "tool", text: results.map((/** @type {any} */ result) => textIn(result.content)).join("") } : { role: "user", text: said }),
    said,
    tools: (request.tools ?? []).map((/** @type {any} */ tool) => ({ name: tool.name, schema: tool.input_schema })),
    insists: choice?.type === "tool" ? choice.name : choice?.type === "any",
    stops: request.stop_sequences ?? [],
    limit: request.max_tokens,
    ...(schema === undefined ? {} : { schema }),
    thinks: request.thinking?.type === "enabled" || request.thinking?.type === "adaptive",
  };
}

/**
 * The blocks of the content: each as a whole, as it begins in a stream, and the texts that follow, by the kind of delta.
 *
 * @param {Draft} answer @param {Record<string, any>} request @param {number} serial
 * @returns {{ whole: Block, start: Block, deltas: { type: string, field: string, text: string, entire?: boolean }[] }[]}
 */
function blocksOf({ thinking, thinkingTokens, text, refusal, calls }, request, serial) {
  const blocks = [];
  const said = text ?? refusal;
  if (thinkingTokens > 0) {
    const shown = request.thinking?.display === "omitted" ? "" : thinking;
    const signature = base64(`signature ${serial}`, 128);
    blocks.push({
      whole: { type: "thinking", thinking: shown, signature },
      start: { type: "thinking", thinking: "", signature: "" },
      deltas: [
        { type: "thinking_delta", field: "thinking", text: shown },
        { type: "signature_delta", field: "signature", text: signature, entire: true },
      ],
    });
  }
  if (said !== null && said !== "") {
    blocks.push({
      whole: { type: "text", text: said },
      start: { type: "text", text: "" },
      deltas: [{ type: "text_delta", field: "text", text: said }],
    });
  }
  calls.forEach((call, at) => {
    const head = { type: "tool_use", id: call.id ?? `toolu_01${token(`call ${serial} ${at}`, 22)}`, name: call.name };
    blocks.push({
      whole: { ...head, input: parsed(call.arguments), caller: { type: "direct" } },
      start: { ...head, input: {}, caller: { type: "direct" } },
      deltas: [{ type: "input_json_delta", field: "partial_json", text: call.arguments }],
    });
  });
  return blocks;
}

/** Arguments that a limit has cut are no JSON; a whole message can't hold them. @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** @param {Record<string, any>} request @param {Step} step @param {Draft} answer */
function bill(request, step, { thinkingTokens, tokens }) {
  const { cached, written, fresh } = sharesOf(countMessages(request), step);
  // The whole of what is written lives an hour if any part of the request asks for that.
  const hour = /"ttl":"1h"/.test(JSON.stringify(request));
  return {
    input_tokens: fresh,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    cache_creation: { ephemeral_5m_input_tokens: hour ? 0 : written, ephemeral_1h_input_tokens: hour ? written : 0 },
    output_tokens: thinkingTokens + tokens,
    output_tokens_details: { thinking_tokens: thinkingTokens },
    server_tool_use: null,
    service_tier: step.serviceTier ?? "standard",
    inference_geo: request.inference_geo ?? "global",
    speed: request.speed ?? "standard",
    ...step.usage,
  };
}

/**
 * The events of a stream that carries this message.
 *
 * @param {Record<string, any>} message
 * @param {ReturnType<typeof blocksOf>} blocks
 * @param {Step} step
 */
function eventsOf(message, blocks, step) {
  const { usage } = message;
  // At the start it is known what came in, and of what goes out no more than that there is something.
  const known = usage && { usage: { ...usage, output_tokens: Math.min(1, usage.output_tokens), output_tokens_details: null } };
  const { stop_reason, stop_sequence, stop_details, container, ...rest } = message;
  /** @type {Block[]} */
  const events = [
    { type: "message_start", message: { ...rest, content: [], stop_reason: null, stop_sequence: null, stop_details: null, container, ...known } },
  ];
  if (blocks.length === 0) events.push({ type: "ping" });
  blocks.forEach(({ start, deltas }, index) => {
    events.push({ type: "content_block_start", index, content_block: start });
    if (index === 0) events.push({ type: "ping" });
    for (const { type, field, text, entire } of deltas) {
      const pieces = entire ? [text] : piecesOf(text, step);
      // What a tool is called with begins with nothing.
      if (type === "input_json_delta") pieces.unshift("");
      for (const piece of pieces) events.push({ type: "content_block_delta", index, delta: { type, [field]: piece } });
    }
    events.push({ type: "content_block_stop", index });
  });
  events.push({
    type: "message_delta",
    delta: { stop_reason, stop_sequence, stop_details, container },
    ...(usage ? { usage: cumulative(usage) } : {}),
  });
  events.push({ type: "message_stop" });
  return events;
}

/** What the last usage of a stream says: the totals, not what was added since the first. @param {Record<string, any>} usage */
function cumulative({ cache_creation, service_tier, inference_geo, speed, ...totals }) {
  return totals;
}
