// LiteLLM's table, into our rows. It has one price for each model, the current one, and names the provider's page.

import { perSecond, picoOf, usdFor } from "./decimal.mjs";
import { UNITS, inOrder } from "./units.mjs";

/** Its provider names, in the order in which they win, to ours. */
const PROVIDER_OF = {
  openai: "openai",
  "text-completion-openai": "openai",
  anthropic: "anthropic",
  gemini: "google",
  "vertex_ai-language-models": "google",
  mistral: "mistral",
  cohere_chat: "cohere",
  cohere: "cohere",
  xai: "xai",
  deepseek: "deepseek",
  azure: "azure-openai",
};

/** The prefixes that it puts before the provider's own id. */
const PREFIX = /^(?:openai|anthropic|gemini|vertex_ai|mistral|cohere|xai|deepseek|azure)\//;

/** What this book is for; images, video, speech and documents come with their dimensions. */
const MODES = new Set(["chat", "completion", "responses", "embedding", "realtime", "audio_transcription"]);

/** Its price keys to our units. Per-second prices and search fees are read below. */
const KEYS = {
  input_cost_per_token: "input",
  cache_read_input_token_cost: "cacheRead",
  cache_creation_input_token_cost: "cacheWrite",
  cache_creation_input_token_cost_above_1hr: "cacheWrite1h",
  input_cost_per_audio_token: "inputAudio",
  cache_read_input_audio_token_cost: "cacheReadAudio",
  input_cost_per_image_token: "inputImage",
  output_cost_per_token: "output",
  output_cost_per_reasoning_token: "reasoningOutside",
  output_cost_per_audio_token: "outputAudio",
  output_cost_per_image_token: "outputImage",
};

const TIER = /_above_(\d+)k_tokens$/;

/**
 * On which side of a tier a request of exactly its threshold lies.
 *
 * xAI's table reads "< 200k" and ">= 200k" (https://docs.x.ai/docs/models); Google's "prompts <= 200k tokens"
 * (https://ai.google.dev/gemini-api/docs/pricing). For OpenAI's 272,000 the sources differ: "more than 272K" here, from
 * 272,000 in genai-prices for most models. The same models at Azure share the doubt.
 */
export function edgeOf(provider, above) {
  if (provider === "xai") return "from";
  if ((provider === "openai" || provider === "azure-openai") && above === 272_000) return "disputed";
  return "above";
}

/** Models with one row each, and notes on what was rounded, left out and not carried. */
export function readLitellm(table, source) {
  const models = new Map();
  const notes = { rounded: [], skipped: [], notCarried: {} };
  for (const wanted of Object.keys(PROVIDER_OF)) {
    for (const [key, entry] of Object.entries(table)) {
      if (entry.litellm_provider !== wanted || !MODES.has(entry.mode)) continue;
      const provider = PROVIDER_OF[wanted];
      const id = key.replace(PREFIX, "");
      // Azure's regions, gov clouds and deployment types are dimensions of the same model.
      if (id.includes("/")) {
        notes.skipped.push({ provider, model: id, why: "a region or deployment type" });
        continue;
      }
      const name = `${provider}/${id.toLowerCase()}`;
      if (models.has(name)) continue;
      const row = readRow(entry, provider, id, notes);
      if (row === undefined) continue;
      models.set(name, {
        provider,
        id,
        aliases: [],
        ...(entry.max_input_tokens ? { context: entry.max_input_tokens } : {}),
        ...(entry.max_output_tokens && entry.mode !== "embedding" ? { maxOutput: entry.max_output_tokens } : {}),
        rows: [{ source, url: /^https:\S+$/.test(entry.source ?? "") ? entry.source : "", ...row }],
      });
    }
  }
  return { models, notes };
}

function readRow(entry, provider, id, notes) {
  const rates = {};
  const tiers = new Map();
  const rate = (unit, usd, where) => {
    const { pico, exact } = picoOf(usd);
    if (!exact) notes.rounded.push({ provider, model: id, unit, published: String(usd), taken: usdFor(pico, 1) });
    where[unit] = usdFor(pico, UNITS[unit][1]);
  };
  for (const [key, value] of Object.entries(entry)) {
    if (!/cost|pricing|uplift|multiplier|billing|free_requests/.test(key)) continue;
    const tier = TIER.exec(key);
    const unit = KEYS[tier === null ? key : key.slice(0, tier.index)];
    if (unit !== undefined && typeof value === "number") {
      if (tier === null) {
        rate(unit, value, rates);
      } else {
        const above = Number(tier[1]) * 1_000;
        if (!tiers.has(above)) tiers.set(above, {});
        rate(unit, value, tiers.get(above));
      }
    } else if (key === "input_cost_per_second") {
      const { text, exact } = perSecond(value);
      if (!exact) notes.rounded.push({ provider, model: id, unit: "audioSeconds", published: String(value), taken: text });
      rates.audioSeconds = text;
    } else if (key === "search_context_cost_per_query") {
      // Where sizes differ in price, "medium" is what a request that names none gets.
      rate("webSearches", value.search_context_size_medium, rates);
    } else if (key !== "input_cost_per_token_cache_hit" && key !== "output_cost_per_second") {
      // The first repeats the cache price, the second the price by the second of input.
      notes.notCarried[key] = (notes.notCarried[key] ?? 0) + 1;
    }
  }
  if (entry.mode === "embedding") rates.output ??= "0";
  const paid = Object.values(rates).some((usd) => usd !== "0");
  if (!paid) {
    // A table says 0 for what is free and for what it does not know; a wrong 0 passes every budget.
    notes.skipped.push({ provider, model: id, why: Object.keys(rates).length === 0 ? "no rate that this book carries" : "priced at zero" });
    return undefined;
  }
  // xAI counts reasoning beside the output, at the output's price (https://docs.x.ai/docs/guides/reasoning).
  if (provider === "xai" && rates.output !== undefined) rates.reasoningOutside ??= rates.output;
  return {
    rates: inOrder(rates),
    tiers: [...tiers.entries()]
      .sort(([a], [b]) => a - b)
      .map(([above, over]) => ({ above, edge: edgeOf(provider, above), rates: inOrder(followers(rates, over)) })),
  };
}

/** A unit that costs the same as plain input or output, and that a tier does not name, goes along with it. */
function followers(rates, over) {
  const all = { ...over };
  for (const [lead, units] of [
    ["input", ["inputAudio", "inputImage"]],
    ["output", ["reasoningOutside", "outputAudio", "outputImage"]],
  ]) {
    if (over[lead] === undefined) continue;
    for (const unit of units) if (rates[unit] === rates[lead]) all[unit] ??= over[lead];
  }
  return all;
}
