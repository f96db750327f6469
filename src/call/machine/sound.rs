//! Speech, transcriptions and moderations: what they take, where that is no tokens, and what they are charged where nobody says.
//!
//! Speech is billed by the characters that are sent, or by tokens of sound; an answer that is nothing but sound tells neither.
//! A transcription is billed by the seconds that were given, or by tokens; one that is given as plain text tells neither.

use super::{
    Call,
    bill::{Bill, NO_USAGE, outcome},
};
use crate::{
    call::bound::sound_ms,
    json::Raw,
    price::{Reason, Tracker, Unpriced},
    provider::format::Format,
    time::Instant,
    usage::{Unit, Usage},
};

/// Bytes of sound in a second, where nothing tells: 32 kbit/s, as compressed speech has it.
const BYTES_A_SECOND: u64 = 4_000;

impl Call {
    /// Whether the answer is sound, byte by byte, and no events.
    pub(super) fn is_sound(&self) -> bool {
        self.options.format == Format::Speech && !self.request.stream
    }

    /// What a call about sound is expected to use; `None` for any other.
    pub(super) fn expected_sound(&self, tracker: &Tracker, now: Instant) -> Option<Usage> {
        let has = |unit| self.has_rate(unit, tracker, now);
        match self.options.format {
            Format::Speech if has(Unit::Characters) => Some(Usage::default().with(Unit::Characters, self.characters())),
            // A minute is some 1,250 tokens and 900 characters.
            Format::Speech => {
                let spoken = self.characters().saturating_mul(14) / 10;
                Some(Usage::tokens(self.input.tokens, 0).with(Unit::OutputAudio, spoken))
            }
            Format::Transcription => {
                let ms = self.heard_ms().unwrap_or_else(|| {
                    let bytes = self.member("file").and_then(|file| file.member("bytes")?.whole()).unwrap_or_default();
                    bytes.saturating_mul(1_000) / BYTES_A_SECOND
                });
                Some(if has(Unit::Input) {
                    // Ten tokens a second are heard, and four are said.
                    Usage::tokens(self.input.tokens, ms / 250).with(Unit::InputAudio, ms / 100)
                } else {
                    Usage::default().with(Unit::AudioSeconds, ms)
                })
            }
            _ => None,
        }
    }

    /// What an answer about sound is charged that tells no usage; `None` for any other. Characters are what is billed. Everything
    /// else is the most that it can have been, where something bounds it.
    pub(super) fn sound_bill(&self, tracker: &Tracker, now: Instant) -> Option<Bill> {
        let usage = self.expected_sound(tracker, now)?;
        let is_known =
            usage.get(Unit::Characters) > 0 || (usage.get(Unit::AudioSeconds) > 0 && self.heard_ms().is_some());
        Some(Bill {
            usage,
            model: None,
            service_tier: None,
            mark: if is_known { None } else { Some(NO_USAGE) },
            outcome: outcome::OK,
            at_reservation: !is_known && self.bound_priced,
            at: now,
        })
    }

    /// Whether something without a price costs nothing: OpenAI moderates free of charge, and lists no price.
    /// <https://platform.openai.com/docs/guides/moderation>
    pub(super) fn is_free(&self, unpriced: &Unpriced) -> bool {
        self.options.format == Format::Moderations
            && matches!(self.options.provider.as_str(), "openai" | "azure-openai")
            && matches!(unpriced.reason, Reason::NoRate | Reason::UnknownModel)
    }

    fn has_rate(&self, unit: Unit, tracker: &Tracker, now: Instant) -> bool {
        let pricing = tracker.pricing(&self.request.model, Some(&self.options.provider), now);
        pricing.is_some_and(|pricing| pricing.rates.keys().any(|name| name.split(':').next() == Some(unit.key())))
    }

    fn characters(&self) -> u64 {
        self.member("input").and_then(Raw::to_text).map_or(0, |text| text.chars().count() as u64)
    }

    fn heard_ms(&self) -> Option<u64> {
        sound_ms(self.member("file"))
    }

    fn member(&self, key: &str) -> Option<Raw<'_>> {
        Raw::parse(&self.body).ok()?.member(key)
    }
}
