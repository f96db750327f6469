// Exact decimals as whole numbers: texts of rates, compared and divided without a double.

const PLACES = 18;

/** A rate's text (`0.36/3600`) as [numerator, denominator]. */
export function exact(rate) {
  const [usd, per = "1"] = rate.split("/");
  const [whole, fraction = ""] = usd.split(".");
  if (!/^\d*$/.test(whole + fraction) || fraction.length > PLACES) throw new Error(`cannot read rate: expected a decimal, found ${rate}`);
  return [BigInt(whole + fraction.padEnd(PLACES, "0")), BigInt(per) * 10n ** BigInt(PLACES)];
}

/** Whether two rates are one: `0.36/3600` is `0.0001`. */
export function same(a, b) {
  if (a === b) return true;
  const [[x, per], [y, other]] = [exact(a), exact(b)];
  return x * other === y * per;
}

/** Whether one is more than another. */
export function more(a, b) {
  const [[x, per], [y, other]] = [exact(a), exact(b)];
  return x * other > y * per;
}

/** `a` as a multiple of `b`, where that is a decimal of at most six places: "1.1". */
export function ratio(a, b) {
  const [[x, per], [y, other]] = [exact(a), exact(b)];
  if (y === 0n || a.includes("/") !== b.includes("/")) return undefined;
  const [over, under] = [x * other * 1_000_000n, y * per];
  if (over % under !== 0n) return undefined;
  const millionths = (over / under).toString().padStart(7, "0");
  const text = `${millionths.slice(0, -6)}.${millionths.slice(-6)}`.replace(/\.?0+$/, "");
  return text === "" ? "0" : text;
}

/** Without the zero that nobody needs to read it: `.5`. */
export const short = (decimal) => (decimal.startsWith("0.") ? decimal.slice(1) : decimal);
