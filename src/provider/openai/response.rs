//! A chat completion: its usage, and its texts.

use crate::{
    error::{Code, Error, Result, Warning},
    json::{Bad, Raw},
    provider::{
        openai::{
            text::{Role, Segments},
            usage::read_usage,
        },
        wire::Wire,
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

/// A message, or the part of one that a chunk carries.
pub(super) struct Message<'a>(pub(super) Wire<'a>);

/// A call of a tool.
pub(super) struct ToolCall<'a> {
    pub(super) index: u64,
    pub(super) name: Option<Raw<'a>>,
    pub(super) arguments: Option<Raw<'a>>,
    /// Of a custom tool: any text.
    pub(super) input: Option<Raw<'a>>,
}

impl<'a> Message<'a> {
    /// What is said: content, whole or in parts, and what an audio says.
    pub(super) fn said(&self) -> Result<Vec<Raw<'a>>, Bad> {
        let mut said = Vec::new();
        if let Some(content) = self.0.any("content") {
            match content.items() {
                None => said.push(content),
                Some(parts) => parts.into_iter().for_each(|part| {
                    let texts = [part.member("text"), part.member("refusal")];
                    let is_object = part.members().is_some();
                    said.extend(if is_object { texts } else { [Some(part), None] }.into_iter().flatten());
                }),
            }
        }
        said.extend(self.0.within("audio", "transcript")?);
        Ok(said)
    }

    pub(super) fn refusal(&self) -> Option<Raw<'a>> {
        self.0.any("refusal")
    }

    /// What a model thought aloud, as compatible servers name it.
    pub(super) fn thoughts(&self) -> impl Iterator<Item = Raw<'a>> {
        [self.0.any("reasoning_content"), self.0.any("reasoning")].into_iter().flatten()
    }

    pub(super) fn tool_calls(&self) -> Result<Vec<ToolCall<'a>>, Bad> {
        let read = |call: &Wire<'a>| {
            Ok(ToolCall {
                index: call.whole("index")?.unwrap_or(0),
                name: call.within("function", "name")?.or(call.within("custom", "name")?),
                arguments: call.within("function", "arguments")?,
                input: call.within("custom", "input")?,
            })
        };
        self.0.objects("tool_calls")?.iter().map(read).collect()
    }

    /// The one call of the old form: its name and its arguments.
    pub(super) fn function_call(&self) -> Result<[Option<Raw<'a>>; 2], Bad> {
        Ok([self.0.within("function_call", "name")?, self.0.within("function_call", "arguments")?])
    }
}

impl ChatResponse {
    /// Reads a body; [`Code::InvalidResponse`] for what is no chat completion.
    pub fn parse(body: &str, warnings: &mut Vec<Warning>) -> Result<Self> {
        Self::read(body, warnings).map_err(|bad| {
            let (line, column) = bad.place(body);
            Error::new(
                Code::InvalidResponse,
                format!(
                    "cannot read answer: expected a chat completion as JSON, found {} bytes with an error at line {line} column {column}",
                    body.len(),
                ),
            )
        })
    }

    fn read(body: &str, warnings: &mut Vec<Warning>) -> Result<Self, Bad> {
        let wire = Wire::parse(body)?;
        let mut segments = Segments::default();
        if wire.any("choices").is_none() {
            return Err(Bad(body.len()));
        }
        for choice in wire.objects("choices")? {
            let first = segments.list().len();
            let Some(message) = choice.object("message")?.map(Message) else { continue };
            for text in message.said()? {
                segments.add(body, text, Role::Assistant);
            }
            for text in message.refusal().into_iter().chain(message.thoughts()) {
                segments.add_aside(body, text, Role::Assistant);
            }
            for call in message.tool_calls()? {
                segments.add_call(call.name, call.arguments.or(call.input));
                if let Some(arguments) = call.arguments {
                    segments.add_arguments(body, arguments, Role::Assistant);
                }
                if let Some(input) = call.input {
                    segments.add(body, input, Role::Assistant);
                }
            }
            let [name, arguments] = message.function_call()?;
            if name.or(arguments).is_some() {
                segments.add_call(name, arguments);
            }
            if let Some(arguments) = arguments {
                segments.add_arguments(body, arguments, Role::Assistant);
            }
            // Log probabilities repeat the content, token by token.
            if let Some(logprobs) = choice.any("logprobs") {
                segments.drop_with(first, body, logprobs);
            }
        }
        Ok(Self {
            model: wire.text("model")?,
            service_tier: wire.lenient_text("service_tier"),
            usage: wire.any("usage").and_then(|usage| read_usage(usage, warnings)),
            segments,
        })
    }
}
