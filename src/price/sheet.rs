//! Which rates hold for one request: the row of the moment, its tier, and the caller's own rates over both.

use crate::catalog::{Book, MatchKind, Model, RateSource, Row, Variant, When};
use crate::money::Rate;
use crate::time::Instant;
use crate::usage::Unit;

use super::cost::{Reason, Unpriced};
use super::custom::Custom;

/// What a name stands for at an instant: a row of the book, rates of the caller's own, or the one over the other.
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    pub model: &'a str,
    pub provider: &'a str,
    pub kind: MatchKind,
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
        let model = book.model(found.handle).ok_or_else(unknown)?;
        let row = model.row_at(at).ok_or_else(|| {
            Unpriced::new(Reason::NoRate, format!("no price of {} ({}) is known for {at}", model.id, model.provider))
        })?;
        Ok(Self {
            model: &model.id,
            provider: &model.provider,
            kind: found.kind,
            built_in: Some((model, row)),
            custom: None,
        })
    }

    pub fn source(&self) -> RateSource {
        match (self.custom, self.built_in) {
            (Some(custom), _) => custom.source.clone(),
            (None, Some((_, row))) => row.source.clone(),
            (None, None) => Custom::default().source,
        }
    }

    pub fn tiers(&self) -> impl Iterator<Item = &'a Variant> + use<'a> {
        let variants = self.built_in.map_or(&[][..], |(_, row)| row.variants());
        variants.iter().filter(|variant| variant.when.dimensions() == When::CONTEXT)
    }

    /// The rates in a tier, or in none.
    pub fn sheet(&self, tier: Option<&'a Variant>) -> Sheet<'a> {
        Sheet { row: self.built_in.map(|(_, row)| row), tier, custom: self.custom }
    }

    /// The rates for a request with so many input tokens on the cheap side of a disputed edge, and those on the dear
    /// side where they differ.
    pub fn sheets_at(&self, input_tokens: u64) -> (Sheet<'a>, Option<Sheet<'a>>) {
        let tier =
            |dispute| self.tiers().find(|tier| tier.when.context.is_some_and(|c| c.is_reached(input_tokens, dispute)));
        let (low, high) = (tier(false), tier(true));
        (self.sheet(low), high.filter(|_| low != high).map(|tier| self.sheet(Some(tier))))
    }
}

/// A name for a message: quoted when it looks like one, since anything may have been handed over by mistake.
pub(super) fn shown(name: &str) -> String {
    let plain = name.len() <= 80 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:/@".contains(&b));
    if plain && !name.starts_with("sk-") { format!("{name:?}") } else { "of an unusual name".to_owned() }
}

/// The rates of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sheet<'a> {
    row: Option<&'a Row>,
    tier: Option<&'a Variant>,
    custom: Option<&'a Custom>,
}

impl Sheet<'_> {
    /// The rate of a unit. A cache rate that is missing is the rate of the input it stands for; an explicit zero is zero.
    pub fn rate(&self, unit: Unit) -> Option<Rate> {
        self.own(unit).or_else(|| match unit {
            Unit::CacheRead | Unit::CacheWrite | Unit::CacheWrite1h => self.own(Unit::Input),
            Unit::CacheReadAudio => self.own(Unit::InputAudio),
            _ => None,
        })
    }

    /// The rate of a unit of the caller's own.
    pub fn extra(&self, name: &str) -> Option<Rate> {
        self.custom?.extra.get(name).copied()
    }

    fn own(&self, unit: Unit) -> Option<Rate> {
        // The caller's rate holds in every tier.
        self.custom
            .and_then(|custom| custom.rates.get(unit))
            .or_else(|| self.tier.and_then(|tier| tier.rates.get(unit)))
            .or_else(|| self.row.and_then(|row| row.rates.get(unit)))
    }
}
