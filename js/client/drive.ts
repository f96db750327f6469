/**
 * Drives a guarded call: the core says what to do next, this does it and tells what came of it. The order of things is
 * the core's; here is only how each is done on a JavaScript host.
 */
import type { BudgetManager } from "../budget.js";
import { Held, runAsync, type Core } from "../core.js";
import { ConfigurationError, TollgateError, makeError, type ErrorExtras } from "../errors.js";
import type { GuardReport } from "../guard/builtin.js";
import { JUDGES, REPORT, RUN, SCANNER, mergeResults, type GuardrailEngine, type GuardrailEngineResult, type SourceTexts } from "../guard/engine.js";
import { generateId } from "../id.js";
import { InMemoryCostStorage, KEEP } from "../store/memory.js";
import type {
  BudgetAmounts,
  BudgetScope,
  CostEstimate,
  CostRecord,
  CostStorage,
  EstimateMark,
  Redaction,
  Reservation,
  SecurityMetadata,
  Warning,
} from "../types.js";

import { isRefusal, placeOf, type Audience, type CallIdentity, type CallObservation } from "./events.js";

/** The core's half of a call. */
export type CoreCall = InstanceType<Core["Call"]>;

/** What a call works with. */
export interface CallHost {
  requestId: string;
  agentId: string;
  url: string;
  headers: () => Promise<Headers>;
  fetch: typeof fetch | undefined;
  engine: GuardrailEngine | undefined;
  budgets: BudgetManager | undefined;
  /** Whether nobody is to be told of the budgets' thresholds. */
  quiet: boolean;
  storage: CostStorage | undefined;
  context: Record<string, unknown>;
  /** Whose call it is. */
  identity: CallIdentity;
  /** Who is told of it. */
  audience: Audience;
  /** Who watches it. */
  observed: CallObservation | undefined;
  deadline: Deadline;
  /** Whether the core has a vault for it. */
  vaulted: boolean;
}

/** Money to be held. */
interface Reserve {
  do: "reserve";
  id: string;
  scopes: string;
  usd: string;
  tokens?: number;
  requests?: number;
  leaseMs: number;
}

/** A step as the core gives it. */
type Step =
  | { do: "guard"; stage: "input" | "output" }
  | { do: "budgets"; scopes: string }
  | Reserve
  | { do: "fetch" }
  | { do: "body" }
  | { do: "stream" }
  | { do: "wait"; ms: number }
  | { do: "settle"; id: string; usd: string; tokens?: number; mark?: EstimateMark }
  | { do: "release"; id: string }
  | { do: "store"; charge: boolean }
  | { do: "done" };

/** One call under way. */
export class RunningCall {
  readonly core: Held<CoreCall>;
  readonly host: CallHost;
  /** The answer of the provider, once it has come. */
  response: Response | undefined;
  #results: { input?: GuardrailEngineResult; output?: GuardrailEngineResult } = {};
  #redactions: Redaction[] = [];
  #reservation: Reservation | undefined;
  /** Whether the budgets have taken the last settlement. */
  #settled = false;
  /** What a guardrail threw: thrown again once everything is settled. */
  #thrown: { error: unknown } | undefined;
  /** The body of an answer that is no stream, as it came. */
  text: string | undefined;
  /** Whether some of a stream has to be judged outside of the core. */
  judges = false;
  /** Whether the core has a scanner for an answer that is a stream, and whether it is one. */
  #scans = false;
  #streams = false;
  /** Tries that were sent, and whether it was told what the call is expected to cost. */
  #tries = 0;
  #estimated = false;
  #over = false;
  /** Data of events that were held for a judgement and may leave now. */
  released: string[] = [];

  constructor(core: Held<CoreCall>, host: CallHost) {
    this.core = core;
    this.host = host;
  }

  /** Goes on until the call is done (`"done"`), or there is a stream to read (`"stream"`). Throws what the call ends with. */
  async proceed(): Promise<"done" | "stream"> {
    for (;;) {
      let step: Step;
      try {
        step = JSON.parse(this.core.use((call) => call.next(Date.now()))) as Step;
      } catch (error) {
        throw this.verdict(error);
      }
      switch (step.do) {
        case "guard":
          await this.#guard(step.stage);
          break;
        case "budgets":
          await this.#budgets(JSON.parse(step.scopes) as BudgetScope[]);
          break;
        case "reserve":
          this.#tellEstimate();
          await this.#reserve(step);
          break;
        case "fetch":
          this.#tellEstimate();
          await this.#fetch();
          break;
        case "body":
          await this.#body();
          break;
        case "wait":
          await this.host.deadline.wait(step.ms);
          break;
        case "settle":
          await this.#attempt("settlement_failed", "settle the reservation", async () => {
            this.#settled = false;
            const settlement = await this.host.budgets!.settle(step.id, taken(step), step.mark, this.host.quiet);
            this.#settled = true;
            for (const alert of settlement?.alerts ?? []) this.#tell("onAlert", alert);
          });
          break;
        case "release":
          await this.#attempt("settlement_failed", "release the reservation", () => this.host.budgets!.release(step.id));
          break;
        case "store":
          await this.#store(step.charge);
          break;
        case "stream":
          this.#streams = true;
          return "stream";
        case "done":
          if (this.#thrown !== undefined) throw this.#thrown.error;
          return "done";
      }
    }
  }

  /** What happened, for the caller. */
  security(): SecurityMetadata {
    const { streamGuards, ...report } = JSON.parse(this.core.use((call) => call.report())) as {
      costEstimate?: CostEstimate;
      costRecord?: CostRecord;
      streamGuards?: GuardReport[];
      warnings: Warning[];
    };
    const { input, output } = this.#results;
    const stream = streamGuards && this.host.engine?.[REPORT](streamGuards, output, this.host.vaulted);
    const outputResult = stream?.result ?? output;
    const redactions = [...this.#redactions, ...(stream?.redactions ?? [])];
    return {
      requestId: this.host.requestId,
      ...(input && { guardrailResult: input }),
      ...(outputResult && { outputGuardrailResult: outputResult }),
      ...(this.#reservation && { budgetCheck: this.#reservation }),
      ...(redactions.length > 0 && { redactions }),
      ...report,
    };
  }

  /** The error that the call ends with, with what happened up to here. */
  verdict(error: unknown): unknown {
    if (this.#thrown !== undefined) return this.#thrown.error;
    if (!TollgateError.isInstance(error)) return error;
    // Given up by the caller: it gets its own reason, not an error of ours.
    if (error.context["aborted"] === true) return this.host.deadline.reason();
    const extras: ErrorExtras = { security: this.security() };
    if (this.host.deadline.cause !== undefined) extras.cause = this.host.deadline.cause;
    if (typeof error.context["status"] === "number" && this.response !== undefined) {
      extras.headers = this.response.headers;
      extras.body = parsed(this.text);
    }
    return makeError(error.code, error.message, error.context, extras);
  }

  /** Has what waits of a stream judged; gives the data of the events that may leave now. */
  async judge(): Promise<string[]> {
    await this.#guard("output", true);
    return this.released.splice(0);
  }

  /** Reserves what a stream needs to go on, as long as it asks; gives the data of the events that may leave. */
  async grow(first: string): Promise<string[]> {
    const left: string[] = [];
    for (let asked: string | undefined = first; asked !== undefined; asked = this.core.use((call) => call.toGrow())) {
      const step = JSON.parse(asked) as Reserve;
      try {
        const reservation = JSON.stringify(await this.#ask(step));
        left.push(...this.core.use((call) => call.grown(reservation, Date.now())));
      } catch (error) {
        this.#report(error);
        left.push(...this.core.use((call) => call.growFailed(nameOf(error))));
      }
    }
    return left;
  }

  async #guard(stage: "input" | "output", goesOn = false): Promise<void> {
    try {
      const scanned = stage === "output" && this.#scans && this.#streams;
      const { engine, vaulted } = this.host;
      const hide = (texts: (string | undefined)[]): (string | undefined)[] => this.core.use((call) => call.hide(texts)) as (string | undefined)[];
      if (engine === undefined) {
        this.core.use((call) => call.guarded(true, [], 0, hide([])));
        return;
      }
      const run = await engine[RUN](
        {
          // The texts stay in the core, unless somebody else wants to see them.
          scan: scanned ? undefined : (scanner) => this.core.use((call) => call.scanTexts(scanner)),
          texts: () => JSON.parse(this.core.use((call) => call.guardTexts())) as SourceTexts,
          hide: vaulted && stage === "input" ? hide : undefined,
          back: vaulted && stage === "output",
        },
        { ...this.host.context, stage, signal: this.host.deadline.signal },
      );
      if (this.host.deadline.signal.aborted && (goesOn || stage === "input")) {
        // Given up, and so the judges were: that is what it ends with, once it is told to send or to finish.
        if (!goesOn) this.core.use((call) => call.guarded(true, [], 0, []));
        return;
      }
      const known = this.#results[stage];
      this.#results[stage] = known === undefined ? run.result : mergeResults(known, run.result);
      this.#redactions.push(...run.redactions);
      this.released = this.core.use((call) =>
        call.guarded(run.result.passed, run.result.failedGuardrails, run.result.maxRiskScore, run.texts),
      );
    } catch (error) {
      this.#thrown = { error };
      this.core.use((call) => call.guardThrew());
    }
  }

  async #budgets(scopes: BudgetScope[]): Promise<void> {
    const budgets = this.host.budgets!;
    let strict = false;
    try {
      await budgets.flush();
    } catch (error) {
      // Nobody knows which budgets there are: as if one could refuse.
      strict = true;
      this.#report(error);
    }
    strict ||= budgets.budgetsFor(scopes).some(({ action }) => action !== "alert");
    this.core.use((call) => call.budgeted(strict, Date.now()));
  }

  async #ask(step: Reserve): Promise<Reservation> {
    const reservation = await this.host.budgets!.reserve({
      requestId: step.id,
      amount: step.usd,
      ...(step.tokens !== undefined && { tokens: step.tokens }),
      ...(step.requests !== undefined && { requests: step.requests }),
      agentId: this.host.agentId,
      scopes: JSON.parse(step.scopes) as BudgetScope[],
      leaseMs: step.leaseMs,
    }, this.host.quiet);
    for (const alert of reservation.alerts ?? []) this.#tell("onAlert", alert);
    return reservation;
  }

  async #reserve(step: Reserve): Promise<void> {
    try {
      const reservation = await this.#ask(step);
      this.#reservation = reservation;
      this.core.use((call) => call.reserved(JSON.stringify(reservation)));
    } catch (error) {
      this.#report(error);
      this.core.use((call) => call.reserveFailed(nameOf(error)));
    }
  }

  async #fetch(): Promise<void> {
    const { deadline, fetch } = this.host;
    try {
      deadline.check();
      if (fetch === undefined && typeof globalThis.fetch !== "function") {
        throw new ConfigurationError({ code: "invalid_config", message: "cannot send: expected a host with fetch, found none; hand one in as the option fetch" });
      }
      const headers = await deadline.race(this.host.headers());
      const recordId = generateId();
      const body = this.core.use((call) => {
        call.sent(Date.now(), recordId);
        return call.body();
      });
      this.#tries += 1;
      if (this.host.audience.has("onRequest")) {
        this.#tell("onRequest", { ...this.host.identity, url: placeOf(this.host.url), attempt: this.#tries, timestamp: new Date().toISOString() });
      }
      const post = (): Promise<unknown> => runAsync((core) => core.postText(fetch, this.host.url, headers, body, deadline.signal));
      const response: unknown = await deadline.race(this.host.observed === undefined ? post() : this.host.observed.run(post));
      this.response = responseOf(response);
      const { status, headers: answered } = this.response;
      this.core.use((call) => {
        this.host.engine?.[SCANNER]((scanner) => {
          call.scanWith(scanner);
          this.#scans = true;
        });
        const judge = this.host.engine?.[JUDGES]() ?? 0;
        this.judges = judge !== 0;
        call.responded(status, answered, judge, Date.now());
      });
    } catch (error) {
      this.#failed(error);
    }
  }

  async #body(): Promise<void> {
    try {
      const text = await this.host.deadline.race(this.response!.text());
      this.text = text;
      this.core.use((call) => call.received(text, Date.now()));
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const why = this.host.deadline.why();
    this.host.deadline.cause = error;
    // Ours, and not the network's: a key or a fetch that is not there. It comes through as it is, and is not tried again.
    if (TollgateError.isInstance(error)) this.#thrown = { error };
    this.core.use((call) => call.failed(TollgateError.isInstance(error) ? "aborted" : why, codeOf(error), nameOf(error), Date.now()));
  }

  async #store(charge: boolean): Promise<void> {
    const { storage, budgets } = this.host;
    // Read where somebody wants it: parsing it is more work than keeping it.
    let read: CostRecord | undefined;
    const record = (): CostRecord => (read ??= JSON.parse(this.core.use((call) => call.recordToStore()!)) as CostRecord);
    if (storage !== undefined) {
      await this.#attempt("record_not_stored", "store the record", async () => {
        if (storage instanceof InMemoryCostStorage && storage.store === InMemoryCostStorage.prototype.store) {
          // Budgets that have settled it know it already.
          this.core.use((call) => storage[KEEP](call, !charge && this.#settled ? budgets : undefined));
        } else {
          await storage.store(record());
        }
      });
    }
    if (this.host.audience.has("onRecord")) this.#tell("onRecord", record());
    if (charge && budgets !== undefined) await this.#attempt("settlement_failed", "tell the budgets", () => budgets.recordCost(record()));
  }

  /** Does what is owed after a paid call: whatever comes of it, the answer is not lost. */
  async #attempt(code: Warning["code"], doing: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.core.use((call) => call.warn(code, `cannot ${doing}: found ${nameOf(error)}`));
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    this.#tell("onError", error);
  }

  /** The application's own listeners: a fault of theirs must not break the call. */
  #tell(...[name, event]: Parameters<Audience["tell"]>): void {
    if (!this.host.audience.tell(name, event)) this.core.use((call) => call.warn("callback_failed", `${name} threw`));
  }

  #tellEstimate(): void {
    if (this.#estimated || !this.host.audience.has("onEstimate")) return;
    this.#estimated = true;
    const { costEstimate } = JSON.parse(this.core.use((call) => call.report())) as { costEstimate?: CostEstimate };
    if (costEstimate !== undefined) this.#tell("onEstimate", { ...this.host.identity, estimate: costEstimate });
  }

  /** The call is over: who listens and who watches is told how it ended. Once; before the core's half is freed. */
  over(security?: SecurityMetadata, failure?: { error: unknown }): void {
    if (this.#over) return;
    this.#over = true;
    const { audience, observed } = this.host;
    const error = failure?.error;
    if (TollgateError.isInstance(error) && isRefusal(error)) audience.tell("onBlocked", error);
    if (observed === undefined) return;
    observed.end({
      security: security ?? this.lastSecurity(),
      ...(failure !== undefined && { error }),
      answer: () => (this.#streams ? undefined : this.text),
    });
  }

  /** What happened, or as little as is known where the module was replaced under this call. */
  lastSecurity(): SecurityMetadata {
    try {
      return this.security();
    } catch {
      return { requestId: this.host.requestId, warnings: [] };
    }
  }
}

/** The time that a call has, and the ways in which it can be given up. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #giveUp = (): void => this.abort(this.#caller?.reason);
  /** What waits for a promise: told by hand, since a listener on the signal costs a host ten times as much. */
  readonly #waiting = new Set<(reason: unknown) => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timedOut = false;
  /** What the host threw, for the error's cause. */
  cause: unknown;

  constructor(timeoutMs: number, caller: AbortSignal | undefined) {
    this.#caller = caller;
    if (caller?.aborted) this.#giveUp();
    else caller?.addEventListener("abort", this.#giveUp, { once: true });
    this.#timer = setTimeout(() => {
      this.#timedOut = true;
      this.abort(new DOMException("the call's time was up", "TimeoutError"));
    }, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Throws where the call was given up before it began. */
  check(): void {
    if (this.signal.aborted) throw this.signal.reason;
  }

  /** Why something failed: by the clock, by the caller, or by itself. */
  why(): "timeout" | "aborted" | "network" {
    if (this.#timedOut) return "timeout";
    return this.signal.aborted ? "aborted" : "network";
  }

  /** The caller's reason. */
  reason(): unknown {
    return this.#caller?.aborted ? this.#caller.reason : this.signal.reason;
  }

  /** Whether the caller's own signal ended it. */
  get byCaller(): boolean {
    return this.#caller?.aborted === true;
  }

  /** The promise, or the end of the time: a `fetch` that never answers need not heed its signal. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.signal.aborted) {
        promise.catch(() => undefined);
        reject(this.signal.reason);
        return;
      }
      this.#waiting.add(reject);
      promise.then(
        (value) => (this.#waiting.delete(reject), resolve(value)),
        (error) => (this.#waiting.delete(reject), reject(error)),
      );
    });
  }

  /** Waits, or less where the call is given up: the next step finds that out. */
  async wait(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const slept = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await this.race(slept).catch(() => undefined);
    clearTimeout(timer);
  }

  /** Gives the call up. */
  abort(reason?: unknown): void {
    if (this.signal.aborted) return;
    this.#controller.abort(reason);
    for (const giveUp of this.#waiting) giveUp(this.signal.reason);
    this.#waiting.clear();
  }

  /** Nothing may wait any more: no timer and no listener is left. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#caller?.removeEventListener("abort", this.#giveUp);
  }
}

/** What a step says that a call takes of budgets. */
function taken({ usd, tokens }: { usd: string; tokens?: number }): BudgetAmounts {
  return tokens === undefined ? { usd } : { usd, tokens };
}

/** A polyfill's Response need not be the global class: it is taken by its shape. */
function responseOf(answer: unknown): Response {
  if (typeof answer === "object" && answer !== null && "status" in answer) return answer as Response;
  throw new ConfigurationError({ code: "invalid_config", message: "cannot send: expected fetch to answer with a Response, found another value" });
}

function parsed(body: string | undefined): unknown {
  if (body === undefined) return undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

/** The name of an error, without what it says: messages of hosts and applications may hold anything. */
function nameOf(error: unknown): string {
  if (TollgateError.isInstance(error)) return `${error.name} ${error.code}`;
  return error instanceof Error ? error.name : "a value that is no error";
}

/** The code by which a host says what kind of failure it was: its own, or its cause's. */
function codeOf(error: unknown): string {
  for (let at = error, depth = 0; typeof at === "object" && at !== null && depth < 8; depth += 1) {
    const { code, errors } = at as { code?: unknown; errors?: unknown };
    if (typeof code === "string") return code;
    // Node reports several tried addresses at once.
    if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0]);
    at = (at as { cause?: unknown }).cause;
  }
  return "";
}
