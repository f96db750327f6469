// Runs programs in a Node of their own, as a user does.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What a program prints, and how it ends. No key of the developer's own reaches it. @param {string[]} words @param {Record<string, string>} env */
export function node(words, env = {}) {
  const { OPENAI_API_KEY: _, ANTHROPIC_API_KEY: __, AZURE_OPENAI_API_KEY: ___, ...rest } = process.env;
  const child = spawn(process.execPath, words, { cwd: ROOT, env: { ...rest, ...env } });
  let out = "";
  let err = "";
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (err += text));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}
