//! Our own table of prices as JSON: the readable form of a book.
//!
//! ```json
//! { "tollgate": 1,
//!   "sources": [{ "id": "litellm@1.109.1", "name": "litellm 1.109.1", "retrievedAt": "2026-11-21" }],
//!   "providers": [{ "name": "azure-openai", "aliases": ["azure"], "ranked": true }],
//!   "models": [{ "provider": "openai", "id": "gpt-5", "aliases": [], "mode": "chat", "context": 272000, "maxOutput": 128000,
//!     "capabilities": ["vision", "tools"],
//!     "rows": [{ "from": "2026-01-01", "source": "litellm@1.109.1", "url": "https://...", "rates": { "input": "1.25" },
//!       "tiers": [{ "above": 272000, "edge": "disputed", "rates": { "input": "2.5" } }],
//!       "services": { "flex": { "rates": {}, "tiers": [] }, "fast": { "multiplier": "6" } },
//!       "regions": { "eu": { "multiplier": "1.1" } },
//!       "schedule": [{ "days": "1-5", "from": "16:30", "to": "00:30", "offset": "+00:00", "rates": {} }] }] }] }
//! ```
//!
//! Rates are US dollars for a million tokens or for one of anything else; `/3600` behind one makes it a price for so many.
//! A condition stands in another where both must hold. What is wrong is refused with its path.

use std::sync::Arc;

use super::book::{Book, ProviderName};
use super::import;
use super::known::{is_same, known};
use super::model::{Model, RateSource, Row, Variant, When};
use super::words::{Per, Words};
use crate::collections::{Map, Set, sort_by_key};
use crate::error::{Error, Result, check_keys};
use crate::json::{Raw, ToJson, Writer};
use crate::money::{Factor, Rate, Usd};
use crate::object::Object;
use crate::time::{DAY, Instant};
use crate::usage::{MAX_COUNT, Unit, unit_of_name};

/// No table is larger: LiteLLM's, the largest, has 3 MB.
const MAX_BYTES: usize = 32 << 20;

/// The longest name of a model, a provider, a rate.
pub(super) const MAX_NAME: usize = 256;

/// More providers than there are, and more names than one has: they are compared with each other.
pub(super) const MAX_PROVIDERS: usize = 1_000;
const MAX_ALIASES: usize = 16;

/// What is wrong, and where.
pub(super) fn refuse(path: &str, expected: &str, found: &str) -> Error {
    let place = if path.is_empty() { String::new() } else { format!("{path} to be ") };
    Error::input(format!("cannot read prices: expected {place}{expected}, found {found}")).with("path", path)
}

/// As [`refuse`], for a member of an entry; a text that stands there is named when it is short and plain.
pub(super) fn refuse_at(entry: &str, key: &str, expected: &str, found: &str) -> Error {
    let plain = found.len() <= 32 && !found.contains(['\n', '\r']);
    refuse(&format!("{entry}.{key}"), expected, if plain { found } else { "something else" })
}

/// A name in an error, when it is short.
pub(super) fn shown(name: &str) -> &str {
    name.get(..64).unwrap_or(name)
}

/// Refuses what no table is as large as.
pub(super) fn check_size(text: &str) -> Result<()> {
    if text.len() > MAX_BYTES {
        return Err(refuse("", &format!("at most {MAX_BYTES} bytes"), &text.len().to_string()));
    }
    Ok(())
}

/// Refuses a name that is none, or that means something to JavaScript's objects.
pub(super) fn check_name(name: &str, path: &str) -> Result<()> {
    let found = match name {
        "" => "an empty one",
        "__proto__" | "constructor" | "prototype" => "one that JavaScript's objects have",
        _ if name.len() > MAX_NAME => "one of more than 256 bytes",
        _ if name.bytes().any(|b| b < b' ' || b == 0x7f) => "one with control characters",
        _ => return Ok(()),
    };
    Err(refuse(shown(if path.is_empty() { name } else { path }), "a name", found))
}

/// What is known of the time when a table is read.
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    /// Nothing: it may be the text of a book.
    #[default]
    Unknown,
    /// The table was read from its source some time ago, at this time at the latest.
    Kept(Instant),
    /// The table comes from its source: where that does not say when it was read, it is read now.
    Fetched(Instant),
}

impl Book {
    /// Reads a table in our format, LiteLLM's, genai-prices' or models.dev's, by what it holds. An error names the path of
    /// what is wrong.
    pub fn from_json(text: &str) -> Result<Self> {
        Self::from_json_at(text, Clock::Unknown)
    }

    /// As [`Book::from_json`], of a table whose sources can't have been read in the future.
    pub fn from_json_at(text: &str, clock: Clock) -> Result<Self> {
        read(&import::translate(text)?, clock)
    }

    /// The table in our format.
    pub fn to_json(&self) -> String {
        let mut to = Writer::new();
        self.write(&mut to);
        to.end()
    }
}

/// Translates a table into ours, with notes on what was rounded and left out: what the generator of the shipped book reads.
pub fn translate(text: &str) -> Result<String> {
    Ok(import::translate(text)?.into_owned())
}

fn read(text: &str, clock: Clock) -> Result<Book> {
    let value = Raw::parse(text).map_err(|bad| refuse("", "JSON", &format!("something else at byte {}", bad.0)))?;
    let version = value.member("tollgate").and_then(Raw::whole);
    if version != Some(1) {
        return Err(refuse(
            "tollgate",
            "1, the version of the format",
            version.map_or("another".into(), |v| v.to_string()).as_str(),
        ));
    }
    let mut sources = Sources { clock, ..Sources::default() };
    for (at, source) in list(value, "sources", "")?.into_iter().enumerate() {
        let path = format!("sources[{at}]");
        let id = name(source, "id", &path)?;
        let date = text_of(source, "retrievedAt", &path)?;
        let date = sources.read_on(date.as_deref(), &format!("{path}.retrievedAt"))?;
        // An empty name is that of rows without a source.
        let shown = match source.member("name") {
            Some(_) => text_of(source, "name", &path)?.unwrap_or_default(),
            None => id.clone(),
        };
        sources.known.insert(id, (shown.as_str().into(), date));
    }
    let mut providers: Vec<ProviderName> = Vec::new();
    for (at, provider) in list(value, "providers", "")?.into_iter().enumerate() {
        let path = format!("providers[{at}]");
        let name = name(provider, "name", &path)?;
        let aliases = names(provider, "aliases", &path)?;
        let is_ranked = match provider.member("ranked") {
            None => false,
            Some(flag) => flag.bool().ok_or_else(|| refuse(&format!("{path}.ranked"), "true or false", flag.kind()))?,
        };
        add_provider(&mut providers, ProviderName { name, aliases, is_ranked }, &path)?;
    }
    let mut models = Vec::new();
    for (at, model) in list(value, "models", "")?.into_iter().enumerate() {
        let path = format!("models[{at}]");
        let model = read_model(model, &path, &mut sources)?;
        if providers.iter().all(|known| known.name != *model.provider) {
            let known = known(&model.provider);
            let aliases = known.aliases.split(' ').filter(|alias| !alias.is_empty()).map(str::to_owned).collect();
            let provider = ProviderName { name: model.provider.to_string(), aliases, is_ranked: known.is_ranked() };
            add_provider(&mut providers, provider, &format!("{path}.provider"))?;
        }
        models.push(model);
    }
    Book::of(&providers, models, sources.latest)
}

fn add_provider(providers: &mut Vec<ProviderName>, provider: ProviderName, path: &str) -> Result<()> {
    if providers.len() >= MAX_PROVIDERS || provider.aliases.len() > MAX_ALIASES {
        return Err(refuse(path, "one of at most 1000 providers, with at most 16 other names", "more"));
    }
    for name in provider.names() {
        if providers.iter().any(|known| known.names().any(|other| is_same(other, name))) {
            return Err(refuse(path, "a provider with names of its own", "one that another has"));
        }
    }
    providers.push(provider);
    Ok(())
}

/// The sources by their ids, and when the newest was read.
#[derive(Default)]
struct Sources {
    known: Map<String, (Arc<str>, Arc<str>)>,
    latest: Option<Instant>,
    clock: Clock,
}

/// Hosts whose clock is not set show 1970: Workers do so while they load modules. What a clock says that shows a day before
/// models had prices is no reason to refuse anything.
const FIRST_DAY: i64 = 1_577_836_800_000;

impl Sources {
    /// The day on which a source was read: the one it says, else today where the table comes from it.
    ///
    /// A later day than today can't be true, and the newest of them is what a clock that is not set is taken for. One day of
    /// it is the clock of another place; that is today here.
    fn read_on(&mut self, said: Option<&str>, path: &str) -> Result<Arc<str>> {
        let (clock, is_fetched) = match self.clock {
            Clock::Unknown => (None, false),
            Clock::Kept(now) => (Some(now), false),
            Clock::Fetched(now) => (Some(now), true),
        };
        let clock = clock.filter(|now| now.ms() >= FIRST_DAY).map(|now| now.to_string());
        let today = clock
            .as_deref()
            .and_then(|now| now.get(..10))
            .map(|text| Ok::<_, Error>((day(text, path)?, text)))
            .transpose()?;
        let said = said.map(|text| Ok::<_, Error>((day(text, path)?, text))).transpose()?;
        let read = match (said, today) {
            (Some((at, _)), Some((today, _))) if at > today.plus(DAY) => {
                return Err(refuse(path, "a day that has come", "one of the future"));
            }
            (Some(said), Some(today)) => Some(if said.0 > today.0 { today } else { said }),
            (said, today) => said.or(today.filter(|_| is_fetched)),
        };
        self.latest = self.latest.max(read.map(|(at, _)| at));
        Ok(read.map_or("", |(_, text)| text).into())
    }
}

fn read_model(value: Raw<'_>, path: &str, sources: &mut Sources) -> Result<Model> {
    let mut model = Model {
        provider: name(value, "provider", path)?.into(),
        id: name(value, "id", path)?,
        aliases: names(value, "aliases", path)?,
        mode: text_of(value, "mode", path)?.unwrap_or_default().into(),
        context_window: count(value, "context", path)?,
        max_output: count(value, "maxOutput", path)?,
        ..Model::default()
    };
    for capability in names(value, "capabilities", path)? {
        // One of a later release is nothing that a price depends on.
        let _ = model.capabilities.add(&capability);
    }
    for (at, row) in list(value, "rows", path)?.into_iter().enumerate() {
        let path = format!("{path}.rows[{at}]");
        let row = read_row(row, &path, sources)?;
        if model.rows.last().is_some_and(|last| last.from >= row.from) {
            return Err(refuse(&format!("{path}.from"), "later than the row before", "another"));
        }
        model.rows.push(row);
    }
    Ok(model)
}

fn read_row(value: Raw<'_>, path: &str, sources: &mut Sources) -> Result<Row> {
    let date = text_of(value, "from", path)?;
    let from = date.as_deref().map(|date| day(date, &format!("{path}.from"))).transpose()?;
    let id = text_of(value, "source", path)?.unwrap_or_default();
    let (name, retrieved_at) = match sources.known.get(id.as_str()) {
        Some(known) => known.clone(),
        None => (id.as_str().into(), sources.read_on(None, path)?),
    };
    let url = text_of(value, "url", path)?.unwrap_or_default().into();
    let source = RateSource { name, url, effective_from: date, retrieved_at };
    let mut words = Words::new("prices", Per::MillionTokensOrOne);
    let mut object = Object::of(value).ok_or_else(|| refuse(path, "an object", value.kind()))?;
    let rates = object.take("rates").map(|rates| words.rates(rates, &format!("{path}.rates"))).transpose()?;
    let variants = words.variants(&mut object, path)?;
    let row = Row::new(from, rates.unwrap_or_default(), variants, source);
    check_keys(&format!("prices at {path}"), object.keys(), &["from", "source", "url", "also"])?;
    for rates in row.variants().iter().map(|variant| &variant.rates).chain([&row.rates]) {
        if let Some((name, _)) = rates.iter_named().find(|(name, _)| unit_of_name(name).is_none()) {
            let path = format!("{path}.rates.{}", shown(name));
            return Err(refuse(&path, "a unit, or one with a name behind a colon", "another name"));
        }
    }
    match words.rounded.first() {
        None => Ok(row),
        Some(path) => Err(refuse(path, "a rate in whole pico-dollars", "a finer one")),
    }
}

/// A rate as [`Words`] reads it.
fn show_rate(rate: Rate, unit: Option<Unit>) -> String {
    let whole = Rate::new(rate.pico(), 1).unwrap_or(Rate::FREE);
    let million = unit.is_none_or(Unit::is_token);
    let usd = if million { whole.per_million() } else { Usd::from_pico(rate.pico()).unwrap_or_default().to_string() };
    if rate.per() == 1 { usd } else { format!("{usd}/{}", rate.per()) }
}

fn day(text: &str, path: &str) -> Result<Instant> {
    let plain = text.len() == 10;
    Instant::parse(text).ok().filter(|_| plain).ok_or_else(|| refuse(path, "a date as YYYY-MM-DD", "another text"))
}

fn at_path(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn list<'a>(value: Raw<'a>, key: &str, path: &str) -> Result<Vec<Raw<'a>>> {
    match value.member(key) {
        None => Ok(Vec::new()),
        Some(list) => list.items().ok_or_else(|| refuse(&at_path(path, key), "a list", list.kind())),
    }
}

fn text_of(value: Raw<'_>, key: &str, path: &str) -> Result<Option<String>> {
    match value.member(key) {
        None => Ok(None),
        Some(text) => match text.to_text() {
            Some(text) if text.len() <= 2_048 && !text.contains(['\n', '\r']) => {
                Ok(Some(text).filter(|text| !text.is_empty()))
            }
            Some(_) => Err(refuse(&at_path(path, key), "a line of at most 2048 bytes", "another text")),
            None => Err(refuse(&at_path(path, key), "a string", text.kind())),
        },
    }
}

fn name(value: Raw<'_>, key: &str, path: &str) -> Result<String> {
    let text = text_of(value, key, path)?.unwrap_or_default();
    check_name(&text, &at_path(path, key))?;
    Ok(text)
}

fn names(value: Raw<'_>, key: &str, path: &str) -> Result<Vec<String>> {
    let items = list(value, key, path)?.into_iter().enumerate().map(|(at, item)| {
        let path = format!("{}[{at}]", at_path(path, key));
        let text = item.to_text().ok_or_else(|| refuse(&path, "a string", item.kind()))?;
        check_name(&text, &path)?;
        Ok(text)
    });
    items.collect()
}

fn count(value: Raw<'_>, key: &str, path: &str) -> Result<Option<u64>> {
    match value.member(key) {
        None => Ok(None),
        Some(number) => match number.whole().filter(|whole| *whole <= MAX_COUNT) {
            Some(whole) => Ok(Some(whole)),
            None => Err(refuse(&at_path(path, key), "a whole number from 0 to 2^53", number.kind())),
        },
    }
}

impl ToJson for Book {
    fn write(&self, to: &mut Writer) {
        let sources = SourceIds::of(self);
        to.open('{');
        to.number_of("tollgate", 1.0);
        to.key("sources");
        to.open('[');
        for ((name, date), id) in sources.0.iter() {
            to.open('{');
            to.text_of("id", id);
            to.text_of("name", name);
            if !date.is_empty() {
                to.text_of("retrievedAt", date);
            }
            to.close('}');
        }
        to.close(']');
        to.key("providers");
        to.open('[');
        for provider in self.providers() {
            to.open('{');
            to.text_of("name", &provider.name);
            if !provider.aliases.is_empty() {
                write_texts("aliases", &provider.aliases, to);
            }
            if provider.is_ranked {
                to.bool_of("ranked", true);
            }
            to.close('}');
        }
        to.close(']');
        to.key("models");
        to.open('[');
        self.models().for_each(|model| write_model(model, &sources, to));
        to.close(']');
        to.close('}');
    }
}

/// What rows name their sources by, by name and day: two readings of one source are two. Rows of no known source name none.
struct SourceIds(Map<(String, String), String>);

impl SourceIds {
    fn key(source: &RateSource) -> (String, String) {
        (source.name.to_string(), source.retrieved_at.to_string())
    }

    fn of(book: &Book) -> Self {
        let mut ids = Map::new();
        for row in book.models().flat_map(|model| &model.rows) {
            let key = Self::key(&row.source);
            if key != Default::default() {
                ids.insert(key, String::new());
            }
        }
        // What would be another's or can't be read as an id gets a number.
        let mut taken = Set::new();
        let mut number = 0;
        for ((name, date), id) in ids.iter_mut() {
            *id = format!("{name} {date}").trim().to_owned();
            while check_name(id, "").is_err() || !taken.insert(id.clone()) {
                number += 1;
                *id = format!("source {number}");
            }
        }
        Self(ids)
    }

    fn get(&self, source: &RateSource) -> Option<&str> {
        self.0.get(&Self::key(source)).map(String::as_str)
    }
}

pub(super) fn write_texts(key: &str, texts: &[impl AsRef<str>], to: &mut Writer) {
    to.key(key);
    to.open('[');
    texts.iter().for_each(|text| to.text(text.as_ref()));
    to.close(']');
}

fn write_model(model: &Model, sources: &SourceIds, to: &mut Writer) {
    to.open('{');
    to.text_of("provider", &model.provider);
    to.text_of("id", &model.id);
    if !model.aliases.is_empty() {
        write_texts("aliases", &model.aliases, to);
    }
    if !model.mode.is_empty() {
        to.text_of("mode", &model.mode);
    }
    for (key, count) in [("context", model.context_window), ("maxOutput", model.max_output)] {
        if let Some(count) = count {
            to.number_of(key, count as f64);
        }
    }
    let capabilities: Vec<_> = model.capabilities.names().collect();
    if !capabilities.is_empty() {
        write_texts("capabilities", &capabilities, to);
    }
    to.key("rows");
    to.open('[');
    for row in &model.rows {
        to.open('{');
        to.optional_text_of("from", row.source.effective_from.as_deref());
        to.optional_text_of("source", sources.get(&row.source));
        if !row.source.url.is_empty() {
            to.text_of("url", &row.source.url);
        }
        let base = Variant { rates: row.rates.clone(), ..Variant::default() };
        let all: Vec<&Variant> = std::iter::once(&base).chain(row.variants()).collect();
        write_block(&all, 0, Per::MillionTokensOrOne, to);
        to.close('}');
    }
    to.close(']');
    to.close('}');
}

/// The members that hold variants: `tiers`, `services`, `regions`, `schedule`. Rates are for a million of anything.
pub fn write_variants(variants: &[Variant], to: &mut Writer) {
    write_block(&variants.iter().collect::<Vec<_>>(), 0, Per::Million, to);
}

/// The conditions in the order in which they stand in each other.
const NESTED: [u8; 4] = [When::REGION, When::SERVICE, When::CONTEXT, When::SCHEDULE];

/// The members of a block: of these variants the one that names nothing further, then, by what it names first, each of the
/// others.
fn write_block(variants: &[&Variant], depth: usize, per: Per, to: &mut Writer) {
    let further = |variant: &Variant| {
        NESTED
            .into_iter()
            .enumerate()
            .skip(depth)
            .find(|(_, bit)| variant.when.dimensions() & bit != 0)
            .map(|(at, _)| at)
    };
    if let Some(own) = variants.iter().find(|variant| further(variant).is_none()) {
        if own.factor != Factor::ONE {
            to.text_of("multiplier", &own.factor.to_string());
        }
        if !own.rates.is_empty() {
            to.key("rates");
            to.open('{');
            let show = |rate: Rate, unit| if per == Per::Million { rate.per_million() } else { show_rate(rate, unit) };
            own.rates.iter().for_each(|(unit, rate)| to.text_of(unit.key(), &show(rate, Some(unit))));
            for (name, rate) in own.rates.iter_named() {
                to.text_of(name, &show(rate, name.split(':').next().and_then(Unit::parse)));
            }
            to.close('}');
        }
    }
    for at in (depth..NESTED.len()).rev() {
        let mut here: Vec<&Variant> = variants.iter().copied().filter(|variant| further(variant) == Some(at)).collect();
        if here.is_empty() {
            continue;
        }
        let key = |variant: &Variant| match NESTED.get(at) {
            Some(&When::REGION) => variant.when.region.as_deref().unwrap_or("").to_owned(),
            Some(&When::SERVICE) => variant.when.service.as_deref().unwrap_or("").to_owned(),
            Some(&When::CONTEXT) => format!("{:020}", variant.when.context.map_or(0, |context| context.tokens)),
            _ => variant.when.schedule.map_or(String::new(), |hours| hours.words().join(" ")),
        };
        sort_by_key(&mut here, |variant| key(variant));
        let is_list = at >= 2;
        to.key(["regions", "services", "tiers", "schedule"].get(at).copied().unwrap_or(""));
        to.open(if is_list { '[' } else { '{' });
        let mut rest = here.as_slice();
        while let Some(first) = rest.first() {
            let name = key(first);
            let same = rest.iter().take_while(|variant| key(variant) == name).count();
            let (group, others) = rest.split_at(same);
            rest = others;
            if !is_list {
                to.key(&name);
            }
            to.open('{');
            if let (2, Some(context)) = (at, first.when.context) {
                to.number_of("above", context.tokens as f64);
                to.text_of("edge", ["above", "from", "disputed"].get(context.edge as usize).copied().unwrap_or(""));
            } else if let (3, Some(hours)) = (at, first.when.schedule) {
                ["days", "from", "to", "offset"]
                    .into_iter()
                    .zip(hours.words())
                    .for_each(|(key, text)| to.text_of(key, &text));
            }
            write_block(group, at + 1, per, to);
            to.close('}');
        }
        to.close(if is_list { ']' } else { '}' });
    }
}
