import { Held, run, type Core } from "../core.js";
import type { Finding, GuardStage } from "../types.js";
import { invalid, type GuardrailContext } from "./guardrail.js";
import type { GuardrailResult } from "./result.js";
import { FIND, JUDGE, RuleGuardrail, type GuardTexts, type RuleOptions } from "./rule.js";
import { textOf } from "./text.js";

/** What {@link JsonSchemaGuardrail} is made from. */
export interface JsonSchemaOptions extends RuleOptions {
  /** A JSON Schema: an object, a boolean, or either as JSON text. */
  schema: object | boolean | string;
  /** `output` if left out. At `tool_call` the arguments of every call are checked. */
  stages?: GuardStage[];
  /** Takes JSON within other text: in a fence, or from the first bracket to the last. */
  extract?: boolean;
  /** How deep the JSON may nest, 1 to 128; 64 if left out. */
  maxDepth?: number;
}

/** Something that does not fit a schema. Never the value itself. */
export interface SchemaProblem {
  /** Where, as a JSON pointer; `*` stands for a name that the schema does not know. */
  path: string;
  /** The keyword that it breaks; `json` where the text is no JSON. */
  keyword: string;
  expected: string;
  found: string;
}

/**
 * Lets only JSON of a form pass: draft 2020-12 without references to other documents and unevaluated members, which are refused when it
 * is made. Patterns are those of {@link RegexGuardrail}: without back-references and look-around.
 *
 * @example
 * new JsonSchemaGuardrail({ schema: { type: "object", required: ["total"], properties: { total: { type: "number", minimum: 0 } } } });
 */
export class JsonSchemaGuardrail extends RuleGuardrail {
  readonly #schema: Held<InstanceType<Core["JsonSchema"]>>;
  readonly #extract: boolean;

  constructor(options: JsonSchemaOptions) {
    super("JSON schema guardrail options", options ?? {}, ["schema", "extract", "maxDepth"], { name: "JsonSchema", stages: ["output"], riskScore: 50 });
    const text = schemaText(options?.schema);
    const depth = options.maxDepth ?? 64;
    run((core) => new core.JsonSchema(text, depth).free());
    this.#schema = new Held("rebuildable", (core) => new core.JsonSchema(text, depth));
    this.#extract = options.extract === true;
  }

  /** What of a text does not fit; nothing where all does. */
  check(text: string): SchemaProblem[] {
    return JSON.parse(this.#schema.use((schema) => schema.check(text, this.#extract))) as SchemaProblem[];
  }

  /** Judges a text, or the value itself. */
  override async evaluate(input: unknown, context: GuardrailContext = {}): Promise<GuardrailResult> {
    const errors = context.stage === undefined || this.stages!.includes(context.stage) ? this.check(textOf(input)) : [];
    return this.#result(errors);
  }

  /** @internal */
  override [JUDGE]({ texts, calls }: GuardTexts, stage: GuardStage): GuardrailResult {
    const given = texts.filter(({ stage, role, aside }) => stage !== "tool_call" && this.stages!.includes(stage) && role !== "system" && !aside);
    const whole = given.map(({ text }) => text);
    // In a request they are history, and were judged when they came.
    if (stage === "output" && this.stages!.includes("tool_call")) whole.push(...calls.map((call) => call.arguments));
    return this.#result(whole.flatMap((text, index) => this.check(text).map((error) => (whole.length > 1 ? { ...error, text: index } : error))));
  }

  /** @internal */
  override [FIND](text: string, stage: GuardStage): Finding[] {
    if (!this.stages!.includes(stage)) return [];
    return this.check(text).map(({ keyword }) => ({
      type: "jsonSchema",
      category: "LLM05",
      start: 0,
      end: text.length,
      score: this.riskScore,
      validated: true,
      confidence: 100,
      rule: keyword,
    }));
  }

  #result(errors: SchemaProblem[]): GuardrailResult {
    return this.resultOf(errors.length, "JSON that does not fit its schema", { errors });
  }
}

function schemaText(schema: unknown): string {
  if (typeof schema === "string") return schema;
  if (typeof schema !== "boolean" && (typeof schema !== "object" || schema === null)) {
    throw invalid(`cannot read JSON schema guardrail options: expected schema to be an object, a boolean or JSON text, found ${schema === null ? "null" : typeof schema}`);
  }
  return jsonOf(schema);
}

/** An object as JSON. A number that JSON has none for would become null there, and a limit none: it becomes what is refused. */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "number" && !Number.isFinite(inner) ? String(inner) : inner));
  } catch {
    throw invalid("cannot read options: expected what can be JSON, found a circle or a BigInt");
  }
}
