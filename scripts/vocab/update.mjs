// Makes data/vocab from the public packages that carry the vocabularies.
//
//     node scripts/vocab/update.mjs            writes what differs
//     node scripts/vocab/update.mjs --check    fails when something differs
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem, ROOT, main } from "../lib/run.mjs";
import { FAMILIES, SOURCE, readRanks } from "./encodings.mjs";
import { SHIPPED, fileOf } from "./open.mjs";
import { relax } from "./order.mjs";

// What reads and packs them is the package's own: tollgate/vocab/open. `npm run build` makes it.
const face = (name) => import(`../../.cache/face/open/${name}.js`);
const [{ inOrder, mergeOf }, { packIds, packVocabulary }, { tekken }, { tokenizerJson }] = await Promise.all(["merges", "pack", "tiktoken", "tokenizer-json"].map(face));

await main(async () => {
  const check = process.argv.includes("--check");
  const write = (name, bytes) => {
    const path = join(ROOT, "data/vocab", name);
    if (existsSync(path) && readFileSync(path).equals(bytes)) return;
    if (check) throw new Problem(`cannot ship: expected data/vocab/${name} to be what scripts/vocab/update.mjs makes, found another`);
    writeFileSync(path, bytes);
    console.log(`  ${name}: ${bytes.length} bytes`);
  };
  for (const family of FAMILIES) {
    const [{ name }] = family.encodings;
    const tokens = readRanks(family);
    const { groups, ranks } = relax(tokens, mergesOf(name, tokens));
    const note = `${name}: made by scripts/vocab/update.mjs from npm ${SOURCE.name} ${SOURCE.version} (${SOURCE.licence}; the ranks have SHA-256 ${family.sha256})`;
    const vocabulary = packVocabulary({ ...family, note, groups });
    write(`${name}.bin`, vocabulary);
    write(`${name}-ids.bin`, packIds({ note, vocabulary, ids: ranks }));
  }
  for (const source of SHIPPED) {
    const { name, kind, licence, package: [registry, package_, version] } = source;
    const { grammar, ids, special, wholePieces, ...content } = (kind === "tekken.json" ? tekken : tokenizerJson)(readFileSync(fileOf(source)), name);
    const { merges, ordered } = inOrder(content.merges);
    if (!ordered) throw new Problem(`cannot pack ${name}: expected merges after those that make their parts, found others`);
    const tokens = [...Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)), ...merges.map(({ token }) => token)];
    const places = new Map(tokens.map((token, place) => [token, place]));
    const { groups, ranks } = relax(tokens, merges.map(({ token, left, right }) => [token, left, right].map((part) => places.get(part))));
    const rest = [...ids.keys()].filter((token) => !places.has(token)).sort((a, b) => (a < b ? -1 : 1));
    const note = `${name}: made by scripts/vocab/update.mjs from ${registry} ${package_} ${version} (the model's licence: ${licence})`;
    const vocabulary = packVocabulary({ note, grammar, encodings: [{ name, special }], groups, whole: wholePieces ? rest : [], others: wholePieces ? [] : rest });
    write(`${name}.bin`, vocabulary);
    write(`${name}-ids.bin`, packIds({ note, vocabulary, ids: [...ranks.map((place) => ids.get(tokens[place])), ...rest.map((token) => ids.get(token))] }));
  }
});

/**
 * The merges in the order of their ranks, each `[token, left, right]`, all three by rank.
 *
 * There is one for every token of more than a byte, after those of its parts, or the table is refused: then merges alone say all
 * that the ranks say.
 */
function mergesOf(name, tokens) {
  const ranks = new Map();
  tokens.forEach((token, rank) => ranks.set(token, rank));
  const merges = [];
  tokens.forEach((token, rank) => {
    if (token.length === 1) return;
    const merge = mergeOf(token, (left, right) => ranks.get(left + right));
    const parts = [merge?.left, merge?.right].map((part) => ranks.get(part));
    if (!parts.every((part) => part < rank || tokens[part]?.length === 1)) throw new Problem(`cannot pack ${name}: expected token ${rank} to be made of two before it`);
    merges.push([rank, ...parts]);
  });
  return merges;
}
