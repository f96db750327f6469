//! What users of other guards complained about: one named case each.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // Clippy takes the helpers of a test file for code of ours.

use tollgate::guard::{Config, Finding, Scanner, Stage};

/// What all guards find together.
fn found(text: &str) -> Vec<Finding> {
    Scanner::new(vec![Config::pii(), Config::secrets(), Config::injection()]).unwrap().scan(text, Stage::Input).findings
}

fn nothing_in(texts: &[&str]) {
    for text in texts {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn ten_digit_ids_are_no_phones() {
    nothing_in(&[
        "order 4155552671 shipped",
        "id: 5551234567",
        "tracking number 2025550143 is late",
        "{\"orderId\":4155552671}",
    ]);
}

#[test]
fn unix_times_are_no_phones() {
    nothing_in(&[
        "created 1700000000",
        "call at 1700000000",
        "phone log from 1700000000",
        "exp: 1735689600, iat: 1735686000",
        "1700000000123",
    ]);
}

#[test]
fn thirteen_digits_that_begin_with_4_are_no_card() {
    nothing_in(&["4222222222222 rows", "isbn 4006381333931", "\"timestamp_us\": 4102444800000"]);
}

#[test]
fn hashes_are_no_secrets() {
    nothing_in(&[
        "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "git checkout 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "\"resolved\": \"https://registry.example.org/a/-/a-1.0.0.tgz#da39a3ee5e6b4b0d3255bfef95601890afd80709\"",
        "integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "checksum = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
        "image: nginx@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "id 123e4567-e89b-12d3-a456-426614174000",
        "etag: \"5d41402abc4b2a76b9719d911017c592\"",
    ]);
}

#[test]
fn versions_are_no_addresses() {
    nothing_in(&[
        "version 1.2.3.4 of the public API",
        "v1.2.3.4",
        "\"contentVersion\": \"1.0.0.0\"",
        "release 10.0.19.41",
        ">=1.2.3.4",
        "version: 4.18.0.1",
    ]);
}

#[test]
fn names_within_words_are_no_jailbreaks() {
    nothing_in(&["a redundant sentence", "the redundancy of dancers", "abundant data"]);
}

#[test]
fn context_within_words_is_none() {
    // "lic" in "public", "tel" in "hotel", "card" in "discard", "pass" in "compass", "key" in "monkey", "id" in "valid".
    nothing_in(&[
        "public D1234567",
        "hotel 5551234",
        "discard 4155552671000",
        "compass: 8f3kq2z",
        "monkey=qX7mB2tY8nR4wL6cJ1sD",
        "valid 123456789",
    ]);
}

#[test]
fn sub_word_tokens_are_not_joined() {
    nothing_in(&["ass isting the team", "sec ret sauce", "pass word games"]);
}

#[test]
fn ordinary_talk_is_no_attack() {
    nothing_in(&[
        "kill a process",
        "heart attack",
        "I hate mondays",
        "make this explicit in the docs",
        "how does base64 work",
    ]);
}

/// A long text is scanned as a short one is: nothing is skipped for its size.
#[test]
fn long_base64_is_read_and_passes() {
    let image = format!(
        "data:image/png;base64,{}",
        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4".repeat(1000)
    );
    assert_eq!(found(&image), []);
    let text = format!("{image}\npassword = \"Tr0ub4dor&3\"\n");
    let findings = found(&text);
    assert_eq!(findings.len(), 1);
    assert_eq!(&text[findings[0].start..findings[0].end], "Tr0ub4dor&3");
}

/// Minified code and lock files are full of names beside values.
#[test]
fn code_that_only_speaks_of_secrets() {
    nothing_in(&[
        "function a(e,t){return e.token=t.accessToken,e.password=n(t.pwd),r({auth:o.auth,key:\"a1\"})}",
        "const token=await getToken(u.id,\"v2\");if(!token)throw new Error(\"no_token_2\")",
        "name = \"secrecy\"\nversion = \"0.8.0\"\nchecksum = \"9bd1c54ea06cfd2f6b63219704de0b9b4f72dcc2b8fdef820be6cd799780e91e\"",
        "password: z.string().min(8).max(64)",
        "<input type=\"password\" name=\"password\" placeholder=\"Password1\" />",
        "parser.add_argument(\"--token\", help=\"API token\", default=None)",
        "assert login(\"ann\", password=\"test1234\")",
        "SELECT password_hash FROM users WHERE token = ?",
        "export API_KEY=$(vault read -field=key secret/api)",
    ]);
}

/// What stands before an address is no part of it, though a number might begin there.
#[test]
fn an_address_begins_with_its_local_part() {
    for (text, address) in [
        ("Write to IBM ann@example.com", "ann@example.com"),
        ("NASA bob.ross@example.com", "bob.ross@example.com"),
        ("PO-ann@example.com", "PO-ann@example.com"),
    ] {
        let findings = found(text);
        assert_eq!(findings.len(), 1, "{text}");
        assert_eq!(&text[findings[0].start..findings[0].end], address);
    }
}

/// Days and months of one digit, and words that are long.
#[test]
fn dates_with_short_parts_and_long_words_count() {
    for (text, kind) in [
        ("Date of birth: 4/5/1991", "dateOfBirth"),
        ("geboren 1.2.1990", "dateOfBirth"),
        ("Steueridentifikationsnummer 86095742719", "deTaxId"),
    ] {
        let kinds: Vec<_> = found(text).iter().map(|finding| finding.kind.as_str()).collect();
        assert_eq!(kinds, [kind], "{text}");
    }
    nothing_in(&["version 1.2.1990", "chapters 1/2/1990"]);
}
