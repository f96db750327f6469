//! The guarded call, driven by a host that is a script: what happens in which order, and that nothing is ever owed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::VecDeque, sync::Arc};

use proptest::prelude::*;
use tollgate::{
    call::{Call, Fallback, Guarded, Judge, Options, Out, Outcome, OutputBound, Reserved, Step},
    catalog::Book,
    error::{Code, Error},
    guard::{Action, Config, Scanner},
    json::Json,
    money::Usd,
    price::{Custom, Tracker},
    provider::{
        format::Format,
        http::{Backoff, Head},
    },
    time::Instant,
};

const NOW: i64 = 1_790_000_000_000;

/// 1 USD a million input tokens, 2 USD a million output tokens; 20 for those of `dear`.
fn tracker() -> Tracker {
    let mut tracker = Tracker::new(Arc::new(Book::empty()));
    for (model, output) in [("m", "2"), ("dear", "20")] {
        let mut custom = Custom::default();
        custom.set_rate("input", "1").unwrap();
        custom.set_rate("output", output).unwrap();
        tracker.set_custom(model, custom).unwrap();
    }
    tracker
}

fn options() -> Options {
    Options {
        request_id: "r".into(),
        reservation_id: "r".into(),
        agent_id: "a".into(),
        format: Format::Chat,
        model: None,
        is_mapped: false,
        stream: None,
        raw: false,
        provider: "openai".into(),
        region: None,
        scopes: Vec::new(),
        metadata: Json::parse(r#"{"k":"v"}"#).ok(),
        guard: true,
        costs: true,
        budgets: true,
        records: true,
        default_max_output: 100,
        output_bound: OutputBound::Inject,
        allow_unbounded: false,
        max_retries: 2,
        backoff: Backoff::default(),
        timeout_ms: 1_000,
        fallbacks: Vec::new(),
    }
}

const BODY: &str = r#"{"model":"m","messages":[{"role":"user","content":"hello"}]}"#;
const STREAM_BODY: &str = r#"{"model":"m","messages":[{"role":"user","content":"hello"}],"stream":true}"#;
const ANSWER: &str = r#"{"id":"x","model":"m-2026","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5},"odd":1.0}"#;

/// What the host's next `fetch` does.
#[derive(Clone, Debug)]
enum Fetch {
    Answer(u16, String),
    Rejects(Outcome),
    /// The head came, then the body broke off.
    Cut(u16, Outcome),
    /// Pieces, and how it ends.
    Stream(Vec<Vec<u8>>, Option<Outcome>),
}

#[derive(Default)]
struct Host {
    fetches: VecDeque<Fetch>,
    /// Outcomes of the guardrails; passes when none is left.
    guards: VecDeque<Guarded>,
    /// The budget refuses from this reservation on.
    refuse_from: Option<usize>,
    /// What the budget has left at each reservation; it refuses more.
    left: VecDeque<Usd>,
    /// A budget binds that can refuse.
    strict: bool,
    log: Vec<String>,
    sent: Vec<String>,
    out: Vec<Out>,
    records: Vec<serde_json::Value>,
    /// What scans a stream.
    scanner: Option<Scanner>,
}

impl Host {
    fn run(&mut self, call: &mut Call) -> Result<(), Error> {
        let tracker = tracker();
        let mut now = NOW;
        let mut reserved = 0;
        let mut response = None;
        for _ in 0..200 {
            now += 10;
            let at = Instant::from_ms(now);
            let step = call.next(&tracker, at);
            match step {
                Step::Guard { stage, texts } => {
                    self.log.push(format!(
                        "guard {} {}",
                        stage.as_str(),
                        texts.texts.iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join("|")
                    ));
                    let outcome = self.guards.pop_front().unwrap_or(Guarded { passed: true, ..Guarded::default() });
                    self.out.extend(call.guarded(&outcome)?);
                }
                Step::Budgets { .. } => call.budgeted(self.strict, true, &tracker, at),
                Step::Reserve { id, usd, .. } => {
                    self.log.push(format!("reserve {id} {usd}"));
                    let left = self.left.pop_front();
                    let refuse =
                        self.refuse_from.is_some_and(|from| reserved >= from) || left.is_some_and(|left| usd > left);
                    reserved += 1;
                    call.reserved(Reserved {
                        allowed: !refuse,
                        budget: Json::parse(r#"{"name":"team","limitUsd":"0.0001"}"#).ok(),
                        remaining: left.unwrap_or(Usd::parse("0.00005").unwrap()),
                        ..Reserved::default()
                    });
                }
                Step::Fetch => {
                    call.sent(at, format!("record-{}", self.sent.len()));
                    self.sent.push(call.body().to_owned());
                    self.log.push("fetch".into());
                    match self.fetches.pop_front().expect("no fetch was expected") {
                        Fetch::Rejects(why) => call.failed(&why, at, &|| 0.5),
                        fetch => {
                            let (status, kind) = match &fetch {
                                Fetch::Answer(status, _) | Fetch::Cut(status, _) => (*status, "application/json"),
                                _ => (200, "text/event-stream"),
                            };
                            response = Some(fetch);
                            if let Some(scanner) = &self.scanner {
                                call.scan_with(scanner.clone());
                            }
                            call.responded(
                                Head { status, content_type: kind.into(), ..Head::default() },
                                Judge::default(),
                            );
                        }
                    }
                }
                Step::Body => match response.take().unwrap() {
                    Fetch::Answer(_, body) => call.received(body, &tracker, at, &|| 0.5),
                    Fetch::Cut(_, why) => call.failed(&why, at, &|| 0.5),
                    other => panic!("{other:?}"),
                },
                Step::Stream => {
                    let Some(Fetch::Stream(pieces, end)) = response.take() else { panic!("no stream") };
                    for piece in pieces {
                        self.out.extend(call.chunk(&piece, &tracker, at));
                        while let Some(growth) = call.to_grow() {
                            self.log.push(format!("grow {} {}", growth.id, growth.usd));
                            let Some(left) = self.left.pop_front() else {
                                self.out.extend(call.grow_failed("a stand-in"));
                                continue;
                            };
                            let outcome = Reserved {
                                allowed: growth.usd <= left,
                                budget: Json::parse(r#"{"name":"team","limitUsd":"0.01"}"#).ok(),
                                remaining: left,
                                ..Reserved::default()
                            };
                            self.out.extend(call.grown(outcome, &tracker, at));
                        }
                        if call.stream_ended() {
                            break;
                        }
                    }
                    self.out.extend(call.finish(end.as_ref(), &tracker, at));
                }
                Step::Wait { .. } => self.log.push("wait".into()),
                Step::Settle { id, usd, mark, .. } => {
                    self.log.push(format!("settle {id} {usd} {}", mark.unwrap_or("-")))
                }
                Step::Release { id } => self.log.push(format!("release {id}")),
                Step::Store { record, .. } => {
                    let record: serde_json::Value = serde_json::from_str(&record.to_json()).unwrap();
                    self.log.push(format!(
                        "store {} {} {}",
                        record["usd"].as_str().unwrap(),
                        record["outcome"].as_str().unwrap(),
                        record["estimated"].as_str().unwrap_or("-")
                    ));
                    self.records.push(record);
                }
                Step::Done => return Ok(()),
                Step::Fail(error) => return Err(error),
            }
        }
        panic!("the call does not end: {:?}", self.log);
    }

    fn texts(&self) -> String {
        let mut text = String::new();
        for out in &self.out {
            if let Some(data) = &out.data {
                let chunk: serde_json::Value = serde_json::from_str(data).unwrap();
                text += chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default();
            }
        }
        text
    }
}

fn network(code: &str) -> Outcome {
    Outcome::Network { code: code.into(), message: "TypeError".into() }
}

fn ok() -> Fetch {
    Fetch::Answer(200, ANSWER.into())
}

fn call(body: &str) -> Call {
    Call::new(options(), body.into()).unwrap()
}

fn host(fetches: impl IntoIterator<Item = Fetch>) -> Host {
    Host { fetches: fetches.into_iter().collect(), strict: true, ..Host::default() }
}

#[test]
fn a_clamped_maximum_is_what_the_budget_can_pay_for() {
    let usd = |micro: i128| Usd::from_pico(micro * 1_000_000).unwrap();
    let clamped = |body: &str, left: &[i128]| {
        let mut call = Call::new(Options { output_bound: OutputBound::Clamp, ..options() }, body.into()).unwrap();
        let mut host = Host { left: left.iter().map(|micro| usd(*micro)).collect(), ..host([ok()]) };
        let ended = host.run(&mut call);
        let reserved: Vec<_> =
            host.log.iter().filter_map(|line| line.strip_prefix("reserve r#1 ")).map(str::to_owned).collect();
        let told = call.warnings().iter().filter(|w| w.code.as_str() == "output_bound_clamped").count();
        (ended, reserved, host.sent, told)
    };
    // No maximum, and none known of the model: 100 are written in, which come to 595 and 200 micro-dollars. For 701 there
    // are 53 tokens.
    let (ended, reserved, sent, told) = clamped(BODY, &[701, 701]);
    ended.unwrap();
    assert_eq!(reserved, ["0.000795", "0.000701"]);
    assert_eq!((sent, told), (vec![BODY.replace("}]}", "}],\"max_completion_tokens\":53}")], 1));
    // Another call was faster: less is left by then.
    let (ended, reserved, sent, told) = clamped(BODY, &[701, 656, 656]);
    ended.unwrap();
    assert_eq!(reserved, ["0.000795", "0.000701", "0.000655"]);
    assert_eq!((sent[0].contains(":30}"), told), (true, 1));
    // Both spellings are lowered (15 more bytes: 610), and a maximum that can be paid for is left alone.
    let both = BODY.replace("}]}", "}],\"max_tokens\":90,\"max_completion_tokens\":80}");
    let (ended, _, sent, _) = clamped(&both, &[700, 700]);
    ended.unwrap();
    assert_eq!(sent, [both.replace("90", "45").replace("80", "45")]);
    let (ended, reserved, sent, told) = clamped(&both, &[10_000]);
    ended.unwrap();
    assert_eq!((reserved.len(), sent, told), (1, vec![both.clone()], 0));
    // Not even the input can be paid for, or no token of the answer.
    for left in [0, 500, 596] {
        let (ended, reserved, sent, _) = clamped(BODY, &[left, left]);
        assert_eq!(ended.unwrap_err().code(), Code::BudgetExceeded);
        assert_eq!((reserved.len(), sent.len()), (1, 0));
    }
    // It is asked five times at most.
    let (ended, reserved, _, _) = clamped(BODY, &[701, 691, 681, 671, 661, 651, 641]);
    assert_eq!((ended.unwrap_err().code(), reserved.len()), (Code::BudgetExceeded, 5));
}

#[test]
fn a_call_goes_through() {
    let (mut call, mut host) = (call(BODY), host([ok()]));
    host.run(&mut call).unwrap();
    // What 87 bytes of request with the injected maximum count, and 100 output tokens: model 10, messages 45, the maximum 28;
    // 512 for what is around every prompt.
    let sent = &host.sent[0];
    assert_eq!(sent, &BODY.replace("}]}", "}],\"max_completion_tokens\":100}"));
    let bound = Usd::from_pico((10 + 45 + 28 + 512) * 1_000_000 + 100 * 2_000_000).unwrap();
    assert_eq!(
        host.log,
        [
            "guard input hello".to_owned(),
            format!("reserve r#1 {bound}"),
            "fetch".into(),
            "guard output hi".into(),
            "settle r#1 0.00002 -".into(),
            "store 0.00002 ok -".into(),
        ]
    );
    assert_eq!(call.answer(), ANSWER);
    let record = &host.records[0];
    assert_eq!(record["reservationId"], "r#1");
    assert_eq!(record["metadata"], serde_json::json!({"k": "v"}));
    assert_eq!(record["latencyMs"], 10.0);
    assert_eq!(record["costSource"], "computed");
}

#[test]
fn a_blocked_input_is_never_sent() {
    let (mut call, mut host) = (call(BODY), host([]));
    host.guards.push_back(Guarded { passed: false, failed: vec!["pii".into()], risk: 95.0, texts: vec![] });
    let error = host.run(&mut call).unwrap_err();
    assert_eq!(error.message(), "Guardrail check failed: pii (Risk: 95)");
    assert_eq!(host.log, ["guard input hello"]);
}

#[test]
fn redaction_reaches_the_wire_and_the_answer() {
    let (mut call, mut host) = (call(BODY), host([ok()]));
    for text in ["[A]", "[B]"] {
        host.guards.push_back(Guarded { passed: true, texts: vec![Some(text.into())], ..Guarded::default() });
    }
    host.run(&mut call).unwrap();
    assert!(host.sent[0].contains(r#""content":"[A]""#));
    assert_eq!(call.answer(), ANSWER.replace("\"hi\"", "\"[B]\""));
}

#[test]
fn a_refused_budget_sends_nothing() {
    let (mut call, mut host) = (call(BODY), host([]));
    host.refuse_from = Some(0);
    let error = host.run(&mut call).unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::BudgetExceeded, "Budget exceeded: team (Limit: $0.0001)"));
    assert_eq!(error.context().get("remaining"), Some(&"0.00005".into()));
    assert_eq!(error.context().get("currentCost"), Some(&"0.00005".into()));
    let bound = Usd::parse(&error.context().get("cost").unwrap().raw().text().unwrap()).unwrap();
    assert_eq!(
        error.context().get("exceededBy"),
        Some(&bound.saturating_sub(Usd::parse("0.00005").unwrap()).to_string().into())
    );
    assert!(!host.log.contains(&"fetch".to_owned()));
}

#[test]
fn an_unknown_model_is_refused_by_a_strict_budget_and_shown_unpriced_otherwise() {
    let body = BODY.replace("\"m\"", "\"nobody\"");
    let mut refused = host([]);
    let error = refused.run(&mut call(&body)).unwrap_err();
    assert_eq!(error.code(), Code::UnknownModel);
    let mut lenient = Host { strict: false, ..host([Fetch::Answer(200, ANSWER.replace("m-2026", "nobody"))]) };
    let mut call = call(&body);
    lenient.run(&mut call).unwrap();
    assert_eq!(lenient.records[0]["priced"], false);
    assert!(call.warnings().iter().any(|warning| warning.code.as_str() == "unknown_model"));
}

#[test]
fn what_cannot_have_been_billed_is_released_and_tried_again() {
    for first in
        [Fetch::Answer(429, "{}".into()), Fetch::Answer(500, String::new()), Fetch::Rejects(network("ECONNREFUSED"))]
    {
        let (mut call, mut host) = (call(BODY), host([first, ok()]));
        host.run(&mut call).unwrap();
        let log: Vec<_> = host.log.iter().map(|line| line.rsplit_once(" 0.").map_or(line.as_str(), |l| l.0)).collect();
        assert_eq!(
            log,
            [
                "guard input hello",
                "reserve r#1",
                "fetch",
                "release r#1",
                "wait",
                "reserve r#2",
                "fetch",
                "guard output hi",
                "settle r#2",
                "store"
            ]
        );
    }
}

#[test]
fn what_may_have_been_billed_is_charged_in_full_and_tried_again() {
    let (mut call, mut host) = (call(BODY), host([Fetch::Rejects(network("ECONNRESET")), ok()]));
    host.run(&mut call).unwrap();
    let bound = host.log[1].strip_prefix("reserve r#1 ").unwrap().to_owned();
    assert_eq!(host.log[3], format!("settle r#1 {bound} unknown_outcome"));
    assert_eq!(host.log[4], format!("store {bound} error unknown_outcome"));
    assert_eq!(host.records.len(), 2);
    assert_eq!((&host.records[0]["attempt"], &host.records[1]["attempt"]), (&1.into(), &2.into()));
}

#[test]
fn an_error_that_reports_usage_is_charged_for_it() {
    let body = r#"{"error":{"message":"filtered"},"usage":{"prompt_tokens":10,"completion_tokens":5}}"#;
    let (mut call, mut host) = (call(BODY), host([Fetch::Answer(400, body.into())]));
    assert_eq!(host.run(&mut call).unwrap_err().code(), Code::BadRequest);
    assert_eq!(host.log[3..], ["settle r#1 0.00002 -", "store 0.00002 error -"]);
}

#[test]
fn a_gateway_that_stopped_waiting_proves_nothing() {
    let (mut call, mut host) = (call(BODY), host([Fetch::Answer(504, "<html>".into()), ok()]));
    host.run(&mut call).unwrap();
    assert!(host.log[3].ends_with("unknown_outcome"), "{:?}", host.log);
}

#[test]
fn tries_end() {
    let (mut call, mut host) = (call(BODY), host(vec![Fetch::Answer(503, "{}".into()); 3]));
    assert_eq!(host.run(&mut call).unwrap_err().code(), Code::ServerError);
    assert_eq!(host.log.iter().filter(|line| *line == "fetch").count(), 3);
}

#[test]
fn an_error_that_will_not_pass_is_not_tried_again() {
    for (status, code) in [(400, Code::BadRequest), (401, Code::Authentication), (404, Code::NotFound)] {
        let (mut call, mut host) = (call(BODY), host([Fetch::Answer(status, "{}".into())]));
        assert_eq!(host.run(&mut call).unwrap_err().code(), code);
        assert_eq!(host.log.last().unwrap(), "release r#1");
    }
}

#[test]
fn an_abort_ends_the_call() {
    let (mut call, mut host) = (call(BODY), host([Fetch::Rejects(Outcome::Aborted)]));
    let error = host.run(&mut call).unwrap_err();
    assert_eq!(error.context().get("aborted"), Some(&true.into()));
    assert!(host.log.last().unwrap().ends_with("aborted unknown_outcome"), "{:?}", host.log);
}

#[test]
fn an_unreadable_answer_is_charged_in_full_and_recorded() {
    for fetch in [Fetch::Answer(200, "<html>".into()), Fetch::Cut(200, network("ECONNRESET"))] {
        let (mut call, mut host) = (call(BODY), host([fetch]));
        host.run(&mut call).unwrap_err();
        let bound = host.log[1].strip_prefix("reserve r#1 ").unwrap().to_owned();
        assert!(host.log[3].starts_with(&format!("settle r#1 {bound} ")), "{:?}", host.log);
        assert!(host.log[4].starts_with(&format!("store {bound} error ")));
    }
}

#[test]
fn an_answer_without_usage_is_estimated() {
    let body = ANSWER.replace(r#","usage":{"prompt_tokens":10,"completion_tokens":5}"#, "");
    let (mut call, mut host) = (call(BODY), host([Fetch::Answer(200, body)]));
    host.run(&mut call).unwrap();
    assert_eq!(host.records[0]["estimated"], "no_usage");
    assert_eq!(host.records[0]["costSource"], "estimated");
}

#[test]
fn a_blocked_output_is_paid_recorded_and_not_given_out() {
    let (mut call, mut host) = (call(BODY), host([ok()]));
    host.guards.push_back(Guarded { passed: true, ..Guarded::default() });
    host.guards.push_back(Guarded { passed: false, failed: vec!["pii".into()], risk: 30.0, texts: vec![] });
    let error = host.run(&mut call).unwrap_err();
    assert_eq!(error.message(), "Output guardrail check failed: pii");
    assert_eq!(host.log[4..], ["settle r#1 0.00002 -", "store 0.00002 blocked_output -"]);
    assert_eq!(call.answer(), "");
}

const EVENTS: [&str; 6] = [
    "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n",
    ": keep-alive\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\u{e9}llo \"},\"finish_reason\":null}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"w\\u00f6rld\"},\"finish_reason\":null}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n",
];
const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}\n\n";

fn stream_bytes(usage: bool) -> Vec<u8> {
    let mut text = EVENTS[..5].concat();
    if usage {
        text += USAGE;
    }
    text += EVENTS[5];
    text.into_bytes()
}

#[test]
fn a_stream_is_passed_on_and_settled_by_its_usage() {
    let (mut call, mut host) = (call(STREAM_BODY), host([Fetch::Stream(vec![stream_bytes(true)], None)]));
    host.run(&mut call).unwrap();
    assert!(host.sent[0].contains(r#""stream_options":{"include_usage":true}"#));
    let raw: Vec<u8> = host.out.iter().flat_map(|out| out.raw.clone()).collect();
    assert_eq!(raw, stream_bytes(false), "all but the usage chunk, which nobody asked for");
    assert_eq!(host.texts(), "héllo wörld");
    assert_eq!(host.log.last().unwrap(), "store 0.00002 ok -");
    assert_eq!(host.records[0]["streamed"], true);
}

#[test]
fn a_stream_that_breaks_off_says_so_and_is_charged_for_what_came() {
    let cut = EVENTS[..3].concat().into_bytes();
    for (pieces, end, code, outcome, mark) in [
        (vec![cut.clone()], None, Code::StreamTruncated, "error", "aborted"),
        (vec![cut.clone()], Some(network("ECONNRESET")), Code::StreamTruncated, "error", "aborted"),
        (vec![cut.clone()], Some(Outcome::Timeout), Code::Timeout, "error", "aborted"),
        (vec![cut.clone()], Some(Outcome::Aborted), Code::Network, "aborted", "aborted"),
        (vec![cut.clone(), b"data: {oops\n\n".to_vec()], None, Code::InvalidResponse, "error", "aborted"),
        (
            vec![b"data: {\"error\":{\"message\":\"overloaded\"}}\n\n".to_vec()],
            None,
            Code::ApiError,
            "error",
            "unknown_outcome",
        ),
        (vec![], None, Code::StreamTruncated, "error", "unknown_outcome"),
    ] {
        let had_text = !pieces.is_empty() && pieces[0].starts_with(b"data: {\"model\"");
        let (mut call, mut host) = (call(STREAM_BODY), host([Fetch::Stream(pieces, end)]));
        let error = host.run(&mut call).unwrap_err();
        assert_eq!(error.code(), code);
        assert_eq!(host.texts(), if had_text { "héllo " } else { "" });
        let stored = host.log.last().unwrap();
        assert!(stored.ends_with(&format!("{outcome} {mark}")), "{stored}");
        // Never less than the input, at three bytes a token.
        let usd = Usd::parse(host.records[0]["usd"].as_str().unwrap()).unwrap();
        assert!(usd.pico() >= host.sent[0].len() as i128 / 3 * 1_000_000);
    }
}

/// A stream of so many texts of eight bytes: nothing bounds it.
fn unbounded(texts: usize) -> Vec<u8> {
    let event = r#"data: {"choices":[{"index":0,"delta":{"content":"eight by"},"finish_reason":null}]}"#;
    let end = r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    format!("{}{end}\n\ndata: [DONE]\n\n", format!("{event}\n\n").repeat(texts)).into_bytes()
}

/// A call that may be sent without a bound, and a host whose budget has so much left each time that it is asked.
fn growing(pieces: Vec<Vec<u8>>, left: &[&str]) -> (Call, Host) {
    let options = Options {
        output_bound: OutputBound::Model,
        allow_unbounded: true,
        default_max_output: 1,
        guard: false,
        ..options()
    };
    let mut left: VecDeque<_> = left.iter().map(|usd| Usd::parse(usd).unwrap()).collect();
    left.push_front(Usd::parse("1").unwrap());
    let host = Host { left, strict: true, ..host([Fetch::Stream(pieces, None)]) };
    (Call::new(options, STREAM_BODY.into()).unwrap(), host)
}

#[test]
fn a_stream_that_costs_more_than_is_reserved_asks_for_more_and_ends_where_there_is_none() {
    let (mut call, mut host) = growing(vec![unbounded(100)], &["1", "0.0001", "0.0001", "0"]);
    let error = host.run(&mut call).unwrap_err();
    assert_eq!(error.code(), Code::BudgetStreamExhausted);
    // Each byte of the request as it was sent is a token at most, and so is each of what came, at twice the price.
    let input = host.sent[0].len();
    let delivered = host.texts().len();
    let spent = Usd::from_pico((input + 2 * delivered) as i128 * 1_000_000).unwrap().to_string();
    assert_eq!(error.context().get("cost"), Some(&spent.as_str().into()));
    let asked: Vec<_> = host.log.iter().filter(|line| line.starts_with("grow")).collect();
    assert_eq!(asked.len(), 4, "{:?}", host.log);
    // Twice what came; then, of what is left, all; then nothing is left.
    assert!(asked[0].starts_with("grow r#1+1 ") && asked[2] == "grow r#1+3 0.0001", "{asked:?}");
    assert_eq!(
        host.log[host.log.len() - 4..],
        [
            format!("settle r#1 {spent} aborted"),
            "release r#1+1".into(),
            "release r#1+3".into(),
            format!("store {spent} aborted aborted")
        ]
    );
    // By one event at most is it more than what was held.
    let over = Usd::parse(host.records[0]["overReservationUsd"].as_str().unwrap()).unwrap();
    assert!(over.pico() <= 16_000_000, "{over}");
}

#[test]
fn a_budget_that_cannot_be_asked_ends_a_stream() {
    let (mut call, mut host) = growing(vec![unbounded(100)], &[]);
    assert_eq!(host.run(&mut call).unwrap_err().code(), Code::BudgetUnavailable);
    // It may be held all the same.
    assert!(host.log.contains(&"release r#1+1".to_owned()), "{:?}", host.log);
}

fn redacting() -> Option<Scanner> {
    Some(Scanner::new(vec![Config::pii().with_action(Action::Redact)]).unwrap())
}

#[test]
fn log_probabilities_do_not_repeat_what_was_redacted() {
    let events = [
        r#"{"choices":[{"index":0,"delta":{"content":"to ann@exa"},"logprobs":{"content":[{"token":"ann@exa"}]},"finish_reason":null}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"mple.com "},"logprobs":{"content":[{"token":"mple.com"}]},"finish_reason":null}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"now"},"logprobs":{"content":[{"token":"now"}]},"finish_reason":"stop"}]}"#,
        "[DONE]",
    ];
    let bytes = events.map(|data| format!("data: {data}\n\n")).concat().into_bytes();
    let mut host = Host { scanner: redacting(), ..host([Fetch::Stream(vec![bytes], None)]) };
    host.run(&mut call(STREAM_BODY)).unwrap();
    assert_eq!(host.texts(), "to [REDACTED_EMAIL] now");
    let raw = String::from_utf8(host.out.iter().flat_map(|out| out.raw.clone()).collect()).unwrap();
    assert!(!raw.contains("ann") && !raw.contains("mple") && raw.contains(r#""token":"now""#), "{raw}");
}

#[test]
fn streamed_arguments_stay_json_whatever_their_escapes() {
    let arguments = r#"{"b":"Hi\nann@example.com","c":"bob\u0040example.org","n":4111111111111111}"#;
    for size in [1, 5, 1000] {
        let mut stream = String::new();
        let characters: Vec<char> = arguments.chars().collect();
        for piece in characters.chunks(size) {
            let piece: String = piece.iter().collect();
            let delta = serde_json::json!({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":piece}}]},"finish_reason":null}]});
            stream += &format!("data: {delta}\n\n");
        }
        stream +=
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
        let mut host = Host { scanner: redacting(), ..host([Fetch::Stream(vec![stream.into_bytes()], None)]) };
        host.run(&mut call(STREAM_BODY)).unwrap();
        let mut got = String::new();
        for data in host.out.iter().filter_map(|out| out.data.as_ref()) {
            let chunk: serde_json::Value = serde_json::from_str(data).unwrap();
            got += chunk["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap_or_default();
        }
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&got).unwrap(),
            serde_json::json!({"b": "Hi\n[REDACTED_EMAIL]", "c": "[REDACTED_EMAIL]", "n": "[REDACTED_CREDIT_CARD]"})
        );
    }
}

#[test]
fn a_stream_ends_with_its_done_whatever_the_connection_does() {
    let (mut call, mut host) =
        (call(STREAM_BODY), host([Fetch::Stream(vec![stream_bytes(true)], Some(network("ECONNRESET")))]));
    host.run(&mut call).unwrap();
    assert_eq!(host.log.last().unwrap(), "store 0.00002 ok -");
}

#[test]
fn what_nobody_can_price_is_charged_at_what_was_held() {
    let (mut call, mut host) =
        (call(BODY), host([Fetch::Answer(200, ANSWER.replace("\"model\"", "\"service_tier\":\"odd\",\"model\""))]));
    host.run(&mut call).unwrap();
    let bound = host.log[1].strip_prefix("reserve r#1 ").unwrap().to_owned();
    assert_eq!(host.records[0]["usd"], bound.as_str());
    assert_eq!(host.records[0]["priced"], false);
}

#[test]
fn a_time_out_is_not_tried_again() {
    let (mut call, mut host) = (call(BODY), host([Fetch::Rejects(Outcome::Timeout)]));
    assert_eq!(host.run(&mut call).unwrap_err().code(), Code::Timeout);
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(network("ECONNREFUSED")),
        Just(network("ECONNRESET")),
        Just(network("")),
        Just(Outcome::Timeout),
        Just(Outcome::Aborted)
    ]
}

fn any_fetch() -> impl Strategy<Value = Fetch> {
    let bodies =
        prop_oneof![Just(ANSWER.to_owned()), Just("{}".to_owned()), Just("<html>".to_owned()), Just(String::new())];
    let pieces = (0..=stream_bytes(true).len(), any::<bool>()).prop_map(|(cut, broken)| {
        let mut bytes = stream_bytes(true);
        bytes.truncate(cut);
        if broken {
            bytes.extend_from_slice(b"data: {\n\n");
        }
        vec![bytes]
    });
    prop_oneof![
        (prop::sample::select(vec![200_u16, 204, 400, 401, 408, 429, 500, 503]), bodies)
            .prop_map(|(status, body)| Fetch::Answer(status, body)),
        any_outcome().prop_map(Fetch::Rejects),
        (prop::sample::select(vec![200_u16, 500]), any_outcome()).prop_map(|(status, why)| Fetch::Cut(status, why)),
        (pieces, prop::option::of(any_outcome())).prop_map(|(pieces, end)| Fetch::Stream(pieces, end)),
    ]
}

fn any_guard() -> impl Strategy<Value = Guarded> {
    prop::bool::weighted(0.8).prop_map(|passed| Guarded { passed, failed: vec!["g".into()], risk: 50.0, texts: vec![] })
}

/// Streams from public test suites: see tests/fixtures/wire.
fn quoted() -> Vec<(String, Format, String, Vec<u8>)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let mut fixture: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        if let Some(model) = fixture["request"].get_mut("model") {
            // The one with a price here.
            *model = "m".into();
        }
        let format = Format::parse(fixture["format"].as_str().unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        // With the event by which a provider reports an error, a stream is at its end.
        let stream = fixture["stream"].as_str().unwrap();
        let error = stream.find(r#"data: {"type":"error""#).and_then(|at| Some(at + stream[at..].find("\n\n")? + 2));
        let stream = &stream[..error.unwrap_or(stream.len())];
        found.push((name, format, fixture["request"].to_string(), stream.into()));
    }
    assert!(found.len() >= 12);
    found
}

/// What leaves of a stream that comes in those pieces and then ends, and what the call ends with.
fn relayed(
    format: Format,
    request: &str,
    scanner: Option<Scanner>,
    pieces: Vec<Vec<u8>>,
) -> (Vec<u8>, Option<Code>, Vec<String>) {
    let streams = (format == Format::Gemini).then_some(true);
    let model = Some("m".to_owned());
    // More than any of them says.
    let default_max_output = 1_000_000;
    let options = Options { format, model, stream: streams, raw: true, default_max_output, ..options() };
    let made = Call::new(options, request.into());
    let mut host = Host { scanner, ..host([Fetch::Stream(pieces, None)]) };
    let end = host.run(&mut made.unwrap()).err().map(|error| error.code());
    (host.out.iter().flat_map(|out| out.raw.clone()).collect(), end, host.log)
}

#[test]
fn what_providers_really_send_is_passed_on_as_it_came_wherever_it_is_cut() {
    for (name, format, request, bytes) in quoted() {
        for scanner in [None, redacting()] {
            let (whole, end, log) = relayed(format, &request, scanner.clone(), vec![bytes.clone()]);
            assert_eq!(String::from_utf8_lossy(&whole), String::from_utf8_lossy(&bytes), "{name} {end:?} {log:?}");
            let single = bytes.iter().map(|byte| vec![*byte]).collect();
            assert_eq!(relayed(format, &request, scanner.clone(), single), (whole.clone(), end, log.clone()), "{name}");
            // In two pieces.
            for at in (0..=bytes.len()).step_by(if scanner.is_none() { 1 } else { 7 }) {
                let pieces = vec![bytes[..at].to_vec(), bytes[at..].to_vec()];
                let cut = relayed(format, &request, scanner.clone(), pieces);
                assert!(cut == (whole.clone(), end, log.clone()), "{name} in two at {at}: {:?}", cut.2);
            }
        }
    }
}

#[test]
fn what_providers_really_send_may_end_anywhere_and_is_charged_all_the_same() {
    for (name, format, request, bytes) in quoted() {
        for at in 0..bytes.len() {
            let (left, _, log) = relayed(format, &request, redacting(), vec![bytes[..at].to_vec()]);
            assert!(bytes.starts_with(&left), "{name} until {at}");
            assert_eq!(log.iter().filter(|line| line.starts_with("settle ")).count(), 1, "{name} until {at}: {log:?}");
            assert_eq!(log.iter().filter(|line| line.starts_with("store ")).count(), 1, "{name} until {at}: {log:?}");
        }
    }
}

/// The options of a call to `m`, and where that fails to `dear`; and those of the second.
fn chain() -> (Options, Options) {
    let to = Fallback { model: "dear".into(), provider: "openai".into() };
    (Options { fallbacks: vec![to], max_retries: 1, ..options() }, Options { max_retries: 1, ..options() })
}

fn dear() -> String {
    BODY.replace("\"m\"", "\"dear\"")
}

/// The amounts of the reservations, by id.
fn reserved(host: &Host) -> Vec<(String, Usd)> {
    let lines = host.log.iter().filter_map(|line| line.strip_prefix("reserve ")?.split_once(' '));
    lines.map(|(id, usd)| (id.to_owned(), Usd::parse(usd).unwrap())).collect()
}

#[test]
fn another_target_is_asked_with_what_the_guards_let_pass_and_the_dearest_is_held_from_the_first() {
    let (first, second) = chain();
    let mut call = Call::new(first, BODY.into()).unwrap();
    let mut host = host([
        Fetch::Answer(503, String::new()),
        Fetch::Answer(503, String::new()),
        Fetch::Rejects(network("ECONNRESET")),
    ]);
    host.guards.push_back(Guarded { passed: true, texts: vec![Some("[A]".into())], ..Guarded::default() });
    assert_eq!(host.run(&mut call).unwrap_err().code(), Code::ServerError);
    // Two tries of the first, each at what the second may cost.
    let unplanned = call.unplanned().unwrap().to_owned();
    assert_eq!(unplanned, BODY.replace("hello", "[A]"));
    call.fall_back(second, unplanned.replace("\"m\"", "\"dear\"")).unwrap();
    host.fetches.push_back(Fetch::Answer(200, ANSWER.replace("m-2026", "dear")));
    host.run(&mut call).unwrap();
    let held = reserved(&host);
    assert_eq!(held.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["r#1", "r#2", "r#3", "r#4"]);
    // 100 output tokens at 20 USD a million, and three bytes more for the name.
    assert!(held.iter().all(|(_, usd)| *usd >= Usd::parse("0.002").unwrap()), "{held:?}");
    assert_eq!(host.sent[2], dear().replace("hello", "[A]").replace("}]}", "}],\"max_completion_tokens\":100}"));
    // The third may have been billed: at what it could cost itself. The fourth by its usage.
    let records: Vec<_> =
        host.records.iter().map(|r| (r["attempt"].as_u64(), r["model"].clone(), r["usd"].clone())).collect();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0], (Some(3), "dear".into(), held[2].1.to_string().into()));
    assert_eq!(records[1], (Some(4), "dear".into(), "0.00011".into()));
    assert_eq!(host.log.iter().filter(|line| line.starts_with("guard input")).count(), 1);
}

#[test]
fn a_try_that_may_have_been_billed_is_charged_at_its_own_bound_not_at_the_dearest() {
    let (first, _) = chain();
    let mut call = Call::new(Options { max_retries: 0, ..first }, BODY.into()).unwrap();
    let mut host = host([Fetch::Rejects(network("ECONNRESET"))]);
    host.run(&mut call).unwrap_err();
    let own = Usd::from_pico((10 + 45 + 28 + 512) * 1_000_000 + 100 * 2_000_000).unwrap();
    assert!(reserved(&host)[0].1 > own);
    assert_eq!(host.records[0]["usd"], own.to_string());
}

#[test]
fn a_chain_with_a_model_that_nobody_can_price_is_refused_before_it_begins() {
    let to = Fallback { model: "nobody".into(), provider: "openai".into() };
    let mut call = Call::new(Options { fallbacks: vec![to], ..options() }, BODY.into()).unwrap();
    assert_eq!(host([]).run(&mut call).unwrap_err().code(), Code::UnknownModel);
}

#[test]
fn a_target_is_left_only_when_all_that_it_owes_is_settled() {
    let (first, second) = chain();
    let mut call = Call::new(first, BODY.into()).unwrap();
    assert_eq!(call.fall_back(second.clone(), dear()).unwrap_err().code(), Code::Internal);
    // Nor once a stream has begun: who reads it has some of it.
    let (first, _) = chain();
    let mut streaming = Call::new(first, STREAM_BODY.into()).unwrap();
    let mut host = host([Fetch::Stream(vec![stream_bytes(true)], None)]);
    host.run(&mut streaming).unwrap();
    assert_eq!(streaming.fall_back(second, dear()).unwrap_err().code(), Code::Internal);
}

#[test]
fn a_kept_answer_is_guarded_and_owes_nothing() {
    for (body, fetch) in [(BODY, ok()), (STREAM_BODY, Fetch::Stream(vec![stream_bytes(true)], None))] {
        let mut call = call(body);
        let mut host = host([fetch]);
        let tracker = tracker();
        let at = Instant::from_ms(NOW);
        loop {
            match call.next(&tracker, at) {
                Step::Guard { .. } => drop(call.guarded(&Guarded { passed: true, ..Guarded::default() }).unwrap()),
                Step::Budgets { .. } => call.budgeted(true, true, &tracker, at),
                Step::Reserve { .. } => break call.replay(),
                step => panic!("{step:?}"),
            }
        }
        host.guards.push_back(Guarded { passed: false, failed: vec!["g".into()], risk: 1.0, texts: vec![] });
        // Of a stream nothing waits for guardrails that are not there.
        let ended = host.run(&mut call).map_err(|error| error.code());
        assert_eq!(ended, if body == BODY { Err(Code::GuardrailBlocked) } else { Ok(()) });
        assert!(host.log.iter().all(|line| line == "fetch" || line.starts_with("guard output")), "{:?}", host.log);
        assert!(host.records.is_empty() && call.record().is_none());
    }
}

#[test]
fn a_try_that_does_not_begin_to_answer_is_charged_in_full_and_tried_again() {
    let (mut call, mut host) = (call(BODY), host([Fetch::Rejects(Outcome::Late { ms: 7 }), ok()]));
    host.run(&mut call).unwrap();
    assert!(host.log[3].starts_with("settle r#1 ") && host.log[3].ends_with(" unknown_outcome"), "{:?}", host.log);
    let mut call = Call::new(Options { max_retries: 0, ..options() }, BODY.into()).unwrap();
    let mut host = self::host([Fetch::Rejects(Outcome::Late { ms: 7 })]);
    let error = host.run(&mut call).unwrap_err();
    assert_eq!(error.message(), "cannot wait longer: expected an answer to begin within 7 ms, found none");
    assert_eq!((error.code(), error.context().get("timeout")), (Code::Timeout, Some(&7_u64.into())));
}

#[test]
fn a_usage_beyond_all_reason_is_settled_at_what_budgets_can_count() {
    let lie = ANSWER.replace("\"completion_tokens\":5", "\"completion_tokens\":1e300");
    let mut call = call(BODY);
    let (tracker, at) = (tracker(), Instant::from_ms(NOW));
    let mut settled = None;
    while settled.is_none() {
        match call.next(&tracker, at) {
            Step::Guard { .. } => drop(call.guarded(&Guarded { passed: true, ..Guarded::default() }).unwrap()),
            Step::Budgets { .. } => call.budgeted(true, true, &tracker, at),
            Step::Reserve { .. } => call.reserved(Reserved { allowed: true, ..Reserved::default() }),
            Step::Fetch => {
                call.sent(at, "record".into());
                call.responded(Head { status: 200, ..Head::default() }, Judge::default());
            }
            Step::Body => call.received(lie.clone(), &tracker, at, &|| 0.5),
            Step::Settle { tokens, .. } => settled = tokens,
            step => panic!("{step:?}"),
        }
    }
    assert_eq!(settled, Some(1_000_000_000_000_000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_is_held_is_settled_or_released_once_and_what_is_settled_is_recorded(
        stream: bool,
        fetches in prop::collection::vec(any_fetch(), 3),
        guards in prop::collection::vec(any_guard(), 0..4),
        refuse_from in prop::option::of(0_usize..3),
        strict: bool,
    ) {
        let fetches = fetches.into_iter().map(|fetch| match fetch {
            // Only a stream asked for is one.
            Fetch::Stream(..) if !stream => ok(),
            fetch => fetch,
        });
        let mut host = Host { fetches: fetches.collect(), guards: guards.into(), refuse_from, strict, ..Host::default() };
        let mut call = call(if stream { STREAM_BODY } else { BODY });
        let _ = host.run(&mut call);
        let of = |verb: &str| -> Vec<String> {
            let lines = host.log.iter().filter_map(|line| line.strip_prefix(verb));
            lines.map(|rest| rest.split(' ').next().unwrap_or_default().to_owned()).collect()
        };
        let mut held = of("reserve ");
        if let Some(from) = refuse_from {
            held.truncate(from);
        }
        let mut ended = [of("settle "), of("release ")].concat();
        ended.sort();
        prop_assert_eq!(held, ended, "{:?}", host.log);
        prop_assert_eq!(of("settle ").len(), of("store ").len(), "{:?}", host.log);
    }

    #[test]
    fn a_budget_ends_a_stream_at_the_same_event_however_it_is_cut(
        cuts in prop::collection::vec(0_usize..4_000, 0..12),
        left in prop::collection::vec(0_u32..400, 0..6),
    ) {
        let left: Vec<_> = left.iter().map(|micro| format!("0.{micro:06}")).collect();
        let left: Vec<_> = left.iter().map(String::as_str).collect();
        let bytes = unbounded(40);
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        cuts.push(bytes.len());
        let mut from = 0;
        let pieces = cuts.into_iter().map(|to| bytes[std::mem::replace(&mut from, to)..to].to_vec()).collect();
        let (mut whole, mut whole_host) = growing(vec![bytes.clone()], &left);
        let (mut cut, mut cut_host) = growing(pieces, &left);
        let ends = [whole_host.run(&mut whole), cut_host.run(&mut cut)].map(|end| end.err().map(|error| error.code()));
        prop_assert_eq!(ends[0], ends[1]);
        prop_assert_eq!(whole_host.texts(), cut_host.texts());
        prop_assert_eq!(&whole_host.log, &cut_host.log);
        // What was held is settled or released, once.
        let of = |verb: &str| -> Vec<String> {
            let lines = cut_host.log.iter().filter_map(|line| line.strip_prefix(verb));
            lines.map(|rest| rest.split(' ').next().unwrap_or_default().to_owned()).collect()
        };
        let released = of("release ");
        prop_assert!(released.iter().all(|id| of("grow ").contains(id)));
        prop_assert_eq!(of("settle "), ["r#1"]);
    }

    #[test]
    fn over_a_chain_each_try_is_held_and_ended_once_and_never_spends_more_than_was_held(
        fetches in prop::collection::vec(any_fetch(), 4),
        guards in prop::collection::vec(any_guard(), 0..3),
        refuse_from in prop::option::of(0_usize..4),
    ) {
        let (first, second) = chain();
        let fetches = fetches.into_iter().map(|fetch| if matches!(fetch, Fetch::Stream(..)) { ok() } else { fetch });
        let mut host = Host { fetches: fetches.collect(), guards: guards.into(), refuse_from, strict: true, ..Host::default() };
        let mut call = Call::new(first, BODY.into()).unwrap();
        if host.run(&mut call).is_err() {
            call.fall_back(second, dear()).unwrap();
            // The budget counts on.
            host.refuse_from = refuse_from.map(|from| from.saturating_sub(reserved(&host).len()));
            let _ = host.run(&mut call);
        }
        let mut held = reserved(&host);
        if let Some(from) = refuse_from {
            held.truncate(from);
        }
        let ids: std::collections::BTreeSet<_> = held.iter().map(|(id, _)| id.clone()).collect();
        prop_assert_eq!(ids.len(), held.len());
        for (id, most) in &held {
            let ends: Vec<_> = host.log.iter().filter(|line| line.starts_with(&format!("release {id}")) || line.starts_with(&format!("settle {id} "))).collect();
            prop_assert_eq!(ends.len(), 1, "{:?}", host.log);
            if let Some(usd) = ends[0].strip_prefix(&format!("settle {id} ")) {
                prop_assert!(Usd::parse(usd.split(' ').next().unwrap()).unwrap() <= *most);
            }
        }
        let attempts: Vec<_> = host.records.iter().map(|record| record["attempt"].as_u64().unwrap()).collect();
        prop_assert!(attempts.is_sorted_by(|a, b| a < b), "{attempts:?}");
    }

    #[test]
    fn any_cut_of_a_stream_gives_the_same_bytes(cuts in prop::collection::vec(0_usize..900, 0..12)) {
        let bytes = stream_bytes(true);
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        cuts.push(bytes.len());
        let mut from = 0;
        let pieces = cuts.into_iter().map(|to| bytes[std::mem::replace(&mut from, to)..to].to_vec()).collect();
        let (mut call, mut host) = (call(STREAM_BODY), host([Fetch::Stream(pieces, None)]));
        host.run(&mut call).unwrap();
        let raw: Vec<u8> = host.out.iter().flat_map(|out| out.raw.clone()).collect();
        prop_assert_eq!(raw, stream_bytes(false));
    }
}
