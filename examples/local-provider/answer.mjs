// @ts-check
/**
 * What the model answers, before any API gives it its shape: what it thinks, what it says, which tools it calls, where it
 * is cut and what it counts. One request gets one answer and one bill; the formats only write them down.
 *
 * @module
 */

import { countTokens, tokenize } from "./tokens.mjs";

/**
 * @typedef {import("./controls.mjs").Step} Step
 *
 * @typedef {object} Ask what an answer depends on, whatever the format it was asked in
 * @property {{ role: "user" | "tool", text: string } | undefined} last the message that is answered
 * @property {string} said what the user said last
 * @property {{ name: string, schema: any }[]} tools
 * @property {string | boolean} insists the tool that has to be called; true for any of them
 * @property {string[]} stops
 * @property {number} limit in tokens, Infinity for none
 * @property {any} [schema] of the answer, if it has to be JSON of one
 * @property {boolean} [json] whether it has to be any JSON
 * @property {boolean} [thinks] whether the request asks for thoughts
 *
 * @typedef {object} Draft
 * @property {string} thinking
 * @property {number} thinkingTokens
 * @property {string | null} text
 * @property {string | null} refusal
 * @property {{ id: string | undefined, name: string, arguments: string }[]} calls
 * @property {"stop" | "length" | "tool_calls"} end
 * @property {string | null} stopped by this stop sequence
 * @property {number} tokens without those of thinking
 */

/** What a model thinks that nobody told what to think. */
const THOUGHT = "The user wrote something; I say it back.";

/**
 * @param {Ask} ask
 * @param {Step} step
 * @param {number} index of the choice
 * @returns {Draft}
 */
export function draft(ask, step, index = 0) {
  const thought = cutAt(step.thinking ?? (ask.thinks ? THOUGHT : ""), ask.limit);
  const thinkingTokens = Math.min(step.reasoningTokens ?? thought.tokens, ask.limit);
  const limit = ask.limit - thinkingTokens;
  const answer = { thinking: thought.text, thinkingTokens, refusal: null, calls: [], stopped: null };
  if (step.refusal !== undefined) {
    const cut = cutAt(String(step.refusal), limit);
    return { ...answer, text: null, refusal: cut.text, end: cut.cut ? "length" : "stop", tokens: cut.tokens };
  }
  const wanted = callsOf(ask, step);
  if (wanted.length > 0 && step.text === undefined) return { ...answer, text: null, ...fitting(wanted, limit, 0) };
  const { text, stopped } = beforeStop(textOf(ask, step, index), ask.stops);
  const cut = cutAt(text, limit);
  if (cut.cut) return { ...answer, text: cut.text, end: "length", tokens: cut.tokens };
  return { ...answer, text, stopped, ...fitting(wanted, limit, cut.tokens) };
}

/** @param {string} text @param {number} limit in tokens */
export function cutAt(text, limit) {
  const pieces = tokenize(text);
  if (pieces.length <= limit) return { text, tokens: pieces.length, cut: false };
  return { text: pieces.slice(0, limit).join(""), tokens: limit, cut: true };
}

/**
 * What of the calls the limit leaves. A call that does not fit is cut short like a text, so that its arguments are no JSON:
 * clients must bear that too.
 *
 * @param {Draft["calls"]} wanted @param {number} limit @param {number} tokens spent already
 * @returns {Pick<Draft, "calls" | "end" | "tokens">}
 */
function fitting(wanted, limit, tokens) {
  const calls = [];
  for (const call of wanted) {
    const named = tokens + countTokens(call.name);
    if (named > limit) return { calls, end: "length", tokens };
    const cut = cutAt(call.arguments, limit - named);
    calls.push({ ...call, arguments: cut.text });
    tokens = named + cut.tokens;
    if (cut.cut) return { calls, end: "length", tokens };
  }
  return { calls, end: wanted.length > 0 ? "tool_calls" : "stop", tokens };
}

/** @param {string} text @param {string[]} stops */
function beforeStop(text, stops) {
  let stopped = null;
  for (const sequence of stops) {
    const at = text.indexOf(sequence);
    if (at < 0) continue;
    text = text.slice(0, at);
    stopped = sequence;
  }
  return { text, stopped };
}

/**
 * What the model says: what the step says, else something that depends on nothing but the request.
 *
 * @param {Ask} ask @param {Step} step @param {number} index
 */
function textOf({ last, schema, json }, step, index) {
  if (Array.isArray(step.text)) return step.text[index % step.text.length] ?? "";
  if (step.text !== undefined) return String(step.text);
  const said = last?.text ?? "";
  if (schema !== undefined) return JSON.stringify(sampleOf(schema, said));
  if (json) return JSON.stringify({ answer: said });
  if (!last) return "Hello from the local provider.";
  return `${last.role === "tool" ? "The tool answered" : "You wrote"}: ${said}`;
}

/**
 * The tools that are called: those of the step, else the one that the request insists on.
 *
 * @param {Ask} ask @param {Step} step
 * @returns {Draft["calls"]}
 */
function callsOf({ tools, insists, said }, step) {
  if (step.toolCalls) {
    return step.toolCalls.map(({ id, name, arguments: given }) => ({ id, name, arguments: typeof given === "string" ? given : JSON.stringify(given) }));
  }
  const tool = insists ? (tools.find(({ name }) => name === insists) ?? tools[0]) : undefined;
  return tool ? [{ id: undefined, name: tool.name, arguments: JSON.stringify(sampleOf(tool.schema ?? {}, said)) }] : [];
}

/**
 * A value that a JSON schema allows, as far as types, enums and required properties go. Google writes the types in capitals.
 *
 * @param {any} schema @param {string} said the text for strings
 * @returns {unknown}
 */
function sampleOf(schema, said) {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum?.length) return schema.enum[0];
  if (schema.anyOf?.length) return sampleOf(schema.anyOf[0], said);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type?.toLowerCase()) {
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
 * A text in the pieces in which a stream carries it: tokens, or so many characters.
 *
 * @param {string} text
 * @param {Step} step
 * @returns {string[]}
 */
export function piecesOf(text, { deltaSize }) {
  if (deltaSize === undefined) return tokenize(text);
  // Whole characters (code points), as JSON in an event can hold no half of one.
  const all = [...text];
  const runs = [];
  for (let at = 0; at < all.length; at += deltaSize) runs.push(all.slice(at, at + deltaSize).join(""));
  return runs;
}

/**
 * The prompt's tokens as they are billed: read from the cache, written to it, and neither.
 *
 * @param {number} tokens
 * @param {Step} step
 */
export function sharesOf(tokens, step) {
  const cached = Math.min(step.cachedTokens ?? 0, tokens);
  const written = Math.min(step.cacheWriteTokens ?? 0, tokens - cached);
  return { cached, written, fresh: tokens - cached - written };
}
