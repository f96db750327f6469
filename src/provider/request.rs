//! A request: what it asks for, and its texts.

use std::ops::Range;

use crate::{
    error::{Error, Result},
    json::{Bad, Raw, Writer},
    provider::{
        edit::{Edits, add_member, range_of},
        format::Format,
        openai, tables,
        text::{Role, Segments},
        walk::Walk,
        wire::Wire,
    },
};

/// What of a request decides its cost and its guarding. The body itself stays text.
#[derive(Debug, Clone)]
pub struct Request {
    /// In what it is written.
    pub format: Format,
    /// The model as asked for.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The maximum of output tokens for each choice; the larger, should several spellings be there.
    pub max_output: Option<u64>,
    /// How many choices.
    pub choices: u64,
    /// The service tier asked for.
    pub service_tier: Option<String>,
    /// `stream_options.include_usage`, where it is there.
    pub include_usage: Option<bool>,
    /// The texts of all messages.
    pub segments: Segments,
    stream_options: Option<Range<usize>>,
    /// Where the maximum is written, should it be null.
    null_maximum: Option<Range<usize>>,
    /// Where the maximum of output tokens stands, in each spelling.
    maxima: Vec<Range<usize>>,
    /// Where the object stands in which the maximum does, where that is not the body.
    settings: Option<Range<usize>>,
}

/// Where Gemini's maximum stands, and how many candidates there are to be.
const GENERATION_CONFIG: &str = "generationConfig";

impl Format {
    /// The spellings of the output maximum; the last is the one to write. None for what has no output to bound.
    const fn maxima(self) -> &'static [&'static str] {
        match self {
            Format::Chat => &["max_tokens", "max_completion_tokens"],
            Format::Responses => &["max_output_tokens"],
            Format::Completions | Format::Messages => &["max_tokens"],
            Format::Gemini => &["maxOutputTokens"],
            _ => &[],
        }
    }

    /// What a request must have, as an array.
    const fn required(self) -> Option<&'static str> {
        match self {
            Format::Chat | Format::Messages => Some("messages"),
            Format::Gemini => Some("contents"),
            _ => None,
        }
    }
}

impl Request {
    /// Reads a body, whose model may stand elsewhere: in the URL. What is not JSON, or lacks what its format must have, is
    /// [`crate::error::Code::InvalidInput`].
    pub fn parse(format: Format, body: &str, model: Option<&str>) -> Result<Self> {
        let bad = |bad: Bad| {
            let (line, column) = bad.place(body);
            Error::input(format!(
                "cannot read request: expected {} as JSON, found an error at line {line} column {column}",
                format.request(),
            ))
        };
        let wire = Wire::parse(body).map_err(bad)?;
        let named = wire.text("model").map_err(bad)?.or(model.or(format.usual_model()).map(str::to_owned));
        let model = named.filter(|model| !model.trim().is_empty()).ok_or_else(|| {
            Error::input("cannot read request: expected model to be a non-empty string, found none")
                .with("field", "model")
        })?;
        if let Some(field) = format.required()
            && wire.list(field).map_err(bad)?.is_none()
        {
            return Err(Error::input(format!("cannot read request: expected {field} to be an array, found none"))
                .with("field", field));
        }
        let settings = wire.any(GENERATION_CONFIG).filter(|_| format == Format::Gemini);
        let settings = settings.map(|value| (range_of(body, value), value));
        let config = settings.as_ref().map(|(_, value)| Wire::of(body, *value)).transpose().map_err(bad)?;
        let bounded = if format == Format::Gemini { config.as_ref() } else { Some(&wire) };
        let mut max_output = None;
        for key in format.maxima() {
            let found = bounded.map_or(Ok(None), |wire| wire.whole(key)).map_err(|_| {
                Error::input(format!("cannot read request: expected {key} to be a whole number, found another value"))
                    .with("field", *key)
            })?;
            max_output = max_output.max(found);
        }
        let choices = match format {
            Format::Gemini => config.as_ref().map_or(Ok(None), |config| config.whole("candidateCount")),
            _ => wire.whole("n"),
        };
        let last = format.maxima().last();
        let stream_options = wire.any_or_null("stream_options");
        let mut request = Self {
            format,
            model,
            stream: match format {
                // Sound comes as it is made all the same: this asks for events.
                Format::Speech => wire.text("stream_format").map_err(bad)?.as_deref() == Some("sse"),
                _ => wire.flag("stream").map_err(bad)?.unwrap_or(false),
            },
            max_output,
            choices: choices.map_err(bad)?.unwrap_or(1).max(1),
            service_tier: wire.text("service_tier").map_err(bad)?,
            include_usage: stream_options
                .and_then(|options| Wire::of(body, options).ok())
                .and_then(|options| options.flag("include_usage").ok()?),
            segments: Segments::default(),
            stream_options: stream_options.map(|options| range_of(body, options)),
            // Present and null is not absent here: a second key of that name must not be added.
            null_maximum: last
                .and_then(|key| bounded?.any_or_null(key).filter(|value| value.is_null()))
                .map(|value| range_of(body, value)),
            maxima: format
                .maxima()
                .iter()
                .filter_map(|key| bounded?.any(key))
                .map(|value| range_of(body, value))
                .collect(),
            settings: settings.map(|(range, _)| range),
        };
        if format == Format::Chat {
            openai::request::read(body, &wire, &mut request.segments)?;
        } else {
            let table = match format {
                Format::Responses => tables::RESPONSES,
                Format::Messages => tables::MESSAGES,
                Format::Gemini => tables::GEMINI,
                _ => tables::PROMPTS,
            };
            let joins = format.has_parts();
            let mut walk = Walk { body, segments: &mut request.segments, calls: false, joins };
            Raw::parse(body).and_then(|whole| walk.each(whole, table, Role::User, 0)).map_err(bad)?;
        }
        Ok(request)
    }

    /// The change that makes the provider report usage at the end of a stream. None where it was asked for, or is told anyway.
    pub fn include_usage(&self, body: &str, edits: &mut Edits) -> Result<()> {
        if !self.stream || self.include_usage == Some(true) || !self.format.asks_for_usage() {
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

    /// The name of the output maximum in this format; `None` where there is no output to bound.
    pub fn maximum(&self) -> Option<&'static str> {
        self.format.maxima().last().copied()
    }

    /// The changes that lower the output maximum of a request to this one, or write it where there is none.
    pub fn lower_output(&self, body: &str, tokens: u64, edits: &mut Edits) -> Result<()> {
        if self.maxima.is_empty()
            && let Some((range, text)) = self.bound_output(body, tokens)?
        {
            edits.replace(range, text);
        }
        self.maxima.iter().for_each(|range| edits.replace(range.clone(), tokens.to_string()));
        Ok(())
    }

    /// The change that writes an output maximum into a request that has none; `None` where there is no output to bound.
    pub fn bound_output(&self, body: &str, tokens: u64) -> Result<Option<(Range<usize>, String)>> {
        let Some(key) = self.maximum() else { return Ok(None) };
        let number = tokens.to_string();
        if let Some(range) = &self.null_maximum {
            return Ok(Some((range.clone(), number)));
        }
        let change = match (&self.settings, self.format) {
            (Some(range), _) => add_member(body.get(range.clone()).unwrap_or_default(), range.start, key, &number)?,
            (None, Format::Gemini) => add_member(body, 0, GENERATION_CONFIG, &format!("{{\"{key}\":{number}}}"))?,
            (None, _) => add_member(body, 0, key, &number)?,
        };
        Ok(Some(change))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::text::Seam;

    fn texts(request: &Request) -> Vec<(&str, &str)> {
        request.segments.list().iter().map(|segment| (segment.role.as_str(), segment.text.as_str())).collect()
    }

    #[test]
    fn finds_every_text() {
        let body = r#"{"model":"gpt-5","messages":[
            {"role":"system","content":"be kind"},
            {"role":"user","content":[{"type":"text","text":"h\u00e9"},{"type":"image_url","image_url":{"url":"x"}},"bare"]},
            {"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"to\":\"a@b.co\",\"n\":[42,{\"x\":\"y\"}]}"}}]},
            {"role":"tool","tool_call_id":"1","content":"done"}],"n":2,"max_tokens":5,"max_completion_tokens":7}"#;
        let request = Request::parse(Format::Chat, body, None).unwrap();
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

    /// How each text stands to the one before it: `|` apart, `/` the next message, `+` the next part, `~` behind media.
    fn seams(segments: &Segments) -> String {
        let signs = segments.list().iter().map(|segment| match segment.seam {
            Seam::Apart => format!("|{}", segment.text),
            Seam::Message => format!("/{}", segment.text),
            Seam::Part => format!("+{}", segment.text),
            Seam::Media => format!("~{}", segment.text),
        });
        signs.collect()
    }

    #[test]
    fn parts_and_messages_of_one_role_go_on_with_one_another() {
        let cases = [
            // Media between texts keep lines apart, another role all.
            (
                Format::Chat,
                r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},
                {"type":"image_url","image_url":{"url":"x"}},"b"]},{"role":"user","content":"c"},{"role":"assistant","content":[{"type":"text","text":"d"},
                {"type":"refusal","refusal":"e"}],"tool_calls":[{"function":{"name":"f","arguments":"{\"x\":\"g\"}"}}]},
                {"role":"tool","content":[{"type":"text","text":"h"},{"type":"text","text":"i"}]},{"role":"tool","content":"j"}]}"#,
                "|s|a~b/c|d+e|g|h+i|j",
            ),
            (
                Format::Messages,
                r#"{"model":"m","system":[{"type":"text","text":"s"},{"type":"text","text":"t"}],"messages":[
                {"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
                    {"type":"tool_result","content":"c"},{"type":"text","text":"d"},{"type":"text","text":"e"}]},
                {"role":"user","content":"f"},
                {"role":"user","content":[{"type":"document","source":{"type":"text","data":"g"},"title":"h"},{"type":"text","text":"i"}]}]}"#,
                "|s+t|a+b|c|d+e/f/g|h|i",
            ),
            (
                Format::Responses,
                r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]},
                {"role":"user","content":"c"},{"type":"function_call_output","output":"d"},{"type":"function_call_output","output":"e"}]}"#,
                "|a+b/c|d|e",
            ),
            // Messages of one role go on with one another where they stand in a row, be one of them without a text.
            (
                Format::Chat,
                r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":""},{"role":"user","content":"b"},
                {"role":"user","content":""},{"role":"user","content":"c"},{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]},
                {"role":"tool","content":""},{"role":"user","content":"d"}]}"#,
                "|a|b/c|d",
            ),
            (
                Format::Messages,
                r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":[]},{"role":"user","content":"b"},
                {"role":"user","content":[{"type":"image","source":{"type":"base64","data":"x"}}]},
                {"role":"user","content":[{"type":"text","text":"c"},{"type":"image","source":{"type":"base64","data":"x"}},{"type":"text","text":"d"},
                {"type":"text","text":""},{"type":"text","text":"e"}]}]}"#,
                "|a|b/c~d+e",
            ),
            (
                Format::Responses,
                r#"{"model":"m","input":[{"role":"user","content":"a"},{"type":"function_call","name":"f","arguments":"{}"},{"role":"user","content":"b"}]}"#,
                "|a|b",
            ),
            (
                Format::Gemini,
                r#"{"contents":[{"role":"user","parts":[{"text":"a"},{"text":"b"}]},{"parts":[{"text":"c"}]},
                {"role":"model","parts":[{"text":"d","thought":true},{"text":"e"}]}]}"#,
                "|a+b/c|d|e",
            ),
            // Each is a prompt for itself.
            (Format::Embeddings, r#"{"model":"m","input":["a","b"]}"#, "|a|b"),
            (Format::Completions, r#"{"model":"m","prompt":["a","b"]}"#, "|a|b"),
        ];
        for (format, body, expected) in cases {
            let request = Request::parse(format, body, Some("m")).unwrap();
            assert_eq!(seams(&request.segments), expected, "{body}");
        }
        let answers = [
            (
                Format::Chat,
                r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}},{"message":{"content":"c"}}]}"#,
                "|a+b|c",
            ),
            (
                Format::Messages,
                r#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"tool_use","name":"f","input":{"x":"c"}}]}"#,
                "|a+b|c",
            ),
            (Format::Completions, r#"{"choices":[{"text":"a"},{"text":"b"}]}"#, "|a|b"),
            (
                Format::Gemini,
                r#"{"candidates":[{"content":{"parts":[{"text":"a"},{"text":"b"}]}},{"content":{"parts":[{"text":"c"}]}}]}"#,
                "|a+b|c",
            ),
        ];
        for (format, body, expected) in answers {
            let answer = crate::provider::answer::Answer::parse(format, body, "openai", &mut Vec::new()).unwrap();
            assert_eq!(seams(&answer.segments), expected, "{body}");
        }
    }

    #[test]
    fn changes_texts_and_nothing_else() {
        let body = "{ \"x\":1e2, \"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\\u0041\"},{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"n\\\": 4111 }\"}}]}] }";
        let request = Request::parse(Format::Chat, body, None).unwrap();
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
            let request = Request::parse(Format::Chat, body, None).unwrap();
            let mut edits = Edits::new();
            request.include_usage(body, &mut edits).unwrap();
            assert_eq!(edits.apply(body).unwrap(), expected);
        }
    }

    #[test]
    fn a_null_maximum_is_replaced_and_not_repeated() {
        let body = r#"{"model":"m","max_completion_tokens":null,"messages":[]}"#;
        let (range, text) = Request::parse(Format::Chat, body, None).unwrap().bound_output(body, 7).unwrap().unwrap();
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
            assert_eq!(Request::parse(Format::Chat, body, None).unwrap_err().message(), message);
        }
    }
}
