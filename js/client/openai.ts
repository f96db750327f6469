/** OpenAI's API, guarded: chat completions, responses, embeddings. */
import type { CallContext, RequestOptions } from "../types.js";
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
import { Asking, Streaming, type Sending, type View } from "./endpoint.js";
import type { Target } from "./target.js";
import type {
  ChatCompletionChunk,
  ChatCompletionRequest,
  ChatCompletionResponse,
  EmbeddingRequest,
  EmbeddingResponse,
  ModelResponse,
  ModelResponseEvent,
  ModelResponseRequest,
} from "./types.js";

/** What {@link GuardedOpenAI} is made from. */
export interface GuardedOpenAIConfig extends GuardedClientConfig {
  /** The key, or a function that gives one for each request. Never taken from the environment. */
  apiKey: string | (() => Promise<string>);
  /** `https://api.openai.com/v1` if left out. */
  baseURL?: string;
  organization?: string;
  project?: string;
}

const KEYS = [...CLIENT_KEYS, "apiKey", "baseURL", "organization", "project"];

/** `chat.completions` of a {@link GuardedOpenAI}. */
export type GuardedChatCompletions = Streaming<GuardedOpenAIConfig, ChatCompletionRequest, ChatCompletionResponse, ChatCompletionChunk>;
/** `responses` of a {@link GuardedOpenAI}. */
export type GuardedResponses = Streaming<GuardedOpenAIConfig, ModelResponseRequest, ModelResponse, ModelResponseEvent>;
/** `embeddings` of a {@link GuardedOpenAI}. */
export type GuardedEmbeddings = Asking<GuardedOpenAIConfig, EmbeddingRequest, EmbeddingResponse>;

/** OpenAI's client, with guardrails, budget and exact cost around every call. */
export class GuardedOpenAI {
  /** Chat completions. */
  readonly chat: { readonly completions: GuardedChatCompletions };
  /** Responses. */
  readonly responses: GuardedResponses;
  /** Embeddings. */
  readonly embeddings: GuardedEmbeddings;
  readonly #view: View<GuardedOpenAIConfig>;

  /** `view` is for {@link GuardedOpenAI.with}. */
  constructor(config: GuardedOpenAIConfig, view?: View<GuardedOpenAIConfig>) {
    this.#view = view ?? { shared: new Shared(checkConfig, config), context: {} };
    this.chat = { completions: new Streaming(this.#view, sending("chat", "/chat/completions")) };
    this.responses = new Streaming(this.#view, sending("responses", "/responses"));
    this.embeddings = new Asking(this.#view, sending("embeddings", "/embeddings"));
  }

  /** The same client, spending on somebody's account: it shares everything, and is cheap enough for each request. */
  with(context: CallContext): GuardedOpenAI {
    checkContext(context);
    const { shared } = this.#view;
    return new GuardedOpenAI(shared.config, { shared, context: mergeContexts(this.#view.context, context) });
  }

  /** How it is configured, without the key. */
  getConfig(): Omit<GuardedOpenAIConfig, "apiKey"> {
    return this.#view.shared.without("apiKey");
  }

  /** Changes the configuration, for this client and all its views. */
  updateConfig(partial: Partial<GuardedOpenAIConfig>): void {
    this.#view.shared.update(partial);
  }

  /** What a logger may see: never the key. */
  toJSON(): { client: string; baseURL: string } {
    return { client: "GuardedOpenAI", baseURL: shown(baseURL(this.#view.shared.config)) };
  }
}

/** A {@link GuardedOpenAI}. */
export function createGuardedOpenAI(config: GuardedOpenAIConfig): GuardedOpenAI {
  return new GuardedOpenAI(config);
}

function sending<Body>(format: Target["format"], path: string): Sending<GuardedOpenAIConfig, Body> {
  return { target: (config) => ({ url: `${baseURL(config)}${path}`, format, provider: "openai" }), headers };
}

async function headers(config: GuardedOpenAIConfig, options: RequestOptions): Promise<Headers> {
  const key = await keyOf(config.apiKey);
  const own = { authorization: `Bearer ${key}`, "openai-organization": config.organization, "openai-project": config.project };
  return headersOf(config, own, options);
}

function baseURL(config: GuardedOpenAIConfig): string {
  return trimmed(config.baseURL ?? "https://api.openai.com/v1");
}

function checkConfig(config: GuardedOpenAIConfig): GuardedOpenAIConfig {
  const checked = checkClient("the options of GuardedOpenAI", config, KEYS);
  checkKey(config.apiKey);
  checkURL("baseURL", config.baseURL);
  return checked;
}
