//! The keys of a namespace, version 1: `docs/design/storage.md`.

use std::fmt::Write;

use crate::{
    error::{Error, Result},
    time::Instant,
};

/// The longest key: the limit of Workers KV, in bytes.
pub const MAX_KEY: usize = 512;

/// A part of a key or of a budget's id, percent-encoded: all but the unreserved characters of RFC 3986 as `%XX` of their
/// UTF-8.
pub fn encode(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The part that was encoded; `None` for a text that [`encode`] does not give.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|d| char::from(d).to_digit(16));
            bytes.push((digit()? * 16 + digit()?) as u8);
        } else {
            bytes.push(byte);
        }
    }
    // One part has one encoding: lower-case digits, or an encoded letter, are not ours.
    String::from_utf8(bytes).ok().filter(|part| !part.is_empty() && encode(part) == text)
}

/// The place of a segment. Its order is the order of folding: by begin, then by writer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentKey {
    /// 13 digits of UTC milliseconds and 5 of a counter.
    pub seq: String,
    /// The UUIDv7 of the instance that wrote it.
    pub writer: String,
    /// The UTC day of its records, `yyyymmdd`.
    pub day: String,
}

/// What a key of a namespace names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A segment of records.
    Segment(SegmentKey),
    /// A summary kept for speed.
    Summary(String),
    /// A budget.
    Budget(String),
    /// The newest schema written here.
    Meta,
}

/// A namespace: the part of a host's storage that is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    prefix: String,
}

impl Namespace {
    /// The namespace of that name. It must leave room for a key's other parts: at most 256 bytes when encoded.
    pub fn new(name: &str) -> Result<Self> {
        let encoded = encode(name);
        if encoded.is_empty() || encoded.len() > 256 {
            return Err(Error::config(format!(
                "cannot read namespace: expected 1 to 256 bytes when percent-encoded, found {}",
                encoded.len()
            )));
        }
        Ok(Self { prefix: format!("tollgate:1:{encoded}:") })
    }

    /// What every key of it begins with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A key as text; [`crate::error::Code::InvalidConfig`] when it is longer than [`MAX_KEY`].
    pub fn key(&self, key: &Key) -> Result<String> {
        let text = match key {
            Key::Segment(SegmentKey { day, writer, seq }) => {
                format!("{}seg:{day}:{}:{seq}", self.prefix, encode(writer))
            }
            Key::Summary(window) => format!("{}sum:{}", self.prefix, encode(window)),
            Key::Budget(id) => format!("{}bud:{}", self.prefix, encode(id)),
            Key::Meta => format!("{}meta", self.prefix),
        };
        if text.len() > MAX_KEY {
            return Err(Error::config(format!(
                "cannot make a storage key: expected at most {MAX_KEY} bytes, found {}",
                text.len()
            )));
        }
        Ok(text)
    }

    /// What a text names; `None` for what is not ours.
    pub fn parse(&self, text: &str) -> Option<Key> {
        let rest = text.strip_prefix(&self.prefix).filter(|_| text.len() <= MAX_KEY)?;
        let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        match rest.split(':').collect::<Vec<_>>().as_slice() {
            ["meta"] => Some(Key::Meta),
            ["sum", window] => decode(window).map(Key::Summary),
            ["bud", id] => decode(id).map(Key::Budget),
            ["seg", day, writer, seq] if digits(day, 8) && digits(seq, 18) => Some(Key::Segment(SegmentKey {
                day: (*day).to_owned(),
                writer: decode(writer)?,
                seq: (*seq).to_owned(),
            })),
            _ => None,
        }
    }

    /// Whether a key is that of a segment of one of the days of a range.
    pub fn is_within(&self, key: &str, start: Instant, end: Instant) -> bool {
        match self.parse(key) {
            // Days of eight digits compare as text; others, of a range that runs out of the four-digit years, do not.
            Some(Key::Segment(segment)) => [(start, true), (end, false)].into_iter().all(|(at, lower)| {
                let day = at.day_key();
                let beyond = day.len() != 8;
                beyond || if lower { segment.day >= day } else { segment.day <= day }
            }),
            _ => false,
        }
    }

    /// What the keys of the segments of a range of days begin with: as much as the first and last day share.
    pub fn days_prefix(&self, start: Instant, end: Instant) -> String {
        let (first, last) = (start.day_key(), end.day_key());
        let same = if first.len() == 8 && last.len() == 8 {
            first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count()
        } else {
            0
        };
        format!("{}seg:{}", self.prefix, first.get(..same).unwrap_or_default())
    }
}

/// Makes the `seq` of a writer's segments: strictly rising whatever the clock does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequence(u64);

impl Sequence {
    /// The next one.
    pub fn next(&mut self, now: Instant) -> String {
        let begun = u64::try_from(now.ms()).unwrap_or(0).min(9_999_999_999_999) * 100_000;
        self.0 = begun.max(self.0 + 1);
        format!("{:018}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_ours_is_not_read() {
        let ours = Namespace::new("a:b").unwrap();
        assert_eq!(ours.prefix(), "tollgate:1:a%3Ab:");
        for text in [
            "tollgate:1:a%3ab:meta",
            "tollgate:1:a%3Ab:Meta",
            "tollgate:1:a%3Ab:meta:",
            "tollgate:2:a%3Ab:meta",
            "tollgate:1:a%3Ab:bud:",
            "tollgate:1:a%3Ab:bud:a b",
            "tollgate:1:a%3Ab:bud:%41",
            "tollgate:1:a%3Ab:bud:%ff",
            "tollgate:1:a%3Ab:bud:%F",
            "tollgate:1:a%3Ab:seg:20260102:w:1",
            "tollgate:1:a%3Ab:seg:2026010a:w:000000000000000001",
            "",
        ] {
            assert_eq!(ours.parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_that_is_too_long_is_refused() {
        let ours = Namespace::new("n").unwrap();
        let error = ours.key(&Key::Budget("x".repeat(500))).unwrap_err();
        assert_eq!(error.message(), "cannot make a storage key: expected at most 512 bytes, found 517");
        for (name, found) in [("", "0".to_owned()), (&*"é".repeat(50), "300".to_owned())] {
            let error = Namespace::new(name).unwrap_err();
            assert_eq!(
                error.message(),
                format!("cannot read namespace: expected 1 to 256 bytes when percent-encoded, found {found}")
            );
        }
    }

    #[test]
    fn a_range_of_days_shares_a_prefix() {
        let ours = Namespace::new("n").unwrap();
        let at = |text| Instant::parse(text).unwrap();
        for (start, end, shared) in [
            ("2026-01-02", "2026-01-02", "20260102"),
            ("2026-01-02", "2026-01-31", "202601"),
            ("2025-12-31", "2026-01-01", "202"),
        ] {
            assert_eq!(ours.days_prefix(at(start), at(end)), format!("tollgate:1:n:seg:{shared}"));
        }
        assert_eq!(ours.days_prefix(Instant::from_ms(i64::MIN), Instant::from_ms(i64::MAX)), "tollgate:1:n:seg:");
    }

    #[test]
    fn a_range_names_its_days() {
        let ours = Namespace::new("n").unwrap();
        let key = |day: &str| format!("tollgate:1:n:seg:{day}:w:000000000000000001");
        let (start, end) = (Instant::parse("2026-01-30").unwrap(), Instant::parse("2026-02-02").unwrap());
        for (day, within) in [("20260129", false), ("20260130", true), ("20260202", true), ("20260203", false)] {
            assert_eq!(ours.is_within(&key(day), start, end), within, "{day}");
        }
        assert!(ours.is_within(&key("20260129"), Instant::from_ms(i64::MIN), Instant::from_ms(i64::MAX)));
        assert!(!ours.is_within("tollgate:1:n:meta", start, end));
    }

    proptest! {
        #[test]
        fn keys_read_back(namespace in "\\PC{1,12}", part in "\\PC{1,20}", ms in 0_i64..9_999_999_999_999) {
            let ours = Namespace::new(&namespace).unwrap();
            let segment = SegmentKey {
                seq: Sequence::default().next(Instant::from_ms(ms)),
                writer: part.clone(),
                day: Instant::from_ms(ms).day_key(),
            };
            for key in [Key::Meta, Key::Budget(part.clone()), Key::Summary(part.clone()), Key::Segment(segment)] {
                let text = ours.key(&key).unwrap();
                prop_assert!(text.is_ascii() && text.starts_with(ours.prefix()));
                prop_assert_eq!(ours.parse(&text), Some(key));
            }
        }

        #[test]
        fn a_sequence_rises(clock in prop::collection::vec(0_i64..3, 1..50)) {
            let mut sequence = Sequence::default();
            let all: Vec<String> = clock.iter().map(|ms| sequence.next(Instant::from_ms(*ms))).collect();
            prop_assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
