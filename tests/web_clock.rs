//! The host's clock and its time zones.
#![cfg(all(target_arch = "wasm32", feature = "web"))]
// clippy.toml allows these in #[test] functions and does not know that these are tests too.
#![allow(clippy::unwrap_used)]

use tollgate::{
    error::Code,
    time::{HOUR, Instant, MINUTE, Period, WeekStart},
    web::clock::{now, zone},
};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn the_clock_is_the_hosts() {
    let host = js_sys::Date::now() as i64;
    assert!((now().ms() - host).abs() < 1000);
}

#[wasm_bindgen_test]
fn offsets_are_those_of_the_hosts_database() {
    for (name, at, offset) in [
        ("UTC", "2025-07-01T00:00:00Z", 0),
        ("Europe/Berlin", "2025-01-15T12:00:00Z", HOUR),
        ("Europe/Berlin", "2025-07-15T12:00:00Z", 2 * HOUR),
        // The second before and the second of the change.
        ("Europe/Berlin", "2025-03-30T00:59:59Z", HOUR),
        ("Europe/Berlin", "2025-03-30T01:00:00Z", 2 * HOUR),
        ("America/New_York", "2025-11-02T05:59:59Z", -4 * HOUR),
        ("America/New_York", "2025-11-02T06:00:00Z", -5 * HOUR),
        ("Asia/Kathmandu", "2025-06-01T00:00:00Z", 5 * HOUR + 45 * MINUTE),
        ("Australia/Lord_Howe", "2025-01-01T00:00:00Z", 11 * HOUR),
        ("Australia/Lord_Howe", "2025-06-01T00:00:00Z", 10 * HOUR + 30 * MINUTE),
    ] {
        let at = Instant::parse(at).unwrap();
        assert_eq!(zone(name).unwrap().offset(at), offset, "{name} at {at}");
        // Asked again, from what is kept.
        assert_eq!(zone(name).unwrap().offset(at.plus(1)), offset, "{name} just after {at}");
    }
}

#[wasm_bindgen_test]
fn a_day_of_the_change_is_as_long_as_the_clock_on_the_wall_says() {
    let berlin = zone("Europe/Berlin").unwrap();
    for (at, hours) in [("2025-03-30T12:00:00Z", 23), ("2025-10-26T12:00:00Z", 25), ("2025-06-01T12:00:00Z", 24)] {
        let (start, end) = Period::Daily.window(Instant::parse(at).unwrap(), berlin.as_ref(), WeekStart::Monday);
        assert_eq!(end.ms() - start.ms(), hours * HOUR, "{at}");
    }
}

#[wasm_bindgen_test]
fn a_zone_that_the_host_does_not_know_is_refused_without_repeating_it() {
    for name in ["Mars/Olympus_Mons", "not a zone", "__proto__"] {
        let error = zone(name).err().unwrap();
        assert_eq!(error.code(), Code::InvalidConfig);
        assert_eq!(
            error.message(),
            "cannot read timeZone: expected UTC or a name of the IANA database, found another text"
        );
    }
}
