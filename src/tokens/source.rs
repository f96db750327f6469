//! The merges of a vocabulary as they are packed: by right part, and in there by sweep.
//!
//! A text needs few of them. They stay as they came, but for an index that finds those of a right part; the table of
//! [`super::merges`] asks for them when a token is first made.

use super::{
    block::Block,
    merges::{Id, MOST_TOKENS},
    packed::{Reader, VOCABULARY, broken},
};
use crate::error::{Error, Result};

/// How many bits of a group say how many merges it has, less one. The id of its first is above.
const SIZE_BITS: u32 = 14;

/// Of every so many left parts the place is known.
const STEP: usize = 64;

/// Merges, by right part.
pub(super) struct Source {
    /// The left parts: LEB128, by merge, in a group less the one before.
    lefts: Box<[u8]>,
    /// Where every [`STEP`]th of them begins.
    places: Vec<u32>,
    /// By group: the id that its first merge makes, and how many merges it has.
    groups: Vec<u32>,
    /// By right part: its first group and its first merge; and where the last one ends.
    spans: Vec<(u32, u32)>,
    /// Which tokens are right parts, as bits.
    rights: Vec<u64>,
    /// By word of `rights`: how many there are in the words before.
    ranks: Vec<u32>,
}

impl Source {
    /// Reads what stands behind the encodings. Gives how many merges there are, too, and leaves the reader where the lefts end.
    #[inline(never)]
    pub fn read(reader: &mut Reader, ordered: bool) -> Result<(Self, usize)> {
        let at = reader.at;
        let count = reader.number()? as usize;
        if count > MOST_TOKENS - 256 {
            return Err(broken(VOCABULARY, at, "at most 261888 merges", "more"));
        }
        let [rights, groups, sweeps] =
            [reader.number()?, reader.number()?, reader.number()?].map(|number| number as usize);
        if groups > count || rights > groups || sweeps > groups {
            return Err(broken(VOCABULARY, at, "no more groups than merges", "more"));
        }
        let mut lengths = [0; 5];
        for length in &mut lengths {
            *length = reader.number()? as usize;
        }
        let mut columns = [Column::default(); 5];
        for (column, length) in columns.iter_mut().zip(lengths) {
            *column = Column { rest: reader.take(length)?, end: reader.at };
        }
        let [mut of_sweeps, mut of_rights, of_groups, of_sizes, of_lefts] = columns;

        // The first id of each sweep, and then the next.
        let mut next = Vec::with_capacity(sweeps + 1);
        next.push(256);
        for _ in 0..sweeps {
            let before = next.last().copied().unwrap_or_default();
            next.push(of_sweeps.number()?.saturating_add(before));
        }
        let firsts = next.clone();
        let mut found = Self {
            places: places(of_lefts.rest),
            lefts: of_lefts.rest.into(),
            groups: vec![0; groups],
            spans: Vec::with_capacity(rights + 1),
            rights: vec![0; (count + 256).div_ceil(64)],
            ranks: Vec::new(),
        };
        let mut filling = Filling { next: &mut next, of_groups, of_sizes, tokens: count as u32 + 256, merges: 0 };
        let (mut right, mut group) = (0_u32, 0_usize);
        for index in 0..rights {
            let (step, more) = (of_rights.number()?, of_rights.number()? as usize);
            right = right.saturating_add(step);
            if right as usize >= count + 256 || (step == 0 && index > 0) {
                return Err(broken(VOCABULARY, of_rights.at(), "right parts in their order", "another token"));
            }
            if let Some(word) = found.rights.get_mut(right as usize / 64) {
                *word |= 1 << (right % 64);
            }
            found.spans.push((group as u32, filling.merges));
            let Some(of) = found.groups.get_mut(group..=group.saturating_add(more)) else {
                return Err(broken(VOCABULARY, of_rights.at(), "the number of groups it says", "more"));
            };
            filling.fill(of, if ordered { right } else { 0 })?;
            group += more + 1;
        }
        found.spans.push((group as u32, filling.merges));
        let Filling { next, of_groups, of_sizes, merges, .. } = filling;
        let full = next.iter().zip(firsts.iter().skip(1)).all(|(next, first)| next == first);
        if !full || merges as usize != count || group != groups {
            return Err(broken(VOCABULARY, of_sizes.at(), "the number of merges it says", "another"));
        }
        if let Some(column) = [of_sweeps, of_rights, of_groups, of_sizes].iter().find(|column| !column.rest.is_empty())
        {
            return Err(broken(VOCABULARY, column.at(), "the end of a column", "another place"));
        }
        if found.places.len() != count / STEP + 1 || found.place(count) != Some(found.lefts.len()) {
            return Err(broken(VOCABULARY, of_lefts.at(), "a left part for every merge", "another number of them"));
        }
        let mut rank = 0;
        for word in &found.rights {
            found.ranks.push(rank);
            rank += word.count_ones();
        }
        Ok((found, count))
    }

    /// Hands out the merges of a right part: the left part, and the token that they make.
    #[inline(never)]
    pub fn merges_of(&self, right: Id, give: &mut dyn FnMut(Id, Id)) {
        let (word, bit) = (right as usize / 64, right % 64);
        let (Some(bits), Some(rank)) = (self.rights.get(word), self.ranks.get(word)) else { return };
        if bits >> bit & 1 == 0 {
            return;
        }
        self.merges_at((rank + (bits & ((1 << bit) - 1)).count_ones()) as usize, give);
    }

    /// By token above the bytes: its parts.
    pub fn parts(&self, count: usize) -> Vec<(Id, Id)> {
        let mut parts = vec![(0, 0); count];
        let words = self.rights.iter().enumerate();
        let rights = words
            .flat_map(|(word, bits)| (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit));
        for (index, right) in rights.enumerate() {
            self.merges_at(index, &mut |left, merged| {
                if let Some(part) = parts.get_mut(merged as usize - 256) {
                    *part = (left, right as Id);
                }
            });
        }
        parts
    }

    fn merges_at(&self, index: usize, give: &mut dyn FnMut(Id, Id)) {
        let (Some(&(from, merge)), Some(&(to, _))) = (self.spans.get(index), self.spans.get(index + 1)) else { return };
        let Some(mut at) = self.place(merge as usize) else { return };
        for group in self.groups.get(from as usize..to as usize).unwrap_or_default() {
            let (first, size) = (group >> SIZE_BITS, group & ((1 << SIZE_BITS) - 1));
            let mut left = 0_u32;
            for merged in first..=first + size {
                let Some((step, next)) = self.left(at) else { return };
                left = left.wrapping_add(step);
                at = next;
                give(left, merged);
            }
        }
    }

    /// The number at a place, and where it ends.
    #[inline(always)]
    fn left(&self, at: usize) -> Option<(u32, usize)> {
        number(self.lefts.get(at..)?).map(|(number, length)| (number, at + length))
    }

    /// Where the left part of a merge begins.
    fn place(&self, merge: usize) -> Option<usize> {
        let mut at = *self.places.get(merge / STEP)? as usize;
        for _ in 0..merge % STEP {
            (_, at) = self.left(at)?;
        }
        Some(at)
    }
}

/// Reads groups. Apart from what is done seldom, since all of it is done before a host has compiled it well: few steps a group
/// are what counts.
struct Filling<'a> {
    /// By sweep: the next id.
    next: &'a mut [u32],
    of_groups: Column<'a>,
    of_sizes: Column<'a>,
    tokens: u32,
    /// How many merges there are so far.
    merges: u32,
}

impl Filling<'_> {
    /// Reads the groups of one right part, whose ids are above `least`.
    #[inline(never)]
    fn fill(&mut self, groups: &mut [u32], least: u32) -> Result<()> {
        let (mut sweep, mut merges) = (0, self.merges);
        for group in groups {
            sweep += self.of_groups.number()? as usize;
            let size = self.of_sizes.number()?;
            let Some(next) = self.next.get_mut(sweep) else { return Err(self.broken("a sweep that there is")) };
            let first = *next;
            if size >> SIZE_BITS != 0 || first.saturating_add(size) >= self.tokens || first <= least {
                return Err(self.broken("tokens made of those before"));
            }
            *group = first << SIZE_BITS | size;
            *next = first + size + 1;
            merges += size + 1;
        }
        self.merges = merges;
        Ok(())
    }

    #[inline(never)]
    fn broken(&self, expected: &str) -> Error {
        broken(VOCABULARY, self.of_groups.at(), expected, "another")
    }
}

/// Numbers, one after the other.
#[derive(Clone, Copy, Default)]
struct Column<'a> {
    rest: &'a [u8],
    /// Where it ends in the vocabulary.
    end: usize,
}

impl Column<'_> {
    fn at(&self) -> usize {
        self.end - self.rest.len()
    }

    #[inline(always)]
    fn number(&mut self) -> Result<u32> {
        match self.rest.split_first() {
            Some((byte, rest)) if *byte < 0x80 => {
                self.rest = rest;
                Ok(u32::from(*byte))
            }
            _ => self.long_number(),
        }
    }

    #[inline(never)]
    fn long_number(&mut self) -> Result<u32> {
        let Some((number, length)) = number(self.rest) else {
            return Err(broken(VOCABULARY, self.at(), "a number below 2^28", "none"));
        };
        self.rest = self.rest.get(length..).unwrap_or_default();
        Ok(number)
    }
}

/// A number in LEB128, and how many bytes it has.
#[inline(always)]
fn number(bytes: &[u8]) -> Option<(u32, usize)> {
    let (mut number, mut shift) = (0_u32, 0);
    for (index, byte) in bytes.iter().enumerate().take(4) {
        number |= u32::from(byte & 0x7f) << shift;
        shift += 7;
        if *byte < 0x80 {
            return Some((number, index + 1));
        }
    }
    None
}

/// Where every [`STEP`]th number begins.
#[inline(never)]
fn places(lefts: &[u8]) -> Vec<u32> {
    let mut places = Vec::with_capacity(lefts.len() / STEP + 1);
    places.push(0);
    // How many more end before the next one that is wanted.
    let mut missing = STEP as u32;
    let mut at = 0;
    while at < lefts.len() {
        let block = Block::load(lefts, at).unwrap_or_else(|| Block::load_any(lefts, at));
        // The last byte of a number is below 128. What is beyond the end is not.
        let mut ends = !block.wide() & 0xffff;
        let count = ends.count_ones();
        if count >= missing {
            for _ in 1..missing {
                ends &= ends - 1;
            }
            places.push(at as u32 + ends.trailing_zeros() + 1);
            missing += STEP as u32;
        }
        missing -= count;
        at += 16;
    }
    places
}
