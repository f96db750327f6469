//! A model and its dated price rows.

use std::sync::Arc;

use crate::json::{ToJson, Writer};
use crate::money::Rate;
use crate::time::Instant;
use crate::usage::Unit;

/// A model of one provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The provider's own name for it, as published.
    pub id: String,
    /// The provider, by its name in the public interface (`azure-openai`).
    pub provider: Arc<str>,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// Price rows, oldest first. Never empty.
    pub rows: Vec<Row>,
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
}

/// What a model costs from a date on. Append-only: a changed price is a new row, and an old call keeps its cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The first instant at which it is in force; `None` for a first row of unknown age.
    pub from: Option<Instant>,
    /// The rates of a request that reaches no tier.
    pub rates: Rates,
    /// Context tiers, by rising threshold.
    pub tiers: Vec<Tier>,
    /// Where the row was published.
    pub source: RateSource,
}

impl Row {
    /// The tier that a request with this many input tokens, cache included, falls into, on the cheap side of a disputed
    /// edge; and the tier on the dear side, where the two differ.
    pub fn tier_at(&self, input_tokens: u64) -> (Option<&Tier>, Option<&Tier>) {
        let low = self.tiers.iter().rev().find(|tier| tier.is_reached(input_tokens, false));
        let high = self.tiers.iter().rev().find(|tier| tier.is_reached(input_tokens, true));
        (low, high.filter(|high| low.is_none_or(|low| low.threshold != high.threshold)))
    }
}

/// Rates for requests with a long context. A tier is a cliff: it holds for the whole request, output included.
#[derive(Clone, Debug, PartialEq)]
pub struct Tier {
    /// Input tokens, cache included.
    pub threshold: u64,
    /// On which side a request of exactly the threshold lies.
    pub edge: Edge,
    /// The rates that differ from the row's.
    pub rates: Rates,
}

impl Tier {
    /// Whether a request with this many input tokens is in the tier; a disputed edge counts as `dispute` says.
    pub fn is_reached(&self, input_tokens: u64, dispute: bool) -> bool {
        match self.edge {
            Edge::Above => input_tokens > self.threshold,
            Edge::From => input_tokens >= self.threshold,
            Edge::Disputed => input_tokens > self.threshold || dispute && input_tokens == self.threshold,
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

/// Rates by unit; sparse, since a model has few.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates(Vec<(Unit, Rate)>);

impl Rates {
    /// The rate of exactly this unit; an explicit zero is a rate.
    pub fn get(&self, unit: Unit) -> Option<Rate> {
        self.0.iter().find(|(of, _)| *of == unit).map(|(_, rate)| *rate)
    }

    /// Sets a rate; gives back the one it replaces.
    pub fn set(&mut self, unit: Unit, rate: Rate) -> Option<Rate> {
        match self.0.iter_mut().find(|(of, _)| *of == unit) {
            Some((_, slot)) => Some(std::mem::replace(slot, rate)),
            None => {
                self.0.push((unit, rate));
                None
            }
        }
    }

    /// The rates in the order in which they were set.
    pub fn iter(&self) -> impl Iterator<Item = (Unit, Rate)> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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
