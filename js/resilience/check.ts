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

/** The longest that a host's timer takes. */
export const LONGEST_MS = 2_147_483_647;
