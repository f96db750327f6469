// Budgets in D1: SQLite in workerd, through the binding.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT } from "../../scripts/lib/run.mjs";
import { openWorker } from "../lib/worker.mjs";

let worker;
before(async () => (worker = await openWorker(join(ROOT, "tests/ledgers/d1.worker.mjs"), { d1Databases: ["DB"] })));
after(() => worker?.close());

test("it answers as the ledger in memory does", async () => {
  assert.deepEqual(await worker.call("conformance", { seeds: 3 }), []);
});

describe("callers at once: never over, nothing lost", () => {
  for (const [callers, ledgers] of [[1, 1], [50, 1], [500, 1], [60, 5]]) {
    test(`${callers}, over ${ledgers} ledgers`, async () => {
      const { wrong, allowed } = await worker.call("crowd", { callers, ledgers, seed: callers + ledgers });
      assert.deepEqual(wrong, []);
      if (callers >= 50) assert.ok(allowed >= 11);
    });
  }
});

test("a database of a later release is left alone", async () => {
  assert.deepEqual(await worker.call("later"), { code: "storage_version_newer", message: "cannot open the ledger: expected schema 1, found 2" });
});
