//! Totals of many records.

use crate::collections::Map;

use super::record::Record;
use crate::{
    json::{ToJson, Writer},
    money::Usd,
    time::Instant,
};

/// What records add up to. Sums of disjoint sets of records add up to the sum of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The cost of all.
    pub total: Usd,
    /// How many records.
    pub requests: u64,
    /// How many of them without a known price.
    pub unpriced: u64,
    /// Cost by model, as asked for.
    pub by_model: Map<String, Usd>,
    /// Cost by provider.
    pub by_provider: Map<String, Usd>,
    /// Cost by agent.
    pub by_agent: Map<String, Usd>,
    /// Input tokens, cache included.
    pub input_tokens: u64,
    /// Output tokens of every kind.
    pub output_tokens: u64,
    /// All tokens.
    pub total_tokens: u64,
    /// The first and last instant that was asked for.
    pub period: (Instant, Instant),
}

impl Summary {
    /// The summary of nothing in a period.
    pub fn of(start: Instant, end: Instant) -> Self {
        Self { period: (start, end), ..Self::default() }
    }

    /// Counts one more record; it does not look at the period.
    pub fn add(&mut self, record: &Record) {
        self.total = self.total.saturating_add(record.usd);
        self.requests += 1;
        self.unpriced += u64::from(!record.priced);
        for (group, name) in [
            (&mut self.by_model, &record.model),
            (&mut self.by_provider, &record.provider),
            (&mut self.by_agent, &record.agent_id),
        ] {
            // Not entry(): most records meet a name that is there, and need no copy of it.
            match group.get_mut(name) {
                Some(sum) => *sum = sum.saturating_add(record.usd),
                None => {
                    group.insert(name.clone(), record.usd);
                }
            }
        }
        self.input_tokens = self.input_tokens.saturating_add(record.usage.input_tokens());
        self.output_tokens = self.output_tokens.saturating_add(record.usage.output_tokens());
        self.total_tokens = self.total_tokens.saturating_add(record.total_tokens());
    }
}

/// The summary of any records; its period runs from the first to the last of them (of none: 1970 to 1970).
pub fn summarize<'a>(records: impl IntoIterator<Item = &'a Record>) -> Summary {
    let mut summary = Summary::default();
    for record in records {
        let (start, end) = summary.period;
        summary.period = if summary.requests == 0 {
            (record.timestamp, record.timestamp)
        } else {
            (start.min(record.timestamp), end.max(record.timestamp))
        };
        summary.add(record);
    }
    summary
}

impl ToJson for Summary {
    /// The public form: groups are keyed by a user's text, so it crosses as text.
    fn write(&self, to: &mut Writer) {
        let average = self.total.mean(self.requests);
        let groups = [("byModel", &self.by_model), ("byProvider", &self.by_provider), ("byAgent", &self.by_agent)];
        to.open('{');
        to.number_of("totalCost", self.total.to_f64());
        to.value_of("totalUsd", &self.total);
        to.number_of("totalRequests", self.requests as f64);
        to.number_of("averageCostPerRequest", average.to_f64());
        to.value_of("averageUsdPerRequest", &average);
        for (key, group) in groups {
            to.key(key);
            to.open('{');
            group.iter().for_each(|(name, usd)| to.number_of(name, usd.to_f64()));
            to.close('}');
        }
        to.key("usd");
        to.open('{');
        for (key, group) in groups {
            to.key(key);
            to.open('{');
            group.iter().for_each(|(name, usd)| to.value_of(name, usd));
            to.close('}');
        }
        to.close('}');
        to.key("period");
        to.open('{');
        to.text_of("start", &self.period.0.to_string());
        to.text_of("end", &self.period.1.to_string());
        to.close('}');
        to.key("totalTokens");
        to.open('{');
        to.number_of("input", self.input_tokens as f64);
        to.number_of("output", self.output_tokens as f64);
        to.number_of("total", self.total_tokens as f64);
        to.close('}');
        to.number_of("unpricedRequests", self.unpriced as f64);
        to.close('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_adds_up_to_zeros() {
        assert_eq!(
            Summary::of(Instant::from_ms(0), Instant::from_ms(1)).to_json(),
            r#"{"totalCost":0,"totalUsd":"0","totalRequests":0,"averageCostPerRequest":0,"averageUsdPerRequest":"0","byModel":{},"byProvider":{},"byAgent":{},"usd":{"byModel":{},"byProvider":{},"byAgent":{}},"period":{"start":"1970-01-01T00:00:00.000Z","end":"1970-01-01T00:00:00.001Z"},"totalTokens":{"input":0,"output":0,"total":0},"unpricedRequests":0}"#
        );
    }

    #[test]
    fn sums_are_exact_and_keyed_by_any_text() {
        let records: Vec<Record> = ["0.1", "0.2", "0.3"]
            .iter()
            .map(|usd| {
                Record::parse(&format!(
                    r#"{{"id":"r{usd}","model":"__proto__","agentId":"constructor","timestamp":0,"usd":"{usd}","actualTokens":{{"inputTokens":10,"cacheReadTokens":5,"outputTokens":1,"totalTokens":16}}}}"#
                ))
                .unwrap()
            })
            .collect();
        let summary = summarize(&records);
        assert_eq!((summary.total.to_string(), summary.total.mean(3).to_string()), ("0.6".into(), "0.2".into()));
        assert_eq!((summary.input_tokens, summary.output_tokens, summary.total_tokens), (45, 3, 48));
        let json: serde_json::Value = serde_json::from_str(&summary.to_json()).unwrap();
        assert_eq!(json["usd"]["byModel"]["__proto__"], "0.6");
        assert_eq!(json["byAgent"]["constructor"], 0.6);
    }

    proptest! {
        #[test]
        fn summaries_add_over_disjoint_sets(
            costs in prop::collection::vec((0_i128..1_i128 << 70, 0_u8..3, any::<bool>()), 0..40), cut in 0_usize..40,
        ) {
            let records: Vec<Record> = costs.iter().enumerate().map(|(index, (pico, name, priced))| {
                let mut record = Record::new(&format!("r{index}"), &format!("m{name}"), Instant::from_ms(index as i64));
                record.usd = Usd::from_pico(*pico).unwrap();
                record.priced = *priced;
                record
            }).collect();
            let (left, right) = records.split_at(cut.min(records.len()));
            let (left, right, all) = (summarize(left), summarize(right), summarize(&records));
            prop_assert_eq!(left.total.saturating_add(right.total), all.total);
            prop_assert_eq!(left.requests + right.requests, all.requests);
            prop_assert_eq!(left.unpriced + right.unpriced, all.unpriced);
            for (name, sum) in &all.by_model {
                let part = |summary: &Summary| summary.by_model.get(name).copied().unwrap_or_default();
                prop_assert_eq!(part(&left).saturating_add(part(&right)), *sum);
            }
            prop_assert_eq!(all.by_model.values().copied().sum::<Usd>(), all.total);
        }
    }
}
