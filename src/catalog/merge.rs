//! Two books as one: the other's word wins, and what it does not say stays.
//!
//! - **Models** are the same when one provider has them under one id; a name that is only another name of a model means that
//!   model, unless the other book has both. Limits, modes and capabilities are the other's where it names them.
//! - **Rows** go by their first days. A row without one holds from the day on which its source was read, as long as it still
//!   held on that day: it says nothing about the days before, and an old call keeps its cost. Where that is not known either it
//!   holds always, and lies over every row of its time.
//! - **Rates** of a row lie over those in force on its first day. A rate that changes takes along what stood for its unit under
//!   conditions that the other row does not name, as long as that was no more than the old price or the new one: those were
//!   discounts on the old price. Surcharges stay as they are.
//! - A row that says nothing new adds no row; that the price was read again is noted on the one in force.

use super::book::{Book, Handle, ProviderName};
use super::model::{Edge, Model, RateSource, Rates, Row, Variant, When};
use crate::collections::Set;
use crate::error::Result;
use crate::money::{Factor, Rate};
use crate::time::Instant;
use crate::usage::{Unit, unit_of_name};

impl Book {
    /// This book with another one over it.
    pub fn merge(&self, over: &Self) -> Result<Self> {
        let mut names: Vec<ProviderName> = Vec::new();
        for own in self.providers() {
            names.push(ProviderName {
                name: own.name.to_string(),
                aliases: own.aliases.clone(),
                is_ranked: own.is_ranked,
            });
        }
        for other in over.providers().iter().filter(|other| self.provider(&other.name).is_none()) {
            let free = |alias: &&String| self.provider(alias).is_none();
            names.push(ProviderName {
                name: other.name.to_string(),
                aliases: other.aliases.iter().filter(free).cloned().collect(),
                is_ranked: other.is_ranked,
            });
        }
        let handles = |book: &Self| 0..book.len() as u32;
        // By handle, with the names that the other book gives.
        let mut models: Vec<(Option<Model>, Vec<String>)> =
            handles(self).map(|at| (self.copy(Handle(at)), Vec::new())).collect();
        for other in handles(over).filter_map(|at| over.copy(Handle(at))) {
            let same = self.same(&other, over).and_then(|handle| models.get_mut(handle.0 as usize));
            match same {
                Some((Some(own), aliases)) => {
                    aliases.extend(other.aliases.iter().chain([&other.id]).cloned());
                    lay_model(own, &other);
                }
                _ => {
                    let mut model = other;
                    if let Some(own) = self.provider(&model.provider) {
                        model.provider = own.name.clone();
                    }
                    let aliases = std::mem::take(&mut model.aliases);
                    models.push((Some(model), aliases));
                }
            }
        }
        Book::of(&names, settle_names(models), self.retrieved.max(over.retrieved))
    }

    /// A model, without keeping it where it was not asked for before: who goes through all of them asks for each once.
    pub(super) fn copy(&self, handle: Handle) -> Option<Model> {
        match self.models.get(handle.0 as usize)?.get() {
            Some(known) => known.as_deref().cloned(),
            None => self.read_model(handle).ok(),
        }
    }

    /// The model of this book that one of another book is.
    pub(super) fn same(&self, other: &Model, of: &Self) -> Option<Handle> {
        let (handle, is_alias) = self.find_name(self.provider(&other.provider)?, &other.id.to_ascii_lowercase())?;
        if !is_alias {
            return Some(handle);
        }
        let own = self.copy(handle)?;
        let both = of.find_name(of.provider(&other.provider)?, &own.id.to_ascii_lowercase());
        both.is_none_or(|(_, is_alias)| is_alias).then_some(handle)
    }

    /// Where the models of an earlier book stand in this one, by their handles there.
    pub fn places_of(&self, earlier: &Self) -> Vec<Option<Handle>> {
        let place = |at: u32| {
            let model = earlier.copy(Handle(at))?;
            let (handle, is_alias) = self.find_name(self.provider(&model.provider)?, &model.id.to_ascii_lowercase())?;
            (!is_alias).then_some(handle)
        };
        (0..earlier.len() as u32).map(place).collect()
    }
}

/// A name is the model's whose id it is, else the one's for which the other book claims it, else whose it was.
fn settle_names(models: Vec<(Option<Model>, Vec<String>)>) -> Vec<Model> {
    let name = |model: &Model, name: &str| (model.provider.to_string(), name.to_ascii_lowercase());
    let mut taken = Set::new();
    let mut all: Vec<(Model, Vec<String>)> =
        models.into_iter().filter_map(|(model, aliases)| Some((model?, aliases))).collect();
    for (model, _) in &all {
        taken.insert(name(model, &model.id));
    }
    for (model, aliases) in &mut all {
        aliases.retain(|alias| taken.insert(name(model, alias)));
    }
    let settle = |(mut model, mut aliases): (Model, Vec<String>)| {
        let own = std::mem::take(&mut model.aliases);
        aliases.extend(own.into_iter().filter(|alias| taken.insert(name(&model, alias))));
        Model { aliases, ..model }
    };
    all.into_iter().map(settle).collect()
}

/// Lays what another book says of a model over it.
fn lay_model(own: &mut Model, over: &Model) {
    if !over.mode.is_empty() {
        own.mode = over.mode.clone();
    }
    own.context_window = over.context_window.or(own.context_window);
    own.max_output = over.max_output.or(own.max_output);
    if over.capabilities.bits() != 0 {
        own.capabilities = over.capabilities;
    }
    lay_rows(&mut own.rows, &over.rows);
}

/// The first day of each row, where one is known: for a row without, the day on which its source was read, if it was still in
/// force then.
pub(super) fn days(rows: &[Row]) -> impl Iterator<Item = (&Row, Option<Instant>)> {
    rows.iter().enumerate().map(|(at, row)| {
        let read = || {
            let read = Instant::parse(&row.source.retrieved_at).ok()?;
            let ended = rows.get(at + 1).and_then(|next| next.from).is_some_and(|from| from <= read);
            (!ended).then_some(read)
        };
        (row, row.from.or_else(read))
    })
}

/// Whether a row of no known day lies over an own one: over all of its time, until the next row begins.
pub(super) fn is_overlaid(own: &Row, next: Option<&Row>) -> bool {
    next.and_then(|next| next.from).is_none_or(|until| own.from < Some(until))
}

fn lay_rows(own: &mut Vec<Row>, over: &[Row]) {
    if own.is_empty() {
        own.extend_from_slice(over);
        return;
    }
    let under = own.clone();
    for (at, (row, day)) in days(over).enumerate() {
        let Some(day) = day else {
            for known in own.iter_mut().filter(|known| is_overlaid(known, over.get(at + 1))) {
                let (from, since) = (known.from, known.source.effective_from.take());
                *known = lay_row(known, row, from, since);
            }
            continue;
        };
        let since = row.source.effective_from.clone().or_else(|| Some(row.source.retrieved_at.to_string()));
        let base = under.iter().rev().find(|known| known.from.is_none_or(|from| from <= day));
        let laid = match base {
            Some(base) => lay_row(base, row, Some(day), since),
            None => {
                let source = RateSource { effective_from: since, ..row.source.clone() };
                Row::new(Some(day), row.rates.clone(), row.variants().to_vec(), source)
            }
        };
        let in_force = own.iter().rposition(|known| known.from.is_none_or(|from| from <= day));
        match in_force.and_then(|at| own.get_mut(at)) {
            Some(known) if known.rates == laid.rates && known.variants() == laid.variants() => renew(known, row),
            Some(known) if known.from == Some(day) => *known = laid,
            _ => own.insert(in_force.map_or(0, |at| at + 1), laid),
        }
    }
}

/// The price was read again, and is the same.
fn renew(known: &mut Row, row: &Row) {
    if row.source.retrieved_at >= known.source.retrieved_at {
        let effective_from = known.source.effective_from.take();
        known.source = RateSource { effective_from, ..row.source.clone() };
    }
}

/// A row over another one.
pub(super) fn lay_row(under: &Row, over: &Row, from: Option<Instant>, since: Option<String>) -> Row {
    let mut rates = under.rates.clone();
    let mut variants = under.variants().to_vec();
    for (unit, rate) in over.rates.iter() {
        let old = rates.set(unit, rate);
        if old != Some(rate) {
            let is_surcharge = |own: &Rates| own.get(unit).is_some_and(|own| is_above(own, old, rate));
            drop_rate(&mut variants, is_surcharge, |own| own.unset(unit));
        }
    }
    for (name, rate) in over.rates.iter_named() {
        let old = rates.set_named(name, rate);
        if old != Some(rate) {
            let is_surcharge = |own: &Rates| own.named(name).is_some_and(|own| is_above(own, old, rate));
            drop_rate(&mut variants, is_surcharge, |own| own.unset_named(name));
        }
    }
    let mut row = Row::new(from, rates, variants, RateSource { effective_from: since, ..over.source.clone() });
    // The widest condition first, so that what a narrower one says is compared with what will hold without it. What follows from
    // the rest already, by a multiplier or from a wider condition, would only be said again.
    for variant in over.variants().iter().rev() {
        let news = news(&row, variant);
        let says_nothing = news.rates.is_empty() && news.factor == Factor::ONE;
        let Some(own) = row.like(&variant.when) else {
            if !says_nothing || variant.rates.is_empty() {
                row.add(news);
            }
            continue;
        };
        news.rates.iter().for_each(|(unit, rate)| {
            own.rates.set(unit, rate);
        });
        news.rates.iter_named().for_each(|(name, rate)| {
            own.rates.set_named(name, rate);
        });
        if news.factor != Factor::ONE {
            own.factor = news.factor;
        }
        // An edge on which sources differ is one as long as one of them does not know of it.
        if let (Some(edge), Some(other)) = (&mut own.when.context, variant.when.context)
            && edge.edge != Edge::Disputed
        {
            *edge = other;
        }
    }
    row
}

/// A variant without the rates that a row implies.
fn news(row: &Row, variant: &Variant) -> Variant {
    let mut news = Variant { when: variant.when.clone(), rates: Rates::default(), factor: variant.factor };
    let own = row.variants().iter().find(|own| own.when.is_like(&variant.when));
    let same_factor = own.is_none_or(|own| variant.factor == Factor::ONE || variant.factor == own.factor);
    let is_news = |rate: Rate, implied: Option<Implied>| {
        // That a condition of its own costs what the default does is worth saying: nothing said is nobody knows.
        let follows = |implied: &Implied| own.is_some() || implied.factor != Factor::ONE;
        !(same_factor && implied.filter(follows).is_some_and(|implied| implied.is(rate)))
    };
    for (unit, rate) in variant.rates.iter() {
        if is_news(rate, implied(row, &variant.when, unit.is_token(), |rates| rates.get(unit))) {
            news.rates.set(unit, rate);
        }
    }
    for (name, rate) in variant.rates.iter_named() {
        let is_token = unit_of_name(name).is_some_and(Unit::is_token);
        if is_news(rate, implied(row, &variant.when, is_token, |rates| rates.named(name))) {
            news.rates.set_named(name, rate);
        }
    }
    news
}

/// A rate with its multipliers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Implied {
    pub rate: Rate,
    pub factor: Factor,
}

impl Implied {
    /// Whether it comes to that rate.
    pub fn is(self, rate: Rate) -> bool {
        // To the pico-dollar a million: a multiplied rate is rounded up once, when it is billed.
        let cost = |rate: Rate, factor| rate.cost(1_000_000_000_000, 1_000_000, factor).ok();
        cost(self.rate, self.factor).is_some_and(|own| cost(rate, Factor::ONE) == Some(own))
    }
}

/// What a row says of a rate under a condition: that of the most specific variant that is no narrower, times the multipliers of
/// those that say something else.
pub(super) fn implied(row: &Row, when: &When, is_token: bool, get: impl Fn(&Rates) -> Option<Rate>) -> Option<Implied> {
    let wider = |own: &&Variant| {
        let own = &own.when;
        own.region.as_ref().is_none_or(|region| when.region.as_ref() == Some(region))
            && own.service.as_ref().is_none_or(|service| when.service.as_ref() == Some(service))
            && own.schedule.is_none_or(|hours| when.schedule == Some(hours))
            && own.context.is_none_or(|edge| when.context.is_some_and(|other| edge.tokens <= other.tokens))
    };
    let places: Vec<&Variant> = row.variants().iter().filter(wider).collect();
    let named = places.iter().find_map(|place| Some((get(&place.rates)?, place.when.dimensions())));
    let (rate, dimensions) = named.or_else(|| get(&row.rates).map(|rate| (rate, 0)))?;
    let mut factor = Factor::ONE;
    for place in places.iter().filter(|place| is_token && place.when.dimensions() & !dimensions != 0) {
        factor = factor.times(place.factor)?;
    }
    Some(Implied { rate, factor })
}

/// Whether a rate of a condition is a surcharge, on the old price and on the new one.
fn is_above(own: Rate, old: Option<Rate>, new: Rate) -> bool {
    own.exceeds(new) && old.is_none_or(|old| own.exceeds(old))
}

/// Takes a rate away from all variants where it is no surcharge; one that says nothing any more goes with it.
fn drop_rate(variants: &mut Vec<Variant>, is_surcharge: impl Fn(&Rates) -> bool, unset: impl Fn(&mut Rates) -> bool) {
    variants.retain_mut(|variant| {
        is_surcharge(&variant.rates)
            || !unset(&mut variant.rates)
            || !variant.rates.is_empty()
            || variant.factor != Factor::ONE
    });
}
