/** The guardrail engine: runs guardrails, and puts together what they say. */
import { Held, type Core } from "../core.js";
import { ConfigurationError } from "../errors.js";
import { checkKeys } from "../options.js";
import { offerVocabularies } from "../registry.js";
import type { GuardStage, Redaction, ScanResult } from "../types.js";
import { BuiltinGuardrail, CONFIG, resultOf, type BuiltinConfig, type CoreScanner, type GuardReport, type GuardText, type Reports } from "./builtin.js";
import { GuardrailEngineResult, type GuardrailExecution } from "./engine-result.js";
import { SELECT, checkOneOf, checkTimeout, invalid, missingEvaluate, type GuardToolCall, type Guardrail, type GuardrailContext } from "./guardrail.js";
import { JudgeGuardrail } from "./judge.js";
import { GuardrailResult } from "./result.js";
import { FIND, JUDGE, RuleGuardrail, type GuardTexts } from "./rule.js";
import { coreOfVault, type Vault } from "./vault.js";

export { GuardrailEngineResult, mergeResults, type GuardrailExecution } from "./engine-result.js";

/** What {@link GuardrailEngine} is made from. */
export interface GuardrailEngineOptions {
  /** `true` if left out. */
  parallelExecution?: boolean;
  /** `true` (if left out): a guardrail that throws counts as one that blocks. `false`: its error comes through. */
  continueOnError?: boolean;
  /** Milliseconds for each guardrail that sets no time of its own; 5,000 if left out. */
  timeout?: number;
  /** `monitor`: everything is judged and reported; nothing is changed, held or blocked. `enforce` if left out. */
  mode?: "enforce" | "monitor";
}

/** A text that comes in pieces, under an engine's built-in guardrails. */
export interface GuardedStream {
  /** Takes a piece, gives what may leave. */
  push(text: string): string;
  /** No more comes: gives what was held. */
  end(): string;
  /** No more comes, and every guardrail is asked, with `judge: true` also those that ask somebody: gives what was held, unless one blocks. */
  finish(): Promise<string>;
  /** What was found so far. */
  readonly result: ScanResult;
  /** What all guardrails say, once `finish` is done. */
  readonly judged: GuardrailEngineResult | undefined;
}

/** Runs the guardrails over the texts of a request or answer: for the clients. */
export const RUN: unique symbol = Symbol("tollgate.engine.run");
/** Hands out the scanner of the built-in guardrails, if there are any: for the clients' streams. */
export const SCANNER: unique symbol = Symbol("tollgate.engine.scanner");
/** What of a stream other guardrails than the scanner's have to see whole: 1 for what is said, 2 for calls of tools, 4 to report only. */
export const JUDGES: unique symbol = Symbol("tollgate.engine.judges");
/** The result of a stream that the core has scanned. */
export const REPORT: unique symbol = Symbol("tollgate.engine.report");

/**
 * The texts of a request or answer, for {@link RUN}.
 *
 * @internal
 */
export interface EngineSource {
  /** Has them scanned: {@link Reports} as JSON text. Undefined where they were, piece by piece. */
  scan: ((scanner: CoreScanner) => string) | undefined;
  /** The texts themselves, for the other guardrails. */
  texts: () => SourceTexts;
  /** What a vault makes of them on their way out. `texts` are what guardrails have made of them. */
  hide?: ((texts: (string | undefined)[]) => (string | undefined)[]) | undefined;
  /** They come back to who knows what a vault keeps: what is tokenised stays as it is. */
  back?: boolean;
}

/**
 * What a request says, or an answer.
 *
 * @internal
 */
export interface SourceTexts extends GuardTexts {
  /** There is more than is held for guardrails: they can't judge, and each fails by its own rule. */
  tooLong?: boolean;
  /** With a vault, the calls of tools as they would be run. For guardrails that tell nobody. */
  restored?: GuardToolCall[];
}

/** What {@link RUN} answers. */
export interface EngineRun {
  result: GuardrailEngineResult;
  /** The texts after all guardrails; undefined, or none, where nothing changed. */
  texts: (string | undefined)[];
  redactions: Redaction[];
}

/** Half of a pair at the end of a text. */
const HIGH_SURROGATE = /[\uD800-\uDBFF]$/;

const OPTIONS = ["parallelExecution", "continueOnError", "timeout", "mode"];
const SCAN_OPTIONS = ["stage", "guardrails", "vault"];
/** The most text, in UTF-16 units, that is held for guardrails that ask somebody. */
const MAX_HELD = 1024 * 1024;

/**
 * A set of guardrails.
 *
 * @example
 * const engine = new GuardrailEngine();
 * engine.registerGuardrail(new PIIDetectionGuardrail({ action: "redact" }));
 * engine.scan("Mail ann@example.com").text; // "Mail [REDACTED_EMAIL]"
 */
export class GuardrailEngine {
  readonly #guardrails = new Map<string, Guardrail>();
  readonly #options: Required<GuardrailEngineOptions>;
  #scanner: { of: BuiltinConfig[]; held: Held<CoreScanner> } | undefined;

  constructor(options: GuardrailEngineOptions = {}) {
    checkKeys("the options of GuardrailEngine", options, OPTIONS);
    const { parallelExecution, continueOnError, timeout, mode } = options;
    this.#options = {
      parallelExecution: parallelExecution ?? true,
      continueOnError: continueOnError ?? true,
      timeout: checkTimeout(timeout) ?? 5_000,
      mode: checkOneOf("mode", mode, ["enforce", "monitor"]) ?? "enforce",
    };
  }

  /** Whether it only reports. */
  get mode(): "enforce" | "monitor" {
    return this.#options.mode;
  }

  /** Adds a guardrail; one of the same name is replaced. */
  registerGuardrail(guardrail: Guardrail): void {
    if (typeof (guardrail as Partial<Guardrail> | null)?.evaluate !== "function") throw missingEvaluate();
    this.#guardrails.set(guardrail.name, guardrail);
  }

  unregisterGuardrail(name: string): boolean {
    return this.#guardrails.delete(name);
  }

  getRegisteredGuardrails(): Guardrail[] {
    return [...this.#guardrails.values()];
  }

  clearGuardrails(): void {
    this.#guardrails.clear();
  }

  /** Asks every enabled guardrail. With none it passes. With `vault` in the context, built-in ones that tokenise keep values there. */
  async execute(input: unknown, context: GuardrailContext = {}): Promise<GuardrailEngineResult> {
    const started = performance.now();
    const asked = this.#enabled().filter((guardrail) => applies(guardrail, context));
    const results = await this.#each(asked, (guardrail) => this.#askOne(guardrail, input, context));
    return new GuardrailEngineResult(results, performance.now() - started, this.mode);
  }

  /**
   * Scans a text with the built-in guardrails in one pass. With none registered it passes. With a `vault`, what they tokenise is kept there,
   * and of a text on its way to a model all that the vault knows is taken out; of an answer it stays, to be restored.
   */
  scan(text: string, options: { stage?: GuardStage; guardrails?: string[]; vault?: Vault } = {}): ScanResult {
    checkKeys("scan options", options, SCAN_OPTIONS);
    const { stage = "input", vault } = options;
    const scan = (scanner: CoreScanner): unknown =>
      vault === undefined ? scanner.scan(text, stage) : coreOfVault(vault).use((core) => scanner.scanWith(text, stage, core));
    const scanned = { text, ...(this.#scannerOf(options.guardrails, true).use(scan) as Omit<ScanResult, "text"> & { text?: string }) };
    return this.#withRules(text, scanned, stage, options.guardrails);
  }

  /**
   * Scans a text that comes in pieces, with the built-in guardrails. With `judge: true` all registered ones are asked, those too that
   * ask somebody: then everything waits for {@link GuardedStream.finish}.
   */
  stream(options: { stage?: GuardStage; guardrails?: string[]; judge?: boolean; vault?: Vault } = {}): GuardedStream {
    checkKeys("stream options", options, [...SCAN_OPTIONS, "judge"]);
    const { stage = "output", vault } = options;
    const scanner = this.#scannerOf(options.guardrails, true);
    // What judges a whole sees it at the end; and who only monitors changes nothing on the way.
    const judge = options.judge === true;
    if (judge && options.guardrails !== undefined) throw invalid("cannot read stream options: expected either judge or guardrails, found both");
    const whole = judge || this.mode === "monitor" || this.#rules(options.guardrails, stage).length > 0;
    if (whole) return this.#wholeStream(stage, options.guardrails, judge, vault);
    const held = new Held("stateful", (core: Core) =>
      scanner.use((made) =>
        vault === undefined ? new core.TextScan(made, stage) : coreOfVault(vault).use((own) => core.TextScan.with(made, stage, own)),
      ),
    );
    // Made now, so that what is wrong with the options is thrown here.
    held.use(() => undefined);
    // Half of a surrogate pair waits for the other half: alone it would cross as another character.
    let half = "";
    const end = (): string => {
      const last = half;
      half = "";
      return held.use((scan) => scan.push(last) + scan.end());
    };
    return {
      push: (text) => {
        const whole = half + text;
        half = HIGH_SURROGATE.exec(whole)?.[0] ?? "";
        return held.use((scan) => scan.push(whole.slice(0, whole.length - half.length)));
      },
      end,
      finish: async () => end(),
      get result() {
        return held.use((scan) => scan.result()) as ScanResult;
      },
      judged: undefined,
    };
  }

  /** @internal */
  async [RUN](source: EngineSource, context: GuardrailContext): Promise<EngineRun> {
    const started = performance.now();
    const { scan } = source;
    const reports: Reports =
      scan === undefined || this.#builtins().length === 0 ? { guards: [], texts: [] } : (JSON.parse(this.#scannerOf().use(scan)) as Reports);
    const scanned = performance.now() - started;
    // Without the text after one guard alone: what another takes out would still be in it.
    const results: GuardrailExecution[] = reports.guards.map(({ edited: _, ...report }) => ({
      guardrailName: report.name,
      result: resultOf(report),
      executionTime: scanned,
    }));
    const redactions = redactionsOf(reports.guards, source.back);
    const guarded = reports.texts.map((text) => text ?? undefined);
    const changed = source.hide?.(this.mode === "monitor" ? [] : guarded) ?? guarded;
    const own = this.#own();
    if (own.length > 0) await this.#judge(own, source.texts(), context, changed, results, redactions);
    const result = new GuardrailEngineResult(results, performance.now() - started, this.mode);
    return this.mode === "monitor" ? { result, texts: source.hide === undefined ? [] : changed, redactions: [] } : { result, texts: changed, redactions };
  }

  /** Asks the other guardrails. They see what the built-in ones left: what was redacted is nobody else's to see. */
  async #judge(
    own: Guardrail[],
    { texts, calls, tooLong, restored }: SourceTexts,
    context: GuardrailContext,
    changed: (string | undefined)[],
    results: GuardrailExecution[],
    redactions: Redaction[],
  ): Promise<void> {
    const left = (): string[] => texts.map(({ text }, index) => changed[index] ?? text);
    const seen = texts.map((text, index) => ({ ...text, text: changed[index] ?? text.text }));
    const stage = context.stage ?? "input";
    const parts = own.map((guardrail) => guardrail[SELECT]?.(seen) ?? [...seen.keys()]);
    const asked = own.filter((guardrail, index) => guardrail instanceof RuleGuardrail || parts[index]!.some((place) => seen[place]!.text !== ""));
    const ofGuard = (guardrail: Guardrail): number[] => parts[own.indexOf(guardrail)]!;
    const executions = await this.#each(asked, (guardrail) => {
      if (tooLong === true && !(guardrail instanceof RuleGuardrail && ofGuard(guardrail).length === 0)) {
        return this.#failed(guardrail, new Error("more text waits than is held for guardrails"), 0);
      }
      if (guardrail instanceof RuleGuardrail) return this.#attempt(guardrail, () => guardrail[JUDGE]({ texts: seen, calls: restored ?? calls }, stage));
      const places = ofGuard(guardrail);
      const readings = readingsFor(guardrail, seen, places);
      if (readings !== undefined) return this.#askAll(guardrail, readings, context);
      const hasCalls = calls.length > 0 && places.some((place) => seen[place]!.stage === "tool_call");
      const input = places.map((place) => seen[place]!.text).join("\n");
      return this.#askOne(guardrail, input, hasCalls ? { ...context, toolCalls: calls } : context);
    });
    results.push(...executions);
    if (this.mode === "monitor") return;
    const known = redactions.length;
    for (const [index, execution] of executions.entries()) {
      const guardrail = asked[index]!;
      const { result } = execution;
      if (result === undefined || !result.passed || editedText(result) === undefined) continue;
      // It changes texts, and was shown all of them as one: it is asked again, for each.
      const places = ofGuard(guardrail);
      for (const place of places) {
        const text = left()[place]!;
        // What it said of the whole still holds where there is one text, and nobody has changed it since.
        const same = places.length === 1 && redactions.length === known;
        const again = same ? execution : await this.#askOne(guardrail, text, context);
        if (again.result === undefined || !again.result.passed) {
          // It would have taken something out, and can't say what: nothing may pass.
          results.push({ ...again, guardrailName: guardrail.name });
          continue;
        }
        const edited = editedText(again.result);
        if (edited === undefined || edited === text) continue;
        changed[place] = edited;
        redactions.push({ guardrail: guardrail.name, stage: texts[place]!.stage, type: result.action, count: 1 });
      }
      // What it finds only where texts meet is in none of them, and can't be taken out.
      const after = left().map((text, place) => ({ ...texts[place]!, text }));
      const readings = places.length > 1 ? readingsFor(guardrail, after, places) : undefined;
      const rest = readings && (await this.#askAll(guardrail, readings, context));
      if (rest?.result?.passed === true && editedText(rest.result) !== undefined) {
        const { reason, riskScore, metadata } = rest.result;
        results.push({ ...rest, result: new GuardrailResult({ passed: false, action: "block", riskScore, metadata, ...(reason !== undefined && { reason }) }) });
      }
    }
  }

  /** @internal */
  [SCANNER](use: (scanner: CoreScanner) => void): void {
    // Who only monitors sees it whole, at the end: nothing of it may wait.
    if (this.mode === "enforce" && this.#builtins().length > 0) this.#scannerOf().use(use);
  }

  /** @internal */
  [JUDGES](): number {
    if (this.mode === "monitor") return this.#enabled().length > 0 ? 4 : 0;
    const covers = ({ stages }: Guardrail): number => (stages?.includes("output") ?? true ? 1 : 0) | (stages?.includes("tool_call") ?? true ? 2 : 0);
    return this.#own().reduce((all, guardrail) => all | covers(guardrail), 0);
  }

  /** @internal */
  [REPORT](guards: GuardReport[], own?: GuardrailEngineResult, back?: boolean): { result: GuardrailEngineResult; redactions: Redaction[] } {
    const results: GuardrailExecution[] = guards.map((report) => ({ guardrailName: report.name, result: resultOf(report), executionTime: 0 }));
    const others = (own?.results ?? []).filter(({ guardrailName }) => !guards.some(({ name }) => name === guardrailName));
    return { result: new GuardrailEngineResult([...results, ...others], own?.executionTime ?? 0, this.mode), redactions: redactionsOf(guards, back) };
  }

  #enabled(): Guardrail[] {
    return [...this.#guardrails.values()].filter(({ enabled }) => enabled);
  }

  #builtins(): BuiltinGuardrail[] {
    return this.#enabled().filter(isBuiltin);
  }

  #own(): Guardrail[] {
    return this.#enabled().filter((guardrail) => !isBuiltin(guardrail));
  }

  /**
   * The scanner of the enabled built-in guardrails, or of those of them that are named. Kept while they stay the same. With `all` also of
   * those that may ask somebody, and need not.
   */
  #scannerOf(names?: string[], all = false): Held<CoreScanner> {
    const isOurs = (one: Guardrail | undefined): boolean =>
      one instanceof BuiltinGuardrail || one instanceof RuleGuardrail || (one instanceof JudgeGuardrail && one.scanned() !== undefined);
    const unknown = names?.some((name) => !isOurs(this.#guardrails.get(name)));
    if (unknown) {
      const known = [...this.#guardrails.values()].filter(isOurs).map(({ name }) => name);
      throw new ConfigurationError({
        code: "invalid_config",
        message: `cannot read guardrails: expected names of registered built-in guardrails (${known.join(", ") || "none"}), found another`,
      });
    }
    const configs = this.#enabled().flatMap((guardrail) => {
      if (names !== undefined && !names.includes(guardrail.name)) return [];
      if (isBuiltin(guardrail)) return [guardrail[CONFIG]()];
      return all && guardrail instanceof JudgeGuardrail ? (guardrail.scanned() ?? []) : [];
    });
    // A limit of tokens is counted by them.
    offerVocabularies();
    const known = this.#scanner;
    if (known !== undefined && known.of.length === configs.length && known.of.every((config, index) => config === configs[index])) return known.held;
    known?.held.free();
    const held = new Held("rebuildable", (core) => new core.Scanner(configs));
    this.#scanner = { of: configs, held };
    return held;
  }

  /** The enabled guardrails that judge a whole, or those of them that are named. */
  #rules(names: string[] | undefined, stage: GuardStage): RuleGuardrail[] {
    return this.#enabled().filter(
      (guardrail): guardrail is RuleGuardrail =>
        guardrail instanceof RuleGuardrail && (names === undefined || names.includes(guardrail.name)) && guardrail.stages!.includes(stage),
    );
  }

  /** What was scanned, with what the guardrails find that judge a whole. They see what the others left. */
  #withRules(text: string, scanned: ScanResult, stage: GuardStage, names: string[] | undefined): ScanResult {
    const result = { ...scanned };
    for (const rule of this.#rules(names, stage)) {
      const found = rule[FIND](scanned.text, stage);
      if (found.length === 0) continue;
      // Places in the text as it came: a whole is one from its start to its end.
      result.findings = [...result.findings, ...found.map((finding) => ({ ...finding, end: text.length }))];
      result.riskScore = Math.max(result.riskScore, ...found.map(({ score }) => score));
      if (rule.action === "block") Object.assign(result, { passed: false, action: "block" });
      else if (result.action === "allow") result.action = "warn";
    }
    return this.mode === "monitor" ? { ...result, passed: true, text } : result;
  }

  /** A stream of which nothing leaves before its end; or all at once, where nothing is to be changed. */
  #wholeStream(stage: GuardStage, guardrails: string[] | undefined, judge: boolean, vault: Vault | undefined): GuardedStream {
    const engine = this;
    const monitors = this.mode === "monitor";
    const options = { stage, ...(guardrails && { guardrails }), ...(vault && { vault }) };
    let whole = "";
    let judged: GuardrailEngineResult | undefined;
    const end = (): string => {
      if (judge) throw invalid("cannot end a stream that is judged: expected finish(), which waits for its guardrails, found end()");
      const { passed, text } = engine.scan(whole, options);
      return passed && !monitors ? text : "";
    };
    return {
      push: (text) => {
        whole += text;
        return monitors ? text : "";
      },
      end,
      finish: async () => {
        if (!judge) return end();
        const texts = [{ text: whole, role: stage === "output" || stage === "tool_call" ? "assistant" : "user", stage }];
        const run = await engine[RUN](
          {
            scan: (scanner) => (vault === undefined ? scanner.scanAll(texts) : coreOfVault(vault).use((core) => scanner.scanAllWith(texts, core))),
            texts: () => ({ texts, calls: [], tooLong: whole.length > MAX_HELD }),
          },
          { stage },
        );
        judged = run.result;
        return judged.passed && !monitors ? (run.texts[0] ?? whole) : "";
      },
      get result() {
        return engine.scan(whole, options);
      },
      get judged() {
        return judged;
      },
    };
  }

  async #each(guardrails: Guardrail[], ask: (guardrail: Guardrail) => Promise<GuardrailExecution> | GuardrailExecution): Promise<GuardrailExecution[]> {
    if (this.#options.parallelExecution) return Promise.all(guardrails.map(async (guardrail) => ask(guardrail)));
    const results: GuardrailExecution[] = [];
    for (const guardrail of guardrails) results.push(await ask(guardrail));
    return results;
  }

  /** Asks a guardrail of each reading: the worst of what it says. */
  async #askAll(guardrail: Guardrail, readings: string[], context: GuardrailContext): Promise<GuardrailExecution> {
    const first = await this.#askOne(guardrail, readings[0] ?? "", context);
    let worst = first;
    let executionTime = first.executionTime;
    for (const reading of readings.slice(1)) {
      if (isWorse(worst, undefined)) break;
      const next = await this.#askOne(guardrail, reading, context);
      executionTime += next.executionTime;
      if (isWorse(next, worst)) worst = next;
    }
    return { ...worst, executionTime };
  }

  async #askOne(guardrail: Guardrail, input: unknown, context: GuardrailContext): Promise<GuardrailExecution> {
    // It keeps its own time, and makes a result of its failure.
    if (guardrail instanceof JudgeGuardrail) return this.#attempt(guardrail, () => guardrail.evaluate(input, context));
    const controller = new AbortController();
    const { signal: outer } = context;
    const giveUp = (): void => controller.abort(outer?.reason);
    if (outer?.aborted === true) giveUp();
    outer?.addEventListener("abort", giveUp, { once: true });
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await this.#attempt(guardrail, () => {
        const late = new Promise<never>((_, reject) => {
          timer = setTimeout(() => {
            const error = new Error("Guardrail execution timeout");
            reject(error);
            controller.abort(error);
          }, guardrail.timeout ?? this.#options.timeout);
        });
        const asked = guardrail.evaluate(input, { ...context, signal: controller.signal });
        return Promise.race([asked, late]);
      });
    } finally {
      clearTimeout(timer);
      outer?.removeEventListener("abort", giveUp);
    }
  }

  /** What a guardrail says; where it can't, what its failure means. */
  async #attempt(guardrail: Guardrail, judge: () => Promise<GuardrailResult> | GuardrailResult): Promise<GuardrailExecution> {
    const started = performance.now();
    try {
      const result = await judge();
      if (typeof result?.passed !== "boolean") throw new TypeError("a guardrail must answer with a GuardrailResult");
      const failure = guardrail instanceof JudgeGuardrail && result.metadata["failure"] !== undefined && result.reason;
      return { guardrailName: guardrail.name, result, executionTime: performance.now() - started, ...(failure && { error: failure }) };
    } catch (error) {
      return this.#failed(guardrail, error, performance.now() - started);
    }
  }

  /** A guardrail's failure, by its own rule, else by the engine's. */
  #failed(guardrail: Guardrail, error: unknown, executionTime: number): GuardrailExecution {
    const { name: guardrailName, onFailure } = guardrail;
    if (onFailure === undefined && !this.#options.continueOnError && this.mode === "enforce") throw error;
    const message = error instanceof Error ? error.message : "a value that is no error was thrown";
    const failed = { guardrailName, executionTime, error: message };
    if (onFailure !== "allow") return failed;
    return { ...failed, result: new GuardrailResult({ passed: true, action: "allow", reason: message, metadata: { failure: "error" } }) };
  }
}

/** Whether a guardrail of the application's own is for where the input comes from; the built-in ones find that out themselves. */
function applies(guardrail: Guardrail, { stage }: GuardrailContext): boolean {
  if (stage === undefined || guardrail.stages === undefined || guardrail instanceof BuiltinGuardrail) return true;
  return guardrail.stages.includes(stage);
}

/** Whether the core may stand in for a guardrail: one that was subclassed with an `evaluate` of its own speaks for itself. */
function isBuiltin(guardrail: Guardrail): guardrail is BuiltinGuardrail {
  return guardrail instanceof BuiltinGuardrail && guardrail.evaluate === BuiltinGuardrail.prototype.evaluate;
}

/** The text that a guardrail of the application's own puts in the place of what it saw. */
function editedText(result: GuardrailResult): string | undefined {
  const key = { redact: "redactedText", mask: "maskedText", transform: "transformedText", allow: "", block: "" }[result.action];
  const text = key ? result.metadata?.[key] : undefined;
  return typeof text === "string" ? text : undefined;
}

/** What a guardrail is to be asked of several texts, where not all of them as one. */
function readingsFor(guardrail: Guardrail, texts: GuardText[], places: number[]): string[] | undefined {
  return guardrail instanceof JudgeGuardrail ? guardrail.readings(texts, places) : undefined;
}

/** Whether what a guardrail says is worse than what it has said before; without that, whether nothing is worse. */
function isWorse({ result }: GuardrailExecution, before: GuardrailExecution | undefined): boolean {
  const rank = (one: GuardrailResult | undefined): number => (one?.passed !== true ? 1_000 : (one.reason === undefined ? 0 : 500) + one.riskScore);
  return rank(result) > (before === undefined ? 999 : rank(before.result));
}

/** How many of which type were taken out, by guard and stage. What comes back to a vault's owner keeps what is tokenised. */
function redactionsOf(guards: GuardReport[], back = false): Redaction[] {
  const all: Redaction[] = [];
  const taking = ["redact", "mask", "transform", "hash", ...(back ? [] : ["tokenize", "surrogate"])];
  for (const { name, action, detections } of guards) {
    if (!taking.includes(action)) continue;
    for (const { type, stage } of detections) {
      const same = all.find((one) => one.guardrail === name && one.type === type && one.stage === stage);
      if (same !== undefined) same.count += 1;
      else all.push({ guardrail: name, stage, type, count: 1 });
    }
  }
  return all;
}
