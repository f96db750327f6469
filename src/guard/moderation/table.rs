//! What moderation knows: classes of words, rules over them, and weights; packed by `scripts/guard/moderation.mjs`.

use super::{category::Category, words::Word};
use crate::error::{Error, Result};

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tags(pub u128);

impl Tags {
    /// Whether one of `other` is in the set.
    pub fn any(self, other: Tags) -> bool {
        self.0 & other.0 != 0
    }

    /// The classes, lowest first.
    pub fn each(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let class = (left != 0).then_some(left.trailing_zeros() as usize);
            left &= left.wrapping_sub(1);
            class
        })
    }

    /// Both sets.
    pub const fn or(self, other: Tags) -> Tags {
        Tags(self.0 | other.0)
    }
}

/// Classes that the table's own begin behind: what a word is by its form, or for.
pub(super) mod own {
    use super::Tags;

    /// A rule names the word itself.
    pub const NAMED: Tags = Tags(1);
    /// Several words known as one begin with it.
    pub const BEGINS: Tags = Tags(1 << 1);
    /// In capitals.
    pub const SHOUTED: Tags = Tags(1 << 2);
    /// Before an exclamation mark.
    pub const EXCLAIMED: Tags = Tags(1 << 3);
    /// A number.
    pub const NUMBER: Tags = Tags(1 << 4);
    /// A number that may be the age of a minor.
    pub const AGE_MINOR: Tags = Tags(1 << 5);
    /// With letters starred out, and no word that is known.
    pub const STARRED: Tags = Tags(1 << 6);
    /// How many there are.
    pub const COUNT: usize = 7;
}

/// One word of a rule.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Of one of these classes,
    pub tags: Tags,
    /// or one of these words.
    pub words: Vec<u32>,
    /// At most so many words behind the one before.
    pub gap: u8,
}

/// A rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// None of these inside, or up to three words before.
    pub unless: Tags,
    pub items: Vec<Item>,
    pub ends: Ends,
    /// The category for which it is enough by itself, and the score then, 0 to 100.
    pub enough: Option<(u8, u8)>,
}

/// What has to come behind a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Anywhere,
    /// A pause, or the end of the sentence.
    Pause,
    Sentence,
}

impl Ends {
    /// Whether it may end before that word.
    pub fn fits(self, next: Option<&Word>) -> bool {
        next.is_none_or(|next| self == Ends::Anywhere || next.breaks || (self == Ends::Pause && next.pauses))
    }
}

/// How many classes there may be.
const CLASSES: usize = 128;

/// A set of rules.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RuleSet([u64; 8]);

impl RuleSet {
    fn add(&mut self, place: usize) -> Option<()> {
        *self.0.get_mut(place / 64)? |= 1 << (place % 64);
        Some(())
    }

    fn or(&mut self, other: RuleSet) {
        self.0.iter_mut().zip(other.0).for_each(|(all, these)| *all |= these);
    }

    /// The rules that are in both, lowest first.
    pub fn both(self, other: RuleSet) -> impl Iterator<Item = usize> {
        self.0.into_iter().zip(other.0).enumerate().flat_map(|(place, (one, other))| {
            let mut left = one & other;
            std::iter::from_fn(move || {
                let rule = (left != 0).then_some(place * 64 + left.trailing_zeros() as usize);
                left &= left.wrapping_sub(1);
                rule
            })
        })
    }
}

/// The rules in which a word may stand at some place: by its classes, and by its name where rules name it.
#[derive(Clone, Debug)]
struct Starts {
    classes: Vec<RuleSet>,
    /// In the order of the lowest byte of the name.
    named: Vec<(u32, usize)>,
    /// Where those of each byte begin.
    bytes: Vec<usize>,
}

impl Starts {
    fn new() -> Self {
        Self { classes: vec![RuleSet::default(); CLASSES], named: Vec::new(), bytes: Vec::new() }
    }

    fn add(&mut self, item: &Item, rule: usize) -> Option<()> {
        self.named.extend(item.words.iter().map(|word| (*word, rule)));
        item.tags.each().try_for_each(|class| self.classes.get_mut(class)?.add(rule))
    }

    fn sort(&mut self) {
        crate::collections::sort_by_key(&mut self.named, |(word, _)| word & 0xFF);
        self.bytes = (0..=0x100).map(|byte| self.named.partition_point(|(word, _)| word & 0xFF < byte)).collect();
    }

    fn of(&self, name: u32, tags: Tags, all: &mut RuleSet) {
        for these in tags.each().filter_map(|class| self.classes.get(class)) {
            all.or(*these);
        }
        if tags.any(own::NAMED)
            && let Some([from, to]) = self.bytes.get((name & 0xFF) as usize..).and_then(|rest| rest.first_chunk())
        {
            for (word, rule) in self.named.get(*from..*to).unwrap_or_default() {
                if *word == name {
                    // It was added once already: there is room.
                    let _ = all.add(*rule);
                }
            }
        }
    }
}

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Names of words by the lowest bits of their hash: open addressing, 0 where none is.
    slots: Vec<(u32, u16)>,
    sets: Vec<Tags>,
    /// Beginnings and ends of longer words: which, how many letters, hash, set.
    parts: Vec<(bool, u8, u32, u16)>,
    longest_phrase: usize,
    pub rules: Vec<Rule>,
    /// The rules that may begin with a word, and those that it may be the second word of.
    firsts: Starts,
    seconds: Starts,
    /// The rules of one word.
    singles: RuleSet,
    pub classes: usize,
    /// For each head, the classes without which it is never flagged.
    pub needs: [Tags; HEADS],
    /// For each head the constant, and what a weight of 1 stands for.
    scales: [(f32, f32); HEADS],
    /// Of each feature the weights for all heads.
    weights: Vec<[i8; HEADS]>,
}

/// What there are weights for: whether anything is to be flagged, and most categories.
pub(super) const HEADS: usize = 1 + Category::WEIGHED;

/// A sum of weights for each head.
pub(super) type Sums = [f32; HEADS];

impl Table {
    /// Reads a packed table.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let wrong =
            || Error::config("cannot read the moderation table: expected one packed for this version, found another");
        let mut input = Input(bytes);
        (|| {
            (input.take(4)? == b"TGM1").then_some(())?;
            let classes = usize::from(input.u8()?);
            let longest_phrase = usize::from(input.u8()?);
            let sets = (0..input.u16()?).map(|_| input.u128().map(Tags)).collect::<Option<Vec<_>>>()?;
            let words = usize::from(input.u16()?);
            let mut slots = vec![(0, 0); (words * 2).next_power_of_two()];
            for _ in 0..words {
                let (hash, set) = (input.u32()?, input.u16()?);
                let mask = slots.len() - 1;
                let mut at = hash as usize & mask;
                while slots.get(at)?.0 != 0 {
                    at = (at + 1) & mask;
                }
                *slots.get_mut(at)? = (hash, set);
            }
            let parts = (0..input.u16()?)
                .map(|_| Some((input.u8()? == 1, input.u8()?, input.u32()?, input.u16()?)))
                .collect::<Option<Vec<_>>>()?;
            let rules = (0..input.u16()?).map(|_| input.rule()).collect::<Option<Vec<_>>>()?;
            let (mut firsts, mut seconds, mut singles) = (Starts::new(), Starts::new(), RuleSet::default());
            for (place, rule) in rules.iter().enumerate() {
                let mut items = rule.items.iter();
                firsts.add(items.next()?, place)?;
                match items.next() {
                    None => singles.add(place)?,
                    Some(second) => seconds.add(second, place)?,
                }
            }
            firsts.sort();
            seconds.sort();
            let mut needs = [Tags::default(); HEADS];
            for tags in &mut needs {
                *tags = Tags(input.u128()?);
            }
            let mut scales = [(0.0, 0.0); HEADS];
            for scale in &mut scales {
                *scale = (f32::from_bits(input.u32()?), f32::from_bits(input.u32()?));
            }
            let weights = input.0.chunks_exact(HEADS).map(|chunk| {
                let mut weights = [0; HEADS];
                weights.iter_mut().zip(chunk).for_each(|(weight, byte)| *weight = i8::from_le_bytes([*byte]));
                weights
            });
            let weights: Vec<_> = weights.collect();
            // A table without weights is for those who fit them.
            let is_whole = weights.is_empty() || weights.len() == 3 * classes + 2 * rules.len() + 1;
            is_whole.then_some(Self {
                slots,
                sets,
                parts,
                longest_phrase,
                rules,
                firsts,
                seconds,
                singles,
                classes,
                needs,
                scales,
                weights,
            })
        })()
        .ok_or_else(wrong)
    }

    /// The classes of the word of that name; `None` for one that the table does not know.
    pub fn tags(&self, hash: u32) -> Option<Tags> {
        let mask = self.slots.len().wrapping_sub(1);
        // Half of the slots are empty at the least, so this ends.
        for step in 0..self.slots.len() {
            match self.slots.get((hash as usize + step) & mask) {
                Some((0, _)) | None => return None,
                Some((known, set)) if *known == hash => return self.sets.get(usize::from(*set)).copied(),
                _ => {}
            }
        }
        None
    }

    /// The classes of a word by what it begins or ends with.
    pub fn parts(&self, word: &[u8]) -> Tags {
        let mut tags = Tags::default();
        for (ends, length, known, set) in &self.parts {
            let length = usize::from(*length);
            if word.len() <= length + 1 {
                continue;
            }
            let part = if *ends { word.get(word.len() - length..) } else { word.get(..length) };
            if part.is_some_and(|part| super::words::hash(part) == *known) {
                tags = tags.or(self.sets.get(usize::from(*set)).copied().unwrap_or_default());
            }
        }
        tags
    }

    /// The rules that may begin with a word of that name and these classes.
    pub fn beginning(&self, name: u32, tags: Tags) -> RuleSet {
        let mut all = RuleSet::default();
        self.firsts.of(name, tags, &mut all);
        all
    }

    /// The rules that may fit in a sentence of these words: of one word, or with a second one in it.
    pub fn within(&self, words: &[Word]) -> RuleSet {
        let mut all = self.singles;
        let mut seen = Tags::default();
        for word in words {
            // Most classes come more than once.
            let new = Tags(word.tags.0 & !seen.0).or(Tags(word.tags.0 & own::NAMED.0));
            seen = seen.or(word.tags);
            self.seconds.of(word.hash, new, &mut all);
        }
        all
    }

    /// What each head starts from.
    pub fn constants(&self) -> Sums {
        self.scales.map(|(constant, _)| constant)
    }

    /// Adds a feature's weights.
    pub fn add(&self, sums: &mut Sums, feature: usize, value: f32) {
        let Some(weights) = self.weights.get(feature) else { return };
        for ((sum, weight), (_, scale)) in sums.iter_mut().zip(weights).zip(self.scales) {
            *sum += f32::from(*weight) * scale * value;
        }
    }

    /// How many words the longest of those known as one has, less one.
    pub fn longest_phrase(&self) -> usize {
        self.longest_phrase
    }
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.0.split_at_checked(length)?;
        self.0 = left;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn u128(&mut self) -> Option<u128> {
        self.take(16)?.try_into().ok().map(u128::from_le_bytes)
    }

    fn rule(&mut self) -> Option<Rule> {
        let unless = Tags(self.u128()?);
        let (category, score) = (self.u8()?, self.u8()?);
        let shape = self.u8()?;
        let ends = match shape >> 6 {
            0 => Ends::Anywhere,
            1 => Ends::Pause,
            _ => Ends::Sentence,
        };
        let items = (0..shape & 0x3F)
            .map(|_| {
                let (tags, gap) = (Tags(self.u128()?), self.u8()?);
                let words = (0..self.u8()?).map(|_| self.u32()).collect::<Option<Vec<_>>>()?;
                Some(Item { tags, words, gap })
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Rule { unless, items, ends, enough: (score > 0).then_some((category, score)) })
    }
}
