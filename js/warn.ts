/** Warnings that have no answer to travel in: the console, once for each. */
import type { WarningCode } from "./types.js";

const told = new Set<string>();

/** Tells a warning on the console, the first time. */
export function warnOnce(code: WarningCode, message: string): void {
  const text = `tollgate: ${code}: ${message}`;
  if (told.has(text)) return;
  told.add(text);
  console.warn(text);
}
