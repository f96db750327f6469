//! Tools: their definitions, schemas of answers, calls.

use crate::json::Raw;

use super::{Counter, Part, Tokens};

/// Schemas nest; none of a provider's deeper than this.
const MAX_DEPTH: u32 = 32;

/// A list of tools, in any format.
pub(super) fn definitions(list: Raw<'_>, to: &mut Counter<'_>) {
    let Some(tools) = list.items().filter(|tools| !tools.is_empty()) else { return };
    to.framing(Part::Tools, to.frame.tools, to.frame.most[2]);
    for tool in tools {
        // Gemini's are grouped.
        let group = ["functionDeclarations", "function_declarations"].iter().find_map(|key| tool.member(key));
        match group.and_then(Raw::items) {
            Some(functions) => functions.into_iter().for_each(|function| definition(function, to)),
            None => definition(tool.member("function").or_else(|| tool.member("custom")).unwrap_or(tool), to),
        }
    }
}

/// A tool: its name and description, and the properties of its parameters.
fn definition(tool: Raw<'_>, to: &mut Counter<'_>) {
    let text_of = |key: &str| tool.member(key).and_then(Raw::to_text);
    let Some(name) = text_of("name") else {
        // The provider's own, whose text nobody sees.
        to.add(Part::Tools, Tokens { tokens: 500, low: 0, high: 2_048 });
        return;
    };
    to.framing(Part::Tools, to.frame.tool, to.frame.most[3]);
    line(&[&name, text_of("description").as_deref().unwrap_or_default()], to);
    let keys = ["parameters", "input_schema", "parametersJsonSchema", "inputSchema"];
    match keys.iter().find_map(|key| tool.member(key)) {
        Some(schema) => properties(schema, to, 0),
        // Of a type with a version, as Anthropic's.
        None if text_of("type").is_some_and(|kind| kind.contains('_')) => {
            to.add(Part::Tools, Tokens { tokens: 500, low: 0, high: 2_048 });
        }
        None => {}
    }
}

/// A name, a type and a description as one line, without a full stop at its end: what OpenAI's cookbook counts.
fn line(parts: &[&str], to: &mut Counter<'_>) {
    to.text(Part::Tools, parts.join(":").strip_suffix('.').unwrap_or(&parts.join(":")));
}

fn properties(schema: Raw<'_>, to: &mut Counter<'_>, depth: u32) {
    if depth > MAX_DEPTH {
        return to.unsure();
    }
    if depth > 0 {
        // How objects inside are written, is nowhere documented.
        to.unsure();
    }
    let members = schema.member("properties").and_then(Raw::members).unwrap_or_default();
    if !members.is_empty() {
        to.framing(Part::Tools, to.frame.first, to.frame.first);
    }
    for (key, property) in members {
        let text_of = |key: &str| property.member(key).and_then(Raw::to_text).unwrap_or_default();
        let values = property.member("enum").and_then(Raw::items).unwrap_or_default();
        // An enumeration takes some of it away again.
        let less = if values.is_empty() { 0 } else { to.frame.enumeration };
        to.framing(Part::Tools, to.frame.property.saturating_sub(less), to.frame.most[4]);
        for value in values {
            to.framing(Part::Tools, to.frame.item, to.frame.most[5]);
            to.text(Part::Tools, &value.to_text().unwrap_or_else(|| value.get().to_owned()));
        }
        line(&[&key, &text_of("type"), &text_of("description")], to);
        properties(property, to, depth + 1);
        if let Some(items) = property.member("items") {
            properties(items, to, depth + 1);
        }
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        for one in schema.member(key).and_then(Raw::items).unwrap_or_default() {
            properties(one, to, depth + 1);
        }
    }
    for key in ["$defs", "definitions"] {
        for (_, one) in schema.member(key).and_then(Raw::members).unwrap_or_default() {
            properties(one, to, depth + 1);
        }
    }
}

/// A format of the answer: where it has a schema, that is in the prompt, as it stands.
pub(super) fn schema_of_answer(format: Raw<'_>, to: &mut Counter<'_>) {
    let inner = format.member("format").unwrap_or(format);
    let schema = inner.member("json_schema").unwrap_or(inner);
    let schema = schema.member("schema").unwrap_or(schema);
    if schema.member("properties").is_some() || schema.member("anyOf").is_some() {
        to.text(Part::Tools, schema.get());
        to.add(Part::Tools, Tokens { tokens: 16, low: 0, high: 512 });
    }
}

/// A call of a tool: its name and arguments, and some around them.
pub(super) fn call(call: Raw<'_>, to: &mut Counter<'_>) {
    to.add(Part::ToolCalls, Tokens { tokens: 8, low: 2, high: 32 });
    if let Some(name) = call.member("name").and_then(Raw::to_text) {
        to.text(Part::ToolCalls, &name);
    }
    for key in ["arguments", "input", "args"] {
        if let Some(value) = call.member(key) {
            to.text(Part::ToolCalls, &value.to_text().unwrap_or_else(|| value.get().to_owned()));
        }
    }
}
