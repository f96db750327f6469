use super::*;

/// A token for each word: what exact counts are told apart by.
fn words(_: &str, text: &str) -> Option<u64> {
    Some(text.split_whitespace().count() as u64)
}

fn exact(body: &str) -> RequestCount {
    count_request(body, &CountOptions { count: Some(&words), ..CountOptions::default() }).unwrap()
}

fn likely(body: &str) -> RequestCount {
    count_request(body, &CountOptions::default()).unwrap()
}

#[test]
fn chats_are_texts_and_what_stands_around() {
    let found = exact(
        r#"{"model":"gpt-4o","messages":[
            {"role":"system","content":"be good"},
            {"role":"user","name":"ann","content":[{"type":"text","text":"one two three"}]},
            {"role":"assistant","content":"four"}]}"#,
    );
    assert!(found.exact);
    assert_eq!(found.part(Part::System).tokens, 2);
    assert_eq!(found.part(Part::Messages).tokens, 4);
    assert_eq!(found.part(Part::Names).tokens, 2);
    assert_eq!(found.part(Part::Framing).tokens, 3 * 4 + 3);
    assert_eq!(found.total, Tokens::known(23));
    assert_eq!(
        found.to_json(),
        r#"{"tokens":23,"exact":true,"low":23,"high":23,"parts":{"messages":4,"system":2,"names":2,"framing":15}}"#
    );
}

#[test]
fn every_format_is_read() {
    for (name, body, part, tokens) in [
        ("responses, a text", r#"{"model":"gpt-4o","input":"a b c"}"#, Part::Messages, 3),
        ("responses, instructions", r#"{"model":"gpt-4o","instructions":"a b","input":"c"}"#, Part::System, 2),
        (
            "responses, items",
            r#"{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_text","text":"a b"}]},
                {"type":"function_call","name":"f","arguments":"x y"},{"type":"function_call_output","output":"p q r"}]}"#,
            Part::ToolCalls,
            8 + 1 + 2,
        ),
        (
            "anthropic, system and results",
            r#"{"model":"claude-sonnet-4-5","system":[{"type":"text","text":"a b c"}],"messages":[
                {"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"d e"}]}]}"#,
            Part::ToolResults,
            4 + 2,
        ),
        (
            "anthropic, thinking of before",
            r#"{"model":"claude-sonnet-4-5","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"a b c"}]}]}"#,
            Part::Messages,
            0,
        ),
        ("gemini", r#"{"contents":[{"role":"user","parts":[{"text":"a b"},{"text":"c"}]}]}"#, Part::Messages, 3),
        (
            "gemini, one content",
            r#"{"contents":{"parts":[{"text":"a b"}]},"systemInstruction":{"parts":[{"text":"s"}]}}"#,
            Part::System,
            1,
        ),
        (
            "gemini, calls",
            r#"{"contents":[{"parts":[{"functionCall":{"name":"f","args":{"a":1}}}]}]}"#,
            Part::ToolCalls,
            8 + 1 + 1,
        ),
        ("completions", r#"{"model":"gpt-3.5-turbo-instruct","prompt":["a b","c"]}"#, Part::Messages, 3),
        ("tokens", r#"{"model":"davinci-002","prompt":[1,2,3,4]}"#, Part::Messages, 4),
        ("embeddings", r#"{"model":"text-embedding-3-small","input":["a b","c"]}"#, Part::Messages, 3),
        (
            "a kind that nobody knows",
            r#"{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"new","x":"a b"}]}]}"#,
            Part::Messages,
            2,
        ),
    ] {
        let found = exact(body);
        assert_eq!(found.part(part).tokens, tokens, "{name}: {found:?}");
    }
}

#[test]
fn tools_are_counted_by_the_cookbook() {
    // name:description; then property:type:description; 12 for all, 7 for the tool, 3 for properties, 3 for each, less 3 and 3 a value for an enumeration.
    let found = exact(
        r#"{"model":"gpt-4o","messages":[],"tools":[{"type":"function","function":{"name":"weather","description":"Gets it now.",
            "parameters":{"type":"object","properties":{
                "city":{"type":"string","description":"of some kind"},
                "unit":{"type":"string","description":"c or f","enum":["c","f"]}}}}}]}"#,
    );
    assert_eq!(found.part(Part::Tools).tokens, 12 + 7 + 3 + 3 + 3 + (3 + 3) + (3 + 1 + 1 + 3));
}

#[test]
fn files_are_counted_by_their_headers() {
    // A PNG of 1,024 by 1,024.
    let png = "iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAYAAAA";
    for (name, body, part, tokens) in [
        (
            "a picture",
            format!(r#"{{"model":"gpt-4o","messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{png}"}}}}]}}]}}"#),
            Part::Images,
            765,
        ),
        (
            "one of low detail",
            format!(r#"{{"model":"gpt-4o","input":[{{"role":"user","content":[{{"type":"input_image","detail":"low","image_url":"data:image/png;base64,{png}"}}]}}]}}"#),
            Part::Images,
            85,
        ),
        (
            "anthropic's",
            format!(r#"{{"model":"claude-sonnet-4-5","messages":[{{"role":"user","content":[{{"type":"image","source":{{"type":"base64","data":"{png}"}}}}]}}]}}"#),
            Part::Images,
            1_369,
        ),
        (
            "gemini's",
            format!(r#"{{"model":"gemini-2.5-flash","contents":[{{"parts":[{{"inlineData":{{"mimeType":"image/png","data":"{png}"}}}}]}}]}}"#),
            Part::Images,
            258 * 4,
        ),
        (
            "three pages",
            r#"{"model":"gemini-2.5-flash","contents":[{"parts":[{"inlineData":{"mimeType":"application/pdf","data":"JVBERi0xLjQgL0NvdW50IDM="}}]}]}"#.to_owned(),
            Part::Documents,
            3 * 258,
        ),
        (
            "a text in a document",
            r#"{"model":"claude-sonnet-4-5","messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","data":"a b c"}}]}]}"#.to_owned(),
            Part::Documents,
            3,
        ),
    ] {
        let found = exact(&body);
        assert_eq!(found.part(part).tokens, tokens, "{name}: {found:?}");
    }
}

#[test]
fn what_lies_elsewhere_is_between() {
    for (body, part) in [
        (
            r#"{"model":"gpt-5","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}"#,
            Part::Images,
        ),
        (
            r#"{"model":"gpt-5","input":[{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}]}"#,
            Part::Documents,
        ),
        (
            r#"{"model":"gpt-4o-audio-preview","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"T2dnUw==","format":"ogg"}}]}]}"#,
            Part::Audio,
        ),
        (
            r#"{"model":"gemini-2.5-pro","contents":[{"parts":[{"fileData":{"mimeType":"video/mp4","fileUri":"x"}}]}]}"#,
            Part::Audio,
        ),
        (r#"{"model":"claude-opus-4-8","messages":[],"tools":[{"type":"bash_20250124","name":"bash"}]}"#, Part::Tools),
    ] {
        let found = exact(body);
        let part = found.part(part);
        assert!(!found.exact && part.low < part.high, "{body}: {found:?}");
    }
}

#[test]
fn published_counts_are_in_the_band() {
    // Anthropic's own examples, of its page on counting tokens.
    for (body, expected) in [
        (
            r#"{"model":"claude-opus-4-1","system":"You are a scientist","messages":[{"role":"user","content":"Hello, Claude"}]}"#,
            14,
        ),
        (
            r#"{"model":"claude-opus-4-1","tools":[{"name":"get_weather","description":"Get the current weather in a given location",
                "input_schema":{"type":"object","properties":{"location":{"type":"string","description":"The city and state, e.g. San Francisco, CA"}},
                "required":["location"]}}],"messages":[{"role":"user","content":"What's the weather like in San Francisco?"}]}"#,
            403,
        ),
    ] {
        let found = likely(body);
        assert!(!found.exact);
        assert!(found.total.low <= expected && expected <= found.total.high, "{expected}: {found:?}");
    }
}

#[test]
fn what_is_no_request_is_refused() {
    for (body, said) in [
        ("{", "cannot read request: expected JSON, found an error at line 1 column 2"),
        ("[]", "cannot read request: expected a JSON object, found an array"),
        ("{}", "cannot read request: expected one of messages, input, prompt, contents, found none of them"),
        (r#"{"model":1,"messages":[]}"#, "cannot read request: expected model to be a string, found a number"),
        (r#"{"messages":"x"}"#, "cannot read request: expected messages to be an array, found a string"),
    ] {
        assert_eq!(count_request(body, &CountOptions::default()).unwrap_err().message(), said);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

    /// The parts are the whole, in order, whatever stands in a request; and counting exactly is within what is likely to be.
    #[test]
    fn parts_are_the_whole(texts in proptest::collection::vec("\\PC{0,40}", 1..5), model in 0_usize..4, nested in 0_usize..200) {
        let model = ["gpt-4o", "claude-sonnet-4-5", "gemini-2.5-pro", "grok-4"][model];
        let messages: Vec<String> = texts.iter().map(|text| format!(r#"{{"role":"user","content":{}}}"#, crate::json::quote(text))).collect();
        let deep = format!("{}{}", "[".repeat(nested), "]".repeat(nested));
        let body = format!(r#"{{"model":"{model}","messages":[{},{{"role":"user","content":{}}}]}}"#, messages.join(","), if nested == 0 { "null" } else { &deep });
        let found = likely(&body);
        let mut sum = Tokens::default();
        found.parts.iter().for_each(|part| sum.add(*part));
        proptest::prop_assert_eq!(sum, found.total);
        proptest::prop_assert!(found.total.low <= found.total.tokens && found.total.tokens <= found.total.high);
    }
}
