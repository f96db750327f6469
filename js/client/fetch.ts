/** A guarded `fetch`, for the SDK that a program already has. */
import { ConfigurationError, TollgateError, ValidationError } from "../errors.js";
import { checkKeys } from "../options.js";
import type { BudgetScope, CallContext, Provider } from "../types.js";
import { prolong } from "../wait-until.js";
import { askedOf, deployedOf, modelOf, targetOf, type Asked } from "./asked.js";
import { beginCall } from "./begin.js";
import { CONFIG_KEYS, Shared, checkConfig, checkContext, contextOf, gatesOf, mergeContexts, settingsOf, type GuardedConfig } from "./config.js";
import { Deadline } from "./deadline.js";
import type { RunningCall } from "./drive.js";
import { Audience, EVENTS, Listeners, type CallEvents, type EventName } from "./events.js";
import type { Form } from "./form.js";
import { asEvent, asResponse } from "./refusal.js";
import { isRefusal, statusOf } from "./refusals.js";
import { giveUpBy, pump } from "./stream.js";
import type { Target } from "./target.js";

/** What {@link createGuardedFetch} makes a `fetch` from. */
export interface GuardedFetchConfig extends GuardedConfig {
  /** Who answers at hosts that are not known: `"openai"` for its formats if left out, and the maker of any other. */
  provider?: Provider;
  /** Which model each of Azure's deployments is of. */
  deployments?: Record<string, string>;
  /**
   * Whether `x-tollgate-agent-id`, `x-tollgate-request-id` and `x-tollgate-scopes` (`user:42,project:x`) of a request say whose it
   * is. They never leave. `false` if left out: a proxy forwards the headers of its users.
   */
  contextHeaders?: boolean;
}

const KEYS = [...CONFIG_KEYS, "provider", "deployments", "contextHeaders"];

/** A `fetch` that guards the calls of models that go through it. */
export interface GuardedFetch {
  (input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** The same, spending on somebody's account: it shares everything, and is cheap enough for each request. */
  with(context: CallContext): GuardedFetch;
  /** Is told what each call is expected to cost; gives what ends that. */
  onEstimate(listener: NonNullable<CallEvents["onEstimate"]>): () => void;
  /** Is told of each request that is sent; gives what ends that. */
  onRequest(listener: NonNullable<CallEvents["onRequest"]>): () => void;
  /** Is told of each call that was refused; gives what ends that. */
  onBlocked(listener: NonNullable<CallEvents["onBlocked"]>): () => void;
  /** Is told of each record of what was spent; gives what ends that. */
  onRecord(listener: NonNullable<CallEvents["onRecord"]>): () => void;
  /** Is told of each threshold of a budget that is crossed; gives what ends that. */
  onAlert(listener: NonNullable<CallEvents["onAlert"]>): () => void;
  /** Is told of what goes wrong beside a call; gives what ends that. */
  onError(listener: NonNullable<CallEvents["onError"]>): () => void;
}

/** What all views of a guarded `fetch` share. */
interface Common {
  shared: Shared<GuardedFetchConfig>;
  listeners: Listeners;
}

/**
 * A `fetch` that guards the calls of models that go through it: OpenAI (chat completions, responses, completions, embeddings,
 * images, speech, transcriptions, moderations), Azure OpenAI, Anthropic (messages), Gemini, and whoever speaks their formats. Hand it to an SDK:
 *
 * ```ts
 * const openai = new OpenAI({ fetch: createGuardedFetch({ guardrailEngine, budgetManager }) });
 * ```
 *
 * A refusal is an answer with an error status, so that the SDK throws its own error and does not try again: 402 for a budget,
 * 403 for a guardrail. `TollgateError.from(error)` gives ours back. What is no call of a model passes untouched. It does not
 * retry: each try of an SDK is a call of its own, with a reservation of its own.
 */
export function createGuardedFetch(config: GuardedFetchConfig = {}): GuardedFetch {
  const shared = new Shared(checked, config);
  return view({ shared, listeners: new Listeners() }, {});
}

function checked(config: GuardedFetchConfig): GuardedFetchConfig {
  const found = checkConfig("the options of createGuardedFetch", config, KEYS);
  if (config.enableGuardrails === true && config.guardrailEngine === undefined) {
    throw new ConfigurationError({
      code: "invalid_config",
      message: "cannot make a guarded fetch: expected a guardrailEngine with enableGuardrails: true, found none; hand in defaultEngine()",
    });
  }
  return found;
}

function view(common: Common, context: CallContext): GuardedFetch {
  const guarded = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => send(common, context, input, init);
  return Object.assign(guarded, {
    with: (own: CallContext) => {
      checkContext(own);
      return view(common, mergeContexts(context, own));
    },
    ...(Object.fromEntries(
      EVENTS.map((name) => [name, (listener: never) => common.listeners.add(name, listener)]),
    ) as unknown as Pick<GuardedFetch, EventName>),
  });
}

async function send(common: Common, view: CallContext, input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
  const { config } = common.shared;
  // Read at the call: a program may put another in its place.
  const base = config.fetch ?? globalThis.fetch;
  const request = typeof input === "object" && "url" in input ? input : undefined;
  const url = request?.url ?? String(input);
  const method = (init?.method ?? request?.method ?? "GET").toUpperCase();
  const headers = new Headers(init?.headers ?? request?.headers);
  const said = config.contextHeaders === true ? saidContext(headers) : {};
  const had = strip(headers);
  const route = method === "POST" ? targetOf(url, config) : undefined;
  const pass = (sent?: BodyInit): Promise<Response> => base(input, had || sent !== undefined ? { ...init, headers, ...(sent !== undefined && { body: sent }) } : init);
  if (route === undefined) return pass();

  const signal = init?.signal ?? request?.signal ?? undefined;
  // Reading what is asked takes of its time.
  const deadline = new Deadline(settingsOf(config).timeoutMs, signal);
  let asked: Asked;
  try {
    const asking = askedOf(route.format, request, init, headers, deadline);
    asked = typeof init?.body === "string" ? await asking : await deadline.race(asking);
    if (asked.unread !== undefined && (await isGuarded(common, contextOf(config, { url }, view, said), deadline))) {
      if (asked.sent instanceof ReadableStream) void asked.sent.cancel().catch(() => undefined);
      throw new ValidationError({ message: `cannot read the request: expected ${asked.unread}, found what may be anything` });
    }
  } catch (error) {
    deadline.end();
    return turnedDown(common, error, route.format);
  }
  const { text, form, sent } = asked;
  if (text === undefined) {
    deadline.end();
    return pass(sent);
  }

  const named = route.model === undefined ? modelOf(text) : undefined;
  const target = deployedOf(route, named, config);
  const model = target.model ?? named;
  // They speak for the body that the caller gave.
  headers.delete("content-length");
  if (form === undefined && !/json/i.test(headers.get("content-type") ?? "")) headers.set("content-type", "application/json");
  let call: RunningCall;
  let context: CallContext;
  try {
    context = contextOf(config, { url, ...(model !== undefined && { model }) }, view, said);
    call = beginCall({
      shared: common.shared,
      aim: {
        target,
        model,
        text,
        headers: () => Promise.resolve(headers),
        fetch: (to, made) => base(to, { ...optionsOf(request), ...init, ...picked(made!), ...(form !== undefined && again(form, text, sent, made!)) }),
        gates: gatesOf(config),
      },
      context,
      options: { maxRetries: 0, ...(signal !== undefined && { signal }) },
      raw: true,
      deadline,
      listeners: common.listeners,
    });
  } catch (error) {
    deadline.end();
    return turnedDown(common, error, target.format);
  }
  // A host that ends with the request is told at once that something is owed.
  let over = (): void => undefined;
  prolong(context.waitUntil, new Promise<void>((resolve) => (over = resolve)));
  let streaming = false;
  let failure: { error: unknown } | undefined;
  try {
    if ((await call.proceed()) === "stream") {
      streaming = true;
      return streamed(call, target.format, over);
    }
    return answered(call, call.answer());
  } catch (error) {
    failure = { error };
    await call.rescue();
    const { response, text: body } = call;
    const code = TollgateError.isInstance(error) ? error.code : undefined;
    // The provider's own answer: an error of its own, or what nobody here can read and nobody is to guard.
    const own = response !== undefined && !response.ok || (code === "invalid_response" && call.host.engine === undefined);
    if (own && body !== undefined && code !== "guardrail_blocked") return answered(call, body);
    // As `fetch` rejects: the host's own reason.
    if (code === "network" || code === "timeout") throw (error as TollgateError).cause ?? error;
    if (code === undefined) throw error;
    return refuse(error, target.format);
  } finally {
    if (!streaming) {
      call.leaveQuietly();
      call.host.deadline.end();
      call.over(undefined, failure);
      if (call.isDone) call.keep();
      call.core.free();
      void (call.kept ?? Promise.resolve()).then(over);
    }
  }
}

/** Takes headers of ours out; says whether there were any. */
function strip(headers: Headers): boolean {
  const ours = [...headers.keys()].filter((name) => name.startsWith("x-tollgate-"));
  for (const name of ours) headers.delete(name);
  return ours.length > 0;
}

function saidContext(headers: Headers): CallContext {
  const agentId = headers.get("x-tollgate-agent-id");
  const requestId = headers.get("x-tollgate-request-id");
  const scopes = headers.get("x-tollgate-scopes")?.split(",").filter((scope) => scope.includes(":")).map((scope) => {
    const at = scope.indexOf(":");
    return { type: scope.slice(0, at).trim() as BudgetScope["type"], id: decodeURIComponent(scope.slice(at + 1).trim()) };
  });
  return { ...(agentId && { agentId }), ...(requestId && { requestId }), ...(scopes && { scopes }) };
}

/** What of a `Request` decides how it is sent, beside what is sent; hosts that have none of it know none of it. */
function optionsOf(request: Request | undefined): RequestInit {
  const options: Record<string, unknown> = {};
  for (const name of ["redirect", "credentials", "keepalive", "integrity", "referrerPolicy"] as const) {
    const value = request?.[name];
    if (value !== undefined && value !== "") options[name] = value;
  }
  return options;
}

/** What is sent in the place of what the caller gave. */
function picked({ method, headers, body, signal }: RequestInit): RequestInit {
  return { method: method!, headers: headers!, body: body!, signal: signal! };
}

/** A form as it is sent: as it came, where nothing of it has changed. */
function again(form: Form, text: string, sent: BodyInit | undefined, { headers, body }: RequestInit): RequestInit {
  if (sent !== undefined && body === text) return { body: sent };
  const made = new Headers(headers);
  // The host writes it, with the mark between the fields.
  made.delete("content-type");
  return { headers: made, body: form.with(body as string) };
}

/** An answer as it came, but for its body. */
function answered(call: RunningCall, body: string): Response {
  return responseWith(call, body === "" && [204, 205, 304].includes(call.response!.status) ? null : body);
}

function responseWith({ response }: RunningCall, body: BodyInit | null): Response {
  const { status, statusText, url } = response!;
  const made = new Response(body, { status, statusText, headers: response!.headers });
  // Of the bytes on the wire, and not of these.
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) made.headers.delete(name);
  if (url) Object.defineProperty(made, "url", { value: url });
  return made;
}

/** The stream of an answer: the provider's bytes as they came, where no guard changed anything. */
function streamed(call: RunningCall, format: Target["format"], done: () => void): Response {
  const controller = giveUpBy(call);
  let out: ReadableStreamDefaultController<Uint8Array>;
  let cancelled = false;
  const flush = (): void => {
    const bytes = call.core.use((core) => core.takeBytes());
    if (bytes.length > 0 && !cancelled) out.enqueue(bytes);
  };
  const body = new ReadableStream<Uint8Array>({
    start: (started) => void (out = started),
    cancel: (reason) => {
      cancelled = true;
      controller.abort(reason);
    },
  });
  const end = (failure: { error: unknown } | undefined): void => {
    let error = failure?.error;
    try {
      flush();
    } catch (lost) {
      // The module was replaced under it: what was to leave is gone with it.
      error ??= lost;
    }
    if (cancelled) return;
    if (error === undefined) {
      out.close();
      return;
    }
    const ours = TollgateError.isInstance(error) ? error : undefined;
    if (ours !== undefined && isRefusal(ours)) {
      out.enqueue(asEvent(ours, format));
      out.close();
    } else if (ours?.code === "api_error" || (ours?.code === "stream_truncated" && ours.cause === undefined) || ours?.code === "invalid_response") {
      // It ends as the provider ended it: the bytes say so.
      out.close();
    } else {
      out.error(ours?.cause ?? error);
    }
  };
  const pass = (bytes: Uint8Array): void => {
    if (!cancelled) out.enqueue(bytes);
  };
  void pump(call, { take: flush, pass, end })
    .then(() => call.kept)
    .then(() => done());
  return responseWith(call, body);
}

/** What a call is answered with that does not begin. */
function turnedDown({ shared, listeners }: Common, error: unknown, format: Target["format"]): Response {
  if (TollgateError.isInstance(error) && (isRefusal(error) || statusOf(error) === 400)) new Audience(shared.config, listeners).tell("onBlocked", error);
  return refuse(error, format);
}

/** Whether anything may refuse or change a request of which nobody knows the model. */
async function isGuarded({ shared: { config, tracker }, listeners }: Common, context: CallContext, deadline: Deadline): Promise<boolean> {
  if ((config.enableGuardrails !== false && config.guardrailEngine !== undefined) || context.vault != null) return true;
  const budgets = tracker.getConfig().enableBudgets === false ? undefined : config.budgetManager;
  if (budgets === undefined) return false;
  try {
    await deadline.race(budgets.flush());
  } catch (error) {
    deadline.check();
    // Nobody knows which budgets there are: as if one could refuse.
    new Audience(config, listeners).tell("onError", error);
    return true;
  }
  const binding = budgets.budgetsFor([...(context.scopes ?? []), { type: "agent", id: context.agentId || config.agentId || "default" }]);
  const ofModels = budgets.getAllBudgets().filter(({ enabled, scope }) => enabled && scope?.type === "model");
  return [...binding, ...ofModels].some(({ action }) => action !== "alert");
}

function refuse(error: unknown, format: Target["format"]): Response {
  if (!TollgateError.isInstance(error)) throw error;
  return asResponse(error, format);
}
