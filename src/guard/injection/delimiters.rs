//! Delimiters of chat templates: whoever writes them speaks in another's name.

use super::Level;

/// Delimiters, lower case, and how much one says: some stand in ordinary text as well.
const DELIMITERS: &[(&str, Level)] = &[
    ("<start_of_turn>", Level::Clear),
    ("<end_of_turn>", Level::Clear),
    ("[inst]", Level::Clear),
    ("[/inst]", Level::Clear),
    ("<<sys>>", Level::Clear),
    ("<</sys>>", Level::Clear),
    ("[system]", Level::Clear),
    ("[/system]", Level::Clear),
    ("[available_tools]", Level::Clear),
    ("[tool_calls]", Level::Clear),
    ("[tool_results]", Level::Clear),
    ("<\u{FF5C}user\u{FF5C}>", Level::Clear),
    ("<\u{FF5C}assistant\u{FF5C}>", Level::Clear),
    ("[assistant]", Level::Weak),
    ("[user]", Level::Weak),
    ("<system>", Level::Weak),
    ("</system>", Level::Weak),
    ("<tool_call>", Level::Weak),
    ("<tool_response>", Level::Weak),
    ("### system:", Level::Weak),
    ("### instruction:", Level::Weak),
    ("### response:", Level::Weak),
];

/// The longest name between `<|` and `|>`.
const LONGEST: usize = 32;

/// The length of the delimiter that a text begins with, and how much it says.
pub(super) fn at(text: &str) -> Option<(usize, Level)> {
    let bytes = text.as_bytes();
    // `<|im_start|>` and all of its kind.
    if let Some(name) = bytes.strip_prefix(b"<|") {
        let length =
            name.iter().take(LONGEST).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let closed = name.get(length..length + 2) == Some(b"|>");
        return (length > 1 && closed).then_some((length + 4, Level::Clear));
    }
    let begins = |delimiter: &str| {
        bytes.get(..delimiter.len()).is_some_and(|here| here.eq_ignore_ascii_case(delimiter.as_bytes()))
    };
    DELIMITERS.iter().find(|(delimiter, _)| begins(delimiter)).map(|(delimiter, level)| (delimiter.len(), *level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_told_from_what_looks_like_them() {
        for text in ["<|im_start|>system", "<|END_OF_TURN_TOKEN|>", "[INST] x", "<<SYS>>", "<\u{FF5C}User\u{FF5C}>hi"] {
            assert!(at(text).is_some_and(|(_, level)| level == Level::Clear), "{text}");
        }
        for text in ["<|>", "<| f |>", "[instance]", "<b>", "# system:", "<|not a name|>"] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
