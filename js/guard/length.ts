import type { GuardAction } from "../types.js";
import { BuiltinGuardrail } from "./builtin.js";
import type { DetectorOptions } from "./guardrail.js";

/** What {@link LengthGuardrail} is made from; at least one limit. */
export interface LengthOptions extends DetectorOptions<"length"> {
  /** The most characters (Unicode code points). */
  maxCharacters?: number;
  /** The fewest. With it, a stream is held to its end. */
  minCharacters?: number;
  /** The most words; where words are not divided, each sign is one. */
  maxWords?: number;
  /** The most lines. */
  maxLines?: number;
  /** The most tokens. Counted exactly where the vocabulary of `model` is registered, else by the estimate rounded up (`high`). A stream is held to its end. */
  maxTokens?: number;
  /** Whose tokens: `gpt-5`. Without it they are estimated so that there is room for all models. */
  model?: string;
  /** `block` if left out; a length can't be taken out of a text. */
  action?: Extract<GuardAction, "block" | "warn" | "allow">;
}

/** Finds texts that are too long or too short, each by itself. It blocks, in input, unless the options say otherwise. */
export class LengthGuardrail extends BuiltinGuardrail {
  constructor(options: LengthOptions) {
    super("length", options);
  }
}
