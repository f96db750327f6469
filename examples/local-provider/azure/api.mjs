// @ts-check
/**
 * What is Azure's of Azure OpenAI: its keys, the version in the query, deployments, and errors, of which those of the
 * gateway have no more than `{ "error": { "code", "message" } }`.
 *
 * @module
 */

import { bearerOf, Refusal } from "../failures.mjs";
import { hex } from "../ids.mjs";
import { filterChunks, filterCompletion, filterResults } from "./filters.mjs";

const DENIED = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.";

/** What the gateway says. @type {Record<number, [code: string, message: string]>} */
const BY_STATUS = {
  401: ["401", DENIED],
  403: ["403", "Access denied due to Virtual Network/Firewall rules."],
  404: ["DeploymentNotFound", "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."],
  408: ["Timeout", "The operation was timeout."],
  429: ["429", "Requests to the ChatCompletions_Create Operation have exceeded the call rate limit of your current AIServices S0 pricing tier. Please retry after 2 seconds."],
  500: ["InternalServerError", "The server had an error while processing your request. Sorry about that!"],
  503: ["ServiceUnavailable", "The service is temporarily unable to process your request. Please try again later."],
};

const FILTERED =
  "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766";

/** @type {import("../reply.mjs").Api} */
export const AZURE = {
  name: "azure",
  // A deployment has a name of its owner's choice.
  serves: () => true,

  authenticate({ headers, url }) {
    const key = headers.get("api-key") ?? bearerOf(headers);
    // A key of OpenAI's own is none here.
    if (!key || key.startsWith("sk-")) throw gateway(401, ...(BY_STATUS[401] ?? ["401", DENIED]));
    if (!url.pathname.startsWith("/openai/v1/") && !/^\d{4}-\d\d-\d\d(?:-preview)?$/.test(url.searchParams.get("api-version") ?? "")) {
      throw new Refusal(404, { message: "Resource not found" });
    }
  },

  admit({ blockReason }) {
    if (blockReason === undefined) return;
    const category = String(blockReason).toLowerCase();
    throw new Refusal(400, { message: FILTERED, inner: { code: "ResponsibleAIPolicyViolation", content_filter_result: filterResults({ [category]: "high" }, true) } });
  },

  refusalFor(status, overrides = {}) {
    const [code, message] = BY_STATUS[status] ?? [String(status), `The simulator answers with status ${status}.`];
    return gateway(status, code, message, overrides);
  },

  errorBody({ status, error, given: { gateway: code, inner, message, code: changed } }) {
    if (code !== undefined) return { error: { code: changed ?? code, message } };
    if (inner !== undefined) return { error: { message, type: null, param: "prompt", code: "content_filter", status, innererror: inner } };
    // A path that leads nowhere does not get as far as a model.
    if (status === 404 && error.code === null) return { error: { code: "404", message: "Resource not found" } };
    return { error };
  },

  requestId: (serial) => [8, 4, 4, 4, 12].map((length, at) => hex(`request ${serial} ${at}`, length)).join("-"),

  headers: (requestId) => ({ "x-request-id": requestId, "apim-request-id": requestId, "x-ms-region": "Sweden Central", "x-ms-client-request-id": requestId }),

  completion: filterCompletion,
  chunks: filterChunks,
};

/** @param {number} status @param {string} code @param {string} message @param {object} [overrides] */
function gateway(status, code, message, overrides = {}) {
  return new Refusal(status, { gateway: code, message, ...overrides });
}
