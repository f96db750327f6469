use super::*;
use crate::{catalog::Book, error::Code, price::Custom};
use proptest::prelude::*;
use std::sync::Arc;

/// A dollar for a million tokens in and two out, so that a token in is a micro-dollar; writes at 1.25 and 2, audio at 10.
const BOOK: &str = r#"{"tollgate":1,"sources":[{"id":"a","name":"a test","retrievedAt":"2026-01-01"}],"models":[
    {"provider":"openai","id":"gpt-5","context":1000,"maxOutput":500,"rows":[{"source":"a","rates":{"input":"1","output":"2","cacheWrite":"1.25","webSearches":"0.01","fileSearches":"0.002"}}]},
    {"provider":"openai","id":"gpt-4o","context":1000,"maxOutput":500,"rows":[{"source":"a","rates":{"input":"1","output":"2","inputAudio":"10"}}]},
    {"provider":"openai","id":"open","rows":[{"source":"a","rates":{"input":"1","output":"2"}}]},
    {"provider":"openai","id":"gpt-4o-search-preview","context":1000,"maxOutput":500,"rows":[{"source":"a","rates":{"input":"1","output":"2","webSearches":"0.01"}}]},
    {"provider":"openai","id":"text-embedding-3-small","context":8191,"rows":[{"source":"a","rates":{"input":"1","output":"0"}}]},
    {"provider":"openai","id":"dall-e-3","rows":[{"source":"a","rates":{"images":"0.04"}}]},
    {"provider":"openai","id":"gpt-image-1","rows":[{"source":"a","rates":{"input":"1","inputImage":"2","outputImage":"8"}}]},
    {"provider":"anthropic","id":"claude-sonnet-4-5","context":2000,"maxOutput":600,"rows":[{"source":"a","rates":{"input":"1","output":"2","cacheRead":"0.1","cacheWrite":"1.25","cacheWrite1h":"2","webSearches":"0.01"}}]},
    {"provider":"anthropic","id":"claude-opus-4-7","context":9000,"maxOutput":600,"rows":[{"source":"a","rates":{"input":"1","output":"2"}}]},
    {"provider":"google","id":"gemini-2.5-flash","context":3000,"maxOutput":700,"rows":[{"source":"a","rates":{"input":"1","output":"2","inputAudio":"3","webSearches":"0.035"}}]},
    {"provider":"google","id":"gemini-3-pro","context":3000,"maxOutput":700,"rows":[{"source":"a","rates":{"input":"1","output":"2","webSearches":"0.014"}}]},
    {"provider":"xai","id":"grok-4","context":1000,"maxOutput":400,"rows":[{"source":"a","rates":{"input":"1","output":"2","webSearches":"0.025"}}]},
    {"provider":"perplexity","id":"sonar","context":1000,"maxOutput":400,"rows":[{"source":"a","rates":{"input":"1","output":"2","webSearches":"0.012"}}]},
    {"provider":"perplexity","id":"sonar-deep-research","context":1000,"maxOutput":400,"rows":[{"source":"a","rates":{"input":"1","output":"2","webSearches":"0.005"}}]},
    {"provider":"deepseek","id":"deepseek-chat","context":1000,"maxOutput":400,"rows":[{"source":"a","rates":{"input":"1","output":"2"}}]},
    {"provider":"openrouter","id":"cheap","maxOutput":400,"rows":[{"source":"a","rates":{"input":"1","output":"2"}}]},
    {"provider":"openrouter","id":"dear","maxOutput":400,"rows":[{"source":"a","rates":{"input":"10","output":"20"}}]}
]}"#;

fn tracker() -> Tracker {
    Tracker::new(Arc::new(Book::from_json(BOOK).unwrap()))
}

fn options() -> BoundOptions<'static> {
    BoundOptions::new(Instant::parse("2026-11-21").unwrap())
}

fn ask(body: &str) -> BoundAnswer {
    upper_bound(&tracker(), body, &options()).unwrap()
}

fn bound(body: &str) -> Bound {
    match ask(body) {
        BoundAnswer::Bounded(bound) => bound,
        BoundAnswer::Unpriced(unpriced) => panic!("{unpriced:?} of {body}"),
    }
}

fn refused(body: &str) -> Unpriced {
    match ask(body) {
        BoundAnswer::Bounded(bound) => panic!("{bound:?} of {body}"),
        BoundAnswer::Unpriced(unpriced) => unpriced,
    }
}

/// What `"<key>":<value>,` counts: the key, two quotes, a colon, a comma, and the value.
const fn member(key: &str, value: u64) -> u64 {
    key.len() as u64 + 4 + value
}

const FRAME: u64 = 512;
const TOOLS: u64 = 1_024;

/// `"messages":[{"role":"user","content":"hello"}],` and `"model":"<name>",`.
fn hello(model: &str) -> u64 {
    let message = 2 + member("role", 4) + member("content", 5);
    FRAME + member("model", model.len() as u64) + member("messages", 2 + 1 + message)
}

/// A chat completion that says hello, with more members.
fn chat(model: &str, more: &str) -> String {
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hello"}}]{more}}}"#)
}

/// Anthropic's messages, with more members.
fn claude(more: &str) -> String {
    format!(
        r#"{{"model":"claude-sonnet-4-5","max_tokens":100,"messages":[{{"role":"user","content":"hello"}}]{more}}}"#
    )
}

fn hello_claude() -> u64 {
    hello("claude-sonnet-4-5") + member("max_tokens", 3)
}

fn parts(bound: &Bound) -> Vec<String> {
    bound.cost.items.iter().map(|item| format!("{} {} {}", item.name, item.quantity, item.usd)).collect()
}

#[test]
fn a_text_counts_by_its_bytes_and_the_output_by_its_maximum() {
    // Input at the rate of a cache write, which OpenAI makes by itself: 1.25.
    let plain = bound(&chat("gpt-5", r#","max_completion_tokens":100"#));
    let input = hello("gpt-5") + member("max_completion_tokens", 3);
    assert_eq!((plain.input_tokens, plain.output_tokens), (input, 100));
    assert_eq!(plain.cost.usd.pico(), i128::from(input) * 1_250_000 + 100 * 2_000_000);
    assert_eq!(
        plain.assumptions,
        ["a token for each byte of the request's texts, and framing", "input tokens at the rate of cacheWrite"]
    );
    // No maximum: the model's. `n` multiplies the output and not the input. Of two maxima the larger.
    assert_eq!(bound(&chat("gpt-5", "")).output_tokens, 500);
    let many = bound(&chat("gpt-5", r#","n":3,"max_tokens":7"#));
    assert_eq!(
        (many.input_tokens, many.output_tokens),
        (hello("gpt-5") + member("n", 1) + member("max_tokens", 1), 21)
    );
    assert_eq!(bound(&chat("gpt-5", r#","max_tokens":7,"max_completion_tokens":9"#)).output_tokens, 9);
    // An escape stands for fewer bytes than it has, whatever way it is written.
    let [escaped, plain] =
        [r#""\u00e9""#, "\"é\""].map(|name| bound(&format!(r#"{{"model":"gpt-5","input":{name}}}"#)));
    assert_eq!(
        (escaped.input_tokens, plain.input_tokens),
        (FRAME + member("model", 5) + member("input", 2), escaped.input_tokens)
    );
    // A prediction that does not come true is output as well: 30 bytes of it.
    let prediction = r#","max_tokens":7,"prediction":{"type":"content","content":"x"}"#;
    assert_eq!(bound(&chat("gpt-5", prediction)).output_tokens, 7 + 32);
}

#[test]
fn exact_counts_take_the_place_of_bytes() {
    let count = |model: &str, text: &str| (model == "gpt-5" && text == "hello").then_some(1);
    let exact = |body: &str| {
        let answer = upper_bound(&tracker(), body, &BoundOptions { count: Some(&count), ..options() }).unwrap();
        let BoundAnswer::Bounded(bound) = answer else { panic!("bounded") };
        bound
    };
    let body = chat("gpt-5", "");
    assert_eq!(exact(&body).input_tokens, hello("gpt-5") - 5 + 1);
}

#[test]
fn tools_count_by_more_than_their_bytes() {
    let tool = r#","tools":[{"type":"function","function":{"name":"f"}}]"#;
    // tools: key 5+4, list 2+9, two objects of 24, members type (4+4+8), function (8+4), name (4+4+1); then the presence of
    // tools and 128 for each.
    let bytes = member("tools", 2 + 9 + 24 + member("type", 8) + member("function", 24 + member("name", 1)));
    assert_eq!(bound(&chat("gpt-5", tool)).input_tokens, hello("gpt-5") + bytes + TOOLS + 128);
    // Beyond ASCII a description may be written with escapes: six bytes a character.
    let [a, e] = ["a", "é"].map(|text| {
        bound(&chat(
            "gpt-5",
            &format!(r#","tools":[{{"type":"function","function":{{"name":"f","description":"{text}"}}}}]"#),
        ))
    });
    assert_eq!(e.input_tokens - a.input_tokens, 5);
    // Tools that the provider defines and the application runs: 2,048 for their definition.
    let bash = bound(&claude(r#","tools":[{"type":"bash_20250124","name":"bash"}]"#));
    let bytes = member("tools", 2 + 9 + 24 + member("type", 13) + member("name", 4));
    assert_eq!(bash.input_tokens, hello_claude() + bytes + TOOLS + 128 + 2_048);
}

#[test]
fn cache_writes_are_those_that_the_request_marks() {
    let marked =
        |mark: &str| parts(&bound(&claude(&format!(r#","system":[{{"type":"text","text":"s"{mark}}}]"#))))[0].clone();
    let system = member("system", 2 + 1 + 2 + member("type", 4) + member("text", 1));
    let input = hello_claude() + system;
    assert_eq!(marked(""), format!("input {input} {}", Usd::from_pico(i128::from(input) * 1_000_000).unwrap()));
    let input = input + member("cache_control", 2 + member("type", 9));
    let short = format!("input {input} {}", Usd::from_pico(i128::from(input) * 1_250_000).unwrap());
    assert_eq!(marked(r#","cache_control":{"type":"ephemeral"}"#), short);
    let input = input + member("ttl", 2);
    let long = format!("input {input} {}", Usd::from_pico(i128::from(input) * 2_000_000).unwrap());
    assert_eq!(marked(r#","cache_control":{"type":"ephemeral","ttl":"1h"}"#), long);
}

use crate::money::Usd;

#[test]
fn media_count_by_the_most_that_they_can_be() {
    let image = |model: &str, detail: &str| {
        let parts = format!(r#"[{{"type":"image_url","image_url":{{"url":"data:,"{detail}}}}}]"#);
        bound(&format!(r#"{{"model":"{model}","max_tokens":1,"messages":[{{"role":"user","content":{parts}}}]}}"#))
            .cost
            .items[1]
            .quantity
    };
    assert_eq!(image("gpt-4o", r#","detail":"high""#), 1_445, "85 and 8 tiles of 170");
    assert_eq!(image("gpt-4o", r#","detail":"low""#), 85);
    assert_eq!(image("gpt-5", r#","detail":"high""#), 6_150, "2,500 patches at 2.46");
    assert_eq!(image("gpt-5", ""), 24_600, "10,000 patches at 2.46");
    let claude = |model: &str| {
        let body = format!(
            r#"{{"model":"{model}","max_tokens":1,"messages":[{{"role":"user","content":[{{"type":"image","source":{{"type":"url","url":"u"}}}}]}}]}}"#
        );
        bound(&body).cost.items[1].quantity
    };
    assert_eq!(
        (claude("claude-sonnet-4-5"), claude("claude-opus-4-7")),
        (3_278, 8_464),
        "1,568^2 / 750; (2,576 / 28)^2"
    );
    // Audio: a token for each byte, and at most what fits, at the audio rate.
    let audio = |data: &str| {
        let body = format!(
            r#"{{"model":"gpt-4o","max_tokens":1,"messages":[{{"role":"user","content":[{{"type":"input_audio","input_audio":{{"data":"{data}","format":"wav"}}}}]}}]}}"#
        );
        parts(&bound(&body))[1].clone()
    };
    assert_eq!(audio("AAAA"), "inputAudio 4 0.00004");
    assert_eq!(audio(&"A".repeat(4_000)), "inputAudio 1000 0.01");
    let gemini = |part: &str| {
        let body = format!(r#"{{"contents":[{{"parts":[{part}]}}],"generationConfig":{{"maxOutputTokens":9}}}}"#);
        let answer =
            upper_bound(&tracker(), &body, &BoundOptions { model: Some("gemini-2.5-flash"), ..options() }).unwrap();
        let BoundAnswer::Bounded(bound) = answer else { panic!("bounded") };
        bound
    };
    assert_eq!(parts(&gemini(r#"{"inlineData":{"mimeType":"image/png","data":"AA"}}"#))[1], "inputImage 4128 0.004128");
    assert_eq!(
        parts(&gemini(r#"{"inline_data":{"mime_type":"audio/mp3","data":"AAAA"}}"#))[1],
        "inputAudio 4 0.000012"
    );
    // A video, a file elsewhere, a document: whatever fits into the window, at the dearest rate of all.
    for part in [
        r#"{"inlineData":{"mimeType":"video/mp4","data":"AA"}}"#,
        r#"{"fileData":{"mimeType":"application/pdf","fileUri":"u"}}"#,
        r#"{"fileData":{"mimeType":"audio/mp3","fileUri":"u"}}"#,
    ] {
        let bound = gemini(part);
        assert_eq!((bound.input_tokens, parts(&bound)[0].as_str()), (3_000, "input 3000 0.009"), "{part}");
    }
}

#[test]
fn what_the_request_does_not_show_is_the_context_window() {
    for (body, why) in [
        (r#"{"model":"gpt-5","input":"x","previous_response_id":"r"}"#, "earlier turns that lie at the provider"),
        (r#"{"model":"gpt-5","input":"x","conversation":{"id":"c"}}"#, "earlier turns that lie at the provider"),
        (
            r#"{"model":"gpt-5","input":[{"type":"item_reference","id":"i"}]}"#,
            "files or items whose content is not in it",
        ),
        (
            r#"{"model":"gpt-5","input":[{"role":"user","content":[{"type":"input_file","file_id":"f"}]}]}"#,
            "files or items whose content is not in it",
        ),
        (
            r#"{"model":"gpt-5","input":"x","tools":[{"type":"computer_use_preview"}]}"#,
            "tools whose definition is the provider's",
        ),
        (r#"{"model":"gpt-5","messages":[{"role":"assistant","audio":{"id":"a"}}]}"#, "audio of an earlier answer"),
        (
            r#"{"model":"gpt-5","messages":[{"role":"user","content":[{"type":"video_url","video_url":{"url":"u"}}]}]}"#,
            "files or items whose content is not in it",
        ),
    ] {
        let bound = bound(body);
        assert_eq!((bound.input_tokens, bound.output_tokens), (1_000, 500), "{body}");
        assert_eq!(
            bound.assumptions[0],
            format!("input up to the context window of 1000 tokens, since the request has {why}")
        );
    }
    let unknown = refused(r#"{"model":"open","input":"x","previous_response_id":"r","max_output_tokens":5}"#);
    assert_eq!(unknown.reason, Reason::Unbounded);
    assert_eq!(
        unknown.detail,
        "the request has earlier turns that lie at the provider, which its size does not bound, and no context window is known of the model"
    );
    // A document of plain text is text; one that is cited is cut up, by rules that nobody knows.
    let document = |more: &str| {
        bound(&claude(&format!(r#","system":[{{"type":"document","source":{{"type":"text","data":"d"}}{more}}}]"#)))
    };
    assert!(document("").input_tokens < 800);
    assert_eq!(document(r#","citations":{"enabled":true}"#).input_tokens, 2_000);
}

#[test]
fn tools_that_the_provider_runs_bill_each_call() {
    // Two calls: three passes with the window of 1,000 and the maximum of 7, and two fees.
    let search = bound(
        r#"{"model":"gpt-5","input":"x","max_output_tokens":7,"max_tool_calls":2,"tools":[{"type":"web_search"},{"type":"file_search"}]}"#,
    );
    assert_eq!((search.input_tokens, search.output_tokens), (3_000, 21));
    assert_eq!(
        parts(&search),
        ["input 3000 0.00375", "output 21 0.000042", "webSearches 2 0.02", "fileSearches 2 0.004"]
    );
    assert_eq!(
        search.assumptions,
        [
            "up to 2 calls of the provider's tools, each with the whole context window",
            "input up to the context window of 1000 tokens, since the request has tools that the provider runs",
            "output up to 7 tokens in each of 3 passes",
            "input tokens at the rate of cacheWrite",
        ]
    );
    // Anthropic: three uses, but ten passes of its own at least, before it pauses the turn.
    let claude = |tools: &str| claude(&format!(r#","tools":[{tools}]"#));
    let search = bound(&claude(r#"{"type":"web_search_20250305","name":"web_search","max_uses":3}"#));
    assert_eq!(parts(&search), ["input 22000 0.022", "output 1100 0.0022", "webSearches 3 0.03"]);
    let search =
        bound(&claude(r#"{"type":"web_search_20250305","max_uses":8},{"type":"web_fetch_20250910","max_uses":6}"#));
    assert_eq!(parts(&search), ["input 30000 0.03", "output 1500 0.003", "webSearches 8 0.08"], "14 calls, 15 passes");
    // Gemini 2 bills a grounded prompt once; xAI each source; Perplexity each request.
    let grounded = r#"{"model":"gemini-2.5-flash","contents":[],"tools":[{"googleSearch":{}}],"generationConfig":{"maxOutputTokens":9,"candidateCount":2}}"#;
    assert_eq!(parts(&bound(grounded)), ["input 3000 0.009", "output 18 0.000036", "webSearches 1 0.035"]);
    let live = bound(&chat("grok-4", r#","search_parameters":{"max_search_results":3},"max_completion_tokens":9"#));
    assert_eq!(parts(&live), ["input 1000 0.001", "output 9 0.000018", "webSearches 3 0.075"]);
    let off = bound(&chat("grok-4", r#","search_parameters":{"mode":"off"},"max_completion_tokens":9"#));
    assert_eq!(off.cost.items.len(), 2);
    let sonar = bound(&chat("sonar", r#","max_tokens":9"#));
    assert_eq!(parts(&sonar)[1..], ["output 9 0.000018", "webSearches 1 0.012"]);
}

#[test]
fn what_nothing_bounds_has_no_bound() {
    for body in [
        r#"{"model":"gpt-5","input":"x","tools":[{"type":"web_search"}]}"#.to_owned(),
        r#"{"model":"gpt-5","input":"x","tools":[{"type":"mcp","server_url":"u"}]}"#.into(),
        r#"{"model":"gpt-5","input":"x","max_tool_calls":2,"tools":[{"type":"image_generation"}]}"#.into(),
        r#"{"model":"gpt-5","input":"x","max_tool_calls":2,"tools":[{"type":"code_interpreter","container":{"type":"auto","memory_limit":"4g"}}]}"#.into(),
        r#"{"model":"gpt-5","input":"x","max_tool_calls":2,"tools":[{"type":"new_tool"}]}"#.into(),
        r#"{"model":"gpt-5","prompt":{"id":"p"}}"#.into(),
        r#"{"model":"gpt-5","input":"x","context_management":[{"type":"compaction"}]}"#.into(),
        r#"{"model":"gpt-5","input":"x","reasoning":{"mode":"pro"}}"#.into(),
        r#"{"model":"gpt-5","input":[{"type":"additional_tools","tools":[]}]}"#.into(),
        r#"{"model":"grok-4","input":"x","max_tool_calls":2,"tools":[{"type":"web_search"}]}"#.into(),
        chat("gpt-5", r#","web_search_options":{}"#),
        chat("gpt-4o-search-preview", r#","max_tokens":5"#),
        chat("sonar-deep-research", ""),
        chat("gpt-5", r#","tools":[{"type":"browser_search"}]"#),
        chat("open", ""),
        claude(r#","tools":[{"type":"web_search_20250305","name":"web_search"}]"#),
        claude(r#","tools":[{"type":"code_execution_20250825","name":"code"}]"#),
        claude(r#","tools":[{"type":"advisor_20260301","model":"m","max_uses":1}]"#),
        claude(r#","context_management":{"edits":[{"type":"compact_20260112"}]}"#),
        claude(r#","fallbacks":"default""#),
        r#"{"model":"gemini-3-pro","contents":[],"tools":[{"googleSearch":{}}]}"#.into(),
        r#"{"model":"gemini-2.5-flash","contents":[],"tools":[{"codeExecution":{}}]}"#.into(),
    ] {
        assert_eq!(refused(&body).reason, Reason::Unbounded, "{body}");
    }
    // A model that nobody knows has no price, whatever the request may use.
    assert_eq!(refused(r#"{"model":"nope","input":"x","tools":[{"type":"web_search"}]}"#).reason, Reason::UnknownModel);
    // A fee that the model has no rate for is no bound either.
    let body = r#"{"model":"gpt-4o","input":"x","max_tool_calls":1,"tools":[{"type":"web_search"}]}"#;
    assert_eq!(refused(body).reason, Reason::NoRate);
}

#[test]
fn other_endpoints() {
    let base = |model: &str| FRAME + member("model", model.len() as u64);
    let embedding = bound(r#"{"model":"text-embedding-3-small","input":["ab","c"],"encoding_format":"float"}"#);
    let input = base("text-embedding-3-small") + member("input", 2 + 2 + 3) + member("encoding_format", 5);
    assert_eq!((embedding.input_tokens, embedding.output_tokens, embedding.cost.items.len()), (input, 0, 1));
    // Two prompts, three answers to each, of 16 tokens where nothing else is said.
    assert_eq!(bound(r#"{"model":"gpt-5","prompt":["a","b"],"best_of":3,"n":2}"#).output_tokens, 2 * 3 * 16);
    assert_eq!(bound(r#"{"model":"gpt-5","prompt":[1,2,3],"max_tokens":5}"#).output_tokens, 5);
    // By the image.
    assert_eq!(parts(&bound(r#"{"model":"dall-e-3","prompt":"a cat","n":2,"size":"1024x1024"}"#)), ["images 2 0.08"]);
    // By the token: 6,240 and 100 for an image on the way, each of two.
    let image = bound(r#"{"model":"gpt-image-1","prompt":"a cat","n":2,"size":"1024x1024","partial_images":1}"#);
    assert_eq!(parts(&image)[1], "output 12680 0.10144");
}

#[test]
fn the_dearest_of_the_models_that_may_answer() {
    let body = r#"{"model":"cheap","models":["cheap","dear"],"messages":[],"max_tokens":10}"#;
    let both = bound(body);
    assert_eq!(both.cost.model, "dear");
    assert_eq!(both.assumptions.last().unwrap(), "the dearest of 2 models that may answer");
    let fallbacks = ["dear".to_owned()];
    let options = BoundOptions { fallbacks: &fallbacks, ..options() };
    let BoundAnswer::Bounded(same) =
        upper_bound(&tracker(), r#"{"model":"cheap","messages":[],"max_tokens":10}"#, &options).unwrap()
    else {
        panic!("bounded")
    };
    assert_eq!(same.cost.model, "dear");
    let nope = refused(r#"{"model":"cheap","models":["nope"],"messages":[],"max_tokens":10}"#);
    assert_eq!(nope.reason, Reason::UnknownModel);
    // One that documents `max_tokens` alone may pass over the other.
    assert_eq!(bound(&chat("deepseek-chat", r#","max_completion_tokens":10"#)).output_tokens, 400);
    assert_eq!(bound(&chat("deepseek-chat", r#","max_tokens":10"#)).output_tokens, 10);
}

#[test]
fn a_cap_holds_the_output() {
    let capped = |body: &str, cap| {
        let BoundAnswer::Bounded(bound) =
            upper_bound(&tracker(), body, &BoundOptions { cap: Some(cap), ..options() }).unwrap()
        else {
            panic!("bounded")
        };
        bound.output_tokens
    };
    assert_eq!(capped(&chat("gpt-5", ""), 7), 7);
    assert_eq!(capped(&chat("gpt-5", r#","max_tokens":5"#), 7), 5);
    assert_eq!(capped(&chat("open", ""), 7), 7);
    let promised = BoundOptions { max_output: Some(6), ..options() };
    let BoundAnswer::Bounded(bound) = upper_bound(&tracker(), &chat("open", ""), &promised).unwrap() else {
        panic!("bounded")
    };
    assert_eq!(bound.output_tokens, 6);
}

#[test]
fn rates_of_the_callers_own_bound_too() {
    let mut tracker = tracker();
    let mut custom = Custom::default();
    custom.set_rate("input", "3").unwrap();
    custom.set_rate("output", "4").unwrap();
    tracker.set_custom("mine", custom).unwrap();
    let answer = upper_bound(&tracker, &chat("mine", r#","max_tokens":10"#), &options()).unwrap();
    let BoundAnswer::Bounded(bound) = answer else { panic!("bounded") };
    assert_eq!(bound.cost.usd.pico(), i128::from(bound.input_tokens) * 3_000_000 + 10 * 4_000_000);
}

#[test]
fn what_is_no_request_is_refused_by_name() {
    for (body, message) in [
        ("", "cannot read request: expected JSON, found an error at line 1 column 1"),
        ("{\"a\":", "cannot read request: expected JSON, found an error at line 1 column 6"),
        ("[]", "cannot read request: expected a JSON object without repeated keys, found an array"),
        (
            r#"{"model":"a","model":"b"}"#,
            "cannot read request: expected a JSON object without repeated keys, found a repeated key",
        ),
        (r#"{"messages":[]}"#, "cannot read request: expected model to be a non-empty string, found none"),
        (r#"{"model":" ","messages":[]}"#, "cannot read request: expected model to be a non-empty string, found none"),
        (
            r#"{"model":5,"messages":[]}"#,
            "cannot read request: expected model to be a non-empty string, found a number",
        ),
        (
            r#"{"model":"gpt-5"}"#,
            "cannot read request: expected one of messages, input, prompt, contents, found none of them",
        ),
        (
            r#"{"model":"gpt-5","messages":[],"max_tokens":"9"}"#,
            "cannot read request: expected max_tokens to be a whole number, found a string",
        ),
        (
            r#"{"model":"gpt-5","messages":[],"max_tokens":-9}"#,
            "cannot read request: expected max_tokens to be a whole number, found a negative number",
        ),
        (
            r#"{"model":"gpt-5","messages":[],"max_tokens":0.5}"#,
            "cannot read request: expected max_tokens to be a whole number, found a number",
        ),
        (
            r#"{"model":"gpt-5","messages":[],"n":-1}"#,
            "cannot read request: expected n to be a whole number, found a negative number",
        ),
        (
            r#"{"model":"gpt-5","messages":[],"service_tier":1}"#,
            "cannot read request: expected service_tier to be a string, found a number",
        ),
        (
            r#"{"model":"gpt-5","input":"x","max_tool_calls":[]}"#,
            "cannot read request: expected max_tool_calls to be a whole number, found an array",
        ),
    ] {
        let error = upper_bound(&tracker(), body, &options()).unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::InvalidInput, message), "{body}");
    }
}

#[test]
fn huge_numbers_and_deep_values_are_bounded_or_refused() {
    let huge = refused(&chat("gpt-5", r#","max_tokens":9007199254740992000,"n":9007199254740992000"#));
    assert_eq!(
        (huge.reason, huge.detail.as_str()),
        (Reason::InvalidUsage, "the usage would cost more than 1000000000000000 USD")
    );
    // Nothing is read that deep: it may be anything.
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    assert_eq!(bound(&chat("gpt-5", &format!(r#","metadata":{deep}"#))).input_tokens, 1_000);
}

proptest! {
    /// No body makes it panic, and more text never makes it less.
    #[test]
    fn more_text_is_never_less(said in any::<String>(), more in any::<String>()) {
        let body = |text: &str| format!(r#"{{"model":"gpt-5","messages":[{{"role":"user","content":{}}}]}}"#, crate::json::quote(text));
        let (less, all) = (bound(&body(&said)), bound(&body(&format!("{said}{more}"))));
        prop_assert!(all.input_tokens >= less.input_tokens && all.cost.usd >= less.cost.usd);
        prop_assert!(less.input_tokens >= said.len() as u64);
    }

    #[test]
    fn no_body_panics(text in "[\\[\\]{}:,\"a-z0-9.eE+-]{0,60}", key in "(messages|input|contents|prompt|tools|max_tokens|n)") {
        let _ = upper_bound(&tracker(), &text, &options());
        let _ = upper_bound(&tracker(), &format!(r#"{{"model":"gpt-5","messages":[],"{key}":{text}}}"#), &options());
        let _ = upper_bound(&tracker(), &format!(r#"{{"model":"claude-sonnet-4-5","system":"","messages":[],"{key}":[{text}]}}"#), &options());
    }
}
