//! Questions about records: a page of them, what they add up to, how that runs over time, who stands at the top.
//!
//! A question is asked of any host in the same way. *Plan*: [`Ask::plan`] says which records to read, and in which order.
//! *Fold*: a [`Fold`] takes in what was read, record by record or as sums of whole days, and [`Fold::finish`] answers.

use std::cmp::Ordering;
use std::rc::Rc;

use super::{
    filter::{FILTER_KEYS, Filter, NAMED},
    memory::to_json,
    record::Record,
    summary::{DIMENSIONS, Facts, Part, Summary, Sums, write_groups},
};
use crate::{
    collections::{Map, sort_by},
    error::{Error, Result, check_keys},
    json::{ToJson, Writer},
    object::Object,
    time::{Instant, MINUTE, Period, WeekStart, Zone},
};

/// The most records on a page, and the most names at the top.
const MAX_LIMIT: u32 = 1_000;
/// The most points of a series.
const MAX_POINTS: usize = 10_000;

/// A question.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Which records are meant.
    pub filter: Filter,
    shape: Shape,
    /// The zone whose days, weeks and months are meant.
    pub time_zone: String,
}

#[derive(Clone, Debug)]
enum Shape {
    Page { order: usize, descending: bool, limit: usize, after: Option<Place> },
    Summary { period: (Instant, Instant) },
    Series { interval: usize, week_start: WeekStart, group: Option<usize> },
    Top { of: usize, by: usize, limit: usize },
}

/// What a page may be ordered by.
const ORDERS: [&str; 3] = ["timestamp", "cost", "tokens"];
/// What names at the top may be measured by.
const MEASURES: [&str; 3] = ["cost", "tokens", "requests"];
/// The intervals of a series, and the windows they are.
const INTERVALS: [(&str, Period); 4] =
    [("hour", Period::Hourly), ("day", Period::Daily), ("week", Period::Weekly), ("month", Period::Monthly)];

/// Where a record stands among others: by what they are ordered by, then by time, then by id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    key: i128,
    at: Instant,
    id: String,
}

/// Which of some words an option is.
fn one_of<'a>(
    object: &mut Object<'_>,
    key: &str,
    words: impl Iterator<Item = &'a str> + Clone,
) -> Result<Option<usize>> {
    let Some(raw) = object.take(key) else { return Ok(None) };
    let text = raw.text();
    words.clone().position(|word| text.as_deref() == Some(word)).map(Some).ok_or_else(|| {
        let words: Vec<&str> = words.collect();
        Error::input(format!(
            "cannot read query: expected {key} to be one of {}, found another value",
            words.join(", ")
        ))
    })
}

impl Ask {
    /// What a range adds up to, of one agent or of all.
    pub fn summary(start: Instant, end: Instant, agent_id: Option<&str>) -> Self {
        let filter = Filter::range(Some(start), Some(end), agent_id);
        Self { filter, shape: Shape::Summary { period: (start, end) }, time_zone: String::new() }
    }

    /// Reads a question: `query` (for a page, `cursor` being where the page before it ended), `series` or `top`.
    pub fn parse(kind: &str, json: &str, cursor: Option<&str>) -> Result<Self> {
        let mut object = Object::parse(json, "query")?;
        let own: &[&str] = match kind {
            "query" => &["orderBy", "order", "limit"],
            "series" => &["interval", "timeZone", "weekStart", "groupBy"],
            "top" => &["of", "by", "limit"],
            _ => return Err(Error::internal("cannot read query: expected query, series or top")),
        };
        let known: Vec<&str> = NAMED.into_iter().chain(FILTER_KEYS).chain(own.iter().copied()).collect();
        check_keys("query", object.keys(), &known)?;
        let filter = Filter::take(&mut object)?;
        let mut limit = |default| -> Result<usize> {
            let limit = object.take_whole("limit", "query")?.unwrap_or(default);
            if (1..=MAX_LIMIT).contains(&limit) {
                Ok(limit as usize)
            } else {
                Err(Error::input(format!(
                    "cannot read query: expected limit to be from 1 to {MAX_LIMIT}, found {limit}"
                )))
            }
        };
        let mut time_zone = String::new();
        let shape = match kind {
            "query" => {
                let limit = limit(100)?;
                let order = one_of(&mut object, "orderBy", ORDERS.into_iter())?.unwrap_or(0);
                let descending = one_of(&mut object, "order", ["asc", "desc"].into_iter())? == Some(1);
                let after = cursor.map(|cursor| Place::parse(cursor, order, descending)).transpose()?;
                Shape::Page { order, descending, limit, after }
            }
            "series" => {
                let interval =
                    one_of(&mut object, "interval", INTERVALS.into_iter().map(|(word, _)| word))?.unwrap_or(1);
                time_zone = object.take_text("timeZone", "query")?.unwrap_or_default();
                let sunday = one_of(&mut object, "weekStart", ["monday", "sunday"].into_iter())? == Some(1);
                let group = one_of(&mut object, "groupBy", DIMENSIONS.into_iter())?;
                Shape::Series {
                    interval,
                    week_start: if sunday { WeekStart::Sunday } else { WeekStart::Monday },
                    group,
                }
            }
            _ => Shape::Top {
                limit: limit(10)?,
                of: one_of(&mut object, "of", DIMENSIONS.into_iter())?.unwrap_or(0),
                by: one_of(&mut object, "by", MEASURES.into_iter())?.unwrap_or(0),
            },
        };
        Ok(Self { filter, shape, time_zone })
    }

    /// Whether records are best read from the last to the first.
    pub fn backwards(&self) -> bool {
        matches!(self.shape, Shape::Page { order: 0, descending: true, .. })
    }

    /// Whether sums of a set of records, all of which are meant, answer as well as the records.
    pub fn takes_sums(&self) -> bool {
        self.filter.is_range() && !matches!(self.shape, Shape::Page { .. })
    }

    /// What a host has to read: `{ start?, end?, ids?, requestIds?, agentIds?, backwards, sums, zone }`. Records of a page go
    /// on behind the cursor.
    pub fn plan(&self) -> String {
        let (mut start, mut end) = (self.filter.start, self.filter.end);
        if let Shape::Page { order: 0, descending, after: Some(after), .. } = &self.shape {
            if *descending {
                end = Some(end.map_or(after.at, |end| end.min(after.at)));
            } else {
                start = Some(start.map_or(after.at, |start| start.max(after.at)));
            }
        }
        let mut to = Writer::new();
        to.open('{');
        for (key, at) in [("start", start), ("end", end)] {
            if let Some(at) = at {
                to.number_of(key, at.ms() as f64);
            }
        }
        for (key, names) in ["ids", "requestIds", "agentIds"].into_iter().zip(&self.filter.names) {
            if let Some(names) = names {
                to.list_of(key, names);
            }
        }
        to.bool_of("backwards", self.backwards());
        to.bool_of("sums", self.takes_sums());
        to.close('}');
        to.end()
    }
}

impl Place {
    fn of(record: &Record, order: usize) -> Self {
        let key = match order {
            1 => record.usd.pico(),
            2 => i128::from(record.total_tokens()),
            _ => 0,
        };
        Self { key, at: record.timestamp, id: record.id.clone() }
    }

    /// A cursor: what the order is, then the place.
    fn cursor(&self, order: usize, descending: bool) -> String {
        format!("{order}{}.{}.{}.{}", if descending { 'd' } else { 'a' }, self.key, self.at.ms(), self.id)
    }

    fn parse(cursor: &str, order: usize, descending: bool) -> Result<Self> {
        let read = || {
            let mut parts = cursor.splitn(4, '.');
            parts.next().filter(|found| *found == format!("{order}{}", if descending { 'd' } else { 'a' }))?;
            let key = parts.next()?.parse().ok()?;
            let at = Instant::from_ms(parts.next()?.parse().ok()?);
            Some(Self { key, at, id: parts.next()?.to_owned() })
        };
        read().ok_or_else(|| {
            Error::input("cannot read cursor: expected one that a page of this order ended with, found another text")
        })
    }
}

/// A question on its way to its answer.
pub struct Fold {
    ask: Ask,
    zone: Rc<dyn Zone>,
    /// The records of a page that is looked for, in its order, and one more.
    found: Vec<(Place, Record)>,
    /// What was counted record by record, and what was counted elsewhere.
    own: Part,
    parts: Vec<Rc<Part>>,
    /// The windows of a series, by their start.
    windows: Map<Instant, (Instant, Sums)>,
    /// The window that was last met: the next record is mostly in it, too.
    last: Option<(Instant, Instant)>,
}

impl Fold {
    /// Begins to answer. `zone` is the one of the question's name.
    pub fn new(ask: Ask, zone: Rc<dyn Zone>) -> Self {
        Self { ask, zone, found: Vec::new(), own: Part::default(), parts: Vec::new(), windows: Map::new(), last: None }
    }

    /// The question.
    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// Whether it needs records, and not what is known of them without reading them whole.
    pub fn needs_records(&self) -> bool {
        matches!(self.ask.shape, Shape::Page { .. }) || self.ask.filter.looks_inside()
    }

    /// Takes a record in, which is looked at first. Answers whether more are wanted of those that come after it, where they
    /// come in the order that the plan says.
    pub fn add(&mut self, record: &Record) -> bool {
        if !self.ask.filter.matches(record) {
            return true;
        }
        let Shape::Page { order, descending, limit, after } = &self.ask.shape else {
            self.count(&Facts::from(record));
            return true;
        };
        let place = Place::of(record, *order);
        let compare = |a: &Place, b: &Place| if *descending { b.cmp(a) } else { a.cmp(b) };
        if after.as_ref().is_some_and(|after| compare(&place, after) != Ordering::Greater) {
            return true;
        }
        // One more than asked for, to know whether there is a next page.
        let at = self.found.partition_point(|(known, _)| compare(known, &place) == Ordering::Less);
        if at > *limit {
            return *order != 0;
        }
        self.found.insert(at, (place, record.clone()));
        self.found.truncate(limit + 1);
        true
    }

    /// Takes in what is known of a record that is meant.
    pub fn count(&mut self, facts: &Facts<'_>) {
        match self.ask.shape {
            Shape::Series { .. } => {
                if let Some(sums) = self.window(facts.at) {
                    sums.add(facts);
                }
            }
            _ => self.own.add(facts),
        }
    }

    /// Takes in records that were counted elsewhere, if they are all meant and fall into one: answers whether it did. The part
    /// must be settled.
    pub fn take(&mut self, part: &Rc<Part>) -> bool {
        let Some((first, last)) = part.period else { return true };
        if !self.ask.takes_sums() || !self.ask.filter.holds(first) || !self.ask.filter.holds(last) {
            return false;
        }
        match self.ask.shape {
            Shape::Series { .. } => {
                if self.window(first).is_none() {
                    return false;
                }
                let same = self.last.is_some_and(|(_, end)| last < end);
                if same && let Some(sums) = self.window(first) {
                    sums.merge(&part.sums);
                }
                same
            }
            _ => {
                self.parts.push(Rc::clone(part));
                true
            }
        }
    }

    /// The sums of the window that an instant is in.
    fn window(&mut self, at: Instant) -> Option<&mut Sums> {
        let Shape::Series { interval, week_start, .. } = self.ask.shape else { return None };
        let (start, end) = match self.last {
            Some((start, end)) if at >= start && at < end => (start, end),
            _ => window(interval, at, &*self.zone, week_start),
        };
        self.last = Some((start, end));
        Some(&mut self.windows.get_or_insert_with(start, || (end, Sums::default())).1)
    }

    /// The answer, as JSON.
    pub fn finish(mut self) -> Result<String> {
        match self.ask.shape {
            Shape::Page { order, descending, limit, .. } => Ok(self.page(order, descending, limit)),
            Shape::Summary { period } => Ok(self.summary(period).to_json()),
            Shape::Series { interval, week_start, group } => self.series(interval, week_start, group),
            Shape::Top { of, by, limit } => Ok(self.top(of, by, limit)),
        }
    }

    /// What was taken in adds up to that.
    pub fn summary(&mut self, period: (Instant, Instant)) -> Summary {
        self.own.settle();
        let parts: Vec<&Part> = self.parts.iter().map(|part| &**part).chain([&self.own]).collect();
        Summary::of(period, &parts)
    }

    fn page(&self, order: usize, descending: bool, limit: usize) -> String {
        let mut to = Writer::new();
        to.open('{');
        to.raw_of("items", &to_json(self.found.iter().take(limit).map(|(_, record)| record)));
        if self.found.len() > limit
            && let Some((place, _)) = self.found.iter().take(limit).next_back()
        {
            to.text_of("cursor", &place.cursor(order, descending));
        }
        to.close('}');
        to.end()
    }

    fn series(&mut self, interval: usize, week_start: WeekStart, group: Option<usize>) -> Result<String> {
        // Windows without records are there too, from the first instant that is meant to the last.
        let first = self.ask.filter.start.or_else(|| self.windows.first_key_value().map(|(start, _)| *start));
        let last = self.ask.filter.end.or_else(|| self.windows.last_key_value().map(|(start, _)| *start));
        if let (Some(first), Some(last)) = (first, last) {
            let mut at = first;
            while at <= last {
                if self.windows.len() >= MAX_POINTS {
                    return Err(Error::input(format!(
                        "cannot answer: expected at most {MAX_POINTS} points between start and end, found more"
                    )));
                }
                let (start, end) = window(interval, at, &*self.zone, week_start);
                self.windows.get_or_insert_with(start, || (end, Sums::default()));
                // A zone may say anything; time goes on all the same.
                at = end.max(at.plus(MINUTE));
            }
        }
        let mut to = Writer::new();
        to.open('{');
        to.text_of("interval", INTERVALS.get(interval).map_or("", |(word, _)| word));
        to.text_of("timeZone", if self.ask.time_zone.is_empty() { "UTC" } else { &self.ask.time_zone });
        to.key("points");
        to.open('[');
        for (start, (end, sums)) in &self.windows {
            to.open('{');
            to.text_of("start", &start.to_string());
            to.text_of("end", &end.to_string());
            sums.total.members(&mut to);
            to.number_of("unpricedRequests", sums.unpriced as f64);
            if let Some(groups) = group.and_then(|group| sums.by(group)) {
                write_groups("by", groups, &mut to);
            }
            to.close('}');
        }
        to.close(']');
        to.close('}');
        Ok(to.end())
    }

    fn top(&mut self, of: usize, by: usize, limit: usize) -> String {
        let mut sums = std::mem::take(&mut self.own.sums);
        self.parts.iter().for_each(|part| sums.merge(&part.sums));
        let mut names: Vec<_> = sums.by(of).into_iter().flat_map(|groups| groups.iter()).collect();
        sort_by(&mut names, |(a_name, a), (b_name, b)| {
            let more = match by {
                1 => b.tokens[2].cmp(&a.tokens[2]),
                2 => b.requests.cmp(&a.requests),
                _ => b.usd.cmp(&a.usd),
            };
            more.then(a_name.cmp(b_name))
        });
        let mut to = Writer::new();
        to.open('[');
        for (name, group) in names.into_iter().take(limit) {
            to.open('{');
            to.text_of("name", name);
            group.members(&mut to);
            to.number_of("percentOfCost", group.usd.percent_of(sums.total.usd));
            to.close('}');
        }
        to.close(']');
        to.end()
    }
}

fn window(interval: usize, at: Instant, zone: &dyn Zone, week_start: WeekStart) -> (Instant, Instant) {
    let period = INTERVALS.get(interval).map_or(Period::Daily, |(_, period)| *period);
    period.window(at, zone, week_start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{HOUR, Utc};

    fn record(id: &str, at: &str, usd: &str) -> Record {
        let mut record = Record::new(id, "m", Instant::parse(at).unwrap());
        record.usd = crate::money::Usd::parse(usd).unwrap();
        record
    }

    fn answer(ask: Ask, zone: Rc<dyn Zone>, records: &[Record]) -> Result<serde_json::Value> {
        let mut fold = Fold::new(ask, zone);
        records.iter().for_each(|record| {
            fold.add(record);
        });
        fold.finish().map(|json| serde_json::from_str(&json).unwrap())
    }

    /// A zone that changes its offset once, as Berlin does.
    struct Autumn;

    impl Zone for Autumn {
        fn offset(&self, at: Instant) -> i64 {
            if at < Instant::parse("2026-10-25T01:00:00Z").unwrap() { 2 * HOUR } else { HOUR }
        }
    }

    #[test]
    fn a_series_has_the_days_of_its_zone() {
        let records = [
            record("a", "2026-10-24T21:59:59Z", "1"),
            record("b", "2026-10-24T22:00:00Z", "2"),
            record("c", "2026-10-25T22:59:59Z", "4"),
            record("d", "2026-10-27T12:00:00Z", "8"),
        ];
        let days = Ask::parse("series", r#"{"interval":"day","groupBy":"model"}"#, None).unwrap();
        let found = answer(days, Rc::new(Autumn), &records).unwrap();
        let points: Vec<(&str, &str)> = found["points"]
            .as_array()
            .unwrap()
            .iter()
            .map(|point| (point["start"].as_str().unwrap(), point["usd"].as_str().unwrap()))
            .collect();
        // The 25th has 25 hours, and the 26th is there without a record.
        assert_eq!(
            points,
            [
                ("2026-10-23T22:00:00.000Z", "1"),
                ("2026-10-24T22:00:00.000Z", "6"),
                ("2026-10-25T23:00:00.000Z", "0"),
                ("2026-10-26T23:00:00.000Z", "8"),
            ]
        );
        assert_eq!(found["points"][1]["by"]["m"]["requests"], 2.0);
        let wide = Ask::parse("series", r#"{"interval":"hour","start":0}"#, None).unwrap();
        assert!(answer(wide, Rc::new(Utc), &records).unwrap_err().message().contains("at most 10000 points"));
    }

    #[test]
    fn pages_go_on_where_they_ended() {
        let records: Vec<Record> = (0..7).map(|n| record(&format!("r{n}"), "2026-01-01", ["1", "2"][n % 2])).collect();
        for (options, expected) in [
            (r#"{"limit":3}"#, "r0 r1 r2 r3 r4 r5 r6"),
            (r#"{"limit":2,"order":"desc"}"#, "r6 r5 r4 r3 r2 r1 r0"),
            (r#"{"limit":7,"orderBy":"cost"}"#, "r0 r2 r4 r6 r1 r3 r5"),
            (r#"{"limit":1,"orderBy":"cost","order":"desc"}"#, "r5 r3 r1 r6 r4 r2 r0"),
        ] {
            let (mut cursor, mut ids) = (None, Vec::new());
            loop {
                let ask = Ask::parse("query", options, cursor.as_deref()).unwrap();
                let page = answer(ask, Rc::new(Utc), &records).unwrap();
                ids.extend(
                    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()),
                );
                cursor = page["cursor"].as_str().map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(ids.join(" "), expected, "{options}");
        }
        let other = Place::of(&records[0], 0).cursor(0, true);
        assert!(Ask::parse("query", "{}", Some(&other)).is_err());
    }

    #[test]
    fn names_at_the_top_by_any_measure() {
        let mut records =
            vec![record("a", "2026-01-01", "1"), record("b", "2026-01-01", "2"), record("c", "2026-01-01", "1")];
        records[1].model = "dear".into();
        let top = |options: &str| {
            let found = answer(Ask::parse("top", options, None).unwrap(), Rc::new(Utc), &records).unwrap();
            found.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(top("{}"), ["dear", "m"]);
        assert_eq!(top(r#"{"by":"requests","limit":1}"#), ["m"]);
        assert!(top(r#"{"of":"tag"}"#).is_empty());
    }

    #[test]
    fn plans_say_what_to_read() {
        let plan = |kind, json, cursor| Ask::parse(kind, json, cursor).unwrap().plan();
        assert_eq!(
            plan("query", r#"{"start":5,"agentId":"a"}"#, None),
            r#"{"start":5,"agentIds":["a"],"backwards":false,"sums":false}"#
        );
        assert_eq!(
            plan("query", r#"{"order":"desc","end":9}"#, Some("0d.0.7.r")),
            r#"{"end":7,"backwards":true,"sums":false}"#
        );
        assert_eq!(plan("top", r#"{"end":9}"#, None), r#"{"end":9,"backwards":false,"sums":true}"#);
    }
}
