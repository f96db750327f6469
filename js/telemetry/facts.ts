/** What of a call is told: numbers and names, and nothing of what was asked or answered. */
import { APIError, ConfigurationError, ProviderError, TollgateError } from "../errors.js";
import type { CallBeginning, CallEnding } from "../client/events.js";
import type { CostRecord } from "../types.js";

/** Refuses options that there are not, as the core does: it is not loaded for this. */
export function checkKeys(what: string, options: object, known: readonly string[]): void {
  const option = Object.keys(options).find((key) => !known.includes(key));
  if (option === undefined) return;
  throw new ConfigurationError({
    code: "unknown_option",
    message: `cannot read ${what}: expected one of ${known.join(", ")}, found unknown option ${JSON.stringify(option)}`,
    context: { option, known: [...known] },
  });
}

/** Tokens by the side they are on, caches and sound included. */
export function tokensOf(record: CostRecord): { input: number; output: number } {
  const sum = { input: 0, output: 0 };
  for (const [kind, count] of Object.entries(record.actualTokens)) {
    // A total and memos count again what other kinds count; pictures and pixels are no tokens.
    if (typeof count !== "number" || !kind.endsWith("Tokens") || kind === "totalTokens" || kind === "reasoningTokens") continue;
    sum[kind.startsWith("output") || kind === "reasoningOutsideTokens" ? "output" : "input"] += count;
  }
  return sum;
}

/** The records of a call, one for each try that may have been billed. An observer of an application's own may end a call with none. */
export function recordsOf({ records, security: { costRecord } }: CallEnding): readonly CostRecord[] {
  if (records !== undefined && records.length > 0) return records;
  return costRecord === undefined ? [] : [costRecord];
}

/** A class of errors by a name of few values: a status, a code of ours, or the error's own name. */
export function errorType({ error }: CallEnding): string | undefined {
  if (error === undefined) return undefined;
  if (error instanceof APIError && typeof error.status === "number") return String(error.status);
  if (TollgateError.isInstance(error)) return error.code;
  return error instanceof Error && error.name !== "" ? error.name : "_OTHER";
}

/** What an error of ours says. What hosts, applications and providers say may repeat anything. */
export function messageOf({ error }: CallEnding): string | undefined {
  return TollgateError.isInstance(error) && !(error instanceof ProviderError) ? error.message : undefined;
}

/** A JSON object, or an empty one. */
export function objectOf(text: string | undefined): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text ?? "");
    return typeof found === "object" && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** What is done, by the convention's names. */
export function operationOf({ format }: CallBeginning): string {
  return OPERATIONS[format] ?? "chat";
}

const OPERATIONS: Record<string, string> = {
  completions: "text_completion",
  embeddings: "embeddings",
  images: "generate_content",
  speech: "generate_content",
  transcription: "generate_content",
  moderations: "moderation",
  gemini: "generate_content",
};

/** Who answers, by the convention's names. */
export function providerOf({ provider }: Pick<CallBeginning, "provider">): string {
  return PROVIDERS[provider] ?? provider;
}

const PROVIDERS: Record<string, string> = {
  "azure-openai": "azure.ai.openai",
  bedrock: "aws.bedrock",
  google: "gcp.gemini",
  vertex: "gcp.vertex_ai",
  mistral: "mistral_ai",
  xai: "x_ai",
};
