//! Byte offsets to the offsets that JavaScript's strings have.

use super::finding::Finding;

/// Rewrites the offsets of findings over `text`, sorted by position, from bytes to UTF-16 code units.
pub fn to_utf16(text: &str, findings: &mut [Finding]) {
    if text.is_ascii() {
        return;
    }
    let mut at = Cursor::new(text);
    for finding in findings {
        finding.start = at.units(finding.start);
        finding.end = at.units(finding.end);
    }
}

/// A position known in both.
struct Cursor<'a> {
    text: &'a str,
    bytes: usize,
    units: usize,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, bytes: 0, units: 0 }
    }

    /// The units before a byte offset. Offsets are asked for in order; an earlier one starts over.
    fn units(&mut self, bytes: usize) -> usize {
        if bytes < self.bytes {
            (self.bytes, self.units) = (0, 0);
        }
        self.units += self.text.get(self.bytes..bytes).unwrap_or_default().chars().map(char::len_utf16).sum::<usize>();
        self.bytes = bytes;
        self.units
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{action::Stage, config::Config, scanner::Scanner},
        *,
    };

    #[test]
    fn offsets_count_as_javascript_does() {
        let text = "é😀 ann@example.com 日本 bob@example.com";
        let mut findings = Scanner::new(vec![Config::pii()]).unwrap().scan(text, Stage::Input).findings;
        to_utf16(text, &mut findings);
        let units: Vec<u16> = text.encode_utf16().collect();
        let found: Vec<_> = findings.iter().map(|f| String::from_utf16(&units[f.start..f.end]).unwrap()).collect();
        assert_eq!(found, ["ann@example.com", "bob@example.com"]);
    }
}
