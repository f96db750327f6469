import { BuiltinGuardrail } from "./builtin.js";
import type { DetectorOptions } from "./guardrail.js";

/** What {@link SystemPromptLeakGuardrail} is made from: canaries, a prompt, or both. */
export interface SystemPromptLeakOptions extends DetectorOptions<"systemPrompt"> {
  /** Words that were made up for the prompt: wherever one turns up, in any case, the prompt has come out. */
  canaries?: string[];
  /** The prompt. Its words are kept as hashes. */
  systemPrompt?: string;
  /** How many words of the prompt in a row are a finding, 5 to 64; 12 if left out. */
  minWords?: number;
}

/**
 * Finds the system prompt where it comes out again: words that mark it, or as many of its words in a row, however they are
 * set. It blocks, in output and tool calls, unless the options say otherwise.
 *
 * @example
 * engine.registerGuardrail(new SystemPromptLeakGuardrail({ systemPrompt, canaries: ["zx-41-quartz"] }));
 */
export class SystemPromptLeakGuardrail extends BuiltinGuardrail {
  constructor(options: SystemPromptLeakOptions) {
    super("leak", options);
  }
}
