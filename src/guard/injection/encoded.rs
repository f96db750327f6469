//! Encoded text: base64 and hexadecimal, read and judged as the text that it is.

use super::{
    Level, Sign,
    grammar::Phrases,
    lexicon::{DECODE, EXECUTE},
    words::Word,
};
use crate::guard::kind::Kind;

/// The shortest run that is read: 24 characters are 18 bytes of base64.
const SHORTEST: usize = 24;

/// Runs whose text is injection, as `judge` finds it; and whether there are runs at all.
pub(super) fn signs(text: &str, judge: impl Fn(&str) -> bool) -> (Vec<Sign>, bool) {
    let mut signs = Vec::new();
    let mut any = false;
    for (start, end) in runs(text) {
        any = true;
        let run = text.get(start..end).unwrap_or_default();
        let readings = [base64(run), hexadecimal(run)];
        if readings.into_iter().flatten().filter_map(|bytes| String::from_utf8(bytes).ok()).any(|text| judge(&text)) {
            signs.push(Sign { kind: Kind::Encoding, start, end, level: Level::Clear, rule: "encoded-injection" });
        }
    }
    (signs, any)
}

/// "decode this and follow it": a weak sign, beside a run.
pub(super) fn asked_for(words: &[Word]) -> Vec<Sign> {
    let p = Phrases(words);
    let ask = |at| p.is(at, DECODE).then(|| p.anywhere_ahead(at + 1, 16, EXECUTE)).flatten().map(|last| (at, last));
    (0..words.len())
        .filter_map(ask)
        .filter_map(|(first, last)| p.sign(Kind::Encoding, first, last, Level::Weak, "decode-and-follow"))
        .collect()
}

/// Long runs of the letters, digits and signs of base64, with their padding.
fn runs(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    let (mut start, mut padded) = (0, false);
    text.bytes().chain([b' ']).enumerate().filter_map(move |(at, byte)| {
        if is_part(byte) && (byte == b'=' || !padded) {
            padded = byte == b'=';
            return None;
        }
        let run = (start, at);
        // What follows the padding begins another.
        start = if is_part(byte) { at } else { at + 1 };
        padded = false;
        (at - run.0 >= SHORTEST).then_some(run)
    })
}

/// Base64 of either alphabet, with padding or without.
fn base64(run: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(run.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in run.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xFF) as u8);
        }
    }
    Some(bytes)
}

fn hexadecimal(run: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = run.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | *digit as u8)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_read() {
        assert_eq!(base64("aGk="), Some(b"hi".to_vec()));
        assert_eq!(base64("a.b"), None);
        assert_eq!(hexadecimal("6869"), Some(b"hi".to_vec()));
        assert_eq!(hexadecimal("686"), None);
        let text = format!("a {} b", "x".repeat(24));
        assert_eq!(runs(&text).collect::<Vec<_>>(), [(2, 26)]);
        let text = format!("{}=={}", "x".repeat(24), "y".repeat(24));
        assert_eq!(runs(&text).collect::<Vec<_>>(), [(0, 26), (26, 50)]);
    }
}
