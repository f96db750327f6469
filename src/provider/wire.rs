//! Objects of a body, read strictly: what stands where something else belongs is told by its place.

use crate::{
    json::{Bad, Raw},
    object::Object,
    provider::edit::range_of,
};

/// An object of a body. A repeated key makes it none: of two `content`s the provider may take the other one.
pub struct Wire<'a> {
    body: &'a str,
    object: Object<'a>,
}

impl<'a> Wire<'a> {
    /// The object that a whole body is.
    pub fn parse(body: &'a str) -> Result<Self, Bad> {
        Self::of(body, Raw::parse(body)?)
    }

    /// The object that a value of the body is.
    pub fn of(body: &'a str, value: Raw<'a>) -> Result<Self, Bad> {
        match Object::strict(value) {
            Some(object) => Ok(Self { body, object }),
            None => Err(Bad(range_of(body, value).start)),
        }
    }

    /// A value of any kind; null is absence.
    pub fn any(&self, key: &str) -> Option<Raw<'a>> {
        self.object.get(key)
    }

    /// A value of any kind, null included.
    pub fn any_or_null(&self, key: &str) -> Option<Raw<'a>> {
        self.object.entries().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// A text.
    pub fn text(&self, key: &str) -> Result<Option<String>, Bad> {
        self.read(key, Raw::to_text)
    }

    /// A text, or nothing for anything else: a field that only informs fails no answer.
    pub fn lenient_text(&self, key: &str) -> Option<String> {
        self.any(key).and_then(Raw::to_text)
    }

    /// A boolean.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, Bad> {
        self.read(key, Raw::bool)
    }

    /// A whole number.
    pub fn whole(&self, key: &str) -> Result<Option<u64>, Bad> {
        self.read(key, Raw::whole)
    }

    /// An array.
    pub fn list(&self, key: &str) -> Result<Option<Vec<Raw<'a>>>, Bad> {
        self.read(key, Raw::items)
    }

    /// An array of objects.
    pub fn objects(&self, key: &str) -> Result<Vec<Wire<'a>>, Bad> {
        self.list(key)?.into_iter().flatten().map(|item| Self::of(self.body, item)).collect()
    }

    /// An object.
    pub fn object(&self, key: &str) -> Result<Option<Wire<'a>>, Bad> {
        self.any(key).map(|value| Self::of(self.body, value)).transpose()
    }

    /// A value of any kind inside an object.
    pub fn within(&self, key: &str, inner: &str) -> Result<Option<Raw<'a>>, Bad> {
        Ok(self.object(key)?.and_then(|object| object.any(inner)))
    }

    fn read<T>(&self, key: &str, read: fn(Raw<'a>) -> Option<T>) -> Result<Option<T>, Bad> {
        let Some(value) = self.any(key) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| Bad(range_of(self.body, value).start))
    }
}
