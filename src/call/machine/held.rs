//! What the budgets say, and what is held with them.

use super::{
    Call, Phase,
    step::{Reserved, Step},
};
use crate::{
    budget::{Amounts, Unit},
    error::{Code, Error, WarningCode},
    json::{Json, Raw},
    ledger::Scope,
    price::Tracker,
    time::Instant,
};

/// A minute: how much longer than the call its reservation lives.
const LEASE_MARGIN_MS: u64 = 60_000;

impl Call {
    /// Whether a budget binds that can refuse: then nothing unbounded or without a price is sent. And whether one of those counts
    /// tokens: then a stream is held to them as well.
    pub fn budgeted(&mut self, strict: bool, tokens: bool, tracker: &Tracker, now: Instant) {
        (self.strict_budget, self.strict_tokens) = (strict, tokens);
        self.plan(tracker, now);
    }

    /// The budgets have spoken.
    pub fn reserved(&mut self, outcome: Reserved) {
        if outcome.allowed {
            self.held = true;
            self.phase = Phase::Fetch;
            return;
        }
        if self.clamp(outcome.unit(), outcome.remaining) {
            return;
        }
        let error = over_budget(outcome, Code::BudgetExceeded, self.wanted(), |name, limit, _| {
            format!("Budget exceeded: {name} (Limit: {limit})")
        });
        self.fail(error);
    }

    /// The budgets can't be asked. Budgets that can refuse are closed then; others let the call go on.
    pub fn reserve_failed(&mut self, why: &str) {
        // It may have been held all the same, and only the answer was lost.
        self.held = true;
        self.release();
        if self.strict_budget {
            self.fail(Error::new(
                Code::BudgetUnavailable,
                format!("cannot reserve: expected the budget's store to answer, found {why}"),
            ));
        } else {
            self.warn(
                WarningCode::SettlementFailed,
                format!("cannot reserve: expected the budget's store to answer, found {why}"),
            );
            self.phase = Phase::Fetch;
        }
    }

    /// The answer is one that was kept: nothing is reserved, sent or owed. It is taken, and guarded, as if it had just come. To be
    /// said in the place of a reservation or a `fetch`.
    pub fn replay(&mut self) {
        self.release();
        self.replayed = true;
        self.phase = Phase::Fetch;
    }

    /// What a try reserves.
    pub(super) fn wanted(&self) -> Amounts {
        Amounts::new(self.bound.max(self.dearest.usd), self.bound_tokens.max(self.dearest.tokens))
    }

    /// How long a reservation lives: longer than the call.
    pub(super) fn lease_ms(&self) -> u64 {
        self.options.timeout_ms.saturating_add(LEASE_MARGIN_MS)
    }

    pub(super) fn reservation_id(&self) -> String {
        format!("{}#{}", self.options.reservation_id, self.attempt)
    }

    /// Whose money it is: the agent's and the model's, besides those named.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        let mut scopes = self.options.scopes.clone();
        for scope in [Scope::new("agent", &self.options.agent_id), Scope::new("model", &self.request.model)] {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        scopes
    }

    pub(super) fn release(&mut self) {
        if std::mem::take(&mut self.held) {
            self.steps.push_back(Step::Release { id: self.reservation_id() });
        }
    }
}

/// The error of a budget that refuses what a call takes. The message is told the budget's name, and as text its limit and what
/// was wanted of it.
pub(super) fn over_budget(
    outcome: Reserved,
    code: Code,
    wanted: Amounts,
    message: impl FnOnce(&str, &str, &str) -> String,
) -> Error {
    let (unit, remaining) = (outcome.unit(), outcome.remaining);
    let budget = outcome.budget.unwrap_or_else(Json::null);
    let member = |key: &str| budget.raw().member(key);
    let limit = member(if unit == Unit::Usd { "limitUsd" } else { "limit" });
    let limit = limit.and_then(|limit| unit.read(limit).ok()).unwrap_or_default();
    let wanted = wanted.of(unit).unwrap_or_default();
    let name = member("name").and_then(Raw::to_text).unwrap_or_default();
    let mut error = Error::new(code, message(&name, &unit.show(limit), &unit.show(wanted)))
        .with("cost", wanted.to_string())
        .with("estimatedCost", wanted.to_string())
        .with("remaining", remaining.to_string())
        .with("currentCost", limit.saturating_sub(remaining).to_string())
        .with("exceededBy", wanted.saturating_sub(remaining).to_string())
        .with("budget", budget);
    if unit != Unit::Usd {
        error = error.with("unit", unit.as_str());
    }
    if let Some(at) = outcome.resets_at {
        error = error.with("resetsAt", at);
    }
    if let Some(ms) = outcome.retry_after_ms {
        error = error.with("retryAfterMs", ms);
    }
    error
}
