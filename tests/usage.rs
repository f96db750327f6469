//! Usage out of bodies and streams: the shared cases, and the laws behind them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // Clippy takes the helpers of a test file for code of ours.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tollgate::{
    json::{Raw, ToJson},
    provider::usage::{Extracted, UsageStream, extract, of_object},
    usage::{MAX_COUNT, Unit},
};

/// The cases that Rust and JavaScript share.
const CASES: [(&str, &str); 7] = [
    ("openai", include_str!("fixtures/usage/openai.json")),
    ("anthropic", include_str!("fixtures/usage/anthropic.json")),
    ("google", include_str!("fixtures/usage/google.json")),
    ("others", include_str!("fixtures/usage/others.json")),
    ("ai-sdk", include_str!("fixtures/usage/ai-sdk.json")),
    ("odd", include_str!("fixtures/usage/odd.json")),
    ("streams", include_str!("fixtures/usage/streams.json")),
];

fn cases() -> Vec<(String, Value)> {
    let read = |(file, text): (&str, &str)| {
        let cases: Vec<Value> = serde_json::from_str(text).unwrap();
        cases
            .into_iter()
            .map(move |case| (format!("{file}: {}", case["name"].as_str().unwrap()), case))
            .collect::<Vec<_>>()
    };
    CASES.into_iter().flat_map(read).collect()
}

/// What is extracted, without its warnings; null for nothing.
fn shown(extracted: Option<&Extracted>) -> Value {
    let Some(extracted) = extracted else { return Value::Null };
    let mut value: Value = serde_json::from_str(&extracted.to_json()).unwrap();
    value.as_object_mut().unwrap().remove("warnings");
    floats(&mut value);
    value
}

/// Numbers as doubles, so that 2 and 2.0 are one.
fn floats(value: &mut Value) {
    match value {
        Value::Number(number) => *value = json!(number.as_f64().unwrap()),
        Value::Object(map) => map.values_mut().for_each(floats),
        Value::Array(items) => items.iter_mut().for_each(floats),
        _ => {}
    }
}

fn text_of(case: &Value) -> String {
    case["text"].as_str().map_or_else(|| case["body"].to_string(), str::to_owned)
}

#[test]
fn the_shared_cases() {
    for (name, case) in cases() {
        let provider = case["provider"].as_str();
        let found = extract(&text_of(&case), provider);
        let mut expected = match case.get("as") {
            Some(body) => shown(extract(&body.to_string(), provider).as_ref()),
            None => case["expect"].clone(),
        };
        floats(&mut expected);
        assert_eq!(shown(found.as_ref()), expected, "{name}");
        let warned: Vec<_> =
            found.iter().flat_map(|found| &found.warnings).map(|warning| warning.code.as_str()).collect();
        let warnings: Vec<_> =
            case["warnings"].as_array().into_iter().flatten().map(|code| code.as_str().unwrap()).collect();
        assert_eq!(warned, warnings, "{name}");
    }
}

/// The bodies of the shared price cases. What they cost is tested with the prices.
#[test]
fn the_bodies_of_the_price_cases() {
    let expected = [
        ("openai-cached-inside", r#"{"input":2000,"cacheRead":8000,"output":500}"#, None),
        ("openai-flex", r#"{"input":2000,"cacheRead":8000,"output":500}"#, Some("flex")),
        ("openai-priority", r#"{"input":2000,"cacheRead":8000,"output":500}"#, Some("priority")),
        ("anthropic-cache-outside", r#"{"input":3,"cacheWrite":12304,"output":550}"#, None),
        ("anthropic-5m-1h", r#"{"input":504,"cacheWrite":100,"cacheWrite1h":23,"output":97}"#, None),
        ("anthropic-unattributed-write", r#"{"input":504,"cacheWrite":123,"output":97}"#, None),
        ("openai-cache-write-inside", r#"{"input":86,"cacheWrite":1920,"output":300}"#, None),
        ("tier-with-cache", r#"{"input":5005,"cacheRead":257955,"output":1744}"#, None),
        ("reasoning-inside", r#"{"input":253,"output":1578,"reasoning":952}"#, None),
        (
            "audio-cache-overlap",
            r#"{"input":400,"cacheRead":300,"inputAudio":200,"cacheReadAudio":100,"output":150,"outputAudio":50}"#,
            None,
        ),
    ];
    let cases: Vec<Value> = serde_json::from_str(include_str!("fixtures/prices/cases.json")).unwrap();
    let mut found = Vec::new();
    for case in cases.iter().filter(|case| case.get("body").is_some()) {
        // Named or not: nothing in them needs the provider.
        for provider in [case["provider"].as_str(), None] {
            let extracted = extract(&case["body"].to_string(), provider).unwrap();
            found.push((case["id"].as_str().unwrap(), extracted.usage.to_json(), extracted.service_tier));
        }
    }
    let twice = expected.iter().flat_map(|one| [one, one]);
    let twice: Vec<_> = twice.map(|(id, usage, tier)| (*id, (*usage).to_owned(), tier.map(str::to_owned))).collect();
    assert_eq!(found, twice);
}

#[test]
fn the_parts_sum_to_what_the_total_says() {
    let mut seen = 0;
    for (name, case) in cases() {
        let usage = [&case["body"]["usage"], &case["body"]["usageMetadata"], &case["body"]["response"]["usage"]]
            .into_iter()
            .find(|usage| usage.is_object());
        // Embeddings that tell their total only, totals that leave out what is beside, and what is not billed by tokens.
        let total = usage.and_then(|usage| {
            ["total_tokens", "totalTokenCount", "totalTokens"].into_iter().find_map(|key| usage[key].as_f64())
        });
        let (Some(total), Some(found)) = (total, extract(&text_of(&case), case["provider"].as_str())) else { continue };
        let beside = ["sonar-deep-research", "cached tokens left out", "a transcription is billed"];
        if beside.iter().any(|known| case.to_string().contains(known)) {
            continue;
        }
        seen += 1;
        assert_eq!(found.usage.total_tokens() as f64, total, "{name}");
    }
    assert!(seen > 30, "cases with a total: {seen}");
}

#[test]
fn a_stream_cut_anywhere_tells_the_same() {
    for (name, case) in
        cases().into_iter().filter(|(_, case)| case["text"].as_str().is_some_and(|text| text.contains("data:")))
    {
        let text = case["text"].as_str().unwrap();
        for size in [1, 7, 64, 1_000] {
            let mut stream = UsageStream::new(case["provider"].as_str());
            text.as_bytes().chunks(size).for_each(|bytes| stream.push(bytes).unwrap());
            stream.push(b"\n\n").unwrap();
            assert_eq!(stream.end(), extract(text, case["provider"].as_str()), "{name}, {size} bytes at a time");
        }
    }
}

#[test]
fn a_usage_object_alone_tells_the_same_counts() {
    for (name, case) in cases() {
        let Some(usage) = case["body"].get("usage").filter(|usage| usage.is_object()) else { continue };
        let text = usage.to_string();
        let alone =
            of_object(Raw::parse(&text).unwrap(), case["provider"].as_str().unwrap_or_default(), &mut Vec::new());
        let body = extract(&text_of(&case), case["provider"].as_str()).map(|found| found.usage);
        // What else of a body is billed: tools, pictures, and that it is a transcription.
        let (Some(alone), Some(body)) = (alone, body) else { continue };
        if ["output", "data", "text"].iter().all(|key| case["body"].get(key).is_none())
            && !name.contains("search")
            && !name.contains("speech")
            && !name.contains("stream")
        {
            assert_eq!(alone, body, "{name}");
        }
    }
}

#[test]
fn hostile_bodies_end() {
    let deep = format!("{}1{}", r#"{"response":"#.repeat(100_000), "}".repeat(100_000));
    assert_eq!(extract(&deep, None), None);
    let wide = format!(
        r#"{{"candidates":[{{"groundingMetadata":{{"webSearchQueries":[{}]}}}}],"usageMetadata":{{"promptTokenCount":1}}}}"#,
        (0..50_000).map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(",")
    );
    assert_eq!(extract(&wide, None).unwrap().usage.get(Unit::WebSearches), 1_000);
    let long = format!(r#"{{"usage":{{"prompt_tokens":{},"completion_tokens":1}}}}"#, "9".repeat(100_000));
    assert_eq!(extract(&long, None).unwrap().usage.get(Unit::Input), MAX_COUNT);
}

/// Any count as a provider might write it, and what is none.
fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => (0_u32..5_000).prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => "[0-9.e-]{0,6}|NaN".prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
    ]
}

/// Keys of every format, mixed as no provider would.
fn key() -> impl Strategy<Value = String> {
    let known: Vec<String> = cases()
        .iter()
        .flat_map(|(_, case)| {
            let mut keys = Vec::new();
            collect(&case["body"], &mut keys);
            keys
        })
        .collect();
    prop_oneof![9 => prop::sample::select(known), 1 => any::<String>()]
}

fn collect(value: &Value, keys: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
            collect(value, keys);
        }),
        Value::Array(items) => items.iter().for_each(|value| collect(value, keys)),
        _ => {}
    }
}

fn anything() -> impl Strategy<Value = Value> {
    number().prop_recursive(4, 60, 10, |inner| {
        prop_oneof![
            4 => prop::collection::vec((key(), inner.clone()), 0..10).prop_map(|all| Value::Object(all.into_iter().collect::<Map<_, _>>())),
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_json_gives_counts_that_hold_or_nothing(value in anything(), provider in prop::option::of("xai|anthropic|perplexity|x")) {
        let text = json!({ "usage": value, "model": "m" }).to_string();
        if let Some(found) = extract(&text, provider.as_deref()) {
            prop_assert!(found.usage.iter().all(|(_, count)| count <= MAX_COUNT));
            prop_assert!(found.usage.reasoning() <= found.usage.get(Unit::Output));
            prop_assert_eq!(Raw::parse(&found.to_json()).map(|_| ()), Ok(()));
            if let Some(cost) = &found.reported_cost {
                prop_assert!(cost.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'), "{cost}");
            }
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "[\\[\\]{}:,\"a-z0-9 \n]{0,60}|(data: |\\{\"usage\":|\\{|\\}|\n\n|1|,){0,12}") {
        extract(&text, None);
    }

    /// OpenAI's rules: what is inside is taken out, and nothing is lost or made.
    #[test]
    fn parts_of_an_openai_usage_sum_to_its_totals(
        prompt in 0_u64..100_000, completion in 0_u64..100_000, cached in 0_u64..100_000, written in 0_u64..100_000,
        audio in 0_u64..100_000, image in 0_u64..100_000, spoken in 0_u64..100_000, thought in 0_u64..100_000,
    ) {
        let body = json!({ "usage": {
            "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
            "prompt_tokens_details": { "cached_tokens": cached, "cache_write_tokens": written, "audio_tokens": audio, "image_tokens": image },
            "completion_tokens_details": { "audio_tokens": spoken, "reasoning_tokens": thought },
        } });
        let usage = extract(&body.to_string(), Some("openai")).unwrap().usage;
        prop_assert_eq!((usage.input_tokens(), usage.output_tokens()), (prompt, completion));
    }

    /// Anthropic's: what is beside is added.
    #[test]
    fn parts_of_an_anthropic_usage_sum_to_all_of_them(
        input in 0_u64..100_000, output in 0_u64..100_000, read in 0_u64..100_000, short in 0_u64..100_000, hour in 0_u64..100_000, more in 0_u64..100,
    ) {
        let body = json!({ "usage": {
            "input_tokens": input, "output_tokens": output, "cache_read_input_tokens": read, "cache_creation_input_tokens": short + hour + more,
            "cache_creation": { "ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": hour },
        } });
        let found = extract(&body.to_string(), None).unwrap();
        let get = |unit| found.usage.get(unit);
        prop_assert_eq!(
            (get(Unit::Input), get(Unit::CacheRead), get(Unit::CacheWrite), get(Unit::CacheWrite1h), get(Unit::Output)),
            (input, read, short + more, hour, output)
        );
        prop_assert!(found.warnings.is_empty());
    }

    /// Gemini's: the total is the sum of prompt, tools, candidates and thoughts.
    #[test]
    fn parts_of_a_gemini_usage_sum_to_its_total(
        prompt in 0_u64..100_000, cached in 0_u64..100_000, tools in 0_u64..1_000, candidates in 0_u64..100_000, thoughts in 0_u64..100_000, audio in 0_u64..100_000, cached_audio in 0_u64..100_000,
    ) {
        let body = json!({ "usageMetadata": {
            "promptTokenCount": prompt, "cachedContentTokenCount": cached.min(prompt), "toolUsePromptTokenCount": tools,
            "candidatesTokenCount": candidates, "thoughtsTokenCount": thoughts, "totalTokenCount": prompt + tools + candidates + thoughts,
            "promptTokensDetails": [{ "modality": "AUDIO", "tokenCount": audio.min(prompt) }],
            "cacheTokensDetails": [{ "modality": "AUDIO", "tokenCount": cached_audio.min(cached).min(audio).min(prompt) }],
        } });
        let usage = extract(&body.to_string(), None).unwrap().usage;
        prop_assert_eq!(usage.total_tokens(), prompt + tools + candidates + thoughts);
        prop_assert_eq!(usage.output_tokens(), candidates + thoughts);
    }
}
