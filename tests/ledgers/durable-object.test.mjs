// Budgets in a Durable Object, in workerd: nothing is ever promised twice, and nothing is lost.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT } from "../../scripts/lib/run.mjs";
import { openWorker } from "../lib/worker.mjs";
import { budget } from "./conformance.mjs";

const FILE = join(ROOT, "tests/ledgers/durable-object.worker.mjs");
const OBJECTS = {
  durableObjects: {
    BUDGETS: { className: "TollgateBudgets", useSQLite: true },
    RESTARTED: { className: "Restarted", useSQLite: true },
    LATER: { className: "Later", useSQLite: true },
    WEIGHED: { className: "Weighed", useSQLite: true },
  },
};

let worker, folder, options;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-ledger-"));
  options = { ...OBJECTS, durableObjectsPersist: folder };
  worker = await openWorker(FILE, options);
});
after(async () => {
  await worker?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("it answers as the ledger in memory does", async () => {
  for (const [kind, seeds] of [["object", 8], ["alone", 2]]) assert.deepEqual(await worker.call("conformance", { kind, seeds, name: kind }), []);
});

describe("callers at once: never over, nothing lost", () => {
  for (const callers of [1, 2, 10, 50, 200, 500]) {
    test(`${callers} of them`, async () => {
      const { wrong, allowed, refused } = await worker.call("crowd", { kind: "object", callers, seed: callers });
      assert.deepEqual(wrong, []);
      assert.equal(allowed + refused, callers);
      if (callers >= 50) assert.ok(refused > 0 && allowed >= 11, `${allowed} allowed`);
    });
  }

  test("each in a message of its own", async () => {
    const { wrong, allowed } = await worker.call("crowd", { kind: "alone", callers: 100, name: "one by one" });
    assert.deepEqual(wrong, []);
    assert.ok(allowed >= 11);
  });

  for (const callers of [1, 20, 100]) {
    test(`${callers} of them, while the object is restarted before messages and before answers`, async () => {
      const { wrong, allowed } = await worker.call("crowd", { kind: "restarted", callers, seed: 7 });
      assert.deepEqual(wrong, []);
      assert.ok(allowed > 0);
    });
  }
});

test("300 requests of one isolate, a third of them aborted: never over, and the sums are equal once leases have ended", async () => {
  const [name, limitUsd] = ["aborted", "20"];
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const signal = index % 3 === 0 ? AbortSignal.timeout(1 + (index % 40)) : undefined;
      try {
        return await worker.call("pair", { id: `a${index}`, usd: "0.1", limitUsd, name }, { signal });
      } catch (error) {
        if (signal === undefined) throw error;
        return { aborted: true };
      }
    }),
  );
  const [status] = await worker.call("status", { name });
  const settled = answers.filter(({ settled }) => settled !== undefined);
  assert.ok(settled.every((answer) => ["settled", "already"].includes(answer.settled)));
  const [spent, held] = [Number(status.spentUsd), Number(status.heldUsd)];
  assert.ok(spent + held <= 20, `spent ${spent}, held ${held}`);
  // Who was not aborted has settled; an aborted one may have, or holds until its lease ends.
  const aborted = answers.filter(({ aborted }) => aborted).length;
  assert.ok(spent >= settled.length / 10 - 1e-9 && spent + held <= (settled.length + aborted) / 10 + 1e-9, `spent ${spent}, held ${held}, settled ${settled.length}`);
  assert.equal(answers.filter(({ allowed }) => allowed === false).length, answers.length - settled.length - aborted);
});

test("what it holds survives the Worker, and one alarm settles what nobody did", async () => {
  const name = "survivor";
  const ask = (method, ...args) => worker.call("ask", { name, method, args });
  const pot = budget({ name: "pot", limitUsd: "1", period: "daily" });
  await ask("put", [pot], "attach");
  await ask("reserve", { reservationId: "kept", usd: "0.4", scopes: [], leaseMs: 3_600_000 });
  await ask("reserve", { reservationId: "short", usd: "0.3", scopes: [], leaseMs: 1_500 });
  await ask("reserve", { reservationId: "done", usd: "0.2", scopes: [], leaseMs: 3_600_000 });
  assert.equal((await ask("settle", "done", "0.1")).returned, "0.1");

  const { modules } = worker;
  await worker.close();
  worker = await openWorker(FILE, { ...options, modules });

  const refused = await ask("reserve", { reservationId: "more", usd: "0.3", scopes: [], leaseMs: 1_000 });
  assert.deepEqual([refused.allowed, refused.blockedBy.id, refused.remaining, refused.guarantee], [false, pot.id, "0.2", "hard"]);
  assert.equal(new Date(refused.resetsAt).getUTCHours(), 0);
  assert.equal((await ask("settle", "done", "0.9")).status, "already");
  // The alarm rings by itself; asking would settle it too, so it is only asked once.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const [status] = await ask("status");
  assert.deepEqual([status.spentUsd, status.heldUsd], ["0.4", "0.4"]);
  assert.deepEqual(status.alerts.map(({ threshold, projected }) => [threshold, projected]), [[50, true]]);
  assert.equal((await ask("settle", "short", "0.05")).status, "corrected");
});

test("a budget that comes in a message with what it is to count counts that once", async () => {
  const pot = (name) => budget({ name, limitUsd: "1", period: "daily" });
  const ops = [
    { op: "put", budgets: [pot("first")], mode: "attach" },
    { op: "reserve", id: "a", usd: "0.4", scopes: [], leaseMs: 60_000 },
    { op: "settle", id: "a", usd: "0.3" },
    { op: "charge", id: "b", usd: "0.1", scopes: [], at: new Date().toISOString() },
    { op: "put", budgets: [pot("second")], mode: "attach" },
    { op: "settle", id: "a", usd: "0.2" },
    { op: "status" },
  ];
  const { answers } = await worker.call("raw", { name: "late budget", message: JSON.stringify({ v: 1, ops }) });
  assert.deepEqual(answers.at(-1).ok.map(({ spentUsd, heldUsd }) => [spentUsd, heldUsd]), [["0.4", "0"], ["0.4", "0"]]);
  assert.equal(answers[5].ok.status, "already");
});

test("what is only in the log counts like what is in the table: for new budgets, for repeats, after a restart", async () => {
  const name = "logged";
  const ask = (method, ...args) => worker.call("ask", { name, kind: "alone", method, args });
  await ask("put", [budget({ name: "first", limitUsd: "100", period: "daily" })], "attach");
  // More than is logged before it is folded, and a rest that is not.
  for (let n = 0; n < 150; n += 1) {
    await ask("reserve", { reservationId: `r${n}`, usd: "0.5", scopes: [], leaseMs: 600_000 });
    if (n % 3 > 0) await ask("settle", `r${n}`, "0.2");
  }
  const sums = async () => (await ask("status")).map(({ spentUsd, heldUsd }) => [spentUsd, heldUsd]);
  assert.deepEqual(await sums(), [["20", "25"]]);
  for (const id of ["r1", "r148", "r149"]) assert.equal((await ask("settle", id, "0.4")).status, "already");
  const { modules } = worker;
  await worker.close();
  worker = await openWorker(FILE, { ...options, modules });
  assert.deepEqual(await sums(), [["20", "25"]]);
  assert.equal((await ask("settle", "r149", "0.4")).status, "already");
  await ask("settle", "r147", "0.3");
  await ask("put", [budget({ name: "second", limitUsd: "100", period: "daily" })], "attach");
  assert.deepEqual(await sums(), [["20.3", "24.5"], ["20.3", "24.5"]]);
});

test("memory does not grow with what is read again, or with what a new budget is offered", async () => {
  const pots = [budget({ name: "all", limitUsd: "1000", period: "total" }), budget({ name: "new", limitUsd: "1000", period: "hourly" })];
  const { told, again, adopted, spent } = await worker.call("weigh", { name: "weighed", count: 20_000, pots });
  assert.deepEqual(spent, [["200", "0.1"], ["0", "0.1"]]);
  // Twenty thousand charges take some seven million bytes.
  assert.ok(again - told < 2_000_000, `${told} before they were told again, ${again} then`);
  assert.ok(adopted - again < 2_000_000, `${again} before a new budget, ${adopted} then`);
});

test("a message of many and large rows is written in as many texts as a database takes", async () => {
  const name = "large";
  const scopes = Array.from({ length: 16 }, (_, n) => ({ type: "user", id: `${n}`.padEnd(1_000, "x") }));
  const ops = [
    { op: "put", budgets: [budget({ name: "all", limitUsd: "100", period: "daily" })], mode: "attach" },
    ...Array.from({ length: 250 }, (_, n) => ({ op: "reserve", id: `r${n}`, usd: "0.1", scopes, leaseMs: 600_000 })),
  ];
  await worker.call("raw", { name, message: JSON.stringify({ v: 1, ops: ops.slice(0, 1) }) });
  const { answers } = await worker.call("raw", { name, message: JSON.stringify({ v: 1, ops: [...ops.slice(1), { op: "status" }] }) });
  assert.ok(answers.slice(0, -1).every(({ ok }) => ok.allowed));
  assert.equal(answers.at(-1).ok[0].heldUsd, "25");
});

test("messages of another release are refused, and so is a database of one", async () => {
  const { error } = await worker.call("raw", { name: "wire", message: '{"v":2,"ops":[]}' });
  assert.deepEqual([error.tollgate, error.message], ["invalid_input", "cannot read a message: expected operations of version 1, found something else"]);
  const list = { name: "wire", message: '{"v":1,"ops":[{"op":"list"}]}' };
  assert.deepEqual(await worker.call("raw", list), { v: 1, answers: [{ ok: [] }] });
  assert.deepEqual(await worker.call("raw", { ...list, later: true }), { v: 1, answers: [{ ok: [] }] });
  await assert.rejects(worker.call("raw", { ...list, later: true, message: "age" }));
  const newer = await worker.call("raw", { ...list, later: true });
  assert.deepEqual([newer.error.tollgate, newer.error.message], ["storage_version_newer", "cannot open the ledger: expected schema 1 or an older one, found 1000"]);
});
