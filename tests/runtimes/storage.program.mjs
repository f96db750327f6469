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
    return { open: () => new tollgate.KVCostStorage(KV, { namespace: `n${namespace}` }), empty: async () => void (namespace += 1), instances: 1, moves: false };
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
    return { own: true };
  },
};

const over = (KV) => ({ get: (key) => KV.get(key), put: (...args) => KV.put(...args), delete: (key) => KV.delete(key), list: (options) => KV.list(options) });
