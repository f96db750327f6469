//! The table of merges.
//!
//! Every token of more than a byte is the merge of two smaller ones, so a table of merges splits as a table of all tokens
//! would. Ids are numbered in the order of the merges: the id of a merged token is its rank. The bytes are ids 0 to 255.

use crate::error::{Error, Result};

/// The id of a token, in the order of the merges.
pub(super) type Id = u32;

/// No token: the two don't merge.
pub(super) const NONE: Id = Id::MAX;

/// How many bits an id has at most.
const ID_BITS: u32 = 18;

/// The most tokens that a table holds.
pub(super) const MOST_TOKENS: usize = 1 << ID_BITS;

const FILTER_BITS: u32 = 21;

/// Which two tokens merge to which third.
pub(super) struct Merges {
    /// For two bytes: the merged token.
    pairs: Box<[Id]>,
    /// A bit for the hash of every merge: nearly all pairs that don't merge are told apart by it.
    filter: Box<[u32]>,
    /// An open-addressed table of the others: the pair (36 bits) above the merged token. 0 is an empty slot.
    slots: Box<[u64]>,
    /// How far a hash is shifted to give a slot.
    shift: u32,
}

impl Merges {
    /// An empty table for a number of merges.
    pub fn with_capacity(merges: usize) -> Self {
        // At most four fifths full.
        let bits = (merges + merges / 4 + 1).next_power_of_two().trailing_zeros().max(4);
        Self {
            pairs: vec![NONE; 1 << 16].into(),
            filter: vec![0; 1 << (FILTER_BITS - 5)].into(),
            slots: vec![0; 1 << bits].into(),
            shift: 64 - bits,
        }
    }

    /// Adds a merge.
    pub fn insert(&mut self, left: Id, right: Id, merged: Id) -> Result<()> {
        let full = || Error::internal("cannot add a merge: expected a free slot, found none");
        if left < 256 && right < 256 {
            *self.pairs.get_mut((left << 8 | right) as usize).ok_or_else(full)? = merged;
            return Ok(());
        }
        let hash = hash(left, right);
        *self.filter.get_mut(filter_word(hash)).ok_or_else(full)? |= 1 << filter_bit(hash);
        let mut slot = (hash >> self.shift) as usize;
        for _ in 0..self.slots.len() {
            let found = self.slots.get_mut(slot).ok_or_else(full)?;
            if *found == 0 {
                *found = pair(left, right) << ID_BITS | u64::from(merged);
                return Ok(());
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        Err(full())
    }

    /// What two bytes merge to.
    #[inline(always)]
    pub fn of_bytes(&self, left: u8, right: u8) -> Id {
        self.pairs.get(usize::from(left) << 8 | usize::from(right)).copied().unwrap_or(NONE)
    }

    /// What two tokens merge to, one of which is more than a byte.
    #[inline(always)]
    pub fn of_tokens(&self, left: Id, right: Id) -> Id {
        let hash = hash(left, right);
        match self.filter.get(filter_word(hash)) {
            Some(word) if word >> filter_bit(hash) & 1 == 1 => self.find(left, right, hash),
            _ => NONE,
        }
    }

    #[inline(always)]
    fn find(&self, left: Id, right: Id, hash: u64) -> Id {
        let pair = pair(left, right);
        let mut slot = (hash >> self.shift) as usize;
        // A slot is always free, so the run ends.
        while let Some(&found) = self.slots.get(slot & (self.slots.len() - 1)) {
            if found >> ID_BITS == pair {
                return found as Id & (MOST_TOKENS as Id - 1);
            }
            if found == 0 {
                break;
            }
            slot += 1;
        }
        NONE
    }
}

#[inline(always)]
fn pair(left: Id, right: Id) -> u64 {
    u64::from(left) << ID_BITS | u64::from(right)
}

#[inline(always)]
fn hash(left: Id, right: Id) -> u64 {
    pair(left, right).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[inline(always)]
fn filter_word(hash: u64) -> usize {
    (hash >> (64 - FILTER_BITS + 5)) as usize
}

#[inline(always)]
fn filter_bit(hash: u64) -> u32 {
    (hash >> (64 - FILTER_BITS)) as u32 & 31
}
