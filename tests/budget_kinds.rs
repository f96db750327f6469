//! Kinds of budgets: what they count, rolling windows, what is carried over and added, soft limits. Named cases, and laws over
//! random histories.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // Clippy takes the helpers of a test file for code of ours.

use std::rc::Rc;

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate::{
    budget::{
        Amounts, Config, Guarantee, Ledger, Mode, OnlyUtc, Outcome, Reservation, Reserve, Scope, Status, Unit, Zones,
        check, message,
    },
    error::{Code, Error},
    json::ToJson,
    money::Usd,
    time::{DAY, HOUR, Instant, MINUTE, SECOND, WeekStart, Zone},
};

const NOON: i64 = 1_795_262_400_000; // 2026-11-21T12:00:00Z, a Saturday

fn at(ms: i64) -> Instant {
    Instant::from_ms(ms)
}

fn usd(text: &str) -> Usd {
    Usd::parse(text).unwrap()
}

fn config(json: &Value) -> Config {
    Config::parse_input(&json.to_string(), "UTC", WeekStart::Monday).unwrap()
}

fn ledger(budgets: &[Value], now: i64) -> Ledger {
    let mut ledger = Ledger::new(Guarantee::PerInstance);
    for budget in budgets {
        ledger.put(config(budget), Mode::Attach, &OnlyUtc, at(now)).unwrap();
    }
    ledger
}

fn reserve(ledger: &mut Ledger, id: &str, amounts: impl Into<Amounts>, now: i64) -> Reservation {
    ledger.reserve(&Reserve { id, amounts: amounts.into(), scopes: &[], lease_ms: HOUR }, at(now)).unwrap()
}

/// Reserves and settles the same.
fn spend(ledger: &mut Ledger, id: &str, amounts: impl Into<Amounts>, now: i64) -> bool {
    let amounts = amounts.into();
    let allowed = reserve(ledger, id, amounts, now).allowed;
    if allowed {
        ledger.settle(id, amounts, false, at(now));
    }
    allowed
}

fn status(ledger: &mut Ledger, now: i64) -> Status {
    ledger.status(None, at(now)).remove(0)
}

fn shown(ledger: &mut Ledger, now: i64) -> Value {
    serde_json::from_str(&status(ledger, now).to_json()).unwrap()
}

fn ask(ledger: &mut Ledger, op: &Value, now: i64) -> Value {
    let text = json!({ "v": 1, "ops": [op] }).to_string();
    serde_json::from_str(&message::run(ledger, &text, 0, &OnlyUtc, at(now)).unwrap().0).unwrap()
}

fn adjust(ledger: &mut Ledger, asked: Value, now: i64) -> Value {
    let mut op = json!({ "op": "adjust" });
    op.as_object_mut().unwrap().extend(asked.as_object().unwrap().clone());
    ask(ledger, &op, now)
}

#[test]
fn a_budget_of_tokens_and_one_of_requests_bind_with_one_of_money() {
    let mut ledger = ledger(
        &[
            json!({ "name": "money", "limit": 10, "period": "daily", "action": "block" }),
            json!({ "name": "tokens", "unit": "tokens", "limit": 1000, "period": "daily", "action": "block" }),
            json!({ "name": "calls", "unit": "requests", "limit": 3, "period": "daily", "action": "throttle" }),
        ],
        NOON,
    );
    let call = |tokens| Amounts::new(usd("1"), Some(tokens));
    assert!(reserve(&mut ledger, "a", call(600), NOON).allowed);
    let refused = reserve(&mut ledger, "b", call(500), NOON);
    assert_eq!(refused.blocked_by.as_ref().unwrap().unit, Unit::Tokens);
    let json: Value = serde_json::from_str(&refused.to_json()).unwrap();
    assert_eq!(
        (&json["remaining"], &json["unit"], &json["blockedBy"]["limit"]),
        (&json!("400"), &json!("tokens"), &json!(1000))
    );
    assert!(json["blockedBy"].get("limitUsd").is_none());
    // Nothing of the refused one is held anywhere.
    let held: Vec<String> = ledger.status(None, at(NOON)).iter().map(|status| status.held.to_string()).collect();
    assert_eq!(held, ["1", "600", "1"]);

    let settled = ledger.settle("a", Amounts::new(usd("0.4"), Some(150)), false, at(NOON));
    assert_eq!((settled.outcome, settled.charged, settled.tokens), (Outcome::Settled, usd("0.4"), Some(150)));
    assert!(spend(&mut ledger, "b", call(500), NOON) && spend(&mut ledger, "c", call(350), NOON));
    let refused = reserve(&mut ledger, "d", call(0), NOON);
    assert_eq!((refused.blocked_by.unwrap().name.as_str(), refused.retry_after_ms), ("calls", Some(12 * HOUR)));
    let spent: Vec<String> = ledger.status(None, at(NOON)).iter().map(|status| status.spent.to_string()).collect();
    assert_eq!(spent, ["2.4", "1000", "3"]);
    let tokens: Value = serde_json::from_str(&ledger.status(None, at(NOON))[1].to_json()).unwrap();
    assert_eq!((&tokens["currentSpending"], &tokens["available"]), (&json!(1000), &json!(0)));
    assert!(tokens.get("spentUsd").is_none() && tokens.get("availableUsd").is_none());
    assert_eq!(tokens["alerts"][3]["message"], r#"Budget "tokens" has reached 100% (1000 / 1000 tokens)"#);
    assert_eq!((&tokens["alerts"][3]["unit"], &tokens["alerts"][3]["limit"]), (&json!("tokens"), &json!(1000)));
}

#[test]
fn who_does_not_say_its_tokens_is_not_let_through() {
    let budget =
        |action: &str| json!({ "name": "t", "unit": "tokens", "limit": 100, "period": "daily", "action": action });
    let mut strict = ledger(&[budget("block")], NOON);
    let request = Reserve { id: "a", amounts: usd("1").into(), scopes: &[], lease_ms: HOUR };
    let error = strict.reserve(&request, at(NOON)).unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::InvalidInput, "cannot reserve: expected the call's tokens, which a budget counts, found none")
    );
    // Where nothing is refused nothing is held, and what is settled counts.
    let mut lax = ledger(&[budget("alert")], NOON);
    assert!(reserve(&mut lax, "a", usd("1"), NOON).allowed);
    lax.settle("a", Amounts::new(usd("1"), Some(70)), false, at(NOON));
    assert_eq!(status(&mut lax, NOON).spent.to_string(), "70");
    // A settlement that does not say counts what was held; so does a lease that ends.
    assert!(reserve(&mut strict, "b", Amounts::new(usd("1"), Some(60)), NOON).allowed);
    assert_eq!(strict.settle("b", usd("0.5"), false, at(NOON)).tokens, Some(60));
    assert!(reserve(&mut strict, "c", Amounts::new(usd("1"), Some(40)), NOON).allowed);
    assert_eq!(status(&mut strict, NOON + 2 * HOUR).spent.to_string(), "100");
}

#[test]
fn a_unit_of_a_later_release_lets_nothing_through() {
    let json = r#"{"id":"x","name":"n","unit":"seconds","limit":0.5,"period":"daily","alertThresholds":[50],"action":"block","enabled":true,"timeZone":"UTC","weekStart":"monday","revision":1}"#;
    let config = Config::parse(json).unwrap();
    assert_eq!((config.unit, config.to_json().as_str()), (Unit::Unknown, json));
    let mut ledger = Ledger::new(Guarantee::Hard);
    ledger.put(config.clone(), Mode::Attach, &OnlyUtc, at(NOON)).unwrap();
    let request = Reserve { id: "a", amounts: Amounts::new(usd("0"), Some(0)), scopes: &[], lease_ms: HOUR };
    assert_eq!(ledger.reserve(&request, at(NOON)).unwrap_err().code(), Code::InvalidInput);
    assert!(!check(&ledger.status(None, at(NOON)).to_json(), usd("0"), at(NOON)).unwrap().allowed);
    assert!(!config.is_for_what(&Config::parse(&json.replace("seconds", "minutes")).unwrap()));
}

#[test]
fn kinds_that_do_not_go_together_are_refused() {
    for (change, message) in [
        (json!({ "unit": "euros" }), "expected unit to be one of usd, tokens, requests"),
        (json!({ "unit": "tokens", "limit": 1.5 }), "expected a whole number of tokens, found a fraction"),
        (
            json!({ "rolling": true, "period": "total" }),
            "expected rolling to be absent from a budget whose period is total",
        ),
        (json!({ "rolling": "yes" }), "expected rolling to be true or false"),
        (json!({ "carryOver": 1, "rolling": true }), "expected carryOver to be absent from a budget that is rolling"),
        (json!({ "softLimit": 2 }), "expected softLimit to be at most the limit"),
    ] {
        let mut budget = json!({ "name": "n", "limit": 1, "period": "daily" });
        budget.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let error = Config::parse_input(&budget.to_string(), "UTC", WeekStart::Monday).unwrap_err();
        assert!(error.message().contains(message), "{budget}: {}", error.message());
    }
    // What counts something else is another budget.
    let id = |more: Value| {
        let mut budget = json!({ "name": "n", "limit": 1, "period": "daily" });
        budget.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config(&budget).id
    };
    assert_eq!(
        [id(json!({})), id(json!({ "unit": "tokens" })), id(json!({ "rolling": true, "unit": "requests" }))],
        ["all:daily:n", "all:daily.tokens:n", "all:daily.rolling.requests:n"]
    );
}

#[test]
fn a_rolling_window_frees_what_is_older_than_its_length() {
    let mut ledger = ledger(
        &[
            json!({ "name": "r", "limit": 1, "period": "hourly", "rolling": true, "action": "throttle", "alertThresholds": [100] }),
        ],
        NOON,
    );
    assert!(spend(&mut ledger, "a", usd("0.6"), NOON + 30 * SECOND));
    assert!(spend(&mut ledger, "b", usd("0.4"), NOON + 10 * MINUTE));
    let refused = reserve(&mut ledger, "c", usd("0.5"), NOON + 59 * MINUTE);
    // What was spent in the minute of 12:00 counts until 13:01.
    assert_eq!(refused.retry_after_ms, Some(2 * MINUTE));
    assert_eq!(refused.resets_at, Some(at(NOON + 61 * MINUTE)));
    assert_eq!(reserve(&mut ledger, "c", usd("0.7"), NOON + 59 * MINUTE).retry_after_ms, Some(12 * MINUTE));
    assert_eq!(reserve(&mut ledger, "c", usd("1.1"), NOON + 59 * MINUTE).retry_after_ms, None);
    let shown = shown(&mut ledger, NOON + 59 * MINUTE);
    assert_eq!(
        shown["releases"],
        json!([
            { "at": "2026-11-21T13:01:00.000Z", "amount": "0.6" },
            { "at": "2026-11-21T13:11:00.000Z", "amount": "0.4" },
        ])
    );
    // The question says the same as the promise.
    let verdict = check(&format!("[{shown}]"), usd("0.5"), at(NOON + 59 * MINUTE)).unwrap();
    assert_eq!((verdict.allowed, verdict.retry_after_ms), (false, Some(2 * MINUTE)));
    assert_eq!(shown["alerts"].as_array().unwrap().len(), 1);
    assert!(!spend(&mut ledger, "c", usd("0.5"), NOON + 61 * MINUTE - 1));
    assert!(spend(&mut ledger, "c", usd("0.5"), NOON + 61 * MINUTE));
    // Told once in its length, and then again.
    let alerts = |ledger: &mut Ledger, now| status(ledger, now).alerts.len();
    assert_eq!(alerts(&mut ledger, NOON + 70 * MINUTE), 1);
    assert_eq!(alerts(&mut ledger, NOON + 71 * MINUTE), 0);
    assert!(spend(&mut ledger, "d", usd("0.5"), NOON + 71 * MINUTE));
    assert_eq!(alerts(&mut ledger, NOON + 71 * MINUTE), 1);
}

/// Central European time around 2026-03-29 and 2026-10-25.
struct Europe;

impl Zone for Europe {
    fn offset(&self, at: Instant) -> i64 {
        let summer = Instant::parse("2026-03-29T01:00:00Z").unwrap()..Instant::parse("2026-10-25T01:00:00Z").unwrap();
        if summer.contains(&at) { 2 * HOUR } else { HOUR }
    }
}

impl Zones for Europe {
    fn zone(&self, _: &str) -> Result<Rc<dyn Zone>, Error> {
        Ok(Rc::new(Europe))
    }
}

#[test]
fn days_of_23_and_25_hours_carry_over_and_say_their_true_end() {
    for (day, hours) in [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)] {
        let start = Instant::parse(day).unwrap().ms();
        let start = start - Europe.offset(at(start - 2 * HOUR));
        let mut ledger = Ledger::new(Guarantee::Hard);
        let budget = json!({ "name": "d", "limit": 1, "period": "daily", "action": "throttle", "carryOver": "0.5", "timeZone": "Europe/Berlin" });
        ledger.put(config(&budget), Mode::Attach, &Europe, at(start)).unwrap();
        assert!(spend(&mut ledger, "a", usd("0.7"), start), "{day}");
        let refused = reserve(&mut ledger, "b", usd("0.4"), start);
        assert_eq!(refused.retry_after_ms, Some(hours * HOUR), "{day}");
        let next = start + hours * HOUR;
        assert!(!reserve(&mut ledger, "b", usd("0.4"), next - 1).allowed, "{day}");
        let shown = shown(&mut ledger, next);
        assert_eq!((&shown["effectiveLimit"], &shown["carriedOver"]), (&json!("1.3"), &json!("0.3")), "{day}");
        assert!(reserve(&mut ledger, "b", usd("1.3"), next).allowed, "{day}");
    }
}

#[test]
fn what_is_held_or_billed_late_is_not_carried_over() {
    let mut ledger =
        ledger(&[json!({ "name": "h", "limit": 1, "period": "hourly", "action": "block", "carryOver": 1 })], NOON);
    let effective = |ledger: &mut Ledger, now| status(ledger, now).standing.limit.to_string();
    assert_eq!(effective(&mut ledger, NOON), "1", "it begins with nothing");
    assert!(reserve(&mut ledger, "held", usd("0.4"), NOON).allowed);
    assert_eq!(effective(&mut ledger, NOON + HOUR), "1.6");
    // Settled above what was held: less was left.
    ledger.settle("held", usd("0.7"), false, at(NOON + HOUR));
    assert_eq!(effective(&mut ledger, NOON + HOUR), "1.3");
    // A charge of the hour before as well.
    ledger.charge("late", usd("0.2"), &[], at(NOON + MINUTE), None, at(NOON + HOUR));
    assert_eq!(effective(&mut ledger, NOON + HOUR), "1.1");
    // Hours in which nothing was asked leave all that they had, and never more than is allowed; also long after.
    assert_eq!(effective(&mut ledger, NOON + 5 * HOUR), "2");
    assert!(spend(&mut ledger, "all", usd("2"), NOON + 5 * HOUR));
    assert_eq!(effective(&mut ledger, NOON + 6 * HOUR), "1");
    assert!(spend(&mut ledger, "again", usd("1"), NOON + 6 * HOUR));
    assert_eq!(effective(&mut ledger, NOON + 7 * HOUR), "1", "what came over is spent");
    assert_eq!(effective(&mut ledger, NOON + 90 * DAY), "2");
}

#[test]
fn a_raise_ends_and_is_kept_with_its_reason() {
    let mut ledger = ledger(
        &[json!({ "name": "b", "limit": 1, "period": "daily", "action": "block", "alertThresholds": [100] })],
        NOON,
    );
    assert!(spend(&mut ledger, "a", usd("1"), NOON));
    assert!(!reserve(&mut ledger, "b", usd("0.5"), NOON).allowed);
    let until = at(NOON + HOUR).to_string();
    let raise = json!({ "budget": "all:daily:b", "id": "r1", "amount": "0.5", "until": until, "reason": "the launch" });
    assert_eq!(adjust(&mut ledger, raise.clone(), NOON), json!({ "ok": true }));
    assert_eq!(adjust(&mut ledger, raise.clone(), NOON), json!({ "ok": false }), "said twice, counted once");
    assert!(spend(&mut ledger, "b", usd("0.4"), NOON + MINUTE));
    assert_eq!(shown(&mut ledger, NOON + MINUTE)["effectiveLimit"], "1.5");
    assert!(!reserve(&mut ledger, "c", usd("0.1"), NOON + HOUR).allowed, "it has ended");
    let after = shown(&mut ledger, NOON + HOUR);
    assert!(after.get("effectiveLimit").is_none());
    assert_eq!((&after["overageUsd"], &after["adjustments"][0]["reason"]), (&json!("0.4"), &json!("the launch")));
    for (change, message) in [
        (
            json!({ "id": "r1", "amount": "0.6" }),
            "expected an id of its own for each raise and top-up, found one of another",
        ),
        (json!({ "id": "r2", "reason": null }), "expected a raise to have a reason"),
        (json!({ "id": "r2", "until": at(NOON).to_string() }), "expected until to lie ahead"),
        (json!({ "id": "r2", "until": null }), "expected a budget whose period is total"),
        (json!({ "id": "r2", "amount": "0" }), "expected an amount above 0"),
        (json!({ "id": "r2", "amount": "-1" }), "expected a non-negative decimal"),
        (json!({ "id": "r2", "budget": "nobody's" }), "expected one that is stored"),
    ] {
        let mut asked = raise.clone();
        asked.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = adjust(&mut ledger, asked, NOON + HOUR);
        assert!(answer["error"]["message"].as_str().unwrap().contains(message), "{change}: {answer}");
    }
}

#[test]
fn a_balance_is_topped_up_once_for_each_payment() {
    let mut ledger = ledger(&[json!({ "name": "prepaid", "limit": 0, "period": "total", "action": "block" })], NOON);
    assert!(!reserve(&mut ledger, "a", usd("0.1"), NOON).allowed);
    // More than are kept one by one: those that are not stay in the balance.
    for payment in 0..300 {
        let top_up = json!({ "budget": "all:total:prepaid", "id": format!("p{payment}"), "amount": 2 });
        assert_eq!(adjust(&mut ledger, top_up.clone(), NOON + payment), json!({ "ok": true }));
        assert_eq!(adjust(&mut ledger, top_up, NOON + payment), json!({ "ok": false }));
    }
    let status = shown(&mut ledger, NOON + SECOND);
    assert_eq!((&status["effectiveLimit"], &status["remainingUsd"]), (&json!("600"), &json!("600")));
    assert_eq!(status["adjustments"].as_array().unwrap().len(), 200);
    assert!(spend(&mut ledger, "a", usd("600"), NOON + SECOND));
    assert!(!reserve(&mut ledger, "b", usd("0.1"), NOON + SECOND).allowed);
}

#[test]
fn a_soft_limit_tells_and_refuses_nothing() {
    let mut ledger = ledger(
        &[
            json!({ "name": "b", "limit": 10, "softLimit": 8, "period": "daily", "action": "block", "alertThresholds": [100] }),
        ],
        NOON,
    );
    assert_eq!(reserve(&mut ledger, "a", usd("8"), NOON).over_soft, [""; 0]);
    let over = reserve(&mut ledger, "b", usd("1"), NOON);
    assert_eq!((over.allowed, over.over_soft.as_slice()), (true, ["all:daily:b".to_owned()].as_slice()));
    let alert: Value = serde_json::from_str(&over.alerts[0].to_json()).unwrap();
    assert_eq!(
        [&alert["kind"], &alert["message"], &alert["projected"], &alert["severity"]],
        [
            &json!("soft_limit"),
            &json!(r#"Budget "b" has passed its soft limit (9.0000 / 8 USD)"#),
            &json!(true),
            &json!("warning")
        ]
    );
    ledger.settle("a", usd("7"), false, at(NOON));
    assert_eq!(shown(&mut ledger, NOON)["isOverSoftLimit"], false);
    let true_now = ledger.settle("b", usd("1.5"), false, at(NOON)).alerts;
    assert_eq!(true_now.iter().map(|alert| alert.projected).collect::<Vec<_>>(), [false]);
    assert_eq!(shown(&mut ledger, NOON)["isOverSoftLimit"], true);
    assert!(!reserve(&mut ledger, "c", usd("2"), NOON).allowed, "the limit is the limit");
}

#[test]
fn what_is_spent_too_fast_is_told_before_any_threshold() {
    let budget = json!({ "name": "b", "limit": 24, "period": "daily", "action": "block", "alertThresholds": [100], "burnRate": 4, "forecast": true });
    let midnight = NOON - 12 * HOUR;
    let mut ledger = ledger(std::slice::from_ref(&budget), midnight);
    // Ninety cents an hour last the day: nothing is told.
    let mut told = Vec::new();
    let mut at_minute = |ledger: &mut Ledger, minute: i64, amount: &str| {
        let (id, now) = (format!("m{minute}"), midnight + minute * MINUTE);
        assert!(reserve(ledger, &id, usd(amount), now).allowed);
        for alert in ledger.settle(&id, usd(amount), false, at(now)).alerts {
            let alert: Value = serde_json::from_str(&alert.to_json()).unwrap();
            told.push((minute, alert));
        }
        told.clone()
    };
    for minute in (0..240).step_by(3) {
        assert_eq!(at_minute(&mut ledger, minute, "0.045"), []);
    }
    // Then five an hour.
    let mut told = Vec::new();
    for minute in (240..360).step_by(3) {
        told = at_minute(&mut ledger, minute, "0.25");
    }
    let kinds: Vec<_> = told.iter().map(|(minute, alert)| (*minute, alert["kind"].as_str().unwrap())).collect();
    // The first of them might be one call.
    assert_eq!(kinds, [(243, "forecast"), (285, "burn_rate")]);
    let burn = &told[1].1;
    assert_eq!(
        (&burn["burnRate"], &burn["message"], &burn["severity"]),
        (
            &json!(4.18),
            &json!(r#"Budget "b" is spent 4.18 times as fast as lasts (7.6000 / 24 USD)"#),
            &json!("warning")
        )
    );
    let forecast = &told[0].1;
    // 19.90 are left, and 1.31 were spent in the last hour.
    assert_eq!(forecast["exhaustsAt"], "2026-11-21T19:14:27.022Z");
    assert_eq!(
        forecast["message"],
        r#"Budget "b" will be spent by 2026-11-21T19:14:27.022Z at the present rate (4.1000 / 24 USD)"#
    );
    assert!(forecast["id"].as_str().unwrap().contains("#forecast/24"), "{forecast}");

    // What was spent before a budget asked counts as spent long ago.
    let mut later = self::ledger(
        &[json!({ "name": "b", "limit": 24, "period": "daily", "action": "block", "alertThresholds": [] })],
        midnight,
    );
    assert!(spend(&mut later, "a", usd("20"), NOON));
    let asks = Config::parse(&later.list()[0].to_json()).unwrap().updated(r#"{"burnRate":2,"forecast":true}"#).unwrap();
    later.put(asks, Mode::Update, &OnlyUtc, at(NOON + MINUTE)).unwrap();
    assert!(spend(&mut later, "b", usd("0.01"), NOON + 2 * MINUTE));
    assert_eq!(status(&mut later, NOON + 2 * MINUTE).alerts, []);
    for change in [json!({ "burnRate": 0.5 }), json!({ "forecast": 1 })] {
        let mut wrong = budget.clone();
        wrong.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(
            Config::parse_input(&wrong.to_string(), "UTC", WeekStart::Monday).unwrap_err().code(),
            Code::InvalidConfig
        );
    }
}

/// Spends so much every three minutes from one to the other minute, and tells which alerts were raised when.
fn told_of(ledger: &mut Ledger, minutes: std::ops::Range<i64>, amount: &str) -> Vec<(i64, Value)> {
    let mut told = Vec::new();
    for minute in minutes.step_by(3) {
        let (id, now) = (format!("m{minute}"), NOON + minute * MINUTE);
        let hold = reserve(ledger, &id, usd(amount), now);
        assert!(hold.allowed);
        for alert in hold.alerts.into_iter().chain(ledger.settle(&id, usd(amount), false, at(now)).alerts) {
            told.push((minute, serde_json::from_str(&alert.to_json()).unwrap()));
        }
    }
    told
}

fn kinds_of(told: &[(i64, Value)]) -> Vec<(i64, &str)> {
    told.iter().map(|(minute, alert)| (*minute, alert["kind"].as_str().unwrap())).collect()
}

#[test]
fn a_rolling_budget_tells_how_fast_it_is_spent_once_in_its_length() {
    let budget = json!({ "name": "b", "limit": 24, "period": "daily", "rolling": true, "alertThresholds": [], "burnRate": 4, "forecast": true });
    let mut ledger = ledger(&[budget], NOON);
    // Ninety cents an hour last for ever: what is spent goes out again.
    assert_eq!(told_of(&mut ledger, 0..3 * 1440, "0.045"), []);
    // Then five an hour.
    let told = told_of(&mut ledger, 3 * 1440..4 * 1440, "0.25");
    let [(forecast_at, forecast), (burn_at, burn)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((&forecast["kind"], &burn["kind"]), (&json!("forecast"), &json!("burn_rate")));
    // 1.90 are left. Each 24 minutes 0.524 is spent, and 0.36 goes out: nine times, and then for 0.4895 more.
    assert_eq!((*forecast_at, forecast["exhaustsAt"].as_str().unwrap()), (4323, "2026-11-24T15:58:25.190Z"));
    assert_eq!((*burn_at, burn["burnRate"].as_f64().unwrap()), (4365, 4.18));
    // A day after each it is told again, while it goes on.
    let again = told_of(&mut ledger, 4 * 1440..5 * 1440 + 120, "0.25");
    let expected = [(4 * 1440 + 48, "burn_rate"), (5 * 1440 + 72, "burn_rate")];
    assert_eq!(
        kinds_of(&again),
        expected,
        "when the part that told is over; above its limit there is no forecast any more"
    );
}

#[test]
fn a_prepaid_balance_tells_when_it_will_not_last_a_week() {
    let budget =
        json!({ "name": "b", "limit": 100, "period": "total", "alertThresholds": [], "burnRate": 3, "forecast": true });
    let mut ledger = ledger(&[budget], NOON);
    // Ten cents an hour last for weeks.
    assert_eq!(told_of(&mut ledger, 0..2 * 1440, "0.005"), []);
    // At two dollars an hour what is left lasts two days.
    let told = told_of(&mut ledger, 2 * 1440..3 * 1440, "0.1");
    assert_eq!(
        told.iter().map(|(_, alert)| alert["kind"].as_str().unwrap()).collect::<Vec<_>>(),
        ["forecast", "burn_rate"]
    );
    let (minute, forecast) = &told[0];
    let exhausts = Instant::parse(forecast["exhaustsAt"].as_str().unwrap()).unwrap();
    assert!(exhausts.ms() - (NOON + minute * MINUTE) < 7 * DAY, "{forecast}");
    let (minute, burn) = &told[1];
    assert!(burn["burnRate"].as_f64().unwrap() >= 3.0 && *minute > 2 * 1440 + 60, "{burn}");
    assert!(burn["id"].as_str().unwrap().ends_with("@total#burn/100"), "{burn}");
    // Once: until it is topped up, and still does not last.
    assert_eq!(told_of(&mut ledger, 3 * 1440..3 * 1440 + 300, "0.1"), []);
    let now = NOON + (3 * 1440 + 300) * MINUTE;
    let top_up = json!({ "budget": "all:total:b", "id": "t", "amount": "10" });
    assert_eq!(adjust(&mut ledger, top_up, now), json!({ "ok": true }));
    let told = told_of(&mut ledger, 3 * 1440 + 303..3 * 1440 + 600, "0.1");
    assert_eq!(kinds_of(&told)[0].1, "forecast", "{told:?}");
    // A record of last month says nothing of today.
    let mut late = self::ledger(
        &[json!({ "name": "b", "limit": 100, "period": "total", "alertThresholds": [], "forecast": true })],
        NOON,
    );
    assert!(spend(&mut late, "a", usd("0.01"), NOON));
    let charged = late.charge("old", usd("50"), &[], at(NOON - 30 * DAY), None, at(NOON + MINUTE));
    assert!(charged.counted && charged.alerts.is_empty(), "{charged:?}");
    assert!(spend(&mut late, "b", usd("0.01"), NOON + 2 * MINUTE));
    assert_eq!(status(&mut late, NOON + 2 * MINUTE).alerts, []);
}

#[test]
fn one_call_makes_no_forecast() {
    for (change, wait, first, more) in [
        (json!({ "period": "total" }), DAY, "1.2", ["1.2"].as_slice()),
        (json!({ "period": "daily" }), 12 * HOUR + MINUTE, "1.1", &["1.1", "0.5"]),
        (json!({ "period": "daily", "rolling": true }), DAY, "12", &["1.1", "0.9"]),
        (json!({ "period": "monthly" }), DAY, "6", &["6"]),
    ] {
        let mut budget = json!({ "name": "b", "limit": 24, "alertThresholds": [], "forecast": true });
        budget.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let mut ledger = ledger(&[budget], NOON);
        let mut now = NOON + wait;
        assert!(spend(&mut ledger, "a", usd(first), now));
        assert_eq!(status(&mut ledger, now).alerts, [], "{change}");
        // A long while after it, a little is no sign that it goes on.
        now += if change["period"] == "monthly" { 20 * HOUR } else { 50 * MINUTE };
        assert!(spend(&mut ledger, "b", usd("0.000001"), now));
        assert_eq!(status(&mut ledger, now).alerts, [], "{change}");
        for (index, amount) in more.iter().enumerate() {
            now += 3 * MINUTE;
            assert!(spend(&mut ledger, &format!("c{index}"), usd(amount), now));
        }
        let kinds = status(&mut ledger, now).alerts.len();
        assert_eq!(kinds, 1, "{change}: more of the like is a rate");
    }
}

#[test]
fn a_name_is_taken_by_one_until_its_time_is_over() {
    let mut ledger = ledger(&[], NOON);
    assert!(ledger.claim("alert", "a", MINUTE, at(NOON)));
    assert!(!ledger.claim("alert", "b", MINUTE, at(NOON + 1)), "another has it");
    assert!(ledger.claim("alert", "a", 2 * MINUTE, at(NOON + 2)), "its owner may take it for longer");
    assert!(!ledger.claim("alert", "b", MINUTE, at(NOON + MINUTE)));
    assert!(ledger.claim("other", "b", MINUTE, at(NOON + MINUTE)));
    assert!(ledger.claim("alert", "b", MINUTE, at(NOON + 2 + 2 * MINUTE)), "its time is over");
    assert!(ledger.claim("alert", "b", 0, at(NOON + 3 * MINUTE)), "given back");
    assert!(ledger.claim("alert", "a", MINUTE, at(NOON + 3 * MINUTE)));
}

/// What happens next: a call of so many cents and tokens, and what becomes of it; or time goes by.
#[derive(Clone, Copy, Debug)]
enum Step {
    Call { cents: i64, tokens: u64, settled: Option<u64> },
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let call = (0..80_i64, 0..80_u64, prop::option::weighted(0.8, 0..=100_u64))
        .prop_map(|(cents, tokens, settled)| Step::Call { cents, tokens, settled });
    let wait = prop::sample::select(vec![SECOND, MINUTE, 7 * MINUTE, 25 * MINUTE, HOUR, 5 * HOUR, DAY])
        .prop_flat_map(|most| (0..=most).prop_map(Step::Wait));
    prop::collection::vec(prop_oneof![3 => call, 2 => wait], 1..60)
}

/// A call that was allowed: when, and its cents, tokens and requests as they count now.
struct Taken {
    made: i64,
    amounts: [i64; 3],
}

fn cents(cents: i64) -> Usd {
    Usd::from_pico(i128::from(cents) * 10_000_000_000).unwrap()
}

fn in_unit(unit: Unit, sum: [i64; 3]) -> Usd {
    match unit {
        Unit::Usd => cents(sum[0]),
        Unit::Tokens => cents(sum[1] * 100),
        _ => cents(sum[2] * 100),
    }
}

fn sum(taken: &[Taken], counts: impl Fn(&Taken) -> bool) -> [i64; 3] {
    taken
        .iter()
        .filter(|call| counts(call))
        .fold([0; 3], |sum, call| [sum[0] + call.amounts[0], sum[1] + call.amounts[1], sum[2] + call.amounts[2]])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No budget of any unit is passed, none refuses what it has room for, and what is spent is the sum of what was settled.
    #[test]
    fn no_unit_is_ever_passed(steps in steps()) {
        let budgets = [("usd", "2"), ("tokens", "150"), ("requests", "6")].map(|(unit, limit)| {
            json!({ "name": unit, "unit": unit, "limit": limit, "period": "hourly", "action": "block" })
        });
        let (mut ledger, mut now, mut taken) = (ledger(&budgets, NOON), NOON, Vec::<Taken>::new());
        for (number, step) in steps.into_iter().enumerate() {
            let (c, tokens, settled) = match step {
                Step::Wait(ms) => { now += ms; continue }
                Step::Call { cents, tokens, settled } => (cents, tokens, settled),
            };
            let id = format!("r{number}");
            let before = ledger.status(None, at(now));
            let asked = Amounts::new(cents(c), Some(tokens));
            let fits = before.iter().all(|status| {
                let amount = asked.of(status.budget.unit).unwrap();
                status.spent.saturating_add(status.held).saturating_add(amount) <= status.budget.limit
            });
            let answer = reserve(&mut ledger, &id, asked, now);
            prop_assert_eq!(answer.allowed, fits);
            if answer.allowed {
                let part = settled.unwrap_or(100);
                let actual = [c * part as i64 / 100, (tokens * part / 100) as i64, 1];
                match settled {
                    Some(_) => {
                        let amounts = Amounts::new(cents(actual[0]), Some(actual[1] as u64));
                        ledger.settle(&id, amounts, false, at(now));
                        taken.push(Taken { made: now, amounts: actual });
                    }
                    None => prop_assert!(ledger.release(&id, at(now))),
                }
            }
            for status in ledger.status(None, at(now)) {
                prop_assert!(status.spent.saturating_add(status.held) <= status.budget.limit);
                let hour = now.div_euclid(HOUR);
                let expected = in_unit(status.budget.unit, sum(&taken, |call| call.made.div_euclid(HOUR) == hour));
                prop_assert_eq!(status.spent, expected);
            }
        }
    }

    /// A rolling window counts all of its length, and at most a sixtieth more; what it says of a later try is true to the
    /// millisecond.
    #[test]
    fn a_rolling_window_never_counts_too_little(steps in steps(), daily in any::<bool>(), unit in 0..3_usize) {
        let (period, length) = if daily { ("daily", DAY) } else { ("hourly", HOUR) };
        let unit = ["usd", "tokens", "requests"][unit];
        let budget = json!({ "name": "r", "unit": unit, "limit": if unit == "usd" { 1 } else { 5 }, "period": period, "rolling": true, "action": "throttle" });
        let (mut ledger, mut now, mut taken) = (ledger(&[budget], NOON), NOON, Vec::<Taken>::new());
        for (number, step) in steps.into_iter().enumerate() {
            let (c, tokens) = match step {
                Step::Wait(ms) => { now += ms; continue }
                Step::Call { cents, tokens, .. } => (cents, tokens % 6),
            };
            let id = format!("r{number}");
            let asked = Amounts::new(cents(c), Some(tokens));
            let answer = reserve(&mut ledger, &id, asked, now);
            let limit = status(&mut ledger, now).budget.limit;
            let unit = Unit::of(unit);
            let amount = asked.of(unit).unwrap();
            let exactly = in_unit(unit, sum(&taken, |call| call.made > now - length));
            let at_most = in_unit(unit, sum(&taken, |call| call.made > now - length - length / 60));
            if answer.allowed {
                prop_assert!(exactly.saturating_add(amount) <= limit);
                ledger.settle(&id, asked, false, at(now));
                taken.push(Taken { made: now, amounts: [c, tokens as i64, 1] });
            } else {
                prop_assert!(at_most.saturating_add(amount) > limit, "{at_most} and {amount} of {limit} were refused");
                match answer.retry_after_ms {
                    Some(ms) => {
                        prop_assert!(!reserve(&mut ledger, &id, asked, now + ms - 1).allowed);
                        prop_assert!(reserve(&mut ledger, &id, asked, now + ms).allowed);
                        ledger.release(&id, at(now + ms));
                        now += ms;
                    }
                    None => prop_assert!(amount > limit),
                }
            }
            let spent = status(&mut ledger, now).spent;
            let exactly = in_unit(unit, sum(&taken, |call| call.made > now - length));
            prop_assert!(spent >= exactly, "{spent} of {exactly} is counted");
        }
    }

    /// What goes over is what was left, and at most what is said: over any stretch of windows no more is spent than their
    /// limits and that once.
    #[test]
    fn what_is_carried_over_is_bounded(steps in steps(), most in 0..300_i64) {
        let budget = json!({ "name": "c", "limit": "1", "period": "hourly", "action": "throttle", "carryOver": cents(most).to_string() });
        let (mut ledger, mut now, mut taken) = (ledger(&[budget], NOON), NOON, Vec::<Taken>::new());
        let mut carried = 0; // into the hour that is looked at
        let mut hour = NOON.div_euclid(HOUR);
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Wait(ms) => now += ms,
                Step::Call { cents: c, .. } => {
                    let (id, asked) = (format!("r{number}"), c * 3);
                    let answer = reserve(&mut ledger, &id, cents(asked), now);
                    if answer.allowed {
                        ledger.settle(&id, cents(asked), false, at(now));
                        taken.push(Taken { made: now, amounts: [asked, 0, 1] });
                    } else if let Some(ms) = answer.retry_after_ms {
                        prop_assert!(reserve(&mut ledger, &id, cents(asked), now + ms).allowed, "{asked} after {ms}");
                        ledger.release(&id, at(now + ms));
                        now += ms;
                    }
                }
            }
            while hour < now.div_euclid(HOUR) {
                let spent = sum(&taken, |call| call.made.div_euclid(HOUR) == hour)[0];
                carried = (100 + carried - spent).min(most);
                hour += 1;
            }
            let standing = status(&mut ledger, now).standing;
            prop_assert_eq!(standing.limit, cents(100 + carried));
            prop_assert!(standing.spent <= standing.limit);
        }
        for from in 0..taken.len() {
            for to in from..taken.len() {
                let (first, last) = (taken[from].made.div_euclid(HOUR), taken[to].made.div_euclid(HOUR));
                let spent = sum(&taken[from..=to], |_| true)[0];
                prop_assert!(spent <= (last - first + 1) * 100 + most);
            }
        }
    }

    /// A raise counts from when it is made until its end, a top-up for good, and each once, in whatever order they are said.
    #[test]
    fn raises_end_and_top_ups_count_once(
        said in prop::collection::vec((0..8_u8, 1..50_i64, prop::option::of(1..3 * HOUR), 0..HOUR), 1..40),
    ) {
        let mut ledger = ledger(&[json!({ "name": "b", "limit": 1, "period": "total", "action": "block" })], NOON);
        let (mut now, mut known) = (NOON, Vec::<(u8, i64, Option<i64>)>::new());
        for (id, amount, lasts, wait) in said {
            now += wait;
            let until = lasts.map(|ms| now + ms);
            let asked = json!({
                "budget": "all:total:b", "id": format!("a{id}"), "amount": cents(amount).to_string(),
                "until": until.map(|until| at(until).to_string()), "reason": "as asked",
            });
            let answer = adjust(&mut ledger, asked, now);
            match known.iter().find(|(other, ..)| *other == id) {
                Some(same) if (same.1, same.2) == (amount, until) => prop_assert_eq!(&answer["ok"], &json!(false)),
                Some(_) => prop_assert_eq!(&answer["error"]["tollgate"], &json!("invalid_input")),
                None => {
                    prop_assert_eq!(&answer["ok"], &json!(true));
                    known.push((id, amount, until));
                }
            }
            let added: i64 = known.iter().filter(|(_, _, until)| until.is_none_or(|until| now < until)).map(|made| made.1).sum();
            prop_assert_eq!(status(&mut ledger, now).standing.limit, cents(100 + added));
        }
    }
}

#[test]
fn a_reservation_beside_another_is_no_request() {
    let mut ledger =
        ledger(&[json!({ "name": "r", "unit": "requests", "limit": 1, "period": "daily", "action": "block" })], NOON);
    assert!(reserve(&mut ledger, "a", usd("1"), NOON).allowed);
    let more = Amounts { requests: 0, ..Amounts::new(usd("1"), Some(5)) };
    let scopes: [Scope; 0] = [];
    assert!(
        ledger
            .reserve(&Reserve { id: "a+1", amounts: more, scopes: &scopes, lease_ms: HOUR }, at(NOON))
            .unwrap()
            .allowed
    );
    assert!(!reserve(&mut ledger, "b", usd("1"), NOON).allowed);
    ledger.settle("a+1", usd("1"), false, at(NOON));
    ledger.settle("a", usd("1"), false, at(NOON));
    assert_eq!(status(&mut ledger, NOON).spent.to_string(), "1");
}
