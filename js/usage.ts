/** Usage out of what a provider answered. */
import { run } from "./core.js";
import { ValidationError } from "./errors.js";
import type { ExtractedUsage, Provider } from "./types.js";

/**
 * What a call consumed, out of what its provider answered, in parts that never overlap.
 *
 * It reads a response's body as text or as object, a usage object alone, and the whole text of a stream: OpenAI's chat
 * completions, responses, embeddings, images, audio and realtime events, Azure, Anthropic, Gemini and Vertex AI, Mistral, Cohere,
 * xAI, Perplexity, OpenRouter, DeepSeek, Groq, Bedrock, and the usage objects of the AI SDK, versions 4 to 7. A provider need
 * not be named; where that matters is in `docs/prices.md`.
 *
 * ```ts
 * const found = extractUsage({ usage: { input_tokens: 3, cache_read_input_tokens: 12304, output_tokens: 550 } });
 * console.log(found?.usage); // { input: 3, cacheRead: 12304, output: 550 }
 * ```
 *
 * @param body - a text or an object
 * @param provider - who answered, where it is known
 * @returns `undefined` where the body tells no usage, or half of one only
 * @throws ValidationError for a body that is neither a text nor an object
 */
export function extractUsage(body: string | object, provider?: Provider): ExtractedUsage | undefined {
  const json = run((core) => core.extractUsage(bodyBytes(body), typeof provider === "string" ? provider : undefined));
  return json === undefined ? undefined : (JSON.parse(json) as ExtractedUsage);
}

const encoder = new TextEncoder();

/**
 * A body as the core takes it.
 *
 * @internal
 */
export function bodyBytes(body: string | object): Uint8Array {
  return encoder.encode(bodyText(body));
}

/**
 * A body as text.
 *
 * @internal
 */
export function bodyText(body: string | object): string {
  if (typeof body === "string") return body;
  let text: string | undefined;
  let cause: unknown;
  if (typeof body === "object" && body !== null) {
    try {
      text = JSON.stringify(body);
    } catch (error) {
      cause = error;
    }
  }
  if (text === undefined) {
    const found = cause === undefined ? (body === null ? "null" : typeof body) : "one that JSON can't hold";
    throw new ValidationError({ message: `cannot read a body: expected a text or an object, found ${found}`, cause });
  }
  return text;
}
