// Budgets in Redis: a real one, behind a REST interface as Upstash's.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { RedisBudgetLedger, StorageError } from "tollgate";
import { startRedis } from "../lib/redis.mjs";
import { budget, conformance, crowd } from "./conformance.mjs";

let redis;
before(async () => (redis = await startRedis()));
after(() => redis?.close());

const open = async (namespace) => new RedisBudgetLedger({ url: redis.url, token: redis.token, namespace });

test("it answers as the ledger in memory does", async () => {
  assert.deepEqual(await conformance(open, { seeds: 3 }), []);
});

describe("callers at once: never over, nothing lost", () => {
  for (const callers of [1, 50, 500]) {
    test(`${callers} of one process`, async () => {
      const { wrong, allowed } = await crowd(open, { callers, seed: callers });
      assert.deepEqual(wrong, []);
      if (callers >= 50) assert.ok(allowed >= 11);
    });
  }

  test("of eight processes, each with a ledger of its own", async () => {
    let turn = 0;
    const ledgers = await Promise.all(Array.from({ length: 8 }, () => open("eight")));
    // What a caller does goes to whichever ledger is next: one reserves, another settles.
    const any = new Proxy({}, { get: (_, method) => (method === "then" ? undefined : (...args) => ledgers[(turn += 1) % ledgers.length][method](...args)) });
    const { wrong, allowed } = await crowd(async () => any, { callers: 120, name: "eight" });
    assert.deepEqual(wrong, []);
    assert.ok(allowed >= 11);
  });

  test("while requests go unanswered, some of them after they were run", async () => {
    redis.lose(5);
    try {
      const { wrong, allowed } = await crowd(open, { callers: 60, name: "lossy" });
      assert.deepEqual(wrong, []);
      assert.ok(allowed >= 11);
    } finally {
      redis.lose(0);
    }
  });
});

test("what nobody settled is spent when its lease has ended, whoever asks next", async () => {
  const ledger = await open("leases");
  const [pot] = await ledger.put([budget({ name: "pot", limitUsd: "1" })], "attach");
  assert.equal(ledger.guarantee, "hard");
  await ledger.reserve({ reservationId: "gone", usd: "0.4", scopes: [], leaseMs: 50 });
  await new Promise((done) => setTimeout(done, 120));
  const [status] = await (await open("leases")).status([pot.id]);
  assert.deepEqual([status.spentUsd, status.heldUsd], ["0.4", "0"]);
  assert.equal((await ledger.settle("gone", "0.1")).status, "corrected");
});

test("rows are where they are looked for: hot ones, cold ones, and when they are due", async () => {
  const ledger = await open("rows");
  await ledger.put([budget({ name: "pot", limitUsd: "1" })], "attach");
  await ledger.reserve({ reservationId: "a", usd: "0.1", scopes: [], leaseMs: 60_000 });
  await ledger.reserve({ reservationId: "b", usd: "0.1", scopes: [], leaseMs: 60_000 });
  await ledger.settle("b", "0.1");
  const key = (part) => `tollgate:1:{rows}:${part}`;
  const hot = await redis.send(["HKEYS", key("hot")]);
  assert.deepEqual(hot.sort(), ["bud:all:total:pot", "led", "res:a", hot.find((name) => name.startsWith("win:"))]);
  assert.deepEqual(await redis.send(["HKEYS", key("cold")]), ["res:b"]);
  assert.deepEqual(await redis.send(["ZRANGE", key("due"), "0", "-1"]), ["res:b"]);
});

test("a database that refuses is said to be unavailable, at once", async () => {
  const ledger = new RedisBudgetLedger({ url: redis.url, token: "wrong" });
  await assert.rejects(ledger.list(), (error) => error instanceof StorageError && error.code === "storage_unavailable" && /status 401/.test(error.message));
});
