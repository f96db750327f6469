import type { GuardrailResultAction } from "../types.js";

/** What a {@link GuardrailResult} is made from. */
export interface GuardrailResultData {
  passed: boolean;
  action: GuardrailResultAction;
  reason?: string;
  metadata?: Record<string, unknown>;
  /** 0 to 100. */
  riskScore?: number;
}

/** The last moment that was asked for, and how it is written: guardrails answer by the handful. */
let moment = { ms: NaN, text: "" };

/** The moment, in RFC 3339. */
export function now(): string {
  const date = new Date();
  const ms = date.getTime();
  if (ms !== moment.ms) moment = { ms, text: date.toISOString() };
  return moment.text;
}

/** What a guardrail says of an input. */
export class GuardrailResult {
  readonly passed: boolean;
  readonly action: GuardrailResultAction;
  readonly reason?: string;
  readonly metadata: Record<string, unknown>;
  readonly riskScore: number;
  readonly timestamp: string;

  constructor(data: GuardrailResultData) {
    this.passed = data.passed;
    this.action = data.action;
    if (data.reason !== undefined) this.reason = data.reason;
    this.metadata = data.metadata ?? {};
    this.riskScore = data.riskScore ?? 0;
    this.timestamp = now();
  }

  isPassed(): boolean {
    return this.passed;
  }

  shouldBlock(): boolean {
    return this.action === "block";
  }

  getRiskScore(): number {
    return this.riskScore;
  }
}
