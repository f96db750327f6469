// Two sources into one book, and a new reading into the book that was there before.

import { DECISIONS, SETTLED } from "./decisions.mjs";
import { ratio, same } from "./decimal.mjs";
import { UNITS, unitOf } from "./units.mjs";

const keyOf = ({ provider, id }) => `${provider}/${id.toLowerCase()}`;

/** The row in force on a day. */
const rowOn = (rows, day) => rows.filter((row) => row.from === undefined || row.from <= day).at(-1);

/** A dated snapshot's model. */
const undated = (id) => id.replace(/[-@](\d{4}-\d{2}-\d{2}|\d{8})$/, "");

/** Where a row's rates stand: its own, and those of its context tiers. */
function* places(row) {
  yield ["", row.rates ?? {}];
  for (const { above, rates } of row.tiers ?? []) yield [` above ${above}`, rates ?? {}];
}

/** Where two rows name one rate and differ: [name, one's, the other's]. */
function differing(a, b) {
  const others = new Map(places(b));
  return [...places(a)].flatMap(([where, rates]) =>
    Object.entries(rates)
      .filter(([name, usd]) => others.get(where)?.[name] !== undefined && !same(usd, others.get(where)[name]))
      .map(([name, usd]) => [`${name}${where}`, usd, others.get(where)[name]]),
  );
}

/** Applies the corrections made by hand; one that no longer fits is an error, so that it is looked at again. */
export function decide(models) {
  for (const { provider, model, published, taken } of DECISIONS) {
    const rates = models.get(`${provider}/${model}`)?.rows[0]?.rates;
    for (const [unit, usd] of Object.entries(published)) {
      if (rates?.[unit] !== usd) throw new Error(`cannot apply the decision on ${provider}/${model}: expected ${unit} at ${usd}, found ${rates?.[unit]}`);
    }
    Object.assign(rates, taken);
  }
}

/** The groups of Bedrock's regions before a model's id, and the version that not every table writes behind it. */
const PROFILE = /^(?:regional|global|us|eu|apac|au|jp)\./;
const VERSION = /-v\d+(?::\d+)?$/;

/** Whether it is what some of Bedrock's regions ask for a model: a model of its own in genai-prices, regions of one here. */
function isRegionOf(models, { provider, id }) {
  if (provider !== "bedrock" || !PROFILE.test(id)) return false;
  const plain = id.replace(PROFILE, "").toLowerCase();
  return [plain, plain.replace(VERSION, "")].some((name) => models.get(`bedrock/${name}`)?.rows.some((row) => row.regions !== undefined));
}

/**
 * LiteLLM's models with genai-prices' history, names and fees, and the models that only the latter has. Gives back where
 * the two differ, each with what was taken and why.
 */
export function merge(models, all, day) {
  const differences = [];
  const owned = new Set();
  const genai = all.filter((other) => !isRegionOf(models, other));
  for (const other of genai) {
    const own = models.get(keyOf(other));
    if (own === undefined) continue;
    owned.add(own);
    mergeModel(own, other, day, differences);
  }
  for (const other of genai) {
    const known = models.get(keyOf(other));
    if (known === undefined) models.set(keyOf(other), { ...other, rows: structuredClone(other.rows) });
    // Other names of a model, and snapshots of it that the first source has rows for, at the same price: they have its history.
    const names = new Set([other.id, ...(other.aliases ?? [])].map((name) => name.toLowerCase()));
    for (const [key, own] of models) {
      if (own.provider !== other.provider || owned.has(own) || own === models.get(keyOf(other))) continue;
      const id = key.slice(other.provider.length + 1);
      if (!names.has(id) && !names.has(undated(id))) continue;
      const now = rowOn(other.rows, day);
      if (own.rows.length !== 1 || now === undefined || differing(own.rows[0], now).length > 0) continue;
      owned.add(own);
      mergeModel(own, other, day, differences);
    }
  }
  settleNames(models);
  return differences;
}

/** A name is its model's whose id it is, else the first model's that claims it. */
function settleNames(models) {
  const taken = new Set(models.keys());
  for (const model of models.values()) {
    const names = [...new Set((model.aliases ?? []).map((name) => name.toLowerCase()))].filter((name) => !taken.has(`${model.provider}/${name}`)).sort();
    for (const name of names) taken.add(`${model.provider}/${name}`);
    model.aliases = names;
  }
}

/** Whether `b` is `a` with fewer decimals. */
const isRounded = (a, b) => {
  const places = (b.split(".")[1] ?? "").length;
  return Math.abs(Number(a) - Number(b)) <= 0.5000001 * 10 ** -places && places < (a.split(".")[1] ?? "").length;
};

const sum = (row) => Object.values(row.rates ?? {}).reduce((all, usd) => all + Number(usd.split("/")[0]), 0);

/** The rules by which a difference is decided, the first that holds. */
const RULES = [
  {
    taken: "genai-prices",
    why: "LiteLLM has a price that genai-prices dates as past",
    holds: ({ row, now, others }) => others.some((past) => (now.from ?? "") > (past.from ?? "") && differing(row, past).length === 0),
  },
  { taken: "litellm", why: "the other is this price with fewer digits", holds: ({ found }) => found.every(([, litellm, genaiPrices]) => isRounded(litellm, genaiPrices)) },
  { taken: "litellm", why: "its row names the provider's page, and was made from it", holds: ({ row }) => row.url !== undefined },
  { taken: "genai-prices", why: "LiteLLM names no page, and this is the dearer: a budget must not be passed", holds: ({ row, now }) => sum(now) > sum(row) },
  { taken: "litellm", why: "no page of the model decides it, and this is the dearer: a budget must not be passed", holds: () => true },
];

function mergeModel(model, other, day, differences) {
  model.aliases = [...(model.aliases ?? []), ...(other.aliases ?? [])];
  model.context ??= other.context;
  const [row] = model.rows;
  const now = rowOn(other.rows, day);
  if (now === undefined) return;
  if (row === undefined) {
    model.rows = structuredClone(other.rows);
    return;
  }
  const found = differing(row, now);
  if (found.length > 0) {
    const settled = SETTLED.find((one) => one.provider === model.provider && one.models.test(model.id));
    const { taken, why } = settled ?? RULES.find((rule) => rule.holds({ row, now, others: other.rows, found }));
    const of = taken === "litellm" ? row : now;
    for (const [unit, litellm, genaiPrices] of found) differences.push({ provider: model.provider, model: model.id, unit, litellm, genaiPrices, taken, why, url: settled?.url ?? of.url });
    // What else it says is of another price.
    if (taken === "genai-prices") model.rows = structuredClone(other.rows);
    return;
  }
  // A fee or a duration that only the second names is one of the same price.
  for (const [unit, usd] of Object.entries(now.rates ?? {})) {
    if (row.rates?.[unit] === undefined && ["webSearches", "fileSearches", "cacheWrite1h"].includes(unit)) {
      row.rates = { ...row.rates, [unit]: usd };
      row.also = { ...row.also, [unit]: now.source };
    }
  }
  const at = other.rows.indexOf(now);
  if (now.from !== undefined) row.from = now.from;
  model.rows = [...other.rows.slice(0, at), row, ...other.rows.slice(at + 1)].map((one) => structuredClone(one));
}

/** A region that costs what the row costs, or everywhere the same multiple of it, as that multiple. */
export function tidyRegions(models) {
  for (const row of [...models.values()].flatMap((model) => model.rows)) {
    for (const [name, region] of Object.entries(row.regions ?? {})) {
      const factor = region.multiplier === undefined ? multipleOf(region, row) : undefined;
      if (factor !== undefined) row.regions[name] = factor === "1" ? {} : { multiplier: factor };
    }
  }
}

function multipleOf(region, row) {
  const { regions: _, schedule, source: __, url: ___, from: ____, also: _____, ...base } = row;
  if (schedule !== undefined) return undefined;
  let factor;
  const fits = (a, b) => {
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) return false;
    return keys.every((key) => {
      const [x, y] = [a[key], b[key]];
      if (y === undefined) return false;
      if (typeof x === "object") return fits(x, y);
      if (UNITS[unitOf(key)] === undefined) return x === y;
      if (same(x, y) && (!UNITS[unitOf(key)].isToken || same(x, "0"))) return true;
      if (!UNITS[unitOf(key)].isToken) return false;
      const found = ratio(x, y);
      factor ??= found;
      return found !== undefined && found === factor;
    });
  };
  // A price in a region that is not the multiple by less than a digit is not the multiple.
  return fits(region, base) ? (factor ?? "1") : undefined;
}

const priceOf = ({ rates, tiers, services, regions, schedule }) => JSON.stringify([rates, tiers, services, regions, schedule]);

/**
 * A new reading into the rows of a model that were there before. Append-only: a price that changed is a new row from the
 * day it is first seen (or the source's own date), so that an old call keeps its old cost. Announced rows that have not
 * begun may still change.
 */
export function append(before, fresh, day) {
  const begun = before.filter((row) => row.from === undefined || row.from <= day);
  const announced = fresh.filter((row) => row.from !== undefined && row.from > day);
  const last = begun.at(-1);
  const now = rowOn(fresh, day);
  if (last === undefined || now === undefined) return last === undefined ? fresh : [...begun, ...announced];
  if (priceOf(last) === priceOf(now)) {
    // The same price, read again; and its history, where that has only now become known.
    const history = begun.length === 1 && last.from === undefined ? fresh.filter((row) => row.from === undefined || row.from <= day) : [...begun.slice(0, -1), { ...now, from: last.from }];
    return [...history, ...announced];
  }
  const from = now.from !== undefined && now.from > (last.from ?? "") ? now.from : day;
  // Two changes on one day are one: what was read first that day was never a price for longer.
  const kept = last.from === from ? begun.slice(0, -1) : begun;
  return [...kept, { ...now, from }, ...announced];
}
