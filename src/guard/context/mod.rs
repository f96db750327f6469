//! The words beside a number, which tell what it is.
//!
//! A window reaches a fixed number of bytes to the left and to the right (there only to the end of the line). It stops at
//! a placeholder that redaction left (`[REDACTED_...]`, `[EMAIL_1]`, `****`): what lies behind it was farther away
//! in the original, so a second pass never sees a word that the first one did not, and redacting twice changes nothing.

mod nearby;
mod terms;

use super::{
    mark,
    view::{Need, View},
};
pub(super) use nearby::Nearby;
pub(super) use terms::{Lists, Terms};

/// How far back a term counts.
const LEFT: usize = 48;
/// How far ahead a term counts: what a stream may have to hold beyond a number.
const RIGHT: usize = 32;

/// Whether one of the terms stands within the windows around `start..end`.
pub(super) fn beside(view: &View, start: usize, end: usize, terms: Terms) -> Result<bool, Need> {
    Ok(before(view, start) & terms.list() != 0 || after(view, end)? & terms.list() != 0)
}

/// The lists that have a word in the window before `start`.
pub(super) fn before(view: &View, start: usize) -> Lists {
    nearby(view, |nearby| nearby.before(view, start))
}

/// The lists that have a word in the window after `end`.
pub(super) fn after(view: &View, end: usize) -> Result<Lists, Need> {
    nearby(view, |nearby| nearby.after(view, end))
}

/// Asks what was read around numbers, which a view keeps.
fn nearby<T>(view: &View, ask: impl FnOnce(&mut Nearby) -> T) -> T {
    let mut nearby = view.nearby.take();
    let answer = ask(&mut nearby);
    view.nearby.set(nearby);
    answer
}

/// Whether one of the terms is the word right before `start`. Words that speak against a number must be that near: farther
/// away, a placeholder might come to hide them. So does what another finding holds, up to `floor`.
pub(super) fn right_before(view: &View, floor: usize, start: usize, terms: Terms) -> bool {
    let mut end = start;
    let mut quoted = true;
    while let Some(byte) = view.before(end).filter(|byte| !is_letter(*byte)) {
        quoted &= matches!(byte, b' ' | b'"' | b'\'' | b':' | b'=');
        end -= 1;
        // As in `version: 1`, and in `"version": "1"`.
        if start - end > 4 || start - end > 2 && !quoted {
            return false;
        }
    }
    nearby(view, |nearby| nearby.word(view, start, floor, end)) & terms.list() != 0
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
#[inline(always)]
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
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
            ("over the edge, in a long word", &("x".repeat(30) + "phone" + &".".repeat(42)), "", Terms::PHONE, false),
            ("over the edge", &("xphone".to_owned() + &".".repeat(43)), "", Terms::PHONE, false),
        ];
        for (name, left, right, topic, expected) in cases {
            let text = format!("{left}5{right}");
            let view = View::new(&text, true);
            assert_eq!(beside(&view, left.len(), left.len() + 1, *topic), Ok(*expected), "{name}");
        }
    }

    /// What was asked of the same text before changes no answer.
    #[test]
    fn a_word_counts_whatever_was_asked_before() {
        let pieces = [
            "phone",
            "xphone",
            "Phone",
            "homePhone",
            "social security",
            "전화번호",
            "여권번호",
            "[EMAIL_1]",
            "****",
            " ",
            "\n",
            ":",
            "1",
            "22",
            "x",
            "é",
        ];
        let mut state = 7_u32;
        let mut next = |below: usize| {
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            (state >> 8) as usize % below
        };
        for _ in 0..400 {
            let mut text = String::new();
            while text.len() < 400 {
                let piece = pieces[next(pieces.len())];
                (0..1 + next(2) * next(40)).for_each(|_| text.push_str(piece));
            }
            let places: Vec<usize> =
                (0..40).map(|_| next(text.len())).filter(|at| text.is_char_boundary(*at)).collect();
            let view = View::new(&text, true);
            for at in &places {
                let fresh = View::new(&text, true);
                assert_eq!(before(&view, *at), before(&fresh, *at), "before {at} of {text:?}");
                assert_eq!(after(&view, *at), after(&fresh, *at), "after {at} of {text:?}");
            }
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
