//! Money: whole pico-dollars, and the one place that rounds.
//!
//! A pico-dollar is 10^-12 USD. Every published token price but a handful is a whole number of them per token, so sums
//! and products stay in integers from the price table to the invoice line, and have the same digits on every runtime.

use std::fmt;
use std::iter::Sum;

use crate::{
    error::{Code, Error, Result},
    json::{ToJson, Writer, quote},
};

/// Pico-dollars in a dollar.
const PICO: i128 = 1_000_000_000_000;
/// Decimal digits of a pico-dollar.
const SCALE: i32 = 12;
/// The largest amount: 10^15 USD. It leaves room to multiply: a rate of a million dollars a unit, times 2^53 units,
/// times a multiplier of a million parts, still fits into an `i128`.
const MAX: i128 = 1_000_000_000_000_000 * PICO;

/// How a decimal finer than a pico-dollar becomes whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, halves up: for amounts. It undoes the noise of sums made in doubles (`0.1 + 0.2`).
    Nearest,
    /// Up: for rates and costs, which must never come out too small.
    Up,
}

/// An amount of US dollars: a whole, non-negative number of pico-dollars.
///
/// Its text is the exact decimal without exponent or trailing zeros (`"0.0085"`); that is also its JSON form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Usd(i128);

impl Usd {
    /// No money.
    pub const ZERO: Usd = Usd(0);

    /// From whole pico-dollars; `None` when negative or above 10^15 USD.
    pub const fn from_pico(pico: i128) -> Option<Self> {
        if pico < 0 || pico > MAX { None } else { Some(Self(pico)) }
    }

    /// The number of pico-dollars.
    pub const fn pico(self) -> i128 {
        self.0
    }

    /// Reads a decimal such as `12`, `0.25`, `1e-7`, to the nearest pico-dollar.
    ///
    /// A number of JavaScript comes here as its shortest decimal (`String(n)`), never as its binary value. Refused with
    /// [`Code::InvalidAmount`]: negatives, `NaN`, `Infinity`, anything that is no decimal, and more than 10^15.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_rounded(text, Rounding::Nearest).map(|(amount, _)| amount)
    }

    /// As [`Usd::parse`] with the rounding named; also says whether the decimal was finer than a pico-dollar.
    pub fn parse_rounded(text: &str, rounding: Rounding) -> Result<(Self, bool)> {
        let (pico, inexact) = parse_scaled(text, SCALE, rounding)?;
        Ok((Self(pico), inexact))
    }

    /// The sum, or [`Code::InvalidAmount`] above 10^15 USD.
    pub fn checked_add(self, other: Self) -> Result<Self> {
        Self::from_pico(self.0.saturating_add(other.0)).ok_or_else(too_large)
    }

    /// The sum, held at 10^15 USD: for running totals, which must not fail after the money is spent.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self((self.0 + other.0).min(MAX))
    }

    /// The difference, held at zero.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self((self.0 - other.0).max(0))
    }

    /// The double nearest to this amount's own decimal string. For display only.
    pub fn to_f64(self) -> f64 {
        // Up to 2^53 pico-dollars both numbers are exact doubles, and one division rounds once.
        if self.0 <= 1 << 53 {
            // By way of 64 bits, which WebAssembly converts by itself.
            return self.0 as u64 as f64 / PICO as f64;
        }
        // Above, far more binary digits of the quotient than a double has, the last of them set when more follow: they
        // round as the whole quotient would. (Not the parser of decimals: its tables would be a tenth of the module.)
        let shift = self.0.leading_zeros() - 1;
        let (shifted, whole) = (self.0 << shift, PICO);
        let digits = (shifted / whole) | i128::from(shifted % whole != 0);
        digits as f64 / (1_u128 << shift) as f64
    }

    /// This amount as a share of `whole` in percent, to the nearest double. A share of nothing is 0 for no money and
    /// 100 for any.
    pub fn percent_of(self, whole: Self) -> f64 {
        if whole.0 == 0 {
            return if self.0 == 0 { 0.0 } else { 100.0 };
        }
        // Integers carry twelve decimals of a percent; doubles only show it.
        (self.0 * 100 * 1_000_000 / whole.0) as f64 / 1e6
    }

    /// Whether this amount is at least `percent` (a decimal such as `87.5`, up to 6 places) of `whole`. Exact.
    pub fn reaches(self, percent_micro: u64, whole: Self) -> bool {
        self.0 * 100_000_000 >= i128::from(percent_micro) * whole.0
    }

    /// The mean over `count` amounts, rounded to the nearest pico-dollar; zero of none.
    #[must_use]
    pub fn mean(self, count: u64) -> Self {
        if count == 0 { Self::ZERO } else { Self(divide(self.0, i128::from(count), Rounding::Nearest)) }
    }

    /// The amount to a fixed number of decimal places (at most 12), to the nearest: for messages.
    pub fn to_fixed(self, places: u32) -> String {
        let places = places.min(SCALE as u32);
        let unit = 10_i128.pow(SCALE as u32 - places);
        let scaled = divide(self.0, unit, Rounding::Nearest);
        let one = 10_i128.pow(places);
        if places == 0 {
            return scaled.to_string();
        }
        format!("{}.{:0width$}", scaled / one, scaled % one, width = places as usize)
    }
}

/// A price: pico-dollars for every `per` units. Tokens have `per` = 1, hourly prices per second `per` = 3,600.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    pico: i128,
    per: u32,
}

/// An exact factor on a price, as a fraction in lowest terms: `11/10` for a ten percent uplift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Factor {
    numerator: u64,
    denominator: u64,
}

impl Factor {
    /// No change.
    pub const ONE: Factor = Factor { numerator: 1, denominator: 1 };

    /// `numerator` over `denominator`; `None` for a denominator of nothing.
    pub const fn new(numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let (mut a, mut b) = (numerator, denominator);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Some(Self { numerator: numerator / a, denominator: denominator / a })
    }

    /// Reads a decimal such as `1.1` or `6`, at most 1,000 and with at most six places.
    pub fn parse(text: &str) -> Result<Self> {
        let read = parse_scaled(text, FACTOR_PLACES, Rounding::Up);
        let whole = read.ok().filter(|(millionths, inexact)| !inexact && *millionths <= MAX_FACTOR);
        whole.and_then(|(millionths, _)| Self::new(millionths as u64, 10_u64.pow(FACTOR_PLACES as u32))).ok_or_else(|| {
            Error::new(
                Code::InvalidAmount,
                "cannot read multiplier: expected a decimal from 0 to 1000 with at most six places, found something else",
            )
        })
    }

    /// The nearest double, for comparing.
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// Both, one after the other; `None` where the fraction has no place in 64 bits.
    pub fn times(self, other: Self) -> Option<Self> {
        // Crosswise, so that what cancels does so before it is multiplied.
        let first = Self::new(self.numerator, other.denominator)?;
        let second = Self::new(other.numerator, self.denominator)?;
        Some(Self {
            numerator: first.numerator.checked_mul(second.numerator)?,
            denominator: first.denominator.checked_mul(second.denominator)?,
        })
    }
}

impl fmt::Display for Factor {
    /// The decimal, where it is one of at most twelve places; else the next above.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pico = divide(i128::from(self.numerator) * PICO, i128::from(self.denominator.max(1)), Rounding::Up);
        Usd(pico).fmt(f)
    }
}

impl Default for Factor {
    fn default() -> Self {
        Self::ONE
    }
}

/// Decimal places of a factor.
const FACTOR_PLACES: i32 = 6;
/// The largest factor, in millionths.
const MAX_FACTOR: i128 = 1_000_000_000;

/// The largest rate: a million dollars a unit.
const MAX_RATE: i128 = 1_000_000 * PICO;

impl Rate {
    /// Free of charge; not the same as having no rate.
    pub const FREE: Rate = Rate { pico: 0, per: 1 };

    /// `pico` pico-dollars for `per` units; `None` when out of range.
    pub const fn new(pico: i128, per: u32) -> Option<Self> {
        if pico < 0 || pico > MAX_RATE || per == 0 { None } else { Some(Self { pico, per }) }
    }

    /// Reads US dollars for `units` units (`1` a unit, `1_000` per 1K, `1_000_000` per million). A rate finer than a
    /// pico-dollar a unit is rounded up, and the flag says so.
    pub fn parse(usd: &str, units: u32) -> Result<(Self, bool)> {
        let digits = match units {
            1 => 0,
            1_000 => 3,
            1_000_000 => 6,
            _ => {
                return Err(Error::internal(format!("cannot read a rate: {units} is not 1, 1,000 or 1,000,000 units")));
            }
        };
        let (pico, inexact) = parse_scaled(usd, SCALE - digits, Rounding::Up)?;
        let rate = Self::new(pico, 1).ok_or_else(|| {
            Error::new(
                Code::InvalidAmount,
                format!("cannot read rate {}: expected at most 1000000 USD a unit, found more", quote(usd)),
            )
        })?;
        Ok((rate, inexact))
    }

    /// The pico-dollars for [`Rate::per`] units.
    pub const fn pico(self) -> i128 {
        self.pico
    }

    /// How many units the price is for.
    pub const fn per(self) -> u32 {
        self.per
    }

    /// `quantity` units at this rate and factor, computed exactly and rounded up once.
    ///
    /// `quantity` counts units in `1 / scale` parts (1 for tokens, 1,000 for seconds counted in milliseconds).
    pub fn cost(self, quantity: u64, scale: u32, factor: Factor) -> Result<Usd> {
        let over = (i128::from(self.per) * i128::from(scale.max(1))).checked_mul(i128::from(factor.denominator));
        let product = i128::from(quantity)
            .checked_mul(self.pico)
            .and_then(|product| product.checked_mul(i128::from(factor.numerator)))
            .ok_or_else(too_large)?;
        Usd::from_pico(divide(product, over.ok_or_else(too_large)?, Rounding::Up)).ok_or_else(too_large)
    }

    /// US dollars for a million units as an exact decimal, or the next pico-dollar above where it is not one.
    pub fn per_million(self) -> String {
        self.per_million_at(Factor::ONE)
    }

    /// As [`Rate::per_million`], with a factor on the rate. Held at 10^15.
    pub fn per_million_at(self, factor: Factor) -> String {
        self.cost(1_000_000, 1, factor).unwrap_or(Usd(MAX)).to_string()
    }

    /// US dollars for a thousand units, as the nearest double: AgentGuard's form.
    pub fn per_1k(self) -> f64 {
        Usd(divide(self.pico * 1_000, i128::from(self.per), Rounding::Up)).to_f64()
    }

    /// US dollars for one unit, as the nearest double.
    pub fn per_unit(self) -> f64 {
        Usd(divide(self.pico, i128::from(self.per), Rounding::Up)).to_f64()
    }

    /// Whether a unit costs more at this rate than at `other`.
    pub fn exceeds(self, other: Self) -> bool {
        self.pico * i128::from(other.per) > other.pico * i128::from(self.per)
    }
}

/// The one division: every rounding of money goes through here. `over` is positive, `value` is not negative.
const fn divide(value: i128, over: i128, rounding: Rounding) -> i128 {
    // Nearly every rate is per one token: a 128-bit division is a slow call in WebAssembly.
    if over == 1 {
        return value;
    }
    let (quotient, rest) = (value / over, value % over);
    let up = match rounding {
        Rounding::Up => rest != 0,
        Rounding::Nearest => rest >= over - rest,
    };
    if rest != 0 && up { quotient + 1 } else { quotient }
}

fn too_large() -> Error {
    Error::new(Code::InvalidAmount, "cannot add up: expected at most 1000000000000000 USD, found more")
}

/// Reads `digits[.digits][e[+-]digits]` times 10^`scale` as a whole number; says whether digits were rounded away.
fn parse_scaled(text: &str, scale: i32, rounding: Rounding) -> Result<(i128, bool)> {
    let invalid = |found: &str| {
        Error::new(
            Code::InvalidAmount,
            format!("cannot read amount: expected a non-negative decimal number of USD, found {found}"),
        )
    };
    // A user's text may be anything, a prompt or a key by mistake: only a short one that looks like a number is repeated.
    let shown = || match text {
        "NaN" | "Infinity" | "-Infinity" | "undefined" | "null" | "" => quote(text),
        _ if text.len() <= 32 && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) => quote(text),
        _ => "another text".to_owned(),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(invalid(&shown()));
            }
            (mantissa, exponent.parse::<i32>().map_err(|_| invalid(&shown()))?)
        }
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0
        || mantissa.len() > 512
        || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
    {
        return Err(invalid(&shown()));
    }
    // Digits before position `point` of the digit string are whole units of 10^-scale; the rest decides the rounding.
    let point = whole.len() as i32 + exponent + scale;
    let mut value: i128 = 0;
    let mut first_beyond = None;
    let mut rest_beyond = false;
    for (position, digit) in whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').enumerate() {
        let position = position as i32;
        if position < point {
            value = value * 10 + i128::from(digit);
            if value > MAX {
                return Err(invalid(&format!("{}, more than 1000000000000000", shown())));
            }
        } else if position == point {
            first_beyond = Some(digit);
        } else {
            rest_beyond |= digit != 0;
        }
    }
    // Before the first digit (point < 0) lie zeros: every digit is beyond, none is the first.
    if point < 0 {
        rest_beyond |= first_beyond.take().is_some_and(|d| d != 0);
    }
    let digits = (whole.len() + fraction.len()) as i32;
    if value != 0 {
        for _ in digits..point {
            value *= 10;
            if value > MAX {
                return Err(invalid(&format!("{}, more than 1000000000000000", shown())));
            }
        }
    }
    let first = first_beyond.unwrap_or(0);
    let inexact = first != 0 || rest_beyond;
    let up = match rounding {
        Rounding::Up => inexact,
        Rounding::Nearest => first >= 5,
    };
    Ok((value + i128::from(up), inexact))
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Eighteen million dollars fit into 64 bits, where arithmetic is not a function call in WebAssembly.
        let (whole, mut fraction) = match u64::try_from(self.0) {
            Ok(pico) => (pico / PICO as u64, pico % PICO as u64),
            Err(_) => ((self.0 / PICO) as u64, (self.0 % PICO) as u64),
        };
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let mut digits = [b'0'; 12];
        let mut end = 0;
        for (at, digit) in digits.iter_mut().enumerate().rev() {
            let value = fraction % 10;
            *digit += value as u8;
            fraction /= 10;
            if end == 0 && value != 0 {
                end = at + 1;
            }
        }
        let digits = digits.get(..end).unwrap_or_default();
        write!(f, "{whole}.{}", str::from_utf8(digits).unwrap_or_default())
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Usd>>(amounts: I) -> Usd {
        amounts.fold(Usd::ZERO, Usd::saturating_add)
    }
}

impl ToJson for Usd {
    fn write(&self, to: &mut Writer) {
        to.text(&self.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usd(text: &str) -> Usd {
        Usd::parse(text).unwrap()
    }

    #[test]
    fn reads_and_writes_decimals() {
        for (text, shown) in [
            ("0", "0"),
            ("12", "12"),
            ("0.25", "0.25"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e-7", "0.0000001"),
            ("1.5e3", "1500"),
            ("1E+2", "100"),
            ("0.000000000001", "0.000000000001"),
            ("0.30000000000000004", "0.3"),
            ("0.0000000000005", "0.000000000001"),
            ("0.00000000000049", "0"),
            ("5e-13", "0.000000000001"),
            ("9e-14", "0"),
            ("0e999", "0"),
            ("000001.10", "1.1"),
            ("1e15", "1000000000000000"),
        ] {
            assert_eq!(usd(text).to_string(), shown, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for (text, message) in [
            ("-1", "cannot read amount: expected a non-negative decimal number of USD, found \"-1\""),
            ("NaN", "cannot read amount: expected a non-negative decimal number of USD, found \"NaN\""),
            ("Infinity", "cannot read amount: expected a non-negative decimal number of USD, found \"Infinity\""),
            ("", "cannot read amount: expected a non-negative decimal number of USD, found \"\""),
            (".", "cannot read amount: expected a non-negative decimal number of USD, found \".\""),
            ("1e", "cannot read amount: expected a non-negative decimal number of USD, found \"1e\""),
            ("1 000", "cannot read amount: expected a non-negative decimal number of USD, found another text"),
            ("sk-secret", "cannot read amount: expected a non-negative decimal number of USD, found another text"),
            (
                "1e16",
                "cannot read amount: expected a non-negative decimal number of USD, found \"1e16\", more than 1000000000000000",
            ),
        ] {
            let error = Usd::parse(text).unwrap_err();
            assert_eq!((error.code(), error.message()), (Code::InvalidAmount, message), "{text}");
        }
    }

    #[test]
    fn a_rate_finer_than_a_pico_dollar_is_rounded_up_and_says_so() {
        assert_eq!(Rate::parse("1.25", 1_000_000).unwrap(), (Rate::new(1_250_000, 1).unwrap(), false));
        assert_eq!(Rate::parse("0.0000001", 1_000_000).unwrap(), (Rate::new(1, 1).unwrap(), true));
        assert_eq!(Rate::parse("0", 1_000).unwrap(), (Rate::FREE, false));
        assert!(Rate::parse("2000000", 1).is_err());
    }

    #[test]
    fn items_round_up_once() {
        // A third of a dollar an hour: one second is 92,592,592.59 pico-dollars.
        let hourly = Rate::new(333_333_333_333, 3_600).unwrap();
        assert_eq!(hourly.cost(1, 1, Factor::ONE).unwrap().pico(), 92_592_593);
        assert_eq!(hourly.cost(3_600, 1, Factor::ONE).unwrap().pico(), 333_333_333_333);
        let uplift = Factor::parse("1.1").unwrap();
        assert_eq!(Rate::new(5, 1).unwrap().cost(1, 1, uplift).unwrap().pico(), 6);
    }

    #[test]
    fn messages_show_fixed_places() {
        assert_eq!(usd("0.12345").to_fixed(4), "0.1235");
        assert_eq!(usd("9.99995").to_fixed(4), "10.0000");
        assert_eq!(usd("3").to_fixed(0), "3");
    }

    #[test]
    fn a_share_of_nothing() {
        assert_eq!(Usd::ZERO.percent_of(Usd::ZERO), 0.0);
        assert_eq!(usd("1").percent_of(Usd::ZERO), 100.0);
        assert_eq!(usd("1.5").percent_of(usd("1")), 150.0);
        assert!(usd("0.75").reaches(75_000_000, usd("1")));
        assert!(!usd("0.749999999999").reaches(75_000_000, usd("1")));
    }

    #[test]
    fn factors_are_exact() {
        let factor = |text| Factor::parse(text).unwrap();
        assert_eq!(factor("1.1"), Factor::new(11, 10).unwrap());
        assert_eq!((factor("1"), factor("0.5").times(factor("2")).unwrap()), (Factor::ONE, Factor::ONE));
        assert_eq!(factor("6").times(factor("1.1")).unwrap(), Factor::new(33, 5).unwrap());
        assert_eq!(factor("0").times(factor("1.1")).unwrap(), factor("0"));
        let odd = factor("999.999999");
        assert_eq!(odd.times(odd).and_then(|odd| odd.times(odd)), None);
        for text in ["-1", "1.0000001", "1000.000001", "NaN", "", "x"] {
            assert_eq!(Factor::parse(text).unwrap_err().code(), Code::InvalidAmount, "{text}");
        }
        // A tenth more of a pico-dollar is rounded up once, on the product.
        let rate = Rate::new(1, 1).unwrap();
        assert_eq!(rate.cost(10, 1, factor("1.1")).unwrap().pico(), 11);
        assert_eq!(rate.cost(1, 1, factor("1.1")).unwrap().pico(), 2);
        assert_eq!(Rate::new(1_250_000, 1).unwrap().per_million_at(factor("1.1")), "1.375");
    }

    proptest! {
        #[test]
        fn text_round_trips(pico in 0..=MAX) {
            let amount = Usd::from_pico(pico).unwrap();
            prop_assert_eq!(usd(&amount.to_string()), amount);
        }

        #[test]
        fn the_double_is_the_one_nearest_to_the_text(pico in prop_oneof![0..=MAX, 0..=1_i128 << 64, (1_i128 << 53) - 9..=(1 << 53) + 9]) {
            let amount = Usd::from_pico(pico).unwrap();
            prop_assert_eq!(amount.to_f64(), amount.to_string().parse::<f64>().unwrap());
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9.eE+-]{0,24}") {
            if let Ok(amount) = Usd::parse(&text) {
                let double: f64 = text.parse().unwrap();
                prop_assert!((amount.to_f64() - double).abs() <= 1e-12 + double * 1e-12, "{} {}", amount, double);
            }
        }

        #[test]
        fn cost_is_monotone_and_never_below_the_exact_product(
            pico in 0..MAX_RATE, per in 1_u32..4000, quantity in 0_u64..1 << 53,
        ) {
            let rate = Rate::new(pico, per).unwrap();
            if let (Ok(a), Ok(b)) = (rate.cost(quantity, 1, Factor::ONE), rate.cost(quantity + 1, 1, Factor::ONE)) {
                prop_assert!(a <= b);
                prop_assert!(a.pico() * i128::from(per) >= i128::from(quantity) * pico);
                prop_assert!((a.pico() - 1) * i128::from(per) < i128::from(quantity) * pico || a == Usd::ZERO);
            }
        }
    }
}
