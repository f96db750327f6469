//! The store in memory: the meaning of every query. Other storages are tested against it.

use crate::collections::{Map, Set};

use super::{record::Record, summary::Summary};
use crate::time::Instant;

/// Records by time, then id.
type Order = Set<(Instant, String)>;

/// Cost records in memory, found by id, request, agent and time.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    records: Map<String, Record>,
    by_time: Order,
    by_request: Map<String, Order>,
    by_agent: Map<String, Order>,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a record. The same id overwrites when the revision is equal or higher; says whether it was kept.
    pub fn store(&mut self, record: Record) -> bool {
        if let Some(known) = self.records.get(&record.id) {
            if known.revision() > record.revision() {
                return false;
            }
            let id = record.id.clone();
            self.remove(&id);
        }
        let place = (record.timestamp, record.id.clone());
        self.by_request.get_or_default(record.request_id.clone()).insert(place.clone());
        self.by_agent.get_or_default(record.agent_id.clone()).insert(place.clone());
        self.by_time.insert(place);
        self.records.insert(record.id.clone(), record);
        true
    }

    fn remove(&mut self, id: &str) -> Option<Record> {
        let record = self.records.remove(id)?;
        let place = (record.timestamp, record.id.clone());
        self.by_time.remove(&place);
        for (index, name) in [(&mut self.by_request, &record.request_id), (&mut self.by_agent, &record.agent_id)] {
            if let Some(order) = index.get_mut(name) {
                order.remove(&place);
                if order.is_empty() {
                    index.remove(name);
                }
            }
        }
        Some(record)
    }

    /// The record of that id.
    pub fn get(&self, id: &str) -> Option<&Record> {
        self.records.get(id)
    }

    /// The records of a request, by time.
    pub fn by_request(&self, request_id: &str) -> Vec<&Record> {
        self.walk(self.by_request.get(request_id), None, None)
    }

    /// The records of an agent, by time, within a range whose ends are inclusive and may be open.
    pub fn by_agent(&self, agent_id: &str, start: Option<Instant>, end: Option<Instant>) -> Vec<&Record> {
        self.walk(self.by_agent.get(agent_id), start, end)
    }

    /// The records of a range, inclusive at both ends, by time.
    pub fn by_range(&self, start: Instant, end: Instant) -> Vec<&Record> {
        self.walk(Some(&self.by_time), Some(start), Some(end))
    }

    /// What a range adds up to, of one agent or of all.
    pub fn summary(&self, start: Instant, end: Instant, agent_id: Option<&str>) -> Summary {
        let records = match agent_id {
            Some(agent) => self.by_agent(agent, Some(start), Some(end)),
            None => self.by_range(start, end),
        };
        let mut summary = Summary::of(start, end);
        records.into_iter().for_each(|record| summary.add(record));
        summary
    }

    /// Deletes what is strictly older, and says how many.
    pub fn delete_older_than(&mut self, before: Instant) -> usize {
        // The order is by time first, so the older half is what lies before the least place of that instant.
        let keep = self.by_time.split_off(&(before, String::new()));
        let old = std::mem::replace(&mut self.by_time, keep);
        old.iter().filter_map(|(_, id)| self.remove(id)).count()
    }

    /// Deletes everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    fn walk(&self, order: Option<&Order>, start: Option<Instant>, end: Option<Instant>) -> Vec<&Record> {
        let Some(order) = order else { return Vec::new() };
        let least = (start.unwrap_or(Instant::from_ms(i64::MIN)), String::new());
        order
            .range(least..)
            .take_while(|(at, _)| end.is_none_or(|end| *at <= end))
            .filter_map(|(_, id)| self.records.get(id))
            .collect()
    }
}

/// Records as a JSON array of their public form.
pub fn to_json<'a>(records: impl IntoIterator<Item = &'a Record>) -> String {
    let all: Vec<String> = records.into_iter().map(Record::to_json).collect();
    format!("[{}]", all.join(","))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::money::Usd;
    use proptest::prelude::*;

    /// One step of a random history of a storage.
    #[derive(Clone, Debug)]
    #[allow(clippy::large_enum_variant)] // A few dozen of them, once.
    pub enum Step {
        Store(Record),
        DeleteOlderThan(Instant),
        Clear,
    }

    /// Few ids, requests, agents and days, so that they meet often.
    pub fn record() -> impl Strategy<Value = Record> {
        (0_u8..8, 0_u8..4, 0_u8..3, 0_i64..40, 0_i128..1_000, 0_u32..3).prop_map(
            |(id, request, agent, hours, pico, revision)| {
                let mut record =
                    Record::new(&format!("r{id}"), "m", Instant::from_ms(hours * 3 * 3_600_000 + i64::from(id)));
                record.request_id = format!("q{request}");
                record.agent_id = format!("a{agent}");
                record.usd = Usd::from_pico(pico).unwrap();
                record.revision = Some(revision).filter(|revision| *revision > 0);
                record
            },
        )
    }

    pub fn steps() -> impl Strategy<Value = Vec<Step>> {
        prop::collection::vec(
            prop_oneof![
                12 => record().prop_map(Step::Store),
                2 => (0_i64..130).prop_map(|hours| Step::DeleteOlderThan(Instant::from_ms(hours * 3_600_000))),
                1 => Just(Step::Clear),
            ],
            0..60,
        )
    }

    /// The naive model: a list, scanned.
    #[derive(Default)]
    pub struct Naive(pub Vec<Record>);

    impl Naive {
        pub fn apply(&mut self, step: &Step) -> usize {
            let before = self.0.len();
            match step {
                Step::Store(record) => match self.0.iter().position(|known| known.id == record.id) {
                    Some(at) if self.0[at].revision() > record.revision() => {}
                    Some(at) => self.0[at] = record.clone(),
                    None => self.0.push(record.clone()),
                },
                Step::DeleteOlderThan(before) => self.0.retain(|record| record.timestamp >= *before),
                Step::Clear => self.0.clear(),
            }
            self.0.sort_by_key(|record| (record.timestamp, record.id.clone()));
            before.saturating_sub(self.0.len())
        }

        pub fn ids(&self, keep: impl Fn(&Record) -> bool) -> Vec<String> {
            self.0.iter().filter(|record| keep(record)).map(Record::to_stored).collect()
        }
    }

    fn shown(records: Vec<&Record>) -> Vec<String> {
        records.into_iter().map(Record::to_stored).collect()
    }

    proptest! {
        // P5 to P10.
        #[test]
        fn agrees_with_a_list(history in steps(), from in 0_i64..130, to in 0_i64..130) {
            let (mut memory, mut naive) = (Memory::new(), Naive::default());
            let (from, to) = (Instant::from_ms(from * 3_600_000), Instant::from_ms(to * 3_600_000));
            for step in &history {
                let gone = naive.apply(step);
                match step {
                    Step::Store(record) => { memory.store(record.clone()); }
                    Step::DeleteOlderThan(before) => prop_assert_eq!(memory.delete_older_than(*before), gone),
                    Step::Clear => memory.clear(),
                }
                prop_assert_eq!(memory.len(), naive.0.len());
            }
            for id in 0..8 {
                let id = format!("r{id}");
                prop_assert_eq!(shown(memory.get(&id).into_iter().collect()), naive.ids(|record| record.id == id));
            }
            for request in 0..4 {
                let request = format!("q{request}");
                prop_assert_eq!(shown(memory.by_request(&request)), naive.ids(|record| record.request_id == request));
            }
            let within = |record: &Record| record.timestamp >= from && record.timestamp <= to;
            prop_assert_eq!(shown(memory.by_range(from, to)), naive.ids(within));
            for agent in 0..3 {
                let agent = format!("a{agent}");
                prop_assert_eq!(shown(memory.by_agent(&agent, None, None)), naive.ids(|record| record.agent_id == agent));
                prop_assert_eq!(
                    shown(memory.by_agent(&agent, Some(from), Some(to))),
                    naive.ids(|record| record.agent_id == agent && within(record))
                );
                let summary = memory.summary(from, to, Some(&agent));
                let sum: Usd = naive.0.iter().filter(|r| r.agent_id == agent && within(r)).map(|r| r.usd).sum();
                prop_assert_eq!(summary.total, sum);
            }
            let all = memory.summary(from, to, None);
            prop_assert_eq!(all.requests as usize, naive.ids(within).len());
        }
    }

    #[test]
    fn ranges_are_inclusive_and_deletion_is_strict() {
        let mut memory = Memory::new();
        for ms in [10, 20, 30] {
            memory.store(Record::new(&format!("r{ms}"), "m", Instant::from_ms(ms)));
        }
        let at = Instant::from_ms;
        assert_eq!(memory.by_range(at(10), at(30)).len(), 3);
        assert_eq!(memory.by_range(at(11), at(29)).len(), 1);
        assert_eq!(memory.by_range(at(30), at(10)).len(), 0);
        assert_eq!(memory.delete_older_than(at(20)), 1);
        assert!(memory.get("r10").is_none() && memory.get("r20").is_some());
    }
}
