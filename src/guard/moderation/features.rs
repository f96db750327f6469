//! What a text has of what the table knows.

use super::{
    table::{Ends, Item, Sums, Table, Tags, own},
    words::Word,
};

/// A rule that fits, and from which word to which.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match {
    pub rule: usize,
    pub from: usize,
    pub to: usize,
}

/// Every rule that fits, at each word that it fits from.
pub(super) fn matches(words: &[Word], table: &Table) -> Vec<Match> {
    let mut all = Vec::new();
    matches_from(words, 0, table, &mut all);
    all
}

/// The same of the words from one on, which begins a sentence.
fn matches_from(words: &[Word], first: usize, table: &Table, all: &mut Vec<Match>) {
    let mut sentence = first;
    while sentence < words.len() {
        // No rule reaches over the end of a sentence, so most of them can't fit in it at all.
        let end = end_of(words, sentence);
        let within = table.within(words.get(sentence..end).unwrap_or_default());
        for from in sentence..end {
            let Some(word) = words.get(from).filter(|word| word.tags != Tags::default()) else { continue };
            for rule in table.beginning(word.hash, word.tags).both(within) {
                if let Some(one) = table.rules.get(rule)
                    && let Some((first, rest)) = one.items.split_first()
                    && fits(first, word)
                    && let Some(to) = last(words, from, rest, one.ends)
                    && !(one.unless != Tags::default() && denied(words, from, to, one.unless))
                {
                    all.push(Match { rule, from, to });
                }
            }
        }
        sentence = end;
    }
}

/// Where the sentence ends that begins there.
fn end_of(words: &[Word], sentence: usize) -> usize {
    let rest = words.get(sentence + 1..).unwrap_or_default();
    sentence + 1 + rest.iter().position(|word| word.breaks).unwrap_or(rest.len())
}

/// The words without those that are taken out, and every rule that fits then: of sentences of which nothing is taken, those that fitted.
pub(super) fn without(
    words: &[Word],
    found: &[Match],
    is_taken: impl Fn(usize) -> bool,
    table: &Table,
) -> (Vec<Word>, Vec<Match>) {
    let mut left: Vec<Word> = Vec::with_capacity(words.len());
    let mut matches = Vec::with_capacity(found.len());
    let mut rest = found;
    let mut sentence = 0;
    while sentence < words.len() {
        let end = end_of(words, sentence);
        let first = left.len();
        let mut taken = false;
        for (at, word) in words.iter().enumerate().take(end).skip(sentence) {
            if is_taken(at) {
                taken = true;
            } else {
                // Nothing goes on behind what is taken.
                left.push(Word { breaks: word.breaks || taken, ..*word });
                taken = false;
            }
        }
        let (own, behind) = rest.split_at(rest.partition_point(|one| one.from < end));
        rest = behind;
        if left.len() - first == end - sentence {
            matches.extend(own.iter().map(|one| Match {
                rule: one.rule,
                from: one.from - sentence + first,
                to: one.to - sentence + first,
            }));
        } else {
            matches_from(&left, first, table, &mut matches);
        }
        sentence = end;
    }
    (left, matches)
}

fn fits(item: &Item, word: &Word) -> bool {
    word.tags.any(item.tags) || (word.tags.any(own::NAMED) && item.words.contains(&word.hash))
}

/// The word at which the items end, the nearest there is.
fn last(words: &[Word], from: usize, items: &[Item], ends: Ends) -> Option<usize> {
    let Some((item, rest)) = items.split_first() else { return ends.fits(words.get(from + 1)).then_some(from) };
    for (at, word) in words.iter().enumerate().skip(from + 1).take(usize::from(item.gap)) {
        if word.breaks {
            return None;
        }
        if fits(item, word)
            && let Some(to) = last(words, at, rest, ends)
        {
            return Some(to);
        }
    }
    None
}

/// Whether one of the classes stands inside, or up to three words before, in the sentence.
fn denied(words: &[Word], from: usize, to: usize, tags: Tags) -> bool {
    if words.get(from..=to).unwrap_or_default().iter().any(|word| word.tags.any(tags)) {
        return true;
    }
    let mut broken = words.get(from).is_some_and(|word| word.breaks);
    for word in words.iter().take(from).rev().take(3) {
        if broken {
            return false;
        }
        if word.tags.any(tags) {
            return true;
        }
        broken = word.breaks;
    }
    false
}

/// What is weighed: of each class whether it is there, how often and how densely; of each rule the first two; of the text its
/// length.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// How many there are, present or not.
    pub width: usize,
    /// Those that are not 0.
    pub values: Vec<(usize, f32)>,
}

/// More of one thing says no more.
const MOST: f32 = 64.0;

/// Longer texts count as this long.
const LONGEST: f32 = 1024.0;

impl Features {
    pub(super) fn of(words: &[Word], matches: &[Match], table: &Table) -> Self {
        let (classes, rules) = (table.classes, table.rules.len());
        let mut of_class = vec![0_u32; classes];
        for word in words {
            for class in word.tags.each() {
                of_class.get_mut(class).into_iter().for_each(|count| *count += 1);
            }
        }
        let mut of_rule = vec![0_u32; rules];
        for one in matches {
            of_rule.get_mut(one.rule).into_iter().for_each(|count| *count += 1);
        }
        let often = |count: f32| 0.3 * (count.min(MOST).sqrt() - 1.0);
        let length = words.len() as f32;
        let mut values = Vec::new();
        for (class, count) in of_class.iter().enumerate().filter(|(_, count)| **count > 0) {
            let count = *count as f32;
            values.push((class, 1.0));
            values.push((classes + class, often(count)));
            // How a text is written says little by how densely it is.
            if class >= own::COUNT {
                values.push((2 * classes + class, (10.0 * count / (length + 20.0)).sqrt()));
            }
        }
        for (rule, count) in of_rule.iter().enumerate().filter(|(_, count)| **count > 0) {
            values.push((of(table, rule), 1.0));
            values.push((of(table, rule) + rules, often(*count as f32)));
        }
        values.push((3 * classes + 2 * rules, 0.1 * length.min(LONGEST).sqrt()));
        Self { width: 3 * classes + 2 * rules + 1, values }
    }

    /// The weights of all of them.
    pub(super) fn sums(&self, table: &Table) -> Sums {
        let mut sums = table.constants();
        for (feature, value) in &self.values {
            table.add(&mut sums, *feature, *value);
        }
        sums
    }
}

/// The feature of a rule that is there.
pub(super) fn of(table: &Table, rule: usize) -> usize {
    3 * table.classes + rule
}
