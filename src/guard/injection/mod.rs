//! Prompt injection: a phrase grammar over normalised words, chat-template delimiters, the marks of known jailbreaks, and a
//! table of weights for n-grams.
//!
//! Not a list of sentences: a phrase is a verb, what it acts on and how far, found within a window of words that ends with
//! the sentence. A sign has a [`Level`], and the sensitivity decides which levels count.
//!
//! One pass from left to right, a word at a time; what it decides hangs on a few words ahead and on what came before, so that
//! it can stop anywhere and go on when more text comes ([`Look`]).

mod cjk;
mod delimiters;
mod encoded;
pub(super) mod fold;
mod grammar;
mod hidden;
mod images;
mod jailbreaks;
mod lexicon;
mod loosened;
mod ngrams;
mod readers;
mod released;
mod words;

pub(super) use hidden::Hidden;
pub use ngrams::{Ngrams, Trust};

use std::sync::Arc;

use super::{decoded::Encoding, detector::Sensitivity, finding::Hit, kind::Kind, pass::Pass, steps::count, view::View};
use encoded::Chain;
use grammar::{AHEAD, BEHIND, Phrases, STARTS};
use jailbreaks::Shown;
use lexicon::Tags;
use ngrams::{History, Score};
use words::{Mark, Splitter, Word};

/// How much a sign says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// It has innocent uses.
    Weak,
    /// It is clear.
    Clear,
    /// It is complete in itself: a verb, its object and its scope; a jailbreak by name.
    Complete,
}

impl Level {
    /// How sure a finding of that level is.
    const fn confidence(self) -> u8 {
        match self {
            Level::Weak => 40,
            Level::Clear => 70,
            Level::Complete => 90,
        }
    }
}

/// Something that looks like injection, from one word to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sign {
    kind: Kind,
    first: usize,
    last: usize,
    level: Level,
    rule: &'static str,
}

/// How text is looked at.
#[derive(Clone, Copy, Debug)]
struct Options<'a> {
    sensitivity: Sensitivity,
    trust: Trust,
    ngrams: Option<&'a Ngrams>,
}

/// How many encodings within one another are undone. What is still encoded then is a finding: nobody does that without a
/// purpose.
const DEEPEST: usize = 3;

/// As many words are read before they are looked at.
const BATCH: usize = 512;

/// What every phrase, name and habit has one of, at the place where it is looked for.
const HEADS: Tags = grammar::HEADS.or(loosened::HEADS).or(readers::HEADS).or(released::HEADS).or(jailbreaks::HEADS);

/// How many words after those that are taken for injection the head of a phrase may come that they belong to.
const SOON: usize = 10;

/// How many words behind a persona "no rules" are its rules.
const PERSONA: usize = 45;

/// Looks for signs of injection in one text.
///
/// High sensitivity counts every sign, medium every clear one. Low counts the complete ones of the families that are
/// beyond doubt (instructions set aside, the system prompt asked for, jailbreaks); of the others it takes two clear signs, and
/// tells the second.
pub(super) struct Injection {
    look: Look,
    sensitivity: Sensitivity,
    trust: Trust,
    ngrams: Option<Arc<Ngrams>>,
}

impl Injection {
    pub fn new(sensitivity: Sensitivity, trust: Trust, ngrams: Option<Arc<Ngrams>>) -> Self {
        Self { look: Look::new(sensitivity), sensitivity, trust, ngrams }
    }
}

impl Pass for Injection {
    fn run(&mut self, view: &View, base: usize, hits: &mut Vec<Hit>) -> usize {
        let options = Options { sensitivity: self.sensitivity, trust: self.trust, ngrams: self.ngrams.as_deref() };
        self.look.run(view, base, options, hits)
    }
}

/// The buckets of every word's n-grams, for fitting the weights. A word that has none begins the text anew.
pub fn buckets(text: &str) -> Vec<Option<[u16; 3]>> {
    let mut splitter = Splitter::new(Level::Complete);
    splitter.run(&View::new(text, true), 0, &|_| None, usize::MAX);
    let mut history = History::default();
    let words = splitter.words.iter().map(|word| match word.mark {
        None => Some(history.buckets(word.hash)),
        Some(_) => {
            history = History::default();
            None
        }
    });
    words.collect()
}

/// Where a pass stands. Positions in the text are absolute: bytes from the beginning of the whole.
struct Look {
    depth: usize,
    splitter: Splitter,
    /// The next word to be looked at.
    at: usize,
    /// The first word that is in no finding.
    floor: usize,
    /// Where the finding ends that is looked at, 0 without one: phrases within it may make it longer.
    open: usize,
    score: Score,
    shown: Shown,
    /// How many words ago a persona was taken.
    persona: Option<usize>,
    /// Whether there was a clear sign, and a complete one.
    clear: bool,
    complete: bool,
    /// How the first finding was encoded.
    found: Option<Chain>,
}

impl Look {
    fn new(sensitivity: Sensitivity) -> Self {
        Self {
            depth: 0,
            splitter: Splitter::new(least(sensitivity)),
            at: 0,
            floor: 0,
            open: 0,
            score: Score::default(),
            shown: Shown::default(),
            persona: None,
            clear: false,
            complete: false,
            found: None,
        }
    }

    /// Goes on as far as the text allows, always with the same options. `base` is where the view begins in the whole text; it
    /// reaches back by [`super::sweep::LOOKBACK`] before what was held, or to the beginning. Hits are added to `hits`. Answers from where
    /// on hits may still come.
    fn run(&mut self, view: &View, base: usize, options: Options, hits: &mut Vec<Hit>) -> usize {
        let depth = self.depth;
        let judge = |text: &str| judge(text, depth + 1, options);
        loop {
            let done = self.splitter.run(view, base, &judge, self.at + BATCH);
            let whole = done && view.is_whole();
            let ready = self.splitter.ready(whole);
            let end = if whole { ready } else { ready.saturating_sub(AHEAD + SOON) };
            while self.at < end {
                self.word(ready, options, hits);
            }
            let behind = self.at.saturating_sub(BEHIND);
            if behind > BATCH || done {
                self.splitter.drain(behind);
                self.at -= behind;
                self.floor = self.floor.saturating_sub(behind);
                self.open = self.open.saturating_sub(behind);
            }
            if done {
                return if whole { base + view.len() } else { self.held(options) };
            }
        }
    }

    /// Looks at the next word. The first `ready` will not change any more.
    fn word(&mut self, ready: usize, options: Options, hits: &mut Vec<Hit>) {
        let at = self.at;
        let Some(Word { tags, mark, .. }) = self.splitter.words.get(at) else { return };
        let (tags, mark) = (*tags, *mark);
        self.at += 1;
        count(1);
        if self.open > 0 && at >= self.open {
            self.begin_anew(at);
        }
        self.shown.pass();
        self.persona = self.persona.map(|ago| ago + 1).filter(|ago| *ago < PERSONA);
        if let Some(mark) = mark {
            return self.marked(at, mark, options, hits);
        }
        if tags != Tags::default() {
            // What was behind the last finding stands behind a placeholder when that is redacted.
            if at == self.floor {
                self.splitter.words.get_mut(at).into_iter().for_each(|word| word.breaks = true);
            }
            // Most words begin nothing.
            if tags.any(HEADS) || self.persona.is_some() {
                self.phrases(at, ready, options, hits);
            }
        }
        if self.open == 0
            && let (Some(ngrams), Some(word)) = (options.ngrams, self.splitter.words.get(at))
            && self.score.add(ngrams, word, ngrams.threshold(options.trust, options.sensitivity))
        {
            self.passed_the_sum(at, ready, options, hits);
        }
    }

    /// What is no word ends what is looked at, and may be a finding itself.
    fn marked(&mut self, at: usize, mark: Mark, options: Options, hits: &mut Vec<Hit>) {
        let sign = match mark {
            Mark::Placeholder => None,
            Mark::Delimiter(level) => Some((Kind::Delimiter, level, Chain::default(), "chat-template-delimiter")),
            Mark::Encoded(chain) => Some((Kind::Encoding, Level::Clear, chain, chain.rule())),
        };
        if let (Some((kind, level, chain, rule)), Some(word)) = (sign, self.splitter.words.get(at).copied())
            && self.counts(level, options.sensitivity)
        {
            self.tell(Hit::new(kind, word.start, word.end, false, rule), level, chain, hits);
        }
        self.open = self.open.max(at + 1);
    }

    /// Tells of the phrases that have their head at that word.
    fn phrases(&mut self, at: usize, ready: usize, options: Options, hits: &mut Vec<Hit>) {
        let floor = self.floor.max(at.saturating_sub(BEHIND));
        let phrases = Phrases(self.splitter.words.get(floor..ready).unwrap_or_default());
        let here = at - floor;
        let mut signs = Vec::new();
        grammar::signs(&phrases, here, &mut signs);
        jailbreaks::signs(&phrases, here, options.sensitivity, &mut self.shown, &mut signs);
        if self.persona.is_some()
            && let Some(last) = grammar::unbound(&phrases, here, 1)
        {
            signs.extend(phrases.sign(Kind::RolePlaying, here, last, Level::Clear, "persona-without-rules"));
        }
        let takes_persona = grammar::takes_persona(&phrases, here);
        for sign in signs {
            if !self.counts(sign.level, options.sensitivity) {
                continue;
            }
            let words = self.splitter.words.get(floor + sign.first..=floor + sign.last).unwrap_or_default();
            let code = words.iter().find_map(|word| word.code);
            let (Some(first), Some(last)) = (words.first().copied(), words.last().copied()) else { continue };
            let hit = Hit::new(sign.kind, first.start, last.end, false, sign.rule);
            self.tell_read(hit, sign.level, code, hits);
            self.open = self.open.max(floor + sign.last + 1);
        }
        if takes_persona && self.open == 0 {
            self.persona = Some(0);
        }
    }

    /// Tells of the words up to `at`, whose n-grams say what they are.
    fn passed_the_sum(&mut self, at: usize, ready: usize, options: Options, hits: &mut Vec<Hit>) {
        let floor = self.floor.max(at.saturating_sub(BEHIND));
        let Some(word) = self.splitter.words.get(at).copied() else { return };
        if !self.is_phrase(at, floor, ready, options.sensitivity) {
            let start = self.score.start().unwrap_or(word.start);
            let kind = if self.shown.weight() > 1 { Kind::Jailbreak } else { Kind::InstructionInjection };
            let hit = Hit::new(kind, start, word.end, false, "n-grams");
            self.tell_read(hit, Level::Clear, word.code, hits);
            self.open = at + 1;
        }
    }

    /// Whether the words up to `at` are in a phrase whose head comes soon: it knows better what it is than a sum does.
    fn is_phrase(&self, at: usize, floor: usize, ready: usize, sensitivity: Sensitivity) -> bool {
        let phrases = Phrases(self.splitter.words.get(floor..ready).unwrap_or_default());
        let mut shown = self.shown;
        let first = (at + 1..=at + SOON).find_map(|head| {
            let mut signs = Vec::new();
            grammar::signs(&phrases, head - floor, &mut signs);
            jailbreaks::signs(&phrases, head - floor, sensitivity, &mut shown, &mut signs);
            signs.iter().filter(|sign| self.is_enough(sign.level, sensitivity)).map(|sign| floor + sign.first).min()
        });
        first.is_some_and(|first| first <= at)
    }

    /// Tells of what is in words, some of which may have been encoded.
    fn tell_read(&mut self, hit: Hit, level: Level, code: Option<Encoding>, hits: &mut Vec<Hit>) {
        let Some(code) = code else { return self.tell(hit, level, Chain::default(), hits) };
        let chain = Chain::default().within(code);
        self.tell(Hit { kind: Kind::Encoding, rule: chain.rule(), ..hit }, level, chain, hits);
    }

    fn tell(&mut self, hit: Hit, level: Level, chain: Chain, hits: &mut Vec<Hit>) {
        self.found = self.found.or(Some(chain));
        hits.push(Hit { decoded: chain.decoded, ..hit }.sure(level.confidence()));
    }

    /// What comes before that word is no part of what follows.
    fn begin_anew(&mut self, word: usize) {
        (self.floor, self.open) = (word, 0);
        self.score.reset();
        (self.shown, self.persona) = (Shown::default(), None);
    }

    /// Whether a sign of that level counts, after those that were.
    fn is_enough(&self, level: Level, sensitivity: Sensitivity) -> bool {
        level >= least(sensitivity)
            && (sensitivity != Sensitivity::Low || level == Level::Complete || self.complete || self.clear)
    }

    /// The same, and it is one of those that were.
    fn counts(&mut self, level: Level, sensitivity: Sensitivity) -> bool {
        let enough = self.is_enough(level, sensitivity);
        self.clear |= level >= least(sensitivity);
        self.complete |= level == Level::Complete;
        enough
    }

    /// From where on hits may still come.
    fn held(&self, options: Options) -> usize {
        let words = &self.splitter.words;
        // A finding begins with a word that a phrase may begin with, and may begin behind the place that is looked at; the sum of
        // the n-grams has not come further than that place.
        let from = self.floor.max(self.at.saturating_sub(BEHIND));
        let unsure = self.splitter.unsure();
        let first = words.iter().enumerate().skip(from).find(|(at, word)| {
            word.tags.any(STARTS.or(jailbreaks::HEADS))
                || word.mark.is_some()
                || *at >= unsure
                || options.ngrams.is_some() && *at >= self.at
        });
        let held = self.splitter.held().min(first.map_or(usize::MAX, |(_, word)| word.start));
        held.min(self.score.start().unwrap_or(usize::MAX))
    }
}

/// The least level that counts.
fn least(sensitivity: Sensitivity) -> Level {
    if sensitivity == Sensitivity::High { Level::Weak } else { Level::Clear }
}

/// How a decoded text is encoded further, if it is injection. What is read out of letters that only happen to look encoded
/// says nothing by weak signs.
fn judge(text: &str, depth: usize, options: Options) -> Option<Chain> {
    if depth > DEEPEST {
        let is_text = text.chars().all(|c| !c.is_control() || c.is_whitespace());
        return is_text.then_some(Chain { deep: true, ..Chain::default() });
    }
    let options = Options { sensitivity: Sensitivity::Medium, ..options };
    let mut look = Look { depth, ..Look::new(options.sensitivity) };
    look.splitter.ciphers = depth < DEEPEST;
    look.run(&View::new(text, true), 0, options, &mut Vec::new());
    look.found
}

#[cfg(test)]
mod tests;
