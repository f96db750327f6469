//! Counts what of a body becomes prompt.
//!
//! Providers do not publish how they write a request out for the model, but all of it is made of what stands in the body. So
//! everything counts, as if it were written out as JSON: texts by their exact tokens or their bytes, and what stands around
//! them (keys, brackets, numbers) by its bytes, since a token is at least a byte. Inside tools and schemas, where a provider's
//! own form was measured to have more tokens than a terse schema has bytes, each object and each item count for more.
//!
//! What the bytes do not bound is set apart: images, audio, and whatever lies at the provider already.

use crate::{json::Raw, price::CacheWrites};

use super::{Count, media::Detail};

/// No request that a provider takes nests deeper; reading on would only use up the stack.
const MAX_DEPTH: u32 = 96;

/// Tokens of an object inside tools and schemas, beside its bytes: a property was measured at up to 13, with 5 for a
/// description.
const OBJECT: u64 = 24;
/// Tokens of an item of an array there, beside its bytes: an item of an enumeration was measured at up to 9.
const ITEM: u64 = 9;

/// Where in a body a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At the top, or in what Gemini's client nests its options in.
    Top,
    /// Among what is said: here media is looked for.
    Prompt,
    /// A schema, or a tool.
    Tools,
    /// Any other data.
    Data,
}

impl Place {
    /// Where the value of a member stands.
    fn of(self, key: &str) -> Self {
        match (self, key) {
            (Self::Top, "messages" | "contents" | "input" | "system" | "instructions" | "prompt" | "prediction") => {
                Self::Prompt
            }
            (Self::Top, "systemInstruction" | "system_instruction") => Self::Prompt,
            (Self::Top, "config" | "generationConfig" | "generation_config") => Self::Top,
            (
                Self::Top,
                "tools" | "functions" | "response_format" | "text" | "output_config" | "output_format"
                | "responseSchema" | "responseJsonSchema" | "response_schema" | "toolConfig" | "tool_choice",
            ) => Self::Tools,
            (Self::Prompt, "content" | "parts" | "output" | "functionResponse" | "function_response" | "messages") => {
                Self::Prompt
            }
            (Self::Tools, _) => Self::Tools,
            _ => Self::Data,
        }
    }
}

/// What was counted.
pub(super) struct Tally<'c> {
    count: Option<Count<'c>>,
    model: String,
    /// Tokens of everything that is text.
    pub tokens: u64,
    /// Whether a text was counted by its bytes.
    pub by_bytes: bool,
    /// Images, by [`Detail`].
    pub details: [u64; 3],
    /// Bytes of audio, as they are encoded in the body.
    pub audio: u64,
    /// What is not in the body, or not bounded by it.
    pub hidden: Option<String>,
    /// What nobody knows how to bound.
    pub unknown: Option<String>,
    /// Whether there is content that only the provider can read.
    pub encrypted: bool,
    /// The longest cache write that a mark asks for.
    pub marked: CacheWrites,
}

impl<'c> Tally<'c> {
    pub fn new(count: Option<Count<'c>>, model: &str) -> Self {
        Self {
            count,
            model: model.to_owned(),
            tokens: 0,
            by_bytes: false,
            details: [0; 3],
            audio: 0,
            hidden: None,
            unknown: None,
            encrypted: false,
            marked: CacheWrites::Never,
        }
    }

    pub fn images(&self) -> u64 {
        self.details.iter().sum()
    }

    /// What the body does not show; the first reason is told.
    pub fn hide(&mut self, what: &str) {
        self.hidden.get_or_insert_with(|| what.to_owned());
    }

    /// Adds a member of an object.
    pub fn member(&mut self, key: &str, value: Raw<'_>, place: Place, depth: u32) {
        self.add(escaped(key).saturating_add(4));
        match key {
            "cache_control" => self.mark(value),
            "encrypted_content" | "signature" | "thoughtSignature" | "thought_signature" | "encrypted_index" => {
                self.encrypted = true;
            }
            _ => {}
        }
        self.value(key, value, place.of(key), depth);
    }

    fn value(&mut self, key: &str, value: Raw<'_>, place: Place, depth: u32) {
        if depth > MAX_DEPTH {
            self.hide("values nested deeper than anything that is read");
            return;
        }
        if let Some(text) = value.text() {
            self.text(key, &text, place);
        } else if let Some(items) = value.items() {
            let each = if place == Place::Tools { ITEM } else { 1 };
            self.add((items.len() as u64).saturating_mul(each).saturating_add(2));
            items.into_iter().for_each(|item| self.value(key, item, place, depth + 1));
        } else if let Some(members) = value.members() {
            if place == Place::Prompt && self.part(value) {
                return;
            }
            self.add(if place == Place::Tools { OBJECT } else { 2 });
            members.into_iter().for_each(|(key, value)| self.member(&key, value, place, depth + 1));
        } else {
            // A number, true, false or null; a schema may be `true`.
            let more = if place == Place::Tools && value.bool().is_some() { OBJECT } else { 0 };
            self.add((value.get().len() as u64).saturating_add(more));
        }
    }

    /// A text. What is said goes to the model as it is; what stands in data may be written out as JSON again, in which a
    /// character takes up to six bytes, or twelve in the form of two.
    fn text(&mut self, key: &str, text: &str, place: Place) {
        let said =
            place == Place::Prompt || place == Place::Data && matches!(key, "arguments" | "text" | "data" | "url");
        let exact = if said { self.count.and_then(|count| count(&self.model, text)) } else { None };
        self.by_bytes |= said && exact.is_none();
        let bytes = || if said { text.len() as u64 } else { escaped(text) };
        self.add(exact.unwrap_or_else(bytes));
    }

    /// Adds tokens, never past the largest number.
    pub fn add(&mut self, tokens: u64) {
        self.tokens = self.tokens.saturating_add(tokens);
    }

    fn image(&mut self, detail: Option<&str>) {
        if let Some(count) = self.details.get_mut(Detail::parse(detail) as usize) {
            *count += 1;
        }
    }

    /// Takes a part of what is said that is no text; says whether it is counted with that.
    fn part(&mut self, part: Raw<'_>) -> bool {
        let inner = |outer: &str, key: &str| part.member(outer).and_then(|value| value.member(key));
        let text_of = |value: Option<Raw<'_>>| value.and_then(Raw::to_text);
        let kind = text_of(part.member("type"));
        match kind.as_deref() {
            Some("image_url" | "input_image" | "image" | "computer_screenshot" | "image_file") => {
                let detail = text_of(part.member("detail")).or_else(|| text_of(inner("image_url", "detail")));
                self.image(detail.as_deref());
                self.marks_of(part);
                true
            }
            Some("input_audio") => {
                let data = text_of(inner("input_audio", "data")).or_else(|| text_of(part.member("data")));
                match data {
                    Some(data) => self.audio = self.audio.saturating_add(data.len() as u64),
                    None => self.hide("audio that lies elsewhere"),
                }
                true
            }
            Some("document") => {
                let plain = matches!(text_of(inner("source", "type")).as_deref(), Some("text" | "content"));
                let cited = inner("citations", "enabled").and_then(Raw::bool) == Some(true);
                if !plain || cited {
                    self.hide("a document");
                }
                self.marks_of(part);
                !plain
            }
            Some("search_result") => {
                if inner("citations", "enabled").and_then(Raw::bool) == Some(true) {
                    self.hide("search results that are cited");
                }
                false
            }
            Some(
                "file"
                | "input_file"
                | "file_url"
                | "video"
                | "video_url"
                | "input_video"
                | "audio_url"
                | "document_url"
                | "item_reference"
                | "container_upload"
                | "compaction"
                | "image_generation_call",
            ) => {
                self.hide("files or items whose content is not in it");
                self.marks_of(part);
                true
            }
            Some(kind) if !TEXTS.contains(&kind) => {
                self.unknown.get_or_insert_with(|| "content of a kind that nobody knows".to_owned());
                false
            }
            _ => self.untyped(part),
        }
    }

    /// Gemini's parts have no type; neither has a chat message, which may name an earlier answer's audio.
    fn untyped(&mut self, part: Raw<'_>) -> bool {
        let data = ["inlineData", "inline_data"].into_iter().find_map(|key| part.member(key));
        let file = ["fileData", "file_data"].into_iter().find_map(|key| part.member(key));
        if let Some(blob) = data.or(file) {
            let mime = ["mimeType", "mime_type"].into_iter().find_map(|key| blob.member(key)).and_then(Raw::to_text);
            let mime = mime.unwrap_or_default().to_ascii_lowercase();
            let bytes = blob.member("data").and_then(Raw::text).map(|data| data.len() as u64);
            match bytes {
                _ if mime.starts_with("image/") => self.image(None),
                Some(bytes) if mime.starts_with("audio/") => self.audio = self.audio.saturating_add(bytes),
                _ => self.hide("files"),
            }
            return true;
        }
        if part.member("audio").is_some() {
            self.hide("audio of an earlier answer");
        }
        false
    }

    /// The marks in a part whose other members do not count.
    fn marks_of(&mut self, part: Raw<'_>) {
        if let Some(mark) = part.member("cache_control") {
            self.mark(mark);
        }
    }

    /// A mark that asks for a cache write. <https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching>
    fn mark(&mut self, mark: Raw<'_>) {
        if mark.is_null() {
            return;
        }
        let short = match mark.member("ttl") {
            None => true,
            Some(ttl) => ttl.text().as_deref() == Some("5m"),
        };
        if !short {
            self.marked = CacheWrites::Any;
        } else if self.marked == CacheWrites::Never {
            self.marked = CacheWrites::Short;
        }
    }
}

/// Kinds of content that are nothing but their texts and data, of all formats.
const TEXTS: &[&str] = &[
    "text",
    "input_text",
    "output_text",
    "refusal",
    "message",
    "reasoning",
    "reasoning_text",
    "summary_text",
    "thinking",
    "redacted_thinking",
    "content",
    "function",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "tool_use",
    "tool_result",
    "tool_reference",
    "server_tool_use",
    "web_search_tool_result",
    "web_search_result",
    "web_search_tool_result_error",
    "web_fetch_tool_result",
    "web_fetch_result",
    "web_fetch_tool_result_error",
    "code_execution_tool_result",
    "code_execution_result",
    "bash_code_execution_tool_result",
    "bash_code_execution_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "mcp_tool_use",
    "mcp_tool_result",
    "mcp_call",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "computer_call",
    "computer_call_output",
    "local_shell_call",
    "local_shell_call_output",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
];

/// The most bytes of a text as a string of JSON, every character beyond ASCII escaped.
fn escaped(text: &str) -> u64 {
    text.chars().fold(0, |sum, c| {
        sum + match c {
            '"' | '\\' | '\n' | '\r' | '\t' => 2,
            ' '..='~' => 1,
            c if (c as u32) < 0x1_0000 => 6,
            _ => 12,
        }
    })
}
