//! Whose money it is.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A scope: an agent, a project, an organization, a model, a user or a tag. Its kind is open, so that a record written by
/// a later release keeps what it says; a budget is made only for the kinds of [`Scope::KINDS`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    /// `agent`, `project`, ...
    #[serde(rename = "type")]
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
        let scopes: Vec<Self> = serde_json::from_str(json).map_err(|_| {
            Error::input("cannot read scopes: expected an array of { type, id }, both strings, found something else")
        })?;
        scopes.into_iter().map(Self::checked).collect()
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
