//! The book: all models, and the names under which they are found.

use std::sync::{Arc, OnceLock};

use super::model::Model;
use super::names::Names;
use crate::time::Instant;

/// A model in one [`Book`]: an index that stays valid as long as the book does. It names a model, not a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle(pub u32);

/// A provider and its models.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub name: Arc<str>,
    /// Other names for the provider: `azure` for `azure-openai`.
    pub aliases: Vec<String>,
    /// Its place in the book.
    pub place: u16,
}

/// A model in the packed text, read when it is first asked for.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Where its line begins.
    pub at: usize,
    /// The place of its provider.
    pub provider: u16,
    pub model: OnceLock<Option<Box<Model>>>,
}

/// Models with their prices. Immutable.
///
/// A program asks for a handful of models out of hundreds, often right after it has started: only the names are read at
/// once, each model when it is first asked for.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub(super) text: Box<str>,
    /// When each source was read, and its name.
    pub(super) sources: Vec<(Arc<str>, Arc<str>)>,
    /// Where the pages stand in the text.
    pub(super) urls: Vec<std::ops::Range<usize>>,
    /// In the order of precedence for a model named without its provider: first parties before resellers.
    pub(super) providers: Vec<Provider>,
    pub(super) slots: Vec<Slot>,
    pub(super) names: Names,
    pub(super) retrieved: Option<Instant>,
}

impl Book {
    /// A book without models.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The model of a handle of this book; `None` also for one that [`Book::open`] let pass and that can't be read.
    pub fn model(&self, handle: Handle) -> Option<&Model> {
        let slot = self.slots.get(handle.0 as usize)?;
        slot.model.get_or_init(|| self.read_model(slot).ok().map(Box::new)).as_deref()
    }

    /// All models, in the order of their handles.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        (0..self.slots.len() as u32).filter_map(|index| self.model(Handle(index)))
    }

    /// How many models there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The providers, first parties before resellers.
    pub fn provider_names(&self) -> impl Iterator<Item = &str> {
        self.providers.iter().map(|provider| &*provider.name)
    }

    /// The ids of a provider's models, as published.
    pub fn ids_of(&self, provider: &str) -> impl Iterator<Item = &str> {
        let place = self.provider(provider).map(|provider| provider.place);
        self.slots.iter().filter(move |slot| Some(slot.provider) == place).map(|slot| self.id_at(slot))
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

    /// The models whose price is announced to change, or differs by the hour. The price of any other needs no clock.
    pub fn unsettled(&self) -> Vec<Handle> {
        let changes = |handle: &Handle| self.model(*handle).is_some_and(|model| model.is_unsettled(self.retrieved));
        // Most models have neither more than one row nor hours, which their lines show unread.
        (0..self.slots.len() as u32).map(Handle).filter(|handle| self.has_dated_row(*handle)).filter(changes).collect()
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
}
