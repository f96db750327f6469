//! An answer: its usage, and its texts.

use crate::{
    error::{Code, Error, Result, Warning},
    json::{Bad, Raw},
    provider::{
        format::Format,
        openai::{message, usage::read_usage},
        tables,
        text::{Role, Segments},
        usage,
        walk::Walk,
        wire::Wire,
    },
    usage::Usage,
};

/// What of an answer decides its cost and its guarding.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The model that answered.
    pub model: Option<String>,
    /// The service tier that served.
    pub service_tier: Option<String>,
    /// What it says was consumed.
    pub usage: Option<Usage>,
    /// The texts of all choices.
    pub segments: Segments,
}

impl Answer {
    /// Reads a body; [`Code::InvalidResponse`] for what is no answer of that format.
    pub fn parse(format: Format, body: &str, provider: &str, warnings: &mut Vec<Warning>) -> Result<Self> {
        let read = match format {
            Format::Chat => Self::of_chat(body, warnings),
            _ => Self::of(format, body, provider, warnings),
        };
        read.map_err(|bad| {
            let (line, column) = bad.place(body);
            Error::new(
                Code::InvalidResponse,
                format!(
                    "cannot read answer: expected {} as JSON, found {} bytes with an error at line {line} column {column}",
                    format.answer(),
                    body.len(),
                ),
            )
        })
    }

    fn of_chat(body: &str, warnings: &mut Vec<Warning>) -> Result<Self, Bad> {
        let wire = Wire::parse(body)?;
        let mut segments = Segments::default();
        if wire.any("choices").is_none() {
            return Err(Bad(body.len()));
        }
        message::read(body, &wire, &mut segments)?;
        Ok(Self {
            model: wire.text("model")?,
            service_tier: wire.lenient_text("service_tier"),
            usage: wire.any("usage").and_then(|usage| read_usage(usage, warnings)),
            segments,
        })
    }

    fn of(format: Format, body: &str, provider: &str, warnings: &mut Vec<Warning>) -> Result<Self, Bad> {
        let (table, required): (_, &[&str]) = match format {
            Format::Responses => (tables::RESPONSE, &["output"]),
            Format::Messages => (tables::MESSAGE, &["content"]),
            Format::Gemini => (tables::GENERATED, &["candidates", "promptFeedback"]),
            Format::Chat | Format::Completions => (tables::COMPLETIONS, &["choices"]),
            Format::Embeddings | Format::Images => (tables::MADE, &["data"]),
            Format::Transcription => (tables::HEARD, &["text"]),
            Format::Moderations => (tables::TEXTS, &["results"]),
            Format::Speech => (tables::TEXTS, &["audio"]),
        };
        let whole = Raw::parse(body)?;
        // Gemini streams a list of answers where nobody asks for events.
        let is_list = format == Format::Gemini && whole.items().is_some();
        if !is_list && !required.iter().any(|key| whole.member(key).is_some()) {
            return Err(Bad(body.len()));
        }
        let mut segments = Segments::default();
        Walk { body, segments: &mut segments, calls: true, joins: format.has_parts() }.each(
            whole,
            table,
            Role::Assistant,
            0,
        )?;
        let Some(told) = usage::extract(body, Some(provider)) else {
            let model = whole.member("model").and_then(Raw::to_text);
            return Ok(Self { model, segments, ..Self::default() });
        };
        warnings.extend(told.warnings);
        Ok(Self { model: told.model, service_tier: told.service_tier, usage: Some(told.usage), segments })
    }
}
