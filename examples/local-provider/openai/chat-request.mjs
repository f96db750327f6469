// @ts-check
/**
 * Reads the body of a chat completion and refuses what the API would refuse, in its words. A client that sends a
 * parameter of its own invention, or a limit in a field that the model does not take, must learn it here and not in production.
 *
 * @module
 */

import { badParameter, Refusal } from "../failures.mjs";
import { REASONING } from "../models.mjs";
import { checkChoice, checkInteger, checkModel, checkPresent, checkStreaming, checkStrict, invalidType, names, parse, quoted } from "./checks.mjs";

const KNOWN = names(
  `audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages metadata
  modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options
  prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options
  temperature tool_choice tools top_logprobs top_p user verbosity web_search_options`,
);
const ROLES = ["system", "developer", "user", "assistant", "tool", "function"];
export const TIERS = ["auto", "default", "flex", "scale", "priority", "fast"];

/** Parameters that ask for something the simulator does not make; silence about them would be a wrong answer. */
const NOT_SIMULATED = ["audio", "logprobs", "functions", "moderation", "prediction"];

/**
 * Parses and checks a body.
 *
 * @param {import("../reply.mjs").Call} call
 * @returns {Record<string, any>} the request, with the model that serves it
 */
export function readChat(call) {
  const request = parse(call.text, call.api.takes === undefined ? KNOWN : new Set([...KNOWN, ...names(call.api.takes)]));
  request.model = checkModel(request.model, "chat", call);
  checkPresent(request, "messages");
  checkMessages(request.messages);
  checkLimits(request);
  checkStreaming(request);
  checkTools(request);
  checkFormat(request.response_format);
  checkChoice(request, "service_tier", TIERS);
  for (const name of NOT_SIMULATED) {
    if (request[name]) throw badParameter(name, "unsupported_parameter", `Unsupported parameter: '${name}' is not simulated by the local provider.`);
  }
  return request;
}

/** @param {unknown} messages */
function checkMessages(messages) {
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
  checkInteger(request, "max_tokens", 1, 1_000_000);
  checkInteger(request, "max_completion_tokens", 1, 1_000_000);
  checkInteger(request, "n", 1, 128);
  if (request.max_tokens != null && request.max_completion_tokens != null) {
    throw badParameter("max_tokens", "invalid_parameter_combination", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.");
  }
  if (request.max_tokens != null && REASONING.test(request.model)) {
    throw badParameter("max_tokens", "unsupported_parameter", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.");
  }
}

const FORMATS = ["json_object", "json_schema", "text"];

/** @param {any} format */
function checkFormat(format) {
  if (format == null) return;
  if (!FORMATS.includes(format.type)) throw badParameter("response_format.type", "invalid_value", `Invalid value: '${format.type}'. Supported values are: ${quoted(FORMATS)}.`);
  if (format.type !== "json_schema") return;
  const { name, strict, schema } = format.json_schema ?? {};
  if (typeof name !== "string") {
    throw badParameter("response_format.json_schema.name", "missing_required_parameter", "Missing required parameter: 'response_format.json_schema.name'.");
  }
  if (strict) checkStrict(schema, name, "response_format");
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
