// Compares counts, ids and cuts with npm `tiktoken`, for every encoding: on the texts of the benchmark, on random Unicode, on
// what tokenizers are slow at. `npm run eval:tokens`, after `npm run build`.
//
//     --strings <n>     how many random strings (100,000)
//     --quick           a tenth of everything
//     --open            the vocabularies of others instead: Llama, Qwen, DeepSeek, Mistral
//     --write           and writes tests/fixtures/tokens.json (tokens-open.json), the short form of this that the test suites read
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { tokenSets } from "../../bench/token-sets.mjs";
import { Problem, ROOT, main } from "../lib/run.mjs";
import { FAMILIES, SOURCE } from "../vocab/encodings.mjs";
import { npmPackage } from "../vocab/packages.mjs";
import { HARD, NAMED, randomTexts } from "./token-texts.mjs";

/** The reference's tokenizer of an encoding; where the package lacks one, made of its parts. */
function reference(package_, name) {
  const require = createRequire(join(package_, "package.json"));
  const { Tiktoken } = require("./tiktoken.cjs");
  const { grammar, encodings } = FAMILIES.find(({ encodings }) => encodings.some((encoding) => encoding.name === name));
  const { special, reserved = [] } = encodings.find((encoding) => encoding.name === name);
  const { bpe_ranks, pat_str } = JSON.parse(readFileSync(join(package_, "encoders", `${encodings[0].name}.json`), "utf8"));
  const all = { ...special };
  for (const [first, last] of reserved) for (let id = first; id <= last; id += 1) all[`<|reserved_${id}|>`] = id;
  if (grammar === undefined) throw new Problem(`expected a grammar of ${name}, found none`);
  return new Tiktoken(bpe_ranks, all, pat_str);
}

await main(async () => {
  const { values } = parseArgs({ options: { strings: { type: "string" }, quick: { type: "boolean" }, open: { type: "boolean" }, write: { type: "boolean" } } });
  const { createTokenizer } = await import("../../dist/index.js");
  const share = values.quick ? 10 : 1;
  const strings = Number(values.strings ?? 100_000 / share);
  if (values.open) {
    const { compareOpen } = await import("./tokens-open.mjs");
    const differences = await compareOpen({ strings, share, write: values.write });
    console.log(`  differences: ${differences}`);
    if (differences > 0) throw new Problem(`expected no differences from the references, found ${differences}`);
    return;
  }
  const package_ = npmPackage(SOURCE.name, SOURCE.version);
  const names = FAMILIES.flatMap(({ encodings }) => encodings.map(({ name }) => name));
  const sets = Object.entries(tokenSets()).map(([name, halves]) => [name, halves.flatMap((text) => text.match(/[^]{1,5000}/gu)).filter((_, index) => index % share === 0)]);
  const fixture = { note: `Made by scripts/eval/tokens.mjs --write with npm ${SOURCE.name} ${SOURCE.version}. Do not edit.`, texts: NAMED, named: {}, hard: {} };
  let differences = 0;

  for (const name of names) {
    const [{ default: vocabulary }, { default: ids }] = await Promise.all([import(`../../dist/vocab/${name}.js`), import(`../../dist/vocab/${name}-ids.js`)]);
    const ours = createTokenizer(vocabulary, ids);
    const theirs = reference(package_, name);
    const compare = (what, text) => {
      const expected = theirs.encode_ordinary(text);
      const found = ours.encode(text);
      const fault = () => {
        if (found.length !== expected.length || !expected.every((id, index) => id === found[index])) return "ids";
        if (ours.count(text) !== expected.length) return "count";
        if (ours.decode(found) !== new TextDecoder("utf-8", { ignoreBOM: true }).decode(theirs.decode(expected))) return "decoded text";
        if (ours.split(text).join("") !== text) return "split text";
        const limit = expected.length >> 1;
        if (ours.countUpTo(text, limit) !== Math.min(expected.length, limit + 1)) return "count up to a limit";
        const cut = ours.truncate(text, limit);
        if (!text.startsWith(cut) || theirs.encode_ordinary(cut).length > limit) return "truncated text";
        return undefined;
      };
      const differs = fault();
      if (differs !== undefined && (differences += 1) <= 20) console.log(`  ${name}, ${what}: another ${differs} for ${JSON.stringify(text.slice(0, 120))}`);
      return expected;
    };

    const begun = performance.now();
    for (const [set, texts] of sets) for (const text of texts) compare(set, text);
    for (const text of randomTexts(strings, 4)) compare("random", text);
    fixture.named[name] = NAMED.map((text) => Array.from(compare("named", text)));
    fixture.hard[name] = Object.fromEntries(HARD.map(([what, make]) => [what, compare(what, make(10_000)).length]));
    for (const [what, make] of HARD) compare(what, make(values.quick ? 20_000 : 100_000));
    for (const text of ["<|endoftext|>", "a<|endoftext|> b", "<|endoftext", "<|start|>system<|message|>Hi<|end|><|reserved_200013|>", "<|fim_prefix|>x<|fim_suffix|>y<|fim_middle|>"]) {
      const expected = Array.from(theirs.encode(text, "all"));
      const found = Array.from(ours.encode(text, { special: "allow" }));
      if (expected.join() !== found.join() || ours.count(text, { special: "allow" }) !== expected.length) {
        differences += 1;
        console.log(`  ${name}, special tokens: expected ${expected.join(" ")} for ${text}, found ${found.join(" ")}`);
      }
    }
    theirs.free();
    console.log(`  ${name}: ${sets.map(([set, texts]) => `${texts.length} texts of ${set}`).join(", ")}, ${strings} random strings, ${HARD.length} hard texts; ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  }
  if (values.write) writeFileSync(join(ROOT, "tests/fixtures/tokens.json"), `${JSON.stringify(fixture)}\n`);
  console.log(`  differences: ${differences}`);
  if (differences > 0) throw new Problem(`expected no differences from npm ${SOURCE.name}, found ${differences}`);
});
