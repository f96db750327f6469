// Budgets in Durable Objects, and the Workers that use them.
import { BudgetManager, DurableObjectBudgetLedger } from "tollgate";
import { TollgateBudgets } from "tollgate/durable-object";
import { conformance, crowd } from "./conformance.mjs";

export { TollgateBudgets };

/** One that is restarted again and again: before a message, and after it was written and before it is answered. */
export class Restarted extends TollgateBudgets {
  #left = 3;

  async ledger(message) {
    this.#left -= 1;
    // A new object begins to count anew: some messages get through before the next restart.
    if (this.#left === 0 && message.length % 2 === 0) this.ctx.abort("restarted before a message");
    const answer = await super.ledger(message);
    if (this.#left <= 0) this.ctx.abort("restarted before the answer");
    return answer;
  }
}

/** One whose database a later release has written. */
export class Later extends TollgateBudgets {
  async ledger(message) {
    if (message !== "age") return super.ledger(message);
    this.ctx.storage.sql.exec("UPDATE tollgate_meta SET schema_version = 1000");
    this.ctx.storage.sql.exec("ALTER TABLE tollgate_rows ADD COLUMN more TEXT");
    await this.ctx.storage.sync();
    this.ctx.abort("a new release");
  }
}

const of = (namespace, name) => () => namespace.get(namespace.idFromName(name));
const ledgers = {
  object: (env) => async (name) => new DurableObjectBudgetLedger(of(env.BUDGETS, name)),
  alone: (env) => async (name) => new DurableObjectBudgetLedger(of(env.BUDGETS, name), { coalesce: false }),
  restarted: (env) => async (name) => new DurableObjectBudgetLedger(of(env.RESTARTED, name)),
};

/** One for all requests of the isolate. */
let shared;

const calls = {
  conformance: (env, { kind, ...options }) => conformance(ledgers[kind](env), options),
  crowd: (env, { kind, ...options }) => crowd(ledgers[kind](env), options),
  /** One call of many, each a request of its own. */
  async pair(env, { id, usd, limitUsd, name }) {
    shared ??= new BudgetManager(undefined, { ledger: await ledgers.object(env)(name), requireGuarantee: "hard" });
    shared.createBudget({ name: "pot", limit: limitUsd, period: "total", action: "block" });
    const { allowed } = await shared.reserve({ requestId: id, amount: usd });
    if (allowed) await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    return { allowed, settled: allowed ? (await shared.settle(id, usd)).status : undefined };
  },
  async status(env, { name, ids }) {
    return new DurableObjectBudgetLedger(of(env.BUDGETS, name)).status(ids);
  },
  async ask(env, { name, method, args }) {
    return new DurableObjectBudgetLedger(of(env.BUDGETS, name))[method](...args);
  },
  async raw(env, { name, message, later }) {
    return JSON.parse(await of(later ? env.LATER : env.BUDGETS, name)().ledger(message));
  },
};

export default {
  async fetch(request, env) {
    try {
      return Response.json(await calls[new URL(request.url).pathname.slice(1)](env, await request.json()));
    } catch (error) {
      return Response.json({ code: error.code, text: String(error?.stack ?? error) }, { status: 500 });
    }
  },
};
