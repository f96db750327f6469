import { Held, tied } from "../core.js";
import { checkKeys } from "../options.js";
import type { CostRecord, CostStorage, CostSummary, InstantInput, KVBinding, StorageOptions, StorageReport } from "../types.js";
import { toJson, toRecord, toRecords } from "./json.js";

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

  constructor(binding: KVBinding, options: StorageOptions = {}) {
    checkKeys("the options of KVCostStorage", options, ["namespace"]);
    const namespace = options.namespace ?? "default";
    this.#store = new Held("rebuildable", (core) => new core.KvStore(binding, namespace, tied));
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

  /** Deletes what is strictly older, and says how many. */
  async deleteOlderThan(before: InstantInput): Promise<number> {
    return (await this.#store.useAsync((store) => store.deleteOlderThan(before))) as number;
  }

  /** Deletes every record of the namespace. What can't be read stays. */
  async clear(): Promise<void> {
    await this.#store.useAsync((store) => store.clear());
  }

  /** What is in the namespace, also what can't be read. */
  async report(): Promise<StorageReport> {
    return JSON.parse((await this.#store.useAsync((store) => store.report())) as string) as StorageReport;
  }
}
