// Scanning by guardrails beside others, in one interleaved run: `npm run bench:guards [-- <folder of a corpus>]`, after `npm run
// build` and `npm install` in bench/. Each engine has a process, a page or a Worker of its own in every round; times are of its processor,
// figures are medians over the rounds.
//
//     --rounds <n>      how many rounds (3)
//     --only <a,b>      only these engines
//     --sets <a,b>      only the sets whose names hold one of these
//     --hosts <a,b>     where: node, chromium, workerd, or all (node). Chromium and workerd are those of `npm run setup -- --tests`
//
// Then how much text the detectors of a stream hold back, over the texts of the folder (gzipped JSON lines, each with a `text`), or over the prose.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { Problem, main } from "../scripts/lib/run.mjs";
import { PEERS } from "./guard-peers.mjs";
import { guardSets } from "./guard-sets.mjs";
import { HOSTS, timeOf } from "./hosts.mjs";
import { median } from "./measure.mjs";

/** What runs there, told what to do by messages. */
const AGENT = (peer) => `
let engine;
const texts = new Map();
export async function act({ does, name, text, size, times = 1 }) {
  if (does === "load") {
    const { load } = await import(${JSON.stringify(peer)});
    engine = await load();
    return engine.stream !== undefined;
  }
  if (does === "text") texts.set(name, text);
  let found = 0;
  if (does === "scan") {
    const text = size === undefined ? texts.get(name) : texts.get(name).slice(0, size);
    for (let time = 0; time < times; time += 1) found = await engine.scan(text);
  }
  if (does === "stream") {
    const text = texts.get(name);
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size));
    for (let time = 0; time < times; time += 1) found = engine.stream(pieces);
  }
  return found;
}
`;

/** Sets that are measured in pieces of 16 KiB, and by 4 kB, as well. */
const ORDINARY = ["prose", "code", "personal data"];
const PIECE = 16_384;
const PROMPT = 4_000;

/** A text is scanned as far as a scan takes no more than that, in milliseconds, whoever is at it. */
const LIMIT = 800;
/** As many milliseconds each figure is measured for. */
const MEASURED = 60;

/** Before, each is at it for so many milliseconds. */
const WARM = 400;

/**
 * All figures of one engine in a fresh host: `{ row: { size, rate, growth } }`, `sizes` being what was found in the rounds before. A text is measured whole, or as much of it as
 * is done in bounded time: from 1 kB on twice as much, as long as four times what that took is within LIMIT. `growth` is how often the last doubling took as long.
 */
async function figures(host, peer, sets, sizes) {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
  let started;
  try {
    started = await HOSTS[host](folder, peer, AGENT);
    const { act, pids } = started;
    const timed = async (message) => {
      const begun = timeOf(pids);
      const found = await act(message);
      return { found, took: timeOf(pids) - begun };
    };
    // What it takes to be told something is in every time; the least of it, since a host that has just begun has other work too.
    const empty = [];
    for (let round = 0; round < 30; round += 1) empty.push((await timed({ does: "nothing" })).took);
    const least = Math.min(...empty);
    const took = async (message) => Math.max((await timed(message)).took - least, 0.01);
    const streams = await act({ does: "load" });
    const rows = {};
    for (const [name, { text }] of Object.entries(sets)) {
      await act({ does: "text", name, text });
      let { size, growth } = sizes.get(name) ?? {};
      let once;
      if (size === undefined) {
        size = Math.min(1000, text.length);
        once = await took({ does: "scan", name, size });
        while (size < text.length && once * 4 <= LIMIT) {
          const before = once;
          size = Math.min(size * 2, text.length);
          once = await took({ does: "scan", name, size });
          growth = once / before;
        }
        sizes.set(name, { size, growth });
      }
      // Until the host has compiled what is hot, which WebAssembly waits for longer than JavaScript; then as often as fills MEASURED.
      once = await took({ does: "scan", name, size });
      for (let spent = once; spent < WARM; spent += once) once = await took({ does: "scan", name, size });
      const times = Math.max(1, Math.min(20, Math.round(MEASURED / once)));
      const rateOf = (of, times, took) => (Buffer.byteLength(text.slice(0, of)) * times) / 1000 / took;
      const most = times === 1 ? once : await took({ does: "scan", name, size, times });
      rows[name] = { size, growth, value: rateOf(size, times, most) };
      if (!ORDINARY.includes(name)) continue;
      const prompts = Math.max(5, Math.min(500, Math.round((MEASURED * size) / PROMPT / once)));
      await act({ does: "scan", name, size: PROMPT, times: 5 });
      rows[`${name}, 4 kB`] = { value: ((await took({ does: "scan", name, size: PROMPT, times: prompts })) * 1000) / prompts };
      if (streams) rows[`${name}, streamed`] = { value: rateOf(text.length, times, await took({ does: "stream", name, size: PIECE, times })) };
    }
    return rows;
  } finally {
    await started?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every engine in turns: by name all rounds, or why there is none. */
async function measure(host, names, rounds, sets) {
  const found = new Map(names.map((name) => [name, []]));
  const sizes = new Map(names.map((name) => [name, new Map()]));
  const refused = new Map();
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names.filter((name) => !refused.has(name))) {
      try {
        found.get(name).push(await figures(host, PEERS[name], sets, sizes.get(name)));
      } catch (error) {
        refused.set(name, String(error.message).split("\n")[0]);
        found.delete(name);
      }
    }
  }
  return { found, refused };
}

function print({ found, refused }, title, sets) {
  console.log(title);
  for (const [name, why] of refused) console.log(`${name} does not run here: ${why}`);
  const names = [...found.keys()];
  if (names.length === 0) return;
  const rows = Object.keys(sets).flatMap((name) => (ORDINARY.includes(name) ? [name, `${name}, streamed`, `${name}, 4 kB`] : [name]));
  const width = Math.max(...rows.map((row) => row.length));
  const cell = (text) => String(text).padStart(Math.max(26, ...names.map((name) => name.length + 2)));
  console.log(`${"".padEnd(width)}      ${names.map(cell).join("")}${cell("goal of all")}${found.has("all") ? cell("x others") : ""}`);
  let [isPart, grows] = [false, false];
  for (const row of rows) {
    const isTime = row.endsWith("4 kB");
    const values = names.map((name) => median(found.get(name).map((rows) => rows[row]?.value ?? Number.NaN)));
    const shown = names.map((name, at) => {
      const value = values[at];
      if (Number.isNaN(value)) return cell("-");
      const { size, growth } = found.get(name)[0][row];
      const part = size !== undefined && size < sets[row]?.text.length;
      isPart ||= part;
      const isSteep = part && growth > 3;
      grows ||= isSteep;
      return cell(`${value >= 10 ? value.toFixed(0) : value.toFixed(value < 0.1 ? 3 : 1)}${part ? ` (${Math.round(size / 1000)} kB${isSteep ? `, x${growth.toFixed(1)}` : ""})` : ""}`);
    });
    const goal = isTime ? 100 : sets[row.replace(", streamed", "")].goal;
    const ours = values[names.indexOf("all")];
    const others = names.flatMap((name, at) => (Object.hasOwn(OURS, name) || Number.isNaN(values[at]) ? [] : [isTime ? values[at] / ours : ours / values[at]]));
    const ratios = others.map((ratio) => `${ratio.toFixed(ratio < 10 ? 1 : 0)}x`).join(" ");
    console.log(`${row.padEnd(width)}  ${isTime ? "us  " : "MB/s"}${shown.join("")}${cell(goal)}${found.has("all") ? cell(ratios) : ""}`);
  }
  if (isPart) console.log(`(n kB): measured on that much of the megabyte; twice as much may take longer than ${LIMIT / 1000} s`);
  if (grows) console.log("(xn): twice as much text took n times as long");
}

const OURS = { all: 1, pii: 1, secrets: 1, injection: 1 };

/** The texts of a corpus: of every file that is gzipped JSON lines. */
function textsOf(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl.gz"))
    .sort()
    .flatMap((name) => gunzipSync(readFileSync(join(folder, name))).toString().split("\n").filter(Boolean))
    .map((line) => JSON.parse(line).text)
    .filter((text) => typeof text === "string" && text !== "");
}

/** How many tokens a stream holds after each one that it is given, where the detectors are exact ones. */
async function holdBack(texts) {
  const { GuardrailEngine, PIIDetectionGuardrail, SecretDetectionGuardrail, createTokenizer } = await import("../dist/index.js");
  const { default: vocabulary } = await import("../dist/vocab/o200k_base.js");
  const tokenizer = createTokenizer(vocabulary);
  const engine = new GuardrailEngine();
  // Nothing is changed, so what has left can be laid beside what came.
  engine.registerGuardrail(new PIIDetectionGuardrail({ action: "warn" }));
  engine.registerGuardrail(new SecretDetectionGuardrail({ action: "warn" }));
  const held = [];
  for (const text of texts) {
    const stream = engine.stream();
    const ends = [];
    let [came, left] = [0, 0];
    for (const piece of tokenizer.split(text)) {
      came += piece.length;
      ends.push(came);
      left += stream.push(piece).length;
      let waiting = 0;
      while (waiting < ends.length && ends[ends.length - 1 - waiting] > left) waiting += 1;
      held.push(waiting);
    }
    stream.end();
  }
  held.sort((a, b) => a - b);
  const at = (share) => held[Math.min(held.length - 1, Math.floor(held.length * share))];
  console.log(`held back in streams by pii and secrets, after each of ${held.length} tokens: p50 ${at(0.5)} tokens (goal 1), p99 ${at(0.99)} (goal 16), most ${held.at(-1)}`);
}

await main(async () => {
  const text = { type: "string" };
  const { values, positionals } = parseArgs({ options: { rounds: text, only: text, sets: text, hosts: text }, allowPositionals: true });
  const hosts = values.hosts === "all" ? Object.keys(HOSTS) : (values.hosts ?? "node").split(",");
  const unknown = hosts.find((host) => !Object.hasOwn(HOSTS, host));
  if (unknown !== undefined) throw new Problem(`expected hosts among ${Object.keys(HOSTS).join(", ")}, or all, found ${unknown}`);
  const names = values.only?.split(",") ?? Object.keys(PEERS);
  const stranger = names.find((name) => !Object.hasOwn(PEERS, name));
  if (stranger !== undefined) throw new Problem(`expected engines among ${Object.keys(PEERS).join(", ")}, found ${stranger}`);
  const all = guardSets();
  const wanted = values.sets?.split(",");
  const sets = Object.fromEntries(Object.entries(all).filter(([name]) => wanted === undefined || wanted.some((part) => name.includes(part))));
  const rounds = Number(values.rounds ?? 3);
  const machine = cpus()[0]?.model.trim() ?? "an unknown processor";
  for (const host of hosts) {
    const where = host === "node" ? `Node ${process.versions.node}` : host;
    print(await measure(host, names, rounds, sets), `${where}, ${machine}, ${rounds} rounds`, sets);
  }
  await holdBack(positionals[0] === undefined ? all.prose.text.slice(0, 200_000).split(/\n\n+/) : textsOf(positionals[0]));
});
