//! Doubles and their decimals: read to the nearest, written as the shortest that reads back, both as JavaScript does.
//!
//! What programs write in practice is a product or quotient of two exact doubles. The rest is counted in integers of any
//! length: slower than the known algorithms, and without their tables of powers, which weigh 20 kB and do not compress.

use std::cmp::Ordering;

/// The largest power of ten that is an exact double.
const EXACT_POWER: i32 = 22;
/// Digits beyond these do not move a double, but for whether any of them is set.
const MAX_DIGITS: usize = 800;

/// A whole number of any length: 32 bits a digit, the lowest first, none of them a leading zero.
#[derive(Clone, PartialEq, Eq)]
struct Big(Vec<u32>);

impl Big {
    fn new(value: u64) -> Self {
        let mut all = Self(vec![value as u32, (value >> 32) as u32]);
        all.trim();
        all
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// Times a small number, plus another.
    fn scale(&mut self, by: u32, plus: u32) {
        let mut carry = u64::from(plus);
        for digit in &mut self.0 {
            carry += u64::from(*digit) * u64::from(by);
            *digit = carry as u32;
            carry >>= 32;
        }
        if carry != 0 {
            self.0.push(carry as u32);
        }
    }

    fn times_power_of_ten(mut self, power: u32) -> Self {
        for _ in 0..power {
            self.scale(10, 0);
        }
        self
    }

    fn shift(mut self, bits: u32) -> Self {
        if !self.0.is_empty() {
            self.scale(1 << (bits % 32), 0);
            self.0.splice(0..0, std::iter::repeat_n(0, bits as usize / 32));
        }
        self
    }

    fn bits(&self) -> i32 {
        self.0.len() as i32 * 32 - self.0.last().map_or(0, |top| top.leading_zeros() as i32)
    }

    fn plus(&self, other: &Self) -> Self {
        let mut sum = Vec::with_capacity(self.0.len() + 1);
        let mut carry = 0;
        for at in 0..self.0.len().max(other.0.len()) {
            let digit = |of: &Self| u64::from(of.0.get(at).copied().unwrap_or(0));
            carry += digit(self) + digit(other);
            sum.push(carry as u32);
            carry >>= 32;
        }
        sum.push(carry as u32);
        let mut sum = Self(sum);
        sum.trim();
        sum
    }

    /// Takes away what is not larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = 0;
        for (at, digit) in self.0.iter_mut().enumerate() {
            let less = i64::from(*digit) - i64::from(other.0.get(at).copied().unwrap_or(0)) - borrow;
            *digit = less as u32;
            borrow = i64::from(less < 0);
        }
        self.trim();
    }

    fn order(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

fn power_of_ten(power: i32) -> f64 {
    // Exact up to EXACT_POWER, so a product of exact ones.
    (0..power).fold(1.0, |product, _| product * 10.0)
}

/// The double nearest to a decimal of JSON's grammar; an infinity for one that is too large.
pub fn parse(text: &str) -> f64 {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (decimal, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    // An exponent that does not fit is as good as any other that is out of range.
    let mut exponent: i32 = match exponent.parse() {
        Ok(exponent) => exponent,
        Err(_) if exponent.starts_with('-') => i32::MIN / 2,
        Err(_) => i32::MAX / 2,
    };
    let (mut digits, mut count, mut fraction, mut small, mut beyond) = (Vec::new(), 0, false, 0_u64, false);
    for byte in decimal.bytes() {
        if byte == b'.' {
            fraction = true;
            continue;
        }
        let digit = byte.wrapping_sub(b'0');
        if count == 0 && digit == 0 {
            exponent = exponent.saturating_sub(i32::from(fraction));
        } else if count < MAX_DIGITS {
            count += 1;
            digits.push(digit);
            small = small.saturating_mul(10).saturating_add(u64::from(digit));
            exponent = exponent.saturating_sub(i32::from(fraction));
        } else {
            beyond |= digit != 0;
            exponent = exponent.saturating_add(i32::from(!fraction));
        }
    }
    let value = if count == 0 {
        0.0
    } else if small < 1 << 53 && exponent.abs() <= EXACT_POWER {
        let power = power_of_ten(exponent.abs());
        if exponent < 0 { small as f64 / power } else { small as f64 * power }
    } else if exponent.saturating_add(count as i32) > 310 {
        f64::INFINITY
    } else if exponent.saturating_add(count as i32) < -330 {
        0.0
    } else {
        if beyond {
            digits.push(1);
            exponent -= 1;
        }
        nearest(&digits, exponent)
    };
    if negative { -value } else { value }
}

/// The double nearest to digits times a power of ten: a long division, bit by bit.
fn nearest(digits: &[u8], exponent: i32) -> f64 {
    let mut rest = Big(Vec::new());
    digits.iter().for_each(|digit| rest.scale(10, u32::from(*digit)));
    rest = rest.times_power_of_ten(exponent.max(0) as u32);
    let mut over = Big::new(1).times_power_of_ten((-exponent).max(0) as u32);
    // Scaled so that the quotient is at least 1 and less than 2, times 2^binary.
    let mut binary = rest.bits() - over.bits();
    if binary > 0 {
        over = over.shift(binary as u32);
    } else {
        rest = rest.shift(binary.unsigned_abs());
    }
    if rest.order(&over).is_lt() {
        rest.scale(2, 0);
        binary -= 1;
    }
    // Beyond the doubles the bits of the exponent would run over, into the sign.
    if binary > 1023 {
        return f64::INFINITY;
    }
    // A subnormal has fewer bits.
    let bits = 53.min(binary + 1075);
    let mut mantissa = 0_u64;
    for _ in 0..bits.max(0) {
        mantissa <<= 1;
        if rest.order(&over).is_ge() {
            mantissa |= 1;
            rest.subtract(&over);
        }
        rest.scale(2, 0);
    }
    // What is left counts as the next bit and all that follow. Below half of the least double not even that one is reached.
    let up = match rest.order(&over) {
        _ if bits < 0 => false,
        Ordering::Less => false,
        Ordering::Equal => mantissa & 1 == 1,
        Ordering::Greater => true,
    };
    mantissa += u64::from(up);
    // A carry runs into the exponent, which is then the right one; also from the largest double to infinity.
    let biased = (binary + 1023).max(0) as u64;
    f64::from_bits(if biased == 0 { mantissa } else { mantissa + ((biased - 1) << 52) })
}

/// The shortest decimal that reads back as this double, written as JavaScript writes it; `null` for what JSON has no number
/// for.
pub fn print(value: f64) -> String {
    if !value.is_finite() {
        return "null".to_owned();
    }
    let size = value.abs();
    let (digits, point) = if size == 0.0 { ("0".to_owned(), 1) } else { short(size).unwrap_or_else(|| shortest(size)) };
    let count = digits.len() as i32;
    let mut text = if value < 0.0 { "-".to_owned() } else { String::new() };
    let (before, after) = match point {
        1..=21 => digits.split_at_checked(point as usize).unwrap_or((&digits, "")),
        -5..=0 => ("0", &*digits),
        _ => digits.split_at_checked(1).unwrap_or((&digits, "")),
    };
    text.push_str(before);
    if (1..=21).contains(&point) {
        text.extend(std::iter::repeat_n('0', (point - count).max(0) as usize));
    }
    if !after.is_empty() {
        text.push('.');
        if (-5..=0).contains(&point) {
            text.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
        }
        text.push_str(after);
    }
    if !(-5..=21).contains(&point) {
        text.push_str(if point > 0 { "e+" } else { "e-" });
        text.push_str(&(point - 1).unsigned_abs().to_string());
    }
    text
}

/// As [`print()`], for a message: also what JSON has no number for.
pub fn show(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        print(value)
    }
}

/// Digits, and where the point stands before the first of them: for up to 15 digits, of which no two decimals read as the
/// same double.
fn short(size: f64) -> Option<(String, i32)> {
    for places in 0..=EXACT_POWER {
        let power = power_of_ten(places);
        let scaled = size * power;
        if scaled >= 1e15 {
            return None;
        }
        let whole = (scaled + 0.5) as u64;
        if whole > 0 && whole as f64 / power == size {
            let digits = whole.to_string();
            let point = digits.len() as i32 - places;
            return Some((digits.trim_end_matches('0').to_owned(), point));
        }
    }
    None
}

/// As [`short`], for any double: Steele and White's free-format algorithm.
fn shortest(size: f64) -> (String, i32) {
    let bits = size.to_bits();
    let (biased, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    let (mantissa, binary) = if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
    // Below a power of two the next double is only half as far away.
    let closer = u32::from(fraction == 0 && biased > 1);
    let mut rest = Big::new(mantissa).shift(1 + closer + binary.max(0) as u32);
    let mut over = Big::new(1).shift(1 + closer + (-binary).max(0) as u32);
    let mut down = Big::new(1).shift(binary.max(0) as u32);
    let mut up = down.clone().shift(closer);
    // log10 from log2; one too few at the most, which is put right below.
    let log2 = binary + 63 - mantissa.leading_zeros() as i32;
    let mut point = (f64::from(log2) * std::f64::consts::LOG10_2 - 1e-10).ceil() as i32;
    if point >= 0 {
        over = over.times_power_of_ten(point as u32);
    } else {
        [&mut rest, &mut down, &mut up].into_iter().for_each(|big| {
            *big = std::mem::replace(big, Big(Vec::new())).times_power_of_ten(point.unsigned_abs());
        });
    }
    // A decimal on the edge to the next double reads back as an even one.
    let even = mantissa & 1 == 0;
    let reaches = |rest: &Big, up: &Big, over: &Big| match rest.plus(up).order(over) {
        Ordering::Less => false,
        Ordering::Equal => even,
        Ordering::Greater => true,
    };
    if reaches(&rest, &up, &over) {
        point += 1;
    } else {
        [&mut rest, &mut down, &mut up].into_iter().for_each(|big| big.scale(10, 0));
    }
    let mut digits = String::new();
    loop {
        let mut digit = 0;
        while rest.order(&over).is_ge() {
            rest.subtract(&over);
            digit += 1;
        }
        let low = match rest.order(&down) {
            Ordering::Less => true,
            Ordering::Equal => even,
            Ordering::Greater => false,
        };
        let high = reaches(&rest, &up, &over);
        if low || high {
            rest.scale(2, 0);
            // In the middle between two that both read back, the upper.
            let round_up = high && (!low || rest.order(&over).is_ge());
            digits.push(char::from(b'0' + digit + u8::from(round_up)));
            return (digits, point);
        }
        digits.push(char::from(b'0' + digit));
        [&mut rest, &mut down, &mut up].into_iter().for_each(|big| big.scale(10, 0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn doubles_are_written_as_in_javascript() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (100.0, "100"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (1e15, "1000000000000000"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1e21, "1e+21"),
            (1.5e21, "1.5e+21"),
            (0.000_001, "0.000001"),
            (0.000_000_1, "1e-7"),
            (0.000_000_123, "1.23e-7"),
            (5e-324, "5e-324"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (f64::MAX, "1.7976931348623157e+308"),
            (2_f64.powi(70), "1.1805916207174113e+21"),
            (9.5367431640625e-7, "9.5367431640625e-7"),
            (5e-7, "5e-7"),
            (f64::NAN, "null"),
            (f64::NEG_INFINITY, "null"),
        ] {
            assert_eq!(print(value), text);
        }
    }

    #[test]
    fn decimals_are_read_to_the_nearest_double() {
        for (text, value) in [
            ("0", 0.0),
            ("-0.0e5", 0.0),
            ("0.30000000000000004", 0.1 + 0.2),
            ("1e400", f64::INFINITY),
            ("1e99999999999999", f64::INFINITY),
            ("1e-400", 0.0),
            ("1e-99999999999999", 0.0),
            ("0.000e99999999999999", 0.0),
            ("-1.7976931348623157e308", f64::MIN),
            ("1.7976931348623158e308", f64::MAX),
            ("1.7976931348623159e308", f64::INFINITY),
            ("3.6e308", f64::INFINITY),
            ("9e308", f64::INFINITY),
            ("1.0000000000000001e309", f64::INFINITY),
            ("10000000000000000E293", f64::INFINITY),
            ("2.4703282292062327e-324", 0.0),
            ("2.4703282292062328e-324", 5e-324),
            ("2.2250738585072011e-308", 2.225_073_858_507_201e-308),
            // Halfway between two doubles: to the even one; a digit far behind decides otherwise.
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("9007199254740993.00000000000000000000000000001", 9_007_199_254_740_994.0),
        ] {
            assert_eq!(parse(text), value, "{text}");
        }
        let long = format!("9007199254740993.{}1", "0".repeat(2_000));
        assert_eq!(parse(&long), 9_007_199_254_740_994.0);
        assert_eq!(parse(&format!("0.{}1e1001", "0".repeat(1_000))), 1.0);
        assert_eq!(parse(&format!("1{}e-2000", "0".repeat(2_000))), 1.0);
    }

    proptest! {
        #[test]
        fn any_double_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = print(value);
            prop_assert_eq!(parse(&text), value);
            prop_assert_eq!(text.parse::<f64>().unwrap(), value);
            // As short and as near as the standard library's, which is proven to be.
            let digits = |text: &str| {
                let digits: String = text.split('e').next().unwrap().chars().filter(char::is_ascii_digit).collect();
                digits.trim_matches('0').to_owned()
            };
            prop_assert_eq!(digits(&text), digits(&format!("{value:e}")));
        }

        #[test]
        fn amounts_and_counts_read_back(whole in 0_u64..1 << 60, places in 0_i32..18) {
            let value = whole as f64 / 10_f64.powi(places);
            prop_assert_eq!(parse(&print(value)), value);
            prop_assert_eq!(print(value).parse::<f64>().unwrap(), value);
        }

        #[test]
        fn any_decimal_is_read_as_by_the_standard_library(
            text in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?"
        ) {
            prop_assert_eq!(parse(&text), text.parse::<f64>().unwrap());
        }

        #[test]
        fn halves_between_doubles_too(bits in 0_u64..0x7fe0_0000_0000_0000, nudge in 0_u8..3) {
            // The exact decimal of the middle between a double and the next one, with a digit more or less.
            let (low, high) = (f64::from_bits(bits), f64::from_bits(bits + 1));
            let exact = format!("{:.1080}", low);
            let next = format!("{:.1080}", high);
            prop_assume!(exact.len() == next.len());
            let mut sum: Vec<u8> = Vec::new();
            let mut carry = 0;
            for (a, b) in exact.bytes().rev().zip(next.bytes().rev()) {
                if a == b'.' { sum.push(b'.'); continue; }
                let digit = a - b'0' + b - b'0' + carry;
                sum.push(b'0' + digit % 10);
                carry = digit / 10;
            }
            sum.push(b'0' + carry);
            sum.reverse();
            // Half of the sum, digit by digit.
            let mut rest = 0;
            let mut half: String = sum.iter().map(|byte| {
                if *byte == b'.' { return '.'; }
                let digit = rest * 10 + byte - b'0';
                rest = digit % 2;
                char::from(b'0' + digit / 2)
            }).collect();
            half.push(if rest == 1 { '5' } else { '0' });
            match nudge { 0 => {} 1 => half.push('1'), _ => { half = half.trim_end_matches('0').to_owned(); half.push_str("00000000001"); } }
            let half = half.trim_start_matches('0');
            let half = if half.starts_with('.') { format!("0{half}") } else { half.to_owned() };
            prop_assert_eq!(parse(&half), half.parse::<f64>().unwrap());
        }
    }
}
