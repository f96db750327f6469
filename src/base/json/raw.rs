//! A JSON value as the text it was written in.

use std::borrow::Cow;
use std::fmt;

use super::number;
use super::scan::Scan;
use super::write::{ToJson, Writer};

/// One JSON value, checked, as the bytes it was written in, without the whitespace around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a>(&'a str);

/// The members of an object: names and values.
pub type Members<'a> = Vec<(Cow<'a, str>, Raw<'a>)>;

/// Where a text stops being JSON, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bad(pub usize);

impl Bad {
    /// The line and the column, in bytes, both from 1.
    pub fn place(self, text: &str) -> (usize, usize) {
        let before = text.as_bytes().get(..self.0).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count();
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
        (line + 1, column + 1)
    }
}

impl<'a> Raw<'a> {
    /// An object without members.
    pub const EMPTY: Raw<'static> = Raw("{}");

    /// The value that a text consists of.
    pub fn parse(text: &'a str) -> Result<Self, Bad> {
        let mut scan = Scan::new(text);
        scan.space();
        let start = scan.at();
        scan.value()?;
        let end = scan.at();
        scan.space();
        if scan.at() < text.len() { Err(Bad(scan.at())) } else { Ok(Self::part(text, start, end)) }
    }

    /// The value that a text is, which was checked.
    pub(super) const fn checked(text: &'a str) -> Self {
        Self(text)
    }

    /// The value that a part of a text is, which was scanned.
    pub(super) fn part(text: &'a str, start: usize, end: usize) -> Self {
        Self(text.get(start..end).unwrap_or_default())
    }

    /// Its text.
    pub const fn get(self) -> &'a str {
        self.0
    }

    /// What kind of value it is, as errors name it.
    pub fn kind(self) -> &'static str {
        kind_of(self.0)
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The value, but nothing for null.
    pub fn present(self) -> Option<Self> {
        (!self.is_null()).then_some(self)
    }

    /// The boolean; `None` for another value.
    pub fn bool(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The number; `None` for another value, and for one beyond all doubles.
    pub fn number(self) -> Option<f64> {
        let is_number = matches!(self.0.bytes().next(), Some(b'-' | b'0'..=b'9'));
        is_number.then(|| number::parse(self.0)).filter(|number| number.is_finite())
    }

    /// The whole number, also where it is written as `1.0` or `1e0`; `None` for another value, and beyond 64 bits.
    pub fn whole(self) -> Option<u64> {
        let fits = |number: &f64| *number >= 0.0 && *number <= 9_007_199_254_740_992.0;
        self.0.parse().ok().or_else(|| {
            self.number().filter(fits).filter(|number| *number == (*number as u64) as f64).map(|number| number as u64)
        })
    }

    /// The text of a string; `None` for another value.
    ///
    /// JavaScript's strings can hold half a surrogate pair, and `JSON.stringify` writes it as an escape that stands for no
    /// text. It is read as U+FFFD, as an encoder to UTF-8 would write it: a text that could not be read would be a text
    /// that no guard sees.
    pub fn text(self) -> Option<Cow<'a, str>> {
        // By bytes: looking for characters costs more than all else here.
        let [b'"', .., b'"'] = self.0.as_bytes() else { return None };
        let inner = self.0.get(1..self.0.len() - 1)?;
        Some(if inner.as_bytes().contains(&b'\\') { Cow::Owned(unescape(inner)) } else { Cow::Borrowed(inner) })
    }

    /// As [`Raw::text`], owned.
    pub fn to_text(self) -> Option<String> {
        self.text().map(Cow::into_owned)
    }

    /// What stands behind the bracket that it begins with; `None` for another value.
    fn within(self, bracket: u8) -> Option<&'a str> {
        self.0.get(1..).filter(|_| self.0.as_bytes().first() == Some(&bracket))
    }

    /// The items of an array; `None` for another value.
    pub fn items(self) -> Option<Vec<Raw<'a>>> {
        let rest = self.within(b'[')?;
        let mut scan = Scan::new(rest);
        let mut items = Vec::new();
        while let Some(item) = scan.next(rest) {
            items.push(item);
        }
        Some(items)
    }

    /// The members of an object, in their order, also those whose names repeat; `None` for another value.
    pub fn members(self) -> Option<Members<'a>> {
        let rest = self.within(b'{')?;
        let mut scan = Scan::new(rest);
        let mut members = Vec::new();
        while let Some(key) = scan.next(rest) {
            scan.step();
            members.push((key.text()?, scan.next(rest)?));
        }
        Some(members)
    }

    /// The member of that name: the last, as in `JSON.parse`. `None` where there is none, and for null.
    pub fn member(self, name: &str) -> Option<Raw<'a>> {
        let rest = self.0.strip_prefix('{')?;
        let mut scan = Scan::new(rest);
        let mut found = None;
        // Without a list of them: bodies are asked for one member after the other.
        while let Some(key) = scan.next(rest) {
            scan.step();
            let value = scan.next(rest)?;
            if key.text()? == name {
                found = Some(value);
            }
        }
        found.and_then(Raw::present)
    }
}

impl fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl ToJson for Raw<'_> {
    fn write(&self, to: &mut Writer) {
        to.raw(self.0);
    }
}

/// What a JSON text is, by its first character.
pub fn kind_of(text: &str) -> &'static str {
    match text.bytes().next() {
        None => "nothing",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        Some(b'-') => "a negative number",
        Some(b'0'..=b'9') => "a number",
        Some(_) => "no JSON",
    }
}

/// The text that a string's inside stands for.
fn unescape(inner: &str) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        let (kind, mut after) = escape.split_at_checked(1).unwrap_or(("", ""));
        text.push(match kind {
            "b" => '\u{8}',
            "f" => '\u{c}',
            "n" => '\n',
            "r" => '\r',
            "t" => '\t',
            "u" => {
                let unit = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
                let mut code = unit(after).unwrap_or(0xfffd);
                after = after.get(4..).unwrap_or_default();
                if let (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) = (code, after.strip_prefix("\\u").and_then(unit))
                {
                    code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    after = after.get(6..).unwrap_or_default();
                }
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            // A quote, a slash or a backslash: itself.
            other => other.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER),
        });
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Reader;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn values_are_read_where_they_lie() {
        let text = " { \"a\" : [ 1 , \"x\\n\\u00e9\\ud83d\\ude00\" , null ] , \"\\u0061\" : {} , \"b\":-1.5e3 } ";
        let object = Raw::parse(text).unwrap();
        assert_eq!(object.get(), text.trim());
        let members = object.members().unwrap();
        assert_eq!(
            members.iter().map(|(key, value)| (&**key, value.get())).collect::<Vec<_>>(),
            [("a", "[ 1 , \"x\\n\\u00e9\\ud83d\\ude00\" , null ]"), ("a", "{}"), ("b", "-1.5e3"),]
        );
        assert_eq!(object.member("a").unwrap().get(), "{}", "the last of two");
        let items = members[0].1.items().unwrap();
        assert_eq!(items[0].whole(), Some(1));
        assert_eq!(items[1].to_text().unwrap(), "x\né😀");
        assert_eq!(items[2].present(), None);
        assert_eq!(object.member("b").unwrap().number(), Some(-1_500.0));
        assert_eq!(object.member("c"), None);
        assert_eq!((object.items(), items[0].text(), items[0].members()), (None, None, None));
        assert_eq!(Raw::parse("[]").unwrap().items().unwrap(), []);
        assert_eq!(Raw::parse("1e999").unwrap().number(), None);
        assert_eq!((Raw::parse("1.0").unwrap().whole(), Raw::parse("1.5").unwrap().whole()), (Some(1), None));
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        for (text, at, place) in [
            ("", 0, (1, 1)),
            (" ", 1, (1, 2)),
            ("{", 1, (1, 2)),
            ("{\n \"a\"\n}", 7, (3, 1)),
            ("{\"a\":1,}", 7, (1, 8)),
            ("[1,]", 3, (1, 4)),
            ("[1 2]", 3, (1, 4)),
            ("1 2", 2, (1, 3)),
            ("01", 1, (1, 2)),
            ("1.", 2, (1, 3)),
            ("+1", 0, (1, 1)),
            ("\"a\nb\"", 2, (1, 3)),
            ("\"\\x\"", 2, (1, 3)),
            ("\"\\u12g4\"", 5, (1, 6)),
            ("nul", 3, (1, 4)),
            ("NaN", 0, (1, 1)),
            ("[1}", 2, (1, 3)),
        ] {
            let bad = Raw::parse(text).unwrap_err();
            assert_eq!((bad, bad.place(text)), (Bad(at), place), "{text:?}");
        }
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(Raw::parse(&deep).unwrap().items().unwrap().len(), 1);
    }

    #[test]
    fn half_a_surrogate_pair_is_replaced() {
        for (json, text) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\uDE00x""#, "\u{fffd}x"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ud83d\\ude00""#, "\u{fffd}\\ude00"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
        ] {
            assert_eq!(Raw::parse(json).unwrap().to_text().unwrap(), text);
        }
    }

    proptest! {
        /// What JavaScript would read, with U+FFFD for what is no text.
        #[test]
        fn any_utf16_becomes_its_text(units in prop::collection::vec(prop_oneof![0xd800_u16..0xe000, 0_u16..0x80], 0..20)) {
            let json = format!("\"{}\"", units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>());
            prop_assert_eq!(Raw::parse(&json).unwrap().to_text().unwrap(), String::from_utf16_lossy(&units));
        }

        #[test]
        fn accepts_what_serde_json_accepts(text in "[\\[\\]{}:,\" \\n\\\\u0-9a-ce.+-]{0,12}|(\\[|\\{\"a\":|1|,|null|\\]|\\}|\"\\\\n\"| |true){0,10}") {
            // Numbers beyond a double are JSON all the same, and so are halves of surrogate pairs.
            let known = serde_json::from_str::<&serde_json::value::RawValue>(&text);
            prop_assert_eq!(Raw::parse(&text).map(Raw::get).ok(), known.as_ref().ok().map(|raw| raw.get()));
            let members = Raw::parse(&text).ok().and_then(Raw::members);
            prop_assert_eq!(read_through(&text), members);
        }

        #[test]
        fn reads_what_serde_json_writes(value in json()) {
            for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
                let raw = Raw::parse(&text).unwrap();
                prop_assert_eq!(raw.get(), &text);
                prop_assert_eq!(&rebuilt(raw), &value);
            }
        }
    }

    /// A value tree.
    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(|whole| Value::from(f64::from(whole))),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// The members of an object as [`Reader`] comes by them.
    fn read_through(text: &str) -> Option<Members<'_>> {
        let mut reader = Reader::new(text);
        let mut members = Vec::new();
        if !reader.enters() {
            return None;
        }
        while let Some(key) = reader.key().ok()? {
            members.push((key, reader.value().ok()?));
        }
        reader.end().ok().map(|()| members)
    }

    fn rebuilt(raw: Raw<'_>) -> Value {
        if let Some(items) = raw.items() {
            return items.into_iter().map(rebuilt).collect();
        }
        if let Some(members) = raw.members() {
            return Value::Object(members.into_iter().map(|(key, value)| (key.into_owned(), rebuilt(value))).collect());
        }
        match (raw.bool(), raw.number(), raw.text()) {
            (Some(value), _, _) => value.into(),
            (_, Some(value), _) => value.into(),
            (_, _, Some(value)) => value.into(),
            _ => Value::Null,
        }
    }
}
