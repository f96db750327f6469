//! The algebra of prices: which rate holds under which condition, what multiplies it, what stands in for what is missing,
//! and the laws over all of them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // Clippy takes the helpers of a test file for code of ours.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate::{
    catalog::Book,
    error::WarningCode,
    json::Raw,
    money::Usd,
    price::{Answer, BoundAnswer, CacheWrites, Cost, Custom, Demand, Query, Reason, Tracker, Unpriced},
    time::{HOUR, Instant},
    usage::{Unit, Usage},
};

/// A built-in model of a provider that writes caches, with one context tier.
const MODELS: &str = r#"{"provider":"p","id":"built-in","maxOutput":1000,"rows":[{"source":"a",
    "rates":{"input":"4","output":"8","cacheRead":"1"},"tiers":[{"above":1000,"rates":{"input":"6","output":"16"}}]}]},
    {"provider":"p","id":"flat","maxOutput":1000,"rows":[{"source":"a","rates":{"input":"4","output":"8"}}]}"#;

/// A book of one provider with these models, read a day before now.
fn book_of(models: &str) -> Book {
    let sources = r#"[{"id":"a","retrievedAt":"2026-11-21"}]"#;
    Book::from_json(&format!(r#"{{"tollgate":1,"sources":{sources},"models":[{models}]}}"#)).unwrap()
}

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// A Saturday, noon.
fn now() -> Instant {
    at("2026-11-21T12:00:00Z")
}

/// A tracker with one price of the caller's own: `rates` and the words of variants.
fn tracker(model: &str, price: &Value) -> Tracker {
    let mut custom = Custom::default();
    for (name, rate) in price["rates"].as_object().into_iter().flatten() {
        custom.set_rate(name, &rate.to_string()).unwrap();
    }
    custom.set_variants(Raw::parse(&price.to_string()).unwrap()).unwrap();
    let mut tracker = Tracker::new(Arc::new(book_of(MODELS)));
    tracker.set_custom(model, custom).unwrap();
    tracker
}

fn usage(counts: &Value) -> Usage {
    let pairs = counts.as_object().unwrap().iter().map(|(key, count)| (key.as_str(), count.as_f64().unwrap()));
    Usage::from_pairs(pairs).unwrap()
}

fn answer(tracker: &Tracker, query: &Query<'_>) -> Result<Cost, Unpriced> {
    match tracker.price(query).unwrap() {
        Answer::Priced(cost) => Ok(cost),
        Answer::Unpriced(unpriced) => Err(unpriced),
    }
}

/// The cost; of a million of a unit, it is the unit's rate.
fn usd(tracker: &Tracker, query: &Query<'_>) -> String {
    answer(tracker, query).unwrap_or_else(|unpriced| panic!("{unpriced:?}")).usd.to_string()
}

// ------------------------------------------------------------------------------------------------ which rate holds

#[test]
fn the_most_specific_condition_that_names_the_unit_wins() {
    let price = json!({
        "rates": { "input": 1, "output": 100 },
        "tiers": [
            { "above": 1000, "rates": { "input": 2 } },
            { "above": 2000, "rates": { "input": 3, "output": 300 } },
        ],
        "services": {
            "flex": { "rates": { "input": 4 }, "tiers": [{ "above": 1000, "rates": { "input": 5 } }] },
            "priority": { "rates": { "input": 6 } },
        },
        "regions": { "eu": { "rates": { "input": 7 }, "services": { "flex": { "rates": { "input": 8 } } } } },
        "schedule": [{ "days": "6", "from": "00:00", "to": "24:00", "rates": { "input": 9 }, "services": { "flex": { "rates": { "output": 900 } } } }],
    });
    let tracker = tracker("m", &price);
    let sunday = at("2026-11-22T12:00:00Z");
    for (why, tokens, service, region, at, input, output) in [
        ("the base", 1000, None, None, sunday, "1", "100"),
        ("a tier", 1001, None, None, sunday, "2", "100"),
        ("the higher tier", 2001, None, None, sunday, "3", "300"),
        ("a service tier", 1000, Some("flex"), None, sunday, "4", "100"),
        ("its name in any case", 1000, Some("FLEX"), None, sunday, "4", "100"),
        ("both before one", 1001, Some("flex"), None, sunday, "5", "100"),
        ("both before a higher tier", 2001, Some("flex"), None, sunday, "5", "300"),
        ("the context before the service tier", 1001, Some("priority"), None, sunday, "2", "100"),
        ("a region", 1000, None, Some("EU"), sunday, "7", "100"),
        ("a region before the context", 1001, None, Some("eu"), sunday, "7", "100"),
        ("region and service tier", 1000, Some("flex"), Some("eu"), sunday, "8", "100"),
        ("region and service tier before service tier and context", 1001, Some("flex"), Some("eu"), sunday, "8", "100"),
        ("the hour", 1000, None, None, now(), "9", "100"),
        ("the service tier before the hour", 1000, Some("flex"), None, now(), "4", "900"),
        ("the context before the hour", 1001, None, None, now(), "2", "100"),
        ("the region before the hour", 1000, None, Some("eu"), now(), "7", "100"),
        ("another region is the global one", 1000, None, Some("us"), sunday, "1", "100"),
        ("the global one", 1000, None, Some("global"), sunday, "1", "100"),
    ] {
        let used = Usage::tokens(tokens, 1000);
        let query = Query { service_tier: service, region, ..Query::new("m", None, &used, at) };
        let cost = answer(&tracker, &query).unwrap();
        let rates: Vec<_> = cost.items.iter().map(|item| item.rate.per_million()).collect();
        assert_eq!(rates, [input, output], "{why}");
    }
}

#[test]
fn the_edge_of_a_context_tier_is_counted_with_the_cache() {
    for (edge, tokens, low, high) in [
        ("above", 999, "1", None),
        ("above", 1000, "1", None),
        ("above", 1001, "2", None),
        ("from", 999, "1", None),
        ("from", 1000, "2", None),
        ("disputed", 999, "1", None),
        ("disputed", 1000, "1", Some("2")),
        ("disputed", 1001, "2", None),
    ] {
        let price = json!({ "rates": { "input": 1, "cacheRead": 1, "output": 1 }, "tiers": [{ "above": 1000, "edge": edge, "rates": { "input": 2, "cacheRead": 2, "output": 2 } }] });
        // All kinds of input choose the tier: some plain, some cached, some written, some sound.
        let used = usage(
            &json!({ "input": tokens - 300, "cacheRead": 100, "cacheWrite": 100, "inputAudio": 100, "output": 1_000_000 - tokens }),
        );
        let cost = answer(&tracker("m", &price), &Query::new("m", None, &used, now())).unwrap();
        assert_eq!(cost.usd.to_string(), low, "{edge} {tokens}");
        assert_eq!(cost.range.map(|(_, high)| high.to_string()).as_deref(), high, "{edge} {tokens}");
        let warned: Vec<_> = cost.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(warned, high.map(|_| WarningCode::TierBoundary).into_iter().collect::<Vec<_>>());
    }
}

// -------------------------------------------------------------------------------------------------------- the factors

#[test]
fn factors_multiply_each_for_something_of_its_own() {
    let price = json!({
        "rates": { "input": 10, "output": 10, "webSearches": 1_000_000 },
        "tiers": [{ "above": 1000, "rates": { "input": 20 } }],
        "services": {
            "fast": { "multiplier": 6 },
            "batch": { "multiplier": "0.5", "rates": { "output": 3 } },
        },
        "regions": {
            "eu": { "multiplier": "1.1", "services": { "batch": { "rates": { "input": 7 } }, "slow": { "multiplier": 2 } } },
            "*": { "multiplier": 1.2 },
        },
    });
    let tracker = tracker("m", &price);
    for (why, tokens, service, region, input, output) in [
        ("none", 1000, None, None, "10", "10"),
        ("a region", 1000, None, Some("eu"), "11", "11"),
        ("any other region", 1000, None, Some("mars"), "12", "12"),
        ("a fast tier", 1000, Some("fast"), None, "60", "60"),
        ("both", 1000, Some("fast"), Some("eu"), "66", "66"),
        ("over a context tier", 1001, Some("fast"), Some("eu"), "132", "66"),
        ("not over the rate it stands beside", 1000, Some("batch"), None, "5", "3"),
        ("the region over that rate", 1000, Some("batch"), Some("mars"), "6", "3.6"),
        ("not the region over what is the region's", 1000, Some("batch"), Some("eu"), "7", "3.3"),
        ("one that says more instead of both", 1000, Some("slow"), Some("eu"), "20", "20"),
    ] {
        let used = usage(&json!({ "input": tokens, "output": 1000, "webSearches": 3 }));
        let query = Query { service_tier: service, region, ..Query::new("m", None, &used, now()) };
        let cost = answer(&tracker, &query).unwrap();
        let rates: Vec<_> = cost.items.iter().map(|item| item.rate.per_million_at(item.factor)).collect();
        // A fee is no token: nothing multiplies it.
        assert_eq!(rates, [input, output, "1000000"], "{why}");
    }
}

#[test]
fn a_factor_is_part_of_the_exact_product_and_is_rounded_once() {
    // A pico-dollar a token, a tenth more: three tokens are 3.3, not three times two.
    let price = json!({ "rates": { "input": 0.000001 }, "regions": { "eu": { "multiplier": "1.1" } } });
    let used = Usage::tokens(3, 0);
    let query = Query { region: Some("eu"), ..Query::new("m", None, &used, now()) };
    assert_eq!(usd(&tracker("m", &price), &query), "0.000000000004");
}

#[test]
fn the_callers_price_lies_over_the_built_in_one_field_by_field() {
    let price = json!({
        "rates": { "input": 1 },
        "services": { "flex": { "rates": { "output": 2 } } },
        "regions": { "eu": { "multiplier": 2 } },
    });
    let tracker = tracker("built-in", &price);
    for (why, tokens, service, region, input, output) in [
        ("its rate, and the rest built in", 1000, None, None, "1", "8"),
        ("its rate holds in the built-in tier", 1001, None, None, "1", "16"),
        ("its variant before the built-in tier", 1001, Some("flex"), None, "1", "2"),
        ("its factor on the built-in rate too", 1001, None, Some("eu"), "2", "32"),
    ] {
        let used = Usage::tokens(tokens, 1000);
        let query = Query { service_tier: service, region, ..Query::new("built-in", None, &used, now()) };
        let cost = answer(&tracker, &query).unwrap();
        let rates: Vec<_> = cost.items.iter().map(|item| item.rate.per_million_at(item.factor)).collect();
        assert_eq!(rates, [input, output], "{why}");
    }
}

// -------------------------------------------------------------------------------------------------- what is missing

#[test]
fn what_has_no_rate_of_its_own_falls_back_or_has_no_price() {
    for (rates, unit, expected, warned) in [
        (json!({ "input": 3 }), "cacheRead", Some("3"), false),
        (json!({ "input": 3, "cacheRead": 0 }), "cacheRead", Some("0"), false),
        (json!({ "input": 3 }), "cacheWrite", Some("3"), false),
        (json!({ "input": 3 }), "cacheWrite12h", Some("3"), false),
        (json!({ "input": 3, "cacheWrite": 4 }), "cacheWrite30m", Some("4"), true),
        (json!({ "input": 3, "cacheWrite": 4 }), "cacheWrite1h", Some("4"), true),
        (json!({ "input": 3, "cacheWrite": 4, "cacheWrite1h": 6 }), "cacheWrite12h", Some("6"), true),
        (json!({ "input": 3, "cacheWrite": 4, "cacheWrite12h": 0 }), "cacheWrite12h", Some("0"), false),
        (json!({ "input": 3, "inputAudio": 9 }), "cacheReadAudio", Some("9"), false),
        (json!({ "input": 3, "cacheRead": 1 }), "cacheReadAudio", Some("1"), false),
        (json!({ "input": 3, "cacheRead": 1, "inputImage": 5 }), "cacheReadImage", Some("5"), false),
        (json!({ "input": 3, "cacheWrite": 4 }), "cacheWriteAudio", Some("4"), false),
        (json!({ "input": 3 }), "inputAudio", Some("3"), false),
        (json!({ "input": 3 }), "inputVideo", Some("3"), false),
        (json!({ "output": 5 }), "reasoningOutside", Some("5"), false),
        (json!({ "output": 5, "reasoningOutside": 2 }), "reasoningOutside", Some("2"), false),
        (json!({ "output": 5 }), "outputImage", Some("5"), false),
        (json!({ "output": 5 }), "input", None, false),
        (json!({ "input": 5 }), "output", None, false),
        (json!({ "input": 5 }), "citation", None, false),
        (json!({ "input": 5 }), "webSearches", None, false),
        (json!({ "input": 5 }), "pages", None, false),
    ] {
        let used = Usage::default().with(Unit::parse(unit).unwrap(), 1_000_000);
        let found = answer(&tracker("m", &json!({ "rates": rates })), &Query::new("m", None, &used, now()));
        match (found, expected) {
            (Ok(cost), Some(expected)) => {
                assert_eq!(
                    (cost.usd.to_string().as_str(), cost.items[0].unit.unwrap().key()),
                    (expected, unit),
                    "{rates}"
                );
                let codes: Vec<_> = cost.warnings.iter().map(|warning| warning.code).collect();
                assert_eq!(codes, [WarningCode::CacheRateMissing][..usize::from(warned)], "{rates} {unit}");
            }
            (Err(unpriced), None) => assert_eq!(unpriced.reason, Reason::NoRate, "{rates} {unit}"),
            (found, _) => panic!("{rates} {unit}: {found:?}"),
        }
    }
}

#[test]
fn every_unit_is_billed_by_its_own_rate() {
    let rates: serde_json::Map<_, _> = Unit::ALL
        .into_iter()
        .enumerate()
        .map(|(at, unit)| (unit.key().to_owned(), json!(1_000_000 * (at + 1))))
        .collect();
    let tracker = tracker("m", &json!({ "rates": rates }));
    let mut used = Usage::default();
    for (at, unit) in Unit::ALL.into_iter().enumerate() {
        let one = Usage::default().with(unit, 5 * u64::from(unit.scale()));
        let cost = answer(&tracker, &Query::new("m", None, &one, now())).unwrap();
        assert_eq!(cost.usd.to_string(), (5 * (at + 1)).to_string(), "{}", unit.key());
        used.set(unit, u64::from(unit.scale()));
    }
    let cost = answer(&tracker, &Query::new("m", None, &used, now())).unwrap();
    assert_eq!(cost.items.iter().map(|item| item.unit.unwrap()).collect::<Vec<_>>(), Unit::ALL);
    assert_eq!(cost.breakdown().total(), cost.usd);
}

#[test]
fn a_named_rate_is_that_of_the_name() {
    let price = json!({ "rates": { "images": 40_000, "videoSeconds": 100_000, "images:hd/1024x1792": 120_000, "sprockets": 1_000_000 } });
    let tracker = tracker("m", &price);
    let of = |pairs: &[(&str, f64)]| {
        let used = Usage::from_pairs(pairs.iter().copied()).unwrap();
        answer(&tracker, &Query::new("m", None, &used, now()))
    };
    let cost = of(&[("extra.images:hd/1024x1792", 2.0), ("images", 1.0), ("extra.sprockets", 3.0)]).unwrap();
    assert_eq!((cost.usd.to_string().as_str(), cost.breakdown().image.to_string().as_str()), ("3.28", "0.28"));
    // Where the price tells sizes apart, one that it does not name has none; where it does not, all cost the same.
    assert_eq!(
        of(&[("extra.images:sd/64x64", 1.0)]).unwrap_err().detail,
        "no rate for \"images:sd/64x64\" is known of the model \"m\" (\"custom\")"
    );
    let video = of(&[("extra.videoSeconds:1080p", 2.5)]).unwrap();
    assert_eq!((video.usd.to_string().as_str(), video.items[0].amount()), ("0.25", 2.5));
}

// ------------------------------------------------------------------------------------------------- the service tier

#[test]
fn the_tier_that_served_wins_over_the_tier_asked_for() {
    let price = json!({
        "rates": { "input": 10, "cacheRead": 1, "output": 10 },
        "services": { "flex": { "rates": { "input": 5, "output": 5 } }, "priority": { "rates": { "input": 20, "output": 20 } }, "batch": { "rates": { "input": 2, "output": 2 } }, "scale": {} },
    });
    let tracker = tracker("m", &price);
    let used = Usage::tokens(500_000, 500_000);
    for (asked, served, expected, range) in [
        (None, None, "10", None),
        (Some("default"), None, "10", None),
        (Some("flex"), None, "5", None),
        (Some("flex"), Some("default"), "10", None),
        (Some("flex"), Some("auto"), "5", None),
        (Some("auto"), Some("priority"), "20", None),
        (None, Some("priority"), "20", None),
        (Some("fast"), None, "20", None),
        (Some("scale"), None, "10", None),
        // A batch is never served to who did not ask for it.
        (Some("auto"), None, "10", Some(("5", "20"))),
        (Some("auto"), Some(""), "10", Some(("5", "20"))),
    ] {
        let query = Query { service_tier: asked, served_tier: served, ..Query::new("m", None, &used, now()) };
        let cost = answer(&tracker, &query).unwrap();
        assert_eq!(cost.usd.to_string(), expected, "{asked:?} {served:?}");
        let found = cost.range.map(|(low, high)| (low.to_string(), high.to_string()));
        assert_eq!(found, range.map(|(low, high)| (low.to_owned(), high.to_owned())), "{asked:?} {served:?}");
        let codes: Vec<_> = cost.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(codes, [WarningCode::ServiceTierOpen][..usize::from(range.is_some())], "{asked:?} {served:?}");
    }
    // What a tier does not price costs what it does by default, and that is said.
    let cached = Usage::default().with(Unit::CacheRead, 1_000_000);
    let cost =
        answer(&tracker, &Query { service_tier: Some("flex"), ..Query::new("m", None, &cached, now()) }).unwrap();
    assert_eq!((cost.usd.to_string().as_str(), cost.warnings[0].code), ("1", WarningCode::ServiceTierUnpriced));
    assert_eq!(
        cost.warnings[0].message,
        "no rate for cacheRead in the service tier \"flex\" is known of the model \"m\"; the default tier's counts"
    );
}

#[test]
fn a_tier_without_any_rates_is_the_default_only_where_that_is_not_too_little() {
    let tracker = tracker("m", &json!({ "rates": { "input": 1, "output": 1 } }));
    let used = Usage::tokens(1_000_000, 0);
    for tier in ["batch", "flex"] {
        let cost =
            answer(&tracker, &Query { service_tier: Some(tier), ..Query::new("m", None, &used, now()) }).unwrap();
        assert_eq!((cost.usd.to_string().as_str(), cost.warnings[0].code), ("1", WarningCode::ServiceTierUnpriced));
    }
    for tier in ["priority", "fast", "nonsense"] {
        let unpriced =
            answer(&tracker, &Query { service_tier: Some(tier), ..Query::new("m", None, &used, now()) }).unwrap_err();
        assert_eq!(unpriced.reason, Reason::NoRate, "{tier}");
        let demand = Demand { service_tier: Some(tier), ..Demand::new("m", None, 1, Some(1), now()) };
        assert!(
            matches!(tracker.upper_bound(&demand).unwrap(), BoundAnswer::Unpriced(u) if u.reason == Reason::NoRate)
        );
    }
}

#[test]
fn the_global_region_is_none_unless_it_has_rates_of_its_own() {
    for (regions, region, usd) in [
        (json!({ "*": { "multiplier": 2 } }), Some("global"), "1"),
        (json!({ "*": { "multiplier": 2 } }), Some("us"), "2"),
        (json!({ "us": {}, "global": { "rates": { "input": 0.5 } } }), Some("Global"), "0.5"),
        (json!({ "us": {}, "global": { "rates": { "input": 0.5 } } }), Some("us"), "1"),
        (json!({ "us": {}, "global": { "rates": { "input": 0.5 } } }), None, "1"),
    ] {
        let tracker = tracker("m", &json!({ "rates": { "input": 1 }, "regions": regions }));
        let used = Usage::tokens(1_000_000, 0);
        let cost = answer(&tracker, &Query { region, ..Query::new("m", None, &used, now()) }).unwrap();
        assert_eq!((cost.usd.to_string().as_str(), cost.warnings.len()), (usd, 0), "{regions} {region:?}");
    }
}

#[test]
fn a_region_without_rates_beside_others_is_told() {
    let tracker = tracker("m", &json!({ "rates": { "input": 1 }, "regions": { "eu": { "multiplier": 2 } } }));
    let used = Usage::tokens(1_000_000, 0);
    let cost = answer(&tracker, &Query { region: Some("us"), ..Query::new("m", None, &used, now()) }).unwrap();
    assert_eq!((cost.usd.to_string().as_str(), cost.warnings[0].code), ("1", WarningCode::RegionUnpriced));
}

#[test]
fn a_memo_that_contradicts_itself_is_told_and_bills_nothing() {
    let tracker = tracker("m", &json!({ "rates": { "input": 1, "output": 1 } }));
    let mut used = Usage::tokens(0, 1_000_000);
    used.set_reasoning(2_000_000);
    let cost = answer(&tracker, &Query::new("m", None, &used, now())).unwrap();
    assert_eq!((cost.usd.to_string().as_str(), cost.warnings[0].code), ("1", WarningCode::UsageClamped));
}

#[test]
fn the_largest_counts_and_rates_neither_wrap_nor_panic() {
    let dear = json!({ "rates": { "input": 1e12, "output": 1e12 }, "services": { "fast": { "multiplier": 1000, "regions": { "eu": { "multiplier": "999.999999" } } } }, "regions": { "eu": { "multiplier": "999.999999" } } });
    let most = Usage::tokens(1 << 53, 1 << 53);
    let query = Query { service_tier: Some("fast"), region: Some("eu"), ..Query::new("m", None, &most, now()) };
    let unpriced = answer(&tracker("m", &dear), &query).unwrap_err();
    assert_eq!(
        (unpriced.reason, unpriced.detail.as_str()),
        (Reason::InvalidUsage, "the usage would cost more than 1000000000000000 USD")
    );
    let cheap = json!({ "rates": { "input": 0.000001, "output": 0.000001 } });
    assert_eq!(usd(&tracker("m", &cheap), &Query::new("m", None, &most, now())), "18014.398509481984");
}

// ------------------------------------------------------------------------------------------------------------ the laws

/// A price with some of everything.
fn prices() -> impl Strategy<Value = Value> {
    let rate = || 0_u32..200;
    let rates = move || {
        prop::collection::btree_map(
            prop::sample::select(vec![
                "input",
                "output",
                "cacheRead",
                "cacheWrite",
                "cacheWrite1h",
                "inputAudio",
                "reasoningOutside",
            ]),
            rate(),
            0..5,
        )
        .prop_map(|rates| json!(rates))
    };
    let factor = || prop_oneof![3 => Just(None), 1 => (1_u32..60).prop_map(|tenths| Some(f64::from(tenths) / 10.0))];
    let block = move || (rates(), factor()).prop_map(|(rates, factor)| json!({ "rates": rates, "multiplier": factor }));
    let edges = || prop::sample::select(vec!["above", "from", "disputed"]);
    let tiers = move || {
        prop::collection::btree_map(prop::sample::select(vec![10_u64, 100, 1000]), (edges(), rates(), factor()), 0..3).prop_map(|tiers| {
            tiers.into_iter().map(|(above, (edge, rates, factor))| json!({ "above": above, "edge": edge, "rates": rates, "multiplier": factor })).collect::<Vec<_>>()
        })
    };
    let with = |mut block: Value, key: &str, inner: Value| {
        block[key] = inner;
        block
    };
    let services = move || {
        prop::collection::btree_map(
            prop::sample::select(vec!["flex", "priority", "batch", "fast"]),
            (block(), tiers()),
            0..3,
        )
        .prop_map(move |all| {
            json!(
                all.into_iter()
                    .map(|(name, (block, tiers))| (name.to_owned(), with(block, "tiers", json!(tiers))))
                    .collect::<serde_json::Map<_, _>>()
            )
        })
    };
    let regions = move || {
        prop::collection::btree_map(prop::sample::select(vec!["eu", "us", "*"]), (block(), services()), 0..3).prop_map(
            move |all| {
                json!(
                    all.into_iter()
                        .map(|(name, (block, services))| (name.to_owned(), with(block, "services", services)))
                        .collect::<serde_json::Map<_, _>>()
                )
            },
        )
    };
    let schedule = move || {
        prop::collection::vec((1_u32..8, 0_u32..24, 0_u32..24, -11_i32..12, block()), 0..2).prop_map(move |all| {
            let mut seen = std::collections::BTreeSet::new();
            let all = all.into_iter().filter(|(day, from, to, offset, _)| seen.insert((*day, *from, *to, *offset)));
            json!(
                all.map(|(day, from, to, offset, block)| {
                    let block = with(block, "days", json!(day.to_string()));
                    let block = with(block, "from", json!(format!("{from:02}:30")));
                    let block = with(block, "to", json!(format!("{to:02}:15")));
                    with(
                        block,
                        "offset",
                        json!(format!("{}{:02}:00", if offset < 0 { '-' } else { '+' }, offset.abs())),
                    )
                })
                .collect::<Vec<_>>()
            )
        })
    };
    (rate(), rate(), rates(), tiers(), services(), regions(), schedule()).prop_map(
        |(input, output, mut rates, tiers, services, regions, schedule)| {
            rates["input"] = json!(input);
            rates["output"] = json!(output);
            json!({ "rates": rates, "tiers": tiers, "services": services, "regions": regions, "schedule": schedule })
        },
    )
}

fn usages() -> impl Strategy<Value = Usage> {
    let tokens = || prop_oneof![Just(0_u64), 0..20_u64, 90..110_u64, 990..1010_u64, 0..1_000_000_u64];
    let units = [
        Unit::Input,
        Unit::Output,
        Unit::CacheRead,
        Unit::CacheWrite,
        Unit::CacheWrite1h,
        Unit::CacheWrite12h,
        Unit::InputAudio,
        Unit::ReasoningOutside,
    ];
    prop::collection::vec(tokens(), units.len()).prop_map(move |counts| {
        units.into_iter().zip(counts).fold(Usage::default(), |used, (unit, count)| used.with(unit, count))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever tier, region and hour serve, what a call consumed within its demand costs at most the bound.
    #[test]
    fn no_cost_passes_its_bound(
        price in prices(), used in usages(), hour in 0_i64..170, on_built_in in any::<bool>(),
        asked in prop::option::of(prop::sample::select(vec!["auto", "default", "flex", "batch", "fast"])),
        region in prop::option::of(prop::sample::select(vec!["global", "eu", "mars"])),
        served_region in prop::option::of(prop::sample::select(vec!["global", "eu", "us", "mars"])),
        served in prop::sample::select(vec!["default", "flex", "priority"]),
    ) {
        let model = if on_built_in { "built-in" } else { "m" };
        let tracker = tracker(model, &price);
        let demand = Demand { service_tier: asked, region, ..Demand::new(model, None, used.input_tokens(), Some(used.output_tokens()), now()) };
        let BoundAnswer::Bounded(bound) = tracker.upper_bound(&demand).unwrap() else { return Ok(()) };
        prop_assert_eq!(bound.cost.items.iter().map(|item| item.usd).sum::<Usd>(), bound.cost.usd);
        // Who left the choice open may get any tier that a provider chooses; who named one gets that or the default.
        let served = match asked {
            None | Some("auto") => served,
            Some(_) if served == "default" => served,
            Some(asked) => asked,
        };
        let query = Query { service_tier: asked, served_tier: Some(served), region: region.or(served_region), ..Query::new(model, None, &used, now().plus(hour * HOUR)) };
        if let Ok(cost) = answer(&tracker, &query) {
            let most = cost.range.map_or(cost.usd, |(_, high)| high);
            prop_assert!(bound.cost.usd >= most, "{} < {} {:?}", bound.cost.usd, most, bound.assumptions);
        }
    }

    /// The parts sum to the total, and it lies between the least and the most.
    #[test]
    fn parts_sum_to_the_total_within_its_range(price in prices(), used in usages(), service in prop::option::of(prop::sample::select(vec!["auto", "flex", "fast"])), region in prop::option::of(Just("eu")), hour in 0_i64..170) {
        let tracker = tracker("m", &price);
        let query = Query { service_tier: service, region, ..Query::new("m", None, &used, now().plus(hour * HOUR)) };
        if let Ok(cost) = answer(&tracker, &query) {
            prop_assert_eq!(cost.items.iter().map(|item| item.usd).sum::<Usd>(), cost.usd);
            prop_assert_eq!(cost.breakdown().total(), cost.usd);
            if let Some((low, high)) = cost.range {
                prop_assert!(low <= cost.usd && cost.usd <= high && low < high);
                prop_assert!(!cost.warnings.is_empty());
            }
        }
    }

    /// What two calls cost lies between the least and the most of their sum, but for the pico-dollars by which items of each
    /// are rounded up.
    #[test]
    fn calls_cost_what_their_sum_may_cost(price in prices(), a in usages(), b in usages(), service in prop::option::of(prop::sample::select(vec!["flex", "fast"])), region in prop::option::of(Just("eu"))) {
        let tracker = tracker("m", &price);
        let ask = |used: &Usage, aggregated| answer(&tracker, &Query { service_tier: service, region, aggregated, ..Query::new("m", None, used, now()) });
        let mut both = a.clone();
        b.iter().for_each(|(unit, count)| both.add(unit, count));
        if let (Ok(a), Ok(b), Ok(sum)) = (ask(&a, false), ask(&b, false), ask(&both, true)) {
            let most = |cost: &Cost| cost.range.map_or(cost.usd, |(_, high)| high);
            let slack = (a.items.len() + b.items.len()) as i128;
            let low = sum.range.map_or(sum.usd, |(low, _)| low);
            prop_assert!(low.pico() <= a.usd.pico() + b.usd.pico(), "{low:?} {a:?} {b:?}");
            prop_assert!(most(&a).pico() + most(&b).pico() <= most(&sum).pico() + slack, "{sum:?} {a:?} {b:?}");
        }
    }

    /// Without conditions a cost is a plain sum: it adds over usages, and grows with every count.
    #[test]
    fn flat_rates_add_and_grow(rates in prop::collection::vec(0_u32..1000, Unit::ALL.len()), a in usages(), b in usages()) {
        let rates: serde_json::Map<_, _> = Unit::ALL.into_iter().zip(rates).map(|(unit, rate)| (unit.key().to_owned(), json!(rate))).collect();
        let tracker = tracker("m", &json!({ "rates": rates }));
        let cost = |used: &Usage| answer(&tracker, &Query::new("m", None, used, now())).unwrap().usd;
        let mut both = a.clone();
        b.iter().for_each(|(unit, count)| both.add(unit, count));
        prop_assert_eq!(cost(&both), cost(&a).checked_add(cost(&b)).unwrap());
        prop_assert!(cost(&both) >= cost(&a));
    }

    /// A factor of everything is a factor of the total.
    #[test]
    fn a_factor_scales_the_whole(tenths in 1_u32..100, used in usages()) {
        let price = json!({ "rates": { "input": 10, "output": 30, "cacheRead": 1 }, "regions": { "eu": { "multiplier": f64::from(tenths) / 10.0 } } });
        let tracker = tracker("m", &price);
        let cost = |region| answer(&tracker, &Query { region, ..Query::new("m", None, &used, now()) }).unwrap().usd.pico();
        prop_assert_eq!(cost(Some("eu")) * 10, cost(None) * i128::from(tenths));
    }

    /// The dearer tier of a cliff never makes a longer request cheaper.
    #[test]
    fn a_cliff_goes_up(used in usages(), more in 0_u64..3000) {
        let price = json!({ "rates": { "input": 1, "output": 2 }, "tiers": [{ "above": 100, "rates": { "input": 2, "output": 3 } }, { "above": 1000, "edge": "from", "rates": { "input": 4, "output": 6 } }] });
        let tracker = tracker("m", &price);
        let cost = |used: &Usage| answer(&tracker, &Query::new("m", None, used, now())).unwrap().usd;
        for unit in [Unit::Input, Unit::CacheRead, Unit::Output] {
            let mut grown = used.clone();
            grown.add(unit, more);
            prop_assert!(cost(&grown) >= cost(&used));
        }
    }
}

#[test]
fn a_sum_of_calls_has_no_context_tier_and_a_range() {
    let price = json!({
        "rates": { "input": 1, "output": 2 },
        "tiers": [{ "above": 100, "rates": { "input": 3, "output": 1 } }],
        "services": { "flex": { "multiplier": "0.5" } },
    });
    let tracker = tracker("m", &price);
    let ask = |input: u64, tier| {
        let used = Usage::tokens(input, 100);
        let query = Query { aggregated: true, service_tier: tier, ..Query::new("m", None, &used, now()) };
        let cost = answer(&tracker, &query).unwrap();
        let range = cost.range.map(|(low, high)| (low.to_string(), high.to_string()));
        let codes = cost.warnings.iter().map(|warning| warning.code.as_str()).collect::<Vec<_>>().join(" ");
        (cost.usd.to_string(), range.unwrap_or_default(), codes)
    };
    let told = |usd: &str, low: &str, high: &str, codes: &str| {
        (usd.to_owned(), (low.to_owned(), high.to_owned()), codes.to_owned())
    };
    // No call of these can have had more than 100 tokens.
    assert_eq!(ask(100, None), told("0.0003", "", "", ""));
    // One may have had the input, another the output.
    assert_eq!(ask(1_000, None), told("0.0012", "0.0011", "0.0032", "usage_aggregated"));
    assert_eq!(ask(1_000, Some("auto")), told("0.0012", "0.00055", "0.0032", "usage_aggregated service_tier_open"));
}

// ---------------------------------------------------------------------------------------------------------- the bound

#[test]
fn a_bound_names_what_it_takes_the_dearest_of() {
    let price = json!({
        "rates": { "input": 10, "output": 10, "cacheWrite": 12 },
        "services": { "priority": { "rates": { "input": 20, "output": 20 } }, "fast": { "multiplier": 100 } },
        "regions": { "eu": { "multiplier": 1.1 } },
        "schedule": [{ "days": "1", "from": "03:00", "to": "04:00", "rates": { "output": 50 } }],
    });
    let tracker = tracker("flat", &price);
    let bound = |demand: &Demand<'_>| match tracker.upper_bound(demand).unwrap() {
        BoundAnswer::Bounded(bound) => (bound.cost.usd.to_string(), bound.assumptions),
        BoundAnswer::Unpriced(unpriced) => panic!("{unpriced:?}"),
    };
    let open =
        Demand { cache_writes: CacheWrites::Never, ..Demand::new("flat", None, 1_000_000, Some(1_000_000), now()) };
    // The output by the hour, since that is dearer than by priority; both a tenth more in Europe.
    let (usd, assumptions) = bound(&open);
    assert_eq!(usd, "77");
    assert_eq!(
        assumptions,
        [
            "the dearest of the service tiers default, priority serves",
            "the dearest of the regions global, eu serves",
            "the dearest hour of the week counts"
        ]
    );
    let fixed = Demand { service_tier: Some("default"), region: Some("global"), ..open.clone() };
    assert_eq!(bound(&fixed).0, "60");
    // What must be asked for is only reckoned with when it is.
    assert_eq!(bound(&Demand { service_tier: Some("fast"), ..fixed.clone() }).0, "6000");
    let (usd, assumptions) = bound(&Demand { cache_writes: CacheWrites::Any, ..fixed });
    assert_eq!(usd, "62");
    assert!(assumptions.contains(&"input tokens at the rate of cacheWrite".to_owned()));
}

#[test]
fn a_bound_reckons_with_the_price_of_tomorrow() {
    let models = r#"{"provider":"p","id":"m","rows":[{"source":"a","rates":{"input":"1","output":"1"}},
        {"from":"2026-11-22","source":"a","rates":{"input":"3","output":"3"}},
        {"from":"2026-12-22","source":"a","rates":{"input":"9","output":"9"}}]}"#;
    let tracker = Tracker::new(Arc::new(book_of(models)));
    let bound = |at: &str| match tracker.upper_bound(&Demand::new("m", None, 1_000_000, Some(0), self::at(at))).unwrap()
    {
        BoundAnswer::Bounded(bound) => bound.cost.usd.to_string(),
        BoundAnswer::Unpriced(unpriced) => panic!("{unpriced:?}"),
    };
    assert_eq!(bound("2026-11-20"), "1");
    assert_eq!(bound("2026-11-21T00:00:00.001Z"), "3");
    assert_eq!(bound("2026-11-22"), "3");
    assert_eq!(bound("2026-12-21T12:00:00Z"), "9");
}
