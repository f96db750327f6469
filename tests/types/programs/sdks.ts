// The types of the official SDKs and ours, each where the other is expected.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI, { AzureOpenAI } from "openai";
import {
  GuardedAnthropic,
  GuardedOpenAI,
  createGuardedFetch,
  type ChatCompletionChunk,
  type ChatCompletionRequest,
  type ChatCompletionResponse,
  type EmbeddingRequest,
  type MessageCreateRequest,
  type MessageCreateResponse,
  type MessageStreamEvent,
  type ModelResponseRequest,
} from "tollgate";

// The guarded fetch is what their options take.
const fetch = createGuardedFetch();
export const sdks = [
  new OpenAI({ apiKey: "sk-...", fetch }),
  new AzureOpenAI({ apiKey: "...", apiVersion: "2024-10-21", endpoint: "https://me.openai.azure.com", fetch: fetch.with({ agentId: "a" }) }),
  new Anthropic({ apiKey: "sk-ant-...", fetch }),
];

// Requests of their types go in.
export const requests = (
  chat: OpenAI.ChatCompletionCreateParams,
  response: OpenAI.Responses.ResponseCreateParams,
  embedding: OpenAI.EmbeddingCreateParams,
  message: Anthropic.MessageCreateParams,
): [ChatCompletionRequest, ModelResponseRequest, EmbeddingRequest, MessageCreateRequest] => [
  chat,
  response,
  embedding,
  message,
];

// What theirs give is ours.
export const answers = (chat: OpenAI.ChatCompletion, chunk: OpenAI.ChatCompletionChunk): [string | null | undefined, string | null | undefined] => {
  const ours: Pick<ChatCompletionResponse, "id" | "model" | "created"> = chat;
  const part: Pick<ChatCompletionChunk, "id" | "model" | "created"> = chunk;
  return [ours.id, part.id];
};

export async function asked(openai: GuardedOpenAI, anthropic: GuardedAnthropic): Promise<string> {
  const params: OpenAI.ChatCompletionCreateParamsNonStreaming = { model: "gpt-5-mini", messages: [{ role: "user", content: "Hi" }] };
  const answer = await openai.chat.completions.create({ ...params, messages: [{ role: "user", content: "Hi" }] });
  const message: MessageCreateResponse = await anthropic.messages.create({ model: "claude-sonnet-4-5", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] });
  const stream = await anthropic.messages.create({ model: "claude-sonnet-4-5", max_tokens: 9, stream: true, messages: [] });
  let text = "";
  for await (const event of stream) {
    const seen: MessageStreamEvent = event;
    if (seen.type === "content_block_delta" && seen.delta.type === "text_delta") text += String(seen.delta["text"]);
  }
  const { tokens } = await anthropic.messages.countTokens({ model: "claude-sonnet-4-5", messages: [] });
  // @ts-expect-error a maximum must be there
  await anthropic.messages.create({ model: "claude-sonnet-4-5", messages: [] });
  return `${answer.choices[0]?.message.content} ${message.stop_reason} ${text} ${tokens}`;
}
