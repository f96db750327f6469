//! The scanners against the regular expressions that they stand for, and the tokenizers' answers against each other, on
//! whatever texts the fuzzer finds.
#![no_main]

use std::cell::RefCell;

use fancy_regex::Regex;
use libfuzzer_sys::fuzz_target;
use tollgate::tokens::{SpecialTokens, Tokenizer};

/// As npm `tiktoken` has them, and the files of Qwen and Mistral.
const ENCODINGS: [(&[u8], &str); 5] = [
    (
        include_bytes!("../../data/vocab/r50k_base.bin"),
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    ),
    (
        include_bytes!("../../data/vocab/cl100k_base.bin"),
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    (
        include_bytes!("../../data/vocab/o200k_base.bin"),
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    (
        include_bytes!("../../data/vocab/qwen3.bin"),
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    (
        include_bytes!("../../data/vocab/tekken.bin"),
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
];

thread_local! {
    static TOKENIZERS: RefCell<Vec<(Tokenizer, Regex)>> = RefCell::new(
        ENCODINGS
            .map(|(packed, pattern)| (Tokenizer::new(packed, None, None, 1 << 16).unwrap(), Regex::new(pattern).unwrap()))
            .into(),
    );
}

fuzz_target!(|text: &str| {
    TOKENIZERS.with_borrow_mut(|tokenizers| {
        for (tokenizer, regex) in tokenizers {
            let expected: Vec<usize> = regex.find_iter(text).map(|found| found.unwrap().end()).collect();
            assert_eq!(tokenizer.pieces(text), expected);
            let ends = tokenizer.ends(text, SpecialTokens::Text).unwrap();
            assert_eq!(tokenizer.count(text, SpecialTokens::Text).unwrap(), ends.len());
            assert_eq!(ends.last().copied().unwrap_or(0), text.len());
            let limit = ends.len() / 2;
            let end = tokenizer.truncate(text, limit, SpecialTokens::Text).unwrap();
            assert!(tokenizer.count(&text[..end], SpecialTokens::Text).unwrap() <= limit);
        }
    });
});
