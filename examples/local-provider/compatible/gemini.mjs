// @ts-check
/**
 * Google's chat in OpenAI's format: what it leaves out of an answer, and errors that remain Google's, in a list.
 *
 * @module
 */

import { bearerOf, Refusal } from "../failures.mjs";
import { GEMINI } from "../gemini/api.mjs";

/** @type {import("../reply.mjs").Api} */
export const GEMINI_AS_OPENAI = {
  ...GEMINI,
  serves: (model) => /^(?:models\/)?(?:gemini|gemma)-/.test(model),
  takes: "extra_body",

  authenticate({ headers, url }) {
    const key = bearerOf(headers);
    if (!key) throw new Refusal(400, { message: "Missing or invalid Authorization header." });
    GEMINI.authenticate({ headers: new Headers({ "x-goog-api-key": key }), url });
  },

  errorBody(refusal, requestId, url) {
    const unknown = refusal.error.code === "unknown_parameter";
    return GEMINI.errorBody(unknown ? new Refusal(400, { message: `Invalid JSON payload received. Unknown name "${refusal.error.param}": Cannot find field.` }) : refusal, requestId, url);
  },

  completion({ system_fingerprint, service_tier, usage, choices, ...completion }) {
    return {
      ...completion,
      choices: choices.map((/** @type {any} */ { logprobs, message: { refusal, annotations, ...message }, ...choice }) => ({ ...choice, message: withSaid(message, refusal) })),
      ...(usage ? { usage: countsOf(usage) } : {}),
    };
  },

  chunks: (chunks) =>
    chunks.map(({ system_fingerprint, service_tier, obfuscation, usage, choices, ...chunk }) => ({
      ...chunk,
      choices: choices.map((/** @type {any} */ { logprobs, finish_reason, delta: { refusal, ...delta }, ...choice }) => ({ ...choice, delta: { ...withSaid(delta, refusal), role: "assistant" }, ...(finish_reason ? { finish_reason } : {}) })),
      ...(usage ? { usage: countsOf(usage) } : {}),
    })),
};

/** There is no field for a refusal: it is said like anything else. @param {any} message @param {string | null | undefined} refusal */
function withSaid(message, refusal) {
  return refusal ? { ...message, content: refusal } : message;
}

/** @param {any} usage */
function countsOf({ completion_tokens, prompt_tokens, total_tokens }) {
  return { completion_tokens, prompt_tokens, total_tokens };
}
