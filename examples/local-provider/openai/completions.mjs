// @ts-check
/**
 * OpenAI's old completions: a text that goes on.
 *
 * @module
 */

import { draft, piecesOf } from "../answer.mjs";
import { badParameter, Refusal } from "../failures.mjs";
import { hex, token } from "../ids.mjs";
import { streamOf, wholeOf } from "../reply.mjs";
import { countTokens } from "../tokens.mjs";
import { checkInteger, checkModel, checkStreaming, invalidType, names, parse } from "./checks.mjs";

const KNOWN = names(
  `best_of echo frequency_penalty logit_bias logprobs max_tokens model n presence_penalty prompt seed stop stream stream_options
  suffix temperature top_p user`,
);

/** What the API goes on for, unless told how far. */
const USUAL_LIMIT = 16;

/** @param {import("../reply.mjs").Call} call */
export function completions(call) {
  const { created, serial, step, text } = call;
  const request = parse(text, KNOWN);
  const model = checkModel(request.model, "completions", call);
  checkInteger(request, "max_tokens", 0, 1_000_000);
  checkInteger(request, "n", 1, 128);
  checkInteger(request, "best_of", 1, 20);
  checkStreaming(request);
  const n = request.n ?? 1;
  const best = request.best_of ?? n;
  if (best < n) throw new Refusal(400, { message: `You requested that the server return more choices than it will generate (HINT: best_of must be greater than or equal to n).`, param: "best_of" });
  if (best > n && request.stream) throw new Refusal(400, { message: "Cannot stream results with best_of > n.", param: "best_of" });
  if (request.logprobs) throw badParameter("logprobs", "unsupported_parameter", "Unsupported parameter: 'logprobs' is not simulated by the local provider.");
  const prompts = promptsOf(request.prompt);
  const drafts = prompts.flatMap((prompt, at) =>
    Array.from({ length: best }, (_, index) => ({
      prompt,
      answer: draft({ last: { role: "user", text: prompt }, said: prompt, tools: [], insists: false, stops: [request.stop ?? []].flat(), limit: request.max_tokens ?? USUAL_LIMIT }, step, at * best + index),
    })),
  );
  const promptTokens = prompts.reduce((sum, prompt) => sum + countTokens(prompt), 0);
  // All that was made is paid for, that which is not returned too.
  const completionTokens = drafts.reduce((sum, { answer }) => sum + answer.tokens + answer.thinkingTokens, 0);
  const usage = { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens, ...step.usage };
  const choices = drafts
    .filter((_, at) => at % best < n)
    .map(({ prompt, answer }, index) => ({
      text: (request.echo ? prompt : "") + (answer.text ?? answer.refusal ?? ""),
      index,
      logprobs: null,
      finish_reason: step.finishReason ?? (answer.end === "tool_calls" ? "stop" : answer.end),
    }));
  const head = { id: `cmpl-${token(`completion ${serial}`, 29)}`, object: "text_completion", created, model: step.model ?? model, system_fingerprint: `fp_${hex(model, 10)}` };
  if (!request.stream) return wholeOf({ ...head, choices, ...(step.noUsage ? {} : { usage }) }, call);
  const withUsage = request.stream_options?.include_usage === true && !step.noUsage;
  const chunk = (/** @type {unknown[]} */ some, /** @type {unknown} */ total = null) => ({ ...head, choices: some, ...(withUsage ? { usage: total } : {}) });
  const chunks = choices.flatMap((choice) => [
    ...piecesOf(choice.text, step).map((piece) => chunk([{ ...choice, text: piece, finish_reason: null }])),
    chunk([{ ...choice, text: "" }]),
  ]);
  if (withUsage) chunks.push(chunk([], usage));
  return streamOf(chunks, call, { done: true });
}

/** @param {unknown} prompt @returns {string[]} */
function promptsOf(prompt) {
  if (prompt == null) return [""];
  if (typeof prompt === "string") return [prompt];
  if (!Array.isArray(prompt) || prompt.length === 0) throw invalidType("prompt", "a string, array of strings, array of integers, or array of integer arrays", prompt);
  // A token given by its number is written as that number: what it says is not known here.
  if (prompt.every((one) => Number.isSafeInteger(one))) return [prompt.join(" ")];
  return prompt.map((one) => (Array.isArray(one) ? one.join(" ") : String(one)));
}
