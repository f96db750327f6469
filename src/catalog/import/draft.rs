//! A model on its way from a foreign table into ours.

use std::borrow::Cow;

use super::amount::Amount;
use crate::catalog::json::MAX_PROVIDERS;
use crate::catalog::known::{Known, known};
use crate::catalog::region::split_region;
use crate::catalog::schedule::Schedule;
use crate::collections::{Map, Set, sort_by_key};
use crate::json::Writer;
use crate::usage::Unit;

/// The name of a rate: a unit, or `<unit>:<name>`.
pub type Name = Cow<'static, str>;

/// Rates, each the text of its decimal.
#[derive(Clone, Default, PartialEq)]
pub struct Rates(pub Vec<(Name, String)>);

impl Rates {
    /// The rate of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(of, _)| of == name).map(|(_, usd)| usd.as_str())
    }

    /// Sets a rate.
    pub fn set(&mut self, name: Name, usd: String) {
        match self.0.iter_mut().find(|(of, _)| *of == name) {
            Some((_, slot)) => *slot = usd,
            None => self.0.push((name, usd)),
        }
    }

    /// Whether something is charged for.
    pub fn is_paid(&self) -> bool {
        self.0.iter().any(|(_, usd)| usd != "0")
    }

    /// Whether what both name costs the same.
    fn agrees(&self, other: &Self) -> bool {
        other.0.iter().all(|(name, usd)| self.get(name).is_none_or(|own| own == usd))
    }

    /// Takes over what another names and this does not.
    fn complete(&mut self, other: Self) {
        for (name, usd) in other.0 {
            if self.get(&name).is_none() {
                self.set(name, usd);
            }
        }
    }

    /// Writes them in the order of the units.
    fn write(&mut self, to: &mut Writer) {
        let place = |name: &str| {
            let unit = name.split(':').next().unwrap_or(name);
            Unit::ALL.iter().position(|known| known.key() == unit)
        };
        sort_by_key(&mut self.0, |(name, _)| (place(name), name.clone()));
        to.key("rates");
        to.open('{');
        self.0.iter().for_each(|(name, usd)| to.text_of(name, usd));
        to.close('}');
    }
}

/// Hours, and what holds in them: days, from, to, offset.
pub type Hours = ([String; 4], Rates);

/// Rates, and what differs under conditions.
#[derive(Clone, Default, PartialEq)]
pub struct Block {
    pub multiplier: Option<String>,
    pub rates: Rates,
    /// By threshold, with the edge.
    pub tiers: Map<u64, (&'static str, Rates)>,
    pub services: Map<String, Block>,
    pub regions: Map<String, Block>,
    pub schedule: Vec<Hours>,
}

impl Block {
    /// The block of a region.
    pub fn region(&mut self, name: &str) -> &mut Block {
        self.regions.get_or_default(name.to_owned())
    }

    /// The block of a service tier.
    pub fn service(&mut self, name: &str) -> &mut Block {
        self.services.get_or_default(name.to_owned())
    }

    /// The rates above a threshold, or the block's own.
    pub fn tier(&mut self, above: Option<(u64, &'static str)>) -> &mut Rates {
        let Some((tokens, edge)) = above else { return &mut self.rates };
        &mut self.tiers.get_or_insert_with(tokens, || (edge, Rates::default())).1
    }

    /// Whether something is charged for.
    pub fn is_paid(&self) -> bool {
        self.rates.is_paid()
            || self.tiers.values().any(|(_, rates)| rates.is_paid())
            || self.services.values().chain(self.regions.values()).any(Block::is_paid)
    }

    /// Whether it is a price. A table says 0 both for what is free and for what it does not know, and a wrong 0 would pass
    /// every budget: it is taken where the id says that the model is free, and there also when nothing stands.
    pub fn is_price_of(&mut self, id: &str) -> bool {
        let is_free = id.ends_with(":free");
        if is_free && self.rates.0.is_empty() {
            self.rates.0.extend(["input", "output"].map(|unit| (Cow::Borrowed(unit), "0".to_owned())));
        }
        is_free || self.is_paid()
    }

    /// Whether what both say is the same price. Hours are one price together.
    pub fn agrees(&self, other: &Self) -> bool {
        let same = |own: &Map<String, Block>, others: &Map<String, Block>| {
            others.iter().all(|(name, block)| own.get(name).is_none_or(|own| own.agrees(block)))
        };
        self.rates.agrees(&other.rates)
            && (self.multiplier.is_none() || other.multiplier.is_none() || self.multiplier == other.multiplier)
            && (self.schedule.is_empty() || other.schedule.is_empty() || self.schedule == other.schedule)
            && other.tiers.iter().all(|(above, (edge, rates))| {
                self.tiers.get(above).is_none_or(|own| own.0 == *edge && own.1.agrees(rates))
            })
            && same(&self.services, &other.services)
            && same(&self.regions, &other.regions)
    }

    /// Takes over what another says and this does not.
    pub fn complete(&mut self, mut other: Self) {
        self.rates.complete(std::mem::take(&mut other.rates));
        self.multiplier = self.multiplier.take().or(other.multiplier);
        if self.schedule.is_empty() {
            self.schedule = other.schedule;
        }
        for (above, (edge, rates)) in other.tiers.iter_mut() {
            self.tier(Some((*above, *edge))).complete(std::mem::take(rates));
        }
        for (name, block) in other.services.iter_mut() {
            self.service(name).complete(std::mem::take(block));
        }
        for (name, block) in other.regions.iter_mut() {
            self.region(name).complete(std::mem::take(block));
        }
    }

    /// What costs as much as plain input or output goes along with it where a condition names only that: tables leave out
    /// what repeats.
    pub fn follow(&mut self) {
        let base = self.rates.clone();
        self.follow_in(&base);
    }

    fn follow_in(&mut self, base: &Rates) {
        self.tiers.values_mut().for_each(|(_, rates)| follow(rates, base));
        self.schedule.iter_mut().for_each(|(_, rates)| follow(rates, base));
        for block in self.services.values_mut().chain(self.regions.values_mut()) {
            follow(&mut block.rates, base);
            let mut base = base.clone();
            block.rates.0.iter().for_each(|(name, usd)| base.set(name.clone(), usd.clone()));
            block.follow_in(&base);
        }
    }

    fn write(&mut self, to: &mut Writer) {
        if let Some(multiplier) = &self.multiplier {
            to.text_of("multiplier", multiplier);
        }
        if !self.rates.0.is_empty() {
            self.rates.write(to);
        }
        if !self.tiers.is_empty() {
            to.key("tiers");
            to.open('[');
            for (above, (edge, rates)) in self.tiers.iter_mut() {
                to.open('{');
                to.number_of("above", *above as f64);
                to.text_of("edge", edge);
                rates.write(to);
                to.close('}');
            }
            to.close(']');
        }
        for (key, blocks) in [("services", &mut self.services), ("regions", &mut self.regions)] {
            if blocks.is_empty() {
                continue;
            }
            to.key(key);
            to.open('{');
            for (name, block) in blocks.iter_mut() {
                to.key(name);
                to.open('{');
                block.write(to);
                to.close('}');
            }
            to.close('}');
        }
        if !self.schedule.is_empty() {
            // As a book is written: of hours that overlap the first are taken, and a table read twice must not differ.
            sort_by_key(&mut self.schedule, |([days, from, to, offset], _)| {
                Schedule::parse(days, from, to, offset).map_or(String::new(), |hours| hours.words().join(" "))
            });
            to.key("schedule");
            to.open('[');
            for (hours, rates) in &mut self.schedule {
                to.open('{');
                for (key, text) in ["days", "from", "to", "offset"].into_iter().zip(hours) {
                    to.text_of(key, text);
                }
                rates.write(to);
                to.close('}');
            }
            to.close(']');
        }
    }
}

static FOLLOWERS: &[(&str, &[&str])] = &[
    ("input", &["inputAudio", "inputImage", "inputVideo"]),
    ("output", &["reasoningOutside", "outputAudio", "outputImage", "outputVideo"]),
];

fn follow(rates: &mut Rates, base: &Rates) {
    for &(lead, units) in FOLLOWERS {
        let Some(usd) = rates.get(lead).map(str::to_owned) else { continue };
        for unit in units {
            if rates.get(unit).is_none() && base.get(unit).is_some() && base.get(unit) == base.get(lead) {
                rates.set(Cow::Borrowed(unit), usd.clone());
            }
        }
    }
}

/// A dated row.
#[derive(Clone, Default)]
pub struct DraftRow {
    pub from: Option<String>,
    pub url: String,
    pub block: Block,
}

/// A model.
#[derive(Clone, Default)]
pub struct Draft {
    pub provider: Cow<'static, str>,
    pub id: String,
    pub aliases: Vec<String>,
    pub mode: Cow<'static, str>,
    pub context: Option<u64>,
    pub max_output: Option<u64>,
    pub capabilities: Vec<&'static str>,
    pub rows: Vec<DraftRow>,
}

/// What is written beside the models: what was changed or left out on the way.
#[derive(Default)]
pub struct Drafts {
    pub models: Vec<Draft>,
    /// Where each stands, by provider and id.
    places: Map<(String, String), usize>,
    rounded: Vec<[String; 5]>,
    skipped: Vec<[String; 3]>,
    /// By key: why, and of how many models.
    left: Map<String, (&'static str, u32)>,
}

impl Drafts {
    /// The model of that id, in any case.
    pub fn find(&mut self, provider: &str, id: &str) -> Option<&mut Draft> {
        let at = *self.places.get(&(provider.to_owned(), id.to_ascii_lowercase()))?;
        self.models.get_mut(at)
    }

    /// Adds a model.
    pub fn push(&mut self, draft: Draft) {
        self.places.insert((draft.provider.to_string(), draft.id.to_ascii_lowercase()), self.models.len());
        self.models.push(draft);
    }

    /// Notes a rate that is not what was published.
    pub fn note_rate(&mut self, draft: &Draft, unit: &str, published: &str, amount: &Amount) {
        if !amount.exact {
            let [provider, id] = [draft.provider.to_string(), draft.id.clone()];
            self.rounded.push([provider, id, unit.to_owned(), published.to_owned(), amount.text.clone()]);
        }
    }

    /// Notes a model that is not carried, or not as it stands.
    pub fn skip(&mut self, provider: &str, id: &str, why: &str) {
        self.skipped.push([provider.to_owned(), id.to_owned(), why.to_owned()]);
    }

    /// Notes a key that is not carried.
    pub fn leave(&mut self, key: &str, why: &'static str) {
        self.left.get_or_insert_with(key.to_owned(), || (why, 0)).1 += 1;
    }

    /// Puts the regions that tables write into ids where they belong: into the model without the region, where there is
    /// one and both have prices from the same days.
    fn fold(&mut self) {
        let mut order: Vec<Option<Draft>> = self.models.drain(..).map(Some).collect();
        for at in 0..order.len() {
            let Some(draft) = order.get_mut(at).and_then(Option::take) else { continue };
            let split = split_region(&draft.provider, &draft.id);
            let home = split.and_then(|(region, rest)| {
                let home = *self.places.get(&(draft.provider.to_string(), rest.to_ascii_lowercase()))?;
                Some((order.get_mut(home)?.as_mut()?, region))
            });
            match home {
                Some((home, region)) if !draft.rows.is_empty() && draft.has_days_of(home) => {
                    for (row, into) in draft.rows.iter().zip(&mut home.rows) {
                        let Block { rates, tiers, services, .. } = row.block.clone();
                        *into.block.region(region) = Block { rates, tiers, services, ..Block::default() };
                    }
                }
                _ => {
                    if let Some(slot) = order.get_mut(at) {
                        *slot = Some(draft);
                    }
                }
            }
        }
        self.models = order.into_iter().flatten().collect();
    }

    /// A name is its model's whose id it is, else the first model's that claims it.
    fn settle_names(&mut self) {
        let mut taken = Set::new();
        let name = |draft: &Draft, name: &str| (draft.provider.to_string(), name.to_ascii_lowercase());
        for draft in &self.models {
            taken.insert(name(draft, &draft.id));
        }
        for draft in &mut self.models {
            let aliases = std::mem::take(&mut draft.aliases);
            draft.aliases = aliases.into_iter().filter(|alias| taken.insert(name(draft, alias))).collect();
        }
    }

    /// The text in our format.
    pub fn write(mut self, source: &'static str) -> String {
        self.fold();
        self.settle_names();
        let mut providers: Vec<Known> = Vec::new();
        for draft in &self.models {
            // A hostile table has more than the reader takes; they need not be compared with each other.
            if providers.len() <= MAX_PROVIDERS && providers.iter().all(|known| known.name != draft.provider) {
                providers.push(known(&draft.provider));
            }
        }
        sort_by_key(&mut providers, |known| (known.rank, known.name.to_string()));
        let mut to = Writer::new();
        to.open('{');
        to.number_of("tollgate", 1.0);
        to.key("sources");
        to.open('[');
        to.open('{');
        to.text_of("id", source);
        to.text_of("name", source);
        to.close('}');
        to.close(']');
        to.key("providers");
        to.open('[');
        for known in &providers {
            to.open('{');
            to.text_of("name", &known.name);
            if !known.aliases.is_empty() {
                to.key("aliases");
                to.open('[');
                known.aliases.split(' ').for_each(|alias| to.text(alias));
                to.close(']');
            }
            if known.is_ranked() {
                to.bool_of("ranked", true);
            }
            to.close('}');
        }
        to.close(']');
        to.key("models");
        to.open('[');
        for draft in &mut self.models {
            draft.write(source, &mut to);
        }
        to.close(']');
        to.key("notes");
        self.write_notes(&mut to);
        to.close('}');
        to.end()
    }

    fn write_notes(&self, to: &mut Writer) {
        fn list(to: &mut Writer, key: &str, keys: &[&str], rows: &mut dyn Iterator<Item = &[String]>) {
            to.key(key);
            to.open('[');
            for row in rows {
                to.open('{');
                keys.iter().zip(row).for_each(|(key, text)| to.text_of(key, text));
                to.close('}');
            }
            to.close(']');
        }
        to.open('{');
        let keys = ["provider", "model", "unit", "published", "taken"];
        list(to, "rounded", &keys, &mut self.rounded.iter().map(<[String; 5]>::as_slice));
        list(to, "skipped", &["provider", "model", "why"], &mut self.skipped.iter().map(<[String; 3]>::as_slice));
        to.key("notCarried");
        to.open('[');
        for (key, (why, models)) in self.left.iter() {
            to.open('{');
            to.text_of("key", key);
            to.number_of("models", f64::from(*models));
            to.text_of("why", why);
            to.close('}');
        }
        to.close(']');
        to.close('}');
    }
}

impl Draft {
    /// Whether its rows begin on the days on which another's do.
    fn has_days_of(&self, other: &Self) -> bool {
        self.rows.iter().map(|row| &row.from).eq(other.rows.iter().map(|row| &row.from))
    }

    fn write(&mut self, source: &str, to: &mut Writer) {
        to.open('{');
        to.text_of("provider", &self.provider);
        to.text_of("id", &self.id);
        if !self.aliases.is_empty() {
            to.key("aliases");
            to.open('[');
            self.aliases.iter().for_each(|alias| to.text(alias));
            to.close(']');
        }
        if !self.mode.is_empty() {
            to.text_of("mode", &self.mode);
        }
        for (key, count) in [("context", self.context), ("maxOutput", self.max_output)] {
            if let Some(count) = count {
                to.number_of(key, count as f64);
            }
        }
        if !self.capabilities.is_empty() {
            to.key("capabilities");
            to.open('[');
            self.capabilities.iter().for_each(|name| to.text(name));
            to.close(']');
        }
        to.key("rows");
        to.open('[');
        for row in &mut self.rows {
            to.open('{');
            to.optional_text_of("from", row.from.as_deref());
            to.text_of("source", source);
            if !row.url.is_empty() {
                to.text_of("url", &row.url);
            }
            row.block.write(to);
            to.close('}');
        }
        to.close(']');
        to.close('}');
    }
}
