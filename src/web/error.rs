//! Errors on their way out: a plain object `{ tollgate, message, context }`, from which `js/errors.ts` makes the typed
//! class. A plain object, since a class would have to be named twice.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use crate::{
    error::{Code, Error},
    json::ToJson,
};

impl From<Error> for JsValue {
    fn from(error: Error) -> JsValue {
        let thrown = Object::new();
        let context = error.context().to_json();
        for (key, text) in
            [("tollgate", error.code().as_str()), ("message", error.message()), ("context", context.as_str())]
        {
            // Setting a property of a fresh plain object does not fail.
            let _ = Reflect::set(&thrown, &JsValue::from_str(key), &JsValue::from_str(text));
        }
        thrown.into()
    }
}

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
