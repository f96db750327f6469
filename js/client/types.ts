/**
 * The wire formats as types: what the guarded clients read, with room for every other field. Requests of the
 * official SDK's types go in, and answers go where its types are expected.
 */

/**
 * What a field may be that is not read here. Not `unknown`: the interfaces of the SDKs, which have no index signature, go where any
 * field may be anything, and nowhere else.
 */
type Anything = any;

/** A part of a message. */
export type ChatContentPart =
  | { type: "text"; text: string }
  | { type: "image_url"; image_url: { url: string; detail?: "auto" | "low" | "high" | (string & {}) } }
  | { type: "input_audio"; input_audio: { data: string; format: "wav" | "mp3" } }
  | { type: "file"; file: { file_data?: string; file_id?: string; filename?: string } }
  | { type: "refusal"; refusal: string };

/** A call of a tool that the model asks for. */
export interface ChatToolCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

/** A call of a tool that takes any text. */
export interface ChatCustomToolCall {
  id: string;
  type: "custom";
  custom: { name: string; input: string };
}

/** A message of a request. */
export interface ChatMessage {
  role: "system" | "developer" | "user" | "assistant" | "tool" | "function";
  content?: string | ChatContentPart[] | null;
  name?: string;
  tool_calls?: (ChatToolCall | ChatCustomToolCall)[];
  tool_call_id?: string;
  refusal?: string | null;
}

/** A chat completion request. Every parameter of the API passes. */
export interface ChatCompletionRequest {
  model: string;
  messages: ChatMessage[];
  stream?: boolean | null;
  stream_options?: { include_usage?: boolean } | null;
  max_tokens?: number | null;
  max_completion_tokens?: number | null;
  n?: number | null;
  temperature?: number | null;
  top_p?: number | null;
  stop?: string | string[] | null;
  service_tier?: "auto" | "default" | "flex" | "scale" | "priority" | (string & {}) | null;
  tools?: unknown[];
  tool_choice?: unknown;
  response_format?: unknown;
  [parameter: string]: Anything;
}

/** What the provider says was consumed. */
export interface CompletionUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details?: { cached_tokens?: number; audio_tokens?: number };
  completion_tokens_details?: {
    reasoning_tokens?: number;
    audio_tokens?: number;
    accepted_prediction_tokens?: number;
    rejected_prediction_tokens?: number;
  };
}

/** Why a choice ended. */
export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter" | "function_call";

/** A chat completion. */
export interface ChatCompletionResponse {
  id: string;
  object: "chat.completion";
  created: number;
  model: string;
  choices: {
    index: number;
    message: { role: "assistant"; content: string | null; refusal: string | null; tool_calls?: ChatToolCall[] };
    finish_reason: FinishReason;
    logprobs: null | object;
  }[];
  usage?: CompletionUsage;
  service_tier?: "auto" | "default" | "flex" | "scale" | "priority" | (string & {}) | null;
  system_fingerprint?: string;
}

/** A chunk of a streamed chat completion. */
export interface ChatCompletionChunk {
  id: string;
  object: "chat.completion.chunk";
  created: number;
  model: string;
  choices: {
    index: number;
    delta: {
      role?: "system" | "developer" | "user" | "assistant" | "tool";
      content?: string | null;
      refusal?: string | null;
      tool_calls?: { index: number; id?: string; type?: "function"; function?: { name?: string; arguments?: string } }[];
    };
    finish_reason: FinishReason | null;
    logprobs?: null | object;
  }[];
  usage?: CompletionUsage | null;
  service_tier?: "auto" | "default" | "flex" | "scale" | "priority" | (string & {}) | null;
  system_fingerprint?: string;
}

/** Texts to embed. Every parameter of the API passes. */
export interface EmbeddingRequest {
  model: string;
  input: string | string[] | number[] | number[][];
  dimensions?: number;
  encoding_format?: "float" | "base64";
  user?: string;
  [parameter: string]: Anything;
}

/** Embeddings. */
export interface EmbeddingResponse {
  object: "list";
  model: string;
  data: { object: "embedding"; index: number; embedding: number[] }[];
  usage: { prompt_tokens: number; total_tokens: number };
}

/** A request for a response of a model. Every parameter of the API passes. */
export interface ModelResponseRequest {
  model?: string;
  input?: string | unknown[];
  instructions?: string | null;
  stream?: boolean | null;
  max_output_tokens?: number | null;
  previous_response_id?: string | null;
  service_tier?: "auto" | "default" | "flex" | "scale" | "priority" | (string & {}) | null;
  tools?: unknown[];
  [parameter: string]: Anything;
}

/** A response of a model. */
export interface ModelResponse {
  id: string;
  object: "response";
  created_at: number;
  model: string;
  status?: "completed" | "failed" | "in_progress" | "cancelled" | "queued" | "incomplete";
  output: ({ type: string } & Record<string, unknown>)[];
  usage?: {
    input_tokens: number;
    output_tokens: number;
    total_tokens: number;
    input_tokens_details: { cached_tokens: number };
    output_tokens_details: { reasoning_tokens: number };
  };
}

/** An event of a streamed response: its `type` says which. */
export type ModelResponseEvent = { type: string; sequence_number?: number } & Record<string, unknown>;

/** A part of a message of Anthropic's. */
export type MessageContent =
  | { type: "text"; text: string; cache_control?: unknown; citations?: unknown }
  | { type: "thinking"; thinking: string; signature: string }
  | { type: "tool_use"; id: string; name: string; input: unknown; cache_control?: unknown }
  | { type: "tool_result"; tool_use_id: string; content?: string | MessageContent[]; is_error?: boolean; cache_control?: unknown }
  | { type: "image" | "document"; source: Record<string, unknown>; title?: string | null; context?: string | null; [field: string]: Anything }
  | { type: string & {}; [field: string]: Anything };

/** A request for a message. Every parameter of the API passes. */
export interface MessageCreateRequest {
  model: string;
  max_tokens: number;
  messages: { role: "user" | "assistant" | "system"; content: string | MessageContent[] }[];
  system?: string | { type: "text"; text: string; cache_control?: unknown }[];
  stream?: boolean | null;
  stop_sequences?: string[];
  temperature?: number;
  top_p?: number;
  top_k?: number;
  service_tier?: "auto" | "standard_only" | (string & {}) | null;
  tools?: unknown[];
  tool_choice?: unknown;
  thinking?: unknown;
  metadata?: { user_id?: string | null };
  [parameter: string]: Anything;
}

/** What Anthropic says was consumed. */
export interface MessageUsage {
  input_tokens: number;
  output_tokens: number;
  cache_creation_input_tokens?: number | null;
  cache_read_input_tokens?: number | null;
}

/** A message. */
export interface MessageCreateResponse {
  id: string;
  type: "message";
  role: "assistant";
  model: string;
  content: MessageContent[];
  stop_reason: "end_turn" | "max_tokens" | "stop_sequence" | "tool_use" | "pause_turn" | "refusal" | (string & {}) | null;
  stop_sequence: string | null;
  usage: MessageUsage;
}

/** An event of a streamed message. */
export type MessageStreamEvent =
  | { type: "message_start"; message: MessageCreateResponse }
  | { type: "content_block_start"; index: number; content_block: MessageContent }
  | { type: "content_block_delta"; index: number; delta: { type: string } & Record<string, unknown> }
  | { type: "content_block_stop"; index: number }
  | { type: "message_delta"; delta: { stop_reason: MessageCreateResponse["stop_reason"]; stop_sequence: string | null }; usage: Partial<MessageUsage> }
  | { type: "message_stop" }
  | { type: "ping" };

/** A chat completion request to a deployment of Azure's; `model` may stand in its place. */
export interface AzureChatCompletionRequest extends Omit<ChatCompletionRequest, "model"> {
  deployment?: string;
  model?: string;
  [parameter: string]: Anything;
}

/** A chat completion of Azure's, with what its content filter says. */
export interface AzureChatCompletionResponse extends ChatCompletionResponse {
  prompt_filter_results?: unknown[];
}

/** Texts to embed by a deployment of Azure's. */
export interface AzureEmbeddingRequest extends Omit<EmbeddingRequest, "model"> {
  deployment?: string;
  model?: string;
  [parameter: string]: Anything;
}
