import { run } from "./core.js";

/** A new id: a UUIDv7, later in order than any this program was given before. */
export function generateId(): string {
  return run((core) => core.generateId());
}
