import type { BudgetsStub } from "./durable-object.js";
import { SliceServer } from "./slices.js";
import { SqlLedger, TICK } from "./sql-ledger.js";

/** What is used of a Durable Object's storage. */
export interface ObjectStorage {
  /** SQLite; an object that has none is of the older kind, and was not declared under `new_sqlite_classes`. */
  readonly sql: { exec(query: string, ...bindings: unknown[]): Iterable<Record<string, unknown>> & { raw(): Iterable<unknown[]> } };
  transactionSync<T>(body: () => T): T;
  setAlarm(at: number): Promise<void>;
}

/** What other objects of a class are reached by. */
export interface Neighbours {
  /** This object's own id. */
  readonly id: string;
  /** The object of an id. */
  reach(id: string): BudgetsStub;
}

/** Budgets as a Durable Object holds them. */
export interface BudgetsServer {
  /** Answers a message of `DurableObjectBudgetLedger`. What the ledger refuses is in the answer; anything else is thrown, and may be asked again. */
  answer(message: string): string;
  /** Answers a message as a slice of another object, which is named by its id: see `slices` of `DurableObjectBudgetLedger`. */
  slice(message: string, parent: string): Promise<string>;
  /** Settles leases that have ended, at what they hold, and tells the object that it is a slice of: for the object's alarm. */
  expire(): Promise<void>;
}

/**
 * The ledger of `TollgateBudgets`, for a Durable Object class of one's own: its method `ledger(message, parent)` gives what `answer`
 * gives, and where there is a parent what `slice` gives; its `alarm()` calls `expire`. It keeps to tables that begin with
 * `tollgate_`, and has the object's alarm to itself.
 *
 * @param neighbours - what other objects of the class are reached by; without them it can't be a slice
 * @example
 * export class Tenant extends DurableObject {
 *   #budgets = serveBudgets(this.ctx.storage);
 *   async ledger(message: string) { return this.#budgets.answer(message); }
 *   async alarm() { await this.#budgets.expire(); }
 * }
 */
export function serveBudgets(storage: ObjectStorage, neighbours?: Neighbours): BudgetsServer {
  const ledger = new SqlLedger(storage);
  const slices = new SliceServer(ledger, neighbours);
  return {
    answer: (message) => ledger.answer(message),
    slice: (message, parent) => slices.answer(message, parent),
    async expire() {
      ledger.forgetAlarm();
      if (!(await slices.expire())) ledger.answer(TICK);
    },
  };
}
