//! Options objects: the one place that refuses unknown keys for the whole face.

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{error::Result, web::value::check_object_keys};

/// Refuses an options object with a key that is not among `known`. `what` names it, as in "the options of BudgetManager".
#[wasm_bindgen(js_name = checkKeys)]
pub fn check_keys(what: &str, options: &JsValue, known: Vec<String>) -> Result<()> {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    check_object_keys(options, what, &known)
}
