// Where the tools outside node_modules are: Rust's, and the browser that tests drive.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { ROOT, ask } from "./run.mjs";

/** The oldest Rust that builds the crate; Cargo.toml's rust-version. */
export const RUST = "1.95.0";

/** The Node versions that package.json names: require() of ES modules came with these. */
export const NODE = "20.19 or later of 20, or 22.12 or later";

/** rustup puts its programs where a shell that was open before does not look. */
export function findRust() {
  const home = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const bin = join(home, "bin");
  if (ask("cargo", ["--version"]) === undefined && existsSync(bin)) process.env.PATH = `${process.env.PATH}${delimiter}${bin}`;
}

/** The wasm-bindgen tools, kept with the project: their version is the crate's. */
export const BINDGEN = join(ROOT, ".tools/wasm-bindgen");

function first(override, names) {
  const known = process.env[override];
  if (known !== undefined) return known;
  return names.map((name) => (name.startsWith("/") ? (existsSync(name) ? name : undefined) : which(name))).find(Boolean);
}

function which(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const end of process.platform === "win32" ? [".exe", ""] : [""]) {
      const path = join(folder, name + end);
      if (existsSync(path)) return path;
    }
  }
  return undefined;
}

/** Chromium or Chrome: `CHROMIUM`, or the first there is. */
export const findChromium = () =>
  first("CHROMIUM", ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"]);

/** The driver of the same version: `CHROMEDRIVER`, or the first there is. */
export const findChromedriver = () => first("CHROMEDRIVER", ["chromedriver", "/usr/lib/chromium-browser/chromedriver", "/usr/lib/chromium/chromedriver"]);

/** How tests start it: no sandbox, since that can't be had as root in a container; and no traffic of its own. */
export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-sync",
  "--no-first-run",
  "--no-proxy-server",
];

/** redis-server, which the ledger over Redis is tested with. */
export const findRedis = () => first("REDIS_SERVER", ["redis-server", "valkey-server"]);
