import { Held, type Core } from "../core.js";
import { checkKeys } from "../options.js";
import { warnOnce } from "../warn.js";
import type { CostRecord, CostStorage, InstantInput, MemoryStorageOptions } from "../types.js";
import { CoreCostStorage, type CoreStore } from "./asked.js";
import { toJson, toRecord } from "./json.js";

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
export class InMemoryCostStorage extends CoreCostStorage implements CostStorage {
  readonly #store;
  readonly #listeners = new Set<Listener>();

  constructor(options: MemoryStorageOptions = {}) {
    super();
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

  /** @internal */
  protected read<T>(call: (store: CoreStore) => T): T {
    return this.#store.use((store) => call(store as CoreStore));
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
