// Kinds of budgets through the manager and the guarded clients: tokens, requests, rolling windows, raises, top-ups, soft limits.
// Their laws are tests/budget_kinds.rs.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { BudgetExceededError, BudgetManager, ConfigurationError, CostTracker, GuardedOpenAI, InMemoryCostStorage, MemoryBudgetLedger, ValidationError } from "tollgate";
import { record } from "./lib/records.mjs";

const NOON = Date.parse("2026-11-21T12:00:00Z");
const MINUTE = 60_000;

function managed({ storage, ...options } = {}) {
  const clock = { now: NOON };
  return { clock, manager: new BudgetManager(storage, { now: () => clock.now, ...options }) };
}

/** A client whose provider says that it used so many tokens. */
function client(budgetManager, config = {}) {
  const asked = [];
  const openai = new GuardedOpenAI({
    apiKey: "sk-test",
    budgetManager,
    costStorage: new InMemoryCostStorage(),
    enableGuardrails: false,
    fetch: async (_url, init) => {
      asked.push(JSON.parse(init.body));
      const message = { role: "assistant", content: "ok" };
      return Response.json({ id: "c", object: "chat.completion", created: 1, model: "gpt-4o-mini", choices: [{ index: 0, message, finish_reason: "stop" }], usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 } });
    },
    ...config,
  });
  const ask = (more = {}) => openai.chat.completions.create({ model: "gpt-4o-mini", max_completion_tokens: 50, messages: [{ role: "user", content: "Hello" }], ...more });
  return { ask, asked };
}

describe("budgets of tokens and requests", () => {
  test("a guarded call holds its bound and settles what was used", async () => {
    const manager = new BudgetManager();
    const tokens = manager.createBudget({ name: "t", unit: "tokens", limit: 4_000, period: "daily", action: "block" });
    const calls = manager.createBudget({ name: "r", unit: "requests", limit: 20, period: "daily", action: "block" });
    assert.deepEqual([tokens.id, tokens.unit, tokens.limit, tokens.limitUsd], ["all:daily.tokens:t", "tokens", 4_000, undefined]);
    const { ask, asked } = client(manager);
    const { security } = await ask();
    assert.equal(security.costRecord.actualTokens.totalTokens, 15);
    const status = await manager.getBudgetStatus(tokens.id);
    assert.deepEqual([status.currentSpending, status.held, status.available, status.spentUsd], [15, 0, 3_985, undefined]);
    assert.equal((await manager.getBudgetStatus(calls.id)).currentSpending, 1);
    // All at once: never more is held than there is.
    const answers = await Promise.allSettled(Array.from({ length: 12 }, () => ask()));
    const refused = answers.filter(({ status }) => status === "rejected").map(({ reason }) => reason);
    assert.ok(refused.length > 0 && refused.length < 12, `${refused.length} were refused`);
    assert.equal(asked.length, 1 + 12 - refused.length);
    const [error] = refused;
    assert.ok(error instanceof BudgetExceededError);
    assert.deepEqual([error.message, error.unit, error.budget.id], ["Budget exceeded: t (Limit: 4000 tokens)", "tokens", tokens.id]);
    assert.ok(Number(error.cost) > Number(error.remaining));
    assert.equal((await manager.getBudgetStatus(tokens.id)).currentSpending, 15 * asked.length);
    assert.equal((await manager.getBudgetStatus(calls.id)).currentSpending, asked.length);
  });

  test("a call that failed is no request, and no token", async () => {
    const manager = new BudgetManager();
    const calls = manager.createBudget({ name: "r", unit: "requests", limit: 1, period: "daily", action: "block" });
    const failing = client(manager, { fetch: async () => Response.json({ error: { message: "no" } }, { status: 400 }) });
    await assert.rejects(failing.ask());
    assert.equal((await manager.getBudgetStatus(calls.id)).currentSpending, 0);
    const { ask } = client(manager);
    await ask();
    await assert.rejects(ask(), (error) => error instanceof BudgetExceededError && error.message === "Budget exceeded: r (Limit: 1 requests)");
  });

  test("an output maximum is lowered to the tokens that are left", async () => {
    const manager = new BudgetManager();
    manager.createBudget({ name: "t", unit: "tokens", limit: 1_000, period: "daily", action: "block" });
    const { ask, asked } = client(manager, { outputBound: "clamp" });
    const { security } = await ask({ max_completion_tokens: 5_000 });
    assert.ok(asked[0].max_completion_tokens > 0 && asked[0].max_completion_tokens < 1_000, String(asked[0].max_completion_tokens));
    assert.ok(security.warnings.some(({ code }) => code === "output_bound_clamped"));
  });

  test("by hand: what is held, settled, asked and recorded", async () => {
    const { manager } = managed();
    const { id } = manager.createBudget({ name: "t", unit: "tokens", limit: 100, period: "daily", action: "block", alertThresholds: [50] });
    await assert.rejects(manager.reserve({ requestId: "a", amount: 1 }), { name: "ValidationError", code: "invalid_input" });
    assert.equal((await manager.reserve({ requestId: "a", amount: 1, tokens: 80 })).allowed, true);
    const denied = await manager.reserve({ requestId: "b", amount: 1, tokens: 21 });
    assert.deepEqual([denied.allowed, denied.remaining, denied.unit], [false, "20", "tokens"]);
    assert.equal((await manager.settle("a", { usd: "0.1", tokens: 30 })).chargedTokens, 30);
    await manager.recordCost(record({ id: "free", agentId: "z", timestamp: new Date(NOON).toISOString(), actualTokens: { inputTokens: 20, outputTokens: 5, totalTokens: 25 } }));
    assert.equal((await manager.getBudgetStatus(id)).currentSpending, 55);
    assert.equal((await manager.checkBudget("z", { usd: 1, tokens: 45 })).allowed, true);
    const checked = await manager.checkBudget("z", { usd: 1, tokens: 46 });
    assert.deepEqual([checked.allowed, checked.blockedBy.id], [false, id]);
    assert.equal((await manager.checkBudget("z", 1)).allowed, true);
    for (const tokens of [-1, 1.5, NaN, "7"]) await assert.rejects(manager.settle("a", { usd: 1, tokens }), ValidationError);
    const [alert] = manager.getAlerts(id);
    assert.deepEqual([alert.unit, alert.limit, alert.limitUsd], ["tokens", 100, undefined]);
  });
});

describe("limits that change by themselves", () => {
  test("a rolling window says when enough is free", async () => {
    const { manager, clock } = managed();
    const { id } = manager.createBudget({ name: "r", limit: 1, period: "hourly", rolling: true, action: "throttle" });
    assert.equal(id, "all:hourly.rolling:r");
    await manager.reserve({ requestId: "a", amount: 1 });
    await manager.settle("a", 1);
    clock.now += 30 * MINUTE;
    const denied = await manager.reserve({ requestId: "b", amount: "0.5" });
    assert.equal(denied.retryAfterMs, 31 * MINUTE);
    assert.equal((await manager.checkBudget("x", "0.5")).retryAfterMs, denied.retryAfterMs);
    clock.now += denied.retryAfterMs;
    assert.equal((await manager.reserve({ requestId: "b", amount: "0.5" })).allowed, true);
  });

  test("what is left is carried over, up to a bound", async () => {
    const { manager, clock } = managed();
    const { id } = manager.createBudget({ name: "c", limit: 1, period: "daily", action: "block", carryOver: "0.25" });
    await manager.flush();
    clock.now += 24 * 60 * MINUTE;
    const status = await manager.getBudgetStatus(id);
    assert.deepEqual([status.effectiveLimit, status.carriedOver, status.remainingUsd], ["1.25", "0.25", "1.25"]);
  });

  test("a raise has an end and a reason, a top-up counts once", async () => {
    const { manager, clock } = managed();
    const { id } = manager.createBudget({ name: "b", limit: 1, period: "daily", action: "block" });
    const until = new Date(NOON + 10 * MINUTE);
    const raised = await manager.raiseLimit(id, { amount: 2, until, reason: "launch day" });
    assert.equal(raised.effectiveLimit, "3");
    assert.deepEqual([raised.adjustments[0].reason, raised.adjustments[0].until], ["launch day", until.toISOString()]);
    clock.now += 10 * MINUTE;
    const after = await manager.getBudgetStatus(id);
    assert.deepEqual([after.effectiveLimit, after.adjustments.length], [undefined, 1]);
    await assert.rejects(manager.raiseLimit(id, { amount: 2, until: NOON + MINUTE, reason: "too late" }), { code: "invalid_input" });
    await assert.rejects(manager.raiseLimit(id, { amount: 2, until: "soon", reason: "x" }), { code: "invalid_input" });
    await assert.rejects(manager.raiseLimit(id, { amount: 2, until: NOON * 2, reason: "" }), { code: "invalid_input" });
    await assert.rejects(manager.topUp(id, { id: "p", amount: 2 }), { code: "invalid_config" });

    const prepaid = manager.createBudget({ name: "prepaid", limit: 0, period: "total", action: "block" });
    await Promise.all([1, 2, 3].map(() => manager.topUp(prepaid.id, { id: "pay_1", amount: "9.5", reason: "invoice 7" })));
    assert.equal((await manager.topUp(prepaid.id, { id: "pay_2", amount: 1 })).remainingUsd, "10.5");
    await assert.rejects(manager.topUp(prepaid.id, { id: "pay_2", amount: 2 }), { code: "invalid_input" });
    await assert.rejects(manager.topUp("nobody's", { id: "pay_3", amount: 2 }), { code: "invalid_input" });

    const { guarantee } = new MemoryBudgetLedger();
    const old = new Proxy(new MemoryBudgetLedger(), { get: (ledger, key) => (key === "adjust" ? undefined : key === "guarantee" ? guarantee : ledger[key].bind(ledger)) });
    const without = new BudgetManager(undefined, { ledger: old });
    const theirs = without.createBudget({ name: "b", limit: 1, period: "total" });
    await assert.rejects(without.topUp(theirs.id, { id: "p", amount: 1 }), ConfigurationError);
  });

  test("a soft limit is told, and lets through", async () => {
    const { manager } = managed();
    const { id } = manager.createBudget({ name: "s", limit: 1, softLimit: "0.5", period: "daily", action: "block", alertThresholds: [100] });
    const told = [];
    manager.onAlert((alert) => told.push(`${alert.kind} ${alert.projected}`));
    assert.equal((await manager.reserve({ requestId: "a", amount: "0.5" })).overSoftLimit, undefined);
    const over = await manager.reserve({ requestId: "b", amount: "0.25" });
    assert.deepEqual([over.allowed, over.overSoftLimit], [true, [id]]);
    await manager.settle("a", "0.5");
    await manager.settle("b", "0.25");
    assert.deepEqual(told, ["soft_limit true", "soft_limit false"]);
    assert.equal((await manager.getBudgetStatus(id)).isOverSoftLimit, true);
    assert.throws(() => manager.createBudget({ name: "x", limit: 1, softLimit: NaN, period: "daily" }), ValidationError);
  });
});

test("a call whose price is not known is weighed by its tokens all the same", async () => {
  const manager = new BudgetManager();
  const { id } = manager.createBudget({ name: "t", unit: "tokens", limit: 1_000, period: "daily", action: "alert" });
  const costTracker = new CostTracker();
  const { ask } = client(manager, { costTracker });
  await ask({ model: "nobody-knows-1" });
  assert.equal((await manager.getBudgetStatus(id)).currentSpending, 15);
});

test("how fast it is spent is told before how much, and once", async () => {
  const { manager, clock } = managed();
  const { id } = manager.createBudget({ name: "f", limit: 24, period: "daily", action: "block", alertThresholds: [100], burnRate: 4, forecast: true });
  const told = [];
  manager.onAlert(({ kind, burnRate, exhaustsAt }) => told.push([kind, burnRate, exhaustsAt]));
  await manager.reserve({ requestId: "a", amount: 6 });
  assert.deepEqual(told, [], "what is held is not spent");
  await manager.settle("a", 6);
  // Six dollars in the last hour, of which one lasts; 18 are left. One call makes no forecast.
  const at = new Date(NOON + 3 * 60 * MINUTE).toISOString();
  assert.deepEqual(told, [["burn_rate", 6, at]]);
  for (const id of ["b", "c"]) {
    clock.now += 3 * MINUTE;
    await manager.reserve({ requestId: id, amount: 3 });
    await manager.settle(id, 3);
  }
  // Nine in the last hour, and without the dearest three: two calls are enough.
  assert.deepEqual(told.slice(1), [["forecast", 9, new Date(NOON + 3 * MINUTE + 100 * MINUTE).toISOString()]]);
  assert.deepEqual(manager.getAlerts(id).map(({ kind, threshold }) => [kind, threshold]), [["burn_rate", 100], ["forecast", 100]]);
  // The question goes by thresholds alone.
  assert.deepEqual((await manager.checkBudget("x", 18)).alerts.map(({ kind, threshold }) => [kind, threshold]), [[undefined, 100]]);
});
