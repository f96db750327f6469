//! Changing JSON texts in place: replacing byte ranges, and nothing else.

use std::ops::Range;

use serde_json::value::RawValue;

use crate::{
    collections::sort_by_key,
    error::{Error, Result},
};

/// Byte ranges of a text with what takes their place.
#[derive(Debug, Default, Clone)]
pub struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// No change.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Replaces a range. Ranges must not overlap.
    pub fn replace(&mut self, range: Range<usize>, with: String) {
        self.0.push((range, with));
    }

    /// Replaces a JSON value by a JSON string.
    pub fn replace_with_string(&mut self, range: Range<usize>, text: &str) {
        self.replace(range, json_string(text));
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text after the changes. A range that does not lie on characters of the text, or overlaps another, is a fault.
    pub fn apply(mut self, text: &str) -> Result<String> {
        sort_by_key(&mut self.0, |(range, _)| (range.start, range.end));
        let mut changed = String::with_capacity(text.len());
        let mut position = 0;
        for (range, with) in self.0 {
            let kept = text
                .get(position..range.start)
                .ok_or_else(|| Error::internal("cannot edit a body: expected ranges apart, found an overlap"))?;
            changed.push_str(kept);
            changed.push_str(&with);
            position = range.end;
        }
        changed.push_str(
            text.get(position..).ok_or_else(|| Error::internal("cannot edit a body: found a range past its end"))?,
        );
        Ok(changed)
    }
}

/// A text as a JSON string, quotes included.
pub fn json_string(text: &str) -> String {
    // Serializing a str to memory does not fail.
    serde_json::to_string(text).unwrap_or_default()
}

/// Reads a structure from a JSON object. serde would read one from an array as well.
pub fn object<'a, T: serde::Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text)
    } else {
        Err(serde::de::Error::custom("expected an object"))
    }
}

/// The text of a JSON string; `None` for what is no string.
///
/// JavaScript's strings can hold half a surrogate pair, and `JSON.stringify` writes it as an escape that no Rust string
/// can hold. It is read as U+FFFD: a text that could not be read would be a text that no guard sees.
pub fn text_of(string: &str) -> Option<String> {
    serde_json::from_str(string).ok().or_else(|| serde_json::from_str(&whole_pairs(string)).ok())
}

/// A JSON string with the escapes of halves of surrogate pairs replaced.
fn whole_pairs(string: &str) -> String {
    let mut whole = String::with_capacity(string.len());
    let mut rest = string;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let unit = |text: &str| {
            let hex = text.strip_prefix("\\u")?.get(..4)?;
            u16::from_str_radix(hex, 16).ok()
        };
        let length = match unit(escape) {
            None => 1 + escape.get(1..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8),
            Some(0xd800..=0xdbff) if matches!(escape.get(6..).and_then(unit), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                whole.push_str("\\ufffd");
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            Some(_) => 6,
        };
        let (escape, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        whole.push_str(escape);
        rest = after;
    }
    whole.push_str(rest);
    whole
}

/// Where a value borrowed from `whole` stands in it.
pub fn range_of(whole: &str, part: &RawValue) -> Range<usize> {
    // Both point into the same text; wrapping keeps a misuse from panicking, and `apply` refuses the range it gives.
    let start = (part.get().as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    start..start.wrapping_add(part.get().len())
}

/// The change that adds a member to the end of a JSON object.
pub fn add_member(object: &str, offset: usize, key: &str, value: &str) -> Result<(Range<usize>, String)> {
    let end = object
        .rfind('}')
        .ok_or_else(|| Error::internal("cannot add a member: expected a JSON object, found no closing brace"))?;
    let before = object.get(..end).unwrap_or_default().trim_end();
    let comma = if before.ends_with('{') { "" } else { "," };
    Ok((offset + end..offset + end, format!("{comma}{}:{value}", json_string(key))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_ranges_and_keeps_the_rest() {
        let mut edits = Edits::new();
        edits.replace(6..7, "C".into());
        edits.replace_with_string(2..3, "é\"");
        assert_eq!(edits.apply("a b c d").unwrap(), "a \"é\\\"\" c C");
    }

    #[test]
    fn refuses_overlaps() {
        let mut edits = Edits::new();
        edits.replace(0..3, String::new());
        edits.replace(2..4, String::new());
        assert!(edits.apply("abcdef").is_err());
    }

    #[test]
    fn half_a_pair_hides_no_text() {
        for (string, text) in [
            (r#""a\ud83d b""#, "a\u{fffd} b"),
            (r#""\udc00\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\ud83d\ud83d\ude42""#, "\u{fffd}🙂"),
            (r#""\\ud83d \ud83d\n""#, "\\ud83d \u{fffd}\n"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""plain é""#, "plain é"),
        ] {
            assert_eq!(text_of(string).as_deref(), Some(text), "{string}");
        }
        for string in ["7", "null", "\"open", r#""\ud83"#, r#""\q""#] {
            assert_eq!(text_of(string), None, "{string}");
        }
    }

    #[test]
    fn adds_members() {
        for (object, expected) in [
            ("{}", r#"{"k":1}"#),
            ("{ }", r#"{ "k":1}"#),
            (r#"{"a":2}"#, r#"{"a":2,"k":1}"#),
            ("{\"a\":{}\n}\n", "{\"a\":{}\n,\"k\":1}\n"),
        ] {
            let (range, with) = add_member(object, 0, "k", "1").unwrap();
            let mut edits = Edits::new();
            edits.replace(range, with);
            assert_eq!(edits.apply(object).unwrap(), expected);
        }
    }
}
