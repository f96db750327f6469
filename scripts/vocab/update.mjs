// Makes data/vocab from the public packages that carry the vocabularies.
//
//     node scripts/vocab/update.mjs            writes what differs
//     node scripts/vocab/update.mjs --check    fails when something differs
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem, ROOT, main } from "../lib/run.mjs";
import { FAMILIES, SOURCE, readRanks } from "./encodings.mjs";
import { mergesOf } from "./merges.mjs";
import { relax } from "./order.mjs";
import { packIds, packVocabulary } from "./pack.mjs";

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
    const { groups, ranks } = relax(tokens, mergesOf(tokens));
    const note = `${name}: made by scripts/vocab/update.mjs from npm ${SOURCE.name} ${SOURCE.version} (${SOURCE.licence}; the ranks have SHA-256 ${family.sha256})`;
    const vocabulary = packVocabulary({ ...family, note, groups });
    write(`${name}.bin`, vocabulary);
    write(`${name}-ids.bin`, packIds({ note, vocabulary, ranks }));
  }
});
