// @ts-check
/**
 * A request that is refused. A refusal is made in the words of OpenAI's API, whose error has most fields; the other APIs
 * take of it what they have, in `errorBody`.
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
   * @param {Partial<ErrorBody> & { message: string } & Record<string, any>} error
   */
  constructor(status, error) {
    super(error.message);
    this.status = status;
    /** What was given, without what OpenAI's shape adds. @type {Record<string, any>} */
    this.given = error;
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
 * The key of a bearer.
 *
 * @param {Headers} headers
 * @returns {string | undefined}
 */
export function bearerOf(headers) {
  return /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}

/** A control that cannot be read is the caller's mistake, told apart from the errors that the APIs have. @param {unknown} cause */
export function misused(cause) {
  return new Refusal(400, { message: cause instanceof Error ? cause.message : String(cause), type: "simulator_error", code: "invalid_control" });
}
