// The storages of Workers, in workerd, agree with the one in memory.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/lib/run.mjs";
import { workerd } from "../lib/hosts.mjs";

const PROGRAM = join(ROOT, "tests/runtimes/storage-worker.program.mjs");
const BINDINGS = { kvNamespaces: ["KV"], d1Databases: ["DB"], durableObjects: { RECORDS: { className: "Records", useSQLite: true } } };

for (const [title, kind, inside, seeds] of [
  ["KV", "kv", false, 12],
  ["D1", "d1", false, 12],
  ["a Durable Object, over a stub", "durableObject", false, 12],
  ["a Durable Object, inside of it", "durableObject", true, 30],
]) {
  test(title, async () => {
    const { operations, questions } = await workerd(PROGRAM, { kind, inside, seeds }, BINDINGS);
    assert.ok(operations >= 25 * seeds && questions >= 10 * seeds, `expected 25 operations and 10 questions a seed, found ${operations} and ${questions}`);
  });
}
