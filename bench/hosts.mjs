// Where the benchmarks run outside of their own process: in a process of Node, in a page of Chromium, and in a Worker (workerd,
// through Miniflare). A library is a bundle of its own, loaded by a dynamic import when its start is measured; files of it come by
// fetch in a page, and are uploaded beside the script in a Worker, where nobody may compile WebAssembly.
//
// An agent is a function of the bundle's path that gives the source of a module with `export async function act(message)`. It is
// timed from outside, since the clock of a Worker stands still while it computes.
import { fork } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "../scripts/lib/run.mjs";
import { CHROMIUM_FLAGS, findChromium } from "../scripts/lib/tools.mjs";
import { serve } from "../tests/lib/serve.mjs";
import { tool } from "../tests/lib/tools.mjs";

const ASSETS = {
  page: (assets) => assets.map(([name, path]) =>
    `const ${name} = async () => ${path.endsWith(".wasm") ? "WebAssembly.compile" : "new Uint8Array"}(await (await fetch("/${basename(path)}")).arrayBuffer());`,
  ).join("\n"),
  worker: (assets) => assets.map(([name, path]) =>
    `import ${name}File from "./${basename(path)}";\nconst ${name} = async () => ${path.endsWith(".wasm") ? `${name}File` : `new Uint8Array(${name}File)`};`,
  ).join("\n"),
  node: () => "",
};

/** Writes the bundle of a library, and what stands beside it. Gives the names of the latter. */
async function bundle(folder, { source, files = {}, conditions = [], without = [] }, host) {
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
    // What is written for `require` finds it in Node.
    ...(host === "node" && { platform: "node", banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' } }),
    external: ["node:*"],
    plugins: [
      {
        name: "files",
        setup({ onLoad, onResolve }) {
          if (host !== "node" && without.length > 0) {
            onResolve({ filter: new RegExp(`^(?:${without.join("|")})$`) }, ({ path }) => ({ path, namespace: "none" }));
            onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "export {};" }));
          }
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
export function memoryOf(pid) {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096) / 1e6;
  } catch {
    return undefined;
  }
}

/**
 * The processor time of processes in milliseconds, of all threads that they have, of all libraries alike; the clock's where
 * nobody says.
 */
export function timeOf(pids) {
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

/** As {@link page}, over a fresh process of Node. */
async function node(folder, peer, agent) {
  await bundle(folder, peer, "node");
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  const listen = 'process.on("message", async (message) => { try { process.send({ answer: await act(message) }); } catch (error) { process.send({ failure: String(error) }); } });';
  writeFileSync(join(folder, "main.js"), `${agent("./peer.js")}\n${listen}`);
  const host = fork(join(folder, "main.js"), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  let answered;
  host.on("message", (message) => answered(message));
  const ended = once(host, "exit");
  ended.then(([code]) => answered?.({ failure: `expected an answer, found the end of the process: ${code}` }));
  return {
    pids: [host.pid],
    async act(message) {
      const { failure, answer } = await new Promise((resolve) => {
        answered = resolve;
        host.send(message);
      });
      if (failure !== undefined) throw new Error(failure);
      return answer;
    },
    async close() {
      host.kill();
      await ended;
    },
  };
}

/** `{ act, pids, close }` over a fresh page: `act` hands a message to the agent's function of that name. */
async function page(folder, peer, agent) {
  await bundle(folder, peer, "page");
  writeFileSync(join(folder, "main.js"), `${agent("./peer.js").replace("export async", "globalThis.act = async")}`);
  writeFileSync(join(folder, "index.html"), `<!doctype html><title>benchmark</title><script type="module" src="./main.js"></script>\n`);
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
async function worker(folder, peer, agent) {
  const beside = await bundle(folder, peer, "worker");
  const { Miniflare } = await tool("miniflare");
  const script = `${agent("./peer.js")}
export default {
  async fetch(request) {
    try {
      return Response.json({ answer: await act(await request.json()) });
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
      const { failure, answer } = await response.json();
      if (failure !== undefined) throw new Error(failure);
      return answer;
    },
    close: () => host.dispose(),
  };
}

export const HOSTS = { node, chromium: page, workerd: worker };
