//! What a transition changed, for a host that keeps the ledger's state outside of memory: the names of its rows.

use crate::{collections::Map, time::Instant};

/// A row of a ledger that is kept: each is written whole, and none is larger than one budget, window or identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `led`: the clock, and what was raised while nobody asked.
    Ledger,
    /// `bud:<id>`: a budget, its place among the others, its horizon.
    Budget(String),
    /// `win:<start in ms>:<id>`: a window of a budget.
    Window(String, Instant),
    /// `res:<id>`: a reservation.
    Reservation(String),
    /// `chg:<id>`: a charge.
    Record(String),
    /// `clm:<name>`: a name that is taken.
    Claim(String),
}

impl Key {
    /// The key of that text.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        Some(match kind {
            "led" if rest.is_empty() => Key::Ledger,
            "bud" => Key::Budget(rest.to_owned()),
            "win" => {
                let (start, id) = rest.split_once(':')?;
                Key::Window(id.to_owned(), Instant::from_ms(start.parse().ok()?))
            }
            "res" => Key::Reservation(rest.to_owned()),
            "chg" => Key::Record(rest.to_owned()),
            "clm" => Key::Claim(rest.to_owned()),
            _ => return None,
        })
    }

    /// Its text.
    pub fn text(&self) -> String {
        let (kind, id) = match self {
            Key::Ledger => return "led".to_owned(),
            Key::Window(id, start) => return format!("win:{}:{id}", start.ms()),
            Key::Budget(id) => ("bud:", id),
            Key::Reservation(id) => ("res:", id),
            Key::Record(id) => ("chg:", id),
            Key::Claim(name) => ("clm:", name),
        };
        [kind, id].concat()
    }
}

/// The rows that have changed since they were last written; nothing, for a ledger that lives in memory alone.
#[derive(Default)]
pub(super) struct Journal {
    /// Whether anybody keeps the rows.
    pub on: bool,
    /// The rows, and when to ask again whether an identity may be forgotten, where that is known.
    pub keys: Map<Key, Option<Instant>>,
}

impl Journal {
    /// Notes a row.
    pub fn mark(&mut self, key: impl FnOnce() -> Key) {
        if self.on {
            self.keys.get_or_insert_with(key(), || None);
        }
    }

    /// Notes a window.
    pub fn window(&mut self, budget: &str, start: Instant) {
        self.mark(|| Key::Window(budget.to_owned(), start));
    }

    /// Notes a reservation.
    pub fn reservation(&mut self, id: &str) {
        self.mark(|| Key::Reservation(id.to_owned()));
    }

    /// Notes a charge.
    pub fn record(&mut self, id: &str) {
        self.mark(|| Key::Record(id.to_owned()));
    }

    /// Notes a budget.
    pub fn budget(&mut self, id: &str) {
        self.mark(|| Key::Budget(id.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_one_reading() {
        for (text, key) in [
            ("led", Key::Ledger),
            ("bud:all:daily:a", Key::Budget("all:daily:a".to_owned())),
            ("win:-5:all:daily:a", Key::Window("all:daily:a".to_owned(), Instant::from_ms(-5))),
            ("res:", Key::Reservation(String::new())),
            ("res:led", Key::Reservation("led".to_owned())),
            ("chg::x", Key::Record(":x".to_owned())),
            ("clm:a:b", Key::Claim("a:b".to_owned())),
        ] {
            assert_eq!(Key::parse(text), Some(key.clone()), "{text}");
            assert_eq!(key.text(), text);
        }
        for text in ["", "led:1", "win:x:a", "win:1", "sum:1", "bud"] {
            assert!(matches!(Key::parse(text), None | Some(Key::Budget(_))), "{text}");
        }
    }
}
