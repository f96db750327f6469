//! What a budget does at its limit.

use crate::error::{Error, Result};

/// What a budget does when its limit would be passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Tells, and lets through.
    #[default]
    Alert,
    /// Refuses.
    Block,
    /// Refuses, and says when to try again.
    Throttle,
}

impl Action {
    /// The name in the public interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Alert => "alert",
            Action::Block => "block",
            Action::Throttle => "throttle",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        [Action::Alert, Action::Block, Action::Throttle].into_iter().find(|action| action.as_str() == text).ok_or_else(
            || Error::config("cannot read action: expected one of alert, block, throttle, found another value"),
        )
    }
}
