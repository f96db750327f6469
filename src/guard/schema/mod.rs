//! JSON Schema: whether a text is JSON of the form that somebody asked for, and what in it is not.
//!
//! The keywords are those of draft 2020-12 that providers' structured output uses, and the common rest. What can't be checked
//! (references to other documents, unevaluated members) is refused when a schema is read, since a keyword that is
//! passed over is a rule that nobody keeps. Patterns are those of [`regex`](super::regex). `format` is a note, as the standard has it.
//!
//! | file | holds |
//! |---|---|
//! | `compile`, `cycles` | a schema to rules |
//! | `check` | a value against them |
//! | `value`, `decimal` | values as a tree, numbers as the decimals they are |

mod check;
mod compile;
mod cycles;
mod decimal;
mod value;

use self::{
    compile::Rules,
    value::{Refused, Value},
};
use crate::{
    error::{Error, Result},
    json::Raw,
};

pub use self::check::Problem;
pub(crate) use self::{decimal::Decimal, value::Value as Tree};

/// The tree of a text; `None` where it is no JSON, nests deeper, or repeats a name.
pub(crate) fn tree(text: &str, depth: u32) -> Option<Tree<'_>> {
    Value::read(Raw::parse(text).ok()?, depth).ok()
}

/// One text for all values that are equal to this one.
pub(crate) fn canonical(raw: Raw<'_>) -> Option<String> {
    let mut to = String::new();
    Value::read(raw, DEFAULT_DEPTH).ok()?.canonical(&mut to);
    Some(to)
}

/// The value of a number.
pub(crate) fn decimal(raw: Raw<'_>) -> Option<Decimal> {
    matches!(raw.kind(), "a number" | "a negative number").then(|| Decimal::parse(raw.get()))
}

/// How deep a text may nest, where nobody says.
pub const DEFAULT_DEPTH: u32 = 64;
/// How deep a text may be allowed to nest.
pub const MOST_DEPTH: u32 = 128;

/// A schema, ready to check texts.
#[derive(Clone, Debug)]
pub struct Schema {
    rules: Rules,
    depth: u32,
}

impl Schema {
    /// Reads a schema.
    pub fn parse(text: &str, depth: u32) -> Result<Self> {
        if !(1..=MOST_DEPTH).contains(&depth) {
            return Err(Error::config(format!(
                "cannot read maxDepth: expected a whole number from 1 to {MOST_DEPTH}, found {depth}"
            )));
        }
        Ok(Self { rules: compile::compile(text)?, depth })
    }

    /// What of a text does not fit; nothing where all does. With `extract` it may be JSON within other text: in a fence, or
    /// from the first bracket to the last.
    pub fn check(&self, text: &str, extract: bool) -> Vec<Problem> {
        let raw = match Raw::parse(text) {
            Ok(raw) => raw,
            Err(bad) => match extract.then(|| find(text)).flatten() {
                Some(raw) => raw,
                None => {
                    let (line, column) = bad.place(text);
                    let found = if text.trim().is_empty() {
                        "nothing".to_owned()
                    } else {
                        format!("a text with an error at line {line} column {column}")
                    };
                    return vec![whole("json", "JSON", found)];
                }
            },
        };
        match Value::read(raw, self.depth) {
            Ok(value) => check::check(&self.rules, &value),
            Err(Refused::Depth) => {
                vec![whole("maxDepth", &format!("at most {} levels", self.depth), "more".to_owned())]
            }
            Err(Refused::Repeated) => {
                vec![whole("json", "each name once in an object", "one twice".to_owned())]
            }
        }
    }
}

fn whole(keyword: &'static str, expected: &str, found: String) -> Problem {
    Problem { at: String::new(), keyword, expected: expected.to_owned(), found }
}

/// How many fences of a text are looked into.
const MAX_FENCES: usize = 16;

/// The JSON within a text: what stands in the first fence that holds any, else from the first bracket to the last.
pub fn find(text: &str) -> Option<Raw<'_>> {
    let fenced = text.split("```").skip(1).step_by(2).take(MAX_FENCES).find_map(|inside| {
        // Behind the fence stands the language, up to the end of its line.
        let content = inside.split_once('\n').map_or(inside, |(_, content)| content);
        Raw::parse(content).or_else(|_| Raw::parse(inside)).ok()
    });
    fenced.or_else(|| {
        let start = text.find(['{', '['])?;
        let end = text.rfind(['}', ']'])? + 1;
        Raw::parse(text.get(start..end)?).ok()
    })
}

#[cfg(test)]
mod tests;
