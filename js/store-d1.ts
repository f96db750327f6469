/**
 * Cost records in D1. The same class as in the package itself.
 *
 * @module
 */
export { D1CostStorage, type D1Like, type D1StatementLike } from "./store/d1.js";
