// Makes the price book: `npm run prices:update`.
//
//   node scripts/prices/update.mjs             reads the sources (from .cache, where they are there already)
//   node scripts/prices/update.mjs --fresh     fetches them again
//   node scripts/prices/update.mjs --pack      makes the shipped forms from data/prices/main.json, offline
//   node scripts/prices/update.mjs --check     compares the shipped forms with data/prices/main.json, offline
//
// data/prices/main.json is the book; data/prices/main.book is its packed form, js/data/prices.ts the same as a module.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { pack, readJson, writeJson, writeModule } from "./book.mjs";
import { DECISIONS } from "./decisions.mjs";
import { PROVIDER_OF, readGenai } from "./genai.mjs";
import { readLitellm } from "./litellm.mjs";
import { append, decide, merge } from "./merge.mjs";
import { fetchGenai, fetchLitellm } from "./sources.mjs";

const LITELLM = "1.109.1";
const GENAI = "0.1.8";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const cache = join(root, ".cache/prices");
const json = join(root, "data/prices/main.json");

/** The files that are made from data/prices/main.json alone. */
function shipped() {
  const text = readFileSync(json, "utf8");
  const book = readJson(text);
  const packed = pack(book);
  return new Map([
    // The book itself in its own order: an edit by hand that breaks it shows.
    [json, writeJson(book)],
    [join(root, "data/prices/main.book"), packed],
    [join(root, "js/data/prices.ts"), writeModule(packed, book)],
  ]);
}

async function read() {
  const litellm = fetchLitellm(cache, LITELLM);
  const genai = await fetchGenai(cache, GENAI, Object.keys(PROVIDER_OF));
  const day = [litellm.source.retrievedAt, genai.source.retrievedAt].sort().at(-1);
  const { models, notes } = readLitellm(litellm.table, litellm.source.id);
  decide(models);
  const differences = merge(models, readGenai(genai.providers, genai.source.id), day);

  const before = existsSync(json) ? readJson(readFileSync(json, "utf8")) : { sources: [], models: [] };
  for (const old of before.models) {
    const name = `${old.provider}/${old.id.toLowerCase()}`;
    const fresh = models.get(name);
    // A model that the sources have dropped keeps its rows: its old calls still have a cost.
    if (fresh === undefined) models.set(name, old);
    else fresh.rows = append(old.rows, fresh.rows, day);
  }
  const used = new Set([...models.values()].flatMap((model) => model.rows.flatMap((row) => [row.source, ...Object.values(row.also ?? {})])));
  const fresh = [litellm.source, genai.source];
  const sources = [...fresh, ...before.sources.filter((source) => used.has(source.id) && fresh.every(({ id }) => id !== source.id))];
  return {
    sources,
    models: [...models.values()],
    notes: {
      rounded: notes.rounded,
      differences,
      decisions: DECISIONS,
      skipped: notes.skipped,
      notCarried: Object.entries(notes.notCarried)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, models]) => ({ key, models })),
    },
  };
}

const flags = new Set(process.argv.slice(2));
const unknown = [...flags].find((flag) => !["--check", "--pack", "--fresh"].includes(flag));
if (unknown !== undefined) {
  console.error(`cannot make the price book: expected --check, --pack or --fresh, found ${unknown}`);
  process.exit(2);
}
if (flags.has("--check")) {
  const stale = [...shipped()].filter(([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text);
  for (const [path] of stale) console.error(`${path.slice(root.length + 1)} does not follow from data/prices/main.json: run npm run prices:update -- --pack`);
  if (stale.length > 0) process.exit(1);
  console.log("the price book's shipped forms follow from data/prices/main.json");
} else {
  if (flags.has("--fresh")) rmSync(cache, { recursive: true, force: true });
  if (!flags.has("--pack")) {
    const book = await read();
    mkdirSync(dirname(json), { recursive: true });
    writeFileSync(json, writeJson(book));
  }
  for (const [path, text] of shipped()) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`${path.slice(root.length + 1)}: ${text.length} bytes`);
  }
}
