//! How much of a string is plain: no quote, no backslash, no control character. Most of a body is the text of an answer.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use wide::plain;

/// How many bytes are plain for sure: up to the first that is not, or up to where fewer are left than are looked at at once.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) fn plain(bytes: &[u8]) -> usize {
    /// Eight times the same byte.
    const fn all(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    /// Sets the highest bit of each byte below `least`, and of some above 127 and after the first; none where none is.
    const fn below(word: u64, least: u8) -> u64 {
        word.wrapping_sub(all(least)) & !word & all(0x80)
    }
    let mut at = 0;
    while let Some(bytes) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*bytes);
        let odd = below(word, 0x20) | below(word ^ all(b'"'), 1) | below(word ^ all(b'\\'), 1);
        if odd != 0 {
            // The lowest byte that is marked is one for sure.
            return at + odd.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wide {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, v128_load, v128_or};

    /// As above, sixteen at a time.
    #[allow(unsafe_code)]
    pub(in super::super) fn plain(bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
            // SAFETY: the sixteen bytes that are read are those of the array; the instruction needs no alignment.
            let lanes = unsafe { v128_load(chunk.as_ptr().cast()) };
            let marks = v128_or(u8x16_eq(lanes, u8x16_splat(b'"')), u8x16_eq(lanes, u8x16_splat(b'\\')));
            let odd = u8x16_bitmask(v128_or(marks, u8x16_lt(lanes, u8x16_splat(0x20))));
            if odd != 0 {
                return at + odd.trailing_zeros() as usize;
            }
            at += 16;
        }
        at
    }
}
