//! A tree as instructions.

use super::{
    Wrong,
    class::Class,
    parse::{Assert, Node},
};

/// An instruction. Where it does not say otherwise, the next one follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A character of the class of that number.
    One(u32),
    /// Both ways, the first one rather.
    Split(u32, u32),
    Jump(u32),
    Assert(Assert),
    /// Goes on only where that instruction was not passed at the same place: a repeat of nothing is none.
    Unless(u32),
    /// Here a match ends.
    Match,
}

/// How many instructions a pattern may come to: each may have to be looked at for each character of a text.
const MAX_STEPS: usize = 2_048;

/// What a pattern comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub steps: Vec<Step>,
    pub classes: Vec<Class>,
    /// The most characters that a match can have.
    pub longest: Option<u32>,
    /// Which of the first 128 characters a match may begin with, and whether it may begin with another.
    pub first: (u128, bool),
    /// Whether a match can only be at the beginning of a text.
    pub anchored: bool,
}

impl Program {
    /// The instructions of a tree.
    pub fn compile(tree: &Node) -> Result<Self, Wrong> {
        let mut program =
            Self { steps: Vec::new(), classes: Vec::new(), longest: longest(tree), first: (0, false), anchored: false };
        program.node(tree)?;
        program.push(Step::Match)?;
        program.look_ahead();
        Ok(program)
    }

    /// Whether a match may begin with a character that begins with that byte.
    #[inline]
    pub fn may_begin(&self, byte: u8) -> bool {
        let (ascii, others) = self.first;
        if byte < 128 { ascii >> byte & 1 == 1 } else { others }
    }

    fn push(&mut self, step: Step) -> Result<usize, Wrong> {
        if self.steps.len() >= MAX_STEPS {
            let expected = format!(
                "a pattern that comes to at most {MAX_STEPS} steps (repeats are written out: make them smaller)"
            );
            return Err(Wrong::new(0, expected, "more"));
        }
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }

    fn here(&self) -> u32 {
        self.steps.len() as u32
    }

    fn set(&mut self, at: usize, step: Step) {
        if let Some(place) = self.steps.get_mut(at) {
            *place = step;
        }
    }

    fn node(&mut self, node: &Node) -> Result<(), Wrong> {
        match node {
            Node::One(class) => {
                let known = self.classes.iter().position(|known| known == class);
                let number = known.unwrap_or_else(|| {
                    self.classes.push(class.clone());
                    self.classes.len() - 1
                });
                self.push(Step::One(number as u32))?;
            }
            Node::Assert(assert) => {
                self.push(Step::Assert(*assert))?;
            }
            Node::Sequence(all) => all.iter().try_for_each(|node| self.node(node))?,
            Node::Either(all) => {
                let mut ends = Vec::with_capacity(all.len());
                for (at, node) in all.iter().enumerate() {
                    if at + 1 == all.len() {
                        self.node(node)?;
                        break;
                    }
                    let split = self.push(Step::Match)?;
                    self.node(node)?;
                    ends.push(self.push(Step::Match)?);
                    self.set(split, Step::Split(split as u32 + 1, self.here()));
                }
                let here = self.here();
                ends.into_iter().for_each(|end| self.set(end, Step::Jump(here)));
            }
            Node::Repeat { node, least, most, lazy } => self.repeat(node, *least, *most, *lazy)?,
        }
        Ok(())
    }

    fn repeat(&mut self, node: &Node, least: u32, most: Option<u32>, lazy: bool) -> Result<(), Wrong> {
        let split = |body: u32, out: u32| if lazy { Step::Split(out, body) } else { Step::Split(body, out) };
        let nullable = is_nullable(node);
        // The last of those that there must be is the loop's, where nothing can be repeated forever.
        let looped = most.is_none() && least > 0 && !nullable;
        for _ in 0..least - u32::from(looped) {
            let before = self.steps.len();
            self.node(node)?;
            if self.steps.len() == before {
                // Nothing, as often as you like.
                return Ok(());
            }
        }
        let Some(most) = most else {
            let start = self.here();
            if looped {
                self.node(node)?;
                let here = self.here();
                self.push(split(start, here + 1))?;
            } else {
                let at = self.push(Step::Match)?;
                self.node(node)?;
                self.push(Step::Jump(start))?;
                self.set(at, split(start + 1, self.here()));
            }
            return Ok(());
        };
        let mut splits = Vec::new();
        for _ in least..most {
            let at = self.push(Step::Match)?;
            splits.push(at);
            let before = self.steps.len();
            self.node(node)?;
            if self.steps.len() == before {
                break;
            }
            if nullable {
                self.push(Step::Unless(at as u32))?;
            }
        }
        let out = self.here();
        splits.into_iter().for_each(|at| self.set(at, split(at as u32 + 1, out)));
        Ok(())
    }

    /// What a match may begin with. Of places only the beginning of the text is taken at its word.
    fn look_ahead(&mut self) {
        let reach = |from_start: bool| {
            let mut seen = vec![false; self.steps.len()];
            let mut first = (0_u128, false);
            let mut open = vec![0];
            while let Some(at) = open.pop() {
                let at = at as usize;
                if seen.get_mut(at).is_none_or(|seen| std::mem::replace(seen, true)) {
                    continue;
                }
                let next = at as u32 + 1;
                match self.steps.get(at) {
                    Some(Step::One(class)) => {
                        let class = self.classes.get(*class as usize);
                        first.0 |= class.map_or(0, Class::ascii);
                        first.1 |= class.is_some_and(Class::is_wide);
                    }
                    Some(Step::Split(one, other)) => open.extend([*one, *other]),
                    Some(Step::Jump(to)) => open.push(*to),
                    Some(Step::Assert(Assert::Start)) if !from_start => {}
                    Some(Step::Assert(_) | Step::Unless(_)) => open.push(next),
                    // The end of a match that is empty: it may be anywhere.
                    Some(Step::Match) | None => first = (u128::MAX, true),
                }
            }
            first
        };
        let (first, inside) = (reach(true), reach(false));
        self.first = first;
        self.anchored = inside == (0, false);
    }
}

/// Whether it matches nothing.
fn is_nullable(node: &Node) -> bool {
    match node {
        Node::One(_) => false,
        Node::Assert(_) => true,
        Node::Sequence(all) => all.iter().all(is_nullable),
        Node::Either(all) => all.iter().any(is_nullable),
        Node::Repeat { node, least, .. } => *least == 0 || is_nullable(node),
    }
}

/// The most characters that it matches; `None` where there is no bound.
fn longest(node: &Node) -> Option<u32> {
    match node {
        Node::One(_) => Some(1),
        Node::Assert(_) => Some(0),
        Node::Sequence(all) => all.iter().try_fold(0_u32, |sum, node| Some(sum.saturating_add(longest(node)?))),
        Node::Either(all) => all.iter().try_fold(0, |most, node| Some(most.max(longest(node)?))),
        Node::Repeat { node, most, .. } => match longest(node)? {
            0 => Some(0),
            length => Some(length.saturating_mul((*most)?)),
        },
    }
}
