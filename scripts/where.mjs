// Where each of the crates that the shell stands on is used: `npm run where`.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./lib/run.mjs";
import { files } from "./lib/stamp.mjs";

const CRATES = [
  "wasm-bindgen",
  "wasm-bindgen-futures",
  "js-sys",
  "web-sys",
  "serde",
  "serde-wasm-bindgen",
  "gloo-storage",
  "getrandom",
  "wasm-bindgen-test",
];

/** For each crate, the lines of Rust that name it: `[crate, [{ file, lines }]]`. */
export function useOf() {
  const sources = files(["src", "tests"], (path) => path.endsWith(".rs")).map((file) => ({
    file,
    // A comment that names a crate does not use it.
    lines: readFileSync(join(ROOT, file), "utf8").split("\n").map((line) => line.replace(/\/\/.*$/, "")),
  }));
  return CRATES.map((crate) => {
    const path = new RegExp(`\\b${crate.replaceAll("-", "_")}\\b(::|\\s*;|\\()|#\\[${crate.replaceAll("-", "_")}\\b`);
    const places = sources
      .map(({ file, lines }) => ({ file, lines: lines.flatMap((line, index) => (path.test(line) ? [index + 1] : [])) }))
      .filter(({ lines }) => lines.length > 0);
    return [crate, places];
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [crate, places] of useOf()) {
    const count = places.reduce((sum, { lines }) => sum + lines.length, 0);
    console.log(`${crate}: ${count} ${count === 1 ? "line" : "lines"} in ${places.length} ${places.length === 1 ? "file" : "files"}`);
    for (const { file, lines } of places) console.log(`  ${file}:${lines[0]}${lines.length > 1 ? `  (and ${lines.length - 1} more)` : ""}`);
  }
}
