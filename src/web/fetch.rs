//! HTTP through the host's `fetch`: the one that the application hands in, or the global one.

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, Response};

use crate::error::Error;

/// Posts a text and gives the host's `Response`, its body unread. What `fetch` rejects with comes out as it is: the
/// caller reads from it whether a connection was made. `tie` makes a promise forget this instance, should it be replaced.
#[wasm_bindgen(js_name = postText)]
pub async fn post_text(
    tie: Function,
    fetch: Option<Function>,
    url: String,
    headers: Headers,
    body: String,
    signal: Option<AbortSignal>,
) -> Result<Response, JsValue> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(headers.as_ref());
    init.set_body(&JsValue::from_str(&body));
    init.set_signal(signal.as_ref());
    let global = js_sys::global();
    let answer = match fetch {
        // A function of the application's own: no `this` that it did not ask for.
        Some(fetch) => fetch.call2(&JsValue::UNDEFINED, &JsValue::from_str(&url), &init)?,
        None => {
            // Workers and browsers insist on the global object as `this`.
            let fetch = Reflect::get(&global, &JsValue::from_str("fetch"))
                .ok()
                .and_then(|value| value.dyn_into::<Function>().ok())
                .ok_or_else(|| {
                    Error::config(
                        "cannot send: expected a host with fetch, found none; hand one in as the option fetch",
                    )
                })?;
            fetch.call2(&global, &JsValue::from_str(&url), &init)?
        }
    };
    // `fetch` may be a plain function of the application's: what it returns is awaited, whatever it is.
    let response = JsFuture::from(js_sys::Promise::resolve(&tie.call1(&JsValue::UNDEFINED, &answer)?)).await?;
    // A polyfill's Response need not be the global class: it is taken by its shape.
    if Reflect::has(&response, &JsValue::from_str("status")).unwrap_or(false) {
        Ok(response.unchecked_into())
    } else {
        Err(Error::config("cannot send: expected fetch to answer with a Response, found another value").into())
    }
}
