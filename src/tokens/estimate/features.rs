//! What of a text its count of tokens depends on, whatever the vocabulary: how many words, how long and how common they are,
//! numbers, symbols, white space, and the characters and words of each script.
//!
//! A text is cut as `o200k` cuts it. Vocabularies cut alike in the main, and where they don't (digits one by one, runs of
//! spaces) the weights of a family make up for it.

use super::{
    script::{SCRIPTS, Script, WRITTEN, script_of},
    weights::PAIRS,
};
use crate::scan::Grammar;

/// The places of the features that no script has.
pub(super) mod at {
    /// Words of ASCII after a space.
    pub const SPACED: usize = 0;
    /// Other words of ASCII. Four features each, as in [`super::Features::word`].
    pub const BARE: usize = 5;
    /// Words after a symbol that is cut off with them.
    pub const LED: usize = 10;
    pub const CAPITALS: usize = 11;
    pub const CAPITAL_LETTERS: usize = 12;
    pub const CONTRACTIONS: usize = 13;
    pub const NUMBERS: usize = 14;
    pub const DIGITS: usize = 15;
    pub const SYMBOLS: usize = 16;
    pub const SPACED_SYMBOLS: usize = 17;
    pub const MORE_SYMBOLS: usize = 18;
    pub const REPEATED_SYMBOLS: usize = 19;
    pub const SYMBOL_LINES: usize = 20;
    pub const LINES: usize = 21;
    pub const MORE_LINES: usize = 22;
    pub const SPACES: usize = 23;
    pub const MORE_SPACES: usize = 24;
    pub const TABS: usize = 25;
    /// ASCII letters of words that have others too.
    pub const MIXED_LETTERS: usize = 26;
    /// Characters, by script.
    pub const CHARACTERS: usize = 27;
    /// Words, by script.
    pub const WORDS: usize = CHARACTERS + super::SCRIPTS;
}

/// How many features a text has.
pub const FEATURES: usize = at::WORDS + WRITTEN;

/// The features of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features(pub [u64; FEATURES]);

impl Features {
    /// Of a text, which is read once.
    pub fn of(text: &[u8]) -> Self {
        let mut features = Self([0; FEATURES]);
        let mut at = 0;
        while at < text.len() {
            let end = Grammar::OPENAI.piece(text, at);
            let piece = text.get(at..end).unwrap_or_default();
            if piece.is_ascii() {
                features.ascii(piece)
            } else {
                features.wide(piece)
            }
            at = end;
        }
        features
    }

    #[inline(always)]
    fn add(&mut self, feature: usize, count: usize) {
        if let Some(sum) = self.0.get_mut(feature) {
            *sum += count as u64;
        }
    }

    /// A piece of nothing but ASCII.
    fn ascii(&mut self, piece: &[u8]) {
        let [first, second] = [0, 1].map(|place| piece.get(place).copied().unwrap_or(0));
        if first.is_ascii_alphabetic() {
            self.word(piece, at::BARE);
        } else if second.is_ascii_alphabetic() {
            let kind = if first == b' ' { at::SPACED } else { at::BARE };
            if first != b' ' {
                self.add(at::LED, 1);
            }
            self.word(piece.get(1..).unwrap_or_default(), kind);
        } else if first.is_ascii_digit() {
            self.add(at::NUMBERS, 1);
            self.add(at::DIGITS, piece.len());
        } else if piece.iter().all(u8::is_ascii_whitespace) {
            self.white_space(piece);
        } else {
            self.symbols(piece);
        }
    }

    /// Letters, and a contraction at the end. Of each kind: words, letters after the fourth and after the eighth, capitalised
    /// words, and how uncommon its pairs of letters are.
    fn word(&mut self, word: &[u8], kind: usize) {
        let letters = word.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let capitals = word.iter().filter(|byte| byte.is_ascii_uppercase()).count();
        self.add(kind, 1);
        self.add(kind + 1, letters.saturating_sub(4));
        self.add(kind + 2, letters.saturating_sub(8));
        if capitals >= 2 {
            self.add(at::CAPITALS, 1);
            self.add(at::CAPITAL_LETTERS, letters);
        } else if capitals == 1 {
            self.add(kind + 3, 1);
        }
        if letters < word.len() {
            self.add(at::CONTRACTIONS, 1);
        }
        let mut rare = 0;
        let mut before = usize::from(word.first().copied().unwrap_or(b'a') | 32).wrapping_sub(97);
        for byte in word.iter().take(letters).skip(1) {
            let letter = usize::from(byte | 32).wrapping_sub(97);
            rare += pair(before, letter);
            before = letter;
        }
        self.add(kind + 4, rare);
    }

    fn white_space(&mut self, piece: &[u8]) {
        let of = |wanted: &[u8]| piece.iter().filter(|byte| wanted.contains(byte)).count();
        let lines = of(b"\n\r");
        if lines > 0 {
            self.add(at::LINES, 1);
            self.add(at::MORE_LINES, lines - 1);
        } else {
            self.add(at::SPACES, 1);
        }
        self.add(at::MORE_SPACES, of(b" ").saturating_sub(1));
        self.add(at::TABS, of(b"\t"));
    }

    fn symbols(&mut self, piece: &[u8]) {
        let spaced = piece.first() == Some(&b' ');
        self.add(if spaced { at::SPACED_SYMBOLS } else { at::SYMBOLS }, 1);
        let symbols = piece.get(usize::from(spaced)..).unwrap_or_default();
        let mut lines = false;
        for (before, byte) in symbols.iter().zip(symbols.iter().skip(1)) {
            if matches!(byte, b'\n' | b'\r') {
                lines = true;
            } else {
                self.add(if before == byte { at::REPEATED_SYMBOLS } else { at::MORE_SYMBOLS }, 1);
            }
        }
        if lines {
            self.add(at::SYMBOL_LINES, 1);
        }
    }

    /// A piece with characters beyond ASCII.
    fn wide(&mut self, piece: &[u8]) {
        let mut word = false;
        for character in String::from_utf8_lossy(piece).chars() {
            if character.is_ascii() {
                let feature = if character.is_ascii_alphabetic() { at::MIXED_LETTERS } else { at::MORE_SYMBOLS };
                if character != ' ' {
                    self.add(feature, 1);
                }
                continue;
            }
            let script = script_of(u32::from(character));
            self.add(at::CHARACTERS + script as usize, 1);
            if !word && (script as usize) < WRITTEN {
                word = true;
                self.add(at::WORDS + script as usize, 1);
            }
        }
    }

    /// The tokens that some weights say, by group, in units of a weight.
    pub(super) fn weigh(&self, weights: &[i16; FEATURES]) -> [i64; GROUPS] {
        let mut sums = [0_i64; GROUPS];
        for (feature, (count, weight)) in self.0.iter().zip(weights).enumerate() {
            if let Some(sum) = sums.get_mut(group(feature)) {
                *sum = sum.saturating_add((*count as i64).saturating_mul(i64::from(*weight)));
            }
        }
        sums
    }
}

/// How many groups of features there are: words of ASCII; what else is ASCII; what is Latin beyond; the scripts of many
/// texts; all others. How far an estimate may be off hangs on how much of a text is of which.
pub(super) const GROUPS: usize = 5;

fn group(feature: usize) -> usize {
    use Script::*;
    /// Scripts by group.
    const OF: [(u8, &[Script]); 2] = [
        (2, &[Latin, LatinMore, LatinMarks, Punctuation]),
        (3, &[Greek, Cyrillic, Hebrew, Arabic, Devanagari, Hangul, Kana, Han, WidePunctuation, Emoji, Joiner]),
    ];
    let script = match feature {
        0..at::NUMBERS => return 0,
        at::NUMBERS..at::MIXED_LETTERS => return 1,
        at::MIXED_LETTERS => return 2,
        at::WORDS.. => feature - at::WORDS,
        _ => feature - at::CHARACTERS,
    };
    let fits = |of: &&(u8, &[Script])| of.1.iter().any(|one| *one as usize == script);
    OF.iter().find(fits).map_or(4, |of| usize::from(of.0))
}

/// How uncommon it is that two letters stand in one token, from 0 to 15.
fn pair(first: usize, second: usize) -> usize {
    let place = first * 26 + second;
    let both = PAIRS.get(place / 2).copied().unwrap_or(0);
    usize::from(both >> (place % 2 * 4) & 15)
}

#[cfg(test)]
mod tests {
    use super::{super::script::Script, *};

    fn of(text: &str) -> Vec<(usize, u64)> {
        let rare = [at::SPACED + 4, at::BARE + 4];
        let counts = Features::of(text.as_bytes()).0.into_iter().enumerate();
        counts.filter(|(feature, count)| *count > 0 && !rare.contains(feature)).collect()
    }

    #[test]
    fn texts_have_their_features() {
        let characters = |script: Script| at::CHARACTERS + script as usize;
        let words = |script: Script| at::WORDS + script as usize;
        for (text, expected) in [
            ("", vec![]),
            ("word", vec![(at::BARE, 1)]),
            (" word Word", vec![(at::SPACED, 2), (at::SPACED + 3, 1)]),
            ("internationally", vec![(at::BARE, 1), (at::BARE + 1, 11), (at::BARE + 2, 7)]),
            (" HTTP", vec![(at::SPACED, 1), (at::CAPITALS, 1), (at::CAPITAL_LETTERS, 4)]),
            ("it's", vec![(at::BARE, 1), (at::CONTRACTIONS, 1)]),
            ("(word", vec![(at::BARE, 1), (at::LED, 1)]),
            ("12345", vec![(at::NUMBERS, 2), (at::DIGITS, 5)]),
            ("==>", vec![(at::SYMBOLS, 1), (at::MORE_SYMBOLS, 1), (at::REPEATED_SYMBOLS, 1)]),
            (" {};\n", vec![(at::SPACED_SYMBOLS, 1), (at::MORE_SYMBOLS, 2), (at::SYMBOL_LINES, 1)]),
            ("\n\n\n", vec![(at::LINES, 1), (at::MORE_LINES, 2)]),
            ("    \t", vec![(at::SPACES, 1), (at::MORE_SPACES, 3), (at::TABS, 1)]),
            ("café", vec![(at::MIXED_LETTERS, 3), (characters(Script::Latin), 1), (words(Script::Latin), 1)]),
            ("привет", vec![(characters(Script::Cyrillic), 6), (words(Script::Cyrillic), 1)]),
            ("你好。", vec![(characters(Script::Han), 2), (characters(Script::WidePunctuation), 1)]),
            ("🙂", vec![(characters(Script::Emoji), 1)]),
        ] {
            let mut expected = expected;
            expected.sort();
            assert_eq!(of(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_read_too() {
        let features = Features::of(&[0xff, 0xfe, b'a', 0xf0, 0x9f]);
        assert!(features.0.iter().sum::<u64>() > 0);
    }
}
