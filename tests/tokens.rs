//! Tokens: laws of the table of merges, the cases that npm `tiktoken` was asked for, bad vocabularies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::BTreeMap, fs, path::Path};

use proptest::prelude::*;
use tollgate::tokens::{DEFAULT_MEMO, SpecialTokens, Tokenizer};

const ENCODINGS: [(&str, &str); 6] = [
    ("o200k_base", "o200k_base"),
    ("o200k_harmony", "o200k_base"),
    ("cl100k_base", "cl100k_base"),
    ("p50k_base", "p50k_base"),
    ("p50k_edit", "p50k_base"),
    ("r50k_base", "r50k_base"),
];

fn read(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn packed(family: &str) -> (Vec<u8>, Vec<u8>) {
    (read(&format!("data/vocab/{family}.bin")), read(&format!("data/vocab/{family}-ids.bin")))
}

fn tokenizer(name: &str) -> Tokenizer {
    let (_, family) = ENCODINGS.iter().find(|(known, _)| *known == name).unwrap();
    let (vocabulary, ids) = packed(family);
    Tokenizer::new(&vocabulary, Some(name), Some(&ids), DEFAULT_MEMO).unwrap()
}

#[derive(serde::Deserialize)]
struct Fixture {
    /// By encoding, the ids of the named texts.
    named: BTreeMap<String, Vec<Vec<u32>>>,
    /// By encoding and kind, how many tokens ten thousand bytes or so have.
    hard: BTreeMap<String, BTreeMap<String, usize>>,
    texts: Vec<String>,
}

fn hard(kind: &str) -> Option<String> {
    Some(match kind {
        "one letter" => "a".repeat(10_000),
        "one capital" => "A".repeat(10_000),
        "spaces" => " ".repeat(10_000),
        "line breaks" => "\n".repeat(10_000),
        "one digit" => "7".repeat(10_000),
        "a joined emoji" => "\u{1f468}\u{200d}".repeat(1000),
        "no spaces between letters" => "\u{e01}\u{e32}\u{e23}".repeat(1000),
        "capitals with marks" => "A\u{301}B".repeat(2000),
        "letters without case, then capitals" => "\u{4e2d}".repeat(1000) + &"A".repeat(1000),
        "alternating case" => "aB".repeat(5000),
        "symbols" => "=-".repeat(5000),
        // Its letters come from a generator in JavaScript.
        "base64" => return None,
        other => panic!("expected a known kind, found {other}"),
    })
}

#[test]
fn counts_and_ids_are_those_of_the_reference() {
    let fixture: Fixture = serde_json::from_slice(&read("tests/fixtures/tokens.json")).unwrap();
    for (name, _) in ENCODINGS {
        let mut tokenizer = tokenizer(name);
        assert_eq!(fixture.named[name].len(), fixture.texts.len());
        for (text, ids) in fixture.texts.iter().zip(&fixture.named[name]) {
            assert_eq!(&tokenizer.encode(text, SpecialTokens::Text).unwrap(), ids, "{name}: {text:?}");
            assert_eq!(tokenizer.count(text, SpecialTokens::Text).unwrap(), ids.len(), "{name}: {text:?}");
            assert_eq!(tokenizer.decode(ids).unwrap(), text.as_bytes(), "{name}: {text:?}");
        }
        for (kind, expected) in &fixture.hard[name] {
            let Some(text) = hard(kind) else { continue };
            assert_eq!(tokenizer.count(&text, SpecialTokens::Text).unwrap(), *expected, "{name}: {kind}");
        }
    }
}

/// The vocabularies of others: ids of their own tokenizers, special tokens taken for what they are.
#[test]
fn open_vocabularies_give_the_ids_of_the_reference() {
    #[derive(serde::Deserialize)]
    struct Open {
        texts: Vec<String>,
        named: BTreeMap<String, Vec<Vec<u32>>>,
    }
    let fixture: Open = serde_json::from_slice(&read("tests/fixtures/tokens-open.json")).unwrap();
    assert_eq!(fixture.named.len(), 3);
    for (name, expected) in &fixture.named {
        let (vocabulary, ids) = packed(name);
        let mut tokenizer = Tokenizer::new(&vocabulary, Some(name), Some(&ids), DEFAULT_MEMO).unwrap();
        let special = if name == "tekken" { SpecialTokens::Text } else { SpecialTokens::Allow };
        for (text, ids) in fixture.texts.iter().zip(expected) {
            assert_eq!(&tokenizer.encode(text, special).unwrap(), ids, "{name}: {text:?}");
            assert_eq!(tokenizer.count(text, special).unwrap(), ids.len(), "{name}: {text:?}");
            assert_eq!(tokenizer.decode(ids).unwrap(), text.as_bytes(), "{name}: {text:?}");
        }
    }
}

/// The merges of a family: by token above the bytes its parts, and the ranks. Read here anew, so that the reader is not
/// tested by itself.
fn merges(family: &str) -> (Vec<(usize, usize)>, Vec<u32>) {
    let (vocabulary, ids) = packed(family);
    let mut at = 8;
    let number = |bytes: &[u8], at: &mut usize| {
        let mut value = 0_usize;
        for shift in (0..).step_by(7) {
            let byte = bytes[*at];
            *at += 1;
            value |= usize::from(byte & 127) << shift;
            if byte < 128 {
                break;
            }
        }
        value
    };
    let text = |bytes: &[u8], at: &mut usize| {
        let length = number(bytes, at);
        *at += length;
    };
    text(&vocabulary, &mut at);
    number(&vocabulary, &mut at);
    for _ in 0..number(&vocabulary, &mut at) {
        text(&vocabulary, &mut at);
        for _ in 0..number(&vocabulary, &mut at) {
            text(&vocabulary, &mut at);
            number(&vocabulary, &mut at);
        }
        for _ in 0..number(&vocabulary, &mut at) {
            number(&vocabulary, &mut at);
            number(&vocabulary, &mut at);
        }
    }
    let [count, rights, groups, sweeps] = [(); 4].map(|()| number(&vocabulary, &mut at));
    let lengths = [(); 5].map(|()| number(&vocabulary, &mut at));
    let [mut of_sweeps, mut of_rights, mut of_groups, mut sizes, mut lefts] = lengths.map(|length| {
        at += length;
        at - length
    });
    // Numbered by sweep, by right part in there.
    let mut next = vec![0];
    for _ in 0..sweeps {
        next.push(next.last().unwrap() + number(&vocabulary, &mut of_sweeps));
    }
    let mut parts = vec![(usize::MAX, usize::MAX); count];
    let (mut right, mut found) = (0, 0);
    for _ in 0..rights {
        right += number(&vocabulary, &mut of_rights);
        let mut sweep = 0;
        for _ in 0..=number(&vocabulary, &mut of_rights) {
            sweep += number(&vocabulary, &mut of_groups);
            found += 1;
            let mut left = 0;
            for _ in 0..=number(&vocabulary, &mut sizes) {
                left += number(&vocabulary, &mut lefts);
                assert_eq!(std::mem::replace(&mut parts[next[sweep]], (left, right)), (usize::MAX, usize::MAX));
                next[sweep] += 1;
            }
        }
    }
    assert_eq!((found, parts.contains(&(usize::MAX, usize::MAX))), (groups, false));
    let mut at = 12;
    text(&ids, &mut at);
    let count = number(&ids, &mut at);
    let plane = |index: usize| &ids[at + index * count..at + (index + 1) * count];
    let ranks =
        (0..count).map(|token| u32::from_le_bytes([plane(0)[token], plane(1)[token], plane(2)[token], 0])).collect();
    (parts, ranks)
}

/// C1 and C2 of docs/tokens.md, over every merge of every vocabulary.
#[test]
fn the_order_of_the_merges_keeps_what_segmentation_depends_on() {
    for family in ["o200k_base", "cl100k_base", "p50k_base", "r50k_base", "qwen3", "deepseek_v3", "tekken"] {
        let (parts, ranks) = merges(family);
        let mut uses: BTreeMap<usize, Vec<(usize, bool, bool)>> = BTreeMap::new();
        for (index, (left, right)) in parts.iter().enumerate() {
            let token = index + 256;
            // C1: after the merges that make its parts; and so it is among the ranks.
            assert!(*left < token && *right < token, "{family}: C1 at {token}");
            for part in [left, right] {
                assert!(*part < 256 || ranks[*part] < ranks[token], "{family}: ranks at {token}");
            }
            if left == right {
                uses.entry(*left).or_default().push((token, true, true));
            } else {
                uses.entry(*left).or_default().push((token, true, false));
                uses.entry(*right).or_default().push((token, false, true));
            }
        }
        // C2: by token, in the stored order, no merge that ends in it has a higher rank than a later one that starts with
        // it, nor the other way round.
        for (part, uses) in &uses {
            let (mut highest_start, mut highest_end) = (None, None);
            for (token, starts, ends) in uses {
                let rank = Some(ranks[*token]);
                assert!(!starts || highest_end < rank, "{family}: C2 at {part}, {token}");
                assert!(!ends || highest_start < rank, "{family}: C2 at {part}, {token}");
                if *starts {
                    highest_start = highest_start.max(rank);
                }
                if *ends {
                    highest_end = highest_end.max(rank);
                }
            }
        }
        // Every rank is there once.
        let mut sorted = ranks.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), ranks.len(), "{family}");
    }
}

/// The merges of a family by pair, by *rank*: what the reference goes by.
struct Naive {
    merges: BTreeMap<(usize, usize), (u32, usize)>,
}

impl Naive {
    fn new(family: &str) -> Self {
        let (parts, ranks) = merges(family);
        let merges = parts.iter().enumerate().map(|(index, pair)| (*pair, (ranks[index + 256], index + 256)));
        Self { merges: merges.collect() }
    }

    /// How many tokens a piece has: the pair of lowest rank merges, the leftmost first, until none does.
    fn count(&self, piece: &[u8]) -> usize {
        let mut tokens: Vec<usize> = piece.iter().map(|byte| usize::from(*byte)).collect();
        loop {
            let pairs = tokens.windows(2).enumerate();
            let found = pairs.filter_map(|(at, pair)| self.merges.get(&(pair[0], pair[1])).map(|found| (found, at)));
            let Some(((_, merged), at)) = found.min() else { return tokens.len() };
            tokens.splice(at..at + 2, [*merged]);
        }
    }
}

#[test]
fn pieces_of_every_length_merge_as_by_rank() {
    let naive = Naive::new("o200k_base");
    let mut tokenizer = tokenizer("o200k_base");
    let mut state = 1_u32;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % below
    };
    for length in (1..=40).chain([62, 63, 64, 65, 125, 126, 127, 253, 254, 255, 256, 257, 300, 600]) {
        // One piece each: letters. Few letters double their tokens, all letters are like words.
        for letters in [1, 2, 3, 26] {
            let text: String = (0..length).map(|_| char::from(b'a' + next(letters) as u8)).collect();
            let expected = naive.count(text.as_bytes());
            for _ in 0..2 {
                assert_eq!(tokenizer.count(&text, SpecialTokens::Text).unwrap(), expected, "{text}");
            }
            assert_eq!(tokenizer.ends(&text, SpecialTokens::Text).unwrap().len(), expected, "{text}");
        }
    }
}

fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => prop::sample::select(vec![
            " ", "  ", "\n", "\r\n", "\t", "a", "B", "the", "The", "THE", "é", "É", "ß", "ſ", "K", "中", "\u{301}", "'", "'s",
            "'RE", "'ſ", "1", "٣", "½", "/", ".", "-", "(", "\"", "\u{a0}", "\u{2003}", "\u{85}", "\u{200d}", "😀", "ǅ", "ʰ",
            "ไ", "ا", "д", "Д", "ि", "한", "\0", "\u{10ffff}", "\u{e0100}",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[ -~]{1,20}",
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What holds of every tokenizer: all its answers agree.
    #[test]
    fn answers_agree(texts in prop::collection::vec(texts(), 8), limit in 0_usize..40) {
        for (name, _) in ENCODINGS {
            let mut tokenizer = tokenizer_of(name);
            for text in &texts {
                let count = tokenizer.count(text, SpecialTokens::Text).unwrap();
                let ids = tokenizer.encode(text, SpecialTokens::Text).unwrap();
                prop_assert_eq!(ids.len(), count);
                prop_assert_eq!(&tokenizer.decode(&ids).unwrap(), text.as_bytes());
                prop_assert_eq!(tokenizer.ends(text, SpecialTokens::Text).unwrap().last().copied().unwrap_or(0), text.len());
                let up_to = tokenizer.count_up_to(text, limit, SpecialTokens::Text).unwrap();
                prop_assert_eq!(up_to, count.min(limit + 1));
                let end = tokenizer.truncate(text, limit, SpecialTokens::Text).unwrap();
                let cut = text.get(..end).unwrap();
                prop_assert!(tokenizer.count(cut, SpecialTokens::Text).unwrap() <= limit);
                prop_assert!(count > limit || cut == text);
            }
        }
    }
}

thread_local! {
    static KEPT: std::cell::RefCell<BTreeMap<&'static str, Tokenizer>> = const { std::cell::RefCell::new(BTreeMap::new()) };
}

/// Reading a vocabulary takes longer than a case.
struct Kept(Option<Tokenizer>, &'static str);

fn tokenizer_of(name: &'static str) -> Kept {
    let found = KEPT.with_borrow_mut(|kept| kept.remove(name));
    Kept(Some(found.unwrap_or_else(|| tokenizer(name))), name)
}

impl std::ops::Deref for Kept {
    type Target = Tokenizer;
    fn deref(&self) -> &Tokenizer {
        self.0.as_ref().unwrap()
    }
}

impl std::ops::DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut Tokenizer {
        self.0.as_mut().unwrap()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        KEPT.with_borrow_mut(|kept| kept.insert(self.1, self.0.take().unwrap()));
    }
}

#[test]
fn special_tokens_are_texts_refused_or_tokens() {
    let mut tokenizer = tokenizer("o200k_harmony");
    let text = "<|start|>user<|message|>Hi<|end|><|reserved_200013|>";
    let ordinary = tokenizer.count(text, SpecialTokens::Text).unwrap();
    let allowed = tokenizer.encode(text, SpecialTokens::Allow).unwrap();
    assert_eq!(allowed, [200006, 1428, 200008, 12194, 200007, 200013]);
    assert_eq!(tokenizer.count(text, SpecialTokens::Allow).unwrap(), allowed.len());
    assert!(ordinary > allowed.len());
    assert_eq!(tokenizer.decode(&allowed).unwrap(), text.as_bytes());

    let only = ["<|end|>".to_owned()];
    let listed = tokenizer.encode(text, SpecialTokens::Only(&only)).unwrap();
    assert_eq!(listed.iter().filter(|id| **id >= 199_998).copied().collect::<Vec<_>>(), [200007]);

    let error = tokenizer.count("Hi <|end|>", SpecialTokens::Refuse).unwrap_err();
    assert_eq!(error.to_string(), "cannot read text: expected no special token, found <|end|> at byte 3");
    assert_eq!(
        tokenizer.count("Hi <|en", SpecialTokens::Refuse).unwrap(),
        tokenizer.count("Hi <|en", SpecialTokens::Text).unwrap()
    );
    // The name is not one of this encoding.
    assert!(tokenizer.count("<|fim_prefix|>", SpecialTokens::Refuse).is_ok());
}

#[test]
fn a_limit_of_zero_is_a_limit() {
    let mut tokenizer = tokenizer("cl100k_base");
    assert_eq!(tokenizer.count_up_to("", 0, SpecialTokens::Text).unwrap(), 0);
    assert_eq!(tokenizer.count_up_to("a", 0, SpecialTokens::Text).unwrap(), 1);
    assert_eq!(tokenizer.truncate("abc", 0, SpecialTokens::Text).unwrap(), 0);
    assert_eq!(tokenizer.truncate("", 0, SpecialTokens::Text).unwrap(), 0);
}

#[test]
fn a_character_cut_by_tokens_is_left_out_by_truncation() {
    let mut tokenizer = tokenizer("r50k_base");
    let text = "a\u{1f9ff}";
    let ends = tokenizer.ends(text, SpecialTokens::Text).unwrap();
    assert!(ends.len() > 2, "{ends:?}");
    assert_eq!(tokenizer.truncate(text, 2, SpecialTokens::Text).unwrap(), 1);
}

#[test]
fn without_ids_nothing_is_encoded() {
    let (vocabulary, _) = packed("r50k_base");
    let mut tokenizer = Tokenizer::new(&vocabulary, None, None, DEFAULT_MEMO).unwrap();
    assert_eq!(tokenizer.count("Hello, world!", SpecialTokens::Text).unwrap(), 4);
    let expected = "cannot encode or decode: expected a vocabulary with ids, found one without";
    assert_eq!(tokenizer.encode("a", SpecialTokens::Text).unwrap_err().to_string(), expected);
    assert_eq!(tokenizer.decode(&[1]).unwrap_err().to_string(), expected);
}

#[test]
fn an_unknown_id_is_refused_with_its_place() {
    let tokenizer = tokenizer("r50k_base");
    let error = tokenizer.decode(&[1, 50_257]).unwrap_err().to_string();
    assert_eq!(error, "cannot decode: expected ids of the vocabulary, found an unknown one at index 1");
}

/// The checksum of the packed forms.
fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(4).fold(0x811c_9dc5 ^ bytes.len() as u32, |sum, part| {
        let mut word = [0; 4];
        word[..part.len()].copy_from_slice(part);
        (sum ^ u32::from_le_bytes(word)).wrapping_mul(0x0100_0193)
    })
}

fn open(vocabulary: &[u8], ids: Option<&[u8]>) -> String {
    let opened = Tokenizer::new(vocabulary, None, ids, DEFAULT_MEMO);
    opened.err().expect("expected a damaged vocabulary to be refused").to_string()
}

#[test]
fn a_damaged_vocabulary_is_refused_with_the_place() {
    let (vocabulary, ids) = packed("r50k_base");
    assert_eq!(
        open(b"", None),
        "cannot read vocabulary: expected the packed form of this version at byte 0, found something else"
    );
    let cut = &vocabulary[..vocabulary.len() - 1000];
    assert_eq!(
        open(cut, None),
        format!(
            "cannot read vocabulary: expected the checksum of what follows at byte 4, found another, over {} bytes",
            cut.len() - 8
        )
    );
    for at in [8, 100, 5_000, vocabulary.len() - 1] {
        let mut damaged = vocabulary.clone();
        damaged[at] ^= 0x10;
        assert!(open(&damaged, None).contains("checksum"), "{at}");
    }
    // Cut off by one who made the sum fit: the place where it ends.
    let mut made = cut.to_vec();
    let fitting = sum(&made[8..]).to_le_bytes();
    made[4..8].copy_from_slice(&fitting);
    assert_eq!(
        open(&made, None),
        format!("cannot read vocabulary: expected more at byte {}, found its end", made.len())
    );

    let (_, others) = packed("p50k_base");
    assert_eq!(
        open(&vocabulary, Some(&others)),
        "cannot read ids of a vocabulary: expected the ids of this vocabulary at byte 8, found those of another"
    );
    assert!(open(&vocabulary, Some(&ids[..ids.len() - 1])).contains("checksum"));
    let error = Tokenizer::new(&vocabulary, Some("o200k_base"), None, DEFAULT_MEMO).err().unwrap().to_string();
    assert_eq!(error, "cannot read vocabulary: expected an encoding that it has (r50k_base), found another name");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the bytes say, they are read to an end or refused.
    #[test]
    fn no_vocabulary_breaks_the_reader(at in 8_usize..149_520, byte: u8, length in 8_usize..149_520, cut: bool) {
        let (mut vocabulary, _) = packed("r50k_base");
        vocabulary[at] = byte;
        if cut {
            vocabulary.truncate(length);
        }
        let fitting = sum(&vocabulary[8..]).to_le_bytes();
        vocabulary[4..8].copy_from_slice(&fitting);
        if let Ok(mut tokenizer) = Tokenizer::new(&vocabulary, None, None, 1024) {
            let text = "Hello, world! \u{4e2d}\u{6587} 12345   \n\n".repeat(20);
            let count = tokenizer.count(&text, SpecialTokens::Text).unwrap();
            prop_assert!(count <= text.len());
        }
    }
}
