// Random calls of models in LiteLLM's table, in LiteLLM's words and in ours.
import { generator } from "./random.mjs";
import { rounds } from "./rounds.mjs";

const TIER = /^input_cost_per_token_above_(\d+)k_tokens$/;

const thresholds = (entry) => Object.keys(entry).flatMap((key) => (TIER.test(key) ? [Number(TIER.exec(key)[1]) * 1_000] : []));

const has = (...keys) => (entry) => keys.every((key) => typeof entry[key] === "number" && entry[key] > 0);

const residencies = (entry) => ["eu", "us"].filter((region) => `regional_processing_uplift_multiplier_${region}` in entry);

/** What is varied, the models it is varied for, and what a case of it adds to a plain call. */
const DIMENSIONS = {
  plain: { of: () => true },
  "cache read": { of: has("cache_read_input_token_cost"), parts: ["cached"] },
  "cache write 5m": { of: has("cache_creation_input_token_cost"), parts: ["written"] },
  "cache write 1h": { of: has("cache_creation_input_token_cost_above_1hr"), parts: ["written1h"] },
  "cache mixed": { of: has("cache_read_input_token_cost", "cache_creation_input_token_cost_above_1hr"), parts: ["cached", "written", "written1h"] },
  "context tier": { of: (entry) => thresholds(entry).length > 0, edge: true, parts: ["cached?"] },
  "context tier, flex": { of: (entry) => has("input_cost_per_token_flex")(entry) && thresholds(entry).length > 0, edge: true, tier: "flex" },
  "context tier, priority": { of: (entry) => has("input_cost_per_token_priority")(entry) && thresholds(entry).length > 0, edge: true, tier: "priority" },
  batch: { of: has("input_cost_per_token_batches", "output_cost_per_token_batches"), parts: ["cached?"], batch: true },
  flex: { of: has("input_cost_per_token_flex"), parts: ["cached?"], tier: "flex" },
  priority: { of: has("input_cost_per_token_priority"), parts: ["cached?"], tier: "priority" },
  region: { of: (entry) => residencies(entry).length > 0 || typeof entry.provider_specific_entry?.us === "number", parts: ["cached?"], region: true },
  audio: { of: has("input_cost_per_audio_token"), parts: ["audio"] },
  tools: { of: (entry) => typeof entry.search_context_cost_per_query?.search_context_size_medium === "number", searches: true },
  reasoning: { of: (entry) => entry.supports_reasoning === true, parts: ["reasoning"] },
  hours: { of: (entry) => entry.off_peak_pricing !== undefined, parts: ["cached?"] },
};

/** The modes whose calls are counted in tokens. */
const MODES = new Set(["chat", "completion", "responses", "realtime"]);

/**
 * The providers whose calculators leave out rates of LiteLLM's own table: the first is not told the service tier, the second
 * reads neither cache nor context tiers. The table is what is compared: they are priced by its general calculator.
 */
const GENERAL = new Set(["fireworks_ai", "perplexity"]);

/** Cases: `{ dimension, key, ask, query }`: what the oracle is asked, what we are. As many of each dimension. */
export function litellmCases(table, { count, seed }) {
  const random = generator(seed);
  // Where a key stands in the table with its provider's prefix too, the calculators take that one, whichever is asked.
  const shadowed = (key, entry) => `${entry.litellm_provider}/${key}` in table;
  const entries = Object.entries(table).filter(
    ([key, entry]) => key !== "sample_spec" && MODES.has(entry.mode) && has("input_cost_per_token")(entry) && !shadowed(key, entry),
  );
  const pools = Object.entries(DIMENSIONS).map(([dimension, means]) => ({ dimension, means, pool: entries.filter(([, entry]) => means.of(entry)) }));
  // A Bedrock id without a profile has the price of the global one there, and that of a region with us
  // (data/prices/differences.md): the global price is compared.
  const isGlobal = (key, entry) => /^bedrock/.test(entry.litellm_provider) && table[`global.${key}`]?.input_cost_per_token === entry.input_cost_per_token;
  return rounds(pools, count).map(({ dimension, means, pool }) => {
    const [key, entry] = random.pick(pool);
    const one = { dimension, key, ...oneCase(key, entry, means, random) };
    if (isGlobal(key, entry)) one.query.region = "global";
    return one;
  });
}

/** A moment of a fortnight, where the hour decides. */
const FORTNIGHT = [Date.UTC(2026, 10, 2), Date.UTC(2026, 10, 16)];

function oneCase(key, entry, { parts = [], edge = false, tier, batch = false, region = false, searches = false }, random) {
  const wants = (part) => parts.includes(part) || (parts.includes(`${part}?`) && random.chance(0.5));
  const share = { cached: 0, written: 0, written1h: 0, audio: 0 };
  let prompt = 1 + random.count();
  if (edge) {
    const threshold = random.pick(thresholds(entry));
    prompt = random.pick([threshold - 1, threshold, threshold + 1, threshold + random.count(), random.int(1, threshold - 1)]);
  }
  let rest = prompt;
  for (const part of Object.keys(share)) {
    if (!wants(part) || (part === "cached" && !has(batch ? "cache_read_input_token_cost_batches" : "cache_read_input_token_cost")(entry))) continue;
    share[part] = random.int(0, rest);
    rest -= share[part];
  }
  const output = random.count(30_000);
  const reasoning = wants("reasoning") ? random.int(0, output) : 0;
  const asked = searches ? random.int(1, 5) : 0;

  const details = { cached_tokens: share.cached, ...(share.audio > 0 ? { audio_tokens: share.audio, text_tokens: rest } : {}) };
  const written = share.written + share.written1h;
  if (written > 0) {
    details.cache_creation_tokens = written;
    details.cache_creation_token_details = { ephemeral_5m_input_tokens: share.written, ephemeral_1h_input_tokens: share.written1h };
  }
  const usage = { prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output, prompt_tokens_details: details };
  if (reasoning > 0) usage.completion_tokens_details = { reasoning_tokens: reasoning };
  const ask = { model: key, provider: oracleProvider(entry.litellm_provider), usage };
  if (GENERAL.has(ask.provider)) ask.general = true;
  const query = {
    model: key,
    provider: oracleProvider(entry.litellm_provider),
    usage: {
      input: rest,
      output,
      ...pairs({ cacheRead: share.cached, cacheWrite: share.written, cacheWrite1h: share.written1h, inputAudio: share.audio }),
    },
  };
  if (entry.off_peak_pricing !== undefined) {
    // Only the general calculator can be told the time.
    query.at = new Date(random.int(...FORTNIGHT));
    Object.assign(ask, { general: true, at: query.at.toISOString() });
  }
  if (reasoning > 0) {
    // Where reasoning has a price of its own it is a part beside the output, else a memo.
    if (outside(entry)) Object.assign(query.usage, { output: output - reasoning, reasoningOutside: reasoning });
    else query.usage.reasoning = reasoning;
  }
  if (tier !== undefined) ask.serviceTier = query.serviceTier = tier;
  if (batch) {
    ask.batch = true;
    query.serviceTier = "batch";
  }
  if (region) {
    const known = residencies(entry);
    const place = known.length > 0 ? random.pick(known) : "us";
    if (known.length > 0) ask.residency = place;
    else usage.inference_geo = place;
    query.region = place;
  }
  if (asked > 0) {
    // LiteLLM charges a grounded prompt once where the table says per_prompt; how many searches that is is the reader's to say.
    const perPrompt = /gemini|vertex/.test(entry.litellm_provider) && !key.includes("claude") && entry.web_search_billing_unit !== "per_query";
    ask.searches = asked;
    usage.server_tool_use = { web_search_requests: asked };
    details.web_search_requests = asked;
    const searched = perPrompt ? 1 : asked;
    // The table has the price of the first version of OpenAI's search, for models that do not reason.
    if (isPreview(key, entry)) query.usage.extra = { "webSearches:preview": searched };
    else query.usage.webSearches = searched;
  }
  return { ask, query };
}

const isPreview = (key, entry) => entry.litellm_provider === "openai" && !key.includes("search-preview") && entry.search_context_cost_per_query.search_context_size_medium === 0.025;

/** Whether a price of reasoning of its own is in the table, or the provider counts reasoning beside the output. */
const outside = (entry) => typeof entry.output_cost_per_reasoning_token === "number" || entry.litellm_provider === "xai";

/** The name under which LiteLLM's calculators know the table's provider. */
const oracleProvider = (name) => (name.startsWith("vertex_ai") ? "vertex_ai" : name === "cohere_chat" ? "cohere_chat" : name);

const pairs = (counts) => Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
