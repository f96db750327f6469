//! What an image is in tokens, by the model that looks at it.

use crate::estimate::Family;

/// How closely an image is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Detail {
    /// As the model has it by default.
    #[default]
    Auto,
    /// OpenAI's and Gemini's `low`.
    Low,
    /// Gemini's.
    Medium,
    /// OpenAI's and Gemini's `high`.
    High,
    /// OpenAI's `original`, and Gemini's `ultra_high`.
    Most,
}

impl Detail {
    /// By OpenAI's word, or Gemini's (`MEDIA_RESOLUTION_HIGH`).
    pub fn parse(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        match text.strip_prefix("media_resolution_").unwrap_or(&text) {
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "original" | "ultra_high" => Self::Most,
            _ => Self::Auto,
        }
    }
}

/// How a model looks at images.
#[derive(Clone, Copy)]
enum Vision {
    /// Tiles of 512 pixels, after fitting into 2,048 and to a short side of 768: so many tokens, and so many a tile.
    Tiles(u64, u64),
    /// Patches of 32 pixels, up to a budget, times so many hundredths.
    Patches(u64, u64),
    /// Squares of 28 pixels, after fitting a long side, up to so many.
    Squares(u64, u64),
    /// Gemini's tiles of 258 tokens.
    Crops,
    /// By the resolution asked for.
    Levels,
}

use Vision::*;

/// What a model's name has in it, and how it looks; the first row that fits. Of OpenAI's models as its guide has it; documents and
/// bills were seen to disagree for the small ones. <https://platform.openai.com/docs/guides/images-vision#calculating-costs>
const OPENAI: &[(&str, Vision)] = &[
    ("gpt-4o-mini", Tiles(2_833, 5_667)),
    ("gpt-4.1-mini", Patches(1_536, 162)),
    ("gpt-4.1-nano", Patches(1_536, 246)),
    ("o4-mini", Patches(1_536, 172)),
    ("gpt-5.4-mini", Patches(1_536, 162)),
    ("gpt-5.4-nano", Patches(1_536, 246)),
    ("gpt-5-mini", Patches(1_536, 162)),
    ("gpt-5-nano", Patches(1_536, 246)),
    ("gpt-5.4", Patches(2_500, 100)),
    ("gpt-5.5", Patches(2_500, 100)),
    ("gpt-5.2", Patches(1_536, 100)),
    ("gpt-5.3", Patches(1_536, 100)),
    ("gpt-5", Tiles(70, 140)),
    ("gpt-6", Patches(2_500, 100)),
    ("computer-use", Tiles(65, 129)),
    ("gpt-image", Tiles(65, 129)),
    ("o1", Tiles(75, 150)),
    ("o3", Tiles(75, 150)),
    ("gpt-4", Tiles(85, 170)),
];

/// The tokens of an image for a model: the likely count, the least and the most. Without a size it is taken for one of 1,024 by
/// 1,024, between the smallest and the largest that the model makes of one.
pub fn image_tokens(model: &str, family: Family, size: Option<(u64, u64)>, detail: Detail) -> [u64; 3] {
    let name = model.to_ascii_lowercase();
    let vision = match family {
        Family::O200k | Family::Cl100k => {
            OPENAI.iter().find(|(part, _)| name.contains(part)).map(|(_, vision)| *vision)
        }
        // <https://docs.anthropic.com/en/docs/build-with-claude/vision>
        Family::Claude => Some(Squares(1_568, 1_600)),
        Family::Claude47 => Some(Squares(2_576, 4_784)),
        // <https://ai.google.dev/gemini-api/docs/image-understanding>, <https://ai.google.dev/gemini-api/docs/media-resolution>
        Family::Gemma if ["gemini-1", "gemini-2", "gemma"].iter().any(|part| name.contains(part)) => Some(Crops),
        Family::Gemma => Some(Levels),
        _ => None,
    };
    let Some(vision) = vision else { return [1_024, 64, 8_464] };
    let at = |size: (u64, u64)| tokens(vision, size, detail);
    match size {
        Some(size) => {
            let count = at(size);
            match vision {
                // Before, it was width times height over 750.
                Squares(side, _) => {
                    let (width, height) = fit(size, side);
                    let before = (width * height).div_ceil(750);
                    [count, count.min(before), count.max(before)]
                }
                _ => [count; 3],
            }
        }
        None => {
            let sizes = [(1, 1), (512, 512), (2_048, 768), (2_048, 2_048), (8_192, 8_192), (768, 8_192)].map(at);
            let most = sizes.iter().fold(0, |most, count| most.max(*count));
            [at((1_024, 1_024)), sizes.iter().fold(most, |least, count| least.min(*count)), most]
        }
    }
}

fn tokens(vision: Vision, size: (u64, u64), detail: Detail) -> u64 {
    match vision {
        Tiles(base, tile) => {
            if detail == Detail::Low {
                return base;
            }
            let (mut width, mut height) = fit(size, 2_048);
            let short = width.min(height);
            if short > 768 {
                (width, height) = (scale(width, 768, short), scale(height, 768, short));
            }
            base + tile * width.div_ceil(512) * height.div_ceil(512)
        }
        Patches(budget, hundredths) => {
            let budget = match detail {
                // A picture of 512 by 512.
                Detail::Low => 256,
                Detail::Most => 10_000,
                _ => budget,
            };
            (patches(size, budget) * hundredths).div_ceil(100)
        }
        Squares(side, most) => {
            let (width, height) = fit(size, side);
            (width.div_ceil(28) * height.div_ceil(28)).min(most)
        }
        Crops => {
            let (width, height) = fit(size, 3_072);
            if width <= 384 && height <= 384 {
                return 258;
            }
            // Two thirds of the short side, in bounds.
            let unit = (width.min(height) * 2 / 3).clamp(256, 768);
            258 * width.div_ceil(unit) * height.div_ceil(unit)
        }
        Levels => match detail {
            Detail::Low => 280,
            Detail::Medium => 560,
            Detail::Auto | Detail::High => 1_120,
            Detail::Most => 2_240,
        },
    }
}

/// Scaled down so that no side is longer.
fn fit((width, height): (u64, u64), side: u64) -> (u64, u64) {
    let long = width.max(height);
    if long <= side { (width, height) } else { (scale(width, side, long), scale(height, side, long)) }
}

/// A side times a ratio, of at least a pixel.
fn scale(side: u64, to: u64, from: u64) -> u64 {
    let scaled = u128::from(side) * u128::from(to) / u128::from(from.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX).max(1)
}

/// The patches of 32 pixels that cover an image. Over the budget it is shrunk to it, and then so that one side has whole patches.
fn patches((width, height): (u64, u64), budget: u64) -> u64 {
    let whole = width.div_ceil(32).saturating_mul(height.div_ceil(32));
    if whole <= budget {
        return whole;
    }
    let (w, h) = (width as f64, height as f64);
    let shrink = (1_024.0 * budget as f64 / (w * h)).sqrt();
    let [across, down] = [w, h].map(|side| side * shrink / 32.0);
    let again = [across, down].into_iter().map(|side| side.floor() / side).fold(1.0, f64::min);
    // A strip that is narrower than a patch has one all the same.
    let again = if again > 0.0 { again } else { 1.0 };
    let [across, down] = [across, down].map(|side| ((side * again - 1e-9).ceil().max(1.0)) as u64);
    across.saturating_mul(down).min(budget)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_the_tokens_of_the_published_examples() {
        for (model, size, detail, expected) in [
            // OpenAI's guide: tiles. <https://platform.openai.com/docs/guides/images-vision#calculating-costs>
            ("gpt-4o", (1024, 1024), Detail::High, 765),
            ("gpt-4o", (2048, 4096), Detail::High, 1105),
            ("gpt-4o", (4096, 8192), Detail::Low, 85),
            ("gpt-4o", (512, 512), Detail::High, 255),
            ("gpt-4o-mini", (1024, 1024), Detail::High, 25_501),
            ("gpt-5", (1024, 1024), Detail::Auto, 630),
            ("o3", (1024, 1024), Detail::Auto, 675),
            // OpenAI's guide: patches, 1,024 of them, and 1,452 of 1,800 by 2,400 pixels.
            ("gpt-5.2", (1024, 1024), Detail::Auto, 1_024),
            ("gpt-5.2", (1800, 2400), Detail::Auto, 1_452),
            ("gpt-4.1-mini", (1024, 1024), Detail::Auto, 1_659),
            ("gpt-4.1-nano", (1800, 2400), Detail::Auto, 3_572),
            // Google's: six crops of 360 pixels, and one picture that is small.
            // <https://ai.google.dev/gemini-api/docs/image-understanding>
            ("gemini-2.5-flash", (960, 540), Detail::Auto, 1_548),
            ("gemini-2.5-flash", (384, 384), Detail::Auto, 258),
            ("gemini-3-pro-preview", (4_000, 3_000), Detail::Auto, 1_120),
            ("gemini-3-pro-preview", (4_000, 3_000), Detail::Low, 280),
            // Anthropic's squares. <https://docs.anthropic.com/en/docs/build-with-claude/vision>
            ("claude-sonnet-4-5", (1000, 1000), Detail::Auto, 1_296),
            ("claude-sonnet-4-5", (200, 200), Detail::Auto, 64),
        ] {
            let found = image_tokens(model, Family::of(model), Some(size), detail);
            assert_eq!(found[0], expected, "{model} {size:?} {detail:?}");
        }
    }

    #[test]
    fn details_have_the_words_of_the_providers() {
        for (text, detail) in [
            ("low", Detail::Low),
            ("high", Detail::High),
            ("original", Detail::Most),
            ("MEDIA_RESOLUTION_MEDIUM", Detail::Medium),
            ("media_resolution_ultra_high", Detail::Most),
            ("auto", Detail::Auto),
            ("", Detail::Auto),
        ] {
            assert_eq!(Detail::parse(text), detail, "{text}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(512))]

        /// Whatever a header says, an image has some tokens, and no more than the largest of its model; and what nobody knows the
        /// size of is between the least and the most.
        #[test]
        fn tokens_are_bounded(width in 1_u64..=u64::from(u32::MAX), height in 1_u64..=u64::from(u32::MAX), small: bool, model in 0_usize..8, detail in 0_usize..5) {
            let size = if small { (width % 5_000 + 1, height % 5_000 + 1) } else { (width, height) };
            let model = ["gpt-4o", "gpt-4o-mini", "gpt-5-mini", "gpt-5.5", "claude-sonnet-4-5", "claude-opus-4-8", "gemini-2.5-pro", "grok-4"][model];
            let detail = [Detail::Auto, Detail::Low, Detail::Medium, Detail::High, Detail::Most][detail];
            let [count, low, high] = image_tokens(model, Family::of(model), Some(size), detail);
            proptest::prop_assert!(0 < low && low <= count && count <= high && high <= 50_000, "{count} {low} {high}");
            let [count, low, high] = image_tokens(model, Family::of(model), None, detail);
            proptest::prop_assert!(0 < low && low <= count && count <= high, "{count} {low} {high}");
        }
    }
}
