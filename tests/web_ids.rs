//! Ids over the host's own clock and randomness.
#![cfg(all(target_arch = "wasm32", feature = "web"))]
// clippy.toml allows these in #[test] functions and does not know that these are tests too.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use tollgate::web::{clock, ids::generate_id};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn ids_are_version_7_of_this_moment_and_rise() {
    let before = clock::now().ms();
    let ids: Vec<String> = (0..1000).map(|_| generate_id().unwrap()).collect();
    let after = clock::now().ms();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "ids rise");
    for id in &ids {
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'7', "version");
        assert!(matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "variant");
        let ms = i64::from_str_radix(&id.replace('-', "")[..12], 16).unwrap();
        assert!((before..=after + 1).contains(&ms), "made between {before} and {after}, found {ms}");
    }
}
