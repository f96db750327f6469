//! Which records are meant.

use super::record::Record;
use crate::{
    error::{Error, Result},
    json::{Json, Raw},
    object::{Object, wrong},
    time::Instant,
};

/// The fields that a filter may name, in the order of [`Filter::names`]; each takes one text or several.
pub const NAMED: [&str; 6] = ["id", "requestId", "agentId", "model", "provider", "tag"];
/// Its other keys.
pub const FILTER_KEYS: [&str; 5] = ["start", "end", "scope", "priced", "metadata"];

/// What a record must be like: all of it at once; what is not named may be anything.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The first instant, included.
    pub start: Option<Instant>,
    /// The last instant, included.
    pub end: Option<Instant>,
    /// For each of [`NAMED`], the names of which it must have one.
    pub names: [Option<Vec<String>>; NAMED.len()],
    scope: Option<(String, String)>,
    priced: Option<bool>,
    metadata: Vec<(String, Json)>,
}

const WHAT: &str = "query";

impl Filter {
    /// The records of a range, of one agent or of all.
    pub fn range(start: Option<Instant>, end: Option<Instant>, agent_id: Option<&str>) -> Self {
        let mut filter = Self { start, end, ..Self::default() };
        filter.names[2] = agent_id.map(|id| vec![id.to_owned()]);
        filter
    }

    /// Takes its keys out of an object.
    pub(super) fn take(object: &mut Object<'_>) -> Result<Self> {
        let mut filter = Self::default();
        for (slot, key) in [(&mut filter.start, "start"), (&mut filter.end, "end")] {
            *slot = match object.take(key) {
                None => None,
                Some(raw) => Some(match (raw.number(), raw.text()) {
                    (Some(ms), _) => Instant::from_number(ms)?,
                    (_, Some(text)) => Instant::parse(&text)?,
                    _ => return Err(wrong(WHAT, key, "an instant", raw)),
                }),
            };
        }
        for (slot, key) in filter.names.iter_mut().zip(NAMED) {
            let Some(raw) = object.take(key) else { continue };
            let texts = || match raw.text() {
                Some(text) => Some(vec![text.into_owned()]),
                None => raw.items()?.into_iter().map(Raw::to_text).collect(),
            };
            *slot = Some(texts().ok_or_else(|| wrong(WHAT, key, "a string or an array of strings", raw))?);
        }
        if let Some(raw) = object.take("scope") {
            let read = || {
                let scope = Object::of(raw)?;
                Some((scope.get("type")?.to_text()?, scope.get("id")?.to_text()?))
            };
            filter.scope = Some(read().ok_or_else(|| wrong(WHAT, "scope", "{ type, id }", raw))?);
        }
        filter.priced = object.take_bool("priced", WHAT)?;
        if let Some(raw) = object.take("metadata") {
            let members = raw.members().ok_or_else(|| wrong(WHAT, "metadata", "an object", raw))?;
            for (path, value) in members {
                if value.items().is_some() || value.members().is_some() {
                    return Err(Error::input(
                        "cannot read query: expected values of metadata to be texts, numbers, booleans or null, found another one",
                    ));
                }
                filter.metadata.push((path.into_owned(), value.into()));
            }
        }
        Ok(filter)
    }

    /// Whether it asks for nothing but a range of time: then sums of whole days answer it.
    pub fn is_range(&self) -> bool {
        self.names.iter().all(Option::is_none) && !self.looks_inside()
    }

    /// Whether more than names and time must be looked at.
    pub fn looks_inside(&self) -> bool {
        let [id, request, .., tag] = &self.names;
        [id, request, tag].into_iter().any(Option::is_some)
            || self.scope.is_some()
            || self.priced.is_some()
            || !self.metadata.is_empty()
    }

    /// Whether an instant lies in its range.
    pub fn holds(&self, at: Instant) -> bool {
        self.start.is_none_or(|start| at >= start) && self.end.is_none_or(|end| at <= end)
    }

    /// Whether a record is meant.
    pub fn matches(&self, record: &Record) -> bool {
        let fields = [&record.id, &record.request_id, &record.agent_id, &record.model, &record.provider];
        let scopes = || record.scopes.iter().flatten();
        self.holds(record.timestamp)
            && fields
                .into_iter()
                .zip(&self.names)
                .all(|(field, names)| names.as_ref().is_none_or(|names| names.contains(field)))
            && self
                .names
                .last()
                .and_then(Option::as_ref)
                .is_none_or(|tags| scopes().any(|scope| scope.kind == "tag" && tags.contains(&scope.id)))
            && self.scope.as_ref().is_none_or(|(kind, id)| match kind.as_str() {
                "agent" if record.agent_id == *id => true,
                "model" if record.model == *id => true,
                _ => scopes().any(|scope| scope.kind == *kind && scope.id == *id),
            })
            && self.priced.is_none_or(|priced| record.priced == priced)
            && self.metadata.iter().all(|(path, value)| {
                let metadata = record.metadata.as_ref().map(Json::raw);
                metadata.is_some_and(|metadata| found(metadata, path).is_some_and(|found| equal(found, value.raw())))
            })
    }
}

/// What lies at a path: a key as it is, or keys with dots between them.
fn found<'a>(json: Raw<'a>, path: &str) -> Option<Raw<'a>> {
    let member = |key: &str| {
        let members = json.members()?;
        members.into_iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    };
    member(path).or_else(|| {
        let (key, rest) = path.split_once('.')?;
        found(member(key)?, rest)
    })
}

/// Whether two values say the same.
fn equal(one: Raw<'_>, other: Raw<'_>) -> bool {
    match (one.number(), other.number()) {
        (Some(one), Some(other)) => one == other,
        _ => match (one.text(), other.text()) {
            (Some(one), Some(other)) => one == other,
            _ => one.get() == other.get(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(json: &str) -> Result<Filter> {
        Filter::take(&mut Object::parse(json, WHAT)?)
    }

    #[test]
    fn each_condition_alone_and_all_at_once() {
        let record = Record::parse(
            r#"{"id":"r","requestId":"q","agentId":"a","model":"m","provider":"p","timestamp":1000,"usd":"1","scopes":[{"type":"tag","id":"t"},{"type":"user","id":"u"}],"metadata":{"team":"x","deep":{"n":1.50,"k":null,"b":true},"dot.ted":"\u0041"}}"#,
        )
        .unwrap();
        for (json, expected) in [
            ("{}", true),
            (r#"{"start":1000,"end":"1970-01-01T00:00:01Z"}"#, true),
            (r#"{"start":1001}"#, false),
            (r#"{"end":999}"#, false),
            (r#"{"id":"r"}"#, true),
            (r#"{"id":["x","r"]}"#, true),
            (r#"{"id":[]}"#, false),
            (r#"{"requestId":"r"}"#, false),
            (r#"{"agentId":"a","model":"m","provider":"p"}"#, true),
            (r#"{"agentId":"a","model":"M"}"#, false),
            (r#"{"tag":"t"}"#, true),
            (r#"{"tag":"u"}"#, false),
            (r#"{"scope":{"type":"user","id":"u"}}"#, true),
            (r#"{"scope":{"type":"agent","id":"a"}}"#, true),
            (r#"{"scope":{"type":"user","id":"t"}}"#, false),
            (r#"{"priced":true}"#, true),
            (r#"{"priced":false}"#, false),
            (r#"{"metadata":{"team":"x","deep.n":1.5,"deep.k":null,"deep.b":true,"dot.ted":"A"}}"#, true),
            (r#"{"metadata":{"deep.n":"1.5"}}"#, false),
            (r#"{"metadata":{"deep":"x"}}"#, false),
            (r#"{"metadata":{"none":null}}"#, false),
        ] {
            assert_eq!(filter(json).unwrap().matches(&record), expected, "{json}");
        }
        for json in [
            r#"{"id":1}"#,
            r#"{"id":[1]}"#,
            r#"{"start":true}"#,
            r#"{"start":"2026-01-01T00:00:00"}"#,
            r#"{"scope":"tag:t"}"#,
            r#"{"priced":"yes"}"#,
            r#"{"metadata":[]}"#,
            r#"{"metadata":{"a":{}}}"#,
        ] {
            assert!(filter(json).is_err(), "{json}");
        }
        assert!(filter(r#"{"start":0}"#).unwrap().is_range());
        assert!(!filter(r#"{"priced":true}"#).unwrap().is_range());
        assert!(!filter(r#"{"model":"m"}"#).unwrap().looks_inside());
    }
}
