//! The state machine. Its contract, operation by operation, is `docs/design/budgets.md`.

use crate::collections::{Map, Set, sort_by_key};
use std::rc::Rc;

use super::{
    Scope,
    alert::Alert,
    answer::{Guarantee, Outcome, Reservation, Settlement, Status},
    check::retry_after,
    config::{Action, Config},
    window::Window,
};
use crate::{
    error::{Error, Result},
    money::Usd,
    time::{DAY, Instant, Period, Utc, Zone},
};

/// How long the ids of a `total` budget are remembered.
const TOTAL_MEMORY: i64 = 35 * DAY;
/// How long an id is remembered at least, and a window after its end.
const LEAST_MEMORY: i64 = DAY;
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
        if name == "UTC" {
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

/// A reservation asked for.
#[derive(Clone, Debug)]
pub struct Reserve<'a> {
    /// The attempt it is for.
    pub id: &'a str,
    /// The most it can cost.
    pub usd: Usd,
    /// Whose money it is.
    pub scopes: &'a [Scope],
    /// How long it is held at most.
    pub lease_ms: i64,
}

/// What a charge came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Charged {
    /// Whether it counts now and did not before.
    pub counted: bool,
    /// What was raised by it.
    pub alerts: Vec<Alert>,
}

struct Book {
    config: Config,
    /// The order of creation.
    order: u64,
    zone: Rc<dyn Zone>,
    windows: Map<Instant, Window>,
    /// Up to here a `total` budget has forgotten what it counted.
    horizon: Option<Instant>,
}

/// What has become of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Held,
    Released,
    Settled {
        charged: Usd,
        /// Whether a better-known amount may still replace it, and from whom.
        open: Open,
    },
}

/// Which later settlement replaces one that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// None: it was the truth, or was corrected once.
    Final,
    /// One that is not an estimate.
    ToTruth,
    /// Any: it was the lease that settled it.
    ToAny,
}

struct Promise {
    usd: Usd,
    scopes: Vec<Scope>,
    made: Instant,
    expires: Instant,
    /// When it last changed.
    touched: Instant,
    state: State,
}

struct Charge {
    usd: Usd,
    scopes: Vec<Scope>,
    at: Instant,
    seen: Instant,
}

/// What the ledger remembers a charge by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    Reservation(String),
    Record(String),
}

/// Budgets, reservations and charges.
pub struct Ledger {
    guarantee: Guarantee,
    last_seen: Instant,
    created: u64,
    books: Map<String, Book>,
    /// Which budgets bind a scope (`None`: everything), in the order of creation.
    binding: Map<Option<Scope>, Set<(u64, String)>>,
    promises: Map<String, Promise>,
    leases: Set<(Instant, String)>,
    charges: Map<String, Charge>,
    /// When to ask whether an identity may be forgotten.
    memory: Set<(Instant, Identity)>,
}

impl Ledger {
    /// A ledger without budgets.
    pub fn new(guarantee: Guarantee) -> Self {
        Self {
            guarantee,
            last_seen: Instant::from_ms(i64::MIN),
            created: 0,
            books: Map::new(),
            binding: Map::new(),
            promises: Map::new(),
            leases: Set::new(),
            charges: Map::new(),
            memory: Set::new(),
        }
    }

    /// Stores a budget, and gives back what is stored. A new one counts at once what the ledger remembers.
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
            let book = Book { config: config.clone(), order: self.created, zone, windows: Map::new(), horizon: None };
            self.bind(&config, self.created);
            self.books.insert(config.id.clone(), book);
            self.adopt(&config.id, now);
            return Ok(config);
        };
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
        if new.has_windows_of(&old) {
            for window in book.windows.values_mut() {
                window.rearm(&new);
                window.raise(&new, now);
            }
        } else {
            book.windows.clear();
            book.horizon = None;
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
        let guarantee = self.guarantee;
        books
            .into_iter()
            .map(|book| {
                book.prune(now);
                let window = book.window(now);
                Status {
                    spent: window.spent,
                    held: window.held,
                    window: (window.start, window.end),
                    alerts: window.alerts().cloned().collect(),
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
        };
        match self.promises.get(request.id) {
            Some(known) if known.state == State::Held && known.usd == request.usd => {
                answer.expires_at = Some(known.expires);
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
            book.prune(now);
            let (window, config) = book.window_and_config(now);
            if !config.enabled || config.action == Action::Alert || !window.refuses(request.usd, config.limit) {
                continue;
            }
            // A block outranks a throttle; of equals the first stands.
            let outranks = match &refused {
                None => true,
                Some((Action::Throttle, _)) => config.action == Action::Block,
                Some(_) => false,
            };
            if !outranks {
                continue;
            }
            let denial = Reservation {
                allowed: false,
                remaining: Some(window.available(config.limit)),
                resets_at: Some(window.end).filter(|_| config.period != Period::Total),
                retry_after_ms: match config.action {
                    Action::Throttle => retry_after(config, window.spent, request.usd, window.end, now),
                    _ => None,
                },
                blocked_by: Some(config.clone()),
                ..answer.clone()
            };
            refused = Some((config.action, denial));
        }
        if let Some((_, denial)) = refused {
            return Ok(denial);
        }
        for id in &bound {
            let Some(book) = self.books.get_mut(id) else { continue };
            let (window, config) = book.window_and_config(now);
            window.held = window.held.saturating_add(request.usd);
            answer.alerts.extend(window.raise(config, now));
        }
        let expires = now.plus(request.lease_ms);
        answer.expires_at = Some(expires);
        self.leases.insert((expires, request.id.to_owned()));
        self.memory.insert((now.plus(LEAST_MEMORY), Identity::Reservation(request.id.to_owned())));
        let promise = Promise {
            usd: request.usd,
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
    pub fn settle(&mut self, id: &str, usd: Usd, estimate: bool, now: Instant) -> Settlement {
        let now = self.advance(now);
        let open = if estimate { Open::ToTruth } else { Open::Final };
        self.settle_as(id, usd, open, now)
    }

    /// Frees a hold: nothing can have been billed.
    pub fn release(&mut self, id: &str, now: Instant) -> bool {
        let now = self.advance(now);
        let Some(promise) = self.promises.get_mut(id).filter(|promise| promise.state == State::Held) else {
            return false;
        };
        (promise.state, promise.touched) = (State::Released, now);
        let (usd, made, scopes) = (promise.usd, promise.made, promise.scopes.clone());
        self.leases.remove(&(promise.expires, id.to_owned()));
        self.change(&scopes, made, now, |window| window.held = window.held.saturating_sub(usd));
        true
    }

    /// Counts what nobody reserved, once.
    pub fn charge(
        &mut self,
        record_id: &str,
        usd: Usd,
        scopes: &[Scope],
        at: Instant,
        reservation_id: Option<&str>,
        now: Instant,
    ) -> Charged {
        let now = self.advance(now);
        let nothing = Charged { counted: false, alerts: Vec::new() };
        match reservation_id.and_then(|id| Some((id, self.promises.get(id)?.state))) {
            Some((id, State::Released)) => {
                let settlement = self.settle_as(id, usd, Open::Final, now);
                return Charged { counted: true, alerts: settlement.alerts };
            }
            Some(_) => return nothing,
            None => {}
        }
        if self.charges.contains_key(record_id) {
            return nothing;
        }
        let bound = self.bound(scopes);
        let (mut counted, mut alerts) = (bound.is_empty(), Vec::new());
        for id in &bound {
            let Some(book) = self.books.get_mut(id) else { continue };
            if !book.remembers(at, now) {
                continue;
            }
            let (window, config) = book.window_and_config(at);
            window.spent = window.spent.saturating_add(usd);
            counted = true;
            alerts.extend(window.raise(config, now));
        }
        if counted {
            self.memory.insert((now.plus(LEAST_MEMORY), Identity::Record(record_id.to_owned())));
            let charge = Charge { usd, scopes: scopes.to_vec(), at, seen: now };
            self.charges.insert(record_id.to_owned(), charge);
        }
        Charged { counted, alerts }
    }

    /// The ids of the budgets that bind these scopes, in the order of creation.
    pub fn bound(&self, scopes: &[Scope]) -> Vec<String> {
        let mut bound: Set<&(u64, String)> = self.binding.get(&None).into_iter().flatten().collect();
        for scope in scopes {
            bound.extend(self.binding.get(&Some(scope.clone())).into_iter().flatten());
        }
        bound.into_iter().map(|(_, id)| id.clone()).collect()
    }

    fn settle_as(&mut self, id: &str, usd: Usd, open: Open, now: Instant) -> Settlement {
        let mut answer = Settlement {
            outcome: Outcome::Unknown,
            charged: Usd::ZERO,
            returned: Usd::ZERO,
            overage: None,
            alerts: Vec::new(),
        };
        let Some(promise) = self.promises.get_mut(id) else { return answer };
        let (reserved, made) = (promise.usd, promise.made);
        let over = |covered: Usd| Some(usd.saturating_sub(covered)).filter(|over| *over > Usd::ZERO);
        // What was taken up by it until now: held, and spent.
        let (held, spent) = match promise.state {
            State::Held => {
                (answer.outcome, answer.overage) = (Outcome::Settled, over(reserved));
                (reserved, Usd::ZERO)
            }
            State::Released => {
                // Nobody holds anything for it any more: all of it is over.
                (answer.outcome, answer.overage) = (Outcome::Settled, over(Usd::ZERO));
                (Usd::ZERO, Usd::ZERO)
            }
            State::Settled { charged, open: was } => {
                let replaces = match was {
                    Open::Final => false,
                    Open::ToTruth => open == Open::Final,
                    Open::ToAny => open != Open::ToAny,
                };
                if !replaces {
                    (answer.outcome, answer.charged) = (Outcome::Already, charged);
                    return answer;
                }
                answer.overage = over(reserved);
                answer.outcome = if usd == charged { Outcome::Already } else { Outcome::Corrected };
                (Usd::ZERO, charged)
            }
        };
        answer.charged = usd;
        answer.returned = held.saturating_add(spent).saturating_sub(usd);
        // A correction is made once, whatever it was.
        let open = if matches!(promise.state, State::Settled { .. }) { Open::Final } else { open };
        (promise.state, promise.touched) = (State::Settled { charged: usd, open }, now);
        let scopes = promise.scopes.clone();
        self.leases.remove(&(promise.expires, id.to_owned()));
        answer.alerts = self.change(&scopes, made, now, |window| {
            window.held = window.held.saturating_sub(held);
            window.spent = window.spent.saturating_sub(spent).saturating_add(usd);
        });
        answer
    }

    /// Changes the windows of an instant in every budget that binds.
    fn change(&mut self, scopes: &[Scope], at: Instant, now: Instant, change: impl Fn(&mut Window)) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for id in self.bound(scopes) {
            let Some(book) = self.books.get_mut(&id) else { continue };
            if book.config.period != Period::Total && book.window_end(at).plus(LEAST_MEMORY) <= now {
                continue;
            }
            let (window, config) = book.window_and_config(at);
            change(window);
            alerts.extend(window.raise(config, now));
        }
        alerts
    }

    /// Applies to a new budget, or one with new windows, all that is remembered.
    fn adopt(&mut self, id: &str, now: Instant) {
        let Some(book) = self.books.get_mut(id) else { return };
        for promise in self.promises.values() {
            if !book.config.binds(&promise.scopes) || !book.remembers(promise.made, now) {
                continue;
            }
            let window = book.window(promise.made);
            match promise.state {
                State::Held => window.held = window.held.saturating_add(promise.usd),
                State::Settled { charged, .. } => window.spent = window.spent.saturating_add(charged),
                State::Released => {}
            }
        }
        for charge in self.charges.values() {
            if book.config.binds(&charge.scopes) && book.remembers(charge.at, now) {
                let window = book.window(charge.at);
                window.spent = window.spent.saturating_add(charge.usd);
            }
        }
        for window in book.windows.values_mut() {
            window.raise(&book.config, now);
        }
    }

    fn bind(&mut self, config: &Config, order: u64) {
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

    /// Moves the clock on: leases expire, what is past is forgotten.
    fn advance(&mut self, now: Instant) -> Instant {
        self.last_seen = self.last_seen.max(now);
        let now = self.last_seen;
        while let Some((expires, id)) = self.leases.first().cloned().filter(|(expires, _)| *expires <= now) {
            self.leases.remove(&(expires, id.clone()));
            if let Some(usd) = self.promises.get(&id).map(|promise| promise.usd) {
                self.settle_as(&id, usd, Open::ToAny, now);
            }
        }
        while let Some((due, identity)) = self.memory.first().cloned().filter(|(due, _)| *due <= now) {
            self.memory.remove(&(due, identity.clone()));
            self.forget(identity, now);
        }
        now
    }

    /// Forgets an identity, or finds that it is still needed.
    fn forget(&mut self, identity: Identity, now: Instant) {
        let (scopes, at, touched) = match &identity {
            Identity::Reservation(id) => match self.promises.get(id) {
                // A hold is kept as long as its lease.
                Some(promise) if promise.state == State::Held => {
                    self.memory.insert((promise.expires.plus(LEAST_MEMORY), identity));
                    return;
                }
                Some(promise) => (promise.scopes.clone(), promise.made, promise.touched),
                None => return,
            },
            Identity::Record(id) => match self.charges.get(id) {
                Some(charge) => (charge.scopes.clone(), charge.at, charge.seen),
                None => return,
            },
        };
        let mut until = touched.plus(LEAST_MEMORY);
        for id in self.bound(&scopes) {
            let Some(book) = self.books.get_mut(&id) else { continue };
            until = until.max(match book.config.period {
                Period::Total => touched.max(at).plus(TOTAL_MEMORY),
                _ => book.window_end(at).plus(LEAST_MEMORY),
            });
        }
        if until > now {
            self.memory.insert((until, identity));
            return;
        }
        for id in self.bound(&scopes) {
            let Some(book) = self.books.get_mut(&id) else { continue };
            if book.config.period == Period::Total {
                // A record bears its own timestamp, near the end of its call: a day's room covers it.
                let horizon = touched.max(at).plus(LEAST_MEMORY);
                book.horizon = Some(book.horizon.map_or(horizon, |known| known.max(horizon)));
            } else {
                book.prune(now);
            }
        }
        match identity {
            Identity::Reservation(id) => {
                self.promises.remove(&id);
            }
            Identity::Record(id) => {
                self.charges.remove(&id);
            }
        }
    }
}

impl Book {
    /// The window that holds an instant.
    fn window(&mut self, at: Instant) -> &mut Window {
        self.window_and_config(at).0
    }

    fn window_and_config(&mut self, at: Instant) -> (&mut Window, &Config) {
        let (start, end) = self.bounds(at);
        (self.windows.get_or_insert_with(start, || Window::new((start, end))), &self.config)
    }

    /// Drops windows that nothing can count in any more.
    fn prune(&mut self, now: Instant) {
        self.windows.retain(|_, window| window.end.plus(LEAST_MEMORY) > now);
    }

    /// The bounds of the window that holds an instant; of one that is there already without asking the zone.
    fn bounds(&self, at: Instant) -> (Instant, Instant) {
        match self.windows.range(..=at).next_back() {
            Some((start, window)) if at < window.end => (*start, window.end),
            _ => self.config.period.window(at, &*self.zone, self.config.week_start),
        }
    }

    fn window_end(&self, at: Instant) -> Instant {
        self.bounds(at).1
    }

    /// Whether a charge of that instant can still be told from a repeat.
    fn remembers(&self, at: Instant, now: Instant) -> bool {
        match self.config.period {
            Period::Total => self.horizon.is_none_or(|horizon| at > horizon),
            _ => self.window_end(at).plus(LEAST_MEMORY) > now,
        }
    }
}
