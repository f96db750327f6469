//! Fresh prices: books put over each other, what a table changes, what is refused, what is stale, and why a price is what it is.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // Clippy takes the helpers of a test file for code of ours.

use proptest::prelude::*;
use tollgate::{
    catalog::{Book, Clock, Difference, Handle, Limits},
    json::{Raw, ToJson},
    price::{Answer, Query, explain, price},
    time::Instant,
    usage::Usage,
};

/// A book of models as JSON members; the source `a` was read on the day named.
fn book(day: &str, models: &str) -> Book {
    let text =
        format!(r#"{{"tollgate":1,"sources":[{{"id":"a","retrievedAt":"{day}"}},{{"id":"b"}}],"models":[{models}]}}"#);
    Book::from_json(&text).unwrap()
}

/// A table comes from its source on the 21st, in the evening.
fn fetched() -> Clock {
    Clock::Fetched(Instant::parse("2026-11-21T20:00:00Z").unwrap())
}

fn model(id: &str, rows: &str) -> String {
    format!(r#"{{"provider":"openai","id":"{id}","rows":[{rows}]}}"#)
}

/// The rows of the model `m` as JSON text.
fn rows(book: &Book) -> String {
    let text = book.to_json();
    let models = Raw::parse(&text).unwrap().member("models").unwrap().items().unwrap();
    let m = models.into_iter().find(|model| model.member("id").and_then(Raw::to_text).as_deref() == Some("m"));
    m.unwrap().member("rows").unwrap().get().to_owned()
}

/// Under, over, and what comes of them.
const ROWS: [(&str, &str, &str, &str); 14] = [
    (
        "the same price, read again",
        r#"{"source":"a","rates":{"input":"1"}}"#,
        r#"{"source":"a","url":"https://p.example","rates":{"input":"1"}}"#,
        r#"[{"source":"a 2026-11-21","url":"https://p.example","rates":{"input":"1"}}]"#,
    ),
    (
        "another price holds from the day on which it was read",
        r#"{"source":"a","rates":{"input":"1","webSearches":"0.01"}}"#,
        r#"{"source":"a","rates":{"input":"2"}}"#,
        r#"[{"source":"a 2026-11-01","rates":{"input":"1","webSearches":"0.01"}},{"from":"2026-11-21","source":"a 2026-11-21","rates":{"input":"2","webSearches":"0.01"}}]"#,
    ),
    (
        "a dated price from its day",
        r#"{"source":"a","rates":{"input":"1"}}"#,
        r#"{"from":"2026-06-01","source":"a","rates":{"input":"2"}}"#,
        r#"[{"source":"a 2026-11-01","rates":{"input":"1"}},{"from":"2026-06-01","source":"a 2026-11-21","rates":{"input":"2"}}]"#,
    ),
    (
        "on the same day the other's word",
        r#"{"from":"2026-06-01","source":"a","rates":{"input":"1","output":"4"}}"#,
        r#"{"from":"2026-06-01","source":"a","rates":{"input":"2"}}"#,
        r#"[{"from":"2026-06-01","source":"a 2026-11-21","rates":{"input":"2","output":"4"}}]"#,
    ),
    (
        "an announcement stays, and what is announced comes after",
        r#"{"source":"a","rates":{"input":"1"}},{"from":"2027-01-01","source":"a","rates":{"input":"3"}}"#,
        r#"{"source":"a","rates":{"input":"1"}},{"from":"2027-06-01","source":"a","rates":{"input":"4"}}"#,
        r#"[{"source":"a 2026-11-21","rates":{"input":"1"}},{"from":"2027-01-01","source":"a 2026-11-01","rates":{"input":"3"}},{"from":"2027-06-01","source":"a 2026-11-21","rates":{"input":"4"}}]"#,
    ),
    (
        "history before the first day",
        r#"{"from":"2026-06-01","source":"a","rates":{"input":"2"}}"#,
        r#"{"from":"2025-01-01","source":"a","rates":{"input":"1"}},{"from":"2026-06-01","source":"a","rates":{"input":"2"}}"#,
        r#"[{"from":"2025-01-01","source":"a 2026-11-21","rates":{"input":"1"}},{"from":"2026-06-01","source":"a 2026-11-21","rates":{"input":"2"}}]"#,
    ),
    (
        "nobody knows since when or when it was read: always",
        r#"{"source":"a","rates":{"input":"1","output":"4"}},{"from":"2026-06-01","source":"a","rates":{"input":"2","output":"5"}}"#,
        r#"{"source":"b","rates":{"output":"6"}}"#,
        r#"[{"source":"b","rates":{"input":"1","output":"6"}},{"from":"2026-06-01","source":"b","rates":{"input":"2","output":"6"}}]"#,
    ),
    (
        "the same until another day",
        r#"{"source":"a","rates":{"input":"1"}},{"from":"2026-06-01","source":"a","rates":{"input":"2"}}"#,
        r#"{"source":"b","rates":{"input":"9"}},{"from":"2026-03-01","source":"b","rates":{"input":"8"}}"#,
        r#"[{"source":"b","rates":{"input":"9"}},{"from":"2026-03-01","source":"b","rates":{"input":"8"}},{"from":"2026-06-01","source":"a 2026-11-01","rates":{"input":"2"}}]"#,
    ),
    (
        "what stood for the old price goes with it, multipliers stay",
        r#"{"source":"a","rates":{"input":"1","output":"4"},"services":{"flex":{"rates":{"input":"0.5"}},"batch":{"rates":{"input":"0.5","output":"2"}}},"regions":{"eu":{"multiplier":"1.1"}}}"#,
        r#"{"source":"a","rates":{"input":"2","output":"4"}}"#,
        r#"[{"source":"a 2026-11-01","rates":{"input":"1","output":"4"},"services":{"batch":{"rates":{"input":"0.5","output":"2"}},"flex":{"rates":{"input":"0.5"}}},"regions":{"eu":{"multiplier":"1.1"}}},{"from":"2026-11-21","source":"a 2026-11-21","rates":{"input":"2","output":"4"},"services":{"batch":{"rates":{"output":"2"}}},"regions":{"eu":{"multiplier":"1.1"}}}]"#,
    ),
    (
        "a region written out is its multiplier",
        r#"{"source":"a","rates":{"input":"1","output":"4"},"services":{"flex":{"rates":{"input":"0.5","output":"2"}}},"regions":{"eu":{"multiplier":"1.1"}}}"#,
        r#"{"source":"a","rates":{"input":"1","output":"4"},"services":{"flex":{"rates":{"input":"0.5","output":"2"}}},"regions":{"eu":{"rates":{"input":"1.1","output":"4.4"},"services":{"flex":{"rates":{"input":"0.55","output":"2.2"}}}}}}"#,
        r#"[{"source":"a 2026-11-21","rates":{"input":"1","output":"4"},"services":{"flex":{"rates":{"input":"0.5","output":"2"}}},"regions":{"eu":{"multiplier":"1.1"}}}]"#,
    ),
    (
        "a region that is its old multiple of what has changed is said",
        r#"{"source":"a","rates":{"input":"1"},"services":{"flex":{"rates":{"input":"0.5"}}},"regions":{"eu":{"multiplier":"1.1"}}}"#,
        r#"{"from":"2026-12-01","source":"a","rates":{"input":"1"},"services":{"flex":{"rates":{"input":"0.6"}}},"regions":{"eu":{"services":{"flex":{"rates":{"input":"0.55"}}}}}}"#,
        r#"[{"source":"a 2026-11-01","rates":{"input":"1"},"services":{"flex":{"rates":{"input":"0.5"}}},"regions":{"eu":{"multiplier":"1.1"}}},{"from":"2026-12-01","source":"a 2026-11-21","rates":{"input":"1"},"services":{"flex":{"rates":{"input":"0.6"}}},"regions":{"eu":{"multiplier":"1.1","services":{"flex":{"rates":{"input":"0.55"}}}}}}]"#,
    ),
    (
        "a disputed edge stays disputed",
        r#"{"source":"a","rates":{"input":"1"},"tiers":[{"above":100,"edge":"disputed","rates":{"input":"2"}}]}"#,
        r#"{"source":"a","rates":{"input":"1"},"tiers":[{"above":100,"edge":"from","rates":{"input":"3"}}]}"#,
        r#"[{"source":"a 2026-11-01","rates":{"input":"1"},"tiers":[{"above":100,"edge":"disputed","rates":{"input":"2"}}]},{"from":"2026-11-21","source":"a 2026-11-21","rates":{"input":"1"},"tiers":[{"above":100,"edge":"disputed","rates":{"input":"3"}}]}]"#,
    ),
    (
        "a service tier that costs what the default does is known",
        r#"{"source":"a","rates":{"input":"1"}}"#,
        r#"{"source":"a","rates":{"input":"1"},"services":{"flex":{"rates":{"input":"1"}}}}"#,
        r#"[{"source":"a 2026-11-01","rates":{"input":"1"}},{"from":"2026-11-21","source":"a 2026-11-21","rates":{"input":"1"},"services":{"flex":{"rates":{"input":"1"}}}}]"#,
    ),
    (
        "a price where there was none",
        "",
        r#"{"source":"a","rates":{"input":"1"}}"#,
        r#"[{"source":"a 2026-11-21","rates":{"input":"1"}}]"#,
    ),
];

#[test]
fn rows_are_put_over_each_other() {
    for (why, under, over, expected) in ROWS {
        let (under, over) = (book("2026-11-01", &model("m", under)), book("2026-11-21", &model("m", over)));
        let merged = under.merge(&over).unwrap();
        assert_eq!(rows(&merged), expected, "{why}");
        assert_eq!(rows(&merged.merge(&over).unwrap()), expected, "{why}, again");
        let again = Book::from_json(&merged.to_json()).unwrap();
        assert_eq!(again.to_json(), merged.to_json(), "{why}, as JSON");
    }
}

#[test]
fn models_are_put_over_each_other() {
    let under = book(
        "2026-11-01",
        r#"{"provider":"openai","id":"a","aliases":["nick","b-alias","c"],"mode":"chat","context":100,"maxOutput":10,"capabilities":["vision"],"rows":[{"source":"a","rates":{"input":"1"}}]},
           {"provider":"openai","id":"keep","rows":[{"source":"a","rates":{"input":"7"}}]}"#,
    );
    let over = book(
        "2026-11-21",
        r#"{"provider":"openai","id":"A","aliases":["new"],"maxOutput":20,"rows":[]},
           {"provider":"openai","id":"c","rows":[{"source":"a","rates":{"input":"3"}}]},
           {"provider":"acme","id":"x","aliases":["nick"],"rows":[{"source":"a","rates":{"input":"4"}}]},
           {"provider":"openai","id":"b","aliases":["b-alias"],"rows":[{"source":"a","rates":{"input":"5"}}]}"#,
    );
    let merged = under.merge(&over).unwrap();
    let told = |name: &str| {
        let found = merged.find(name, None)?;
        let model = merged.model(found.handle)?;
        let input = model.rows.last()?.rates.get(tollgate::usage::Unit::Input)?;
        Some(format!("{}/{} {} {}", model.provider, model.id, found.kind.as_str(), input.per_million()))
    };
    for (name, expected) in [
        ("a", Some("openai/a exact 1")),
        ("new", Some("openai/a alias 1")),
        ("nick", Some("openai/a alias 1")),
        ("b-alias", Some("openai/b alias 5")),
        // Both books have it: `a` is the model of one name less.
        ("c", Some("openai/c exact 3")),
        ("keep", Some("openai/keep exact 7")),
        ("acme/nick", Some("acme/x alias 4")),
        ("d", None),
    ] {
        assert_eq!(told(name).as_deref(), expected, "{name}");
    }
    let a = merged.model(merged.find("a", None).unwrap().handle).unwrap();
    assert_eq!((&*a.mode, a.context_window, a.max_output), ("chat", Some(100), Some(20)));
    assert!(a.capabilities.has("vision"));
    assert_eq!(merged.retrieved(), Instant::parse("2026-11-21").ok());
    // Where the models were.
    let places = merged.places_of(&under);
    for (at, place) in places.iter().enumerate() {
        let (before, after) = (under.model(Handle(at as u32)).unwrap(), merged.model(place.unwrap()).unwrap());
        assert_eq!((&before.provider, &before.id), (&after.provider, &after.id));
    }
    assert_eq!(merged.len(), 5);
    // An alias of one book is the id of the other, which has no other model of that id.
    let renamed = under.merge(&book("2026-11-21", &model("nick", r#"{"source":"a","rates":{"input":"2"}}"#))).unwrap();
    let found = renamed.find("a", None).unwrap();
    assert_eq!(renamed.model(found.handle).unwrap().rows.len(), 2);
    assert_eq!(renamed.find("nick", None).unwrap().handle, found.handle);
}

fn between(under: &Book, over: &Book, limits: Limits) -> Difference {
    Difference::between(under, over, &under.merge(over).unwrap(), limits)
}

fn difference(under: &str, over: &str, limits: Limits) -> (String, Option<String>) {
    let (under, over) = (book("2026-11-01", under), book("2026-11-21", over));
    let difference = between(&under, &over, limits);
    (difference.to_json(), difference.refusal(limits).map(|why| format!("{}: {}", why.reason, why.detail)))
}

#[test]
fn what_changes_is_told_and_too_much_refused() {
    let base = r#"{"source":"a","rates":{"input":"1","output":"4"},"regions":{"eu":{"multiplier":"1.1"}}}"#;
    let limits = Limits::default();
    for (why, rates, changes, refusal) in [
        ("nothing", r#""rates":{"input":"1.0","output":"4"}"#, "[]", None),
        (
            "ten times",
            r#""rates":{"input":"10"}"#,
            r#"[{"provider":"openai","model":"m","rate":"input","from":"1","to":"10","since":"2026-11-21"}]"#,
            None,
        ),
        (
            "more",
            r#""rates":{"input":"10.1","output":"0.3"}"#,
            r#"[{"provider":"openai","model":"m","rate":"input","from":"1","to":"10.1","since":"2026-11-21"},{"provider":"openai","model":"m","rate":"output","from":"4","to":"0.3","since":"2026-11-21"}]"#,
            Some(
                "price_moved: expected prices to move by at most a factor of 10, found input of openai/m from 1 to 10.1 and 1 others",
            ),
        ),
        (
            "to nothing",
            r#""rates":{"input":"0"}"#,
            r#"[{"provider":"openai","model":"m","rate":"input","from":"1","to":"0","since":"2026-11-21"}]"#,
            Some("price_moved: expected prices to move by at most a factor of 10, found input of openai/m from 1 to 0"),
        ),
        (
            "under a condition that is new",
            r#""rates":{"input":"1"},"tiers":[{"above":1,"rates":{"input":"100"}}]"#,
            r#"[{"provider":"openai","model":"m","rate":"tiers.1.input","from":"1","to":"100","since":"2026-11-21"}]"#,
            Some(
                "price_moved: expected prices to move by at most a factor of 10, found tiers.1.input of openai/m from 1 to 100",
            ),
        ),
        (
            "a multiplier",
            r#""rates":{"input":"1"},"regions":{"eu":{"multiplier":"50"}}"#,
            r#"[{"provider":"openai","model":"m","rate":"regions.eu.multiplier","from":"1.1","to":"50","since":"2026-11-21"}]"#,
            Some(
                "price_moved: expected prices to move by at most a factor of 10, found regions.eu.input of openai/m from 1.1 to 50 and 1 others",
            ),
        ),
        (
            "factors that multiply",
            r#""rates":{"input":"1"},"regions":{"eu":{"multiplier":"4.4"}},"services":{"fast":{"multiplier":"5"}}"#,
            r#"[{"provider":"openai","model":"m","rate":"regions.eu.multiplier","from":"1.1","to":"4.4","since":"2026-11-21"},{"provider":"openai","model":"m","rate":"services.fast.multiplier","to":"5","since":"2026-11-21"}]"#,
            Some(
                "price_moved: expected prices to move by at most a factor of 10, found regions.eu.services.fast.input of openai/m from 1.1 to 22 and 1 others",
            ),
        ),
        ("a region written out", r#""rates":{"input":"1"},"regions":{"eu":{"rates":{"input":"1.1"}}}"#, "[]", None),
        (
            "one that was not there",
            r#""rates":{"webSearches":"0.01"}"#,
            r#"[{"provider":"openai","model":"m","rate":"webSearches","to":"0.01","since":"2026-11-21"}]"#,
            None,
        ),
    ] {
        let (told, refused) =
            difference(&model("m", base), &model("m", &format!(r#"{{"source":"a",{rates}}}"#)), limits);
        assert_eq!(Raw::parse(&told).unwrap().member("changes").unwrap().get(), changes, "{why}");
        assert_eq!(refused.as_deref(), refusal, "{why}");
    }
    let many: Vec<_> = (0..20).map(|at| model(&format!("m{at}"), base)).collect();
    let (told, refused) = difference(&many.join(","), &many[2..].join(","), limits);
    assert_eq!(refused, None);
    assert!(told.contains(r#""lost":["openai/m0","openai/m1"]"#), "{told}");
    let (_, refused) = difference(&many.join(","), &many[3..].join(","), limits);
    assert_eq!(
        refused.as_deref(),
        Some(r#"models_lost: expected at most 10 % of 20 models to be missing, found 3: "openai/m0", ..."#)
    );
    // A name that another model of the table takes over costs what the table says, and is compared with what it has cost.
    let stolen =
        model("n", r#"{"source":"a","rates":{"input":"90"}}"#).replace(r#""rows""#, r#""aliases":["m"],"rows""#);
    let (_, refused) = difference(&model("m", base), &stolen, Limits { lost: 1.0, ..limits });
    assert!(refused.unwrap().starts_with("price_moved: "));
    let (_, refused) =
        difference(&model("m", base), &stolen, Limits { price_ratio: f64::INFINITY, lost: 1.0, taken: 0.0 });
    assert_eq!(refused, None);
}

#[test]
fn a_price_that_moves_keeps_its_surcharges_and_tells_of_lost_discounts() {
    let own = r#"{"source":"a","rates":{"input":"1.25"},"tiers":[{"above":200,"rates":{"input":"2.5"}}],"services":{"flex":{"rates":{"input":"0.6"}}}}"#;
    let over = r#"{"source":"a","rates":{"input":"1.26"}}"#;
    let (told, refused) = difference(&model("m", own), &model("m", over), Limits::default());
    assert_eq!(refused, None);
    assert_eq!(
        Raw::parse(&told).unwrap().member("changes").unwrap().get(),
        r#"[{"provider":"openai","model":"m","rate":"input","from":"1.25","to":"1.26","since":"2026-11-21"},{"provider":"openai","model":"m","rate":"services.flex.input","from":"0.6","to":"1.26","since":"2026-11-21"}]"#
    );
    let merged = book("2026-11-01", &model("m", own)).merge(&book("2026-11-21", &model("m", over))).unwrap();
    assert!(rows(&merged).ends_with(
        r#"{"from":"2026-11-21","source":"a 2026-11-21","rates":{"input":"1.26"},"tiers":[{"above":200,"edge":"above","rates":{"input":"2.5"}}]}]"#
    ));
    // One that is dearer than the row no more was none for long.
    let over = r#"{"source":"a","rates":{"input":"3"}}"#;
    let (told, _) = difference(&model("m", own), &model("m", over), Limits::default());
    assert!(told.contains(r#""rate":"tiers.200.input","from":"2.5","to":"3""#), "{told}");
}

/// Why; a table's providers and models as JSON members; the names that it would take, from whom and for whom.
type Takes = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str, &'static str)]);

const TAKEN: [Takes; 13] = [
    ("a model of a new provider", "", r#"{"provider":"acme","id":"fast-1","rows":[]}"#, &[]),
    (
        "a model of a known one",
        "",
        r#"{"provider":"anthropic","id":"claude-y","aliases":["claude-why"],"rows":[]}"#,
        &[],
    ),
    ("the id of one that comes before", "", r#"{"provider":"acme","id":"gemini-2.5-pro","rows":[]}"#, &[]),
    ("a snapshot of its own", "", r#"{"provider":"anthropic","id":"claude-x-20250101","rows":[]}"#, &[]),
    (
        "a name that only one had is nobody's when two have it",
        "",
        r#"{"provider":"acme","id":"meta-llama-4","rows":[]}"#,
        &[],
    ),
    (
        "a provider called as a resource",
        "",
        r#"{"provider":"models","id":"Gemini-2.5-pro","rows":[]}"#,
        &[("models/gemini-2.5-pro", "google/gemini-2.5-pro", "models/Gemini-2.5-pro")],
    ),
    (
        "its alias does",
        "",
        r#"{"provider":"models","id":"cheap","aliases":["gemini-2.5-pro"],"rows":[]}"#,
        &[("models/gemini-2.5-pro", "google/gemini-2.5-pro", "models/cheap")],
    ),
    (
        "the other name of a provider",
        r#"{"name":"acme","aliases":["models"]}"#,
        r#"{"provider":"acme","id":"gemini-2.5-pro","rows":[]}"#,
        &[("models/gemini-2.5-pro", "google/gemini-2.5-pro", "acme/gemini-2.5-pro")],
    ),
    (
        "what stands before a reseller's ids",
        "",
        r#"{"provider":"qwen","id":"qwen-3","rows":[]}"#,
        &[("qwen/qwen-3", "deepinfra/Qwen/Qwen-3", "qwen/qwen-3")],
    ),
    (
        "that of a snapshot",
        "",
        r#"{"provider":"qwen","id":"qwen-2","rows":[]}"#,
        &[("qwen/qwen-2-2025-01-01", "deepinfra/Qwen/Qwen-2-2025-01-01", "qwen/qwen-2")],
    ),
    (
        "an id of one that comes after",
        "",
        r#"{"provider":"openai","id":"claude-x","rows":[]}"#,
        &[("claude-x", "anthropic/claude-x", "openai/claude-x")],
    ),
    (
        "an alias",
        "",
        r#"{"provider":"openai","id":"m","aliases":["claude-x"],"rows":[]}"#,
        &[("claude-x", "anthropic/claude-x", "openai/m")],
    ),
    (
        "one that only one provider has had",
        "",
        r#"{"provider":"anthropic","id":"meta-llama-4","rows":[]}"#,
        &[("meta-llama-4", "deepinfra/meta-llama-4", "anthropic/meta-llama-4")],
    ),
];

#[test]
fn names_stay_with_their_providers() {
    let own = book(
        "2026-11-01",
        r#"{"provider":"openai","id":"m","rows":[]},{"provider":"anthropic","id":"claude-x","rows":[]},
           {"provider":"google","id":"gemini-2.5-pro","rows":[]},{"provider":"deepinfra","id":"Qwen/Qwen-3","rows":[]},
           {"provider":"deepinfra","id":"Qwen/Qwen-2-2025-01-01","rows":[]},{"provider":"deepinfra","id":"meta-llama-4","rows":[]}"#,
    );
    for (why, providers, models, expected) in TAKEN {
        let table = format!(r#"{{"tollgate":1,"providers":[{providers}],"models":[{models}]}}"#);
        let table = Book::from_json(&table).unwrap();
        let merged = own.merge(&table).unwrap();
        let limits = Limits { lost: 1.0, ..Limits::default() };
        let difference = Difference::between(&own, &table, &merged, limits);
        let told = difference.to_json();
        let told = Raw::parse(&told).unwrap().member("taken").unwrap().items().unwrap();
        let text = |one: Raw<'_>, key: &str| one.member(key).and_then(Raw::to_text).unwrap();
        let told: Vec<_> = told.iter().map(|one| (text(*one, "name"), text(*one, "from"), text(*one, "to"))).collect();
        let told: Vec<_> = told.iter().map(|(name, from, to)| (name.as_str(), from.as_str(), to.as_str())).collect();
        assert_eq!(told, expected, "{why}");
        let refusal = difference.refusal(limits).map(|why| (why.reason, why.detail, why.path.unwrap()));
        let first = expected.first().map(|(name, from, to)| {
            let found =
                format!("expected names to stay with their providers, found \"{name}\" taken from {from} by {to}");
            ("name_taken", found, (*to).to_owned())
        });
        assert_eq!(refusal, first, "{why}");
        assert_eq!(difference.refusal(Limits { taken: expected.len() as f64, ..limits }), None, "{why}");
    }
}

#[test]
fn more_names_than_can_be_looked_at_are_refused() {
    let providers: Vec<_> = (0..900).map(|at| format!(r#"{{"name":"p{at}","ranked":true}}"#)).collect();
    let models: Vec<_> =
        (0..6_000).map(|at| format!(r#"{{"provider":"p{}","id":"m{at}","rows":[]}}"#, at % 900)).collect();
    let table = format!(r#"{{"tollgate":1,"providers":[{}],"models":[{}]}}"#, providers.join(","), models.join(","));
    let table = Book::from_json(&table).unwrap();
    let difference = between(&Book::empty(), &table, Limits::default());
    assert_eq!(difference.refusal(Limits { taken: f64::INFINITY, ..Limits::default() }), None);
    let refusal = difference.refusal(Limits::default()).unwrap();
    assert_eq!(
        (refusal.reason, refusal.detail.as_str()),
        ("name_taken", "expected names that can all be looked at, found more")
    );
}

#[test]
fn limits_are_compared_as_prices_are() {
    let with = |more: &str| {
        format!(r#"{{"provider":"openai","id":"m",{more}"rows":[{{"source":"a","rates":{{"input":"1"}}}}]}}"#)
    };
    let own = with(r#""context":1000,"maxOutput":100,"capabilities":["vision"],"#);
    for (why, over, changes, refusal) in [
        ("nothing said", with(""), "[]", None),
        ("the same", own.clone(), "[]", None),
        (
            "ten times less, or more of any size",
            with(r#""context":100,"maxOutput":90000,"#),
            r#"[{"provider":"openai","model":"m","rate":"context","from":"1000","to":"100"},{"provider":"openai","model":"m","rate":"maxOutput","from":"100","to":"90000"}]"#,
            None,
        ),
        (
            "less than that",
            with(r#""maxOutput":1,"#),
            r#"[{"provider":"openai","model":"m","rate":"maxOutput","from":"100","to":"1"}]"#,
            Some(
                "price_moved: expected prices to move by at most a factor of 10, found maxOutput of openai/m from 100 to 1",
            ),
        ),
        (
            "of a model without rows in the table",
            r#"{"provider":"openai","id":"m","context":10}"#.to_owned(),
            r#"[{"provider":"openai","model":"m","rate":"context","from":"1000","to":"10"}]"#,
            Some(
                "price_moved: expected prices to move by at most a factor of 10, found context of openai/m from 1000 to 10",
            ),
        ),
        (
            "what it can do",
            with(r#""capabilities":["tools","vision"],"#),
            r#"[{"provider":"openai","model":"m","rate":"capabilities","from":"vision","to":"vision, tools"}]"#,
            None,
        ),
    ] {
        let (told, refused) = difference(&own, &over, Limits { lost: 1.0, ..Limits::default() });
        assert_eq!(Raw::parse(&told).unwrap().member("changes").unwrap().get(), changes, "{why}");
        assert_eq!(refused.as_deref(), refusal, "{why}");
    }
}

#[test]
fn a_row_without_a_source_holds_from_the_day_on_which_it_was_read() {
    let own = book(
        "2026-01-01",
        &model(
            "m",
            r#"{"source":"a","rates":{"input":"1"}},{"from":"2026-06-01","source":"a","rates":{"input":"20"}}"#,
        ),
    );
    for source in ["", r#""source":"unheard of","#] {
        let row = format!(r#"{{{source}"rates":{{"input":"15"}}}}"#);
        let text = format!(r#"{{"tollgate":1,"models":[{}]}}"#, model("m", &row));
        let table = Book::from_json_at(&text, fetched()).unwrap();
        assert_eq!(table.retrieved(), Instant::parse("2026-11-21").ok());
        let difference = between(&own, &table, Limits::default());
        assert!(difference.refusal(Limits::default()).is_none(), "15 is compared with 20");
        let merged = own.merge(&table).unwrap();
        let usage = Usage::tokens(1_000_000, 0);
        for (day, usd) in [("2026-05-31", "1"), ("2026-11-20", "20"), ("2026-11-21", "15")] {
            let cost = price(&merged, &Query::new("m", None, &usage, Instant::parse(day).unwrap()));
            let Answer::Priced(cost) = cost else { panic!("{day}") };
            assert_eq!(cost.usd.to_string(), usd, "{day}");
        }
        let stale = merged.stale(1.0, Instant::parse("2026-11-25").unwrap());
        assert_eq!(stale[0].days, Some(4));
        assert_eq!(Book::from_json(&merged.to_json()).unwrap().to_json(), merged.to_json());
    }
    // Without a day it lies over every row, and is compared with each.
    let table =
        Book::from_json(&format!(r#"{{"tollgate":1,"models":[{}]}}"#, model("m", r#"{"rates":{"input":"1.5"}}"#)));
    let difference = between(&own, &table.unwrap(), Limits::default());
    assert_eq!(
        difference.refusal(Limits::default()).map(|why| why.detail).as_deref(),
        Some("expected prices to move by at most a factor of 10, found input of openai/m from 20 to 1.5")
    );
}

#[test]
fn a_source_was_not_read_in_the_future() {
    let text = |day: &str| {
        format!(
            r#"{{"tollgate":1,"sources":[{{"id":"a","retrievedAt":"{day}"}}],"models":[{}]}}"#,
            model("m", r#"{"source":"a","rates":{"input":"1"}}"#)
        )
    };
    let table = |day: &str| Book::from_json_at(&text(day), fetched());
    for (said, read) in [("2026-11-20", "2026-11-20"), ("2026-11-21", "2026-11-21"), ("2026-11-22", "2026-11-21")] {
        let table = table(said).unwrap();
        assert_eq!(table.retrieved(), Instant::parse(read).ok(), "{said}");
        assert_eq!(&*table.model(Handle(0)).unwrap().rows[0].source.retrieved_at, read, "{said}");
    }
    // What was kept is read by the same rule, but for sources that don't say when they were read.
    let now = Instant::parse("2026-11-21T20:00:00Z").unwrap();
    let kept = |day: &str, clock: Clock| Book::from_json_at(&text(day), clock);
    let unheard = r#"{"tollgate":1,"sources":[{"id":"a"}],"models":[]}"#;
    assert_eq!(Book::from_json_at(unheard, Clock::Kept(now)).unwrap().retrieved(), None);
    assert_eq!(
        Book::from_json_at(unheard, Clock::Fetched(now)).unwrap().retrieved(),
        Instant::parse("2026-11-21").ok()
    );
    assert_eq!(kept("2026-11-22", Clock::Kept(now)).unwrap().retrieved(), Instant::parse("2026-11-21").ok());
    for said in ["2026-11-23", "2999-01-01"] {
        for clock in [Clock::Fetched(now), Clock::Kept(now)] {
            assert_eq!(
                kept(said, clock).unwrap_err().message(),
                "cannot read prices: expected sources[0].retrievedAt to be a day that has come, found one of the future"
            );
        }
        // A clock that is not set can't tell, nor can none.
        for clock in [Clock::Kept(Instant::from_ms(0)), Clock::Fetched(Instant::from_ms(86_400_000)), Clock::Unknown] {
            assert_eq!(kept(said, clock).unwrap().retrieved(), Instant::parse(said).ok());
        }
    }
}

#[test]
fn any_source_is_written_as_it_is_read() {
    let long = "n".repeat(300);
    for source in [
        "",
        r#""source":"b""#,
        r#""source":"__proto__""#,
        &format!(r#""source":"{long}""#),
        r#""source":"a 2026-11-01""#,
    ] {
        let more = if source.is_empty() { "" } else { "," };
        let both = [
            model("m", &format!(r#"{{{source}{more}"rates":{{"input":"1"}}}}"#)),
            model("n", r#"{"source":"a","rates":{}}"#),
        ];
        let own = book("2026-11-01", &both.join(","));
        let again = Book::from_json(&own.to_json()).unwrap();
        assert!(own.models().eq(again.models()), "{source}");
    }
}

#[test]
fn stale_is_what_was_read_too_long_ago() {
    let rows = [
        r#"{"source":"a","rates":{"input":"1"}}"#,
        r#"{"source":"b","rates":{"input":"1"}}"#,
        "",
        r#"{"from":"2027-01-01","source":"a","rates":{"input":"1"}}"#,
    ];
    let models: Vec<_> = rows.iter().enumerate().map(|(at, rows)| model(&format!("m{at}"), rows)).collect();
    let book = book("2026-11-01", &models.join(","));
    let stale = |days: f64, at: &str| {
        let all = book.stale(days, Instant::parse(at).unwrap());
        all.into_iter().map(|stale| (stale.model, stale.days)).collect::<Vec<_>>()
    };
    let is = |id: &str, days| (id.to_owned(), days);
    assert_eq!(stale(30.0, "2026-12-01"), [is("m1", None)]);
    assert_eq!(stale(30.0, "2026-12-01T23:59:59Z"), [is("m1", None)]);
    assert_eq!(stale(30.0, "2026-12-02"), [is("m0", Some(31)), is("m1", None), is("m3", Some(31))]);
    assert_eq!(stale(0.0, "2026-11-01"), [is("m1", None)]);
}

#[test]
fn a_price_is_explained() {
    let book = book(
        "2026-11-01",
        r#"{"provider":"openai","id":"m","aliases":["nick"],"rows":[
            {"source":"a","rates":{"input":"1"}},
            {"from":"2026-06-01","source":"a","url":"https://p.example","rates":{"input":"2","output":"8"},
             "services":{"flex":{"rates":{"input":"1"}}},"regions":{"eu":{"multiplier":"1.1"}}},
            {"from":"2027-01-01","source":"a","rates":{"input":"3"}}]}"#,
    );
    let usage = Usage::tokens(1_000, 100).with(tollgate::usage::Unit::CacheRead, 10);
    let at = Instant::parse("2026-11-21").unwrap();
    let query =
        Query { service_tier: Some("flex"), region: Some("eu"), ..Query::new("nick-2031-01-01", None, &usage, at) };
    assert_eq!(
        explain(&book, &query),
        concat!(
            r#"{"priced":true,"asked":"nick-2031-01-01","model":"m","provider":"openai","matchType":"dated","at":"2026-11-21T00:00:00.000Z","serviceTier":"flex","region":"eu","inputTokens":1010,"#,
            r#""source":{"name":"a","url":"https://p.example","effectiveFrom":"2026-06-01","retrievedAt":"2026-11-01"},"from":"2026-06-01","until":"2027-01-01","#,
            r#""rows":[{"source":{"name":"a","url":"","retrievedAt":"2026-11-01"},"inForce":false},{"from":"2026-06-01","source":{"name":"a","url":"https://p.example","effectiveFrom":"2026-06-01","retrievedAt":"2026-11-01"},"inForce":true},{"from":"2027-01-01","source":{"name":"a","url":"","effectiveFrom":"2027-01-01","retrievedAt":"2026-11-01"},"inForce":false}],"#,
            r#""rates":{"input":"2","output":"8"},"variants":[{"when":"regions.eu","holds":true,"multiplier":"1.1","rates":{}},{"when":"services.flex","holds":true,"rates":{"input":"1"}}],"#,
            r#""items":[{"unit":"input","quantity":1000,"ratePerMillion":"1.1","usd":"0.0011","rateOf":"input","rate":"1","variant":"services.flex","multipliers":[{"variant":"regions.eu","multiplier":"1.1"}],"product":"1000 x 1 / 1000000 x 1.1 = 0.0011"},"#,
            r#"{"unit":"cacheRead","quantity":10,"ratePerMillion":"1.1","usd":"0.000011","rateOf":"input","rate":"1","variant":"services.flex","multipliers":[{"variant":"regions.eu","multiplier":"1.1"}],"product":"10 x 1 / 1000000 x 1.1 = 0.000011"},"#,
            r#"{"unit":"output","quantity":100,"ratePerMillion":"8.8","usd":"0.00088","rateOf":"output","rate":"8","variant":"","multipliers":[{"variant":"regions.eu","multiplier":"1.1"}],"product":"100 x 8 / 1000000 x 1.1 = 0.00088"}],"#,
            r#""usd":"0.001991","assumptions":["\"nick-2031-01-01\" is a snapshot without a price of its own, and costs what \"m\" does","cacheRead has no rate of its own, and counts as input","the price has not changed in the 20 days since the source was read"],"#,
            r#""warnings":[{"code":"service_tier_unpriced","message":"no rate for output in the service tier \"flex\" is known of the model \"m\"; the default tier's counts"}]}"#
        )
    );
    let none = explain(&book, &Query::new("other", None, &Usage::default(), at));
    assert_eq!(
        none,
        r#"{"priced":false,"reason":"unknown_model","detail":"no price is known for the model \"other\""}"#
    );
    let open = explain(&book, &Query::new("m", None, &Usage::default(), Instant::parse("2026-10-01").unwrap()));
    let said = Raw::parse(&open).unwrap().member("assumptions").unwrap().get().to_owned();
    assert_eq!(
        said,
        r#"["no provider is named, so the model is that of openai","no service tier is named, so the default tier served","no region is named, so the global one served"]"#
    );
}

fn any_rows() -> impl Strategy<Value = String> {
    let row =
        (prop::option::of(0..4_u8), 1..5_u8, prop::option::of(1..5_u8), prop::option::of(1..3_u8), prop::bool::ANY);
    prop::collection::vec(row, 0..4).prop_map(|rows| {
        let mut last = None;
        let mut all = Vec::new();
        for (at, (day, input, flex, eu, read)) in rows.into_iter().enumerate() {
            let day = if at == 0 { day } else { Some(day.unwrap_or(0) + 1) };
            let day = day.map(|day| day.max(last.map_or(0, |last| last + 1)));
            last = day.or(last);
            let from = day.map(|day| format!(r#""from":"2026-{:02}-01","#, day + 1)).unwrap_or_default();
            let flex = flex
                .map(|rate| format!(r#","services":{{"flex":{{"rates":{{"input":"{rate}"}}}}}}"#))
                .unwrap_or_default();
            let eu = eu.map(|times| format!(r#","regions":{{"eu":{{"multiplier":"{times}"}}}}"#)).unwrap_or_default();
            all.push(format!(
                r#"{{{from}"source":"{}","rates":{{"input":"{input}"}}{flex}{eu}}}"#,
                if read { "a" } else { "b" }
            ));
        }
        all.join(",")
    })
}

/// Models without a price, of providers that come before each other, after, or nowhere; their names may be other names' ends.
fn any_models() -> impl Strategy<Value = String> {
    let provider = prop::sample::select(vec!["openai", "google", "openrouter", "models", "acme", "qwen", "deepinfra"]);
    let id = prop::sample::select(vec![
        "m",
        "m-1.5",
        "M-1-5",
        "m-2025-01-01",
        "qwen/m",
        "models/m",
        "acme/m-1.5",
        "m:0",
        "m-latest",
    ]);
    prop::collection::btree_set((provider, id), 0..6).prop_map(|all| {
        let mut seen = std::collections::BTreeSet::new();
        let all = all.into_iter().filter(|(provider, id)| seen.insert((*provider, id.to_lowercase())));
        all.map(|(provider, id)| format!(r#"{{"provider":"{provider}","id":"{id}","rows":[]}}"#))
            .collect::<Vec<_>>()
            .join(",")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Where no name is told as taken, none that anybody may ask for finds another provider's model than it did.
    #[test]
    fn no_name_is_taken_untold(under in any_models(), over in any_models()) {
        let (own, table) = (book("2026-11-01", &under), book("2026-11-21", &over));
        let merged = own.merge(&table).unwrap();
        let limits = Limits { lost: 1.0, ..Limits::default() };
        prop_assume!(Difference::between(&own, &table, &merged, limits).refusal(limits).is_none());
        let provider = |book: &Book, name: &str| {
            let found = book.find(name, None)?;
            book.model(found.handle).map(|model| model.provider.to_string())
        };
        for prefix in ["", "openai/", "google/", "gemini/", "models/", "acme/", "qwen/", "publishers/google/models/", "openrouter/qwen/"] {
            for base in ["m", "m-1.5", "m-1-5", "m-2025-01-01", "qwen/m", "models/m", "acme/m-1.5"] {
                for end in ["", "-latest", ":0", "-v1:0", "-2031-01-01", "@default"] {
                    let name = format!("{prefix}{base}{end}");
                    if let (Some(was), Some(now)) = (provider(&own, &name), provider(&merged, &name)) {
                        prop_assert_eq!(was, now, "{}", name);
                    }
                }
            }
        }
    }

    /// What comes of an update is written as it is read, whatever its rows say of their sources.
    #[test]
    fn updated_books_round_trip(under in any_rows(), over in any_rows(), names in prop::collection::vec("[ -~\\t]{0,12}|_{2}proto_{2}|a 2026-11-21", 2)) {
        let quoted = |name: &str| tollgate::json::quote(name);
        let over = over.replace(r#""source":"a""#, &format!(r#""source":{}"#, quoted(&names[0]))).replace(r#""source":"b","#, "");
        let text = format!(r#"{{"tollgate":1,"sources":[{{"id":"x","name":{}}}],"models":[{}]}}"#, quoted(&names[1]), model("m", &over));
        let table = Book::from_json_at(&text, fetched()).unwrap();
        let merged = book("2026-10-01", &model("m", &under)).merge(&table).unwrap();
        let again = Book::from_json(&merged.to_json()).unwrap();
        prop_assert!(merged.models().eq(again.models()));
        prop_assert_eq!(again.to_json(), merged.to_json());
    }

    /// Whatever the books: the result is a book, its rows rise, a second time changes nothing, what the other says of its own days
    /// holds, and where the other's sources were read later no call before its first day costs anything else.
    #[test]
    fn merged_books_hold(under in any_rows(), over in any_rows()) {
        let (under, over) = (book("2026-10-01", &model("m", &under)), book("2026-11-21", &model("m", &over)));
        let merged = under.merge(&over).unwrap();
        let m = |book: &Book| book.model(Handle(0)).cloned().unwrap();
        prop_assert!(m(&merged).rows.windows(2).all(|pair| pair[0].from < pair[1].from));
        prop_assert_eq!(rows(&merged.merge(&over).unwrap()), rows(&merged));
        prop_assert_eq!(rows(&merged.merge(&Book::empty()).unwrap()), rows(&merged));
        prop_assert_eq!(Book::from_json(&merged.to_json()).unwrap().to_json(), merged.to_json());
        let usage = Usage::tokens(1_000_000, 0);
        let cost = |book: &Book, at: Instant, tier, region| {
            match price(book, &Query { service_tier: tier, region, ..Query::new("m", None, &usage, at) }) {
                Answer::Priced(cost) => Some(cost.usd),
                Answer::Unpriced(_) => None,
            }
        };
        let first = m(&over).rows.first().map(|row| (row.from, row.source.retrieved_at.to_string()));
        for row in &m(&over).rows {
            // The default tier's price of a dated row holds on its day.
            if let Some(from) = row.from {
                prop_assert_eq!(cost(&merged, from, None, None), cost(&over, from, None, None));
            }
        }
        if let Some((from, read)) = first && !m(&under).rows.is_empty() && m(&over).rows.len() == 1 {
            let begins = from.or_else(|| Instant::parse(&read).ok());
            if let Some(begins) = begins {
                let before = begins.plus(-1);
                for (tier, region) in [(None, None), (Some("flex"), None), (None, Some("eu"))] {
                    prop_assert_eq!(cost(&merged, before, tier, region), cost(&under, before, tier, region));
                }
            }
        }
    }
}
