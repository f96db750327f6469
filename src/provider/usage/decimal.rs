//! An amount as a body writes it, as a plain decimal: every digit kept, no exponent.

use crate::json::Raw;

/// The most digits before and behind the point: a cost of more is none.
const MAX_DIGITS: usize = 40;

/// The decimal of a number, or of the text of one, divided by ten so many times. `None` below zero and for anything else.
pub(super) fn plain(value: Raw<'_>, tenths: u32) -> Option<String> {
    let text = value.text();
    let number = match &text {
        Some(text) => Raw::parse(text).ok()?,
        None => value,
    };
    if number.kind() != "a number" {
        return None;
    }
    let (mantissa, exponent) = match number.get().split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (number.get(), 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    // Where the point stands, counted from the first digit.
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?.checked_sub_unsigned(tenths)?;
    let limit = MAX_DIGITS as i32;
    if digits.trim_matches('0').is_empty() {
        return Some("0".to_owned());
    }
    if digits.len() > MAX_DIGITS || point < -limit || point > limit {
        return None;
    }
    let padded = if point <= 0 {
        ["0".repeat(point.unsigned_abs() as usize + 1), digits].concat()
    } else {
        let missing = (point as usize).saturating_sub(digits.len());
        [digits, "0".repeat(missing)].concat()
    };
    let (whole, fraction) = padded.split_at_checked(usize::try_from(point).unwrap_or(0).max(1))?;
    let whole = Some(whole.trim_start_matches('0')).filter(|whole| !whole.is_empty()).unwrap_or("0");
    let fraction = fraction.trim_end_matches('0');
    Some(if fraction.is_empty() { whole.to_owned() } else { [whole, fraction].join(".") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_is_kept() {
        for (json, tenths, expected) in [
            ("0.025265", 0, Some("0.025265")),
            ("1.4850000000000002e-05", 0, Some("0.000014850000000000002")),
            ("37756000", 10, Some("0.0037756")),
            ("123456789012", 10, Some("12.3456789012")),
            ("\"0.50\"", 0, Some("0.5")),
            ("12", 0, Some("12")),
            ("1.20E2", 0, Some("120")),
            ("0", 0, Some("0")),
            ("0.000", 10, Some("0")),
            ("0e999999999", 0, Some("0")),
            ("0.1", 1, Some("0.01")),
            ("10", 1, Some("1")),
            ("-1", 0, None),
            ("1e99", 0, None),
            ("1e-99", 0, None),
            ("1e99999999999999", 0, None),
            ("\"NaN\"", 0, None),
            ("\"\"", 0, None),
            ("{}", 0, None),
            ("true", 0, None),
        ] {
            assert_eq!(plain(Raw::parse(json).unwrap(), tenths).as_deref(), expected, "{json}");
        }
    }
}
