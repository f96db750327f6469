//! Charges: spending that nobody reserved, counted once.

use super::{
    Scope,
    alert::Alert,
    asked::Charge,
    clock::{Identity, LEAST_MEMORY},
    ledger::Ledger,
    promise::{Moved, Open, State},
    unit::Amounts,
    window::Change,
};
use crate::time::Instant;

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

impl Ledger {
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
}
