import { ConfigurationError } from "../errors.js";
import { checkKeys } from "../options.js";
import type { BudgetScope, EstimateMark, Reservation, Settlement } from "../types.js";
import { MessageLedger } from "./messages.js";

/** What is used of a stub of `TollgateBudgets`. */
export interface BudgetsStub {
  /** What a slice calls it by. */
  readonly id?: { toString(): string };
  ledger(message: string, parent?: string): Promise<string>;
}

/** What a {@link DurableObjectBudgetLedger} is made from. */
export interface DurableObjectBudgetLedgerOptions {
  /** `false`: every call is a message of its own. Else concurrent calls of an isolate travel together. */
  coalesce?: boolean;
  /**
   * For more calls than one object answers: so many other objects of the class, 1 to 64, are handed chunks of its budgets and
   * grant out of them. `stub` must be a function, and is then given what to put behind the object's name: nothing, or `/slice-1`
   * and so on. It must be the same for all clients; a call under way when it changes counts in full.
   */
  slices?: number;
}

const MOST_SLICES = 64;

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
 * @example
 * // Above one object's rate.
 * const ledger = new DurableObjectBudgetLedger((slice) => env.BUDGETS.getByName(`acme${slice}`), { slices: 4 });
 */
export class DurableObjectBudgetLedger extends MessageLedger {
  readonly guarantee = "hard";
  readonly #stub: (slice: string) => BudgetsStub;
  readonly #slices: Slice[];

  /** @param stub - the object's stub, or better a function that gets one: a stub may break with the object it was for */
  constructor(stub: unknown, options: DurableObjectBudgetLedgerOptions = {}) {
    checkKeys("the options of DurableObjectBudgetLedger", options, ["coalesce", "slices"]);
    const together = options.coalesce ?? true;
    super(together);
    // A stub answers to every name with a function, and may be one itself: what it is for tells it from a function of ours.
    const gets = typeof stub === "function" && !("ledger" in stub);
    this.#stub = gets ? (stub as (slice: string) => BudgetsStub) : () => stub as BudgetsStub;
    const slices = options.slices ?? 0;
    if (!Number.isInteger(slices) || slices < 0 || slices > MOST_SLICES || (slices > 0 && !gets)) {
      const found = gets ? String(slices) : "a stub";
      throw new ConfigurationError({
        code: "invalid_config",
        message: `cannot make slices: expected a number of them up to ${MOST_SLICES}, and a function that gets stubs, found ${found}`,
      });
    }
    const parent = (): string => {
      const { id } = this.#stub("");
      if (id !== undefined) return id.toString();
      throw new ConfigurationError({ code: "invalid_config", message: "cannot make slices: expected a stub with an id, found one without" });
    };
    this.#slices = Array.from({ length: slices }, (_, at) => new Slice(() => this.#stub(`/slice-${at + 1}`), parent, together));
  }

  /** Holds an amount in every budget that binds, or in none. */
  override async reserve(request: { reservationId: string; usd: string; scopes: BudgetScope[]; leaseMs: number; tokens?: number; requests?: number }): Promise<Reservation> {
    const slice = this.#sliceOf(request.reservationId);
    return slice === undefined ? super.reserve(request) : slice.reserve(request);
  }

  /** Turns a hold into spending of exactly `usd`, and of these tokens, or those that were held; a mark says that it is an estimate. */
  override async settle(reservationId: string, usd: string, mark?: EstimateMark, tokens?: number): Promise<Settlement> {
    const slice = this.#sliceOf(reservationId);
    return slice === undefined ? super.settle(reservationId, usd, mark, tokens) : slice.settle(reservationId, usd, mark, tokens);
  }

  /** Frees a hold: nothing can have been billed. */
  override async release(reservationId: string): Promise<boolean> {
    const slice = this.#sliceOf(reservationId);
    return slice === undefined ? super.release(reservationId) : slice.release(reservationId);
  }

  /** Counts a record that was not reserved, once; a higher revision of it replaces the amount. */
  override async charge(recordId: string, usd: string, scopes: BudgetScope[], at: string, reservationId?: string, revision?: number, tokens?: number): Promise<boolean> {
    const slice = reservationId === undefined ? undefined : this.#sliceOf(reservationId);
    return slice === undefined ? super.charge(recordId, usd, scopes, at, reservationId, revision, tokens) : slice.charge(recordId, usd, scopes, at, reservationId, revision, tokens);
  }

  protected async send(message: string): Promise<string> {
    return this.#stub("").ledger(message);
  }

  /** The slice that a reservation belongs to: by a hash of its id, FNV-1a. */
  #sliceOf(id: string): Slice | undefined {
    if (this.#slices.length === 0) return undefined;
    let hash = 0x811c9dc5;
    for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
    return this.#slices[(hash >>> 0) % this.#slices.length];
  }
}

/** One of the objects that are handed chunks. */
class Slice extends MessageLedger {
  readonly guarantee = "hard";
  readonly #stub: () => BudgetsStub;
  readonly #parent: () => string;

  constructor(stub: () => BudgetsStub, parent: () => string, together: boolean) {
    super(together);
    this.#stub = stub;
    this.#parent = parent;
  }

  protected async send(message: string): Promise<string> {
    return this.#stub().ledger(message, this.#parent());
  }
}
