//! The name beside a value: `db_password`, `"apiKey"`, `<secret>`, `AWS_SECRET_ACCESS_KEY`, `my token is`.

use std::sync::OnceLock;

use super::super::view::{View, is_word};

/// How far back a name reaches.
const LONGEST: usize = 48;
/// How far back the name of a `value` may stand (`name: TOKEN`, and `value: ...` on the next line).
const GAP: usize = 24;

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A key or token: made by chance.
    Token,
    /// What follows `Bearer` or `Basic` in a header.
    Credentials,
    /// A password: made by a person.
    Password,
}

/// Names of passwords, in the languages that configurations are written in.
#[rustfmt::skip]
const PASSWORDS: &[&str] = &[
    "password", "passwd", "pwd", "pass", "passphrase", "passcode", "pword", "psw", "pw", "passwort", "kennwort",
    "senha", "contraseña", "contrasena", "motdepasse", "wachtwoord", "hasło", "пароль", "密码", "パスワード", "비밀번호",
];

/// Names of keys and tokens.
#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "secret", "token", "credential", "credentials", "cred", "creds", "auth", "authorization", "bearer", "jwt",
    "pat",
];

/// What words may end in that are written together: `dbpassword`, `clientsecret`.
#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    "password", "passwd", "secret", "token", "apikey", "accesskey", "secretkey", "privatekey", "authkey",
];

/// Words that make a `key` one that opens something: its uses, and whose keys do.
#[rustfmt::skip]
const KEYS: &[&str] = &[
    "api", "access", "secret", "private", "auth", "encryption", "signing", "account", "shared", "master", "service",
    "license", "licence", "app", "application", "consumer", "storage", "subscription", "deploy", "hmac", "crypto",
    "cipher", "aes", "root", "admin", "integration", "ingest", "webhook", "session", "server", "openai",
    "anthropic", "cohere", "mistral", "groq", "gemini", "stripe", "twilio", "sendgrid", "mailgun", "mailchimp",
    "heroku", "hubspot", "cloudflare", "datadog", "relic", "sentry", "algolia", "airtable", "alibaba", "okta",
    "sumo", "sumologic", "snyk", "sonar", "github", "gitlab", "slack", "aws", "azure", "gcp", "google", "maps",
    "facebook", "twitter", "dropbox", "paypal", "shopify", "pinecone", "deepgram", "elevenlabs", "replicate",
    "rapidapi", "flickr", "infura", "alchemy", "etherscan", "digitalocean", "linode", "vultr", "pagerduty",
    "grafana", "launchdarkly",
];

/// Words behind a name that make it one of something else: `token_url`, `secretName`, `password_hash`.
#[rustfmt::skip]
const NOT_BEFORE: &[&str] = &[
    "id", "ids", "name", "names", "url", "urls", "uri", "path", "paths", "file", "filename", "dir", "folder",
    "length", "len", "size", "count", "max", "min", "limit", "limits", "type", "types", "kind", "version",
    "expires", "expiry", "expiration", "expired", "ttl", "age", "at", "date", "time", "timeout", "timestamp",
    "hash", "hashed", "digest", "checksum", "sha", "md", "algorithm", "algo", "alg", "format", "pattern", "regex",
    "regexp", "policy", "rule", "rules", "hint", "label", "title", "text", "message", "msg", "error", "errors",
    "field", "input", "form", "prompt", "reset", "forgot", "option", "options", "enabled", "required", "valid",
    "validator", "validation", "status", "state", "index", "prefix", "suffix", "separator", "endpoint", "host",
    "port", "provider", "store", "storage", "manager", "class", "role", "scope", "scopes", "issuer", "audience",
    "usage", "budget", "bucket", "ref", "arn", "vault", "header", "param", "parameter", "env", "var", "variable",
    "placeholder", "selector", "handler", "service", "strength", "score", "rate", "ratio", "through", "salt", "iv",
    "nonce", "address", "mint", "program", "symbol", "list", "table", "column", "view", "page", "link", "help",
    "strategy", "method", "mode", "config", "settings", "source", "results", "result",
];

/// Words before a name that make its value no secret.
#[rustfmt::skip]
const NOT_AFTER: &[&str] = &[
    "public", "pub", "publishable", "csrf", "xsrf", "authenticity", "next", "page", "continuation", "sync",
    "pagination", "cancellation", "cancel", "eos", "bos", "pad", "unk", "mask", "cls", "sep", "special", "lexer",
    "syntax", "foreign", "primary", "design", "no", "without", "forgot", "reset", "hashed", "encrypted", "keyboard",
    "sort", "partition", "cache",
];

/// What a word is among those of this file: a bit for each list that it is in.
const PASSWORD: u8 = 1;
const TOKEN: u8 = 2;
const OPENS: u8 = 4;
const ELSE_BEFORE: u8 = 8;
const ELSE_AFTER: u8 = 16;

/// The lists that a word is in, whatever its case.
fn lists_of(word: &[u8]) -> u8 {
    const SLOTS: usize = 1024;
    static LISTS: OnceLock<Vec<(&str, u8)>> = OnceLock::new();
    let lists = LISTS.get_or_init(|| {
        let mut slots = vec![("", 0); SLOTS];
        let all =
            [(PASSWORDS, PASSWORD), (TOKENS, TOKEN), (KEYS, OPENS), (NOT_BEFORE, ELSE_BEFORE), (NOT_AFTER, ELSE_AFTER)];
        for (word, list) in all.iter().flat_map(|(words, list)| words.iter().map(|word| (*word, *list))) {
            let mut slot = hash(word.as_bytes()) % SLOTS;
            while slots.get(slot).is_some_and(|(taken, _)| !taken.is_empty() && *taken != word) {
                slot = (slot + 1) % SLOTS;
            }
            slots.get_mut(slot).into_iter().for_each(|slot| *slot = (word, slot.1 | list));
        }
        slots
    });
    let mut slot = hash(word) % SLOTS;
    loop {
        match lists.get(slot) {
            Some((known, lists)) if word.eq_ignore_ascii_case(known.as_bytes()) => return *lists,
            Some((known, _)) if !known.is_empty() => slot = (slot + 1) % SLOTS,
            _ => return 0,
        }
    }
}

/// FNV-1a, case apart.
fn hash(word: &[u8]) -> usize {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193);
    let hash = word.iter().fold(0x811C_9DC5, step);
    (hash ^ hash >> 15) as usize
}

fn ends_in(word: &[u8], ending: &str) -> bool {
    word.len()
        .checked_sub(ending.len())
        .and_then(|at| word.get(at..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(ending.as_bytes()))
}

/// Whether a byte belongs to a name.
fn is_part(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'_' | b'-' | b'.')
}

/// Where the name that ends at `end` begins.
fn name_start(view: &View, end: usize) -> usize {
    let mut start = end;
    while end - start < LONGEST && view.before(start).is_some_and(is_part) {
        start -= 1;
    }
    start
}

/// What the name says that ends at `end`; quotes and an index may stand behind it (`["password"]`, `secret[]`).
pub(super) fn ending_at(view: &View, end: usize) -> Option<Key> {
    let end = behind_name(view, end)?;
    let start = name_start(view, end);
    let name = view.bytes(start, end);
    let key = of_name(name);
    if key.is_some() || name.is_empty() {
        return key;
    }
    // `API key`, `the password is`, and `name: PASSWORD, value: ...`.
    let space = start.checked_sub(1).filter(|at| view.seen(*at) == Some(b' '));
    if let Some(space) = space {
        let before = view.bytes(name_start(view, space), space);
        if name.eq_ignore_ascii_case(b"is") || name.eq_ignore_ascii_case(b"was") {
            let key = of_name(before);
            let apart = name_start(view, space).checked_sub(1).filter(|at| view.seen(*at) == Some(b' '));
            return key.or_else(|| apart.and_then(|apart| pair(view.bytes(name_start(view, apart), apart), before)));
        }
        if let Some(key) = pair(before, name) {
            return Some(key);
        }
    }
    if name.eq_ignore_ascii_case(b"value") {
        return named_before(view, start);
    }
    None
}

/// The same, where the name ends in the word that says it: not `password.encode`, nor the verb `pass`.
pub(super) fn ending_in_term(view: &View, end: usize) -> Option<Key> {
    let key = ending_at(view, end)?;
    let end = behind_name(view, end)?;
    let name = view.bytes(name_start(view, end), end);
    let (start, stop) = word_before(name, name.len())?;
    let (earlier, word) = (name.get(..start)?, name.get(start..stop)?);
    let is = |known: &[u8]| word.eq_ignore_ascii_case(known);
    if is(b"pass") {
        return None;
    }
    if is(b"is") || is(b"was") || is(b"key") || is(b"value") {
        Some(key)
    } else {
        of_word(word, lists_of(word), earlier)
    }
}

/// Where a name ends behind which there are quotes or an index. What redaction left is no index.
fn behind_name(view: &View, end: usize) -> Option<usize> {
    let mut end = end;
    if view.before(end) == Some(b']') {
        end -= 1;
        while view.before(end).is_some_and(|byte| byte.is_ascii_digit()) {
            end -= 1;
        }
        match view.before(end) {
            Some(b'[') => end -= 1,
            Some(b'"' | b'\'' | b'`') => {}
            _ => return None,
        }
    }
    while let Some(b'"' | b'\'' | b'`' | b'\\') = view.before(end) {
        end -= 1;
    }
    Some(end)
}

/// Two words that are a name only together.
fn pair(first: &[u8], second: &[u8]) -> Option<Key> {
    (second.eq_ignore_ascii_case(b"key") && last_word(first).is_some_and(opens)).then_some(Key::Token)
}

/// The name in `name: NAME`, `key="NAME"` before a `value`.
fn named_before(view: &View, start: usize) -> Option<Key> {
    let is_gap = |byte: u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b'"' | b'\'' | b',' | b';');
    let skip = |mut at: usize| {
        let edge = at.saturating_sub(GAP);
        while at > edge && view.before(at).is_some_and(is_gap) {
            at -= 1;
        }
        at
    };
    let end = skip(start);
    let name = name_start(view, end);
    let separator = skip(name);
    let mark = separator.checked_sub(1).filter(|at| matches!(view.seen(*at), Some(b':' | b'=')))?;
    let label_end = skip(mark);
    let label = view.bytes(name_start(view, label_end), label_end);
    let is_label = [&b"name"[..], b"key", b"variable"].iter().any(|known| label.eq_ignore_ascii_case(known));
    if is_label { of_name(view.bytes(name, end)) } else { None }
}

/// What a name says.
pub(super) fn of_name(name: &[u8]) -> Option<Key> {
    if name.len() < 2 || !may_be(name) {
        return None;
    }
    let mut end = name.len();
    // From the last word to the first: what stands behind decides what it is of.
    for _ in 0..6 {
        let (start, stop) = word_before(name, end)?;
        let word = name.get(start..stop)?;
        let lists = lists_of(word);
        if lists & ELSE_BEFORE != 0 {
            return None;
        }
        let earlier = name.get(..start).unwrap_or_default();
        if let Some(key) = of_word(word, lists, earlier) {
            return (!is_of_something_else(earlier)).then_some(key);
        }
        end = start;
    }
    None
}

/// Most names have none of these letters together: a look at each is cheaper than taking it apart.
fn may_be(name: &[u8]) -> bool {
    name.windows(2).any(|pair| {
        let lower = |byte: u8| byte | 0x20;
        matches!(
            pair,
            [a, b] if matches!(
                (lower(*a), lower(*b)),
                (b'p', b'a' | b'w' | b's') | (b's', b'e') | (b't', b'o') | (b'k', b'e') | (b'c', b'r') | (b'a', b'u')
                    | (b'b', b'e') | (b'j', b'w') | (b'w', b'o' | b'a')
            ) || *a >= 0x80
        )
    })
}

/// What a word says that is in those lists.
fn of_word(word: &[u8], lists: u8, earlier: &[u8]) -> Option<Key> {
    if lists & PASSWORD != 0 {
        // `pw` alone is a name of much else.
        return (word.len() > 2 || !earlier.is_empty()).then_some(Key::Password);
    }
    if lists & TOKEN != 0 {
        return Some(Key::Token);
    }
    if word.eq_ignore_ascii_case(b"key") {
        return last_word(earlier).is_some_and(opens).then_some(Key::Token);
    }
    let ending = ENDINGS.iter().find(|ending| ends_in(word, ending))?;
    Some(if ending.starts_with("pass") { Key::Password } else { Key::Token })
}

fn last_word(name: &[u8]) -> Option<&[u8]> {
    word_before(name, name.len()).and_then(|(start, end)| name.get(start..end))
}

/// Whether a word makes a `key` behind it one that opens something.
fn opens(word: &[u8]) -> bool {
    lists_of(word) & OPENS != 0
}

/// Whether there is a word in a name that makes the value behind it no secret.
fn is_of_something_else(name: &[u8]) -> bool {
    let mut end = name.len();
    while let Some((start, stop)) = word_before(name, end) {
        if name.get(start..stop).is_some_and(|word| lists_of(word) & ELSE_AFTER != 0) {
            return true;
        }
        end = start;
    }
    false
}

/// The last word of `name[..end]`: `apiKey`, `API_KEY`, `APIKey` and `api-key2` have two each.
fn word_before(name: &[u8], end: usize) -> Option<(usize, usize)> {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
    let stop = name.get(..end)?.iter().rposition(is_letter)? + 1;
    let mut start = stop;
    while let Some(byte) = start.checked_sub(1).and_then(|at| name.get(at)).filter(|byte| is_letter(byte)) {
        let after = name.get(start).filter(|_| start < stop);
        // `apiKey`: a capital after a small letter begins a word.
        if after.is_some_and(u8::is_ascii_uppercase) && byte.is_ascii_lowercase() {
            break;
        }
        start -= 1;
        // `APIKey`: the last of several capitals does.
        let before = start.checked_sub(1).and_then(|at| name.get(at));
        let small = name.get(start + 1).filter(|_| start + 1 < stop).is_some_and(u8::is_ascii_lowercase);
        if byte.is_ascii_uppercase() && small && before.is_some_and(u8::is_ascii_uppercase) {
            break;
        }
    }
    Some((start, stop))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<Key> {
        ending_at(&View::new(text, true), text.len())
    }

    #[test]
    fn names_of_secrets() {
        for name in [
            "password",
            "db_pass",
            "DB_PASSWORD",
            "userPassword",
            "config.smtp.password",
            "\"passwd\"",
            "['pwd']",
            "secret[25]",
            "my_password_super_secure",
            "the password is",
            "contraseña",
        ] {
            assert_eq!(key(name), Some(if name.starts_with("secret") { Key::Token } else { Key::Password }), "{name}");
        }
        for name in [
            "apiKey",
            "API_KEY",
            "X-Api-Key",
            "APIKey",
            "api-key2",
            "apikey",
            "clientSecret",
            "aws_secret_access_key",
            "TOKEN",
            "access_token",
            "AWSToken",
            "npmAPItoken",
            "API key",
            "my API key is",
            "Authorization",
            "OPENAI_KEY",
            "creds",
            "AccountKey",
            "name: FACEBOOK_TOKEN\n    value",
            "{\"name\":\"API_TOKEN\",\"value\"",
            "<add key=\"ApiToken\" value",
        ] {
            assert_eq!(key(name), Some(Key::Token), "{name}");
        }
    }

    #[test]
    fn names_of_something_else() {
        for name in [
            "token_url",
            "secretName",
            "password_hash",
            "tokens",
            "max_tokens",
            "public_key",
            "publicToken",
            "primaryKey",
            "key",
            "cache_key",
            "keyboard",
            "tokenizer",
            "passenger",
            "compass",
            "bypass",
            "monkey",
            "author",
            "credentialsId",
            "UserSecretsId",
            "nextPageToken",
            "csrf-token",
            "tokenType",
            "[REDACTED_TOKEN]",
            "secretary",
            "value",
            "is",
            "",
            "passwordPolicy",
            "this is",
        ] {
            assert_eq!(key(name), None, "{name}");
        }
    }
}
