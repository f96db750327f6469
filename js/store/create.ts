import { ConfigurationError } from "../errors.js";
import { checkKeys } from "../options.js";
import type { CostStorage, KVBinding, KVStorageOptions, MemoryStorageOptions, StorageOptions } from "../types.js";
import { D1CostStorage, type D1Like } from "./d1.js";
import { type CostRecordsStub, DurableObjectCostStorage, type DurableObjectStorageLike } from "./durable-object.js";
import { IndexedDBCostStorage } from "./indexed-db.js";
import { KVCostStorage } from "./kv.js";
import { LocalStorageCostStorage } from "./local-storage.js";
import { InMemoryCostStorage } from "./memory.js";

/** The kinds of storage, and the options of each: those of its class, and what it is bound to. */
export interface StorageKinds {
  memory: MemoryStorageOptions;
  localStorage: StorageOptions;
  indexedDB: StorageOptions;
  /** `binding`: the KV namespace. */
  kv: KVStorageOptions & { binding: KVBinding };
  /** `binding`: the object's own storage, or a stub. */
  durableObject: StorageOptions & { binding: DurableObjectStorageLike | CostRecordsStub };
  /** `binding`: the database. */
  d1: StorageOptions & { binding: D1Like };
}

/** Options of {@link createCostStorage}: those of the kind. */
export type CreateStorageOptions = Partial<KVStorageOptions & MemoryStorageOptions> & { binding?: StorageKinds["kv" | "durableObject" | "d1"]["binding"] };

/**
 * A storage by its kind. It brings all kinds with it: a bundle that needs one imports its class.
 *
 * @example
 * createCostStorage("kv", { binding: env.COSTS, namespace: "my-app" });
 */
export function createCostStorage<K extends keyof StorageKinds>(kind: K, options?: StorageKinds[K]): CostStorage;
export function createCostStorage(kind: keyof StorageKinds, options: CreateStorageOptions = {}): CostStorage {
  const { binding, ...rest } = options;
  switch (kind) {
    case "memory":
      checkKeys("the options of InMemoryCostStorage", options, ["maxRecords", "maxAgeMs"]);
      return new InMemoryCostStorage(rest);
    case "localStorage":
      return new LocalStorageCostStorage(options);
    case "indexedDB":
      return new IndexedDBCostStorage(options);
    case "kv":
      return new KVCostStorage(binding as KVBinding, rest);
    case "durableObject":
      return new DurableObjectCostStorage(binding as DurableObjectStorageLike, rest);
    case "d1":
      return new D1CostStorage(binding as D1Like, rest);
    default:
      throw new ConfigurationError({
        code: "invalid_config",
        message: "cannot create a storage: expected one of memory, localStorage, indexedDB, kv, durableObject, d1, found another kind",
      });
  }
}
