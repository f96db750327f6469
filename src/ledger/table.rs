//! A hash table of places: what the indexes of the store in memory are made of. It knows no keys, so that there is one of
//! it for all.

/// Places, each under the hash of its key.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// Hash and place; a place of [`EMPTY`] ends a search, one of [`GONE`] does not.
    cells: Vec<(u32, u32)>,
    live: usize,
    gone: usize,
}

const EMPTY: u32 = u32::MAX;
const GONE: u32 = u32::MAX - 1;

/// The hash of a key. It spreads; it is no proof against somebody who looks for equal ones.
pub(super) fn hash(key: &[u8]) -> u32 {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = key.as_chunks::<8>();
    let mut hash = key.len() as u64;
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(SPREAD);
        hash ^= hash >> 29;
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(SPREAD);
    }
    hash ^= hash >> 32;
    (hash.wrapping_mul(SPREAD) >> 32) as u32
}

impl Table {
    fn cell(&self, hash: u32, same: &dyn Fn(u32) -> bool) -> Option<usize> {
        let mask = self.cells.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            let (found, place) = *self.cells.get(at)?;
            if place == EMPTY {
                return None;
            }
            if found == hash && place != GONE && same(place) {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
    }

    /// The place under a hash whose key is the same.
    pub fn find(&self, hash: u32, same: &dyn Fn(u32) -> bool) -> Option<u32> {
        self.cells.get(self.cell(hash, same)?).map(|(_, place)| *place)
    }

    /// Puts a place under a hash where none of that key is.
    pub fn insert(&mut self, hash: u32, place: u32) {
        if (self.live + self.gone + 1) * 8 > self.cells.len() * 7 {
            let count = ((self.live + 1) * 8 / 5).next_power_of_two().max(16);
            let before = std::mem::replace(&mut self.cells, vec![(0, EMPTY); count]);
            self.gone = 0;
            before.into_iter().filter(|(_, place)| *place < GONE).for_each(|(hash, place)| self.put(hash, place));
        }
        self.put(hash, place);
        self.live += 1;
    }

    fn put(&mut self, hash: u32, place: u32) {
        let mask = self.cells.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        while let Some(cell) = self.cells.get_mut(at) {
            if cell.1 == EMPTY {
                *cell = (hash, place);
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// Puts another place where one is.
    pub fn replace(&mut self, hash: u32, from: u32, to: u32) {
        if let Some(at) = self.cell(hash, &|place| place == from)
            && let Some(cell) = self.cells.get_mut(at)
        {
            cell.1 = to;
        }
    }

    /// Takes a place out.
    pub fn remove(&mut self, hash: u32, place: u32) {
        if let Some(at) = self.cell(hash, &|known| known == place)
            && let Some(cell) = self.cells.get_mut(at)
        {
            cell.1 = GONE;
            self.live -= 1;
            self.gone += 1;
        }
    }

    /// How many places.
    pub fn len(&self) -> usize {
        self.live
    }

    /// The bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<(u32, u32)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_a_list(steps in prop::collection::vec((0_u32..40, any::<bool>()), 0..200), mask in 0_u32..8) {
            let mut table = Table::default();
            let mut list: Vec<u32> = Vec::new();
            for (key, put) in steps {
                // Few hashes, so that keys meet.
                let hash = key & mask;
                let known = list.contains(&key);
                prop_assert_eq!(table.find(hash, &|place| place == key).is_some(), known);
                if put && !known {
                    table.insert(hash, key);
                    list.push(key);
                } else if !put && known {
                    table.remove(hash, key);
                    list.retain(|other| *other != key);
                }
                prop_assert_eq!(table.len(), list.len());
            }
        }
    }

    #[test]
    fn hashes_spread() {
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..20_000 {
            seen.insert(hash(format!("request-{n:06}").as_bytes()));
        }
        assert!(seen.len() > 19_990, "{}", seen.len());
    }
}
