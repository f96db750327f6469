//! Whose money it is.

use crate::{
    error::{Error, Result},
    json::{Raw, ToJson, Writer},
    object::Object,
};

/// A scope: an agent, a project, an organization, a model, a user or a tag. Its kind is open, so that a record written by
/// a later release keeps what it says; a budget is made only for the kinds of [`Scope::KINDS`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// `agent`, `project`, ...
    pub kind: String,
    /// Which one.
    pub id: String,
}

impl Scope {
    /// The kinds that a budget may be made for.
    pub const KINDS: [&'static str; 6] = ["agent", "project", "organization", "model", "user", "tag"];

    /// A scope.
    pub fn new(kind: &str, id: &str) -> Self {
        Self { kind: kind.to_owned(), id: id.to_owned() }
    }

    /// Reads a JSON array of scopes. A kind that is not in [`Scope::KINDS`], an empty id, and anything else is
    /// [`crate::error::Code::InvalidInput`].
    pub fn parse_list(json: &str) -> Result<Vec<Self>> {
        Self::parse_open_list(json)?.into_iter().map(Self::checked).collect()
    }

    /// Reads a JSON array of the scopes of a record, whose kinds are open.
    pub fn parse_open_list(json: &str) -> Result<Vec<Self>> {
        Raw::parse(json).ok().and_then(Self::read_list).map(|(scopes, _)| scopes).ok_or_else(|| {
            Error::input("cannot read scopes: expected an array of { type, id }, both strings, found something else")
        })
    }

    /// The scopes of a JSON array, and whether it says more of them than type and id.
    pub(crate) fn read_list(json: Raw<'_>) -> Option<(Vec<Self>, bool)> {
        let (mut scopes, mut fuller) = (Vec::new(), false);
        for item in json.items()? {
            let object = Object::of(item)?;
            fuller |= object.len() > 2;
            scopes.push(Self::read(&object)?);
        }
        Some((scopes, fuller))
    }

    /// The scope that an object names.
    pub(crate) fn read(object: &Object<'_>) -> Option<Self> {
        Some(Self { kind: object.get("type")?.to_text()?, id: object.get("id")?.to_text()? })
    }

    /// The scope, if a budget may be made for it.
    pub fn checked(self) -> Result<Self> {
        if !Self::KINDS.contains(&self.kind.as_str()) {
            return Err(Error::input(format!(
                "cannot read scope: expected type to be one of {}, found another one",
                Self::KINDS.join(", ")
            )));
        }
        if self.id.is_empty() {
            return Err(Error::input(
                "cannot read scope: expected id to be a string that is not empty, found an empty one",
            ));
        }
        Ok(self)
    }
}

impl ToJson for Scope {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("type", &self.kind);
        to.text_of("id", &self.id);
        to.close('}');
    }
}
