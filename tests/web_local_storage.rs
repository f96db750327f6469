//! Records in a real localStorage; where the host has none, that it is told.
#![cfg(all(target_arch = "wasm32", feature = "web"))]
// clippy.toml allows these in #[test] functions and does not know that these are tests too.
#![allow(clippy::unwrap_used)]

use js_sys::Reflect;
use tollgate::{error::Code, ledger::Record, time::Instant, web::local_storage::LocalStore};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

fn in_browser() -> bool {
    web_sys::window().is_some()
}

fn record(id: &str, ms: i64, usd: &str) -> String {
    let mut record = Record::new(id, "m", Instant::from_ms(ms));
    record.usd = tollgate::money::Usd::parse(usd).unwrap();
    record.to_json()
}

#[wasm_bindgen_test]
fn records_survive_the_instance() {
    let store = LocalStore::new("browser test").unwrap();
    if !in_browser() {
        // Node has none (or one that wants a file): either way an error of ours, and no exception.
        if Reflect::get(&js_sys::global(), &"localStorage".into()).is_ok_and(|found| found.is_undefined()) {
            assert_eq!(store.get("a").unwrap_err().code(), Code::StorageUnavailable);
        }
        return;
    }
    store.clear().unwrap();
    store.store(&record("a", 1_000, "0.1")).unwrap();
    store.store(&record("b", 90_000_000, "0.2")).unwrap();
    store.store(&record("a", 1_000, "0.3")).unwrap();
    let other = LocalStore::new("browser test").unwrap();
    assert!(other.get("a").unwrap().unwrap().contains(r#""usd":"0.3""#));
    let (start, end) = (JsValue::from_f64(0.0), JsValue::from_f64(1e9));
    assert!(other.summary(&start, &end, None).unwrap().contains(r#""totalUsd":"0.5""#));
    assert_eq!(other.delete_older_than(&JsValue::from_f64(1_001.0)).unwrap(), 1);
    assert_eq!(store.get("a").unwrap(), None);

    let storage = web_sys::window().unwrap().local_storage().unwrap().unwrap();
    let key = "tollgate:1:browser%20test:seg:19700102:x:000000000000000009";
    storage.set_item(key, "not a segment").unwrap();
    assert!(store.report().unwrap().contains(r#""damaged":1"#));
    store.clear().unwrap();
    assert_eq!(storage.get_item(key).unwrap().as_deref(), Some("not a segment"));
    storage.remove_item(key).unwrap();
}

#[wasm_bindgen_test]
fn a_full_storage_is_told_from_a_denied_one() {
    if !in_browser() {
        return;
    }
    let store = LocalStore::new("full").unwrap();
    store.clear().unwrap();
    let storage = web_sys::window().unwrap().local_storage().unwrap().unwrap();
    // Browsers give about five million characters; what is left is filled with ever smaller pieces.
    let mut size = 1 << 22;
    let mut index = 0;
    while size > 0 {
        if storage.set_item(&format!("filler{index}"), &"x".repeat(size)).is_err() {
            size /= 2;
        }
        index += 1;
    }
    let error = store.store(&record("a", 0, "1")).unwrap_err();
    for at in 0..index {
        storage.remove_item(&format!("filler{at}")).unwrap();
    }
    assert_eq!(error.code(), Code::StorageQuota);
    assert_eq!(error.message(), "cannot write to localStorage: expected room for the record, found it full");
    store.store(&record("a", 0, "1")).unwrap();
    assert!(store.get("a").unwrap().is_some());
    store.clear().unwrap();
}
