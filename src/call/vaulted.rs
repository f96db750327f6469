//! Values put back in calls of tools.

use crate::{
    guard::{Restored, Vault},
    json::{Raw, quote},
    provider::{edit::Edits, text::leaves},
};

/// Arguments of a tool with what stands for values put right, for the tool to run with. What is JSON stays it: each string is
/// put right by itself, and written as one. A string that stood for a number becomes a string, as it was one for the model.
pub fn restore_arguments(vault: &Vault, arguments: &str) -> Restored {
    let Some(leaves) = leaves(arguments) else { return vault.restore(arguments) };
    let mut all = Restored::default();
    let mut edits = Edits::new();
    for (range, leaf) in leaves {
        let Restored { text, restored, unknown } = vault.restore(&leaf);
        all.restored += restored;
        all.unknown.extend(unknown);
        if text != leaf {
            // A number that stood in for a number.
            let was_number = arguments.get(range.clone()) == Some(leaf.as_str());
            let is_number = was_number && Raw::parse(&text).is_ok_and(|value| value.number().is_some());
            edits.replace(range, if is_number { text } else { quote(&text) });
        }
    }
    // The ranges come from this very text, so the edit does not fail.
    all.text = edits.apply(arguments).unwrap_or_default();
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        call::{Judge, Out, Relay},
        guard::{Action, Config, KEY, Scanner},
        provider::format::Format,
    };

    const WIRE: (Format, &str) = (Format::Chat, "openai");

    #[test]
    fn json_stays_json() {
        let guards = vec![Config::pii().with_action(Action::Tokenize), Config::secrets().with_action(Action::Tokenize)];
        let vault = Vault::new(&[7; KEY], guards).unwrap();
        let mail = vault.redact("ann@example.com");
        let key = "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA3v9QpX7mB2tY\n-----END PRIVATE KEY-----";
        let secret = vault.redact(key);
        assert!(secret.starts_with("[SECRET_1_"), "{secret}");
        let found =
            restore_arguments(&vault, &format!(r#"{{"to": ["{mail}"], "n": 1.50, "text": "{secret}\n[EMAIL_9]"}}"#));
        let to: serde_json::Value = serde_json::from_str(&found.text).unwrap();
        assert_eq!(to["to"][0], "ann@example.com");
        assert_eq!(to["text"], format!("{key}\n[EMAIL_9]"));
        assert!(found.text.contains("1.50"), "what nobody changed keeps its spelling");
        assert_eq!((found.restored, found.unknown), (2, vec!["[EMAIL_9]".to_owned()]));
        // What is no JSON is a text.
        assert_eq!(restore_arguments(&vault, &format!("mail {mail}")).text, "mail ann@example.com");
    }

    fn event(delta: &str, end: &str) -> String {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{{delta}}},\"finish_reason\":{end}}}]}}\n\n")
    }

    fn said(text: &str) -> String {
        event(&format!("\"content\":{}", quote(text)), "null")
    }

    fn asked(arguments: &str) -> String {
        let arguments = quote(arguments);
        event(&format!("\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":{arguments}}}}}]"), "null")
    }

    /// What a relay gives, cut into pieces of these sizes: its bytes, and the texts in them.
    fn relayed(mut relay: Relay, whole: &str, sizes: &[usize]) -> (String, String, String) {
        let mut out: Vec<Out> = Vec::new();
        let mut rest = whole.as_bytes();
        for size in sizes.iter().cycle() {
            let (piece, behind) = rest.split_at((*size).min(rest.len()));
            out.extend(relay.chunk(piece));
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        out.extend(relay.eof());
        let (mut content, mut arguments) = (String::new(), String::new());
        for data in out.iter().filter_map(|event| event.data.as_deref()) {
            let data: serde_json::Value = serde_json::from_str(data).unwrap();
            let delta = &data["choices"][0]["delta"];
            content += delta["content"].as_str().unwrap_or_default();
            arguments += delta["tool_calls"][0]["function"]["arguments"].as_str().unwrap_or_default();
        }
        (out.iter().map(|event| String::from_utf8(event.raw.clone()).unwrap()).collect(), content, arguments)
    }

    proptest! {
        /// However a stream is cut, and whether guards scan it or not, what is said and what tools get is what it would be whole.
        #[test]
        fn streams_are_restored_as_the_whole(
            pieces in prop::collection::vec("[a-z \\[\\]]{0,6}|M|M|D|!", 1..12),
            lengths in prop::collection::vec(1_usize..9, 1..6),
            sizes in prop::collection::vec(1_usize..60, 1..8),
            scanned in any::<bool>(),
        ) {
            let guards = |action| vec![Config::pii().with_action(action)];
            let vault = Vault::new(&[7; KEY], guards(Action::Tokenize)).unwrap();
            let mark = vault.redact("ann@example.com");
            let damaged = mark.to_lowercase().replace('_', " ");
            let text: String = pieces.iter().map(|piece| match piece.as_str() {
                "M" => mark.as_str(),
                "D" => damaged.as_str(),
                "!" => " eve@example.org ",
                piece => piece,
            }).collect();
            let scanner = scanned.then(|| Scanner::new(guards(Action::Redact)).unwrap());
            let guarded = |text: &str| match &scanner {
                Some(scanner) => scanner.scan(text, crate::guard::Stage::Output).text,
                None => text.to_owned(),
            };
            let mut whole = String::new();
            let chars: Vec<char> = text.chars().collect();
            let mut rest = chars.as_slice();
            for length in lengths.iter().cycle() {
                let (piece, behind) = rest.split_at((*length).min(rest.len()));
                whole += &said(&piece.iter().collect::<String>());
                rest = behind;
                if rest.is_empty() {
                    break;
                }
            }
            let json = format!("{{\"to\": [{}, 1.0]}}", quote(&text));
            let (head, tail) = json.split_at(json.char_indices().nth(9).unwrap().0);
            whole += &(asked(head) + &asked(tail) + &event("", "\"stop\"") + "data: [DONE]\n\n");
            let relay = Relay::new(WIRE, scanner.clone(), Judge::default(), false).restoring(Some(vault.clone()));
            let (_, content, arguments) = relayed(relay, &whole, &sizes);
            prop_assert_eq!(content, vault.restore(&guarded(&text)).text);
            let leaf = vault.restore(&guarded(&text)).text;
            prop_assert_eq!(arguments, format!("{{\"to\": [{}, 1.0]}}", quote(&leaf)));
            // Without a vault nothing is touched.
            if !scanned {
                prop_assert_eq!(relayed(Relay::new(WIRE, None, Judge::default(), false), &whole, &sizes).0, whole);
            }
        }
    }
}
