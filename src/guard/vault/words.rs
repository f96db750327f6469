//! A set of texts, and which of them stands at a place of another text.

use std::ops::Range;

/// Texts in their order: byte by byte, what stands at a place narrows them to those that begin so. No tree is kept beside
/// them, and the time for a place grows with the logarithm of their number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    sorted: Vec<(Box<[u8]>, usize)>,
    /// The bytes that one of them begins with, a bit for each.
    first: [u64; 4],
}

/// Some of the texts: those that begin with what was read.
#[derive(Clone, Debug)]
pub(super) struct Narrowed {
    range: Range<usize>,
    depth: usize,
}

impl Words {
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Adds a text with what it stands for. One that is there already stays.
    pub fn add(&mut self, text: &[u8], of: usize) {
        let Err(at) = self.find(text) else { return };
        if let Some(byte) = text.first()
            && let Some(bits) = self.first.get_mut(usize::from(byte >> 6))
        {
            *bits |= 1 << (byte & 63);
        }
        self.sorted.insert(at, (text.into(), of));
    }

    /// What a text stands for.
    pub fn get(&self, text: &[u8]) -> Option<usize> {
        self.sorted.get(self.find(text).ok()?).map(|(_, of)| *of)
    }

    /// Whether one of them begins with that byte.
    pub fn begin_with(&self, byte: u8) -> bool {
        self.first.get(usize::from(byte >> 6)).is_some_and(|bits| bits >> (byte & 63) & 1 == 1)
    }

    /// All of them.
    pub fn all(&self) -> Narrowed {
        Narrowed { range: 0..self.sorted.len(), depth: 0 }
    }

    /// Those of them that go on with that byte; whether there are any.
    pub fn narrow(&self, some: &mut Narrowed, byte: u8) -> bool {
        let depth = some.depth;
        let next = |place: usize| self.sorted.get(place).and_then(|(text, _)| text.get(depth)).copied();
        let from = first_of(some.range.clone(), |place| next(place) >= Some(byte));
        let to = first_of(from..some.range.end, |place| next(place) > Some(byte));
        *some = Narrowed { range: from..to, depth: depth + 1 };
        from < to
    }

    /// What the text stands for that was read to its end, if one was.
    pub fn whole(&self, some: &Narrowed) -> Option<usize> {
        let (text, of) = self.sorted.get(some.range.start)?;
        (some.depth > 0 && !some.range.is_empty() && text.len() == some.depth).then_some(*of)
    }

    /// Whether any of them goes on.
    pub fn goes_on(&self, some: &Narrowed) -> bool {
        some.range.len() > usize::from(self.whole(some).is_some())
    }

    fn find(&self, text: &[u8]) -> Result<usize, usize> {
        self.sorted.binary_search_by(|(known, _)| (**known).cmp(text))
    }
}

/// The first place of a range from which on that holds.
fn first_of(range: Range<usize>, holds: impl Fn(usize) -> bool) -> usize {
    let (mut from, mut to) = (range.start, range.end);
    while from < to {
        let middle = from + (to - from) / 2;
        if holds(middle) { to = middle } else { from = middle + 1 }
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_narrows_them() {
        let mut words = Words::default();
        for (of, word) in ["ab", "abc", "b", "abd", "ab"].iter().enumerate() {
            words.add(word.as_bytes(), of);
        }
        assert_eq!([words.get(b"ab"), words.get(b"b"), words.get(b"a")], [Some(0), Some(2), None]);
        assert!(words.begin_with(b'a') && !words.begin_with(b'c'));
        let mut some = words.all();
        assert!(words.narrow(&mut some, b'a') && words.whole(&some).is_none() && words.goes_on(&some));
        assert!(words.narrow(&mut some, b'b'));
        assert_eq!((words.whole(&some), words.goes_on(&some)), (Some(0), true));
        assert!(words.narrow(&mut some, b'd'));
        assert_eq!((words.whole(&some), words.goes_on(&some)), (Some(3), false));
        assert!(!words.narrow(&mut some, b'x'));
        assert_eq!(words.whole(&some), None);
    }
}
