//! Finding the texts of a body by a table of where they stand.
//!
//! A table says for the keys of an object what is in them. Whose a text is follows from the `role` of the object it stands in,
//! else from its `type`, else from the object around it.

use crate::{
    json::{Bad, Raw},
    object::Object,
    provider::{
        edit::range_of,
        text::{Role, Seam, Segments},
    },
};

/// What a key holds.
pub(super) enum Means {
    /// A text, an object, or a list of both.
    Each(&'static [Rule]),
    /// The same, and somebody's own whatever stands around it.
    Of(Role, &'static [Rule]),
    /// What is not the answer itself: what a model thought aloud, a refusal.
    Aside,
    /// A text, where the object's `type` is `text`; else bytes of a file.
    Plain,
    /// What a tool gave, or a caller: any JSON.
    Data(Role),
    /// A call's arguments: any JSON.
    Json,
    /// A call's arguments: a text that holds JSON.
    Arguments,
    /// A call's arguments: any text.
    Input,
    /// It repeats the texts of the object: log probabilities.
    Repeats,
}

/// A key with what it holds.
pub(super) struct Rule(pub &'static str, pub Means);

/// How deep objects may lie in each other.
const MAX_DEPTH: u32 = 32;

/// Puts the texts of a body into segments.
pub(super) struct Walk<'a> {
    pub body: &'a str,
    pub segments: &'a mut Segments,
    /// Whether calls of tools are told of: those that an answer asks for.
    pub calls: bool,
    /// Whether texts in a list belong together; prompts don't.
    pub joins: bool,
}

impl<'a> Walk<'a> {
    /// The texts of a value.
    pub fn each(&mut self, value: Raw<'a>, table: &'static [Rule], role: Role, depth: u32) -> Result<(), Bad> {
        if depth > MAX_DEPTH {
            return Err(self.bad(value));
        }
        if let Some(items) = value.items() {
            return self.items(items, table, role, depth);
        }
        if value.members().is_some() {
            return self.object(value, table, role, depth);
        }
        self.segments.add(self.body, value, role);
        Ok(())
    }

    /// A list: parts that are texts go on with one another, and so do messages of one role in a row.
    fn items(&mut self, items: Vec<Raw<'a>>, table: &'static [Rule], role: Role, depth: u32) -> Result<(), Bad> {
        let mut before = None;
        let mut is_behind_media = false;
        // Who speaks, and where the texts begin of all that in a row.
        let mut row = (None, 0);
        for item in items {
            let first = self.segments.list().len();
            self.each(item, table, role, depth + 1)?;
            let seam = seam(item);
            let named = || item.member("role").and_then(Raw::to_text);
            let speaker = (seam == Some(Seam::Message)).then(|| named().map_or(role, |name| Role::parse(&name)));
            if speaker != row.0 {
                row = (speaker, first);
            }
            if self.segments.list().len() == first {
                is_behind_media |= seam != Some(Seam::Part);
                continue;
            }
            if self.joins && before == seam {
                match seam {
                    Some(Seam::Message) if first > row.1 => self.segments.join(first, Seam::Message),
                    Some(Seam::Part) if is_behind_media => self.segments.join(first, Seam::Media),
                    Some(Seam::Part) => self.segments.join(first, Seam::Part),
                    _ => {}
                }
            }
            (before, is_behind_media) = (seam, false);
        }
        Ok(())
    }

    fn object(&mut self, value: Raw<'a>, table: &'static [Rule], role: Role, depth: u32) -> Result<(), Bad> {
        // Of two texts of one name the provider may take the other one.
        let object = Object::strict(value).ok_or_else(|| self.bad(value))?;
        let named = |key: &str| object.get(key).and_then(Raw::to_text);
        let kind = named("type").unwrap_or_default();
        let role = match named("role") {
            Some(name) => Role::parse(&name),
            None if kind.ends_with("_result") || kind.ends_with("_output") => Role::Tool,
            None if kind.ends_with("_call") || kind.ends_with("_use") || kind == "reasoning" => Role::Assistant,
            None => role,
        };
        let first = self.segments.list().len();
        for Rule(key, means) in table {
            let Some(value) = object.get(key) else { continue };
            match means {
                Means::Each(table) => self.each(value, table, role, depth + 1)?,
                Means::Of(role, table) => self.each(value, table, *role, depth + 1)?,
                Means::Aside => self.segments.add_aside(self.body, value, role),
                Means::Plain if kind == "text" => self.segments.add(self.body, value, role),
                Means::Plain => {}
                Means::Data(role) => self.segments.add_json(self.body, value, *role, false),
                Means::Repeats => self.segments.drop_with(first, self.body, value),
                Means::Json | Means::Arguments | Means::Input => {
                    if self.calls {
                        self.segments.add_call(object.get("name"), Some(value));
                    }
                    match means {
                        Means::Json => self.segments.add_json(self.body, value, role, true),
                        Means::Arguments => self.segments.add_arguments(self.body, value, role),
                        _ => self.segments.add(self.body, value, role),
                    }
                }
            }
        }
        // Gemini's mark of a part that is a thought.
        if object.get("thought").and_then(Raw::bool) == Some(true) {
            self.segments.set_aside(first);
        }
        Ok(())
    }

    fn bad(&self, value: Raw<'_>) -> Bad {
        Bad(range_of(self.body, value).start)
    }
}

/// How an item of a list may stand to the one before it, if both are of that kind.
fn seam(item: Raw<'_>) -> Option<Seam> {
    let is_text = |value: Raw<'_>| value.get().starts_with('"');
    if item.member("role").or(item.member("parts")).is_some() {
        Some(Seam::Message)
    } else {
        (is_text(item) || item.member("text").is_some_and(is_text)).then_some(Seam::Part)
    }
}
