//! The host's clock, and its time zones through `Intl.DateTimeFormat`.

use std::cell::Cell;

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    error::{Error, Result},
    time::{DAY, HOUR, Instant, MINUTE, SECOND, Utc, Zone, days_from_civil},
};

/// The moment of the call.
pub fn now() -> Instant {
    Instant::from_ms(Date::now() as i64)
}

/// A zone of the IANA database, answered by the host's own data.
///
/// A format call costs microseconds, so the last answer is kept for the quarter of an hour it was asked for: every
/// change of an offset in force today happens at a multiple of 15 minutes.
pub struct IntlZone {
    format: Function,
    last: Cell<(i64, i64)>,
}

/// The zone of that name: `UTC`, or what the host's `Intl` knows.
pub fn zone(name: &str) -> Result<Box<dyn Zone>> {
    if matches!(name, "UTC" | "Etc/UTC" | "") {
        return Ok(Box::new(Utc));
    }
    let unknown =
        || Error::config("cannot read timeZone: expected UTC or a name of the IANA database, found another text");
    let options = Object::new();
    let mut settings =
        vec![("timeZone", name), ("hourCycle", "h23"), ("calendar", "iso8601"), ("numberingSystem", "latn")];
    settings.extend(["year", "month", "day", "hour", "minute", "second"].map(|field| (field, "numeric")));
    for (key, text) in settings {
        Reflect::set(&options, &JsValue::from_str(key), &JsValue::from_str(text)).map_err(|_| unknown())?;
    }
    // The constructor throws a RangeError for an unknown zone; called through Reflect, since the binding would not catch it.
    let global = js_sys::global();
    let constructor = Reflect::get(&global, &"Intl".into())
        .and_then(|intl| Reflect::get(&intl, &"DateTimeFormat".into()))
        .ok()
        .and_then(|value| value.dyn_into::<Function>().ok())
        .ok_or_else(unknown)?;
    let format = Reflect::construct(&constructor, &Array::of2(&"en-US".into(), &options))
        .map_err(|_| unknown())?
        .unchecked_into::<Intl::DateTimeFormat>();
    let parts = Reflect::get(&format, &"formatToParts".into())
        .ok()
        .and_then(|value| value.dyn_into::<Function>().ok())
        .ok_or_else(unknown)?;
    Ok(Box::new(IntlZone { format: parts.bind0(&format), last: Cell::new((i64::MIN, 0)) }))
}

impl Zone for IntlZone {
    fn offset(&self, at: Instant) -> i64 {
        let slot = at.ms().div_euclid(15 * MINUTE);
        let (known, offset) = self.last.get();
        if known == slot {
            return offset;
        }
        let offset = self.ask(at).unwrap_or(0);
        self.last.set((slot, offset));
        offset
    }
}

impl IntlZone {
    /// Local civil time as the host formats it, less UTC.
    fn ask(&self, at: Instant) -> Option<i64> {
        let second = at.ms().div_euclid(SECOND) * SECOND;
        let parts = self.format.call1(&JsValue::UNDEFINED, &JsValue::from_f64(second as f64)).ok()?;
        let mut fields = [0_i64; 6];
        for part in Array::from(&parts).iter() {
            let kind = Reflect::get(&part, &"type".into()).ok()?.as_string()?;
            let names = ["year", "month", "day", "hour", "minute", "second"];
            if let Some(slot) = names.iter().position(|name| *name == kind).and_then(|index| fields.get_mut(index)) {
                *slot = Reflect::get(&part, &"value".into()).ok()?.as_string()?.parse().ok()?;
            }
        }
        let [year, month, day, hour, minute, seconds] = fields;
        let local = days_from_civil(year, month, day) * DAY + hour % 24 * HOUR + minute * MINUTE + seconds * SECOND;
        Some(local - second)
    }
}
