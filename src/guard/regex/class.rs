//! Sets of characters.

use crate::{script::Script, tokens::class as general};

/// A set of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    /// From the first to the last, both in it.
    pub ranges: Vec<(u32, u32)>,
    /// Properties, and whether it is those that lack them.
    pub properties: Vec<(Property, bool)>,
    /// Whether it is all others.
    pub negated: bool,
    /// Whether case is set aside.
    pub folded: bool,
    /// Which of the first 128 are in it.
    ascii: u128,
}

/// A property of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property {
    /// `\d`.
    Digit,
    /// `\w`.
    Word,
    /// `\s`.
    Space,
    /// General categories, as bits of [`general`].
    Category(u32),
    /// `\p{Lu}`: of what [`general`] calls upper case, not what begins a title.
    Upper,
    /// Of a script, by its blocks.
    Script(Script),
}

/// What ends a line.
pub(super) const LINE_ENDS: [(u32, u32); 3] = [(0xA, 0xA), (0xD, 0xD), (0x2028, 0x2029)];

/// `\w`.
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a line ends with it.
pub(super) fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

impl Property {
    fn has(self, c: char) -> bool {
        match self {
            Property::Digit => c.is_ascii_digit(),
            Property::Word => is_word(c),
            // As in JavaScript: with the byte order mark, without the next line (U+0085).
            Property::Space => (c.is_whitespace() && c != '\u{85}') || c == '\u{FEFF}',
            Property::Category(set) => general::class_of(u32::from(c)) & set != 0,
            Property::Upper => general::class_of(u32::from(c)) & general::UPPER != 0 && !is_title(c),
            Property::Script(script) => Script::of(c) == Some(script),
        }
    }
}

/// Lt: letters that are two, the first of them upper case.
fn is_title(c: char) -> bool {
    matches!(c, 'ǅ' | 'ǈ' | 'ǋ' | 'ǲ' | '\u{1F88}'..='\u{1F8F}' | '\u{1F98}'..='\u{1F9F}' | '\u{1FA8}'..='\u{1FAF}'
        | '\u{1FBC}' | '\u{1FCC}' | '\u{1FFC}')
}

impl Class {
    pub fn new(ranges: Vec<(u32, u32)>, properties: Vec<(Property, bool)>, negated: bool, folded: bool) -> Self {
        let mut class = Self { ranges, properties, negated, folded, ascii: 0 };
        if folded {
            // A character by itself stands for all its forms. Of a range, the forms of what is looked at decide.
            for at in 0..class.ranges.len() {
                let single =
                    class.ranges.get(at).filter(|(from, to)| from == to).and_then(|(from, _)| char::from_u32(*from));
                class.ranges.extend(single.into_iter().flat_map(forms).map(|c| (u32::from(c), u32::from(c))));
            }
        }
        for byte in 0..128_u8 {
            class.ascii |= u128::from(class.look(char::from(byte))) << byte;
        }
        class
    }

    /// One character.
    pub fn of(c: char, folded: bool) -> Self {
        Self::new(vec![(u32::from(c), u32::from(c))], Vec::new(), false, folded)
    }

    /// Whether a character is in it.
    #[inline]
    pub fn has(&self, c: char) -> bool {
        if u32::from(c) < 128 { self.ascii >> u32::from(c) & 1 == 1 } else { self.look(c) }
    }

    /// Those of the first 128 that are in it.
    pub const fn ascii(&self) -> u128 {
        self.ascii
    }

    /// Whether it may have any other than the first 128.
    pub fn is_wide(&self) -> bool {
        self.negated || self.folded || !self.properties.is_empty() || self.ranges.iter().any(|(_, to)| *to >= 128)
    }

    fn look(&self, c: char) -> bool {
        let listed = |c: char| {
            let point = u32::from(c);
            self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&point))
                || self.properties.iter().any(|(property, lacks)| property.has(c) != *lacks)
        };
        (listed(c) || self.folded && forms(c).any(listed)) != self.negated
    }
}

/// A character in lower case, in upper case, and in lower case by way of upper case (`ς` to `σ`).
fn forms(c: char) -> impl Iterator<Item = char> {
    // What becomes several characters (`ß` to `SS`) has no other form.
    let lower = |c: char| c.to_lowercase().next().filter(|_| c.to_lowercase().len() == 1);
    let upper = c.to_uppercase().next().filter(|_| c.to_uppercase().len() == 1);
    [lower(c), upper, upper.and_then(lower)].into_iter().flatten()
}
