// What bench/ledger.mjs measures: clients in one isolate, and a Durable Object beside it.
import { DurableObject } from "cloudflare:workers";
import { DurableObjectBudgetLedger } from "../dist/index.js";
import { TollgateBudgets } from "../dist/durable-object.js";

export { TollgateBudgets };

/** Two SQL statements for each call, and nothing else: what an object can do at all. */
export class Bare extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS held (id TEXT PRIMARY KEY, usd INTEGER)");
  }

  async reserve(id) {
    this.ctx.storage.sql.exec("INSERT OR REPLACE INTO held (id, usd) VALUES (?, ?)", id, 1);
    return [...this.ctx.storage.sql.exec("SELECT sum(usd) AS held FROM held")][0].held;
  }

  async settle(id) {
    this.ctx.storage.sql.exec("DELETE FROM held WHERE id = ?", id);
    return [...this.ctx.storage.sql.exec("SELECT count(*) AS left FROM held")][0].left;
  }
}

const SCOPES = ["a", "b", "c", "d"].map((id) => [{ type: "agent", id }, { type: "project", id: "p" }]);
const budget = (name, scope) => ({
  id: `${name}`,
  name,
  limit: 1e6,
  limitUsd: "1000000",
  period: "daily",
  alertThresholds: [50, 75, 90, 100],
  action: "block",
  enabled: true,
  timeZone: "UTC",
  weekStart: "monday",
  revision: 1,
  ...(scope === undefined ? {} : { scope }),
});

/** So many pairs by so many clients at once, and how long each took. */
async function pairs(clients, count, pair) {
  let next = 0;
  const times = [];
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next < count) {
        const begun = performance.now();
        await pair((next += 1));
        times.push(performance.now() - begun);
      }
    }),
  );
  return times;
}

const quantile = (times, share) => times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(share * times.length))];

let run = 0;

export default {
  async fetch(request, env) {
    const { kind, clients, count } = await request.json();
    run += 1;
    const name = `${kind}-${run}`;
    const stub = (slice = "") => env[kind === "bare" ? "BARE" : "BUDGETS"].getByName(name + slice);
    const slices = kind.startsWith("slices") ? 4 : 0;
    const times = [];
    /** Time moves on with each answer that comes in. */
    const timed = async (call) => {
      const begun = performance.now();
      const answer = await call();
      times.push(performance.now() - begun);
      return answer;
    };
    let pair;
    if (kind === "bare") {
      const object = stub();
      await object.reserve("warm");
      pair = async (n) => {
        await timed(() => object.reserve(`r${n}`));
        await object.settle(`r${n}`);
      };
    } else {
      const ledger = new DurableObjectBudgetLedger(stub, { coalesce: kind === "together" || kind === "slices", slices });
      await ledger.put([budget("all"), budget("project", { type: "project", id: "p" }), ...SCOPES.map(([agent]) => budget(`agent ${agent.id}`, agent))], "attach");
      pair = async (n) => {
        const { allowed } = await timed(() => ledger.reserve({ reservationId: `${name}/${n}`, usd: "0.01", scopes: SCOPES[Math.abs(n) % SCOPES.length], leaseMs: 600_000 }));
        if (!allowed) throw new Error("expected to be allowed");
        await ledger.settle(`${name}/${n}`, "0.004");
      };
    }
    await pairs(clients, Math.min(count, 200), (n) => pair(-n));
    times.length = 0;
    const begun = performance.now();
    const whole = await pairs(clients, count, pair);
    const seconds = (performance.now() - begun) / 1000;
    return Response.json({ perSecond: count / seconds, p50: quantile(times, 0.5), p99: quantile(times, 0.99), pair99: quantile(whole, 0.99) });
  },
};
