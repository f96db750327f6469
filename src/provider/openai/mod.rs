//! OpenAI's chat completions. <https://platform.openai.com/docs/api-reference/chat>

pub mod chunk;
pub mod request;
pub mod response;
pub mod text;
pub mod usage;
