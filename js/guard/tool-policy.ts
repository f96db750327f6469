import { Held, run, type Core } from "../core.js";
import type { Finding, GuardStage } from "../types.js";
import { invalid, type GuardToolCall, type GuardrailContext } from "./guardrail.js";
import { jsonOf } from "./json-schema.js";
import type { GuardrailResult } from "./result.js";
import { FIND, JUDGE, RuleGuardrail, type GuardTexts, type RuleOptions } from "./rule.js";

/** What an argument of a tool must be. Of a list, every item. A value of another type breaks the rule that is about it. */
export interface ToolArgumentRule {
  /** It must be there, and not null. */
  required?: boolean;
  /** Only these values. */
  oneOf?: unknown[];
  /** None of these values. */
  noneOf?: unknown[];
  /** A text that begins with one of these, and holds no `..` between slashes. */
  prefixes?: string[];
  /** A text that begins with none of these. */
  notPrefixes?: string[];
  /** A text that this pattern matches from its beginning to its end. Patterns are those of {@link RegexGuardrail}. */
  matches?: string;
  /** A text in which this pattern matches nowhere. */
  notMatches?: string;
  min?: number;
  max?: number;
  /** A URL of one of these hosts; `*.example.com` stands for all below it. */
  hosts?: string[];
  /** A URL of none of these hosts. */
  notHosts?: string[];
}

/** The rules of a tool. */
export interface ToolRules {
  /** How often it may be called in one answer. */
  maxCalls?: number;
  /** A JSON Schema for its arguments. */
  schema?: object | boolean;
  /** By the argument's name, or by a JSON pointer in which `*` stands for every item or member: `/to/0/mail`. */
  arguments?: Record<string, ToolArgumentRule>;
}

/** What {@link ToolPolicyGuardrail} is made from. Names of tools are patterns: `*` stands for any characters. */
export interface ToolPolicyOptions extends RuleOptions {
  /** Only these tools. */
  allow?: string[];
  /** Never these, even if allowed. */
  deny?: string[];
  /** How many calls one answer may ask for. */
  maxCalls?: number;
  tools?: Record<string, ToolRules>;
  /**
   * `true`: the calls in a request's history are judged too, each by itself (`maxCalls` is for one answer). For histories that come from outside, as from a
   * browser: they may tell of calls that no answer asked for. `false` if left out.
   */
  history?: boolean;
}

/** A rule that a call breaks. Nothing of the call is in it. */
export interface ToolViolation {
  /** Which call of the answer, from 0. */
  call: number;
  /** The option that is broken: `allow`, `deny`, `maxCalls`, `schema`, `oneOf`, ... */
  rule: string;
  /** The pattern of the tool, as the options have it. */
  tool?: string;
  /** The argument, as the options have it, or as a pointer. */
  path?: string;
}

const POLICY_KEYS = ["allow", "deny", "maxCalls", "tools"] as const;

/**
 * Says which tools a model may call, how often, and what with. A call that breaks a rule blocks the answer before any of it, name or
 * arguments, has left.
 *
 * @example
 * new ToolPolicyGuardrail({ allow: ["get_*", "fetch"], tools: { fetch: { arguments: { url: { required: true, hosts: ["*.example.com"] } } } } });
 */
export class ToolPolicyGuardrail extends RuleGuardrail {
  readonly #policy: Held<InstanceType<Core["ToolPolicy"]>>;
  readonly #history: boolean;

  constructor(options: ToolPolicyOptions = {}) {
    super("tool policy guardrail options", options, [...POLICY_KEYS, "history"], { name: "ToolPolicy", stages: ["tool_call"], riskScore: 90 });
    const text = jsonOf(Object.fromEntries(POLICY_KEYS.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]]))));
    run((core) => new core.ToolPolicy(text).free());
    if (options.history !== undefined && typeof options.history !== "boolean") throw invalid(`cannot read tool policy options: expected history to be true or false, found ${typeof options.history}`);
    this.#history = options.history === true;
    this.#policy = new Held("rebuildable", (core) => new core.ToolPolicy(text));
  }

  /** What the calls of one answer break; nothing where they may be made. */
  check(calls: GuardToolCall[]): ToolViolation[] {
    return JSON.parse(this.#policy.use((policy) => policy.check(JSON.stringify(calls)))) as ToolViolation[];
  }

  /** Judges calls: `{ name, arguments }`, a list of them, or a message or answer of OpenAI or Anthropic that holds some. */
  override async evaluate(input: unknown, context: GuardrailContext = {}): Promise<GuardrailResult> {
    return this.#result(context.toolCalls ?? callsIn(input, 0));
  }

  /** @internal */
  override [JUDGE]({ calls }: GuardTexts, stage: GuardStage): GuardrailResult {
    if (!this.stages!.includes("tool_call") || (stage !== "output" && !this.#history)) return this.#result([]);
    if (stage === "output") return this.#result(calls);
    // In a request they are history, of answers that nobody can tell apart any more.
    return this.#resultOf(calls.flatMap((one, call) => this.check([one]).map((violation) => ({ ...violation, call }))));
  }

  /** A text alone names no tool.
   * @internal */
  override [FIND](): Finding[] {
    return [];
  }

  #result(calls: GuardToolCall[]): GuardrailResult {
    return this.#resultOf(calls.length === 0 ? [] : this.check(calls));
  }

  #resultOf(violations: ToolViolation[]): GuardrailResult {
    return this.resultOf(violations.length, "calls of tools that are not allowed", { violations });
  }
}

/** The calls of tools in a message, an answer, or whatever holds them. */
function callsIn(value: unknown, depth: number): GuardToolCall[] {
  if (depth > 5 || typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item) => callsIn(item, depth + 1));
  const { name, arguments: args, input, type, function: named, custom, tool_calls, function_call, message, choices, content } = value as Record<string, unknown>;
  const own = typeof name === "string" && (args !== undefined || type === "tool_use" || input !== undefined);
  return [
    ...(own ? [{ name, arguments: argumentsText(args ?? input) }] : []),
    ...[named, custom, tool_calls, function_call, message, choices, content].flatMap((inner) => callsIn(inner, depth + 1)),
  ];
}

function argumentsText(value: unknown): string {
  return typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
}
