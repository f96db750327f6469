//! Which wire format a request is in.

use crate::object::Object;

use super::Facts;

/// The wire formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// <https://platform.openai.com/docs/api-reference/chat/create>, and everybody's who is compatible.
    Chat,
    /// <https://platform.openai.com/docs/api-reference/responses/create>
    Responses,
    /// <https://platform.openai.com/docs/api-reference/completions/create>
    Completions,
    /// <https://platform.openai.com/docs/api-reference/embeddings/create>
    Embeddings,
    /// <https://platform.openai.com/docs/api-reference/images/create>
    Images,
    /// <https://platform.openai.com/docs/api-reference/audio/createSpeech>
    Speech,
    /// <https://platform.openai.com/docs/api-reference/audio/createTranscription>
    Transcription,
    /// <https://docs.anthropic.com/en/api/messages>
    Messages,
    /// <https://ai.google.dev/api/generate-content>
    Gemini,
}

impl Shape {
    /// The format of a request: by the keys that only one of them has, then by what the model is for. `None` for none.
    pub fn of(request: &Object<'_>, facts: &Facts<'_>) -> Option<Self> {
        let has = |key: &str| request.get(key).is_some();
        let any = |keys: &[&str]| keys.iter().any(|key| has(key));
        let mode = |name: &str| facts.mode.starts_with(name);
        Some(if has("contents") {
            Self::Gemini
        } else if has("messages") {
            if is_anthropic(request, facts) { Self::Messages } else { Self::Chat }
        } else if any(&["voice"]) || mode("audio_speech") && has("input") {
            Self::Speech
        } else if has("file") || mode("audio_transcription") {
            Self::Transcription
        } else if (mode("embedding") || mode("moderation")) && has("input") || any(&["encoding_format", "dimensions"]) {
            Self::Embeddings
        } else if mode("image") || has("prompt") && any(&["size", "quality", "style", "background", "image"]) {
            Self::Images
        } else if any(&["input", "previous_response_id", "conversation", "instructions"]) {
            Self::Responses
        } else if let Some(prompt) = request.get("prompt") {
            if prompt.kind() == "an object" { Self::Responses } else { Self::Completions }
        } else {
            return None;
        })
    }
}

/// Anthropic's messages, and not a chat completion: keys that only the one has, then the keys that only the other has, then
/// the provider.
fn is_anthropic(request: &Object<'_>, facts: &Facts<'_>) -> bool {
    let any = |keys: &[&str]| keys.iter().any(|key| request.get(key).is_some());
    if any(&["system", "thinking", "stop_sequences", "anthropic_version", "top_k", "mcp_servers", "inference_geo"]) {
        return facts.is_claude();
    }
    let chat =
        ["max_completion_tokens", "n", "response_format", "stream_options", "stop", "logprobs", "web_search_options"];
    facts.provider == "anthropic" && !any(&chat)
}
