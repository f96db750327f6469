//! A JSON text as a tree, for one that is looked at from many sides.

use std::borrow::Cow;

use super::decimal::Decimal;
use crate::{
    collections::sort_by,
    json::{Raw, quote},
};

/// A value of JSON.
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    /// As it is written.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    /// By name, in order.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

/// Why a text is no tree.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It nests too deep.
    Depth,
    /// A name stands twice in one object, and readers differ in which of the two counts.
    Repeated,
}

impl<'a> Value<'a> {
    /// The tree of a value that nests no deeper.
    pub fn read(raw: Raw<'a>, depth: u32) -> Result<Self, Refused> {
        let deeper = || depth.checked_sub(1).ok_or(Refused::Depth);
        if let Some(text) = raw.text() {
            return Ok(Value::Text(text));
        }
        if let Some(items) = raw.items() {
            let depth = deeper()?;
            return items.into_iter().map(|item| Self::read(item, depth)).collect::<Result<_, _>>().map(Value::List);
        }
        if let Some(members) = raw.members() {
            let depth = deeper()?;
            let read = members.into_iter().map(|(name, value)| Ok((name, Self::read(value, depth)?)));
            let mut members = read.collect::<Result<Vec<_>, _>>()?;
            sort_by(&mut members, |(a, _), (b, _)| a.cmp(b));
            if members.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b)) {
                return Err(Refused::Repeated);
            }
            return Ok(Value::Object(members));
        }
        Ok(match raw.bool() {
            Some(value) => Value::Bool(value),
            None if raw.is_null() => Value::Null,
            None => Value::Number(raw.get()),
        })
    }

    /// The member of that name.
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Value::Object(members) = self else { return None };
        let at = members.binary_search_by(|(known, _)| known.as_ref().cmp(name)).ok()?;
        members.get(at).map(|(_, value)| value)
    }

    /// What it is, in errors.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(text) if Decimal::parse(text).is_whole() => "an integer",
            Value::Number(_) => "a number with a fraction",
            Value::Text(_) => "a string",
            Value::List(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    /// One text for all that are equal: by the value of numbers, the text of strings, and whatever order of members.
    pub fn canonical(&self, to: &mut String) {
        match self {
            Value::Null => to.push_str("null"),
            Value::Bool(value) => to.push_str(if *value { "true" } else { "false" }),
            Value::Number(text) => to.push_str(&Decimal::parse(text).canonical()),
            Value::Text(text) => to.push_str(&quote(text)),
            Value::List(items) => {
                to.push('[');
                for item in items {
                    item.canonical(to);
                    to.push(',');
                }
                to.push(']');
            }
            Value::Object(members) => {
                to.push('{');
                for (name, value) in members {
                    to.push_str(&quote(name));
                    to.push(':');
                    value.canonical(to);
                    to.push(',');
                }
                to.push('}');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        let mut to = String::new();
        Value::read(Raw::parse(text).unwrap(), 8).ok().unwrap().canonical(&mut to);
        to
    }

    #[test]
    fn equal_values_have_one_text() {
        assert_eq!(canonical(r#"{"a":1.0,"b":["\u0041",{}]}"#), canonical(r#" {"b":["A",{}], "a":10e-1}"#));
        for (a, b) in [
            ("1", "true"),
            ("0", "false"),
            ("\"1\"", "1"),
            ("[1]", "[[1]]"),
            ("{}", "[]"),
            ("[\"a,\"]", "[\"a\",\"\"]"),
        ] {
            assert_ne!(canonical(a), canonical(b));
        }
    }

    #[test]
    fn depth_and_repeated_names_are_refused() {
        let read = |text: &'static str, depth| Value::read(Raw::parse(text).unwrap(), depth).err();
        assert_eq!(read("[[1]]", 1), Some(Refused::Depth));
        assert_eq!(read("[[1]]", 2), None);
        assert_eq!(read(r#"{"a":1,"b":2,"\u0061":3}"#, 1), Some(Refused::Repeated));
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(Value::read(Raw::parse(&deep).unwrap(), 64).err(), Some(Refused::Depth));
    }
}
