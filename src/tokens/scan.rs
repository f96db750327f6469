//! The grammars that cut a text into pieces, before any merge.
//!
//! They are written by hand and equal to the regular expressions of the encodings on every text:
//!
//! - `r50k`: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
//! - `cl100k`: `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
//! - `o200k`: words by case, `[^\r\n\p{L}\p{N}]?U*L+C?|[^\r\n\p{L}\p{N}]?U+L*C?` with `U` = `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`,
//!   `L` = `[\p{Ll}\p{Lm}\p{Lo}\p{M}]` and `C` = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`; then
//!   `\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
//! - `qwen`: as `cl100k`, but each digit by itself: `\p{N}`
//! - `tekken`: as `o200k`, but each digit by itself, and without `C`
//! - `deepseek`: one after the other, each in what the one before left over: `\p{N}{1,3}`; `[一-龥぀-ゟ゠-ヿ]+`;
//!   ``[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+``
//! - `words`: ` *[^ ]*`, over vocabularies whose tokens have spaces at their beginning only: SentencePiece's. Where some tokens do have one
//!   inside, behind certain bytes, no piece ends behind those.
//!
//! The first three are there twice: `quick` over a [`Block`], for pieces of ASCII that end inside it, and `next` for all
//! others. No character is looked at more than a few times, whatever the text.

use super::{
    block::{Block, ones},
    class::{
        ANY_LETTER, ANY_SPACE, ANY_SYMBOL, END, LETTER, LOWER, MARK, NEWLINE, NUMBER, OTHER, SPACE, SYMBOL, Set, UPPER,
        class_at,
    },
    words::Joints,
};

/// How a vocabulary cuts texts into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grammar {
    R50k,
    Cl100k(Variant),
    O200k(Variant),
    DeepSeek,
    Words(Joints),
}

/// What grammars of one kind differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    /// How many digits make a number at most.
    pub digits: u32,
    /// Whether `'s` and its like are apart, or with the word before.
    pub contractions: bool,
}

impl Variant {
    const OPENAI: Self = Self { digits: 3, contractions: true };
}

impl Grammar {
    /// That of OpenAI's models in use: `o200k`.
    pub const OPENAI: Self = Self::O200k(Variant::OPENAI);

    /// By the number in a packed vocabulary.
    pub fn from_number(number: u32) -> Option<Self> {
        let qwen = Variant { digits: 1, contractions: true };
        let tekken = Variant { digits: 1, contractions: false };
        let all = [
            Self::R50k,
            Self::Cl100k(Variant::OPENAI),
            Self::OPENAI,
            Self::Cl100k(qwen),
            Self::O200k(tekken),
            Self::DeepSeek,
            Self::Words(Joints::NONE),
        ];
        all.get(number as usize).copied()
    }

    /// Where the piece that starts at a place ends. The place is before the end of the text.
    #[inline(never)]
    pub fn piece(self, text: &[u8], at: usize) -> usize {
        let block = Block::load(text, at).unwrap_or_else(|| Block::load_any(text, at));
        match self {
            Self::Cl100k(variant) => cl100k::piece(text, at, block, variant),
            Self::O200k(variant) => o200k::piece(text, at, block, variant),
            others => others.piece_of_others(text, at, block),
        }
    }

    /// As [`Grammar::piece`], of the grammars that are not in use most.
    #[inline(always)]
    pub fn piece_of_others(self, text: &[u8], at: usize, block: Block) -> usize {
        match self {
            Self::DeepSeek => deepseek::next(text, at),
            Self::Words(joints) => joints.piece(text, at),
            _ => r50k::piece(text, at, block),
        }
    }
}

/// Where a run of some classes ends.
#[inline(always)]
fn run(text: &[u8], mut at: usize, classes: Set) -> usize {
    loop {
        let (class, length) = class_at(text, at);
        if class & classes == 0 {
            return at;
        }
        at += length;
    }
}

/// Where a run of some bytes ends.
fn run_of(text: &[u8], at: usize, holds: impl Fn(u8) -> bool) -> usize {
    at + text.get(at..).unwrap_or_default().iter().take_while(|byte| holds(**byte)).count()
}

/// `\p{N}{1,digits}`.
fn number(text: &[u8], mut at: usize, digits: u32) -> usize {
    for _ in 0..digits {
        let (class, length) = class_at(text, at);
        if class != NUMBER {
            break;
        }
        at += length;
    }
    at
}

/// White space, at which no other alternative matched: with `lines` up to its last line break if it has one
/// (`\s*[\r\n]+`), else all but its last character where something follows (`\s+(?!\S)`), else all (`\s+`).
fn white_space(text: &[u8], from: usize, lines: bool) -> usize {
    let (mut at, mut last, mut after_line) = (from, from, None);
    loop {
        let (class, length) = class_at(text, at);
        if class & ANY_SPACE == 0 {
            return match after_line {
                Some(end) if lines => end,
                _ if class == END || last == from => at,
                _ => last,
            };
        }
        last = at;
        at += length;
        if class == NEWLINE {
            after_line = Some(at);
        }
    }
}

/// The end of `'s` and its like at a place, or the place itself. Without `cased` any case will do, and as in the regular
/// expressions the long s is one of `s`.
fn contraction(text: &[u8], at: usize, cased: bool) -> usize {
    let lower = |place: usize| {
        let byte = text.get(at + place).copied().unwrap_or(0);
        if cased { byte } else { byte.to_ascii_lowercase() }
    };
    if lower(0) != b'\'' {
        return at;
    }
    match (lower(1), lower(2)) {
        (b's' | b't' | b'm' | b'd', _) => at + 2,
        (b'r' | b'v', b'e') | (b'l', b'l') => at + 3,
        (0xc5, 0xbf) if !cased => at + 3,
        _ => at,
    }
}

/// Where a piece of ASCII white space ends, by masks; 0 where they do not reach. Something other than a word or a symbol
/// follows, if the piece is a single space.
#[inline(always)]
fn quick_space(block: Block, lines: bool) -> u32 {
    let spaces = ones(block.space());
    if spaces > 15 || block.wide() >> spaces & 1 == 1 {
        return 0;
    }
    let inside = (1 << spaces) - 1;
    match block.newline() & inside {
        breaks if lines && breaks != 0 => 32 - breaks.leading_zeros(),
        _ if spaces == 1 => 1,
        _ => spaces - 1,
    }
}

/// An end that is known: inside the block, and not where a character that is not ASCII may go on with the piece.
#[inline(always)]
fn known(end: u32, open: u32) -> u32 {
    if end > 15 || open >> end & 1 == 1 { 0 } else { end }
}

pub(super) mod o200k {
    use super::*;

    const EITHER_CASE: Set = LETTER | MARK;

    #[inline(always)]
    pub fn piece(text: &[u8], at: usize, block: Block, variant: Variant) -> usize {
        match quick(block, variant.digits) {
            0 => next(text, at, variant),
            length => at + length as usize,
        }
    }

    #[inline(always)]
    fn quick(block: Block, digits: u32) -> u32 {
        let (upper, lower, wide) = (block.upper(), block.lower(), block.wide());
        let word = upper | lower;
        let prefix = !word & 1;
        let first = block.first();
        if word >> prefix & 1 == 1 && (prefix == 0 || may_begin(first)) {
            let capitals = prefix + ones(upper >> prefix);
            let end = capitals + ones(lower >> capitals);
            return known(end, wide | block.equal(b'\''));
        }
        if wide & 1 == 1 {
            return 0;
        }
        let digit = block.digit();
        if digit & 1 == 1 {
            return match ones(digit) {
                found if found < digits => known(found, wide),
                _ => digits,
            };
        }
        let space = block.space();
        let symbol = !(word | wide | digit | space) & 0xffff;
        let after = u32::from(first == b' ');
        if symbol >> after & 1 == 1 {
            let end = after + ones(symbol >> after);
            let end = end + ones((block.newline() | block.equal(b'/')) >> end);
            return known(end, wide);
        }
        // A character that is not ASCII may make a word with the space before it.
        if space & 1 == 1 && wide & 2 == 0 { quick_space(block, true) } else { 0 }
    }

    /// `[^\r\n\p{L}\p{N}]` of a byte that is no letter.
    #[inline(always)]
    pub(super) fn may_begin(byte: u8) -> bool {
        byte < 0x80 && byte != b'\n' && byte != b'\r' && !byte.is_ascii_digit()
    }

    #[inline(never)]
    pub(super) fn next(text: &[u8], at: usize, variant: Variant) -> usize {
        let (class, length) = class_at(text, at);
        if class == NUMBER {
            return number(text, at, variant.digits);
        }
        if class != NEWLINE {
            // A mark may be the character before a word, too, but as its first one it gives the same piece.
            let begin = if class & (ANY_SYMBOL | SPACE) != 0 { at + length } else { at };
            let end = word(text, begin);
            if end > begin {
                return if variant.contractions { contraction(text, end, false) } else { end };
            }
        }
        let symbols = if text.get(at) == Some(&b' ') { at + 1 } else { at };
        let end = run(text, symbols, ANY_SYMBOL | MARK);
        if end > symbols {
            return run_of(text, end, |byte| matches!(byte, b'\r' | b'\n' | b'/'));
        }
        white_space(text, at, true)
    }

    /// `U*L+|U+L*`: where the first of the two that matches ends.
    #[inline(always)]
    fn word(text: &[u8], from: usize) -> usize {
        let (mut at, mut after_either) = (from, from);
        loop {
            let (class, length) = class_at(text, at);
            if class & (UPPER | EITHER_CASE) != 0 {
                at += length;
                if class != UPPER {
                    after_either = at;
                }
            } else if class == LOWER {
                return run(text, at + length, LOWER | EITHER_CASE);
            } else if after_either > from {
                // No lower-case letter follows: the last letter without case stands for it.
                return after_either;
            } else {
                return at;
            }
        }
    }
}

pub(super) mod cl100k {
    use super::*;

    #[inline(always)]
    pub fn piece(text: &[u8], at: usize, block: Block, variant: Variant) -> usize {
        match quick(block, variant.digits) {
            0 => next(text, at, variant),
            length => at + length as usize,
        }
    }

    #[inline(always)]
    fn quick(block: Block, digits: u32) -> u32 {
        let (word, wide) = (block.upper() | block.lower(), block.wide());
        let prefix = !word & 1;
        let first = block.first();
        if first == b'\'' {
            return 0;
        }
        if word >> prefix & 1 == 1 && (prefix == 0 || o200k::may_begin(first)) {
            return known(prefix + ones(word >> prefix), wide);
        }
        if wide & 1 == 1 {
            return 0;
        }
        let digit = block.digit();
        if digit & 1 == 1 {
            return match ones(digit) {
                found if found < digits => known(found, wide),
                _ => digits,
            };
        }
        let space = block.space();
        let symbol = !(word | wide | digit | space) & 0xffff;
        let after = u32::from(first == b' ');
        if symbol >> after & 1 == 1 {
            let end = after + ones(symbol >> after);
            return known(end + ones(block.newline() >> end), wide);
        }
        if space & 1 == 1 && wide & 2 == 0 { quick_space(block, true) } else { 0 }
    }

    #[inline(never)]
    pub(super) fn next(text: &[u8], at: usize, variant: Variant) -> usize {
        let end = contraction(text, at, false);
        if end > at {
            return end;
        }
        let (class, length) = class_at(text, at);
        if class == NUMBER {
            return number(text, at, variant.digits);
        }
        if class != NEWLINE {
            let begin = if class & ANY_LETTER == 0 { at + length } else { at };
            let end = run(text, begin, ANY_LETTER);
            if end > begin {
                return end;
            }
        }
        let symbols = if text.get(at) == Some(&b' ') { at + 1 } else { at };
        let end = run(text, symbols, ANY_SYMBOL | MARK);
        if end > symbols {
            return run_of(text, end, |byte| matches!(byte, b'\r' | b'\n'));
        }
        white_space(text, at, true)
    }
}

mod r50k {
    use super::*;

    #[inline(always)]
    pub(super) fn piece(text: &[u8], at: usize, block: Block) -> usize {
        match quick(block) {
            0 => next(text, at),
            length => at + length as usize,
        }
    }

    #[inline(always)]
    fn quick(block: Block) -> u32 {
        let (word, wide) = (block.upper() | block.lower(), block.wide());
        let first = block.first();
        let after = u32::from(first == b' ');
        if wide >> after & 1 == 1 || first == b'\'' {
            return 0;
        }
        if word >> after & 1 == 1 {
            return known(after + ones(word >> after), wide);
        }
        let digit = block.digit();
        if digit >> after & 1 == 1 {
            return known(after + ones(digit >> after), wide);
        }
        let space = block.space();
        let symbol = !(word | wide | digit | space) & 0xffff;
        if symbol >> after & 1 == 1 {
            return known(after + ones(symbol >> after), wide);
        }
        quick_space(block, false)
    }

    #[inline(never)]
    pub(super) fn next(text: &[u8], at: usize) -> usize {
        let end = contraction(text, at, true);
        if end > at {
            return end;
        }
        let begin = if text.get(at) == Some(&b' ') { at + 1 } else { at };
        let (class, _) = class_at(text, begin);
        let same = match class {
            UPPER | LOWER | LETTER => ANY_LETTER,
            NUMBER => NUMBER,
            SYMBOL | OTHER | MARK => ANY_SYMBOL | MARK,
            _ => return white_space(text, at, false),
        };
        run(text, begin, same)
    }
}

mod deepseek {
    use super::*;

    /// As [`class_at`], but what the first two expressions match is the end of the text for the third.
    #[inline(always)]
    fn class(text: &[u8], at: usize) -> (Set, usize) {
        let (class, length) = class_at(text, at);
        if class == NUMBER || (class & (ANY_LETTER | MARK | SYMBOL) != 0 && is_ideograph_or_kana(text, at)) {
            return (END, 0);
        }
        (class, length)
    }

    /// U+3040 to U+30FF and U+4E00 to U+9FA5, by their bytes.
    fn is_ideograph_or_kana(text: &[u8], at: usize) -> bool {
        let [a, b, c] = match text.get(at..) {
            Some([a, b, c, ..]) => [*a, *b, *c],
            _ => return false,
        };
        match a {
            0xe3 => (0x81..=0x83).contains(&b),
            0xe4 => b >= 0xb8,
            0xe5..=0xe8 => true,
            0xe9 => b < 0xbe || (b == 0xbe && c <= 0xa5),
            _ => false,
        }
    }

    fn run_in(text: &[u8], mut at: usize, classes: Set) -> usize {
        loop {
            let (class, length) = class(text, at);
            if class & classes == 0 {
                return at;
            }
            at += length;
        }
    }

    #[inline(never)]
    pub(super) fn next(text: &[u8], at: usize) -> usize {
        let (first, _) = class_at(text, at);
        if first == NUMBER {
            return number(text, at, 3);
        }
        let mut end = at;
        while is_ideograph_or_kana(text, end) {
            end += 3;
        }
        if end > at {
            return end;
        }
        end = match_at(text, at);
        if end == at {
            // What nothing matches is a piece, up to the next match.
            loop {
                let (class, length) = class(text, end);
                if class != OTHER || (end > at && match_at(text, end) > end) {
                    break;
                }
                end += length;
            }
        }
        end
    }

    /// Where the match of the third expression at a place ends; the place itself if there is none.
    fn match_at(text: &[u8], at: usize) -> usize {
        let (first, length) = class(text, at);
        if text.get(at).is_some_and(u8::is_ascii_punctuation) {
            let end = run_of(text, at + 1, |byte| byte.is_ascii_alphabetic());
            if end > at + 1 {
                return end;
            }
        }
        let begin = if first & (SPACE | OTHER) != 0 { at + length } else { at };
        let end = run_in(text, begin, ANY_LETTER | MARK);
        if end > begin {
            return end;
        }
        let symbols = if text.get(at) == Some(&b' ') { at + 1 } else { at };
        let end = run_in(text, symbols, SYMBOL);
        if end > symbols {
            return run_of(text, end, |byte| matches!(byte, b'\r' | b'\n'));
        }
        let spaces = run_in(text, at, ANY_SPACE);
        if spaces == at {
            return at;
        }
        let text = if class(text, spaces).0 == END { text.get(..spaces).unwrap_or_default() } else { text };
        white_space(text, at, true)
    }
}
