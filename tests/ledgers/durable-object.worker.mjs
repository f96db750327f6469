// Budgets in Durable Objects, and the Workers that use them.
import { BudgetManager, DurableObjectBudgetLedger } from "tollgate";
import { TollgateBudgets } from "tollgate/durable-object";
import { conformance, crowd } from "./conformance.mjs";

export { TollgateBudgets };

/** One that is restarted again and again: before a message, and after it was written and before it is answered. */
export class Restarted extends TollgateBudgets {
  /** How many messages it lives. */
  get life() {
    return 3;
  }

  #left = this.life;

  async ledger(message, parent) {
    this.#left -= 1;
    // A new object begins to count anew: some messages get through before the next restart.
    if (this.#left === 0 && message.length % 2 === 0) this.ctx.abort("restarted before a message");
    const answer = await super.ledger(message, parent);
    if (this.#left <= 0) this.ctx.abort("restarted before the answer");
    return answer;
  }
}

/** Slices meet more restarts on their way: theirs, and that of the object they are slices of. */
export class Shaken extends Restarted {
  get life() {
    return 8;
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

/** One that tells how much memory its core has. */
export class Weighed extends TollgateBudgets {
  memory() {
    return memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  }
}

const memories = [];
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, args) {
    const instance = new target(...args);
    memories.push(instance.exports.memory);
    return instance;
  },
});

const of = (namespace, name) => () => namespace.get(namespace.idFromName(name));
const ledgers = {
  object: (env) => async (name) => new DurableObjectBudgetLedger(of(env.BUDGETS, name)),
  alone: (env) => async (name) => new DurableObjectBudgetLedger(of(env.BUDGETS, name), { coalesce: false }),
  slices: (env) => async (name) => new DurableObjectBudgetLedger((slice) => of(env.BUDGETS, name + slice)(), { slices: 4 }),
  slicesAlone: (env) => async (name) => new DurableObjectBudgetLedger((slice) => of(env.BUDGETS, name + slice)(), { slices: 4, coalesce: false }),
  restartedSlices: (env) => async (name) => new DurableObjectBudgetLedger((slice) => of(env.SHAKEN, name + slice)(), { slices: 4 }),
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
  async ask(env, { name, kind = "object", method, args }) {
    return (await ledgers[kind](env)(name))[method](...args);
  },
  /** Messages of charges of ten days ago, `count` in all, each known by the time it is told again; a budget for which they are too old. */
  async weigh(env, { name, count, pots: [first, second] }) {
    const object = of(env.WEIGHED, name)();
    const ask = async (...ops) => JSON.parse(await object.ledger(JSON.stringify({ v: 1, ops }))).answers;
    const at = new Date(Date.now() - 10 * 86_400_000).toISOString();
    const scopes = [{ type: "agent", id: "one that has a name of some length, as they have" }];
    const charges = async () => {
      for (let from = 0; from < count; from += 200) {
        await ask(...Array.from({ length: 200 }, (_, n) => ({ op: "charge", id: `record-${from + n}`, usd: "0.01", scopes, at })));
      }
    };
    await ask({ op: "put", budgets: [first], mode: "attach" });
    await charges();
    // So that something is in the log.
    await ask({ op: "reserve", id: "r", usd: "0.1", scopes: [], leaseMs: 600_000 });
    const told = await object.memory();
    await charges();
    const again = await object.memory();
    await ask({ op: "put", budgets: [second], mode: "attach" });
    const adopted = await object.memory();
    const [{ ok }] = await ask({ op: "status" });
    return { told, again, adopted, spent: ok.map(({ spentUsd, heldUsd }) => [spentUsd, heldUsd]) };
  },
  async raw(env, { name, message, later, parent }) {
    const object = of(later ? env.LATER : env.BUDGETS, name)();
    return JSON.parse(await (parent === undefined ? object.ledger(message) : object.ledger(message, env.BUDGETS.idFromName(parent).toString())));
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
