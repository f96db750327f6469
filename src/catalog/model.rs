//! A model and its dated price rows.

use std::sync::Arc;

use crate::json::{ToJson, Writer};
use crate::money::{Factor, Rate};
use crate::time::Instant;
use crate::usage::Unit;

use super::schedule::Schedule;

/// A model of one provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// The provider's own name for it, as published.
    pub id: String,
    /// The provider, by its name in the public interface (`azure-openai`).
    pub provider: Arc<str>,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// Price rows, oldest first. Never empty in a book.
    pub rows: Vec<Row>,
    /// What it is for (`chat`, `embedding`, ...); empty where that is not known.
    pub mode: Arc<str>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The largest input in tokens, where published.
    pub context_window: Option<u64>,
    /// The largest output in tokens, where published.
    pub max_output: Option<u64>,
}

impl Model {
    /// The row in force at an instant; `None` before the first row begins.
    pub fn row_at(&self, at: Instant) -> Option<&Row> {
        self.rows.iter().rev().find(|row| row.from.is_none_or(|from| from <= at))
    }

    /// Whether its price may differ between the day its data was read and a later instant: a row is still to come, or the
    /// newest one has a price by the hour.
    pub fn is_unsettled(&self, read: Option<Instant>) -> bool {
        self.rows.last().is_some_and(|last| {
            last.from.is_some() && last.from > read || last.variants.iter().any(|v| v.when.schedule.is_some())
        })
    }
}

/// What a model can do, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(u32);

impl Capabilities {
    /// The names in the public interface; a bit each, in this order.
    pub const NAMES: [&'static str; 14] = [
        "vision",
        "audio",
        "video",
        "pdf",
        "audioOutput",
        "imageOutput",
        "tools",
        "parallelTools",
        "toolChoice",
        "jsonSchema",
        "reasoning",
        "caching",
        "webSearch",
        "computerUse",
    ];

    /// The set of those bits; `None` when one has no name.
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits >> Self::NAMES.len() == 0 { Some(Self(bits)) } else { None }
    }

    /// The bits, in the order of [`Capabilities::NAMES`].
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Adds the capability of that name; says whether there is one.
    pub fn add(&mut self, name: &str) -> bool {
        let at = Self::NAMES.iter().position(|known| *known == name);
        self.0 |= at.map_or(0, |at| 1 << at);
        at.is_some()
    }

    /// Whether it is in the set.
    pub fn has(self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The names in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().enumerate().filter(move |(at, _)| self.0 >> at & 1 == 1).map(|(_, name)| name)
    }
}

/// What a model costs from a date on. Append-only: a changed price is a new row, and an old call keeps its cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The first instant at which it is in force; `None` for a first row of unknown age.
    pub from: Option<Instant>,
    /// The rates of a request for which no variant holds.
    pub rates: Rates,
    /// What differs under a condition, the most specific first: see [`Row::new`].
    variants: Vec<Variant>,
    /// Which of them name neither a service tier nor a region: all that the hot path has to look at.
    plain: Vec<u16>,
    /// Where the row was published.
    pub source: RateSource,
}

impl Row {
    /// A row. The variants may come in any order; they are kept by falling [`When::rank`], and those of one rank by falling
    /// threshold.
    pub fn new(from: Option<Instant>, rates: Rates, variants: Vec<Variant>, source: RateSource) -> Self {
        let mut row = Self { from, rates, variants: Vec::new(), plain: Vec::new(), source };
        variants.into_iter().for_each(|variant| row.add(variant));
        row
    }

    /// Adds a variant, wherever it belongs.
    pub fn add(&mut self, variant: Variant) {
        let order = variant.when.order();
        let at = self.variants.iter().position(|other| other.when.order() < order).unwrap_or(self.variants.len());
        self.variants.insert(at, variant);
        let plain = |variant: &Variant| variant.when.dimensions() & (When::SERVICE | When::REGION) == 0;
        let all = self.variants.iter().enumerate();
        self.plain = all.filter(|(_, variant)| plain(variant)).map(|(at, _)| at as u16).collect();
    }

    /// The variant of a condition, whatever the edge of its context, to change what it says.
    pub(super) fn like(&mut self, when: &When) -> Option<&mut Variant> {
        self.variants.iter_mut().find(|own| own.when.is_like(when))
    }

    /// The variants that name neither a service tier nor a region, the most specific first.
    pub fn plain_variants(&self) -> impl Iterator<Item = &Variant> + Clone {
        self.plain.iter().filter_map(|at| self.variants.get(usize::from(*at)))
    }

    /// What differs under a condition, the most specific first.
    pub fn variants(&self) -> &[Variant] {
        &self.variants
    }

    /// The thresholds of all context tiers.
    pub fn tiers(&self) -> impl Iterator<Item = Threshold> + '_ {
        self.variants.iter().filter_map(|variant| variant.when.context)
    }

    /// The service tiers that the row has rates for, each once.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.names(|when| when.service.as_deref())
    }

    /// The regions that the row has rates for, each once.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.names(|when| when.region.as_deref())
    }

    fn names<'a>(&'a self, name: impl Fn(&'a When) -> Option<&'a str> + Copy) -> impl Iterator<Item = &'a str> {
        let of = move |variant: &'a Variant| name(&variant.when);
        self.variants.iter().enumerate().filter_map(move |(at, variant)| {
            let found = of(variant)?;
            let before = self.variants.get(..at).unwrap_or(&[]);
            (!before.iter().any(|earlier| of(earlier) == Some(found))).then_some(found)
        })
    }
}

/// What differs from a row's rates under a condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variant {
    /// When it holds.
    pub when: When,
    /// The rates that it names.
    pub rates: Rates,
    /// What it multiplies every token rate with that a less specific place names.
    pub factor: Factor,
}

/// When a variant holds: when everything it names does. One that names nothing is never asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct When {
    /// Requests with a long context.
    pub context: Option<Threshold>,
    /// The service tier that serves (`flex`), lower case.
    pub service: Option<Arc<str>>,
    /// The region that serves (`eu`), lower case; `*` is every region but the global one.
    pub region: Option<Arc<str>>,
    /// The hours.
    pub schedule: Option<Schedule>,
}

impl When {
    /// The bit of each thing that a condition may name, by what decides between two conditions that name as many.
    pub const SCHEDULE: u8 = 1;
    /// See [`When::SCHEDULE`].
    pub const SERVICE: u8 = 2;
    /// See [`When::SCHEDULE`].
    pub const CONTEXT: u8 = 4;
    /// See [`When::SCHEDULE`].
    pub const REGION: u8 = 8;

    /// What it names, as a set of bits.
    pub fn dimensions(&self) -> u8 {
        let bit = |named: bool, bit| if named { bit } else { 0 };
        bit(self.region.is_some(), Self::REGION)
            | bit(self.context.is_some(), Self::CONTEXT)
            | bit(self.service.is_some(), Self::SERVICE)
            | bit(self.schedule.is_some(), Self::SCHEDULE)
    }

    /// How specific it is. Who names more is more specific; of two that name as many, the one with the region, then the
    /// context, the service tier, the schedule.
    ///
    /// The context comes before the service tier since a context tier is a cliff for the whole request: where a source has
    /// rates for `flex` and for a long context and none for both, the request is billed at least as one with a long context.
    pub fn rank(&self) -> u8 {
        let dimensions = self.dimensions();
        (dimensions.count_ones() as u8) << 4 | dimensions
    }

    /// Whether two conditions are one but for the edge of their context.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let tokens = |when: &Self| when.context.map(|context| context.tokens);
        let same = (&self.service, &self.region, self.schedule) == (&other.service, &other.region, other.schedule);
        same && tokens(self) == tokens(other)
    }

    /// As [`When::rank`]; of two equal ones, the higher threshold, and the named region before `*`.
    fn order(&self) -> (u8, u64, bool) {
        (self.rank(), self.context.map_or(0, |context| context.tokens), self.region.as_deref() != Some("*"))
    }
}

/// The edge of a context tier. A tier is a cliff: it holds for the whole request, output included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// Input tokens, cache included.
    pub tokens: u64,
    /// On which side a request of exactly the threshold lies.
    pub edge: Edge,
}

impl Threshold {
    /// Whether a request with this many input tokens is in the tier; a disputed edge counts as `dispute` says.
    pub fn is_reached(self, input_tokens: u64, dispute: bool) -> bool {
        match self.edge {
            Edge::Above => input_tokens > self.tokens,
            Edge::From => input_tokens >= self.tokens,
            Edge::Disputed => input_tokens > self.tokens || dispute && input_tokens == self.tokens,
        }
    }
}

/// Where a request of exactly a tier's threshold belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Below the tier (Google: "up to and including 200,000").
    Above,
    /// In the tier (xAI: 200,000 is the high one).
    From,
    /// Sources differ (OpenAI at 272,000): a cost takes the low side with a warning, a bound the high one.
    Disputed,
}

/// Rates by unit, and by name where one unit has several; sparse, since a model has few.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
    units: Vec<(Unit, Rate)>,
    named: Vec<(Arc<str>, Rate)>,
}

impl Rates {
    /// The rate of exactly this unit; an explicit zero is a rate.
    pub fn get(&self, unit: Unit) -> Option<Rate> {
        self.units.iter().find(|(of, _)| *of == unit).map(|(_, rate)| *rate)
    }

    /// The rate of a name, `<unit>:<name>` or one of the caller's own.
    pub fn named(&self, name: &str) -> Option<Rate> {
        self.named.iter().find(|(of, _)| &**of == name).map(|(_, rate)| *rate)
    }

    /// Sets a rate; gives back the one it replaces.
    pub fn set(&mut self, unit: Unit, rate: Rate) -> Option<Rate> {
        match self.units.iter_mut().find(|(of, _)| *of == unit) {
            Some((_, slot)) => Some(std::mem::replace(slot, rate)),
            None => {
                let at = self.units.iter().position(|(of, _)| *of > unit).unwrap_or(self.units.len());
                self.units.insert(at, (unit, rate));
                None
            }
        }
    }

    /// Sets the rate of a name; gives back the one it replaces.
    pub fn set_named(&mut self, name: &str, rate: Rate) -> Option<Rate> {
        match self.named.iter_mut().find(|(of, _)| &**of == name) {
            Some((_, slot)) => Some(std::mem::replace(slot, rate)),
            None => {
                let at = self.named.iter().position(|(of, _)| &**of > name).unwrap_or(self.named.len());
                self.named.insert(at, (name.into(), rate));
                None
            }
        }
    }

    /// Takes the rate of a unit away; says whether there was one.
    pub(super) fn unset(&mut self, unit: Unit) -> bool {
        let count = self.units.len();
        self.units.retain(|(of, _)| *of != unit);
        self.units.len() < count
    }

    /// Takes the rate of a name away; says whether there was one.
    pub(super) fn unset_named(&mut self, name: &str) -> bool {
        let count = self.named.len();
        self.named.retain(|(of, _)| &**of != name);
        self.named.len() < count
    }

    /// The rates by unit, in the order of [`Unit::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Unit, Rate)> + '_ {
        self.units.iter().copied()
    }

    /// The rates by name, in the order of the names.
    pub fn iter_named(&self) -> impl Iterator<Item = (&str, Rate)> {
        self.named.iter().map(|(name, rate)| (&**name, *rate))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty() && self.named.is_empty()
    }
}

impl FromIterator<(Unit, Rate)> for Rates {
    fn from_iter<I: IntoIterator<Item = (Unit, Rate)>>(rates: I) -> Self {
        let mut all = Self::default();
        for (unit, rate) in rates {
            all.set(unit, rate);
        }
        all
    }
}

/// Where a rate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateSource {
    /// The data set and its version, or the application.
    pub name: Arc<str>,
    /// The page that publishes the price; empty where none is known.
    pub url: Arc<str>,
    /// The date (`YYYY-MM-DD`) from which the price holds, where known.
    pub effective_from: Option<String>,
    /// The date (`YYYY-MM-DD`) on which the source was read; empty where none is known.
    pub retrieved_at: Arc<str>,
}

impl ToJson for RateSource {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("name", &self.name);
        to.text_of("url", &self.url);
        to.optional_text_of("effectiveFrom", self.effective_from.as_deref());
        to.text_of("retrievedAt", &self.retrieved_at);
        to.close('}');
    }
}
