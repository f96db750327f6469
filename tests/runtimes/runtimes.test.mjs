// The same programs in every runtime: they answer the same, to the digit.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startProvider } from "../../examples/local-provider/provider.mjs";
import { ROOT } from "../../scripts/lib/run.mjs";
import { bun, chromiumPage, closeHosts, deno, node, workerd } from "../lib/hosts.mjs";

const HOSTS = { Node: node, Deno: deno, Bun: bun, workerd, Chromium: chromiumPage };
const program = (name) => join(ROOT, `tests/runtimes/${name}.program.mjs`);

after(closeHosts);

describe("the quick start", () => {
  let provider, first;
  before(async () => (provider = await startProvider()));
  after(() => provider.close());

  for (const [name, host] of Object.entries(HOSTS)) {
    test(`in ${name}`, async () => {
      const summary = await host(program("quick-start"), { baseURL: `${provider.url}/v1` });
      assert.match(summary.cost.exactUsd, /^0\.\d+$/);
      assert.deepEqual([summary.budget.paid, summary.budget.refused, summary.budget.heldUsd], [2, 18, "0"]);
      assert.deepEqual(summary, (first ??= summary), "the same digits as in the first host");
    });
  }
});

describe("every class, made at module scope and used afterwards", () => {
  let first;
  for (const [name, host] of Object.entries(HOSTS)) {
    test(`in ${name}`, async () => {
      const { reached, classes, answers } = await host(program("module-scope"), {});
      // A result carries the moment at which it was made; nobody makes one before there is something to judge.
      assert.deepEqual(reached, ["GuardrailResult: Date"], "nothing of the host may be reached for at module scope");
      assert.deepEqual(Object.keys(answers).sort(), classes);
      for (const [of, answer] of Object.entries(answers)) assert.notEqual(typeof answer, "string", `${of} ${answer}`);
      assert.deepEqual(answers, (first ??= answers), "the same answers as in the first host");
    });
  }
});

describe("a trap in the middle of a stream", () => {
  for (const [name, host] of Object.entries(HOSTS)) {
    test(`in ${name}`, async () => {
      const { before, after, old, someChunks, ...rest } = await host(program("trap"), {});
      assert.ok(someChunks, "the stream was under way");
      assert.deepEqual(rest, {
        // The call that trapped, and what its `security` says of it: its state was in the module.
        streamed: "instance_lost",
        security: "instance_lost",
        // What was held for one whose budgets and records lie elsewhere is charged, and recorded once.
        rescued: {
          cut: "instance_lost",
          settled: [[true, "unknown_outcome"]],
          released: 0,
          records: [[true, "gpt-4o-mini", "openai", true, "unknown_outcome", "error", 1, "estimated", "string"]],
        },
        // A call beside it, whose answer came for an instance that was gone.
        waited: "instance_lost",
        reading: "instance_lost",
        // What held records and money.
        storage: "instance_lost",
        ledger: "instance_lost",
        // What held values.
        vault: "instance_lost",
        exported: "instance_lost",
        restoring: "instance_lost",
      });
      assert.deepEqual(after, before, "new objects answer as before");
      for (const [of, answer] of Object.entries(old)) {
        // Old ones answer as before where they can be made again, and say that they are lost where they can't: a client whose
        // blocking budget is lost refuses to spend.
        if (answer !== "threw instance_lost" && answer !== "threw budget_unavailable") assert.deepEqual(answer, before[of], of);
      }
      for (const rebuilt of ["PriceBook", "CostTracker", "GuardrailEngine", "PIIDetectionGuardrail"]) {
        assert.deepEqual(old[rebuilt], before[rebuilt], `${rebuilt} is made again`);
      }
    });
  }
});

describe("odd keys, absent and null through every boundary", () => {
  const { keys } = JSON.parse(readFileSync(join(ROOT, "tests/fixtures/boundary.json"), "utf8"));
  for (const [name, host] of Object.entries(HOSTS)) {
    test(`in ${name}`, async () => {
      assert.deepEqual(await host(program("boundary"), { keys }), []);
    });
  }
});
