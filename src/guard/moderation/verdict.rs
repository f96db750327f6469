//! What moderation says of a text.

use super::{category::Category, table::Sums, words::Word};

/// How many categories there are.
const COUNT: usize = Category::ALL.len();

/// A score for each category, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scores([u16; COUNT]);

impl Scores {
    /// From the sums of weights, of which 0 is where flagging is worth it.
    pub(super) fn of(sums: &Sums) -> Self {
        let [any, each @ ..] = sums;
        // No probability: it rises with it, and needs no exponential.
        let score = |sum: f32| (500.0 + 500.0 * sum / (1.0 + sum.abs())).clamp(0.0, 1000.0) as u16;
        let mut scores = Self::default();
        scores.0.iter_mut().zip(each).for_each(|(to, sum)| *to = score(*sum));
        // That something is to be flagged shows sooner than what it is: then it is the likeliest.
        let top = (0..each.len()).fold(0, |top, at| if each.get(at) > each.get(top) { at } else { top });
        scores.raise(top, score(*any));
        for category in Category::ALL {
            if category.parent().is_some() {
                scores.raise(category.place(), scores.get(*category));
            }
        }
        scores
    }

    /// The score of a category, in thousandths.
    pub fn get(&self, category: Category) -> u16 {
        self.0.get(category.place()).copied().unwrap_or(0)
    }

    /// Who is harassed where there is violence is threatened, as far as a text can tell.
    pub(super) fn join_threats(&mut self) {
        let both = self.get(Category::Harassment).min(self.get(Category::Violence));
        self.raise(Category::HarassmentThreatening.place(), both);
    }

    /// A category has at least that score, and so has the one that it is a part of.
    pub(super) fn raise(&mut self, place: usize, least: u16) {
        let parent = Category::ALL.get(place).and_then(|category| category.parent()).map(Category::place);
        for place in [Some(place), parent].into_iter().flatten() {
            self.0.get_mut(place).into_iter().for_each(|score| *score = (*score).max(least));
        }
    }
}

/// From which score on a category is flagged, in thousandths; `None` where it never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds([Option<u16>; COUNT]);

impl Default for Thresholds {
    /// 0.5 for every category: the weights are such that this is where flagging is worth it.
    fn default() -> Self {
        Self([Some(500); COUNT])
    }
}

impl Thresholds {
    /// The same with another one for a category.
    #[must_use]
    pub fn with(mut self, category: Category, least: Option<u16>) -> Self {
        self.0.get_mut(category.place()).into_iter().for_each(|one| *one = least);
        self
    }

    /// The categories that are flagged.
    pub fn flagged(&self, scores: &Scores) -> Vec<Category> {
        Category::ALL.iter().copied().filter(|category| self.excess(scores, *category).is_some()).collect()
    }

    /// By how much a category is above its threshold.
    fn excess(&self, scores: &Scores, category: Category) -> Option<u16> {
        scores.get(category).checked_sub(self.0.get(category.place()).copied().flatten()?)
    }

    /// The flagged category that is above its threshold by most.
    pub(super) fn worst(&self, scores: &Scores) -> Option<Category> {
        let flagged = Category::ALL.iter().filter_map(|category| Some((self.excess(scores, *category)?, *category)));
        flagged
            .fold(None, |worst: Option<(u16, Category)>, one| worst.filter(|worst| worst.0 >= one.0).or(Some(one)))
            .map(|(_, category)| category)
    }
}

/// A part of a text because of which a category is flagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
    /// The category.
    pub category: Category,
}

/// What moderation says of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The scores of all categories.
    pub scores: Scores,
    /// Those that are at their threshold or above it.
    pub flagged: Vec<Category>,
    /// What they are flagged for, in order; they don't overlap.
    pub passages: Vec<Passage>,
}

impl Verdict {
    /// The text with every passage replaced.
    pub fn edit(&self, text: &str, replacement: impl Fn(Category, &str) -> String) -> String {
        let mut edited = String::with_capacity(text.len());
        let mut end = 0;
        for passage in &self.passages {
            edited.push_str(text.get(end..passage.start).unwrap_or_default());
            edited.push_str(&replacement(passage.category, text.get(passage.start..passage.end).unwrap_or_default()));
            end = passage.end;
        }
        edited.push_str(text.get(end..).unwrap_or_default());
        edited
    }
}

/// Adds the passages of words that are hot enough; words next to each other are one.
pub(super) fn gather(words: &[Word], heat: &[f32], least: f32, category: Category, passages: &mut Vec<Passage>) {
    let mut goes_on = false;
    for (word, heat) in words.iter().zip(heat) {
        let is_hot = *heat >= least;
        if is_hot {
            match passages.last_mut().filter(|_| goes_on && !word.breaks) {
                Some(last) => last.end = word.end,
                None => passages.push(Passage { start: word.start, end: word.end, category }),
            }
        }
        goes_on = is_hot;
    }
}

/// Puts passages in order, and joins those that overlap.
pub(super) fn merge(passages: &mut Vec<Passage>) {
    crate::collections::sort_by_key(passages, |passage| (passage.start, passage.end));
    let mut merged: Vec<Passage> = Vec::with_capacity(passages.len());
    for passage in passages.drain(..) {
        match merged.last_mut() {
            Some(last) if passage.start < last.end => last.end = last.end.max(passage.end),
            _ => merged.push(passage),
        }
    }
    *passages = merged;
}
