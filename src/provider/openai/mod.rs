//! OpenAI's formats: chat completions (their messages, chunks and usage) and the stream of responses.

pub(super) mod chunk;
pub(super) mod message;
pub(super) mod request;
pub(super) mod responses;
pub mod usage;
