//! What stands between a text and the one a finding was read in.

/// A way to hide a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Encoding {
    /// Base64, of either alphabet.
    Base64 = 1,
    /// Pairs of hexadecimal digits.
    Hex,
    /// Percent signs with hexadecimal digits, as in URLs.
    Percent,
    /// Entities of HTML.
    Html,
    /// Escapes with a backslash, as in JSON.
    Escapes,
    /// The alphabet shifted by 13.
    Rot13,
    /// Written backwards.
    Reversed,
    /// Characters that nobody sees: tags, variation selectors.
    Invisible,
    /// Eight binary digits for a byte.
    Binary,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: &'static [Encoding] = &[
        Encoding::Base64,
        Encoding::Hex,
        Encoding::Percent,
        Encoding::Html,
        Encoding::Escapes,
        Encoding::Rot13,
        Encoding::Reversed,
        Encoding::Invisible,
        Encoding::Binary,
    ];

    /// The name in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Encoding::Base64 => "base64",
            Encoding::Hex => "hex",
            Encoding::Percent => "percent",
            Encoding::Html => "html",
            Encoding::Escapes => "escapes",
            Encoding::Rot13 => "rot13",
            Encoding::Reversed => "reversed",
            Encoding::Invisible => "invisible",
            Encoding::Binary => "binary",
        }
    }
}

/// Encodings inside each other, outermost first: at most [`Decoded::DEPTH`], four bits for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Decoded(u16);

impl Decoded {
    /// Not decoded at all.
    pub const NOTHING: Decoded = Decoded(0);
    /// How deep encodings are followed.
    pub const DEPTH: usize = 4;

    /// With one more inside; `None` beyond [`Decoded::DEPTH`].
    pub fn and(self, encoding: Encoding) -> Option<Self> {
        let depth = self.names().count();
        (depth < Self::DEPTH).then(|| Self(self.0 | (encoding as u16) << (4 * depth)))
    }

    /// The same inside another; what is then deeper than [`Decoded::DEPTH`] is left out.
    #[must_use]
    pub const fn within(self, encoding: Encoding) -> Self {
        Self(self.0 << 4 | encoding as u16)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names, outermost first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        (0..Self::DEPTH).map_while(move |depth| {
            let code = self.0 >> (4 * depth) & 15;
            Encoding::ALL.iter().find(|encoding| **encoding as u16 == code).map(|encoding| encoding.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_named_from_the_outermost_and_bounded() {
        let mut decoded = Decoded::NOTHING;
        assert!(decoded.is_empty());
        for encoding in [Encoding::Base64, Encoding::Invisible, Encoding::Hex, Encoding::Base64] {
            decoded = decoded.and(encoding).unwrap();
        }
        assert_eq!(decoded.names().collect::<Vec<_>>(), ["base64", "invisible", "hex", "base64"]);
        assert_eq!(decoded.and(Encoding::Hex), None);
        let inner = Decoded::NOTHING.and(Encoding::Hex).unwrap();
        assert_eq!(inner.within(Encoding::Base64).names().collect::<Vec<_>>(), ["base64", "hex"]);
    }
}
