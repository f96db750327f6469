//! The words beside a number, which tell what it is.
//!
//! A window reaches a fixed number of bytes to the left and to the right (there only to the end of the line). It stops at
//! a placeholder that redaction left (`[REDACTED_...]`, `[FILTERED_...]`, `****`): what lies behind it was farther away
//! in the original, so a second pass never sees a word that the first one did not, and redacting twice changes nothing.

use super::view::{Need, View};

/// How far back a term counts.
const LEFT: usize = 48;
/// How far ahead a term counts: what a stream may have to hold beyond a number.
const RIGHT: usize = 24;
/// More than the longest placeholder.
const PLACEHOLDER: usize = 40;
/// No term is longer.
const LONGEST: usize = 20;

/// What the words around a number say it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Topic {
    /// Words that name a phone.
    Phone,
    /// Words that go with a phone number, and with much else.
    Calling,
    /// Words that name a social security number.
    SocialSecurity,
    /// Words that name a payment card.
    Card,
}

impl Topic {
    /// The words, lower case.
    fn words(self) -> &'static str {
        match self {
            Topic::Phone => {
                "phone phones telephone tel mobile mob cell cellphone cellular fax whatsapp sms landline hotline telefon \
                 telefono telefone telefonnummer handynummer rufnummer celular movil téléphone teléfono móvil"
            }
            Topic::Calling => {
                "call calls called calling callback dial dialed text contact reach reached ring number numbers voicemail"
            }
            Topic::SocialSecurity => "ssn ssns",
            Topic::Card => {
                "card cards creditcard credit debit visa mastercard amex maestro diners jcb unionpay cc kreditkarte carte \
                 tarjeta"
            }
        }
    }

    fn has(self, word: &[u8], previous: &[u8]) -> bool {
        self.words().split_ascii_whitespace().any(|known| known.as_bytes() == word)
            || self == Topic::SocialSecurity && word == b"security" && previous == b"social"
    }
}

/// Whether a word of the topic stands within the windows around `start..end`.
pub(super) fn beside(view: &View, start: usize, end: usize, topic: Topic) -> Result<bool, Need> {
    if words(left(view, start), topic) {
        return Ok(true);
    }
    Ok(words(right(view, end)?, topic))
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
            Some(b']') if closes_placeholder(view, from) => break,
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

/// Whether the `]` before `end` closes a placeholder.
fn closes_placeholder(view: &View, end: usize) -> bool {
    let before = view.bytes(end.saturating_sub(PLACEHOLDER), end);
    let open = before.iter().rposition(|byte| *byte == b'[').and_then(|open| before.get(open..));
    open.is_some_and(|label| label.starts_with(b"[REDACTED_") || label.starts_with(b"[FILTERED_"))
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
            Some(b'[') if view.starts_with(to, b"[REDACTED_")? || view.starts_with(to, b"[FILTERED_")? => {
                whole_words = to;
                break;
            }
            Some(b'*') if view.starts_with(to, b"****")? => {
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

/// Whether a whole word of the topic is in the text. `phone_number` and `phoneNumber` are two words each.
fn words(text: &[u8], topic: Topic) -> bool {
    let mut current = [0_u8; LONGEST];
    let mut previous = [0_u8; LONGEST];
    let (mut length, mut previous_length) = (0_usize, 0_usize);
    let mut was_lower = false;
    for byte in text.iter().copied().chain([b' ']) {
        let ends = !is_letter(byte) || (was_lower && byte.is_ascii_uppercase());
        if ends && length > 0 {
            let word = current.get(..length).unwrap_or_default();
            if topic.has(word, previous.get(..previous_length).unwrap_or_default()) {
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
        let cases: &[(&str, &str, &str, Topic, bool)] = &[
            ("just before", "phone: ", "", Topic::Phone, true),
            ("upper case", "PHONE ", "", Topic::Phone, true),
            ("inside another word", "the public iphones ", "", Topic::Phone, false),
            ("an identifier", "phone_number=", "", Topic::Phone, true),
            ("a camel-cased key", "\"homePhone\":\"", "", Topic::Phone, true),
            ("after the number", "", " (mobile)", Topic::Phone, true),
            ("after the line", "", "\nmobile", Topic::Phone, false),
            ("two words", "Social Security ", "", Topic::SocialSecurity, true),
            ("one of the two", "security ", "", Topic::SocialSecurity, false),
            ("behind a placeholder", "phone [REDACTED_EMAIL] ", "", Topic::Phone, false),
            ("in a placeholder", "[REDACTED_PHONE] ", "", Topic::Phone, false),
            ("behind a mask", "phone ******** ", "", Topic::Phone, false),
            ("in bold", "phone **", "**", Topic::Phone, true),
            ("too far", &("phone".to_owned() + &" ".repeat(60)), "", Topic::Phone, false),
            ("over the edge", &("xphone".to_owned() + &".".repeat(43)), "", Topic::Phone, false),
        ];
        for (name, left, right, topic, expected) in cases {
            let text = format!("{left}5{right}");
            let view = View::new(&text, true);
            assert_eq!(beside(&view, left.len(), left.len() + 1, *topic), Ok(*expected), "{name}");
        }
    }

    #[test]
    fn the_right_window_waits_for_its_text() {
        assert_eq!(beside(&View::new("5 mob", false), 0, 1, Topic::Phone), Err(Need));
        assert_eq!(beside(&View::new("5 mobile", true), 0, 1, Topic::Phone), Ok(true));
        assert_eq!(beside(&View::new("5 abcdefghi abcdefghi abcdefghi", false), 0, 1, Topic::Phone), Ok(false));
        assert_eq!(beside(&View::new("5\n", false), 0, 1, Topic::Phone), Ok(false));
    }
}
