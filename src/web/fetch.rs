//! HTTP through the host's `fetch`: the one that the application hands in, or the global one.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::{AbortSignal, Headers, RequestInit};

use crate::error::{Error, Result};

/// Posts a text and gives the promise of what `fetch` answers, unread. What `fetch` throws or rejects with comes out as it
/// is: the caller reads from it whether a connection was made. The host waits for the promise; a future of ours would be
/// one more turn through the module, and would be lost with it.
#[wasm_bindgen(js_name = postText)]
pub fn post_text(
    fetch: Option<Function>,
    url: &str,
    headers: &Headers,
    body: &str,
    signal: Option<AbortSignal>,
) -> Result<Promise> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(headers.as_ref());
    init.set_body(&JsValue::from_str(body));
    init.set_signal(signal.as_ref());
    let url = JsValue::from_str(url);
    let answer = match fetch {
        // A function of the application's own: no `this` that it did not ask for.
        Some(fetch) => fetch.call2(&JsValue::UNDEFINED, &url, &init),
        None => {
            // Workers and browsers insist on the global object as `this`.
            let global = js_sys::global();
            let fetch = Reflect::get(&global, &JsValue::from_str("fetch"));
            let fetch = fetch.ok().and_then(|value| value.dyn_into::<Function>().ok()).ok_or_else(|| {
                Error::config("cannot send: expected a host with fetch, found none; hand one in as the option fetch")
            })?;
            fetch.call2(&global, &url, &init)
        }
    };
    // `fetch` may be a plain function of the application's: what it returns is awaited, whatever it is.
    Ok(answer.map_or_else(|thrown| Promise::reject(&thrown), |answer| Promise::resolve(&answer)))
}
