//! OpenAI's usage object, taken apart into disjoint counts.
//!
//! `prompt_tokens` includes cached tokens, cache writes and audio; `completion_tokens` includes reasoning and audio.
//! <https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage>

use serde::Deserialize;

use crate::{
    error::{Warning, WarningCode},
    usage::{MAX_COUNT, Unit, Usage},
};

/// The object as it comes. A count that is no whole number is read as absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct WireUsage {
    #[serde(deserialize_with = "lenient")]
    prompt_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    completion_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient_details")]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(deserialize_with = "lenient_details")]
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    #[serde(deserialize_with = "lenient")]
    cached_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    cache_write_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    audio_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    #[serde(deserialize_with = "lenient")]
    reasoning_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    audio_tokens: Option<u64>,
}

/// Details, or nothing for what is no object.
fn lenient_details<'de, D: serde::Deserializer<'de>, T: serde::de::DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let value = <&serde_json::value::RawValue>::deserialize(from)?;
    Ok(crate::provider::edit::object(value.get()).ok())
}

/// A count, or nothing for null, a text, a negative or a fraction: a request path never fails over a usage.
fn lenient<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(value.as_u64().or_else(|| {
        value.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0 && *n <= MAX_COUNT as f64).map(|n| n as u64)
    }))
}

/// The disjoint counts of a usage object; `None` for what is none, also in part: half a usage is no bill.
pub fn read_usage(usage: &serde_json::value::RawValue, warnings: &mut Vec<Warning>) -> Option<Usage> {
    crate::provider::edit::object::<WireUsage>(usage.get()).ok()?.disjoint(warnings)
}

impl WireUsage {
    /// The disjoint counts; `None` where a count of tokens is missing. What contradicts itself (more cached tokens
    /// than tokens) is clamped, with a warning.
    pub fn disjoint(&self, warnings: &mut Vec<Warning>) -> Option<Usage> {
        if self.prompt_tokens.is_none() || self.completion_tokens.is_none() {
            return None;
        }
        let mut clamped = false;
        let mut take = |from: &mut u64, count: Option<u64>| {
            let asked = count.unwrap_or(0);
            let taken = asked.min(*from);
            clamped |= taken < asked;
            *from -= taken;
            taken
        };
        let mut usage = Usage::default();
        let mut input = self.prompt_tokens.unwrap_or(0);
        if let Some(details) = &self.prompt_tokens_details {
            usage.set(Unit::CacheRead, take(&mut input, details.cached_tokens));
            usage.set(Unit::CacheWrite, take(&mut input, details.cache_write_tokens));
            // Audio that was cached is counted in both; what is left over after the cache is the part that was not.
            let audio = details.audio_tokens.unwrap_or(0);
            let fresh = audio.min(input);
            usage.set(Unit::InputAudio, fresh);
            input -= fresh;
            let cached_audio = (audio - fresh).min(usage.get(Unit::CacheRead));
            if cached_audio > 0 {
                usage.set(Unit::CacheRead, usage.get(Unit::CacheRead) - cached_audio);
                usage.set(Unit::CacheReadAudio, cached_audio);
            }
        }
        usage.set(Unit::Input, input);
        let mut output = self.completion_tokens.unwrap_or(0);
        if let Some(details) = &self.completion_tokens_details {
            usage.set(Unit::OutputAudio, take(&mut output, details.audio_tokens));
            let mut rest = output;
            usage.set_reasoning(take(&mut rest, details.reasoning_tokens));
        }
        usage.set(Unit::Output, output);
        if clamped {
            warnings.push(Warning::new(
                WarningCode::UsageClamped,
                "cannot take usage apart: expected parts within their total, found more; the parts were clamped",
            ));
        }
        Some(usage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (Option<String>, usize) {
        let mut warnings = Vec::new();
        let usage = serde_json::from_str::<WireUsage>(json).unwrap().disjoint(&mut warnings);
        (usage.map(|usage| serde_json::to_string(&usage).unwrap()), warnings.len())
    }

    #[test]
    fn parts_are_disjoint() {
        for (json, expected, warnings) in [
            (r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#, r#"{"input":10,"output":5}"#, 0),
            (
                r#"{"prompt_tokens":10000,"completion_tokens":500,"prompt_tokens_details":{"cached_tokens":8000}}"#,
                r#"{"input":2000,"cacheRead":8000,"output":500}"#,
                0,
            ),
            (
                r#"{"prompt_tokens":2006,"completion_tokens":300,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":1920}}"#,
                r#"{"input":86,"cacheWrite":1920,"output":300}"#,
                0,
            ),
            (
                r#"{"prompt_tokens":253,"completion_tokens":1578,"completion_tokens_details":{"reasoning_tokens":952}}"#,
                r#"{"input":253,"output":1578,"reasoning":952}"#,
                0,
            ),
            (
                r#"{"prompt_tokens":100,"completion_tokens":0,"prompt_tokens_details":{"cached_tokens":80,"audio_tokens":50}}"#,
                r#"{"input":0,"cacheRead":50,"inputAudio":20,"cacheReadAudio":30,"output":0}"#,
                0,
            ),
            (
                r#"{"prompt_tokens":10,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":50}}"#,
                r#"{"input":0,"cacheRead":10,"output":1}"#,
                1,
            ),
            (
                r#"{"prompt_tokens":10,"completion_tokens":0,"prompt_tokens_details":null}"#,
                r#"{"input":10,"output":0}"#,
                0,
            ),
            (
                r#"{"prompt_tokens":10.0,"completion_tokens":7,"prompt_tokens_details":"x"}"#,
                r#"{"input":10,"output":7}"#,
                0,
            ),
        ] {
            assert_eq!(read(json), (Some(expected.to_owned()), warnings), "{json}");
        }
        assert_eq!(read("{}"), (None, 0));
        assert_eq!(read(r#"{"prompt_tokens":10,"completion_tokens":null}"#), (None, 0), "half a usage is no bill");
        assert_eq!(read(r#"{"prompt_tokens":-1}"#), (None, 0));
    }
}
