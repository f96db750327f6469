/** Anthropic's messages, guarded. */
import { countAnthropicTokens } from "../request.js";
import type { RequestOptions, RequestTokenCount } from "../types.js";
import { GuardedClient, viewOf, type Kind } from "./client.js";
import {
  CLIENT_KEYS,
  type Shared,
  checkClient,
  checkKey,
  checkURL,
  headersOf,
  keyOf,
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
export class GuardedAnthropic extends GuardedClient<GuardedAnthropicConfig, "apiKey", GuardedAnthropic, { client: string; baseURL: string }> {
  /** Messages. */
  readonly messages: GuardedMessages;

  /** `view` is for {@link GuardedAnthropic.with}. */
  constructor(config: GuardedAnthropicConfig, view?: View<GuardedAnthropicConfig>) {
    const own = view ?? viewOf(KIND, config);
    super(KIND, own);
    this.messages = new GuardedMessages(own);
  }
}

/** What the client is, beside what it can be asked for. */
const KIND: Kind<GuardedAnthropicConfig, "apiKey", GuardedAnthropic> = {
  check: checkConfig,
  secrets: ["apiKey"],
  make: (config, view) => new GuardedAnthropic(config, view),
  shown: (config) => ({ client: "GuardedAnthropic", baseURL: shown(baseURL(config)) }),
};

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
