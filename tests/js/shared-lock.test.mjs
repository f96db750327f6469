// The Web Lock of a storage: kept for a moment by who shares it, and never from who wants it alone.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { LocalStorageCostStorage } from "../../dist/index.js";

/** Locks as a browser grants them: in order, shared ones together. */
function hostLocks() {
  const queue = [];
  let [shared, alone, asked] = [0, false, []];
  const next = () => {
    const first = queue[0];
    if (first === undefined || alone || (first.mode === "exclusive" && shared > 0)) return;
    queue.shift();
    if (first.mode === "exclusive") alone = true;
    else shared += 1;
    Promise.resolve(first.body()).then(first.resolve, first.reject).finally(() => {
      if (first.mode === "exclusive") alone = false;
      else shared -= 1;
      next();
    });
    next();
  };
  return {
    asked: () => asked.splice(0),
    request(name, { mode }, body) {
      asked.push(mode);
      return new Promise((resolve, reject) => {
        queue.push({ mode, body, resolve, reject });
        setTimeout(next, 1);
      });
    },
  };
}

class MemoryStorage {
  #entries = new Map();
  get length() {
    return this.#entries.size;
  }
  key(index) {
    return [...this.#entries.keys()][index] ?? null;
  }
  getItem(key) {
    return this.#entries.get(key) ?? null;
  }
  setItem(key, value) {
    this.#entries.set(key, value);
  }
  removeItem(key) {
    this.#entries.delete(key);
  }
}

const record = (id) => ({ id, model: "m", timestamp: "2026-11-21T12:00:00.000Z", usd: "0.1" });

describe("the lock of a storage in localStorage", () => {
  const known = ["localStorage", "navigator"].map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  afterEach(() => {
    for (const [name, descriptor] of known) {
      if (descriptor === undefined) delete globalThis[name];
      else Object.defineProperty(globalThis, name, descriptor);
    }
  });
  const host = () => {
    const locks = hostLocks();
    for (const [name, value] of [["localStorage", new MemoryStorage()], ["navigator", { locks }]]) Object.defineProperty(globalThis, name, { value, configurable: true });
    return locks;
  };

  it("is asked for once by stores that follow each other, and given back to who wants it alone", async () => {
    const locks = host();
    const [one, other] = [new LocalStorageCostStorage(), new LocalStorageCostStorage()];
    for (let n = 0; n < 20; n += 1) await one.store(record(`a${n}`));
    assert.deepEqual(locks.asked(), ["shared"]);
    // Of the same tab: at once. Of another one: when the moment is over, also while the first goes on.
    await one.clear();
    assert.equal((await one.getSummary(0, 8e15)).totalRequests, 0);
    assert.deepEqual(locks.asked(), ["exclusive"]);
    let cleared = false;
    await one.store(record("b"));
    const clearing = other.clear().then(() => (cleared = true));
    let stored = 0;
    while (!cleared && stored < 10_000) {
      await one.store(record(`c${stored}`));
      stored += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await clearing;
    assert.ok(cleared && stored < 10_000, `${stored} stored meanwhile`);
  });

  it("is given back before it was granted, and stores wait for the next one", async () => {
    const locks = host();
    const storage = new LocalStorageCostStorage();
    const storing = storage.store(record("a"));
    const clearing = storage.clear();
    await Promise.all([storing, clearing]);
    assert.deepEqual(locks.asked(), ["shared", "exclusive", "shared"]);
    assert.equal((await storage.getSummary(0, 8e15)).totalRequests, 1);
  });

  it("refuses where the host refuses locks", async () => {
    const locks = host();
    locks.request = async () => {
      throw new DOMException("not here", "SecurityError");
    };
    const storage = new LocalStorageCostStorage();
    await assert.rejects(storage.store(record("a")), { name: "SecurityError" });
    await assert.rejects(storage.store(record("a")), { name: "SecurityError" });
  });
});
