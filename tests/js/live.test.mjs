// npm run test:live, against the simulator in the providers' place: it counts, compares, and fails where something is off.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, beforeEach, describe, it } from "node:test";

import { startProvider } from "../../examples/local-provider/provider.mjs";
import { ROOT } from "../../scripts/lib/run.mjs";

let provider;
before(async () => (provider = await startProvider()));
after(() => provider.close());
beforeEach(() => provider.reset());

const live = (env) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ["scripts/live.mjs"], { cwd: ROOT, env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (out += data));
    child.on("close", (code) => resolve({ code, lines: out.trim().split("\n"), out }));
  });

const all = () => ({
  OPENAI_API_KEY: "sk-local",
  OPENAI_BASE_URL: `${provider.url}/v1`,
  ANTHROPIC_API_KEY: "sk-ant-local",
  ANTHROPIC_BASE_URL: provider.url,
  GEMINI_API_KEY: "AIza-local",
  GEMINI_BASE_URL: `${provider.url}/v1beta`,
  AZURE_OPENAI_API_KEY: "local",
  AZURE_OPENAI_ENDPOINT: provider.url,
  AZURE_OPENAI_DEPLOYMENT: "gpt-4o-mini",
});

describe("test:live", () => {
  it("skips each provider without a key, by name", async () => {
    const { code, lines } = await live({});
    assert.equal(code, 0);
    assert.deepEqual(lines, [
      "skipped  OpenAI: no OPENAI_API_KEY in the environment",
      "skipped  OpenAI responses: no OPENAI_API_KEY in the environment",
      "skipped  Anthropic: no ANTHROPIC_API_KEY in the environment",
      "skipped  Gemini: no GEMINI_API_KEY in the environment",
      "skipped  OpenRouter: no OPENROUTER_API_KEY in the environment",
      "skipped  Azure OpenAI: no AZURE_OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_DEPLOYMENT in the environment",
    ]);
  });

  it("compares counts and costs, plain and streamed", async () => {
    const { code, lines, out } = await live(all());
    assert.equal(code, 0, out);
    assert.deepEqual(lines.map((line) => line.split(":")[0].trim()), [
      "passed   OpenAI, plain", "passed   OpenAI, streamed", "passed   OpenAI responses, plain", "passed   OpenAI responses, streamed",
      "passed   Anthropic, plain", "passed   Anthropic, streamed", "passed   Gemini, plain", "passed   Gemini, streamed",
      "skipped  OpenRouter", "passed   Azure OpenAI, plain", "passed   Azure OpenAI, streamed",
    ]);
    assert.match(lines[0], /\d+ input tokens counted, \d+ told; \d+ output; \$0\.\d+ recorded, \$0\.\d+ by the told usage/);
  });

  it("fails where a provider counts otherwise, and shows no key", async () => {
    provider.script({ usage: { prompt_tokens: 900 }, times: 4 });
    const { code, out } = await live({ OPENAI_API_KEY: "sk-local", OPENAI_BASE_URL: `${provider.url}/v1` });
    assert.equal(code, 1, out);
    assert.match(out, /failed {3}OpenAI, plain: expected input tokens within 5 % of 900, found \d+/);
    const refused = await live({ OPENAI_API_KEY: "wrong-key", OPENAI_BASE_URL: `${provider.url}/v1` });
    assert.equal(refused.code, 1);
    assert.doesNotMatch(refused.out + out, /wrong-key|sk-local/);
  });
});
