// Every storage, in the host that it is for, agrees with the one in memory.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { ROOT } from "../../scripts/lib/run.mjs";
import { chromiumPage, closeHosts, node, workerd } from "../lib/hosts.mjs";

const PROGRAM = join(ROOT, "tests/runtimes/storage.program.mjs");

after(closeHosts);

const IN_WORKERD = { kvNamespaces: ["KV"] };

for (const [kind, host, run, seeds, least] of [
  ["memory", "Node", node, 100, 2500],
  ["localStorage", "Chromium", chromiumPage, 60, 1500],
  ["kv", "workerd", (file, args) => workerd(file, args, IN_WORKERD), 30, 700],
]) {
  test(`${kind} in ${host}`, async () => {
    const { operations, questions } = await run(PROGRAM, { kind, seeds });
    assert.ok(operations >= least, `expected at least ${least} operations, found ${operations}`);
    assert.ok(questions >= seeds, "each sequence is asked at its end");
  });
}
