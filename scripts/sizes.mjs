// What a user downloads: raw, gzip and brotli. `npm run sizes` prints it; `--assert` fails above the limits.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { Problem, ROOT, main } from "./lib/run.mjs";

/** The parts; the most each may weigh, in bytes of gzip, so that it does not grow unseen; and what it is to come down to. */
const PARTS = [
  { title: "core.wasm", files: ["dist/wasm/core.wasm"], limit: 684_000, goal: 150_000 },
  { title: "inline loader", files: ["dist/loader/inline.js"], limit: 688_000, goal: 215_000 },
  { title: "prices main", files: ["dist/data/prices.js"], limit: 40_000, goal: 30_000 },
  { title: "prices full", files: ["dist/data/prices-full.js"], limit: 85_000, goal: 70_000 },
  { title: "ngrams", files: ["dist/data/ngrams.js"], limit: 43_000, goal: 43_000 },
  { title: "moderation", files: ["dist/data/moderation.js"], limit: 42_000 },
  { title: "cdn.js", files: ["dist/cdn.js"] },
];

/** Measures all parts. Brotli at its best level takes a second, so what was measured is kept. */
export function sizes() {
  const kept = join(ROOT, ".cache/sizes.json");
  const known = existsSync(kept) ? JSON.parse(readFileSync(kept, "utf8")) : {};
  const fresh = {};
  const measured = PARTS.map(({ title, files, limit, goal }) => {
    const missing = files.find((path) => !existsSync(join(ROOT, path)));
    if (missing !== undefined) throw new Problem(`cannot measure: expected ${missing}, found none; \`npm run build\` makes it`);
    const content = Buffer.concat(files.map((path) => readFileSync(join(ROOT, path))));
    const key = createHash("sha256").update(content).digest("hex");
    const { gzip, brotli } = (fresh[key] = known[key] ?? {
      gzip: gzipSync(content, { level: 9 }).length,
      brotli: brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }).length,
    });
    return { title, raw: content.length, gzip, brotli, limit, goal };
  });
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  writeFileSync(kept, JSON.stringify(fresh));
  return measured;
}

/** Prints a table of them, in bytes. */
export function printSizes() {
  const cell = (text) => String(text).padStart(12);
  console.log(`  ${"size, bytes".padEnd(16)}${["raw", "gzip", "brotli", "gzip limit", "gzip goal"].map(cell).join("")}`);
  for (const { title, raw, gzip, brotli, limit, goal } of sizes()) {
    console.log(`  ${title.padEnd(16)}${[raw, gzip, brotli, limit ?? "-", goal ?? "-"].map(cell).join("")}`);
  }
}

/** Throws when a part is above its limit. */
export function assertSizes() {
  for (const { title, gzip, limit } of sizes()) {
    if (limit !== undefined && gzip > limit) {
      throw new Problem(`cannot ship: expected ${title} to be at most ${limit} bytes of gzip, found ${gzip}`);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(() => {
    printSizes();
    if (process.argv.includes("--assert")) assertSizes();
  });
}
