// Two sources into one book, and a new reading into the book that was there before.

import { DECISIONS } from "./decisions.mjs";
import { picoOf } from "./decimal.mjs";
import { matches } from "./genai.mjs";

/** Whether two rates are one: `0.36/3600` is `0.0001`. */
function same(a, b) {
  const parts = (rate) => rate.split("/").map((part) => picoOf(Number(part)).pico);
  const [[x, per = 10n ** 12n], [y, other = 10n ** 12n]] = [parts(a), parts(b)];
  return x * other === y * per;
}

/** Whether two rows cost the same, as far as both have a rate. */
const agree = (a, b) => Object.keys(a.rates).every((unit) => b.rates[unit] === undefined || same(a.rates[unit], b.rates[unit]));

/** Whether a rule takes a model by one of the names it spells out, or by a dated snapshot of one; not by a mere prefix. */
const claims = (other, id) => matches(other.match, id) && (other.names.includes(id) || other.names.includes(id.replace(/-(\d{4}-\d{2}-\d{2}|\d{8})$/, "")));

/** The row in force on a day. */
const rowOn = (rows, day) => rows.filter((row) => row.from === undefined || row.from <= day).at(-1);

/** Applies the decisions made by hand; one that no longer fits is an error, so that it is looked at again. */
export function decide(models) {
  for (const { provider, model, published, taken } of DECISIONS) {
    const rates = models.get(`${provider}/${model}`)?.rows[0].rates;
    for (const [unit, usd] of Object.entries(published)) {
      if (rates?.[unit] !== usd) throw new Error(`cannot apply the decision on ${provider}/${model}: expected ${unit} at ${usd}, found ${rates?.[unit]}`);
    }
    Object.assign(rates, taken);
  }
}

/**
 * LiteLLM's models with genai-prices' history, names and fees; and the models that only the latter has.
 * Gives back where the two differ.
 */
export function merge(models, genai, day) {
  const differences = [];
  const owner = new Map();
  for (const other of genai) {
    const own = [...models.values()].filter((model) => model.provider === other.provider && owner.get(model) === undefined && claims(other, model.id.toLowerCase()));
    for (const model of own) {
      owner.set(model, other);
      mergeModel(model, other, day, differences);
    }
    const known = (name) => models.has(`${other.provider}/${name}`);
    if (own.length === 0) {
      if (known(other.id.toLowerCase()) || /[:/ ]|-$/.test(other.id) || other.rows.length === 0) continue;
      const { provider, id, context, rows } = other;
      // `claude-3-opus-latest` stands for all of `claude-3-opus`; its snapshots are found through that name.
      const family = id.replace(/-latest$/, "");
      const names = matches(other.match, family) ? [...other.names, family] : other.names;
      models.set(`${provider}/${id.toLowerCase()}`, { provider, id, aliases: names.filter((name) => name !== id.toLowerCase() && !known(name)), ...(context === undefined ? {} : { context }), rows });
    } else {
      // Its other names belong to the model that it files them under, when that costs the same.
      const home = own.find((model) => model.id.toLowerCase() === other.id.toLowerCase()) ?? own[0];
      const now = rowOn(other.rows, day);
      if (now !== undefined && agree(rowOn(home.rows, day), now)) home.aliases.push(...other.names.filter((name) => !known(name)));
    }
  }
  // A name belongs to the first model that claims it.
  const taken = new Set(models.keys());
  for (const model of models.values()) {
    model.aliases = [...new Set(model.aliases)].filter((name) => !taken.has(`${model.provider}/${name}`)).sort();
    for (const name of model.aliases) taken.add(`${model.provider}/${name}`);
  }
  return differences;
}

function mergeModel(model, other, day, differences) {
  const [row] = model.rows;
  const now = rowOn(other.rows, day);
  if (now === undefined) return;
  for (const [unit, usd] of Object.entries(row.rates)) {
    if (now.rates[unit] !== undefined && !same(now.rates[unit], usd)) {
      differences.push({ provider: model.provider, model: model.id, unit, litellm: usd, genaiPrices: now.rates[unit], taken: "litellm" });
    }
  }
  // Its price is another one: then its dates and fees are not this row's either.
  if (!agree(row, now)) return;
  for (const unit of ["webSearches", "fileSearches", "cacheWrite1h"]) {
    if (row.rates[unit] === undefined && now.rates[unit] !== undefined) {
      row.rates[unit] = now.rates[unit];
      row.also = { ...row.also, [unit]: now.source };
    }
  }
  const at = other.rows.indexOf(now);
  if (now.from !== undefined) row.from = now.from;
  model.rows = [...other.rows.slice(0, at), row, ...other.rows.slice(at + 1)].map((one) => structuredClone(one));
}

const sameRates = (a, b) => JSON.stringify([a.rates, a.tiers]) === JSON.stringify([b.rates, b.tiers]);

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
  if (sameRates(last, now)) {
    // The same price, read again; and its history, where that has only now become known.
    const history = begun.length === 1 && last.from === undefined ? fresh.filter((row) => row.from === undefined || row.from <= day) : [...begun.slice(0, -1), { ...now, from: last.from }];
    return [...history, ...announced];
  }
  const from = now.from !== undefined && now.from > (last.from ?? "") ? now.from : day;
  // Two changes on one day are one: what was read first that day was never a price for longer.
  const kept = last.from === from ? begun.slice(0, -1) : begun;
  return [...kept, { ...now, from }, ...announced];
}
