// A Worker with Durable Objects, KV or D1 in workerd, by way of miniflare, with storages that outlive it where asked.
import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { tool } from "./tools.mjs";

/** How Wrangler resolves packages for a Worker. */
const CONDITIONS = ["workerd", "worker", "browser"];

/** The modules of a Worker, bundled as Wrangler does: WebAssembly lies beside the script, compiled. */
export async function workerModules(file) {
  const modules = new Map();
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: "esm",
    conditions: CONDITIONS,
    external: ["cloudflare:*"],
    logLevel: "error",
    plugins: [
      {
        name: "wasm-modules",
        setup({ onResolve }) {
          onResolve({ filter: /\.wasm$/ }, ({ path, resolveDir }) => {
            const name = `./${basename(path)}`;
            modules.set(name, join(resolveDir, path));
            return { path: name, external: true };
          });
        },
      },
    ],
  });
  return [
    { type: "ESModule", path: "worker.js", contents: outputFiles[0].text },
    ...(await Promise.all([...modules].map(async ([path, from]) => ({ type: "CompiledWasm", path: path.slice(2), contents: await readFile(from) })))),
  ];
}

/** A Worker that answers calls: `call(name, args)` is what the function of that name in the module's `calls` gives. */
export async function openWorker(file, options = {}) {
  const { Miniflare } = await tool("miniflare");
  const modules = options.modules ?? (await workerModules(file));
  const worker = new Miniflare({ compatibilityDate: "2025-09-01", ...options, modules });
  await worker.ready;
  return {
    worker,
    modules,
    async call(name, args = {}, init = {}) {
      const response = await worker.dispatchFetch(`http://worker/${name}`, { method: "POST", body: JSON.stringify(args), ...init });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`the Worker answered ${response.status}: ${text}`);
      return text === "" ? undefined : JSON.parse(text);
    },
    close: () => worker.dispose(),
  };
}
