//! Guards over a text that is still coming.

use std::sync::Arc;

use super::{
    action::{Action, Stage},
    finding::{Finding, Hit},
    leave::Leaving,
    pass::Pass,
    plan::Plan,
    replace::mask,
    scanner::{Group, Scan, Scanner, spare, together},
    sweep::{LOOKBACK, Sweep},
    vault::Cover,
    view::View,
};

/// A change to the stream: what was at `start..end` is replaced. Positions are absolute, in bytes of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where the replaced part begins.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
    /// What stands there now; may be empty, where a long finding goes on that was replaced before.
    pub replacement: String,
}

/// What a piece of text decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// How many bytes of the stream are decided. What lies before may leave, with the edits made; what lies behind is held.
    pub settled: usize,
    /// Changes within what this step settled, in order; each is given once.
    pub edits: Vec<Edit>,
    /// The finding at which the stream ends: what lies before it is settled, nothing after it ever will be.
    pub blocked: Option<Finding>,
}

/// A scan of a text that comes in pieces.
///
/// Whatever the pieces, the settled text with its edits made is the text that [`Scanner::scan`] answers; where a guard
/// blocks, it is that text up to the finding. Text is held only from the start of the oldest part that may still become a
/// finding; where a guard is [`Streaming::Buffered`](super::Streaming::Buffered), to the end.
pub struct Stream {
    plan: Arc<Plan>,
    cover: Option<Cover>,
    sweep: Option<Sweep>,
    passes: Vec<Box<dyn Pass>>,
    /// The end of the stream so far, from `base` on: what is not settled, and some of what came before.
    tail: String,
    base: usize,
    settled: usize,
    /// Hits of the sweep that are not settled.
    swept: Vec<Hit>,
    /// Hits of the other detectors that are not settled.
    others: Vec<Hit>,
    /// Of a long finding that is settled as it grows: its group.
    open: Option<Group>,
    hits: Vec<Hit>,
    groups: Vec<Group>,
    blocked: Option<Finding>,
    ended: bool,
}

impl Stream {
    /// A stream at that stage under the scanner's guards.
    pub fn new(scanner: &Scanner, stage: Stage) -> Self {
        Self::with(scanner, stage, None)
    }

    /// The same, with a vault at work over the text. On the way out it takes out what the vault knew when the stream began.
    pub fn with(scanner: &Scanner, stage: Stage, cover: Option<Cover>) -> Self {
        let plan = scanner.plan(stage, false);
        Self {
            sweep: plan.sweep(cover.as_ref()),
            passes: plan.passes(cover.as_ref()),
            plan,
            cover,
            tail: String::new(),
            base: 0,
            settled: 0,
            swept: Vec::new(),
            others: Vec::new(),
            open: None,
            hits: Vec::new(),
            groups: Vec::new(),
            blocked: None,
            ended: false,
        }
    }

    /// The next piece. After the end, or a finding that blocks, nothing more is settled.
    pub fn push(&mut self, text: &str) -> Step {
        if self.is_over() {
            return self.step(Vec::new());
        }
        self.tail.push_str(text);
        self.advance(false)
    }

    /// No more pieces come: settles what is held.
    pub fn end(&mut self) -> Step {
        if self.is_over() {
            return self.step(Vec::new());
        }
        self.ended = true;
        self.advance(true)
    }

    /// Whether nothing more will be settled: the stream has ended, or was blocked.
    pub fn is_over(&self) -> bool {
        self.ended || self.blocked.is_some()
    }

    /// How many bytes of the stream are decided.
    pub fn settled(&self) -> usize {
        self.settled
    }

    /// What was found so far, as [`Scanner::scan`] tells it; without the text, which has left.
    pub fn result(&self) -> Scan {
        self.plan.scanned(&self.hits, &self.groups, String::new())
    }

    /// Looks as far as possible, and settles what is decided.
    fn advance(&mut self, whole: bool) -> Step {
        let end = self.base + self.tail.len();
        let grown = self.open.as_ref().map(|group| group.finding.end);
        // A secret that grows was settled, so it is no longer pending: the sweep extends a copy of it.
        if self.open.is_some()
            && let Some(last) = self.hits.last()
        {
            self.swept.push(*last);
        }
        let view = View::new(&self.tail, whole);
        let mut bound = self.sweep.as_mut().map_or(end, |sweep| sweep.run(&view, self.base, &mut self.swept));
        let mut edits = Vec::new();
        if let Some(from) = grown {
            self.grow(from, &mut edits);
        }
        let view = View::new(&self.tail, whole);
        for pass in &mut self.passes {
            bound = bound.min(pass.run(&view, self.base, &mut self.others));
        }
        if self.blocked.is_none() && self.open.is_none() {
            self.settle(bound, &mut edits);
        }
        self.forget();
        self.step(edits)
    }

    /// The secret that was settled before goes on, up to where its hit ends now. Its copy is the first of what was swept.
    fn grow(&mut self, from: usize, edits: &mut Vec<Edit>) {
        let Some(copy) = (!self.swept.is_empty()).then(|| self.swept.remove(0)) else { return };
        let Some(mut group) = self.open.take() else { return };
        group.finding.end = copy.end;
        if let (Some(hit), Some(last)) = (self.hits.last_mut(), self.groups.last_mut()) {
            hit.end = copy.end;
            last.finding.end = copy.end;
        }
        if copy.end > from {
            let replacement = match group.action {
                Action::Mask => Some(mask(self.slice(from, copy.end), 0)),
                Action::Allow | Action::Warn => None,
                _ => Some(String::new()),
            };
            edits.extend(replacement.map(|replacement| Edit { start: from, end: copy.end, replacement }));
        }
        self.settled = copy.end;
        // What others find so deep inside is not counted, see `together`.
        let settled = self.settled;
        self.others.retain(|hit| hit.start >= settled);
        // It goes on if the sweep says so and nothing came after it.
        if self.swept.is_empty() && self.sweep.as_ref().is_some_and(Sweep::is_open) {
            self.open = Some(group);
        }
    }

    /// Settles everything before `bound` but for groups that reach over it.
    fn settle(&mut self, bound: usize, edits: &mut Vec<Edit>) {
        if bound <= self.settled {
            return;
        }
        let growing = self.sweep.as_ref().filter(|sweep| sweep.is_open()).and_then(|_| self.swept.last().copied());
        let mut pending = self.swept.clone();
        together(&mut pending, &self.others);
        for hit in &mut pending {
            hit.give_to(&self.plan, self.slice(hit.start, hit.end));
        }
        spare(&mut pending);
        let mut settled = bound;
        for group in self.plan.group(&pending) {
            let (start, end) = (group.finding.start, group.finding.end);
            let grows = growing.is_some_and(|hit| (start..end).contains(&hit.start));
            // What reaches over the end of a secret that still grows can't be told from what it will cover.
            let is_early = end > bound || growing.is_some_and(|hit| grows && hit.end < end);
            if start >= bound || (is_early && group.action != Action::Block) {
                settled = settled.min(start);
                break;
            }
            self.hits.extend(pending.iter().filter(|hit| (start..end).contains(&hit.start)));
            self.groups.push(group.clone());
            if group.action == Action::Block {
                self.blocked = Some(group.finding.clone());
                settled = start;
                break;
            }
            let replacement = group.replacement(&self.plan, self.slice(start, end), self.cover.as_ref());
            edits.extend(replacement.map(|replacement| Edit { start, end, replacement }));
            if grows {
                self.open = Some(group);
            }
        }
        // What a stand-in spares may begin in the middle of it.
        let floor = self.groups.last().map_or(0, |group| group.finding.end);
        for hit in pending.iter().filter(|hit| hit.is_stand_in()) {
            if hit.end > settled && hit.start >= floor {
                settled = settled.min(hit.start);
            }
        }
        self.settled = self.settled.max(settled);
        // Hits that nobody counts are never reported, so every hit before that point is in a group.
        let settled = self.settled;
        self.swept.retain(|hit| hit.start >= settled);
        self.others.retain(|hit| hit.start >= settled);
    }

    /// Gives up the text that no detector will look at again.
    fn forget(&mut self) {
        let keep = if self.blocked.is_some() { self.base + self.tail.len() } else { self.settled };
        let mut cut = keep.saturating_sub(self.base).saturating_sub(LOOKBACK).min(self.tail.len());
        while !self.tail.is_char_boundary(cut) {
            cut -= 1;
        }
        // Moving the rest costs as much as it is long, so it is done when there is as much to give up.
        if cut > LOOKBACK.max(self.tail.len() / 2) {
            self.tail.drain(..cut);
            self.base += cut;
        }
    }

    fn slice(&self, start: usize, end: usize) -> &str {
        self.tail.get(start.saturating_sub(self.base)..end.saturating_sub(self.base)).unwrap_or_default()
    }

    fn step(&self, edits: Vec<Edit>) -> Step {
        Step { settled: self.settled, edits, blocked: self.blocked.clone() }
    }
}

/// A [`Stream`] that keeps the text it holds, and answers the text that may leave.
pub struct TextStream {
    stream: Stream,
    held: Leaving,
}

impl TextStream {
    /// A stream at that stage under the scanner's guards.
    pub fn new(scanner: &Scanner, stage: Stage) -> Self {
        Self::with(scanner, stage, None)
    }

    /// As [`Stream::with`].
    pub fn with(scanner: &Scanner, stage: Stage, cover: Option<Cover>) -> Self {
        Self { stream: Stream::with(scanner, stage, cover), held: Leaving::default() }
    }

    /// The next piece; answers the text that may leave now.
    pub fn push(&mut self, text: &str) -> String {
        if self.stream.is_over() {
            return String::new();
        }
        self.held.add(text);
        let step = self.stream.push(text);
        self.held.leave(&step)
    }

    /// No more pieces come; answers the rest.
    pub fn end(&mut self) -> String {
        let step = self.stream.end();
        self.held.leave(&step)
    }

    /// The finding at which the stream was blocked.
    pub fn blocked(&self) -> Option<&Finding> {
        self.stream.blocked.as_ref()
    }

    /// What was found so far; see [`Stream::result`].
    pub fn result(&self) -> Scan {
        self.stream.result()
    }
}
