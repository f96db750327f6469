// @ts-check
/**
 * Runs the Workers of the examples in workerd, as Cloudflare does, by way of miniflare: shared by those examples, and nothing that a Worker
 * of your own needs, which has `wrangler dev`.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

// workerd is large, so it is among the tools of the tests and not among the packages of a build.
const tools = createRequire(new URL("../../tests/tools/package.json", import.meta.url));

/** Runs Workers. Its types are not among the packages either. @type {any} */
export const Miniflare = load("miniflare").Miniflare;

/**
 * What Miniflare has to know of the Worker in a folder: its modules, `worker.mjs` bundled as wrangler would for workerd with the WebAssembly module as
 * a file of its own, and the date in its `wrangler.toml`.
 *
 * @param {string} folder the URL of a module there
 */
export async function workerIn(folder) {
  const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, folder));
  const { outputFiles } = await build({
    entryPoints: [path("worker.mjs")],
    outdir: path("bundle"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
    loader: { ".wasm": "copy" },
    write: false,
  });
  const modules = outputFiles
    .map(({ path, contents }) => (path.endsWith(".wasm") ? { type: /** @type {const} */ ("CompiledWasm"), path, contents } : { type: /** @type {const} */ ("ESModule"), path, contents }))
    .sort((a, b) => Number(b.type === "ESModule") - Number(a.type === "ESModule"));
  const [, compatibilityDate = ""] = /compatibility_date = "([\d-]+)"/.exec(await readFile(path("wrangler.toml"), "utf8")) ?? [];
  return { modules, modulesRoot: path("bundle"), compatibilityDate };
}

/** @param {string} name @returns {any} */
function load(name) {
  try {
    return tools(name);
  } catch {
    console.error(`cannot run the Worker: expected ${name} in tests/tools, found none; \`npm run setup -- --tests\` installs it`);
    process.exit(1);
  }
}

/** @param {unknown} condition @param {string} what @returns {asserts condition} */
export function expect(condition, what) {
  if (!condition) throw new Error(`the example failed: ${what}`);
}
