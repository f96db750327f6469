/**
 * Drives a guarded call: the core says what to do next, this does it and tells what came of it. The order of things is
 * the core's; here is only how each is done on a JavaScript host.
 */
import { runAsync, type Held } from "../core.js";
import { ConfigurationError, TollgateError, makeError, type ErrorExtras } from "../errors.js";
import type { GuardReport } from "../guard/builtin.js";
import { JUDGES, REPORT, RUN, SCANNER, mergeResults, type GuardrailEngineResult, type SourceTexts } from "../guard/engine.js";
import { generateId } from "../id.js";
import { Passage } from "../resilience/gate.js";
import type { BudgetScope, CostEstimate, CostRecord, FailedTarget, Redaction, Reservation, SecurityMetadata, Warning } from "../types.js";
import { prolong } from "../wait-until.js";
import { Start } from "./deadline.js";
import { placeOf } from "./events.js";
import type { CallHost, CoreCall, Reserve, Step } from "./host.js";
import { keep, lookUp } from "./kept.js";
import { codeOf, nameOf, nameOfModel, nameOfTarget, parsed, responseOf } from "./named.js";
import { Owed } from "./owed.js";
import { isRefusal } from "./refusals.js";

/** The types of texts alone: transcriptions, and subtitles. */
const PLAIN = /^(text\/(plain|vtt|srt)|application\/x-subrip)/i;

/** One call under way. */
export class RunningCall {
  readonly core: Held<CoreCall>;
  readonly host: CallHost;
  readonly #owed: Owed;
  /** The answer of the provider, once it has come. */
  response: Response | undefined;
  #results: { input?: GuardrailEngineResult; output?: GuardrailEngineResult } = {};
  #redactions: Redaction[] = [];
  #reservation: Reservation | undefined;
  /** What a guardrail threw: thrown again once everything is settled. */
  #thrown: { error: unknown } | undefined;
  /** The body of an answer that is no stream, as it came. */
  text: string | undefined;
  /** Whether that is a text alone, and no JSON. */
  isPlain = false;
  /** Whether some of a stream has to be judged outside of the core. */
  judges = false;
  /** Whether the core has a scanner for an answer that is a stream, and whether it is one. */
  #scans = false;
  #streams = false;
  /** Tries that were sent, and whether it was told what the call is expected to cost. */
  #tries = 0;
  #estimated = false;
  #over = false;
  /** What the try that is under way has passed. */
  #passage: Passage | undefined;
  /** Whether its cache was asked, and the answer that it had. */
  #isLookedUp = false;
  #replay: Response | undefined;
  /** Whether a guardrail has changed something of the answer. */
  #isChanged = false;
  /** After that nobody waits for it. */
  readonly #until: number;
  /** Whether it came to its end. */
  isDone = false;
  /** The targets that failed. */
  #failedTargets: FailedTarget[] = [];
  /** When the answer is kept. */
  kept: Promise<void> | undefined;
  /** Data of events that were held for a judgement and may leave now. */
  released: string[] = [];

  constructor(core: Held<CoreCall>, host: CallHost) {
    this.core = core;
    this.host = host;
    this.#owed = new Owed(core, host);
    this.#until = Date.now() + host.leaseMs;
  }

  /** Goes on until the call is done (`"done"`), or there is a stream to read (`"stream"`). Throws what the call ends with. */
  async proceed(): Promise<"done" | "stream"> {
    for (;;) {
      let step: Step;
      try {
        step = JSON.parse(this.core.use((call) => call.next(Date.now()))) as Step;
      } catch (error) {
        this.leave();
        const verdict = this.verdict(error);
        if (this.#fallBack(verdict)) continue;
        throw verdict;
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
          if (!(await this.#lookUp())) await this.#reserve(step);
          break;
        case "fetch":
          this.#tellEstimate();
          await this.#lookUp();
          await (this.#replay === undefined ? this.#fetch() : this.#replayed(this.#replay));
          break;
        case "body":
          await this.#body();
          break;
        case "wait":
          this.leave(true);
          await this.host.deadline.wait(step.ms);
          break;
        case "settle":
          await this.#owed.settle(step);
          break;
        case "release":
          await this.#owed.release(step);
          break;
        case "store":
          await this.#owed.store(step.charge);
          break;
        case "stream":
          this.#streams = true;
          return "stream";
        case "done":
          this.leave();
          if (this.#thrown !== undefined) throw this.#thrown.error;
          this.isDone = true;
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
      ...(this.host.cache?.status && { cache: this.host.cache.status }),
      ...(this.#failedTargets.length > 0 && { fallback: { ...nameOfTarget(this.host.aim), failed: this.#failedTargets } }),
      ...report,
    };
  }

  /** The error that the call ends with, with what happened up to here. */
  verdict(error: unknown): unknown {
    if (this.#thrown !== undefined) return this.#withAttempts(this.#thrown.error);
    if (!TollgateError.isInstance(error)) return error;
    // Given up by the caller: it gets its own reason, not an error of ours.
    if (error.context["aborted"] === true) return this.host.deadline.reason();
    const extras: ErrorExtras = { security: this.security() };
    if (this.host.deadline.cause !== undefined) extras.cause = this.host.deadline.cause;
    if (typeof error.context["status"] === "number" && this.response !== undefined) {
      extras.headers = this.response.headers;
      extras.body = parsed(this.text);
    }
    return makeError(error.code, error.message, this.#attempted(error.context), extras);
  }

  /** The context of an error, with what became of the targets before. */
  #attempted(context: Record<string, unknown>): Record<string, unknown> {
    return this.#failedTargets.length === 0 ? context : { ...context, attempts: this.#failedTargets };
  }

  #withAttempts(error: unknown): unknown {
    if (this.#failedTargets.length === 0 || !TollgateError.isInstance(error)) return error;
    return makeError(error.code, error.message, this.#attempted(error.context), { cause: error });
  }

  /** Asks the next target, where there is one: says whether it does. */
  #fallBack(error: unknown): boolean {
    const { chain, deadline, aim } = this.host;
    if (chain === undefined || this.#streams || deadline.signal.aborted || !TollgateError.isInstance(error)) return false;
    const next = chain.next(error, () => this.core.use((call) => call.unplanned()));
    if (next === undefined) return false;
    const { status } = error.context;
    this.#failedTargets.push({ ...nameOfTarget(aim), code: error.code, message: error.message, ...(typeof status === "number" && { status }) });
    this.core.use((call) => {
      call.fallBack(this.host.wire(next), next.text);
      call.warn("fallback_used", `${nameOfModel(aim)} ended with ${error.code}: ${nameOfModel(next)} is asked`);
    });
    this.host.aim = next;
    this.#thrown = this.response = this.text = deadline.cause = undefined;
    this.#isLookedUp = false;
    return true;
  }

  /** Whether the answer is kept. Asked once, of each target. */
  async #lookUp(): Promise<boolean> {
    if (this.host.cache === undefined || this.#isLookedUp) return false;
    this.#isLookedUp = true;
    this.#replay = await lookUp(this.core, this.host);
    return this.#replay !== undefined;
  }

  /** Takes an answer that was kept as if it had come now. */
  #replayed(response: Response): void {
    this.response = response;
    this.core.use((call) => {
      call.sent(Date.now(), generateId());
      this.#responded(call);
    });
  }

  /** The answer as its caller gets it. */
  answer(): string {
    const answer = this.core.use((call) => call.answer());
    return this.isPlain && answer !== "" ? (JSON.parse(answer) as { text: string }).text : answer;
  }

  /** Keeps the answer for others, where it is whole, and as the provider gave it. What happened is asked for where it is kept only. */
  keep(security = (): SecurityMetadata => this.lastSecurity()): Promise<void> | undefined {
    const isWhole = this.text !== undefined || this.#streams;
    if (this.host.cache === undefined || this.#replay !== undefined || this.#isChanged || !isWhole) return undefined;
    const found = security();
    const isHeldBack = this.#streams && found.redactions?.some(({ stage }) => stage === "output" || stage === "tool_call") === true;
    if (found.error !== undefined || isHeldBack) return undefined;
    const type = this.response?.headers.get("content-type") ?? "application/json";
    this.kept = keep(this.host, this.text, type, found, this.#until);
    return this.kept;
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
        // Given up: it ends with that, and not with a budget that did not answer.
        if (this.host.deadline.signal.aborted) throw error;
        this.#owed.report(error);
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
        { ...this.host.context(this.host.aim), stage, signal: this.host.deadline.signal },
      );
      if (this.host.deadline.signal.aborted && (goesOn || stage === "input")) {
        // Given up, and so the judges were: that is what it ends with, once it is told to send or to finish.
        if (!goesOn) this.core.use((call) => call.guarded(true, [], 0, []));
        return;
      }
      const known = this.#results[stage];
      this.#results[stage] = known === undefined ? run.result : mergeResults(known, run.result);
      this.#redactions.push(...run.redactions);
      if (stage === "output" && run.texts.some((text) => text !== undefined)) this.#isChanged = true;
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
      await this.host.deadline.race(budgets.flush());
    } catch (error) {
      // Nobody knows which budgets there are: as if one could refuse.
      strict = true;
      this.#owed.report(error);
    }
    const refusing = budgets.budgetsFor(scopes).filter(({ action }) => action !== "alert");
    const tokens = strict || refusing.some(({ unit }) => unit === "tokens");
    strict ||= refusing.length > 0;
    this.core.use((call) => call.budgeted(strict, tokens, Date.now()));
  }

  async #ask(step: Reserve): Promise<Reservation> {
    const { deadline, budgets, waitUntil } = this.host;
    this.#owed.holds(step);
    const asked = budgets!.reserve({
      requestId: step.id,
      amount: step.usd,
      ...(step.tokens !== undefined && { tokens: step.tokens }),
      ...(step.requests !== undefined && { requests: step.requests }),
      agentId: this.host.agentId,
      scopes: JSON.parse(step.scopes) as BudgetScope[],
      leaseMs: step.leaseMs,
    }, this.host.quiet);
    let reservation: Reservation;
    try {
      reservation = await deadline.race(asked);
    } catch (error) {
      // Nobody waits for it any more: should it be held after all, it is given back.
      if (deadline.signal.aborted) prolong(waitUntil, asked.then(({ allowed }) => (allowed ? budgets!.release(step.id) : false)).catch(() => false));
      throw error;
    }
    if (!reservation.allowed) this.#owed.isDenied(step);
    for (const alert of reservation.alerts ?? []) this.#owed.tell("onAlert", alert);
    return reservation;
  }

  async #reserve(step: Reserve): Promise<void> {
    try {
      const reservation = await this.#ask(step);
      this.#reservation = reservation;
      this.core.use((call) => call.reserved(JSON.stringify(reservation)));
    } catch (error) {
      if (this.host.deadline.signal.aborted) this.#thrown = { error: this.#givenUp() };
      else this.#owed.report(error);
      this.core.use((call) => call.reserveFailed(nameOf(error)));
    }
  }

  /** What a call ends with that was given up while its money was asked for. */
  #givenUp(): unknown {
    const { deadline, timeoutMs, aim } = this.host;
    if (deadline.why() === "aborted") return deadline.reason();
    const context = { timeout: timeoutMs, provider: aim.target.provider };
    return makeError("timeout", `cannot wait longer: expected the budgets to answer within ${timeoutMs} ms, found no answer`, context, { cause: deadline.signal.reason, security: this.security() });
  }

  async #fetch(): Promise<void> {
    const { deadline, connectTimeoutMs } = this.host;
    const { fetch, gates, target, headers: headersOf } = this.host.aim;
    let start: Start | undefined;
    let isSent = false;
    try {
      deadline.check();
      if (gates.length > 0) await this.#pass();
      if (fetch === undefined && typeof globalThis.fetch !== "function") {
        throw new ConfigurationError({ code: "invalid_config", message: "cannot send: expected a host with fetch, found none; hand one in as the option fetch" });
      }
      const headers = await deadline.race(headersOf());
      const recordId = generateId();
      const body = this.core.use((call) => {
        call.sent(Date.now(), recordId);
        return call.body();
      });
      this.#owed.sends(recordId, this.#tries + 1);
      this.host.cache?.sent(body);
      this.#tries += 1;
      if (this.host.audience.has("onRequest")) {
        const event = { ...this.host.identity, ...nameOfTarget(this.host.aim), url: placeOf(target.url), attempt: this.#tries };
        this.#owed.tell("onRequest", { ...event, timestamp: new Date().toISOString() });
      }
      start = new Start(deadline, connectTimeoutMs);
      const { signal } = start;
      isSent = true;
      const post = (): Promise<unknown> => runAsync((core) => core.postText(fetch, target.url, headers, body, signal));
      const response: unknown = await start.race(this.host.observed === undefined ? post() : this.host.observed.run(post));
      this.response = responseOf(response);
      this.#passage?.answered(this.response.status, this.response.headers);
      this.core.use((call) => this.#responded(call));
    } catch (error) {
      // A key that nobody could give says nothing of who was to be asked.
      if (!isSent) this.#passage?.unsent();
      this.#failed(error, start?.isLate === true ? "late" : undefined);
    } finally {
      start?.end();
    }
  }

  /** The head of an answer has come. */
  #responded(call: CoreCall): void {
    const { status, headers } = this.response!;
    this.host.engine?.[SCANNER]((scanner) => {
      call.scanWith(scanner);
      this.#scans = true;
    });
    const judge = this.host.engine?.[JUDGES]() ?? 0;
    this.judges = judge !== 0;
    call.responded(status, headers, judge, Date.now());
  }

  /** Waits for what holds tries back. */
  async #pass(): Promise<void> {
    const { deadline, leaseMs, aim } = this.host;
    this.#passage = await Passage.through(aim.gates, {
      // A page may ask for a path of its own.
      endpoint: placeOf(aim.target.url) || aim.target.url.split(/[?#]/, 1)[0]!,
      signal: deadline.signal,
      leaseMs,
      tokens: () => {
        const { costEstimate } = JSON.parse(this.core.use((call) => call.report())) as { costEstimate?: CostEstimate };
        if (costEstimate !== undefined) return costEstimate.estimatedTokens.totalTokens;
        throw new ConfigurationError({
          code: "invalid_config",
          message: "cannot limit tokens: expected a call whose cost is tracked, found enableCostTracking: false, or a tracker that is disabled",
        });
      },
    });
  }

  /** The try that was under way is over: others may go. `again`: another follows. */
  leave(again = false): void {
    const passage = this.#passage;
    this.#passage = undefined;
    passage?.left();
    passage?.used(() => {
      // What it used was settled with the try; the report is of the call.
      if (again) return undefined;
      const { costRecord } = JSON.parse(this.core.use((call) => call.report())) as { costRecord?: CostRecord };
      // What nobody knows the outcome of may have used all of it.
      return costRecord?.estimated === "unknown_outcome" ? undefined : costRecord?.actualTokens.totalTokens;
    });
  }

  /** The same at the end of a call, whose own failure is the one to tell. */
  leaveQuietly(): void {
    try {
      this.leave();
    } catch {
      // The module was replaced under it.
    }
  }

  async #body(): Promise<void> {
    try {
      const text = await this.host.deadline.race(this.response!.text());
      this.text = text;
      this.#passage?.left();
      // A transcription may be the text alone: as the core knows it, it is a member of an object.
      this.isPlain = this.host.aim.target.format === "transcription" && this.response!.ok && PLAIN.test(this.response!.headers.get("content-type") ?? "");
      this.core.use((call) => call.received(this.isPlain ? JSON.stringify({ text }) : text, Date.now()));
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown, late?: "late"): void {
    const why = late ?? this.host.deadline.why();
    this.host.deadline.cause = error;
    this.#passage?.failed(why === "aborted" || TollgateError.isInstance(error));
    this.#passage?.left();
    // Ours, and not the network's: a key or a fetch that is not there. It comes through as it is, and is not tried again.
    if (TollgateError.isInstance(error)) this.#thrown = { error };
    const message = late === undefined ? nameOf(error) : String(this.host.connectTimeoutMs);
    this.core.use((call) => call.failed(TollgateError.isInstance(error) ? "aborted" : why, codeOf(error), message, Date.now()));
  }

  #tellEstimate(): void {
    if (this.#estimated || !this.host.audience.has("onEstimate")) return;
    this.#estimated = true;
    const { costEstimate } = JSON.parse(this.core.use((call) => call.report())) as { costEstimate?: CostEstimate };
    if (costEstimate !== undefined) this.#owed.tell("onEstimate", { ...this.host.identity, estimate: costEstimate });
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
      url: placeOf(this.host.aim.target.url),
      records: this.#owed.records,
      ...(failure !== undefined && { error }),
      answer: () => (this.#streams ? undefined : this.text),
    });
  }

  /** What happened, or as little as is known where the module was replaced under this call. */
  lastSecurity(): SecurityMetadata {
    try {
      return this.security();
    } catch {
      const costRecord = this.#owed.records.at(-1);
      return { requestId: this.host.requestId, ...(costRecord && { costRecord }), warnings: [] };
    }
  }

  /** After a failure: should the module have been replaced under the call, what it held and sent is charged and recorded all the same. */
  rescue(): Promise<void> {
    return this.#owed.rescue();
  }
}

