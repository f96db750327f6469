//! A ledger that is kept as rows answers as the one in memory does, whatever is lost from memory in between.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // Clippy takes the helpers of a test file for code of ours.

#[path = "support/kept.rs"]
mod kept;

use kept::Host;
use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate::{
    budget::{Config, Guarantee, Ledger, OnlyUtc, message},
    error::Code,
    json::ToJson,
    time::{DAY, HOUR, Instant, MINUTE, SECOND, WeekStart},
};

const NOON: i64 = 1_795_262_400_000; // 2026-11-21T12:00:00Z, a Saturday

fn budget(json: &Value) -> Value {
    let config = Config::parse_input(&json.to_string(), "UTC", WeekStart::Monday).unwrap();
    serde_json::from_str(&config.to_json()).unwrap()
}

fn message_of(ops: &[Value]) -> String {
    json!({ "v": 1, "ops": ops }).to_string()
}

/// Both ledgers, asked the same.
struct Pair {
    memory: Ledger,
    host: Host,
    now: i64,
}

impl Pair {
    fn new() -> Self {
        Self { memory: Ledger::new(Guarantee::Hard), host: Host::default(), now: NOON }
    }

    fn ask(&mut self, ops: &[Value]) -> Value {
        let now = Instant::from_ms(self.now);
        // What has come to pass is settled and forgotten first: in memory that is part of the operation.
        self.host.run(&message_of(&[json!({ "op": "tick" })]), now);
        let text = message_of(ops);
        let kept = self.host.run(&text, now);
        let (answer, next) = message::run(&mut self.memory, &text, 0, &OnlyUtc, now).unwrap();
        assert_eq!(next, ops.len());
        assert_eq!(kept, answer, "{text}");
        serde_json::from_str(&format!("[{kept}]")).unwrap()
    }
}

/// A step: how long after the last, what, and whether memory is lost before it.
///
/// Either budgets come, change and go within a day, or days pass: in memory it is not asked again whether something may be
/// forgotten when a budget goes that wanted it remembered.
fn steps(days: bool) -> impl Strategy<Value = Vec<(i64, Value, bool)>> {
    let long = if days { [3 * HOUR, 30 * HOUR, 50 * HOUR, 40 * DAY] } else { [0, 1, MINUTE, 40 * MINUTE] };
    let time = prop_oneof![4 => Just(0), 4 => 1..2 * SECOND, 3 => Just(MINUTE), 2 => Just(20 * MINUTE), 3 => prop::sample::select(long.to_vec())];
    let time = time.boxed();
    let id = || prop::sample::select(vec!["a", "b", "c", "d"]);
    let usd = || prop::sample::select(vec!["0", "0.1", "0.25", "0.5", "1"]);
    let tokens = || prop::sample::select(vec![Value::Null, json!(0), json!(7), json!(7), json!(30)]);
    let scopes = || {
        prop::sample::select(vec![
            json!([]),
            json!([{ "type": "agent", "id": "x" }]),
            json!([{ "type": "agent", "id": "x" }, { "type": "user", "id": "u:é" }]),
        ])
    };
    let budgets = [
        json!({ "name": "all", "limit": 1, "period": "daily", "action": "block" }),
        json!({ "name": "all", "limit": 2, "period": "daily", "action": "block" }),
        json!({ "name": "x", "limit": "0.5", "period": "hourly", "action": "throttle", "scope": { "type": "agent", "id": "x" } }),
        json!({ "id": "moves", "name": "m", "limit": 1, "period": "total", "alertThresholds": [10, 50.5], "burnRate": 1.5 }),
        json!({ "id": "moves", "name": "m", "limit": 1, "period": "monthly", "scope": { "type": "user", "id": "u:é" } }),
    ];
    let kinds = [
        json!({ "name": "t", "unit": "tokens", "limit": 40, "softLimit": 20, "period": "hourly", "action": "block" }),
        json!({ "name": "r", "unit": "requests", "limit": 4, "period": "daily", "rolling": true, "action": "throttle", "burnRate": 2, "forecast": true }),
        json!({ "name": "c", "limit": 1, "period": "hourly", "carryOver": "0.5", "action": "block", "burnRate": 3, "forecast": true }),
    ];
    let budgets: Vec<Value> = if days { budgets.to_vec() } else { budgets.into_iter().chain(kinds).collect() };
    let count = if days { 2 } else { budgets.len() };
    let budgets = prop::sample::select(budgets[..count].to_vec());
    let gone = if days { "nobody's" } else { "moves" };
    let op = prop_oneof![
        2 => (budgets, prop::sample::select(vec!["attach", "update"]))
            .prop_map(|(config, mode)| json!({ "op": "put", "budgets": [budget(&config)], "mode": mode })),
        1 => Just(json!({ "op": "remove", "id": gone })),
        6 => (id(), usd(), scopes(), prop::sample::select(vec![SECOND, 10 * MINUTE, 40 * HOUR]), tokens()).prop_map(
            |(id, usd, scopes, lease, tokens)| json!({ "op": "reserve", "id": id, "usd": usd, "scopes": scopes, "leaseMs": lease, "tokens": tokens })
        ),
        4 => (id(), usd(), tokens()).prop_map(|(id, usd, tokens)| json!({ "op": "settle", "id": id, "usd": usd, "tokens": tokens })),
        2 => (id(), 1..3_u8, prop::bool::ANY).prop_map(move |(id, amount, ends)| json!({
            "op": "adjust", "budget": if ends { "all:hourly:c" } else { "moves" }, "id": id, "amount": amount,
            "until": ends.then(|| Instant::from_ms(NOON + DAY).to_string()), "reason": "asked",
        })),
        1 => (id(), usd()).prop_map(|(id, usd)| json!({ "op": "settle", "id": id, "usd": usd, "mark": "aborted" })),
        2 => id().prop_map(|id| json!({ "op": "release", "id": id })),
        3 => (id(), usd(), scopes(), 0..3_u32, prop::sample::select(vec![0, HOUR, 20 * HOUR]), prop::option::of(id())).prop_map(
            |(id, usd, scopes, revision, ago, reservation)| json!({
                "op": "charge", "id": id, "usd": usd, "scopes": scopes, "revision": revision, "reservationId": reservation,
                "at": Instant::from_ms(NOON - ago).to_string(),
            })
        ),
        1 => Just(json!({ "op": "list" })),
        1 => (id(), id(), prop::sample::select(vec![0, MINUTE, 2 * DAY]))
            .prop_map(|(name, owner, ms)| json!({ "op": "claim", "id": name, "owner": owner, "ms": ms })),
    ];
    prop::collection::vec((time, op, prop::bool::weighted(0.3)), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_kept_is_what_would_be_in_memory(steps in prop_oneof![steps(false), steps(true)]) {
        let mut pair = Pair::new();
        pair.ask(&[json!({ "op": "put", "budgets": [budget(&json!({ "name": "all", "limit": 1, "period": "daily", "action": "block" }))], "mode": "attach" })]);
        for (later, op, crash) in steps {
            pair.now += later;
            if crash {
                pair.host.crash();
            }
            pair.ask(&[op, json!({ "op": "status" })]);
        }
    }
}

#[test]
fn what_is_forgotten_leaves_no_rows() {
    let mut pair = Pair::new();
    let config = budget(&json!({ "name": "b", "limit": 5, "period": "daily", "action": "block" }));
    pair.ask(&[json!({ "op": "put", "budgets": [config], "mode": "attach" })]);
    for n in 0..20 {
        let id = format!("r{n}");
        pair.ask(&[
            json!({ "op": "reserve", "id": id, "usd": "0.1", "scopes": [], "leaseMs": MINUTE }),
            json!({ "op": "charge", "id": id, "usd": "0.1", "scopes": [], "at": Instant::from_ms(pair.now).to_string() }),
        ]);
    }
    assert_eq!(pair.host.len(), 2 + 1 + 40); // the ledger's own, the budget, its window, the identities
    for _ in 0..8 {
        pair.now += 20 * HOUR;
        pair.ask(&[json!({ "op": "list" })]);
        pair.host.crash();
    }
    assert_eq!(pair.host.len(), 2);
}

#[test]
fn each_operation_is_answered_on_its_own_and_in_order() {
    let mut pair = Pair::new();
    let config = budget(&json!({ "name": "b", "limit": "0.5", "period": "daily", "action": "block" }));
    let answers = pair.ask(&[
        json!({ "op": "put", "budgets": [config], "mode": "attach" }),
        json!({ "op": "reserve", "id": "a", "usd": "0.3", "scopes": [], "leaseMs": 1000 }),
        json!({ "op": "reserve", "id": "b", "usd": "0.3", "scopes": [], "leaseMs": 1000 }),
        json!({ "op": "settle", "id": "a", "usd": "-1" }),
        json!({ "op": "settle", "id": "a", "usd": "0.1" }),
        json!({ "op": "reserve", "id": "a", "usd": "0.3", "scopes": [], "leaseMs": 1000 }),
        json!({ "op": "dance" }),
        json!({ "op": "reserve", "id": "b", "usd": "0.3", "scopes": [], "leaseMs": 1000 }),
    ]);
    let [_, a, b, negative, settled, again, dance, then] = answers.as_array().unwrap().as_slice() else {
        panic!("{answers}")
    };
    assert_eq!(
        (&a["ok"]["allowed"], &b["ok"]["allowed"], &then["ok"]["allowed"]),
        (&json!(true), &json!(false), &json!(true))
    );
    assert_eq!((&b["ok"]["blockedBy"]["name"], &b["ok"]["remaining"]), (&json!("b"), &json!("0.2")));
    assert_eq!(b["ok"]["resetsAt"], "2026-11-22T00:00:00.000Z");
    assert_eq!((&negative["error"]["tollgate"], &settled["ok"]["returned"]), (&json!("invalid_amount"), &json!("0.2")));
    assert_eq!(
        (&again["error"]["tollgate"], &dance["error"]["tollgate"]),
        (&json!("invalid_input"), &json!("invalid_input"))
    );
}

#[test]
fn rows_of_another_release_are_not_touched() {
    for (rows, code) in [
        (r#"[["led",{"schema":2,"created":0}]]"#, Code::StorageVersionNewer),
        (r#"[["led",{"created":0}]]"#, Code::StorageCorrupt),
        (r#"[["res:a",{"usd":"x"}]]"#, Code::StorageCorrupt),
        (r#"[["res:a"]]"#, Code::StorageCorrupt),
        ("{", Code::StorageCorrupt),
    ] {
        assert_eq!(Ledger::kept(Guarantee::Hard).load(rows, &OnlyUtc).unwrap_err().code(), code, "{rows}");
    }
    assert!(Ledger::kept(Guarantee::Hard).load(r#"[["new:thing",{}]]"#, &OnlyUtc).unwrap().is_empty());
    for bad in ["", "{}", r#"{"v":2,"ops":[]}"#, r#"{"v":1,"ops":[1]}"#] {
        assert_eq!(message::wants(bad).unwrap_err().code(), Code::InvalidInput, "{bad}");
    }
}
