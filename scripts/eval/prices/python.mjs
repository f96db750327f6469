// LiteLLM's Python package in an environment of its own, in .cache.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Problem, ROOT, ask, run, step } from "../../lib/run.mjs";

/** What the package is compared at; the price table is made of the same version. */
export const LITELLM = "1.109.1";

/** What LiteLLM needs of other packages to import: its own list pins one that a mirror may not have yet. */
const NEEDS = [
  "aiohttp", "anyio", "boto3", "certifi", "click", "fastuuid", "filelock", "httpx[http2]", "huggingface-hub<2", "importlib-metadata<9", "jinja2", "jsonschema",
  "openai<4", "packaging", "pydantic<3", "pydantic-settings", "python-dotenv", "pyyaml", "tiktoken", "tokenizers",
];

/** The interpreter that has it; made at the first call. */
export async function python() {
  const home = join(ROOT, ".cache/eval/litellm", LITELLM);
  const interpreter = join(home, "bin/python");
  const mark = join(home, "ready");
  if (existsSync(mark)) return interpreter;
  if (ask("python3", ["--version"]) === undefined) throw new Problem("cannot compare: expected python3 (3.10 or later, with venv), found none");
  await step(`set up LiteLLM ${LITELLM}`, async () => {
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home, { recursive: true });
    await run("python3", ["-m", "venv", home], { quiet: true });
    const pip = (...args) => run(interpreter, ["-m", "pip", "install", "--quiet", ...args], { quiet: true });
    await pip("--no-deps", `litellm==${LITELLM}`);
    await pip(...NEEDS);
    writeFileSync(mark, "");
  });
  return interpreter;
}

/** Hands cases to the oracle and gives its answers, in their order. */
export async function askOracle(script, cases, jobs = 2) {
  const interpreter = await python();
  const size = Math.ceil(cases.length / jobs);
  const parts = Array.from({ length: jobs }, (_, index) => cases.slice(index * size, (index + 1) * size)).filter((part) => part.length > 0);
  return (await Promise.all(parts.map((part) => answers(interpreter, script, part)))).flat();
}

async function answers(interpreter, script, cases) {
  // Oracles share what they say of LiteLLM (litellm_words.py), wherever they stand.
  const env = { ...process.env, PYTHONPATH: import.meta.dirname };
  const child = spawn(interpreter, [join(import.meta.dirname, script)], { env, stdio: ["pipe", "pipe", "inherit"] });
  const failed = new Promise((_, fail) => {
    child.on("error", (error) => fail(new Problem(`cannot run the oracle: ${error.message}`)));
    child.on("close", (status) => status !== 0 && fail(new Problem(`the oracle ended with status ${status}`)));
  });
  failed.catch(() => {});
  const write = async () => {
    for (const one of cases) if (!child.stdin.write(`${JSON.stringify(one)}\n`)) await new Promise((go) => child.stdin.once("drain", go));
    child.stdin.end();
  };
  const read = async () => {
    const all = [];
    for await (const line of createInterface({ input: child.stdout })) all.push(JSON.parse(line));
    return all;
  };
  const [all] = await Promise.race([Promise.all([read(), write()]), failed]);
  if (all.length !== cases.length) throw new Problem(`the oracle answered ${all.length} of ${cases.length} cases`);
  return all;
}
