//! Images, documents and sound.

use crate::{
    json::Raw,
    tokens::{
        estimate::Family,
        media::{self, Data, Detail, image_tokens},
    },
};

use super::{Counter, Part, Tokens};

/// Counts a block that is a file, of any format; says whether it is one.
pub(super) fn file(of: Raw<'_>, to: &mut Counter<'_>) -> bool {
    let text_of = |value: Option<Raw<'_>>| value.and_then(Raw::to_text);
    let inner = |outer: &str, key: &str| text_of(of.member(outer).and_then(|value| value.member(key)));
    let kind = text_of(of.member("type")).unwrap_or_default();
    match kind.as_str() {
        "image_url" | "input_image" | "computer_screenshot" => {
            let url = text_of(of.member("image_url")).or_else(|| inner("image_url", "url"));
            let detail = text_of(of.member("detail")).or_else(|| inner("image_url", "detail"));
            image(url.as_deref(), detail.as_deref(), to);
        }
        "image" => {
            let data = inner("source", "data").or_else(|| text_of(of.member("data")));
            image(data.as_deref(), None, to);
        }
        "input_audio" => {
            let data = inner("input_audio", "data").or_else(|| text_of(of.member("data")));
            sound(data.as_deref(), to);
        }
        "document" if matches!(inner("source", "type").as_deref(), Some("text" | "content")) => {
            for key in ["title", "context"] {
                if let Some(text) = text_of(of.member(key)) {
                    to.text(Part::Documents, &text);
                }
            }
            let source = of.member("source");
            match inner("source", "data") {
                Some(text) => to.text(Part::Documents, &text),
                None => match source.and_then(|source| source.member("content")) {
                    Some(content) => super::read::block(content, Part::Documents, to, 1),
                    None => to.unsure(),
                },
            }
        }
        "document" => document(inner("source", "data").as_deref(), to),
        "file" | "input_file" => {
            let data = inner("file", "file_data").or_else(|| text_of(of.member("file_data")));
            document(data.as_deref(), to);
        }
        _ => return gemini(of, to),
    }
    true
}

/// A member by either of its names.
fn either<'a>(of: Raw<'a>, keys: [&str; 2]) -> Option<Raw<'a>> {
    keys.into_iter().find_map(|key| of.member(key))
}

/// Gemini's parts say of what kind their data is.
fn gemini(of: Raw<'_>, to: &mut Counter<'_>) -> bool {
    let here = either(of, ["inlineData", "inline_data"]);
    let Some(blob) = here.or_else(|| either(of, ["fileData", "file_data"])) else { return false };
    let mime = either(blob, ["mimeType", "mime_type"]).and_then(Raw::to_text).unwrap_or_default().to_ascii_lowercase();
    let data = blob.member("data").and_then(Raw::to_text);
    let level = either(of, ["mediaResolution", "media_resolution"]);
    let detail = level.and_then(|level| level.to_text().or_else(|| level.member("level").and_then(Raw::to_text)));
    if mime.starts_with("image/") {
        image(data.as_deref(), detail.as_deref(), to);
    } else if mime.starts_with("audio/") {
        sound(data.as_deref(), to);
    } else if mime.starts_with("video/") {
        // 263 tokens a second; how long it is, its container hides.
        to.add(Part::Audio, Tokens { tokens: 7_890, low: 263, high: 1_000_000 });
    } else {
        document(data.as_deref(), to);
    }
    true
}

fn image(data: Option<&str>, detail: Option<&str>, to: &mut Counter<'_>) {
    let size = data.and_then(Data::new).and_then(|data| media::size(&data));
    let [tokens, low, high] = image_tokens(&to.model, to.family, size, detail.map(Detail::parse).unwrap_or_default());
    to.add(Part::Images, Tokens { tokens, low, high });
}

/// A PDF by its pages; other documents by their text.
fn document(data: Option<&str>, to: &mut Counter<'_>) {
    let data = data.and_then(Data::new);
    let is_pdf = data.as_ref().is_none_or(|data| (0..64).any(|at| data.has(at, b"%PDF-")));
    if let (Some(data), false) = (&data, is_pdf) {
        let bytes: Vec<u8> = (0..data.len()).filter_map(|at| data.byte(at)).collect();
        return to.text(Part::Documents, &String::from_utf8_lossy(&bytes));
    }
    let pages = data.as_ref().and_then(media::pages);
    let bytes = data.as_ref().map_or(0, Data::len) as u64;
    // No provider takes more pages.
    let [likely, least, most] = match pages {
        Some(pages) => [pages.min(1_000); 3],
        None => [(bytes / 50_000).clamp(1, 100), 1, (bytes / 1_000).clamp(100, 1_000)],
    };
    let [tokens, low, high] = match to.family {
        // 258 a page, later by resolution; the text that is in it is not billed. <https://ai.google.dev/gemini-api/docs/document-processing>
        Family::Gemma if to.model.contains("gemini-2") || to.model.contains("gemini-1") => [258, 258, 258],
        Family::Gemma => [560, 280, 1_120],
        // 1,500 to 3,000 of text, and the picture of each page. <https://docs.anthropic.com/en/docs/build-with-claude/pdf-support>
        Family::Claude => [2_200, 900, 4_600],
        Family::Claude47 => [3_000, 900, 7_800],
        _ => [1_400, 300, 4_500],
    };
    to.add(Part::Documents, Tokens { tokens: likely * tokens, low: least * low, high: most * high });
}

/// A sound by its seconds: 10 tokens each with OpenAI, 32 with Gemini. <https://platform.openai.com/docs/guides/realtime-costs>,
/// <https://ai.google.dev/gemini-api/docs/audio>
fn sound(data: Option<&str>, to: &mut Counter<'_>) {
    let a_second = if to.family == Family::Gemma { 32 } else { 10 };
    let data = data.and_then(Data::new);
    let tokens = |milliseconds: u64| milliseconds.saturating_mul(a_second).div_ceil(1_000);
    let found = match data.as_ref().and_then(media::milliseconds) {
        // Begun seconds or parts of them may count.
        Some(length) => {
            Tokens { tokens: tokens(length), low: tokens(length.saturating_sub(1_000)), high: tokens(length + 1_000) }
        }
        None => {
            // From what music is packed into to what speech is.
            let bytes = data.as_ref().map_or(1_000_000, Data::len) as u64;
            Tokens { tokens: tokens(bytes / 16), low: tokens(bytes / 192), high: tokens(bytes) }
        }
    };
    to.add(Part::Audio, found);
}
