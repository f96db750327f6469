// @ts-check
/**
 * OpenAI's image generations. Every image is the same grey dot; what it costs is what one of the size and quality costs.
 *
 * @module
 */

import { badParameter } from "../failures.mjs";
import { streamOf, wholeOf } from "../reply.mjs";
import { countTokens } from "../tokens.mjs";
import { checkChoice, checkInteger, checkModel, checkPresent, names, parse } from "./checks.mjs";

const KNOWN = names(
  `background complexity frame_count frame_duration_ms model moderation n output_compression output_format partial_images prompt
  quality response_format safety_identifier size stream style svg user`,
);

/** A picture of one dot, which is one all the same. @type {Record<string, string>} */
const DOTS = {
  png: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==",
  gif: "R0lGODlhAQABAIAAAICAgAAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==",
};

/** What gpt-image-1 is documented to take for an image, by size and quality. @type {Record<string, Record<string, number>>} */
const TOKENS = {
  "1024x1024": { low: 272, medium: 1056, high: 4160 },
  "1024x1536": { low: 408, medium: 1584, high: 6240 },
  "1536x1024": { low: 400, medium: 1568, high: 6208 },
};

/** What a partial image costs. */
const PER_PARTIAL = 100;

/** @param {import("../reply.mjs").Call} call */
export function images(call) {
  const { created, step } = call;
  const request = parse(call.text, KNOWN);
  const model = checkModel(request.model ?? "dall-e-2", "images", call);
  checkPresent(request, "prompt");
  checkInteger(request, "n", 1, model === "dall-e-3" ? 1 : 10);
  const count = request.n ?? 1;
  if (model.startsWith("dall-e-")) {
    checkChoice(request, "response_format", ["url", "b64_json"]);
    if (request.stream) throw badParameter("stream", "unsupported_parameter", "Unsupported parameter: 'stream' is not supported with this model.");
    const revised = model === "dall-e-3" ? { revised_prompt: step.text ?? request.prompt } : {};
    const image = request.response_format === "b64_json" ? { b64_json: DOTS["png"] } : { url: `https://images.invalid/${call.serial}.png` };
    return wholeOf({ created, data: Array.from({ length: count }, () => ({ ...revised, ...image })) }, call);
  }
  if (request.response_format != null) throw badParameter("response_format", "unknown_parameter", "Unknown parameter: 'response_format'.");
  checkChoice(request, "size", ["auto", ...Object.keys(TOKENS)]);
  checkChoice(request, "quality", ["auto", "low", "medium", "high"]);
  checkChoice(request, "background", ["auto", "transparent", "opaque"]);
  checkInteger(request, "partial_images", 0, 3);
  const format = request.output_format ?? "png";
  const picture = DOTS[format];
  if (!picture) throw badParameter("output_format", "unsupported_parameter", `Unsupported parameter: an image of format '${format}' is not simulated by the local provider.`);
  const given = (/** @type {string} */ name, /** @type {string} */ usual) => (request[name] == null || request[name] === "auto" ? usual : request[name]);
  const described = { background: given("background", "opaque"), output_format: format, quality: given("quality", "high"), size: given("size", "1024x1024") };
  if (request.stream && count > 1) throw badParameter("n", "unsupported_parameter", "Unsupported parameter: a stream of several images is not simulated by the local provider.");
  const partial = request.stream ? (request.partial_images ?? 0) : 0;
  const usage = step.noUsage ? {} : { usage: bill(request.prompt, count * ((TOKENS[described.size]?.[described.quality] ?? 0) + partial * PER_PARTIAL), step) };
  if (!request.stream) return wholeOf({ created, ...described, data: Array.from({ length: count }, () => ({ b64_json: picture })), ...usage }, call);
  const drawn = { ...described, created_at: created, b64_json: picture };
  // The last event says of the output's tokens no more than how many there are.
  const { output_tokens_details, ...total } = usage.usage ?? {};
  const events = Array.from({ length: partial }, (_, index) => ({ type: "image_generation.partial_image", ...drawn, partial_image_index: index }));
  return streamOf([...events, { type: "image_generation.completed", ...drawn, ...(usage.usage ? { usage: total } : {}) }], call, { named: true });
}

/** @param {string} prompt @param {number} output @param {import("../controls.mjs").Step} step @returns {Record<string, any>} */
function bill(prompt, output, step) {
  const input = countTokens(String(prompt));
  return {
    input_tokens: input,
    input_tokens_details: { image_tokens: 0, text_tokens: input },
    output_tokens: output,
    output_tokens_details: { image_tokens: output, text_tokens: 0 },
    total_tokens: input + output,
    ...step.usage,
  };
}
