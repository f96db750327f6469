#!/usr/bin/env node
// @ts-check
/**
 * Runs the local provider until it is stopped: `node examples/local-provider/serve.mjs --port 0`. The first line it
 * prints is its URL, for scripts that start it.
 *
 * @module
 */

import { startProvider } from "./provider.mjs";

const port = readPort(process.argv.slice(2));
if (port === undefined) {
  console.error("usage: node serve.mjs [--port <0 to 65535>]");
  process.exit(2);
}
const provider = await startProvider({ port });
console.log(provider.url);
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.once(signal, () => provider.close().then(() => process.exit(0)));
}

/** @param {string[]} words */
function readPort(words) {
  if (words.length === 0) return 0;
  const [flag, value] = words.length === 1 ? (words[0] ?? "").split("=") : words;
  const number = Number(value);
  if (words.length > 2 || flag !== "--port" || !/^\d+$/.test(value ?? "") || number > 65535) return undefined;
  return number;
}
