//! Which rates hold for one request.
//!
//! A row has rates, and variants that differ from them under a condition: a long context, a service tier, a region, hours.
//! The caller's own price is a row of the same shape that lies over the built-in one. For one request all that holds of
//! both is laid out in one order, the most specific first and the caller's before the built-in's:
//!
//! - **A rate** is that of the first place that names the unit. So a unit that a variant does not name keeps the rate of
//!   the next place, in the end the row's.
//! - **Factors** multiply, each for something of its own (1.1 for a region, 6 for a fast tier). A factor does not touch a
//!   rate whose own condition says as much or more (`eu` rates hold what `eu` costs), and gives way to another factor that
//!   does. The built-in's factors do not touch the caller's rates. Only tokens have factors.
//! - **Missing**: a unit that nobody names falls back as [`stands_in`] says.

use crate::catalog::{Book, MatchKind, Model, RateSource, Rates, Row, Variant, When};
use crate::money::{Factor, Rate};
use crate::time::Instant;
use crate::usage::{Unit, unit_of_name};

use super::cost::{Reason, Unpriced};
use super::custom::Custom;

/// What a name stands for at an instant: a row of the book, rates of the caller's own, or the one over the other.
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    pub model: &'a str,
    pub provider: &'a str,
    pub kind: MatchKind,
    /// The region that the name says; that of a query goes before it.
    pub region: Option<String>,
    pub built_in: Option<(&'a Model, &'a Row)>,
    pub custom: Option<&'a Custom>,
}

impl<'a> Subject<'a> {
    /// The subject in a book.
    pub fn find(book: &'a Book, model: &str, provider: Option<&str>, at: Instant) -> Result<Self, Unpriced> {
        let unknown = || {
            let under = provider.map(|name| format!(" of provider {}", shown(name))).unwrap_or_default();
            Unpriced::new(Reason::UnknownModel, format!("no price is known for the model {}{under}", shown(model)))
        };
        let found = book.find(model, provider).ok_or_else(unknown)?;
        let subject = Self::of(book.model(found.handle).ok_or_else(unknown)?, found.kind, at)?;
        Ok(Self { region: found.region, ..subject })
    }

    /// The subject that a model is.
    pub fn of(model: &'a Model, kind: MatchKind, at: Instant) -> Result<Self, Unpriced> {
        let row = model.row_at(at).ok_or_else(|| {
            Unpriced::new(Reason::NoRate, format!("no price of {} ({}) is known for {at}", model.id, model.provider))
        })?;
        let built_in = Some((model, row));
        Ok(Self { model: &model.id, provider: &model.provider, kind, region: None, built_in, custom: None })
    }

    pub fn source(&self) -> RateSource {
        match (self.custom, self.built_in) {
            (Some(custom), _) => custom.row.source.clone(),
            (None, Some((_, row))) => row.source.clone(),
            (None, None) => Custom::default().row.source,
        }
    }

    /// All variants, the caller's first.
    pub fn variants(&self) -> impl Iterator<Item = &'a Variant> + use<'a> {
        let custom = self.custom.map_or(&[][..], Custom::variants);
        custom.iter().chain(self.built_in.map_or(&[][..], |(_, row)| row.variants()))
    }

    /// The rates that hold in these circumstances.
    pub fn sheet(&self, when: &Circumstances<'_>) -> Sheet<'a> {
        let mut sheet = Sheet::default();
        if let Some(custom) = self.custom {
            sheet.lay(0, &custom.row, when);
        }
        if let Some((_, row)) = self.built_in {
            sheet.lay(1, row, when);
        }
        sheet
    }
}

/// A name for a message: quoted when it looks like one, since anything may have been handed over by mistake.
pub(super) fn shown(name: &str) -> String {
    let plain = name.len() <= 80 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:/@".contains(&b));
    if plain && !name.starts_with("sk-") { crate::json::quote(name) } else { "of an unusual name".to_owned() }
}

/// What is fixed of a request besides its counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances<'a> {
    /// Input tokens, cache included.
    pub input_tokens: u64,
    /// Whether a request on a disputed edge is in the dearer tier.
    pub dispute: bool,
    /// The service tier, by the name that the variants have for it; `None` for the default.
    pub service: Option<&'a str>,
    /// The region; `None` for the global one.
    pub region: Option<&'a str>,
    /// When.
    pub at: Instant,
}

impl Circumstances<'_> {
    /// Whether a condition holds.
    pub fn hold(&self, when: &When) -> bool {
        when.context.is_none_or(|edge| edge.is_reached(self.input_tokens, self.dispute))
            && when.service.as_deref().is_none_or(|own| self.service.is_some_and(|name| own.eq_ignore_ascii_case(name)))
            && when.region.as_deref().is_none_or(|own| self.region.is_some_and(|name| is_region(own, name)))
            && when.schedule.is_none_or(|hours| hours.holds(self.at))
    }
}

/// The region of a variant that holds in every region but the global one.
const ANY_REGION: &str = "*";

/// The region that is none: wherever there is room.
pub(super) const GLOBAL: &str = "global";

/// Whether a variant's region is the one of a name.
pub(super) fn is_region(own: &str, name: &str) -> bool {
    own.eq_ignore_ascii_case(name) || own == ANY_REGION && !name.eq_ignore_ascii_case(GLOBAL)
}

/// Somewhere that rates are named: a variant that holds, or the rates that always do.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    when: Option<&'a When>,
    rates: &'a Rates,
    factor: Factor,
    dimensions: u8,
    /// 0 for the caller's, 1 for the built-in's.
    layer: u8,
}

impl Place<'_> {
    /// Whether its condition says all that the other's does.
    fn covers(&self, other: &Self) -> bool {
        other.dimensions & !self.dimensions == 0
    }
}

/// The rates of one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet<'a> {
    places: Vec<Place<'a>>,
    /// Whether the service tier is there and says nothing: it costs what the default does.
    service_as_default: bool,
}

/// A rate found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    /// The rate.
    pub rate: Rate,
    /// What multiplies it.
    pub factor: Factor,
    /// The unit that names it: another one where the unit asked for has none.
    pub unit: Option<Unit>,
    /// Whether it is the service tier's: the rate or a factor comes from a place that names one.
    pub by_service: bool,
    /// The place that names it.
    pub place: usize,
    /// The places of the factors, a bit each; for explaining, and so the first 64 of them.
    pub multiplied: u64,
}

impl<'a> Sheet<'a> {
    /// Lays out what holds of a row, below what is there: 0 for the caller's, 1 for the built-in one.
    pub fn lay(&mut self, layer: u8, row: &'a Row, when: &Circumstances<'_>) {
        for variant in row.variants().iter().filter(|variant| when.hold(&variant.when)) {
            let dimensions = variant.when.dimensions();
            let says_nothing = variant.rates.is_empty() && variant.factor == Factor::ONE;
            self.service_as_default |= dimensions == When::SERVICE && says_nothing;
            self.places.push(Place {
                when: Some(&variant.when),
                rates: &variant.rates,
                factor: variant.factor,
                dimensions,
                layer,
            });
        }
        self.places.push(Place { when: None, rates: &row.rates, factor: Factor::ONE, dimensions: 0, layer });
    }

    /// The rate of a unit, or of what stands in for it. `None` where there is none, or more factors than 64 bits hold.
    pub fn rate(&self, unit: Unit) -> Option<Found> {
        let mut unit = unit;
        loop {
            if let Some(found) = self.own(unit) {
                return Some(found);
            }
            unit = stands_in(unit, |unit| self.own(unit).is_some())?;
        }
    }

    /// The rate of a name in [`Usage::extra`](crate::usage::Usage::extra). A name that says more closely what a unit is
    /// (`images:hd/1024x1792`) has the unit's rate where the price makes no such difference at all.
    pub fn named(&self, name: &str) -> Option<Found> {
        let found = self.first(|rates| rates.named(name));
        let unit = unit_of_name(name);
        found.map(|(at, rate)| self.found(at, rate, unit)).unwrap_or_else(|| {
            let unit = unit?;
            let differs =
                |place: &Place<'_>| place.rates.iter_named().any(|(name, _)| unit_of_name(name) == Some(unit));
            if self.places.iter().any(differs) { None } else { self.rate(unit) }
        })
    }

    /// The rates of a unit: its own, and those of the names that say more closely what it is.
    pub fn rates_of(&self, unit: Unit) -> Vec<Found> {
        let mut all: Vec<_> = self.rate(unit).into_iter().collect();
        for place in &self.places {
            let names = place.rates.iter_named().filter(|(name, _)| unit_of_name(name) == Some(unit));
            all.extend(names.filter_map(|(name, _)| self.named(name)));
        }
        all
    }

    /// The condition of a place, and its factor; no condition for the rates that always hold.
    pub fn place(&self, at: usize) -> Option<(Option<&'a When>, Factor)> {
        self.places.get(at).map(|place| (place.when, place.factor))
    }

    fn own(&self, unit: Unit) -> Option<Found> {
        let (at, rate) = self.first(|rates| rates.get(unit))?;
        // Where one place names the output and only a less specific one its reasoning, the reasoning is that place's output.
        if unit == Unit::ReasoningOutside
            && let Some((nearer, rate)) = self.first(|rates| rates.get(Unit::Output))
            && nearer < at
            && self.places.get(nearer).is_some_and(|place| place.dimensions & When::SERVICE != 0)
        {
            return self.found(nearer, rate, Some(Unit::Output));
        }
        self.found(at, rate, Some(unit))
    }

    fn first(&self, rate: impl Fn(&Rates) -> Option<Rate>) -> Option<(usize, Rate)> {
        self.places.iter().enumerate().find_map(|(at, place)| Some((at, rate(place.rates)?)))
    }

    fn found(&self, at: usize, rate: Rate, unit: Option<Unit>) -> Option<Found> {
        let named = self.places.get(at)?;
        let mut factor = Factor::ONE;
        let mut multiplied = 0;
        let mut dimensions = named.dimensions;
        if unit.is_some_and(Unit::is_token) {
            for (index, place) in self.places.iter().enumerate() {
                let above = self.places.get(..index).unwrap_or(&[]);
                let gives_way = above.iter().any(|other| other.factor != Factor::ONE && other.covers(place));
                if place.factor != Factor::ONE && place.layer <= named.layer && !named.covers(place) && !gives_way {
                    factor = factor.times(place.factor)?;
                    dimensions |= place.dimensions;
                    multiplied |= 1_u64.checked_shl(index as u32).unwrap_or(0);
                }
            }
        }
        let by_service = self.service_as_default || dimensions & When::SERVICE != 0;
        Some(Found { rate, factor, unit, by_service, place: at, multiplied })
    }
}

/// The unit whose rate counts for one without a rate of its own.
///
/// - Cached tokens without a price are ordinary input, of their own kind: audio read from a cache is audio where audio has a
///   rate, else text read from a cache. An explicit zero is a price.
/// - A cache write without a price for how long it lasts is the next shorter kind.
/// - Audio, images and video without a price are ordinary tokens, as are reasoning and other output.
///
/// Everything else (fees, images, seconds, pages, citations) has a price or none.
fn stands_in(unit: Unit, has_rate: impl Fn(Unit) -> bool) -> Option<Unit> {
    let of_its_kind = |kind, plain| Some(if has_rate(kind) { kind } else { plain });
    match unit {
        Unit::CacheWrite12h => Some(Unit::CacheWrite1h),
        Unit::CacheWrite1h => Some(Unit::CacheWrite30m),
        Unit::CacheWrite30m => Some(Unit::CacheWrite),
        Unit::CacheReadAudio => of_its_kind(Unit::InputAudio, Unit::CacheRead),
        Unit::CacheWriteAudio => of_its_kind(Unit::InputAudio, Unit::CacheWrite),
        Unit::CacheReadImage => of_its_kind(Unit::InputImage, Unit::CacheRead),
        Unit::CacheRead | Unit::CacheWrite | Unit::InputAudio | Unit::InputImage | Unit::InputVideo => {
            Some(Unit::Input)
        }
        Unit::ReasoningOutside | Unit::OutputAudio | Unit::OutputImage | Unit::OutputVideo => Some(Unit::Output),
        _ => None,
    }
}
