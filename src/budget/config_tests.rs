//! What is read as a budget, and what is refused.

use super::*;
use crate::ledger::{Key, Name, Namespace};
use proptest::prelude::*;

fn input(json: &str) -> Result<Config> {
    Config::parse_input(json, "UTC", WeekStart::Monday)
}

#[test]
fn fills_in_what_is_absent() {
    let config = input(r#"{"name":"Team A","limit":0.30000000000000004,"period":"daily","scope":null}"#).unwrap();
    assert_eq!(
        config.to_json(),
        r#"{"id":"all:daily:Team%20A","name":"Team A","limit":0.3,"limitUsd":"0.3","period":"daily","alertThresholds":[50,75,90,100],"action":"alert","enabled":true,"timeZone":"UTC","weekStart":"monday","revision":1}"#
    );
    assert_eq!(Config::parse(&config.to_json()).unwrap(), config);
}

#[test]
fn ids_are_derived_and_have_one_reading() {
    for (json, id) in [
        (r#"{"name":"n","limit":1,"period":"total"}"#, "all:total:n"),
        (
            r#"{"name":"a:b","limit":1,"period":"hourly","scope":{"type":"agent","id":"x:y%é"}}"#,
            "agent:x%3Ay%25%C3%A9:hourly:a%3Ab",
        ),
        (r#"{"id":"mine","name":"n","limit":1,"period":"total"}"#, "mine"),
    ] {
        assert_eq!(input(json).unwrap().id, id);
    }
}

#[test]
fn refuses_what_is_no_budget() {
    for (change, code, message) in [
        (
            r#"{"limit":-1}"#,
            Code::InvalidAmount,
            "cannot read amount: expected a non-negative decimal number of USD, found \"-1\"",
        ),
        (
            r#"{"limit":"NaN"}"#,
            Code::InvalidAmount,
            "cannot read amount: expected a non-negative decimal number of USD, found \"NaN\"",
        ),
        (
            r#"{"limit":"Infinity"}"#,
            Code::InvalidAmount,
            "cannot read amount: expected a non-negative decimal number of USD, found \"Infinity\"",
        ),
        (
            r#"{"limit":null}"#,
            Code::InvalidAmount,
            "cannot read budget: expected limit to be an amount of USD of at least 0, found none",
        ),
        (
            r#"{"limt":1}"#,
            Code::UnknownOption,
            "cannot read budget: expected one of id, name, limit, period, alertThresholds, action, scope, enabled, timeZone, weekStart, unit, softLimit, rolling, carryOver, burnRate, forecast, limitUsd, revision, createdAt, updatedAt, found unknown option \"limt\"",
        ),
        (
            r#"{"name":""}"#,
            Code::InvalidConfig,
            "cannot read budget: expected name to be a string that is not empty, found another value",
        ),
        (
            r#"{"period":"yearly"}"#,
            Code::InvalidConfig,
            "cannot read period: expected one of hourly, daily, weekly, monthly, total, found another value",
        ),
        (
            r#"{"action":"warn"}"#,
            Code::InvalidConfig,
            "cannot read action: expected one of alert, block, throttle, found another value",
        ),
        (
            r#"{"enabled":"yes"}"#,
            Code::InvalidConfig,
            "cannot read budget: expected enabled to be true or false, found another value",
        ),
        (
            r#"{"weekStart":"friday"}"#,
            Code::InvalidConfig,
            "cannot read weekStart: expected one of monday, sunday, found another value",
        ),
        (
            r#"{"scope":{"type":"team","id":"x"}}"#,
            Code::InvalidInput,
            "cannot read scope: expected type to be one of agent, project, organization, model, user, tag, found another one",
        ),
        (
            r#"{"scope":{"type":"agent","id":""}}"#,
            Code::InvalidInput,
            "cannot read scope: expected id to be a string that is not empty, found an empty one",
        ),
        (
            r#"{"scope":{"type":"agent","id":"x","name":"y"}}"#,
            Code::UnknownOption,
            "cannot read scope: expected one of type, id, found unknown option \"name\"",
        ),
        (
            r#"{"scope":"agent"}"#,
            Code::InvalidConfig,
            "cannot read budget: expected scope to be { type, id }, both strings, found another value",
        ),
    ] {
        let mut map: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(r#"{"name":"n","limit":1,"period":"daily"}"#).unwrap();
        map.extend(serde_json::from_str::<serde_json::Map<_, _>>(change).unwrap());
        let error = input(&serde_json::to_string(&map).unwrap()).unwrap_err();
        assert_eq!((error.code(), error.message()), (code, message), "{change}");
    }
    for thresholds in ["[0]", "[-5]", "[10001]", "[null]", "[\"50\"]", "[50.0000001]", "[\"NaN\"]"] {
        let error = input(&format!(r#"{{"name":"n","limit":1,"period":"daily","alertThresholds":{thresholds}}}"#));
        assert_eq!(
            error.unwrap_err().message(),
            "cannot read alertThresholds: expected percentages above 0, at most 10000, with at most 6 decimals, found another value"
        );
    }
}

#[test]
fn updates_replace_what_they_name() {
    let config = input(r#"{"name":"n","limit":"0.123456789012","period":"daily","alertThresholds":[87.5]}"#).unwrap();
    let same = config.updated("{}").unwrap();
    assert_eq!(same, config);
    let more = config.updated(r#"{"limit":20,"action":"block","name":"m","scope":null}"#).unwrap();
    assert_eq!((more.limit.to_string().as_str(), more.action, more.name.as_str()), ("20", Action::Block, "m"));
    assert_eq!((more.id, more.thresholds), (config.id.clone(), config.thresholds.clone()));
    assert_eq!(
        config.updated(r#"{"id":"other"}"#).unwrap_err().message(),
        "cannot update a budget: expected its own id or none, found another one"
    );
    assert_eq!(config.updated(r#"{"limti":1}"#).unwrap_err().code(), Code::UnknownOption);
}

#[test]
fn a_budget_given_back_is_a_template() {
    let config = input(r#"{"name":"n","limit":1,"period":"daily"}"#).unwrap();
    let again = config.to_json().replace(r#""limit":1,"#, r#""limit":5,"#);
    assert_eq!(input(&again).unwrap().limit.to_string(), "5");
    assert_eq!(Config::parse(&again).unwrap().limit.to_string(), "1");
}

#[test]
fn what_a_later_release_says_is_kept_and_lets_nothing_through() {
    let json = r#"{"id":"x","name":"n","limit":1,"limitUsd":"1","period":"yearly","alertThresholds":[50.0,"all",10001],"action":"ask-first","scope":{"type":"team","id":"t"},"enabled":true,"timeZone":"UTC","weekStart":"friday","revision":3,"more":{"n":1.0}}"#;
    let config = Config::parse(json).unwrap();
    assert_eq!((config.action, config.period, config.thresholds.len()), (Action::Block, Period::Total, 1));
    assert_eq!(config.scope, Some(Scope::new("team", "t")));
    assert_eq!(config.to_json(), json);
    assert_eq!(Config::parse(&config.to_json()).unwrap(), config);
    assert!(!config.says_the_same(&Config::parse(&json.replace("ask-first", "block")).unwrap()));
    assert!(!config.is_for_what(&Config::parse(&json.replace("yearly", "total")).unwrap()));
    // What is changed is understood from then on; the rest stays.
    let changed = config.updated(r#"{"action":"alert","limit":2}"#).unwrap();
    let shown = changed.to_json();
    assert_eq!(
        shown,
        json.replace("\"ask-first\"", "\"alert\"").replace("1,\"limitUsd\":\"1\"", "2,\"limitUsd\":\"2\"")
    );
    let fuller = r#"{"id":"x","name":"n","limit":1,"period":"daily","scope":{"type":"tag","id":"t","name":1.0}}"#;
    assert!(Config::parse(fuller).unwrap().to_json().contains(r#""scope":{"type":"tag","id":"t","name":1.0}"#));
    for (strict, code) in [(json, Code::UnknownOption), (fuller, Code::UnknownOption)] {
        assert_eq!(input(strict).unwrap_err().code(), code);
    }
    assert_eq!(config.updated(r#"{"scope":{"type":"team","id":"u"}}"#).unwrap_err().code(), Code::InvalidInput);
    assert_eq!(config.updated(r#"{"period":"yearly"}"#).unwrap_err().code(), Code::InvalidConfig);
}

#[test]
fn windows_depend_on_what_the_period_uses() {
    for (period, change, kept) in [
        ("total", r#"{"timeZone":"Asia/Tokyo","weekStart":"sunday"}"#, true),
        ("monthly", r#"{"weekStart":"sunday"}"#, true),
        ("weekly", r#"{"weekStart":"sunday"}"#, false),
        ("daily", r#"{"timeZone":"Asia/Tokyo"}"#, false),
        ("daily", r#"{"timeZone":"Etc/UTC"}"#, true),
        ("daily", r#"{"limit":2,"name":"other","action":"block"}"#, true),
        ("daily", r#"{"period":"total"}"#, false),
        ("total", r#"{"scope":{"type":"agent","id":"a"}}"#, false),
    ] {
        let config = input(&format!(r#"{{"name":"n","limit":1,"period":"{period}"}}"#)).unwrap();
        assert_eq!(config.updated(change).unwrap().has_windows_of(&config), kept, "{period} {change}");
    }
    let config = input(r#"{"name":"n","limit":1,"period":"daily"}"#).unwrap();
    assert!(config.updated(r#"{"timeZone":"etc/utc"}"#).unwrap().says_the_same(&config));
    assert!(config.has_derived_id() && !config.updated(r#"{"period":"total"}"#).unwrap().has_derived_id());
}

#[test]
fn a_name_that_is_no_text_is_read() {
    assert_eq!(input(r#"{"name":"a\ud83d","limit":1,"period":"total"}"#).unwrap().name, "a\u{fffd}");
}

proptest! {
    /// However long its names: a budget that is read can be keyed in any namespace.
    #[test]
    fn every_budget_has_a_key(namespace in "\\PC{1,20}", name in "\\PC{1,200}", scope in "\\PC{1,200}") {
        let json = serde_json::json!({"name": name, "limit": 1, "period": "monthly", "scope": {"type": "organization", "id": scope}});
        let id = input(&json.to_string()).unwrap().id;
        let key = Namespace::new(&namespace).unwrap().key(&Key::Budget(Name::of(&id)));
        prop_assert!(key.is_ok());
    }

    #[test]
    fn thresholds_keep_six_decimals(micro in 1_u64..10_000_000_000) {
        let threshold = Threshold::from_percent(micro as f64 / 1e6).unwrap();
        prop_assert_eq!(threshold.0, micro);
    }
}
