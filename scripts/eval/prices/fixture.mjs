// The short form of an evaluation, to be committed: some cases of each dimension with what the other engine answered, and the
// rows of its table that they need. tests/peers.rs prices them again with each test run, without a network.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../lib/run.mjs";

/** So many models of a dimension, and so many cases of each. */
const MODELS = 5;
const CASES = 5;

/** The first cases of each dimension, of few models, so that few rows are needed. */
export function chosen(cases) {
  const dimensions = new Map();
  return cases.filter((one) => {
    const models = dimensions.get(one.dimension) ?? new Map();
    dimensions.set(one.dimension, models);
    if (!models.has(one.key) && models.size === MODELS) return false;
    const count = models.get(one.key) ?? 0;
    models.set(one.key, count + 1);
    return count < CASES;
  });
}

/** The keys of LiteLLM's table that its rows of these cases rest on, with what is no price or limit left out. */
export function litellmRows(table, cases) {
  const keys = new Set(cases.flatMap(({ key }) => [key, `global.${key}`]).filter((key) => key in table));
  const counts = /cost|price|tokens|multiplier|mode|provider|pricing|supports_reasoning|billing_unit|specific/;
  return Object.fromEntries([...keys].map((key) => [key, Object.fromEntries(Object.entries(table[key]).filter(([name]) => counts.test(name)))]));
}

/** The providers and models of genai-prices' table that these cases rest on. */
export function genaiRows(providers, cases) {
  const models = new Map();
  for (const { options, expects } of cases) models.set(options.providerId, (models.get(options.providerId) ?? new Set()).add(expects));
  return providers
    .filter(({ id }) => models.has(id))
    .map(({ id, name, pricing_urls, models: all }) => ({ id, name, pricing_urls, models: all.filter((model) => models.get(id).has(model.id)) }));
}

/** Writes a fixture, a case a line. */
export function writeFixture(name, { cases, ...head }) {
  const lines = cases.map((one) => `    ${JSON.stringify(one)}`).join(",\n");
  const top = Object.entries(head).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`);
  const path = join(ROOT, "tests/fixtures/prices", name);
  writeFileSync(path, `{\n${top.join("")}  "cases": [\n${lines}\n  ]\n}\n`);
  return path;
}
