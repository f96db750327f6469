//! Private keys in PEM framing (RFC 7468), with line breaks or with `\n` as in JSON.

use super::super::view::{Need, View};

const BEGIN: &[u8] = b"-----BEGIN ";
/// `ENCRYPTED`, `OPENSSH`, `RSA`, ... and `PRIVATE KEY` or `PRIVATE KEY BLOCK`.
const LONGEST_LABEL: usize = 40;
/// White space, escaped or not, between the frame and the body.
const LONGEST_GAP: usize = 16;
/// This much of a body makes it a key and not a mention of one.
const SHORTEST_BODY: usize = 16;

/// How far into a key one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Body {
    /// Dashes in a row.
    dashes: u8,
    part: Part,
    /// Whether the key has headers (`Proc-Type:`, `Version:`), in which more characters occur.
    headers: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// In the body.
    Inside,
    /// Right after the five dashes of a frame.
    Frame,
    /// In the label of the closing frame.
    Closing,
    /// In the label of another opening frame: the key before it was cut off.
    Opening,
}

/// Where a key whose frame begins at `at` is recognised.
pub(super) fn look(view: &View, at: usize) -> Result<Option<(usize, Body)>, Need> {
    if !view.starts_with(at, BEGIN)? {
        return Ok(None);
    }
    let label = at + BEGIN.len();
    let mut end = label;
    while view.byte(end)?.is_some_and(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ') {
        end += 1;
        if end - label > LONGEST_LABEL {
            return Ok(None);
        }
    }
    let name = view.bytes(label, end);
    if !(name.ends_with(b"PRIVATE KEY") || name == b"PGP PRIVATE KEY BLOCK") || !view.starts_with(end, b"-----")? {
        return Ok(None);
    }
    let mut body = end + 5;
    while let Some(b' ' | b'\n' | b'\r' | b'\t' | b'\\' | b'n' | b'r') = view.byte(body)? {
        body += 1;
        if body - end > LONGEST_GAP + 5 {
            return Ok(None);
        }
    }
    for header in [&b"Proc-Type:"[..], b"Version:", b"Comment:"] {
        if view.starts_with(body, header)? {
            return Ok(Some((body + header.len(), Body { dashes: 0, part: Part::Inside, headers: true })));
        }
    }
    for place in 0..SHORTEST_BODY {
        if !view.byte(body + place)?.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')) {
            return Ok(None);
        }
    }
    Ok(Some((body + SHORTEST_BODY, Body { dashes: 0, part: Part::Inside, headers: false })))
}

impl Body {
    /// To the end of the closing frame; where there is none, as far as the text could be part of a key.
    pub fn go(&mut self, view: &View, mut at: usize) -> (usize, bool) {
        while let Some(byte) = view.seen(at) {
            let belongs = byte.is_ascii_alphanumeric()
                || matches!(byte, b'+' | b'/' | b'=' | b'-' | b' ' | b'\n' | b'\r' | b'\t' | b'\\' | b':' | b',')
                || self.headers && matches!(byte, b'.' | b'(' | b')' | b'<' | b'>' | b'@' | b';');
            if !belongs {
                return (at, false);
            }
            at += 1;
            if self.part == Part::Frame && byte != b'-' {
                self.part = if byte == b'E' { Part::Closing } else { Part::Opening };
            }
            self.dashes = if byte == b'-' { self.dashes + 1 } else { 0 };
            if self.dashes == 5 {
                self.dashes = 0;
                self.part = match self.part {
                    Part::Closing => return (at, false),
                    Part::Inside | Part::Frame => Part::Frame,
                    Part::Opening => Part::Inside,
                };
            }
        }
        (at, !view.is_whole())
    }
}
