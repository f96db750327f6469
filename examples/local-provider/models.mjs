// @ts-check
/**
 * The models that the simulator knows by name: whose endpoint serves them, and the dated model behind a short name.
 *
 * @module
 */

/** @typedef {"chat" | "responses" | "completions" | "embeddings" | "images" | "speech" | "transcriptions" | "messages" | "gemini"} Kind */

const CHAT = { served: /^(?:ft:)?(?:gpt-(?!image|4o-mini-tts|4o-(?:mini-)?transcribe)|chatgpt-(?!image)|o\d|computer-use-preview)/, usual: "gpt-4o-mini" };

/** Whose models an endpoint serves, and what is behind a deployment whose name says nothing. @type {Record<Kind, { served: RegExp, usual: string }>} */
const KINDS = {
  chat: CHAT,
  responses: CHAT,
  completions: { served: /^(?:ft:)?(?:gpt-3\.5-turbo-instruct|davinci-002|babbage-002)/, usual: "gpt-3.5-turbo-instruct" },
  embeddings: { served: /^text-embedding-(?:3-small|3-large|ada-002)$/, usual: "text-embedding-3-small" },
  images: { served: /^(?:dall-e-[23]|gpt-image-|chatgpt-image-)/, usual: "gpt-image-1" },
  speech: { served: /^(?:tts-1|gpt-4o-mini-tts)/, usual: "gpt-4o-mini-tts" },
  transcriptions: { served: /^(?:whisper-1$|gpt-4o-(?:mini-)?transcribe)/, usual: "whisper-1" },
  messages: { served: /^claude-/, usual: "claude-sonnet-4-5" },
  gemini: { served: /^(?:gemini|gemma)-/, usual: "gemini-2.5-flash" },
};

/** @type {Record<string, string>} */
const DATED = {
  "gpt-4o": "gpt-4o-2024-08-06",
  "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
  "gpt-4.1": "gpt-4.1-2025-04-14",
  "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
  "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
  "gpt-5": "gpt-5-2025-08-07",
  "gpt-5-mini": "gpt-5-mini-2025-08-07",
  "gpt-5-nano": "gpt-5-nano-2025-08-07",
  "o3": "o3-2025-04-16",
  "o4-mini": "o4-mini-2025-04-16",
  "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
  "claude-haiku-4-5": "claude-haiku-4-5-20251001",
  "claude-opus-4-5": "claude-opus-4-5-20251101",
  "claude-opus-4-1": "claude-opus-4-1-20250805",
  "claude-sonnet-4-0": "claude-sonnet-4-20250514",
  "claude-opus-4-0": "claude-opus-4-20250514",
};

/** Models that think before they answer. OpenAI's take their limit as `max_completion_tokens` only. */
export const REASONING = /^(?:ft:)?(?:o\d|gpt-5|gpt-6)/;

/** @param {string} name @param {Kind} kind */
export function isServed(name, kind) {
  return KINDS[kind].served.test(name);
}

/**
 * The model that an answer names.
 *
 * @param {string} name of a model, or of a deployment
 * @param {Kind} kind
 */
export function modelBehind(name, kind) {
  const model = isServed(name, kind) ? name : KINDS[kind].usual;
  return DATED[model] ?? model;
}
