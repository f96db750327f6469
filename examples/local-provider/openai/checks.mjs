// @ts-check
/**
 * What OpenAI's endpoints check alike, and what they say when it fails.
 *
 * @module
 */

import { badParameter, modelNotFound, Refusal } from "../failures.mjs";
import { isServed, modelBehind } from "../models.mjs";

/**
 * Parses a body and refuses parameters that the endpoint does not know.
 *
 * @param {string} text
 * @param {Set<string>} known
 * @returns {Record<string, any>}
 */
export function parse(text, known) {
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
  for (const name of Object.keys(request)) {
    if (!known.has(name)) throw badParameter(name, "unknown_parameter", `Unknown parameter: '${name}'.`);
  }
  return request;
}

/** The parameters of an endpoint, in a text. @param {string} words */
export function names(words) {
  return new Set(words.trim().split(/\s+/));
}

/**
 * The model that serves a request: the dated one behind the name in the body, or behind Azure's deployment.
 *
 * @param {unknown} asked
 * @param {import("../models.mjs").Kind} kind
 * @param {import("../reply.mjs").Call} call
 * @returns {string}
 */
export function checkModel(asked, kind, { api, model }) {
  // A deployment has a name of its owner's choice; what the body says of the model does not matter beside it.
  const name = model ?? asked;
  if (name === undefined || name === "") throw new Refusal(400, { message: "you must provide a model parameter" });
  if (typeof name !== "string") throw invalidType("model", "a string", name);
  if (!(api.serves?.(name) ?? isServed(name, kind))) throw modelNotFound(name);
  return api.serves && api.name !== "azure" ? name : modelBehind(name, kind);
}

/** @param {Record<string, any>} request @param {string} name @param {number} least @param {number} most */
export function checkInteger(request, name, least, most) {
  const value = request[name];
  if (value == null) return;
  if (!Number.isInteger(value)) throw invalidType(name, "an integer", value);
  if (value < least) {
    throw badParameter(name, "integer_below_min_value", `Invalid '${name}': integer below minimum value. Expected a value >= ${least}, but got ${value} instead.`);
  }
  if (value > most) {
    throw badParameter(name, "integer_above_max_value", `Invalid '${name}': integer above maximum value. Expected a value <= ${most}, but got ${value} instead.`);
  }
}

/** @param {Record<string, any>} request @param {string} name @param {readonly unknown[]} values */
export function checkChoice(request, name, values) {
  const value = request[name];
  if (value != null && !values.includes(value)) throw badParameter(name, "invalid_value", `Invalid value: '${value}'. Supported values are: ${quoted(values)}.`);
}

/** @param {Record<string, any>} request @param {string} name */
export function checkPresent(request, name) {
  if (request[name] == null) throw badParameter(name, "missing_required_parameter", `Missing required parameter: '${name}'.`);
}

const STREAM_OPTIONS = new Set(["include_usage", "include_obfuscation"]);

/** @param {Record<string, any>} request */
export function checkStreaming(request) {
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

/**
 * A strict schema names every property as required, and allows no other: the API refuses one that does not.
 *
 * @param {any} schema @param {string} name @param {string} param @param {string[]} [path]
 */
export function checkStrict(schema, name, param, path = []) {
  if (typeof schema !== "object" || schema === null) return;
  const refuse = (/** @type {string} */ why) =>
    new Refusal(400, {
      message: `Invalid schema for ${param === "response_format" ? "response_format" : "function"} '${name}': In context=(${path.map((part) => `'${part}'`).join(", ")}), ${why}`,
      param,
    });
  if (schema.type === "object") {
    if (schema.additionalProperties !== false) throw refuse("'additionalProperties' is required to be supplied and to be false.");
    const missing = Object.keys(schema.properties ?? {}).find((key) => !schema.required?.includes(key));
    if (missing !== undefined) {
      throw refuse(`'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`);
    }
  }
  for (const [key, inner] of Object.entries(schema.properties ?? {})) checkStrict(inner, name, param, [...path, "properties", key]);
  checkStrict(schema.items, name, param, [...path, "items"]);
}

/** @param {string} param @param {string} expected @param {unknown} found */
export function invalidType(param, expected, found) {
  return badParameter(param, "invalid_type", `Invalid type for '${param}': expected ${expected}, but got ${found === null ? "null" : Array.isArray(found) ? "an array" : `a ${typeof found}`} instead.`);
}

/** @param {readonly unknown[]} values */
export function quoted(values) {
  return values.map((value) => `'${value}'`).join(", ");
}
