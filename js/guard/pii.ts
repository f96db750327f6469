import type { GuardAction, GuardStage } from "../types.js";
import { BuiltinGuardrail } from "./builtin.js";
import type { GuardrailConfig } from "./guardrail.js";

/** What of personal data is looked for. */
export type PIIType =
;

/** What {@link PIIDetectionGuardrail} is made from. */
export interface PIIDetectionOptions extends GuardrailConfig {
  /** `block` if left out. */
  action?: GuardAction;
  /** Where it acts; everywhere if left out. */
  stages?: GuardStage[];
  /** All if left out. */
  detectTypes?: PIIType[];
  /** Risks over the defaults: email 30, phone 40, ssn 90, creditCard 95. */
  riskScores?: Partial<Record<PIIType, number>>;
}

/** Finds e-mail addresses, phone numbers, US social security numbers and payment cards. */
export class PIIDetectionGuardrail extends BuiltinGuardrail {
  constructor(options: PIIDetectionOptions = {}) {
    super("pii", options);
  }
}
