//! The laws of the vault: what is taken out comes back, for any text and any way of cutting it, and nothing else does.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // Clippy takes the helpers of a test file for code of ours.

use proptest::prelude::*;
use tollgate::{
    guard::{Action, Config, Cover, Form, KEY, Scanner, Stage, TextRestore, TextStream, Vault, Way},
    json::{Raw, ToJson},
};

fn guards(action: Action) -> Vec<Config> {
    vec![Config::pii().with_action(action), Config::secrets().with_action(action)]
}

fn vault(action: Action) -> Vault {
    Vault::new(&[7; KEY], guards(action)).unwrap()
}

/// An empty vault of the same key as another: what it does is the same.
fn cover(way: Way) -> Cover {
    Cover { vault: vault(Action::Tokenize), way }
}

/// Findings, what stands beside them, and what looks like what a vault leaves.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        5 => prop::sample::select(vec![
            "ann@example.com", "bob.smith@mail.example.org", "jörg@example.de", "+1 415-555-2671", "(415) 555-2671", "call 555-1234",
            "4111 1111 1111 1111", "378282246310005", "123-45-6789", "ssn 123456789", "GB82 WEST 1234 5698 7654 32", "192.0.2.44",
            "2001:470::1", "00:1A:2B:3C:4D:5E", "44051401458", "111.444.777-35", "born 1987-03-21", "sk-proj-Zk3v9QpX7mB2tY8nR4wL6cJ1sD5fG0hKabcd",
            "AKIAQ3EGRDXW7Z5KJN2M", "password=Tr0ub4dor&3x", "ghp_Zk3v9QpX7mB2tY8nR4wL6cJ1sD5fG0hKabcd", "SW1A 1AA",
        ]).prop_map(str::to_owned),
        3 => prop::sample::select(vec![
            "[EMAIL_1]", "[EMAIL_1_ABCD]", "EMAIL_1", "[email 1", "EMAIL", "[REDACTED_EMAIL]", "[", "]", "[[", "]]", "{", "}", "\\[", "\\]", "\\", "_", "*",
            "`", "(", ")", "<", ">",
        ]).prop_map(str::to_owned),
        4 => prop::sample::select(vec![" ", " ", "\n", ", ", ".", "\"", ":", "phone ", "a", "E", "é", "日本", "😀", "1", "x"]).prop_map(str::to_owned),
        1 => "[a-zA-Z0-9 .@+\\[\\]_-]{0,12}",
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// The text cut at every character boundary whose turn in `cuts` says so.
fn cut<'a>(text: &'a str, cuts: &[bool]) -> Vec<&'a str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for ((at, _), cut) in text.char_indices().zip(cuts.iter().cycle()) {
        if *cut && at > start {
            pieces.push(&text[start..at]);
            start = at;
        }
    }
    pieces.push(&text[start..]);
    pieces
}

fn restored_in_pieces(vault: &Vault, pieces: &[&str]) -> (String, usize, Vec<String>) {
    let mut stream = TextRestore::new(vault.clone());
    let mut out: String = pieces.iter().map(|piece| stream.push(piece)).collect();
    out.push_str(&stream.end());
    (out, stream.restored(), stream.unknown().to_vec())
}

/// A placeholder as a careless model writes it: without brackets, in other letters, with other separators.
fn damaged(mark: &str, how: u8) -> String {
    let inner = mark.trim_matches(['[', ']']);
    match how {
        0 => mark.to_lowercase(),
        1 => inner.to_owned(),
        2 => format!("[{inner}"),
        3 => format!("[ {} ]", inner.replace('_', " ")),
        4 => format!("\\[{}\\]", inner.replace('_', "\\_")),
        5 => inner.replace('_', "-").to_lowercase(),
        6 => format!("{{{inner}}}"),
        7 => format!("[{}]", inner.replace('_', "")),
        8 => format!("**{mark}**"),
        _ => format!("{inner}]"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(512), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_taken_out_comes_back(text in text(), before in text(), surrogate in any::<bool>()) {
        let vault = vault(if surrogate { Action::Surrogate } else { Action::Tokenize });
        vault.redact(&before);
        let redacted = vault.redact(&text);
        prop_assert_eq!(vault.restore(&redacted).text, text, "{}", redacted);
    }

    #[test]
    fn taking_out_twice_changes_nothing(text in text(), surrogate in any::<bool>()) {
        let vault = vault(if surrogate { Action::Surrogate } else { Action::Tokenize });
        let once = vault.redact(&text);
        let held = vault.len();
        prop_assert_eq!(&vault.redact(&once), &once, "{}", text);
        prop_assert_eq!(vault.len(), held);
        if !surrogate {
            let found = Scanner::new(guards(Action::Redact)).unwrap().scan(&once, Stage::Input).findings;
            prop_assert!(found.is_empty(), "{} {:?}", once, found);
        }
    }

    #[test]
    fn a_stream_is_restored_as_the_whole(text in text(), cuts in prop::collection::vec(any::<bool>(), 1..40), how in 0_u8..10, surrogate in any::<bool>()) {
        let vault = vault(if surrogate { Action::Surrogate } else { Action::Tokenize });
        let mut spoken = vault.redact(&text);
        if let Some(start) = spoken.find("_").and_then(|at| spoken[..at].rfind('[')) {
            let end = spoken[start..].find(']').map_or(spoken.len(), |at| start + at + 1);
            spoken = format!("{}{}{}", &spoken[..start], damaged(&spoken[start..end], how), &spoken[end..]);
        }
        let whole = vault.restore(&spoken);
        for pieces in [cut(&spoken, &cuts), cut(&spoken, &[true])] {
            prop_assert_eq!(restored_in_pieces(&vault, &pieces), (whole.text.clone(), whole.restored, whole.unknown.clone()));
        }
    }

    #[test]
    fn a_stream_is_tokenised_as_the_whole(text in text(), before in text(), cuts in prop::collection::vec(any::<bool>(), 1..40), out in any::<bool>(), surrogate in any::<bool>()) {
        let scanner = Scanner::new(guards(if surrogate { Action::Surrogate } else { Action::Tokenize })).unwrap();
        let way = if out { Way::Out } else { Way::Back };
        let stage = Stage::Input;
        let fresh = || {
            let cover = cover(way);
            scanner.scan_with(&before, stage, Some(&Cover { way: Way::Out, ..cover.clone() }));
            cover
        };
        let whole = fresh();
        let scan = scanner.scan_with(&text, stage, Some(&whole));
        for pieces in [cut(&text, &cuts), cut(&text, &[true])] {
            let piecewise = fresh();
            let mut stream = TextStream::with(&scanner, stage, Some(piecewise.clone()));
            let mut streamed: String = pieces.iter().map(|piece| stream.push(piece)).collect();
            streamed.push_str(&stream.end());
            prop_assert_eq!(&streamed, &scan.text);
            prop_assert_eq!(stream.result().findings, scan.findings.clone());
            prop_assert_eq!(piecewise.vault.to_json(), whole.vault.to_json());
        }
        if !out {
            prop_assert_eq!(&scan.text, &text, "what comes back is not hidden from those who know it");
        }
    }

    #[test]
    fn vaults_share_nothing(text in text()) {
        let (one, other) = (vault(Action::Tokenize), Vault::new(&[8; KEY], guards(Action::Tokenize)).unwrap());
        let redacted = one.redact(&text);
        other.redact(&text);
        let restored = other.restore(&redacted);
        prop_assert_eq!((restored.text, restored.restored), (redacted, 0));
    }

    #[test]
    fn an_export_is_the_same_vault(text in text(), later in text(), surrogate in any::<bool>()) {
        let action = if surrogate { Action::Surrogate } else { Action::Tokenize };
        let vault = vault(action);
        vault.redact(&text);
        let read = Vault::from_json(&vault.to_json(), guards(action)).unwrap();
        prop_assert_eq!(read.to_json(), vault.to_json());
        let redacted = vault.redact(&later);
        prop_assert_eq!(&read.redact(&later), &redacted);
        prop_assert_eq!(read.restore(&redacted), vault.restore(&redacted));
    }
}

#[test]
fn a_placeholder_is_known_however_a_model_wrote_it() {
    let vault = vault(Action::Tokenize);
    let mark = vault.redact("ann@example.com");
    for how in 0..10 {
        let wrong = damaged(&mark, how);
        let expected = if how == 8 { "**ann@example.com**" } else { "ann@example.com" };
        for (before, after) in [("", ""), ("Dear ", ", hello"), ("(", ")"), ("\n", "\n"), ("日本", "日本")] {
            // Without brackets it can't be told from a word that it stands in.
            if before == "日本" && matches!(how, 1 | 2 | 5 | 9) {
                continue;
            }
            let restored = vault.restore(&format!("{before}{wrong}{after}"));
            assert_eq!(restored.text, format!("{before}{expected}{after}"), "{wrong}");
            assert_eq!((restored.restored, restored.unknown.len()), (1, 0), "{wrong}");
        }
    }
    // Brackets that are somebody else's stay.
    let inner = mark.trim_matches(['[', ']']);
    assert_eq!(vault.restore(&format!("[see {inner}]")).text, "[see ann@example.com]");
    assert_eq!(vault.restore(&format!("Ann <{inner}>")).text, "Ann <ann@example.com>");
    assert_eq!(vault.restore(&format!("[[{inner}]]")).text, "[ann@example.com]");
}

#[test]
fn what_nobody_put_there_is_not_put_right_and_told() {
    let vault = vault(Action::Tokenize);
    let mark = vault.redact("ann@example.com");
    // A guess: the right label and number, and other letters or none.
    for text in ["[EMAIL_1]", "[EMAIL_1_BBBB]", "send it to https://evil.example/?q=[EMAIL_1]", "EMAIL_1"] {
        let redacted = vault.redact(text);
        assert_eq!(vault.restore(&redacted).text, text);
        assert_eq!(vault.restore(text).restored, 0, "{text}");
    }
    let restored = vault.restore(&format!("{mark}, [Email 7] and [EMAIL_1_BBBB], [1], [a_1], [see below]"));
    assert_eq!(restored.unknown, ["[EMAIL_7]", "[EMAIL_1_BBBB]"]);
    assert_eq!(restored.restored, 1);
}

#[test]
fn what_is_known_is_found_where_no_detector_fires() {
    let scanner = Scanner::new(vec![
        Config::read(
            Form::Keywords,
            Raw::parse(r#"{"keywords": ["Falcon", "Project Falcon"], "action": "tokenize", "caseSensitive": true}"#)
                .unwrap(),
        )
        .unwrap(),
    ])
    .unwrap();
    let vault = vault(Action::Tokenize);
    let cover = Cover { vault: vault.clone(), way: Way::Out };
    let secret = scanner.scan_with("Project Falcon", Stage::Input, Some(&cover)).text;
    assert!(secret.starts_with("[KEYWORD_1_"), "{secret}");
    // The vault's own guards know nothing of it.
    assert_eq!(vault.redact("About Project Falcon: Project Falconry."), format!("About {secret}: Project Falconry."));
    // A number without the words that make it a phone.
    let phone = vault.redact("phone 555 1234");
    assert_eq!(vault.redact("not 555 1234 but 555 12345"), format!("not {} but 555 12345", &phone[6..]));
    // Within the same text as well, before it and after.
    let text = "555 9876, my phone is 555 9876 (555 9876)";
    let redacted = vault.redact(text);
    assert!(!redacted.contains("9876"), "{redacted}");
    assert_eq!(vault.restore(&redacted).text, text);
    // On the way back it is nobody's business.
    let back = Cover { vault, way: Way::Back };
    let text = "Project Falcon and 555 9876";
    assert_eq!(Scanner::new(Vec::new()).unwrap().scan_with(text, Stage::Output, Some(&back)).text, text);
}

#[test]
fn stand_ins_have_the_form_of_what_they_stand_for() {
    let action = Action::Surrogate;
    let vault = vault(action);
    let scanner = Scanner::new(guards(Action::Redact)).unwrap();
    let cases = [
        ("ann@firm.example", "email"),
        ("4111 1111 1111 1111", "creditCard"),
        ("378282246310005", "creditCard"),
        ("GB82 WEST 1234 5698 7654 32", "iban"),
        ("+1 415-555-2671", "phone"),
        ("192.168.7.44", "ipAddress"),
        ("2001:470:1:2::1", "ipAddress"),
        ("00:1A:2B:3C:4D:5E", "macAddress"),
        ("44051401458", "plPesel"),
        ("111.444.777-35", "brCpf"),
        ("12345678Z", "esNif"),
        ("1EG4-TE5-MK73", "usMbi"),
        ("11010519491231002X", "cnResidentId"),
    ];
    for (value, kind) in cases {
        let stand_in = vault.redact(value);
        assert_ne!(stand_in, value);
        assert_eq!(vault.redact(value), stand_in, "the same value, the same stand-in");
        let found = scanner.scan(&stand_in, Stage::Input).findings;
        let kinds: Vec<_> = found.iter().map(|finding| finding.kind.as_str()).collect();
        assert_eq!(kinds, [kind], "{value} became {stand_in}");
        let form = |text: &str| text.chars().filter(|c| !c.is_alphanumeric()).collect::<String>();
        if !matches!(kind, "email" | "ipAddress") {
            assert_eq!(form(value), form(&stand_in), "{value} became {stand_in}");
        }
        assert_eq!(vault.restore(&format!("It is {stand_in}.")).text, format!("It is {value}."));
    }
    assert_eq!(vault.len(), cases.len());
    // Nobody's: reserved for examples and tests.
    assert!(vault.redact("bob@firm.example").contains("@example."));
    assert!(vault.redact("4111111111111111").starts_with("424242"));
    let phone = vault.redact("call 415-555-2671");
    assert!(phone.contains("-555-01"), "{phone}");
    assert!(vault.redact("123-45-6789").starts_with("666-"));
}

#[test]
fn without_a_vault_a_stand_in_needs_a_key_and_a_placeholder_is_none() {
    let read = |options: &str| Config::read(Form::Pii, Raw::parse(options).unwrap());
    let scan = |options: &str| {
        Scanner::new(vec![read(options).unwrap()]).unwrap().scan("Mail ann@firm.example", Stage::Input).text
    };
    assert_eq!(scan(r#"{"action": "tokenise"}"#), "Mail [REDACTED_EMAIL]");
    assert_eq!(scan(r#"{"action": "surrogate"}"#), "Mail [REDACTED_EMAIL]");
    let keyed = scan(r#"{"action": "surrogate", "hashKey": "0123456789abcdef"}"#);
    assert!(keyed.contains("@example."), "{keyed}");
    assert_eq!(keyed, scan(r#"{"action": "surrogate", "hashKey": "0123456789abcdef"}"#));
    assert_ne!(keyed, scan(r#"{"action": "surrogate", "hashKey": "0123456789abcdeX"}"#));
    let error = read(r#"{"action": "surrogate", "hashKey": "short"}"#).unwrap_err();
    assert_eq!(
        error.message(),
        "cannot read pii detection options: expected hashKey to be at least 16 bytes, since an action is surrogate, found none or a shorter one"
    );
}

#[test]
fn a_model_that_says_a_stand_in_says_nothing_that_is_to_be_hidden() {
    let vault = vault(Action::Surrogate);
    let stand_in = vault.redact("ann@firm.example");
    let scanner = Scanner::new(guards(Action::Block)).unwrap();
    let cover = Cover { vault, way: Way::Back };
    let scan = |text: &str| scanner.scan_with(text, Stage::Output, Some(&cover));
    assert!(scan(&format!("Write to {stand_in}.")).passed);
    assert!(!scan(&format!("Write to {stand_in}, not to eve@other.example.")).passed);
    assert!(!scan(&format!("Write to {stand_in}.evil.example")).passed, "a longer address is another one");
}

#[test]
fn secrets_of_any_length_come_back_from_a_stream() {
    let key = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
        "MIIEpAIBAAKCAQEA3v9QpX7mB2tY\n".repeat(400)
    );
    let text = format!("my key:\n{key}\nthanks");
    let scanner = Scanner::new(guards(Action::Tokenize)).unwrap();
    let cover = cover(Way::Out);
    let mut stream = TextStream::with(&scanner, Stage::Input, Some(cover.clone()));
    let mut out: String =
        text.as_bytes().chunks(100).map(|piece| stream.push(std::str::from_utf8(piece).unwrap())).collect();
    out.push_str(&stream.end());
    assert!(out.len() < 60, "{out}");
    assert_eq!(cover.vault.restore(&out).text, text);
}

/// How much waits of an ordinary text, in characters.
#[test]
fn ordinary_text_hardly_waits() {
    let vault = vault(Action::Tokenize);
    vault.redact("ann@example.com, phone 555-123-4567, ssn 123-45-6789, 4111 1111 1111 1111, AKIAQ3EGRDXW7Z5KJN2M");
    let text = "Every email that we send is seen by someone [see the notes], so please call if a number or a card is wrong. \
                In particular, secrets such as passwords (see below) stay with the sender: `a[0]`, {b}, and [this link](to)."
        .repeat(8);
    let mut stream = TextRestore::new(vault);
    let (mut out, mut held) = (0, Vec::new());
    for (at, c) in text.char_indices() {
        out += stream.push(c.encode_utf8(&mut [0; 4])).len();
        held.push(at + c.len_utf8() - out);
    }
    held.sort_unstable();
    assert_eq!(held[held.len() / 2], 0);
    assert!(held[held.len() * 99 / 100] <= 8, "{:?}", &held[held.len() * 99 / 100..]);
}

/// What this thread has spent on a processor, where the system tells; else the time of day.
fn spent() -> std::time::Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let told = told.and_then(|text| text.split(' ').next()?.parse().ok());
    told.map_or_else(|| START.get_or_init(std::time::Instant::now).elapsed(), std::time::Duration::from_nanos)
}

/// Eight times the text takes about eight times the time, on texts made to be slow, with a thousand values known.
#[test]
fn adversarial_text_takes_linear_time() {
    for action in [Action::Tokenize, Action::Surrogate] {
        let vault = vault(action);
        let known: String = (0..1_000).map(|at| format!("a.a.a.a{at}@example.com ")).collect();
        let mark = vault.redact(&known).split(' ').next().unwrap().to_owned();
        let almost = &mark[..mark.len() - 2];
        for unit in [
            "[",
            "]",
            "{",
            "\\[",
            "EMAIL 1 ",
            "E ",
            "[EMAIL_1] ",
            "a.a.",
            "a.a.a.a1@",
            "[EMAIL_",
            "EMAIL___",
            almost,
            "[ ",
            &mark,
            "emma.",
            "x [",
        ] {
            let time = |size: usize| {
                let text = unit.repeat(size / unit.len());
                let time = |act: &dyn Fn(&str)| {
                    let start = spent();
                    act(&text);
                    spent() - start
                };
                (0..3)
                    .map(|_| {
                        time(&|text| drop(std::hint::black_box(vault.restore(text))))
                            + time(&|text| drop(std::hint::black_box(vault.cover(text))))
                    })
                    .min()
                    .unwrap()
            };
            let (small, large) = (time(25_000), time(200_000));
            assert!(large < small * 32 + std::time::Duration::from_millis(60), "{unit:?}: {small:?} then {large:?}");
        }
    }
}
