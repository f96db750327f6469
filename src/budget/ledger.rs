//! The state machine: its budgets. Its contract, operation by operation, is `docs/design/budgets.md`.

use crate::collections::{Map, Set, sort_by_key};

use super::{
    Scope,
    adjust::{Adjustment, Adjustments},
    alert::Alert,
    answer::{Guarantee, Status},
    asked::{Mode, Zones},
    book::Book,
    charge::Known,
    claim::Claim,
    clock::Identity,
    config::Config,
    journal::{Journal, Key},
    promise::Promise,
    slices,
};
use crate::{
    error::{Error, Result},
    money::Usd,
    object::Object,
    time::Instant,
};

/// Budgets, reservations and charges.
pub struct Ledger {
    pub(super) guarantee: Guarantee,
    /// The clock, as far as it is believed.
    pub(super) last_seen: Option<Instant>,
    /// How far time has passed for certain: never back, and not with a leap of the clock that may be an error.
    pub(super) past: Instant,
    /// Until when a leap of the clock is in doubt.
    pub(super) doubt: Option<Instant>,
    /// What is over before this may be forgotten: neither later than the clock nor than what has passed for certain.
    pub(super) over: Instant,
    /// When it was last seen what may be forgotten.
    pub(super) swept: Instant,
    /// What was raised while nobody asked, for the next answer.
    pub(super) news: Vec<Alert>,
    pub(super) created: u64,
    pub(super) books: Map<String, Book>,
    /// Which budgets bind a scope (`None`: everything), in the order of creation.
    pub(super) binding: Map<Option<Scope>, Set<(u64, String)>>,
    pub(super) promises: Map<String, Promise>,
    pub(super) leases: Set<(Instant, String)>,
    pub(super) charges: Map<String, Known>,
    pub(super) claims: Map<String, Claim>,
    /// When to ask whether an identity may be forgotten.
    pub(super) memory: Set<(Instant, Identity)>,
    /// What a host that keeps the state has to write.
    pub(super) journal: Journal,
    /// Budgets that are new, to a host that has not offered them all that it keeps.
    pub(super) adopting: Vec<String>,
    /// Charges that were read for them alone and have changed: they leave memory when they are written.
    pub(super) adopted: Vec<String>,
}

impl Ledger {
    /// A ledger without budgets.
    pub fn new(guarantee: Guarantee) -> Self {
        Self {
            guarantee,
            last_seen: None,
            past: Instant::from_ms(i64::MIN),
            doubt: None,
            over: Instant::from_ms(i64::MIN),
            swept: Instant::from_ms(i64::MIN),
            news: Vec::new(),
            created: 0,
            books: Map::new(),
            binding: Map::new(),
            promises: Map::new(),
            leases: Set::new(),
            charges: Map::new(),
            claims: Map::new(),
            memory: Set::new(),
            journal: Journal::default(),
            adopting: Vec::new(),
            adopted: Vec::new(),
        }
    }

    /// Stores a budget, and gives back what is stored. A new one counts at once what the ledger remembers.
    ///
    /// A stored budget whose id no longer says what it is for is not attached to under that id by somebody who derived it:
    /// [`crate::error::Code::InvalidConfig`].
    pub fn put(&mut self, config: Config, mode: Mode, zones: &dyn Zones, now: Instant) -> Result<Config> {
        let now = self.advance(now);
        let zone = zones.zone(&config.time_zone)?;
        let Some(book) = self.books.get_mut(&config.id) else {
            let config = Config {
                revision: 1,
                created_at: config.created_at.or(Some(now)),
                updated_at: config.updated_at.or(config.created_at).or(Some(now)),
                ..config
            };
            self.created += 1;
            let (windows, adjustments) = (Map::new(), Adjustments::default());
            let (order, since) = (self.created, Some(now));
            let mut book = Book { config: config.clone(), order, zone, since, windows, horizon: None, adjustments };
            book.begin(now, &mut self.journal);
            self.bind(&config, self.created);
            self.books.insert(config.id.clone(), book);
            self.journal.budget(&config.id);
            self.adopt(&config.id, now);
            return Ok(config);
        };
        if mode == Mode::Attach && config.has_derived_id() && !book.config.is_for_what(&config) {
            return Err(Error::config(
                "cannot attach to a budget: expected the scope and period that its id names, found others stored under it",
            )
            .with("budgetId", config.id));
        }
        if mode == Mode::Attach || book.config.says_the_same(&config) {
            return Ok(book.config.clone());
        }
        let new = Config {
            revision: book.config.revision.saturating_add(1),
            created_at: book.config.created_at,
            updated_at: Some(now),
            ..config
        };
        let old = std::mem::replace(&mut book.config, new.clone());
        book.zone = zone;
        let order = book.order;
        self.journal.budget(&new.id);
        for start in book.windows.keys() {
            self.journal.window(&new.id, *start);
        }
        if new.has_windows_of(&old) {
            book.begin(now, &mut self.journal);
            book.prune(self.over, &mut self.journal);
            book.rearm(now);
            self.news.extend(book.raise_all(now, &mut self.journal));
        } else {
            book.windows.clear();
            (book.horizon, book.since) = (None, Some(now));
            book.begin(now, &mut self.journal);
            self.unbind(&old, order);
            self.bind(&new, order);
            self.adopt(&new.id, now);
        }
        Ok(new)
    }

    /// Removes a budget and what it counted.
    pub fn remove(&mut self, id: &str) -> bool {
        match self.books.remove(id) {
            Some(book) => {
                self.unbind(&book.config, book.order);
                self.journal.budget(id);
                for start in book.windows.keys() {
                    self.journal.window(id, *start);
                }
                true
            }
            None => false,
        }
    }

    /// The budgets, in the order of creation.
    pub fn list(&self) -> Vec<Config> {
        let mut books: Vec<&Book> = self.books.values().collect();
        sort_by_key(&mut books, |book| book.order);
        books.into_iter().map(|book| book.config.clone()).collect()
    }

    /// Where budgets stand: all, or those named, as far as they exist.
    pub fn status(&mut self, ids: Option<&[String]>, now: Instant) -> Vec<Status> {
        let now = self.advance(now);
        let mut books: Vec<&mut Book> = match ids {
            None => self.books.values_mut().collect(),
            Some(ids) => self.books.values_mut().filter(|book| ids.contains(&book.config.id)).collect(),
        };
        sort_by_key(&mut books, |book| book.order);
        let (guarantee, over, journal) = (self.guarantee, self.over, &mut self.journal);
        let chunks: Vec<&Promise> = slices::chunks(&self.promises).collect();
        books
            .into_iter()
            .map(|book| {
                book.begin(now, journal);
                book.prune(over, journal);
                let standing = book.standing(now);
                let within = |chunk: &&&Promise| standing.start <= chunk.made && chunk.made < standing.end;
                let sliced = chunks.iter().filter(within).filter(|chunk| book.config.binds(&chunk.scopes));
                Status {
                    spent: standing.spent,
                    held: standing.held,
                    sliced: sliced.fold(Usd::ZERO, |sum, chunk| sum.saturating_add(chunk.amounts.usd)),
                    window: (standing.start, standing.end),
                    alerts: book.alerts(&standing),
                    releases: book.releases(&standing),
                    adjustments: book.adjustments.list().to_vec(),
                    standing,
                    budget: book.config.clone(),
                    at: now,
                    guarantee,
                }
            })
            .collect()
    }

    /// What was raised while nobody asked, and what is raised now.
    pub(super) fn with_news(&mut self, alerts: Vec<Alert>) -> Vec<Alert> {
        if !self.news.is_empty() {
            self.journal.mark(|| Key::Ledger);
        }
        let mut all = std::mem::take(&mut self.news);
        all.extend(alerts);
        all
    }

    /// The ids of the budgets that bind these scopes, in the order of creation.
    pub fn bound(&self, scopes: &[Scope]) -> Vec<String> {
        let mut bound: Vec<&(u64, String)> = self.binding.get(&None).into_iter().flatten().collect();
        for scope in scopes {
            let more = self.binding.get(&Some(scope.clone())).into_iter().flatten();
            // A scope may be named twice.
            let more: Vec<_> = more.filter(|more| !bound.contains(more)).collect();
            bound.extend(more);
        }
        sort_by_key(&mut bound, |(order, _)| *order);
        bound.into_iter().map(|(_, id)| id.clone()).collect()
    }

    /// Adds to a budget's limit, for a time or for good, once; says whether it is new. `asked` is `{ id, amount, until?, reason? }`.
    pub(crate) fn adjust(&mut self, id: &str, asked: &Object<'_>, now: Instant) -> Result<bool> {
        let now = self.advance(now);
        let Some(book) = self.books.get_mut(id) else {
            return Err(Error::input("cannot adjust a budget: expected one that is stored, found none of that id")
                .with("budgetId", id));
        };
        let adjustment = Adjustment::read(asked, book.config.unit, now)?;
        let is_new = book.adjustments.add(adjustment, book.config.period)?;
        if is_new {
            book.begin(now, &mut self.journal);
            book.prune(self.over, &mut self.journal);
            book.rearm(now);
            self.news.extend(book.raise_all(now, &mut self.journal));
            self.journal.budget(id);
        }
        Ok(is_new)
    }

    /// Applies to a new budget, or one with new windows, all that is in memory.
    fn adopt(&mut self, id: &str, now: Instant) {
        let Some(book) = self.books.get_mut(id) else { return };
        // What it counts here is not to be read and counted again.
        self.adopted.clear();
        for promise in self.promises.values() {
            book.adopt_promise(promise, self.over);
        }
        for (record, charge) in self.charges.iter_mut() {
            if book.adopt_charge(charge, self.over) {
                self.journal.record(record);
            }
        }
        if self.journal.on {
            // The rest of it is somewhere else.
            self.adopting.push(id.to_owned());
        } else {
            self.raise_all(id, now);
        }
    }

    /// Raises what is due in any window of a budget.
    pub(super) fn raise_all(&mut self, id: &str, now: Instant) {
        let Some(book) = self.books.get_mut(id) else { return };
        self.news.extend(book.raise_all(now, &mut self.journal));
    }

    pub(super) fn bind(&mut self, config: &Config, order: u64) {
        self.binding.get_or_default(config.scope.clone()).insert((order, config.id.clone()));
    }

    fn unbind(&mut self, config: &Config, order: u64) {
        if let Some(bound) = self.binding.get_mut(&config.scope) {
            bound.remove(&(order, config.id.clone()));
            if bound.is_empty() {
                self.binding.remove(&config.scope);
            }
        }
    }
}
