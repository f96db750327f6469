import { ValidationError } from "../errors.js";
import type { GuardAction, GuardStage } from "../types.js";
import type { GuardrailResult } from "./result.js";

/** What every guardrail is made from. */
export interface GuardrailConfig {
  name?: string;
  /** `false`: it is passed over. */
  enabled?: boolean;
  version?: string;
  description?: string;
}

/** What every guardrail of the library's own takes beside. `Type` names what it may find. */
export interface DetectorOptions<Type extends string> extends GuardrailConfig {
  /** What is done with a finding; each guardrail says what if left out. */
  action?: GuardAction;
  /** Actions that differ by type. They come before those by stage. */
  actions?: Partial<Record<Type, GuardAction>>;
  /** Actions that differ by stage. */
  stageActions?: Partial<Record<GuardStage, GuardAction>>;
  /** Where it acts; each guardrail says where if left out. */
  stages?: GuardStage[];
  /** Risks over the defaults, 0 to 100. */
  riskScores?: Partial<Record<Type, number>>;
  /** What is less sure than this is no finding: 0 (if left out) to 100, for all types or by type. */
  minConfidence?: number | Partial<Record<Type, number>>;
  /** Values that are no findings. Case does not matter; one may begin or end with `*`, which stands for anything. */
  allow?: string[];
  /** How many of the last letters and digits `mask` leaves, at most 4; of secrets it leaves none. */
  keepLast?: number;
  /** The key of `hash`, at least 16 characters: equal values give equal hashes, and without the key nobody can guess them. */
  hashKey?: string;
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
