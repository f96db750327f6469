//! What other engines make of the same calls: the answers of LiteLLM and of genai-prices to some cases of each dimension, kept by
//! `npm run eval:prices -- --fixture` and `npm run eval:bounds -- --fixture`, beside what these commands compare at length.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // Clippy takes the helpers of a test file for code of ours.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tollgate::{
    call::{BoundOptions, upper_bound},
    catalog::Book,
    price::{Answer, BoundAnswer, Cost, Query, Tracker, price},
    time::Instant,
    usage::Usage,
};

fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/prices/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// All that is shipped.
fn shipped() -> Book {
    let read =
        |name| std::fs::read_to_string(format!("{}/data/prices/{name}.book", env!("CARGO_MANIFEST_DIR"))).unwrap();
    Book::parse(&(read("main") + &read("full"))).unwrap()
}

/// A usage as the fixtures write it, and how many things it counts.
fn usage(counts: &Value) -> (Usage, f64) {
    let counts = counts.as_object().unwrap();
    let plain = counts.iter().filter(|(key, _)| *key != "extra").map(|(key, count)| (key.clone(), count));
    let extra = counts.get("extra").and_then(Value::as_object).into_iter().flatten();
    let pairs: Vec<(String, f64)> = plain
        .chain(extra.map(|(key, count)| (format!("extra.{key}"), count)))
        .map(|(key, count)| (key, count.as_f64().unwrap()))
        .collect();
    let things = pairs.iter().map(|(_, count)| count).sum();
    (Usage::from_pairs(pairs.iter().map(|(key, count)| (key.as_str(), *count))).unwrap(), things)
}

fn cost(book: &Book, case: &Value, usage: &Usage) -> Cost {
    let text = |key: &str| case.get(key).and_then(Value::as_str);
    let query = Query {
        service_tier: text("serviceTier"),
        region: text("region"),
        ..Query::new(text("model").unwrap(), text("provider"), usage, Instant::parse(text("at").unwrap()).unwrap())
    };
    match price(book, &query) {
        Answer::Priced(cost) => cost,
        Answer::Unpriced(unpriced) => panic!("{case}: {unpriced:?}"),
    }
}

/// Whether a cost is the other's, which is a sum of doubles: but for their noise, and a pico-dollar for each thing counted, to which
/// a rate that is published finer is rounded up. Where sources differ on an edge either reading will do.
fn agrees(cost: &Cost, theirs: f64, things: f64) -> bool {
    let range = cost.range.iter().flat_map(|(low, high)| [*low, *high]);
    range.chain([cost.usd]).any(|ours| {
        let ours = ours.to_f64();
        (theirs - ours).abs() <= 1e-9 * theirs.abs().max(ours.abs()) + (things + 4.0) * 1e-12
    })
}

/// Compares a peer's answers with ours, by the rows of its own table and by the shipped book; gives back the cases by dimension.
fn compare(name: &str) -> BTreeMap<String, usize> {
    let peer = fixture(name);
    let (table, shipped) = (Book::from_json(&peer["table"].to_string()).unwrap(), shipped());
    let mut dimensions = BTreeMap::new();
    for case in peer["cases"].as_array().unwrap() {
        let theirs: f64 = case["usd"].as_str().unwrap().parse().unwrap();
        // A fee may stand otherwise in the peer's table.
        let (own, things) = usage(case.get("own").unwrap_or(&case["usage"]));
        let ours = cost(&table, case, &own);
        assert!(agrees(&ours, theirs, things), "{}, by its table: {case}, ours {}", peer["peer"], ours.usd);
        if case.get("shipped") != Some(&Value::Bool(false)) {
            let (own, things) = usage(&case["usage"]);
            let ours = cost(&shipped, case, &own);
            assert!(agrees(&ours, theirs, things), "{}, by the shipped book: {case}, ours {}", peer["peer"], ours.usd);
        }
        *dimensions.entry(case["dimension"].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    dimensions
}

#[test]
fn litellm_prices_these_calls_alike() {
    let dimensions = compare("litellm");
    assert_eq!(dimensions.len(), 16, "{dimensions:?}");
    assert!(dimensions.values().all(|cases| *cases >= 5), "{dimensions:?}");
    assert!(dimensions.values().sum::<usize>() >= 250, "{dimensions:?}");
}

#[test]
fn genai_prices_prices_these_calls_alike() {
    let dimensions = compare("genai-prices");
    assert_eq!(dimensions.len(), 8, "{dimensions:?}");
    assert!(dimensions.values().all(|cases| *cases >= 5), "{dimensions:?}");
    assert!(dimensions.values().sum::<usize>() >= 120, "{dimensions:?}");
}

#[test]
fn no_bill_that_litellm_computes_is_above_its_bound() {
    let bounds = fixture("bounds");
    let tracker = Tracker::new(Arc::new(shipped()));
    let mut features = BTreeMap::new();
    for case in bounds["cases"].as_array().unwrap() {
        let text = |key: &str| case.get(key).and_then(Value::as_str);
        let options = BoundOptions {
            provider: text("provider"),
            model: text("model"),
            region: text("region"),
            ..BoundOptions::new(Instant::parse(bounds["at"].as_str().unwrap()).unwrap())
        };
        let bill: f64 = text("usd").unwrap().parse().unwrap();
        let BoundAnswer::Bounded(bound) = upper_bound(&tracker, &case["request"].to_string(), &options).unwrap() else {
            panic!("{case} is not bounded")
        };
        assert!(bound.cost.usd.to_f64() >= bill - 1e-9 * bill - 1e-12, "{case}: bound {}", bound.cost.usd);
        for feature in case["features"].as_array().unwrap() {
            *features.entry(feature.as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
    }
    assert!(bounds["cases"].as_array().unwrap().len() >= 150);
    assert!(features.len() >= 10, "{features:?}");
}
