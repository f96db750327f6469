// Random calls of models in genai-prices' data, in its words and in ours.
import { generator } from "./random.mjs";

const numbers = (price) => (typeof price === "number" ? [] : price.tiers.map((tier) => tier.start));

/** The rows of a model: `[{ from, prices }]`, the first without a day; those by the hour of the day are left out. */
function rowsOf(model) {
  if (!Array.isArray(model.prices)) return [{ prices: model.prices }];
  return model.prices
    .filter(({ constraint }) => constraint === undefined || constraint.type === "start_date")
    .map(({ constraint, prices }) => ({ from: constraint?.start_date, prices }));
}

/** The dimensions that a row can be asked for, and the cases of each. */
const DIMENSIONS = {
  plain: { of: () => true },
  "cache read": { of: (prices) => "cache_read_mtok" in prices, parts: { cache_read_tokens: "cacheRead" } },
  "cache write 5m": { of: (prices) => "cache_write_mtok" in prices, parts: { cache_write_tokens: "cacheWrite" } },
  audio: { of: (prices) => "input_audio_mtok" in prices, parts: { input_audio_tokens: "inputAudio" } },
  "context tier": { of: (prices) => typeof prices.input_mtok === "object", edge: true },
  tools: { of: (prices) => "web_searches_kcount" in prices, fees: { web_searches: "webSearches" } },
  history: { of: () => true, dated: true },
};

/** Cases: `{ dimension, key, usage, options, query }`. As many of each dimension. */
export function genaiCases(providers, { count, seed }) {
  const random = generator(seed);
  const all = providers.flatMap((provider) =>
    provider.models.flatMap((model) => {
      const rows = rowsOf(model);
      return rows.map((row, index) => ({ provider, model, row, next: rows[index + 1], dated: rows.length > 1 }));
    }),
  );
  const priced = all.filter(({ row }) => "input_mtok" in row.prices || "output_mtok" in row.prices);
  const names = Object.keys(DIMENSIONS);
  const pools = new Map(names.map((name) => [name, priced.filter(({ row, dated }) => DIMENSIONS[name].of(row.prices) && (!DIMENSIONS[name].dated || dated))]));
  return Array.from({ length: count }, (_, index) => {
    const dimension = names[index % names.length];
    return { dimension, ...oneCase(random.pick(pools.get(dimension)), DIMENSIONS[dimension], random) };
  });
}

const day = 86_400_000;

/** Their provider, where ours has another name: Claude at Google is sold by Vertex. */
const seller = (provider, model) => (provider === "google" && model.startsWith("claude") ? "vertex" : provider);

function oneCase({ provider, model, row, next }, { parts = {}, edge = false, fees = {} }, random) {
  let input = 1 + random.count();
  if (edge) {
    const start = random.pick(numbers(row.prices.input_mtok));
    input = random.pick([start - 1, start, start + 1, start + random.count()]);
  }
  let rest = input;
  const [theirs, ours] = [{ input_tokens: input }, {}];
  for (const [their, our] of Object.entries(parts)) {
    const share = random.int(0, rest);
    rest -= share;
    theirs[their] = share;
    if (share > 0) ours[our] = share;
  }
  theirs.output_tokens = ours.output = random.count(30_000);
  for (const [their, our] of Object.entries(fees)) theirs[their] = ours[our] = random.int(1, 5);
  // A moment in which the row holds: at its first instant, or somewhere behind it. A row without a day is one of today.
  const from = row.from !== undefined ? Date.parse(row.from) : next?.from !== undefined ? Date.parse(next.from) - 90 * day : Date.UTC(2026, 10, 1);
  const until = next?.from === undefined ? Date.UTC(2026, 10, 20) : Date.parse(next.from);
  const at = new Date(random.chance(0.3) && row.from !== undefined ? from : from + Math.floor(random.next() * Math.max(until - from - day, 0)));
  return {
    key: `${provider.id}/${model.id}`,
    usage: theirs,
    options: { providerId: provider.id, timestamp: at },
    id: model.id,
    query: { model: model.id, provider: seller(provider.id, model.id), usage: { input: rest, ...ours }, at },
  };
}
