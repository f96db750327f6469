//! The book: all models, and the names under which they are found.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::model::Model;
use crate::error::{Error, Result};
use crate::time::Instant;

/// A model in one [`Book`]: an index that stays valid as long as the book does. It names a model, not a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle(pub u32);

/// A provider and the names of its models.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub name: Arc<str>,
    /// Other names for the provider: `azure` for `azure-openai`.
    pub aliases: Vec<String>,
    /// Lower-case id or alias to model.
    pub names: BTreeMap<Box<str>, Name>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub handle: Handle,
    pub is_alias: bool,
}

/// Models with their prices. Immutable once read.
#[derive(Clone, Debug, Default)]
pub struct Book {
    models: Vec<Model>,
    /// In the order of precedence for a model named without its provider: first parties before resellers.
    providers: Vec<Provider>,
    retrieved: Option<Instant>,
}

impl Book {
    /// A book without models.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The model of a handle of this book.
    pub fn model(&self, handle: Handle) -> Option<&Model> {
        self.models.get(handle.0 as usize)
    }

    /// All models, in the order of their handles.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// How many models there are.
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// The providers, first parties before resellers.
    pub fn provider_names(&self) -> impl Iterator<Item = &str> {
        self.providers.iter().map(|provider| &*provider.name)
    }

    /// When the newest of its sources was read; `None` for an empty book.
    ///
    /// A clock that stands before this is not set (Workers show 1970 while modules load): see [`Book::present`].
    pub fn retrieved(&self) -> Option<Instant> {
        self.retrieved
    }

    /// What a host's clock means: its own time, but never earlier than the data was read.
    #[must_use]
    pub fn present(&self, clock: Instant) -> Instant {
        self.retrieved.map_or(clock, |retrieved| clock.max(retrieved))
    }

    /// Whether the model's price can't change as time goes by, so that its row needs no clock.
    pub fn is_settled(&self, model: &Model) -> bool {
        model.rows.last().is_none_or(|last| last.from.is_none() || last.from <= self.retrieved)
    }

    pub(super) fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The provider of that name or alias, in any case.
    pub(super) fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| {
            provider.name.eq_ignore_ascii_case(name)
                || provider.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
        })
    }

    /// The name in the public interface of a provider called so; `None` when the book has none.
    pub fn canonical_provider(&self, name: &str) -> Option<&str> {
        self.provider(name).map(|provider| &*provider.name)
    }

    pub(super) fn saw_source(&mut self, retrieved: Instant) {
        self.retrieved = self.retrieved.max(Some(retrieved));
    }

    pub(super) fn push_provider(&mut self, name: &str, aliases: Vec<String>) -> Result<()> {
        if std::iter::once(name).chain(aliases.iter().map(String::as_str)).any(|name| self.provider(name).is_some()) {
            return Err(Error::input("expected providers with names of their own, found one twice"));
        }
        self.providers.push(Provider { name: name.into(), aliases, names: BTreeMap::new() });
        Ok(())
    }

    /// Adds a model of the provider pushed last.
    pub(super) fn push_model(&mut self, model: Model) -> Result<()> {
        let provider = self.providers.last_mut().ok_or_else(|| Error::internal("a model without a provider"))?;
        let handle = Handle(self.models.len() as u32);
        let names = std::iter::once((&model.id, false)).chain(model.aliases.iter().map(|alias| (alias, true)));
        for (name, is_alias) in names {
            let key = name.to_ascii_lowercase().into_boxed_str();
            if provider.names.insert(key, Name { handle, is_alias }).is_some() {
                return Err(Error::input(format!("expected models with names of their own, found {name:?} twice")));
            }
        }
        self.models.push(model);
        Ok(())
    }
}
