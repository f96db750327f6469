//! The version, so that the face need not repeat it.

use wasm_bindgen::prelude::wasm_bindgen;

/// The version of the crate and of the package.
#[wasm_bindgen]
pub fn version() -> String {
    crate::VERSION.to_owned()
}
