//! URLs: where a text may send somebody, and what it may carry there.

use std::sync::Arc;

use super::{
    finding::Hit,
    kind::Kind,
    pass::Pass,
    view::{Need, View},
};

/// How much of a URL is looked at, and hidden as one; a stream holds no more.
const LONGEST: usize = 2_048;

/// How long a scheme may be.
const SCHEME: usize = 16;

/// Schemes that need no `//` to do harm.
const BARE: [&str; 4] = ["javascript", "vbscript", "data", "file"];

/// Which URLs are findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urls {
    /// Hosts that are none: `example.com` is that host, `*.example.com` every host below it. Empty for any.
    pub allowed_hosts: Vec<String>,
    /// Hosts that are, in the same form.
    pub denied_hosts: Vec<String>,
    /// The schemes that are none.
    pub schemes: Vec<String>,
    /// Whether a URL with a user's name or password in it is one.
    pub userinfo: bool,
    /// Whether a URL to the own machine or network is one.
    pub private: bool,
    /// Whether an image from a host that is not on the list of allowed ones is one: showing it tells that host what the URL
    /// says.
    pub images: bool,
}

impl Default for Urls {
    /// Any host of the public net by `http` and `https`, without a user's name; no images.
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            denied_hosts: Vec::new(),
            schemes: vec!["http".to_owned(), "https".to_owned()],
            userinfo: true,
            private: true,
            images: true,
        }
    }
}

impl Urls {
    /// At work for the guard at that place.
    pub(super) fn pass(self: &Arc<Self>, guard: usize) -> Box<dyn Pass> {
        Box::new(Walk { urls: self.clone(), guard, at: 0, floor: 0, image: None, source: None })
    }

    /// What is wrong with a URL, if anything.
    fn rule(&self, scheme: &str, authority: &str, is_image: bool) -> Option<&'static str> {
        if !self.schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
            return Some("url-scheme");
        }
        let (user, rest) = authority.rsplit_once('@').map_or((None, authority), |(user, rest)| (Some(user), rest));
        if self.userinfo && user.is_some() {
            return Some("url-userinfo");
        }
        let host = host(rest).to_lowercase();
        let is_on = |list: &[String]| list.iter().any(|known| is_below(&host, &known.to_lowercase()));
        if is_on(&self.denied_hosts) {
            return Some("url-denied");
        }
        let is_allowed = is_on(&self.allowed_hosts);
        if !self.allowed_hosts.is_empty() && !is_allowed {
            return Some("url-host");
        }
        if self.private && !is_allowed && is_private(&host) {
            return Some("url-private");
        }
        (self.images && is_image && !is_allowed).then_some("url-image")
    }
}

/// The host of an authority without a user: the port goes, and a full stop at the end.
fn host(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    authority.split(':').next().unwrap_or(authority).trim_end_matches('.')
}

fn is_below(host: &str, known: &str) -> bool {
    match known.strip_prefix("*.") {
        Some(known) => host.strip_suffix(known).is_some_and(|left| left.ends_with('.')),
        None => host == known,
    }
}

/// Whether a host is the own machine or a network that is not the public one (RFC 1918, 3927, 4193, 4291, 6598), in any
/// form that browsers read: also as one number, in octal or in hexadecimal.
fn is_private(host: &str) -> bool {
    if ["localhost", "local", "internal", "home.arpa"]
        .iter()
        .any(|name| host.strip_suffix(name).is_some_and(|left| left.is_empty() || left.ends_with('.')))
    {
        return true;
    }
    if let Ok(address) = host.parse::<std::net::Ipv6Addr>() {
        let [first, ..] = address.segments();
        return match address.to_ipv4() {
            Some(v4) => is_private_v4(u32::from(v4)),
            None => matches!(first, 0xFC00..=0xFDFF | 0xFE80..=0xFEBF),
        };
    }
    ipv4(host).is_some_and(is_private_v4)
}

fn is_private_v4(address: u32) -> bool {
    let [a, b, ..] = address.to_be_bytes();
    matches!((a, b), (0 | 10 | 127, _) | (169, 254) | (172, 16..=31) | (192, 168) | (100, 64..=127))
}

/// An IPv4 address as the URL standard reads one: one to four numbers, the last of which fills what is left.
fn ipv4(host: &str) -> Option<u32> {
    let parts: Vec<&str> = host.split('.').collect();
    let (last, first) = parts.split_last()?;
    let number = |text: &str| match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some("") => Some(0),
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u32::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    };
    if first.len() > 3 || host.is_empty() {
        return None;
    }
    let mut address = 0_u32;
    for (at, part) in first.iter().enumerate() {
        address |= number(part).filter(|number| *number < 256)? << (24 - 8 * at);
    }
    let rest = number(last)?;
    let room = 32 - 8 * first.len() as u32;
    (room == 32 || rest >> room == 0).then_some(address | rest)
}

struct Walk {
    urls: Arc<Urls>,
    guard: usize,
    /// Everything before was looked at.
    at: usize,
    /// The end of the last finding.
    floor: usize,
    /// Where the description of an image began, and where the source of one does.
    image: Option<usize>,
    source: Option<usize>,
}

impl Pass for Walk {
    fn run(&mut self, view: &View, base: usize, hits: &mut Vec<Hit>) -> usize {
        let mut at = self.at.saturating_sub(base);
        while let Some(byte) = view.seen(at) {
            match byte {
                b'[' if view.before(at) == Some(b'!') => self.image = Some(base + at),
                b'(' if view.before(at) == Some(b']') && self.image.take().is_some() => {
                    self.source = Some(base + at + 1)
                }
                b'=' if view.bytes(at.saturating_sub(3), at).eq_ignore_ascii_case(b"src") => {
                    self.source = Some(base + at + 1);
                }
                // What may stand between that and the URL.
                b'"' | b'\'' | b'<' | b' ' if self.source == Some(base + at) => self.source = Some(base + at + 1),
                b':' => match self.look(view, base, at) {
                    Ok(Some((start, end, rule))) => {
                        hits.push(Hit::new(Kind::Url, base + start, base + end, true, rule).of_guard(self.guard));
                        self.floor = base + end;
                        at = end;
                        continue;
                    }
                    Ok(None) => {}
                    Err(Need) => {
                        self.at = base + at;
                        return base + scheme_start(view, at, self.floor.saturating_sub(base));
                    }
                },
                _ => {}
            }
            at += 1;
        }
        self.at = base + at;
        base + if view.is_whole() { at } else { scheme_start(view, at, self.floor.saturating_sub(base)) }
    }
}

/// Where the scheme begins that a colon at `at` would end.
fn scheme_start(view: &View, at: usize, floor: usize) -> usize {
    let mut start = at;
    while start > floor.max(at.saturating_sub(SCHEME))
        && view.before(start).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-'))
    {
        start -= 1;
    }
    start
}

impl Walk {
    /// The URL whose scheme ends before the colon at `at`, if it is a finding.
    fn look(&self, view: &View, base: usize, at: usize) -> Result<Option<(usize, usize, &'static str)>, Need> {
        let from = scheme_start(view, at, self.floor.saturating_sub(base));
        let text = view.bytes(from, at);
        // Schemes begin with a letter: `1.https` is a number, a full stop, and one.
        let Some(first) = text.iter().position(u8::is_ascii_alphabetic) else { return Ok(None) };
        let bare = BARE.iter().find(|bare| {
            text.get(text.len().saturating_sub(bare.len())..)
                .is_some_and(|end| end.eq_ignore_ascii_case(bare.as_bytes()))
        });
        let start = bare.map_or(from + first, |bare| at - bare.len());
        let Some(scheme) = view.text().get(start..at) else { return Ok(None) };
        let has_authority = view.starts_with(at + 1, b"//")?;
        if !has_authority {
            let (Some(bare), Some(next)) = (bare, view.char_at(at + 1)?) else { return Ok(None) };
            let is_url = match *bare {
                "data" => is_media_type(view, at + 1)?,
                "file" => next == '/',
                _ => !next.is_whitespace(),
            };
            let is_known = self.urls.schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme));
            if !is_url || is_known || view.before(start).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
                return Ok(None);
            }
            return Ok(Some((start, self.end(view, start, at + 1)?, "url-scheme")));
        }
        let begin = at + 3;
        let mut end = begin;
        let is_bracketed = view.byte(begin)? == Some(b'[');
        while end < begin + 512
            && let Some(byte) = view.byte(end)?
            && (!ends_url(byte) || is_bracketed && matches!(byte, b'[' | b']'))
            && !matches!(byte, b'/' | b'?' | b'#' | b'\\')
        {
            end += 1;
        }
        let Some(authority) = view.text().get(begin..end).filter(|text| !text.is_empty()) else { return Ok(None) };
        let is_image = self.source == Some(base + start);
        let Some(rule) = self.urls.rule(scheme, authority.trim_end_matches(['.', ',', ';', '!', ':']), is_image) else {
            return Ok(None);
        };
        Ok(Some((start, self.end(view, start, end)?, rule)))
    }

    /// Where the URL ends that goes on at `at`: before white space, quotes and brackets, and without the signs that end a
    /// sentence.
    fn end(&self, view: &View, start: usize, mut at: usize) -> Result<usize, Need> {
        while at - start < LONGEST
            && let Some(byte) = view.byte(at)?
            && !ends_url(byte)
        {
            at += 1;
        }
        while view.text().get(..at).is_none() {
            at -= 1;
        }
        while at > start + 1
            && view.before(at).is_some_and(|byte| matches!(byte, b'.' | b',' | b';' | b'!' | b'?' | b':'))
        {
            at -= 1;
        }
        Ok(at)
    }
}

/// Whether a `data:` URL follows, and not a word.
fn is_media_type(view: &View, mut at: usize) -> Result<bool, Need> {
    let start = at;
    while at < start + 32 {
        match view.byte(at)? {
            Some(b'/' | b';' | b',') => return Ok(true),
            Some(byte) if byte.is_ascii_alphanumeric() => at += 1,
            _ => return Ok(false),
        }
    }
    Ok(false)
}

fn ends_url(byte: u8) -> bool {
    byte <= b' '
        || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'`' | b'|' | 0x7F)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(urls: Urls, text: &str) -> Vec<(&str, &'static str)> {
        let mut hits = Vec::new();
        Arc::new(urls).pass(0).run(&View::new(text, true), 0, &mut hits);
        hits.iter().map(|hit| (&text[hit.start..hit.end], hit.rule)).collect()
    }

    #[test]
    fn what_is_wrong_with_a_url_by_default() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("see https://example.com/a?b=c.", &[]),
            ("http://user:pw@example.com/x,", &[("http://user:pw@example.com/x", "url-userinfo")]),
            ("ftp://example.com", &[("ftp://example.com", "url-scheme")]),
            ("[x](javascript:alert(1))", &[("javascript:alert", "url-scheme")]),
            ("a data:text/html;base64,AAAA b", &[("data:text/html;base64,AAAA", "url-scheme")]),
            ("the data: it is; metadata:text/html", &[]),
            ("http://localhost:3000/", &[("http://localhost:3000/", "url-private")]),
            ("http://169.254.169.254/latest", &[("http://169.254.169.254/latest", "url-private")]),
            (
                "http://2130706433/ http://0x7f.1/ http://017700000001",
                &[
                    ("http://2130706433/", "url-private"),
                    ("http://0x7f.1/", "url-private"),
                    ("http://017700000001", "url-private"),
                ],
            ),
            (
                "http://[::1]:80/x http://[::ffff:10.0.0.1]/ http://[2606:4700::1111]/",
                &[("http://[::1]:80/x", "url-private"), ("http://[::ffff:10.0.0.1]/", "url-private")],
            ),
            ("http://8.8.8.8/ http://11.0.0.1/", &[]),
            ("![logo](https://evil.example/?q=secret) done", &[("https://evil.example/?q=secret", "url-image")]),
            ("<img alt=x SRC='https://evil.example/p'>", &[("https://evil.example/p", "url-image")]),
            ("[logo](https://fine.example/)", &[]),
            ("c::d http: //x 12:30", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(Urls::default(), text), *expected, "{text}");
        }
    }

    #[test]
    fn hosts_by_list() {
        let only =
            Urls { allowed_hosts: vec!["Example.com".to_owned(), "*.example.org".to_owned()], ..Urls::default() };
        for fine in [
            "https://example.com/",
            "https://EXAMPLE.com.:443/x",
            "https://a.b.example.org",
            "![x](https://example.com/i)",
        ] {
            assert_eq!(found(only.clone(), fine), [], "{fine}");
        }
        for other in [
            "https://www.example.com/",
            "https://example.org",
            "https://example.com.evil.net",
            "https://evilexample.org",
            "https://example.com\u{FF0E}evil.net",
        ] {
            assert_eq!(found(only.clone(), other), [(other, "url-host")], "{other}");
        }
        let denied = Urls { denied_hosts: vec!["*.evil.net".to_owned()], ..Urls::default() };
        assert_eq!(found(denied.clone(), "https://a.evil.net"), [("https://a.evil.net", "url-denied")]);
        assert_eq!(found(denied, "https://evil.net"), []);
    }
}
