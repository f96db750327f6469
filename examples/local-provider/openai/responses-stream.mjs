// @ts-check
/**
 * The events of a stream that carries a response: the response as it begins, each item of its output as it begins, grows
 * and ends, and the response as it ends.
 *
 * @module
 */

import { piecesOf } from "../answer.mjs";
import { padding } from "./chat.mjs";

/**
 * @typedef {import("../controls.mjs").Step} Step
 * @typedef {{ type: string, [field: string]: any }} Event
 * @typedef {(event: Event) => void} Emit
 */

/**
 * @param {Record<string, any>} response
 * @param {Record<string, any>} request
 * @param {Step} step
 * @returns {Event[]}
 */
export function eventsOf(response, request, step) {
  /** @type {Event[]} */
  const events = [];
  const padded = step.obfuscation ?? request.stream_options?.include_obfuscation !== false;
  /** @type {Emit} */
  const emit = (event) => {
    const { length } = events;
    const pads = padded && typeof event.delta === "string";
    events.push({ ...event, sequence_number: length, ...(pads ? { obfuscation: padding(`${response.id} ${length}`, event.delta.length) } : {}) });
  };
  const begun = { ...response, status: "in_progress", completed_at: null, error: null, incomplete_details: null, output: [], usage: null };
  emit({ type: "response.created", response: begun });
  emit({ type: "response.in_progress", response: begun });
  response.output.forEach((/** @type {any} */ item, /** @type {number} */ index) => {
    const at = { item_id: item.id, output_index: index };
    emit({ type: "response.output_item.added", output_index: index, item: emptied(item) });
    if (item.type === "reasoning") summarise(item, at, step, emit);
    else if (item.type === "function_call") call(item, at, step, emit);
    else speak(item, at, step, emit);
    emit({ type: "response.output_item.done", output_index: index, item });
  });
  emit({ type: `response.${response.status}`, response });
  return events;
}

/** An item as it begins. @param {any} item */
function emptied(item) {
  if (item.type === "reasoning") return { ...item, summary: [] };
  return { ...item, status: "in_progress", ...(item.type === "message" ? { content: [] } : { arguments: "" }) };
}

/** @param {any} item @param {object} at @param {Step} step @param {Emit} emit */
function summarise({ summary }, at, step, emit) {
  summary.forEach((/** @type {any} */ part, /** @type {number} */ index) => {
    const place = { ...at, summary_index: index };
    emit({ type: "response.reasoning_summary_part.added", ...place, part: { type: "summary_text", text: "" } });
    for (const delta of piecesOf(part.text, step)) emit({ type: "response.reasoning_summary_text.delta", ...place, delta });
    emit({ type: "response.reasoning_summary_text.done", ...place, text: part.text });
    emit({ type: "response.reasoning_summary_part.done", ...place, part });
  });
}

/** @param {any} item @param {object} at @param {Step} step @param {Emit} emit */
function speak({ content }, at, step, emit) {
  content.forEach((/** @type {any} */ part, /** @type {number} */ index) => {
    const place = { ...at, content_index: index };
    const refuses = part.type === "refusal";
    const extra = refuses ? {} : { logprobs: [] };
    const kind = refuses ? "response.refusal" : "response.output_text";
    const text = refuses ? part.refusal : part.text;
    emit({ type: "response.content_part.added", ...place, part: { ...part, [refuses ? "refusal" : "text"]: "" } });
    for (const delta of piecesOf(text, step)) emit({ type: `${kind}.delta`, ...place, delta, ...extra });
    emit({ type: `${kind}.done`, ...place, [refuses ? "refusal" : "text"]: text, ...extra });
    emit({ type: "response.content_part.done", ...place, part });
  });
}

/** @param {any} item @param {object} at @param {Step} step @param {Emit} emit */
function call(item, at, step, emit) {
  for (const delta of piecesOf(item.arguments, step)) emit({ type: "response.function_call_arguments.delta", ...at, delta });
  emit({ type: "response.function_call_arguments.done", ...at, arguments: item.arguments });
}
