import { checkKeys } from "../options.js";
import { MessageLedger } from "./messages.js";

/** What is used of a stub of `TollgateBudgets`. */
export interface BudgetsStub {
  ledger(message: string): Promise<string>;
}

/** What a {@link DurableObjectBudgetLedger} is made from. */
export interface DurableObjectBudgetLedgerOptions {
  /** `false`: every call is a message of its own. Else concurrent calls of an isolate travel together. */
  coalesce?: boolean;
}

/**
 * Budgets held by a Durable Object: one place decides for all Workers, in one transaction over all scopes, and what it
 * has promised survives it. The object is `TollgateBudgets` of `tollgate/durable-object`, exported by a Worker; one for
 * each tenant.
 *
 * Every operation may be said twice, so what was not answered (an object that was restarted) is asked again. A settlement
 * that had been made then answers `already`, a release or charge `false`.
 *
 * @example
 * const ledger = new DurableObjectBudgetLedger(() => env.BUDGETS.getByName("acme"));
 * const budgets = new BudgetManager(undefined, { ledger, requireGuarantee: "hard" });
 */
export class DurableObjectBudgetLedger extends MessageLedger {
  readonly guarantee = "hard";
  readonly #stub: () => BudgetsStub;

  /** @param stub - the object's stub, or better a function that gets one: a stub may break with the object it was for */
  constructor(stub: unknown, options: DurableObjectBudgetLedgerOptions = {}) {
    checkKeys("the options of DurableObjectBudgetLedger", options, ["coalesce"]);
    super(options.coalesce ?? true);
    // A stub answers to every name with a function, and may be one itself: what it is for tells it from a function of ours.
    this.#stub = typeof stub === "function" && !("ledger" in stub) ? (stub as () => BudgetsStub) : () => stub as BudgetsStub;
  }

  protected async send(message: string): Promise<string> {
    return this.#stub().ledger(message);
  }
}
