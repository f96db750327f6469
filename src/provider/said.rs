//! What a provider says of an error, as far as it may stand in one of ours: errors are logged. It is cut short, and neither keys
//! nor what was asked are repeated. The body that the provider sent is beside it, where no logger walks.

use crate::{
    error::{Code, Error},
    json::Raw,
};

/// The most bytes of it.
const MOST: usize = 500;

/// So many words of a request in a row are a part of it, and no chance.
const ROW: usize = 4;

/// A message of a provider's, scrubbed and not too long.
pub fn said(message: &str) -> String {
    let most = (0..=MOST.min(message.len())).rev().find(|at| message.is_char_boundary(*at)).unwrap_or_default();
    let (kept, rest) = message.split_at(most);
    let mut kept = scrub(kept);
    if !rest.is_empty() {
        kept.push_str("...");
    }
    kept
}

/// A provider's message without what looks like a key: some repeat it.
pub fn scrub(message: &str) -> String {
    let mut after_bearer = false;
    message
        .split(' ')
        .map(|word| {
            let secret = std::mem::replace(&mut after_bearer, word.eq_ignore_ascii_case("bearer"));
            match word.find("sk-") {
                Some(at) if word.len() - at >= 8 => format!("{}sk-...", word.get(..at).unwrap_or_default()),
                // A long run without a word's shape: a key of another provider, a token, a signature.
                _ if secret || (word.len() >= 32 && word.bytes().any(|b| b.is_ascii_digit())) => "...".to_owned(),
                _ => word.to_owned(),
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// The error that a provider reports inside a stream. What it says may repeat anything: it is scrubbed.
pub fn error_in_stream(body: &str) -> Error {
    let message = Raw::parse(body).ok().and_then(|error| Some(said(&error.member("message")?.text()?)));
    let message = message.unwrap_or_else(|| "an error without a message".to_owned());
    Error::new(Code::ApiError, format!("the provider reported an error inside the stream: {message}"))
}

/// A message without what it repeats of texts: words in a row, what stands in quotes, and what is or may be a number or an
/// address, in whatever case. `repeats` says whether something, in lower case, stands in one of them.
pub fn without_echo(message: &str, repeats: &dyn Fn(&str) -> bool) -> String {
    // As long as the message, letter by letter.
    let lower = message.to_ascii_lowercase();
    let mut words = Vec::new();
    let mut at = 0;
    for word in message.split(' ') {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let from = at + word.find(bare).unwrap_or_default();
        words.push((from, from + bare.len()));
        at += word.len() + 1;
    }
    let is_quote = |at: Option<usize>| {
        at.and_then(|at| message.as_bytes().get(at)).is_some_and(|byte| matches!(byte, b'\'' | b'"' | b'`'))
    };
    let mut out = String::with_capacity(message.len());
    let (mut copied, mut next) = (0, 0);
    while let Some((from, _)) = words.get(next) {
        let row = |count: usize| words.get(next + count - 1).and_then(|(_, end)| lower.get(*from..*end));
        let count = (1..=words.len() - next)
            .take_while(|count| row(*count).is_some_and(|row| !row.is_empty() && repeats(row)))
            .last()
            .unwrap_or_default();
        let found = if count == 0 { "" } else { row(count).unwrap_or_default() };
        let quoted = is_quote(from.checked_sub(1)) && is_quote(Some(from + found.len()));
        let tells = found.len() >= 6 && found.bytes().any(|byte| byte.is_ascii_digit() || byte == b'@');
        if count >= ROW || (count > 0 && (quoted || tells)) {
            out.push_str(message.get(copied..*from).unwrap_or_default());
            out.push_str("...");
            copied = from + found.len();
        }
        next += count.max(1);
    }
    out.push_str(message.get(copied..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_a_message_does_not_come_through() {
        for (message, expected) in [
            (
                "Incorrect API key provided: sk-abcdefghijkl. You can find it",
                "Incorrect API key provided: sk-... You can find it",
            ),
            ("Bearer abc is wrong", "Bearer ... is wrong"),
            ("no", "no"),
        ] {
            assert_eq!(said(message), expected);
        }
    }

    #[test]
    fn a_long_message_is_cut() {
        let found = said(&"é ".repeat(1_000));
        assert!(found.len() <= MOST + 3 && found.ends_with("..."), "{found}");
        assert_eq!(said(&"a ".repeat(250)), "a ".repeat(250));
    }

    #[test]
    fn what_was_asked_is_not_repeated() {
        let asked =
            ["My name is Jane Doe and my number is 555-0100.", "mail jane.doe@example.com", "the\nsecond line of it"];
        for (message, expected) in [
            (
                "Invalid value: 'My name is Jane Doe and my number is 555-0100.'. Try again",
                "Invalid value: '....'. Try again",
            ),
            ("Could not read (my number is 555-0100)", "Could not read (...)"),
            ("Not an address: jane.doe@example.com", "Not an address: ..."),
            ("Unknown name 'Jane'", "Unknown name '...'"),
            ("MY NUMBER IS 555-0100 is no name, É MY NAME IS JANE", "... is no name, É ..."),
            ("Not an address: Jane.Doe@Example.com", "Not an address: ..."),
            ("My name is not known", "My name is not known"),
            ("found second line of it there", "found ... there"),
            ("max_tokens is too large: 200000", "max_tokens is too large: 200000"),
            ("", ""),
            ("'", "'"),
        ] {
            let repeats = |words: &str| asked.iter().any(|text| text.to_ascii_lowercase().contains(words));
            assert_eq!(without_echo(message, &repeats), expected, "{message}");
        }
    }
}
