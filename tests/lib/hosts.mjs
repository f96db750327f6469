// One program in every host. A program is a module whose default export takes a JSON value and answers with one, or a
// promise of one; it may import "tollgate", which is resolved from the folder it lies in.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CHROMIUM_FLAGS, findChromium } from "../../scripts/lib/tools.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { serve } from "./serve.mjs";
import { program, tool } from "./tools.mjs";

/** How Wrangler resolves packages for a Worker. */
const WORKER_CONDITIONS = ["workerd", "worker", "browser"];

// Results share the standard output with whatever the program prints.
const MARK = "result of the program: ";

const result = (output) => {
  const line = output.split("\n").find((line) => line.startsWith(MARK));
  if (line === undefined) throw new Error(`expected a result, found the output:\n${output}`);
  return JSON.parse(line.slice(MARK.length));
};

/** Writes a file beside the program, runs it, and removes it. */
async function beside(file, name, text, body) {
  const path = join(dirname(file), `.${name}`);
  await writeFile(path, text);
  try {
    return await body(path);
  } finally {
    await rm(path, { force: true });
  }
}

const say = (args) => `.then((answer) => console.log(${JSON.stringify(MARK)} + JSON.stringify(answer)))`;
const imports = (file, args) => `import main from ${JSON.stringify(`./${basename(file)}`)};\nawait Promise.resolve(main(${JSON.stringify(args)}))${say()};\n`;

/** `node`, with import. */
export const node = (file, args, options = []) =>
  beside(file, "node.mjs", imports(file, args), async (path) => result(await run(process.execPath, [...options, path], { quiet: true, cwd: dirname(file) })));

/** `node`, where the caller is CommonJS: the program is handed what `require("tollgate")` gives. */
export const nodeRequire = (file, args) =>
  beside(
    file,
    "node.cjs",
    `const tollgate = require("tollgate");\nconst main = require(${JSON.stringify(`./${basename(file)}`)}).default;\nPromise.resolve(main(${JSON.stringify(args)}, tollgate))${say()};\n`,
    async (path) => result(await run(process.execPath, [path], { quiet: true, cwd: dirname(file) })),
  );

/** Deno, with the packages of node_modules. */
export const deno = (file, args) =>
  beside(file, "deno.mjs", imports(file, args), async (path) =>
    result(
      await run(program("deno"), ["run", "--no-lock", "--no-prompt", "--allow-net=127.0.0.1", "--allow-read", "--allow-env", path], {
        quiet: true,
        cwd: dirname(file),
        env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
      }),
    ),
  );

/** Bun. */
export const bun = (file, args) =>
  beside(file, "bun.mjs", imports(file, args), async (path) => result(await run(program("bun"), ["run", path], { quiet: true, cwd: dirname(file) })));

/** esbuild with its defaults for a neutral host, the bundle run by Node from another folder. */
export async function esbuild(file, args) {
  const { build } = await import("esbuild");
  const out = join(dirname(file), ".esbuild");
  await mkdir(out, { recursive: true });
  try {
    await build({ entryPoints: [file], outfile: join(out, "main.mjs"), bundle: true, format: "esm", logLevel: "error" });
    return await node(join(out, "main.mjs"), args);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/**
 * workerd, with no compatibility flags. What the module `tollgate` does at its top level it does at module scope, where
 * Workers allow no randomness, no timers and no fetch.
 *
 * `bindings` are options of Miniflare (`kvNamespaces`, ...): what they bind is handed to the program as its second argument.
 * What the program exports by name, the Worker exports: classes of Durable Objects.
 */
export async function workerd(file, args, bindings = {}) {
  const [{ build }, { Miniflare }] = [await import("esbuild"), await tool("miniflare")];
  const modules = new Map();
  const bundle = await build({
    stdin: {
      contents: `import main from ${JSON.stringify(file)};
export * from ${JSON.stringify(file)};
export default {
  async fetch(request, env) {
    try {
      return Response.json({ answer: await main(await request.json(), env) });
    } catch (error) {
      return Response.json({ failure: String(error?.stack ?? error) });
    }
  },
};`,
      resolveDir: dirname(file),
      sourcefile: "worker.js",
    },
    bundle: true,
    write: false,
    format: "esm",
    conditions: WORKER_CONDITIONS,
    external: ["cloudflare:*"],
    logLevel: "error",
    plugins: [
      {
        // As Wrangler does: a module of WebAssembly is uploaded beside the script, compiled.
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
  const worker = new Miniflare({
    compatibilityDate: "2025-09-01",
    ...bindings,
    modules: [
      { type: "ESModule", path: "worker.js", contents: bundle.outputFiles[0].text },
      ...(await Promise.all([...modules].map(async ([path, from]) => ({ type: "CompiledWasm", path: path.slice(2), contents: await readFile(from) })))),
    ],
  });
  try {
    const response = await worker.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify(args) });
    const { answer, failure } = await response.json();
    if (failure !== undefined) throw new Error(`in workerd: ${failure}`);
    if (modules.size === 0) throw new Error("expected the Worker to import the compiled module, found the inline one");
    return answer;
  } finally {
    await worker.dispose();
  }
}

let browser;

/** The browser, started at its first use. */
async function chromium() {
  const { chromium } = await tool("playwright-core");
  browser ??= await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_FLAGS });
  return browser;
}

/** Ends what was started for all programs. */
export async function closeHosts() {
  await browser?.close();
  browser = undefined;
}

/** A page that calls `globalThis.main(args)` once its scripts have set it. */
const page = async (folder, args) => (await pages(folder, [args]))[0];

/** What is done in a page that somebody else serves. */
export async function visit(url, act) {
  const context = await (await chromium()).newContext();
  try {
    const tab = await context.newPage();
    await tab.goto(url);
    return await act(tab);
  } finally {
    await context.close();
  }
}

/** Pages of one browser profile, each with arguments of its own, at once. */
async function pages(folder, list) {
  const server = await serve(folder);
  const context = await (await chromium()).newContext();
  try {
    return await Promise.all(list.map((args) => tab(context, server.url, args)));
  } finally {
    await context.close();
    await server.close();
  }
}

async function tab(context, url, args) {
  const tab = await context.newPage();
  const errors = [];
  tab.on("pageerror", (error) => errors.push(error.stack ?? String(error)));
  tab.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await tab.goto(url);
  // Asked from outside: what the browser's own waiting puts into the page needs eval, which the page forbids.
  for (const until = Date.now() + 15_000; !(await tab.evaluate(() => typeof globalThis.main === "function")); ) {
    if (Date.now() > until) throw new Error(`expected a program in the page, found none; the page says: ${errors.join("\n")}`);
    await new Promise((done) => setTimeout(done, 10));
  }
  return await tab.evaluate(async (args) => JSON.parse(JSON.stringify(await globalThis.main(args))), args).catch((error) => {
    throw new Error(`${error.stack}; the page says: ${errors.join("\n")}`);
  });
}

const entry = (file) => `import main from ${JSON.stringify(file)};\nglobalThis.main = main;\n`;

/** Chromium, with a page that Vite built. */
export async function vite(file, args) {
  const folder = join(dirname(file), ".vite-app");
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(join(folder, "index.html"), `<!doctype html><title>tollgate</title><script type="module" src="./main.js"></script>\n`);
    await writeFile(join(folder, "main.js"), entry(`../${basename(file)}`));
    const { build } = await tool("vite");
    await build({ root: folder, logLevel: "error", configFile: false });
    return await page(join(folder, "dist"), args);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Chromium, with a page that esbuild bundled. */
export const chromiumPage = async (file, args) => (await chromiumPages(file, [args]))[0];

/** The same page several times in one browser profile, each with arguments of its own. */
export async function chromiumPages(file, list) {
  const folder = join(dirname(file), ".page");
  await mkdir(folder, { recursive: true });
  try {
    const { build } = await import("esbuild");
    await writeFile(join(folder, "entry.mjs"), entry(`../${basename(file)}`));
    await build({ entryPoints: [join(folder, "entry.mjs")], outfile: join(folder, "main.js"), bundle: true, format: "esm", logLevel: "error" });
    await writeFile(join(folder, "index.html"), `<!doctype html><title>tollgate</title><script type="module" src="./main.js"></script>\n`);
    return await pages(folder, list);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Chromium, with `cdn.js` in a plain script tag; the program is handed the global `Tollgate`. */
export async function scriptTag(file, args, cdn) {
  const folder = join(dirname(file), ".script-tag");
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(join(folder, "cdn.js"), await readFile(cdn));
    await writeFile(join(folder, "program.mjs"), await readFile(file));
    await writeFile(join(folder, "main.js"), `import("./program.mjs").then(({ default: main }) => (globalThis.main = (args) => main(args, Tollgate)));\n`);
    await writeFile(join(folder, "index.html"), `<!doctype html><title>tollgate</title><script src="./cdn.js"></script><script src="./main.js"></script>\n`);
    return await page(folder, args);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
