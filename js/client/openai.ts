/** OpenAI's chat completions, guarded. */
import { BudgetManager } from "../budget.js";
import { Held, run } from "../core.js";
import { ConfigurationError, MissingApiKeyError, ValidationError } from "../errors.js";
import type { GuardrailEngine } from "../guard/engine.js";
import { generateId } from "../id.js";
import { checkKeys } from "../options.js";
import { CostTracker, coreOfTracker } from "../tracker.js";
import type { CallContext, CostStorage, RequestOptions, SecurityMetadata } from "../types.js";
import { offerVocabularies } from "../registry.js";
import { toJson } from "../store/json.js";
import { warnOnce } from "../warn.js";
import { Deadline, RunningCall, type CoreCall } from "./drive.js";
import { readStream, type GuardedStreamOf } from "./stream.js";
import type { ChatCompletionChunk, ChatCompletionRequest, ChatCompletionResponse } from "./types.js";

/** What {@link GuardedOpenAI} is made from. */
export interface GuardedOpenAIConfig {
  /** The key, or a function that gives one for each request. Never taken from the environment. */
  apiKey: string | (() => Promise<string>);
  /** Whose calls these are, where a call does not say. `"default"` if left out. */
  agentId?: string;
  /** `https://api.openai.com/v1` if left out. */
  baseURL?: string;
  /**
   * The region that serves (`eu` with OpenAI's data residency), where a call does not say: what its tokens cost. Left out, the
   * dearest is reserved and the global price is charged; `global` reserves that.
   */
  region?: string;
  organization?: string;
  project?: string;
  /** Headers of every request. */
  defaultHeaders?: HeadersInit;
  /** What sends the requests; the global `fetch` if left out. */
  fetch?: typeof fetch;
  /** Default `true`; without a {@link GuardedOpenAIConfig.guardrailEngine} none runs, and that is warned of once. */
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
  /** Milliseconds for a whole call, retries and stream included. Ten minutes if left out. */
  timeout?: number;
  /** How many times a failed try is repeated. 2 if left out. */
  maxRetries?: number;
  /** Told of what went wrong beside a call: a storage, a ledger. */
  onError?: (error: unknown) => void;
  /** A key in a browser can be read by everyone who opens the page. */
  dangerouslyAllowBrowser?: boolean;
  /** What every call is for. */
  context?: CallContext | ((request: { url: string; model?: string }) => CallContext);
}

const KEYS = [
  "apiKey",
  "agentId",
  "baseURL",
  "region",
  "organization",
  "project",
  "defaultHeaders",
  "fetch",
  "enableGuardrails",
  "enableCostTracking",
  "guardrailEngine",
  "costTracker",
  "budgetManager",
  "costStorage",
  "defaultMaxOutputTokens",
  "outputBound",
  "timeout",
  "maxRetries",
  "onError",
  "dangerouslyAllowBrowser",
  "context",
];
const CONTEXT_KEYS = ["requestId", "agentId", "region", "scopes", "metadata", "waitUntil"];
const REQUEST_KEYS = ["signal", "timeout", "maxRetries", "headers", "idempotencyKey", "tollgate"];

/** The parts that a client and its views share. */
interface Shared {
  config: GuardedOpenAIConfig;
  tracker: CostTracker;
}

/** How a view differs from its client. */
interface View {
  shared: Shared;
  context: CallContext;
}

/** OpenAI's client for chat completions, with guardrails, budget and exact cost around every call. */
export class GuardedOpenAI {
  /** Chat completions. */
  readonly chat: { readonly completions: GuardedChatCompletions };
  readonly #view: View;

  /** `view` is for {@link GuardedOpenAI.with}. */
  constructor(config: GuardedOpenAIConfig, view?: View) {
    if (view === undefined) {
      const checked = checkConfig(config);
      view = { shared: { config: checked, tracker: checked.costTracker ?? new CostTracker() }, context: {} };
    }
    this.#view = view;
    this.chat = { completions: new GuardedChatCompletions(view) };
  }

  /** The same client, spending on somebody's account: it shares everything, and is cheap enough for each request. */
  with(context: CallContext): GuardedOpenAI {
    checkKeys("the context of a call", context, CONTEXT_KEYS);
    const { shared } = this.#view;
    return new GuardedOpenAI(shared.config, { shared, context: merge(this.#view.context, context) });
  }

  /** How it is configured, without the key. */
  getConfig(): Omit<GuardedOpenAIConfig, "apiKey"> {
    const { apiKey: _, ...rest } = this.#view.shared.config;
    return rest;
  }

  /** Changes the configuration, for this client and all its views. */
  updateConfig(partial: Partial<GuardedOpenAIConfig>): void {
    const { shared } = this.#view;
    shared.config = checkConfig({ ...shared.config, ...partial });
    if (partial.costTracker !== undefined) shared.tracker = partial.costTracker;
  }

  /** What a logger may see: never the key. */
  toJSON(): { client: string; baseURL: string } {
    const url = new URL(baseURL(this.#view.shared.config));
    url.username = url.password = "";
    return { client: "GuardedOpenAI", baseURL: url.href };
  }
}

/** `chat.completions` of a {@link GuardedOpenAI}. */
export class GuardedChatCompletions {
  readonly #view: View;

  /** @internal */
  constructor(view: View) {
    this.#view = view;
  }

  /**
   * A chat completion. The request is guarded and its cost reserved before anything is sent; the answer comes back whole,
   * with `security` beside it.
   *
   * @throws {GuardrailBlockedError} when a guardrail refuses the input (nothing was sent) or the output (it was paid for and recorded)
   * @throws {BudgetExceededError} when a budget has not enough left; nothing was sent
   * @throws {APIError} and its kin when the provider refuses
   */
  create(
    body: ChatCompletionRequest & { stream?: false | null },
    options?: RequestOptions,
  ): Promise<ChatCompletionResponse & { security: SecurityMetadata }>;
  create(
    body: ChatCompletionRequest & { stream: true },
    options?: RequestOptions,
  ): Promise<GuardedStreamOf<ChatCompletionChunk>>;
  create(
    body: ChatCompletionRequest,
    options?: RequestOptions,
  ): Promise<(ChatCompletionResponse & { security: SecurityMetadata }) | GuardedStreamOf<ChatCompletionChunk>>;
  create(
    body: ChatCompletionRequest,
    options?: RequestOptions,
  ): Promise<(ChatCompletionResponse & { security: SecurityMetadata }) | GuardedStreamOf<ChatCompletionChunk>> {
    return this.#create(body, options ?? {});
  }

  async #create(
    body: ChatCompletionRequest,
    options: RequestOptions,
  ): Promise<(ChatCompletionResponse & { security: SecurityMetadata }) | GuardedStreamOf<ChatCompletionChunk>> {
    checkKeys("the options of a request", options, REQUEST_KEYS);
    checkSignal(options.signal);
    const { config, tracker } = this.#view.shared;
    const url = `${baseURL(config)}/chat/completions`;
    const context = this.#context(url, body, options.tollgate);
    const call = this.#start(body, options, context, url, config, tracker);
    // A host that ends with the request is told at once that something is owed: the caller may go before the answer comes.
    let over = (): void => undefined;
    context.waitUntil?.(new Promise<void>((resolve) => (over = resolve)));
    let streaming = false;
    try {
      if ((await call.proceed()) === "stream") {
        const stream = readStream<ChatCompletionChunk>(call);
        streaming = true;
        void stream.security.then(over);
        return stream;
      }
      const answer = JSON.parse(call.core.use((core) => core.answer())) as ChatCompletionResponse;
      return Object.assign(answer, { security: call.security() });
    } finally {
      if (!streaming) {
        over();
        call.host.deadline.end();
        call.core.free();
      }
    }
  }

  /** The client's context, the view's, and the call's: scopes add up, the rest of the nearest wins. */
  #context(url: string, body: ChatCompletionRequest, own: CallContext | undefined): CallContext {
    const { context } = this.#view.shared.config;
    const base = typeof context === "function" ? context({ url, model: body?.model }) : (context ?? {});
    const all = [base, this.#view.context, own ?? {}];
    for (const one of all) checkKeys("the context of a call", one, CONTEXT_KEYS);
    return all.reduce(merge);
  }

  #start(
    body: ChatCompletionRequest,
    options: RequestOptions,
    context: CallContext,
    url: string,
    config: GuardedOpenAIConfig,
    tracker: CostTracker,
  ): RunningCall {
    const requestId = context.requestId || generateId();
    // A caller may give one id to several calls: their reservations must not be one.
    const reservationId = !context.requestId ? requestId : `${requestId}#${generateId()}`;
    const agentId = context.agentId || config.agentId || "default";
    const own = settingsOf(config, options);
    const settings = tracker.getConfig();
    const engine = config.enableGuardrails === false ? undefined : config.guardrailEngine;
    const budgets = settings.enableBudgets === false ? undefined : config.budgetManager;
    const storage = settings.persistRecords === false ? undefined : config.costStorage;
    const costs = config.enableCostTracking !== false && settings.enabled !== false;
    const wire = toJson(
      {
        requestId,
        reservationId,
        agentId,
        provider: "openai",
        region: context.region ?? config.region,
        guard: engine !== undefined,
        costs,
        budgets: budgets !== undefined,
        records: storage !== undefined || budgets !== undefined,
        outputBound: own.outputBound,
        scopes: context.scopes ?? [],
        metadata: context.metadata,
      },
      "the context of a call",
    );
    const text = toJson(body, "request");
    offerVocabularies();
    const core = new Held<CoreCall>("stateful", (glue) =>
      coreOfTracker(tracker).use((prices) => new glue.Call(prices, wire, own.defaultMaxOutput, own.maxRetries, own.timeoutMs, text)),
    );
    // Made now, so that a request that can't be read is refused before a timer runs.
    core.use(() => undefined);
    return new RunningCall(core, {
      requestId,
      agentId,
      url,
      headers: () => headersOf(config, options),
      fetch: config.fetch,
      engine,
      budgets,
      quiet: settings.enableAlerts === false,
      storage,
      context: { requestId, agentId, model: body.model, provider: "openai", ...(context.metadata && { metadata: context.metadata }) },
      onError: config.onError,
      deadline: new Deadline(own.timeoutMs, options.signal),
    });
  }
}

/** The settings that have a range, defaults included. */
function settingsOf(config: GuardedOpenAIConfig, options: RequestOptions = {}) {
  return {
    defaultMaxOutput: config.defaultMaxOutputTokens ?? 4096,
    outputBound: config.outputBound ?? "inject",
    maxRetries: options.maxRetries ?? config.maxRetries ?? 2,
    timeoutMs: options.timeout ?? config.timeout ?? 600_000,
  };
}

async function headersOf(config: GuardedOpenAIConfig, options: RequestOptions): Promise<Headers> {
  const key = typeof config.apiKey === "function" ? await config.apiKey() : config.apiKey;
  if (typeof key !== "string" || key === "") throw noKey();
  if (!/^[\x21-\x7e]+$/.test(key)) {
    // The host's own error would repeat the key.
    throw new ConfigurationError({ code: "invalid_config", message: "cannot send: expected apiKey to be visible ASCII, found other characters" });
  }
  const headers = new Headers(config.defaultHeaders ?? undefined);
  headers.set("content-type", "application/json");
  headers.set("accept", "application/json, text/event-stream");
  headers.set("authorization", `Bearer ${key}`);
  if (config.organization !== undefined) headers.set("openai-organization", config.organization);
  if (config.project !== undefined) headers.set("openai-project", config.project);
  if (options.idempotencyKey !== undefined) headers.set("idempotency-key", options.idempotencyKey);
  if (options.headers != null) new Headers(options.headers).forEach((value, name) => headers.set(name, value));
  return headers;
}

function baseURL(config: GuardedOpenAIConfig): string {
  return (config.baseURL ?? "https://api.openai.com/v1").replace(/\/+$/, "");
}

function noKey(): MissingApiKeyError {
  return new MissingApiKeyError({ message: "cannot make the client: expected apiKey to be a non-empty string or a function, found none" });
}

function checkSignal(signal: unknown): void {
  if (signal === undefined || signal === null) return;
  if (typeof (signal as AbortSignal).aborted !== "boolean" || typeof (signal as AbortSignal).addEventListener !== "function") {
    throw new ValidationError({ message: "cannot send: expected signal to be an AbortSignal, found another value" });
  }
}

/** Refuses a configuration that can't work, when it is given and not at the first call. */
function checkConfig(config: GuardedOpenAIConfig): GuardedOpenAIConfig {
  checkKeys("the options of GuardedOpenAI", config, KEYS);
  if (typeof config.apiKey !== "function" && (typeof config.apiKey !== "string" || config.apiKey === "")) throw noKey();
  const { window } = globalThis as { window?: { document?: unknown } };
  if (window?.document !== undefined && config.dangerouslyAllowBrowser !== true) {
    throw new ConfigurationError({
      code: "invalid_config",
      message:
        "cannot make the client: expected a server, found a browser, where everyone can read the key; use a proxy, or set dangerouslyAllowBrowser: true",
    });
  }
  if (config.baseURL !== undefined && !isURL(config.baseURL)) {
    throw new ConfigurationError({
      code: "invalid_config",
      message: "cannot make the client: expected baseURL to be an absolute URL, found another text",
    });
  }
  const { defaultMaxOutput, outputBound, maxRetries, timeoutMs } = settingsOf(config);
  run((core) => core.checkCallSettings(defaultMaxOutput, outputBound, maxRetries, timeoutMs));
  if (config.enableGuardrails === true && config.guardrailEngine === undefined) {
    warnOnce("guardrails_without_engine", "enableGuardrails is true and no guardrailEngine was given, so no guardrail runs");
  }
  return { ...config };
}

function merge(base: CallContext, own: CallContext): CallContext {
  return {
    ...base,
    ...own,
    ...((base.scopes ?? own.scopes) && { scopes: [...(base.scopes ?? []), ...(own.scopes ?? [])] }),
    ...((base.metadata ?? own.metadata) && { metadata: { ...base.metadata, ...own.metadata } }),
  };
}

/** A {@link GuardedOpenAI}. */
export function createGuardedOpenAI(config: GuardedOpenAIConfig): GuardedOpenAI {
  return new GuardedOpenAI(config);
}

/** `URL.canParse` is younger than the oldest browsers this runs in. */
function isURL(text: string): boolean {
  try {
    return new URL(text).href !== "";
  } catch {
    return false;
  }
}
