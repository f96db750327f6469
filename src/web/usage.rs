//! Usage out of a text. What is read from where is decided in [`crate::provider::usage`].

use wasm_bindgen::prelude::wasm_bindgen;

use crate::{json::ToJson, provider::usage};

/// What a body, a usage object or a whole stream consumed, as JSON text; undefined where it tells nothing. It comes
/// as UTF-8: the glue takes a text over character by character.
#[wasm_bindgen(js_name = extractUsage)]
pub fn extract_usage(body: &[u8], provider: Option<String>) -> Option<String> {
    usage::extract(str::from_utf8(body).ok()?, provider.as_deref()).map(|extracted| extracted.to_json())
}
