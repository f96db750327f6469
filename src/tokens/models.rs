//! Which encoding counts the texts of a model.

/// The beginnings of model names, the first that fits. As OpenAI's own table has it; names that end here with `$` must end.
const ENCODINGS: &[(&str, &[&str])] = &[
    ("o200k_harmony", &["gpt-oss"]),
    (
        "o200k_base",
        &[
            "gpt-4o",
            "chatgpt-4o",
            "gpt-4.1",
            "gpt-4.5",
            "gpt-5",
            "gpt-6",
            "o1$",
            "o1-",
            "o3$",
            "o3-",
            "o4-",
            "codex-mini",
        ],
    ),
    (
        "cl100k_base",
        &[
            "gpt-4$",
            "gpt-4-",
            "gpt-3.5",
            "gpt-35",
            "davinci-002",
            "babbage-002",
            "text-embedding-3-",
            "text-embedding-ada-002",
        ],
    ),
    ("p50k_edit", &["text-davinci-edit-001", "code-davinci-edit-001"]),
    (
        "p50k_base",
        &["text-davinci-003", "text-davinci-002", "code-davinci", "code-cushman", "davinci-codex", "cushman-codex"],
    ),
    (
        "r50k_base",
        &[
            "text-davinci-001",
            "text-curie",
            "text-babbage",
            "text-ada",
            "davinci$",
            "curie$",
            "babbage$",
            "ada$",
            "text-similarity-",
            "text-search-",
            "code-search-",
            "gpt2$",
            "gpt-2$",
        ],
    ),
    // Names of open models by their makers. Those of hosted ones say less of what stands behind them.
    ("qwen3", &["qwen2-", "qwen2.5-", "qwen3-", "qwq-32b"]),
    ("deepseek_v3", &["deepseek-v3", "deepseek-r1$", "deepseek-r1-0528$"]),
    (
        "tekken",
        &[
            "mistral-nemo",
            "open-mistral-nemo",
            "ministral-8b",
            "pixtral-12b",
            "mistral-small-25",
            "mistral-small-3",
            "mistral-medium-25",
            "mistral-medium-3",
            "magistral-",
            "devstral-",
        ],
    ),
    // Read out of their own files: `tollgate/vocab/open`. Google's SDK counts for Gemini 2 by Gemma 3's.
    ("gemma3", &["gemma-3-", "gemini-2."]),
    ("llama3", &["llama-3", "llama3", "meta-llama-3"]),
];

/// Encodings that split texts alike and differ in their special tokens only.
const ALIKE: &[&[&str]] = &[&["o200k_base", "o200k_harmony"], &["p50k_base", "p50k_edit"]];

/// The encodings that count a model's texts, its own first; none for a model whose encoding is not known.
///
/// A provider before the name (`openai/gpt-5`) and `ft:` are passed over; case does not matter.
pub fn encodings_of(model: &str) -> Vec<&'static str> {
    let model = model.rsplit('/').next().unwrap_or(model);
    let begins = |text: &str, with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let tuned = begins(model, "ft:");
    let model = if tuned { model.get(3..).unwrap_or_default() } else { model };
    // `ft:gpt-4o:acme::id`: what follows the model's name is the owner's.
    let model = if tuned { model.split(':').next().unwrap_or_default() } else { model };
    let fits = |name: &&str| match name.strip_suffix('$') {
        Some(whole) => model.eq_ignore_ascii_case(whole),
        None => begins(model, name),
    };
    let Some((own, _)) = ENCODINGS.iter().find(|(_, names)| names.iter().any(fits)) else {
        return Vec::new();
    };
    let alike = ALIKE.iter().copied().find(|names| names.contains(own)).unwrap_or_default();
    std::iter::once(*own).chain(alike.iter().copied().filter(|name| name != own)).collect()
}

#[cfg(test)]
mod tests {
    use super::encodings_of;

    #[test]
    fn models_have_the_encodings_of_openais_table() {
        for (model, encoding) in [
            ("gpt-4o", "o200k_base"),
            ("google/gemini-2.5-pro", "gemma3"),
            ("gemma-3-27b-it", "gemma3"),
            ("meta-llama/Llama-3.3-70B-Instruct", "llama3"),
            ("gpt-4o-mini-2024-07-18", "o200k_base"),
            ("openai/gpt-5-mini", "o200k_base"),
            ("GPT-4.1-nano", "o200k_base"),
            ("o1", "o200k_base"),
            ("o3-mini", "o200k_base"),
            ("gpt-oss-120b", "o200k_harmony"),
            ("gpt-4", "cl100k_base"),
            ("gpt-4-turbo", "cl100k_base"),
            ("gpt-4-32k-0314", "cl100k_base"),
            ("gpt-35-turbo", "cl100k_base"),
            ("ft:gpt-4o:acme::abc", "o200k_base"),
            ("ft:gpt-3.5-turbo-0125:acme", "cl100k_base"),
            ("ft:gpt-4:acme", "cl100k_base"),
            ("text-embedding-3-small", "cl100k_base"),
            ("text-davinci-003", "p50k_base"),
            ("text-davinci-edit-001", "p50k_edit"),
            ("davinci", "r50k_base"),
            ("gpt2", "r50k_base"),
            ("Qwen/Qwen3-235B-A22B", "qwen3"),
            ("qwen2.5-72b-instruct", "qwen3"),
            ("deepseek-ai/DeepSeek-V3", "deepseek_v3"),
            ("deepseek-r1", "deepseek_v3"),
            ("mistral-small-2506", "tekken"),
            ("open-mistral-nemo-2407", "tekken"),
        ] {
            assert_eq!(encodings_of(model).first(), Some(&encoding), "{model}");
        }
    }

    #[test]
    fn a_name_that_only_begins_like_a_model_is_none() {
        for model in [
            "",
            "claude-sonnet-4-5",
            "gemini-3-pro-preview",
            "o1x",
            "gpt-4x",
            "davinciesque",
            "o5",
            "ft:",
            "ß",
            "qwen3.5-plus",
            "deepseek-r1-distill-llama-70b",
        ] {
            assert!(encodings_of(model).is_empty(), "{model}");
        }
    }

    #[test]
    fn an_encoding_that_splits_alike_will_do() {
        assert_eq!(encodings_of("gpt-oss-20b"), ["o200k_harmony", "o200k_base"]);
        assert_eq!(encodings_of("gpt-5"), ["o200k_base", "o200k_harmony"]);
    }
}
