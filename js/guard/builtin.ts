/** What the built-in guardrails have in common: options for a detector of the core. */
import { Held, run, type Core } from "../core.js";
import { offerVocabularies } from "../registry.js";
import type { Finding, GuardStage, GuardrailResultAction } from "../types.js";
import { Guardrail, type GuardrailConfig, type GuardrailContext } from "./guardrail.js";
import { GuardrailResult } from "./result.js";
import { textOf } from "./text.js";
import { coreOfVault } from "./vault.js";

/**
 * The scanner of the core.
 *
 * @internal
 */
export type CoreScanner = InstanceType<Core["Scanner"]>;

/** A finding in one of several texts. */
export interface Detection extends Finding {
  /** Which text, from 0. */
  segment: number;
  stage: GuardStage;
  /** Where it ends, if in another text than it begins in: then `end` is the end of that text. */
  until?: { segment: number; end: number };
}

/** What a guard of the core says of all texts. */
export interface GuardReport {
  name: string;
  passed: boolean;
  action: string;
  risk: number;
  detections: Detection[];
  /** The text after this guard alone, where there was one. */
  edited?: string;
}

/** What all guards of a scanner say. */
export interface Reports {
  guards: GuardReport[];
  texts: (string | null)[];
}

/** A text for the guardrails, and where it comes from. */
export interface GuardText {
  text: string;
  /** `system`, `user`, `assistant` or `tool`. */
  role: string;
  stage: GuardStage;
  /** Not the answer itself: a refusal, or what the model thought aloud. */
  aside?: boolean;
  /** How it stands to the text before it: the next message of the same role, or the next part of the same message. */
  seam?: "message" | "part";
}

/** A built-in guardrail's part of a scanner's configuration. */
export interface BuiltinConfig {
  kind: string;
  options: GuardrailConfig & { name: string };
  /** What the detector weighs, beside its rules. */
  table?: string;
  /** The same of a detector that has it packed. */
  bytes?: Uint8Array;
}

/** The options of a built-in guardrail, for a scanner over several. */
export const CONFIG: unique symbol = Symbol("tollgate.guardrail.config");

/** A guardrail whose detector is in the core. */
export abstract class BuiltinGuardrail extends Guardrail {
  /** `exact`: a stream's result is that of the whole text, and ordinary text does not wait. `buffered`: text waits to the end. */
  readonly streaming: "exact" | "windowed" | "buffered";
  readonly #kind: string;
  readonly #table: string | undefined;
  #options: GuardrailConfig;
  #config: BuiltinConfig | undefined;
  readonly #scanner: Held<CoreScanner>;

  constructor(kind: string, options: GuardrailConfig, table?: string) {
    const [name, streaming] = run((core) => core.checkGuardrail(kind, options)) as [string, "exact" | "windowed" | "buffered"];
    super({ ...options, name });
    this.#kind = kind;
    this.#table = table;
    this.#options = { ...options };
    this.streaming = streaming;
    this.#scanner = new Held("rebuildable", (core) => new core.Scanner([this[CONFIG]()]));
  }

  override async evaluate(input: unknown, context?: GuardrailContext): Promise<GuardrailResult> {
    offerVocabularies();
    const texts: GuardText[] = [{ text: textOf(input), role: "user", stage: context?.stage ?? "input" }];
    const { vault } = context ?? {};
    const scan = (scanner: CoreScanner): string =>
      vault === undefined ? scanner.scanAll(texts) : coreOfVault(vault).use((core) => scanner.scanAllWith(texts, core));
    const reports = JSON.parse(this.#scanner.use(scan)) as Reports;
    return resultOf(reports.guards[0]!);
  }

  override configure(partial: GuardrailConfig): void {
    const options = { ...this.#options, ...partial };
    run((core) => core.checkGuardrail(this.#kind, options));
    this.#options = options;
    this.#config = undefined;
    super.configure(partial);
    this.#scanner.reset();
  }

  /** The same object as long as the options and the name are the same.
   * @internal */
  [CONFIG](): BuiltinConfig {
    if (this.#config?.options.name !== this.name) {
      const options = { ...this.#options, name: this.name };
      const table = "ngrams" in options && options.ngrams === false ? undefined : this.#table;
      this.#config = { kind: this.#kind, options, ...(table !== undefined && { table }) };
    }
    return this.#config;
  }
}

/** Which key of the metadata holds the text after a guard. */
const EDITED: Record<string, string> = {
  redact: "redactedText",
  hash: "redactedText",
  tokenize: "redactedText",
  surrogate: "transformedText",
  mask: "maskedText",
  transform: "transformedText",
  block: "redactedText",
};

/** The actions of a {@link GuardrailResult} that stand for others. */
const SHOWN_AS: Record<string, GuardrailResultAction> = { warn: "allow", hash: "redact", tokenize: "redact", surrogate: "transform" };

/** A guard's report in AgentGuard's form. Never holds what was found. */
export function resultOf(report: GuardReport): GuardrailResult {
  const { name, passed, action, risk, detections, edited } = report;
  const types = [...new Set(detections.map(({ type }) => type))];
  const key = EDITED[action];
  return new GuardrailResult({
    passed,
    action: SHOWN_AS[action] ?? (action as GuardrailResultAction),
    ...(detections.length > 0 && { reason: `${name} found ${types.join(", ")}` }),
    riskScore: risk,
    metadata: {
      detections: detections.map(({ start, end, ...rest }) => ({ ...rest, position: start, length: end - start })),
      ...(key !== undefined && edited !== undefined && { [key]: edited }),
    },
  });
}
