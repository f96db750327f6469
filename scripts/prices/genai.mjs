// genai-prices, into our rows. It has dated prices, other names, and tool fees.

import { picoOf, usdFor } from "./decimal.mjs";
import { edgeOf } from "./litellm.mjs";
import { UNITS, inOrder } from "./units.mjs";

/** Its providers to ours. Its table for Azure is small and old; LiteLLM's comes from Azure's own price interface. */
export const PROVIDER_OF = { openai: "openai", anthropic: "anthropic", google: "google", mistral: "mistral", cohere: "cohere", "x-ai": "xai", deepseek: "deepseek" };

/** Its price keys to our units, with the power of ten of units that a price is for. */
const KEYS = {
  input_mtok: ["input", 6],
  cache_read_mtok: ["cacheRead", 6],
  cache_write_mtok: ["cacheWrite", 6],
  cache_write_1h_mtok: ["cacheWrite1h", 6],
  input_audio_mtok: ["inputAudio", 6],
  cache_audio_read_mtok: ["cacheReadAudio", 6],
  input_image_mtok: ["inputImage", 6],
  output_mtok: ["output", 6],
  output_audio_mtok: ["outputAudio", 6],
  output_image_mtok: ["outputImage", 6],
  web_searches_kcount: ["webSearches", 3],
  storage_searches_kcount: ["fileSearches", 3],
};

/** Whether its matching rule takes a name. */
export function matches(rule, name) {
  if (rule.equals !== undefined) return rule.equals.toLowerCase() === name;
  if (rule.starts_with !== undefined) return name.startsWith(rule.starts_with.toLowerCase());
  if (rule.ends_with !== undefined) return name.endsWith(rule.ends_with.toLowerCase());
  if (rule.contains !== undefined) return name.includes(rule.contains.toLowerCase());
  if (rule.regex !== undefined) return new RegExp(rule.regex).test(name);
  if (rule.or !== undefined) return rule.or.some((one) => matches(one, name));
  if (rule.and !== undefined) return rule.and.every((one) => matches(one, name));
  throw new Error(`cannot read genai-prices: expected a known matching rule, found ${Object.keys(rule).join(", ")}`);
}

/** The names that its rule spells out. */
function namesOf(model) {
  const spelled = (rule) => (rule.equals !== undefined ? [rule.equals] : (rule.or ?? []).flatMap(spelled));
  return [...new Set([model.id, ...spelled(model.match)].map((name) => name.toLowerCase()))].filter((name) => !/[:/ ]/.test(name));
}

/** Its models, each with its names, its rule and its dated rows. */
export function readGenai(providers, source) {
  const models = [];
  for (const provider of providers) {
    const ours = PROVIDER_OF[provider.id];
    if (ours === undefined) continue;
    for (const model of provider.models) {
      // Claude at Google is Vertex: another provider, with regions.
      if (ours === "google" && model.id.startsWith("claude")) continue;
      const rows = readRows(model, ours).map((row) => ({ source, url: provider.pricing_urls?.[0] ?? "", ...row }));
      models.push({ provider: ours, id: model.id, names: namesOf(model), match: model.match, context: model.context_window, rows });
    }
  }
  return models;
}

/** Dated rows, oldest first. Of prices by the time of day the dearest is taken: a bound must not be too low. */
function readRows(model, provider) {
  const entries = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }];
  const hourly = entries.filter((entry) => entry.constraint?.type === "time_of_date").map((entry) => entry.prices);
  const dated = entries.filter((entry) => entry.constraint?.type !== "time_of_date");
  return dated
    .map((entry, index) => {
      const last = index === dated.length - 1;
      const all = last ? [entry.prices, ...hourly] : [entry.prices];
      const dearest = all.reduce((a, b) => ((b.input_mtok?.base ?? b.input_mtok ?? 0) > (a.input_mtok?.base ?? a.input_mtok ?? 0) ? b : a));
      const from = entry.constraint?.start_date;
      return { ...(from === undefined ? {} : { from }), ...readPrices(dearest, provider) };
    })
    .filter((row) => Object.values(row.rates).some((usd) => usd !== "0"));
}

function readPrices(prices, provider) {
  const rates = {};
  const tiers = new Map();
  for (const [key, value] of Object.entries(prices)) {
    if (key === "audio_hours" || key === "input_audio_hours") {
      rates.audioSeconds = `${usdFor(picoOf(value).pico, 1)}/3600`;
      continue;
    }
    if (KEYS[key] === undefined) continue;
    const [unit, places] = KEYS[key];
    const text = (usd) => usdFor(picoOf(usd, places).pico, UNITS[unit][1]);
    rates[unit] = text(value.base ?? value);
    for (const { start, price } of value.tiers ?? []) {
      // 271,999 is its way to write "from 272,000".
      const above = Math.round(start / 1_000) * 1_000;
      if (!tiers.has(above)) tiers.set(above, {});
      tiers.get(above)[unit] = text(price);
    }
  }
  if (provider === "xai" && rates.output !== undefined) {
    rates.reasoningOutside = rates.output;
    for (const over of tiers.values()) if (over.output !== undefined) over.reasoningOutside = over.output;
  }
  return {
    rates: inOrder(rates),
    tiers: [...tiers.entries()].sort(([a], [b]) => a - b).map(([above, over]) => ({ above, edge: edgeOf(provider, above), rates: inOrder(over) })),
  };
}
