//! A chat completion: its usage, and its texts.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    error::{Code, Error, Result, Warning},
    provider::{
        edit::object,
        openai::{
            text::{Role, Segments},
            usage::read_usage,
        },
    },
    usage::Usage,
};

/// What of an answer decides its cost and its guarding.
#[derive(Debug, Clone)]
pub struct ChatResponse {
    /// The model that answered.
    pub model: Option<String>,
    /// The service tier that served.
    pub service_tier: Option<String>,
    /// What it says was consumed.
    pub usage: Option<Usage>,
    /// The texts of all choices.
    pub segments: Segments,
}

#[derive(Deserialize)]
struct Wire<'a> {
    model: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    service_tier: Option<String>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow)]
    logprobs: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) refusal: Option<&'a RawValue>,
    /// What a model thought aloud, as compatible servers name it.
    #[serde(borrow)]
    pub(super) reasoning_content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) reasoning: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) audio: Option<Audio<'a>>,
    #[serde(borrow)]
    pub(super) tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(borrow)]
    pub(super) function_call: Option<Function<'a>>,
}

impl<'a> Message<'a> {
    /// What was thought aloud.
    pub(super) fn thoughts(&self) -> impl Iterator<Item = &'a RawValue> {
        [self.reasoning_content, self.reasoning].into_iter().flatten()
    }

    /// What is said: content, whole or in parts.
    pub(super) fn said(&self) -> Vec<&'a RawValue> {
        let transcript = self.audio.as_ref().and_then(|audio| audio.transcript);
        let content = self.content.map(parts).unwrap_or_default();
        content.into_iter().chain(transcript).collect()
    }
}

#[derive(Deserialize)]
pub(super) struct Audio<'a> {
    #[serde(borrow)]
    transcript: Option<&'a RawValue>,
}

/// The texts of a content: itself, or those of its parts.
fn parts(content: &RawValue) -> Vec<&RawValue> {
    #[derive(Deserialize)]
    struct Part<'a> {
        #[serde(borrow)]
        text: Option<&'a RawValue>,
        #[serde(borrow)]
        refusal: Option<&'a RawValue>,
    }
    if !content.get().starts_with('[') {
        return vec![content];
    }
    let parts: Vec<&RawValue> = serde_json::from_str(content.get()).unwrap_or_default();
    parts
        .into_iter()
        .flat_map(|part| match serde_json::from_str::<Part<'_>>(part.get()) {
            Ok(Part { text, refusal }) => [text, refusal],
            Err(_) => [Some(part), None],
        })
        .flatten()
        .collect()
}

#[derive(Deserialize)]
pub(super) struct ToolCall<'a> {
    #[serde(default)]
    pub(super) index: u64,
    #[serde(borrow)]
    pub(super) function: Option<Function<'a>>,
    #[serde(borrow)]
    pub(super) custom: Option<Custom<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Custom<'a> {
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
}

/// A text, or nothing for anything else: a field that only informs fails no answer.
pub(super) fn lenient_text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let value = <&RawValue>::deserialize(from)?;
    Ok(crate::provider::edit::text_of(value.get()))
}

impl ChatResponse {
    /// Reads a body; [`Code::InvalidResponse`] for what is no chat completion.
    pub fn parse(body: &str, warnings: &mut Vec<Warning>) -> Result<Self> {
        let wire: Wire<'_> = object(body).map_err(|error| {
            Error::new(
                Code::InvalidResponse,
                format!(
                    "cannot read answer: expected a chat completion as JSON, found {} bytes with an error at line {} column {}",
                    body.len(),
                    error.line(),
                    error.column()
                ),
            )
        })?;
        let mut segments = Segments::default();
        for choice in wire.choices {
            let first = segments.list().len();
            let Some(message) = choice.message else { continue };
            for text in message.said().into_iter().chain(message.refusal).chain(message.thoughts()) {
                segments.add(body, text, Role::Assistant);
            }
            for call in message.tool_calls.into_iter().flatten() {
                if let Some(arguments) = call.function.and_then(|function| function.arguments) {
                    segments.add_arguments(body, arguments, Role::Assistant);
                }
                if let Some(input) = call.custom.and_then(|custom| custom.input) {
                    segments.add(body, input, Role::Assistant);
                }
            }
            if let Some(arguments) = message.function_call.and_then(|function| function.arguments) {
                segments.add_arguments(body, arguments, Role::Assistant);
            }
            // Log probabilities repeat the content, token by token.
            if let Some(logprobs) = choice.logprobs {
                segments.drop_with(first, body, logprobs);
            }
        }
        Ok(Self {
            model: wire.model,
            service_tier: wire.service_tier,
            usage: wire.usage.and_then(|usage| read_usage(usage, warnings)),
            segments,
        })
    }
}
