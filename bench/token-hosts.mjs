// The same measurements outside of Node: in a page of Chromium, and in a Worker.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HARD } from "../scripts/eval/token-texts.mjs";
import { HOSTS, memoryOf, timeOf } from "./hosts.mjs";
import { PEERS } from "./token-peers.mjs";

/** What runs there, told what to do by messages: it is timed from outside, since the clock of a Worker stands still while it computes. */
const AGENT = (peer) => `
let count;
const texts = new Map();
export async function act({ does, name, text, times = 1 }) {
  let tokens;
  if (does === "load") {
    const { load } = await import(${JSON.stringify(peer)});
    count = await load();
    tokens = count("Hello, world!");
  } else if (does === "text") {
    texts.set(name, text);
  } else if (does === "count") {
    const text = texts.get(name);
    for (let time = 0; time < times; time += 1) tokens = count(text);
  } else if (does === "prompts") {
    const prompts = texts.get(name).match(/[^]{200}/g).slice(0, 2000);
    for (let time = 0; time < times; time += 1) for (const prompt of prompts) tokens = count(prompt);
  }
  return tokens;
}
`;

/** All figures of one library in a fresh host: what bench/token-run.mjs has for Node. */
export async function runIn(host, name, sets) {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
  let started;
  try {
    started = await HOSTS[host](folder, PEERS[name].inHosts, AGENT);
    const { pids } = started;
    const memory = () => pids.map(memoryOf).reduce((sum, one) => sum + one, 0);
    const timed = async (message) => {
      const begun = timeOf(pids);
      const tokens = await started.act(message);
      return { tokens, took: timeOf(pids) - begun };
    };
    // What it takes to be told something is in every time; the least of it, since a host that has just begun has other work too.
    const empty = [];
    for (let round = 0; round < 30; round += 1) empty.push((await timed({ does: "nothing" })).took);
    const told = Math.min(...empty);
    const act = async (message) => {
      const { tokens, took } = await timed(message);
      return { tokens, took: Math.max(took - told, 0.01) };
    };
    const before = memory();
    const { tokens: first, took: start } = await act({ does: "load" });
    const answer = { start, memory: memory() - before, sets: {}, hard: {}, counts: { first } };
    for (const [set, [warm, measured]] of Object.entries(sets)) {
      const megabytes = Buffer.byteLength(measured) / 1e6;
      await act({ does: "text", name: "warm", text: warm });
      await act({ does: "text", name: set, text: measured });
      for (let spent = 0, round = 0; round < 3 || spent < 300; round += 1) spent += (await act({ does: "count", name: "warm" })).took;
      const { tokens, took } = await act({ does: "count", name: set });
      answer.counts[set] = tokens;
      const times = took > 5000 ? 1 : took > 200 ? 2 : 9;
      answer.sets[set] = { fresh: megabytes / (took / 1000), repeat: (megabytes * times) / ((await act({ does: "count", name: set, times })).took / 1000) };
    }
    const prompts = Math.min(2000, Math.floor(sets.prose[1].length / 200));
    await act({ does: "prompts", name: "prose", times: 1 });
    answer.prompt = ((await act({ does: "prompts", name: "prose", times: 5 })).took * 1000) / prompts / 5;
    for (const [what, make] of HARD) {
      let least = 0;
      for (const share of [100, 10]) {
        await act({ does: "text", name: "hard", text: make(100_000 / share) });
        const took = Math.min((await act({ does: "count", name: "hard" })).took, (await act({ does: "count", name: "hard" })).took);
        least = Math.max(least, share * took);
        if (least > 1000) break;
      }
      if (least > 1000) {
        answer.hard[what] = { took: least, atLeast: true };
        continue;
      }
      await act({ does: "text", name: "hard", text: make(100_000) });
      const { tokens, took } = await act({ does: "count", name: "hard" });
      [answer.counts[what], answer.hard[what]] = [tokens, { took }];
    }
    return answer;
  } finally {
    await started?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
