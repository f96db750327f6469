//! A segment's text: JSON Lines under a first line that says what they are.

use std::ops::Range;

use super::record::{Record, SCHEMA, newer, schema_number};
use crate::{
    error::{Code, Error},
    object::Object,
};

/// The first line.
pub const HEADER: &str = r#"{"tollgate":"records","schema":1}"#;

/// One line of a segment.
#[derive(Clone, Debug)]
pub struct Line {
    range: Range<usize>,
    /// The record; `None` for a line that can't be read.
    pub record: Option<Box<Record>>,
}

/// A segment as read.
#[derive(Clone, Debug)]
pub struct Segment {
    text: String,
    /// The first line: a later release may have written more into it.
    header: Range<usize>,
    lines: Vec<Line>,
    damaged: usize,
    newer: Option<f64>,
}

/// The schema that a header or `meta` entry of that kind names; `None` when it is no such entry. Any number above ours is
/// a later release's, in whatever way it is written; one below is nobody's.
pub(super) fn schema_of(kind: &str, text: &str) -> Option<f64> {
    let mut header = Object::parse(text, "header").ok()?;
    header.take("tollgate")?.text().filter(|named| named == kind)?;
    header.take("schema").and_then(schema_number).filter(|schema| *schema >= SCHEMA)
}

impl Segment {
    /// Reads a segment. It never fails: what can't be read is counted, and kept by [`Segment::without`].
    pub fn decode(text: String) -> Self {
        Self { text, header: 0..0, lines: Vec::new(), damaged: 0, newer: None }.read(0)
    }

    /// The segment as it is now, of which `known` was read before: what was only appended to is not read again.
    pub fn reread(known: Self, text: String) -> Self {
        let start = known.text.len();
        let grown = text.starts_with(&known.text) && known.text.ends_with('\n') && !known.header.is_empty();
        if grown && known.newer.is_none() { Self { text, ..known }.read(start) } else { Self::decode(text) }
    }

    /// Reads from a line on.
    fn read(mut self, mut start: usize) -> Self {
        let segment = &mut self;
        let mut headed = start > 0;
        // Split at line feeds only: another line break is part of what was damaged.
        for piece in segment.text.get(start..).unwrap_or_default().split_inclusive('\n') {
            let line = piece.trim_end_matches(['\n', '\r']);
            let range = start..start + line.len();
            start += piece.len();
            if line.is_empty() {
                continue;
            }
            if !headed {
                headed = true;
                segment.header = range.clone();
                match schema_of("records", line) {
                    Some(schema) if schema > SCHEMA => {
                        segment.newer = Some(schema);
                        return self;
                    }
                    Some(_) => continue,
                    // Without its first line nobody knows what the rest is.
                    None => {
                        segment.damaged = 1;
                        return self;
                    }
                }
            }
            let record = match Record::parse(line) {
                Ok(record) => Some(Box::new(record)),
                Err(error) => {
                    if error.code() == Code::StorageVersionNewer {
                        segment.newer = error.context().get("schema").and_then(|schema| schema.raw().number());
                    } else {
                        segment.damaged += 1;
                    }
                    None
                }
            };
            segment.lines.push(Line { range, record });
        }
        // An empty value is a write that did not come through.
        segment.damaged += usize::from(!headed);
        self
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its lines, in order, without the first one.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Its records, in order, with their place.
    pub fn records(&self) -> impl Iterator<Item = (usize, &Record)> {
        self.lines.iter().enumerate().filter_map(|(at, line)| Some((at, line.record.as_deref()?)))
    }

    /// The record of a line.
    pub fn record(&self, line: usize) -> Option<&Record> {
        self.lines.get(line)?.record.as_deref()
    }

    /// How many of its lines can't be read; one for a text that is no segment.
    pub fn damaged(&self) -> usize {
        self.damaged
    }

    /// The schema above ours that was found in it.
    pub fn newer(&self) -> Option<f64> {
        self.newer
    }

    /// The error to answer with when [`Segment::newer`] is set.
    pub fn error(&self) -> Option<Error> {
        self.newer.map(newer)
    }

    /// The text with one more record at the end; a line that was cut off stays a line of its own.
    pub fn with(&self, record: &Record) -> String {
        let gap = if self.text.ends_with('\n') { "" } else { "\n" };
        format!("{}{gap}{}\n", self.text, record.to_stored())
    }

    /// The text without the records that `drop` names by their line; unread lines stay. `None` when nothing is left.
    pub fn without(&self, drop: impl Fn(usize) -> bool) -> Option<String> {
        let kept: Vec<&str> = self
            .lines
            .iter()
            .enumerate()
            .filter(|(at, line)| line.record.is_none() || !drop(*at))
            .filter_map(|(_, line)| self.text.get(line.range.clone()))
            .collect();
        let header = self.text.get(self.header.clone()).unwrap_or(HEADER);
        if kept.is_empty() { None } else { Some(format!("{header}\n{}\n", kept.join("\n"))) }
    }
}

/// The text of a new segment.
pub fn encode<'a>(records: impl IntoIterator<Item = &'a Record>) -> String {
    let mut text = format!("{HEADER}\n");
    for record in records {
        text.push_str(&record.to_stored());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Instant;

    fn record(id: &str) -> Record {
        Record::new(id, "m", Instant::from_ms(0))
    }

    #[test]
    fn what_cannot_be_read_is_counted_and_kept() {
        let good = record("a").to_stored();
        for (text, records, damaged) in [
            (encode([&record("a"), &record("b")]), 2, 0),
            (String::new(), 0, 1),
            ("hello".to_owned(), 0, 1),
            (format!("{good}\n"), 0, 1),
            (format!("{HEADER}\n"), 0, 0),
            (format!("{HEADER}\n{good}\n{{\"id\":\"b\n"), 1, 1),
            (format!("{HEADER}\nrubbish\n\n{good}"), 1, 1),
            (format!("{HEADER}\r\n{good}\r\n"), 1, 0),
        ] {
            let segment = Segment::decode(text.clone());
            assert_eq!((segment.records().count(), segment.damaged()), (records, damaged), "{text}");
        }
        let segment = Segment::decode(format!("{HEADER}\nrubbish\n{good}\n{{\"cut"));
        assert_eq!(segment.without(|_| true).unwrap(), format!("{HEADER}\nrubbish\n{{\"cut\n"));
        let more = Segment::decode(segment.with(&record("b")));
        assert_eq!((more.records().count(), more.damaged()), (2, 2));
    }

    #[test]
    fn a_later_schema_is_told() {
        let line = |schema: &str| format!("{HEADER}\n{{\"schema\":{schema},\"whatever\":1}}\n");
        let header = |schema: &str| format!("{{\"later\":{{}},\"tollgate\":\"records\",\"schema\":{schema}}}\n");
        for (schema, found) in
            [("3", 3.0), ("2.0", 2.0), ("1.5", 1.5), ("4294967296", 4_294_967_296.0), ("1e999", f64::MAX)]
        {
            for text in [header(schema), line(schema)] {
                let segment = Segment::decode(text.clone());
                assert_eq!((segment.newer(), segment.damaged()), (Some(found), 0), "{text}");
                assert_eq!(segment.error().unwrap().code(), Code::StorageVersionNewer);
            }
        }
        for schema in ["0", "-1", "0.5", "\"1\"", "true"] {
            for text in [header(schema), line(schema)] {
                let segment = Segment::decode(text.clone());
                assert_eq!((segment.newer(), segment.damaged()), (None, 1), "{text}");
            }
        }
        let one = Segment::decode(header("1.0") + &record("a").to_stored());
        assert_eq!((one.newer(), one.damaged(), one.records().count()), (None, 0, 1));
    }

    #[test]
    fn a_rewrite_keeps_the_bytes_of_the_first_line() {
        let header = r#"{"tollgate":"records", "schema":1.0,"later":[1.50]}"#;
        let text = format!("{header}\n{}\n{}\n", record("a").to_stored(), record("b").to_stored());
        let rest = Segment::decode(text).without(|line| line == 0).unwrap();
        assert_eq!(rest, format!("{header}\n{}\n", record("b").to_stored()));
    }
}
