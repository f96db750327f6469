//! A namespace as read from a host: folding lines into records, and plans of what to write. It reads and writes nothing
//! itself; the host hands in texts and carries out [`Write`]s.

use crate::collections::{Map, Set, sort_by};

use super::{
    keys::{Key, Namespace, SegmentKey, Sequence},
    record::{Record, SCHEMA, newer},
    segment::{Segment, encode, schema_of},
    summary::Summary,
};
use crate::{
    error::{Error, Result},
    json::{ToJson, Writer},
    time::Instant,
};

/// A segment grows up to this many bytes: every append writes all of it.
const SEGMENT_BYTES: usize = 16 * 1024;

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
    segments: Map<SegmentKey, Segment>,
    /// The segments that were read after the last plan was made. Between two plans anybody may have written: only what is
    /// in here may be written again.
    fresh: Set<SegmentKey>,
    foreign: Set<String>,
    /// The schemas written here, by the number in their key; `None` for an entry that can't be read.
    metas: Map<u32, Option<f64>>,
}

/// The winning line of an id, and where it is.
struct Winner<'a> {
    at: (&'a SegmentKey, usize),
    record: &'a Record,
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
                if self.segments.get(&place).is_none_or(|known| known.text() != text) {
                    self.segments.insert(place, Segment::decode(text));
                }
            }
            (Some(Key::Segment(place)), None) => {
                self.fresh.remove(&place);
                self.segments.remove(&place);
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
        let namespace = &self.namespace;
        self.segments.retain(|place, _| {
            namespace.key(&Key::Segment(place.clone())).is_ok_and(|key| listed.contains(&key) || keep(&key))
        });
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

    /// The record of that id.
    pub fn get(&self, id: &str) -> Result<Option<&Record>> {
        Ok(self.winners()?.remove(id).map(|winner| winner.record))
    }

    /// The records that satisfy `keep`, by time, then id.
    pub fn select(&self, keep: impl Fn(&Record) -> bool) -> Result<Vec<&Record>> {
        let mut records: Vec<&Record> =
            self.winners()?.into_values().map(|winner| winner.record).filter(|record| keep(record)).collect();
        sort_by(&mut records, |a, b| (a.timestamp, &a.id).cmp(&(b.timestamp, &b.id)));
        Ok(records)
    }

    /// What a range adds up to, of one agent or of all.
    pub fn summary(&self, start: Instant, end: Instant, agent_id: Option<&str>) -> Result<Summary> {
        let mut summary = Summary::of(start, end);
        for winner in self.winners()?.into_values() {
            let record = winner.record;
            if record.timestamp >= start && record.timestamp <= end && agent_id.is_none_or(|id| id == record.agent_id) {
                summary.add(record);
            }
        }
        Ok(summary)
    }

    /// How to store a record. Nothing, when a higher revision is there.
    pub fn store(&mut self, record: &Record, now: Instant) -> Result<Vec<Write>> {
        let fresh = std::mem::take(&mut self.fresh);
        let known =
            self.winners()?.remove(record.id.as_str()).map(|known| (known.at.0.clone(), known.record.revision()));
        // A view that is not fresh may show what was deleted since. Of two lines the higher revision wins anyway.
        let sure = self.append && known.as_ref().is_some_and(|(place, _)| fresh.contains(place));
        if sure && known.as_ref().is_some_and(|(_, revision)| *revision > record.revision()) {
            return Ok(Vec::new());
        }
        let mut writes = Vec::new();
        if !self.metas.keys().any(|schema| f64::from(*schema) == SCHEMA) {
            let text = format!(r#"{{"tollgate":"meta","schema":{SCHEMA}}}"#);
            writes.push(Write::Put { key: self.meta_key(), text });
        }
        let day = record.timestamp.day_key();
        let current = self
            .segments
            .iter()
            .rev()
            .find(|(place, segment)| {
                self.append
                    && fresh.contains(place)
                    && (sure || known.is_none())
                    && place.writer == self.writer
                    && place.day == day
                    && segment.text().len() < SEGMENT_BYTES
                    // Never into what is not a segment.
                    && segment.text().starts_with('{')
                    && (segment.damaged() == 0 || !segment.lines().is_empty())
            })
            .map(|(place, segment)| (place.clone(), segment.with(record)));
        let (place, text) = match current {
            Some(found) => found,
            None => {
                if let Some((place, _)) = &known {
                    // Equal revisions: ours is the later line, whatever the clock of the other writer said.
                    self.sequence.pass(&place.seq);
                }
                (self.next_place(day, now), encode([record]))
            }
        };
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
        self.winners()?;
        let fresh = std::mem::take(&mut self.fresh);
        // Where segments are never appended to, what was read of one is still all of it.
        if self.append && !self.segments.keys().all(|place| fresh.contains(place)) {
            return Err(Error::internal("cannot delete: expected segments that were just read, found older ones"));
        }
        let ids: Set<String> = self
            .winners()?
            .into_iter()
            .filter(|(_, winner)| dead(winner.record))
            .map(|(id, _)| id.to_owned())
            .collect();
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
        let winners: Set<(&SegmentKey, usize)> = self.winners()?.into_values().map(|winner| winner.at).collect();
        let mut texts = Vec::new();
        for (place, segment) in &self.segments {
            if !may(place) || !segment.records().any(|(_, record)| gone(&record.id)) {
                continue;
            }
            let drop = |at: usize| {
                segment.lines().get(at).and_then(|line| line.record.as_ref()).is_some_and(|record| gone(&record.id))
                    || !winners.contains(&(place, at))
            };
            texts.push((place.clone(), segment.without(drop)));
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

    /// Folds all lines: for each id the highest revision, and of equal ones the later line.
    fn winners(&self) -> Result<Map<&str, Winner<'_>>> {
        if let Some(schema) = self.newer_meta() {
            return Err(newer(schema));
        }
        let mut winners: Map<&str, Winner<'_>> = Map::new();
        for (place, segment) in &self.segments {
            if let Some(error) = segment.error() {
                return Err(error);
            }
            for (line, record) in segment.records() {
                if winners.get(record.id.as_str()).is_none_or(|known| known.record.revision() <= record.revision()) {
                    winners.insert(&record.id, Winner { at: (place, line), record });
                }
            }
        }
        Ok(winners)
    }
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
