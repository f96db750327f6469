//! Bytes as text, as they lie in JavaScript files: one character for a common byte, two for a rare one.

use crate::error::{Error, Result};

/// The bytes of a text. `alphabet` are its characters; each stands for a byte, but for the last two, which open a pair.
/// `order` are all bytes in the order of their codes, two hexadecimal digits each. (`scripts/lib/bytes.mjs` writes it.)
pub fn bytes_of_text(alphabet: &str, order: &str, text: &[u8]) -> Result<Vec<u8>> {
    let broken =
        |at: usize| Error::input(format!("cannot read text form: expected a character of its alphabet at byte {at}"));
    let singles = alphabet.len().saturating_sub(2);
    // By the opening character, 0 for none, and the character: the byte, or that the character opens a pair.
    let mut bytes = [[None; 128]; 3];
    let mut opens = [0; 128];
    let mut order = order.as_bytes().chunks_exact(2).map(|digits| match digits {
        [high, low] => Some((char::from(*high).to_digit(16)? << 4 | char::from(*low).to_digit(16)?) as u8),
        _ => None,
    });
    for (table, codes) in bytes.iter_mut().enumerate() {
        for (place, character) in alphabet.bytes().enumerate() {
            if table == 0 && place >= singles {
                if let Some(opens) = opens.get_mut(usize::from(character)) {
                    *opens = place - singles + 1;
                }
            } else if let Some(code) = codes.get_mut(usize::from(character)) {
                *code = order.next().flatten();
            }
        }
    }
    let mut out = Vec::with_capacity(text.len());
    let mut table = 0;
    for (at, character) in text.iter().enumerate() {
        let opened = if table == 0 { opens.get(usize::from(*character)).copied().unwrap_or(0) } else { 0 };
        if opened != 0 {
            table = opened;
            continue;
        }
        let byte = bytes.get(table).and_then(|codes| codes.get(usize::from(*character)).copied().flatten());
        out.push(byte.ok_or_else(|| broken(at))?);
        table = 0;
    }
    if table == 0 { Ok(out) } else { Err(broken(text.len())) }
}

#[cfg(test)]
mod tests {
    use super::bytes_of_text;

    /// The first 94 codes: "a" and "b" stand for 0 and 1; "c" and "d" open pairs.
    const ORDER: &str = "00010203040506070809";

    #[test]
    fn characters_and_pairs_are_bytes() {
        assert_eq!(bytes_of_text("abcd", ORDER, b"abcacbdd").unwrap(), [0, 1, 2, 3, 9]);
        assert_eq!(bytes_of_text("abcd", ORDER, b"").unwrap(), [0; 0]);
    }

    #[test]
    fn what_is_none_is_refused_with_its_place() {
        for (text, at) in [(&b"abx"[..], 2), (b"abc", 3), (b"a\xffb", 1)] {
            let error = bytes_of_text("abcd", ORDER, text).unwrap_err().to_string();
            assert!(error.ends_with(&format!("at byte {at}")), "{error}");
        }
    }
}
