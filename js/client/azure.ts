/** Azure OpenAI's chat completions, guarded. */
import { ConfigurationError, ValidationError } from "../errors.js";
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
  AzureChatCompletionRequest,
  AzureChatCompletionResponse,
  AzureEmbeddingRequest,
  ChatCompletionChunk,
  EmbeddingResponse,
} from "./types.js";

/** What {@link GuardedAzureOpenAI} is made from: a key, a token, or what provides tokens. */
export interface GuardedAzureOpenAIConfig extends GuardedClientConfig {
  /** `https://<resource>.openai.azure.com`. */
  endpoint: string;
  /** A key of the resource, or a function that gives one. Never taken from the environment. */
  apiKey?: string | (() => Promise<string>);
  /** A token of Microsoft Entra ID. */
  azureADToken?: string;
  /** What gives such tokens: asked for each request. */
  azureADTokenProvider?: () => Promise<string>;
  /** `2024-10-21` if left out. */
  apiVersion?: string;
  /** The deployment of requests that name none. */
  deployment?: string;
  /** Which model each deployment is of: what its tokens cost. A deployment that is not in it is priced by the model that the answer names, else by its own name. */
  deployments?: Record<string, string>;
}

const KEYS = [...CLIENT_KEYS, "endpoint", "apiKey", "azureADToken", "azureADTokenProvider", "apiVersion", "deployment", "deployments"];

/** `chat.completions` of a {@link GuardedAzureOpenAI}. */
export type GuardedAzureChatCompletions = Streaming<
  GuardedAzureOpenAIConfig,
  AzureChatCompletionRequest,
  AzureChatCompletionResponse,
  ChatCompletionChunk
>;
/** `embeddings` of a {@link GuardedAzureOpenAI}. */
export type GuardedAzureEmbeddings = Asking<GuardedAzureOpenAIConfig, AzureEmbeddingRequest, EmbeddingResponse>;

/** Azure OpenAI's client, with guardrails, budget and exact cost around every call. */
export class GuardedAzureOpenAI extends GuardedClient<GuardedAzureOpenAIConfig, "apiKey" | "azureADToken" | "azureADTokenProvider", GuardedAzureOpenAI, { client: string; endpoint: string }> {
  /** Chat completions. */
  readonly chat: { readonly completions: GuardedAzureChatCompletions };
  /** Embeddings. */
  readonly embeddings: GuardedAzureEmbeddings;
  /** The same under the name of deployments. */
  readonly deployments: { readonly chat: { readonly completions: GuardedAzureChatCompletions } };

  /** `view` is for {@link GuardedAzureOpenAI.with}. */
  constructor(config: GuardedAzureOpenAIConfig, view?: View<GuardedAzureOpenAIConfig>) {
    const own = view ?? viewOf(KIND, config);
    super(KIND, own);
    this.chat = { completions: new Streaming(own, sending("chat", "chat/completions")) };
    this.embeddings = new Asking(own, sending("embeddings", "embeddings"));
    this.deployments = { chat: this.chat };
  }
}

/** What the client is, beside what it can be asked for. */
const KIND: Kind<GuardedAzureOpenAIConfig, "apiKey" | "azureADToken" | "azureADTokenProvider", GuardedAzureOpenAI> = {
  check: checkConfig,
  secrets: ["apiKey", "azureADToken", "azureADTokenProvider"],
  make: (config, view) => new GuardedAzureOpenAI(config, view),
  shown: (config) => ({ client: "GuardedAzureOpenAI", endpoint: shown(config.endpoint) }),
};

/** A {@link GuardedAzureOpenAI}. */
export function createGuardedAzureOpenAI(config: GuardedAzureOpenAIConfig): GuardedAzureOpenAI {
  return new GuardedAzureOpenAI(config);
}

type Deployed = { deployment?: string; model?: string };

function sending<Body extends Deployed>(format: Target["format"], path: string): Sending<GuardedAzureOpenAIConfig, Body> {
  return {
    target: (config, body) => {
      const deployment = body?.deployment ?? config.deployment ?? body?.model;
      if (typeof deployment !== "string" || deployment === "") {
        throw new ValidationError({ message: "cannot send: expected a deployment, or a model in its place, found none" });
      }
      const version = encodeURIComponent(config.apiVersion ?? "2024-10-21");
      const { deployments = {} } = config;
      return {
        url: `${trimmed(config.endpoint)}/openai/deployments/${encodeURIComponent(deployment)}/${path}?api-version=${version}`,
        format,
        provider: "azure-openai",
        model: Object.hasOwn(deployments, deployment) ? deployments[deployment]! : deployment,
        mapped: Object.hasOwn(deployments, deployment),
        metadata: { deployment },
      };
    },
    headers,
    // The path says it: a model in the body would be priced in the deployment's place.
    request: ({ deployment: _, model: __, ...request }) => request,
  };
}

async function headers(config: GuardedAzureOpenAIConfig, options: RequestOptions): Promise<Headers> {
  const token = config.azureADTokenProvider ?? config.azureADToken;
  const own =
    token === undefined
      ? { "api-key": await keyOf(config.apiKey!) }
      : { authorization: `Bearer ${await keyOf(token, "the token")}` };
  return headersOf(config, own, options);
}

function checkConfig(config: GuardedAzureOpenAIConfig): GuardedAzureOpenAIConfig {
  const checked = checkClient("the options of GuardedAzureOpenAI", config, KEYS);
  checkKey(config.azureADTokenProvider ?? config.azureADToken ?? config.apiKey);
  if (typeof config.endpoint !== "string") {
    throw new ConfigurationError({ code: "invalid_config", message: "cannot make the client: expected endpoint to be an absolute URL, found none" });
  }
  checkURL("endpoint", config.endpoint);
  return checked;
}
