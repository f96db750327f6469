// The public types, as programs with different settings and different compilers see them. What must not compile is marked
// `@ts-expect-error` in the programs; an error that does not come is an error.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT, run } from "../../scripts/lib/run.mjs";

const BASE = {
  noEmit: true,
  target: "es2022",
  types: [],
  lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
  module: "nodenext",
  moduleResolution: "nodenext",
  strict: true,
  // Our own declarations are checked too.
  skipLibCheck: false,
};

const STRICTEST = {
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noUnusedLocals: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
};

const PROGRAMS = ["client.ts", "judges.ts", "ledgers.ts", "prices.ts", "resilience.ts", "storage.ts", "cdn.ts"];
const BUNDLER = { module: "esnext", moduleResolution: "bundler" };

const CASES = [
  { name: "as strict as it gets", options: STRICTEST },
  { name: "resolved as bundlers do", options: { ...STRICTEST, ...BUNDLER } },
  { name: "in a Worker, without the DOM", options: { lib: ["es2023", "webworker", "webworker.iterable", "webworker.asynciterable"] } },
  { name: "with the strictness off", options: { ...BUNDLER, strict: false }, programs: ["storage.ts", "cdn.ts"] },
  { name: "from CommonJS", options: {}, programs: ["common.cts"] },
  {
    name: "beside the official SDKs",
    // Theirs are not ours to check.
    options: { ...BUNDLER, skipLibCheck: true, paths: { "@anthropic-ai/sdk": [join(ROOT, "tests/tools/node_modules/@anthropic-ai/sdk/index.d.ts")] } },
    programs: ["sdks.ts"],
  },
  { name: "by an older compiler", options: STRICTEST, compiler: "tests/tools/node_modules/typescript/bin/tsc" },
];

for (const { name, options, programs = PROGRAMS, compiler = "node_modules/typescript/bin/tsc" } of CASES) {
  test(`the types hold ${name}`, async () => {
    const folder = mkdtempSync(join(ROOT, "tests/types/.case-"));
    try {
      const files = programs.map((program) => join(ROOT, "tests/types/programs", program));
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...BASE, ...options }, files }));
      await run(process.execPath, [join(ROOT, compiler), "--project", folder], { quiet: true });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
