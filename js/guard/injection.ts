import type { GuardAction, GuardStage } from "../types.js";
import { BuiltinGuardrail } from "./builtin.js";
import type { GuardrailConfig } from "./guardrail.js";

/** Families of prompt injection. */
export type InjectionType = "instructionInjection" | "rolePlaying" | "systemLeakage" | "jailbreak" | "encoding" | "delimiter";

/** What {@link PromptInjectionGuardrail} is made from. */
export interface PromptInjectionOptions extends GuardrailConfig {
  /** `block` if left out. */
  action?: GuardAction;
  /** Where it acts: input, tool results and retrieved text if left out. System prompts are never judged. */
  stages?: GuardStage[];
  /** `medium` if left out. */
  sensitivity?: "low" | "medium" | "high";
  /** Risks over the defaults. */
  riskScores?: Partial<Record<InjectionType, number>>;
}

/** Finds texts that try to override instructions. */
export class PromptInjectionGuardrail extends BuiltinGuardrail {
  constructor(options: PromptInjectionOptions = {}) {
    super("injection", options);
  }
}
