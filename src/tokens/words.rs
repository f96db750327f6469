//! The pieces of SentencePiece's vocabularies: words with the spaces before them.
//!
//! Their merges cut texts nowhere. But where no token has a space behind another character, none is made across the place before one,
//! so pieces may end there.

/// The bytes that some token has before a space, as bits: those below 128, and the others. Behind them no piece ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Joints(u128, u128);

impl Joints {
    /// No bytes.
    pub const NONE: Self = Self(0, 0);

    /// These, and a byte.
    pub const fn with(self, byte: u8) -> Self {
        let bit = 1 << (byte & 127);
        if byte < 128 { Self(self.0 | bit, self.1) } else { Self(self.0, self.1 | bit) }
    }

    fn has(self, byte: u8) -> bool {
        self == self.with(byte)
    }

    /// Where the piece ends that starts at a place: ` *[^ ]*`, and on over spaces behind joints.
    #[inline(never)]
    pub fn piece(self, text: &[u8], at: usize) -> usize {
        let mut rest = text.get(at..).unwrap_or_default();
        let mut before = None;
        loop {
            for spaces in [true, false] {
                let length = rest.iter().take_while(|byte| (**byte == b' ') == spaces).count();
                let (run, beyond) = rest.split_at_checked(length).unwrap_or_default();
                before = run.last().copied().or(before);
                rest = beyond;
            }
            if rest.is_empty() || !before.is_some_and(|byte| self.has(byte)) {
                return text.len() - rest.len();
            }
        }
    }
}
