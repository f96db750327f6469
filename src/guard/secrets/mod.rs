//! Keys and tokens that their issuers made recognisable (a prefix, an alphabet, a length, sometimes a checksum), and what
//! stands beside a name that makes it secret.
//!
//! Where a token's length is fixed, the whole token decides. Where it is not, its beginning does, and what belongs to it
//! is then [swallowed](Swallow) to its end, however long: a stream need not hold a private key to hide it.

mod assigned;
mod checksum;
mod jwt;
mod key;
mod pattern;
mod pem;
mod rules;
mod value;

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
    /// Small letters and digits.
    Small,
    /// Capitals and digits.
    Capital,
    /// Digits.
    Digit,
    /// Capitals and the digits 2 to 7.
    Base32,
    /// Hexadecimal.
    Hex,
    /// Hexadecimal in small letters.
    SmallHex,
    /// Letters, digits, `-` and `_`.
    Url,
    /// Letters, digits, `+` and `/`.
    Base64,
    /// Letters, digits, `-`, `_`, `=`, `+`, `/` and `%`.
    Encoded,
    /// Line breaks.
    Break,
    /// Base64 over several lines.
    Lines,
    /// What a value without quotes consists of.
    Value,
}

impl Alphabet {
    /// The alphabet that a letter stands for in a [`pattern`].
    fn named(letter: u8) -> Option<Self> {
        Some(match letter {
            b'a' => Self::Alnum,
            b'l' => Self::Small,
            b'w' => Self::Capital,
            b'd' => Self::Digit,
            b'b' => Self::Base32,
            b'h' => Self::Hex,
            b'x' => Self::SmallHex,
            b'u' => Self::Url,
            b's' => Self::Base64,
            b'e' => Self::Encoded,
            b'n' => Self::Break,
            b't' => Self::Lines,
            _ => return None,
        })
    }

    fn has(self, byte: u8) -> bool {
        match self {
            Self::Small => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
            Self::Capital => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Digit => byte.is_ascii_digit(),
            Self::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::SmallHex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Break => matches!(byte, b'\r' | b'\n'),
            Self::Value => byte.is_ascii_graphic() && !is_end(byte),
            _ => byte.is_ascii_alphanumeric() || self.signs().contains(&byte),
        }
    }

    /// What an alphabet has beyond letters and digits.
    const fn signs(self) -> &'static [u8] {
        match self {
            Self::Url => b"-_",
            Self::Base64 => b"+/",
            Self::Encoded => b"-_=+/%",
            Self::Lines => b"+/=\r\n",
            _ => b"",
        }
    }
}

/// What ends a value without quotes.
fn is_end(byte: u8) -> bool {
    matches!(
        byte,
        b'"' | b'\''
            | b'`'
            | b','
            | b';'
            | b'<'
            | b'>'
            | b'('
            | b')'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'|'
            | b'\\'
            | b'&'
            | b'*'
    )
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

/// What is found: a hit, and what to swallow after it.
type Found = (Hit, Option<Swallow>);

/// A secret that begins at `at` or right behind it, and what to swallow after it.
pub(super) fn look(view: &View, at: usize) -> Result<Option<Found>, Need> {
    let Some(first) = view.seen(at) else { return Ok(None) };
    if assigned::may_precede(first) {
        return Ok(assigned::look(view, at)?.map(of_value));
    }
    if let Some(found) = look_token(view, at)? {
        return Ok(Some(found));
    }
    let found = match first {
        b'-' => assigned::look_option(view, at)?,
        b'i' => assigned::look_is(view, at)?,
        _ => None,
    };
    Ok(found.map(of_value))
}

fn of_value(found: assigned::Found) -> Found {
    let hit = Hit::new(Kind::Secret, found.start, found.end, false, found.rule).sure(found.confidence);
    (hit, found.open.map(Swallow::Run))
}

/// A token of a known form that begins at `at`. But for private keys, it begins where a word does.
fn look_token(view: &View, at: usize) -> Result<Option<Found>, Need> {
    let Some(first) = view.seen(at) else { return Ok(None) };
    if first != b'-' && is_inside(view, at) {
        return Ok(None);
    }
    let found = |end, validated, rule, swallow| {
        let hit = Hit::new(Kind::Secret, at, end, validated, rule);
        Ok(Some((hit, swallow)))
    };
    match first {
        b'-' => {
            if let Some((end, body)) = pem::look(view, at)? {
                return found(end, true, "private-key", Some(Swallow::Pem(body)));
            }
        }
        b'e' => {
            if let Some((end, dots)) = jwt::look(view, at)? {
                return found(end, true, "json-web-token", Some(Swallow::Jwt { dots }));
            }
        }
        _ => {}
    }
    let starts = Starts::get();
    let (from, to) = starts.rules.get(usize::from(first)).copied().unwrap_or_default();
    let next = [view.seen(at + 1), view.seen(at + 2)];
    for place in (from..to).chain(0..starts.unmarked) {
        let Some(rule) = rules::RULES.get(place).filter(|rule| starts.goes_on(place, next) && rule.may_have(0, first))
        else {
            continue;
        };
        if next[0].is_some_and(|second| !rule.may_have(1, second)) {
            continue;
        }
        if let Some((token, validated)) = rule.look(view, at)? {
            let hit = Hit::new(Kind::Secret, at, token.end, validated, rule.name);
            let hit = if validated { hit } else { hit.sure(rule.confidence()) };
            return Ok(Some((hit, token.open.map(Swallow::Run))));
        }
    }
    Ok(None)
}

/// Whether `at` is within a word, an identifier or a piece of base64.
fn is_inside(view: &View, at: usize) -> bool {
    // Digits that go on with others are a number, which must be one after redaction as well as before it.
    if view.seen(at).is_some_and(|byte| byte.is_ascii_digit()) {
        let mut start = at;
        while at - start < 4
            && matches!(view.before(start), Some(b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'+' | 0x80..))
        {
            start -= 1;
        }
        if start < at && view.before(start).is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b']' | b'*')) {
            return true;
        }
    }
    match view.before(at) {
        Some(b'_') => true,
        // A line of a patch begins with it, or what is added to nothing.
        Some(b'+') => at.checked_sub(1).and_then(|at| view.before(at)).is_some_and(|byte| byte > b' '),
        Some(byte) => is_word(byte),
        None => false,
    }
}

/// What may begin with which bytes: what is asked at each byte of a text.
#[derive(Debug)]
pub(super) struct Starts {
    /// Of each first byte, which second ones a token may have: a bit each.
    pairs: [[u32; 8]; 256],
    /// The same of third ones.
    thirds: [[u32; 8]; 256],
    /// The rules of [`rules::RULES`] with that first byte.
    rules: [(usize, usize); 256],
    /// How many rules have no prefix; they come first.
    unmarked: usize,
    /// The second and third byte of each rule's prefix, 0 where it is shorter.
    heads: [[u8; 2]; rules::RULES.len()],
}

impl Starts {
    pub fn get() -> &'static Self {
        static STARTS: OnceLock<Starts> = OnceLock::new();
        STARTS.get_or_init(Self::new)
    }

    fn new() -> Self {
        let heads = [[0; 2]; rules::RULES.len()];
        let mut starts = Self { pairs: [[0; 8]; 256], thirds: [[0; 8]; 256], rules: [(0, 0); 256], unmarked: 0, heads };
        for ((place, rule), head) in rules::RULES.iter().enumerate().zip(starts.heads.iter_mut()) {
            head.iter_mut().zip(rule.prefix.bytes().skip(1)).for_each(|(slot, byte)| *slot = byte);
            match rule.prefix.bytes().next().and_then(|first| starts.rules.get_mut(usize::from(first))) {
                Some((from, to)) => (*from, *to) = (if from == to { place } else { *from }, place + 1),
                None => starts.unmarked = place + 1,
            }
        }
        let add = |table: &mut [[u32; 8]; 256], first: u8, other: u8| {
            let row = table.get_mut(usize::from(first));
            if let Some(slot) = row.and_then(|row| row.get_mut(usize::from(other >> 5))) {
                *slot |= 1 << (other & 31);
            }
        };
        for rule in rules::RULES {
            for first in (0..128).filter(|first| rule.may_have(0, *first)) {
                let others = |place: usize| (0..128).filter(move |byte| rule.may_have(place, *byte));
                others(1).for_each(|second| add(&mut starts.pairs, first, second));
                others(2).for_each(|third| add(&mut starts.thirds, first, third));
            }
        }
        for (first, second) in [(b'-', b'-'), (b'e', b'y'), (b'i', b's')] {
            add(&mut starts.pairs, first, second);
            (0..=255).for_each(|third| add(&mut starts.thirds, first, third));
        }
        for byte in (0..=255).filter(|byte| assigned::may_precede(*byte)) {
            for table in [&mut starts.pairs, &mut starts.thirds] {
                table.get_mut(usize::from(byte)).into_iter().for_each(|row| *row = [!0; 8]);
            }
        }
        starts
    }

    /// Whether a rule's prefix goes on with these bytes, as far as they have come.
    fn goes_on(&self, place: usize, next: [Option<u8>; 2]) -> bool {
        let head = self.heads.get(place).copied().unwrap_or_default();
        next.iter().zip(head).all(|(byte, known)| known == 0 || byte.is_none_or(|byte| byte == known))
    }

    /// Whether a secret may begin with that byte, or right behind it.
    pub fn may_be_first(&self, byte: u8) -> bool {
        self.pairs.get(usize::from(byte)).is_some_and(|row| row.iter().any(|seconds| *seconds != 0))
    }

    /// Whether a secret may begin at `at`, or right behind it: a look at three bytes.
    #[inline]
    pub fn may_start(&self, view: &View, at: usize) -> bool {
        let first = view.seen(at).unwrap_or(0);
        may_follow(&self.pairs, first, view.seen(at + 1))
            && !(first.is_ascii_alphanumeric() && view.before(at).is_some_and(is_word))
            && may_follow(&self.thirds, first, view.seen(at + 2))
    }
}

/// Whether a byte may come some way behind the first one; what has not come yet may be anything.
#[inline]
fn may_follow(table: &[[u32; 8]; 256], first: u8, other: Option<u8>) -> bool {
    let Some(row) = table.get(usize::from(first)) else { return false };
    match other {
        Some(other) => row.get(usize::from(other >> 5)).copied().unwrap_or(0) >> (other & 31) & 1 != 0,
        None => row.iter().any(|others| *others != 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The token's range, as text.
    fn found(text: &str) -> Option<(&'static str, bool, &str)> {
        let view = View::new(text, true);
        (0..text.len()).filter(|at| Starts::get().may_start(&view, *at)).find_map(|at| {
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
