//! A budget: how much, for what, over which time.

use std::borrow::Cow;

use super::{
    Scope,
    action::Action,
    answer::instant_of,
    fields::{Fields, stand_in},
    threshold::Threshold,
    unit::Unit,
};
use crate::{
    error::{Code, Error, Result, check_keys},
    json::{Json, Raw, ToJson, Writer},
    ledger::keys::encode,
    money::Usd,
    object::Object,
    time::{DAY, HOUR, Instant, Period, WeekStart, Zone},
};

/// A budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Derived from scope, period and name unless given.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it counts in.
    pub unit: Unit,
    /// The most that may be spent in a window, in its unit.
    pub limit: Usd,
    /// Above this it tells, and lets through what is within the limit.
    pub soft_limit: Option<Usd>,
    /// The length of a window.
    pub period: Period,
    /// Whether the window is the last stretch of that length, and no calendar's.
    pub rolling: bool,
    /// How much of what a window has left goes to the next one, at most.
    pub carry_over: Option<Usd>,
    /// When to tell, in the order given.
    pub thresholds: Vec<Threshold>,
    /// It tells when it is spent so many times as fast as lasts.
    pub burn_rate: Option<Threshold>,
    /// Whether it tells that it will be spent before its window ends.
    pub forecast: bool,
    /// What happens at the limit.
    pub action: Action,
    /// What it is for; everything, without one.
    pub scope: Option<Scope>,
    /// A disabled budget counts, and does nothing.
    pub enabled: bool,
    /// The zone of its calendar.
    pub time_zone: String,
    /// The first day of its weeks.
    pub week_start: WeekStart,
    /// It rises with every change.
    pub revision: u32,
    /// When the ledger first had it.
    pub created_at: Option<Instant>,
    /// When it last changed.
    pub updated_at: Option<Instant>,
    /// What a later release or another ledger says of it and this release does not understand, as JSON: unknown fields,
    /// and known ones with a value of a kind of their own. It is given back as it came.
    pub later: Vec<(String, Json)>,
}

const WHAT: &str = "budget";
/// What a caller may say.
const INPUT_KEYS: [&str; 16] = [
    "id",
    "name",
    "limit",
    "period",
    "alertThresholds",
    "action",
    "scope",
    "enabled",
    "timeZone",
    "weekStart",
    "unit",
    "softLimit",
    "rolling",
    "carryOver",
    "burnRate",
    "forecast",
];
/// What else stands in a budget that was given back, and so may come in again.
const GIVEN_KEYS: [&str; 4] = ["limitUsd", "revision", "createdAt", "updatedAt"];

impl Config {
    /// Reads what a caller says of a budget to be; `time_zone` and `week_start` are the defaults for its calendar.
    ///
    /// A limit that is negative or no number is [`Code::InvalidAmount`], an unknown key [`Code::UnknownOption`], anything
    /// else [`Code::InvalidConfig`].
    pub fn parse_input(json: &str, time_zone: &str, week_start: WeekStart) -> Result<Self> {
        let mut map = Fields::parse(json)?;
        for key in GIVEN_KEYS {
            // A budget that was given back is taken as a template: what the ledger keeps is not the caller's to say.
            map.remove(key);
        }
        if let Some(scope) = map.get("scope") {
            check_scope_keys(scope)?;
        }
        let config = Self::read(map, time_zone, week_start)?;
        config.checked()
    }

    /// The budget, if a caller of this release may ask for it.
    fn checked(self) -> Result<Self> {
        self.check_kind()?;
        Ok(Self { scope: self.scope.map(Scope::checked).transpose()?, ..self })
    }

    /// Whether what it says goes together.
    fn check_kind(&self) -> Result<()> {
        if self.unit == Unit::Unknown && !self.later.iter().any(|(key, _)| key == "unit") {
            return Err(wrong("unit", "one of usd, tokens, requests"));
        }
        if self.rolling && self.period == Period::Total {
            return Err(wrong("rolling", "absent from a budget whose period is total"));
        }
        if self.carry_over.is_some() && (self.rolling || self.period == Period::Total) {
            return Err(wrong("carryOver", "absent from a budget that is rolling or whose period is total"));
        }
        if self.soft_limit.is_some_and(|soft| soft > self.limit) {
            return Err(wrong("softLimit", "at most the limit"));
        }
        Ok(())
    }

    /// Reads a budget as a ledger gives it back, which may be of a later release. What this one does not understand is
    /// kept in [`Config::later`] and never lets through more than was meant: an unknown action refuses, and an unknown
    /// period is counted as `total`, which never begins again.
    pub fn parse(json: &str) -> Result<Self> {
        let mut map = Fields::parse(json)?;
        let raw = Fields::parse(json)?;
        if let Some(exact) = raw.get("limitUsd") {
            map.set("limit", exact.into());
        }
        let revision = raw.get("revision").and_then(Raw::whole).and_then(|n| u32::try_from(n).ok());
        let instant = |key| raw.get(key).and_then(Raw::text).map(|text| Instant::parse(&text)).transpose();
        let (created_at, updated_at) = (instant("createdAt")?, instant("updatedAt")?);
        GIVEN_KEYS.iter().for_each(|key| map.remove(key));
        let mut later = Vec::new();
        for (key, value) in &raw.0 {
            if !INPUT_KEYS.contains(&key.as_str()) {
                if !GIVEN_KEYS.contains(&key.as_str()) {
                    later.push((key.clone(), value.clone()));
                    map.remove(key);
                }
            } else if let Some(stands_for) = map.get(key).and_then(|value| stand_in(key, value)) {
                later.push((key.clone(), value.clone()));
                map.set(key, stands_for);
            }
        }
        let config = Self::read(map, "UTC", WeekStart::Monday)?;
        Ok(Self { revision: revision.unwrap_or(1).max(1), created_at, updated_at, later, ..config })
    }

    /// Reads a JSON array of budgets, each as [`Config::parse`] does.
    pub fn parse_list(json: &str) -> Result<Vec<Self>> {
        let budgets = Raw::parse(json).ok().and_then(Raw::items);
        budgets
            .ok_or_else(|| Error::input("cannot read budgets: expected an array of budgets, found something else"))?
            .into_iter()
            .map(|budget| Self::parse(budget.get()))
            .collect()
    }

    /// This budget with some of its fields replaced. Its id stays.
    pub fn updated(&self, json: &str) -> Result<Self> {
        let mut changes = Fields::parse(json)?;
        GIVEN_KEYS.iter().for_each(|key| changes.remove(key));
        if changes.has("id") && changes.get("id").and_then(Raw::text).as_deref() != Some(&self.id) {
            return Err(Error::config("cannot update a budget: expected its own id or none, found another one"));
        }
        check_keys(WHAT, changes.keys(), &INPUT_KEYS)?;
        let plain = Self { later: Vec::new(), ..self.clone() };
        let mut map = Fields::parse(&plain.to_json())?;
        map.set("limit", self.limit.to_string().into());
        GIVEN_KEYS.iter().for_each(|key| map.remove(key));
        changes.0.retain(|(_, value)| !value.raw().is_null());
        let new_scope = match changes.get("scope") {
            Some(scope) => check_scope_keys(scope).map(|()| true)?,
            None => false,
        };
        let later = self.later.iter().filter(|(key, _)| !changes.has(key)).cloned().collect();
        changes.0.into_iter().for_each(|(key, value)| map.set(&key, value));
        let config = Self { later, ..Self::read(map, "UTC", WeekStart::Monday)? };
        config.check_kind()?;
        let config = if new_scope { config.checked()? } else { config };
        Ok(Self { revision: self.revision, created_at: self.created_at, updated_at: self.updated_at, ..config })
    }

    fn read(map: Fields, time_zone: &str, week_start: WeekStart) -> Result<Self> {
        let known: Vec<&str> = INPUT_KEYS.into_iter().chain(GIVEN_KEYS).collect();
        check_keys(WHAT, map.keys(), &known)?;
        let text = |key: &str| {
            let Some(value) = map.get(key) else { return Ok(None) };
            let text = value.text().filter(|text| !text.is_empty());
            text.map(Some).ok_or_else(|| wrong(key, "a string that is not empty"))
        };
        let name = text("name")?.ok_or_else(|| wrong("name", "a string that is not empty"))?.into_owned();
        let unit = text("unit")?.map_or(Unit::Usd, |name| Unit::of(&name));
        let limit = match map.get("limit").filter(|limit| limit.text().is_some() || limit.number().is_some()) {
            Some(limit) => unit.read(limit)?,
            None => {
                return Err(Error::new(
                    Code::InvalidAmount,
                    format!(
                        "cannot read budget: expected limit to be an amount of {} of at least 0, found none",
                        unit.label()
                    ),
                ));
            }
        };
        let amount = |key| map.get(key).map(|value| unit.read(value)).transpose();
        let (soft_limit, carry_over) = (amount("softLimit")?, amount("carryOver")?);
        let yes_or_no = |key| match map.get(key) {
            None => Ok(None),
            Some(value) => value.bool().map(Some).ok_or_else(|| wrong(key, "true or false")),
        };
        let rolling = yes_or_no("rolling")?.unwrap_or(false);
        let burn_rate = map.get("burnRate").map(|rate| {
            let rate = Threshold::read(rate).ok().filter(|rate| rate.0 >= 1_000_000);
            rate.ok_or_else(|| wrong("burnRate", "a number of at least 1 with at most 6 decimals"))
        });
        let (burn_rate, forecast) = (burn_rate.transpose()?, yes_or_no("forecast")?.unwrap_or(false));
        let period = Period::parse(&text("period")?.unwrap_or_default())?;
        let scope = map
            .get("scope")
            .map(|scope| {
                let scope = Object::of(scope).and_then(|object| Scope::read(&object));
                scope.ok_or_else(|| wrong("scope", "{ type, id }, both strings"))
            })
            .transpose()?;
        let thresholds = match map.get("alertThresholds") {
            None => Threshold::DEFAULT.to_vec(),
            Some(all) => all
                .items()
                .ok_or_else(|| wrong("alertThresholds", "an array of percentages"))?
                .into_iter()
                .map(Threshold::read)
                .collect::<Result<_>>()?,
        };
        Ok(Self {
            id: text("id")?.map_or_else(|| derive_id(scope.as_ref(), (period, rolling, unit), &name), Cow::into_owned),
            name,
            unit,
            limit,
            soft_limit,
            period,
            rolling,
            carry_over,
            burn_rate,
            forecast,
            thresholds,
            action: text("action")?.map_or(Ok(Action::Alert), |action| Action::parse(&action))?,
            scope,
            enabled: yes_or_no("enabled")?.unwrap_or(true),
            time_zone: text("timeZone")?.map_or_else(|| time_zone.to_owned(), Cow::into_owned),
            week_start: text("weekStart")?.map_or(Ok(week_start), |day| parse_week_start(&day))?,
            revision: 1,
            created_at: None,
            updated_at: None,
            later: Vec::new(),
        })
    }

    fn write_field(&self, key: &str, to: &mut Writer) {
        match key {
            "id" => to.text_of(key, &self.id),
            "name" => to.text_of(key, &self.name),
            "limit" => to.number_of(key, self.limit.to_f64()),
            "limitUsd" if self.unit == Unit::Usd => to.value_of(key, &self.limit),
            "unit" if self.unit != Unit::Usd => to.text_of(key, self.unit.as_str()),
            "rolling" if self.rolling => to.bool_of(key, true),
            "forecast" if self.forecast => to.bool_of(key, true),
            "burnRate" => {
                if let Some(rate) = self.burn_rate {
                    to.number_of(key, rate.percent());
                }
            }
            "softLimit" | "carryOver" => {
                if let Some(amount) = if key == "softLimit" { &self.soft_limit } else { &self.carry_over } {
                    to.value_of(key, amount);
                }
            }
            "period" => to.text_of(key, self.period.as_str()),
            "alertThresholds" => to.list_of(key, self.thresholds.iter().map(|threshold| threshold.percent())),
            "action" => to.text_of(key, self.action.as_str()),
            "scope" => {
                if let Some(scope) = &self.scope {
                    to.value_of(key, scope);
                }
            }
            "enabled" => to.bool_of(key, self.enabled),
            "timeZone" => to.text_of(key, &self.time_zone),
            "weekStart" => to.text_of(key, if self.week_start == WeekStart::Monday { "monday" } else { "sunday" }),
            "revision" => to.number_of(key, f64::from(self.revision)),
            "createdAt" => instant_of(to, key, self.created_at),
            "updatedAt" => instant_of(to, key, self.updated_at),
            _ => {}
        }
    }

    /// Whether it binds a call of these scopes.
    pub fn binds(&self, scopes: &[Scope]) -> bool {
        self.scope.as_ref().is_none_or(|scope| scopes.contains(scope))
    }

    /// Whether it says the same as another, whatever the ledger added.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let said = |config: &Self| Self {
            revision: 0,
            created_at: None,
            updated_at: None,
            time_zone: plain_zone(&config.time_zone),
            ..config.clone()
        };
        said(self) == said(other)
    }

    /// Whether windows of the other budget can be kept for this one. Compared is only what makes this period's windows.
    pub fn has_windows_of(&self, other: &Self) -> bool {
        let calendar = self.period == Period::Total
            || self.rolling
            || plain_zone(&self.time_zone) == plain_zone(&other.time_zone)
                && (self.period != Period::Weekly || self.week_start == other.week_start);
        self.is_for_what(other) && calendar
    }

    /// Whether it is for the same scope, unit and period as the other.
    pub fn is_for_what(&self, other: &Self) -> bool {
        let unknown = |config: &Self, key: &str| config.later.iter().find(|(known, _)| known == key).cloned();
        let same_later = |key: &str| unknown(self, key) == unknown(other, key);
        (self.kind(), &self.scope) == (other.kind(), &other.scope) && same_later("period") && same_later("unit")
    }

    /// Whether its id is the one that follows from its scope, unit, period and name.
    pub fn has_derived_id(&self) -> bool {
        self.id == derive_id(self.scope.as_ref(), self.kind(), &self.name)
    }

    fn kind(&self) -> (Period, bool, Unit) {
        (self.period, self.rolling, self.unit)
    }

    /// How far a rolling window reaches back; nothing for one of the calendar.
    pub fn reach(&self) -> Option<i64> {
        let length = match self.period {
            Period::Hourly => HOUR,
            Period::Daily => DAY,
            Period::Weekly => 7 * DAY,
            Period::Monthly => 30 * DAY,
            Period::Total => return None,
        };
        self.rolling.then_some(length)
    }

    /// The stretch of time that an instant is counted in: its calendar window, or its part of a rolling one.
    pub fn bounds(&self, at: Instant, zone: &dyn Zone) -> (Instant, Instant) {
        match self.reach() {
            Some(reach) => {
                let grain = reach / ROLLING_PARTS;
                let start = at.ms().div_euclid(grain) * grain;
                (Instant::from_ms(start), Instant::from_ms(start + grain))
            }
            None => self.period.window(at, zone, self.week_start),
        }
    }

    /// Whether it is asked how fast it is spent.
    pub fn watches_pace(&self) -> bool {
        self.forecast || self.burn_rate.is_some()
    }

    /// The most that goes over from one window to the next.
    pub fn carries(&self) -> Usd {
        match self.carry_over {
            Some(most) if !self.rolling && self.period != Period::Total => most,
            _ => Usd::ZERO,
        }
    }
}

/// In how many parts a rolling window is counted; the oldest one that it touches counts whole, so that nothing is left out.
pub const ROLLING_PARTS: i64 = 60;

/// The name of a zone as it is compared: names of UTC are one.
fn plain_zone(name: &str) -> String {
    if is_utc(name) { "utc".to_owned() } else { name.to_ascii_lowercase() }
}

/// Whether a zone's name is one of UTC's.
pub fn is_utc(name: &str) -> bool {
    const NAMES: [&str; 11] = [
        "utc",
        "etc/utc",
        "uct",
        "etc/uct",
        "zulu",
        "etc/zulu",
        "universal",
        "etc/universal",
        "gmt",
        "etc/gmt",
        "+00:00",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The first day of the week by its name.
pub fn parse_week_start(text: &str) -> Result<WeekStart> {
    match text {
        "monday" => Ok(WeekStart::Monday),
        "sunday" => Ok(WeekStart::Sunday),
        _ => Err(Error::config("cannot read weekStart: expected one of monday, sunday, found another value")),
    }
}

/// The id of a budget that was given none: equal for everybody who means the same budget.
fn derive_id(scope: Option<&Scope>, (period, rolling, unit): (Period, bool, Unit), name: &str) -> String {
    let mut kind = period.as_str().to_owned();
    if rolling {
        kind.push_str(".rolling");
    }
    if unit != Unit::Usd {
        kind = [&kind, ".", unit.as_str()].concat();
    }
    let (period, name) = (kind, encode(name));
    match scope {
        Some(scope) => format!("{}:{}:{period}:{name}", encode(&scope.kind), encode(&scope.id)),
        None => format!("all:{period}:{name}"),
    }
}

fn check_scope_keys(scope: Raw<'_>) -> Result<()> {
    match Object::of(scope) {
        Some(scope) => check_keys("scope", scope.keys(), &["type", "id"]),
        None => Err(wrong("scope", "{ type, id }, both strings")),
    }
}

fn wrong(key: &str, expected: &str) -> Error {
    Error::config(format!("cannot read {WHAT}: expected {key} to be {expected}, found another value"))
}

impl ToJson for Config {
    /// The public form.
    fn write(&self, to: &mut Writer) {
        const KEYS: [&str; 20] = [
            "id",
            "name",
            "unit",
            "limit",
            "limitUsd",
            "softLimit",
            "period",
            "rolling",
            "carryOver",
            "burnRate",
            "forecast",
            "alertThresholds",
            "action",
            "scope",
            "enabled",
            "timeZone",
            "weekStart",
            "revision",
            "createdAt",
            "updatedAt",
        ];
        to.open('{');
        for key in KEYS {
            match self.later.iter().find(|(named, _)| named == key) {
                Some((_, json)) => to.value_of(key, json),
                None => self.write_field(key, to),
            }
        }
        for (key, json) in self.later.iter().filter(|(key, _)| !KEYS.contains(&key.as_str())) {
            to.value_of(key, json);
        }
        to.close('}');
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
