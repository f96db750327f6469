// The same measurements outside of Node: in a page of Chromium, and in a Worker (workerd, through Miniflare). Each library is a
// bundle of its own, loaded by a dynamic import when its start is measured; files of it come by fetch in a page, and are uploaded
// beside the script in a Worker, where nobody may compile WebAssembly.
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "../scripts/lib/run.mjs";
import { CHROMIUM_FLAGS, findChromium } from "../scripts/lib/tools.mjs";
import { HARD } from "../scripts/eval/token-texts.mjs";
import { serve } from "../tests/lib/serve.mjs";
import { tool } from "../tests/lib/tools.mjs";
import { median } from "./measure.mjs";
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

const ASSETS = {
  page: (assets) => assets.map(([name, path]) =>
    `const ${name} = async () => ${path.endsWith(".wasm") ? "WebAssembly.compile" : "new Uint8Array"}(await (await fetch("/${basename(path)}")).arrayBuffer());`,
  ).join("\n"),
  worker: (assets) => assets.map(([name, path]) =>
    `import ${name}File from "./${basename(path)}";\nconst ${name} = async () => ${path.endsWith(".wasm") ? `${name}File` : `new Uint8Array(${name}File)`};`,
  ).join("\n"),
};

/** Writes the bundle of a library, and what stands beside it. Gives the names of the latter. */
async function bundle(folder, name, host) {
  const { source, files = {}, conditions = [] } = PEERS[name].inHosts;
  const assets = Object.entries(files).map(([asset, path]) => [asset, path()]);
  const beside = new Map(assets.map(([, path]) => [basename(path), path]));
  await build({
    stdin: { contents: `${ASSETS[host](assets)}\n${source}`, resolveDir: join(ROOT, "bench"), sourcefile: "peer.js" },
    outfile: join(folder, "peer.js"),
    bundle: true,
    minify: true,
    format: "esm",
    logLevel: "error",
    conditions: host === "worker" ? conditions : [],
    external: ["node:*"],
    plugins: [
      {
        name: "files",
        setup({ onResolve }) {
          onResolve({ filter: /\.(wasm|htk|bin)$/ }, ({ path, resolveDir }) => {
            if (!beside.has(basename(path))) beside.set(basename(path), join(resolveDir, path));
            return { path: `./${basename(path)}`, external: true };
          });
        },
      },
    ],
  });
  for (const [file, path] of beside) cpSync(path, join(folder, file));
  return [...beside.keys()];
}

/** The memory of a process, in megabytes; undefined where nobody says. */
function memoryOf(pid) {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096) / 1e6;
  } catch {
    return undefined;
  }
}

/**
 * The processor time of processes in milliseconds, of all threads that they have, as bench/token-run.mjs takes it; the clock's where
 * nobody says.
 */
function timeOf(pids) {
  try {
    const threads = pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/schedstat`));
    return threads.reduce((sum, file) => sum + Number(readFileSync(file, "utf8").split(" ")[0]) / 1e6, 0);
  } catch {
    return performance.now();
  }
}

/** Processes of that name below one of ours. */
function below(pid, name) {
  const all = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).flatMap((entry) => {
    try {
      const [, command, parent] = /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${entry}/stat`, "utf8")) ?? [];
      return [{ pid: Number(entry), command, parent: Number(parent) }];
    } catch {
      return [];
    }
  });
  const under = ({ parent }) => parent === pid || all.some((other) => other.pid === parent && under(other));
  return all.filter((process) => process.command === name && under(process)).map((process) => process.pid);
}

/** `{ act, pids, close }` over a fresh page. */
async function page(folder, name) {
  await bundle(folder, name, "page");
  writeFileSync(join(folder, "main.js"), `${AGENT("./peer.js").replace("export async", "globalThis.act = async")}`);
  writeFileSync(join(folder, "index.html"), `<!doctype html><title>tokens</title><script type="module" src="./main.js"></script>\n`);
  const server = await serve(folder);
  const { chromium } = await tool("playwright-core");
  const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_FLAGS });
  const tab = await browser.newPage();
  await tab.goto(server.url);
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return {
    pids: processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id),
    act: (message) => tab.evaluate((message) => globalThis.act(message), message),
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** As {@link page}, over a fresh Worker. */
async function worker(folder, name) {
  const beside = await bundle(folder, name, "worker");
  const { Miniflare } = await tool("miniflare");
  const script = `${AGENT("./peer.js")}
export default {
  async fetch(request) {
    try {
      return Response.json({ tokens: await act(await request.json()) });
    } catch (error) {
      return Response.json({ failure: String(error) });
    }
  },
};`;
  const host = new Miniflare({
    compatibilityDate: "2025-09-01",
    modules: [
      { type: "ESModule", path: "worker.js", contents: script },
      { type: "ESModule", path: "peer.js", contents: readFileSync(join(folder, "peer.js"), "utf8") },
      ...beside.map((file) => ({ type: file.endsWith(".wasm") ? "CompiledWasm" : "Data", path: file, contents: readFileSync(join(folder, file)) })),
    ],
  });
  await host.ready;
  return {
    pids: below(process.pid, "workerd"),
    async act(message) {
      const response = await host.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify(message) });
      const { failure, tokens } = await response.json();
      if (failure !== undefined) throw new Error(failure);
      return tokens;
    },
    close: () => host.dispose(),
  };
}

export const HOSTS = { chromium: page, workerd: worker };

/** All figures of one library in a fresh host: what bench/token-run.mjs has for Node. */
export async function runIn(host, name, sets) {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
  let started;
  try {
    started = await HOSTS[host](folder, name);
    const { pids } = started;
    const memory = () => pids.map(memoryOf).reduce((sum, one) => sum + one, 0);
    const timed = async (message) => {
      const begun = timeOf(pids);
      const tokens = await started.act(message);
      return { tokens, took: timeOf(pids) - begun };
    };
    // What it takes to be told something is in every time.
    const empty = [];
    for (let round = 0; round < 30; round += 1) empty.push((await timed({ does: "nothing" })).took);
    const least = median(empty.slice(10));
    const act = async (message) => {
      const { tokens, took } = await timed(message);
      return { tokens, took: Math.max(took - least, 0.01) };
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
      await act({ does: "text", name: "hard", text: make(10_000) });
      const { took: tenth } = await act({ does: "count", name: "hard" });
      if (tenth > 500) {
        answer.hard[what] = { more: tenth };
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
