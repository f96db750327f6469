//! The advisory question: would this amount pass? It is asked of statuses, so it is the same over every ledger, also one
//! that a user wrote; and it holds nothing, so between the answer and the call anybody may spend.

use super::{
    alert::Alert,
    config::{Action, Config, Threshold},
};
use crate::{
    collections::Set,
    error::{Error, Result},
    json::{Raw, ToJson, Writer},
    money::Usd,
    object::Object,
    time::{Instant, Period, Utc},
};

/// The answer. Statuses are named by their place in the list that was asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether every budget lets it pass.
    pub allowed: bool,
    /// The first that blocks, else the first that throttles.
    pub blocked_by: Option<usize>,
    /// That one, else the one with the least left.
    pub status: Option<usize>,
    /// When to try again, for a throttling budget.
    pub retry_after_ms: Option<i64>,
    /// Thresholds that the amount would reach and that no alert of the window tells of yet.
    pub alerts: Vec<Alert>,
}

impl ToJson for Verdict {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.bool_of("allowed", self.allowed);
        let place = |index: Option<usize>| index.map(|index| index as f64);
        let ms = self.retry_after_ms.map(|ms| ms as f64);
        for (key, number) in
            [("blockedBy", place(self.blocked_by)), ("status", place(self.status)), ("retryAfterMs", ms)]
        {
            if let Some(number) = number {
                to.number_of(key, number);
            }
        }
        to.list_of("alerts", &self.alerts);
        to.close('}');
    }
}

/// What is read of a status; the rest, a ledger's own, is passed by.
struct Asked<'a> {
    budget: Raw<'a>,
    spent_usd: Usd,
    held_usd: Usd,
    period_start: Option<String>,
    period_end: Option<String>,
    /// The thresholds of its alerts.
    alerts: Vec<f64>,
}

impl<'a> Asked<'a> {
    fn read(status: Raw<'a>) -> Option<Self> {
        let status = Object::of(status)?;
        let amount = |value: Raw<'_>| Usd::parse(&value.text()?).ok();
        let held = status.get("heldUsd");
        let alerts = status.get("alerts").map_or(Some(Vec::new()), Raw::items)?;
        Some(Self {
            budget: status.get("budget")?,
            spent_usd: amount(status.get("spentUsd")?)?,
            held_usd: held.map_or(Some(Usd::ZERO), amount)?,
            period_start: status.get("periodStart").and_then(Raw::to_text),
            period_end: status.get("periodEnd").and_then(Raw::to_text),
            alerts: alerts.into_iter().map(|alert| alert.member("threshold")?.number()).collect::<Option<_>>()?,
        })
    }
}

/// How long a throttled call waits for holds to be settled.
pub const HELD_RETRY_MS: i64 = 1_000;

/// When a throttled call may pass: a moment later when only holds are in the way, else when the window ends; never for a
/// `total` budget that is spent.
pub fn retry_after(config: &Config, spent: Usd, amount: Usd, end: Instant, now: Instant) -> Option<i64> {
    let until_end = (end.ms() - now.ms()).max(1);
    if spent.pico() + amount.pico() <= config.limit.pico() {
        Some(HELD_RETRY_MS.min(until_end))
    } else if config.period == Period::Total {
        None
    } else {
        Some(until_end)
    }
}

/// Judges an amount by the statuses (JSON, the public form) of the budgets that bind it.
pub fn check(statuses: &str, amount: Usd, now: Instant) -> Result<Verdict> {
    let bad = || Error::input("cannot check budgets: expected the statuses of a ledger, found something else");
    let items = Raw::parse(statuses).ok().and_then(Raw::items).ok_or_else(bad)?;
    let statuses = items.into_iter().map(Asked::read).collect::<Option<Vec<_>>>().ok_or_else(bad)?;
    let mut verdict =
        Verdict { allowed: true, blocked_by: None, status: None, retry_after_ms: None, alerts: Vec::new() };
    let mut throttled: Option<(usize, Option<i64>)> = None;
    let mut tightest: Option<(usize, Usd)> = None;
    for (index, asked) in statuses.iter().enumerate() {
        let config = Config::parse(asked.budget.get())?;
        let (start, end) = if config.period == Period::Total {
            Period::Total.window(now, &Utc, config.week_start)
        } else {
            let (Some(start), Some(end)) = (&asked.period_start, &asked.period_end) else { return Err(bad()) };
            (Instant::parse(start)?, Instant::parse(end)?)
        };
        let left = config.limit.saturating_sub(asked.spent_usd.saturating_add(asked.held_usd));
        if tightest.is_none_or(|(_, least)| left < least) {
            tightest = Some((index, left));
        }
        if !config.enabled {
            continue;
        }
        let projected = asked.spent_usd.saturating_add(asked.held_usd).saturating_add(amount);
        let told = |threshold: &Threshold| asked.alerts.contains(&threshold.percent());
        let due: Set<Threshold> =
            config.thresholds.iter().copied().filter(|t| t.reached_by(projected, config.limit) && !told(t)).collect();
        verdict.alerts.extend(due.into_iter().map(|t| {
            let actual = t.reached_by(asked.spent_usd, config.limit);
            Alert::new(&config, t, start, if actual { asked.spent_usd } else { projected }, !actual, now)
        }));
        let refused = asked.spent_usd.pico() + asked.held_usd.pico() + amount.pico() > config.limit.pico();
        match config.action {
            Action::Block if refused => verdict.blocked_by = verdict.blocked_by.or(Some(index)),
            Action::Throttle if refused => {
                throttled = throttled.or(Some((index, retry_after(&config, asked.spent_usd, amount, end, now))));
            }
            _ => {}
        }
    }
    if verdict.blocked_by.is_none()
        && let Some((index, retry)) = throttled
    {
        (verdict.blocked_by, verdict.retry_after_ms) = (Some(index), retry);
    }
    verdict.allowed = verdict.blocked_by.is_none();
    verdict.status = verdict.blocked_by.or(tightest.map(|(index, _)| index));
    Ok(verdict)
}
