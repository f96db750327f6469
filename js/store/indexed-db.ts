import { StorageError } from "../errors.js";
import { checkKeys } from "../options.js";
import type { StorageOptions } from "../types.js";
import { type RowHost, RowCostStorage, type StoredDay, type StoredRow, checkSchema, unavailable } from "./rows.js";
import { type Place, type Plan, type RecordRow, SCHEMA } from "./sql.js";

/**
 * Cost records in a browser's IndexedDB: for ledgers that localStorage has no room for, also in Web Workers. Each
 * operation is one transaction, which tabs share.
 *
 * @example
 * const storage = new IndexedDBCostStorage({ namespace: "my-app" });
 */
export class IndexedDBCostStorage extends RowCostStorage {
  constructor(options: StorageOptions = {}) {
    checkKeys("the options of IndexedDBCostStorage", options, ["namespace"]);
    super(hostOf(options.namespace ?? "default"));
  }
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const LEAST = -8.64e15;
const MOST = 8.64e15;
/** Above every text. */
const LAST = [[]] as unknown as string;

function hostOf(namespace: string): RowHost {
  let opened: Promise<IDBDatabase> | undefined;

  const open = (): Promise<IDBDatabase> => {
    if (typeof indexedDB === "undefined") {
      throw new StorageError({ code: "storage_unavailable", message: "cannot open IndexedDB: expected a host that has it, found none" });
    }
    opened ??= (async () => {
      const request = indexedDB.open(`tollgate:1:${encodeURIComponent(namespace)}`, SCHEMA);
      request.onupgradeneeded = () => {
        const records = request.result.createObjectStore("records", { keyPath: "id" });
        records.createIndex("at", ["at", "id"]);
        records.createIndex("request", ["request", "at", "id"]);
        records.createIndex("agent", ["agent", "at", "id"]);
        request.result.createObjectStore("days", { keyPath: "day" });
      };
      const database = await settled(request);
      // Another tab that upgrades, or that deletes the database, must not wait for this one.
      const forget = () => {
        database.close();
        opened = undefined;
      };
      database.onversionchange = forget;
      database.onclose = forget;
      return database;
    })().catch((error: unknown) => {
      opened = undefined;
      if ((error as Error | null)?.name === "VersionError") checkSchema(SCHEMA + 1);
      throw error;
    });
    return opened;
  };

  const run = async <T>(doing: string, mode: IDBTransactionMode, body: (records: IDBObjectStore, days: IDBObjectStore) => Promise<T>): Promise<T> => {
    try {
      const transaction = (await open()).transaction(["records", "days"], mode);
      const done = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
      });
      done.catch(() => undefined);
      const answer = await body(transaction.objectStore("records"), transaction.objectStore("days"));
      if (mode === "readwrite") await done;
      return answer;
    } catch (error) {
      throw unavailable(doing, error, (error as Error | null)?.name === "QuotaExceededError" ? "storage_quota" : undefined);
    }
  };

  const changed = async (days: IDBObjectStore, day: number) => {
    const known = (await settled(days.get(day))) as StoredDay | undefined;
    await settled(days.put({ day, version: (known?.version ?? 0) + 1, text: null }));
  };

  /** Deletes what a cursor goes over, and says how many. */
  const remove = async (records: IDBObjectStore, days: IDBObjectStore, before: number): Promise<number> => {
    const keys = await settled(records.index("at").getAllKeys(IDBKeyRange.upperBound([before, ""], true)));
    await Promise.all(keys.map((key) => settled(records.delete(key))));
    for (const { day } of (await settled(days.getAll(IDBKeyRange.upperBound(Math.floor(before / 86_400_000))))) as StoredDay[]) await changed(days, day);
    return keys.length;
  };

  /** The rows of an index between two places. */
  const read = async (index: IDBIndex, name: string | undefined, plan: Plan, after: Place | undefined, limit: number): Promise<RecordRow[]> => {
    const of = name === undefined ? [] : [name];
    let [low, high] = [[...of, plan.start ?? LEAST, ""], [...of, plan.end ?? MOST, LAST]];
    if (after !== undefined) [low, high] = plan.backwards ? [low, [...of, after.at, after.id]] : [[...of, after.at, after.id], high];
    if (indexedDB.cmp(low, high) >= 0) return [];
    const range = IDBKeyRange.bound(low, high, after !== undefined && !plan.backwards, after !== undefined && plan.backwards);
    if (!plan.backwards) return settled(index.getAll(range, limit));
    return new Promise((resolve, reject) => {
      const rows: RecordRow[] = [];
      const request = index.openCursor(range, "prev");
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const cursor = request.result;
        if (cursor === null || rows.push(cursor.value as RecordRow) === limit) resolve(rows);
        else cursor.continue();
      };
    });
  };

  return {
    store: (row) =>
      run("write to IndexedDB", "readwrite", async (records, days) => {
        const known = (await settled(records.get(row.id))) as RecordRow | undefined;
        if (known !== undefined && known.revision > row.revision) return;
        if (known !== undefined && known.day !== row.day) await changed(days, known.day);
        await changed(days, row.day);
        await settled(records.put(row));
      }),
    get: (id) => run("read from IndexedDB", "readonly", async (records) => ((await settled(records.get(id))) as RecordRow | undefined)?.text),
    batch: (plan, after, limit) =>
      run("read from IndexedDB", "readonly", async (records): Promise<StoredRow[]> => {
        if (plan.ids !== undefined) {
          const found = (await Promise.all([...new Set(plan.ids)].map((id) => settled(records.get(id))))) as (RecordRow | undefined)[];
          // All of them at once, and none behind them.
          return after === undefined ? found.filter((row) => row !== undefined) : [];
        }
        const [by, names] = plan.requestIds !== undefined ? (["request", plan.requestIds] as const) : (["agent", plan.agentIds] as const);
        if (names?.length === 1) return read(records.index(by), names[0], plan, after, limit);
        return names?.length === 0 ? [] : read(records.index("at"), undefined, plan, after, limit);
      }),
    days: (plan) =>
      run("read from IndexedDB", "readonly", async (_, days) => {
        const day = (at: number) => Math.floor(at / 86_400_000);
        const [first, last] = [day(plan.start ?? LEAST), day(plan.end ?? MOST)];
        return first > last ? [] : ((await settled(days.getAll(IDBKeyRange.bound(first, last)))) as StoredDay[]);
      }),
    keepDay: (day, version, text) =>
      run("write to IndexedDB", "readwrite", async (_, days) => {
        const known = (await settled(days.get(day))) as StoredDay | undefined;
        if (known?.version === version) await settled(days.put({ day, version, text }));
      }),
    deleteOlderThan: (before) => run("write to IndexedDB", "readwrite", (records, days) => remove(records, days, before)),
    clear: () => run("write to IndexedDB", "readwrite", async (records, days) => void (await remove(records, days, MOST + 1))),
    count: () =>
      run("read from IndexedDB", "readonly", async (records) => {
        const rows = (await settled(records.getAll())) as RecordRow[];
        return { records: rows.length, bytes: rows.reduce((sum, { text }) => sum + text.length, 0) };
      }),
  };
}
