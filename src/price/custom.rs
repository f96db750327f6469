//! Rates of the caller's own.

use crate::collections::Map;

use crate::catalog::{RateSource, Rates};
use crate::error::{Code, Error, Result, Warning, WarningCode, check_keys};
use crate::money::Rate;
use crate::usage::Unit;

/// Rates of the caller's own for one model: whole, or some over the built-in row of exactly that model.
#[derive(Clone, Debug, PartialEq)]
pub struct Custom {
    /// By unit.
    pub rates: Rates,
    /// By names of the caller's own, for the counts of the same names in a usage.
    pub extra: Map<String, Rate>,
    /// The provider to show.
    pub provider: Option<String>,
    /// Where the caller has them from.
    pub source: RateSource,
}

impl Default for Custom {
    fn default() -> Self {
        Self {
            rates: Rates::default(),
            extra: Map::new(),
            provider: None,
            source: RateSource { name: "custom".into(), url: "".into(), effective_from: None, retrieved_at: "".into() },
        }
    }
}

/// The named fields of AgentGuard: key, unit, and how many units the price is for.
const NAMED: [(&str, Unit, u32); 4] = [
    ("inputCostPer1K", Unit::Input, 1_000),
    ("outputCostPer1K", Unit::Output, 1_000),
    ("imageCost", Unit::Images, 1),
    ("audioCostPerSecond", Unit::AudioSeconds, 1),
];

impl Custom {
    /// The options that a custom pricing knows. `model` is AgentGuard's, and repeats the name it is filed under.
    pub const KEYS: [&'static str; 9] = [
        "inputCostPer1K",
        "outputCostPer1K",
        "imageCost",
        "audioCostPerSecond",
        "provider",
        "rates",
        "source",
        "lastUpdated",
        "model",
    ];

    /// The options that are rates.
    pub const FIELDS: [&'static str; 4] = ["inputCostPer1K", "outputCostPer1K", "imageCost", "audioCostPerSecond"];

    /// Refuses options that nobody knows.
    pub fn check_keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<()> {
        check_keys("custom pricing", keys, &Self::KEYS)
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
                self.extra.insert(name.to_owned(), rate);
            }
        }
        Ok(rounded.then(|| rounded_up(name)))
    }

    fn set(&mut self, unit: Unit, rate: Rate, key: &str) -> Result<()> {
        match self.rates.set(unit, rate) {
            Some(other) if other != rate => Err(Error::new(
                Code::InvalidConfig,
                format!("cannot read custom pricing: expected one rate for {}, found another in {key}", unit.key()),
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
        assert_eq!(custom.rates.get(Unit::Input), Rate::new(2_500_000, 1));
        assert_eq!(custom.extra.get("sprockets"), Rate::new(1_000_000_000_000, 1).as_ref());
        let error = custom.set_rate("input", "3").unwrap_err();
        assert_eq!(error.message(), "cannot read custom pricing: expected one rate for input, found another in input");
        let warning = custom.set_rate("output", "0.0000001").unwrap().unwrap();
        assert_eq!(warning.code, WarningCode::RateRounded);
        assert_eq!(custom.rates.get(Unit::Output), Rate::new(1, 1));
        assert!(custom.set_field("outputCostPer1K", "-1").is_err());
        assert!(custom.set_field("imageCost", "NaN").is_err());
    }
}
