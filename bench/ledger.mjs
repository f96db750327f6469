// The ledger in a Durable Object, in workerd, and in memory: `npm run bench:ledger`, after `npm run build` and
// `npm run setup -- --tests`. Beside it an object that makes two SQL statements for each call and nothing else.
//
// Each kind is measured in turns, round by round, so that what drifts on the machine drifts for all; what is shown is the
// median of the rounds. With `--assert` it fails when a limit is not kept.
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Problem, ROOT, main } from "../scripts/lib/run.mjs";
import { openWorker } from "../tests/lib/worker.mjs";
import { MemoryBudgetLedger } from "../dist/index.js";
import { median } from "./measure.mjs";

const ROUNDS = 5;
/** What is asked, of how many clients, and what of it has a limit. */
const KINDS = [
  { title: "bare object, 50 clients", kind: "bare", clients: 50, count: 3_000 },
  { title: "one by one, 50 clients", kind: "alone", clients: 50, count: 3_000, least: 1_200, p99: 40 },
  { title: "coalesced, 50 clients", kind: "together", clients: 50, count: 12_000, least: 6_000, p99: 40 },
  { title: "4 slices, one by one", kind: "slicesAlone", clients: 50, count: 3_000, p99: 40 },
  { title: "4 slices, coalesced", kind: "slices", clients: 50, count: 12_000, p99: 40 },
  { title: "bare object, one client", kind: "bare", clients: 1, count: 400 },
  { title: "one client", kind: "together", clients: 1, count: 400, pair99: 3 },
];
const RESERVE_US = 3;

/** Microseconds of a reserve in memory, with three budgets that bind. */
async function memory() {
  const ledger = new MemoryBudgetLedger();
  const scopes = [{ type: "agent", id: "a" }, { type: "project", id: "p" }];
  const budget = (id, scope) => ({ id, name: id, limit: 1e6, limitUsd: "1000000", period: "daily", alertThresholds: [50, 75, 90, 100], action: "block", enabled: true, timeZone: "UTC", weekStart: "monday", revision: 1, ...(scope ? { scope } : {}) });
  await ledger.put([budget("all"), budget("agent", scopes[0]), budget("project", scopes[1])], "attach");
  const count = 5_000;
  const times = [];
  // As the ids that are made for calls, these rise.
  const id = (round, at) => `call-${String(round * count + at).padStart(9, "0")}#1`;
  for (let round = 0; round < 9; round += 1) {
    let reserving = 0;
    for (let n = 0; n < count; n += 100) {
      const begun = performance.now();
      for (let at = n; at < n + 100; at += 1) await ledger.reserve({ reservationId: id(round, at), usd: "0.01", scopes, leaseMs: 600_000 });
      reserving += performance.now() - begun;
      for (let at = n; at < n + 100; at += 1) await ledger.settle(id(round, at), "0.004");
    }
    times.push((reserving * 1000) / count);
  }
  return median(times);
}

await main(async () => {
  const { values } = parseArgs({ options: { assert: { type: "boolean" }, rounds: { type: "string" } } });
  const rounds = Number(values.rounds ?? ROUNDS);
  const worker = await openWorker(join(ROOT, "bench/ledger.worker.mjs"), {
    durableObjects: { BUDGETS: { className: "TollgateBudgets", useSQLite: true }, BARE: { className: "Bare", useSQLite: true } },
  });
  const found = new Map(KINDS.map(({ title }) => [title, []]));
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const { title, ...asked } of KINDS) found.get(title).push(await worker.call("", asked));
    }
  } finally {
    await worker.close();
  }
  const reserve = await memory();
  console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, medians of ${rounds} rounds`);
  console.log(`  ${"reserve + settle".padEnd(28)}${["pairs/s", "asked", "reserve p50", "reserve p99", "pair p99", "asked"].map((text) => text.padStart(15)).join("")}`);
  const missed = [];
  for (const { title, least, p99, pair99 } of KINDS) {
    const middle = (key) => median(found.get(title).map((round) => round[key]));
    const [perSecond, most] = [middle("perSecond"), p99 ?? pair99];
    const slow = middle(pair99 === undefined ? "p99" : "pair99");
    const ms = (key) => `${middle(key).toFixed(2)} ms`;
    const of = p99 === undefined ? "a pair" : "a reserve";
    const cells = [perSecond.toFixed(0), least ?? "", ms("p50"), ms("p99"), ms("pair99"), most === undefined ? "" : `${most} ms ${of}`];
    console.log(`  ${title.padEnd(28)}${cells.map((text) => String(text).padStart(15)).join("")}`);
    if (least !== undefined && perSecond < least) missed.push(`${title}: ${perSecond.toFixed(0)} pairs a second of ${least}`);
    if (most !== undefined && slow > most) missed.push(`${title}: p99 ${slow.toFixed(2)} ms of ${most}`);
  }
  console.log(`  reserve in memory, three budgets: ${reserve.toFixed(2)} us (asked ${RESERVE_US})`);
  if (reserve > RESERVE_US) missed.push(`in memory: ${reserve.toFixed(2)} us of ${RESERVE_US}`);
  if (values.assert && missed.length > 0) throw new Problem(`expected the limits to be kept, found:\n${missed.join("\n")}`);
});
