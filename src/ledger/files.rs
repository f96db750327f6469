//! A namespace as read from a host: folding lines into records, and plans of what to write. It reads and writes nothing
//! itself; the host hands in texts and carries out [`Write`]s.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::collections::{Map, Set, sort_by};

use super::{
    ask::{Ask, Fold},
    keys::{Key, Namespace, SegmentKey, Sequence},
    record::{Record, SCHEMA, newer},
    segment::{Segment, encode, schema_of},
    summary::Summary,
    table::{Table, hash},
};
use crate::{
    error::{Error, Result},
    json::{ToJson, Writer},
    time::{Instant, MINUTE, Utc},
};

/// A segment grows up to this many bytes: every append writes all of it.
const SEGMENT_BYTES: usize = 16 * 1024;
/// A segment that many were put together into ends when it has that many bytes.
const MERGED_BYTES: usize = 1024 * 1024;
/// What was begun that long ago, every instance has seen: only that is put together.
const SEEN_BY_ALL: i64 = 10 * MINUTE;

/// Something the host is to do. Writes of one plan are done in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Sets a key.
    Put {
        /// The key.
        key: String,
        /// Its value.
        text: String,
    },
    /// Removes a key.
    Delete {
        /// The key.
        key: String,
    },
}

impl Write {
    /// The key that it is about.
    pub fn key(&self) -> &str {
        match self {
            Write::Put { key, .. } | Write::Delete { key } => key,
        }
    }
}

/// What a storage met besides its records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Records, each id once.
    pub records: usize,
    /// Segments.
    pub segments: usize,
    /// Bytes of their texts.
    pub bytes: usize,
    /// Segments and lines that can't be read. They are left as they are.
    pub damaged: usize,
    /// Keys under our prefix that are not ours. They are left as they are.
    pub foreign: usize,
    /// Entries of a later release: nothing else is read or written while there are any.
    pub newer: usize,
}

impl ToJson for Report {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        for (key, count) in [
            ("records", self.records),
            ("segments", self.segments),
            ("bytes", self.bytes),
            ("damaged", self.damaged),
            ("foreign", self.foreign),
            ("newer", self.newer),
        ] {
            to.number_of(key, count as f64);
        }
        to.close('}');
    }
}

/// The view of one instance on a namespace.
#[derive(Clone, Debug)]
pub struct Files {
    namespace: Namespace,
    writer: String,
    /// Whether a key may be written many times. Where it may not (KV), each store begins a segment.
    append: bool,
    sequence: Sequence,
    segments: Map<Rc<SegmentKey>, Segment>,
    /// The segments that were read after the last plan was made. Between two plans anybody may have written: only what is
    /// in here may be written again.
    fresh: Set<SegmentKey>,
    /// The winning line of each id, once it was asked for.
    index: OnceCell<Index>,
    foreign: Set<String>,
    /// The schemas written here, by the number in their key; `None` for an entry that can't be read.
    metas: Map<u32, Option<f64>>,
}

/// Which line of which segment wins, for each id.
#[derive(Clone, Debug, Default)]
struct Index {
    table: Table,
    won: Vec<(Rc<SegmentKey>, usize)>,
}

impl Index {
    /// The place of an id in `won`.
    fn find(&self, segments: &Map<Rc<SegmentKey>, Segment>, id: &str) -> Option<u32> {
        self.table.find(hash(id.as_bytes()), &|at| {
            let won = self.won.get(at as usize).and_then(|(place, line)| segments.get(&**place)?.record(*line));
            won.is_some_and(|record| record.id == id)
        })
    }

    /// Lets the lines of a segment from `from` on compete: the highest revision wins, and of equal ones the later line.
    fn take(&mut self, segments: &Map<Rc<SegmentKey>, Segment>, place: &Rc<SegmentKey>, from: usize) {
        let Some(segment) = segments.get(&**place) else { return };
        for (line, record) in segment.records().filter(|(line, _)| *line >= from) {
            match self.find(segments, &record.id) {
                None => {
                    self.table.insert(hash(record.id.as_bytes()), self.won.len() as u32);
                    self.won.push((Rc::clone(place), line));
                }
                Some(at) => {
                    let Some(known) = self.won.get_mut(at as usize) else { continue };
                    let revision =
                        segments.get(&*known.0).and_then(|of| of.record(known.1)).map_or(0, Record::revision);
                    let later = (&**place, line) > (&*known.0, known.1);
                    if record.revision() > revision || record.revision() == revision && later {
                        *known = (Rc::clone(place), line);
                    }
                }
            }
        }
    }
}

impl Files {
    /// The view of an instance that has read nothing yet. `writer` is a new UUIDv7.
    pub fn new(namespace: Namespace, writer: String, append: bool) -> Self {
        Self {
            namespace,
            writer,
            append,
            sequence: Sequence::default(),
            segments: Map::new(),
            fresh: Set::new(),
            index: OnceCell::new(),
            foreign: Set::new(),
            metas: Map::new(),
        }
    }

    /// The namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The key of the entry that says that our schema was written here. Those of other schemas begin with
    /// [`Namespace::meta_prefix`], and are to be loaded too, before anything is stored.
    pub fn meta_key(&self) -> String {
        format!("{}{SCHEMA}", self.namespace.meta_prefix())
    }

    /// Whether what that key holds need not be read (again) by a host whose segments are never appended to.
    pub fn knows(&self, key: &str) -> bool {
        match self.namespace.parse(key) {
            Some(Key::Segment(place)) => self.segments.contains_key(&place),
            Some(Key::Meta(schema)) => self.metas.contains_key(&schema),
            // Of those the text is nothing to a store of records.
            Some(Key::Summary(_) | Key::Budget(_) | Key::Reservation(_) | Key::Charge(_) | Key::Ledger) => true,
            None => self.foreign.contains(key),
        }
    }

    /// Takes in what the host has under a key; `None` for nothing (any more).
    ///
    /// A host that appends loads all that is there in the same turn (or transaction) in which it carries out a plan. What
    /// was not loaded since the last plan is read from, and never written again.
    pub fn load(&mut self, key: &str, text: Option<String>) {
        match (self.namespace.parse(key), text) {
            (Some(Key::Segment(place)), Some(text)) => {
                self.fresh.insert(place.clone());
                // Most texts are the same as last time; comparing is far cheaper than reading.
                let known = self.segments.get(&place).map(Segment::text);
                if known == Some(&*text) {
                    return;
                }
                let grown = known.is_none_or(|known| text.starts_with(known));
                let place = Rc::new(place);
                let (segment, from) = match self.segments.remove(&*place) {
                    Some(known) => {
                        let lines = known.lines().len();
                        (Segment::reread(known, text), lines)
                    }
                    None => (Segment::decode(text), 0),
                };
                self.segments.insert(Rc::clone(&place), segment);
                match self.index.get_mut() {
                    // A line that was cut off may have become whole: then it is not behind the last.
                    Some(index) if grown => index.take(&self.segments, &place, from.saturating_sub(1)),
                    _ => self.index = OnceCell::new(),
                }
            }
            (Some(Key::Segment(place)), None) => {
                self.fresh.remove(&place);
                if self.segments.remove(&place).is_some() {
                    self.index = OnceCell::new();
                }
            }
            (Some(Key::Meta(schema)), Some(text)) => {
                self.metas.insert(schema, schema_of("meta", &text));
            }
            (Some(Key::Meta(schema)), None) => {
                self.metas.remove(&schema);
            }
            (Some(Key::Summary(_) | Key::Budget(_) | Key::Reservation(_) | Key::Charge(_) | Key::Ledger), _) => {}
            (None, Some(_)) if key.starts_with(self.namespace.prefix()) => {
                self.foreign.insert(key.to_owned());
            }
            (None, _) => {
                self.foreign.remove(key);
            }
        }
    }

    /// Forgets every segment that is not among these keys and does not satisfy `keep`: someone deleted it.
    pub fn retain(&mut self, listed: &Set<String>, keep: impl Fn(&str) -> bool) {
        let (namespace, count) = (&self.namespace, self.segments.len());
        self.segments.retain(|place, _| {
            namespace.key(&Key::Segment((**place).clone())).is_ok_and(|key| listed.contains(&key) || keep(&key))
        });
        if self.segments.len() < count {
            self.index = OnceCell::new();
        }
        self.fresh.retain(|place| self.segments.contains_key(place));
        self.foreign.retain(|key| listed.contains(key));
    }

    /// Forgets every entry about a schema that is not among these keys: someone deleted it.
    pub fn retain_metas(&mut self, listed: &Set<String>) {
        let namespace = &self.namespace;
        self.metas.retain(|schema, _| namespace.key(&Key::Meta(*schema)).is_ok_and(|key| listed.contains(&key)));
    }

    /// To be told after each write of a plan that was carried out.
    pub fn done(&mut self, write: Write) {
        let (key, text) = match write {
            Write::Put { key, text } => (key, Some(text)),
            Write::Delete { key } => (key, None),
        };
        self.load(&key, text);
        if let Some(Key::Segment(place)) = self.namespace.parse(&key) {
            self.fresh.remove(&place);
        }
    }

    /// Whether a key need not be read again to see what was appended: it is a segment that was read, and full.
    pub fn is_full(&self, key: &str) -> bool {
        match self.namespace.parse(key) {
            Some(Key::Segment(place)) => {
                self.segments.get(&place).is_some_and(|known| known.text().len() >= SEGMENT_BYTES)
            }
            _ => false,
        }
    }

    /// Says that a segment is as it was read.
    pub fn is_unchanged(&mut self, key: &str) {
        if let Some(Key::Segment(place)) = self.namespace.parse(key)
            && self.segments.contains_key(&place)
        {
            self.fresh.insert(place);
        }
    }

    /// The record of that id.
    pub fn get(&self, id: &str) -> Result<Option<&Record>> {
        Ok(self.winner(id)?.map(|(_, _, record)| record))
    }

    /// Whether the record of that id, as far as it is known, is of another day: then the view is to be brought up to date
    /// before it is stored.
    pub fn is_elsewhere(&self, record: &Record) -> bool {
        let known = self.winner(&record.id).ok().flatten();
        known.is_some_and(|(place, _, _)| place.day != record.timestamp.day_key())
    }

    /// The records that satisfy `keep`, by time, then id.
    pub fn select(&self, keep: impl Fn(&Record) -> bool) -> Result<Vec<&Record>> {
        let mut records: Vec<&Record> =
            self.winners()?.map(|(_, _, record)| record).filter(|record| keep(record)).collect();
        sort_by(&mut records, |a, b| (a.timestamp, &a.id).cmp(&(b.timestamp, &b.id)));
        Ok(records)
    }

    /// Answers a question: hands it all records.
    pub fn fold(&self, fold: &mut Fold) -> Result<()> {
        self.winners()?.for_each(|(_, _, record)| {
            fold.add(record);
        });
        Ok(())
    }

    /// What a range adds up to, of one agent or of all.
    pub fn summary(&self, start: Instant, end: Instant, agent_id: Option<&str>) -> Result<Summary> {
        let mut fold = Fold::new(Ask::summary(start, end, agent_id), Rc::new(Utc));
        self.fold(&mut fold)?;
        Ok(fold.summary((start, end)))
    }

    /// How to store a record. Nothing, when a higher revision is there.
    pub fn store(&mut self, record: &Record, now: Instant) -> Result<Vec<Write>> {
        let fresh = std::mem::take(&mut self.fresh);
        let known = self.winner(&record.id)?.map(|(place, _, known)| (place.clone(), known.revision()));
        // A view that is not fresh may show what was deleted since. Of two lines the higher revision wins anyway.
        let sure = self.append && known.as_ref().is_some_and(|(place, _)| fresh.contains(place));
        if sure && known.as_ref().is_some_and(|(_, revision)| *revision > record.revision()) {
            return Ok(Vec::new());
        }
        let day = record.timestamp.day_key();
        if known.as_ref().is_some_and(|(place, revision)| place.day != day && *revision > record.revision()) {
            // What asks for its day alone would not see that it is superseded.
            return Ok(Vec::new());
        }
        let mut writes = Vec::new();
        if !self.metas.keys().any(|schema| f64::from(*schema) == SCHEMA) {
            let text = format!(r#"{{"tollgate":"meta","schema":{SCHEMA}}}"#);
            writes.push(Write::Put { key: self.meta_key(), text });
        }
        let current = self
            .segments
            .iter()
            .rev()
            .find(|(place, segment)| {
                self.append
                    && fresh.contains(&***place)
                    && (sure || known.is_none())
                    && place.writer == self.writer
                    && place.day == day
                    && segment.text().len() < SEGMENT_BYTES
                    // Never into what is not a segment.
                    && segment.text().starts_with('{')
                    && (segment.damaged() == 0 || !segment.lines().is_empty())
            })
            .map(|(place, segment)| ((**place).clone(), segment.with(record)));
        let (place, text) = match current {
            Some(found) => found,
            None => {
                if let Some((place, _)) = &known {
                    // Equal revisions: ours is the later line, whatever the clock of the other writer said.
                    self.sequence.pass(&place.seq);
                }
                (self.next_place(day.clone(), now), encode([record]))
            }
        };
        if let Some((old, _)) = known.as_ref().filter(|(old, _)| !self.append && old.day != day) {
            // What asks for the old day alone is to see that the record is no longer of it. The line is the same: whoever
            // reads both days folds it into one.
            let old = self.next_place(old.day.clone(), now);
            writes.push(Write::Put { key: self.namespace.key(&Key::Segment(old))?, text: encode([record]) });
        }
        writes.push(Write::Put { key: self.namespace.key(&Key::Segment(place.clone()))?, text });
        if self.append && sure {
            // The old line may lie in a segment that is read later than ours, or on another day: it goes.
            let id = record.id.as_str();
            writes.extend(self.rewrite(now, |other| *other != place && fresh.contains(other), |line| line == id)?);
        }
        Ok(writes)
    }

    /// How to delete what is strictly older, and how many records that is. The view must have been brought up to date for
    /// it, since what it replaces it writes again.
    pub fn delete_older_than(&mut self, before: Instant, now: Instant) -> Result<(usize, Vec<Write>)> {
        self.delete(now, |record| record.timestamp < before)
    }

    /// How to delete every record. Entries that can't be read stay.
    pub fn clear(&mut self, now: Instant) -> Result<Vec<Write>> {
        Ok(self.delete(now, |_| true)?.1)
    }

    /// What is here.
    pub fn report(&self) -> Report {
        let mut ids = Set::new();
        let mut report = Report {
            segments: self.segments.len(),
            foreign: self.foreign.len(),
            damaged: self.metas.values().filter(|schema| schema.is_none()).count(),
            newer: usize::from(self.newer_meta().is_some()),
            ..Report::default()
        };
        for segment in self.segments.values() {
            ids.extend(segment.records().map(|(_, record)| record.id.as_str()));
            report.bytes += segment.text().len();
            report.damaged += segment.damaged();
            report.newer += usize::from(segment.newer().is_some());
        }
        report.records = ids.len();
        report
    }

    fn delete(&mut self, now: Instant, dead: impl Fn(&Record) -> bool) -> Result<(usize, Vec<Write>)> {
        self.check()?;
        let fresh = std::mem::take(&mut self.fresh);
        // Where segments are never appended to, what was read of one is still all of it.
        if self.append && !self.segments.keys().all(|place| fresh.contains(&**place)) {
            return Err(Error::internal("cannot delete: expected segments that were just read, found older ones"));
        }
        let dead = self.winners()?.map(|(_, _, record)| record).filter(|record| dead(record));
        let ids: Set<String> = dead.map(|record| record.id.clone()).collect();
        let writes = self.rewrite(now, |_| true, |id| ids.contains(id))?;
        Ok((ids.len(), writes))
    }

    /// Replaces every segment, of those that `may` go, that has a line whose id is to go.
    ///
    /// What it replaces is read later than what it was, so a line that lost must not come along: only winning lines do,
    /// and those that can't be read.
    fn rewrite(
        &mut self,
        now: Instant,
        may: impl Fn(&SegmentKey) -> bool,
        gone: impl Fn(&str) -> bool,
    ) -> Result<Vec<Write>> {
        self.check()?;
        let mut texts = Vec::new();
        for (place, segment) in &self.segments {
            if !may(place) || !segment.records().any(|(_, record)| gone(&record.id)) {
                continue;
            }
            let drop = |at: usize| {
                segment.record(at).is_some_and(|record| gone(&record.id) || !self.wins(place, at, &record.id))
            };
            texts.push(((**place).clone(), segment.without(drop)));
        }
        let mut writes = Vec::new();
        for (place, text) in texts {
            if let Some(text) = text {
                let place = self.next_place(place.day.clone(), now);
                writes.push(Write::Put { key: self.namespace.key(&Key::Segment(place))?, text });
            }
            writes.push(Write::Delete { key: self.namespace.key(&Key::Segment(place))? });
        }
        Ok(writes)
    }

    fn next_place(&mut self, day: String, now: Instant) -> SegmentKey {
        SegmentKey { seq: self.sequence.next(now), writer: self.writer.clone(), day }
    }

    /// The schema above ours that was written here: its key says so, or what is in it.
    fn newer_meta(&self) -> Option<f64> {
        let all = self.metas.iter().flat_map(|(key, text)| [Some(f64::from(*key)), *text]).flatten();
        all.reduce(f64::max).filter(|schema| *schema > SCHEMA)
    }

    /// Refuses what a later release wrote.
    fn check(&self) -> Result<()> {
        if let Some(schema) = self.newer_meta() {
            return Err(newer(schema));
        }
        self.segments.values().find_map(Segment::error).map_or(Ok(()), Err)
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            self.segments.keys().for_each(|place| index.take(&self.segments, place, 0));
            index
        })
    }

    /// The winning line of an id.
    fn winner(&self, id: &str) -> Result<Option<(&SegmentKey, usize, &Record)>> {
        self.check()?;
        let index = self.index();
        let won = index.find(&self.segments, id).and_then(|at| index.won.get(at as usize));
        Ok(won.and_then(|(place, line)| Some((&**place, *line, self.segments.get(&**place)?.record(*line)?))))
    }

    /// Whether a line is the winning one of its id.
    fn wins(&self, place: &SegmentKey, line: usize, id: &str) -> bool {
        let index = self.index();
        let won = index.find(&self.segments, id).and_then(|at| index.won.get(at as usize));
        won.is_some_and(|(other, at)| **other == *place && *at == line)
    }

    /// The winning lines of all ids.
    fn winners(&self) -> Result<impl Iterator<Item = (&SegmentKey, usize, &Record)>> {
        self.check()?;
        let won = self.index().won.iter();
        Ok(won.filter_map(|(place, line)| Some((&**place, *line, self.segments.get(&**place)?.record(*line)?))))
    }

    /// How to put small segments together, where every store begins one: a day that is read later is then read at once.
    ///
    /// Safe beside others: what an instance may not have seen yet is younger than what is put together, so it wins as it did
    /// before; two that do it at once leave equal copies, which fold into one. The new key stands before the old are deleted.
    pub fn compact(&mut self, now: Instant) -> Result<Vec<Write>> {
        self.check()?;
        let seen = Sequence::default().next(now.plus(-SEEN_BY_ALL));
        let mut days: Map<String, Vec<Rc<SegmentKey>>> = Map::new();
        for (place, segment) in &self.segments {
            let whole = segment.damaged() == 0 && segment.text().len() < MERGED_BYTES / 2;
            if whole && place.seq < seen {
                days.get_or_default(place.day.clone()).push(Rc::clone(place));
            }
        }
        let mut writes = Vec::new();
        for (day, places) in &days {
            let mut rest = places.as_slice();
            while !rest.is_empty() {
                let mut bytes = 0;
                let count = rest
                    .iter()
                    .take_while(|place| {
                        bytes += self.segments.get(&***place).map_or(0, |segment| segment.text().len());
                        bytes <= MERGED_BYTES
                    })
                    .count()
                    .max(1);
                let (some, more) = rest.split_at_checked(count).unwrap_or((rest, &[]));
                rest = more;
                let Some(last) = some.last().filter(|_| some.len() > 1) else { continue };
                let records = some.iter().flat_map(|place| {
                    let records = self.segments.get(&**place).into_iter().flat_map(Segment::records);
                    records.filter(|(line, record)| self.wins(place, *line, &record.id)).map(|(_, record)| record)
                });
                let text = encode(records);
                // It is read where the last of them was, so that a later line stays a later one.
                let mut sequence = Sequence::default();
                sequence.pass(&last.seq);
                let place = SegmentKey {
                    seq: sequence.next(Instant::from_ms(0)),
                    writer: self.writer.clone(),
                    day: day.clone(),
                };
                writes.push(Write::Put { key: self.namespace.key(&Key::Segment(place))?, text });
                for place in some {
                    writes.push(Write::Delete { key: self.namespace.key(&Key::Segment((**place).clone()))? });
                }
            }
        }
        Ok(writes)
    }
}

/// When the host may forget a segment whose records are to be kept for so long: that long after the last of them, and not
/// at once.
pub fn expiry(text: &str, keep_ms: i64, now: Instant) -> Instant {
    let segment = Segment::decode(text.to_owned());
    let last = segment.records().map(|(_, record)| record.timestamp).max().unwrap_or(now);
    last.plus(keep_ms).max(now.plus(2 * MINUTE))
}

#[cfg(test)]
mod tests {
    use super::super::memory::tests::{Naive, Step, record, steps};
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    /// A host in memory, shared by instances that each have their own view.
    #[derive(Default)]
    struct Host(Map<String, String>);

    impl Host {
        fn refresh(&self, files: &mut Files) {
            files.retain(&self.0.keys().cloned().collect(), |_| false);
            files.retain_metas(&self.0.keys().cloned().collect());
            for (key, text) in &self.0 {
                files.load(key, Some(text.clone()));
            }
        }

        fn apply(&mut self, files: &mut Files, writes: Vec<Write>) {
            for write in writes {
                match write.clone() {
                    Write::Put { key, text } => {
                        self.0.insert(key, text);
                    }
                    Write::Delete { key } => {
                        self.0.remove(&key);
                    }
                }
                files.done(write);
            }
        }
    }

    fn files(writer: &str, append: bool) -> Files {
        Files::new(Namespace::new("test").unwrap(), writer.to_owned(), append)
    }

    fn shown(files: &Files) -> Vec<String> {
        files.select(|_| true).unwrap().into_iter().map(Record::to_stored).collect()
    }

    proptest! {
        /// Two instances that take turns over one host agree with the naive model, whether they append or not.
        #[test]
        fn agrees_with_a_list(history in prop::collection::vec((any::<bool>(), 0_i64..3), 60), steps in steps(), append: bool) {
            let mut host = Host::default();
            let mut naive = Naive::default();
            let mut instances = [files("w1", append), files("w2", append)];
            for (step, (which, ms)) in steps.iter().zip(history) {
                let files = &mut instances[usize::from(which)];
                host.refresh(files);
                let now = Instant::from_ms(1_000 + ms);
                let gone = naive.apply(step);
                let writes = match step {
                    Step::Store(record) => files.store(record, now).unwrap(),
                    Step::DeleteOlderThan(before) => {
                        let (count, writes) = files.delete_older_than(*before, now).unwrap();
                        prop_assert_eq!(count, gone);
                        writes
                    }
                    Step::Clear => files.clear(now).unwrap(),
                };
                host.apply(files, writes);
                prop_assert_eq!(shown(files), naive.ids(|_| true));
            }
            let mut fresh = files("w3", append);
            host.refresh(&mut fresh);
            prop_assert_eq!(shown(&fresh), naive.ids(|_| true));
            prop_assert_eq!(fresh.report().records, naive.0.len());
        }

        /// Folding does not depend on the order in which segments are handed in, nor on being told twice.
        #[test]
        fn folding_knows_no_order(records in prop::collection::vec(record(), 1..20)) {
            let mut host = Host::default();
            let mut writer = files("w", false);
            for (ms, record) in records.iter().enumerate() {
                // A fresh view each time: the writer knows nothing of what is there.
                writer.segments.clear();
                writer.index = OnceCell::new();
                writer.fresh.clear();
                let writes = writer.store(record, Instant::from_ms(ms as i64)).unwrap();
                host.apply(&mut writer, writes);
            }
            let (mut forward, mut backward) = (files("a", false), files("b", false));
            host.refresh(&mut forward);
            for (key, text) in host.0.iter().rev().chain(&host.0) {
                backward.load(key, Some(text.clone()));
            }
            prop_assert_eq!(shown(&forward), shown(&backward));
            let mut naive = Naive::default();
            for record in &records {
                naive.apply(&Step::Store(record.clone()));
            }
            prop_assert_eq!(shown(&forward), naive.ids(|_| true));
        }
    }

    proptest! {
        /// Putting segments together changes no answer, whatever another instance writes meanwhile.
        #[test]
        fn compaction_loses_nothing(records in prop::collection::vec(record(), 1..30), during in prop::collection::vec(record(), 0..5)) {
            let (mut host, mut ours, mut theirs) = (Host::default(), files("w1", false), files("w2", false));
            let mut naive = Naive::default();
            for (at, record) in records.iter().enumerate() {
                host.refresh(&mut ours);
                let writes = ours.store(record, Instant::from_ms(at as i64)).unwrap();
                host.apply(&mut ours, writes);
                naive.apply(&Step::Store(record.clone()));
            }
            host.refresh(&mut ours);
            let now = Instant::from_ms(SEEN_BY_ALL + 1_000);
            let writes = ours.compact(now).unwrap();
            let puts = writes.iter().filter(|write| matches!(write, Write::Put { .. })).count();
            // Between the plan and its end, somebody who has not seen it stores.
            host.refresh(&mut theirs);
            for record in &during {
                let writes = theirs.store(record, now).unwrap();
                host.apply(&mut theirs, writes);
                naive.apply(&Step::Store(record.clone()));
            }
            host.apply(&mut ours, writes);
            let mut fresh = files("w3", false);
            host.refresh(&mut fresh);
            prop_assert_eq!(shown(&fresh), naive.ids(|_| true));
            prop_assert!(puts <= 6);
            prop_assert!(ours.compact(now).unwrap().is_empty(), "what was put together once is left alone");
        }
    }

    #[test]
    fn a_moved_record_is_gone_from_its_old_day() {
        let (mut host, mut ours) = (Host::default(), files("w", false));
        let mut record = Record::new("a", "m", Instant::from_ms(0));
        let writes = ours.store(&record, Instant::from_ms(5)).unwrap();
        host.apply(&mut ours, writes);
        record.timestamp = Instant::from_ms(3 * 86_400_000);
        let writes = ours.store(&record, Instant::from_ms(6)).unwrap();
        host.apply(&mut ours, writes);
        let mut fresh = files("w2", false);
        for (key, text) in host.0.iter().filter(|(key, _)| key.contains(":19700101:")) {
            fresh.load(key, Some(text.clone()));
        }
        assert_eq!(fresh.select(|record| record.timestamp.ms() < 86_400_000).unwrap().len(), 0);
    }

    #[test]
    fn what_is_to_be_forgotten_is_kept_for_its_time() {
        let text =
            encode([&Record::new("a", "m", Instant::from_ms(5_000)), &Record::new("b", "m", Instant::from_ms(3_000))]);
        assert_eq!(expiry(&text, 10 * MINUTE, Instant::from_ms(0)), Instant::from_ms(5_000 + 10 * MINUTE));
        assert_eq!(expiry(&text, 1, Instant::from_ms(9_000)), Instant::from_ms(9_000 + 2 * MINUTE));
    }

    #[test]
    fn a_write_costs_one_segment_and_segments_stay_small() {
        let (mut host, mut ours) = (Host::default(), files("w", true));
        for number in 0..200 {
            let record = Record::new(&format!("r{number:03}"), "m", Instant::from_ms(number));
            host.refresh(&mut ours);
            let writes = ours.store(&record, Instant::from_ms(number)).unwrap();
            assert_eq!(writes.len(), if number == 0 { 2 } else { 1 });
            host.apply(&mut ours, writes);
        }
        assert!(host.0.values().all(|text| text.len() < SEGMENT_BYTES + 1024));
        assert!(host.0.len() > 3);
        assert_eq!(ours.report().records, 200);
    }

    #[test]
    fn damaged_and_foreign_entries_survive_everything() {
        let (mut host, mut ours) = (Host::default(), files("w", true));
        let record = Record::new("a", "m", Instant::from_ms(0));
        let seg = "tollgate:1:test:seg:19700101:x:000000000000000001";
        host.0.insert(seg.to_owned(), format!("{}rubbish\n", encode([&record])));
        host.0.insert("tollgate:1:test:seg:19700101:x:000000000000000002".to_owned(), "no segment".to_owned());
        for known in ["bud:a", "res:a", "chg:h:0123456789abcdef0123456789abcdef", "led", "sum:2026"] {
            host.0.insert(format!("tollgate:1:test:{known}"), "{}".to_owned());
        }
        host.0.insert("tollgate:1:test:other".to_owned(), "theirs".to_owned());
        host.0.insert("tollgate:1:tester:meta:1".to_owned(), "another namespace".to_owned());
        host.refresh(&mut ours);
        let report = ours.report();
        assert_eq!((report.records, report.damaged, report.foreign, report.segments), (1, 2, 1, 2));
        let writes = ours.clear(Instant::from_ms(5)).unwrap();
        host.apply(&mut ours, writes);
        host.refresh(&mut ours);
        let report = ours.report();
        assert_eq!((report.records, report.damaged, report.foreign, report.segments), (0, 2, 1, 2));
        assert_eq!(host.0.get("tollgate:1:test:other").unwrap(), "theirs");
        assert!(host.0.values().any(|text| text.contains("rubbish")));
        // A store goes into a segment of its own, not into what is damaged.
        let writes = ours.store(&record, Instant::from_ms(6)).unwrap();
        host.apply(&mut ours, writes);
        assert_eq!(ours.report().records, 1);
        assert_eq!(host.0.get("tollgate:1:test:seg:19700101:x:000000000000000002").unwrap(), "no segment");
    }

    #[test]
    fn what_a_later_release_wrote_stops_reads_and_writes() {
        for (key, text) in [
            ("tollgate:1:test:meta:1", r#"{"tollgate":"meta","schema":2}"#),
            ("tollgate:1:test:meta:2", r#"{"tollgate":"meta","schema":1}"#),
            ("tollgate:1:test:meta:2", "what a later release says"),
            ("tollgate:1:test:meta:99999999999999999999", "{}"),
            ("tollgate:1:test:meta:1", r#"{"schema":4294967296,"tollgate":"meta"}"#),
            ("tollgate:1:test:seg:19700101:x:000000000000000001", r#"{"tollgate":"records","schema":2}"#),
        ] {
            let mut ours = files("w", true);
            ours.load(key, Some(text.to_owned()));
            let record = Record::new("a", "m", Instant::from_ms(0));
            let now = Instant::from_ms(0);
            for code in [
                ours.get("a").unwrap_err().code(),
                ours.store(&record, now).unwrap_err().code(),
                ours.clear(now).unwrap_err().code(),
            ] {
                assert_eq!(code, Code::StorageVersionNewer, "{key}");
            }
            assert_eq!(ours.report().newer, 1);
        }
    }

    #[test]
    fn a_superseded_revision_does_not_come_back() {
        let (mut host, mut ours) = (Host::default(), files("w", true));
        let mut record = Record::new("a", "m", Instant::from_ms(86_400_000));
        let writes = ours.store(&record, Instant::from_ms(0)).unwrap();
        host.apply(&mut ours, writes);
        // Another instance moves it a day back, with a higher revision, and cannot remove the old line.
        record.timestamp = Instant::from_ms(0);
        record.revision = Some(1);
        host.0.insert("tollgate:1:test:seg:19700101:x:000000000000000001".to_owned(), encode([&record]));
        host.refresh(&mut ours);
        let (count, writes) = ours.delete_older_than(Instant::from_ms(1_000), Instant::from_ms(9)).unwrap();
        host.apply(&mut ours, writes);
        assert_eq!((count, shown(&ours).len()), (1, 0));
    }

    #[test]
    fn what_was_cleared_does_not_come_back() {
        let (mut host, mut ours, mut theirs) = (Host::default(), files("w1", true), files("w2", true));
        let now = Instant::from_ms(5);
        let old = Record::new("old", "m", Instant::from_ms(0));
        let writes = ours.store(&old, now).unwrap();
        host.apply(&mut ours, writes);
        host.refresh(&mut theirs);
        let writes = theirs.clear(now).unwrap();
        host.apply(&mut theirs, writes);
        // Ours has not looked since: neither an append, nor the same record again, may bring back its text.
        for id in ["new", "old"] {
            let mut record = Record::new(id, "m", Instant::from_ms(1));
            record.revision = Some(1);
            let writes = ours.store(&record, now).unwrap();
            host.apply(&mut ours, writes);
        }
        let texts: String = host.0.values().cloned().collect();
        assert_eq!((texts.matches("\"id\":\"old\"").count(), texts.matches("\"revision\":1").count()), (1, 2));
        assert_eq!(
            ours.clear(now).unwrap_err().message(),
            "cannot delete: expected segments that were just read, found older ones"
        );
    }

    #[test]
    fn a_stale_view_stores_what_it_believes_to_be_superseded() {
        let (mut host, mut ours) = (Host::default(), files("w1", false));
        let mut record = Record::new("a", "m", Instant::from_ms(0));
        record.revision = Some(3);
        let writes = ours.store(&record, Instant::from_ms(5)).unwrap();
        host.apply(&mut ours, writes);
        // Cleared by another instance; the record of a paid call must not be lost to what this one remembers.
        host.0.clear();
        record.revision = None;
        let writes = ours.store(&record, Instant::from_ms(5)).unwrap();
        host.apply(&mut ours, writes);
        let mut fresh = files("w2", false);
        host.refresh(&mut fresh);
        assert_eq!(fresh.get("a").unwrap().unwrap().revision, None);
    }

    #[test]
    fn the_later_store_wins_over_a_clock_that_was_ahead() {
        for append in [true, false] {
            let (mut host, mut ahead, mut ours) = (Host::default(), files("w9", append), files("w1", append));
            let mut record = Record::new("a", "m", Instant::from_ms(0));
            let writes = ahead.store(&record, Instant::from_ms(9_000_000)).unwrap();
            host.apply(&mut ahead, writes);
            host.refresh(&mut ours);
            record.agent_id = "later".to_owned();
            let writes = ours.store(&record, Instant::from_ms(5)).unwrap();
            host.apply(&mut ours, writes);
            let mut fresh = files("w2", append);
            host.refresh(&mut fresh);
            assert_eq!(fresh.get("a").unwrap().unwrap().agent_id, "later");
        }
    }
}
