// Makes a fresh machine ready: checks Rust and Node, adds the WebAssembly target, installs the pinned wasm-bindgen into
// .tools, and the npm packages. What is already there is left alone.
//
//     node scripts/setup.mjs            what a build needs
//     node scripts/setup.mjs --tests    and what the tests need: Chromium, chromedriver, Redis, Deno, Bun, workerd, Vite
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { bindgenVersion } from "./lib/bindgen.mjs";
import { Problem, ROOT, ask, main, run, step } from "./lib/run.mjs";
import { hash, once } from "./lib/stamp.mjs";
import { BINDGEN, NODE, RUST, findChromedriver, findChromium, findRedis, findRust } from "./lib/tools.mjs";

const TARGET = "wasm32-unknown-unknown";

function atLeast(found, expected) {
  const [a, b] = [found, expected].map((text) => text.split(".").map((part) => Number.parseInt(part, 10)));
  const differs = b.findIndex((part, index) => (a[index] ?? 0) !== part);
  return differs === -1 || (a[differs] ?? 0) > b[differs];
}

function checkNode() {
  const found = process.versions.node;
  const major = Number.parseInt(found, 10);
  if (major < 20 || (major === 20 && !atLeast(found, "20.19.0")) || (major > 20 && !atLeast(found, "22.12.0"))) {
    throw new Problem(`cannot set up: expected Node ${NODE}, found ${found}; see https://nodejs.org`);
  }
  console.log(`  Node ${found}`);
}

function checkRust() {
  findRust();
  const found = ask("rustc", ["--version"])?.split(" ")[1];
  if (found === undefined || ask("cargo", ["--version"]) === undefined) {
    throw new Problem(`cannot set up: expected Rust ${RUST} or later, found none; https://rustup.rs installs it`);
  }
  if (!atLeast(found, RUST)) {
    throw new Problem(`cannot set up: expected Rust ${RUST} or later, found ${found}; \`rustup update stable\` brings it up to date`);
  }
  console.log(`  Rust ${found}`);
}

/** Adds the target, and for tests the formatter and the linter, where rustup's profile left them out. */
async function addToRust({ tests }) {
  const libraries = ask("rustc", ["--print", "target-libdir", "--target", TARGET]);
  const lacksTarget = libraries === undefined || !existsSync(libraries);
  const components = tests ? ["rustfmt", "clippy"].filter((name) => ask("cargo", [name === "rustfmt" ? "fmt" : name, "--version"]) === undefined) : [];
  if (!lacksTarget && components.length === 0) return;
  if (ask("rustup", ["--version"]) === undefined) {
    const missing = [...(lacksTarget ? [`the target ${TARGET}`] : []), ...components].join(", ");
    throw new Problem(`cannot set up: expected rustup, to add ${missing} to this Rust, found none; https://rustup.rs installs it`);
  }
  if (lacksTarget) await step(`rustup: add ${TARGET}`, () => run("rustup", ["target", "add", TARGET], { quiet: true }));
  if (components.length > 0) await step(`rustup: add ${components.join(", ")}`, () => run("rustup", ["component", "add", ...components], { quiet: true }));
}

async function installBindgen() {
  const expected = bindgenVersion();
  const found = ask(join(BINDGEN, "bin/wasm-bindgen"), ["--version"])?.split(" ")[1];
  if (found !== expected) {
    await step(`cargo: install wasm-bindgen ${expected} into .tools (some minutes, once)`, () =>
      run("cargo", ["install", "wasm-bindgen-cli", "--version", `=${expected}`, "--root", BINDGEN, "--force"], {
        quiet: true,
        // It handles one small file at a time: an optimised build of the tool itself would cost more than it saves.
        env: { CARGO_PROFILE_RELEASE_OPT_LEVEL: "1", CARGO_PROFILE_RELEASE_LTO: "off" },
      }),
    );
  }
  console.log(`  wasm-bindgen ${expected}`);
}

async function installPackages(folder, command) {
  const at = (name) => join(folder, name);
  const key = hash([at("package.json"), at("package-lock.json")], process.platform, process.arch);
  const title = folder === "." ? "npm: install packages" : `npm: install packages of ${folder}`;
  await once(`packages ${folder}`, key, [at("node_modules/.package-lock.json")], () =>
    step(title, () => run(npm(), [...command, "--no-audit", "--no-fund"], { quiet: true, cwd: join(ROOT, folder) })),
  );
  console.log(`  packages of ${folder === "." ? "package.json" : `${folder}/package.json`}`);
}

const npm = () => (process.platform === "win32" ? "npm.cmd" : "npm");

async function installPrograms() {
  const wanted = () => ({ chromium: findChromium(), "chromium-driver": findChromedriver(), "redis-server": findRedis() });
  const missing = Object.entries(wanted()).filter(([, path]) => path === undefined).map(([name]) => name);
  if (missing.length > 0) {
    if (ask("apt-get", ["--version"]) === undefined || process.getuid?.() !== 0) {
      throw new Problem(
        `cannot set up: expected ${missing.join(" and ")}, found none; install Chromium, its chromedriver and redis-server, or name them in CHROMIUM, CHROMEDRIVER and REDIS_SERVER`,
      );
    }
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await step("apt-get: update", () => run("apt-get", ["update"], { quiet: true, env }));
    await step(`apt-get: install ${missing.join(", ")}`, () =>
      run("apt-get", ["install", "-y", "--no-install-recommends", ...missing], { quiet: true, env }),
    );
  }
  for (const [name, path] of Object.entries(wanted())) {
    if (path === undefined) throw new Problem(`cannot set up: expected ${name} after installing it, found none`);
    console.log(`  ${ask(path, ["--version"]) ?? path}`);
  }
}

/** Brings the machine to where a build (or, with `tests`, every test) runs. */
export async function setup({ tests = false } = {}) {
  console.log("set-up");
  checkNode();
  checkRust();
  await addToRust({ tests });
  await installBindgen();
  await installPackages(".", ["ci"]);
  if (tests) {
    // Not `ci`: Deno comes as one package for each platform, and a lock file lists those its writer's registry had.
    await installPackages("tests/tools", ["install", "--no-save"]);
    await installPrograms();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { tests: { type: "boolean" } } });
  await main(() => setup(values));
}
