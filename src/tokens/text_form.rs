//! Bytes as text, as they lie in JavaScript files: one character for a common byte, two for a rare one.

use crate::error::{Error, Result};

/// In a table of codes: the character opens a pair; the number of the table for the next one is below.
const OPENS: u16 = 0x100;
/// In a table of codes: no such character.
const NONE: u16 = 0x200;

/// How much is read by one call: a host compiles a function better once it was called often, not while it runs.
const PART: usize = 1024;

/// Turns a text into the bytes it stands for, from its beginning on, and gives how many they are. `alphabet` are its
/// characters; each stands for a byte, but for the last two, which open a pair. `order` are all bytes in the order of their
/// codes, two hexadecimal digits each. (`scripts/lib/bytes.mjs` writes it.)
pub fn bytes_of_text(alphabet: &str, order: &str, text: &mut [u8]) -> Result<usize> {
    let mut reader = TextReader { tables: tables(alphabet, order), table: 0, at: 0, end: 0 };
    while reader.at < text.len() {
        let to = text.len().min(reader.at + PART);
        if !reader.read(text, to) {
            break;
        }
    }
    if reader.at == text.len() && reader.table == 0 {
        return Ok(reader.end);
    }
    Err(Error::input(format!(
        "cannot read text form: expected a character of its alphabet at byte {}, found another",
        reader.at
    )))
}

/// Three tables of 128 codes, by character: the first for what stands alone or opens a pair, then one for each opener.
fn tables(alphabet: &str, order: &str) -> Vec<u16> {
    let singles = alphabet.len().saturating_sub(2);
    let mut tables = vec![NONE; 3 * 128];
    let mut order = order.as_bytes().chunks_exact(2).map(|digits| match digits {
        [high, low] => Some((char::from(*high).to_digit(16)? << 4 | char::from(*low).to_digit(16)?) as u16),
        _ => None,
    });
    for table in 0..3 {
        for (place, character) in alphabet.bytes().enumerate() {
            let Some(code) = tables.get_mut(table * 128 + usize::from(character)) else { continue };
            *code = match place.checked_sub(singles) {
                Some(opener) if table == 0 => OPENS + 1 + opener as u16,
                _ => order.next().flatten().unwrap_or(NONE),
            };
        }
    }
    tables
}

struct TextReader {
    tables: Vec<u16>,
    /// The table for the next character.
    table: usize,
    /// How far it has read.
    at: usize,
    /// How many bytes it has written: never more than it has read.
    end: usize,
}

impl TextReader {
    /// Reads on to a place. Stops where a character is none, and says so.
    #[inline(never)]
    fn read(&mut self, text: &mut [u8], to: usize) -> bool {
        let (tables, mut table, mut at, mut end) = (&self.tables, self.table, self.at, self.end);
        let mut good = true;
        while at < to {
            let character = text.get(at).copied().unwrap_or_default();
            let place = table * 128 + usize::from(character);
            let code = if character < 128 { tables.get(place).copied().unwrap_or(NONE) } else { NONE };
            if code >= NONE {
                good = false;
                break;
            }
            at += 1;
            if code >= OPENS {
                table = usize::from(code - OPENS);
                continue;
            }
            table = 0;
            if let Some(to) = text.get_mut(end) {
                *to = code as u8;
            }
            end += 1;
        }
        (self.table, self.at, self.end) = (table, at, end);
        good
    }
}

#[cfg(test)]
mod tests {
    use super::bytes_of_text;

    /// The first 94 codes: "a" and "b" stand for 0 and 1; "c" and "d" open pairs.
    const ORDER: &str = "00010203040506070809";

    fn read(text: &[u8]) -> Result<Vec<u8>, String> {
        let mut bytes = text.to_vec();
        let length = bytes_of_text("abcd", ORDER, &mut bytes).map_err(|error| error.to_string())?;
        bytes.truncate(length);
        Ok(bytes)
    }

    #[test]
    fn characters_and_pairs_are_bytes() {
        assert_eq!(read(b"abcacbdd").unwrap(), [0, 1, 2, 3, 9]);
        assert_eq!(read(b"").unwrap(), [0; 0]);
    }

    #[test]
    fn long_texts_are_read_part_by_part() {
        for length in [1023, 1024, 1025, 2048, 5000] {
            let text = "acb".repeat(length);
            // A pair may lie on both sides of a cut.
            assert_eq!(read(text.as_bytes()).unwrap(), [0, 3].repeat(length));
            let error = read(format!("{text}x").as_bytes()).unwrap_err();
            assert!(error.contains(&format!("at byte {},", 3 * length)), "{error}");
        }
    }

    #[test]
    fn what_is_none_is_refused_with_its_place() {
        for (text, at) in [(&b"abx"[..], 2), (b"abc", 3), (b"a\xffb", 1)] {
            let error = read(text).unwrap_err();
            assert!(error.ends_with(&format!("at byte {at}, found another")), "{error}");
        }
    }
}
