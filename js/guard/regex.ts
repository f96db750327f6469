import { BuiltinGuardrail } from "./builtin.js";
import { invalid, type DetectorOptions } from "./guardrail.js";

/** A pattern: its text, a `RegExp`, or a text with flags (`i`, `m`, `s`; `d`, `g` and `u` change nothing). */
export type RegexPattern = string | RegExp | { pattern: string; flags?: string };

/** What {@link RegexGuardrail} is made from. */
export interface RegexOptions extends DetectorOptions<"pattern"> {
  /** Patterns to look for, at most 32. A finding's rule says which: `pattern-1`, `pattern-2`, ... */
  patterns: RegexPattern[];
}

/**
 * Finds what patterns of the application's own match, in linear time whatever the patterns are. It blocks, at every stage, unless the options
 * say otherwise. The syntax is that of `RegExp` with the flag `u`, without back-references and look-around.
 *
 * @throws {ConfigurationError} for a pattern that can't be had, with the place in it
 * @example
 * engine.registerGuardrail(new RegexGuardrail({ patterns: [/\bACME-\d{6}\b/], action: "redact" }));
 */
export class RegexGuardrail extends BuiltinGuardrail {
  constructor(options: RegexOptions) {
    super("regex", plain(options));
  }

  override configure(partial: Partial<RegexOptions>): void {
    super.configure(plain(partial));
  }
}

/** The options with every pattern as text. */
function plain<Options extends Partial<RegexOptions>>(options: Options): Options {
  if (!Array.isArray(options?.patterns)) return options;
  const patterns = options.patterns.map((one) => {
    if (one instanceof RegExp) return { pattern: one.source, flags: one.flags };
    if (typeof one !== "string" && (typeof one !== "object" || one === null)) {
      throw invalid(`cannot read regex options: expected each of patterns to be a text or a RegExp, found ${one === null ? "null" : typeof one}`);
    }
    return one;
  });
  return { ...options, patterns };
}
