//! What of a stream leaves, as text.

use super::stream::Step;

/// Text that was taken and has not left.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaving {
    held: String,
    /// Where it begins in the whole text.
    base: usize,
}

impl Leaving {
    pub fn add(&mut self, text: &str) {
        self.held.push_str(text);
    }

    /// What a step lets go, with its edits made. Behind a finding that blocks nothing leaves any more.
    pub fn leave(&mut self, step: &Step) -> String {
        let mut out = String::new();
        let mut at = self.base;
        let part = |start: usize, end: usize| {
            self.held.get(start.saturating_sub(self.base)..end.saturating_sub(self.base)).unwrap_or_default()
        };
        for edit in &step.edits {
            out.push_str(part(at, edit.start));
            out.push_str(&edit.replacement);
            at = edit.end;
        }
        out.push_str(part(at, step.settled));
        self.held.drain(..step.settled.saturating_sub(self.base).min(self.held.len()));
        self.base = step.settled;
        if step.blocked.is_some() {
            self.held.clear();
        }
        out
    }
}
