//! The parts of a cost, as AgentGuard's programs read them.

use crate::money::Usd;
use crate::usage::Part;

use super::cost::Item;

/// A cost by part. The parts sum to the total, digit for digit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breakdown {
    /// Input, cache read and cache write.
    pub input: Usd,
    /// Output, reasoning included.
    pub output: Usd,
    /// Whole images.
    pub image: Usd,
    /// Seconds of audio.
    pub audio: Usd,
    /// Fees, citations, requests, and units of the caller's own.
    pub other: Usd,
}

impl Breakdown {
    /// The parts of these items.
    pub fn of(items: &[Item]) -> Self {
        let mut parts = Self::default();
        for item in items {
            let slot = match item.unit.map_or(Part::Other, |unit| unit.part()) {
                Part::Input => &mut parts.input,
                Part::Output => &mut parts.output,
                Part::Image => &mut parts.image,
                Part::Audio => &mut parts.audio,
                Part::Other => &mut parts.other,
            };
            *slot = slot.saturating_add(item.usd);
        }
        parts
    }

    /// The sum of the parts.
    pub fn total(&self) -> Usd {
        [self.input, self.output, self.image, self.audio, self.other].into_iter().sum()
    }
}
