//! Payment cards: 12 to 19 digits whose first ones a network owns, and whose last one is Luhn's check digit.

use super::{
    super::{
        context::{Terms, beside},
        finding::Hit,
        kind::Kind,
        view::{Need, View},
    },
    number::{Group, Number, Separator},
};

/// A network's numbers: the range of their first four digits, and the lengths it issues, a bit for each.
struct Network {
    first: u16,
    last: u16,
    lengths: u32,
}

/// A network that issues numbers whose first `digits` digits are in a range.
const fn network(digits: u32, first: u16, last: u16, lengths: &[usize]) -> Network {
    let step = 10_u16.pow(4 - digits);
    let mut bits = 0;
    let mut rest = lengths;
    while let [length, others @ ..] = rest {
        bits |= 1 << *length;
        rest = others;
    }
    Network { first: first * step, last: last * step + step - 1, lengths: bits }
}

/// ISO/IEC 7812 issuer ranges, as the networks publish them.
const NETWORKS: &[Network] = &[
    // Visa
    network(1, 4, 4, &[13, 16, 19]),
    // Mastercard
    network(2, 51, 55, &[16]),
    network(4, 2221, 2720, &[16]),
    // American Express
    network(2, 34, 34, &[15]),
    network(2, 37, 37, &[15]),
    // Diners Club
    network(3, 300, 305, &[14, 16, 17, 18, 19]),
    network(2, 36, 36, &[14, 15, 16, 17, 18, 19]),
    network(2, 38, 39, &[14, 16, 17, 18, 19]),
    // JCB
    network(4, 3528, 3589, &[16, 17, 18, 19]),
    network(4, 1800, 1800, &[15]),
    network(4, 2131, 2131, &[15]),
    // Discover
    network(4, 6011, 6011, &[16, 17, 18, 19]),
    network(3, 644, 649, &[16, 17, 18, 19]),
    network(2, 65, 65, &[16, 17, 18, 19]),
    // UnionPay
    network(2, 62, 62, &[16, 17, 18, 19]),
    // Mir
    network(4, 2200, 2204, &[16, 17, 18, 19]),
    // Maestro
    network(2, 50, 50, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network(2, 56, 58, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network(4, 6304, 6304, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network(4, 6759, 6763, &[12, 13, 14, 15, 16, 17, 18, 19]),
];

/// The lengths of numbers that are issued with these first digits, a bit for each.
fn issued(digits: &[u8]) -> u32 {
    let [a, b, c, d, ..] = digits else { return 0 };
    let prefix = [a, b, c, d].into_iter().fold(0, |prefix, digit| prefix * 10 + u16::from(*digit));
    let ours = NETWORKS.iter().filter(|network| (network.first..=network.last).contains(&prefix));
    ours.fold(0, |all, network| all | network.lengths)
}

/// Luhn's check (ISO/IEC 7812-1, annex B).
pub(in super::super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(*digit);
            match place % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The longest card number that begins where the number does.
pub(in super::super) fn look(view: &View, at: usize, number: &Number) -> Result<Option<Hit>, Need> {
    let (lengths, may_be_called) = (issued(&number.digits), matches!(number.digits.first(), Some(3..=6)));
    if lengths == 0 && !may_be_called {
        return Ok(None);
    }
    for count in (1..=number.groups.len()).rev() {
        let Some((groups, last)) = number.head(count).and_then(|groups| Some((groups, groups.last()?))) else {
            continue;
        };
        let Some(digits) = number.digits.get(..last.digits).filter(|digits| (12..=19).contains(&digits.len())) else {
            continue;
        };
        // Banks and shops issue more than the networks' ranges: sixteen digits that somebody calls a card are one.
        let called = || digits.len() == 16 && may_be_called && is_usual(groups, 16);
        let issued = lengths >> digits.len() & 1 == 1;
        let separator = groups.first().and_then(|group| group.next);
        let plain = count == 1
            || matches!(separator, Some(Separator::Space | Separator::Dash))
                && groups.iter().take(count - 1).all(|group| group.next == separator);
        // Most numbers are no card by these, which cost less than the check digit.
        if !plain || !Number::can_end(last) || !(issued || called()) || !luhn(digits) || is_filler(digits) {
            continue;
        }
        if issued && is_usual(groups, digits.len()) || beside(view, at, last.end, Terms::CARD)? {
            return Ok(Some(Hit::new(Kind::CreditCard, at, last.end, true, "card")));
        }
    }
    Ok(None)
}

/// Whether digits stand as on a card: in fours, as 4-6-5 or 4-6-4, or together where that is usual. Of other numbers of
/// 12 to 19 digits one in ten passes Luhn's check, so those need a word beside them.
fn is_usual(groups: &[Group], digits: usize) -> bool {
    match groups {
        [_] => (14..=16).contains(&digits),
        [first, second, third] if (first.length, second.length) == (4, 6) => matches!(third.length, 4 | 5),
        [rest @ .., last] => rest.iter().all(|group| group.length == 4) && last.length <= 4,
        [] => false,
    }
}

/// `4444 4444 4444 4448` is somebody's keyboard; but all the networks' test numbers are found.
fn is_filler(digits: &[u8]) -> bool {
    let Some((_, body)) = digits.split_last() else { return true };
    body.windows(2).all(|pair| matches!(pair, [a, b] if a == b))
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
    fn cards() {
        let cases: &[(&str, &str, bool)] = &[
            ("visa", "4111111111111111", true),
            ("visa, spaces", "4111 1111 1111 1111", true),
            ("visa, dashes", "4111-1111-1111-1111", true),
            ("visa, dashes that do not break", "4111\u{2011}1111\u{2011}1111\u{2011}1111", true),
            ("mastercard", "5555555555554444", true),
            ("mastercard, two-series", "2223003122003222", true),
            ("amex", "378282246310005", true),
            ("amex, grouped", "3782 822463 10005", true),
            ("diners", "30569309025904", true),
            ("discover", "6011111111111117", true),
            ("jcb", "3530111333300000", true),
            ("maestro, 12 digits beside a word", "card 676200000009", false),
            ("visa, 13 digits beside a word", "card 4222222222222", true),
            ("visa, 13 digits alone", "4222222222222", false),
            ("maestro, 19 digits beside a word", "card: 6304000000000000000", true),
            ("odd groups beside a word", "card 41-1111-1111-1111-11", true),
            ("odd groups alone", "41-1111-1111-1111-11", false),
            ("wrong check digit", "4532-1234-5678-9010", false),
            ("nobody's range", "1234567812345670", false),
            ("mixed separators", "4111 1111-1111 1111", false),
            ("within a longer number", "41111111111111115555", false),
            ("a longer chain", "4111-1111-1111-1111-22", false),
            ("glued to a word", "4111111111111111abc", false),
            ("a unix time in milliseconds", "1700000000000", false),
            ("before another number", "4111 1111 1111 1111 12/27", true),
        ];
        for (name, text, expected) in cases {
            assert_eq!(found(text), *expected, "{name}");
        }
    }

    #[test]
    fn a_changed_digit_or_a_swap_of_neighbours_fails() {
        let card: [u8; 16] = [4, 5, 3, 9, 5, 7, 8, 7, 6, 3, 6, 2, 1, 4, 8, 6];
        assert!(luhn(&card));
        for place in 0..16 {
            for digit in 0..10 {
                let mut changed = card;
                changed[place] = digit;
                assert_eq!(luhn(&changed), digit == card[place]);
            }
        }
    }
}
