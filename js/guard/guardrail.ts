import { ConfigurationError, ValidationError } from "../errors.js";
import type { GuardAction, GuardStage } from "../types.js";
import type { GuardText } from "./builtin.js";
import type { GuardrailResult } from "./result.js";
import type { Vault } from "./vault.js";

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
  /**
   * The key of `hash` and of `surrogate`, at least 16 characters: equal values give equal hashes, and without the key nobody can guess
   * them. Surrogates are made with the vault's own key if left out; with neither, `surrogate` is as `redact`.
   */
  hashKey?: string;
}

/** What a guardrail of one's own is made from. */
export interface OwnGuardrailConfig extends GuardrailConfig {
  /** Where it acts; everywhere if left out. */
  stages?: GuardStage[];
  /** Milliseconds that it may take; the engine's if left out. */
  timeout?: number;
  /** What its failure means (it throws, hangs, or answers what is no answer): that of the engine if left out. */
  onFailure?: "block" | "allow";
}

/** A call of a tool that an answer asks for. */
export interface GuardToolCall {
  name: string;
  /** As the model wrote them: JSON, if it did. */
  arguments: string;
}

/** What a guardrail is told beside the input. */
export interface GuardrailContext {
  /** Where the input comes from; `input` if left out. */
  stage?: GuardStage;
  /** Aborted when the guardrail has taken too long, or the call is given up. */
  signal?: AbortSignal;
  /** The calls of tools that an answer asks for, to a guardrail of the stage `tool_call`. */
  toolCalls?: GuardToolCall[];
  /** The vault of the conversation: what built-in guardrails tokenise is kept there. */
  vault?: Vault;
  [key: string]: unknown;
}

/** Which of the texts of a request or answer a guardrail judges: their places. For the engine. */
export const SELECT: unique symbol = Symbol("tollgate.guardrail.select");

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
  /** Where it acts; undefined: everywhere. */
  stages: GuardStage[] | undefined;
  /** Milliseconds that it may take; undefined: as the engine says. */
  timeout: number | undefined;
  /** What its failure means; undefined: as the engine says. */
  onFailure: "block" | "allow" | undefined;

  constructor(config: OwnGuardrailConfig = {}) {
    this.name = config.name ?? new.target.name;
    this.enabled = config.enabled ?? true;
    this.version = config.version ?? "1.0.0";
    this.description = config.description ?? "";
    checkOwn(config);
    this.stages = config.stages ?? undefined;
    this.timeout = config.timeout ?? undefined;
    this.onFailure = config.onFailure ?? undefined;
  }

  /** Judges an input: a text, or what holds one. */
  evaluate(_input: unknown, _context?: GuardrailContext): Promise<GuardrailResult> {
    return Promise.reject(missingEvaluate());
  }

  /** Changes what it was made from. */
  configure(partial: OwnGuardrailConfig): void {
    checkOwn(partial);
    for (const key of ["name", "enabled", "version", "description", "stages", "timeout", "onFailure"] as const) {
      if (partial[key] !== undefined) (this as unknown as Record<string, unknown>)[key] = partial[key];
    }
  }

  getMetadata(): { name: string; enabled: boolean; version: string; description: string } {
    const { name, enabled, version, description } = this;
    return { name, enabled, version, description };
  }

  /** @internal */
  [SELECT](texts: GuardText[]): number[] {
    const { stages } = this;
    return texts.flatMap(({ stage }, index) => (stages === undefined || stages.includes(stage) ? [index] : []));
  }
}

/** Refuses settings that can't work. */
function checkOwn({ stages, timeout, onFailure }: OwnGuardrailConfig): void {
  checkTimeout(timeout);
  checkOneOf("onFailure", onFailure, ["block", "allow"]);
  if (stages !== undefined && stages !== null && !Array.isArray(stages)) throw invalid(`cannot read stages: expected a list, found ${typeof stages}`);
  stages?.forEach((stage) => checkOneOf("each of stages", stage, STAGES));
}

/** The stages that there are. */
export const STAGES = ["input", "output", "tool_call", "tool_result", "retrieved"] as const;

/** Refuses a setting that is none of the known ones. */
export function checkOneOf<T extends string>(what: string, found: T | undefined | null, known: readonly T[]): T | undefined {
  if (found === undefined || found === null) return undefined;
  if (known.includes(found)) return found;
  throw invalid(`cannot read ${what}: expected one of ${known.join(", ")}, found ${typeof found === "string" ? "another" : typeof found}`);
}

/** Refuses a time that no timer takes. */
export function checkTimeout(ms: unknown): number | undefined {
  if (ms === undefined || ms === null) return undefined;
  if (typeof ms === "number" && ms > 0 && ms <= 2_147_483_647) return ms;
  throw invalid(`cannot read timeout: expected milliseconds from 1 to 2147483647, found ${typeof ms === "number" ? ms : typeof ms}`);
}

/** The error of an option that is wrong. */
export function invalid(message: string): ConfigurationError {
  return new ConfigurationError({ code: "invalid_config", message });
}

/** The error of a guardrail that can't judge. */
export function missingEvaluate(): ValidationError {
  return new ValidationError({ message: "Guardrail must implement evaluate() method" });
}
