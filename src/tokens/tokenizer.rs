//! A tokenizer: counts, cuts, encodes and decodes by one vocabulary.

use std::cell::OnceCell;

use super::{
    block::Block,
    long::Long,
    memo::{self, Memo},
    merges::{Id, Merges},
    packed::Vocabulary,
    scan::{Grammar, cl100k, o200k},
    short::{SHORT, Short},
    special::{SpecialTable, SpecialTokens},
    whole::Whole,
};
use crate::error::{Error, Result};

/// How many bytes the memo of a tokenizer has by default.
pub const DEFAULT_MEMO: usize = 3 << 20;

/// Real ids are told from ids of merges by this bit while both are in one list.
const SPECIAL: u32 = 1 << 31;

/// A tokenizer.
pub struct Tokenizer {
    grammar: Grammar,
    merges: Merges,
    special: SpecialTable,
    ids: Option<Ids>,
    memo: Memo,
    encoder: Encoder,
}

/// Encodes the pieces that no memo knows.
struct Encoder {
    /// [`Vocabulary::hidden`].
    hidden: Id,
    whole: Whole,
    short: Short,
    long: Long,
}

/// What encoding and decoding need beside the merges.
struct Ids {
    /// By token: the provider's id.
    of_token: Vec<u32>,
    /// By id: the token.
    tokens: Vec<Id>,
    /// By token above the bytes: its parts. Not there before the first text is decoded.
    parts: OnceCell<Vec<(Id, Id)>>,
}

impl Tokenizer {
    /// A tokenizer over a packed vocabulary, for the encoding of that name, or the first that the vocabulary has. With the
    /// packed ids it also encodes and decodes. `memo` is how many bytes counts of known words may take.
    pub fn new(vocabulary: &[u8], encoding: Option<&str>, ids: Option<&[u8]>, memo: usize) -> Result<Self> {
        let vocabulary = Vocabulary::read(vocabulary, encoding)?;
        let ids = ids.map(|packed| Ids::read(&vocabulary, packed)).transpose()?;
        let Vocabulary { grammar, special, merges, whole, hidden, .. } = vocabulary;
        let special = SpecialTable::new(special);
        let encoder = Encoder { hidden, whole, short: Short::new(), long: Long::default() };
        Ok(Self { grammar, merges, special, ids, memo: Memo::new(memo), encoder })
    }

    /// How many tokens a text has.
    pub fn count(&mut self, text: &str, special: SpecialTokens) -> Result<usize> {
        self.count_up_to(text, usize::MAX - 1, special)
    }

    /// How many tokens a text has, if they are no more than `limit`; `limit + 1` if they are. It reads no further than it
    /// must.
    pub fn count_up_to(&mut self, text: &str, limit: usize, special: SpecialTokens) -> Result<usize> {
        self.count_bytes(text.as_bytes(), limit, special)
    }

    /// As [`Tokenizer::count_up_to`], of UTF-8 that need not have been checked: what is none counts as some tokens, at most
    /// one a byte.
    pub fn count_bytes(&mut self, text: &[u8], limit: usize, special: SpecialTokens) -> Result<usize> {
        let mut count = 0;
        let mut at = 0;
        while at < text.len() {
            let (end, token) = self.special.next(text, at, special)?;
            count += self.count_segment(text.get(at..end).unwrap_or_default(), limit - count);
            at = end;
            if let Some((_, length)) = token {
                count += 1;
                at += length;
            }
            if count > limit {
                return Ok(limit + 1);
            }
        }
        Ok(count)
    }

    /// The ends of the pieces that a text is cut into before any merge, in bytes: what the encoding's regular expression
    /// matches.
    pub fn pieces(&self, text: &str) -> Vec<usize> {
        let text = text.as_bytes();
        let (mut ends, mut at) = (Vec::new(), 0);
        while at < text.len() {
            at = self.grammar.piece(text, at);
            ends.push(at);
        }
        ends
    }

    /// The ends of the tokens of a text, in bytes. A token need not end between two characters.
    pub fn ends(&mut self, text: &str, special: SpecialTokens) -> Result<Vec<usize>> {
        Ok(self.tokens(text.as_bytes(), usize::MAX, special)?.into_iter().map(|(_, end)| end).collect())
    }

    /// How long the longest beginning of a text is, in bytes, that has whole characters and at most `limit` tokens.
    pub fn truncate(&mut self, text: &str, limit: usize, special: SpecialTokens) -> Result<usize> {
        let tokens = self.tokens(text.as_bytes(), limit, special)?;
        if tokens.len() <= limit {
            return Ok(text.len());
        }
        // Cut off from what followed, the last piece may be one that splits otherwise: then it gets shorter still.
        for wanted in (0..limit).rev() {
            let end = tokens.get(wanted).map_or(0, |(_, end)| *end);
            let end = (0..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            if self.count_up_to(text.get(..end).unwrap_or_default(), limit, special)? <= limit {
                return Ok(end);
            }
        }
        Ok(0)
    }

    /// The tokens of a text, by the provider's ids.
    pub fn encode(&mut self, text: &str, special: SpecialTokens) -> Result<Vec<u32>> {
        self.ids()?;
        let tokens = self.tokens(text.as_bytes(), usize::MAX, special)?;
        let ids = self.ids()?;
        Ok(tokens.into_iter().map(|(token, _)| ids.of(token)).collect())
    }

    /// The bytes that some tokens stand for, by the provider's ids.
    pub fn decode(&self, tokens: &[u32]) -> Result<Vec<u8>> {
        let ids = self.ids()?;
        let parts = ids.parts.get_or_init(|| self.merges.parts());
        let mut bytes = Vec::new();
        for (place, id) in tokens.iter().enumerate() {
            if let Some(token) = ids.token(*id) {
                write(token, parts, &self.encoder.whole, &mut bytes);
            } else if let Some(text) = self.special.text_of(*id) {
                bytes.extend_from_slice(text.as_bytes());
            } else {
                return Err(Error::input(format!(
                    "cannot decode: expected ids of the vocabulary, found an unknown one at index {place}"
                )));
            }
        }
        Ok(bytes)
    }

    fn ids(&self) -> Result<&Ids> {
        let missing = || Error::input("cannot encode or decode: expected a vocabulary with ids, found one without");
        self.ids.as_ref().ok_or_else(missing)
    }

    /// Stops once there are more than `limit`.
    fn count_segment(&mut self, text: &[u8], limit: usize) -> usize {
        match self.grammar {
            Grammar::Cl100k(variant) => self.count_by(text, limit, |at, block| cl100k::piece(text, at, block, variant)),
            Grammar::O200k(variant) => self.count_by(text, limit, |at, block| o200k::piece(text, at, block, variant)),
            // The others are old or have no masks to be fast with: one loop will do.
            grammar => self.count_by(text, limit, |at, block| grammar.piece_of_others(text, at, block)),
        }
    }

    #[inline(always)]
    fn count_by(&mut self, text: &[u8], limit: usize, piece: impl Fn(usize, Block) -> usize) -> usize {
        let (mut at, mut count) = (0, 0);
        // What is met seldom is called, by numbers: anything else would be written to memory in every round.
        while count <= limit
            && let Some(block) = Block::load(text, at)
        {
            let end = piece(at, block);
            count += match end - at {
                1 => 1,
                length @ 2..=memo::SHORT => {
                    let key = block.key(length);
                    match self.memo.short(key) {
                        0 => self.count_new(text, at, end, key),
                        known => known,
                    }
                }
                _ => self.count_long(text, at, end),
            };
            at = end;
        }
        self.count_rest(text, at, count, limit)
    }

    /// The last few bytes.
    #[inline(never)]
    fn count_rest(&mut self, text: &[u8], mut at: usize, mut count: usize, limit: usize) -> usize {
        while at < text.len() && count <= limit {
            let end = self.grammar.piece(text, at);
            let length = end - at;
            count += if length > memo::SHORT {
                self.count_long(text, at, end)
            } else {
                let key = Block::load_any(text, at).key(length);
                match self.memo.short(key) {
                    0 => self.count_new(text, at, end, key),
                    known => known,
                }
            };
            at = end;
        }
        count
    }

    /// Counts a piece of up to [`memo::SHORT`] bytes that the memo has not.
    #[inline(never)]
    fn count_new(&mut self, text: &[u8], at: usize, end: usize, key: memo::Key) -> usize {
        let count = self.encoder.count(&mut self.merges, text.get(at..end).unwrap_or_default());
        self.memo.keep_short(key, count);
        count
    }

    /// Counts a longer piece.
    #[inline(never)]
    fn count_long(&mut self, text: &[u8], at: usize, end: usize) -> usize {
        let Self { merges, memo, encoder, .. } = self;
        let mut encode = || encoder.count(merges, text.get(at..end).unwrap_or_default());
        if end - at > memo::LONG { encode() } else { memo.long(text, at, end - at, &mut encode) }
    }

    /// The tokens of a text with the places where they end; no more than one above `limit` is of use.
    fn tokens(&mut self, text: &[u8], limit: usize, special: SpecialTokens) -> Result<Vec<(u32, usize)>> {
        let mut tokens = Vec::new();
        let mut begin = 0;
        while begin < text.len() && tokens.len() <= limit {
            let (end, token) = self.special.next(text, begin, special)?;
            let token = token.map(|(id, length)| (id | SPECIAL, end + length));
            let segment = text.get(..end).unwrap_or_default();
            let mut at = begin;
            while at < end && tokens.len() <= limit {
                // What is before the segment is not looked at; that it is there keeps the places right.
                let piece_end = self.grammar.piece(segment, at);
                self.push_piece(text.get(at..piece_end).unwrap_or_default(), at, &mut tokens);
                at = piece_end;
            }
            begin = token.map_or(end, |(_, end)| end);
            tokens.extend(token);
        }
        Ok(tokens)
    }

    fn push_piece(&mut self, piece: &[u8], at: usize, tokens: &mut Vec<(u32, usize)>) {
        if let Some(token) = self.encoder.whole.token(piece) {
            tokens.push((token, at + piece.len()));
            return;
        }
        self.encoder.count(&mut self.merges, piece);
        let first = tokens.len();
        if piece.len() > SHORT {
            tokens.extend(self.encoder.long.tokens().map(|(id, end)| (id, at + end)));
        } else {
            tokens.extend(self.encoder.short.tokens(piece.len()).map(|(id, end)| (id, at + end)));
        }
        if self.encoder.hidden > 0 {
            let found = tokens.split_off(first);
            let mut from = at;
            for (token, end) in found {
                if self.encoder.hides(token) {
                    let bytes = piece.get(from - at..end - at).unwrap_or_default();
                    tokens.extend(bytes.iter().zip(from + 1..).map(|(byte, end)| (Id::from(*byte), end)));
                } else {
                    tokens.push((token, end));
                }
                from = end;
            }
        }
    }
}

impl Encoder {
    /// How many tokens a piece has.
    #[inline(never)]
    fn count(&mut self, merges: &mut Merges, piece: &[u8]) -> usize {
        if self.whole.token(piece).is_some() {
            return 1;
        }
        let count =
            if piece.len() > SHORT { self.long.encode(merges, piece) } else { self.short.encode(merges, piece) };
        if self.hidden > 0 { count + self.hidden_bytes(piece.len()) } else { count }
    }

    fn hides(&self, token: Id) -> bool {
        token.wrapping_sub(256) < self.hidden
    }

    /// How many tokens more the last piece has by its tokens that are none.
    #[inline(never)]
    fn hidden_bytes(&self, length: usize) -> usize {
        let (mut from, mut more) = (0, 0);
        let mut add = |(token, end): (Id, usize)| {
            if self.hides(token) {
                more += end - from - 1;
            }
            from = end;
        };
        if length > SHORT {
            self.long.tokens().for_each(&mut add)
        } else {
            self.short.tokens(length).for_each(&mut add)
        }
        more
    }
}

impl Ids {
    fn read(vocabulary: &Vocabulary, packed: &[u8]) -> Result<Self> {
        let of_token = vocabulary.read_ids(packed)?;
        let most = of_token.iter().fold(0, |most, id| most.max(*id));
        let mut tokens = vec![Id::MAX; most as usize + 1];
        for (token, id) in (0..).zip(&of_token) {
            if Id::wrapping_sub(token, 256) >= vocabulary.hidden
                && let Some(to) = tokens.get_mut(*id as usize)
            {
                *to = token;
            }
        }
        Ok(Self { of_token, tokens, parts: OnceCell::new() })
    }

    fn of(&self, token: u32) -> u32 {
        if token & SPECIAL != 0 {
            return token & !SPECIAL;
        }
        self.of_token.get(token as usize).copied().unwrap_or(token)
    }

    fn token(&self, id: u32) -> Option<Id> {
        self.tokens.get(id as usize).copied().filter(|token| *token != Id::MAX)
    }
}

/// Writes the bytes of a token: those of its left part, then those of its right one.
fn write(token: Id, parts: &[(Id, Id)], whole: &Whole, to: &mut Vec<u8>) {
    let mut rest = vec![token];
    // A vocabulary made to do harm may say that a token is a part of itself.
    for _ in 0..1 << 16 {
        let Some(token) = rest.pop() else { return };
        match (token as usize).checked_sub(256).map(|index| parts.get(index)) {
            Some(Some((left, right))) => rest.extend([*right, *left]),
            Some(None) => to.extend_from_slice(whole.text(token).unwrap_or_default()),
            None => to.push(token as u8),
        }
    }
}
