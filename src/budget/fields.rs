//! The fields of a budget as they came, before they are one.

use super::{threshold::Threshold, unit::Unit};
use crate::{
    error::{Error, Result},
    json::{Json, Raw},
    object::Object,
    time::Period,
};

/// What is read in place of a known field's value of an unknown kind; `None` for a value that is understood.
pub(super) fn stand_in(key: &str, value: Raw<'_>) -> Option<Json> {
    let named = |known: &[&str]| value.text().is_some_and(|name| known.contains(&&*name));
    match key {
        "action" => (!named(&["alert", "block", "throttle"])).then(|| "block".into()),
        "period" => (!named(&Period::ALL.map(Period::as_str))).then(|| Period::Total.as_str().into()),
        "unit" => (!named(&Unit::ALL.map(Unit::as_str))).then(|| Unit::Unknown.as_str().into()),
        "weekStart" => (!named(&["monday", "sunday"])).then(|| "monday".into()),
        "alertThresholds" => {
            let all = value.items().unwrap_or_default();
            let understood: Vec<_> = all.iter().copied().filter(|value| Threshold::read(*value).is_ok()).collect();
            (value.items().is_none() || understood.len() < all.len()).then(|| Json::of(&understood))
        }
        "rolling" | "forecast" => value.bool().is_none().then(Json::null),
        "burnRate" => Threshold::read(value).is_err().then(Json::null),
        "softLimit" | "carryOver" => Unit::Unknown.read(value).is_err().then(Json::null),
        "scope" => Object::of(value).is_some_and(|scope| scope.len() > 2).then(|| value.into()),
        _ => None,
    }
}

/// The fields of a budget as somebody gave them.
pub(super) struct Fields(pub(super) Vec<(String, Json)>);

impl Fields {
    pub(super) fn parse(json: &str) -> Result<Self> {
        let object = Object::parse(json, "budget");
        object
            .map(|object| Self(object.rest()))
            .map_err(|_| Error::config("cannot read budget: expected an object, found another value"))
    }

    /// The value of a field; null is absence.
    pub(super) fn get(&self, key: &str) -> Option<Raw<'_>> {
        self.0.iter().find(|(known, _)| known == key)?.1.raw().present()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.keys().any(|known| known == key)
    }

    pub(super) fn set(&mut self, key: &str, value: Json) {
        self.remove(key);
        self.0.push((key.to_owned(), value));
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.0.retain(|(known, _)| known != key);
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }
}
