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
import { serveBudgets, type BudgetsServer, type BudgetsStub, type Neighbours, type ObjectStorage } from "./budget.js";
import { ConfigurationError } from "./errors.js";

/** What a Durable Object is made from. */
interface ObjectContext {
  readonly id: { toString(): string };
  readonly storage: ObjectStorage;
}

/** What is used of a namespace of objects. */
interface Namespace {
  idFromString(id: string): object;
  get(id: object): BudgetsStub;
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
    this.#ledger = serveBudgets(ctx.storage, neighbours(ctx, env));
  }

  /** Answers a message of `DurableObjectBudgetLedger`; as a slice of the object of that id, where there is one. */
  async ledger(message: string, parent?: string): Promise<string> {
    return parent === undefined ? this.#ledger.answer(message) : this.#ledger.slice(message, parent);
  }

  /** Settles leases that have ended, at what they hold. */
  async alarm(): Promise<void> {
    await this.#ledger.expire();
  }
}

/** The other objects of this class: those of the namespace to which the object's own id belongs. */
function neighbours(ctx: ObjectContext, env: unknown): Neighbours {
  const id = ctx.id.toString();
  let found: Namespace | undefined;
  const find = (): Namespace => {
    for (const value of Object.values((env ?? {}) as Record<string, Namespace | null | undefined>)) {
      // Other bindings answer to any name with a function.
      if (value?.constructor?.name !== "DurableObjectNamespace") continue;
      try {
        value.idFromString(id);
        return value;
      } catch {
        // Of another class.
      }
    }
    throw new ConfigurationError({ code: "invalid_config", message: "cannot use this object as a slice: expected its namespace among the bindings of its Worker, found none" });
  };
  return {
    id,
    reach(other) {
      found ??= find();
      return found.get(found.idFromString(other));
    },
  };
}
