/** Anthropic's messages, guarded. */
import { countAnthropicTokens } from "../request.js";
import type { CallContext, RequestOptions, RequestTokenCount } from "../types.js";
import {
  CLIENT_KEYS,
  Shared,
  checkClient,
  checkContext,
  checkKey,
  checkURL,
  headersOf,
  keyOf,
  mergeContexts,
  shown,
  trimmed,
  type GuardedClientConfig,
} from "./config.js";
import { Streaming, type View } from "./endpoint.js";
import type { MessageCreateRequest, MessageCreateResponse, MessageStreamEvent } from "./types.js";

/** What {@link GuardedAnthropic} is made from. */
export interface GuardedAnthropicConfig extends GuardedClientConfig {
  /** The key, or a function that gives one for each request. Never taken from the environment. */
  apiKey: string | (() => Promise<string>);
  /** `https://api.anthropic.com` if left out. */
  baseURL?: string;
  /** The version of the API: `2023-06-01` if left out. */
  anthropicVersion?: string;
}

const KEYS = [...CLIENT_KEYS, "apiKey", "baseURL", "anthropicVersion"];

/** `messages` of a {@link GuardedAnthropic}. */
export class GuardedMessages extends Streaming<GuardedAnthropicConfig, MessageCreateRequest, MessageCreateResponse, MessageStreamEvent> {
  readonly #shared: Shared<GuardedAnthropicConfig>;

  /** @internal */
  constructor(view: View<GuardedAnthropicConfig>) {
    super(view, {
      target: (config) => ({ url: `${baseURL(config)}/v1/messages`, format: "messages", provider: "anthropic" }),
      headers,
    });
    this.#shared = view.shared;
  }

  /** What a request has in input tokens, by Anthropic's own count: free of charge, and neither guarded nor recorded. */
  async countTokens(request: Omit<MessageCreateRequest, "max_tokens"> & { max_tokens?: number }, options: { signal?: AbortSignal } = {}): Promise<RequestTokenCount> {
    const { config } = this.#shared;
    const apiKey = await keyOf(config.apiKey);
    return countAnthropicTokens(request, {
      apiKey,
      baseURL: baseURL(config),
      ...(config.fetch !== undefined && { fetch: config.fetch }),
      ...(options.signal !== undefined && { signal: options.signal }),
    });
  }
}

/** Anthropic's client for messages, with guardrails, budget and exact cost around every call. */
export class GuardedAnthropic {
  /** Messages. */
  readonly messages: GuardedMessages;
  readonly #view: View<GuardedAnthropicConfig>;

  /** `view` is for {@link GuardedAnthropic.with}. */
  constructor(config: GuardedAnthropicConfig, view?: View<GuardedAnthropicConfig>) {
    this.#view = view ?? { shared: new Shared(checkConfig, config), context: {} };
    this.messages = new GuardedMessages(this.#view);
  }

  /** The same client, spending on somebody's account: it shares everything, and is cheap enough for each request. */
  with(context: CallContext): GuardedAnthropic {
    checkContext(context);
    const { shared } = this.#view;
    return new GuardedAnthropic(shared.config, { shared, context: mergeContexts(this.#view.context, context) });
  }

  /** How it is configured, without the key. */
  getConfig(): Omit<GuardedAnthropicConfig, "apiKey"> {
    return this.#view.shared.without("apiKey");
  }

  /** Changes the configuration, for this client and all its views. */
  updateConfig(partial: Partial<GuardedAnthropicConfig>): void {
    this.#view.shared.update(partial);
  }

  /** What a logger may see: never the key. */
  toJSON(): { client: string; baseURL: string } {
    return { client: "GuardedAnthropic", baseURL: shown(baseURL(this.#view.shared.config)) };
  }
}

/** A {@link GuardedAnthropic}. */
export function createGuardedAnthropic(config: GuardedAnthropicConfig): GuardedAnthropic {
  return new GuardedAnthropic(config);
}

async function headers(config: GuardedAnthropicConfig, options: RequestOptions): Promise<Headers> {
  const key = await keyOf(config.apiKey);
  return headersOf(config, { "x-api-key": key, "anthropic-version": config.anthropicVersion ?? "2023-06-01" }, options);
}

function baseURL(config: GuardedAnthropicConfig): string {
  return trimmed(config.baseURL ?? "https://api.anthropic.com").replace(/\/v1$/, "");
}

function checkConfig(config: GuardedAnthropicConfig): GuardedAnthropicConfig {
  const checked = checkClient("the options of GuardedAnthropic", config, KEYS);
  checkKey(config.apiKey);
  checkURL("baseURL", config.baseURL);
  return checked;
}
