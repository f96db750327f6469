//! Ids: UUIDv7 (RFC 9562, section 5.7), monotone within a millisecond.

use std::fmt::Write;

/// Makes ids that sort in the order they were made, also within one millisecond and when the clock steps back.
///
/// It holds the last 74 random bits and counts them up while the millisecond stays the same (method 2 of the RFC's
/// section 6.2), so that two ids of one generator never collide.
#[derive(Debug, Default, Clone)]
pub struct Generator {
    milliseconds: u64,
    /// 12 bits of `rand_a` above 62 bits of `rand_b`.
    tail: u128,
}

const TAIL_BITS: u32 = 74;
const TAIL_MASK: u128 = (1 << TAIL_BITS) - 1;

impl Generator {
    /// A generator that has made no id.
    pub const fn new() -> Self {
        Self { milliseconds: 0, tail: 0 }
    }

    /// The next id. `now` is UTC milliseconds; `random` seeds a new millisecond and spaces ids within one.
    pub fn next(&mut self, now: u64, random: [u8; 10]) -> String {
        let random = random.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte)) & TAIL_MASK;
        if now > self.milliseconds {
            self.milliseconds = now;
            // The top bit starts clear, so that a millisecond has room for 2^73 steps.
            self.tail = random >> 1;
        } else {
            // A random step of up to 2^32 keeps the next id unguessable.
            self.tail += 1 + (random & 0xffff_ffff);
            if self.tail > TAIL_MASK {
                self.milliseconds += 1;
                self.tail = random >> 1;
            }
        }
        let time = u128::from(self.milliseconds & 0xffff_ffff_ffff);
        let rand_a = self.tail >> 62;
        let rand_b = self.tail & ((1 << 62) - 1);
        let value = time << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b;
        let mut text = String::with_capacity(36);
        for (shift, width) in [(96, 8), (80, 4), (64, 4), (48, 4), (0, 12)] {
            if !text.is_empty() {
                text.push('-');
            }
            let part = value >> shift & ((1 << (width * 4)) - 1);
            // Writing to a String does not fail.
            let _ = write!(text, "{part:0width$x}", width = width as usize);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn has_the_form_of_version_7() {
        let id = Generator::new().next(0x0189_abcd_ef01, [0xff; 10]);
        assert_eq!(id, "0189abcd-ef01-77ff-bfff-ffffffffffff");
    }

    proptest! {
        #[test]
        fn ids_rise_whatever_the_clock_does(steps in prop::collection::vec((0_u64..4, any::<[u8; 10]>()), 2..200)) {
            let mut generator = Generator::new();
            let ids: Vec<String> = steps.iter().map(|(now, random)| generator.next(*now, *random)).collect();
            prop_assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
