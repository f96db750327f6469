import { StorageError } from "../errors.js";
import { checkKeys } from "../options.js";
import { RowsLedger, type Changes, type Row, type RowStore, type Snapshot } from "./rows-ledger.js";

/** What a {@link LocalStorageBudgetLedger} is made from. */
export interface LocalStorageBudgetLedgerOptions {
  /** Keeps several ledgers of one origin apart. `default` if left out. */
  namespace?: string;
}

/** What is used of the host. */
interface Host {
  readonly localStorage?: Storage;
  readonly navigator?: { readonly locks?: { request<T>(name: string, body: () => T): Promise<T> } };
}

/**
 * Budgets in a browser's localStorage: all tabs of an origin share them, and they are there again after a reload. Tabs take
 * turns by Web Locks; where there are none, as outside of browsers, one process decides.
 *
 * Guarantee: `per-instance`. Whoever sits before the browser can clear its storage, and set its clock.
 *
 * @example
 * const budgets = new BudgetManager(undefined, { ledger: new LocalStorageBudgetLedger() });
 */
export class LocalStorageBudgetLedger extends RowsLedger {
  readonly guarantee = "per-instance";

  constructor(options: LocalStorageBudgetLedgerOptions = {}) {
    checkKeys("the options of LocalStorageBudgetLedger", options, ["namespace"]);
    super(new LocalRows(options.namespace ?? "default"), false);
  }
}

/** Rows under keys of their own: `hot:<key>` holds JSON, `cold:<key>` when it is due, a line feed, and JSON. */
class LocalRows implements RowStore {
  readonly #prefix: string;

  constructor(namespace: string) {
    this.#prefix = `tollgate-budgets:1:${encodeURIComponent(namespace)}:`;
  }

  read(known: number | undefined, keys: string[]): Promise<Snapshot> {
    return this.#alone((storage) => {
      const version = this.#version(storage);
      const rows: Row[] = [];
      if (version !== known) for (const key of this.#keys(storage, "hot:")) rows.push([key, storage.getItem(`${this.#prefix}hot:${key}`) ?? "null"]);
      for (const key of keys) rows.push(...this.#cold(storage, key).map(({ row }) => row));
      return { version, now: Date.now(), rows, whole: version !== known };
    });
  }

  readCold(after: string, most: number): Promise<Row[]> {
    return this.#alone((storage) => {
      const keys = this.#keys(storage, "cold:").filter((key) => key > after).sort();
      return keys.slice(0, most).flatMap((key) => this.#cold(storage, key).map(({ row }) => row));
    });
  }

  readDue(due: number, most: number): Promise<Row[]> {
    return this.#alone((storage) => {
      const cold = this.#keys(storage, "cold:").flatMap((key) => this.#cold(storage, key));
      return cold.filter((entry) => entry.due <= due).slice(0, most).map(({ row }) => row);
    });
  }

  commit(version: number, changes: Changes): Promise<boolean> {
    return this.#alone((storage) => {
      if (this.#version(storage) !== version) return false;
      const before = new Map<string, string | null>();
      const set = (key: string, value: string | null): void => {
        before.set(key, storage.getItem(key));
        if (value === null) storage.removeItem(key);
        else storage.setItem(key, value);
      };
      try {
        // What shrinks goes first, and the version at the end: a page that is closed in the middle leaves rows that the next
        // message of that version writes again.
        for (let at = 0; at < changes.length; at += 4) {
          const [key, hot, due, value] = changes.slice(at, at + 4) as [string, string, string, string];
          set(`${this.#prefix}hot:${key}`, value === "" || hot === "" ? null : value);
          set(`${this.#prefix}cold:${key}`, value === "" || hot !== "" ? null : `${due}\n${value}`);
        }
        set(`${this.#prefix}version`, String(version + 1));
        return true;
      } catch (cause) {
        // What was there fits, once what is new is gone.
        for (const key of before.keys()) storage.removeItem(key);
        for (const [key, value] of before) if (value !== null) storage.setItem(key, value);
        throw new StorageError({ code: "storage_quota", message: "cannot write to the ledger: expected room in localStorage, found none", cause });
      }
    });
  }

  #version(storage: Storage): number {
    return Number(storage.getItem(`${this.#prefix}version`) ?? 0);
  }

  #keys(storage: Storage, kind: string): string[] {
    const prefix = this.#prefix + kind;
    const keys: string[] = [];
    for (let at = 0; at < storage.length; at += 1) {
      const key = storage.key(at);
      if (key?.startsWith(prefix)) keys.push(key.slice(prefix.length));
    }
    return keys;
  }

  /** The row of that key, if there is one. */
  #cold(storage: Storage, key: string): { due: number; row: Row }[] {
    const text = storage.getItem(`${this.#prefix}cold:${key}`);
    if (text === null) return [];
    const end = text.indexOf("\n");
    return [{ due: Number(text.slice(0, end)), row: [key, text.slice(end + 1)] }];
  }

  /** While no other tab reads or writes. */
  async #alone<T>(body: (storage: Storage) => T): Promise<T> {
    const { localStorage, navigator } = hostOf();
    const locks = navigator?.locks;
    return locks === undefined ? body(localStorage) : locks.request(`${this.#prefix}lock`, () => body(localStorage));
  }
}

function hostOf(): Host & { localStorage: Storage } {
  let storage: Storage | undefined;
  let cause: unknown;
  try {
    storage = (globalThis as Host).localStorage;
  } catch (error) {
    cause = error;
  }
  if (storage === undefined || storage === null) {
    throw new StorageError({ code: "storage_unavailable", message: "cannot reach the ledger: expected a host with localStorage, found none", cause });
  }
  return { localStorage: storage, navigator: (globalThis as Host).navigator } as Host & { localStorage: Storage };
}
