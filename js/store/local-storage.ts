import { Held } from "../core.js";
import { checkKeys } from "../options.js";
import type { CostRecord, CostStorage, CostSummary, InstantInput, StorageOptions, StorageReport } from "../types.js";
import { toJson, toRecord, toRecords } from "./json.js";

/**
 * Cost records in a browser's localStorage: they survive the page, and other tabs see them.
 *
 * Where there is no localStorage, or access is denied, every operation rejects with `storage_unavailable`; a full one
 * with `storage_quota`. Entries that can't be read are left alone and counted by {@link LocalStorageCostStorage.report}.
 *
 * @example
 * const storage = new LocalStorageCostStorage({ namespace: "my-app" });
 */
export class LocalStorageCostStorage implements CostStorage {
  // Rebuildable: what it holds is a view of localStorage.
  readonly #store;

  constructor(options: StorageOptions = {}) {
    checkKeys("the options of LocalStorageCostStorage", options, ["namespace"]);
    const namespace = options.namespace ?? "default";
    this.#store = new Held("rebuildable", (core) => new core.LocalStore(namespace));
    // Nothing is touched yet, but a namespace that is none is told at once.
    this.#store.use(() => undefined);
  }

  /** Keeps a record. The same id overwrites, when the revision is equal or higher. */
  async store(record: CostRecord): Promise<void> {
    const text = toJson(record, "record");
    this.#store.use((store) => store.store(text));
  }

  async get(id: string): Promise<CostRecord | undefined> {
    return toRecord(this.#store.use((store) => store.get(id)));
  }

  async getByRequestId(requestId: string): Promise<CostRecord[]> {
    return toRecords(this.#store.use((store) => store.byRequest(requestId)));
  }

  /** Inclusive at both ends, either of which may be left out. */
  async getByAgentId(agentId: string, start?: InstantInput, end?: InstantInput): Promise<CostRecord[]> {
    return toRecords(this.#store.use((store) => store.byAgent(agentId, start, end)));
  }

  /** Inclusive at both ends. */
  async getByDateRange(start: InstantInput, end: InstantInput): Promise<CostRecord[]> {
    return toRecords(this.#store.use((store) => store.byRange(start, end)));
  }

  /** Inclusive at both ends. */
  async getSummary(start: InstantInput, end: InstantInput, agentId?: string): Promise<CostSummary> {
    return JSON.parse(this.#store.use((store) => store.summary(start, end, agentId))) as CostSummary;
  }

  /** Deletes what is strictly older, and says how many. */
  async deleteOlderThan(before: InstantInput): Promise<number> {
    return this.#store.use((store) => store.deleteOlderThan(before));
  }

  /** Deletes every record of the namespace. What can't be read stays. */
  async clear(): Promise<void> {
    this.#store.use((store) => store.clear());
  }

  /** What is in the namespace, also what can't be read. */
  async report(): Promise<StorageReport> {
    return JSON.parse(this.#store.use((store) => store.report())) as StorageReport;
  }
}
