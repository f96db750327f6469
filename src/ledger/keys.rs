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

/// The longest encoded id that a key bears in full. With the longest namespace every key stays below [`MAX_KEY`].
const MAX_NAME: usize = 200;

/// An id as part of a key. It lies in the key's value too, which is what counts: a value that bears another id is not
/// what was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// An id of at most 200 bytes when encoded.
    Plain(String),
    /// 32 hexadecimal digits for an id that is longer.
    Hashed(String),
}

impl Name {
    /// How an id stands in a key.
    pub fn of(id: &str) -> Self {
        if encode(id).len() <= MAX_NAME {
            Self::Plain(id.to_owned())
        } else {
            Self::Hashed(format!("{:032x}", fnv1a(id.as_bytes())))
        }
    }

    fn write(&self) -> String {
        match self {
            // A second part: no plain id is written with one, so the two never meet.
            Self::Hashed(hash) => format!("h:{hash}"),
            Self::Plain(id) => encode(id),
        }
    }

    fn parse(parts: &[&str]) -> Option<Self> {
        match parts {
            ["h", hash] if hash.len() == 32 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) => {
                Some(Self::Hashed((*hash).to_owned()))
            }
            [id] => decode(id).filter(|id| encode(id).len() <= MAX_NAME).map(Self::Plain),
            _ => None,
        }
    }
}

/// FNV-1a in 128 bits (RFC 9923): spreads ids over keys. It is no proof against somebody who looks for two ids of one
/// hash, which is why the id in the value decides.
fn fnv1a(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
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
    Budget(Name),
    /// A reservation.
    Reservation(Name),
    /// A charge, by the id of its record.
    Charge(Name),
    /// What a ledger keeps of itself.
    Ledger,
    /// A schema that was written here. One key for each: an older release never overwrites what a newer one says.
    Meta(u32),
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

    /// What the keys of [`Key::Meta`] begin with.
    pub fn meta_prefix(&self) -> String {
        format!("{}meta:", self.prefix)
    }

    /// A key as text; [`crate::error::Code::InvalidConfig`] when it is longer than [`MAX_KEY`].
    pub fn key(&self, key: &Key) -> Result<String> {
        let text = match key {
            Key::Segment(SegmentKey { day, writer, seq }) => {
                format!("{}seg:{day}:{}:{seq}", self.prefix, encode(writer))
            }
            Key::Summary(window) => format!("{}sum:{}", self.prefix, encode(window)),
            Key::Budget(name) => format!("{}bud:{}", self.prefix, name.write()),
            Key::Reservation(name) => format!("{}res:{}", self.prefix, name.write()),
            Key::Charge(name) => format!("{}chg:{}", self.prefix, name.write()),
            Key::Ledger => format!("{}led", self.prefix),
            Key::Meta(schema) => format!("{}{schema}", self.meta_prefix()),
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
            // A number too large for us is newer all the same.
            ["meta", schema] if schema.bytes().all(|b| b.is_ascii_digit()) && !schema.starts_with('0') => {
                (!schema.is_empty()).then(|| Key::Meta(schema.parse().unwrap_or(u32::MAX)))
            }
            ["led"] => Some(Key::Ledger),
            ["sum", window] => decode(window).map(Key::Summary),
            ["bud", name @ ..] => Name::parse(name).map(Key::Budget),
            ["res", name @ ..] => Name::parse(name).map(Key::Reservation),
            ["chg", name @ ..] => Name::parse(name).map(Key::Charge),
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

/// 18 digits hold no more.
const LAST_SEQ: u64 = 999_999_999_999_999_999;

/// Makes the `seq` of a writer's segments: strictly rising whatever the clock does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequence(u64);

impl Sequence {
    /// The next one.
    pub fn next(&mut self, now: Instant) -> String {
        let begun = u64::try_from(now.ms()).unwrap_or(0).min(9_999_999_999_999) * 100_000;
        self.0 = begun.max(self.0 + 1).min(LAST_SEQ);
        format!("{:018}", self.0)
    }

    /// Makes the next one come after a `seq` that another writer used, whose clock may be ahead.
    pub fn pass(&mut self, seq: &str) {
        self.0 = self.0.max(seq.parse().unwrap_or(0));
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
            "tollgate:1:a%3ab:meta:1",
            "tollgate:1:a%3Ab:Meta:1",
            "tollgate:1:a%3Ab:meta",
            "tollgate:1:a%3Ab:meta:",
            "tollgate:1:a%3Ab:meta:01",
            "tollgate:1:a%3Ab:meta:one",
            "tollgate:1:a%3Ab:meta:1:2",
            "tollgate:2:a%3Ab:meta:1",
            "tollgate:1:a%3Ab:led:",
            "tollgate:1:a%3Ab:bud:h:abc",
            "tollgate:1:a%3Ab:bud:h:0123456789ABCDEF0123456789ABCDEF",
            "tollgate:1:a%3Ab:res:",
            "tollgate:1:a%3Ab:chg:a:b",
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
        let error = ours.key(&Key::Summary("x".repeat(500))).unwrap_err();
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
    fn a_long_id_is_keyed_by_its_hash() {
        // The published test values of FNV-1a in 128 bits for the empty text, "a" and "foobar".
        for (text, hash) in [
            ("", "6c62272e07bb014262b821756295c58d"),
            ("a", "d228cb696f1a8caf78912b704e4a8964"),
            ("foobar", "343e1662793c64bf6f0d3597ba446f18"),
        ] {
            assert_eq!(format!("{:032x}", fnv1a(text.as_bytes())), hash, "{text:?}");
        }
        let ours = Namespace::new("n").unwrap();
        let key = |id: &str| ours.key(&Key::Budget(Name::of(id))).unwrap();
        assert_eq!(key(&"x".repeat(200)), format!("tollgate:1:n:bud:{}", "x".repeat(200)));
        let (long, other) = (key(&"x".repeat(201)), key(&"x".repeat(202)));
        assert!(long.starts_with("tollgate:1:n:bud:h:") && long.len() == 19 + 32 && long != other, "{long}");
        assert_eq!(ours.parse(&long), Some(Key::Budget(Name::of(&"x".repeat(201)))));
        // What looks like a hash is an id like any other.
        assert_eq!(key("h:00"), "tollgate:1:n:bud:h%3A00");
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
        fn keys_read_back(namespace in "\\PC{1,12}", part in "\\PC{1,20}", repeat in 1_usize..40, schema in 1_u32.., ms in 0_i64..9_999_999_999_999) {
            let ours = Namespace::new(&namespace).unwrap();
            let segment = SegmentKey {
                seq: Sequence::default().next(Instant::from_ms(ms)),
                writer: part.clone(),
                day: Instant::from_ms(ms).day_key(),
            };
            let named = [Key::Budget, Key::Reservation, Key::Charge].map(|kind| kind(Name::of(&part.repeat(repeat))));
            let others = [Key::Meta(schema), Key::Ledger, Key::Summary(part.clone()), Key::Segment(segment)];
            for key in named.into_iter().chain(others) {
                let text = ours.key(&key).unwrap();
                prop_assert!(text.is_ascii() && text.len() <= MAX_KEY && text.starts_with(ours.prefix()));
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
