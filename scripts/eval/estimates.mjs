// How good estimates are: of the held-out half of every set of texts, beside what the families' public vocabularies count, and
// beside others' estimates. Measures what is built: `npm run eval:estimates`.
//
// Errors are of chunks of 4,000 characters, in per cent of the true count: mean / 95th percentile. `outside` is how many chunks of
// 4,000, 1,000 and 250 characters have their true count outside of low to high. Of Claude 3 and later there is no vocabulary to compare
// with, here or anywhere; that of Claude 2 stands beside its estimate for those, to show how far they are apart.
import { parseArgs } from "node:util";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { countTokens } from "tollgate";
import { Problem, main } from "../lib/run.mjs";
import { chunks } from "../estimates/texts.mjs";
import { TRUTHS, counts } from "../estimates/truths.mjs";
import { npmPackage } from "../vocab/packages.mjs";

/** A model of each family that has a vocabulary. */
const MODELS = { o200k: "gpt-5", cl100k: "gpt-4", gemma: "gemini-2.5-pro", qwen: "qwen3-32b", deepseek: "deepseek-chat", llama3: "llama-3.3-70b", tekken: "mistral-large-latest", claude2: "claude-2.1" };

/** More than this mean error, over all sets, is none to ship. */
const MOST = 6;

const mean = (all) => all.reduce((sum, one) => sum + one, 0) / all.length;
const p95 = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length * 0.95)];

await main(async () => {
  const { values } = parseArgs({ options: { family: { type: "string" } } });
  const held = await chunks(1);
  const texts = held.map(({ text }) => text);
  const sets = [...new Set(held.map(({ set }) => set))];
  const { estimateTokenCount } = await import(pathToFileURL(join(npmPackage("tokenx", "2.2.0"), "dist/index.mjs")));
  const others = { "chars/4": (text) => Math.ceil(text.length / 4), "tokenx 2.2.0": (text) => estimateTokenCount(text) };

  const row = (name, cells) => console.log(`  ${name.padEnd(14)}${cells.map((cell) => cell.padStart(10)).join("")}`);
  let worst = 0;
  for (const [family, model] of Object.entries(MODELS)) {
    if (values.family !== undefined && values.family !== family) continue;
    if (TRUTHS[family] === undefined) throw new Problem(`expected a vocabulary of ${family}, found none`);
    const truth = await counts(family, texts);
    console.log(`\n${family} (${model})`);
    row("", [...sets, "all", "outside"]);
    const found = texts.map((text) => countTokens(text, model));
    const ways = { [found[0].method]: found.map(({ tokens }) => tokens), ...Object.fromEntries(Object.entries(others).map(([name, estimate]) => [name, texts.map(estimate)])) };
    for (const [name, estimates] of Object.entries(ways)) {
      const errors = estimates.map((tokens, index) => 100 * Math.abs(tokens / truth[index] - 1));
      const of = (set) => errors.filter((_, index) => held[index].length === 4_000 && (set === undefined || held[index].set === set));
      const means = sets.map((set) => mean(of(set)));
      const out = found.filter(({ low, high }, index) => truth[index] < low || truth[index] > high).length;
      const first = estimates === Object.values(ways)[0];
      if (first && family !== "claude2") worst = Math.max(worst, mean(means));
      row(name.replace("estimate:", ""), [...sets.map((set, index) => `${means[index].toFixed(1)}/${p95(of(set)).toFixed(0)}`), mean(means).toFixed(1), first ? `${((100 * out) / found.length).toFixed(1)} %` : ""]);
    }
  }
  console.log(`\n  ${held.length} chunks of ${sets.length} sets, none of them fitted to; "all" is the mean over the sets`);
  if (worst > MOST) throw new Problem(`expected a mean error of at most ${MOST} %, found ${worst.toFixed(1)} %`);
});
