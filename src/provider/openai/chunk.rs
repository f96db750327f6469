//! A chunk of a streamed chat completion.

use std::ops::Range;

use crate::{
    error::{Code, Error, Result, Warning},
    json::{Bad, Raw},
    provider::{
        edit::range_of,
        openai::{response::Message, usage::read_usage},
        wire::Wire,
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
    /// The choice it belongs to.
    pub const fn choice(self) -> u64 {
        match self {
            Lane::Content(choice) | Lane::Refusal(choice) | Lane::Reasoning(choice) | Lane::Arguments(choice, _) => {
                choice
            }
        }
    }
}

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
    /// The pieces of text.
    pub pieces: Vec<Piece>,
    /// Names of tools that are called, or parts of them; empty for a call that goes on.
    pub names: Vec<(Lane, String)>,
    /// Log probabilities, by choice: they repeat its content.
    pub logprobs: Vec<(u64, Range<usize>)>,
    /// Choices that end with this chunk.
    pub finished: Vec<u64>,
    /// Whether it has no choice at all: the usage chunk.
    pub without_choices: bool,
    /// An error that the provider reports inside the stream.
    pub error: Option<String>,
}

impl Chunk {
    /// Reads an event's data; [`Code::InvalidResponse`] for what is no chunk.
    pub fn parse(data: &str, warnings: &mut Vec<Warning>) -> Result<Self> {
        Self::read(data, warnings).map_err(|bad| {
            let (line, column) = bad.place(data);
            Error::new(
                Code::InvalidResponse,
                format!(
                    "cannot read stream: expected a chat completion chunk as JSON, found {} bytes with an error at line {line} column {column}",
                    data.len(),
                ),
            )
        })
    }

    fn read(data: &str, warnings: &mut Vec<Warning>) -> Result<Self, Bad> {
        let wire = Wire::parse(data)?;
        let choices = wire.objects("choices")?;
        let mut chunk = Self {
            model: wire.text("model")?,
            service_tier: wire.lenient_text("service_tier"),
            usage: wire.any("usage").and_then(|usage| read_usage(usage, warnings)),
            without_choices: choices.is_empty(),
            error: wire.any("error").map(|error| error.get().to_owned()),
            ..Self::default()
        };
        for choice in choices {
            let index = choice.whole("index")?.unwrap_or(0);
            for delta in [choice.object("delta")?, choice.object("message")?].into_iter().flatten().map(Message) {
                let mut add = |lane, value: Option<Raw<'_>>| {
                    if let Some(value) = value
                        && let Some(text) = value.to_text()
                        && !text.is_empty()
                    {
                        chunk.pieces.push(Piece { lane, text, range: range_of(data, value) });
                    }
                };
                delta.said()?.into_iter().for_each(|text| add(Lane::Content(index), Some(text)));
                add(Lane::Refusal(index), delta.refusal());
                delta.thoughts().for_each(|text| add(Lane::Reasoning(index), Some(text)));
                let calls = delta.tool_calls()?;
                // The one call of the old form: a place no tool call has.
                let [name, arguments] = delta.function_call()?;
                let old = name.or(arguments).map(|_| (u64::MAX, name, arguments));
                let calls = calls.into_iter().map(|call| (call.index, call.name, call.arguments.or(call.input)));
                for (place, name, arguments) in calls.chain(old) {
                    let lane = Lane::Arguments(index, place);
                    // Also one without: it is a call all the same.
                    chunk.names.push((lane, name.and_then(Raw::to_text).unwrap_or_default()));
                    add(lane, arguments);
                }
            }
            if let Some(logprobs) = choice.any("logprobs") {
                chunk.logprobs.push((index, range_of(data, logprobs)));
            }
            // Some compatible servers send an empty reason with every chunk.
            if choice.text("finish_reason")?.is_some_and(|reason| !reason.is_empty()) {
                chunk.finished.push(index);
            }
        }
        Ok(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pieces_with_their_places() {
        let data = r#"{"model":"m","choices":[{"index":1,"delta":{"content":"h\u00e9","tool_calls":[{"index":2,"function":{"arguments":"{\"a"}}]},"finish_reason":null}],"usage":null}"#;
        let chunk = Chunk::parse(data, &mut Vec::new()).unwrap();
        let pieces: Vec<_> =
            chunk.pieces.iter().map(|piece| (piece.lane, piece.text.as_str(), &data[piece.range.clone()])).collect();
        assert_eq!(pieces, [(Lane::Content(1), "hé", r#""h\u00e9""#), (Lane::Arguments(1, 2), "{\"a", r#""{\"a""#)]);
        assert!(chunk.finished.is_empty() && !chunk.without_choices && chunk.usage.is_none());
    }

    #[test]
    fn an_empty_reason_finishes_nothing() {
        let chunk =
            Chunk::parse(r#"{"choices":[{"delta":{"content":"a"},"finish_reason":""}]}"#, &mut Vec::new()).unwrap();
        assert!(chunk.finished.is_empty());
    }

    #[test]
    fn the_usage_chunk_and_errors() {
        let usage =
            Chunk::parse(r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#, &mut Vec::new());
        let usage = usage.unwrap();
        assert!(usage.without_choices && usage.usage == Some(Usage::tokens(1, 2)));
        let error = Chunk::parse(r#"{"error":{"message":"overloaded"}}"#, &mut Vec::new()).unwrap();
        assert_eq!(error.error.as_deref(), Some(r#"{"message":"overloaded"}"#));
        assert_eq!(
            Chunk::parse("{oops", &mut Vec::new()).unwrap_err().message(),
            "cannot read stream: expected a chat completion chunk as JSON, found 5 bytes with an error at line 1 column 2"
        );
    }
}
