import { Held } from "../core.js";
import { checkKeys } from "../options.js";
import type {
  CostFilter,
  CostQuery,
  CostRecord,
  CostStorage,
  CostSummary,
  InstantInput,
  Page,
  StorageOptions,
  StorageReport,
  TimeSeries,
  TimeSeriesQuery,
  TopEntry,
  TopQuery,
} from "../types.js";
import { toJson, toQuestion, toRecord, toRecords } from "./json.js";

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
export class LocalStorageCostStorage implements CostStorage {
  // Rebuildable: what it holds is a view of localStorage.
  readonly #store;
  readonly #lock: string;

  constructor(options: StorageOptions = {}) {
    checkKeys("the options of LocalStorageCostStorage", options, ["namespace"]);
    const namespace = options.namespace ?? "default";
    this.#store = new Held("rebuildable", (core) => new core.LocalStore(namespace));
    this.#lock = `tollgate:1:${namespace}`;
    // Nothing is touched yet, but a namespace that is none is told at once.
    this.#store.use(() => undefined);
  }

  /** Keeps a record. The same id overwrites, when the revision is equal or higher. */
  async store(record: CostRecord): Promise<void> {
    const text = toJson(record, "record");
    // Tabs append each to segments of its own, so they may do so at once; but not while one deletes.
    await this.#locked("shared", () => this.#store.use((store) => store.store(text)));
  }

  /** Does something under the Web Lock of the namespace, where the host has such locks. Without, it is alone in its tab only. */
  async #locked<T>(mode: LockMode, body: () => T): Promise<T> {
    const locks = globalThis.navigator?.locks;
    return locks === undefined ? body() : ((await locks.request(this.#lock, { mode }, async () => body())) as T);
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

  /** A page of the records that are meant. */
  async query(query: CostQuery = {}, cursor?: string): Promise<Page<CostRecord>> {
    return this.#ask("query", query, cursor);
  }

  /** Costs over time. */
  async getTimeSeries(query: TimeSeriesQuery = {}): Promise<TimeSeries> {
    return this.#ask("series", query);
  }

  /** The names at the top. */
  async getTop(query: TopQuery = {}): Promise<TopEntry[]> {
    return this.#ask("top", query);
  }

  async #ask<T>(kind: string, query: CostFilter, cursor?: string): Promise<T> {
    const text = toQuestion(query);
    return JSON.parse(this.#store.use((store) => store.ask(kind, text, cursor))) as T;
  }

  /** Deletes what is strictly older, and says how many. */
  async deleteOlderThan(before: InstantInput): Promise<number> {
    return this.#locked("exclusive", () => this.#store.use((store) => store.deleteOlderThan(before)));
  }

  /** Deletes every record of the namespace. What can't be read stays. */
  async clear(): Promise<void> {
    await this.#locked("exclusive", () => this.#store.use((store) => store.clear()));
  }

  /** What is in the namespace, also what can't be read. */
  async report(): Promise<StorageReport> {
    return JSON.parse(this.#store.use((store) => store.report())) as StorageReport;
  }
}
