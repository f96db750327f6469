import { ValidationError } from "../errors.js";
import type { GuardStage } from "../types.js";
import type { GuardrailResult } from "./result.js";

/** What every guardrail is made from. */
export interface GuardrailConfig {
  name?: string;
  /** `false`: it is passed over. */
  enabled?: boolean;
  version?: string;
  description?: string;
}

/** What a guardrail is told beside the input. */
export interface GuardrailContext {
  /** Where the input comes from; `input` if left out. */
  stage?: GuardStage;
  [key: string]: unknown;
}

/**
 * A guardrail of one's own: subclass it.
 *
 * @example
 * class NoShouting extends Guardrail {
 *   async evaluate(input) {
 *     const loud = typeof input === "string" && input === input.toUpperCase();
 *     return new GuardrailResult({ passed: !loud, action: loud ? "block" : "allow" });
 *   }
 * }
 */
export class Guardrail {
  name: string;
  enabled: boolean;
  version: string;
  description: string;

  constructor(config: GuardrailConfig = {}) {
    this.name = config.name ?? new.target.name;
    this.enabled = config.enabled ?? true;
    this.version = config.version ?? "1.0.0";
    this.description = config.description ?? "";
  }

  /** Judges an input: a text, or what holds one. */
  evaluate(_input: unknown, _context?: GuardrailContext): Promise<GuardrailResult> {
    return Promise.reject(missingEvaluate());
  }

  /** Changes what it was made from. */
  configure(partial: GuardrailConfig): void {
    for (const key of ["name", "enabled", "version", "description"] as const) {
      if (partial[key] !== undefined) (this as unknown as Record<string, unknown>)[key] = partial[key];
    }
  }

  getMetadata(): { name: string; enabled: boolean; version: string; description: string } {
    const { name, enabled, version, description } = this;
    return { name, enabled, version, description };
  }
}

/** The error of a guardrail that can't judge. */
export function missingEvaluate(): ValidationError {
  return new ValidationError({ message: "Guardrail must implement evaluate() method" });
}
