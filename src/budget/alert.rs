//! A threshold that was reached.

use serde::{Serialize, Serializer};

use super::config::{Config, Threshold};
use crate::{
    money::Usd,
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
    /// The threshold.
    pub threshold: Threshold,
    /// What reached it: what was spent, or would be.
    pub amount: Usd,
    /// The budget's limit at that time.
    pub limit: Usd,
    /// Whether only what is held or asked for would reach it.
    pub projected: bool,
    /// When.
    pub at: Instant,
    /// The start of the window; none for `total`, whose window has no beginning.
    pub window_start: Option<Instant>,
}

impl Alert {
    /// The alert of a budget's threshold in a window.
    pub fn new(
        config: &Config,
        threshold: Threshold,
        window_start: Instant,
        amount: Usd,
        projected: bool,
        at: Instant,
    ) -> Self {
        let window_start = Some(window_start).filter(|_| config.period != Period::Total);
        let window = window_start.map_or("total".to_owned(), |start| start.to_string());
        Self {
            id: format!("{}@{window}#{}/{}", config.id, threshold.percent(), config.limit),
            budget_id: config.id.clone(),
            budget_name: config.name.clone(),
            threshold,
            amount,
            limit: config.limit,
            projected,
            at,
            window_start,
        }
    }

    /// `critical` from 100 percent, `warning` from 90, `info` below.
    pub fn severity(&self) -> &'static str {
        match self.threshold.percent() {
            percent if percent >= 100.0 => "critical",
            percent if percent >= 90.0 => "warning",
            _ => "info",
        }
    }

    /// The text that programs match on.
    pub fn message(&self) -> String {
        format!(
            "Budget \"{}\" has reached {}% ({} / {} USD)",
            self.budget_name,
            self.threshold.percent(),
            self.amount.to_fixed(4),
            self.limit
        )
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Given<'a> {
    id: &'a str,
    budget_id: &'a str,
    budget_name: &'a str,
    threshold: f64,
    severity: &'static str,
    message: String,
    current_spending: f64,
    current_spending_usd: Usd,
    limit: f64,
    limit_usd: Usd,
    percentage_used: f64,
    projected: bool,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    period_start: Option<String>,
    acknowledged: bool,
}

impl Serialize for Alert {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Given {
            id: &self.id,
            budget_id: &self.budget_id,
            budget_name: &self.budget_name,
            threshold: self.threshold.percent(),
            severity: self.severity(),
            message: self.message(),
            current_spending: self.amount.to_f64(),
            current_spending_usd: self.amount,
            limit: self.limit.to_f64(),
            limit_usd: self.limit,
            percentage_used: self.amount.percent_of(self.limit),
            projected: self.projected,
            timestamp: self.at.to_string(),
            period_start: self.window_start.map(|start| start.to_string()),
            // Who has seen it is a matter of the list it is shown in.
            acknowledged: false,
        }
        .serialize(to)
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
            let alert = Alert::new(&config, config.thresholds[index], at, Usd::parse(amount).unwrap(), false, at);
            assert_eq!((alert.severity(), alert.message().as_str()), (severity, message));
        }
        let alert = Alert::new(&config, config.thresholds[1], at, Usd::ZERO, true, at);
        assert_eq!(alert.id, "all:total:Team@total#89.5/1.5");
    }
}
