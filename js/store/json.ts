/** Records and questions on their way in and out: JSON text, so that a key called `__proto__` is a key like any other. */
import { run } from "../core.js";
import { ValidationError } from "../errors.js";
import type { CostRecord, InstantInput } from "../types.js";

/** A value as JSON text. What JSON can't hold (a BigInt, a cycle) is refused, with `what` named. */
export function toJson(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new ValidationError({ message: `cannot read ${what}: expected a value that JSON can hold, found a BigInt or a cycle`, cause });
  }
  if (text === undefined) throw new ValidationError({ message: `cannot read ${what}: expected an object, found ${typeof value}` });
  return text;
}

/** A question as JSON text, its instants as numbers: JSON would make null of what is none. */
export function toQuestion(options: { start?: InstantInput; end?: InstantInput }): string {
  const { start, end, ...rest } = options ?? {};
  const at = (value: InstantInput | undefined) => (value == null ? undefined : run((core) => core.readInstant(value)));
  return toJson({ ...rest, start: at(start), end: at(end) }, "query");
}

/** A record from the core. A copy, never a live reference. */
export function toRecord(text: string | undefined): CostRecord | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as CostRecord);
}

/** Records from the core. */
export function toRecords(text: string): CostRecord[] {
  return JSON.parse(text) as CostRecord[];
}
