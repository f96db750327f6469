/** Options objects: unknown keys are refused, with the list of the known ones. */
import { run } from "./core.js";

/** Refuses keys that nobody knows; `what` names the options in the error. The rule is the core's. */
export function checkKeys(what: string, options: object, known: readonly string[]): void {
  // Most options are fine, and asking the core costs more than looking: it is asked where something is odd, and decides.
  if (typeof options === "object" && options !== null && Object.keys(options).every((key) => known.includes(key))) return;
  run((core) => core.checkKeys(what, options, known as string[]));
}
