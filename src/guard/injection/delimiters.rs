//! Delimiters of chat templates: whoever writes them speaks in another's name.

use super::{Level, Sign};
use crate::guard::kind::Kind;

/// Delimiters, lower case, and how much one says: some stand in ordinary text as well.
const DELIMITERS: &[(&str, Level)] = &[
    ("<|im_start|>", Level::Clear),
    ("<|im_end|>", Level::Clear),
    ("<|im_sep|>", Level::Clear),
    ("<|system|>", Level::Clear),
    ("<|user|>", Level::Clear),
    ("<|assistant|>", Level::Clear),
    ("<|endoftext|>", Level::Clear),
    ("<|endofprompt|>", Level::Clear),
    ("<|begin_of_text|>", Level::Clear),
    ("<|start_header_id|>", Level::Clear),
    ("<|end_header_id|>", Level::Clear),
    ("<|eot_id|>", Level::Clear),
    ("<|channel|>", Level::Clear),
    ("<start_of_turn>", Level::Clear),
    ("<end_of_turn>", Level::Clear),
    ("[inst]", Level::Clear),
    ("[/inst]", Level::Clear),
    ("<<sys>>", Level::Clear),
    ("<</sys>>", Level::Clear),
    ("[system]", Level::Clear),
    ("[/system]", Level::Clear),
    ("[assistant]", Level::Weak),
    ("[user]", Level::Weak),
    ("<system>", Level::Weak),
    ("</system>", Level::Weak),
    ("### system:", Level::Weak),
    ("### instruction:", Level::Weak),
    ("### response:", Level::Weak),
];

/// Delimiters in a text.
pub(super) fn signs(text: &str) -> Vec<Sign> {
    let bytes = text.as_bytes();
    let mut signs = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        if !matches!(byte, b'<' | b'[' | b'#') {
            continue;
        }
        let found = DELIMITERS.iter().find(|(delimiter, _)| {
            bytes.get(at..at + delimiter.len()).is_some_and(|here| here.eq_ignore_ascii_case(delimiter.as_bytes()))
        });
        if let Some((delimiter, level)) = found {
            signs.push(Sign {
                kind: Kind::Delimiter,
                start: at,
                end: at + delimiter.len(),
                level: *level,
                rule: "chat-template-delimiter",
            });
        }
    }
    signs
}
