//! What of a ledger that is kept stays in memory, and in what texts its rows are written.

use std::collections::BTreeMap;

use super::*;
use crate::{
    budget::{Charge, Mode, OnlyUtc, ledger::Ledger, unit::Amounts},
    time::{DAY, WeekStart},
};

const NOW: i64 = 1_795_262_400_000; // 2026-11-21T12:00:00Z
const CHARGES: usize = 1_000;
const PAGE: usize = 50;

fn put(ledger: &mut Ledger, name: &str, period: &str) {
    let json = format!(r#"{{"name":"{name}","limit":100,"period":"{period}"}}"#);
    let config = Config::parse_input(&json, "UTC", WeekStart::Monday).unwrap();
    ledger.put(config, Mode::Attach, &OnlyUtc, Instant::from_ms(NOW)).unwrap();
}

fn charge(ledger: &mut Ledger, id: &str) -> bool {
    let (at, now) = (Instant::from_ms(NOW - 10 * DAY), Instant::from_ms(NOW));
    let amounts = Amounts::new(Usd::parse("0.01").unwrap(), None);
    let charge = Charge { record_id: id, revision: 0, amounts, scopes: &[], at, reservation_ids: &[] };
    ledger.take(&charge, now).counted
}

fn spent(ledger: &mut Ledger) -> Vec<String> {
    ledger.status(None, Instant::from_ms(NOW)).iter().map(|status| status.spent.to_string()).collect()
}

fn write(ledger: &mut Ledger, rows: &mut BTreeMap<String, String>) {
    for change in ledger.changes() {
        rows.insert(change.key, change.value.unwrap());
    }
}

/// Offers new budgets all charges, and writes after each page what it changed; answers with how many were in memory at most.
fn adopt(ledger: &mut Ledger, rows: &mut BTreeMap<String, String>) -> usize {
    let keys: Vec<String> = rows.keys().filter(|key| key.starts_with("chg:")).cloned().collect();
    let (pages, mut most) = (keys.chunks(PAGE), 0);
    let count = pages.len();
    for (page, keys) in pages.enumerate() {
        let texts: Vec<String> = keys.iter().map(|key| format!("[{},{}]", key.to_json(), rows[key])).collect();
        let text = format!("[{}]", texts.join(","));
        ledger.adopt_rows(&text, page + 1 == count, Instant::from_ms(NOW), &OnlyUtc).unwrap();
        most = most.max(ledger.charges.len());
        write(ledger, rows);
    }
    most
}

#[test]
fn charges_that_a_new_budget_finds_too_old_are_in_memory_a_page_at_a_time() {
    let (mut ledger, mut rows) = (Ledger::kept(Guarantee::Hard), BTreeMap::new());
    put(&mut ledger, "first", "total");
    adopt(&mut ledger, &mut rows);
    ledger.adopt_rows("[]", true, Instant::from_ms(NOW), &OnlyUtc).unwrap();
    for n in 0..CHARGES {
        assert!(charge(&mut ledger, &format!("c{n:04}")));
    }
    write(&mut ledger, &mut rows);
    ledger.forget_written();
    // Two stay in memory, and are counted by new budgets at once: not again with their pages.
    let kept = ["c0000", "c0999"].map(|id| format!("[\"chg:{id}\",{}]", rows[&format!("chg:{id}")]));
    ledger.load(&format!("[{}]", kept.join(",")), &OnlyUtc).unwrap();

    put(&mut ledger, "hour", "hourly");
    put(&mut ledger, "all", "total");
    write(&mut ledger, &mut rows);
    let most = adopt(&mut ledger, &mut rows);
    assert!(most <= PAGE + 2, "{most} charges in memory");
    assert_eq!(ledger.charges.len(), 2);
    assert!(!ledger.is_adopting());
    assert_eq!(spent(&mut ledger), ["10", "0", "10"]);
    let too_old =
        rows.iter().filter(|(key, row)| key.starts_with("chg:") && row.contains("\"tooOld\":[\"all:hourly:hour\"]"));
    assert_eq!(too_old.count(), CHARGES);

    // What was not written yet when another budget comes is counted by it at once, and stays for its pages.
    ledger.forget_written();
    put(&mut ledger, "day", "daily");
    let text = format!("[[\"chg:c0500\",{}]]", rows["chg:c0500"]);
    ledger.adopt_rows(&text, true, Instant::from_ms(NOW), &OnlyUtc).unwrap();
    put(&mut ledger, "late", "total");
    write(&mut ledger, &mut rows);
    adopt(&mut ledger, &mut rows);
    assert_eq!(spent(&mut ledger), ["10", "0", "10", "0", "10"]);
}

#[test]
fn texts_of_rows_are_cut_by_bytes() {
    let row =
        |key: &str, bytes: usize| Change { key: key.to_owned(), hot: false, due: None, value: Some("x".repeat(bytes)) };
    // Each has 16 bytes beside its value.
    for (bytes, lengths) in [
        ([].as_slice(), [].as_slice()),
        (&[10], &[28]),
        (&[24, 23], &[82]),
        (&[24, 24], &[42, 42]),
        (&[10, 10, 10, 10], &[82, 28]),
        (&[200, 1], &[218, 19]),
        (&[1, 200, 1, 1], &[19, 218, 37]),
    ] {
        let rows: Vec<Change> = bytes.iter().map(|bytes| row("abcd", *bytes)).collect();
        let texts = texts_of(&rows, 82);
        assert_eq!(texts.iter().map(String::len).collect::<Vec<_>>(), lengths, "{bytes:?}");
        let parts = texts.iter().map(|text| text[1..text.len() - 1].to_owned()).collect::<Vec<_>>();
        assert_eq!(format!("[{}]", parts.join(",")), rows.to_json());
    }
}
