// @ts-check
/**
 * Runs the Worker in workerd (by way of miniflare) against a table of prices on loopback: `node examples/prices-cron/run.mjs`.
 *
 * @module
 */

import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Miniflare, expect, workerIn } from "../local-worker/workerd.mjs";
import { table } from "../quick-start/table.mjs";

/** What the server has: dollars for a million tokens of input. */
let price = 2;
let asked = 0;
const server = createServer((request, response) => {
  asked += 1;
  const etag = `"${price}"`;
  if (request.headers["if-none-match"] === etag) return void response.writeHead(304, { etag }).end();
  const models = [{ provider: "acme", id: "fast-1", rows: [{ source: "acme", rates: { input: String(price), output: "8" } }] }];
  response.writeHead(200, { etag, "content-type": "application/json" }).end(JSON.stringify({ tollgate: 1, sources: [{ id: "acme" }], models }));
});
await new Promise((/** @type {(value?: unknown) => void} */ ready) => server.listen(0, "127.0.0.1", ready));
const address = /** @type {import("node:net").AddressInfo} */ (server.address());

const folder = await mkdtemp(join(tmpdir(), "tollgate-prices-"));
/** @type {any} */
let worker;
/** What it runs with. @type {() => object} */
let options;
try {
  const base = await workerIn(import.meta.url);
  options = () => ({ ...base, kvNamespaces: ["PRICES"], kvPersist: join(folder, "kv"), bindings: { PRICES_URL: `http://127.0.0.1:${address.port}` } });
  worker = new Miniflare(options());

  const rows = [["", "update", "1M tokens of acme/fast-1"]];
  const show = async (/** @type {string} */ what, /** @type {any} */ report) => {
    const cost = await get("/cost?model=acme/fast-1&input=1000000");
    rows.push([what, report === null ? "" : (report.refusal?.detail ?? `${report.status}: ${report.counts.added} added, ${report.counts.changes} changed`), cost.usd ?? cost.reason]);
    return cost;
  };
  expect((await show("before", null)).reason === "unknown_model", "nobody may know the model yet");

  const first = await cron();
  expect(first.status === "updated" && first.added.includes("acme/fast-1"), `the table must be taken, found ${JSON.stringify(first)}`);
  const taken = await show("a table", first);
  expect(taken.usd === "2", `the price must be the table's, found ${JSON.stringify(taken)}`);
  expect(taken.source.retrievedAt === first.retrievedAt, "the price must say when it was read");

  const second = await cron();
  expect(second.status === "unchanged" && !second.updated && second.bytes === undefined, "the server must say that nothing has changed");
  await show("the same again", second);

  price = 200;
  const third = await cron();
  expect(third.status === "refused" && third.refusal.reason === "price_moved", `a price that jumps must be refused, found ${JSON.stringify(third)}`);
  expect((await show("a slipped unit", third)).usd === "2", "the price must be as it was");

  price = 3;
  const fourth = await cron();
  expect(fourth.status === "updated" && fourth.changes[0]?.from === "2" && fourth.changes[0]?.to === "3", `the change must be told, found ${JSON.stringify(fourth)}`);
  expect((await show("another price", fourth)).usd === "3", "the price must be the new one");
  expect(asked === 4, `the table must be asked for at each trigger, found ${asked} requests`);
  console.log(table("Prices in a Worker, in workerd", rows));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await worker?.dispose();
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true });
}

/** Fires the cron trigger, and starts an isolate anew: it then looks for news at once. @returns {Promise<any>} */
async function cron() {
  const { outcome } = await (await worker.getWorker()).scheduled({ cron: "17 5 * * *" });
  expect(outcome === "ok", `the trigger must end well, found ${outcome}`);
  const report = await get("/report");
  await worker.setOptions(options());
  return report;
}

/** @param {string} path @returns {Promise<any>} */
async function get(path) {
  return (await worker.dispatchFetch(`http://worker.test${path}`)).json();
}
