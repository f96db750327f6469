//! A stream that comes to cost more than is reserved for it: more is asked for, and where the budgets have no more it ends.
//!
//! What is reserved before a call bounds it, so this is for what nothing bounded (`allowUnbounded`), for a provider that ignores
//! the maximum or answers with a dearer model, and for a usage that is told on the way. What came counts as it would were the
//! stream to end there, so that it is charged what it was held to.

use super::{
    Call, Phase,
    bill::{Bill, outcome},
    over_budget,
    plan::MOST_TOKENS,
    step::Reserved,
};
use crate::{
    budget::{self, Amounts},
    call::relay::{Out, Relay},
    error::{Code, Error},
    ledger::Scope,
    money::Usd,
    price::{Answer, Tracker},
    time::Instant,
    usage::{Unit, Usage},
};

/// How many times what the budgets have left is asked for: somebody else may have it by then.
const ASKS: u32 = 4;

/// Tokens by which the price of one more is told.
const MANY: u64 = 1_000_000;

/// What a stream asks for, so that it may go on: a reservation beside that of its call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// Its id.
    pub id: String,
    /// Whose money the call spends.
    pub scopes: Vec<Scope>,
    /// How much more.
    pub usd: Usd,
    /// How many more tokens.
    pub tokens: u64,
    /// How long it lives.
    pub lease_ms: u64,
}

/// What a stream may use.
#[derive(Debug, Default)]
pub(super) struct Purse {
    /// What was reserved beside the call's own reservation, and under which ids.
    grown: Usd,
    grown_tokens: u64,
    held: Vec<String>,
    asked: usize,
    /// What is to be asked for now.
    want: Option<Want>,
    /// Until something passes this there is nothing to reckon.
    ease: Option<Ease>,
}

#[derive(Debug, Clone, Copy)]
struct Want {
    /// What came takes so much.
    cost: Amounts,
    ask: Usd,
    ask_tokens: u64,
    asks_left: u32,
}

#[derive(Debug)]
struct Ease {
    text_bytes: usize,
    output: u64,
    usage: Option<Usage>,
}

impl Purse {
    /// The ids of what was reserved, all of which is to be released.
    pub(super) fn spend(&mut self) -> impl Iterator<Item = String> + use<> {
        std::mem::take(&mut self.held).into_iter()
    }
}

impl Call {
    /// What is reserved for it.
    pub(super) fn covered(&self) -> Usd {
        self.bound.saturating_add(self.purse.grown)
    }

    fn covered_amounts(&self) -> Amounts {
        let tokens = self.bound_tokens.unwrap_or(0).saturating_add(self.purse.grown_tokens);
        Amounts::new(self.covered(), Some(tokens))
    }

    /// Lets the stream go on as long as what is reserved pays for it.
    pub(super) fn watch(&mut self, out: &mut Vec<Out>, tracker: &Tracker, now: Instant) {
        while self.purse.want.is_none() && self.relay.as_ref().is_some_and(Relay::is_paused) {
            self.weigh(tracker, now);
            if self.purse.want.is_none()
                && let Some(relay) = &mut self.relay
            {
                out.extend(relay.resume());
            }
        }
    }

    fn weigh(&mut self, tracker: &Tracker, now: Instant) {
        let Some(meter) = self.relay.as_ref().map(Relay::meter) else { return };
        let (text_bytes, told) = (meter.text_bytes, meter.usage.as_ref());
        if self.purse.ease.as_ref().is_some_and(|ease| ease.holds(text_bytes, told)) {
            return;
        }
        let reported = told.cloned();
        let usage = self.metered(tracker);
        let cost = |usage| match self.price(&self.bill_up_to_here(usage, now), tracker) {
            Answer::Priced(cost) => Some(cost.usd),
            Answer::Unpriced(_) => None,
        };
        let (output, tokens) = (usage.output_tokens(), usage.total_tokens());
        let more = usage.clone().with(Unit::Output, usage.get(Unit::Output).saturating_add(MANY));
        // What nobody can price is charged at what was held.
        let (used, many) = cost(usage).zip(cost(more)).unwrap_or_default();
        let left = self.covered().saturating_sub(used).pico();
        // Where no budget counts them tokens are not asked for alone.
        let covered_tokens =
            self.bound_tokens.filter(|_| self.strict_tokens).map(|bound| bound.saturating_add(self.purse.grown_tokens));
        let over_tokens = covered_tokens.map_or(0, |covered| tokens.saturating_sub(covered));
        if used > self.covered() || over_tokens > 0 {
            // As much again as came, in each unit.
            let ask = used.saturating_sub(self.covered()).max(Usd::ZERO).saturating_add(used);
            let ask_tokens = over_tokens.saturating_add(tokens).min(MOST_TOKENS);
            let cost = Amounts::new(used, Some(tokens));
            self.purse.want = Some(Want { cost, ask, ask_tokens, asks_left: ASKS });
            return;
        }
        let room = left.saturating_mul(i128::from(MANY)).checked_div(many.saturating_sub(used).pico());
        let room = room.and_then(|tokens| u64::try_from(tokens).ok()).unwrap_or(u64::MAX);
        let room = covered_tokens.map_or(room, |covered| room.min(covered.saturating_sub(tokens)));
        // A token is a byte at least.
        let text_bytes = text_bytes.saturating_add(usize::try_from(room).unwrap_or(usize::MAX));
        if let Some(relay) = &mut self.relay {
            relay.pause_at(text_bytes);
        }
        self.purse.ease = Some(Ease { text_bytes, output: output.saturating_add(room), usage: reported });
    }

    /// Whether something must be reserved before the stream goes on.
    pub fn wants_to_grow(&self) -> bool {
        self.purse.want.is_some() && self.phase == Phase::Stream && !self.stream_ended()
    }

    /// What must be reserved before the stream goes on, if anything must: then [`Call::grown`] or [`Call::grow_failed`].
    pub fn to_grow(&mut self) -> Option<Growth> {
        let want = self.purse.want.filter(|_| self.wants_to_grow())?;
        Some(Growth {
            id: format!("{}+{}", self.reservation_id(), self.purse.asked + 1),
            scopes: self.scopes(),
            usd: want.ask,
            tokens: want.ask_tokens,
            lease_ms: self.lease_ms(),
        })
    }

    /// The budgets have spoken: the stream goes on, asks for less, or ends. Gives the events that may leave.
    pub fn grown(&mut self, outcome: Reserved, tracker: &Tracker, now: Instant) -> Vec<Out> {
        let Some(want) = self.purse.want.take() else { return Vec::new() };
        self.purse.asked += 1;
        if outcome.allowed {
            self.purse.held.push(format!("{}+{}", self.reservation_id(), self.purse.asked));
            self.purse.grown = self.purse.grown.saturating_add(want.ask);
            self.purse.grown_tokens = self.purse.grown_tokens.saturating_add(want.ask_tokens);
            let mut out = self.relay.as_mut().map(Relay::resume).unwrap_or_default();
            // What is left may be less than what came already.
            self.purse.ease = None;
            self.watch(&mut out, tracker, now);
            return out;
        }
        let (left, unit) = (outcome.remaining, outcome.unit());
        // What they have left may be enough for what came.
        let covered = self.covered_amounts().of(unit).unwrap_or_default();
        let needed = want.cost.of(unit).unwrap_or_default();
        if covered.saturating_add(left) > needed && want.asks_left > 0 {
            let asks_left = want.asks_left - 1;
            let tokens = budget::count(left);
            let less = match unit {
                budget::Unit::Usd if left < want.ask => Some(Want { ask: left, asks_left, ..want }),
                budget::Unit::Tokens if tokens < want.ask_tokens => {
                    Some(Want { ask_tokens: tokens, asks_left, ..want })
                }
                _ => None,
            };
            if less.is_some() {
                self.purse.want = less;
                return Vec::new();
            }
        }
        let had = unit.show(covered.saturating_add(left));
        let error = over_budget(outcome, Code::BudgetStreamExhausted, want.cost, |name, _, wanted| {
            format!(
                "cannot go on with the stream: expected budget {name} to pay for {wanted} of it, found {had} for all of it"
            )
        });
        self.stop_stream(error)
    }

    /// The budgets could not be asked. They are closed then: the stream ends. Gives the events that may leave.
    pub fn grow_failed(&mut self, why: &str) -> Vec<Out> {
        let Some(want) = self.purse.want.take() else { return Vec::new() };
        // It may have been held all the same, and only the answer was lost.
        self.purse.asked += 1;
        self.purse.held.push(format!("{}+{}", self.reservation_id(), self.purse.asked));
        let message = format!(
            "cannot go on with the stream: expected the budget's store to answer for ${} of it, found {why}",
            want.cost.usd
        );
        self.stop_stream(Error::new(Code::BudgetUnavailable, message).with("cost", want.cost.usd.to_string()))
    }

    fn stop_stream(&mut self, error: Error) -> Vec<Out> {
        self.relay.as_mut().map(|relay| relay.stop(error)).unwrap_or_default()
    }

    /// What would be billed were it to end here.
    pub(super) fn bill_up_to_here(&self, usage: Usage, at: Instant) -> Bill {
        let meter = self.relay.as_ref().map(Relay::meter);
        Bill {
            usage,
            model: meter.and_then(|meter| meter.model.clone()),
            service_tier: meter.and_then(|meter| meter.service_tier.clone()),
            mark: None,
            outcome: outcome::OK,
            at_reservation: false,
            at,
        }
    }
}

impl Ease {
    /// Whether no more came than there is room for.
    fn holds(&self, text_bytes: usize, told: Option<&Usage>) -> bool {
        text_bytes <= self.text_bytes
            && match (told, &self.usage) {
                (None, None) => true,
                (Some(told), Some(known)) => {
                    let beside = |usage: &Usage| usage.clone().with(Unit::Output, 0);
                    told.output_tokens() <= self.output && beside(told) == beside(known)
                }
                _ => false,
            }
    }
}
