// Two sources into one book, and a new reading into the book that was there before.

import { CONTEXTS, DECISIONS, SETTLED, TOOLS } from "./decisions.mjs";
import { more, ratio, same } from "./decimal.mjs";
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

/**
 * A row with hours at what it costs when it is dearest and when it is cheapest: of two tables one states the peak and the
 * other what holds outside of it, and both have the same price.
 */
function* extremes(row) {
  for (const [where, dearest] of [["", true], [" off peak", false]]) {
    const rates = { ...row.rates };
    for (const hours of row.schedule ?? []) {
      for (const [name, usd] of Object.entries(hours.rates ?? {})) if (rates[name] === undefined || more(usd, rates[name]) === dearest) rates[name] = usd;
    }
    yield [where, rates];
  }
}

/** Where two rows name one rate and differ: [name, one's, the other's]. */
function differing(a, b) {
  const both = a.schedule !== undefined || b.schedule !== undefined ? extremes : places;
  const others = new Map(both(b));
  return [...both(a)].flatMap(([where, rates]) =>
    Object.entries(rates)
      .filter(([name, usd]) => others.get(where)?.[name] !== undefined && !same(usd, others.get(where)[name]))
      .map(([name, usd]) => [`${name}${where}`, usd, others.get(where)[name]]),
  );
}

/** What one source alone says of a price that both have: a fee, or for how long a cache is written. */
const ADDED = ["cacheRead", "cacheWrite", "cacheWrite1h", "webSearches", "fileSearches"];

/** Sets the fees of tools of which each source has one of two. */
function addTools(models, differences) {
  for (const { provider, models: names, genaiPrices, rates, why, url } of TOOLS) {
    for (const model of models.values()) {
      if (model.provider !== provider || !names.test(model.id)) continue;
      const row = model.rows.at(-1);
      const litellm = row.rates.webSearches;
      row.rates = { ...row.rates, ...rates };
      if (litellm !== undefined) differences.push({ provider, model: model.id, unit: "webSearches", litellm, genaiPrices, taken: "both", why, url });
    }
  }
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

/** The model of which it is what some of Bedrock's regions ask: a model of its own in genai-prices, regions of one here. */
function baseOf(models, { provider, id }) {
  if (provider !== "bedrock" || !PROFILE.test(id)) return undefined;
  const plain = id.replace(PROFILE, "").toLowerCase();
  return [plain, plain.replace(VERSION, "")].map((name) => models.get(`bedrock/${name}`)).find((model) => model?.rows.some((row) => row.regions !== undefined));
}

/**
 * A Bedrock id without a profile is served in the caller's own region, which costs what the region groups do; LiteLLM has
 * the price of the `global.` profile there. Where genai-prices says so, the row is turned round: its rates are those of a
 * region, and the global ones stand under their name.
 */
function turnRegional(models, regional, day, differences) {
  const model = /^regional\./.test(regional.id) ? baseOf(models, regional) : undefined;
  const [row, now] = [model?.rows[0], rowOn(regional.rows, day)];
  if (row?.regions?.global === undefined || now === undefined) return;
  const { global, ...groups } = row.regions;
  const group = Object.values(groups).find((one) => same(one.rates?.input ?? "0", now.rates.input));
  if (group === undefined || same(row.rates.input, now.rates.input) || differing(group, now).length > 0 || differing(row, global).length > 0) return;
  differences.push({
    provider: "bedrock", model: model.id, unit: "input", litellm: row.rates.input, genaiPrices: now.rates.input, taken: "genai-prices",
    why: "an id without a profile is served in its own region, which costs what the region groups do: the page puts the global profile 10 % below; LiteLLM has the price of that",
    url: "https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html",
  });
  row.regions = { ...groups, global: { rates: row.rates, tiers: row.tiers, services: row.services } };
  row.rates = { ...row.rates, ...group.rates };
  row.tiers = group.tiers;
  row.services = group.services;
}

/** A model under the id that the first source has it by, where that is the same with its path: `accounts/fireworks/models/`. */
function homed(models, other) {
  const name = (other.aliases ?? []).find((alias) => alias.toLowerCase().endsWith(`/${other.id.toLowerCase()}`) && models.has(`${other.provider}/${alias.toLowerCase()}`));
  return name === undefined ? other : { ...other, id: name, aliases: [other.id, ...other.aliases.filter((alias) => alias !== name)] };
}

/**
 * LiteLLM's models with genai-prices' history, names and fees, and the models that only the latter has. Gives back where
 * the two differ, each with what was taken and why.
 */
export function merge(models, all, day) {
  const differences = [];
  addTools(models, differences);
  const owned = new Set();
  for (const other of all) turnRegional(models, other, day, differences);
  const genai = all.filter((other) => baseOf(models, other) === undefined).map((other) => homed(models, other));
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
  { taken: "litellm", why: "its row names the provider's page as its source (unverified: nobody has read the page for this)", holds: ({ row }) => row.url !== undefined },
  { taken: "genai-prices", why: "LiteLLM names no page, and this is the dearer: a budget must not be passed", holds: ({ row, now }) => sum(now) > sum(row) },
  { taken: "litellm", why: "no page of the model decides it, and this is the dearer: a budget must not be passed", holds: () => true },
];

/** Context tiers that only one of the sources has: the dearer one, unless it was decided otherwise by name. */
function addContexts(model, row, now, differences) {
  const above = (tiers) => new Map((tiers ?? []).map((tier) => [tier.above, tier]));
  const [own, others] = [above(row.tiers), above(now.tiers)];
  for (const tokens of new Set([...own.keys(), ...others.keys()])) {
    if (own.has(tokens) && others.has(tokens)) continue;
    const settled = CONTEXTS.find((one) => one.provider === model.provider && one.models.test(model.id));
    const { taken, why, url } = settled ?? {
      taken: own.has(tokens) ? "litellm" : "genai-prices",
      why: "only one has a tier, and with it the price is the dearer: a budget must not be passed",
      url: own.has(tokens) ? row.url : now.url,
    };
    if (taken === "genai-prices" && others.has(tokens)) row.tiers = [...(row.tiers ?? []), structuredClone(others.get(tokens))].sort((a, b) => a.above - b.above);
    const input = (tier) => tier?.rates?.input ?? "as below";
    differences.push({ provider: model.provider, model: model.id, unit: `input above ${tokens}`, litellm: input(own.get(tokens)), genaiPrices: input(others.get(tokens)), taken, why, url });
  }
}

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
    if (taken === "genai-prices") {
      model.rows = structuredClone(other.rows);
      return;
    }
  } else {
    // What only the second names is of the same price.
    const isBare = row.rates?.input === undefined && row.rates?.output === undefined;
    for (const [unit, usd] of Object.entries(now.rates ?? {})) {
      if (row.rates?.[unit] === undefined && (isBare || ADDED.includes(unit))) {
        row.rates = { ...row.rates, [unit]: usd };
        row.also = { ...row.also, [unit]: now.source };
      }
    }
    addContexts(model, row, now, differences);
  }
  // Past prices have one witness, whatever the two say of today's.
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
 *
 * What comes out of sources that were read before (`known`, names with versions) is no change of a price: the same text is
 * understood better, and the row is corrected.
 */
export function append(before, fresh, day, known = new Set()) {
  const begun = before.filter((row) => row.from === undefined || row.from <= day);
  const announced = fresh.filter((row) => row.from !== undefined && row.from > day);
  const last = begun.at(-1);
  const now = rowOn(fresh, day);
  if (last === undefined || now === undefined) return last === undefined ? fresh : [...begun, ...announced];
  const isReadBefore = [now.source, ...Object.values(now.also ?? {})].every((source) => known.has(source));
  if (priceOf(last) === priceOf(now) || isReadBefore) {
    // The same price, read again; and its history, where that has only now become known.
    const history = begun.length === 1 && last.from === undefined ? fresh.filter((row) => row.from === undefined || row.from <= day) : [...begun.slice(0, -1), { ...now, from: last.from }];
    return [...history, ...announced];
  }
  const from = now.from !== undefined && now.from > (last.from ?? "") ? now.from : day;
  // Two changes on one day are one: what was read first that day was never a price for longer.
  const kept = last.from === from ? begun.slice(0, -1) : begun;
  return [...kept, { ...now, from }, ...announced];
}
