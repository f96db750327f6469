use super::*;
use crate::view::View;

/// What a pattern matches in a text, as a guard sees it.
fn found<'a>(pattern: &str, flags: &str, text: &'a str) -> Vec<&'a str> {
    let patterns = Patterns::new(&[(pattern.to_owned(), flags.to_owned())]).unwrap();
    let mut hits = Vec::new();
    for mut pass in patterns.passes(0) {
        pass.run(&View::new(text, true), 0, &mut hits);
    }
    hits.iter().map(|hit| &text[hit.start..hit.end]).collect()
}

fn message(pattern: &str) -> String {
    Regex::new(pattern, "", "pattern").unwrap_err().message().to_owned()
}

#[test]
fn what_matches_is_what_regexp_matches() {
    let cases: &[(&str, &str, &str, &[&str])] = &[
        ("abc", "", "xabcabc ab", &["abc", "abc"]),
        ("a|ab", "", "ab", &["a"]),
        ("ab|a", "", "ab a", &["ab", "a"]),
        ("a+?b*", "", "aabbb", &["a", "abbb"]),
        ("a.*b|a", "", "aaxb\naa", &["aaxb", "a", "a"]),
        ("[a-c]{2,3}", "", "abcabca", &["abc", "abc"]),
        ("x{2}", "", "xxxxx", &["xx", "xx"]),
        (r"\bcat\b", "", "cat concat cat-o", &["cat", "cat"]),
        (r"\Bat", "", "at bat", &["at"]),
        ("^a", "", "a\na", &["a"]),
        ("^a$", "m", "a\nb\na", &["a", "a"]),
        (r"(?<year>\d{4})-(?P<m>\d\d)", "", "on 2024-05-06", &["2024-05"]),
        ("straße", "i", "STRAßE", &["STRAßE"]),
        ("σ", "i", "ς Σ σ", &["ς", "Σ", "σ"]),
        ("ς", "i", "σ", &["σ"]),
        ("[α-ω]+", "i", "ΑΒΓ", &["ΑΒΓ"]),
        ("(?i)abc", "", "ABC", &["ABC"]),
        ("a(?i:b)c", "", "aBc aBC", &["aBc"]),
        (r"\p{L}+", "", "日本 é1", &["日本", "é"]),
        (r"\p{Script=Greek}+", "", "abc αβγ", &["αβγ"]),
        (r"\P{Han}", "", "漢a", &["a"]),
        (r"[^\p{Lu}]", "", "Aǅ", &["ǅ"]),
        (".", "", "a\n😀", &["a", "😀"]),
        (".", "s", "\n", &["\n"]),
        ("[^]", "", "\n", &["\n"]),
        ("[]", "", "a", &[]),
        (r"\u{1F600}|\uD83D\uDE01|\x41", "", "😀😁A", &["😀", "😁", "A"]),
        (r"[\w-]+", "", "a-b c", &["a-b", "c"]),
        (r"[\]\\]", "", r"]\", &["]", "\\"]),
        ("a{,2}", "", "a{,2}", &["a{,2}"]),
        ("(?:|a)+", "", "aaa", &["aaa"]),
        ("(?:a??)?", "", "a", &["a"]),
        ("(?:a*)*b", "", "aaab", &["aaab"]),
        // Of nothing there is no finding, but of what is next best.
        ("a*", "", "baab", &["aa"]),
        ("a??", "", "aa", &["a", "a"]),
        (r"\b|.", "", "ab", &["a", "b"]),
    ];
    for (pattern, flags, text, expected) in cases {
        assert_eq!(found(pattern, flags, text), *expected, "/{pattern}/{flags} in {text:?}");
    }
}

#[test]
fn what_can_not_be_had_is_refused_with_its_place() {
    for (pattern, expected) in [
        (
            r"(a)\1",
            r"cannot read pattern: expected no back-reference, which takes more than linear time (write what the group matches once more) at offset 3, found \1",
        ),
        (
            "ab(?=c)",
            "cannot read pattern: expected no look-around, which takes more than linear time (match what stands there as well, or use another pattern for it) at offset 2, found (?=",
        ),
        (
            "a**",
            "cannot read pattern: expected one repeat for each item (possessive ones have no use: nothing is tried twice) at offset 2, found two",
        ),
        ("*a", "cannot read pattern: expected something to repeat at offset 0, found *"),
        ("(a", "cannot read pattern: expected a group that is closed at offset 0, found one that is not"),
        ("a)", "cannot read pattern: expected a group that was opened before at offset 1, found )"),
        ("[z-a]", "cannot read pattern: expected a range whose first character comes first at offset 1, found another"),
        ("[a", "cannot read pattern: expected brackets that are closed at offset 0, found ones that are not"),
        ("a{3,2}", "cannot read pattern: expected the smaller number first at offset 1, found the greater one"),
        (
            r"\q",
            r"cannot read pattern: expected one of \d \w \s \b \p{...} \t \n \r \v \f \0 \x \u \c, or a sign at offset 0, found \q",
        ),
        (
            "((a{100}){100}){100}",
            "cannot read pattern: expected a pattern that comes to at most 2048 steps (repeats are written out: make them smaller) at offset 0, found more",
        ),
        (
            r"é(?<!b)",
            "cannot read pattern: expected no look-around, which takes more than linear time (match what stands there as well, or use another pattern for it) at offset 1, found (?<!",
        ),
    ] {
        assert_eq!(message(pattern), expected);
    }
    assert!(Regex::new("a", "y", "pattern").is_err());
    assert!(Regex::new(&"(".repeat(1000), "", "pattern").is_err());
    assert!(Regex::new("(?:){1000000000}(?:){0,1000000000}(?:)*", "", "pattern").is_ok());
    assert_eq!(
        Patterns::new(&[("a".to_owned(), String::new()), ("^".to_owned(), String::new())]).unwrap_err().message(),
        "cannot read pattern 2: expected something that it matches, found a place alone"
    );
}

#[test]
fn a_text_may_match_nowhere_and_by_nothing() {
    for (pattern, text, is) in [
        ("^[a-z]+$", "abc", true),
        ("^[a-z]+$", "abc1", false),
        ("^a*$", "", true),
        ("^$", "", true),
        ("^$", "a", false),
        ("b", "aab", true),
        (r"\.json$", "a.json", true),
        ("^(?:a|b)*c", "ababd", false),
    ] {
        assert_eq!(Regex::new(pattern, "", "pattern").unwrap().is_match(text), is, "{pattern} in {text}");
    }
    let whole = Regex::whole("a|ab", "", "pattern").unwrap();
    assert_eq!(["a", "ab", "abc", "ba"].map(|text| whole.is_match(text)), [true, true, false, false]);
}

#[test]
fn marks_are_nobodys_text() {
    for (pattern, text, expected) in [
        ("[A-Z_]+", "AB[REDACTED_EMAIL]C", &["AB", "C"][..]),
        (".+", "[REDACTED_EMAIL]", &[]),
        (r"b\b|\bc", "b[REDACTED_EMAIL]c", &[]),
        (r"b\B|\Bc", "b[REDACTED_EMAIL]c", &[]),
        ("b$|^c", "b[REDACTED_EMAIL]c", &[]),
        (r"a.*b", "a[REDACTED_EMAIL]b", &[]),
    ] {
        assert_eq!(found(pattern, "", text), expected, "{pattern}");
    }
}

#[test]
fn no_pattern_takes_long() {
    // Each of these is exponential, or at least quadratic, by trying.
    let long = "a".repeat(20_000);
    for pattern in
        ["(a+)+$", "(a|aa)+$", "(a|a?)+$", "(.*a){12}", "a.*b|a", "a*a*a*a*a*c", "(?:a?){40}a{40}", r"^(\w+\s?)*$"]
    {
        let text = format!("{long}!");
        let started = std::time::Instant::now();
        found(pattern, "", &text);
        assert!(started.elapsed().as_secs() < 5, "{pattern} took {:?}", started.elapsed());
    }
    assert_eq!(found("a.*b|a", "", &long).len(), long.len());
}
