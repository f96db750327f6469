//! A budget in a ledger: its windows, where it stands, and when it tells.

use std::rc::Rc;

use super::{
    adjust::Adjustments,
    alert::Alert,
    burn::{PREPAID, Pace, burn},
    charge::Known,
    clock::LEAST_MEMORY,
    config::Config,
    journal::Journal,
    promise::{Promise, State},
    threshold::Threshold,
    window::{Change, Window},
};
use crate::{
    collections::{Map, sort_by_key},
    money::Usd,
    time::{Instant, Period, Zone},
};

/// How many windows without any spending are looked through for what they leave to the next.
const IDLE_WINDOWS: u32 = 1_000;

pub(super) struct Book {
    pub(super) config: Config,
    /// The order of creation.
    pub(super) order: u64,
    pub(super) zone: Rc<dyn Zone>,
    /// Since when it counts by these windows; older ones leave nothing to others.
    pub(super) since: Option<Instant>,
    pub(super) windows: Map<Instant, Window>,
    /// Up to here it may have forgotten what it counted.
    pub(super) horizon: Option<Instant>,
    /// What was added to its limit.
    pub(super) adjustments: Adjustments,
}

/// Where a budget stands at an instant: in its calendar window, or over all parts of a rolling one that still count.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Settled and charged.
    pub spent: Usd,
    /// Reserved and not settled.
    pub held: Usd,
    /// What may be spent: the limit, what came over from the last window, and what was added.
    pub limit: Usd,
    /// What may be spent when what is spent now has gone: without what was added for a time.
    pub later: Usd,
    /// What came over from the last window.
    pub carried: Usd,
    /// From where it counts.
    pub start: Instant,
    /// Up to where.
    pub end: Instant,
}

impl Standing {
    /// Spent and held.
    pub fn taken(&self) -> Usd {
        self.spent.saturating_add(self.held)
    }

    /// What may still be promised.
    pub fn available(&self) -> Usd {
        self.limit.saturating_sub(self.taken())
    }

    /// Whether one more amount would pass the limit. Exact also where sums would be held at the largest amount.
    pub fn refuses(&self, amount: Usd) -> bool {
        self.spent.pico() + self.held.pico() + amount.pico() > self.limit.pico()
    }

    /// Whether only what is held is in the way of an amount.
    pub fn is_held_up(&self, amount: Usd) -> bool {
        self.spent.pico() + amount.pico() <= self.limit.pico()
    }
}

/// When enough of what is spent will have gone for an amount to pass; never, where it is more than the whole.
pub(super) fn frees(
    (spent, later, amount): (Usd, Usd, Usd),
    releases: impl IntoIterator<Item = (Instant, Usd)>,
) -> Option<Instant> {
    let mut left = spent;
    releases.into_iter().find_map(|(at, gone)| {
        left = left.saturating_sub(gone);
        (left.pico() + amount.pico() <= later.pico()).then_some(at)
    })
}

impl Book {
    /// The window that holds an instant.
    pub(super) fn window(&mut self, at: Instant) -> &mut Window {
        let (start, end) = self.bounds(at);
        if !self.windows.contains_key(&start) {
            let carried = self.carried(start);
            self.windows.insert(start, Window { carried, ..Window::new((start, end)) });
        }
        self.windows.get_or_insert_with(start, || Window::new((start, end)))
    }

    /// Where it stands.
    pub(super) fn standing(&mut self, now: Instant) -> Standing {
        let Some(reach) = self.config.reach() else {
            let window = self.window(now);
            let (start, end, spent, held, carried) =
                (window.start, window.end, window.spent, window.held, window.carried);
            let (lasting, limit) = self.limits(carried, now);
            // What is left now goes over, unless it is spent by then.
            let left = limit.saturating_sub(spent.saturating_add(held)).min(self.config.carries());
            let (later, carried) = (lasting.saturating_add(left), carried.min(self.config.carries()));
            return Standing { spent, held, limit, later, carried, start, end };
        };
        let (start, end) = (self.bounds(now.plus(-reach)).0, self.bounds(now).1);
        let (lasting, limit) = self.limits(Usd::ZERO, now);
        let (mut spent, mut held) = (Usd::ZERO, Usd::ZERO);
        // Those to come count as well: a clock that is ahead has stamped them.
        for (_, window) in self.windows.range(&start..) {
            (spent, held) = (spent.saturating_add(window.spent), held.saturating_add(window.held));
        }
        Standing { spent, held, limit, later: lasting, carried: Usd::ZERO, start, end }
    }

    /// When what is spent counts no more, part by part; never, in a window without an end.
    pub(super) fn releases(&self, standing: &Standing) -> Vec<(Instant, Usd)> {
        match self.config.reach() {
            None if self.config.period == Period::Total => Vec::new(),
            None => vec![(standing.end, standing.spent)],
            Some(reach) => {
                let parts = self.windows.range(&standing.start..).map(|(_, window)| window);
                let parts = parts.filter(|window| window.spent > Usd::ZERO);
                parts.map(|window| (window.end.plus(reach), window.spent)).collect()
            }
        }
    }

    /// The limit for good, and as it is now in a window to which so much came over.
    fn limits(&self, carried: Usd, now: Instant) -> (Usd, Usd) {
        let lasting = self.config.limit.saturating_add(self.adjustments.credit());
        let raised = self.adjustments.raised(now);
        (lasting, lasting.saturating_add(raised).saturating_add(carried.min(self.config.carries())))
    }

    /// What comes over to a window from those before it: at most what the budget says, and no more than was left. What is
    /// held at that moment is not left.
    fn carried(&self, start: Instant) -> Usd {
        let most = if self.since.is_some_and(|since| start <= since) { Usd::ZERO } else { self.config.carries() };
        let Some((_, before)) = self.windows.range(..start).next_back().filter(|_| most > Usd::ZERO) else {
            return Usd::ZERO;
        };
        let limit = self.config.limit;
        let mut carried = limit.saturating_add(before.carried.min(most)).saturating_sub(before.taken()).min(most);
        let mut end = before.end;
        for _ in 0..IDLE_WINDOWS {
            if end >= start || carried == most {
                break;
            }
            carried = carried.saturating_add(limit).min(most);
            end = self.config.bounds(end, &*self.zone).1;
        }
        carried
    }

    /// Begins the window of now, where something goes over to it: what was left before is known as long as that window is kept.
    pub(super) fn begin(&mut self, now: Instant, journal: &mut Journal) {
        if self.config.carries() > Usd::ZERO && !self.windows.contains_key(&self.bounds(now).0) {
            let start = self.window(now).start;
            journal.window(&self.config.id, start);
        }
    }

    /// Changes what is spent and held in the window of an instant; answers with what that raised.
    pub(super) fn change(&mut self, at: Instant, change: Change, now: Instant, journal: &mut Journal) -> Vec<Alert> {
        let window = self.window(at);
        let (start, before) = (window.start, window.spent);
        window.apply(change);
        let after = window.spent;
        journal.window(&self.config.id, start);
        self.note(at, (before, after), now, journal);
        if self.config.carries() > Usd::ZERO {
            // What was billed late is not left any more.
            let after: Vec<Instant> = self.windows.keys().copied().filter(|known| *known > start).collect();
            for next in after {
                let left = self.carried(next);
                if let Some(window) = self.windows.get_mut(&next).filter(|window| window.carried > left) {
                    window.carried = left;
                    journal.window(&self.config.id, next);
                }
            }
        }
        self.raise(at, now, journal)
    }

    /// Notes what is spent, where it is asked how fast: `after` in place of `before`. What was spent before it was asked was spent long ago.
    fn note(&mut self, at: Instant, (before, after): (Usd, Usd), now: Instant, journal: &mut Journal) {
        let Some(pace) = self.pace(at, now).filter(|_| self.config.watches_pace()) else { return };
        let home = self.bounds(now).0;
        journal.window(&self.config.id, home);
        let is_rolling = self.config.rolling;
        if let Some(last) = self.trailing(now).filter(|last| *last != home) {
            // The newest part of a rolling window has it.
            let trail = self.windows.get_mut(&last).map(|window| std::mem::take(&mut window.trail));
            self.window(now).trail = trail.unwrap_or_default();
            journal.window(&self.config.id, last);
        }
        let trail = &mut self.window(now).trail;
        if pace.is_long_ago(at) {
            trail.shift(&pace, (before, after));
        } else if is_rolling {
            let sum = trail.sum();
            trail.note(&Pace { sum: sum.saturating_add(after).saturating_sub(before), ..pace }, sum);
        } else {
            trail.note(&pace, before);
        }
    }

    /// The window that has the trail: that of now, of a rolling one the newest part in which anything was spent.
    fn trailing(&self, now: Instant) -> Option<Instant> {
        let home = self.bounds(now).0;
        if !self.config.rolling {
            return Some(home);
        }
        let mut kept = self.windows.range(..=&home).filter(|(_, window)| !window.trail.0.is_empty());
        kept.next_back().map(|(start, _)| *start)
    }

    /// How the window of an instant stands, if it is that of now.
    fn pace(&mut self, at: Instant, now: Instant) -> Option<Pace> {
        let Standing { spent, limit, start, end, .. } = self.standing_in(now, now);
        if !(start..end).contains(&at) {
            return None;
        }
        let is_endless = self.config.period == Period::Total;
        let without_calendar = self.config.reach().or(is_endless.then_some(PREPAID));
        let length = without_calendar.unwrap_or(end.ms() - start.ms());
        let (start, until) = match without_calendar {
            Some(length) => (now.plus(-length), now.plus(length)),
            None => (start, end),
        };
        Some(Pace { start, length, until, is_endless, limit, spent, sum: spent, now })
    }

    /// Raises, once in a window, that it is spent too fast, or will be spent before its end.
    fn raise_pace(&mut self, at: Instant, now: Instant, journal: &mut Journal) -> Vec<Alert> {
        let mut new = Vec::new();
        let (asked, forecast) = (self.config.burn_rate, self.config.forecast);
        let Some(pace) = self.pace(at, now).filter(|_| self.config.watches_pace()) else { return new };
        let home = self.bounds(now).0;
        let rolling = self.config.rolling.then(|| self.standing(now));
        let trail = self.trailing(now).and_then(|start| self.windows.get(&start)).map(|window| &window.trail);
        let Some(trail) = trail.filter(|trail| !trail.0.is_empty()) else { return new };
        let found = match &rolling {
            Some(standing) => burn(&Pace { sum: trail.sum(), ..pace }, trail, &self.releases(standing)),
            None => burn(&pace, trail, &[]),
        };
        let is_fast = asked.is_some_and(|asked| found.short.min(found.long) >= asked.micro());
        let ends = forecast && pace.spent < pace.limit && found.ends;
        let due = [(Threshold::BURN, is_fast), (Threshold::FORECAST, ends)];
        // In a rolling window once in its length.
        let first = rolling.map_or(home, |standing| standing.start);
        for (threshold, _) in due.into_iter().filter(|(_, is_due)| *is_due) {
            let told = |(_, window): (&Instant, &Window)| window.raised.contains_key(&threshold);
            if self.windows.range(&first..=&home).any(told) {
                continue;
            }
            let alert = Alert::new(&self.config, threshold, home, (pace.spent, pace.limit), false, now);
            let alert = Alert { burn: Some((found.long, found.exhausts)), ..alert };
            self.window(now).raised.insert(threshold, alert.clone());
            journal.window(&self.config.id, home);
            new.push(alert);
        }
        new
    }

    /// Raises what is due in the window of an instant: an alert for each threshold newly reached, and again for one that was
    /// only projected and is reached by spending now. In a rolling window each threshold is told once in its length.
    pub(super) fn raise(&mut self, at: Instant, now: Instant, journal: &mut Journal) -> Vec<Alert> {
        let mut new = Vec::new();
        if !self.config.enabled {
            return new;
        }
        let at = if self.config.rolling { now } else { at };
        let Standing { spent, held, limit, start, .. } = self.standing_in(at, now);
        let home = self.bounds(at).0;
        let (config, taken) = (&self.config, spent.saturating_add(held));
        let soft = config.soft_limit.map(|_| Threshold::SOFT);
        for threshold in config.thresholds.iter().copied().chain(soft) {
            let reached = |amount| match config.soft_limit {
                Some(soft) if threshold == Threshold::SOFT => amount > soft,
                _ => threshold.reached_by(amount, limit),
            };
            if !reached(taken) {
                continue;
            }
            let actual = reached(spent);
            let amount = if actual { spent } else { taken };
            let first = if config.rolling { start } else { home };
            let told = self.windows.iter_mut().find(|(known, window)| {
                **known >= first && (config.rolling || **known == home) && window.raised.contains_key(&threshold)
            });
            let (home, alert) = match told {
                None => {
                    let alert = Alert::new(config, threshold, home, (amount, limit), !actual, now);
                    (home, alert)
                }
                Some((home, window)) => match window.raised.get(&threshold) {
                    // The same alert come true: its id stays.
                    Some(known) if known.projected && actual => {
                        (*home, Alert { projected: false, amount, at: now, ..known.clone() })
                    }
                    _ => continue,
                },
            };
            new.push(alert.clone());
            if let Some(window) = self.windows.get_mut(&home) {
                window.raised.insert(threshold, alert);
            }
            journal.window(&config.id, home);
        }
        new.extend(self.raise_pace(at, now, journal));
        sort_by_key(&mut new, |alert| alert.threshold);
        new
    }

    /// Where it stands in the window of an instant, as its limit is now.
    fn standing_in(&mut self, at: Instant, now: Instant) -> Standing {
        let standing = self.standing(at);
        if self.config.rolling {
            return standing;
        }
        let limit = self.limits(standing.carried, now).1;
        Standing { limit, ..standing }
    }

    /// Raises what is due in any window.
    pub(super) fn raise_all(&mut self, now: Instant, journal: &mut Journal) -> Vec<Alert> {
        let starts: Vec<Instant> = self.windows.keys().copied().collect();
        let mut alerts = Vec::new();
        for start in starts {
            journal.window(&self.config.id, start);
            alerts.extend(self.raise(start, now, journal));
        }
        alerts
    }

    /// Arms again what is no longer reached: after the limit was raised.
    pub(super) fn rearm(&mut self, now: Instant) {
        let starts: Vec<Instant> = self.windows.keys().copied().collect();
        for start in starts {
            let at = if self.config.rolling { now } else { start };
            let standing = self.standing_in(at, now);
            let (taken, soft) = (standing.taken(), self.config.soft_limit);
            if let Some(window) = self.windows.get_mut(&start) {
                window.raised.retain(|threshold, _| match soft {
                    Some(soft) if *threshold == Threshold::SOFT => taken > soft,
                    _ if [Threshold::SOFT, Threshold::BURN, Threshold::FORECAST].contains(threshold) => false,
                    _ => threshold.reached_by(taken, standing.limit),
                });
            }
        }
    }

    /// The alerts of the window of an instant.
    pub(super) fn alerts(&self, standing: &Standing) -> Vec<Alert> {
        let windows = self.windows.range(&standing.start..).take_while(|(start, _)| **start < standing.end);
        windows.flat_map(|(_, window)| window.alerts().cloned()).collect()
    }

    /// Counts a reservation that was made before it. A released one counts nothing.
    pub(super) fn adopt_promise(&mut self, promise: &Promise, over: Instant) {
        if promise.state == State::Released
            || !self.config.binds(&promise.scopes)
            || !self.has_window(promise.made, over)
        {
            return;
        }
        let unit = self.config.unit;
        let change = match promise.state {
            State::Held => Change { held: promise.amounts.counted(unit), ..Change::default() },
            State::Settled { charged, .. } => Change { spent: charged.counted(unit), ..Change::default() },
            State::Released => return,
        };
        self.window(promise.made).apply(change);
    }

    /// Counts a charge that came before it; says whether the charge now knows otherwise for whom it is too old.
    pub(super) fn adopt_charge(&mut self, charge: &mut Known, over: Instant) -> bool {
        let before = charge.too_old.len();
        charge.too_old.retain(|known| *known != self.config.id);
        if self.config.binds(&charge.scopes) {
            if self.has_window(charge.at, over) {
                let spent = charge.amounts.counted(self.config.unit);
                self.window(charge.at).apply(Change { spent, ..Change::default() });
            } else {
                charge.too_old.push(self.config.id.clone());
            }
        }
        before != charge.too_old.len()
    }

    /// Drops windows that nothing can count in any more. Where something goes over to the next, the last one stays until there
    /// is a next.
    pub(super) fn prune(&mut self, over: Instant, journal: &mut Journal) {
        let Self { config, windows, .. } = self;
        let lasts = Self::lasts(config);
        let last = windows.last_key_value().map(|(start, _)| *start).filter(|_| config.carries() > Usd::ZERO);
        windows.retain(|start, window| {
            let kept = window.end.plus(lasts) > over || Some(*start) == last;
            if !kept {
                journal.window(&config.id, *start);
            }
            kept
        });
    }

    /// The bounds of the window that holds an instant; of one that is there already without asking the zone.
    fn bounds(&self, at: Instant) -> (Instant, Instant) {
        match self.windows.range(..=at).next_back() {
            Some((start, window)) if at < window.end => (*start, window.end),
            _ => self.config.bounds(at, &*self.zone),
        }
    }

    /// How long a window is kept after its end.
    fn lasts(config: &Config) -> i64 {
        config.reach().unwrap_or(0) + LEAST_MEMORY
    }

    /// Until when the window of an instant is kept.
    pub(super) fn kept_until(&self, at: Instant) -> Instant {
        self.bounds(at).1.plus(Self::lasts(&self.config))
    }

    /// Whether the window of that instant is still kept.
    pub(super) fn has_window(&self, at: Instant, over: Instant) -> bool {
        self.config.period == Period::Total || self.kept_until(at) > over
    }

    /// Whether a charge of that instant can still be told from a repeat.
    pub(super) fn remembers(&self, at: Instant, over: Instant) -> bool {
        self.horizon.is_none_or(|horizon| at > horizon) && self.has_window(at, over)
    }
}
