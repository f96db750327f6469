//! A host that keeps a ledger as rows, as a Durable Object does: what is in memory may be lost between any two messages.

use std::collections::BTreeMap;

use tollgate::{
    budget::{
        Guarantee, Ledger, OnlyUtc,
        message::{self, Message},
    },
    json::Raw,
    time::Instant,
};

/// A row: whether it has to be in memory, when it is due, what it holds.
type Row = (bool, Option<Instant>, String);

/// The rows, and the ledger over them while it is open.
#[derive(Default)]
pub struct Host {
    rows: BTreeMap<String, Row>,
    open: Option<Ledger>,
    /// How often it has written: what was written stays in memory for a while.
    written: u32,
}

/// How many rows are read at a time: few, so that pages end in the middle.
const PAGE: usize = 3;
/// After how many messages what is written leaves memory.
const FORGETS: u32 = 3;

impl Host {
    /// Forgets what is in memory, as a crash does.
    pub fn crash(&mut self) {
        self.open = None;
    }

    /// Runs a message, and ends before anything of it is written.
    #[allow(dead_code)] // Not in every test.
    pub fn run_and_crash(&mut self, text: &str, now: Instant) {
        let rows = self.rows.clone();
        self.execute(text, now);
        self.rows = rows;
        self.crash();
    }

    /// Runs one message at a time of the host's clock, and answers as the wire does.
    pub fn run(&mut self, text: &str, now: Instant) -> String {
        let answer = self.execute(text, now);
        self.write();
        self.written += 1;
        if self.written.is_multiple_of(FORGETS) {
            self.opened().forget_written();
        }
        self.sweep();
        answer
    }

    fn execute(&mut self, text: &str, now: Instant) -> String {
        let mut answers = Vec::new();
        let mut from = 0;
        loop {
            let wanted = message::wants(text).unwrap();
            let missing = self.opened().missing(&Message::parse(text).unwrap());
            assert!(missing.iter().all(|key| wanted.contains(key)));
            let rows = self.text(|key, _| missing.iter().any(|missing| missing == key), usize::MAX, "");
            let ledger = self.opened();
            ledger.load(&rows, &OnlyUtc).unwrap();
            let (answer, next) = message::run(ledger, text, from, &OnlyUtc, now).unwrap();
            if next > from {
                answers.push(answer);
            }
            from = next;
            if !ledger.is_adopting() {
                break;
            }
            let mut after = String::new();
            loop {
                let keys = self.page(|_, (hot, ..)| !hot, PAGE, &after);
                let rows = self.text(|key, _| keys.iter().any(|known| known == key), usize::MAX, "");
                let last = keys.len() < PAGE;
                self.opened().adopt_rows(&rows, last, now, &OnlyUtc).unwrap();
                // A host may write within its transaction what it need not keep in memory for all pages.
                if self.written.is_multiple_of(2) {
                    self.write();
                }
                if last {
                    break;
                }
                after = keys.last().unwrap().clone();
            }
        }
        answers.join(",")
    }

    /// How many rows are kept.
    #[allow(dead_code)] // Not in every test.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows of a kind, by the rest of their keys.
    #[allow(dead_code)] // Not in every test.
    pub fn rows_of(&self, kind: &str) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().filter_map(move |(key, row)| Some((key.strip_prefix(kind)?, row.2.as_str())))
    }

    fn sweep(&mut self) {
        while let Some(over) = self.opened().sweep_due() {
            self.opened().forget_written();
            let keys = self.page(|_, (_, due, _)| due.is_some_and(|due| due <= over), PAGE, "");
            let rows = self.text(|key, _| keys.iter().any(|known| known == key), usize::MAX, "");
            let last = keys.len() < PAGE;
            self.opened().sweep_rows(&rows, last, &OnlyUtc).unwrap();
            self.write();
        }
    }

    fn write(&mut self) {
        for change in self.opened().changes() {
            match change.value {
                Some(value) => {
                    assert!(Raw::parse(&value).is_ok(), "{value}");
                    self.rows.insert(change.key, (change.hot, change.due, value));
                }
                None => drop(self.rows.remove(&change.key)),
            }
        }
    }

    fn opened(&mut self) -> &mut Ledger {
        if self.open.is_none() {
            let mut ledger = Ledger::kept(Guarantee::Hard);
            ledger.load(&self.text(|_, (hot, ..)| *hot, usize::MAX, ""), &OnlyUtc).unwrap();
            self.open = Some(ledger);
        }
        self.open.as_mut().unwrap()
    }

    fn page(&self, which: impl Fn(&str, &Row) -> bool, most: usize, after: &str) -> Vec<String> {
        let rows = self.rows.iter().filter(|(key, row)| key.as_str() > after && which(key, row));
        rows.map(|(key, _)| key.clone()).take(most).collect()
    }

    fn text(&self, which: impl Fn(&str, &Row) -> bool, most: usize, after: &str) -> String {
        let keys = self.page(which, most, after);
        let rows = keys.iter().map(|key| format!("[{},{}]", serde_json::to_string(key).unwrap(), self.rows[key].2));
        format!("[{}]", rows.collect::<Vec<_>>().join(","))
    }
}
