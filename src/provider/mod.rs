//! Wire formats: what a request asks for, what an answer carries, and where in their bytes the texts stand.
//!
//! Bodies are never rebuilt. They are read as JSON, the places of their texts are kept as byte ranges ([`edit`]), and a
//! change replaces those bytes only: unknown fields, the order of keys, the spelling of numbers and white space stay
//! as they came.

pub mod answer;
mod anthropic;
pub mod chunk;
pub mod edit;
pub mod format;
mod google;
pub mod http;
pub mod openai;
pub mod request;
pub mod route;
pub mod said;
pub mod sse;
mod tables;
pub mod template;
pub mod text;
pub mod usage;
mod walk;
pub mod wire;
