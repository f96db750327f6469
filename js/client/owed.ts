/**
 * What is owed around a paid call: settling, releasing, keeping the record, telling who listens. Whatever comes of it, the answer is
 * not lost; and should the module be lost in the middle of a call, what was held and sent is still charged and recorded.
 */
import { currentGeneration, type Held } from "../core.js";
import { sumOf } from "../pico.js";
import { InMemoryCostStorage, KEEP } from "../store/memory.js";
import type { BudgetScope, CostRecord, EstimateMark, Warning } from "../types.js";
import { prolong } from "../wait-until.js";
import type { Audience } from "./events.js";
import { taken, type CallHost, type CoreCall, type Reserve, type Step } from "./host.js";
import { nameOf } from "./named.js";

/** How long a ledger or a storage may take once an answer has come, and how long once nobody waits for the call any more. */
const PATIENCE_MS = 30_000;
const GRACE_MS = 1_000;
/** What answers at once takes this many turns of the host's queue at most: a timer costs more than all of them. */
const TURNS = 24;

/** A try that was sent. */
interface Sent {
  at: number;
  recordId: string;
  attempt: number;
}

/** What a try was settled at, and whose money it was. */
interface Settled {
  id: string;
  usd: string;
  mark?: EstimateMark;
  scopes: string | undefined;
}

/** What one call owes. */
export class Owed {
  readonly #core: Held<CoreCall>;
  readonly #host: CallHost;
  readonly #generation = currentGeneration();
  /** Whether the budgets have taken the last settlement. */
  #isSettled = false;
  /** Whether a ledger or a storage did not answer in time: the next one is not waited for as long. */
  #isLate = false;
  /** What is held, and the try that it is for. */
  readonly #held = new Map<string, Reserve>();
  #sent: Sent | undefined;
  /** What its try was settled at, until that is recorded. */
  #settled: Settled | undefined;
  /** The record of each try that may have been billed, where somebody watches; after a loss the last one in any case. */
  readonly records: CostRecord[] = [];

  constructor(core: Held<CoreCall>, host: CallHost) {
    this.#core = core;
    this.#host = host;
  }

  /** Money was asked for: until it is settled or released it counts as held. */
  holds(step: Reserve): void {
    this.#held.set(step.id, step);
  }

  /** The budgets said no. */
  isDenied(step: Reserve): void {
    this.#held.delete(step.id);
  }

  /** A try is about to be sent. */
  sends(recordId: string, attempt: number): void {
    this.#sent = { at: Date.now(), recordId, attempt };
    this.#settled = undefined;
  }

  async settle(step: Step & { do: "settle" }): Promise<void> {
    await this.#attempt("settlement_failed", "settle the reservation", async () => {
      this.#isSettled = false;
      this.#settled = { ...step, scopes: this.#held.get(step.id)?.scopes };
      this.#held.delete(step.id);
      const settlement = await this.#host.budgets!.settle(step.id, taken(step), step.mark, this.#host.quiet);
      this.#isSettled = true;
      for (const alert of settlement?.alerts ?? []) this.tell("onAlert", alert);
    });
  }

  async release({ id }: { id: string }): Promise<void> {
    this.#held.delete(id);
    // That of the try itself, and not what a stream asked for beside it: nothing can have been billed.
    if (!id.includes("+", this.#host.requestId.length)) this.#sent = undefined;
    await this.#attempt("settlement_failed", "release the reservation", () => this.#host.budgets!.release(id));
  }

  async store(charge: boolean): Promise<void> {
    const { storage, budgets, observed, audience } = this.#host;
    const kept = storage instanceof InMemoryCostStorage && storage.store === InMemoryCostStorage.prototype.store ? storage : undefined;
    // Read where somebody wants it: parsing it is more work than keeping it.
    const isRead = observed !== undefined || audience.has("onRecord") || (storage !== undefined && kept === undefined) || (charge && budgets !== undefined);
    const record = isRead ? (JSON.parse(this.#core.use((call) => call.recordToStore()!)) as CostRecord) : undefined;
    // In hand: until here a loss of the module would have taken it along.
    if (record !== undefined) this.#sent = undefined;
    if (observed !== undefined) this.records.push(record!);
    if (storage !== undefined) {
      await this.#attempt("record_not_stored", "store the record", async () => {
        // Budgets that have settled it know it already.
        if (kept !== undefined) this.#core.use((call) => kept[KEEP](call, !charge && this.#isSettled ? budgets : undefined));
        else await storage.store(record!);
        this.#sent = undefined;
      });
    }
    if (audience.has("onRecord")) this.tell("onRecord", record!);
    if (charge && budgets !== undefined) await this.#attempt("settlement_failed", "tell the budgets", () => budgets.recordCost(record!));
  }

  /**
   * The module was replaced under the call, and with it went what it knew of it. What was sent may have been billed in full: what is
   * held is charged, and recorded with the mark `unknown_outcome`. What was not sent is released, and what was settled is recorded as
   * it was settled, and charged no more.
   */
  async rescue(): Promise<void> {
    if (currentGeneration() === this.#generation) return;
    const { budgets, storage } = this.#host;
    const [held, sent, settled] = [[...this.#held.values()], this.#sent, this.#settled];
    this.#held.clear();
    this.#sent = this.#settled = undefined;
    for (const step of held) {
      // What is held beside a try that is settled, a stream had asked for.
      const act = (): Promise<unknown> => (sent === undefined || settled !== undefined ? budgets!.release(step.id) : budgets!.settle(step.id, taken(step), "unknown_outcome", this.#host.quiet));
      await this.#attempt("settlement_failed", "settle what was held", act);
    }
    if (sent === undefined || this.#host.bound === undefined) return;
    let usd: string | undefined;
    try {
      usd = settled !== undefined ? settled.usd : held.length > 0 ? sumOf(held.map((step) => step.usd)) : this.#host.bound(this.#host.aim);
    } catch (error) {
      this.report(error);
    }
    const record = this.#lost(sent, usd, settled, held);
    this.records.push(record);
    if (storage !== undefined) await this.#attempt("record_not_stored", "store the record", () => storage.store(record));
    if (this.#host.audience.has("onRecord")) this.tell("onRecord", record);
    if (settled === undefined && held.length === 0 && budgets !== undefined) await this.#attempt("settlement_failed", "tell the budgets", () => budgets.recordCost(record));
  }

  /** The record of a try of which nobody knows any more than that it was sent. */
  #lost({ at, recordId, attempt }: Sent, usd: string | undefined, settled: Settled | undefined, held: Reserve[]): CostRecord {
    const { aim, requestId, agentId, context } = this.#host;
    const amount = usd ?? "0";
    const metadata = context(aim)["metadata"] as Record<string, unknown> | undefined;
    const reservationId = settled?.id ?? held[0]?.id;
    const mark = settled === undefined ? "unknown_outcome" : settled.mark;
    const said = settled?.scopes ?? held[0]?.scopes;
    const scopes = said === undefined ? undefined : (JSON.parse(said) as BudgetScope[]);
    return {
      id: recordId,
      requestId,
      agentId,
      model: aim.model ?? "unknown",
      provider: aim.target.provider,
      actualTokens: { inputTokens: 0, outputTokens: 0, totalTokens: 0 },
      actualCost: Number(amount),
      usd: amount,
      priced: usd !== undefined,
      costSource: "estimated",
      breakdown: { inputCost: 0, outputCost: 0, otherCost: Number(amount), usd: { input: "0", output: "0", other: amount } },
      timestamp: new Date().toISOString(),
      latencyMs: Math.max(Date.now() - at, 0),
      ...(metadata && { metadata }),
      schema: 1,
      ...(reservationId !== undefined && { reservationId }),
      attempt,
      ...(scopes && { scopes }),
      ...(mark && { estimated: mark }),
      outcome: "error",
    };
  }

  /** Does what is owed after a paid call. */
  async #attempt(code: Warning["code"], doing: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await this.#patiently(act());
    } catch (error) {
      this.#warn(code, `cannot ${doing}: found ${nameOf(error)}`);
      this.report(error);
    }
  }

  /** Waits as long as a ledger or a storage may take; what takes longer goes on without the call. */
  async #patiently(done: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = (): void => void (isOver = true);
    done.then(over, over);
    for (let turn = 0; turn < TURNS && !isOver; turn += 1) await undefined;
    if (isOver) return void (await done);
    const { deadline, waitUntil } = this.#host;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stop = (): void => undefined;
    let isLate = false;
    const late = new Promise<never>((_, reject) => {
      const within = (ms: number): void => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          isLate = true;
          reject(new DOMException("no answer in time", "TimeoutError"));
        }, ms);
      };
      if (this.#isLate) within(0);
      else if (deadline.signal.aborted) within(GRACE_MS);
      else {
        within(PATIENCE_MS);
        stop = deadline.onAbort(() => within(GRACE_MS));
      }
    });
    try {
      await Promise.race([done, late]);
    } catch (error) {
      if (isLate) {
        this.#isLate = true;
        prolong(waitUntil, done.catch((error: unknown) => void this.#host.audience.tell("onError", error)));
      }
      throw error;
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  /** Something went wrong beside the call. */
  report(error: unknown): void {
    this.tell("onError", error);
  }

  /** The application's own listeners: a fault of theirs must not break the call. */
  tell(...[name, event]: Parameters<Audience["tell"]>): void {
    if (!this.#host.audience.tell(name, event)) this.#warn("callback_failed", `${name} threw`);
  }

  #warn(code: Warning["code"], message: string): void {
    // What the module knew of the call is gone with it, its warnings among it.
    if (currentGeneration() === this.#generation) this.#core.use((call) => call.warn(code, message));
  }
}
