/** Alerts by webhook: signed as Standard Webhooks says, tried again, once over all instances, and never in a call's way. */
import type { BudgetManager } from "./manager.js";
import { ConfigurationError, ValidationError } from "../errors.js";
import { generateId } from "../id.js";
import { checkKeys } from "../options.js";
import { LONGEST_MS, whole } from "../resilience/check.js";
import type { CostAlert } from "../types.js";
import { prolong, unawaited } from "../wait-until.js";
import { warnOnce } from "../warn.js";

/** What {@link sendAlerts} takes. */
export interface AlertWebhookOptions {
  /** Where to; https, but for one's own machine. */
  url: string;
  /** `whsec_` and the key in base64, as Standard Webhooks has it, of at least 24 bytes; or any text of at least 24 characters. */
  secret: string;
  /** The global one if left out. */
  fetch?: typeof fetch;
  /** On Workers `(promise) => ctx.waitUntil(promise)`, or `waitUntil` of `cloudflare:workers`: what is under way outlives the call that raised it. */
  waitUntil?: (promise: Promise<unknown>) => void;
  /** How often an alert is sent at most. 6 if left out. */
  maxAttempts?: number;
  /** How long an answer may take. 10 seconds if left out. */
  timeoutMs?: number;
  /** How many alerts may be on their way at once; more are dropped, and told to `onError`. 100 if left out. */
  maxPending?: number;
  /** Alerts that were not delivered, and why. */
  onError?: (error: unknown, alert: CostAlert) => void;
  /** The clock, in UTC milliseconds, and what waits: for tests. */
  now?: () => number;
  wait?: (ms: number) => Promise<void>;
}

/** Alerts under way to a webhook. */
export interface AlertWebhook {
  /** How many alerts are on their way. */
  readonly pending: number;
  /** Resolves when none is on its way any more; never rejects. */
  settled(): Promise<void>;
  /** No more alerts are taken; those on their way are still delivered. */
  stop(): void;
}

/** The body of a webhook. */
export interface AlertWebhookBody {
  /** `budget.exceeded` for spending at or above the limit, the kinds of alerts that tell how fast it is spent, `budget.warning` for the rest. */
  type: "budget.exceeded" | "budget.burn_rate" | "budget.forecast" | "budget.warning";
  /** When the alert was raised. */
  timestamp: string;
  data: CostAlert;
}

const KEYS = ["url", "secret", "fetch", "waitUntil", "maxAttempts", "timeoutMs", "maxPending", "onError", "now", "wait"];
/** Before the second try, and four times as long before each further one. */
const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** How much longer than all tries together an alert stays taken by whom delivers it. */
const MARGIN_MS = 60_000;
/** How long it is known that an alert was delivered. */
const DELIVERED_MS = 35 * 86_400_000;
/** The oldest, and the farthest ahead, that a webhook may be. */
const TOLERANCE_MS = 300_000;
const PREFIX = "whsec_";
const LEAST_SECRET = 24;

/**
 * Sends the alerts of a manager to a webhook. Each goes out once over all instances of one ledger, which says who is first; if that one
 * dies, another that hears of the alert sends it later. A receiver may get one twice all the same, under the same `webhook-id`.
 *
 * It is signed by HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`, in `webhook-signature: v1,<base64>`: the scheme of Standard
 * Webhooks, which {@link verifyWebhook} and its libraries check. Network errors, 408, 425, 429 and 5xx are tried again with growing pauses.
 *
 * @example
 * sendAlerts(budgets, { url: env.ALERTS_URL, secret: env.ALERTS_SECRET, waitUntil });
 */
export function sendAlerts(budgets: BudgetManager, options: AlertWebhookOptions): AlertWebhook {
  checkKeys("the options of sendAlerts", options, KEYS);
  const sender = new Sender(budgets, options);
  const stop = budgets.onAlert((alert) => sender.take(alert));
  return {
    get pending() {
      return sender.pending.size;
    },
    settled: async () => {
      while (sender.pending.size > 0) await Promise.allSettled(sender.pending);
    },
    stop,
  };
}

class Sender {
  readonly pending = new Set<Promise<void>>();
  /** By which the ledger knows this instance; made at the first alert, since module scope has no randomness on Workers. */
  #owner: string | undefined;
  #key: Promise<CryptoKey> | undefined;
  readonly #secret: Uint8Array<ArrayBuffer>;
  readonly #most: { attempts: number; timeoutMs: number; pending: number };

  constructor(
    readonly budgets: BudgetManager,
    readonly options: AlertWebhookOptions,
  ) {
    this.#secret = secretBytes(options.secret);
    this.#most = {
      attempts: counted("maxAttempts", options.maxAttempts ?? 6),
      timeoutMs: counted("timeoutMs", options.timeoutMs ?? 10_000, LONGEST_MS),
      pending: counted("maxPending", options.maxPending ?? 100),
    };
    checkUrl(options.url);
  }

  take(alert: CostAlert): void {
    if (this.pending.size >= this.#most.pending) {
      this.#failed(new Error(`cannot send an alert: expected fewer than ${this.#most.pending} on their way, found as many`), alert);
      return;
    }
    // In a turn of its own: the call that raised it goes on first.
    const sent = Promise.resolve()
      .then(() => this.#deliver(alert))
      .catch((error: unknown) => this.#failed(error, alert))
      .finally(() => void this.pending.delete(sent));
    this.pending.add(sent);
    prolong(this.options.waitUntil, sent);
  }

  async #deliver(alert: CostAlert): Promise<void> {
    const owner = (this.#owner ??= generateId());
    // A projected alert that comes true is told again.
    const name = `webhook:${this.options.url}:${alert.id}${alert.projected ? "?" : ""}`;
    const { attempts, timeoutMs } = this.#most;
    // By its digest: a URL may be a secret, and the ledger keeps names for weeks.
    const mark = await digest(name);
    const claimed = `webhook:${mark}`;
    if (!(await this.#claim(claimed, owner, attempts * (timeoutMs + LONGEST_PAUSE_MS) + MARGIN_MS))) return;
    try {
      await this.#insist(alert, `msg_${mark}`);
    } catch (error) {
      // Another instance may have better luck.
      await this.#claim(claimed, owner, 0);
      throw error;
    }
    await this.#claim(claimed, owner, DELIVERED_MS);
  }

  /** Where the ledger can't say, everybody is first: twice is better than never, and a receiver knows it by its id. */
  async #claim(name: string, owner: string, ms: number): Promise<boolean> {
    try {
      return await this.budgets.claim(name, owner, ms);
    } catch {
      return true;
    }
  }

  async #insist(alert: CostAlert, id: string): Promise<void> {
    const body: AlertWebhookBody = { type: typeOf(alert), timestamp: alert.timestamp, data: alert };
    const text = JSON.stringify(body);
    for (let tried = 1; ; tried += 1) {
      const outcome = await this.#post(id, text);
      if (outcome === undefined) return;
      if (!outcome.again || tried >= this.#most.attempts) {
        throw new Error(`cannot send an alert: expected status 2xx, found ${outcome.found} after ${tried} ${tried === 1 ? "try" : "tries"}`, { cause: outcome.cause });
      }
      const pause = Math.min(PAUSE_MS * 4 ** (tried - 1), LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
      await this.#wait(Math.min(Math.max(pause, outcome.afterMs), LONGEST_PAUSE_MS));
    }
  }

  /** What went wrong, and whether another try may help; nothing, where it was taken. */
  async #post(id: string, body: string): Promise<{ found: string; again: boolean; afterMs: number; cause?: unknown } | undefined> {
    const { url, fetch = globalThis.fetch, now = Date.now } = this.options;
    const seconds = Math.floor(now() / 1_000);
    const key = await (this.#key ??= hmacKey(this.#secret));
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(seconds),
      "webhook-signature": `v1,${base64(await signature(key, `${id}.${seconds}.${body}`))}`,
    };
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.#most.timeoutMs);
    try {
      // Not to wherever an answer points: the secret is for this receiver.
      const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: controller.signal });
      // What it says is not read: it may be without end.
      await response.body?.cancel().catch(() => undefined);
      if (response.ok) return undefined;
      const { status } = response;
      const seconds = Number(response.headers.get("retry-after") ?? 0);
      const again = status === 408 || status === 425 || status === 429 || status >= 500;
      return { found: `status ${status}`, again, afterMs: seconds > 0 ? seconds * 1_000 : 0 };
    } catch (cause) {
      return { found: controller.signal.aborted ? "no answer in time" : "no answer", again: true, afterMs: 0, cause };
    } finally {
      clearTimeout(timer);
    }
  }

  #wait(ms: number): Promise<void> {
    return this.options.wait === undefined ? new Promise((resolve) => setTimeout(resolve, ms)) : this.options.wait(ms);
  }

  #failed(error: unknown, alert: CostAlert): void {
    const { onError } = this.options;
    if (onError === undefined) {
      warnOnce("alert_not_sent", "an alert was not delivered to its webhook; onError of sendAlerts says why");
      return;
    }
    const threw = (): void => warnOnce("callback_failed", "onError of sendAlerts threw; the call went on");
    try {
      unawaited(onError(error, alert), threw);
    } catch {
      threw();
    }
  }
}

/**
 * Checks a webhook as it was received, and gives its body. Takes the body's own text: parsed and written again it is another.
 *
 * @param request - the headers, and the body's text
 * @param secret - the sender's; several while one is replaced by the next
 * @throws {ValidationError} when it was not signed with the secret, is older than five minutes, or is no webhook of ours
 *
 * @example
 * const alert = await verifyWebhook({ headers: request.headers, body: await request.text() }, env.ALERTS_SECRET);
 */
export async function verifyWebhook(
  request: { headers: Headers | Record<string, string | string[] | undefined>; body: string },
  secret: string | readonly string[],
  options: { now?: () => number; toleranceMs?: number } = {},
): Promise<{ id: string } & AlertWebhookBody> {
  checkKeys("the options of verifyWebhook", options, ["now", "toleranceMs"]);
  const header = (name: string): string => {
    const { headers } = request;
    const found = typeof (headers as Headers).get === "function" ? (headers as Headers).get(name) : (headers as Record<string, string | string[] | undefined>)[name];
    if (typeof found !== "string" || found === "") throw refused(`a header ${name}`);
    return found;
  };
  const [id, timestamp, signatures] = [header("webhook-id"), header("webhook-timestamp"), header("webhook-signature")];
  const { now = Date.now } = options;
  const toleranceMs = whole("toleranceMs", options.toleranceMs, TOLERANCE_MS, 0, Number.MAX_SAFE_INTEGER);
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now() - Number(timestamp) * 1_000) > toleranceMs) throw refused("a timestamp of now");
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${request.body}`);
  let good = false;
  for (const one of typeof secret === "string" ? [secret] : secret) {
    const key = await hmacKey(secretBytes(one, "take a webhook"));
    for (const part of signatures.split(" ")) {
      const bytes = part.startsWith("v1,") ? unbase64(part.slice(3)) : undefined;
      // The host compares in a time that says nothing.
      if (bytes !== undefined && (await crypto.subtle.verify("HMAC", key, bytes, signed))) good = true;
    }
  }
  if (!good) throw refused("a signature by the secret");
  let body: unknown;
  try {
    body = JSON.parse(request.body);
  } catch {
    throw refused("a body of JSON");
  }
  if (typeof body !== "object" || body === null || !("type" in body) || !("data" in body)) throw refused("a body with type and data");
  return { ...(body as AlertWebhookBody), id };
}

function typeOf({ kind, projected, severity }: CostAlert): AlertWebhookBody["type"] {
  if (kind === "burn_rate" || kind === "forecast") return `budget.${kind}`;
  return !projected && severity === "critical" ? "budget.exceeded" : "budget.warning";
}

function refused(expected: string): ValidationError {
  return new ValidationError({ message: `cannot take a webhook: expected ${expected}, found none` });
}

function wrong(expected: string, what = "send alerts"): ConfigurationError {
  return new ConfigurationError({ code: "invalid_config", message: `cannot ${what}: expected ${expected}, found another value` });
}

function counted(name: string, value: number, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || value < 1 || value > most) throw wrong(`${name} to be a whole number from 1 to ${most}`);
  return value;
}

/** Alerts say what is spent on whom: they go over an open line only to one's own machine. */
function checkUrl(url: string): void {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    // Said below.
  }
  const own = parsed !== undefined && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(parsed.hostname);
  if (parsed?.protocol !== "https:" && !(own && parsed?.protocol === "http:")) throw wrong("url to be one of https");
}

function secretBytes(secret: string, what?: string): Uint8Array<ArrayBuffer> {
  if (typeof secret !== "string") throw wrong("secret to be a text", what);
  const bytes = secret.startsWith(PREFIX) ? unbase64(secret.slice(PREFIX.length)) : new TextEncoder().encode(secret);
  if (bytes === undefined || bytes.length < LEAST_SECRET) throw wrong(`secret to be whsec_ and base64, or a text, of at least ${LEAST_SECRET} bytes`, what);
  return bytes;
}

function hmacKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
}

async function signature(key: CryptoKey, text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)));
}

/** Equal for everybody who means the same, and good in a header. */
async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...bytes.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function unbase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
