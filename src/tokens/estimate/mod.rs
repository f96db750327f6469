//! Estimates of what a text has in tokens, where no vocabulary says.
//!
//! A text is taken apart into some features (`features.rs`), and a family's weights (`weights.rs`) say what each is worth. They
//! were fitted to public vocabularies by `scripts/estimates/fit.mjs`; how good they are, `npm run eval:estimates` prints.

mod family;
mod features;
mod script;
mod weights;

use features::GROUPS;
use weights::{BANDS, UNIT, WEIGHTS};

pub use family::Family;
pub use features::{FEATURES, Features};

/// An estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The most likely count.
    pub tokens: u64,
    /// It was seldom seen to be less: one text in fifty is below this or above `high`.
    pub low: u64,
    /// The estimate rounded up: what to reckon with where money is at stake.
    pub high: u64,
    /// Whose weights it is by.
    pub family: Family,
}

/// Estimates the tokens of a text in UTF-8. Never more than its bytes, since a token is at least one.
pub fn estimate(text: &[u8], family: Family) -> Estimate {
    let features = Features::of(text);
    let (weights, band) = (WEIGHTS.get(family as usize), BANDS.get(family as usize));
    let sums = weights.map_or([0; GROUPS], |weights| features.weigh(weights));
    let most = text.len() as u64;
    let least = most.min(1);
    let round = |units: i64| (units.max(0) as u64).div_ceil(UNIT as u64).clamp(least, most);
    // What stands beside a word may lower it, never below nothing.
    let total = sums.iter().fold(0, |sum: i64, group| sum.saturating_add((*group).max(0)));
    let share = |part: i64, place: usize| {
        let share = band.and_then(|band| band.get(place)).copied().unwrap_or(0);
        part.max(0).saturating_mul(i64::from(share)) / UNIT
    };
    let root = ((total / UNIT) as u64).isqrt() as i64 * UNIT;
    let off =
        sums.iter().enumerate().fold(share(root, GROUPS), |off, (place, sum)| off.saturating_add(share(*sum, place)));
    Estimate {
        tokens: round(total),
        low: round(total.saturating_sub(off)),
        high: round(total.saturating_add(off)),
        family,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILIES: [Family; 10] = [
        Family::O200k,
        Family::Cl100k,
        Family::Claude,
        Family::Claude47,
        Family::Gemma,
        Family::Qwen,
        Family::DeepSeek,
        Family::Llama3,
        Family::Tekken,
        Family::Generic,
    ];

    #[test]
    fn families_have_their_numbers() {
        for (number, family) in (0..).zip(FAMILIES) {
            assert_eq!(family as u32, number);
            assert_eq!(Family::from_number(number), family);
        }
        assert_eq!(FAMILIES.len(), weights::FAMILIES);
        assert_eq!(Family::from_number(99), Family::Generic);
    }

    #[test]
    fn known_texts_are_in_their_band() {
        // The counts of o200k_base.
        for (text, tokens) in [
            ("How many tokens is this?", 6),
            ("The quick brown fox jumps over the lazy dog.", 10),
            ("{\"id\": 1234567, \"tags\": [\"a\", \"b\"], \"nested\": null}", 24),
            ("Привет, как дела?", 6),
            ("吾輩は猫である。名前はまだ無い。", 14),
        ] {
            let found = estimate(text.as_bytes(), Family::O200k);
            assert!(found.low <= tokens && tokens <= found.high, "{text}: {found:?}");
        }
    }

    #[test]
    fn hard_texts_are_estimated_in_one_reading() {
        for (text, least) in [
            ("a".repeat(100_000), 10_000),
            (" ".repeat(100_000), 100),
            ("👩‍👩‍👧‍👦".repeat(10_000), 30_000),
            ("\n".repeat(100_000), 1),
            ("0123456789".repeat(10_000), 30_000),
        ] {
            for family in FAMILIES {
                let found = estimate(text.as_bytes(), family);
                assert!(found.tokens >= least, "{family:?} {}: {found:?}", &text[..4]);
            }
        }
    }

    #[test]
    fn nothing_has_no_tokens() {
        for family in FAMILIES {
            assert_eq!(estimate(b"", family), Estimate { tokens: 0, low: 0, high: 0, family });
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

        /// In order, at least one for a text, at most one a byte, for any bytes.
        #[test]
        fn bounds_hold(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400), number in 0_u32..10) {
            let found = estimate(&bytes, Family::from_number(number));
            let least = u64::from(!bytes.is_empty());
            proptest::prop_assert!(least <= found.low && found.low <= found.tokens);
            proptest::prop_assert!(found.tokens <= found.high && found.high <= bytes.len() as u64);
        }

        /// The features of two texts that are cut between them are those of both together.
        #[test]
        fn lines_add_up(one in "[a-z]{1,12}", other in "[A-Z][a-z]{1,12}") {
            let [a, b, both] = [one.clone(), format!(" {other}"), format!("{one} {other}")].map(|text| Features::of(text.as_bytes()).0);
            proptest::prop_assert!(a.iter().zip(b).zip(both).all(|((a, b), both)| a + b == both));
        }
    }
}
