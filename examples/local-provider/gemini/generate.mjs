// @ts-check
/**
 * Google's `generateContent`, its stream, and `countTokens`. A stream's chunks are answers of the same shape, each with what
 * was added since the last, and with the usage so far.
 *
 * @module
 */

import { draft, piecesOf, sharesOf } from "../answer.mjs";
import { base64, token } from "../ids.mjs";
import { modelBehind } from "../models.mjs";
import { streamOf, wholeOf } from "../reply.mjs";
import { countContents, countTokens, textIn } from "../tokens.mjs";
import { isList } from "./api.mjs";
import { readContent, readCounted } from "./request.mjs";

/**
 * @typedef {import("../controls.mjs").Step} Step
 * @typedef {import("../reply.mjs").Call} Call
 * @typedef {import("../answer.mjs").Draft} Draft
 * @typedef {Record<string, any>} Part
 */

/** OpenAI's words for the ends of an answer, in Google's. @type {Record<string, string>} */
const ENDS = { stop: "STOP", length: "MAX_TOKENS", tool_calls: "STOP", content_filter: "SAFETY" };

/** @param {Call} call */
export function countContent(call) {
  const tokens = countContents(readCounted(call));
  return wholeOf({ totalTokens: tokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: tokens }] }, call);
}

/** @param {Call} call */
export function generateContent(call) {
  const { head, candidates, usage, blocked } = answerTo(call);
  if (blocked) return wholeOf({ promptFeedback: blocked, ...usage(0, 0), ...head }, call);
  const tokens = candidates.reduce((sum, { answer }) => sum + answer.tokens, 0);
  const thoughts = candidates.reduce((sum, { answer }) => sum + answer.thinkingTokens, 0);
  return wholeOf({ candidates: candidates.map(({ parts, finishReason }, index) => candidateOf(parts, index, finishReason)), ...usage(tokens, thoughts), ...head }, call);
}

/** @param {Call} call */
export function streamGenerateContent(call) {
  const { head, candidates, usage, blocked } = answerTo(call);
  /** @type {object[]} */
  const chunks = blocked ? [{ promptFeedback: blocked, ...usage(0, 0), ...head }] : [];
  let tokens = 0;
  let thoughts = 0;
  candidates.forEach(({ answer, parts, finishReason }, index) => {
    const before = { tokens, thoughts };
    const pieces = parts.flatMap((part) => cutPart(part, call.step));
    let said = "";
    pieces.forEach((piece, at) => {
      const last = at === pieces.length - 1;
      thoughts = before.thoughts + answer.thinkingTokens;
      if (!piece.thought) said += piece.text ?? JSON.stringify(piece.functionCall);
      tokens = before.tokens + (last ? answer.tokens : Math.min(answer.tokens, countTokens(said)));
      chunks.push({ candidates: [candidateOf([piece], index, last ? finishReason : undefined)], ...usage(tokens, thoughts), ...head });
    });
    if (pieces.length === 0) {
      // What is not shown, a call that the limit has cut or what a filter has stopped, was made all the same.
      tokens = before.tokens + answer.tokens;
      thoughts = before.thoughts + answer.thinkingTokens;
      chunks.push({ candidates: [candidateOf([], index, finishReason)], ...usage(tokens, thoughts), ...head });
    }
  });
  return streamOf(chunks, call, { array: isList(call.url), lineEnd: "crlf" });
}

/** @param {Call} call */
function answerTo(call) {
  const request = readContent(call);
  const { model = "", serial, step } = call;
  const blocked = step.blockReason && { blockReason: String(step.blockReason) };
  const head = { modelVersion: step.model ?? modelBehind(model, "gemini"), responseId: token(`response ${serial}`, 22) };
  const prompt = countContents(request);
  const shown = request.generationConfig?.thinkingConfig?.includeThoughts === true;
  const candidates = Array.from({ length: blocked ? 0 : (request.generationConfig?.candidateCount ?? 1) }, (_, index) => {
    const answer = draft(askOf(request), step, index);
    const { parts, malformed } = partsOf(answer, shown, serial);
    const ended = step.finishReason ?? (malformed && answer.end !== "length" ? "MALFORMED_FUNCTION_CALL" : answer.end);
    const finishReason = ENDS[ended] ?? ended;
    // What is stopped for what it says is not said.
    return { answer, parts: finishReason === "SAFETY" || finishReason === "PROHIBITED_CONTENT" ? [] : parts, finishReason };
  });
  const usage = (/** @type {number} */ tokens, /** @type {number} */ thoughts) => (step.noUsage ? {} : { usageMetadata: bill(prompt, tokens, thoughts, step) });
  return { head, candidates, usage, blocked };
}

/** @param {Record<string, any>} request @returns {import("../answer.mjs").Ask} */
function askOf(request) {
  const { generationConfig: config = {}, toolConfig, tools = [] } = request;
  const last = request.contents.findLast((/** @type {any} */ content) => content.role !== "model");
  const results = (last?.parts ?? []).filter((/** @type {any} */ part) => part.functionResponse);
  const said = textIn(last?.parts);
  const declared = tools.flatMap((/** @type {any} */ tool) => tool.functionDeclarations ?? []);
  const calling = toolConfig?.functionCallingConfig;
  const schema = config.responseSchema ?? config.responseJsonSchema;
  return {
    last: last && (results.length > 0 ? { role: "tool", text: results.map((/** @type {any} */ part) => JSON.stringify(part.functionResponse.response ?? {})).join("") } : { role: "user", text: said }),
    said,
    tools: declared.map((/** @type {any} */ tool) => ({ name: tool.name, schema: tool.parameters ?? tool.parametersJsonSchema })),
    insists: calling?.mode === "ANY" && (calling.allowedFunctionNames?.[0] ?? true),
    stops: config.stopSequences ?? [],
    limit: config.maxOutputTokens ?? Infinity,
    ...(schema === undefined ? {} : { schema }),
    json: config.responseMimeType === "application/json",
    thinks: config.thinkingConfig?.includeThoughts === true,
  };
}

/** @param {Draft} answer @param {boolean} shown whether thoughts are @param {number} serial @returns {{ parts: Part[], malformed: boolean }} */
function partsOf({ thinking, thinkingTokens, text, refusal, calls }, shown, serial) {
  /** @type {Part[]} */
  const parts = [];
  let malformed = false;
  if (shown && thinking) parts.push({ text: thinking, thought: true });
  const said = text ?? refusal;
  if (said) parts.push({ text: said });
  for (const call of calls) {
    try {
      const functionCall = { ...(call.id === undefined ? {} : { id: call.id }), name: call.name, args: JSON.parse(call.arguments) };
      // The first of the calls carries what the model thought, to be sent back with it.
      const signed = thinkingTokens > 0 && call === calls[0] ? { thoughtSignature: base64(`signature ${serial}`, 128) } : {};
      parts.push({ functionCall, ...signed });
    } catch {
      malformed = true;
    }
  }
  return { parts, malformed };
}

/** @param {Part} part @param {Step} step @returns {Part[]} */
function cutPart(part, step) {
  return part.text === undefined ? [part] : piecesOf(part.text, step).map((text) => ({ ...part, text }));
}

/** @param {Part[]} parts @param {number} index @param {string | undefined} finishReason */
function candidateOf(parts, index, finishReason) {
  // An answer of nothing has a role, but no parts.
  return { content: { ...(parts.length > 0 ? { parts } : {}), role: "model" }, ...(finishReason === undefined ? {} : { finishReason }), index };
}

/** @param {number} prompt @param {number} tokens @param {number} thoughts @param {Step} step */
function bill(prompt, tokens, thoughts, step) {
  const { cached } = sharesOf(prompt, step);
  const text = (/** @type {number} */ tokenCount) => [{ modality: "TEXT", tokenCount }];
  return {
    promptTokenCount: prompt,
    ...(tokens > 0 ? { candidatesTokenCount: tokens } : {}),
    totalTokenCount: prompt + tokens + thoughts,
    ...(cached > 0 ? { cachedContentTokenCount: cached } : {}),
    promptTokensDetails: text(prompt),
    ...(cached > 0 ? { cacheTokensDetails: text(cached) } : {}),
    ...(thoughts > 0 ? { thoughtsTokenCount: thoughts } : {}),
    ...step.usage,
  };
}
