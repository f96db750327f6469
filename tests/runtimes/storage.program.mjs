// Storages in the host that they are for, against the one in memory.
import * as tollgate from "tollgate";
import { conform, refuses, same } from "../storage/conformance.mjs";


/** How each kind is opened over a store of its own. */
const KINDS = {
  memory: () => {
    let kept = new tollgate.InMemoryCostStorage();
    return { open: () => kept, empty: async () => void (kept = new tollgate.InMemoryCostStorage()), instances: 1 };
  },
  localStorage: () => ({ open: () => new tollgate.LocalStorageCostStorage({ namespace: "conformance" }), empty: async () => localStorage.clear() }),
  kv: ({ KV }) => {
    let namespace = 0;
    // A store over KV reads nothing, so of two writers of one record the clock decides; one writes here, and all read.
    return { open: () => new tollgate.KVCostStorage(KV, { namespace: `n${namespace}` }), empty: async () => void (namespace += 1), instances: 1 };
  },
  indexedDB: () => {
    let namespace = 0;
    return { open: () => new tollgate.IndexedDBCostStorage({ namespace: `n${namespace}` }), empty: async () => void (namespace += 1) };
  },
  d1: ({ DB }) => {
    let namespace = 0;
    return { open: () => tollgate.createCostStorage("d1", { binding: DB, namespace: `n${namespace}` }), empty: async () => void (namespace += 1) };
  },
  // Inside of an object, over its own storage; and outside, over a stub.
  durableObject: ({ RECORDS, storage }) => {
    let namespace = 0;
    const binding = storage ?? RECORDS.get(RECORDS.idFromName("all"));
    return { open: () => new tollgate.DurableObjectCostStorage(binding, { namespace: `n${namespace}` }), empty: async () => void (namespace += 1) };
  },
};

export default async function main({ kind, seeds }, env) {
  const how = KINDS[kind](env ?? {});
  const done = await conform(tollgate, { ...how, seeds });
  await how.empty();
  await refuses(tollgate, how.open());
  return { kind, operations: done.operations, questions: done.questions, ...(await (OWN[kind] ?? (() => ({})))(env ?? {})) };
}

/** What a kind has to stand by itself. */
const OWN = {
  async localStorage() {
    localStorage.clear();
    const open = (namespace = "own") => new tollgate.LocalStorageCostStorage({ namespace });
    const good = (id) => ({ id, model: "m", timestamp: "2026-11-21T12:00:00.000Z", actualCost: 0.1 });
    const storage = open();
    await storage.store(good("a"));
    // Somebody else's keys, also under our prefix, and a damaged segment.
    localStorage.setItem("theirs", "kept");
    localStorage.setItem("tollgate:1:own:what", "kept");
    const segment = Object.keys(localStorage).find((key) => key.includes(":seg:"));
    localStorage.setItem(segment.replace(/\d{18}$/, "000000000000000001"), `${localStorage.getItem(segment)}{"cut`);
    const fresh = open();
    const { damaged, foreign, records } = await fresh.report();
    same({ damaged, foreign, records }, { damaged: 1, foreign: 1, records: 1 }, "the report");
    same((await fresh.get("a")).usd, "0.1", "what is not damaged");
    await fresh.clear();
    same([localStorage.getItem("theirs"), localStorage.getItem("tollgate:1:own:what"), (await open().report()).damaged], ["kept", "kept", 1], "after clear");
    // A full store refuses, keeps what is there, and takes the next record once there is room.
    await storage.store(good("b"));
    let filler = 0;
    for (let size = 1 << 22; size > 0; ) {
      try {
        localStorage.setItem(`filler${filler}`, "x".repeat(size));
        filler += 1;
      } catch {
        size >>= 1;
      }
    }
    let refusal;
    await storage.store(good("c")).catch((error) => (refusal = error.code));
    same([refusal, (await storage.get("b"))?.id, await storage.get("c")], ["storage_quota", "b", undefined], "when it is full");
    for (let at = 0; at < filler; at += 1) localStorage.removeItem(`filler${at}`);
    await storage.store(good("c"));
    same((await open().getByDateRange(0, 8e15)).map(({ id }) => id), ["b", "c"], "when there is room again");
    localStorage.clear();
    return { own: true };
  },
  async kv({ KV }) {
    // A KV that fails, and one whose lists are stale.
    const failing = { ...over(KV), put: async () => Promise.reject(new Error("KV PUT failed: 500")) };
    const good = (id) => ({ id, model: "m", timestamp: "2026-11-21T12:00:00.000Z", actualCost: 0.1 });
    let refusal;
    await new tollgate.KVCostStorage(failing, { namespace: "failing" }).store(good("a")).catch((error) => (refusal = error.code));
    same(refusal, "storage_unavailable", "a KV that fails");
    const stale = { ...over(KV), list: async () => ({ keys: [], list_complete: true }) };
    const storage = new tollgate.KVCostStorage(stale, { namespace: "stale" });
    await storage.store(good("a"));
    same((await storage.get("a")).id, "a", "what a stale list does not show, its writer knows");
    same(await new tollgate.KVCostStorage(KV, { namespace: "stale" }).get("a").then((found) => found.id), "a", "and the others once it does");
    // Many writers at once: nothing is lost, and a correction wins whoever wrote it.
    const writers = Array.from({ length: 4 }, () => new tollgate.KVCostStorage(KV, { namespace: "many" }));
    await Promise.all(writers.flatMap((writer, at) => Array.from({ length: 10 }, (_, n) => writer.store(good(`r${at}-${n}`)))));
    await Promise.all(writers.map((writer, at) => writer.store({ ...good("shared"), revision: 3 - at, actualCost: at })));
    const all = await new tollgate.KVCostStorage(KV, { namespace: "many" }).getByDateRange(0, 8e15);
    same([all.length, all.find(({ id }) => id === "shared").usd], [41, "0"], "four writers");
    // Once every instance has seen them, segments are put together; nothing changes but the number of keys.
    const count = async () => (await KV.list({ prefix: "tollgate:1:many:seg:" })).keys.length;
    const segments = await count();
    const { now } = Date;
    Date.now = () => now() + 11 * 60_000;
    const less = await new tollgate.KVCostStorage(KV, { namespace: "many" }).compact();
    Date.now = now;
    same([less, await count()], [segments - 1, 1], "keys that are gone");
    same(await new tollgate.KVCostStorage(KV, { namespace: "many" }).getByDateRange(0, 8e15), all, "what was put together");
    same(await writers[0].getByDateRange(0, 8e15), all, "what an instance sees that was there before");
    // What KV is to forget, it is told when.
    const short = new tollgate.KVCostStorage(KV, { namespace: "short", ttlSeconds: 3600 });
    const at = Math.floor(Date.now() / 1000);
    await short.store({ ...good("a"), timestamp: at * 1000 });
    const [{ expiration }] = (await KV.list({ prefix: "tollgate:1:short:seg:" })).keys;
    same(Math.abs(expiration - at - 3600) <= 1, true, "an hour after the record");
    return { own: true };
  },
};

/** A row that is damaged, and a storage of a later release; `change` does something to the host. */
async function rows(open, change) {
  const good = (id) => ({ id, model: "m", timestamp: "2026-11-01T12:00:00.000Z", actualCost: 0.1 });
  const storage = open();
  for (const id of ["a", "b", "c"]) await storage.store(good(id));
  same((await storage.getSummary("2026-11-01", "2026-11-02")).totalUsd, "0.3", "before");
  await change("damage", "b");
  const { damaged, records } = await storage.report();
  same({ damaged, records }, { damaged: 1, records: 3 }, "the report");
  same((await storage.getByDateRange(0, 8e15)).map(({ id }) => id), ["a", "c"], "what is not damaged");
  // What a day adds up to is kept, and counted anew after a write.
  await storage.store({ ...good("c"), actualCost: 0.5 });
  for (const time of ["first", "second"]) same((await storage.getSummary("2026-11-01", "2026-11-02")).totalUsd, "0.6", time);
  await Promise.all(Array.from({ length: 20 }, (_, n) => open().store({ ...good("race"), revision: n })));
  same((await storage.get("race")).revision, 19, "twenty at once");
  await change("newer");
  for (const call of [() => open().get("a"), () => open().store(good("d"))]) {
    let code;
    await call().catch((error) => (code = error.code));
    same(code, "storage_version_newer", "a later release");
  }
  await change("older");
  same((await open().getByDateRange(0, 8e15)).length, 3, "nothing is lost");
  return { own: true };
}

const NEWER = { newer: 2, older: 1 };
Object.assign(OWN, {
  async d1({ DB }) {
    await rows(
      () => new tollgate.D1CostStorage(DB, { namespace: "own" }),
      (what, id) =>
        what === "damage"
          ? DB.prepare("UPDATE tollgate_records SET text = 'no record' WHERE id = ?").bind(id).run()
          : DB.prepare("UPDATE tollgate_meta SET value = ? WHERE name = 'records_schema'").bind(NEWER[what]).run(),
    );
    let code;
    const failing = { prepare: (sql) => DB.prepare(sql), batch: async () => Promise.reject(new Error("D1_ERROR: out of order")) };
    await new tollgate.D1CostStorage(failing).get("a").catch((error) => (code = error.code));
    same(code, "storage_unavailable", "a database that fails");
    return { own: true };
  },
  async durableObject({ storage }) {
    if (storage === undefined) return {};
    return rows(
      () => new tollgate.DurableObjectCostStorage(storage, { namespace: "own" }),
      async (what, id) =>
        what === "damage"
          ? storage.sql.exec("UPDATE tollgate_records SET text = 'no record' WHERE id = ?", id)
          : storage.sql.exec("UPDATE tollgate_meta SET value = ? WHERE name = 'records_schema'", NEWER[what]),
    );
  },
  async indexedDB() {
    const name = "tollgate:1:own";
    const asked = (request) => new Promise((resolve, reject) => ((request.onsuccess = () => resolve(request.result)), (request.onerror = () => reject(request.error))));
    let kept = [];
    await rows(
      () => new tollgate.IndexedDBCostStorage({ namespace: "own" }),
      async (what, id) => {
        const database = await asked(indexedDB.open(name, what === "newer" ? 2 : undefined));
        const records = what === "older" ? undefined : database.transaction("records", "readwrite").objectStore("records");
        if (what === "damage") await asked(records.put({ ...(await asked(records.get(id))), text: "no record" }));
        if (what === "newer") kept = await asked(records.getAll());
        database.close();
        if (what !== "older") return;
        // A database's version only rises: it is made again, with what was in it.
        await asked(indexedDB.deleteDatabase(name));
        const again = new tollgate.IndexedDBCostStorage({ namespace: "own" });
        for (const { text } of kept) if (text !== "no record") await again.store(JSON.parse(text));
      },
    );
    return { own: true };
  },
});

const over = (KV) => ({ get: (key) => KV.get(key), put: (...args) => KV.put(...args), delete: (key) => KV.delete(key), list: (options) => KV.list(options) });
