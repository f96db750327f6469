// The vocabularies that ship: where each comes from, how its texts are cut, its special tokens.
//
// The ranks are read from npm `tiktoken`, whose tables are OpenAI's own files in another form: put back into that form they
// have the SHA-256 that OpenAI's Python package asks of what it downloads. Both packages are published under the MIT licence.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { npmPackage } from "./packages.mjs";

export const SOURCE = { name: "tiktoken", version: "1.0.22", licence: "MIT" };

/** The grammars of src/tokens/scan.rs, by the number that a packed vocabulary says. */
export const GRAMMARS = { r50k: 0, cl100k: 1, o200k: 2 };

const END = "<|endoftext|>";
const FIM = (from) => ({ "<|fim_prefix|>": from, "<|fim_middle|>": from + 1, "<|fim_suffix|>": from + 2 });

/** A family shares one table of ranks; its encodings differ in their special tokens. The first names the files. */
export const FAMILIES = [
  {
    grammar: "o200k",
    sha256: "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    encodings: [
      { name: "o200k_base", special: { [END]: 199999, "<|endofprompt|>": 200018 } },
      {
        name: "o200k_harmony",
        special: {
          "<|startoftext|>": 199998,
          [END]: 199999,
          "<|return|>": 200002,
          "<|constrain|>": 200003,
          "<|channel|>": 200005,
          "<|start|>": 200006,
          "<|end|>": 200007,
          "<|message|>": 200008,
          "<|call|>": 200012,
          "<|endofprompt|>": 200018,
        },
        // Names with the id inside. 200018 has two names: OpenAI's table says so.
        reserved: [[200000, 200001], [200004, 200004], [200009, 200011], [200013, 201087]],
      },
    ],
  },
  {
    grammar: "cl100k",
    sha256: "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    encodings: [{ name: "cl100k_base", special: { [END]: 100257, ...FIM(100258), "<|endofprompt|>": 100276 } }],
  },
  {
    grammar: "r50k",
    sha256: "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    encodings: [
      { name: "p50k_base", special: { [END]: 50256 } },
      { name: "p50k_edit", special: { [END]: 50256, ...FIM(50281) } },
    ],
  },
  {
    grammar: "r50k",
    sha256: "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
    encodings: [{ name: "r50k_base", special: { [END]: 50256 } }],
  },
];

/** The tokens of a family by rank, as byte strings in Latin-1; a rank that no text has is undefined. */
export function readRanks({ sha256, encodings: [{ name }] }) {
  const file = join(npmPackage(SOURCE.name, SOURCE.version), "encoders", `${name}.json`);
  const tokens = [];
  for (const line of JSON.parse(readFileSync(file, "utf8")).bpe_ranks.split("\n")) {
    // "! <first rank> <base64> <base64> ..."
    const [, first, ...texts] = line.split(" ");
    texts.forEach((text, index) => (tokens[Number(first) + index] = Buffer.from(text, "base64").toString("latin1")));
  }
  const sum = createHash("sha256");
  tokens.forEach((token, rank) => sum.update(`${Buffer.from(token, "latin1").toString("base64")} ${rank}\n`));
  const found = sum.digest("hex");
  if (found !== sha256) throw new Error(`cannot read ${name}: expected the SHA-256 ${sha256}, found ${found}`);
  return tokens;
}
