// The runtimes and bundlers of tests/tools, which has its own package.json.
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/run.mjs";

const require = createRequire(join(ROOT, "tests/tools/package.json"));

/** Imports a package of tests/tools. */
export async function tool(name) {
  const module = await import(require.resolve(name));
  return module.default ?? module;
}

/** The path of a program of tests/tools. */
export const program = (name) => join(ROOT, "tests/tools/node_modules/.bin", name);
