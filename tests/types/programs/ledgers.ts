// Ledgers that are elsewhere: any of them is a `BudgetLedger`, and the class of the Durable Object can be extended.
import {
  BudgetManager,
  D1BudgetLedger,
  DurableObjectBudgetLedger,
  KVBudgetLedger,
  LocalStorageBudgetLedger,
  RedisBudgetLedger,
  serveBudgets,
  type BudgetLedger,
  type D1Binding,
  type KVBinding,
  type Neighbours,
  type ObjectStorage,
} from "tollgate";
import { TollgateBudgets } from "tollgate/durable-object";

export class Budgets extends TollgateBudgets {
  override async ledger(message: string, parent?: string): Promise<string> {
    return super.ledger(message, parent);
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

/** What it promises is in its type. */
export function advisory(kv: KVBinding, stubs: (name: string) => { ledger(message: string, parent?: string): Promise<string> }): "advisory" {
  // @ts-expect-error it can't be hard.
  const hard: "hard" = new KVBudgetLedger(kv).guarantee;
  void hard;
  new DurableObjectBudgetLedger((slice: string) => stubs(`acme${slice}`), { slices: 4 });
  return new KVBudgetLedger(kv, { namespace: "shop", refreshMs: 5_000, writeMs: 2_000 }).guarantee;
}

export class Slices {
  readonly #budgets;

  constructor(storage: ObjectStorage, neighbours: Neighbours) {
    this.#budgets = serveBudgets(storage, neighbours);
  }

  async ledger(message: string, parent?: string): Promise<string> {
    return parent === undefined ? this.#budgets.answer(message) : this.#budgets.slice(message, parent);
  }
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
