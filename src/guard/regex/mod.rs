//! Regular expressions that take linear time, for patterns that somebody else writes.
//!
//! A pattern becomes a short program that is stepped through a text once, with every way to match it followed at the same
//! time, so there is nothing to go back to: no pattern and no text make it slow. The syntax and what matches are those of
//! JavaScript's `RegExp` with the flag `u`, but for what can't be had in linear time (back-references, look-around), which is
//! refused with its place.
//!
//! | file | holds |
//! |---|---|
//! | `parse`, `escape`, `class` | a pattern as a tree |
//! | `program` | the tree as instructions |
//! | `machine` | the instructions over a text |
//! | `patterns` | what a guard looks for |

mod class;
mod escape;
mod machine;
mod parse;
mod patterns;
mod program;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::{
    machine::Machine,
    parse::{Assert, Flags, Node},
    program::Program,
};
use crate::error::{Error, Result};

pub use self::patterns::Patterns;

/// A regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regex {
    program: Arc<Program>,
}

/// What is wrong with a pattern, and where: characters before it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    at: usize,
    expected: String,
    found: String,
}

impl Wrong {
    fn new(at: usize, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { at, expected: expected.into(), found: found.into() }
    }
}

impl Regex {
    /// Reads a pattern. Flags are those of `RegExp`: `i` (case), `m` (lines), `s` (the dot is any character); `d`, `g` and `u` are
    /// taken and change nothing. `what` names the pattern in errors.
    ///
    /// # Errors
    ///
    /// A configuration error with the `offset` in the pattern, in characters, of what is wrong.
    pub fn new(pattern: &str, flags: &str, what: &str) -> Result<Self> {
        Self::read(pattern, flags, what, false)
    }

    /// The same for a pattern that must match a text from its beginning to its end.
    pub fn whole(pattern: &str, flags: &str, what: &str) -> Result<Self> {
        Self::read(pattern, flags, what, true)
    }

    fn read(pattern: &str, flags: &str, what: &str, whole: bool) -> Result<Self> {
        let fail = |wrong: Wrong| {
            let Wrong { at, expected, found } = wrong;
            Error::config(format!("cannot read {what}: expected {expected} at offset {at}, found {found}"))
                .with("offset", at as f64)
        };
        let mut set = Flags::default();
        for flag in flags.chars() {
            if !set.set(flag, true) && !matches!(flag, 'd' | 'g' | 'u') {
                return Err(Error::config(format!("cannot read {what}: expected flags out of dgimsu, found another")));
            }
        }
        let mut tree = parse::parse(pattern, set).map_err(fail)?;
        if whole {
            tree = Node::Sequence(vec![Node::Assert(Assert::Start), tree, Node::Assert(Assert::End)]);
        }
        let program = Program::compile(&tree).map_err(fail)?;
        Ok(Self { program: Arc::new(program) })
    }

    /// Whether it matches anywhere in a text; the empty text counts.
    pub fn is_match(&self, text: &str) -> bool {
        Machine::new(&self.program).matches(&self.program, text)
    }

    /// How much a character of a text costs at the most.
    pub(super) fn steps(&self) -> u64 {
        self.program.steps.len() as u64
    }

    /// The most characters that a match can have; `None` where there is no bound.
    pub(super) fn longest(&self) -> Option<u32> {
        self.program.longest
    }
}
