//! How many values are spread: the least, the greatest, the middle and percentiles, exact, also over sets that were
//! counted apart.

/// Some values, in order as far as they were asked for.
///
/// Nearly all fit into 64 bits (18 million dollars a record); the others stand apart, so that a value takes eight bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    values: Vec<u64>,
    /// So many of them, from the front, are in order.
    sorted: usize,
    wide: Vec<u128>,
}

impl Spread {
    /// Takes one more value in.
    pub fn add(&mut self, value: u128) {
        match u64::try_from(value) {
            Ok(value) => {
                // What arrives in order stays so.
                if self.sorted == self.values.len() && self.values.last().is_none_or(|last| *last <= value) {
                    self.sorted += 1;
                }
                self.values.push(value);
            }
            Err(_) => {
                let at = self.wide.iter().position(|known| *known > value).unwrap_or(self.wide.len());
                self.wide.insert(at, value);
            }
        }
    }

    /// Brings the values into their order. Only what came since the last time is sorted.
    pub fn settle(&mut self) {
        if self.sorted == self.values.len() {
            return;
        }
        let mut late = self.values.split_off(self.sorted);
        sort(&mut late);
        let early = std::mem::take(&mut self.values);
        self.values.reserve(early.len() + late.len());
        let (mut early, mut late) = (early.into_iter().peekable(), late.into_iter().peekable());
        loop {
            let next = match (early.peek(), late.peek()) {
                (Some(a), Some(b)) if a <= b => early.next(),
                (_, Some(_)) => late.next(),
                _ => early.next(),
            };
            match next {
                Some(value) => self.values.push(value),
                None => break,
            }
        }
        self.sorted = self.values.len();
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.values.len() + self.wide.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<u64>() + self.wide.capacity() * size_of::<u128>()
    }

    /// The values with how often each is there, in order; they must be settled.
    pub fn runs(&self) -> Vec<(u128, u64)> {
        let mut runs: Vec<(u128, u64)> = Vec::new();
        for value in self.values.iter().map(|value| u128::from(*value)).chain(self.wide.iter().copied()) {
            match runs.last_mut() {
                Some((last, count)) if *last == value => *count += 1,
                _ => runs.push((value, 1)),
            }
        }
        runs
    }

    /// How many are at most that; they must be settled.
    fn at_most(&self, value: u128) -> usize {
        let narrow = u64::try_from(value).unwrap_or(u64::MAX);
        self.values.partition_point(|known| *known <= narrow) + self.wide.partition_point(|known| *known <= value)
    }

    fn least(&self) -> Option<u128> {
        self.values.first().map(|value| u128::from(*value)).or_else(|| self.wide.first().copied())
    }

    fn greatest(&self) -> Option<u128> {
        self.wide.last().copied().or_else(|| self.values.last().map(|value| u128::from(*value)))
    }
}

/// Sorts by the digits of 256, from the lowest: the same time for every order, and little code.
fn sort(values: &mut Vec<u64>) {
    let mut from = std::mem::take(values);
    let mut to = vec![0_u64; from.len()];
    let varying = from.iter().fold((u64::MAX, 0), |(all, any), value| (all & value, any | value));
    for shift in (0..64).step_by(8) {
        // A digit that all share changes no order.
        if ((varying.0 ^ varying.1) >> shift) & 0xff == 0 {
            continue;
        }
        let digit = |value: u64| ((value >> shift) & 0xff) as usize;
        let mut starts = [0_usize; 257];
        for value in &from {
            if let Some(count) = starts.get_mut(digit(*value) + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        for value in &from {
            if let Some(start) = starts.get_mut(digit(*value)) {
                if let Some(slot) = to.get_mut(*start) {
                    *slot = *value;
                }
                *start += 1;
            }
        }
        std::mem::swap(&mut from, &mut to);
    }
    *values = from;
}

/// What is told of values: each a value that is there, but for the median of an even number, which lies between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The least.
    pub min: u128,
    /// The greatest.
    pub max: u128,
    /// Twice the median.
    pub median_doubled: u128,
    /// The nearest rank of each of [`PERCENTILES`].
    pub percentiles: [u128; PERCENTILES.len()],
}

/// The percentiles that are told.
pub const PERCENTILES: [usize; 4] = [75, 90, 95, 99];

/// What is told of several sets of values as if they were one; they must be settled. Zeros of none.
pub fn statistics(parts: &[&Spread]) -> Statistics {
    let count: usize = parts.iter().map(|part| part.len()).sum();
    if count == 0 {
        return Statistics::default();
    }
    let min = parts.iter().filter_map(|part| part.least()).min().unwrap_or(0);
    let max = parts.iter().filter_map(|part| part.greatest()).max().unwrap_or(0);
    // The value at a place, from 0, by bisection of the values: merging a million of them would take longer.
    let nth = |place: usize| {
        let (mut low, mut high) = (min, max);
        while low < high {
            let middle = low + (high - low) / 2;
            if parts.iter().map(|part| part.at_most(middle)).sum::<usize>() > place {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    };
    let lower = nth((count - 1) / 2);
    let upper = if count % 2 == 1 { lower } else { nth(count / 2) };
    Statistics {
        min,
        max,
        median_doubled: lower + upper,
        percentiles: PERCENTILES.map(|percent| nth((count * percent).div_ceil(100).saturating_sub(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_sorting_all(
            values in prop::collection::vec(prop_oneof![3 => 0_u128..50, 3 => 0_u128..1 << 45, 1 => (1_u128 << 63)..(1 << 66)], 0..80),
            cuts in prop::collection::vec((0_usize..4, any::<bool>()), 80),
        ) {
            let mut parts = [Spread::default(), Spread::default(), Spread::default(), Spread::default()];
            for (value, (part, settle)) in values.iter().zip(&cuts) {
                parts[*part].add(*value);
                if *settle {
                    parts[*part].settle();
                }
            }
            parts.iter_mut().for_each(Spread::settle);
            let mut all = values.clone();
            all.sort_unstable();
            let found = statistics(&parts.iter().collect::<Vec<_>>());
            if all.is_empty() {
                prop_assert_eq!(found, Statistics::default());
            } else {
                let n = all.len();
                prop_assert_eq!((found.min, found.max), (all[0], all[n - 1]));
                prop_assert_eq!(found.median_doubled, all[(n - 1) / 2] + all[n / 2]);
                for (percent, value) in PERCENTILES.iter().zip(found.percentiles) {
                    let at_most = all.iter().filter(|known| **known <= value).count();
                    prop_assert!(all.contains(&value) && at_most * 100 >= percent * n);
                    prop_assert!(all.iter().filter(|known| **known < value).count() * 100 < percent * n);
                }
            }
            let mut whole = Spread::default();
            values.iter().for_each(|value| whole.add(*value));
            whole.settle();
            prop_assert_eq!(whole.runs().iter().map(|(_, count)| *count as usize).sum::<usize>(), values.len());
            let listed: Vec<u128> = whole.runs().iter().flat_map(|(value, count)| vec![*value; *count as usize]).collect();
            prop_assert_eq!(listed, all);
        }
    }
}
