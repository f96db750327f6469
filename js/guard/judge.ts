/** Guardrails that ask somebody else: what comes of an answer that is late, or none. */
import type { BuiltinConfig, GuardText } from "./builtin.js";
import { Guardrail, type GuardrailContext, type OwnGuardrailConfig } from "./guardrail.js";
import { GuardrailResult } from "./result.js";
import { textOf } from "./text.js";

/** How a judge failed. */
export type JudgeFailureKind = "timeout" | "aborted" | "error" | "invalid";

/** A judge's failure, with what is known of it all the same. */
export class JudgeFailure extends Error {
  readonly kind: JudgeFailureKind;
  readonly facts: Record<string, unknown>;

  constructor(kind: JudgeFailureKind, message: string, facts: Record<string, unknown> = {}) {
    super(message);
    this.kind = kind;
    this.facts = facts;
  }
}

/**
 * A guardrail that asks a function or a model. Its failure is a finding by its own rule: `block` (the default) blocks with risk 100,
 * `allow` passes, and both say so in `metadata.failure`.
 */
export abstract class JudgeGuardrail extends Guardrail {
  /** A stream waits for it: it is asked once a choice of the answer is whole. */
  readonly streaming = "buffered" as const;

  constructor(config: OwnGuardrailConfig, timeout: number) {
    super({ ...config, timeout: config.timeout ?? timeout, onFailure: config.onFailure ?? "block" });
  }

  override async evaluate(input: unknown, context: GuardrailContext = {}): Promise<GuardrailResult> {
    if (context.stage !== undefined && this.stages !== undefined && !this.covers(context)) return new GuardrailResult({ passed: true, action: "allow" });
    const controller = new AbortController();
    const outer = context.signal;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let giveUp: (() => void) | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        const end = (kind: "timeout" | "aborted", message: string, reason: unknown): void => {
          reject(new JudgeFailure(kind, message));
          controller.abort(reason);
        };
        giveUp = () => end("aborted", "the call was given up", outer?.reason);
        if (outer?.aborted === true) giveUp();
        outer?.addEventListener("abort", giveUp, { once: true });
        const message = "Guardrail execution timeout";
        timer = setTimeout(() => end("timeout", message, new Error(message)), this.timeout);
      });
      const asked = controller.signal.aborted ? late : this.ask(textOf(input), { ...context, signal: controller.signal });
      // It may still be rejected when nobody waits any more.
      asked.catch(() => undefined);
      return await Promise.race([asked, late]);
    } catch (error) {
      return this.#failed(error);
    } finally {
      clearTimeout(timer);
      if (giveUp !== undefined) outer?.removeEventListener("abort", giveUp);
    }
  }

  /** What the core's scanner does of it, where it needs nobody to be asked: for scans and their streams. The same object as long as nothing changes.
   * @internal */
  scanned(): BuiltinConfig | undefined {
    return undefined;
  }

  /** What it is to be asked of several texts, of which it is to judge those at some places; undefined: all of them as one.
   * @internal */
  readings(_texts: GuardText[], _places: number[]): string[] | undefined {
    return undefined;
  }

  /** Asks. What it rejects with is a failure. */
  protected abstract ask(text: string, context: GuardrailContext & { signal: AbortSignal }): Promise<GuardrailResult>;

  /** Whether the stage that it is asked at is one of its own: a request holds results of tools, an answer calls of them. */
  protected covers({ stage }: GuardrailContext): boolean {
    const within = { input: ["input", "tool_call", "tool_result", "retrieved"], output: ["output", "tool_call"] } as Record<string, string[]>;
    const own = this.stages!;
    return own.includes(stage!) || (within[stage!] ?? []).some((inner) => (own as string[]).includes(inner));
  }

  #failed(error: unknown): GuardrailResult {
    const failure = error instanceof JudgeFailure ? error : new JudgeFailure("error", nameOf(error));
    const open = this.onFailure === "allow";
    return new GuardrailResult({
      passed: open,
      action: open ? "allow" : "block",
      reason: `${this.name} could not judge: ${failure.message}`,
      riskScore: open ? 0 : 100,
      metadata: { ...failure.facts, failure: failure.kind },
    });
  }
}

/** The name of an error, without what it says: messages of applications and providers may hold anything. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "a value that is no error was thrown";
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^[\w-]{1,40}$/.test(code) ? `${error.name} ${code}` : error.name;
}
