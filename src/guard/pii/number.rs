//! Groups of digits with single separators between them: what cards, phones and social security numbers are made of.

use super::super::view::{Need, View};

/// The longest number anybody looks for, in digits; one more is read to know that there are more.
const LONGEST: usize = 19;

/// No number that anybody looks for has as few digits.
const SHORT: usize = 4;

/// What stands between two groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Separator {
    /// A space, also one that does not break.
    Space,
    /// A hyphen or a dash.
    Dash,
    /// A full stop.
    Dot,
    /// A slash.
    Slash,
}

/// One group of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Group {
    /// How many digits.
    pub length: usize,
    /// How many digits up to its end.
    pub digits: usize,
    /// Where it ends in the text.
    pub end: usize,
    /// What follows, where another group does.
    pub next: Option<Separator>,
    /// Whether a word goes on right after it.
    pub glued: bool,
}

/// Groups of digits that begin at an anchor: all of them, or as many as it takes to pass the longest number.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Number {
    /// The digits, as values 0 to 9.
    pub digits: Vec<u8>,
    /// The groups.
    pub groups: Vec<Group>,
}

/// Whether the digit at `at` begins a short number that stands by itself, as most do in prose and code: nothing that anybody looks
/// for is as short, has a bracket, a quote or a comma right beside it, or goes on with a word in small letters.
pub(in super::super) fn is_lone(view: &View, at: usize) -> bool {
    let opens = match view.before(at) {
        // A short word in capitals might belong to it.
        Some(b' ') => at > 1 && view.before(at - 1).is_some_and(|byte| !byte.is_ascii_uppercase()),
        Some(before) => matches!(before, b'(' | b'[' | b'{' | b',' | b'"' | b'\'' | b'=' | b'\n' | b'\t'),
        None => false,
    };
    let mut end = at + 1;
    while end - at < SHORT && view.seen(end).is_some_and(|byte| byte.is_ascii_digit()) {
        end += 1;
    }
    opens
        && match (view.seen(end), view.seen(end + 1)) {
            (Some(b' '), Some(next)) => next.is_ascii_lowercase(),
            (Some(b'.'), Some(next)) => matches!(next, b' ' | b'\n'),
            (Some(next), _) => matches!(next, b',' | b')' | b']' | b'}' | b';' | b'"' | b'\'' | b'\n'),
            (None, _) => false,
        }
}

/// Whether a number may begin there: a digit that continues neither a number nor a word, nor follows a dash or a dot
/// within a longer token (`a-5`, `1.5`), though it may follow a bullet. At `floor`, where a secret ends, anything may.
pub(in super::super) fn starts(view: &View, at: usize, floor: usize) -> bool {
    if at == floor {
        return true;
    }
    // Most numbers follow a space.
    if view.before(at) == Some(b' ') {
        return true;
    }
    let Some((from, c)) = view.char_before(at) else { return true };
    match separator_of(c) {
        Some(Separator::Dash | Separator::Dot) => {
            view.char_before(from).is_none_or(|(_, c)| matches!(c, ' ' | '\n' | '\t'))
        }
        _ => !matches!(c, '_' | '#') && !c.is_alphanumeric(),
    }
}

fn separator_of(c: char) -> Option<Separator> {
    match c {
        ' ' | '\u{A0}' | '\u{202F}' | '\u{2009}' => Some(Separator::Space),
        '-' | '\u{2010}'..='\u{2013}' => Some(Separator::Dash),
        '.' => Some(Separator::Dot),
        '/' => Some(Separator::Slash),
        _ => None,
    }
}

/// The separator that begins there, and how long it is.
fn separator(view: &View, at: usize) -> Result<Option<(Separator, usize)>, Need> {
    Ok(view.char_at(at)?.and_then(|c| separator_of(c).map(|separator| (separator, c.len_utf8()))))
}

/// Reads the number that begins at `at`.
pub(in super::super) fn read(view: &View, at: usize) -> Result<Number, Need> {
    let mut number = Number::default();
    read_into(&mut number, view, at)?;
    Ok(number)
}

/// The same, where there was another before: texts are full of numbers, and nothing is to be allocated for each.
pub(in super::super) fn read_into(number: &mut Number, view: &View, at: usize) -> Result<(), Need> {
    number.digits.clear();
    number.groups.clear();
    let mut here = at;
    loop {
        let start = here;
        while let Some(digit) = view.byte(here)?.filter(u8::is_ascii_digit) {
            number.digits.push(digit - b'0');
            here += 1;
            if number.digits.len() > LONGEST {
                return Ok(());
            }
        }
        let next = match separator(view, here)? {
            Some((separator, length)) if view.byte(here + length)?.is_some_and(|byte| byte.is_ascii_digit()) => {
                Some((separator, length))
            }
            _ => None,
        };
        let glued = next.is_none()
            && match view.char_at(here)? {
                Some('_') => true,
                Some(c) => c.is_alphanumeric(),
                None => false,
            };
        number.groups.push(Group {
            length: here - start,
            digits: number.digits.len(),
            end: here,
            next: next.map(|(separator, _)| separator),
            glued,
        });
        match next {
            Some((_, length)) => here += length,
            None => return Ok(()),
        }
    }
}

impl Number {
    /// The lengths of the first `count` groups, and what stands between them; `None` where there are fewer.
    pub fn head(&self, count: usize) -> Option<&[Group]> {
        self.groups.get(..count)
    }

    /// Whether a number can end after that group: no word goes on there, nor a dash or a dot with more digits.
    pub fn can_end(group: &Group) -> bool {
        !group.glued && matches!(group.next, None | Some(Separator::Space | Separator::Slash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_end_where_separators_double_or_words_begin() {
        let read = |text: &str| {
            let number = read(&View::new(text, true), 0).unwrap();
            number.groups.iter().map(|group| (group.length, group.next, group.glued)).collect::<Vec<_>>()
        };
        use Separator::*;
        assert_eq!(read("12-34 5"), [(2, Some(Dash), false), (2, Some(Space), false), (1, None, false)]);
        assert_eq!(read("12  34"), [(2, None, false)]);
        assert_eq!(read("12\u{2011}34x"), [(2, Some(Dash), false), (2, None, true)]);
        assert_eq!(read("12. Then"), [(2, None, false)]);
        assert_eq!(read(&"9".repeat(30)), []);
    }

    #[test]
    fn numbers_that_stand_by_themselves() {
        let lone = |text: &str| is_lone(&View::new(text, true), text.find(|c: char| c.is_ascii_digit()).unwrap());
        for text in ["in 1999, when", "(12)", "[1, 2]", "page 7.\n", "the 5 items", "x=\"1\""] {
            assert!(lone(text), "{text}");
        }
        for text in ["12345, 1", "AB 12,", "12", "1 (415", "at 415 555", "1.5", "A1,", "34 ABC", "-1,", "a 12"] {
            assert!(!lone(text), "{text}");
        }
    }

    #[test]
    fn where_numbers_start() {
        for (text, expected) in
            [("5", true), (" 5", true), ("a5", false), ("-5", true), ("a-5", false), ("1.5", false), ("(5", true)]
        {
            assert_eq!(starts(&View::new(text, true), text.len() - 1, 0), expected, "{text}");
        }
        assert!(!starts(&View::new("é5", true), 2, 0));
        assert!(starts(&View::new("、5", true), 3, 0));
    }
}
