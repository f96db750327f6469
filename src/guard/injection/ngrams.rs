//! What a table of weights says of a text: for each word, of the word and of the two and three words that end with it.
//!
//! The weights are fitted by `scripts/guard/fit.mjs` and come from outside. A running sum of them, less a drift, never below
//! zero, rises where words stand as they do in injections, each n-gram counting once; where it passes a threshold, that is a finding, and the sum
//! begins anew. So a short injection in a long text weighs as much as one alone, and nothing has to be known of what follows.

use super::words::Word;
use crate::{
    detector::Sensitivity,
    error::{Error, Result},
};

/// How many weights there are.
pub(super) const BUCKETS: usize = 1 << 16;

/// What the first line of a table begins with.
const MAGIC: &str = "tollgate-ngrams 1 ";

/// How many words a finding spans at the most: the last ones before the threshold was passed.
const SPAN: usize = 40;

/// Where a text comes from, as far as it matters how soon it is taken for an injection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Somebody who talks to the model wrote it: instructions are what is expected.
    User,
    /// A document, or the answer of a tool: it has nobody to instruct.
    Document,
}

/// A table of weights for n-grams of words.
#[derive(PartialEq, Eq)]
pub struct Ngrams {
    weights: Vec<i8>,
    /// What each word takes from the sum.
    drift: i32,
    /// For users, then for documents; at low, medium and high sensitivity each.
    thresholds: [i32; 6],
}

impl std::fmt::Debug for Ngrams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ngrams").field("thresholds", &self.thresholds).finish_non_exhaustive()
    }
}

impl Ngrams {
    /// Reads a table: a line with the drift and the six thresholds, lines that begin with `#`, then the weights. A weight is
    /// a character: `O` is 0, those before it in ASCII are negative. `~` and two characters, of 64 from `0` on, stand for a run of
    /// zeros.
    pub fn parse(table: &str) -> Result<Self> {
        Self::read(table).ok_or_else(|| {
            Error::config(format!("cannot read n-grams: expected a table of {BUCKETS} weights, found something else"))
        })
    }

    fn read(table: &str) -> Option<Self> {
        let (head, mut rest) = table.strip_prefix(MAGIC)?.split_once('\n')?;
        let mut numbers = head.split(' ').map(|number| number.parse::<i32>().ok());
        let drift = numbers.next()??;
        let mut thresholds = [0; 6];
        for threshold in &mut thresholds {
            *threshold = numbers.next()?.filter(|threshold| *threshold > 0)?;
        }
        while rest.starts_with('#') {
            rest = rest.split_once('\n')?.1;
        }
        let mut weights = Vec::with_capacity(BUCKETS);
        let mut bytes = rest.trim_end().bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'~' => {
                    let mut digit = || bytes.next()?.checked_sub(b'0').filter(|digit| *digit < 64).map(usize::from);
                    let zeros = digit()? * 64 + digit()?;
                    weights.resize(weights.len() + zeros, 0);
                }
                b'!'..=b'}' => weights.push(byte as i8 - b'O' as i8),
                _ => return None,
            }
            if weights.len() > BUCKETS {
                return None;
            }
        }
        (weights.len() == BUCKETS).then_some(Self { weights, drift, thresholds })
    }

    #[inline(always)]
    fn weight(&self, bucket: u16) -> i32 {
        // The first bucket stands for what was there before; its weight is 0.
        self.weights.get(usize::from(bucket)).copied().map_or(0, i32::from)
    }

    pub(super) fn threshold(&self, trust: Trust, sensitivity: Sensitivity) -> i32 {
        let place = if trust == Trust::User { 0 } else { 3 } + sensitivity as usize;
        self.thresholds.get(place).copied().unwrap_or(i32::MAX)
    }
}

/// The words before one, as far as its n-grams go, and which n-grams there were: each counts once.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    last: u32,
    both: u32,
    seen: Vec<u32>,
}

impl History {
    /// The buckets of the word, of it and the one before, and of it and the two before, 0 for those that were before; then it is
    /// part of the history.
    pub fn buckets(&mut self, hash: u32) -> [u16; 3] {
        let join = |before: u32| before.wrapping_mul(0x85EB_CA6B).rotate_left(13) ^ hash;
        let (two, three) = (join(self.last ^ 1), join(self.both ^ 2));
        (self.both, self.last) = (join(self.last), hash);
        if self.seen.is_empty() {
            self.seen.resize(BUCKETS / 32, 0);
        }
        [self.first_time(hash), self.first_time(two), self.first_time(three)]
    }

    /// The bucket of a hash, 0 where it was there before.
    // Written out and in place, as it is done three times a word: in WebAssembly a call costs as much as what it does.
    #[inline(always)]
    fn first_time(&mut self, hash: u32) -> u16 {
        let bucket = (hash.wrapping_mul(0x9E37_79B1) >> 16) as u16;
        let Some(bits) = self.seen.get_mut(usize::from(bucket) / 32) else { return 0 };
        let bit = 1 << (bucket % 32);
        let before = *bits & bit != 0;
        *bits |= bit;
        if before { 0 } else { bucket }
    }

    /// Begins anew.
    fn reset(&mut self) {
        (self.last, self.both) = (0, 0);
        self.seen.clear();
    }
}

/// The running sum.
#[derive(Clone, Debug)]
pub(super) struct Score {
    history: History,
    sum: i32,
    /// Where the last words begin that made the sum, in a ring.
    starts: [usize; SPAN],
    count: usize,
}

impl Default for Score {
    fn default() -> Self {
        Self { history: History::default(), sum: 0, starts: [0; SPAN], count: 0 }
    }
}

impl Score {
    /// Adds a word. Answers whether the sum is above the threshold.
    pub fn add(&mut self, table: &Ngrams, word: &Word, threshold: i32) -> bool {
        let [one, two, three] = self.history.buckets(word.hash);
        self.sum += table.weight(one) + table.weight(two) + table.weight(three) - table.drift;
        if self.sum <= 0 {
            (self.sum, self.count) = (0, 0);
            return false;
        }
        if let Some(start) = self.starts.get_mut(self.count % SPAN) {
            *start = word.start;
        }
        self.count += 1;
        self.sum > threshold
    }

    /// Where the words begin that made the sum, if it is above zero.
    pub fn start(&self) -> Option<usize> {
        let oldest = if self.count > SPAN { self.count % SPAN } else { 0 };
        (self.count > 0).then(|| self.starts.get(oldest).copied()).flatten()
    }

    /// Begins anew.
    pub fn reset(&mut self) {
        self.history.reset();
        (self.sum, self.count) = (0, 0);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A table in which one word has a weight.
    pub fn table_of(word: &[u8], weight: u8) -> String {
        let [bucket, ..] = History::default().buckets(super::super::words::hash_of(word));
        let zeros = |mut count: usize| {
            let mut text = String::new();
            while count > 0 {
                let part = count.min(64 * 64 - 1);
                text.extend(['~', char::from(b'0' + (part / 64) as u8), char::from(b'0' + (part % 64) as u8)]);
                count -= part;
            }
            text
        };
        let (before, after) = (usize::from(bucket), BUCKETS - 1 - usize::from(bucket));
        format!(
            "{MAGIC}1 60 40 20 50 30 10\n# a note\n{}{}{}\n",
            zeros(before),
            char::from(b'O' + weight),
            zeros(after)
        )
    }

    #[test]
    fn a_table_is_read_or_refused() {
        let table = Ngrams::parse(&table_of(b"abracadabra", 30)).unwrap();
        assert_eq!(table.threshold(Trust::User, Sensitivity::Medium), 40);
        assert_eq!(table.threshold(Trust::Document, Sensitivity::High), 10);
        let [bucket, ..] = History::default().buckets(super::super::words::hash_of(b"abracadabra"));
        assert_eq!((table.weight(bucket), table.weight(bucket ^ 1)), (30, 0));
        for wrong in
            ["", "tollgate-ngrams 2 1 1 1 1 1 1 1\n", "tollgate-ngrams 1 1 1 1 1 1 1 1\n~00", "tollgate-ngrams 1 1\nO"]
        {
            assert!(Ngrams::parse(wrong).is_err(), "{wrong}");
        }
    }
}
