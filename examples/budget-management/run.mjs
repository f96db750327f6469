// @ts-check
/**
 * Runs the Worker and its Durable Object in workerd (by way of miniflare) against the local provider, and shows what happens:
 * `node examples/budget-management/run.mjs`.
 *
 * @module
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProvider } from "../local-provider/provider.mjs";
import { Miniflare, expect, workerIn } from "../local-worker/workerd.mjs";
import { table } from "../quick-start/table.mjs";

const ORGANIZATION = "acme";

const folder = await mkdtemp(join(tmpdir(), "tollgate-budgets-"));
const provider = await startProvider();
/** @type {any} */
let worker;
try {
  const options = {
    ...(await workerIn(import.meta.url)),
    durableObjects: { BUDGETS: { className: "TollgateBudgets", useSQLite: true } },
    durableObjectsPersist: join(folder, "objects"),
    bindings: { OPENAI_API_KEY: "sk-local", OPENAI_BASE_URL: `${provider.url}/v1` },
  };
  worker = new Miniflare(options);

  // What one call may cost at most: a budget of nothing refuses it, and says so.
  const organization = { name: "all of it", limit: "0", period: "monthly", action: "block", scope: { type: "organization", id: ORGANIZATION } };
  await put([organization]);
  const nothing = (await chat("ada")).error;
  const needed = Number(nothing.needed);
  expect(nothing.code === "budget_exceeded" && needed > 0, `a budget of nothing must refuse, found ${JSON.stringify(nothing)}`);

  // Money for ten calls of the organization, for eight of the project, for six of each user.
  const project = { name: "the project", limit: money(8), period: "daily", action: "block", scope: { type: "project", id: "support" } };
  const users = ["ada", "grace"].map((id) => ({ name: "an hour", limit: money(6), period: "hourly", action: "block", scope: { type: "user", id } }));
  const calls = { name: "calls", unit: "requests", limit: 1, period: "hourly", rolling: true, action: "throttle", scope: { type: "user", id: "lin" } };
  await put([{ ...organization, limit: money(10) }, project, ...users, calls]);

  // Of another project's user a call an hour, wherever that hour begins: the next one is told how long to wait.
  const once = await chat("lin", "trial");
  const slowed = (await chat("lin", "trial")).error;
  expect(once.usd !== undefined && slowed.unit === "requests" && slowed.retryAfterMs > 0, `the second call must wait, found ${JSON.stringify(slowed)}`);
  const before40 = provider.requests.length;

  // Forty at once. Each holds what it may cost at most; what it then costs less is free again, for whoever asks later.
  provider.script({ text: "word ".repeat(400), times: 40 });
  const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => chat(index % 2 === 0 ? "ada" : "grace")));
  const paid = answers.filter(({ usd }) => usd !== undefined);
  const refused = answers.filter(({ error }) => error !== undefined);
  expect(paid.length === provider.requests.length - before40, "each call that was paid is one request");
  expect(paid.length >= 8 && refused.length === 40 - paid.length, `calls for eight must go through, found ${paid.length}`);
  expect(refused.every(({ error }) => error.code === "budget_exceeded" && error.budget !== undefined && error.resetsAt !== undefined), "a refusal says which budget, and until when");

  // The limit is raised for the project and the users; what is spent stays spent.
  await put([{ ...project, limit: money(9.5) }, ...users.map((user) => ({ ...user, limit: money(9.5) }))]);
  const raised = await chat("ada");

  // Everything is restarted: the budgets stand as they stood.
  const before = await statuses();
  await worker.dispose();
  worker = new Miniflare(options);
  const after = await statuses();
  expect(JSON.stringify(before.map(stands)) === JSON.stringify(after.map(stands)), "a restart must change nothing");
  for (const { budget, spentUsd, heldUsd, limit, isExceeded } of after.map((/** @type {any} */ status) => ({ ...status, limit: status.budget.limit }))) {
    expect(!isExceeded && (heldUsd ?? "0") === "0", `${budget.name}: spent ${spentUsd} and held ${heldUsd} of ${limit}`);
  }
  const total = [once, ...paid, raised].reduce((sum, { usd }) => sum + Number(usd ?? 0), 0);
  const [whole] = after.filter((/** @type {any} */ { budget }) => budget.scope?.type === "organization");
  expect(Math.abs(Number(whole.spentUsd) - total) < 1e-12, `the sum of the calls must be what is spent, found ${total} and ${whole.spentUsd}`);

  console.log(
    table("Budgets in a Durable Object, in workerd, against the local provider", [
      ["", "what happened"],
      ["one call", `may cost $${nothing.needed} at most`],
      ["a second call of one an hour", `${slowed.message}: again in ${Math.ceil(slowed.retryAfterMs / 60_000)} minutes`],
      ["40 calls at once", `${paid.length} paid, ${refused.length} refused: money for 10, of the project for 8, of each user for 6`],
      ["a refusal says", `${refused[0].error.message}, $${refused[0].error.remaining} left until ${refused[0].error.resetsAt}`],
      ["after limits were raised", raised.usd === undefined ? raised.error.message : `one more for $${raised.usd}`],
      ["after a restart", "every budget stands as it stood"],
    ]),
  );
  console.log(table("The budgets", [["budget", "spent", "limit", "used"], ...after.map((/** @type {any} */ status) => [status.budget.id, String(status.spentUsd ?? status.currentSpending), String(status.budget.limitUsd ?? status.budget.limit), `${status.percentageUsed.toFixed(1)} %`])]));

  /** @param {number} calls */
  function money(calls) {
    return (calls * needed).toFixed(12);
  }
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await worker?.dispose();
  await provider.close();
  await rm(folder, { recursive: true, force: true });
}

/** @param {any} status */
function stands({ budget, currentSpending, spentUsd, heldUsd }) {
  return [budget.id, budget.limit, currentSpending, spentUsd, heldUsd];
}

/** @param {object[]} budgets */
async function put(budgets) {
  return post("/budgets", { organization: ORGANIZATION, budgets });
}

/** @param {string} user @param {string} [project] @returns {Promise<any>} */
async function chat(user, project = "support") {
  return post("/chat", { organization: ORGANIZATION, project, user, prompt: "Count from one upwards, in words, and do not stop." });
}

/** @returns {Promise<any[]>} */
async function statuses() {
  return (await worker.dispatchFetch(`http://worker.test/budgets?organization=${ORGANIZATION}`)).json();
}

/** @param {string} path @param {object} body */
async function post(path, body) {
  return (await worker.dispatchFetch(`http://worker.test${path}`, { method: "POST", body: JSON.stringify(body) })).json();
}
