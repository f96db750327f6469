/** Options objects: unknown keys are refused, with the list of the known ones. */
import { run } from "./core.js";

/** Refuses keys that nobody knows; `what` names the options in the error. The rule is the core's. */
export function checkKeys(what: string, options: object, known: readonly string[]): void {
  run((core) => core.checkKeys(what, options, known as string[]));
}
