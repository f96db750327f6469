// The programs in README.md do what they say. Their requests to OpenAI go to the local provider.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { createProvider } from "../../examples/local-provider/provider.mjs";
import { node, ROOT } from "./node.mjs";

describe("README.md", () => {
  const programs = [...readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/<!-- example: (\w+) -->\n```js\n([^]*?)```/g)];
  let folder;
  before(() => {
    // Inside the project, where "tollgate" means this build.
    mkdirSync(join(ROOT, ".cache"), { recursive: true });
    folder = mkdtempSync(join(ROOT, ".cache/readme-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** @param {string} kind */
  const write = (kind) => {
    const program = programs.find(([, name]) => name === kind)?.[2];
    assert.ok(program, `expected an example ${kind} in README.md`);
    const path = join(folder, `${kind}.mjs`);
    writeFileSync(path, program);
    return path;
  };

  /** Runs a program whose requests to OpenAI go to the local provider. @param {string} kind */
  const run = (kind) => {
    const preload = join(folder, "preload.mjs");
    writeFileSync(
      preload,
      `import { createProvider } from ${JSON.stringify(pathToFileURL(join(ROOT, "examples/local-provider/provider.mjs")).href)};
       const { handle } = createProvider();
       globalThis.fetch = (url, init) => {
         const request = new Request(url, init);
         if (new URL(request.url).origin !== "https://api.openai.com") throw new Error("expected api.openai.com, found " + request.url);
         return handle(request);
       };`,
    );
    return node(["--import", pathToFileURL(preload).href, write(kind)], { OPENAI_API_KEY: "sk-local" });
  };

  for (const [kind, what] of [["node", "the first program"], ["fetch", "the program of an SDK"]]) {
    it(`${what} answers, and says the exact cost`, async () => {
      const { code, out, err } = await run(kind);
      assert.deepEqual([code, err], [0, ""]);
      assert.match(out, /^You wrote: Who was Ada Lovelace\? \$0\.0+[1-9]\d*\n$/);
    });
  }

  it("the program before a call says what it may cost", async () => {
    const { code, out, err } = await run("bound");
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^some \d+ tokens, \d+ to \d+\nat most \$0\.000\d+\n$/);
  });

  it("the Worker streams, and writes its ledger to KV", async () => {
    const { default: worker } = await import(pathToFileURL(write("worker")).href);
    const { handle } = createProvider();
    /** @type {Map<string, string>} */
    const kept = new Map();
    const kv = {
      get: async (key) => kept.get(key) ?? null,
      put: async (key, text) => void kept.set(key, text),
      delete: async (key) => void kept.delete(key),
      list: async ({ prefix = "" } = {}) => ({ keys: [...kept.keys()].filter((name) => name.startsWith(prefix)).sort().map((name) => ({ name })), list_complete: true }),
    };
    const waiting = [];
    const original = globalThis.fetch;
    globalThis.fetch = (...words) => handle(new Request(...words));
    try {
      const request = new Request("http://worker.test/", { method: "POST", body: "My address is ada@example.org." });
      const response = await worker.fetch(request, { OPENAI_API_KEY: "sk-local", LEDGER: kv }, { waitUntil: (promise) => waiting.push(promise) });
      const text = (await response.text()).trim().split("\n").map((line) => JSON.parse(line).choices[0]?.delta.content ?? "").join("");
      assert.match(text, /^You wrote: My address is \[REDACTED_EMAIL\]\.$/);
      await Promise.all(waiting);
    } finally {
      globalThis.fetch = original;
    }
    assert.ok(waiting.length > 0, "what happens after the answer is handed to waitUntil");
    assert.ok([...kept.values()].some((value) => value.includes('"agentId":"support"')), "the ledger has the call");
  });
});
