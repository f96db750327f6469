//! Known values where they stand in a text, whether a detector finds them there or not; and what stands for values.

use super::{
    super::{
        finding::Hit,
        mark,
        pass::Pass,
        view::{Need, View},
    },
    Cover, State, Vault, Way,
};

/// Letters and digits of scripts that put spaces between words: beside one of those a value is part of a longer word.
fn joins(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() && c < '\u{2E80}')
}

/// The pass over a text for what a vault knew when the text began: what it learns from the text itself must not depend on
/// how that was cut.
pub(in super::super) struct Known {
    cover: Cover,
    /// How many entries count.
    limit: usize,
    at: usize,
}

impl Known {
    pub fn new(cover: &Cover) -> Self {
        Self { limit: cover.vault.len(), cover: cover.clone(), at: 0 }
    }
}

impl Pass for Known {
    fn run(&mut self, view: &View, base: usize, hits: &mut Vec<Hit>) -> usize {
        if self.limit == 0 {
            return base + view.len();
        }
        let state = self.cover.vault.state();
        let mut at = self.at.saturating_sub(base);
        while let Some(byte) = view.seen(at) {
            if byte == b'[' {
                // What stands between its brackets is no text of anybody's.
                let Ok(length) = mark::opens(view, at) else { break };
                at += length.max(1);
                continue;
            }
            let look = |at| -> Result<Option<(usize, usize, bool)>, Need> {
                if let Some((end, entry)) = look_stand_in(&state, view, at, self.limit)? {
                    return Ok(Some((end, entry, true)));
                }
                let found = if self.cover.way == Way::Out { look_value(&state, view, at, self.limit)? } else { None };
                Ok(found.map(|(end, entry)| (end, entry, false)))
            };
            let may = state.stand_ins.begin_with(byte.to_ascii_lowercase()) || state.sought.begin_with(byte);
            match if may { look(at) } else { Ok(None) } {
                Err(Need) => break,
                Ok(None) => at += 1,
                Ok(Some((end, entry, stands_in))) => {
                    if let Some(entry) = state.entries.get(entry) {
                        let hit = Hit::new(entry.kind, base + at, base + end, true, "vault");
                        hits.push(if stands_in { hit.stands_in() } else { hit.known() });
                    }
                    at = end;
                }
            }
        }
        self.at = base + at;
        base + at
    }
}

/// A text without the values that are known.
pub(super) fn cover(vault: &Vault, text: &str) -> String {
    let view = View::new(text, true);
    let mut state = vault.state();
    let limit = state.entries.len();
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(byte) = view.seen(at) {
        if byte == b'[' {
            at += mark::opens(&view, at).unwrap_or_default().max(1);
            continue;
        }
        let small = byte.to_ascii_lowercase();
        if !state.stand_ins.begin_with(small) && !state.sought.begin_with(byte) {
            at += 1;
            continue;
        }
        // Of a whole text nothing is missing.
        if let Ok(Some((end, _))) = look_stand_in(&state, &view, at, limit) {
            at = end;
            continue;
        }
        let Ok(Some((end, entry))) = look_value(&state, &view, at, limit) else {
            at += 1;
            continue;
        };
        out.push_str(text.get(copied..at).unwrap_or_default());
        out.push_str(&state.shown(entry));
        (copied, at) = (end, end);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// The longest known value that begins there, as a word of its own: where it ends, and its entry.
fn look_value(state: &State, view: &View, at: usize, limit: usize) -> Result<Option<(usize, usize)>, Need> {
    let Some(first) = view.char_at(at)? else { return Ok(None) };
    if joins(Some(first)) && joins(view.char_before(at).map(|(_, c)| c)) {
        return Ok(None);
    }
    let (mut some, mut to, mut found) = (state.sought.all(), at, None);
    loop {
        if let Some(entry) = state.sought.whole(&some).filter(|entry| *entry < limit) {
            let last = view.char_before(to).map(|(_, c)| c);
            if !(joins(last) && joins(view.char_at(to)?)) {
                found = Some((to, entry));
            }
        }
        if !state.sought.goes_on(&some) {
            return Ok(found);
        }
        match view.byte(to)? {
            Some(byte) if state.sought.narrow(&mut some, byte) => to += 1,
            _ => return Ok(found),
        }
    }
}

/// The longest stand-in that begins there, in letters of either case. It is no part of a longer number; beside letters it
/// may stand, as what it stands for did.
pub(super) fn look_stand_in(
    state: &State,
    view: &View,
    at: usize,
    limit: usize,
) -> Result<Option<(usize, usize)>, Need> {
    let is_digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    let Some(first) = view.seen(at).filter(|byte| state.stand_ins.begin_with(byte.to_ascii_lowercase())) else {
        return Ok(None);
    };
    if first.is_ascii_digit() && is_digit(view.before(at)) {
        return Ok(None);
    }
    let (mut some, mut to, mut found) = (state.stand_ins.all(), at, None);
    loop {
        if let Some(entry) = state.stand_ins.whole(&some).filter(|entry| *entry < limit)
            && !(is_digit(view.before(to)) && is_digit(view.byte(to)?))
        {
            found = Some((to, entry));
        }
        if !state.stand_ins.goes_on(&some) {
            return Ok(found);
        }
        match view.byte(to)? {
            Some(byte) if state.stand_ins.narrow(&mut some, byte.to_ascii_lowercase()) => to += 1,
            _ => return Ok(found),
        }
    }
}
