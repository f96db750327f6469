/** OpenAI's API, guarded: chat completions, responses, embeddings. */
import type { RequestOptions } from "../types.js";
import { GuardedClient, viewOf, type Kind } from "./client.js";
import {
  CLIENT_KEYS,
  checkClient,
  checkKey,
  checkURL,
  headersOf,
  keyOf,
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
export class GuardedOpenAI extends GuardedClient<GuardedOpenAIConfig, "apiKey", GuardedOpenAI, { client: string; baseURL: string }> {
  /** Chat completions. */
  readonly chat: { readonly completions: GuardedChatCompletions };
  /** Responses. */
  readonly responses: GuardedResponses;
  /** Embeddings. */
  readonly embeddings: GuardedEmbeddings;

  /** `view` is for {@link GuardedOpenAI.with}. */
  constructor(config: GuardedOpenAIConfig, view?: View<GuardedOpenAIConfig>) {
    const own = view ?? viewOf(KIND, config);
    super(KIND, own);
    this.chat = { completions: new Streaming(own, sending("chat", "/chat/completions")) };
    this.responses = new Streaming(own, sending("responses", "/responses"));
    this.embeddings = new Asking(own, sending("embeddings", "/embeddings"));
  }
}

/** What the client is, beside what it can be asked for. */
const KIND: Kind<GuardedOpenAIConfig, "apiKey", GuardedOpenAI> = {
  check: checkConfig,
  secrets: ["apiKey"],
  make: (config, view) => new GuardedOpenAI(config, view),
  shown: (config) => ({ client: "GuardedOpenAI", baseURL: shown(baseURL(config)) }),
};

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
