//! A text as words that the table knows.
//!
//! Letters are folded as for injection (accents, look-alikes, invisible characters). What a writer did to a word so that no
//! list has it is undone where that makes a word of the table: digits and signs for letters, letters starred out, drawn
//! out or set apart.

use super::table::{Table, Tags, own};
use crate::{
    injection::fold::{Sign, sign, unleet},
    mark,
};

/// A word, or several that the table knows as one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    /// Where it begins in the original.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it is called in the table.
    pub hash: u32,
    /// Its classes.
    pub tags: Tags,
    /// Whether a sentence ends before it.
    pub breaks: bool,
    /// Whether there is a pause before it: a comma, a quote, a dash.
    pub pauses: bool,
}

/// The hash of a word (FNV-1a).
pub(super) fn hash(letters: &[u8]) -> u32 {
    letters.iter().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// The hash of words one after the other.
pub(super) fn join(first: u32, second: u32) -> u32 {
    (first.rotate_left(5) ^ second).wrapping_mul(0x9E37_79B1)
}

/// Longer words are not looked up in other spellings.
const LONGEST: usize = 32;

/// Splits a text into words.
pub(super) fn split(text: &str, table: &Table) -> Vec<Word> {
    let mut splitter = Splitter {
        table,
        words: Vec::with_capacity(text.len() / 5),
        word: Vec::new(),
        start: 0,
        end: 0,
        lower: false,
        plain: true,
        breaks: false,
        pauses: false,
        gap: 0,
        run: Vec::new(),
    };
    let char_at = |at: usize| text.get(at..).and_then(|rest| rest.chars().next());
    let mut after = 0;
    while let Some(c) = char_at(after) {
        let at = after;
        after = at + c.len_utf8();
        // Most of a text is plain letters with spaces between: those of a word at once.
        if c.is_ascii_alphabetic() {
            let rest = text.as_bytes().get(at..).unwrap_or_default();
            let length = rest.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len());
            splitter.letters(rest.get(..length).unwrap_or_default(), at);
            after = at + length;
            continue;
        }
        if c == ' ' {
            splitter.end_word();
            splitter.punctuation(c, None);
            continue;
        }
        // What was taken out is no word, and nothing goes on behind it.
        if c == '['
            && let Some(rest) = text.get(at..)
            && let Some(length) = mark::length(rest.as_bytes()).filter(|length| *length > 0)
        {
            after = at + length;
            splitter.end_word();
            splitter.stop();
            continue;
        }
        let end = after;
        let next = char_at(end);
        match sign(c) {
            Sign::Letter(letter) => splitter.letter(letter, at, end, c),
            Sign::Leet(byte) if byte.is_ascii_digit() || next.is_some_and(is_letter) => {
                splitter.letter(byte, at, end, c);
            }
            Sign::Foreign | Sign::Unspaced => splitter.letter(b'?', at, end, c),
            Sign::Invisible => splitter.skip(end),
            Sign::Silent if next.is_some_and(is_letter) => splitter.skip(end),
            _ if splitter.stars(c, next) => splitter.letter(b'*', at, end, c),
            _ => {
                splitter.end_word();
                if c >= '\u{1F000}' {
                    let mut bytes = [0; 4];
                    let name = hash(c.encode_utf8(&mut bytes).as_bytes());
                    splitter.pauses = true;
                    splitter.push(at, end, name, table.tags(name).unwrap_or_default());
                } else {
                    splitter.punctuation(c, next);
                }
            }
        }
    }
    splitter.end_word();
    splitter.end_run();
    together(&mut splitter.words, table);
    splitter.words
}

fn is_letter(c: char) -> bool {
    matches!(sign(c), Sign::Letter(_))
}

struct Splitter<'a> {
    table: &'a Table,
    words: Vec<Word>,
    /// The letters of the word so far; digits and signs as they are, `*` for one that is starred out.
    word: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether a letter of it is not a capital.
    lower: bool,
    /// Whether it holds nothing but letters.
    plain: bool,
    /// A sentence has ended before the next word.
    breaks: bool,
    /// There was a pause.
    pauses: bool,
    /// How many characters since the last word.
    gap: usize,
    /// Single letters at the end of `words`, one character apart.
    run: Vec<u8>,
}

impl Splitter<'_> {
    fn letter(&mut self, letter: u8, start: usize, end: usize, c: char) {
        if self.word.is_empty() {
            self.start = start;
            (self.lower, self.plain) = (false, true);
        }
        self.word.push(letter);
        self.end = end;
        self.lower |= !c.is_uppercase();
        self.plain &= letter.is_ascii_lowercase();
    }

    /// Plain letters, one behind the other.
    fn letters(&mut self, letters: &[u8], start: usize) {
        if self.word.is_empty() {
            self.start = start;
            (self.lower, self.plain) = (false, true);
        }
        self.word.extend(letters.iter().map(u8::to_ascii_lowercase));
        self.end = start + letters.len();
        self.lower |= letters.iter().any(u8::is_ascii_lowercase);
    }

    fn skip(&mut self, end: usize) {
        if !self.word.is_empty() {
            self.end = end;
        }
    }

    /// Whether a character stands for a letter that is not to be read: inside a word, or two of them behind a few letters.
    fn stars(&self, c: char, next: Option<char>) -> bool {
        let star = |c: char| matches!(c, '*' | '#' | '%' | '&');
        let Some(last) = self.word.last() else { return false };
        star(c) && (*last == b'*' || next.is_some_and(is_letter) || (next.is_some_and(star) && self.word.len() < 4))
    }

    fn punctuation(&mut self, c: char, next: Option<char>) {
        self.gap += 1;
        match c {
            '\n' if next == Some('\n') => self.breaks = true,
            '.' | '?' | ';' | '!' if next.is_none_or(|c| c.is_whitespace() || c == '!' || c == '?') => {
                self.breaks = true;
                if c == '!'
                    && self.gap == 1
                    && let Some(last) = self.words.last_mut()
                {
                    last.tags = last.tags.or(own::EXCLAIMED);
                }
            }
            // What was masked is no word, and nothing goes on behind it.
            '*' if next.is_none_or(|c| !c.is_alphanumeric()) => self.breaks = true,
            '。' | '！' | '？' => self.breaks = true,
            ',' | ':' | '\n' | '"' | '“' | '”' | '»' | '(' | ')' | '–' | '—' => self.pauses = true,
            _ => {}
        }
        if self.breaks {
            self.end_run();
        }
    }

    /// Something stood here that is no word.
    fn stop(&mut self) {
        self.breaks = true;
        self.gap += 2;
        self.end_run();
    }

    fn push(&mut self, start: usize, end: usize, hash: u32, tags: Tags) {
        self.words.push(Word { start, end, hash, tags, breaks: self.breaks, pauses: self.pauses });
        (self.breaks, self.pauses) = (false, false);
        self.gap = 0;
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let mut word = std::mem::take(&mut self.word);
        let single = word.len() == 1 && self.plain;
        if !single || self.gap != 1 {
            self.end_run();
        }
        if single {
            self.run.extend(&word);
        }
        let (hash, mut tags) = self.read(&word);
        if !self.lower && word.len() > 2 {
            tags = tags.or(own::SHOUTED);
        }
        self.push(self.start, self.end, hash, tags);
        word.clear();
        self.word = word;
    }

    /// What a word is called, and its classes: in the first of its spellings that the table knows.
    fn read(&self, word: &[u8]) -> (u32, Tags) {
        let name = hash(word);
        if let Some(tags) = self.table.tags(name) {
            return (name, tags);
        }
        if word.iter().all(u8::is_ascii_digit) {
            let value = word
                .iter()
                .fold(0_u32, |value, digit| value.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
            let tags = if (1..=17).contains(&value) { own::NUMBER.or(own::AGE_MINOR) } else { own::NUMBER };
            return (hash(b"0"), tags);
        }
        if word.len() > LONGEST {
            return (name, Tags::default());
        }
        // Of most words there is no other spelling.
        if self.plain && word.windows(2).all(|pair| pair.first() != pair.last()) {
            return (name, self.table.parts(word));
        }
        let mut other = Vec::with_capacity(word.len());
        for one in if self.plain { &b"l"[..] } else { &b"il"[..] } {
            for most in [usize::MAX, 2, 1] {
                respell(word, *one, most, &mut other);
                let name = hash(&other);
                if let Some(tags) = self.table.tags(name) {
                    return (name, tags);
                }
            }
        }
        if word.contains(&b'*') {
            return (name, own::STARRED);
        }
        // Without what was drawn out, so that all who write it are told as one.
        respell(word, b'i', 2, &mut other);
        (hash(&other), self.table.parts(&other))
    }

    /// Single letters that make a word of the table are one.
    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        let first = self.words.len().saturating_sub(run.len());
        if run.len() > 2
            && let Some(start) = self.words.get(first).copied()
            && let Some(end) = self.words.last().map(|word| word.end)
            && let name = hash(&run)
            && let Some(tags) = self.table.tags(name)
        {
            self.words.truncate(first);
            self.words.push(Word { end, hash: name, tags, ..start });
        }
    }
}

/// A word with signs read as letters, stars as one star, and no letter more than so many times in a row.
fn respell(word: &[u8], one: u8, most: usize, to: &mut Vec<u8>) {
    to.clear();
    let mut times = 0;
    for byte in word {
        let letter = unleet(*byte, one);
        times = if to.last() == Some(&letter) { times + 1 } else { 1 };
        // Twice is how some words are written: only three in a row are drawn out.
        if times <= (if letter == b'*' { 1 } else { most }) {
            to.push(letter);
        }
    }
}

/// Joins words that the table knows as one; those of an idiom lose what they mean alone.
fn together(words: &mut Vec<Word>, table: &Table) {
    let mut from = 0;
    let mut to = 0;
    while let Some(word) = words.get(from).copied() {
        let mut joined = (1, word);
        if word.tags.any(own::BEGINS) {
            let mut name = word.hash;
            for (place, next) in words.iter().enumerate().skip(from + 1).take(table.longest_phrase()) {
                if next.breaks {
                    break;
                }
                name = join(name, next.hash);
                if let Some(tags) = table.tags(name) {
                    joined = (place - from + 1, Word { end: next.end, hash: name, tags, ..word });
                }
            }
        }
        from += joined.0;
        if let Some(slot) = words.get_mut(to) {
            *slot = joined.1;
        }
        to += 1;
    }
    words.truncate(to);
}
