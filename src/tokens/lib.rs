//! Exact byte-pair counting, by the vocabularies of OpenAI's models.
//!
//! A text is cut into pieces by a grammar ([`scan`](self)), each piece is looked up among those met before, and only a new
//! one is encoded. Vocabularies are packed tables of merges that come in as bytes; the core holds none.

#![warn(missing_docs)]

use tollgate_base::{collections, error};

mod block;
pub mod class;
pub mod estimate;
pub mod frame;
mod long;
pub mod media;
mod memo;
mod merges;
mod models;
mod packed;
mod scan;
#[cfg(test)]
mod scan_tests;
mod short;
mod source;
mod special;
mod text_form;
mod tokenizer;
mod unicode;
mod whole;
mod words;

pub use models::encodings_of;
pub use special::SpecialTokens;
pub use text_form::bytes_of_text;
pub use tokenizer::{DEFAULT_MEMO, Tokenizer};
