/**
 * Builds and starts a real Next.js app around the route of examples/edge-route, on the edge runtime, with the package as it is packed, and
 * calls it: `npm run test:next`. Next itself is installed here on the first run.
 *
 *     node tests/next/run.mjs [webpack | turbopack]     by one bundler; by both if left out
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProvider } from "../../examples/local-provider/provider.mjs";
import { ROOT, run } from "../../scripts/lib/run.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const APP = join(HERE, ".app");
/** By webpack this Next can build no edge route at all, not even an empty one: it misses a manifest that it has not written. */
const BUNDLERS = {
  turbopack: { flag: "--turbopack", runtimes: ["edge", "nodejs"] },
  webpack: { flag: "--webpack", runtimes: ["nodejs"] },
};

/** @returns {Promise<number>} */
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });

/** The app: the example's route and nothing else, with the tarball beside Next. */
async function make() {
  if (!existsSync(join(HERE, "node_modules/next"))) {
    console.log("npm: install next");
    await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel", "error"], { quiet: true, cwd: HERE });
  }
  rmSync(APP, { recursive: true, force: true });
  mkdirSync(join(APP, "node_modules/tollgate"), { recursive: true });
  for (const name of readdirSync(join(HERE, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(HERE, "node_modules", name), join(APP, "node_modules", name));
  }
  await run("npm", ["pack", "--pack-destination", APP, "--loglevel", "error"], { quiet: true });
  const tarball = readdirSync(APP).find((name) => name.endsWith(".tgz"));
  await run("tar", ["-xzf", tarball, "-C", "node_modules/tollgate", "--strip-components", "1"], { quiet: true, cwd: APP });
  writeFileSync(join(APP, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  // The folder is inside of another project, which is none of its business.
  writeFileSync(join(APP, "next.config.mjs"), `export default { outputFileTracingRoot: ${JSON.stringify(HERE)}, turbopack: { root: ${JSON.stringify(HERE)} } };\n`);
  mkdirSync(join(APP, "app"), { recursive: true });
  writeFileSync(join(APP, "app/layout.js"), `export default ({ children }) => <html><body>{children}</body></html>;\n`);
}

/** Builds and starts it, and calls its route. @param {keyof typeof BUNDLERS} bundler */
async function check(bundler) {
  const begun = performance.now();
  const { flag, runtimes } = BUNDLERS[bundler];
  const route = readFileSync(join(ROOT, "examples/edge-route/route.mjs"), "utf8");
  rmSync(join(APP, "app/api"), { recursive: true, force: true });
  for (const runtime of runtimes) {
    mkdirSync(join(APP, "app/api", runtime), { recursive: true });
    writeFileSync(join(APP, "app/api", runtime, "route.js"), route.replace('runtime = "edge"', `runtime = ${JSON.stringify(runtime)}`));
  }
  const provider = await startProvider();
  const env = {
    ...process.env,
    NEXT_TELEMETRY_DISABLED: "1",
    CI: "1",
    NODE_ENV: "production",
    OPENAI_API_KEY: "sk-local",
    OPENAI_BASE_URL: `${provider.url}/v1`,
    BUDGET_USD: "0.0005",
  };
  const next = join(HERE, "node_modules/next/dist/bin/next");
  let server;
  try {
    rmSync(join(APP, ".next"), { recursive: true, force: true });
    const built = await run(process.execPath, [next, "build", flag], { quiet: true, cwd: APP, env });
    assert.ok(!/dynamic code/i.test(built), `expected a build that finds no code made at run time, found:\n${built}`);
    const port = await freePort();
    server = spawn(process.execPath, [next, "start", "-p", String(port), "-H", "127.0.0.1"], { cwd: APP, env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const out of [server.stdout, server.stderr]) out.on("data", (text) => (said += text));
    for (let tries = 0; !said.includes("Ready"); tries += 1) {
      if (server.exitCode !== null || tries > 300) throw new Error(`cannot start Next: found\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    for (const runtime of runtimes) await call(provider, `http://127.0.0.1:${port}/api/${runtime}`, () => said);
    console.log(`next ${JSON.parse(readFileSync(join(HERE, "node_modules/next/package.json"), "utf8")).version}, ${bundler} (${runtimes.join(", ")}): passed, ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  } finally {
    server?.kill();
    await provider.close();
  }
}

/** Calls a route as the example's own program does. */
async function call(provider, url, said) {
  provider.reset();
  provider.script({ text: "The harbour froze, and thawed in March.", times: 3 });
  const ask = async (user, prompt) => {
    const response = await fetch(url, { method: "POST", headers: { "x-user": user }, body: JSON.stringify({ prompt }) });
    return { status: response.status, text: await response.text() };
  };
  const { status, text } = await ask("ada", "Tell me about the harbour, and mail jane.doe@example.com");
  assert.equal(status, 200, `${text}\n${said()}`);
  const chunks = text.split("\n").filter((line) => line.startsWith("data: {")).map((line) => JSON.parse(line.slice(6)).choices[0]?.delta.content ?? "");
  assert.equal(chunks.join(""), "The harbour froze, and thawed in March.");
  assert.equal(provider.requests[0].body.messages[0].content, "Tell me about the harbour, and mail [REDACTED_EMAIL]");
  const again = await Promise.all(["ada", "ada", "grace"].map((user) => ask(user, "And then?")));
  assert.deepEqual([again.some(({ status }) => status === 402), again[2].status], [true, 200], JSON.stringify(again));
}

await make();
const asked = process.argv.slice(2);
for (const bundler of Object.keys(BUNDLERS)) if (asked.length === 0 || asked.includes(bundler)) await check(bundler);
