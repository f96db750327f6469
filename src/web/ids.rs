//! Ids: the generator of the core, fed by the host's clock and randomness.

use std::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    error::{Error, Result},
    id::Generator,
};

/// Random bytes for one id.
const NEED: usize = 10;
/// How many are drawn at once: a call into the host costs more than the bytes.
const POOL: usize = 64 * NEED;

struct State {
    generator: Generator,
    pool: [u8; POOL],
    used: usize,
}

thread_local! {
    // One for the instance, so that ids are monotone over everything it makes. Nothing is drawn until the first id:
    // Workers forbid randomness at module scope.
    static STATE: RefCell<State> =
        const { RefCell::new(State { generator: Generator::new(), pool: [0; POOL], used: POOL }) };
}

/// A new UUIDv7, later in order than any this instance gave before.
#[wasm_bindgen(js_name = generateId)]
pub fn generate_id() -> Result<String> {
    let now = super::clock::now().ms().max(0) as u64;
    STATE.with(|state| {
        let mut state =
            state.try_borrow_mut().map_err(|_| Error::internal("cannot make an id: the generator is in use"))?;
        let State { generator, pool, used } = &mut *state;
        if *used >= POOL {
            getrandom::fill(pool)
                .map_err(|error| Error::internal(format!("cannot make an id: no randomness ({error})")))?;
            *used = 0;
        }
        let mut random = [0; NEED];
        if let Some(bytes) = pool.get_mut(*used..*used + NEED) {
            random.copy_from_slice(bytes);
            // Used once, and not left lying about.
            bytes.fill(0);
        }
        *used += NEED;
        Ok(generator.next(now, random))
    })
}
