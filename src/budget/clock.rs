//! The ledger's time: leases that end with it, and what is forgotten.

use super::{
    journal::Key,
    ledger::Ledger,
    promise::{Open, Promise, State},
};
use crate::{
    collections::Set,
    time::{DAY, Instant, MINUTE, Period},
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

/// What the ledger remembers a charge by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Identity {
    Reservation(String),
    Record(String),
}

impl Ledger {
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
