//! The texts of a chat completion request.

use crate::{
    error::{Error, Result},
    json::{Bad, Raw},
    provider::{
        text::{Role, Seam, Segments},
        wire::Wire,
    },
};

/// Adds the texts of all messages.
pub(in crate::provider) fn read(body: &str, wire: &Wire<'_>, segments: &mut Segments) -> Result<()> {
    if let Some(prediction) = wire.any("prediction").filter(|value| value.get().starts_with('{')) {
        // What the answer is expected to say: content like a message's.
        let _ = add_message(body, prediction, segments);
    }
    let messages = wire.list("messages").unwrap_or_default();
    // Who speaks, and where the texts begin of all that in a row.
    let mut row = (None, 0);
    for (index, message) in messages.into_iter().flatten().enumerate() {
        let first = segments.list().len();
        let role = add_message(body, message, segments).map_err(|_| {
            Error::input(format!(
                "cannot read request: expected messages[{index}] to be a chat message, found another shape"
            ))
            .with("field", format!("messages[{index}]"))
        })?;
        if row.0 != Some(role) {
            row = (Some(role), first);
        }
        if first > row.1 {
            segments.join(first, Seam::Message);
        }
    }
    Ok(())
}

fn add_message(body: &str, message: Raw<'_>, segments: &mut Segments) -> Result<Role, Bad> {
    let message = Wire::of(body, message)?;
    let role = Role::parse(message.text("role")?.as_deref().unwrap_or("user"));
    for value in ["content", "refusal", "reasoning_content"].into_iter().filter_map(|key| message.any(key)) {
        if let Some(parts) = value.items() {
            let first = segments.list().len();
            let mut seam = Seam::Part;
            for part in parts {
                let before = segments.list().len();
                // A part may also be a bare string.
                if part.text().is_some() {
                    segments.add(body, part, role);
                } else {
                    let part = Wire::of(body, part)?;
                    let texts = [part.any("text"), part.any("refusal")];
                    if texts == [None, None] {
                        seam = Seam::Media;
                    }
                    for text in texts.into_iter().flatten() {
                        segments.add(body, text, role);
                    }
                }
                if segments.list().len() > before {
                    if before > first {
                        segments.join(before, seam);
                    }
                    seam = Seam::Part;
                }
            }
        } else if value.get().starts_with('{') {
            let text = Wire::of(body, value)?.any("text");
            text.into_iter().for_each(|text| segments.add(body, text, role));
        } else {
            segments.add(body, value, role);
        }
    }
    for call in message.objects("tool_calls")? {
        let name = call.within("function", "name")?.or(call.within("custom", "name")?);
        segments.add_call(name, call.within("function", "arguments")?.or(call.within("custom", "input")?));
        if let Some(arguments) = call.within("function", "arguments")? {
            segments.add_arguments(body, arguments, role);
        }
        if let Some(input) = call.within("custom", "input")? {
            segments.add(body, input, role);
        }
    }
    if let Some(name) = message.within("function_call", "name")? {
        segments.add_call(Some(name), message.within("function_call", "arguments")?);
    }
    if let Some(arguments) = message.within("function_call", "arguments")? {
        segments.add_arguments(body, arguments, role);
    }
    Ok(role)
}
