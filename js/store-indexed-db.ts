/**
 * Cost records in a browser's IndexedDB. The same class as in the package itself.
 *
 * @module
 */
export { IndexedDBCostStorage } from "./store/indexed-db.js";
