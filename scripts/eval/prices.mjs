// Prices random calls here and in two other engines, and tells where they differ. Measures what is built.
//
//     npm run eval:prices                        20,000 cases of each
//     npm run eval:prices -- --count 2000        fewer
//     npm run eval:prices -- --only genai        one of litellm, genai
//     npm run eval:prices -- --seed 7 --show 20  other cases; more examples of each difference
//
// LiteLLM is asked through its Python package, in an environment of its own in .cache; genai-prices is an npm package. Both
// at the versions that the price book is made of. The command fails when less than 99.5 % agree, or when a difference has no
// decision in prices/decisions.mjs.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import book from "tollgate/prices/full";
import { Problem, ROOT, main, step } from "../lib/run.mjs";
import { fetchGenai, fetchLitellm } from "../prices/sources.mjs";
import { decide } from "./prices/decisions.mjs";
import { genaiCases } from "./prices/genai_cases.mjs";
import { litellmCases } from "./prices/litellm_cases.mjs";
import { askOracle, LITELLM } from "./prices/python.mjs";

const GENAI = "0.1.8";
const LEAST = 0.995;

/**
 * What a sum of doubles may be away from the exact one: their own noise, and for each thing counted half a pico-dollar, to
 * which a published rate may be rounded (the report lists those).
 */
function agrees(theirs, ours, usage) {
  const things = Object.values(usage).reduce((sum, count) => sum + count, 0);
  return Math.abs(theirs - ours) <= 1e-9 * Math.max(Math.abs(theirs), Math.abs(ours)) + (things + 4) * 0.5e-12;
}

/** Compares cases with their expected costs; prints a table by dimension and the differences. Answers whether it is good. */
function compare(title, cases, expected, show) {
  const rows = new Map();
  const groups = new Map();
  let [unexplained, unasked] = [0, 0];
  cases.forEach((one, index) => {
    const row = rows.get(one.dimension) ?? { cases: 0, agreed: 0, decided: 0, open: 0 };
    rows.set(one.dimension, row);
    row.cases += 1;
    const theirs = expected[index];
    if (theirs.error === "no price") {
      // It does not find its own model's id: nothing to compare with.
      row.cases -= 1;
      unasked += 1;
      return;
    }
    const ours = book.price(one.query);
    if (ours.priced && theirs.usd !== undefined && agrees(Number(theirs.usd), Number(ours.usd), one.query.usage)) {
      row.agreed += 1;
      return;
    }
    const decision = decide(title, one, theirs, ours);
    if (decision === undefined) {
      row.open += 1;
      unexplained += 1;
    } else row.decided += 1;
    const name = decision?.name ?? `OPEN: ${one.dimension}: ${ours.priced ? "another cost" : ours.reason}`;
    const group = groups.get(name) ?? { decision, count: 0, examples: [] };
    groups.set(name, group);
    group.count += 1;
    if (group.examples.length < show) group.examples.push({ key: one.key, theirs: theirs.usd ?? theirs.error, ours: ours.priced ? ours.usd : ours.detail, query: one.query });
  });
  const cell = (text, width) => String(text).padStart(width);
  console.log(`\n${title}: ${cases.length} cases`);
  console.log(`  ${"dimension".padEnd(24)}${["cases", "agree", "decided", "open", "share"].map((head) => cell(head, 10)).join("")}`);
  const all = { cases: 0, agreed: 0, decided: 0, open: 0 };
  const line = (name, row) =>
    console.log(`  ${name.padEnd(24)}${[row.cases, row.agreed, row.decided, row.open, `${((100 * row.agreed) / row.cases).toFixed(2)} %`].map((text) => cell(text, 10)).join("")}`);
  for (const [name, row] of rows) {
    line(name, row);
    for (const key of Object.keys(all)) all[key] += row[key];
  }
  line("all", all);
  if (unasked > 0) console.log(`  ${unasked} more cases have no price there: it does not find a model by its own id`);
  for (const [name, { decision, count, examples }] of [...groups].sort(([, a], [, b]) => b.count - a.count)) {
    console.log(`\n  ${count} x ${name}`);
    if (decision !== undefined) console.log(`    ${decision.why}\n    ${decision.page}`);
    for (const one of examples) console.log(`    ${one.key}: theirs ${one.theirs}, ours ${one.ours}\n      ${JSON.stringify(one.query)}`);
  }
  const share = all.agreed / all.cases;
  return { share, unexplained };
}

await main(async () => {
  const { values } = parseArgs({
    options: { count: { type: "string", default: "20000" }, seed: { type: "string", default: "1" }, only: { type: "string" }, show: { type: "string", default: "2" } },
  });
  const [count, seed, show] = [values.count, values.seed, values.show].map(Number);
  if (![undefined, "litellm", "genai"].includes(values.only)) throw new Problem(`expected --only litellm or genai, found ${values.only}`);
  const cache = join(ROOT, ".cache/prices");
  const results = [];
  if (values.only !== "genai") {
    const table = JSON.parse(fetchLitellm(cache, LITELLM).text);
    const cases = litellmCases(table, { count, seed });
    const answers = await step(`LiteLLM ${LITELLM} prices ${count} calls`, () => askOracle("litellm_oracle.py", cases.map(({ ask }) => ask)));
    results.push(["LiteLLM", compare("LiteLLM", cases, answers, show)]);
  }
  if (values.only !== "litellm") {
    const providers = JSON.parse((await fetchGenai(cache, GENAI)).text);
    const { calcPrice } = await import(pathToFileURL(join(cache, "genai-prices/package/dist/index.js")).href);
    const cases = genaiCases(providers, { count, seed });
    const answers = cases.map((one) => {
      try {
        const price = calcPrice(one.usage, one.id, one.options);
        return price === null ? { error: "no price" } : { usd: String(price.total_price) };
      } catch (error) {
        return { error: String(error.message).slice(0, 200) };
      }
    });
    results.push(["genai-prices", compare("genai-prices", cases, answers, show)]);
  }
  for (const [name, { share, unexplained }] of results) {
    console.log(`\n${name}: ${(100 * share).toFixed(2)} % agree, ${unexplained} differences without a decision`);
    if (share < LEAST || unexplained > 0) process.exitCode = 1;
  }
});
