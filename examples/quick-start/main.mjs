// @ts-check
/**
 * The quick start from the command line: `node examples/quick-start/main.mjs`, and so with Deno and Bun. With OPENAI_API_KEY set it
 * talks to OpenAI (and costs a fraction of a cent); otherwise to the local provider, and then it also asks that provider what it saw.
 *
 * @module
 */

import process from "node:process";
import { startProvider } from "../local-provider/provider.mjs";
import { quickStart } from "./quick-start.mjs";

const print = (/** @type {string} */ line) => console.log(line);
const apiKey = process.env["OPENAI_API_KEY"];

try {
  if (apiKey) {
    const baseURL = process.env["OPENAI_BASE_URL"];
    print(`Talking to ${baseURL ?? "OpenAI"}, with the key in OPENAI_API_KEY.`);
    await quickStart({ apiKey, ...(baseURL ? { baseURL } : {}), print, local: false });
  } else {
    const provider = await startProvider();
    try {
      print(`Talking to the local provider at ${provider.url}. Set OPENAI_API_KEY to talk to OpenAI.`);
      const summary = await quickStart({ apiKey: "sk-local", baseURL: `${provider.url}/v1`, print });
      const arrived = provider.requests.length;
      if (arrived !== summary.requests) throw new Error(`the quick start failed: expected ${summary.requests} requests at the provider, found ${arrived}`);
      if (process.argv.includes("--json")) print(JSON.stringify(summary));
    } finally {
      await provider.close();
    }
  }
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
