//! The catalogue: the shipped books as the readable ones, names, tables of others, hostile tables.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // Clippy takes the helpers of a test file for code of ours.

use std::sync::Arc;

use proptest::prelude::*;
use tollgate::{
    catalog::{Book, Handle},
    error::Code,
    price::{Answer, Query, price},
    time::Instant,
    usage::Usage,
};

const MAIN: (&str, &str) = (include_str!("../data/prices/main.book"), include_str!("../data/prices/main.json"));
const FULL: (&str, &str) = (include_str!("../data/prices/full.book"), include_str!("../data/prices/full.json"));

fn all() -> Arc<Book> {
    thread_local!(static BOOK: Arc<Book> = Arc::new(Book::parse(&format!("{}{}", MAIN.0, FULL.0)).unwrap()));
    BOOK.with(Arc::clone)
}

#[test]
fn the_packed_books_are_the_readable_ones() {
    for (packed, json) in [MAIN, FULL] {
        let (packed, readable) = (Book::parse(packed).unwrap(), Book::from_json(json).unwrap());
        assert_eq!(packed.len(), readable.len());
        for (a, b) in packed.models().zip(readable.models()) {
            assert_eq!(a, b);
        }
        assert_eq!(packed.unsettled(), readable.unsettled());
        assert_eq!(packed.retrieved(), readable.retrieved());
        assert!(packed.provider_names().eq(readable.provider_names()));
        let again = Book::from_json(&readable.to_json()).unwrap();
        for (a, b) in again.models().zip(readable.models()) {
            assert_eq!(a, b, "a book survives its JSON");
        }
        assert_eq!(again.len(), readable.len());
    }
}

#[test]
fn both_books_are_one() {
    let book = all();
    let priced = book.models().filter(|model| !model.rows.is_empty()).count();
    assert!(priced >= 4_300, "{priced}");
    assert!(book.provider_names().count() >= 60);
    for (name, provider, found) in [
        ("gpt-5", None, Some(("openai", "gpt-5"))),
        ("claude-opus-5", None, Some(("anthropic", "claude-opus-5"))),
        ("deepinfra/meta-llama/Llama-3.3-70B-Instruct", None, Some(("deepinfra", "meta-llama/Llama-3.3-70B-Instruct"))),
        (
            "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo",
            None,
            Some(("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo")),
        ),
        ("gpt-5", Some("deepinfra"), None),
        // Many sell it, and none of them is its maker.
        ("zai-org/glm-5.3", None, None),
    ] {
        let own = book.find(name, provider).and_then(|found| book.model(found.handle));
        assert_eq!(own.map(|model| (&*model.provider, model.id.as_str())), found, "{name}");
    }
    for name in ["g", "", "constructor", "__proto__", "toString", "gpt", "claude", "o", "4", "us.", "models/"] {
        assert_eq!(book.find(name, None), None, "{name:?}");
    }
}

#[test]
fn every_model_is_found_by_its_names_and_its_provider() {
    let book = all();
    for (at, model) in book.models().enumerate() {
        let handle = Handle(at as u32);
        for name in std::iter::once(&model.id).chain(&model.aliases) {
            assert_eq!(book.find(name, Some(&model.provider)).map(|found| found.handle), Some(handle), "{name}");
            let upper = format!("{}/{}", model.provider, name.to_ascii_uppercase());
            assert_eq!(book.find(&upper, None).map(|found| found.handle), Some(handle), "{upper}");
        }
    }
}

/// LiteLLM's keys in one table: every dimension that it writes into them.
const LITELLM: &str = r#"{
    "sample_spec": { "litellm_provider": "one of ...", "input_cost_per_token": "a number", "max_tokens": "text" },
    "gpt-x": { "litellm_provider": "openai", "mode": "chat", "max_input_tokens": 1000000, "max_output_tokens": 128000,
        "supports_vision": true, "supports_function_calling": true, "supports_pdf_input": false, "source": "https://o.example/p",
        "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 1.25e-07,
        "cache_creation_input_token_cost_above_12hr_above_272k_tokens_flex": 2e-06,
        "input_cost_per_token_above_272k_tokens": 2.5e-06, "output_cost_per_token_above_272k_tokens": 1.5e-05,
        "input_cost_per_token_above_272k_tokens_priority": 5e-06, "input_cost_per_token_batches": 6.25e-07,
        "input_cost_per_audio_token": 1.25e-06, "regional_processing_uplift_multiplier_eu": 1.1,
        "search_context_cost_per_query": { "search_context_size_low": 0.01, "search_context_size_medium": 0.02, "search_context_size_high": 0.02 },
        "file_search_cost_per_1k_calls": 2.5, "code_interpreter_cost_per_session": 0.03,
        "input_dbu_cost_per_token": 1, "brand_new_cost_per_thing": 3 },
    "azure/gpt-x": { "litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06 },
    "azure/eu/gpt-x": { "litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 1.1e-06, "output_cost_per_token": 4.4e-06 },
    "azure/us/alone": { "litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 3e-06 },
    "xai/grok-x": { "litellm_provider": "xai", "mode": "chat", "input_cost_per_token": 2e-06, "output_cost_per_token": 6e-06,
        "input_cost_per_token_above_200k_tokens": 4e-06 },
    "dall-e-x": { "litellm_provider": "openai", "mode": "image_generation", "input_cost_per_token": 5e-06 },
    "hd/1024-x-1792/dall-e-x": { "litellm_provider": "openai", "mode": "image_generation", "input_cost_per_image": 0.12, "input_cost_per_pixel": 6.5e-08 },
    "video-x": { "litellm_provider": "fal_ai", "mode": "video_generation", "output_cost_per_second": 0.1, "output_cost_per_second_1080p": 0.25 },
    "fal_ai/hosted": { "litellm_provider": "fal_ai", "mode": "chat", "input_cost_per_second": 0.1 },
    "deepgram/ear": { "litellm_provider": "deepgram", "mode": "audio_transcription", "input_cost_per_second": 7.167e-05, "output_cost_per_second": 0.0 },
    "deepseek/night": { "litellm_provider": "deepseek", "mode": "chat", "input_cost_per_token": 4e-07,
        "off_peak_pricing": { "input_cost_per_token": 2e-07, "weekday_timezone": "Asia/Shanghai",
            "windows": [{ "hours_utc": ["10:00-00:00"], "weekdays": [1, "Tues"] }, { "hours_utc": "00:00-00:00", "weekdays": ["saturday", 7] }] } },
    "dashscope/steps": { "litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": [
        { "range": [0, 32000.0], "input_cost_per_token": 1e-06 }, { "range": [32000.0, 128000.0], "input_cost_per_token": 2e-06 }] },
    "anthropic-x": { "litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": 1e-06, "provider_specific_entry": { "us": 1.1, "fast": 6.0, "note": "x" } },
    "ollama/local": { "litellm_provider": "ollama", "mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "supports_function_calling": true },
    "together_ai/x:free": { "litellm_provider": "together_ai", "mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0 }
}"#;

/// A table's model in our words, without what stands around its prices.
fn model_of(book: &Book, name: &str, provider: &str) -> String {
    let found = book.find(name, Some(provider)).unwrap_or_else(|| panic!("{name}"));
    let json: serde_json::Value = serde_json::from_str(&book.to_json()).unwrap();
    let id = &book.model(found.handle).unwrap().id;
    let models = json["models"].as_array().unwrap();
    models.iter().find(|model| model["provider"] == provider && model["id"] == **id).unwrap()["rows"].to_string()
}

#[test]
fn litellms_table_is_read_in_every_dimension() {
    let book = Book::from_json(LITELLM).unwrap();
    for (name, provider, rows) in [
        (
            "gpt-x",
            "openai",
            r#"[{"rates":{"cacheRead":"0.125","codeInterpreterSessions":"0.03","fileSearches":"0.0025","input":"1.25","inputAudio":"1.25","output":"10","webSearches":"0.02","webSearches:low":"0.01"},"regions":{"eu":{"multiplier":"1.1"}},"services":{"batch":{"rates":{"input":"0.625","inputAudio":"0.625"}},"flex":{"tiers":[{"above":272000,"edge":"disputed","rates":{"cacheWrite12h":"2"}}]},"priority":{"tiers":[{"above":272000,"edge":"disputed","rates":{"input":"5","inputAudio":"5"}}]}},"source":"litellm","tiers":[{"above":272000,"edge":"disputed","rates":{"input":"2.5","inputAudio":"2.5","output":"15"}}],"url":"https://o.example/p"}]"#,
        ),
        (
            "gpt-x",
            "azure-openai",
            r#"[{"rates":{"input":"1","output":"4"},"regions":{"eu":{"rates":{"input":"1.1","output":"4.4"}}},"source":"litellm"}]"#,
        ),
        ("us/alone", "azure-openai", r#"[{"rates":{"input":"3"},"source":"litellm"}]"#),
        (
            "grok-x",
            "xai",
            r#"[{"rates":{"input":"2","output":"6","reasoningOutside":"6"},"source":"litellm","tiers":[{"above":200000,"edge":"from","rates":{"input":"4"}}]}]"#,
        ),
        ("dall-e-x", "openai", r#"[{"rates":{"images:hd/1024x1792":"0.12","input":"5"},"source":"litellm"}]"#),
        ("video-x", "fal-ai", r#"[{"rates":{"videoSeconds":"0.1","videoSeconds:1080p":"0.25"},"source":"litellm"}]"#),
        ("hosted", "fal-ai", "[]"),
        ("ear", "deepgram", r#"[{"rates":{"audioSeconds":"0.258/3600"},"source":"litellm"}]"#),
        (
            "night",
            "deepseek",
            r#"[{"rates":{"input":"0.4"},"schedule":[{"days":"1-2","from":"00:00","offset":"+08:00","rates":{"input":"0.2"},"to":"08:00"},{"days":"1-2","from":"18:00","offset":"+08:00","rates":{"input":"0.2"},"to":"00:00"},{"days":"6-7","from":"00:00","offset":"+08:00","rates":{"input":"0.2"},"to":"00:00"}],"source":"litellm"}]"#,
        ),
        (
            "steps",
            "dashscope",
            r#"[{"rates":{"input":"1"},"source":"litellm","tiers":[{"above":32000,"edge":"above","rates":{"input":"2"}}]}]"#,
        ),
        (
            "anthropic-x",
            "anthropic",
            r#"[{"rates":{"input":"1"},"regions":{"us":{"multiplier":"1.1"}},"services":{"fast":{"multiplier":"6"}},"source":"litellm"}]"#,
        ),
        ("local", "ollama", "[]"),
        ("x:free", "together", r#"[{"rates":{"input":"0","output":"0"},"source":"litellm"}]"#),
    ] {
        assert_eq!(model_of(&book, name, provider), rows, "{name}");
    }
    let model = book.model(book.find("gpt-x", Some("openai")).unwrap().handle).unwrap();
    assert_eq!((model.context_window, model.max_output, &*model.mode), (Some(1_000_000), Some(128_000), "chat"));
    assert_eq!(model.capabilities.names().collect::<Vec<_>>(), ["vision", "tools"]);
    assert_eq!(book.find("sample_spec", None), None);
    // What is not carried is said.
    let notes: serde_json::Value = serde_json::from_str(&tollgate::catalog::translate(LITELLM).unwrap()).unwrap();
    let left: Vec<_> =
        notes["notes"]["notCarried"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();
    assert_eq!(
        left,
        [
            "brand_new_cost_per_thing",
            "input_cost_per_pixel",
            "input_cost_per_second",
            "input_dbu_cost_per_token",
            "output_cost_per_second"
        ]
    );
    // A region in the name is a region of the price.
    let used = Usage::tokens(1_000_000, 0);
    let usd = |model: &str| match price(&book, &Query::new(model, None, &used, Instant::parse("2026-11-21").unwrap())) {
        Answer::Priced(cost) => cost.usd.to_string(),
        Answer::Unpriced(unpriced) => panic!("{unpriced:?}"),
    };
    assert_eq!((usd("azure/gpt-x").as_str(), usd("azure/eu/gpt-x").as_str()), ("1", "1.1"));
}

#[test]
fn two_entries_of_one_model_complete_each_other_where_they_agree() {
    let entry = |key: &str, rest: &str| format!(r#""{key}":{{"litellm_provider":"bedrock","mode":"chat",{rest}}}"#);
    let rows = |first: &str, second: &str| {
        let table = format!("{{{},{}}}", entry("a.b", first), entry("bedrock/a.b", second));
        model_of(&Book::from_json(&table).unwrap(), "a.b", "bedrock")
    };
    let plain = r#""input_cost_per_token":1e-6"#;
    let batch = r#""input_cost_per_token":1e-6,"input_cost_per_token_batches":5e-7,"output_cost_per_token_above_200k_tokens":2e-6"#;
    let both = r#"[{"rates":{"input":"1"},"services":{"batch":{"rates":{"input":"0.5"}}},"source":"litellm","tiers":[{"above":200000,"edge":"above","rates":{"output":"2"}}]}]"#;
    assert_eq!(rows(plain, batch), both);
    assert_eq!(rows(batch, plain), both);
    // At another price it is another's: the first counts, whole.
    let dearer = r#""input_cost_per_token":2e-6,"input_cost_per_token_batches":1e-6"#;
    assert_eq!(rows(plain, dearer), r#"[{"rates":{"input":"1"},"source":"litellm"}]"#);
}

#[test]
fn genai_prices_table_is_read_with_its_dates_hours_and_tiers() {
    let table = r#"[{ "id": "x-ai", "pricing_urls": ["https://x.example"], "models": [
        { "id": "grok-y", "context_window": 9, "match": { "or": [{ "equals": "grok-y-1" }, { "starts_with": "grok-why" }, { "contains": "y" }] },
          "prices": [{ "prices": { "input_mtok": { "base": 1, "tiers": [{ "start": 271999, "price": 2 }] } } },
                     { "constraint": { "start_date": "2026-02-03", "type": "start_date" }, "prices": { "input_mtok": 3, "output_mtok": 5, "web_searches_kcount": 10, "audio_hours": 0.36, "new_kcount": 1 } },
                     { "constraint": { "start_time": "16:30:00Z", "end_time": "00:30:00Z" }, "prices": { "input_mtok": 1.5 } }] },
        { "id": "free-or-unknown", "match": { "equals": "free-or-unknown" }, "prices": { "input_mtok": 0 } },
        { "id": "gift:free", "match": { "equals": "gift:free" }, "prices": {} }] },
      { "id": "huggingface_novita", "models": [{ "id": "a/b", "match": { "equals": "a/b" }, "prices": { "input_mtok": 1 } }] }]"#;
    for text in [table.to_owned(), format!("{{\"providers\":{table}}}")] {
        let book = Book::from_json(&text).unwrap();
        assert_eq!(
            model_of(&book, "grok-y", "xai"),
            r#"[{"rates":{"input":"1"},"source":"genai-prices","tiers":[{"above":272000,"edge":"from","rates":{"input":"2"}}],"url":"https://x.example"},{"from":"2026-02-03","rates":{"audioSeconds":"0.36/3600","input":"3","output":"5","reasoningOutside":"5","webSearches":"0.01"},"schedule":[{"days":"1-7","from":"16:30","offset":"+00:00","rates":{"input":"1.5"},"to":"00:30"}],"source":"genai-prices","url":"https://x.example"}]"#
        );
        for name in ["grok-y-1", "grok-why"] {
            assert_eq!(book.find(name, None).map(|found| found.kind.as_str()), Some("alias"), "{name}");
        }
        assert_eq!(book.find("grok-whyever", None), None);
        assert_eq!(book.find("free-or-unknown", None), None);
        assert!(book.find("huggingface/a/b:novita", None).is_some());
        assert_eq!(
            model_of(&book, "gift:free", "xai"),
            r#"[{"rates":{"input":"0","output":"0"},"source":"genai-prices","url":"https://x.example"}]"#
        );
    }
}

#[test]
fn models_devs_table_is_read() {
    let book = Book::from_json(
        r#"{ "amazon-bedrock": { "id": "amazon-bedrock", "doc": "https://d.example", "models": {
            "m-1": { "id": "m-1", "reasoning": true, "tool_call": true, "modalities": { "input": ["text", "image", "pdf"], "output": ["text"] },
                "limit": { "context": 200000, "output": 64000 },
                "cost": { "input": 3, "output": 15, "cache_read": 0.3, "context_over_200k": { "input": 6, "output": 22.5 } } },
            "m-2": { "id": "m-2", "limit": { "context": 0 }, "cost": { "input": 0, "output": 0 } },
            "m-3": { "id": "m-3" } } } }"#,
    )
    .unwrap();
    assert_eq!(
        model_of(&book, "m-1", "bedrock"),
        r#"[{"rates":{"cacheRead":"0.3","input":"3","output":"15"},"source":"models.dev","tiers":[{"above":200000,"edge":"above","rates":{"input":"6","output":"22.5"}}],"url":"https://d.example"}]"#
    );
    assert_eq!(
        (model_of(&book, "m-2", "bedrock"), model_of(&book, "m-3", "bedrock")),
        ("[]".to_owned(), "[]".to_owned())
    );
    let model = book.model(book.find("m-1", Some("bedrock")).unwrap().handle).unwrap();
    assert_eq!(model.capabilities.names().collect::<Vec<_>>(), ["vision", "pdf", "tools", "reasoning"]);
    assert_eq!((model.context_window, model.max_output), (Some(200_000), Some(64_000)));
}

/// The tables of tests/fixtures/prices/hostile.json, which the face's tests read too.
#[test]
fn hostile_tables_are_refused_with_the_path_of_what_is_wrong_and_in_bounded_time() {
    let fixture: serde_json::Value = serde_json::from_str(include_str!("fixtures/prices/hostile.json")).unwrap();
    for case in fixture["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let parts = case["parts"].as_array().unwrap().iter().map(|part| match part.as_str() {
            Some(text) => text.to_owned(),
            None => {
                let (text, times) = (part[0].as_str().unwrap(), part[1].as_u64().unwrap());
                if text.contains('%') {
                    (0..times).map(|at| text.replace('%', &at.to_string())).collect()
                } else {
                    text.repeat(times as usize)
                }
            }
        });
        let table: String = parts.collect();
        let begun = std::time::Instant::now();
        let error = Book::from_json(&table).map(|book| book.len()).unwrap_err();
        let took = begun.elapsed();
        assert!(took.as_secs() < 10, "{name}: {took:?}");
        let (path, expected) = (case["path"].as_str().unwrap(), case["expected"].as_str());
        let shown = error.context().get("path").and_then(|path| path.raw().to_text()).unwrap_or_default();
        assert_eq!(shown, path, "{name}: {error}");
        if let Some(expected) = expected {
            assert!(error.message().contains(expected), "{name}: {error}");
        }
        assert!(error.message().len() < 1_000, "{name}");
    }
}

/// A table of ours with one model whose rows are these.
fn ours(rows: &str) -> String {
    format!(r#"{{"tollgate":1,"models":[{{"provider":"p","id":"m","rows":{rows}}}]}}"#)
}

#[test]
fn what_is_wrong_with_a_table_is_named_with_its_path() {
    let within = |depth: usize| format!("{}{{}}{}", r#"{"services":{"a":"#.repeat(depth), "}}".repeat(depth));
    let name = |id: &str| format!(r#"{{"tollgate":1,"models":[{{"provider":"p","id":"{id}"}}]}}"#);
    for (table, message) in [
        (String::new(), "JSON, found something else at line 1, column 1"),
        ("{\"a\":NaN}".to_owned(), "a to be JSON, found something else at line 1, column 6"),
        ("3".to_owned(), "an object or a list, found a number"),
        ("{}".to_owned(), "a price table of Tollgate, LiteLLM, genai-prices or models.dev, found another object"),
        (r#"{"tollgate":2,"models":[]}"#.to_owned(), "tollgate to be 1, the version of the format, found 2"),
        (r#"{"tollgate":1,"models":{}}"#.to_owned(), "models to be a list, found an object"),
        (r#"{"tollgate":1,"models":[5]}"#.to_owned(), "models[0].provider to be a name, found an empty one"),
        (name("__proto__"), "models[0].id to be a name, found one that JavaScript's objects have"),
        (name("constructor"), "models[0].id to be a name, found one that JavaScript's objects have"),
        (name("a\\u0000b"), "models[0].id to be a name, found one with control characters"),
        (name(&"x".repeat(300)), "models[0].id to be a name, found one of more than 256 bytes"),
        (
            r#"{"tollgate":1,"models":[{"provider":"p","id":"m"},{"provider":"p","id":"M"}]}"#.to_owned(),
            "models to be models with ids of their own, found one twice: m",
        ),
        (
            r#"{"tollgate":1,"providers":[{"name":"a_b"},{"name":"c","aliases":["A-B"]}],"models":[]}"#.to_owned(),
            "providers[1] to be a provider with names of its own, found one that another has",
        ),
        (
            r#"{"tollgate":1,"sources":[{"id":"a","retrievedAt":"yesterday"}],"models":[]}"#.to_owned(),
            "sources[0].retrievedAt to be a date as YYYY-MM-DD, found another text",
        ),
        (
            r#"{"tollgate":1,"models":[{"provider":"p","id":"m","context":1.5}]}"#.to_owned(),
            "models[0].context to be a whole number from 0 to 2^53, found a number",
        ),
        (ours("{}"), "models[0].rows to be a list, found an object"),
        (
            ours(r#"[{"rates":{"input":[]}}]"#),
            "models[0].rows[0].rates.input to be a decimal number of USD, found an array",
        ),
        (
            ours(r#"[{"rates":{"imput":"1"}}]"#),
            "models[0].rows[0].rates.imput to be a unit, or one with a name behind a colon, found another name",
        ),
        (
            ours(r#"[{"rates":{"input":"0.0000001"}}]"#),
            "models[0].rows[0].rates.input to be a rate in whole pico-dollars, found a finer one",
        ),
        (
            ours(r#"[{"from":"2026-02-30","rates":{}}]"#),
            "models[0].rows[0].from to be a date as YYYY-MM-DD, found another text",
        ),
        (
            ours(r#"[{"rates":{}},{"rates":{}}]"#),
            "models[0].rows[1].from to be later than the row before, found another",
        ),
        (
            ours(&format!("[{}]", within(2))),
            "models[0].rows[0].services.a.services to be absent within its like, found an object",
        ),
        (
            r#"{"m":{"litellm_provider":"openai","input_cost_per_token":"cheap"}}"#.to_owned(),
            "m.input_cost_per_token to be a price, found \"cheap\"",
        ),
        (
            r#"{"m":{"litellm_provider":"openai","input_cost_per_token":-1}}"#.to_owned(),
            "m.input_cost_per_token to be a price, found -1",
        ),
        (r#"{"m":{"litellm_provider":5}}"#.to_owned(), "m.litellm_provider to be a string, found a number"),
        (
            r#"{"__proto__":{"litellm_provider":"openai"}}"#.to_owned(),
            "__proto__ to be a name, found one that JavaScript's objects have",
        ),
        (
            r#"[{"id":"a","models":[{"id":"m","prices":{"input_mtok":"x"}}]}]"#.to_owned(),
            "[0].models[0].prices.input_mtok to be a price, found \"x\"",
        ),
        (
            r#"{"a":{"models":{"m":{"cost":{"input":null,"output":"x"}}}}}"#.to_owned(),
            "a.models.m.cost.output to be a price, found \"x\"",
        ),
    ] {
        let error = Book::from_json(&table).unwrap_err();
        assert_eq!(error.message(), format!("cannot read prices: expected {message}"), "{:.200}", table);
    }
    // NaN as an object's number comes as a text; a multiplier that is none has its path too.
    for (rows, code, part) in [
        (r#"[{"rates":{"input":"NaN"}}]"#, Code::InvalidAmount, "found \"NaN\" at models[0].rows[0].rates.input"),
        (r#"[{"rates":{"input":"1e400"}}]"#, Code::InvalidAmount, "at models[0].rows[0].rates.input"),
        (
            r#"[{"rates":{},"regions":{"eu":{"multiplier":"-1"}}}]"#,
            Code::InvalidAmount,
            "at models[0].rows[0].regions.eu.multiplier",
        ),
        (r#"[{"rates":{},"sevices":{}}]"#, Code::UnknownOption, "prices at models[0].rows[0]: expected one of from"),
    ] {
        let error = Book::from_json(&ours(rows)).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(part), "{error}");
    }
    let huge = " ".repeat(100_000_000);
    let error = Book::from_json(&huge).unwrap_err();
    assert_eq!(error.message(), "cannot read prices: expected at most 33554432 bytes, found 100000000");
}

#[test]
fn hours_that_overlap_stand_in_the_same_order_when_they_are_read_again() {
    let damaged =
        LITELLM.replace(r#""hours_utc": "00:00-00:00", "weekdays""#, r#""hours_utc": "00:00-00:00", ",weekdays""#);
    assert_ne!(damaged, LITELLM);
    let book = Book::from_json(&damaged).unwrap();
    let again = Book::from_json(&book.to_json()).unwrap();
    assert!(again.models().eq(book.models()));
}

proptest! {
    /// Whatever a name is changed into, it finds nothing, or a model one of whose names it is but for a cut or a spelling.
    #[test]
    fn a_changed_name_finds_nothing_else(at in 0_usize..5_000, cut in 0_usize..40, len in 0_usize..4, with in "[-a-z0-9./:@_]{0,4}", own in any::<bool>()) {
        let book = all();
        let handle = Handle((at % book.len()) as u32);
        let model = book.model(handle).unwrap();
        let mut name = model.id.to_ascii_lowercase();
        let (cut, end) = (cut.min(name.len()), (cut + len).min(name.len()));
        prop_assume!(name.is_char_boundary(cut) && name.is_char_boundary(end.max(cut)));
        name.replace_range(cut..end.max(cut), &with);
        let provider = own.then_some(&*model.provider);
        let Some(found) = book.find(&name, provider) else { return Ok(()) };
        let other = book.model(found.handle).unwrap();
        if let Some(provider) = provider {
            prop_assert_eq!(&*other.provider, provider);
        }
        let plain = |name: &str| name.to_lowercase().replace(['.', '@'], "-");
        let name = plain(&name);
        let bounded = std::iter::once(&other.id).chain(&other.aliases).any(|own| {
            let own = plain(own);
            name.match_indices(&own).any(|(at, own)| {
                let (left, right) = (&name[..at], &name[at + own.len()..]);
                (left.is_empty() || left.ends_with(['/', '-'])) && (right.is_empty() || right.starts_with(['-', ':']))
            })
        });
        prop_assert!(bounded, "{} -> {}", name, other.id);
    }

    /// Any table is read or refused, and what is read survives being written.
    #[test]
    fn a_damaged_table_is_read_or_refused(cut in 0_usize..4_000, len in 0_usize..40, with in "[\\[\\]{}\",:0-9a-z.-]{0,6}") {
        let mut text = LITELLM.to_owned();
        let start = cut.min(text.len());
        text.replace_range(start..(start + len).min(text.len()), &with);
        if let Ok(book) = Book::from_json(&text) {
            let again = Book::from_json(&book.to_json()).unwrap();
            prop_assert!(again.models().eq(book.models()));
        }
    }
}
