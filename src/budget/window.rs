//! One window of one budget.

use crate::collections::Map;

use super::{alert::Alert, burn::Trail, threshold::Threshold};
use crate::{money::Usd, time::Instant};

/// What was spent and is held in one window, and the alerts it raised. Of a budget that is rolling: in one part of it.
#[derive(Clone, Debug)]
pub struct Window {
    /// Its start, which is its name.
    pub start: Instant,
    /// Its end, exclusive.
    pub end: Instant,
    /// Settled and charged, in the budget's unit.
    pub spent: Usd,
    /// Reserved and not settled.
    pub held: Usd,
    /// What came over from the window before it.
    pub carried: Usd,
    /// What was spent when, where it is asked how fast.
    pub(super) trail: Trail,
    pub(super) raised: Map<Threshold, Alert>,
}

/// A change of what is spent and held.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// What is held no more.
    pub freed: Usd,
    /// What is held now.
    pub held: Usd,
    /// What is spent no more.
    pub returned: Usd,
    /// What is spent now.
    pub spent: Usd,
}

impl Window {
    /// An untouched window.
    pub fn new((start, end): (Instant, Instant)) -> Self {
        Self {
            start,
            end,
            spent: Usd::ZERO,
            held: Usd::ZERO,
            carried: Usd::ZERO,
            trail: Trail::default(),
            raised: Map::new(),
        }
    }

    /// Spent and held.
    pub fn taken(&self) -> Usd {
        self.spent.saturating_add(self.held)
    }

    /// Changes what is spent and held.
    pub fn apply(&mut self, change: Change) {
        self.held = self.held.saturating_sub(change.freed).saturating_add(change.held);
        self.spent = self.spent.saturating_sub(change.returned).saturating_add(change.spent);
    }

    /// Takes back the alerts that it raised before it was kept elsewhere.
    pub fn restore(&mut self, alerts: Vec<Alert>) {
        self.raised = alerts.into_iter().map(|alert| (alert.threshold, alert)).collect();
    }

    /// The alerts raised in this window, by threshold.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.raised.values()
    }
}
