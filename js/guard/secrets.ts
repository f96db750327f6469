import { BuiltinGuardrail } from "./builtin.js";
import type { DetectorOptions } from "./guardrail.js";

/** What {@link SecretDetectionGuardrail} is made from. */
export type SecretDetectionOptions = DetectorOptions<"secret">;

/** Finds API keys, tokens and private keys by their providers' structure. It redacts, at every stage, unless the options say otherwise. */
export class SecretDetectionGuardrail extends BuiltinGuardrail {
  constructor(options: SecretDetectionOptions = {}) {
    super("secrets", options);
  }
}
