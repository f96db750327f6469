//! The message of a chat completion, whole or in part.

use crate::{
    json::{Bad, Raw},
    provider::{
        text::{Role, Seam, Segments},
        wire::Wire,
    },
};

/// A message, or the part of one that a chunk carries.
pub(in crate::provider) struct Message<'a>(pub(in crate::provider) Wire<'a>);

/// A call of a tool.
pub(in crate::provider) struct ToolCall<'a> {
    pub(in crate::provider) index: u64,
    pub(in crate::provider) name: Option<Raw<'a>>,
    pub(in crate::provider) arguments: Option<Raw<'a>>,
    /// Of a custom tool: any text.
    pub(in crate::provider) input: Option<Raw<'a>>,
}

impl<'a> Message<'a> {
    /// What is said: content, whole or in parts, and what an audio says.
    pub(in crate::provider) fn said(&self) -> Result<Vec<Raw<'a>>, Bad> {
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

    pub(in crate::provider) fn refusal(&self) -> Option<Raw<'a>> {
        self.0.any("refusal")
    }

    /// What a model thought aloud, as compatible servers name it.
    pub(in crate::provider) fn thoughts(&self) -> impl Iterator<Item = Raw<'a>> {
        [self.0.any("reasoning_content"), self.0.any("reasoning")].into_iter().flatten()
    }

    pub(in crate::provider) fn tool_calls(&self) -> Result<Vec<ToolCall<'a>>, Bad> {
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
    pub(in crate::provider) fn function_call(&self) -> Result<[Option<Raw<'a>>; 2], Bad> {
        Ok([self.0.within("function_call", "name")?, self.0.within("function_call", "arguments")?])
    }
}

/// Adds the texts of all choices.
pub(in crate::provider) fn read(body: &str, wire: &Wire<'_>, segments: &mut Segments) -> Result<(), Bad> {
    for choice in wire.objects("choices")? {
        let first = segments.list().len();
        let Some(message) = choice.object("message")?.map(Message) else { continue };
        for text in message.said()? {
            let before = segments.list().len();
            segments.add(body, text, Role::Assistant);
            if before > first {
                segments.join(before, Seam::Part);
            }
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
    Ok(())
}
