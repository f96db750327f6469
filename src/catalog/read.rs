//! The packed text of a price book.
//!
//! Lines of fields parted by one space; the first character of a line says what it is, that of a field its tag:
//!
//! ```text
//! tollgate-prices 1                          the format and its version
//! S 2026-11-21 litellm 1.109.1               a source: when it was read, its name
//! U https://example.com/pricing              a page
//! P azure-openai azure                       a provider and its other names; its models follow
//! M gpt-5 c272000 o128000 =gpt-5-codex       a model: input and output limits, aliases; its rows follow
//! R s0 u0 f2026-08-21 i1.25 r0.125 o10       a row: source, page, first day, rates
//! T ?272000 i2.5 o15                         a context tier of the row: `>` above, `+` from, `?` disputed
//! ```
//!
//! A rate is in US dollars for a million tokens, or for one of anything else; `/3600` behind it makes it a price for so
//! many. A tag that is not known is an error, never skipped: it may carry a price.

use std::sync::OnceLock;

use super::book::{Book, Handle, Provider, Slot};
use super::model::{Edge, Model, RateSource, Rates, Row, Threshold, Variant, When};
use super::names::Names;
use crate::error::{Error, Result};
use crate::money::{Factor, Rate};
use crate::time::Instant;
use crate::usage::Unit;

/// The tag of each unit.
const fn unit_of(tag: u8) -> Option<Unit> {
    Some(match tag {
        b'i' => Unit::Input,
        b'r' => Unit::CacheRead,
        b'w' => Unit::CacheWrite,
        b'W' => Unit::CacheWrite1h,
        b'a' => Unit::InputAudio,
        b'A' => Unit::CacheReadAudio,
        b'g' => Unit::InputImage,
        b'o' => Unit::Output,
        b't' => Unit::ReasoningOutside,
        b'n' => Unit::Citation,
        b'b' => Unit::OutputAudio,
        b'p' => Unit::OutputImage,
        b'x' => Unit::Images,
        b'y' => Unit::AudioSeconds,
        b'e' => Unit::WebSearches,
        b'l' => Unit::FileSearches,
        b'q' => Unit::Requests,
        _ => return None,
    })
}

/// What was expected and found, and where.
type Fault = (String, usize);

impl Book {
    /// Reads the packed text, all of it. An error names the offset, in bytes, of what it can't read.
    pub fn parse(packed: &str) -> Result<Self> {
        let book = Self::open(packed)?;
        for slot in &book.slots {
            let model = book.read_model(slot).map_err(refuse)?;
            // What was read to be checked need not be read again.
            let _ = slot.model.set(Some(Box::new(model)));
        }
        Ok(book)
    }

    /// Reads the names of a packed text, and each model when it is first asked for: for a book that was checked when it
    /// was made. A model that can't be read then has no price.
    pub fn open(packed: &str) -> Result<Self> {
        let mut book = Self { text: packed.into(), names: Names::with_capacity(packed.len() / 48), ..Self::default() };
        let mut at = 0;
        let mut in_model = false;
        for line in packed.split('\n') {
            in_model = book.index_line(line, at, in_model).map_err(refuse)?;
            at += line.len() + 1;
        }
        match book.names.seal(packed) {
            None => Ok(book),
            Some(at) => Err(refuse(("expected models with names of their own, found one twice".to_owned(), at))),
        }
    }

    /// Notes what a line names; says whether the next one may be a row.
    fn index_line(&mut self, line: &str, at: usize, in_model: bool) -> Result<bool, Fault> {
        if at == 0 {
            return if line == "tollgate-prices 1" {
                Ok(false)
            } else {
                Err(("expected the line \"tollgate-prices 1\", found another".to_owned(), 0))
            };
        }
        let Some((kind, rest)) = line.split_at_checked(2) else {
            return if line.is_empty() { Ok(in_model) } else { Err(unknown_line(at)) };
        };
        match kind {
            // Most lines; they are read with their model.
            "R " | "T " if in_model => return Ok(true),
            "R " | "T " => return Err(expected("a model before its rows", at)),
            "M " => {
                self.index_model(rest, at)?;
                return Ok(true);
            }
            "S " => self.source(rest, at)?,
            "U " => self.urls.push(at + 2..at + line.len()),
            "P " => self.index_provider(rest, at)?,
            _ => return Err(unknown_line(at)),
        }
        Ok(false)
    }

    fn source(&mut self, rest: &str, at: usize) -> Result<(), Fault> {
        let (date, name) = rest.split_once(' ').ok_or_else(|| expected("a date and a name", at + 2))?;
        let read = Instant::parse(date).map_err(|_| expected("a date", at + 2))?;
        self.retrieved = self.retrieved.max(Some(read));
        self.sources.push((date.into(), name.into()));
        Ok(())
    }

    fn index_provider(&mut self, rest: &str, at: usize) -> Result<(), Fault> {
        let mut names = rest.split(' ');
        let name = names.next().filter(|name| !name.is_empty()).ok_or_else(|| expected("a provider", at + 2))?;
        let aliases: Vec<_> = names.map(str::to_owned).collect();
        if std::iter::once(name).chain(aliases.iter().map(String::as_str)).any(|name| self.provider(name).is_some()) {
            return Err(("expected providers with names of their own, found one twice".to_owned(), at + 2));
        }
        let place = self.providers.len() as u16;
        self.providers.push(Provider { name: name.into(), aliases, place });
        Ok(())
    }

    fn index_model(&mut self, rest: &str, at: usize) -> Result<(), Fault> {
        let provider = self
            .providers
            .last()
            .map(|provider| provider.place)
            .ok_or_else(|| expected("a provider before its models", at))?;
        let handle = Handle(self.slots.len() as u32);
        for (index, (start, field)) in fields(rest, at).enumerate() {
            if index == 0 {
                self.names.push(provider, field, start, handle, false);
            } else if let Some(alias) = field.strip_prefix('=') {
                self.names.push(provider, alias, start + 1, handle, true);
            }
        }
        self.slots.push(Slot { at, provider, model: OnceLock::new() });
        Ok(())
    }

    /// The lines of a model, each with its offset.
    fn lines_of(&self, slot: &Slot) -> impl Iterator<Item = (usize, &str)> {
        let mut at = slot.at;
        let lines = self.text.get(slot.at..).unwrap_or("").split('\n').map(move |line| {
            let start = at;
            at += line.len() + 1;
            (start, line)
        });
        let mut first = true;
        lines.take_while(move |(_, line)| std::mem::take(&mut first) || line.starts_with(['R', 'T']) || line.is_empty())
    }

    pub(super) fn id_at(&self, slot: &Slot) -> &str {
        let rest = self.text.get(slot.at + 2..).unwrap_or("");
        rest.split([' ', '\n']).next().unwrap_or("")
    }

    /// Whether a row of the model has a first day.
    pub(super) fn has_dated_row(&self, handle: Handle) -> bool {
        let slot = self.slots.get(handle.0 as usize);
        slot.is_some_and(|slot| self.lines_of(slot).any(|(_, line)| line.starts_with("R ") && line.contains(" f")))
    }

    pub(super) fn read_model(&self, slot: &Slot) -> Result<Model, Fault> {
        let provider = self.providers.get(usize::from(slot.provider));
        let mut model = Model {
            id: self.id_at(slot).to_owned(),
            provider: provider.map_or_else(|| "".into(), |provider| provider.name.clone()),
            ..Model::default()
        };
        for (at, line) in self.lines_of(slot) {
            let rest = line.get(2..).unwrap_or("");
            match line.get(..1) {
                Some("M") => read_limits(&mut model, rest, at)?,
                Some("R") => {
                    let row = self.read_row(rest, at)?;
                    if model.rows.last().is_some_and(|last| last.from >= row.from) {
                        return Err(expected("rows by rising first day", at));
                    }
                    model.rows.push(row);
                }
                Some("T") => {
                    let row = model.rows.last_mut().ok_or_else(|| expected("a row before its tiers", at))?;
                    let tier = read_tier(row.tiers().next(), rest, at)?;
                    row.add(tier);
                }
                _ => {}
            }
        }
        if model.id.is_empty() {
            return Err(expected("a model", slot.at + 2));
        }
        if model.rows.is_empty() {
            return Err(expected("a row for the model", slot.at));
        }
        Ok(model)
    }

    fn read_row(&self, rest: &str, at: usize) -> Result<Row, Fault> {
        let mut source = None;
        let mut url = None;
        let mut from = None;
        let mut rates = Rates::default();
        for (at, field) in fields(rest, at) {
            let (tag, value) = tagged(field, at)?;
            match tag {
                b's' => {
                    let index = count(value, at)? as usize;
                    source = Some(self.sources.get(index).ok_or_else(|| expected("a source of the book", at))?);
                }
                b'u' => {
                    let index = count(value, at)? as usize;
                    let range = self.urls.get(index).ok_or_else(|| expected("a page of the book", at))?;
                    url = self.text.get(range.clone());
                }
                b'f' => from = Some((Instant::parse(value).map_err(|_| expected("a date", at))?, value)),
                _ => read_rate(&mut rates, tag, value, at)?,
            }
        }
        let (retrieved_at, name) = source.ok_or_else(|| expected("a row with a source", at))?.clone();
        let (from, date) = from.unzip();
        let url = url.unwrap_or("").into();
        let source = RateSource { name, url, effective_from: date.map(str::to_owned), retrieved_at };
        Ok(Row::new(from, rates, Vec::new(), source))
    }
}

fn refuse((fault, at): Fault) -> Error {
    Error::input(format!("cannot read price book: {fault} at offset {at}")).with("offset", at)
}

fn read_limits(model: &mut Model, rest: &str, at: usize) -> Result<(), Fault> {
    for (at, field) in fields(rest, at).skip(1) {
        let (tag, value) = tagged(field, at)?;
        match tag {
            b'c' => model.context_window = Some(count(value, at)?),
            b'o' => model.max_output = Some(count(value, at)?),
            b'=' => model.aliases.push(value.to_owned()),
            _ => return Err(unknown(tag, at)),
        }
    }
    Ok(())
}

fn read_tier(below: Option<Threshold>, rest: &str, at: usize) -> Result<Variant, Fault> {
    let mut fields = fields(rest, at);
    let (at, field) = fields.next().ok_or_else(|| expected("a threshold", at + 2))?;
    let (tag, value) = tagged(field, at)?;
    let edge = match tag {
        b'>' => Edge::Above,
        b'+' => Edge::From,
        b'?' => Edge::Disputed,
        _ => return Err(unknown(tag, at)),
    };
    let tokens = count(value, at)?;
    if below.is_some_and(|below| below.tokens >= tokens) {
        return Err(expected("tiers by rising threshold", at));
    }
    let mut rates = Rates::default();
    for (at, field) in fields {
        let (tag, value) = tagged(field, at)?;
        read_rate(&mut rates, tag, value, at)?;
    }
    let when = When { context: Some(Threshold { tokens, edge }), ..When::default() };
    Ok(Variant { when, rates, factor: Factor::ONE })
}

/// The fields of the line at an offset, behind its kind, each with its own offset.
fn fields(rest: &str, line: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut at = line + 2;
    rest.split(' ').map(move |field| {
        let start = at;
        at += field.len() + 1;
        (start, field)
    })
}

fn tagged(field: &str, at: usize) -> Result<(u8, &str), Fault> {
    match (field.bytes().next(), field.split_at_checked(1)) {
        (Some(tag), Some((_, value))) => Ok((tag, value)),
        _ => Err(expected("a tagged field", at)),
    }
}

fn read_rate(rates: &mut Rates, tag: u8, value: &str, at: usize) -> Result<(), Fault> {
    let unit = unit_of(tag).ok_or_else(|| unknown(tag, at))?;
    let (usd, per) = value.split_once('/').unwrap_or((value, "1"));
    let rate = decimal(usd, if unit.is_token() { 6 } else { 12 })
        .and_then(|pico| Rate::new(i128::from(pico), per.parse().ok()?))
        .ok_or_else(|| expected("a rate in whole pico-dollars", at))?;
    if rates.set(unit, rate).is_some() {
        return Err(expected("one rate for a unit", at));
    }
    Ok(())
}

/// A plain decimal as a whole number of 10^-`places`; nothing that would have to be rounded.
///
/// Thousands of these are read before the first answer of a program, so it counts in 64 bits and allows no more digits
/// than those hold; [`Rate::parse`] reads what people write.
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

fn count(value: &str, at: usize) -> Result<u64, Fault> {
    value.parse().map_err(|_| expected("a whole number", at))
}

fn expected(what: &str, at: usize) -> Fault {
    (format!("expected {what}, found something else"), at)
}

fn unknown_line(at: usize) -> Fault {
    ("expected a line of S, U, P, M, R or T, found another".to_owned(), at)
}

fn unknown(tag: u8, at: usize) -> Fault {
    (format!("expected a known field, found '{}'", char::from(tag)), at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    #[test]
    fn reads_every_kind_of_line() {
        let book = Book::parse(
            "tollgate-prices 1\nS 2026-11-21 a 1.0\nS 2026-01-02 b\nU https://a.example\nP openai open\n\
             M gpt-5 c272000 o128000 =five =cinq\nR s1 u0 i1.25 r0.125 o10 e0.01 y0.36/3600\n\
             R s0 f2026-08-21 i1 o0\nT ?272000 i2 o15\nT +300000 i3\n",
        )
        .unwrap();
        let model = book.model(Handle(0)).unwrap();
        assert_eq!((model.id.as_str(), &*model.provider), ("gpt-5", "openai"));
        assert_eq!((model.context_window, model.max_output), (Some(272_000), Some(128_000)));
        assert_eq!(model.aliases, ["five", "cinq"]);
        let [old, new] = model.rows.as_slice() else { panic!("two rows") };
        assert_eq!(old.source.name.as_ref(), "b");
        assert_eq!(old.source.url.as_ref(), "https://a.example");
        assert_eq!(old.rates.get(Unit::Input), Rate::new(1_250_000, 1));
        assert_eq!(old.rates.get(Unit::WebSearches), Rate::new(10_000_000_000, 1));
        assert_eq!(old.rates.get(Unit::AudioSeconds), Rate::new(360_000_000_000, 3_600));
        assert_eq!(old.rates.get(Unit::CacheWrite), None);
        assert_eq!(new.source.effective_from.as_deref(), Some("2026-08-21"));
        assert_eq!(new.rates.get(Unit::Output), Some(Rate::FREE));
        assert_eq!(
            new.tiers().map(|t| (t.tokens, t.edge)).collect::<Vec<_>>(),
            [(300_000, Edge::From), (272_000, Edge::Disputed)]
        );
        assert_eq!(book.retrieved(), Some(Instant::parse("2026-11-21").unwrap()));
        let before = Instant::parse("2026-08-20T23:59:59.999Z").unwrap();
        assert_eq!(model.row_at(before), Some(old));
        assert_eq!(model.row_at(before.plus(1)), Some(new));
        assert_eq!(book.unsettled(), []);
    }

    #[test]
    fn what_it_cannot_read_it_names_with_the_offset() {
        const HEAD: &str = "tollgate-prices 1\nS 2026-11-21 a\nP p\n";
        // The caret stands before what can't be read.
        for (text, message) in [
            ("^", "expected the line \"tollgate-prices 1\", found another"),
            ("^tollgate-prices 2\n", "expected the line \"tollgate-prices 1\", found another"),
            ("+M a\nR s0 i1 ^z9\n", "expected a known field, found 'z'"),
            ("+M a c1 ^k2\nR s0 i1\n", "expected a known field, found 'k'"),
            ("+M a\nR s0 i1\nT ^<9 i1\n", "expected a known field, found '<'"),
            ("+^V flex\n", "expected a line of S, U, P, M, R or T, found another"),
            ("+M a\nR s0 ^i-1\n", "expected a rate in whole pico-dollars, found something else"),
            ("+M a\nR s0 ^i0.0000001\n", "expected a rate in whole pico-dollars, found something else"),
            ("+M a\nR s0 ^y1/0\n", "expected a rate in whole pico-dollars, found something else"),
            ("+M a\nR s0 i1 ^i2\n", "expected one rate for a unit, found something else"),
            ("+M a\nR ^s1 i1\n", "expected a source of the book, found something else"),
            ("+M a\n^R i1\n", "expected a row with a source, found something else"),
            ("+M a\nR s0 ^f2026-02-30 i1\n", "expected a date, found something else"),
            ("+M a\nR s0 i1\n^R s0 i2\n", "expected rows by rising first day, found something else"),
            ("+^M a\n", "expected a row for the model, found something else"),
            ("+^M a\nM b\nR s0 i1\n", "expected a row for the model, found something else"),
            ("+M a\nR s0 ^ i1\n", "expected a tagged field, found something else"),
            ("+M a\nR s0 i1\nM ^A\nR s0 i1\n", "expected models with names of their own, found one twice"),
            ("+^R s0 i1\n", "expected a model before its rows, found something else"),
            ("+M a\nR s0 i1\nP q\n^R s0 i2\n", "expected a model before its rows, found something else"),
            ("+M a\nR s0 i1\nU x\n^T >9 i2\n", "expected a model before its rows, found something else"),
            ("+M a\n^T >9 i2\nR s0 i1\n", "expected a row before its tiers, found something else"),
            ("+M a\nR s0 i1\nT >9 i2\nT ^>9 i3\n", "expected tiers by rising threshold, found something else"),
            ("+M ^\nR s0 i1\n", "expected a model, found something else"),
            ("+P ^P\n", "expected providers with names of their own, found one twice"),
            ("tollgate-prices 1\n^M a\n", "expected a provider before its models, found something else"),
        ] {
            let text = text.strip_prefix('+').map_or(text.to_owned(), |rest| format!("{HEAD}{rest}"));
            let offset = text.find('^').unwrap();
            let error = Book::parse(&text.replace('^', "")).unwrap_err();
            assert_eq!(error.code(), Code::InvalidInput);
            assert_eq!(error.message(), format!("cannot read price book: {message} at offset {offset}"), "{text:?}");
            assert_eq!(error.context().get("offset").unwrap().get(), offset.to_string());
        }
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

    #[test]
    fn a_price_to_come_needs_a_clock() {
        let book =
            Book::parse("tollgate-prices 1\nS 2026-11-21 a\nP p\nM m\nR s0 i1\nR s0 f2027-01-01 i2\nM n\nR s0 i1\n");
        let book = book.unwrap();
        assert_eq!(book.unsettled(), [Handle(0)]);
        // A clock before the data was read is not set.
        assert_eq!(book.present(Instant::from_ms(0)), Instant::parse("2026-11-21").unwrap());
    }

    proptest! {
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
        fn any_text_is_read_or_refused(lines in prop::collection::vec("[SUPMRTX]( [a-z=>?+é]?[0-9./-]{0,10}){0,4}", 0..8)) {
            let text = format!("tollgate-prices 1\nS 2026-11-21 a\nP p\n{}", lines.join("\n"));
            // What is wrong is an error when all is read, and no price when it is read on demand.
            match (Book::parse(&text), Book::open(&text)) {
                (Ok(all), Ok(open)) => prop_assert!(all.models().eq(open.models())),
                (Err(_), Ok(open)) => prop_assert!(open.models().count() < open.len()),
                (parsed, opened) => prop_assert_eq!(parsed.err(), opened.err()),
            }
        }
    }
}
