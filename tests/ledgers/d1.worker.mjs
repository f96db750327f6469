// Budgets in D1, in workerd. One database serves one ledger after the other.
import { D1BudgetLedger } from "tollgate";
import { conformance, crowd } from "./conformance.mjs";

let used;

const open = (env) => async (name) => {
  const ledger = new D1BudgetLedger(env.DB);
  if (used !== name) {
    used = name;
    await ledger.list();
    await env.DB.batch([env.DB.prepare("DELETE FROM tollgate_rows"), env.DB.prepare("UPDATE tollgate_meta SET version = version + 1")]);
  }
  return ledger;
};

/** Several ledgers over the database, as isolates have, used in turns. */
const several = (env, count) => async (name) => {
  const ledgers = [await open(env)(name), ...Array.from({ length: count - 1 }, () => new D1BudgetLedger(env.DB))];
  let turn = 0;
  return new Proxy({}, { get: (_, method) => (method === "then" ? undefined : (...args) => ledgers[(turn += 1) % count][method](...args)) });
};

const calls = {
  conformance: (env, options) => conformance(open(env), options),
  crowd: (env, { ledgers = 1, ...options }) => crowd(several(env, ledgers), options),
  async later(env) {
    const ledger = new D1BudgetLedger(env.DB);
    await ledger.list();
    await env.DB.batch([env.DB.prepare("UPDATE tollgate_meta SET schema_version = 2")]);
    try {
      return { found: await ledger.list() };
    } catch (error) {
      return { code: error.code, message: error.message };
    } finally {
      await env.DB.batch([env.DB.prepare("UPDATE tollgate_meta SET schema_version = 1")]);
    }
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
