//! A chat completion request: what it asks for, and its texts.

use crate::{
    error::{Error, Result},
    json::{Bad, Raw, Writer},
    provider::{
        edit::{Edits, add_member, range_of},
        openai::text::{Role, Segments},
        wire::Wire,
    },
};

/// What of a request decides its cost and its guarding. The body itself stays text.
#[derive(Debug, Clone)]
pub struct ChatRequest {
    /// The model as asked for.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The maximum of output tokens for each choice; the larger, should both spellings be there.
    pub max_output: Option<u64>,
    /// How many choices.
    pub choices: u64,
    /// The service tier asked for.
    pub service_tier: Option<String>,
    /// `stream_options.include_usage`, where it is there.
    pub include_usage: Option<bool>,
    /// The texts of all messages.
    pub segments: Segments,
    stream_options: Option<std::ops::Range<usize>>,
    /// Where `max_completion_tokens` stands, should it be null.
    null_maximum: Option<std::ops::Range<usize>>,
    /// Where the maximum of output tokens stands, in either spelling.
    maxima: Vec<std::ops::Range<usize>>,
}

impl ChatRequest {
    /// Reads a body. What is not JSON, or has no model or messages, is [`crate::error::Code::InvalidInput`].
    pub fn parse(body: &str) -> Result<Self> {
        let bad = |bad: Bad| {
            let (line, column) = bad.place(body);
            Error::input(format!(
                "cannot read request: expected a chat completion as JSON, found an error at line {line} column {column}"
            ))
        };
        let wire = Wire::parse(body).map_err(bad)?;
        let model = wire.text("model").map_err(bad)?.filter(|model| !model.trim().is_empty()).ok_or_else(|| {
            Error::input("cannot read request: expected model to be a non-empty string, found none")
                .with("field", "model")
        })?;
        let max_completion_tokens = wire.whole("max_completion_tokens").map_err(|_| {
            Error::input(
                "cannot read request: expected max_completion_tokens to be a whole number, found another value",
            )
            .with("field", "max_completion_tokens")
        })?;
        let messages = wire.list("messages").map_err(bad)?.ok_or_else(|| {
            Error::input("cannot read request: expected messages to be an array, found none").with("field", "messages")
        })?;
        let stream_options = wire.any_or_null("stream_options");
        let mut request = Self {
            model,
            stream: wire.flag("stream").map_err(bad)?.unwrap_or(false),
            max_output: wire.whole("max_tokens").map_err(bad)?.max(max_completion_tokens),
            choices: wire.whole("n").map_err(bad)?.unwrap_or(1).max(1),
            service_tier: wire.text("service_tier").map_err(bad)?,
            include_usage: stream_options
                .and_then(|options| Wire::of(body, options).ok())
                .and_then(|options| options.flag("include_usage").ok()?),
            segments: Segments::default(),
            stream_options: stream_options.map(|options| range_of(body, options)),
            // Present and null is not absent here: a second key of that name must not be added.
            null_maximum: wire.any_or_null("max_completion_tokens").map(|value| range_of(body, value)),
            maxima: ["max_tokens", "max_completion_tokens"]
                .into_iter()
                .filter_map(|key| wire.any(key))
                .map(|value| range_of(body, value))
                .collect(),
        };
        if let Some(prediction) = wire.any("prediction").filter(|value| value.get().starts_with('{')) {
            // What the answer is expected to say: content like a message's.
            let _ = request.add_message(body, prediction);
        }
        for (index, message) in messages.into_iter().enumerate() {
            request.add_message(body, message).map_err(|_| {
                Error::input(format!(
                    "cannot read request: expected messages[{index}] to be a chat message, found another shape"
                ))
                .with("field", format!("messages[{index}]"))
            })?;
        }
        Ok(request)
    }

    fn add_message(&mut self, body: &str, message: Raw<'_>) -> Result<(), Bad> {
        let message = Wire::of(body, message)?;
        let role = Role::parse(message.text("role")?.as_deref().unwrap_or("user"));
        for value in ["content", "refusal", "reasoning_content"].into_iter().filter_map(|key| message.any(key)) {
            if let Some(parts) = value.items() {
                for part in parts {
                    // A part may also be a bare string.
                    if part.text().is_some() {
                        self.segments.add(body, part, role);
                        continue;
                    }
                    let part = Wire::of(body, part)?;
                    for text in [part.any("text"), part.any("refusal")].into_iter().flatten() {
                        self.segments.add(body, text, role);
                    }
                }
            } else if value.get().starts_with('{') {
                let text = Wire::of(body, value)?.any("text");
                text.into_iter().for_each(|text| self.segments.add(body, text, role));
            } else {
                self.segments.add(body, value, role);
            }
        }
        for call in message.objects("tool_calls")? {
            if let Some(arguments) = call.within("function", "arguments")? {
                self.segments.add_arguments(body, arguments, role);
            }
            if let Some(input) = call.within("custom", "input")? {
                self.segments.add(body, input, role);
            }
        }
        if let Some(arguments) = message.within("function_call", "arguments")? {
            self.segments.add_arguments(body, arguments, role);
        }
        Ok(())
    }

    /// The change that makes the provider report usage at the end of a stream. None where it was asked for.
    pub fn include_usage(&self, body: &str, edits: &mut Edits) -> Result<()> {
        if !self.stream || self.include_usage == Some(true) {
            return Ok(());
        }
        let (range, text) = match &self.stream_options {
            None => add_member(body, 0, "stream_options", r#"{"include_usage":true}"#)?,
            Some(range) => {
                let options = body.get(range.clone()).unwrap_or_default();
                match self.include_usage {
                    None if options.starts_with('{') => add_member(options, range.start, "include_usage", "true")?,
                    // The caller said `false`, or null: replace the whole small object, its other members kept.
                    _ => {
                        let mut changed = Writer::new();
                        changed.open('{');
                        let members = Raw::parse(options).ok().and_then(Raw::members).unwrap_or_default();
                        for (key, value) in members.iter().filter(|(key, _)| key != "include_usage") {
                            changed.value_of(key, value);
                        }
                        changed.bool_of("include_usage", true);
                        changed.close('}');
                        (range.clone(), changed.end())
                    }
                }
            }
        };
        edits.replace(range, text);
        Ok(())
    }

    /// The changes that lower the output maximum of a request to this one, or write it where there is none.
    pub fn lower_output(&self, body: &str, tokens: u64, edits: &mut Edits) -> Result<()> {
        if self.maxima.is_empty() {
            let (range, text) = self.bound_output(body, tokens)?;
            edits.replace(range, text);
        }
        self.maxima.iter().for_each(|range| edits.replace(range.clone(), tokens.to_string()));
        Ok(())
    }

    /// The change that writes an output maximum into a request that has none.
    pub fn bound_output(&self, body: &str, tokens: u64) -> Result<(std::ops::Range<usize>, String)> {
        match &self.null_maximum {
            Some(range) => Ok((range.clone(), tokens.to_string())),
            None => add_member(body, 0, "max_completion_tokens", &tokens.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(request: &ChatRequest) -> Vec<(&str, &str)> {
        request.segments.list().iter().map(|segment| (segment.role.as_str(), segment.text.as_str())).collect()
    }

    #[test]
    fn finds_every_text() {
        let body = r#"{"model":"gpt-5","messages":[
            {"role":"system","content":"be kind"},
            {"role":"user","content":[{"type":"text","text":"h\u00e9"},{"type":"image_url","image_url":{"url":"x"}},"bare"]},
            {"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"to\":\"a@b.co\",\"n\":[42,{\"x\":\"y\"}]}"}}]},
            {"role":"tool","tool_call_id":"1","content":"done"}],"n":2,"max_tokens":5,"max_completion_tokens":7}"#;
        let request = ChatRequest::parse(body).unwrap();
        assert_eq!(
            texts(&request),
            [
                ("system", "be kind"),
                ("user", "hé"),
                ("user", "bare"),
                ("assistant", "a@b.co"),
                ("assistant", "42"),
                ("assistant", "y"),
                ("tool", "done")
            ]
        );
        assert_eq!((request.choices, request.max_output), (2, Some(7)));
    }

    #[test]
    fn changes_texts_and_nothing_else() {
        let body = "{ \"x\":1e2, \"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\\u0041\"},{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"n\\\": 4111 }\"}}]}] }";
        let request = ChatRequest::parse(body).unwrap();
        let edits = request.segments.edits(&[Some("b\"".into()), Some("[CARD]".into())]).unwrap();
        assert_eq!(
            edits.apply(body).unwrap(),
            body.replace("\"a\\u0041\"", "\"b\\\"\"").replace("4111", "\\\"[CARD]\\\"")
        );
        assert!(request.segments.edits(&[None, None]).unwrap().is_empty());
    }

    #[test]
    fn asks_for_usage_and_a_bound() {
        for (body, expected) in [
            (
                r#"{"model":"m","messages":[],"stream":true}"#,
                r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
            ),
            (
                r#"{"model":"m","messages":[],"stream":true,"stream_options":{}}"#,
                r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
            ),
            (
                r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":false}}"#,
                r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
            ),
            (
                r#"{"model":"m","messages":[],"stream":true,"stream_options":null}"#,
                r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
            ),
            (r#"{"model":"m","messages":[]}"#, r#"{"model":"m","messages":[]}"#),
        ] {
            let request = ChatRequest::parse(body).unwrap();
            let mut edits = Edits::new();
            request.include_usage(body, &mut edits).unwrap();
            assert_eq!(edits.apply(body).unwrap(), expected);
        }
    }

    #[test]
    fn a_null_maximum_is_replaced_and_not_repeated() {
        let body = r#"{"model":"m","max_completion_tokens":null,"messages":[]}"#;
        let (range, text) = ChatRequest::parse(body).unwrap().bound_output(body, 7).unwrap();
        let mut edits = Edits::new();
        edits.replace(range, text);
        assert_eq!(edits.apply(body).unwrap(), body.replace("null", "7"));
    }

    #[test]
    fn refuses_what_is_no_request() {
        for (body, message) in [
            ("{", "cannot read request: expected a chat completion as JSON, found an error at line 1 column 2"),
            ("{\"messages\":[]}", "cannot read request: expected model to be a non-empty string, found none"),
            (
                "{\"model\":\" \",\"messages\":[]}",
                "cannot read request: expected model to be a non-empty string, found none",
            ),
            ("{\"model\":\"m\"}", "cannot read request: expected messages to be an array, found none"),
            (
                "{\"model\":\"m\",\"messages\":[7]}",
                "cannot read request: expected messages[0] to be a chat message, found another shape",
            ),
        ] {
            assert_eq!(ChatRequest::parse(body).unwrap_err().message(), message);
        }
    }
}
