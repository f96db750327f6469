//! A threshold that was reached.

use super::{answer::instant_of, config::Config, threshold::Threshold, unit::Unit};
use crate::{
    json::{Raw, ToJson, Writer, number},
    money::Usd,
    object::Object,
    time::{Instant, Period},
};

/// One alert for each budget, threshold, window and limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Equal for everybody who means the same alert.
    pub id: String,
    /// The budget.
    pub budget_id: String,
    /// Its name.
    pub budget_name: String,
    /// What it counts in.
    pub unit: Unit,
    /// The threshold; [`Threshold::SOFT`], [`Threshold::BURN`] and [`Threshold::FORECAST`] for what is none.
    pub threshold: Threshold,
    /// What reached it: what was spent, or would be.
    pub amount: Usd,
    /// The budget's limit at that time, or its soft limit.
    pub limit: Usd,
    /// Whether only what is held or asked for would reach it.
    pub projected: bool,
    /// When.
    pub at: Instant,
    /// The start of the window; none for `total`, whose window has no beginning.
    pub window_start: Option<Instant>,
    /// How fast it is spent over the long stretch, and until when it lasts so.
    pub burn: Option<(u64, Option<Instant>)>,
}

/// What stands in the place of a threshold, by the name of its kind.
const KINDS: [(Threshold, &str); 3] =
    [(Threshold::SOFT, "soft_limit"), (Threshold::BURN, "burn_rate"), (Threshold::FORECAST, "forecast")];

fn kind_of(threshold: Threshold) -> Option<&'static str> {
    KINDS.into_iter().find(|(known, _)| *known == threshold).map(|(_, name)| name)
}

impl Alert {
    /// The alert of a budget's threshold in a window.
    pub fn new(
        config: &Config,
        threshold: Threshold,
        window_start: Instant,
        (amount, limit): (Usd, Usd),
        projected: bool,
        at: Instant,
    ) -> Self {
        let soft = config.soft_limit.filter(|_| threshold == Threshold::SOFT);
        let limit = soft.unwrap_or(limit);
        let kind = match kind_of(threshold) {
            Some(kind) => kind.split('_').next().unwrap_or_default().to_owned(),
            None => number::print(threshold.percent()),
        };
        let window_start = Some(window_start).filter(|_| config.period != Period::Total);
        let window = window_start.map_or("total".to_owned(), |start| start.to_string());
        Self {
            id: format!("{}@{window}#{kind}/{limit}", config.id),
            budget_id: config.id.clone(),
            budget_name: config.name.clone(),
            unit: config.unit,
            threshold,
            amount,
            limit,
            projected,
            at,
            window_start,
            burn: None,
        }
    }

    /// Reads what [`ToJson`] wrote; the rest follows from it.
    pub fn read(value: Raw<'_>) -> Option<Self> {
        let alert = Object::of(value)?;
        let text = |key: &str| alert.get(key)?.to_text();
        let unit = text("unit").map_or(Unit::Usd, |name| Unit::of(&name));
        let kind = text("kind");
        let burn = match alert.get("burnRate") {
            None => None,
            Some(rate) => {
                let exhausts = text("exhaustsAt").map(|at| Instant::parse(&at)).transpose().ok()?;
                Some(((rate.number()? * 1e6).round() as u64, exhausts))
            }
        };
        Some(Self {
            id: text("id")?,
            budget_id: text("budgetId")?,
            budget_name: text("budgetName")?,
            unit,
            threshold: match kind {
                Some(kind) => KINDS.into_iter().find(|(_, name)| *name == kind)?.0,
                None => Threshold::from_percent(alert.get("threshold")?.number()?).ok()?,
            },
            amount: unit.read_of(&alert, "currentSpending", "currentSpendingUsd")?,
            limit: unit.read_of(&alert, "limit", "limitUsd")?,
            projected: alert.get("projected")?.bool()?,
            at: Instant::parse(&text("timestamp")?).ok()?,
            window_start: text("periodStart").map(|start| Instant::parse(&start)).transpose().ok()?,
            burn,
        })
    }

    /// `critical` from 100 percent, `warning` from 90 and for what is no threshold, `info` below.
    pub fn severity(&self) -> &'static str {
        match self.threshold.percent() {
            _ if kind_of(self.threshold).is_some() => "warning",
            percent if percent >= 100.0 => "critical",
            percent if percent >= 90.0 => "warning",
            _ => "info",
        }
    }

    /// The text that programs match on.
    pub fn message(&self) -> String {
        let (rate, exhausts) = self.burn.unwrap_or_default();
        let reached = match self.threshold {
            Threshold::SOFT => "has passed its soft limit".to_owned(),
            Threshold::BURN => format!("is spent {} times as fast as lasts", number::print(rate as f64 / 1e6)),
            Threshold::FORECAST => {
                format!("will be spent by {} at the present rate", exhausts.unwrap_or_default())
            }
            _ => format!("has reached {}%", number::print(self.threshold.percent())),
        };
        let amount = self.amount.to_fixed(if self.unit == Unit::Usd { 4 } else { 0 });
        format!("Budget \"{}\" {reached} ({amount} / {} {})", self.budget_name, self.limit, self.unit.label())
    }
}

impl ToJson for Alert {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("id", &self.id);
        to.text_of("budgetId", &self.budget_id);
        to.text_of("budgetName", &self.budget_name);
        let kind = kind_of(self.threshold);
        to.optional_text_of("kind", kind);
        to.number_of("threshold", if kind.is_some() { 100.0 } else { self.threshold.percent() });
        to.text_of("severity", self.severity());
        to.text_of("message", &self.message());
        if self.unit != Unit::Usd {
            to.text_of("unit", self.unit.as_str());
        }
        self.unit.write(to, "currentSpending", "currentSpendingUsd", self.amount);
        self.unit.write(to, "limit", "limitUsd", self.limit);
        to.number_of("percentageUsed", self.amount.percent_of(self.limit));
        to.bool_of("projected", self.projected);
        if let Some((rate, exhausts)) = self.burn {
            to.number_of("burnRate", rate as f64 / 1e6);
            instant_of(to, "exhaustsAt", exhausts);
        }
        instant_of(to, "timestamp", Some(self.at));
        instant_of(to, "periodStart", self.window_start);
        // Who has seen it is a matter of the list it is shown in.
        to.bool_of("acknowledged", false);
        to.close('}');
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::WeekStart;

    #[test]
    fn says_what_programs_match_on() {
        let config = Config::parse_input(
            r#"{"name":"Team","limit":"1.5","period":"total","alertThresholds":[50,89.5,90,100]}"#,
            "UTC",
            WeekStart::Monday,
        )
        .unwrap();
        let at = Instant::from_ms(0);
        for (index, amount, severity, message) in [
            (0, "0.75", "info", "Budget \"Team\" has reached 50% (0.7500 / 1.5 USD)"),
            (1, "1.34995", "info", "Budget \"Team\" has reached 89.5% (1.3500 / 1.5 USD)"),
            (2, "1.4", "warning", "Budget \"Team\" has reached 90% (1.4000 / 1.5 USD)"),
            (3, "12345.67891", "critical", "Budget \"Team\" has reached 100% (12345.6789 / 1.5 USD)"),
        ] {
            let alert = Alert::new(
                &config,
                config.thresholds[index],
                at,
                (Usd::parse(amount).unwrap(), config.limit),
                false,
                at,
            );
            assert_eq!((alert.severity(), alert.message().as_str()), (severity, message));
        }
        let alert = Alert::new(&config, config.thresholds[1], at, (Usd::ZERO, config.limit), true, at);
        assert_eq!(alert.id, "all:total:Team@total#89.5/1.5");
    }
}
