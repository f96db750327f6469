//! The counts of whole pieces that were met before.
//!
//! Texts repeat their words, so most pieces are counted once and then looked up. Pieces of up to 15 bytes lie in slots of 16,
//! four to a line of the cache, all four compared without a branch; a new one takes the place of the oldest of the four.
//! Longer pieces lie in slots of 32, 64, 128 and 256 bytes, two to a set. A slot holds the whole piece, so no answer is another
//! piece's.

/// Where the count is in the last word of a short slot. Below it are the piece and its length: [`super::block::Block::key`].
const SHORT_COUNT: u32 = 60;
/// Where the length and the count are in the last word of a longer slot.
const LENGTH: u32 = 48;
const LONG_COUNT: u32 = 56;

/// By how much there are more short slots at once, as a power of two.
const GROWTH: u32 = 2;

/// The longest piece in a short slot, in bytes.
pub(super) const SHORT: usize = 15;
/// The longest piece that is kept, in bytes.
pub(super) const LONG: usize = 254;

/// A short piece: [`super::block::Block::key`].
pub(super) type Key = (u64, u64);

/// Four short slots: a line of the cache.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Set([Key; 4]);

/// Pieces and their counts.
pub(super) struct Memo {
    short: Box<[Set]>,
    short_shift: u32,
    /// How many sets there are at most, and how many pieces are kept before there are more.
    most: usize,
    room: usize,
    /// By the size of their slots: 4, 8, 16 and 32 words. Empty before the first of that size.
    long: [Vec<u64>; 4],
    /// How far a hash is shifted to give a set of two slots of 4 words; one more for each size above.
    long_shift: u32,
}

impl Memo {
    /// An empty one, of at most that many bytes: a third for short pieces, a sixth for each size of longer ones.
    pub fn new(bytes: usize) -> Self {
        let (most, long) = ((bytes / 3 / 64).max(2).ilog2(), (bytes / 6 / 32).max(16).ilog2());
        let short = most.saturating_sub(2 * GROWTH).max(1);
        Self {
            short: vec![Set::default(); 1 << short].into(),
            short_shift: 64 - short,
            most: 1 << most,
            room: 4 << short,
            long: Default::default(),
            long_shift: 64 - long + 1,
        }
    }

    /// The count of a piece of up to [`SHORT`] bytes, by its key; 0 if it is not known.
    #[inline(always)]
    pub fn short(&self, key: Key) -> usize {
        let Some(Set([a, b, c, d])) = self.short.get(self.place(key)) else { return 0 };
        (matching(a, key) | matching(b, key) | matching(c, key) | matching(d, key)) as usize
    }

    /// Keeps the count of a piece that is not known.
    pub fn keep_short(&mut self, key: Key, count: usize) {
        let (low, high) = key;
        self.put(key, (low, high | (count as u64) << SHORT_COUNT));
        self.room = self.room.wrapping_sub(1);
        if self.room == 0 && self.short.len() < self.most {
            self.grow();
        }
    }

    fn put(&mut self, key: Key, slot: Key) {
        let place = self.place(key);
        let Some(Set([a, b, c, d])) = self.short.get_mut(place) else { return };
        (*d, *c, *b, *a) = (*c, *b, *a, slot);
    }

    /// A text of few words needs little memory: there is more once as many pieces were kept as there are slots.
    #[inline(never)]
    fn grow(&mut self) {
        let sets = (self.short.len() << GROWTH).min(self.most);
        let before = std::mem::replace(&mut self.short, vec![Set::default(); sets].into());
        (self.short_shift, self.room) = (64 - sets.trailing_zeros(), 4 * sets);
        // The newest are to be the newest again.
        for slot in before.iter().flat_map(|Set(slots)| slots.iter().rev()).filter(|(_, high)| *high != 0) {
            self.put((slot.0, slot.1 & ((1 << SHORT_COUNT) - 1)), *slot);
        }
    }

    #[inline(always)]
    fn place(&self, (low, high): Key) -> usize {
        let hash = (low ^ high.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        (hash >> self.short_shift) as usize
    }

    /// The count of a piece of more than [`SHORT`] and up to [`LONG`] bytes, which starts at a place of the text.
    #[inline(never)]
    pub fn long(&mut self, text: &[u8], at: usize, length: usize, count: &mut dyn FnMut() -> usize) -> usize {
        // 0 for 4 words, 1 for 8 and so on. The last two bytes are for the length and the count.
        let size = usize::BITS - ((length + 1) / 32).leading_zeros();
        let width = 4 << size;
        let mut key = [0; 32];
        let mut rest = text.get(at..at + length).unwrap_or_default();
        let mut hash = length as u64;
        for word in &mut key {
            let Some((bytes, beyond)) = rest.split_first_chunk() else {
                *word = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
                hash ^= *word;
                break;
            };
            *word = u64::from_le_bytes(*bytes);
            rest = beyond;
            hash = (hash ^ *word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        }
        let hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
        let from = (hash >> (self.long_shift + size)) as usize * width * 2;
        let Some(slots) = self.long.get_mut(size as usize) else { return count() };
        if slots.is_empty() {
            // As many words whatever their size.
            slots.resize(4 << (65 - self.long_shift), 0);
        }
        let set = slots.get_mut(from..from + width * 2);
        let (Some(set), Some(key)) = (set, key.get_mut(..width)) else { return count() };
        if let Some(last) = key.last_mut() {
            *last |= (length as u64) << LENGTH;
        }
        let (newer, older) = set.split_at_mut(width);
        for slot in [&*newer, &*older] {
            if let Some(count) = matching_long(slot, key) {
                return count;
            }
        }
        let count = count();
        if let Some(last) = key.last_mut() {
            *last |= (count as u64) << LONG_COUNT;
        }
        older.copy_from_slice(newer);
        newer.copy_from_slice(key);
        count
    }
}

/// The count in a longer slot, if it holds that piece.
#[inline(always)]
fn matching_long(slot: &[u64], key: &[u64]) -> Option<usize> {
    let mut differs = 0;
    let mut last = 0;
    for (known, word) in slot.iter().zip(key) {
        // The last word is looked at apart: its count is not the key's.
        differs |= last;
        last = known ^ word;
    }
    differs |= last << (64 - LONG_COUNT);
    let count = slot.last()? >> LONG_COUNT;
    (differs == 0).then_some(count as usize)
}

/// The count in a slot if it holds that piece, else 0. By halves: as sixteen bytes at once it takes a sixth longer, since the key
/// is two numbers for its hash, and is not put together in between.
#[inline(always)]
fn matching(slot: &Key, (low, high): Key) -> u64 {
    let differs = (slot.0 ^ low) | ((slot.1 ^ high) << (64 - SHORT_COUNT));
    if differs == 0 { slot.1 >> SHORT_COUNT } else { 0 }
}
