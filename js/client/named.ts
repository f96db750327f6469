/** What hosts and applications hand over, by names that may be told. */
import { ConfigurationError, TollgateError } from "../errors.js";
import type { Provider } from "../types.js";
import type { Aim } from "./target.js";

/** A polyfill's Response need not be the global class: it is taken by its shape. */
export function responseOf(answer: unknown): Response {
  if (typeof answer === "object" && answer !== null && "status" in answer) return answer as Response;
  throw new ConfigurationError({ code: "invalid_config", message: "cannot send: expected fetch to answer with a Response, found another value" });
}

export function nameOfTarget({ target, model }: Aim): { provider: Provider; model?: string } {
  return { provider: target.provider, ...(model !== undefined && { model }) };
}

export function nameOfModel({ target, model }: Aim): string {
  return `${model ?? "a model"} of ${target.provider}`;
}

export function parsed(body: string | undefined): unknown {
  if (body === undefined) return undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

/** The name of an error, without what it says: messages of hosts and applications may hold anything. */
export function nameOf(error: unknown): string {
  if (TollgateError.isInstance(error)) return `${error.name} ${error.code}`;
  return error instanceof Error ? error.name : "a value that is no error";
}

/** The code by which a host says what kind of failure it was: its own, or its cause's. */
export function codeOf(error: unknown): string {
  for (let at = error, depth = 0; typeof at === "object" && at !== null && depth < 8; depth += 1) {
    const { code, errors } = at as { code?: unknown; errors?: unknown };
    if (typeof code === "string") return code;
    // Node reports several tried addresses at once.
    if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0]);
    at = (at as { cause?: unknown }).cause;
  }
  return "";
}
