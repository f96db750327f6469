//! The words beside a number, which tell what it is.
//!
//! A window reaches a fixed number of bytes to the left and to the right (there only to the end of the line). It stops at
//! a placeholder that redaction left (`[REDACTED_...]`, `[EMAIL_1]`, `****`): what lies behind it was farther away
//! in the original, so a second pass never sees a word that the first one did not, and redacting twice changes nothing.

use super::{
    mark,
    view::{Need, View},
};

/// How far back a term counts.
const LEFT: usize = 48;
/// How far ahead a term counts: what a stream may have to hold beyond a number.
const RIGHT: usize = 32;

/// Words that tell what stands beside them: lower case, between spaces; `_` joins two that have to follow each other.
/// Those of scripts beyond Latin are found inside of longer words too, since there words take endings or are not divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Terms {
    words: &'static str,
    /// What [`bit`] says of each word: most windows are told by it to hold none of them.
    bits: u128,
    /// Whether there are some of scripts beyond Latin.
    far: bool,
}

impl Terms {
    /// Words that name a phone.
    pub const PHONE: Self = Self::new(
        "phone phones telephone tel mobile mob cell cellphone cellular fax whatsapp sms landline hotline telefon \
         telefono telefone telefonnummer handynummer rufnummer celular movil téléphone teléfono móvil",
    );
    /// Words that go with a phone number, and with much else.
    pub const CALLING: Self = Self::new(
        "call calls called calling callback dial dialed text contact reach reached ring number numbers voicemail answer \
              answers answering answered message messages",
    );
    /// Words that name a social security number.
    pub const SOCIAL_SECURITY: Self = Self::new("ssn ssns social_security");
    /// Words that name a payment card.
    pub const CARD: Self = Self::new(
        "card cards creditcard credit debit visa mastercard amex maestro diners jcb unionpay cc kreditkarte carte tarjeta",
    );

    /// The terms in a text.
    #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    pub const fn new(words: &'static str) -> Self {
        let text = words.as_bytes();
        let (mut bits, mut far, mut at) = (0, false, 0);
        while at < text.len() {
            let (first, mut hash) = (at, SEED);
            while at < text.len() && text[at] != b' ' {
                // Of two that follow each other, the second counts.
                hash = if text[at] == b'_' { SEED } else { step(hash, text[at]) };
                at += 1;
            }
            if at > first {
                bits |= bit(hash);
                far |= text[first] >= FAR;
            }
            at += 1;
        }
        Self { words, bits, far }
    }

    fn has(self, word: &[u8], previous: &[u8]) -> bool {
        self.words.as_bytes().split(|byte| *byte == b' ').any(|known| {
            let (before, last) = known.split_at(known.len().saturating_sub(word.len()));
            last.eq_ignore_ascii_case(word)
                && match before.split_last() {
                    None => true,
                    Some((b'_', first)) => first.eq_ignore_ascii_case(previous),
                    Some(_) => false,
                }
        })
    }

    /// Of those that may be part of a word, whether one is in the text.
    fn within(self, text: &[u8]) -> bool {
        let is_far = |known: &&str| known.bytes().next().is_some_and(|byte| byte >= FAR);
        self.words
            .split_ascii_whitespace()
            .filter(is_far)
            .any(|known| text.windows(known.len()).any(|window| window == known.as_bytes()))
    }
}

/// The first byte of scripts beyond Latin, Greek, Cyrillic and their neighbours.
const FAR: u8 = 0xE0;

/// What the hash of a word begins with (FNV-1a).
const SEED: u32 = 0x811C_9DC5;

const fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ byte.to_ascii_lowercase() as u32).wrapping_mul(0x0100_0193)
}

const fn bit(hash: u32) -> u128 {
    1 << (hash >> 25)
}

/// What stands on one side of a number. What is asked of one number is mostly of the same window, so that a [`View`] keeps
/// the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'a> {
    /// Where the number begins, or ends.
    at: usize,
    text: &'a [u8],
    /// What [`bit`] says of its words.
    bits: u128,
    far: bool,
}

impl<'a> Window<'a> {
    fn new(at: usize, text: &'a [u8]) -> Self {
        let mut words = Words { text, at: 0 };
        let mut bits = 0;
        while let Some((_, hash)) = words.next() {
            bits |= bit(hash);
        }
        Self { at, text, bits, far: text.iter().any(|byte| *byte >= FAR) }
    }

    fn has(&self, terms: Terms) -> bool {
        self.bits & terms.bits != 0 && has_word(self.text, terms) || self.far && terms.far && terms.within(self.text)
    }
}

/// Whether one of the terms stands within the windows around `start..end`.
pub(super) fn beside(view: &View, start: usize, end: usize, terms: Terms) -> Result<bool, Need> {
    Ok(before(view, start).has(terms) || after(view, end)?.has(terms))
}

/// What stands before `start`.
fn before<'a>(view: &View<'a>, start: usize) -> Window<'a> {
    if let Some(known) = view.left.get().filter(|known| known.at == start) {
        return known;
    }
    let window = Window::new(start, left(view, start));
    view.left.set(Some(window));
    window
}

/// What stands after `end`.
fn after<'a>(view: &View<'a>, end: usize) -> Result<Window<'a>, Need> {
    if let Some(known) = view.right.get().filter(|known| known.at == end) {
        return Ok(known);
    }
    let window = Window::new(end, right(view, end)?);
    view.right.set(Some(window));
    Ok(window)
}

/// Whether one of the terms is the word right before `start`. Words that speak against a number must be that near: farther
/// away, a placeholder might come to hide them. So does what another finding holds, up to `floor`.
pub(super) fn right_before(view: &View, floor: usize, start: usize, terms: Terms) -> bool {
    let text = before(view, start).text;
    let text = text.get(text.len().saturating_sub(start - floor.min(start))..).unwrap_or_default();
    let end = text.iter().rposition(|byte| is_letter(*byte)).map_or(0, |last| last + 1);
    let word = text.get(..end).unwrap_or_default();
    let from = word.iter().rposition(|byte| !is_letter(*byte)).map_or(0, |last| last + 1);
    let gap = text.get(end..).unwrap_or_default();
    // As in `version: 1`, and in `"version": "1"`.
    let near =
        gap.len() <= 2 || gap.len() <= 4 && gap.iter().all(|byte| matches!(byte, b' ' | b'"' | b'\'' | b':' | b'='));
    near && has_word(word.get(from..).unwrap_or_default(), terms)
}

/// Whether what redaction left stands right beside `start..end`, or with one dash, dot, slash or (behind it) colon between. It stands for
/// letters or digits there, and glued to those nothing was a number, so it is none now.
pub(super) fn is_glued(view: &View, start: usize, end: usize) -> Result<bool, Need> {
    let joins = |byte: Option<u8>| usize::from(matches!(byte, Some(b'-' | b'.' | b'/')));
    let left = start - joins(view.before(start));
    let right = end + joins(view.byte(end)?).max(usize::from(view.byte(end)? == Some(b':')));
    let before = view.before(left) == Some(b']') && mark::closes(view, left)
        || view.bytes(left.saturating_sub(4), left) == b"****";
    Ok(before || opens_placeholder(view, right)?)
}

/// Whether a placeholder begins there.
pub(super) fn opens_placeholder(view: &View, at: usize) -> Result<bool, Need> {
    Ok(match view.byte(at)? {
        Some(b'[') => mark::opens(view, at)? > 0,
        Some(b'*') => view.starts_with(at, b"****")?,
        _ => false,
    })
}

/// Whether a byte belongs to a word here: digits do not, so that `mobile2` is one.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// Whole words before `start`.
fn left<'a>(view: &View<'a>, start: usize) -> &'a [u8] {
    let edge = start.saturating_sub(LEFT);
    let window = view.bytes(edge, start);
    let mut from = 0;
    let mut rest = window;
    while let Some(place) = rest.iter().rposition(|byte| matches!(byte, b']' | b'*')) {
        let end = edge + place + 1;
        let closes = match rest.get(place) {
            Some(b']') => mark::closes(view, end),
            _ => view.bytes(end.saturating_sub(4), end) == b"****",
        };
        if closes {
            from = place + 1;
            break;
        }
        rest = rest.get(..place).unwrap_or_default();
    }
    // A word that reaches over the edge does not count.
    if from == 0 && view.before(edge).is_some_and(is_letter) {
        from = window.iter().take_while(|byte| is_letter(**byte)).count();
    }
    window.get(from..).unwrap_or_default()
}

/// Whole words after `end`, to the end of the line.
fn right<'a>(view: &View<'a>, end: usize) -> Result<&'a [u8], Need> {
    let window = view.bytes(end, end + RIGHT);
    for (place, byte) in window.iter().enumerate() {
        let stops = match byte {
            b'\n' | b'\r' => true,
            b'[' | b'*' => opens_placeholder(view, end + place)?,
            _ => false,
        };
        if stops {
            return Ok(window.get(..place).unwrap_or_default());
        }
    }
    if window.len() < RIGHT {
        return if view.is_whole() { Ok(window) } else { Err(Need) };
    }
    let whole_words = window.iter().rposition(|byte| !is_letter(*byte)).map_or(0, |last| last + 1);
    Ok(window.get(..whole_words).unwrap_or_default())
}

/// The words of a text. `phone_number` and `phoneNumber` are two words each.
struct Words<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    /// The next word, and its hash.
    fn next(&mut self) -> Option<(&'a [u8], u32)> {
        while !is_letter(*self.text.get(self.at)?) {
            self.at += 1;
        }
        let (start, mut hash, mut was_lower) = (self.at, SEED, false);
        while let Some(byte) = self.text.get(self.at).copied() {
            if !is_letter(byte) || was_lower && byte.is_ascii_uppercase() {
                break;
            }
            was_lower = byte.is_ascii_lowercase();
            hash = step(hash, byte);
            self.at += 1;
        }
        Some((self.text.get(start..self.at)?, hash))
    }
}

/// Whether one of the terms is in the text as a whole word.
fn has_word(text: &[u8], terms: Terms) -> bool {
    let mut words = Words { text, at: 0 };
    let mut previous: &[u8] = &[];
    while let Some((word, hash)) = words.next() {
        if terms.bits & bit(hash) != 0 && terms.has(word, previous) {
            return true;
        }
        previous = word;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_within_the_window_count() {
        let cases: &[(&str, &str, &str, Terms, bool)] = &[
            ("just before", "phone: ", "", Terms::PHONE, true),
            ("upper case", "PHONE ", "", Terms::PHONE, true),
            ("inside another word", "the public iphones ", "", Terms::PHONE, false),
            ("an identifier", "phone_number=", "", Terms::PHONE, true),
            ("a camel-cased key", "\"homePhone\":\"", "", Terms::PHONE, true),
            ("after the number", "", " (mobile)", Terms::PHONE, true),
            ("after the line", "", "\nmobile", Terms::PHONE, false),
            ("two words", "Social Security ", "", Terms::SOCIAL_SECURITY, true),
            ("one of the two", "security ", "", Terms::SOCIAL_SECURITY, false),
            ("behind a placeholder", "phone [REDACTED_EMAIL] ", "", Terms::PHONE, false),
            ("in a placeholder", "[REDACTED_PHONE] ", "", Terms::PHONE, false),
            ("behind a mask", "phone ******** ", "", Terms::PHONE, false),
            ("in bold", "phone **", "**", Terms::PHONE, true),
            ("too far", &("phone".to_owned() + &" ".repeat(60)), "", Terms::PHONE, false),
            ("over the edge", &("xphone".to_owned() + &".".repeat(43)), "", Terms::PHONE, false),
        ];
        for (name, left, right, topic, expected) in cases {
            let text = format!("{left}5{right}");
            let view = View::new(&text, true);
            assert_eq!(beside(&view, left.len(), left.len() + 1, *topic), Ok(*expected), "{name}");
        }
    }

    #[test]
    fn the_right_window_waits_for_its_text() {
        assert_eq!(beside(&View::new("5 mob", false), 0, 1, Terms::PHONE), Err(Need));
        assert_eq!(beside(&View::new("5 mobile", true), 0, 1, Terms::PHONE), Ok(true));
        assert_eq!(
            beside(&View::new("5 abcdefghi abcdefghi abcdefghi abcdefghi", false), 0, 1, Terms::PHONE),
            Ok(false)
        );
        assert_eq!(beside(&View::new("5\n", false), 0, 1, Terms::PHONE), Ok(false));
    }
}
