//! A model's rates for reading.

use crate::collections::Map;
use std::sync::Arc;

use crate::catalog::{Book, Handle, MatchKind, RateSource, Rates, Variant, write_variants};
use crate::json::{ToJson, Writer};
use crate::time::Instant;
use crate::usage::Unit;

use super::sheet::Subject;

/// A model's rates as AgentGuard's programs read them, and every one of them exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelPricing {
    /// The model.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// US dollars for a thousand input tokens; 0 where it has no such rate (see `rates`).
    pub input_cost_per_1k: f64,
    /// US dollars for a thousand output tokens; 0 where it has no such rate (see `rates`).
    pub output_cost_per_1k: f64,
    /// US dollars for an image.
    pub image_cost: Option<f64>,
    /// US dollars for a second of audio.
    pub audio_cost_per_second: Option<f64>,
    /// The date on which the source was read.
    pub last_updated: Arc<str>,
    /// Where the rates come from.
    pub source: RateSource,
    /// Every rate that the model has, in US dollars for a million, as exact decimals.
    pub rates: Map<String, String>,
    /// What differs under conditions.
    pub variants: Vec<Variant>,
}

impl ToJson for ModelPricing {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("model", &self.model);
        to.text_of("provider", &self.provider);
        to.number_of("inputCostPer1K", self.input_cost_per_1k);
        to.number_of("outputCostPer1K", self.output_cost_per_1k);
        for (key, cost) in [("imageCost", self.image_cost), ("audioCostPerSecond", self.audio_cost_per_second)] {
            if let Some(cost) = cost {
                to.number_of(key, cost);
            }
        }
        to.text_of("lastUpdated", &self.last_updated);
        to.value_of("source", &self.source);
        to.key("rates");
        to.open('{');
        self.rates.iter().for_each(|(unit, rate)| to.text_of(unit, rate));
        to.close('}');
        write_variants(&self.variants, to);
        to.close('}');
    }
}

impl ModelPricing {
    /// The rates of a model of a book in force at an instant.
    pub fn of(book: &Book, handle: Handle, at: Instant) -> Option<Self> {
        let model = book.model(handle)?;
        let row = model.row_at(at)?;
        Some(view(&Subject {
            model: &model.id,
            provider: &model.provider,
            kind: MatchKind::Exact,
            region: None,
            built_in: Some((model, row)),
            custom: None,
        }))
    }
}

pub(super) fn view(subject: &Subject<'_>) -> ModelPricing {
    let built_in = subject.built_in.map(|(_, row)| &row.rates);
    let own = subject.custom.map(|custom| &custom.row.rates);
    let rate = |unit| own.and_then(|rates| rates.get(unit)).or_else(|| built_in.and_then(|rates| rates.get(unit)));
    let mut rates = Map::new();
    for unit in Unit::ALL {
        if let Some(rate) = rate(unit) {
            rates.insert(unit.key().to_owned(), rate.per_million());
        }
    }
    // The caller's come last, and so win.
    for (name, rate) in built_in.into_iter().chain(own).flat_map(Rates::iter_named) {
        rates.insert(name.to_owned(), rate.per_million());
    }
    let source = subject.source();
    // Of one condition the caller's price stands before the built-in one.
    let mut variants: Vec<Variant> = Vec::new();
    for variant in subject.variants() {
        if variants.iter().all(|known| known.when != variant.when) {
            variants.push(variant.clone());
        }
    }
    ModelPricing {
        model: subject.model.to_owned(),
        provider: subject.provider.to_owned(),
        input_cost_per_1k: rate(Unit::Input).map_or(0.0, |rate| rate.per_1k()),
        output_cost_per_1k: rate(Unit::Output).map_or(0.0, |rate| rate.per_1k()),
        image_cost: rate(Unit::Images).map(|rate| rate.per_unit()),
        audio_cost_per_second: rate(Unit::AudioSeconds).map(|rate| rate.per_unit()),
        last_updated: source.retrieved_at.clone(),
        source,
        rates,
        variants,
    }
}
