//! The advisory question: would this amount pass? It is asked of statuses, so it is the same over every ledger, also one
//! that a user wrote; and it holds nothing, so between the answer and the call anybody may spend.

use super::{
    action::Action,
    alert::Alert,
    book::frees,
    config::Config,
    threshold::Threshold,
    unit::{Amounts, Unit, whole},
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
struct Asked {
    config: Config,
    spent: Usd,
    held: Usd,
    /// What may be spent now, and once what is spent has gone.
    limit: Usd,
    later: Usd,
    period_start: Option<String>,
    period_end: Option<String>,
    releases: Vec<(Instant, Usd)>,
    /// The thresholds of its alerts.
    alerts: Vec<f64>,
}

impl Asked {
    /// The budget of a status may be none of ours: that is its own error.
    fn read(status: Raw<'_>) -> Option<Result<Self>> {
        let status = Object::of(status)?;
        let config = match Config::parse(status.get("budget")?.get()) {
            Ok(config) => config,
            Err(error) => return Some(Err(error)),
        };
        let unit = config.unit;
        let amount = |value: Raw<'_>| Usd::parse(&value.text()?).ok();
        let held = if unit == Unit::Usd { "heldUsd" } else { "held" };
        let held = status.get(held).map_or(Some(Usd::ZERO), |held| unit.read(held).ok())?;
        let limit = status.get("effectiveLimit").map_or(Some(config.limit), amount)?;
        let alerts = status.get("alerts").map_or(Some(Vec::new()), Raw::items)?;
        // Those of a kind are of no threshold.
        let alerts = alerts.into_iter().filter(|alert| alert.member("kind").is_none());
        let releases = status.get("releases").map_or(Some(Vec::new()), Raw::items)?.into_iter().map(|release| {
            Some((Instant::parse(&release.member("at")?.text()?).ok()?, amount(release.member("amount")?)?))
        });
        Some(Ok(Self {
            spent: unit.read_of(&status, "currentSpending", "spentUsd")?,
            held,
            limit,
            later: status.get("nextLimit").map_or(Some(limit), amount)?,
            period_start: status.get("periodStart").and_then(Raw::to_text),
            period_end: status.get("periodEnd").and_then(Raw::to_text),
            releases: releases.collect::<Option<_>>()?,
            alerts: alerts.map(|alert| alert.member("threshold")?.number()).collect::<Option<_>>()?,
            config,
        }))
    }
}

/// How long a throttled call waits for holds to be settled.
pub const HELD_RETRY_MS: i64 = 1_000;

/// When a refused call may pass: a moment later when only holds are in the way, else when enough is free again; never where
/// no time will help.
pub fn retry_after(held_up: bool, free: Option<Instant>, end: Instant, now: Instant) -> Option<i64> {
    let until = |at: Instant| (at.ms() - now.ms()).max(1);
    if held_up { Some(HELD_RETRY_MS.min(until(end))) } else { free.map(until) }
}

/// Judges an amount by the statuses (JSON, the public form) of the budgets that bind it.
pub fn check(statuses: &str, amounts: impl Into<Amounts>, now: Instant) -> Result<Verdict> {
    check_all(statuses, amounts.into(), now)
}

fn check_all(statuses: &str, amounts: Amounts, now: Instant) -> Result<Verdict> {
    let bad = || Error::input("cannot check budgets: expected the statuses of a ledger, found something else");
    let items = Raw::parse(statuses).ok().and_then(Raw::items).ok_or_else(bad)?;
    let all = items.into_iter().map(|item| Asked::read(item).ok_or_else(bad)?).collect::<Result<Vec<_>>>()?;
    // Amounts of one unit are compared; of several, shares.
    let by_share = all.iter().any(|asked| asked.config.unit != Unit::Usd);
    let mut verdict =
        Verdict { allowed: true, blocked_by: None, status: None, retry_after_ms: None, alerts: Vec::new() };
    let mut throttled: Option<(usize, Option<i64>)> = None;
    let mut tightest: Option<(usize, f64)> = None;
    for (index, asked) in all.iter().enumerate() {
        let (config, limit) = (&asked.config, asked.limit);
        let (start, end) = if config.period == Period::Total {
            Period::Total.window(now, &Utc, config.week_start)
        } else {
            let (Some(start), Some(end)) = (&asked.period_start, &asked.period_end) else { return Err(bad()) };
            (Instant::parse(start)?, Instant::parse(end)?)
        };
        let taken = asked.spent.saturating_add(asked.held);
        let left = limit.saturating_sub(taken);
        let left = if by_share { left.percent_of(limit) } else { left.to_f64() };
        if tightest.is_none_or(|(_, least)| left < least) {
            tightest = Some((index, left));
        }
        if !config.enabled {
            continue;
        }
        // Where nobody says how many tokens, it is one at least.
        let amount = amounts.of(config.unit).unwrap_or(whole(1));
        let projected = taken.saturating_add(amount);
        let told = |threshold: &Threshold| asked.alerts.contains(&threshold.percent());
        let due: Set<Threshold> =
            config.thresholds.iter().copied().filter(|t| t.reached_by(projected, limit) && !told(t)).collect();
        verdict.alerts.extend(due.into_iter().map(|t| {
            let actual = t.reached_by(asked.spent, limit);
            let amount = if actual { asked.spent } else { projected };
            Alert::new(config, t, start, (amount, limit), !actual, now)
        }));
        let refused =
            config.unit == Unit::Unknown || asked.spent.pico() + asked.held.pico() + amount.pico() > limit.pico();
        match config.action {
            Action::Block if refused => verdict.blocked_by = verdict.blocked_by.or(Some(index)),
            Action::Throttle if refused => {
                let releases = match config.reach() {
                    Some(_) => asked.releases.clone(),
                    None if config.period == Period::Total => Vec::new(),
                    None => vec![(end, asked.spent)],
                };
                let held_up = asked.spent.pico() + amount.pico() <= limit.pico();
                let free = frees((asked.spent, asked.later, amount), releases);
                throttled = throttled.or(Some((index, retry_after(held_up, free, end, now))));
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
