//! Letters put together to words: as they stand, set apart, in pieces, run together.

use super::{LONGEST_RUN, Mark, NUMBER, SEED, Splitter, Word, hash_of, step};
use crate::{
    injection::{
        fold::{sound, unleet},
        lexicon::{CIPHER, DAN, LONGEST, STRONG, Tags, longest_prefix, lookup, may_begin},
    },
    steps::count,
};

impl Splitter {
    pub(super) fn letter(&mut self, letter: u8, start: usize, end: usize, c: char) {
        if self.word.is_empty() {
            self.start = start;
            (self.leet, self.capitals, self.foreign) = (false, 0, 0);
            self.sounds.clear();
        }
        if !c.is_ascii() {
            self.sounds.extend(sound(c));
        }
        if letter == b'?' {
            self.foreign = (self.foreign ^ c as u32).wrapping_mul(0x0100_0193);
        }
        self.word.push(letter);
        self.end = end;
        self.leet |= !letter.is_ascii_lowercase();
        self.capitals += usize::from(c.is_ascii_uppercase());
        self.newlines = 0;
    }

    /// A word of ASCII letters, at once.
    pub(super) fn plain_word(&mut self, text: &str, base: usize, start: usize, end: usize, hash: u32) {
        self.end_run();
        let letters = text.as_bytes().get(start..end).unwrap_or_default();
        let tags = if letters == b"DAN" { DAN } else { lookup(hash) };
        if tags == Tags::default() && letters.len() > 13 {
            self.push_parts(&letters.to_ascii_lowercase(), base + start, base + end);
        } else if !(self.gap == 1
            && self.between == ' '
            && self.may_glue()
            && self.glue(text, base, letters, base + end))
        {
            self.push(base + start, base + end, tags, hash);
        }
        (self.gap, self.newlines) = (0, 0);
    }

    /// Whether one of the last two words may be the first piece of another; most are not.
    #[inline(always)]
    fn may_glue(&self) -> bool {
        match self.words.as_slice() {
            [.., before, last] => may_begin(last.hash) || may_begin(before.hash),
            [last] => may_begin(last.hash),
            [] => false,
        }
    }

    /// A word in pieces: the last word or two and these letters make one that matters.
    pub(super) fn glue(&mut self, text: &str, base: usize, letters: &[u8], end: usize) -> bool {
        let count = self.words.len();
        let word = |back: usize| count.checked_sub(back).and_then(|at| self.words.get(at)).copied();
        let letters_of = |word: &Word| {
            let letters = text.as_bytes().get(word.start.saturating_sub(base)..word.end.saturating_sub(base));
            letters.unwrap_or_default().iter().map(|byte| byte | 0x20)
        };
        let goes_on = |from: u32| letters.iter().fold(from, |hash, letter| step(hash, letter | 0x20));
        let found = |hash: u32| Some(lookup(hash)).filter(|tags| tags.any(STRONG)).map(|tags| (tags, hash));
        let Some(last) = word(1).filter(|last| !self.breaks && last.mark.is_none() && !last.pauses) else {
            return false;
        };
        let two = may_begin(last.hash).then(|| found(goes_on(last.hash))).flatten();
        let three = || {
            let before = word(2).filter(|before| {
                !last.breaks && before.end + 1 == last.start && before.mark.is_none() && may_begin(before.hash)
            })?;
            let both = letters_of(&last).fold(before.hash, step);
            may_begin(both).then(|| found(goes_on(both))).flatten().map(|found| (found, before))
        };
        let ((tags, hash), first, pieces) = match two {
            Some(found) => (found, last, 1),
            None => match three() {
                Some((found, before)) => (found, before, 2),
                None => return false,
            },
        };
        self.words.truncate(count - pieces);
        let breaks = std::mem::replace(&mut self.breaks, first.breaks);
        self.push(first.start, end, tags, hash);
        self.breaks = breaks;
        true
    }

    pub(super) fn skip(&mut self, end: usize) {
        if !self.word.is_empty() {
            self.end = end;
        }
    }

    pub(super) fn punctuation(&mut self, c: char, next: Option<char>) {
        self.gap += 1;
        self.between = c;
        let ends = next.is_none_or(char::is_whitespace);
        match c {
            '\n' => {
                self.newlines += 1;
                self.breaks |= self.newlines > 1;
            }
            // "i.g.n.o.r.e. .a.l.l": the letters' own stops end a word, not a sentence.
            '.' if self.run.len() > 1 && self.run_between == Some('.') => {}
            '.' | '!' | '?' | ';' if ends => self.breaks = true,
            '。' | '！' | '？' => self.breaks = true,
            ',' | ':' | '\u{2014}' | '，' | '：' => {
                if let Some(last) = self.words.last_mut() {
                    last.pauses = true;
                    last.colon |= c == ':' || c == '：';
                }
            }
            _ => {}
        }
        if self.breaks {
            self.end_run();
        }
    }

    /// Ends the sentence with what is no word.
    pub(super) fn mark(&mut self, start: usize, end: usize, mark: Mark) {
        self.end_word();
        self.end_run();
        if let Some(last) = self.words.last_mut() {
            last.cut = true;
        }
        self.breaks = true;
        self.push(start, end, Tags::default(), 0);
        if let Some(last) = self.words.last_mut() {
            last.mark = Some(mark);
        }
        self.breaks = true;
        self.gap += 1;
    }

    pub(super) fn push(&mut self, start: usize, end: usize, tags: Tags, hash: u32) {
        if self.ciphers && tags.any(CIPHER) && start >= self.deciphered {
            self.cipher = Some((start, end));
        }
        self.words.push(Word {
            start,
            end,
            tags,
            hash,
            breaks: self.breaks,
            pauses: false,
            colon: false,
            cut: false,
            code: self.code.take(),
            mark: None,
        });
        self.breaks = false;
    }

    pub(super) fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let single =
            matches!(word.as_slice(), [letter] if letter.is_ascii_alphanumeric() || *letter == b'@' || *letter == b'$');
        if !single
            || self.gap != 1
            || self.run.len() >= LONGEST_RUN
            || self.run_between.is_some_and(|between| between != self.between)
        {
            self.end_run();
        }
        let (start, end) = (self.start, self.end);
        if single {
            self.run_between = (!self.run.is_empty()).then_some(self.between);
            self.run.extend(&word);
            let hash = hash_of(&word);
            self.push(start, end, lookup(hash), hash);
        } else if word == b"dan" && self.capitals == 3 {
            self.push(start, end, DAN, hash_of(b"dan"));
        } else {
            let (mut tags, mut hash) = read(&word, self.leet);
            if tags == Tags::default() && self.sounds.len() == word.len() {
                hash = hash_of(&self.sounds);
                tags = lookup(hash);
            } else {
                hash ^= self.foreign;
            }
            if tags == Tags::default() && word.len() > 13 && self.foreign == 0 {
                self.push_parts(&word, start, end);
            } else {
                self.push(start, end, tags, hash);
            }
        }
        self.gap = 0;
        // The buffer is kept for the next word.
        self.word = word;
        self.word.clear();
    }

    /// Single letters that make a word are one.
    #[inline(always)]
    pub(super) fn end_run(&mut self) {
        if self.run.len() < 2 {
            self.run.clear();
            self.run_between = None;
        } else {
            self.join_run();
        }
    }

    fn join_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        self.run_between = None;
        let first = self.words.len().saturating_sub(run.len());
        let (Some(start), Some(end)) = (self.words.get(first).copied(), self.words.last().copied()) else { return };
        let (tags, hash) = read(&run, run.iter().any(|byte| !byte.is_ascii_lowercase()));
        if tags == Tags::default() && run.len() < 4 {
            return;
        }
        let breaks = std::mem::replace(&mut self.breaks, start.breaks);
        self.words.truncate(first);
        if tags == Tags::default() {
            self.push_parts(&run, start.start, end.end);
        } else {
            self.push(start.start, end.end, tags, hash);
        }
        self.breaks |= breaks;
        if let Some(last) = self.words.last_mut() {
            (last.pauses, last.colon, last.cut) = (end.pauses, end.colon, end.cut);
        }
    }

    /// Words run together: where most of the letters are words of the grammar, those words; else one word.
    pub(super) fn push_parts(&mut self, letters: &[u8], start: usize, end: usize) {
        count(letters.len());
        let letters: Vec<u8> = letters.iter().map(|byte| unleet(*byte, b'i')).collect();
        let mut parts = Vec::new();
        let (mut at, mut unknown) = (0, 0);
        // Most long words are told by their first letters.
        while let Some(rest) = letters.get(at..).filter(|rest| !rest.is_empty() && unknown * 5 <= letters.len()) {
            match longest_prefix(rest) {
                Some((length, tags)) => {
                    parts.push((tags, hash_of(rest.get(..length).unwrap_or_default())));
                    at += length;
                }
                None => {
                    at += 1;
                    unknown += 1;
                }
            }
        }
        if parts.len() < 3 || unknown * 5 > letters.len() {
            parts = vec![(Tags::default(), hash_of(&letters))];
        }
        let code = self.code;
        for (tags, hash) in parts {
            self.code = code;
            self.push(start, end, tags, hash);
        }
    }
}

/// What a word does, also where some of its letters are digits or signs, and the hash of its letters.
fn read(word: &[u8], leet: bool) -> (Tags, u32) {
    if !leet {
        let hash = hash_of(word);
        return (lookup(hash), hash);
    }
    // All numbers are one.
    if word.iter().all(u8::is_ascii_digit) {
        return (Tags::default(), NUMBER);
    }
    let variant = |one: u8| word.iter().fold(SEED, |hash, byte| step(hash, unleet(*byte, one)));
    let (i, l) = (variant(b'i'), variant(b'l'));
    if word.len() > LONGEST {
        return (Tags::default(), i);
    }
    let (as_i, as_l) = (lookup(i), lookup(l));
    (as_i.or(as_l), if as_i == Tags::default() && as_l != Tags::default() { l } else { i })
}
