//! Reservations: made, settled, released.

use super::{
    Scope,
    action::Action,
    alert::Alert,
    answer::{Outcome, Reservation, Settlement},
    asked::Reserve,
    book::frees,
    check::retry_after,
    clock::{Identity, LEAST_MEMORY},
    ledger::Ledger,
    unit::{Amounts, Unit},
    window::Change,
};
use crate::{
    error::{Error, Result},
    money::Usd,
    time::{DAY, Instant, Period},
};

/// The longest lease.
pub const MAX_LEASE_MS: i64 = 30 * DAY;

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

impl Ledger {
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

    pub(super) fn settle_as(&mut self, id: &str, amounts: Amounts, open: Open, now: Instant) -> Settlement {
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
    pub(super) fn change(&mut self, scopes: &[Scope], at: Instant, now: Instant, moved: Moved) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for id in self.bound(scopes) {
            let Some(book) = self.books.get_mut(&id).filter(|book| book.has_window(at, self.over)) else { continue };
            alerts.extend(book.change(at, moved.within(book.config.unit), now, &mut self.journal));
        }
        alerts
    }
}

/// What a promise or a charge takes up no more, and what it takes up now.
#[derive(Clone, Copy)]
pub(super) struct Moved {
    pub(super) freed: Option<Amounts>,
    pub(super) returned: Option<Amounts>,
    pub(super) spent: Option<Amounts>,
}

impl Moved {
    /// As a budget counts it.
    pub(super) fn within(self, unit: Unit) -> Change {
        let count = |amounts: Option<Amounts>| amounts.map_or(Usd::ZERO, |amounts| amounts.counted(unit));
        Change { freed: count(self.freed), held: Usd::ZERO, returned: count(self.returned), spent: count(self.spent) }
    }
}

fn uncounted(what: &str, budget: &str) -> Error {
    Error::input(format!("cannot reserve: expected {what}, which a budget counts, found none")).with("budgetId", budget)
}
