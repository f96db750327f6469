//! Chunks that are all alike but for their text.
//!
//! Nearly every event of a stream is the one before it with another piece of text. Once one of them has been read as JSON, the
//! next is known without that: the same bytes around a string and, with some providers, around noise and a number that rises. What
//! differs anywhere else is read as JSON again, so that a template never changes what is found, only how fast.

use std::ops::Range;

use crate::{
    json::Raw,
    provider::{
        chunk::{Chunk, Lane, Piece},
        edit::range_of,
        wire::Wire,
    },
};

/// After so many that were unlike the one before nothing is learnt any more: not of streams whose chunks all differ.
const PATIENCE: u32 = 16;

/// What stands where two chunks differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hole {
    /// The piece of text.
    Text,
    /// A string that means nothing: OpenAI pads its events with one.
    Noise,
    /// A count of events.
    Number,
}

/// The members of a chunk that differ from the next one's and mean nothing here.
const NOISE: [(&str, Hole); 2] = [("obfuscation", Hole::Noise), ("sequence_number", Hole::Number)];

/// What the last chunk was like.
#[derive(Debug, Default)]
pub struct Template {
    known: Option<Known>,
    misses: u32,
}

#[derive(Debug)]
struct Known {
    lane: Lane,
    /// What stands before each hole, in their order.
    holes: Vec<(String, Hole)>,
    end: String,
}

impl Template {
    /// Reads an event's data that is like the last one.
    pub fn read(&mut self, data: &str) -> Option<Chunk> {
        let piece = self.known.as_ref()?.read(data)?;
        self.misses = 0;
        Some(Chunk { pieces: vec![piece], ..Chunk::default() })
    }

    /// Learns from a chunk that was read as JSON.
    pub fn learn(&mut self, data: &str, chunk: &Chunk) {
        if self.misses < PATIENCE {
            self.misses += 1;
            self.known = Known::of(data, chunk);
        }
    }
}

impl Known {
    /// Only a chunk that is nothing but one piece of text is like the next.
    fn of(data: &str, chunk: &Chunk) -> Option<Self> {
        let Chunk {
            usage: None,
            tells: false,
            pieces,
            wholes,
            names,
            logprobs,
            begun,
            finished,
            without_choices: false,
            done: false,
            error: None,
            ..
        } = chunk
        else {
            return None;
        };
        let [piece] = pieces.as_slice() else { return None };
        let others =
            [names.len(), logprobs.len(), begun.len(), finished.len(), wholes.list().len(), wholes.calls().len()];
        if others.iter().any(|count| *count > 0) {
            return None;
        }
        let wire = Wire::parse(data).ok()?;
        let mut places: Vec<(Range<usize>, Hole)> = vec![(piece.range.clone(), Hole::Text)];
        for (name, hole) in NOISE {
            if let Some(value) = wire.any(name) {
                places.push((range_of(data, value), hole));
            }
        }
        // Three at most.
        places.sort_unstable_by_key(|(range, _)| range.start);
        let mut at = 0;
        let mut holes = Vec::with_capacity(places.len());
        for (range, hole) in places {
            holes.push((data.get(at..range.start)?.to_owned(), hole));
            at = range.end;
        }
        Some(Self { lane: piece.lane, holes, end: data.get(at..)?.to_owned() })
    }

    fn read(&self, data: &str) -> Option<Piece> {
        let mut rest = data;
        let mut found = None;
        for (before, hole) in &self.holes {
            rest = rest.strip_prefix(before.as_str())?;
            let start = data.len() - rest.len();
            let (length, is_plain) = match hole {
                Hole::Number => (number(rest)?, true),
                Hole::Text | Hole::Noise => string(rest)?,
            };
            let value = rest.get(..length)?;
            rest = rest.get(length..)?;
            match hole {
                Hole::Text => {
                    let inner = value.get(1..length - 1).filter(|_| is_plain);
                    let text = match inner {
                        Some(text) => text.to_owned(),
                        None => Raw::parse(value).ok()?.to_text()?,
                    };
                    // An empty one is no piece.
                    found = Some((text, start..start + length)).filter(|(text, _)| !text.is_empty());
                }
                Hole::Noise if !is_plain => return None,
                _ => {}
            }
        }
        let (text, range) = found.filter(|_| rest == self.end)?;
        Some(Piece { lane: self.lane, text, range })
    }
}

/// The length of the JSON string that a text begins with, and whether it has no escapes.
fn string(text: &str) -> Option<(usize, bool)> {
    let inner = text.strip_prefix('"')?.as_bytes();
    let mut is_plain = true;
    let mut at = 0;
    loop {
        at += inner.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' '))?;
        match inner.get(at)? {
            b'"' => return Some((at + 2, is_plain)),
            b'\\' => {
                is_plain = false;
                at += 2;
            }
            _ => return None,
        }
    }
}

/// The length of the whole number that a text begins with.
fn number(text: &str) -> Option<usize> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    (length > 0 && (length == 1 || !text.starts_with('0'))).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::format::Format;
    use proptest::prelude::*;

    const CHAT: &str = r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"a"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"xY"}"#;

    fn learnt(data: &str, format: Format) -> Template {
        let mut template = Template::default();
        template.learn(data, &Chunk::parse(format, data, &mut Vec::new()).unwrap());
        template
    }

    fn pieces(data: &str, format: Format) -> Vec<Piece> {
        Chunk::parse(format, data, &mut Vec::new()).map(|chunk| chunk.pieces).unwrap_or_default()
    }

    #[test]
    fn what_is_like_the_last_is_read_the_same() {
        for (format, first, next) in [
            (Format::Chat, CHAT, CHAT.replace("\"a\"", "\"h\\u00e9 \\\"b\\\"\"").replace("xY", "")),
            (
                Format::Responses,
                r#"{"type":"response.output_text.delta","sequence_number":9,"item_id":"i","output_index":1,"content_index":0,"delta":"a","logprobs":[],"obfuscation":"q"}"#,
                r#"{"type":"response.output_text.delta","sequence_number":10,"item_id":"i","output_index":1,"content_index":0,"delta":"b c","logprobs":[],"obfuscation":"qqq"}"#.to_owned(),
            ),
            (
                Format::Messages,
                r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"a"}}"#,
                r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"🙂\n"}}"#.to_owned(),
            ),
        ] {
            let found = learnt(first, format).read(&next);
            assert_eq!(found.unwrap().pieces, pieces(&next, format), "{next}");
        }
    }

    #[test]
    fn what_differs_elsewhere_is_not() {
        let mut template = learnt(CHAT, Format::Chat);
        for other in [
            CHAT.replace("null}]", "\"stop\"}]"),
            CHAT.replace("\"index\":0", "\"index\":1"),
            CHAT.replace("\"content\":\"a\"", "\"content\":\"\""),
            CHAT.replace("\"content\":\"a\"", "\"content\":\"a\u{1}\""),
            CHAT.replace("\"content\":\"a\"", "\"content\":\"a\\x\""),
            CHAT.replace("\"xY\"", "\"\\\"\""),
            CHAT.replace("\"xY\"", "7"),
            format!("{CHAT} "),
            CHAT.replace("\"a\"", "\"a\",\"role\":\"assistant\""),
        ] {
            assert!(template.read(&other).is_none(), "{other}");
        }
        assert!(template.read(CHAT).is_some());
        for first in [
            CHAT.replace("null}]", "\"stop\"}]"),
            CHAT.replace("\"usage\":null", "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}"),
        ] {
            assert!(learnt(&first, Format::Chat).read(&first).is_none(), "{first}");
        }
    }

    #[test]
    fn it_stops_learning_where_nothing_is_alike() {
        let mut template = Template::default();
        for _ in 0..=PATIENCE {
            let chunk = Chunk::parse(Format::Chat, CHAT, &mut Vec::new()).unwrap();
            template.known = None;
            template.learn(CHAT, &chunk);
        }
        assert!(template.read(CHAT).is_none());
    }

    proptest! {
        #[test]
        fn a_template_finds_what_json_does(
            text in "[ -~é🙂\u{0}-\u{1f}]{0,12}", noise in "[ -~]{0,6}", mangled in 0_usize..200, byte in "[\\x20-\\x7e]",
        ) {
            let mut next = CHAT.replace("\"a\"", &crate::json::quote(&text)).replace("\"xY\"", &format!("\"{noise}\""));
            if mangled < next.len() && next.is_char_boundary(mangled) && next.is_char_boundary(mangled + 1) {
                next.replace_range(mangled..=mangled, &byte);
            }
            if let Some(found) = learnt(CHAT, Format::Chat).read(&next) {
                let chunk = Chunk::parse(Format::Chat, &next, &mut Vec::new());
                let chunk = chunk.unwrap();
                prop_assert_eq!(&found.pieces, &chunk.pieces);
                prop_assert!(chunk.finished.is_empty() && chunk.usage.is_none() && chunk.logprobs.is_empty());
            }
        }
    }
}
