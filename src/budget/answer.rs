//! What the ledger answers, and its public form.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{alert::Alert, config::Config};
use crate::{
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
    /// What that budget has left.
    pub remaining: Option<Usd>,
    /// When its window ends; none for `total`.
    pub resets_at: Option<Instant>,
    /// When to try again, where that can help.
    pub retry_after_ms: Option<i64>,
    /// What was raised by it.
    pub alerts: Vec<Alert>,
    /// When the lease ends.
    pub expires_at: Option<Instant>,
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
    /// The window.
    pub window: (Instant, Instant),
    /// The alerts of this window.
    pub alerts: Vec<Alert>,
    /// The ledger's time.
    pub at: Instant,
    /// What stands behind it.
    pub guarantee: Guarantee,
}

fn optional<S: SerializeStruct, T: Serialize>(to: &mut S, key: &'static str, value: Option<T>) -> Result<(), S::Error> {
    match value {
        Some(value) => to.serialize_field(key, &value),
        None => to.skip_field(key),
    }
}

impl Serialize for Reservation {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut out = to.serialize_struct("Reservation", 9)?;
        out.serialize_field("allowed", &self.allowed)?;
        out.serialize_field("requestId", &self.id)?;
        out.serialize_field("guarantee", self.guarantee.as_str())?;
        optional(&mut out, "blockedBy", self.blocked_by.as_ref())?;
        optional(&mut out, "remaining", self.remaining)?;
        optional(&mut out, "resetsAt", self.resets_at.map(|at| at.to_string()))?;
        optional(&mut out, "retryAfterMs", self.retry_after_ms)?;
        out.serialize_field("alerts", &self.alerts)?;
        optional(&mut out, "expiresAt", self.expires_at.map(|at| at.to_string()))?;
        out.end()
    }
}

impl Serialize for Settlement {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut out = to.serialize_struct("Settlement", 5)?;
        out.serialize_field("status", self.outcome.as_str())?;
        out.serialize_field("charged", &self.charged)?;
        out.serialize_field("returned", &self.returned)?;
        optional(&mut out, "overage", self.overage)?;
        out.serialize_field("alerts", &self.alerts)?;
        out.end()
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let limit = self.budget.limit;
        let remaining = limit.saturating_sub(self.spent);
        let overage = self.spent.saturating_sub(limit);
        let active: Vec<f64> = self
            .budget
            .thresholds
            .iter()
            .filter(|threshold| threshold.reached_by(self.spent, limit))
            .map(|threshold| threshold.percent())
            .collect();
        let mut out = to.serialize_struct("Status", 18)?;
        out.serialize_field("budget", &self.budget)?;
        out.serialize_field("currentSpending", &self.spent.to_f64())?;
        out.serialize_field("spentUsd", &self.spent)?;
        out.serialize_field("held", &self.held.to_f64())?;
        out.serialize_field("heldUsd", &self.held)?;
        out.serialize_field("remaining", &remaining.to_f64())?;
        out.serialize_field("remainingUsd", &remaining)?;
        out.serialize_field("availableUsd", &remaining.saturating_sub(self.held))?;
        out.serialize_field("overage", &overage.to_f64())?;
        out.serialize_field("overageUsd", &overage)?;
        out.serialize_field("percentageUsed", &self.spent.percent_of(limit))?;
        out.serialize_field("isExceeded", &(self.spent > limit))?;
        out.serialize_field("activeAlerts", &active)?;
        out.serialize_field("alerts", &self.alerts)?;
        // The window of `total` has no ends: the largest instants there are have no form that everybody reads.
        let ends = Some(self.window).filter(|_| self.budget.period != Period::Total);
        optional(&mut out, "periodStart", ends.map(|(start, _)| start.to_string()))?;
        optional(&mut out, "periodEnd", ends.map(|(_, end)| end.to_string()))?;
        out.serialize_field("lastUpdated", &self.at.to_string())?;
        out.serialize_field("guarantee", self.guarantee.as_str())?;
        out.end()
    }
}
