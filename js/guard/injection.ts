import table from "../data/ngrams.js";
import { BuiltinGuardrail } from "./builtin.js";
import type { DetectorOptions } from "./guardrail.js";

/** Families of prompt injection. */
export type InjectionType = "instructionInjection" | "rolePlaying" | "systemLeakage" | "jailbreak" | "encoding" | "delimiter";

/** What {@link PromptInjectionGuardrail} is made from. */
export interface PromptInjectionOptions extends DetectorOptions<InjectionType> {
  /** `medium` if left out. */
  sensitivity?: "low" | "medium" | "high";
  /**
   * Whether a table of weights for words in a row is asked beside the grammar: `true` if left out. It finds what has no phrase of
   * the grammar in it, and is wrong a little more often.
   */
  ngrams?: boolean;
}

/**
 * Finds texts that try to override instructions. It blocks, in input, tool results and retrieved text, unless the options
 * say otherwise. System prompts are never judged.
 */
export class PromptInjectionGuardrail extends BuiltinGuardrail {
  constructor(options: PromptInjectionOptions = {}) {
    super("injection", options, table);
  }
}
