import { StorageError, TollgateError, fromFault, isFault } from "../errors.js";
import { toJson } from "../store/json.js";
import type { BudgetConfig, BudgetLedger, BudgetScope, BudgetStatus, EstimateMark, Guarantee, Reservation, Settlement } from "../types.js";

/** How a message is told from those of other releases. */
const VERSION = 1;
/** The most operations that travel together. */
const MOST = 500;
/** How often a message is sent that was not answered, and how long to wait before the next time. */
const TRIES = 4;
const PAUSE_MS = 25;
/** How long a call waits for one that another request of this isolate makes for it. */
const PATIENCE_MS = 1_000;

/** An operation on its way: its JSON, and what became of it. */
interface Asked {
  readonly op: string;
  outcome?: { ok: unknown } | { failure: unknown };
  /** Wakes the call that waits for it. */
  wake: () => void;
}

/** What a message is answered with, before it is read. */
interface Answered {
  answers?: ({ ok: unknown } | { error: unknown })[];
  error?: unknown;
}

/**
 * A ledger that is somewhere else: operations become messages. Calls that are made while a message is under way travel
 * together in the next one, in their order, and each is answered on its own; every operation may be said twice, so a
 * message that was not answered is sent again.
 */
export abstract class MessageLedger implements BudgetLedger {
  abstract readonly guarantee: Guarantee;
  readonly #together: boolean;
  #queue: Asked[] = [];
  /** The message under way. */
  #sending: object | undefined;

  protected constructor(coalesce: boolean) {
    this.#together = coalesce;
  }

  /** Brings a message there, and its answer back. Rejects if that did not work out; a try says how often it did not. */
  protected abstract send(message: string): Promise<string>;

  /** Stores budgets; `attach` keeps what is stored, `update` changes it. Answers with what is stored. */
  async put(budgets: BudgetConfig[], mode: "attach" | "update"): Promise<BudgetConfig[]> {
    return this.#ask({ op: "put", budgets, mode });
  }

  async list(): Promise<BudgetConfig[]> {
    return this.#ask({ op: "list" });
  }

  async remove(id: string): Promise<boolean> {
    return this.#ask({ op: "remove", id });
  }

  /** Holds an amount in every budget that binds, or in none. */
  async reserve(request: { reservationId: string; usd: string; scopes: BudgetScope[]; leaseMs: number; tokens?: number; requests?: number }): Promise<Reservation> {
    const { reservationId: id, usd, scopes, leaseMs, tokens, requests } = request;
    return this.#ask({ op: "reserve", id, usd, tokens, requests, scopes, leaseMs });
  }

  /** Turns a hold into spending of exactly `usd`, and of these tokens, or those that were held; a mark says that it is an estimate. */
  async settle(reservationId: string, usd: string, mark?: EstimateMark, tokens?: number): Promise<Settlement> {
    return this.#ask({ op: "settle", id: reservationId, usd, tokens, mark });
  }

  /** Frees a hold: nothing can have been billed. */
  async release(reservationId: string): Promise<boolean> {
    return this.#ask({ op: "release", id: reservationId });
  }

  /** Counts a record that was not reserved, once; a higher revision of it replaces the amount. */
  async charge(recordId: string, usd: string, scopes: BudgetScope[], at: string, reservationId?: string, revision?: number, tokens?: number): Promise<boolean> {
    return this.#ask({ op: "charge", id: recordId, usd, tokens, scopes, at, reservationId, revision });
  }

  /** Where budgets stand: all, or those named. */
  async status(budgetIds?: string[]): Promise<BudgetStatus[]> {
    return this.#ask({ op: "status", ids: budgetIds });
  }

  /** Adds to a budget's limit, once by its id; `false` for a repeat. */
  async adjust(budgetId: string, adjustment: { id: string; amount: string; until?: string; reason?: string }): Promise<boolean> {
    return this.#ask({ ...adjustment, op: "adjust", budget: budgetId });
  }

  /** Takes a name for a time, or gives it back; `false` while somebody else has it. */
  async claim(name: string, owner: string, ms: number): Promise<boolean> {
    return this.#ask({ op: "claim", id: name, owner, ms });
  }

  async #ask<T>(operation: { op: string; [field: string]: unknown }): Promise<T> {
    const asked: Asked = { op: toJson(operation, "an operation"), wake: () => {} };
    if (!this.#together) await this.#deliver([asked]);
    else await this.#travel(asked);
    const { outcome } = asked;
    if (outcome !== undefined && "ok" in outcome) return outcome.ok as T;
    throw outcome?.failure;
  }

  /**
   * Sees an operation to its answer. Each call leads at most one message and then returns: on Workers a request may be
   * cancelled at any await, what it had begun never resumes, and others must not wait for it for ever.
   */
  async #travel(asked: Asked): Promise<void> {
    this.#queue.push(asked);
    // What is asked in the same turn goes together.
    await undefined;
    while (asked.outcome === undefined) {
      if (this.#sending === undefined) {
        // It is among the first, unless a message that carried it was lost with the request that sent it.
        if (!this.#queue.includes(asked)) this.#queue.unshift(asked);
        const own = {};
        this.#sending = own;
        try {
          // The first of the queue have waited longest, but a leader does not leave before its own operation.
          const mine = this.#queue.indexOf(asked);
          const batch = this.#queue.splice(0, Math.max(MOST, mine + 1));
          await this.#deliver(batch);
        } finally {
          if (this.#sending === own) this.#sending = undefined;
          // The next leader: it sends from its own request.
          this.#queue[0]?.wake();
        }
      } else {
        const sending = this.#sending;
        const tired = await new Promise<boolean>((resolve) => {
          const timer = setTimeout(() => resolve(true), PATIENCE_MS);
          asked.wake = () => {
            clearTimeout(timer);
            resolve(false);
          };
        });
        if (tired && this.#sending === sending) this.#sending = undefined;
      }
    }
  }

  /** Sends a message until it is answered, and hands out the answers. Never rejects. */
  async #deliver(batch: Asked[]): Promise<void> {
    let outcomes: NonNullable<Asked["outcome"]>[];
    try {
      const message = `{"v":${VERSION},"ops":[${batch.map(({ op }) => op).join(",")}]}`;
      const { answers, error } = JSON.parse(await this.#insist(message)) as Answered;
      if (answers === undefined) throw isFault(error) ? fromFault(error) : lost("expected answers, found none");
      if (answers.length !== batch.length) throw lost(`expected ${batch.length} answers, found ${answers.length}`);
      outcomes = answers.map((answer) => ("ok" in answer ? answer : { failure: isFault(answer.error) ? fromFault(answer.error) : lost("expected an answer, found none") }));
    } catch (failure) {
      outcomes = batch.map(() => ({ failure }));
    }
    for (const [index, asked] of batch.entries()) {
      // It may have been answered already, when it was sent twice.
      asked.outcome ??= outcomes[index] as NonNullable<Asked["outcome"]>;
      asked.wake();
    }
  }

  async #insist(message: string): Promise<string> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await this.send(message);
      } catch (cause) {
        // What the ledger says by itself is final.
        if (TollgateError.isInstance(cause)) throw cause;
        if (tried === TRIES) throw lost(`expected an answer, found a failure ${TRIES} times`, cause);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 4 ** (tried - 1) * (0.5 + Math.random() / 2)));
      }
    }
  }
}

function lost(what: string, cause?: unknown): StorageError {
  return new StorageError({ code: "storage_unavailable", message: `cannot reach the ledger: ${what}`, cause });
}
