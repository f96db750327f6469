// What the catalogue takes of a start: in fresh processes, the time from an instantiated module to the first price, and all of it.
import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ask, Problem } from "../scripts/lib/run.mjs";
import { median } from "./measure.mjs";

const here = fileURLToPath(import.meta.url);

/** The medians, in milliseconds. */
export function startUp() {
  const times = { catalogue: [], all: [] };
  for (let round = 0; round < 21; round += 1) {
    const said = ask(process.execPath, [here]);
    if (said === undefined) throw new Problem("cannot measure: expected bench/start-up.mjs to end well, found that it failed");
    const { catalogue, all } = JSON.parse(said);
    times.catalogue.push(catalogue);
    times.all.push(all);
  }
  return { catalogue: median(times.catalogue), all: median(times.all) };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const dist = new URL("../dist/index.js", import.meta.url);
  if (!existsSync(dist)) throw new Error("expected dist/index.js, found none; `npm run build` makes it");
  const begun = performance.now();
  const { PriceBook, generateId } = await import(dist.href);
  // The module is instantiated at the first call, whatever it is.
  generateId();
  const started = performance.now();
  const cost = PriceBook.bundled().price({ model: "gpt-4o-mini", usage: { input: 1_000, output: 100 } });
  const ended = performance.now();
  if (!cost.priced) throw new Error("expected a price for gpt-4o-mini, found none");
  console.log(JSON.stringify({ catalogue: ended - started, all: ended - begun }));
}
