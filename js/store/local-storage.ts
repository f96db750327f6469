import { Held } from "../core.js";
import { checkKeys } from "../options.js";
import type { CostRecord, CostStorage, InstantInput, StorageOptions, StorageReport } from "../types.js";
import { CoreCostStorage, type CoreStore } from "./asked.js";
import { toJson } from "./json.js";
import { SharedLock } from "./shared-lock.js";

/**
 * Cost records in a browser's localStorage: they survive the page, and other tabs see them.
 *
 * Where there is no localStorage, or access is denied, every operation rejects with `storage_unavailable`; a full one
 * with `storage_quota`. Many tabs may write at once: each appends to segments of its own, and what deletes has the Web Lock
 * of the namespace. Entries that can't be read are left alone and counted by {@link LocalStorageCostStorage.report}.
 *
 * @example
 * const storage = new LocalStorageCostStorage({ namespace: "my-app" });
 */
export class LocalStorageCostStorage extends CoreCostStorage implements CostStorage {
  // Rebuildable: what it holds is a view of localStorage.
  readonly #store;
  readonly #lock: SharedLock;

  constructor(options: StorageOptions = {}) {
    super();
    checkKeys("the options of LocalStorageCostStorage", options, ["namespace"]);
    const namespace = options.namespace ?? "default";
    this.#store = new Held("rebuildable", (core) => new core.LocalStore(namespace));
    this.#lock = new SharedLock(`tollgate:1:${namespace}`);
    // Nothing is touched yet, but a namespace that is none is told at once.
    this.#store.use(() => undefined);
  }

  /** Keeps a record. The same id overwrites, when the revision is equal or higher. */
  async store(record: CostRecord): Promise<void> {
    const text = toJson(record, "record");
    // Tabs append each to segments of its own, so they may do so at once; but not while one deletes.
    await this.#lock.share(() => this.#store.use((store) => store.store(text)));
  }

  /** @internal */
  protected read<T>(call: (store: CoreStore) => T): T {
    return this.#store.use((store) => call(store as CoreStore));
  }

  /** Deletes what is strictly older, and says how many. */
  async deleteOlderThan(before: InstantInput): Promise<number> {
    return this.#lock.alone(() => this.#store.use((store) => store.deleteOlderThan(before)));
  }

  /** Deletes every record of the namespace. What can't be read stays. */
  async clear(): Promise<void> {
    await this.#lock.alone(() => this.#store.use((store) => store.clear()));
  }

  /** What is in the namespace, also what can't be read. */
  async report(): Promise<StorageReport> {
    return JSON.parse(this.#store.use((store) => store.report())) as StorageReport;
  }
}
