/** What all guarded clients are made from, and the guarded `fetch`. */
import type { BudgetManager } from "../budget.js";
import { run } from "../core.js";
import { ConfigurationError, MissingApiKeyError, ValidationError } from "../errors.js";
import type { GuardrailEngine } from "../guard/engine.js";
import { generateId } from "../id.js";
import { checkKeys } from "../options.js";
import type { ResponseCache } from "../resilience/cache.js";
import { LONGEST_MS, whole } from "../resilience/check.js";
import type { CircuitBreaker } from "../resilience/circuit-breaker.js";
import type { ConcurrencyLimiter } from "../resilience/concurrency.js";
import type { Deduplicator } from "../resilience/deduplicator.js";
import type { FallbackChain } from "../resilience/fallback.js";
import type { Gate } from "../resilience/gate.js";
import type { RateLimiter } from "../resilience/rate-limiter.js";
import { checkRetry, type RetryConfig } from "../resilience/retry-config.js";
import { CostTracker } from "../tracker.js";
import type { CallContext, CostStorage, RequestOptions } from "../types.js";
import { warnOnce } from "../warn.js";
import { EVENTS, type CallEvents, type CallObserver } from "./events.js";

/** What is the same for every guarded client. */
export interface GuardedConfig extends CallEvents {
  /** Whose calls these are, where a call does not say. `"default"` if left out. */
  agentId?: string;
  /**
   * The region that serves (`eu` with OpenAI's data residency), where a call does not say: what its tokens cost. Left out, the
   * dearest is reserved and the global price is charged; `global` reserves that.
   */
  region?: string;
  /** What sends the requests; the global `fetch` if left out. */
  fetch?: typeof fetch;
  /** Default `true`; without a {@link GuardedConfig.guardrailEngine} none runs, and that is warned of once. */
  enableGuardrails?: boolean;
  /** Default `true`. */
  enableCostTracking?: boolean;
  guardrailEngine?: GuardrailEngine;
  /** One with the bundled prices if left out. */
  costTracker?: CostTracker;
  budgetManager?: BudgetManager;
  costStorage?: CostStorage;
  /** The output maximum written into a request that names none, where a budget applies that can refuse. 4096 if left out. */
  defaultMaxOutputTokens?: number;
  /**
   * `inject` (the default) writes that maximum; `model` sends the request as it is and reserves the model's own maximum; `clamp`
   * does so too, and where a budget cannot pay for that lowers the maximum to what it can pay for.
   */
  outputBound?: "inject" | "model" | "clamp";
  /**
   * Sends a request that nothing bounds all the same, where a budget applies that can refuse. What it is expected to cost is
   * reserved, and as its stream goes on, more: it ends where the budget has no more. A plain answer is charged what it cost.
   */
  allowUnbounded?: boolean;
  /** Milliseconds for a whole call, retries and stream included. Ten minutes if left out. */
  timeout?: number;
  /**
   * Milliseconds that each try has until its answer begins: from the call of `fetch` to the head of the answer. No host tells
   * when it has connected, so this bounds the connection, the sending of the request, and the time that the provider takes to its
   * first byte; a plain answer of a slow model begins when it is whole. A later one is given up, and tried again where tries
   * are left. No limit if left out.
   */
  connectTimeout?: number;
  /** Holds calls back above so many requests and tokens in a minute; one for all that share an account. */
  rateLimiter?: RateLimiter;
  /** Holds calls back while so many others are under way. */
  concurrency?: ConcurrencyLimiter;
  /** Refuses calls to endpoints that fail, for a while. */
  circuitBreaker?: CircuitBreaker;
  /** Gives answers again that it has kept, to requests that are the same to the last character. */
  cache?: ResponseCache;
  /** What watches calls from their beginning to their end: see `tollgate/telemetry`. */
  telemetry?: CallObserver | readonly CallObserver[];
  /** What every call is for. */
  context?: CallContext | ((request: { url: string; model?: string }) => CallContext);
}

/** What is the same for the clients that send by themselves. */
export interface GuardedClientConfig extends GuardedConfig {
  /** Headers of every request. */
  defaultHeaders?: HeadersInit;
  /** How many times a failed try is repeated. 2 if left out. */
  maxRetries?: number;
  /** After which time they are. */
  retry?: RetryConfig;
  /** Who is asked where a model or a provider fails. */
  fallback?: FallbackChain;
  /** Makes one of calls that are the same and under way at once. */
  deduplicator?: Deduplicator;
  /** A key in a browser can be read by everyone who opens the page. */
  dangerouslyAllowBrowser?: boolean;
}

/** The keys of a {@link GuardedConfig}. */
export const CONFIG_KEYS = [
  "agentId",
  "region",
  "fetch",
  "enableGuardrails",
  "enableCostTracking",
  "guardrailEngine",
  "costTracker",
  "budgetManager",
  "costStorage",
  "defaultMaxOutputTokens",
  "outputBound",
  "allowUnbounded",
  "timeout",
  "connectTimeout",
  "rateLimiter",
  "concurrency",
  "circuitBreaker",
  "cache",
  "telemetry",
  "context",
  ...EVENTS,
] as const;
/** The keys of a {@link GuardedClientConfig}. */
export const CLIENT_KEYS = [...CONFIG_KEYS, "defaultHeaders", "maxRetries", "retry", "fallback", "deduplicator", "dangerouslyAllowBrowser"] as const;

/** What a try passes before it is sent, in this order: a place is waited for first, and whether the endpoint is well is asked last. */
const GATES = [
  ["concurrency", "ConcurrencyLimiter", "enter"],
  ["rateLimiter", "RateLimiter", "enter"],
  ["circuitBreaker", "CircuitBreaker", "enter"],
] as const;

const PARTS = [...GATES, ["cache", "ResponseCache", "seat"], ["fallback", "FallbackChain", "begin"], ["deduplicator", "Deduplicator", "share"]] as const;

/** The gates that a configuration has. */
export function gatesOf(config: GuardedConfig): readonly Gate[] {
  return GATES.flatMap(([name]) => (config[name] == null ? [] : [config[name] as Gate]));
}

const CONTEXT_KEYS = ["requestId", "agentId", "region", "scopes", "metadata", "waitUntil", "vault", "cache"];
const REQUEST_KEYS = ["signal", "timeout", "connectTimeout", "maxRetries", "headers", "idempotencyKey", "tollgate"];

/** The configuration of a client, as it is now, with its tracker: what a client and its views share. */
export class Shared<C extends GuardedConfig = GuardedConfig> {
  config: C;
  tracker: CostTracker;
  readonly #check: (config: C) => C;

  constructor(check: (config: C) => C, config: C) {
    this.#check = check;
    this.config = check(config);
    this.tracker = this.config.costTracker ?? new CostTracker();
  }

  update(partial: Partial<C>): void {
    this.config = this.#check({ ...this.config, ...partial });
    if (partial.costTracker !== undefined) this.tracker = partial.costTracker;
  }

  /** The configuration without what may not be shown. */
  without<K extends keyof C>(...secrets: K[]): Omit<C, K> {
    const shown = { ...this.config };
    for (const secret of secrets) delete shown[secret];
    return shown;
  }
}

/** The settings that have a range, defaults included. */
export function settingsOf(config: GuardedConfig & { maxRetries?: number; retry?: RetryConfig }, options: RequestOptions = {}) {
  return {
    defaultMaxOutput: config.defaultMaxOutputTokens ?? 4096,
    outputBound: config.outputBound ?? "inject",
    maxRetries: options.maxRetries ?? config.maxRetries ?? config.retry?.maxRetries ?? 2,
    timeoutMs: options.timeout ?? config.timeout ?? 600_000,
    connectTimeoutMs: options.connectTimeout ?? config.connectTimeout,
  };
}

/** Refuses a configuration that can't work, when it is given and not at the first call. */
export function checkConfig<C extends GuardedConfig>(what: string, config: C, keys: readonly string[]): C {
  checkKeys(what, config, [...keys]);
  const { retry } = config as { retry?: RetryConfig };
  const { defaultMaxOutput, outputBound, maxRetries, timeoutMs, connectTimeoutMs } = settingsOf(config);
  run((core) => core.checkCallSettings(defaultMaxOutput, outputBound, maxRetries, timeoutMs));
  checkConnectTimeout(connectTimeoutMs);
  if (retry != null) checkRetry(retry);
  // Told by what they do, and not by their class: what is not imported is not shipped.
  for (const [name, kind, method] of PARTS) {
    const part = (config as Record<string, unknown>)[name];
    if (part != null && typeof (part as Record<string, unknown>)[method] !== "function") throw invalid(`expected ${name} to be a ${kind}, found another value`);
  }
  for (const observer of [config.telemetry ?? []].flat() as unknown[]) {
    if (typeof (observer as Partial<CallObserver> | null)?.begin !== "function") throw invalid("expected telemetry to be what openTelemetry(api) or callLog() gives, found another value");
  }
  for (const name of EVENTS) {
    if (config[name] != null && typeof config[name] !== "function") throw invalid(`expected ${name} to be a function, found another value`);
  }
  return { ...config };
}

/** The same for a client that sends by itself, with a key. */
export function checkClient<C extends GuardedClientConfig>(what: string, config: C, keys: readonly string[]): C {
  if (isBrowser() && config.dangerouslyAllowBrowser !== true) {
    throw invalid("expected a server, found a browser, where everyone can read the key; use a proxy, or set dangerouslyAllowBrowser: true");
  }
  if (config.enableGuardrails === true && config.guardrailEngine === undefined) {
    warnOnce("guardrails_without_engine", "enableGuardrails is true and no guardrailEngine was given, so no guardrail runs");
  }
  return checkConfig(what, config, keys);
}

function checkConnectTimeout(ms: number | undefined): void {
  whole("connectTimeout", ms, 1, 1, LONGEST_MS);
}

/** Refuses what is no key. */
export function checkKey(key: unknown): void {
  if (typeof key !== "function" && (typeof key !== "string" || key === "")) throw noKey();
}

/** Refuses what is no absolute URL. */
export function checkURL(name: string, url: string | undefined): void {
  if (url !== undefined && !isURL(url)) throw invalid(`expected ${name} to be an absolute URL, found another text`);
}

/** A client's key for one request: visible ASCII, since the host's own error would repeat any other. */
export async function keyOf(key: string | (() => Promise<string>), name = "apiKey"): Promise<string> {
  const found = typeof key === "function" ? await key() : key;
  if (typeof found !== "string" || found === "") throw noKey();
  if (!/^[\x21-\x7e]+$/.test(found)) {
    throw new ConfigurationError({ code: "invalid_config", message: `cannot send: expected ${name} to be visible ASCII, found other characters` });
  }
  return found;
}

/** The headers of a request: the client's own, those that its provider wants, those of the call. */
export function headersOf(config: GuardedClientConfig, own: Record<string, string | undefined>, options: RequestOptions): Headers {
  const headers = new Headers(config.defaultHeaders ?? undefined);
  headers.set("content-type", "application/json");
  headers.set("accept", "application/json, text/event-stream");
  for (const [name, value] of Object.entries(own)) if (value !== undefined) headers.set(name, value);
  if (options.idempotencyKey !== undefined) headers.set("idempotency-key", options.idempotencyKey);
  if (options.headers != null) new Headers(options.headers).forEach((value, name) => headers.set(name, value));
  return headers;
}

/** The options with a key by which the provider knows the request again in its next tries. A browser would ask whether it may send one. */
export function keyed(config: GuardedClientConfig, options: RequestOptions): RequestOptions {
  if (options.idempotencyKey !== undefined || isBrowser() || settingsOf(config, options).maxRetries === 0) return options;
  return { ...options, idempotencyKey: `tollgate-${generateId()}` };
}

/** A base URL without its last slash. */
export function trimmed(url: string): string {
  return url.replace(/\/+$/, "");
}

/** What a logger may see of a URL: no credentials. */
export function shown(url: string): string {
  const found = new URL(url);
  found.username = found.password = "";
  return found.href;
}

/** Refuses a context with keys that there are not. */
export function checkContext(context: CallContext): void {
  checkKeys("the context of a call", context, CONTEXT_KEYS);
  if (context.cache != null && !["use", "refresh", "skip"].includes(context.cache)) {
    throw new ValidationError({ message: "cannot read the context of a call: expected cache to be one of use, refresh, skip, found another value" });
  }
}

/** Refuses options of a request that can't work. */
export function checkOptions({ signal, ...rest }: RequestOptions): void {
  checkKeys("the options of a request", rest, REQUEST_KEYS);
  checkConnectTimeout(rest.connectTimeout);
  if (signal === undefined || signal === null) return;
  if (typeof signal.aborted !== "boolean" || typeof signal.addEventListener !== "function") {
    throw new ValidationError({ message: "cannot send: expected signal to be an AbortSignal, found another value" });
  }
}

/** The client's context, a view's, and a call's: scopes and notes add up, the rest of the nearest wins. */
export function contextOf(
  { context }: GuardedConfig,
  request: { url: string; model?: string },
  view: CallContext,
  own: CallContext | undefined,
): CallContext {
  const all = [typeof context === "function" ? context(request) : (context ?? {}), view, own ?? {}];
  all.forEach(checkContext);
  return all.reduce(mergeContexts);
}

/** Two contexts as one, of which the second is nearer. */
export function mergeContexts(base: CallContext, own: CallContext): CallContext {
  return {
    ...base,
    ...own,
    ...((base.scopes ?? own.scopes) && { scopes: [...(base.scopes ?? []), ...(own.scopes ?? [])] }),
    ...((base.metadata ?? own.metadata) && { metadata: { ...base.metadata, ...own.metadata } }),
  };
}

function noKey(): MissingApiKeyError {
  return new MissingApiKeyError({ message: "cannot make the client: expected apiKey to be a non-empty string or a function, found none" });
}

function invalid(why: string): ConfigurationError {
  return new ConfigurationError({ code: "invalid_config", message: `cannot make the client: ${why}` });
}

function isBrowser(): boolean {
  return (globalThis as { window?: { document?: unknown } }).window?.document !== undefined;
}

/** `URL.canParse` is younger than the oldest browsers this runs in. */
function isURL(text: string): boolean {
  try {
    return new URL(text).href !== "";
  } catch {
    return false;
  }
}
