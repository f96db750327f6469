import { Held, run, type Core } from "../core.js";
import table from "../data/moderation.js";
import { ConfigurationError } from "../errors.js";
import { checkKeys } from "../options.js";
import type { GuardAction, GuardStage } from "../types.js";
import type { BuiltinConfig, GuardText } from "./builtin.js";
import { STAGES, type GuardrailConfig, type GuardrailContext, type OwnGuardrailConfig } from "./guardrail.js";
import { JudgeFailure, JudgeGuardrail } from "./judge.js";
import { readingsOf } from "./readings.js";
import { GuardrailResult } from "./result.js";
import { textOf } from "./text.js";

/** Categories of moderation, as OpenAI's endpoint calls them. The last four are only the endpoint's. */
export type ModerationCategory =
  | "hate" | "hate/threatening" | "harassment" | "self-harm" | "sexual" | "sexual/minors" | "violence" | "violence/graphic"
  | "harassment/threatening" | "self-harm/intent" | "self-harm/instructions" | "illicit" | "illicit/violent";

/** Hazards of Llama Guard 3. */
export type LlamaGuardHazard = "S1" | "S2" | "S3" | "S4" | "S5" | "S6" | "S7" | "S8" | "S9" | "S10" | "S11" | "S12" | "S13" | "S14";

/** What is flagged, in `metadata.violations`. */
export interface ModerationViolation {
  category: ModerationCategory;
  /** 0 to 1; offline no probability, but it rises with it. */
  score: number;
  threshold: number;
  flagged: true;
  /** `pattern`: found offline; `openai`: by the endpoint. */
  method: "pattern" | "openai";
  /** Which hazards of Llama Guard 3 the category falls under. */
  hazards: readonly LlamaGuardHazard[];
}

/** What {@link ContentModerationGuardrail} is made from. */
export interface ContentModerationOptions extends GuardrailConfig {
  /** `block` if left out. The endpoint does not say where: what it flags can't be redacted, masked or transformed, and blocks. */
  action?: "block" | "redact" | "mask" | "transform" | "warn" | "allow";
  /** Everywhere if left out. */
  stages?: GuardStage[];
  /** Which categories count, each with its parts (`hate` with `hate/threatening`); all if left out. */
  categories?: ModerationCategory[];
  /** From which score on a category is flagged; 0.5 if left out. */
  thresholds?: Partial<Record<ModerationCategory, number>>;
  /** Risks over the defaults: sexual/minors 100, hate/threatening 90, self-harm 85, violence 70, ... */
  riskScores?: Partial<Record<ModerationCategory, number>>;
  /** With a key OpenAI's endpoint judges, not the tables in here: every text goes there. Never taken from the environment. */
  apiKey?: string | (() => string | Promise<string>);
  /** `false`: offline, though there is a key. */
  useOpenAI?: boolean;
  /** `omni-moderation-latest` if left out. */
  model?: string;
  /** `https://api.openai.com/v1` if left out. */
  baseURL?: string;
  fetch?: typeof fetch;
  /** Milliseconds for the endpoint; 5,000 if left out. */
  timeout?: number;
  /** What it means when the endpoint can't be reached, or answers what is no answer: `block` if left out. */
  onFailure?: "block" | "allow";
}

const KEYS = [
  "name", "enabled", "version", "description", "stages", "timeout", "onFailure",
  "action", "categories", "thresholds", "riskScores", "apiKey", "useOpenAI", "model", "baseURL", "fetch",
];

/** Each category with its risk and its hazards. */
const CATEGORIES: Record<ModerationCategory, { risk: number; hazards: readonly LlamaGuardHazard[] }> = {
  hate: { risk: 70, hazards: ["S10"] },
  "hate/threatening": { risk: 90, hazards: ["S10", "S1"] },
  harassment: { risk: 60, hazards: [] },
  "harassment/threatening": { risk: 80, hazards: ["S1"] },
  "self-harm": { risk: 85, hazards: ["S11"] },
  "self-harm/intent": { risk: 85, hazards: ["S11"] },
  "self-harm/instructions": { risk: 90, hazards: ["S11"] },
  sexual: { risk: 60, hazards: ["S12"] },
  "sexual/minors": { risk: 100, hazards: ["S4"] },
  violence: { risk: 70, hazards: ["S1"] },
  "violence/graphic": { risk: 85, hazards: ["S1"] },
  illicit: { risk: 70, hazards: ["S2"] },
  "illicit/violent": { risk: 90, hazards: ["S1", "S9"] },
};
const NAMES = /* @__PURE__ */ Object.keys(CATEGORIES) as ModerationCategory[];
const ACTIONS: readonly GuardAction[] = ["block", "redact", "mask", "transform", "warn", "allow"];

/** What stands before the category in a placeholder, by action; and where the edited text goes. */
const EDITS: Record<string, { replace: string; key: string }> = {
  block: { replace: "REDACTED", key: "redactedText" },
  redact: { replace: "REDACTED", key: "redactedText" },
  mask: { replace: "*", key: "maskedText" },
  transform: { replace: "FILTERED", key: "transformedText" },
};

/** What the core says of a text. */
interface Judged {
  scores: number[];
  flagged: ModerationCategory[];
  passages: { type: ModerationCategory; start: number; end: number }[];
  edited?: string;
}

type CoreModerator = InstanceType<Core["Moderator"]>;

/** One for all: it holds no state, and its table is large. */
const moderator = /* @__PURE__ */ new Held<CoreModerator>("rebuildable", (core) => new core.Moderator(unpacked()));

const unpacked = (): Uint8Array => Uint8Array.from(atob(table), (letter) => letter.charCodeAt(0));

/** The categories that the core tells apart, in its order. */
let offline: ModerationCategory[] | undefined;

function namesOffline(): ModerationCategory[] {
  offline ??= run((core) => core.moderationCategories()) as ModerationCategory[];
  return offline;
}

/**
 * Finds hate, harassment, violence, sexual content and self-harm: offline by rules over classes of words, or by OpenAI's endpoint, where
 * a key is given.
 *
 * @example
 * const guardrail = new ContentModerationGuardrail({ thresholds: { sexual: 0.7 } });
 * const { metadata } = await guardrail.evaluate("I will kill you");
 * metadata.violations; // [..., { category: "violence", score: 0.75, threshold: 0.5, flagged: true, method: "pattern", ... }]
 */
export class ContentModerationGuardrail extends JudgeGuardrail {
  #options: ContentModerationOptions;
  #scanned: BuiltinConfig | undefined;

  constructor(options: ContentModerationOptions = {}) {
    const checked = checkOptions(options);
    super({ ...ownOf(checked), name: checked.name ?? "ContentModeration" }, 5_000);
    this.#options = checked;
  }

  override configure(partial: Partial<ContentModerationOptions>): void {
    const options = checkOptions({ ...this.#options, ...partial });
    super.configure(ownOf(partial));
    this.#options = options;
    this.#scanned = undefined;
  }

  override async evaluate(input: unknown, context: GuardrailContext = {}): Promise<GuardrailResult> {
    if (!this.#asks()) {
      const elsewhere = context.stage !== undefined && this.stages !== undefined && !this.covers(context);
      return elsewhere ? new GuardrailResult({ passed: true, action: "allow" }) : this.#offline(textOf(input));
    }
    const result = await super.evaluate(input, context);
    if (result.metadata["failure"] !== undefined) result.metadata["violations"] ??= [];
    return result;
  }

  /** @internal */
  override scanned(): BuiltinConfig | undefined {
    if (this.#asks()) return undefined;
    if (this.#scanned?.options.name !== this.name) {
      const { action = "block", riskScores = {} } = this.#options;
      const names = namesOffline();
      const thresholds = Object.fromEntries(names.map((name) => [name, this.#counts(name) ? this.#threshold(name) : 2]));
      const risks = Object.fromEntries(Object.entries(riskScores).filter(([name]) => names.includes(name as ModerationCategory)));
      const options = { name: this.name, action, thresholds, riskScores: risks, ...(this.stages !== undefined && { stages: this.stages }) };
      this.#scanned = { kind: "moderation", options, bytes: unpacked() };
    }
    return this.#scanned;
  }

  /** @internal */
  override readings(texts: GuardText[], places: number[]): string[] | undefined {
    // The endpoint is told all at once.
    return this.#asks() ? undefined : readingsOf(texts, places);
  }

  protected override ask(text: string, { signal }: GuardrailContext & { signal: AbortSignal }): Promise<GuardrailResult> {
    return this.#online(text, this.#options.apiKey!, signal);
  }

  /** Whether the endpoint judges. */
  #asks(): boolean {
    const { apiKey, useOpenAI = apiKey !== undefined } = this.#options;
    return useOpenAI && apiKey !== undefined;
  }

  #offline(text: string): GuardrailResult {
    const { action = "block" } = this.#options;
    const edit = EDITS[action];
    const names = namesOffline();
    // Above 1 nothing is flagged.
    const thresholds = Float64Array.from(names, (name) => (this.#counts(name) ? this.#threshold(name) : 2));
    const { scores, flagged, passages, edited } = JSON.parse(moderator.use((core) => core.judge(text, thresholds, edit?.replace ?? ""))) as Judged;
    const scored = Object.fromEntries(names.map((name, at) => [name, scores[at]!]));
    return this.#result("pattern", flagged, scored, action, {
      detections: passages.map(({ type, start, end }) => ({ type, position: start, length: end - start })),
      ...(edit !== undefined && edited !== undefined && { [edit.key]: edited }),
    });
  }

  async #online(text: string, apiKey: NonNullable<ContentModerationOptions["apiKey"]>, signal: AbortSignal): Promise<GuardrailResult> {
    const { action = "block", model = "omni-moderation-latest", baseURL = "https://api.openai.com/v1", fetch: send = globalThis.fetch } = this.#options;
    const key = typeof apiKey === "function" ? await apiKey() : apiKey;
    const response = await send(`${baseURL.replace(/\/+$/, "")}/moderations`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, input: text }),
      signal,
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new JudgeFailure("error", `the endpoint answered ${response.status}`, { status: response.status });
    }
    const { results, model: answered } = ((await response.json().catch(() => null)) ?? {}) as { results?: unknown; model?: unknown };
    const [first] = Array.isArray(results) ? (results as unknown[]) : [];
    const { categories, category_scores: scores } = (first ?? {}) as { categories?: Record<string, unknown>; category_scores?: Record<string, unknown> };
    const fits = (map: unknown, type: string): boolean => typeof map === "object" && map !== null && Object.values(map).some((value) => typeof value === type);
    if (!fits(categories, "boolean") || !fits(scores, "number")) throw new JudgeFailure("invalid", "expected scores by category, found another answer");
    const scored = Object.fromEntries(NAMES.flatMap((name) => (typeof scores![name] === "number" ? [[name, scores![name] as number]] : [])));
    // The endpoint knows best where a score of its own is too high, unless somebody has said otherwise.
    const flagged = NAMES.filter((name) => {
      if (!this.#counts(name)) return false;
      return this.#options.thresholds?.[name] === undefined ? categories![name] === true : (scored[name] ?? 0) >= this.#threshold(name);
    });
    // It says what, not where: what can't be taken out can't pass.
    const taken = action === "warn" || action === "allow" ? action : "block";
    // The endpoint is free.
    const cost = { costUsd: 0, usd: "0", model: typeof answered === "string" ? answered : model };
    return this.#result("openai", flagged, scored, taken, cost);
  }

  #counts(name: ModerationCategory): boolean {
    const { categories } = this.#options;
    return categories === undefined || categories.includes(name) || categories.includes(name.split("/")[0] as ModerationCategory);
  }

  #threshold(name: ModerationCategory): number {
    return this.#options.thresholds?.[name] ?? 0.5;
  }

  #result(
    method: "pattern" | "openai",
    flagged: ModerationCategory[],
    scores: Record<string, number>,
    action: GuardAction,
    more: Record<string, unknown>,
  ): GuardrailResult {
    const violations = flagged.map((category): ModerationViolation => {
      return { category, score: scores[category]!, threshold: this.#threshold(category), flagged: true, method, hazards: CATEGORIES[category].hazards };
    });
    const hit = violations.length > 0;
    const risk = Math.max(0, ...flagged.map((name) => this.#options.riskScores?.[name] ?? CATEGORIES[name].risk));
    return new GuardrailResult({
      passed: !hit || action !== "block",
      action: hit && action !== "warn" ? (action as GuardrailResult["action"]) : "allow",
      ...(hit && { reason: `${this.name} found ${flagged.join(", ")}` }),
      riskScore: risk,
      metadata: { violations, scores, method, ...more },
    });
  }
}

/** The options that every guardrail has. */
function ownOf({ name, enabled, version, description, stages, timeout, onFailure }: ContentModerationOptions): OwnGuardrailConfig {
  const own = { name, enabled, version, description, stages, timeout, onFailure };
  return Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as OwnGuardrailConfig;
}

function checkOptions(options: ContentModerationOptions): ContentModerationOptions {
  checkKeys("content moderation options", options, KEYS);
  const { action, categories, thresholds, riskScores, apiKey, stages, timeout, onFailure } = options;
  if (action !== undefined && !ACTIONS.includes(action)) throw wrong(`action to be one of ${ACTIONS.join(", ")}`);
  if (categories !== undefined && !Array.isArray(categories)) throw wrong("categories to be an array of strings");
  if (categories?.some((name) => !NAMES.includes(name)) === true) throw wrong(`each of categories to be one of ${NAMES.join(", ")}`);
  for (const [what, map, most] of [["thresholds", thresholds, 1], ["riskScores", riskScores, 100]] as const) {
    if (map === undefined) continue;
    checkKeys(what, map, NAMES);
    const fits = (value: unknown): boolean => typeof value === "number" && value >= 0 && value <= most;
    if (!Object.values(map).every(fits)) throw wrong(`each of ${what} to be a number from 0 to ${most}`);
  }
  if (stages !== undefined && !(Array.isArray(stages) && stages.every((stage) => STAGES.includes(stage)))) throw wrong(`stages to be some of ${STAGES.join(", ")}`);
  if (timeout !== undefined && !(typeof timeout === "number" && timeout > 0 && timeout <= 2_147_483_647)) throw wrong("timeout to be milliseconds from 1 to 2147483647");
  if (onFailure !== undefined && onFailure !== "block" && onFailure !== "allow") throw wrong("onFailure to be block or allow");
  if (apiKey !== undefined && typeof apiKey !== "function" && (typeof apiKey !== "string" || apiKey === "")) throw wrong("apiKey to be a key, or a function that gives one");
  if (options.useOpenAI === true && apiKey === undefined) throw wrong("an apiKey, since useOpenAI is set");
  return { ...options };
}

function wrong(expected: string): ConfigurationError {
  return new ConfigurationError({ code: "invalid_config", message: `cannot read content moderation options: expected ${expected}, found another` });
}
