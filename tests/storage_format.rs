//! Storage format version 1 against its golden files, which are never edited: `docs/design/storage.md`. The JavaScript
//! tests read the same files.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // Clippy takes the helpers of a test file for code of ours.

use serde::Deserialize;
use tollgate::{
    ledger::{Files, Key, Name, Namespace, Record, Segment, SegmentKey, Write, memory::to_json},
    time::Instant,
};

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/fixtures/storage/v1/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_record_is_read_and_written_back_byte_for_byte() {
    let text = fixture("segment.jsonl");
    let segment = Segment::decode(text.clone());
    assert_eq!((segment.damaged(), segment.newer()), (0, None));
    let records: Vec<Record> = segment.records().map(|(_, record)| record.clone()).collect();
    assert_eq!(tollgate::ledger::segment::encode(&records), text);
}

#[test]
fn the_public_form_of_every_record_is_the_golden_one() {
    let segment = Segment::decode(fixture("segment.jsonl"));
    let public: Vec<String> = segment.records().map(|(_, record)| record.to_json()).collect();
    let golden = fixture("public.jsonl");
    for (ours, golden) in public.iter().zip(golden.lines()) {
        assert_eq!(ours, golden);
        // The public form is read as the same record.
        assert_eq!(Record::parse(golden).unwrap().to_json(), golden);
    }
    assert_eq!(public.len(), golden.lines().count());
    assert_eq!(to_json(segment.records().map(|(_, record)| record)), format!("[{}]", public.join(",")));
}

#[test]
fn damage_is_counted_and_the_highest_revision_wins() {
    let mut files = Files::new(Namespace::new("default").unwrap(), "w".to_owned(), true);
    let key = "tollgate:1:default:seg:20261121:x:179523813012300000";
    files.load(key, Some(fixture("damaged.jsonl")));
    assert_eq!((files.report().records, files.report().damaged), (1, 3));
    assert_eq!(files.get("first").unwrap().unwrap().usd.to_string(), "0.2");
    // Deleting the record keeps what could not be read, byte for byte.
    let (count, writes) = files.delete_older_than(Instant::parse("2027-01-01").unwrap(), Instant::from_ms(0)).unwrap();
    assert_eq!(count, 1);
    let text = "{\"tollgate\":\"records\",\"schema\":1}\nthis is no record\n{\"schema\":1,\"id\":\"no cost\",\"model\":\"m\",\"timestamp\":\"2026-11-21T00:00:00.000Z\"}\n{\"schema\":1,\"id\":\"cut off\",\"requestId\":\"cu\n";
    assert_eq!(
        writes,
        [
            Write::Put { key: "tollgate:1:default:seg:20261121:w:000000000000000001".into(), text: text.into() },
            Write::Delete { key: key.into() },
        ]
    );
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Entry>,
    foreign: Vec<Entry>,
    meta: Meta,
}

#[derive(Deserialize)]
struct Entry {
    key: String,
    namespace: String,
    kind: Option<String>,
    day: Option<String>,
    writer: Option<String>,
    seq: Option<String>,
    id: Option<String>,
    /// How many times the id is that text.
    repeat: Option<usize>,
    schema: Option<u32>,
    window: Option<String>,
}

#[derive(Deserialize)]
struct Meta {
    key: String,
    text: String,
    newer: Vec<Newer>,
}

#[derive(Deserialize)]
struct Newer {
    key: String,
    text: String,
}

#[test]
fn keys_are_read_and_written_as_in_the_golden_file() {
    let golden: Keys = serde_json::from_str(&fixture("keys.json")).unwrap();
    for entry in golden.keys {
        let namespace = Namespace::new(&entry.namespace).unwrap();
        let name = |entry: &Entry| Name::of(&entry.id.clone().unwrap().repeat(entry.repeat.unwrap_or(1)));
        let key = match entry.kind.as_deref().unwrap() {
            "meta" => Key::Meta(entry.schema.unwrap()),
            "ledger" => Key::Ledger,
            "budget" => Key::Budget(name(&entry)),
            "reservation" => Key::Reservation(name(&entry)),
            "charge" => Key::Charge(name(&entry)),
            "summary" => Key::Summary(entry.window.unwrap()),
            _ => Key::Segment(SegmentKey {
                day: entry.day.unwrap(),
                writer: entry.writer.unwrap(),
                seq: entry.seq.unwrap(),
            }),
        };
        assert_eq!(namespace.key(&key).unwrap(), entry.key);
        assert_eq!(namespace.parse(&entry.key), Some(key), "{}", entry.key);
    }
    for entry in golden.foreign {
        assert_eq!(Namespace::new(&entry.namespace).unwrap().parse(&entry.key), None, "{}", entry.key);
    }
    let mut files = Files::new(Namespace::new("default").unwrap(), "w".to_owned(), true);
    let writes = files.store(&Record::new("a", "m", Instant::from_ms(0)), Instant::from_ms(0)).unwrap();
    assert_eq!(writes[0], Write::Put { key: golden.meta.key.clone(), text: golden.meta.text });
    for newer in golden.meta.newer {
        let mut files = files.clone();
        files.load(&newer.key, Some(newer.text));
        assert_eq!(files.report().newer, 1, "{}", newer.key);
    }
}
