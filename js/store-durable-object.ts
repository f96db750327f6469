/**
 * Cost records in a Durable Object's SQLite. The same class as in the package itself.
 *
 * @module
 */
export { DurableObjectCostStorage, serveCostRecords, type CostRecordsStub, type DurableObjectStorageLike } from "./store/durable-object.js";
