//! A usage and a row of rates to an itemised cost.

use std::borrow::Cow;

use crate::catalog::{Book, MatchKind, RateSource};
use crate::error::{Warning, WarningCode};
use crate::money::{Factor, Rate, Usd};
use crate::time::Instant;
use crate::usage::{Unit, Usage};

use super::breakdown::Breakdown;
use super::sheet::{Sheet, Subject, shown};

/// What is asked: the cost of a usage of a model at an instant.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The model's name, in any form that [`Book::find`] knows.
    pub model: &'a str,
    /// The provider, where known; always honoured.
    pub provider: Option<&'a str>,
    /// What was consumed.
    pub usage: &'a Usage,
    /// When: it chooses the row.
    pub at: Instant,
    /// The service tier that served; `None`, `default`, `standard` and `auto` are the default tier.
    pub service_tier: Option<&'a str>,
    /// The region that served; `None` and `global` are the default.
    pub region: Option<&'a str>,
}

impl<'a> Query<'a> {
    /// A query for the default service tier and region.
    pub fn new(model: &'a str, provider: Option<&'a str>, usage: &'a Usage, at: Instant) -> Self {
        Self { model, provider, usage, at, service_tier: None, region: None }
    }
}

/// A priced or unpriced answer.
// Made once a call and taken apart at once: a box would only cost an allocation.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The cost.
    Priced(Cost),
    /// Why there is none.
    Unpriced(Unpriced),
}

/// An exact, itemised cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// The sum of the items.
    pub usd: Usd,
    /// What it is made of, in the order of [`Unit::ALL`]; nothing for what was not used.
    pub items: Vec<Item>,
    /// The model that was found.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// How it was found.
    pub kind: MatchKind,
    /// Where the rates come from.
    pub source: RateSource,
    /// The cheap and the dear reading, where the sources leave two.
    pub range: Option<(Usd, Usd)>,
    /// What is worth telling.
    pub warnings: Vec<Warning>,
}

impl Cost {
    /// The parts of the cost; they sum to it.
    pub fn breakdown(&self) -> Breakdown {
        Breakdown::of(&self.items)
    }
}

/// A quantity at a rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The unit; `None` for one of the caller's own.
    pub unit: Option<Unit>,
    /// Its name.
    pub name: Cow<'static, str>,
    /// How many, in `1 / scale` parts.
    pub quantity: u64,
    /// Parts of one unit: 1,000 for seconds.
    pub scale: u32,
    /// The rate.
    pub rate: Rate,
    /// Their product, rounded up once.
    pub usd: Usd,
}

impl Item {
    /// `quantity` of a unit at a rate.
    pub fn new(unit: Unit, quantity: u64, rate: Rate) -> Result<Self, Unpriced> {
        let usd = rate.cost(quantity, unit.scale(), Factor::ONE).map_err(|_| too_much())?;
        Ok(Self { unit: Some(unit), name: unit.key().into(), quantity, scale: unit.scale(), rate, usd })
    }

    /// `quantity` of a unit of the caller's own at a rate.
    pub fn extra(name: &str, quantity: u64, rate: Rate) -> Result<Self, Unpriced> {
        let usd = rate.cost(quantity, 1, Factor::ONE).map_err(|_| too_much())?;
        Ok(Self { unit: None, name: name.to_owned().into(), quantity, scale: 1, rate, usd })
    }

    /// The quantity in whole units.
    pub fn amount(&self) -> f64 {
        self.quantity as f64 / f64::from(self.scale)
    }
}

/// Why there is no price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpriced {
    /// The kind of reason.
    pub reason: Reason,
    /// What was looked for.
    pub detail: String,
}

impl Unpriced {
    /// A reason with its detail.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    /// The warning that goes with a cost shown as 0.
    pub fn warning(&self) -> Warning {
        let code = if self.reason == Reason::NoRate { WarningCode::NoRate } else { WarningCode::UnknownModel };
        Warning::new(code, self.detail.clone())
    }
}

/// The kinds of reason for no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The book has no such model.
    UnknownModel,
    /// The model's row has no rate for something that was used.
    NoRate,
    /// The usage can't be: it would cost more than 10^15 dollars.
    InvalidUsage,
    /// Nothing limits the output.
    Unbounded,
}

impl Reason {
    /// The name in the public interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::UnknownModel => "unknown_model",
            Reason::NoRate => "no_rate",
            Reason::InvalidUsage => "invalid_usage",
            Reason::Unbounded => "unbounded",
        }
    }
}

/// The cost of a usage, by a book.
pub fn price(book: &Book, query: &Query<'_>) -> Answer {
    let priced =
        Subject::find(book, query.model, query.provider, query.at).and_then(|subject| price_subject(&subject, query));
    match priced {
        Ok(cost) => Answer::Priced(cost),
        Err(unpriced) => Answer::Unpriced(unpriced),
    }
}

pub(super) fn price_subject(subject: &Subject<'_>, query: &Query<'_>) -> Result<Cost, Unpriced> {
    check_default(query.service_tier, query.region)?;
    let input_tokens = query.usage.input_tokens();
    let (sheet, dear) = subject.sheets_at(input_tokens);
    let items = items(subject, sheet, query.usage)?;
    let usd = total(&items)?;
    let mut warnings = Vec::new();
    let mut range = None;
    if let Some(dear) = dear {
        let high = total(&self::items(subject, dear, query.usage)?)?;
        if high != usd {
            range = Some((usd, high));
            warnings.push(Warning::new(
                WarningCode::TierBoundary,
                format!(
                    "the sources differ on whether a request of exactly {input_tokens} input tokens is in the dearer tier; \
                     the cost is the low side"
                ),
            ));
        }
    }
    Ok(Cost {
        usd,
        items,
        model: subject.model.to_owned(),
        provider: subject.provider.to_owned(),
        kind: subject.kind,
        source: subject.source(),
        range,
        warnings,
    })
}

/// Refuses service tiers and regions that the book has no rates for, rather than give the default tier's price for them.
pub(super) fn check_default(service_tier: Option<&str>, region: Option<&str>) -> Result<(), Unpriced> {
    if let Some(tier) = service_tier.filter(|tier| !matches!(*tier, "default" | "standard" | "auto")) {
        return Err(Unpriced::new(Reason::NoRate, format!("no rates are known for the service tier {}", shown(tier))));
    }
    if let Some(region) = region.filter(|region| *region != "global") {
        return Err(Unpriced::new(Reason::NoRate, format!("no rates are known for the region {}", shown(region))));
    }
    Ok(())
}

fn items(subject: &Subject<'_>, sheet: Sheet<'_>, usage: &Usage) -> Result<Vec<Item>, Unpriced> {
    let missing = |name: &str| no_rate(subject, name);
    let mut items = Vec::new();
    for (unit, count) in usage.iter() {
        items.push(Item::new(unit, count, sheet.rate(unit).ok_or_else(|| missing(unit.key()))?)?);
    }
    for (name, count) in usage.extra().iter().filter(|(_, count)| **count > 0) {
        items.push(Item::extra(name, *count, sheet.extra(name).ok_or_else(|| missing(name))?)?);
    }
    Ok(items)
}

pub(super) fn total(items: &[Item]) -> Result<Usd, Unpriced> {
    items.iter().try_fold(Usd::ZERO, |sum, item| sum.checked_add(item.usd)).map_err(|_| too_much())
}

/// There is no rate for a unit of the model.
pub(super) fn no_rate(subject: &Subject<'_>, name: &str) -> Unpriced {
    let (model, provider) = (shown(subject.model), shown(subject.provider));
    Unpriced::new(Reason::NoRate, format!("no rate for {} is known of the model {model} ({provider})", shown(name)))
}

fn too_much() -> Unpriced {
    Unpriced::new(Reason::InvalidUsage, "the usage would cost more than 1000000000000000 USD")
}
