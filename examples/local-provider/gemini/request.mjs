// @ts-check
/**
 * Reads a request for content and refuses what Google's API would refuse, in its words.
 *
 * @module
 */

import { Refusal } from "../failures.mjs";
import { isServed } from "../models.mjs";

const words = (/** @type {string} */ text) => new Set(text.split(/\s+/));

const KNOWN = words("model contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent labels serviceTier store");
const KNOWN_CONFIG = words(
  `stopSequences responseMimeType responseSchema responseJsonSchema responseModalities candidateCount maxOutputTokens temperature
  topP topK seed presencePenalty frequencyPenalty responseLogprobs logprobs enableEnhancedCivicAnswers speechConfig
  thinkingConfig imageConfig mediaResolution audioTimestamp routingConfig`,
);
const MODES = ["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"];

/** Tools that ask for something the simulator does not make; silence about them would be a wrong answer. */
const SIMULATED_TOOLS = words("functionDeclarations");

/** Whose names are data, and stay as they are. */
const DATA = words("args response responseSchema responseJsonSchema parameters parametersJsonSchema properties labels");

/**
 * @param {import("../reply.mjs").Call} call
 * @returns {Record<string, any>}
 */
export function readContent({ text, model = "", url }) {
  const action = url.pathname.slice(url.pathname.lastIndexOf(":") + 1);
  if (!isServed(model, "gemini")) {
    throw new Refusal(404, { message: `models/${model} is not found for API version v1beta, or is not supported for ${action}. Call ListModels to see the list of available models and their supported methods.` });
  }
  const request = parse(text);
  checkNames(request, KNOWN, "");
  checkNames(request.generationConfig ?? {}, KNOWN_CONFIG, "generation_config");
  if (!Array.isArray(request.contents) || request.contents.length === 0) throw invalid("* GenerateContentRequest.contents: contents is not specified\n");
  request.contents.forEach((/** @type {any} */ content, /** @type {number} */ at) => {
    if (content?.role !== undefined && !["user", "model", "function"].includes(content.role)) throw invalid("Please use a valid role: user, model.");
    if (!Array.isArray(content?.parts) || content.parts.length === 0) throw invalid(`* GenerateContentRequest.contents[${at}].parts: contents.parts must not be empty.\n`);
  });
  const { candidateCount, maxOutputTokens } = request.generationConfig ?? {};
  if (maxOutputTokens !== undefined && !(Number.isInteger(maxOutputTokens) && maxOutputTokens > 0)) throw invalid("* GenerateContentRequest.generation_config.max_output_tokens: max_output_tokens must be positive.\n");
  if (candidateCount !== undefined && !(candidateCount >= 1 && candidateCount <= 8)) throw invalid("* GenerateContentRequest.generation_config.candidate_count: candidate_count must be in the range [1, 8].\n");
  checkTools(request);
  return request;
}

/**
 * A request to count, which holds a request for content or its contents.
 *
 * @param {import("../reply.mjs").Call} call
 */
export function readCounted(call) {
  const { generateContentRequest, ...bare } = parse(call.text);
  return readContent({ ...call, text: JSON.stringify(generateContentRequest ?? bare) });
}

/** @param {string} text @returns {Record<string, any>} */
function parse(text) {
  let request;
  try {
    request = JSON.parse(text);
  } catch {
    request = undefined;
  }
  if (typeof request !== "object" || request === null || Array.isArray(request)) throw invalid("Invalid JSON payload received. Unexpected token.");
  return /** @type {Record<string, any>} */ (camel(request));
}

/** Google takes every name in both spellings. @param {unknown} value @returns {unknown} */
function camel(value) {
  if (Array.isArray(value)) return value.map(camel);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
      return [name, DATA.has(name) ? inner : camel(inner)];
    }),
  );
}

/** @param {object} given @param {Set<string>} known @param {string} at */
function checkNames(given, known, at) {
  const extra = Object.keys(given).find((name) => !known.has(name));
  if (extra === undefined) return;
  const description = `Invalid JSON payload received. Unknown name "${extra}"${at ? ` at '${at}'` : ""}: Cannot find field.`;
  throw invalid(description, [{ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [{ ...(at ? { field: at } : {}), description }] }]);
}

/** @param {Record<string, any>} request */
function checkTools({ tools, toolConfig }) {
  const calling = toolConfig?.functionCallingConfig;
  if (calling?.mode !== undefined && !MODES.includes(calling.mode)) throw invalid(`Invalid value at 'tool_config.function_calling_config.mode' (type.googleapis.com/google.ai.generativelanguage.v1beta.FunctionCallingConfig.Mode), "${calling.mode}"`);
  for (const tool of tools ?? []) {
    const other = Object.keys(tool).find((name) => !SIMULATED_TOOLS.has(name));
    if (other !== undefined) throw invalid(`the tool ${other} is not simulated by the local provider`);
    for (const declaration of tool.functionDeclarations ?? []) {
      if (typeof declaration.name !== "string" || !/^[a-zA-Z_][\w.:-]{0,127}$/.test(declaration.name)) {
        throw invalid("* GenerateContentRequest.tools[0].function_declarations[0].name: Invalid function name. Must start with a letter or an underscore.\n");
      }
    }
  }
  if (calling?.mode === "ANY" && !tools?.some((/** @type {any} */ tool) => tool.functionDeclarations?.length)) throw invalid("Function calling config is set without function_declarations.");
}

/** @param {string} message @param {object[]} [details] */
function invalid(message, details) {
  return new Refusal(400, { message, ...(details ? { details } : {}) });
}
