//! Which script a character beyond ASCII is of, as far as vocabularies treat scripts apart.

/// The scripts. Those before [`WRITTEN`] are written in words. Letters that only some languages of a script have stand apart:
/// vocabularies know the words of those languages less well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Georgian,
    Hebrew,
    Arabic,
    Devanagari,
    Bengali,
    Gujarati,
    Tamil,
    Telugu,
    Malayalam,
    Thai,
    Myanmar,
    Hangul,
    Kana,
    Han,
    WidePunctuation,
    Punctuation,
    Symbol,
    Emoji,
    Joiner,
    Other,
    /// Of Central Europe, Turkey and the Baltic.
    LatinMore,
    /// Of Vietnam.
    LatinMarks,
    /// Of all but Russian and Bulgarian.
    CyrillicMore,
    /// Of Persian and Urdu.
    ArabicMore,
    Kannada,
    Sinhala,
    Lao,
    Khmer,
}

/// How many scripts there are.
pub(super) const SCRIPTS: usize = Script::Khmer as usize + 1;

/// How many of them are written in words: the first ones.
pub(super) const WRITTEN: usize = Script::Kana as usize;

use Script::*;

/// The first characters of ranges, in order, and their script. What is rare stands with what is alike.
const RANGES: &[(u32, Script)] = &[
    (0x80, Symbol),
    (0xaa, Latin),
    (0xab, Symbol),
    (0xb5, Latin),
    (0xb6, Symbol),
    (0xba, Latin),
    (0xbb, Symbol),
    (0xc0, Latin),
    (0x100, LatinMore),
    (0x1a0, LatinMarks),
    (0x1b2, LatinMore),
    (0x300, LatinMarks),
    (0x370, Greek),
    (0x400, CyrillicMore),
    (0x410, Cyrillic),
    (0x450, CyrillicMore),
    (0x530, Armenian),
    (0x590, Hebrew),
    (0x600, Arabic),
    (0x66e, ArabicMore),
    (0x700, Other),
    (0x750, ArabicMore),
    (0x780, Other),
    (0x8a0, Arabic),
    (0x900, Devanagari),
    (0x980, Bengali),
    (0xa00, Gujarati),
    (0xb80, Tamil),
    (0xc00, Telugu),
    (0xc80, Kannada),
    (0xd00, Malayalam),
    (0xd80, Sinhala),
    (0xe00, Thai),
    (0xe80, Lao),
    (0xf00, Other),
    (0x1000, Myanmar),
    (0x10a0, Georgian),
    (0x1100, Hangul),
    (0x1200, Other),
    (0x1780, Khmer),
    (0x1800, Other),
    (0x1c90, Georgian),
    (0x1cc0, Other),
    (0x1e00, LatinMarks),
    (0x1f00, Greek),
    (0x2000, Punctuation),
    (0x200b, Joiner),
    (0x2010, Punctuation),
    (0x2070, Symbol),
    (0x20d0, Joiner),
    (0x2100, Symbol),
    (0x2600, Emoji),
    (0x27c0, Symbol),
    (0x2c00, Other),
    (0x2de0, CyrillicMore),
    (0x2e00, Punctuation),
    (0x2e80, Han),
    (0x3000, WidePunctuation),
    (0x3040, Kana),
    (0x3100, Han),
    (0x3130, Hangul),
    (0x3190, Han),
    (0x31f0, Kana),
    (0x3200, WidePunctuation),
    (0x3400, Han),
    (0xa000, Other),
    (0xac00, Hangul),
    (0xd800, Other),
    (0xf900, Han),
    (0xfb00, Latin),
    (0xfb13, Armenian),
    (0xfb1d, Hebrew),
    (0xfb50, Arabic),
    (0xfe00, Joiner),
    (0xfe10, WidePunctuation),
    (0xfe70, Arabic),
    (0xff00, WidePunctuation),
    (0xff66, Kana),
    (0xffa0, Hangul),
    (0xffe0, Symbol),
    (0x1_0000, Other),
    (0x1_f000, Emoji),
    (0x1_fb00, Other),
    (0x2_0000, Han),
    (0x3_2400, Other),
    (0xe_0000, Joiner),
    (0xe_0200, Other),
];

/// The script of a character.
pub(super) fn script_of(point: u32) -> Script {
    let after = RANGES.partition_point(|(first, _)| *first <= point);
    after.checked_sub(1).and_then(|place| RANGES.get(place)).map_or(Other, |(_, script)| *script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_in_order() {
        assert!(RANGES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn characters_have_their_script() {
        for (character, script) in [
            ('é', Latin),
            ('ß', Latin),
            ('ệ', LatinMarks),
            ('ơ', LatinMarks),
            ('ł', LatinMore),
            ('λ', Greek),
            ('ж', Cyrillic),
            ('қ', CyrillicMore),
            ('і', CyrillicMore),
            ('ն', Armenian),
            ('ქ', Georgian),
            ('ש', Hebrew),
            ('ع', Arabic),
            ('گ', ArabicMore),
            ('ह', Devanagari),
            ('ব', Bengali),
            ('ગ', Gujarati),
            ('த', Tamil),
            ('క', Telugu),
            ('ಕ', Kannada),
            ('ໄ', Lao),
            ('മ', Malayalam),
            ('ไ', Thai),
            ('ခ', Myanmar),
            ('ខ', Khmer),
            ('한', Hangul),
            ('か', Kana),
            ('漢', Han),
            ('。', WidePunctuation),
            ('！', WidePunctuation),
            ('—', Punctuation),
            ('€', Symbol),
            ('→', Symbol),
            ('☀', Emoji),
            ('🙂', Emoji),
            ('\u{200d}', Joiner),
            ('\u{fe0f}', Joiner),
            ('አ', Other),
            ('\u{10ffff}', Other),
        ] {
            assert_eq!(script_of(character as u32), script, "{character}");
        }
    }
}
