// @ts-check
/**
 * What a caller can tell the simulator to do with a request, by a scripted step or by `x-simulator-*` headers.
 * One table names every control; README.md explains them.
 *
 * @module
 */

/**
 * One step of a script: how one request (or the next `times` of them) is answered. Everything is optional.
 *
 * @typedef {object} Step
 * @property {string | string[]} [text] what the model says; a list gives each choice its own
 * @property {string} [thinking] what the model thinks first; its tokens count as `reasoningTokens`, unless those are given
 * @property {string} [refusal] the model refuses with this text
 * @property {{ name: string, arguments: string | object, id?: string }[]} [toolCalls] tools the model calls
 * @property {string} [finishReason] instead of the one that follows from the answer, in the words of the API or of OpenAI's
 * @property {string} [blockReason] the prompt is blocked: for Gemini a reason of `promptFeedback`, for Azure the category
 * @property {Record<string, string>} [contentFilter] what Azure's filters find in the answer: a severity for each category
 * @property {string} [model] the model named in the answer, instead of the dated one behind the model asked for
 * @property {string} [serviceTier] the tier named in the answer
 * @property {number} [cachedTokens] how many prompt tokens came from the cache
 * @property {number} [cacheWriteTokens] how many prompt tokens were written to the cache
 * @property {number} [reasoningTokens] reasoning tokens of each choice; they count towards the limit and the bill
 * @property {object} [usage] fields that replace those of the computed usage
 * @property {boolean} [noUsage] leave usage out altogether, as some compatible servers do
 * @property {number} [deltaSize] characters in each streamed delta; without it, one token
 * @property {number} [pieceSize] bytes in each piece of the body, from 1; it cuts anywhere
 * @property {"gzip" | "deflate"} [encoding] the body is packed so, whether the client takes that or not
 * @property {"lf" | "crlf" | "cr"} [lineEnd] line ends of the event stream
 * @property {number} [comments] a comment before every n-th event
 * @property {boolean} [tight] `data:` without a space after it
 * @property {boolean} [noDone] end the stream without what ends it: `data: [DONE]`, or the last event
 * @property {boolean} [obfuscation] whether streamed chunks carry the padding field; as the request asks, unless given
 * @property {number} [headDelay] milliseconds before the status line
 * @property {number} [pieceDelay] milliseconds before each piece of the body (each event, without `pieceSize`)
 * @property {"before-headers" | "headers" | number} [cut] cut the connection: before the status line, after the headers, or after so many bytes of the body
 * @property {boolean} [cleanly] a cut in the body looks like a regular end to HTTP
 * @property {"json" | "sse" | "html" | "shape" | "empty"} [malformed] what is wrong with the body
 * @property {number} [malformedAt] which event of a stream is malformed, from 0; the third, unless given
 * @property {string} [contentType] instead of the right one
 * @property {number} [status] answer with this status and the API's error for it
 * @property {Partial<import("./failures.mjs").ErrorBody>} [error] fields that replace those of the error
 * @property {number} [errorAt] instead of that event of a stream, send the error as an event and end (status 200)
 * @property {number | string} [retryAfter] `retry-after`: seconds, or a date
 * @property {number} [retryAfterMs] `retry-after-ms`
 * @property {boolean} [shouldRetry] `x-should-retry`
 * @property {Record<string, string>} [headers] further headers of the response
 * @property {number} [failTimes] in headers only: the failure happens to the first n requests that are identical to this one
 * @property {number} [times] in scripts only: how many requests the step answers, 1 unless given
 */

/** @typedef {"text" | "texts" | "count" | "size" | "status" | "flag" | "object" | "severities" | "calls" | "cut" | string[]} Kind */

/** Why an answer ends, in the words of OpenAI (chat, then responses), of Anthropic and of Google. */
const ENDS = `stop length tool_calls content_filter function_call
  failed cancelled max_output_tokens
  end_turn max_tokens stop_sequence tool_use pause_turn refusal model_context_window_exceeded
  STOP MAX_TOKENS SAFETY RECITATION LANGUAGE OTHER BLOCKLIST PROHIBITED_CONTENT SPII MALFORMED_FUNCTION_CALL IMAGE_SAFETY
  UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS`.split(/\s+/);

const FILTERS = ["hate", "self_harm", "sexual", "violence"];
const SEVERITIES = ["safe", "low", "medium", "high"];

/** @type {Record<string, Kind>} every control and what it takes */
const KINDS = {
  text: "texts",
  thinking: "text",
  refusal: "text",
  toolCalls: "calls",
  finishReason: ENDS,
  blockReason: `SAFETY OTHER BLOCKLIST PROHIBITED_CONTENT IMAGE_SAFETY JAILBREAK hate jailbreak self_harm sexual violence`.split(" "),
  contentFilter: "severities",
  model: "text",
  serviceTier: "text",
  cachedTokens: "count",
  cacheWriteTokens: "count",
  reasoningTokens: "count",
  usage: "object",
  noUsage: "flag",
  deltaSize: "size",
  pieceSize: "size",
  encoding: ["gzip", "deflate"],
  lineEnd: ["lf", "crlf", "cr"],
  comments: "size",
  tight: "flag",
  noDone: "flag",
  obfuscation: "flag",
  headDelay: "count",
  pieceDelay: "count",
  cut: "cut",
  cleanly: "flag",
  malformed: ["json", "sse", "html", "shape", "empty"],
  malformedAt: "count",
  contentType: "text",
  status: "status",
  error: "object",
  errorAt: "count",
  retryAfter: "text",
  retryAfterMs: "count",
  shouldRetry: "flag",
  headers: "object",
  failTimes: "count",
  times: "size",
};

/** What makes a step a failure, and what `failTimes` takes out of it once it has happened often enough. */
const FAILURES = ["cut", "cleanly", "malformed", "malformedAt", "contentType", "status", "error", "errorAt", "retryAfter", "retryAfterMs", "shouldRetry"];

const PREFIX = "x-simulator-";

/**
 * Checks a step, so that a misspelt control is an error where it was written and not a test that passes for nothing.
 *
 * @param {unknown} step
 * @returns {Step}
 */
export function checkScripted(step) {
  const checked = checkStep(step);
  if (checked.failTimes !== undefined) throw new TypeError("cannot read failTimes: expected times, since a script counts its steps");
  return checked;
}

/** @param {unknown} step @returns {Step} */
function checkStep(step) {
  if (typeof step !== "object" || step === null || Array.isArray(step)) {
    throw new TypeError(`cannot read a step: expected an object, found ${Array.isArray(step) ? "a list" : step === null ? "null" : typeof step}`);
  }
  for (const [name, value] of Object.entries(step)) {
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
    if (!kind) throw new TypeError(`cannot read a step: expected one of ${Object.keys(KINDS).join(", ")}, found ${name}`);
    if (!fits(value, kind)) throw new TypeError(`cannot read ${name}: expected ${describe(kind)}`);
  }
  return /** @type {Step} */ (step);
}

/**
 * The controls in a request's headers. A header's value is percent-encoded UTF-8, since headers carry no other text.
 *
 * @param {Headers} headers
 * @returns {Step}
 */
export function stepFromHeaders(headers) {
  /** @type {Record<string, unknown>} */
  const step = {};
  headers.forEach((value, header) => {
    if (!header.startsWith(PREFIX)) return;
    const name = header.slice(PREFIX.length).replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
    if (name === "times") throw new TypeError(`cannot read ${header}: expected it in a script, since a header speaks for one request`);
    step[name] = readHeader(header, decode(header, value), Object.hasOwn(KINDS, name) ? KINDS[name] : undefined);
  });
  return checkStep(step);
}

/** The names of the headers that carry controls, for CORS. */
export const CONTROL_HEADERS = Object.keys(KINDS).map((name) => PREFIX + name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));

/**
 * What is left of a step once its failure has happened often enough.
 *
 * @param {Step} step
 * @returns {Step}
 */
export function withoutFailure(step) {
  return Object.fromEntries(Object.entries(step).filter(([name]) => !FAILURES.includes(name)));
}

/** @param {string} header @param {string} value */
function decode(header, value) {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new TypeError(`cannot read ${header}: expected percent-encoded UTF-8`);
  }
}

/** @param {string} header @param {string} value @param {Kind | undefined} kind */
function readHeader(header, value, kind) {
  if (kind === "flag") return value === "true" ? true : value === "false" ? false : value;
  if (kind === "count" || kind === "size" || kind === "status") return Number(value);
  if (kind === "cut") return value === "before-headers" || value === "headers" ? value : Number(value);
  if (kind === "object" || kind === "severities" || kind === "calls") {
    try {
      return JSON.parse(value);
    } catch {
      throw new TypeError(`cannot read ${header}: expected JSON`);
    }
  }
  return value;
}

/** @param {any} value @param {Kind} kind @returns {boolean} */
function fits(value, kind) {
  if (Array.isArray(kind)) return kind.includes(value);
  switch (kind) {
    case "text":
      return typeof value === "string" || typeof value === "number";
    case "texts":
      return typeof value === "string" || (Array.isArray(value) && value.length > 0 && value.every((text) => typeof text === "string"));
    case "count":
      return Number.isSafeInteger(value) && value >= 0;
    case "size":
      return Number.isSafeInteger(value) && value >= 1;
    case "status":
      return Number.isSafeInteger(value) && value >= 200 && value <= 599;
    case "flag":
      return typeof value === "boolean";
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "severities":
      return fits(value, "object") && Object.entries(value).every(([name, severity]) => FILTERS.includes(name) && SEVERITIES.includes(/** @type {any} */ (severity)));
    case "calls":
      return Array.isArray(value) && value.length > 0 && value.every((call) => typeof call?.name === "string" && call.arguments !== undefined);
    default:
      return value === "before-headers" || value === "headers" || (Number.isSafeInteger(value) && value >= 0);
  }
}

/** @param {Kind} kind */
function describe(kind) {
  if (Array.isArray(kind)) return `one of ${kind.join(", ")}`;
  return {
    text: "a text",
    texts: "a text or a list of texts",
    count: "a whole number, 0 or more",
    size: "a whole number, 1 or more",
    status: "a status from 200 to 599",
    flag: "true or false",
    object: "an object",
    severities: `an object of ${FILTERS.join(", ")}, each one of ${SEVERITIES.join(", ")}`,
    calls: "a list of { name, arguments }",
    cut: "before-headers, headers, or a number of bytes",
  }[kind];
}
