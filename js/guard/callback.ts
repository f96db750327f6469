import { checkKeys } from "../options.js";
import type { GuardrailResultAction } from "../types.js";
import { invalid, type GuardrailContext, type OwnGuardrailConfig } from "./guardrail.js";
import { JudgeFailure, JudgeGuardrail } from "./judge.js";
import { GuardrailResult } from "./result.js";

/** What a {@link CallbackGuardrail}'s function may answer with, beside a boolean and a {@link GuardrailResult}. */
export interface CallbackAnswer {
  passed: boolean;
  /** `block` where it did not pass; where it did, `allow`, or `transform` with a `text`. */
  action?: GuardrailResultAction;
  /** What stands in the place of the text, with `redact`, `mask` or `transform`. */
  text?: string;
  reason?: string;
  /** 0 to 100; 100 where it did not pass, if left out. */
  riskScore?: number;
  metadata?: Record<string, unknown>;
}

/** What a {@link CallbackGuardrail} is made from. */
export interface CallbackOptions extends OwnGuardrailConfig {
  /**
   * Judges a text: `true` where it passes. `context.stage` says where it comes from; `context.signal` is aborted when the time is up.
   */
  callback: (
    text: string,
    context: GuardrailContext & { signal: AbortSignal },
  ) => boolean | CallbackAnswer | GuardrailResult | Promise<boolean | CallbackAnswer | GuardrailResult>;
  /** 5,000 ms if left out. */
  timeout?: number;
  /** `block` if left out. */
  onFailure?: "block" | "allow";
}

const KEYS = ["name", "enabled", "version", "description", "stages", "timeout", "onFailure", "callback"];
const ANSWER_KEYS = ["passed", "action", "text", "reason", "riskScore", "metadata"];
const ACTIONS = ["allow", "block", "redact", "mask", "transform"];
/** Under which key the engine looks for a text. */
const EDITED: Record<string, string> = { redact: "redactedText", mask: "maskedText", transform: "transformedText" };

/**
 * A guardrail that is a function. One that throws, takes longer than `timeout`, or answers anything else than an answer has failed:
 * that blocks, unless `onFailure` is `allow`.
 *
 * @example
 * new CallbackGuardrail({ name: "tenant", callback: async (text, { signal }) => (await ask(text, signal)).ok });
 */
export class CallbackGuardrail extends JudgeGuardrail {
  #callback: CallbackOptions["callback"];

  constructor(options: CallbackOptions) {
    checkKeys("callback guardrail options", options ?? {}, KEYS);
    super({ ...options, name: options?.name ?? "Callback" }, 5_000);
    this.#callback = checked(options?.callback);
  }

  override configure(partial: Partial<CallbackOptions>): void {
    checkKeys("callback guardrail options", partial, KEYS);
    const callback = partial.callback === undefined ? this.#callback : checked(partial.callback);
    super.configure(partial);
    this.#callback = callback;
  }

  protected override async ask(text: string, context: GuardrailContext & { signal: AbortSignal }): Promise<GuardrailResult> {
    return resultOf(await this.#callback(text, context));
  }
}

function checked(callback: unknown): CallbackOptions["callback"] {
  if (typeof callback === "function") return callback as CallbackOptions["callback"];
  throw invalid(`cannot read callback guardrail options: expected callback to be a function, found ${callback === null ? "null" : typeof callback}`);
}

/** Reads an answer; throws for what is none. */
function resultOf(answer: unknown): GuardrailResult {
  if (typeof answer === "boolean") return new GuardrailResult({ passed: answer, action: answer ? "allow" : "block", riskScore: answer ? 0 : 100 });
  if (typeof answer !== "object" || answer === null) throw rubbish(answer === null ? "null" : typeof answer);
  if (answer instanceof GuardrailResult) {
    if (typeof answer.passed !== "boolean" || !ACTIONS.includes(answer.action)) throw rubbish("a GuardrailResult without one");
    return answer;
  }
  const { passed, action, text, reason, riskScore, metadata } = answer as Partial<CallbackAnswer>;
  const unknown = Object.keys(answer).some((key) => !ANSWER_KEYS.includes(key));
  if (typeof passed !== "boolean" || unknown) throw rubbish("another object");
  const known = action ?? (passed ? (text === undefined ? "allow" : "transform") : "block");
  // A text is there where one is put in, and only there; what blocks has not passed, and the other way round.
  const fits =
    ACTIONS.includes(known) &&
    passed === (known !== "block") &&
    (text === undefined) === (EDITED[known] === undefined) &&
    (text === undefined || typeof text === "string") &&
    (reason === undefined || typeof reason === "string") &&
    (metadata === undefined || (typeof metadata === "object" && metadata !== null)) &&
    (riskScore === undefined || (typeof riskScore === "number" && riskScore >= 0 && riskScore <= 100));
  if (!fits) throw rubbish("an object that contradicts itself");
  const key = EDITED[known];
  return new GuardrailResult({
    passed,
    action: known,
    ...(reason !== undefined && { reason }),
    riskScore: riskScore ?? (passed ? 0 : 100),
    metadata: { ...metadata, ...(key !== undefined && { [key]: text }) },
  });
}

function rubbish(found: string): JudgeFailure {
  return new JudgeFailure("invalid", `expected a boolean, { passed, ... } or a GuardrailResult, found ${found}`);
}
