// Exact decimals out of the sources' doubles. A rate is kept as a decimal text of US dollars: for a million tokens, or
// for one of anything else. Both have a last digit of a pico-dollar.

const PICO_DIGITS = 12;

/** A double's shortest decimal as digits and an exponent of ten: 1.25e-7 is [125n, -9]. */
function parts(number) {
  const [mantissa, exponent = "0"] = String(number).split("e");
  const [whole, fraction = ""] = mantissa.split(".");
  return [BigInt(whole + fraction), Number(exponent) - fraction.length];
}

/**
 * US dollars for 10^`places` units, as whole pico-dollars for one; `exact` is false where digits had to go.
 *
 * Float noise (1.9999999999999998e-6) goes to the nearest; a rate that is really finer than a pico-dollar goes up, since
 * a cost must never come out too small.
 */
export function picoOf(usd, places = 0) {
  if (typeof usd !== "number" || !(usd >= 0) || !Number.isFinite(usd)) throw new Error(`cannot read rate: expected a number of at least 0, found ${usd}`);
  const [digits, exponent] = parts(usd);
  const shift = exponent + PICO_DIGITS - places;
  if (shift >= 0) return { pico: digits * 10n ** BigInt(shift), exact: true };
  const over = 10n ** BigInt(-shift);
  if (digits % over === 0n) return { pico: digits / over, exact: true };
  const nearest = (digits + over / 2n) / over;
  const noise = Math.abs(Number(nearest * over - digits)) <= Number(digits) * 1e-6;
  return { pico: noise ? nearest : digits / over + 1n, exact: false };
}

/** Whole pico-dollars a unit, as US dollars for `units` of them: 1 or 1,000,000. */
export function usdFor(pico, units) {
  const places = PICO_DIGITS - (units === 1_000_000 ? 6 : 0);
  const text = pico.toString().padStart(places + 1, "0");
  const fraction = text.slice(-places).replace(/0+$/, "");
  return text.slice(0, -places) + (fraction === "" ? "" : `.${fraction}`);
}

/**
 * US dollars a second, as a rate: a price by the hour that was divided and cut (8.33333e-4) becomes that price again,
 * `3/3600`.
 */
export function perSecond(usd) {
  const hour = Math.round(usd * 3_600_000) / 1_000;
  const { pico, exact } = picoOf(usd);
  const cut = hour > 0 && Math.abs(hour - usd * 3_600) <= hour * 1e-5;
  if (cut && picoOf(hour).pico !== pico * 3_600n) return { text: `${usdFor(picoOf(hour).pico, 1)}/3600`, exact: false };
  return { text: usdFor(pico, 1), exact };
}
