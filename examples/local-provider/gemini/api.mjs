// @ts-check
/**
 * What the endpoints of Google's Gemini API have in common: the key, and errors in the shape
 * `{ "error": { "code", "message", "status" } }`.
 *
 * @module
 */

import { bearerOf, Refusal } from "../failures.mjs";
import { hex } from "../ids.mjs";

/** @type {Record<number, [status: string, message: string]>} */
const BY_STATUS = {
  400: ["INVALID_ARGUMENT", "The simulator was told to refuse this request."],
  401: ["UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential."],
  403: ["PERMISSION_DENIED", "The caller does not have permission"],
  404: ["NOT_FOUND", "Requested entity was not found."],
  429: ["RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details."],
  499: ["CANCELLED", "The operation was cancelled."],
  500: ["INTERNAL", "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting"],
  503: ["UNAVAILABLE", "The model is overloaded. Please try again later."],
  504: ["DEADLINE_EXCEEDED", "The request timed out. Please try again."],
};

/** @type {import("../reply.mjs").Api} */
export const GEMINI = {
  name: "gemini",

  authenticate({ headers, url }) {
    const key = headers.get("x-goog-api-key") ?? url.searchParams.get("key");
    if (!key) {
      if (bearerOf(headers)?.startsWith("ya29.")) return;
      throw new Refusal(403, { message: "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API." });
    }
    if (!/^(?:AIza|AQ\.)/.test(key)) {
      throw new Refusal(400, {
        message: "API key not valid. Please pass a valid API key.",
        details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID", domain: "googleapis.com", metadata: { service: "generativelanguage.googleapis.com" } }],
      });
    }
  },

  refusalFor: (status, overrides = {}) => new Refusal(status, { message: BY_STATUS[status]?.[1] ?? `The simulator answers with status ${status}.`, ...overrides }),

  errorBody({ status, given: { message, details, status: name } }, _, url) {
    const usual = BY_STATUS[status]?.[0] ?? (status >= 500 ? "INTERNAL" : "FAILED_PRECONDITION");
    const body = { error: { code: status, message, status: name ?? usual, ...(details ? { details } : {}) } };
    // What is a list when all goes well is one when it does not.
    return url && (isList(url) || url.pathname.includes("/openai/")) ? [body] : body;
  },

  requestId: (serial) => hex(`request ${serial}`, 32),

  headers: (_, milliseconds) => ({ "server-timing": `gfet4t7; dur=${milliseconds}`, "x-content-type-options": "nosniff" }),
};

/** Whether an answer is a list sent piece by piece: a stream for which nobody asked for events. @param {URL} url */
export function isList(url) {
  return url.pathname.endsWith(":streamGenerateContent") && url.searchParams.get("alt") !== "sse";
}
