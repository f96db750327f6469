// How much of what is harmful offline moderation finds, by category, and what it takes for harmful. Measures what is built.
//
//     npm run eval:moderation -- <folder> [--words <list>] [--show <set>]
//
// The folder holds sets as JSON Lines, gzipped or not: `text`, `label` (1: harmful, 0: benign), and where known `categories`, by the
// letters of OpenAI's release (S, S3, H, H2, V, V2, HR, SH). `moderation_*` and `toxicity_*` are measured, `benign_*` are not to be flagged.
// `--words` names a list of bad words (a word a line, or a JSON array) that is measured beside it. What was fitted on a set is better on it
// than elsewhere: `npm run moderation:fit` prints the figures of five folds.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { ContentModerationGuardrail } from "tollgate";
import { Problem, main } from "../lib/run.mjs";

const LETTERS = { S: "sexual", S3: "sexual/minors", H: "hate", H2: "hate/threatening", V: "violence", V2: "violence/graphic", HR: "harassment", SH: "self-harm" };
/** Who is labelled with a part is labelled with the whole. */
const PARTS = { S: ["S", "S3"], H: ["H", "H2"], V: ["V", "V2"] };

function read(path) {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

/** A list of words as a judge: whether one of them stands in a text as a whole word. */
function listed(path) {
  const content = readFileSync(path, "utf8");
  const words = content.trimStart().startsWith("[") ? JSON.parse(content) : content.split("\n").filter(Boolean);
  const escaped = words.map((word) => word.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join("|")})(?![\\p{L}\\p{N}])`, "iu");
  return (text) => (pattern.test(text) ? ["any"] : []);
}

const number = (value) => (Number.isFinite(value) ? value.toFixed(3) : "-").padStart(10);

function table(title, rows, judged, wanted, flagged) {
  let [right, found, all] = [0, 0, 0];
  rows.forEach((row, at) => {
    const is = wanted(row);
    if (is === undefined) return;
    const hit = flagged(judged[at]);
    all += is ? 1 : 0;
    found += hit ? 1 : 0;
    right += is && hit ? 1 : 0;
  });
  const [precision, recall, f1] = [right / found, right / all, (2 * right) / (found + all)];
  console.log(`  ${title.padEnd(46)}${String(all).padStart(8)}${number(precision)}${number(recall)}${number(f1)}`);
}

await main(async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { words: { type: "string" }, show: { type: "string" } } });
  const [folder] = positionals;
  if (folder === undefined) throw new Problem("cannot measure: expected a folder of sets, found none; npm run eval:moderation -- <folder>");
  const guardrail = new ContentModerationGuardrail({ action: "warn" });
  const ours = async (text) => (await guardrail.evaluate(text)).metadata.violations.map(({ category }) => category);
  const judges = [["offline", ours], ...(values.words === undefined ? [] : [["word list", listed(values.words)]])];
  console.log(`  ${"set".padEnd(46)}${"to find".padStart(8)}${"precision".padStart(10)}${"recall".padStart(10)}${"F1".padStart(10)}`);
  for (const file of readdirSync(folder).filter((name) => /^(moderation|toxicity|benign)_.*\.jsonl(\.gz)?$/.test(name)).sort()) {
    const name = file.replace(/\.jsonl(\.gz)?$/, "");
    const rows = read(join(folder, file));
    for (const [judge, judgeOne] of judges) {
      const started = performance.now();
      const judged = [];
      for (const { text } of rows) judged.push(await judgeOne(text));
      const speed = rows.reduce((sum, { text }) => sum + text.length, 0) / 1000 / (performance.now() - started);
      if (name.startsWith("benign")) {
        const wrong = judged.filter((categories) => categories.length > 0).length;
        console.log(`  ${`${name}, ${judge}`.padEnd(46)}${String(rows.length).padStart(8)} flagged ${wrong} (${((100 * wrong) / rows.length).toFixed(2)} %), ${speed.toFixed(1)} MB/s`);
      } else {
        table(`${name}, ${judge}`, rows, judged, ({ label }) => label === 1, (categories) => categories.length > 0);
        for (const [letter, category] of Object.entries(LETTERS)) {
          if (rows[0].categories === undefined) continue;
          const wanted = ({ categories }) => {
            const known = (PARTS[letter] ?? [letter]).map((one) => categories[one]);
            return known.includes(1) ? true : known.includes(0) ? false : undefined;
          };
          table(`  ${category}`, rows, judged, wanted, (categories) => categories.includes("any") || categories.includes(category));
        }
      }
      if (values.show === name && judge === "offline") rows.forEach(({ text, label }, at) => {
        if ((judged[at].length > 0) !== (label === 1)) console.log(`    ${label === 1 ? "missed" : judged[at].join(", ")}: ${JSON.stringify(text.slice(0, 200))}`);
      });
    }
  }
});
