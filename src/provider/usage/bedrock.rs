//! Bedrock's: cache reads and writes stand beside `inputTokens`, as Anthropic's do.
//!
//! - Converse: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html>
//! - writes by how long they last: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CacheDetail.html>
//! - the last chunk of InvokeModelWithResponseStream: `amazon-bedrock-invocationMetrics`

use super::table::{
    Field,
    Means::{Count, WritesByTtl},
    Slot,
};

/// What the usage object has beside the AI SDK's names.
pub(super) const USAGE: &[Field] = &[
    Field("cacheReadInputTokens", Count(Slot::ReadBeside)),
    Field("cacheWriteInputTokens", Count(Slot::WriteBeside)),
    Field("cacheDetails", WritesByTtl),
    Field("inputTokenCount", Count(Slot::Input)),
    Field("outputTokenCount", Count(Slot::Output)),
    Field("cacheReadInputTokenCount", Count(Slot::ReadBeside)),
    Field("cacheWriteInputTokenCount", Count(Slot::WriteBeside)),
];
