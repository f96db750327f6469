//! Prices over the shipped book and over the shared cases: what a usage costs, to the digit, and the laws behind it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // Clippy takes the helpers of a test file for code of ours.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate::{
    catalog::{Book, Handle, MatchKind, Row, Variant, When},
    error::{Code, WarningCode},
    json::Raw,
    money::{Rate, Usd},
    price::{
        Answer, BoundAnswer, CacheWrites, Cost, Custom, Demand, ModelPricing, Query, QuickSheet, Reason, Tracker,
        UnknownModel, price, read_token_usage, upper_bound,
    },
    provider::usage::extract,
    time::Instant,
    usage::{Unit, Usage},
};

const BUNDLED: &str = include_str!("../data/prices/main.book");
const CASES: &str = include_str!("fixtures/prices/cases.json");

fn bundled() -> Arc<Book> {
    thread_local!(static BOOK: Arc<Book> = Arc::new(Book::parse(BUNDLED).unwrap()));
    BOOK.with(Arc::clone)
}

/// A book of one provider with these models, read a day before now.
fn book_of(models: &str) -> Book {
    let sources = r#"[{"id":"a","retrievedAt":"2026-11-21"}]"#;
    Book::from_json(&format!(r#"{{"tollgate":1,"sources":{sources},"models":[{models}]}}"#)).unwrap()
}

fn now() -> Instant {
    Instant::parse("2026-11-21").unwrap()
}

fn usage(pairs: &[(&str, f64)]) -> Usage {
    Usage::from_pairs(pairs.iter().copied()).unwrap()
}

fn cost(book: &Book, query: &Query<'_>) -> Cost {
    match price(book, query) {
        Answer::Priced(cost) => cost,
        Answer::Unpriced(unpriced) => panic!("{}: {unpriced:?}", query.model),
    }
}

// --------------------------------------------------------------------------------------------------- the shared cases

/// The case's rates in the words of a price of one's own.
fn rates(rates: &Value) -> Value {
    let mut all = serde_json::Map::new();
    for (key, usd) in rates.as_object().unwrap() {
        let unit = match key.as_str() {
            "webSearchPer1K" => "webSearches",
            "fileSearchPer1K" => "fileSearches",
            "reasoning" => "reasoningOutside",
            "tiers" | "above" | "inclusive" | "regionMultiplier" => continue,
            own => own,
        };
        let usd = usd.as_f64().unwrap() * if key.ends_with("Per1K") { 1_000.0 } else { 1.0 };
        all.insert(unit.to_owned(), usd.to_string().into());
    }
    all.into()
}

/// The price that the case describes, over a book that does not know the model; or the shipped book.
fn tracker_of(case: &Value, model: &str) -> Tracker {
    let Some(own) = case.get("rates") else { return Tracker::new(bundled()) };
    let mut custom = Custom::default();
    for (unit, usd) in rates(own).as_object().unwrap() {
        custom.set_rate(unit, usd.as_str().unwrap()).unwrap();
    }
    let mut words = serde_json::Map::new();
    let tiers = own["tiers"].as_array().into_iter().flatten();
    let edge = |tier: &Value| if tier["inclusive"].as_bool().unwrap() { "from" } else { "above" };
    let tiers: Vec<_> =
        tiers.map(|tier| json!({ "above": tier["above"], "edge": edge(tier), "rates": rates(tier) })).collect();
    words.insert("tiers".to_owned(), tiers.into());
    let tier_rates = case["tierRates"].as_object().into_iter().flatten();
    words.insert(
        "services".to_owned(),
        tier_rates.map(|(name, own)| (name.clone(), json!({ "rates": rates(own) }))).collect(),
    );
    if let Some(multiplier) = own.get("regionMultiplier") {
        words.insert("regions".to_owned(), json!({ case["region"].as_str().unwrap(): { "multiplier": multiplier } }));
    }
    custom.set_variants(Raw::parse(&Value::Object(words).to_string()).unwrap()).unwrap();
    let mut tracker = Tracker::new(Arc::new(Book::empty()));
    tracker.set_custom(model, custom).unwrap();
    tracker
}

#[test]
fn the_shared_cases() {
    let cases: Vec<Value> = serde_json::from_str(CASES).unwrap();
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let used = if let Some(body) = case.get("body") {
            extract(&body.to_string(), case["provider"].as_str()).unwrap().usage
        } else {
            let pairs = case["usage"].as_object().unwrap();
            Usage::from_pairs(pairs.iter().map(|(key, count)| (key.as_str(), count.as_f64().unwrap()))).unwrap()
        };
        let model = case["model"].as_str().unwrap_or("m");
        let at = case["at"].as_str().map_or(now(), |at| Instant::parse(at).unwrap());
        let query = Query {
            service_tier: case["asked"].as_str(),
            served_tier: case["served"].as_str(),
            region: case["region"].as_str(),
            ..Query::new(model, case["provider"].as_str(), &used, at)
        };
        let Answer::Priced(cost) = tracker_of(case, model).price(&query).unwrap() else { panic!("{id} has no price") };
        assert_eq!(cost.usd.to_string(), case["expect"].as_str().unwrap(), "{id}");
        assert_eq!(cost.items.iter().map(|item| item.usd).sum::<Usd>(), cost.usd, "{id}");
    }
}

#[test]
fn what_is_not_known_is_refused_rather_than_priced_at_the_default() {
    let book = bundled();
    let used = Usage::tokens(1_000, 100);
    let reason = |query: Query<'_>| match price(&book, &query) {
        Answer::Unpriced(unpriced) => (unpriced.reason, unpriced.detail),
        Answer::Priced(cost) => panic!("{cost:?}"),
    };
    let query = Query::new("gpt-5", None, &used, now());
    assert_eq!(
        reason(Query { service_tier: Some("ultrafast"), ..query }),
        (Reason::NoRate, "no rates of the service tier \"ultrafast\" are known of the model \"gpt-5\"".to_owned())
    );
    // Groq calls it on_demand, Anthropic standard_only.
    for tier in ["default", "standard", "", "on_demand", "standard_only"] {
        assert_eq!(cost(&book, &Query { service_tier: Some(tier), ..query }).usd.to_string(), "0.00225");
    }
    assert_eq!(
        reason(Query::new("gpt-nope", None, &used, now())),
        (Reason::UnknownModel, "no price is known for the model \"gpt-nope\"".to_owned())
    );
    assert_eq!(
        reason(Query::new("my prompt, by mistake", Some("sk-secret"), &used, now())),
        (
            Reason::UnknownModel,
            "no price is known for the model of an unusual name of provider of an unusual name".to_owned()
        )
    );
    assert_eq!(
        reason(Query::new("gpt-5", None, &usage(&[("citation", 1.0)]), now())),
        (Reason::NoRate, "no rate for \"citation\" is known of the model \"gpt-5\" (\"openai\")".to_owned())
    );
    assert_eq!(
        reason(Query::new("gpt-5", None, &usage(&[("extra.sprockets", 1.0)]), now())),
        (Reason::NoRate, "no rate for \"sprockets\" is known of the model \"gpt-5\" (\"openai\")".to_owned())
    );
}

/// A demand that names the default service tier and the global region.
fn plain(demand: Demand<'_>) -> Demand<'_> {
    Demand { service_tier: Some("default"), region: Some("global"), ..demand }
}

#[test]
fn a_disputed_edge_costs_low_with_a_warning_and_is_reserved_high() {
    let book = bundled();
    let used = Usage::tokens(272_000, 1_000);
    let low = cost(&book, &Query::new("gpt-5.5", Some("openai"), &used, now()));
    assert_eq!(low.usd.to_string(), "1.39");
    assert_eq!(low.range.map(|(low, high)| (low.to_string(), high.to_string())), Some(("1.39".into(), "2.765".into())));
    assert_eq!(low.warnings[0].code, WarningCode::TierBoundary);
    let below = cost(&book, &Query::new("gpt-5.5", Some("openai"), &Usage::tokens(271_999, 1_000), now()));
    assert_eq!((below.range, below.warnings.len()), (None, 0));
    let mut demand = plain(Demand::new("gpt-5.5", Some("openai"), 272_000, Some(1_000), now()));
    demand.cache_writes = CacheWrites::Never;
    let BoundAnswer::Bounded(bound) = upper_bound(&book, &demand) else { panic!("bounded") };
    assert_eq!(bound.cost.usd.to_string(), "2.765");
    assert!(
        bound.assumptions.contains(&"the context tier from 272000 input tokens applies where it is dearer".to_owned())
    );
}

#[test]
fn bounds_take_the_dearest_that_a_demand_leaves_open() {
    let book = bundled();
    let bound = |demand: &Demand<'_>| match upper_bound(&book, demand) {
        BoundAnswer::Bounded(bound) => (bound.cost.usd.to_string(), bound.output_tokens, bound.assumptions),
        BoundAnswer::Unpriced(unpriced) => panic!("{unpriced:?}"),
    };
    // A long context moves the output rate too; a graduated reading would reserve half.
    let long = plain(Demand::new("gpt-5.6", Some("openai"), 300_000, Some(1_000), now()));
    assert_eq!(bound(&Demand { cache_writes: CacheWrites::Never, ..long.clone() }).0, "2.43");
    assert_eq!(bound(&Demand { cache_writes: CacheWrites::Short, ..long }).0, "3.03");
    // A cache write of an hour costs twice the input.
    let claude = plain(Demand::new("claude-sonnet-4-5", Some("anthropic"), 100_000, Some(1_000), now()));
    let (usd, _, assumptions) = bound(&claude);
    assert_eq!(usd, "0.615");
    assert_eq!(assumptions, ["input tokens at the rate of cacheWrite1h"]);
    assert_eq!(bound(&Demand { cache_writes: CacheWrites::Short, ..claude.clone() }).0, "0.39");
    // Choices multiply the output, and no maximum means the model's.
    let (usd, output, assumptions) =
        bound(&Demand { n: 3, output_tokens: None, cache_writes: CacheWrites::Never, ..claude });
    assert_eq!((usd.as_str(), output), ("3.18", 192_000));
    assert_eq!(
        assumptions,
        ["output up to the model's maximum of 64000 tokens", "3 choices, each with the whole output"]
    );
    // Audio costs more than text, unless none can come.
    let audio = plain(Demand::new("gpt-audio", Some("openai"), 1_000, Some(100), now()));
    let text = Demand { text_input: true, text_output: true, ..audio.clone() };
    assert_eq!((bound(&audio).0.as_str(), bound(&text).0.as_str()), ("0.0384", "0.0035"));
    // Fees beside the tokens.
    let search = Demand { others: usage(&[("webSearches", 2.0)]), ..text };
    assert!(matches!(upper_bound(&book, &search), BoundAnswer::Unpriced(u) if u.reason == Reason::NoRate));
    let gpt = Demand { model: "gpt-5", ..search };
    assert_eq!(bound(&gpt).0, "0.02225");
    // An embedding has no output.
    let embedding = plain(Demand::new("text-embedding-3-small", None, 1_000_000, None, now()));
    assert_eq!(bound(&embedding), ("0.02".to_owned(), 0, Vec::new()));
}

#[test]
fn a_demand_that_nothing_bounds_has_no_bound() {
    let book = book_of(r#"{"provider":"p","id":"m","rows":[{"source":"a","rates":{"input":"1","output":"2"}}]}"#);
    let demand = Demand::new("m", None, 10, None, now());
    let BoundAnswer::Unpriced(unpriced) = upper_bound(&book, &demand) else { panic!("unbounded") };
    assert_eq!(unpriced.reason, Reason::Unbounded);
    assert_eq!(unpriced.detail, "no output maximum is given, and none is known of the model \"m\"");
    // What no budget could hold is refused as well, not wrapped around.
    let dear =
        book_of(r#"{"provider":"p","id":"m","rows":[{"source":"a","rates":{"input":"1","output":"1000000000000"}}]}"#);
    let endless = Demand { output_tokens: Some(u64::MAX), n: 3, ..demand };
    let BoundAnswer::Unpriced(unpriced) = upper_bound(&dear, &endless) else { panic!("too much") };
    assert_eq!(unpriced.reason, Reason::InvalidUsage);
    assert_eq!(unpriced.detail, "the usage would cost more than 1000000000000000 USD");
}

#[test]
fn a_missing_cache_rate_is_the_input_rate_of_the_same_tier() {
    let book = book_of(
        r#"{"provider":"p","id":"m","rows":[{"source":"a","rates":{"input":"1","output":"2","inputAudio":"7"},
            "tiers":[{"above":100,"rates":{"input":"3"}}]}]},
            {"provider":"p","id":"zero","rows":[{"source":"a","rates":{"input":"1","output":"2","cacheRead":"0",
            "cacheWrite":"0","cacheWrite1h":"0","cacheReadAudio":"0","inputAudio":"7"}}]}"#,
    );
    for (model, key, count, usd) in [
        ("m", "cacheRead", 100.0, "0.0001"),
        ("m", "cacheWrite", 101.0, "0.000303"),
        ("m", "cacheWrite1h", 101.0, "0.000303"),
        ("m", "cacheReadAudio", 100.0, "0.0007"),
        ("zero", "cacheRead", 100.0, "0"),
        ("zero", "cacheWrite", 100.0, "0"),
        ("zero", "cacheWrite1h", 100.0, "0"),
        ("zero", "cacheReadAudio", 100.0, "0"),
    ] {
        let used = usage(&[(key, count)]);
        assert_eq!(cost(&book, &Query::new(model, None, &used, now())).usd.to_string(), usd, "{model} {key}");
    }
}

// -------------------------------------------------------------------------------------------------- the shipped book

#[test]
fn the_shipped_book_has_the_main_models() {
    let book = bundled();
    for (model, provider, input, output) in [
        ("gpt-5", "openai", "1.25", "10"),
        ("gpt-4o", "openai", "2.5", "10"),
        ("gpt-4o-mini", "openai", "0.15", "0.6"),
        ("gpt-4o-2024-05-13", "openai", "5", "15"),
        ("claude-sonnet-4-5", "anthropic", "3", "15"),
        ("claude-3-5-haiku-20241022", "anthropic", "0.8", "4"),
        ("gemini-2.5-pro", "google", "1.25", "10"),
        ("command-a-03-2025", "cohere", "2.5", "10"),
        ("mistral-large-latest", "mistral", "0.5", "1.5"),
        ("grok-4.6", "xai", "2", "6"),
        ("deepseek-chat", "deepseek", "0.28", "0.42"),
        ("text-embedding-3-small", "openai", "0.02", "0"),
    ] {
        let found = book.find(model, None).unwrap_or_else(|| panic!("{model}"));
        let view = ModelPricing::of(&book, found.handle, now()).unwrap();
        assert_eq!(
            (view.provider.as_str(), &**view.rates.get("input").unwrap(), &**view.rates.get("output").unwrap()),
            (provider, input, output)
        );
    }
    let azure = book.find("gpt-5", Some("azure-openai")).unwrap();
    assert_eq!(&*book.model(azure.handle).unwrap().provider, "azure-openai");
    assert!(book.len() > 500, "{}", book.len());
}

#[test]
fn every_row_of_the_shipped_book_holds_together() {
    let book = bundled();
    for model in book.models() {
        for row in &model.rows {
            assert!(!row.rates.is_empty(), "{} has a row without rates", model.id);
            assert!(!row.source.name.is_empty() && !row.source.retrieved_at.is_empty());
            // A cliff that goes down would make a longer request cheaper than a shorter one.
            let is_tier = |variant: &&Variant| variant.when.dimensions() == When::CONTEXT;
            for tier in row.variants().iter().filter(is_tier) {
                for (unit, rate) in tier.rates.iter() {
                    let base = row.rates.get(unit);
                    assert!(!base.is_some_and(|base| base.exceeds(rate)), "{}: {} is cheaper", model.id, unit.key());
                }
            }
        }
        // Nothing but an own name or a cut at a known place is found.
        for name in
            [format!("{}x", model.id), format!("x{}", model.id), format!("{}-", model.id), model.id[1..].to_owned()]
        {
            if let Some(found) = book.find(&name, Some(&model.provider)) {
                let other = book.model(found.handle).unwrap();
                let owns = |own: &String| own.eq_ignore_ascii_case(&name);
                assert!(
                    owns(&other.id) || other.aliases.iter().any(owns) || name.ends_with("-latest"),
                    "{name} -> {}",
                    other.id
                );
            }
        }
    }
    for name in ["g", "", "constructor", "__proto__", "toString", "gpt", "gpt-", "claude", "o", "4"] {
        assert_eq!(book.find(name, None), None, "{name:?}");
    }
}

// ------------------------------------------------------------------------------------------------------------ the laws

/// A model of the shipped book that has one price for all hours.
fn models() -> impl Strategy<Value = Handle> {
    let book = bundled();
    let by_hour = |row: &Row| row.variants().iter().any(|variant| variant.when.schedule.is_some());
    let is_plain = |handle: &Handle| {
        book.model(*handle).unwrap().row_at(now()).is_some_and(|row| !row.rates.is_empty() && !by_hour(row))
    };
    prop::sample::select((0..book.len() as u32).map(Handle).filter(is_plain).collect::<Vec<_>>())
}

/// A usage in units for which the model has a rate.
fn usages() -> impl Strategy<Value = (Handle, Usage)> {
    (models(), prop::collection::vec(0_u64..3_000_000, Unit::ALL.len()), any::<u32>()).prop_map(
        |(handle, counts, which)| {
            let book = bundled();
            let row = book.model(handle).unwrap().row_at(now()).unwrap();
            let mut usage = Usage::default();
            for (index, (unit, rate)) in row.rates.iter().enumerate() {
                if which >> (index % 32) & 1 == 1 && rate.pico() < 1_000_000_000_000 {
                    usage.set(unit, counts[index]);
                }
            }
            (handle, usage)
        },
    )
}

fn name_of(handle: Handle) -> (String, String) {
    let book = bundled();
    let model = book.model(handle).unwrap();
    (model.id.clone(), model.provider.to_string())
}

/// The cost written down from the definition: in whole pico-dollars, tier by tier, item by item.
fn by_definition(handle: Handle, usage: &Usage) -> i128 {
    let book = bundled();
    let row = book.model(handle).unwrap().row_at(now()).unwrap();
    let tokens: u64 = usage.iter().filter(|(unit, _)| unit.is_input_token()).map(|(_, count)| count).sum();
    let edge = |tier: &&Variant| tier.when.context.unwrap();
    let tiers = row.variants().iter().filter(|variant| variant.when.dimensions() == When::CONTEXT);
    let tier = tiers.filter(|tier| edge(tier).is_reached(tokens, false)).max_by_key(|tier| edge(tier).tokens);
    usage
        .iter()
        .map(|(unit, count)| {
            let rate = tier.and_then(|tier| tier.rates.get(unit)).or(row.rates.get(unit)).unwrap();
            let over = i128::from(rate.per()) * i128::from(unit.scale());
            (i128::from(count) * rate.pico() + over - 1) / over
        })
        .sum()
}

proptest! {
    /// P1, P2: estimate and actual cost are the sum over the units of count times rate, digit for digit the same.
    #[test]
    fn p1_p2_cost_is_the_sum_of_count_times_rate((handle, used) in usages()) {
        let (model, provider) = name_of(handle);
        let expected = by_definition(handle, &used);
        let actual = cost(&bundled(), &Query::new(&model, Some(&provider), &used, now()));
        prop_assert_eq!(actual.usd.pico(), expected);
        prop_assert_eq!(actual.kind, MatchKind::Exact);
        let estimate = Tracker::new(bundled()).estimate(&model, &used, Some(&provider), now()).unwrap();
        prop_assert_eq!((estimate.usd.to_string(), estimate.priced), (actual.usd.to_string(), true));
        prop_assert_eq!(estimate.provider, provider);
    }

    /// P3: rates of the caller's own are used, whatever is built in, and over the rest of the built-in row.
    #[test]
    fn p3_custom_prices_win(handle in models(), input in 0_u64..1 << 40, output in 0_u64..1 << 40, i in 0_u32..100_000, o in 0_u32..100_000) {
        let (model, provider) = name_of(handle);
        let mut custom = Custom::default();
        custom.set_field("inputCostPer1K", &format!("{}", f64::from(i) / 1e4)).unwrap();
        custom.set_rate("output", &format!("{}", f64::from(o) / 10.0)).unwrap();
        let mut tracker = Tracker::new(bundled());
        tracker.set_custom(&model.to_uppercase(), custom).unwrap();
        let estimate = tracker.estimate(&model, &Usage::tokens(input, output), Some(&provider), now()).unwrap();
        let expected = i128::from(input) * i128::from(i) * 100_000 + i128::from(output) * i128::from(o) * 100_000;
        prop_assert_eq!(estimate.usd.pico(), expected);
        prop_assert!(estimate.priced);
    }

    /// P4: the parts sum to the total, in digits.
    #[test]
    fn p4_parts_sum_to_the_total((handle, used) in usages()) {
        let (model, provider) = name_of(handle);
        let actual = cost(&bundled(), &Query::new(&model, Some(&provider), &used, now()));
        prop_assert_eq!(actual.breakdown().total(), actual.usd);
        prop_assert_eq!(actual.items.iter().map(|item| item.usd).sum::<Usd>(), actual.usd);
        let estimate = Tracker::new(bundled()).estimate(&model, &used, Some(&provider), now()).unwrap();
        prop_assert_eq!(estimate.breakdown.total(), estimate.usd);
    }

    #[test]
    fn cost_is_monotone_in_every_count((handle, used) in usages(), more in 1_u64..400_000) {
        let (model, provider) = name_of(handle);
        let before = cost(&bundled(), &Query::new(&model, Some(&provider), &used, now())).usd;
        for (unit, count) in used.iter() {
            let grown = used.clone().with(unit, count + more);
            let after = cost(&bundled(), &Query::new(&model, Some(&provider), &grown, now())).usd;
            prop_assert!(after >= before, "{} {}", model, unit.key());
        }
    }

    /// Whatever a call consumes within its demand costs at most the bound.
    #[test]
    fn no_cost_passes_its_bound((handle, used) in usages(), slack in 0_u64..1000) {
        let (model, provider) = name_of(handle);
        let mut demand = Demand::new(&model, Some(&provider), used.input_tokens() + slack, Some(used.output_tokens() + slack), now());
        for (unit, count) in used.iter().filter(|(unit, _)| !unit.is_token() || *unit == Unit::Citation) {
            demand.others.set(unit, count);
        }
        let actual = cost(&bundled(), &Query::new(&model, Some(&provider), &used, now()));
        match upper_bound(&bundled(), &demand) {
            BoundAnswer::Bounded(bound) => {
                let most = actual.range.map_or(actual.usd, |(_, high)| high);
                prop_assert!(bound.cost.usd >= most, "{} < {}", bound.cost.usd, most);
                prop_assert_eq!(bound.cost.items.iter().map(|item| item.usd).sum::<Usd>(), bound.cost.usd);
            }
            // A model that has no rate for tokens bounds none.
            BoundAnswer::Unpriced(unpriced) => prop_assert_eq!(unpriced.reason, Reason::NoRate),
        }
    }

    #[test]
    fn the_hot_path_has_the_same_digits(handle in models(), input in prop_oneof![0_u64..2_000_000, 0_u64..=1 << 53], output in prop_oneof![0_u64..200_000, 0_u64..=1 << 53], read in 0_u64..500_000, write in 0_u64..500_000) {
        let book = bundled();
        let (model, provider) = name_of(handle);
        let used = Usage::tokens(input, output).with(Unit::CacheRead, read).with(Unit::CacheWrite, write);
        let cost = match price(&book, &Query::new(&model, Some(&provider), &used, now())) {
            Answer::Priced(cost) => Some(cost.usd.pico()),
            Answer::Unpriced(_) => None,
        };
        if let Some(flat) = QuickSheet::of(book.model(handle).unwrap(), now()) {
            let numbers = flat.numbers();
            prop_assert!(numbers[0] <= now().ms() as f64 && (now().ms() as f64) < numbers[1]);
            match flat.pico([input, output, read, write].map(|count| count as f64)) {
                Some(pico) => prop_assert_eq!(cost, Some(pico as i128)),
                None => prop_assert!(cost.is_none_or(|cost| cost > 1 << 53)),
            }
        }
    }

    /// A name that finds a model holds one of that model's names, with a boundary of a segment on both sides.
    #[test]
    fn what_is_found_is_bounded_by_segments(handle in models(), before in "([a-z]{0,6}[/:-])?", cut in 0_usize..6, after in "([-@:/.a-z0-9]{0,12})?", provider in prop::option::of("openai|anthropic|azure|mistral")) {
        let (id, _) = name_of(handle);
        let name = format!("{before}{}{after}", &id[..id.len() - cut.min(id.len())]);
        let book = bundled();
        if let Some(found) = book.find(&name, provider.as_deref()) {
            let model = book.model(found.handle).unwrap();
            if let Some(provider) = provider {
                prop_assert_eq!(Some(&*model.provider), book.canonical_provider(&provider));
            }
            // `4.5` and `@20250929` are other spellings of `4-5` and `-20250929`.
            let plain = |name: &str| name.to_lowercase().replace(['.', '@'], "-");
            let lower = plain(&name);
            let bounded = std::iter::once(&model.id).chain(&model.aliases).any(|own| {
                let own = plain(own);
                // Bedrock's ids end with a version that a name may leave out.
                let bare = own.rsplit_once(':').map_or(own.as_str(), |(bare, _)| bare);
                let bare = bare.rsplit_once("-v").map_or(bare, |(bare, _)| bare);
                [own.as_str(), bare].into_iter().any(|own| lower.match_indices(own).any(|(at, own)| {
                    let (left, right) = (&lower[..at], &lower[at + own.len()..]);
                    (left.is_empty() || left.ends_with(['/', '-'])) && (right.is_empty() || right.starts_with(['-', ':']))
                }))
            });
            prop_assert!(bounded, "{} -> {}", name, model.id);
        }
    }
}

// --------------------------------------------------------------------------------------------------------- the tracker

#[test]
fn an_unknown_model_shows_zero_fails_or_falls_back() {
    let mut tracker = Tracker::new(bundled());
    let used = Usage::tokens(1_000, 1_000);
    let zero = tracker.estimate("nobody-knows", &used, None, now()).unwrap();
    assert_eq!((zero.usd, zero.priced, zero.provider.as_str()), (Usd::ZERO, false, "custom"));
    assert_eq!(zero.warnings[0].code, WarningCode::UnknownModel);
    assert_eq!(zero.warnings[0].message, "no price is known for the model \"nobody-knows\"");

    tracker.unknown_model = UnknownModel::Error;
    let error = tracker.estimate("nobody-knows", &used, None, now()).unwrap_err();
    assert_eq!(error.code(), Code::UnknownModel);
    assert_eq!(
        error.message(),
        "cannot price the call: expected a model with a price, found none: no price is known for the model \"nobody-knows\""
    );
    assert_eq!(error.context().get("model"), Some(&"nobody-knows".into()));

    let mut fallback = Custom::default();
    fallback.set_rate("input", "10").unwrap();
    fallback.set_rate("output", "30").unwrap();
    tracker.unknown_model = UnknownModel::Fallback(Box::new(fallback));
    tracker.default_provider = Some("openai".to_owned());
    let priced = tracker.estimate("nobody-knows", &used, None, now()).unwrap();
    assert_eq!((priced.usd.to_string().as_str(), priced.priced, priced.provider.as_str()), ("0.04", true, "openai"));
    assert_eq!(priced.warnings[0].code, WarningCode::UnknownModel);
    let known = tracker.estimate("gpt-5", &used, None, now()).unwrap();
    assert_eq!((known.usd.to_string().as_str(), known.warnings.len()), ("0.01125", 0));
    let demand = Demand::new("nobody-knows", None, 1_000, Some(1_000), now());
    let BoundAnswer::Bounded(bound) = tracker.upper_bound(&demand).unwrap() else { panic!("bounded") };
    assert_eq!(bound.cost.usd.to_string(), "0.04");
}

#[test]
fn a_partial_custom_price_lies_over_the_row_of_exactly_that_model() {
    let mut tracker = Tracker::new(bundled());
    let mut custom = Custom::default();
    custom.set_field("inputCostPer1K", "0.001").unwrap();
    custom.set_rate("sprockets", "1000000").unwrap();
    tracker.set_custom("gpt-4o", custom).unwrap();
    let used = usage(&[("input", 1_000.0), ("cacheRead", 1_000.0), ("output", 1_000.0), ("extra.sprockets", 2.0)]);
    for name in ["gpt-4o", "GPT-4o", "openai/gpt-4o"] {
        let estimate = tracker.estimate(name, &used, None, now()).unwrap();
        // 1 of its own, 1.25 and 10 built in, and two sprockets.
        assert_eq!((estimate.usd.to_string().as_str(), estimate.provider.as_str()), ("2.01225", "openai"), "{name}");
        assert_eq!(estimate.breakdown.other.to_string(), "2");
    }
    // A snapshot has a price of its own, and another model no share in it.
    let tokens = Usage::tokens(1_000, 1_000);
    assert_eq!(tracker.estimate("gpt-4o-2024-05-13", &tokens, None, now()).unwrap().usd.to_string(), "0.02");
    assert_eq!(tracker.estimate("gpt-4o-mini", &tokens, None, now()).unwrap().usd.to_string(), "0.00075");
    let view = tracker.pricing("gpt-4o", None, now()).unwrap();
    assert_eq!((view.input_cost_per_1k, view.output_cost_per_1k, view.source.name.as_ref()), (0.001, 0.01, "custom"));
    assert_eq!(view.rates.get("sprockets").unwrap(), "1000000");
    // Alone, a partial price is not a whole one.
    let mut half = Custom::default();
    half.set_rate("input", "1").unwrap();
    tracker.set_custom("mine", half).unwrap();
    let estimate = tracker.estimate("mine", &tokens, Some("acme"), now()).unwrap();
    assert_eq!((estimate.priced, estimate.provider.as_str()), (false, "acme"));
    assert_eq!(estimate.warnings[0].code, WarningCode::NoRate);
    assert!(tracker.remove_custom("GPT-4O") && !tracker.remove_custom("gpt-4o"));
    assert_eq!(tracker.estimate("gpt-4o", &tokens, None, now()).unwrap().usd.to_string(), "0.0125");
    assert!(tracker.set_custom("", Custom::default()).is_err());
}

#[test]
fn a_custom_rate_holds_in_every_tier() {
    let mut tracker = Tracker::new(bundled());
    let mut custom = Custom::default();
    custom.set_rate("input", "1").unwrap();
    tracker.set_custom("gemini-2.5-pro", custom).unwrap();
    let estimate = tracker.estimate("gemini-2.5-pro", &Usage::tokens(300_000, 1_000), None, now()).unwrap();
    assert_eq!(estimate.usd.to_string(), "0.315");
}

#[test]
fn a_tracker_that_is_off_prices_nothing() {
    let mut tracker = Tracker::new(bundled());
    tracker.enabled = false;
    let estimate = tracker.estimate("gpt-5", &Usage::tokens(1_000, 1_000), None, now()).unwrap();
    assert_eq!((estimate.usd, estimate.priced, estimate.provider.as_str()), (Usd::ZERO, false, "openai"));
    assert!(estimate.warnings.is_empty());
}

#[test]
fn no_tokens_cost_nothing() {
    let estimate = Tracker::new(bundled()).estimate("gpt-5", &Usage::default(), None, now()).unwrap();
    assert_eq!((estimate.usd, estimate.priced, estimate.items.len()), (Usd::ZERO, true, 0));
}

#[test]
fn a_model_has_a_name_and_a_total_is_the_sum() {
    let error = Tracker::new(bundled()).estimate("", &Usage::default(), None, now()).unwrap_err();
    assert_eq!(error.message(), "cannot price the call: expected the name of a model, found an empty one");
    let pairs =
        |total| [("inputTokens", 2_000.0), ("cacheReadTokens", 8_000.0), ("outputTokens", 5.0), ("totalTokens", total)];
    assert_eq!(read_token_usage(pairs(10_005.0)).unwrap().1, None);
    let (used, warning) = read_token_usage(pairs(2_005.0)).unwrap();
    assert_eq!((used.total_tokens(), warning.as_ref().unwrap().code), (10_005, WarningCode::TotalMismatch));
    assert_eq!(warning.unwrap().message, "totalTokens is 2005 and the parts sum to 10005; the parts count");
}

#[test]
fn a_rate_by_the_hour_rounds_each_item_up_once() {
    let book = book_of(r#"{"provider":"p","id":"m","rows":[{"source":"a","rates":{"audioSeconds":"1/3600"}}]}"#);
    let cost = cost(&book, &Query::new("m", None, &usage(&[("audioSeconds", 0.5)]), now()));
    assert_eq!(cost.usd.to_string(), "0.000138888889");
    assert_eq!(cost.items[0].amount(), 0.5);
    assert_eq!(cost.items[0].rate, Rate::new(1_000_000_000_000, 3_600).unwrap());
}
