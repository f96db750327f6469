import { run } from "../core.js";
import { ConfigurationError, ValidationError } from "../errors.js";
import { generateId } from "../id.js";
import { checkKeys } from "../options.js";
import { toJson } from "../store/json.js";
import { InMemoryCostStorage, LISTEN } from "../store/memory.js";
import type {
  BudgetAmounts,
  BudgetConfig,
  CountBudgetConfig,
  MoneyBudgetConfig,
  BudgetEnforcementResult,
  BudgetInput,
  BudgetLedger,
  BudgetScope,
  BudgetStatus,
  CostAlert,
  CostRecord,
  CostStorage,
  Guarantee,
  MoneyInput,
  Reservation,
  Settlement,
} from "../types.js";
import { warnOnce } from "../warn.js";
import { AlertList } from "./alerts.js";
import { MemoryBudgetLedger } from "./memory-ledger.js";

/** What a {@link BudgetManager} is made from. */
export interface BudgetManagerOptions {
  /** Where budgets are held; a {@link MemoryBudgetLedger} of its own if left out. */
  ledger?: BudgetLedger;
  /** The clock of that ledger in memory, in UTC milliseconds; a ledger that is given has its own. */
  now?: () => number;
  /** The zone of the budgets' calendar, by its IANA name. UTC if left out. */
  timeZone?: string;
  /** The first day of the week. Monday if left out. */
  weekStart?: "monday" | "sunday";
  /** Refuses a ledger that promises less. */
  requireGuarantee?: "hard" | "per-instance";
  /** What becomes of a stored budget that a `createBudget` describes otherwise: it stays (the default), or is changed. */
  onExisting?: "keep" | "update";
  /** Without effect on a ledger that is given, or in memory: a ledger has its own. */
  namespace?: string;
}

const OPTIONS = ["ledger", "now", "timeZone", "weekStart", "requireGuarantee", "onExisting", "namespace"];
const RANK: Record<Guarantee, number> = { advisory: 0, "per-instance": 1, hard: 2 };
/** The lease of a reservation made by hand. */
const LEASE_MS = 600_000;
/** How many sets of scopes are remembered with the budgets that bind them. */
const MOST_BOUND = 1_000;
/** How far records may lie out of order in a storage that can't be subscribed to. */
const OVERLAP_MS = 600_000;
const DAY_MS = 86_400_000;

/** A budget as the manager knows it. */
interface Entry {
  /** What was asked for, or is stored. Without its instants until the ledger has it. */
  config: BudgetConfig;
  /** What the ledger must still be told. */
  pending?: "attach" | "update";
  /** Whether the storage's records of its window have been offered to the ledger. */
  counted: boolean;
}

/**
 * Budgets: what may be spent, by whom, over which time.
 *
 * {@link BudgetManager.reserve} is the hard promise; {@link BudgetManager.checkBudget} only asks. Creating budgets is
 * synchronous and touches nothing: what it gives back is provisional until {@link BudgetManager.ready}, or until the
 * first call that needs the ledger.
 *
 * @example
 * const budgets = new BudgetManager();
 * budgets.createBudget({ name: "team", limit: 10, period: "daily", action: "block" });
 * const hold = await budgets.reserve({ requestId: "r1", amount: "0.25" });
 * if (hold.allowed) await budgets.settle("r1", "0.19");
 */
export class BudgetManager {
  readonly #storage: CostStorage | undefined;
  readonly #ledger: BudgetLedger;
  readonly #now: () => number;
  readonly #timeZone: string;
  readonly #weekStart: "monday" | "sunday";
  readonly #onExisting: "keep" | "update";
  readonly #alerts = new AlertList();
  readonly #entries = new Map<string, Entry>();
  readonly #removed = new Set<string>();
  /** Records that were put into the storage and not yet offered to the ledger. */
  readonly #arrived = new Set<CostRecord>();
  /** Which entries bind which scopes, as far as it was asked since they last changed. */
  readonly #bound = new Map<string, Entry[]>();
  #listed = false;
  #subscribed = false;
  #mark: number | undefined;

  constructor(storage?: CostStorage, options: BudgetManagerOptions = {}) {
    checkKeys("the options of BudgetManager", options, OPTIONS);
    this.#storage = storage ?? undefined;
    this.#now = options.now ?? Date.now;
    this.#ledger = options.ledger ?? new MemoryBudgetLedger({ now: this.#now });
    this.#timeZone = options.timeZone ?? "UTC";
    this.#weekStart = options.weekStart ?? "monday";
    this.#onExisting = oneOf("onExisting", options.onExisting ?? "keep", ["keep", "update"]);
    if (options.requireGuarantee !== undefined && options.requireGuarantee !== null) {
      const required = oneOf("requireGuarantee", options.requireGuarantee, ["hard", "per-instance"]);
      if (RANK[this.#ledger.guarantee] < RANK[required]) {
        throw new ConfigurationError({
          code: "invalid_config",
          message: `cannot use this ledger: expected guarantee ${required}, found ${this.#ledger.guarantee}`,
        });
      }
    }
    if (options.namespace !== undefined && options.namespace !== null) {
      warnOnce("option_ignored", "namespace has no effect on this BudgetManager: its ledger has its own");
    }
  }

  /** What the ledger can promise. */
  get guarantee(): Guarantee {
    return this.#ledger.guarantee;
  }

  /**
   * Creates a budget, or attaches to the one with its id. Uses no clock and touches no storage.
   *
   * @throws {ValidationError} `invalid_amount` for a limit that is negative or no number.
   * @throws {ConfigurationError} for anything else that is no budget.
   */
  createBudget(config: BudgetInput & { unit?: "usd" }): MoneyBudgetConfig;
  /** As above, of tokens or requests. */
  createBudget(config: BudgetInput & { unit: "tokens" | "requests" }): CountBudgetConfig;
  /** A budget that may count something else than money. */
  createBudget(config: BudgetInput): BudgetConfig;
  createBudget(config: BudgetInput): BudgetConfig {
    const input = inputJson(config);
    const made = JSON.parse(run((core) => core.readBudget(input, this.#timeZone, this.#weekStart))) as BudgetConfig;
    const known = this.#entries.get(made.id);
    if (known === undefined) {
      const entry: Entry = { config: made, pending: this.#onExisting === "update" ? "update" : "attach", counted: false };
      this.#entries.set(made.id, entry);
      this.#bound.clear();
      return this.#present(entry);
    }
    if (!agree(known.config, made)) {
      if (this.#onExisting === "update") return this.#change(known, made);
      warnDiffers(made.id);
    }
    return this.#present(known);
  }

  /** Changes some fields of a budget; its id stays. */
  updateBudget(id: string, updates: Partial<BudgetInput>): BudgetConfig | undefined {
    const known = this.#entries.get(id);
    if (known === undefined) return undefined;
    const text = inputJson(updates);
    const changed = JSON.parse(run((core) => core.updateBudget(toJson(known.config, "budget"), text))) as BudgetConfig;
    return agree(known.config, changed) ? this.#present(known) : this.#change(known, changed);
  }

  deleteBudget(id: string): boolean {
    if (!this.#entries.delete(id)) return false;
    this.#bound.clear();
    this.#removed.add(id);
    this.#alerts.forget(id);
    return true;
  }

  getBudget(id: string): BudgetConfig | undefined {
    const known = this.#entries.get(id);
    return known === undefined ? undefined : this.#present(known);
  }

  getAllBudgets(): BudgetConfig[] {
    return [...this.#entries.values()].map((entry) => this.#present(entry));
  }

  getBudgetsByScope(type: BudgetScope["type"], id: string): BudgetConfig[] {
    return this.getAllBudgets().filter(({ scope }) => scope?.type === type && scope.id === id);
  }

  /** The enabled budgets that bind a call of these scopes, as far as they are loaded. */
  budgetsFor(scopes: BudgetScope[]): BudgetConfig[] {
    return this.#binding(scopes)
      .filter(({ config }) => config.enabled)
      .map((entry) => this.#present(entry));
  }

  /** Loads what the ledger has, and tells it what it has not. */
  async ready(): Promise<void> {
    this.#listed = false;
    await this.#sync();
  }

  /** Writes to the ledger what it was not told yet. */
  async flush(): Promise<void> {
    await this.#sync();
  }

  /**
   * Asks whether an amount would pass, for an agent. Advisory: it holds nothing, and between its answer and the call
   * anybody may spend.
   */
  async checkBudget(agentId: string, estimatedCost: MoneyInput | BudgetAmounts): Promise<BudgetEnforcementResult> {
    const { usd, tokens } = amounts(estimatedCost);
    const news = await this.#sync();
    const statuses = await this.#statuses(this.#binding([{ type: "agent", id: agentId }]));
    news.push(...this.#take(statuses.flatMap((status) => status.alerts ?? [])));
    const text = toJson(statuses, "statuses");
    const verdict = JSON.parse(run((core) => core.checkBudgets(text, usd, tokens, this.#now()))) as {
      allowed: boolean;
      blockedBy?: number;
      status?: number;
      retryAfterMs?: number;
      alerts: CostAlert[];
    };
    news.push(...this.#take(verdict.alerts));
    const result: BudgetEnforcementResult = { allowed: verdict.allowed, alerts: news, statuses };
    if (verdict.blockedBy !== undefined) result.blockedBy = statuses[verdict.blockedBy]?.budget;
    if (verdict.status !== undefined) result.status = statuses[verdict.status];
    if (verdict.retryAfterMs !== undefined) result.retryAfterMs = verdict.retryAfterMs;
    return result;
  }

  /**
   * Counts a record, once; a higher revision of it replaces the amount. One whose `reservationId` (or, without one, whose
   * `requestId`) names a reservation that this ledger knows is counted by its settlement.
   */
  async recordCost(record: CostRecord): Promise<void> {
    const text = toJson(record, "record");
    await this.#sync();
    await this.#charge([text]);
  }

  async getBudgetStatus(id: string): Promise<BudgetStatus | undefined> {
    await this.#sync();
    const [status] = await this.#ledger.status([id]);
    if (status !== undefined) this.#take(status.alerts ?? []);
    return status;
  }

  /**
   * Holds an amount in every budget that binds, or in none: the hard promise. `requestId` names one paid attempt; it can't
   * be used again once it is settled.
   *
   * @param quietly - nobody is told of the thresholds that it crosses; {@link BudgetManager.getAlerts} lists them all the same
   */
  async reserve(request: {
    requestId: string;
    amount: MoneyInput;
    /** The most tokens it can use: needed where a budget counts them that can refuse. */
    tokens?: number;
    /** 1 if left out; 0 for what a request needs beside what was reserved for it. */
    requests?: number;
    /** `"default"` if left out. */
    agentId?: string;
    /** Beside the agent's. */
    scopes?: BudgetScope[];
    /** After this the amount counts as spent. Ten minutes if left out. */
    leaseMs?: number;
  }, quietly = false): Promise<Reservation> {
    checkKeys("a reservation", request, ["requestId", "amount", "tokens", "requests", "agentId", "scopes", "leaseMs"]);
    const { requestId, agentId } = request;
    const leaseMs = request.leaseMs ?? LEASE_MS;
    const taken = { ...amounts({ usd: request.amount, tokens: request.tokens }), ...(request.requests === undefined ? {} : { requests: request.requests }) };
    const scopes: BudgetScope[] = [{ type: "agent", id: agentId ?? "default" }, ...(request.scopes ?? [])];
    const news = await this.#sync();
    const answer = await this.#ledger.reserve({ reservationId: requestId, ...taken, scopes, leaseMs });
    return { ...answer, alerts: [...news, ...this.#take(answer.alerts, quietly)] };
  }

  /**
   * Turns what was held into what was spent; the rest is free again. Where budgets count tokens, `{ usd, tokens }`: tokens that are
   * not said are those that were held.
   *
   * @param quietly - as in {@link BudgetManager.reserve}
   */
  async settle(requestId: string, actual: MoneyInput | BudgetAmounts, mark?: Parameters<BudgetLedger["settle"]>[2], quietly = false): Promise<Settlement> {
    const { usd, tokens } = amounts(actual);
    const answer = await this.#ledger.settle(requestId, usd, mark, tokens);
    return { ...answer, alerts: this.#take(answer.alerts, quietly) };
  }

  /** Frees what was held: nothing can have been billed. A second time it does nothing. */
  async release(requestId: string): Promise<boolean> {
    return this.#ledger.release(requestId);
  }

  /**
   * Adds to a budget's limit until an instant. It is kept with its reason, which {@link BudgetManager.getBudgetStatus} lists.
   *
   * @param raise - `id` makes it count once, however often it is said; one of its own if left out
   */
  async raiseLimit(budgetId: string, raise: { amount: MoneyInput; until: string | number | Date; reason: string; id?: string }): Promise<BudgetStatus> {
    checkKeys("a raise", raise, ["amount", "until", "reason", "id"]);
    const { until, reason, id = generateId() } = raise;
    if (typeof reason !== "string" || reason === "") throw invalid("a raise to have a reason");
    return this.#adjust(budgetId, { id, amount: amount(raise.amount), until: instant(until), reason });
  }

  /**
   * Adds to the balance of a `total` budget, for good: a prepaid balance. It counts once by its `id` (that of the payment), however
   * often it is said.
   */
  async topUp(budgetId: string, topUp: { id: string; amount: MoneyInput; reason?: string }): Promise<BudgetStatus> {
    checkKeys("a top-up", topUp, ["id", "amount", "reason"]);
    const { id, reason } = topUp;
    if (typeof id !== "string" || id === "") throw invalid("a top-up to have an id, by which it counts once");
    return this.#adjust(budgetId, { id, amount: amount(topUp.amount), ...(reason === undefined ? {} : { reason }) });
  }

  async #adjust(budgetId: string, adjustment: { id: string; amount: string; until?: string; reason?: string }): Promise<BudgetStatus> {
    await this.#sync();
    if (this.#ledger.adjust === undefined) {
      throw new ConfigurationError({ code: "invalid_config", message: "cannot adjust a budget: expected a ledger that can, found one without adjust" });
    }
    await this.#ledger.adjust(budgetId, adjustment);
    const status = await this.getBudgetStatus(budgetId);
    if (status === undefined) throw invalid("a budget that is stored");
    return status;
  }

  /**
   * Takes a name for so many milliseconds, or gives it back with none: `true` if it is the owner's now, `false` while another has it. All
   * instances over one ledger agree on it, so what each of them sees is done once. Over a ledger that can't say it is always `true`.
   */
  async claim(name: string, owner: string, ms: number): Promise<boolean> {
    return (await this.#ledger.claim?.(name, owner, ms)) ?? true;
  }

  /** The alerts seen, of one budget or of all. */
  getAlerts(budgetId?: string): CostAlert[] {
    return this.#alerts.list(budgetId);
  }

  acknowledgeAlert(alertId: string): boolean {
    return this.#alerts.acknowledge(alertId);
  }

  /** Takes a budget's alerts off the list. It does not arm them again. */
  clearAlerts(budgetId: string): void {
    this.#alerts.clear(budgetId);
  }

  /** Calls back for each new alert, and again when a projected one comes true; the answer ends it. */
  onAlert(callback: (alert: CostAlert) => void): () => void {
    return this.#alerts.listen(callback);
  }

  /** A copy of a budget. Its instants are the ledger's once it has it; until then the clock is asked when they are read. */
  #present(entry: Entry): BudgetConfig {
    const { config } = entry;
    const copy = { ...config, alertThresholds: [...config.alertThresholds], ...(config.scope === undefined ? {} : { scope: { ...config.scope } }) };
    if (config.createdAt !== undefined && config.updatedAt !== undefined) return copy;
    const created = () => (config.createdAt ??= new Date(this.#now()).toISOString());
    const updated = () => (config.updatedAt ??= config.revision === 1 ? created() : new Date(this.#now()).toISOString());
    return Object.defineProperties(copy, {
      createdAt: { enumerable: true, configurable: true, get: created },
      updatedAt: { enumerable: true, configurable: true, get: updated },
    });
  }

  #change(entry: Entry, config: BudgetConfig): BudgetConfig {
    const changed: Entry = {
      // What the ledger was not told yet becomes one revision, however often it changes.
      config: { ...config, revision: entry.config.revision + (entry.pending === undefined ? 1 : 0) },
      pending: "update",
      // Another window or scope has to count again what is stored.
      counted: entry.counted && sameWindows(entry.config, config),
    };
    if (entry.config.createdAt !== undefined) changed.config.createdAt = entry.config.createdAt;
    delete (changed.config as Partial<BudgetConfig>).updatedAt;
    this.#entries.set(config.id, changed);
    this.#bound.clear();
    return this.#present(changed);
  }

  #binding(scopes: BudgetScope[]): Entry[] {
    const entries = [...this.#entries.values()];
    if (entries.length === 0) return [];
    const key = toJson(scopes, "scopes");
    let bound = this.#bound.get(key);
    if (bound === undefined) {
      const budgets = toJson(entries.map(({ config }) => config), "budgets");
      const places = JSON.parse(run((core) => core.bindingBudgets(budgets, key))) as number[];
      bound = places.map((place) => entries[place] as Entry);
      if (this.#bound.size >= MOST_BOUND) this.#bound.clear();
      this.#bound.set(key, bound);
    }
    return bound;
  }

  #statuses(entries: Entry[]): Promise<BudgetStatus[]> {
    return entries.length === 0 ? Promise.resolve([]) : this.#ledger.status(entries.map(({ config }) => config.id));
  }

  #take(alerts: CostAlert[], quietly?: boolean): CostAlert[] {
    return this.#alerts.take(alerts, quietly);
  }

  /**
   * Brings ledger and manager to the same state: removals, budgets, and records that came into the storage by themselves.
   * Every step may be done twice, so calls at the same time need not wait for each other (on Workers they must not: a
   * request may not await what another one began). Answers with the alerts that it raised.
   */
  async #sync(): Promise<CostAlert[]> {
    for (const id of [...this.#removed]) {
      await this.#ledger.remove(id);
      this.#removed.delete(id);
    }
    if (!this.#listed) {
      for (const config of await this.#ledger.list()) {
        if (!this.#entries.has(config.id) && !this.#removed.has(config.id)) this.#entries.set(config.id, { config, counted: false });
      }
      this.#bound.clear();
      this.#listed = true;
    }
    for (const mode of ["attach", "update"] as const) await this.#put(mode);
    return this.#count();
  }

  async #put(mode: "attach" | "update"): Promise<void> {
    const entries = [...this.#entries.values()].filter(({ pending }) => pending === mode);
    if (entries.length === 0) return;
    const stored = await this.#ledger.put(entries.map((entry) => ({ ...entry.config })), mode);
    for (const [index, entry] of entries.entries()) {
      const config = stored[index];
      // Changed again meanwhile: then another entry stands in its place, with news of its own.
      if (config === undefined || this.#entries.get(entry.config.id) !== entry) continue;
      if (mode === "attach" && !agree(entry.config, config)) warnDiffers(config.id);
      if (config.action === "block" && this.#ledger.guarantee !== "hard" && isWorker()) {
        warnOnce("budget_weak_ledger", `budget ${config.id} blocks within one instance only: its ledger's guarantee is ${this.#ledger.guarantee}`);
      }
      // In place: what was given out before reads its instants from here.
      Object.assign(entry.config, config);
      this.#bound.clear();
      delete entry.pending;
    }
  }

  /** Offers the ledger what the storage holds and it may not know. The ledger counts nothing twice. */
  async #count(): Promise<CostAlert[]> {
    const storage = this.#storage;
    if (storage === undefined || this.#entries.size === 0) return [];
    if (!this.#subscribed && storage.subscribe !== undefined) {
      this.#subscribed = true;
      const arrived = (record: CostRecord): void => void this.#arrived.add(record);
      const ours = storage instanceof InMemoryCostStorage && storage.subscribe === InMemoryCostStorage.prototype.subscribe;
      if (ours) storage[LISTEN](this, arrived);
      else storage.subscribe(arrived);
    }
    const now = this.#now();
    const news: CostAlert[] = [];
    const fresh = [...this.#entries.values()].filter(({ counted }) => !counted);
    let from: number | undefined;
    if (fresh.length > 0) {
      const text = toJson(fresh.map(({ config }) => config), "budgets");
      from = run((core) => core.earliestWindow(text, now));
    } else if (!this.#subscribed) {
      from = Math.min(this.#mark ?? now, now) - OVERLAP_MS;
    }
    // Taken before the storage is asked: what arrives while it answers is left for the next time.
    const arrived = [...this.#arrived];
    if (from !== undefined) {
      const records = await storage.getByDateRange(new Date(from), new Date(now + DAY_MS));
      news.push(...(await this.#charge(records.map((record) => toJson(record, "record")))));
      for (const entry of fresh) entry.counted = true;
      this.#mark = Math.max(this.#mark ?? 0, now);
    }
    if (arrived.length > 0) {
      news.push(...(await this.#charge(arrived.map((record) => toJson(record, "record")))));
      for (const record of arrived) this.#arrived.delete(record);
    }
    return news;
  }

  /** Charges records, and answers with the alerts that this raised. */
  async #charge(records: string[]): Promise<CostAlert[]> {
    const touched = new Set<Entry>();
    for (const text of records) {
      const charge = JSON.parse(run((core) => core.chargeOfRecord(text))) as {
        id: string;
        usd: string;
        tokens: number;
        scopes: BudgetScope[];
        at: string;
        reservationId: string;
        revision: number;
      };
      if (await this.#ledger.charge(charge.id, charge.usd, charge.scopes, charge.at, charge.reservationId, charge.revision, charge.tokens)) {
        for (const entry of this.#binding(charge.scopes)) touched.add(entry);
      }
    }
    const statuses = await this.#statuses([...touched]);
    return this.#take(statuses.flatMap((status) => status.alerts ?? []));
  }
}

/** An amount as its exact decimal. */
function amount(value: MoneyInput): string {
  return run((core) => core.readAmount(value));
}

/** What a call takes, each amount as its exact decimal. */
function amounts(value: MoneyInput | BudgetAmounts): { usd: string; tokens?: number } {
  if (typeof value !== "object" || value === null || !("usd" in value)) return { usd: amount(value as MoneyInput) };
  checkKeys("amounts", value, ["usd", "tokens"]);
  const { usd, tokens } = value;
  if (tokens === undefined || tokens === null) return { usd: amount(usd) };
  if (!Number.isSafeInteger(tokens) || tokens < 0) throw invalid("tokens to be a whole number of at least 0");
  return { usd: amount(usd), tokens };
}

function instant(value: string | number | Date): string {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) throw invalid("until to be an instant");
  return date.toISOString();
}

function invalid(what: string): ValidationError {
  return new ValidationError({ code: "invalid_input", message: `cannot read budget: expected ${what}, found another value` });
}

/** What a caller says of a budget, as JSON in which a number that is none stays visible. */
function inputJson(input: object): string {
  if (typeof input !== "object" || input === null) return toJson(input, "budget");
  const limits = Object.entries(input).filter(([key, value]) => (key === "limit" || key === "softLimit" || key === "carryOver") && typeof value === "number");
  return toJson({ ...input, ...Object.fromEntries(limits.map(([key, value]) => [key, String(value)])) }, "budget");
}

function agree(one: BudgetConfig, other: BudgetConfig): boolean {
  return run((core) => core.budgetsAgree(toJson(one, "budget"), toJson(other, "budget")));
}

function sameWindows(one: BudgetConfig, other: BudgetConfig): boolean {
  const windows = ({ unit, period, rolling, scope, timeZone, weekStart }: BudgetConfig) =>
    toJson([unit, period, rolling, scope?.type, scope?.id, timeZone, weekStart], "budget");
  return windows(one) === windows(other);
}

function warnDiffers(id: string): void {
  warnOnce("budget_config_differs", `budget ${id} is stored with another configuration, which is in force; onExisting: "update" changes it`);
}

function oneOf<T extends string>(name: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value;
  throw new ConfigurationError({
    code: "invalid_config",
    message: `cannot read ${name}: expected one of ${known.join(", ")}, found another value`,
  });
}

function isWorker(): boolean {
  return (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent === "Cloudflare-Workers";
}
