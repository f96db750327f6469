// Fits the weights of offline moderation and writes data/guard/moderation.weights.txt: `npm run moderation:fit -- <folder>`.
//
// The folder holds sets as JSON Lines, gzipped or not. Fitted are logistic weights, with L2, over what the lexicon finds in a text
// (src/guard/moderation/features.rs), one head for each category and one for all. Only sets with a clean licence are fitted on; the
// rest of the benign rows shows what is flagged wrongly. Every figure stands beside one of five folds, in which texts that share
// eight words in a row are on the same side. Nothing of a text is kept but the weights.
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { Problem, ROOT, main, run } from "../lib/run.mjs";
import { CATEGORIES, HEADS, featuresOf as namesOf, hash, pack, read } from "./moderation-lexicon.mjs";

/** The sets, how much a text of them counts, and where they are from. */
const SETS = {
  moderation_openai1680: [1, "openai/moderation-api-release (MIT)"],
  toxicity_surge1000: [1, "surge-ai/toxicity (MIT)"],
  benign_prompts: [1, "arena-hard, FastChat, self-instruct (Apache-2.0), human-eval (MIT)"],
  benign_outputs: [1, "arena-hard, FastChat (Apache-2.0)"],
  benign_roleplay_gpteacher: [0.5, "GPTeacher (MIT)"],
  benign_code_chunks: [0.5, "code under permissive licences"],
};
/** Rows of these may be looked at, never fitted on. */
const CLOSED = /alpaca/;
const LABELS = { hate: ["H", "H2"], "hate/threatening": ["H2"], harassment: ["HR"], "self-harm": ["SH"], sexual: ["S", "S3"], "sexual/minors": ["S3"], violence: ["V", "V2"], "violence/graphic": ["V2"] };
const FOLDS = 5;
const STEPS = 250;
/** How strongly weights are held to 0: one over this is the variance expected of them. */
const HOLD = 2.5;
/** How many benign texts may be flagged. */
const WRONG = 0.003;

/** The ordinary prompts and answers. */
const CALM = ["benign_prompts", "benign_outputs"];

function rowsOf(folder) {
  const files = readdirSync(folder);
  return Object.entries(SETS).flatMap(([set, [weight]]) => {
    const file = files.find((name) => name.replace(/\.jsonl(\.gz)?$/, "") === set);
    if (file === undefined) throw new Problem(`cannot fit: expected the set ${set} in the folder, found none`);
    const bytes = readFileSync(join(folder, file));
    const lines = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8").split("\n").filter(Boolean);
    return lines.map((line) => {
      const row = JSON.parse(line);
      return { ...row, set, weight, open: !CLOSED.test(row.source) };
    });
  });
}

/** What the core sees in each text: which features, and their values. */
function featuresOf(table, rows) {
  const input = [table, ...rows.map(({ text }) => Buffer.from(text))].flatMap((bytes) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  run("cargo", ["build", "--quiet", "--example", "moderation-features"]);
  const { stdout, status } = spawnSync(join(ROOT, "target/debug/examples/moderation-features"), { input: Buffer.concat(input), maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Problem("cannot fit: expected the features, found that moderation-features failed");
  const lines = stdout.toString().split("\n");
  const width = Number(lines[0]);
  const features = rows.map((_, at) => {
    const pairs = lines[at + 1].split(" ").filter(Boolean).map((pair) => pair.split(":").map(Number));
    return { places: Uint16Array.from(pairs, ([place]) => place), values: Float64Array.from(pairs, ([, value]) => value) };
  });
  return { width, features };
}

/** Folds such that texts that share eight words in a row are in the same one. */
function foldsOf(rows) {
  const parent = rows.map((_, at) => at);
  const root = (at) => (parent[at] === at ? at : (parent[at] = root(parent[at])));
  const first = new Map();
  rows.forEach(({ text }, at) => {
    const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
    for (let from = 0; from + 8 <= words.length; from += 1) {
      const shingle = words.slice(from, from + 8).join(" ");
      if (first.has(shingle)) parent[root(at)] = root(first.get(shingle));
      else first.set(shingle, at);
    }
  });
  return rows.map(({ text }, at) => hash(rows[root(at)].text) % FOLDS);
}

/** What a head is to answer for a row; undefined where nobody knows. */
function answer(head, row) {
  if (head === "any" || row.label === 0) return row.label;
  // Of the toxic comments it is only known that they are; nearly all insult somebody.
  if (row.categories === undefined) return head === "harassment" ? 1 : undefined;
  const known = LABELS[head].map((label) => row.categories[label]);
  return known.includes(1) ? 1 : known.includes(0) ? 0 : undefined;
}

/** Logistic weights with L2, by Adam over all rows at once. The last weight is the constant, which nothing holds. */
function fit(width, rows, features, answers) {
  const weights = new Float64Array(width + 1);
  const slope = new Float64Array(width + 1);
  const mean = new Float64Array(width + 1);
  const square = new Float64Array(width + 1);
  for (let step = 1; step <= STEPS; step += 1) {
    for (let at = 0; at < width; at += 1) slope[at] = HOLD * weights[at];
    slope[width] = 0;
    for (let row = 0; row < rows.length; row += 1) {
      const { places, values } = features[row];
      const off = (1 / (1 + Math.exp(-score(weights, features[row]))) - answers[row]) * rows[row].weight;
      for (let at = 0; at < places.length; at += 1) slope[places[at]] += off * values[at];
      slope[width] += off;
    }
    const rate = 0.08 * (1 - step / (STEPS + 1));
    for (let at = 0; at <= width; at += 1) {
      mean[at] = 0.9 * mean[at] + 0.1 * slope[at];
      square[at] = 0.98 * square[at] + 0.02 * slope[at] ** 2;
      weights[at] -= (rate * mean[at]) / (1 - 0.9 ** step) / (Math.sqrt(square[at] / (1 - 0.98 ** step)) + 1e-8);
    }
  }
  return weights;
}

function score(weights, { places, values }) {
  let sum = weights[weights.length - 1];
  for (let at = 0; at < places.length; at += 1) sum += weights[places[at]] * values[at];
  return sum;
}

/** The F1, precision and recall at a threshold. */
function measure(scores, answers, threshold) {
  let [right, flagged, all] = [0, 0, 0];
  scores.forEach((one, at) => {
    flagged += one >= threshold;
    all += answers[at];
    right += one >= threshold && answers[at] === 1;
  });
  return { f1: (2 * right) / (flagged + all || 1), precision: right / (flagged || 1), recall: right / (all || 1), all };
}

await main(() => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { show: { type: "boolean" } } });
  const [folder] = positionals;
  if (folder === undefined) throw new Problem("cannot fit: expected a folder of sets, found none; npm run moderation:fit -- <folder>");
  const rows = rowsOf(folder);
  const lexicon = read(readFileSync(join(ROOT, "data/guard/moderation.txt"), "utf8"));
  const { width, features } = featuresOf(pack(lexicon), rows);
  const folds = foldsOf(rows);
  const benign = (row) => row.set.startsWith("benign");
  const fitted = {};
  const crossed = {};
  for (const head of HEADS) {
    const answers = rows.map((row) => answer(head, row));
    const over = (keep) => {
      const picked = rows.map((_, at) => at).filter((at) => rows[at].open && answers[at] !== undefined && keep(at));
      return fit(width, picked.map((at) => rows[at]), picked.map((at) => features[at]), picked.map((at) => answers[at]));
    };
    const weights = over(() => true);
    const folded = Array.from({ length: FOLDS }, (_, fold) => over((at) => folds[at] !== fold));
    // Without what it needs nothing is flagged.
    const needs = [head, head.split("/")[0]].map((name) => lexicon.needs[HEADS.indexOf(name)]);
    const has = ({ places }, classes) => places.some((place) => place < lexicon.classes.length && (classes >> BigInt(place)) & 1n);
    const able = features.map((one) => needs.every((classes) => has(one, classes)));
    const gated = (one, at) => (able[at] ? one : Math.min(one, -9));
    const scores = rows.map((_, at) => gated(score(folded[folds[at]], features[at]), at));
    crossed[head] = scores;
    // The threshold: where the F1 is best, of the sum over both sets, and few benign texts are flagged.
    const sets = [...new Set(rows.filter((row) => !benign(row)).map(({ set }) => set))].map((set) =>
      rows.map((_, at) => at).filter((at) => rows[at].set === set && answers[at] !== undefined),
    );
    const judged = sets.filter((set) => head === "any" || rows[set[0]].categories !== undefined);
    const calm = rows.map((_, at) => at).filter((at) => CALM.includes(rows[at].set) && rows[at].open);
    const steps = [...new Set(scores)].sort((a, b) => a - b);
    let best = { sum: -1 };
    for (let at = 0; at < steps.length; at += 1) {
      const threshold = steps[at];
      const wrong = calm.filter((at) => scores[at] >= threshold).length / calm.length;
      if (wrong > (head === "any" ? WRONG : WRONG / 3)) continue;
      const sum = judged.reduce((sum, set) => sum + measure(set.map((at) => scores[at]), set.map((at) => answers[at]), threshold).f1, 0);
      if (sum > best.sum) best = { sum, threshold };
    }
    weights[width] -= best.threshold;
    for (const set of judged) {
      const told = (given, threshold) => {
        const { f1, precision, recall, all: count } = measure(set.map((at) => given[at]), set.map((at) => answers[at]), threshold);
        return `${count} to find, precision ${precision.toFixed(2)} recall ${recall.toFixed(2)} F1 ${f1.toFixed(3)}`;
      };
      console.log(`${head.padEnd(18)} ${rows[set[0]].set.padEnd(24)} crossed: ${told(scores, best.threshold)}; fitted: ${told(rows.map((_, at) => gated(score(weights, features[at]), at)), 0)}`);
    }
    fitted[head] = weights;
    crossed[head] = scores.map((one) => one - best.threshold);
  }
  // What a rule says by itself is not fitted.
  const enough = lexicon.rules.map(({ score }, at) => (score >= 50 ? 3 * lexicon.classes.length + at : -1));
  const any = rows.map((_, at) => (features[at].places.some((place) => enough.includes(place)) ? 1 : Math.max(...HEADS.map((head) => crossed[head][at]))));
  for (const set of Object.keys(SETS)) {
    for (const open of [true, false]) {
      const picked = rows.map((_, at) => at).filter((at) => rows[at].set === set && rows[at].open === open);
      if (picked.length === 0) continue;
      const { f1, precision, recall } = measure(picked.map((at) => any[at]), picked.map((at) => rows[at].label), 0);
      const flagged = picked.filter((at) => any[at] >= 0);
      const found = benign(rows[picked[0]]) ? "" : ` precision ${precision.toFixed(3)} recall ${recall.toFixed(3)} F1 ${f1.toFixed(3)}`;
      console.log(`flagged, crossed: ${set}${open ? "" : " (not fitted on)"} ${flagged.length} of ${picked.length} (${((100 * flagged.length) / picked.length).toFixed(2)} %)${found}`);
      if (values.show) for (const at of flagged.filter((at) => rows[at].label === 0)) console.log("   ", HEADS.filter((head) => crossed[head][at] >= 0).join() || "a rule", JSON.stringify(rows[at].text.slice(0, 200)));
    }
  }
  const scales = HEADS.map((head) => Math.max(...fitted[head].subarray(0, width).map(Math.abs)) / 127);
  const lines = namesOf(lexicon).map((name, at) => `${name}: ${HEADS.map((head, place) => Math.round(fitted[head][at] / scales[place])).join(" ")}`);
  writeFileSync(
    join(ROOT, "data/guard/moderation.weights.txt"),
    [
      "# The weights of offline moderation, fitted by scripts/guard/moderation-fit.mjs. Do not edit. No text of the sets is in them. From:",
      ...Object.entries(SETS).map(([set, [, source]]) => `# ${set}: ${source}`),
      `heads: ${HEADS.join(" ")}`,
      `constants: ${HEADS.map((head) => fitted[head][width].toFixed(4)).join(" ")}`,
      `scales: ${scales.map((scale) => scale.toFixed(6)).join(" ")}`,
      // What weighs nothing need not be said.
      ...lines.filter((line) => !/:( 0)+$/.test(line)),
      "",
    ].join("\n"),
  );
});
