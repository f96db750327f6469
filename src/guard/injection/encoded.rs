//! Encoded text: read, and judged as the text that it is.

use super::words::Judge;
use crate::{
    decoded::{Decoded, Encoding},
    steps::count,
};

/// The shortest run that is read: 24 characters are 18 bytes of base64.
pub(super) const SHORTEST: usize = 24;

/// Runs of base64 are continued in the next line behind lines of this length.
const LINE: usize = 60;

/// How injection is encoded that was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    /// The encodings that were undone.
    pub decoded: Decoded,
    /// Whether there were more of them than are undone.
    pub deep: bool,
}

impl Chain {
    /// The chain inside another encoding.
    pub fn within(self, encoding: Encoding) -> Self {
        Self { decoded: self.decoded.within(encoding), ..self }
    }

    /// The rule that found it.
    pub const fn rule(self) -> &'static str {
        if self.deep { "encoded-too-deep" } else { "encoded-injection" }
    }
}

/// The character that an encoded unit at the beginning of a text stands for, how long it is, and how it is encoded.
pub(super) fn unit(text: &str) -> Option<(char, usize, Encoding)> {
    let bytes = text.as_bytes();
    let digits = |from: usize, most: usize| {
        let digits =
            bytes.get(from..).unwrap_or_default().iter().take(most).take_while(|byte| byte.is_ascii_hexdigit());
        digits.count()
    };
    let number = |from: usize, count: usize, radix: u32| {
        let digits = text.get(from..from + count).filter(|_| count > 0)?;
        u32::from_str_radix(digits, radix).ok().and_then(char::from_u32)
    };
    match *bytes.first()? {
        b'%' => {
            let c = number(1, 2, 16).filter(|c| c.is_ascii() && digits(1, 2) == 2)?;
            Some((c, 3, Encoding::Percent))
        }
        b'&' if bytes.get(1) == Some(&b'#') => {
            let (from, radix) = if matches!(bytes.get(2), Some(b'x' | b'X')) { (3, 16) } else { (2, 10) };
            let count = digits(from, 8);
            let semicolon = usize::from(bytes.get(from + count) == Some(&b';'));
            Some((number(from, count, radix)?, from + count + semicolon, Encoding::Html))
        }
        b'&' => {
            const NAMES: &[(&str, char)] =
                &[("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"'), ("&apos;", '\''), ("&nbsp;", ' ')];
            let (name, c) = NAMES.iter().find(|(name, _)| text.starts_with(name))?;
            Some((*c, name.len(), Encoding::Html))
        }
        b'\\' => {
            let (c, length) = match *bytes.get(1)? {
                b'n' | b't' | b'r' => (' ', 2),
                b'u' if bytes.get(2) == Some(&b'{') => {
                    let count = digits(3, 6);
                    (number(3, count, 16).filter(|_| bytes.get(3 + count) == Some(&b'}'))?, count + 4)
                }
                b'u' => (number(2, 4, 16).filter(|_| digits(2, 4) == 4)?, 6),
                b'x' => (number(2, 2, 16).filter(|_| digits(2, 2) == 2)?, 4),
                b'U' => (number(2, 8, 16).filter(|_| digits(2, 8) == 8)?, 10),
                _ => return None,
            };
            Some((c, length, Encoding::Escapes))
        }
        _ => None,
    }
}

/// A run of bytes that are written one by one, as two hexadecimal digits or eight binary ones, as far as it was read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Groups {
    length: usize,
    bytes: usize,
    width: usize,
}

impl Groups {
    /// Reads on, where the run begins at `at`. Whether more of it may come.
    pub fn read(&mut self, text: &str, at: usize, whole: bool) -> bool {
        let bytes = text.as_bytes();
        loop {
            count(1);
            let end = at + self.length;
            let start = if bytes.get(end..end + 2) == Some(b"0x") { end + 2 } else { end };
            let digits =
                bytes.get(start..).unwrap_or_default().iter().take(9).take_while(|byte| byte.is_ascii_hexdigit());
            let digits = digits.count();
            if start + digits == bytes.len() && !whole && self.bytes > 0 {
                return true;
            }
            if digits != 2 && digits != 8 || self.width != 0 && digits != self.width {
                return false;
            }
            let separators = bytes.get(start + digits..).unwrap_or_default().iter().take(2);
            let separators = separators.take_while(|byte| matches!(byte, b' ' | b',' | b':')).count();
            // A second separator may come.
            if start + digits + separators == bytes.len() && !whole && separators < 2 {
                return true;
            }
            (self.width, self.bytes) = (digits, self.bytes + 1);
            self.length = start + digits + separators - at;
            if separators == 0 {
                return false;
            }
        }
    }

    /// Where it ends; 0 where there are not [`SHORTEST`] / 2 bytes.
    pub fn end(&self, at: usize) -> usize {
        let enough = self.bytes * 2 >= SHORTEST || self.width == 8 && self.bytes >= 8;
        if enough { at + self.length } else { 0 }
    }
}

/// Whether a line of base64 goes on in the next one.
pub(super) fn goes_on(line: usize, rest: &[u8]) -> usize {
    match rest {
        [b'\n', next, ..] if line >= LINE && next.is_ascii_alphanumeric() => 1,
        [b'\r', b'\n', next, ..] if line >= LINE && next.is_ascii_alphanumeric() => 2,
        _ => 0,
    }
}

/// What a run says in one of the encodings, where that is injection.
pub(super) fn read(run: &str, judge: Judge) -> Option<Chain> {
    let readings =
        [(Encoding::Binary, binary(run)), (Encoding::Hex, hexadecimal(run)), (Encoding::Base64, base64(run))];
    readings.into_iter().find_map(|(code, bytes)| {
        let text = String::from_utf8(bytes?).ok()?;
        Some(judge(&text)?.within(code))
    })
}

/// What a text says in a cipher that its reader was told of, where that is injection.
pub(super) fn decipher(text: &str, judge: Judge) -> Option<Chain> {
    let turned: String = text.chars().map(rot13).collect();
    if let Some(chain) = judge(&turned) {
        return Some(chain.within(Encoding::Rot13));
    }
    let reversed: String = text.chars().rev().collect();
    Some(judge(&reversed)?.within(Encoding::Reversed))
}

fn rot13(c: char) -> char {
    let turn = |first: u8| char::from(first + (c as u8 - first + 13) % 26);
    match c {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        c => c,
    }
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
            b'\n' | b'\r' => continue,
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

/// The digits of a run, without what stands between bytes.
fn digits(run: &str, radix: u32) -> Option<Vec<u8>> {
    let groups = run.split([' ', ',', ':', '\n', '\r']).map(|group| group.strip_prefix("0x").unwrap_or(group));
    groups.flat_map(str::chars).map(|c| c.to_digit(radix).map(|digit| digit as u8)).collect()
}

fn hexadecimal(run: &str) -> Option<Vec<u8>> {
    let digits = digits(run, 16).filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

fn binary(run: &str) -> Option<Vec<u8>> {
    let digits = digits(run, 2).filter(|digits| digits.len().is_multiple_of(8))?;
    Some(digits.chunks(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_read() {
        assert_eq!(base64("aGk="), Some(b"hi".to_vec()));
        assert_eq!(base64("a.b"), None);
        assert_eq!(hexadecimal("6869"), Some(b"hi".to_vec()));
        assert_eq!(hexadecimal("0x68, 0x69"), Some(b"hi".to_vec()));
        assert_eq!(hexadecimal("686"), None);
        assert_eq!(binary("01101000 01101001"), Some(b"hi".to_vec()));
        let chain = decipher("vtaber", &|text| (text == "ignore").then(Chain::default));
        assert_eq!(chain, Some(Chain::default().within(Encoding::Rot13)));
    }

    #[test]
    fn units_are_read() {
        let cases = [
            ("%69x", Some(('i', 3, Encoding::Percent))),
            ("%e9", None),
            ("%6", None),
            ("&#105;g", Some(('i', 6, Encoding::Html))),
            ("&#x69", Some(('i', 5, Encoding::Html))),
            ("&lt;b", Some(('<', 4, Encoding::Html))),
            ("& b", None),
            ("\\u0069", Some(('i', 6, Encoding::Escapes))),
            ("\\u{69}", Some(('i', 6, Encoding::Escapes))),
            ("\\x69", Some(('i', 4, Encoding::Escapes))),
            ("\\q", None),
        ];
        for (text, expected) in cases {
            assert_eq!(unit(text), expected, "{text}");
        }
    }

    #[test]
    fn bytes_one_by_one_are_a_run() {
        let read = |text: &str, whole| {
            let mut groups = Groups::default();
            let open = groups.read(text, 0, whole);
            (groups.end(0), open)
        };
        let text = "49 67 6e 6f 72 65 20 61 6c 6c 20 70 and";
        assert_eq!(read(text, true), (36, false));
        assert_eq!(read("be a good", true), (0, false));
        assert_eq!(read("49 67 6e", false), (0, true));
        // As much as has come is not read again.
        let mut groups = Groups::default();
        for end in (0..text.len()).filter(|end| *end > 5) {
            let before = groups;
            assert!(groups.read(&text[..end], 0, false) == (end < 38) && groups.length >= before.length, "{end}");
        }
        assert_eq!(groups.end(0), 36);
    }
}
