// Budgets in Workers KV, in workerd: advisory. One instance is exact; several see each other late.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT } from "../../scripts/lib/run.mjs";
import { openWorker } from "../lib/worker.mjs";

let worker;
before(async () => (worker = await openWorker(join(ROOT, "tests/ledgers/kv.worker.mjs"), { kvNamespaces: ["KV"] })));
after(() => worker?.close());

test("one instance answers as the ledger in memory does", async () => {
  assert.deepEqual(await worker.call("conformance", { seeds: 4, money: true }), []);
});

describe("callers at once in one instance: never over, nothing lost", () => {
  for (const callers of [1, 50, 500]) {
    test(`${callers} of them`, async () => {
      const { wrong, allowed } = await worker.call("crowd", { callers, seed: callers });
      assert.deepEqual(wrong, []);
      if (callers >= 50) assert.ok(allowed >= 11);
    });
  }
});

test("instances see what others have spent, and the budgets that they made, changed and removed", async () => {
  const found = await worker.call("seen");
  assert.deepEqual(found, {
    guarantees: ["advisory", "advisory", "advisory"],
    ids: ["all:total:all", "agent:a:1 \u00e9:daily:agent"],
    // What another one holds shows as spent.
    whileHeld: [[["0", "0.3"], ["0", "0.3"]], [["0.3", "0"], ["0.3", "0"]]],
    settled: [[["0.223456789012", "0"], ["0.123456789012", "0"]], [["0.223456789012", "0"], ["0.123456789012", "0"]]],
    refused: "agent",
    unknown: ["unknown", false],
    released: [[["0.223456789012", "0"], ["0.123456789012", "0"]], [["0.223456789012", "0"], ["0.123456789012", "0"]]],
    changed: ["2", "0.5"],
    left: ["all"],
    later: [["0.223456789012", "0"]],
  });
});

test("instances that don't see each other pass a limit together, and it shows", async () => {
  const { allowed, ...status } = await worker.call("together", { instances: 3 });
  assert.deepEqual([allowed, status], [[10, 10, 10], { spentUsd: "3", overageUsd: "2" }]);
});

test("a KV that fails: what was settled is written later, and nothing is promised blindly", async () => {
  assert.deepEqual(await worker.call("failing"), { settled: "settled", code: "storage_unavailable", allowed: true, others: [["0.3", "0"]], puts: true });
});

test("it counts tokens and requests too, and adds to no limit", async () => {
  const [held, settled, released] = await worker.call("units");
  assert.deepEqual(held, { tokens: [[0, 400], [400, 0]], requests: [[0, 1], [1, 0]] });
  // What a stream held in addition was no request; what was charged by a record is one.
  assert.deepEqual(settled, { tokens: [[480, 0], [480, 0]], requests: [[2, 0], [2, 0]] });
  assert.deepEqual(released, { tokens: [[480, 0], [480, 0]], requests: [[2, 0], [2, 0]], blockedBy: "tokens", remaining: "420", code: "invalid_input", adjusts: false });
});

test("no answer waits for a write, and times that are none are refused", async () => {
  assert.deepEqual(await worker.call("patient"), { quick: true, owed: 2, others: [["0.1", "0"]], wrong: ["invalid_config"] });
});
