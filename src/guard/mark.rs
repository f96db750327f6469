//! What stands where something was taken out, and how a later scan recognises it.

use super::{
    kind::Kind,
    view::{Need, View},
};

/// More than the longest mark.
const LONGEST: usize = 64;

/// How many letters end a vault's marks.
pub(super) const TAG: usize = 4;

/// How marks begin that stand for good. Those of a vault (`[EMAIL_1_KQZT]`) begin with their label.
const PREFIXES: [&[u8]; 3] = [b"REDACTED_", b"FILTERED_", b"HASHED_"];

/// The length of the mark that a text begins with, if it does; `None` where the text is too short to tell.
pub(super) fn length(text: &[u8]) -> Option<usize> {
    let Some(b'[') = text.first() else { return text.first().map(|_| 0) };
    let inner = text.get(1..text.len().min(LONGEST)).unwrap_or_default();
    let is_part = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let end = inner.iter().position(|byte| !is_part(byte));
    match end {
        None if text.len() < LONGEST => None,
        Some(end) if inner.get(end) == Some(&b']') && is_mark(inner.get(..end).unwrap_or_default()) => Some(end + 2),
        _ => Some(0),
    }
}

/// The length of the mark that begins there, 0 where none does.
pub(super) fn opens(view: &View, at: usize) -> Result<usize, Need> {
    match length(view.bytes(at, at + LONGEST)) {
        Some(length) => Ok(length),
        None if view.is_whole() => Ok(0),
        None => Err(Need),
    }
}

/// Whether a mark ends there.
pub(super) fn closes(view: &View, end: usize) -> bool {
    let text = view.bytes(end.saturating_sub(LONGEST + 1), end);
    let Some((b']', before)) = text.split_last() else { return false };
    let near = before.get(before.len().saturating_sub(LONGEST)..).unwrap_or_default();
    let open = near.iter().rposition(|byte| *byte == b'[');
    open.and_then(|open| near.get(open + 1..)).is_some_and(is_mark)
}

/// Whether that stands between the brackets of a mark.
fn is_mark(inner: &[u8]) -> bool {
    let is_label = |text: &[u8]| !text.is_empty() && text.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    if PREFIXES.iter().any(|prefix| inner.strip_prefix(*prefix).is_some_and(is_label)) {
        return true;
    }
    is_numbered(inner)
}

/// Whether that stands between the brackets of a mark of a vault: a label, a number, and letters that nobody else would write.
/// Without those letters it is none that can be put right, and still no text.
pub(super) fn is_numbered(inner: &[u8]) -> bool {
    let parts = inner.len().checked_sub(TAG + 1).and_then(|at| inner.split_at_checked(at));
    let inner = match parts {
        Some((rest, [b'_', tag @ ..])) if tag.iter().all(u8::is_ascii_uppercase) => rest,
        _ => inner,
    };
    let digits = inner.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let label = inner.get(..inner.len() - digits).and_then(|text| text.strip_suffix(b"_"));
    digits > 0 && label.is_some_and(|label| Kind::all().any(|kind| kind.label().as_bytes() == label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_from_other_brackets() {
        for mark in [
            "[REDACTED_EMAIL]",
            "[FILTERED_INJECTION]",
            "[HASHED_PHONE_ABCDEFGHIJKLMNOP]",
            "[EMAIL_1]",
            "[US_EIN_207]",
            "[EMAIL_1_KQZT]",
        ] {
            assert_eq!(length(format!("{mark} and").as_bytes()), Some(mark.len()), "{mark}");
            let text = format!("and {mark}");
            assert!(closes(&View::new(&text, true), text.len()), "{mark}");
            assert_eq!(opens(&View::new(&text, true), 4), Ok(mark.len()), "{mark}");
            for cut in 1..mark.len() {
                assert_eq!(length(&mark.as_bytes()[..cut]), None, "{mark} cut at {cut}");
            }
        }
        for other in [
            "[INST]",
            "[REDACTED_]",
            "[REDACTED_email]",
            "[EMAIL]",
            "[EMAIL_]",
            "[EMAIL_1",
            "[1]",
            "[EMAIL_KQZT]",
            "[EMAIL_1_KQZ]",
            "[EMAIL_1_KQZ4]",
            "[MAX_TOKENS]",
            "x",
            "[",
        ] {
            assert_eq!(length(format!("{other} and").as_bytes()), Some(0), "{other}");
            let text = format!("and {other}");
            assert!(!closes(&View::new(&text, true), text.len()), "{other}");
        }
        assert_eq!(length(b""), None);
        assert_eq!(length(&[b'[', b'A'].repeat(40)), Some(0));
    }
}
