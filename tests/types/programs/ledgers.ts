// Ledgers that are elsewhere: any of them is a `BudgetLedger`, and the class of the Durable Object can be extended.
import {
  BudgetManager,
  D1BudgetLedger,
  DurableObjectBudgetLedger,
  LocalStorageBudgetLedger,
  RedisBudgetLedger,
  serveBudgets,
  type BudgetLedger,
  type D1Binding,
  type ObjectStorage,
} from "tollgate";
import { TollgateBudgets } from "tollgate/durable-object";

export class Budgets extends TollgateBudgets {
  override async ledger(message: string): Promise<string> {
    return super.ledger(message);
  }
}

export function ledgers(stub: { ledger(message: string): Promise<string> }, db: D1Binding): BudgetLedger[] {
  return [
    new DurableObjectBudgetLedger(stub),
    new DurableObjectBudgetLedger(() => stub, { coalesce: false }),
    new D1BudgetLedger(db),
    new RedisBudgetLedger({ url: "https://redis.example", token: "t" }),
    new LocalStorageBudgetLedger({ namespace: "shop" }),
  ];
}

export class Own {
  readonly #budgets;

  constructor(storage: ObjectStorage) {
    this.#budgets = serveBudgets(storage);
  }

  ledger(message: string): string {
    return this.#budgets.answer(message);
  }
}

// @ts-expect-error: the database has a name and a key.
new RedisBudgetLedger({ url: "https://redis.example" });

new BudgetManager(undefined, { ledger: new LocalStorageBudgetLedger(), requireGuarantee: "per-instance" });
