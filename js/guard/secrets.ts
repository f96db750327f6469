import type { GuardAction, GuardStage } from "../types.js";
import { BuiltinGuardrail } from "./builtin.js";
import type { GuardrailConfig } from "./guardrail.js";

/** What {@link SecretDetectionGuardrail} is made from. */
export interface SecretDetectionOptions extends GuardrailConfig {
  /** `redact` if left out. */
  action?: GuardAction;
  /** Where it acts; everywhere if left out. */
  stages?: GuardStage[];
  /** The risk over the default. */
  riskScores?: { secret?: number };
}

/** Finds API keys, tokens and private keys by their providers' structure. */
export class SecretDetectionGuardrail extends BuiltinGuardrail {
  constructor(options: SecretDetectionOptions = {}) {
    super("secrets", options);
  }
}
