/**
 * Cost records in Workers KV. The same class as in the package itself.
 *
 * @module
 */
export { KVCostStorage } from "./store/kv.js";
