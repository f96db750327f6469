//! A text, whole or still growing, as detectors see it.
//!
//! A detector reads through a [`View`]. Where it would read past the end of a text that still grows, it gets [`Need`]
//! instead of an answer and is asked again when there is more. So the same code decides over a whole text and over a
//! stream, and its answer can't depend on how the stream was cut.

use std::cell::Cell;

use super::{context::Nearby, steps::count};

/// The answer depends on text that has not come yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Need;

/// What is known of a text: all of it, or a part with enough of what came before.
pub(super) struct View<'a> {
    text: &'a str,
    whole: bool,
    /// What was read around numbers.
    pub nearby: Cell<Nearby>,
}

impl<'a> View<'a> {
    /// A view of `text`; `whole` when nothing follows it.
    pub fn new(text: &'a str, whole: bool) -> Self {
        Self { text, whole, nearby: Cell::default() }
    }

    /// What is seen.
    #[inline(always)]
    pub fn text(&self) -> &'a str {
        self.text
    }

    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing follows what is seen.
    #[inline(always)]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The byte there, `None` past the end of the text.
    #[inline(always)]
    pub fn byte(&self, at: usize) -> Result<Option<u8>, Need> {
        count(1);
        match self.text.as_bytes().get(at) {
            Some(byte) => Ok(Some(*byte)),
            None if self.whole => Ok(None),
            None => Err(Need),
        }
    }

    /// The byte there, of what is seen.
    #[inline(always)]
    pub fn seen(&self, at: usize) -> Option<u8> {
        count(1);
        self.text.as_bytes().get(at).copied()
    }

    /// The byte before, `None` at the beginning of what is seen. Streams keep more of the past than any detector reads.
    #[inline(always)]
    pub fn before(&self, at: usize) -> Option<u8> {
        count(1);
        at.checked_sub(1).and_then(|at| self.text.as_bytes().get(at)).copied()
    }

    /// The bytes of a range, clipped to what is seen.
    pub fn bytes(&self, start: usize, end: usize) -> &'a [u8] {
        let end = end.min(self.text.len());
        count(end.saturating_sub(start));
        self.text.as_bytes().get(start.min(end)..end).unwrap_or_default()
    }

    /// Whether nothing but `start..end` is in the text, as in the value of a field.
    pub fn is_all(&self, start: usize, end: usize) -> Result<bool, Need> {
        Ok(start == 0 && self.byte(end)?.is_none())
    }

    /// Whether the text goes on with that.
    pub fn starts_with(&self, at: usize, prefix: &[u8]) -> Result<bool, Need> {
        let seen = self.bytes(at, at + prefix.len());
        match prefix.strip_prefix(seen) {
            None => Ok(false),
            Some([]) => Ok(true),
            Some(_) if self.whole => Ok(false),
            Some(_) => Err(Need),
        }
    }

    /// The character that ends there, and where it begins.
    pub fn char_before(&self, at: usize) -> Option<(usize, char)> {
        if let Some(byte) = self.before(at).filter(u8::is_ascii) {
            return Some((at - 1, char::from(byte)));
        }
        self.text.get(..at)?.char_indices().next_back()
    }

    /// The character that begins there.
    pub fn char_at(&self, at: usize) -> Result<Option<char>, Need> {
        if let Some(byte) = self.seen(at).filter(u8::is_ascii) {
            return Ok(Some(char::from(byte)));
        }
        match self.text.get(at..).and_then(|rest| rest.chars().next()) {
            Some(c) => Ok(Some(c)),
            None if self.whole => Ok(None),
            None => Err(Need),
        }
    }
}

/// Whether a byte belongs to a word: ASCII letters and digits, and everything that is not ASCII.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_growing_text_asks_for_more_where_a_whole_one_answers() {
        let (whole, growing) = (View::new("abc", true), View::new("abc", false));
        assert_eq!(whole.byte(3), Ok(None));
        assert_eq!(growing.byte(3), Err(Need));
        assert_eq!(whole.starts_with(1, b"bcd"), Ok(false));
        assert_eq!(growing.starts_with(1, b"bcd"), Err(Need));
        assert_eq!(growing.starts_with(1, b"bx"), Ok(false));
        assert_eq!(growing.starts_with(1, b"bc"), Ok(true));
        assert_eq!(growing.char_before(2), Some((1, 'b')));
        assert_eq!(growing.before(0), None);
    }
}
