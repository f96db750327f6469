//! A host that keeps a child's ledger and its chunks as rows: what is in memory may be lost between any two of its turns.

use std::collections::BTreeMap;

use tollgate::{
    budget::{Child, Guarantee, Ledger, OnlyUtc, child::Step, message},
    time::Instant,
};

/// The rows, and what is open over them.
#[derive(Default)]
pub struct ChildHost {
    /// Whether a row has to be in memory, and what it holds.
    rows: BTreeMap<String, (bool, String)>,
    open: Option<(Ledger, Child)>,
    /// Nothing of the next turn is written.
    pub ends_before: bool,
}

impl ChildHost {
    /// Forgets what is in memory.
    pub fn crash(&mut self) {
        self.open = None;
    }

    /// The rows of a kind, by the rest of their keys.
    pub fn rows_of(&self, kind: &str) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().filter_map(move |(key, row)| Some((key.strip_prefix(kind)?, row.1.as_str())))
    }

    /// Loses the rows of a kind.
    pub fn lose(&mut self, kind: &str) {
        self.rows.retain(|key, _| !key.starts_with(kind));
    }

    /// Runs an operation; nothing, if it ended before it was written.
    pub fn run(&mut self, text: &str, last: bool, name: &str, now: Instant) -> Option<Step> {
        self.load(text);
        let (ledger, child) = self.opened();
        child.be("parent", name, now).unwrap();
        let mut steps = child.run(ledger, text, None, last, now).unwrap();
        self.write()?;
        steps.pop()
    }

    /// What is to be sent to the parent.
    pub fn outgoing(&mut self, now: Instant) -> Option<String> {
        let (ledger, child) = self.opened();
        let ops = child.outgoing(ledger, now);
        self.write()?;
        Some(ops)
    }

    /// What the parent answered.
    pub fn incoming(&mut self, sent: &str, answers: &str, now: Instant) -> Option<()> {
        self.load(sent);
        let (ledger, child) = self.opened();
        child.incoming(ledger, sent, answers, now).unwrap();
        self.write()
    }

    fn load(&mut self, text: &str) {
        let wanted = message::wants(text).unwrap();
        let rows = self.text(|key, _| wanted.iter().any(|wanted| wanted == key));
        self.opened().0.load(&rows, &OnlyUtc).unwrap();
    }

    fn write(&mut self) -> Option<()> {
        if std::mem::take(&mut self.ends_before) {
            self.crash();
            return None;
        }
        let (ledger, child) = self.opened();
        let changes: Vec<_> = ledger.changes().into_iter().chain(child.changes()).collect();
        ledger.forget_written();
        for change in changes {
            match change.value {
                Some(value) => drop(self.rows.insert(change.key, (change.hot, value))),
                None => drop(self.rows.remove(&change.key)),
            }
        }
        Some(())
    }

    fn opened(&mut self) -> (&mut Ledger, &mut Child) {
        if self.open.is_none() {
            let rows = self.text(|_, hot| hot);
            let (mut ledger, mut child) = (Ledger::kept(Guarantee::Hard), Child::default());
            ledger.load(&rows, &OnlyUtc).unwrap();
            child.load(&rows).unwrap();
            self.open = Some((ledger, child));
        }
        let (ledger, child) = self.open.as_mut().unwrap();
        (ledger, child)
    }

    fn text(&self, which: impl Fn(&str, bool) -> bool) -> String {
        let rows = self.rows.iter().filter(|(key, (hot, _))| which(key, *hot));
        let rows = rows.map(|(key, (_, value))| format!("[{},{value}]", serde_json::to_string(key).unwrap()));
        format!("[{}]", rows.collect::<Vec<_>>().join(","))
    }
}
