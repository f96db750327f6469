// Cost storages: each against the one in memory, and the golden files of storage format 1.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, test } from "node:test";

import { InMemoryCostStorage, KVCostStorage, LocalStorageCostStorage, StorageError, ValidationError, createCostStorage, summarize } from "tollgate";
import { FakeKV, FakeLocalStorage, random, record } from "./lib/records.mjs";

const fixture = (name) => readFileSync(new URL(`../fixtures/storage/v1/${name}`, import.meta.url), "utf8");
const before = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
const setLocalStorage = (value) => Object.defineProperty(globalThis, "localStorage", { configurable: true, writable: true, value });

beforeEach(() => setLocalStorage(new FakeLocalStorage()));
afterEach(() => {
  delete globalThis.localStorage;
  if (before) Object.defineProperty(globalThis, "localStorage", before);
});

const KINDS = {
  memory: () => new InMemoryCostStorage(),
  localStorage: () => new LocalStorageCostStorage(),
  kv: () => new KVCostStorage(new FakeKV()),
};

const NONE = { min: 0, max: 0, mean: 0, median: 0, p75: 0, p90: 0, p95: 0, p99: 0 };

for (const [kind, make] of Object.entries(KINDS)) {
  describe(kind, () => {
    test("gives back what was stored, as a copy", async () => {
      const storage = make();
      const given = record({ metadata: { nested: { list: [1, null] } }, items: [{ unit: "input", quantity: 1, ratePerMillion: "1", usd: "0.000001" }], mine: "kept" });
      await storage.store(given);
      const got = await storage.get("r1");
      const { schema, usd, priced, costSource, breakdown, ...rest } = got;
      assert.deepEqual({ schema, usd, priced, costSource }, { schema: 1, usd: "0.06", priced: true, costSource: "computed" });
      assert.deepEqual(breakdown, { inputCost: 0.03, outputCost: 0.03, usd: { input: "0.03", output: "0.03" } });
      const { breakdown: _, ...expected } = given;
      assert.deepEqual(rest, expected);
      got.metadata.nested.list.push("changed");
      given.metadata.nested.list.push("changed too");
      assert.deepEqual((await storage.get("r1")).metadata.nested.list, [1, null]);
    });

    test("a missing id is undefined, and queries of nothing are empty", async () => {
      const storage = make();
      assert.equal(await storage.get("none"), undefined);
      assert.deepEqual(await storage.getByRequestId("none"), []);
      assert.deepEqual(await storage.getByAgentId("none"), []);
      assert.deepEqual(await storage.getByDateRange(0, new Date()), []);
      assert.deepEqual(await storage.getSummary("2026-01-01", "2026-01-31"), {
        totalCost: 0,
        totalUsd: "0",
        totalRequests: 0,
        averageCostPerRequest: 0,
        averageUsdPerRequest: "0",
        byModel: {},
        byProvider: {},
        byAgent: {},
        usd: { byModel: {}, byProvider: {}, byAgent: {} },
        period: { start: "2026-01-01T00:00:00.000Z", end: "2026-01-31T00:00:00.000Z" },
        totalTokens: { input: 0, output: 0, total: 0 },
        unpricedRequests: 0,
        by: { model: {}, provider: {}, agent: {}, project: {}, organization: {}, user: {}, tag: {} },
        costPerRequest: { ...NONE, usd: Object.fromEntries(Object.keys(NONE).map((key) => [key, "0"])) },
        tokensPerRequest: NONE,
      });
    });

    test("names of any kind are only names", async () => {
      const storage = make();
      for (const name of ["__proto__", "constructor", "toString", "é:%/\u2028"]) {
        await storage.store(JSON.parse(`{"id":${JSON.stringify(name)},"requestId":"q","agentId":${JSON.stringify(name)},"model":${JSON.stringify(name)},"timestamp":0,"actualCost":0.1,"metadata":{"__proto__":{"polluted":1}}}`));
        const got = await storage.get(name);
        assert.equal(got.agentId, name);
        assert.ok(Object.hasOwn(got.metadata, "__proto__"));
        assert.equal((await storage.getByAgentId(name)).length, 1);
      }
      const summary = await storage.getSummary(0, 1);
      assert.equal(Object.getOwnPropertyDescriptor(summary.byModel, "__proto__").value, 0.1);
      assert.equal(summary.totalUsd, "0.4");
      assert.equal({}.polluted, undefined);
    });

    test("bad records are typed errors, and nothing is stored", async () => {
      const storage = make();
      const cyclic = record();
      cyclic.metadata = { self: cyclic };
      for (const [bad, code] of [
        [record({ id: "" }), "invalid_input"],
        [record({ model: "" }), "invalid_input"],
        [record({ actualCost: NaN }), "invalid_amount"],
        [record({ actualCost: -1 }), "invalid_amount"],
        [record({ actualCost: Infinity }), "invalid_amount"],
        [record({ actualTokens: { inputTokens: -1, outputTokens: 0, totalTokens: 0 } }), "invalid_usage"],
        [record({ actualTokens: { inputTokens: NaN, outputTokens: 0, totalTokens: 0 } }), "invalid_usage"],
        [record({ actualTokens: { inputTokens: 1.5, outputTokens: 0, totalTokens: 0 } }), "invalid_usage"],
        [record({ timestamp: "2026-11-21T12:00:00" }), "invalid_time"],
        [record({ metadata: { big: 1n } }), "invalid_input"],
        [cyclic, "invalid_input"],
        [undefined, "invalid_input"],
        [null, "invalid_input"],
        ["text", "invalid_input"],
      ]) {
        await assert.rejects(storage.store(bad), (error) => error instanceof ValidationError && error.code === code, code);
      }
      await assert.rejects(storage.getByDateRange("yesterday", 0), { code: "invalid_time" });
      assert.deepEqual(await storage.getByDateRange(0, 8.64e15), []);
    });

    test("a newer schema is refused", async () => {
      await assert.rejects(make().store(record({ schema: 2 })), (error) => error instanceof StorageError && error.code === "storage_version_newer");
    });

    test("summarize agrees with getSummary", async () => {
      const storage = make();
      const records = [1, 2, 3].map((n) => record({ id: `r${n}`, actualCost: n / 10, priced: n !== 3, timestamp: new Date(n).toISOString() }));
      for (const one of records) await storage.store(one);
      assert.deepEqual(summarize(new Set(records)), await storage.getSummary(1, 3));
      assert.equal((await storage.getSummary(1, 3)).totalUsd, "0.6");
      assert.equal((await storage.getSummary(1, 3)).unpricedRequests, 1);
    });
  });
}

test("every storage agrees with the one in memory on any sequence of operations", async () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const next = random(seed);
    const upTo = (n) => Math.floor(next() * n);
    setLocalStorage(new FakeLocalStorage());
    const [memory, ...others] = Object.values(KINDS).map((make) => make());
    for (let step = 0; step < 25; step += 1) {
      const at = upTo(130) * 3_600_000;
      const kind = upTo(15);
      const operation =
        kind < 12
          ? ["store", record({ id: `r${upTo(8)}`, requestId: `q${upTo(4)}`, agentId: `a${upTo(3)}`, actualCost: upTo(1000) / 100, timestamp: new Date(at).toISOString(), ...(next() < 0.5 ? {} : { revision: upTo(3) }) })]
          : kind < 14
            ? ["deleteOlderThan", at]
            : ["clear"];
      const expected = await memory[operation[0]](operation[1]);
      for (const other of others) assert.equal(await other[operation[0]](operation[1]), expected, `seed ${seed} step ${step}`);
    }
    const [from, to] = [upTo(130) * 3_600_000, upTo(130) * 3_600_000];
    for (const [method, ...args] of [
      ["get", `r${upTo(8)}`],
      ["getByRequestId", `q${upTo(4)}`],
      ["getByAgentId", `a${upTo(3)}`],
      ["getByAgentId", `a${upTo(3)}`, from, to],
      ["getByAgentId", `a${upTo(3)}`, from],
      ["getByDateRange", from, to],
      ["getSummary", from, to],
      ["getSummary", from, to, `a${upTo(3)}`],
    ]) {
      const expected = await memory[method](...args);
      for (const other of others) assert.deepEqual(await other[method](...args), expected, `seed ${seed} ${method}`);
    }
  }
});

test("a subscriber hears of every record that was kept, and cannot break the storage", async () => {
  const storage = new InMemoryCostStorage();
  const heard = [];
  const stop = storage.subscribe((one) => heard.push([one.id, one.usd]));
  const warned = [];
  const { warn } = console;
  console.warn = (text) => warned.push(text);
  storage.subscribe(() => {
    throw new Error("mine");
  });
  await storage.store(record({ revision: 1 }));
  await storage.store(record({ revision: 0 }));
  stop();
  await storage.store(record({ id: "r2" }));
  console.warn = warn;
  assert.deepEqual(heard, [["r1", "0.06"]]);
  assert.equal(storage.size(), 2);
  assert.equal(warned.length, 1);
});

describe("localStorage", () => {
  test("survives its instance, and is shared between tabs", async () => {
    const [one, two] = [new LocalStorageCostStorage(), new LocalStorageCostStorage()];
    await one.store(record({ id: "a" }));
    await two.store(record({ id: "b" }));
    await one.store(record({ id: "b", actualCost: 1 }));
    assert.equal((await two.get("b")).usd, "1");
    assert.deepEqual((await new LocalStorageCostStorage().getByDateRange(0, Date.UTC(2030, 0))).map(({ id }) => id), ["a", "b"]);
    assert.equal(await new LocalStorageCostStorage({ namespace: "other" }).get("a"), undefined);
  });

  test("a write costs one segment", async () => {
    const storage = new LocalStorageCostStorage();
    await storage.store(record({ id: "first" }));
    let writes = 0;
    const { setItem } = FakeLocalStorage.prototype;
    globalThis.localStorage.setItem = function (...args) {
      writes += 1;
      return setItem.apply(this, args);
    };
    for (let n = 0; n < 100; n += 1) await storage.store(record({ id: `r${n}` }));
    assert.equal(writes, 100);
  });

  test("what can't be read is counted and survives", async () => {
    const key = "tollgate:1:default:seg:20261121:x:179523813012300000";
    localStorage.setItem(key, fixture("damaged.jsonl"));
    localStorage.setItem("tollgate:1:default:something", "theirs");
    localStorage.setItem("another application's", "theirs");
    const storage = new LocalStorageCostStorage();
    assert.equal((await storage.get("first")).usd, "0.2");
    const { damaged, foreign, records, newer } = await storage.report();
    assert.deepEqual({ damaged, foreign, records, newer }, { damaged: 3, foreign: 1, records: 1, newer: 0 });
    await storage.clear();
    assert.equal((await storage.report()).damaged, 3);
    assert.equal(localStorage.getItem("another application's"), "theirs");
    assert.ok([...localStorage.map.values()].some((text) => text.includes("this is no record")));
  });

  test("a newer storage is not touched", async () => {
    const storage = new LocalStorageCostStorage();
    await storage.store(record());
    for (const { key, text } of JSON.parse(fixture("keys.json")).meta.newer) {
      const ours = localStorage.getItem(key);
      localStorage.setItem(key, text);
      const before = JSON.stringify([...localStorage.map]);
      for (const call of [() => storage.store(record()), () => storage.get("r1"), () => storage.clear()]) {
        await assert.rejects(call(), { code: "storage_version_newer" });
      }
      assert.equal(JSON.stringify([...localStorage.map]), before);
      assert.equal((await storage.report()).newer, 1);
      if (ours === null) localStorage.removeItem(key);
      else localStorage.setItem(key, ours);
    }
    assert.equal((await storage.get("r1")).id, "r1");
  });

  test("none, denied and full are told apart", async () => {
    const storage = new LocalStorageCostStorage();
    localStorage.room = 300;
    await assert.rejects(storage.store(record({ metadata: { text: "x".repeat(500) } })), { name: "StorageError", code: "storage_quota" });
    setLocalStorage(undefined);
    await assert.rejects(storage.get("a"), {
      code: "storage_unavailable",
      message: "cannot open localStorage: expected a host that has it, found none",
    });
    Object.defineProperty(globalThis, "localStorage", {
      configurable: true,
      get() {
        throw new DOMException("denied", "SecurityError");
      },
    });
    await assert.rejects(storage.get("a"), { code: "storage_unavailable", message: "cannot open localStorage: the host answered SecurityError: denied" });
  });

  test("after a full storage the next write works", async () => {
    const storage = new LocalStorageCostStorage();
    await storage.store(record({ id: "a" }));
    localStorage.room = 1;
    await assert.rejects(storage.store(record({ id: "b" })), { code: "storage_quota" });
    assert.equal(await storage.get("b"), undefined);
    localStorage.room = Infinity;
    await storage.store(record({ id: "b" }));
    assert.equal((await storage.getByRequestId("q1")).length, 2);
  });
});

describe("kv", () => {
  test("concurrent stores do not write a key twice", async () => {
    const kv = new FakeKV();
    const storage = new KVCostStorage(kv);
    await Promise.all(Array.from({ length: 50 }, (_, n) => storage.store(record({ id: `r${n}` }))));
    assert.equal(kv.map.size, 51);
    assert.equal((await storage.getByRequestId("q1")).length, 50);
    assert.equal((await new KVCostStorage(kv).getByRequestId("q1")).length, 50);
  });

  test("what was written is read at once, though a list does not show it", async () => {
    const kv = new FakeKV();
    const storage = new KVCostStorage(kv);
    await storage.store(record());
    for (const key of kv.map.keys()) kv.hidden.add(key);
    assert.equal((await storage.get("r1")).usd, "0.06");
    assert.equal(await new KVCostStorage(kv).get("r1"), undefined);
  });

  test("a range reads its own days, and nothing twice", async () => {
    const kv = new FakeKV();
    const writer = new KVCostStorage(kv);
    for (let day = 1; day <= 9; day += 1) await writer.store(record({ id: `r${day}`, timestamp: `2026-11-0${day}T12:00:00Z` }));
    const storage = new KVCostStorage(kv);
    kv.calls.get = 0;
    assert.equal((await storage.getByDateRange("2026-11-03", "2026-11-04T23:59:59Z")).length, 2);
    assert.equal(kv.calls.get, 3, "meta and two segments");
    await storage.getByDateRange("2026-11-03", "2026-11-04T23:59:59Z");
    assert.equal(kv.calls.get, 3);
    assert.equal((await storage.getByAgentId("a1")).length, 9);
    assert.equal(kv.calls.get, 10);
  });

  test("a newer storage is not touched", async () => {
    for (const { key, text } of JSON.parse(fixture("keys.json")).meta.newer) {
      const kv = new FakeKV();
      kv.map.set(key, text);
      const storage = new KVCostStorage(kv);
      for (const call of [() => storage.store(record()), () => storage.getByDateRange(0, 1), () => storage.clear()]) {
        await assert.rejects(call(), { code: "storage_version_newer" });
      }
      assert.deepEqual([...kv.map], [[key, text]]);
    }
  });

  test("a host that fails is a typed error", async () => {
    const kv = new FakeKV();
    kv.put = async () => {
      throw new Error("KV PUT failed: 500");
    };
    await assert.rejects(new KVCostStorage(kv).store(record()), { code: "storage_unavailable", message: "cannot write to KV: the host answered Error: KV PUT failed: 500" });
    kv.get = () => {
      throw new Error("at once");
    };
    await assert.rejects(new KVCostStorage(kv).get("r1"), { code: "storage_unavailable" });
  });

  test("what is no binding is refused", () => {
    for (const [bad, found] of [
      [undefined, "undefined"],
      [null, "null"],
      ["kv", "a string"],
      [{ get() {}, put() {}, delete() {} }, "one without list"],
    ]) {
      assert.throws(() => new KVCostStorage(bad), {
        name: "ConfigurationError",
        message: `cannot use this KV binding: expected an object with get, put, delete and list, found ${found}`,
      });
    }
  });
});

test("the golden segment is read by every storage as the golden public form", async () => {
  const golden = fixture("public.jsonl").trim().split("\n").map((line) => JSON.parse(line));
  const header = JSON.parse(fixture("keys.json")).keys.find(({ kind }) => kind === "segment");
  // The fixture's records are of several days; a storage puts each into the segment of its own day.
  localStorage.setItem(header.key, fixture("segment.jsonl"));
  const storage = new LocalStorageCostStorage();
  const memory = new InMemoryCostStorage();
  for (const public_ of golden) {
    assert.deepEqual(await storage.get(public_.id), public_);
    await memory.store(public_);
    assert.deepEqual(await memory.get(public_.id), public_);
  }
  assert.equal((await storage.report()).records, golden.length);
});

test("the golden keys are those that are written", async () => {
  const { meta } = JSON.parse(fixture("keys.json"));
  await new LocalStorageCostStorage().store(record());
  assert.equal(localStorage.getItem(meta.key), meta.text);
  const segment = [...localStorage.map.keys()].find((key) => key.includes(":seg:"));
  assert.match(segment, /^tollgate:1:default:seg:20261121:[0-9a-f-]{36}:\d{18}$/);
  assert.equal(localStorage.getItem(segment).split("\n")[0], fixture("segment.jsonl").split("\n")[0]);
});

test("createCostStorage makes each kind", () => {
  assert.ok(createCostStorage("memory") instanceof InMemoryCostStorage);
  assert.ok(createCostStorage("localStorage", { namespace: "n" }) instanceof LocalStorageCostStorage);
  assert.ok(createCostStorage("kv", { binding: new FakeKV() }) instanceof KVCostStorage);
  assert.throws(() => createCostStorage("disk"), { code: "invalid_config", message: "cannot create a storage: expected one of memory, localStorage, indexedDB, kv, durableObject, d1, found another kind" });
  assert.throws(() => createCostStorage("localStorage", { name: "x" }), { code: "unknown_option" });
  assert.throws(() => createCostStorage("localStorage", { namespace: "" }), { code: "invalid_config" });
});
