//! A chunk of a streamed answer: one event.

use std::ops::Range;

use crate::{
    error::{Code, Error, Result, Warning},
    json::Bad,
    provider::{
        anthropic,
        format::Format,
        google,
        openai::{self, responses},
        text::Segments,
    },
    usage::Usage,
};

/// Which text of a stream a piece belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// A choice's content.
    Content(u64),
    /// A choice's refusal.
    Refusal(u64),
    /// What a choice's model thought aloud.
    Reasoning(u64),
    /// The arguments of a choice's tool call.
    Arguments(u64, u64),
}

impl Lane {
    /// The choice it belongs to. A block of Anthropic's, and a part of an item of a response, is a choice here: it has a text of
    /// its own, and an end.
    pub const fn choice(self) -> u64 {
        match self {
            Lane::Content(choice) | Lane::Refusal(choice) | Lane::Reasoning(choice) | Lane::Arguments(choice, _) => {
                choice
            }
        }
    }
}

/// A text of a stream, by the place of its choice.
pub(super) type LaneOf = fn(u64) -> Lane;

/// What begins with an answer and ends with it, beside its parts: a stream without its end is cut off.
pub(super) const WHOLE: u64 = u64::MAX;

/// A piece of text in a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where it goes on.
    pub lane: Lane,
    /// The text, unescaped.
    pub text: String,
    /// Where its JSON string stands in the event's data.
    pub range: Range<usize>,
}

/// What of a chunk matters.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    /// The model that answers.
    pub model: Option<String>,
    /// The service tier that serves.
    pub service_tier: Option<String>,
    /// Usage up to here; the last one counts.
    pub usage: Option<Usage>,
    /// Whether it tells of the bill in a way that adds up over several events.
    pub tells: bool,
    /// The pieces of text.
    pub pieces: Vec<Piece>,
    /// Texts that stand in it whole: those that came in pieces before, told again, or others.
    pub wholes: Segments,
    /// Names of tools that are called, or parts of them; empty for a call that goes on.
    pub names: Vec<(Lane, String)>,
    /// Log probabilities, by choice: they repeat its content.
    pub logprobs: Vec<(u64, Range<usize>)>,
    /// Choices that begin with this chunk, be it without a text.
    pub begun: Vec<u64>,
    /// Choices that end with this chunk.
    pub finished: Vec<u64>,
    /// Whether it has no choice at all: the usage chunk.
    pub without_choices: bool,
    /// Whether nothing follows it.
    pub done: bool,
    /// An error that the provider reports inside the stream.
    pub error: Option<String>,
}

impl Chunk {
    /// Reads an event's data; [`Code::InvalidResponse`] for what is no chunk.
    pub fn parse(format: Format, data: &str, warnings: &mut Vec<Warning>) -> Result<Self> {
        let read = match format {
            Format::Messages => anthropic::chunk(data),
            Format::Gemini => google::chunk(data),
            Format::Responses | Format::Speech | Format::Transcription => responses::chunk(data),
            Format::Chat | Format::Completions | Format::Embeddings | Format::Images | Format::Moderations => {
                openai::chunk::read(data, warnings)
            }
        };
        read.map_err(|bad: Bad| {
            let (line, column) = bad.place(data);
            Error::new(
                Code::InvalidResponse,
                format!(
                    "cannot read stream: expected {} chunk as JSON, found {} bytes with an error at line {line} column {column}",
                    format.answer(),
                    data.len(),
                ),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pieces_with_their_places() {
        let data = r#"{"model":"m","choices":[{"index":1,"delta":{"content":"h\u00e9","tool_calls":[{"index":2,"function":{"arguments":"{\"a"}}]},"finish_reason":null}],"usage":null}"#;
        let chunk = Chunk::parse(Format::Chat, data, &mut Vec::new()).unwrap();
        let pieces: Vec<_> =
            chunk.pieces.iter().map(|piece| (piece.lane, piece.text.as_str(), &data[piece.range.clone()])).collect();
        assert_eq!(pieces, [(Lane::Content(1), "hé", r#""h\u00e9""#), (Lane::Arguments(1, 2), "{\"a", r#""{\"a""#)]);
        assert!(chunk.finished.is_empty() && !chunk.without_choices && chunk.usage.is_none());
    }

    #[test]
    fn an_empty_reason_finishes_nothing() {
        let chunk = Chunk::parse(
            Format::Chat,
            r#"{"choices":[{"delta":{"content":"a"},"finish_reason":""}]}"#,
            &mut Vec::new(),
        )
        .unwrap();
        assert!(chunk.finished.is_empty());
    }

    #[test]
    fn the_usage_chunk_and_errors() {
        let usage = Chunk::parse(
            Format::Chat,
            r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
            &mut Vec::new(),
        );
        let usage = usage.unwrap();
        assert!(usage.without_choices && usage.usage == Some(Usage::tokens(1, 2)));
        let error = Chunk::parse(Format::Chat, r#"{"error":{"message":"overloaded"}}"#, &mut Vec::new()).unwrap();
        assert_eq!(error.error.as_deref(), Some(r#"{"message":"overloaded"}"#));
        assert_eq!(
            Chunk::parse(Format::Chat, "{oops", &mut Vec::new()).unwrap_err().message(),
            "cannot read stream: expected a chat completion chunk as JSON, found 5 bytes with an error at line 1 column 2"
        );
    }
}
