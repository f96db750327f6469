// What a step was made from, so that it is not made again from the same. Hashes of contents, not times of files: a
// checkout, a rebase or a copied folder changes times and nothing else.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./run.mjs";

const FILE = join(ROOT, ".cache/build.json");

function read() {
  try {
    return JSON.parse(readFileSync(FILE, "utf8"));
  } catch {
    return {};
  }
}

/** All files under the given files and folders, relative to the repository, sorted. What does not exist is left out. */
export function files(paths, keep = () => true) {
  const found = [];
  const visit = (path) => {
    const full = join(ROOT, path);
    if (!existsSync(full)) return;
    if (statSync(full).isDirectory()) for (const name of readdirSync(full)) visit(`${path}/${name}`);
    else if (keep(path)) found.push(path);
  };
  for (const path of paths) visit(path);
  return found.sort();
}

/** One hash of some files, names included, and of further facts such as flags. */
export function hash(paths, ...facts) {
  const sum = createHash("sha256").update(JSON.stringify(facts));
  for (const path of paths) {
    const content = readFileSync(join(ROOT, path));
    sum.update(`\0${path}\0${content.length}\0`).update(content);
  }
  return sum.digest("hex");
}

/** Does a step unless the same inputs gave the outputs that are there. Gives back whether it was done. */
export async function once(name, key, outputs, body) {
  if (read()[name] === key && outputs.every((path) => existsSync(join(ROOT, path)))) return false;
  // A step that fails half way must not look done.
  record(name, undefined);
  await body();
  record(name, key);
  return true;
}

/** Forgets every step. */
export function forget() {
  save({});
}

function record(name, key) {
  save({ ...read(), [name]: key });
}

function save(all) {
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  writeFileSync(FILE, `${JSON.stringify(all, undefined, 2)}\n`);
}
