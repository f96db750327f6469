//! Totals of many records.

use crate::collections::Map;

use super::{
    record::{Record, SCHEMA},
    scope::Scope,
    segment::schema_of,
    spread::{PERCENTILES, Spread, Statistics, statistics},
};
use crate::{
    json::{Raw, ToJson, Writer},
    money::Usd,
    object::Object,
    time::Instant,
};

/// What records are grouped by: the first three are fields of a record, the others the kinds of its scopes.
pub const DIMENSIONS: [&str; 7] = ["model", "provider", "agent", "project", "organization", "user", "tag"];

/// What is added up of a record.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// When.
    pub at: Instant,
    /// Its cost.
    pub usd: Usd,
    /// Whether a price was known.
    pub priced: bool,
    /// Its model, provider and agent.
    pub names: [&'a str; 3],
    /// Its scopes.
    pub scopes: &'a [Scope],
    /// Tokens of its input, of its output, and all.
    pub tokens: [u64; 3],
}

impl<'a> From<&'a Record> for Facts<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            at: record.timestamp,
            usd: record.usd,
            priced: record.priced,
            names: [&record.model, &record.provider, &record.agent_id],
            scopes: record.scopes.as_deref().unwrap_or_default(),
            tokens: [record.usage.input_tokens(), record.usage.output_tokens(), record.total_tokens()],
        }
    }
}

/// The sums of some records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Their cost.
    pub usd: Usd,
    /// How many.
    pub requests: u64,
    /// Tokens of their input, cache included; of their output; and all.
    pub tokens: [u64; 3],
}

impl Group {
    fn add(&mut self, other: &Self) {
        self.usd = self.usd.saturating_add(other.usd);
        self.requests += other.requests;
        for (sum, more) in self.tokens.iter_mut().zip(other.tokens) {
            *sum = sum.saturating_add(more);
        }
    }

    fn tokens(&self, key: &str, to: &mut Writer) {
        to.key(key);
        to.open('{');
        for (key, count) in ["input", "output", "total"].into_iter().zip(self.tokens) {
            to.number_of(key, count as f64);
        }
        to.close('}');
    }

    /// The members of its public form, without the braces.
    pub(super) fn members(&self, to: &mut Writer) {
        to.number_of("cost", self.usd.to_f64());
        to.value_of("usd", &self.usd);
        to.number_of("requests", self.requests as f64);
        self.tokens("tokens", to);
    }
}

impl ToJson for Group {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        self.members(to);
        to.close('}');
    }
}

/// The sums by one dimension.
pub type Groups = Map<String, Group>;

fn add_to(groups: &mut Groups, name: &str, more: &Group) {
    // Not entry(): most records meet a name that is there, and need no copy of it.
    match groups.get_mut(name) {
        Some(group) => group.add(more),
        None => {
            groups.insert(name.to_owned(), *more);
        }
    }
}

/// The sums of some records, in all and by name. Sums of disjoint sets of records add up to the sums of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Of all.
    pub total: Group,
    /// How many of them had no known price.
    pub unpriced: u64,
    /// By name, for each of [`DIMENSIONS`]. A record counts in each of its scopes.
    pub by: [Groups; DIMENSIONS.len()],
}

impl Sums {
    /// Counts one more record.
    pub fn add(&mut self, facts: &Facts<'_>) {
        let one = Group { usd: facts.usd, requests: 1, tokens: facts.tokens };
        self.total.add(&one);
        self.unpriced += u64::from(!facts.priced);
        let (fields, kinds) = self.by.split_at_mut(facts.names.len());
        for (groups, name) in fields.iter_mut().zip(facts.names) {
            add_to(groups, name, &one);
        }
        for (at, scope) in facts.scopes.iter().enumerate() {
            let dimension = DIMENSIONS.iter().skip(fields.len()).position(|kind| *kind == scope.kind);
            // A scope that is named twice counts once.
            if let Some(groups) = dimension.and_then(|at| kinds.get_mut(at))
                && !facts.scopes.iter().take(at).any(|earlier| earlier == scope)
            {
                add_to(groups, &scope.id, &one);
            }
        }
    }

    /// Counts what was counted elsewhere.
    pub fn merge(&mut self, other: &Self) {
        self.total.add(&other.total);
        self.unpriced += other.unpriced;
        for (groups, more) in self.by.iter_mut().zip(&other.by) {
            more.iter().for_each(|(name, group)| add_to(groups, name, group));
        }
    }

    /// By name, for one of [`DIMENSIONS`] by its place.
    pub fn by(&self, dimension: usize) -> Option<&Groups> {
        self.by.get(dimension)
    }
}

/// The sums of a set of records and how their costs and tokens are spread: what is kept of a day that is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Their sums.
    pub sums: Sums,
    /// When the first and the last of them was; of none it says nothing.
    pub period: Option<(Instant, Instant)>,
    costs: Spread,
    tokens: Spread,
}

impl Part {
    /// Counts one more record.
    pub fn add(&mut self, facts: &Facts<'_>) {
        self.sums.add(facts);
        self.costs.add(facts.usd.pico().unsigned_abs());
        self.tokens.add(u128::from(facts.tokens[2]));
        let (first, last) = self.period.unwrap_or((facts.at, facts.at));
        self.period = Some((first.min(facts.at), last.max(facts.at)));
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let names = self.sums.by.iter().flat_map(Map::keys).map(|name| name.len() + size_of::<(String, Group)>());
        self.costs.bytes() + self.tokens.bytes() + names.sum::<usize>()
    }

    /// Makes it ready for [`Summary::of`].
    pub fn settle(&mut self) {
        self.costs.settle();
        self.tokens.settle();
    }

    /// Reads what [`Part`] writes; `None` for anything else, which is then to be counted anew.
    pub fn parse(json: &str) -> Option<Self> {
        if schema_of("summary", json)? != SCHEMA {
            return None;
        }
        let mut object = Object::parse(json, "summary").ok()?;
        let group = |raw: Raw<'_>| -> Option<Group> {
            let mut items = raw.items()?.into_iter();
            let usd = Usd::parse(&items.next()?.text()?).ok()?;
            let mut next = || items.next()?.whole();
            Some(Group { usd, requests: next()?, tokens: [next()?, next()?, next()?] })
        };
        let spread = |raw: Raw<'_>| -> Option<Spread> {
            let mut spread = Spread::default();
            let mut items = raw.items()?.into_iter();
            let mut value = 0_u128;
            while let Some(step) = items.next() {
                value += step.get().parse::<u128>().ok()?;
                (0..items.next()?.whole()?).for_each(|_| spread.add(value));
            }
            Some(spread)
        };
        let mut part = Self::default();
        part.sums.total = group(object.take("total")?)?;
        part.sums.unpriced = object.take("unpriced")?.whole()?;
        for (groups, raw) in part.sums.by.iter_mut().zip(object.take("by")?.items()?) {
            for (name, raw) in raw.members()? {
                groups.insert(name.into_owned(), group(raw)?);
            }
        }
        let mut at = |key| Instant::from_number(object.take(key)?.number()?).ok();
        part.period = Some((at("first")?, at("last")?));
        part.costs = spread(object.take("costs")?)?;
        part.tokens = spread(object.take("tokens")?)?;
        let count = part.sums.total.requests as usize;
        (part.costs.len() == count && part.tokens.len() == count).then_some(part)
    }
}

impl ToJson for Part {
    /// The stored form, of a part that is settled.
    fn write(&self, to: &mut Writer) {
        let group = |to: &mut Writer, group: &Group| {
            to.open('[');
            to.value(&group.usd);
            to.number(group.requests as f64);
            group.tokens.iter().for_each(|count| to.number(*count as f64));
            to.close(']');
        };
        to.open('{');
        to.text_of("tollgate", "summary");
        to.number_of("schema", SCHEMA);
        let (first, last) = self.period.unwrap_or_default();
        to.number_of("first", first.ms() as f64);
        to.number_of("last", last.ms() as f64);
        to.key("total");
        group(to, &self.sums.total);
        to.number_of("unpriced", self.sums.unpriced as f64);
        to.key("by");
        to.open('[');
        for groups in &self.sums.by {
            to.open('{');
            for (name, one) in groups {
                to.key(name);
                group(to, one);
            }
            to.close('}');
        }
        to.close(']');
        for (key, spread) in [("costs", &self.costs), ("tokens", &self.tokens)] {
            to.key(key);
            to.open('[');
            let mut before = 0;
            for (value, count) in spread.runs() {
                to.raw(&(value - before).to_string());
                to.number(count as f64);
                before = value;
            }
            to.close(']');
        }
        to.close('}');
    }
}

/// What records add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Their sums.
    pub sums: Sums,
    /// How their costs are spread, in pico-dollars.
    pub costs: Statistics,
    /// How their tokens are spread.
    pub tokens: Statistics,
    /// The first and last instant that was asked for.
    pub period: (Instant, Instant),
}

impl Summary {
    /// What disjoint sets of records add up to; they must be settled.
    pub fn of(period: (Instant, Instant), parts: &[&Part]) -> Self {
        let mut sums = Sums::default();
        parts.iter().for_each(|part| sums.merge(&part.sums));
        Self {
            sums,
            costs: statistics(&parts.iter().map(|part| &part.costs).collect::<Vec<_>>()),
            tokens: statistics(&parts.iter().map(|part| &part.tokens).collect::<Vec<_>>()),
            period,
        }
    }
}

/// The summary of any records; its period runs from the first to the last of them (of none: 1970 to 1970).
pub fn summarize<'a>(records: impl IntoIterator<Item = &'a Record>) -> Summary {
    let mut part = Part::default();
    records.into_iter().for_each(|record| part.add(&Facts::from(record)));
    part.settle();
    Summary::of(part.period.unwrap_or_default(), &[&part])
}

/// Pico-dollars that some record had.
fn usd_of(pico: u128) -> Usd {
    i128::try_from(pico).ok().and_then(Usd::from_pico).unwrap_or_default()
}

impl Summary {
    /// How something is spread: numbers, and for money the exact decimals beside them.
    fn spread(&self, key: &str, spread: &Statistics, mean: (f64, Option<Usd>), to: &mut Writer) {
        let money = mean.1.is_some();
        let number = |value: u128| if money { usd_of(value).to_f64() } else { value as f64 };
        let median =
            if money { usd_of(spread.median_doubled).mean(2).to_f64() } else { spread.median_doubled as f64 / 2.0 };
        let named = |to: &mut Writer, each: &dyn Fn(&mut Writer, &str, u128)| {
            for (percent, value) in PERCENTILES.into_iter().zip(spread.percentiles) {
                each(to, &format!("p{percent}"), value);
            }
        };
        to.key(key);
        to.open('{');
        to.number_of("min", number(spread.min));
        to.number_of("max", number(spread.max));
        to.number_of("mean", mean.0);
        to.number_of("median", median);
        named(to, &|to, key, value| to.number_of(key, number(value)));
        if let Some(mean) = mean.1 {
            to.key("usd");
            to.open('{');
            to.value_of("min", &usd_of(spread.min));
            to.value_of("max", &usd_of(spread.max));
            to.value_of("mean", &mean);
            to.value_of("median", &usd_of(spread.median_doubled).mean(2));
            named(to, &|to, key, value| to.value_of(key, &usd_of(value)));
            to.close('}');
        }
        to.close('}');
    }
}

impl ToJson for Summary {
    /// The public form: groups are keyed by a user's text, so it crosses as text.
    fn write(&self, to: &mut Writer) {
        let Sums { total, unpriced, by } = &self.sums;
        let average = total.usd.mean(total.requests);
        let groups = || ["byModel", "byProvider", "byAgent"].into_iter().zip(by);
        to.open('{');
        to.number_of("totalCost", total.usd.to_f64());
        to.value_of("totalUsd", &total.usd);
        to.number_of("totalRequests", total.requests as f64);
        to.number_of("averageCostPerRequest", average.to_f64());
        to.value_of("averageUsdPerRequest", &average);
        for (key, group) in groups() {
            to.key(key);
            to.open('{');
            group.iter().for_each(|(name, group)| to.number_of(name, group.usd.to_f64()));
            to.close('}');
        }
        to.key("usd");
        to.open('{');
        for (key, group) in groups() {
            to.key(key);
            to.open('{');
            group.iter().for_each(|(name, group)| to.value_of(name, &group.usd));
            to.close('}');
        }
        to.close('}');
        to.key("period");
        to.open('{');
        to.text_of("start", &self.period.0.to_string());
        to.text_of("end", &self.period.1.to_string());
        to.close('}');
        total.tokens("totalTokens", to);
        to.number_of("unpricedRequests", *unpriced as f64);
        to.key("by");
        to.open('{');
        for (key, groups) in DIMENSIONS.into_iter().zip(by) {
            write_groups(key, groups, to);
        }
        to.close('}');
        self.spread("costPerRequest", &self.costs, (average.to_f64(), Some(average)), to);
        let tokens = if total.requests == 0 { 0.0 } else { total.tokens[2] as f64 / total.requests as f64 };
        self.spread("tokensPerRequest", &self.tokens, (tokens, None), to);
        to.close('}');
    }
}

/// A member that holds groups by name.
pub(super) fn write_groups(key: &str, groups: &Groups, to: &mut Writer) {
    to.key(key);
    to.open('{');
    groups.iter().for_each(|(name, group)| to.value_of(name, group));
    to.close('}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_adds_up_to_zeros() {
        assert_eq!(
            Summary::of((Instant::from_ms(0), Instant::from_ms(1)), &[]).to_json(),
            r#"{"totalCost":0,"totalUsd":"0","totalRequests":0,"averageCostPerRequest":0,"averageUsdPerRequest":"0","byModel":{},"byProvider":{},"byAgent":{},"usd":{"byModel":{},"byProvider":{},"byAgent":{}},"period":{"start":"1970-01-01T00:00:00.000Z","end":"1970-01-01T00:00:00.001Z"},"totalTokens":{"input":0,"output":0,"total":0},"unpricedRequests":0,"by":{"model":{},"provider":{},"agent":{},"project":{},"organization":{},"user":{},"tag":{}},"costPerRequest":{"min":0,"max":0,"mean":0,"median":0,"p75":0,"p90":0,"p95":0,"p99":0,"usd":{"min":"0","max":"0","mean":"0","median":"0","p75":"0","p90":"0","p95":"0","p99":"0"}},"tokensPerRequest":{"min":0,"max":0,"mean":0,"median":0,"p75":0,"p90":0,"p95":0,"p99":0}}"#
        );
    }

    #[test]
    fn sums_are_exact_and_keyed_by_any_text() {
        let records: Vec<Record> = ["0.1", "0.2", "0.3"]
            .iter()
            .map(|usd| {
                Record::parse(&format!(
                    r#"{{"id":"r{usd}","model":"__proto__","agentId":"constructor","timestamp":0,"usd":"{usd}","scopes":[{{"type":"tag","id":"t"}},{{"type":"tag","id":"t"}},{{"type":"tag","id":"{usd}"}}],"actualTokens":{{"inputTokens":10,"cacheReadTokens":5,"outputTokens":1,"totalTokens":16}}}}"#
                ))
                .unwrap()
            })
            .collect();
        let summary = summarize(&records);
        let total = summary.sums.total;
        assert_eq!((total.usd.to_string(), total.usd.mean(3).to_string()), ("0.6".into(), "0.2".into()));
        assert_eq!(total.tokens, [45, 3, 48]);
        let json: serde_json::Value = serde_json::from_str(&summary.to_json()).unwrap();
        assert_eq!(json["usd"]["byModel"]["__proto__"], "0.6");
        assert_eq!(json["byAgent"]["constructor"], 0.6);
        assert_eq!(json["by"]["tag"]["t"]["usd"], "0.6");
        assert_eq!(json["by"]["tag"]["0.3"]["requests"], 1.0);
        assert_eq!(json["costPerRequest"]["usd"]["median"], "0.2");
        assert_eq!(json["costPerRequest"]["usd"]["p99"], "0.3");
        assert_eq!(json["tokensPerRequest"]["mean"], 16.0);
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
                record.scopes = Some(vec![Scope::new("user", &format!("u{name}"))]);
                record
            }).collect();
            let (left, right) = records.split_at(cut.min(records.len()));
            let part = |records: &[Record]| {
                let mut part = Part::default();
                records.iter().for_each(|record| part.add(&Facts::from(record)));
                part.settle();
                part
            };
            let (left, right) = (part(left), part(right));
            let all = summarize(&records);
            prop_assert_eq!(&Summary::of(all.period, &[&left, &right]), &all);
            prop_assert_eq!(all.sums.by[0].values().map(|group| group.usd).sum::<Usd>(), all.sums.total.usd);
            // What was written down is read back.
            for part in [left, right] {
                let read = Part::parse(&part.to_json());
                prop_assert_eq!(read, (!part.costs.is_empty()).then_some(part).or(Some(Part { period: Some(Default::default()), ..Part::default() })));
            }
        }
    }

    #[test]
    fn what_is_no_part_is_counted_anew() {
        for text in [
            "",
            "{}",
            r#"{"tollgate":"summary","schema":2}"#,
            r#"{"tollgate":"summary","schema":1,"first":0,"last":0,"total":["1",1,0,0,0],"unpriced":0,"by":[],"costs":[],"tokens":[]}"#,
        ] {
            assert_eq!(Part::parse(text), None, "{text}");
        }
    }
}
