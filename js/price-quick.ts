/**
 * The hot path: a model's four usual rates as the core lays them out (`src/price/quick.rs`), and their products. Whole numbers in
 * doubles are exact up to 2^53; whatever passes that, or is no count, is the core's.
 */

/** Where in a sheet stands until when it holds. */
export const UNTIL = 1;
const TIERS = 2;
const FIRST = 3;
/** The numbers of a tier: its least input, and the rates of input, output, cache read and cache write. */
const TIER = 5;

/** Whether a sheet is one, and holds at an instant. */
export function holds(sheet: Float64Array, at: number): boolean {
  return sheet[0]! <= at && at < sheet[UNTIL]!;
}

/** Whether the sources differ on what so much input costs. */
export function isDisputed(sheet: Float64Array, total: number): boolean {
  for (let at = FIRST + TIER * sheet[TIERS]!; at < sheet.length; at += 1) if (sheet[at] === total) return true;
  return false;
}

/** The cost in whole pico-dollars; NaN for counts that are none or large, a sum of 2^53 or more, and where a rate is missing. */
export function quickly(sheet: Float64Array, input: number, output: number, read: number, write: number): number {
  // A BigInt or an object would be turned into a number, or throw, on its way through the next line.
  if (typeof input !== "number" || typeof output !== "number" || typeof read !== "number" || typeof write !== "number") return NaN;
  // Whole, not negative, below 2^31.
  if ((input | 0) !== input || (output | 0) !== output || (read | 0) !== read || (write | 0) !== write || (input | output | read | write) < 0) return NaN;
  let at = FIRST;
  if (sheet[TIERS] !== 1) for (const total = input + read + write; sheet[at]! > total; ) at += TIER;
  // A rate that is missing is larger than 2^53.
  const pico = input * sheet[at + 1]! + output * sheet[at + 2]! + read * sheet[at + 3]! + write * sheet[at + 4]!;
  // At 2^53 itself it may be a rounded sum.
  return pico < 2 ** 53 ? pico : NaN;
}
