//! Values put back where something stands for them, in texts that may come in pieces.

use super::{
    super::{
        leave::Leaving,
        mark,
        stream::{Edit, Step},
        view::{Need, View},
    },
    State, Vault,
    known::look_stand_in,
};
use crate::json::{ToJson, Writer};

/// How much of what has left stays in sight: more than the longest placeholder.
const BEHIND: usize = 64;

/// How many separators a model may put where there was one, or none.
const MOST_APART: usize = 3;

/// How many of them are told.
const MOST_UNKNOWN: usize = 100;

/// A text with what stands for values put right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// The text.
    pub text: String,
    /// How many values were put back.
    pub restored: usize,
    /// Placeholders that stand for nothing that is known here, as they should have been written; the first hundred.
    pub unknown: Vec<String>,
}

impl ToJson for Restored {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("text", &self.text);
        to.number_of("restored", self.restored as f64);
        to.list_of("notRestored", &self.unknown);
        to.close('}');
    }
}

/// A text that comes in pieces, and what in it stands for values. Only what may still become a placeholder or a stand-in
/// waits. However the text is cut, the result is that of the whole.
///
/// A placeholder is known by its letters and digits. It may be in letters of either case, with other separators or none,
/// and with spaces inside its brackets, escaped ones, curly ones or none.
#[derive(Clone, Debug)]
pub struct RestoreStream {
    vault: Vault,
    /// The end of the text so far, from `base` on.
    tail: String,
    base: usize,
    /// Everything before is decided. In bytes of the whole text.
    at: usize,
    /// No placeholder reaches back over this.
    floor: usize,
    /// Brackets that the line has opened and not closed.
    open: u32,
    restored: usize,
    unknown: Vec<String>,
}

impl RestoreStream {
    /// A text in which values of that vault are put back.
    pub fn new(vault: Vault) -> Self {
        Self { vault, tail: String::new(), base: 0, at: 0, floor: 0, open: 0, restored: 0, unknown: Vec::new() }
    }

    /// The next piece: what is decided with it.
    pub fn push(&mut self, piece: &str) -> Step {
        self.tail.push_str(piece);
        self.advance(false)
    }

    /// No more comes: everything is decided.
    pub fn end(&mut self) -> Step {
        self.advance(true)
    }

    /// How many bytes are decided.
    pub fn settled(&self) -> usize {
        self.at
    }

    /// How many values were put back so far.
    pub fn restored(&self) -> usize {
        self.restored
    }

    /// Placeholders so far that stand for nothing that is known.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    fn advance(&mut self, whole: bool) -> Step {
        let mut edits = Vec::new();
        let vault = self.vault.clone();
        let state = vault.state();
        let view = View::new(&self.tail, whole);
        let mut at = self.at - self.base;
        while let Some(byte) = view.seen(at) {
            match look(&state, &view, at, byte, self.open > 0) {
                Err(Need) => break,
                Ok(Some((end, entry))) => {
                    let value = state.entries.get(entry).map(|entry| entry.value.clone()).unwrap_or_default();
                    edits.push(Edit { start: self.base + at, end: self.base + end, replacement: value });
                    self.restored += 1;
                    at = end;
                    self.floor = self.base + end;
                }
                Ok(None) => {
                    match byte {
                        b'[' => self.open += 1,
                        b']' => {
                            self.open = self.open.saturating_sub(1);
                            let floor = self.floor.saturating_sub(self.base);
                            let found = unknown_before(&view, at, floor).filter(|_| self.unknown.len() < MOST_UNKNOWN);
                            self.unknown.extend(found.filter(|name| !self.unknown.contains(name)));
                        }
                        b'\n' => self.open = 0,
                        _ => {}
                    }
                    at += 1;
                }
            }
        }
        self.at = self.base + at;
        let mut cut = at.saturating_sub(BEHIND);
        while !self.tail.is_char_boundary(cut) {
            cut -= 1;
        }
        // Moving the rest costs as much as it is long.
        if cut > BEHIND.max(self.tail.len() / 2) {
            self.tail.drain(..cut);
            self.base += cut;
        }
        Step { settled: self.at, edits, blocked: None }
    }
}

/// What begins there: where it ends, and the entry for which it stands.
fn look(state: &State, view: &View, at: usize, byte: u8, open: bool) -> Result<Option<(usize, usize)>, Need> {
    let may = matches!(byte, b'[' | b'{' | b'\\') || state.marks.begin_with(byte.to_ascii_uppercase());
    if may
        && !state.marks.is_empty()
        && let Some(found) = look_mark(state, view, at, byte, open)?
    {
        return Ok(Some(found));
    }
    look_stand_in(state, view, at, usize::MAX)
}

/// The placeholder that begins there.
fn look_mark(state: &State, view: &View, at: usize, byte: u8, open: bool) -> Result<Option<(usize, usize)>, Need> {
    let escaped = byte == b'\\';
    let mut to = at + usize::from(escaped);
    let close = match view.byte(to)? {
        Some(b'[') => Some(b']'),
        Some(b'{') => Some(b'}'),
        _ if escaped => return Ok(None),
        _ => None,
    };
    if close.is_some() {
        to += 1;
        while to < at + 4 && view.byte(to)? == Some(b' ') {
            to += 1;
        }
    } else if view.char_before(at).is_some_and(|(_, c)| c.is_alphanumeric()) {
        return Ok(None);
    }
    let (mut some, mut apart) = (state.marks.all(), 0);
    let entry = loop {
        match view.byte(to)? {
            Some(byte) if byte.is_ascii_alphanumeric() => {
                if !state.marks.narrow(&mut some, byte.to_ascii_uppercase()) {
                    return Ok(None);
                }
                apart = 0;
                to += 1;
                // They end in letters behind digits, so none is the beginning of another.
                if let Some(entry) = state.marks.whole(&some) {
                    break entry;
                }
            }
            Some(b' ' | b'_' | b'-' | b'\\' | b'\n' | b'*')
                if apart < MOST_APART && to > at && apart_from(view, to) =>
            {
                apart += 1;
                to += 1;
            }
            _ => return Ok(None),
        }
    };
    let next = view.byte(to)?;
    if next.is_some_and(|byte| byte.is_ascii_alphanumeric()) || view.char_at(to)?.is_some_and(char::is_alphanumeric) {
        return Ok(None);
    }
    match close {
        Some(close) => {
            let mut end = to;
            while end < to + 3 && view.byte(end)? == Some(b' ') {
                end += 1;
            }
            let is_escape = view.byte(end)? == Some(b'\\');
            let end = end + usize::from(is_escape);
            if view.byte(end)? == Some(close) {
                // An escape before the opening bracket alone is no part of it.
                return Ok((is_escape || !escaped).then_some((end + 1, entry)));
            }
            Ok((!escaped).then_some((to, entry)))
        }
        // Of a pair of brackets the first is missing, unless the second is somebody else's.
        None if next == Some(b']') && !open => Ok(Some((to + 1, entry))),
        None => Ok(Some((to, entry))),
    }
}

/// Whether a separator may stand there: behind a letter, a digit, or another separator of the same placeholder.
fn apart_from(view: &View, at: usize) -> bool {
    view.before(at)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-' | b'\\' | b'\n' | b'*'))
}

/// What looks like a placeholder and ends with the bracket there, as it should have been written.
fn unknown_before(view: &View, at: usize, floor: usize) -> Option<String> {
    let near = view.bytes(at.saturating_sub(BEHIND).max(floor), at);
    let inner = near.get(near.iter().rposition(|byte| *byte == b'[')? + 1..)?;
    let mut name = String::new();
    for byte in inner.trim_ascii() {
        match byte {
            b'\\' => {}
            b' ' | b'-' | b'_' => name.push('_'),
            byte if byte.is_ascii_alphanumeric() => name.push(char::from(byte.to_ascii_uppercase())),
            _ => return None,
        }
    }
    mark::is_numbered(name.as_bytes()).then(|| format!("[{name}]"))
}

/// A [`RestoreStream`] that keeps the text it holds, and answers the text that may leave.
#[derive(Clone, Debug)]
pub struct TextRestore {
    stream: RestoreStream,
    held: Leaving,
}

impl TextRestore {
    /// A text in which values of that vault are put back.
    pub fn new(vault: Vault) -> Self {
        Self { stream: RestoreStream::new(vault), held: Leaving::default() }
    }

    /// The next piece; answers the text that may leave now.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.add(piece);
        let step = self.stream.push(piece);
        self.held.leave(&step)
    }

    /// No more comes; answers the rest.
    pub fn end(&mut self) -> String {
        let step = self.stream.end();
        self.held.leave(&step)
    }

    /// How many values were put back so far.
    pub fn restored(&self) -> usize {
        self.stream.restored()
    }

    /// Placeholders so far that stand for nothing that is known.
    pub fn unknown(&self) -> &[String] {
        self.stream.unknown()
    }
}
