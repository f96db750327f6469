//! Which models count alike.

/// A family of models that count texts alike, in the order of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// OpenAI's models from GPT-4o on.
    O200k,
    /// GPT-4, GPT-3.5 and what came before.
    Cl100k,
    /// Claude 3 up to 4.6.
    Claude,
    /// Claude from 4.7 on.
    Claude47,
    /// Gemini and Gemma.
    Gemma,
    /// Qwen.
    Qwen,
    /// DeepSeek.
    DeepSeek,
    /// Llama 3 and 4.
    Llama3,
    /// Mistral's models since its tekken vocabulary.
    Tekken,
    /// All others: between the families, with a band that has room for all of them.
    Generic,
}

use Family::*;

/// What a model's name has in it, and its family; the first that is found. Claude is told by its version.
const NAMES: &[(&str, Family)] = &[
    ("claude", Claude),
    ("gemini", Gemma),
    ("gemma", Gemma),
    ("qwen", Qwen),
    ("qwq", Qwen),
    ("deepseek", DeepSeek),
    ("llama-3", Llama3),
    ("llama3", Llama3),
    ("llama-4", Llama3),
    ("llama4", Llama3),
    ("mistral", Tekken),
    ("ministral", Tekken),
    ("magistral", Tekken),
    ("codestral", Tekken),
    ("devstral", Tekken),
    ("pixtral", Tekken),
];

impl Family {
    /// The family of a model, by its name.
    pub fn of(model: &str) -> Self {
        match super::super::encodings_of(model).first() {
            Some(&("o200k_base" | "o200k_harmony")) => return O200k,
            Some(&("cl100k_base" | "p50k_base" | "p50k_edit" | "r50k_base")) => return Cl100k,
            // The others' families are named below.
            _ => {}
        }
        let name = model.to_ascii_lowercase();
        match NAMES.iter().find(|(part, _)| name.contains(part)) {
            Some((_, Claude)) if is_claude_47(&name) => Claude47,
            Some((_, family)) => *family,
            None => Generic,
        }
    }

    /// By its number; a number that is none is that of [`Family::Generic`].
    pub fn from_number(number: u32) -> Self {
        const ALL: [Family; 9] = [O200k, Cl100k, Claude, Claude47, Gemma, Qwen, DeepSeek, Llama3, Tekken];
        ALL.get(number as usize).copied().unwrap_or(Generic)
    }

    /// What an estimate by it is called.
    pub fn method(self) -> &'static str {
        match self {
            O200k => "estimate:o200k",
            Cl100k => "estimate:cl100k",
            Claude => "estimate:claude",
            Claude47 => "estimate:claude-4.7",
            Gemma => "estimate:gemma",
            Qwen => "estimate:qwen",
            DeepSeek => "estimate:deepseek",
            Llama3 => "estimate:llama3",
            Tekken => "estimate:tekken",
            Generic => "estimate",
        }
    }
}

/// Whether a Claude is of version 4.7 or later: its name has the version after or before its kind (`claude-opus-4-7`,
/// `claude-3-5-sonnet`, `claude-4.6-opus`). One without a version is taken for a later one.
fn is_claude_47(name: &str) -> bool {
    let name = name.find("claude").and_then(|at| name.get(at..)).unwrap_or_default();
    let mut numbers = name.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    // A date has more digits than a version.
    let short = |part: &str| part.parse::<u32>().ok().filter(|_| part.len() <= 2);
    let Some(major) = numbers.next().and_then(short) else {
        return !name.contains("instant");
    };
    let minor = numbers.next().and_then(short).unwrap_or(0);
    (major, minor) >= (4, 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_have_their_family() {
        for (model, family) in [
            ("gpt-5-mini", O200k),
            ("openai/gpt-4o", O200k),
            ("gpt-oss-120b", O200k),
            ("gpt-3.5-turbo", Cl100k),
            ("davinci", Cl100k),
            ("claude-2.1", Claude),
            ("claude-instant-v1", Claude),
            ("claude-3-5-sonnet-20241022", Claude),
            ("claude-sonnet-4-20250514", Claude),
            ("claude-opus-4-1-20250805", Claude),
            ("anthropic.claude-sonnet-4-5-20250929-v1:0", Claude),
            ("claude-opus-4-6", Claude),
            ("claude-opus-4-7", Claude47),
            ("anthropic/claude-opus-4.8", Claude47),
            ("claude-sonnet-5", Claude47),
            ("claude-opus-5-20261001", Claude47),
            ("claude-mythos-preview", Claude47),
            ("gemini-2.5-pro", Gemma),
            ("google/gemma-3-27b-it", Gemma),
            ("Qwen/Qwen3-32B", Qwen),
            ("deepseek-chat", DeepSeek),
            ("meta-llama/Llama-3.3-70B-Instruct", Llama3),
            ("mistral-large-latest", Tekken),
            ("grok-4", Generic),
            ("", Generic),
        ] {
            assert_eq!(Family::of(model), family, "{model}");
        }
    }
}
