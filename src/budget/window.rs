//! One window of one budget.

use crate::collections::{Map, sort_by_key};

use super::{
    alert::Alert,
    config::{Config, Threshold},
};
use crate::{money::Usd, time::Instant};

/// What was spent and is held in one window, and the alerts it raised.
#[derive(Clone, Debug)]
pub struct Window {
    /// Its start, which is its name.
    pub start: Instant,
    /// Its end, exclusive.
    pub end: Instant,
    /// Settled and charged.
    pub spent: Usd,
    /// Reserved and not settled.
    pub held: Usd,
    raised: Map<Threshold, Alert>,
}

impl Window {
    /// An untouched window.
    pub fn new((start, end): (Instant, Instant)) -> Self {
        Self { start, end, spent: Usd::ZERO, held: Usd::ZERO, raised: Map::new() }
    }

    /// Spent and held.
    pub fn taken(&self) -> Usd {
        self.spent.saturating_add(self.held)
    }

    /// What may still be promised.
    pub fn available(&self, limit: Usd) -> Usd {
        limit.saturating_sub(self.taken())
    }

    /// Whether one more amount would pass the limit. Exact also where sums would be held at the largest amount.
    pub fn refuses(&self, amount: Usd, limit: Usd) -> bool {
        self.spent.pico() + self.held.pico() + amount.pico() > limit.pico()
    }

    /// Takes back the alerts that it raised before it was kept elsewhere.
    pub fn restore(&mut self, alerts: Vec<Alert>) {
        self.raised = alerts.into_iter().map(|alert| (alert.threshold, alert)).collect();
    }

    /// The alerts raised in this window, by threshold.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.raised.values()
    }

    /// Raises what is due: an alert for each threshold newly reached, and again for one that was only projected and is
    /// reached by spending now.
    pub fn raise(&mut self, config: &Config, now: Instant) -> Vec<Alert> {
        let mut new = Vec::new();
        if !config.enabled {
            return new;
        }
        let (spent, taken, start) = (self.spent, self.taken(), self.start);
        for threshold in &config.thresholds {
            let actual = threshold.reached_by(spent, config.limit);
            if !actual && !threshold.reached_by(taken, config.limit) {
                continue;
            }
            let amount = if actual { spent } else { taken };
            match self.raised.get_mut(threshold) {
                None => {
                    let alert = Alert::new(config, *threshold, start, amount, !actual, now);
                    new.push(alert.clone());
                    self.raised.insert(*threshold, alert);
                }
                Some(known) if known.projected && actual => {
                    // The same alert come true: its id stays.
                    (known.projected, known.amount, known.at) = (false, amount, now);
                    new.push(known.clone());
                }
                Some(_) => {}
            }
        }
        sort_by_key(&mut new, |alert| alert.threshold);
        new
    }

    /// Arms again what is no longer reached: after the limit was raised.
    pub fn rearm(&mut self, config: &Config) {
        let taken = self.taken();
        self.raised.retain(|threshold, _| threshold.reached_by(taken, config.limit));
    }
}
