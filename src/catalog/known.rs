//! What tables call a provider, and which providers a bare model name may mean.

use std::borrow::Cow;

/// A provider as our books name it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Its name in the public interface.
    pub name: Cow<'static, str>,
    /// Other names for it, parted by a space; `-` stands for `_` as well.
    pub aliases: &'static str,
    /// Its place in the order of precedence.
    pub rank: usize,
}

/// Providers in the order in which a model named without its provider is looked up: who makes the model, before the clouds
/// that sell it. Each with other names for it.
static RANKED: &[(&str, &str)] = &[
    ("openai", "text-completion-openai"),
    ("anthropic", ""),
    ("google", "gemini google-ai-studio google-generative-ai"),
    ("mistral", "mistralai"),
    ("cohere", "cohere-chat"),
    ("xai", "x-ai"),
    ("deepseek", "deepseek-ai"),
    ("groq", ""),
    ("perplexity", "perplexity-ai"),
    ("moonshot", "moonshotai"),
    ("zai", "z-ai"),
    ("minimax", ""),
    ("dashscope", "alibaba"),
    ("amazon-nova", ""),
    ("voyage", "voyageai"),
    ("jina", "jina-ai"),
    ("ai21", ""),
    ("meta-llama", ""),
    ("arcee", "arcee-ai"),
    ("cerebras", ""),
    ("elevenlabs", ""),
    ("deepgram", ""),
    ("assemblyai", ""),
    ("stability", "stability-ai"),
    ("black-forest-labs", "bfl"),
    ("azure-openai", "azure azure-text"),
    ("bedrock", "aws amazon-bedrock bedrock-converse"),
    ("vertex", "vertex-ai vertexai google-vertex"),
    ("azure-ai", "azure-foundry"),
    ("openrouter", ""),
];

/// Other providers that have other names.
static OTHERS: &[(&str, &str)] = &[
    ("together", "together-ai togetherai"),
    ("fireworks", "fireworks-ai"),
    ("cloudflare", "workers-ai cloudflare-workers-ai"),
    ("vercel", "vercel-ai-gateway"),
    ("nvidia", "nvidia-nim"),
    ("bigmodel", "zhipuai zhipu"),
    ("codestral", "text-completion-codestral"),
    ("inception", "text-completion-inception"),
];

impl Known {
    /// Whether a model named without its provider may be one of its.
    pub fn is_ranked(&self) -> bool {
        self.rank < RANKED.len()
    }
}

/// Whether two names of providers are one: in any case, `_` being `-`.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    a.len() == b.len() && a.bytes().map(plain).eq(b.bytes().map(plain))
}

/// The provider that a table calls so.
pub(super) fn known(name: &str) -> Known {
    let all = RANKED.iter().chain(OTHERS);
    for (rank, &(own, aliases)) in all.enumerate() {
        if is_same(own, name) || aliases.split(' ').any(|alias| is_same(alias, name)) {
            return Known { name: Cow::Borrowed(own), aliases, rank };
        }
    }
    Known {
        name: Cow::Owned(name.to_ascii_lowercase().replace('_', "-")),
        aliases: "",
        rank: RANKED.len() + OTHERS.len(),
    }
}
