//! The rows of a ledger that is kept: read, written, forgotten. Their form is `docs/design/storage.md`.
//!
//! In memory stay the budgets, their windows and what is held. Settled reservations and charges are rows that are read
//! when they are named, so what a ledger remembers does not have to fit into memory:
//!
//! 1. [`Ledger::load`] what [`hot`](Change::hot) rows there are, once;
//! 2. for each message: load the rows that it [wants](super::message::wants), run it, write [`Ledger::changes`] in one
//!    transaction, answer. Where writing fails, what is in memory is ahead: throw it away and begin at 1;
//! 3. once rows can be read where they were written, and no new budget waits for them, [`Ledger::forget_written`].

use std::rc::Rc;

use super::{
    Guarantee, Scope, Zones,
    adjust::Adjustments,
    alert::Alert,
    book::Book,
    charge::Known,
    claim::Claim,
    clock::{Identity, LEAST_MEMORY},
    config::Config,
    journal::Key,
    ledger::Ledger,
    message::Message,
    promise::{Open, Promise, State},
    unit::Amounts,
    window::Window,
};
use crate::{
    collections::Map,
    error::{Code, Error, Result},
    json::{Raw, ToJson, Writer},
    money::Usd,
    object::Object,
    time::{Instant, Utc, Zone},
};

/// The version of the rows.
const SCHEMA: u64 = 1;

/// A database takes a parameter of so many bytes: SQLite in a Durable Object two million.
pub const MOST_TEXT: usize = 1_000_000;

/// A row that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its key.
    pub key: String,
    /// Whether it has to be in memory: it is loaded before anything else.
    pub hot: bool,
    /// When it may be ripe to be forgotten: [`Ledger::sweep_rows`] is then offered it.
    pub due: Option<Instant>,
    /// What it holds now; nothing, where it is to be deleted.
    pub value: Option<String>,
}

impl ToJson for Change {
    fn write(&self, to: &mut Writer) {
        to.open('[');
        to.text(&self.key);
        to.number(if self.hot { 1.0 } else { 0.0 });
        match self.due {
            Some(due) => to.number(due.ms() as f64),
            None => to.raw("null"),
        }
        to.raw(self.value.as_deref().unwrap_or("null"));
        to.close(']');
    }
}

/// The rows as JSON arrays that are no longer than `most` bytes, unless a single row is.
pub fn texts_of(rows: &[Change], most: usize) -> Vec<String> {
    let (mut texts, mut text) = (Vec::new(), String::new());
    for row in rows {
        let row = row.to_json();
        if !text.is_empty() && text.len() + row.len() + 2 > most {
            text.push(']');
            texts.push(std::mem::take(&mut text));
        }
        text.push(if text.is_empty() { '[' } else { ',' });
        text.push_str(&row);
    }
    if !text.is_empty() {
        text.push(']');
        texts.push(text);
    }
    texts
}

impl Ledger {
    /// A ledger whose state a host keeps: it notes what it changes, and forgets only what it is offered.
    pub fn kept(guarantee: Guarantee) -> Self {
        let mut ledger = Self::new(guarantee);
        ledger.journal.on = true;
        ledger
    }

    /// Takes in rows, a JSON array of `[key, value]`. Those in memory are newer, and stay. Answers with the keys of those
    /// that are new to it.
    pub fn load(&mut self, rows: &str, zones: &dyn Zones) -> Result<Vec<Key>> {
        let (mut windows, mut loaded) = (Vec::new(), Vec::new());
        for (text, key, value) in read_rows(rows)? {
            let bad = || corrupt(&text);
            match &key {
                Key::Ledger => self.read_own(value).ok_or_else(bad)??,
                Key::Window(id, start) => windows.push((text, id.clone(), *start, value)),
                Key::Budget(id) if !self.books.contains_key(id) => {
                    let book = read_book(value, zones).ok_or_else(bad)??;
                    self.created = self.created.max(book.order);
                    self.bind(&book.config, book.order);
                    self.books.insert(id.clone(), book);
                    loaded.push(key);
                }
                Key::Reservation(id) if !self.promises.contains_key(id) => {
                    let promise = read_promise(value).ok_or_else(bad)?;
                    if promise.state == State::Held {
                        self.leases.insert((promise.expires, id.clone()));
                    }
                    self.promises.insert(id.clone(), promise);
                    loaded.push(key);
                }
                Key::Record(id) if !self.charges.contains_key(id) => {
                    self.charges.insert(id.clone(), read_charge(value).ok_or_else(bad)?);
                    loaded.push(key);
                }
                Key::Claim(name) if !self.claims.contains_key(name) => {
                    let claim = Object::of(value).and_then(|row| Claim::read(&row)).ok_or_else(bad)?;
                    self.claims.insert(name.clone(), claim);
                    loaded.push(key);
                }
                _ => {}
            }
        }
        for (text, id, start, value) in windows {
            let Some(book) = self.books.get_mut(&id) else { continue };
            if !book.windows.contains_key(&start) {
                book.windows.insert(start, read_window(start, value).ok_or_else(|| corrupt(&text))?);
            }
        }
        Ok(loaded)
    }

    /// What has changed since this was last asked, to be written in one transaction.
    pub fn changes(&mut self) -> Vec<Change> {
        let mut changed = std::mem::take(&mut self.journal.keys);
        if !changed.is_empty() {
            changed.insert(Key::Ledger, None);
        }
        let changes = changed.into_iter().map(|(key, due)| self.change_of(&key, due)).collect();
        for id in std::mem::take(&mut self.adopted) {
            self.charges.remove(&id);
        }
        changes
    }

    /// What need not be in memory leaves it: settled reservations, charges and claims, which are read when they are named.
    pub fn forget_written(&mut self) {
        self.promises.retain(|_, promise| promise.state == State::Held);
        self.charges.clear();
        self.claims.clear();
    }

    /// Of the rows that a message wants those that are not in memory.
    pub fn missing(&self, message: &Message<'_>) -> Vec<String> {
        let mut wanted = message.keys();
        wanted.retain(|key| match key {
            Key::Reservation(id) => !self.promises.contains_key(id),
            Key::Record(id) => !self.charges.contains_key(id),
            Key::Claim(name) => !self.claims.contains_key(name),
            _ => true,
        });
        wanted.iter().map(Key::text).collect()
    }

    fn change_of(&self, key: &Key, due: Option<Instant>) -> Change {
        let mut to = Writer::new();
        let (mut hot, mut when, mut there) = (true, None, true);
        match key {
            Key::Ledger => self.write_own(&mut to),
            Key::Budget(id) => match self.books.get(id) {
                Some(book) => write_book(book, &mut to),
                None => there = false,
            },
            Key::Window(id, start) => match self.books.get(id).and_then(|book| book.windows.get(start)) {
                Some(window) => write_window(window, &mut to),
                None => there = false,
            },
            Key::Reservation(id) => match self.promises.get(id) {
                Some(promise) => {
                    hot = promise.state == State::Held;
                    when = due.or(Some(promise.touched.plus(LEAST_MEMORY))).filter(|_| !hot);
                    write_promise(promise, &mut to);
                }
                None => there = false,
            },
            Key::Record(id) => match self.charges.get(id) {
                Some(charge) => {
                    (hot, when) = (false, due.or(Some(charge.seen.plus(LEAST_MEMORY))));
                    write_charge(charge, &mut to);
                }
                None => there = false,
            },
            Key::Claim(name) => match self.claims.get(name) {
                Some(claim) => {
                    (hot, when) = (false, Some(claim.until));
                    claim.write(&mut to);
                }
                None => there = false,
            },
        }
        Change { key: key.text(), hot, due: when, value: Some(to.end()).filter(|_| there) }
    }

    /// When the first lease ends: an alarm is to be set for then.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.leases.first().map(|(expires, _)| *expires)
    }

    /// Up to which instant rows that are due are to be offered to [`Ledger::sweep_rows`]; none while it is too early for that.
    pub fn sweep_due(&self) -> Option<Instant> {
        self.sweep_is_due().then_some(self.over)
    }

    /// Forgets of these rows, which are due, what may be forgotten. `last` says that no more are due.
    pub fn sweep_rows(&mut self, rows: &str, last: bool, zones: &dyn Zones) -> Result<()> {
        for key in self.load(rows, zones)? {
            if let Key::Claim(name) = &key {
                if self.claims.get(name).is_some_and(|claim| claim.until <= self.over) {
                    self.claims.remove(name);
                    self.journal.mark(|| key.clone());
                }
                continue;
            }
            let identity = match &key {
                Key::Reservation(id) => Identity::Reservation(id.clone()),
                Key::Record(id) => Identity::Record(id.clone()),
                _ => continue,
            };
            if !self.forget(&identity) {
                continue;
            }
            match identity {
                Identity::Reservation(id) => {
                    self.promises.remove(&id);
                    self.journal.reservation(&id);
                }
                Identity::Record(id) => {
                    self.charges.remove(&id);
                    self.journal.record(&id);
                }
            }
        }
        let over = self.over;
        for book in self.books.values_mut() {
            book.prune(over, &mut self.journal);
        }
        if last {
            self.swept = over;
            self.journal.mark(|| Key::Ledger);
        }
        Ok(())
    }

    /// Whether there are new budgets, which are to be offered all rows of reservations and charges that are not hot.
    pub fn is_adopting(&self) -> bool {
        !self.adopting.is_empty()
    }

    /// Counts these rows for the budgets that are new. `last` says that no more come.
    pub fn adopt_rows(&mut self, rows: &str, last: bool, now: Instant, zones: &dyn Zones) -> Result<()> {
        let fresh = self.load(rows, zones)?;
        let (adopting, over) = (std::mem::take(&mut self.adopting), self.over);
        for key in fresh {
            for id in &adopting {
                let Some(book) = self.books.get_mut(id) else { continue };
                match &key {
                    Key::Reservation(id) => {
                        if let Some(promise) = self.promises.get(id) {
                            book.adopt_promise(promise, over);
                        }
                    }
                    Key::Record(id) => {
                        if let Some(charge) = self.charges.get_mut(id)
                            && book.adopt_charge(charge, over)
                        {
                            self.journal.record(id);
                        }
                    }
                    _ => {}
                }
            }
            // What is read need not stay: what has changed is written first.
            match key {
                Key::Reservation(id) => drop(self.promises.remove(&id)),
                Key::Record(id) if self.journal.keys.contains_key(&Key::Record(id.clone())) => self.adopted.push(id),
                Key::Record(id) => drop(self.charges.remove(&id)),
                Key::Claim(name) => drop(self.claims.remove(&name)),
                _ => {}
            }
        }
        if last {
            let now = self.advance(now);
            for id in adopting {
                self.raise_all(&id, now);
            }
        } else {
            self.adopting = adopting;
        }
        Ok(())
    }

    fn write_own(&self, to: &mut Writer) {
        to.open('{');
        to.number_of("schema", SCHEMA as f64);
        to.number_of("created", self.created as f64);
        for (key, at) in [
            ("last", self.last_seen),
            ("past", Some(self.past)),
            ("doubt", self.doubt),
            ("over", Some(self.over)),
            ("swept", Some(self.swept)),
        ] {
            ms_of(to, key, at);
        }
        if !self.news.is_empty() {
            to.list_of("news", &self.news);
        }
        to.close('}');
    }

    fn read_own(&mut self, value: Raw<'_>) -> Option<Result<()>> {
        let own = Object::of(value)?;
        if own.get("schema")?.whole()? > SCHEMA {
            return Some(Err(Error::new(
                Code::StorageVersionNewer,
                "cannot open the ledger: expected rows of schema 1, found those of a newer release",
            )));
        }
        // The row that is read is never newer than what is in memory.
        if self.last_seen.is_some() {
            return Some(Ok(()));
        }
        self.created = self.created.max(own.get("created")?.whole()?);
        (self.last_seen, self.doubt) = (ms(&own, "last"), ms(&own, "doubt"));
        (self.past, self.over, self.swept) = (ms(&own, "past")?, ms(&own, "over")?, ms(&own, "swept")?);
        self.news = alerts(&own, "news")?;
        Some(Ok(()))
    }
}

/// The rows of a JSON array; a kind of row that is not known is passed by.
fn read_rows(rows: &str) -> Result<Vec<(String, Key, Raw<'_>)>> {
    let bad = || corrupt("");
    let items = Raw::parse(rows).ok().and_then(Raw::items).ok_or_else(bad)?;
    let mut read = Vec::with_capacity(items.len());
    for item in items {
        let [key, value] = item.items().and_then(|pair| <[Raw<'_>; 2]>::try_from(pair).ok()).ok_or_else(bad)?;
        let text = key.to_text().ok_or_else(bad)?;
        if let Some(key) = Key::parse(&text) {
            read.push((text, key, value));
        }
    }
    Ok(read)
}

fn corrupt(key: &str) -> Error {
    let message = "cannot open the ledger: expected rows that a ledger wrote, found one that can't be read";
    Error::new(Code::StorageCorrupt, message).with("key", key.to_owned())
}

pub(super) fn ms(object: &Object<'_>, key: &str) -> Option<Instant> {
    object.get(key)?.number().map(|ms| Instant::from_ms(ms as i64))
}

fn ms_of(to: &mut Writer, key: &str, at: Option<Instant>) {
    if let Some(at) = at {
        to.number_of(key, at.ms() as f64);
    }
}

pub(super) fn amount(object: &Object<'_>, key: &str) -> Option<Usd> {
    Usd::parse(&object.get(key)?.text()?).ok()
}

pub(super) fn scopes(object: &Object<'_>) -> Option<Vec<Scope>> {
    Some(Scope::read_list(object.get("scopes")?)?.0)
}

/// Alerts; none where the key is absent.
fn alerts(object: &Object<'_>, key: &str) -> Option<Vec<Alert>> {
    let Some(list) = object.get(key) else { return Some(Vec::new()) };
    list.items()?.into_iter().map(Alert::read).collect()
}

fn write_book(book: &Book, to: &mut Writer) {
    to.open('{');
    to.number_of("order", book.order as f64);
    ms_of(to, "since", book.since);
    ms_of(to, "horizon", book.horizon);
    to.value_of("budget", &book.config);
    book.adjustments.write_members(to);
    to.close('}');
}

fn read_book(value: Raw<'_>, zones: &dyn Zones) -> Option<Result<Book>> {
    let row = Object::of(value)?;
    let (order, adjustments) = (row.get("order")?.whole()?, Adjustments::read_members(&row)?);
    Some(Config::parse(row.get("budget")?.get()).map(|config| {
        // A zone that this host does not know any more must not keep the ledger shut; UTC's windows hold as well.
        let zone = zones.zone(&config.time_zone).unwrap_or_else(|_| Rc::new(Utc) as Rc<dyn Zone>);
        let (since, horizon) = (ms(&row, "since"), ms(&row, "horizon"));
        Book { config, order, zone, since, windows: Map::new(), horizon, adjustments }
    }))
}

fn write_window(window: &Window, to: &mut Writer) {
    to.open('{');
    ms_of(to, "end", Some(window.end));
    to.value_of("spent", &window.spent);
    to.value_of("held", &window.held);
    if window.carried > Usd::ZERO {
        to.value_of("carried", &window.carried);
    }
    if !window.trail.0.is_empty() {
        to.key("trail");
        to.open('[');
        for (at, spent) in &window.trail.0 {
            to.open('[');
            to.number(at.ms() as f64);
            to.value(spent);
            to.close(']');
        }
        to.close(']');
    }
    if window.alerts().next().is_some() {
        to.list_of("alerts", window.alerts());
    }
    to.close('}');
}

fn read_window(start: Instant, value: Raw<'_>) -> Option<Window> {
    let row = Object::of(value)?;
    let mut window = Window::new((start, ms(&row, "end")?));
    (window.spent, window.held) = (amount(&row, "spent")?, amount(&row, "held")?);
    if row.get("carried").is_some() {
        window.carried = amount(&row, "carried")?;
    }
    for note in row.get("trail").map_or(Some(Vec::new()), Raw::items)? {
        let [at, spent] = note.items().and_then(|pair| <[Raw<'_>; 2]>::try_from(pair).ok())?;
        window.trail.0.push((Instant::from_ms(at.number()? as i64), Usd::parse(&spent.text()?).ok()?));
    }
    window.restore(alerts(&row, "alerts")?);
    Some(window)
}

fn write_amounts(amounts: Amounts, to: &mut Writer, usd: &str, tokens: &str) {
    to.value_of(usd, &amounts.usd);
    if let Some(count) = amounts.tokens {
        to.number_of(tokens, count as f64);
    }
    if amounts.requests != 1 {
        to.number_of("requests", amounts.requests as f64);
    }
}

fn amounts(row: &Object<'_>, usd: &str, tokens: &str) -> Option<Amounts> {
    let tokens = row.get(tokens).map_or(Some(None), |count| count.whole().map(Some))?;
    let requests = row.get("requests").map_or(Some(1), Raw::whole)?;
    Some(Amounts { usd: amount(row, usd)?, tokens, requests })
}

const OPEN: [(Open, &str); 3] = [(Open::Final, "final"), (Open::ToTruth, "truth"), (Open::ToAny, "any")];

fn write_promise(promise: &Promise, to: &mut Writer) {
    to.open('{');
    write_amounts(promise.amounts, to, "usd", "tokens");
    to.list_of("scopes", &promise.scopes);
    for (key, at) in [("made", promise.made), ("expires", promise.expires), ("touched", promise.touched)] {
        ms_of(to, key, Some(at));
    }
    match promise.state {
        State::Held => {}
        State::Released => to.bool_of("released", true),
        State::Settled { charged, open } => {
            write_amounts(Amounts { requests: 1, ..charged }, to, "charged", "chargedTokens");
            to.optional_text_of("open", OPEN.iter().find(|(known, _)| *known == open).map(|(_, name)| *name));
        }
    }
    to.close('}');
}

fn read_promise(value: Raw<'_>) -> Option<Promise> {
    let row = Object::of(value)?;
    let state = if row.get("released").is_some() {
        State::Released
    } else if row.get("charged").is_some() {
        let open = row.get("open")?.text()?;
        let (open, _) = OPEN.iter().find(|(_, name)| *name == open)?;
        State::Settled { charged: amounts(&row, "charged", "chargedTokens")?, open: *open }
    } else {
        State::Held
    };
    Some(Promise {
        amounts: amounts(&row, "usd", "tokens")?,
        scopes: scopes(&row)?,
        made: ms(&row, "made")?,
        expires: ms(&row, "expires")?,
        touched: ms(&row, "touched")?,
        state,
    })
}

fn write_charge(charge: &Known, to: &mut Writer) {
    to.open('{');
    write_amounts(charge.amounts, to, "usd", "tokens");
    to.list_of("scopes", &charge.scopes);
    for (key, at) in [("at", charge.at), ("seen", charge.seen)] {
        ms_of(to, key, Some(at));
    }
    if charge.revision > 0 {
        to.number_of("revision", f64::from(charge.revision));
    }
    if !charge.too_old.is_empty() {
        to.list_of("tooOld", &charge.too_old);
    }
    to.close('}');
}

fn read_charge(value: Raw<'_>) -> Option<Known> {
    let row = Object::of(value)?;
    let revision = row.get("revision").map_or(Some(0), Raw::whole)?;
    let too_old = row.get("tooOld").map_or(Some(Vec::new()), Raw::items)?;
    Some(Known {
        revision: u32::try_from(revision).ok()?,
        amounts: amounts(&row, "usd", "tokens")?,
        scopes: scopes(&row)?,
        at: ms(&row, "at")?,
        seen: ms(&row, "seen")?,
        too_old: too_old.into_iter().map(Raw::to_text).collect::<Option<_>>()?,
    })
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
