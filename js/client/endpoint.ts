/** One thing that a guarded client can be asked for: chat completions, messages, embeddings. */
import { toJson } from "../store/json.js";
import type { CallContext, RequestOptions, SecurityMetadata } from "../types.js";
import { beginCall } from "./begin.js";
import { checkOptions, contextOf, type GuardedClientConfig, type Shared } from "./config.js";
import { readStream, type GuardedStreamOf } from "./stream.js";
import type { Target } from "./target.js";

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

  /** Begins a call, and gives its answer, or its stream. @internal */
  protected async send(body: Body, options: RequestOptions = {}): Promise<Guarded<Answer> | GuardedStreamOf<Chunk>> {
    checkOptions(options);
    const { shared, context: view } = this.#view;
    const { config } = shared;
    const target = this.#sending.target(config, body);
    const model = target.model ?? (typeof body?.model === "string" ? body.model : undefined);
    const context = contextOf(config, { url: target.url, ...(model !== undefined && { model }) }, view, options.tollgate);
    const call = beginCall({
      shared,
      target,
      context,
      options,
      model,
      fetch: config.fetch,
      headers: () => this.#sending.headers(config, options),
      text: toJson(this.#sending.request?.(body) ?? body, "request"),
    });
    // A host that ends with the request is told at once that something is owed: the caller may go before the answer comes.
    let over = (): void => undefined;
    context.waitUntil?.(new Promise<void>((resolve) => (over = resolve)));
    let streaming = false;
    try {
      if ((await call.proceed()) === "stream") {
        const stream = readStream<Chunk>(call);
        streaming = true;
        void stream.security.then(over);
        return stream;
      }
      const answer = JSON.parse(call.core.use((core) => core.answer())) as Answer;
      const security = call.security();
      call.over(security);
      return Object.assign(answer, { security });
    } catch (error) {
      call.over(undefined, { error });
      throw error;
    } finally {
      if (!streaming) {
        over();
        call.host.deadline.end();
        call.core.free();
      }
    }
  }
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
