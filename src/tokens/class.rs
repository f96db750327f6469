//! What the grammars ask of a character: its class, as a set of one.

use super::unicode::{BLOCKS, FIRST_BLOCKS, KINDS, PLAIN, PLANE_14};

/// A set of classes, one bit for each.
pub type Set = u32;

/// Anything that is nothing below: controls, unassigned.
pub(super) const OTHER: Set = 1;
/// Lu and Lt.
pub const UPPER: Set = 1 << 1;
/// Ll.
pub const LOWER: Set = 1 << 2;
/// Lm and Lo: letters without case.
pub const LETTER: Set = 1 << 3;
/// M.
pub const MARK: Set = 1 << 4;
/// N.
pub const NUMBER: Set = 1 << 5;
/// White space but for CR and LF.
pub(super) const SPACE: Set = 1 << 6;
/// CR and LF.
pub(super) const NEWLINE: Set = 1 << 7;
/// P and S.
pub const SYMBOL: Set = 1 << 8;
/// No character: the end of the text.
pub(super) const END: Set = 1 << 9;

/// `\p{L}`.
pub const ANY_LETTER: Set = UPPER | LOWER | LETTER;
/// `[^\s\p{L}\p{N}]` but for marks.
pub(super) const ANY_SYMBOL: Set = SYMBOL | OTHER;
/// `\s`.
pub(super) const ANY_SPACE: Set = SPACE | NEWLINE;

/// The class of the character at a place, and its length in bytes.
#[inline(always)]
pub(super) fn class_at(text: &[u8], at: usize) -> (Set, usize) {
    match text.get(at) {
        None => (END, 0),
        Some(&byte) if byte < 0x80 => (class_of(u32::from(byte)), 1),
        Some(&lead) => wide_class_at(text, at, lead),
    }
}

#[inline(always)]
fn wide_class_at(text: &[u8], at: usize, lead: u8) -> (Set, usize) {
    let tail = |place: usize| u32::from(text.get(at + place).copied().unwrap_or(0)) & 0x3f;
    let lead = u32::from(lead);
    if lead >= 0xf0 {
        (class_of((lead & 7) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3)), 4)
    } else if lead >= 0xe0 {
        (class_of((lead & 15) << 12 | tail(1) << 6 | tail(2)), 3)
    } else {
        (class_of((lead & 31) << 6 | tail(1)), 2)
    }
}

/// The class of a character.
#[inline(always)]
pub fn class_of(point: u32) -> Set {
    let mut block = (point >> 7) as usize;
    if block >= FIRST_BLOCKS {
        // Of plane 14 only the variation selectors are in the table.
        block = block.wrapping_sub(PLANE_14).saturating_add(FIRST_BLOCKS);
    }
    let kind = usize::from(BLOCKS.get(block).copied().unwrap_or(PLAIN));
    let pair = KINDS.get(kind << 6 | (point as usize & 127) >> 1).copied().unwrap_or(0);
    1 << (pair >> ((point & 1) << 2) & 15)
}
