// Prints the figures that Tollgate promises, beside their limits: `npm run bench`, after `npm run build`.
// With `--assert` it fails when a limit is not kept; timings are then best taken on a quiet machine.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { cpus } from "node:os";
import { ask, Problem, ROOT, main } from "../scripts/lib/run.mjs";
import { sizes } from "../scripts/sizes.mjs";
import { costCall } from "./cost.mjs";
import { guardedCall } from "./guarded-call.mjs";
import { median } from "./measure.mjs";
import { priceCalls } from "./price.mjs";

const rows = [];
const row = (figure, value, limit, unit, digits = 1) => rows.push({ figure, value, limit, unit, digits });

/** Import to first answer in fresh processes: the median, in milliseconds. */
function firstAnswer(folder) {
  const times = [];
  for (let round = 0; round < 21; round += 1) {
    const said = ask(process.execPath, [join(folder, "first-answer.mjs")], { cwd: folder });
    if (said === undefined) throw new Problem("cannot measure: expected first-answer.mjs to end well, found that it failed");
    times.push(Number(said));
  }
  return median(times);
}

/** The package as it is installed, with the program beside it. */
function installed() {
  const folder = join(ROOT, ".cache/bench-inline");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(ROOT, "dist"), join(folder, "dist"), { recursive: true });
  for (const file of ["package.json", "bench/first-answer.mjs"]) cpSync(join(ROOT, file), join(folder, basename(file)));
  return folder;
}

/** The same with a loader that is handed a compiled module, as in Workers: what is measured is all but the compiling. */
function withCompiledModule() {
  const folder = join(ROOT, ".cache/bench-compiled");
  rmSync(folder, { recursive: true, force: true });
  cpSync(installed(), folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  manifest.imports["#wasm"] = "./compiled.js";
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "compiled.js"), "export default () => globalThis.compiledForBench;\n");
  const program = readFileSync(join(folder, "first-answer.mjs"), "utf8");
  writeFileSync(
    join(folder, "first-answer.mjs"),
    `import { readFileSync } from "node:fs";
globalThis.compiledForBench = new WebAssembly.Module(readFileSync(new URL("dist/wasm/core.wasm", import.meta.url)));
${program}`,
  );
  return folder;
}

await main(async () => {
  // Beside what was promised, not beside what the tests let pass until then.
  for (const { title, gzip, limit, goal = limit } of sizes()) row(`${title}, gzip`, gzip / 1000, goal === undefined ? undefined : goal / 1000, "kB");
  row("import to first answer, inline", firstAnswer(installed()), 25, "ms");
  row("import to first answer, compiled module", firstAnswer(withCompiledModule()), 10, "ms");
  row("book.cost(handle, input, output)", await costCall(), 100, "ns");
  const price = priceCalls();
  row("book.price, a model seen before", price.seen / 1000, 2, "us", 2);
  row("the same, read to its items", price.read / 1000, undefined, "us", 2);
  row("the same, with a tier and a region", price.tiered / 1000, undefined, "us", 2);
  row("book.price, a name never seen", price.fresh / 1000, 4, "us", 2);
  const call = await guardedCall();
  row("a bare fetch of the simulator", call.bare, undefined, "us", 0);
  row("the same call, guarded", call.guarded, undefined, "us", 0);
  row("guard + budget + cost, 1 kB prompt, beside it", call.added, 100, "us", 0);

  console.log(`Node ${process.versions.node}, ${cpus()[0]?.model.trim() ?? "an unknown processor"}`);
  const width = Math.max(...rows.map(({ figure }) => figure.length));
  console.log(`${"figure".padEnd(width)}  ${"found".padStart(10)}  ${"at most".padStart(8)}`);
  for (const { figure, value, limit, unit, digits } of rows) {
    const found = `${value.toFixed(digits)} ${unit}`.padStart(10);
    console.log(`${figure.padEnd(width)}  ${found}  ${String(limit ?? "").padStart(8)}${limit !== undefined && value > limit ? "  ABOVE" : ""}`);
  }
  const above = rows.filter(({ value, limit }) => limit !== undefined && value > limit);
  if (process.argv.includes("--assert") && above.length > 0) {
    throw new Problem(`expected all figures within their limits, found above: ${above.map(({ figure }) => figure).join("; ")}`);
  }
});
