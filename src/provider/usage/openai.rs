//! OpenAI's, and what took them over: Azure, Mistral, xAI, DeepSeek, Groq, Perplexity, OpenRouter and others.
//!
//! - chat completions: <https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage>
//! - responses: <https://platform.openai.com/docs/api-reference/responses/object#responses/object-usage>
//! - embeddings: <https://platform.openai.com/docs/api-reference/embeddings/create>
//! - images: <https://platform.openai.com/docs/api-reference/images/object>
//! - transcriptions, by tokens or by duration: <https://platform.openai.com/docs/api-reference/audio/json-object>
//! - realtime: <https://platform.openai.com/docs/api-reference/realtime-server-events/response/done>
//! - Azure, the same shapes: <https://learn.microsoft.com/azure/ai-foundry/openai/reference>
//! - Mistral: <https://docs.mistral.ai/api>; its transcriptions also tell `prompt_audio_seconds`, and are billed by them
//! - xAI: <https://docs.x.ai/docs/api-reference>, costs: <https://docs.x.ai/developers/cost-tracking>
//! - DeepSeek: <https://api-docs.deepseek.com/api/create-chat-completion>
//! - Groq: <https://console.groq.com/docs/api-reference>; its streams carry the usage in `x_groq`
//! - Perplexity: <https://docs.perplexity.ai/api-reference/chat-completions-post>
//! - OpenRouter: <https://openrouter.ai/docs/use-cases/usage-accounting>

use super::table::{
    Field,
    Means::{Cost, Count, Either, Object, OwnKey, Seconds, UpstreamCost},
    Slot,
};

/// The usage object.
pub(super) const USAGE: &[Field] = &[
    Field("prompt_tokens", Count(Slot::Prompt)),
    Field("completion_tokens", Count(Slot::Output)),
    Field("total_tokens", Count(Slot::Total)),
    Field("prompt_tokens_details", Object(&[INPUT])),
    Field("completion_tokens_details", Object(&[OUTPUT])),
    // Anthropic's have the same names.
    Field("input_tokens", Count(Slot::Input)),
    Field("output_tokens", Count(Slot::Output)),
    Field("input_tokens_details", Object(&[INPUT])),
    Field("output_tokens_details", Object(&[OUTPUT])),
    // Realtime and transcriptions leave out an s, and Mistral has both.
    Field("input_token_details", Object(&[INPUT])),
    Field("output_token_details", Object(&[OUTPUT])),
    Field("prompt_token_details", Object(&[INPUT])),
    Field("seconds", Seconds(Slot::Audio)),
    Field("prompt_audio_seconds", Seconds(Slot::Audio)),
    Field("audio_tokens", Count(Slot::AudioBeside)),
    Field("prompt_cache_hit_tokens", Count(Slot::Read)),
    Field("cached_tokens", Count(Slot::Read)),
    Field("num_cached_tokens", Count(Slot::Read)),
    Field("reasoning_tokens", Count(Slot::ReasoningApart)),
    Field("citation_tokens", Count(Slot::Citation)),
    Field("num_search_queries", Count(Slot::WebSearches)),
    Field("num_sources_used", Count(Slot::WebSearches)),
    Field("server_side_tool_usage_details", Object(&[SERVER_SIDE])),
    Field("pages_processed", Count(Slot::Pages)),
    Field("pages_processed_annotation", Count(Slot::AnnotatedPages)),
    Field("cost", Cost(0)),
    Field("cost_in_usd_ticks", Cost(10)),
    Field("cost_details", Object(&[&[Field("upstream_inference_cost", UpstreamCost)]])),
    Field("is_byok", OwnKey),
    Field("tokens", Either(Slot::Prompt, &[super::cohere::TOKENS])),
];

/// Details of the input.
const INPUT: &[Field] = &[
    Field("cached_tokens", Count(Slot::Read)),
    Field("cache_read_input_tokens", Count(Slot::Read)),
    Field("cache_write_tokens", Count(Slot::Write)),
    Field("cache_creation_tokens", Count(Slot::Write)),
    Field("cache_creation_input_tokens", Count(Slot::Write)),
    Field("audio_tokens", Count(Slot::AudioIn)),
    Field("image_tokens", Count(Slot::ImageIn)),
    Field("video_tokens", Count(Slot::VideoIn)),
    Field(
        "cached_tokens_details",
        Object(&[&[Field("audio_tokens", Count(Slot::AudioCached)), Field("image_tokens", Count(Slot::ImageCached))]]),
    ),
];

/// Details of the output.
const OUTPUT: &[Field] = &[
    Field("reasoning_tokens", Count(Slot::Reasoning)),
    Field("thinking_tokens", Count(Slot::Reasoning)),
    Field("audio_tokens", Count(Slot::AudioOut)),
    Field("image_tokens", Count(Slot::ImageOut)),
    Field("text_tokens", Count(Slot::TextOut)),
];

/// xAI's tools. <https://docs.x.ai/developers/tools/tool-usage-details>
const SERVER_SIDE: &[Field] =
    &[Field("web_search_calls", Count(Slot::WebSearches)), Field("file_search_calls", Count(Slot::FileSearches))];
