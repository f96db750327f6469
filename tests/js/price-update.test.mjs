// Fresh prices: books over books, tables over HTTP, what is refused, what is stale, and why a price is what it is.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, describe, it, mock } from "node:test";
import { CostTracker, NotFoundError, NetworkError, PriceBook, ServerError, TimeoutError, ValidationError } from "tollgate";

const HOSTILE = JSON.parse(readFileSync(new URL("../fixtures/prices/hostile.json", import.meta.url), "utf8")).cases;
const table = ([text, times]) => (text.includes("%") ? Array.from({ length: times }, (_, at) => text.replaceAll("%", at)).join("") : text.repeat(times));
const textOf = ({ parts }) => parts.map((part) => (typeof part === "string" ? part : table(part))).join("");

const TODAY = new Date().toISOString().slice(0, 10);
const model = (id, input, more = {}) => ({ provider: "openai", id, rows: [{ source: "a", rates: { input, output: "4" }, ...more }] });
const ours = (models, retrievedAt) => ({ tollgate: 1, sources: [{ id: "a", name: "a 1", ...(retrievedAt && { retrievedAt }) }], models });
const small = () => PriceBook.fromJSON(ours(["m", "n", "o", "p", "q", "r", "s", "t", "u", "v"].map((id) => model(id, "1")), "2026-01-01"));
const answering = (body, init = {}) => mock.fn(async () => new Response(typeof body === "string" ? body : JSON.stringify(body), init));
const usd = (book, id, at) => book.price({ model: id, usage: { input: 1_000_000, output: 0 }, ...(at && { at }) }).usd;

describe("PriceBook.merge", () => {
  it("puts a book over another and changes neither", () => {
    const [under, over] = [small(), PriceBook.fromJSON(ours([model("m", "2"), model("new", "3")], "2026-06-01"))];
    const merged = under.merge(over);
    assert.deepEqual([merged.size, under.size, over.size], [11, 10, 2]);
    assert.deepEqual([usd(merged, "m", "2026-05-31"), usd(merged, "m", "2026-06-01"), usd(merged, "new"), usd(merged, "n")], ["1", "2", "3", "1"]);
    assert.deepEqual([usd(under, "m", "2026-06-01"), usd(under, "new")], ["1", undefined]);
    assert.equal(PriceBook.bundled().merge(over).size, PriceBook.bundled().size + 2);
    assert.throws(() => under.merge({}), ValidationError);
  });
});

describe("PriceBook.update", () => {
  it("takes a table, tells what it changes, and keeps handles, costs and trackers right", async () => {
    const book = small();
    const tracker = new CostTracker({ priceBook: book });
    const tokens = { inputTokens: 1_000_000, outputTokens: 0, totalTokens: 1_000_000 };
    assert.equal(tracker.estimateCost("m", tokens).usd, "1");
    const [handle, last] = [book.handle("m"), book.handle("v")];
    const earlier = book.price({ model: "v", usage: { input: 7, output: 0 } });
    const text = JSON.stringify(ours([model("m", "2"), model("a-first", "3"), ...["n", "o", "p", "q", "r", "s", "t", "u", "v"].map((id) => model(id, "1"))], TODAY));
    const fetch = answering(text, { headers: { etag: '"one"' } });
    const report = await book.update("https://p.example/t.json", { fetch });
    assert.deepEqual(report, {
      status: "updated",
      updated: true,
      url: "https://p.example/t.json",
      etag: '"one"',
      sha256: createHash("sha256").update(text).digest("hex"),
      bytes: text.length,
      retrievedAt: TODAY,
      models: 11,
      added: ["openai/a-first"],
      lost: [],
      changes: [{ provider: "openai", model: "m", rate: "input", from: "1", to: "2", since: TODAY }],
      moved: [],
      taken: [],
      counts: { added: 1, lost: 0, changes: 1, moved: 0, taken: 0 },
    });
    assert.equal(usd(book, "m"), "2");
    assert.equal(usd(book, "m", "2026-05-01"), "1", "an old call keeps its cost");
    assert.deepEqual([book.handle("m"), book.handle("v")], [handle, last]);
    assert.deepEqual([book.cost(handle, 1_000_000, 0), book.cost(last, 1_000_000, 0)], [2, 1]);
    const added = book.handle("a-first");
    assert.ok(added >= 10);
    assert.deepEqual([book.cost(added, 1_000_000, 0), book.cost(99, 1, 1), book.cost(-1, 1, 1)], [3, NaN, NaN]);
    assert.equal(tracker.estimateCost("m", tokens).usd, "2");
    assert.deepEqual(earlier.items.map(({ unit, quantity }) => [unit, quantity]), [["input", 7]]);
    assert.equal(earlier.source.retrievedAt, "2026-01-01");

    // The server knows that it has not changed: nothing is read, and no day is another one.
    const again = mock.fn(async () => new Response(null, { status: 304 }));
    const unchanged = await book.update("https://p.example/t.json", { fetch: again });
    assert.deepEqual([unchanged.status, unchanged.updated, unchanged.models, unchanged.retrievedAt], ["unchanged", false, 11, undefined]);
    assert.equal(again.mock.calls[0].arguments[1].headers.get("if-none-match"), '"one"');
    // Another address, another tag; and a tag of the program's own.
    await book.update("https://q.example/t.json", { fetch: again });
    assert.equal(again.mock.calls[1].arguments[1].headers.get("if-none-match"), null);
    await book.update("https://q.example/t.json", { fetch: again, etag: 'W/"x"', headers: { authorization: "Bearer k" } });
    const { headers } = again.mock.calls[2].arguments[1];
    assert.deepEqual([headers.get("if-none-match"), headers.get("authorization")], ['W/"x"', "Bearer k"]);

    // A second table: handles go on.
    await book.update("https://p.example/t.json", { fetch: answering(ours([model("aa", "5"), model("m", "1.5")], TODAY)), maxLost: 1 });
    assert.deepEqual([book.handle("m"), book.handle("v"), book.handle("a-first")], [handle, last, added]);
    assert.deepEqual([book.cost(handle, 1_000_000, 0), book.cost(added, 1_000_000, 0), book.cost(book.handle("aa"), 1_000_000, 0)], [1.5, 3, 5]);
    assert.equal(tracker.estimateCost("m", tokens).usd, "1.5");
    assert.equal(JSON.stringify(PriceBook.fromJSON(book.toJSON()).toJSON()), JSON.stringify(book.toJSON()));
  });

  it("reads kept and fetched tables by one clock", async () => {
    const day = (ahead) => new Date(Date.now() + ahead * 864e5).toISOString().slice(0, 10);
    const late = /expected sources\[0\]\.retrievedAt to be a day that has come, found one of the future/;
    assert.throws(() => PriceBook.fromJSON(ours([model("m", "1")], day(3))), late);
    const { refusal } = await small().update("https://p.example", { fetch: answering(ours([model("m", "1")], day(3))), maxLost: 1 });
    assert.match(refusal.detail, late);
    // The clock of another place, which is a day ahead at most.
    const read = (book) => book.price({ model: "m", usage: { input: 1, output: 0 } }).source.retrievedAt;
    assert.equal(read(PriceBook.fromJSON(ours([model("m", "1")], day(1)))), day(0));
    // Nobody knows when what was kept was read.
    assert.equal(PriceBook.fromJSON(ours([model("m", "1")])).staleRates()[0].days, undefined);
    // A clock that is not set can't tell.
    mock.timers.enable({ apis: ["Date"], now: 0 });
    try {
      assert.equal(read(PriceBook.fromJSON(ours([model("m", "1")], "2030-01-01"))), "2030-01-01");
    } finally {
      mock.timers.reset();
    }
  });

  it("notes that the same prices were read again, and dates a foreign table by the day on which it was read", async () => {
    const book = small();
    const same = ours(["m", "n", "o", "p", "q", "r", "s", "t", "u", "v"].map((id) => model(id, "1")), TODAY);
    const report = await book.update("https://p.example", { fetch: answering(same) });
    assert.deepEqual([report.status, report.updated], ["unchanged", true]);
    assert.equal(book.price({ model: "m", usage: { input: 1, output: 0 } }).source.retrievedAt, TODAY);
    const litellm = { m: { litellm_provider: "openai", mode: "chat", input_cost_per_token: 2e-6, output_cost_per_token: 4e-6 } };
    await book.update("https://l.example", { fetch: answering(litellm), maxLost: 1 });
    const { source } = book.price({ model: "m", usage: { input: 1, output: 0 } });
    assert.deepEqual(source, { name: "litellm", url: "", effectiveFrom: TODAY, retrievedAt: TODAY });
  });

  it("refuses what can't be right, says why, and keeps the book", async () => {
    const all = ["m", "n", "o", "p", "q", "r", "s", "t", "u", "v"];
    const full = (change) => ours(all.map((id) => model(id, change[id] ?? "1")), TODAY);
    const ok = full({ m: "2" });
    for (const [why, body, options, reason, detail, path] of [
      ["too large", ok, { maxBytes: 100 }, "too_large", /^expected at most 100 bytes, found (more|\d+)$/],
      ["another table", ok, { sha256: "0".repeat(64) }, "sha256", /^expected a table with the SHA-256 0{64}, found [0-9a-f]{64}$/],
      ["no table", "<html>", {}, "unreadable", /^cannot read prices: expected JSON, found something else at line 1, column 1$/, ""],
      ["a wrong type", ours([model("m", {})], TODAY), {}, "unreadable", /expected models\[0\]\.rows\[0\]\.rates\.input to be a decimal number of USD, found an object$/, "models[0].rows[0].rates.input"],
      ["moved", full({ m: "11", n: "0.01" }), {}, "price_moved", /^expected prices to move by at most a factor of 10, found input of openai\/m from 1 to 11 and 1 others$/],
      ["moved by more than I like", ok, { maxPriceRatio: 1.5 }, "price_moved", /factor of 1.5/],
      ["lost", ours(all.slice(2).map((id) => model(id, "1")), TODAY), {}, "models_lost", /^expected at most 10 % of 10 models to be missing, found 2: "openai\/m", \.\.\.$/],
      ["lost more than I like", ours(all.slice(1).map((id) => model(id, "1")), TODAY), { maxLost: 0 }, "models_lost", /at most 0 %/],
    ]) {
      const book = small();
      const before = JSON.stringify(book.toJSON());
      const report = await book.update("https://p.example", { fetch: answering(body, { headers: { etag: '"bad"' } }), ...options });
      assert.deepEqual([report.status, report.updated, report.refusal?.reason], ["refused", false, reason], why);
      assert.match(report.refusal.detail, detail, why);
      assert.equal(report.refusal.path, path === "" ? "" : path, why);
      assert.equal(JSON.stringify(book.toJSON()), before, why);
      // What was refused is asked for again.
      const next = answering(ok);
      await book.update("https://p.example", { fetch: next });
      assert.equal(next.mock.calls[0].arguments[1].headers.get("if-none-match"), null, why);
      assert.equal(usd(book, "m"), "2", why);
    }
    const book = small();
    assert.equal((await book.update("https://p.example", { fetch: answering(full({ m: "11" })), maxPriceRatio: Infinity })).status, "updated");
    const text = JSON.stringify(full({ m: "12" }));
    const pinned = await book.update("https://p.example", { fetch: answering(text), sha256: createHash("sha256").update(text).digest("hex").toUpperCase() });
    assert.equal(pinned.status, "updated");
  });

  it("refuses a table that takes names from other providers, unless it is allowed to", async () => {
    const book = PriceBook.fromJSON(ours([{ ...model("gemini-2.5-pro", "1"), provider: "google" }]));
    const table = ours([{ ...model("gemini-2.5-pro", "2"), provider: "models" }]);
    const asked = { fetch: answering(table), maxLost: 1 };
    const name = "models/gemini-2.5-pro";
    const taken = [{ name, from: "google/gemini-2.5-pro", to: name }];
    const refused = await book.update("https://p.example", asked);
    assert.deepEqual([refused.status, refused.taken, refused.counts.taken], ["refused", taken, 1]);
    assert.deepEqual(refused.refusal, { reason: "name_taken", detail: `expected names to stay with their providers, found "${name}" taken from google/gemini-2.5-pro by ${name}`, path: name });
    assert.equal(book.price({ model: name, usage: { input: 1, output: 0 } }).provider, "google");
    const allowed = await book.update("https://p.example", { ...asked, fetch: answering(table), maxTaken: 1 });
    assert.deepEqual([allowed.status, allowed.taken], ["updated", taken]);
    assert.equal(book.price({ model: name, usage: { input: 1, output: 0 } }).provider, "models");
    await assert.rejects(book.update("https://p.example", { maxTaken: -1 }), /expected maxTaken to be a number from 0 to Infinity/);
  });

  it("takes an answer 304 for the pinned table only where it has taken that", async () => {
    const text = JSON.stringify(ours([model("m", "2")], TODAY));
    const sha256 = createHash("sha256").update(text).digest("hex");
    const [taken, other] = ['"one"', "0".repeat(64)];
    // A server as they are: 304 to the tag that it has, whatever the table is to be.
    const server = mock.fn(async (_, { headers }) => (headers.get("if-none-match") === taken ? new Response(null, { status: 304 }) : new Response(text, { headers: { etag: taken } })));
    const url = "https://p.example";
    for (const [what, options, sent, status] of [
      ["no pin", {}, taken, "unchanged"],
      ["its pin", { sha256: sha256.toUpperCase() }, taken, "unchanged"],
      ["another pin", { sha256: other }, null, "refused"],
      ["another pin and the tag", { sha256: other, etag: taken }, null, "refused"],
      ["another pin and the tag among the headers", { sha256: other, headers: { "if-none-match": taken } }, null, "refused"],
      ["its pin and a tag of nobody knows what", { sha256, etag: '"two"' }, null, "unchanged"],
    ]) {
      const book = small();
      assert.equal((await book.update(url, { fetch: server, maxLost: 1 })).status, "updated");
      const report = await book.update(url, { fetch: server, maxLost: 1, ...options });
      assert.equal(server.mock.calls.at(-1).arguments[1].headers.get("if-none-match"), sent, what);
      assert.deepEqual([report.status, report.refusal?.reason], [status, status === "refused" ? "sha256" : undefined], what);
    }
    const stubborn = async () => new Response(null, { status: 304 });
    assert.deepEqual((await small().update(url, { fetch: stubborn, sha256 })).refusal, { reason: "sha256", detail: `expected a table with the SHA-256 ${sha256}, found status 304 and none` });
  });

  it("does not take an earlier table after a later one", async () => {
    const book = small();
    const waiting = [];
    const fetch = () => new Promise((answer) => waiting.push(answer));
    const answer = (at, price) => waiting[at](new Response(JSON.stringify(ours([model("m", price)], TODAY)), { headers: { etag: `"${price}"` } }));
    const updates = [{}, { dryRun: true }, {}, {}].map((options) => book.update("https://p.example", { fetch, maxLost: 1, ...options }));
    answer(2, "3");
    assert.equal((await updates[2]).status, "updated");
    answer(0, "2");
    const late = await updates[0];
    assert.deepEqual([late.status, late.updated, late.refusal], ["refused", false, { reason: "superseded", detail: "expected the latest update, found that one asked for later has been taken" }]);
    answer(1, "4");
    assert.equal((await updates[1]).status, "updated", "what only tells is told by the book as it is");
    assert.equal(usd(book, "m"), "3");
    answer(3, "5");
    assert.equal((await updates[3]).updated, true, "and one asked for later is taken");
    assert.equal(usd(book, "m"), "5");
    const next = mock.fn(async () => new Response(null, { status: 304 }));
    await book.update("https://p.example", { fetch: next });
    assert.equal(next.mock.calls[0].arguments[1].headers.get("if-none-match"), '"5"');
  });

  it("reads a table with a byte order mark", async () => {
    const text = `\uFEFF${JSON.stringify(ours([model("m", "2")], TODAY))}`;
    const book = small();
    const report = await book.update("https://p.example", { fetch: answering(text), maxLost: 1 });
    assert.deepEqual([report.status, report.sha256], ["updated", createHash("sha256").update(text).digest("hex")]);
    assert.equal(usd(book, "m"), "2");
    assert.equal(usd(PriceBook.fromJSON(text), "m"), "2");
    assert.throws(() => PriceBook.fromJSON(`\uFEFF${text}`), { code: "invalid_input" });
  });

  it("reads no more of an error than it tells", async () => {
    let [pulled, cancelled] = [0, false];
    const endless = (first) =>
      new ReadableStream({
        start: (to) => to.enqueue(new TextEncoder().encode(first)),
        pull: (to) => (pulled += 1, to.enqueue(new Uint8Array(1024).fill(0x20))),
        cancel: () => void (cancelled = true),
      });
    const said = '{"error":{"message":"out of order"}}';
    await assert.rejects(small().update("https://p.example", { fetch: async () => new Response(endless(said), { status: 500 }) }), ServerError);
    assert.ok(pulled < 20, `${pulled} kB were read`);
    assert.ok(cancelled);
    await assert.rejects(small().update("https://p.example", { fetch: async () => new Response(said, { status: 500 }) }), (error) => error.message.includes("out of order"));
    await assert.rejects(small().update("https://p.example", { fetch: async () => new Response(null, { status: 500 }) }), ServerError);
    const stuck = new ReadableStream({ pull: () => new Promise(() => {}) });
    await assert.rejects(small().update("https://p.example", { fetch: async () => new Response(stuck, { status: 500 }), timeout: 50 }), (error) => error instanceof ServerError || error instanceof TimeoutError);
  });

  it("says what would change without changing it", async () => {
    const book = small();
    const report = await book.update("https://p.example", { fetch: answering(ours([model("m", "2")], TODAY)), maxLost: 1, dryRun: true });
    assert.deepEqual([report.status, report.updated, report.counts], ["updated", false, { added: 0, lost: 9, changes: 1, moved: 0, taken: 0 }]);
    assert.equal(usd(book, "m"), "1");
  });

  it("refuses every hostile table with the path of what is wrong, in bounded time", async () => {
    const book = small();
    const before = JSON.stringify(book.toJSON());
    for (const one of HOSTILE) {
      const text = textOf(one);
      const begun = performance.now();
      const report = await book.update("https://p.example", { fetch: answering(text) });
      const took = performance.now() - begun;
      assert.equal(report.status, "refused", one.name);
      if (text.length > 2 ** 25) assert.equal(report.refusal.reason, "too_large", one.name);
      else {
        assert.deepEqual([report.refusal.reason, report.refusal.path ?? ""], ["unreadable", one.path], one.name);
        assert.throws(() => PriceBook.fromJSON(text), (error) => error instanceof ValidationError && (error.context.path ?? "") === one.path && error.message === report.refusal.detail, one.name);
      }
      if (one.expected !== undefined && text.length < 2 ** 25) assert.ok(report.refusal.detail.includes(one.expected), `${one.name}: ${report.refusal.detail}`);
      assert.ok(took < 20_000, `${one.name}: ${took} ms`);
    }
    assert.equal(JSON.stringify(book.toJSON()), before);
    assert.equal({}.litellm_provider, undefined);
  });

  it("refuses hostile objects", () => {
    const deep = {};
    for (let at = deep, level = 0; level < 1e5; level += 1) at = at.a = {};
    for (const [object, path] of [
      [{ tollgate: 1, models: [{ provider: "p", id: "m", rows: [{ rates: { input: NaN } }] }] }, "models[0].rows[0].rates.input"],
      [{ tollgate: 1, models: [{ provider: "p", id: "m", rows: [{ rates: { input: -Infinity } }] }] }, "models[0].rows[0].rates.input"],
      [{ tollgate: 1, models: [{ provider: "p", id: "m", rows: [{ rates: { input: 10n ** 400n } }] }] }, "models[0].rows[0].rates.input"],
      [JSON.parse('{"tollgate":1,"models":[{"provider":"p","id":"m","rows":[{"rates":{"__proto__":1}}]}]}'), "models[0].rows[0].rates.__proto__"],
      [deep, undefined],
    ]) {
      assert.throws(() => PriceBook.fromJSON(object), (error) => error instanceof ValidationError && error.context.path === path);
    }
  });

  it("has a refused option named, and no table for an error", async () => {
    const book = small();
    const fails = (options, expected) => assert.rejects(book.update("https://p.example", { fetch: answering("{}"), ...options }), expected);
    await fails({ etags: "x" }, { code: "unknown_option" });
    for (const [key, value] of [["timeout", 0], ["timeout", NaN], ["maxBytes", 1e9], ["maxPriceRatio", 0.5], ["maxLost", 2], ["sha256", "abc"], ["sha256", 5], ["fetch", 5], ["dryRun", "no"], ["signal", 5], ["signal", null], ["signal", {}], ["etag", 5], ["etag", "a\nb"], ["headers", 5], ["headers", { "a b": "c" }], ["headers", { a: "b\nc" }]]) await fails({ [key]: value }, { code: "invalid_config" });
    await assert.rejects(book.update(""), { code: "invalid_config" });
    await fails({ fetch: answering("gone", { status: 404 }) }, (error) => error instanceof NotFoundError && error.status === 404);
    await fails({ fetch: answering("oops", { status: 503 }) }, ServerError);
    const cause = new TypeError("fetch failed");
    await fails({ fetch: async () => { throw cause; } }, (error) => error instanceof NetworkError && error.code === "network" && error.cause === cause);
    await fails({ fetch: () => new Promise(() => {}), timeout: 20 }, (error) => error instanceof TimeoutError && error.timeout === 20);
    const controller = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => controller.abort(reason), 10);
    await fails({ fetch: () => new Promise(() => {}), signal: controller.signal }, (error) => error === reason);
    const never = mock.fn();
    await fails({ fetch: never, signal: controller.signal }, (error) => error === reason);
    assert.equal(never.mock.callCount(), 0);
    assert.equal(usd(book, "m"), "1");
  });
});

describe("over HTTP", () => {
  let server, url, seen;
  before(async () => {
    server = createServer((request, response) => {
      seen = request.headers;
      if (request.url === "/endless") {
        response.writeHead(200, { "content-type": "application/json" });
        const more = () => { while (response.write(" ".repeat(65_536))) if (response.destroyed) return; response.once("drain", more); };
        more();
        response.on("close", () => response.removeAllListeners("drain"));
        return;
      }
      if (request.url === "/slow") return void response.writeHead(200).write("{");
      const body = JSON.stringify(ours([model("m", "2")], TODAY));
      const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 8)}"`;
      if (request.headers["if-none-match"] === etag) return void response.writeHead(304, { etag }).end();
      response.writeHead(200, { etag, "content-type": "application/json" }).end(body);
    });
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    url = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it("asks with the tag, and stops reading what has no end", async () => {
    const book = small();
    const first = await book.update(url, { maxLost: 1 });
    assert.deepEqual([first.status, seen["if-none-match"], seen.accept], ["updated", undefined, "application/json"]);
    assert.equal((await book.update(url)).status, "unchanged");
    assert.equal(seen["if-none-match"], first.etag);
    const refused = await book.update(`${url}/endless`, { maxBytes: 1_000_000 });
    assert.deepEqual(refused.refusal, { reason: "too_large", detail: "expected at most 1000000 bytes, found more" });
    await assert.rejects(book.update(`${url}/slow`, { timeout: 50 }), TimeoutError);
    assert.equal(usd(book, "m"), "2");
  });
});

describe("PriceBook.staleRates", () => {
  it("tells what was read too long ago, as of a day", () => {
    const book = PriceBook.fromJSON({ tollgate: 1, sources: [{ id: "a", name: "a 1", retrievedAt: "2026-11-01" }], models: [model("m", "1"), { provider: "p", id: "n", rows: [{ source: "own", rates: { input: "1" } }] }] });
    assert.deepEqual(book.staleRates(30, "2026-12-02"), [
      { model: "m", provider: "openai", source: { name: "a 1", url: "", retrievedAt: "2026-11-01" }, days: 31 },
      { model: "n", provider: "p", source: { name: "own", url: "", retrievedAt: "" } },
    ]);
    assert.deepEqual(book.staleRates(31, new Date("2026-12-02")).map((rate) => rate.model), ["n"]);
    assert.deepEqual(PriceBook.bundled().staleRates(30, "2026-11-22"), []);
    assert.ok(PriceBook.bundled().staleRates(undefined, "2027-06-01").length > 1_500);
    for (const days of [-1, NaN]) assert.throws(() => book.staleRates(days), ValidationError);
    assert.throws(() => book.staleRates(30, "noon"), { code: "invalid_time" });
  });
});

describe("PriceBook.explain", () => {
  it("says why a price is what it is", () => {
    const told = PriceBook.bundled().explain("openai/gpt-5", { usage: { input: 2_000, cacheRead: 8_000, output: 500 }, serviceTier: "flex", at: "2026-11-21" });
    assert.deepEqual([told.asked, told.model, told.provider, told.matchType, told.serviceTier, told.inputTokens, told.usd], ["openai/gpt-5", "gpt-5", "openai", "prefix", "flex", 10_000, "0.00425"]);
    assert.match(told.source.url, /^https:\/\//);
    assert.deepEqual(told.items.map((item) => [item.unit, item.variant, item.product]), [
      ["input", "services.flex", "2000 x 0.625 / 1000000 = 0.00125"],
      ["cacheRead", "services.flex", "8000 x 0.0625 / 1000000 = 0.0005"],
      ["output", "services.flex", "500 x 5 / 1000000 = 0.0025"],
    ]);
    assert.deepEqual(told.variants.filter((variant) => variant.holds).map((variant) => variant.when), ["services.flex"]);
    assert.ok(told.assumptions.includes('"openai/gpt-5" names the model "gpt-5" of openai'));
    assert.ok(told.rows.some((row) => row.inForce));
    // The items are those of the price.
    const cost = PriceBook.bundled().price({ model: "gpt-5", usage: { input: 2_000, cacheRead: 8_000, output: 500 }, serviceTier: "flex", at: "2026-11-21" });
    assert.deepEqual(told.items.map(({ unit, quantity, ratePerMillion, usd }) => ({ unit, quantity, ratePerMillion, usd })), cost.items);
    assert.deepEqual(PriceBook.bundled().explain("gpt-5").items, []);
    assert.deepEqual(PriceBook.bundled().explain("nobody-knows"), { priced: false, reason: "unknown_model", detail: 'no price is known for the model "nobody-knows"' });
    assert.throws(() => PriceBook.bundled().explain("gpt-5", { usages: {} }), { code: "unknown_option" });
    // What is no option of the price is none here, and the other way round.
    const sum = { usage: { input: 1_000_000, output: 1_000 }, aggregated: true, at: "2026-11-21" };
    const summed = PriceBook.bundled().explain("gemini-2.5-pro", sum);
    const { usd, low, high, warnings } = PriceBook.bundled().price({ model: "gemini-2.5-pro", ...sum });
    assert.deepEqual([summed.usd, summed.low, summed.high, summed.warnings], [usd, low, high, warnings]);
    assert.deepEqual([usd, low, high], ["1.26", "1.26", "2.515"]);
    assert.throws(() => PriceBook.bundled().explain("gpt-5", { aggregated: "yes" }), { code: "invalid_input" });
  });
});
