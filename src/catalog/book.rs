//! The book: all models, and the names under which they are found.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::known::is_same;
use super::model::Model;
use crate::time::Instant;

/// A model in one [`Book`]: an index that stays valid as long as the book does. It names a model, not a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle(pub u32);

/// What a provider is called.
#[derive(Clone, Debug)]
pub(super) struct ProviderName {
    /// Its name in the public interface.
    pub name: String,
    /// Other names for it: `azure` for `azure-openai`.
    pub aliases: Vec<String>,
    /// Whether a model named without its provider may be one of its, whoever else has one of that name.
    pub is_ranked: bool,
}

impl ProviderName {
    /// Its name and the others.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.aliases.iter().map(String::as_str))
    }
}

/// A provider and where its models stand.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub name: Arc<str>,
    pub aliases: Vec<String>,
    pub is_ranked: bool,
    /// Its models, by handle.
    pub handles: Range<u32>,
    /// The line of its first id. The ids stand there in order, as lower-case bytes; each has a line.
    pub ids: u32,
    /// The lines of its other names for models, in the same order.
    pub others: Range<u32>,
    /// The part of the book that it stands in.
    pub part: usize,
}

/// A book that was packed by itself. A text may hold several, one behind the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// When each source was read, and its name.
    pub sources: Vec<(Arc<str>, Arc<str>)>,
    /// The first line of each table: pages, limits, traits, prices.
    pub tables: [u32; 4],
    /// Where each column begins in the text: pages, limits, traits, prices.
    pub columns: [u32; 4],
    /// The handle of its first model.
    pub first: u32,
}

/// Models with their prices. Immutable.
///
/// A program asks for a handful of models out of thousands, often right after it has started: when a book is opened only
/// the beginnings of its lines are noted. Names are found where they stand, in order, and each model is read when it is
/// first asked for.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub(super) text: Box<str>,
    /// Where each line begins.
    pub(super) lines: Vec<u32>,
    pub(super) parts: Vec<Part>,
    /// In the order of precedence for a model named without its provider: first parties before resellers.
    pub(super) providers: Vec<Provider>,
    pub(super) models: Vec<OnceLock<Option<Box<Model>>>>,
    /// Those whose price is announced to change, or differs by the hour.
    pub(super) unsettled: Vec<Handle>,
    pub(super) retrieved: Option<Instant>,
}

impl Book {
    /// A book without models.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The model of a handle of this book; `None` also for one that [`Book::open`] let pass and that can't be read.
    pub fn model(&self, handle: Handle) -> Option<&Model> {
        let slot = self.models.get(handle.0 as usize)?;
        slot.get_or_init(|| self.read_model(handle).ok().map(Box::new)).as_deref()
    }

    /// All models, in the order of their handles.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        (0..self.models.len() as u32).filter_map(|index| self.model(Handle(index)))
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

    /// The ids of a provider's models that have a price, as published.
    pub fn ids_of(&self, provider: &str) -> impl Iterator<Item = &str> {
        let of = |provider: &Provider| (provider.ids, provider.handles.clone());
        let (ids, handles) = self.provider(provider).map_or((0, 0..0), of);
        let priced = handles.clone().filter(|handle| self.is_priced(Handle(*handle)));
        priced.map(move |handle| self.line(ids + handle - handles.start))
    }

    /// Whether a model has a price at all. Packed, it shows without reading it.
    fn is_priced(&self, handle: Handle) -> bool {
        match self.models.get(handle.0 as usize).and_then(OnceLock::get) {
            Some(model) => model.as_ref().is_some_and(|model| !model.rows.is_empty()),
            None => !self.prices_of(handle).is_empty(),
        }
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
        self.unsettled.clone()
    }

    pub(super) fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The provider of that name or alias, in any case, `_` being `-`.
    pub(super) fn provider(&self, name: &str) -> Option<&Provider> {
        let is = |provider: &&Provider| {
            is_same(&provider.name, name) || provider.aliases.iter().any(|alias| is_same(alias, name))
        };
        self.providers.iter().find(is)
    }

    /// A model's provider and id, without reading the model.
    pub(super) fn name_of(&self, handle: Handle) -> Option<(&str, &str)> {
        let provider = self.provider_of(handle)?;
        Some((&provider.name, self.line(provider.ids + handle.0 - provider.handles.start)))
    }

    /// How many names its models and providers have.
    pub(super) fn count_names(&self) -> usize {
        let of = |provider: &Provider| 1 + provider.aliases.len() + provider.handles.len() + provider.others.len();
        self.providers.iter().map(of).sum()
    }

    /// The provider of a handle.
    pub(super) fn provider_of(&self, handle: Handle) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.handles.contains(&handle.0))
    }

    /// The name in the public interface of a provider called so; `None` when the book has none.
    pub fn canonical_provider(&self, name: &str) -> Option<&str> {
        self.provider(name).map(|provider| &*provider.name)
    }

    /// A line of the text.
    pub(super) fn line(&self, number: u32) -> &str {
        let at = number as usize;
        let start = self.lines.get(at).map_or(self.text.len(), |start| *start as usize);
        let end = self.lines.get(at + 1).map_or(self.text.len(), |next| *next as usize - 1);
        self.text.get(start..end).unwrap_or("")
    }
}
