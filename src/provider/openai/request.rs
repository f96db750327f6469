//! A chat completion request: what it asks for, and its texts.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    error::{Error, Result},
    provider::{
        edit::{Edits, add_member, object, range_of},
        openai::text::{Role, Segments},
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
    /// Whether it has parts whose tokens its bytes don't bound: images, audio, files.
    pub has_media: bool,
    /// Whether the provider may charge tools of its own (`web_search_options`).
    pub has_hosted_tools: bool,
    /// Whether the answer may have audio (`modalities`).
    pub has_audio_output: bool,
    /// The texts of all messages.
    pub segments: Segments,
    stream_options: Option<std::ops::Range<usize>>,
    /// Where `max_completion_tokens` stands, should it be null.
    null_maximum: Option<std::ops::Range<usize>>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    model: Option<String>,
    #[serde(borrow)]
    messages: Option<Vec<&'a RawValue>>,
    stream: Option<bool>,
    max_tokens: Option<u64>,
    // Present and null is not absent here: a second key of that name must not be added.
    #[serde(borrow, default, deserialize_with = "present")]
    max_completion_tokens: Option<&'a RawValue>,
    n: Option<u64>,
    service_tier: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    stream_options: Option<&'a RawValue>,
    #[serde(borrow)]
    prediction: Option<&'a RawValue>,
    web_search_options: Option<serde::de::IgnoredAny>,
    modalities: Option<Vec<String>>,
}

/// A value that is there, null included.
fn present<'de: 'a, 'a, D: serde::Deserializer<'de>>(from: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

#[derive(Deserialize)]
struct Message<'a> {
    role: Option<String>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_content: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(borrow)]
    function_call: Option<Function<'a>>,
    audio: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow)]
    function: Option<Function<'a>>,
    #[serde(borrow)]
    custom: Option<Custom<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Custom<'a> {
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    r#type: Option<String>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<&'a RawValue>,
}

impl ChatRequest {
    /// Reads a body. What is not JSON, or has no model or messages, is [`crate::error::Code::InvalidInput`].
    pub fn parse(body: &str) -> Result<Self> {
        let wire: Wire<'_> = object(body).map_err(|error| {
            Error::input(format!(
                "cannot read request: expected a chat completion as JSON, found an error at line {} column {}",
                error.line(),
                error.column()
            ))
        })?;
        let model = wire.model.filter(|model| !model.trim().is_empty()).ok_or_else(|| {
            Error::input("cannot read request: expected model to be a non-empty string, found none")
                .with("field", "model")
        })?;
        let max_completion_tokens = match wire.max_completion_tokens.map(RawValue::get) {
            None | Some("null") => None,
            Some(number) => Some(number.parse::<u64>().map_err(|_| {
                Error::input(
                    "cannot read request: expected max_completion_tokens to be a whole number, found another value",
                )
                .with("field", "max_completion_tokens")
            })?),
        };
        let messages = wire.messages.ok_or_else(|| {
            Error::input("cannot read request: expected messages to be an array, found none").with("field", "messages")
        })?;
        let mut request = Self {
            model,
            stream: wire.stream.unwrap_or(false),
            max_output: wire.max_tokens.max(max_completion_tokens),
            choices: wire.n.unwrap_or(1).max(1),
            service_tier: wire.service_tier,
            include_usage: None,
            has_media: false,
            has_hosted_tools: wire.web_search_options.is_some(),
            has_audio_output: wire.modalities.is_some_and(|kinds| kinds.iter().any(|kind| kind != "text")),
            segments: Segments::default(),
            stream_options: None,
            null_maximum: wire.max_completion_tokens.map(|value| range_of(body, value)),
        };
        if let Some(options) = wire.stream_options {
            #[derive(Deserialize)]
            struct Options {
                include_usage: Option<bool>,
            }
            request.include_usage = object::<Options>(options.get()).ok().and_then(|options| options.include_usage);
            request.stream_options = Some(range_of(body, options));
        }
        if let Some(prediction) = wire.prediction.filter(|value| value.get().starts_with('{')) {
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

    fn add_message(&mut self, body: &str, message: &RawValue) -> serde_json::Result<()> {
        let message: Message<'_> = object(message.get())?;
        let role = Role::parse(message.role.as_deref().unwrap_or("user"));
        self.has_media |= message.audio.is_some();
        for value in [message.content, message.refusal, message.reasoning_content].into_iter().flatten() {
            if value.get().starts_with('[') {
                for part in serde_json::from_str::<Vec<&RawValue>>(value.get())? {
                    // A part may also be a bare string.
                    if part.get().starts_with('"') {
                        self.segments.add(body, part, role);
                        continue;
                    }
                    let part: Part<'_> = serde_json::from_str(part.get())?;
                    self.has_media |= !matches!(part.r#type.as_deref(), None | Some("text" | "input_text" | "refusal"));
                    for text in [part.text, part.refusal].into_iter().flatten() {
                        self.segments.add(body, text, role);
                    }
                }
            } else if value.get().starts_with('{') {
                let part: Part<'_> = serde_json::from_str(value.get())?;
                self.has_media |= part.text.is_none();
                part.text.into_iter().for_each(|text| self.segments.add(body, text, role));
            } else {
                self.segments.add(body, value, role);
            }
        }
        let functions = message.tool_calls.into_iter().flatten();
        for call in functions {
            if let Some(arguments) = call.function.and_then(|function| function.arguments) {
                self.segments.add_arguments(body, arguments, role);
            }
            if let Some(input) = call.custom.and_then(|custom| custom.input) {
                self.segments.add(body, input, role);
            }
        }
        if let Some(arguments) = message.function_call.and_then(|function| function.arguments) {
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
                        let mut map: serde_json::Map<String, serde_json::Value> =
                            serde_json::from_str(options).unwrap_or_default();
                        map.insert("include_usage".to_owned(), true.into());
                        (range.clone(), serde_json::Value::Object(map).to_string())
                    }
                }
            }
        };
        edits.replace(range, text);
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
        assert_eq!((request.choices, request.max_output, request.has_media), (2, Some(7), true));
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
            ("{", "cannot read request: expected a chat completion as JSON, found an error at line 1 column 1"),
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
