//! Bytes in base64, read where they lie.

use std::borrow::Cow;

/// Bytes that a request carries as base64. They are not copied, but for white space between them.
pub struct Data<'a>(Cow<'a, [u8]>);

impl<'a> Data<'a> {
    /// The data in a text of base64, of either alphabet, with or without its padding, or in a `data:` URL of it. `None` for
    /// another URL, and for a text that is none of it from the start on.
    pub fn new(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let encoded = if text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) {
            let (head, body) = text.split_once(',')?;
            if !head.to_ascii_lowercase().ends_with(";base64") {
                return None;
            }
            body
        } else {
            text
        };
        let bytes = encoded.trim_end_matches('=').as_bytes();
        let data = if bytes.iter().any(u8::is_ascii_whitespace) {
            Cow::Owned(bytes.iter().copied().filter(|byte| *byte != b'=' && !byte.is_ascii_whitespace()).collect())
        } else {
            Cow::Borrowed(bytes)
        };
        data.iter().take(16).all(|byte| digit(*byte).is_some()).then_some(Self(data))
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.0.len() / 4 * 3 + (self.0.len() % 4 * 3) / 4
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The byte at a place; `None` beyond the end, and where the text is no base64.
    pub fn byte(&self, at: usize) -> Option<u8> {
        let (group, place) = (at / 3 * 4, at % 3);
        let bits = |offset: usize| self.0.get(group + place + offset).and_then(|byte| digit(*byte));
        let (first, second) = (bits(0)?, bits(1)?);
        let shift = 2 * (place as u32 + 1);
        Some((first << shift | second >> (6 - shift)) as u8)
    }

    /// Whether some bytes stand at a place.
    pub fn has(&self, at: usize, bytes: &[u8]) -> bool {
        bytes.iter().enumerate().all(|(place, byte)| self.byte(at + place) == Some(*byte))
    }

    /// A number of so many bytes, the highest first.
    pub fn big(&self, at: usize, length: usize) -> Option<u64> {
        (at..at + length).try_fold(0, |sum, place| Some(sum << 8 | u64::from(self.byte(place)?)))
    }

    /// A number of so many bytes, the lowest first.
    pub fn little(&self, at: usize, length: usize) -> Option<u64> {
        (at..at + length).rev().try_fold(0, |sum, place| Some(sum << 8 | u64::from(self.byte(place)?)))
    }
}

fn digit(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// In base64, with its padding.
    pub fn encoded(bytes: &[u8]) -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for group in bytes.chunks(3) {
            let bits = group.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
            for place in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize] as char;
                text.push(if place > group.len() { '=' } else { digit });
            }
        }
        text
    }

    #[test]
    fn other_texts_are_no_data() {
        for text in ["https://example.com/a.png", "data:image/png,abc", "data:image/svg+xml;utf8,<svg/>", "<svg>"] {
            assert!(Data::new(text).is_none(), "{text}");
        }
        assert!(Data::new("").is_some_and(|data| data.is_empty()));
        assert_eq!(Data::new("data:image/png;base64,AAEC").map(|data| data.len()), Some(3));
        assert_eq!(Data::new("DATA:;BASE64,AAEC").map(|data| data.len()), Some(3));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

        #[test]
        fn every_byte_is_read(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80), line in 1_usize..40, padded: bool) {
            let text = encoded(&bytes);
            let text = if padded { text } else { text.trim_end_matches('=').replace('+', "-").replace('/', "_") };
            let lines: Vec<String> = text.as_bytes().chunks(line).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
            for text in [text, lines.join("\r\n")] {
                let data = Data::new(&text).unwrap();
                proptest::prop_assert_eq!(data.len(), bytes.len());
                let read: Vec<u8> = (0..data.len()).filter_map(|at| data.byte(at)).collect();
                proptest::prop_assert_eq!(&read, &bytes);
                proptest::prop_assert_eq!(data.byte(bytes.len() + 1), None);
            }
        }
    }
}
