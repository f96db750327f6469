// Budgets in localStorage, in Chromium: one page, and several that share it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { ROOT } from "../../scripts/lib/run.mjs";
import { chromiumPage, chromiumPages, closeHosts } from "../lib/hosts.mjs";

const FILE = join(ROOT, "tests/ledgers/local-storage.program.mjs");
after(closeHosts);

test("it answers as the ledger in memory does", async () => {
  assert.deepEqual(await chromiumPage(FILE, { call: "conformance", seeds: 4 }), []);
});

test("50 callers at once in one page: never over, nothing lost", async () => {
  const { wrong, allowed } = await chromiumPage(FILE, { call: "crowd", callers: 50 });
  assert.deepEqual(wrong, []);
  assert.ok(allowed >= 11);
});

test("two pages with one budget: never over", async () => {
  const pages = ["left", "right"].map((side) => ({ call: "shared", side, callers: 40, limitUsd: "10", usd: "0.5" }));
  const answers = await chromiumPages(join(ROOT, "tests/ledgers/shared-budget.program.mjs"), pages);
  assert.deepEqual(answers.map(({ errors }) => errors), [[], []]);
  // 40 callers on each side want half a dollar, of ten dollars.
  assert.equal(answers[0].allowed + answers[1].allowed, 20, JSON.stringify(answers));
  const status = answers.map(({ status }) => [status.spentUsd, status.heldUsd]).sort().at(-1);
  assert.deepEqual(status, ["10", "0"]);
});

test("a storage that is full refuses, and nothing is half written", async () => {
  assert.deepEqual(await chromiumPage(FILE, { call: "full" }), { filled: true, codes: ["storage_quota"], agrees: true });
});
