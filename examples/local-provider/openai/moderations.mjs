// @ts-check
/**
 * OpenAI's endpoint that moderates. The simulator has no opinion: a text is flagged for what it says it is to be flagged for,
 * `[flag violence 0.91]`, and for nothing else.
 *
 * @module
 */

import { badParameter } from "../failures.mjs";
import { hex } from "../ids.mjs";
import { wholeOf } from "../reply.mjs";

const CATEGORIES = `harassment harassment/threatening hate hate/threatening illicit illicit/violent self-harm self-harm/instructions
  self-harm/intent sexual sexual/minors violence violence/graphic`.split(/\s+/);
const MODELS = ["omni-moderation-latest", "omni-moderation-2024-09-26", "text-moderation-latest", "text-moderation-stable"];

/** A score that no text asked for. */
const LOW = 0.0001;

/** @param {import("../reply.mjs").Call} call */
export function moderations(call) {
  const { text, serial } = call;
  let request;
  try {
    request = JSON.parse(text);
  } catch {
    request = undefined;
  }
  if (typeof request !== "object" || request === null) throw badParameter("body", "invalid_json", "We could not parse the JSON body of your request.");
  const { model = "omni-moderation-latest", input } = request;
  if (!MODELS.includes(model)) throw badParameter("model", "invalid_value", `Invalid value: '${model}'. Supported values are: ${MODELS.join(", ")}.`);
  const inputs = Array.isArray(input) ? input : [input];
  if (inputs.length === 0 || inputs.some((one) => typeof one !== "string")) throw badParameter("input", "invalid_type", "Invalid type for 'input': expected a string or an array of strings.");
  return wholeOf({ id: `modr-${hex(`moderation ${serial}`, 32)}`, model, results: inputs.map(resultOf) }, call);
}

/** @param {string} text */
function resultOf(text) {
  /** @type {Record<string, number>} */
  const scores = Object.fromEntries(CATEGORIES.map((name) => [name, LOW]));
  for (const [, name, score] of text.matchAll(/\[flag (\S+) ([\d.]+)\]/g)) {
    if (name !== undefined && name in scores) scores[name] = Number(score);
  }
  const categories = Object.fromEntries(CATEGORIES.map((name) => [name, (scores[name] ?? 0) >= 0.5]));
  return {
    flagged: Object.values(categories).includes(true),
    categories,
    category_scores: scores,
    category_applied_input_types: Object.fromEntries(CATEGORIES.map((name) => [name, ["text"]])),
  };
}
