//! Packed vocabularies, and the ids that go with them. `scripts/vocab` makes them; `docs/tokens.md` says why they look so.
//!
//! Numbers are LEB128 but where said otherwise, texts a number of bytes and then the bytes. A vocabulary:
//!
//! | | |
//! |---|---|
//! | `TGV2` | |
//! | the checksum of all that follows, four bytes | FNV-1a over words of four bytes, the lowest first, from 0x811c9dc5 ^ length on |
//! | a text | where it comes from, and its licence |
//! | a number | the grammar: 0 r50k, 1 cl100k, 2 o200k, 3 qwen, 4 tekken, 5 deepseek, 6 words; 16 more if merges may come before those that make their parts |
//! | for grammar 6, a number and bytes | how many of the first merges make no token, but the beginning of a character; the bytes that tokens have before spaces |
//! | how many encodings, each | a name; how many special tokens, each a text and an id; how many ranges of reserved ones, each the first id and the last |
//! | four numbers | merges; right parts; groups; sweeps |
//! | five numbers | how many bytes each column has |
//! | first column | by sweep, how many merges it has |
//! | second column | by right part, the lowest first: itself, less the one before; how many groups it has, less one |
//! | third column | by group of a right part, in which sweep it is, less that of the group before |
//! | fourth column | by group, how many merges it has, less one; at most 16383 |
//! | fifth column | by merge of a group, its left part, less that of the merge before |
//! | two numbers, and texts | tokens that no merge makes: how many pieces can be as a whole, how many others; their bytes. May be left out. |
//!
//! The merges are numbered by sweep, by right part in a sweep, by group in there, and as they stand in the group.
//!
//! The ids of a vocabulary: `TGI1`, the sum, the vocabulary's sum, a text, how many tokens, and by token the low bytes of
//! all ids, then the middle ones, then the high ones.

use super::{
    merges::{Id, MOST_TOKENS, Merges},
    scan::Grammar,
    source::Source,
    whole::Whole,
    words::Joints,
};
use crate::error::{Error, Result};

/// A token that stands for no text: `<|endoftext|>`.
pub(super) struct Special {
    pub text: String,
    pub id: u32,
}

/// What a packed vocabulary says.
pub(super) struct Vocabulary {
    pub grammar: Grammar,
    /// Of the encoding asked for.
    pub special: Vec<Special>,
    pub merges: Merges,
    pub whole: Whole,
    /// How many tokens above the bytes are none, but the beginning of a character: where it goes on otherwise, they are its bytes.
    pub hidden: Id,
    /// How many tokens there are, bytes included.
    pub tokens: usize,
    sum: u32,
}

pub(super) const VOCABULARY: &str = "vocabulary";
const IDS: &str = "ids of a vocabulary";

/// Added to the number of the grammar where merges may come before those that make their parts.
const UNORDERED: u32 = 16;

impl Vocabulary {
    /// Reads one, for an encoding of its own by name, the first one if none is named.
    pub fn read(packed: &[u8], encoding: Option<&str>) -> Result<Self> {
        let mut reader = Reader::open(packed, VOCABULARY, b"TGV2")?;
        let sum = reader.sum;
        reader.text()?;
        let at = reader.at;
        let number = reader.number()?;
        let ordered = number < UNORDERED;
        let mut grammar = Grammar::from_number(number & (UNORDERED - 1))
            .ok_or_else(|| broken(VOCABULARY, at, "a known grammar", "another"))?;
        let mut hidden = 0;
        if let Grammar::Words(joints) = &mut grammar {
            hidden = reader.number()?;
            *joints = reader.bytes()?.iter().fold(Joints::NONE, |joints, byte| joints.with(*byte));
        }
        let special = read_encodings(&mut reader, encoding)?;

        let (source, count) = Source::read(&mut reader, ordered)?;
        let first = 256 + count as Id;
        let (whole, others) = read_whole(&mut reader, first)?;
        if reader.at != packed.len() {
            return Err(broken(VOCABULARY, reader.at, "the end of a column", "another place"));
        }
        Ok(Self {
            grammar,
            special,
            merges: Merges::new(source, count, ordered),
            whole,
            hidden,
            tokens: first as usize + others,
            sum,
        })
    }

    /// Reads the ids that belong to it: by token, the one that the provider gives it.
    pub fn read_ids(&self, packed: &[u8]) -> Result<Vec<u32>> {
        let mut reader = Reader::open(packed, IDS, b"TGI1")?;
        let at = reader.at;
        if reader.word()? != self.sum {
            return Err(broken(IDS, at, "the ids of this vocabulary", "those of another"));
        }
        reader.text()?;
        let at = reader.at;
        let count = reader.number()? as usize;
        let planes = packed.get(reader.at..).unwrap_or_default();
        if count != self.tokens || planes.len() != count * 3 {
            return Err(broken(IDS, at, "an id for every token", "another number of them"));
        }
        let (low, rest) = planes.split_at(count);
        let (middle, high) = rest.split_at(count);
        let ids = low.iter().zip(middle).zip(high);
        Ok(ids.map(|((low, middle), high)| u32::from_le_bytes([*low, *middle, *high, 0])).collect())
    }
}

/// The special tokens of the encoding asked for.
fn read_encodings(reader: &mut Reader, wanted: Option<&str>) -> Result<Vec<Special>> {
    let mut names = Vec::new();
    let mut answer = None;
    for _ in 0..reader.number()? {
        let name = reader.text()?;
        let mut special = Vec::new();
        for _ in 0..reader.number()? {
            special.push(Special { text: reader.text()?.to_owned(), id: reader.number()? });
        }
        for _ in 0..reader.number()? {
            let at = reader.at;
            let (first, last) = (reader.number()?, reader.number()?);
            if last >= MOST_TOKENS as u32 {
                return Err(broken(VOCABULARY, at, "ids of at most 18 bits", "a longer one"));
            }
            special.extend((first..=last).map(|id| Special { text: format!("<|reserved_{id}|>"), id }));
        }
        if answer.is_none() && wanted.is_none_or(|wanted| wanted == name) {
            answer = Some(special);
        }
        names.push(name);
    }
    answer.ok_or_else(|| {
        Error::input(format!(
            "cannot read vocabulary: expected an encoding that it has ({}), found another name",
            names.join(", ")
        ))
    })
}

/// The tokens that no merge makes, and how many they are. Nothing follows where there are none.
fn read_whole(reader: &mut Reader, first: Id) -> Result<(Whole, usize)> {
    if reader.at == reader.bytes.len() {
        return Ok((Whole::default(), 0));
    }
    let at = reader.at;
    let matched = reader.number()? as usize;
    let count = matched.saturating_add(reader.number()? as usize);
    if count > MOST_TOKENS - first as usize {
        return Err(broken(VOCABULARY, at, "at most 262144 tokens", "more"));
    }
    let mut texts = Vec::new();
    for _ in 0..count {
        texts.push(reader.bytes()?.into());
    }
    let whole = Whole::new(first, texts, matched);
    Ok((whole.ok_or_else(|| broken(VOCABULARY, at, "sorted tokens", "others"))?, count))
}

/// FNV-1a over words of four bytes, the lowest first; what is left over is a word of its own, filled with 0. It begins with
/// the length.
#[inline(never)]
fn add_to_sum(sum: u32, part: &[u8]) -> u32 {
    let (words, rest) = part.as_chunks();
    let add = |sum: u32, word: &[u8; 4]| (sum ^ u32::from_le_bytes(*word)).wrapping_mul(0x0100_0193);
    let sum = words.iter().fold(sum, add);
    let mut last = [0; 4];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    if rest.is_empty() { sum } else { add(sum, &last) }
}

pub(super) fn broken(what: &str, at: usize, expected: &str, found: &str) -> Error {
    Error::input(format!("cannot read {what}: expected {expected} at byte {at}, found {found}"))
}

/// Bytes, and how far they are read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    what: &'static str,
    bytes: &'a [u8],
    pub at: usize,
    sum: u32,
}

impl<'a> Reader<'a> {
    /// Checks what both forms begin with.
    fn open(bytes: &'a [u8], what: &'static str, magic: &[u8; 4]) -> Result<Self> {
        let mut reader = Self { what, bytes, at: 4, sum: 0 };
        if bytes.first_chunk() != Some(magic) {
            return Err(broken(what, 0, "the packed form of this version", "something else"));
        }
        reader.sum = reader.word()?;
        let body = bytes.get(reader.at..).unwrap_or_default();
        let found = body.chunks(1024).fold(0x811c_9dc5 ^ body.len() as u32, add_to_sum);
        if found != reader.sum {
            // A sum says that something is wrong, not where. Most often the end is missing: say how much came.
            return Err(broken(
                what,
                4,
                "the checksum of what follows",
                &format!("another, over {} bytes", body.len()),
            ));
        }
        Ok(reader)
    }

    fn byte(&mut self) -> Result<u8> {
        let byte = self.bytes.get(self.at);
        let byte = *byte.ok_or_else(|| broken(self.what, self.bytes.len(), "more", "its end"))?;
        self.at += 1;
        Ok(byte)
    }

    fn word(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes([self.byte()?, self.byte()?, self.byte()?, self.byte()?]))
    }

    #[inline(always)]
    pub fn number(&mut self) -> Result<u32> {
        // Most take a byte or two.
        match self.bytes.get(self.at..) {
            Some(&[byte, ..]) if byte < 0x80 => {
                self.at += 1;
                Ok(u32::from(byte))
            }
            Some(&[low, high, ..]) if high < 0x80 => {
                self.at += 2;
                Ok(u32::from(low & 0x7f) | u32::from(high) << 7)
            }
            _ => self.long_number(),
        }
    }

    #[inline(never)]
    fn long_number(&mut self) -> Result<u32> {
        let at = self.at;
        let mut number = 0;
        for (index, byte) in self.bytes.get(at..).unwrap_or_default().iter().enumerate().take(4) {
            number |= u32::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                self.at += index + 1;
                return Ok(number);
            }
        }
        // Which of the two it is, the last byte says.
        self.at = self.bytes.len().min(at + 4);
        if self.at < at + 4 {
            self.byte()?;
        }
        Err(broken(self.what, at, "a number below 2^28", "a longer one"))
    }

    /// A length, and that many bytes.
    fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = self.number()? as usize;
        self.take(length)
    }

    /// That many bytes.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let found = self.bytes.get(self.at..).and_then(|rest| rest.get(..length));
        self.at = self.at.saturating_add(length);
        found.ok_or_else(|| broken(self.what, self.bytes.len(), "more", "its end"))
    }

    fn text(&mut self) -> Result<&'a str> {
        let at = self.at;
        let text = std::str::from_utf8(self.bytes()?);
        text.map_err(|_| broken(self.what, at, "a text", "something else"))
    }
}
