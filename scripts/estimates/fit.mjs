// Fits the weights of estimates and writes src/tokens/estimate/weights.rs: `npm run estimates:fit`.
//
// A family's weights are such that the features of a text (src/tokens/estimate/features.rs), times the weights, are what the
// family's own vocabulary counts, in the relative error of the chunks of the first half of every set of texts. Where there is
// little of a feature in the texts, its weight stays near that of the other families.
//
// Of Claude 3 and later no vocabulary is published. Their counts are taken to be those of o200k_base times what was measured and
// published for prose, code and numbers, and, in other scripts, those of the vocabulary of Claude 2, which is public.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem, ROOT, main, run } from "../lib/run.mjs";
import { chunks } from "./texts.mjs";
import { SOURCES, TRUTHS, counts, tiktoken } from "./truths.mjs";

const OUT = join(ROOT, "src/tokens/estimate/weights.rs");

/** A weight of 1 is this many units. */
const UNIT = 1024;

/** Claude's counts over those of o200k_base, by set. Claude 3 to 4.6: prose, code and mathematics as compared in 2025; from 4.7 on times
 * what was measured when its tokenizer came: 1.45 on English, 1.13 to 1.33 on code, 1.31 on JSON, 1.00 on CJK and Arabic. */
const CLAUDE = { prose: 1.16, code: 1.3, markup: 1.3, json: 1.21, random: 1.21 };
const CLAUDE_47 = { prose: 1.45, latin: 1.3, code: 1.25, markup: 1.25, json: 1.31, random: 1.31, emoji: 1.15 };

/** How far the published factors may be off: they are averages, by those who measured them. */
const DOUBT = { claude: 0.1, claude47: 0.12 };

/** The families, in the order of src/tokens/estimate/family.rs. */
const FAMILIES = ["o200k", "cl100k", "claude", "claude47", "gemma", "qwen", "deepseek", "llama3", "tekken", "generic"];

/** Where the features are, as in features.rs. */
const PLAIN = 27;
const SCRIPTS = 32;
const WRITTEN = 16;
const GROUPS = 5;
const LATIN = new Set([0, 19, 24, 25]);
const COMMON = new Set([1, 2, 5, 6, 7, 15, 16, 17, 18, 21, 22]);
const GROUP = (feature) => {
  if (feature <= 26) return feature < 14 ? 0 : feature < 26 ? 1 : 2;
  const script = feature >= PLAIN + SCRIPTS ? feature - PLAIN - SCRIPTS : feature - PLAIN;
  return LATIN.has(script) ? 2 : COMMON.has(script) ? 3 : 4;
};

/** Weights that may be negative: what they count stands beside a word or a symbol that counts by itself. */
const MAY_LOWER = new Set([3, 8, 10, 11, 12, 13, 20]);

/** Runs of one character: long ones are cut into tokens all the same, though the texts have too few of them to tell. */
const RUNS = new Set([19, 22, 24]);

/** What is expected of a feature before any text is seen: bytes, roughly. */
const PRIOR = Array.from({ length: PLAIN + SCRIPTS + WRITTEN }, (_, feature) => {
  if (feature >= PLAIN + SCRIPTS) return 0.3;
  const script = feature - PLAIN;
  if (script >= 0) return script <= 2 ? 0.5 : script === 21 || script === 23 ? 2 : 0.8;
  return [0, 5, 14, 16, 17, 21, 23].includes(feature) ? 1 : 0.1;
});

/** How much more often than not a token ends between two letters, by o200k_base, in sixteenths of three quarters. */
function pairs(texts) {
  const tokenizer = tiktoken({ encoding: "o200k_base" });
  const [seen, ends] = [0, 1].map(() => new Float64Array(676));
  for (const text of texts) {
    const bytes = Buffer.from(text);
    let end = 0;
    const cut = new Set();
    for (const token of tokenizer.encode_ordinary(text)) cut.add((end += tokenizer.decode_single_token_bytes(token).length));
    const letter = (byte) => (byte | 32) >= 97 && (byte | 32) <= 122 && byte < 128;
    for (let at = 1; at < bytes.length; at += 1) {
      const [one, two] = [bytes[at - 1], bytes[at]];
      // A capital after a small letter begins a word anew.
      if (!letter(one) || !letter(two) || (one >= 97 && two < 97)) continue;
      const place = ((one | 32) - 97) * 26 + (two | 32) - 97;
      seen[place] += 1;
      if (cut.has(at)) ends[place] += 1;
    }
  }
  tokenizer.free();
  const levels = seen.map((count, place) => Math.min(15, Math.round(((ends[place] + 1) / (count + 2)) * 20)));
  return Array.from({ length: 338 }, (_, index) => levels[2 * index] | (levels[2 * index + 1] << 4));
}

function features(texts) {
  const parts = texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  const { stdout, status } = spawnSync(join(ROOT, "target/release/examples/estimate-features"), { input: Buffer.concat(parts), maxBuffer: 1 << 28, encoding: "utf8" });
  if (status !== 0) throw new Problem("cannot read features");
  return stdout.trim().split("\n").map((line) => line.split(" ").map(Number));
}

/** Weights that make the relative errors least, none below its least, near `prior` where nothing else decides. */
function fit(rows, truth, prior, least, importance) {
  const width = prior.length;
  const by = truth.map((count, index) => importance[index] / (count + 20));
  const scaled = rows.map((row, index) => row.map((count) => count * by[index]));
  const targets = truth.map((count, index) => count * by[index]);
  const weights = prior.slice();
  const gram = Array.from({ length: width }, () => new Float64Array(width));
  const moment = new Float64Array(width);
  scaled.forEach((row, index) => {
    for (let one = 0; one < width; one += 1) {
      if (row[one] === 0) continue;
      moment[one] += row[one] * targets[index];
      for (let two = 0; two < width; two += 1) gram[one][two] += row[one] * row[two];
    }
  });
  // Worth as much as a few chunks in which the feature is a hundredth of the tokens.
  const ridge = 3e-4;
  for (let round = 0; round < 2_000; round += 1) {
    for (let feature = 0; feature < width; feature += 1) {
      let gradient = moment[feature] + ridge * prior[feature];
      for (let other = 0; other < width; other += 1) if (other !== feature) gradient -= gram[feature][other] * weights[other];
      weights[feature] = Math.max(least(feature), gradient / (gram[feature][feature] + ridge));
    }
  }
  return weights;
}

const least = (feature) => (MAY_LOWER.has(feature) ? -0.5 : RUNS.has(feature) ? 1 / 64 : 0);
const dot = (row, weights) => row.reduce((sum, count, feature) => sum + count * weights[feature], 0);

const quantile = (all, part) => all.toSorted((a, b) => a - b)[Math.floor(all.length * part)];

/** How far estimates are off, so that all but two in a hundred are within: as a share of each group's tokens, by the long chunks
 * that are mostly of the group, and of the root of all tokens, for what short ones are off beyond. */
function band(rows, truth, weights, doubt = 0) {
  const parts = rows.map((row) => {
    const groups = Array(GROUPS).fill(0);
    row.forEach((count, feature) => (groups[GROUP(feature)] += count * weights[feature]));
    return groups;
  });
  const sum = (groups) => groups.reduce((total, one) => total + one, 0);
  const errors = parts.map((groups, index) => Math.abs(sum(groups) - truth[index]));
  const shares = Array.from({ length: GROUPS }, (_, group) => {
    const own = parts.flatMap((groups, index) => (groups[group] > 0.5 * sum(groups) && truth[index] > 300 ? [errors[index] / sum(groups)] : []));
    return own.length < 10 ? 0.15 : Math.max(0.02, quantile(own, 0.985));
  });
  const beyond = parts.map((groups, index) => (errors[index] - groups.reduce((total, one, group) => total + one * shares[group], 0)) / Math.sqrt(sum(groups)));
  return [...shares.map((share) => share + doubt), Math.max(0.3, quantile(beyond, 0.985))];
}

const list = (numbers, width) => Array.from({ length: Math.ceil(numbers.length / width) }, (_, row) => `    ${numbers.slice(row * width, (row + 1) * width).join(", ")},\n`).join("");

function write(levels, weights, bands) {
  const head = `// Generated by scripts/estimates/fit.mjs (\`npm run estimates:fit\`). Do not edit.\n// From ${SOURCES.join("; ")}; claude: published factors.\n`;
  const family = (of, width) => of.map((one) => `    [\n${list(one, width).replace(/^/gm, "    ").trimEnd()}\n    ],\n`).join("");
  writeFileSync(
    OUT,
    `${head}//! The weights of estimates.

use super::features::{FEATURES, GROUPS};

/// How many families there are.
pub(super) const FAMILIES: usize = ${FAMILIES.length};

/// A weight of 1.
pub(super) const UNIT: i64 = ${UNIT};

/// How uncommon it is that two letters stand in one token: four bits a pair, the second letter's place first.
#[rustfmt::skip]
pub(super) static PAIRS: [u8; 338] = [
${list(levels, 26)}];

/// Tokens for each feature, by family.
#[rustfmt::skip]
pub(super) static WEIGHTS: [[i16; FEATURES]; FAMILIES] = [
${family(weights, 24)}];

/// How far an estimate may be off, by family: a share of each group's tokens, then of the root of all tokens.
#[rustfmt::skip]
pub(super) static BANDS: [[i16; GROUPS + 1]; FAMILIES] = [
${family(bands, 6)}];
`,
  );
}

await main(async () => {
  const half = await chunks(0);
  const texts = half.map(({ text }) => text);
  const zeros = (width) => FAMILIES.map(() => Array(width).fill(0));
  const levels = pairs(half.filter(({ length }) => length === 4_000).map(({ text }) => text));
  // The features hang on the pairs, so those are built in first.
  write(levels, zeros(PRIOR.length), zeros(GROUPS + 1));
  await run("cargo", ["build", "--quiet", "--release", "--config", "profile.release.opt-level=1", "--config", "profile.release.lto=false", "--config", "profile.release.codegen-units=16", "--example", "estimate-features"]);
  const rows = features(texts);

  const truth = {};
  for (const name of Object.keys(TRUTHS)) truth[name] = await counts(name, texts);
  truth.claude = half.map(({ set }, index) => (CLAUDE[set] === undefined ? truth.claude2[index] : truth.o200k[index] * CLAUDE[set]));
  truth.claude47 = half.map(({ set }, index) => truth.claude[index] * (CLAUDE_47[set] ?? 1));
  const all = FAMILIES.slice(0, -1).filter((name) => name !== "cl100k");
  const pooled = { rows: all.flatMap(() => rows), truth: all.flatMap((name) => truth[name]) };

  // Of some kinds there is more than of others; none is to be lost among the rest.
  const importance = half.map(({ set }) => (100 / half.filter((one) => one.set === set).length) ** 0.4);
  const generic = fit(pooled.rows, pooled.truth, PRIOR, least, all.flatMap(() => importance));
  const weights = FAMILIES.map((name) => (name === "generic" ? generic : fit(rows, truth[name], generic, least, importance)));
  const bands = FAMILIES.map((name, index) => (name === "generic" ? band(pooled.rows, pooled.truth, generic) : band(rows, truth[name], weights[index], DOUBT[name])));
  write(levels, ...[weights, bands].map((of) => of.map((one) => one.map((weight) => Math.round(weight * UNIT)))));
  FAMILIES.slice(0, -1).forEach((name, index) => {
    const errors = rows.map((row, place) => Math.abs(dot(row, weights[index]) / truth[name][place] - 1)).filter((_, place) => half[place].length === 4_000);
    console.log(`  ${name.padEnd(9)} mean error of the fit ${((100 * errors.reduce((sum, one) => sum + one, 0)) / errors.length).toFixed(2)} %; band ${bands[index].map((share) => share.toFixed(3)).join(" ")}`);
  });
});
