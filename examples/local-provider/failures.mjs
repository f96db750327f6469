// @ts-check
/**
 * The errors of the simulator, in the one shape that OpenAI's API has for all of them:
 * `{ "error": { "message", "type", "param", "code" } }`.
 *
 * @module
 */

/**
 * @typedef {{ message: string, type: string, param: string | null, code: string | null }} ErrorBody
 */

/** A request that is refused with a status and an error body. Thrown while a request is looked at, never to a user. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {Partial<ErrorBody> & { message: string }} error
   */
  constructor(status, error) {
    super(error.message);
    this.status = status;
    /** @type {ErrorBody} */
    this.error = { message: error.message, type: error.type ?? "invalid_request_error", param: error.param ?? null, code: error.code ?? null };
  }
}

/**
 * A 400 for a parameter of the request body.
 *
 * @param {string} param
 * @param {string} code
 * @param {string} message
 */
export function badParameter(param, code, message) {
  return new Refusal(400, { message, param, code });
}

/** @param {string} model */
export function modelNotFound(model) {
  return new Refusal(404, {
    message: `The model \`${model}\` does not exist or you do not have access to it.`,
    code: "model_not_found",
  });
}

/**
 * Checks the key as the API does: present, a bearer, and of the form of a key.
 *
 * @param {string | null} authorization the header
 */
export function checkKey(authorization) {
  const key = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
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

/** What the API says for a status when nothing in the request explains it. @type {Record<number, ErrorBody>} */
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
 * @param {Partial<ErrorBody>} [overrides]
 */
export function refusalFor(status, overrides = {}) {
  const usual = BY_STATUS[status] ?? {
    message: `The simulator answers with status ${status}.`,
    type: status >= 500 ? "server_error" : "invalid_request_error",
    param: null,
    code: null,
  };
  return new Refusal(status, { ...usual, ...overrides });
}
