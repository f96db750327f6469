//! The forms of tokens, written small: what follows a prefix, part by part.
//!
//! A part is a letter for an alphabet and how much of it there is (`a36` thirty-six letters and digits, `d8-10` eight to
//! ten digits, `u20+` twenty or more), or a text between backticks. Parts are read one after another and never again, so
//! the time is linear: where a part may be longer than the least, what follows it must not be of its alphabet.

use super::{
    super::view::{Need, View, is_word},
    Alphabet,
};

/// Where a form was matched to, and whether it may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub end: usize,
    /// The alphabet of what follows, where the beginning decides.
    pub open: Option<Alphabet>,
}

/// One part, and the rest of the pattern.
enum Part<'a> {
    Text(&'a str),
    Run { alphabet: Alphabet, least: usize, most: usize },
}

fn number(text: &str) -> (usize, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (head, rest) = text.split_at(digits);
    (head.parse().unwrap_or(0), rest)
}

fn part(pattern: &str) -> Option<(Part<'_>, &str)> {
    if let Some(rest) = pattern.strip_prefix('`') {
        return rest.split_once('`').map(|(text, rest)| (Part::Text(text), rest));
    }
    let letter = pattern.bytes().next()?;
    let (least, rest) = number(pattern.get(1..)?);
    let (most, rest) = match rest.strip_prefix('-').map(number) {
        Some(more) => more,
        None => rest.strip_prefix('+').map_or((least, rest), |rest| (usize::MAX, rest)),
    };
    Some((Part::Run { alphabet: Alphabet::named(letter)?, least, most }, rest))
}

/// The alphabet of what a pattern begins with, where that is no text.
pub(super) fn first(pattern: &str) -> Option<Alphabet> {
    pattern.bytes().next().and_then(Alphabet::named)
}

/// Whether `at` begins what a pattern says.
pub(super) fn look(view: &View, at: usize, pattern: &str) -> Result<Option<Match>, Need> {
    let (mut end, mut rest) = (at, pattern);
    let mut last = None;
    while let Some((part, after)) = part(rest) {
        rest = after;
        match part {
            Part::Text(text) => {
                if !view.starts_with(end, text.as_bytes())? {
                    return Ok(None);
                }
                end += text.len();
                last = None;
            }
            Part::Run { alphabet, least, most } => {
                let start = end;
                let open = most == usize::MAX;
                let enough = if open { least } else { most };
                while end - start < enough && view.byte(end)?.is_some_and(|byte| alphabet.has(byte)) {
                    end += 1;
                }
                if end - start < least {
                    return Ok(None);
                }
                if open {
                    return Ok(Some(Match { end, open: Some(alphabet) }));
                }
                last = Some(alphabet);
            }
        }
    }
    // A longer word is something else: an identifier, a piece of base64, the name of a file.
    let goes_on = match view.byte(end)? {
        Some(b'.') => view.byte(end + 1)?.is_some_and(is_word),
        Some(byte) => is_word(byte) || byte != b'=' && last.is_some_and(|alphabet| alphabet.has(byte)),
        None => false,
    };
    Ok((!goes_on).then_some(Match { end, open: None }))
}

#[cfg(test)]
pub(super) fn is_sound(pattern: &str) -> bool {
    pattern.is_empty() || part(pattern).is_some_and(|(_, rest)| is_sound(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_one_after_another() {
        let cases: &[(&str, &str, Option<usize>)] = &[
            ("a3", "abc", Some(3)),
            ("a3", "abcd", None),
            ("a3", "ab", None),
            ("d2-4`:`u3", "123:a-b", Some(7)),
            ("d2-4`:`u3", "12345:a-b", None),
            ("u22`.`u2", "ab", None),
            ("x2`.`a1", "ab.c.", Some(4)),
            ("u2+", "abcdef", Some(2)),
        ];
        for (pattern, text, expected) in cases {
            let found = look(&View::new(text, true), 0, pattern).unwrap();
            assert_eq!(found.map(|found| found.end), *expected, "{pattern} in {text}");
        }
        assert_eq!(look(&View::new("ab", false), 0, "a3"), Err(Need));
        assert_eq!(look(&View::new("abc", false), 0, "a3"), Err(Need));
        assert_eq!(look(&View::new("ab:", false), 0, "a3"), Ok(None));
    }
}
