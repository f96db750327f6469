//! A JSON Schema as rules, checked as a whole before any text is: what can't be checked is refused here, by name.

use super::{
    cycles::check_cycles,
    decimal::Decimal,
    value::{Refused, Value},
};
use crate::{
    collections::Map,
    error::{Error, Result},
    json::Raw,
    object::Object,
    regex::Regex,
};

/// A subschema, by its place among them.
pub(super) type Id = usize;

/// How deep a schema may nest, and how many subschemas may stand for the same value one in another.
pub(super) const MAX_DEPTH: u32 = 64;

/// What is measured by [`Rule::Least`] and [`Rule::Most`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Characters,
    Items,
    Members,
}

/// What a value must be.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    /// The schema `false`.
    Never,
    /// Bits of [`TYPES`].
    Types(u8),
    /// Canonical texts, and how they are named in errors.
    Values {
        keyword: &'static str,
        values: Vec<String>,
        shown: String,
    },
    AtLeast {
        keyword: &'static str,
        limit: Decimal,
        exclusive: bool,
        shown: String,
    },
    AtMost {
        keyword: &'static str,
        limit: Decimal,
        exclusive: bool,
        shown: String,
    },
    MultipleOf(Decimal, String),
    Least(&'static str, Measure, u64),
    Most(&'static str, Measure, u64),
    Unique,
    /// A text in which it matches, and how it is named in errors.
    Pattern(Regex, String),
    Items {
        prefix: Vec<Id>,
        rest: Option<Id>,
    },
    Contains {
        schema: Id,
        least: u64,
        most: Option<u64>,
    },
    Members {
        properties: Map<String, Id>,
        /// By what their names match.
        patterns: Vec<(Regex, Id)>,
        /// Those of neither.
        others: Option<Id>,
    },
    Names(Id),
    Required(Vec<String>),
    NeedsNames(String, Vec<String>),
    NeedsSchema(String, Id),
    All(Vec<Id>),
    Any(Vec<Id>),
    One(Vec<Id>),
    Not(Id),
    If {
        test: Id,
        then: Option<Id>,
        otherwise: Option<Id>,
    },
    Ref(Id),
}

/// Names of types, by their bits.
pub(super) const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

/// Keywords that say nothing about what is valid, or are read beside others.
const SILENT: &[&str] = &[
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
];

/// Keywords that are checked.
const CHECKED: &[&str] = &[
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "dependentSchemas",
    "items",
    "prefixItems",
    "contains",
    "minContains",
    "maxContains",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "$ref",
];

/// Versions whose keywords these are.
const VERSIONS: &[&str] = &[
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
    "http://json-schema.org/draft-06/schema",
];

/// The rules of each subschema.
pub(super) type Rules = Vec<Vec<Rule>>;

/// Reads a schema; the first subschema is the whole.
pub(super) fn compile(text: &str) -> Result<Rules> {
    let root = Raw::parse(text).map_err(|bad| {
        let (line, column) = bad.place(text);
        Error::config(format!("cannot read schema: expected JSON, found an error at line {line} column {column}"))
    })?;
    // Values are read at every place of the schema; what nests deeper would be no tree there either.
    match Value::read(root, MAX_DEPTH) {
        Err(Refused::Depth) => return Err(wrong("", format!("at most {MAX_DEPTH} levels"), "more")),
        Err(Refused::Repeated) => return Err(wrong("", "each name once in an object", "one twice")),
        Ok(_) => {}
    }
    let mut compiler = Compiler { root, base: None, known: Map::new(), waiting: Vec::new(), rules: Vec::new() };
    compiler.base = root.member("$id").and_then(Raw::to_text);
    compiler.id(root, String::new());
    while let Some((id, raw, at)) = compiler.waiting.pop() {
        let rules = compiler.subschema(raw, &at)?;
        if let Some(place) = compiler.rules.get_mut(id) {
            *place = rules;
        }
    }
    check_cycles(&compiler.rules)?;
    Ok(compiler.rules)
}

struct Compiler<'a> {
    root: Raw<'a>,
    /// The schema's own name for itself.
    base: Option<String>,
    /// Subschemas by their place: one that refers to itself is read once.
    known: Map<String, Id>,
    /// Those that are to be read. A list instead of recursion: references may form a long chain.
    waiting: Vec<(Id, Raw<'a>, String)>,
    rules: Rules,
}

impl<'a> Compiler<'a> {
    fn id(&mut self, raw: Raw<'a>, at: String) -> Id {
        if let Some(id) = self.known.get(&at) {
            return *id;
        }
        let id = self.rules.len();
        self.rules.push(Vec::new());
        self.known.insert(at.clone(), id);
        self.waiting.push((id, raw, at));
        id
    }

    fn subschema(&mut self, raw: Raw<'a>, at: &str) -> Result<Vec<Rule>> {
        match raw.bool() {
            Some(true) => return Ok(Vec::new()),
            Some(false) => return Ok(vec![Rule::Never]),
            None => {}
        }
        let Some(schema) = Object::of(raw) else { return Err(wrong(at, "a schema", raw.kind())) };
        let mut rules = Vec::new();
        for (keyword, value) in schema.entries() {
            self.keyword(keyword, value, &schema, at, &mut rules)?;
        }
        Ok(rules)
    }

    fn keyword(
        &mut self,
        keyword: &str,
        value: Raw<'a>,
        schema: &Object<'a>,
        at: &str,
        rules: &mut Vec<Rule>,
    ) -> Result<()> {
        let here = join(at, keyword);
        // The same text with the lifetime of the tables.
        let Some(keyword) = CHECKED.iter().find(|known| **known == keyword) else {
            return self.silent(keyword, value, at, &here);
        };
        if value.is_null() && *keyword != "const" {
            return Err(wrong(&here, "a value", "null"));
        }
        let one = |compiler: &mut Self, value: Raw<'a>| compiler.id(value, here.clone());
        rules.push(match *keyword {
            "type" => Rule::Types(types(value, &here)?),
            "enum" => {
                let items = value.items().filter(|items| !items.is_empty());
                let items = items.ok_or_else(|| wrong(&here, "a list of values", value.kind()))?;
                values("enum", &items)
            }
            "const" => values("const", &[value]),
            "properties" | "patternProperties" | "additionalProperties" => {
                // The first of them makes the rule for all.
                if rules.iter().any(|rule| matches!(rule, Rule::Members { .. })) {
                    return Ok(());
                }
                let mut properties = Map::new();
                let place = join(at, "properties");
                for (name, id) in self.named(schema.get("properties"), &place)? {
                    properties.insert(name, id);
                }
                let mut patterns = Vec::new();
                let place = join(at, "patternProperties");
                for (pattern, id) in self.named(schema.get("patternProperties"), &place)? {
                    patterns.push((regex(&pattern, &join(&place, &pattern))?, id));
                }
                let others = schema.get("additionalProperties").filter(|others| others.get() != "true");
                let others = others.map(|others| self.id(others, join(at, "additionalProperties")));
                Rule::Members { properties, patterns, others }
            }
            "propertyNames" => Rule::Names(one(self, value)),
            "required" => Rule::Required(names(value, &here)?),
            "dependentRequired" => {
                for (name, needed) in members(value, &here)? {
                    let needed = names(needed, &join(&here, &name))?;
                    rules.push(Rule::NeedsNames(name.into_owned(), needed));
                }
                return Ok(());
            }
            "dependentSchemas" => {
                let needed = self.named(Some(value), &here)?;
                rules.extend(needed.into_iter().map(|(name, id)| Rule::NeedsSchema(name, id)));
                return Ok(());
            }
            "items" | "prefixItems" => {
                if rules.iter().any(|rule| matches!(rule, Rule::Items { .. })) {
                    return Ok(());
                }
                let prefix = match schema.get("prefixItems") {
                    None => Vec::new(),
                    Some(prefix) => self.list(prefix, &join(at, "prefixItems"))?,
                };
                let rest = schema.get("items");
                if rest.is_some_and(|rest| rest.items().is_some()) {
                    return Err(wrong(&join(at, "items"), "one schema (a list is called prefixItems)", "an array"));
                }
                let rest = rest.map(|rest| self.id(rest, join(at, "items")));
                Rule::Items { prefix, rest }
            }
            "contains" => Rule::Contains {
                schema: one(self, value),
                least: count(schema.get("minContains"), &join(at, "minContains"))?.unwrap_or(1),
                most: count(schema.get("maxContains"), &join(at, "maxContains"))?,
            },
            "minContains" | "maxContains" => return count(Some(value), &here).map(|_| ()),
            "minLength" => Rule::Least(keyword, Measure::Characters, whole(value, &here)?),
            "maxLength" => Rule::Most(keyword, Measure::Characters, whole(value, &here)?),
            "pattern" => {
                let pattern = value.to_text().ok_or_else(|| wrong(&here, "a pattern", value.kind()))?;
                Rule::Pattern(regex(&pattern, &here)?, shown(&pattern))
            }
            "minItems" => Rule::Least(keyword, Measure::Items, whole(value, &here)?),
            "maxItems" => Rule::Most(keyword, Measure::Items, whole(value, &here)?),
            "minProperties" => Rule::Least(keyword, Measure::Members, whole(value, &here)?),
            "maxProperties" => Rule::Most(keyword, Measure::Members, whole(value, &here)?),
            "uniqueItems" => match value.bool() {
                Some(true) => Rule::Unique,
                Some(false) => return Ok(()),
                None => return Err(wrong(&here, "true or false", value.kind())),
            },
            "minimum" | "exclusiveMinimum" => {
                let (limit, shown) = decimal(value, &here)?;
                Rule::AtLeast { keyword, limit, exclusive: *keyword != "minimum", shown }
            }
            "maximum" | "exclusiveMaximum" => {
                let (limit, shown) = decimal(value, &here)?;
                Rule::AtMost { keyword, limit, exclusive: *keyword != "maximum", shown }
            }
            "multipleOf" => {
                let (by, shown) = decimal(value, &here)?;
                if !by.is_positive() || Decimal::parse("0").is_multiple_of(&by).is_none() {
                    return Err(wrong(&here, "a number above 0 with at most 19 digits", "another"));
                }
                Rule::MultipleOf(by, shown)
            }
            "allOf" => Rule::All(self.list(value, &here)?),
            "anyOf" => Rule::Any(self.list(value, &here)?),
            "oneOf" => Rule::One(self.list(value, &here)?),
            "not" => Rule::Not(one(self, value)),
            "if" => {
                let mut branch = |name: &str| schema.get(name).map(|branch| self.id(branch, join(at, name)));
                let (then, otherwise) = (branch("then"), branch("else"));
                Rule::If { test: one(self, value), then, otherwise }
            }
            // Without an `if` they say nothing; a schema they must be all the same.
            "then" | "else" => {
                one(self, value);
                return Ok(());
            }
            _ => Rule::Ref(self.reference(value, &here)?),
        });
        Ok(())
    }

    /// What says nothing about validity; anything else would be a promise that nobody keeps.
    fn silent(&mut self, keyword: &str, value: Raw<'a>, at: &str, here: &str) -> Result<()> {
        match keyword {
            "$schema" => {
                let version = value.text().unwrap_or_default();
                if !VERSIONS.contains(&version.trim_end_matches('#')) {
                    return Err(wrong(here, format!("one of {}", VERSIONS.join(", ")), "another version"));
                }
                Ok(())
            }
            "$id" if !at.is_empty() => Err(wrong(here, "$id only at the top", "one inside")),
            // Definitions that nobody refers to must be schemas as well.
            "$defs" | "definitions" => self.named(Some(value), here).map(|_| ()),
            _ if SILENT.contains(&keyword) || keyword.starts_with("x-") => Ok(()),
            _ => Err(Error::config(format!(
                "cannot read schema: expected keywords that can be checked{}, found {keyword:?}; known are {}",
                place(at),
                CHECKED.join(", "),
            ))),
        }
    }

    /// The subschemas of an object of them.
    fn named(&mut self, value: Option<Raw<'a>>, at: &str) -> Result<Vec<(String, Id)>> {
        let Some(value) = value else { return Ok(Vec::new()) };
        let members = members(value, at)?;
        Ok(members
            .into_iter()
            .map(|(name, schema)| {
                let id = self.id(schema, join(at, &name));
                (name.into_owned(), id)
            })
            .collect())
    }

    /// The subschemas of a list of them.
    fn list(&mut self, value: Raw<'a>, at: &str) -> Result<Vec<Id>> {
        let items = value.items().filter(|items| !items.is_empty());
        let items = items.ok_or_else(|| wrong(at, "a list of schemas", value.kind()))?;
        Ok(items.into_iter().enumerate().map(|(index, item)| self.id(item, join(at, &index.to_string()))).collect())
    }

    /// The subschema that a local reference means.
    fn reference(&mut self, value: Raw<'a>, at: &str) -> Result<Id> {
        let unknown = || wrong(at, "a reference inside this schema, such as #/$defs/name", "another");
        let text = value.text().ok_or_else(unknown)?;
        let base = self.base.as_deref().and_then(|base| text.strip_prefix(base.trim_end_matches('#')));
        let path = match base.unwrap_or(&text) {
            "" => "",
            fragment => fragment.strip_prefix('#').ok_or_else(unknown)?,
        };
        let mut raw = self.root;
        let mut place = String::new();
        if !path.is_empty() {
            for part in path.strip_prefix('/').ok_or_else(unknown)?.split('/') {
                let name = unescape(part).ok_or_else(unknown)?;
                let item = || raw.items()?.get(name.parse::<usize>().ok()?).copied();
                raw = raw.member(&name).or_else(item).ok_or_else(unknown)?;
                place = join(&place, &name);
            }
        }
        Ok(self.id(raw, place))
    }
}

fn types(value: Raw<'_>, at: &str) -> Result<u8> {
    let known = || wrong(at, format!("one or more of {}", TYPES.join(", ")), "another");
    let bit = |name: Raw<'_>| {
        let name = name.text().ok_or_else(known)?;
        TYPES.iter().position(|known| *known == name).map(|at| 1 << at).ok_or_else(known)
    };
    match value.items() {
        Some(items) if !items.is_empty() => items.into_iter().try_fold(0, |all, item| Ok(all | bit(item)?)),
        _ => bit(value),
    }
}

/// A pattern, as the standard has it: anywhere in the text, case counts.
fn regex(pattern: &str, at: &str) -> Result<Regex> {
    Regex::new(pattern, "", &format!("the pattern{}", place(at)))
}

fn shown(pattern: &str) -> String {
    if pattern.len() <= MAX_SHOWN {
        format!("a text that matches {pattern}")
    } else {
        "a text that matches the pattern".to_owned()
    }
}

/// The most of the values that errors show.
const MAX_SHOWN: usize = 200;

fn values(keyword: &'static str, items: &[Raw<'_>]) -> Rule {
    let canonical = |item: &Raw<'_>| {
        let mut to = String::new();
        if let Ok(value) = Value::read(*item, MAX_DEPTH) {
            value.canonical(&mut to);
        }
        to
    };
    let all = items.iter().map(|item| item.get()).collect::<Vec<_>>().join(", ");
    let shown = if all.len() <= MAX_SHOWN {
        if items.len() == 1 { all } else { format!("one of {all}") }
    } else {
        format!("one of {} values", items.len())
    };
    Rule::Values { keyword, values: items.iter().map(canonical).collect(), shown }
}

fn decimal(value: Raw<'_>, at: &str) -> Result<(Decimal, String)> {
    match value.kind() {
        "a number" | "a negative number" => Ok((Decimal::parse(value.get()), value.get().to_owned())),
        other => Err(wrong(at, "a number", other)),
    }
}

fn whole(value: Raw<'_>, at: &str) -> Result<u64> {
    value.whole().ok_or_else(|| wrong(at, "a whole number of at least 0", value.kind()))
}

fn count(value: Option<Raw<'_>>, at: &str) -> Result<Option<u64>> {
    value.map(|value| whole(value, at)).transpose()
}

fn names(value: Raw<'_>, at: &str) -> Result<Vec<String>> {
    let names = || value.items()?.into_iter().map(Raw::to_text).collect::<Option<_>>();
    names().ok_or_else(|| wrong(at, "a list of names", value.kind()))
}

fn members<'a>(value: Raw<'a>, at: &str) -> Result<crate::json::raw::Members<'a>> {
    value.members().ok_or_else(|| wrong(at, "an object", value.kind()))
}

/// A pointer one name further.
pub(super) fn join(at: &str, name: &str) -> String {
    let mut pointer = format!("{at}/");
    for letter in name.chars() {
        match letter {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
    pointer
}

/// A part of a reference: percent-encoded, as it stands in a URI, and escaped, as it stands in a pointer.
fn unescape(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        let mut hex = || char::from(rest.next()?).to_digit(16);
        bytes.push(if byte == b'%' { (hex()? * 16 + hex()?) as u8 } else { byte });
    }
    Some(String::from_utf8(bytes).ok()?.replace("~1", "/").replace("~0", "~"))
}

fn place(at: &str) -> String {
    if at.is_empty() { String::new() } else { format!(" at {at}") }
}

pub(super) fn wrong(at: &str, expected: impl std::fmt::Display, found: &str) -> Error {
    Error::config(format!("cannot read schema: expected {expected}{}, found {found}", place(at)))
}
