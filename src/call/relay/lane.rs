//! One text of a stream: what of it came, what is decided, and what it becomes.

use crate::{
    call::vaulted::restore_arguments,
    guard::{self, Cover, Edit},
    json::quote,
    provider::{chunk::Lane, edit::Edits, text::leaves},
};

#[derive(Default)]
pub(super) struct LaneState {
    pub(super) scan: Option<guard::Stream>,
    /// A vault at work over it.
    pub(super) cover: Option<Cover>,
    /// What puts values back in what is said. In arguments they are put back once those are whole.
    pub(super) restore: Option<guard::RestoreStream>,
    /// Values put back, where no guard has replaced what stood there.
    pub(super) restores: Vec<Edit>,
    /// Those before are behind what has left.
    pub(super) first_restore: usize,
    /// Values put back in arguments.
    pub(super) whole: Option<guard::Restored>,
    /// Bytes before the scan under way: it starts anew where a choice goes on after its end.
    pub(super) base: usize,
    pub(super) length: usize,
    /// Up to where the guards have decided.
    pub(super) guarded: usize,
    pub(super) settled: usize,
    /// All of them, in their order; those before `first_edit` are behind what has left.
    pub(super) edits: Vec<Edit>,
    pub(super) first_edit: usize,
    /// The whole text.
    pub(super) text: String,
    /// The name of the tool that is called.
    pub(super) name: String,
    /// It waits for a judgement.
    pub(super) waits: bool,
    /// Scans that have ended, with their texts.
    pub(super) scanned: Vec<(String, guard::Scan)>,
}

pub(super) struct HeldPiece {
    pub(super) lane: Lane,
    pub(super) start: usize,
    pub(super) text: String,
    pub(super) range: std::ops::Range<usize>,
}

impl LaneState {
    pub(super) fn push(
        &mut self,
        text: &str,
        lane: Lane,
        scanner: Option<&guard::Scanner>,
    ) -> Result<(), guard::Finding> {
        self.length += text.len();
        self.text.push_str(text);
        // Arguments are JSON: they are looked at as such once they are whole, and are of no use before.
        if is_call(lane) && (scanner.is_some() || self.cover.is_some()) {
            return Ok(());
        }
        if let Some(restore) = &mut self.restore {
            self.restores.extend(restore.push(text).edits);
        }
        let Some(scanner) = scanner else {
            self.guarded = self.length;
            self.settle();
            return Ok(());
        };
        let base = self.base;
        let cover = &self.cover;
        let scan = self.scan.get_or_insert_with(|| guard::Stream::with(scanner, stage(lane), cover.clone()));
        let step = scan.push(text);
        self.advance(base, step)
    }

    pub(super) fn end(&mut self, lane: Lane, scanner: Option<&guard::Scanner>) -> Result<(), guard::Finding> {
        if is_call(lane) && (scanner.is_some() || self.cover.is_some()) {
            return self.end_arguments(scanner);
        }
        self.end_restore();
        let base = self.base;
        let Some(mut scan) = self.scan.take() else { return Ok(()) };
        let step = scan.end();
        self.scanned.push((self.text_from_base(), scan.result()));
        self.base = self.length;
        self.advance(base, step)
    }

    /// Scans the strings and numbers of whole arguments, so that they stay JSON; what is no JSON is one text.
    fn end_arguments(&mut self, scanner: Option<&guard::Scanner>) -> Result<(), guard::Finding> {
        if self.base == self.length {
            return Ok(());
        }
        self.base = self.length;
        let Some(scanner) = scanner else {
            self.settled = self.length;
            return Ok(());
        };
        let leaves = leaves(&self.text);
        let is_json = leaves.is_some();
        let mut edits = Edits::new();
        for (range, leaf) in leaves.unwrap_or_else(|| vec![(0..self.text.len(), self.text.clone())]) {
            let scan = scanner.scan_with(&leaf, guard::Stage::ToolCall, self.cover.as_ref());
            if !scan.passed {
                let finding = scan.findings.first().cloned();
                self.scanned.push((leaf, scan));
                return finding.map_or(Ok(()), Err);
            }
            if scan.text != leaf {
                let text = if is_json { quote(&scan.text) } else { scan.text.clone() };
                edits.replace(range, text);
            }
            self.scanned.push((leaf, scan));
        }
        // The ranges come from this very text, so the edit does not fail; should it, nothing of the text leaves.
        let changed = edits.apply(&self.text).unwrap_or_default();
        if changed != self.text {
            self.edits = vec![Edit { start: 0, end: self.length, replacement: changed }];
        }
        self.settled = self.length;
        Ok(())
    }

    pub(super) fn text_from_base(&self) -> String {
        self.text.get(self.base..).unwrap_or_default().to_owned()
    }

    fn advance(&mut self, base: usize, step: guard::Step) -> Result<(), guard::Finding> {
        self.edits.extend(step.edits.into_iter().map(|edit| Edit {
            start: edit.start + base,
            end: edit.end + base,
            replacement: edit.replacement,
        }));
        self.guarded = base + step.settled;
        if step.blocked.is_some() {
            // Before it nothing waits any more.
            self.end_restore();
        }
        self.settle();
        match step.blocked {
            None => Ok(()),
            Some(finding) => Err(finding),
        }
    }

    /// No value that is put back reaches over the end of what has come.
    pub(super) fn end_restore(&mut self) {
        if let Some(restore) = &mut self.restore {
            self.restores.extend(restore.end().edits);
        }
        self.settle();
    }

    pub(super) fn settle(&mut self) {
        let restored = self.restore.as_ref().map_or(usize::MAX, guard::RestoreStream::settled);
        self.settled = self.guarded.min(restored);
    }

    /// Puts values back in whole arguments, when they leave: until then others may change them.
    pub(super) fn restore_whole(&mut self) {
        let is_whole = self.length > 0 && self.settled == self.length;
        if self.restore.is_some() || self.whole.is_some() || !is_whole {
            return;
        }
        let Some(cover) = &self.cover else { return };
        let restored = restore_arguments(&cover.vault, &self.edited_text());
        if restored.restored > 0 {
            self.edits = vec![Edit { start: 0, end: self.length, replacement: restored.text.clone() }];
            self.first_edit = 0;
        }
        self.whole = Some(restored);
    }

    /// The edits of the guards and the values put back between them that begin before `end`, of each those from one on.
    pub(super) fn changes(&self, edit: usize, restore: usize, end: usize) -> Vec<Edit> {
        let mut restores = self.restores.iter().skip(restore).take_while(|put| put.start < end).peekable();
        let mut all = Vec::new();
        for edit in self.edits.iter().skip(edit).take_while(|edit| edit.start < end) {
            while let Some(put) = restores.next_if(|put| put.end <= edit.start) {
                all.push(put.clone());
            }
            // What a guard has replaced stays replaced.
            while restores.next_if(|put| put.start < edit.end).is_some() {}
            all.push(edit.clone());
        }
        all.extend(restores.cloned());
        all
    }

    /// Whether it leaves as another text.
    pub(super) fn is_changed(&self) -> bool {
        !self.edits.is_empty() || !self.restores.is_empty()
    }

    /// The text of a piece after the edits, up to where the lane is settled.
    pub(super) fn edited(&mut self, piece: &HeldPiece) -> String {
        self.restore_whole();
        let end = (piece.start + piece.text.len()).min(self.settled);
        let mut changed = String::with_capacity(piece.text.len());
        let mut position = piece.start;
        let changes = self.changes(self.first_edit, self.first_restore, end);
        for edit in changes.iter().filter(|edit| edit.end > piece.start) {
            let kept =
                piece.text.get(position - piece.start..edit.start.max(position) - piece.start).unwrap_or_default();
            changed.push_str(kept);
            if edit.start >= piece.start {
                changed.push_str(&edit.replacement);
            }
            position = edit.end.min(end).max(position);
        }
        let rest = piece.text.get(position - piece.start..end.max(position) - piece.start).unwrap_or_default();
        changed.push_str(rest);
        let behind =
            |edits: &[Edit], first: usize| first + edits.iter().skip(first).take_while(|edit| edit.end <= end).count();
        self.first_edit = behind(&self.edits, self.first_edit);
        self.first_restore = behind(&self.restores, self.first_restore);
        changed
    }

    /// The whole text after the edits, for a judge.
    pub(super) fn edited_text(&self) -> String {
        self.with(&self.edits)
    }

    /// The whole text after these edits.
    pub(super) fn with(&self, edits: &[Edit]) -> String {
        let mut changed = String::with_capacity(self.text.len());
        let mut position = 0;
        for edit in edits {
            changed.push_str(self.text.get(position..edit.start).unwrap_or_default());
            changed.push_str(&edit.replacement);
            position = edit.end;
        }
        changed.push_str(self.text.get(position..).unwrap_or_default());
        changed
    }
}

/// Whether it is a call of a tool.
pub(super) fn is_call(lane: Lane) -> bool {
    matches!(lane, Lane::Arguments(..))
}

/// The stage of a stream's text.
pub(super) fn stage(lane: Lane) -> guard::Stage {
    if is_call(lane) { guard::Stage::ToolCall } else { guard::Stage::Output }
}
