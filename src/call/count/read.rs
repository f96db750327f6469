//! The formats of requests.

use crate::{
    error::{Error, Result},
    json::Raw,
    object::Object,
};

use super::{Counter, Part, files, tools};

/// No request that a provider takes nests deeper.
const MAX_DEPTH: u32 = 96;

/// Reads a request in any of the formats.
pub(super) fn request(request: &Object<'_>, provider: Option<&str>, to: &mut Counter<'_>) -> Result<()> {
    let has = |key: &str| request.get(key);
    if let Some(contents) = has("contents") {
        gemini(request, contents, to);
    } else if let Some(messages) = has("messages") {
        let anthropic = provider == Some("anthropic")
            || ["system", "thinking", "stop_sequences", "top_k", "anthropic_version"]
                .iter()
                .any(|key| has(key).is_some());
        if let Some(system) = has("system").filter(|_| anthropic) {
            content(system, Part::System, to, 0);
        }
        for message in messages.items().ok_or_else(|| wrong("messages", "an array", messages))? {
            speech(message, to);
        }
        start(to);
    } else if let Some(input) = has("input") {
        if to.model.contains("embedding") {
            content(input, Part::Messages, to, 0);
        } else {
            responses(request, input, to);
        }
    } else if let Some(prompt) = has("prompt") {
        content(prompt, Part::Messages, to, 0);
    } else {
        return Err(Error::input(
            "cannot read request: expected one of messages, input, prompt, contents, found none of them",
        ));
    }
    for key in ["tools", "functions"] {
        if let Some(list) = has(key) {
            tools::definitions(list, to);
        }
    }
    for key in ["response_format", "text", "output_config", "output_format"] {
        if let Some(format) = has(key) {
            tools::schema_of_answer(format, to);
        }
    }
    // What lies at the provider, nobody sees here.
    if ["previous_response_id", "conversation", "cachedContent", "cached_content"].iter().any(|key| has(key).is_some())
    {
        to.unsure();
    }
    Ok(())
}

/// Around the whole prompt.
fn start(to: &mut Counter<'_>) {
    to.framing(Part::Framing, to.frame.start, to.frame.most[0]);
}

/// A message of a chat, OpenAI's or Anthropic's. <https://platform.openai.com/docs/api-reference/chat/create>,
/// <https://docs.anthropic.com/en/api/messages>
fn speech(message: Raw<'_>, to: &mut Counter<'_>) {
    to.message();
    let role = message.member("role").and_then(Raw::to_text).unwrap_or_default();
    let part = match role.as_str() {
        "system" | "developer" => Part::System,
        "tool" | "function" => Part::ToolResults,
        _ => Part::Messages,
    };
    if let Some(name) = message.member("name").and_then(Raw::to_text) {
        to.framing(Part::Names, to.frame.name, to.frame.name);
        to.text(Part::Names, &name);
    }
    for key in ["content", "refusal", "reasoning_content"] {
        if let Some(said) = message.member(key) {
            content(said, part, to, 0);
        }
    }
    for call in message.member("tool_calls").and_then(Raw::items).unwrap_or_default() {
        tools::call(call.member("function").or_else(|| call.member("custom")).unwrap_or(call), to);
    }
    if let Some(call) = message.member("function_call") {
        tools::call(call, to);
    }
    if message.member("audio").is_some() {
        to.unsure();
    }
}

/// <https://platform.openai.com/docs/api-reference/responses/create>
fn responses(request: &Object<'_>, input: Raw<'_>, to: &mut Counter<'_>) {
    if let Some(instructions) = request.get("instructions") {
        to.message();
        content(instructions, Part::System, to, 0);
    }
    match input.items() {
        None => {
            to.message();
            content(input, Part::Messages, to, 0);
        }
        Some(items) => {
            for item in items {
                let kind = item.member("type").and_then(Raw::to_text);
                match kind.as_deref() {
                    None | Some("message") => speech(item, to),
                    Some(_) => {
                        to.message();
                        block(item, Part::Messages, to, 0);
                    }
                }
            }
        }
    }
    start(to);
}

/// <https://ai.google.dev/api/generate-content>
fn gemini(request: &Object<'_>, contents: Raw<'_>, to: &mut Counter<'_>) {
    for key in ["systemInstruction", "system_instruction"] {
        if let Some(system) = request.get(key) {
            content(system, Part::System, to, 0);
        }
    }
    if let Some(config) = request.get("config") {
        for key in ["systemInstruction", "system_instruction"] {
            if let Some(system) = config.member(key) {
                content(system, Part::System, to, 0);
            }
        }
        if let Some(list) = config.member("tools") {
            tools::definitions(list, to);
        }
    }
    for outer in ["generationConfig", "generation_config", "config"] {
        let Some(config) = request.get(outer) else { continue };
        for key in ["responseSchema", "responseJsonSchema", "response_schema"] {
            if let Some(schema) = config.member(key) {
                tools::schema_of_answer(schema, to);
            }
        }
    }
    // One content may stand without its array.
    for content_of in contents.items().unwrap_or_else(|| vec![contents]) {
        to.message();
        content(content_of, Part::Messages, to, 0);
    }
    start(to);
}

/// What is said: a text, blocks, or texts of an embedding.
fn content(said: Raw<'_>, part: Part, to: &mut Counter<'_>, depth: u32) {
    if depth > MAX_DEPTH {
        to.unsure();
    } else if let Some(text) = said.text() {
        to.text(part, &text);
    } else if let Some(items) = said.items() {
        // Tokens may stand there already.
        if items.first().is_some_and(|item| item.number().is_some()) {
            to.add(part, super::Tokens::known(items.len() as u64));
            return;
        }
        items.into_iter().for_each(|item| content(item, part, to, depth + 1));
    } else if !said.is_null() {
        block(said, part, to, depth);
    }
}

/// A block of content, of any format.
pub(super) fn block(of: Raw<'_>, part: Part, to: &mut Counter<'_>, depth: u32) {
    if depth > MAX_DEPTH {
        return to.unsure();
    }
    if files::file(of, to) {
        return;
    }
    let kind = of.member("type").and_then(Raw::to_text).unwrap_or_default();
    match kind.as_str() {
        "tool_use" | "server_tool_use" | "mcp_tool_use" | "function_call" | "custom_tool_call" => {
            return tools::call(of, to);
        }
        // Earlier thinking is taken out again by its provider.
        "thinking" | "redacted_thinking" | "reasoning" => {
            let text = of.member("thinking").and_then(Raw::to_text).unwrap_or_default();
            let before = to.exact;
            let most = super::estimate(text.as_bytes(), to.family).high;
            to.add(Part::Messages, super::Tokens { tokens: 0, low: 0, high: most });
            to.exact &= before && most == 0;
            return;
        }
        _ => {}
    }
    let part = if kind.ends_with("tool_result") || kind.ends_with("_output") && !kind.starts_with("output_") {
        Part::ToolResults
    } else {
        part
    };
    if part == Part::ToolResults && !kind.is_empty() {
        to.framing(part, to.frame.message, to.frame.most[1] + 12);
    }
    let mut found = false;
    for key in ["text", "refusal", "content", "output", "parts", "summary"] {
        if let Some(inner) = of.member(key) {
            found = true;
            content(inner, part, to, depth + 1);
        }
    }
    for key in ["functionCall", "function_call"] {
        if let Some(call) = of.member(key) {
            found = true;
            tools::call(call, to);
        }
    }
    for key in ["functionResponse", "function_response"] {
        if let Some(response) = of.member(key) {
            found = true;
            to.framing(Part::ToolResults, to.frame.message, to.frame.most[1] + 12);
            for key in ["name", "response"] {
                if let Some(value) = response.member(key) {
                    to.text(Part::ToolResults, &value.to_text().unwrap_or_else(|| value.get().to_owned()));
                }
            }
        }
    }
    if !found {
        // Of a kind that nobody knows: as it stands.
        to.text(part, of.get());
        to.unsure();
    }
}

fn wrong(key: &str, expected: &str, found: Raw<'_>) -> Error {
    let found = found.kind();
    Error::input(format!("cannot read request: expected {key} to be {expected}, found {found}")).with("field", key)
}
