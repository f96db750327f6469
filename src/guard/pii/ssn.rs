//! Social security numbers of the USA: area, group, serial. There is no check digit; the areas 000, 666 and 900 to 999, the
//! group 00 and the serial 0000 were never given out (SSA, "Social Security Number Randomization").

use super::{
    super::{
        context::{Terms, beside},
        finding::Hit,
        kind::Kind,
        view::{Need, View},
    },
    number::{Number, Separator},
};

/// A social security number that begins where the number does.
pub(in super::super) fn look(view: &View, at: usize, number: &Number) -> Result<Option<Hit>, Need> {
    let Some(digits) = number.digits.get(..9) else { return Ok(None) };
    let (end, alone) = match number.groups.as_slice() {
        [one, ..] if one.length == 9 && Number::can_end(one) => (one.end, false),
        [area, group, serial, ..]
            if (area.length, group.length, serial.length) == (3, 2, 4)
                && area.next == group.next
                && Number::can_end(serial) =>
        {
            (serial.end, matches!(area.next, Some(Separator::Dash | Separator::Space)))
        }
        _ => return Ok(None),
    };
    if !is_given_out(digits) || !(alone || beside(view, at, end, Terms::SOCIAL_SECURITY)?) {
        return Ok(None);
    }
    Ok(Some(Hit::new(Kind::Ssn, at, end, false, "us-ssn")))
}

fn is_given_out(digits: &[u8]) -> bool {
    !matches!(digits, [9, ..] | [0, 0, 0, ..] | [6, 6, 6, ..] | [_, _, _, 0, 0, ..] | [_, _, _, _, _, 0, 0, 0, 0])
}

#[cfg(test)]
mod tests {
    use super::{super::number::read, *};

    fn found(text: &str) -> bool {
        let view = View::new(text, true);
        let at = text.find(|c: char| c.is_ascii_digit()).unwrap();
        look(&view, at, &read(&view, at).unwrap()).unwrap().is_some()
    }

    #[test]
    fn social_security_numbers() {
        let cases: &[(&str, &str, bool)] = &[
            ("dashes", "123-45-6789", true),
            ("spaces", "123 45 6789", true),
            ("dots alone", "123.45.6789", false),
            ("dots beside a word", "SSN 123.45.6789", true),
            ("digits alone", "123456789", false),
            ("digits beside a word", "ssn: 123456789", true),
            ("digits beside two words", "Her social security number is 123456789", true),
            ("digits before the word", "123456789 (SSN)", true),
            ("area 000", "000-12-3456", false),
            ("area 666", "666-12-3456", false),
            ("an ITIN", "912-70-1234", false),
            ("group 00", "123-00-4567", false),
            ("serial 0000", "123-45-0000", false),
            ("a longer chain", "123-45-6789-0", false),
            ("mixed separators", "123-45 6789", false),
            ("glued to a word", "123-45-6789a", false),
        ];
        for (name, text, expected) in cases {
            assert_eq!(found(text), *expected, "{name}");
        }
    }
}
