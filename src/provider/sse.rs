//! Server-sent events, read as they come.
//!
//! The rules are those of the WHATWG standard ("Server-sent events", 9.2.6): lines end with LF, CR or CRLF, an event ends
//! with an empty line, `data` lines are joined by LF, a line that starts with a colon is a comment, one byte order mark at
//! the start is skipped. An event's bytes are kept as they came, so that what nobody changes can be passed on unchanged.

use crate::error::{Code, Error, Result};

/// The most bytes one event may have. A stream without line ends must not fill the memory.
const MAX_EVENT: usize = 16 * 1024 * 1024;

/// One block of a stream: the bytes up to and including an empty line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// The bytes as they came.
    pub raw: Vec<u8>,
    /// The joined `data` lines; `None` for a block without one (a comment, a keep-alive).
    pub data: Option<String>,
}

/// Cuts a stream of bytes into events, whatever pieces it comes in.
#[derive(Debug, Default)]
pub struct Parser {
    /// Bytes of the event under way.
    raw: Vec<u8>,
    /// Where in `raw` the line under way starts.
    line: usize,
    data: Option<Vec<u8>>,
    /// The last byte was a CR: an LF now belongs to the same line end.
    after_cr: bool,
    /// An event has ended with a CR whose LF may still come.
    ended: bool,
    started: bool,
}

impl Parser {
    /// A parser at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes, gives the events they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while let Some((first, behind)) = rest.split_first() {
            if std::mem::take(&mut self.after_cr) {
                if *first == b'\n' {
                    // The second half of a CRLF: it belongs to the line that the CR has ended.
                    self.raw.push(b'\n');
                    self.line = self.raw.len();
                    rest = behind;
                }
                if self.ended {
                    self.complete(&mut events);
                }
                continue;
            }
            // A line at once: byte by byte took a quarter of the time of a stream.
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (line, behind) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
            rest = behind;
            self.raw.extend_from_slice(line);
            if self.raw.len() > MAX_EVENT {
                return Err(Error::new(
                    Code::InvalidResponse,
                    format!("cannot read stream: expected events of at most {MAX_EVENT} bytes, found a longer one"),
                ));
            }
            if end.is_some() {
                let ended = self.end_line(self.raw.len() - 1);
                if line.ends_with(b"\r") {
                    (self.after_cr, self.ended) = (true, ended);
                } else if ended {
                    self.complete(&mut events);
                }
            }
        }
        // A CR ends its line at once for the reader of the data; only the raw bytes wait for the LF. Waiting costs
        // nothing in practice: no provider ends lines with a bare CR.
        Ok(events)
    }

    /// The stream has ended. Gives what came after its last empty line: an event whose end was left out, which SDKs read all
    /// the same, or what was cut off of one. Who reads its data can tell.
    pub fn end(&mut self) -> Option<Event> {
        if !self.ended && self.line < self.raw.len() {
            self.end_line(self.raw.len());
        }
        if self.raw.is_empty() {
            return None;
        }
        let mut events = Vec::new();
        self.complete(&mut events);
        events.pop()
    }

    /// Reads the line that ends there in `raw`; says whether it was empty, and so ended the event.
    fn end_line(&mut self, end: usize) -> bool {
        let line = self.raw.get(self.line..end).unwrap_or_default();
        let line = if self.started { line } else { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) };
        self.started = true;
        let empty = line.is_empty();
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => {
                let (field, rest) = line.split_at(colon);
                let value = rest.get(1..).unwrap_or_default();
                (field, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        if field == b"data" {
            match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            }
        }
        self.line = self.raw.len();
        empty
    }

    fn complete(&mut self, events: &mut Vec<Event>) {
        let lossy = |bad: std::string::FromUtf8Error| String::from_utf8_lossy(bad.as_bytes()).into_owned();
        let data = self.data.take().map(|data| String::from_utf8(data).unwrap_or_else(lossy));
        events.push(Event { raw: std::mem::take(&mut self.raw), data });
        self.line = 0;
        self.ended = false;
    }
}

impl Event {
    /// The event with other data: its `data` lines replaced by one line for each line of `data`, the rest as it came.
    #[must_use]
    pub fn with_data(&self, data: &str) -> Vec<u8> {
        let mut lines = Vec::with_capacity(self.raw.len());
        let mut written = false;
        // A stream that ends its lines with a bare CR has no LF at all.
        let end = if self.raw.contains(&b'\n') { b'\n' } else { b'\r' };
        for line in self.raw.split_inclusive(|byte| *byte == end) {
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            if !content.starts_with(b"data") {
                lines.extend_from_slice(line);
            } else if !written {
                written = true;
                for part in data.split('\n') {
                    lines.extend_from_slice(b"data: ");
                    lines.extend_from_slice(part.as_bytes());
                    lines.extend_from_slice(line.get(content.len()..).unwrap_or(b"\n"));
                }
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> Vec<Event> {
        let mut parser = Parser::new();
        let mut events: Vec<Event> = pieces.iter().flat_map(|piece| parser.push(piece).unwrap()).collect();
        events.extend(parser.end());
        events
    }

    fn data(stream: &str) -> Vec<Option<String>> {
        read(&[stream.as_bytes()]).into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn reads_every_line_end() {
        let some = |text: &str| Some(text.to_owned());
        for (stream, expected) in [
            ("data: a\n\ndata: b\n\n", vec![some("a"), some("b")]),
            ("data: a\r\n\r\ndata: b\r\n\r\n", vec![some("a"), some("b")]),
            ("data: a\r\rdata: b\r\r", vec![some("a"), some("b")]),
            ("data:a\ndata: b\n\n", vec![some("a\nb")]),
            (": keep-alive\n\ndata: a\n\n", vec![None, some("a")]),
            ("\u{feff}data: a\n\n", vec![some("a")]),
            ("event: x\nid: 1\ndata: a\n\n", vec![some("a")]),
            ("data\n\n", vec![some("")]),
            ("data: left open", vec![some("left open")]),
            ("data: left open\n", vec![some("left open")]),
            ("data: a\n\n: cut", vec![some("a"), None]),
            ("database: no\n\n", vec![None]),
            ("", vec![]),
        ] {
            assert_eq!(data(stream), expected, "{stream:?}");
        }
    }

    #[test]
    fn other_data_leaves_the_rest() {
        let event = &read(&[b": note\r\nevent: x\r\ndata: a\r\ndata: b\r\n\r\n"])[0];
        assert_eq!(event.with_data("c"), b": note\r\nevent: x\r\ndata: c\r\n\r\n");
        assert_eq!(read(&[b"event: x\rdata: a\r\r"])[0].with_data("c"), b"event: x\rdata: c\r\r");
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_events_and_every_byte(
            stream in "(data: ?[a-zé🙂]{0,4}(\n|\r\n|\r)|: k\n|\n|\r\n|\r|id: 3\n){0,12}", cuts in prop::collection::vec(0_usize..60, 0..6),
        ) {
            let bytes = stream.as_bytes();
            let whole = read(&[bytes]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&bytes[from..cut]);
                from = cut;
            }
            pieces.push(&bytes[from..]);
            let cut = read(&pieces);
            prop_assert_eq!(&whole, &cut);
            prop_assert_eq!(cut.iter().flat_map(|event| event.raw.clone()).collect::<Vec<u8>>(), bytes);
        }
    }
}
