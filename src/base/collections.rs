//! Ordered maps and sets, and a stable sort, for a module that is downloaded.
//!
//! The standard library's are made for speed and compiled anew for every type: with some twenty kinds of map, its B-trees
//! alone were 200 kB of WebAssembly, and its sorts 50 kB. These are a sorted vector of boxes and an insertion by binary
//! search: moving a hundred thousand pointers takes some microseconds, and what arrives in order, as ids of ours and
//! instants do, is appended.

use std::{
    borrow::Borrow,
    cmp::Ordering,
    fmt,
    ops::{Bound, RangeBounds},
};

/// A map in the order of its keys, as `BTreeMap`.
// Boxes, so that making room moves pointers and not entries.
#[allow(clippy::vec_box)]
#[derive(Clone, PartialEq, Eq)]
pub struct Map<K, V> {
    entries: Vec<Box<(K, V)>>,
}

impl<K, V> Map<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// How many entries it has.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Forgets every entry.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + ExactSizeIterator + Clone {
        self.entries.iter().map(pair)
    }

    /// The keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator + Clone {
        self.entries.iter().map(|entry| &entry.0)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator + Clone {
        self.entries.iter().map(|entry| &entry.1)
    }

    /// The entries in the order of their keys, to change the values.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&K, &mut V)> + ExactSizeIterator {
        self.entries.iter_mut().map(|entry| {
            let (key, value) = &mut **entry;
            (&*key, value)
        })
    }

    /// The values in the order of their keys, to change them.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> + ExactSizeIterator {
        self.entries.iter_mut().map(|entry| &mut entry.1)
    }

    /// The values in the order of their keys.
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> + ExactSizeIterator {
        self.entries.into_iter().map(|entry| entry.1)
    }

    /// The entry of the least key.
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.entries.first().map(pair)
    }

    /// The entry of the greatest key.
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.entries.last().map(pair)
    }

    /// Keeps the entries that the function says to keep.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.entries.retain_mut(|entry| {
            let (key, value) = &mut **entry;
            keep(key, value)
        });
    }
}

// A reference to the box, as the iterators of the vector give it out.
#[allow(clippy::borrowed_box)]
fn pair<K, V>(entry: &Box<(K, V)>) -> (&K, &V) {
    (&entry.0, &entry.1)
}

impl<K: Ord, V> Map<K, V> {
    /// Where a key is, or belongs.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        // Most of what arrives belongs at the end.
        match self.entries.last() {
            Some(last) if last.0.borrow() < key => Err(self.entries.len()),
            _ => self.entries.binary_search_by(|entry| entry.0.borrow().cmp(key)),
        }
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entries.get(self.find(key).ok()?).map(|entry| &entry.1)
    }

    /// The value of a key, to change it.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        self.entries.get_mut(at).map(|entry| &mut entry.1)
    }

    /// Whether the key is there.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Sets the value of a key; gives the one that it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => self.entries.get_mut(at).map(|entry| std::mem::replace(&mut entry.1, value)),
            Err(at) => {
                self.entries.insert(at, Box::new((key, value)));
                None
            }
        }
    }

    /// Takes a key out; gives the value that it had.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        Some(self.entries.remove(at).1)
    }

    /// The value of a key, made now if there is none.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let at = match self.find(&key) {
            Ok(at) => at,
            Err(at) => {
                self.entries.insert(at, Box::new((key, make())));
                at
            }
        };
        match self.entries.get_mut(at) {
            Some(entry) => &mut entry.1,
            None => unreachable!("it was found or inserted there"),
        }
    }

    /// The value of a key, its default if there is none.
    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.get_or_insert_with(key, V::default)
    }

    /// The entries whose keys lie in a range, in order.
    pub fn range<Q: Ord + ?Sized>(
        &self,
        range: impl RangeBounds<Q>,
    ) -> impl DoubleEndedIterator<Item = (&K, &V)> + Clone
    where
        K: Borrow<Q>,
    {
        let start = match range.start_bound() {
            Bound::Included(least) => self.find(least).unwrap_or_else(|at| at),
            Bound::Excluded(below) => self.find(below).map_or_else(|at| at, |at| at + 1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(most) => self.find(most).map_or_else(|at| at, |at| at + 1),
            Bound::Excluded(above) => self.find(above).unwrap_or_else(|at| at),
            Bound::Unbounded => self.entries.len(),
        };
        self.entries.get(start..end).unwrap_or_default().iter().map(pair)
    }
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord, V> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for Map<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = std::iter::Map<std::vec::IntoIter<Box<(K, V)>>, fn(Box<(K, V)>) -> (K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter().map(|entry| *entry)
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = std::iter::Map<std::slice::Iter<'a, Box<(K, V)>>, fn(&'a Box<(K, V)>) -> (&'a K, &'a V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter().map(pair)
    }
}

/// A set in order, as `BTreeSet`.
#[derive(Clone, PartialEq, Eq)]
pub struct Set<K>(Map<K, ()>);

impl<K> Set<K> {
    /// An empty set.
    pub const fn new() -> Self {
        Self(Map::new())
    }

    /// How many it holds.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What it holds, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator + Clone {
        self.0.keys()
    }

    /// The least.
    pub fn first(&self) -> Option<&K> {
        self.0.first_key_value().map(|(key, ())| key)
    }

    /// The greatest.
    pub fn last(&self) -> Option<&K> {
        self.0.last_key_value().map(|(key, ())| key)
    }

    /// Keeps what the function says to keep.
    pub fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        self.0.retain(|key, ()| keep(key));
    }
}

impl<K: Ord> Set<K> {
    /// Whether it holds that.
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.contains_key(key)
    }

    /// Takes that in; says whether it was new.
    pub fn insert(&mut self, key: K) -> bool {
        self.0.insert(key, ()).is_none()
    }

    /// Takes that out; says whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.remove(key).is_some()
    }

    /// What lies in a range, in order.
    pub fn range<Q: Ord + ?Sized>(&self, range: impl RangeBounds<Q>) -> impl DoubleEndedIterator<Item = &K> + Clone
    where
        K: Borrow<Q>,
    {
        self.0.range(range).map(|(key, ())| key)
    }

    /// Splits off what is not below `least`.
    #[must_use]
    pub fn split_off<Q: Ord + ?Sized>(&mut self, least: &Q) -> Self
    where
        K: Borrow<Q>,
    {
        let at = self.0.find(least).unwrap_or_else(|at| at);
        Self(Map { entries: self.0.entries.split_off(at) })
    }
}

impl<K> Default for Set<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug> fmt::Debug for Set<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<K: Ord> Extend<K> for Set<K> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        for key in keys {
            self.insert(key);
        }
    }
}

impl<K: Ord> FromIterator<K> for Set<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let mut set = Self::new();
        set.extend(keys);
        set
    }
}

impl<K: Ord, const N: usize> From<[K; N]> for Set<K> {
    fn from(keys: [K; N]) -> Self {
        keys.into_iter().collect()
    }
}

impl<K> IntoIterator for Set<K> {
    type Item = K;
    type IntoIter = std::iter::Map<<Map<K, ()> as IntoIterator>::IntoIter, fn((K, ())) -> K>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|(key, ())| key)
    }
}

impl<'a, K> IntoIterator for &'a Set<K> {
    type Item = &'a K;
    type IntoIter = std::iter::Map<<&'a Map<K, ()> as IntoIterator>::IntoIter, fn((&'a K, &'a ())) -> &'a K>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_pairs().map(|(key, ())| key)
    }
}

impl<K, V> Map<K, V> {
    fn iter_pairs(&self) -> <&Self as IntoIterator>::IntoIter {
        self.into_iter()
    }
}

/// Sorts, keeping the order of equals, as `slice::sort_by`.
pub fn sort_by<T>(items: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) {
    // What is found in a text comes in order already, or almost: that is put right in place.
    let mut swaps = items.len();
    for sorted in 1..items.len() {
        let mut at = sorted;
        while let Some([a, b]) = at.checked_sub(1).and_then(|before| items.get(before..=at))
            && compare(a, b) == Ordering::Greater
        {
            let Some(left) = swaps.checked_sub(1) else { return merge_sort(items, &mut compare) };
            swaps = left;
            items.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// The same, for what is in no order.
fn merge_sort<T>(items: &mut Vec<T>, compare: &mut impl FnMut(&T, &T) -> Ordering) {
    let order = sorted(items.len(), &mut |a, b| match (items.get(a), items.get(b)) {
        (Some(a), Some(b)) => compare(a, b),
        // No index is out of range.
        _ => Ordering::Equal,
    });
    let mut slots: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(order.into_iter().filter_map(|at| slots.get_mut(at)?.take()));
}

/// Sorts by a key, keeping the order of equals, as `slice::sort_by_key`.
pub fn sort_by_key<T, K: Ord>(items: &mut Vec<T>, mut key: impl FnMut(&T) -> K) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// The indices up to `count`, in order: a merge sort from the bottom up, compiled once for all types.
fn sorted(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut from: Vec<usize> = (0..count).collect();
    let mut to = Vec::with_capacity(count);
    let mut width = 1;
    while width < count {
        for run in from.chunks(width * 2) {
            let (left, right) = run.split_at(width.min(run.len()));
            // What is almost in order is moved as it is.
            if let (Some(last), Some(first)) = (left.last(), right.first())
                && compare(*last, *first) != Ordering::Greater
            {
                to.extend_from_slice(run);
                continue;
            }
            let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
            loop {
                let next = match (left.peek(), right.peek()) {
                    (Some(a), Some(b)) if compare(**a, **b) == Ordering::Greater => right.next(),
                    (Some(_), _) => left.next(),
                    (None, _) => right.next(),
                };
                match next {
                    Some(index) => to.push(*index),
                    None => break,
                }
            }
        }
        std::mem::swap(&mut from, &mut to);
        to.clear();
        width *= 2;
    }
    from
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8, u32),
        Remove(u8),
        Add(u8, u32),
        Retain(u8),
        SplitOff(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (any::<u8>(), any::<u32>()).prop_map(|(key, value)| Step::Insert(key, value)),
            2 => any::<u8>().prop_map(Step::Remove),
            2 => (any::<u8>(), 0..9_u32).prop_map(|(key, value)| Step::Add(key, value)),
            1 => (1..4_u8).prop_map(Step::Retain),
            1 => any::<u8>().prop_map(Step::SplitOff),
        ]
    }

    proptest! {
        #[test]
        fn a_map_is_a_btreemap_and_a_set_a_btreeset(steps in prop::collection::vec(step(), 0..80), a: u8, b: u8) {
            let (mut map, mut known) = (Map::new(), BTreeMap::new());
            let (mut set, mut members) = (Set::new(), BTreeSet::new());
            for step in steps {
                match step {
                    Step::Insert(key, value) => {
                        prop_assert_eq!(map.insert(key, value), known.insert(key, value));
                        prop_assert_eq!(set.insert(key), members.insert(key));
                    }
                    Step::Remove(key) => {
                        prop_assert_eq!(map.remove(&key), known.remove(&key));
                        prop_assert_eq!(set.remove(&key), members.remove(&key));
                    }
                    Step::Add(key, value) => {
                        let sum = map.get_or_default(key);
                        *sum = sum.wrapping_add(value);
                        let sum = known.entry(key).or_default();
                        *sum = sum.wrapping_add(value);
                    }
                    Step::Retain(by) => {
                        map.retain(|key, value| (key % by == 0) == (*value % 2 == 0));
                        known.retain(|key, value| (key % by == 0) == (*value % 2 == 0));
                        set.retain(|key| key % by == 0);
                        members.retain(|key| key % by == 0);
                    }
                    Step::SplitOff(least) => {
                        let (above, expected) = (set.split_off(&least), members.split_off(&least));
                        prop_assert!(above.iter().eq(&expected));
                    }
                }
            }
            prop_assert!(map.iter().eq(known.iter()));
            prop_assert!(map.iter().rev().eq(known.iter().rev()));
            prop_assert!(set.iter().eq(members.iter()));
            prop_assert_eq!((map.first_key_value(), map.last_key_value()), (known.first_key_value(), known.last_key_value()));
            prop_assert_eq!((set.first(), set.last()), (members.first(), members.last()));
            for key in 0..=u8::MAX {
                prop_assert_eq!(map.get(&key), known.get(&key));
                prop_assert_eq!(set.contains(&key), members.contains(&key));
            }
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(map.range(low..high).eq(known.range(low..high)));
            prop_assert!(map.range(low..=high).eq(known.range(low..=high)));
            prop_assert!(map.range(..high).rev().eq(known.range(..high).rev()));
            prop_assert!(set.range(low..).eq(members.range(low..)));
            prop_assert!(map.into_iter().eq(known));
        }

        #[test]
        fn the_sort_is_the_standard_one(keys in prop::collection::vec(0..20_u8, 0..200)) {
            let mut items: Vec<(u8, usize)> = keys.into_iter().enumerate().map(|(at, key)| (key, at)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(key, _)| *key);
            sort_by_key(&mut items, |(key, _)| *key);
            prop_assert_eq!(items, expected);
        }
    }

    #[test]
    fn a_range_that_is_upside_down_is_empty() {
        let map = Map::from([(1, 'a'), (2, 'b'), (3, 'c')]);
        #[allow(clippy::reversed_empty_ranges)]
        let none = map.range(3..1).count();
        assert_eq!(none, 0);
    }
}
