//! Numbers of JSON as the decimals they are written in: a double would make 0.3 a multiple of nothing, and two large ids one.

use std::cmp::Ordering;

/// Exponents beyond these are all the same: no text is as long as what they stand for.
const MOST_EXPONENT: i64 = 1 << 40;

/// A decimal: digits without zeros at either end, times a power of ten. Zero has no digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// The value of a JSON number.
    pub fn parse(text: &str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let below = exponent.starts_with('-');
        let exponent = exponent
            .trim_start_matches(['+', '-'])
            .bytes()
            .fold(0, |sum: i64, digit| (sum * 10 + i64::from(digit.wrapping_sub(b'0'))).min(MOST_EXPONENT));
        let all = format!("{whole}{fraction}");
        let kept = all.trim_end_matches('0');
        let dropped = all.len() as i64 - kept.len() as i64;
        let digits = kept.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        let exponent = if below { -exponent } else { exponent } - fraction.len() as i64 + dropped;
        Self { negative, digits, exponent }
    }

    /// Whether nothing stands behind its point.
    pub fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// Whether it is above zero.
    pub fn is_positive(&self) -> bool {
        !self.negative && !self.digits.is_empty()
    }

    /// One text for each value.
    pub fn canonical(&self) -> String {
        format!("{}{}e{}", if self.negative { "-" } else { "" }, self.digits, self.exponent)
    }

    /// Whether it is the divisor times a whole number; `None` where the divisor has more digits than can be reckoned with.
    pub fn is_multiple_of(&self, divisor: &Self) -> Option<bool> {
        let by: u128 = divisor.digits.parse::<u64>().ok()?.into();
        if self.digits.is_empty() {
            return Some(true);
        }
        let Ok(mut power) = u64::try_from(self.exponent - divisor.exponent) else {
            // It would have to end in zeros that it does not have.
            return Some(false);
        };
        let digit = |byte: u8| u128::from(byte.wrapping_sub(b'0'));
        let mut left = self.digits.bytes().fold(0, |left, byte| (left * 10 + digit(byte)) % by);
        let mut ten = 10 % by;
        while power > 0 {
            if power % 2 == 1 {
                left = left * ten % by;
            }
            ten = ten * ten % by;
            power /= 2;
        }
        Some(left == 0)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |of: &Self| if of.digits.is_empty() { 0 } else { 1 - 2 * i32::from(of.negative) };
        let size = |of: &Self| of.digits.len() as i64 + of.exponent;
        let magnitude = || size(self).cmp(&size(other)).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => magnitude(),
            _ => magnitude().reverse(),
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Decimal {
        Decimal::parse(text)
    }

    #[test]
    fn one_value_has_one_form() {
        for same in [
            &["1", "1.0", "1e0", "10e-1", "0.1E+1", "1.000"][..],
            &["0", "-0", "0.0", "0e99", "-0.00e-5"],
            &["1500", "1.5e3", "15E2"],
            &["-0.25", "-25e-2"],
        ] {
            for one in same {
                assert_eq!(of(one), of(same[0]), "{one}");
                assert_eq!(of(one).canonical(), of(same[0]).canonical(), "{one}");
            }
        }
        assert_ne!(of("9007199254740993"), of("9007199254740992"), "as doubles they were the same");
    }

    #[test]
    fn order() {
        let sorted = ["-1e400", "-10", "-9.5", "-0.001", "0", "1e-400", "0.5", "5", "10", "10.01", "1e400"];
        for (at, low) in sorted.iter().enumerate() {
            for (other, high) in sorted.iter().enumerate() {
                assert_eq!(of(low).cmp(&of(high)), at.cmp(&other), "{low} {high}");
            }
        }
    }

    #[test]
    fn multiples_are_exact() {
        for (value, divisor, expected) in [
            ("0.3", "0.1", true),
            ("4.35", "0.01", true),
            ("1e308", "0.123456789", false),
            ("12391239123", "1e-8", true),
            ("1e20", "3", false),
            ("3e20", "3", true),
            ("0", "7", true),
            ("0.00751", "0.0001", false),
            ("7.5", "2.5", true),
            ("35", "1.5", false),
            ("1e999999999999", "7", false),
        ] {
            assert_eq!(of(value).is_multiple_of(&of(divisor)), Some(expected), "{value} {divisor}");
        }
        assert_eq!(of("1").is_multiple_of(&of("1.00000000000000000001")), None);
    }

    proptest! {
        #[test]
        fn agrees_with_integers(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000, places in 0u32..5) {
            let scaled = |value: i64| format!("{value}e-{places}");
            prop_assert_eq!(of(&scaled(a)).cmp(&of(&scaled(b))), a.cmp(&b));
            if b > 0 {
                prop_assert_eq!(of(&scaled(a)).is_multiple_of(&of(&scaled(b))), Some(a % b == 0));
            }
        }
    }
}
