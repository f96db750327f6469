//! The advisory question: would this amount pass? It is asked of statuses, so it is the same over every ledger, also one
//! that a user wrote; and it holds nothing, so between the answer and the call anybody may spend.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    alert::Alert,
    config::{Action, Config, Threshold},
};
use crate::{
    collections::Set,
    error::{Error, Result},
    ledger::json::well_formed,
    money::Usd,
    time::{Instant, Period, Utc},
};

/// The answer. Statuses are named by their place in the list that was asked about.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Whether every budget lets it pass.
    pub allowed: bool,
    /// The first that blocks, else the first that throttles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<usize>,
    /// That one, else the one with the least left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<usize>,
    /// When to try again, for a throttling budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<i64>,
    /// Thresholds that the amount would reach and that no alert of the window tells of yet.
    pub alerts: Vec<Alert>,
}

/// What is read of a status; the rest, a ledger's own, is passed by.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    #[serde(borrow)]
    budget: &'a RawValue,
    spent_usd: Usd,
    #[serde(default)]
    held_usd: Usd,
    #[serde(default)]
    period_start: Option<String>,
    #[serde(default)]
    period_end: Option<String>,
    #[serde(default)]
    alerts: Vec<Raised>,
}

#[derive(Deserialize)]
struct Raised {
    threshold: f64,
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
    let statuses = well_formed(statuses);
    let statuses: Vec<Asked<'_>> = serde_json::from_str(&statuses).map_err(|_| bad())?;
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
        let told = |threshold: &Threshold| asked.alerts.iter().any(|alert| alert.threshold == threshold.percent());
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
