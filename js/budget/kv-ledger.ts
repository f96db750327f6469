import { StorageError, TollgateError } from "../errors.js";
import { checkKeys } from "../options.js";
import { LONGEST_MS, whole } from "../resilience/check.js";
import { toJson } from "../store/json.js";
import type { BudgetConfig, BudgetLedger, BudgetScope, BudgetStatus, EstimateMark, KVBinding, Reservation, Settlement } from "../types.js";
import { prolong } from "../wait-until.js";
import { MemoryBudgetLedger } from "./memory-ledger.js";
import { NOTHING, type Sum, Sums, type Taken } from "./sums.js";

/** What a {@link KVBudgetLedger} is made from. */
export interface KVBudgetLedgerOptions {
  /** Keeps several ledgers of one namespace of KV apart. `default` if left out. */
  namespace?: string;
  /** How old what others have written may be before it is read again, in milliseconds. 10,000 if left out; KV itself may be a minute behind. */
  refreshMs?: number;
  /** The least time between two writes of a key, in milliseconds. 1,000 if left out, since KV takes no more. */
  writeMs?: number;
  /** On Workers `waitUntil` of `cloudflare:workers`: what was spent is written after the answer, which does not wait for it. */
  waitUntil?: (promise: Promise<unknown>) => void;
  /** The clock, in UTC milliseconds; the host's if left out. */
  now?: () => number;
}

const DAY_MS = 86_400_000;
/** How long sums are kept: as long as a ledger remembers what a `total` budget counts. */
const KEPT_MS = 35 * DAY_MS;
/** When a day is over for everybody, and with it what may still be corrected. */
const CLOSED_MS = 4 * DAY_MS;

/** A budget in KV; without one, it was removed. */
interface Entry {
  revision: number;
  order?: number;
  budget?: BudgetConfig;
}

/**
 * Budgets in Workers KV, or in anything with its four methods: an **advisory** ledger. Each instance decides by what it has
 * done itself, exactly, and by sums that the others wrote, which it sees when KV shows them: seconds to a minute later.
 *
 * What it can't do:
 * - keep a limit between instances that spend at the same time: together they can pass it by what they spend until they see each other;
 * - know a reservation of another instance: `settle` answers `unknown` there, `release` says `false`; what others hold shows as spent;
 * - add to a limit: what instances tell each other is what they spend;
 * - tell a record that is offered to two instances from two records;
 * - remember longer than 35 days, or what an instance had not written when it ended: the holds of its last second.
 *
 * `requireGuarantee` refuses it. A guarantee costs a Durable Object, D1 or Redis.
 *
 * @example
 * const budgets = new BudgetManager(undefined, { ledger: new KVBudgetLedger(env.BUDGETS) });
 */
export class KVBudgetLedger implements BudgetLedger {
  readonly guarantee = "advisory";
  readonly #kv: KVBinding;
  readonly #prefix: string;
  readonly #refreshMs: number;
  readonly #writeMs: number;
  readonly #now: () => number;
  readonly #memory: MemoryBudgetLedger;
  readonly #sums = new Sums();
  /** The highest revision of each budget that was seen in KV. */
  readonly #revisions = new Map<string, number>();
  /** Keys of days that are over, which are not read again. */
  readonly #closed = new Set<string>();
  readonly #waitUntil: KVBudgetLedgerOptions["waitUntil"];
  readonly #writing = new Set<Promise<void>>();
  #writer = "";
  #read: number | undefined;
  #wrote = Number.NEGATIVE_INFINITY;

  constructor(binding: KVBinding, options: KVBudgetLedgerOptions = {}) {
    checkKeys("the options of KVBudgetLedger", options, ["namespace", "refreshMs", "writeMs", "waitUntil", "now"]);
    this.#kv = binding;
    this.#prefix = `tollgate-budgets:1:${encodeURIComponent(options.namespace ?? "default")}:`;
    this.#refreshMs = whole("refreshMs", options.refreshMs, 10_000, 0, LONGEST_MS);
    this.#writeMs = whole("writeMs", options.writeMs, 1_000, 0, LONGEST_MS);
    this.#waitUntil = options.waitUntil;
    this.#now = options.now ?? Date.now;
    this.#memory = new MemoryBudgetLedger({ now: this.#now });
  }

  /** Stores budgets; `attach` keeps what is stored, `update` changes it. Answers with what is stored. */
  async put(budgets: BudgetConfig[], mode: "attach" | "update"): Promise<BudgetConfig[]> {
    await this.#refresh();
    const before = new Map((await this.#memory.list()).map(({ id, revision }) => [id, revision]));
    const stored = await this.#memory.put(budgets, mode);
    for (const [place, budget] of stored.entries()) {
      if (before.get(budget.id) === budget.revision) continue;
      const revision = Math.max(budget.revision, (this.#revisions.get(budget.id) ?? 0) + 1);
      await this.#putBudget(budget.id, { revision, budget, order: Date.parse(budget.createdAt ?? "") + place / stored.length });
    }
    return stored;
  }

  async list(): Promise<BudgetConfig[]> {
    await this.#refresh();
    return this.#memory.list();
  }

  async remove(id: string): Promise<boolean> {
    await this.#refresh();
    const removed = await this.#memory.remove(id);
    // Others see that it is gone by what stands in its place.
    if (removed) await this.#putBudget(id, { revision: (this.#revisions.get(id) ?? 0) + 1 });
    return removed;
  }

  /** Holds an amount in every budget that binds, or in none, as far as this instance knows. */
  async reserve(request: { reservationId: string; usd: string; scopes: BudgetScope[]; leaseMs: number; tokens?: number; requests?: number }): Promise<Reservation> {
    await this.#refresh();
    const answer = await this.#memory.reserve(request);
    if (answer.allowed) {
      const { reservationId, usd, tokens, requests = 1, scopes } = request;
      this.#sums.set(`r:${reservationId}`, { usd, tokens, requests }, this.#now(), scopes);
      this.#writeSoon();
    }
    return { ...answer, guarantee: "advisory" };
  }

  /** Turns a hold of this instance into spending of exactly `usd`; a mark says that it is an estimate. */
  async settle(reservationId: string, usd: string, mark?: EstimateMark, tokens?: number): Promise<Settlement> {
    const answer = await this.#memory.settle(reservationId, usd, mark, tokens);
    if (answer.status !== "unknown") this.#came(reservationId, { usd: answer.charged, tokens: answer.chargedTokens });
    return answer;
  }

  /** Frees a hold of this instance: nothing can have been billed. */
  async release(reservationId: string): Promise<boolean> {
    const released = await this.#memory.release(reservationId);
    if (released) this.#came(reservationId, NOTHING);
    return released;
  }

  /** Counts a record that was not reserved, once for each instance; a higher revision of it replaces the amount. */
  async charge(recordId: string, usd: string, scopes: BudgetScope[], at: string, reservationId?: string, revision?: number, tokens?: number): Promise<boolean> {
    await this.#refresh();
    const counted = await this.#memory.charge(`r:${recordId}`, usd, scopes, at, reservationId, revision, tokens);
    if (!counted) return false;
    // A record of what was released is its settlement.
    const taken = { usd, tokens };
    const settles = reservationId !== undefined && this.#sums.set(`r:${reservationId}`, taken, this.#now());
    if (!settles) this.#sums.set(`c:${recordId}`, taken, Date.parse(at), scopes);
    this.#writeSoon();
    return true;
  }

  /** Where budgets stand, as far as this instance knows: all, or those named. */
  async status(budgetIds?: string[]): Promise<BudgetStatus[]> {
    await this.#refresh();
    return (await this.#memory.status(budgetIds)).map((status) => ({ ...status, guarantee: "advisory" }));
  }

  /** Resolves when what was spent up to now was offered to KV: what a Worker that ends with its request hands to `ctx.waitUntil`. */
  async flush(): Promise<void> {
    while (this.#writing.size > 0) await Promise.allSettled(this.#writing);
  }

  #came(reservationId: string, taken: Taken): void {
    if (this.#sums.set(`r:${reservationId}`, taken, this.#now())) this.#writeSoon();
  }

  /** Nobody waits for a write: it may have to wait for the one before, and the answer is known. */
  #writeSoon(): void {
    const writing: Promise<void> = this.#write().finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
    prolong(this.#waitUntil, writing);
  }

  async #putBudget(id: string, entry: Entry): Promise<void> {
    this.#revisions.set(id, entry.revision);
    await reached(() => this.#kv.put(`${this.#prefix}bud:${encodeURIComponent(id)}`, toJson(entry, "a budget")));
  }

  /**
   * Writes the sums that have changed, no sooner than KV takes them. What could not be written is written with the next ones.
   * Each call has its own patience: on Workers a request may be cancelled at any await, and others must not wait for it.
   */
  async #write(): Promise<void> {
    for (let wait = 0; this.#sums.changed; ) {
      // What is asked at once is written at once.
      await (wait > 0 ? new Promise((resolve) => setTimeout(resolve, wait)) : undefined);
      wait = this.#wrote + this.#writeMs - Date.now();
      if (wait <= 0) break;
    }
    const days = this.#sums.take();
    if (days.length === 0) return;
    this.#wrote = Date.now();
    this.#writer ||= crypto.randomUUID();
    await Promise.all(
      days.map(async (day) => {
        const text = JSON.stringify({ sums: this.#sums.of(day) });
        const expiration = Math.floor(Math.max(Date.parse(day) + KEPT_MS, Date.now() + DAY_MS) / 1_000);
        try {
          await this.#kv.put(`${this.#prefix}sum:${day}:${this.#writer}`, text, { expiration });
        } catch {
          this.#sums.again(day);
        }
      }),
    );
  }

  /** Reads what others have written, if that was a while ago. Who comes while it is read goes on with what is known. */
  async #refresh(): Promise<void> {
    const [now, read] = [this.#now(), this.#read];
    if (read !== undefined) {
      if (now >= read && now - read < this.#refreshMs) return;
      this.#read = now;
    }
    try {
      await reached(() => this.#readAll(now));
      this.#read = now;
    } catch (error) {
      this.#read = read;
      throw error;
    }
  }

  async #readAll(now: number): Promise<void> {
    const budgets = (await this.#entries("bud:")).map(({ name, text }) => ({ id: decodeURIComponent(name), ...(JSON.parse(text) as Entry) }));
    // In the order in which they were made.
    for (const { id, revision, budget } of budgets.sort((one, other) => (one.order ?? 0) - (other.order ?? 0))) {
      if (revision <= (this.#revisions.get(id) ?? 0)) continue;
      this.#revisions.set(id, revision);
      if (budget === undefined) await this.#memory.remove(id);
      else await this.#memory.put([budget], "update");
    }
    for (const { name, text } of await this.#entries("sum:")) {
      const [day = "", writer = ""] = name.split(":");
      for (const [scopes, at, usd, revision, tokens, requests] of (JSON.parse(text) as { sums: Sum[] }).sums) {
        const record = `${writer}:${at}:${JSON.stringify(scopes)}`;
        await this.#memory.charge(record, usd, scopes, new Date(at).toISOString(), undefined, revision, tokens, requests);
      }
      if (now - Date.parse(day) > CLOSED_MS) this.#closed.add(name);
    }
  }

  /** The entries of a kind that others wrote, by the rest of their keys. */
  async #entries(kind: "bud:" | "sum:"): Promise<{ name: string; text: string }[]> {
    const prefix = this.#prefix + kind;
    const names: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await this.#kv.list(cursor === undefined ? { prefix } : { prefix, cursor });
      names.push(...page.keys.map(({ name }) => name.slice(prefix.length)));
      if (page.list_complete || page.cursor === undefined) break;
      cursor = page.cursor;
    }
    const wanted = names.filter((name) => !this.#closed.has(name) && (this.#writer === "" || !name.endsWith(`:${this.#writer}`)));
    const entries = await Promise.all(wanted.map(async (name) => ({ name, text: await this.#kv.get(prefix + name) })));
    // A key that was listed may be gone, or not be there yet.
    return entries.filter((entry): entry is { name: string; text: string } => entry.text !== null);
  }
}

/** Runs what asks KV; without an answer nobody knows what others have spent. */
async function reached<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    if (TollgateError.isInstance(cause)) throw cause;
    throw new StorageError({ code: "storage_unavailable", message: "cannot reach the ledger: expected KV to answer, found a failure", cause });
  }
}
