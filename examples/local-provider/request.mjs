// @ts-check
/**
 * Reads the body of a chat completion and refuses what the API would refuse, in its words. A client that sends a
 * parameter of its own invention, or a limit in a field that the model does not take, must learn it here and not in production.
 *
 * @module
 */

import { badParameter, modelNotFound, Refusal } from "./failures.mjs";

const KNOWN = new Set(
  `audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages metadata
  modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options
  prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options
  temperature tool_choice tools top_logprobs top_p user verbosity web_search_options`.split(/\s+/),
);
const STREAM_OPTIONS = new Set(["include_usage", "include_obfuscation"]);
const ROLES = ["system", "developer", "user", "assistant", "tool", "function"];
const TIERS = ["auto", "default", "flex", "scale", "priority", "fast"];

/** Parameters that ask for something the simulator does not make; silence about them would be a wrong answer. */
const NOT_SIMULATED = ["audio", "logprobs", "functions", "moderation", "prediction"];

/** Models that think before they answer take `max_completion_tokens` only. */
const REASONING = /^(?:ft:)?(?:o\d|gpt-5|gpt-6)/;

/** The ids of OpenAI's own models, and nothing of any other provider. */
const OPENAI = /^(?:ft:)?(?:gpt-|chatgpt-|o\d)/;

/**
 * Parses and checks a body.
 *
 * @param {string} text
 * @returns {Record<string, any>} the request
 */
export function readRequest(text) {
  const request = parse(text);
  for (const name of Object.keys(request)) {
    if (!KNOWN.has(name)) throw badParameter(name, "unknown_parameter", `Unknown parameter: '${name}'.`);
  }
  checkModel(request.model);
  checkMessages(request.messages);
  checkLimits(request);
  checkStreaming(request);
  checkTools(request);
  checkFormat(request.response_format);
  if (request.service_tier != null && !TIERS.includes(request.service_tier)) {
    throw badParameter("service_tier", "invalid_value", `Invalid value: '${request.service_tier}'. Supported values are: ${quoted(TIERS)}.`);
  }
  for (const name of NOT_SIMULATED) {
    if (request[name]) throw badParameter(name, "unsupported_parameter", `Unsupported parameter: '${name}' is not simulated by the local provider.`);
  }
  return request;
}

/** @param {string} text @returns {Record<string, any>} */
function parse(text) {
  let request;
  try {
    request = JSON.parse(text);
  } catch {
    request = undefined;
  }
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    throw new Refusal(400, {
      message: "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
    });
  }
  return request;
}

/** @param {unknown} model */
function checkModel(model) {
  if (model === undefined || model === "") throw new Refusal(400, { message: "you must provide a model parameter" });
  if (typeof model !== "string") throw invalidType("model", "a string", model);
  if (!OPENAI.test(model)) throw modelNotFound(model);
}

/** @param {unknown} messages */
function checkMessages(messages) {
  if (messages === undefined) throw badParameter("messages", "missing_required_parameter", "Missing required parameter: 'messages'.");
  if (!Array.isArray(messages)) throw invalidType("messages", "an array of objects", messages);
  if (messages.length === 0) {
    throw badParameter("messages", "empty_array", "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.");
  }
  messages.forEach((message, index) => {
    const at = `messages[${index}]`;
    if (typeof message !== "object" || message === null) throw invalidType(at, "an object", message);
    if (!ROLES.includes(message.role)) {
      throw badParameter(`${at}.role`, "invalid_value", `Invalid value: '${message.role}'. Supported values are: ${quoted(ROLES)}.`);
    }
    const content = message.content;
    if (typeof content === "string" || Array.isArray(content)) return;
    if (message.role === "assistant" && (message.tool_calls?.length || message.refusal)) return;
    throw badParameter(`${at}.content`, "invalid_type", `Invalid value for 'content': expected a string, got ${content == null ? "null" : typeof content}.`);
  });
}

/** @param {Record<string, any>} request */
function checkLimits(request) {
  for (const [name, least, most] of /** @type {const} */ ([
    ["max_tokens", 1, 1_000_000],
    ["max_completion_tokens", 1, 1_000_000],
    ["n", 1, 128],
  ])) {
    const value = request[name];
    if (value == null) continue;
    if (!Number.isInteger(value)) throw invalidType(name, "an integer", value);
    if (value < least) {
      throw badParameter(name, "integer_below_min_value", `Invalid '${name}': integer below minimum value. Expected a value >= ${least}, but got ${value} instead.`);
    }
    if (value > most) {
      throw badParameter(name, "integer_above_max_value", `Invalid '${name}': integer above maximum value. Expected a value <= ${most}, but got ${value} instead.`);
    }
  }
  if (request.max_tokens != null && request.max_completion_tokens != null) {
    throw badParameter("max_tokens", "invalid_parameter_combination", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.");
  }
  if (request.max_tokens != null && REASONING.test(request.model)) {
    throw badParameter("max_tokens", "unsupported_parameter", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.");
  }
}

/** @param {Record<string, any>} request */
function checkStreaming(request) {
  if (request.stream != null && typeof request.stream !== "boolean") throw invalidType("stream", "a boolean", request.stream);
  if (request.stream_options == null) return;
  if (!request.stream) {
    throw new Refusal(400, { message: "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param: "stream_options" });
  }
  if (typeof request.stream_options !== "object") throw invalidType("stream_options", "an object", request.stream_options);
  for (const name of Object.keys(request.stream_options)) {
    if (!STREAM_OPTIONS.has(name)) throw badParameter(`stream_options.${name}`, "unknown_parameter", `Unknown parameter: 'stream_options.${name}'.`);
  }
}

const FORMATS = ["json_object", "json_schema", "text"];

/** A strict schema names every property as required, and allows no other: the API refuses one that does not. @param {any} format */
function checkFormat(format) {
  if (format == null) return;
  if (!FORMATS.includes(format.type)) throw badParameter("response_format.type", "invalid_value", `Invalid value: '${format.type}'. Supported values are: ${quoted(FORMATS)}.`);
  if (format.type !== "json_schema") return;
  const { name, strict, schema } = format.json_schema ?? {};
  if (typeof name !== "string") {
    throw badParameter("response_format.json_schema.name", "missing_required_parameter", "Missing required parameter: 'response_format.json_schema.name'.");
  }
  if (strict) checkStrict(schema, name, []);
}

/** @param {any} schema @param {string} name @param {string[]} path */
function checkStrict(schema, name, path) {
  if (typeof schema !== "object" || schema === null) return;
  const refuse = (/** @type {string} */ why) =>
    new Refusal(400, {
      message: `Invalid schema for response_format '${name}': In context=(${path.map((part) => `'${part}'`).join(", ")}), ${why}`,
      param: "response_format",
    });
  if (schema.type === "object") {
    if (schema.additionalProperties !== false) throw refuse("'additionalProperties' is required to be supplied and to be false.");
    const missing = Object.keys(schema.properties ?? {}).find((key) => !schema.required?.includes(key));
    if (missing !== undefined) {
      throw refuse(`'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`);
    }
  }
  for (const [key, inner] of Object.entries(schema.properties ?? {})) checkStrict(inner, name, [...path, "properties", key]);
  checkStrict(schema.items, name, [...path, "items"]);
}

/** @param {Record<string, any>} request */
function checkTools(request) {
  if (request.tools == null) {
    if (request.tool_choice != null && request.tool_choice !== "none") {
      throw new Refusal(400, { message: "'tool_choice' is only allowed when 'tools' are specified.", param: "tool_choice" });
    }
    return;
  }
  if (!Array.isArray(request.tools)) throw invalidType("tools", "an array of objects", request.tools);
  if (request.tools.length === 0) {
    throw badParameter("tools", "empty_array", "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.");
  }
  request.tools.forEach((tool, index) => {
    if (tool?.type !== "function") throw badParameter(`tools[${index}].type`, "invalid_value", `Invalid value: '${tool?.type}'. Supported values are: 'function'.`);
    if (typeof tool.function?.name !== "string") {
      throw badParameter(`tools[${index}].function.name`, "missing_required_parameter", `Missing required parameter: 'tools[${index}].function.name'.`);
    }
  });
}

/** @param {string} param @param {string} expected @param {unknown} found */
function invalidType(param, expected, found) {
  return badParameter(param, "invalid_type", `Invalid type for '${param}': expected ${expected}, but got ${found === null ? "null" : Array.isArray(found) ? "an array" : `a ${typeof found}`} instead.`);
}

/** @param {string[]} values */
function quoted(values) {
  return values.map((value) => `'${value}'`).join(", ");
}
