//! Anthropic's messages: cache reads and writes stand beside `input_tokens`.
//!
//! - <https://docs.anthropic.com/en/api/messages>, streams: <https://docs.anthropic.com/en/docs/build-with-claude/streaming>
//! - writes by how long they last: <https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching>
//! - iterations, whose compactions no total includes: <https://docs.anthropic.com/en/docs/build-with-claude/compaction>

use super::table::{
    Field,
    Means::{Count, Iterations, Object, Text},
    Name, Slot,
};

/// What the usage object has beside OpenAI's names.
pub(super) const USAGE: &[Field] = &[
    Field("cache_read_input_tokens", Count(Slot::ReadBeside)),
    Field("cache_creation_input_tokens", Count(Slot::WriteBeside)),
    Field("cache_creation", Object(&[WRITES])),
    Field("server_tool_use", Object(&[TOOLS])),
    Field("server_tool_use_details", Object(&[TOOLS])),
    Field("service_tier", Text(Name::Tier)),
    Field("speed", Text(Name::Speed)),
    Field("inference_geo", Text(Name::Region)),
    Field("iterations", Iterations),
];

const WRITES: &[Field] = &[
    Field("ephemeral_5m_input_tokens", Count(Slot::Write5m)),
    Field("ephemeral_1h_input_tokens", Count(Slot::Write1h)),
];

const TOOLS: &[Field] = &[Field("web_search_requests", Count(Slot::WebSearches))];

/// An iteration that is a compaction.
pub(super) const COMPACTION: &[Field] = &[
    Field("input_tokens", Count(Slot::CompactInput)),
    Field("output_tokens", Count(Slot::CompactOutput)),
    Field("cache_read_input_tokens", Count(Slot::CompactRead)),
    Field("cache_creation_input_tokens", Count(Slot::CompactWrite)),
    Field(
        "cache_creation",
        Object(&[&[
            Field("ephemeral_5m_input_tokens", Count(Slot::CompactWrite5m)),
            Field("ephemeral_1h_input_tokens", Count(Slot::CompactWrite1h)),
        ]]),
    ),
];
