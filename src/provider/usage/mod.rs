//! Usage out of bodies and streams: what was consumed, in counts that do not overlap, whichever provider tells it.
//!
//! | file | holds |
//! |---|---|
//! | `table` | the words in which a format is written down |
//! | `openai`, `anthropic`, `google`, `cohere`, `bedrock`, `ai_sdk` | the usage objects, as tables of fields |
//! | `body` | where in a body or an event they stand |
//! | `read` | the one walk over all of them |
//! | `disjoint` | the rules by which what is told is taken apart |
//! | `decimal` | a reported cost, digit by digit |
//! | `stream` | [`UsageStream`]: event by event |
//!
//! **Which convention.** A field says itself whether what it counts is inside another count: `prompt_tokens_details.cached_tokens`
//! and `input_tokens_details.cached_tokens` are inside the input, `cache_read_input_tokens` and `cacheReadInputTokens` beside it. So
//! `input_tokens`, which OpenAI reports with the cache and Anthropic without, needs no provider: without any cache field both
//! mean the same. A provider's name is asked for three things only:
//! - reasoning of xAI's chat completions is outside the output where the total does not say otherwise;
//! - a `reasoning_tokens` beside the output tokens is xAI's or Perplexity's and outside; without the name it is where there are
//!   citations or searches, where it is more than the output, or where the total needs it;
//! - `cachedInputTokens` of version 5 of the AI SDK is beside the input for Anthropic and Bedrock, and where it is more than it.

mod ai_sdk;
mod anthropic;
mod bedrock;
mod body;
mod cohere;
mod decimal;
mod disjoint;
mod google;
mod openai;
mod read;
mod stream;
mod table;

use crate::{
    error::Warning,
    json::{Raw, ToJson, Writer},
    money::Usd,
    usage::Usage,
};

use read::{Told, Walk};
use table::Name;

pub use stream::UsageStream;

/// What a body tells of its bill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extracted {
    /// What was consumed.
    pub usage: Usage,
    /// The model that answered.
    pub model: Option<String>,
    /// The service tier that served, in the provider's word.
    pub service_tier: Option<String>,
    /// The region that served.
    pub region: Option<String>,
    /// What the provider says it billed, in US dollars: a plain decimal with every digit it gave.
    pub reported_cost: Option<String>,
    /// What was odd.
    pub warnings: Vec<Warning>,
}

impl ToJson for Extracted {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.value_of("usage", &self.usage);
        to.optional_text_of("model", self.model.as_deref());
        to.optional_text_of("serviceTier", self.service_tier.as_deref());
        to.optional_text_of("region", self.region.as_deref());
        to.optional_text_of("reportedCost", self.reported_cost.as_deref());
        to.list_of("warnings", &self.warnings);
        to.close('}');
    }
}

/// The usage that a text tells: a body, a usage object alone, a whole stream of server-sent events, an array of chunks, or
/// one chunk a line. `None` where it tells none.
pub fn extract(text: &str, provider: Option<&str>) -> Option<Extracted> {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    let provider = provider.unwrap_or_default();
    if text.starts_with('{') {
        return match read::body(text) {
            Some(walk) => extracted(told(walk, provider), provider),
            None => {
                let mut stream = UsageStream::new(Some(provider));
                text.lines().for_each(|line| stream.event(line));
                stream.end()
            }
        };
    }
    let mut stream = UsageStream::new(Some(provider));
    if text.starts_with('[') {
        Raw::parse(text).ok()?.items()?.into_iter().for_each(|chunk| stream.event(chunk.get()));
    } else {
        // An event too long to be one ends what can be read.
        stream.push(text.as_bytes()).ok()?;
        // What ends without an empty line may be whole all the same: a text is not cut off as a connection is.
        stream.push(b"\n\n").ok()?;
    }
    stream.end()
}

/// The disjoint counts of a usage object alone; `None` for what is none.
pub fn of_object(usage: Raw<'_>, provider: &str, warnings: &mut Vec<Warning>) -> Option<Usage> {
    let mut walk = Walk::new();
    walk.object(usage, body::USAGE, 0);
    let mut told = told(walk, provider);
    let usage = disjoint::usage(&mut told, provider);
    if usage.is_some() {
        warnings.append(&mut told.warnings);
    }
    usage
}

/// What a walk told. The AI SDK keeps the provider's own usage as `raw`, which tells more than its digest; it is taken where
/// both are of as many tokens, as they are not where the digest sums several calls.
fn told(walk: Walk<'_>, provider: &str) -> Told {
    let Walk { mut told, raw } = walk;
    if let Some(raw) = raw {
        let mut own = Walk::new();
        own.object(raw, body::USAGE, 0);
        let tokens = |told: &Told| disjoint::usage(&mut told.clone(), provider).map(|usage| usage.total_tokens());
        if tokens(&own.told).is_some_and(|own| Some(own) == tokens(&told)) {
            told.forget_counts();
            told.merge(own.told);
        }
    }
    told
}

fn extracted(mut told: Told, provider: &str) -> Option<Extracted> {
    let usage = disjoint::usage(&mut told, provider)?;
    // Google's word for a tier. <https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse#TrafficType>
    let traffic =
        told.name(Name::Traffic).filter(|traffic| !matches!(*traffic, "ON_DEMAND" | "TRAFFIC_TYPE_UNSPECIFIED"));
    let traffic = traffic.map(|traffic| traffic.trim_start_matches("ON_DEMAND_").to_ascii_lowercase());
    let fast = told.take_name(Name::Speed).filter(|speed| *speed == "fast");
    Some(Extracted {
        usage,
        model: told.take_name(Name::Model),
        service_tier: fast.or(told.take_name(Name::Tier)).or(traffic),
        region: told.take_name(Name::Region).filter(|region| region != "not_available"),
        reported_cost: reported_cost(&told),
        warnings: told.warnings,
    })
}

/// With a key of the caller's own OpenRouter bills its fee only, and the provider behind it the rest.
/// <https://openrouter.ai/docs/use-cases/byok>
fn reported_cost(told: &Told) -> Option<String> {
    let cost = told.cost.clone();
    match (&told.upstream_cost, told.own_key) {
        (Some(upstream), true) => {
            let fee = Usd::parse(cost.as_deref().unwrap_or("0")).ok()?;
            Some(fee.saturating_add(Usd::parse(upstream).ok()?).to_string())
        }
        _ => cost,
    }
}
