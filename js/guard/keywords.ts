import { BuiltinGuardrail } from "./builtin.js";
import type { DetectorOptions } from "./guardrail.js";

/** What {@link KeywordGuardrail} is made from. */
export interface KeywordOptions extends DetectorOptions<"keyword"> {
  /** Words and phrases, each up to 256 bytes. A space stands for any white space. */
  keywords: string[];
  /** `false` if left out. */
  caseSensitive?: boolean;
  /** `true` (if left out): only where no letter or digit stands beside. Scripts without spaces have no such places. */
  wholeWord?: boolean;
}

/**
 * Finds words and phrases of the application's own. It blocks, at every stage, unless the options say otherwise.
 *
 * @example
 * engine.registerGuardrail(new KeywordGuardrail({ keywords: ["project x"], action: "redact" }));
 */
export class KeywordGuardrail extends BuiltinGuardrail {
  constructor(options: KeywordOptions) {
    super("keywords", options);
  }
}
