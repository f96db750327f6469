//! The table of merges.
//!
//! Every token of more than a byte is the merge of two smaller ones, so a table of merges splits as a table of all tokens
//! would. Ids are numbered in the order of the merges: the id of a merged token is its rank. The bytes are ids 0 to 255.

/// The id of a token, in the order of the merges.
pub(super) type Id = u32;

/// No token: the two don't merge.
pub(super) const NONE: Id = Id::MAX;

/// How many bits an id has at most.
const ID_BITS: u32 = 18;

/// The most tokens that a table holds.
pub(super) const MOST_TOKENS: usize = 1 << ID_BITS;

const FILTER_BITS: u32 = 21;

/// Into how many parts the table is cut while it is filled, as a power of two.
const PART_BITS: u32 = 8;

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
    /// Whether a merge only makes pairs that merge later.
    pub ordered: bool,
}

/// A table that is being filled.
///
/// Slots are all over a table that no near cache holds, and each would be waited for. So merges are put aside by the part of
/// the table that they belong to, and entered together.
pub(super) struct Filling {
    merges: Merges,
    /// The slots to be, `room` for each part.
    aside: Vec<u64>,
    room: usize,
    counts: [usize; 1 << PART_BITS],
}

impl Filling {
    /// An empty table for a number of merges.
    pub fn with_capacity(merges: usize, ordered: bool) -> Self {
        // At most four fifths full.
        let bits = (merges + merges / 4 + 1).next_power_of_two().trailing_zeros().max(PART_BITS);
        // Half of what a part gets, so that it is entered two or three times: a new process waits for new memory, too.
        let room = (merges >> (PART_BITS + 1)) + 16;
        Self {
            merges: Merges {
                pairs: vec![NONE; 1 << 16].into(),
                filter: vec![0; 1 << (FILTER_BITS - 5)].into(),
                slots: vec![0; 1 << bits].into(),
                shift: 64 - bits,
                ordered,
            },
            aside: vec![0; room << PART_BITS],
            room,
            counts: [0; 1 << PART_BITS],
        }
    }

    /// Adds a merge.
    #[inline(always)]
    pub fn add(&mut self, left: Id, right: Id, merged: Id) {
        if left < 256 && right < 256 {
            if let Some(to) = self.merges.pairs.get_mut((left << 8 | right) as usize) {
                *to = merged;
            }
            return;
        }
        let slot = pair(left, right) << ID_BITS | u64::from(merged);
        let part = (hash(left, right) >> (64 - PART_BITS)) as usize;
        let Some(count) = self.counts.get_mut(part) else { return };
        if let Some(to) = self.aside.get_mut(part * self.room + *count) {
            *to = slot;
            *count += 1;
        }
        if *count == self.room {
            self.enter(part);
        }
    }

    /// Enters what was put aside of a part.
    #[inline(never)]
    fn enter(&mut self, part: usize) {
        let Some(count) = self.counts.get_mut(part) else { return };
        let from = part * self.room;
        self.merges.enter(self.aside.get(from..from + *count).unwrap_or_default());
        *count = 0;
    }

    /// The table with all that was added.
    pub fn finish(mut self) -> Merges {
        for part in 0..1 << PART_BITS {
            self.enter(part);
        }
        self.merges
    }
}

impl Merges {
    /// Enters merges, in the form of their slots. There is room: the table was made for their number.
    fn enter(&mut self, merges: &[u64]) {
        for &merge in merges {
            let hash = hash_of_pair(merge >> ID_BITS);
            if let Some(word) = self.filter.get_mut(filter_word(hash)) {
                *word |= 1 << filter_bit(hash);
            }
            let mut slot = (hash >> self.shift) as usize;
            while let Some(to) = self.slots.get_mut(slot & (self.slots.len() - 1)) {
                if *to == 0 {
                    *to = merge;
                    break;
                }
                slot += 1;
            }
        }
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
    hash_of_pair(pair(left, right))
}

#[inline(always)]
fn hash_of_pair(pair: u64) -> u64 {
    pair.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[inline(always)]
fn filter_word(hash: u64) -> usize {
    (hash >> (64 - FILTER_BITS + 5)) as usize
}

#[inline(always)]
fn filter_bit(hash: u64) -> u32 {
    (hash >> (64 - FILTER_BITS)) as u32 & 31
}
