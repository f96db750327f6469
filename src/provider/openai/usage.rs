//! OpenAI's usage object, taken apart into disjoint counts.
//!
//! `prompt_tokens` includes cached tokens, cache writes and audio; `completion_tokens` includes reasoning and audio.
//! <https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage>

use crate::{
    error::{Warning, WarningCode},
    json::Raw,
    object::Object,
    usage::{Unit, Usage},
};

/// The disjoint counts of a usage object; `None` for what is none, also in part: half a usage is no bill. What contradicts
/// itself (more cached tokens than tokens) is clamped, with a warning.
///
/// A count that is null, a text, negative or a fraction is read as absent: a request path never fails over a usage.
pub fn read_usage(usage: Raw<'_>, warnings: &mut Vec<Warning>) -> Option<Usage> {
    let usage = Object::strict(usage)?;
    let count = |of: &Object<'_>, key: &str| of.get(key).and_then(Raw::whole);
    let details = |key: &str| usage.get(key).and_then(Object::strict);
    let (mut input, mut output) = (count(&usage, "prompt_tokens")?, count(&usage, "completion_tokens")?);
    let mut clamped = false;
    let mut take = |from: &mut u64, count: Option<u64>| {
        let asked = count.unwrap_or(0);
        let taken = asked.min(*from);
        clamped |= taken < asked;
        *from -= taken;
        taken
    };
    let mut counts = Usage::default();
    if let Some(details) = details("prompt_tokens_details") {
        counts.set(Unit::CacheRead, take(&mut input, count(&details, "cached_tokens")));
        counts.set(Unit::CacheWrite, take(&mut input, count(&details, "cache_write_tokens")));
        // Audio that was cached is counted in both; what is left over after the cache is the part that was not.
        let audio = count(&details, "audio_tokens").unwrap_or(0);
        let fresh = audio.min(input);
        counts.set(Unit::InputAudio, fresh);
        input -= fresh;
        let cached_audio = (audio - fresh).min(counts.get(Unit::CacheRead));
        if cached_audio > 0 {
            counts.set(Unit::CacheRead, counts.get(Unit::CacheRead) - cached_audio);
            counts.set(Unit::CacheReadAudio, cached_audio);
        }
    }
    counts.set(Unit::Input, input);
    if let Some(details) = details("completion_tokens_details") {
        counts.set(Unit::OutputAudio, take(&mut output, count(&details, "audio_tokens")));
        let mut rest = output;
        counts.set_reasoning(take(&mut rest, count(&details, "reasoning_tokens")));
    }
    counts.set(Unit::Output, output);
    if clamped {
        warnings.push(Warning::new(
            WarningCode::UsageClamped,
            "cannot take usage apart: expected parts within their total, found more; the parts were clamped",
        ));
    }
    Some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::ToJson;

    fn read(json: &str) -> (Option<String>, usize) {
        let mut warnings = Vec::new();
        let usage = read_usage(Raw::parse(json).unwrap(), &mut warnings);
        (usage.map(|usage| usage.to_json()), warnings.len())
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
