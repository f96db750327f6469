// @ts-check
/**
 * What Azure's filters say of a prompt and of each answer, and what they do to an answer that they stop.
 *
 * @module
 */

/** @typedef {import("../controls.mjs").Step} Step */

const CATEGORIES = ["hate", "self_harm", "sexual", "violence"];

/** From here on a filter stops what it finds, unless it is set otherwise. */
const STOPPED = ["medium", "high"];

/**
 * @param {Record<string, string>} severities by category
 * @param {boolean} prompt whether it is the prompt, which may also be an attack
 * @returns {Record<string, object>}
 */
export function filterResults(severities, prompt) {
  /** @type {[string, object][]} */
  const results = CATEGORIES.map((name) => {
    const severity = severities[name] ?? "safe";
    return [name, { filtered: STOPPED.includes(severity), severity }];
  });
  const detected = severities["jailbreak"] !== undefined;
  if (prompt) results.push(["jailbreak", { detected, filtered: detected }]);
  return Object.fromEntries(results.sort());
}

/** @param {Step} step */
function stops({ contentFilter = {} }) {
  return CATEGORIES.some((name) => STOPPED.includes(contentFilter[name] ?? ""));
}

/** A prompt that is answered was found to be safe. */
const OF_PROMPT = [{ prompt_index: 0, content_filter_results: filterResults({}, true) }];

/** @param {any} completion @param {Step} step */
export function filterCompletion({ service_tier, ...completion }, step) {
  const stopped = stops(step) ? { finish_reason: "content_filter" } : {};
  return {
    ...completion,
    choices: completion.choices.map((/** @type {any} */ choice) => ({
      ...choice,
      ...stopped,
      ...(stops(step) ? { message: { ...choice.message, content: "" } } : {}),
      content_filter_results: filterResults(step.contentFilter ?? {}, false),
    })),
    prompt_filter_results: OF_PROMPT,
  };
}

/** @param {any[]} chunks @param {Step} step */
export function filterChunks(chunks, step) {
  const judged = chunks.map(({ service_tier, ...chunk }) => ({
    ...chunk,
    choices: chunk.choices.map((/** @type {any} */ choice) => {
      const ended = choice.finish_reason !== null;
      const says = choice.delta.content;
      return {
        ...choice,
        ...(ended && stops(step) ? { finish_reason: "content_filter" } : {}),
        // The text is judged as it comes; a stopped one is so at its end.
        content_filter_results: ended && stops(step) ? filterResults(step.contentFilter ?? {}, false) : says ? filterResults({}, false) : {},
      };
    }),
  }));
  return [{ choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: OF_PROMPT }, ...judged];
}
