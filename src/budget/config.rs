//! A budget: how much, for what, over which time.

use std::borrow::Cow;

use super::{Scope, answer::instant_of, unit::Unit};
use crate::{
    error::{Code, Error, Result, check_keys},
    json::{Json, Raw, ToJson, Writer},
    ledger::keys::encode,
    money::Usd,
    object::Object,
    time::{DAY, HOUR, Instant, Period, WeekStart, Zone},
};

/// What a budget does when its limit would be passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Tells, and lets through.
    #[default]
    Alert,
    /// Refuses.
    Block,
    /// Refuses, and says when to try again.
    Throttle,
}

impl Action {
    /// The name in the public interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Alert => "alert",
            Action::Block => "block",
            Action::Throttle => "throttle",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        [Action::Alert, Action::Block, Action::Throttle].into_iter().find(|action| action.as_str() == text).ok_or_else(
            || Error::config("cannot read action: expected one of alert, block, throttle, found another value"),
        )
    }
}

/// A percentage of a limit, in millionths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Threshold(u64);

impl Threshold {
    /// In the place of a percentage: the soft limit.
    pub const SOFT: Threshold = Threshold(0);

    /// In the place of a percentage: that it is spent too fast.
    pub const BURN: Threshold = Threshold(u64::MAX);
    /// In the place of a percentage: that it will be spent before its window ends.
    pub const FORECAST: Threshold = Threshold(u64::MAX - 1);

    /// 50, 75, 90 and 100 percent.
    pub const DEFAULT: [Threshold; 4] =
        [Threshold(50_000_000), Threshold(75_000_000), Threshold(90_000_000), Threshold(100_000_000)];

    /// Above 0, at most 10,000 percent, with at most 6 decimals.
    pub fn from_percent(percent: f64) -> Result<Self> {
        let micro = (percent * 1e6).round();
        // Six decimals of a number up to 10,000 are exact in a double when it is the nearest to that decimal.
        if percent > 0.0 && percent <= 10_000.0 && micro >= 1.0 && micro / 1e6 == percent {
            Ok(Self(micro as u64))
        } else {
            Err(Error::config(
                "cannot read alertThresholds: expected percentages above 0, at most 10000, with at most 6 decimals, found another value",
            ))
        }
    }

    fn read(value: Raw<'_>) -> Result<Self> {
        Self::from_percent(value.number().unwrap_or(f64::NAN))
    }

    /// In millionths.
    pub const fn micro(self) -> u64 {
        self.0
    }

    /// The percentage.
    pub fn percent(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Whether an amount is at least this share of a limit. Exact. A limit of 0 is reached by any amount but none.
    pub fn reached_by(self, amount: Usd, limit: Usd) -> bool {
        amount.reaches(self.0, limit) && (limit > Usd::ZERO || amount > Usd::ZERO)
    }
}

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
        if self.watches_pace() && (self.rolling || self.period == Period::Total) {
            return Err(wrong(
                "burnRate and forecast",
                "absent from a budget that is rolling or whose period is total",
            ));
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

/// What is read in place of a known field's value of an unknown kind; `None` for a value that is understood.
fn stand_in(key: &str, value: Raw<'_>) -> Option<Json> {
    let named = |known: &[&str]| value.text().is_some_and(|name| known.contains(&&*name));
    match key {
        "action" => (!named(&["alert", "block", "throttle"])).then(|| "block".into()),
        "period" => (!named(&Period::ALL.map(Period::as_str))).then(|| Period::Total.as_str().into()),
        "unit" => (!named(&Unit::ALL.map(Unit::as_str))).then(|| Unit::Unknown.as_str().into()),
        "weekStart" => (!named(&["monday", "sunday"])).then(|| "monday".into()),
        "alertThresholds" => {
            let all = value.items().unwrap_or_default();
            let understood: Vec<_> = all.iter().copied().filter(|value| Threshold::read(*value).is_ok()).collect();
            (value.items().is_none() || understood.len() < all.len()).then(|| Json::of(&understood))
        }
        "rolling" | "forecast" => value.bool().is_none().then(Json::null),
        "burnRate" => Threshold::read(value).is_err().then(Json::null),
        "softLimit" | "carryOver" => Unit::Unknown.read(value).is_err().then(Json::null),
        "scope" => Object::of(value).is_some_and(|scope| scope.len() > 2).then(|| value.into()),
        _ => None,
    }
}

/// The fields of a budget as somebody gave them.
struct Fields(Vec<(String, Json)>);

impl Fields {
    fn parse(json: &str) -> Result<Self> {
        let object = Object::parse(json, WHAT);
        object
            .map(|object| Self(object.rest()))
            .map_err(|_| Error::config("cannot read budget: expected an object, found another value"))
    }

    /// The value of a field; null is absence.
    fn get(&self, key: &str) -> Option<Raw<'_>> {
        self.0.iter().find(|(known, _)| known == key)?.1.raw().present()
    }

    fn has(&self, key: &str) -> bool {
        self.keys().any(|known| known == key)
    }

    fn set(&mut self, key: &str, value: Json) {
        self.remove(key);
        self.0.push((key.to_owned(), value));
    }

    fn remove(&mut self, key: &str) {
        self.0.retain(|(known, _)| known != key);
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }
}

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
mod tests {
    use super::*;
    use crate::ledger::{Key, Name, Namespace};
    use proptest::prelude::*;

    fn input(json: &str) -> Result<Config> {
        Config::parse_input(json, "UTC", WeekStart::Monday)
    }

    #[test]
    fn fills_in_what_is_absent() {
        let config = input(r#"{"name":"Team A","limit":0.30000000000000004,"period":"daily","scope":null}"#).unwrap();
        assert_eq!(
            config.to_json(),
            r#"{"id":"all:daily:Team%20A","name":"Team A","limit":0.3,"limitUsd":"0.3","period":"daily","alertThresholds":[50,75,90,100],"action":"alert","enabled":true,"timeZone":"UTC","weekStart":"monday","revision":1}"#
        );
        assert_eq!(Config::parse(&config.to_json()).unwrap(), config);
    }

    #[test]
    fn ids_are_derived_and_have_one_reading() {
        for (json, id) in [
            (r#"{"name":"n","limit":1,"period":"total"}"#, "all:total:n"),
            (
                r#"{"name":"a:b","limit":1,"period":"hourly","scope":{"type":"agent","id":"x:y%é"}}"#,
                "agent:x%3Ay%25%C3%A9:hourly:a%3Ab",
            ),
            (r#"{"id":"mine","name":"n","limit":1,"period":"total"}"#, "mine"),
        ] {
            assert_eq!(input(json).unwrap().id, id);
        }
    }

    #[test]
    fn refuses_what_is_no_budget() {
        for (change, code, message) in [
            (
                r#"{"limit":-1}"#,
                Code::InvalidAmount,
                "cannot read amount: expected a non-negative decimal number of USD, found \"-1\"",
            ),
            (
                r#"{"limit":"NaN"}"#,
                Code::InvalidAmount,
                "cannot read amount: expected a non-negative decimal number of USD, found \"NaN\"",
            ),
            (
                r#"{"limit":"Infinity"}"#,
                Code::InvalidAmount,
                "cannot read amount: expected a non-negative decimal number of USD, found \"Infinity\"",
            ),
            (
                r#"{"limit":null}"#,
                Code::InvalidAmount,
                "cannot read budget: expected limit to be an amount of USD of at least 0, found none",
            ),
            (
                r#"{"limt":1}"#,
                Code::UnknownOption,
                "cannot read budget: expected one of id, name, limit, period, alertThresholds, action, scope, enabled, timeZone, weekStart, unit, softLimit, rolling, carryOver, burnRate, forecast, limitUsd, revision, createdAt, updatedAt, found unknown option \"limt\"",
            ),
            (
                r#"{"name":""}"#,
                Code::InvalidConfig,
                "cannot read budget: expected name to be a string that is not empty, found another value",
            ),
            (
                r#"{"period":"yearly"}"#,
                Code::InvalidConfig,
                "cannot read period: expected one of hourly, daily, weekly, monthly, total, found another value",
            ),
            (
                r#"{"action":"warn"}"#,
                Code::InvalidConfig,
                "cannot read action: expected one of alert, block, throttle, found another value",
            ),
            (
                r#"{"enabled":"yes"}"#,
                Code::InvalidConfig,
                "cannot read budget: expected enabled to be true or false, found another value",
            ),
            (
                r#"{"weekStart":"friday"}"#,
                Code::InvalidConfig,
                "cannot read weekStart: expected one of monday, sunday, found another value",
            ),
            (
                r#"{"scope":{"type":"team","id":"x"}}"#,
                Code::InvalidInput,
                "cannot read scope: expected type to be one of agent, project, organization, model, user, tag, found another one",
            ),
            (
                r#"{"scope":{"type":"agent","id":""}}"#,
                Code::InvalidInput,
                "cannot read scope: expected id to be a string that is not empty, found an empty one",
            ),
            (
                r#"{"scope":{"type":"agent","id":"x","name":"y"}}"#,
                Code::UnknownOption,
                "cannot read scope: expected one of type, id, found unknown option \"name\"",
            ),
            (
                r#"{"scope":"agent"}"#,
                Code::InvalidConfig,
                "cannot read budget: expected scope to be { type, id }, both strings, found another value",
            ),
        ] {
            let mut map: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(r#"{"name":"n","limit":1,"period":"daily"}"#).unwrap();
            map.extend(serde_json::from_str::<serde_json::Map<_, _>>(change).unwrap());
            let error = input(&serde_json::to_string(&map).unwrap()).unwrap_err();
            assert_eq!((error.code(), error.message()), (code, message), "{change}");
        }
        for thresholds in ["[0]", "[-5]", "[10001]", "[null]", "[\"50\"]", "[50.0000001]", "[\"NaN\"]"] {
            let error = input(&format!(r#"{{"name":"n","limit":1,"period":"daily","alertThresholds":{thresholds}}}"#));
            assert_eq!(
                error.unwrap_err().message(),
                "cannot read alertThresholds: expected percentages above 0, at most 10000, with at most 6 decimals, found another value"
            );
        }
    }

    #[test]
    fn updates_replace_what_they_name() {
        let config =
            input(r#"{"name":"n","limit":"0.123456789012","period":"daily","alertThresholds":[87.5]}"#).unwrap();
        let same = config.updated("{}").unwrap();
        assert_eq!(same, config);
        let more = config.updated(r#"{"limit":20,"action":"block","name":"m","scope":null}"#).unwrap();
        assert_eq!((more.limit.to_string().as_str(), more.action, more.name.as_str()), ("20", Action::Block, "m"));
        assert_eq!((more.id, more.thresholds), (config.id.clone(), config.thresholds.clone()));
        assert_eq!(
            config.updated(r#"{"id":"other"}"#).unwrap_err().message(),
            "cannot update a budget: expected its own id or none, found another one"
        );
        assert_eq!(config.updated(r#"{"limti":1}"#).unwrap_err().code(), Code::UnknownOption);
    }

    #[test]
    fn a_budget_given_back_is_a_template() {
        let config = input(r#"{"name":"n","limit":1,"period":"daily"}"#).unwrap();
        let again = config.to_json().replace(r#""limit":1,"#, r#""limit":5,"#);
        assert_eq!(input(&again).unwrap().limit.to_string(), "5");
        assert_eq!(Config::parse(&again).unwrap().limit.to_string(), "1");
    }

    #[test]
    fn what_a_later_release_says_is_kept_and_lets_nothing_through() {
        let json = r#"{"id":"x","name":"n","limit":1,"limitUsd":"1","period":"yearly","alertThresholds":[50.0,"all",10001],"action":"ask-first","scope":{"type":"team","id":"t"},"enabled":true,"timeZone":"UTC","weekStart":"friday","revision":3,"more":{"n":1.0}}"#;
        let config = Config::parse(json).unwrap();
        assert_eq!((config.action, config.period, config.thresholds.len()), (Action::Block, Period::Total, 1));
        assert_eq!(config.scope, Some(Scope::new("team", "t")));
        assert_eq!(config.to_json(), json);
        assert_eq!(Config::parse(&config.to_json()).unwrap(), config);
        assert!(!config.says_the_same(&Config::parse(&json.replace("ask-first", "block")).unwrap()));
        assert!(!config.is_for_what(&Config::parse(&json.replace("yearly", "total")).unwrap()));
        // What is changed is understood from then on; the rest stays.
        let changed = config.updated(r#"{"action":"alert","limit":2}"#).unwrap();
        let shown = changed.to_json();
        assert_eq!(
            shown,
            json.replace("\"ask-first\"", "\"alert\"").replace("1,\"limitUsd\":\"1\"", "2,\"limitUsd\":\"2\"")
        );
        let fuller = r#"{"id":"x","name":"n","limit":1,"period":"daily","scope":{"type":"tag","id":"t","name":1.0}}"#;
        assert!(Config::parse(fuller).unwrap().to_json().contains(r#""scope":{"type":"tag","id":"t","name":1.0}"#));
        for (strict, code) in [(json, Code::UnknownOption), (fuller, Code::UnknownOption)] {
            assert_eq!(input(strict).unwrap_err().code(), code);
        }
        assert_eq!(config.updated(r#"{"scope":{"type":"team","id":"u"}}"#).unwrap_err().code(), Code::InvalidInput);
        assert_eq!(config.updated(r#"{"period":"yearly"}"#).unwrap_err().code(), Code::InvalidConfig);
    }

    #[test]
    fn windows_depend_on_what_the_period_uses() {
        for (period, change, kept) in [
            ("total", r#"{"timeZone":"Asia/Tokyo","weekStart":"sunday"}"#, true),
            ("monthly", r#"{"weekStart":"sunday"}"#, true),
            ("weekly", r#"{"weekStart":"sunday"}"#, false),
            ("daily", r#"{"timeZone":"Asia/Tokyo"}"#, false),
            ("daily", r#"{"timeZone":"Etc/UTC"}"#, true),
            ("daily", r#"{"limit":2,"name":"other","action":"block"}"#, true),
            ("daily", r#"{"period":"total"}"#, false),
            ("total", r#"{"scope":{"type":"agent","id":"a"}}"#, false),
        ] {
            let config = input(&format!(r#"{{"name":"n","limit":1,"period":"{period}"}}"#)).unwrap();
            assert_eq!(config.updated(change).unwrap().has_windows_of(&config), kept, "{period} {change}");
        }
        let config = input(r#"{"name":"n","limit":1,"period":"daily"}"#).unwrap();
        assert!(config.updated(r#"{"timeZone":"etc/utc"}"#).unwrap().says_the_same(&config));
        assert!(config.has_derived_id() && !config.updated(r#"{"period":"total"}"#).unwrap().has_derived_id());
    }

    #[test]
    fn a_name_that_is_no_text_is_read() {
        assert_eq!(input(r#"{"name":"a\ud83d","limit":1,"period":"total"}"#).unwrap().name, "a\u{fffd}");
    }

    proptest! {
        #[test]
        /// However long its names: a budget that is read can be keyed in any namespace.
        #[test]
        fn every_budget_has_a_key(namespace in "\\PC{1,20}", name in "\\PC{1,200}", scope in "\\PC{1,200}") {
            let json = serde_json::json!({"name": name, "limit": 1, "period": "monthly", "scope": {"type": "organization", "id": scope}});
            let id = input(&json.to_string()).unwrap().id;
            let key = Namespace::new(&namespace).unwrap().key(&Key::Budget(Name::of(&id)));
            prop_assert!(key.is_ok());
        }

        #[test]
        fn thresholds_keep_six_decimals(micro in 1_u64..10_000_000_000) {
            let threshold = Threshold::from_percent(micro as f64 / 1e6).unwrap();
            prop_assert_eq!(threshold.0, micro);
        }
    }
}
