//! What another table of prices would change in a book, and whether that is too much to be believed.
//!
//! A price that moves by more than a factor of ten, or a table that has lost models, is more often a broken file than news: a
//! slipped unit, a cut download, another kind of table under the same address. Who takes it all the same says so.

use super::book::{Book, Handle};
use super::merge::{days, implied, is_overlaid};
use super::model::{Model, Row, Variant, When};
use crate::json::{ToJson, Writer, quote};
use crate::money::{Factor, Rate};
use crate::time::Instant;
use crate::usage::{Unit, unit_of_name};

/// How much a table may change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The factor by which a price may move, up or down.
    pub price_ratio: f64,
    /// The share of the priced models that the table may lack.
    pub lost: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { price_ratio: 10.0, lost: 0.1 }
    }
}

/// More of a kind are counted and not listed.
const MAX_LISTED: usize = 1_000;

/// A list that is held short, and how many there are.
#[derive(Debug)]
struct List<T> {
    items: Vec<T>,
    count: usize,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { items: Vec::new(), count: 0 }
    }
}

impl<T> List<T> {
    fn push(&mut self, item: T) {
        self.count += 1;
        if self.items.len() < MAX_LISTED {
            self.items.push(item);
        }
    }
}

/// A price that is another one.
#[derive(Debug)]
struct Change {
    provider: String,
    model: String,
    /// The rate, or the multiplier, with the condition before it.
    rate: String,
    from: Option<String>,
    to: String,
    /// The first day of the row.
    since: Option<Instant>,
}

/// What a table changes in a book.
#[derive(Debug, Default)]
pub struct Difference {
    priced: usize,
    added: List<String>,
    lost: List<String>,
    changes: List<Change>,
    /// The changes that are too large.
    moved: List<String>,
}

impl Difference {
    /// What a table would change in a book, at an instant.
    pub fn between(book: &Book, table: &Book, limits: Limits) -> Self {
        let mut all = Self::default();
        for model in (0..table.len() as u32).filter_map(|at| table.copy(Handle(at))) {
            // Whatever its names have meant so far.
            let mut known: Vec<Handle> = Vec::new();
            for name in std::iter::once(&model.id).chain(&model.aliases) {
                if let Some(found) = book.find(name, Some(&model.provider))
                    && !known.contains(&found.handle)
                {
                    known.push(found.handle);
                }
            }
            let mut is_new = !model.rows.is_empty();
            for own in known.iter().filter_map(|handle| book.copy(*handle)) {
                is_new &= own.rows.is_empty();
                all.compare_limits(&own, &model, limits);
                all.compare(&own, &model, limits);
            }
            if is_new {
                all.added.push(format!("{}/{}", model.provider, model.id));
            }
        }
        for model in (0..book.len() as u32).filter_map(|at| book.copy(Handle(at))) {
            if model.rows.is_empty() {
                continue;
            }
            all.priced += 1;
            let found = table.find(&model.id, Some(&model.provider)).and_then(|found| table.copy(found.handle));
            if found.is_none_or(|found| found.rows.is_empty()) {
                all.lost.push(format!("{}/{}", model.provider, model.id));
            }
        }
        all
    }

    /// Compares what a model takes, gives and can do: what a call may cost at most follows from that as from a rate.
    fn compare_limits(&mut self, own: &Model, model: &Model, limits: Limits) {
        let counts =
            [("context", own.context_window, model.context_window), ("maxOutput", own.max_output, model.max_output)];
        for (what, from, to) in counts {
            let Some(to) = to.filter(|to| from != Some(*to)) else { continue };
            let is_large = from.is_some_and(|from| from as f64 > to as f64 * limits.price_ratio);
            let from = from.map(|from| from.to_string());
            self.change(model, what.to_owned(), from, to.to_string(), None, is_large);
        }
        if model.capabilities.bits() != 0 && own.capabilities != model.capabilities {
            let shown = |model: &Model| model.capabilities.names().collect::<Vec<_>>().join(", ");
            let from = Some(shown(own)).filter(|names| !names.is_empty());
            self.change(model, "capabilities".to_owned(), from, shown(model), None, false);
        }
    }

    /// Compares each row of the table with the one that has been in force on its first day; one of no known day with each that
    /// it would lie over.
    fn compare(&mut self, own: &Model, model: &Model, limits: Limits) {
        for (at, (row, day)) in days(&model.rows).enumerate() {
            match day {
                Some(day) => {
                    if let Some(base) = own.row_at(day) {
                        self.compare_rows(base, row, model, Some(day), limits);
                    }
                }
                None => {
                    for base in own.rows.iter().filter(|base| is_overlaid(base, model.rows.get(at + 1))) {
                        self.compare_rows(base, row, model, base.from, limits);
                    }
                }
            }
        }
    }

    fn compare_rows(&mut self, base: &Row, row: &Row, model: &Model, since: Option<Instant>, limits: Limits) {
        let plain = Variant { rates: row.rates.clone(), ..Variant::default() };
        for variant in std::iter::once(&plain).chain(row.variants()) {
            let when = &variant.when;
            let path = condition(when);
            let units = variant.rates.iter().map(|(unit, rate)| {
                (unit.key(), rate, Some(unit), implied(base, when, unit.is_token(), |rates| rates.get(unit)))
            });
            let named = variant.rates.iter_named().map(|(name, rate)| {
                let unit = unit_of_name(name);
                let is_token = unit.is_some_and(Unit::is_token);
                (name, rate, unit, implied(base, when, is_token, |rates| rates.named(name)))
            });
            for (name, rate, unit, before) in units.chain(named) {
                if before.is_none_or(|before| !before.is(rate)) {
                    let is_large = before.is_some_and(|before| {
                        is_beyond(
                            as_number(before.rate, before.factor),
                            as_number(rate, Factor::ONE),
                            limits.price_ratio,
                        )
                    });
                    let from = before.map(|before| show_rate(before.rate, before.factor, unit));
                    let to = show_rate(rate, Factor::ONE, unit);
                    self.change(model, format!("{path}{name}"), from, to, since, is_large);
                }
            }
            let own = base.variants().iter().find(|own| own.when.is_like(when));
            let factor = own.map_or(Factor::ONE, |own| own.factor);
            if variant.factor != Factor::ONE && variant.factor != factor {
                let is_large = is_beyond(factor.to_f64(), variant.factor.to_f64(), limits.price_ratio);
                let from = (factor != Factor::ONE).then(|| factor.to_string());
                self.change(model, format!("{path}multiplier"), from, variant.factor.to_string(), since, is_large);
            }
        }
    }

    fn change(
        &mut self,
        model: &Model,
        rate: String,
        from: Option<String>,
        to: String,
        since: Option<Instant>,
        is_large: bool,
    ) {
        let (provider, model) = (model.provider.to_string(), model.id.clone());
        if is_large {
            let from = from.as_deref().map(|from| format!("from {from} ")).unwrap_or_default();
            self.moved.push(format!("{rate} of {provider}/{model} {from}to {to}"));
        }
        self.changes.push(Change { provider, model, rate, from, to, since });
    }

    /// Whether it says anything.
    pub fn is_empty(&self) -> bool {
        self.added.count + self.changes.count == 0
    }

    /// What of it is too much: the reason's name, and what was expected and found.
    pub fn refusal(&self, limits: Limits) -> Option<(&'static str, String)> {
        if let Some(first) = self.moved.items.first() {
            let (count, ratio) = (self.moved.count, crate::json::number::print(limits.price_ratio));
            let others = if count > 1 { format!(" and {} others", count - 1) } else { String::new() };
            let found = format!("expected prices to move by at most a factor of {ratio}, found {first}{others}");
            return Some(("price_moved", found));
        }
        (self.lost.count as f64 > self.priced as f64 * limits.lost).then(|| {
            let percent = crate::json::number::print(limits.lost * 100.0);
            let (lost, priced) = (self.lost.count, self.priced);
            let first = self.lost.items.first().map(|name| quote(name)).unwrap_or_default();
            let found =
                format!("expected at most {percent} % of {priced} models to be missing, found {lost}: {first}, ...");
            ("models_lost", found)
        })
    }
}

impl ToJson for Difference {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        for (key, list) in [("added", &self.added), ("lost", &self.lost), ("moved", &self.moved)] {
            super::json::write_texts(key, &list.items, to);
        }
        to.key("changes");
        to.open('[');
        for change in &self.changes.items {
            to.open('{');
            to.text_of("provider", &change.provider);
            to.text_of("model", &change.model);
            to.text_of("rate", &change.rate);
            to.optional_text_of("from", change.from.as_deref());
            to.text_of("to", &change.to);
            if let Some(since) = change.since {
                to.text_of("since", since.to_string().get(..10).unwrap_or_default());
            }
            to.close('}');
        }
        to.close(']');
        to.key("counts");
        to.open('{');
        let counts = [self.added.count, self.lost.count, self.changes.count, self.moved.count];
        for (key, count) in ["added", "lost", "changes", "moved"].into_iter().zip(counts) {
            to.number_of(key, count as f64);
        }
        to.close('}');
        to.close('}');
    }
}

/// A condition as a path: `regions.eu.services.flex.tiers.200000.`; nothing for none.
pub(crate) fn condition(when: &When) -> String {
    let mut path = String::new();
    if let Some(region) = &when.region {
        path += &format!("regions.{region}.");
    }
    if let Some(service) = &when.service {
        path += &format!("services.{service}.");
    }
    if let Some(context) = when.context {
        path += &format!("tiers.{}.", context.tokens);
    }
    if let Some(hours) = when.schedule {
        path += &format!("schedule.{}.", hours.words().join(" "));
    }
    path
}

fn as_number(rate: Rate, factor: Factor) -> f64 {
    rate.pico() as f64 / f64::from(rate.per()) * factor.to_f64()
}

/// US dollars for a million tokens, or for one of anything else.
fn show_rate(rate: Rate, factor: Factor, unit: Option<Unit>) -> String {
    let units = if unit.is_none_or(Unit::is_token) { 1_000_000 } else { 1 };
    rate.cost(units, 1, factor).map(|usd| usd.to_string()).unwrap_or_default()
}

/// Whether a price moves by more than a factor; from nothing, or to nothing, is by more than any.
fn is_beyond(old: f64, new: f64, ratio: f64) -> bool {
    old != new && (old > new * ratio || new > old * ratio)
}
