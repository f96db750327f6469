//! Values that are no findings, whatever they look like: the firm's own address, a number for tests.

use crate::error::{Error, Result};

/// A list of values. Letters of either case are the same. A value may begin or end with `*`, which stands for anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AllowList(Vec<String>);

impl AllowList {
    /// The longest value; longer ones could keep a stream waiting.
    const LONGEST: usize = 256;

    /// Reads a list; `what` names the options in errors.
    pub fn read(values: Vec<String>, what: &str) -> Result<Self> {
        for value in &values {
            let inner = value.trim_matches('*');
            if inner.is_empty() || inner.contains('*') || value.len() > Self::LONGEST {
                return Err(Error::config(format!(
                    "cannot read {what}: expected each of allow to be a value of 1 to {} bytes with * only at its ends, found another",
                    Self::LONGEST
                )));
            }
        }
        Ok(Self(values.into_iter().map(|value| value.to_lowercase()).collect()))
    }

    /// Whether a value is on the list.
    pub fn has(&self, value: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let value = value.to_lowercase();
        self.0.iter().any(|known| {
            let (open_left, open_right) = (known.starts_with('*'), known.ends_with('*'));
            let known = known.trim_matches('*');
            match (open_left, open_right) {
                (false, false) => value == *known,
                (true, false) => value.ends_with(known),
                (false, true) => value.starts_with(known),
                (true, true) => value.contains(known),
            }
        })
    }

    /// How many bytes of a value have to be known before it is known not to be on the list. A value whose end matters, or
    /// its middle, has to be known as a whole.
    pub fn reach(&self) -> usize {
        let reach = |known: &String| if known.starts_with('*') { usize::MAX } else { known.len() + 1 };
        // Lower-case letters may take fewer bytes than the ones in the text.
        self.0.iter().map(reach).max().map_or(0, |reach| reach.saturating_mul(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_their_ends() {
        let list =
            AllowList::read(["Support@Acme.com", "*@acme.org", "4242*", "*test*"].map(str::to_owned).to_vec(), "x");
        let list = list.unwrap();
        for value in ["support@acme.com", "ANN@ACME.ORG", "4242 4242", "my-test-key"] {
            assert!(list.has(value), "{value}");
        }
        for value in ["xsupport@acme.com", "ann@acme.org.uk", "14242", ""] {
            assert!(!list.has(value), "{value}");
        }
        assert!(!AllowList::default().has("x"));
        assert_eq!(AllowList::default().reach(), 0);
    }

    #[test]
    fn what_would_allow_everything_is_refused() {
        for value in ["", "*", "**", "a*b"] {
            let error = AllowList::read(vec![value.to_owned()], "pii detection options").unwrap_err();
            assert_eq!(
                error.message(),
                "cannot read pii detection options: expected each of allow to be a value of 1 to 256 bytes with * only at its ends, found another"
            );
        }
    }
}
