//! What a request has in input tokens, part by part: its body into a [`RequestCount`].
//!
//! Where [`crate::call::upper_bound`] says what a request can have at most, this says what it likely has: texts by the model's
//! vocabulary or an estimate, what the chat format adds by a table, images by the provider's formula, files by what their
//! headers say. What nobody knows makes the band wider; it is exact only where all of it is.
//!
//! - `read` walks the formats, `tools` counts definitions of tools, `files` what is no text.

mod files;
mod read;
mod tools;

use crate::{
    error::{Error, Result},
    json::{Raw, ToJson, Writer},
    object::Object,
    tokens::{
        estimate::{Family, estimate},
        frame::{Confidence, Frame, frame},
    },
};

use super::Count;

/// The parts of a request, and their names in the public interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What users, assistants and the model's earlier turns say.
    Messages,
    /// Instructions of the system or the developer.
    System,
    /// Names of those who speak.
    Names,
    /// Definitions of tools, and schemas of the answer.
    Tools,
    /// Calls of tools in earlier turns.
    ToolCalls,
    /// What tools answered.
    ToolResults,
    /// Images.
    Images,
    /// Documents.
    Documents,
    /// Sound and video.
    Audio,
    /// What the chat format adds.
    Framing,
}

/// The names of the parts, in their order.
const PARTS: [&str; 10] =
    ["messages", "system", "names", "tools", "toolCalls", "toolResults", "images", "documents", "audio", "framing"];

/// Tokens, with what they are likely between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// The likely count.
    pub tokens: u64,
    /// It is seldom below.
    pub low: u64,
    /// It is seldom above.
    pub high: u64,
}

impl Tokens {
    pub(super) fn known(tokens: u64) -> Self {
        Self { tokens, low: tokens, high: tokens }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.low = self.low.saturating_add(other.low);
        self.high = self.high.saturating_add(other.high);
    }
}

/// What a request has in input tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestCount {
    /// All of it.
    pub total: Tokens,
    /// Whether every part is known to the token.
    pub exact: bool,
    /// By [`Part`].
    pub parts: [Tokens; PARTS.len()],
}

impl RequestCount {
    /// The tokens of a part.
    pub fn part(&self, part: Part) -> Tokens {
        self.parts.get(part as usize).copied().unwrap_or_default()
    }
}

impl ToJson for RequestCount {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.number_of("tokens", self.total.tokens as f64);
        to.bool_of("exact", self.exact);
        to.number_of("low", self.total.low as f64);
        to.number_of("high", self.total.high as f64);
        to.key("parts");
        to.open('{');
        for (name, part) in PARTS.iter().zip(self.parts).filter(|(_, part)| part.high > 0) {
            to.number_of(name, part.tokens as f64);
        }
        to.close('}');
        to.close('}');
    }
}

/// What is known beside the body.
#[derive(Clone, Copy, Default)]
pub struct CountOptions<'a> {
    /// Who answers; else the body's form and the model's name tell.
    pub provider: Option<&'a str>,
    /// The model, where the body does not name it.
    pub model: Option<&'a str>,
    /// Exact counts, where there is a vocabulary.
    pub count: Option<Count<'a>>,
}

/// Counts what is found.
struct Counter<'a> {
    model: String,
    family: Family,
    frame: &'static Frame,
    count: Option<Count<'a>>,
    exact: bool,
    parts: [Tokens; PARTS.len()],
}

impl Counter<'_> {
    fn add(&mut self, part: Part, tokens: Tokens) {
        self.exact &= tokens.low == tokens.high;
        if let Some(sum) = self.parts.get_mut(part as usize) {
            sum.add(tokens);
        }
    }

    /// A text, as it is.
    fn text(&mut self, part: Part, text: &str) {
        let exact = self.count.and_then(|count| count(&self.model, text));
        let tokens = exact.map_or_else(
            || {
                let found = estimate(text.as_bytes(), self.family);
                self.exact &= text.is_empty();
                Tokens { tokens: found.tokens, low: found.low, high: found.high }
            },
            Tokens::known,
        );
        self.add(part, tokens);
    }

    /// What stands around: as the row says, and what was seen at most.
    fn framing(&mut self, part: Part, tokens: u32, most: u32) {
        let tokens = u64::from(tokens);
        let low = match self.frame.confidence {
            Confidence::Documented => tokens,
            _ => tokens - tokens / 4,
        };
        let high = match self.frame.confidence {
            Confidence::Documented if part == Part::Framing => tokens,
            _ => tokens.max(u64::from(most)),
        };
        self.add(part, Tokens { tokens, low, high });
    }

    /// A message with its role.
    fn message(&mut self) {
        self.framing(Part::Framing, self.frame.message, self.frame.most[1]);
    }

    /// It may be more than is seen, or less.
    fn unsure(&mut self) {
        self.exact = false;
    }
}

/// What a request has in input tokens. What can't be read as a request is [`crate::error::Code::InvalidInput`].
pub fn count_request(body: &str, options: &CountOptions<'_>) -> Result<RequestCount> {
    let request = Raw::parse(body).map_err(|bad| super::bound::unreadable(body, bad))?;
    let request = Object::of(request).ok_or_else(|| {
        Error::input(format!("cannot read request: expected a JSON object, found {}", request.kind()))
    })?;
    let model = match request.get("model") {
        Some(value) => value.to_text().ok_or_else(|| {
            let found = value.kind();
            Error::input(format!("cannot read request: expected model to be a string, found {found}"))
                .with("field", "model")
        })?,
        None => options.model.unwrap_or_default().to_owned(),
    };
    let family = Family::of(&model);
    let mut counter = Counter {
        frame: frame(&model, family),
        model,
        family,
        count: options.count,
        exact: true,
        parts: Default::default(),
    };
    read::request(&request, options.provider, &mut counter)?;
    let mut total = Tokens::default();
    counter.parts.iter().for_each(|part| total.add(*part));
    Ok(RequestCount { total, exact: counter.exact && total.low == total.high, parts: counter.parts })
}

#[cfg(test)]
mod tests;
