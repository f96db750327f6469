// The units of a rate, and the tag of each in the packed book: read out of the core's own tables (src/usage.rs,
// src/catalog/read.rs), so that they stand in one place.

import { readFileSync } from "node:fs";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

const rows = [...read("src/usage.rs").matchAll(/^ {4}\w+ "(\w+)" "\w+" (Tokens\w+|Seconds|Things) /gm)];
const tags = /const TAGS: &\[u8\] = b"(\w+)"/.exec(read("src/catalog/read.rs"))?.[1] ?? "";
if (rows.length === 0 || rows.length !== tags.length) {
  throw new Error(`cannot read the units: expected as many tags as units, found ${tags.length} and ${rows.length}`);
}

/** By unit: its tag, whether it counts tokens (and a rate is for a million), and the unit that its rate is a multiple of. */
export const UNITS = Object.fromEntries(
  rows.map(([, key, kind], at) => [key, { tag: tags[at], isToken: kind.startsWith("Tokens"), lead: kind === "TokensIn" ? "input" : "output" }]),
);

const ORDER = Object.keys(UNITS);

/** The unit that a rate's name begins with: `images` of `images:hd/1024x1024`. */
export const unitOf = (name) => name.split(":")[0];

/** The names in the order of the units. */
export const inOrder = (names) => [...names].sort((a, b) => ORDER.indexOf(unitOf(a)) - ORDER.indexOf(unitOf(b)) || (a < b ? -1 : a > b ? 1 : 0));

/** The names of capabilities, a bit each. */
export const CAPABILITIES = [.../pub const NAMES: \[&'static str; \d+\] = \[([^\]]+)\]/.exec(read("src/catalog/model.rs"))[1].matchAll(/"(\w+)"/g)].map(
  ([, name]) => name,
);
