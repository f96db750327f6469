/** Guardrails of the core that judge a whole text, or whole calls of tools, at once. */
import { checkKeys } from "../options.js";
import type { Finding, GuardStage } from "../types.js";
import type { GuardText } from "./builtin.js";
import { Guardrail, checkOneOf, invalid, type GuardToolCall, type GuardrailConfig, type GuardrailContext } from "./guardrail.js";
import { GuardrailResult } from "./result.js";

/** What a request says, or an answer. */
export interface GuardTexts {
  texts: GuardText[];
  /** The calls of tools that an answer asks for. */
  calls: GuardToolCall[];
}

/** What the guardrails of this kind have in common. */
export interface RuleOptions extends GuardrailConfig {
  /** `block` if left out; `warn` only reports. */
  action?: "block" | "warn";
  stages?: GuardStage[];
  /** The risk of a finding, 0 to 100. */
  riskScore?: number;
}

export const RULE_KEYS = ["name", "enabled", "version", "description", "action", "stages", "riskScore"];

/** Judges what a request says, or an answer. For the engine. */
export const JUDGE: unique symbol = Symbol("tollgate.guardrail.judge");
/** Judges one text, for a scan. */
export const FIND: unique symbol = Symbol("tollgate.guardrail.find");

/** A guardrail of the core that judges a whole. It asks nobody, so it can't be late. */
export abstract class RuleGuardrail extends Guardrail {
  /** A stream waits for it: a whole is judged. */
  readonly streaming = "buffered" as const;
  action: "block" | "warn" = "block";
  protected riskScore: number;

  constructor(what: string, options: RuleOptions, keys: string[], defaults: { name: string; stages: GuardStage[]; riskScore: number }) {
    checkKeys(what, options, [...RULE_KEYS, ...keys]);
    super({ ...options, name: options.name ?? defaults.name, stages: options.stages ?? defaults.stages });
    this.riskScore = defaults.riskScore;
    this.#set(options);
  }

  /** Changes what it was made from, but for what it judges by: that is another guardrail. */
  override configure(partial: RuleOptions): void {
    checkKeys("options that can be changed", partial, RULE_KEYS);
    super.configure(partial);
    this.#set(partial);
  }

  #set({ action, riskScore }: RuleOptions): void {
    if (riskScore !== undefined && !(typeof riskScore === "number" && riskScore >= 0 && riskScore <= 100)) {
      throw invalid(`cannot read riskScore: expected a number from 0 to 100, found ${typeof riskScore === "number" ? riskScore : typeof riskScore}`);
    }
    this.action = checkOneOf("action", action, ["block", "warn"]) ?? this.action;
    this.riskScore = riskScore ?? this.riskScore;
  }

  abstract override evaluate(input: unknown, context?: GuardrailContext): Promise<GuardrailResult>;
  /** @internal */
  abstract [JUDGE](given: GuardTexts, stage: GuardStage): GuardrailResult;
  /** @internal */
  abstract [FIND](text: string, stage: GuardStage): Finding[];

  /** The result of what was found. */
  protected resultOf(found: number, reason: string, metadata: Record<string, unknown>): GuardrailResult {
    const block = found > 0 && this.action === "block";
    return new GuardrailResult({
      passed: !block,
      action: block ? "block" : "allow",
      ...(found > 0 && { reason: `${this.name} found ${reason}` }),
      riskScore: found > 0 ? this.riskScore : 0,
      metadata,
    });
  }
}
