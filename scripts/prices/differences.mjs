// What an update is silent about, since a book that is put over another takes nothing from it: what the later of two books says
// no more, and what a model is beside its price.

/** What a model is beside its price. Lists are compared entry by entry. */
const PLAIN = ["mode", "context", "maxOutput"];
const LISTS = ["aliases", "capabilities"];

const byModel = ({ models }) => new Map(models.map((model) => [`${model.provider}/${model.id}`, model]));
const byDay = ({ rows }) => new Map(rows.map((row) => [row.from ?? "", row]));

/** All that a block of prices says, by its path: `services.batch.rates.input`, `tiers.200000.edge`. */
function* said(block, path = "") {
  if (block.multiplier !== undefined) yield [`${path}multiplier`, block.multiplier];
  for (const [unit, rate] of Object.entries(block.rates ?? {})) yield [path + unit, rate];
  for (const tier of block.tiers ?? []) {
    yield [`${path}tiers.${tier.above}.edge`, tier.edge ?? "above"];
    yield* said(tier, `${path}tiers.${tier.above}.`);
  }
  for (const key of ["services", "regions"]) for (const [name, one] of Object.entries(block[key] ?? {})) yield* said(one, `${path}${key}.${name}.`);
  for (const { days, from, to, offset, ...one } of block.schedule ?? []) yield* said(one, `${path}schedule.${[days, from, to, offset].flat().join(" ")}.`);
}

/** What the one block says and the other does not, and edges that are others. */
function gone(before, after) {
  const now = new Map(said(after));
  return [...said(before)].filter(([path, was]) => !now.has(path) || (path.endsWith(".edge") && now.get(path) !== was)).map(([what, was]) => ({ what, was, is: now.get(what) }));
}

/** What two books, as `toJSON` has them, say otherwise of the models of both, beside what an update tells. */
export function differences(before, after) {
  const [all, now] = [[], byModel(after)];
  for (const [model, was] of byModel(before)) {
    const is = now.get(model);
    if (is === undefined) continue;
    const tell = (one) => all.push({ model, ...one });
    for (const what of PLAIN) if (was[what] !== is[what]) tell({ what, was: was[what], is: is[what] });
    for (const what of LISTS) {
      const [old, young] = [was[what] ?? [], is[what] ?? []];
      for (const entry of old) if (!young.includes(entry)) tell({ what, was: entry });
      for (const entry of young) if (!old.includes(entry)) tell({ what, is: entry });
    }
    const [rows, days] = [byDay(was), byDay(is)];
    for (const [day, row] of rows) {
      const same = days.get(day);
      if (same === undefined) tell({ what: `the price ${day === "" ? "of unknown age" : `from ${day}`}`, was: Object.entries(row.rates ?? {}).map((rate) => rate.join(" ")).join(", ") });
      else for (const one of gone(row, same)) tell(one);
    }
    // A new price that is silent about what the one before it says.
    const [last, next] = [was.rows.at(-1), is.rows.at(-1)];
    if (last !== undefined && next !== undefined && !rows.has(next.from ?? "")) for (const one of gone(last, next)) tell(one);
  }
  return all;
}
