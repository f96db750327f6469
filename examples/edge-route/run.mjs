// @ts-check
/**
 * Runs the route in Vercel's edge runtime against the local provider: `node examples/edge-route/run.mjs`. It is bundled as Next.js does:
 * by the condition `edge-light`, with WebAssembly compiled beforehand, since the edge compiles none.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { startProvider } from "../local-provider/provider.mjs";

// The edge runtime is among the tools of the tests and not among the packages of a build.
const tools = createRequire(new URL("../../tests/tools/package.json", import.meta.url));
const { EdgeVM } = load("@edge-runtime/vm");

const { code, wasm } = await bundle();
const provider = await startProvider();
const env = { OPENAI_API_KEY: "sk-local", OPENAI_BASE_URL: `${provider.url}/v1`, BUDGET_USD: "0.0005" };
const vm = new EdgeVM({
  codeGeneration: { strings: false, wasm: true },
  extend: (/** @type {any} */ context) => Object.assign(context, { BYTES: wasm, process: { env } }),
});
// The runtime has the module before the route is there.
vm.evaluate("globalThis.TOLLGATE_WASM = new WebAssembly.Module(BYTES);");
vm.evaluate(code);

/** @type {Promise<unknown>[]} */
const owed = [];
Object.assign(vm.context, { waitUntil: (/** @type {Promise<unknown>} */ promise) => void owed.push(promise) });

/** @param {string} user @param {string} prompt */
async function ask(user, prompt) {
  Object.assign(vm.context, { asked: JSON.stringify({ user, prompt }) });
  const response = await vm.evaluate(`(() => {
    const { user, prompt } = JSON.parse(asked);
    const request = new Request("https://example.com/api/chat", { method: "POST", headers: { "x-user": user }, body: JSON.stringify({ prompt }) });
    return ROUTE.POST(request, { waitUntil });
  })()`);
  return { status: response.status, text: await response.text() };
}

provider.script({ text: "The harbour froze, and thawed in March.", times: 3 });
const { status, text } = await ask("ada", "Tell me about the harbour, and mail jane.doe@example.com");
const said = text.split("\n").filter((line) => line.startsWith("data: {")).map((line) => JSON.parse(line.slice(6)).choices[0]?.delta.content ?? "").join("");
const [sent] = provider.requests;
console.log(`a stream      ${status} ${said}`);
console.log(`what was sent ${sent?.body.messages[0].content}`);
await Promise.all(owed);
// Two calls are held at once where one can be paid.
const again = await Promise.all(["ada", "ada", "grace"].map((user) => ask(user, "And then?")));
console.log(`three at once ${again.map(({ status }) => status).join(" ")}`);
await Promise.all(owed);
await provider.close();
if (said !== "The harbour froze, and thawed in March." || !again.some(({ status }) => status === 402) || again[2]?.status !== 200) {
  console.error(again.map(({ text }) => text.slice(0, 300)).join("\n"));
  process.exitCode = 1;
}

/** The route as one script, and the module's bytes. */
async function bundle() {
  let file = "";
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("route.mjs", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "ROUTE",
    conditions: ["edge-light", "worker", "browser"],
    logLevel: "error",
    plugins: [
      {
        name: "wasm-module",
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /\.wasm\?module$/ }, ({ path, resolveDir }) => {
            file = join(resolveDir, path.replace("?module", ""));
            return { path: file, namespace: "wasm-module" };
          });
          onLoad({ filter: /./, namespace: "wasm-module" }, () => ({ contents: "export default globalThis.TOLLGATE_WASM;" }));
        },
      },
    ],
  });
  return { code: outputFiles[0]?.text ?? "", wasm: await readFile(file) };
}

/** @param {string} name @returns {any} */
function load(name) {
  try {
    return tools(name);
  } catch {
    console.error(`cannot run the route: expected ${name} in tests/tools, found none; \`npm run setup -- --tests\` installs it`);
    process.exit(1);
  }
}
