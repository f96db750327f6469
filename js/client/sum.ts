const PICO = 12;

/** The sum of amounts in US dollars, to the digit. */
export function sumOf(amounts: readonly string[]): string {
  let pico = 0n;
  for (const amount of amounts) {
    const [whole, part = ""] = amount.split(".");
    pico += BigInt(whole! + part.padEnd(PICO, "0"));
  }
  const digits = String(pico).padStart(PICO + 1, "0");
  const part = digits.slice(-PICO).replace(/0+$/, "");
  return digits.slice(0, -PICO) + (part === "" ? "" : `.${part}`);
}
