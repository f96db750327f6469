//! Objects read while their text is checked, in one pass and without a list of their members: a body is read once a call, and
//! of all its members a handful counts.

use std::borrow::Cow;

use super::raw::{Bad, Raw};
use super::scan::Scan;

/// Goes through a text from the beginning of an object to its end. What is read is JSON up to there; whether all of it is shows
/// at [`Reader::end`].
pub struct Reader<'a> {
    text: &'a str,
    scan: Scan<'a>,
    /// Whether it stands behind an opening brace.
    is_first: bool,
}

impl<'a> Reader<'a> {
    /// Stands before the first value of a text.
    pub fn new(text: &'a str) -> Self {
        Self { text, scan: Scan::new(text), is_first: false }
    }

    /// Steps into the object that begins here; says whether one does.
    pub fn enters(&mut self) -> bool {
        self.scan.space();
        let is_object = self.scan.peek() == b'{';
        if is_object {
            self.scan.step();
            self.is_first = true;
        }
        is_object
    }

    /// The name of the next member, whose value comes next; `None` at the end of the object, which it steps out of.
    pub fn key(&mut self) -> Result<Option<Cow<'a, str>>, Bad> {
        self.scan.space();
        let is_first = std::mem::replace(&mut self.is_first, false);
        match self.scan.peek() {
            b'}' => {
                self.scan.step();
                return Ok(None);
            }
            b',' if !is_first => {
                self.scan.step();
                self.scan.space();
            }
            _ if is_first => {}
            _ => return Err(Bad(self.scan.at())),
        }
        let start = self.scan.at();
        self.scan.string()?;
        let key = Raw::part(self.text, start, self.scan.at());
        self.scan.space();
        self.scan.expect(b':')?;
        Ok(Some(key.text().unwrap_or_default()))
    }

    /// The next value.
    pub fn value(&mut self) -> Result<Raw<'a>, Bad> {
        self.scan.space();
        let start = self.scan.at();
        self.scan.value()?;
        Ok(Raw::part(self.text, start, self.scan.at()))
    }

    /// The end of the text.
    pub fn end(mut self) -> Result<(), Bad> {
        self.scan.space();
        if self.scan.at() < self.text.len() { Err(Bad(self.scan.at())) } else { Ok(()) }
    }
}
