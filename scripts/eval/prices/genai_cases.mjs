// Random calls of models in genai-prices' data, in its words and in ours.
import { generator } from "./random.mjs";
import { rounds } from "./rounds.mjs";

const numbers = (price) => (typeof price === "number" ? [] : price.tiers.map((tier) => tier.start));

/** The rows of a model: `[{ from, prices }]`, the first without a day; those by the hour of the day are left out. */
function rowsOf(model) {
  if (!Array.isArray(model.prices)) return [{ prices: model.prices }];
  return model.prices
    .filter(({ constraint }) => constraint === undefined || constraint.type === "start_date")
    .map(({ constraint, prices }) => ({ from: constraint?.start_date, prices }));
}

const isHourly = (model) => Array.isArray(model.prices) && model.prices.some(({ constraint }) => constraint?.type === "time_of_date");

/** The dimensions that a row can be asked for, and the cases of each. */
const DIMENSIONS = {
  plain: { of: () => true },
  "cache read": { of: (prices) => "cache_read_mtok" in prices, parts: { cache_read_tokens: "cacheRead" } },
  "cache write 5m": { of: (prices) => "cache_write_mtok" in prices, parts: { cache_write_tokens: "cacheWrite" } },
  "cache write 1h": { of: (prices) => "cache_write_1h_mtok" in prices, parts: { cache_write_1h_tokens: "cacheWrite1h" } },
  audio: { of: (prices) => "input_audio_mtok" in prices, parts: { input_audio_tokens: "inputAudio" } },
  "context tier": { of: (prices) => typeof prices.input_mtok === "object", edge: true },
  tools: { of: (prices) => "web_searches_kcount" in prices, fees: { web_searches: "webSearches" } },
  history: { of: (prices, model) => rowsOf(model).length > 1, dated: true },
};

/**
 * Cases: `{ dimension, key, usage, options, query }`. A twentieth of them for each dimension that few models have, the rest
 * plain: within a dimension every price is drawn as often as any other.
 */
export function genaiCases(providers, { count, seed }) {
  const random = generator(seed);
  const all = providers.flatMap((provider) =>
    provider.models.flatMap((model) => {
      const name = nameOf(model);
      const rows = rowsOf(model);
      return name === undefined ? [] : rows.map((row, index) => ({ provider, model, name, row, next: rows[index + 1] }));
    }),
  );
  const priced = all.filter(({ row }) => "input_mtok" in row.prices || "output_mtok" in row.prices);
  const pools = Object.entries(DIMENSIONS).map(([dimension, means]) => ({ dimension, means, pool: priced.filter(({ row, model }) => means.of(row.prices, model)) }));
  return rounds(pools, count).map(({ dimension, means, pool }) => ({ dimension, ...oneCase(random.pick(pool), means, random) }));
}

const day = 86_400_000;

/**
 * A name that a call can have and that finds the model there: its id, or what its matching rule spells out. Ids that only
 * stand for a rule ("gpt-4o-mini-2024-07-18.ft-") are no names, and have no case.
 */
function nameOf(model) {
  if (/ |-$/.test(model.id)) return undefined;
  const spelled = (rule) => rule.or?.flatMap(spelled) ?? [rule.equals ?? rule.starts_with].filter(Boolean);
  const takes = (rule, name) =>
    rule.or?.some((one) => takes(one, name)) ??
    rule.and?.every((one) => takes(one, name)) ??
    (rule.equals !== undefined ? rule.equals === name : rule.starts_with !== undefined ? name.startsWith(rule.starts_with) : rule.contains !== undefined ? name.includes(rule.contains) : true);
  return [model.id, model.id.replace(/^regional\./, ""), ...spelled(model.match)].find((name) => !/ |-$/.test(name) && takes(model.match, name));
}

/** The call in our words, where they are others: the provider and the id. */
function named(provider, name) {
  // Claude at Google is sold by Vertex; Hugging Face's router takes the seller behind a colon.
  if (provider === "google" && name.startsWith("claude")) return { provider: "vertex", model: name };
  if (provider.startsWith("huggingface_")) return { provider: "huggingface", model: `${name}:${provider.slice("huggingface_".length)}` };
  return { provider, model: name };
}

/** What the output of a model is: a table that has one price for it files pictures and speech under "output". */
const outputOf = (name, prices) => (/^gpt-image-/.test(name) && !("output_image_mtok" in prices) ? "outputImage" : /-tts$/.test(name) ? "outputAudio" : "output");

function oneCase({ provider, model, name, row, next }, { parts = {}, edge = false, fees = {}, dated = false }, random) {
  let input = 1 + random.count();
  if (edge) {
    const start = random.pick(numbers(row.prices.input_mtok));
    // 271,999 is how it writes "from 272,000". Beside the edge oftener than on it.
    const threshold = start % 1_000 === 999 ? start + 1 : start;
    input = random.pick([threshold, ...Array(4).fill(threshold - 1), ...Array(4).fill(threshold + 1), threshold + random.count(), threshold + random.count()]);
  }
  let rest = input;
  const [theirs, ours] = [{ input_tokens: input }, {}];
  for (const [their, our] of Object.entries(parts)) {
    const share = random.int(0, rest);
    rest -= share;
    theirs[their] = share;
    // A write that lasts an hour is one of the writes there.
    if (their === "cache_write_1h_tokens") theirs.cache_write_tokens = share;
    if (share > 0) ours[our] = share;
  }
  // An embedding has no output.
  if ("output_mtok" in row.prices && !/embed/.test(name)) theirs.output_tokens = ours[outputOf(name, row.prices)] = random.count(30_000);
  for (const [their, our] of Object.entries(fees)) theirs[their] = ours[our] = random.int(1, 5);
  // Perplexity's fee for a request is by the size of the search's context, and the table has the largest.
  const byRequest = "requests_kcount" in row.prices && provider.id === "perplexity";
  // A moment in which the row holds: at its first instant, or somewhere behind it. A row without a day is one of today.
  const from = row.from !== undefined ? Date.parse(row.from) : next?.from !== undefined ? Date.parse(next.from) - 90 * day : Date.UTC(2026, 10, 1);
  const until = next?.from === undefined ? Date.UTC(2026, 10, 20) : Date.parse(next.from);
  const at = new Date(dated && random.chance(0.3) && row.from !== undefined ? from : from + Math.floor(random.next() * Math.max(until - from - day, 0)));
  const query = { ...named(provider.id, name), usage: { input: rest, ...ours }, at };
  const withFee = (fee) => ({ ...query, usage: { ...query.usage, ...fee } });
  return {
    key: `${provider.id}/${name}`,
    hourly: isHourly(model),
    usage: theirs,
    options: { providerId: provider.id, timestamp: at },
    id: name,
    expects: model.id,
    query: byRequest ? withFee({ extra: { "webSearches:high": 1 } }) : query,
    // What is asked of a book of its own table.
    own: byRequest ? withFee({ requests: 1 }) : query,
  };
}
