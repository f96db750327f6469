/** Amounts of US dollars as whole pico-dollars: what JavaScript adds up where asking the core would take longer. */
const PICO = 12;

/** The pico-dollars of an exact decimal. */
export function readPico(usd: string): bigint {
  const [whole = "0", part = ""] = usd.split(".");
  return BigInt(whole + part.padEnd(PICO, "0"));
}

/** Their exact decimal, without zeros at its end. */
export function printPico(pico: bigint): string {
  const text = String(pico).padStart(PICO + 1, "0");
  return `${text.slice(0, -PICO)}.${text.slice(-PICO)}`.replace(/\.?0+$/, "");
}

/** The sum of amounts in US dollars, to the digit. */
export function sumOf(amounts: readonly string[]): string {
  return printPico(amounts.reduce((sum, amount) => sum + readPico(amount), 0n));
}
