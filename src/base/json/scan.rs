//! Reads bytes as JSON, keeping nothing.

use super::plain::plain;
use super::raw::{Bad, Raw};

/// The brackets that are open, a bit each, the innermost the lowest: one for an object, and one above all as the end.
struct Open {
    bits: u64,
    /// What is further out than 63.
    outer: Vec<u64>,
}

impl Default for Open {
    fn default() -> Self {
        Self { bits: 1, outer: Vec::new() }
    }
}

impl Open {
    fn push(&mut self, is_object: bool) {
        if self.bits >> 63 == 1 {
            self.outer.push(self.bits);
            self.bits = 1;
        }
        self.bits = self.bits << 1 | u64::from(is_object);
    }

    /// Whether the innermost is an object; `None` where nothing is open.
    fn last(&self) -> Option<bool> {
        (self.bits > 1).then_some(self.bits & 1 == 1)
    }

    fn pop(&mut self) {
        self.bits >>= 1;
        if self.bits == 1
            && let Some(outer) = self.outer.pop()
        {
            self.bits = outer;
        }
    }
}

/// Reads bytes as JSON, keeping nothing. It needs no stack: a text may nest as deep as it likes.
pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0 }
    }

    /// Where it stands, in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }
}

impl Scan<'_> {
    pub(super) fn peek(&self) -> u8 {
        // Zero is in no grammar outside a string, and a string has it checked.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    pub(super) fn step(&mut self) {
        self.at += 1;
    }

    /// Steps over white space, of which machines write none: what is more stands at one place.
    #[inline(always)]
    pub(super) fn space(&mut self) {
        if self.peek() <= b' ' {
            self.more_space();
        }
    }

    fn more_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.step();
        }
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Bad> {
        if self.peek() != byte {
            return Err(Bad(self.at));
        }
        self.step();
        Ok(())
    }

    /// The next item behind the scan, which stands behind a bracket, an item or a colon of a checked text.
    pub(super) fn next<'t>(&mut self, text: &'t str) -> Option<Raw<'t>> {
        self.space();
        if self.peek() == b',' {
            self.step();
            self.space();
        }
        let start = self.at;
        self.value().ok()?;
        let end = self.at;
        self.space();
        Some(Raw::part(text, start, end))
    }

    pub(super) fn value(&mut self) -> Result<(), Bad> {
        let mut open = Open::default();
        loop {
            self.space();
            match self.peek() {
                b'{' => {
                    self.step();
                    self.space();
                    if self.peek() != b'}' {
                        open.push(true);
                        self.key()?;
                        continue;
                    }
                    self.step();
                }
                b'[' => {
                    self.step();
                    self.space();
                    if self.peek() != b']' {
                        open.push(false);
                        continue;
                    }
                    self.step();
                }
                b'"' => self.string()?,
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => self.number()?,
            }
            // Behind a value: the next one, or the end of what it is in.
            loop {
                let Some(is_object) = open.last() else { return Ok(()) };
                self.space();
                if self.peek() == b',' {
                    self.step();
                    if is_object {
                        self.key()?;
                    }
                    break;
                }
                self.expect(if is_object { b'}' } else { b']' })?;
                open.pop();
            }
        }
    }

    fn key(&mut self) -> Result<(), Bad> {
        self.space();
        self.string()?;
        self.space();
        self.expect(b':')
    }

    pub(super) fn string(&mut self) -> Result<(), Bad> {
        self.expect(b'"')?;
        loop {
            self.at += plain(self.bytes.get(self.at..).unwrap_or_default());
            match self.peek() {
                b'"' => {
                    self.step();
                    return Ok(());
                }
                b'\\' => {
                    self.step();
                    match self.peek() {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.step(),
                        b'u' => {
                            for _ in 0..4 {
                                self.step();
                                if !self.peek().is_ascii_hexdigit() {
                                    return Err(Bad(self.at));
                                }
                            }
                            self.step();
                        }
                        _ => return Err(Bad(self.at)),
                    }
                }
                0..0x20 => return Err(Bad(self.at)),
                _ => self.step(),
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Bad> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(());
        }
        word.iter().try_for_each(|byte| self.expect(*byte))
    }

    fn number(&mut self) -> Result<(), Bad> {
        if self.peek() == b'-' {
            self.step();
        }
        if self.peek() == b'0' {
            self.step();
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.step();
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.step();
            if matches!(self.peek(), b'+' | b'-') {
                self.step();
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Bad> {
        if !self.peek().is_ascii_digit() {
            return Err(Bad(self.at));
        }
        while self.peek().is_ascii_digit() {
            self.step();
        }
        Ok(())
    }
}
