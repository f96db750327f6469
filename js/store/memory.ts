import { Held, type Core } from "../core.js";
import { checkKeys } from "../options.js";
import { warnOnce } from "../warn.js";
import type {
  CostFilter,
  CostQuery,
  CostRecord,
  CostStorage,
  CostSummary,
  InstantInput,
  MemoryStorageOptions,
  Page,
  TimeSeries,
  TimeSeriesQuery,
  TopEntry,
  TopQuery,
} from "../types.js";
import { toJson, toQuestion, toRecord, toRecords } from "./json.js";

/** Keeps the record of a call, without a detour through text: for the clients. */
export const KEEP: unique symbol = Symbol("tollgate.storage.keep");
/** Subscribes for somebody, who is then left out where {@link KEEP} is told to: for the budgets. */
export const LISTEN: unique symbol = Symbol("tollgate.storage.listen");

/** Who hears of records. */
interface Listener {
  owner?: object;
  call: (record: CostRecord) => void;
}

/**
 * Cost records in memory, found by id, request, agent and time; days that are over are added up once. Every answer is a copy.
 * What is above `maxRecords` or older than `maxAgeMs` goes, the oldest first; without either all is kept.
 *
 * @example
 * const storage = new InMemoryCostStorage();
 * await storage.store(record);
 * (await storage.getSummary("2026-11-01", "2026-11-30T23:59:59Z")).totalUsd;
 */
export class InMemoryCostStorage implements CostStorage {
  readonly #store;
  readonly #listeners = new Set<Listener>();

  constructor(options: MemoryStorageOptions = {}) {
    checkKeys("the options of InMemoryCostStorage", options, ["maxRecords", "maxAgeMs"]);
    const { maxRecords, maxAgeMs } = options;
    this.#store = new Held("stateful", (core) => new core.MemoryStore(maxRecords, maxAgeMs));
    // Limits that are none are told at once.
    if (maxRecords != null || maxAgeMs != null) this.#store.use(() => undefined);
  }

  /** Keeps a record. The same id overwrites, when the revision is equal or higher. */
  async store(record: CostRecord): Promise<void> {
    const text = toJson(record, "record");
    const stored = this.#store.use((store) => store.store(text, this.#listeners.size > 0));
    if (stored) this.#tell(() => stored);
  }

  /** @internal */
  [KEEP](call: InstanceType<Core["Call"]>, except: object | undefined): void {
    if (this.#store.use((store) => call.storeInto(store))) this.#tell(() => call.recordToStore()!, except);
  }

  /** Tells all but one of a record. */
  #tell(text: () => string, except?: object): void {
    for (const { owner, call } of this.#listeners) {
      if (except !== undefined && owner === except) continue;
      const record = toRecord(text()) as CostRecord;
      try {
        call(record);
      } catch {
        // The record is kept; who listens must not be able to make that look otherwise.
        warnOnce("callback_failed", "a listener of InMemoryCostStorage threw; the record was stored");
      }
    }
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
    return this.#store.use((store) => store.deleteOlderThan(before));
  }

  async clear(): Promise<void> {
    this.#store.use((store) => store.clear());
  }

  /** How many records. */
  size(): number {
    return this.#store.use((store) => store.size());
  }

  /** Calls back for each record that is stored; the answer ends it. */
  subscribe(listener: (record: CostRecord) => void): () => void {
    // An object of its own, so that the same function given twice is two subscriptions.
    const own: Listener = { call: (record) => listener(record) };
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** @internal */
  [LISTEN](owner: object, call: (record: CostRecord) => void): void {
    this.#listeners.add({ owner, call });
  }
}
