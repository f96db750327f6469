// The quick start does what it says, as a program and as a function.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createProvider, startProvider } from "../../examples/local-provider/provider.mjs";
import { quickStart } from "../../examples/quick-start/quick-start.mjs";
import { table } from "../../examples/quick-start/table.mjs";
import { node } from "./node.mjs";

describe("the quick start", () => {
  it("runs from the command line, and its digits are those of a second run", async () => {
    const runs = await Promise.all([node(["examples/quick-start/main.mjs", "--json"]), node(["examples/quick-start/main.mjs", "--json"])]);
    for (const { code, err } of runs) assert.deepEqual([code, err], [0, ""]);
    const [first, second] = runs.map(({ out }) => JSON.parse(out.trim().split("\n").at(-1)));
    assert.deepEqual(first, second);
    assert.deepEqual([first.budget.calls, first.budget.paid, first.budget.refused, first.requests], [20, 2, 18, 4]);
    for (const title of ["1. What it will cost", "2. An e-mail address", "3. An attack", "4. Twenty calls", "5. The ledger"]) assert.ok(runs[0].out.includes(title), title);
  });

  it("talks to a real API with the key that is set, and sends it no controls", async () => {
    const provider = await startProvider();
    try {
      // As OpenAI would see it: another answer than the one the local provider is told to give.
      provider.script({ text: "An answer." }, { text: `Yours is x@example.org, twice.` }, { text: "one ".repeat(400), times: 2 });
      const { code, out, err } = await node(["examples/quick-start/main.mjs"], { OPENAI_API_KEY: "sk-test", OPENAI_BASE_URL: `${provider.url}/v1` });
      assert.deepEqual([code, err], [0, ""]);
      assert.match(out, /with the key in OPENAI_API_KEY/);
      assert.doesNotMatch(out, /x@example\.org|sk-test/);
      assert.equal(provider.requests.length, 4);
      for (const { headers } of provider.requests) assert.deepEqual(Object.keys(headers).filter((name) => name.startsWith("x-simulator")), []);
    } finally {
      await provider.close();
    }
  });

  it("fails when the promise is broken", async () => {
    const { handle } = createProvider({ defaults: { status: 400 } });
    const broken = quickStart({ apiKey: "sk-local", baseURL: "http://provider.test/v1", fetch: (...words) => handle(new Request(...words)), print: () => {} });
    await assert.rejects(broken, { name: "BadRequestError" });
  });

  it("aligns its tables, whatever their letters", () => {
    assert.equal(table("t", [["a", "bb"], ["größe", 1]]), "\nt\n  a       bb\n  -----   --\n  größe   1");
  });
});
