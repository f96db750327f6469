import { Held } from "../core.js";
import { checkKeys } from "../options.js";
import { toJson } from "../store/json.js";
import type { BudgetConfig, BudgetLedger, BudgetScope, BudgetStatus, EstimateMark, Reservation, Settlement } from "../types.js";

/** What a {@link MemoryBudgetLedger} is made from. */
export interface MemoryBudgetLedgerOptions {
  /** The clock, in UTC milliseconds; the host's if left out. */
  now?: () => number;
}

/**
 * A ledger in memory: one process decides, and forgets with its end. Within it, no interleaving of calls overspends.
 *
 * @example
 * const ledger = new MemoryBudgetLedger();
 * const manager = new BudgetManager(undefined, { ledger });
 */
export class MemoryBudgetLedger implements BudgetLedger {
  readonly guarantee = "per-instance";
  readonly #ledger = new Held("stateful", (core) => new core.MemoryLedger());
  readonly #now: () => number;

  constructor(options: MemoryBudgetLedgerOptions = {}) {
    checkKeys("the options of MemoryBudgetLedger", options, ["now"]);
    this.#now = options.now ?? Date.now;
  }

  /** Stores budgets; `attach` keeps what is stored, `update` changes it. Answers with what is stored. */
  async put(budgets: BudgetConfig[], mode: "attach" | "update"): Promise<BudgetConfig[]> {
    const text = toJson(budgets, "budgets");
    return JSON.parse(this.#ledger.use((ledger) => ledger.put(text, mode, this.#now()))) as BudgetConfig[];
  }

  async list(): Promise<BudgetConfig[]> {
    return JSON.parse(this.#ledger.use((ledger) => ledger.list())) as BudgetConfig[];
  }

  async remove(id: string): Promise<boolean> {
    return this.#ledger.use((ledger) => ledger.remove(id));
  }

  /** Holds an amount in every budget that binds, or in none. */
  async reserve(request: { reservationId: string; usd: string; scopes: BudgetScope[]; leaseMs: number; tokens?: number; requests?: number }): Promise<Reservation> {
    const scopes = toJson(request.scopes, "scopes");
    const answer = this.#ledger.use((ledger) => ledger.reserve(request.reservationId, request.usd, request.tokens, request.requests, scopes, request.leaseMs, this.#now()));
    return JSON.parse(answer) as Reservation;
  }

  /** Turns a hold into spending of exactly `usd`, and of these tokens, or those that were held; a mark says that it is an estimate. */
  async settle(reservationId: string, usd: string, mark?: EstimateMark, tokens?: number): Promise<Settlement> {
    return JSON.parse(this.#ledger.use((ledger) => ledger.settle(reservationId, usd, tokens, mark, this.#now()))) as Settlement;
  }

  /** Frees a hold: nothing can have been billed. */
  async release(reservationId: string): Promise<boolean> {
    return this.#ledger.use((ledger) => ledger.release(reservationId, this.#now()));
  }

  /** Counts a record that was not reserved, once; a higher revision of it replaces the amount. It is of one request, or of so many. */
  async charge(recordId: string, usd: string, scopes: BudgetScope[], at: string, reservationId?: string, revision?: number, tokens?: number, requests?: number): Promise<boolean> {
    const text = toJson(scopes, "scopes");
    return this.#ledger.use((ledger) => ledger.charge(recordId, usd, tokens, text, at, reservationId, revision, requests, this.#now()));
  }

  /** Where budgets stand: all, or those named. */
  async status(budgetIds?: string[]): Promise<BudgetStatus[]> {
    const ids = budgetIds === undefined ? undefined : toJson(budgetIds, "budget ids");
    return JSON.parse(this.#ledger.use((ledger) => ledger.status(ids, this.#now()))) as BudgetStatus[];
  }

  /** Adds to a budget's limit, once by its id; `false` for a repeat. */
  async adjust(budgetId: string, adjustment: { id: string; amount: string; until?: string; reason?: string }): Promise<boolean> {
    const text = toJson(adjustment, "an adjustment");
    return this.#ledger.use((ledger) => ledger.adjust(budgetId, text, this.#now()));
  }

  /** Takes a name for a time, or gives it back; `false` while somebody else has it. */
  async claim(name: string, owner: string, ms: number): Promise<boolean> {
    return this.#ledger.use((ledger) => ledger.claim(name, owner, ms, this.#now()));
  }
}
