//! The texts of a body: where they stand, where they come from, and how to put others in their place.

use std::ops::Range;

use crate::{
    error::Result,
    json::{Raw, quote},
    provider::edit::{Edits, range_of},
};

/// Who wrote a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The application: `system` and `developer` messages.
    System,
    /// The person.
    User,
    /// The model: its content, refusals and the arguments of its tool calls.
    Assistant,
    /// The result of a tool.
    Tool,
}

impl Role {
    /// The role of a message. An unknown one is somebody's input, and judged as such.
    pub fn parse(text: &str) -> Self {
        match text {
            "system" | "developer" => Role::System,
            "assistant" | "model" => Role::Assistant,
            "tool" | "function" => Role::Tool,
            _ => Role::User,
        }
    }

    /// The name given to guardrails.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        }
    }
}

/// How a text stands to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seam {
    /// It has nothing to do with it.
    Apart,
    /// It begins the next message of the same role.
    Message,
    /// It is a later part of the same message, with media between.
    Media,
    /// It is the next part of the same message.
    Part,
}

/// One text of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The text, unescaped.
    pub text: String,
    /// Who wrote it.
    pub role: Role,
    /// Whether it is part of a tool call's arguments.
    pub in_arguments: bool,
    /// Whether it is not the answer itself: a refusal, or what the model thought aloud.
    pub is_aside: bool,
    /// How it stands to the text before it.
    pub seam: Seam,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A JSON value of the body.
    Body(Range<usize>),
    /// A JSON value inside a JSON text that is itself a string of the body: a tool call's arguments.
    Nested { outer: Range<usize>, inner: Range<usize> },
}

/// A call of a tool, whole: what it is called with, and what with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolText {
    /// The tool's name; empty where there is none.
    pub name: String,
    /// Its arguments as they came: JSON, but for tools that take any text.
    pub arguments: String,
}

/// The texts of one body, in their order.
#[derive(Debug, Clone, Default)]
pub struct Segments {
    list: Vec<Segment>,
    /// Parts of the body that repeat the segments from an index on, up to the next of these.
    repeats: Vec<(usize, usize, Range<usize>)>,
    /// The unescaped arguments, by the range of their string in the body.
    arguments: Vec<(Range<usize>, String)>,
    calls: Vec<ToolText>,
}

impl Segments {
    /// The texts.
    pub fn list(&self) -> &[Segment] {
        &self.list
    }

    /// The calls of tools.
    pub fn calls(&self) -> &[ToolText] {
        &self.calls
    }

    /// Tells of a call of a tool. Its arguments are texts as well, and are added as such.
    pub fn add_call(&mut self, name: Option<Raw<'_>>, arguments: Option<Raw<'_>>) {
        let text = |value: Option<Raw<'_>>| value.and_then(Raw::to_text);
        let arguments = text(arguments).or(arguments.map(|value| value.get().to_owned()));
        self.calls.push(ToolText { name: text(name).unwrap_or_default(), arguments: arguments.unwrap_or_default() });
    }

    /// As [`Segments::add`], of what is not the answer itself.
    pub fn add_aside(&mut self, body: &str, value: Raw<'_>, role: Role) {
        let before = self.list.len();
        self.add(body, value, role);
        self.set_aside(before);
    }

    /// Says how the text at an index stands to the one before it, if both are what somebody of one role says. Results of tools are
    /// each for themselves, but for the parts of one.
    pub fn join(&mut self, first: usize, seam: Seam) {
        let Some((before, behind)) = self.list.split_at_mut_checked(first) else { return };
        if let (Some(before), Some(next)) = (before.last(), behind.first_mut())
            && (before.role, before.is_aside) == (next.role, next.is_aside)
            && !(before.in_arguments || next.in_arguments)
            && !(seam == Seam::Message && next.role == Role::Tool)
        {
            next.seam = seam;
        }
    }

    /// Adds a string value of the body; anything else (null, a number where a text belongs) has no text.
    pub fn add(&mut self, body: &str, value: Raw<'_>, role: Role) {
        if let Some(text) = value.to_text()
            && !text.is_empty()
        {
            let place = Place::Body(range_of(body, value));
            self.list.push(Segment { text, role, in_arguments: false, is_aside: false, seam: Seam::Apart, place });
        }
    }

    /// Makes null of a value that repeats what the segments from `first` on say, should one of them be changed.
    pub fn drop_with(&mut self, first: usize, body: &str, value: Raw<'_>) {
        if !value.is_null() {
            self.repeats.push((first, self.list.len(), range_of(body, value)));
        }
    }

    /// Adds a tool call's arguments: a string that holds JSON. Its strings and numbers are texts of their own, so that a
    /// change inside leaves it JSON; what does not parse is one text.
    pub fn add_arguments(&mut self, body: &str, value: Raw<'_>, role: Role) {
        let Some(text) = value.to_text() else { return };
        let outer = range_of(body, value);
        if let Some(leaves) = leaves(&text) {
            for (inner, leaf) in leaves {
                let place = Place::Nested { outer: outer.clone(), inner };
                self.list.push(Segment {
                    text: leaf,
                    role,
                    in_arguments: true,
                    is_aside: false,
                    seam: Seam::Apart,
                    place,
                });
            }
            self.arguments.push((outer, text));
        } else if !text.is_empty() {
            let place = Place::Body(outer);
            self.list.push(Segment { text, role, in_arguments: true, is_aside: false, seam: Seam::Apart, place });
        }
    }

    /// Adds the strings and numbers of a JSON value, so that a change leaves it JSON.
    pub fn add_json(&mut self, body: &str, value: Raw<'_>, role: Role, in_arguments: bool) {
        let mut leaves = Vec::new();
        collect_leaves(body, value, 0, &mut leaves);
        self.list.extend(leaves.into_iter().map(|(range, text)| Segment {
            text,
            role,
            in_arguments,
            is_aside: false,
            seam: Seam::Apart,
            place: Place::Body(range),
        }));
    }

    /// The texts from an index on are not the answer itself.
    pub fn set_aside(&mut self, first: usize) {
        self.list.iter_mut().skip(first).for_each(|segment| segment.is_aside = true);
    }

    /// The changes to the body that put `texts` in the places of the segments; `None` keeps one.
    pub fn edits(&self, texts: &[Option<String>]) -> Result<Edits> {
        let mut edits = Edits::new();
        let mut nested: Vec<(&Range<usize>, Edits)> = Vec::new();
        let mut dropped = vec![false; self.repeats.len()];
        for (index, (segment, text)) in self.list.iter().zip(texts).enumerate() {
            let Some(text) = text.as_ref().filter(|text| **text != segment.text) else { continue };
            for ((first, end, range), dropped) in self.repeats.iter().zip(&mut dropped) {
                if (*first..*end).contains(&index) && !std::mem::replace(dropped, true) {
                    edits.replace(range.clone(), "null".to_owned());
                }
            }
            match &segment.place {
                Place::Body(range) => edits.replace_with_string(range.clone(), text),
                Place::Nested { outer, inner } => match nested.iter_mut().find(|(range, _)| *range == outer) {
                    Some((_, changes)) => changes.replace_with_string(inner.clone(), text),
                    None => {
                        let mut changes = Edits::new();
                        changes.replace_with_string(inner.clone(), text);
                        nested.push((outer, changes));
                    }
                },
            }
        }
        for (outer, changes) in nested {
            if let Some((_, arguments)) = self.arguments.iter().find(|(range, _)| range == outer) {
                edits.replace(outer.clone(), quote(&changes.apply(arguments)?));
            }
        }
        Ok(edits)
    }
}

/// How deep tool arguments are looked into.
const MAX_DEPTH: usize = 100;

/// The strings and numbers of a JSON text, with their ranges; `None` for what is no JSON.
pub fn leaves(json: &str) -> Option<Vec<(Range<usize>, String)>> {
    let mut leaves = Vec::new();
    collect_leaves(json, Raw::parse(json).ok()?, 0, &mut leaves);
    Some(leaves)
}

/// The strings and numbers of a JSON text, with their ranges. Keys are names that the application chose, not texts.
fn collect_leaves(whole: &str, value: Raw<'_>, depth: usize, leaves: &mut Vec<(Range<usize>, String)>) {
    match value.get().as_bytes().first() {
        Some(b'"') => leaves.extend(value.to_text().map(|leaf| (range_of(whole, value), leaf))),
        Some(b'-' | b'0'..=b'9') => leaves.push((range_of(whole, value), value.get().to_owned())),
        Some(b'[' | b'{') if depth < MAX_DEPTH => {
            let members = value.members().into_iter().flatten().map(|(_, member)| member);
            for item in value.items().into_iter().flatten().chain(members) {
                collect_leaves(whole, item, depth + 1, leaves);
            }
        }
        _ => {}
    }
}
