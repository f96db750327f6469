//! The wire formats of guarded calls.

/// In what a request and its answer are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenAI's chat completions, and everybody's who is compatible.
    /// <https://platform.openai.com/docs/api-reference/chat>
    Chat,
    /// OpenAI's responses. <https://platform.openai.com/docs/api-reference/responses>
    Responses,
    /// OpenAI's completions of a text. <https://platform.openai.com/docs/api-reference/completions>
    Completions,
    /// OpenAI's embeddings. <https://platform.openai.com/docs/api-reference/embeddings>
    Embeddings,
    /// OpenAI's images, made of a text. <https://platform.openai.com/docs/api-reference/images/create>
    Images,
    /// OpenAI's speech, made of a text. <https://platform.openai.com/docs/api-reference/audio/createSpeech>
    Speech,
    /// OpenAI's transcriptions and translations of sound: their form, with its fields as JSON.
    /// <https://platform.openai.com/docs/api-reference/audio/createTranscription>
    Transcription,
    /// OpenAI's moderations. <https://platform.openai.com/docs/api-reference/moderations>
    Moderations,
    /// Anthropic's messages. <https://docs.anthropic.com/en/api/messages>
    Messages,
    /// Gemini's `generateContent` and `streamGenerateContent`. <https://ai.google.dev/api/generate-content>
    Gemini,
}

/// All of them with their names, and what a request and an answer are called in errors.
const NAMES: [(Format, &str, &str, &str); 10] = [
    (Format::Chat, "chat", "a chat completion", "a chat completion"),
    (Format::Responses, "responses", "a response", "a response"),
    (Format::Completions, "completions", "a completion", "a completion"),
    (Format::Embeddings, "embeddings", "an embedding", "a list of embeddings"),
    (Format::Images, "images", "an image to make", "a list of images"),
    (Format::Speech, "speech", "a text to speak", "speech"),
    (Format::Transcription, "transcription", "sound to transcribe", "a transcription"),
    (Format::Moderations, "moderations", "texts to moderate", "a moderation"),
    (Format::Messages, "messages", "a message", "a message"),
    (Format::Gemini, "gemini", "content to generate", "generated content"),
];

impl Format {
    /// The format of that name.
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known, ..)| *known == name).map(|(format, ..)| *format)
    }

    fn names(self) -> Option<&'static (Format, &'static str, &'static str, &'static str)> {
        NAMES.iter().find(|(format, ..)| *format == self)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.names().map_or("", |(_, name, ..)| name)
    }

    /// What a request is called.
    pub(super) fn request(self) -> &'static str {
        self.names().map_or("", |(_, _, request, _)| request)
    }

    /// What an answer is called.
    pub(super) fn answer(self) -> &'static str {
        self.names().map_or("", |(.., answer)| answer)
    }

    /// Whether what is said in one place may come in several parts: lists of prompts are no parts.
    pub(super) const fn has_parts(self) -> bool {
        matches!(self, Format::Chat | Format::Responses | Format::Messages | Format::Gemini)
    }

    /// The model of a request that names none, where there is one.
    pub(super) const fn usual_model(self) -> Option<&'static str> {
        match self {
            Format::Moderations => Some("omni-moderation-latest"),
            Format::Images => Some("dall-e-2"),
            _ => None,
        }
    }

    /// Whether usage in a stream has to be asked for.
    pub const fn asks_for_usage(self) -> bool {
        matches!(self, Format::Chat | Format::Completions)
    }
}
