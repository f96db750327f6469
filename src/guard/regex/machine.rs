//! Instructions over a text: every way to match at once, in the order in which a pattern prefers them.
//!
//! All matches are found in one go. While what is found may still become longer, the search for the next one goes on behind
//! it, at a level of its own, to be thrown away if it does. Two ways that stand at the same instruction have the same future,
//! so the one that is preferred stands for both, between levels too: if it fails, the other would have failed as well; if it
//! does not, nothing of the levels behind it is left. So there are never more ways than instructions.

use super::{
    class::{is_line_end, is_word},
    parse::Assert,
    program::{Program, Step},
};

/// What stands beside a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    /// Nothing: there the text begins, or ends.
    Edge,
    Char(char),
    /// What stands for something that was taken out: no pattern matches it, or says anything about what is beside it.
    Mark,
}

/// A way to match.
#[derive(Clone, Copy, Debug)]
struct Thread {
    step: u32,
    /// Where its match would begin.
    start: usize,
    /// How many matches lie before it, if they stay.
    level: usize,
}

/// A search at work.
#[derive(Debug)]
pub(super) struct Machine {
    /// The ways, best first: those of earlier levels before others.
    threads: Vec<Thread>,
    spare: Vec<Thread>,
    /// For each instruction the round in which it was passed last.
    passed: Vec<u32>,
    round: u32,
    open: Vec<u32>,
    /// The last match of each level that has one, from `first` on.
    found: Vec<(usize, usize)>,
    /// How many of `found` are out of reach of all ways.
    sure: usize,
    first: usize,
    /// Whether a match of nothing is one.
    nothing: bool,
}

impl Machine {
    pub fn new(program: &Program) -> Self {
        Self {
            passed: vec![0; program.steps.len()],
            threads: Vec::new(),
            spare: Vec::new(),
            round: 0,
            open: Vec::new(),
            found: Vec::new(),
            sure: 0,
            first: 0,
            nothing: false,
        }
    }

    /// Whether there is nothing but the place: no way leads on, nothing is found that was not taken.
    pub fn is_idle(&self) -> bool {
        self.threads.is_empty() && self.found.is_empty()
    }

    /// From where on something may still be found.
    pub fn held(&self) -> Option<usize> {
        let found = self.found.get(self.sure).map(|(start, _)| *start);
        let thread = self.threads.first().map(|thread| thread.start);
        found.into_iter().chain(thread).min()
    }

    /// Takes the matches that stay.
    pub fn take(&mut self, mut each: impl FnMut(usize, usize)) {
        if self.sure == 0 {
            return;
        }
        for (start, end) in self.found.drain(..self.sure) {
            each(start, end);
        }
        self.first += self.sure;
        self.sure = 0;
    }

    /// Goes over a place, with what stands before and behind it; where a character does, over that as well.
    pub fn step(&mut self, program: &Program, at: usize, before: Beside, after: Beside) {
        let threads = std::mem::take(&mut self.threads);
        let mut ways = std::mem::take(&mut self.spare);
        ways.clear();
        self.next_round();
        let mut ended = false;
        for thread in &threads {
            ended = self.follow(program, *thread, at, before, after, &mut ways);
            if ended {
                break;
            }
        }
        // Behind a match the next one may begin at once, and by ways that this one gave up.
        if ended {
            self.next_round();
            for way in &ways {
                if let Some(passed) = self.passed.get_mut(way.step as usize) {
                    *passed = self.round;
                }
            }
        }
        let level = self.first + self.found.len();
        if !(program.anchored && at > 0) {
            self.follow(program, Thread { step: 0, start: at, level }, at, before, after, &mut ways);
        }
        self.threads = threads;
        self.threads.clear();
        if let Beside::Char(c) = after {
            for way in &ways {
                if let Some(Step::One(class)) = program.steps.get(way.step as usize)
                    && program.classes.get(*class as usize).is_some_and(|class| class.has(c))
                {
                    self.threads.push(Thread { step: way.step + 1, ..*way });
                }
            }
        }
        self.spare = ways;
        // What lies before the first level that still has a way stays.
        let reached = self.threads.first().map_or(self.found.len(), |thread| thread.level - self.first);
        self.sure = reached.min(self.found.len());
    }

    fn next_round(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.passed.fill(0);
            self.round = 1;
        }
    }

    /// Follows a way up to the characters that it needs next. Says whether it ended in a match: those that come after it are
    /// not preferred to that.
    fn follow(
        &mut self,
        program: &Program,
        thread: Thread,
        at: usize,
        before: Beside,
        after: Beside,
        ways: &mut Vec<Thread>,
    ) -> bool {
        self.open.clear();
        self.open.push(thread.step);
        while let Some(step) = self.open.pop() {
            let round = self.round;
            match self.passed.get_mut(step as usize) {
                Some(passed) if *passed != round => *passed = round,
                _ => continue,
            }
            match program.steps.get(step as usize) {
                Some(Step::One(_)) => ways.push(Thread { step, ..thread }),
                Some(Step::Jump(to)) => self.open.push(*to),
                Some(Step::Split(one, other)) => self.open.extend([*other, *one]),
                Some(Step::Assert(assert)) if holds(*assert, before, after) => self.open.push(step + 1),
                Some(Step::Unless(passed))
                    if self.passed.get(*passed as usize).is_none_or(|passed| *passed != round) =>
                {
                    self.open.push(step + 1);
                }
                // Of nothing there is no match: the next best is looked for.
                Some(Step::Match) if thread.start == at && !self.nothing => {}
                Some(Step::Match) => {
                    self.found.truncate(thread.level.saturating_sub(self.first));
                    self.found.push((thread.start, at));
                    return true;
                }
                Some(Step::Assert(_) | Step::Unless(_)) | None => {}
            }
        }
        false
    }

    /// Whether there is a match anywhere in a text, of nothing as well.
    pub fn matches(mut self, program: &Program, text: &str) -> bool {
        self.nothing = true;
        let mut before = Beside::Edge;
        for (at, c) in text.char_indices() {
            if self.threads.is_empty() && (at > 0 && program.anchored) {
                return false;
            }
            let idle = self.threads.is_empty() && !program.may_begin(text.as_bytes().get(at).copied().unwrap_or(0));
            if !idle {
                self.step(program, at, before, Beside::Char(c));
                if !self.found.is_empty() {
                    return true;
                }
            }
            before = Beside::Char(c);
        }
        self.step(program, text.len(), before, Beside::Edge);
        !self.found.is_empty()
    }
}

fn holds(assert: Assert, before: Beside, after: Beside) -> bool {
    let is_line = |beside| match beside {
        Beside::Edge => true,
        Beside::Char(c) => is_line_end(c),
        Beside::Mark => false,
    };
    let word = |beside| matches!(beside, Beside::Char(c) if is_word(c));
    let is_known = before != Beside::Mark && after != Beside::Mark;
    match assert {
        Assert::Start => before == Beside::Edge,
        Assert::End => after == Beside::Edge,
        Assert::LineStart => is_line(before),
        Assert::LineEnd => is_line(after),
        Assert::Boundary => is_known && word(before) != word(after),
        Assert::NoBoundary => is_known && word(before) == word(after),
    }
}
