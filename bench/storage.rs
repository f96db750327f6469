//! The store in memory, natively: `npm run bench:storage` runs it and prints its figures beside their limits. It prints
//! JSON: nanoseconds, milliseconds and bytes.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::time::Instant as Clock;

use tollgate::{
    ledger::{Breakdown, Memory, Record},
    money::Usd,
    time::{DAY, Instant},
    usage::Usage,
};

const RECORDS: u64 = 1_000_000;
const BEGIN: i64 = 1_793_491_200_000;

/// A UUID of our kind: the time, then what tells it from others.
fn id(n: u64, kind: u64) -> String {
    let at = BEGIN as u64 + n * 2592;
    format!(
        "{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}",
        at >> 16,
        at & 0xffff,
        n & 0xfff,
        kind,
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16
    )
}

/// The record of a call as a client writes it, without metadata: thirty days, a hundred agents, eight models.
fn record(n: u64) -> Record {
    let mut record = Record::new(
        &id(n, 1),
        ["gpt-5", "gpt-5-mini", "gpt-4o", "claude-sonnet-4-5"][(n % 4) as usize],
        Instant::from_ms(BEGIN + (n * 2592) as i64),
    );
    record.request_id = id(n, 2);
    record.agent_id = format!("agent-{}", n * 7919 % 100);
    record.provider = "openai".to_owned();
    let (input, output) = (100 + n * 7919 % 4000, 20 + n * 104_729 % 900);
    record.usage = Usage::tokens(input, output);
    let (input, output) = (i128::from(input) * 1_250_000, i128::from(output) * 10_000_000);
    record.usd = Usd::from_pico(input + output).unwrap();
    record.breakdown = Breakdown {
        input: Usd::from_pico(input).unwrap(),
        output: Usd::from_pico(output).unwrap(),
        ..Breakdown::default()
    };
    record.reservation_id = Some(format!("{}#1", record.request_id));
    record.attempt = Some(1);
    record.outcome = Some("ok".to_owned());
    record.latency_ms = Some((n % 977) as f64 + 0.5);
    record
}

fn main() {
    let mut memory = Memory::new();
    let records: Vec<Record> = (0..10_000).map(record).collect();
    let mut stored = std::time::Duration::ZERO;
    for chunk in 0..RECORDS / 10_000 {
        // Made outside of what is measured.
        let fresh: Vec<Record> =
            if chunk == 0 { records.clone() } else { (chunk * 10_000..(chunk + 1) * 10_000).map(record).collect() };
        let begun = Clock::now();
        for record in &fresh {
            assert!(memory.store(record));
        }
        stored += begun.elapsed();
    }
    let (start, end) = (Instant::from_ms(BEGIN), Instant::from_ms(BEGIN + 30 * DAY - 1));
    let begun = Clock::now();
    let cold = memory.summary(start, end, None);
    let cold_ms = begun.elapsed().as_secs_f64() * 1e3;
    assert_eq!(cold.sums.total.requests, RECORDS);
    let mut warm: Vec<f64> = (0..21)
        .map(|n| {
            // A record more each time: what is warm are the days that are over.
            memory.store(&record(RECORDS - 1 - n));
            let begun = Clock::now();
            assert_eq!(memory.summary(start, end, None).sums.total, cold.sums.total);
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    warm.sort_by(f64::total_cmp);
    let ids: Vec<String> = (0..100_000).map(|n| id(n * 7919 % RECORDS, 1)).collect();
    let begun = Clock::now();
    let found = ids.iter().filter(|id| memory.get(id).is_some()).count();
    let by_id = begun.elapsed().as_secs_f64() * 1e9 / ids.len() as f64;
    assert_eq!(found, ids.len());
    println!(
        r#"{{"storeNs":{},"byIdNs":{by_id},"coldMs":{cold_ms},"warmMs":{},"bytes":{}}}"#,
        stored.as_secs_f64() * 1e9 / RECORDS as f64,
        warm[10],
        memory.bytes() as f64 / RECORDS as f64,
    );
}
