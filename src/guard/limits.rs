//! How long a text may be.

use std::sync::Arc;

use super::{
    finding::Hit,
    kind::Kind,
    pass::{Pass, Whole},
    script::stands_alone,
    view::View,
};
use crate::{
    error::{Error, Result},
    tokens::estimate::{Family, estimate},
};

/// Counts the tokens that a model makes of a text: `count(model, text)`, `None` where nothing is known of the model.
#[derive(Clone, Copy, Debug)]
pub struct Counter(pub fn(&str, &str) -> Option<u64>);

/// Limits that differ only in who counts are equal.
impl PartialEq for Counter {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Counter {}

/// How many tokens a text may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenLimit {
    /// The most.
    pub most: u64,
    /// The model that makes them.
    pub model: Arc<str>,
    /// Who counts. Nobody, or where it answers nothing: the estimate for the model, rounded up.
    pub counter: Option<Counter>,
}

impl TokenLimit {
    fn is_passed(&self, text: &str) -> bool {
        // A token has a byte at the least.
        if text.len() as u64 <= self.most {
            return false;
        }
        let counted = self.counter.and_then(|Counter(count)| count(&self.model, text));
        counted.unwrap_or_else(|| estimate(text.as_bytes(), Family::of(&self.model)).high) > self.most
    }
}

/// Limits of a text; what is left out has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The most characters (Unicode code points).
    pub max_characters: Option<usize>,
    /// The fewest.
    pub min_characters: Option<usize>,
    /// The most words: runs of letters and digits; where words are not divided, each sign is one.
    pub max_words: Option<usize>,
    /// The most lines.
    pub max_lines: Option<usize>,
    /// The most tokens.
    pub max_tokens: Option<TokenLimit>,
}

impl Limits {
    /// Refuses limits that say nothing, or what nothing can meet.
    pub fn check(self) -> Result<Self> {
        if self == Self::default() {
            return Err(Error::config(
                "cannot read length options: expected one of maxCharacters, minCharacters, maxWords, maxLines, maxTokens, found none",
            ));
        }
        if let (Some(least), Some(most)) = (self.min_characters, self.max_characters)
            && least > most
        {
            return Err(Error::config(format!(
                "cannot read length options: expected minCharacters to be at most maxCharacters, found {least} and {most}"
            )));
        }
        Ok(self)
    }

    /// Whether a text has to be known to its end.
    pub(super) fn is_open(&self) -> bool {
        self.min_characters.is_some() || self.max_tokens.is_some()
    }

    /// At work for the guard at that place.
    pub(super) fn passes(&self, guard: usize) -> Vec<Box<dyn Pass>> {
        let tokens = self.max_tokens.clone().map(|tokens| {
            let look = move |text: &str, hits: &mut Vec<Hit>| {
                if tokens.is_passed(text) {
                    hits.push(Hit::new(Kind::Length, 0, text.len(), true, "too-many-tokens").of_guard(guard));
                }
            };
            Box::new(Whole(look)) as Box<dyn Pass>
        });
        tokens.into_iter().chain([self.count(guard)]).collect()
    }

    fn count(&self, guard: usize) -> Box<dyn Pass> {
        let limits = Self { max_tokens: None, ..self.clone() };
        Box::new(Count { limits, guard, at: 0, characters: 0, words: 0, lines: 1, in_word: false, over: false })
    }
}

struct Count {
    limits: Limits,
    guard: usize,
    at: usize,
    characters: usize,
    words: usize,
    lines: usize,
    in_word: bool,
    /// Whether a limit was passed; it is passed once.
    over: bool,
}

impl Pass for Count {
    fn run(&mut self, view: &View, base: usize, hits: &mut Vec<Hit>) -> usize {
        let mut at = self.at.saturating_sub(base);
        let hit = |start, end, rule| Hit::new(Kind::Length, base + start, base + end, true, rule).of_guard(self.guard);
        let over = |count: usize, most: Option<usize>| most.is_some_and(|most| count > most);
        while !self.over
            && let Ok(Some(c)) = view.char_at(at)
        {
            let end = at + c.len_utf8();
            self.characters += 1;
            let is_sign = stands_alone(c);
            let is_letter = c.is_alphanumeric();
            self.words += usize::from(is_letter && (!self.in_word || is_sign));
            self.in_word = is_letter && !is_sign;
            let rule = if over(self.characters, self.limits.max_characters) {
                Some("too-many-characters")
            } else if over(self.words, self.limits.max_words) {
                Some("too-many-words")
            } else if over(self.lines, self.limits.max_lines) {
                Some("too-many-lines")
            } else {
                None
            };
            // The finding is the first character that is too many.
            self.over = rule.is_some();
            hits.extend(rule.map(|rule| hit(at, end, rule)));
            self.lines += usize::from(c == '\n');
            at = end;
        }
        if view.is_whole() && self.limits.min_characters.is_some_and(|least| self.characters < least && !self.over) {
            hits.push(hit(0, view.len(), "too-few-characters"));
        }
        self.at = base + if self.over { view.len() } else { at };
        if self.limits.is_open() && !view.is_whole() { 0 } else { base + view.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(limits: &Limits, text: &str) -> Vec<(usize, &'static str)> {
        let mut hits = Vec::new();
        for mut pass in limits.passes(0) {
            pass.run(&View::new(text, true), 0, &mut hits);
        }
        hits.iter().map(|hit| (hit.start, hit.rule)).collect()
    }

    #[test]
    fn a_text_at_its_limit_passes_and_one_beyond_does_not() {
        let none = Limits::default();
        let words = |_: &str, text: &str| Some(text.split_whitespace().count() as u64);
        let tokens = |most, counter: Option<Counter>| Some(TokenLimit { most, model: "gpt-5".into(), counter });
        type Found = &'static [(usize, &'static str)];
        let cases: &[(Limits, &str, Found)] = &[
            (Limits { max_characters: Some(3), ..none.clone() }, "日本é", &[]),
            (Limits { max_characters: Some(3), ..none.clone() }, "日本é!", &[(8, "too-many-characters")]),
            (Limits { max_characters: Some(0), ..none.clone() }, "", &[]),
            (Limits { min_characters: Some(3), ..none.clone() }, "ab", &[(0, "too-few-characters")]),
            (Limits { min_characters: Some(3), ..none.clone() }, "abc", &[]),
            (Limits { max_words: Some(2), ..none.clone() }, "one, two.", &[]),
            (Limits { max_words: Some(2), ..none.clone() }, "one, two. three", &[(10, "too-many-words")]),
            (Limits { max_words: Some(2), ..none.clone() }, "日本語", &[(6, "too-many-words")]),
            (Limits { max_lines: Some(2), ..none.clone() }, "a\nb\n", &[]),
            (Limits { max_lines: Some(2), ..none.clone() }, "a\nb\nc", &[(4, "too-many-lines")]),
            (Limits { max_tokens: tokens(3, Some(Counter(words))), ..none.clone() }, "one two three", &[]),
            (
                Limits { max_tokens: tokens(2, Some(Counter(words))), ..none.clone() },
                "one two three",
                &[(0, "too-many-tokens")],
            ),
            // Not known to be counted: what it is never seen to be above. Six, of which the estimate is sure up to eight.
            (
                Limits { max_tokens: tokens(8, Some(Counter(|_, _| None))), ..none.clone() },
                "How many tokens is this?",
                &[],
            ),
            (
                Limits { max_tokens: tokens(6, None), ..none.clone() },
                "How many tokens is this?",
                &[(0, "too-many-tokens")],
            ),
        ];
        for (limits, text, expected) in cases {
            assert_eq!(found(limits, text), *expected, "{text}");
        }
    }

    #[test]
    fn limits_that_say_nothing_are_refused() {
        assert!(Limits::default().check().is_err());
        let upside_down = Limits { min_characters: Some(3), max_characters: Some(2), ..Limits::default() };
        assert_eq!(
            upside_down.check().unwrap_err().message(),
            "cannot read length options: expected minCharacters to be at most maxCharacters, found 3 and 2"
        );
    }
}
