//! Who is first: a name that one of several instances takes for a time, so that what each of them sees is done once.

use super::{journal::Key, ledger::Ledger};
use crate::{
    json::Writer,
    object::Object,
    time::{DAY, Instant},
};

/// The longest time that a name is taken for.
pub const MAX_CLAIM_MS: i64 = 35 * DAY;

/// A name that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// By whom.
    pub(super) owner: String,
    /// Until when.
    pub(super) until: Instant,
}

impl Ledger {
    /// Takes a name for so many milliseconds, at most [`MAX_CLAIM_MS`]; none gives it back. Says whether it is the owner's: nobody
    /// else's time with it lasts.
    pub fn claim(&mut self, name: &str, owner: &str, ms: i64, now: Instant) -> bool {
        let now = self.advance(now);
        if self.claims.get(name).is_some_and(|held| held.owner != owner && now < held.until) {
            return false;
        }
        if ms > 0 {
            let until = now.plus(ms.min(MAX_CLAIM_MS));
            self.claims.insert(name.to_owned(), Claim { owner: owner.to_owned(), until });
        } else {
            self.claims.remove(name);
        }
        self.journal.mark(|| Key::Claim(name.to_owned()));
        true
    }
}

impl Claim {
    pub(super) fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("owner", &self.owner);
        to.number_of("until", self.until.ms() as f64);
        to.close('}');
    }

    pub(super) fn read(row: &Object<'_>) -> Option<Self> {
        Some(Self { owner: row.get("owner")?.to_text()?, until: Instant::from_ms(row.get("until")?.number()? as i64) })
    }
}
