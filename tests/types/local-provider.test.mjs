// Every answer of the local provider, event by event, as a value of the type that the maker's own SDK declares for it: a field
// that is missing, misspelt, too many or of the wrong kind does not compile. And the local provider's own types.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createProvider } from "../../examples/local-provider/handler.mjs";
import { ROOT, run } from "../../scripts/lib/run.mjs";

const BASE = { noEmit: true, target: "es2023", types: [], lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"], module: "nodenext", moduleResolution: "nodenext", strict: true, skipLibCheck: true };

/** Compiles files; the errors of the compiler are the failure. */
async function compile(name, files, options = {}) {
  const folder = mkdtempSync(join(ROOT, `tests/types/.${name}-`));
  try {
    const paths = Object.entries(files).map(([file, text]) => {
      if (text === undefined) return join(ROOT, file);
      writeFileSync(join(folder, file), text);
      return file;
    });
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...BASE, ...options }, files: paths }));
    await run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "--project", folder], { quiet: true });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const TOOLS = "../../tools/node_modules";
const PREAMBLE = `
import type OpenAI from "openai";
import type Anthropic from "${TOOLS}/@anthropic-ai/sdk/index.mjs";
import type { CountTokensResponse, GenerateContentResponse } from "${TOOLS}/@google/genai/dist/node/node.js";

/** An enum is a text on the wire, and a class has no getters there. */
type Wire<T> = T extends string ? \`\${T}\` : T extends readonly (infer U)[] ? Wire<U>[] : T extends object ? { [K in keyof T]: Wire<T[K]> } : T;
export type Content = Wire<Pick<GenerateContentResponse, "candidates" | "modelVersion" | "promptFeedback" | "responseId" | "usageMetadata">>;
export type Counted = Wire<Pick<CountTokensResponse, "totalTokens" | "cachedContentTokenCount">>;

// What the wire has and OpenAI's types leave out.
type Padded<T> = T extends { delta: string } ? T & { obfuscation?: string } : T;
type Response = Omit<OpenAI.Responses.Response, "output_text" | "usage" | "user"> & { store: boolean; usage: OpenAI.Responses.ResponseUsage | null; user: string | null };
type Rewritten<T> = T extends { response: OpenAI.Responses.Response } ? Omit<T, "response"> & { response: Response } : Padded<T>;
export type ResponseEvent = Rewritten<OpenAI.Responses.ResponseStreamEvent>;
export type Chunk = OpenAI.Chat.ChatCompletionChunk & { obfuscation?: string };
export type CompletionChunk = Omit<OpenAI.Completion, "choices"> & { choices: (Omit<OpenAI.CompletionChoice, "finish_reason"> & { finish_reason: "stop" | "length" | "content_filter" | null })[] };
// What Anthropic's types have and the wire leaves out: citations, where none were asked for.
type Block = Exclude<Anthropic.ContentBlock, { type: "text" }> | { type: "text"; text: string };
export type Message = Omit<Anthropic.Message, "content"> & { content: Block[] };
type Begun = Omit<Anthropic.RawContentBlockStartEvent, "content_block"> & { content_block: Block };
export type MessageEvent = Exclude<Anthropic.RawMessageStreamEvent, { type: "content_block_start" }> | Begun | { type: "ping" };
type Filters = { content_filter_results: object };
export type AzureCompletion = Omit<OpenAI.Chat.ChatCompletion, "choices"> & { choices: (OpenAI.Chat.ChatCompletion.Choice & Filters)[]; prompt_filter_results: object[] };
`;

const WEATHER = { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } }, required: ["city", "days"], additionalProperties: false };
const STEPS = {
  plain: {},
  rich: { text: "Look here.", thinking: "Let me see.", cachedTokens: 3, cacheWriteTokens: 2, toolCalls: [{ name: "get_weather", arguments: { city: "Bonn", days: 2 } }], deltaSize: 4 },
  refused: { refusal: "No, no." },
  short: { finishReason: "length" },
};

/** @type {{ path: string, headers: object, body: object, form?: boolean, whole: string, event?: string, streams?: object, more?: object }[]} */
const FORMATS = [
  {
    path: "/v1/chat/completions",
    headers: { authorization: "Bearer sk-local" },
    body: { model: "gpt-4o", messages: [{ role: "user", content: "Hello there" }], tools: [{ type: "function", function: { name: "get_weather", parameters: WEATHER } }] },
    whole: "OpenAI.Chat.ChatCompletion",
    event: "Chunk",
    streams: { stream: true, stream_options: { include_usage: true } },
  },
  {
    path: "/v1/responses",
    headers: { authorization: "Bearer sk-local" },
    body: { model: "gpt-5", input: "Hello there", reasoning: { effort: "low", summary: "auto" }, include: ["reasoning.encrypted_content"], tools: [{ type: "function", name: "get_weather", strict: true, parameters: WEATHER }] },
    whole: "Response",
    event: "ResponseEvent",
    streams: { stream: true },
    more: { failed: { finishReason: "failed" }, broken: { errorAt: 4 } },
  },
  { path: "/v1/embeddings", headers: { authorization: "Bearer sk-local" }, body: { model: "text-embedding-3-small", input: ["a", "b"], dimensions: 3 }, whole: "OpenAI.CreateEmbeddingResponse" },
  {
    path: "/v1/completions",
    headers: { authorization: "Bearer sk-local" },
    body: { model: "gpt-3.5-turbo-instruct", prompt: "Hello there" },
    whole: "OpenAI.Completion",
    event: "CompletionChunk",
    streams: { stream: true },
  },
  {
    path: "/v1/images/generations",
    headers: { authorization: "Bearer sk-local" },
    body: { model: "gpt-image-1", prompt: "A cat" },
    whole: "OpenAI.ImagesResponse",
    event: "OpenAI.ImageGenStreamEvent",
    streams: { stream: true, partial_images: 1 },
  },
  {
    path: "/v1/audio/transcriptions",
    headers: { authorization: "Bearer sk-local" },
    body: { model: "gpt-4o-transcribe", file: new File(["sound"], "a.wav") },
    form: true,
    whole: "OpenAI.Audio.Transcription",
    event: "OpenAI.Audio.TranscriptionStreamEvent",
    streams: { stream: "true" },
  },
  { path: "/v1/moderations", headers: { authorization: "Bearer sk-local" }, body: { input: "[flag violence 0.9]" }, whole: "OpenAI.ModerationCreateResponse" },
  {
    path: "/openai/deployments/d/chat/completions?api-version=2024-10-21",
    headers: { "api-key": "0123" },
    body: { messages: [{ role: "user", content: "Hello there" }] },
    whole: "AzureCompletion",
    more: { filtered: { contentFilter: { hate: "high" } } },
  },
  {
    path: "/v1/messages",
    headers: { "x-api-key": "sk-ant-local", "anthropic-version": "2026-10-21" },
    body: { model: "claude-opus-5-5", max_tokens: 3000, messages: [{ role: "user", content: "Hello there" }], thinking: { type: "adaptive" }, tools: [{ name: "get_weather", input_schema: WEATHER }] },
    whole: "Message",
    event: "MessageEvent",
    streams: { stream: true },
    more: { stopped: { finishReason: "stop_sequence" } },
  },
  {
    path: "/v1/messages/count_tokens",
    headers: { "x-api-key": "sk-ant-local", "anthropic-version": "2026-10-21" },
    body: { model: "claude-opus-5-5", messages: [{ role: "user", content: "Hello there" }] },
    whole: "Anthropic.MessageTokensCount",
  },
  ...["generateContent", "streamGenerateContent?alt=sse"].map((action) => ({
    path: `/v1beta/models/gemini-2.5-flash:${action}`,
    headers: { "x-goog-api-key": "AIzaLocal" },
    body: { contents: [{ role: "user", parts: [{ text: "Hello there" }] }], generationConfig: { thinkingConfig: { includeThoughts: true } } },
    whole: "Content",
    event: "Content",
    more: { blocked: { blockReason: "SAFETY" }, unsafe: { finishReason: "SAFETY" } },
  })),
];

function formOf(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

test("every answer is of the type that the maker's SDK declares", async () => {
  const lines = [PREAMBLE];
  const { handle, script } = createProvider({ now: () => 1_750_000_000_000 });
  for (const { path, headers, body, form, whole, event, streams, more = {} } of FORMATS) {
    for (const [name, step] of Object.entries({ ...STEPS, ...more })) {
      for (const extra of [{}, ...(streams ? [streams] : [])]) {
        script(step);
        const response = await handle(new Request(`http://provider.test${path}`, { method: "POST", headers, body: form ? formOf({ ...body, ...extra }) : JSON.stringify({ ...body, ...extra }) }));
        const text = await response.text();
        assert.equal(response.status, 200, `${path} ${name}: ${text}`);
        const values = response.headers.get("content-type").startsWith("text/event-stream")
          ? text.split(/\r?\n\r?\n/).flatMap((frame) => /^data: (\{.*)$/m.exec(frame)?.slice(1) ?? [])
          : undefined;
        assert.ok(values === undefined || values.length > 0);
        // What is written down is what came: the compiler reads it as it would a program's own.
        for (const value of values ?? [text]) lines.push(`// ${path} ${name}`, `void (${value.trim()} satisfies ${values ? event : whole});`);
      }
    }
  }
  assert.ok(lines.length > 300, `${lines.length} lines`);
  await compile("answers", { "answers.ts": lines.join("\n") });
});

test("the local provider's own types hold", () =>
  compile("simulator", { "examples/local-provider/handler.mjs": undefined }, { allowJs: true, checkJs: true, noUncheckedIndexedAccess: true }));
