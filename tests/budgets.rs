//! The ledger's contract, `docs/design/budgets.md`: named cases, and laws over random histories.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // Clippy takes the helpers of a test file for code of ours.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tollgate::{
    budget::{Action, Charge, Config, Guarantee, Ledger, Mode, OnlyUtc, Outcome, Reserve, Scope, Status, Taken, check},
    json::ToJson,
    money::Usd,
    time::{DAY, HOUR, Instant, MINUTE, Period, SECOND, Utc, WeekStart},
};

const NOON: i64 = 1_795_262_400_000; // 2026-11-21T12:00:00Z, a Saturday

fn at(ms: i64) -> Instant {
    Instant::from_ms(ms)
}

fn usd(text: &str) -> Usd {
    Usd::parse(text).unwrap()
}

fn config(json: &str) -> Config {
    Config::parse_input(json, "UTC", WeekStart::Monday).unwrap()
}

fn ledger(budgets: &[&str]) -> Ledger {
    let mut ledger = Ledger::new(Guarantee::PerInstance);
    for budget in budgets {
        ledger.put(config(budget), Mode::Attach, &OnlyUtc, at(NOON)).unwrap();
    }
    ledger
}

fn agent(id: &str) -> Vec<Scope> {
    vec![Scope::new("agent", id)]
}

fn reserve(ledger: &mut Ledger, id: &str, amount: &str, now: i64) -> tollgate::budget::Reservation {
    let scopes = agent("a");
    ledger
        .reserve(&Reserve { id, amounts: usd(amount).into(), scopes: &scopes, lease_ms: 10 * MINUTE }, at(now))
        .unwrap()
}

/// Spent and held of the first budget.
fn stand(ledger: &mut Ledger, now: i64) -> (String, String) {
    let status = ledger.status(None, at(now)).remove(0);
    (status.spent.to_string(), status.held.to_string())
}

fn stands(spent: &str, held: &str) -> (String, String) {
    (spent.to_owned(), held.to_owned())
}

const BLOCK: &str = r#"{"name":"b","limit":1,"period":"daily","action":"block"}"#;

#[test]
fn twenty_reserves_of_half_a_dollar_on_a_dollar() {
    let mut ledger = ledger(&[BLOCK]);
    let answers: Vec<_> = (0..20).map(|n| reserve(&mut ledger, &format!("r{n}"), "0.5", NOON)).collect();
    assert_eq!(answers.iter().filter(|answer| answer.allowed).count(), 2);
    let mut alerts: Vec<f64> =
        answers.iter().flat_map(|answer| &answer.alerts).map(|alert| alert.threshold.percent()).collect();
    alerts.sort_by(f64::total_cmp);
    assert_eq!(alerts, [50.0, 75.0, 90.0, 100.0]);
    let refused = &answers[2];
    assert_eq!(refused.remaining, Some(Usd::ZERO));
    assert_eq!(refused.resets_at, Some(Instant::parse("2026-11-22").unwrap()));
    assert_eq!(refused.blocked_by.as_ref().unwrap().name, "b");
    assert_eq!(refused.retry_after_ms, None);
}

#[test]
fn tenths_add_up() {
    let mut ledger = ledger(&[r#"{"name":"b","limit":0.3,"period":"total","action":"block"}"#]);
    for id in ["a", "b", "c"] {
        assert!(reserve(&mut ledger, id, "0.1", NOON).allowed);
    }
    assert!(!reserve(&mut ledger, "d", "0.000000000001", NOON).allowed);
}

#[test]
fn settling_returns_what_was_not_used_and_records_what_was_over() {
    let mut ledger = ledger(&[BLOCK]);
    reserve(&mut ledger, "under", "0.5", NOON);
    let settled = ledger.settle("under", usd("0.2"), false, at(NOON));
    assert_eq!((settled.outcome, settled.returned, settled.overage), (Outcome::Settled, usd("0.3"), None));
    reserve(&mut ledger, "over", "0.5", NOON);
    let settled = ledger.settle("over", usd("0.9"), false, at(NOON));
    assert_eq!((settled.charged, settled.returned, settled.overage), (usd("0.9"), Usd::ZERO, Some(usd("0.4"))));
    assert_eq!(stand(&mut ledger, NOON), stands("1.1", "0"));
    let again = ledger.settle("over", usd("0.1"), false, at(NOON));
    assert_eq!((again.outcome, again.charged, again.returned), (Outcome::Already, usd("0.9"), Usd::ZERO));
    assert_eq!(ledger.settle("never", usd("1"), false, at(NOON)).outcome, Outcome::Unknown);
    assert_eq!(stand(&mut ledger, NOON), stands("1.1", "0"));
}

#[test]
fn releasing_twice_is_nothing_and_a_late_bill_counts() {
    let mut ledger = ledger(&[BLOCK]);
    reserve(&mut ledger, "r", "0.5", NOON);
    assert!(ledger.release("r", at(NOON)));
    assert!(!ledger.release("r", at(NOON)));
    assert!(!ledger.release("never", at(NOON)));
    assert_eq!(stand(&mut ledger, NOON), stands("0", "0"));
    let settled = ledger.settle("r", usd("0.4"), false, at(NOON));
    assert_eq!((settled.outcome, settled.overage), (Outcome::Settled, Some(usd("0.4"))));
    assert!(!ledger.release("r", at(NOON)));
    assert_eq!(stand(&mut ledger, NOON), stands("0.4", "0"));
}

#[test]
fn a_reservation_id_names_one_attempt() {
    let mut ledger = ledger(&[BLOCK]);
    let first = reserve(&mut ledger, "r", "0.5", NOON);
    let second = reserve(&mut ledger, "r", "0.5", NOON + 5);
    assert_eq!((second.allowed, second.expires_at, second.alerts.len()), (true, first.expires_at, 0));
    assert_eq!(stand(&mut ledger, NOON), stands("0", "0.5"));
    let scopes = agent("a");
    let mut again = |amount: &str| {
        let request = Reserve { id: "r", amounts: usd(amount).into(), scopes: &scopes, lease_ms: 1 };
        ledger.reserve(&request, at(NOON)).unwrap_err().message().to_owned()
    };
    assert_eq!(
        again("0.6"),
        "cannot reserve: expected an id of its own for each attempt, found one that is held for another amount"
    );
    ledger.settle("r", usd("0.1"), false, at(NOON));
    let mut again = |amount: &str| {
        let request = Reserve { id: "r", amounts: usd(amount).into(), scopes: &scopes, lease_ms: 1 };
        ledger.reserve(&request, at(NOON)).unwrap_err().message().to_owned()
    };
    assert_eq!(
        again("0.5"),
        "cannot reserve: expected an id of its own for each attempt, found one that is settled already"
    );
    // A refusal and a release leave no trace.
    assert!(!reserve(&mut ledger, "big", "5", NOON).allowed);
    assert!(reserve(&mut ledger, "big", "0.5", NOON).allowed);
    ledger.release("big", at(NOON));
    assert!(reserve(&mut ledger, "big", "0.6", NOON).allowed);
}

#[test]
fn leases_are_checked() {
    let mut ledger = ledger(&[BLOCK]);
    for (id, lease_ms, message) in [
        ("", 1, "cannot reserve: expected a reservation id that is not empty, found an empty one"),
        ("r", 0, "cannot reserve: expected leaseMs to be from 1 to 2592000000, found 0"),
        ("r", -5, "cannot reserve: expected leaseMs to be from 1 to 2592000000, found -5"),
    ] {
        let error =
            ledger.reserve(&Reserve { id, amounts: Usd::ZERO.into(), scopes: &[], lease_ms }, at(NOON)).unwrap_err();
        assert_eq!(error.message(), message);
    }
}

#[test]
fn an_expired_lease_is_charged_in_full_and_corrected_once() {
    let mut ledger = ledger(&[BLOCK]);
    let expires = reserve(&mut ledger, "r", "0.5", NOON).expires_at.unwrap();
    assert_eq!(expires, at(NOON + 10 * MINUTE));
    assert_eq!(stand(&mut ledger, expires.ms() - 1), stands("0", "0.5"));
    assert_eq!(stand(&mut ledger, expires.ms()), stands("0.5", "0"));
    let late = ledger.settle("r", usd("0.2"), false, expires.plus(1));
    assert_eq!((late.outcome, late.charged, late.returned), (Outcome::Corrected, usd("0.2"), usd("0.3")));
    assert_eq!(ledger.settle("r", usd("0.1"), false, expires.plus(2)).outcome, Outcome::Already);
    assert_eq!(stand(&mut ledger, expires.ms()), stands("0.2", "0"));
}

#[test]
fn an_estimate_gives_way_to_the_truth_once() {
    for (first, second, third, outcome, spent) in [
        (("0.5", true), ("0.2", false), ("0.1", false), Outcome::Corrected, "0.2"),
        (("0.5", true), ("0.5", false), ("0.1", false), Outcome::Already, "0.5"),
        (("0.5", true), ("0.4", true), ("0.3", false), Outcome::Already, "0.3"),
        (("0.4", true), ("0.7", false), ("0.1", false), Outcome::Corrected, "0.7"),
        (("0.4", false), ("0.1", true), ("0.1", false), Outcome::Already, "0.4"),
    ] {
        let mut ledger = ledger(&[BLOCK]);
        reserve(&mut ledger, "r", "0.5", NOON);
        ledger.settle("r", usd(first.0), first.1, at(NOON));
        assert_eq!(ledger.settle("r", usd(second.0), second.1, at(NOON)).outcome, outcome, "{first:?} {second:?}");
        ledger.settle("r", usd(third.0), third.1, at(NOON));
        assert_eq!(stand(&mut ledger, NOON), stands(spent, "0"), "{first:?} {second:?} {third:?}");
    }
}

#[test]
fn a_reservation_stays_in_the_window_in_which_it_was_made() {
    let mut ledger = ledger(&[BLOCK]);
    let midnight = NOON + 12 * HOUR;
    reserve(&mut ledger, "r", "0.5", midnight - SECOND);
    assert_eq!(stand(&mut ledger, midnight), stands("0", "0"));
    ledger.settle("r", usd("0.5"), false, at(midnight + SECOND));
    assert_eq!(stand(&mut ledger, midnight + SECOND), stands("0", "0"));
    assert!(reserve(&mut ledger, "next", "1", midnight + SECOND).allowed);
}

#[test]
fn a_charge_counts_once_in_the_window_of_its_record() {
    let mut ledger = ledger(&[BLOCK]);
    let scopes = agent("a");
    let mut charge = |id: &str, ms: i64| ledger.charge(id, usd("0.4"), &scopes, at(ms), None, at(NOON)).counted;
    assert!(charge("today", NOON));
    assert!(!charge("today", NOON));
    assert!(charge("yesterday", NOON - DAY));
    assert!(!charge("long ago", NOON - 3 * DAY));
    assert_eq!(stand(&mut ledger, NOON), stands("0.4", "0"));
}

#[test]
fn a_record_of_a_known_reservation_never_counts_by_charge() {
    let mut ledger = ledger(&[BLOCK]);
    let scopes = agent("a");
    reserve(&mut ledger, "r", "0.5", NOON);
    let charge = |ledger: &mut Ledger, id: &str, reservation: &str| {
        ledger.charge(id, usd("0.3"), &scopes, at(NOON), Some(reservation), at(NOON)).counted
    };
    assert!(!charge(&mut ledger, "one", "r"));
    ledger.settle("r", usd("0.3"), false, at(NOON));
    assert!(!charge(&mut ledger, "one", "r"));
    // Of another process or forgotten: it counts by its own id.
    assert!(charge(&mut ledger, "two", "elsewhere"));
    assert!(!charge(&mut ledger, "two", "elsewhere"));
    // A record may be called like a reservation.
    assert!(charge(&mut ledger, "r", "elsewhere"));
    // Released, and billed after all: the charge is its settlement.
    ledger.settle("r2", Usd::ZERO, false, at(NOON));
    let mut other = Ledger::new(Guarantee::PerInstance);
    other.put(config(BLOCK), Mode::Attach, &OnlyUtc, at(NOON)).unwrap();
    reserve(&mut other, "r", "0.5", NOON);
    other.release("r", at(NOON));
    assert!(charge(&mut other, "one", "r"));
    assert!(!charge(&mut other, "again", "r"));
    assert_eq!(other.settle("r", usd("0.9"), false, at(NOON)).outcome, Outcome::Already);
    assert_eq!(stand(&mut other, NOON), stands("0.3", "0"));
}

#[test]
fn a_budget_that_comes_later_counts_what_is_remembered_and_nothing_twice() {
    let mut ledger = ledger(&[]);
    let scopes = agent("a");
    reserve(&mut ledger, "held", "0.1", NOON);
    reserve(&mut ledger, "settled", "0.5", NOON);
    ledger.settle("settled", usd("0.2"), false, at(NOON));
    reserve(&mut ledger, "released", "0.5", NOON);
    ledger.release("released", at(NOON));
    ledger.charge("record", usd("0.05"), &scopes, at(NOON), None, at(NOON));
    ledger.charge("other", usd("0.05"), &agent("b"), at(NOON), None, at(NOON));
    let late = r#"{"name":"late","limit":1,"period":"daily","action":"block","scope":{"type":"agent","id":"a"}}"#;
    ledger.put(config(late), Mode::Attach, &OnlyUtc, at(NOON)).unwrap();
    assert_eq!(stand(&mut ledger, NOON), stands("0.25", "0.1"));
    // What is offered again from a storage does not count again; what is new does.
    assert!(!ledger.charge("record", usd("0.05"), &scopes, at(NOON), None, at(NOON)).counted);
    assert!(!ledger.charge("its record", usd("0.2"), &scopes, at(NOON), Some("settled"), at(NOON)).counted);
    assert!(ledger.charge("older", usd("0.01"), &scopes, at(NOON - HOUR), None, at(NOON)).counted);
    ledger.settle("held", usd("0.1"), false, at(NOON));
    assert_eq!(stand(&mut ledger, NOON), stands("0.36", "0"));
}

#[test]
fn another_scope_or_period_makes_the_windows_again() {
    let mut ledger = ledger(&[BLOCK]);
    ledger.charge("a", usd("0.1"), &agent("a"), at(NOON), None, at(NOON));
    ledger.charge("b", usd("0.2"), &agent("b"), at(NOON), None, at(NOON));
    let stored = ledger.list().remove(0);
    let scoped = stored.updated(r#"{"scope":{"type":"agent","id":"b"},"period":"hourly"}"#).unwrap();
    let stored = ledger.put(scoped, Mode::Update, &OnlyUtc, at(NOON)).unwrap();
    assert_eq!(stored.revision, 2);
    assert_eq!(stand(&mut ledger, NOON), stands("0.2", "0"));
    assert_eq!(stand(&mut ledger, NOON + HOUR), stands("0", "0"));
}

#[test]
fn the_stored_budget_wins_unless_it_is_updated() {
    let mut ledger = ledger(&[BLOCK]);
    let other = config(r#"{"name":"b","limit":9,"period":"daily","action":"alert"}"#);
    assert_eq!(ledger.put(other.clone(), Mode::Attach, &OnlyUtc, at(NOON)).unwrap().limit, usd("1"));
    let changed = ledger.put(other.clone(), Mode::Update, &OnlyUtc, at(NOON + 5)).unwrap();
    assert_eq!((changed.limit, changed.revision, changed.action), (usd("9"), 2, Action::Alert));
    assert_eq!((changed.created_at, changed.updated_at), (Some(at(NOON)), Some(at(NOON + 5))));
    // Nothing changed: the same revision.
    assert_eq!(ledger.put(other, Mode::Update, &OnlyUtc, at(NOON + 9)).unwrap(), changed);
    assert!(ledger.remove("all:daily:b"));
    assert!(!ledger.remove("all:daily:b"));
    assert!(ledger.status(None, at(NOON)).is_empty());
    let foreign = config(r#"{"name":"b","limit":9,"period":"daily","timeZone":"Europe/Berlin"}"#);
    assert_eq!(
        ledger.put(foreign, Mode::Attach, &OnlyUtc, at(NOON)).unwrap_err().message(),
        "cannot read timeZone: expected UTC, found another zone"
    );
}

#[test]
fn alerts_are_projected_then_come_true_and_are_armed_again() {
    let mut ledger = ledger(&[r#"{"name":"b","limit":1,"period":"daily","alertThresholds":[100,50]}"#]);
    let shown = |alerts: &[tollgate::budget::Alert]| -> Vec<(f64, bool, String)> {
        alerts.iter().map(|alert| (alert.threshold.percent(), alert.projected, alert.amount.to_string())).collect()
    };
    let held = reserve(&mut ledger, "r", "0.6", NOON);
    assert_eq!(shown(&held.alerts), [(50.0, true, "0.6".to_owned())]);
    let settled = ledger.settle("r", usd("0.55"), false, at(NOON));
    assert_eq!(shown(&settled.alerts), [(50.0, false, "0.55".to_owned())]);
    assert_eq!(settled.alerts[0].id, held.alerts[0].id);
    // An alert budget lets through, and tells once.
    assert_eq!(shown(&reserve(&mut ledger, "s", "1", NOON).alerts), [(100.0, true, "1.55".to_owned())]);
    assert_eq!(shown(&reserve(&mut ledger, "t", "1", NOON).alerts), []);
    ledger.release("s", at(NOON));
    ledger.release("t", at(NOON));
    // Raised to 2: 0.55 is 27 percent, so both are armed again.
    let raised = ledger.list()[0].updated(r#"{"limit":2}"#).unwrap();
    ledger.put(raised, Mode::Update, &OnlyUtc, at(NOON)).unwrap();
    assert!(ledger.status(None, at(NOON))[0].alerts.is_empty());
    let charged = ledger.charge("c", usd("0.45"), &agent("a"), at(NOON), None, at(NOON));
    assert_eq!(shown(&charged.alerts), [(50.0, false, "1".to_owned())]);
    assert_ne!(charged.alerts[0].id, held.alerts[0].id);
    // The next day, again.
    let next = ledger.charge("d", usd("1"), &agent("a"), at(NOON + DAY), None, at(NOON + DAY));
    assert_eq!(shown(&next.alerts), [(50.0, false, "1".to_owned())]);
}

#[test]
fn a_disabled_budget_counts_and_does_nothing_else() {
    let mut ledger = ledger(&[r#"{"name":"b","limit":1,"period":"daily","action":"block","enabled":false}"#]);
    let answer = reserve(&mut ledger, "r", "5", NOON);
    assert!(answer.allowed && answer.alerts.is_empty());
    let enabled = ledger.list()[0].updated(r#"{"enabled":true}"#).unwrap();
    ledger.put(enabled, Mode::Update, &OnlyUtc, at(NOON)).unwrap();
    assert_eq!(stand(&mut ledger, NOON), stands("0", "5"));
    assert_eq!(ledger.status(None, at(NOON))[0].alerts.len(), 4);
    assert!(!reserve(&mut ledger, "s", "0", NOON).allowed);
}

#[test]
fn a_block_outranks_a_throttle_and_the_first_of_equals_is_named() {
    let mut ledger = ledger(&[
        r#"{"name":"tells","limit":0,"period":"daily","action":"alert"}"#,
        r#"{"name":"slows","limit":1,"period":"daily","action":"throttle"}"#,
        r#"{"name":"z blocks","limit":2,"period":"hourly","action":"block"}"#,
        r#"{"name":"a blocks","limit":2,"period":"daily","action":"block"}"#,
        r#"{"name":"other agent","limit":0,"period":"daily","action":"block","scope":{"type":"agent","id":"b"}}"#,
    ]);
    let named = |answer: tollgate::budget::Reservation| (answer.blocked_by.unwrap().name, answer.retry_after_ms);
    assert_eq!(named(reserve(&mut ledger, "r", "3", NOON)), ("z blocks".to_owned(), None));
    // More than the whole limit: no time will help.
    assert_eq!(named(reserve(&mut ledger, "r", "1.5", NOON)), ("slows".to_owned(), None));
    assert!(reserve(&mut ledger, "r", "0.75", NOON).allowed);
    // Only a hold is in the way: worth another try soon.
    assert_eq!(named(reserve(&mut ledger, "s", "0.5", NOON)), ("slows".to_owned(), Some(SECOND)));
}

#[test]
fn a_throttled_total_budget_that_is_spent_names_no_time() {
    let mut ledger = ledger(&[r#"{"name":"b","limit":1,"period":"total","action":"throttle"}"#]);
    ledger.charge("c", usd("1"), &agent("a"), at(NOON), None, at(NOON));
    let answer = reserve(&mut ledger, "r", "0.5", NOON);
    assert_eq!((answer.allowed, answer.retry_after_ms, answer.resets_at), (false, None, None));
}

#[test]
fn the_clock_goes_back_only_by_more_than_a_day() {
    let mut ledger = ledger(&[BLOCK]);
    reserve(&mut ledger, "r", "0.5", NOON);
    assert_eq!(stand(&mut ledger, NOON + 10 * MINUTE), stands("0.5", "0"));
    // Set back by less than a day: still today's window, still expired.
    assert_eq!(stand(&mut ledger, NOON - DAY + 10 * MINUTE), stands("0.5", "0"));
    // By more: what it said before was wrong, and windows are chosen by what it says now.
    assert_eq!(stand(&mut ledger, NOON - 2 * DAY), stands("0", "0"));
    assert!(reserve(&mut ledger, "s", "0.9", NOON - 2 * DAY).allowed);
    assert!(!reserve(&mut ledger, "t", "0.9", NOON - 2 * DAY + 1).allowed, "its window is kept");
    ledger.settle("s", usd("0.9"), false, at(NOON - 2 * DAY + 2));
    assert_eq!(ledger.settle("s", usd("0.9"), false, at(NOON - 2 * DAY + 3)).outcome, Outcome::Already);
    assert_eq!(stand(&mut ledger, NOON), stands("0.5", "0"));
}

#[test]
fn one_wrong_reading_of_the_clock_destroys_nothing() {
    let year = NOON + 365 * DAY;
    let mut ledger = ledger(&[BLOCK, r#"{"name":"all","limit":100,"period":"total","action":"block"}"#]);
    let scopes = agent("a");
    assert!(ledger.charge("old", usd("0.1"), &scopes, at(NOON), None, at(NOON)).counted);
    reserve(&mut ledger, "held", "0.5", NOON);
    reserve(&mut ledger, "done", "0.2", NOON);
    ledger.settle("done", usd("0.2"), false, at(NOON));
    // A year ahead, for some operations.
    reserve(&mut ledger, "ahead", "0.3", year);
    for ms in [1, HOUR, 23 * HOUR] {
        ledger.status(None, at(year + ms));
        assert!(
            ledger
                .charge(&format!("now {ms}"), usd("0.01"), &scopes, at(NOON + ms / 1000), None, at(year + ms))
                .counted
        );
    }
    // And back. The lease that had run out is corrected; ids and windows are as they were.
    assert_eq!(ledger.settle("held", usd("0.4"), false, at(NOON + MINUTE)).outcome, Outcome::Corrected);
    assert_eq!(ledger.settle("done", usd("0.2"), false, at(NOON + MINUTE)).outcome, Outcome::Already);
    assert_eq!(ledger.charge("old", usd("0.1"), &scopes, at(NOON), None, at(NOON + MINUTE)).taken, Taken::Repeat);
    assert_eq!(ledger.charge("new", usd("0.1"), &scopes, at(NOON), None, at(NOON + MINUTE)).taken, Taken::Counted);
    assert_eq!(stand(&mut ledger, NOON + MINUTE), stands("0.83", "0"));
    // Spent: the above and what its lease has made of "ahead", which a day of doubt did not correct.
    let total = ledger.status(None, at(NOON + MINUTE)).remove(1);
    assert_eq!((total.spent, total.held), (usd("1.13"), Usd::ZERO));
    assert!(ledger.release("ahead", at(NOON + MINUTE)));
    // A hold of a wrong time does not last until then.
    reserve(&mut ledger, "far", "0.1", year + 2 * DAY);
    let held = |ledger: &mut Ledger, ms: i64| ledger.status(None, at(ms)).remove(1).held;
    assert_eq!(held(&mut ledger, NOON + 2 * MINUTE), usd("0.1"));
    assert_eq!(held(&mut ledger, NOON + 12 * MINUTE), Usd::ZERO);
}

#[test]
fn after_an_idle_week_time_has_passed() {
    let mut ledger = ledger(&[BLOCK]);
    reserve(&mut ledger, "r", "0.5", NOON);
    let later = NOON + 7 * DAY;
    assert_eq!(stand(&mut ledger, later), stands("0", "0"));
    assert!(reserve(&mut ledger, "s", "1", later).allowed);
    // What is old is forgotten when the clock has gone on for a day.
    assert_eq!(ledger.settle("r", usd("0.1"), false, at(later + DAY - 1)).outcome, Outcome::Corrected);
    let mut ledger = self::ledger(&[BLOCK]);
    reserve(&mut ledger, "r", "0.5", NOON);
    ledger.settle("r", usd("0.5"), false, at(NOON));
    ledger.status(None, at(later));
    assert_eq!(ledger.settle("r", usd("0.5"), false, at(later + DAY)).outcome, Outcome::Unknown);
}

#[test]
fn an_expired_lease_is_open_to_what_really_became_of_it() {
    let expired = NOON + 10 * MINUTE;
    // Nothing was billed.
    let mut ledger = ledger(&[BLOCK]);
    reserve(&mut ledger, "r", "0.6", NOON);
    assert!(ledger.release("r", at(expired)));
    assert!(!ledger.release("r", at(expired)));
    assert_eq!(stand(&mut ledger, expired), stands("0", "0"));
    // And yet it was.
    let settled = ledger.settle("r", usd("0.4"), false, at(expired));
    assert_eq!((settled.outcome, settled.overage), (Outcome::Settled, Some(usd("0.4"))));
    // An estimate replaces it, and the truth replaces that, once.
    let mut ledger = self::ledger(&[BLOCK]);
    reserve(&mut ledger, "r", "0.6", NOON);
    assert_eq!(ledger.settle("r", usd("0.3"), true, at(expired)).outcome, Outcome::Corrected);
    assert!(!ledger.release("r", at(expired)));
    assert_eq!(ledger.settle("r", usd("0.2"), true, at(expired)).outcome, Outcome::Already);
    assert_eq!(ledger.settle("r", usd("0.4"), false, at(expired)).outcome, Outcome::Corrected);
    assert_eq!(ledger.settle("r", usd("0.1"), false, at(expired)).outcome, Outcome::Already);
    assert_eq!(stand(&mut ledger, expired), stands("0.4", "0"));
}

#[test]
fn what_a_lease_raises_is_told_with_the_next_answer() {
    let budget = r#"{"name":"b","limit":1,"period":"daily","alertThresholds":[50]}"#;
    let expired = NOON + 10 * MINUTE;
    let mut told: Vec<Vec<(bool, String)>> = Vec::new();
    for which in 0..4 {
        let mut ledger = ledger(&[budget]);
        assert_eq!(reserve(&mut ledger, "r", "0.6", NOON).alerts.len(), 1);
        ledger.status(None, at(expired));
        let alerts = match which {
            0 => reserve(&mut ledger, "s", "0", expired).alerts,
            1 => ledger.settle("never", Usd::ZERO, false, at(expired)).alerts,
            2 => ledger.charge("c", Usd::ZERO, &agent("b"), at(expired), None, at(expired)).alerts,
            _ => {
                let raised = ledger.list()[0].updated(r#"{"limit":0.7}"#).unwrap();
                ledger.put(raised, Mode::Update, &OnlyUtc, at(expired)).unwrap();
                reserve(&mut ledger, "s", "0", expired).alerts
            }
        };
        assert!(reserve(&mut ledger, "t", "0", expired).alerts.is_empty());
        told.push(alerts.iter().map(|alert| (alert.projected, alert.amount.to_string())).collect());
    }
    for alerts in told {
        assert_eq!(alerts, [(false, "0.6".to_owned())]);
    }
}

#[test]
fn a_higher_revision_replaces_what_its_record_counted() {
    let mut ledger = ledger(&[BLOCK, r#"{"name":"b","limit":5,"period":"monthly","scope":{"type":"agent","id":"a"}}"#]);
    let scopes = agent("a");
    let mut take = |revision: u32, amount: &str, ms: i64| {
        let charge = Charge {
            record_id: "c",
            revision,
            amounts: usd(amount).into(),
            scopes: &scopes,
            at: at(NOON),
            reservation_ids: &[],
        };
        let taken = ledger.take(&charge, at(NOON + ms));
        let spent: Vec<String> =
            ledger.status(None, at(NOON + ms)).iter().map(|status| status.spent.to_string()).collect();
        (taken.taken, taken.counted, taken.alerts.len(), spent)
    };
    let both = |amount: &str| vec![amount.to_owned(); 2];
    assert_eq!(take(0, "0.4", 0), (Taken::Counted, true, 0, both("0.4")));
    assert_eq!(take(0, "0.9", 1), (Taken::Repeat, false, 0, both("0.4")));
    assert_eq!(take(2, "0.6", 2), (Taken::Corrected, true, 1, both("0.6")));
    assert_eq!(take(1, "0.1", 3), (Taken::Repeat, false, 0, both("0.6")));
    assert_eq!(take(2, "0.1", 4), (Taken::Repeat, false, 0, both("0.6")));
    // The window of the record, not of the correction.
    assert_eq!(take(3, "0.1", 13 * HOUR), (Taken::Corrected, true, 0, vec!["0".to_owned(), "0.1".to_owned()]));
}

#[test]
fn a_correction_changes_only_what_counted_it() {
    let month = |name: &str| config(&format!(r#"{{"name":"{name}","limit":9,"period":"monthly"}}"#));
    let mut ledger = Ledger::new(Guarantee::Hard);
    ledger.put(month("old"), Mode::Attach, &OnlyUtc, at(NOON)).unwrap();
    ledger.charge("first", usd("1"), &[], at(NOON), None, at(NOON));
    let later = NOON + 3 * DAY;
    // Too old for one budget, new to the other.
    ledger.status(None, at(later - DAY));
    ledger.put(month("new"), Mode::Attach, &OnlyUtc, at(later)).unwrap();
    let take = |ledger: &mut Ledger, revision, amount| {
        let charge = Charge {
            record_id: "c",
            revision,
            amounts: usd(amount).into(),
            scopes: &[],
            at: at(NOON - 1),
            reservation_ids: &[],
        };
        ledger.take(&charge, at(later))
    };
    assert_eq!(take(&mut ledger, 0, "2").too_old, ["all:monthly:old"]);
    assert_eq!(take(&mut ledger, 1, "3").taken, Taken::Corrected);
    let spent: Vec<Usd> = ledger.status(None, at(later)).iter().map(|status| status.spent).collect();
    assert_eq!(spent, [usd("1"), usd("3")]);
}

#[test]
fn a_charge_belongs_to_the_first_reservation_that_is_known() {
    let mut ledger = ledger(&[BLOCK]);
    let scopes = agent("a");
    reserve(&mut ledger, "request", "0.5", NOON);
    ledger.settle("request", usd("0.3"), false, at(NOON));
    let mut take = |record_id: &str, reservation_ids: &[&str]| {
        let charge = Charge {
            record_id,
            revision: 0,
            amounts: usd("0.3").into(),
            scopes: &scopes,
            at: at(NOON),
            reservation_ids,
        };
        ledger.take(&charge, at(NOON)).taken
    };
    assert_eq!(take("a", &["unknown", "request"]), Taken::Repeat);
    assert_eq!(take("b", &["unknown", "unknown too"]), Taken::Counted);
    assert_eq!(take("c", &[]), Taken::Counted);
    assert_eq!(stand(&mut ledger, NOON), stands("0.9", "0"));
}

#[test]
fn nobody_attaches_to_a_budget_that_is_for_something_else() {
    let mut ledger = ledger(&[BLOCK]);
    let moved = ledger.list()[0].updated(r#"{"scope":{"type":"agent","id":"b"}}"#).unwrap();
    ledger.put(moved, Mode::Update, &OnlyUtc, at(NOON)).unwrap();
    let error = ledger.put(config(BLOCK), Mode::Attach, &OnlyUtc, at(NOON)).unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            tollgate::error::Code::InvalidConfig,
            "cannot attach to a budget: expected the scope and period that its id names, found others stored under it"
        )
    );
    // Under a name of one's own the stored one wins, as ever.
    ledger.put(config(&BLOCK.replace('{', r#"{"id":"mine","#)), Mode::Attach, &OnlyUtc, at(NOON)).unwrap();
    let other = config(&BLOCK.replace('{', r#"{"id":"mine","#).replace("daily", "total"));
    assert_eq!(ledger.put(other, Mode::Attach, &OnlyUtc, at(NOON)).unwrap().period, Period::Daily);
}

#[test]
fn a_total_budget_keeps_its_spending_whatever_its_calendar() {
    let mut ledger = ledger(&[r#"{"name":"b","limit":100,"period":"total","action":"block"}"#]);
    reserve(&mut ledger, "r", "90", NOON);
    ledger.settle("r", usd("90"), false, at(NOON));
    let later = NOON + 90 * DAY;
    let changed = ledger.list()[0].updated(r#"{"weekStart":"sunday","timeZone":"Etc/UTC"}"#).unwrap();
    assert_eq!(ledger.put(changed, Mode::Update, &OnlyUtc, at(later)).unwrap().revision, 2);
    assert_eq!(stand(&mut ledger, later), stands("90", "0"));
    let status = json(&ledger.status(None, at(later))[0]);
    assert!(status.get("periodStart").is_none() && status.get("periodEnd").is_none());
    let alert = &status["alerts"][0];
    assert_eq!((&alert["id"], alert.get("periodStart")), (&serde_json::json!("all:total:b@total#50/100"), None));
    // Such a status is judged as it is.
    assert!(!check(&format!("[{status}]"), usd("11"), at(later)).unwrap().allowed);
}

#[test]
fn a_check_judges_what_a_later_release_says() {
    let status = |budget: &str| {
        format!(
            r#"[{{"budget":{{"id":"x","name":"x","limit":1,{budget}}},"spentUsd":"0.9","periodStart":"2026-11-21T00:00:00Z","periodEnd":"2026-11-22T00:00:00Z"}}]"#
        )
    };
    for budget in [
        r#""period":"daily","action":"ask-first""#,
        r#""period":"fortnightly","action":"block""#,
        r#""period":"daily","action":"block","scope":{"type":"team","id":"t"},"more":{}"#,
    ] {
        let verdict = check(&status(budget), usd("0.2"), at(NOON)).unwrap();
        assert_eq!((verdict.allowed, verdict.blocked_by), (false, Some(0)), "{budget}");
        assert!(check(&status(budget), usd("0.1"), at(NOON)).unwrap().allowed, "{budget}");
    }
}

#[test]
fn a_total_budget_does_not_count_again_what_it_has_forgotten() {
    let mut ledger = ledger(&[r#"{"name":"b","limit":100,"period":"total"}"#]);
    let scopes = agent("a");
    assert!(ledger.charge("old", usd("1"), &scopes, at(NOON), None, at(NOON)).counted);
    reserve(&mut ledger, "r", "1", NOON);
    ledger.settle("r", usd("1"), false, at(NOON));
    // Seen to pass: a clock that leaps by more than a day is not believed for a day.
    ledger.status(None, at(NOON + 35 * DAY));
    let later = at(NOON + 36 * DAY);
    assert_eq!(ledger.settle("r", usd("1"), false, later).outcome, Outcome::Unknown);
    assert!(!ledger.charge("old", usd("1"), &scopes, at(NOON), None, later).counted);
    assert!(!ledger.charge("its record", usd("1"), &scopes, at(NOON + MINUTE), Some("r"), later).counted);
    assert!(ledger.charge("new", usd("1"), &scopes, later, None, later).counted);
    assert_eq!(stand(&mut ledger, later.ms()), stands("3", "0"));
    // A fresh budget takes the whole history.
    ledger.put(config(r#"{"name":"fresh","limit":1,"period":"total"}"#), Mode::Attach, &OnlyUtc, later).unwrap();
    assert!(ledger.charge("old", usd("1"), &scopes, at(NOON), None, later).counted);
    let spent: Vec<String> = ledger.status(None, later).iter().map(|status| status.spent.to_string()).collect();
    assert_eq!(spent, ["3", "2"]);
}

#[test]
fn ids_are_kept_until_a_day_after_the_windows_of_their_record() {
    // A record bears the end of its call, so a reservation made at noon may have one of the next day.
    let kept = |period: &str| {
        let mut ledger = ledger(&[&BLOCK.replace("daily", period)]);
        reserve(&mut ledger, "r", "0.5", NOON);
        ledger.settle("r", usd("0.1"), false, at(NOON));
        let mut hours = 0;
        while ledger.settle("r", usd("0.1"), false, at(NOON + hours * HOUR)).outcome == Outcome::Already {
            hours += 1;
        }
        hours
    };
    // At most 48 hours, but for total.
    for (period, hours) in [("hourly", 48), ("daily", 48), ("monthly", 48), ("total", 35 * 24)] {
        assert_eq!(kept(period), hours, "{period}");
    }
}

#[test]
fn a_late_record_of_a_forgotten_reservation_does_not_count_again() {
    let month = |text: &str| Instant::parse(text).unwrap();
    let mut ledger = Ledger::new(Guarantee::Hard);
    let budget = |name: &str| config(&format!(r#"{{"name":"{name}","limit":10,"period":"monthly","action":"block"}}"#));
    ledger.put(budget("M"), Mode::Attach, &OnlyUtc, month("2026-01-31")).unwrap();
    let (made, done) = (month("2026-01-31T23:59:59Z"), month("2026-02-01T00:00:10Z"));
    let request = Reserve { id: "X#1", amounts: usd("6").into(), scopes: &[], lease_ms: MINUTE };
    ledger.reserve(&request, made).unwrap();
    ledger.settle("X#1", usd("6"), false, done);
    // The reservation counts in January, where it was made; its record bears February.
    for now in ["2026-02-01T12:00:00Z", "2026-02-05", "2026-02-20"] {
        let now = month(now);
        let charged = ledger.charge("r", usd("6"), &[], done, Some("X#1"), now);
        assert!(!charged.counted);
        let status = ledger.status(None, now).remove(0);
        assert_eq!((status.spent, status.window.0), (Usd::ZERO, month("2026-02-01")));
    }
    assert_eq!(ledger.charge("r", usd("6"), &[], done, Some("X#1"), month("2026-02-20")).taken, Taken::TooOld);
    // A budget that comes later and never counted it takes it, alone.
    ledger.put(budget("N"), Mode::Attach, &OnlyUtc, month("2026-02-20")).unwrap();
    let charged = ledger.charge("r", usd("6"), &[], done, Some("X#1"), month("2026-02-20"));
    assert_eq!((charged.taken, charged.too_old), (Taken::Counted, vec!["all:monthly:M".to_owned()]));
    let spent: Vec<Usd> = ledger.status(None, month("2026-02-20")).iter().map(|status| status.spent).collect();
    assert_eq!(spent, [Usd::ZERO, usd("6")]);
}

#[test]
fn a_busy_ledger_forgets_and_still_counts_a_month_right() {
    let mut ledger = ledger(&[r#"{"name":"b","limit":1000,"period":"monthly","action":"block"}"#]);
    let scopes = agent("a");
    for hour in 0..8 * 24 {
        let now = at(NOON + hour * HOUR);
        let (id, record) = (format!("r{hour}"), format!("c{hour}"));
        ledger.reserve(&Reserve { id: &id, amounts: usd("1").into(), scopes: &scopes, lease_ms: HOUR }, now).unwrap();
        ledger.settle(&id, usd("0.5"), false, now.plus(1));
        // Its record, and one that nobody reserved; both again a day and six days later.
        for back in [0, 23, 6 * 24] {
            let then = hour - back;
            if then >= 0 {
                let at = at(NOON + then * HOUR);
                ledger.charge(
                    &format!("of r{then}"),
                    usd("0.5"),
                    &scopes,
                    at.plus(1),
                    Some(&format!("r{then}")),
                    now.plus(2),
                );
                ledger.charge(&format!("c{then}"), usd("0.25"), &scopes, at, None, now.plus(2));
            }
        }
        let _ = record;
        assert_eq!(
            stand(&mut ledger, now.ms() + 3).0,
            Usd::parse("0.75").map(|each| (0..=hour).map(|_| each).sum::<Usd>()).unwrap().to_string()
        );
    }
}

// ------------------------------------------------------------------------------------------------------------- status

fn json(value: &dyn ToJson) -> serde_json::Value {
    serde_json::from_str(&value.to_json()).unwrap()
}

#[test]
fn statuses_and_answers_have_their_public_form() {
    let mut ledger = ledger(&[BLOCK]);
    ledger.charge("c", usd("1.5"), &agent("a"), at(NOON), None, at(NOON));
    let status = json(&ledger.status(None, at(NOON))[0]);
    for (key, expected) in [
        ("currentSpending", serde_json::json!(1.5)),
        ("spentUsd", serde_json::json!("1.5")),
        ("heldUsd", serde_json::json!("0")),
        ("remaining", serde_json::json!(0)),
        ("overageUsd", serde_json::json!("0.5")),
        ("percentageUsed", serde_json::json!(150)),
        ("isExceeded", serde_json::json!(true)),
        ("activeAlerts", serde_json::json!([50, 75, 90, 100])),
        ("periodStart", serde_json::json!("2026-11-21T00:00:00.000Z")),
        ("periodEnd", serde_json::json!("2026-11-22T00:00:00.000Z")),
        ("guarantee", serde_json::json!("per-instance")),
    ] {
        assert_eq!(status[key], expected, "{key}");
    }
    assert_eq!(status["alerts"][3]["severity"], "critical");
    let refused = json(&reserve(&mut ledger, "r", "1", NOON));
    assert_eq!((&refused["allowed"], &refused["remaining"]), (&serde_json::json!(false), &serde_json::json!("0")));
    assert_eq!(refused["blockedBy"]["limitUsd"], "1");
    assert!(refused.get("retryAfterMs").is_none() && refused.get("expiresAt").is_none());
    let settled = json(&ledger.settle("never", Usd::ZERO, false, at(NOON)));
    assert_eq!(settled, serde_json::json!({"status":"unknown","charged":"0","returned":"0","alerts":[]}));
}

#[test]
fn a_check_judges_statuses_of_any_ledger() {
    let mut ledger = ledger(&[
        r#"{"name":"wide","limit":100,"period":"total"}"#,
        r#"{"name":"slow","limit":2,"period":"daily","action":"throttle"}"#,
        r#"{"name":"tight","limit":1,"period":"daily","action":"block"}"#,
    ]);
    ledger.charge("c", usd("0.45"), &agent("a"), at(NOON), None, at(NOON));
    let mut ask = |amount: &str| {
        let statuses = ledger.status(None, at(NOON)).to_json();
        check(&statuses, usd(amount), at(NOON)).unwrap()
    };
    let passes = ask("0.1");
    assert_eq!((passes.allowed, passes.blocked_by, passes.status), (true, None, Some(2)));
    let alerts: Vec<_> =
        passes.alerts.iter().map(|a| (a.budget_name.as_str(), a.threshold.percent(), a.projected)).collect();
    assert_eq!(alerts, [("tight", 50.0, true)]);
    assert!(ask("0.55").allowed, "exactly the limit");
    let blocked = ask("0.550000000001");
    assert_eq!(
        (blocked.allowed, blocked.blocked_by, blocked.status, blocked.retry_after_ms),
        (false, Some(2), Some(2), None)
    );
    assert_eq!(ask("5").blocked_by, Some(2), "a block outranks a throttle");
    assert_eq!(check("[]", usd("5"), at(NOON)).unwrap().status, None);
    // A user's own ledger may leave out what it does not have.
    let own = r#"[{"budget":{"id":"x","name":"x","limit":1,"period":"daily","action":"throttle"},"spentUsd":"1","periodStart":"2026-11-21T00:00:00Z","periodEnd":"2026-11-22T00:00:00Z","more":1}]"#;
    assert_eq!(check(own, usd("1"), at(NOON)).unwrap().retry_after_ms, Some(12 * HOUR));
    for bad in ["{}", "[1]", "", "[{}]"] {
        assert_eq!(
            check(bad, usd("1"), at(NOON)).unwrap_err().message(),
            "cannot check budgets: expected the statuses of a ledger, found something else"
        );
    }
}

#[test]
fn a_check_names_the_alert_that_the_ledger_would_raise() {
    let mut ledger = ledger(&[BLOCK]);
    let statuses = ledger.status(None, at(NOON)).to_json();
    let asked = check(&statuses, usd("0.5"), at(NOON)).unwrap().alerts;
    assert_eq!(asked, reserve(&mut ledger, "r", "0.5", NOON).alerts);
}

// --------------------------------------------------------------------------------------------------------------- laws

/// One step of a random history. Amounts are cents.
#[derive(Clone, Debug)]
enum Step {
    Reserve { id: u8, cents: u32, agent: u8, lease: i64 },
    Settle { id: u8, cents: u32, estimate: bool },
    Release { id: u8 },
    Charge { record: u8, cents: u32, agent: u8, back: i64, reservation: Option<u8> },
    Create { budget: u8 },
    Tick(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0_u8..20, 0_u32..80, 0_u8..2, 1_i64..90 * MINUTE)
            .prop_map(|(id, cents, agent, lease)| Step::Reserve { id, cents, agent, lease }),
        5 => (0_u8..20, 0_u32..120, any::<bool>()).prop_map(|(id, cents, estimate)| Step::Settle { id, cents, estimate }),
        2 => (0_u8..20).prop_map(|id| Step::Release { id }),
        3 => (0_u8..20, 0_u32..60, 0_u8..2, 0_i64..3 * HOUR, prop::option::of(0_u8..20))
            .prop_map(|(record, cents, agent, back, reservation)| Step::Charge { record, cents, agent, back, reservation }),
        1 => (0_u8..6).prop_map(|budget| Step::Create { budget }),
        3 => (0_i64..50 * MINUTE).prop_map(Step::Tick),
    ];
    prop::collection::vec(step, 1..80)
}

const BUDGETS: [&str; 6] = [
    r#"{"name":"hour","limit":"1","period":"hourly","action":"block"}"#,
    r#"{"name":"day","limit":"2.5","period":"daily","action":"block"}"#,
    r#"{"name":"a0","limit":"1.2","period":"weekly","action":"throttle","scope":{"type":"agent","id":"a0"}}"#,
    r#"{"name":"a1","limit":"0","period":"monthly","action":"alert","scope":{"type":"agent","id":"a1"}}"#,
    r#"{"name":"all","limit":"6","period":"total","action":"block"}"#,
    r#"{"name":"off","limit":"0.01","period":"daily","action":"block","enabled":false}"#,
];

/// What the model knows of a reservation.
#[derive(Clone)]
struct Promise {
    reserved: u32,
    agent: String,
    made: i64,
    expires: i64,
    /// Held; or charged, and whether the next settlement replaces it.
    state: Result<(), (u32, Next)>,
    released: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Next {
    Nothing,
    Truth,
    Anything,
}

/// The naive model: lists of reservations and charges; where a budget stands is counted afresh each time.
#[derive(Default)]
struct Model {
    now: i64,
    budgets: Vec<Config>,
    promises: BTreeMap<String, Promise>,
    charges: BTreeMap<String, (u32, String, i64)>,
}

impl Model {
    fn expire(&mut self) {
        for promise in self.promises.values_mut() {
            if promise.state.is_ok() && !promise.released && promise.expires <= self.now {
                promise.state = Err((promise.reserved, Next::Anything));
            }
        }
    }

    /// Spent and held of a budget in its present window, in cents.
    fn stand(&self, budget: &Config) -> (u32, u32) {
        let window = |ms: i64| budget.period.window(at(ms), &Utc, budget.week_start).0;
        let counts = |agent: &str, ms: i64| budget.binds(&self::agent(agent)) && window(ms) == window(self.now);
        let (mut spent, mut held) = (0, 0);
        for promise in self.promises.values().filter(|p| counts(&p.agent, p.made)) {
            match promise.state {
                Err((charged, _)) => spent += charged,
                Ok(()) if !promise.released => held += promise.reserved,
                Ok(()) => {}
            }
        }
        spent +=
            self.charges.values().filter(|(_, agent, ms)| counts(agent, *ms)).map(|(cents, ..)| cents).sum::<u32>();
        (spent, held)
    }
}

fn cents(cents: u32) -> Usd {
    Usd::from_pico(i128::from(cents) * 10_000_000_000).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// The ledger stands where counting afresh says it does, whatever was done in whatever order; and no reserve is
    /// allowed that takes a budget which refuses past its limit.
    #[test]
    fn agrees_with_counting_afresh_and_never_overspends(steps in steps(), first in prop::collection::vec(0_u8..6, 0..6)) {
        let mut ledger = Ledger::new(Guarantee::PerInstance);
        let mut model = Model { now: NOON, ..Model::default() };
        let created = first.into_iter().map(|budget| Step::Create { budget });
        for step in created.chain(steps) {
            let now = at(model.now);
            model.expire();
            match step {
                Step::Tick(ms) => model.now += ms,
                Step::Create { budget } => {
                    let config = ledger.put(config(BUDGETS[usize::from(budget)]), Mode::Attach, &OnlyUtc, now).unwrap();
                    if !model.budgets.iter().any(|known| known.id == config.id) {
                        model.budgets.push(config);
                    }
                }
                Step::Reserve { id, cents: amount, agent, lease } => {
                    let (id, agent) = (format!("r{id}"), format!("a{agent}"));
                    let scopes = self::agent(&agent);
                    let answer = ledger.reserve(&Reserve { id: &id, amounts: cents(amount).into(), scopes: &scopes, lease_ms: lease }, now);
                    match model.promises.get(&id) {
                        Some(known) if known.state.is_err() => prop_assert!(answer.is_err()),
                        Some(known) if !known.released => prop_assert_eq!(answer.is_ok(), known.reserved == amount),
                        _ => {
                            let answer = answer.unwrap();
                            let fits = model.budgets.iter().filter(|b| b.enabled && b.action != Action::Alert && b.binds(&scopes)).all(|b| {
                                let (spent, held) = model.stand(b);
                                cents(spent + held + amount) <= b.limit
                            });
                            prop_assert_eq!(answer.allowed, fits);
                            prop_assert_eq!(answer.blocked_by.is_some(), !fits);
                            if fits {
                                let promise = Promise {
                                    reserved: amount, agent, made: model.now, expires: model.now + lease, state: Ok(()), released: false,
                                };
                                model.promises.insert(id, promise);
                                for status in ledger.status(None, now) {
                                    let binds = status.budget.enabled && status.budget.action != Action::Alert && status.budget.binds(&scopes);
                                    prop_assert!(!binds || status.spent.saturating_add(status.held) <= status.budget.limit);
                                }
                            }
                        }
                    }
                }
                Step::Settle { id, cents: amount, estimate } => {
                    let id = format!("r{id}");
                    let answer = ledger.settle(&id, cents(amount), estimate, now);
                    let next = if estimate { Next::Truth } else { Next::Nothing };
                    match model.promises.get_mut(&id) {
                        None => prop_assert_eq!(answer.outcome, Outcome::Unknown),
                        Some(known) => match known.state {
                            Ok(()) => {
                                prop_assert_eq!(answer.outcome, Outcome::Settled);
                                let held = if known.released { 0 } else { known.reserved };
                                // Exactly the unused part comes back, and exactly the rest is over.
                                prop_assert_eq!(answer.returned, cents(held.saturating_sub(amount)));
                                prop_assert_eq!(answer.overage.unwrap_or_default(), cents(amount.saturating_sub(held)));
                                known.state = Err((amount, next));
                            }
                            Err((charged, open)) => {
                                let replaces = open == Next::Anything || open == Next::Truth && !estimate;
                                let expected = match replaces {
                                    true if charged != amount => Outcome::Corrected,
                                    _ => Outcome::Already,
                                };
                                prop_assert_eq!(answer.outcome, expected);
                                if replaces {
                                    let next = if open == Next::Anything { next } else { Next::Nothing };
                                    known.state = Err((amount, next));
                                }
                            }
                        },
                    }
                }
                Step::Release { id } => {
                    let id = format!("r{id}");
                    let free = |known: &Promise| match known.state {
                        Ok(()) => !known.released,
                        Err((_, next)) => next == Next::Anything,
                    };
                    let held = model.promises.get(&id).is_some_and(free);
                    prop_assert_eq!(ledger.release(&id, now), held);
                    prop_assert!(!ledger.release(&id, now));
                    if let Some(known) = model.promises.get_mut(&id).filter(|_| held) {
                        (known.state, known.released) = (Ok(()), true);
                    }
                }
                Step::Charge { record, cents: amount, agent, back, reservation } => {
                    let (record, agent) = (format!("c{record}"), format!("a{agent}"));
                    let reservation = reservation.map(|id| format!("r{id}"));
                    let ms = model.now - back;
                    let answer = ledger.charge(&record, cents(amount), &self::agent(&agent), at(ms), reservation.as_deref(), now);
                    match reservation.and_then(|id| model.promises.get_mut(&id)) {
                        Some(known) if known.state.is_ok() && known.released && !model.charges.contains_key(&record) => {
                            known.state = Err((amount, Next::Nothing));
                            prop_assert!(answer.counted);
                        }
                        Some(_) => prop_assert!(!answer.counted),
                        None => {
                            prop_assert_eq!(answer.counted, !model.charges.contains_key(&record));
                            model.charges.entry(record).or_insert((amount, agent, ms));
                        }
                    }
                }
            }
            model.expire();
            for status in ledger.status(None, at(model.now)) {
                let (spent, held) = model.stand(&status.budget);
                prop_assert_eq!((status.spent, status.held), (cents(spent), cents(held)), "{}", status.budget.id);
            }
        }
    }

    /// P11: only records of the present window count. P14: agents do not share a budget. P15: remaining and percentage.
    /// P16: recording raises spending by the cost.
    #[test]
    fn charges_add_up_in_their_window(
        charges in prop::collection::vec((0_u32..200, 0_u8..3, -40_i64..=0), 0..30), limit in 1_u32..500, which in 0_usize..5,
    ) {
        let period = Period::ALL[which];
        let mut ledger = Ledger::new(Guarantee::PerInstance);
        let budget = config(&format!(
            r#"{{"name":"b","limit":"{}","period":"{}","scope":{{"type":"agent","id":"a1"}}}}"#, cents(limit), period.as_str(),
        ));
        ledger.put(budget, Mode::Attach, &OnlyUtc, at(NOON)).unwrap();
        let mut expected = 0;
        let present = period.window(at(NOON), &Utc, WeekStart::Monday).0;
        for (index, (amount, who, hours)) in charges.iter().enumerate() {
            let ms = NOON + hours * HOUR;
            ledger.charge(&format!("c{index}"), cents(*amount), &agent(&format!("a{who}")), at(ms), None, at(NOON));
            if *who == 1 && period.window(at(ms), &Utc, WeekStart::Monday).0 == present {
                expected += amount;
            }
            let status: Status = ledger.status(None, at(NOON)).remove(0);
            prop_assert_eq!(status.spent, cents(expected));
            let shown = json(&status);
            prop_assert_eq!(&shown["remainingUsd"], &json(&cents(limit.saturating_sub(expected))));
            prop_assert_eq!(&shown["overageUsd"], &json(&cents(expected.saturating_sub(limit))));
            prop_assert_eq!(&shown["isExceeded"], &serde_json::json!(expected > limit));
            let percent = f64::from(expected) / f64::from(limit) * 100.0;
            prop_assert!((shown["percentageUsed"].as_f64().unwrap() - percent).abs() < 1e-6);
        }
    }

    /// P12: spent + estimate above the limit is refused, by reserve and by check alike; exactly the limit is not.
    #[test]
    fn the_limit_is_strict(spent in 0_u32..300, asked in 0_u32..300, limit in 0_u32..300) {
        let mut ledger = Ledger::new(Guarantee::PerInstance);
        let budget = config(&format!(r#"{{"name":"b","limit":"{}","period":"daily","action":"block"}}"#, cents(limit)));
        ledger.put(budget, Mode::Attach, &OnlyUtc, at(NOON)).unwrap();
        ledger.charge("c", cents(spent), &agent("a"), at(NOON), None, at(NOON));
        let statuses = ledger.status(None, at(NOON)).to_json();
        prop_assert_eq!(check(&statuses, cents(asked), at(NOON)).unwrap().allowed, spent + asked <= limit);
        let answer = ledger.reserve(&Reserve { id: "r", amounts: cents(asked).into(), scopes: &agent("a"), lease_ms: 1 }, at(NOON)).unwrap();
        prop_assert_eq!(answer.allowed, spent + asked <= limit);
    }

    /// P13: each threshold that is crossed raises its alert, once, whatever the steps.
    #[test]
    fn each_threshold_alerts_once(charges in prop::collection::vec(0_u32..60, 0..12), limit in 0_u32..200) {
        let mut ledger = Ledger::new(Guarantee::PerInstance);
        let budget = config(&format!(r#"{{"name":"b","limit":"{}","period":"daily"}}"#, cents(limit)));
        ledger.put(budget, Mode::Attach, &OnlyUtc, at(NOON)).unwrap();
        let (mut told, mut spent) = (Vec::new(), 0);
        for (index, amount) in charges.iter().enumerate() {
            spent += amount;
            let charged = ledger.charge(&format!("c{index}"), cents(*amount), &agent("a"), at(NOON), None, at(NOON));
            told.extend(charged.alerts.iter().map(|alert| alert.threshold.percent() as u32));
            prop_assert!(charged.alerts.iter().all(|alert| !alert.projected));
        }
        let reached = |percent: &u32| spent * 100 >= percent * limit && spent > 0;
        prop_assert_eq!(told, [50, 75, 90, 100].into_iter().filter(reached).collect::<Vec<_>>());
    }
}
