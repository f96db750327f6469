//! The numbers of foreign tables as exact decimals.
//!
//! A rate of ours is US dollars for a million tokens, or for one of anything else, and has a last digit of a pico-dollar a
//! unit. Most tables hold doubles, some of them with noise (`1.9999999999999998e-6`).

use crate::money::Usd;

/// A rate read.
pub struct Amount {
    /// Its decimal.
    pub text: String,
    /// Whether it is what was published, to the last digit.
    pub exact: bool,
}

/// More than any price has, and few enough for what is multiplied with them below.
const MOST_DIGITS: usize = 20;

/// US dollars for a million of a token unit or for one of another, out of a JSON number: US dollars for 10^`power` units.
/// `None` for a negative one or one that is no price.
pub fn rate(number: &str, power: i32, is_token: bool) -> Option<Amount> {
    let (pico, exact) = scaled(number, 12 - power)?;
    Some(Amount { text: usd(pico, is_token)?, exact })
}

/// US dollars a second. A price by the hour that was divided and cut (`8.33333e-4`) becomes that price again: `3/3600`.
pub fn per_second(number: &str, power: i32) -> Option<Amount> {
    /// Places in which a price is compared, and what a thousandth of a dollar an hour is in them.
    const PLACES: i32 = 21;
    const MILLI: i128 = 1_000_000_000_000_000_000;
    let plain = rate(number, power, false)?;
    let (fine, exact) = scaled(number, PLACES - power)?;
    let (digits, last) = precision(number)?;
    // Half of the last digit that was written is what cutting can have changed.
    let half = 10_i128.checked_pow(u32::try_from(last.checked_add(PLACES - power)?).ok()?)? / 2;
    let by_hour = fine.checked_mul(3_600)?;
    let hour = by_hour.checked_add(MILLI / 2)? / MILLI;
    let off = (hour * MILLI - by_hour).abs();
    let is_cut = exact && digits >= 4 && hour > 0 && off > 0 && off <= half.checked_mul(3_600)?;
    if !is_cut {
        return Some(plain);
    }
    Some(Amount { text: format!("{}/3600", Usd::from_pico(hour * 1_000_000_000)?), exact: false })
}

/// How many digits a number is written with, without zeros at its ends, and the power of ten of the last.
fn precision(number: &str) -> Option<(usize, i32)> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.bytes().chain(fraction.bytes()).skip_while(|digit| *digit == b'0').count();
    Some((digits, exponent.parse::<i32>().ok()?.checked_sub(fraction.len() as i32)?))
}

/// US dollars an image out of a price by the pixel, which tables make of the price of an image and cut.
pub fn per_image(number: &str, pixels: u64) -> Option<Amount> {
    let (fine, _) = scaled(number, 18)?;
    let exact = fine.checked_mul(i128::from(pixels))?;
    // The nearest hundredth of a cent, where it is one.
    let cents = (exact + 50_000_000_000_000) / 100_000_000_000_000;
    let is_cut = cents > 0 && (cents * 100_000_000_000_000 - exact).abs() <= exact / 5_000;
    let pico = if is_cut { cents * 100_000_000 } else { exact.div_euclid(1_000_000) + 1 };
    Some(Amount { text: Usd::from_pico(pico)?.to_string(), exact: false })
}

/// A multiplier.
pub fn factor(number: &str) -> Option<String> {
    let (millionths, exact) = scaled(number, 6)?;
    (exact && millionths > 0).then(|| usd(millionths.checked_mul(1_000_000)?, false)).flatten()
}

fn usd(pico: i128, is_token: bool) -> Option<String> {
    let usd = Usd::from_pico(if is_token { pico.checked_mul(1_000_000)? } else { pico })?;
    Some(usd.to_string())
}

/// A number times 10^`places` as a whole one, and whether that is exact.
///
/// Noise goes to the nearest; what is really finer goes up, since a cost must never come out too small.
fn scaled(number: &str, places: i32) -> Option<(i128, bool)> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = 0_i128;
    // `0.0000029999900000000002` is how JavaScript writes a double of 17 digits.
    let significant = whole.bytes().chain(fraction.bytes()).skip_while(|digit| *digit == b'0').count();
    if whole.is_empty() && fraction.is_empty() || significant > MOST_DIGITS {
        return None;
    }
    for digit in whole.bytes().chain(fraction.bytes()) {
        digits = digits * 10 + i128::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    if digits == 0 {
        return Some((0, true));
    }
    let shift = exponent.checked_add(places)?.checked_sub(fraction.len() as i32)?;
    let ten = |power: i32| 10_i128.checked_pow(power.unsigned_abs());
    if shift >= 0 {
        return Some((digits.checked_mul(ten(shift)?)?, true));
    }
    let Some(over) = ten(shift) else { return Some((1, false)) };
    if digits % over == 0 {
        return Some((digits / over, true));
    }
    let nearest = digits.checked_add(over / 2)? / over;
    let is_noise = nearest.checked_mul(over)?.abs_diff(digits).checked_mul(1_000_000)? <= digits.unsigned_abs();
    Some((if is_noise { nearest } else { digits / over + 1 }, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_become_exact_decimals() {
        for (number, power, is_token, text, exact) in [
            ("1.25e-7", 0, true, "0.125", true),
            ("1.25e-06", 0, true, "1.25", true),
            ("0.000001", 0, true, "1", true),
            ("1.9999999999999998e-6", 0, true, "2", false),
            ("1.5e-12", 0, true, "0.000002", false),
            ("1e-300", 0, true, "0.000001", false),
            ("0.0000029999900000000002", 0, true, "2.99999", false),
            ("0.000000000000000000000000000000000", 0, true, "0", true),
            ("10", 6, true, "10", true),
            ("0.003625", 6, true, "0.003625", true),
            ("0", 0, true, "0", true),
            ("0.0", 6, false, "0", true),
            ("35", 3, false, "0.035", true),
            ("0.04", 0, false, "0.04", true),
        ] {
            let amount = rate(number, power, is_token).unwrap();
            assert_eq!((amount.text.as_str(), amount.exact), (text, exact), "{number}");
        }
        for wrong in ["-1", "NaN", "", "1e", "1e99", "1e-99999999999", "123456789012345678901", "0x1", "1.2.3", " 1"] {
            assert!(rate(wrong, 0, true).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn a_price_by_the_hour_that_was_cut_is_that_price_again() {
        for (number, text, exact) in [
            ("0.000833333333333", "3/3600", false),
            ("5.83333e-5", "0.21/3600", false),
            ("0.00020833", "0.75/3600", false),
            ("7.167e-05", "0.258/3600", false),
            ("0.0001", "0.0001", true),
            ("0.0043", "0.0043", true),
            ("1.1e-5", "0.000011", true),
            ("0", "0", true),
        ] {
            let amount = per_second(number, 0).unwrap();
            assert_eq!((amount.text.as_str(), amount.exact), (text, exact), "{number}");
        }
        assert_eq!(per_second("0.36", 0).unwrap().text, "0.36");
    }

    #[test]
    fn a_price_by_the_pixel_is_one_by_the_image() {
        assert_eq!(per_image("1.59263611e-07", 1024 * 1024).unwrap().text, "0.167");
        assert_eq!(per_image("7.19343e-08", 1024 * 1792).unwrap().text, "0.132");
        // No price of an image: up to the next pico-dollar.
        assert_eq!(per_image("1e-12", 3).unwrap().text, "0.000000000004");
    }

    #[test]
    fn multipliers_are_exact() {
        assert_eq!(factor("1.1").as_deref(), Some("1.1"));
        assert_eq!(factor("6").as_deref(), Some("6"));
        assert_eq!(factor("1.00000001"), None);
        assert_eq!(factor("0"), None);
    }
}
