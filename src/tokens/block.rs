//! Sixteen bytes of a text at once: which of them are letters, digits and so on, as masks of a bit for each.
//!
//! Most pieces of most texts are short runs of ASCII, and with the masks a grammar finds their ends without a loop. What is
//! not ASCII is in no mask but [`Block::wide`]; who meets such a byte, or the end of the block, asks the slower scanner.

/// Sixteen bytes, the first one lowest. Beyond the end of the text they are 255, which is no byte of UTF-8.
#[derive(Clone, Copy)]
pub(super) struct Block {
    low: u64,
    high: u64,
    lanes: lanes::Lanes,
}

/// A mask of sixteen bits.
pub(super) type Mask = u32;

/// How many bits are set from bit 0 on.
#[inline(always)]
pub(super) fn ones(mask: Mask) -> u32 {
    (!mask).trailing_zeros()
}

impl Block {
    /// The bytes from a place on, if there are sixteen.
    #[inline(always)]
    pub fn load(text: &[u8], at: usize) -> Option<Self> {
        text.get(at..)?.first_chunk().map(Self::new)
    }

    /// The bytes from a place on, however few.
    #[inline(never)]
    pub fn load_any(text: &[u8], at: usize) -> Self {
        let mut bytes = [255; 16];
        bytes.iter_mut().zip(text.get(at..).unwrap_or_default()).for_each(|(to, from)| *to = *from);
        Self::new(&bytes)
    }

    #[inline(always)]
    fn new(bytes: &[u8; 16]) -> Self {
        let both = u128::from_le_bytes(*bytes);
        Self { low: both as u64, high: (both >> 64) as u64, lanes: lanes::load(bytes) }
    }

    /// The first byte.
    #[inline(always)]
    pub fn first(self) -> u8 {
        self.low as u8
    }

    /// The first `length` bytes, of at most 15, with the length beside them: texts differ if and only if their keys do. The
    /// upper half of the last byte is left at 0.
    #[inline(always)]
    pub fn key(self, length: usize) -> (u64, u64) {
        let bits = (length as u32 & 7) * 8;
        let part = (1 << bits) - 1;
        let (low, high) = if length < 8 { (self.low & part, 0) } else { (self.low, self.high & part) };
        (low, high | (length as u64) << 56)
    }

    /// `A` to `Z`.
    #[inline(always)]
    pub fn upper(self) -> Mask {
        self.in_range(b'A', 26)
    }

    /// `a` to `z`.
    #[inline(always)]
    pub fn lower(self) -> Mask {
        self.in_range(b'a', 26)
    }

    /// `0` to `9`.
    #[inline(always)]
    pub fn digit(self) -> Mask {
        self.in_range(b'0', 10)
    }

    /// CR and LF.
    #[inline(always)]
    pub fn newline(self) -> Mask {
        self.equal(b'\n') | self.equal(b'\r')
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    use core::arch::wasm32::{
        i8x16_add, i8x16_bitmask, i8x16_eq, i8x16_lt, i8x16_splat, u8x16_splat, v128, v128_load, v128_or,
    };

    use super::{Block, Mask};

    pub(super) type Lanes = v128;

    /// The bytes for comparing all at once. Put together out of numbers they would take four instructions.
    #[allow(unsafe_code)]
    #[inline(always)]
    pub(super) fn load(bytes: &[u8; 16]) -> Lanes {
        // SAFETY: the sixteen bytes that are read are those of the array; the instruction needs no alignment.
        unsafe { v128_load(bytes.as_ptr().cast()) }
    }

    impl Block {
        /// Not ASCII, or beyond the end of the text.
        #[inline(always)]
        pub fn wide(self) -> Mask {
            u32::from(i8x16_bitmask(self.lanes))
        }

        /// One byte.
        #[inline(always)]
        pub fn equal(self, byte: u8) -> Mask {
            u32::from(i8x16_bitmask(i8x16_eq(self.lanes, u8x16_splat(byte))))
        }

        #[inline(always)]
        pub(super) fn in_range(self, first: u8, count: u8) -> Mask {
            u32::from(i8x16_bitmask(in_range(self.lanes, first, count)))
        }

        /// White space, new lines among it.
        #[inline(always)]
        pub fn space(self) -> Mask {
            let blank = i8x16_eq(self.lanes, u8x16_splat(b' '));
            u32::from(i8x16_bitmask(v128_or(in_range(self.lanes, b'\t', 5), blank)))
        }
    }

    /// Moved to the lowest of the signed numbers: unsigned ones take processors three more instructions to compare.
    #[inline(always)]
    fn in_range(lanes: v128, first: u8, count: u8) -> v128 {
        let moved = i8x16_add(lanes, u8x16_splat(0x80_u8.wrapping_sub(first)));
        i8x16_lt(moved, i8x16_splat(i8::MIN.wrapping_add_unsigned(count)))
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    use super::{Block, Mask};

    pub(super) type Lanes = [u8; 16];

    pub(super) fn load(bytes: &[u8; 16]) -> Lanes {
        *bytes
    }

    impl Block {
        #[inline(always)]
        fn mask(self, holds: impl Fn(u8) -> bool) -> Mask {
            self.lanes.iter().rev().fold(0, |mask, byte| mask << 1 | u32::from(holds(*byte)))
        }

        /// Not ASCII, or beyond the end of the text.
        #[inline(always)]
        pub fn wide(self) -> Mask {
            self.mask(|byte| byte >= 0x80)
        }

        /// One byte.
        #[inline(always)]
        pub fn equal(self, byte: u8) -> Mask {
            self.mask(|found| found == byte)
        }

        /// White space, new lines among it.
        #[inline(always)]
        pub fn space(self) -> Mask {
            self.in_range(b'\t', 5) | self.equal(b' ')
        }

        #[inline(always)]
        pub(super) fn in_range(self, first: u8, count: u8) -> Mask {
            self.mask(|byte| byte.wrapping_sub(first) < count)
        }
    }
}
