// The version of wasm-bindgen: the crate is pinned, the tool must be the same.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Problem, ROOT } from "./run.mjs";

/** The pinned version of wasm-bindgen: the crate's, from the lock file. */
export function bindgenVersion() {
  const lock = readFileSync(join(ROOT, "Cargo.lock"), "utf8");
  const version = /name = "wasm-bindgen"\r?\nversion = "([^"]+)"/.exec(lock)?.[1];
  if (version === undefined) throw new Problem("cannot build: expected wasm-bindgen in Cargo.lock, found none");
  return version;
}
