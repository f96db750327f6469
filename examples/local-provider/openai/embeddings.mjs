// @ts-check
/**
 * OpenAI's embeddings. A vector is the sum of those of the text's tokens, which are fixed and otherwise random: equal texts
 * have equal vectors, and texts that share words are nearer to each other than others.
 *
 * @module
 */

import { badParameter } from "../failures.mjs";
import { numbers } from "../ids.mjs";
import { wholeOf } from "../reply.mjs";
import { tokenize } from "../tokens.mjs";
import { checkChoice, checkInteger, checkModel, checkPresent, invalidType, names, parse } from "./checks.mjs";

const KNOWN = names("input model dimensions encoding_format user");

/** @type {Record<string, number>} */
const DIMENSIONS = { "text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536 };

/** A token that a request gives by its number is as good as a word. */
const isTokens = (/** @type {unknown} */ value) => Array.isArray(value) && value.length > 0 && value.every((one) => Number.isSafeInteger(one));

/** @param {import("../reply.mjs").Call} call */
export function embeddings(call) {
  const request = parse(call.text, KNOWN);
  const model = checkModel(request.model, "embeddings", call);
  checkPresent(request, "input");
  checkChoice(request, "encoding_format", ["float", "base64"]);
  const most = DIMENSIONS[model] ?? 1536;
  checkInteger(request, "dimensions", 1, most);
  if (request.dimensions != null && model.endsWith("ada-002")) throw badParameter("dimensions", "unsupported_parameter", "This model does not support specifying dimensions.");
  const texts = textsOf(request.input);
  const tokens = texts.reduce((sum, pieces) => sum + pieces.length, 0);
  const { step } = call;
  return wholeOf(
    {
      object: "list",
      data: texts.map((pieces, index) => {
        const vector = vectorOf(pieces, request.dimensions ?? most);
        return { object: "embedding", index, embedding: request.encoding_format === "base64" ? packed(vector) : [...vector] };
      }),
      model: step.model ?? model,
      ...(step.noUsage ? {} : { usage: { prompt_tokens: tokens, total_tokens: tokens, ...step.usage } }),
    },
    call,
  );
}

/** @param {any} input @returns {string[][]} the tokens of each text */
function textsOf(input) {
  const inputs = typeof input === "string" || isTokens(input) ? [input] : input;
  if (!Array.isArray(inputs) || inputs.length === 0 || inputs.length > 2048) throw badParameter("input", "invalid_value", "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.");
  return inputs.map((one) => {
    if (one === "") throw badParameter("input", "invalid_value", "Invalid 'input': input cannot be an empty string.");
    if (typeof one === "string") return tokenize(one);
    if (!isTokens(one)) throw invalidType("input", "a string, array of strings, array of integers, or array of integer arrays", one);
    return one.map(String);
  });
}

/** @param {string[]} pieces @param {number} dimensions */
function vectorOf(pieces, dimensions) {
  const sum = new Float64Array(dimensions);
  for (const piece of pieces) {
    const next = numbers(`token ${piece}`);
    for (let at = 0; at < dimensions; at += 1) sum[at] = (sum[at] ?? 0) + next() / 0x80000000 - 1;
  }
  const length = Math.hypot(...sum) || 1;
  return Float32Array.from(sum, (value) => value / length);
}

/** Floats of 32 bits, the lowest byte first. @param {Float32Array} vector */
function packed(vector) {
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  vector.forEach((value, at) => view.setFloat32(at * 4, value, true));
  let bytes = "";
  for (let at = 0; at < view.byteLength; at += 1) bytes += String.fromCharCode(view.getUint8(at));
  return btoa(bytes);
}
