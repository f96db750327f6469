//! The usage objects of Vercel's AI SDK, versions 4 to 7. <https://ai-sdk.dev/docs/reference/ai-sdk-core/generate-text>
//!
//! | version | form |
//! |---|---|
//! | 4 | `promptTokens`, `completionTokens` |
//! | 5 | `inputTokens`, `outputTokens`, `reasoningTokens`, `cachedInputTokens`: in the input or beside it as the provider has it |
//! | 6, 7 | `inputTokens` with `inputTokenDetails`, in models `inputTokens: { total, noCache, cacheRead, cacheWrite }`; `raw` |

use super::table::{
    Field,
    Means::{Count, Either, Object, Raw},
    Slot,
};

/// The usage object. Bedrock's has some of these names.
pub(super) const USAGE: &[Field] = &[
    Field("promptTokens", Count(Slot::Prompt)),
    Field("completionTokens", Count(Slot::Output)),
    Field("inputTokens", Either(Slot::Input, &[INPUT])),
    Field("outputTokens", Either(Slot::Output, &[OUTPUT])),
    Field("totalTokens", Count(Slot::Total)),
    Field("cachedInputTokens", Count(Slot::ReadEither)),
    Field("reasoningTokens", Count(Slot::Reasoning)),
    Field("inputTokenDetails", Object(&[INPUT])),
    Field("outputTokenDetails", Object(&[OUTPUT])),
    Field("raw", Raw),
];

const INPUT: &[Field] = &[
    Field("total", Count(Slot::Prompt)),
    Field("noCache", Count(Slot::Fresh)),
    Field("cacheRead", Count(Slot::Read)),
    Field("cacheWrite", Count(Slot::Write)),
    Field("noCacheTokens", Count(Slot::Fresh)),
    Field("cacheReadTokens", Count(Slot::Read)),
    Field("cacheWriteTokens", Count(Slot::Write)),
];

const OUTPUT: &[Field] = &[
    Field("total", Count(Slot::Output)),
    Field("reasoning", Count(Slot::Reasoning)),
    Field("reasoningTokens", Count(Slot::Reasoning)),
];
