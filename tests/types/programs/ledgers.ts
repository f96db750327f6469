// Ledgers that are elsewhere: any of them is a `BudgetLedger`, and the class of the Durable Object can be extended.
import {
  BudgetManager,
  D1BudgetLedger,
  DurableObjectBudgetLedger,
  KVBudgetLedger,
  LocalStorageBudgetLedger,
  RedisBudgetLedger,
  serveBudgets,
  type BudgetConfig,
  type BudgetConfigFields,
  type BudgetLedger,
  type BudgetStatusFields,
  type CostAlertFields,
  type D1Binding,
  type KVBinding,
  type MoneyBudgetConfig,
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

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

/** Whether there is a unit tells what else there is. */
export async function units(budgets: BudgetManager): Promise<string[]> {
  const money = budgets.createBudget({ name: "team", limit: 10, period: "daily" });
  same<typeof money.limitUsd, string>(true);
  const tokens = budgets.createBudget({ name: "tokens", unit: "tokens", limit: 1_000, period: "daily" });
  same<typeof tokens.limitUsd, undefined>(true);
  const status = await budgets.getBudgetStatus(money.id);
  if (status === undefined) return [];
  if (status.unit === undefined) {
    same<typeof status.spentUsd, string>(true);
    same<typeof status.budget.limitUsd, string>(true);
  } else {
    same<typeof status.unit, "tokens" | "requests">(true);
    same<typeof status.available, number>(true);
    // @ts-expect-error tokens are no money.
    status.heldUsd.length;
  }
  return budgets.getAlerts().map((alert) => (alert.unit === undefined ? alert.limitUsd : `${alert.limit} ${alert.unit}`));
}

/** Of a union nothing is extended: what all units say is, or one of the two. */
export interface TeamBudget extends BudgetConfigFields {
  team: string;
}
export interface TeamMoney extends MoneyBudgetConfig {
  team: string;
}
export type AnyTeamBudget = BudgetConfig & { team: string };
export interface TeamStatus extends BudgetStatusFields {
  team: string;
}
export interface TeamAlert extends CostAlertFields {
  team: string;
}
// @ts-expect-error: it is a union.
export interface NoBudget extends BudgetConfig {}

export class Row implements Pick<BudgetConfigFields, "id" | "limit"> {
  constructor(
    readonly id: string,
    readonly limit: number,
  ) {}
}

/** A unit that is only known when it runs is asked for before the rest is said. */
export function of(fields: BudgetConfigFields, unit?: "tokens" | "requests"): BudgetConfig {
  return unit === undefined ? { ...fields, limitUsd: String(fields.limit) } : { ...fields, unit };
}

/** What is one of the two stays it. */
export const team = (budget: MoneyBudgetConfig): TeamMoney & AnyTeamBudget => ({ ...budget, team: "search" });
