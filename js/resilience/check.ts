/** Options of the parts that keep a program going: refused when they are given, not when they are needed. */
import { ConfigurationError } from "../errors.js";
import { checkKeys } from "../options.js";

/** A whole number in a range, or what stands for one that was left out. */
export function whole(name: string, value: number | undefined, usual: number, least: number, most: number): number {
  if (value === undefined || value === null) return usual;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(`cannot read ${name}: expected a whole number from ${least} to ${most}, found ${typeof value === "number" ? value : typeof value}`);
}

/** Refuses keys that nobody knows. */
export function known(what: string, options: object, keys: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw invalid(`cannot read ${what}: expected an object, found ${options === null ? "null" : typeof options}`);
  checkKeys(what, options, keys);
}

/** The error of a configuration that can't work. */
export function invalid(message: string): ConfigurationError {
  return new ConfigurationError({ code: "invalid_config", message });
}

/** Tells a listener of the application. Nobody waits for one that is asynchronous, and the fault of none breaks anything. */
export function quietly(tell: () => unknown): void {
  try {
    ignored(tell());
  } catch {
    // Its own.
  }
}

/** What the application says: no, where it throws, or gives a promise. */
export function says(ask: () => unknown): boolean {
  try {
    const said = ask();
    return ignored(said) ? false : Boolean(said);
  } catch {
    return false;
  }
}

/** Whether it is a promise. Nobody waits for it, nor hears that it was rejected. */
function ignored(value: unknown): boolean {
  if (typeof (value as { then?: unknown } | null | undefined)?.then !== "function") return false;
  Promise.resolve(value).catch(() => undefined);
  return true;
}

/** How long a place is kept, in milliseconds; for ever where nobody says. */
export function leaseOf(leaseMs: number | undefined): number {
  return whole("leaseMs", leaseMs, Infinity, 1, Number.MAX_SAFE_INTEGER);
}

/** The longest that a host's timer takes. */
export const LONGEST_MS = 2_147_483_647;
