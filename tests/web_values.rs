//! What crosses the boundary, inside a real host: odd keys, absent and null, numbers as money, instants.
#![cfg(all(target_arch = "wasm32", feature = "web"))]
// clippy.toml allows these in #[test] functions and does not know that these are tests too.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use js_sys::{Array, JSON, Object, Reflect};
use tollgate::{
    error::{Code, Error},
    json::{Json, Raw, quote},
    web::value::{
        check_object_keys, decimal, from_js, get_string, instant, money, optional_instant, own_keys, pairs, to_js,
        usage_pairs,
    },
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

fn odd_keys() -> Vec<String> {
    let fixture = Raw::parse(include_str!("fixtures/boundary.json")).unwrap();
    let keys = fixture.member("keys").unwrap().items().unwrap();
    keys.into_iter().map(|key| key.to_text().unwrap()).collect()
}

/// `{ [key]: json }` with the key as an own property, `__proto__` too.
fn object(key: &str, json: &str) -> JsValue {
    JSON::parse(&format!("{{{}:{json}}}", quote(key))).unwrap()
}

fn refused(error: &Error, code: Code, message: &str) {
    assert_eq!(error.code(), code, "{}", error.message());
    assert_eq!(error.message(), message);
}

#[wasm_bindgen_test]
fn odd_keys_are_ordinary_keys() {
    for key in odd_keys() {
        let value = object(&key, "7");
        assert_eq!(own_keys(&value, "a thing").unwrap(), std::slice::from_ref(&key));
        assert_eq!(pairs(&value, "a thing").unwrap(), [(key.clone(), 7.0)]);
        let usage = Object::new();
        Reflect::set(&usage, &"extra".into(), &value).unwrap();
        assert_eq!(usage_pairs(&usage).unwrap(), [(format!("extra.{key}"), 7.0)]);
    }
}

#[wasm_bindgen_test]
fn odd_keys_among_options_are_unknown_options() {
    for key in odd_keys() {
        let error = check_object_keys(&object(&key, "7"), "a thing", &["limit", "name"]).unwrap_err();
        let message = format!("cannot read a thing: expected one of limit, name, found unknown option {}", quote(&key));
        refused(&error, Code::UnknownOption, &message);
        // Whatever is behind the key: JSON's own null is a value that somebody wrote.
        assert!(check_object_keys(&object(&key, "null"), "a thing", &["limit"]).is_err());
    }
}

#[wasm_bindgen_test]
fn what_is_inherited_is_nobodys_option() {
    let parent = object("surprise", "1");
    let child: Object = Object::create(parent.unchecked_ref::<Object>());
    assert!(own_keys(&child, "a thing").unwrap().is_empty());
    assert!(pairs(&child, "a thing").unwrap().is_empty());
    check_object_keys(&child, "a thing", &[]).unwrap();
}

#[wasm_bindgen_test]
fn undefined_and_null_are_absent() {
    let known = ["name", "maxRisk", "flags"];
    for (name, absent) in [("undefined", JsValue::UNDEFINED), ("null", JsValue::NULL)] {
        let value = object("flags", "[true]");
        Reflect::set(&value, &"name".into(), &absent).unwrap();
        Reflect::set(&value, &"maxRisk".into(), &absent).unwrap();
        let thing = from_js(&value, "a thing", &known).unwrap();
        assert_eq!(thing.get(), r#"{"flags":[true]}"#, "{name}");
        assert_eq!(get_string(&value, "name", "a thing").unwrap(), None, "{name}");
        assert_eq!(optional_instant(&absent).unwrap(), None, "{name}");
        assert!(pairs(&value, "a thing").unwrap().iter().all(|(key, _)| key == "flags"), "{name}");
    }
    // A key whose value is undefined is absent, known or not; `{ ...defaults, typo: undefined }` is common.
    let value = Object::new();
    Reflect::set(&value, &"unheardOf".into(), &JsValue::UNDEFINED).unwrap();
    check_object_keys(&value, "a thing", &known).unwrap();
}

#[wasm_bindgen_test]
fn plain_objects_come_in_and_go_out_as_they_are() {
    let text = r#"{"name":"é\"","risk":0.30000000000000004,"list":[true,[],{}],"inner":{"a":-1.5}}"#;
    let known = ["name", "risk", "list", "inner"];
    let json = from_js(&JSON::parse(text).unwrap(), "a thing", &known).unwrap();
    assert_eq!(json.get(), text);
    assert_eq!(String::from(JSON::stringify(&to_js(&json).unwrap()).unwrap()), text);
    let absent = Json::parse(r#"{"name":null,"list":[null]}"#).unwrap();
    let out = to_js(&absent).unwrap();
    assert!(Reflect::get(&out, &"name".into()).unwrap().is_undefined());
    let items = Array::from(&Reflect::get(&out, &"list".into()).unwrap());
    assert!(items.length() == 1 && items.get(0).is_undefined());
}

#[wasm_bindgen_test]
fn no_number_is_no_absent_one() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let value = Object::new();
        Reflect::set(&value, &"risk".into(), &bad.into()).unwrap();
        let json = from_js(&value, "a thing", &["risk"]).unwrap();
        let risk = json.raw().member("risk").unwrap();
        assert_eq!(risk.number(), None, "it is there, and no reader takes it: {}", risk.get());
    }
}

#[wasm_bindgen_test]
fn an_object_that_holds_itself_is_cut_off() {
    let value = Object::new();
    Reflect::set(&value, &"self".into(), &value).unwrap();
    let json = from_js(&value, "a thing", &["self"]).unwrap();
    assert!(json.get().ends_with("{\"self\":null}}}}}}}}}}}}}}}}"), "{}", json.get());
}

#[wasm_bindgen_test]
fn things_that_are_no_objects_are_named_by_kind_only() {
    for (value, kind) in [
        (JsValue::UNDEFINED, "undefined"),
        (JsValue::NULL, "null"),
        (JsValue::from_f64(1.0), "a number"),
        (JsValue::from_f64(f64::NAN), "NaN"),
        (JsValue::from_str("a secret"), "a string"),
        (JsValue::TRUE, "a boolean"),
        (Array::new().into(), "an array"),
        (js_sys::Symbol::iterator().into(), "another value"),
    ] {
        let error = from_js(&value, "a thing", &["name"]).unwrap_err();
        refused(&error, Code::InvalidInput, &format!("cannot read a thing: expected an object, found {kind}"));
    }
    let error = get_string(&object("name", "5"), "name", "a thing").unwrap_err();
    refused(&error, Code::InvalidInput, "cannot read a thing: expected name to be a string, found a number");
}

#[wasm_bindgen_test]
fn a_number_is_money_by_its_shortest_decimal() {
    for (number, text) in
        [(0.1, "0.1"), (0.1 + 0.2, "0.3"), (1e-7, "0.0000001"), (1e-12, "0.000000000001"), (12.5, "12.5"), (0.0, "0")]
    {
        assert_eq!(money(&JsValue::from_f64(number)).unwrap().to_string(), text, "{number}");
    }
    assert_eq!(decimal(&JsValue::from_f64(0.1 + 0.2)).unwrap(), "0.30000000000000004", "as String(n) has it");
    assert_eq!(money(&JsValue::from_str("12.50")).unwrap().to_string(), "12.5");
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -1e-12] {
        assert_eq!(money(&JsValue::from_f64(bad)).unwrap_err().code(), Code::InvalidAmount, "{bad}");
    }
    for (bad, kind) in [
        (JsValue::NULL, "null"),
        (JsValue::UNDEFINED, "undefined"),
        (JsValue::TRUE, "a boolean"),
        (object("a", "1"), "an object"),
    ] {
        let message = format!("cannot read amount: expected a non-negative decimal number of USD, found {kind}");
        refused(&money(&bad).unwrap_err(), Code::InvalidAmount, &message);
    }
}

#[wasm_bindgen_test]
fn an_instant_is_a_date_milliseconds_or_text() {
    let date = js_sys::Date::new(&JsValue::from_f64(1_700_000_000_123.0));
    for value in [
        date.into(),
        JsValue::from_f64(1_700_000_000_123.0),
        JsValue::from_str("2023-11-14T22:13:20.123Z"),
        JsValue::from_str("2023-11-14T23:13:20.123+01:00"),
    ] {
        assert_eq!(instant(&value).unwrap().to_string(), "2023-11-14T22:13:20.123Z");
    }
    for bad in [
        JsValue::NULL,
        JsValue::TRUE,
        JsValue::from_f64(f64::NAN),
        js_sys::Date::new(&JsValue::from_str("no date")).into(),
        JsValue::from_str("2023-11-14T22:13:20"),
    ] {
        assert_eq!(instant(&bad).unwrap_err().code(), Code::InvalidTime);
    }
}

#[wasm_bindgen_test]
fn an_error_goes_out_as_a_plain_object_with_its_code() {
    let thrown = JsValue::from(Error::config("cannot start: expected a key, found none").with("option", "apiKey"));
    let text = |key: &str| Reflect::get(&thrown, &key.into()).unwrap().as_string().unwrap();
    assert_eq!(text("tollgate"), "invalid_config");
    assert_eq!(text("message"), "cannot start: expected a key, found none");
    assert_eq!(text("context"), r#"{"option":"apiKey"}"#);
}
