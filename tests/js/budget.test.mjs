// BudgetManager and the ledger in memory: the face of rules that tests/budgets.rs proves.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { BudgetManager, ConfigurationError, InMemoryCostStorage, LocalStorageCostStorage, MemoryBudgetLedger, ValidationError } from "tollgate";
import { FakeLocalStorage, random, record } from "./lib/records.mjs";

const NOON = Date.parse("2026-11-21T12:00:00Z");
const HOUR = 3_600_000;

/** A manager over a clock that is moved by hand. */
function managed({ storage, ...options } = {}) {
  const clock = { now: NOON };
  return { clock, manager: new BudgetManager(storage, { now: () => clock.now, ...options }) };
}

const BLOCK = { name: "b", limit: 1, period: "daily", action: "block" };

describe("budgets", () => {
  test("creating one uses no clock and touches nothing", async () => {
    let asked = 0;
    const manager = new BudgetManager(new Proxy({}, { get: (_, key) => assert.fail(`touched ${String(key)}`), has: () => false }), {
      now: () => {
        asked += 1;
        return NOON;
      },
    });
    const budget = manager.createBudget(BLOCK);
    assert.equal(asked, 0);
    assert.equal(budget.createdAt, "2026-11-21T12:00:00.000Z");
    assert.equal(budget.updatedAt, budget.createdAt);
    assert.equal(asked, 1);
    assert.deepEqual(JSON.parse(JSON.stringify(budget)), {
      id: "all:daily:b",
      name: "b",
      limit: 1,
      limitUsd: "1",
      period: "daily",
      alertThresholds: [50, 75, 90, 100],
      action: "block",
      enabled: true,
      timeZone: "UTC",
      weekStart: "monday",
      revision: 1,
      createdAt: "2026-11-21T12:00:00.000Z",
      updatedAt: "2026-11-21T12:00:00.000Z",
    });
  });

  test("they are read, changed and deleted", async () => {
    const { manager } = managed();
    const budget = manager.createBudget({ ...BLOCK, scope: { type: "project", id: "p:1" }, alertThresholds: [80] });
    assert.equal(budget.id, "project:p%3A1:daily:b");
    assert.deepEqual(manager.getBudget(budget.id), budget);
    assert.deepEqual(manager.getBudgetsByScope("project", "p:1"), [budget]);
    assert.deepEqual(manager.getBudgetsByScope("agent", "p:1"), []);
    assert.equal(manager.updateBudget(budget.id, { limit: 2 }).revision, 1, "the ledger does not have it yet");
    await manager.flush();
    const updated = manager.updateBudget(budget.id, { limit: 20, action: "alert" });
    assert.deepEqual([updated.limit, updated.limitUsd, updated.action, updated.name, updated.revision], [20, "20", "alert", "b", 2]);
    await manager.flush();
    assert.equal((await manager.getBudgetStatus(budget.id)).budget.limit, 20);
    assert.equal(manager.getBudget(budget.id).revision, 2);
    assert.equal(manager.updateBudget("none", { limit: 1 }), undefined);
    budget.alertThresholds.push(1);
    assert.deepEqual(manager.getAllBudgets()[0].alertThresholds, [80]);
    assert.equal(manager.deleteBudget(budget.id), true);
    assert.equal(manager.deleteBudget(budget.id), false);
    assert.equal(manager.getBudget(budget.id), undefined);
    assert.equal(await manager.getBudgetStatus(budget.id), undefined);
  });

  test("what is no budget is a typed error", () => {
    const { manager } = managed();
    for (const [change, type, code] of [
      [{ limit: -1 }, ValidationError, "invalid_amount"],
      [{ limit: NaN }, ValidationError, "invalid_amount"],
      [{ limit: Infinity }, ValidationError, "invalid_amount"],
      [{ limit: "ten" }, ValidationError, "invalid_amount"],
      [{ limit: undefined }, ValidationError, "invalid_amount"],
      [{ name: "" }, ConfigurationError, "invalid_config"],
      [{ period: "yearly" }, ConfigurationError, "invalid_config"],
      [{ action: "warn" }, ConfigurationError, "invalid_config"],
      [{ alertThresholds: [NaN] }, ConfigurationError, "invalid_config"],
      [{ alertThresholds: [0] }, ConfigurationError, "invalid_config"],
      [{ timeZone: "Mars/Base" }, ConfigurationError, "invalid_config"],
      [{ scope: { type: "team", id: "x" } }, ValidationError, "invalid_input"],
      [{ limits: 1 }, ConfigurationError, "unknown_option"],
    ]) {
      assert.throws(
        () => manager.createBudget({ ...BLOCK, ...change }),
        (error) => error instanceof type && error.code === code,
        JSON.stringify(change),
      );
    }
    assert.throws(() => manager.createBudget({ ...BLOCK, limit: NaN }), { message: 'cannot read amount: expected a non-negative decimal number of USD, found "NaN"' });
    assert.deepEqual(manager.getAllBudgets(), []);
    assert.throws(() => new BudgetManager(undefined, { timezone: "UTC" }), { code: "unknown_option" });
    assert.throws(() => new BudgetManager(undefined, { onExisting: "replace" }), { code: "invalid_config" });
    assert.throws(() => new BudgetManager(undefined, { requireGuarantee: "hard" }), {
      name: "ConfigurationError",
      message: "cannot use this ledger: expected guarantee hard, found per-instance",
    });
  });

  test("the stored one wins, unless onExisting says otherwise", async (t) => {
    const warn = t.mock.method(console, "warn", () => {});
    const ledger = new MemoryBudgetLedger({ now: () => NOON });
    const [one, two, three] = ["keep", "keep", "update"].map((onExisting) => new BudgetManager(undefined, { ledger, onExisting, now: () => NOON }));
    one.createBudget(BLOCK);
    await one.ready();
    assert.equal(two.createBudget({ ...BLOCK, limit: 5 }).limit, 5, "provisional");
    await two.ready();
    assert.equal(two.getBudget("all:daily:b").limit, 1);
    assert.match(warn.mock.calls[0].arguments[0], /budget_config_differs/);
    three.createBudget({ ...BLOCK, limit: 7 });
    await three.ready();
    await one.ready();
    assert.equal((await one.getBudgetStatus("all:daily:b")).budget.limit, 7);
    const late = new BudgetManager(undefined, { ledger });
    await late.ready();
    assert.deepEqual(late.getAllBudgets().map(({ id, revision }) => [id, revision]), [["all:daily:b", 2]]);
  });
});

describe("checking", () => {
  test("a check of AgentGuard's kind: storage, check, alerts", async () => {
    const storage = new InMemoryCostStorage();
    const { manager } = managed({ storage });
    const budget = manager.createBudget({ name: "Test", limit: 1, period: "daily", alertThresholds: [50, 75, 90, 100], action: "block", enabled: true });
    await storage.store(record({ id: "x", actualCost: 0.45 }));
    const passes = await manager.checkBudget("a1", 0.1);
    assert.equal(passes.allowed, true);
    assert.equal(passes.blockedBy, undefined);
    assert.deepEqual(passes.alerts.map(({ threshold, projected, message }) => [threshold, projected, message]), [
      [50, true, 'Budget "Test" has reached 50% (0.5500 / 1 USD)'],
    ]);
    assert.equal(passes.status.currentSpending, 0.45);
    assert.equal((await manager.checkBudget("a1", 0.1)).alerts.length, 0, "once");
    const refused = await manager.checkBudget("a1", 0.56);
    assert.equal(refused.allowed, false);
    assert.deepEqual(refused.blockedBy, budget);
    assert.equal((await manager.checkBudget("a1", 0.55)).allowed, true, "exactly the limit");
    assert.equal(manager.acknowledgeAlert(passes.alerts[0].id), true);
    assert.equal(manager.getAlerts(budget.id).find(({ id }) => id === passes.alerts[0].id).acknowledged, true);
    manager.clearAlerts(budget.id);
    assert.deepEqual(manager.getAlerts(budget.id), []);
    assert.equal(manager.acknowledgeAlert(passes.alerts[0].id), false);
  });

  test("amounts that are none never pass", async () => {
    const { manager } = managed();
    manager.createBudget(BLOCK);
    for (const bad of [NaN, Infinity, -1, "many", undefined, null, {}]) {
      await assert.rejects(manager.checkBudget("a", bad), { code: "invalid_amount" });
      await assert.rejects(manager.reserve({ requestId: "r", amount: bad }), { code: "invalid_amount" });
      await assert.rejects(manager.settle("r", bad), { code: "invalid_amount" });
    }
  });

  test("throttle refuses with a time", async () => {
    const { manager } = managed();
    manager.createBudget({ ...BLOCK, action: "throttle" });
    await manager.recordCost(record({ actualCost: 1 }));
    const checked = await manager.checkBudget("a1", 0.1);
    assert.deepEqual([checked.allowed, checked.retryAfterMs], [false, 12 * HOUR]);
    const reserved = await manager.reserve({ requestId: "r", amount: 0.1 });
    assert.deepEqual([reserved.allowed, reserved.retryAfterMs, reserved.resetsAt], [false, 12 * HOUR, "2026-11-22T00:00:00.000Z"]);
  });

  test("every scope binds", async () => {
    const { manager } = managed();
    for (const [type, id] of [["agent", "a"], ["project", "p"], ["organization", "o"], ["model", "m"], ["user", "u"], ["tag", "t"]]) {
      manager.createBudget({ ...BLOCK, scope: { type, id } });
      const scopes = type === "agent" ? [] : [{ type, id }];
      const agentId = type === "agent" ? id : "other";
      assert.equal((await manager.reserve({ requestId: `1${type}`, amount: 1, agentId, scopes })).allowed, true, type);
      const refused = await manager.reserve({ requestId: `2${type}`, amount: 0.01, agentId, scopes });
      assert.deepEqual([refused.allowed, refused.blockedBy.scope], [false, { type, id }]);
      assert.deepEqual(manager.budgetsFor([{ type, id }]).map(({ scope }) => scope), [{ type, id }]);
    }
    assert.equal((await manager.reserve({ requestId: "free", amount: 100, agentId: "free" })).allowed, true);
  });
});

describe("reserving", () => {
  test("20 parallel reserves of $0.50 on $1: two pass, and each threshold alerts once", async () => {
    const { manager } = managed({ storage: new InMemoryCostStorage() });
    const heard = [];
    manager.onAlert(({ threshold }) => heard.push(threshold));
    manager.createBudget(BLOCK);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => manager.reserve({ requestId: `r${n}`, amount: 0.5 })));
    const allowed = answers.filter((answer) => answer.allowed);
    assert.equal(allowed.length, 2);
    assert.deepEqual(heard.sort((a, b) => a - b), [50, 75, 90, 100]);
    assert.deepEqual(answers.flatMap(({ alerts }) => alerts).length, 4);
    assert.equal(answers.find((answer) => !answer.allowed).remaining, "0");
    assert.equal(answers[0].guarantee, "per-instance");
    await Promise.all(allowed.map(({ requestId }) => manager.settle(requestId, "0.4")));
    const status = await manager.getBudgetStatus("all:daily:b");
    assert.deepEqual([status.spentUsd, status.heldUsd, status.availableUsd], ["0.8", "0", "0.2"]);
    // Two of the projected alerts came true; the list holds each once.
    assert.deepEqual(manager.getAlerts().map(({ threshold, projected }) => [threshold, projected]), [[50, false], [75, false], [90, true], [100, true]]);
  });

  test("no interleaving overspends", async () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const next = random(seed);
      const { manager, clock } = managed({ storage: new InMemoryCostStorage() });
      manager.createBudget(BLOCK);
      await Promise.all(
        Array.from({ length: 30 }, async (_, n) => {
          for (let wait = Math.floor(next() * 5); wait > 0; wait -= 1) await null;
          const amount = Math.ceil(next() * 60) / 100;
          const { allowed } = await manager.reserve({ requestId: `r${n}`, amount, leaseMs: 1 + Math.floor(next() * 1000) });
          if (!allowed) return;
          clock.now += Math.floor(next() * 200);
          const fate = next();
          if (fate < 0.5) await manager.settle(`r${n}`, Math.floor(amount * 100 * next()) / 100);
          else if (fate < 0.7) await manager.release(`r${n}`);
          const { spentUsd, heldUsd } = await manager.getBudgetStatus("all:daily:b");
          assert.ok(Math.round((Number(spentUsd) + Number(heldUsd)) * 100) <= 100, `seed ${seed}: ${spentUsd} + ${heldUsd}`);
        }),
      );
    }
  });

  test("settling, releasing, leases", async () => {
    const { manager, clock } = managed();
    manager.createBudget(BLOCK);
    await manager.reserve({ requestId: "r", amount: "0.5" });
    const { alerts, ...settled } = await manager.settle("r", 0.3);
    assert.deepEqual(settled, { status: "settled", charged: "0.3", returned: "0.2" });
    assert.deepEqual(alerts, []);
    assert.equal((await manager.settle("r", 0.3)).status, "already");
    assert.equal((await manager.settle("none", 0.3)).status, "unknown");
    await manager.reserve({ requestId: "over", amount: "0.5" });
    assert.equal((await manager.settle("over", "0.9")).overage, "0.4");
    assert.equal((await manager.getBudgetStatus("all:daily:b")).overageUsd, "0.2");
    clock.now += 24 * HOUR;
    await manager.reserve({ requestId: "left", amount: "0.5", leaseMs: 1000 });
    assert.equal(await manager.release("none"), false);
    clock.now += 1000;
    assert.equal((await manager.getBudgetStatus("all:daily:b")).spentUsd, "0.5");
    assert.equal((await manager.settle("left", "0.1")).status, "corrected");
    assert.equal(await manager.release("left"), false);
    // Nothing was billed for what its lease had charged.
    await manager.reserve({ requestId: "unbilled", amount: "0.5", leaseMs: 1000 });
    clock.now += 1000;
    assert.equal(await manager.release("unbilled"), true);
    assert.equal((await manager.getBudgetStatus("all:daily:b")).spentUsd, "0.1");
    await assert.rejects(manager.reserve({ requestId: "left", amount: "0.1" }), { code: "invalid_input" });
    await assert.rejects(manager.reserve({ requestId: "x", amount: 1, lease: 1 }), { code: "unknown_option" });
    for (const leaseMs of [0, -1, NaN, Infinity, 1e12]) await assert.rejects(manager.reserve({ requestId: "x", amount: 1, leaseMs }), { code: "invalid_input" });
    await assert.rejects(manager.reserve({ requestId: "x", amount: 1, scopes: [{ type: "team", id: "x" }] }), { code: "invalid_input" });
  });
});

describe("records", () => {
  const spent = async (manager) => (await manager.getBudgetStatus("all:daily:b")).spentUsd;

  test("count once, whichever way they come", async () => {
    const storage = new InMemoryCostStorage();
    const { manager } = managed({ storage });
    await storage.store(record({ id: "before", actualCost: 0.01 }));
    await storage.store(record({ id: "yesterday", timestamp: "2026-11-20T23:59:59.999Z" }));
    manager.createBudget(BLOCK);
    await manager.recordCost(record({ id: "before", actualCost: 0.01 }));
    await storage.store(record({ id: "both", actualCost: 0.1 }));
    await manager.recordCost(record({ id: "both", actualCost: 0.1 }));
    await manager.recordCost(record({ id: "told", actualCost: 0.2 }));
    await storage.store(record({ id: "told", actualCost: 0.2 }));
    await storage.store(record({ id: "stored", actualCost: 0.3 }));
    assert.equal(await spent(manager), "0.61");
    assert.equal(await spent(manager), "0.61");
  });

  test("count without any storage", async () => {
    const { manager } = managed();
    const budget = manager.createBudget({ ...BLOCK, alertThresholds: [50, 90, 100] });
    await manager.recordCost(record({ actualCost: 0.6 }));
    assert.deepEqual(manager.getAlerts(budget.id).map(({ threshold, severity, projected }) => [threshold, severity, projected]), [[50, "info", false]]);
    await manager.recordCost(record({ id: "r2", actualCost: 0.4 }));
    assert.deepEqual(manager.getAlerts(budget.id).map(({ threshold, severity }) => [threshold, severity]), [[50, "info"], [90, "warning"], [100, "critical"]]);
    const status = await manager.getBudgetStatus(budget.id);
    assert.deepEqual([status.currentSpending, status.remaining, status.percentageUsed, status.isExceeded, status.activeAlerts], [1, 0, 100, false, [50, 90, 100]]);
  });

  test("of a request that was reserved by hand count once", async () => {
    const { manager } = managed();
    manager.createBudget(BLOCK);
    await manager.reserve({ requestId: "by hand", amount: 0.5 });
    await manager.settle("by hand", 0.3);
    // It names no reservation: its request is the one.
    await manager.recordCost(record({ id: "x", requestId: "by hand", actualCost: 0.3 }));
    assert.equal(await spent(manager), "0.3");
    await manager.recordCost(record({ id: "y", requestId: "another", actualCost: 0.1 }));
    assert.equal(await spent(manager), "0.4");
  });

  test("corrected by a higher revision are counted at their new cost", async () => {
    const storage = new InMemoryCostStorage();
    const { manager } = managed({ storage });
    manager.createBudget(BLOCK);
    await storage.store(record({ id: "x", actualCost: 0.3 }));
    assert.equal(await spent(manager), "0.3");
    await storage.store(record({ id: "x", actualCost: 0.2, revision: 1 }));
    assert.equal(await spent(manager), "0.2");
    await manager.recordCost(record({ id: "x", actualCost: 0.9 }));
    assert.equal(await spent(manager), "0.2");
  });

  test("of a reservation that is known never count again", async () => {
    const storage = new InMemoryCostStorage();
    const { manager } = managed({ storage });
    manager.createBudget(BLOCK);
    await manager.reserve({ requestId: "q1#1", amount: 0.5 });
    await storage.store(record({ id: "x", actualCost: 0.3, reservationId: "q1#1" }));
    await manager.settle("q1#1", 0.3);
    await manager.recordCost(record({ id: "x", actualCost: 0.3, reservationId: "q1#1" }));
    assert.equal(await spent(manager), "0.3");
    // A budget that comes later counts the reservation, and not its record beside it.
    const late = manager.createBudget({ ...BLOCK, name: "late", period: "monthly" });
    assert.equal((await manager.getBudgetStatus(late.id)).spentUsd, "0.3");
    // Another process knows the record only.
    const { manager: other } = managed({ storage });
    other.createBudget(BLOCK);
    assert.equal(await spent(other), "0.3");
  });

  test("a storage that can't be subscribed to is looked at, from where it was left", async () => {
    const inner = new InMemoryCostStorage();
    const ranges = [];
    const storage = {
      getByDateRange(start, end) {
        ranges.push(new Date(start).toISOString());
        return inner.getByDateRange(start, end);
      },
    };
    const { manager, clock } = managed({ storage });
    manager.createBudget(BLOCK);
    await inner.store(record({ id: "a", actualCost: 0.1, timestamp: new Date(NOON - 3 * HOUR) }));
    assert.equal(await spent(manager), "0.1");
    clock.now += HOUR;
    await inner.store(record({ id: "b", actualCost: 0.1, timestamp: new Date(clock.now) }));
    assert.equal(await spent(manager), "0.2");
    assert.equal(await spent(manager), "0.2");
    assert.deepEqual(ranges, ["2026-11-21T00:00:00.000Z", "2026-11-21T11:50:00.000Z", "2026-11-21T12:50:00.000Z"]);
  });

  test("work over localStorage", async () => {
    globalThis.localStorage = new FakeLocalStorage();
    try {
      const storage = new LocalStorageCostStorage();
      const manager = new BudgetManager(storage);
      manager.createBudget(BLOCK);
      await storage.store(record({ actualCost: 0.25, timestamp: new Date() }));
      assert.equal(await spent(manager), "0.25");
    } finally {
      delete globalThis.localStorage;
    }
  });

  test("P14: agents do not share a budget; P16: recording raises spending by the cost", async () => {
    for (let seed = 0; seed < 100; seed += 1) {
      const next = random(seed);
      const { manager } = managed();
      const ids = ["a", "b"].map((id) => manager.createBudget({ ...BLOCK, limit: 1000, scope: { type: "agent", id } }).id);
      const sums = { a: 0, b: 0 };
      for (let n = 0; n < 10; n += 1) {
        const agentId = next() < 0.5 ? "a" : "b";
        const cents = Math.floor(next() * 1000);
        sums[agentId] += cents;
        await manager.recordCost(record({ id: `r${n}`, agentId, actualCost: cents / 100 }));
        for (const [index, agent] of ["a", "b"].entries()) {
          assert.equal((await manager.getBudgetStatus(ids[index])).currentSpending, sums[agent] / 100);
        }
      }
    }
  });

  test("bad ones are refused", async () => {
    const { manager } = managed();
    await assert.rejects(manager.recordCost(record({ actualCost: NaN })), { code: "invalid_amount" });
    await assert.rejects(manager.recordCost(undefined), { code: "invalid_input" });
  });
});

describe("windows", () => {
  test("turn over, and arm alerts again", async () => {
    const { manager, clock } = managed();
    const heard = [];
    const stop = manager.onAlert(({ threshold, periodStart }) => heard.push([threshold, periodStart]));
    const budget = manager.createBudget({ name: "b", limit: 1, period: "hourly", alertThresholds: [50] });
    await manager.recordCost(record({ id: "1", actualCost: 0.6, timestamp: new Date(clock.now) }));
    clock.now += HOUR;
    assert.equal((await manager.getBudgetStatus(budget.id)).spentUsd, "0");
    await manager.recordCost(record({ id: "2", actualCost: 0.6, timestamp: new Date(clock.now) }));
    // A raised limit arms what is no longer reached.
    manager.updateBudget(budget.id, { limit: 2 });
    await manager.recordCost(record({ id: "3", actualCost: 0.4, timestamp: new Date(clock.now) }));
    stop();
    await manager.recordCost(record({ id: "4", actualCost: 9, timestamp: new Date(clock.now) }));
    assert.deepEqual(heard, [
      [50, "2026-11-21T12:00:00.000Z"],
      [50, "2026-11-21T13:00:00.000Z"],
      [50, "2026-11-21T13:00:00.000Z"],
    ]);
  });

  test("follow the zone and the week that were asked for", async () => {
    const { manager } = managed({ timeZone: "America/New_York", weekStart: "sunday" });
    for (const [period, start, end] of [
      ["hourly", "2026-11-21T12:00:00.000Z", "2026-11-21T13:00:00.000Z"],
      ["daily", "2026-11-21T05:00:00.000Z", "2026-11-22T05:00:00.000Z"],
      ["weekly", "2026-11-15T05:00:00.000Z", "2026-11-22T05:00:00.000Z"],
      // November has 30 days and an hour: the clocks go back on the 1st.
      ["monthly", "2026-11-01T04:00:00.000Z", "2026-12-01T05:00:00.000Z"],
    ]) {
      const { id } = manager.createBudget({ name: period, limit: 1, period });
      const status = await manager.getBudgetStatus(id);
      assert.deepEqual([status.periodStart, status.periodEnd], [start, end], period);
    }
    const { id } = manager.createBudget({ name: "all", limit: 1, period: "total", timeZone: "UTC" });
    const { periodStart, periodEnd } = await manager.getBudgetStatus(id);
    assert.deepEqual([periodStart, periodEnd], [undefined, undefined]);
  });
});

test("a listener that throws changes nothing", async (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  const { manager } = managed();
  manager.createBudget(BLOCK);
  manager.onAlert(() => {
    throw new Error("mine");
  });
  await manager.recordCost(record({ actualCost: 1 }));
  assert.equal(manager.getAlerts().length, 4);
  assert.equal(warn.mock.callCount(), 1);
});
