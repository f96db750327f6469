//! Patterns that a guard looks for.

use std::sync::Arc;

use super::{
    Regex,
    machine::{Beside, Machine},
};
use crate::{
    error::{Error, Result},
    finding::Hit,
    kind::Kind,
    mark,
    pass::Pass,
    view::View,
};

/// The rules that findings name: which of the patterns it was.
const RULES: [&str; 32] = [
    "pattern-1",
    "pattern-2",
    "pattern-3",
    "pattern-4",
    "pattern-5",
    "pattern-6",
    "pattern-7",
    "pattern-8",
    "pattern-9",
    "pattern-10",
    "pattern-11",
    "pattern-12",
    "pattern-13",
    "pattern-14",
    "pattern-15",
    "pattern-16",
    "pattern-17",
    "pattern-18",
    "pattern-19",
    "pattern-20",
    "pattern-21",
    "pattern-22",
    "pattern-23",
    "pattern-24",
    "pattern-25",
    "pattern-26",
    "pattern-27",
    "pattern-28",
    "pattern-29",
    "pattern-30",
    "pattern-31",
    "pattern-32",
];

/// Patterns to look for, each by itself: what several match becomes one finding like all that overlaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patterns {
    all: Arc<[Regex]>,
}

impl Patterns {
    /// Patterns with their flags; see [`Regex::new`]. One that matches nothing but the empty text is refused with what is
    /// wrong with it, as is one that is wrong itself.
    pub fn new(patterns: &[(String, String)]) -> Result<Self> {
        if patterns.is_empty() || patterns.len() > RULES.len() {
            return Err(Error::config(format!(
                "cannot read regex options: expected 1 to {} patterns, found {}",
                RULES.len(),
                patterns.len()
            )));
        }
        let mut all = Vec::with_capacity(patterns.len());
        for (at, (pattern, flags)) in patterns.iter().enumerate() {
            let what = format!("pattern {}", at + 1);
            let regex = Regex::new(pattern, flags, &what)?;
            if regex.longest() == Some(0) {
                return Err(Error::config(format!(
                    "cannot read {what}: expected something that it matches, found a place alone"
                )));
            }
            all.push(regex);
        }
        Ok(Self { all: all.into() })
    }

    /// Whether there is an end to what one of them may match: then a stream holds no more than that.
    pub(crate) fn is_bounded(&self) -> bool {
        self.all.iter().all(|regex| regex.longest().is_some())
    }

    /// At work for the guard at that place.
    pub(crate) fn passes(&self, guard: usize) -> Vec<Box<dyn Pass>> {
        let pass = |(regex, rule): (&Regex, &&'static str)| {
            let machine = Machine::new(&regex.program);
            Box::new(Look { regex: regex.clone(), machine, guard, rule, at: 0, before: Beside::Edge }) as Box<dyn Pass>
        };
        self.all.iter().zip(&RULES).map(pass).collect()
    }
}

struct Look {
    regex: Regex,
    machine: Machine,
    guard: usize,
    rule: &'static str,
    /// Everything before was looked at.
    at: usize,
    /// What stands before that.
    before: Beside,
}

impl Pass for Look {
    fn run(&mut self, view: &View, base: usize, hits: &mut Vec<Hit>) -> usize {
        let program = self.regex.program.clone();
        let mut at = self.at.saturating_sub(base);
        while let Some(byte) = view.seen(at) {
            if self.machine.is_idle() {
                let rest = view.bytes(at, view.len());
                let none = program.anchored && base + at > 0;
                let next = rest.iter().position(|byte| *byte == b'[' || !none && program.may_begin(*byte));
                let next = next.unwrap_or(rest.len());
                if next > 0 {
                    at += next;
                    self.before = view.char_before(at).map_or(Beside::Edge, |(_, c)| Beside::Char(c));
                    continue;
                }
            }
            // What a mark says is nobody's text.
            let mark = if byte == b'[' { mark::opens(view, at) } else { Ok(0) };
            let Ok(mark) = mark else { break };
            let (after, length) = match view.char_at(at) {
                _ if mark > 0 => (Beside::Mark, mark),
                Ok(Some(c)) => (Beside::Char(c), c.len_utf8()),
                _ => break,
            };
            self.machine.step(&program, base + at, self.before, after);
            self.take(hits);
            at += length;
            self.before = after;
        }
        if view.is_whole() && at >= view.len() {
            self.machine.step(&program, base + at, self.before, Beside::Edge);
            self.take(hits);
        }
        self.at = base + at;
        self.machine.held().map_or(self.at, |held| held.min(self.at))
    }
}

impl Look {
    fn take(&mut self, hits: &mut Vec<Hit>) {
        let (guard, rule) = (self.guard, self.rule);
        self.machine.take(|start, end| hits.push(Hit::new(Kind::Pattern, start, end, true, rule).of_guard(guard)));
    }
}
