// @ts-check
/**
 * What calls did cost, asked in every way: `node examples/cost-tracking/main.mjs`. The same lines work over every storage.
 *
 * @module
 */

import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CostTracker, createCostStorage, exportRecords, importRecords } from "tollgate";
import { table } from "../quick-start/table.mjs";

/** @param {unknown} condition @param {string} what @returns {asserts condition} */
function expect(condition, what) {
  if (!condition) throw new Error(`the example failed: ${what}`);
}

/** The fortnight in which Berlin's clocks go back, on the 25th of October. */
const [FIRST, LAST] = ["2026-10-19", "2026-11-01"];
const DAYS = 14;
const MODELS = ["gpt-4o-mini", "gpt-4o", "claude-sonnet-4-5"];

const tracker = new CostTracker();
const storage = createCostStorage("memory");
// What some storages have more of, this one has, too.
expect(storage.query && storage.getTimeSeries && storage.getTop, "a storage of Tollgate answers questions");

for (let n = 0; n < DAYS * 24; n += 1) {
  const tokens = { inputTokens: 200 + ((n * 37) % 900), outputTokens: 50 + ((n * 53) % 300), totalTokens: 0 };
  tokens.totalTokens = tokens.inputTokens + tokens.outputTokens;
  const record = tracker.calculateActualCost(`request-${n}`, `agent-${n % 3}`, MODELS[n % MODELS.length] ?? "", tokens, undefined, { team: n % 2 ? "search" : "support" });
  record.timestamp = new Date(Date.parse(FIRST) + n * 3_600_000).toISOString();
  record.scopes = [{ type: "project", id: n % 2 ? "search" : "support" }];
  await storage.store(record);
}

const summary = await storage.getSummary(FIRST, LAST + "T23:59:59.999Z");
expect(summary.totalRequests === DAYS * 24 && summary.unpricedRequests === 0, "every call has its record and its price");
console.log(
  table("1. A fortnight, by model", [
    ["model", "calls", "tokens", "USD"],
    ...Object.entries(summary.by.model).map(([name, { requests, tokens, usd }]) => [name, requests, tokens.total, usd]),
    ["all", summary.totalRequests, summary.totalTokens.total, summary.totalUsd],
  ]),
);
const { usd: spread } = summary.costPerRequest;
console.log(`  one call: least ${spread.min}, median ${spread.median}, p95 ${spread.p95}, most ${spread.max} USD`);

const series = await storage.getTimeSeries({ start: "2026-10-24", end: "2026-10-26", timeZone: "Europe/Berlin", interval: "day", groupBy: "project" });
console.log(
  table("2. By day in Berlin, where the 25th has 25 hours", [
    ["from", "to", "calls", "search", "support"],
    ...series.points.map(({ start, end, requests, by }) => [start, end, requests, by?.["search"]?.usd ?? "0", by?.["support"]?.usd ?? "0"]),
  ]),
);
expect(series.points.some(({ start, end }) => Date.parse(end) - Date.parse(start) === 25 * 3_600_000), "one day has 25 hours");

const top = await storage.getTop({ of: "agent", by: "cost", limit: 2 });
console.log(table("3. Who spends most", [["agent", "USD", "share"], ...top.map(({ name, usd, percentOfCost }) => [name, usd, `${percentOfCost.toFixed(1)} %`])]));

let [pages, dear] = [0, 0];
for (let cursor; pages === 0 || cursor !== undefined; pages += 1) {
  /** @type {import("tollgate").Page<import("tollgate").CostRecord>} */
  const page = await storage.query({ model: "gpt-4o", metadata: { team: "search" }, orderBy: "cost", order: "desc", limit: 20 }, cursor);
  dear += page.items.length;
  cursor = page.cursor;
}
expect(dear === 56, `a page follows the other, found ${dear} records`);
console.log(`\n4. The search team's calls of gpt-4o, the dearest first: ${dear} records on ${pages} pages`);

// The provider's bill says otherwise: the same id, a revision more.
const [first] = (await storage.query({ limit: 1 })).items;
expect(first, "there is a first record");
await storage.store({ ...first, usd: "1.25", correctedFromUsd: first.usd, revision: 1 });
const corrected = await storage.getSummary(FIRST, LAST + "T23:59:59.999Z");
expect(corrected.totalRequests === summary.totalRequests && corrected.costPerRequest.usd.max === "1.25", "a correction replaces");
console.log(`5. One bill corrected: from ${summary.totalUsd} to ${corrected.totalUsd} USD`);

const folder = await mkdtemp(join(tmpdir(), "tollgate-costs-"));
try {
  const file = join(folder, "costs.csv");
  await pipeline(Readable.from(exportRecords(storage, { format: "csv" })), createWriteStream(file));
  const other = createCostStorage("memory");
  const { records } = await importRecords(other, createReadStream(file), { format: "csv" });
  const again = await other.getSummary(FIRST, LAST + "T23:59:59.999Z");
  expect(JSON.stringify(again) === JSON.stringify(corrected), "what is read back adds up to the same");
  console.log(`6. Written as CSV and read back: ${records} records, ${again.totalUsd} USD`);
} finally {
  await rm(folder, { recursive: true });
}
