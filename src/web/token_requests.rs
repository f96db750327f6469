//! Requests, and the vocabularies that the application registered for them.

use std::{cell::RefCell, rc::Rc};

use js_sys::Function;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::tokens::{Shared, Tokenizer};
use crate::{
    call::{self, CountOptions},
    error::Result,
    json::ToJson,
    tokens::{self, SpecialTokens},
};

thread_local! {
    static OFFER: RefCell<Offer> = const { RefCell::new(Offer { names: Vec::new(), make: None, made: Vec::new() }) };
}

/// The vocabularies that the application registered: made when they are needed, since reading one takes some milliseconds.
struct Offer {
    names: Vec<String>,
    /// Has the face register the tokenizer of an encoding.
    make: Option<Function>,
    made: Vec<(String, Shared)>,
}

/// What encodings there are vocabularies of, and what makes them: `make(name)` calls [`Tokenizer::register`].
#[wasm_bindgen(js_name = offerVocabularies)]
pub fn offer_vocabularies(names: Vec<String>, make: Function) {
    OFFER.with_borrow_mut(|offer| *offer = Offer { names, make: Some(make), made: Vec::new() });
}

/// How many tokens a model makes of a text, by its registered vocabulary; `None` without one.
pub(super) fn count(model: &str, text: &str) -> Option<u64> {
    if OFFER.with_borrow(|offer| offer.names.is_empty()) {
        return None;
    }
    let encodings = tokens::encodings_of(model);
    let of = |offer: &Offer| offer.names.iter().find(|name| encodings.contains(&name.as_str())).cloned();
    let name = OFFER.with_borrow(of)?;
    let made = || {
        OFFER
            .with_borrow(|offer| offer.made.iter().find(|(made, _)| *made == name).map(|(_, shared)| Rc::clone(shared)))
    };
    let tokenizer = made().or_else(|| {
        // It comes back into this module, so nothing is borrowed meanwhile. One that is damaged throws, and counts nothing.
        let make = OFFER.with_borrow(|offer| offer.make.clone())?;
        make.call1(&JsValue::NULL, &JsValue::from_str(&name)).ok()?;
        made()
    })?;
    let count = tokenizer.try_borrow_mut().ok()?.count(text, SpecialTokens::Text);
    count.ok().map(|tokens| tokens as u64)
}

/// What a request has in input tokens: `RequestTokenCount` as JSON text.
#[wasm_bindgen(js_name = countRequest)]
pub fn count_request(body: &str, provider: Option<String>, model: Option<String>) -> Result<String> {
    let options = CountOptions { provider: provider.as_deref(), model: model.as_deref(), count: Some(&count) };
    call::count_request(body, &options).map(|found| found.to_json())
}

#[wasm_bindgen]
impl Tokenizer {
    /// Counts for the models of an encoding from now on.
    pub fn register(&self, encoding: String) {
        OFFER.with_borrow_mut(|offer| offer.made.push((encoding, Rc::clone(&self.tokenizer))));
    }
}
