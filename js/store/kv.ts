import { Held, tied } from "../core.js";
import { checkKeys } from "../options.js";
import type {
  CostFilter,
  CostQuery,
  CostRecord,
  CostStorage,
  CostSummary,
  InstantInput,
  KVBinding,
  KVStorageOptions,
  Page,
  StorageReport,
  TimeSeries,
  TimeSeriesQuery,
  TopEntry,
  TopQuery,
} from "../types.js";
import { toJson, toQuestion, toRecord, toRecords } from "./json.js";

/**
 * Cost records in Workers KV, or in anything with its four methods.
 *
 * Every record is a key of its own, since KV takes one write a second for a key. KV is eventually consistent: what
 * another instance wrote may be seen a minute later. A range reads the days it asks for; `get` and `getByRequestId` read
 * everything that this instance has not read before.
 *
 * @example
 * const storage = new KVCostStorage(env.COSTS);
 */
export class KVCostStorage implements CostStorage {
  // Rebuildable: what it holds is a view of KV.
  readonly #store;

  constructor(binding: KVBinding, options: KVStorageOptions = {}) {
    checkKeys("the options of KVCostStorage", options, ["namespace", "ttlSeconds"]);
    const namespace = options.namespace ?? "default";
    this.#store = new Held("rebuildable", (core) => new core.KvStore(binding, namespace, tied, options.ttlSeconds));
    // Nothing is touched yet, but a binding that is none is told at once.
    this.#store.use(() => undefined);
  }

  /** Keeps a record. The same id overwrites, when the revision is equal or higher. */
  async store(record: CostRecord): Promise<void> {
    const text = toJson(record, "record");
    await this.#store.useAsync((store) => store.store(text));
  }

  async get(id: string): Promise<CostRecord | undefined> {
    return toRecord((await this.#store.useAsync((store) => store.get(id))) as string | undefined);
  }

  async getByRequestId(requestId: string): Promise<CostRecord[]> {
    return toRecords((await this.#store.useAsync((store) => store.byRequest(requestId))) as string);
  }

  /** Inclusive at both ends, either of which may be left out. */
  async getByAgentId(agentId: string, start?: InstantInput, end?: InstantInput): Promise<CostRecord[]> {
    return toRecords((await this.#store.useAsync((store) => store.byAgent(agentId, start, end))) as string);
  }

  /** Inclusive at both ends. */
  async getByDateRange(start: InstantInput, end: InstantInput): Promise<CostRecord[]> {
    return toRecords((await this.#store.useAsync((store) => store.byRange(start, end))) as string);
  }

  /** Inclusive at both ends. */
  async getSummary(start: InstantInput, end: InstantInput, agentId?: string): Promise<CostSummary> {
    return JSON.parse((await this.#store.useAsync((store) => store.summary(start, end, agentId))) as string) as CostSummary;
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
    return JSON.parse((await this.#store.useAsync((store) => store.ask(kind, text, cursor))) as string) as T;
  }

  /** Deletes what is strictly older, and says how many. */
  async deleteOlderThan(before: InstantInput): Promise<number> {
    return (await this.#store.useAsync((store) => store.deleteOlderThan(before))) as number;
  }

  /** Deletes every record of the namespace. What can't be read stays. */
  async clear(): Promise<void> {
    await this.#store.useAsync((store) => store.clear());
  }

  /**
   * Puts the segments of single records together, those that every instance has seen (ten minutes old), so that reading a
   * day reads few keys; answers how many keys there are less. For a cron trigger. Safe beside instances that store and
   * others that do the same; what another deletes meanwhile may be there again.
   */
  async compact(): Promise<number> {
    return (await this.#store.useAsync((store) => store.compact())) as number;
  }

  /** What is in the namespace, also what can't be read. */
  async report(): Promise<StorageReport> {
    return JSON.parse((await this.#store.useAsync((store) => store.report())) as string) as StorageReport;
  }
}
