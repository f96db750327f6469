// The generator of the price books: exact decimals, a merge that says what it decided, books that are only ever added to.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { writeJson } from "../../scripts/prices/book.mjs";
import { changes } from "../../scripts/prices/changes.mjs";
import { ratio, same, short } from "../../scripts/prices/decimal.mjs";
import { append, merge, tidyRegions } from "../../scripts/prices/merge.mjs";
import { pack } from "../../scripts/prices/pack.mjs";
import { PriceBook } from "tollgate";

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const book = (name) => JSON.parse(readFileSync(path(`data/prices/${name}.json`), "utf8"));

test("the shipped forms follow from data/prices/*.json", () => {
  assert.match(execFileSync(process.execPath, [path("scripts/prices/update.mjs"), "--check"], { encoding: "utf8" }), /follow from data\/prices\/main\.json and full\.json/);
});

test("at least 4,300 priced models of at least 60 providers, each row with its source", () => {
  const models = ["main", "full"].flatMap((name) => book(name).models);
  const priced = models.filter(({ rows }) => rows.length > 0);
  assert.ok(priced.length >= 4_300, `${priced.length} priced models`);
  assert.ok(new Set(priced.map(({ provider }) => provider)).size >= 60);
  const sources = new Map(["main", "full"].flatMap((name) => book(name).sources.map((source) => [source.id, source])));
  for (const { provider, id, rows } of models) {
    for (const row of rows) assert.match(sources.get(row.source)?.retrievedAt ?? "", /^\d{4}-\d{2}-\d{2}$/, `${provider}/${id}`);
  }
  const names = models.map(({ provider, id }) => `${provider}/${id.toLowerCase()}`);
  assert.equal(new Set(names).size, names.length);
});

test("rates are compared and divided exactly", () => {
  for (const [a, b, is] of [["0.36/3600", "0.0001", true], ["1.10", "1.1", true], ["1", "2", false], ["1/3600", "0.000277777777", false]]) assert.equal(same(a, b), is, a);
  for (const [a, b, times] of [["1.375", "1.25", "1.1"], ["0.5", "5", "0.1"], ["5", "5", "1"], ["1", "3", undefined], ["1", "0", undefined], ["0", "1", "0"], ["1/60", "2", undefined]]) {
    assert.equal(ratio(a, b), times, `${a} of ${b}`);
  }
  assert.equal(short("0.5"), ".5");
  assert.throws(() => same("1e3", "1"), { message: "cannot read rate: expected a decimal, found 1e3" });
});

const row = (input, from) => ({ ...(from === undefined ? {} : { from }), source: "a", rates: { input } });

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
    ["no longer priced", [row("1")], [], [row("1")]],
    ["a region more", [row("1")], [{ ...row("1"), regions: { eu: { multiplier: "1.1" } } }], [row("1"), { ...row("1", day), regions: { eu: { multiplier: "1.1" } } }]],
  ]) {
    assert.deepEqual(append(before, fresh, day), after, why);
  }
  const known = new Set(["a"]);
  assert.deepEqual(append([row("1")], [row("2")], day, known), [row("2")], "what was read before is a row corrected");
  assert.deepEqual(append([row("1")], [{ ...row("1"), also: { webSearches: "b" } }, row("2", day)], day, known), [{ ...row("1"), also: { webSearches: "b" } }, row("2", day)]);
  assert.deepEqual(append([row("1")], [{ ...row("2"), also: { webSearches: "b" } }], day, known), [row("1"), { ...row("2", day), also: { webSearches: "b" } }], "what another source adds is not");
});

test("what only one source says is added, and what they say in two ways is one price", () => {
  const l = (rates, more) => ({ source: "l", url: "https://l.example", rates, ...more });
  const g = (rates, more) => ({ source: "g", url: "https://g.example", rates, ...more });
  const hours = (from, rates) => ({ days: "", from, to: "10:00", offset: "+00:00", rates });
  const first = new Map(
    [
      { provider: "bedrock", id: "a.b-v1:0", rows: [l({ input: "1", output: "5" }, { regions: { us: l({ input: "1.1", output: "5.5" }), global: l({ input: "1", output: "5" }) } })] },
      { provider: "fireworks", id: "accounts/fireworks/models/f", rows: [l({ input: "1" })] },
      { provider: "p", id: "peak", rows: [l({ input: "2" }, { schedule: [hours("06:00", { input: "1" })] })] },
      { provider: "p", id: "cached", rows: [l({ input: "1" })] },
      { provider: "p", id: "changed", rows: [l({ input: "3" })] },
      { provider: "openai", id: "gpt-4.1", rows: [l({ input: "2", webSearches: "0.025" })] },
      { provider: "vertex", id: "claude-opus-4-6", rows: [l({ input: "5" })] },
    ].map((one) => [`${one.provider}/${one.id}`, one]),
  );
  const tier = [{ above: 200_000, edge: "above", rates: { input: "2" } }];
  const differences = merge(
    first,
    [
      { provider: "bedrock", id: "regional.a.b-v1:0", rows: [g({ input: "1.1", output: "5.5" })] },
      { provider: "bedrock", id: "global.a.b-v1:0", rows: [g({ input: "1", output: "5" })] },
      { provider: "fireworks", id: "f", aliases: ["accounts/fireworks/models/f"], rows: [g({ input: "1", output: "2" })] },
      { provider: "p", id: "peak", rows: [g({ input: "1" }, { schedule: [hours("02:00", { input: "2" })] })] },
      { provider: "p", id: "cached", rows: [g({ input: "1", cacheRead: "0.1", outputImage: "9" }, { tiers: tier })] },
      { provider: "p", id: "changed", rows: [g({ input: "1" }), g({ input: "2" }, { from: "2026-05-01" })] },
      { provider: "openai", id: "gpt-4.1", rows: [g({ input: "2", webSearches: "0.01" })] },
      { provider: "vertex", id: "claude-opus-4-6", rows: [g({ input: "5" }, { tiers: tier })] },
    ],
    "2026-11-21",
  );
  const of = (name) => first.get(name);
  assert.equal(first.size, 7, "nothing is a model of its own");
  const [row] = of("bedrock/a.b-v1:0").rows;
  assert.deepEqual([row.rates.input, row.regions.global.rates.input, row.regions.us.rates.input], ["1.1", "1", "1.1"]);
  assert.deepEqual(of("fireworks/accounts/fireworks/models/f").aliases, ["f"]);
  assert.deepEqual(of("p/peak").rows, [l({ input: "2" }, { schedule: [hours("06:00", { input: "1" })] })]);
  assert.deepEqual(of("p/cached").rows, [{ ...l({ input: "1", cacheRead: "0.1" }), also: { cacheRead: "g" }, tiers: tier }]);
  assert.deepEqual(of("p/changed").rows.map(({ from, rates }) => [from, rates.input]), [[undefined, "1"], ["2026-05-01", "3"]], "past prices have one witness");
  assert.deepEqual(of("openai/gpt-4.1").rows[0].rates, { input: "2", webSearches: "0.01", "webSearches:preview": "0.025" });
  assert.equal(of("vertex/claude-opus-4-6").rows[0].tiers, undefined, "decided by name");
  assert.deepEqual(
    differences.map(({ model, unit, taken }) => [model, unit, taken]).sort(),
    [
      ["a.b-v1:0", "input", "genai-prices"],
      ["cached", "input above 200000", "genai-prices"],
      ["changed", "input", "litellm"],
      ["claude-opus-4-6", "input above 200000", "litellm"],
      ["gpt-4.1", "webSearches", "both"],
    ],
  );
});

test("the sources are merged: history, names and fees where they agree, a decision where they differ", () => {
  const model = (id, rows, aliases) => ({ provider: "p", id, ...(aliases && { aliases }), rows });
  const dated = (rates, from) => ({ ...(from && { from }), source: "g", url: "https://g.example", rates });
  const first = new Map(
    [
      model("agreed", [row("2")]),
      model("agreed-2026-01-01", [row("2")]),
      model("other-2026-01-01", [row("5")]),
      model("stale", [{ ...row("3"), url: "https://l.example" }]),
      model("differs", [{ ...row("3"), url: "https://l.example" }]),
      model("unpriced", []),
    ].map((one) => [`p/${one.id}`, one]),
  );
  const second = [
    model("agreed", [dated({ input: "1" }), dated({ input: "2", webSearches: "0.01" }, "2026-05-01")], ["nickname", "other"]),
    model("stale", [dated({ input: "3" }), dated({ input: "4" }, "2026-05-01")]),
    model("differs", [dated({ input: "4" })]),
    model("unpriced", [dated({ input: "7" })]),
    model("only-there", [dated({ input: "8" })], ["AGREED"]),
  ];
  const differences = merge(first, second, "2026-11-21");
  const of = (id) => first.get(`p/${id}`);
  assert.deepEqual(of("agreed").rows.map(({ from, rates, source }) => [from, rates.input, source]), [[undefined, "1", "g"], ["2026-05-01", "2", "a"]]);
  assert.deepEqual([of("agreed").rows[1].rates.webSearches, of("agreed").rows[1].also], ["0.01", { webSearches: "g" }]);
  assert.deepEqual(of("agreed").aliases, ["nickname", "other"]);
  assert.equal(of("agreed-2026-01-01").rows.length, 2, "a snapshot at the same price has its history");
  assert.equal(of("other-2026-01-01").rows.length, 1, "one at another price has not");
  assert.deepEqual(of("stale").rows.map(({ rates }) => rates.input), ["3", "4"]);
  assert.deepEqual(of("differs").rows.map(({ rates }) => rates.input), ["3"]);
  assert.deepEqual([of("unpriced").rows[0].rates.input, of("only-there").rows[0].rates.input, of("only-there").aliases], ["7", "8", []]);
  assert.deepEqual(differences.map(({ model: id, unit, litellm, genaiPrices, taken }) => [id, unit, litellm, genaiPrices, taken]), [
    ["stale", "input", "3", "4", "genai-prices"],
    ["differs", "input", "3", "4", "litellm"],
  ]);
  assert.ok(differences.every(({ why }) => why.length > 0));
});

test("a region that costs everywhere the same multiple is that multiple", () => {
  const base = { source: "a", rates: { input: "1", output: "4", webSearches: "0.01" }, services: { flex: { rates: { input: "0.5" } } } };
  const region = (input, output, flex, search = "0.01") => ({ rates: { input, output, webSearches: search }, services: { flex: { rates: { input: flex } } } });
  const regions = { eu: region("1.1", "4.4", "0.55"), us: region("1", "4", "0.5"), jp: region("1.1", "4.5", "0.55"), in: region("1.1", "4.4", "0.55", "0.011"), au: { rates: { input: "1.1", output: "4.4", webSearches: "0.01" } } };
  const models = new Map([["m", { rows: [{ ...base, regions: structuredClone(regions) }] }]]);
  tidyRegions(models);
  assert.deepEqual(models.get("m").rows[0].regions, { eu: { multiplier: "1.1" }, us: {}, jp: regions.jp, in: regions.in, au: regions.au });
});

test("a book is written and packed in one order, whatever order it came in", () => {
  const models = [
    { provider: "openai", id: "z", aliases: ["Zed", "a-z"], mode: "chat", context: 10, maxOutput: 5, capabilities: ["vision", "tools"], rows: [{ rates: { output: "2", input: "1", "images:hd/1x1": "0.5" }, tiers: [{ above: 128_000, edge: "disputed", rates: { input: "2" } }], regions: { eu: {} }, source: "a@1", url: "https://p.example" }] },
    { provider: "openai", id: "B", rows: [{ from: "2026-01-01", rates: { webSearches: "0.01" }, source: "a@1" }] },
  ];
  const make = (models) => ({ sources: [{ id: "a@1", name: "a 1", retrievedAt: "2026-11-21" }], providers: [{ name: "openai", ranked: true }], models });
  const [one, other] = [make(models), make(models.toReversed())];
  assert.equal(writeJson(one), writeJson(other));
  assert.deepEqual(JSON.parse(writeJson(one)).models.map(({ id }) => id), ["B", "z"]);
  assert.equal(pack(one), pack(other));
  assert.deepEqual(pack(one).split("\n"), [
    "tollgate-prices 2 1 2 2 2 2 1",
    "2026-11-21 a 1",
    "0 ",
    "0 https://p.example",
    "0 0",
    "10 5",
    " 0",
    "chat 41",
    "20260101:l.01",
    "i1o2x[hd/1x1].5;?128:i*2;@eu:",
    "2 2 openai!",
    "B",
    "z",
    "a-z 1",
    "Zed 1",
    "AAAB",
    "AAAB",
    "AAAB",
    "AAAB",
    "",
    "",
  ]);
});

test("what a book says no more is told as well as what it says otherwise", async () => {
  const row = (more) => ({ source: "a", rates: { input: "1", output: "4" }, ...more });
  const conditions = { tiers: [{ above: 200_000, rates: { input: "2" } }], services: { batch: { multiplier: "0.5" }, flex: { rates: { input: "0.5" } } }, regions: { eu: { multiplier: "1.1" } } };
  const text = (model) => JSON.stringify({ tollgate: 1, sources: [{ id: "a", name: "a" }], models: [{ provider: "p", id: "m", aliases: ["m-1"], mode: "chat", context: 1000, maxOutput: 500, capabilities: ["vision"], rows: [row(conditions)], ...model }] });
  for (const [what, before, after, expected] of [
    ["nothing", {}, {}, []],
    ["tiers and services", {}, { rows: [row({ regions: conditions.regions })] }, ["tiers.200000.edge | above | ", "tiers.200000.input | 2 | ", "services.batch.multiplier | 0.5 | ", "services.flex.input | 0.5 | "]],
    ["a region and a rate", {}, { rows: [row({ ...conditions, regions: undefined, rates: { output: "4" } })] }, ["input | 1 | ", "regions.eu.multiplier | 1.1 | "]],
    ["a limit", {}, { maxOutput: 100 }, ["maxOutput | 500 | 100"]],
    ["a limit that is none any more", {}, { context: undefined }, ["context | 1000 | "]],
    ["names and capabilities", {}, { aliases: ["m-2"], capabilities: [] }, ["aliases | m-1 | ", "aliases |  | m-2", "capabilities | vision | "]],
    ["a price of the past", { rows: [row(), row({ from: "2026-02-01" })] }, { rows: [row({ from: "2026-02-01" })] }, ["the price of unknown age | input 1, output 4 | "]],
    ["a new price without the conditions of the old one", { rows: [row({ services: conditions.services })] }, { rows: [row({ services: conditions.services }), row({ from: "2026-02-01", services: { batch: { multiplier: "0.5" } } })] }, ["services.flex.input | 0.5 | "]],
  ]) {
    const told = await changes(PriceBook, "book.json", text(before), text(after));
    const [, section = ""] = told.split("### Said no more, limits and names\n\n| model | what | was | is |\n|---|---|---|---|\n");
    assert.deepEqual(section.split("\n").filter((line) => line.startsWith("| ")), expected.map((line) => `| p/m | ${line} |`), what);
    assert.match(told, new RegExp(`; ${expected.length} other differences\\.`), what);
  }
  const changed = await changes(PriceBook, "book.json", text({}), text({ rows: [row({ ...conditions, rates: { input: "3", output: "4" } })] }));
  assert.match(changed, /1 rates changed, 0 models added, 0 gone; 0 other differences\.[^]*\| p\/m \| input \| 1 \| 3 \|/);
});
