//! Special tokens: the ones that stand for no text of their own, such as `<|endoftext|>`.

use super::packed::Special;
use crate::{
    collections::sort_by,
    error::{Error, Result},
};

/// What becomes of the texts of special tokens, such as `<|endoftext|>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpecialTokens<'a> {
    /// They are texts like any other: what a provider makes of a user's text.
    #[default]
    Text,
    /// They are refused.
    Refuse,
    /// They are the tokens that they name.
    Allow,
    /// Those listed are the tokens that they name, others are texts.
    Only(&'a [String]),
}

/// The special tokens of an encoding.
pub(super) struct SpecialTable {
    /// By text.
    tokens: Vec<Special>,
    /// The lengths of their texts, each once, the longest first: where two begin at one place, the longer one counts.
    lengths: Vec<usize>,
    /// The bytes that they begin with, each once.
    begins: Vec<u8>,
}

impl SpecialTable {
    pub fn new(mut tokens: Vec<Special>) -> Self {
        sort_by(&mut tokens, |a, b| a.text.cmp(&b.text));
        let (mut lengths, mut begins) = (Vec::new(), Vec::new());
        for Special { text, .. } in &tokens {
            if !lengths.contains(&text.len()) {
                lengths.push(text.len());
            }
            begins.extend(text.bytes().next().filter(|byte| !begins.contains(byte)));
        }
        sort_by(&mut lengths, |a, b| b.cmp(a));
        Self { tokens, lengths, begins }
    }

    /// The text of a special token.
    pub fn text_of(&self, id: u32) -> Option<&str> {
        self.tokens.iter().find(|token| token.id == id).map(|token| token.text.as_str())
    }

    /// From a place of a text on: where the next special token begins that counts as one, or the end of the text; and the
    /// token's id and length.
    pub fn next(&self, text: &[u8], from: usize, wanted: SpecialTokens) -> Result<(usize, Option<(u32, usize)>)> {
        if wanted == SpecialTokens::Text {
            return Ok((text.len(), None));
        }
        for (at, byte) in text.iter().enumerate().skip(from) {
            if !self.begins.contains(byte) {
                continue;
            }
            let Some(token) = self.at(text, at) else { continue };
            match wanted {
                SpecialTokens::Refuse => {
                    return Err(Error::input(format!(
                        "cannot read text: expected no special token, found {} at byte {at}",
                        token.text
                    )));
                }
                SpecialTokens::Only(names) if !names.contains(&token.text) => {}
                _ => return Ok((at, Some((token.id, token.text.len())))),
            }
        }
        Ok((text.len(), None))
    }

    fn at(&self, text: &[u8], at: usize) -> Option<&Special> {
        let rest = text.get(at..)?;
        self.lengths.iter().find_map(|length| {
            let text = rest.get(..*length)?;
            let place = self.tokens.partition_point(|token| token.text.as_bytes() < text);
            self.tokens.get(place).filter(|token| token.text.as_bytes() == text)
        })
    }
}
