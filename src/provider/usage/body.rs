//! Where in a body or in an event of a stream the usage stands, and what else tells what is billed.

use super::{
    ai_sdk, anthropic, bedrock, cohere, google, openai,
    table::{
        Field,
        Means::{Count, Data, Each, Items, Object, Once, Seconds, Text, Tools},
        Name, Slot, Table,
    },
};

/// A usage object of any format.
pub(super) const USAGE: Table =
    &[openai::USAGE, anthropic::USAGE, google::USAGE, ai_sdk::USAGE, bedrock::USAGE, cohere::USAGE];

/// A body, or an event of a stream. A static, since it holds itself.
pub(super) static BODY: [&[Field]; 1] = [&[
    Field("usage", Object(USAGE)),
    Field("usageMetadata", Object(USAGE)),
    Field("model", Text(Name::Model)),
    Field("service_tier", Text(Name::Tier)),
    Field("choices", Once(Slot::Choices)),
    Field("type", Text(Name::Event)),
    // OpenAI's events carry the whole response; so does the end of Cohere's first version. The AI SDK names the model there.
    Field("response", Object(&BODY)),
    // Anthropic's first event carries the message.
    Field("message", Object(&BODY)),
    // Cohere's `message-end`.
    Field("delta", Object(&[&[Field("usage", Object(USAGE))]])),
    // What of a response OpenAI's tools cost.
    Field("output", Items),
    Field("tools", Tools),
    Field(
        "tool_usage",
        Object(&[&[Field("web_search", Object(&[&[Field("num_requests", Count(Slot::WebSearches))]]))]]),
    ),
    Field("modelVersion", Text(Name::Model)),
    Field("candidates", Each(&[google::CANDIDATE])),
    Field("modelId", Text(Name::Model)),
    Field("totalUsage", Object(USAGE)),
    Field("x_groq", Object(&[&[Field("usage", Object(USAGE))]])),
    Field("meta", Object(&[cohere::META])),
    Field("usage_info", Object(USAGE)),
    // Bedrock's last event. Of OpenAI's `metadata`, which the caller wrote, all values are texts.
    Field("metadata", Object(&[&[Field("usage", Object(USAGE)), Field("serviceTier", Object(&[TIER]))]])),
    Field("serviceTier", Object(&[TIER])),
    Field("amazon-bedrock-invocationMetrics", Object(USAGE)),
    Field("data", Data),
    Field("text", Once(Slot::Transcript)),
    Field("duration", Seconds(Slot::Duration)),
]];

const TIER: &[Field] = &[Field("type", Text(Name::Tier))];
