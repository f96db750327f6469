/** What callers hand in, as far as the face looks at it: whatever is odd the core reads, or refuses with the reason. */
import { ValidationError } from "./errors.js";
import type { ResponseOptions } from "./types.js";

/** Whether what is said stands in the object itself: what is inherited, a class's or an array's, the core reads or refuses. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A count for the core; what is no number is none, and not what the host would make of it on the way. */
export function count(value: unknown): number {
  return typeof value === "number" ? value : NaN;
}

export function isText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

const RESPONSE_OPTIONS: ReadonlySet<string> = new Set(["provider", "model", "at", "serviceTier", "region"]);

/** Whether the options are as they should be. What is wrong with them the core says. */
export function isPlain(options: ResponseOptions): boolean {
  if (typeof options !== "object" || options === null) return false;
  for (const key in options) {
    const value = options[key as keyof ResponseOptions];
    if (!RESPONSE_OPTIONS.has(key) || (key !== "at" && typeof value !== "string" && value != null)) return false;
  }
  return true;
}

/** An object as JSON text in which a number that is none stays to be refused, with its path, by the core. */
export function jsonOf(value: unknown): string {
  const readable = (_: string, one: unknown): unknown =>
    typeof one === "bigint" || (typeof one === "number" && !Number.isFinite(one)) ? String(one) : one;
  try {
    return JSON.stringify(value, readable) ?? "";
  } catch (cause) {
    throw new ValidationError({ code: "invalid_input", message: "cannot read prices: expected an object that JSON can hold, found another", cause });
  }
}

/** A name as the core takes it; what is no text names nothing. */
export function text(name: unknown): string {
  return typeof name === "string" ? name : "";
}
