//! What a call consumed, as disjoint counts.
//!
//! Providers report overlapping numbers (cached tokens inside prompt tokens here, beside them there). Whoever reads a
//! provider's answer takes them apart once, into this form, in which the parts never overlap: a cost is then a plain sum.

use crate::collections::Map;

use crate::{
    error::{Code, Error, Result},
    json::{ToJson, Writer, number, quote},
};

/// The largest count: what a double holds exactly.
pub const MAX_COUNT: u64 = 1 << 53;

/// Declares the units: variant, key in `Usage`, key in `TokenUsage`, what it counts, its part of a breakdown.
macro_rules! units {
    ($($variant:ident $key:literal $token_key:literal $kind:ident $part:ident $doc:literal,)+) => {
        /// A billable unit. Each has one place in [`Usage`] and one rate in a price row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Unit { $(#[doc = $doc] $variant,)+ }

        impl Unit {
            /// Every unit, in the order in which items are listed.
            pub const ALL: [Unit; [$(Unit::$variant),+].len()] = [$(Unit::$variant),+];

            /// What is known of each, in the same order.
            const FACTS: &'static [Facts; Unit::ALL.len()] =
                &[$(Facts { key: $key, token_key: $token_key, kind: Kind::$kind, part: Part::$part }),+];
        }
    };
}

/// What is known of a unit.
struct Facts {
    key: &'static str,
    token_key: &'static str,
    kind: Kind,
    part: Part,
}

/// What a unit counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Tokens that go in. They choose the context tier.
    TokensIn,
    /// Tokens that come out.
    TokensOut,
    /// Tokens that are billed beside both.
    TokensBeside,
    /// Seconds, counted in milliseconds.
    Seconds,
    /// Whole things.
    Things,
}

units! {
    Input "input" "inputTokens" TokensIn Input "Input tokens that no other unit counts.",
    CacheRead "cacheRead" "cacheReadTokens" TokensIn Input "Input tokens read from a prompt cache.",
    CacheWrite "cacheWrite" "cacheWriteTokens" TokensIn Input "Input tokens written to a prompt cache (five minutes, or the provider's only kind).",
    CacheWrite30m "cacheWrite30m" "cacheWrite30mTokens" TokensIn Input "Input tokens written to a prompt cache for thirty minutes.",
    CacheWrite1h "cacheWrite1h" "cacheWrite1hTokens" TokensIn Input "Input tokens written to a prompt cache for an hour.",
    CacheWrite12h "cacheWrite12h" "cacheWrite12hTokens" TokensIn Input "Input tokens written to a prompt cache for twelve hours.",
    InputAudio "inputAudio" "inputAudioTokens" TokensIn Input "Audio tokens of the input, not from a cache.",
    CacheReadAudio "cacheReadAudio" "cacheReadAudioTokens" TokensIn Input "Audio tokens of the input, read from a cache.",
    CacheWriteAudio "cacheWriteAudio" "cacheWriteAudioTokens" TokensIn Input "Audio tokens of the input, written to a cache.",
    InputImage "inputImage" "inputImageTokens" TokensIn Input "Image tokens of the input, not from a cache.",
    CacheReadImage "cacheReadImage" "cacheReadImageTokens" TokensIn Input "Image tokens of the input, read from a cache.",
    InputVideo "inputVideo" "inputVideoTokens" TokensIn Input "Video tokens of the input.",
    Output "output" "outputTokens" TokensOut Output "Output tokens that no other unit counts; reasoning inside them included.",
    ReasoningOutside "reasoningOutside" "reasoningOutsideTokens" TokensOut Output "Reasoning tokens billed beside the output.",
    Citation "citation" "citationTokens" TokensBeside Other "Citation tokens billed beside the output.",
    OutputAudio "outputAudio" "outputAudioTokens" TokensOut Output "Audio tokens of the output.",
    OutputImage "outputImage" "outputImageTokens" TokensOut Output "Image tokens of the output.",
    OutputVideo "outputVideo" "outputVideoTokens" TokensOut Output "Video tokens of the output.",
    Images "images" "images" Things Image "Whole images made.",
    InputImages "inputImages" "inputImages" Things Image "Whole images given.",
    InputPixels "inputPixels" "inputPixels" Things Image "Pixels of the images given.",
    OutputPixels "outputPixels" "outputPixels" Things Image "Pixels of the images made.",
    AudioSeconds "audioSeconds" "audioDuration" Seconds Audio "Seconds of audio given; counted in milliseconds.",
    OutputAudioSeconds "outputAudioSeconds" "outputAudioDuration" Seconds Audio "Seconds of audio made; counted in milliseconds.",
    VideoSeconds "videoSeconds" "videoDuration" Seconds Other "Seconds of video made; counted in milliseconds.",
    InputVideoSeconds "inputVideoSeconds" "inputVideoDuration" Seconds Other "Seconds of video given; counted in milliseconds.",
    Characters "characters" "characters" Things Input "Characters of the input, where they are billed instead of tokens.",
    OutputCharacters "outputCharacters" "outputCharacters" Things Output "Characters of the output, where they are billed instead of tokens.",
    Pages "pages" "pages" Things Other "Pages of documents read.",
    AnnotatedPages "annotatedPages" "annotatedPages" Things Other "Pages of documents read and annotated.",
    Queries "queries" "queries" Things Other "Queries of a reranker or a search model.",
    WebSearches "webSearches" "webSearches" Things Other "Web searches.",
    FileSearches "fileSearches" "fileSearches" Things Other "File searches.",
    MapsSearches "mapsSearches" "mapsSearches" Things Other "Searches on a map.",
    CodeInterpreterSessions "codeInterpreterSessions" "codeInterpreterSessions" Things Other "Sessions of a code interpreter.",
    Requests "requests" "requests" Things Other "Requests that carry a fee of their own.",
}

/// Which part of a breakdown a unit's cost belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Input, cache read and cache write.
    Input,
    /// Output, reasoning included.
    Output,
    /// Whole images, and pixels.
    Image,
    /// Seconds of audio.
    Audio,
    /// Fees, citations, requests, pages and seconds of video.
    Other,
}

impl Unit {
    /// The unit of that key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.key() == key)
    }

    fn facts(self) -> &'static Facts {
        // There is one for each unit.
        let [first, ..] = Self::FACTS;
        Self::FACTS.get(self as usize).unwrap_or(first)
    }

    /// The key in the public `Usage`, and the name of the unit in items and rates.
    pub fn key(self) -> &'static str {
        self.facts().key
    }

    /// The key in AgentGuard's `TokenUsage`.
    pub fn token_key(self) -> &'static str {
        self.facts().token_key
    }

    /// Parts of one unit that a count is in: 1,000 for seconds, which are counted in milliseconds; 1 for all others.
    pub fn scale(self) -> u32 {
        if self.facts().kind == Kind::Seconds { 1_000 } else { 1 }
    }

    /// Which part of a breakdown its cost belongs to.
    pub fn part(self) -> Part {
        self.facts().part
    }

    /// Whether it counts tokens of the input, and so chooses a context tier.
    pub fn is_input_token(self) -> bool {
        self.facts().kind == Kind::TokensIn
    }

    /// Whether it counts tokens of the output.
    pub fn is_output_token(self) -> bool {
        self.facts().kind == Kind::TokensOut
    }

    /// Whether it counts tokens at all.
    pub fn is_token(self) -> bool {
        matches!(self.facts().kind, Kind::TokensIn | Kind::TokensOut | Kind::TokensBeside)
    }
}

/// The unit that a name says more closely: `images` of `images:hd/1024x1792`. `None` for a name of the caller's own.
pub fn unit_of_name(name: &str) -> Option<Unit> {
    Unit::parse(name.split_once(':')?.0)
}

/// Parts of one thing that a count by name is in: as its unit's, else 1.
pub fn scale_of_name(name: &str) -> u32 {
    unit_of_name(name).map_or(1, Unit::scale)
}

/// Disjoint counts by unit, and the reasoning memo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    counts: [u64; Unit::ALL.len()],
    reasoning: u64,
    extra: Map<String, u64>,
}

impl Default for Usage {
    fn default() -> Self {
        Self { counts: [0; Unit::ALL.len()], reasoning: 0, extra: Map::new() }
    }
}

impl Usage {
    /// Input and output tokens, and nothing else.
    pub fn tokens(input: u64, output: u64) -> Self {
        Self::default().with(Unit::Input, input).with(Unit::Output, output)
    }

    /// The same usage with one count replaced; held at 2^53.
    #[must_use]
    pub fn with(mut self, unit: Unit, count: u64) -> Self {
        self.set(unit, count);
        self
    }

    /// The count of a unit, in `1 / unit.scale()` parts.
    pub fn get(&self, unit: Unit) -> u64 {
        self.counts.get(unit as usize).copied().unwrap_or(0)
    }

    /// Replaces a count; held at 2^53.
    pub fn set(&mut self, unit: Unit, count: u64) {
        if let Some(slot) = self.counts.get_mut(unit as usize) {
            *slot = count.min(MAX_COUNT);
        }
    }

    /// Replaces the count of a name; held at 2^53. See [`Usage::extra`].
    pub fn set_extra(&mut self, name: &str, count: u64) {
        self.extra.insert(name.to_owned(), count.min(MAX_COUNT));
    }

    /// Adds to a count; held at 2^53.
    pub fn add(&mut self, unit: Unit, count: u64) {
        self.set(unit, self.get(unit).saturating_add(count));
    }

    /// The share of `output` that was reasoning: a memo, never billed.
    pub fn reasoning(&self) -> u64 {
        self.reasoning
    }

    /// Sets the reasoning memo.
    pub fn set_reasoning(&mut self, count: u64) {
        self.reasoning = count.min(MAX_COUNT);
    }

    /// Counts under names of their own, priced by a row's named rates: an image by size and quality
    /// (`images:hd/1024x1792`), a video second by resolution (`videoSeconds:1080p`), or whatever a caller's own price names.
    /// In parts of [`scale_of_name`].
    pub fn extra(&self) -> &Map<String, u64> {
        &self.extra
    }

    /// The counts that are not zero, in the order of [`Unit::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Unit, u64)> + '_ {
        Unit::ALL.into_iter().map(|unit| (unit, self.get(unit))).filter(|(_, count)| *count > 0)
    }

    /// Whether nothing was consumed.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none() && self.extra.values().all(|count| *count == 0)
    }

    /// Tokens of the input, cache included: what chooses a context tier.
    pub fn input_tokens(&self) -> u64 {
        self.sum(Unit::is_input_token)
    }

    /// All tokens, of input and output.
    pub fn total_tokens(&self) -> u64 {
        self.sum(Unit::is_token)
    }

    /// Output tokens of every kind.
    pub fn output_tokens(&self) -> u64 {
        self.sum(Unit::is_output_token)
    }

    /// Held at 2^53 like every count, so that a sum that is written down can be read.
    fn sum(&self, which: impl Fn(Unit) -> bool) -> u64 {
        self.iter().filter(|(unit, _)| which(*unit)).map(|(_, count)| count).sum::<u64>().min(MAX_COUNT)
    }

    /// Every count the larger of the two: the dearest of two readings of one call.
    #[must_use]
    pub fn max(mut self, other: &Self) -> Self {
        for (unit, count) in other.iter() {
            self.set(unit, self.get(unit).max(count));
        }
        self.reasoning = self.reasoning.max(other.reasoning);
        for (name, count) in &other.extra {
            let slot = self.extra.get_or_default(name.clone());
            *slot = (*slot).max(*count);
        }
        self
    }

    /// Reads the public `Usage`: pairs of key and number. An unknown key, and a count that is negative, fractional or
    /// not finite, is [`Code::InvalidUsage`], and named.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, f64)>) -> Result<Self> {
        let mut usage = Self::default();
        for (key, number) in pairs {
            if key == "reasoning" {
                usage.reasoning = count(key, number, 1)?;
            } else if let Some(name) = key.strip_prefix("extra.") {
                usage.extra.insert(name.to_owned(), count(key, number, scale_of_name(name))?);
            } else {
                let unit = Unit::parse(key).ok_or_else(|| unknown(key, Unit::key, "reasoning, extra"))?;
                usage.set(unit, count(key, number, unit.scale())?);
            }
        }
        Ok(usage)
    }

    /// Reads numbers in the order of [`Unit::ALL`], and after them the reasoning memo; what is left out is zero.
    pub fn from_numbers(numbers: &[f64]) -> Result<Self> {
        let mut usage = Self::default();
        for (unit, number) in Unit::ALL.into_iter().zip(numbers) {
            if *number != 0.0 {
                usage.set(unit, count(unit.key(), *number, unit.scale())?);
            }
        }
        usage.reasoning = count("reasoning", numbers.get(Unit::ALL.len()).copied().unwrap_or(0.0), 1)?;
        Ok(usage)
    }

    /// Reads AgentGuard's `TokenUsage`: pairs of key and number, those of `extra` under `extra.<name>`. Also gives back `totalTokens`, when it was there: a
    /// caller warns where that is not [`Usage::total_tokens`].
    pub fn from_token_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, f64)>) -> Result<(Self, Option<u64>)> {
        let mut usage = Self::default();
        let mut total = None;
        for (key, number) in pairs {
            match key {
                "totalTokens" => total = Some(count(key, number, 1)?),
                "reasoningTokens" => usage.reasoning = count(key, number, 1)?,
                _ if let Some(name) = key.strip_prefix("extra.") => {
                    usage.extra.insert(name.to_owned(), count(key, number, scale_of_name(name))?);
                }
                _ => {
                    let unit = Unit::ALL
                        .into_iter()
                        .find(|unit| unit.token_key() == key)
                        .ok_or_else(|| unknown(key, Unit::token_key, "totalTokens, reasoningTokens"))?;
                    usage.set(unit, count(key, number, unit.scale())?);
                }
            }
        }
        Ok((usage, total))
    }

    /// The pairs of AgentGuard's `TokenUsage`, `totalTokens` included; zero counts other than input and output are left
    /// out. Seconds are whole or a fraction, everything else is whole. [`Usage::extra`] is not among them: its names are the
    /// caller's.
    pub fn to_token_pairs(&self) -> Vec<(&'static str, f64)> {
        let mut pairs = vec![
            ("inputTokens", self.get(Unit::Input) as f64),
            ("outputTokens", self.get(Unit::Output) as f64),
            ("totalTokens", self.total_tokens() as f64),
        ];
        pairs.extend(
            self.iter()
                .filter(|(unit, _)| !matches!(unit, Unit::Input | Unit::Output))
                .map(|(unit, count)| (unit.token_key(), count as f64 / f64::from(unit.scale()))),
        );
        if self.reasoning > 0 {
            pairs.push(("reasoningTokens", self.reasoning as f64));
        }
        pairs
    }
}

fn unknown(key: &str, name: fn(Unit) -> &'static str, more: &str) -> Error {
    let known: Vec<_> = Unit::ALL.into_iter().map(name).collect();
    Error::new(
        Code::InvalidUsage,
        format!("cannot read usage: expected one of {}, {more}, found unknown unit {}", known.join(", "), quote(key)),
    )
    .with("unit", key)
}

/// A count as a whole number of `1 / scale` parts.
fn count(key: &str, number: f64, scale: u32) -> Result<u64> {
    let parts = number * f64::from(scale);
    // A duration is rounded to the millisecond; a token is whole.
    let whole = if scale == 1 { parts } else { parts.round() };
    if number >= 0.0 && whole.fract() == 0.0 && whole <= MAX_COUNT as f64 {
        Ok(whole as u64)
    } else {
        let kind = if scale == 1 { "a whole number" } else { "a number" };
        Err(Error::new(
            Code::InvalidUsage,
            format!("cannot read usage: expected {key} to be {kind} from 0 to 2^53, found {}", number::show(number)),
        )
        .with("unit", key))
    }
}

impl ToJson for Usage {
    /// The public `Usage`: `input` and `output` always, other counts when not zero.
    fn write(&self, to: &mut Writer) {
        to.open('{');
        for unit in Unit::ALL {
            let count = self.get(unit);
            if count > 0 || matches!(unit, Unit::Input | Unit::Output) {
                to.number_of(unit.key(), count as f64 / f64::from(unit.scale()));
            }
        }
        if self.reasoning > 0 {
            to.number_of("reasoning", self.reasoning as f64);
        }
        if !self.extra.is_empty() {
            to.key("extra");
            to.open('{');
            for (name, count) in &self.extra {
                to.number_of(name, *count as f64 / f64::from(scale_of_name(name)));
            }
            to.close('}');
        }
        to.close('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_both_forms() {
        let usage = Usage::from_pairs([("input", 2_000.0), ("cacheRead", 8_000.0), ("output", 500.0)]).unwrap();
        let (same, total) = Usage::from_token_pairs([
            ("inputTokens", 2_000.0),
            ("cacheReadTokens", 8_000.0),
            ("outputTokens", 500.0),
            ("totalTokens", 10_500.0),
        ])
        .unwrap();
        assert_eq!((usage.clone(), Some(usage.total_tokens())), (same, total));
        assert_eq!(usage.input_tokens(), 10_000);
        assert_eq!(usage.to_json(), r#"{"input":2000,"cacheRead":8000,"output":500}"#);
    }

    #[test]
    fn seconds_may_be_fractions_and_tokens_may_not() {
        let usage = Usage::from_pairs([("audioSeconds", 12.5)]).unwrap();
        assert_eq!(usage.get(Unit::AudioSeconds), 12_500);
        for (number, found) in
            [(-1.0, "-1"), (0.5, "0.5"), (f64::NAN, "NaN"), (f64::INFINITY, "Infinity"), (1e300, "1e+300")]
        {
            let error = Usage::from_pairs([("input", number)]).unwrap_err();
            assert_eq!(error.code(), Code::InvalidUsage);
            assert!(
                error.message().starts_with(&format!(
                    "cannot read usage: expected input to be a whole number from 0 to 2^53, found {found}"
                )),
                "{error}"
            );
        }
    }

    #[test]
    fn an_unknown_unit_is_named() {
        for key in ["inputs", "__proto__", "constructor", ""] {
            let error = Usage::from_pairs([(key, 1.0)]).unwrap_err();
            assert_eq!(error.context().get("unit"), Some(&key.into()));
        }
    }

    proptest! {
        #[test]
        fn token_pairs_round_trip(counts in prop::collection::vec(0_u64..1 << 40, Unit::ALL.len()), reasoning in 0_u64..1000) {
            let mut usage = Usage::default();
            for (unit, count) in Unit::ALL.into_iter().zip(counts) {
                usage.set(unit, count);
            }
            usage.set_reasoning(reasoning);
            let (same, total) = Usage::from_token_pairs(usage.to_token_pairs()).unwrap();
            prop_assert_eq!(total, Some(usage.total_tokens()));
            prop_assert_eq!(same, usage);
        }
    }
}
