// @ts-check
/**
 * The simulator without a server: a function from a `Request` to a `Response`, made of web standards only, so that it
 * also serves as a `fetch` in tests, in a Worker or in a page. `provider.mjs` puts it behind HTTP.
 *
 * @module
 */

import { firstBytes, jsonBody, packed } from "./body.mjs";
import { checkScripted, CONTROL_HEADERS, stepFromHeaders, withoutFailure } from "./controls.mjs";
import { misused, Refusal } from "./failures.mjs";
import { routeOf } from "./routes.mjs";

/**
 * @typedef {import("./controls.mjs").Step} Step
 *
 * @typedef {object} Recorded what arrived, and what became of it
 * @property {number} serial from 1
 * @property {string} method
 * @property {string} path with the query
 * @property {Record<string, string>} headers in lower case; the values of credentials are not recorded
 * @property {any} body the JSON value, or the text when it is none
 * @property {string} text the body as it arrived
 * @property {number | undefined} status of the answer, once there is one
 * @property {"pending" | "complete" | "cut" | "aborted"} outcome `aborted`: the client went away; `cut`: the simulator did
 *
 * @typedef {object} Provider
 * @property {(request: Request) => Promise<Response>} handle answers a request; rejects where a connection would break before an answer
 * @property {Recorded[]} requests every request to the API in order of arrival, refused ones included
 * @property {(...steps: Step[]) => void} script says how the next requests are answered, in order of arrival
 * @property {() => void} reset forgets requests, script and counters
 */

/** The connection broke: what `fetch` rejects with when a server goes away. */
export class ConnectionCut extends TypeError {
  constructor() {
    super("fetch failed: the simulator cut the connection");
    this.code = "ECONNRESET";
  }
}

const CREDENTIALS = new Set(["authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie"]);

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers":
    "x-request-id, request-id, apim-request-id, openai-processing-ms, openai-organization, openai-version, anthropic-organization-id, retry-after, retry-after-ms, x-should-retry",
};

/**
 * @param {object} [options]
 * @param {() => number} [options.now] the clock, in milliseconds; the times in answers come from it
 * @param {Step} [options.defaults] what holds for every request, under what a script or its headers say
 * @returns {Provider}
 */
export function createProvider({ now = Date.now, defaults = {} } = {}) {
  checkScripted(defaults);
  /** @type {Recorded[]} */
  const requests = [];
  /** @type {{ step: Step, left: number }[]} */
  const queue = [];
  /** @type {Map<string, number>} */
  const failures = new Map();
  /** @type {Map<string, number>} */
  const stored = new Map();
  let serial = 0;

  const script = (/** @type {Step[]} */ ...steps) => {
    const checked = steps.map((step) => checkScripted(step));
    for (const step of checked) queue.push({ step, left: step.times ?? 1 });
  };

  const reset = () => {
    requests.length = 0;
    queue.length = 0;
    failures.clear();
    stored.clear();
    serial = 0;
  };

  const nextScripted = () => {
    const first = queue[0];
    if (!first) return {};
    first.left -= 1;
    if (first.left === 0) queue.shift();
    return first.step;
  };

  /** @param {Step} step @param {string} identity */
  const onlyFirst = (step, identity) => {
    if (step.failTimes === undefined) return step;
    const failed = failures.get(identity) ?? 0;
    if (failed >= step.failTimes) return withoutFailure(step);
    failures.set(identity, failed + 1);
    return step;
  };

  /** @param {Request} request */
  const handle = async (request) => {
    const url = new URL(request.url);
    if (request.method === "OPTIONS") return preflight(request);
    if (url.pathname.startsWith("/__")) return control(request, url.pathname, { requests, script, reset });

    const began = now();
    const bytes = new Uint8Array(await request.arrayBuffer());
    const text = new TextDecoder().decode(bytes);
    serial += 1;
    const record = recorded(serial, request, url, text);
    requests.push(record);
    const { api, endpoint, model } = routeOf(url.pathname);
    const requestId = api.requestId(serial);
    /** @type {Step} */
    let step = {};
    /** @type {import("./reply.mjs").Reply} */
    let reply;
    try {
      step = onlyFirst({ ...defaults, ...nextScripted(), ...stepFromHeaders(request.headers) }, `${url.pathname}\n${text}`);
      checkRoute(request.method, url.pathname, endpoint);
      const { headers } = request;
      api.authenticate({ headers, url });
      if (step.status !== undefined && step.errorAt === undefined && step.status >= 300) throw api.refusalFor(step.status, step.error);
      api.admit?.(step);
      reply = await endpoint({ api, url, headers, text, bytes, step, serial, created: Math.floor(began / 1000), requestId, model, stored });
    } catch (cause) {
      const refusal = cause instanceof Refusal ? cause : misused(cause);
      reply = { body: jsonBody(api.errorBody(refusal, requestId, url), step), status: refusal.status };
    }
    let { body, status } = reply;
    if (step.malformed === "html" && step.status === undefined) status = 502;

    if (step.headDelay) await pause(step.headDelay, request.signal);
    if (request.signal.aborted) {
      record.outcome = "aborted";
      throw request.signal.reason;
    }
    if (step.cut === "before-headers") {
      record.outcome = "cut";
      throw new ConnectionCut();
    }
    record.status = status;
    const headers = new Headers({ ...CORS, ...api.headers(requestId, now() - began), "content-type": body.contentType, "cache-control": "no-cache" });
    if (step.retryAfter !== undefined) headers.set("retry-after", String(step.retryAfter));
    if (step.retryAfterMs !== undefined) headers.set("retry-after-ms", String(step.retryAfterMs));
    if (step.shouldRetry !== undefined) headers.set("x-should-retry", String(step.shouldRetry));
    if (step.encoding !== undefined) {
      headers.set("content-encoding", step.encoding);
      body = { ...body, pieces: await packed(body.pieces, step.encoding, step.pieceSize) };
    }
    for (const [name, value] of Object.entries(step.headers ?? {})) headers.set(name, value);
    // These statuses have no body, by the rules of HTTP.
    if (status === 204 || status === 205 || status === 304) {
      record.outcome = "complete";
      return new Response(null, { status, headers });
    }
    return new Response(stream(body.pieces, step, record), { status, headers });
  };

  return { handle, requests, script, reset };
}

/**
 * @param {string} method @param {string} path @param {import("./routes.mjs").Endpoint | undefined} endpoint
 * @returns {asserts endpoint}
 */
function checkRoute(method, path, endpoint) {
  if (!endpoint) throw new Refusal(404, { message: `Invalid URL (${method} ${path})` });
  if (method !== "POST") {
    throw new Refusal(405, {
      message: `Not allowed to ${method} on ${path}. (HINT: Perhaps you meant to use a different HTTP method?)`,
      code: "method_not_supported",
    });
  }
}

/** @param {number} serial @param {Request} request @param {URL} url @param {string} text @returns {Recorded} */
function recorded(serial, request, url, text) {
  /** @type {Record<string, string>} */
  const headers = {};
  request.headers.forEach((value, name) => {
    headers[name] = CREDENTIALS.has(name) ? "[not recorded]" : value;
  });
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = text;
  }
  // Google's API takes a key there.
  const query = url.search.replace(/([?&]key=)[^&]*/, "$1[not recorded]");
  return { serial, method: request.method, path: url.pathname + query, headers, body, text, status: undefined, outcome: "pending" };
}

/**
 * The body, piece by piece, as the reader asks for it.
 *
 * @param {Uint8Array[]} pieces @param {Step} step @param {Recorded} record
 */
function stream(pieces, step, record) {
  const cut = step.cut === "headers" ? 0 : typeof step.cut === "number" ? step.cut : undefined;
  const sent = cut === undefined ? pieces : firstBytes(pieces, cut);
  const gone = new AbortController();
  let at = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        if (step.pieceDelay && at < sent.length) await pause(step.pieceDelay, gone.signal);
        if (gone.signal.aborted) return;
        const piece = sent[at];
        at += 1;
        if (piece) {
          controller.enqueue(piece);
        } else if (cut === undefined || step.cleanly) {
          record.outcome = cut === undefined ? "complete" : "cut";
          controller.close();
        } else {
          record.outcome = "cut";
          controller.error(new ConnectionCut());
        }
      },
      cancel() {
        record.outcome = "aborted";
        gone.abort();
      },
    },
    // Nothing is made ahead of the reader, so that `outcome` says what the reader saw.
    { highWaterMark: 0 },
  );
}

/** @param {number} milliseconds @param {AbortSignal} signal @returns {Promise<void>} */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}

/** @param {Request} request */
function preflight(request) {
  const asked = request.headers.get("access-control-request-headers");
  return new Response(null, {
    status: 204,
    headers: {
      ...CORS,
      "access-control-allow-methods": "GET, POST, OPTIONS",
      "access-control-allow-headers": asked ?? ["authorization", "content-type", ...CONTROL_HEADERS].join(", "),
      // A page from elsewhere that talks to loopback is asked for this by Chromium.
      "access-control-allow-private-network": "true",
      "access-control-max-age": "600",
    },
  });
}

/**
 * What tests in other processes and pages use: the requests seen, the script, and a fresh start.
 *
 * @param {Request} request @param {string} path @param {Omit<Provider, "handle">} provider
 */
async function control(request, path, { requests, script, reset }) {
  const reply = (/** @type {number} */ status, /** @type {unknown} */ value) => Response.json(value, { status, headers: CORS });
  if (request.method === "GET" && path === "/__requests") return reply(200, { requests });
  if (request.method === "POST" && path === "/__reset") {
    reset();
    return reply(200, {});
  }
  if (request.method === "POST" && path === "/__script") {
    try {
      const steps = await request.json();
      script(...(Array.isArray(steps) ? steps : [steps]));
      return reply(200, {});
    } catch (cause) {
      return reply(400, { error: misused(cause).error });
    }
  }
  return reply(404, { error: new Refusal(404, { message: `Invalid URL (${request.method} ${path})` }).error });
}
