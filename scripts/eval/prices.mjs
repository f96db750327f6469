// Prices random calls here and in two other engines, and tells where they differ. Measures what is built.
//
//     npm run eval:prices                        20,000 cases of each
//     npm run eval:prices -- --count 2000        fewer
//     npm run eval:prices -- --only genai        one of litellm, genai
//     npm run eval:prices -- --seed 7 --show 20  other cases; more examples of each difference
//     npm run eval:prices -- --fixture           writes the short form that every test run compares (tests/peers.rs)
//
// LiteLLM is asked through its Python package, in an environment of its own in .cache; genai-prices is an npm package. Both
// at the versions that the price book is made of. A case agrees when the costs are equal, but for the noise of doubles; where
// our answer has two readings with a warning (OpenAI's 272,000th token), the other reading is counted in a column of its own.
//
// Each case is priced twice here. By the other's own table, read with `PriceBook.fromJSON`: do two engines make the same of
// the same prices? And by the book that is shipped, made of both tables, which differ: do they have the same prices? The
// command fails when less than 99.5 % agree by the table, or when a difference by either has no decision in
// prices/decisions.mjs.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { PriceBook } from "tollgate";
import book from "tollgate/prices/full";
import { Problem, ROOT, main, step } from "../lib/run.mjs";
import { fetchGenai, fetchLitellm } from "../prices/sources.mjs";
import { decide } from "./prices/decisions.mjs";
import { chosen, genaiRows, litellmRows, writeFixture } from "./prices/fixture.mjs";
import { genaiCases } from "./prices/genai_cases.mjs";
import { litellmCases } from "./prices/litellm_cases.mjs";
import { askOracle, LITELLM } from "./prices/python.mjs";

const GENAI = "0.1.8";
const LEAST = 0.995;

/**
 * What a sum of doubles may be away from the exact one: their own noise, and for each thing counted a pico-dollar, to which a
 * rate that is published finer is rounded up (the report lists those).
 */
function agrees(theirs, ours, usage) {
  const { extra = {}, ...units } = usage;
  const things = [...Object.values(units), ...Object.values(extra)].reduce((sum, count) => sum + count, 0);
  return Math.abs(theirs - ours) <= 1e-9 * Math.max(Math.abs(theirs), Math.abs(ours)) + (things + 4) * 1e-12;
}

/** Compares cases with their expected costs; prints a table by dimension and the differences. Answers whether it is good. */
function compare(title, cases, expected, show, { priceBook, by, query: queryOf }) {
  const rows = new Map();
  const groups = new Map();
  let [unexplained, unasked, general, apart, global] = [0, 0, 0, 0, 0];
  cases.forEach((one, index) => {
    const row = rows.get(one.dimension) ?? { cases: 0, agreed: 0, other: 0, decided: 0, open: 0 };
    rows.set(one.dimension, row);
    row.cases += 1;
    const theirs = expected[index];
    if (theirs.error === "no price") {
      // It does not find its own model's id: nothing to compare with.
      row.cases -= 1;
      unasked += 1;
      return;
    }
    if (one.ask?.general) general += 1;
    const query = queryOf(one);
    if (theirs.own !== undefined && !agrees(Number(theirs.own), Number(theirs.usd), query.usage)) apart += 1;
    if (query.region === "global") global += 1;
    const ours = priceBook.price(query);
    const equal = (usd) => theirs.usd !== undefined && usd !== undefined && agrees(Number(theirs.usd), Number(usd), query.usage);
    if (ours.priced && equal(ours.usd)) {
      row.agreed += 1;
      return;
    }
    if (ours.priced && ours.warnings.some(({ code }) => code === "tier_boundary") && (equal(ours.high) || equal(ours.low))) {
      row.other += 1;
      return;
    }
    const decision = decide(title, one, Number(theirs.usd), ours, (a, b) => agrees(a, b, query.usage));
    if (decision === undefined) {
      row.open += 1;
      unexplained += 1;
    } else row.decided += 1;
    const name = decision?.name ?? `OPEN: ${one.dimension}: ${ours.priced ? "another cost" : ours.reason}`;
    const group = groups.get(name) ?? { decision, count: 0, examples: [] };
    groups.set(name, group);
    group.count += 1;
    if (group.examples.length < show) group.examples.push({ key: one.key, theirs: theirs.usd ?? theirs.error, ours: ours.priced ? ours.usd : ours.detail, query });
  });
  const cell = (text, width) => String(text).padStart(width);
  console.log(`\n${title}, by ${by}: ${cases.length} cases`);
  console.log(`  ${"dimension".padEnd(24)}${["cases", "agree", "other end", "decided", "open", "share"].map((head) => cell(head, 10)).join("")}`);
  const all = { cases: 0, agreed: 0, other: 0, decided: 0, open: 0 };
  const line = (name, row) =>
    console.log(`  ${name.padEnd(24)}${[row.cases, row.agreed, row.other, row.decided, row.open, percent(row.agreed / row.cases)].map((text) => cell(text, 10)).join("")}`);
  for (const [name, row] of rows) {
    line(name, row);
    for (const key of Object.keys(all)) all[key] += row[key];
  }
  line("all", all);
  if (unasked > 0) console.log(`  ${unasked} more cases have no price there: it does not find a model by its own id`);
  if (general > 0) {
    console.log(`  ${general} of them were asked of LiteLLM's general calculator: prices by the hour, since only it can be told the time; and those of`);
    console.log(`  Fireworks and Perplexity, whose own calculators leave rates of its table out, and differ from it in ${apart}`);
  }
  if (global > 0) console.log(`  ${global} are Bedrock ids without a profile, at the global price, which LiteLLM has for them (decided in data/prices/differences.md)`);
  for (const [name, { decision, count, examples }] of [...groups].sort(([, a], [, b]) => b.count - a.count)) {
    console.log(`\n  ${count} x ${name}`);
    if (decision !== undefined) console.log(`    ${decision.why}\n    ${decision.page}`);
    for (const one of examples) console.log(`    ${one.key}: theirs ${one.theirs}, ours ${one.ours}\n      ${JSON.stringify(one.query)}`);
  }
  return { strict: all.agreed / all.cases, share: (all.agreed + all.other) / all.cases, unexplained };
}

/** By the other's own table, and by the shipped book. */
function both(title, cases, answers, show, table) {
  return [
    ["its own table", { priceBook: table, query: (one) => one.own ?? one.query }],
    ["the shipped book", { priceBook: book, query: (one) => one.query }],
  ].map(([by, options]) => ({ title, by, ...compare(title, cases, answers, show, { by, ...options }) }));
}

/** Writes the cases that are compared with each test run, and whether the shipped book agrees with each. */
function keep(name, { version, seed, at, rows, cases, answers }) {
  const isEqual = (priceBook, query, usd) => {
    const ours = priceBook.price(query);
    return [ours.usd, ours.low, ours.high].some((own) => own !== undefined && agrees(Number(usd), Number(own), query.usage));
  };
  // The rows that are kept have to say the same as all of them.
  const own = PriceBook.fromJSON(rows);
  const kept = cases.flatMap(({ dimension, query, own: inTable }, index) => {
    const { usd } = answers[index];
    if (usd === undefined) return [];
    const dated = { ...query, at: query.at ?? at };
    const byTable = { ...(inTable ?? query), at: dated.at };
    const different = isEqual(book, dated, usd) ? {} : { shipped: false };
    const fees = inTable === undefined || JSON.stringify(inTable.usage) === JSON.stringify(query.usage) ? {} : { own: inTable.usage };
    return isEqual(own, byTable, usd) ? [{ dimension, ...dated, usd, ...different, ...fees }] : [];
  });
  const path = writeFixture(name, { peer: version, by: "npm run eval:prices -- --fixture", seed, table: rows, cases: kept });
  console.log(`${path}: ${kept.length} of ${cases.length} cases, of which the shipped book agrees with ${kept.filter(({ shipped }) => shipped !== false).length}`);
}

const percent = (share) => `${(100 * share).toFixed(2)} %`;

await main(async () => {
  const { values } = parseArgs({
    options: { count: { type: "string", default: "20000" }, seed: { type: "string", default: "1" }, only: { type: "string" }, show: { type: "string", default: "2" }, fixture: { type: "boolean", default: false } },
  });
  const [count, seed, show] = [values.count, values.seed, values.show].map(Number);
  if (![undefined, "litellm", "genai"].includes(values.only)) throw new Problem(`expected --only litellm or genai, found ${values.only}`);
  const cache = join(ROOT, ".cache/prices");
  const results = [];
  if (values.only !== "genai") {
    const { text, source } = fetchLitellm(cache, LITELLM);
    const table = JSON.parse(text);
    const all = litellmCases(table, { count, seed });
    const cases = values.fixture ? chosen(all) : all;
    const answers = await step(`LiteLLM ${LITELLM} prices ${count} calls`, () => askOracle("litellm_oracle.py", cases.map(({ ask }) => ask)));
    if (values.fixture) keep("litellm.json", { version: `litellm ${LITELLM}`, seed, at: source.retrievedAt, rows: litellmRows(table, cases), cases, answers });
    results.push(...both("LiteLLM", cases, answers, show, PriceBook.fromJSON(table)));
  }
  if (values.only !== "litellm") {
    const { text, source } = await fetchGenai(cache, GENAI);
    const providers = JSON.parse(text);
    const { calcPrice } = await import(pathToFileURL(join(cache, "genai-prices/package/dist/index.js")).href);
    const all = genaiCases(providers, { count, seed });
    const cases = values.fixture ? chosen(all) : all;
    const answers = cases.map((one) => {
      try {
        const price = calcPrice(one.usage, one.id, one.options);
        return price === null ? { error: "no price" } : { usd: String(price.total_price) };
      } catch (error) {
        return { error: String(error.message).slice(0, 200) };
      }
    });
    if (values.fixture) keep("genai-prices.json", { version: `@pydantic/genai-prices ${GENAI}`, seed, at: source.retrievedAt, rows: genaiRows(providers, cases), cases, answers });
    results.push(...both("genai-prices", cases, answers, show, PriceBook.fromJSON(providers)));
  }
  for (const { title, by, strict, share, unexplained } of results) {
    const readings = share === strict ? "" : ` (${percent(share)} with one of the two readings of a disputed edge)`;
    console.log(`${title}, by ${by}: ${percent(strict)} agree${readings}, ${unexplained} differences without a decision`);
    if ((by === "its own table" && strict < LEAST && !values.fixture) || unexplained > 0) process.exitCode = 1;
  }
});
