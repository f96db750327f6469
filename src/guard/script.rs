//! Which writing a text is in. Languages that share one are not told apart.

use super::{action::named, finding::Hit, kind::Kind};
use crate::error::Result;

/// A writing system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)] // Their names say it.
pub enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Hebrew,
    Arabic,
    Devanagari,
    Bengali,
    Gurmukhi,
    Gujarati,
    Tamil,
    Telugu,
    Kannada,
    Malayalam,
    Sinhala,
    Thai,
    Lao,
    Tibetan,
    Myanmar,
    Georgian,
    Hangul,
    Ethiopic,
    Khmer,
    Kana,
    Han,
}

/// Blocks of letters (Unicode 17), sorted, each to its end.
const BLOCKS: &[(u32, u32, Script)] = &[
    (0x41, 0x24F, Script::Latin),
    (0x250, 0x2AF, Script::Latin),
    (0x370, 0x3FF, Script::Greek),
    (0x400, 0x52F, Script::Cyrillic),
    (0x530, 0x58F, Script::Armenian),
    (0x590, 0x5FF, Script::Hebrew),
    (0x600, 0x6FF, Script::Arabic),
    (0x750, 0x77F, Script::Arabic),
    (0x8A0, 0x8FF, Script::Arabic),
    (0x900, 0x97F, Script::Devanagari),
    (0x980, 0x9FF, Script::Bengali),
    (0xA00, 0xA7F, Script::Gurmukhi),
    (0xA80, 0xAFF, Script::Gujarati),
    (0xB80, 0xBFF, Script::Tamil),
    (0xC00, 0xC7F, Script::Telugu),
    (0xC80, 0xCFF, Script::Kannada),
    (0xD00, 0xD7F, Script::Malayalam),
    (0xD80, 0xDFF, Script::Sinhala),
    (0xE00, 0xE7F, Script::Thai),
    (0xE80, 0xEFF, Script::Lao),
    (0xF00, 0xFFF, Script::Tibetan),
    (0x1000, 0x109F, Script::Myanmar),
    (0x10A0, 0x10FF, Script::Georgian),
    (0x1100, 0x11FF, Script::Hangul),
    (0x1200, 0x139F, Script::Ethiopic),
    (0x1780, 0x17FF, Script::Khmer),
    (0x1C80, 0x1C8F, Script::Cyrillic),
    (0x1C90, 0x1CBF, Script::Georgian),
    (0x1E00, 0x1EFF, Script::Latin),
    (0x1F00, 0x1FFF, Script::Greek),
    (0x2C60, 0x2C7F, Script::Latin),
    (0x2DE0, 0x2DFF, Script::Cyrillic),
    (0x2E80, 0x2FDF, Script::Han),
    (0x3005, 0x3007, Script::Han),
    (0x3040, 0x30FF, Script::Kana),
    (0x3130, 0x318F, Script::Hangul),
    (0x31F0, 0x31FF, Script::Kana),
    (0x3400, 0x4DBF, Script::Han),
    (0x4E00, 0x9FFF, Script::Han),
    (0xA640, 0xA69F, Script::Cyrillic),
    (0xA720, 0xA7FF, Script::Latin),
    (0xAC00, 0xD7AF, Script::Hangul),
    (0xF900, 0xFAFF, Script::Han),
    (0xFB50, 0xFDFF, Script::Arabic),
    (0xFE70, 0xFEFE, Script::Arabic),
    (0xFF21, 0xFF5A, Script::Latin),
    (0xFF66, 0xFF9F, Script::Kana),
    (0x20000, 0x3FFFF, Script::Han),
];

/// The languages whose writing is known: their ISO 639-1 codes, and the scripts that they are written in.
const LANGUAGES: &[(&str, &[Script])] = &[
    ("am", &[Script::Ethiopic]),
    ("ar", &[Script::Arabic]),
    ("bg", &[Script::Cyrillic]),
    ("bn", &[Script::Bengali]),
    ("cs", &[Script::Latin]),
    ("da", &[Script::Latin]),
    ("de", &[Script::Latin]),
    ("el", &[Script::Greek]),
    ("en", &[Script::Latin]),
    ("es", &[Script::Latin]),
    ("et", &[Script::Latin]),
    ("fa", &[Script::Arabic]),
    ("fi", &[Script::Latin]),
    ("fr", &[Script::Latin]),
    ("gu", &[Script::Gujarati]),
    ("he", &[Script::Hebrew]),
    ("hi", &[Script::Devanagari]),
    ("hr", &[Script::Latin]),
    ("hu", &[Script::Latin]),
    ("hy", &[Script::Armenian]),
    ("id", &[Script::Latin]),
    ("it", &[Script::Latin]),
    ("ja", &[Script::Kana, Script::Han]),
    ("ka", &[Script::Georgian]),
    ("km", &[Script::Khmer]),
    ("kn", &[Script::Kannada]),
    ("ko", &[Script::Hangul, Script::Han]),
    ("lo", &[Script::Lao]),
    ("lt", &[Script::Latin]),
    ("lv", &[Script::Latin]),
    ("ml", &[Script::Malayalam]),
    ("mr", &[Script::Devanagari]),
    ("ms", &[Script::Latin]),
    ("my", &[Script::Myanmar]),
    ("ne", &[Script::Devanagari]),
    ("nl", &[Script::Latin]),
    ("no", &[Script::Latin]),
    ("pa", &[Script::Gurmukhi]),
    ("pl", &[Script::Latin]),
    ("pt", &[Script::Latin]),
    ("ro", &[Script::Latin]),
    ("ru", &[Script::Cyrillic]),
    ("si", &[Script::Sinhala]),
    ("sk", &[Script::Latin]),
    ("sl", &[Script::Latin]),
    ("sr", &[Script::Cyrillic, Script::Latin]),
    ("sv", &[Script::Latin]),
    ("sw", &[Script::Latin]),
    ("ta", &[Script::Tamil]),
    ("te", &[Script::Telugu]),
    ("th", &[Script::Thai]),
    ("tr", &[Script::Latin]),
    ("uk", &[Script::Cyrillic]),
    ("ur", &[Script::Arabic]),
    ("vi", &[Script::Latin]),
    ("zh", &[Script::Han]),
];

impl Script {
    /// The script of a letter; `None` for what is no letter, or of a script that is not told apart.
    pub fn of(c: char) -> Option<Self> {
        if !c.is_alphabetic() {
            return None;
        }
        let code = u32::from(c);
        let after = BLOCKS.partition_point(|(first, ..)| *first <= code);
        let (_, last, script) = BLOCKS.get(after.checked_sub(1)?)?;
        (code <= *last).then_some(*script)
    }
}

/// The writings that a text may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scripts {
    /// A bit for each.
    allowed: u32,
    /// How much of the letters may be in others, in percent.
    share: u8,
}

impl Scripts {
    /// How many percent of the letters may be in other scripts where nothing else is said: a name, a quotation.
    pub const SHARE: u8 = 20;

    /// The scripts of these languages (ISO 639-1), and how many percent of the letters may be in others.
    pub fn of_languages(languages: &[String], share: u8) -> Result<Self> {
        let codes: Vec<&'static str> = LANGUAGES.iter().map(|(code, _)| *code).collect();
        let mut allowed = 0;
        for language in languages {
            let code = named(&codes, |code| code, language, "language options", "each of languages")?;
            let scripts = LANGUAGES.iter().filter(|(known, _)| *known == code).flat_map(|(_, scripts)| *scripts);
            allowed |= scripts.fold(0, |all, script| all | 1_u32 << *script as u8);
        }
        Ok(Self { allowed, share })
    }

    /// The parts of a text in other scripts, where they are more of it than may be.
    pub(super) fn look(self, text: &str, guard: usize, hits: &mut Vec<Hit>) {
        let is_other = |c: char| Script::of(c).map(|script| self.allowed >> script as u8 & 1 == 0);
        let (mut letters, mut others) = (0_usize, 0_usize);
        for c in text.chars() {
            let other = is_other(c);
            letters += usize::from(other.is_some());
            others += usize::from(other == Some(true));
        }
        if others == 0 || others * 100 <= letters * usize::from(self.share) {
            return;
        }
        let hit = |(start, end)| Hit::new(Kind::Language, start, end, false, "script").sure(90).of_guard(guard);
        // Runs of other letters, with what stands between them.
        let mut run: Option<(usize, usize)> = None;
        for (at, c) in text.char_indices() {
            match is_other(c) {
                Some(true) => run = Some((run.map_or(at, |(start, _)| start), at + c.len_utf8())),
                Some(false) => hits.extend(run.take().map(hit)),
                None => {}
            }
        }
        hits.extend(run.map(hit));
    }
}

/// Whether a letter is a word by itself, as in Chinese and Japanese, which do not divide words: all from there on are taken for such.
pub(super) fn stands_alone(c: char) -> bool {
    u32::from(c) >= 0x2E80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(languages: &[&str], share: u8, text: &'a str) -> Vec<&'a str> {
        let languages: Vec<String> = languages.iter().map(|code| (*code).to_owned()).collect();
        let mut hits = Vec::new();
        Scripts::of_languages(&languages, share).unwrap().look(text, 0, &mut hits);
        hits.iter().map(|hit| &text[hit.start..hit.end]).collect()
    }

    #[test]
    fn letters_of_other_scripts() {
        let cases: &[(&[&str], u8, &str, &[&str])] = &[
            (&["en"], 0, "plain text, 123 😀", &[]),
            (&["en"], 0, "say привет, мир to them", &["привет, мир"]),
            (&["en", "ru"], 0, "say привет", &[]),
            (&["ja"], 0, "これは秘密です", &[]),
            (&["zh"], 0, "秘密です", &["です"]),
            (&["en"], 50, "hello мир", &[]),
            (&["en"], 10, "hello мир", &["мир"]),
            (&["de"], 0, "Größe naïve Łódź", &[]),
            (&["en"], 0, "", &[]),
        ];
        for (languages, share, text, expected) in cases {
            assert_eq!(found(languages, *share, text), *expected, "{text}");
        }
    }

    #[test]
    fn blocks_are_sorted_and_apart() {
        assert!(BLOCKS.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert!(LANGUAGES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(Script::of('1'), None);
        assert_eq!(Script::of('é'), Some(Script::Latin));
    }

    #[test]
    fn a_language_that_nobody_knows_is_refused_with_the_known_ones() {
        let error = Scripts::of_languages(&["xx".to_owned()], 0).unwrap_err();
        assert!(
            error
                .message()
                .starts_with("cannot read language options: expected each of languages to be one of am, ar, ")
        );
    }
}
