//! The table of merges.
//!
//! Every token of more than a byte is the merge of two smaller ones, so a table of merges splits as a table of all tokens
//! would. Ids are numbered in the order of the merges: the id of a merged token is its rank. The bytes are ids 0 to 255.

use super::source::Source;

/// The id of a token, in the order of the merges.
pub(super) type Id = u32;

/// No token: the two don't merge.
pub(super) const NONE: Id = Id::MAX;

/// How many bits an id has at most.
const ID_BITS: u32 = 18;

/// The most tokens that a table holds.
pub(super) const MOST_TOKENS: usize = 1 << ID_BITS;

/// What a table may be filled to, in fifths.
const FULL: usize = 4;

/// How much a table grows at once, as a power of two: what it leaves behind is then a third of what it gets.
const GROWTH: u32 = 2;

/// In a slot: the merged token's own merges were asked for.
const READY: u64 = 1 << ID_BITS;

/// How far the pair is above the merged token in a slot.
const PAIR: u32 = ID_BITS + 1;

/// In the table of two bytes: the merged token's own merges were not asked for. Alone: the right byte's were not.
const UNREADY: Id = 1 << 31;

/// Which two tokens merge to which third.
///
/// The merges that end in a token are looked up once the token is made, and stay in a table from then on: most texts need few
/// of them, and a table of all takes many times longer to fill than to read what is packed.
pub(super) struct Merges {
    table: Table,
    source: Source,
    count: usize,
    /// Whether a merge only makes pairs that merge later.
    pub ordered: bool,
}

/// The merges that were looked up.
struct Table {
    /// For two bytes, by the right one: the merged token, as above.
    pairs: Box<[Id]>,
    /// Eight bits for each slot, one by the hash of every merge: nearly all pairs that don't merge are told apart by it.
    filter: Box<[u32]>,
    /// An open-addressed table of the others: the pair (36 bits), whether it is ready, the merged token. 0 is an empty slot.
    slots: Box<[u64]>,
    /// How far a hash is shifted to give a slot.
    shift: u32,
    used: usize,
}

impl Merges {
    /// Merges of which none was looked up.
    pub fn new(source: Source, count: usize, ordered: bool) -> Self {
        let most = (count + count / FULL + 1).next_power_of_two().trailing_zeros();
        let bits = most.saturating_sub(2 * GROWTH).max(8);
        let pairs = vec![UNREADY; 1 << 16].into();
        Self { table: Table { pairs, ..Table::with_bits(bits) }, source, count, ordered }
    }

    /// By token above the bytes: its parts.
    pub fn parts(&self) -> Vec<(Id, Id)> {
        self.source.parts(self.count)
    }

    /// What two bytes merge to.
    #[inline(always)]
    pub fn of_bytes(&mut self, left: u8, right: u8) -> Id {
        let found = self.table.of_bytes(left, right);
        // As a signed number NONE is -1, and what is not ready is below.
        if (found as i32) < -1 { self.prepare_bytes(left, right) } else { found }
    }

    /// What two tokens merge to, one of which is more than a byte.
    #[inline(always)]
    pub fn of_tokens(&mut self, left: Id, right: Id) -> Id {
        let pair = pair(left, right);
        let hash = hash_of_pair(pair);
        if self.table.may_have(hash) { self.find(pair, hash) } else { NONE }
    }

    #[inline(always)]
    fn find(&mut self, pair: u64, hash: u64) -> Id {
        let mut slot = (hash >> self.table.shift) as usize;
        // A slot is always free, so the run ends.
        while let Some(found) = self.table.slots.get_mut(slot & (self.table.slots.len() - 1)) {
            if *found >> PAIR == pair {
                let merged = *found as Id & (MOST_TOKENS as Id - 1);
                if *found & READY == 0 {
                    *found |= READY;
                    self.look_up(merged);
                }
                return merged;
            }
            if *found == 0 {
                break;
            }
            slot += 1;
        }
        NONE
    }

    /// As [`Merges::of_bytes`], where something was not looked up.
    #[inline(never)]
    fn prepare_bytes(&mut self, left: u8, right: u8) -> Id {
        if self.table.of_bytes(left, right) == UNREADY {
            let row = usize::from(right) << 8;
            self.table.pairs.get_mut(row..row + 256).unwrap_or_default().fill(NONE);
            self.look_up(Id::from(right));
        }
        let found = self.table.of_bytes(left, right);
        if found == NONE || found & UNREADY == 0 {
            return found;
        }
        self.table.set_bytes(left, right, found & !UNREADY);
        self.look_up(found & !UNREADY);
        found & !UNREADY
    }

    /// Enters the merges that end in a token.
    #[inline(never)]
    fn look_up(&mut self, right: Id) {
        let Self { table, source, ordered, .. } = self;
        source.merges_of(right, &mut |left, merged| {
            if left >= merged && *ordered || left as usize >= MOST_TOKENS {
                // A part of a token that is made later: a vocabulary made to do harm. None is ever met.
            } else if left < 256 && right < 256 {
                table.set_bytes(left as u8, right as u8, merged | UNREADY);
            } else {
                table.enter(pair(left, right) << PAIR | u64::from(merged));
            }
        });
    }
}

impl Table {
    fn with_bits(bits: u32) -> Self {
        let (filter, slots) = (vec![0; 1 << (bits - 2)].into(), vec![0; 1 << bits].into());
        Self { pairs: Box::default(), filter, slots, shift: 64 - bits, used: 0 }
    }

    #[inline(always)]
    fn of_bytes(&self, left: u8, right: u8) -> Id {
        self.pairs.get(usize::from(right) << 8 | usize::from(left)).copied().unwrap_or(NONE)
    }

    fn set_bytes(&mut self, left: u8, right: u8, merged: Id) {
        if let Some(to) = self.pairs.get_mut(usize::from(right) << 8 | usize::from(left)) {
            *to = merged;
        }
    }

    /// Whether there may be a merge of that hash.
    #[inline(always)]
    fn may_have(&self, hash: u64) -> bool {
        let word = self.filter.get((hash >> (self.shift + 2)) as usize).copied().unwrap_or(0);
        word >> ((hash >> (self.shift - 3)) as u32 & 31) & 1 == 1
    }

    /// Enters a merge, in the form of its slot.
    fn enter(&mut self, merge: u64) {
        if self.used * (FULL + 1) >= self.slots.len() * FULL {
            let mut grown = Self::with_bits(64 - self.shift + GROWTH);
            self.slots.iter().filter(|merge| **merge != 0).for_each(|merge| grown.put(*merge));
            *self = Self { pairs: std::mem::take(&mut self.pairs), ..grown };
        }
        self.put(merge);
    }

    fn put(&mut self, merge: u64) {
        let hash = hash_of_pair(merge >> PAIR);
        if let Some(word) = self.filter.get_mut((hash >> (self.shift + 2)) as usize) {
            *word |= 1 << ((hash >> (self.shift - 3)) as u32 & 31);
        }
        let mut slot = (hash >> self.shift) as usize;
        while let Some(to) = self.slots.get_mut(slot & (self.slots.len() - 1)) {
            if *to == 0 {
                *to = merge;
                self.used += 1;
                break;
            }
            slot += 1;
        }
    }
}

#[inline(always)]
fn pair(left: Id, right: Id) -> u64 {
    u64::from(left) << ID_BITS | u64::from(right)
}

#[inline(always)]
fn hash_of_pair(pair: u64) -> u64 {
    pair.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
