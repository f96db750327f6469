/**
 * Cost records in a browser's localStorage. The same class as in the package itself.
 *
 * @module
 */
export { LocalStorageCostStorage } from "./store/local-storage.js";
