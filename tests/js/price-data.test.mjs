// The generator of the price book: exact decimals, and a book that is only ever added to.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { pack, readJson } from "../../scripts/prices/book.mjs";
import { perSecond, picoOf, usdFor } from "../../scripts/prices/decimal.mjs";
import { append } from "../../scripts/prices/merge.mjs";

test("the shipped forms follow from data/prices/main.json", () => {
  const script = fileURLToPath(new URL("../../scripts/prices/update.mjs", import.meta.url));
  assert.match(execFileSync(process.execPath, [script, "--check"], { encoding: "utf8" }), /follow from data\/prices\/main\.json/);
});

test("doubles become exact decimals", () => {
  for (const [usd, places, pico, exact] of [
    [1.25e-7, 0, 125_000n, true],
    [0.000001, 0, 1_000_000n, true],
    [1.999999999999e-6, 0, 2_000_000n, false],
    [1.5e-12, 0, 2n, false],
    [10, 6, 10_000_000n, true],
    [0.003625, 6, 3_625n, true],
    [0, 0, 0n, true],
    [1e21, 0, 10n ** 33n, true],
  ]) {
    assert.deepEqual(picoOf(usd, places), { pico, exact }, String(usd));
  }
  for (const wrong of [-1, NaN, Infinity, "1", undefined]) {
    assert.throws(() => picoOf(wrong), { message: `cannot read rate: expected a number of at least 0, found ${wrong}` });
  }
  assert.equal(usdFor(1_250_000n, 1_000_000), "1.25");
  assert.equal(usdFor(1n, 1_000_000), "0.000001");
  assert.equal(usdFor(10_000_000_000n, 1), "0.01");
  assert.equal(usdFor(3_000_000n, 1_000_000), "3");
});

test("a price by the hour that was divided and cut is that price again", () => {
  assert.deepEqual(perSecond(0.000833333333333), { text: "3/3600", exact: false });
  assert.deepEqual(perSecond(5.83333e-5), { text: "0.21/3600", exact: false });
  assert.deepEqual(perSecond(0.0001), { text: "0.0001", exact: true });
});

const row = (input, from) => ({ ...(from === undefined ? {} : { from }), rates: { input }, tiers: [], source: "a", url: "" });

test("a changed price is a new row, and the old one stays", () => {
  const day = "2026-11-21";
  for (const [why, before, fresh, after] of [
    ["new model", [], [row("1")], [row("1")]],
    ["same price", [row("1")], [row("1")], [row("1")]],
    ["changed today", [row("1")], [row("2")], [row("1"), row("2", day)]],
    ["changed on the source's date", [row("1")], [row("1"), row("2", "2026-11-01")], [row("1"), row("2", "2026-11-01")]],
    ["changed twice on one day", [row("1"), row("2", day)], [row("3")], [row("1"), row("3", day)]],
    ["announced", [row("1")], [row("1"), row("2", "2027-01-01")], [row("1"), row("2", "2027-01-01")]],
    ["announcement withdrawn", [row("1"), row("2", "2027-01-01")], [row("1")], [row("1")]],
    ["history found", [row("2")], [row("1"), row("2", "2026-01-01")], [row("1"), row("2", "2026-01-01")]],
    ["history forgotten", [row("1"), row("2", "2026-01-01")], [row("2")], [row("1"), row("2", "2026-01-01")]],
  ]) {
    assert.deepEqual(append(before, fresh, day), after, why);
  }
});

test("a book survives its JSON and is packed in the book's order", () => {
  const text = JSON.stringify({
    about: [],
    sources: [{ id: "a@1", name: "a 1", url: "https://a.example", retrievedAt: "2026-11-21" }],
    models: [
      { provider: "anthropic", id: "m", aliases: [] },
      { provider: "openai", id: "z", aliases: ["zed"], context: 10, maxOutput: 5 },
    ],
    rows: [
      { provider: "openai", model: "z", rates: { output: "2", input: "1" }, tiers: [{ above: 100, edge: "disputed", rates: { input: "2" } }], source: "a@1", url: "https://p.example" },
      { provider: "anthropic", model: "m", from: "2026-01-01", rates: { webSearches: "0.01" }, source: "a@1", url: "" },
    ],
  });
  const packed = pack(readJson(text)).split("\n");
  assert.deepEqual(packed.slice(0, 7), ["tollgate-prices 1", "S 2026-11-21 a 1", "U https://p.example", "P openai", "M z c10 o5 =zed", "R s0 u0 i1 o2", "T ?100 i2"]);
  assert.ok(packed.includes("R s0 f2026-01-01 e0.01"));
});
