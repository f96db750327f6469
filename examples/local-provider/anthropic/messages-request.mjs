// @ts-check
/**
 * Reads a request for a message and refuses what Anthropic's API would refuse, in its words.
 *
 * @module
 */

import { Refusal } from "../failures.mjs";
import { isServed, modelBehind } from "../models.mjs";
import { WITHOUT_SAMPLING } from "./api.mjs";

const words = (/** @type {string} */ text) => new Set(text.split(/\s+/));

/** What counting takes too; it refuses the rest. */
const COUNTED = "cache_control context_management mcp_servers messages model output_config output_format system thinking tool_choice tools";

const KNOWN = words(
  `${COUNTED} container diagnostics inference_geo max_tokens metadata service_tier speed stop_sequences stream temperature top_k top_p
  user_profile_id workspace_id`,
);
const KNOWN_TO_COUNTING = words(COUNTED);
const SAMPLING = ["temperature", "top_p", "top_k"];
const TIERS = ["auto", "standard_only"];
const CHOICES = ["auto", "any", "tool", "none"];
const THINKING = ["enabled", "disabled", "adaptive", "between_tools"];

/** Parameters that ask for something the simulator does not make; silence about them would be a wrong answer. */
const NOT_SIMULATED = ["container", "mcp_servers", "context_management"];

/**
 * @param {import("../reply.mjs").Call} call
 * @param {{ counting?: boolean }} [purpose] `counting`: only the input is counted, and no limit is asked for
 * @returns {Record<string, any>} the request, with the model that serves it
 */
export function readMessages(call, { counting = false } = {}) {
  const request = parse(call.text);
  for (const name of ["model", "messages", ...(counting ? [] : ["max_tokens"])]) {
    if (request[name] === undefined) throw invalid(name, "Field required");
  }
  const current = call.headers.get("anthropic-version") === WITHOUT_SAMPLING;
  const known = counting ? KNOWN_TO_COUNTING : KNOWN;
  const extra = Object.keys(request).find((name) => !known.has(name) || (current && SAMPLING.includes(name)));
  if (extra !== undefined) throw invalid(extra, "Extra inputs are not permitted");
  if (typeof request.model !== "string" || request.model === "") throw invalid("model", "Input should be a valid string");
  if (!isServed(request.model, "messages")) throw new Refusal(404, { message: `model: ${request.model}` });
  request.model = modelBehind(request.model, "messages");
  checkMessages(request.messages, current);
  if (!counting) checkLimit(request);
  checkTools(request);
  const simulated = NOT_SIMULATED.find((name) => request[name] != null);
  if (simulated !== undefined && !counting) throw invalid(simulated, "not simulated by the local provider");
  return request;
}

/** @param {string} text @returns {Record<string, any>} */
function parse(text) {
  let request;
  try {
    request = JSON.parse(text);
  } catch (cause) {
    throw new Refusal(400, { message: `The request body is not valid JSON: ${cause instanceof Error ? cause.message : cause}` });
  }
  if (typeof request !== "object" || request === null || Array.isArray(request)) throw new Refusal(400, { message: "Input should be a valid dictionary" });
  return request;
}

/** @param {unknown} messages @param {boolean} current */
function checkMessages(messages, current) {
  if (!Array.isArray(messages)) throw invalid("messages", "Input should be a valid list");
  if (messages.length === 0) throw invalid("messages", "at least one message is required");
  messages.forEach((message, index) => {
    const at = `messages.${index}`;
    if (typeof message !== "object" || message === null) throw invalid(at, "Input should be a valid dictionary");
    if (!["user", "assistant", "system"].includes(message.role)) {
      throw new Refusal(400, { message: `messages: Unexpected role "${message.role}". The Messages API accepts a top-level \`system\` parameter, not "${message.role}" as an input message role.` });
    }
    if (typeof message.content !== "string" && !Array.isArray(message.content)) throw invalid(`${at}.content`, message.content === undefined ? "Field required" : "Input should be a valid list");
    if (message.content.length === 0 && !(message.role === "assistant" && index === messages.length - 1)) {
      throw new Refusal(400, { message: `${at}: all messages must have non-empty content except for the optional final assistant message` });
    }
    if (Array.isArray(message.content)) message.content.forEach((/** @type {any} */ block, /** @type {number} */ place) => checkBlock(block, message.role, `${at}.content.${place}`, current));
  });
  if (messages[0].role === "assistant") throw new Refusal(400, { message: "messages: first message must use the \"user\" role" });
}

/** @param {any} block @param {string} role @param {string} at @param {boolean} current */
function checkBlock(block, role, at, current) {
  if (typeof block?.type !== "string") throw invalid(`${at}.type`, "Field required");
  if (block.type === "text" && typeof block.text !== "string") throw invalid(`${at}.text.text`, "Field required");
  if (block.type === "text" && block.text === "") throw new Refusal(400, { message: "messages: text content blocks must be non-empty" });
  if (block.type === "tool_result" && typeof block.tool_use_id !== "string") throw invalid(`${at}.tool_result.tool_use_id`, "Field required");
  if (current && block.type === "document" && role === "assistant") throw invalid(at, "document blocks are not allowed in assistant messages");
  if (current && block.type === "text" && role === "user" && block.citations?.length) throw invalid(`${at}.citations`, "citations are not allowed in user messages");
}

/** @param {Record<string, any>} request */
function checkLimit(request) {
  if (!Number.isInteger(request.max_tokens)) throw invalid("max_tokens", "Input should be a valid integer");
  if (request.max_tokens < 1) throw invalid("max_tokens", "must be greater than or equal to 1");
  if (request.stream != null && typeof request.stream !== "boolean") throw invalid("stream", "Input should be a valid boolean");
  if (request.service_tier != null && !TIERS.includes(request.service_tier)) throw invalid("service_tier", "Input should be 'auto' or 'standard_only'");
  if (request.temperature != null && !(request.temperature >= 0 && request.temperature <= 1)) throw invalid("temperature", "range: 0..1");
  (request.stop_sequences ?? []).forEach((/** @type {unknown} */ stop, /** @type {number} */ at) => {
    if (typeof stop !== "string" || stop.trim() === "") throw new Refusal(400, { message: `stop_sequences.${at}: each stop sequence must contain non-whitespace` });
  });
  const thinking = request.thinking;
  if (thinking == null) return;
  if (!THINKING.includes(thinking.type)) throw invalid("thinking", `Input tag '${thinking.type}' found using 'type' does not match any of the expected tags: ${THINKING.map((type) => `'${type}'`).join(", ")}`);
  if (thinking.type !== "enabled") return;
  if (!Number.isInteger(thinking.budget_tokens)) throw invalid("thinking.enabled.budget_tokens", "Field required");
  if (thinking.budget_tokens < 1024) throw invalid("thinking.enabled.budget_tokens", "Input should be greater than or equal to 1024");
  if (request.max_tokens <= thinking.budget_tokens) throw new Refusal(400, { message: "`max_tokens` must be greater than `thinking.budget_tokens`." });
}

/** @param {Record<string, any>} request */
function checkTools(request) {
  const choice = request.tool_choice;
  if (choice != null && !CHOICES.includes(choice.type)) {
    throw invalid("tool_choice", `Input tag '${choice.type}' found using 'type' does not match any of the expected tags: ${CHOICES.map((type) => `'${type}'`).join(", ")}`);
  }
  if (choice != null && choice.type !== "none" && !request.tools?.length) throw new Refusal(400, { message: "tool_choice: may only be specified while providing tools" });
  (request.tools ?? []).forEach((/** @type {any} */ tool, /** @type {number} */ at) => {
    if (tool?.type != null && tool.type !== "custom") throw invalid(`tools.${at}`, `'${tool.type}' is not simulated by the local provider`);
    if (typeof tool?.name !== "string") throw invalid(`tools.${at}.custom.name`, "Field required");
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(tool.name)) throw invalid(`tools.${at}.custom.name`, "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
    if (typeof tool.input_schema !== "object" || tool.input_schema === null) throw invalid(`tools.${at}.custom.input_schema`, "Field required");
  });
  if (choice?.type === "tool" && !request.tools.some((/** @type {any} */ tool) => tool.name === choice.name)) {
    throw new Refusal(400, { message: `tool_choice: Tool '${choice.name}' not found in provided tools` });
  }
}

/** @param {string} where @param {string} what */
function invalid(where, what) {
  return new Refusal(400, { message: `${where}: ${what}` });
}
