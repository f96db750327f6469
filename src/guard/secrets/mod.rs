//! Keys and tokens that their issuers made recognisable: a prefix, an alphabet, a length, sometimes a checksum.
//!
//! Where a token's length is fixed, the whole token decides. Where it is not, its beginning does, and what belongs to it
//! is then [swallowed](Swallow) to its end, however long: a stream need not hold a private key to hide it.

mod checksum;
mod jwt;
mod pem;
mod rules;

use std::sync::OnceLock;

use super::{
    finding::Hit,
    kind::Kind,
    view::{Need, View, is_word},
};

/// What goes on after a token was recognised, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swallow {
    /// As long as there are bytes of the alphabet.
    Run(Alphabet),
    /// As long as there is base64url, and that many more full stops with more of it behind them.
    Jwt { dots: u8 },
    /// The body of a private key.
    Pem(pem::Body),
}

/// Which bytes a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `-` and `_`.
    Url,
    /// Capital letters and the digits 2 to 7.
    Base32,
    /// Lower-case hexadecimal.
    Hex,
    /// Letters, digits, `-`, `_`, `.` and `/`.
    Path,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Alphabet::Alnum => byte.is_ascii_alphanumeric(),
            Alphabet::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Alphabet::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
            Alphabet::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Alphabet::Path => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'),
        }
    }
}

impl Swallow {
    /// Goes on from `at` to the end of the token, or of what is seen. Says where that is, and whether the token may go on.
    pub fn go(&mut self, view: &View, mut at: usize) -> (usize, bool) {
        match self {
            Swallow::Run(alphabet) => {
                while view.seen(at).is_some_and(|byte| alphabet.has(byte)) {
                    at += 1;
                }
                (at, view.byte(at).is_err())
            }
            Swallow::Jwt { dots } => loop {
                while view.seen(at).is_some_and(|byte| Alphabet::Url.has(byte)) {
                    at += 1;
                }
                match (view.byte(at), view.byte(at + 1)) {
                    (Err(Need), _) | (Ok(Some(b'.')), Err(Need)) if *dots > 0 => return (at, true),
                    (Err(Need), _) => return (at, true),
                    (Ok(Some(b'.')), Ok(Some(next))) if *dots > 0 && Alphabet::Url.has(next) => {
                        *dots -= 1;
                        at += 1;
                    }
                    _ => return (at, false),
                }
            },
            Swallow::Pem(body) => body.go(view, at),
        }
    }
}

/// A token that begins at `at`, and what to swallow after it.
///
/// But for private keys, a token begins where a word does: with no letter or digit before it.
pub(super) fn look(view: &View, at: usize) -> Result<Option<(Hit, Option<Swallow>)>, Need> {
    if view.seen(at) != Some(b'-') && view.before(at).is_some_and(is_word) {
        return Ok(None);
    }
    let found = |end, validated, rule, swallow| Some((Hit::new(Kind::Secret, at, end, validated, rule), swallow));
    match view.seen(at) {
        Some(b'-') => {
            Ok(pem::look(view, at)?.and_then(|(end, body)| found(end, true, "private-key", Some(Swallow::Pem(body)))))
        }
        Some(b'e') => Ok(jwt::look(view, at)?
            .and_then(|(end, dots)| found(end, true, "json-web-token", Some(Swallow::Jwt { dots })))),
        Some(first) => {
            for rule in rules::RULES.iter().filter(|rule| rule.prefix.as_bytes().first() == Some(&first)) {
                if let Some((end, validated)) = rule.look(view, at)? {
                    let swallow = (!rule.is_fixed()).then_some(Swallow::Run(rule.alphabet));
                    return Ok(found(end, validated, rule.name, swallow));
                }
            }
            Ok(None)
        }
        None => Ok(None),
    }
}

/// Whether a token may begin with that byte.
pub(super) fn may_start(byte: u8) -> bool {
    static STARTS: OnceLock<[bool; 256]> = OnceLock::new();
    let starts = STARTS.get_or_init(|| {
        let mut starts = [false; 256];
        for first in rules::RULES.iter().filter_map(|rule| rule.prefix.as_bytes().first()).chain(b"-e") {
            if let Some(start) = starts.get_mut(usize::from(*first)) {
                *start = true;
            }
        }
        starts
    });
    starts.get(usize::from(byte)).copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The token's range, as text.
    fn found(text: &str) -> Option<(&'static str, bool, &str)> {
        let view = View::new(text, true);
        (0..text.len()).filter(|at| text.is_char_boundary(*at) && may_start(text.as_bytes()[*at])).find_map(|at| {
            let (hit, swallow) = look(&view, at).unwrap()?;
            let end = swallow.map_or(hit.end, |mut swallow| swallow.go(&view, hit.end).0);
            Some((hit.rule, hit.validated, &text[hit.start..end]))
        })
    }

    // Made up, none was ever issued. Joined from two halves, so that scanners of source code don't report this file.
    fn token(prefix: &str, rest: &str) -> String {
        format!("{prefix}{rest}")
    }

    #[test]
    fn tokens_of_each_form() {
        let word = "Zk3v9QpX7mB2tY8nR4wL6cJ1sD5fG0hK";
        let cases = [
            ("openai-key", token("sk-proj-", &word.repeat(2))),
            ("openai-key", token("sk-", &format!("{}T3BlbkFJ{}", &word[..20], &word[..20]))),
            ("api-key", token("sk-", &word[..32])),
            ("anthropic-key", token("sk-ant-api03-", &format!("{}-{}AA", word.repeat(2), &word[..26]))),
            ("aws-access-key-id", token("AKIA", "Q3EGRDXW7Z5KJN2M")),
            ("aws-access-key-id", token("ASIA", "Q3EGRDXW7Z5KJN2M")),
            ("github-token", token("ghp_", &format!("{word}abcd"))),
            ("github-fine-grained-token", token("github_pat_", &format!("{}_{}", &word[..22], &word.repeat(2)[..59]))),
            ("slack-token", token("xoxb-", &format!("123456789012-1234567890123-{}", &word[..24]))),
            ("stripe-key", token("sk_live_", &word[..24])),
            ("stripe-key", token("rk_live_", &word[..24])),
            ("google-api-key", token("AIza", &format!("Sy{}-", word))),
            ("npm-token", token("npm_", &format!("{word}abcd"))),
            ("gitlab-token", token("glpat-", &word[..20])),
            ("hugging-face-token", token("hf_", &format!("{}ab", word.replace(|c: char| c.is_ascii_digit(), "x")))),
        ];
        for (rule, token) in &cases {
            for text in [token.clone(), format!("key=\"{token}\","), format!("use {token}. Then")] {
                let (name, _, range) = found(&text).unwrap_or_else(|| panic!("{rule}: {text}"));
                assert_eq!((name, range), (*rule, token.as_str()), "{text}");
            }
            assert_eq!(found(&format!("x{token}")), None, "{rule} inside a word");
        }
    }

    #[test]
    fn what_looks_like_a_token_and_is_none() {
        for text in [
            "sk-learn-style-estimators-and-pipelines",
            "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "sk-your-api-key-goes-here-please",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "AKIA",
            "AKIAQ3EGRDXW7Z5KJN2MAAAA",
            "task-force-1234567890-1234567890",
            "eyJub3QgYSBoZWFkZXI.eyJhIjoxfQ.c2ln",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PRIVATE KEY----- marks the start",
            "npm_config_registry",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
            "123e4567-e89b-12d3-a456-426614174000",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn a_checksum_tells_a_real_token_from_its_look() {
        let body = "Zk3v9QpX7mB2tY8nR4wL6cJ1sD5fG0";
        let sealed = format!("ghp_{body}{}", checksum::base62_crc32(body.as_bytes()));
        assert_eq!(found(&sealed), Some(("github-token", true, sealed.as_str())));
        let broken = format!("ghp_{body}abcdef");
        assert_eq!(found(&broken), Some(("github-token", false, broken.as_str())));
    }

    #[test]
    fn web_tokens_need_a_header() {
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        assert_eq!(found(&format!("Bearer {token}. And")), Some(("json-web-token", true, token)));
    }

    #[test]
    fn private_keys_to_their_end_or_as_far_as_they_go() {
        let head = token("-----BEGIN RSA PRIVATE", " KEY-----");
        let body = "MIIEpAIBAAKCAQEA3v9QpX7mB2tY8nR4wL6cJ1sD5fG0hKZk3v9QpX7mB2tY8n";
        let end = token("-----END RSA PRIVATE", " KEY-----");
        let key = format!("{head}\n{body}\n{body}==\n{end}");
        assert_eq!(found(&format!("{key}\nbye")), Some(("private-key", true, key.as_str())));
        let escaped = key.replace('\n', "\\n");
        assert_eq!(found(&format!("\"{escaped}\\n\"")), Some(("private-key", true, escaped.as_str())));
        let cut = format!("{head}\n{body}\n{body}");
        assert_eq!(found(&cut), Some(("private-key", true, cut.as_str())));
    }
}
