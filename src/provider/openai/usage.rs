//! OpenAI's usage object, taken apart into disjoint counts.
//!
//! `prompt_tokens` includes cached tokens, cache writes and audio; `completion_tokens` includes reasoning and audio.
//! <https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage>

use crate::{error::Warning, json::Raw, provider::usage, usage::Usage};

/// The disjoint counts of a chat completion's usage object; `None` for what is none, also in part: half a usage is no bill.
/// The rules are those of every body ([`usage`](mod@usage)); what is stricter here is that an output is told.
pub fn read_usage(usage: Raw<'_>, warnings: &mut Vec<Warning>) -> Option<Usage> {
    usage.member("completion_tokens")?;
    usage::of_object(usage, "openai", warnings)
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
