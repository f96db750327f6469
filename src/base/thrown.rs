//! Errors on their way out: a plain object `{ tollgate, message, context }`, from which `js/errors.ts` makes the typed
//! class. A plain object, since a class would have to be named twice.
//!
//! It belongs to the shell, and stands here since only the crate of a type may say what becomes of it.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use crate::{error::Error, json::ToJson};

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
