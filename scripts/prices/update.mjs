// Makes the price books: `npm run prices:update`.
//
//   node scripts/prices/update.mjs             reads the sources (from .cache, where they are there already)
//   node scripts/prices/update.mjs --fresh     fetches them again
//   node scripts/prices/update.mjs --pack      makes the shipped forms from data/prices/*.json, offline
//   node scripts/prices/update.mjs --check     compares the shipped forms with data/prices/*.json, offline
//
// data/prices/main.json and full.json are the books: the providers that a program is likely to call itself, and all others.
// main.book and full.book are their packed forms, js/data/prices.ts and prices-full.ts the same as modules; differences.md
// says where the sources differ and what was decided.
//
// What a source's keys mean is the importers' (src/catalog/import), which this calls through the built module, so that
// `PriceBook.fromJSON` and the shipped book can't read one table in two ways. Here is what follows: corrections, the merge
// of the sources, history, the report, packing.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { rowOf, writeJson, writeModule } from "./book.mjs";
import { DECISIONS } from "./decisions.mjs";
import { append, decide, merge, tidyRegions } from "./merge.mjs";
import { pack } from "./pack.mjs";
import { writeReport } from "./report.mjs";
import { fetchGenai, fetchLitellm } from "./sources.mjs";

const LITELLM = "1.109.1";
const GENAI = "0.1.8";

/** The providers of the main book: who makes models, and the clouds and the router that most programs call them at. */
const MAIN = new Set([
  "openai", "anthropic", "google", "mistral", "cohere", "xai", "deepseek", "groq", "perplexity", "moonshot", "zai", "minimax",
  "dashscope", "voyage", "jina", "cerebras", "elevenlabs", "deepgram", "azure-openai", "bedrock", "vertex", "openrouter",
]);

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const cache = join(root, ".cache/prices");
const file = (name) => join(root, "data/prices", name);

const BOOKS = [
  { name: "main", what: "The price book of the main providers", module: "js/data/prices.ts", has: (provider) => MAIN.has(provider) },
  { name: "full", what: "The price book of all providers but the main ones", module: "js/data/prices-full.ts", has: (provider) => !MAIN.has(provider) },
];

/** The book of a file; an empty one where there is none. */
function readBook(name) {
  if (!existsSync(file(`${name}.json`))) return { sources: [], providers: [], models: [] };
  const book = JSON.parse(readFileSync(file(`${name}.json`), "utf8"));
  return book.tollgate === 1 ? book : { sources: [], providers: [], models: [] };
}

/** The files that are made from data/prices/*.json alone. */
function shipped() {
  return new Map(
    BOOKS.flatMap(({ name, what, module }) => {
      const book = readBook(name);
      const packed = pack(book);
      return [
        // The book itself in its own order: an edit by hand that breaks it shows.
        [file(`${name}.json`), writeJson(book)],
        [file(`${name}.book`), packed],
        [join(root, module), writeModule(packed, book, what)],
      ];
    }),
  );
}

/** The importers, out of the built module. */
async function importers() {
  const built = join(root, ".cache/face/core.js");
  if (!existsSync(built)) throw new Error("cannot read the sources: expected the built package, found none; `npm run build` makes it");
  const { run } = await import(pathToFileURL(built).href);
  return (text) => JSON.parse(run((core) => core.translatePrices(text)));
}

async function read() {
  const translate = await importers();
  const [litellm, genai] = [fetchLitellm(cache, LITELLM), await fetchGenai(cache, GENAI)];
  const day = [litellm.source.retrievedAt, genai.source.retrievedAt].sort().at(-1);
  const [first, second] = [translate(litellm.text), translate(genai.text)];
  for (const [table, { source }] of [[first, litellm], [second, genai]]) {
    for (const row of table.models.flatMap((model) => model.rows)) row.source = source.id;
  }
  const models = new Map(first.models.map((model) => [`${model.provider}/${model.id.toLowerCase()}`, model]));
  decide(models);
  const differences = merge(models, second.models, day);
  tidyRegions(models);
  for (const model of models.values()) model.rows = model.rows.map(rowOf);

  const before = BOOKS.map(({ name }) => readBook(name));
  const readBefore = new Set(before.flatMap((book) => book.sources.map(({ id }) => id)));
  const renamed = new Set([...models.values()].flatMap(({ provider, aliases }) => (aliases ?? []).map((alias) => `${provider}/${alias}`)));
  for (const old of before.flatMap((book) => book.models)) {
    const name = `${old.provider}/${old.id.toLowerCase()}`;
    const fresh = models.get(name);
    // What has become another name of a model is that model.
    if (renamed.has(name)) continue;
    // A model that the sources have dropped keeps its rows: its old calls still have a cost.
    if (fresh === undefined) models.set(name, { ...old, aliases: (old.aliases ?? []).filter((alias) => !models.has(`${old.provider}/${alias}`)) });
    else fresh.rows = append(old.rows, fresh.rows, day, readBefore);
  }
  const known = [litellm.source, genai.source];
  for (const source of before.flatMap((book) => book.sources)) if (known.every(({ id }) => id !== source.id)) known.push(source);
  // In the importers' order, first parties before resellers.
  const providers = new Map([...first.providers, ...second.providers, ...before.flatMap((book) => book.providers)].map((provider) => [provider.name, provider]));
  const ordered = [...providers.values()].sort((a, b) => Number(b.ranked ?? false) - Number(a.ranked ?? false));
  const books = BOOKS.map(({ name, has }) => {
    const own = [...models.values()].filter((model) => has(model.provider));
    const used = new Set(own.flatMap((model) => model.rows.flatMap((row) => [row.source, ...Object.values(row.also ?? {})])));
    return {
      name,
      sources: known.filter(({ id }) => used.has(id)),
      providers: ordered.filter((provider) => has(provider.name) && own.some((model) => model.provider === provider.name)),
      models: own,
    };
  });
  const notes = [first.notes, second.notes];
  const report = writeReport({ sources: [litellm.source, genai.source], differences, decisions: DECISIONS, notes, books });
  return { books, report };
}

const flags = new Set(process.argv.slice(2));
const unknown = [...flags].find((flag) => !["--check", "--pack", "--fresh"].includes(flag));
if (unknown !== undefined) {
  console.error(`cannot make the price books: expected --check, --pack or --fresh, found ${unknown}`);
  process.exit(2);
}
if (flags.has("--check")) {
  const stale = [...shipped()].filter(([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text);
  for (const [path] of stale) console.error(`${path.slice(root.length + 1)} does not follow from data/prices/*.json: run npm run prices:update -- --pack`);
  if (stale.length > 0) process.exit(1);
  console.log("the price books' shipped forms follow from data/prices/main.json and full.json");
} else {
  if (flags.has("--fresh")) rmSync(cache, { recursive: true, force: true });
  if (!flags.has("--pack")) {
    const { books, report } = await read();
    mkdirSync(file(""), { recursive: true });
    for (const { name, ...book } of books) writeFileSync(file(`${name}.json`), writeJson(book));
    writeFileSync(file("differences.md"), report);
  }
  for (const [path, text] of shipped()) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`${path.slice(root.length + 1)}: ${text.length} bytes`);
  }
}
