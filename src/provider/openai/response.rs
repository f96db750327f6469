//! A chat completion: its usage, and its texts.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    error::{Code, Error, Result, Warning},
    provider::openai::{
        text::{Role, Segments},
        usage::WireUsage,
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
    service_tier: Option<String>,
    usage: Option<WireUsage>,
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(borrow)]
    pub(super) function_call: Option<Function<'a>>,
}

#[derive(Deserialize)]
pub(super) struct ToolCall<'a> {
    #[serde(default)]
    pub(super) index: u64,
    #[serde(borrow)]
    pub(super) function: Option<Function<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
}

impl ChatResponse {
    /// Reads a body; [`Code::InvalidResponse`] for what is no chat completion.
    pub fn parse(body: &str, warnings: &mut Vec<Warning>) -> Result<Self> {
        let wire: Wire<'_> = serde_json::from_str(body).map_err(|error| {
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
        for message in wire.choices.into_iter().filter_map(|choice| choice.message) {
            for text in [message.content, message.refusal].into_iter().flatten() {
                segments.add(body, text, Role::Assistant);
            }
            let calls = message.tool_calls.into_iter().flatten().filter_map(|call| call.function);
            for arguments in calls.chain(message.function_call).filter_map(|function| function.arguments) {
                segments.add_arguments(body, arguments, Role::Assistant);
            }
        }
        Ok(Self {
            model: wire.model,
            service_tier: wire.service_tier,
            usage: wire.usage.and_then(|usage| usage.disjoint(warnings)),
            segments,
        })
    }
}
