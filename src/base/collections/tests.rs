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
