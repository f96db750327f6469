//! A budget: how much, for what, over which time.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::Scope;
use crate::{
    error::{Code, Error, Result, check_keys},
    ledger::keys::encode,
    money::Usd,
    time::{Instant, Period, WeekStart},
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
    /// The most that may be spent in a window.
    pub limit: Usd,
    /// The length of a window.
    pub period: Period,
    /// When to tell, in the order given.
    pub thresholds: Vec<Threshold>,
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
}

const WHAT: &str = "budget";
/// What a caller may say.
const INPUT_KEYS: [&str; 10] =
    ["id", "name", "limit", "period", "alertThresholds", "action", "scope", "enabled", "timeZone", "weekStart"];
/// What else stands in a budget that was given back, and so may come in again.
const GIVEN_KEYS: [&str; 4] = ["limitUsd", "revision", "createdAt", "updatedAt"];

impl Config {
    /// Reads what a caller says of a budget to be; `time_zone` and `week_start` are the defaults for its calendar.
    ///
    /// A limit that is negative or no number is [`Code::InvalidAmount`], an unknown key [`Code::UnknownOption`], anything
    /// else [`Code::InvalidConfig`].
    pub fn parse_input(json: &str, time_zone: &str, week_start: WeekStart) -> Result<Self> {
        let mut map = object(json)?;
        for key in GIVEN_KEYS {
            // A budget that was given back is taken as a template: what the ledger keeps is not the caller's to say.
            map.remove(key);
        }
        Self::read(map, time_zone, week_start)
    }

    /// Reads a budget as it was given back.
    pub fn parse(json: &str) -> Result<Self> {
        let mut map = object(json)?;
        if let Some(exact) = map.remove("limitUsd").filter(|value| !value.is_null()) {
            map.insert("limit".to_owned(), exact);
        }
        let revision = map.remove("revision").and_then(|value| value.as_u64()).and_then(|n| u32::try_from(n).ok());
        let mut instant = |key: &str| match map.remove(key) {
            Some(Value::String(text)) => Instant::parse(&text).map(Some),
            _ => Ok(None),
        };
        let (created_at, updated_at) = (instant("createdAt")?, instant("updatedAt")?);
        let config = Self::read(map, "UTC", WeekStart::Monday)?;
        Ok(Self { revision: revision.unwrap_or(1).max(1), created_at, updated_at, ..config })
    }

    /// This budget with some of its fields replaced. Its id stays.
    pub fn updated(&self, json: &str) -> Result<Self> {
        let mut changes = object(json)?;
        for key in GIVEN_KEYS {
            changes.remove(key);
        }
        if changes.remove("id").is_some_and(|id| id.as_str() != Some(&self.id)) {
            return Err(Error::config("cannot update a budget: expected its own id or none, found another one"));
        }
        check_keys(WHAT, changes.keys().map(String::as_str), &INPUT_KEYS)?;
        let Ok(Value::Object(mut map)) = serde_json::to_value(self) else {
            return Err(Error::internal("cannot update a budget: expected it to be an object"));
        };
        map.insert("limit".to_owned(), Value::String(self.limit.to_string()));
        for key in GIVEN_KEYS {
            map.remove(key);
        }
        map.extend(changes.into_iter().filter(|(_, value)| !value.is_null()));
        let config = Self::read(map, "UTC", WeekStart::Monday)?;
        Ok(Self { revision: self.revision, created_at: self.created_at, updated_at: self.updated_at, ..config })
    }

    fn read(map: Map<String, Value>, time_zone: &str, week_start: WeekStart) -> Result<Self> {
        let known: Vec<&str> = INPUT_KEYS.into_iter().chain(GIVEN_KEYS).collect();
        check_keys(WHAT, map.keys().map(String::as_str), &known)?;
        let get = |key: &str| map.get(key).filter(|value| !value.is_null());
        let text = |key: &str| match get(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.as_str())),
            Some(_) => Err(wrong(key, "a string that is not empty")),
        };
        let name = text("name")?.ok_or_else(|| wrong("name", "a string that is not empty"))?.to_owned();
        let limit = match get("limit") {
            Some(Value::String(text)) => Usd::parse(text)?,
            // A JSON number is its own shortest decimal.
            Some(Value::Number(number)) => Usd::parse(&number.to_string())?,
            _ => {
                return Err(Error::new(
                    Code::InvalidAmount,
                    "cannot read budget: expected limit to be an amount of USD of at least 0, found none",
                ));
            }
        };
        let period = Period::parse(text("period")?.unwrap_or_default())?;
        let scope = get("scope")
            .map(|scope| {
                check_scope_keys(scope)?;
                serde_json::from_value::<Scope>(scope.clone())
                    .map_err(|_| wrong("scope", "{ type, id }, both strings"))?
                    .checked()
            })
            .transpose()?;
        let thresholds = match get("alertThresholds") {
            None => Threshold::DEFAULT.to_vec(),
            Some(Value::Array(all)) => all
                .iter()
                .map(|value| Threshold::from_percent(value.as_f64().unwrap_or(f64::NAN)))
                .collect::<Result<_>>()?,
            Some(_) => return Err(wrong("alertThresholds", "an array of percentages")),
        };
        Ok(Self {
            id: text("id")?.map_or_else(|| derive_id(scope.as_ref(), period, &name), str::to_owned),
            name,
            limit,
            period,
            thresholds,
            action: text("action")?.map_or(Ok(Action::Alert), Action::parse)?,
            scope,
            enabled: match get("enabled") {
                None => true,
                Some(Value::Bool(enabled)) => *enabled,
                Some(_) => return Err(wrong("enabled", "true or false")),
            },
            time_zone: text("timeZone")?.unwrap_or(time_zone).to_owned(),
            week_start: text("weekStart")?.map_or(Ok(week_start), parse_week_start)?,
            revision: 1,
            created_at: None,
            updated_at: None,
        })
    }

    /// Whether it binds a call of these scopes.
    pub fn binds(&self, scopes: &[Scope]) -> bool {
        self.scope.as_ref().is_none_or(|scope| scopes.contains(scope))
    }

    /// Whether it says the same as another, whatever the ledger added.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let said = |config: &Self| Self { revision: 0, created_at: None, updated_at: None, ..config.clone() };
        said(self) == said(other)
    }

    /// Whether windows of the other budget can be kept for this one.
    pub fn has_windows_of(&self, other: &Self) -> bool {
        (self.period, &self.scope, &self.time_zone, self.week_start)
            == (other.period, &other.scope, &other.time_zone, other.week_start)
    }

    /// The public form, as JSON.
    pub fn to_json(&self) -> String {
        // Strings and finite numbers: serializing does not fail.
        serde_json::to_string(self).unwrap_or_default()
    }
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
fn derive_id(scope: Option<&Scope>, period: Period, name: &str) -> String {
    let (period, name) = (period.as_str(), encode(name));
    match scope {
        Some(scope) => format!("{}:{}:{period}:{name}", encode(&scope.kind), encode(&scope.id)),
        None => format!("all:{period}:{name}"),
    }
}

fn object(json: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(json).map_err(|_| Error::config("cannot read budget: expected an object, found another value"))
}

fn check_scope_keys(scope: &Value) -> Result<()> {
    match scope.as_object() {
        Some(map) => check_keys("scope", map.keys().map(String::as_str), &["type", "id"]),
        None => Err(wrong("scope", "{ type, id }, both strings")),
    }
}

fn wrong(key: &str, expected: &str) -> Error {
    Error::config(format!("cannot read {WHAT}: expected {key} to be {expected}, found another value"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Given<'a> {
    id: &'a str,
    name: &'a str,
    limit: f64,
    limit_usd: Usd,
    period: &'static str,
    alert_thresholds: Vec<f64>,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: &'a Option<Scope>,
    enabled: bool,
    time_zone: &'a str,
    week_start: &'static str,
    revision: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
}

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Given {
            id: &self.id,
            name: &self.name,
            limit: self.limit.to_f64(),
            limit_usd: self.limit,
            period: self.period.as_str(),
            alert_thresholds: self.thresholds.iter().map(|threshold| threshold.percent()).collect(),
            action: self.action.as_str(),
            scope: &self.scope,
            enabled: self.enabled,
            time_zone: &self.time_zone,
            week_start: match self.week_start {
                WeekStart::Monday => "monday",
                WeekStart::Sunday => "sunday",
            },
            revision: self.revision,
            created_at: self.created_at.map(|at| at.to_string()),
            updated_at: self.updated_at.map(|at| at.to_string()),
        }
        .serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn input(json: &str) -> Result<Config> {
        Config::parse_input(json, "UTC", WeekStart::Monday)
    }

    #[test]
    fn fills_in_what_is_absent() {
        let config = input(r#"{"name":"Team A","limit":0.30000000000000004,"period":"daily","scope":null}"#).unwrap();
        assert_eq!(
            config.to_json(),
            r#"{"id":"all:daily:Team%20A","name":"Team A","limit":0.3,"limitUsd":"0.3","period":"daily","alertThresholds":[50.0,75.0,90.0,100.0],"action":"alert","enabled":true,"timeZone":"UTC","weekStart":"monday","revision":1}"#
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
                "cannot read budget: expected one of id, name, limit, period, alertThresholds, action, scope, enabled, timeZone, weekStart, limitUsd, revision, createdAt, updatedAt, found unknown option \"limt\"",
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
            let mut map = object(r#"{"name":"n","limit":1,"period":"daily"}"#).unwrap();
            map.extend(object(change).unwrap());
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
        let again = config.to_json().replace(r#""limit":1.0"#, r#""limit":5"#);
        assert_eq!(input(&again).unwrap().limit.to_string(), "5");
        assert_eq!(Config::parse(&again).unwrap().limit.to_string(), "1");
    }

    proptest! {
        #[test]
        fn thresholds_keep_six_decimals(micro in 1_u64..10_000_000_000) {
            let threshold = Threshold::from_percent(micro as f64 / 1e6).unwrap();
            prop_assert_eq!(threshold.0, micro);
        }
    }
}
