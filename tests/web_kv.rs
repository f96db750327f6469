//! Records over a stand-in for Workers KV, made in JavaScript.
#![cfg(all(target_arch = "wasm32", feature = "web"))]
// clippy.toml allows these in #[test] functions and does not know that these are tests too.
#![allow(clippy::unwrap_used)]

use js_sys::{Array, Function, Promise};
use tollgate::{error::Code, ledger::Record, time::Instant, web::kv::KvStore};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

/// A KV that answers in later ticks, in pages of two keys.
fn kv() -> JsValue {
    let body = "
        const map = new Map();
        const later = (value) => new Promise((resolve) => setTimeout(() => resolve(value), 0));
        return {
            get: (key) => later(map.get(key) ?? null),
            put: (key, text) => later(map.set(key, text)).then(() => undefined),
            delete: (key) => later(map.delete(key)).then(() => undefined),
            list: ({ prefix, cursor }) => {
                const names = [...map.keys()].filter((name) => name.startsWith(prefix)).sort();
                const from = Number(cursor ?? 0);
                const list_complete = from + 2 >= names.length;
                return later({ keys: names.slice(from, from + 2).map((name) => ({ name })), list_complete, cursor: String(from + 2) });
            },
        };";
    Function::new_no_args(body).call0(&JsValue::UNDEFINED).unwrap()
}

/// What the face ties to its instance; there is only one here.
fn tied() -> Function {
    Function::new_with_args("promise", "return promise")
}

fn record(id: &str, ms: i64) -> String {
    Record::new(id, "m", Instant::from_ms(ms)).to_json()
}

async fn text(promise: Promise) -> String {
    JsFuture::from(promise).await.unwrap().as_string().unwrap()
}

#[wasm_bindgen_test]
async fn records_are_stored_at_once_and_found_by_others() {
    let binding = kv();
    let store = KvStore::new(binding.clone(), "test", tied(), None).unwrap();
    let writes = Array::new();
    for index in 0..20 {
        writes.push(&store.store(&record(&format!("r{index:02}"), index * 10_000_000)).unwrap().into());
    }
    JsFuture::from(Promise::all(&writes)).await.unwrap();
    let other = KvStore::new(binding.clone(), "test", tied(), None).unwrap();
    assert!(text(other.get("r07".to_owned())).await.contains(r#""id":"r07""#));
    let (start, end) = (JsValue::from_f64(10_000_000.0), JsValue::from_f64(30_000_000.0));
    assert!(text(other.summary(&start, &end, None).unwrap()).await.contains(r#""totalRequests":3"#));
    let deleted = JsFuture::from(other.delete_older_than(&end).unwrap()).await.unwrap();
    assert_eq!(deleted.as_f64(), Some(3.0));
    assert!(text(other.report()).await.contains(r#""records":17"#));
    JsFuture::from(other.clear()).await.unwrap();
    assert_eq!(text(KvStore::new(binding, "test", tied(), None).unwrap().by_request("r07".to_owned())).await, "[]");
}

#[wasm_bindgen_test]
async fn an_abandoned_call_stands_in_nobodys_way() {
    let binding = kv();
    let store = KvStore::new(binding, "test", tied(), None).unwrap();
    // Never awaited, as when a Worker's request is cancelled; others go on, and the object may be given back.
    let _abandoned = store.store(&record("a", 0)).unwrap();
    JsFuture::from(store.store(&record("b", 0)).unwrap()).await.unwrap();
    let read = store.get("b".to_owned());
    drop(store);
    assert!(text(read).await.contains(r#""id":"b""#));
}

#[wasm_bindgen_test]
fn what_is_no_binding_is_refused() {
    for binding in [JsValue::UNDEFINED, JsValue::NULL, JsValue::from_str("kv"), js_sys::Object::new().into()] {
        assert_eq!(KvStore::new(binding, "test", tied(), None).err().unwrap().code(), Code::InvalidConfig);
    }
    assert_eq!(KvStore::new(kv(), "", tied(), None).err().unwrap().code(), Code::InvalidConfig);
}
