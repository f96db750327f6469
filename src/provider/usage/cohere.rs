//! Cohere's, first and second version: what was billed, and what went through the model. What was billed counts.
//!
//! - <https://docs.cohere.com/reference/chat>, streams: <https://docs.cohere.com/v2/docs/streaming>
//! - <https://docs.cohere.com/reference/rerank>, <https://docs.cohere.com/reference/embed>

use super::table::{
    Field,
    Means::{Count, Object},
    Slot,
};

/// The second version's usage object, and the first version's `meta`.
pub(super) const USAGE: &[Field] = &[Field("billed_units", Object(&[BILLED]))];

/// The first version's `meta`.
pub(super) const META: &[Field] = &[Field("billed_units", Object(&[BILLED])), Field("tokens", Object(&[TOKENS]))];

const BILLED: &[Field] = &[
    Field("input_tokens", Count(Slot::BilledInput)),
    Field("output_tokens", Count(Slot::BilledOutput)),
    Field("search_units", Count(Slot::Queries)),
    Field("images", Count(Slot::InputImages)),
    Field("image_tokens", Count(Slot::ImageBeside)),
];

/// What went through the model.
pub(super) const TOKENS: &[Field] =
    &[Field("input_tokens", Count(Slot::TokensInput)), Field("output_tokens", Count(Slot::TokensOutput))];
