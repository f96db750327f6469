//! Changing JSON texts in place: replacing byte ranges, and nothing else.

use std::ops::Range;

use crate::{
    collections::sort_by_key,
    error::{Error, Result},
    json::{Raw, quote},
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
        self.replace(range, quote(text));
    }

    /// Takes the changes of another as well.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
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

/// Where a value borrowed from `whole` stands in it.
pub fn range_of(whole: &str, part: Raw<'_>) -> Range<usize> {
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
    Ok((offset + end..offset + end, format!("{comma}{}:{value}", quote(key))))
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
