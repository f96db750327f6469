// Budgets above one object's rate, in workerd: an object and four that are handed chunks of its budgets.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT } from "../../scripts/lib/run.mjs";
import { openWorker } from "../lib/worker.mjs";
import { budget } from "./conformance.mjs";

const FILE = join(ROOT, "tests/ledgers/durable-object.worker.mjs");
let worker, folder, options;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-slices-"));
  options = {
    durableObjectsPersist: folder,
    durableObjects: {
      OTHERS: { className: "Later", useSQLite: true },
      BUDGETS: { className: "TollgateBudgets", useSQLite: true },
      SHAKEN: { className: "Shaken", useSQLite: true },
    },
  };
  worker = await openWorker(FILE, options);
});
after(async () => {
  await worker?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("calls that are too long for a chunk are answered as without slices", async () => {
  assert.deepEqual(await worker.call("conformance", { kind: "slices", seeds: 3, name: "long" }), []);
});

describe("callers at once on four slices: never over, and the sums are equal once leases have ended", { concurrency: true }, () => {
  for (const [callers, kind] of [[1, "slices"], [10, "slices"], [50, "slicesAlone"], [200, "slices"], [500, "slices"]]) {
    test(`${callers} of them${kind === "slices" ? "" : ", each in a message of its own"}`, async () => {
      const limitUsd = String(Math.max(1, callers / 4));
      const { wrong, allowed, refused, sliced } = await worker.call("crowd", { kind, callers, seed: callers, limitUsd, leaseMs: 2_000, ends: true, name: `slices-${callers}` });
      assert.deepEqual(wrong, []);
      assert.equal(allowed + refused, callers);
      if (callers >= 50) assert.ok(sliced && refused > 0 && allowed > callers / 4, `${allowed} of ${callers} allowed, chunks: ${sliced}`);
    });
  }

  for (const callers of [20, 100]) {
    test(`${callers} of them, while the objects are restarted before messages and before answers`, async () => {
      const limitUsd = String(callers / 4);
      // Longer than all tries take: a call whose lease has ended can't be reserved again.
      const { wrong, allowed } = await worker.call("crowd", { kind: "restartedSlices", callers, seed: 7, limitUsd, leaseMs: 9_000, ends: true });
      assert.deepEqual(wrong, []);
      assert.ok(allowed > 0);
    });
  }
});

test("what slices hold survives the Worker, is shown, and comes back by itself", async () => {
  const ask = (method, ...args) => worker.call("ask", { name: "kept", kind: "slices", method, args });
  const scopes = [{ type: "project", id: "p" }, { type: "agent", id: "a" }];
  await ask("put", [budget({ name: "all", limitUsd: "10" }), ...scopes.map((scope) => budget({ name: "one", limitUsd: "8", scope }))], "attach");
  for (let n = 0; n < 8; n += 1) assert.ok((await ask("reserve", { reservationId: `r${n}`, usd: "0.01", scopes, leaseMs: 600_000 })).allowed);
  const before = await ask("status");
  // Each of four slices holds a chunk for sixteen calls, in all three budgets.
  for (const { heldUsd, slicedUsd, spentUsd } of before) assert.deepEqual([heldUsd, slicedUsd, spentUsd], [slicedUsd, before[0].heldUsd, "0"]);
  assert.ok(Number(before[0].slicedUsd) >= 0.16);
  for (let n = 0; n < 4; n += 1) assert.equal((await ask("settle", `r${n}`, "0.004")).status, "settled");

  const { modules } = worker;
  await worker.close();
  worker = await openWorker(FILE, { ...options, modules });

  for (let n = 4; n < 6; n += 1) assert.equal((await ask("settle", `r${n}`, "0.004")).status, "settled");
  assert.equal((await ask("settle", "r0", "0.004")).status, "already");
  for (let n = 6; n < 8; n += 1) assert.equal(await ask("release", `r${n}`), true);
  let status;
  for (let waited = 0; waited < 40; waited += 1) {
    status = await ask("status");
    if (status.every(({ heldUsd }) => heldUsd === "0")) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  for (const { heldUsd, spentUsd, slicedUsd } of status) assert.deepEqual([heldUsd, spentUsd, slicedUsd], ["0", "0.024", undefined]);
  // A release is what its record says once it was billed after all, and that goes to the parent, too.
  const at = new Date().toISOString();
  assert.equal(await ask("charge", "record", "0.002", scopes, at, "r6"), true);
  assert.equal(await ask("charge", "record", "0.002", scopes, at, "r6"), false);
  for (let waited = 0; waited < 40; waited += 1) {
    status = await ask("status");
    if (status[0].spentUsd === "0.026") break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  for (const { spentUsd } of status) assert.equal(spentUsd, "0.026");
});

test("slices that can't be are refused", async () => {
  const message = '{"v":1,"ops":[{"op":"list"}]}';
  const first = await worker.call("raw", { name: "child", message, parent: "other" });
  assert.deepEqual(first, { v: 1, answers: [{ ok: [] }] });
  const second = await worker.call("raw", { name: "child", message, parent: "another" });
  assert.deepEqual([second.error.tollgate, second.error.message], ["invalid_config", "cannot use this object as a slice: expected the ledger that it is a slice of, found another"]);
});
