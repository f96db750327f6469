import { ConfigurationError } from "../errors.js";
import { checkKeys } from "../options.js";
import type { CostStorage, KVBinding, StorageOptions } from "../types.js";
import { KVCostStorage } from "./kv.js";
import { LocalStorageCostStorage } from "./local-storage.js";
import { InMemoryCostStorage } from "./memory.js";

/** Options of {@link createCostStorage}: those of the storage, and for `kv` its binding. */
export interface CreateStorageOptions extends StorageOptions {
  /** The KV binding. */
  binding?: KVBinding;
}

/**
 * A storage by its kind.
 *
 * @example
 * createCostStorage("kv", { binding: env.COSTS, namespace: "my-app" });
 */
export function createCostStorage(kind: "memory" | "localStorage" | "kv", options: CreateStorageOptions = {}): CostStorage {
  const { binding, ...rest } = options;
  switch (kind) {
    case "memory":
      checkKeys("the options of InMemoryCostStorage", options, []);
      return new InMemoryCostStorage();
    case "localStorage":
      return new LocalStorageCostStorage(options);
    case "kv":
      return new KVCostStorage(binding as KVBinding, rest);
    default:
      throw new ConfigurationError({
        code: "invalid_config",
        message: "cannot create a storage: expected one of memory, localStorage, kv, found another kind",
      });
  }
}
