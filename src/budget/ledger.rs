//! The state machine. Its contract, operation by operation, is `docs/design/budgets.md`.

use crate::collections::{Map, Set, sort_by_key};
use std::rc::Rc;

use super::{
    Scope,
    adjust::{Adjustment, Adjustments},
    alert::Alert,
    answer::{Guarantee, Outcome, Reservation, Settlement, Status},
    book::{Book, frees},
    check::retry_after,
    claim::Claim,
    config::{Action, Config, is_utc},
    journal::{Journal, Key},
    slices,
    unit::{Amounts, Unit},
    window::Change,
};
use crate::{
    error::{Error, Result},
    money::Usd,
    object::Object,
    time::{DAY, Instant, MINUTE, Period, Utc, Zone},
};

/// How long the ids of a `total` budget are remembered.
const TOTAL_MEMORY: i64 = 35 * DAY;
/// How long the ids of other budgets are remembered at most, so that a month of calls is not held in memory.
const CALENDAR_MEMORY: i64 = 2 * DAY;
/// The timestamp of a reservation's record lies at most this long after the last change of the reservation.
const RECORD_MARGIN: i64 = DAY;
/// How often it is seen what may be forgotten.
const SWEEP: i64 = 10 * MINUTE;
/// A clock that moves by more than this between two operations is not believed at once.
const DOUBT: i64 = DAY;
/// How long an id is remembered at least, and a window after its end.
pub(super) const LEAST_MEMORY: i64 = DAY;
/// The longest lease.
pub const MAX_LEASE_MS: i64 = 30 * DAY;

/// Time zones by name: the core has no data of its own.
pub trait Zones {
    /// The zone of that name, or [`crate::error::Code::InvalidConfig`].
    fn zone(&self, name: &str) -> Result<Rc<dyn Zone>>;
}

/// A host that knows no zone but UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnlyUtc;

impl Zones for OnlyUtc {
    fn zone(&self, name: &str) -> Result<Rc<dyn Zone>> {
        if is_utc(name) {
            Ok(Rc::new(Utc))
        } else {
            Err(Error::config("cannot read timeZone: expected UTC, found another zone"))
        }
    }
}

/// What happens to a budget that is stored already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The stored one stays.
    Attach,
    /// It is changed.
    Update,
}

impl Mode {
    /// The mode of that name.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "attach" => Ok(Mode::Attach),
            "update" => Ok(Mode::Update),
            _ => Err(Error::input("cannot put budgets: expected mode to be attach or update, found another value")),
        }
    }
}

/// A reservation asked for.
#[derive(Clone, Debug)]
pub struct Reserve<'a> {
    /// The attempt it is for.
    pub id: &'a str,
    /// The most it can take.
    pub amounts: Amounts,
    /// Whose money it is.
    pub scopes: &'a [Scope],
    /// How long it is held at most.
    pub lease_ms: i64,
}

/// Spending that nobody reserved, or that was reserved elsewhere.
#[derive(Clone, Debug)]
pub struct Charge<'a> {
    /// The record it is of.
    pub record_id: &'a str,
    /// The record's revision: a higher one replaces the amount.
    pub revision: u32,
    /// What it took.
    pub amounts: Amounts,
    /// Whose money it is.
    pub scopes: &'a [Scope],
    /// The record's timestamp.
    pub at: Instant,
    /// Reservations that may have paid for it: the first that the ledger knows did.
    pub reservation_ids: &'a [&'a str],
}

/// How a charge was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It counts now, and did not before.
    Counted,
    /// It counted before, with another amount.
    Corrected,
    /// It counts already, or its reservation does.
    Repeat,
    /// It is so old that it can't be told from a repeat: no budget counts it.
    TooOld,
}

/// What a charge came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Charged {
    /// Whether any budget stands elsewhere now.
    pub counted: bool,
    /// How it was taken.
    pub taken: Taken,
    /// The budgets for which it was too old, in the order of creation.
    pub too_old: Vec<String>,
    /// What was raised by it.
    pub alerts: Vec<Alert>,
}

/// What has become of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Held,
    Released,
    Settled {
        charged: Amounts,
        /// Whether a better-known amount may still replace it, and from whom.
        open: Open,
    },
}

/// Which later settlement replaces one that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// None: it was the truth, or was corrected once.
    Final,
    /// One that is not an estimate.
    ToTruth,
    /// Any: it was the lease that settled it.
    ToAny,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Promise {
    pub(super) amounts: Amounts,
    pub(super) scopes: Vec<Scope>,
    pub(super) made: Instant,
    pub(super) expires: Instant,
    /// When it last changed.
    pub(super) touched: Instant,
    pub(super) state: State,
}

/// A charge that was taken.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    pub(super) revision: u32,
    pub(super) amounts: Amounts,
    pub(super) scopes: Vec<Scope>,
    pub(super) at: Instant,
    pub(super) seen: Instant,
    /// The budgets that bind it and did not count it.
    pub(super) too_old: Vec<String>,
}

/// What the ledger remembers a charge by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Identity {
    Reservation(String),
    Record(String),
}

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
    memory: Set<(Instant, Identity)>,
    /// What a host that keeps the state has to write.
    pub(super) journal: Journal,
    /// Budgets that are new, to a host that has not offered them all that it keeps.
    pub(super) adopting: Vec<String>,
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

    /// Holds an amount in every budget that binds it, or in none.
    pub fn reserve(&mut self, request: &Reserve<'_>, now: Instant) -> Result<Reservation> {
        if request.id.is_empty() {
            return Err(Error::input(
                "cannot reserve: expected a reservation id that is not empty, found an empty one",
            ));
        }
        if !(1..=MAX_LEASE_MS).contains(&request.lease_ms) {
            return Err(Error::input(format!(
                "cannot reserve: expected leaseMs to be from 1 to {MAX_LEASE_MS}, found {}",
                request.lease_ms
            )));
        }
        let now = self.advance(now);
        let mut answer = Reservation {
            id: request.id.to_owned(),
            allowed: true,
            guarantee: self.guarantee,
            blocked_by: None,
            remaining: None,
            resets_at: None,
            retry_after_ms: None,
            alerts: Vec::new(),
            expires_at: None,
            over_soft: Vec::new(),
        };
        match self.promises.get(request.id) {
            Some(known) if known.state == State::Held && known.amounts == request.amounts => {
                answer.expires_at = Some(known.expires);
                answer.alerts = self.with_news(Vec::new());
                return Ok(answer);
            }
            Some(known) if known.state != State::Released => {
                let found = if known.state == State::Held { "held for another amount" } else { "settled already" };
                return Err(Error::input(format!(
                    "cannot reserve: expected an id of its own for each attempt, found one that is {found}"
                ))
                .with("reservationId", request.id));
            }
            _ => {}
        }
        let bound = self.bound(request.scopes);
        let mut refused: Option<(Action, Reservation)> = None;
        for id in &bound {
            let Some(book) = self.books.get_mut(id) else { continue };
            book.begin(now, &mut self.journal);
            book.prune(self.over, &mut self.journal);
            if !book.config.enabled || book.config.action == Action::Alert {
                continue;
            }
            let amount = match request.amounts.of(book.config.unit) {
                Some(amount) => amount,
                None if book.config.unit == Unit::Unknown => return Err(uncounted("an amount in its unit", id)),
                None => return Err(uncounted("the call's tokens", id)),
            };
            let standing = book.standing(now);
            if !standing.refuses(amount) {
                continue;
            }
            let config = &book.config;
            // A block outranks a throttle; of equals the first stands.
            let outranks = match &refused {
                None => true,
                Some((Action::Throttle, _)) => config.action == Action::Block,
                Some(_) => false,
            };
            if !outranks {
                continue;
            }
            let free = frees((standing.spent, standing.later, amount), book.releases(&standing));
            let denial = Reservation {
                allowed: false,
                remaining: Some(standing.available()),
                resets_at: match config.reach() {
                    Some(_) => free,
                    None => Some(standing.end).filter(|_| config.period != Period::Total),
                },
                retry_after_ms: match config.action {
                    Action::Throttle => retry_after(standing.is_held_up(amount), free, standing.end, now),
                    _ => None,
                },
                blocked_by: Some(config.clone()),
                ..answer.clone()
            };
            refused = Some((config.action, denial));
        }
        answer.alerts = self.with_news(Vec::new());
        if let Some((_, denial)) = refused {
            return Ok(Reservation { alerts: answer.alerts, ..denial });
        }
        for id in &bound {
            let Some(book) = self.books.get_mut(id) else { continue };
            let change = Change { held: request.amounts.counted(book.config.unit), ..Change::default() };
            answer.alerts.extend(book.change(now, change, now, &mut self.journal));
            if let Some(soft) = book.config.soft_limit.filter(|_| book.config.enabled)
                && book.standing(now).taken() > soft
            {
                answer.over_soft.push(id.clone());
            }
        }
        let expires = now.plus(request.lease_ms);
        answer.expires_at = Some(expires);
        self.leases.insert((expires, request.id.to_owned()));
        self.remember(now.plus(LEAST_MEMORY), Identity::Reservation(request.id.to_owned()));
        self.journal.reservation(request.id);
        let promise = Promise {
            amounts: request.amounts,
            scopes: request.scopes.to_vec(),
            made: now,
            expires,
            touched: now,
            state: State::Held,
        };
        self.promises.insert(request.id.to_owned(), promise);
        Ok(answer)
    }

    /// Turns a hold into spending. `estimate` is set when the amount is one (it bears a mark).
    ///
    /// Tokens that are not said are those that were held.
    pub fn settle(&mut self, id: &str, amounts: impl Into<Amounts>, estimate: bool, now: Instant) -> Settlement {
        let now = self.advance(now);
        let open = if estimate { Open::ToTruth } else { Open::Final };
        let answer = self.settle_as(id, amounts.into(), open, now);
        Settlement { alerts: self.with_news(answer.alerts), ..answer }
    }

    /// Frees a hold, or what its lease made of it: nothing can have been billed.
    pub fn release(&mut self, id: &str, now: Instant) -> bool {
        let now = self.advance(now);
        let Some(promise) = self.promises.get_mut(id) else { return false };
        let (freed, returned) = match promise.state {
            State::Held => (Some(promise.amounts), None),
            State::Settled { charged, open: Open::ToAny } => (None, Some(charged)),
            _ => return false,
        };
        (promise.state, promise.touched) = (State::Released, now);
        self.journal.reservation(id);
        let (made, scopes) = (promise.made, promise.scopes.clone());
        self.leases.remove(&(promise.expires, id.to_owned()));
        self.change(&scopes, made, now, Moved { freed, returned, spent: None });
        true
    }

    /// Counts what nobody reserved, once; see [`Ledger::take`].
    pub fn charge(
        &mut self,
        record_id: &str,
        amounts: impl Into<Amounts>,
        scopes: &[Scope],
        at: Instant,
        reservation_id: Option<&str>,
        now: Instant,
    ) -> Charged {
        let (amounts, reservation_ids) = (amounts.into(), reservation_id.as_slice());
        self.take(&Charge { record_id, revision: 0, amounts, scopes, at, reservation_ids }, now)
    }

    /// Takes a charge: counts it once, or corrects what it counted as before.
    pub fn take(&mut self, charge: &Charge<'_>, now: Instant) -> Charged {
        let now = self.advance(now);
        let mut answer = Charged { counted: false, taken: Taken::Repeat, too_old: Vec::new(), alerts: Vec::new() };
        let reservation = charge
            .reservation_ids
            .iter()
            .find_map(|id| Some((*id, self.promises.get(*id).map(|promise| promise.state)?)));
        match (reservation, self.charges.get_mut(charge.record_id)) {
            // Something was billed after all: the charge is its settlement.
            (Some((id, State::Released)), None) => {
                answer.alerts = self.settle_as(id, charge.amounts, Open::Final, now).alerts;
                (answer.counted, answer.taken) = (true, Taken::Counted);
            }
            (None, Some(known)) if charge.revision > known.revision => {
                let (old, scopes, at) = (known.amounts, known.scopes.clone(), known.at);
                (known.revision, known.amounts, known.seen) = (charge.revision, charge.amounts, now);
                self.journal.record(charge.record_id);
                answer.too_old = known.too_old.clone();
                for id in self.bound(&scopes).into_iter().filter(|id| !answer.too_old.contains(id)) {
                    let Some(book) = self.books.get_mut(&id).filter(|book| book.has_window(at, self.over)) else {
                        continue;
                    };
                    let moved = Moved { freed: None, returned: Some(old), spent: Some(charge.amounts) };
                    answer.alerts.extend(book.change(at, moved.within(book.config.unit), now, &mut self.journal));
                }
                (answer.counted, answer.taken) = (true, Taken::Corrected);
            }
            (Some(_), _) | (_, Some(_)) => {}
            (None, None) => {
                let bound = self.bound(charge.scopes);
                for id in &bound {
                    let Some(book) = self.books.get_mut(id) else { continue };
                    if !book.remembers(charge.at, self.over) {
                        answer.too_old.push(id.clone());
                        continue;
                    }
                    let change = Change { spent: charge.amounts.counted(book.config.unit), ..Change::default() };
                    answer.alerts.extend(book.change(charge.at, change, now, &mut self.journal));
                }
                answer.counted = bound.is_empty() || answer.too_old.len() < bound.len();
                answer.taken = if answer.counted { Taken::Counted } else { Taken::TooOld };
                if answer.counted {
                    self.remember(now.plus(LEAST_MEMORY), Identity::Record(charge.record_id.to_owned()));
                    self.journal.record(charge.record_id);
                    let known = Known {
                        revision: charge.revision,
                        amounts: charge.amounts,
                        scopes: charge.scopes.to_vec(),
                        at: charge.at,
                        seen: now,
                        too_old: answer.too_old.clone(),
                    };
                    self.charges.insert(charge.record_id.to_owned(), known);
                }
            }
        }
        Charged { alerts: self.with_news(answer.alerts), ..answer }
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
        let mut bound: Set<&(u64, String)> = self.binding.get(&None).into_iter().flatten().collect();
        for scope in scopes {
            bound.extend(self.binding.get(&Some(scope.clone())).into_iter().flatten());
        }
        bound.into_iter().map(|(_, id)| id.clone()).collect()
    }

    fn settle_as(&mut self, id: &str, amounts: Amounts, open: Open, now: Instant) -> Settlement {
        let mut answer = Settlement {
            outcome: Outcome::Unknown,
            charged: Usd::ZERO,
            returned: Usd::ZERO,
            overage: None,
            tokens: None,
            alerts: Vec::new(),
        };
        let Some(promise) = self.promises.get_mut(id) else { return answer };
        let (reserved, made) = (promise.amounts, promise.made);
        let tokens = amounts.tokens.or(reserved.tokens);
        let amounts = Amounts { tokens, requests: reserved.requests, ..amounts };
        let over = |covered: Usd| Some(amounts.usd.saturating_sub(covered)).filter(|over| *over > Usd::ZERO);
        // What was taken up by it until now: held, and spent.
        let (held, spent) = match promise.state {
            State::Held => {
                (answer.outcome, answer.overage) = (Outcome::Settled, over(reserved.usd));
                (Some(reserved), None)
            }
            State::Released => {
                // Nobody holds anything for it any more: all of it is over.
                (answer.outcome, answer.overage) = (Outcome::Settled, over(Usd::ZERO));
                (None, None)
            }
            State::Settled { charged, open: was } => {
                let replaces = match was {
                    Open::Final => false,
                    Open::ToTruth => open == Open::Final,
                    Open::ToAny => open != Open::ToAny,
                };
                if !replaces {
                    (answer.outcome, answer.charged, answer.tokens) = (Outcome::Already, charged.usd, charged.tokens);
                    return answer;
                }
                answer.overage = over(reserved.usd);
                answer.outcome = if amounts == charged { Outcome::Already } else { Outcome::Corrected };
                (None, Some(charged))
            }
        };
        let usd = |taken: Option<Amounts>| taken.map_or(Usd::ZERO, |taken| taken.usd);
        (answer.charged, answer.tokens) = (amounts.usd, amounts.tokens);
        answer.returned = usd(held).saturating_add(usd(spent)).saturating_sub(amounts.usd);
        // A correction is made once. Only an estimate in place of what the lease made of it is none yet.
        let open = match promise.state {
            State::Settled { open: Open::ToAny, .. } => open,
            State::Settled { .. } => Open::Final,
            _ => open,
        };
        (promise.state, promise.touched) = (State::Settled { charged: amounts, open }, now);
        self.journal.reservation(id);
        let scopes = promise.scopes.clone();
        self.leases.remove(&(promise.expires, id.to_owned()));
        let moved = Moved { freed: held, returned: spent, spent: Some(amounts) };
        answer.alerts = self.change(&scopes, made, now, moved);
        answer
    }

    /// Changes the windows of an instant in every budget that binds.
    fn change(&mut self, scopes: &[Scope], at: Instant, now: Instant, moved: Moved) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for id in self.bound(scopes) {
            let Some(book) = self.books.get_mut(&id).filter(|book| book.has_window(at, self.over)) else { continue };
            alerts.extend(book.change(at, moved.within(book.config.unit), now, &mut self.journal));
        }
        alerts
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

    /// Moves the clock on: leases expire, what is past is forgotten. Answers with the time it is.
    ///
    /// The clock does not go back, unless by more than a day: then what it said before was an error. A leap of more than a
    /// day ahead may be one: it counts for windows and leases, which can be corrected, but nothing is forgotten for it
    /// before another day has passed.
    pub(super) fn advance(&mut self, reading: Instant) -> Instant {
        let now = match self.last_seen {
            Some(last) if last.ms() - reading.ms() > DOUBT => {
                self.doubt = None;
                self.lease_again(reading);
                reading
            }
            Some(last) => reading.max(last),
            None => reading,
        };
        if let Some(last) = self.last_seen.filter(|last| now.ms() - last.ms() > DOUBT) {
            // What it said last has not been taken back.
            (self.past, self.doubt) = (self.past.max(last), Some(now.plus(DOUBT)));
        }
        if self.last_seen.is_none_or(|last| (now.ms() - last.ms()).abs() >= SWEEP) {
            // Else it is written with whatever else changes.
            self.journal.mark(|| Key::Ledger);
        }
        self.last_seen = Some(now);
        self.doubt = self.doubt.filter(|until| now < *until);
        if self.doubt.is_none() {
            self.past = self.past.max(now);
        }
        self.over = self.past.min(now);
        while let Some((expires, id)) = self.leases.first().cloned().filter(|(expires, _)| *expires <= now) {
            self.leases.remove(&(expires, id.clone()));
            if let Some(amounts) = self.promises.get(&id).map(|promise| promise.amounts) {
                let alerts = self.settle_as(&id, amounts, Open::ToAny, now).alerts;
                self.news.extend(alerts);
            }
        }
        if !self.journal.on && self.sweep_is_due() {
            self.swept = self.over;
            self.sweep();
        }
        now
    }

    /// Whether it is time to see what may be forgotten.
    pub(super) fn sweep_is_due(&self) -> bool {
        (self.over.ms() - self.swept.ms()).abs() >= SWEEP
    }

    /// Notes when to ask whether an identity may be forgotten; a host that keeps the state finds that among its rows.
    pub(super) fn remember(&mut self, due: Instant, identity: Identity) {
        if !self.journal.on {
            self.memory.insert((due, identity));
            return;
        }
        let key = match identity {
            Identity::Reservation(id) => Key::Reservation(id),
            Identity::Record(id) => Key::Record(id),
        };
        self.journal.keys.insert(key, Some(due));
    }

    /// Forgets what is due, all at once: one by one, each would move all that stay.
    fn sweep(&mut self) {
        let rest = self.memory.split_off(&(self.over.plus(1), Identity::Reservation(String::new())));
        let due = std::mem::replace(&mut self.memory, rest);
        let (mut promises, mut charges) = (Set::new(), Set::new());
        for (_, identity) in due {
            if self.forget(&identity) {
                match identity {
                    Identity::Reservation(id) => promises.insert(id),
                    Identity::Record(id) => charges.insert(id),
                };
            }
        }
        let over = self.over;
        self.claims.retain(|_, claim| claim.until > over);
        if !promises.is_empty() {
            self.promises.retain(|id, _| !promises.contains(id));
        }
        if !charges.is_empty() {
            self.charges.retain(|id, _| !charges.contains(id));
        }
    }

    /// Begins anew the leases of holds that were made while the clock was ahead.
    fn lease_again(&mut self, now: Instant) {
        let ahead = |promise: &&Promise| promise.state == State::Held && promise.made > now;
        let ids: Vec<String> =
            self.promises.iter().filter(|(_, promise)| ahead(promise)).map(|(id, _)| id.clone()).collect();
        for id in ids {
            let Some(promise) = self.promises.get_mut(&id) else { continue };
            self.leases.remove(&(promise.expires, id.clone()));
            promise.expires = now.plus(promise.expires.ms() - promise.made.ms());
            self.journal.reservation(&id);
            self.leases.insert((promise.expires, id));
        }
    }

    /// Whether an identity may be forgotten; its budgets then have their horizons. If not, it is asked for again.
    pub(super) fn forget(&mut self, identity: &Identity) -> bool {
        // The instants in whose windows it counts, or its record might; the last change; up to where it may come again.
        let (scopes, instants, touched, horizon) = match identity {
            Identity::Reservation(id) => match self.promises.get(id) {
                // A hold is kept as long as its lease.
                Some(promise) if promise.state == State::Held => {
                    self.remember(promise.expires.max(self.over).plus(LEAST_MEMORY), identity.clone());
                    return false;
                }
                Some(promise) => {
                    let last = promise.touched.plus(RECORD_MARGIN);
                    (promise.scopes.clone(), [promise.made, last], promise.touched, last)
                }
                None => return false,
            },
            Identity::Record(id) => match self.charges.get(id) {
                Some(charge) => (charge.scopes.clone(), [charge.at; 2], charge.seen.max(charge.at), charge.at),
                None => return false,
            },
        };
        let bound = self.bound(&scopes);
        let mut until = touched.plus(LEAST_MEMORY);
        for book in bound.iter().filter_map(|id| self.books.get(id)) {
            until = until.max(match book.config.period {
                Period::Total => touched.plus(TOTAL_MEMORY),
                _ => {
                    let over = instants.iter().map(|at| book.kept_until(*at)).max();
                    over.unwrap_or_default().min(touched.plus(CALENDAR_MEMORY))
                }
            });
        }
        if until > self.over {
            self.remember(until, identity.clone());
            return false;
        }
        for id in bound {
            let Some(book) = self.books.get_mut(&id) else { continue };
            book.horizon = Some(book.horizon.map_or(horizon, |known| known.max(horizon)));
            book.prune(self.over, &mut self.journal);
            self.journal.budget(&id);
        }
        true
    }
}

/// What a promise or a charge takes up no more, and what it takes up now.
#[derive(Clone, Copy)]
struct Moved {
    freed: Option<Amounts>,
    returned: Option<Amounts>,
    spent: Option<Amounts>,
}

impl Moved {
    /// As a budget counts it.
    fn within(self, unit: Unit) -> Change {
        let count = |amounts: Option<Amounts>| amounts.map_or(Usd::ZERO, |amounts| amounts.counted(unit));
        Change { freed: count(self.freed), held: Usd::ZERO, returned: count(self.returned), spent: count(self.spent) }
    }
}

fn uncounted(what: &str, budget: &str) -> Error {
    Error::input(format!("cannot reserve: expected {what}, which a budget counts, found none")).with("budgetId", budget)
}
