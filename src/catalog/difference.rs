//! What another table of prices would change in a book, and whether that is too much to be believed.
//!
//! A price that moves by more than a factor of ten, or a table that has lost models, is more often a broken file than news: a
//! slipped unit, a cut download, another kind of table under the same address. Who takes it all the same says so.

use super::book::{Book, Handle};
use super::merge::{Implied, days, implied, is_overlaid, lay_row};
use super::model::{Model, Rates, Row, Variant, When};
use super::taken::{Taken, taken};
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
    /// How many names may find another provider's model than they do.
    pub taken: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { price_ratio: 10.0, lost: 0.1, taken: 0.0 }
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
    /// The names that would mean another provider's models.
    taken: List<Taken>,
    /// Whether there are more names than can be looked at.
    is_too_wide: bool,
}

/// Why a table is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its name in the public interface.
    pub reason: &'static str,
    /// What was expected and found.
    pub detail: String,
    /// The model of the table on which it rests, as `provider/id`, where it is one.
    pub path: Option<String>,
}

impl Difference {
    /// What a table would change in a book; `merged` is the book with the table over it.
    pub fn between(book: &Book, table: &Book, merged: &Book, limits: Limits) -> Self {
        let mut all = Self::default();
        all.is_too_wide = !taken(book, merged, |one| all.taken.push(one));
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
            let same = book.same(&model, table);
            for handle in known {
                let Some(own) = book.copy(handle) else { continue };
                is_new &= own.rows.is_empty();
                all.compare_limits(&own, &model, limits);
                all.compare(&own, &model, same == Some(handle), limits);
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
    fn compare(&mut self, own: &Model, model: &Model, is_same: bool, limits: Limits) {
        for (at, (row, day)) in days(&model.rows).enumerate() {
            match day {
                Some(day) => {
                    if let Some(base) = own.row_at(day) {
                        self.compare_rows(base, row, model, Some(day), is_same);
                        self.compare_costs(base, row, model, is_same, limits);
                    }
                }
                None => {
                    for base in own.rows.iter().filter(|base| is_overlaid(base, model.rows.get(at + 1))) {
                        self.compare_rows(base, row, model, base.from, is_same);
                        self.compare_costs(base, row, model, is_same, limits);
                    }
                }
            }
        }
    }

    fn compare_rows(&mut self, base: &Row, row: &Row, model: &Model, since: Option<Instant>, is_same: bool) {
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
                    let from = before.map(|before| show_rate(before.rate, before.factor, unit));
                    let to = show_rate(rate, Factor::ONE, unit);
                    self.change(model, format!("{path}{name}"), from, to, since, false);
                }
            }
            let own = base.variants().iter().find(|own| own.when.is_like(when));
            let factor = own.map_or(Factor::ONE, |own| own.factor);
            if variant.factor != Factor::ONE && variant.factor != factor {
                let from = (factor != Factor::ONE).then(|| factor.to_string());
                self.change(model, format!("{path}multiplier"), from, variant.factor.to_string(), since, false);
            }
        }
        if !is_same {
            return;
        }
        // What goes with the price that it was a discount on.
        let laid = lay_row(base, row, None, None);
        for own in base.variants() {
            let of =
                |row: &Row| row.variants().iter().find(|other| other.when.is_like(&own.when)).map(|v| v.rates.clone());
            let (kept, said) = (of(&laid).unwrap_or_default(), of(row).unwrap_or_default());
            for name in names(&own.rates) {
                if rate_of(&kept, name).is_some() || rate_of(&said, name).is_some() {
                    continue;
                }
                let (unit, shown) = (unit_of(name), |row: &Row| effective(row, &own.when, name));
                if let (Some(from), Some(to)) = (shown(base), shown(&laid)) {
                    let [from, to] = [from, to].map(|rate| show_rate(rate.rate, rate.factor, unit));
                    self.change(model, format!("{}{name}", condition(&own.when)), Some(from), to, since, false);
                }
            }
        }
    }

    /// Compares what the units cost under every set of conditions that one of the rows knows: factors multiply, and a tier that
    /// moves changes what lies between. A unit that moves too far is told once.
    fn compare_costs(&mut self, base: &Row, row: &Row, model: &Model, is_same: bool, limits: Limits) {
        let laid = if is_same { lay_row(base, row, None, None) } else { row.clone() };
        if base.rates == laid.rates && base.variants() == laid.variants() {
            return;
        }
        let target = format!("{}/{}", model.provider, model.id);
        let Some(whens) = conditions(base, &laid) else {
            self.moved.push(format!("more conditions of {target} than can be compared"));
            return;
        };
        let mut units: Vec<&str> = Vec::new();
        for rates in std::iter::once(&base.rates).chain(base.variants().iter().map(|variant| &variant.rates)) {
            for name in names(rates) {
                if !units.contains(&name) {
                    units.push(name);
                }
            }
        }
        for name in units {
            for when in &whens {
                let (Some(from), Some(to)) = (effective(base, when, name), effective(&laid, when, name)) else {
                    continue;
                };
                if is_beyond(as_number(from.rate, from.factor), as_number(to.rate, to.factor), limits.price_ratio) {
                    let unit = unit_of(name);
                    let [from, to] = [from, to].map(|rate| show_rate(rate.rate, rate.factor, unit));
                    self.moved.push(format!("{}{name} of {target} from {from} to {to}", condition(when)));
                    break;
                }
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

    /// What of it is too much.
    pub fn refusal(&self, limits: Limits) -> Option<Refusal> {
        let others = |count: usize| if count > 1 { format!(" and {} others", count - 1) } else { String::new() };
        if self.is_too_wide && limits.taken.is_finite() {
            let detail = "expected names that can all be looked at, found more".to_owned();
            return Some(Refusal { reason: "name_taken", detail, path: None });
        }
        let is_beyond = self.taken.count as f64 > limits.taken;
        if let Some(Taken { name, from, to }) = self.taken.items.first().filter(|_| is_beyond) {
            let (name, others) = (quote(name), others(self.taken.count));
            let detail =
                format!("expected names to stay with their providers, found {name} taken from {from} by {to}{others}");
            return Some(Refusal { reason: "name_taken", detail, path: Some(to.clone()) });
        }
        if let Some(first) = self.moved.items.first() {
            let (ratio, others) = (crate::json::number::print(limits.price_ratio), others(self.moved.count));
            let detail = format!("expected prices to move by at most a factor of {ratio}, found {first}{others}");
            return Some(Refusal { reason: "price_moved", detail, path: None });
        }
        (self.lost.count as f64 > self.priced as f64 * limits.lost).then(|| {
            let percent = crate::json::number::print(limits.lost * 100.0);
            let (lost, priced) = (self.lost.count, self.priced);
            let first = self.lost.items.first().map(|name| quote(name)).unwrap_or_default();
            let detail =
                format!("expected at most {percent} % of {priced} models to be missing, found {lost}: {first}, ...");
            Refusal { reason: "models_lost", detail, path: None }
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
        to.key("taken");
        to.open('[');
        for Taken { name, from, to: by } in &self.taken.items {
            to.open('{');
            to.text_of("name", name);
            to.text_of("from", from);
            to.text_of("to", by);
            to.close('}');
        }
        to.close(']');
        to.key("counts");
        to.open('{');
        let counts = [self.added.count, self.lost.count, self.changes.count, self.moved.count, self.taken.count];
        for (key, count) in ["added", "lost", "changes", "moved", "taken"].into_iter().zip(counts) {
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

/// More sets of conditions than any price has: a hostile row is not gone through.
const MAX_CONDITIONS: usize = 2_048;

/// Every set of the conditions that two rows name, none first; `None` for too many.
fn conditions(base: &Row, laid: &Row) -> Option<Vec<When>> {
    let mut all = vec![When::default()];
    for at in 0..4 {
        let mut own: Vec<When> = Vec::new();
        for when in base.variants().iter().chain(laid.variants()).map(|variant| &variant.when) {
            let mut one = When::default();
            match at {
                0 => one.region.clone_from(&when.region),
                1 => one.service.clone_from(&when.service),
                2 => one.context = when.context,
                _ => one.schedule = when.schedule,
            }
            if one != When::default() && !own.iter().any(|known| known.is_like(&one)) {
                own.push(one);
            }
        }
        if all.len() * (own.len() + 1) > MAX_CONDITIONS {
            return None;
        }
        for place in 0..all.len() {
            for one in &own {
                let when = all.get(place)?;
                all.push(When {
                    region: one.region.clone().or_else(|| when.region.clone()),
                    service: one.service.clone().or_else(|| when.service.clone()),
                    context: one.context.or(when.context),
                    schedule: one.schedule.or(when.schedule),
                });
            }
        }
    }
    Some(all)
}

fn names(rates: &Rates) -> impl Iterator<Item = &str> {
    rates.iter().map(|(unit, _)| unit.key()).chain(rates.iter_named().map(|(name, _)| name))
}

fn rate_of(rates: &Rates, name: &str) -> Option<Rate> {
    Unit::parse(name).map_or_else(|| rates.named(name), |unit| rates.get(unit))
}

fn effective(row: &Row, when: &When, name: &str) -> Option<Implied> {
    implied(row, when, unit_of(name).is_some_and(Unit::is_token), |rates| rate_of(rates, name))
}

fn unit_of(name: &str) -> Option<Unit> {
    Unit::parse(name).or_else(|| unit_of_name(name))
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
