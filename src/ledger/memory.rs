//! The store in memory: the meaning of every query. Other storages are tested against it.
//!
//! Records are kept packed, in pages, and found by id and request through tables of hashes, by agent through a chain, by
//! time through the UTC day they are of. A day keeps what its records add up to: a summary of a month counts only what
//! came since the last one.

use std::rc::Rc;

use crate::{
    collections::{Map, sort_by},
    time::{DAY, Instant, Utc},
};

use super::{
    ask::{Ask, Fold},
    packed::{Names, Packed, pack, uuid},
    record::Record,
    summary::{Part, Summary},
    table::{Table, hash},
};

/// Records are appended to a page until it has that many bytes.
const PAGE_BYTES: usize = 128 * 1024;
/// Bytes of deleted records are taken back when there are more of them than of others, and at least this many.
const LEAST_WASTE: usize = 1024 * 1024;
/// No slot.
const NONE: u32 = u32::MAX;

/// Where a record is, and its neighbours in the two chains: of its request and of its agent.
#[derive(Clone, Copy, Debug)]
struct Slot {
    page: u32,
    offset: u32,
    next: [u32; 2],
    back: [u32; 2],
}

/// The records of a UTC day.
#[derive(Clone, Debug, Default)]
struct Day {
    /// Those from `head` on; by time and id, where `sorted`.
    slots: Vec<u32>,
    head: usize,
    sorted: bool,
    /// What those before `counted` add up to.
    part: Option<Rc<Part>>,
    counted: usize,
}

/// How much a store in memory keeps. What is above goes, the oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// At most so many records.
    pub records: Option<usize>,
    /// Records of at most that age, in milliseconds.
    pub age_ms: Option<i64>,
}

/// Cost records in memory, found by id, request, agent and time.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pages: Vec<Vec<u8>>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    names: Names,
    ids: Table,
    requests: Table,
    /// The head of each agent's chain, and its length, by the number of the name.
    agents: Vec<(u32, usize)>,
    days: Map<i64, Day>,
    live_bytes: usize,
    dead_bytes: usize,
    bounds: Bounds,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store that keeps only so much.
    pub fn bounded(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Keeps a record. The same id overwrites when the revision is equal or higher; says whether it was kept.
    pub fn store(&mut self, record: &Record) -> bool {
        let place = hash(record.id.as_bytes());
        let uuids = [uuid(&record.id), uuid(&record.request_id)];
        if let Some(known) = self.ids.find(place, &|at| self.packed(at).is(&record.id, uuids[0])) {
            if self.packed(known).revision(&self.names) > record.revision() {
                return false;
            }
            self.remove(known);
        }
        let (page, offset) = self.append(record, uuids);
        let slot = Slot { page, offset, next: [NONE; 2], back: [NONE; 2] };
        let at = match self.free.pop() {
            Some(at) => {
                if let Some(old) = self.slots.get_mut(at as usize) {
                    *old = slot;
                }
                at
            }
            None => {
                self.slots.push(slot);
                self.slots.len() as u32 - 1
            }
        };
        self.ids.insert(place, at);
        let request = hash(record.request_id.as_bytes());
        let same = |at| self.packed(at).is_of(&record.request_id, uuids[1]);
        let head = self.requests.find(request, &same).unwrap_or(NONE);
        match head {
            NONE => self.requests.insert(request, at),
            head => self.requests.replace(request, head, at),
        }
        self.link(0, at, head);
        let agent = self.packed(at).agent as usize;
        if agent >= self.agents.len() {
            self.agents.resize(agent + 1, (NONE, 0));
        }
        if let Some((head, count)) = self.agents.get_mut(agent) {
            let before = std::mem::replace(head, at);
            *count += 1;
            self.link(1, at, before);
        }
        let time = record.timestamp;
        let day = self.days.get_or_insert_with(time.ms().div_euclid(DAY), || Day { sorted: true, ..Day::default() });
        let last = day.slots.get(day.head..).and_then(<[u32]>::last).copied();
        day.slots.push(at);
        let later = last.is_none_or(|last| {
            let known = self.packed(last);
            known.at < time || known.at == time && known.id() <= record.id
        });
        if !later && let Some(day) = self.days.get_mut(&time.ms().div_euclid(DAY)) {
            day.sorted = false;
        }
        true
    }

    /// Deletes what is above the bounds. It never deletes the record that was stored last, unless that is too old.
    pub fn trim(&mut self, now: Instant) {
        if let Some(age) = self.bounds.age_ms {
            let before = now.plus(age.saturating_neg());
            if self.days.first_key_value().is_some_and(|(day, _)| day * DAY < before.ms()) {
                self.delete_older_than(before);
            }
        }
        while self.bounds.records.is_some_and(|most| self.len() > most) {
            let Some(first) = self.days.keys().next().copied() else { return };
            self.sort(first);
            let Some(at) = self.days.get(&first).and_then(|day| day.slots.get(day.head)).copied() else { return };
            self.remove(at);
        }
    }

    fn append(&mut self, record: &Record, uuids: [Option<u128>; 2]) -> (u32, u32) {
        if self.pages.last().is_none_or(|page| page.len() >= PAGE_BYTES) {
            if let Some(full) = self.pages.last_mut() {
                full.shrink_to_fit();
            }
            self.pages.push(Vec::with_capacity(PAGE_BYTES + 1024));
        }
        let page = self.pages.len() as u32 - 1;
        let Some(bytes) = self.pages.last_mut() else { return (page, 0) };
        let offset = bytes.len();
        pack(record, uuids, &mut self.names, bytes);
        self.live_bytes += bytes.len() - offset;
        (page, offset as u32)
    }

    fn link(&mut self, chain: usize, at: u32, before: u32) {
        if let Some(next) = self.slots.get_mut(at as usize).and_then(|slot| slot.next.get_mut(chain)) {
            *next = before;
        }
        if let Some(back) = self.slots.get_mut(before as usize).and_then(|slot| slot.back.get_mut(chain)) {
            *back = at;
        }
    }

    fn packed(&self, at: u32) -> Packed<'_> {
        let place = self.slots.get(at as usize);
        let bytes = place.and_then(|slot| self.pages.get(slot.page as usize)?.get(slot.offset as usize..));
        Packed::of(bytes.unwrap_or_default())
    }

    fn find(&self, id: &str) -> Option<u32> {
        let uuid = uuid(id);
        self.ids.find(hash(id.as_bytes()), &|at| self.packed(at).is(id, uuid))
    }

    fn request_head(&self, id: &str) -> u32 {
        let uuid = uuid(id);
        self.requests.find(hash(id.as_bytes()), &|at| self.packed(at).is_of(id, uuid)).unwrap_or(NONE)
    }

    /// Takes a record out of everything.
    fn remove(&mut self, at: u32) {
        let day = self.packed(at).at.ms().div_euclid(DAY);
        let key = (self.packed(at).at, self.packed(at).id());
        if let Some(of) = self.days.get(&day) {
            let from = of.slots.get(of.head..).unwrap_or_default();
            let near = if of.sorted {
                from.partition_point(|slot| {
                    let known = self.packed(*slot);
                    known.at < key.0 || known.at == key.0 && known.id() < key.1
                })
            } else {
                0
            };
            let place = from.iter().skip(near).position(|slot| *slot == at).map(|place| place + near);
            if let (Some(place), Some(of)) = (place, self.days.get_mut(&day)) {
                if place == 0 {
                    of.head += 1;
                } else {
                    of.slots.remove(of.head + place);
                }
                (of.part, of.counted) = (None, 0);
                if of.head == of.slots.len() {
                    self.days.remove(&day);
                }
            }
        }
        self.unlink(at);
        self.compact();
    }

    /// Takes a record out of everything but its day.
    fn unlink(&mut self, at: u32) {
        let (length, agent, record) = {
            let packed = self.packed(at);
            (packed.length, packed.agent as usize, packed.unpack(&self.names))
        };
        let Some(Slot { next, back, .. }) = self.slots.get(at as usize).copied() else { return };
        self.ids.remove(hash(record.id.as_bytes()), at);
        for (chain, (next, back)) in next.into_iter().zip(back).enumerate() {
            if let Some(slot) = self.slots.get_mut(next as usize).and_then(|slot| slot.back.get_mut(chain)) {
                *slot = back;
            }
            if let Some(slot) = self.slots.get_mut(back as usize).and_then(|slot| slot.next.get_mut(chain)) {
                *slot = next;
            }
        }
        let request = hash(record.request_id.as_bytes());
        match (back[0], next[0]) {
            (NONE, NONE) => self.requests.remove(request, at),
            (NONE, next) => self.requests.replace(request, at, next),
            _ => {}
        }
        if let Some((head, count)) = self.agents.get_mut(agent) {
            *count -= 1;
            if *head == at {
                *head = next[1];
            }
        }
        self.free.push(at);
        self.live_bytes -= length;
        self.dead_bytes += length;
    }

    /// Takes back what deleted records left, when it is most of all.
    fn compact(&mut self) {
        if self.dead_bytes <= LEAST_WASTE.max(self.live_bytes) {
            return;
        }
        let mut fresh = Self::bounded(self.bounds);
        let days: Vec<i64> = self.days.keys().copied().collect();
        for day in days {
            self.sort(day);
            self.day(day, false, &mut |packed, names| {
                fresh.store(&packed.unpack(names));
                true
            });
        }
        *self = fresh;
    }

    /// Brings the records of a day into their order.
    fn sort(&mut self, day: i64) {
        if self.days.get(&day).is_none_or(|day| day.sorted) {
            return;
        }
        // What was counted must not be mixed with what was not.
        self.part(day);
        let Some(mut slots) = self.days.get_mut(&day).map(|day| std::mem::take(&mut day.slots)) else { return };
        let head = self.days.get(&day).map_or(0, |day| day.head);
        slots.drain(..head);
        sort_by(&mut slots, |a, b| {
            let (a, b) = (self.packed(*a), self.packed(*b));
            a.at.cmp(&b.at).then_with(|| a.id().cmp(&b.id()))
        });
        if let Some(day) = self.days.get_mut(&day) {
            (day.counted, day.slots, day.head, day.sorted) = (slots.len(), slots, 0, true);
        }
    }

    /// What the records of a day add up to.
    fn part(&mut self, day: i64) -> Option<Rc<Part>> {
        let of = self.days.get_mut(&day)?;
        let mut part = of.part.take().unwrap_or_default();
        let from = of.counted.max(of.head);
        of.counted = of.slots.len();
        let of = self.days.get(&day)?;
        if from < of.slots.len() {
            let counted = Rc::make_mut(&mut part);
            for at in of.slots.iter().skip(from) {
                counted.add(&self.packed(*at).facts(&self.names, &mut Vec::new()));
            }
            counted.settle();
        }
        self.days.get_mut(&day)?.part = Some(Rc::clone(&part));
        Some(part)
    }

    /// Hands out the records of a day, which is sorted, until told to stop; answers whether to go on.
    fn day(&self, day: i64, backwards: bool, each: &mut dyn FnMut(&Packed<'_>, &Names) -> bool) -> bool {
        let Some(day) = self.days.get(&day) else { return true };
        let slots = day.slots.get(day.head..).unwrap_or_default();
        (0..slots.len()).all(|at| {
            let place = if backwards { slots.len() - 1 - at } else { at };
            slots.get(place).is_none_or(|slot| each(&self.packed(*slot), &self.names))
        })
    }

    /// The record of that id.
    pub fn get(&self, id: &str) -> Option<Record> {
        self.find(id).map(|at| self.packed(at).unpack(&self.names))
    }

    /// The records of a request, by time.
    pub fn by_request(&self, request_id: &str) -> Vec<Record> {
        self.chain(0, self.request_head(request_id), None, None)
    }

    /// The records of an agent, by time, within a range whose ends are inclusive and may be open.
    pub fn by_agent(&mut self, agent_id: &str, start: Option<Instant>, end: Option<Instant>) -> Vec<Record> {
        let Some(number) = self.names.known(agent_id) else { return Vec::new() };
        let (head, count) = self.agents.get(number as usize).copied().unwrap_or((NONE, 0));
        let within: usize =
            self.days_of(start, end).iter().filter_map(|day| self.days.get(day)).map(|day| day.slots.len()).sum();
        if count <= within {
            return self.chain(1, head, start, end);
        }
        let mut records = Vec::new();
        self.walk(start, end, false, &mut |packed, names| {
            if packed.agent == number {
                records.push(packed.unpack(names));
            }
            true
        });
        records
    }

    /// The records of a range, inclusive at both ends, by time.
    pub fn by_range(&mut self, start: Instant, end: Instant) -> Vec<Record> {
        let mut records = Vec::new();
        self.walk(Some(start), Some(end), false, &mut |packed, names| {
            records.push(packed.unpack(names));
            true
        });
        records
    }

    /// What a range adds up to, of one agent or of all.
    pub fn summary(&mut self, start: Instant, end: Instant, agent_id: Option<&str>) -> Summary {
        let mut fold = Fold::new(Ask::summary(start, end, agent_id), Rc::new(Utc));
        self.fold(&mut fold);
        fold.summary((start, end))
    }

    /// Answers a question: hands it what it needs.
    pub fn fold(&mut self, fold: &mut Fold) {
        let filter = fold.ask().filter.clone();
        let [ids, requests, agents, models, providers, _] = &filter.names;
        if ids.is_some() || requests.is_some() {
            let chosen = match (ids, requests) {
                (Some(ids), _) => unique(ids).into_iter().filter_map(|id| self.get(id)).collect(),
                (_, requests) => unique(requests.as_deref().unwrap_or_default())
                    .into_iter()
                    .flat_map(|request| self.by_request(request))
                    .collect::<Vec<_>>(),
            };
            chosen.iter().for_each(|record| {
                fold.add(record);
            });
            return;
        }
        // Names as numbers: most records are passed over by them.
        let numbers = |names: &Option<Vec<String>>| -> Option<Vec<u32>> {
            names.as_ref().map(|names| names.iter().filter_map(|name| self.names.known(name)).collect())
        };
        let wanted = [agents, models, providers].map(numbers);
        let (backwards, whole) = (fold.ask().backwards(), fold.needs_records());
        let mut days = self.days_of(filter.start, filter.end);
        if backwards {
            days.reverse();
        }
        for day in days {
            if fold.ask().takes_sums() && self.part(day).is_some_and(|part| fold.take(&part)) {
                continue;
            }
            self.sort(day);
            let on = self.day(day, backwards, &mut |packed, names| {
                let of = [packed.agent, packed.model, packed.provider];
                let meant = filter.holds(packed.at)
                    && wanted
                        .iter()
                        .zip(of)
                        .all(|(wanted, number)| wanted.as_ref().is_none_or(|wanted| wanted.contains(&number)));
                if meant && whole {
                    return fold.add(&packed.unpack(names));
                }
                if meant {
                    fold.count(&packed.facts(names, &mut Vec::new()));
                }
                true
            });
            if !on {
                return;
            }
        }
    }

    /// The days of a range that have records.
    fn days_of(&self, start: Option<Instant>, end: Option<Instant>) -> Vec<i64> {
        let day = |at: Instant| at.ms().div_euclid(DAY);
        self.days
            .keys()
            .copied()
            .filter(|key| start.is_none_or(|start| *key >= day(start)) && end.is_none_or(|end| *key <= day(end)))
            .collect()
    }

    /// Hands out the records of a range in their order.
    fn walk(
        &mut self,
        start: Option<Instant>,
        end: Option<Instant>,
        backwards: bool,
        each: &mut dyn FnMut(&Packed<'_>, &Names) -> bool,
    ) {
        for day in self.days_of(start, end) {
            self.sort(day);
            self.day(day, backwards, &mut |packed, names| {
                let within = start.is_none_or(|start| packed.at >= start) && end.is_none_or(|end| packed.at <= end);
                !within || each(packed, names)
            });
        }
    }

    fn chain(&self, chain: usize, head: u32, start: Option<Instant>, end: Option<Instant>) -> Vec<Record> {
        let mut records = Vec::new();
        let mut at = head;
        while let Some(slot) = self.slots.get(at as usize) {
            let packed = self.packed(at);
            if start.is_none_or(|start| packed.at >= start) && end.is_none_or(|end| packed.at <= end) {
                records.push(packed.unpack(&self.names));
            }
            at = slot.next.get(chain).copied().unwrap_or(NONE);
        }
        // The last that came is the first of its chain.
        records.reverse();
        sort_by(&mut records, |a, b| (a.timestamp, &a.id).cmp(&(b.timestamp, &b.id)));
        records
    }

    /// Deletes what is strictly older, and says how many.
    pub fn delete_older_than(&mut self, before: Instant) -> usize {
        let count = self.len();
        loop {
            let first = self.days.keys().next().copied();
            let Some(first) = first.filter(|day| day * DAY < before.ms()) else { break };
            self.sort(first);
            let Some(day) = self.days.get(&first) else { break };
            let slots = day.slots.get(day.head..).unwrap_or_default();
            let old: Vec<u32> = slots.iter().copied().take_while(|slot| self.packed(*slot).at < before).collect();
            if let Some(day) = self.days.get_mut(&first).filter(|_| !old.is_empty()) {
                day.head += old.len();
                (day.part, day.counted) = (None, 0);
            }
            old.iter().for_each(|slot| self.unlink(*slot));
            if self.days.get(&first).is_some_and(|day| day.head < day.slots.len()) {
                break;
            }
            self.days.remove(&first);
        }
        let gone = count - self.len();
        self.compact();
        gone
    }

    /// Deletes everything.
    pub fn clear(&mut self) {
        *self = Self::bounded(self.bounds);
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how many bytes it takes, indexes and sums included.
    pub fn bytes(&self) -> usize {
        let days = self.days.values().map(|day| {
            let part = day.part.as_ref().map_or(0, |part| part.bytes());
            day.slots.capacity() * size_of::<u32>() + part + size_of::<Day>()
        });
        self.pages.iter().map(Vec::capacity).sum::<usize>()
            + self.slots.capacity() * size_of::<Slot>()
            + self.free.capacity() * size_of::<u32>()
            + self.agents.capacity() * size_of::<(u32, usize)>()
            + self.ids.bytes()
            + self.requests.bytes()
            + self.names.bytes()
            + days.sum::<usize>()
    }
}

/// Each name once.
fn unique(names: &[String]) -> Vec<&str> {
    let mut once: Vec<&str> = Vec::new();
    for name in names {
        if !once.contains(&name.as_str()) {
            once.push(name);
        }
    }
    once
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

    fn shown(records: Vec<Record>) -> Vec<String> {
        records.iter().map(Record::to_stored).collect()
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
                    Step::Store(record) => { memory.store(record); }
                    Step::DeleteOlderThan(before) => prop_assert_eq!(memory.delete_older_than(*before), gone),
                    Step::Clear => memory.clear(),
                }
                prop_assert_eq!(memory.len(), naive.0.len());
                if memory.len() % 3 == 0 {
                    // Counts days that will change.
                    memory.summary(Instant::from_ms(0), to, None);
                }
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
                prop_assert_eq!(summary.sums.total.usd, sum);
            }
            // Days that were counted before say the same as the records.
            let kept: Vec<Record> = naive.0.iter().filter(|record| within(record)).cloned().collect();
            let mut expected = super::super::summarize(&kept);
            expected.period = (from, to);
            prop_assert_eq!(memory.summary(from, to, None), expected.clone());
            prop_assert_eq!(memory.summary(from, to, None), expected);
        }
    }

    #[test]
    fn ranges_are_inclusive_and_deletion_is_strict() {
        let mut memory = Memory::new();
        for ms in [10, 20, 30] {
            memory.store(&Record::new(&format!("r{ms}"), "m", Instant::from_ms(ms)));
        }
        let at = Instant::from_ms;
        assert_eq!(memory.by_range(at(10), at(30)).len(), 3);
        assert_eq!(memory.by_range(at(11), at(29)).len(), 1);
        assert_eq!(memory.by_range(at(30), at(10)).len(), 0);
        assert_eq!(memory.delete_older_than(at(20)), 1);
        assert!(memory.get("r10").is_none() && memory.get("r20").is_some());
    }

    #[test]
    fn bounds_take_the_oldest() {
        let mut memory = Memory::bounded(Bounds { records: Some(3), age_ms: Some(1_000) });
        let at = Instant::from_ms;
        for ms in [50, 10, 40, 30, 20] {
            memory.store(&Record::new(&format!("r{ms}"), "m", at(ms)));
            memory.trim(at(100));
        }
        assert_eq!(
            memory.by_range(at(0), at(99)).iter().map(|record| record.id.as_str()).collect::<Vec<_>>(),
            ["r30", "r40", "r50"]
        );
        memory.trim(at(1_040));
        assert_eq!(memory.len(), 2);
        memory.trim(at(1_051));
        assert!(memory.is_empty());
    }

    #[test]
    fn what_deleted_records_took_is_taken_back() {
        let mut memory = Memory::new();
        for n in 0..30_000_i64 {
            let mut record =
                Record::new(&format!("request-number-{n}"), &format!("model {}", n % 7), Instant::from_ms(n * 60_000));
            record.agent_id = format!("agent {}", n % 11);
            memory.store(&record);
        }
        let full = memory.bytes();
        assert!(full / 30_000 < 200, "{}", full / 30_000);
        assert_eq!(memory.delete_older_than(Instant::from_ms(29_000 * 60_000)), 29_000);
        assert!(memory.bytes() < full / 4, "{} of {full}", memory.bytes());
        assert_eq!((memory.len(), memory.get("request-number-29000").unwrap().agent_id.as_str()), (1_000, "agent 4"));
        assert_eq!(memory.by_agent("agent 4", None, None).len(), 91);
        assert_eq!(memory.by_request("request-number-29999").len(), 1);
    }
}
