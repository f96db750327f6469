//! A text as the words that a reader would see.
//!
//! Characters are folded to plain lower case ([`super::fold`]); digits and signs that stand for letters (`1gn0re`) are read as those
//! where a word has letters too. Letters set apart (`i g n o r e`), words cut in pieces (`ig nore`) and words run together are
//! put right; units of percent, HTML and backslash encoding are read as the characters they are. Positions stay those of the
//! original.
//!
//! A [`Splitter`] goes on where it stopped when more text comes, and what it makes of a text does not depend on where it had
//! to stop.

mod letters;
mod runs;

use super::{
    Level, cjk, delimiters,
    encoded::{self, Chain},
    fold::{Sign, sign},
    lexicon::{Tags, may_begin},
};
use crate::{decoded::Encoding, mark, steps::count, view::View};

/// A word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    /// Where it begins in the original.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it may do in a phrase.
    pub tags: Tags,
    /// The hash of its letters.
    pub hash: u32,
    /// Whether a sentence, a paragraph or a placeholder ends before it.
    pub breaks: bool,
    /// Whether a comma or a colon follows.
    pub pauses: bool,
    /// Whether a colon follows.
    pub colon: bool,
    /// Whether a placeholder follows, or what will be one: the phrase did not end there.
    pub cut: bool,
    /// How it was encoded.
    pub code: Option<Encoding>,
    /// What it is, where it is no word.
    pub mark: Option<Mark>,
}

/// What is no word, and a sign by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A placeholder: what stood there was something else.
    Placeholder,
    /// A delimiter of a chat template.
    Delimiter(Level),
    /// Injection, encoded so.
    Encoded(Chain),
}

/// How many bytes ahead a character's meaning may depend on: the longest placeholder, delimiter or encoded unit.
const AHEAD: usize = 64;

/// How many bytes behind a word that asks for deciphering are deciphered.
const CIPHERED: usize = 600;

/// As many single letters are one word at the most.
const LONGEST_RUN: usize = 256;

/// What a hash begins with (FNV-1a).
pub(super) const SEED: u32 = 0x811C_9DC5;

/// A hash with a letter more.
#[inline(always)]
pub(super) const fn step(hash: u32, letter: u8) -> u32 {
    (hash ^ letter as u32).wrapping_mul(0x0100_0193)
}

/// The hash of letters.
pub(super) fn hash_of(letters: &[u8]) -> u32 {
    letters.iter().fold(SEED, |hash, letter| step(hash, *letter))
}

/// The hash of every number.
const NUMBER: u32 = step(SEED, b'0');

/// What a byte is, at the beginning of a word or right behind its letters.
const LETTER: u8 = 1;
/// It ends a plain word.
const ENDS: u8 = 2;
/// It may belong to a run of base64.
const RUN: u8 = 4;
/// What it means depends on what follows.
const OPENS: u8 = 8;
/// A word may go on behind it.
const JOINS: u8 = 16;
/// It ends a word, and is nothing else.
const APART: u8 = 32;

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
static CLASSES: [u8; 256] = {
    let mut classes = [0_u8; 256];
    let mut byte = 0;
    while byte < 256 {
        let c = byte as u8;
        let mut class = 0;
        if c.is_ascii_alphabetic() {
            class |= LETTER;
        }
        if c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'-' | b'_') {
            class |= RUN;
        }
        if matches!(
            c,
            b' ' | b'\n' | b'\t' | b'\r' | b',' | b'.' | b';' | b':' | b'?' | b'(' | b')' | b'"' | b'>' | b'}' | b'`'
        ) {
            class |= ENDS;
        }
        if matches!(c, b'[' | b'<' | b'#' | b'&' | b'%' | b'\\' | b'*' | b'_') || c >= 0x80 {
            class |= OPENS;
        }
        if matches!(c, b'&' | b'%' | b'\\' | b'*' | b'_' | b'@' | b'$' | b'!' | b'|' | b'\'' | b'0'..=b'9') || c >= 0x80
        {
            class |= JOINS;
        }
        if c < 0x80 && !c.is_ascii_alphanumeric() && class & (OPENS | JOINS) == 0 {
            class |= APART;
        }
        classes[byte] = class;
        byte += 1;
    }
    classes
};

#[inline(always)]
fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The length of the placeholder that a text begins with. Placeholders end a phrase and are no words: what stood there
/// was something else.
fn placeholder(text: &str) -> Option<usize> {
    mark::length(text.as_bytes()).filter(|length| *length > 0)
}

/// How a text is judged that was encoded: the way in which it is encoded further, if it is injection.
pub(super) type Judge<'a> = &'a dyn Fn(&str) -> Option<Chain>;

#[derive(Default)]
pub(super) struct Splitter {
    pub words: Vec<Word>,
    /// Delimiters below that level are no marks.
    least: Option<Level>,
    /// Whether ciphers are undone.
    pub ciphers: bool,
    /// Everything before was read.
    at: usize,
    word: Vec<u8>,
    /// The same in the sounds of Cyrillic, as long as all of it is.
    sounds: Vec<u8>,
    /// Of letters that fold to none of ours.
    foreign: u32,
    start: usize,
    end: usize,
    leet: bool,
    capitals: usize,
    code: Option<Encoding>,
    /// A break before the next word.
    breaks: bool,
    newlines: usize,
    /// How many characters since the last word ended.
    gap: usize,
    /// What stood there last.
    between: char,
    /// Single letters at the end of `words`, one character apart, and which.
    run: Vec<u8>,
    run_between: Option<char>,
    /// Runs that may be encoded were looked for up to here.
    checked: usize,
    /// As far as the run goes that has not ended yet, and where its last line begins.
    seen: usize,
    line: usize,
    /// Bytes written one by one, which have not ended yet either, and where they begin.
    groups: (usize, encoded::Groups),
    /// Where the word ended that asks for deciphering what follows.
    cipher: Option<(usize, usize)>,
    /// What has been deciphered.
    deciphered: usize,
}

/// How far a run of base64 or of encoded units goes, or that more must come.
enum Run {
    None,
    Marked(usize),
    Open,
}

impl Splitter {
    pub fn new(least: Level) -> Self {
        Self { least: Some(least), ciphers: true, ..Self::default() }
    }

    /// How many words will not change any more.
    pub fn ready(&self, whole: bool) -> usize {
        if whole { self.words.len() } else { self.words.len().saturating_sub(self.run.len().max(3)) }
    }

    /// The first word that may still become part of another.
    pub fn unsure(&self) -> usize {
        let count = self.words.len();
        let pieces = self.words.iter().rev().take(2).rposition(|word| may_begin(word.hash)).map_or(0, |back| back + 1);
        count - self.run.len().max(pieces).min(count)
    }

    /// From where on the text is not in words yet.
    pub fn held(&self) -> usize {
        let unread = self.cipher.map_or(self.at, |(start, _)| start);
        if self.word.is_empty() { unread } else { unread.min(self.start) }
    }

    /// Forgets the first words.
    pub fn drain(&mut self, count: usize) {
        self.words.drain(..count);
    }

    /// Reads on, to `limit` words and no further. Answers whether all was read that can be. `base` is where the view begins in
    /// the whole text; the last words are still in it.
    pub fn run(&mut self, view: &View, base: usize, judge: Judge, limit: usize) -> bool {
        let (text, whole) = (view.text(), view.is_whole());
        let bytes = text.as_bytes();
        let mut at = self.at.saturating_sub(base);
        while let Some(byte) = bytes.get(at).copied() {
            count(1);
            if self.words.len() >= limit {
                self.at = base + at;
                return false;
            }
            if self.cipher.is_some() {
                match self.decipher(text, base, whole, judge) {
                    Some(end) => at = end,
                    None => break,
                }
                continue;
            }
            if self.word.is_empty() {
                // What stands between plain words, most of the time.
                if byte == b' ' {
                    self.gap += 1;
                    self.between = ' ';
                    at += 1;
                    continue;
                }
                // A long run that has not ended yet is read from where it was left.
                if self.seen >= base + at + encoded::SHORTEST && class(byte) & RUN != 0 && base + at >= self.checked {
                    match self.base64(text, base, at, whole, judge) {
                        Run::Marked(end) => {
                            at = end;
                            continue;
                        }
                        Run::Open => break,
                        Run::None => {}
                    }
                }
                let (mut end, mut hash) = (at, SEED);
                let mut next = Some(byte);
                while let Some(letter) = next
                    && class(letter) & LETTER != 0
                {
                    hash = step(hash, letter | 0x20);
                    end += 1;
                    next = bytes.get(end).copied();
                }
                let length = end - at;
                count(length);
                let ends = next.map(class);
                if byte.is_ascii_digit() {
                    let count =
                        bytes.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
                    // Bytes may be written as two digits or eight.
                    let number = count != 1 && count != 2 && count != 8 && count < encoded::SHORTEST;
                    if number && bytes.get(at + count).is_some_and(|next| class(*next) & ENDS != 0) {
                        self.end_run();
                        self.push(base + at, base + at + count, Tags::default(), NUMBER);
                        (self.gap, self.newlines) = (0, 0);
                        at += count;
                        continue;
                    }
                }
                if length > 1 && length < encoded::SHORTEST && ends.is_some_and(|class| class & ENDS != 0) {
                    self.plain_word(text, base, at, end, hash);
                    at = end;
                    continue;
                }
                if class(byte) & RUN != 0 && base + at >= self.checked {
                    match self.base64(text, base, at, whole, judge) {
                        Run::Marked(end) => {
                            at = end;
                            continue;
                        }
                        Run::Open => break,
                        Run::None => {}
                    }
                }
                let closed = match ends {
                    None => whole,
                    // Marks of emphasis come in pairs.
                    Some(_) if matches!(next, Some(b'_' | b'*')) => {
                        bytes.get(end + 1).is_some_and(|after| Some(*after) != next)
                    }
                    Some(class) => class & (JOINS | LETTER) == 0,
                };
                if length > 1 && closed {
                    self.plain_word(text, base, at, end, hash);
                    at = end;
                    continue;
                }
            }
            if class(byte) & APART != 0
                && let Some(after) = bytes.get(at + 1).copied().filter(u8::is_ascii)
            {
                self.end_word();
                self.punctuation(char::from(byte), Some(char::from(after)));
                at += 1;
                continue;
            }
            // The letters of a word that is not plain.
            if class(byte) & LETTER != 0 && (whole || at + 1 < bytes.len()) {
                self.letter(byte | 0x20, base + at, base + at + 1, char::from(byte));
                at += 1;
                continue;
            }
            let rest = text.get(at..).unwrap_or_default();
            let mut chars = rest.chars();
            let Some(mut c) = chars.next() else { break };
            let next = chars.next();
            if !whole && (next.is_none() || class(byte) & OPENS != 0 && rest.len() < AHEAD) {
                break;
            }
            let mut end = at + c.len_utf8();
            let mut code = None;
            match byte {
                b'[' | b'<' | b'#' => {
                    let mark = match placeholder(rest) {
                        Some(length) => Some((length, Mark::Placeholder)),
                        None => delimiters::at(rest)
                            .filter(|(_, level)| Some(*level) >= self.least)
                            .map(|(length, level)| (length, Mark::Delimiter(level))),
                    };
                    if let Some((length, mark)) = mark {
                        self.mark(base + at, base + at + length, mark);
                        at += length;
                        continue;
                    }
                }
                b'%' | b'&' | b'\\' => {
                    if let Some((unit, length, found)) = encoded::unit(rest) {
                        if base + at >= self.checked {
                            match self.units(text, base, at, whole, found, judge) {
                                Run::Marked(end) => {
                                    at = end;
                                    continue;
                                }
                                Run::Open => break,
                                Run::None => {}
                            }
                        }
                        (c, end, code) = (unit, at + length, Some(found));
                    }
                }
                // Marks of emphasis within a word.
                b'*' | b'_' if !self.word.is_empty() => {
                    if let Some(after) = rest.strip_prefix("**").or_else(|| rest.strip_prefix("__"))
                        && after.starts_with(|c: char| c.is_ascii_alphabetic())
                    {
                        at += 2;
                        continue;
                    }
                }
                _ => {}
            }
            // What follows an encoded unit may be one too.
            let next = if code.is_some() {
                let after = text.get(end..).unwrap_or_default();
                encoded::unit(after).map(|(unit, ..)| unit).or_else(|| after.chars().next())
            } else {
                next
            };
            self.code = self.code.or(code.filter(|_| matches!(sign(c), Sign::Letter(_) | Sign::Leet(_))));
            match sign(c) {
                Sign::Letter(letter) => self.letter(letter, base + at, base + end, c),
                // At the end of a word these are what they are.
                Sign::Leet(byte)
                    if byte.is_ascii_digit() || next.is_some_and(|c| matches!(sign(c), Sign::Letter(_))) =>
                {
                    self.letter(byte, base + at, base + end, c);
                }
                Sign::Foreign => self.letter(b'?', base + at, base + end, c),
                Sign::Unspaced => match cjk::word(rest) {
                    Some((length, tags)) => {
                        self.end_word();
                        self.end_run();
                        let hash = hash_of(rest.get(..length).unwrap_or_default().as_bytes());
                        self.push(base + at, base + at + length, tags, hash);
                        (self.gap, self.newlines) = (0, 0);
                        end = at + length;
                    }
                    None => self.letter(b'?', base + at, base + end, c),
                },
                Sign::Invisible => self.skip(base + end),
                Sign::Silent if !self.word.is_empty() => self.skip(base + end),
                Sign::Leet(_) | Sign::Silent | Sign::Other => {
                    self.end_word();
                    self.punctuation(c, next);
                }
            }
            at = end;
        }
        self.at = base + at;
        if whole {
            self.end_word();
            self.end_run();
        }
        true
    }
}

#[cfg(test)]
mod tests;
