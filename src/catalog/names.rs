//! The names of all models, found by hash. Nothing is allocated for a name: it stays where it is in the packed text.

use super::book::Handle;

/// A name of a model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    hash: u64,
    /// Where it stands in the packed text.
    at: u32,
    len: u32,
    pub handle: Handle,
    /// The provider's place in the book.
    provider: u16,
    pub is_alias: bool,
}

/// All names of a book.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Vec<Name>);

impl Names {
    /// Room for this many.
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Adds the name at an offset of the text. [`Names::seal`] comes before the first look-up.
    pub fn push(&mut self, provider: u16, name: &str, at: usize, handle: Handle, is_alias: bool) {
        let hash = hash(provider, name);
        self.0.push(Name { hash, at: at as u32, len: name.len() as u32, handle, provider, is_alias });
    }

    /// Puts the names in order; gives back the offset of one that a provider has twice.
    pub fn seal(&mut self, text: &str) -> Option<usize> {
        self.0.sort_unstable_by_key(|name| (name.hash, name.at));
        let mut earlier = None;
        for name in &self.0 {
            if earlier == Some(name.hash) {
                let first = self.find(text, name.provider, name.of(text));
                if first.is_some_and(|first| first.at != name.at) {
                    return Some(name.at as usize);
                }
            }
            earlier = Some(name.hash);
        }
        None
    }

    /// A provider's model of that name, in any case.
    pub fn find(&self, text: &str, provider: u16, name: &str) -> Option<Name> {
        let hash = hash(provider, name);
        let first = self.0.partition_point(|other| other.hash < hash);
        // A hash that two names share is no match of the one for the other.
        let same = self.0.get(first..)?.iter().take_while(|other| other.hash == hash);
        same.copied().find(|other| other.provider == provider && other.of(text).eq_ignore_ascii_case(name))
    }
}

impl Name {
    /// The name as published.
    fn of(self, text: &str) -> &str {
        let at = self.at as usize;
        text.get(at..at + self.len as usize).unwrap_or("")
    }
}

/// FNV-1a over the provider and the lower-case name.
fn hash(provider: u16, name: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ u64::from(provider);
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}
