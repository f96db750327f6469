//! What a guard does with what it finds, and where a text comes from.

use crate::error::{Error, Result};

/// What a guard does with what it finds.
///
/// The order is that of strength: where findings of two guards overlap, the stronger action is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Nothing: the finding is reported, the text passes.
    Allow,
    /// As `Allow`; for findings that somebody should look at.
    Warn,
    /// Replaced by a value of the same kind and form that is nobody's, made with the vault's key or the guard's own. A
    /// [`Vault`](super::Vault) puts the value back. Without either key it is as `Redact`.
    Surrogate,
    /// Replaced by a placeholder (`[EMAIL_1_KQZT]`) that a [`Vault`](super::Vault) puts right. Without one it is as `Redact`.
    Tokenize,
    /// Replaced by `[FILTERED_<LABEL>]`.
    Transform,
    /// Each character replaced by `*`.
    Mask,
    /// Replaced by `[HASHED_<LABEL>_<LETTERS>]`: a keyed hash, so that equal values stay equal and nobody can guess them.
    Hash,
    /// Replaced by `[REDACTED_<LABEL>]`.
    Redact,
    /// The text does not pass.
    Block,
}

impl Action {
    /// Every action, weakest first.
    pub const ALL: &'static [Action] = &[
        Action::Allow,
        Action::Warn,
        Action::Surrogate,
        Action::Tokenize,
        Action::Transform,
        Action::Mask,
        Action::Hash,
        Action::Redact,
        Action::Block,
    ];

    /// The name in configurations and results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Allow => "allow",
            Action::Warn => "warn",
            Action::Surrogate => "surrogate",
            Action::Tokenize => "tokenize",
            Action::Transform => "transform",
            Action::Mask => "mask",
            Action::Hash => "hash",
            Action::Redact => "redact",
            Action::Block => "block",
        }
    }

    /// The action of that name; `what` names the configuration in the error.
    pub fn parse(text: &str, what: &str) -> Result<Self> {
        let text = if text == "tokenise" { "tokenize" } else { text };
        named(Self::ALL, Self::as_str, text, what, "action")
    }

    /// Whether the text is changed.
    pub const fn edits(self) -> bool {
        !matches!(self, Action::Allow | Action::Warn | Action::Block)
    }

    /// Whether the whole of a value has to be known to replace it.
    pub(super) const fn keeps(self) -> bool {
        matches!(self, Action::Tokenize | Action::Surrogate)
    }
}

/// Where a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// What a user wrote.
    Input,
    /// What the model answered.
    Output,
    /// The arguments of a tool call that the model asks for.
    ToolCall,
    /// What a tool answered.
    ToolResult,
    /// A document that was looked up.
    Retrieved,
}

impl Stage {
    /// Every stage.
    pub const ALL: &'static [Stage] =
        &[Stage::Input, Stage::Output, Stage::ToolCall, Stage::ToolResult, Stage::Retrieved];

    /// The name in configurations and results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stage::Input => "input",
            Stage::Output => "output",
            Stage::ToolCall => "tool_call",
            Stage::ToolResult => "tool_result",
            Stage::Retrieved => "retrieved",
        }
    }

    /// The stage of that name; `what` names the configuration in the error.
    pub fn parse(text: &str, what: &str) -> Result<Self> {
        named(Self::ALL, Self::as_str, text, what, "stage")
    }
}

/// The member of a closed set with that name. The name that was found is not repeated: it may be anything.
pub(super) fn named<T: Copy>(
    all: &[T],
    name: impl Fn(T) -> &'static str,
    text: &str,
    what: &str,
    which: &str,
) -> Result<T> {
    all.iter().copied().find(|item| name(*item) == text).ok_or_else(|| {
        let known: Vec<_> = all.iter().map(|item| name(*item)).collect();
        Error::config(format!("cannot read {what}: expected {which} to be one of {}, found another", known.join(", ")))
            .with("known", known)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_others_are_refused_with_the_known_ones() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str(), "x"), Ok(*action));
        }
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.as_str(), "x"), Ok(*stage));
        }
        let error = Action::parse("destroy", "pii options").unwrap_err();
        assert_eq!(
            error.message(),
            "cannot read pii options: expected action to be one of allow, warn, surrogate, tokenize, transform, mask, hash, redact, block, found another"
        );
        assert_eq!(Action::parse("tokenise", "x"), Ok(Action::Tokenize));
        assert!(Action::Block > Action::Redact && Action::Redact > Action::Allow);
    }
}
