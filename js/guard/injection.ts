import { BuiltinGuardrail } from "./builtin.js";
import type { DetectorOptions } from "./guardrail.js";

/** Families of prompt injection. */
export type InjectionType = "instructionInjection" | "rolePlaying" | "systemLeakage" | "jailbreak" | "encoding" | "delimiter";

/** What {@link PromptInjectionGuardrail} is made from. */
export interface PromptInjectionOptions extends DetectorOptions<InjectionType> {
  /** `medium` if left out. */
  sensitivity?: "low" | "medium" | "high";
}

/**
 * Finds texts that try to override instructions. It blocks, in input, tool results and retrieved text, unless the options
 * say otherwise. System prompts are never judged.
 */
export class PromptInjectionGuardrail extends BuiltinGuardrail {
  constructor(options: PromptInjectionOptions = {}) {
    super("injection", options);
  }
}
