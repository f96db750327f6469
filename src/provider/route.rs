//! What a URL asks for: which provider, in which format, of which model.

use crate::provider::format::Format;

/// A URL of a provider's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// In what request and answer are written.
    pub format: Format,
    /// The provider that the host belongs to; `None` for a host that is not known.
    pub provider: Option<&'static str>,
    /// What the path names: a model, or a deployment of Azure's.
    pub model: Option<String>,
    /// Whether that is a deployment, which may have any name.
    pub is_deployment: bool,
    /// Whether the path asks for a stream: events (`Some(true)`), or not.
    pub stream: Option<bool>,
}

/// Hosts, or their ends, with their providers as the price book names them.
const HOSTS: [(&str, &str); 17] = [
    ("api.openai.com", "openai"),
    (".api.openai.com", "openai"),
    ("api.anthropic.com", "anthropic"),
    (".openai.azure.com", "azure-openai"),
    (".services.ai.azure.com", "azure-openai"),
    (".cognitiveservices.azure.com", "azure-openai"),
    ("generativelanguage.googleapis.com", "google"),
    ("aiplatform.googleapis.com", "vertex"),
    ("openrouter.ai", "openrouter"),
    ("api.x.ai", "xai"),
    ("api.mistral.ai", "mistral"),
    ("api.deepseek.com", "deepseek"),
    ("api.groq.com", "groq"),
    ("api.together.xyz", "together"),
    ("api.fireworks.ai", "fireworks"),
    ("api.perplexity.ai", "perplexity"),
    ("api.cohere.com", "cohere"),
];

/// Ends of paths with their formats.
const PATHS: [(&str, Format); 12] = [
    ("/chat/completions", Format::Chat),
    ("/responses", Format::Responses),
    ("/completions", Format::Completions),
    ("/embeddings", Format::Embeddings),
    ("/images/generations", Format::Images),
    ("/images/edits", Format::Images),
    ("/images/variations", Format::Images),
    ("/audio/speech", Format::Speech),
    ("/audio/transcriptions", Format::Transcription),
    ("/audio/translations", Format::Transcription),
    ("/moderations", Format::Moderations),
    ("/messages", Format::Messages),
];

impl Route {
    /// The route of a `POST` to an absolute URL; `None` for what no call is guarded by: models, files, batches, whatever else.
    pub fn of(url: &str) -> Option<Self> {
        let (_, rest) = url.split_once("://")?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
        let host = host.to_ascii_lowercase();
        let path = path.trim_end_matches('/');
        let known = |(name, _): &&(&str, &str)| {
            if name.starts_with('.') {
                host.ends_with(name)
            } else {
                host == *name || host.ends_with(&format!("-{name}"))
            }
        };
        let provider = HOSTS.iter().find(known).map(|(_, provider)| *provider);
        if let Some((model, method)) = path.rsplit('/').next().and_then(|last| last.split_once(':')) {
            let stream = match method {
                "generateContent" => false,
                "streamGenerateContent" => query.split('&').any(|pair| pair == "alt=sse"),
                _ => return None,
            };
            let model = Some(decoded(model)).filter(|model| !model.is_empty());
            return Some(Self { format: Format::Gemini, provider, model, is_deployment: false, stream: Some(stream) });
        }
        let (_, format) = PATHS.iter().find(|(end, _)| path.ends_with(end))?;
        // Only the deployment's form of Azure names something there.
        let mut parts = path.split('/');
        let deployment = parts.find(|part| *part == "deployments").and_then(|_| parts.next()).map(decoded);
        Some(Self { format: *format, provider, is_deployment: deployment.is_some(), model: deployment, stream: None })
    }
}

/// A part of a path without its percent signs; what is no UTF-8 then stays as it is.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = part.get(part.len() - behind.len()..part.len() - behind.len() + 2);
        match code.filter(|_| *first == b'%').and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_what_is_asked() {
        for (url, expected) in [
            ("https://api.openai.com/v1/chat/completions", "chat openai - None"),
            ("https://eu.api.openai.com/v1/responses", "responses openai - None"),
            ("https://api.openai.com/v1/responses/resp_1/cancel", "none"),
            ("https://api.openai.com/v1/models", "none"),
            ("https://api.openai.com/v1/embeddings?x=1#y", "embeddings openai - None"),
            ("https://api.openai.com/v1/images/generations", "images openai - None"),
            ("https://api.openai.com/v1/images/edits", "images openai - None"),
            ("https://api.openai.com/v1/audio/speech", "speech openai - None"),
            ("https://api.openai.com/v1/audio/transcriptions", "transcription openai - None"),
            ("https://api.groq.com/openai/v1/audio/translations", "transcription groq - None"),
            ("https://api.openai.com/v1/moderations", "moderations openai - None"),
            (
                "https://me.openai.azure.com/openai/deployments/tts/audio/speech?api-version=1",
                "speech azure-openai deployment tts None",
            ),
            ("https://api.openai.com/v1/completions", "completions openai - None"),
            ("https://api.anthropic.com/v1/messages", "messages anthropic - None"),
            ("https://api.anthropic.com/v1/messages?beta=true", "messages anthropic - None"),
            ("https://api.anthropic.com/v1/messages/count_tokens", "none"),
            ("https://api.anthropic.com/v1/messages/batches", "none"),
            (
                "https://me.openai.azure.com/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21",
                "chat azure-openai deployment my gpt None",
            ),
            ("https://me.openai.azure.com/openai/v1/chat/completions", "chat azure-openai - None"),
            (
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent",
                "gemini google model gemini-2.5-pro Some(false)",
            ),
            (
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
                "gemini google model gemini-2.5-pro Some(true)",
            ),
            ("https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:countTokens", "none"),
            ("https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", "chat google - None"),
            (
                "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent",
                "gemini vertex model gemini-2.5-pro Some(false)",
            ),
            ("https://openrouter.ai/api/v1/chat/completions", "chat openrouter - None"),
            ("http://127.0.0.1:8080/v1/chat/completions/", "chat ? - None"),
            ("https://user:pw@API.OPENAI.COM:443/v1/chat/completions", "chat openai - None"),
            ("https://evil-api.openai.com.example.com/v1/chat/completions", "chat ? - None"),
            ("not a url", "none"),
            ("", "none"),
        ] {
            let found = Route::of(url).map_or_else(
                || "none".to_owned(),
                |route| {
                    let kind = if route.is_deployment { "deployment " } else { "model " };
                    let model = route.model.map_or_else(|| "-".to_owned(), |model| format!("{kind}{model}"));
                    let provider = route.provider.unwrap_or("?");
                    format!("{} {provider} {model} {:?}", route.format.as_str(), route.stream)
                },
            );
            assert_eq!(found, expected, "{url}");
        }
    }
}
