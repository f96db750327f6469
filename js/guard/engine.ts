/** The guardrail engine: runs guardrails, and puts together what they say. */
import { Held, type Core } from "../core.js";
import { ConfigurationError } from "../errors.js";
import { checkKeys } from "../options.js";
import type { GuardStage, Redaction, ScanResult } from "../types.js";
import { BuiltinGuardrail, CONFIG, resultOf, type BuiltinConfig, type CoreScanner, type GuardReport, type GuardText, type Reports } from "./builtin.js";
import { missingEvaluate, type Guardrail, type GuardrailContext } from "./guardrail.js";
import { now, type GuardrailResult } from "./result.js";

/** What {@link GuardrailEngine} is made from. */
export interface GuardrailEngineOptions {
  /** `true` if left out. */
  parallelExecution?: boolean;
  /** `true` (if left out): a guardrail that throws counts as one that blocks. `false`: its error comes through. */
  continueOnError?: boolean;
  /** Milliseconds for each guardrail; 5,000 if left out. */
  timeout?: number;
}

/** What one guardrail did. */
export interface GuardrailExecution {
  guardrailName: string;
  result?: GuardrailResult;
  /** Milliseconds. */
  executionTime: number;
  error?: string;
}

/** What all guardrails say together. */
export class GuardrailEngineResult {
  readonly passed: boolean;
  readonly results: GuardrailExecution[];
  readonly executionTime: number;
  readonly guardrailsExecuted: number;
  readonly maxRiskScore: number;
  readonly failedGuardrails: string[];
  readonly timestamp: string;

  constructor(results: GuardrailExecution[], executionTime: number) {
    const failed = results.filter(({ result }) => result === undefined || !result.passed);
    this.passed = failed.length === 0;
    this.results = results;
    this.executionTime = executionTime;
    this.guardrailsExecuted = results.length;
    // A guardrail that could not judge is a risk of 100: nobody knows what it would have seen.
    this.maxRiskScore = results.reduce((most, { result }) => Math.max(most, result?.riskScore ?? 100), 0);
    this.failedGuardrails = failed.map(({ guardrailName }) => guardrailName);
    this.timestamp = now();
  }

  allPassed(): boolean {
    return this.passed;
  }

  getFailedGuardrails(): string[] {
    return [...this.failedGuardrails];
  }

  getMaxRiskScore(): number {
    return this.maxRiskScore;
  }

  getSummary(): {
    passed: boolean;
    guardrailsExecuted: number;
    failedCount: number;
    failedGuardrails: string[];
    maxRiskScore: number;
    executionTime: number;
  } {
    const { passed, guardrailsExecuted, failedGuardrails, maxRiskScore, executionTime } = this;
    return { passed, guardrailsExecuted, failedCount: failedGuardrails.length, failedGuardrails: [...failedGuardrails], maxRiskScore, executionTime };
  }
}

/** A text that comes in pieces, under an engine's built-in guardrails. */
export interface GuardedStream {
  /** Takes a piece, gives what may leave. */
  push(text: string): string;
  /** No more comes: gives what was held. */
  end(): string;
  /** What was found so far. */
  readonly result: ScanResult;
}

/** Runs the guardrails over the texts of a request or answer: for the clients. */
export const RUN: unique symbol = Symbol("tollgate.engine.run");
/** Hands out the scanner of the built-in guardrails, if there are any: for the clients' streams. */
export const SCANNER: unique symbol = Symbol("tollgate.engine.scanner");
/** Whether a guardrail of the application's own has to see a stream whole. */
export const JUDGES: unique symbol = Symbol("tollgate.engine.judges");
/** The result of a stream that the core has scanned. */
export const REPORT: unique symbol = Symbol("tollgate.engine.report");

/**
 * The texts of a request or answer, for {@link RUN}.
 *
 * @internal
 */
export interface EngineSource {
  /** Has them scanned: {@link Reports} as JSON text. */
  scan: (scanner: CoreScanner) => string;
  /** The texts themselves, for guardrails of the application's own. */
  texts: () => GuardText[];
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

const OPTIONS = ["parallelExecution", "continueOnError", "timeout"];
const SCAN_OPTIONS = ["stage", "guardrails"];

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
    const { parallelExecution, continueOnError, timeout } = options;
    this.#options = { parallelExecution: parallelExecution ?? true, continueOnError: continueOnError ?? true, timeout: timeout ?? 5_000 };
    const ms: unknown = this.#options.timeout;
    if (typeof ms !== "number" || !(ms > 0) || ms > 2_147_483_647) {
      throw new ConfigurationError({
        code: "invalid_config",
        message: `cannot read timeout: expected milliseconds from 1 to 2147483647, found ${typeof ms === "number" ? ms : typeof ms}`,
      });
    }
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

  /** Asks every enabled guardrail. With none it passes. */
  async execute(input: unknown, context: GuardrailContext = {}): Promise<GuardrailEngineResult> {
    const started = performance.now();
    const results = await this.#ask(this.#enabled(), input, context);
    return new GuardrailEngineResult(results, performance.now() - started);
  }

  /** Scans a text with the built-in guardrails in one pass. With none registered it passes. */
  scan(text: string, options: { stage?: GuardStage; guardrails?: string[] } = {}): ScanResult {
    checkKeys("scan options", options, SCAN_OPTIONS);
    return this.#scannerOf(options.guardrails).use((scanner) => scanner.scan(text, options.stage ?? "input")) as ScanResult;
  }

  /** Scans a text that comes in pieces, with the built-in guardrails. */
  stream(options: { stage?: GuardStage; guardrails?: string[] } = {}): GuardedStream {
    checkKeys("stream options", options, SCAN_OPTIONS);
    const scanner = this.#scannerOf(options.guardrails);
    const held = new Held("stateful", (core: Core) => scanner.use((made) => new core.TextScan(made, options.stage ?? "output")));
    // Made now, so that what is wrong with the options is thrown here.
    held.use(() => undefined);
    // Half of a surrogate pair waits for the other half: alone it would cross as another character.
    let half = "";
    return {
      push: (text) => {
        const whole = half + text;
        half = HIGH_SURROGATE.exec(whole)?.[0] ?? "";
        return held.use((scan) => scan.push(whole.slice(0, whole.length - half.length)));
      },
      end: () => {
        const last = half;
        half = "";
        return held.use((scan) => scan.push(last) + scan.end());
      },
      get result() {
        return held.use((scan) => scan.result()) as ScanResult;
      },
    };
  }

  /** @internal */
  async [RUN](source: EngineSource, context: GuardrailContext): Promise<EngineRun> {
    const started = performance.now();
    const reports: Reports =
      this.#builtins().length === 0 ? { guards: [], texts: [] } : (JSON.parse(this.#scannerOf().use((scanner) => source.scan(scanner))) as Reports);
    const scanned = performance.now() - started;
    // Without the text after one guard alone: what another takes out would still be in it.
    const results: GuardrailExecution[] = reports.guards.map(({ edited: _, ...report }) => ({
      guardrailName: report.name,
      result: resultOf(report),
      executionTime: scanned,
    }));
    const redactions = redactionsOf(reports.guards);
    const changed = reports.texts.map((text) => text ?? undefined);
    const own = this.#own();
    if (own.length > 0) await this.#judge(own, source.texts(), context, changed, results, redactions);
    return { result: new GuardrailEngineResult(results, performance.now() - started), texts: changed, redactions };
  }

  /** Asks the application's own guardrails. They see what the built-in ones left: what was redacted is nobody else's to see. */
  async #judge(
    own: Guardrail[],
    texts: GuardText[],
    context: GuardrailContext,
    changed: (string | undefined)[],
    results: GuardrailExecution[],
    redactions: Redaction[],
  ): Promise<void> {
    const left = (): string[] => texts.map(({ text }, index) => changed[index] ?? text);
    const asked = await this.#ask(own, left().join("\n"), context);
    const known = redactions.length;
    results.push(...asked);
    for (const [index, execution] of asked.entries()) {
      const guardrail = own[index]!;
      const { result } = execution;
      if (result === undefined || !result.passed || editedText(result) === undefined) continue;
      // It changes texts, and was shown all of them as one: it is asked again, for each.
      for (const [place, text] of left().entries()) {
        // What it said of the whole still holds where there is one text, and nobody has changed it since.
        const same = texts.length === 1 && redactions.length === known;
        const [again] = same ? [execution] : await this.#ask([guardrail], text, context);
        if (again?.result === undefined || !again.result.passed) {
          // It would have taken something out, and can't say what: nothing may pass.
          results.push({ ...again!, guardrailName: guardrail.name });
          continue;
        }
        const edited = editedText(again.result);
        if (edited === undefined || edited === text) continue;
        changed[place] = edited;
        redactions.push({ guardrail: guardrail.name, stage: texts[place]!.stage, type: result.action, count: 1 });
      }
    }
  }

  /** @internal */
  [SCANNER](use: (scanner: CoreScanner) => void): void {
    if (this.#builtins().length > 0) this.#scannerOf().use(use);
  }

  /** @internal */
  [JUDGES](): boolean {
    return this.#own().length > 0;
  }

  /** @internal */
  [REPORT](guards: GuardReport[], own?: GuardrailEngineResult): { result: GuardrailEngineResult; redactions: Redaction[] } {
    const results: GuardrailExecution[] = guards.map((report) => ({ guardrailName: report.name, result: resultOf(report), executionTime: 0 }));
    const others = (own?.results ?? []).filter(({ guardrailName }) => !guards.some(({ name }) => name === guardrailName));
    return { result: new GuardrailEngineResult([...results, ...others], own?.executionTime ?? 0), redactions: redactionsOf(guards) };
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

  /** The scanner of the enabled built-in guardrails, or of those of them that are named. Kept while they stay the same. */
  #scannerOf(names?: string[]): Held<CoreScanner> {
    const unknown = names?.some((name) => !(this.#guardrails.get(name) instanceof BuiltinGuardrail));
    if (unknown) {
      const known = [...this.#guardrails.values()].filter((one) => one instanceof BuiltinGuardrail).map(({ name }) => name);
      throw new ConfigurationError({
        code: "invalid_config",
        message: `cannot read guardrails: expected names of registered built-in guardrails (${known.join(", ") || "none"}), found another`,
      });
    }
    const configs = this.#builtins()
      .filter(({ name }) => names === undefined || names.includes(name))
      .map((guardrail) => guardrail[CONFIG]());
    const known = this.#scanner;
    if (known !== undefined && known.of.length === configs.length && known.of.every((config, index) => config === configs[index])) return known.held;
    known?.held.free();
    const held = new Held("rebuildable", (core) => new core.Scanner(configs));
    this.#scanner = { of: configs, held };
    return held;
  }

  async #ask(guardrails: Guardrail[], input: unknown, context: GuardrailContext): Promise<GuardrailExecution[]> {
    if (this.#options.parallelExecution) return Promise.all(guardrails.map((guardrail) => this.#askOne(guardrail, input, context)));
    const results: GuardrailExecution[] = [];
    for (const guardrail of guardrails) results.push(await this.#askOne(guardrail, input, context));
    return results;
  }

  async #askOne(guardrail: Guardrail, input: unknown, context: GuardrailContext): Promise<GuardrailExecution> {
    const started = performance.now();
    const guardrailName = guardrail.name;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error("Guardrail execution timeout")), this.#options.timeout);
      });
      const result = await Promise.race([guardrail.evaluate(input, context), late]);
      if (typeof result?.passed !== "boolean") throw new TypeError("a guardrail must answer with a GuardrailResult");
      return { guardrailName, result, executionTime: performance.now() - started };
    } catch (error) {
      if (!this.#options.continueOnError) throw error;
      const message = error instanceof Error ? error.message : "a value that is no error was thrown";
      return { guardrailName, executionTime: performance.now() - started, error: message };
    } finally {
      clearTimeout(timer);
    }
  }
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

/** How many of which type were taken out, by guard and stage. */
function redactionsOf(guards: GuardReport[]): Redaction[] {
  const all: Redaction[] = [];
  for (const { name, action, detections } of guards) {
    if (!["redact", "mask", "transform", "hash"].includes(action)) continue;
    for (const { type, stage } of detections) {
      const same = all.find((one) => one.guardrail === name && one.type === type && one.stage === stage);
      if (same !== undefined) same.count += 1;
      else all.push({ guardrail: name, stage, type, count: 1 });
    }
  }
  return all;
}
