// The packed form of a book, format 2: src/catalog/read.rs describes it.

import { ratio, same, short } from "./decimal.mjs";
import { CAPABILITIES, UNITS, inOrder, unitOf } from "./units.mjs";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const EDGE = { above: ">", from: "+", disputed: "?" };

/** ASCII lower case, as the core compares names. */
const lower = (name) => Buffer.from(name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));

/** A table of texts, each once, in the order of their first use. */
class Table {
  lines = [];
  #places = new Map();

  place(text) {
    if (!this.#places.has(text)) {
      this.#places.set(text, this.lines.length);
      this.lines.push(text);
    }
    const place = this.#places.get(text);
    if (place >= 64 * 64) throw new Error("cannot pack: expected at most 4,096 lines in a table");
    return place;
  }
}

const two = (place) => DIGITS[place >> 6] + DIGITS[place & 63];

/** The packed text. */
export function pack(book) {
  const tables = { pages: new Table(), limits: new Table(), traits: new Table(), prices: new Table() };
  const sources = book.sources.map(({ id }) => id);
  const page = (row) => tables.pages.place(`${sources.indexOf(row.source)} ${row.url ?? ""}`);
  const columns = ["", "", "", ""];
  const unsettled = [];
  const latest = book.sources.map(({ retrievedAt }) => retrievedAt).sort().at(-1);
  const body = [];
  let count = 0;
  for (const provider of book.providers) {
    const models = book.models.filter((model) => model.provider === provider.name).sort((a, b) => Buffer.compare(lower(a.id), lower(b.id)));
    const others = models.flatMap((model, at) => (model.aliases ?? []).map((alias) => [alias, at])).sort(([a], [b]) => Buffer.compare(lower(a), lower(b)));
    body.push([models.length, others.length, provider.name + (provider.ranked ? "!" : ""), ...(provider.aliases ?? [])].join(" "));
    for (const model of models) {
      const last = model.rows.at(-1);
      const home = page(last ?? { source: sources[0] });
      const rows = model.rows.map((row) => {
        const own = page(row);
        return (row.from === undefined ? "" : `${row.from.replaceAll("-", "")}:`) + (own === home ? "" : `~${own}:`) + packRow(row);
      });
      const bits = (model.capabilities ?? []).reduce((all, name) => all | (1 << CAPABILITIES.indexOf(name)), 0);
      const cells = [
        home,
        tables.limits.place(`${model.context ?? 0} ${model.maxOutput ?? 0}`),
        tables.traits.place(`${model.mode ?? ""} ${bits.toString(16)}`),
        tables.prices.place(rows.join("|")),
      ];
      cells.forEach((cell, at) => (columns[at] += two(cell)));
      if (last !== undefined && ((last.from ?? "") > latest || JSON.stringify(last).includes('"schedule"'))) unsettled.push(count);
      count += 1;
      body.push(model.id);
    }
    for (const [alias, at] of others) body.push(`${alias} ${at}`);
  }
  const { pages, limits, traits, prices } = tables;
  const counts = [sources.length, pages.lines.length, limits.lines.length, traits.lines.length, prices.lines.length, book.providers.length];
  const lines = [
    `tollgate-prices 2 ${counts.join(" ")}`,
    ...book.sources.map(({ name, retrievedAt }) => `${retrievedAt} ${name}`),
    ...Object.values(tables).flatMap(({ lines }) => lines),
    ...body,
    ...columns,
    unsettled.join(" "),
  ];
  const stray = lines.find((line) => line.includes("\n"));
  if (stray !== undefined) throw new Error(`cannot pack: expected names without line breaks, found ${stray}`);
  return `${lines.join("\n")}\n`;
}

function packRow(row) {
  const base = row.rates ?? {};
  const lead = (name) => {
    const { lead: of, isToken } = UNITS[unitOf(name)];
    return isToken && name !== of ? base[of] : undefined;
  };
  return packRates(base, lead) + [...variantsOf(row, "", base)].join("");
}

/** The conditions of a row, each with its rates. Regions and services are known even where nothing differs in them. */
function* variantsOf(block, when, base) {
  for (const { above, edge, ...tier } of block.tiers ?? []) yield* variant(tier, `${when}${EDGE[edge ?? "above"]}${above % 1000 === 0 ? above / 1000 : `${above}t`}`, base);
  for (const [name, one] of Object.entries(block.services ?? {})) yield* variant(one, `${when}!${name}`, base);
  for (const [name, one] of Object.entries(block.regions ?? {})) yield* variant(one, `${when}@${name}`, base);
  for (const { days, from, to, offset, ...one } of block.schedule ?? []) yield* variant(one, `${when}%${daysOf(days)}/${minutes(from) % 1440}/${minutes(to) % 1440}/${offsetOf(offset)}`, base);
}

function* variant(block, when, base) {
  const factor = block.multiplier === undefined ? "" : `^${short(block.multiplier)}`;
  const rates = packRates(block.rates ?? {}, (name) => base[name]);
  // Also where nothing differs: then it is known that nothing does.
  yield `;${when}:${factor}${rates}`;
  yield* variantsOf(block, when, base);
}

/** Rates, of which those that are a short multiple of another are written as one; what is the same stands together. */
function packRates(rates, lead) {
  const groups = new Map();
  for (const name of inOrder(Object.keys(rates))) {
    const usd = rates[name];
    const plain = short(usd);
    const of = lead(name);
    const times = of === undefined ? undefined : ratio(usd, of);
    const text = times !== undefined && short(times).length <= Math.max(plain.length, 4) && !same(usd, "0") ? `*${short(times)}` : plain;
    const [unit, label] = [unitOf(name), name.slice(unitOf(name).length + 1)];
    const key = label === "" ? text : `[${label}]${text}`;
    groups.set(key, (groups.get(key) ?? "") + UNITS[unit].tag);
  }
  // Multiples of the plain rates come behind them.
  return [...groups].sort(([a], [b]) => Number(a.startsWith("*")) - Number(b.startsWith("*"))).map(([text, tags]) => tags + text).join("");
}

const minutes = (hours) => Number(hours.slice(0, 2)) * 60 + Number(hours.slice(3));
const offsetOf = (offset) => (offset === undefined || offset === "" ? 0 : (offset[0] === "-" ? -1 : 1) * minutes(offset.slice(1)));

/** `1-3,5` as bits, Monday first. */
function daysOf(days) {
  if (days === undefined || days === "") return 127;
  return days.split(",").reduce((all, part) => {
    const [first, last = first] = part.split("-").map(Number);
    for (let day = first; day <= last; day += 1) all |= 1 << (day - 1);
    return all;
  }, 0);
}
