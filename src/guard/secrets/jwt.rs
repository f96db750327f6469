//! JSON web tokens (RFC 7519): a base64url header that is a JSON object with `alg`, then a payload, then a signature.

use crate::json::Raw;

use super::{
    super::view::{Need, View},
    Alphabet,
};

/// The longest header that is waited for.
const LONGEST_HEADER: usize = 1024;
/// Of what follows the header, this much makes it a token.
const SHORTEST_PAYLOAD: usize = 4;

/// Where a token that begins at `at` is recognised, and how many full stops may follow there.
pub(super) fn look(view: &View, at: usize) -> Result<Option<(usize, u8)>, Need> {
    // `{"` in base64url.
    if !view.starts_with(at, b"eyJ")? {
        return Ok(None);
    }
    let mut end = at;
    while view.byte(end)?.is_some_and(|byte| Alphabet::Url.has(byte)) {
        end += 1;
        if end - at > LONGEST_HEADER {
            return Ok(None);
        }
    }
    if view.byte(end)? != Some(b'.') || !is_header(view.bytes(at, end)) {
        return Ok(None);
    }
    for place in 1..=SHORTEST_PAYLOAD {
        if !view.byte(end + place)?.is_some_and(|byte| Alphabet::Url.has(byte)) {
            return Ok(None);
        }
    }
    // A signed token has one more stop, an encrypted one three.
    Ok(Some((end + 1 + SHORTEST_PAYLOAD, 3)))
}

fn is_header(text: &[u8]) -> bool {
    let bytes = decode(text);
    let header = std::str::from_utf8(&bytes).ok().and_then(|text| Raw::parse(text).ok());
    header.is_some_and(|header| header.member("alg").is_some())
}

/// Base64url without padding; what is no base64url decodes to nothing.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return Vec::new(),
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xFF) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_decodes() {
        assert_eq!(decode(b"eyJhIjoxfQ"), b"{\"a\":1}");
        assert_eq!(decode(b"_-8"), [0xFF, 0xEF]);
        assert_eq!(decode(b"a!"), b"");
    }
}
