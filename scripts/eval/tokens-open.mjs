// Compares vocabularies that others publish, read by tollgate/vocab/open, with the tokenizers that they are published for:
// Hugging Face's `tokenizers` for tokenizer.json, npm `tiktoken` over the ranks for tekken.json.
// `npm run eval:tokens -- --open`, after `npm run build`; it needs Python 3, and installs what it compares with under .cache.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tokenSets } from "../../bench/token-sets.mjs";
import { ROOT, run } from "../lib/run.mjs";
import { SOURCE } from "../vocab/encodings.mjs";
import { npmPackage, python } from "../vocab/packages.mjs";
import { OPEN, fileOf } from "../vocab/open.mjs";
import { HARD, NAMED, randomTexts } from "./token-texts.mjs";

const TOKENIZERS = ["tokenizers", "0.23.3"];

/** What a vocabulary does to a text before anything else. */
const NORMALIZED = { not: (text) => text, NFC: (text) => text.normalize("NFC"), spaces: (text) => text.replaceAll("\u2581", " ") };

/** The ids of all texts by Hugging Face's library, in a process of its own. */
const PROGRAM = `
import json, sys
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file(sys.argv[1])
texts = json.load(open(sys.argv[2], encoding="utf-8"))
json.dump([tokenizer.encode(text, add_special_tokens=False).ids for text in texts], open(sys.argv[3], "w"))
`;

async function huggingFace(file, texts) {
  const [input, output, program] = ["texts.json", "ids.json", "encode.py"].map((name) => join(ROOT, ".cache/vocab", name));
  writeFileSync(input, JSON.stringify(texts));
  writeFileSync(program, PROGRAM);
  await run(python(...TOKENIZERS), [program, file, input, output], { quiet: true });
  return JSON.parse(readFileSync(output, "utf8"));
}

function tiktoken(file, texts) {
  const { Tiktoken } = createRequire(join(npmPackage(SOURCE.name, SOURCE.version), "package.json"))("./tiktoken.cjs");
  const { config, vocab } = JSON.parse(readFileSync(file, "utf8"));
  const specials = config.default_num_special_tokens;
  const used = vocab.slice(0, config.default_vocab_size - specials);
  const encoding = new Tiktoken(`! 0 ${used.map(({ token_bytes }) => token_bytes).join(" ")}`, {}, config.pattern);
  const ids = texts.map((text) => Array.from(encoding.encode_ordinary(text), (id) => id + specials));
  encoding.free();
  return ids;
}

/** Prints a line for each vocabulary; gives how many texts differed. */
export async function compareOpen({ strings, share, write }) {
  const { createTokenizer } = await import("../../dist/index.js");
  const { readTekken, readTokenizerJson } = await import("../../dist/vocab-open.js");
  const wellFormed = (text) => Buffer.from(text).toString();
  const texts = [
    ...Object.values(tokenSets()).flatMap((halves) => halves.flatMap((text) => text.match(/[^]{1,5000}/gu)).filter((_, index) => index % share === 0)),
    ...NAMED,
    ...Array.from(randomTexts(strings, 5), wellFormed),
    ...HARD.map(([, make]) => make(10_000)),
  ];
  // Without what a normalizer would change: the core is given texts that the face has normalized.
  const named = NAMED.filter((text) => text === text.normalize("NFC"));
  const fixture = { note: "Made by scripts/eval/tokens.mjs --open --write. Do not edit.", texts: named, named: {} };
  let differences = 0;
  for (const source of OPEN) {
    const file = fileOf(source);
    const begun = performance.now();
    const isTekken = source.kind === "tekken.json";
    const { vocabulary, ids } = (isTekken ? readTekken : readTokenizerJson)(readFileSync(file), { name: source.name });
    const took = performance.now() - begun;
    const tokenizer = createTokenizer(vocabulary, ids);
    // What ships of it has another order of merges, and must not differ.
    const shipped = source.licence === undefined ? tokenizer : createTokenizer(...(await Promise.all(["", "-ids"].map(async (ending) => (await import(`../../dist/vocab/${source.name}${ending}.js`)).default))));
    // Hugging Face takes added tokens for what they are wherever they stand, tiktoken takes none.
    const special = isTekken ? "text" : "allow";
    const expected = isTekken ? tiktoken(file, texts) : await huggingFace(file, texts);
    let differs = 0;
    texts.forEach((text, index) => {
      const found = tokenizer.encode(text, { special });
      const normal = NORMALIZED[vocabulary.normalization ?? "not"](text);
      const same =
        found.length === expected[index].length &&
        found.every((id, place) => id === expected[index][place]) &&
        tokenizer.count(text, { special }) === found.length &&
        shipped.count(text, { special }) === found.length &&
        shipped.encode(text, { special }).every((id, place) => id === found[place]) &&
        tokenizer.decode(found) === normal;
      if (!same && (differs += 1) <= 5) {
        const at = found.findIndex((id, place) => id !== expected[index][place]);
        console.log(`  ${source.name}: other ids for ${JSON.stringify(text.slice(0, 100))}, from ${at} on: ${found.slice(at, at + 4)}, not ${expected[index].slice(at, at + 4)}`);
      }
    });
    differences += differs;
    if (source.licence !== undefined) fixture.named[source.name] = named.map((text) => expected[texts.indexOf(text)]);
    console.log(`  ${source.name}: ${texts.length} texts, ${expected.flat().length} tokens, ${differs} differ; read in ${took.toFixed(0)} ms, ${vocabulary.bytes.length} bytes and ${ids.bytes.length} of ids`);
  }
  if (write) writeFileSync(join(ROOT, "tests/fixtures/tokens-open.json"), `${JSON.stringify(fixture)}\n`);
  return differences;
}
