// @ts-check
/**
 * What OpenAI's endpoints have in common: the key, the headers, and errors in the one shape
 * `{ "error": { "message", "type", "param", "code" } }`.
 *
 * @module
 */

import { bearerOf, Refusal } from "../failures.mjs";
import { hex } from "../ids.mjs";

/** @type {import("../reply.mjs").Api} */
export const OPENAI = {
  name: "openai",
  authenticate: ({ headers }) => checkKey(headers),
  refusalFor,
  errorBody: ({ error }) => ({ error }),
  requestId: (serial) => `req_${hex(`request ${serial}`, 32)}`,
  headers: (requestId, milliseconds) => ({
    "x-request-id": requestId,
    "openai-organization": "org-simulator",
    "openai-version": "2020-10-01",
    "openai-processing-ms": String(milliseconds),
  }),
};

/**
 * Checks the key as the API does: present, a bearer, and of the form of a key.
 *
 * @param {Headers} headers
 */
function checkKey(headers) {
  const key = bearerOf(headers);
  if (!key) {
    throw new Refusal(401, {
      message:
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    });
  }
  if (!key.startsWith("sk-")) {
    throw new Refusal(401, {
      message: `Incorrect API key provided: ${mask(key)}. You can find your API key at https://platform.openai.com/account/api-keys.`,
      code: "invalid_api_key",
    });
  }
}

/** The API shows the ends of a wrong key, so a client that copies error messages into its log copies a part of a key. */
function mask(/** @type {string} */ key) {
  return key.length <= 8 ? "*".repeat(key.length) : `${key.slice(0, 4)}${"*".repeat(key.length - 8)}${key.slice(-4)}`;
}

/** What the API says for a status when nothing in the request explains it. @type {Record<number, import("../failures.mjs").ErrorBody>} */
const BY_STATUS = {
  400: { message: "The simulator was told to refuse this request.", type: "invalid_request_error", param: null, code: null },
  401: { message: "Incorrect API key provided: sk-l****test. You can find your API key at https://platform.openai.com/account/api-keys.", type: "invalid_request_error", param: null, code: "invalid_api_key" },
  403: { message: "You are not allowed to sample from this model.", type: "invalid_request_error", param: null, code: null },
  404: { message: "The model does not exist or you do not have access to it.", type: "invalid_request_error", param: null, code: "model_not_found" },
  429: { message: "Rate limit reached on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again later.", type: "requests", param: null, code: "rate_limit_exceeded" },
  500: { message: "The server had an error while processing your request. Sorry about that!", type: "server_error", param: null, code: null },
  503: { message: "The engine is currently overloaded, please try again later.", type: "server_error", param: null, code: "service_unavailable" },
};

/**
 * The refusal that a script asks for.
 *
 * @param {number} status
 * @param {object} [overrides]
 */
function refusalFor(status, overrides = {}) {
  const usual = BY_STATUS[status] ?? {
    message: `The simulator answers with status ${status}.`,
    type: status >= 500 ? "server_error" : "invalid_request_error",
    param: null,
    code: null,
  };
  return new Refusal(status, { ...usual, ...overrides });
}
