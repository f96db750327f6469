//! Google's: Gemini and Vertex AI, their Live sessions, and interactions.
//!
//! `promptTokenCount` includes the cache; what tools gave and thoughts stand beside prompt and candidates.
//! - <https://ai.google.dev/api/generate-content#UsageMetadata>, Live: <https://ai.google.dev/api/live#UsageMetadata>
//! - Vertex AI: <https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse#UsageMetadata>
//! - searches: Gemini 3 and later are billed by the query, empty and repeated ones not counted, earlier ones by the prompt.
//!   <https://ai.google.dev/gemini-api/docs/google-search>

use super::table::{
    Field,
    Means::{Count, Each, Modalities, Object, Once, Text, Texts},
    Name, Slot,
};

/// The usage metadata.
pub(super) const USAGE: &[Field] = &[
    Field("promptTokenCount", Count(Slot::Prompt)),
    Field("candidatesTokenCount", Count(Slot::Output)),
    // Live sessions call it so.
    Field("responseTokenCount", Count(Slot::Output)),
    Field("totalTokenCount", Count(Slot::Total)),
    Field("cachedContentTokenCount", Count(Slot::Read)),
    Field("thoughtsTokenCount", Count(Slot::Thoughts)),
    Field("toolUsePromptTokenCount", Count(Slot::Tool)),
    Field("promptTokensDetails", Modalities(Slot::AudioIn)),
    // Embeddings leave out an s.
    Field("promptTokenDetails", Modalities(Slot::AudioIn)),
    Field("cacheTokensDetails", Modalities(Slot::AudioCached)),
    Field("toolUsePromptTokensDetails", Modalities(Slot::AudioTool)),
    Field("candidatesTokensDetails", Modalities(Slot::AudioOut)),
    Field("responseTokensDetails", Modalities(Slot::AudioOut)),
    Field("trafficType", Text(Name::Traffic)),
    Field("serviceTier", Text(Name::Tier)),
    Field("total_input_tokens", Count(Slot::Prompt)),
    Field("total_output_tokens", Count(Slot::Output)),
    Field("total_cached_tokens", Count(Slot::Read)),
    Field("total_thought_tokens", Count(Slot::Thoughts)),
    Field("total_tool_use_tokens", Count(Slot::Tool)),
    Field("input_tokens_by_modality", Modalities(Slot::AudioIn)),
    Field("cached_tokens_by_modality", Modalities(Slot::AudioCached)),
    Field("tool_use_tokens_by_modality", Modalities(Slot::AudioTool)),
    Field("output_tokens_by_modality", Modalities(Slot::AudioOut)),
];

/// An answer's candidate, for what it was grounded on.
pub(super) const CANDIDATE: &[Field] = &[Field(
    "groundingMetadata",
    Object(&[&[
        Field("webSearchQueries", Texts(Slot::GoogleSearches)),
        Field("groundingChunks", Each(&[&[Field("maps", Once(Slot::MapsSearches))]])),
    ]]),
)];
