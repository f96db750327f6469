//! Tokens that no merge makes.
//!
//! OpenAI's vocabularies have none. Some others do: tokens that a piece is only if it is one as a whole, and tokens that no
//! text is split into at all but which have ids.

use super::merges::Id;

/// Tokens that no merge makes.
#[derive(Default)]
pub(super) struct Whole {
    /// The id of the first one.
    first: Id,
    /// Those that whole pieces are, sorted; then the others.
    texts: Vec<Box<[u8]>>,
    /// How many whole pieces are.
    matched: usize,
}

impl Whole {
    /// The first `matched` texts are what whole pieces are; `None` if they are not sorted.
    pub fn new(first: Id, texts: Vec<Box<[u8]>>, matched: usize) -> Option<Self> {
        let pieces = texts.get(..matched)?;
        let sorted = pieces.iter().zip(pieces.iter().skip(1)).all(|(text, next)| text < next);
        sorted.then_some(Self { first, texts, matched })
    }

    /// The token that a piece is as a whole.
    #[inline(always)]
    pub fn token(&self, piece: &[u8]) -> Option<Id> {
        if self.matched == 0 { None } else { self.find(piece) }
    }

    #[inline(never)]
    fn find(&self, piece: &[u8]) -> Option<Id> {
        let texts = self.texts.get(..self.matched)?;
        let place = texts.partition_point(|text| **text < *piece);
        texts.get(place).filter(|text| ***text == *piece).map(|_| self.first + place as Id)
    }

    /// The bytes of a token of these.
    pub fn text(&self, token: Id) -> Option<&[u8]> {
        self.texts.get(token.checked_sub(self.first)? as usize).map(|text| &**text)
    }
}
