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
/// No term is longer.
const LONGEST: usize = 20;

/// Words that tell what stands beside them: lower case, between spaces; `_` joins two that have to follow each other.
/// Those of scripts beyond Latin are found inside of longer words too, since there words take endings or are not divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Terms(pub &'static str);

impl Terms {
    /// Words that name a phone.
    pub const PHONE: Self = Self(
        "phone phones telephone tel mobile mob cell cellphone cellular fax whatsapp sms landline hotline telefon \
         telefono telefone telefonnummer handynummer rufnummer celular movil téléphone teléfono móvil",
    );
    /// Words that go with a phone number, and with much else.
    pub const CALLING: Self = Self(
        "call calls called calling callback dial dialed text contact reach reached ring number numbers voicemail answer \
              answers answering answered message messages",
    );
    /// Words that name a social security number.
    pub const SOCIAL_SECURITY: Self = Self("ssn ssns social_security");
    /// Words that name a payment card.
    pub const CARD: Self = Self(
        "card cards creditcard credit debit visa mastercard amex maestro diners jcb unionpay cc kreditkarte carte tarjeta",
    );

    fn has(self, word: &[u8], previous: &[u8]) -> bool {
        self.0.split_ascii_whitespace().any(|known| match known.split_once('_') {
            Some((first, second)) => second.as_bytes() == word && first.as_bytes() == previous,
            None => known.as_bytes() == word,
        })
    }

    /// Of those that may be part of a word, whether one is in the text.
    fn within(self, text: &[u8]) -> bool {
        let is_far = |known: &&str| known.bytes().next().is_some_and(|byte| byte >= 0xE0);
        self.0
            .split_ascii_whitespace()
            .filter(is_far)
            .any(|known| text.windows(known.len()).any(|window| window == known.as_bytes()))
    }
}

/// Whether one of the terms stands within the windows around `start..end`.
pub(super) fn beside(view: &View, start: usize, end: usize, terms: Terms) -> Result<bool, Need> {
    let has = |text| words(text, terms) || terms.within(text);
    Ok(has(left(view, start)) || has(right(view, end)?))
}

/// Whether one of the terms is the word right before `start`. Words that speak against a number must be that near: farther
/// away, a placeholder might come to hide them. So does what another finding holds, up to `floor`.
pub(super) fn right_before(view: &View, floor: usize, start: usize, terms: Terms) -> bool {
    let text = left(view, start);
    let text = text.get(text.len().saturating_sub(start - floor.min(start))..).unwrap_or_default();
    let end = text.iter().rposition(|byte| is_letter(*byte)).map_or(0, |last| last + 1);
    let word = text.get(..end).unwrap_or_default();
    let from = word.iter().rposition(|byte| !is_letter(*byte)).map_or(0, |last| last + 1);
    let gap = text.get(end..).unwrap_or_default();
    // As in `version: 1`, and in `"version": "1"`.
    let near =
        gap.len() <= 2 || gap.len() <= 4 && gap.iter().all(|byte| matches!(byte, b' ' | b'"' | b'\'' | b':' | b'='));
    near && words(word.get(from..).unwrap_or_default(), terms)
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
    let mut from = start;
    while from > edge {
        match view.before(from) {
            Some(b']') if mark::closes(view, from) => break,
            Some(b'*') if view.bytes(from.saturating_sub(4), from) == b"****" => break,
            Some(_) => from -= 1,
            None => break,
        }
    }
    // A word that reaches over the edge does not count.
    if from == edge && view.before(from).is_some_and(is_letter) {
        while from < start && view.seen(from).is_some_and(is_letter) {
            from += 1;
        }
    }
    view.bytes(from, start)
}

/// Whole words after `end`, to the end of the line.
fn right<'a>(view: &View<'a>, end: usize) -> Result<&'a [u8], Need> {
    let mut to = end;
    let mut whole_words = end;
    while to < end + RIGHT {
        match view.byte(to)? {
            None => {
                whole_words = to;
                break;
            }
            Some(b'\n' | b'\r') => {
                whole_words = to;
                break;
            }
            Some(b'[' | b'*') if opens_placeholder(view, to)? => {
                whole_words = to;
                break;
            }
            Some(byte) => {
                to += 1;
                if !is_letter(byte) {
                    whole_words = to;
                }
            }
        }
    }
    Ok(view.bytes(end, whole_words))
}

/// Whether one of the terms is in the text as a whole word. `phone_number` and `phoneNumber` are two words each.
fn words(text: &[u8], terms: Terms) -> bool {
    let mut current = [0_u8; LONGEST];
    let mut previous = [0_u8; LONGEST];
    let (mut length, mut previous_length) = (0_usize, 0_usize);
    let mut was_lower = false;
    for byte in text.iter().copied().chain([b' ']) {
        let ends = !is_letter(byte) || (was_lower && byte.is_ascii_uppercase());
        if ends && length > 0 {
            let word = current.get(..length).unwrap_or_default();
            if terms.has(word, previous.get(..previous_length).unwrap_or_default()) {
                return true;
            }
            previous = current;
            previous_length = if length <= LONGEST { length } else { 0 };
            length = 0;
        }
        was_lower = byte.is_ascii_lowercase();
        if is_letter(byte) {
            if let Some(slot) = current.get_mut(length) {
                *slot = byte.to_ascii_lowercase();
            }
            // One past the longest stays there: a longer word is no term.
            length = (length + 1).min(LONGEST + 1);
        }
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
