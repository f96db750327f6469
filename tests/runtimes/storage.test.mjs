// Every storage, in the host that it is for, agrees with the one in memory.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { ROOT } from "../../scripts/lib/run.mjs";
import { chromiumPage, closeHosts, node } from "../lib/hosts.mjs";

const PROGRAM = join(ROOT, "tests/runtimes/storage.program.mjs");

after(closeHosts);

for (const [kind, host, run, seeds] of [
  ["memory", "Node", node, 60],
  ["localStorage", "Chromium", chromiumPage, 30],
  ["indexedDB", "Chromium", chromiumPage, 20],
]) {
  test(`${kind} in ${host}`, async () => {
    const { operations, questions } = await run(PROGRAM, { kind, seeds });
    assert.ok(operations >= 25 * seeds && questions >= 10 * seeds, `expected 25 operations and 10 questions a seed, found ${operations} and ${questions}`);
  });
}
