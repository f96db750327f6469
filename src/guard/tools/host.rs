//! The host of a URL, read so that nobody who fetches it can mean another one.

/// The host in lower case, without its port; `None` for what is no URL with a host, and for everything that parsers of URLs
/// are known to read differently: white space and controls, backslashes, user names, escapes and non-ASCII in the host.
pub(super) fn host(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let named = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if !named || !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return None;
    }
    if rest.bytes().any(|byte| byte <= b' ' || byte == b'\\' || byte == 0x7f) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => authority.find(':').map_or((authority, ""), |at| authority.split_at(at)),
    };
    let port_fits =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let in_address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let fits = if authority.starts_with('[') { host.bytes().all(in_address) } else { host.bytes().all(in_name) };
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    (port_fits && fits && !host.is_empty()).then_some(host)
}

/// Whether a host is the one of a pattern: itself, or with `*.` before it everything below it.
pub(super) fn is_of(host: &str, pattern: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(above) => host.strip_suffix(above).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
        None => host == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (url, expected) in [
            ("https://Example.com/a?b#c", Some("example.com")),
            ("http://example.com:8080", Some("example.com")),
            ("https://example.com.", Some("example.com")),
            ("https://example.com?x=https://evil.com", Some("example.com")),
            ("https://[::1]:80/", Some("::1")),
            ("https://192.168.0.1/", Some("192.168.0.1")),
            ("https://evil.com#@example.com", Some("evil.com")),
            ("https://example.com@evil.com/", None),
            ("https://evil.com\\@example.com/", None),
            ("https://exam\tple.com", None),
            (" https://example.com", None),
            ("https://example.com /", None),
            ("https://ex%61mple.com", None),
            ("https://exämple.com", None),
            ("https:///example.com", None),
            ("https:example.com", None),
            ("//example.com", None),
            ("example.com/path", None),
            ("1s://example.com", None),
            ("https://example.com:80:90", None),
            ("", None),
        ] {
            assert_eq!(host(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn patterns() {
        assert!(is_of("example.com", "example.com") && !is_of("a.example.com", "example.com"));
        assert!(is_of("a.b.example.com", "*.example.com") && !is_of("example.com", "*.example.com"));
        assert!(!is_of("evilexample.com", "*.example.com") && !is_of(".example.com", "*.example.com"));
    }
}
