// Storing cost records: `npm run bench:storage`, after `npm run build` and, for Chromium, `npm run setup -- --tests`. Natively
// the store in memory (bench/storage.rs), from JavaScript the same, in Chromium localStorage. Figures beside their limits.
//
//     --assert      fail where a limit is not kept; timings are then best taken on a quiet machine
//     --no-browser  without Chromium
import { cpus } from "node:os";
import { join } from "node:path";
import { InMemoryCostStorage } from "../dist/index.js";
import { Problem, ROOT, main, run } from "../scripts/lib/run.mjs";
import { chromiumPage, closeHosts } from "../tests/lib/hosts.mjs";
import { median } from "./measure.mjs";
import { recordOf } from "./storage-record.mjs";

const rows = [];
const row = (figure, value, limit, unit, digits = 2) => rows.push({ figure, value, limit, unit, digits });

async function fromJavaScript() {
  const storage = new InMemoryCostStorage();
  const times = [];
  for (let round = 0; round < 12; round += 1) {
    const records = Array.from({ length: 10_000 }, (_, n) => recordOf(round * 10_000 + n));
    const begun = performance.now();
    for (const record of records) await storage.store(record);
    times.push(((performance.now() - begun) * 1000) / records.length);
  }
  const ids = Array.from({ length: 10_000 }, (_, n) => recordOf(n * 11).id);
  const begun = performance.now();
  for (const id of ids) if ((await storage.get(id)) === undefined) throw new Problem("expected every record to be found, found one that was not");
  const byId = ((performance.now() - begun) * 1000) / ids.length;
  // The first rounds warm the code up.
  return { store: median(times.slice(2)), byId };
}

await main(async () => {
  const native = JSON.parse(await run("cargo", ["run", "--release", "--quiet", "--example", "storage-speed"], { quiet: true }));
  row("memory, natively: store", native.storeNs / 1000, 1, "us");
  row("memory, natively: by id", native.byIdNs / 1000, 1, "us");
  row("a month of 1,000,000 records, its first summary", native.coldMs, undefined, "ms", 0);
  row("the same, warm, a record later", native.warmMs, 5, "ms");
  row("a record with its indexes and sums", native.bytes, 260, "bytes", 0);
  const { store, byId } = await fromJavaScript();
  row("memory, from JavaScript: store", store, 6, "us");
  row("memory, from JavaScript: by id", byId, undefined, "us");
  if (!process.argv.includes("--no-browser")) {
    try {
      const page = await chromiumPage(join(ROOT, "bench/storage.program.mjs"), { records: 10_000 });
      row("localStorage in Chromium, 10,000 records: store, median", page.median, undefined, "ms");
      row("the same: store, p99", page.p99, 2, "ms");
      row("the same: a summary of all", page.summary, undefined, "ms", 1);
    } finally {
      await closeHosts();
    }
  }
  console.log(`Node ${process.versions.node}, ${cpus()[0]?.model.trim() ?? "an unknown processor"}`);
  const width = Math.max(...rows.map(({ figure }) => figure.length));
  console.log(`${"figure".padEnd(width)}  ${"found".padStart(10)}  ${"at most".padStart(8)}`);
  for (const { figure, value, limit, unit, digits } of rows) {
    const found = `${value.toFixed(digits)} ${unit}`.padStart(10);
    console.log(`${figure.padEnd(width)}  ${found}  ${String(limit ?? "").padStart(8)}${limit !== undefined && value > limit ? "  ABOVE" : ""}`);
  }
  const above = rows.filter(({ value, limit }) => limit !== undefined && value > limit);
  if (process.argv.includes("--assert") && above.length > 0) {
    throw new Problem(`expected all figures within their limits, found above: ${above.map(({ figure }) => figure).join("; ")}`);
  }
});
