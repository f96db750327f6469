// @ts-check
/**
 * Reads a request for a response and refuses what OpenAI's API would refuse, in its words.
 *
 * @module
 */

import { badParameter, Refusal } from "../failures.mjs";
import { TIERS } from "./chat-request.mjs";
import { checkChoice, checkInteger, checkModel, checkStreaming, checkStrict, invalidType, names, parse, quoted } from "./checks.mjs";

const KNOWN = names(
  `access_programs background context_management conversation image include input instructions max_output_tokens max_tool_calls
  metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options
  prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text tool_choice tools
  top_logprobs top_p truncation user`,
);

/** Parameters that ask for something the simulator does not make; silence about them would be a wrong answer. */
const NOT_SIMULATED = ["background", "conversation", "context_management", "moderation", "prompt", "top_logprobs"];

const FORMATS = ["json_object", "json_schema", "text"];
const CHOICES = ["none", "auto", "required"];
const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/**
 * @param {import("../reply.mjs").Call} call
 * @returns {Record<string, any>} the request, with the model that serves it
 */
export function readResponses(call) {
  const request = parse(call.text, KNOWN);
  request.model = checkModel(request.model, "responses", call);
  checkInput(request);
  checkInteger(request, "max_output_tokens", 16, 1_000_000);
  checkStreaming(request);
  checkTools(request);
  checkFormat(request.text?.format);
  checkChoice(request, "service_tier", TIERS);
  checkChoice(request, "truncation", ["auto", "disabled"]);
  if (request.reasoning?.effort != null && !EFFORTS.includes(request.reasoning.effort)) {
    throw badParameter("reasoning.effort", "invalid_value", `Invalid value: '${request.reasoning.effort}'. Supported values are: ${quoted(EFFORTS)}.`);
  }
  for (const name of NOT_SIMULATED) {
    if (request[name]) throw badParameter(name, "unsupported_parameter", `Unsupported parameter: '${name}' is not simulated by the local provider.`);
  }
  checkPrevious(request.previous_response_id, call.stored);
  return request;
}

/** @param {Record<string, any>} request */
function checkInput({ input, previous_response_id: previous }) {
  if (input == null) {
    if (previous) return;
    throw new Refusal(400, { message: "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided.", param: "input", code: "missing_required_parameter" });
  }
  if (typeof input === "string") return;
  if (!Array.isArray(input)) throw invalidType("input", "one of a string or array of input items", input);
  input.forEach((item, index) => {
    if (typeof item !== "object" || item === null) throw invalidType(`input[${index}]`, "an input item", item);
    if (item.type === undefined && item.role === undefined) throw badParameter(`input[${index}]`, "missing_required_parameter", `Missing required parameter: 'input[${index}].type'.`);
    if (item.type === "function_call_output" && typeof item.call_id !== "string") {
      throw badParameter(`input[${index}].call_id`, "missing_required_parameter", `Missing required parameter: 'input[${index}].call_id'.`);
    }
  });
}

/** @param {Record<string, any>} request */
function checkTools({ tools, tool_choice: choice }) {
  if (typeof choice === "string" && !CHOICES.includes(choice)) throw badParameter("tool_choice", "invalid_value", `Invalid value: '${choice}'. Supported values are: ${quoted(CHOICES)}.`);
  if (tools == null) {
    if (choice === "required" || choice?.type === "function") throw new Refusal(400, { message: "Tool choice '" + (choice.name ?? choice) + "' not found in 'tools' parameter.", param: "tool_choice" });
    return;
  }
  if (!Array.isArray(tools)) throw invalidType("tools", "an array of objects", tools);
  tools.forEach((tool, index) => {
    if (tool?.type !== "function") throw badParameter(`tools[${index}].type`, "unsupported_parameter", `Unsupported parameter: a tool of type '${tool?.type}' is not simulated by the local provider.`);
    if (typeof tool.name !== "string") throw badParameter(`tools[${index}].name`, "missing_required_parameter", `Missing required parameter: 'tools[${index}].name'.`);
    if (tool.strict) checkStrict(tool.parameters, tool.name, `tools[${index}].parameters`);
  });
  if (choice?.type === "function" && !tools.some((tool) => tool.name === choice.name)) {
    throw new Refusal(400, { message: `Tool choice '${choice.name}' not found in 'tools' parameter.`, param: "tool_choice" });
  }
}

/** @param {any} format */
function checkFormat(format) {
  if (format == null) return;
  if (!FORMATS.includes(format.type)) throw badParameter("text.format.type", "invalid_value", `Invalid value: '${format.type}'. Supported values are: ${quoted(FORMATS)}.`);
  if (format.type !== "json_schema") return;
  for (const name of ["name", "schema"]) {
    if (format[name] === undefined) throw badParameter(`text.format.${name}`, "missing_required_parameter", `Missing required parameter: 'text.format.${name}'.`);
  }
  if (format.strict) checkStrict(format.schema, format.name, "text.format.schema");
}

/** @param {unknown} previous @param {Map<string, number>} stored */
function checkPrevious(previous, stored) {
  if (previous == null) return;
  if (typeof previous !== "string" || !previous.startsWith("resp_")) {
    throw badParameter("previous_response_id", "invalid_value", `Invalid 'previous_response_id': '${previous}'. Expected an ID that begins with 'resp'.`);
  }
  if (!stored.has(previous)) throw badParameter("previous_response_id", "previous_response_not_found", `Previous response with id '${previous}' not found.`);
}
