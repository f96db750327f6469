//! Offline moderation: how much of what is hateful, harassing, violent, sexual or about self-harm a text has.
//!
//! Not a list of bad words: a word counts by what stands around it (rules over classes of words), and a text by all that was
//! found in it, weighed. Lexicon, rules and weights are a table of their own, which only programs that moderate load;
//! `data/guard/moderation.txt` is what it is made from.

mod category;
mod features;
mod table;
mod verdict;
mod words;

pub use category::Category;
pub use features::Features;
pub use verdict::{Passage, Scores, Thresholds, Verdict};

use crate::{
    error::Result,
    finding::Hit,
    kind::Kind,
    pass::{Pass, Whole},
};
use features::{Match, matches};
use table::{Sums, Table, Tags};
use words::Word;

/// Finds what is to be moderated.
#[derive(Clone, Debug)]
pub struct Moderator {
    table: Table,
}

/// What a guard of a scanner moderates.
#[derive(Clone, Debug, Default)]
pub struct Moderation {
    /// From which score on a category is flagged.
    pub thresholds: Thresholds,
    /// Who judges; without one nothing is flagged.
    pub moderator: Option<std::sync::Arc<Moderator>>,
}

/// By its thresholds: every moderator that there is has the same table.
impl PartialEq for Moderation {
    fn eq(&self, other: &Self) -> bool {
        self.thresholds == other.thresholds && self.moderator.is_some() == other.moderator.is_some()
    }
}

impl Eq for Moderation {}

impl Moderation {
    /// At work for the guard at that place. What a text comes to is known at its end.
    pub(super) fn pass(&self, guard: usize) -> Box<dyn Pass> {
        let Self { thresholds, moderator } = self.clone();
        Box::new(Whole(move |text: &str, hits: &mut Vec<Hit>| {
            let Some(moderator) = &moderator else { return };
            let verdict = moderator.judge(text, &thresholds);
            for Passage { start, end, category } in verdict.passages {
                let kind = Kind::MODERATION.get(category.place()).copied().unwrap_or(Kind::Harassment);
                let sure = verdict.scores.get(category) / 10;
                hits.push(Hit::new(kind, start, end, false, "moderation").sure(sure.min(100) as u8).of_guard(guard));
            }
        }))
    }
}

/// The sum of what lacks what it needs: just too little.
const UNFLAGGED: f32 = -0.01;

/// How often what was found is taken out and the rest looked at again.
const ROUNDS: usize = 6;

impl Moderator {
    /// A moderator with a packed table.
    pub fn new(table: &[u8]) -> Result<Self> {
        Ok(Self { table: Table::read(table)? })
    }

    /// What the weights are applied to.
    pub fn features(&self, text: &str) -> Features {
        let words = words::split(text, &self.table);
        Features::of(&words, &matches(&words, &self.table), &self.table)
    }

    /// The scores of a text.
    pub fn scores(&self, text: &str) -> Scores {
        let words = words::split(text, &self.table);
        self.weigh(&words, &matches(&words, &self.table)).1
    }

    /// The scores of a text, what they come to under some thresholds, and where that comes from: without the passages
    /// nothing would be flagged.
    pub fn judge(&self, text: &str, thresholds: &Thresholds) -> Verdict {
        let mut words = words::split(text, &self.table);
        let mut found = matches(&words, &self.table);
        let (mut sums, scores) = self.weigh(&words, &found);
        let mut now = scores;
        let mut passages = Vec::new();
        for round in 0..ROUNDS {
            let Some(category) = thresholds.worst(&now) else { break };
            let heat = self.heat(&words, &found, category, sums);
            let hottest = heat.iter().copied().fold(0.0, f32::max);
            // Each round takes more; the last one, all there is.
            let least = if round + 1 == ROUNDS { f32::MIN } else { hottest * (0.5 - 0.1 * round as f32) };
            verdict::gather(&words, &heat, least, category, &mut passages);
            let is_taken = |at: usize| heat.get(at).is_some_and(|heat| *heat >= least);
            (words, found) = features::without(&words, &found, is_taken, &self.table);
            (sums, now) = self.weigh(&words, &found);
        }
        verdict::merge(&mut passages);
        Verdict { scores, flagged: thresholds.flagged(&scores), passages }
    }

    fn weigh(&self, words: &[Word], found: &[Match]) -> (Sums, Scores) {
        let mut sums = Features::of(words, found, &self.table).sums(&self.table);
        let there = words.iter().fold(Tags::default(), |all, word| all.or(word.tags));
        let lacks = |head: usize| self.table.needs.get(head).is_some_and(|needed| !there.any(*needed));
        let [any, each @ ..] = &mut sums;
        if lacks(0) {
            *any = any.min(UNFLAGGED);
        }
        for (sum, category) in each.iter_mut().zip(Category::ALL) {
            // A part needs what the whole needs, and something of its own.
            if [Some(*category), category.parent()].into_iter().flatten().any(|one| lacks(1 + one.place())) {
                *sum = sum.min(UNFLAGGED);
            }
        }
        let mut scores = Scores::of(&sums);
        for one in found {
            let enough = self.table.rules.get(one.rule).and_then(|rule| rule.enough);
            if let Some((category, score)) = enough {
                scores.raise(usize::from(category), u16::from(score) * 10);
            }
        }
        scores.join_threats();
        (sums, scores)
    }

    /// How much each word has to do with a category being flagged.
    fn heat(&self, words: &[Word], found: &[Match], category: Category, sums: Sums) -> Vec<f32> {
        // A category may be flagged by its own weights, or because something is to be, and it is the likeliest.
        let head = 1 + category.place();
        let of = |feature| {
            let mut weights = Sums::default();
            self.table.add(&mut weights, feature, 1.0);
            let at = |head: usize| weights.get(head).copied().unwrap_or(0.0);
            if sums.first() > sums.get(head) { at(0) } else { at(head) }
        };
        let classes = self.table.classes;
        let by_class: Vec<f32> = (0..classes).map(|class| of(class) + of(2 * classes + class)).collect();
        let of_word = |word: &Word| word.tags.each().filter_map(|class| by_class.get(class)).sum();
        let mut heat: Vec<f32> = words.iter().map(of_word).collect();
        for one in found {
            let enough = self.table.rules.get(one.rule).and_then(|rule| rule.enough);
            let is_enough = enough.is_some_and(|(place, _)| usize::from(place) == category.place());
            let weight = if is_enough { 4.0 } else { of(features::of(&self.table, one.rule)) };
            for word in heat.get_mut(one.from..=one.to).unwrap_or_default() {
                *word += weight;
            }
        }
        heat
    }
}

#[cfg(test)]
mod tests;
