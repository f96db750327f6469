// @ts-check
/**
 * OpenAI's responses: the answer as a whole. responses-stream.mjs cuts it into events.
 *
 * @module
 */

import { draft, sharesOf } from "../answer.mjs";
import { base64, hex, token } from "../ids.mjs";
import { REASONING } from "../models.mjs";
import { streamOf, wholeOf } from "../reply.mjs";
import { countInput, textIn } from "../tokens.mjs";
import { tierFor } from "./chat.mjs";
import { readResponses } from "./responses-request.mjs";
import { eventsOf } from "./responses-stream.mjs";

/**
 * @typedef {import("../controls.mjs").Step} Step
 * @typedef {import("../reply.mjs").Call} Call
 * @typedef {import("../answer.mjs").Draft} Draft
 * @typedef {{ type: string, id: string, [field: string]: any }} Item of the output
 */

/** Why an answer is incomplete. @type {Record<string, string>} */
const INCOMPLETE = { length: "max_output_tokens", max_output_tokens: "max_output_tokens", content_filter: "content_filter" };

/** @param {Call} call */
export function responses(call) {
  const request = readResponses(call);
  const { serial, step, stored } = call;
  const answer = draft(askOf(request), step);
  const input = countInput(request) + (stored.get(request.previous_response_id) ?? 0);
  const ended = step.finishReason ?? answer.end;
  const reason = INCOMPLETE[ended];
  const status = ended === "failed" || ended === "cancelled" ? ended : reason ? "incomplete" : "completed";
  const response = {
    ...headOf(request, call),
    status,
    completed_at: status === "completed" ? call.created : null,
    error: status === "failed" ? { code: "server_error", message: "The model failed to generate a response.", ...step.error } : null,
    incomplete_details: reason ? { reason } : null,
    output: status === "failed" ? [] : outputOf(answer, request, serial, reason ? "incomplete" : "completed"),
    usage: step.noUsage || status === "failed" ? null : bill(input, step, answer),
  };
  if (request.store !== false) stored.set(response.id, input + answer.tokens);
  if (!request.stream) return wholeOf(response, call);
  return streamOf(eventsOf(response, request, step), call, {
    named: true,
    failure: ({ error }, before) => ({ type: "error", sequence_number: before.length, code: error.code ?? error.type, message: error.message, param: error.param }),
  });
}

/** @param {Record<string, any>} request @returns {import("../answer.mjs").Ask} */
function askOf(request) {
  const input = typeof request.input === "string" ? [{ role: "user", content: request.input }] : (request.input ?? []);
  const user = input.findLast((/** @type {any} */ item) => item.role === "user");
  const last = input.findLast((/** @type {any} */ item) => item.role === "user" || item.type === "function_call_output");
  const choice = request.tool_choice;
  const format = request.text?.format;
  return {
    last: last && (last.role === "user" ? { role: "user", text: textIn(last.content) } : { role: "tool", text: textIn(last.output) }),
    said: textIn(user?.content),
    tools: (request.tools ?? []).map((/** @type {any} */ tool) => ({ name: tool.name, schema: tool.parameters })),
    insists: choice?.type === "function" ? choice.name : choice === "required",
    stops: [],
    limit: request.max_output_tokens ?? Infinity,
    ...(format?.type === "json_schema" ? { schema: format.schema } : {}),
    json: format?.type === "json_object",
    thinks: REASONING.test(request.model) && request.reasoning?.effort !== "none" && request.reasoning?.effort !== "minimal",
  };
}

/** What a response says from its beginning: its name, and the request. @param {Record<string, any>} request @param {Call} call */
function headOf(request, { serial, created, step }) {
  const { reasoning, text } = request;
  return {
    id: `resp_${hex(`response ${serial}`, 48)}`,
    object: "response",
    access_programs: null,
    created_at: created,
    status: "in_progress",
    background: false,
    completed_at: null,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: request.max_tool_calls ?? null,
    model: step.model ?? request.model,
    output: /** @type {Item[]} */ ([]),
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: request.previous_response_id ?? null,
    prompt_cache_key: request.prompt_cache_key ?? null,
    prompt_cache_retention: request.prompt_cache_retention ?? null,
    reasoning: { effort: reasoning?.effort ?? (REASONING.test(request.model) ? "medium" : null), summary: reasoning?.summary ?? null },
    safety_identifier: request.safety_identifier ?? null,
    service_tier: tierFor(request.service_tier, step),
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: { format: text?.format?.type === "json_schema" ? { description: null, strict: true, ...text.format } : (text?.format ?? { type: "text" }), verbosity: text?.verbosity ?? "medium" },
    tool_choice: request.tool_choice ?? "auto",
    tools: (request.tools ?? []).map((/** @type {any} */ tool) => ({ description: null, parameters: null, strict: true, ...tool })),
    top_logprobs: 0,
    top_p: request.top_p ?? 1,
    truncation: request.truncation ?? "disabled",
    usage: /** @type {Record<string, any> | null} */ (null),
    user: request.user ?? null,
    metadata: request.metadata ?? {},
  };
}

/**
 * The items of the output: thoughts, a message, calls.
 *
 * @param {Draft} answer @param {Record<string, any>} request @param {number} serial @param {string} status of the last of them
 * @returns {Item[]}
 */
function outputOf({ thinking, thinkingTokens, text, refusal, calls }, request, serial, status) {
  /** @type {Item[]} */
  const items = [];
  if (thinkingTokens > 0) {
    items.push({
      id: `rs_${hex(`reasoning ${serial}`, 48)}`,
      type: "reasoning",
      summary: request.reasoning?.summary && thinking ? [{ type: "summary_text", text: thinking }] : [],
      ...(request.include?.includes("reasoning.encrypted_content") ? { encrypted_content: base64(`reasoning ${serial}`, 256) } : {}),
    });
  }
  if (refusal !== null || (text !== null && (text !== "" || calls.length === 0))) {
    items.push({
      id: `msg_${hex(`message ${serial}`, 48)}`,
      type: "message",
      status: "completed",
      role: "assistant",
      content: [refusal !== null ? { type: "refusal", refusal } : { type: "output_text", annotations: [], logprobs: [], text }],
    });
  }
  calls.forEach((call, at) =>
    items.push({
      id: `fc_${hex(`call ${serial} ${at}`, 48)}`,
      type: "function_call",
      status: "completed",
      arguments: call.arguments,
      call_id: call.id ?? `call_${token(`call ${serial} 0 ${at}`, 24)}`,
      name: call.name,
    }),
  );
  const last = items.at(-1);
  if (last && "status" in last) last.status = status;
  return items;
}

/** @param {number} input @param {Step} step @param {Draft} answer */
function bill(input, step, { thinkingTokens, tokens }) {
  const { cached, written } = sharesOf(input, step);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
    output_tokens: thinkingTokens + tokens,
    output_tokens_details: { reasoning_tokens: thinkingTokens },
    total_tokens: input + thinkingTokens + tokens,
    ...step.usage,
  };
}
