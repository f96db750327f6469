//! Rates of the caller's own.

use crate::catalog::{Per, RateSource, Rates, Row, Variant, Words};
use crate::error::{Code, Error, Result, Warning, WarningCode, check_keys};
use crate::json::Raw;
use crate::money::Rate;
use crate::object::Object;
use crate::usage::Unit;

/// A price of the caller's own for one model: whole, or some of it over the built-in row of exactly that model.
#[derive(Clone, Debug, PartialEq)]
pub struct Custom {
    /// Rates, by unit and by names of the caller's own for the counts of the same names in a usage; and what differs under a
    /// condition. A rate holds under every condition for which the caller names no other.
    pub row: Row,
    /// The provider to show.
    pub provider: Option<String>,
}

impl Default for Custom {
    fn default() -> Self {
        let source =
            RateSource { name: "custom".into(), url: "".into(), effective_from: None, retrieved_at: "".into() };
        Self { row: Row::new(None, Rates::default(), Vec::new(), source), provider: None }
    }
}

/// The named fields of AgentGuard: key, unit, and how many units the price is for.
const NAMED: [(&str, Unit, u32); 4] = [
    ("inputCostPer1K", Unit::Input, 1_000),
    ("outputCostPer1K", Unit::Output, 1_000),
    ("imageCost", Unit::Images, 1),
    ("audioCostPerSecond", Unit::AudioSeconds, 1),
];

const WHAT: &str = "custom pricing";

impl Custom {
    /// The options that a custom pricing knows. `model` is AgentGuard's, and repeats the name it is filed under.
    pub const KEYS: [&'static str; 13] = [
        "inputCostPer1K",
        "outputCostPer1K",
        "imageCost",
        "audioCostPerSecond",
        "provider",
        "rates",
        "tiers",
        "services",
        "regions",
        "schedule",
        "source",
        "lastUpdated",
        "model",
    ];

    /// The options that are rates.
    pub const FIELDS: [&'static str; 4] = ["inputCostPer1K", "outputCostPer1K", "imageCost", "audioCostPerSecond"];

    /// Refuses options that nobody knows.
    pub fn check_keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<()> {
        check_keys(WHAT, keys, &Self::KEYS)
    }

    /// Sets one of the named fields (`inputCostPer1K`, ...) from its decimal text; anything else is a fault.
    ///
    /// A rate finer than a pico-dollar is rounded up, and the warning says so.
    pub fn set_field(&mut self, key: &str, usd: &str) -> Result<Option<Warning>> {
        let (_, unit, units) = NAMED
            .into_iter()
            .find(|(name, _, _)| *name == key)
            .ok_or_else(|| Error::internal("a field of custom pricing that is no rate"))?;
        let (rate, rounded) = Rate::parse(usd, units)?;
        self.set(unit, rate, key)?;
        Ok(rounded.then(|| rounded_up(key)))
    }

    /// Sets a rate by unit name, in US dollars for a million; a name that is no unit is one of the caller's own.
    pub fn set_rate(&mut self, name: &str, usd_per_million: &str) -> Result<Option<Warning>> {
        let (rate, rounded) = Rate::parse(usd_per_million, 1_000_000)?;
        match Unit::parse(name) {
            Some(unit) => self.set(unit, rate, name)?,
            None => {
                self.row.rates.set_named(name, rate);
            }
        }
        Ok(rounded.then(|| rounded_up(name)))
    }

    /// Sets what differs under a condition, from an object with any of [`Words::KEYS`]. Rates are in US dollars for a million,
    /// as those of [`Custom::set_rate`].
    pub fn set_variants(&mut self, words: Raw<'_>) -> Result<Vec<Warning>> {
        let mut object = Object::of(words).ok_or_else(|| Error::internal("variants that are no object"))?;
        let mut reader = Words::new(WHAT, Per::Million);
        let variants = reader.variants(&mut object, "")?;
        self.row = Row::new(None, self.row.rates.clone(), variants, self.row.source.clone());
        Ok(reader.rounded.iter().map(|path| rounded_up(path)).collect())
    }

    /// What differs under a condition.
    pub fn variants(&self) -> &[Variant] {
        self.row.variants()
    }

    fn set(&mut self, unit: Unit, rate: Rate, key: &str) -> Result<()> {
        match self.row.rates.set(unit, rate) {
            Some(other) if other != rate => Err(Error::new(
                Code::InvalidConfig,
                format!("cannot read {WHAT}: expected one rate for {}, found another in {key}", unit.key()),
            )),
            _ => Ok(()),
        }
    }
}

fn rounded_up(key: &str) -> Warning {
    Warning::new(
        WarningCode::RateRounded,
        format!("the custom rate {key} is finer than a pico-dollar and was rounded up"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_rates_are_one_table() {
        let mut custom = Custom::default();
        assert_eq!(custom.set_field("inputCostPer1K", "0.0025").unwrap(), None);
        assert_eq!(custom.set_rate("input", "2.5").unwrap(), None);
        assert_eq!(custom.set_rate("sprockets", "1000000").unwrap(), None);
        assert_eq!(custom.row.rates.get(Unit::Input), Rate::new(2_500_000, 1));
        assert_eq!(custom.row.rates.named("sprockets"), Rate::new(1_000_000_000_000, 1));
        let error = custom.set_rate("input", "3").unwrap_err();
        assert_eq!(error.message(), "cannot read custom pricing: expected one rate for input, found another in input");
        let warning = custom.set_rate("output", "0.0000001").unwrap().unwrap();
        assert_eq!(warning.code, WarningCode::RateRounded);
        assert_eq!(custom.row.rates.get(Unit::Output), Rate::new(1, 1));
        assert!(custom.set_field("outputCostPer1K", "-1").is_err());
        assert!(custom.set_field("imageCost", "NaN").is_err());
    }

    #[test]
    fn what_is_wrong_with_a_variant_is_named_by_its_path() {
        for (words, message) in [
            (r#"{"tiers":{}}"#, "cannot read custom pricing: expected tiers to be an array, found an object"),
            (r#"{"tiers":[1]}"#, "cannot read custom pricing: expected tiers[0] to be an object, found a number"),
            (
                r#"{"tiers":[{"above":"9"}]}"#,
                "cannot read custom pricing: expected tiers[0].above to be a whole number of tokens, found a string",
            ),
            (
                r#"{"tiers":[{"above":9,"edge":"at"}]}"#,
                "cannot read custom pricing: expected tiers[0].edge to be above, from or disputed, found something else",
            ),
            (
                r#"{"services":{"flex":{"tiers":[{"above":9,"rates":{"input":-1}}]}}}"#,
                "cannot read amount: expected a non-negative decimal number of USD, found \"-1\" at services.flex.tiers[0].rates.input",
            ),
            (
                r#"{"services":{"flex":{"rates":{"input":1e999}}}}"#,
                "cannot read amount: expected a non-negative decimal number of USD, found \"Infinity\" at services.flex.rates.input",
            ),
            (
                r#"{"services":{"flex":{"rates":{"input":[]}}}}"#,
                "cannot read custom pricing: expected services.flex.rates.input to be a decimal number of USD, found an array",
            ),
            (
                r#"{"services":{"flex":{"services":{"fast":{}}}}}"#,
                "cannot read custom pricing: expected services.flex.services to be absent within its like, found an object",
            ),
            (
                r#"{"services":{"a b":{}}}"#,
                "cannot read custom pricing: expected services.a b to be a name without spaces, found another",
            ),
            (
                r#"{"services":{"Flex":{},"flex":{}}}"#,
                "cannot read custom pricing: expected services.flex to be a condition of its own, one of at most 256, found another",
            ),
            (
                r#"{"regions":{"eu":{"multiplier":"-1"}}}"#,
                "cannot read multiplier: expected a decimal from 0 to 1000 with at most six places, found something else at regions.eu.multiplier",
            ),
            (
                r#"{"schedule":[{"days":"8","from":"00:00","to":"01:00"}]}"#,
                "cannot read schedule: expected days from 1 (Monday) to 7 such as \"1-5\", found something else at schedule[0]",
            ),
            (
                r#"{"regions":{"eu":{"rate":{}}}}"#,
                "cannot read custom pricing at regions.eu: expected one of rates, multiplier, tiers, services, regions, schedule, found unknown option \"rate\"",
            ),
        ] {
            let error = Custom::default().set_variants(Raw::parse(words).unwrap()).unwrap_err();
            assert_eq!(error.message(), message, "{words}");
        }
        let many: Vec<_> = (0..300).map(|above| format!(r#"{{"above":{above}}}"#)).collect();
        let words = format!(r#"{{"tiers":[{}]}}"#, many.join(","));
        let error = Custom::default().set_variants(Raw::parse(&words).unwrap()).unwrap_err();
        assert_eq!(error.context().get("path"), Some(&"tiers[256]".into()));
        let mut custom = Custom::default();
        let warnings =
            custom.set_variants(Raw::parse(r#"{"services":{"flex":{"rates":{"input":"1e-9"}}}}"#).unwrap()).unwrap();
        assert_eq!(
            warnings[0].message,
            "the custom rate services.flex.rates.input is finer than a pico-dollar and was rounded up"
        );
    }
}
