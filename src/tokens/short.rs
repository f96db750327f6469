//! Byte-pair encoding of short pieces: the lowest pair is looked for among all of them, again and again.
//!
//! That is quadratic, and up to some hundred bytes faster than anything cleverer: the pairs are numbers in a row, of which
//! four are compared at once. Longer pieces are for [`super::long`].

use super::merges::{Id, Merges, NONE};

/// The longest piece, in bytes: places and [`NOWHERE`] are bytes.
pub(super) const SHORT: usize = 255;

/// Up to that many pairs are compared one by one.
const FEW: usize = 12;

/// No place.
const NOWHERE: u8 = 255;

/// The room that short pieces are encoded in, kept from piece to piece. All by place; places of tokens that have become
/// parts are left as they are, but for their pairs.
pub(super) struct Short {
    /// What the token that starts there and the one after merge to, above the place: so the lowest is the next to merge, the
    /// leftmost first. [`NONE`] if they don't.
    pairs: [Id; 256],
    ids: [Id; 256],
    before: [u8; 256],
    after: [u8; 256],
}

impl Short {
    pub const fn new() -> Self {
        Self { pairs: [NONE; 256], ids: [NONE; 256], before: [NOWHERE; 256], after: [NOWHERE; 256] }
    }

    /// Encodes a piece of at most [`SHORT`] bytes; [`Short::tokens`] has the answer. Gives how many tokens there are.
    #[inline(always)]
    pub fn encode(&mut self, merges: &mut Merges, piece: &[u8]) -> usize {
        let mut count = self.begin(merges, piece);
        loop {
            let lowest = lowest(&self.pairs, piece.len());
            if lowest == NONE {
                return count;
            }
            count -= 1;
            let (at, merged) = (lowest as u8, lowest >> 8);
            let part = get(&self.after, at);
            let after = get(&self.after, part);
            put(&mut self.pairs, part, NONE);
            put(&mut self.ids, at, merged);
            put(&mut self.after, at, after);
            let mut pair = NONE;
            if after != NOWHERE {
                put(&mut self.before, after, at);
                pair = merges.of_tokens(merged, get(&self.ids, after));
            }
            put(&mut self.pairs, at, order(pair, at));
            let before = get(&self.before, at);
            if before != NOWHERE {
                let pair = merges.of_tokens(get(&self.ids, before), merged);
                put(&mut self.pairs, before, order(pair, before));
            }
        }
    }

    #[inline(always)]
    fn begin(&mut self, merges: &mut Merges, piece: &[u8]) -> usize {
        let (mut place, mut before, mut left) = (0_u8, NOWHERE, 0_u8);
        for &byte in piece {
            put(&mut self.ids, place, Id::from(byte));
            put(&mut self.before, place, before);
            if before != NOWHERE {
                put(&mut self.after, before, place);
                put(&mut self.pairs, before, order(merges.of_bytes(left, byte), before));
            }
            (before, left) = (place, byte);
            place = place.wrapping_add(1);
        }
        // Beyond the last pair there is none, up to where `lowest` looks.
        for beyond in 0..4 {
            put(&mut self.pairs, before.saturating_add(beyond), NONE);
        }
        put(&mut self.after, before, NOWHERE);
        piece.len()
    }

    /// The tokens of the last piece, each with the place where it ends, for a piece of that length.
    pub fn tokens(&self, length: usize) -> impl Iterator<Item = (Id, usize)> {
        let mut place = if length == 0 { NOWHERE } else { 0 };
        std::iter::from_fn(move || {
            if place == NOWHERE {
                return None;
            }
            let (id, after) = (get(&self.ids, place), get(&self.after, place));
            place = after;
            Some((id, if after == NOWHERE { length } else { usize::from(after) }))
        })
    }
}

/// The merged token above the place.
#[inline(always)]
fn order(merged: Id, place: u8) -> Id {
    if merged == NONE { NONE } else { merged << 8 | Id::from(place) }
}

#[inline(always)]
fn get<T: Copy + Default>(all: &[T; 256], place: u8) -> T {
    all.get(usize::from(place)).copied().unwrap_or_default()
}

#[inline(always)]
fn put<T>(all: &mut [T; 256], place: u8, value: T) {
    if let Some(to) = all.get_mut(usize::from(place)) {
        *to = value;
    }
}

/// The lowest of the first ones.
#[inline(always)]
fn lowest(all: &[Id; 256], length: usize) -> Id {
    // What was just stored one by one cannot be loaded by four without waiting for it.
    if length <= FEW { all.iter().take(length).copied().fold(NONE, Id::min) } else { lowest_of_many(all, length) }
}

/// As [`lowest`].
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[allow(unsafe_code)]
#[inline(always)]
fn lowest_of_many(all: &[Id; 256], length: usize) -> Id {
    use core::arch::wasm32::{i32x4_shuffle, u32x4_extract_lane, u32x4_min, u32x4_splat, v128_load};
    let mut least = u32x4_splat(NONE);
    let (fours, _) = all.as_chunks::<4>();
    let mut index = 0;
    while index * 4 < length {
        let Some(four) = fours.get(index) else { break };
        // SAFETY: the four numbers that are read are those of the array; the instruction needs no alignment.
        least = u32x4_min(least, unsafe { v128_load(four.as_ptr().cast()) });
        index += 1;
    }
    let least = u32x4_min(least, i32x4_shuffle::<2, 3, 0, 1>(least, least));
    let least = u32x4_min(least, i32x4_shuffle::<1, 0, 3, 2>(least, least));
    u32x4_extract_lane::<0>(least)
}

/// As [`lowest`].
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[inline(always)]
fn lowest_of_many(all: &[Id; 256], length: usize) -> Id {
    all.iter().take(length).copied().fold(NONE, Id::min)
}
