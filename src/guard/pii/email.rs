//! E-mail addresses: a local part of at most 64 bytes, a host of at least two labels whose last is made of letters.

use super::super::{
    finding::Hit,
    kind::Kind,
    view::{Need, View},
};

/// RFC 5321, 4.5.3.1.1.
const LONGEST_LOCAL: usize = 64;
/// RFC 1035, 2.3.4.
const LONGEST_LABEL: usize = 63;
const LONGEST_HOST: usize = 253;

/// Whether a character may stand in a local part: of what RFC 5322 allows, the characters that occur, and Latin letters
/// beyond ASCII. Letters of other scripts end it, since text in some of them has no spaces. The hyphens that separate
/// groups of digits belong to it, so that a number never stops being one because an address after it was redacted.
fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'' | '\u{2010}'..='\u{2013}')
        || matches!(c, '\u{C0}'..='\u{24F}') && c.is_alphabetic()
}

/// Where a local part that ends at `at` begins, `at` itself where there is none. Never before `floor`.
///
/// A run of rules (`..`, `---`, `___`) does not belong to an address: forms are full of them. A run of more than 64
/// bytes is cut at its first `+`, `%` or `'` among the last 64, or at `found`, where another finding ends; where
/// there is none, it is no local part.
pub(in super::super) fn local_start(view: &View, at: usize, floor: usize, found: usize) -> usize {
    let (mut from, mut cut) = (at, at);
    while from > floor {
        let Some((start, c)) = view.char_before(from).filter(|(_, c)| is_local(*c)) else { break };
        if at - start > LONGEST_LOCAL {
            from = cut;
            break;
        }
        let rule = match c {
            '.' => view.bytes(from.saturating_sub(2), from) == b"..",
            '-' => view.bytes(from.saturating_sub(3), from) == b"---",
            '_' => view.bytes(from.saturating_sub(3), from) == b"___",
            _ => false,
        };
        if rule {
            break;
        }
        if matches!(c, '+' | '%' | '\'') || from == found {
            cut = from;
        }
        from = start;
    }
    while from < at {
        match view.char_at(from) {
            Ok(Some(c)) if !c.is_alphanumeric() => from += c.len_utf8(),
            _ => break,
        }
    }
    from.min(at)
}

/// The address around the `@` at `at`, whose local part begins at `start`.
pub(in super::super) fn look(view: &View, at: usize, start: usize) -> Result<Option<Hit>, Need> {
    if start == at {
        return Ok(None);
    }
    let Some(end) = host_end(view, at + 1)? else { return Ok(None) };
    let (local, host) = (view.bytes(start, at), view.bytes(at + 1, end));
    if is_remote(view, local, end)? || is_asset(host) || is_version(host) {
        return Ok(None);
    }
    Ok(Some(Hit::new(Kind::Email, start, end, false, "email")))
}

/// The end of the longest host that begins there. A hyphen belongs to it between letters or digits; what follows letters
/// and a hyphen in the last label does not: "ann@example.com-or-bob".
fn host_end(view: &View, start: usize) -> Result<Option<usize>, Need> {
    let (mut at, mut end, mut labels) = (start, None, 0);
    loop {
        let label = at;
        let mut letters_end = label;
        while let Some(byte) = view.byte(at)? {
            let part = match byte {
                b'-' if view.bytes(label, at + 2).eq_ignore_ascii_case(b"xn--") => true,
                b'-' if at > label => {
                    view.byte(at + 1)?.is_some_and(|next| next.is_ascii_alphanumeric())
                        || at == label + 2 && view.bytes(label, at).eq_ignore_ascii_case(b"xn")
                }
                byte => byte.is_ascii_alphanumeric(),
            };
            if !part || at - label > LONGEST_LABEL {
                break;
            }
            if byte.is_ascii_alphabetic() && letters_end == at {
                letters_end += 1;
            }
            at += 1;
        }
        if at == label || at - label > LONGEST_LABEL || at - start > LONGEST_HOST {
            return Ok(end);
        }
        labels += 1;
        if labels > 1 {
            if view.bytes(label, label + 4).eq_ignore_ascii_case(b"xn--") && at > label + 4 {
                end = Some(at);
            } else if letters_end - label >= 2 && (letters_end == at || view.seen(letters_end) == Some(b'-')) {
                end = Some(letters_end);
            }
        }
        if view.byte(at)? != Some(b'.') {
            return Ok(end);
        }
        at += 1;
    }
}

/// `git@github.com:owner/repository` is where code lives, not who wrote it.
fn is_remote(view: &View, local: &[u8], end: usize) -> Result<bool, Need> {
    Ok(matches!(local, b"git" | b"hg") && view.byte(end)? == Some(b':'))
}

/// `logo@2x.png`: a picture for dense screens.
fn is_asset(host: &[u8]) -> bool {
    matches!(host, [b'1'..=b'9', b'x', b'.', ..])
}

/// `package@1.2.3-beta.next`: a version.
fn is_version(host: &[u8]) -> bool {
    let mut labels = host.split(|byte| *byte == b'.');
    let number = |label: Option<&[u8]>| label.is_some_and(|label| label.iter().all(u8::is_ascii_digit));
    number(labels.next()) && number(labels.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let at = text.find('@')?;
        let view = View::new(text, true);
        let hit = look(&view, at, local_start(&view, at, 0, 0)).unwrap()?;
        text.get(hit.start..hit.end)
    }

    #[test]
    fn addresses() {
        let cases: &[(&str, &str, Option<&str>)] = &[
            ("plain", "write to ann@example.com now", Some("ann@example.com")),
            ("end of a sentence", "to ann@example.com.", Some("ann@example.com")),
            ("tags and dots", "<ann.b+news@mail.example.co.uk>", Some("ann.b+news@mail.example.co.uk")),
            ("umlaut", "jörg@example.de", Some("jörg@example.de")),
            ("after Chinese", "邮箱ann@example.com。", Some("ann@example.com")),
            ("a form", "mail:______ann@example.com", Some("ann@example.com")),
            ("dots before", "mail...ann@example.com", Some("ann@example.com")),
            ("a quote", "'ann@example.com'", Some("ann@example.com")),
            ("upper case", "ANN@EXAMPLE.COM", Some("ANN@EXAMPLE.COM")),
            ("a number as host", "li@163.com", Some("li@163.com")),
            ("international host", "a@b.xn--p1ai", Some("a@b.xn--p1ai")),
            ("trailing hyphen", "a@b.com- x", Some("a@b.com")),
            ("words after a hyphen", "a@b.com-or-c", Some("a@b.com")),
            ("hyphens", "a@b-c.co-op.com", Some("a@b-c.co-op.com")),
            ("a rule after", "a@b.com---c", Some("a@b.com")),
            ("number after", "a@b.com.5", Some("a@b.com")),
            ("no host", "ann@example", None),
            ("a handle", "see @ann.example", None),
            ("one letter", "a@b.c", None),
            ("a picture", "logo@2x.png", None),
            ("a version", "react@18.2.0-rc.next", None),
            ("a remote", "git@github.com:owner/repo.git", None),
            ("an operator", "a @ b.com", None),
        ];
        for (name, text, expected) in cases {
            assert_eq!(found(text), *expected, "{name}");
        }
        assert_eq!(found(&format!("{}@example.com", "a".repeat(65))), None);
        assert_eq!(found(&format!("{}@example.com", "a".repeat(64))).map(str::len), Some(76));
    }

    #[test]
    fn a_growing_host_is_not_decided() {
        for cut in ["a@", "a@b", "a@b.", "a@b.co", "a@b.com"] {
            assert_eq!(look(&View::new(cut, false), 1, 0), Err(Need), "{cut}");
        }
        assert!(look(&View::new("a@b.com ", false), 1, 0).unwrap().is_some());
    }
}
