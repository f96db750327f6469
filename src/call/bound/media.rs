//! The most tokens that an image of unknown size can be.
//!
//! Whoever prices an image scales it down first, to a size that the provider documents, so that there is a most. What is not
//! known of a provider is not guessed: such a request is bounded by the context window.

use super::Facts;

/// How closely an image is to be looked at: the most, as documented for `low`, `high` and `auto`, and `original`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    Low,
    High,
    Original,
}

impl Detail {
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            Some("low") => Self::Low,
            Some("original") => Self::Original,
            // `auto` may choose `original` where a model has it.
            Some("high") => Self::High,
            _ => Self::Original,
        }
    }
}

/// The most tokens of so many images of each detail; `None` where the provider documents none.
pub(super) fn tokens(facts: &Facts<'_>, details: [u64; 3]) -> Option<u64> {
    let most = most(facts)?;
    let sum = details.iter().zip(most).fold(0_u64, |sum, (count, most)| sum.saturating_add(count.saturating_mul(most)));
    Some(sum)
}

/// The most tokens of one image, by detail.
fn most(facts: &Facts<'_>) -> Option<[u64; 3]> {
    let name = facts.name.as_str();
    if facts.is_claude() {
        // Scaled to 1,568 pixels on the long edge, from Opus 4.7 on to 2,576, and counted in squares of 28 pixels:
        // 56^2 and 92^2. Before that, width x height / 750. <https://docs.anthropic.com/en/docs/build-with-claude/vision>
        let old = ["claude-2", "claude-3", "-4-0", "-4-1", "-4-5", "-4-6", "-4-2025", "-4.1", "-4.5", "-4.6"];
        let most = if old.iter().any(|part| name.contains(part)) { 3_278 } else { 8_464 };
        return Some([most; 3]);
    }
    if name.contains("gemini") {
        // Up to 3,072 pixels a side in tiles of 768 of 258 tokens each; from Gemini 3 on by `media_resolution`, at most
        // 2,240. <https://ai.google.dev/gemini-api/docs/image-understanding>
        return Some([4_128; 3]);
    }
    if name.contains("grok") {
        // At most six tiles of 448 pixels and one more of the whole, 256 tokens each. <https://docs.x.ai/docs/guides/image-understanding>
        return Some([1_792; 3]);
    }
    if facts.is_openai() {
        return Some(openai(name));
    }
    None
}

/// OpenAI counts tiles of 512 pixels after fitting 2,048 by 768 (at most 8), or patches of 32 pixels up to a budget (1,536,
/// 2,500 from GPT-5.4 on, 10,000 for `original`), times a factor of the model.
/// <https://platform.openai.com/docs/guides/images-vision#calculating-costs>
fn openai(name: &str) -> [u64; 3] {
    let has = |part: &str| name.contains(part);
    if has("gpt-4o-mini") {
        // 2,833 and 5,667 a tile.
        return [2_833, 48_169, 48_169];
    }
    let tiles = ["gpt-4o", "gpt-4-turbo", "gpt-4-vision", "gpt-4.5", "chatgpt-4o", "o1", "o3"];
    if tiles.iter().any(|part| has(part)) && !has("mini") && !has("nano") {
        // 85 and 170 a tile at most.
        return [85, 1_445, 1_445];
    }
    // Patches, or nobody says: at 2.46, the largest factor, which also covers the tiles of GPT-4.1 and GPT-5.
    [6_150, 6_150, 24_600]
}
