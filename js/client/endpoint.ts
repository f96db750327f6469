/** One thing that a guarded client can be asked for: chat completions, messages, embeddings. */
import { InternalError } from "../errors.js";
import { partitionOf } from "../resilience/partition.js";
import { toJson } from "../store/json.js";
import type { CallContext, RequestOptions, SecurityMetadata } from "../types.js";
import { prolong } from "../wait-until.js";
import { beginCall } from "./begin.js";
import { checkOptions, contextOf, gatesOf, keyed, settingsOf, type GuardedClientConfig, type Shared } from "./config.js";
import { readStream, type GuardedStreamOf } from "./stream.js";
import type { Aim, Target } from "./target.js";

/** A client, or a view of one: what it shares, and for whom it is. */
export interface View<C extends GuardedClientConfig> {
  shared: Shared<C>;
  context: CallContext;
}

/** How a client sends requests of one kind. */
export interface Sending<C, Body> {
  target: (config: C, body: Body) => Target;
  headers: (config: C, options: RequestOptions) => Promise<Headers>;
  /** The request as it is sent, where that is not the body that was given. */
  request?: (body: Body) => object;
}

/** An answer with what happened around its call. */
export type Guarded<T> = T & { security: SecurityMetadata };

/** One kind of request that answers as a whole only. */
export class Endpoint<C extends GuardedClientConfig, Body extends { model?: unknown }, Answer extends object, Chunk = never> {
  readonly #view: View<C>;
  readonly #sending: Sending<C, Body>;

  /** @internal */
  constructor(view: View<C>, sending: Sending<C, Body>) {
    this.#view = view;
    this.#sending = sending;
  }

  /** Where a request goes. @internal */
  aim(body: object, options: RequestOptions = {}): Aim {
    const { config } = this.#view.shared;
    const given = body as Body;
    const target = this.#sending.target(config, given);
    const model = target.model ?? (typeof given?.model === "string" ? given.model : undefined);
    // One key for all tries of it.
    const sent = keyed(config, options);
    return {
      target,
      model,
      text: toJson(this.#sending.request?.(given) ?? given, "request"),
      headers: () => this.#sending.headers(config, sent),
      fetch: config.fetch,
      gates: gatesOf(config),
    };
  }

  /** Begins a call, and gives its answer, or its stream. @internal */
  protected async send(body: Body, options: RequestOptions = {}): Promise<Guarded<Answer> | GuardedStreamOf<Chunk>> {
    checkOptions(options);
    const { shared, context: view } = this.#view;
    const { config } = shared;
    const aim = this.aim(body, options);
    const { target, model } = aim;
    const context = contextOf(config, { url: target.url, ...(model !== undefined && { model }) }, view, options.tollgate);
    const { deduplicator } = config;
    const isStream = (body as { stream?: unknown } | null)?.stream === true;
    if (deduplicator == null || isStream || context.vault != null) {
      const found = await this.#ask(aim, body, context, options);
      return "text" in found ? answerOf(found.text, found.security) : found;
    }
    const agentId = context.agentId || config.agentId || "default";
    const { signal, headers: _, tollgate: __, ...rest } = options;
    const sent = [...(await this.#sending.headers(config, options))];
    const key = JSON.stringify([target, aim.text, sent, partitionOf({ ...context, agentId }), context.region, context.cache, rest]);
    const { value, isShared } = await deduplicator.share(shared, key, signal, settingsOf(config, options).timeoutMs, async (signal) => {
      const found = await this.#ask(aim, body, context, { ...options, signal });
      if ("text" in found) return found;
      throw new InternalError({ message: "cannot share a call: expected a whole answer, found a stream" });
    });
    if (!isShared) return answerOf(value.text, ownOf(value.security));
    const { costRecord: ___, budgetCheck: ____, ...security } = value.security;
    return answerOf(value.text, { ...ownOf(security), deduplicated: true });
  }

  /** One call: its answer as text, or its stream. */
  async #ask(aim: Aim, body: Body, context: CallContext, options: RequestOptions): Promise<{ text: string; security: SecurityMetadata } | GuardedStreamOf<Chunk>> {
    const { shared } = this.#view;
    const { idempotencyKey: _, ...again } = options;
    const own = { aim: (other: object) => this.aim(other, again) };
    const { maxRetries } = settingsOf(shared.config, options);
    const chain = shared.config.fallback?.begin(own, aim.target.format, body, { maxRetries });
    const call = beginCall({ shared, aim, context, options, chain });
    // A host that ends with the request is told at once that something is owed: the caller may go before the answer comes.
    let over = (_?: SecurityMetadata): void => undefined;
    prolong(context.waitUntil, new Promise<SecurityMetadata | undefined>((resolve) => (over = resolve)));
    let streaming = false;
    let kept: Promise<void> | undefined;
    try {
      if ((await call.proceed()) === "stream") {
        const stream = readStream<Chunk>(call);
        streaming = true;
        void stream.security.then((security) => (call.kept ?? Promise.resolve()).then(() => over(security)));
        return stream;
      }
      const text = call.core.use((core) => core.answer());
      const security = call.security();
      call.over(security);
      kept = call.keep(() => security);
      return { text, security };
    } catch (error) {
      await call.rescue();
      call.over(undefined, { error });
      throw error;
    } finally {
      if (!streaming) {
        if (kept === undefined) over();
        else void kept.then(() => over());
        call.leaveQuietly();
        call.host.deadline.end();
        call.core.free();
      }
    }
  }
}

/** What happened, for one of several callers: lists that each may change for itself. */
function ownOf<S extends SecurityMetadata | Omit<SecurityMetadata, "costRecord" | "budgetCheck">>(security: S): S {
  const { warnings, redactions, vault, fallback } = security;
  return {
    ...security,
    warnings: warnings.map((warning) => ({ ...warning })),
    ...(redactions && { redactions: redactions.map((redaction) => ({ ...redaction })) }),
    ...(vault && { vault: { ...vault, notRestored: [...vault.notRestored] } }),
    ...(fallback && { fallback: { ...fallback, failed: fallback.failed.map((target) => ({ ...target })) } }),
  };
}

/** An answer with what happened around its call. Each caller has a copy of its own. */
function answerOf<Answer extends object>(text: string, security: SecurityMetadata): Guarded<Answer> {
  return Object.assign(JSON.parse(text) as Answer, { security });
}

/** Requests that are answered as a whole. */
export class Asking<C extends GuardedClientConfig, Body extends { model?: unknown }, Answer extends object> extends Endpoint<C, Body, Answer> {
  /**
   * Sends a request. It is guarded and its cost reserved before anything is sent; the answer comes back whole, with `security`
   * beside it.
   *
   * @throws {GuardrailBlockedError} when a guardrail refuses the input (nothing was sent) or the output (it was paid for and recorded)
   * @throws {BudgetExceededError} when a budget has not enough left; nothing was sent
   * @throws {APIError} and its kin when the provider refuses
   */
  create(body: Body, options?: RequestOptions): Promise<Guarded<Answer>> {
    return this.send(body, options) as Promise<Guarded<Answer>>;
  }
}

/** Requests whose answers may be streams. */
export class Streaming<
  C extends GuardedClientConfig,
  Body extends { model?: unknown; stream?: boolean | null },
  Answer extends object,
  Chunk,
> extends Endpoint<C, Body, Answer, Chunk> {
  /**
   * Sends a request. It is guarded and its cost reserved before anything is sent; the answer comes back whole, with `security`
   * beside it, or as a stream that is guarded and metered while it comes.
   *
   * @throws {GuardrailBlockedError} when a guardrail refuses the input (nothing was sent) or the output (it was paid for and recorded)
   * @throws {BudgetExceededError} when a budget has not enough left; nothing was sent
   * @throws {APIError} and its kin when the provider refuses
   */
  create(body: Body & { stream?: false | null }, options?: RequestOptions): Promise<Guarded<Answer>>;
  create(body: Body & { stream: true }, options?: RequestOptions): Promise<GuardedStreamOf<Chunk>>;
  create(body: Body, options?: RequestOptions): Promise<Guarded<Answer> | GuardedStreamOf<Chunk>>;
  create(body: Body, options?: RequestOptions): Promise<Guarded<Answer> | GuardedStreamOf<Chunk>> {
    return this.send(body, options);
  }
}
