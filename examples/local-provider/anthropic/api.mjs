// @ts-check
/**
 * What Anthropic's endpoints have in common: the key, the version of the API, the headers, and errors in the shape
 * `{ "type": "error", "error": { "type", "message" }, "request_id" }`.
 *
 * @module
 */

import { bearerOf, Refusal } from "../failures.mjs";
import { token } from "../ids.mjs";

/** The version in which sampling parameters are gone; the official SDK sends it from 1.0 on. */
export const WITHOUT_SAMPLING = "2026-10-21";

const VERSIONS = ["2023-01-01", "2023-06-01", WITHOUT_SAMPLING];

/** @type {Record<number, [type: string, message: string]>} */
const BY_STATUS = {
  400: ["invalid_request_error", "The simulator was told to refuse this request."],
  401: ["authentication_error", "invalid x-api-key"],
  402: ["billing_error", "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."],
  403: ["permission_error", "Your API key does not have permission to use the specified resource."],
  404: ["not_found_error", "The requested resource could not be found."],
  413: ["request_too_large", "Request exceeds the maximum size"],
  429: ["rate_limit_error", "This request would exceed your organization's rate limit. Please try again later."],
  500: ["api_error", "Internal server error"],
  504: ["timeout_error", "The request timed out while processing."],
  529: ["overloaded_error", "Overloaded"],
};

/** @type {import("../reply.mjs").Api} */
export const ANTHROPIC = {
  name: "anthropic",

  authenticate({ headers }) {
    // Both headers are taken, and the older one goes first where there are both.
    const key = headers.get("x-api-key") ?? bearerOf(headers);
    if (!key) throw new Refusal(401, { message: "x-api-key header is required" });
    if (!key.startsWith("sk-")) throw new Refusal(401, { message: "invalid x-api-key" });
    const version = headers.get("anthropic-version");
    if (!version) throw new Refusal(400, { message: "anthropic-version: header is required" });
    if (!VERSIONS.includes(version)) throw new Refusal(400, { message: `anthropic-version: "${version}" is not a valid version. Valid versions are: ${VERSIONS.join(", ")}` });
  },

  refusalFor: (status, overrides = {}) => new Refusal(status, { message: BY_STATUS[status]?.[1] ?? `The simulator answers with status ${status}.`, ...overrides }),

  errorBody({ status, given: { message, type } }, requestId) {
    return { type: "error", error: { type: type ?? BY_STATUS[status]?.[0] ?? (status >= 500 ? "api_error" : "invalid_request_error"), message }, request_id: requestId };
  },

  requestId: (serial) => `req_011${token(`request ${serial}`, 21)}`,

  headers: (requestId) => ({ "request-id": requestId, "anthropic-organization-id": "00000000-0000-4000-8000-000000000000" }),
};
