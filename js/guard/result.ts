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
    this.timestamp = new Date().toISOString();
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
