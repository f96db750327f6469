//! Telephone numbers: international ones by their country code, North American ones by their plan; other national formats,
//! and digits without separators, only beside a word that names a phone.

use super::{
    super::{
        context::{Terms, beside, is_glued, right_before},
        finding::Hit,
        kind::Kind,
        view::{Need, View, is_word},
    },
    number::{self, Group, Number, Separator},
};

/// ITU-T E.164: at most 15 digits, the country code included.
const LONGEST: usize = 15;
const SHORTEST: usize = 8;

/// Country codes in use (ITU-T E.164 list of assigned codes), but for 1 and 7, which stand alone.
const COUNTRY_CODES: &[u16] = &[
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62,
    63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98, 211, 212, 213, 216, 218, 220, 221, 222, 223, 224, 225,
    226, 227, 228, 229, 230, 231, 232, 233, 234, 235, 236, 237, 238, 239, 240, 241, 242, 243, 244, 245, 246, 247, 248,
    249, 250, 251, 252, 253, 254, 255, 256, 257, 258, 260, 261, 262, 263, 264, 265, 266, 267, 268, 269, 290, 291, 297,
    298, 299, 350, 351, 352, 353, 354, 355, 356, 357, 358, 359, 370, 371, 372, 373, 374, 375, 376, 377, 378, 380, 381,
    382, 383, 385, 386, 387, 389, 420, 421, 423, 500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 590, 591, 592, 593,
    594, 595, 596, 597, 598, 599, 670, 672, 673, 674, 675, 676, 677, 678, 679, 680, 681, 682, 683, 685, 686, 687, 688,
    689, 690, 691, 692, 800, 850, 852, 853, 855, 856, 880, 886, 960, 961, 962, 963, 964, 965, 966, 967, 968, 970, 971,
    972, 973, 974, 975, 976, 977, 979, 992, 993, 994, 995, 996, 998,
];

fn hit(start: usize, end: usize, validated: bool, rule: &'static str) -> Option<Hit> {
    Some(Hit::new(Kind::Phone, start, end, validated, rule))
}

/// Where an extension ends that goes on right behind a number, if one does: `x123`, `ext. 123`.
fn extension(view: &View, at: usize) -> Result<Option<usize>, Need> {
    let mut here = at;
    if view.byte(here)? == Some(b' ') {
        here += 1;
    }
    let mark = here;
    if !matches!(view.byte(mark)?, Some(b'e' | b'x')) {
        return Ok(None);
    }
    for word in [&b"extension"[..], b"ext.", b"ext", b"x"] {
        if view.starts_with(mark, word)? {
            here += word.len();
            break;
        }
    }
    if here == mark {
        return Ok(None);
    }
    if view.byte(here)? == Some(b' ') {
        here += 1;
    }
    let digits = here;
    while here - digits < 7 && view.byte(here)?.is_some_and(|byte| byte.is_ascii_digit()) {
        here += 1;
    }
    // Nothing may be glued to it, so that what redaction puts there later changes nothing.
    let ends = view.char_at(here)?.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ';' | ')' | '.' | '!' | '?'));
    let ends = ends && !(view.byte(here)? == Some(b'.') && view.byte(here + 1)?.is_some_and(|byte| byte > b' '));
    Ok(((1..=6).contains(&(here - digits)) && ends).then_some(here))
}

/// Where a number ends whose last group that is, its extension included; `None` where it can't end there.
fn end_of(view: &View, group: &Group) -> Result<Option<usize>, Need> {
    if group.next.is_none()
        && let Some(end) = extension(view, group.end)?
    {
        return Ok(Some(end));
    }
    Ok(Number::can_end(group).then_some(group.end))
}

/// Area code and exchange as the North American plan gives them out.
fn is_north_american(digits: &[u8]) -> bool {
    matches!(digits, [area @ 2..=9, a, b, exchange @ 2..=9, c, d, ..]
        if *area != 0 && *exchange != 0 && (*a, *b) != (1, 1) && (*c, *d) != (1, 1) && *a != 9)
}

/// The international number whose `+` is at `at`.
pub(in super::super) fn look_plus(view: &View, at: usize) -> Result<Option<Hit>, Need> {
    let mut digits = [0; LONGEST];
    let mut count = 0;
    // Where the number may end: the position, by how many digits. What follows may be another number.
    let mut ends = [0; LONGEST + 1];
    let mut trunk_zero = false;
    let mut here = at + 1;
    loop {
        let start = here;
        while let Some(digit) = view.byte(here)?.filter(u8::is_ascii_digit) {
            if let Some(slot) = digits.get_mut(count) {
                *slot = digit - b'0';
            }
            here += 1;
            count += 1;
            if count > LONGEST {
                break;
            }
        }
        let Some(end) = ends.get_mut(count).filter(|_| here > start) else { break };
        if let Some(extended) = extension(view, here)? {
            *end = extended;
            break;
        }
        if view.char_at(here)?.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            break;
        }
        *end = here;
        // One separator, or a pair of brackets around a group: "+44 (0)20", "+1 (415) 555".
        let Some(c) = view.char_at(here)? else { break };
        match c {
            ' ' | '-' | '.' | '\u{A0}' | '\u{202F}' | '\u{2010}'..='\u{2013}' => {
                here += c.len_utf8();
                if view.byte(here)? == Some(b'(') {
                    here += 1;
                }
            }
            '(' => here += 1,
            ')' => {
                here += 1;
                if matches!(view.byte(here)?, Some(b' ' | b'-' | b'.')) {
                    here += 1;
                }
            }
            _ => break,
        }
        trunk_zero |= view.starts_with(here, b"0)")?;
    }
    let is_number = |count: usize| is_international(digits.get(..count).unwrap_or_default(), trunk_zero);
    let end = ends.iter().enumerate().rev().find(|(count, end)| **end > 0 && is_number(*count));
    Ok(end.and_then(|(_, end)| hit(at, *end, true, "phone-international")))
}

/// Whether digits after a `+` are a country code and as many digits as a number has. `trunk_zero` when a zero in brackets
/// is among them.
fn is_international(digits: &[u8], trunk_zero: bool) -> bool {
    let national = match digits {
        [1, national @ ..] => return national.len() == 10 && is_plausible_area(national),
        [7, national @ ..] => national,
        [a, b, rest @ ..] => {
            let two = u16::from(*a) * 10 + u16::from(*b);
            match rest {
                _ if COUNTRY_CODES.contains(&two) => rest,
                [c, rest @ ..] if COUNTRY_CODES.contains(&(two * 10 + u16::from(*c))) => rest,
                _ => return false,
            }
        }
        _ => return false,
    };
    // Italy keeps its zero; elsewhere a zero after the code stands in brackets, or it is an amount: "+20 000 000".
    let odd_zero = match national {
        [0, 0, ..] => true,
        [0, ..] => !trunk_zero && !digits.starts_with(&[3, 9]),
        _ => false,
    };
    (SHORTEST..=LONGEST).contains(&digits.len()) && !odd_zero
}

fn is_plausible_area(digits: &[u8]) -> bool {
    matches!(digits, [2..=9, ..])
}

/// The number whose area code's `(` is at `at`: "(415) 555-2671", and beside a word "(030) 901820".
pub(in super::super) fn look_brackets(view: &View, at: usize) -> Result<Option<Hit>, Need> {
    match look_area_code(view, at)? {
        None => look_national_brackets(view, at),
        found => Ok(found),
    }
}

fn look_national_brackets(view: &View, at: usize) -> Result<Option<Hit>, Need> {
    let mut here = at + 1;
    while here - at <= 5 && view.byte(here)?.is_some_and(|byte| byte.is_ascii_digit()) {
        here += 1;
    }
    let area = view.bytes(at + 1, here);
    if !(2..=5).contains(&area.len()) || view.byte(here)? != Some(b')') {
        return Ok(None);
    }
    here += 1;
    if matches!(view.byte(here)?, Some(b' ' | b'-')) {
        here += 1;
    }
    let number = number::read(view, here)?;
    // What follows may be another number.
    for count in (1..=number.groups.len()).rev() {
        let Some((groups, last)) = number.head(count).and_then(|groups| Some((groups, groups.last()?))) else {
            continue;
        };
        if !(6..=12).contains(&(last.digits + area.len())) || !groups.iter().all(|group| group.length >= 2) {
            continue;
        }
        let Some(end) = end_of(view, last)? else { continue };
        if is_glued(view, at, end)? {
            continue;
        }
        let named = beside(view, at, end, Terms::PHONE)?
            || (area.first() == Some(&b'0') || right_before(view, 0, at, Terms::AT))
                && beside(view, at, end, Terms::CALLING)?;
        return Ok(if named { hit(at, end, false, "phone-national") } else { None });
    }
    Ok(None)
}

fn look_area_code(view: &View, at: usize) -> Result<Option<Hit>, Need> {
    let mut here = at + 1;
    let mut digits = [0_u8; 10];
    for (place, slot) in digits.iter_mut().enumerate() {
        if place == 3 {
            if view.byte(here)? != Some(b')') {
                return Ok(None);
            }
            here += 1;
        }
        if place == 3 || place == 6 {
            if let Some(c) =
                view.char_at(here)?.filter(|c| matches!(c, ' ' | '-' | '.' | '\u{A0}' | '\u{2010}'..='\u{2013}'))
            {
                here += c.len_utf8();
            } else if place == 6 {
                return Ok(None);
            }
        }
        match view.byte(here)? {
            Some(digit) if digit.is_ascii_digit() => *slot = digit - b'0',
            _ => return Ok(None),
        }
        here += 1;
    }
    if let Some(end) = extension(view, here)? {
        here = end;
    } else if view.byte(here)?.is_some_and(|byte| is_word(byte) || byte == b'_') {
        return Ok(None);
    }
    if is_plausible_area(&digits) || beside(view, at, here, Terms::PHONE)? {
        return Ok(hit(at, here, is_north_american(&digits), "phone-north-american"));
    }
    Ok(None)
}

/// The national number that begins where the number does.
pub(in super::super) fn look(view: &View, at: usize, number: &Number) -> Result<Option<Hit>, Need> {
    // "1 (415) 555-2671" and "1-(415)..." : the trunk prefix before brackets.
    if let ([1], [one]) = (number.digits.as_slice(), number.groups.as_slice())
        && matches!(view.byte(one.end)?, Some(b' ' | b'-'))
        && view.byte(one.end + 1)? == Some(b'(')
    {
        return Ok(look_brackets(view, one.end + 1)?.map(|found| Hit { start: at, ..found }));
    }
    if let Some(found) = look_north_american(view, at, number)? {
        return Ok(Some(found));
    }
    look_beside_word(view, at, number)
}

/// 3-3-4 with separators, with or without a leading 1.
fn look_north_american(view: &View, at: usize, number: &Number) -> Result<Option<Hit>, Need> {
    let (groups, digits) = match (number.groups.as_slice(), number.digits.as_slice()) {
        ([Group { length: 1, .. }, groups @ ..], [1, digits @ ..]) => (groups, digits),
        (groups, digits) => (groups, digits),
    };
    let [area, exchange, line, ..] = groups else { return Ok(None) };
    if (area.length, exchange.length, line.length) != (3, 3, 4)
        || [area.next, exchange.next].contains(&Some(Separator::Slash))
        // "747.589 1124" is two measures.
        || (area.next == Some(Separator::Dot)) != (exchange.next == Some(Separator::Dot))
    {
        return Ok(None);
    }
    let Some(end) = end_of(view, line)? else { return Ok(None) };
    let valid = is_north_american(digits);
    if valid || beside(view, at, end, Terms::PHONE)? || beside(view, at, end, Terms::CALLING)? {
        return Ok(hit(at, end, valid, "phone-north-american"));
    }
    Ok(None)
}

/// Digits that only a word beside them makes a phone number.
fn look_beside_word(view: &View, at: usize, number: &Number) -> Result<Option<Hit>, Need> {
    let Some(first) = number.groups.first() else { return Ok(None) };
    // Digits without separators.
    if first.next.is_none() || !matches!(first.length, 0..=6) {
        let Some(digits) = number.digits.get(..first.length) else { return Ok(None) };
        if !Number::can_end(first) || !(7..=12).contains(&first.length) || is_unix_time(digits) {
            return Ok(None);
        }
        let trunk = matches!(digits, [0, 1..=9, ..]) && (10..=11).contains(&first.length);
        if trunk && view.is_all(at, first.end)? || beside(view, at, first.end, Terms::PHONE)? {
            return Ok(hit(at, first.end, false, "phone-digits"));
        }
        if first.length == 10 && is_plausible_area(digits) && beside(view, at, first.end, Terms::DIALLED)? {
            return Ok(hit(at, first.end, is_north_american(digits), "phone-digits"));
        }
        return Ok(None);
    }
    // Groups: as many as make up a number.
    for count in (2..=number.groups.len()).rev() {
        let Some(groups) = number.head(count) else { continue };
        let Some(last) = groups.last() else { continue };
        if !(7..=LONGEST).contains(&last.digits)
            || !Number::can_end(last)
            || !is_grouped_like_a_phone(groups, &number.digits)
        {
            continue;
        }
        // A trunk zero and groups make a phone number of what somebody is to call, and so does "call me at".
        let trunk = number.digits.first() == Some(&0) && (9..=11).contains(&last.digits);
        let called = trunk || last.digits <= 11 && right_before(view, 0, at, Terms::AT);
        let named = beside(view, at, last.end, Terms::PHONE)?;
        if named || called && beside(view, at, last.end, Terms::CALLING)? || trunk && view.is_all(at, last.end)? {
            return Ok(hit(at, last.end, false, "phone-national"));
        }
        return Ok(None);
    }
    Ok(None)
}

/// Groups of two digits or more (but for a leading 0 or 1), and no date.
fn is_grouped_like_a_phone(groups: &[Group], digits: &[u8]) -> bool {
    let decimal = groups.len() == 2 && groups.first().is_some_and(|group| group.next == Some(Separator::Dot));
    let date = match groups {
        [a, b, c] => {
            matches!((a.length, b.length, c.length), (4, 1 | 2, 1 | 2) | (1 | 2, 1 | 2, 4))
        }
        // From one year to another.
        [a, b] => (a.length, b.length) == (4, 4) && matches!(digits, [1, 9, ..] | [2, 0, ..]),
        _ => false,
    };
    !date && !decimal && groups.iter().skip(1).all(|group| group.length >= 2)
}

/// Ten digits that are a moment between 2017 and 2033; no area code begins with 1.
fn is_unix_time(digits: &[u8]) -> bool {
    matches!(digits, [1, 5..=9, _, _, _, _, _, _, _, _])
}

#[cfg(test)]
mod tests {
    use super::{super::number::read, *};

    fn found(text: &str) -> Option<&str> {
        let view = View::new(text, true);
        let at = text.find(|c: char| c.is_ascii_digit() || c == '+' || c == '(').unwrap();
        let hit = match text.as_bytes()[at] {
            b'+' => look_plus(&view, at).unwrap(),
            b'(' => look_brackets(&view, at).unwrap(),
            _ => look(&view, at, &read(&view, at).unwrap()).unwrap(),
        };
        hit.map(|hit| &text[hit.start..hit.end])
    }

    #[test]
    fn numbers_that_are_phones() {
        for text in [
            "415-555-2671",
            "415.555.2671",
            "415 555 2671",
            "1-415-555-2671",
            "1 (415) 555-2671",
            "(415) 555-2671",
            "(555) 123-4567",
            "+1 415 555 2671",
            "+14155552671",
            "+1 (415) 555-2671",
            "+44 20 7946 0958",
            "+44 (0)20 7946 0958",
            "+49 30 901820",
            "+33 1 42 68 53 00",
            "+39 06 698 12345",
            "+353 1 679 3429",
            "415\u{2011}555\u{2011}2671",
        ] {
            assert_eq!(found(text), Some(text), "{text}");
            assert_eq!(found(&format!("{text}.")), Some(text), "{text}.");
        }
    }

    #[test]
    fn numbers_that_words_make_phones() {
        let cases: &[(&str, Option<&str>)] = &[
            ("555-123-4567", None),
            ("Call me at 555-123-4567", Some("555-123-4567")),
            ("Phone: 555-123-4567", Some("555-123-4567")),
            ("my number is 555-123-4567.", Some("555-123-4567")),
            ("5551234567", None),
            ("phone 5551234567", Some("5551234567")),
            ("5551234567 (mobile)", Some("5551234567")),
            ("call 4155552671", Some("4155552671")),
            ("call at 1700000000", None),
            ("phone logs at 1700000000", None),
            ("my number is 4155552671", Some("4155552671")),
            ("order 4155552671", None),
            ("tracking number 4155552671", None),
            ("in the public 4155552671", None),
            ("Phone: 555-1234", Some("555-1234")),
            ("Tel. 030 901820", Some("030 901820")),
            ("Phone: (030) 901820 212-555-0100", Some("(030) 901820")),
            ("tel 01 42 68 53 00", Some("01 42 68 53 00")),
            ("Phone: 9469 9966", Some("9469 9966")),
            ("call me at 0699 868 88 55", Some("0699 868 88 55")),
            ("Call me on 9472 7916", Some("9472 7916")),
            ("They're not answering at 374 780 163", Some("374 780 163")),
            ("we sent messages to 300 000 000 people", None),
            ("no message on my registered 024 971 50 30", Some("024 971 50 30")),
            ("Fax: 345-899-3560x4587", Some("345-899-3560x4587")),
            ("Desk: +1-903-140-4508x769", Some("+1-903-140-4508x769")),
            ("(415) 555-2671 ext. 12", Some("(415) 555-2671 ext. 12")),
            ("Tel. (030) 901820", Some("(030) 901820")),
            ("Phone: (37) 788-063", Some("(37) 788-063")),
            ("in chapter (37) 788-063", None),
            ("phones sold in 2019-2024", None),
            ("the phone came out on 2024-01-15", None),
            ("phones sold: 12.3456789", None),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), *expected, "{text}");
        }
    }

    #[test]
    fn numbers_that_are_no_phones() {
        for text in [
            "1234567890",
            "1700000000",
            "192.168.100.2000",
            "+1 000",
            "+20 000 000 visitors",
            "+999 123 456 789",
            "12-415-555-2671",
            "415-555-26711",
            "415-555-2671a",
            "123-456-7890",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
