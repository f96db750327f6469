//! The words of a price, as people write them in JSON: what a row of `data/prices/*.json` and a price of one's own share.
//!
//! ```json
//! {
//!   "tiers": [{ "above": 272000, "edge": "disputed", "rates": { "input": "2.5" } }],
//!   "services": { "flex": { "rates": { "input": "0.6" }, "tiers": [] }, "fast": { "multiplier": "6" } },
//!   "regions": { "eu": { "multiplier": "1.1" } },
//!   "schedule": [{ "days": "1-5", "from": "16:30", "to": "00:30", "offset": "+00:00", "rates": {} }]
//! }
//! ```
//!
//! Each of them may hold the others, so that what is said of two things at once stands in one of them; none holds itself.

use crate::error::{Code, Error, Result, check_keys};
use crate::json::Raw;
use crate::money::{Factor, Rate};
use crate::object::Object;
use crate::usage::{Unit, unit_of_name};

use super::model::{Edge, Rates, Threshold, Variant, When};
use super::schedule::Schedule;

/// More variants than any price has: a row of a hostile file is refused before they are compared with each other.
const MAX_VARIANTS: usize = 256;

/// More rates than any place has, for the same reason.
pub(super) const MAX_RATES: usize = 512;

/// What a rate in the text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// A million tokens, or one of anything else.
    MillionTokensOrOne,
    /// A million of anything.
    Million,
}

/// Reads the words of a price.
#[derive(Debug)]
pub struct Words<'a> {
    /// What is read, for errors.
    what: &'a str,
    per: Per,
    /// The paths of rates finer than a pico-dollar, which were rounded up.
    pub rounded: Vec<String>,
}

impl<'a> Words<'a> {
    /// The keys that hold variants.
    pub const KEYS: [&'static str; 4] = ["tiers", "services", "regions", "schedule"];

    /// A reader; `what` names in errors what it reads.
    pub fn new(what: &'a str, per: Per) -> Self {
        Self { what, per, rounded: Vec::new() }
    }

    /// The rates of an object of them.
    pub fn rates(&mut self, found: Raw<'_>, path: &str) -> Result<Rates> {
        let object = Object::of(found).ok_or_else(|| self.wrong(path, "an object", found.kind()))?;
        if object.len() > MAX_RATES {
            return Err(self.wrong(path, "an object of at most 512 rates", &object.len().to_string()));
        }
        let mut rates = Rates::default();
        for (name, value) in object.entries().filter(|(_, value)| value.present().is_some()) {
            let unit = Unit::parse(name);
            let path = format!("{path}.{name}");
            let rate = self.rate(value, &path, unit.or_else(|| unit_of_name(name)))?;
            match unit {
                Some(unit) => rates.set(unit, rate),
                None => rates.set_named(name, rate),
            };
        }
        Ok(rates)
    }

    /// One rate: a decimal, as a number or a text; `0.36/3600` is one for so many.
    fn rate(&mut self, found: Raw<'_>, path: &str, unit: Option<Unit>) -> Result<Rate> {
        let text = self.decimal(found, path)?;
        let units = if self.per == Per::Million || unit.is_some_and(Unit::is_token) { 1_000_000 } else { 1 };
        let (usd, per) = text.split_once('/').unwrap_or((&text, "1"));
        let (rate, rounded) = Rate::parse(usd, units).map_err(|error| {
            Error::new(Code::InvalidAmount, format!("{} at {path}", error.message())).with("path", path)
        })?;
        if rounded {
            self.rounded.push(path.to_owned());
        }
        let whole = per.parse().ok().and_then(|per| Rate::new(rate.pico(), per));
        whole.ok_or_else(|| self.wrong(path, "a rate for a whole number of units", "another"))
    }

    fn decimal(&self, found: Raw<'_>, path: &str) -> Result<String> {
        match found.to_text() {
            Some(text) => Ok(text),
            None if found.number().is_some() => Ok(found.get().to_owned()),
            // What no double holds; the shell writes so what is not finite.
            None if found.kind() == "a number" => Ok("Infinity".to_owned()),
            None => Err(self.wrong(path, "a decimal number of USD", found.kind())),
        }
    }

    /// Takes the variants out of an object: what stands under [`Words::KEYS`].
    pub(crate) fn variants(&mut self, object: &mut Object<'_>, path: &str) -> Result<Vec<Variant>> {
        let mut all = Vec::new();
        self.within(object, path, &When::default(), &mut all)?;
        Ok(all)
    }

    fn within(&mut self, object: &mut Object<'_>, path: &str, when: &When, all: &mut Vec<Variant>) -> Result<()> {
        for key in Self::KEYS {
            let Some(found) = object.take(key) else { continue };
            let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            let (named, list) = match key {
                "tiers" => (when.context.is_some(), true),
                "services" => (when.service.is_some(), false),
                "regions" => (when.region.is_some(), false),
                _ => (when.schedule.is_some(), true),
            };
            if named {
                return Err(self.wrong(&path, "absent within its like", found.kind()));
            }
            let entries: Vec<_> = if list {
                let items = found.items().ok_or_else(|| self.wrong(&path, "an array", found.kind()))?;
                items.into_iter().enumerate().map(|(at, item)| (format!("{path}[{at}]"), String::new(), item)).collect()
            } else {
                let object = Object::of(found).ok_or_else(|| self.wrong(&path, "an object", found.kind()))?;
                let all = object.entries();
                all.map(|(name, item)| (format!("{path}.{name}"), name.to_ascii_lowercase(), item)).collect()
            };
            for (path, name, item) in entries {
                self.variant(key, item, &path, &name, when, all)?;
            }
        }
        Ok(())
    }

    fn variant(
        &mut self,
        key: &str,
        item: Raw<'_>,
        path: &str,
        name: &str,
        outer: &When,
        all: &mut Vec<Variant>,
    ) -> Result<()> {
        let mut object = Object::of(item).ok_or_else(|| self.wrong(path, "an object", item.kind()))?;
        let mut when = outer.clone();
        let mut known = vec!["rates", "multiplier", "tiers", "services", "regions", "schedule"];
        match key {
            "tiers" => {
                known.extend(["above", "edge"]);
                when.context = Some(self.threshold(&mut object, path)?);
            }
            "services" => when.service = Some(self.name(name, path)?.into()),
            "regions" => when.region = Some(self.name(name, path)?.into()),
            _ => {
                known.extend(["days", "from", "to", "offset"]);
                when.schedule = Some(self.schedule(&mut object, path)?);
            }
        }
        let mut variant = Variant { when, ..Variant::default() };
        if let Some(rates) = object.take("rates") {
            variant.rates = self.rates(rates, &format!("{path}.rates"))?;
        }
        if let Some(factor) = object.take("multiplier") {
            let text = self.decimal(factor, &format!("{path}.multiplier"))?;
            variant.factor = Factor::parse(&text).map_err(|error| {
                let path = format!("{path}.multiplier");
                Error::new(Code::InvalidAmount, format!("{} at {path}", error.message())).with("path", path)
            })?;
        }
        if all.len() >= MAX_VARIANTS || all.iter().any(|other| other.when == variant.when) {
            return Err(self.wrong(path, "a condition of its own, one of at most 256", "another"));
        }
        let when = variant.when.clone();
        all.push(variant);
        self.within(&mut object, path, &when, all)?;
        check_keys(&format!("{} at {path}", self.what), object.keys(), &known)
    }

    fn threshold(&self, object: &mut Object<'_>, path: &str) -> Result<Threshold> {
        let path_of = |key: &str| format!("{path}.{key}");
        let above = object.take("above");
        let tokens = above.and_then(Raw::whole).ok_or_else(|| {
            self.wrong(&path_of("above"), "a whole number of tokens", above.map_or("nothing", Raw::kind))
        })?;
        let edge = match object.take("edge").map(|edge| edge.to_text().unwrap_or_default()).as_deref() {
            None | Some("above") => Edge::Above,
            Some("from") => Edge::From,
            Some("disputed") => Edge::Disputed,
            Some(_) => return Err(self.wrong(&path_of("edge"), "above, from or disputed", "something else")),
        };
        Ok(Threshold { tokens, edge })
    }

    fn schedule(&self, object: &mut Object<'_>, path: &str) -> Result<Schedule> {
        let mut text = |key| Ok::<_, Error>(object.take_text(key, self.what)?.unwrap_or_default());
        let (days, from, to, offset) = (text("days")?, text("from")?, text("to")?, text("offset")?);
        Schedule::parse(&days, &from, &to, &offset)
            .map_err(|error| Error::input(format!("{} at {path}", error.message())).with("path", path))
    }

    fn name<'n>(&self, name: &'n str, path: &str) -> Result<&'n str> {
        let plain = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control());
        if plain { Ok(name) } else { Err(self.wrong(path, "a name without spaces", "another")) }
    }

    fn wrong(&self, path: &str, expected: &str, found: &str) -> Error {
        Error::input(format!("cannot read {}: expected {path} to be {expected}, found {found}", self.what))
            .with("path", path)
    }
}
