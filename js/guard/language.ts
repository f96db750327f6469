import { BuiltinGuardrail } from "./builtin.js";
import type { DetectorOptions } from "./guardrail.js";

/** What {@link LanguageGuardrail} is made from. */
export interface LanguageOptions extends DetectorOptions<"language"> {
  /** ISO 639-1 codes of the languages whose writing is allowed. */
  languages: string[];
  /** How many percent of the letters may be in other scripts; 20 if left out: a name, a quotation. */
  maxShare?: number;
}

/**
 * Finds texts in other scripts than those of the allowed languages. Languages that share a script are not told apart: with
 * `en`, French passes. It blocks, in input, unless the options say otherwise.
 *
 * @example
 * engine.registerGuardrail(new LanguageGuardrail({ languages: ["en", "ja"] }));
 */
export class LanguageGuardrail extends BuiltinGuardrail {
  constructor(options: LanguageOptions) {
    super("language", options);
  }
}
