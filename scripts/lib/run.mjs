// Child processes and progress lines, in one way for all scripts.
import { spawn, spawnSync } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository (or of the worktree the script is in). */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** An error for the reader, not for a debugger: printed without its stack. */
export class Problem extends Error {}

/** Runs a main function; a problem ends the process with status 1. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    console.error(error instanceof Problem ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}

/** Runs a command to its end, its output passed through unless `quiet` (then shown only when it fails). */
export function run(command, args, { quiet = false, env = {}, cwd = ROOT, input } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? "ignore" : "pipe", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
    });
    const out = [];
    const all = [];
    child.stdout?.on("data", (chunk) => {
      out.push(chunk);
      all.push(chunk);
    });
    child.stderr?.on("data", (chunk) => all.push(chunk));
    if (input !== undefined) child.stdin.end(input);
    child.on("error", (error) => fail(new Problem(`cannot run ${command}: ${error.message}`)));
    child.on("close", (status, signal) => {
      if (status === 0) return done(Buffer.concat(out).toString());
      if (quiet) process.stderr.write(Buffer.concat(all));
      fail(new Problem(`cannot go on: \`${[command, ...args].join(" ")}\` ended with ${signal ?? `status ${status}`}`));
    });
  });
}

/** The output of a short command, or undefined when it can't be run or fails. */
export function ask(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: "utf8", cwd: ROOT, ...options });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** Prints what is being done, does it, prints how long it took. */
export async function step(title, body) {
  const begun = performance.now();
  const seconds = () => ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`  ${title} ...`);
  // A quiet minute looks like a hang.
  const sign = setInterval(() => console.log(`  ${title}: ${seconds()} s so far`), 15_000);
  const answer = await Promise.resolve(body()).finally(() => clearInterval(sign));
  console.log(`  ${title}: ${seconds()} s`);
  return answer;
}
