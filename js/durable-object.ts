/**
 * Budgets in a Durable Object: the class that a Worker exports. Its client is `DurableObjectBudgetLedger`.
 *
 * @example
 * // worker.ts
 * export { TollgateBudgets } from "tollgate/durable-object";
 * // wrangler.toml
 * // [[durable_objects.bindings]]
 * // name = "BUDGETS"
 * // class_name = "TollgateBudgets"
 * // [[migrations]]
 * // tag = "v1"
 * // new_sqlite_classes = ["TollgateBudgets"]
 *
 * @module
 */
import { DurableObject } from "cloudflare:workers";
import { serveBudgets, type BudgetsServer, type ObjectStorage } from "./budget.js";

/** What a Durable Object is made from. */
interface ObjectContext {
  readonly storage: ObjectStorage;
}

/** The class of the runtime, in so many words: its types are not everybody's. */
const Base = DurableObject as abstract new (ctx: ObjectContext, env: unknown) => object;

/**
 * Budgets, reservations and charges of one tenant, in the object's SQLite. All of its scopes are in one object, so that a
 * call which touches agent, project and organization is one transaction. One alarm settles leases that have ended.
 */
export class TollgateBudgets extends Base {
  declare readonly __DURABLE_OBJECT_BRAND: never;
  readonly #ledger: BudgetsServer;

  constructor(ctx: ObjectContext, env: unknown) {
    super(ctx, env);
    this.#ledger = serveBudgets(ctx.storage);
  }

  /** Answers a message of `DurableObjectBudgetLedger`. */
  async ledger(message: string): Promise<string> {
    return this.#ledger.answer(message);
  }

  /** Settles leases that have ended, at what they hold. */
  async alarm(): Promise<void> {
    this.#ledger.expire();
  }
}
