//! JSON objects read key by key, with every value kept as the bytes it was written in. serde's derive would lose them:
//! `flatten` goes through a value tree, which rewrites numbers and sorts keys.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Code, Error, Result};

/// An object's entries, in their order; of two equal keys only the last, as in `JSON.parse`.
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A string that borrows where it can.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut entries: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
                while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
                    let value = map.next_value::<&'de RawValue>()?;
                    entries.retain(|(known, _)| *known != key);
                    entries.push((key, value));
                }
                Ok(Object(entries))
            }
        }
        from.deserialize_map(Entries)
    }
}

impl<'a> Object<'a> {
    /// The object in a text; `what` names it in the error.
    pub fn parse(text: &'a str, what: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|_| {
            Error::input(format!("cannot read {what}: expected a JSON object, found {}", kind_of(text.trim_start())))
        })
    }

    /// Takes a value out; null is absence.
    pub fn take(&mut self, key: &str) -> Option<&'a RawValue> {
        self.take_any(key).filter(|value| value.get() != "null")
    }

    /// Takes a value out, also null.
    pub fn take_any(&mut self, key: &str) -> Option<&'a RawValue> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(at).1)
    }

    /// Takes a text out; an empty one is absence.
    pub fn take_text(&mut self, key: &str, what: &str) -> Result<Option<String>> {
        self.take(key)
            .map(|value| text(value.get()).ok_or_else(|| wrong(what, key, "a string", value)))
            .transpose()
            .map(|text| text.filter(|text| !text.is_empty()))
    }

    /// Takes a text out that must be there and not be empty.
    pub fn take_name(&mut self, key: &str, what: &str) -> Result<String> {
        let found = self.take(key);
        let name =
            found.map(|value| text(value.get()).ok_or_else(|| wrong(what, key, "a string", value))).transpose()?;
        let empty = match name {
            Some(name) if !name.is_empty() => return Ok(name),
            Some(_) => "an empty one",
            None => "nothing",
        };
        Err(Error::input(format!("cannot read {what}: expected {key} to be a string that is not empty, found {empty}")))
    }

    /// Takes a boolean out.
    pub fn take_bool(&mut self, key: &str, what: &str) -> Result<Option<bool>> {
        self.take(key)
            .map(|value| serde_json::from_str(value.get()).map_err(|_| wrong(what, key, "true or false", value)))
            .transpose()
    }

    /// Takes a whole number out.
    pub fn take_whole(&mut self, key: &str, what: &str) -> Result<Option<u32>> {
        self.take(key)
            .map(|value| {
                // Through f64, since another writer may say 1.0 or 1e0.
                serde_json::from_str::<f64>(value.get())
                    .ok()
                    .filter(|number| *number >= 0.0 && *number <= f64::from(u32::MAX) && number.fract() == 0.0)
                    .map(|number| number as u32)
                    .ok_or_else(|| wrong(what, key, "a whole number", value))
            })
            .transpose()
    }

    /// Takes a number that is not negative.
    pub fn take_number(&mut self, key: &str, what: &str) -> Result<Option<f64>> {
        self.take(key)
            .map(|value| {
                serde_json::from_str::<f64>(value.get())
                    .ok()
                    .filter(|number| *number >= 0.0 && number.is_finite())
                    .ok_or_else(|| wrong(what, key, "a number of at least 0", value))
            })
            .transpose()
    }

    /// What was not taken.
    pub fn rest(self) -> Vec<(String, Box<RawValue>)> {
        self.0.into_iter().map(|(key, value)| (key.into_owned(), value.to_owned())).collect()
    }

    /// What was not taken, to be looked through.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), *value))
    }
}

/// The text in a JSON string; `None` for another value.
pub(crate) fn text(json: &str) -> Option<String> {
    serde_json::from_str(&well_formed(json)).ok()
}

/// The same JSON with U+FFFD for every lone surrogate. JavaScript's strings may hold one, and `JSON.stringify` writes it as
/// an escape that stands for no text; an encoder to UTF-8 replaces it in the same way.
pub(crate) fn well_formed(json: &str) -> Cow<'_, str> {
    let unit = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
        digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
    };
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(found) = json.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 12,
            (Some(0xd800..=0xdfff), _) => {
                out.push_str(json.get(copied..at).unwrap_or_default());
                out.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            // Any other escape: the character after the backslash is not one itself.
            _ => at += 1 + json.get(at + 1..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8),
        }
    }
    if copied == 0 { Cow::Borrowed(json) } else { Cow::Owned(out + json.get(copied..).unwrap_or_default()) }
}

/// A value of the wrong kind. Its kind is named, never its content.
pub(crate) fn wrong(what: &str, key: &str, expected: &str, found: &RawValue) -> Error {
    Error::new(
        Code::InvalidInput,
        format!("cannot read {what}: expected {key} to be {expected}, found {}", kind_of(found.get())),
    )
}

/// What a JSON text is, by its first character.
pub(crate) fn kind_of(text: &str) -> &'static str {
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

/// Writes an object's entries one by one.
pub(crate) struct ObjectWriter(String);

impl ObjectWriter {
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    /// An entry whose value is JSON already.
    pub fn raw(&mut self, key: &str, json: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quote(key));
        self.0.push(':');
        self.0.push_str(json);
    }

    pub fn text(&mut self, key: &str, text: &str) {
        self.raw(key, &quote(text));
    }

    pub fn optional_text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    /// A number; a whole one without a fraction, as JavaScript writes it.
    pub fn number(&mut self, key: &str, number: f64) {
        if number.fract() == 0.0 && number.abs() < 9e15 {
            self.raw(key, &(number as i64).to_string());
        } else {
            self.raw(key, &serde_json::to_string(&number).unwrap_or_default());
        }
    }

    pub fn rest(&mut self, rest: &[(String, Box<RawValue>)]) {
        for (key, value) in rest {
            self.raw(key, value.get());
        }
    }

    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn quote(text: &str) -> String {
    // Serializing a string does not fail.
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lone_surrogates_are_replaced_and_nothing_else() {
        for (json, mended) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00x""#, r#""\ufffdx""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\\ude00""#, r#""\ufffd\\ude00""#),
            (r#"{"a\ud83d":["\ude00","\u0041é"]}"#, r#"{"a\ufffd":["\ufffd","\u0041é"]}"#),
        ] {
            assert_eq!(well_formed(json), mended);
        }
        for same in [r#""\\ud83d""#, r#""\ud83d\ude00""#, r#""\n\"😀""#, "", "\\", "\\u", "\\ud83", "é\\é"] {
            assert!(matches!(well_formed(same), Cow::Borrowed(_)), "{same}");
        }
        assert_eq!(text(r#""a\ud83d""#).unwrap(), "a\u{fffd}");
        assert_eq!(text("1"), None);
    }

    proptest! {
        /// What JavaScript would read, read by replacing what is no text.
        #[test]
        fn any_utf16_becomes_its_text(units in prop::collection::vec(prop_oneof![0xd800_u16..0xe000, 0_u16..0x80], 0..20)) {
            let json = format!("\"{}\"", units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>());
            prop_assert_eq!(text(&json).unwrap(), String::from_utf16_lossy(&units));
        }
    }
}
