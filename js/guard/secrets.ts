import { BuiltinGuardrail } from "./builtin.js";
import type { DetectorOptions } from "./guardrail.js";

/** What {@link SecretDetectionGuardrail} is made from. */
export type SecretDetectionOptions = DetectorOptions<"secret">;

/**
 * Finds keys, tokens and private keys by their issuers' forms, and keys and passwords by the names beside them. It redacts, at
 * every stage, unless the options say otherwise.
 */
export class SecretDetectionGuardrail extends BuiltinGuardrail {
  constructor(options: SecretDetectionOptions = {}) {
    super("secrets", options);
  }
}
