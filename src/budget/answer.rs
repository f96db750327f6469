//! What the ledger answers, and its public form.

use super::{adjust::Adjustment, alert::Alert, book::Standing, config::Config, unit::Unit};
use crate::{
    json::{ToJson, Writer},
    money::Usd,
    time::{Instant, Period},
};

/// What a ledger can promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarantee {
    /// Readers may be behind.
    Advisory,
    /// One process decides.
    PerInstance,
    /// One place decides for all, and survives the process.
    Hard,
}

impl Guarantee {
    /// The name in the public interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Guarantee::Advisory => "advisory",
            Guarantee::PerInstance => "per-instance",
            Guarantee::Hard => "hard",
        }
    }
}

/// The answer to a reservation.
#[derive(Clone, Debug, PartialEq)]
pub struct Reservation {
    /// The reservation's id.
    pub id: String,
    /// Whether the money is held.
    pub allowed: bool,
    /// What stands behind it.
    pub guarantee: Guarantee,
    /// The budget that refused.
    pub blocked_by: Option<Config>,
    /// What that budget has left, in its unit.
    pub remaining: Option<Usd>,
    /// When its window ends, or so much of a rolling one that the amount would pass; none for `total`.
    pub resets_at: Option<Instant>,
    /// When to try again, where that can help.
    pub retry_after_ms: Option<i64>,
    /// What was raised by it.
    pub alerts: Vec<Alert>,
    /// When the lease ends.
    pub expires_at: Option<Instant>,
    /// The budgets whose soft limit is passed by it.
    pub over_soft: Vec<String>,
}

/// What a settlement came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was held, and is charged now.
    Settled,
    /// It was settled before; nothing changed.
    Already,
    /// It was settled by an estimate, which this replaces.
    Corrected,
    /// The id is not known, or no longer.
    Unknown,
}

impl Outcome {
    /// The name in the public interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Settled => "settled",
            Outcome::Already => "already",
            Outcome::Corrected => "corrected",
            Outcome::Unknown => "unknown",
        }
    }
}

/// The answer to a settlement.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// What it came to.
    pub outcome: Outcome,
    /// What the reservation is charged at now.
    pub charged: Usd,
    /// What is free again.
    pub returned: Usd,
    /// By how much the bill passed the reservation.
    pub overage: Option<Usd>,
    /// The tokens it is charged at now, where they are known.
    pub tokens: Option<u64>,
    /// What was raised by it.
    pub alerts: Vec<Alert>,
}

/// A budget and where it stands in its current window.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The budget.
    pub budget: Config,
    /// Settled and charged.
    pub spent: Usd,
    /// Reserved and not settled.
    pub held: Usd,
    /// What of it lies in chunks that other objects were handed.
    pub sliced: Usd,
    /// How its limit is made up.
    pub standing: Standing,
    /// When what is spent in a rolling window counts no more, part by part.
    pub releases: Vec<(Instant, Usd)>,
    /// What was added to its limit.
    pub adjustments: Vec<Adjustment>,
    /// The window.
    pub window: (Instant, Instant),
    /// The alerts of this window.
    pub alerts: Vec<Alert>,
    /// The ledger's time.
    pub at: Instant,
    /// What stands behind it.
    pub guarantee: Guarantee,
}

impl ToJson for Reservation {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.bool_of("allowed", self.allowed);
        to.text_of("requestId", &self.id);
        to.text_of("guarantee", self.guarantee.as_str());
        if let Some(config) = &self.blocked_by {
            to.value_of("blockedBy", config);
        }
        if let Some(remaining) = &self.remaining {
            to.value_of("remaining", remaining);
        }
        if let Some(config) = self.blocked_by.as_ref().filter(|config| config.unit != Unit::Usd) {
            to.text_of("unit", config.unit.as_str());
        }
        instant_of(to, "resetsAt", self.resets_at);
        if let Some(ms) = self.retry_after_ms {
            to.number_of("retryAfterMs", ms as f64);
        }
        to.list_of("alerts", &self.alerts);
        instant_of(to, "expiresAt", self.expires_at);
        if !self.over_soft.is_empty() {
            to.list_of("overSoftLimit", &self.over_soft);
        }
        to.close('}');
    }
}

impl ToJson for Settlement {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("status", self.outcome.as_str());
        to.value_of("charged", &self.charged);
        to.value_of("returned", &self.returned);
        if let Some(overage) = &self.overage {
            to.value_of("overage", overage);
        }
        if let Some(tokens) = self.tokens {
            to.number_of("chargedTokens", tokens as f64);
        }
        to.list_of("alerts", &self.alerts);
        to.close('}');
    }
}

impl ToJson for Status {
    fn write(&self, to: &mut Writer) {
        let (limit, unit) = (self.standing.limit, self.budget.unit);
        let remaining = limit.saturating_sub(self.spent);
        to.open('{');
        to.value_of("budget", &self.budget);
        if unit != Unit::Usd {
            to.text_of("unit", unit.as_str());
        }
        if limit != self.budget.limit {
            to.value_of("effectiveLimit", &limit);
        }
        if self.standing.carried > Usd::ZERO {
            to.value_of("carriedOver", &self.standing.carried);
        }
        if self.standing.later != limit {
            to.value_of("nextLimit", &self.standing.later);
        }
        if !self.adjustments.is_empty() {
            to.list_of("adjustments", &self.adjustments);
        }
        for (key, exact_key, amount) in [
            ("currentSpending", "spentUsd", self.spent),
            ("held", "heldUsd", self.held),
            ("remaining", "remainingUsd", remaining),
            ("overage", "overageUsd", self.spent.saturating_sub(limit)),
        ] {
            unit.write(to, key, exact_key, amount);
        }
        let available = remaining.saturating_sub(self.held);
        match unit {
            Unit::Usd => to.value_of("availableUsd", &available),
            _ => to.number_of("available", available.to_f64()),
        }
        if self.sliced > Usd::ZERO {
            to.value_of("slicedUsd", &self.sliced);
        }
        to.number_of("percentageUsed", self.spent.percent_of(limit));
        to.bool_of("isExceeded", self.spent > limit);
        let active = self.budget.thresholds.iter().filter(|threshold| threshold.reached_by(self.spent, limit));
        to.list_of("activeAlerts", active.map(|threshold| threshold.percent()));
        if self.budget.soft_limit.is_some() {
            to.bool_of("isOverSoftLimit", self.budget.soft_limit.is_some_and(|soft| self.spent > soft));
        }
        if self.budget.reach().is_some() {
            to.key("releases");
            to.open('[');
            for (at, amount) in &self.releases {
                to.open('{');
                instant_of(to, "at", Some(*at));
                to.value_of("amount", amount);
                to.close('}');
            }
            to.close(']');
        }
        to.list_of("alerts", &self.alerts);
        // The window of `total` has no ends: the largest instants there are have no form that everybody reads.
        let ends = Some(self.window).filter(|_| self.budget.period != Period::Total);
        instant_of(to, "periodStart", ends.map(|(start, _)| start));
        instant_of(to, "periodEnd", ends.map(|(_, end)| end));
        instant_of(to, "lastUpdated", Some(self.at));
        to.text_of("guarantee", self.guarantee.as_str());
        to.close('}');
    }
}

/// A member that is an instant, where there is one.
pub(super) fn instant_of(to: &mut Writer, key: &str, at: Option<Instant>) {
    to.optional_text_of(key, at.map(|at| at.to_string()).as_deref());
}
