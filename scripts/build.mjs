// Builds dist/: cargo -> wasm-bindgen -> wasm-opt -> loaders -> tsc -> esbuild. Each step is skipped when what it reads has
// not changed.
//
//     node scripts/build.mjs            the package as it is shipped
//     node scripts/build.mjs --dev      quick: no link-time optimisation, no wasm-opt, type errors only shown
//     node scripts/build.mjs --force    every step, whatever has changed
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { bindgenVersion } from "./lib/bindgen.mjs";
import { encodedModule, encodedTypes } from "./lib/bytes.mjs";
import { withEncoder } from "./lib/glue.mjs";
import { Problem, ROOT, ask, main, run, step } from "./lib/run.mjs";
import { files, forget, hash, once } from "./lib/stamp.mjs";
import { BINDGEN, findRust } from "./lib/tools.mjs";
import { printSizes } from "./sizes.mjs";
import { vocabularyModules } from "./vocab/modules.mjs";

const TARGET = "wasm32-unknown-unknown";

// The quick build differs from the shipped one in how long the compiler thinks, in nothing else.
const DEV_PROFILE = {
  CARGO_PROFILE_RELEASE_LTO: "off",
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
  CARGO_PROFILE_RELEASE_OPT_LEVEL: "1",
};

const BINDGEN_FLAGS = [
  // One glue for all hosts: an ES module that imports nothing and is handed the module by the loader.
  "--target", "web",
  // No `new URL("core_bg.wasm", import.meta.url)` as a default: bundlers would follow it and ship the module twice.
  "--omit-default-module-path",
  // A trapped instance can be replaced (js/core.ts) without loading the glue again.
  "--experimental-reset-state-function",
  "--out-name", "core",
];

const OPT_FLAGS = [
  // Only what is listed below may be used: a feature that a future compiler turns on would raise the floor in silence.
  "--mvp-features",
  // What rustc emits for wasm32-unknown-unknown by default: all in Chrome 114, Firefox 115, Safari 16.4, Node 20.19.
  "--enable-bulk-memory",
  "--enable-bulk-memory-opt",
  "--enable-call-indirect-overlong",
  "--enable-multivalue",
  "--enable-mutable-globals",
  "--enable-nontrapping-float-to-int",
  "--enable-reference-types",
  "--enable-sign-ext",
  // Turned on by .cargo/config.toml.
  "--enable-simd",
  // Size first, as in the release profile.
  "-Oz",
  // A function with one caller is merged into it only when it is tiny. It costs some raw bytes and saves 8 % of gzip: large
  // functions have many locals, whose numbers then take two bytes and repeat less.
  "--one-caller-inline-max-function-size=20",
  // Copies of one generic function stand together, and gzip sees what they share: another 1 %.
  "--reorder-functions-by-name",
  // Names and producers are of no use to a host; they go here, not in cargo, since wasm-bindgen reads them.
  "--strip-debug",
  "--strip-producers",
  "--strip-target-features",
];

/** The tool of exactly the crate's version. */
function bindgenTool() {
  const tool = join(BINDGEN, "bin/wasm-bindgen");
  const expected = bindgenVersion();
  const found = ask(tool, ["--version"])?.split(" ")[1];
  if (found !== expected) {
    throw new Problem(`cannot build: expected wasm-bindgen ${expected} in .tools, found ${found ?? "none"}; \`npm run setup\` installs it`);
  }
  return tool;
}

async function compile({ dev }) {
  const sources = files(["Cargo.toml", "Cargo.lock", ".cargo", "src", "data"]);
  const key = hash([...sources, "scripts/lib/glue.mjs"], dev, DEV_PROFILE, BINDGEN_FLAGS, process.env.CARGO_TARGET_DIR);
  await once("bindgen", key, ["js/wasm/core.js", "js/wasm/core.d.ts", ".cache/bindgen/core_bg.wasm"], async () => {
    findRust();
    const tool = bindgenTool();
    const module = await step(`cargo: compile the core for ${TARGET}`, async () => {
      const messages = await run(
        "cargo",
        ["build", "--release", "--lib", "--features", "web", "--target", TARGET, "--message-format", "json-render-diagnostics"],
        { quiet: true, env: dev ? DEV_PROFILE : {} },
      );
      // Where the target folder is depends on the reader's settings; cargo says which file it made.
      const built = messages
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line))
        .filter((message) => message.reason === "compiler-artifact")
        .flatMap((message) => message.filenames)
        .filter((name) => name.endsWith("tollgate.wasm"));
      if (built.length === 0) throw new Problem("cannot build: expected cargo to name tollgate.wasm, found no such artifact");
      return built.at(-1);
    });
    await step("wasm-bindgen: the glue", async () => {
      const out = join(ROOT, ".cache/bindgen");
      rmSync(out, { recursive: true, force: true });
      await run(tool, [module, "--out-dir", out, ...BINDGEN_FLAGS], { quiet: true });
      mkdirSync(join(ROOT, "js/wasm"), { recursive: true });
      cpSync(join(out, "core.d.ts"), join(ROOT, "js/wasm/core.d.ts"));
      writeFileSync(join(ROOT, "js/wasm/core.js"), withEncoder(readFileSync(join(out, "core.js"), "utf8")));
    });
  });
}

async function optimise({ dev }) {
  const outputs = ["js/wasm/core.wasm", "js/wasm/inline.js", "js/wasm/inline.d.ts"];
  const key = hash([".cache/bindgen/core_bg.wasm", "js/loader/decode.wat", "scripts/lib/bytes.mjs", "package-lock.json"], dev, OPT_FLAGS);
  await once("optimise", key, outputs, () =>
    step(dev ? "loaders" : "wasm-opt and loaders", async () => {
      const [from, to] = [join(ROOT, ".cache/bindgen/core_bg.wasm"), join(ROOT, "js/wasm/core.wasm")];
      const binaryen = (tool, args) => run(process.execPath, [join(ROOT, "node_modules/binaryen/bin", tool), ...args], { quiet: true });
      if (dev) cpSync(from, to);
      else await binaryen("wasm-opt", [from, "-o", to, ...OPT_FLAGS]);
      const decoder = join(ROOT, ".cache/decode.wasm");
      await binaryen("wasm-as", [join(ROOT, "js/loader/decode.wat"), "-o", decoder]);
      writeFileSync(join(ROOT, "js/wasm/inline.js"), encodedModule(readFileSync(to), readFileSync(decoder)));
      writeFileSync(join(ROOT, "js/wasm/inline.d.ts"), encodedTypes("core.wasm"));
    }),
  );
}

async function vocabularies() {
  const sources = files(["data/vocab"]);
  const key = hash([...sources, "scripts/vocab/modules.mjs", "scripts/vocab/open.mjs", "scripts/lib/bytes.mjs"]);
  await once("vocabularies", key, ["js/vocab/o200k_base.js"], () =>
    step("vocabularies: the modules", () => {
      rmSync(join(ROOT, "js/vocab"), { recursive: true, force: true });
      mkdirSync(join(ROOT, "js/vocab"), { recursive: true });
      for (const [name, content] of vocabularyModules()) writeFileSync(join(ROOT, "js/vocab", name), content);
    }),
  );
}

/** Where tsc puts its output (js/tsconfig.json): module by module, as the sources are. */
const FACE = ".cache/face";

async function face({ dev }) {
  const sources = files(["js"]);
  const key = hash([...sources, "package-lock.json"], dev);
  await once("face", key, [`${FACE}/index.js`, `${FACE}/index.d.ts`, `${FACE}/wasm/core.wasm`], () =>
    step("tsc: the face", async () => {
      rmSync(join(ROOT, FACE), { recursive: true, force: true });
      const compiled = run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "--project", "js/tsconfig.json"], { quiet: true });
      // tsc writes its output all the same; half a change can be tried before its types agree.
      await (dev ? compiled.catch((error) => console.error(error.message)) : compiled);
      // What tsc only reads: the glue, the module, generated data.
      for (const path of sources.filter((path) => /\.(js|wasm|bin|d\.ts)$/.test(path))) copy(path, join(FACE, path.slice("js/".length)));
    }),
  );
}

function copy(from, to) {
  mkdirSync(join(ROOT, dirname(to)), { recursive: true });
  cpSync(join(ROOT, from), join(ROOT, to));
}

/** All paths in a part of package.json's `exports` or `imports`. */
const targets = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(targets));

/** What the package's JavaScript is made for: the oldest hosts with what the module needs. */
const HOSTS = ["chrome114", "firefox115", "safari16.4", "node20.19"];

/**
 * The JavaScript that is shipped. Every file that a host has to find costs it as much as reading dozens of kilobytes, so the
 * modules are put together. Files of their own are what a bundler is to drop where it is not used: data; all that stands on
 * the core (main.js), from programs that only know the errors; and the loaders, which package.json names by host.
 */
async function ship() {
  const sources = files([FACE]);
  const { exports, imports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const inFace = (path) => path.replace(/^\.\/dist\//, `${FACE}/`);
  const entries = targets(exports).filter((path) => path.endsWith(".js") && path !== "./dist/cdn.js" && !/^\.\/dist\/(data|vocab)\//.test(path));
  const deep = entries.find((path) => path.lastIndexOf("/") > "./dist".length);
  if (deep !== undefined) throw new Problem(`cannot build: expected entries at the top of dist/, found ${deep}`);
  const key = hash([...sources, "package.json", "package-lock.json", "scripts/build.mjs"]);
  await once("ship", key, ["dist/index.js", "dist/index.d.ts", "dist/wasm/core.wasm"], () =>
    step("esbuild: the files that are shipped", async () => {
      rmSync(join(ROOT, "dist"), { recursive: true, force: true });
      const { build } = await import("esbuild");
      const options = {
        absWorkingDir: ROOT,
        outbase: FACE,
        outdir: "dist",
        bundle: true,
        format: "esm",
        target: HOSTS,
        // Not minified: names are what a stack shows, and the marks by which a bundler drops what is not used would be lost.
        minifySyntax: true,
        legalComments: "none",
        logLevel: "warning",
        external: ["#wasm", "*.wasm", "*.wasm?module", "cloudflare:workers"],
        plugins: [{ name: "apart", setup: apart }],
      };
      const [index, ...others] = entries.map(inFace);
      await build({ ...options, entryPoints: [{ in: index, out: "main" }] });
      await build({ ...options, entryPoints: [`${FACE}/errors.js`, ...targets(imports).map(inFace)] });
      // The first entry only says what is where: what has statements of its own is kept whole. The others stand on what it
      // exports.
      await build({ ...options, entryPoints: [index, ...others], plugins: [...options.plugins, { name: "main", setup: inMain }] });
      const shipped = (path) => /\.d\.ts$|\.wasm$/.test(path) || /^(data|vocab)\//.test(path.slice(FACE.length + 1));
      for (const path of sources.filter(shipped)) copy(path, path.replace(FACE, "dist"));
    }),
  );
}

/** Leaves data and errors in files of their own. What imports them stands at the top of dist/, as they are named here. */
function apart({ onResolve }) {
  onResolve({ filter: /\/data\/|\/vocab\/|\/errors\.js$/ }, ({ path, resolveDir, kind }) => {
    if (kind === "entry-point") return undefined;
    return { path: `./${relative(join(ROOT, FACE), join(resolveDir, path)).replaceAll("\\", "/")}`, external: true };
  });
}

/** What is not apart is in main.js, but for the files of one entry: open/ is for vocab-open.js alone, telemetry/ for telemetry.js. */
function inMain({ onResolve }) {
  const own = /(^|\/)(open|telemetry)(\/|$)/;
  onResolve({ filter: /./ }, ({ path, resolveDir, kind }) =>
    kind === "entry-point" || path.startsWith("cloudflare:") || own.test(path) || own.test(resolveDir) ? undefined : { path: "./main.js", external: true },
  );
}

async function bundle() {
  const sources = files(["dist"], (path) => path.endsWith(".js") && path !== "dist/cdn.js");
  const key = hash([...sources, "package.json", "package-lock.json", "scripts/build.mjs"]);
  await once("cdn", key, ["dist/cdn.js", "dist/cdn.d.ts"], () =>
    step("esbuild: the one-file bundle", async () => {
      const esbuild = await import("esbuild");
      await esbuild.build({
        absWorkingDir: ROOT,
        entryPoints: ["dist/index.js"],
        outfile: "dist/cdn.js",
        bundle: true,
        minify: true,
        // A classic script, for `<script src>`: it cannot export, so it sets one global.
        format: "iife",
        globalName: "Tollgate",
        // Data as strings with their line ends escaped: a name such as global.x at the start of a line looks like a program's.
        supported: { "template-literal": false },
        footer: { js: "globalThis.Tollgate=Tollgate;" },
        target: HOSTS,
        legalComments: "none",
        logLevel: "warning",
      });
      writeFileSync(
        join(ROOT, "dist/cdn.d.ts"),
        `/**
 * One file for a plain script tag. It sets the global \`Tollgate\`, which holds what \`import * as Tollgate from "tollgate"\` would.
 *
 * @example
 * <script src="https://cdn.jsdelivr.net/npm/tollgate/dist/cdn.js"></script>
 * <script>console.log(Tollgate.VERSION)</script>
 *
 * @module
 */
import type * as tollgate from "./index.js";

declare global {
  var Tollgate: typeof tollgate;
}
`,
      );
    }),
  );
}

/** The version stands in three files, each read by another tool. They must agree. */
function checkVersions() {
  const read = (path, pattern) => pattern.exec(readFileSync(join(ROOT, path), "utf8"))?.[1];
  const expected = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version;
  for (const [path, pattern] of [
    ["Cargo.toml", /^version = "([^"]+)"/m],
    ["js/version.ts", /VERSION: string = "([^"]+)"/],
  ]) {
    const found = read(path, pattern);
    if (found !== expected) throw new Problem(`cannot build: expected version ${expected} of package.json in ${path}, found ${found}`);
  }
}

/** Builds what has changed, and prints the sizes. */
export async function build({ dev = false, force = false } = {}) {
  for (const needed of ["typescript", "binaryen", "esbuild"]) {
    if (!existsSync(join(ROOT, "node_modules", needed))) {
      throw new Problem(`cannot build: expected ${needed} in node_modules, found none; \`npm run setup\` installs it`);
    }
  }
  checkVersions();
  if (force) forget();
  const begun = performance.now();
  console.log(dev ? "build (quick: not for shipping)" : "build");
  await compile({ dev });
  await optimise({ dev });
  await vocabularies();
  await face({ dev });
  await ship();
  await bundle();
  printSizes();
  console.log(`  built in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { dev: { type: "boolean" }, force: { type: "boolean" } } });
  await main(() => build(values));
}
