// Counting tokens beside other libraries, in one interleaved run: `npm run bench:tokens`, after `npm run build` and `npm install`
// in bench/. Each library has a process of its own in every round; figures are medians over the rounds, ratios those of the
// medians.
//
//     --rounds <n>      how many rounds (5; outside of Node 3)
//     --only <a,b>      only these libraries
//     --hosts <a,b>     where: node, chromium, workerd, or all (node). Chromium and workerd are those of `npm run setup -- --tests`
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import { Problem, ROOT, main, run } from "../scripts/lib/run.mjs";
import { HOSTS } from "./hosts.mjs";
import { median } from "./measure.mjs";
import { runIn } from "./token-hosts.mjs";
import { PEERS } from "./token-peers.mjs";
import { tokenSets } from "./token-sets.mjs";

/** What is to be reached, and beside hypertok. */
const GOALS = {
  "prose, fresh": [140, 2.1],
  "code, fresh": [140, 1.8],
  "languages, fresh": [80, 2.2],
  "json, fresh": [180, 1.4],
  "prose, repeat": [240, 1.5],
  "code, repeat": [260, 1.3],
  "languages, repeat": [190, 1.45],
  "json, repeat": [240, 1.4],
  "prompt of 200 characters": [1.5, 3],
  "start and first count": [35, 10],
  "memory": [10, 7],
  "to ship": [510, 2],
};

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;

async function toShip({ program, assets = () => [] }) {
  const parts = assets().map((path) => readFileSync(path));
  if (program !== undefined) {
    const { outputFiles } = await build({ stdin: { contents: program, resolveDir: join(ROOT, "bench") }, bundle: true, minify: true, format: "esm", write: false });
    parts.push(...outputFiles.map(({ contents }) => contents));
  }
  return parts.reduce((sum, part) => sum + brotli(part), 0) / 1000;
}

const runInNode = async (name, sets) => JSON.parse(await run(process.execPath, [join(ROOT, "bench/token-run.mjs"), name, sets], { quiet: true }));

/** What one host makes of all libraries, in turns: `{ found, refused }`, by name all rounds, or why there is none. */
async function measure(host, names, rounds, setsFile, sets) {
  const found = new Map(names.map((name) => [name, []]));
  const refused = new Map();
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names.filter((name) => !refused.has(name))) {
      try {
        found.get(name).push(await (host === "node" ? runInNode(name, setsFile) : runIn(host, name, sets)));
      } catch (error) {
        refused.set(name, String(error.message).split("\n")[0]);
      }
    }
  }
  for (const name of refused.keys()) found.delete(name);
  return { found, refused };
}

/** Prints them, and says which count otherwise than `tiktoken`. */
function print({ found, refused }, title, shipped) {
  console.log(title);
  const names = [...found.keys()];
  for (const [name, why] of refused) console.log(`${name} does not run here: ${why}`);
  if (names.length === 0) return;
  const rows = new Map();
  const row = (figure, unit, digits, better, value, atLeast = () => false) =>
    rows.set(figure, { unit, digits, better, values: names.map((name) => value(found.get(name), name)), atLeast: names.map((name) => atLeast(found.get(name))) });
  for (const kind of ["fresh", "repeat"]) {
    for (const set of ["prose", "code", "languages", "json"]) row(`${set}, ${kind}`, "MB/s", 0, "more", (all) => median(all.map((one) => one.sets[set][kind])));
  }
  row("prompt of 200 characters", "us", 1, "less", (all) => median(all.map((one) => one.prompt)));
  row("start and first count", "ms", 0, "less", (all) => median(all.map((one) => one.start)));
  row("memory", "MB", 0, "less", (all) => median(all.map((one) => one.memory)));
  row("to ship", "kB", 0, "less", (_, name) => shipped.get(name));
  for (const what of Object.keys(found.get(names[0])[0].hard)) {
    row(`100 kB: ${what}`, "ms", 1, "less", (all) => median(all.map(({ hard }) => hard[what].took)), (all) => all.some(({ hard }) => hard[what].atLeast));
  }

  const width = Math.max(...[...rows.keys()].map((figure) => figure.length));
  const cell = (text) => String(text).padStart(Math.max(14, ...names.map((name) => name.length + 2)));
  console.log(`${"".padEnd(width)}      ${names.map(cell).join("")}${cell("goal")}${cell("goal x")}`);
  const reference = names.indexOf("hypertok");
  for (const [figure, { unit, digits, better, values: all, atLeast }] of rows) {
    const cells = all.map((value, at) => {
      if (Number.isNaN(value)) return cell("-");
      if (atLeast[at]) return cell(`> ${value.toFixed(0)}`);
      const ratio = better === "more" ? value / all[reference] : all[reference] / value;
      return cell(reference < 0 || !Number.isFinite(ratio) ? value.toFixed(digits) : `${value.toFixed(digits)} ${ratio.toFixed(2)}x`);
    });
    const [goal, goalRatio] = GOALS[figure] ?? (figure.startsWith("100 kB") ? [5, 2.5] : []);
    console.log(`${figure.padEnd(width)}  ${unit.padEnd(4)}${cells.join("")}${cell(goal ?? "")}${cell(goalRatio === undefined ? "" : `${goalRatio}x`)}`);
  }

  const ours = names.find((name) => name.startsWith("tollgate"));
  const counts = ours === undefined ? undefined : found.get(ours)[0].counts;
  const otherwise = (name) => Object.entries(found.get(name)[0].counts).filter(([what, count]) => counts?.[what] !== undefined && counts[what] !== count);
  for (const name of names) {
    const differs = otherwise(name);
    if (differs.length > 0) console.log(`${name} counts otherwise: ${differs.map(([what, count]) => `${what} ${count}, not ${counts[what]}`).join("; ")}`);
  }
  if (names.includes("tiktoken") && otherwise("tiktoken").length > 0) {
    throw new Problem(`expected the counts of tiktoken, found others for ${otherwise("tiktoken").map(([what]) => what).join(", ")}`);
  }
}

await main(async () => {
  const { values } = parseArgs({ options: { rounds: { type: "string" }, only: { type: "string" }, hosts: { type: "string" } } });
  const known = Object.keys(HOSTS);
  const hosts = values.hosts === "all" ? known : (values.hosts ?? "node").split(",");
  const unknown = hosts.find((host) => !known.includes(host));
  if (unknown !== undefined) throw new Problem(`expected hosts among ${known.join(", ")}, or all, found ${unknown}`);
  const names = values.only === undefined ? Object.keys(PEERS) : values.only.split(",");
  const stranger = names.find((name) => !Object.hasOwn(PEERS, name));
  if (stranger !== undefined) throw new Problem(`expected libraries among ${Object.keys(PEERS).join(", ")}, found ${stranger}`);
  const setsFile = join(ROOT, ".cache/token-sets.json");
  const sets = tokenSets();
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  writeFileSync(setsFile, JSON.stringify(sets));
  const shipped = new Map();
  for (const name of names) shipped.set(name, await toShip(PEERS[name]));

  const machine = cpus()[0]?.model.trim() ?? "an unknown processor";
  for (const host of hosts) {
    const rounds = Number(values.rounds ?? (host === "node" ? 5 : 3));
    const where = host === "node" ? `Node ${process.versions.node}` : host;
    print(await measure(host, names, rounds, setsFile, sets), `${where}, ${machine}, ${rounds} rounds, o200k_base; x: beside hypertok`, shipped);
  }
});
