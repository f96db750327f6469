//! The usage of a stream, event by event.

use crate::{error::Result, provider::sse, usage::Usage};

use super::{
    Extracted,
    read::{self, Told},
    table::Name,
};

/// Gathers what the events of a stream tell: the same in the end as the whole answer's body would.
///
/// What a later event tells replaces what an earlier one did (Anthropic's and Gemini's counts are cumulative, OpenAI's come
/// once), but for a realtime session, whose responses are billed one by one and are summed.
#[derive(Debug)]
pub struct UsageStream {
    provider: String,
    parser: sse::Parser,
    told: Told,
    /// Responses of a realtime session that are over.
    done: Option<Usage>,
}

impl UsageStream {
    /// A stream of a provider, where it is known.
    pub fn new(provider: Option<&str>) -> Self {
        Self {
            provider: provider.unwrap_or_default().to_owned(),
            parser: sse::Parser::new(),
            told: Told::new(),
            done: None,
        }
    }

    /// The next bytes of a stream of server-sent events, cut anywhere.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        for event in self.parser.push(bytes)? {
            if let Some(data) = event.data {
                self.event(&data);
            }
        }
        Ok(())
    }

    /// The data of one event, or one chunk. What is no JSON, as `[DONE]` is, tells nothing.
    pub fn event(&mut self, data: &str) {
        if let Some(walk) = read::body(data) {
            let mut told = super::told(walk, &self.provider);
            if told.name(Name::Event) == Some("response.done") {
                if let Some(usage) = super::disjoint::usage(&mut told, &self.provider) {
                    let sum = self.done.get_or_insert_default();
                    usage.iter().for_each(|(unit, count)| sum.add(unit, count));
                    sum.set_reasoning(sum.reasoning().saturating_add(usage.reasoning()));
                }
                told.forget_counts();
            }
            self.told.merge(told);
        }
    }

    /// What the stream told up to here; it goes on.
    pub fn so_far(&self) -> Option<Extracted> {
        super::extracted(self.told.clone(), &self.provider)
    }

    /// What the stream told, now that it is over.
    pub fn end(mut self) -> Option<Extracted> {
        if let Some(data) = self.parser.end().and_then(|event| event.data) {
            self.event(&data);
        }
        let mut extracted = super::extracted(self.told, &self.provider);
        if let Some(done) = self.done {
            let more = extracted.get_or_insert_default();
            done.iter().for_each(|(unit, count)| more.usage.add(unit, count));
            more.usage.set_reasoning(more.usage.reasoning().saturating_add(done.reasoning()));
        }
        extracted
    }
}
