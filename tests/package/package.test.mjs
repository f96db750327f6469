// The tarball, not the source: packed as it is published, installed in a new project, and imported by every host.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startProvider } from "../../examples/local-provider/provider.mjs";
import { ROOT, run } from "../../scripts/lib/run.mjs";
import { bun, chromiumPage, closeHosts, deno, esbuild, node, nodeRequire, scriptTag, vite, workerd } from "../lib/hosts.mjs";
import { program } from "../lib/tools.mjs";

const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

let folder, tarball, project, provider, args;

before(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "tollgate-package-")));
  await run("npm", ["pack", "--pack-destination", folder, "--loglevel", "error"], { quiet: true });
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")));
  project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  await run("npm", ["install", tarball, "--offline", "--no-audit", "--no-fund", "--loglevel", "error"], { quiet: true, cwd: project });
  cpSync(join(ROOT, "tests/package/program.mjs"), join(project, "program.mjs"));
  // In all hosts but two the program imports the package by itself.
  writeFileSync(
    join(project, "main.mjs"),
    `import * as tollgate from "tollgate";\nimport main from "./program.mjs";\nexport default (args) => main(args, tollgate);\n`,
  );
  provider = await startProvider();
  args = { baseURL: `${provider.url}/v1` };
});

after(async () => {
  await closeHosts();
  await provider?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

/** What every host must answer, to the digit. */
const EXPECTED = {
  version,
  ids: 2,
  wellFormed: true,
  error: true,
  errorName: "MissingApiKeyError",
  price: "0.00045",
  text: "I wrote to [REDACTED_EMAIL] at once.",
  // 15 tokens in, 9 out by the simulator's count, at 0.15 and 0.60 USD per million.
  usd: "0.00000765",
  priced: true,
  spentUsd: "0.00000765",
  heldUsd: "0",
};

const HOSTS = {
  "Node, import": () => node(join(project, "main.mjs"), args),
  "Node, require": () => nodeRequire(join(project, "program.mjs"), args),
  Deno: () => deno(join(project, "main.mjs"), args),
  Bun: () => bun(join(project, "main.mjs"), args),
  "workerd, bundled with its condition": () => workerd(join(project, "main.mjs"), args),
  "esbuild, its bundle in Node": () => esbuild(join(project, "main.mjs"), args),
  "esbuild, its bundle in Chromium": () => chromiumPage(join(project, "main.mjs"), args),
  "Vite, its build in Chromium": () => vite(join(project, "main.mjs"), args),
  "a script tag in Chromium": () => scriptTag(join(project, "program.mjs"), args, join(project, "node_modules/tollgate/dist/cdn.js")),
};

for (const [name, answer] of Object.entries(HOSTS)) {
  test(`the package answers the same in ${name}`, async () => {
    assert.deepEqual(await answer(), EXPECTED);
  });
}

/** What a bundle of a program holds of the package, as paths in `dist` without their ends; with the inline module, as a Node bundle would. */
async function bundled(source) {
  const { build } = await import("esbuild");
  const file = join(project, "tables.mjs");
  writeFileSync(file, source);
  const { metafile } = await build({ entryPoints: [file], bundle: true, write: false, metafile: true, format: "esm", minify: true, logLevel: "error" });
  const [output] = Object.values(metafile.outputs);
  return Object.entries(output.inputs)
    .filter(([path, { bytesInOutput }]) => path.includes("tollgate/dist/") && bytesInOutput > 0)
    .map(([path]) => path.replace(/^.*dist\/(.*)\.js$/, "$1"));
}

for (const [name, source, tables] of [
  ["an id", 'import { generateId } from "tollgate"; console.log(generateId());', []],
  ["prices", 'import { PriceBook } from "tollgate"; console.log(PriceBook.bundled().size);', ["data/prices"]],
  ["personal data", 'import { PIIDetectionGuardrail } from "tollgate"; console.log(new PIIDetectionGuardrail().name);', []],
  ["injection", 'import { PromptInjectionGuardrail } from "tollgate"; console.log(new PromptInjectionGuardrail().name);', ["data/ngrams"]],
  ["all prices", 'import full from "tollgate/prices/full"; console.log(full.size);', ["data/prices", "data/prices-full"]],
]) {
  test(`a bundle that wants only ${name} holds the tables for that, and no others`, async () => {
    const inside = await bundled(source);
    assert.deepEqual(inside.filter((path) => path.startsWith("data/")).sort(), tables);
  });
}

for (const [name, source, marks] of [
  ["the store in memory", 'import { InMemoryCostStorage } from "tollgate"; console.log(new InMemoryCostStorage().size());', []],
  ["D1", 'import { D1CostStorage } from "tollgate/store/d1"; console.log(D1CostStorage.name);', ["tollgate_records"]],
  ["IndexedDB", 'import { IndexedDBCostStorage } from "tollgate"; console.log(new IndexedDBCostStorage().get);', ["openCursor"]],
]) {
  test(`a bundle that wants only ${name} holds no other storage`, async () => {
    const { build } = await import("esbuild");
    const file = join(project, "storage.mjs");
    writeFileSync(file, source);
    const { outputFiles } = await build({ entryPoints: [file], bundle: true, write: false, format: "esm", minify: true, logLevel: "error", external: ["#wasm"] });
    const found = ["tollgate_records", "transactionSync", "openCursor", "closing quote"].filter((mark) => outputFiles[0].text.includes(mark));
    assert.deepEqual(found, marks);
  });
}

test("a bundle that only knows the errors has no module in it", async () => {
  const source = 'import { TollgateError } from "tollgate"; console.log(TollgateError.isInstance({}));';
  assert.deepEqual(await bundled(source), ["errors"]);
});

test("the tarball holds what is needed and nothing of how it is made", () => {
  const listed = readdirSync(join(project, "node_modules/tollgate")).sort();
  assert.deepEqual(listed.filter((name) => name !== "README.md"), ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "dist", "package.json"]);
});

test("publint finds nothing to say", async () => {
  const said = await run(program("publint"), ["run", tarball, "--strict"], { quiet: true });
  assert.match(said, /All good!/);
});

test("the types resolve as the code does, in attw's view", async () => {
  // It ends with an error where it finds one; here only that it looked at every entry.
  const said = await run(program("attw"), [tarball, "--profile", "esm-only", "--no-color", "--no-emoji"], { quiet: true });
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  for (const entry of Object.keys(exports)) assert.ok(said.includes(`"${entry.replace(/^\./, "tollgate")}"`), entry);
});
