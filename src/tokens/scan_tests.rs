//! The grammars against the regular expressions that they stand for.

use fancy_regex::Regex;
use proptest::prelude::*;

use super::{
    class::{ANY_LETTER, ANY_SPACE, MARK, NUMBER, SYMBOL, class_at},
    scan::{Grammar, Variant},
    words::Joints,
};

const OPENAI: Variant = Variant { digits: 3, contractions: true };

/// As npm `tiktoken` has them, and the files of Qwen, Mistral and DeepSeek. What one leaves over is for the next.
const PATTERNS: [(Grammar, &[&str]); 8] = [
    (Grammar::R50k, &[r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"]),
    (
        Grammar::Cl100k(OPENAI),
        &[
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ],
    ),
    (
        Grammar::O200k(OPENAI),
        &[
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ],
    ),
    (
        Grammar::Cl100k(Variant { digits: 1, contractions: true }),
        &[
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ],
    ),
    (
        Grammar::O200k(Variant { digits: 1, contractions: false }),
        &[
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ],
    ),
    (
        Grammar::DeepSeek,
        &[
            r"\p{N}{1,3}",
            r"[\u{4e00}-\u{9fa5}\u{3040}-\u{309f}\u{30a0}-\u{30ff}]+",
            r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##,
        ],
    ),
    (Grammar::Words(Joints::NONE), &["[^ ]+| +[^ ]*"]),
    // Some token has a space behind "/".
    (Grammar::Words(Joints::NONE.with(b'/')), &[r"(?=[\s\S]) *(?:[^ ]*/ +)*[^ ]*"]),
];

thread_local! {
    static REGEXES: Vec<(Grammar, Vec<Regex>)> =
        PATTERNS.map(|(grammar, patterns)| (grammar, patterns.iter().map(|pattern| Regex::new(pattern).unwrap()).collect())).into();
}

fn pieces(grammar: Grammar, text: &str) -> Vec<usize> {
    let (mut ends, mut at) = (Vec::new(), 0);
    while at < text.len() {
        at = grammar.piece(text.as_bytes(), at);
        ends.push(at);
    }
    ends
}

/// The ends of a text's pieces by some expressions: the matches of the first one, and of what lies between by the others.
fn ends_by(regexes: &[Regex], text: &str, from: usize, ends: &mut Vec<usize>) {
    if text.is_empty() {
        return;
    }
    let Some((regex, others)) = regexes.split_first() else { return ends.push(from + text.len()) };
    let mut at = 0;
    for found in regex.find_iter(text).map(Result::unwrap) {
        ends_by(others, &text[at..found.start()], from + at, ends);
        at = found.end();
        ends.push(from + at);
    }
    ends_by(others, &text[at..], from + at, ends);
}

fn check(text: &str) {
    REGEXES.with(|regexes| {
        for (grammar, regexes) in regexes {
            let mut expected = Vec::new();
            ends_by(regexes, text, 0, &mut expected);
            assert_eq!(pieces(*grammar, text), expected, "{grammar:?}: {text:?}");
        }
    });
}

#[test]
fn every_character_has_its_class() {
    let classes =
        [(r"\p{L}", ANY_LETTER), (r"\p{N}", NUMBER), (r"\p{M}", MARK), (r"[\p{P}\p{S}]", SYMBOL), (r"\s", ANY_SPACE)];
    let classes = classes.map(|(pattern, set)| (Regex::new(pattern).unwrap(), set));
    // What the engine of these tests knows and Unicode 16 does not, were it newer, would show up here.
    for character in '\0'..=char::MAX {
        let text = character.to_string();
        let (class, length) = class_at(text.as_bytes(), 0);
        assert_eq!(length, text.len());
        for (regex, set) in &classes {
            assert_eq!(class & set != 0, regex.is_match(&text).unwrap(), "{character:?}");
        }
    }
}

#[test]
fn every_character_stands_everywhere() {
    // Before, inside and after words, numbers, symbols and spaces.
    for character in '\0'..=char::MAX {
        // All of the first planes' beginnings, and a sample of the many ideographs.
        if u32::from(character) > 0x3400 && u32::from(character) % 97 != 0 {
            continue;
        }
        check(&format!(
            "{character}a {character}B{character}1{character} . {character}\n{character}'s {character}{character}"
        ));
    }
}

#[test]
fn every_short_text_of_what_the_grammars_tell_apart() {
    let parts = ["a", "B", "\u{4e2d}", "\u{301}", "1", " ", "\n", "\t", "'", "s", "/", ".", "\0"];
    let mut places = [0; 5];
    loop {
        check(&places.map(|place| parts[place]).concat());
        let Some(at) = places.iter().position(|place| *place + 1 < parts.len()) else { break };
        places[..at].fill(0);
        places[at] += 1;
    }
}

fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        6 => prop::sample::select(vec![
            " ", "   ", "\n", "\r", "\r\n", "\t", "a", "B", "the", "The", "THE", "\u{e9}", "\u{c9}", "\u{df}", "\u{17f}", "\u{212a}",
            "\u{4e2d}", "\u{301}", "'", "'s", "'RE", "'ll", "'\u{17f}", "1", "23", "\u{663}", "\u{bd}", "/", ".", "-", "(", "\u{a0}",
            "\u{2003}", "\u{85}", "\u{200d}", "\0", "\u{3042}", "\u{30fb}", "\u{9fa6}", "$", "\u{1f600}", "\u{1c5}", "\u{2b0}", "\u{e44}", "\u{627}", "\u{434}", "\u{414}",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        2 => "[ -~]{1,20}",
        1 => "[a-zA-Z]{12,40}",
        1 => "[\\t\\n\\r ]{1,30}",
    ];
    prop::collection::vec(part, 0..20).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_text_is_cut_as_by_the_regular_expression(text in text()) {
        check(&text);
    }
}
