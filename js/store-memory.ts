/**
 * Cost records in memory. The same class as in the package itself.
 *
 * @module
 */
export { InMemoryCostStorage } from "./store/memory.js";
