//! What is added to a budget's limit without changing the budget: a raise for a time, a top-up for good. Each is kept with its
//! reason, and counts once by its id.

use super::{answer::instant_of, unit::Unit};
use crate::{
    error::{Code, Error, Result},
    json::{Raw, ToJson, Writer},
    money::Usd,
    object::Object,
    time::{Instant, Period},
};

/// How many are kept with a budget. Older top-ups stay in its limit, but their ids are forgotten.
pub const MOST: usize = 200;

/// An amount that is added to a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Adjustment {
    /// By which it counts once.
    pub id: String,
    /// In the budget's unit.
    pub amount: Usd,
    /// The end of a raise; a top-up has none.
    pub until: Option<Instant>,
    /// Why.
    pub reason: Option<String>,
    /// When it was made.
    pub at: Instant,
}

impl Adjustment {
    /// Reads what a caller asks for: `{ id, amount, until?, reason? }`.
    pub(crate) fn read(asked: &Object<'_>, unit: Unit, now: Instant) -> Result<Self> {
        let wrong = |what: &str| Error::input(format!("cannot adjust a budget: expected {what}, found another value"));
        let text = |key: &str| asked.get(key).and_then(Raw::present).map(|value| value.to_text());
        let named = |key: &str| match text(key) {
            None => Ok(None),
            Some(text) => text
                .filter(|text| !text.is_empty())
                .map(Some)
                .ok_or_else(|| wrong(&format!("{key} to be a string that is not empty"))),
        };
        let amount = unit.read(asked.get("amount").ok_or_else(|| wrong("an amount"))?)?;
        if amount == Usd::ZERO {
            return Err(Error::new(Code::InvalidAmount, "cannot adjust a budget: expected an amount above 0, found 0"));
        }
        let until = named("until")?.map(|until| Instant::parse(&until)).transpose()?;
        let reason = named("reason")?;
        if until.is_some() && reason.is_none() {
            return Err(wrong("a raise to have a reason"));
        }
        Ok(Self { id: named("id")?.ok_or_else(|| wrong("an id"))?, amount, until, reason, at: now })
    }

    fn is_active(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

/// All that was added to one limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adjustments {
    kept: Vec<Adjustment>,
    /// Top-ups that are no longer kept one by one.
    folded: Usd,
}

impl Adjustments {
    /// Those that are kept, oldest first.
    pub fn list(&self) -> &[Adjustment] {
        &self.kept
    }

    /// What was added for good.
    pub fn credit(&self) -> Usd {
        let top_ups = self.kept.iter().filter(|made| made.until.is_none());
        top_ups.fold(self.folded, |sum, made| sum.saturating_add(made.amount))
    }

    /// What is added for a time, at an instant.
    pub fn raised(&self, now: Instant) -> Usd {
        let active = self.kept.iter().filter(|made| made.is_active(now));
        active.fold(Usd::ZERO, |sum, made| sum.saturating_add(made.amount))
    }

    /// Adds one, once; says whether it is new.
    pub fn add(&mut self, new: Adjustment, period: Period) -> Result<bool> {
        if let Some(known) = self.kept.iter().find(|known| known.id == new.id) {
            if (known.amount, known.until) != (new.amount, new.until) {
                return Err(Error::input(
                    "cannot adjust a budget: expected an id of its own for each raise and top-up, found one of another",
                )
                .with("adjustmentId", new.id));
            }
            return Ok(false);
        }
        match new.until {
            None if period != Period::Total => {
                return Err(Error::config(
                    "cannot top up: expected a budget whose period is total, found one that begins anew",
                ));
            }
            Some(until) if until <= new.at => {
                return Err(Error::input("cannot raise a budget: expected until to lie ahead, found it past"));
            }
            _ => {}
        }
        self.kept.push(new);
        while self.kept.len() > MOST {
            let now = self.kept.last().map(|last| last.at).unwrap_or_default();
            // Raises that are over first: an id that is forgotten would count again.
            let ended = |made: &Adjustment| made.until.is_some() && !made.is_active(now);
            let oldest = self.kept.iter().position(ended);
            let Some(oldest) = oldest.or_else(|| self.kept.iter().position(|made| made.until.is_none())) else {
                self.kept.pop();
                return Err(Error::input(format!(
                    "cannot raise a budget: expected at most {MOST} raises at a time, found one more"
                )));
            };
            let gone = self.kept.remove(oldest);
            if gone.until.is_none() {
                self.folded = self.folded.saturating_add(gone.amount);
            }
        }
        Ok(true)
    }

    /// Writes them as members of an object, where there are any.
    pub(super) fn write_members(&self, to: &mut Writer) {
        if !self.kept.is_empty() {
            to.list_of("adjustments", &self.kept);
        }
        if self.folded > Usd::ZERO {
            to.value_of("folded", &self.folded);
        }
    }

    /// Reads what [`Adjustments::write_members`] wrote.
    pub(super) fn read_members(row: &Object<'_>) -> Option<Self> {
        let mut all = Self::default();
        for item in row.get("adjustments").map_or(Some(Vec::new()), Raw::items)? {
            let item = Object::of(item)?;
            let at = Instant::parse(&item.get("at")?.text()?).ok()?;
            all.kept.push(Adjustment::read(&item, Unit::Unknown, at).ok()?);
        }
        if let Some(folded) = row.get("folded") {
            all.folded = Usd::parse(&folded.text()?).ok()?;
        }
        Some(all)
    }
}

impl ToJson for Adjustment {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("id", &self.id);
        to.value_of("amount", &self.amount);
        instant_of(to, "until", self.until);
        to.optional_text_of("reason", self.reason.as_deref());
        instant_of(to, "at", Some(self.at));
        to.close('}');
    }
}
