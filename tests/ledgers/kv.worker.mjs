// Budgets in KV, in workerd: what an advisory ledger can promise, and what it can't.
import { KVBudgetLedger } from "tollgate";
import { budget, conformance, crowd } from "./conformance.mjs";

/** Instances, as isolates are, over one binding; a write a second would take the test too long. */
const instance = (env, namespace, more = {}) => new KVBudgetLedger(env.KV, { namespace, writeMs: 0, refreshMs: 0, ...more });

/** One instance for each name: what it has reserved is known to it alone. */
function kept(env) {
  const ledgers = new Map();
  return async (name) => {
    if (!ledgers.has(name)) ledgers.set(name, instance(env, name));
    return ledgers.get(name);
  };
}

const hold = (ledger, reservationId, usd, scopes = []) => ledger.reserve({ reservationId, usd, scopes, leaseMs: 60_000 });
const stands = async (ledger) => (await ledger.status()).map(({ spentUsd, heldUsd }) => [spentUsd, heldUsd]);

const calls = {
  conformance: (env, options) => conformance(kept(env), options),
  crowd: (env, options) => crowd(kept(env), options),
  async seen(env) {
    const [one, other] = [instance(env, "seen"), instance(env, "seen")];
    const scopes = [{ type: "agent", id: "a:1 \u00e9" }];
    await one.put([budget({ name: "all", limitUsd: "1" }), budget({ name: "agent", limitUsd: "0.5", period: "daily", scope: scopes[0] })], "attach");
    const ids = (await other.list()).map(({ id }) => id);
    const found = { guarantees: [], ids };
    const held = await hold(one, "r1", "0.3", scopes);
    found.guarantees.push(one.guarantee, held.guarantee, (await one.status())[0].guarantee);
    await new Promise((resolve) => setTimeout(resolve, 50));
    found.whileHeld = [await stands(one), await stands(other)];
    await one.settle("r1", "0.123456789012");
    await one.charge("record", "0.1", [], new Date().toISOString());
    await one.flush();
    found.settled = [await stands(one), await stands(other)];
    found.refused = (await hold(other, "r2", "0.4", scopes)).blockedBy.name;
    found.unknown = [(await other.settle("r1", "0.2")).status, await other.release("r1")];
    await hold(other, "r3", "0.05");
    await other.release("r3");
    await other.flush();
    found.released = [await stands(one), await stands(other)];
    await other.put([{ ...(await other.list())[0], limitUsd: "2", limit: 2 }], "update");
    found.changed = (await one.list()).map(({ limitUsd }) => limitUsd);
    await one.remove(ids[1]);
    found.left = (await other.list()).map(({ name }) => name);
    // What is written is there for an instance that comes later.
    found.later = await stands(instance(env, "seen"));
    return found;
  },
  /** Instances that don't see each other pass a limit together, each alone does not. */
  async together(env, { instances }) {
    const ledgers = Array.from({ length: instances }, () => instance(env, "together", { refreshMs: 60_000 }));
    await ledgers[0].put([budget({ name: "pot", limitUsd: "1" })], "attach");
    for (const ledger of ledgers) await ledger.list();
    const allowed = await Promise.all(
      ledgers.map(async (ledger, at) => {
        const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => hold(ledger, `${at}/${n}`, "0.1")));
        const held = answers.filter(({ allowed }) => allowed);
        await Promise.all(held.map(({ requestId }) => ledger.settle(requestId, "0.1")));
        return held.length;
      }),
    );
    await Promise.all(ledgers.map((ledger) => ledger.flush()));
    const [status] = await instance(env, "together").status();
    return { allowed, spentUsd: status.spentUsd, overageUsd: status.overageUsd };
  },
  async units(env) {
    const [one, other] = [instance(env, "units"), instance(env, "units")];
    const counted = ["tokens", "requests"].map((unit) => {
      const { limitUsd, ...fields } = budget({ name: unit, limitUsd: "1", unit });
      return { ...fields, limit: unit === "tokens" ? 900 : 5 };
    });
    await one.put(counted, "attach");
    const ask = (ledger, id, tokens, requests) => ledger.reserve({ reservationId: id, usd: "0.1", tokens, requests, scopes: [], leaseMs: 60_000 });
    const seen = async () => {
      await Promise.all([one.flush(), other.flush()]);
      const found = { tokens: [], requests: [] };
      for (const ledger of [one, other]) for (const { budget: { unit }, currentSpending, held } of await ledger.status()) found[unit].push([currentSpending, held]);
      return found;
    };
    await ask(one, "a", 400);
    const held = await seen();
    await ask(one, "a+", 100, 0);
    await one.settle("a", "0.05", undefined, 300);
    await one.settle("a+", "0.05", undefined, 80);
    await one.charge("record", "0.01", [], new Date().toISOString(), undefined, undefined, 100);
    const settled = await seen();
    await ask(other, "b", 200);
    await other.release("b");
    const { blockedBy, remaining } = await ask(other, "c", 421);
    const { code } = await ask(other, "d").catch((error) => error);
    return [held, settled, { ...(await seen()), blockedBy: blockedBy.name, remaining, code, adjusts: "adjust" in one }];
  },
  /** What waits for the next write holds no answer back, and is written by flush. */
  async patient(env) {
    const owed = [];
    const ledger = new KVBudgetLedger(env.KV, { namespace: "patient", writeMs: 400, waitUntil: (promise) => owed.push(promise) });
    await ledger.put([budget({ name: "pot", limitUsd: "1" })], "attach");
    await hold(ledger, "r1", "0.2");
    await new Promise((resolve) => setTimeout(resolve, 20));
    const begun = Date.now();
    await ledger.settle("r1", "0.1");
    const took = Date.now() - begun;
    await ledger.flush();
    const wrong = [NaN, "1000", -1].flatMap((value) => ["writeMs", "refreshMs"].map((name) => {
      try {
        return String(new KVBudgetLedger(env.KV, { [name]: value }));
      } catch (error) {
        return error.code;
      }
    }));
    return { quick: took < 200, owed: owed.length, others: await stands(instance(env, "patient")), wrong: [...new Set(wrong)] };
  },
  /** A store that fails, now and then. */
  async failing(env) {
    let [failing, puts] = [false, 0];
    const fails = (method) => async (...args) => {
      if (method === "put") puts += 1;
      if (failing) throw new Error("KV is away");
      return env.KV[method](...args);
    };
    const binding = Object.fromEntries(["get", "put", "delete", "list"].map((method) => [method, fails(method)]));
    const ledger = new KVBudgetLedger(binding, { namespace: "failing", writeMs: 0, refreshMs: 0 });
    await ledger.put([budget({ name: "pot", limitUsd: "1" })], "attach");
    await hold(ledger, "r1", "0.2");
    failing = true;
    const settled = await ledger.settle("r1", "0.1");
    await ledger.flush();
    const code = await hold(ledger, "r2", "0.2").catch((error) => error.code);
    failing = false;
    const again = await hold(ledger, "r2", "0.2");
    await ledger.settle("r2", "0.2");
    await ledger.flush();
    return { settled: settled.status, code, allowed: again.allowed, others: await stands(instance(env, "failing")), puts: puts > 3 };
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
