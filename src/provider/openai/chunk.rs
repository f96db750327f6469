//! A chunk of a streamed chat completion.

use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    error::{Code, Error, Result, Warning},
    provider::{
        edit::{object, range_of, text_of},
        openai::{
            response::{Message, lenient_text},
            usage::read_usage,
        },
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
    /// Log probabilities, by choice: they repeat its content.
    pub logprobs: Vec<(u64, Range<usize>)>,
    /// Choices that end with this chunk.
    pub finished: Vec<u64>,
    /// Whether it has no choice at all: the usage chunk.
    pub without_choices: bool,
    /// An error that the provider reports inside the stream.
    pub error: Option<String>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    model: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    service_tier: Option<String>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: u64,
    #[serde(borrow)]
    delta: Option<Message<'a>>,
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow)]
    logprobs: Option<&'a RawValue>,
    finish_reason: Option<String>,
}

impl Chunk {
    /// Reads an event's data; [`Code::InvalidResponse`] for what is no chunk.
    pub fn parse(data: &str, warnings: &mut Vec<Warning>) -> Result<Self> {
        let wire: Wire<'_> = object(data).map_err(|error| {
            Error::new(
                Code::InvalidResponse,
                format!(
                    "cannot read stream: expected a chat completion chunk as JSON, found {} bytes with an error at line {} column {}",
                    data.len(),
                    error.line(),
                    error.column()
                ),
            )
        })?;
        let mut chunk = Self {
            model: wire.model,
            service_tier: wire.service_tier,
            usage: wire.usage.and_then(|usage| read_usage(usage, warnings)),
            without_choices: wire.choices.as_ref().is_none_or(Vec::is_empty),
            error: wire.error.map(|error| error.to_string()),
            ..Self::default()
        };
        for choice in wire.choices.into_iter().flatten() {
            let index = choice.index;
            for delta in [choice.delta, choice.message].into_iter().flatten() {
                let mut add = |lane, value: Option<&RawValue>| {
                    if let Some(value) = value
                        && let Some(text) = text_of(value.get())
                        && !text.is_empty()
                    {
                        chunk.pieces.push(Piece { lane, text, range: range_of(data, value) });
                    }
                };
                delta.said().into_iter().for_each(|text| add(Lane::Content(index), Some(text)));
                add(Lane::Refusal(index), delta.refusal);
                delta.thoughts().for_each(|text| add(Lane::Reasoning(index), Some(text)));
                for call in delta.tool_calls.into_iter().flatten() {
                    let input = call.custom.and_then(|custom| custom.input);
                    let arguments = call.function.and_then(|function| function.arguments);
                    add(Lane::Arguments(index, call.index), arguments.or(input));
                }
                // The one call of the old form: a place no tool call has.
                add(Lane::Arguments(index, u64::MAX), delta.function_call.and_then(|function| function.arguments));
            }
            if let Some(logprobs) = choice.logprobs.filter(|value| value.get() != "null") {
                chunk.logprobs.push((index, range_of(data, logprobs)));
            }
            // Some compatible servers send an empty reason with every chunk.
            if choice.finish_reason.is_some_and(|reason| !reason.is_empty()) {
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
