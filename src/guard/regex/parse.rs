//! A pattern as a tree.

use super::{Wrong, class::Class, escape};

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// A character out of a set.
    One(Class),
    /// What must hold at a place.
    Assert(Assert),
    /// One after the other.
    Sequence(Vec<Node>),
    /// The first that leads to a match.
    Either(Vec<Node>),
    /// Again and again.
    Repeat { node: Box<Node>, least: u32, most: Option<u32>, lazy: bool },
}

/// What must hold at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assert {
    /// The beginning of the text.
    Start,
    /// Its end.
    End,
    /// The beginning of a line.
    LineStart,
    /// The end of a line.
    LineEnd,
    /// Where a word begins or ends.
    Boundary,
    /// Anywhere else.
    NoBoundary,
}

/// Flags, as they are at a place of the pattern.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub folded: bool,
    pub lines: bool,
    pub dot_all: bool,
}

impl Flags {
    /// Sets a flag; says whether there is such a one.
    pub fn set(&mut self, flag: char, on: bool) -> bool {
        match flag {
            'i' => self.folded = on,
            'm' => self.lines = on,
            's' => self.dot_all = on,
            _ => return false,
        }
        true
    }
}

/// How deep groups may nest.
const MAX_DEPTH: u32 = 64;

/// Reads a pattern.
pub(super) fn parse(pattern: &str, flags: Flags) -> Result<Node, Wrong> {
    let mut parser = Parser { chars: pattern.chars().collect(), at: 0, flags, depth: 0 };
    let tree = parser.either()?;
    match parser.peek() {
        None => Ok(tree),
        Some(c) => Err(Wrong::new(parser.at, "a group that was opened before", format!("{c}"))),
    }
}

pub(super) struct Parser {
    chars: Vec<char>,
    /// What is read next.
    pub at: usize,
    pub flags: Flags,
    depth: u32,
}

impl Parser {
    pub fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }

    /// Reads that, if it comes next.
    pub fn eat(&mut self, text: &str) -> bool {
        let comes = text.chars().enumerate().all(|(at, c)| self.chars.get(self.at + at) == Some(&c));
        if comes {
            self.at += text.chars().count();
        }
        comes
    }

    /// What is found, for errors.
    pub fn found(&self) -> String {
        self.peek().map_or_else(|| "the end of the pattern".to_owned(), String::from)
    }

    fn either(&mut self) -> Result<Node, Wrong> {
        let mut all = vec![self.sequence()?];
        while self.eat("|") {
            all.push(self.sequence()?);
        }
        let only = if all.len() == 1 { all.pop() } else { None };
        Ok(only.unwrap_or(Node::Either(all)))
    }

    fn sequence(&mut self) -> Result<Node, Wrong> {
        let mut all = Vec::new();
        while let Some(c) = self.peek().filter(|c| !matches!(c, '|' | ')')) {
            let node = self.item(c)?;
            all.push(self.repeated(node)?);
        }
        let only = if all.len() == 1 { all.pop() } else { None };
        Ok(only.unwrap_or(Node::Sequence(all)))
    }

    fn item(&mut self, c: char) -> Result<Node, Wrong> {
        let start = self.at;
        if c == '(' {
            return self.group();
        }
        if self.times().is_some() {
            return Err(Wrong::new(start, "something to repeat", format!("{c}")));
        }
        self.at += 1;
        let Flags { folded, lines, dot_all } = self.flags;
        Ok(match c {
            '^' => Node::Assert(if lines { Assert::LineStart } else { Assert::Start }),
            '$' => Node::Assert(if lines { Assert::LineEnd } else { Assert::End }),
            '.' if dot_all => Node::One(Class::new(Vec::new(), Vec::new(), true, false)),
            '.' => Node::One(Class::new(super::class::LINE_ENDS.to_vec(), Vec::new(), true, false)),
            '[' => Node::One(escape::brackets(self)?),
            '\\' => escape::item(self)?,
            c => Node::One(Class::of(c, folded)),
        })
    }

    fn group(&mut self) -> Result<Node, Wrong> {
        let start = self.at;
        self.at += 1;
        let outer = self.flags;
        if self.eat("?") {
            let look = ["=", "!", "<=", "<!"].into_iter().find(|look| self.eat(look));
            if let Some(look) = look {
                let instead = "no look-around, which takes more than linear time (match what stands there as well, or use another pattern for it)";
                return Err(Wrong::new(start, instead, format!("(?{look}")));
            }
            if self.eat("P<") || self.eat("<") {
                let name_at = self.at;
                while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
                    self.at += 1;
                }
                if self.at == name_at || !self.eat(">") {
                    return Err(Wrong::new(self.at, "a name and >", self.found()));
                }
            } else if !self.eat(":") && self.group_flags()? {
                // `(?i)` at the very beginning is for the whole pattern.
                if start != 0 {
                    return Err(Wrong::new(
                        start,
                        "flags for all at the very beginning, or for a group as (?i:...)",
                        "others",
                    ));
                }
                return Ok(Node::Sequence(Vec::new()));
            }
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Wrong::new(start, format!("groups that nest at most {MAX_DEPTH} deep"), "more"));
        }
        let node = self.either()?;
        self.depth -= 1;
        if !self.eat(")") {
            return Err(Wrong::new(start, "a group that is closed", "one that is not"));
        }
        self.flags = outer;
        // A place by itself can't be repeated, in a group it can.
        Ok(if matches!(node, Node::Assert(_)) { Node::Sequence(vec![node]) } else { node })
    }

    /// Reads flags of a group, and what ends them; says whether the group ends as well.
    fn group_flags(&mut self) -> Result<bool, Wrong> {
        let mut on = true;
        loop {
            let at = self.at;
            match self.next() {
                Some('-') if on => on = false,
                Some(':') => return Ok(false),
                Some(')') if on => return Ok(true),
                Some(flag) if self.flags.set(flag, on) => {}
                _ => {
                    self.at = at;
                    return Err(Wrong::new(at, "one of (?: (?<name> (?i: (?m: (?s:", self.found()));
                }
            }
        }
    }

    /// What stands behind a node: how often it is repeated.
    fn repeated(&mut self, node: Node) -> Result<Node, Wrong> {
        let at = self.at;
        let Some((least, most)) = self.times() else { return Ok(node) };
        if most.is_some_and(|most| most < least) {
            return Err(Wrong::new(at, "the smaller number first", "the greater one"));
        }
        if matches!(node, Node::Assert(_)) {
            return Err(Wrong::new(at, "something to repeat", "a place, which is only one"));
        }
        let lazy = self.eat("?");
        let again = self.at;
        if self.times().is_some() {
            let expected = "one repeat for each item (possessive ones have no use: nothing is tried twice)";
            return Err(Wrong::new(again, expected, "two"));
        }
        Ok(Node::Repeat { node: Box::new(node), least, most, lazy })
    }

    /// Reads `*`, `+`, `?` or a count; nothing where none comes.
    fn times(&mut self) -> Option<(u32, Option<u32>)> {
        let times = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            _ => return self.count(),
        };
        self.at += 1;
        Some(times)
    }

    /// Reads `{2}`, `{2,}` or `{2,5}`; nothing where it is none of them.
    fn count(&mut self) -> Option<(u32, Option<u32>)> {
        let start = self.at;
        let counted = self.counted();
        if counted.is_none() {
            self.at = start;
        }
        counted
    }

    fn counted(&mut self) -> Option<(u32, Option<u32>)> {
        if !self.eat("{") {
            return None;
        }
        let least = self.number()?;
        let most = if self.eat(",") {
            if self.peek() == Some('}') { None } else { Some(self.number()?) }
        } else {
            Some(least)
        };
        self.eat("}").then_some((least, most))
    }

    fn number(&mut self) -> Option<u32> {
        let start = self.at;
        let mut number = 0_u32;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            number = number.saturating_mul(10).saturating_add(digit);
            self.at += 1;
        }
        (self.at > start).then_some(number)
    }
}
