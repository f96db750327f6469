import { printPico, readPico } from "../pico.js";

/** The sum of amounts in US dollars, to the digit. */
export function sumOf(amounts: readonly string[]): string {
  return printPico(amounts.reduce((sum, amount) => sum + readPico(amount), 0n));
}
