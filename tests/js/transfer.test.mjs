// Export and import: what comes back is what went, whatever it holds and however it is cut; what is no record is named by its place.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { InMemoryCostStorage, ValidationError, exportRecords, importRecords } from "tollgate";
import { random, record } from "./lib/records.mjs";

const text = async (pieces) => {
  let all = "";
  for await (const piece of pieces) all += piece;
  return all;
};

const all = (storage) => storage.getByDateRange(0, 8e15);

/** Texts that formats stumble over. */
const ODD = ["", "=1+1", "+49", "-1", "@SUM(A1)", "'quoted", "''", "\tTab", "a,b", 'say "so"', "two\nlines", "two\r\nlines", "\r", ";", "é\u{1f600}\u2028", "__proto__", " space ", "null", "1e3", "\uFF1Dwide", "[{}]", "\uFEFFbom"];

function filled(seed, count) {
  const next = random(seed);
  const odd = () => ODD[Math.floor(next() * ODD.length)];
  return Array.from({ length: count }, (_, n) =>
    record({
      id: `r${n}${odd()}`,
      requestId: odd(),
      agentId: odd(),
      model: `m${odd()}`,
      actualCost: Math.floor(next() * 1e9) / 1e12,
      timestamp: new Date(Date.UTC(2026, 10, 1) + Math.floor(next() * 1e9)).toISOString(),
      ...(next() < 0.5 ? {} : { metadata: JSON.parse(`{${JSON.stringify(odd())}:${JSON.stringify(odd())},"__proto__":{"deep":[1.5,null,true]}}`) }),
      ...(next() < 0.5 ? {} : { revision: Math.floor(next() * 3), streamed: next() < 0.5, latencyMs: 1.25, serviceTier: odd(), outcome: "ok" }),
      ...(next() < 0.5 ? {} : { scopes: [{ type: "tag", id: odd() }], priced: false, later: { unknown: odd() } }),
      ...(next() < 0.5 ? {} : { actualTokens: { inputTokens: 5, outputTokens: 6, totalTokens: 99, cacheReadTokens: 7, extra: { "images:hd": 2 } } }),
      ...(next() < 0.7 ? {} : { items: [{ unit: "input", quantity: 5, ratePerMillion: "2.5", usd: "0.0000125" }], estimated: "aborted", costSource: "estimated" }),
    }),
  );
}

for (const format of ["csv", "json", "jsonl"]) {
  test(`${format} comes back as it went, however it is cut`, async () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const storage = new InMemoryCostStorage();
      for (const one of filled(seed, 40)) await storage.store(one);
      const written = await text(exportRecords(storage, { format }));
      const bytes = new TextEncoder().encode(written);
      const size = [1, 7, 100, bytes.length][seed % 4];
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
      for (const source of [written, pieces]) {
        const back = new InMemoryCostStorage();
        assert.deepEqual(await importRecords(back, source, { format }), { records: storage.size(), errors: [], skipped: 0 });
        assert.deepEqual(await all(back), await all(storage), `seed ${seed}`);
        assert.equal(await text(exportRecords(back, { format })), written);
      }
    }
  });

  test(`${format} of nothing is read as nothing`, async () => {
    const empty = await text(exportRecords(new InMemoryCostStorage(), { format }));
    assert.equal((await importRecords(new InMemoryCostStorage(), empty, { format })).records, 0);
  });
}

test("no cell is a formula", async () => {
  const storage = new InMemoryCostStorage();
  for (const one of filled(3, 100)) await storage.store(one);
  const written = await text(exportRecords(storage, { format: "csv" }));
  for (const cell of written.matchAll(/(?:^|,|\r\n)"?([^",\r\n])/g)) assert.doesNotMatch(cell[1], /[=+@\t\uFF1D]/, cell[0]);
  assert.match(written, /'=1\+1/);
});

test("a filter says what is exported, page by page", async () => {
  const storage = new InMemoryCostStorage();
  for (let n = 0; n < 1200; n += 1) await storage.store(record({ id: `r${n}`, agentId: `a${n % 2}`, timestamp: n }));
  const lines = (await text(exportRecords(storage, { agentId: "a1", start: 100 }))).trim().split("\n");
  assert.equal(lines.length, 550);
  // Anyone's own storage, which knows no queries.
  const own = { getByDateRange: (...args) => storage.getByDateRange(...args) };
  assert.equal((await text(exportRecords(own, { start: 1100, end: 1199 }))).trim().split("\n").length, 100);
  await assert.rejects(text(exportRecords(own, { agentId: "a1" })), { code: "invalid_input" });
  await assert.rejects(text(exportRecords(storage, { format: "xml" })), { code: "invalid_input" });
  await assert.rejects(text(exportRecords(storage, { colour: "red" })), { code: "unknown_option" });
});

test("a spreadsheet's own CSV is read: other columns, semicolons, a byte order mark", async () => {
  const storage = new InMemoryCostStorage();
  const csv = '\uFEFFtimestamp;id;model;usd;inputTokens;team\r\n2026-11-01;a;m;0.5;12;"red; blue"\r\n\r\n2026-11-02T00:00:00Z;b;m;0.25;;\n';
  assert.equal((await importRecords(storage, csv, { format: "csv" })).records, 2);
  const [a, b] = await all(storage);
  assert.deepEqual([a.usd, a.actualTokens.inputTokens, a.metadata], ["0.5", 12, { team: "red; blue" }]);
  assert.deepEqual([b.usd, b.metadata], ["0.25", undefined]);
});

describe("what is no record", () => {
  const good = JSON.stringify(record());
  const cases = [
    ["jsonl", `${good}\n\n{"id":1}\n`, 3, 1, "invalid_input"],
    ["jsonl", `${good}\nnot JSON\n${good}`, 2, 1, "invalid_input"],
    ["jsonl", `${JSON.stringify(record({ actualCost: -1 }))}`, 1, 1, "invalid_amount"],
    ["json", `[\n  ${good},\n    {"id":"x"}\n]`, 3, 5, "invalid_input"],
    ["json", `[${good}`, 1, good.length + 1, "invalid_input"],
    ["json", `{"id":1}`, 1, 1, "invalid_input"],
    ["json", `[${good}] more`, 1, good.length + 4, "invalid_input"],
    ["csv", "id,model\r\n", 1, 1, "invalid_input"],
    ["csv", 'id,model,timestamp,usd\r\n"a\nb",m,2026-11-01,1\r\nc,m,2026-11-01,1,2\r\n', 4, 18, "invalid_input"],
    ["csv", "id,model,timestamp,usd,inputTokens\r\na,m,2026-11-01,1,many\r\n", 2, 18, "invalid_input"],
    ["csv", 'id,model,timestamp,usd\r\na,m,2026-11-01,"1', 2, 18, "invalid_input"],
  ];
  for (const [format, source, line, column, code] of cases) {
    test(`${format} ${JSON.stringify(source.slice(-30))}`, async () => {
      const storage = new InMemoryCostStorage();
      await assert.rejects(importRecords(storage, source, { format }), (error) => {
        assert.ok(error instanceof ValidationError, String(error));
        assert.deepEqual([error.code, error.context.line, error.context.column], [code, line, column]);
        assert.match(error.message, new RegExp(`^line ${line}, column ${column}: cannot `));
        return true;
      });
    });
  }

  test("is passed over and counted, if that is asked for", async () => {
    const storage = new InMemoryCostStorage();
    const lines = [good, "no", JSON.stringify(record({ id: "b" })), "{}"].join("\n");
    const { records, skipped, errors } = await importRecords(storage, lines, { onError: "skip" });
    assert.deepEqual([records, skipped, errors.map(({ line }) => line)], [2, 2, [2, 4]]);
    await assert.rejects(importRecords(storage, JSON.stringify(record({ schema: 2 })), { onError: "skip" }), { code: "storage_version_newer" });
    await assert.rejects(importRecords(storage, "", { onError: "ignore" , format: "jsonl", colour: 1 }), { code: "unknown_option" });
  });

  test("what the host refuses is its own error", async () => {
    const failing = { store: async () => Promise.reject(new TypeError("mine")) };
    await assert.rejects(importRecords(failing, good), { message: "mine" });
  });
});
