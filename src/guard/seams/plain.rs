//! What a text may begin with right behind another without being a part of what ended there.

/// The longest word of a language that is none of a token.
const LONGEST: usize = 24;

/// Whether what a value would take in is what a sentence begins with: a word, words with a hyphen or an apostrophe between,
/// or a number of up to four digits. Signs that open or close something may stand around it; letters in capitals and small
/// ones in turns, digits beside letters, and signs that addresses and tokens go on with are none of that.
pub(super) fn is_plain(text: &str) -> bool {
    let text = text.trim_start_matches(['(', '[', '{', '<', '"', '\'', '*', '#']);
    let text = text.trim_end_matches(|c: char| c.is_ascii_punctuation());
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.get(digits..) {
        Some(unit) if digits > 0 => {
            digits <= 4 && unit.len() <= 2 && unit.bytes().all(|byte| byte.is_ascii_lowercase())
        }
        _ => text.is_empty() || text.split(['-', '\'', '\u{2019}']).all(is_word),
    }
}

/// Letters of one case, but for the first.
fn is_word(text: &str) -> bool {
    let behind = || text.chars().skip(1);
    text.chars().all(char::is_alphabetic)
        && (1..=LONGEST).contains(&text.chars().count())
        && (!behind().any(char::is_uppercase) || !text.chars().any(char::is_lowercase))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn words_and_small_numbers_are_plain() {
        for text in
            ["", "Summarize", "add", "PDF", "it's", "Re-read", "Summarize:", "{", "12", "3rd", "2024", "Résumé", "{\"a"]
        {
            assert!(is_plain(text), "{text:?}");
        }
        for text in [
            ".com",
            "@evil",
            "/path",
            "er2xyz9",
            "aGVsbG8",
            "12345",
            "12ab34",
            "a/b",
            "a.b",
            "-x",
            "\nabc",
            "ab\ncd",
            "+1",
            "abcdefghijklmnopqrstuvwxyz",
        ] {
            assert!(!is_plain(text), "{text:?}");
        }
    }
}
