//! Tests of streams that wait for a judgement.

use proptest::prelude::*;

use super::relay::{End, Judge, Out, Relay};
use crate::{
    error::{Code, Error},
    provider::format::Format,
};

const CHAT: (Format, &str) = (Format::Chat, "openai");
const CONTENT: Judge = Judge { content: true, calls: false, observe: false };
const CALLS: Judge = Judge { content: false, calls: true, observe: false };
const ALL: Judge = Judge { content: true, calls: true, observe: false };
const OBSERVE: Judge = Judge { content: false, calls: false, observe: true };

fn event(choice: u64, delta: &str, finish: bool) -> String {
    let reason = if finish { "\"stop\"" } else { "null" };
    format!("data: {{\"choices\":[{{\"index\":{choice},\"delta\":{delta},\"finish_reason\":{reason}}}]}}\n\n")
}

fn opening(choice: u64, call: u64, name: &str) -> String {
    event(
        choice,
        &format!(r#"{{"tool_calls":[{{"index":{call},"function":{{"name":"{name}","arguments":""}}}}]}}"#),
        false,
    )
}

fn arguments(choice: u64, call: u64, text: &str) -> String {
    let text = crate::json::quote(text);
    event(choice, &format!(r#"{{"tool_calls":[{{"index":{call},"function":{{"arguments":{text}}}}}]}}"#), false)
}

fn content(choice: u64, text: &str) -> String {
    event(choice, &format!(r#"{{"content":"{text}"}}"#), false)
}

fn bytes(out: Vec<Out>) -> String {
    out.into_iter().map(|event| String::from_utf8(event.raw).unwrap()).collect()
}

fn refusal() -> Error {
    Error::new(Code::GuardrailBlocked, "no")
}

#[test]
fn a_choice_is_judged_when_it_is_whole_and_the_others_go_on() {
    let mut relay = Relay::new(CHAT, None, CONTENT, false);
    let first = content(0, "a") + &event(0, r#"{"content":"b"}"#, true);
    assert_eq!(bytes(relay.chunk(first.as_bytes())), "");
    assert!(relay.is_due());
    let (waiting, too_long) = relay.to_judge();
    assert_eq!((waiting.len(), waiting[0].text.as_str(), &waiting[0].call, too_long), (1, "ab", &None, false));
    assert!(!relay.is_due(), "it is asked once");
    let second = content(1, "c");
    assert_eq!(bytes(relay.chunk(second.as_bytes())), "");
    assert_eq!(bytes(relay.judged(&[None])), first);
    let end = event(1, "{}", true) + "data: [DONE]\n\n";
    assert_eq!(bytes(relay.chunk(end.as_bytes())), "");
    assert_eq!(relay.to_judge().0[0].text, "c");
    assert_eq!(bytes(relay.judged(&[None])), second + &end);
    assert_eq!((relay.ended(), relay.is_due()), (Some(&End::Complete), false));
}

#[test]
fn calls_wait_with_their_names_and_text_does_not() {
    let mut relay = Relay::new(CHAT, None, CALLS, false);
    let said = content(0, "well");
    assert_eq!(bytes(relay.chunk(said.as_bytes())), said);
    let calls = opening(0, 0, "rm") + &arguments(0, 0, r#"{"a":"#) + &arguments(0, 0, "1}") + &opening(0, 1, "ls");
    let end = event(0, "{}", true);
    assert_eq!(bytes(relay.chunk((calls.clone() + &end).as_bytes())), "");
    let (waiting, _) = relay.to_judge();
    let found: Vec<_> = waiting.iter().filter_map(|one| one.call.as_ref()).map(|c| (&*c.name, &*c.arguments)).collect();
    assert_eq!(found, [("rm", r#"{"a":1}"#), ("ls", "")]);
    assert_eq!(bytes(relay.judged(&[])), calls + &end);
}

#[test]
fn nothing_of_what_was_refused_leaves() {
    let mut relay = Relay::new(CHAT, None, CALLS, false);
    relay.chunk((opening(0, 0, "rm") + &event(0, "{}", true)).as_bytes());
    relay.to_judge();
    relay.refused(refusal());
    assert_eq!(bytes(relay.chunk(content(1, "more").as_bytes())) + &bytes(relay.eof()), "");
    assert!(matches!(relay.ended(), Some(End::Blocked(_))) && relay.to_judge().0.is_empty());
}

#[test]
fn what_is_given_up_while_it_is_judged_has_not_come_to_its_end() {
    let mut relay = Relay::new(CHAT, None, CONTENT, false);
    relay.chunk((content(0, "a") + &event(0, "{}", true) + "data: [DONE]\n\n").as_bytes());
    relay.to_judge();
    assert_eq!(bytes(relay.stop(refusal())), "");
    assert!(matches!(relay.ended(), Some(End::Broken(_))));
}

#[test]
fn a_judgement_may_put_another_text_in_the_place() {
    let mut relay = Relay::new(CHAT, None, CONTENT, false);
    relay.chunk((content(0, "a") + &content(0, "b") + &event(0, "{}", true)).as_bytes());
    relay.to_judge();
    let out = bytes(relay.judged(&[Some("new".to_owned())]));
    assert!(out.contains(r#""content":"new""#) && out.contains(r#""content":"""#) && !out.contains(r#""b""#), "{out}");
}

#[test]
fn who_observes_holds_nothing_and_sees_all_at_the_end() {
    let mut relay = Relay::new(CHAT, None, OBSERVE, false);
    let all = content(0, "a") + &opening(0, 0, "rm") + &event(0, "{}", true) + "data: [DONE]\n\n";
    assert_eq!(bytes(relay.chunk(all.as_bytes())), all);
    assert_eq!(relay.to_judge().0.len(), 2);
    assert_eq!(bytes(relay.judged(&[Some("other".to_owned())])), "");
    assert!(relay.to_judge().0.is_empty());
}

#[test]
fn more_than_is_held_is_judged_as_too_much() {
    let mut relay = Relay::new(CHAT, None, CONTENT, false);
    let piece = content(0, &"x".repeat(600_000));
    assert!(relay.chunk(piece.as_bytes()).is_empty() && !relay.is_due());
    assert!(relay.chunk(piece.as_bytes()).is_empty() && relay.is_due());
    assert!(relay.to_judge().1);
    // It passes by the rule of each: nothing waits any more.
    assert_eq!(bytes(relay.judged(&[])).len(), 2 * piece.len());
    assert_eq!(bytes(relay.chunk(piece.as_bytes())), piece);
}

proptest! {
    /// However a stream is cut and whatever is judged, what passes is what came, in its order, and what waits has not left.
    #[test]
    fn bytes_are_kept(
        events in prop::collection::vec((0u64..2, 0u8..3, "[a-z]{0,4}"), 1..12),
        sizes in prop::collection::vec(1usize..60, 1..8),
        which in 0usize..4,
    ) {
        let judge = [Judge::default(), CONTENT, CALLS, ALL][which];
        let mut whole = String::new();
        for (choice, kind, text) in &events {
            whole += &match kind {
                0 => content(*choice, text),
                1 => opening(*choice, 0, text),
                _ => arguments(*choice, 0, text),
            };
        }
        whole += &(event(0, "{}", true) + &event(1, "{}", true) + "data: [DONE]\n\n");
        let mut relay = Relay::new(CHAT, None, judge, false);
        let mut out = String::new();
        let mut rest = whole.as_bytes();
        for size in sizes.iter().cycle() {
            let (piece, behind) = rest.split_at((*size).min(rest.len()));
            out += &bytes(relay.chunk(piece));
            if judge.calls {
                prop_assert!(!out.contains("arguments"), "a call left unjudged: {}", out);
            }
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        out += &bytes(relay.eof());
        relay.to_judge();
        out += &bytes(relay.judged(&[]));
        prop_assert_eq!(out, whole);
    }
}
