// @ts-check
/**
 * OpenRouter's chat: OpenAI's, with models of all makers, who served it, and what it cost.
 *
 * @module
 */

import { bearerOf, Refusal } from "../failures.mjs";
import { hex, token } from "../ids.mjs";

/** What a token costs here, in millionths of a dollar: one price for all, that a sum can be redone by hand. */
const MILLIONTHS = 1;

/** @type {Record<number, string>} */
const BY_STATUS = {
  401: "No auth credentials found",
  402: "Insufficient credits. Add more using https://openrouter.ai/settings/credits",
  403: "The model requires moderation and the input was flagged",
  404: "No endpoints found for this model.",
  408: "The request timed out",
  429: "Provider returned error",
  502: "Provider returned error",
  503: "No instances available",
};

/** @type {Record<string, string>} who serves the models of a maker */
const PROVIDERS = { openai: "OpenAI", anthropic: "Anthropic", google: "Google AI Studio", mistralai: "Mistral" };

/** OpenAI's words for the ends, in those of the makers that have others. @type {Record<string, Record<string, string>>} */
const NATIVE = {
  anthropic: { stop: "end_turn", length: "max_tokens", tool_calls: "tool_use", content_filter: "refusal" },
  google: { stop: "STOP", length: "MAX_TOKENS", tool_calls: "STOP", content_filter: "SAFETY" },
};

/** @type {import("../reply.mjs").Api} */
export const OPENROUTER = {
  name: "openrouter",
  serves(model) {
    // A model that is none is a bad request here, not one that is not found.
    if (!/^[\w.-]+\/[\w.:-]+$/.test(model)) throw new Refusal(400, { message: `${model} is not a valid model ID` });
    return true;
  },
  takes: "models provider route transforms plugins usage reasoning include_reasoning top_k min_p top_a repetition_penalty session_id trace",

  authenticate({ headers }) {
    const key = bearerOf(headers);
    if (!key) throw new Refusal(401, { message: "No auth credentials found" });
    if (!key.startsWith("sk-")) throw new Refusal(401, { message: "User not found." });
  },

  refusalFor: (status, overrides = {}) => new Refusal(status, { message: BY_STATUS[status] ?? `The simulator answers with status ${status}.`, ...overrides }),

  errorBody: ({ status, given: { message, code, metadata } }) => ({
    error: { message, code: typeof code === "number" ? code : status, ...(metadata ? { metadata } : {}) },
    user_id: "user_simulator",
  }),

  chatFailure: ({ status, given: { message, code } }, { id, provider, model, created }) => ({
    id,
    provider,
    model,
    object: "chat.completion.chunk",
    created,
    choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: "error", native_finish_reason: "error" }],
    error: { code: code ?? status, message },
  }),

  comment: "OPENROUTER PROCESSING",

  requestId: (serial) => hex(`request ${serial}`, 16),
  headers: (requestId) => ({ "cf-ray": `${requestId}-LOC` }),

  completion({ id, service_tier, usage, choices, ...completion }) {
    return {
      id: renamed(id, completion.created),
      provider: providerOf(completion.model),
      ...completion,
      choices: choices.map((/** @type {any} */ { message: { annotations, ...message }, ...choice }) => ({ ...choice, native_finish_reason: nativeOf(completion.model, choice.finish_reason), message: { ...message, reasoning: null } })),
      ...(usage ? { usage: withCost(usage) } : {}),
    };
  },

  chunks(chunks, _, completion) {
    const all = chunks.map(({ id, service_tier, obfuscation, usage, choices, ...chunk }) => ({
      id: renamed(id, chunk.created),
      provider: providerOf(chunk.model),
      ...chunk,
      choices: choices.map((/** @type {any} */ { delta: { refusal, ...delta }, ...choice }) => ({ ...choice, native_finish_reason: nativeOf(chunk.model, choice.finish_reason), delta: { role: "assistant", ...delta, ...(refusal ? { refusal } : {}) } })),
      ...(usage ? { usage: withCost(usage) } : {}),
    }));
    // The usage comes without being asked for.
    if (completion.usage && !all.some(({ choices }) => choices.length === 0)) all.push({ ...all[0], choices: [], usage: withCost(completion.usage) });
    return all;
  },
};

/** @param {string} id @param {number} created */
function renamed(id, created) {
  return `gen-${created}-${token(id, 20)}`;
}

/** @param {string} model */
function makerOf(model) {
  return model.slice(0, model.indexOf("/"));
}

/** @param {string} model */
function providerOf(model) {
  return PROVIDERS[makerOf(model)] ?? "Together";
}

/** @param {string} model @param {string | null} end */
function nativeOf(model, end) {
  return end === null ? null : (NATIVE[makerOf(model)]?.[end] ?? end);
}

/** @param {any} usage */
function withCost(usage) {
  return { cost: (usage.total_tokens * MILLIONTHS) / 1e6, is_byok: false, cost_details: { upstream_inference_cost: null }, ...usage };
}
