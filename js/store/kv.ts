import { Held, tied } from "../core.js";
import { checkKeys } from "../options.js";
import type { CostRecord, CostStorage, InstantInput, KVBinding, KVStorageOptions, StorageReport } from "../types.js";
import { CoreCostStorage, type CoreStore } from "./asked.js";
import { toJson } from "./json.js";

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
export class KVCostStorage extends CoreCostStorage implements CostStorage {
  // Rebuildable: what it holds is a view of KV.
  readonly #store;

  constructor(binding: KVBinding, options: KVStorageOptions = {}) {
    super();
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

  /** @internal */
  protected read<T>(call: (store: CoreStore) => T | Promise<T>): Promise<T> {
    return this.#store.useAsync((store) => call(store) as Promise<T>);
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
