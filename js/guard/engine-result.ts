/** What an engine's guardrails say together. */
import { now, type GuardrailResult } from "./result.js";

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
  /** Whether it may go on; always, where the engine only monitors. */
  readonly passed: boolean;
  readonly results: GuardrailExecution[];
  readonly executionTime: number;
  readonly guardrailsExecuted: number;
  readonly maxRiskScore: number;
  /** Those that did not pass it, also where the engine only monitors. */
  readonly failedGuardrails: string[];
  readonly mode: "enforce" | "monitor";
  readonly timestamp: string;

  constructor(results: GuardrailExecution[], executionTime: number, mode: "enforce" | "monitor" = "enforce") {
    const failed = results.filter(({ result }) => result === undefined || !result.passed);
    this.passed = failed.length === 0 || mode === "monitor";
    this.mode = mode;
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

/** Two results of one answer, judged in parts, as one: of each guardrail the graver. */
export function mergeResults(first: GuardrailEngineResult, second: GuardrailEngineResult): GuardrailEngineResult {
  const grave = ({ result }: GuardrailExecution): number => (result === undefined || !result.passed ? 1_000 : 0) + (result?.riskScore ?? 100);
  const all = [...first.results];
  for (const execution of second.results) {
    const at = all.findIndex(({ guardrailName }) => guardrailName === execution.guardrailName);
    if (at < 0) all.push(execution);
    else if (grave(execution) > grave(all[at]!)) all[at] = execution;
  }
  return new GuardrailEngineResult(all, first.executionTime + second.executionTime, second.mode);
}
