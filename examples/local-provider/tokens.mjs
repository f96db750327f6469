// @ts-check
/**
 * How the simulator counts tokens: by a fixed rule that anyone can redo by hand, since what it bills must be the same
 * digits on every machine and every day.
 *
 * A text is cut into words (with the one character before them), groups of one to three digits, runs of punctuation and
 * runs of white space; each piece is one token. These are roughly the pieces that OpenAI's own tokenizers cut a text into
 * before merging bytes, so a real tokenizer gives at least about as many tokens as this rule, and never far fewer.
 *
 * @module
 */

import { Refusal } from "./failures.mjs";

const PIECE =
  /[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s+/gu;

/** Tokens that frame each message, and those that open the answer, as OpenAI documents them for its chat models. */
const PER_MESSAGE = 3;
const PER_NAME = 1;
const PER_ANSWER = 3;

/** What an image of low detail costs, whatever its size. The simulator looks at no image. */
const PER_IMAGE = 85;

/**
 * Cuts a text into its tokens; joined together they are the text again.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function tokenize(text) {
  return text.match(PIECE) ?? [];
}

/**
 * @param {string} text
 * @returns {number}
 */
export function countTokens(text) {
  return tokenize(text).length;
}

/**
 * Counts the prompt of a chat completion: all messages with their framing, the tools and the schema of the answer.
 *
 * @param {Record<string, any>} request a valid request body
 * @returns {number}
 */
export function countPrompt(request) {
  let tokens = PER_ANSWER;
  for (const message of request.messages) {
    tokens += PER_MESSAGE + countTokens(message.role) + countContent(message.content);
    if (message.name) tokens += PER_NAME + countTokens(message.name);
    for (const call of message.tool_calls ?? []) tokens += countTokens(JSON.stringify(call.function ?? call.custom ?? {}));
  }
  for (const tool of request.tools ?? []) tokens += countTokens(JSON.stringify(tool.function ?? tool.custom ?? {}));
  if (request.response_format?.json_schema) tokens += countTokens(JSON.stringify(request.response_format.json_schema));
  return tokens;
}

/** What Anthropic's endpoint takes; with anything else it refuses a request. */
const COUNTED = new Set(["model", "messages", "system", "tools", "tool_choice", "thinking", "mcp_servers", "output_config", "output_format", "context_management"]);

/**
 * Counts a request of Anthropic's messages, as its endpoint for that is asked.
 *
 * @param {string} text the body
 * @returns {number}
 */
export function countMessages(text) {
  /** @type {any} */
  let request;
  try {
    request = JSON.parse(text);
  } catch {
    throw new Refusal(400, { message: "The request body is not valid JSON", type: "invalid_request_error" });
  }
  if (typeof request?.model !== "string" || !Array.isArray(request.messages)) {
    throw new Refusal(400, { message: "model: Field required, messages: Field required", type: "invalid_request_error" });
  }
  const extra = Object.keys(request).find((key) => !COUNTED.has(key));
  if (extra !== undefined) throw new Refusal(400, { message: `${extra}: Extra inputs are not permitted`, type: "invalid_request_error" });
  let tokens = PER_ANSWER + countContent(request.system);
  for (const message of request.messages) tokens += PER_MESSAGE + countTokens(message.role ?? "") + countContent(message.content);
  for (const tool of request.tools ?? []) tokens += countTokens(JSON.stringify(tool));
  return tokens;
}

/** @param {unknown} content */
function countContent(content) {
  if (typeof content === "string") return countTokens(content);
  if (!Array.isArray(content)) return 0;
  let tokens = 0;
  for (const part of content) {
    if (part?.type === "image_url") tokens += PER_IMAGE;
    else tokens += countTokens(part?.text ?? part?.refusal ?? "");
  }
  return tokens;
}
