// Gets the two sources through their registries' ordinary clients into .cache, and reads them.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const run = (command, args, cwd) => execFileSync(command, args, { cwd, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });

/**
 * The archive of a package in its own folder of the cache. The day of its retrieval is written down beside it when it is
 * fetched, and at no other time: it says when the source was really read.
 */
function archive(cache, name, version, suffix, fetch) {
  const folder = join(cache, name);
  const mark = join(folder, "retrieved");
  const find = () => readdirSync(folder).find((file) => file.endsWith(suffix));
  if (!existsSync(mark) || find() === undefined) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    try {
      fetch(folder, version);
    } catch {
      console.error(`${name} ${version} can't be had; taking the newest`);
      fetch(folder, undefined);
    }
    writeFileSync(mark, new Date().toISOString().slice(0, 10));
  }
  return { folder, file: join(folder, find()), retrievedAt: readFileSync(mark, "utf8") };
}

/** LiteLLM's price table, out of its wheel, as text. */
export function fetchLitellm(cache, version) {
  const { folder, file, retrievedAt } = archive(cache, "litellm", version, ".whl", (to, wanted) =>
    run("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", to, wanted === undefined ? "litellm" : `litellm==${wanted}`]),
  );
  const member = "litellm/model_prices_and_context_window_backup.json";
  run("python3", ["-c", "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])", file, member, folder]);
  const found = /litellm-([^-]+)-/.exec(file)[1];
  return {
    source: { id: `litellm@${found}`, name: `litellm ${found}`, url: "https://github.com/BerriAI/litellm", retrievedAt },
    text: readFileSync(join(folder, member), "utf8"),
  };
}

/** genai-prices' table as text: the providers that the package knows, asked for one by one, since it exports no list. */
export async function fetchGenai(cache, version) {
  const { folder, file, retrievedAt } = archive(cache, "genai-prices", version, ".tgz", (to, wanted) =>
    run("npm", ["pack", "--silent", "--pack-destination", to, `@pydantic/genai-prices${wanted === undefined ? "" : `@${wanted}`}`], to),
  );
  run("tar", ["-xzf", file, "-C", folder]);
  const home = join(folder, "package");
  const { version: found } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const module = join(home, "dist/index.js");
  const { findProvider } = await import(pathToFileURL(module).href);
  const ids = [...readFileSync(module, "utf8").matchAll(/^ {2}\{\n {4}id: "([^"]+)"/gm)].map(([, id]) => id);
  const providers = ids.map((providerId) => {
    const provider = findProvider({ providerId });
    if (provider === undefined) throw new Error(`cannot read genai-prices: expected the provider ${providerId}, found none`);
    return provider;
  });
  if (!ids.includes("openai") || !ids.includes("openrouter")) throw new Error(`cannot read genai-prices: expected its providers, found ${ids.join(", ")}`);
  return {
    source: { id: `genai-prices@${found}`, name: `genai-prices ${found}`, url: "https://github.com/pydantic/genai-prices", retrievedAt },
    text: JSON.stringify(providers),
  };
}
