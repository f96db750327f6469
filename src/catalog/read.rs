//! The packed text of a price book, format 2.
//!
//! It is made to be small after gzip and to be opened at once: lines, of which the first says how many of each kind follow.
//! What repeats among models stands once, in a table; a model is its id and four places in tables.
//!
//! ```text
//! tollgate-prices 2 1 1 2 1 2 1              the format; how many sources, pages, limits, traits, prices, providers
//! 2026-11-21 litellm 1.109.1                 a source: when it was read, its name
//! 0 https://example.com/pricing              a page: its source, where it is
//! 272000 128000                              limits: the largest input and output, 0 where not known
//! 0 0
//! chat 1c1                                   traits: the mode, what the model can do as bits (hexadecimal)
//! i1.25r*.1o10;?272:ir*2o*1.5;!flex:iro*.5   prices
//! i.2
//! 2 1 azure-openai! azure                    a provider: how many ids and other names, its name (`!`: ranked), aliases
//! gpt-5                                      its ids, in the order of their lower-case bytes
//! text-embedding-3
//! gpt-5-chat 0                               other names, in the same order, each with the place of its model
//! AAAA                                       a column for each table (pages, limits, traits, prices): of each model the place in
//! AAAB                                       it, in two digits of base 64
//! AAAA
//! AAAB
//!                                            the models whose price depends on the clock
//! ```
//!
//! **Prices** are rows parted by `|`, oldest first: `20260313:` before one is its first day, `~4:` a page other than the
//! model's. A row is rates, then variants behind `;`, each with its conditions and a colon before its rates:
//!
//! | | |
//! |---|---|
//! | `>272` `+272` `?272` | a context tier above, from, at a disputed edge of 272,000 tokens; `>272500t` of other ones |
//! | `!flex` `@eu` | a service tier, a region |
//! | `%31/60/0/480` | hours: days as bits, first minute, end, minutes east of UTC |
//! | `^1.1` | a factor |
//! | `i1.25` `io2` | a rate of a unit, or of each of several: US dollars for a million tokens, or for one of another unit |
//! | `i3/3600` | for so many of it |
//! | `r*.1` | in a row: so many times its rate of plain input (`i`) or output (`o`); in a variant: of the row's own rate |
//! | `x[hd/1024x1792].08` | a rate with a name |
//!
//! What can't be read is an error, never skipped: it may carry a price. Several books may stand one behind the other.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::book::{Book, Handle, Part, Provider, ProviderName};
use super::find::compare;
use super::json::{refuse, shown};
use super::model::{Capabilities, Edge, Model, RateSource, Rates, Row, Threshold, Variant, When};
use super::schedule::Schedule;
use crate::collections::sort_by;
use crate::error::{Error, Result};
use crate::money::{Factor, Rate};
use crate::time::Instant;
use crate::usage::Unit;

/// The tags of the units, in the order of [`Unit::ALL`].
const TAGS: &[u8] = b"irwvWVaAcgGdotnbpDxXuUySzZkKeEqlfmjh";
const _: () = assert!(TAGS.len() == Unit::ALL.len());

/// What was expected, and where.
type Fault = (String, usize);

impl Book {
    /// Reads the packed text, all of it. An error names the offset, in bytes, of what it can't read.
    pub fn parse(packed: &str) -> Result<Self> {
        let book = Self::open(packed)?;
        for provider in &book.providers {
            let ids = provider.ids..provider.ids + provider.handles.len() as u32;
            for lines in [ids, provider.others.clone()] {
                let mut before = "";
                for number in lines {
                    let line = book.line(number);
                    if compare(before, &line.to_ascii_lowercase()).is_ge() {
                        return Err(fault(
                            "expected names in the order of their lower-case bytes",
                            book.offset(number),
                        ));
                    }
                    before = line;
                }
            }
        }
        for (at, slot) in book.models.iter().enumerate() {
            let handle = Handle(at as u32);
            let model = book.read_model(handle).map_err(|(what, at)| fault(&what, at))?;
            if model.is_unsettled(book.retrieved) && !book.unsettled.contains(&handle) {
                return Err(fault("expected a model whose price depends on the clock among those", 0));
            }
            // What was read to be checked need not be read again.
            let _ = slot.set(Some(Box::new(model)));
        }
        Ok(book)
    }

    /// Notes where the lines of a packed text begin, and reads each model when it is first asked for: for a book that was
    /// checked when it was made. A model that can't be read then has no price.
    pub fn open(packed: &str) -> Result<Self> {
        let mut book = Self { text: packed.into(), ..Self::default() };
        book.lines = line_starts(packed.as_bytes());
        let mut at = 0;
        // The text ends with a line break, behind which an empty line begins.
        while at + 1 < book.lines.len() as u32 || at == 0 {
            at = book.open_part(at).map_err(|(what, at)| fault(&what, at))?;
        }
        Ok(book)
    }

    /// A book of models that were read elsewhere.
    pub(super) fn of(names: &[ProviderName], models: Vec<Model>, retrieved: Option<Instant>) -> Result<Self> {
        let mut book = Self { retrieved, ..Self::default() };
        let mut text = String::new();
        let mut models: Vec<Option<Model>> = models.into_iter().map(Some).collect();
        let mut line = |name: &str, lines: &mut Vec<u32>| {
            lines.push(text.len() as u32);
            text.push_str(name);
            text.push('\n');
        };
        for name in names {
            let is_own = |model: &&mut Option<Model>| model.as_ref().is_some_and(|model| *model.provider == *name.name);
            let mut own: Vec<Model> = models.iter_mut().filter(is_own).filter_map(Option::take).collect();
            sort_by(&mut own, |a, b| compare(&a.id, &b.id.to_ascii_lowercase()));
            let first = book.models.len() as u32;
            let ids = book.lines.len() as u32;
            own.iter().for_each(|model| line(&model.id, &mut book.lines));
            let mut others: Vec<(&str, usize)> = Vec::new();
            for (at, model) in own.iter().enumerate() {
                others.extend(model.aliases.iter().map(|alias| (alias.as_str(), at)));
            }
            sort_by(&mut others, |a, b| compare(a.0, &b.0.to_ascii_lowercase()));
            let from = book.lines.len() as u32;
            others.iter().for_each(|(alias, at)| line(&format!("{alias} {at}"), &mut book.lines));
            for pair in own.windows(2) {
                if let [a, b] = pair
                    && a.id.eq_ignore_ascii_case(&b.id)
                {
                    return Err(refuse(
                        "models",
                        "models with ids of their own",
                        &format!("one twice: {}", shown(&a.id)),
                    ));
                }
            }
            for pair in others.windows(2) {
                if let [(a, _), (b, _)] = pair
                    && a.eq_ignore_ascii_case(b)
                {
                    return Err(refuse(
                        "models",
                        "models with aliases of their own",
                        &format!("one twice: {}", shown(a)),
                    ));
                }
            }
            for model in own {
                if model.is_unsettled(retrieved) {
                    book.unsettled.push(Handle(book.models.len() as u32));
                }
                book.models.push(OnceLock::from(Some(Box::new(model))));
            }
            book.providers.push(Provider {
                name: name.name.as_str().into(),
                aliases: name.aliases.clone(),
                is_ranked: name.is_ranked,
                handles: first..book.models.len() as u32,
                ids,
                others: from..book.lines.len() as u32,
                part: 0,
            });
        }
        // The last line ends where the next would begin.
        book.lines.push(text.len() as u32);
        book.text = text.into();
        Ok(book)
    }

    fn offset(&self, line: u32) -> usize {
        self.lines.get(line as usize).map_or(self.text.len(), |at| *at as usize)
    }

    /// Notes what a book of the text has, from its first line on; gives back the line behind its last.
    fn open_part(&mut self, start: u32) -> Result<u32, Fault> {
        let head = self.line(start);
        let counts =
            head.strip_prefix("tollgate-prices 2 ").map(|counts| counts.split(' ').map(|n| n.parse::<u32>().ok()));
        let counts: Option<Vec<u32>> = counts.and_then(Iterator::collect);
        let Some(&[sources, pages, limits, traits, prices, providers]) = counts.as_deref() else {
            return Err(expected("the line \"tollgate-prices 2\" with six counts", self.offset(start)));
        };
        let mut part = Part { first: self.models.len() as u32, ..Part::default() };
        let mut at = start + 1;
        for _ in 0..sources {
            let line = at;
            let (date, name) = self.line(line).split_once(' ').unwrap_or(("", ""));
            let read = Instant::parse(date).map_err(|_| expected("a date and a name", self.offset(line)))?;
            part.sources.push((date.into(), name.into()));
            self.retrieved = self.retrieved.max(Some(read));
            at = line + 1;
        }
        for (table, count) in part.tables.iter_mut().zip([pages, limits, traits, prices]) {
            *table = at;
            at = at.saturating_add(count);
        }
        for _ in 0..providers {
            at = self.open_provider(at)?;
        }
        let models = (self.models.len() as u32).saturating_sub(part.first) as usize;
        for column in &mut part.columns {
            *column = self.offset(at) as u32;
            if self.line(at).len() != 2 * models {
                return Err(expected("a column with two digits for each model", self.offset(at)));
            }
            at += 1;
        }
        let handle = |number: &str| number.parse::<u32>().ok().filter(|number| (*number as usize) < models);
        let numbers = self.line(at).split(' ').filter(|number| !number.is_empty());
        let handles: Option<Vec<u32>> = numbers.map(handle).collect();
        let handles = handles.ok_or_else(|| expected("places of models", self.offset(at)))?;
        self.unsettled.extend(handles.into_iter().map(|handle| Handle(part.first + handle)));
        self.parts.push(part);
        Ok(at + 1)
    }

    fn open_provider(&mut self, at: u32) -> Result<u32, Fault> {
        let wrong = |what: &str, book: &Self| expected(what, book.offset(at));
        let line = self.line(at);
        let mut words = line.split(' ');
        let mut count = || words.next()?.parse::<u32>().ok().filter(|count| (*count as usize) < self.lines.len());
        let (Some(ids), Some(others)) = (count(), count()) else {
            return Err(wrong("a provider with its counts", self));
        };
        let name = words.next().filter(|name| !name.is_empty()).ok_or_else(|| wrong("a provider's name", self))?;
        let aliases: Vec<String> = words.map(str::to_owned).collect();
        let (name, is_ranked) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
        let taken = |name: &str| self.provider(name).is_some();
        if taken(name) || aliases.iter().any(|alias| taken(alias)) {
            return Err(wrong("providers with names of their own", self));
        }
        let first = self.models.len() as u32;
        let end = at + 1 + ids;
        let part = self.parts.len();
        let name: Arc<str> = name.into();
        let handles: Range<u32> = first..first + ids;
        self.providers.push(Provider {
            name,
            aliases,
            is_ranked,
            handles,
            ids: at + 1,
            others: end..end + others,
            part,
        });
        self.models.resize_with((first + ids) as usize, OnceLock::new);
        Ok(end + others)
    }

    pub(super) fn read_model(&self, handle: Handle) -> Result<Model, Fault> {
        let provider = self.provider_of(handle).ok_or_else(|| expected("a model of a provider", 0))?;
        let part = self.parts.get(provider.part).ok_or_else(|| expected("a book", 0))?;
        let place = handle.0 - provider.handles.start;
        let at = self.offset(provider.ids + place);
        let cell =
            |table: usize| self.cell(provider.part, handle, table).ok_or_else(|| expected("a place in each table", at));
        let (page, limits, traits, prices) = (cell(0)?, cell(1)?, cell(2)?, cell(3)?);
        let mut model = Model {
            id: self.line(provider.ids + place).to_owned(),
            provider: provider.name.clone(),
            ..Model::default()
        };
        for line in provider.others.clone() {
            if let Some((alias, of)) = self.line(line).rsplit_once(' ')
                && of.parse() == Ok(place)
            {
                model.aliases.push(alias.to_owned());
            }
        }
        let pair = |line: u32| self.line(line).split_once(' ').ok_or_else(|| expected("two words", self.offset(line)));
        let (context, output) = pair(limits)?;
        let count = |text: &str| text.parse::<u64>().map_err(|_| expected("a whole number", self.offset(limits)));
        model.context_window = Some(count(context)?).filter(|count| *count > 0);
        model.max_output = Some(count(output)?).filter(|count| *count > 0);
        let (mode, bits) = pair(traits)?;
        model.mode = mode.into();
        let bits = u32::from_str_radix(bits, 16).ok().and_then(Capabilities::from_bits);
        model.capabilities = bits.ok_or_else(|| expected("what a model can do", self.offset(traits)))?;
        let text = self.line(prices);
        if !text.is_empty() {
            let mut scan = Scan { text, at: 0 };
            let source = |page: u32| self.source(part, page).ok_or_else(|| expected("a page of the book", at));
            let rows = scan.rows(page - part.tables.first().copied().unwrap_or(0), &source);
            model.rows = rows.map_err(|what| (what, self.offset(prices) + scan.at))?;
        }
        Ok(model)
    }

    /// The line of a table that a model names.
    fn cell(&self, part: usize, handle: Handle, table: usize) -> Option<u32> {
        let of = self.parts.get(part)?;
        let at = *of.columns.get(table)? as usize + 2 * (handle.0 - of.first) as usize;
        let digits = self.text.as_bytes().get(at..at + 2)?;
        let place = digits.iter().try_fold(0, |sum, digit| Some(sum << 6 | digit_of(*digit)?))?;
        let start = *of.tables.get(table)?;
        // A place beyond the table would be one of the next.
        let end = of.tables.get(table + 1).copied().unwrap_or_else(|| self.first_line_of(part));
        (start + place < end).then_some(start + place)
    }

    /// The prices of a model that was not read yet.
    pub(super) fn prices_of(&self, handle: Handle) -> &str {
        let provider = self.provider_of(handle);
        provider.and_then(|provider| self.cell(provider.part, handle, 3)).map_or("", |line| self.line(line))
    }

    /// The line behind the last table of a part: that of its first provider.
    fn first_line_of(&self, part: usize) -> u32 {
        self.providers.iter().find(|provider| provider.part == part).map_or(0, |provider| provider.ids - 1)
    }

    /// The source and the page of a place in the table of pages.
    fn source(&self, part: &Part, page: u32) -> Option<RateSource> {
        let [start, end, ..] = part.tables;
        let (source, url) = self.line(start.checked_add(page).filter(|line| *line < end)?).split_once(' ')?;
        let (date, name) = part.sources.get(source.parse::<usize>().ok()?)?;
        Some(RateSource { name: name.clone(), url: url.into(), effective_from: None, retrieved_at: date.clone() })
    }
}

/// Where each line begins, the empty one behind the last line break included. Eight bytes at a time: it is most of what a
/// program waits for before its first price.
fn line_starts(text: &[u8]) -> Vec<u32> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const LOW: u64 = ONES * 0x7f;
    let mut starts = Vec::with_capacity(text.len() / 16 + 1);
    starts.push(0);
    let (chunks, rest) = text.as_chunks::<8>();
    let mut at = 1_u32;
    for chunk in chunks {
        // A byte of it is zero where there is a line break, and its high bit alone is set below.
        let word = u64::from_le_bytes(*chunk) ^ (ONES * b'\n' as u64);
        let mut found = !(((word & LOW) + LOW) | word | LOW);
        while found != 0 {
            starts.push(at + found.trailing_zeros() / 8);
            found &= found - 1;
        }
        at += 8;
    }
    for (byte, next) in rest.iter().zip(at..) {
        if *byte == b'\n' {
            starts.push(next);
        }
    }
    starts
}

fn digit_of(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    }))
}

fn fault(what: &str, at: usize) -> Error {
    Error::input(format!("cannot read price book: {what} at offset {at}")).with("offset", at)
}

fn expected(what: &str, at: usize) -> Fault {
    (format!("expected {what}, found something else"), at)
}

/// Reads a line of prices.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

type Read<T> = Result<T, String>;

impl<'a> Scan<'a> {
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte && self.at < self.text.len();
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Read<()> {
        if self.take(byte) { Ok(()) } else { self.wrong(&format!("'{}'", char::from(byte))) }
    }

    fn wrong<T>(&self, what: &str) -> Read<T> {
        Err(format!("expected {what}, found something else"))
    }

    /// The bytes that fit, as many as there are.
    fn while_(&mut self, fits: fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.at < self.text.len() && fits(self.peek()) {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or("")
    }

    fn word(&mut self) -> Read<Arc<str>> {
        match self.while_(|b| b.is_ascii_alphanumeric() || b"-_*".contains(&b)) {
            "" => self.wrong("a name"),
            word => Ok(word.into()),
        }
    }

    fn whole<T: std::str::FromStr>(&mut self) -> Read<T> {
        let text = self.while_(|b| b.is_ascii_digit() || b == b'-');
        text.parse().or_else(|_| self.wrong("a whole number"))
    }

    fn rows(&mut self, page: u32, source: &dyn Fn(u32) -> Result<RateSource, Fault>) -> Read<Vec<Row>> {
        let mut rows: Vec<Row> = Vec::new();
        loop {
            let date = self.date()?;
            let from = match &date {
                Some(date) => Some(Instant::parse(date).or_else(|_| self.wrong("a date"))?),
                None => None,
            };
            let page = if self.take(b'~') {
                let page = self.whole()?;
                self.expect(b':')?;
                page
            } else {
                page
            };
            let source = RateSource { effective_from: date, ..source(page).map_err(|(what, _)| what)? };
            let mut rates = Rates::default();
            self.rates(&mut rates, None)?;
            let mut variants = Vec::new();
            while self.take(b';') {
                variants.push(self.variant(&rates)?);
            }
            if rows.last().is_some_and(|last| last.from >= from) {
                return self.wrong("rows by rising first day");
            }
            rows.push(Row::new(from, rates, variants, source));
            if !self.take(b'|') {
                break;
            }
        }
        if self.at < self.text.len() { self.wrong("a known field") } else { Ok(rows) }
    }

    /// Eight digits and a colon: no rate begins with a digit.
    fn date(&mut self) -> Read<Option<String>> {
        let digits = self.while_(|b| b.is_ascii_digit());
        match (digits.get(..4), digits.get(4..6), digits.get(6..8)) {
            (Some(year), Some(month), Some(day)) => {
                self.expect(b':')?;
                Ok(Some(format!("{year}-{month}-{day}")))
            }
            _ if digits.is_empty() => Ok(None),
            _ => self.wrong("a date"),
        }
    }

    fn variant(&mut self, base: &Rates) -> Read<Variant> {
        let mut variant = Variant::default();
        let when: &mut When = &mut variant.when;
        loop {
            let edge = match self.peek() {
                b'>' => Edge::Above,
                b'+' => Edge::From,
                b'?' => Edge::Disputed,
                b'!' => {
                    self.at += 1;
                    when.service = Some(self.word()?);
                    continue;
                }
                b'@' => {
                    self.at += 1;
                    when.region = Some(self.word()?);
                    continue;
                }
                b'%' => {
                    self.at += 1;
                    let days = self.whole()?;
                    self.expect(b'/')?;
                    let from = self.whole()?;
                    self.expect(b'/')?;
                    let to = self.whole()?;
                    self.expect(b'/')?;
                    when.schedule = Some(Schedule { days, from, to, offset: self.whole()? });
                    continue;
                }
                _ => break,
            };
            self.at += 1;
            let tokens: u64 = self.whole()?;
            let tokens = if self.take(b't') { tokens } else { tokens.saturating_mul(1_000) };
            when.context = Some(Threshold { tokens, edge });
        }
        if *when == When::default() {
            return self.wrong("a condition");
        }
        self.expect(b':')?;
        if self.take(b'^') {
            let factor = self.while_(|b| b.is_ascii_digit() || b == b'.');
            variant.factor = Factor::parse(factor).or_else(|_| self.wrong("a multiplier"))?;
        }
        self.rates(&mut variant.rates, Some(base))?;
        Ok(variant)
    }

    /// Rates, those of a variant with the row's beside them.
    fn rates(&mut self, rates: &mut Rates, base: Option<&Rates>) -> Read<()> {
        while self.peek().is_ascii_alphabetic() {
            let start = self.at;
            let tags = self.while_(|b| b.is_ascii_alphabetic());
            let name = if self.take(b'[') {
                let name = self.while_(|b| b != b']');
                self.expect(b']')?;
                Some(name)
            } else {
                None
            };
            let times = self.take(b'*');
            let usd = self.while_(|b| b.is_ascii_digit() || b == b'.');
            let per = if self.take(b'/') { self.whole()? } else { 1 };
            let end = self.at;
            for (at, tag) in tags.bytes().enumerate() {
                // What is wrong with a rate is said where it begins.
                self.at = start + at;
                let unit = TAGS.iter().position(|known| *known == tag).and_then(|at| Unit::ALL.get(at).copied());
                let Some(unit) = unit else { return self.wrong("a known unit") };
                let rate = if times {
                    let lead = if unit.is_input_token() { Unit::Input } else { Unit::Output };
                    let of = match base {
                        Some(base) => base.get(unit),
                        None => rates.get(lead),
                    };
                    of.and_then(|of| multiple(of, usd))
                } else {
                    decimal(usd, if unit.is_token() { 6 } else { 12 }).and_then(|pico| Rate::new(pico.into(), per))
                };
                let Some(rate) = rate else { return self.wrong("a rate in whole pico-dollars") };
                let twice = match name {
                    Some(name) => rates.set_named(&format!("{}:{name}", unit.key()), rate),
                    None => rates.set(unit, rate),
                };
                if twice.is_some() {
                    return self.wrong("one rate for a unit");
                }
            }
            self.at = end;
        }
        Ok(())
    }
}

/// A rate times a decimal, where that is whole pico-dollars.
fn multiple(rate: Rate, times: &str) -> Option<Rate> {
    let millionths = i128::from(decimal(times, 6)?);
    let product = rate.pico().checked_mul(millionths)?;
    if product % 1_000_000 == 0 { Rate::new(product / 1_000_000, rate.per()) } else { None }
}

/// A plain decimal as a whole number of 10^-`places`; nothing that would have to be rounded.
///
/// It counts in 64 bits and allows no more digits than those hold; [`Rate::parse`] reads what people write.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let mut value = 0_u64;
    let mut fraction = None;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                fraction = fraction.map(|digits: usize| digits + 1);
            }
            b'.' if fraction.is_none() => fraction = Some(0),
            _ => return None,
        }
    }
    let digits = text.len() - usize::from(fraction.is_some());
    let missing = places.checked_sub(fraction.unwrap_or(0))?;
    // Nineteen digits always fit.
    (digits > 0 && digits + missing <= 19).then(|| value * 10_u64.pow(missing as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    /// A book of two models with everything that the format has.
    fn packed(prices: &str) -> String {
        format!(
            "tollgate-prices 2 2 2 2 1 2 1\n2026-11-21 a 1.0\n2026-01-02 b\n0 https://a.example\n1 \n\
             272000 128000\n0 0\nchat 5\n{prices}\ni.2\n2 1 openai! open ai\ngpt-5\nText-Embedding\nFive 0\n\
             AAAB\nAAAB\nAAAA\nAAAB\n0\n"
        )
    }

    const PRICES: &str = "i1.25r*.1o10l.01y.36/3600x[hd/1024x1792].08;>272:ir*2o*1.5;!flex?272:i*.5;@eu:^1.1;%31/990/30/0:i1|20260821:~1:io0";

    #[test]
    fn reads_everything_of_the_format() {
        let book = Book::parse(&packed(PRICES)).unwrap();
        let model = book.model(Handle(0)).unwrap();
        assert_eq!((model.id.as_str(), &*model.provider, &*model.mode), ("gpt-5", "openai", "chat"));
        assert_eq!((model.context_window, model.max_output), (Some(272_000), Some(128_000)));
        assert_eq!(model.aliases, ["Five"]);
        assert_eq!(model.capabilities.names().collect::<Vec<_>>(), ["vision", "video"]);
        let [old, new] = model.rows.as_slice() else { panic!("two rows") };
        assert_eq!((&*old.source.name, &*old.source.url), ("a 1.0", "https://a.example"));
        assert_eq!((&*new.source.name, &*new.source.url, &*new.source.retrieved_at), ("b", "", "2026-01-02"));
        assert_eq!(new.source.effective_from.as_deref(), Some("2026-08-21"));
        for (unit, rate) in [
            (Unit::Input, Rate::new(1_250_000, 1)),
            (Unit::CacheRead, Rate::new(125_000, 1)),
            (Unit::Output, Rate::new(10_000_000, 1)),
            (Unit::WebSearches, Rate::new(10_000_000_000, 1)),
            (Unit::AudioSeconds, Rate::new(360_000_000_000, 3_600)),
            (Unit::CacheWrite, None),
        ] {
            assert_eq!(old.rates.get(unit), rate, "{}", unit.key());
        }
        assert_eq!(old.rates.named("images:hd/1024x1792"), Rate::new(80_000_000_000, 1));
        assert_eq!(new.rates.get(Unit::Output), Some(Rate::FREE));
        let of = |find: fn(&When) -> bool| old.variants().iter().find(|variant| find(&variant.when)).unwrap();
        let tier = of(|when| when.context.is_some() && when.service.is_none());
        assert_eq!(tier.rates.get(Unit::Output), Rate::new(15_000_000, 1));
        assert_eq!(tier.rates.get(Unit::CacheRead), Rate::new(250_000, 1));
        let flex = of(|when| when.service.is_some());
        assert_eq!(flex.when.context, Some(Threshold { tokens: 272_000, edge: Edge::Disputed }));
        assert_eq!(flex.rates.get(Unit::Input), Rate::new(625_000, 1));
        assert_eq!(of(|when| when.region.is_some()).factor, Factor::parse("1.1").unwrap());
        let hours = of(|when| when.schedule.is_some()).when.schedule.unwrap();
        assert_eq!(hours, Schedule::parse("1-5", "16:30", "00:30", "").unwrap());
        assert_eq!(book.retrieved(), Some(Instant::parse("2026-11-21").unwrap()));
        assert_eq!(book.unsettled(), [Handle(0)]);
        assert_eq!(book.find("FIVE", None).unwrap().handle, Handle(0));
        assert_eq!(book.find("text-embedding", None).unwrap().handle, Handle(1));
    }

    #[test]
    fn several_books_stand_one_behind_the_other() {
        let other = packed("i9").replace("openai! open ai", "p").replace("\n0\n", "\n\n");
        let both = Book::parse(&format!("{}{other}", packed(PRICES))).unwrap();
        assert_eq!(both.len(), 4);
        assert_eq!(both.provider_names().collect::<Vec<_>>(), ["openai", "p"]);
        assert_eq!(both.ids_of("p").collect::<Vec<_>>(), ["gpt-5", "Text-Embedding"]);
        let found = both.find("p/gpt-5", None).unwrap();
        assert_eq!(both.model(found.handle).unwrap().rows[0].rates.get(Unit::Input), Rate::new(9_000_000, 1));
        assert!(Book::parse(&format!("{}{}", packed(PRICES), packed(PRICES))).is_err(), "one provider twice");
    }

    #[test]
    fn what_it_cannot_read_it_names_with_the_offset() {
        // The caret stands before what can't be read.
        for (prices, what) in [
            ("^i1$", "a known field"),
            ("i1^Q2", "a known unit"),
            ("i1^i2", "one rate for a unit"),
            ("^i0.0000001", "a rate in whole pico-dollars"),
            ("^i1/0", "a rate in whole pico-dollars"),
            ("^r*2", "a rate in whole pico-dollars"),
            ("i.000001^r*.5", "a rate in whole pico-dollars"),
            ("i1;^:i2", "a condition"),
            ("i1;!^:i2", "a name"),
            ("i1;>^x:i2", "a whole number"),
            ("i1;@eu^;i2", "':'"),
            ("i1;%1/2^:i2", "'/'"),
            ("i1;@eu:^99999^i1", "a multiplier"),
            ("i1x[a^", "']'"),
            ("2026^:i1", "a date"),
            ("20261301:^i1", "a date"),
            ("i1|^i2", "rows by rising first day"),
            ("i1^~9:", "a known field"),
        ] {
            let at =
                if what == "a known field" && prices.starts_with('^') { 2 } else { prices.rfind('^').unwrap_or(0) };
            let plain = match what {
                "a multiplier" => "i1;@eu:^99999i1".to_owned(),
                _ => prices.replace('^', ""),
            };
            let error = Book::parse(&packed(&plain)).unwrap_err();
            assert_eq!(error.code(), Code::InvalidInput);
            let start = packed("").find("\n\ni.2").unwrap() + 1;
            if matches!(what, "rows by rising first day") {
                assert!(error.message().starts_with("cannot read price book: expected rows by rising first day"));
                continue;
            }
            let message = format!(
                "cannot read price book: expected {what}, found something else at offset {}",
                start + if what == "a multiplier" { plain.len() - 2 } else { at }
            );
            assert_eq!(error.message(), message, "{prices}");
        }
        for (from, to, what) in [
            ("tollgate-prices 2", "tollgate-prices 1", "the line \"tollgate-prices 2\" with six counts"),
            ("2026-11-21 a", "2026-13-21 a", "a date and a name"),
            ("2 1 openai", "9999 1 openai", "a provider with its counts"),
            ("AAAB\nAAAB\nAAAA", "AAAB\nAAAB\nAAA", "a column with two digits for each model"),
            ("AAAB\nAAAB\nAAAA", "AAAB\nAAAB\nAA$A", "a place in each table"),
            ("AAAB\nAAAB\nAAAA", "AAAB\nAAAB\nAAZZ", "a place in each table"),
            ("chat 5", "chat fffff", "what a model can do"),
            ("272000 128000", "272000 x", "a whole number"),
            ("\n0\n", "\n7\n", "places of models"),
            ("gpt-5\nText-Embedding", "text-embedding\nGpt-5", "names in the order of their lower-case bytes"),
        ] {
            let error = Book::parse(&packed(PRICES).replacen(from, to, 1)).unwrap_err();
            assert!(error.message().starts_with(&format!("cannot read price book: expected {what}")), "{error}");
        }
        let by_hour = packed("i1;%31/990/30/0:i1").replacen("\n0\n", "\n\n", 1);
        let error = Book::parse(&by_hour).unwrap_err();
        assert!(error.message().contains("a model whose price depends on the clock among those"), "{error}");
        assert!(Book::parse("").is_err());
    }

    #[test]
    fn decimals_are_read_exactly_or_not_at_all() {
        for (text, places, value) in [
            ("1.25", 6, Some(1_250_000)),
            ("0.000001", 6, Some(1)),
            ("0", 12, Some(0)),
            (".5", 6, Some(500_000)),
            ("1000000000000", 6, Some(1_000_000_000_000_000_000)),
            ("9999999999999.999999", 6, Some(9_999_999_999_999_999_999)),
            ("10000000000000", 6, None),
            ("0.0000001", 6, None),
            ("", 6, None),
            (".", 6, None),
            ("1.2.3", 6, None),
            ("1e3", 6, None),
            ("-1", 6, None),
        ] {
            assert_eq!(decimal(text, places), value, "{text}");
        }
    }

    proptest! {
        #[test]
        fn lines_begin_behind_line_breaks(text in "[\n\u{8a}a\u{b}é]{0,40}") {
            let starts = std::iter::once(0).chain(text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n').map(|(_, at)| at));
            prop_assert_eq!(line_starts(text.as_bytes()), starts.collect::<Vec<u32>>());
        }

        #[test]
        fn decimals_are_those_of_rates(text in "[0-9]{1,9}(\\.[0-9]{0,8})?") {
            let rate = Rate::parse(&text, 1_000_000).ok().filter(|(_, rounded)| !rounded).map(|(rate, _)| rate.pico());
            let trailing = text.split_once('.').is_some_and(|(_, fraction)| fraction.len() > 6);
            if !trailing {
                prop_assert_eq!(decimal(&text, 6).map(i128::from), rate);
            } else {
                prop_assert_eq!(decimal(&text, 6), None);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(prices in "[irox;:!@>?%^|~*/\\[\\].0-9a-z]{0,24}", cut in 0_usize..400, with in "[A-Z0-9 \n]{0,3}") {
            let mut text = packed(&prices);
            let at = cut.min(text.len());
            text.replace_range(at..(at + with.len()).min(text.len()), &with);
            // What is wrong is an error when all is read, and no price when it is read on demand.
            match (Book::parse(&text), Book::open(&text)) {
                (Ok(all), Ok(open)) => prop_assert!(all.models().eq(open.models())),
                (Err(_), Ok(open)) => prop_assert!(open.models().count() <= open.len()),
                (parsed, opened) => prop_assert_eq!(parsed.err(), opened.err()),
            }
        }
    }
}
