//! Ids: the generator of the core, fed by the host's clock and randomness.

use std::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    error::{Error, Result},
    id::Generator,
};

thread_local! {
    // One for the instance, so that ids are monotone over everything it makes. Nothing is drawn until the first id:
    // Workers forbid randomness at module scope.
    static GENERATOR: RefCell<Generator> = const { RefCell::new(Generator::new()) };
}

/// A new UUIDv7, later in order than any this instance gave before.
#[wasm_bindgen(js_name = generateId)]
pub fn generate_id() -> Result<String> {
    let mut random = [0_u8; 10];
    getrandom::fill(&mut random)
        .map_err(|error| Error::internal(format!("cannot make an id: no randomness ({error})")))?;
    let now = super::clock::now().ms().max(0) as u64;
    GENERATOR.with(|generator| match generator.try_borrow_mut() {
        Ok(mut generator) => Ok(generator.next(now, random)),
        Err(_) => Err(Error::internal("cannot make an id: the generator is in use")),
    })
}
