//! The system prompt, where it comes out again: marked words that stand in it, or as many of its words in a row.
//!
//! The words of a prompt are kept as hashes of one to [`GRAM`] words in a row. In a text, a row of words is alive while its
//! last words stand in the prompt in that order; it is a finding once it is long enough.

use std::sync::Arc;

use super::{
    finding::Hit,
    kind::Kind,
    mark,
    pass::Pass,
    script::stands_alone,
    view::{Need, View},
};
use crate::error::{Error, Result};

/// How many words in a row are looked up at once.
const GRAM: usize = 5;

/// Findings are cut at that many words: the window that a stream may hold.
const WINDOW: usize = 64;

/// No word is longer; what is longer is none.
const LONGEST: usize = 64;

/// A prompt that must not come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Hashes of rows of one to [`GRAM`] words, each with its length mixed in; sorted.
    rows: Arc<[u64]>,
    /// How many words in a row make a finding.
    least: usize,
}

impl Leak {
    /// How many words in a row make a finding where nothing else is said.
    pub const LEAST: usize = 12;

    /// The prompt, and how many of its words in a row make a finding: 5 to 64.
    pub fn new(prompt: &str, least: usize) -> Result<Self> {
        let words: Vec<u64> = words(prompt).map(|(_, _, word)| word).collect();
        if !(GRAM..=WINDOW).contains(&least) || words.len() < least {
            return Err(Error::config(format!(
                "cannot read leak options: expected minWords from {GRAM} to {WINDOW} and a systemPrompt with as many words, found {least} and {} words",
                words.len()
            )));
        }
        let mut rows: Vec<u64> = Vec::with_capacity(words.len() * GRAM);
        for at in 0..words.len() {
            for length in 1..=GRAM.min(words.len() - at) {
                rows.push(row(words.get(at..at + length).unwrap_or_default()));
            }
        }
        crate::collections::sort_by_key(&mut rows, |row| *row);
        rows.dedup();
        Ok(Self { rows: rows.into(), least })
    }

    /// At work for the guard at that place.
    pub(super) fn pass(&self, guard: usize) -> Box<dyn Pass> {
        Box::new(Walk { leak: self.clone(), guard, at: 0, alive: Vec::new(), found: false })
    }

    fn has(&self, words: &[u64]) -> bool {
        self.rows.binary_search(&row(words)).is_ok()
    }
}

/// The hash of words in a row.
fn row(words: &[u64]) -> u64 {
    words
        .iter()
        .fold(words.len() as u64, |hash, word| (hash ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29))
}

/// The words of a whole text: where they begin and end, and their hashes.
fn words(text: &str) -> impl Iterator<Item = (usize, usize, u64)> {
    let view = View::new(text, true);
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            match word(&view, at) {
                Ok(Some((end, Some(hash)))) => {
                    let start = at;
                    at = end;
                    return Some((start, end, hash));
                }
                Ok(Some((end, None))) => at = end,
                Ok(None) | Err(Need) => return None,
            }
        }
        None
    })
}

/// What begins there: a word, with its hash, or what is none. `None` at the end of the text.
fn word(view: &View, start: usize) -> std::result::Result<Option<(usize, Option<u64>)>, Need> {
    let Some(first) = view.char_at(start)? else { return Ok(None) };
    if first == '[' {
        return Ok(Some((start + mark::opens(view, start)?.max(1), None)));
    }
    if !first.is_alphanumeric() {
        return Ok(Some((start + first.len_utf8(), None)));
    }
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut end = start;
    while end - start < LONGEST
        && let Some(c) = view.char_at(end)?.filter(|c| c.is_alphanumeric())
    {
        for c in c.to_lowercase() {
            hash = (hash ^ u64::from(u32::from(c))).wrapping_mul(0x100_0000_01B3);
        }
        end += c.len_utf8();
        if stands_alone(c) {
            break;
        }
    }
    Ok(Some((end, Some(hash))))
}

struct Walk {
    leak: Leak,
    guard: usize,
    /// Everything before was looked at.
    at: usize,
    /// The words in a row that stand in the prompt: where they begin and end, and their hashes.
    alive: Vec<(usize, usize, u64)>,
    /// Whether words before them were a finding that they go on from.
    found: bool,
}

impl Walk {
    /// Adds a word to the row, and lets go of the words that are then in no row of the prompt.
    fn add(&mut self, start: usize, end: usize, hash: u64, hits: &mut Vec<Hit>) {
        self.alive.push((start, end, hash));
        let last = |length: usize| {
            let from = self.alive.len().saturating_sub(length);
            self.alive.get(from..).unwrap_or_default().iter().map(|(_, _, hash)| *hash).collect::<Vec<_>>()
        };
        let known = (1..=GRAM.min(self.alive.len())).rev().find(|length| self.leak.has(&last(*length))).unwrap_or(0);
        if known < GRAM && known < self.alive.len() {
            // The row ended before this word; its last words may begin another one.
            let rest = self.alive.get(self.alive.len() - known..).unwrap_or_default().to_vec();
            self.alive.pop();
            self.close(hits);
            self.alive = rest;
        } else if self.alive.len() >= WINDOW {
            self.close(hits);
            self.found = true;
        }
    }

    /// The row ends: it is a finding if it is long enough, or goes on from one.
    fn close(&mut self, hits: &mut Vec<Hit>) {
        if (self.alive.len() >= self.leak.least || self.found)
            && let (Some((start, ..)), Some((_, end, _))) = (self.alive.first(), self.alive.last())
        {
            hits.push(
                Hit::new(Kind::SystemPrompt, *start, *end, false, "prompt-overlap").sure(90).of_guard(self.guard),
            );
        }
        self.alive.clear();
        self.found = false;
    }
}

impl Pass for Walk {
    fn run(&mut self, view: &View, base: usize, hits: &mut Vec<Hit>) -> usize {
        let mut at = self.at.saturating_sub(base);
        while at < view.len() {
            match word(view, at) {
                Ok(Some((end, Some(hash)))) => {
                    self.add(base + at, base + end, hash, hits);
                    at = end;
                }
                Ok(Some((end, None))) => {
                    if view.seen(at) == Some(b'[') && end > at + 1 {
                        // What was taken out there was none of it.
                        self.close(hits);
                    }
                    at = end;
                }
                Ok(None) | Err(Need) => break,
            }
        }
        self.at = base + at;
        if view.is_whole() {
            self.close(hits);
        }
        self.alive.first().map_or(self.at, |(start, ..)| *start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPT: &str = "You are Ada, the assistant of Acme. Never tell anybody the discount code, and never speak of the \
                          merger with Initech before the first of May. Answer in the language of the question.";

    fn found(text: &str, least: usize) -> Vec<&str> {
        let mut hits = Vec::new();
        Leak::new(PROMPT, least).unwrap().pass(0).run(&View::new(text, true), 0, &mut hits);
        hits.iter().map(|hit| &text[hit.start..hit.end]).collect()
    }

    #[test]
    fn as_many_words_in_a_row_however_they_are_set() {
        let cases: &[(&str, &[&str])] = &[
            (
                "My rules: \"NEVER tell anybody -- the discount code, and never speak of the merger\".",
                &["NEVER tell anybody -- the discount code, and never speak of the merger"],
            ),
            ("Never tell anybody the discount", &[]),
            ("I never tell anybody the discount code and never do", &[]),
            ("the first of May is in the language of the question", &[]),
            ("Never tell anybody the discount [REDACTED_EMAIL] code, and never speak of the", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text, 10), *expected, "{text}");
        }
        assert_eq!(found(PROMPT, 10), [&PROMPT[..PROMPT.len() - 1]], "all of it");
        assert_eq!(found("秘", 5), [] as [&str; 0]);
    }

    #[test]
    fn a_long_leak_is_found_in_windows() {
        let prompt: String = (0..200).map(|number| format!("word{number} ")).collect();
        let mut hits = Vec::new();
        Leak::new(&prompt, 12).unwrap().pass(0).run(&View::new(&prompt, true), 0, &mut hits);
        let covered: usize = hits.iter().map(|hit| words(&prompt[hit.start..hit.end]).count()).sum();
        assert_eq!((hits.len(), covered), (4, 200));
    }

    #[test]
    fn what_could_not_be_found_is_refused() {
        assert_eq!(
            Leak::new("Be kind.", 10).unwrap_err().message(),
            "cannot read leak options: expected minWords from 5 to 64 and a systemPrompt with as many words, found 10 and 2 words"
        );
    }
}
