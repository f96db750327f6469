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
  return tokens + countSchema(request.response_format?.json_schema);
}

/**
 * Counts the input of a message to Claude, as Anthropic's endpoint for that says it.
 *
 * @param {Record<string, any>} request a valid request body
 * @returns {number}
 */
export function countMessages(request) {
  let tokens = PER_ANSWER + countContent(request.system);
  for (const message of request.messages) tokens += PER_MESSAGE + countTokens(message.role) + countContent(message.content);
  for (const tool of request.tools ?? []) tokens += countTokens(JSON.stringify(tool));
  return tokens + countSchema(request.output_config?.format?.schema);
}

/**
 * Counts the input of a response: instructions, items, tools and the schema of the answer.
 *
 * @param {Record<string, any>} request a valid request body
 * @returns {number}
 */
export function countInput(request) {
  let tokens = PER_ANSWER;
  if (request.instructions) tokens += PER_MESSAGE + countTokens(request.instructions);
  for (const item of typeof request.input === "string" ? [{ role: "user", content: request.input }] : (request.input ?? [])) {
    tokens += PER_MESSAGE + countTokens(item.role ?? item.type ?? "") + countContent(item.content) + countContent(item.output) + countTokens(item.arguments ?? "");
  }
  for (const tool of request.tools ?? []) tokens += countTokens(JSON.stringify(tool));
  return tokens + countSchema(request.text?.format?.schema);
}

/**
 * Counts the contents of a request to Gemini.
 *
 * @param {Record<string, any>} request a valid request body
 * @returns {number}
 */
export function countContents(request) {
  let tokens = PER_ANSWER + countContent(request.systemInstruction?.parts);
  for (const content of request.contents) tokens += PER_MESSAGE + countTokens(content.role ?? "user") + countContent(content.parts);
  for (const tool of request.tools ?? []) tokens += countTokens(JSON.stringify(tool));
  return tokens + countSchema(request.generationConfig?.responseSchema ?? request.generationConfig?.responseJsonSchema);
}

/** @param {unknown} schema */
function countSchema(schema) {
  return schema === undefined ? 0 : countTokens(JSON.stringify(schema));
}

const IMAGES = new Set(["image_url", "image", "input_image"]);

/** Counts a text, or the parts of a message in any of the formats. @param {unknown} content @returns {number} */
function countContent(content) {
  if (typeof content === "string") return countTokens(content);
  if (!Array.isArray(content)) return 0;
  let tokens = 0;
  for (const part of content) {
    if (IMAGES.has(part?.type) || part?.inlineData || part?.fileData) tokens += PER_IMAGE;
    else if (part?.type === "tool_result") tokens += countContent(part.content);
    else if (part?.type === "tool_use") tokens += countTokens(JSON.stringify({ name: part.name, input: part.input }));
    else if (part?.type === "document") tokens += part.source?.type === "text" ? countTokens(part.source.data ?? "") : PER_IMAGE;
    else if (part?.functionCall) tokens += countTokens(JSON.stringify(part.functionCall));
    else if (part?.functionResponse) tokens += countTokens(JSON.stringify(part.functionResponse));
    else tokens += countTokens(part?.text ?? part?.refusal ?? "");
  }
  return tokens;
}

/**
 * The text of a message's content, in any of the formats.
 *
 * @param {unknown} content
 * @returns {string}
 */
export function textIn(content) {
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part) => part?.text ?? "").join("") : "";
}
