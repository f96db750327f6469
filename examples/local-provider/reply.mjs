// @ts-check
/**
 * What every endpoint is given, and the two forms in which it answers: a whole, or a stream of events. What can go wrong
 * with either does so here, for all formats alike.
 *
 * @module
 */

import { arrayBody, eventBody, jsonBody } from "./body.mjs";

/**
 * @typedef {import("./controls.mjs").Step} Step
 * @typedef {import("./failures.mjs").Refusal} Refusal
 * @typedef {import("./body.mjs").Body} Body
 * @typedef {{ body: Body, status: number }} Reply
 *
 * @typedef {object} Api what the endpoints of one maker have in common
 * @property {string} name
 * @property {(model: string) => boolean} [serves] if it is not the makers' own models
 * @property {string} [takes] further parameters of a chat
 * @property {(call: Pick<Call, "headers" | "url">) => void} authenticate throws a refusal
 * @property {(status: number, overrides?: object) => Refusal} refusalFor the refusal that a script asks for
 * @property {(refusal: Refusal, requestId: string, url?: URL) => unknown} errorBody the address is given for a whole body, not for an event
 * @property {(step: Step) => void} [admit] throws a refusal of what the step blocks
 * @property {(serial: number) => string} requestId
 * @property {(requestId: string, milliseconds: number) => Record<string, string>} headers of every answer
 * @property {(completion: any, step: Step) => unknown} [completion] what it makes of a chat completion of OpenAI's
 * @property {(chunks: any[], step: Step, completion: any) => unknown[]} [chunks] what it makes of those of a stream
 * @property {(refusal: Refusal, last: any) => unknown} [chatFailure] a failure within the stream of a chat, after the last chunk
 * @property {string} [comment] what a stream of a chat begins with
 *
 * @typedef {object} Call one request, on its way to an answer
 * @property {Api} api
 * @property {URL} url
 * @property {Headers} headers
 * @property {string} text the body
 * @property {Uint8Array<ArrayBuffer>} bytes the same before it was read as a text
 * @property {Step} step
 * @property {number} serial
 * @property {number} created in seconds
 * @property {string} requestId
 * @property {string | undefined} model the model or the deployment that the path names
 * @property {Map<string, number>} stored the tokens of each stored response, by its id
 */

/**
 * @param {unknown} value
 * @param {Call} call
 * @returns {Reply}
 */
export function wholeOf(value, { step }) {
  return { body: jsonBody(value, step), status: step.status ?? 200 };
}

/**
 * @param {any[]} events
 * @param {Call} call
 * @param {{ done?: boolean, named?: boolean, lineEnd?: Step["lineEnd"], array?: boolean, comment?: string | undefined, failure?: (refusal: Refusal, before: any[]) => unknown }} form
 *   `done`: ends with `[DONE]`; `named`: each event has the name of its type; `array`: no events, but a list of them
 * @returns {Reply}
 */
export function streamOf(events, call, { done = false, named = false, lineEnd = "lf", array = false, comment, failure }) {
  const { api, requestId, step } = call;
  let status = step.status ?? 200;
  let marked = done && !step.noDone;
  if (step.errorAt !== undefined) {
    // An API says 200 before it knows; a failure after that arrives as an event, and nothing after it.
    const refusal = api.refusalFor(step.status ?? 500, step.error);
    events = events.slice(0, step.errorAt);
    events.push(failure?.(refusal, events) ?? api.errorBody(refusal, requestId));
    status = 200;
    marked = false;
  } else if (step.noDone && !done) {
    events = events.slice(0, -1);
  }
  const body = array ? arrayBody(events, step) : eventBody(events, { ...step, lineEnd: step.lineEnd ?? lineEnd }, { done: marked, named, ...(comment === undefined ? {} : { comment }) });
  return { body, status };
}
