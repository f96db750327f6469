//! Prices whose source was read too long ago.

use super::book::{Book, Handle};
use super::model::RateSource;
use crate::json::{ToJson, Writer};
use crate::time::{DAY, Instant};

/// A model whose price may be out of date.
#[derive(Clone, Debug, PartialEq)]
pub struct Stale {
    /// The model.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// Where the price in force comes from.
    pub source: RateSource,
    /// Whole days since the source was read; `None` where nobody knows when it was.
    pub days: Option<i64>,
}

impl Book {
    /// The models whose price in force at an instant comes from a source that was read more than so many days before it, or
    /// nobody knows when. Models without a price are none.
    pub fn stale(&self, older_than_days: f64, at: Instant) -> Vec<Stale> {
        let stale = |handle| {
            let model = self.copy(Handle(handle))?;
            let row = model.row_at(at).or_else(|| model.rows.first())?;
            let read = Instant::parse(&row.source.retrieved_at).ok();
            let days = read.map(|read| (at.ms() - read.ms()).div_euclid(DAY));
            let source = row.source.clone();
            let is_stale = days.is_none_or(|days| days as f64 > older_than_days);
            is_stale.then(|| Stale { provider: model.provider.to_string(), model: model.id, source, days })
        };
        (0..self.len() as u32).filter_map(stale).collect()
    }
}

impl ToJson for Stale {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("model", &self.model);
        to.text_of("provider", &self.provider);
        to.value_of("source", &self.source);
        if let Some(days) = self.days {
            to.number_of("days", days as f64);
        }
        to.close('}');
    }
}
