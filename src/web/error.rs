//! What hosts throw. How errors of ours go out is `src/base/thrown.rs`.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

use crate::error::{Code, Error};

/// What a host API threw, as an error of ours. Only its name and message are kept: a host's error may drag along
/// whatever it likes.
pub fn host_error(code: Code, doing: &str, thrown: &JsValue) -> Error {
    let text = |key: &str| {
        Reflect::get(thrown, &JsValue::from_str(key)).ok().and_then(|value| value.as_string()).unwrap_or_default()
    };
    let (name, message) = (text("name"), text("message"));
    let found = match (name.is_empty(), message.is_empty()) {
        (false, false) => format!("{name}: {message}"),
        (false, true) => name.clone(),
        (true, false) => message,
        (true, true) => "an unnamed exception".to_owned(),
    };
    Error::new(code, format!("cannot {doing}: the host answered {found}")).with("hostError", name)
}
