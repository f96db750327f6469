// Runs the tests: all of them, or the suites named.
//
//     node scripts/test.mjs                     everything
//     node scripts/test.mjs rust js             some suites
//
// They test what is built: `npm run build` first. A suite that fails does not keep the others from running.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Problem, ROOT, main, run } from "./lib/run.mjs";
import { assertSizes, printSizes } from "./sizes.mjs";
import { findChromedriver, findRust } from "./lib/tools.mjs";
import { useOf } from "./where.mjs";

const TARGET = "wasm32-unknown-unknown";
const WASM_TESTS = ["test", "--target", TARGET, "--features", "web", "--test", "web_*"];

const SUITES = {
  /** The core, natively and without features; formatting and lints of all the Rust there is. */
  async rust() {
    await run("cargo", ["fmt", "--all", "--check"]);
    await run("cargo", ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    await run("cargo", ["clippy", "--features", "web", "--target", TARGET, "--lib", "--test", "web_*", "--no-deps", "--", "-D", "warnings"]);
    await run("cargo", ["test", "--workspace"]);
    await run("cargo", ["doc", "--workspace", "--no-deps", "--document-private-items"], { quiet: true, env: { RUSTDOCFLAGS: "-D warnings" } });
    const tree = await run("cargo", ["tree", "-e", "normal", "--target", TARGET], { quiet: true });
    const shell = tree.split("\n").filter((line) => /wasm-bindgen|js-sys|web-sys|gloo/.test(line));
    if (shell.length > 0) throw new Problem(`expected a core that knows no JavaScript, found in its dependencies:\n${shell.join("\n")}`);
    console.log("the core's dependencies name no JavaScript:\n" + tree.trim());
  },

  /** The shell, inside the hosts it is for. */
  async wasm() {
    await run("cargo", WASM_TESTS);
    const driver = findChromedriver();
    if (driver === undefined) throw new Problem("expected chromedriver, found none; `npm run setup -- --tests` installs it");
    await run("cargo", WASM_TESTS, { env: { CHROMEDRIVER: driver, WASM_BINDGEN_USE_BROWSER: "1" } });
  },

  /** The face, in this Node. */
  async js() {
    await node(tests("tests/js"));
  },

  /** The public types, as strict programs and lax ones see them. */
  async types() {
    await node(tests("tests/types"));
  },

  /** The same program in every runtime; what a trap and odd keys do in each. */
  async runtimes() {
    await node(tests("tests/runtimes"));
  },

  /** Ledgers and storages over what they are for: SQLite in workerd, a Redis, a browser's pages. */
  async ledgers() {
    await node(tests("tests/ledgers"));
  },

  /** The tarball, installed in new projects. */
  async package() {
    await node(tests("tests/package"));
  },

  /** The limits on what a user downloads. */
  async sizes() {
    printSizes();
    assertSizes();
  },

  /** Each crate that the shell stands on is used, not only listed. */
  async where() {
    for (const [crate, places] of useOf()) {
      if (places.length === 0) throw new Problem(`expected ${crate} to be used, found no file that names it`);
    }
  },
};

function tests(folder) {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".test.mjs"))
    .sort()
    .map((name) => `${folder}/${name}`);
}

async function node(files) {
  if (files.length === 0) throw new Problem("expected files that end in .test.mjs, found none");
  await run(process.execPath, ["--test", "--test-reporter=spec", "--test-timeout=120000", ...files]);
}

await main(async () => {
  findRust();
  const unknown = process.argv.slice(2).filter((name) => !Object.hasOwn(SUITES, name));
  if (unknown.length > 0) throw new Problem(`expected suites among ${Object.keys(SUITES).join(", ")}, found ${unknown.join(", ")}`);
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SUITES);
  const results = [];
  for (const name of names) {
    console.log(`\n== ${name}`);
    const begun = performance.now();
    let failure;
    try {
      await SUITES[name]();
    } catch (error) {
      failure = error instanceof Problem ? error.message : String(error.stack ?? error);
      console.error(failure);
    }
    results.push({ name, failure, seconds: (performance.now() - begun) / 1000 });
  }
  console.log("\n== summary");
  for (const { name, failure, seconds } of results) {
    console.log(`  ${failure === undefined ? "passed" : "FAILED"}  ${name.padEnd(10)}${seconds.toFixed(1).padStart(7)} s`);
  }
  if (results.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
});
