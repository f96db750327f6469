//! Plain objects in and out, in one way for the whole shell.
//!
//! Small structures of a fixed shape cross through serde-wasm-bindgen, which keeps NaN and undefined apart (JSON makes
//! both null). Nothing keyed by a user's text crosses this way: `object[key] = value` with a key `__proto__` sets a
//! prototype. Whole records and bodies cross as JSON text.

use js_sys::{Array, Date, Object, Reflect};
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    error::{Code, Error, Result, check_keys},
    json::{Json, Raw, ToJson, Writer},
    money::Usd,
    time::Instant,
};

/// How deep a plain object may nest. What is deeper, as a cycle is, is cut off.
const MAX_DEPTH: u32 = 16;

/// Reads an object whose top-level keys must be among `known`. `what` names it in errors, as in "budget options".
///
/// A number that JSON has none for becomes one beyond all doubles, which every reader refuses: null would be an absent one.
pub fn from_js(value: &JsValue, what: &str, known: &[&str]) -> Result<Json> {
    check_object_keys(value, what, known)?;
    Ok(Json::of(&Given { value, depth: 0 }))
}

/// A value of the host's, in its JSON form.
struct Given<'a> {
    value: &'a JsValue,
    depth: u32,
}

impl ToJson for Given<'_> {
    fn write(&self, to: &mut Writer) {
        let depth = self.depth + 1;
        if let Some(number) = self.value.as_f64() {
            if number.is_finite() { to.number(number) } else { to.raw("1e999") }
        } else if let Some(text) = self.value.as_string() {
            to.text(&text);
        } else if let Some(value) = self.value.as_bool() {
            to.raw(if value { "true" } else { "false" });
        } else if depth > MAX_DEPTH || !self.value.is_object() {
            to.raw("null");
        } else if let Some(items) = self.value.dyn_ref::<Array>() {
            to.open('[');
            items.iter().for_each(|value| Given { value: &value, depth }.write(to));
            to.close(']');
        } else {
            to.open('{');
            for key in own_keys(self.value, "").unwrap_or_default() {
                let value = get(self.value, &key);
                if !value.is_undefined() {
                    to.value_of(&key, &Given { value: &value, depth });
                }
            }
            to.close('}');
        }
    }
}

/// Hands out a structure; null becomes undefined.
pub fn to_js(value: &dyn ToJson) -> Result<JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true);
    let json = Json::of(value);
    Plain(json.raw())
        .serialize(&serializer)
        .map_err(|error| Error::internal(format!("cannot hand out a value: {error}")))
}

/// JSON as a value of serde's, so that there is one way through it for every type.
struct Plain<'a>(Raw<'a>);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let raw = self.0;
        if let Some(text) = raw.text() {
            to.serialize_str(&text)
        } else if let Some(number) = raw.number() {
            to.serialize_f64(number)
        } else if let Some(value) = raw.bool() {
            to.serialize_bool(value)
        } else if let Some(items) = raw.items() {
            let mut list = to.serialize_seq(None)?;
            for item in items {
                list.serialize_element(&Plain(item))?;
            }
            list.end()
        } else if let Some(members) = raw.members() {
            let mut map = to.serialize_map(None)?;
            for (key, value) in members {
                map.serialize_entry(&*key, &Plain(value))?;
            }
            map.end()
        } else {
            to.serialize_none()
        }
    }
}

/// Refuses anything but an object whose own keys are all known; a key whose value is undefined is absent.
pub fn check_object_keys(value: &JsValue, what: &str, known: &[&str]) -> Result<()> {
    check_keys(what, own_keys(value, what)?.iter().map(String::as_str), known)
}

/// The own enumerable keys of an object, less those whose value is undefined.
pub fn own_keys(value: &JsValue, what: &str) -> Result<Vec<String>> {
    // Not `instanceof`: an object without a prototype is one, and so is another realm's.
    let object = Some(value)
        .filter(|value| value.is_object() && !Array::is_array(value))
        .map(|value| value.unchecked_ref::<Object>())
        .ok_or_else(|| Error::input(format!("cannot read {what}: expected an object, found {}", kind_of(value))))?;
    Ok(Object::keys(object)
        .iter()
        .filter(|key| !Reflect::get(object, key).unwrap_or(JsValue::UNDEFINED).is_undefined())
        .filter_map(|key| key.as_string())
        .collect())
}

/// A property of an object; undefined where there is none, and for null.
pub fn get(object: &JsValue, key: &str) -> JsValue {
    match Reflect::get(object, &JsValue::from_str(key)) {
        Ok(value) if !value.is_null() => value,
        _ => JsValue::UNDEFINED,
    }
}

/// A text property, if it is there; [`Code::InvalidInput`] when it is something else.
pub fn get_string(object: &JsValue, key: &str, what: &str) -> Result<Option<String>> {
    let value = get(object, key);
    if value.is_undefined() {
        return Ok(None);
    }
    value.as_string().map(Some).ok_or_else(|| {
        Error::input(format!("cannot read {what}: expected {key} to be a string, found {}", kind_of(&value)))
    })
}

/// The number properties of an object: `(key, number)`, in the object's order. Null and undefined are left out; anything
/// else that is no number comes through as NaN, for the reader to refuse by name.
pub fn pairs(value: &JsValue, what: &str) -> Result<Vec<(String, f64)>> {
    Ok(own_keys(value, what)?
        .into_iter()
        .map(|key| (get(value, &key), key))
        .filter(|(value, _)| !value.is_undefined())
        .map(|(value, key)| (key, value.as_f64().unwrap_or(f64::NAN)))
        .collect())
}

/// The pairs of a `Usage`: as [`pairs`], with the counts of its `extra` under `extra.<name>`.
pub fn usage_pairs(value: &JsValue) -> Result<Vec<(String, f64)>> {
    let mut all = Vec::new();
    for key in own_keys(value, "usage")? {
        let value = get(value, &key);
        if value.is_undefined() {
            continue;
        }
        if key == "extra" {
            all.extend(
                pairs(&value, "usage.extra")?.into_iter().map(|(name, number)| (format!("extra.{name}"), number)),
            );
        } else {
            all.push((key, value.as_f64().unwrap_or(f64::NAN)));
        }
    }
    Ok(all)
}

/// An amount: a number, read as its shortest decimal, or a decimal text.
pub fn money(value: &JsValue) -> Result<Usd> {
    Usd::parse(&decimal(value)?)
}

/// A number or text as decimal text; [`Code::InvalidAmount`] for anything else.
pub fn decimal(value: &JsValue) -> Result<String> {
    if let Some(number) = value.as_f64() {
        // `String(n)`: the shortest decimal that reads back as the same double.
        return Ok(js_sys::Number::from(number)
            .to_string_with_radix(10)
            .map(String::from)
            .unwrap_or_else(|_| "NaN".to_owned()));
    }
    value.as_string().ok_or_else(|| {
        Error::new(
            Code::InvalidAmount,
            format!("cannot read amount: expected a non-negative decimal number of USD, found {}", kind_of(value)),
        )
    })
}

/// An instant: a `Date`, UTC milliseconds, or text (RFC 3339 with an offset, or `YYYY-MM-DD`).
pub fn instant(value: &JsValue) -> Result<Instant> {
    if let Some(date) = value.dyn_ref::<Date>() {
        return Instant::from_number(date.get_time());
    }
    match (value.as_f64(), value.as_string()) {
        (Some(ms), _) => Instant::from_number(ms),
        (_, Some(text)) => Instant::parse(&text),
        _ => Err(Error::new(
            Code::InvalidTime,
            format!(
                "cannot read instant: expected a Date, milliseconds, RFC 3339 with an offset or YYYY-MM-DD, found {}",
                kind_of(value)
            ),
        )),
    }
}

/// An instant that may be absent.
pub fn optional_instant(value: &JsValue) -> Result<Option<Instant>> {
    if value.is_undefined() || value.is_null() { Ok(None) } else { instant(value).map(Some) }
}

/// What a value is, for messages: its kind, never its content.
pub fn kind_of(value: &JsValue) -> &'static str {
    if value.is_undefined() {
        "undefined"
    } else if value.is_null() {
        "null"
    } else if value.as_f64().is_some_and(f64::is_nan) {
        "NaN"
    } else if value.as_f64().is_some() {
        "a number"
    } else if value.is_string() {
        "a string"
    } else if value.as_bool().is_some() {
        "a boolean"
    } else if Array::is_array(value) {
        "an array"
    } else if value.is_function() {
        "a function"
    } else if value.is_object() {
        "an object"
    } else {
        "another value"
    }
}
