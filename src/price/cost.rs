//! A usage and a row of rates to an itemised cost.

use std::borrow::Cow;

use crate::catalog::{Book, Edge, MatchKind, Model, RateSource, Threshold};
use crate::error::{Warning, WarningCode};
use crate::money::{Factor, Rate, Usd};
use crate::time::Instant;
use crate::usage::{Unit, Usage, scale_of_name, unit_of_name};

use super::bound::contexts;
use super::breakdown::Breakdown;
use super::service::{self, Service};
use super::sheet::{Circumstances, Found, GLOBAL, Sheet, Subject, is_region, shown};

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
    /// The service tier that was asked for. `None`, `default` and `standard` are the default tier. With `auto` and nobody
    /// saying which served, the cost is the default's, with the least and the most of those that may have served beside it.
    pub service_tier: Option<&'a str>,
    /// The service tier that served, where the answer says so. It wins over the one asked for.
    pub served_tier: Option<&'a str>,
    /// The region that served; `None` and `global` are the default.
    pub region: Option<&'a str>,
    /// Whether the usage sums several calls, as a provider's report of a day does: nobody can tell their context tiers. The
    /// cost is that of none, with the least and the most beside it.
    pub aggregated: bool,
}

impl<'a> Query<'a> {
    /// A query for the default service tier and region.
    pub fn new(model: &'a str, provider: Option<&'a str>, usage: &'a Usage, at: Instant) -> Self {
        Self { model, provider, usage, at, service_tier: None, served_tier: None, region: None, aggregated: false }
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
    /// Its name, which says more closely what it is where the price does (`images:hd/1024x1792`).
    pub name: Cow<'static, str>,
    /// How many, in `1 / scale` parts.
    pub quantity: u64,
    /// Parts of one unit: 1,000 for seconds.
    pub scale: u32,
    /// The rate.
    pub rate: Rate,
    /// What multiplies it, all of it exact.
    pub factor: Factor,
    /// Their product, rounded up once.
    pub usd: Usd,
}

impl Item {
    /// `quantity` of a unit at a rate.
    pub(super) fn new(unit: Unit, quantity: u64, found: Found) -> Result<Self, Unpriced> {
        Self::of(Some(unit), unit.key().into(), quantity, unit.scale(), found)
    }

    /// `quantity` of what goes by a name, in parts of [`scale_of_name`].
    pub(super) fn extra(name: &str, quantity: u64, found: Found) -> Result<Self, Unpriced> {
        Self::of(unit_of_name(name), name.to_owned().into(), quantity, scale_of_name(name), found)
    }

    fn of(
        unit: Option<Unit>,
        name: Cow<'static, str>,
        quantity: u64,
        scale: u32,
        Found { rate, factor, .. }: Found,
    ) -> Result<Self, Unpriced> {
        let usd = rate.cost(quantity, scale, factor).map_err(|_| too_much())?;
        Ok(Self { unit, name, quantity, scale, rate, factor, usd })
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

/// The cost of a usage of a model that was found: what the query calls it does not count, and it matches exactly.
pub fn price_model(model: &Model, query: &Query<'_>) -> Result<Cost, Unpriced> {
    price_subject(&Subject::of(model, MatchKind::Exact, query.at)?, query)
}

pub(super) fn price_subject(subject: &Subject<'_>, query: &Query<'_>) -> Result<Cost, Unpriced> {
    let usage = query.usage;
    let mut warnings = Vec::new();
    let (service, when) = circumstances(subject, query, &mut warnings)?;
    let items = items(subject, &subject.sheet(&when), usage, |unit, found| {
        warnings.extend(fallback_warning(subject, service, unit, found));
    })?;
    let usd = total(&items)?;
    if service == Service::Cheaper {
        let (tier, model) = (query.served_tier.or(query.service_tier).unwrap_or(""), subject.model);
        warnings.push(unpriced_tier(format!(
            "no rates of the service tier {} are known of the model {}; the default tier's count, and it costs no more",
            shown(tier),
            shown(model)
        )));
    }
    if usage.reasoning() > usage.get(Unit::Output) {
        let (part, whole) = (usage.reasoning(), usage.get(Unit::Output));
        warnings.push(Warning::new(
            WarningCode::UsageClamped,
            format!("{part} of {whole} output tokens are said to be reasoning; the output counts as it is"),
        ));
    }
    let range = range(subject, &when, service, query, usd, &mut warnings)?;
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

/// What is fixed of a request, and the service tier that it is billed at.
pub(super) fn circumstances<'a>(
    subject: &'a Subject<'_>,
    query: &Query<'a>,
    warnings: &mut Vec<Warning>,
) -> Result<(Service<'a>, Circumstances<'a>), Unpriced> {
    let service = Service::of(subject, query.service_tier, query.served_tier)?;
    let when = Circumstances {
        input_tokens: if query.aggregated { 0 } else { query.usage.input_tokens() },
        dispute: false,
        service: if let Service::Priced(name) = service { Some(name) } else { None },
        region: region_of(subject, query.region, warnings),
        at: query.at,
    };
    Ok((service, when))
}

/// The least and the most that the usage costs, where something that the price hangs on is not known: on which side of a
/// disputed edge it lies, which context tiers the calls had that it sums, or which service tier served it.
fn range(
    subject: &Subject<'_>,
    when: &Circumstances<'_>,
    service: Service<'_>,
    query: &Query<'_>,
    usd: Usd,
    warnings: &mut Vec<Warning>,
) -> Result<Option<(Usd, Usd)>, Unpriced> {
    let usage = query.usage;
    let edge = |edge: Threshold| edge.edge == Edge::Disputed && edge.tokens == when.input_tokens;
    let contexts = if query.aggregated {
        contexts(subject, usage.input_tokens())
    } else if subject.variants().any(|variant| variant.when.context.is_some_and(edge)) {
        vec![(when.input_tokens, false), (when.input_tokens, true)]
    } else {
        vec![(when.input_tokens, false)]
    };
    let only = (usd, usd);
    let (mut low, mut high) =
        if contexts.len() > 1 { spread(subject, when, &contexts, usage)?.unwrap_or(only) } else { only };
    if low != high {
        let tokens = when.input_tokens;
        let (code, message) = if query.aggregated {
            let message =
                "the usage sums several calls, and nobody can tell their context tiers; the cost is that of none";
            (WarningCode::UsageAggregated, message.to_owned())
        } else {
            let message = format!(
                "the sources differ on whether a request of exactly {tokens} input tokens is in the dearer tier; the cost is \
                 the low side"
            );
            (WarningCode::TierBoundary, message)
        };
        warnings.push(Warning::new(code, message));
    }
    if service == Service::Open {
        let mut differs = false;
        for name in service::open(subject) {
            let when = Circumstances { service: Some(name), ..*when };
            if let Some((least, most)) = spread(subject, &when, &contexts, usage)? {
                differs |= least != usd || most != usd;
                (low, high) = (low.min(least), high.max(most));
            }
        }
        if differs {
            warnings.push(Warning::new(
                WarningCode::ServiceTierOpen,
                "the service tier is auto, and nobody says which one served; the cost is the default tier's",
            ));
        }
    }
    Ok((low != high).then_some((low, high)))
}

/// The least and the most over contexts, each item for itself: of calls that were summed one may have had the input and
/// another the output.
fn spread(
    subject: &Subject<'_>,
    when: &Circumstances<'_>,
    contexts: &[(u64, bool)],
    usage: &Usage,
) -> Result<Option<(Usd, Usd)>, Unpriced> {
    let mut all: Option<(Vec<Item>, Vec<Item>)> = None;
    for &(input_tokens, dispute) in contexts {
        let when = Circumstances { input_tokens, dispute, ..*when };
        let items = items(subject, &subject.sheet(&when), usage, |_, _| ())?;
        let Some((low, high)) = &mut all else {
            all = Some((items.clone(), items));
            continue;
        };
        for ((low, high), item) in low.iter_mut().zip(high).zip(items) {
            (low.usd, high.usd) = (low.usd.min(item.usd), high.usd.max(item.usd));
        }
    }
    all.map(|(low, high)| Ok((total(&low)?, total(&high)?))).transpose()
}

/// The region as the variants may have it: `None` for the global one, but where that has rates of its own, beside rates that are
/// some region's. Where none is said it is that of the name
/// (`us.anthropic.claude-opus-4-7`). Warns where others have rates and it has none.
pub(super) fn region_of<'a>(
    subject: &'a Subject<'_>,
    region: Option<&'a str>,
    warnings: &mut Vec<Warning>,
) -> Option<&'a str> {
    let named = region.filter(|name| !name.is_empty()).or(subject.region.as_deref());
    let name = named?;
    let mut others = false;
    for own in subject.variants().filter_map(|variant| variant.when.region.as_deref()) {
        if is_region(own, name) {
            return Some(name);
        }
        others = true;
    }
    if others && !name.eq_ignore_ascii_case(GLOBAL) {
        warnings.push(Warning::new(
            WarningCode::RegionUnpriced,
            format!(
                "no rates of the region {} are known of the model {}, which has some of other regions; the global ones count",
                shown(name),
                shown(subject.model)
            ),
        ));
    }
    None
}

/// What is worth telling about a rate that stands in for another.
fn fallback_warning(subject: &Subject<'_>, service: Service<'_>, unit: Unit, found: Found) -> Option<Warning> {
    // That a cache without any price is ordinary input is what every provider means by it; a time to live is a gap.
    let shorter = found.unit.filter(|other| *other != unit && *other != Unit::Input && is_cache_write(unit));
    if let Some(shorter) = shorter {
        let (name, model) = (unit.key(), shown(subject.model));
        return Some(Warning::new(
            WarningCode::CacheRateMissing,
            format!("no rate for {name} is known of the model {model}; that of {} counts", shorter.key()),
        ));
    }
    let Service::Priced(tier) = service else { return None };
    (unit.is_token() && !found.by_service).then(|| {
        let (name, tier, model) = (unit.key(), shown(tier), shown(subject.model));
        unpriced_tier(format!(
            "no rate for {name} in the service tier {tier} is known of the model {model}; the default tier's counts"
        ))
    })
}

fn is_cache_write(unit: Unit) -> bool {
    matches!(unit, Unit::CacheWrite30m | Unit::CacheWrite1h | Unit::CacheWrite12h)
}

fn unpriced_tier(message: String) -> Warning {
    Warning::new(WarningCode::ServiceTierUnpriced, message)
}

fn items(
    subject: &Subject<'_>,
    sheet: &Sheet<'_>,
    usage: &Usage,
    mut look: impl FnMut(Unit, Found),
) -> Result<Vec<Item>, Unpriced> {
    let mut items = Vec::new();
    for (unit, count) in usage.iter() {
        let found = sheet.rate(unit).ok_or_else(|| no_rate(subject, unit.key()))?;
        look(unit, found);
        items.push(Item::new(unit, count, found)?);
    }
    for (name, count) in usage.extra().iter().filter(|(_, count)| **count > 0) {
        items.push(Item::extra(name, *count, sheet.named(name).ok_or_else(|| no_rate(subject, name))?)?);
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

pub(super) fn too_much() -> Unpriced {
    Unpriced::new(Reason::InvalidUsage, "the usage would cost more than 1000000000000000 USD")
}
